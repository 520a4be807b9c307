/* Finds the k greatest positive entries of a row, exactly: ties go to the lower index,
 * NaN is never taken, so the choice depends only on the values. In the precision of the
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

/* Writes the entries of x [n] greater than t >= 0, in order: their indices to id and
 * values to val (room for n). Returns how many. */
size_t R(topk_above)(size_t n, const real *x, real t, int32_t *id, real *val);

/* Finds the cut of the k greatest of v [n], all positive, 1 <= k <= n: those greater
 * than the returned value, *above <= k of them, and the first k - *above of those equal
 * to it. About eight passes of O(n); at most as many as a number has bits. */
real R(topk_cut)(size_t n, const real *v, size_t k, size_t *above);

/* A guess at the k-th greatest value of rows that are alike except for a scale each,
 * such as the norm of what they are computed from. Zero it before the first row. It
 * decides the speed, never the result. */
struct R(topk_guess) {
    real mean, spread; /* of k-th greatest / scale, and its mean deviation */
};

/* Returns a value that should be below the k-th greatest of a row of that scale, by
 * some mean deviations; 0 or less, or NaN, where it cannot be guessed. */
real R(topk_guess_below)(const struct R(topk_guess) *guess, real scale,
                         real deviations);

/* Finds the at most k greatest positive entries of x [n]: indices, ascending, to id,
 * values to val (room for n each: both are also scratch). Returns how many. scale > 0,
 * or 1 if none is known. O(n). */
size_t R(topk_row)(size_t n, const real *x, size_t k, real scale,
                   struct R(topk_guess) *guess, int32_t *id, real *val);
/* Reduces, in place, n >= k entries, which are all those of a row above some value >=
 * 0, to the k >= 1 greatest. */
void R(topk_keep)(size_t n, size_t k, real scale, struct R(topk_guess) *guess,
                  int32_t *id, real *val);

#endif
