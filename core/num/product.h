/* Many blocks of rows times one matrix: h = x W^T + b for W [F,D], one row a column of
 * h. W is packed once and used by all blocks, and b begins the sums, where BLAS packs W
 * anew for each block and wants b copied beforehand. In the precision of the including
 * file (num/real.h).
 *
 * It pays for narrow rows; where it does not, for doubles and on CPUs without AVX2 the
 * product is BLAS's on W itself, to rounding the same. */
#include "num/real.h"

#include <stddef.h>
#include <stdint.h>

#if (defined(REAL_F64) && !defined(SAETOP_NUM_PRODUCT_F64)) ||                         \
    (!defined(REAL_F64) && !defined(SAETOP_NUM_PRODUCT_F32))
#ifdef REAL_F64
#define SAETOP_NUM_PRODUCT_F64
#else
#define SAETOP_NUM_PRODUCT_F32
#endif

/* The right side. packed and sieve are from memory aligned to 64 bytes (base/mem.h),
 * or NULL where product_packed or product_sieved say 0 or they are not wanted. */
struct R(product_weights) {
    size_t D, F;
    const real *W, *b; /* [F,D], [F] */
    real *packed;
    real *sieve; /* only beside packed */
};

/* Reals that W takes when packed; 0: product_rows uses W as it is. Depends on the CPU
 * and the sizes. */
size_t R(product_packed)(size_t D, size_t F);
/* Reals that product_above wants besides, to be faster; 0: none. */
size_t R(product_sieved)(size_t D, size_t F);

/* Pack rows j0 .. j1 of W. j0 is a multiple of PRODUCT_STEP, so is j1 or it is F.
 * Threads may pack different rows at once. */
#define PRODUCT_STEP 32
void R(product_pack)(const struct R(product_weights) *w, size_t j0, size_t j1);

/* Size of scratch, in reals, for `rows` rows if W is packed. */
size_t R(product_scratch)(size_t rows, size_t D);

/* h [rows,F] = x W^T + b for x [rows,D]. If W is packed, an entry's bits do not depend
 * on which rows stand beside its own. Any thread. O(rows D F). */
void R(product_rows)(size_t rows, const real *x, const struct R(product_weights) *w,
                     real *scratch, real *h);

/* Entries of rows of h. Row r has n[r], or is not listed if n[r] > room; they begin at
 * r * stride in id, rising, and in val. */
struct R(product_found) {
    size_t room, stride;
    size_t *n;   /* [rows] */
    int32_t *id; /* [rows, stride] */
    real *val;
};
/* Set room and stride for this many entries of a row; the arrays are not made. */
void R(product_found_init)(struct R(product_found) *found, size_t F, size_t room);

/* The entries of h, which product_rows would store, that are greater than above[r] >= 0
 * in row r; less may be listed if `keep` > 0: of each row at least its `keep` greatest
 * and what equals them. W is packed. h itself goes by in a part that stays near the
 * CPU. With `sieve` each entry is computed in 16 bits first, twice as fast, and in
 * full only where that leaves it open: the same bits. Any thread. */
void R(product_above)(size_t rows, const real *x, const struct R(product_weights) *w,
                      const real *above, size_t keep, real *scratch,
                      const struct R(product_found) *found);

#endif
