/* Internals that the files of the engine share. Owner thread, as engine.h. */
#ifndef SAETOP_RUN_ENGINE_PRIV_H
#define SAETOP_RUN_ENGINE_PRIV_H

#include "run/engine.h"

/* Put arm i at step 0 after those there are, with its first event. Errors of arm_new:
 * the count of arms may stand at i + 1 by then. */
enum err engine_start_arm(struct engine *g, size_t i, const struct arm_plan *plan,
                          struct errinfo *e) ERR_CHECKED;
/* Forget arms from..to-1, which are not counted any more. */
void engine_drop_arms(struct engine *g, size_t from, size_t to);
/* Number of an arm among the seeds of its condition; `n`: how many these are. */
size_t engine_seed_of(const struct engine *g, const struct engine_arm *a, size_t *n);
/* Tokens that all arms have read so far. */
uint64_t engine_tokens_read(const struct engine *g);

/* Whether there is something to evaluate on: the set, or a synthetic source. */
bool engine_can_evaluate(const struct engine *g);
/* Whether an evaluation is due after the step just done. One that could not be made at
 * the last step is owed. Records the event of a changed pace: its errors. */
enum err engine_eval_due(struct engine *g, bool *due, struct errinfo *e) ERR_CHECKED;
/* Evaluate the arms a with which[a] and fill rows[a], both [n_arms]; their time is
 * counted. ERR_CANCELLED: the arms left owe an evaluation (arm_state.owes_eval). */
enum err engine_evaluate_arms(struct engine *g, const bool *which,
                              struct metric_row *rows, struct errinfo *e) ERR_CHECKED;

#endif
