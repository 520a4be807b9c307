/* The kernels of num/kern_linear.h in vectors: part of kern_avx2.c, kern_avx512.c and
 * kern_bf16.c, which say in what vectors (LANES floats), of how many rows a tile is
 * (LINEAR_ROWS, up to 14: as many sums as there are registers), and what a term is:
 * LINEAR_TERM(x, panel, sum), where x is LINEAR_SPLAT of a cell. */
#include <stddef.h>
#include <string.h>

#define LINEAR_COLUMNS ((size_t)2 * LANES)

LANES_INLINE void linear_tile(size_t rows, size_t cells, const float *x,
                              const float *panel, float *y, size_t ldy)
{
    fv sum[LINEAR_ROWS][2];
    LANES_UNROLLED
    for (size_t r = 0; r < rows; r++) {
        sum[r][0] = LANES_SPLAT(0.0f);
        sum[r][1] = LANES_SPLAT(0.0f);
    }
    for (size_t d = 0; d < cells; d++) {
        const fv left = LANES_LOAD(panel), right = LANES_LOAD(panel + LANES);
        LANES_UNROLLED
        for (size_t r = 0; r < rows; r++) {
            const fv at = LANES_SPLAT(x[r]);
            sum[r][0] = LINEAR_TERM(at, left, sum[r][0]);
            sum[r][1] = LINEAR_TERM(at, right, sum[r][1]);
        }
        __builtin_prefetch(panel + 8 * LINEAR_COLUMNS);
        __builtin_prefetch(panel + 8 * LINEAR_COLUMNS + 16);
        panel += LINEAR_COLUMNS;
        x += rows;
    }
    LANES_UNROLLED
    for (size_t r = 0; r < rows; r++) {
        float *to = y + r * ldy;
        LANES_STORE(to, LANES_ADD(LANES_LOAD(to), sum[r][0]));
        LANES_STORE(to + LANES, LANES_ADD(LANES_LOAD(to + LANES), sum[r][1]));
    }
}

/* A tile of fewer rows: a constant count each, so that the sums stay in registers. */
static void linear_rest(size_t rows, size_t cells, const float *x, const float *panel,
                        float *y, size_t ldy)
{
    switch (rows) {
#define REST(n)                                                                        \
    case n: linear_tile(n, cells, x, panel, y, ldy); break;
        REST(1)
        REST(2)
        REST(3)
        REST(4)
        REST(5)
#if LINEAR_ROWS > 6
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
    default: break;
    }
}

/* A tile with all panels before the next one: the panels, of LINEAR_WIDTH columns, stay
 * near, and the rows come by once. */
static void linear_tiles(size_t n, size_t cells, const float *x, size_t panels,
                         const float *panel, float *y, size_t ldy)
{
    size_t r = 0;
    for (; r + LINEAR_ROWS <= n; r += LINEAR_ROWS) {
        for (size_t p = 0; p < panels; p++) {
            linear_tile(LINEAR_ROWS, cells, x + r * cells,
                        panel + p * cells * LINEAR_COLUMNS,
                        y + r * ldy + p * LINEAR_COLUMNS, ldy);
        }
    }
    for (size_t p = 0; r < n && p < panels; p++) {
        linear_rest(n - r, cells, x + r * cells, panel + p * cells * LINEAR_COLUMNS,
                    y + r * ldy + p * LINEAR_COLUMNS, ldy);
    }
}

static void linear_deal(size_t rows, size_t n, const float *x, size_t ld, size_t step,
                        float *to)
{
    for (size_t i = 0; i < rows; i += LANES) {
        lanes_deal(rows - i < LANES ? rows - i : LANES, n, x + i * ld, ld, step,
                   to + i);
    }
}
