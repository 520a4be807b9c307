/* The spread of a concept: the fewest latents whose joint probe tells it nearly as well
 * as ten do. 1: one latent holds all there is. For final evaluations, which keep every
 * step; takes as long as one evaluate() without the model. evaluate_spread() gives the
 * number alone in half of that. */
#ifndef SAETOP_EVAL_SPREAD_H
#define SAETOP_EVAL_SPREAD_H

#include "eval/evaluate.h"

#define SPREAD_SHARE 0.95 /* of the F1 of all latents */

/* The spread of the eligible concepts of r, which is the result of evaluate() on the
 * same set and SAE. The latents are those of greatest weight above 0 in the concept's
 * L1 probe (at least one, at most EVAL_MAX_MAIN), best first, ties to the lower number,
 * as for its main latents. A probe is a logistic regression (C = 1, classes weighted
 * alike) on the sample's training occurrences; its F1 is on the test ones. */
struct spread {
    size_t n;                    /* concepts */
    size_t *latents;             /* [n] how many; 0: not eligible */
    double (*f1)[EVAL_MAX_MAIN]; /* [n] with the first 1, 2, .. latents */
    size_t fits, fits_short;     /* fits, and those not at their certified minimum */
};
/* Errors of evaluate(). Release with spread_deinit. Deterministic for any pool. */
enum err spread_measure(const struct eval_set *set, const struct sae *s,
                        const struct eval_result *r, struct pool *pool,
                        const atomic_bool *cancel, struct spread *out,
                        struct errinfo *e) ERR_CHECKED;
void spread_deinit(struct spread *s);
/* Returns the fewest of n latents whose F1 is at least SPREAD_SHARE of that of all n;
 * f1[i]: with the first i + 1. NaN for none. */
double spread_fewest(const double *f1, size_t n);
/* The same for concept c; NaN if it is not eligible. */
double spread_of(const struct spread *s, size_t c);

#endif
