/* Logistic regression for many one-vs-rest units at once over the same inputs: every
 * probe of the evaluator is one. Three solvers:
 *   logreg_fit   the minimum of the regularised loss, certified
 *   logreg_few   the same for a handful of columns by Newton's method: scikit-learn's
 *                LogisticRegression for k-sparse probes
 *   logreg_adam  minibatch Adam for a fixed number of epochs, as SAEBench 0.6 trains
 *                its probes: stops where it stops, needs many more passes
 * Letters here: n rows, d inputs, C units. Any thread; results depend only on the
 * arguments, not on the pool. Inputs are finite. */
#ifndef SAETOP_NUM_LOGREG_H
#define SAETOP_NUM_LOGREG_H

#include "base/err.h"
#include "base/pool.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Inputs, borrowed: dense rows, or compressed ones if dense is NULL. */
struct logreg_x {
    size_t n, d;
    const float *dense; /* [n, d], rows ld apart */
    size_t ld;
    const size_t *start; /* [n+1] row i has entries start[i]..start[i+1]-1 */
    const int32_t *id;   /* in 0..d-1, each once in a row */
    const float *val;
};

/* Which units each row belongs to, compressed; borrowed. Ids outside 0..C-1 are
 * ignored, so a longer list of memberships serves a shorter list of units. */
struct logreg_y {
    size_t C;
    const size_t *start; /* [n+1] */
    const int32_t *id;
};

/* Weights; release with logreg_deinit. A unit without rows of both kinds is all zero.
 */
struct logreg {
    size_t C, d;
    float *w;      /* [C, d] */
    float *b;      /* [C] */
    size_t passes; /* over the data, the most of any unit */
    /* Set by logreg_fit: */
    size_t fitted;   /* units with rows of both kinds, */
    size_t short_of; /* those of them that did not reach opts.tol, */
    double gap;      /* the greatest gap of any unit, relative to its objective */
};
void logreg_deinit(struct logreg *m);

/* Options of logreg_fit, which for each unit minimises
 *     1/n sum_i s_i log(1 + exp(-y_i (w.x_i + b))) + l1 |w|_1 + l2/2 |w|^2
 * with y = +-1 and s = 1, or n_neg/n_pos for positive rows where balanced. A unit is
 * done when a point of the dual proves its objective to be within tol of the minimum,
 * as a share of the objective (the duality gap: logreg_priv.h derives it). Where
 * weights are not unique (l2 = 0, columns that depend on each other) the objective
 * is. */
struct logreg_opts {
    double l1, l2; /* one of them above 0 */
    bool balanced;
    double tol;
    size_t max_passes;          /* over the data; a Newton step counts as one */
    const struct logreg *start; /* NULL, or [C, d] to start from; only compressed
                                   inputs */
    const atomic_bool *cancel;  /* polled each pass; may be NULL */
};
/* Returns l1 0, l2 0, balanced, tol LOGREG_TOL, 2000 passes. */
struct logreg_opts logreg_defaults(void);
#define LOGREG_TOL 1e-7

/* Fits all units. A unit that does not reach tol within max_passes, or is stopped by
 * the rounding of doubles, is counted in out->short_of and is no error. ERR_NOMEM,
 * ERR_CANCELLED, ERR_USAGE for options that do not go together, ERR_NUMERIC for inputs
 * that are not finite. Dense inputs without an L1 term are fitted in batches of units:
 * by L-BFGS, whose first guess of the curvature is the inputs' second moments, and
 * later a sample of rows weighted as at the point. O(n d) per unit and pass, plus two
 * or three times O(n d^2 / 8 + d^3); 50 to 110 passes for the slowest unit on
 * activations. Other inputs are fitted unit by unit: by Newton's method on a working
 * set of k columns with e entries per row, O(n + nnz + nnz_k e + k^2) per unit and pass
 * (conjugate gradients without an L1 term or from 768 columns on); some 10 passes, 7
 * from a start nearby. Columns outside the set that the gap shows to have no weight at
 * the minimum are not looked at again. */
enum err logreg_fit(const struct logreg_x *x, const struct logreg_y *y,
                    const struct logreg_opts *opts, struct pool *pool,
                    struct logreg *out, struct errinfo *e) ERR_CHECKED;

/* Returns the most bytes that logreg_fit takes besides its result, for compressed
 * inputs of nnz entries on `threads` threads. */
size_t logreg_fit_bytes(size_t n, size_t d, size_t nnz, size_t threads);
/* The same for dense inputs of C units without an L1 term, where rows bring all units
 * to their minimum: up to 39 MB per thread at 319 inputs, 6.4 MB at 128. Units that
 * this leaves short are finished by columns, which then take logreg_fit_bytes of n d
 * entries. */
size_t logreg_dense_bytes(size_t d, size_t C, size_t threads);

/* Trains as SAEBench's train_multi_probe: torch's BCEWithLogitsLoss, the mean over
 * batch and units, positives weighted n_neg/n_pos; Adam (0.9, 0.999, 1e-8) with L2 in
 * the gradient of weights and bias; lr falls exponentially from lr to end_lr over the
 * epochs; start uniform in +-1/sqrt(d); l1 * mean over units of |w|_1. As there, the
 * last batch of an epoch is the rows that are left. The only difference: random numbers
 * are our own. */
struct logreg_adam_opts {
    size_t epochs, batch;
    double lr, end_lr;
    double l1, l2;
    uint64_t seed;
    const atomic_bool *cancel; /* polled each epoch; may be NULL */
};
enum err logreg_adam(const struct logreg_x *x, const struct logreg_y *y,
                     const struct logreg_adam_opts *opts, struct pool *pool,
                     struct logreg *out, struct errinfo *e) ERR_CHECKED;

/* Counts fits, and those that stopped short of the minimum, from any number of
 * threads. */
struct logreg_tally {
    atomic_size_t fits, short_of;
};
/* t NULL: do nothing. */
void logreg_count(struct logreg_tally *t, const struct logreg *m);
void logreg_count_few(struct logreg_tally *t, double gap);

#define LOGREG_FEW_MAX 16

/* Minimises |w|^2/2 + c sum_i s_i log(1 + exp(-y_i (w.x_i + b))) over k <=
 * LOGREG_FEW_MAX columns, s = n/(2 n_class) ("balanced"). Rows that are all zero are
 * only counted: zero_pos, zero_neg. x [m, k], y [m] 0 or 1. w [k] and b, in: start
 * (zeros will do), out: solution; all zero if a class is missing. Returns the duality
 * gap as a share of the objective, at most LOGREG_TOL unless rounding or 60 iterations
 * stopped it. O(iterations m k^2), no allocation. Agrees with scikit-learn's lbfgs at
 * max_iter 500 to the latter's tolerance. */
double logreg_few(size_t k, size_t m, const float *x, const uint8_t *y, double zero_pos,
                  double zero_neg, double c, double *w, double *b);
/* The same with s = 1 for every row, and all rows in x. */
double logreg_few_plain(size_t k, size_t m, const float *x, const uint8_t *y, double c,
                        double *w, double *b);

#endif
