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

/* Reals that W takes when packed, from memory aligned to 64 bytes (base/mem.h); 0:
 * product_rows uses W as it is. Depends on the CPU and the sizes. */
size_t R(product_packed)(size_t D, size_t F);

/* Pack rows j0 .. j1 of W. j0 is a multiple of PRODUCT_STEP, so is j1 or it is F.
 * Threads may pack different rows at once. */
#define PRODUCT_STEP 32
void R(product_pack)(const real *W, size_t D, size_t F, size_t j0, size_t j1,
                     real *packed);

/* h [rows,F] = x W^T + b for x [rows,D]. `packed` is all of W, or NULL if
 * product_packed says 0; `scratch` [rows,D] is used with it only. An entry's bits do
 * not depend on which rows stand beside its own if W is packed. Any thread. O(rows D
 * F). */
void R(product_rows)(size_t rows, size_t D, size_t F, const real *x, const real *W,
                     const real *packed, const real *b, real *scratch, real *h);

/* Entries of rows of h. Row r has n[r], or more than `room` if n[r] > room; they begin
 * at r * stride in id, rising, and in val. */
struct R(product_found) {
    size_t room, stride;
    size_t *n;   /* [rows] */
    int32_t *id; /* [rows, stride] */
    real *val;
};
/* Set room and stride for so many entries of a row, arrays aside. */
void R(product_found_init)(struct R(product_found) * found, size_t F, size_t room);

/* The entries of h, which product_rows would store, that are greater than above[r] >= 0
 * in row r: h itself goes by in a part that stays near the CPU. `packed` is not NULL;
 * scratch is [rows, D]. */
void R(product_above)(size_t rows, size_t D, size_t F, const real *x,
                      const real *packed, const real *b, const real *above,
                      real *scratch, const struct R(product_found) * found);

#endif
