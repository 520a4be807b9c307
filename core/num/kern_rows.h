/* Kernels over rows chosen from a matrix, part of kern_body.h: what a sparse product
 * needs. The row of results stays in registers, 64 floats at a time, while the chosen
 * rows are read. */

#define ROWS_VECTORS 8
/* How many rows ahead to prefetch. */
#define AHEAD 4

/* a b + c, rounded once where the CPU can. Not left to the compiler, as kern_avx512.c
 * must give the same bits. */
INLINE v8 fma8(v8 a, v8 b, v8 c)
{
#ifdef __AVX2__
    return (v8)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}

/* y [D] += sum of w[i] x[id[i]], or with `fresh` y = scale times that sum, ROWS_VECTORS
 * vectors of columns at a time. */
INLINE void gather_rows(size_t n, const int32_t *id, const float *w, const float *x,
                        size_t ld, size_t D, int fresh, float scale, float *y)
{
    size_t at = 0;
    for (; at + ROWS_VECTORS * WIDTH <= D; at += ROWS_VECTORS * WIDTH) {
        v8 s[ROWS_VECTORS];
        for (size_t j = 0; j < ROWS_VECTORS; j++) {
            s[j] = fresh ? splat(0.0f) : load(y + at + j * WIDTH);
        }
        for (size_t i = 0; i < n; i++) {
            const float *row = x + (size_t)id[i] * ld + at;
            const v8 wi = splat(w[i]);
            const float *soon = x + (size_t)id[i + AHEAD < n ? i + AHEAD : i] * ld + at;
            for (size_t j = 0; j < ROWS_VECTORS * WIDTH; j += 16) {
                __builtin_prefetch(soon + j);
            }
            for (size_t j = 0; j < ROWS_VECTORS; j++) {
                s[j] = fma8(wi, load(row + j * WIDTH), s[j]);
            }
        }
        for (size_t j = 0; j < ROWS_VECTORS; j++) {
            store(y + at + j * WIDTH, fresh ? s[j] * scale : s[j]);
        }
    }
    for (; at < D; at += WIDTH) {
        const size_t part = D - at < WIDTH ? D - at : WIDTH;
        v8 s = fresh ? splat(0.0f) : load_part(y + at, part, 0.0f);
        for (size_t i = 0; i < n; i++) {
            s = fma8(splat(w[i]), load_part(x + (size_t)id[i] * ld + at, part, 0.0f),
                     s);
        }
        store_part(y + at, part, fresh ? s * scale : s);
    }
}

static void kern_rows_axpy(size_t n, const int32_t *id, const float *w, const float *x,
                           size_t ld, size_t D, float *y)
{
    gather_rows(n, id, w, x, ld, D, 0, 1.0f, y);
}

static void kern_rows_sum(size_t n, const int32_t *id, const float *w, const float *x,
                          size_t ld, size_t D, float scale, float *y)
{
    gather_rows(n, id, w, x, ld, D, 1, scale, y);
}

/* Sums the lanes of each of four vectors: first the halves, then pairwise. */
INLINE void fold_each(const v8 s[4], float out[4])
{
    typedef float v4 __attribute__((vector_size(16)));
    v4 q[4];
    for (size_t i = 0; i < 4; i++) {
        v4 half[2];
        memcpy(half, &s[i], sizeof half);
        q[i] = half[0] + half[1];
    }
    const v4 ab = __builtin_shufflevector(q[0], q[1], 0, 4, 1, 5);
    const v4 cd = __builtin_shufflevector(q[2], q[3], 0, 4, 1, 5);
    const v4 ab2 = __builtin_shufflevector(q[0], q[1], 2, 6, 3, 7);
    const v4 cd2 = __builtin_shufflevector(q[2], q[3], 2, 6, 3, 7);
    const v4 t0 = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    const v4 t1 = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    const v4 t2 = __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5);
    const v4 t3 = __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7);
    const v4 sum = (t0 + t2) + (t1 + t3);
    memcpy(out, &sum, sizeof sum);
}

/* Dot products of rows r[0] to r[3] with y. Two vectors of sums per row, to sum as one
 * vector of 16 floats does (kern_avx512.c). */
INLINE void dot_four(const float *const r[4], size_t D, const float *y, float out[4])
{
    v8 s[4] = {{0}}, u[4] = {{0}};
    size_t at = 0;
    for (; at + 2 * WIDTH <= D; at += 2 * WIDTH) {
        const v8 y0 = load(y + at), y1 = load(y + at + WIDTH);
        for (size_t j = 0; j < 4; j++) {
            s[j] = fma8(load(r[j] + at), y0, s[j]);
            u[j] = fma8(load(r[j] + at + WIDTH), y1, u[j]);
        }
    }
    for (v8 *sum = s; at < D; at += WIDTH, sum = u) {
        const size_t part = D - at < WIDTH ? D - at : WIDTH;
        const v8 yi = load_part(y + at, part, 0.0f);
        for (size_t j = 0; j < 4; j++) {
            sum[j] = fma8(load_part(r[j] + at, part, 0.0f), yi, sum[j]);
        }
    }
    for (size_t j = 0; j < 4; j++) {
        s[j] += u[j];
    }
    fold_each(s, out);
}

static void kern_rows_dot(size_t n, const int32_t *id, const float *x, size_t ld,
                          size_t D, const float *y, float *out)
{
    for (size_t i = 0; i < n; i += 4) {
        const float *r[4];
        const size_t some = n - i < 4 ? n - i : 4;
        for (size_t j = 0; j < 4; j++) {
            r[j] = x + (size_t)id[i + (j < some ? j : 0)] * ld;
        }
        float t[4];
        dot_four(r, D, y, t);
        memcpy(out + i, t, some * sizeof *out);
    }
}
