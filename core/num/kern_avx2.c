/* The kernels for AVX2 with FMA: CMakeLists.txt compiles this file for that on x86-64.
 */
#include "num/kern_tables.h"
#include "num/kern_wide.h"

#if defined(__x86_64__)
#if defined(__AVX2__) && defined(__FMA__)
#define KERN_TABLE kern_table_avx2
#define KERN_NAME  "avx2"
#include "num/kern_body.h"

typedef v8 pv;
#define PRODUCT_LANES        WIDTH
#define PRODUCT_ROWS         6
#define PRODUCT_SPLAT(x)     splat(x)
#define PRODUCT_FMA(a, b, c) fma8(a, b, c)
#define PRODUCT_GREATER(a, b)                                                          \
    (unsigned char)_mm256_movemask_ps(_mm256_cmp_ps((__m256)a, (__m256)b, _CMP_GT_OQ))
typedef unsigned char product_set;
#include "num/kern_product.h"

const struct kern_wide kern_table_wide_avx2 = {
    .name = "avx2",
    .rows_axpy = kern_rows_axpy,
    .rows_sum = kern_rows_sum,
    .rows_dot = kern_rows_dot,
    .panel = PRODUCT_PANEL,
    .tile = PRODUCT_ROWS,
    .widest = 256,
    .product = kern_product,
    .product_cut = kern_product_cut,
};
#else
const struct kern kern_table_avx2 = {.name = NULL};
const struct kern_wide kern_table_wide_avx2 = {.name = NULL};
#endif
#endif
