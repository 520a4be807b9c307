/* Kernels over rows chosen from a matrix, part of kern_body.h: what a sparse product
 * needs. The row of results stays in registers, 64 floats at a time, while the chosen
 * rows pass by. */

/* y [D] += sum of w[i] x[id[i]], for up to 8 vectors of columns from `at`. */
#define ROWS_VECTORS 8
#define AHEAD        4 /* rows are fetched this many before their turn */

static void kern_rows_axpy(size_t n, const int32_t *id, const float *w, const float *x,
                           size_t ld, size_t D, float *y)
{
    size_t at = 0;
    for (; at + ROWS_VECTORS * WIDTH <= D; at += ROWS_VECTORS * WIDTH) {
        v8 s[ROWS_VECTORS];
        for (size_t j = 0; j < ROWS_VECTORS; j++) {
            s[j] = load(y + at + j * WIDTH);
        }
        for (size_t i = 0; i < n; i++) {
            const float *row = x + (size_t)id[i] * ld + at;
            const v8 wi = splat(w[i]);
            const float *soon = x + (size_t)id[i + AHEAD < n ? i + AHEAD : i] * ld + at;
            for (size_t j = 0; j < ROWS_VECTORS * WIDTH; j += 16) {
                __builtin_prefetch(soon + j);
            }
            for (size_t j = 0; j < ROWS_VECTORS; j++) {
                s[j] += wi * load(row + j * WIDTH);
            }
        }
        for (size_t j = 0; j < ROWS_VECTORS; j++) {
            store(y + at + j * WIDTH, s[j]);
        }
    }
    for (; at < D; at += WIDTH) {
        const size_t part = D - at < WIDTH ? D - at : WIDTH;
        v8 s = load_part(y + at, part, 0.0f);
        for (size_t i = 0; i < n; i++) {
            s += w[i] * load_part(x + (size_t)id[i] * ld + at, part, 0.0f);
        }
        store_part(y + at, part, s);
    }
}

/* Four sums at once: lane i of the result is the sum of s[i]. */
INLINE void fold_each(const v8 s[4], float out[4])
{
    float t[4][WIDTH];
    for (size_t i = 0; i < 4; i++) {
        store(t[i], s[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        const float *r = t[i];
        out[i] = ((r[0] + r[4]) + (r[2] + r[6])) + ((r[1] + r[5]) + (r[3] + r[7]));
    }
}

static void kern_rows_dot(size_t n, const int32_t *id, const float *x, size_t ld,
                          size_t D, const float *y, float *out)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const float *r[4];
        v8 s[4] = {{0}};
        for (size_t j = 0; j < 4; j++) {
            r[j] = x + (size_t)id[i + j] * ld;
        }
        size_t at = 0;
        for (; at + WIDTH <= D; at += WIDTH) {
            const v8 yi = load(y + at);
            for (size_t j = 0; j < 4; j++) {
                s[j] += load(r[j] + at) * yi;
            }
        }
        if (at < D) {
            const v8 yi = load_part(y + at, D - at, 0.0f);
            for (size_t j = 0; j < 4; j++) {
                s[j] += load_part(r[j] + at, D - at, 0.0f) * yi;
            }
        }
        fold_each(s, out + i);
    }
    for (; i < n; i++) {
        out[i] = kern_dot(D, x + (size_t)id[i] * ld, y);
    }
}
