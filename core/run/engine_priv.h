/* Internals that the files of the engine share. Owner thread, as in engine.h. */
#ifndef SAETOP_RUN_ENGINE_PRIV_H
#define SAETOP_RUN_ENGINE_PRIV_H

#include "run/engine.h"

/* Adds arm i at step 0, after the existing ones, with its first event. Errors of
 * arm_new; the count of arms may be i + 1 by then. */
enum err engine_start_arm(struct engine *g, size_t i, const struct arm_plan *plan,
                          struct errinfo *e) ERR_CHECKED;
/* Frees arms from..to-1, which are no longer counted. */
void engine_drop_arms(struct engine *g, size_t from, size_t to);
/* Returns the index of an arm among the seeds of its condition, and in *n how many
 * seeds that has. */
size_t engine_seed_of(const struct engine *g, const struct engine_arm *a, size_t *n);
/* Returns how many tokens all arms have read so far. */
uint64_t engine_tokens_read(const struct engine *g);

/* Returns whether there is something to evaluate on: the set, or a source that is no
 * text. */
bool engine_can_evaluate(const struct engine *g);
/* Finds whether an evaluation is due after the step just done. An evaluation that was
 * impossible at the last step stays owed. Records the event of a changed pace: errors
 * of that. */
enum err engine_eval_due(struct engine *g, bool *due, struct errinfo *e) ERR_CHECKED;
/* Evaluates the arms a with which[a] and fills rows[a], both [n_arms]; the time is
 * counted. ERR_CANCELLED: the remaining arms owe an evaluation
 * (arm_state.owes_eval). */
enum err engine_evaluate_arms(struct engine *g, const bool *which,
                              struct metric_row *rows, struct errinfo *e) ERR_CHECKED;

#endif
