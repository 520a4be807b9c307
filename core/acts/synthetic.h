/* Activations made of known features: a hierarchy of parents with exclusive children,
 * independent features besides, frequencies by Zipf's law, correlations, and the
 * analogues of masking from the toys of the masking study. No model, no text.
 *
 * Row i is one token. Each parent is on with its own probability; a share of the times
 * it is on, exactly one of its children is on as well, and never without it. x is the
 * sum of the directions of what is on, each times a magnitude. Draws are functions of
 * (seed, row), so rows do not depend on what was asked for before, and a masked row is
 * the clean one but for what the mask takes.
 *
 * A token's context is one of three:
 * - keep_parent: rows are independent; a masked row, which has lost its child, keeps
 *   its parents with this probability.
 * - context_share: each child (or family) has a context feature, which is on with this
 *   probability where the child is.
 * - sequence, carry: rows come in sequences of one parent each. A row shows the parent
 *   by itself with probability `content`; the rows after it have `carry` times a
 *   magnitude of the parent from their context. */
#ifndef SAETOP_ACTS_SYNTHETIC_H
#define SAETOP_ACTS_SYNTHETIC_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a correlated feature loads on the factors of a row: feature i of its kind on
 * factor i mod `factors` alone, or on all of them along a random direction. */
enum synth_loadings { SYNTH_GROUPS, SYNTH_RANDOM };
enum synth_correlated { SYNTH_ALL, SYNTH_OTHERS };
enum synth_context { SYNTH_OF_CHILD, SYNTH_OF_FAMILY };
/* What a mask takes: the row's own child (and its parents, see keep_parent), or only
 * what comes from its context, which is context features and the carried parent. */
enum synth_masked { SYNTH_TOKEN, SYNTH_CONTEXT };

struct synth_config {
    size_t D;                       /* width of x */
    size_t parents, children;       /* children of each parent */
    size_t others;                  /* features of no family */
    double parent_rate, other_rate; /* mean probability of being on */
    double child_share;             /* of a parent's occurrences that have a child */
    double zipf;                    /* exponent: feature r of a kind ~ (r+1)^-zipf */
    double magnitude, spread;       /* mean and sd of a magnitude, at least 0 */
    /* Gaussian copula: feature i is on where l_i . z + sqrt(1 - |l_i|^2) e_i is below
     * its quantile, with z the row's factors and e_i its own; correlation = |l_i|, 0:
     * none. */
    double correlation;
    size_t factors;
    enum synth_loadings loadings;
    enum synth_correlated correlated;
    double context_share; /* 0: no context features */
    double context_rate;  /* of a context feature where its child is not on */
    enum synth_context context;
    size_t sequence; /* rows of a sequence; 1: rows are independent */
    double content;  /* share of a sequence's rows that show its parent by themselves */
    double carry;
    enum synth_masked masked;
    double keep_parent; /* one draw for all parents of a row */
    bool mask_feature;  /* the mask has a feature, on in all masked rows */
    uint64_t seed;
};
/* The study's toy: D 80, 8 parents of 5 children, 24 others, rates 0.15 and 0.05,
 * child_share 0.8, zipf 0.5, correlation 0 (of 1 factor), magnitude 1 +- 0.1, no
 * context features, sequence 1, content 0.5, carry 0, keep_parent 1, mask_feature. */
struct synth_config synth_defaults(void);

/* Counts the features of a source of these sizes (see synth_features), also of sizes
 * that synth_new would refuse. */
size_t synth_count(const struct synth_config *c);

struct synth;
/* Makes a source. Directions have unit length, and are orthogonal if there are at most
 * D of them. ERR_USAGE for sizes or shares out of range. *out: caller owns. */
enum err synth_new(const struct synth_config *cfg, struct synth **out,
                   struct errinfo *e) ERR_CHECKED;
void synth_free(struct synth *s); /* NULL is fine */

/* Number N of features: parents 0..P-1, then the children of parent 0, of parent 1,
 * ..., then the context features, the others, and the mask's own. */
size_t synth_features(const struct synth *s);
/* Number of features that a clean row may have: all but the mask's own. */
size_t synth_clean_features(const struct synth *s);
const struct synth_config *synth_config_of(const struct synth *s);
const float *synth_directions(const struct synth *s);        /* [N, D], borrowed */
int32_t synth_parent(const struct synth *s, size_t feature); /* -1: it has none */

/* Writes rows first..first+n-1 under masking at `rate` (0: clean) to x [n, D], and the
 * magnitudes they are made of to a [n, N] (NULL: not wanted). A higher rate masks a
 * superset of rows. Any thread. O(n N D) at worst. */
void synth_rows(const struct synth *s, double rate, uint64_t first, size_t n, float *x,
                float *a);
/* Whether a row's own token is masked at that rate: never if masks take only what comes
 * from the context. */
bool synth_is_masked(const struct synth *s, double rate, uint64_t row);

#endif
