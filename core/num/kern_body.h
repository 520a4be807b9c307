/* The kernels of num/kern.h, compiled twice: by kern_portable.c and, with -mavx2 -mfma,
 * by kern_avx2.c, each of which defines KERN_TABLE (the table's name) and KERN_NAME.
 * Written with the compiler's vectors of eight floats, which become two of four on
 * smaller CPUs. A sum runs over up to four vectors of partial sums, folded in a fixed
 * order. */
#include "base/watch.h"
#include "num/kern.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

#define WIDTH     8    /* floats of one vector */
#define SUM_BLOCK 1024 /* floats summed in float before the sum goes to a double */

typedef float v8 __attribute__((vector_size(32)));
typedef int32_t v8i __attribute__((vector_size(32)));

#define INLINE UNWATCHED static inline __attribute__((always_inline))

/* ---- vectors ---- */

INLINE v8 splat(float x)
{
    return (v8){x, x, x, x, x, x, x, x};
}

INLINE v8 load(const float *p)
{
    v8 v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void store(float *p, v8 v)
{
    memcpy(p, &v, sizeof v);
}

#ifdef __AVX2__
/* Returns all bits set in the first n lanes. */
INLINE __m256i lanes(size_t n)
{
    static const int32_t mask[2 * WIDTH] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(const void *)(mask + WIDTH - n));
}
#endif

/* Loads the first n <= WIDTH floats, with `fill` after them. */
INLINE v8 load_part(const float *p, size_t n, float fill)
{
#ifdef __AVX2__
    const __m256i m = lanes(n);
    return (v8)_mm256_blendv_ps((__m256)splat(fill), _mm256_maskload_ps(p, m),
                                _mm256_castsi256_ps(m));
#else
    float t[WIDTH] = {fill, fill, fill, fill, fill, fill, fill, fill};
    memcpy(t, p, n * sizeof *p);
    return load(t);
#endif
}

INLINE void store_part(float *p, size_t n, v8 v)
{
#ifdef __AVX2__
    _mm256_maskstore_ps(p, lanes(n), (__m256)v);
#else
    float t[WIDTH];
    store(t, v);
    memcpy(p, t, n * sizeof *p);
#endif
}

/* Returns v with `fill` from lane n on. */
INLINE v8 cut(v8 v, size_t n, float fill)
{
#ifdef __AVX2__
    return (v8)_mm256_blendv_ps((__m256)splat(fill), (__m256)v,
                                _mm256_castsi256_ps(lanes(n)));
#else
    float t[WIDTH];
    store(t, v);
    return load_part(t, n, fill);
#endif
}

/* Return the greater, the lesser; where either is NaN, b. */
INLINE v8 max8(v8 a, v8 b)
{
#ifdef __AVX2__
    return (v8)_mm256_max_ps((__m256)a, (__m256)b);
#else
    const v8i m = a > b;
    return (v8)((m & (v8i)a) | (~m & (v8i)b));
#endif
}

INLINE v8 min8(v8 a, v8 b)
{
#ifdef __AVX2__
    return (v8)_mm256_min_ps((__m256)a, (__m256)b);
#else
    const v8i m = a < b;
    return (v8)((m & (v8i)a) | (~m & (v8i)b));
#endif
}

/* Returns the sum of all floats of the four: first by lane, then pairwise. */
INLINE float fold4(const v8 s[4])
{
    float t[WIDTH];
    store(t, (s[0] + s[1]) + (s[2] + s[3]));
    return ((t[0] + t[4]) + (t[2] + t[6])) + ((t[1] + t[5]) + (t[3] + t[7]));
}

INLINE float fold_max(const v8 top[2])
{
    float t[WIDTH];
    store(t, max8(top[0], top[1]));
    float m = t[0];
    for (size_t i = 1; i < WIDTH; i++) {
        m = t[i] > m ? t[i] : m;
    }
    return m;
}

/* e^x: x = n ln 2 + r, a polynomial in r (the Cephes library's expf), and 2^n as two
 * factors so that results below the normal range and the overflow come out right. */
INLINE v8 exp8(v8 x)
{
    x = min8(splat(89.0f), max8(splat(-104.0f), x)); /* NaN passes */
    const v8 shift = splat(12582912.0f); /* 1.5 * 2^23 rounds to an integer */
    const v8 biased = x * 1.44269504088896341f + shift;
    const v8 n = biased - shift;
    const v8i ni = (v8i)biased - (v8i)shift;
    v8 r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    v8 p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r;
    p = p + 1.0f;
    const v8i half = ni >> 1;
    const v8i rest = ni - half;
    return p * (v8)((half + 127) << 23) * (v8)((rest + 127) << 23);
}

/* ---- elementwise ---- */

static void kern_exp(size_t n, const float *x, float *y)
{
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        store(y + i, exp8(load(x + i)));
    }
    if (i < n) {
        store_part(y + i, n - i, exp8(load_part(x + i, n - i, 0.0f)));
    }
}

typedef double v4d __attribute__((vector_size(32)));
typedef int64_t v4l __attribute__((vector_size(32)));

INLINE v4d splat4(double x)
{
    return (v4d){x, x, x, x};
}

/* Returns b in the lanes set in m, else a. */
INLINE v4d pick4(v4l m, v4d a, v4d b)
{
    return (v4d)((m & (v4l)b) | (~m & (v4l)a));
}

/* As exp8, in double: r in +-ln 2 / 2, whose Taylor series ends after r^13. Adding 1.5
 * * 2^52 rounds and leaves n in the low bits, from which it is shifted into the
 * exponent. */
INLINE v4d exp4(v4d x)
{
    const double magic = 6755399441055744.0;
    const v4d most = splat4(709.0), least = splat4(-708.0);
    const v4d cut = pick4(x > most, x, most); /* NaN passes */
    const v4d at = pick4(cut < least, cut, least);
    const v4d whole = at * 1.4426950408889634 + magic;
    const v4d n = whole - magic;
    const v4d r = (at - n * 6.93145751953125e-1) - n * 1.42860682030941723212e-6;
    v4d p = splat4(1.0 / 6227020800.0);
    /* clang-format off */
    static const double term[] = {1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0,
                                  1.0 / 362880.0,    1.0 / 40320.0,    1.0 / 5040.0,
                                  1.0 / 720.0,       1.0 / 120.0,      1.0 / 24.0,
                                  1.0 / 6.0,         0.5,              1.0,
                                  1.0};
    /* clang-format on */
    for (size_t i = 0; i < sizeof term / sizeof *term; i++) {
        p = p * r + term[i];
    }
    return (v4d)((v4l)p + ((v4l)whole << 52));
}

static void kern_exp_f64(size_t n, const double *x, double *y)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        v4d v;
        memcpy(&v, x + i, sizeof v);
        v = exp4(v);
        memcpy(y + i, &v, sizeof v);
    }
    if (i < n) {
        double t[4] = {0.0, 0.0, 0.0, 0.0};
        v4d v;
        memcpy(t, x + i, (n - i) * sizeof *t);
        memcpy(&v, t, sizeof v);
        v = exp4(v);
        memcpy(y + i, &v, (n - i) * sizeof *y);
    }
}

#define GELU_SCALE 0.79788456080286536f /* sqrt(2 / pi) */
#define GELU_CUBE  0.044715f

/* Returns -2 u for gelu's tanh(u) = 2 sigmoid(2 u) - 1. */
INLINE v8 gelu_arg(v8 x)
{
    return x * (-2.0f * GELU_SCALE) * (1.0f + GELU_CUBE * (x * x));
}

INLINE v8 gelu8(v8 x)
{
    return x / (1.0f + exp8(gelu_arg(x)));
}

UNWATCHED static void kern_gelu(size_t n, const float *x, float *y)
{
    size_t i = 0;
    watch_read(x, n * sizeof *x);
    watch_write(y, n * sizeof *y);
    for (; i + WIDTH <= n; i += WIDTH) {
        store(y + i, gelu8(load(x + i)));
    }
    if (i < n) {
        store_part(y + i, n - i, gelu8(load_part(x + i, n - i, 0.0f)));
    }
}

INLINE v8 gelu_slope(v8 x)
{
    /* Beyond 20 the slope is 0 or 1 in float, and x * x might overflow. */
    x = min8(splat(20.0f), max8(splat(-20.0f), x));
    const v8 s = 1.0f / (1.0f + exp8(gelu_arg(x)));
    const v8 du = (2.0f * GELU_SCALE) * (1.0f + (3.0f * GELU_CUBE) * (x * x));
    return s + x * s * (1.0f - s) * du;
}

static void kern_gelu_back(size_t n, const float *x, const float *dy, float *dx)
{
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        store(dx + i, load(dy + i) * gelu_slope(load(x + i)));
    }
    if (i < n) {
        const size_t left = n - i;
        const v8 slope = gelu_slope(load_part(x + i, left, 0.0f));
        store_part(dx + i, left, load_part(dy + i, left, 0.0f) * slope);
    }
}

/* Returns e^(z^2) erfc(z) / t for t = 1 / (1 + z/2), z >= 0, as a series in t: Press
 * and others, Numerical Recipes, 6.2, relative error below 1.2e-7. */
INLINE v8 erfc_series(v8 t)
{
    static const float term[] = {-0.82215223f, 1.48851587f,  -1.13520398f,
                                 0.27886807f,  -0.18628806f, 0.09678418f,
                                 0.37409196f,  1.00002368f,  -1.26551223f};
    v8 p = splat(0.17087277f);
    for (size_t i = 0; i < sizeof term / sizeof *term; i++) {
        p = p * t + term[i];
    }
    return exp8(p);
}

/* Returns max(x, 0) minus the tail |x|/2 erfc(|x| / sqrt(2)). */
INLINE v8 gelu_erf8(v8 x)
{
    const v8 size = max8(x, -x);
    const v8 t = 1.0f / (1.0f + 0.35355339059327379f * size);
    const v8 tail = 0.5f * size * t * exp8(-0.5f * size * size) * erfc_series(t);
    return max8(x, splat(0.0f)) - tail;
}

static void kern_gelu_erf(size_t n, const float *x, float *y)
{
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        store(y + i, gelu_erf8(load(x + i)));
    }
    if (i < n) {
        store_part(y + i, n - i, gelu_erf8(load_part(x + i, n - i, 0.0f)));
    }
}

INLINE v8 silu8(v8 x)
{
    return x / (1.0f + exp8(-x));
}

static void kern_silu(size_t n, const float *x, float *y)
{
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        store(y + i, silu8(load(x + i)));
    }
    if (i < n) {
        store_part(y + i, n - i, silu8(load_part(x + i, n - i, 0.0f)));
    }
}

static void kern_axpy(size_t n, float alpha, const float *restrict x, float *restrict y)
{
    for (size_t i = 0; i < n; i++) {
        y[i] += alpha * x[i];
    }
}

UNWATCHED static void kern_add(size_t n, const float *a, const float *b, float *y)
{
    watch_read(a, n * sizeof *a);
    watch_read(b, n * sizeof *b);
    watch_write(y, n * sizeof *y);
    for (size_t i = 0; i < n; i++) {
        y[i] = a[i] + b[i];
    }
}

static void kern_scale(size_t n, float alpha, float *x)
{
    for (size_t i = 0; i < n; i++) {
        x[i] *= alpha;
    }
}

/* ---- sums ---- */

static float kern_dot(size_t n, const float *a, const float *b)
{
    v8 s[4] = {{0}};
    size_t i = 0;
    for (; i + 4 * WIDTH <= n; i += 4 * WIDTH) {
        s[0] += load(a + i) * load(b + i);
        s[1] += load(a + i + WIDTH) * load(b + i + WIDTH);
        s[2] += load(a + i + 2 * WIDTH) * load(b + i + 2 * WIDTH);
        s[3] += load(a + i + 3 * WIDTH) * load(b + i + 3 * WIDTH);
    }
    for (; i + WIDTH <= n; i += WIDTH) {
        s[0] += load(a + i) * load(b + i);
    }
    if (i < n) {
        s[1] += load_part(a + i, n - i, 0.0f) * load_part(b + i, n - i, 0.0f);
    }
    return fold4(s);
}

/* Returns the sum of up to SUM_BLOCK floats. */
INLINE float sum_block(size_t n, const float *x)
{
    v8 s[4] = {{0}};
    size_t i = 0;
    for (; i + 4 * WIDTH <= n; i += 4 * WIDTH) {
        s[0] += load(x + i);
        s[1] += load(x + i + WIDTH);
        s[2] += load(x + i + 2 * WIDTH);
        s[3] += load(x + i + 3 * WIDTH);
    }
    for (; i + WIDTH <= n; i += WIDTH) {
        s[0] += load(x + i);
    }
    if (i < n) {
        s[1] += load_part(x + i, n - i, 0.0f);
    }
    return fold4(s);
}

static double kern_sum(size_t n, const float *x)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i += SUM_BLOCK) {
        sum += (double)sum_block(n - i < SUM_BLOCK ? n - i : SUM_BLOCK, x + i);
    }
    return sum;
}

static double kern_sumsq(size_t n, const float *x)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i += SUM_BLOCK) {
        sum += (double)kern_dot(n - i < SUM_BLOCK ? n - i : SUM_BLOCK, x + i, x + i);
    }
    return sum;
}

#include "num/kern_logistic.h"
#include "num/kern_logit.h"
#include "num/kern_rows.h"

/* ---- softmax ---- */

/* Returns the greatest scale * x, skipping NaN; 0 where that is not finite, which keeps
 * infinities from becoming NaN where a limit exists. */
INLINE float max_shift(size_t n, float scale, const float *x)
{
    v8 top[2] = {splat(-INFINITY), splat(-INFINITY)};
    size_t i = 0;
    for (; i + 2 * WIDTH <= n; i += 2 * WIDTH) {
        top[0] = max8(load(x + i) * scale, top[0]);
        top[1] = max8(load(x + i + WIDTH) * scale, top[1]);
    }
    for (; i + WIDTH <= n; i += WIDTH) {
        top[0] = max8(load(x + i) * scale, top[0]);
    }
    if (i < n) {
        const v8 last = load_part(x + i, n - i, 0.0f) * scale;
        top[1] = max8(cut(last, n - i, -INFINITY), top[1]);
    }
    const float m = fold_max(top);
    return isfinite(m) ? m : 0.0f;
}

/* Returns the sum of e^(scale x - shift) over up to SUM_BLOCK, storing the terms to y
 * if `keep`. */
INLINE float exp_block(size_t n, float scale, float shift, const float *x, float *y,
                       int keep)
{
    v8 s[4] = {{0}};
    size_t i = 0;
    for (; i + 2 * WIDTH <= n; i += 2 * WIDTH) {
        const v8 e0 = exp8(load(x + i) * scale - shift);
        const v8 e1 = exp8(load(x + i + WIDTH) * scale - shift);
        s[0] += e0;
        s[1] += e1;
        if (keep) {
            store(y + i, e0);
            store(y + i + WIDTH, e1);
        }
    }
    for (; i + WIDTH <= n; i += WIDTH) {
        const v8 e = exp8(load(x + i) * scale - shift);
        s[0] += e;
        if (keep) {
            store(y + i, e);
        }
    }
    if (i < n) {
        const v8 e = exp8(load_part(x + i, n - i, 0.0f) * scale - shift);
        s[1] += cut(e, n - i, 0.0f);
        if (keep) {
            store_part(y + i, n - i, e);
        }
    }
    return fold4(s);
}

UNWATCHED static void kern_softmax(size_t n, float scale, float *x, double *lse)
{
    watch_write(x, n * sizeof *x);
    const float shift = max_shift(n, scale, x);
    double sum = 0.0;
    for (size_t i = 0; i < n; i += SUM_BLOCK) {
        const size_t part = n - i < SUM_BLOCK ? n - i : SUM_BLOCK;
        sum += (double)exp_block(part, scale, shift, x + i, x + i, 1);
    }
    kern_scale(n, (float)(1.0 / sum), x);
    if (lse != NULL) {
        *lse = (double)shift + log(sum);
    }
}

UNWATCHED static double kern_lse(size_t n, const float *x)
{
    watch_read(x, n * sizeof *x);
    const float shift = max_shift(n, 1.0f, x);
    double sum = 0.0;
    for (size_t i = 0; i < n; i += SUM_BLOCK) {
        const size_t part = n - i < SUM_BLOCK ? n - i : SUM_BLOCK;
        sum += (double)exp_block(part, 1.0f, shift, x + i, NULL, 0);
    }
    return (double)shift + log(sum);
}

static void kern_softmax_back(size_t n, float scale, const float *restrict p,
                              float *restrict dp)
{
    const float mean = kern_dot(n, p, dp);
    for (size_t i = 0; i < n; i++) {
        dp[i] = scale * p[i] * (dp[i] - mean);
    }
}

/* ---- layer norm ---- */

/* Returns the sum of (x - mean)^2. */
INLINE float spread(size_t n, const float *x, float mean)
{
    v8 s[4] = {{0}};
    size_t i = 0;
    for (; i + 2 * WIDTH <= n; i += 2 * WIDTH) {
        const v8 d0 = load(x + i) - mean;
        const v8 d1 = load(x + i + WIDTH) - mean;
        s[0] += d0 * d0;
        s[1] += d1 * d1;
    }
    for (; i + WIDTH <= n; i += WIDTH) {
        const v8 d = load(x + i) - mean;
        s[0] += d * d;
    }
    if (i < n) {
        const v8 d = load_part(x + i, n - i, mean) - mean;
        s[1] += d * d;
    }
    return fold4(s);
}

UNWATCHED static void kern_layernorm(size_t n, float eps, const float *x,
                                     const float *w, const float *b, float *y,
                                     float *mean, float *rstd)
{
    watch_read(x, n * sizeof *x);
    watch_read(w, n * sizeof *w);
    watch_read(b, n * sizeof *b);
    watch_write(y, n * sizeof *y);
    const float mu = (float)(kern_sum(n, x) / (double)n);
    const float r = 1.0f / sqrtf(spread(n, x, mu) / (float)n + eps);
    for (size_t i = 0; i < n; i++) {
        y[i] = (x[i] - mu) * r * w[i] + b[i];
    }
    if (mean != NULL) {
        *mean = mu;
    }
    if (rstd != NULL) {
        *rstd = r;
    }
}

static void kern_layernorm_back(size_t n, const float *restrict x,
                                const float *restrict w, float mean, float rstd,
                                const float *restrict dy, float *restrict dx,
                                float *restrict dw, float *restrict db)
{
    v8 s[4] = {{0}}, sx[4] = {{0}};
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        const v8 g = load(dy + i) * load(w + i);
        s[0] += g;
        sx[0] += g * ((load(x + i) - mean) * rstd);
    }
    if (i < n) {
        const size_t left = n - i;
        const v8 g = load_part(dy + i, left, 0.0f) * load_part(w + i, left, 0.0f);
        s[0] += g;
        sx[0] += g * ((load_part(x + i, left, mean) - mean) * rstd);
    }
    const float a = fold4(s) / (float)n;
    const float c = fold4(sx) / (float)n;
    for (i = 0; i < n; i++) {
        const float xhat = (x[i] - mean) * rstd;
        dx[i] += rstd * (dy[i] * w[i] - a - xhat * c);
        dw[i] += dy[i] * xhat;
        db[i] += dy[i];
    }
}

/* ---- optimizer ---- */

static void kern_adam(size_t n, const struct adam *a, const float *restrict g,
                      float *restrict w, float *restrict m, float *restrict v)
{
    const float beta1 = (float)a->beta1, rest1 = (float)(1.0 - a->beta1);
    const float beta2 = (float)a->beta2, rest2 = (float)(1.0 - a->beta2);
    const float scale = (float)a->grad_scale, step = (float)a->step;
    const float root = (float)a->root_scale, eps = (float)a->eps;
    const float keep = (float)(1.0 - a->decay);
    for (size_t i = 0; i < n; i++) {
        const float gi = scale * g[i];
        const float mi = beta1 * m[i] + rest1 * gi;
        const float vi = beta2 * v[i] + rest2 * (gi * gi);
        m[i] = mi;
        v[i] = vi;
        w[i] = keep * w[i] - step * (mi / (sqrtf(vi) * root + eps));
    }
}

/* ---- table ---- */

const struct kern KERN_TABLE = {
    .name = KERN_NAME,
    .exp = kern_exp,
    .exp_f64 = kern_exp_f64,
    .gelu = kern_gelu,
    .gelu_back = kern_gelu_back,
    .gelu_erf = kern_gelu_erf,
    .silu = kern_silu,
    .softmax = kern_softmax,
    .softmax_back = kern_softmax_back,
    .lse = kern_lse,
    .layernorm = kern_layernorm,
    .layernorm_back = kern_layernorm_back,
    .dot = kern_dot,
    .axpy = kern_axpy,
    .add = kern_add,
    .scale = kern_scale,
    .sum = kern_sum,
    .sumsq = kern_sumsq,
    .logistic = kern_logistic,
    .logit = kern_logit,
    .rows_axpy = kern_rows_axpy,
    .rows_sum = kern_rows_sum,
    .rows_dot = kern_rows_dot,
    .adam = kern_adam,
};
