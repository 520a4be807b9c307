/* The k greatest positive entries of a row, exactly: ties go to the lower index, NaN is
 * never taken, so the choice depends on the values alone. In the precision of the
 * including file (num/real.h). Any thread; nothing is allocated. */
#include "num/real.h"

#include <stddef.h>
#include <stdint.h>

#if (defined(REAL_F64) && !defined(SAETOP_NUM_TOPK_F64)) ||                            \
    (!defined(REAL_F64) && !defined(SAETOP_NUM_TOPK_F32))
#ifdef REAL_F64
#define SAETOP_NUM_TOPK_F64
#else
#define SAETOP_NUM_TOPK_F32
#endif

/* Entries of x [n] greater than t >= 0, in order: their indices and values to id and
 * val (room for n). Returns how many. */
size_t R(topk_above)(size_t n, const real *x, real t, int32_t *id, real *val);

/* The cut of the k greatest of v [n], all positive, 1 <= k <= n: those greater than the
 * returned value, *above <= k of them, and the first k - *above of those equal to it.
 * O(n) about eight times over; at most as often as a number has bits. */
real R(topk_cut)(size_t n, const real *v, size_t k, size_t *above);

/* A guess at the k-th greatest value of rows that are alike up to a scale each, such as
 * the norm of what they are computed from. Zero it before the first row. It decides the
 * speed, never the result. */
struct R(topk_guess) {
    real mean, spread; /* of the k-th / scale, and its mean deviation */
};

/* A value below the k-th greatest of a row of that scale, by some mean deviations; 0 or
 * less, or NaN, where that cannot be guessed. */
real R(topk_guess_below)(const struct R(topk_guess) *guess, real scale,
                         real deviations);

/* The at most k greatest positive entries of x [n]: indices, rising, to id, values to
 * val (room for n each: both are scratch as well). Returns how many. scale > 0, or 1
 * where none is known. O(n). */
size_t R(topk_row)(size_t n, const real *x, size_t k, real scale,
                   struct R(topk_guess) *guess, int32_t *id, real *val);
/* The k >= 1 greatest of n >= k entries that are all of a row above some value >= 0, in
 * place. */
void R(topk_keep)(size_t n, size_t k, real scale, struct R(topk_guess) *guess,
                  int32_t *id, real *val);

#endif
