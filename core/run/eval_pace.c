#include "run/eval_pace.h"

#include <math.h>

#define LEAST_SECONDS 2.0 /* between points beyond the planned ones */
#define SHARE         0.2 /* of the time, at most */

void eval_pace_trained(struct eval_pace *p, int64_t step, double seconds)
{
    p->trained += seconds;
    p->since += seconds;
    p->steps++;
    if (step <= p->at) { /* begun anew: from here on */
        p->at = step - 1;
    }
}

void eval_pace_evaluated(struct eval_pace *p, int64_t step, double seconds)
{
    p->evaluated += seconds;
    p->evals++;
    p->since = 0;
    p->last = seconds;
    p->at = step;
}

/* Returns the seconds of training that pay for an evaluation of average cost so far. */
static double pay(const struct eval_pace *p)
{
    return p->evals ? (1 / SHARE - 1) * p->evaluated / (double)p->evals : 0;
}

static double step_seconds(const struct eval_pace *p)
{
    return p->steps ? p->trained / (double)p->steps : 0;
}

double eval_pace_spacing(const struct eval_pace *p, int64_t every)
{
    const double least = fmax(LEAST_SECONDS, pay(p));
    double steps = (double)every;
    while (steps >= 2 && steps / 2 * step_seconds(p) >= least) {
        steps /= 2;
    }
    return fmax(steps, 1);
}

bool eval_pace_due(const struct eval_pace *p, int64_t step, int64_t every)
{
    const double apart = eval_pace_spacing(p, every);
    return floor((double)step / apart) > floor((double)p->at / apart) &&
           p->evaluated <= SHARE * (p->trained + p->evaluated) && p->since >= p->last;
}

double eval_pace_interval(const struct eval_pace *p, int64_t every)
{
    return fmax(eval_pace_spacing(p, every) * step_seconds(p), pay(p));
}

bool eval_pace_news(struct eval_pace *p, int64_t every)
{
    const double interval = eval_pace_interval(p, every);
    if (fabs(interval - p->told) <= 0.5 * p->told) {
        return false;
    }
    p->told = interval;
    return true;
}
