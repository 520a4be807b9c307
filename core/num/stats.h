/* Statistics of small samples: quantiles, intervals, adjustment for many tests. All in
 * double. Any thread. */
#ifndef SAETOP_NUM_STATS_H
#define SAETOP_NUM_STATS_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* An estimate with its interval; NaN where the sample is too small for one. */
struct stats_interval {
    double mean, low, high;
};

double stats_mean(size_t n, const double *x); /* NaN for n = 0 */
double stats_sd(size_t n, const double *x);   /* of the sample, with n - 1; NaN for n <
                                                 2 */

/* Sorts ascending in place, NaN last. */
void stats_sort(size_t n, double *x);
/* Returns quantile q in [0,1] of sorted x by linear interpolation (type 7, as numpy's
 * default); NaN for n = 0. */
double stats_quantile_sorted(size_t n, const double *x, double q);

/* Student's t with df > 0 degrees of freedom: P(T <= t), and its inverse for p in (0,1)
 * (-inf and inf at 0 and 1). Accurate to 1e-10 relative. */
double stats_t_cdf(double t, double df);
double stats_t_quantile(double p, double df);
double stats_t_density(double t, double df);

/* Return the t interval of the mean of n values at `level` (0.95), and that of the
 * differences b[i] - a[i]. n < 2: low and high are NaN. */
struct stats_interval stats_t_interval(size_t n, const double *x, double level);
struct stats_interval stats_paired_t(size_t n, const double *a, const double *b,
                                     double level);
/* Returns the two-sided p value of the paired test that the mean difference is 0; NaN
 * for n < 2. */
double stats_paired_p(size_t n, const double *a, const double *b);

/* Expanded percentile bootstrap of the mean of x [n] (ratio sum x / sum weight),
 * resampling whole clusters: cluster[i] in 0..n_clusters-1, weight NULL for all ones.
 * Plain quantiles of the draws are too narrow for few clusters (16 cover 92 % instead
 * of 95 %), so they are taken further out, by Student's t and n/(n-1) (Hesterberg,
 * "What Teachers Should Know About the Bootstrap", 2015). Draws come from RNG_BOOTSTRAP
 * of `seed`: the same seed gives the same interval. O(n + reps * n_clusters). ERR_USAGE
 * for an id out of range, ERR_NOMEM. */
enum err stats_bootstrap(size_t n, const double *x, const double *weight,
                         const int32_t *cluster, size_t n_clusters, size_t reps,
                         double level, uint64_t seed, struct stats_interval *out,
                         struct errinfo *e) ERR_CHECKED;

/* Computes the area under the ROC curve of scores x [n] for labels y [n] (0 or not):
 * the share of pairs of a positive and a negative in which the positive is greater,
 * ties counting half. NaN if a class is missing. ERR_NOMEM. O(n log n). */
enum err stats_auc(size_t n, const double *x, const uint8_t *y, double *out,
                   struct errinfo *e) ERR_CHECKED;

/* Returns Spearman's rank correlation of x and y [n], ties with their mean rank; NaN
 * for n < 3 and where either is all ties. O(n^2). */
double stats_spearman(size_t n, const double *x, const double *y);
/* Returns its 95 % interval (mean: r), by Fisher's z with the variance (1 + r^2/2)/(n -
 * 3) (Bonett, Wright, Psychometrika 65, 2000). An r of 1 or -1 counts as half a step of
 * ranks less extreme, so that it also has an interval. Covers 95 to 97 % of
 * correlations from 0 to 0.9 at n = 8 (20,000 normal samples each). NaN for n < 4.
 * O(1). */
struct stats_interval stats_spearman_interval(size_t n, double r);

/* Makes Holm's step-down adjustment: adjusted [n] from p [n], may be the same array.
 * NaN stays NaN and does not count. ERR_NOMEM. */
enum err stats_holm(size_t n, const double *p, double *adjusted,
                    struct errinfo *e) ERR_CHECKED;

#endif
