#include "num/topk.h"

#include <assert.h>
#include <float.h>
#include <stdbool.h>
#include <string.h>

/* Positive numbers have the same order as their bits read as integers. */
#ifdef REAL_F64
typedef int64_t real_bits;
#define REAL_MAX DBL_MAX
#else
typedef int32_t real_bits;
#define REAL_MAX FLT_MAX
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

/* ---- scans ---- */

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

/* Without branches, since which ones stay is nearly random. */
static size_t keep_plain(size_t begin, size_t n, real t, int32_t *id, real *val,
                         size_t kept)
{
    for (size_t i = begin; i < n; i++) {
        const real v = val[i];
        id[kept] = id[i];
        val[kept] = v;
        kept += (size_t)(v > t);
    }
    return kept;
}

static size_t count_plain(size_t n, const real *v, real t)
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

/* Widens lo .. hi to the bits of v [n]. */
static void range_plain(size_t n, const real *v, real_bits *lo, real_bits *hi)
{
    for (size_t i = 0; i < n; i++) {
        const real_bits b = bits_of(v[i]);
        *lo = b < *lo ? b : *lo;
        *hi = b > *hi ? b : *hi;
    }
}

#if defined(__x86_64__) && !defined(REAL_F64)
#include "num/topk_x86.h"

size_t topk_above_f32(size_t n, const float *x, float t, int32_t *id, float *val)
{
    return have_avx512() ? above_avx512(n, x, t, id, val)
           : have_avx2() ? above_avx2(n, x, t, id, val)
                         : above_sse2(n, x, t, id, val);
}

/* Keeps those of n survivors that are greater than t, in order; returns how many. */
static size_t keep_above(size_t n, float t, int32_t *id, float *val)
{
    return have_avx512() ? keep_avx512(n, t, id, val)
           : have_avx2() ? keep_avx2(n, t, id, val)
                         : keep_plain(0, n, t, id, val, 0);
}

static size_t count_above(size_t n, const float *v, float t)
{
    return have_avx512() ? count_avx512(n, v, t)
           : have_avx2() ? count_avx2(n, v, t)
                         : count_plain(n, v, t);
}

static void widen_range(size_t n, const float *v, int32_t *lo, int32_t *hi)
{
    if (have_avx2()) {
        range_avx2(n, v, lo, hi);
    } else {
        range_plain(n, v, lo, hi);
    }
}
#else
size_t R(topk_above)(size_t n, const real *x, real t, int32_t *id, real *val)
{
    return above_plain(0, n, x, t, id, val, 0);
}

static size_t keep_above(size_t n, real t, int32_t *id, real *val)
{
    return keep_plain(0, n, t, id, val, 0);
}

static size_t count_above(size_t n, const real *v, real t)
{
    return count_plain(n, v, t);
}

static void widen_range(size_t n, const real *v, real_bits *lo, real_bits *hi)
{
    range_plain(n, v, lo, hi);
}
#endif

/* ---- exact selection ---- */

real R(topk_cut)(size_t n, const real *v, size_t k, size_t *above)
{
    assert(k >= 1 && k <= n);
    real_bits lo = bits_of(v[0]), hi = lo;
    widen_range(n, v, &lo, &hi);
    lo--;
    /* more >= k lie above lo, fewer above hi */
    size_t more = n, fewer = 0;
    /* Bisect: a guess at the k-th value takes longer than it saves. */
    while (more > k && hi - lo > 1) {
        const real_bits mid = lo + (hi - lo) / 2;
        const size_t c = count_above(n, v, real_of(mid));
        if (c >= k) {
            lo = mid;
            more = c;
        } else {
            hi = mid;
            fewer = c;
        }
    }
    assert(fewer < k && more >= k);
    *above = more == k ? k : fewer;
    return real_of(more == k ? lo : hi);
}

/* ---- a row ---- */

#define GROUPS_MAX 256

/* Returns a value that at least k entries exceed or equal, minus the smallest step; 0
 * if none is found. With the row split into groups, it is the k-th greatest of the
 * groups' maxima. */
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

static void learn(struct R(topk_guess) *g, real kth)
{
    if (!(kth < REAL_MAX)) {
        return; /* of no use to others */
    }
    if (g->mean <= 0) {
        g->mean = kth;
        g->spread = kth / 4;
        return;
    }
    const real off = kth - g->mean;
    g->mean += off / 16;
    g->spread += ((off < 0 ? -off : off) - g->spread) / 16;
}

real R(topk_guess_below)(const struct R(topk_guess) *guess, real scale, real deviations)
{
    return (guess->mean - deviations * guess->spread) * scale;
}

/* Keeps only the first `ties` of the entries equal to the cut. */
static void drop_ties(size_t m, real cut, size_t ties, int32_t *id, real *val)
{
    size_t kept = 0;
    for (size_t i = 0; i < m; i++) {
        const bool tie = !(val[i] > cut);
        if (!tie || ties > 0) {
            ties -= tie ? 1 : 0;
            id[kept] = id[i];
            val[kept] = val[i];
            kept++;
        }
    }
}

/* Keeps the k greatest of the m >= k survivors, in order; returns about the least. */
static real keep_greatest(size_t m, size_t k, int32_t *id, real *val)
{
    assert(m >= k);
    size_t above;
    const real cut = R(topk_cut)(m, val, k, &above);
    if (above == k) {
        (void)keep_above(m, cut, id, val);
        return cut;
    }
    /* Keep also those equal to the cut: they are rarely more than there is room for. */
    m = keep_above(m, real_of(bits_of(cut) - 1), id, val);
    if (m > k) {
        drop_ties(m, cut, k - above, id, val);
    }
    return cut;
}

void R(topk_keep)(size_t n, size_t k, real scale, struct R(topk_guess) *guess,
                  int32_t *id, real *val)
{
    learn(guess, keep_greatest(n, k, id, val) / scale);
}

size_t R(topk_row)(size_t n, const real *x, size_t k, real scale,
                   struct R(topk_guess) *guess, int32_t *id, real *val)
{
    if (k == 0) {
        return 0;
    }
    /* Too high for a few rows in a thousand. */
    const real t = R(topk_guess_below)(guess, scale, (real)3.5);
    size_t m = t > 0 ? R(topk_above)(n, x, t, id, val) : 0;
    if (m < k) {
        m = R(topk_above)(n, x, lower_bound(n, x, k), id, val);
    }
    if (m < k) {
        return m; /* fewer than k are positive */
    }
    R(topk_keep)(m, k, scale, guess, id, val);
    return k;
}
