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

#define LANES WIDTH
#include "num/kern_lanes.h"
#include "num/kern_linear_lanes.h"
#include "num/kern_product.h"

const struct kern_wide kern_table_wide_avx2 = {
    .name = "avx2",
    .rows_axpy = kern_rows_axpy,
    .rows_sum = kern_rows_sum,
    .rows_dot = kern_rows_dot,
    .widest = 256,
    PRODUCT_IN_LANES,
};

const struct kern_linear kern_table_linear_avx2 = {LINEAR_OF_FLOATS};
#else
const struct kern kern_table_avx2 = {.name = NULL};
const struct kern_wide kern_table_wide_avx2 = {.name = NULL};
const struct kern_linear kern_table_linear_avx2 = {.name = NULL};
#endif
#endif
