/* The kernels of num/kern_linear.h in vectors: part of kern_avx2.c, kern_avx512.c and
 * kern_bf16.c, after kern_lanes.h. For pairs, the including file defines a term:
 * LINEAR_TERM(x, panel, sum), where x is LANES_SPLAT of an item. */
#include <stddef.h>
#include <string.h>

#ifndef LINEAR_TERM
#define LINEAR_TERM(x, panel, sum) LANES_FMA(x, panel, sum)
#endif

#define LINEAR_COLUMNS ((size_t)2 * LANES)

LANES_INLINE void linear_tile(size_t rows, size_t items, const float *x,
                              const float *panel, float *y, size_t ldy)
{
    fv sum[LANES_TILE][2];
    LANES_UNROLLED
    for (size_t r = 0; r < rows; r++) {
        sum[r][0] = LANES_SPLAT(0.0f);
        sum[r][1] = LANES_SPLAT(0.0f);
    }
    for (size_t d = 0; d < items; d++) {
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

/* A tile of fewer rows. */
UNWATCHED static void linear_rest(size_t rows, size_t items, const float *x,
                                  const float *panel, float *y, size_t ldy)
{
    switch (rows) {
#define FEWER(n)                                                                       \
    case n: linear_tile(n, items, x, panel, y, ldy); break;
        LANES_FEWER(FEWER)
#undef FEWER
    default: break;
    }
}

/* Multiplies a tile with all panels before the next tile: the panels, LINEAR_WIDTH
 * columns in all, stay in cache, and the rows are read once. */
UNWATCHED static void linear_tiles(size_t n, size_t items, const float *x,
                                   size_t panels, const float *panel, float *y,
                                   size_t ldy)
{
    size_t r = 0;
    watch_read(x, n * items * sizeof *x);
    watch_read(panel, panels * items * LINEAR_COLUMNS * sizeof *panel);
    for (size_t i = 0; i < n; i++) {
        watch_write(y + i * ldy, panels * LINEAR_COLUMNS * sizeof *y);
    }
    for (; r + LANES_TILE <= n; r += LANES_TILE) {
        for (size_t p = 0; p < panels; p++) {
            linear_tile(LANES_TILE, items, x + r * items,
                        panel + p * items * LINEAR_COLUMNS,
                        y + r * ldy + p * LINEAR_COLUMNS, ldy);
        }
    }
    for (size_t p = 0; r < n && p < panels; p++) {
        linear_rest(n - r, items, x + r * items, panel + p * items * LINEAR_COLUMNS,
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

/* Members of struct kern_linear; and those for items that are floats. */
#define LINEAR_IN_LANES                                                                \
    .tile = LANES_TILE, .panel = LINEAR_COLUMNS, .deal = linear_deal,                  \
    .tiles = linear_tiles
#define LINEAR_OF_FLOATS .name = "fma", .rounded = "fma of bf16", LINEAR_IN_LANES
