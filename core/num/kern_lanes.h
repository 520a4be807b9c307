/* Vectors of LANES floats, for kernels written once and compiled for AVX2 and for
 * AVX-512: the including file defines LANES as 8 or 16. */
#include "base/watch.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Loops that keep sums in registers must be unrolled; else the sums go to memory. */
#define LANES_UNROLLED _Pragma("GCC unroll 16")
#define LANES_INLINE   UNWATCHED static inline __attribute__((always_inline))

#if LANES == 16
typedef __m512 fv;
typedef __mmask16 lane_set;
#define LANES_SPLAT(x)          _mm512_set1_ps(x)
#define LANES_LOAD(p)           _mm512_loadu_ps(p)
#define LANES_STORE(p, v)       _mm512_storeu_ps(p, v)
#define LANES_FMA(a, b, c)      _mm512_fmadd_ps(a, b, c)
#define LANES_ADD(a, b)         _mm512_add_ps(a, b)
#define LANES_GREATER(a, b)     _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ)
#define LANES_ABS(x)            _mm512_abs_ps(x)
#define LANES_MAX(a, b)         _mm512_max_ps(a, b)
#define LANES_UNPACK_LOW(a, b)  _mm512_unpacklo_ps(a, b)
#define LANES_UNPACK_HIGH(a, b) _mm512_unpackhi_ps(a, b)
#define LANES_SHUFFLE(a, b, c)  _mm512_shuffle_ps(a, b, c)

/* Rows of a tile of a product, with two vectors of sums each: as many as registers
 * allow. And X for each smaller count, as a constant, so that a tile's sums stay in
 * registers. */
#define LANES_TILE 14
#define LANES_FEWER(X)                                                                 \
    X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)

/* Returns items at .. at + 4 of rows i, i + 4, i + 8 and i + 12. */
LANES_INLINE fv lanes_quarters(const float *const row[], size_t i, size_t at)
{
    fv v = _mm512_castps128_ps512(_mm_loadu_ps(row[i] + at));
    v = _mm512_insertf32x4(v, _mm_loadu_ps(row[i + 4] + at), 1);
    v = _mm512_insertf32x4(v, _mm_loadu_ps(row[i + 8] + at), 2);
    return _mm512_insertf32x4(v, _mm_loadu_ps(row[i + 12] + at), 3);
}
#else
typedef __m256 fv;
typedef unsigned char lane_set;
#define LANES_SPLAT(x)     _mm256_set1_ps(x)
#define LANES_LOAD(p)      _mm256_loadu_ps(p)
#define LANES_STORE(p, v)  _mm256_storeu_ps(p, v)
#define LANES_FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#define LANES_ADD(a, b)    _mm256_add_ps(a, b)
#define LANES_GREATER(a, b)                                                            \
    (lane_set) _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ))
#define LANES_ABS(x)            _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x)
#define LANES_MAX(a, b)         _mm256_max_ps(a, b)
#define LANES_UNPACK_LOW(a, b)  _mm256_unpacklo_ps(a, b)
#define LANES_UNPACK_HIGH(a, b) _mm256_unpackhi_ps(a, b)
#define LANES_SHUFFLE(a, b, c)  _mm256_shuffle_ps(a, b, c)

#define LANES_TILE     6
#define LANES_FEWER(X) X(1) X(2) X(3) X(4) X(5)

/* Returns items at .. at + 4 of rows i and i + 4. */
LANES_INLINE fv lanes_quarters(const float *const row[], size_t i, size_t at)
{
    const fv v = _mm256_castps128_ps256(_mm_loadu_ps(row[i] + at));
    return _mm256_insertf128_ps(v, _mm_loadu_ps(row[i + 4] + at), 1);
}
#endif

/* Loads items at .. at + 4 of LANES rows, one vector per item. Items are 32 bits of any
 * kind. */
LANES_INLINE void lanes_four(const float *const row[], size_t at, fv four[4])
{
    fv q[4];
    LANES_UNROLLED
    for (size_t i = 0; i < 4; i++) {
        q[i] = lanes_quarters(row, i, at);
    }
    const fv a = LANES_UNPACK_LOW(q[0], q[1]), b = LANES_UNPACK_LOW(q[2], q[3]);
    const fv c = LANES_UNPACK_HIGH(q[0], q[1]), d = LANES_UNPACK_HIGH(q[2], q[3]);
    four[0] = LANES_SHUFFLE(a, b, 0x44);
    four[1] = LANES_SHUFFLE(a, b, 0xEE);
    four[2] = LANES_SHUFFLE(c, d, 0x44);
    four[3] = LANES_SHUFFLE(c, d, 0xEE);
}

/* Deals rows of n numbers, `ld` apart: the first number of each, then the second,
 * `step` numbers later. Up to LANES rows; always writes as many numbers as for LANES,
 * so that with a smaller step some are overwritten, and some lie after the end. */
LANES_INLINE void lanes_deal(size_t rows, size_t n, const float *x, size_t ld,
                             size_t step, float *to)
{
    const float *row[LANES];
    size_t d = 0;
    for (size_t i = 0; i < LANES; i++) {
        row[i] = x + (i < rows ? i : 0) * ld;
    }
    for (; d + 4 <= n; d += 4) {
        fv four[4];
        lanes_four(row, d, four);
        LANES_UNROLLED
        for (size_t i = 0; i < 4; i++) {
            LANES_STORE(to + (d + i) * step, four[i]);
        }
    }
    for (; d < n; d++) {
        for (size_t i = 0; i < LANES; i++) {
            memcpy(to + d * step + i, row[i] + d, sizeof *to); /* may not be a float */
        }
    }
}
