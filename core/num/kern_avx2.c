/* The kernels for AVX2 with FMA: CMakeLists.txt compiles this file for that on x86-64.
 */
#include "num/kern_linear.h"
#include "num/kern_tables.h"
#include "num/kern_wide.h"

#if defined(__x86_64__)
#if defined(__AVX2__) && defined(__FMA__)
#define KERN_TABLE kern_table_avx2
#define KERN_NAME  "avx2"
#include "num/kern_body.h"

#define LANES        WIDTH
#define PRODUCT_ROWS 6
#include "num/kern_lanes.h"
#include "num/kern_product.h"

#define LINEAR_ROWS            6
#define LINEAR_TERM(x, w, sum) LANES_FMA(x, w, sum)
#include "num/kern_linear_lanes.h"

const struct kern_wide kern_table_wide_avx2 = {
    .name = "avx2",
    .rows_axpy = kern_rows_axpy,
    .rows_sum = kern_rows_sum,
    .rows_dot = kern_rows_dot,
    .panel = PRODUCT_PANEL,
    .tile = PRODUCT_ROWS,
    .widest = 256,
    .lanes = LANES,
    .pack = kern_pack,
    .pack_tile = kern_pack_tile,
    .product = kern_product,
    .product_cut = kern_product_cut,
};

const struct kern_linear kern_table_linear_avx2 = {
    .name = "fma",
    .rounded = "fma of bf16",
    .tile = LINEAR_ROWS,
    .panel = LINEAR_COLUMNS,
    .deal = linear_deal,
    .tiles = linear_tiles,
};
#else
const struct kern kern_table_avx2 = {.name = NULL};
const struct kern_wide kern_table_wide_avx2 = {.name = NULL};
const struct kern_linear kern_table_linear_avx2 = {.name = NULL};
#endif
#endif
