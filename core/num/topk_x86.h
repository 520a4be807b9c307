/* The scans of topk.c for x86-64, part of that file: with SSE2, which every such CPU
 * has, with AVX2, and with AVX-512. All give the same results. */
#include <immintrin.h>
#include <stdbool.h>

#define WITH_AVX2   __attribute__((target("avx2,bmi2,popcnt")))
#define WITH_AVX512 __attribute__((target("avx512f,popcnt")))

static bool have_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
}

static bool have_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("popcnt");
}

/* ---- entries above a threshold ---- */

/* Few entries pass, so 16 are compared at a time, and only the set bits are visited. */
static size_t above_sse2(size_t n, const float *x, float t, int32_t *id, float *val)
{
    const __m128 limit = _mm_set1_ps(t);
    size_t m = 0, i = 0;
    for (; i + 16 <= n; i += 16) {
        unsigned set = 0;
        for (size_t j = 0; j < 4; j++) {
            const __m128 more = _mm_cmpgt_ps(_mm_loadu_ps(x + i + 4 * j), limit);
            set |= (unsigned)_mm_movemask_ps(more) << (4 * j);
        }
        for (; set != 0; set &= set - 1) {
            const size_t j = i + (size_t)__builtin_ctz(set);
            id[m] = (int32_t)j;
            val[m] = x[j];
            m++;
        }
    }
    return above_plain(i, n, x, t, id, val, m);
}

/* Returns the numbers of the lanes that pass, packed together (pext). */
WITH_AVX2 static __m256i lanes_of(uint64_t set)
{
    const uint64_t bytes = _pdep_u64(set, 0x0101010101010101u) * 0xFFu;
    const __m128i packed =
        _mm_cvtsi64_si128((int64_t)_pext_u64(0x0706050403020100u, bytes));
    return _mm256_cvtepu8_epi32(packed);
}

/* Eight at a time without branches: lanes that pass are packed together, all eight are
 * stored, and the count grows by how many passed. Stores end at m + 8 <= i + 8 <= n,
 * within the room. */
WITH_AVX2 static size_t above_avx2(size_t n, const float *x, float t, int32_t *id,
                                   float *val)
{
    const __m256 limit = _mm256_set1_ps(t);
    size_t m = 0, i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m256 v = _mm256_loadu_ps(x + i);
        const __m256 more = _mm256_cmp_ps(v, limit, _CMP_GT_OQ);
        const uint64_t set = (uint64_t)_mm256_movemask_ps(more);
        const __m256i lanes = lanes_of(set);
        const __m256i ids = _mm256_add_epi32(lanes, _mm256_set1_epi32((int)i));
        _mm256_storeu_ps(val + m, _mm256_permutevar8x32_ps(v, lanes));
        _mm256_storeu_si256((__m256i_u *)(void *)(id + m), ids);
        m += (size_t)__builtin_popcountll(set);
    }
    return above_plain(i, n, x, t, id, val, m);
}

WITH_AVX512 static size_t above_avx512(size_t n, const float *x, float t, int32_t *id,
                                       float *val)
{
    const __m512 limit = _mm512_set1_ps(t);
    const __m512i step = _mm512_set1_epi32(16);
    __m512i ids =
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    size_t m = 0, i = 0;
    for (; i + 16 <= n; i += 16) {
        const __m512 v = _mm512_loadu_ps(x + i);
        const __mmask16 set = _mm512_cmp_ps_mask(v, limit, _CMP_GT_OQ);
        _mm512_storeu_ps(val + m, _mm512_maskz_compress_ps(set, v));
        _mm512_storeu_si512(id + m, _mm512_maskz_compress_epi32(set, ids));
        m += (size_t)__builtin_popcount(set);
        ids = _mm512_add_epi32(ids, step);
    }
    return above_plain(i, n, x, t, id, val, m);
}

/* ---- survivors above a threshold, in place ---- */

/* A store never reaches beyond what was already loaded: kept <= i. */
WITH_AVX2 static size_t keep_avx2(size_t n, float t, int32_t *id, float *val)
{
    const __m256 limit = _mm256_set1_ps(t);
    size_t kept = 0, i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m256 v = _mm256_loadu_ps(val + i);
        const __m256i at =
            _mm256_loadu_si256((const __m256i_u *)(const void *)(id + i));
        const __m256 more = _mm256_cmp_ps(v, limit, _CMP_GT_OQ);
        const uint64_t set = (uint64_t)_mm256_movemask_ps(more);
        const __m256i lanes = lanes_of(set);
        _mm256_storeu_ps(val + kept, _mm256_permutevar8x32_ps(v, lanes));
        _mm256_storeu_si256((__m256i_u *)(void *)(id + kept),
                            _mm256_permutevar8x32_epi32(at, lanes));
        kept += (size_t)__builtin_popcountll(set);
    }
    return keep_plain(i, n, t, id, val, kept);
}

WITH_AVX512 static size_t keep_avx512(size_t n, float t, int32_t *id, float *val)
{
    const __m512 limit = _mm512_set1_ps(t);
    size_t kept = 0, i = 0;
    for (; i + 16 <= n; i += 16) {
        const __m512 v = _mm512_loadu_ps(val + i);
        const __m512i at = _mm512_loadu_si512(id + i);
        const __mmask16 set = _mm512_cmp_ps_mask(v, limit, _CMP_GT_OQ);
        _mm512_storeu_ps(val + kept, _mm512_maskz_compress_ps(set, v));
        _mm512_storeu_si512(id + kept, _mm512_maskz_compress_epi32(set, at));
        kept += (size_t)__builtin_popcount(set);
    }
    return keep_plain(i, n, t, id, val, kept);
}

/* ---- counts ---- */

WITH_AVX2 static size_t count_avx2(size_t n, const float *v, float t)
{
    const __m256 limit = _mm256_set1_ps(t);
    size_t total = 0, i = 0;
    while (n - i >= 8) {
        /* Lanes count in 32 bits: 2^20 rounds at a time are far from too many. */
        const size_t left = (n - i) / 8, rounds = left < 1u << 20 ? left : 1u << 20;
        __m256i c = _mm256_setzero_si256();
        for (size_t r = 0; r < rounds; r++, i += 8) {
            const __m256 more =
                _mm256_cmp_ps(_mm256_loadu_ps(v + i), limit, _CMP_GT_OQ);
            c = _mm256_sub_epi32(c, _mm256_castps_si256(more));
        }
        int32_t lane[8];
        _mm256_storeu_si256((__m256i_u *)(void *)lane, c);
        for (size_t j = 0; j < 8; j++) {
            total += (size_t)lane[j];
        }
    }
    return total + count_plain(n - i, v + i, t);
}

WITH_AVX512 static size_t count_avx512(size_t n, const float *v, float t)
{
    const __m512 limit = _mm512_set1_ps(t);
    size_t total = 0, i = 0;
    for (; i + 32 <= n; i += 32) {
        const __mmask16 a =
            _mm512_cmp_ps_mask(_mm512_loadu_ps(v + i), limit, _CMP_GT_OQ);
        const __mmask16 b =
            _mm512_cmp_ps_mask(_mm512_loadu_ps(v + i + 16), limit, _CMP_GT_OQ);
        total += (size_t)__builtin_popcount((unsigned)a | (unsigned)b << 16);
    }
    for (; i < n; i += 16) {
        const unsigned some = n - i < 16 ? (1u << (n - i)) - 1 : 0xFFFFu;
        const __m512 x = _mm512_maskz_loadu_ps((__mmask16)some, v + i);
        total += (size_t)__builtin_popcount(
            _mm512_mask_cmp_ps_mask((__mmask16)some, x, limit, _CMP_GT_OQ));
    }
    return total;
}

/* ---- least and greatest of positive numbers, as their bits ---- */

WITH_AVX2 static void range_avx2(size_t n, const float *v, int32_t *lo, int32_t *hi)
{
    size_t i = 0;
    __m256i least = _mm256_set1_epi32(*lo), most = _mm256_set1_epi32(*hi);
    for (; i + 8 <= n; i += 8) {
        const __m256i b = _mm256_loadu_si256((const __m256i_u *)(const void *)(v + i));
        least = _mm256_min_epi32(least, b);
        most = _mm256_max_epi32(most, b);
    }
    int32_t l[8], m[8];
    _mm256_storeu_si256((__m256i_u *)(void *)l, least);
    _mm256_storeu_si256((__m256i_u *)(void *)m, most);
    for (size_t j = 0; j < 8; j++) {
        *lo = l[j] < *lo ? l[j] : *lo;
        *hi = m[j] > *hi ? m[j] : *hi;
    }
    range_plain(n - i, v + i, lo, hi);
}
