#include "num/topk.h"

#include <string.h>

#if defined(__x86_64__) && !defined(REAL_F64)
#include <immintrin.h>
#endif

/* Positive numbers order as the integers that their bits are. */
#ifdef REAL_F64
typedef int64_t real_bits;
#else
typedef int32_t real_bits;
#endif

static real_bits bits_of(real v)
{
    real_bits b;
    memcpy(&b, &v, sizeof b);
    return b;
}

static real real_of(real_bits b)
{
    real v;
    memcpy(&v, &b, sizeof v);
    return v;
}

/* ---- scan ---- */

static size_t above_plain(size_t begin, size_t n, const real *x, real t, int32_t *id,
                          real *val, size_t m)
{
    for (size_t i = begin; i < n; i++) {
        if (x[i] > t) {
            id[m] = (int32_t)i;
            val[m] = x[i];
            m++;
        }
    }
    return m;
}

#if defined(__x86_64__) && !defined(REAL_F64)
/* Few entries pass: 16 are compared at a time, and only the set bits are walked. */
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

/* Eight at a time without branches: the numbers of the lanes that pass are drawn
 * together (pext), lanes moved by them, all eight stored and counted on by how many
 * passed. What is stored ends at m + 8 <= i + 8 <= n, within the room. */
__attribute__((target("avx2,bmi2,popcnt"))) static size_t
above_avx2(size_t n, const float *x, float t, int32_t *id, float *val)
{
    const __m256 limit = _mm256_set1_ps(t);
    size_t m = 0, i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m256 v = _mm256_loadu_ps(x + i);
        const __m256 more = _mm256_cmp_ps(v, limit, _CMP_GT_OQ);
        const uint64_t set = (uint64_t)_mm256_movemask_ps(more);
        const uint64_t bytes = _pdep_u64(set, 0x0101010101010101u) * 0xFFu;
        const __m128i packed =
            _mm_cvtsi64_si128((int64_t)_pext_u64(0x0706050403020100u, bytes));
        const __m256i lanes = _mm256_cvtepu8_epi32(packed);
        const __m256i ids = _mm256_add_epi32(lanes, _mm256_set1_epi32((int)i));
        _mm256_storeu_ps(val + m, _mm256_permutevar8x32_ps(v, lanes));
        _mm256_storeu_si256((__m256i_u *)(void *)(id + m), ids);
        m += (size_t)__builtin_popcountll(set);
    }
    return above_plain(i, n, x, t, id, val, m);
}
#endif

size_t R(topk_above)(size_t n, const real *x, real t, int32_t *id, real *val)
{
#if defined(__x86_64__) && !defined(REAL_F64)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")
               ? above_avx2(n, x, t, id, val)
               : above_sse2(n, x, t, id, val);
#else
    return above_plain(0, n, x, t, id, val, 0);
#endif
}

/* ---- exact selection ---- */

static size_t count_above(size_t n, const real *v, real t)
{
    /* Counted in the width of the values, 2^20 at a time, so that the compiler can use
     * vectors of them. */
    size_t total = 0;
    for (size_t i = 0; i < n; i += (size_t)1 << 20) {
        const size_t end = n - i < (size_t)1 << 20 ? n : i + ((size_t)1 << 20);
        real_bits c = 0;
        for (size_t j = i; j < end; j++) {
            c += v[j] > t;
        }
        total += (size_t)c;
    }
    return total;
}

real R(topk_cut)(size_t n, const real *v, size_t k, size_t *above)
{
    real_bits lo = bits_of(v[0]), hi = lo;
    for (size_t i = 1; i < n; i++) {
        const real_bits b = bits_of(v[i]);
        lo = b < lo ? b : lo;
        hi = b > hi ? b : hi;
    }
    lo--;
    /* more >= k lie above lo, fewer above hi */
    size_t more = n, fewer = 0;
    for (int round = 0; more > k && hi - lo > 1; round++) {
        /* Where the k-th would be if they lay evenly; every third time the middle, so
         * that the range shrinks whatever the values. */
        const double share =
            round % 3 == 2 ? 0.5 : ((double)(more - k) + 0.5) / (double)(more - fewer);
        real_bits mid = lo + (real_bits)((double)(hi - lo) * share);
        mid = mid <= lo ? lo + 1 : mid >= hi ? hi - 1 : mid;
        const size_t c = count_above(n, v, real_of(mid));
        if (c >= k) {
            lo = mid;
            more = c;
        } else {
            hi = mid;
            fewer = c;
        }
    }
    *above = more == k ? k : fewer;
    return real_of(more == k ? lo : hi);
}

/* ---- a row ---- */

#define GROUPS_MAX 256

/* A value that at least k entries exceed or equal, minus the smallest step; 0 if none
 * is found: with the row dealt out over groups, the k-th greatest of the groups'
 * maxima. */
static real lower_bound(size_t n, const real *x, size_t k)
{
    size_t groups = 8;
    while (groups < 2 * k && groups < GROUPS_MAX) {
        groups *= 2;
    }
    if (groups < 2 * k || n < 2 * groups) {
        return 0;
    }
    real top[GROUPS_MAX] = {0};
    for (size_t i = 0; i + groups <= n; i += groups) {
        for (size_t j = 0; j < groups; j++) {
            top[j] = x[i + j] > top[j] ? x[i + j] : top[j];
        }
    }
    size_t positive = 0;
    for (size_t j = 0; j < groups; j++) {
        if (top[j] > 0) {
            top[positive++] = top[j];
        }
    }
    if (positive < k) {
        return 0;
    }
    size_t above;
    const real cut = R(topk_cut)(positive, top, k, &above);
    return above == k ? cut : real_of(bits_of(cut) - 1);
}

static void learn(struct R(topk_guess) * g, real kth)
{
    if (g->mean <= 0) {
        g->mean = kth;
        g->spread = kth / 4;
        return;
    }
    const real off = kth - g->mean;
    g->mean += off / 16;
    g->spread += ((off < 0 ? -off : off) - g->spread) / 16;
}

/* The k greatest of the m >= k survivors, kept in order; returns about the least. */
static real keep_greatest(size_t m, size_t k, int32_t *id, real *val)
{
    size_t above;
    const real cut = R(topk_cut)(m, val, k, &above);
    size_t ties = k - above, kept = 0;
    /* Without branches, as which ones stay is as good as random. */
    for (size_t i = 0; i < m; i++) {
        const real v = val[i];
        const int32_t at = id[i];
        const size_t tie =
            (size_t)(v >= cut) & (size_t) !(v > cut) & (size_t)(ties > 0);
        val[kept] = v;
        id[kept] = at;
        kept += (size_t)(v > cut) | tie;
        ties -= tie;
    }
    return cut;
}

size_t R(topk_row)(size_t n, const real *x, size_t k, struct R(topk_guess) * guess,
                   int32_t *id, real *val)
{
    if (k == 0) {
        return 0;
    }
    /* Two standard deviations are about 2.5 mean deviations. */
    const real t = guess->mean - (real)2.5 * guess->spread;
    size_t m = t > 0 ? R(topk_above)(n, x, t, id, val) : 0;
    if (m < k) {
        m = R(topk_above)(n, x, lower_bound(n, x, k), id, val);
    }
    if (m < k) {
        return m; /* fewer than k are positive */
    }
    learn(guess, keep_greatest(m, k, id, val));
    return k;
}
