/* When the explorer evaluates while it trains: at steps planned over the run, as long
 * as that takes no more than a fifth of the time. Only counts what it is told: no clock
 * here, and nothing that training reads. Owner thread. */
#ifndef SAETOP_RUN_EVAL_PACE_H
#define SAETOP_RUN_EVAL_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct eval_pace {
    double trained, evaluated; /* seconds so far */
    uint64_t steps, evals;     /* numbers of both */
    double since, last; /* seconds trained since the newest evaluation, and its own */
    int64_t at;         /* the step it was at; 0: there was none */
    double told;        /* the interval on record, seconds; 0: none */
};

/* One step was done in `seconds`. Arms that start from the beginning (an added seed)
 * give a smaller step than the last. */
void eval_pace_trained(struct eval_pace *p, int64_t step, double seconds);
void eval_pace_evaluated(struct eval_pace *p, int64_t step, double seconds);

/* Steps from one planned evaluation to the next: `every` (eval.every, a tenth of the
 * run by default), in a long run halved as often as leaves two seconds of training
 * between two, and four times what an evaluation took on average. So runs of one length
 * have points at the same steps, whatever the machine, and some have more between. */
double eval_pace_spacing(const struct eval_pace *p, int64_t every);

/* Whether one is due at `step`: a planned step has come since the last evaluation, and
 * all evaluations so far took a fifth of all time at most. A total, so that one slow
 * evaluation is made up for later rather than moving all that follow; the newest may be
 * in debt, so their share is a fifth at most without it. Not before as much training as
 * the newest took: time saved up is not spent in one go. */
bool eval_pace_due(const struct eval_pace *p, int64_t step, int64_t every);

/* Seconds from one to the next at this rate, evaluations in them left out. */
double eval_pace_interval(const struct eval_pace *p, int64_t every);

/* True if that differs by more than half from the interval on record, so that the user
 * should be told; then it is put on record. */
bool eval_pace_news(struct eval_pace *p, int64_t every);

#endif
