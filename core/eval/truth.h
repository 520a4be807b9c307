/* An SAE held against features that are known (acts/synthetic.h): nothing here is
 * estimated by a probe. Formulas: SAELens 6.37's synthetic evaluation; absorption as in
 * the masking study. */
#ifndef SAETOP_EVAL_TRUTH_H
#define SAETOP_EVAL_TRUTH_H

#include "acts/synthetic.h"
#include "eval/report.h"

/* Adds to the report, from `rows` clean rows of the source:
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
 * and the list "truth_parents": latent, absorption and pairs of each. ERR_USAGE when
 * the widths differ. */
enum err truth_measure(const struct synth *source, const struct sae *s, size_t rows,
                       struct pool *pool, struct report *r,
                       struct errinfo *e) ERR_CHECKED;

#endif
