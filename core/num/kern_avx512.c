/* The kernels of num/kern_wide.h for AVX-512: CMakeLists.txt compiles this file for
 * that on x86-64. Sixteen floats at a time, summed as in the AVX2 kernels. */
#include "num/kern_linear.h"
#include "num/kern_wide.h"

#if defined(__x86_64__)
#if defined(__AVX512F__)
#include <immintrin.h>
#include <stdbool.h>

#define LANES 16
#include "num/kern_lanes.h"
#include "num/kern_linear_lanes.h"
#include "num/kern_product.h"

#define WIDTH        16
#define ROWS_VECTORS 16 /* of sums, for wide rows; half for others */

#define INLINE static inline __attribute__((always_inline))

/* Returns a mask of the first n < WIDTH lanes. */
INLINE __mmask16 lanes(size_t n)
{
    return (__mmask16)((1u << n) - 1);
}

/* y += sum of w[i] x[id[i]], or with `fresh` y = scale times that sum, for `vectors`
 * vectors of columns. The CPU prefetches the next rows by itself; doing so by
 * instruction costs more than it gains. */
INLINE void axpy_columns(size_t vectors, size_t n, const int32_t *id, const float *w,
                         const float *x, size_t ld, bool fresh, float scale, float *y)
{
    __m512 s[ROWS_VECTORS];
    for (size_t j = 0; j < vectors; j++) {
        s[j] = fresh ? _mm512_setzero_ps() : _mm512_loadu_ps(y + j * WIDTH);
    }
    for (size_t i = 0; i < n; i++) {
        const float *row = x + (size_t)id[i] * ld;
        const __m512 wi = _mm512_set1_ps(w[i]);
        for (size_t j = 0; j < vectors; j++) {
            s[j] = _mm512_fmadd_ps(wi, _mm512_loadu_ps(row + j * WIDTH), s[j]);
        }
    }
    for (size_t j = 0; j < vectors; j++) {
        const __m512 scaled = _mm512_mul_ps(s[j], _mm512_set1_ps(scale));
        _mm512_storeu_ps(y + j * WIDTH, fresh ? scaled : s[j]);
    }
}

INLINE void gather_rows(size_t n, const int32_t *id, const float *w, const float *x,
                        size_t ld, size_t D, bool fresh, float scale, float *y)
{
    size_t at = 0;
    for (; at + ROWS_VECTORS * WIDTH <= D; at += ROWS_VECTORS * WIDTH) {
        axpy_columns(ROWS_VECTORS, n, id, w, x + at, ld, fresh, scale, y + at);
    }
    for (; at + ROWS_VECTORS / 2 * WIDTH <= D; at += ROWS_VECTORS / 2 * WIDTH) {
        axpy_columns(ROWS_VECTORS / 2, n, id, w, x + at, ld, fresh, scale, y + at);
    }
    for (; at + WIDTH <= D; at += WIDTH) {
        axpy_columns(1, n, id, w, x + at, ld, fresh, scale, y + at);
    }
    if (at < D) {
        const __mmask16 part = lanes(D - at);
        __m512 s = fresh ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(part, y + at);
        for (size_t i = 0; i < n; i++) {
            const __m512 v = _mm512_maskz_loadu_ps(part, x + (size_t)id[i] * ld + at);
            s = _mm512_fmadd_ps(_mm512_set1_ps(w[i]), v, s);
        }
        s = fresh ? _mm512_mul_ps(s, _mm512_set1_ps(scale)) : s;
        _mm512_mask_storeu_ps(y + at, part, s);
    }
}

static void wide_rows_axpy(size_t n, const int32_t *id, const float *w, const float *x,
                           size_t ld, size_t D, float *y)
{
    gather_rows(n, id, w, x, ld, D, false, 1.0f, y);
}

static void wide_rows_sum(size_t n, const int32_t *id, const float *w, const float *x,
                          size_t ld, size_t D, float scale, float *y)
{
    gather_rows(n, id, w, x, ld, D, true, scale, y);
}

/* Sums the lanes of each of four: first the halves, then pairwise, like fold_each of
 * AVX2. */
INLINE __m128 fold_four(__m512 a, __m512 b, __m512 c, __m512 d)
{
    const __m512 s[4] = {a, b, c, d};
    __m128 q[4];
    for (size_t i = 0; i < 4; i++) {
        const __m512d high = _mm512_castps_pd(s[i]);
        const __m256 half =
            _mm256_add_ps(_mm512_castps512_ps256(s[i]),
                          _mm256_castpd_ps(_mm512_extractf64x4_pd(high, 1)));
        q[i] = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    }
    _MM_TRANSPOSE4_PS(q[0], q[1], q[2], q[3]);
    return _mm_add_ps(_mm_add_ps(q[0], q[2]), _mm_add_ps(q[1], q[3]));
}

/* Returns the dot products of rows r[0] to r[3] with y. */
INLINE __m128 dot_four(const float *const r[4], size_t D, const float *y)
{
    __m512 s[4];
    for (size_t j = 0; j < 4; j++) {
        s[j] = _mm512_setzero_ps();
    }
    size_t at = 0;
    for (; at + WIDTH <= D; at += WIDTH) {
        const __m512 yi = _mm512_loadu_ps(y + at);
        for (size_t j = 0; j < 4; j++) {
            s[j] = _mm512_fmadd_ps(_mm512_loadu_ps(r[j] + at), yi, s[j]);
        }
    }
    if (at < D) {
        const __mmask16 part = lanes(D - at);
        const __m512 yi = _mm512_maskz_loadu_ps(part, y + at);
        for (size_t j = 0; j < 4; j++) {
            s[j] = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(part, r[j] + at), yi, s[j]);
        }
    }
    return fold_four(s[0], s[1], s[2], s[3]);
}

static void wide_rows_dot(size_t n, const int32_t *id, const float *x, size_t ld,
                          size_t D, const float *y, float *out)
{
    for (size_t i = 0; i < n; i += 4) {
        const float *r[4];
        const size_t some = n - i < 4 ? n - i : 4;
        for (size_t j = 0; j < 4; j++) {
            r[j] = x + (size_t)id[i + (j < some ? j : 0)] * ld;
        }
        float t[4];
        _mm_storeu_ps(t, dot_four(r, D, y));
        memcpy(out + i, t, some * sizeof *out);
    }
}

const struct kern_wide kern_table_wide_avx512 = {
    .name = "avx512",
    .rows_axpy = wide_rows_axpy,
    .rows_sum = wide_rows_sum,
    .rows_dot = wide_rows_dot,
    .widest = 1024,
    PRODUCT_IN_LANES,
};

const struct kern_linear kern_table_linear_avx512 = {LINEAR_OF_FLOATS};
#else
const struct kern_wide kern_table_wide_avx512 = {.name = NULL};
const struct kern_linear kern_table_linear_avx512 = {.name = NULL};
#endif
#endif
