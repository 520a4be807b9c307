/* The product of rows with a packed panel of columns: part of kern_avx2.c and
 * kern_avx512.c, which say in what vectors (`pv`, PRODUCT_LANES floats) and how many
 * rows at a time (PRODUCT_ROWS, up to 14): as many sums as there are registers. Each
 * entry is a chain of its own in the order of D, so that its bits do not depend on the
 * tile that it falls in, nor on the vectors. */
#include <stddef.h>
#include <string.h>

#define PRODUCT_PANEL ((size_t)2 * PRODUCT_LANES)
#define PRODUCT_AHEAD 8 /* terms of the panel that are fetched ahead */

static inline __attribute__((always_inline)) pv product_load(const float *p)
{
    pv v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline __attribute__((always_inline)) void
product_tile(size_t rows, size_t D, const float *x, size_t ldx, const float *panel,
             const float *bias, float *h, size_t ldh)
{
    pv sum[PRODUCT_ROWS][2];
    for (size_t r = 0; r < rows; r++) {
        sum[r][0] = product_load(bias);
        sum[r][1] = product_load(bias + PRODUCT_LANES);
    }
    for (size_t d = 0; d < D; d++) {
        __builtin_prefetch(panel + (d + PRODUCT_AHEAD) * PRODUCT_PANEL);
        __builtin_prefetch(panel + (d + PRODUCT_AHEAD) * PRODUCT_PANEL + PRODUCT_LANES);
        const pv left = product_load(panel + d * PRODUCT_PANEL);
        const pv right = product_load(panel + d * PRODUCT_PANEL + PRODUCT_LANES);
        for (size_t r = 0; r < rows; r++) {
            const pv at = PRODUCT_SPLAT(x[r * ldx + d]);
            sum[r][0] = PRODUCT_FMA(at, left, sum[r][0]);
            sum[r][1] = PRODUCT_FMA(at, right, sum[r][1]);
        }
    }
    for (size_t r = 0; r < rows; r++) {
        memcpy(h + r * ldh, &sum[r][0], sizeof(pv));
        memcpy(h + r * ldh + PRODUCT_LANES, &sum[r][1], sizeof(pv));
    }
}

/* A tile of fewer rows: a constant count each, so that the sums stay in registers. */
static void product_rest(size_t rows, size_t D, const float *x, size_t ldx,
                         const float *panel, const float *bias, float *h, size_t ldh)
{
    switch (rows) {
#define REST(n)                                                                        \
    case n:                                                                            \
        product_tile(n, D, x, ldx, panel, bias, h, ldh);                               \
        break;
        REST(1)
        REST(2)
        REST(3)
        REST(4)
        REST(5)
#if PRODUCT_ROWS > 6
        REST(6)
        REST(7)
        REST(8)
        REST(9)
        REST(10)
        REST(11)
        REST(12)
        REST(13)
#endif
#undef REST
    default:
        break;
    }
}

static void kern_product(size_t rows, size_t D, const float *x, size_t ldx,
                         const float *panel, const float *bias, float *h, size_t ldh)
{
    size_t r = 0;
    for (; r + PRODUCT_ROWS <= rows; r += PRODUCT_ROWS) {
        product_tile(PRODUCT_ROWS, D, x + r * ldx, ldx, panel, bias, h + r * ldh, ldh);
    }
    product_rest(rows - r, D, x + r * ldx, ldx, panel, bias, h + r * ldh, ldh);
}
