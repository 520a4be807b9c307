/* The kernels of num/kern_sieve.h for AVX-512 with VNNI: CMakeLists.txt compiles this
 * file for that on x86-64. There is none for AVX2, where products of whole numbers were
 * no faster than those of floats. */
#include "num/kern_sieve.h"

#if defined(__x86_64__)
#if defined(__AVX512VNNI__)
#define LANES      16
#define SIEVE_ROWS 14
#include "num/kern_lanes.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define SIEVE_PANEL ((size_t)2 * LANES)

/* ---- rounding ---- */

/* Beyond these limits a unit is not a normal number, or its square not a finite one. */
#define SIEVE_LEAST 1e-15f
#define SIEVE_MOST  1e15f
#define SIEVE_TOP   32766.0f /* and half, rounded, is of 16 bits */

/* Returns the sum of squares; *top: the greatest magnitude. */
static float square_and_top(size_t D, const float *x, float *top)
{
    fv squares = LANES_SPLAT(0), tops = LANES_SPLAT(0);
    float part[LANES], parts[LANES], sum = 0;
    size_t d = 0;
    for (; d + LANES <= D; d += LANES) {
        const fv v = LANES_ABS(LANES_LOAD(x + d));
        squares = LANES_FMA(v, v, squares);
        tops = LANES_MAX(v, tops);
    }
    LANES_STORE(part, squares);
    LANES_STORE(parts, tops);
    for (size_t i = 0; i < LANES; i++) {
        sum += part[i];
        *top = parts[i] > *top ? parts[i] : *top;
    }
    for (; d < D; d++) {
        sum += x[d] * x[d];
        *top = fabsf(x[d]) > *top ? fabsf(x[d]) : *top;
    }
    return sum;
}

LANES_INLINE void store_whole(int16_t *q, fv x)
{
    _mm256_storeu_si256((__m256i_u *)(void *)q,
                        _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(x)));
}

static float sieve_round(size_t D, const float *x, int16_t *q, float *unit)
{
    float top = 0;
    const float norm = sqrtf(square_and_top(D, x, &top));
    if (!(norm > SIEVE_LEAST && norm < SIEVE_MOST)) {
        return 0;
    }
    const float by_norm = norm / SIEVE_NORM, by_top = top / SIEVE_TOP;
    *unit = by_norm > by_top ? by_norm : by_top;
    const float scale = 1 / *unit;
    const fv scales = LANES_SPLAT(scale);
    size_t d = 0;
    for (; d + LANES <= D; d += LANES) {
        store_whole(q + d, LANES_LOAD(x + d) * scales);
    }
    for (; d < D; d++) {
        q[d] = (int16_t)(int32_t)rintf(x[d] * scale);
    }
    if (D % 2 > 0) {
        q[D] = 0;
    }
    return norm;
}

static void sieve_deal(size_t pairs, const int16_t *q, size_t step, int16_t *to)
{
    lanes_deal(LANES, pairs, (const float *)(const void *)q, pairs, step,
               (float *)(void *)to);
}

/* ---- products ---- */

/* Returns sum + a0 b0 + a1 b1. With the intrinsic, gcc 12 keeps sums in memory. */
LANES_INLINE __m512i dot_pairs(__m512i sum, __m512i a, __m512i b)
{
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}

LANES_INLINE __m512i load_pairs(const int16_t *p)
{
    __m512i v;
    memcpy(&v, p, sizeof v);
    return v;
}

LANES_INLINE __m512i splat_pair(const int16_t *p)
{
    int32_t pair;
    memcpy(&pair, p, sizeof pair);
    return _mm512_set1_epi32(pair);
}

typedef __m512i sieve_sums[SIEVE_ROWS][2];

/* Adds one pair of terms to each sum. */
LANES_INLINE void sieve_pair(size_t rows, const int16_t *x, const int16_t *panel,
                             sieve_sums sum)
{
    const __m512i left = load_pairs(panel), right = load_pairs(panel + 2 * LANES);
    LANES_UNROLLED
    for (size_t r = 0; r < rows; r++) {
        const __m512i both = splat_pair(x + 2 * r);
        sum[r][0] = dot_pairs(sum[r][0], both, left);
        sum[r][1] = dot_pairs(sum[r][1], both, right);
    }
}

#define SIEVE_AHEAD 16 /* pairs that are fetched ahead */

LANES_INLINE void fetch(const int16_t *x, const int16_t *panel)
{
    __builtin_prefetch(x + SIEVE_AHEAD * 2 * LANES);
    for (size_t i = 0; i < 4 * SIEVE_PANEL; i += 32) { /* a cache line each */
        __builtin_prefetch(panel + SIEVE_AHEAD * 2 * SIEVE_PANEL + i);
    }
}

/* Handles half a panel's columns, from c on, of row r. */
LANES_INLINE void sieve_half(__m512i sum, const struct sieve_columns *columns, size_t c,
                             const struct sieve_cut *cut, size_t r)
{
    const fv sums = _mm512_cvtepi32_ps(sum), unit = LANES_SPLAT(cut->unit[r]);
    const fv units = LANES_LOAD(columns->unit + c),
             bias = LANES_LOAD(columns->bias + c);
    const fv most = LANES_FMA(sums, units, LANES_LOAD(columns->margin + c));
    const lane_set set =
        LANES_GREATER(LANES_FMA(most, unit, bias), LANES_SPLAT(cut->above[r]));
    memcpy(cut->set + (r * cut->ld + c) / 8, &set, sizeof set);
    LANES_STORE(cut->about + r * cut->ld + c, LANES_FMA(sums * units, unit, bias));
}

LANES_INLINE void sieve_tile(size_t rows, size_t pairs, const int16_t *x,
                             const int16_t *panel, const struct sieve_columns *columns,
                             const struct sieve_cut *cut, size_t r0)
{
    sieve_sums sum;
    LANES_UNROLLED
    for (size_t r = 0; r < rows; r++) {
        sum[r][0] = _mm512_setzero_si512();
        sum[r][1] = _mm512_setzero_si512();
    }
    size_t p = 0;
    for (; p + 2 <= pairs; p += 2) { /* two, for less overhead */
        const int16_t *xp = x + p * 2 * LANES, *at = panel + p * 2 * SIEVE_PANEL;
        fetch(xp, at);
        sieve_pair(rows, xp, at, sum);
        sieve_pair(rows, xp + 2 * LANES, at + 2 * SIEVE_PANEL, sum);
    }
    if (p < pairs) {
        sieve_pair(rows, x + p * 2 * LANES, panel + p * 2 * SIEVE_PANEL, sum);
    }
    LANES_UNROLLED
    for (size_t r = 0; r < rows; r++) {
        sieve_half(sum[r][0], columns, 0, cut, r0 + r);
        sieve_half(sum[r][1], columns, LANES, cut, r0 + r);
    }
}

/* The last tile is computed whole: missing rows have pairs like the others. */
static void sieve_above(size_t n, size_t pairs, const int16_t *x, const int16_t *panel,
                        const struct sieve_columns *columns,
                        const struct sieve_cut *cut)
{
    const struct sieve_columns c = *columns;
    const struct sieve_cut own = *cut;
    for (size_t r = 0; r < n; r += SIEVE_ROWS) {
        sieve_tile(SIEVE_ROWS, pairs, x, panel, &c, &own, r);
        x += pairs * 2 * LANES;
    }
}

/* ---- single entries ---- */

/* Computes up to LANES entries: x, or with `each` row x[j], times row[j], starting from
 * sum[j]. Each is summed by itself in the order of D. */
LANES_INLINE void entries_lanes(size_t D, bool each, const float *const x[],
                                const float *const row[], float sum[LANES])
{
    fv s = LANES_LOAD(sum);
    size_t d = 0;
    for (; d + 4 <= D; d += 4) {
        fv four[4], of[4];
        lanes_four(row, d, four);
        if (each) {
            lanes_four(x, d, of);
        }
        LANES_UNROLLED
        for (size_t k = 0; k < 4; k++) {
            s = LANES_FMA(each ? of[k] : LANES_SPLAT(x[0][d + k]), four[k], s);
        }
    }
    LANES_STORE(sum, s);
    for (; d < D; d++) {
        for (size_t j = 0; j < LANES; j++) {
            sum[j] = fmaf(x[each ? j : 0][d], row[j][d], sum[j]);
        }
    }
}

LANES_INLINE void entries(size_t n, const int32_t *of, const int32_t *id, size_t D,
                          const float *x, const float *W, const float *b, float *out)
{
    for (size_t i = 0; i < n; i += LANES) {
        const size_t some = n - i < LANES ? n - i : LANES;
        const float *rows[LANES], *columns[LANES];
        float sum[LANES];
        rows[0] = x;
        for (size_t j = 0; j < LANES; j++) {
            const size_t at = i + (j < some ? j : 0), c = (size_t)id[at];
            columns[j] = W + c * D;
            sum[j] = b[c];
            if (of) {
                rows[j] = x + (size_t)of[at] * D;
            }
        }
        entries_lanes(D, of != NULL, rows, columns, sum);
        memcpy(out + i, sum, some * sizeof *out);
    }
}

static void sieve_row_entries(size_t n, const int32_t *id, size_t D, const float *x,
                              const float *W, const float *b, float *out)
{
    entries(n, NULL, id, D, x, W, b, out);
}

static void sieve_entries(size_t n, const int32_t *of, const int32_t *id, size_t D,
                          const float *x, const float *W, const float *b, float *out)
{
    entries(n, of, id, D, x, W, b, out);
}

const struct kern_sieve kern_table_sieve_vnni = {
    .name = "vnni",
    .lanes = LANES,
    .tile = SIEVE_ROWS,
    .round = sieve_round,
    .deal = sieve_deal,
    .above = sieve_above,
    .row_entries = sieve_row_entries,
    .entries = sieve_entries,
};
#else
const struct kern_sieve kern_table_sieve_vnni = {.name = NULL};
#endif
#endif
