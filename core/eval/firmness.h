/* How firm the choice of a concept's latents is: everything from the L1 probes on is
 * done again on resamples of word forms (all occurrences of a form come or stay away
 * together). For final evaluations; takes many times as long as evaluate(). */
#ifndef SAETOP_EVAL_FIRMNESS_H
#define SAETOP_EVAL_FIRMNESS_H

#include "eval/evaluate.h"

#define FIRMNESS_RESAMPLES 50

/* Figures that are resampled. */
enum firm_figure { FIRM_FULL, FIRM_FRACTION, FIRM_RECALL, FIRM_F1, FIRM_FIGURES };

struct firmness {
    size_t n, reps;          /* concepts, resamples */
    size_t fits, fits_short; /* of the resamples' probes, and those that are not at
                                their certified minimum */
    double *same;  /* [n] share of resamples that choose the same best latent; NaN for
                      concepts that are not eligible */
    int32_t *best; /* [reps, n] the best latent that each chooses, -1: none */
    double *value[FIRM_FIGURES]; /* [reps, n]; NaN where a resample has nothing to
                                    measure on. Resample i is of the same words for
                                    every SAE */
};

/* Of the eligible concepts of r, the result of evaluate() on the same set and SAE. The
 * draws depend on the set's seed alone. Errors of evaluate(). */
enum err firmness_measure(const struct eval_set *set, const struct sae *s,
                          const struct eval_result *r, struct pool *pool,
                          const atomic_bool *cancel, struct firmness *out,
                          struct errinfo *e) ERR_CHECKED;
/* 95 % of the resamples of a figure of concept c, between their quantiles; NaN where
 * fewer than two have one. */
struct concept_bounds firmness_bounds(const struct firmness *f, enum firm_figure figure,
                                      size_t c);
void firmness_deinit(struct firmness *f);

#endif
