/* Multiplies many blocks of rows by one matrix: h = x W^T + b for W [F,D], a row of W
 * per column of h. W is packed once for all blocks, and sums start with b, while BLAS
 * packs W anew for each block and needs b copied beforehand. In the precision of the
 * including file (num/real.h).
 *
 * It pays for narrow rows; otherwise, for doubles and on CPUs without AVX2, the product
 * is BLAS's on W itself, equal to rounding. */
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

/* The right side. packed and sieve are aligned to 64 bytes (base/mem.h), or NULL where
 * product_packed or product_sieved return 0 or they are not wanted. */
struct R(product_weights) {
    size_t D, F;
    const real *W, *b; /* [F,D], [F] */
    real *packed;
    real *sieve; /* only together with packed */
};

/* Returns the reals that W takes when packed; 0: product_rows uses W as it is. Depends
 * on the CPU and the sizes. */
size_t R(product_packed)(size_t D, size_t F);
/* Returns the further reals that make product_above faster; 0: none. */
size_t R(product_sieved)(size_t D, size_t F);

/* Packs rows j0 .. j1 of W. j0 is a multiple of PRODUCT_STEP; j1 is too, or it is F.
 * Threads may pack different rows at once. */
#define PRODUCT_STEP 32
void R(product_pack)(const struct R(product_weights) *w, size_t j0, size_t j1);

/* Returns the size of scratch, in reals, for `rows` rows if W is packed. */
size_t R(product_scratch)(size_t rows, size_t D);

/* h [rows,F] = x W^T + b for x [rows,D]. If W is packed, an entry's bits do not depend
 * on the other rows. Any thread. O(rows D F). */
void R(product_rows)(size_t rows, const real *x, const struct R(product_weights) *w,
                     real *scratch, real *h);

/* Listed entries of rows of h. Row r has n[r], or is not listed if n[r] > room; they
 * start at r * stride in id, ascending, and in val. */
struct R(product_found) {
    size_t room, stride;
    size_t *n;   /* [rows] */
    int32_t *id; /* [rows, stride] */
    real *val;
};
/* Sets room and stride for this many entries per row; allocates no arrays. */
void R(product_found_init)(struct R(product_found) *found, size_t F, size_t room);

/* Lists the entries of h, with product_rows' values, that are greater than above[r] >=
 * 0 in row r; with `keep` > 0 it may list fewer: in each row at least the `keep`
 * greatest and any equal to them. W must be packed. h itself is computed in parts that
 * stay in cache. With `sieve` each entry is first computed in 16 bits, twice as fast,
 * and in full only where that leaves it open: the same bits. Any thread. */
void R(product_above)(size_t rows, const real *x, const struct R(product_weights) *w,
                      const real *above, size_t keep, real *scratch,
                      const struct R(product_found) *found);

#endif
