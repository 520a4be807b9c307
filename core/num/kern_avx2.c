/* The kernels for AVX2 with FMA: CMakeLists.txt compiles this file for that on x86-64.
 */
#include "num/kern_tables.h"

#if defined(__x86_64__)
#if defined(__AVX2__) && defined(__FMA__)
#define KERN_TABLE kern_table_avx2
#define KERN_NAME  "avx2"
#include "num/kern_body.h"
#else
const struct kern kern_table_avx2 = {.name = NULL};
#endif
#endif
