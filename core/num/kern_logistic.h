/* The logistic kernel, part of kern_body.h. */

#define LOG_ROWS 64 /* factors of at most 2 multiplied before one logarithm */

/* Does up to WIDTH columns from `at` on, over the rows of one product. */
INLINE void logistic_strip(size_t rows, size_t cols, size_t at, const float *z,
                           float *p, double *loss, double *sum)
{
    const size_t part = cols - at < WIDTH ? cols - at : WIDTH;
    v8 prod = splat(1.0f), plus = splat(0.0f), total = splat(0.0f);
    for (size_t i = 0; i < rows; i++) {
        const float *zi = z + i * cols + at;
        const v8 x = part == WIDTH ? load(zi) : load_part(zi, part, 0.0f);
        const v8i sign = (v8i)x & INT32_MIN;
        const v8 e = exp8((v8)((v8i)x | INT32_MIN)); /* e^-|x| */
        const v8 q = 1.0f + e;
        const v8i negative = sign >> 31;
        const v8 top = (v8)((~negative & (v8i)splat(1.0f)) | (negative & (v8i)e));
        const v8 y = top / q;
        prod *= q;
        plus += (v8)(~negative & (v8i)x);
        total += y;
        if (part == WIDTH) {
            store(p + i * cols + at, y);
        } else {
            store_part(p + i * cols + at, part, y);
        }
    }
    float t[3][WIDTH];
    store(t[0], prod);
    store(t[1], plus);
    store(t[2], total);
    for (size_t c = 0; c < part; c++) {
        if (loss) {
            loss[at + c] += log((double)t[0][c]) + (double)t[1][c];
        }
        sum[at + c] += (double)t[2][c];
    }
}

static void kern_logistic(size_t rows, size_t cols, const float *z, float *p,
                          double *loss, double *sum)
{
    for (size_t i = 0; i < rows; i += LOG_ROWS) {
        const size_t n = rows - i < LOG_ROWS ? rows - i : LOG_ROWS;
        for (size_t at = 0; at < cols; at += WIDTH) {
            logistic_strip(n, cols, at, z + i * cols, p + i * cols, loss, sum);
        }
    }
}
