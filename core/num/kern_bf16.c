/* The kernel of num/kern_linear.h for AVX512-BF16: CMakeLists.txt compiles this file
 * for that on x86-64. */
#include "num/kern_linear.h"

#if defined(__x86_64__)
#if defined(__AVX512BF16__)
#define LANES 16
#include "num/kern_lanes.h"

#define LINEAR_TERM(x, w, sum) _mm512_dpbf16_ps(sum, (__m512bh)(x), (__m512bh)(w))
#include "num/kern_linear_lanes.h"

/* Rounds 32 floats at a time; the two halves are in the order of memory. */
static void round_to_items(size_t n, const float *x, float *item)
{
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        const __m512bh v =
            _mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + i + 16), _mm512_loadu_ps(x + i));
        _mm512_storeu_si512(item + i / 2, (__m512i)v);
    }
    if (i < n) {
        float rest[32] = {0};
        float items[16];
        memcpy(rest, x + i, (n - i) * sizeof *x);
        const __m512bh v =
            _mm512_cvtne2ps_pbh(_mm512_loadu_ps(rest + 16), _mm512_loadu_ps(rest));
        _mm512_storeu_si512(items, (__m512i)v);
        memcpy(item + i / 2, items, (n - i + 1) / 2 * sizeof *item);
    }
}

const struct kern_linear kern_table_linear_bf16 = {
    .name = "avx512 bf16",
    .pairs = true,
    .round = round_to_items,
    LINEAR_IN_LANES,
};
#else
const struct kern_linear kern_table_linear_bf16 = {.name = NULL};
#endif
#endif
