/* When the explorer evaluates while it trains: at steps planned over the run, as long
 * as that takes no more than a fifth of the time. It only counts what it is told: it
 * reads no clock, and training reads nothing of it. Owner thread. */
#ifndef SAETOP_RUN_EVAL_PACE_H
#define SAETOP_RUN_EVAL_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct eval_pace {
    double trained, evaluated; /* seconds so far */
    uint64_t steps, evals;     /* how many of each */
    double since, last; /* seconds trained since the newest evaluation, and seconds it
                           took */
    int64_t at;         /* its step; 0: there was none */
    double told;        /* the interval last reported, seconds; 0: none */
};

/* Notes that one step took `seconds`. Arms that start from the beginning (an added
 * seed) give a smaller step than the last. */
void eval_pace_trained(struct eval_pace *p, int64_t step, double seconds);
void eval_pace_evaluated(struct eval_pace *p, int64_t step, double seconds);

/* Returns the steps between planned evaluations: `every` (eval.every, by default a
 * tenth of the run), halved in a long run as often as still leaves two seconds of
 * training between two, and four times the average time of an evaluation. So runs of
 * one length have points at the same steps on every machine, and some have more
 * between. */
double eval_pace_spacing(const struct eval_pace *p, int64_t every);

/* Returns whether an evaluation is due at `step`: a planned step has come since the
 * last one, and all evaluations so far took at most a fifth of all time. The share is a
 * total, so that one slow evaluation is made up for later instead of delaying all that
 * follow; right after one, the share without it is at most a fifth. Not before as much
 * training as the newest took: saved time is not spent in one go. */
bool eval_pace_due(const struct eval_pace *p, int64_t step, int64_t every);

/* Returns the seconds from one to the next at this rate, without evaluations. */
double eval_pace_interval(const struct eval_pace *p, int64_t every);

/* Returns true if that differs by more than half from the interval last reported, so
 * that the user should be told; then records it as reported. */
bool eval_pace_news(struct eval_pace *p, int64_t every);

#endif
