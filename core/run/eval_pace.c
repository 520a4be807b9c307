#include "run/eval_pace.h"

#include <math.h>

#define LEAST_SECONDS 2.0
#define SHARE         0.2 /* of the time, at most */

double eval_pace_interval(double cost)
{
    const double least = cost * (1 / SHARE - 1);
    return least > LEAST_SECONDS ? least : LEAST_SECONDS;
}

bool eval_pace_due(double since, double cost)
{
    return since >= eval_pace_interval(cost);
}

bool eval_pace_news(double interval, double told)
{
    return fabs(interval - told) > 0.5 * told;
}
