/* The spread of a concept: the fewest latents whose joint probe tells it nearly as well
 * as ten do. 1: one latent has all of it that there is. For final evaluations, which
 * keep each step of it; takes the time of one evaluate() without the model.
 * evaluate_spread() gives the number alone for half of that. */
#ifndef SAETOP_EVAL_SPREAD_H
#define SAETOP_EVAL_SPREAD_H

#include "eval/evaluate.h"

#define SPREAD_SHARE 0.95 /* of the F1 of all of them */

/* Of the eligible concepts of r, the result of evaluate() on the same set and SAE. The
 * latents are those of greatest weight in the concept's L1 probe that have a weight
 * above 0 (at least one, at most EVAL_MAX_MAIN), best first, ties to the lower number,
 * as for its main latents; a probe is a logistic regression (C = 1, classes weighted
 * alike) on the sample's training occurrences, its F1 that of the test ones. */
struct spread {
    size_t n;                    /* concepts */
    size_t *latents;             /* [n] that there are, 0: not eligible */
    double (*f1)[EVAL_MAX_MAIN]; /* [n] of the first 1, 2, .. latents */
    size_t fits, fits_short;     /* not at their certified minimum */
};
/* Errors of evaluate(). Release with spread_deinit. Deterministic for any pool. */
enum err spread_measure(const struct eval_set *set, const struct sae *s,
                        const struct eval_result *r, struct pool *pool,
                        const atomic_bool *cancel, struct spread *out,
                        struct errinfo *e) ERR_CHECKED;
void spread_deinit(struct spread *s);
/* The fewest of n latents whose F1 is SPREAD_SHARE of that of all n, or more; f1[i]:
 * of the first i + 1. NaN for none. */
double spread_fewest(const double *f1, size_t n);
/* The fewest latents of concept c whose F1 is SPREAD_SHARE of that of all or more; NaN
 * where it is not eligible. */
double spread_of(const struct spread *s, size_t c);

#endif
