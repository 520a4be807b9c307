/* Activations made of features that are known: a hierarchy of parents with exclusive
 * children, independent features besides, frequencies by Zipf's law, correlations, and
 * the analogue of masking that masking-study's toy has. No model, no text.
 *
 * Row i is one token. Each parent is on with its own probability; with a share of them
 * exactly one of its children is on as well, never without it. x is the sum of the
 * directions of what is on, each times a magnitude. Draws are functions of (seed, row),
 * so rows are the same whatever was asked for before. */
#ifndef SAETOP_ACTS_SYNTHETIC_H
#define SAETOP_ACTS_SYNTHETIC_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct synth_config {
    size_t D;                       /* width of x */
    size_t parents, children;       /* children of each parent */
    size_t others;                  /* features of no family */
    double parent_rate, other_rate; /* mean probability of being on */
    double child_share;             /* of a parent's occurrences, with a child */
    double zipf;                    /* exponent: feature r of a kind ~ (r+1)^-zipf */
    double correlation;             /* loading of all features on one latent factor of a
                                       row, 0: independent (Gaussian copula) */
    double magnitude, spread;       /* mean and sd of a magnitude, at least 0 */
    /* A masked row has lost its children; its parents stay with this probability (one
     * draw for all), which stands for a context that tells them. */
    double keep_parent;
    uint64_t seed;
};
/* The study's toy: D 80, 8 parents of 5 children, 24 others, rates 0.15 and 0.05,
 * child_share 0.8, zipf 0.5, correlation 0, magnitude 1 +- 0.1, keep_parent 1. */
struct synth_config synth_defaults(void);

struct synth;
/* Directions are of unit length, and orthogonal if there are no more of them than D.
 * ERR_USAGE for sizes or shares out of range. *out: caller owns. */
enum err synth_new(const struct synth_config *cfg, struct synth **out,
                   struct errinfo *e) ERR_CHECKED;
void synth_free(struct synth *s); /* NULL is fine */

/* Features: parents 0..P-1, then the children of parent 0, of parent 1, ..., then the
 * others. */
size_t synth_features(const struct synth *s);
const struct synth_config *synth_config_of(const struct synth *s);
const float *synth_directions(const struct synth *s);        /* [N, D], borrowed */
int32_t synth_parent(const struct synth *s, size_t feature); /* -1: it has none */

/* Rows first..first+n-1 as they are under masking at `rate` (0: clean): x [n, D], and
 * the magnitudes that they are made of, a [n, N] (NULL: not wanted). A higher rate
 * masks a superset of rows. Any thread. O(n N D) at worst. */
void synth_rows(const struct synth *s, double rate, uint64_t first, size_t n, float *x,
                float *a);

#endif
