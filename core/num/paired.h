/* Paired differences, such as those of two conditions seed by seed: their mean with an
 * interval, a p value, and the smallest mean that this many pairs could establish. Two
 * kinds of interval:
 *
 * Fixed (first 0): Student's. Covers at its level for a number of pairs fixed before
 * anybody looked; whoever adds pairs until 0 lies outside gets there sooner or later,
 * even without an effect.
 *
 * Anytime (first >= 2): covers at its level for all numbers of pairs n >= first at
 * once, so that one may look after each pair and stop at any time. Lai, On confidence
 * sequences, Annals of Statistics 4 (1976) 265-280, as in Wang and Ramdas,
 * Anytime-valid t-tests and confidence sequences for Gaussian means with unknown
 * variance (arXiv:2310.03722), theorem 2.1. The likelihood ratio of differences with
 * mean m, mixed uniformly over m / sigma and over sigma by 1 / sigma, to those with
 * mean 0 is
 *
 *     L_n = sqrt(2 pi / n) (1 + t_n^2 / (n - 1))^(n/2),   t_n = sqrt(n) mean / sd,
 *
 * under mean 0 a martingale (with an infinite mean at n = 1). By the extended
 * inequality of Ville P(L_n >= C for some n >= f) <= P(L_f >= C) + E[L_f; L_f < C] / C.
 * L_f grows with |t_f|; let it be C at |t_f| = a. The density of t_f is K (1 +
 * t^2/(f-1))^(-f/2), so that the integrand of E is the constant K sqrt(2 pi / f), and
 * the bound comes to
 *
 *     alpha(a) = 2 (1 - F(a) + a F'(a)),   F: Student's of f - 1 degrees of freedom.
 *
 * For alpha(a) = 1 - level, L_n < C is mean +- h sd / sqrt(n) with
 *
 *     h^2 = (n - 1) ((n / f)^(1/n) (1 + a^2 / (f - 1))^(f/n) - 1);   h = a at n = f.
 *
 * At 95 % and first = 5 it is 1.60 times as wide as the fixed interval at n = 5, 1.68
 * times at 10 and 1.71 times at 20; first = 3: 1.8 to 2 times; first = 2: up to 3
 * times.
 *
 * Differences are assumed normal and independent, as in any t test. Any thread; no
 * memory; O(n), and some hundred evaluations of a t distribution. */
#ifndef SAETOP_NUM_PAIRED_H
#define SAETOP_NUM_PAIRED_H

#include "num/stats.h"

#include <stdbool.h>
#include <stdint.h>

/* Seeds of the text and of the weights: arms are paired where both are equal. */
struct paired_seed {
    uint64_t text, weights;
};
bool paired_seed_is(struct paired_seed x, struct paired_seed y);
/* Pairs the arms of conditions a and b that have the same seeds. Of n arms, arm i is of
 * condition of[i] with seeds seed[i]; the pairs are of_a[i] with of_b[i], room for n
 * each. No two arms of a condition should have the same seeds; of several in b the
 * first is taken. If both conditions have only one arm, these two are a pair whatever
 * their seeds. Returns the number of pairs, in the order of a's arms. O(n^2). */
size_t paired_by_seed(size_t n, const size_t *of, const struct paired_seed *seed,
                      size_t a, size_t b, size_t *of_a, size_t *of_b);

/* The differences after - before over n pairs. */
struct paired {
    size_t n;
    double before, after; /* means; NaN for n = 0 */
    double sd;            /* of the differences; NaN for n < 2 */
    size_t lower, higher; /* pairs, by more than rounding */
    struct stats_interval by;
    double p; /* two-sided, for mean 0; with an anytime interval valid at any stop */
};

/* Computes the differences of n finite values each. by.low, by.high and p are NaN for n
 * < 2 and for n < first. Where all differences are equal t has no spread to go by, and
 * would be certain of anything: there is no interval, and p is that of the sign test,
 * 2^(1 - n) (anytime: 2^(1 - first), since to be equal at n they were so at `first`); 1
 * where they are all 0, and then by.mean is exactly 0. */
void paired_of(size_t n, const double *before, const double *after, size_t first,
               double level, struct paired *out);

/* Returns half the width of the interval, in units of sd / sqrt(n): Student's quantile,
 * or the h above. NaN for n < 2 and n < first. */
double paired_half(size_t n, size_t first, double level);
/* Returns `first` for n pairs where `planned` were planned: planned, at least 2, if
 * more were added, as somebody may have looked before; else 0. planned 0: not known. */
size_t paired_first(size_t n, size_t planned);
/* Returns how many times as wide as the fixed interval the anytime one is at n. */
double paired_widening(size_t n, size_t first, double level);
/* Returns the fewest pairs n >= first whose anytime interval is no wider than the fixed
 * one of `first` pairs with the same spread. */
size_t paired_regains(size_t first, double level);
/* Returns the smallest |mean| that d's number of pairs and spread establish at p <
 * alpha. NaN where d has no spread. */
double paired_smallest(const struct paired *d, size_t first, double alpha);

#endif
