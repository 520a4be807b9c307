/* An SAE compared with features that are known (acts/synthetic.h): no probe estimates
 * anything here. Formulas: SAELens 6.37's synthetic evaluation; absorption as in the
 * masking study. */
#ifndef SAETOP_EVAL_TRUTH_H
#define SAETOP_EVAL_TRUTH_H

#include "acts/synthetic.h"
#include "eval/report.h"

/* Clean rows of a source that no training reads, and what they are made of. Borrows the
 * source. Immutable: any thread. rows * (D + features) floats. */
struct truth_set;
enum err truth_set_new(const struct synth *source, size_t rows, struct truth_set **out,
                       struct errinfo *e) ERR_CHECKED;
void truth_set_free(struct truth_set *t); /* NULL is fine */
size_t truth_set_bytes(const struct synth *source, size_t rows);

/* Adds to the report, over the features that clean rows may have:
 *   truth.mcc          mean |cosine| of the best one-to-one pairs of features and
 *                      decoder rows (all of the fewer)
 *   truth.mmcs         mean over features of the best |cosine| of any decoder row
 *   truth.mmcs_latents the same over decoder rows
 *   truth.uniqueness   share of features that are some latent's best
 *   truth.precision, truth.recall, truth.f1  of a latent's firing against its best
 *                      feature's (by |cosine|), mean over latents, 0 where undefined
 *   truth.absorption   of the rows where a parent and a child of it are on, the share
 *                      in which the parent's latent (best cosine) is silent and one
 *                      other supplies at least 0.4 of the parent's magnitude along its
 *                      direction; a mean over parents, units are parents
 *   truth.silent       ... in which it is silent
 *   truth.l0, truth.l0_true, truth.explained_variance, truth.shrinkage, truth.dead
 * and the lists "truth_parents": latent, absorption and pairs of each, and
 * "truth_latents": best feature, cosine, precision, recall and F1 of each. ERR_USAGE
 * when the widths differ. */
enum err truth_measure(const struct truth_set *set, const struct sae *s,
                       struct pool *pool, struct report *r,
                       struct errinfo *e) ERR_CHECKED;

#endif
