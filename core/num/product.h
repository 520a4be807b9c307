/* Many blocks of rows times one matrix: h = x W^T + b for W [F,D], one row a column of
 * h. W is packed once and used by all blocks, and b begins the sums, where BLAS packs W
 * anew for each block and wants b copied beforehand. In the precision of the including
 * file (num/real.h).
 *
 * It pays for narrow rows; where it does not, for doubles and on CPUs without AVX2 the
 * product is BLAS's on W itself, to rounding the same. */
#include "num/real.h"

#include <stddef.h>

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

#endif
