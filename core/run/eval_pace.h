/* How often the explorer evaluates while it trains: about every two seconds, and never
 * for more than a fifth of the time. Any thread. */
#ifndef SAETOP_RUN_EVAL_PACE_H
#define SAETOP_RUN_EVAL_PACE_H

#include <stdbool.h>

/* Seconds of training from one evaluation to the next, where the last one took `cost`
 * seconds (0: there was none): four times as long, two at least. Each evaluation but
 * the newest is so paid for by the training after it, which makes their share of the
 * time a fifth at most, whatever they cost. */
double eval_pace_interval(double cost);

/* Whether one is due `since` seconds after the last ended. */
bool eval_pace_due(double since, double cost);

/* Whether an interval differs by more than half from the one on record (0: none), so
 * that it is to be told. */
bool eval_pace_news(double interval, double told);

#endif
