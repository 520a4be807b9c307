/* How firm the choice of a concept's latents is: everything from the L1 probes on is
 * redone on resamples of word forms (all occurrences of a form stay or go together).
 * For final evaluations; takes many times as long as evaluate(). */
#ifndef SAETOP_EVAL_FIRMNESS_H
#define SAETOP_EVAL_FIRMNESS_H

#include "eval/evaluate.h"

#define FIRMNESS_RESAMPLES 50

/* Figures that are resampled. */
enum firm_figure { FIRM_FULL, FIRM_FRACTION, FIRM_RECALL, FIRM_F1, FIRM_FIGURES };

struct firmness {
    size_t n, reps;          /* concepts, resamples */
    size_t fits, fits_short; /* probes of the resamples, and those not at their
                                certified minimum */
    double *same;  /* [n] share of resamples that choose the same best latent; NaN for
                      concepts that are not eligible */
    int32_t *best; /* [reps, n] each one's choice of best latent, -1: none */
    double *value[FIRM_FIGURES]; /* [reps, n]; NaN if a resample has nothing to measure
                                    on. Resample i has the same words for every SAE */
};

/* Measures the eligible concepts of r, which is the result of evaluate() on the same
 * set and SAE. The draws depend on the set's seed alone. Errors of evaluate(). */
enum err firmness_measure(const struct eval_set *set, const struct sae *s,
                          const struct eval_result *r, struct pool *pool,
                          const atomic_bool *cancel, struct firmness *out,
                          struct errinfo *e) ERR_CHECKED;
/* Returns the quantiles around 95 % of the resamples of a figure of concept c; NaN if
 * fewer than two have one. */
struct concept_bounds firmness_bounds(const struct firmness *f, enum firm_figure figure,
                                      size_t c);
void firmness_deinit(struct firmness *f);

#endif
