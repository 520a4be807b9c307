/* Chooses the kernel of num/kern_linear.h, and has the one for any CPU. */
#include "num/kern_linear.h"

#include "num/kern.h"
#include "num/kern_wide.h"

#include <string.h>

/* ---- for any CPU ---- */

#define TILE    4
#define COLUMNS 8

static inline __attribute__((always_inline)) void tile_of(size_t rows, size_t items,
                                                          const float *x,
                                                          const float *panel, float *y,
                                                          size_t ldy)
{
    float sum[TILE][COLUMNS] = {{0}};
    for (size_t d = 0; d < items; d++) {
        for (size_t r = 0; r < rows; r++) {
            for (size_t c = 0; c < COLUMNS; c++) {
                sum[r][c] += x[d * rows + r] * panel[d * COLUMNS + c];
            }
        }
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < COLUMNS; c++) {
            y[r * ldy + c] += sum[r][c];
        }
    }
}

static void portable_tiles(size_t n, size_t items, const float *x, size_t panels,
                           const float *panel, float *y, size_t ldy)
{
    for (size_t r = 0; r < n; r += TILE) {
        for (size_t p = 0; p < panels; p++) {
            const float *one = panel + p * items * COLUMNS;
            float *to = y + r * ldy + p * COLUMNS;
            if (n - r >= TILE) {
                tile_of(TILE, items, x + r * items, one, to, ldy);
            } else {
                tile_of(n - r, items, x + r * items, one, to, ldy);
            }
        }
    }
}

static void portable_deal(size_t rows, size_t n, const float *x, size_t ld, size_t step,
                          float *to)
{
    for (size_t d = 0; d < n; d++) {
        for (size_t r = 0; r < rows; r++) {
            memcpy(to + d * step + r, x + r * ld + d, sizeof *to);
        }
    }
}

const struct kern_linear kern_table_linear_portable = {
    .name = "portable",
    .rounded = "portable of bf16",
    .tile = TILE,
    .panel = COLUMNS,
    .deal = portable_deal,
    .tiles = portable_tiles,
};

/* ---- which ---- */

const struct kern_linear *kern_linear_portable(void)
{
    return &kern_table_linear_portable;
}

const struct kern_linear *kern_linear_avx2(void)
{
#if defined(__x86_64__)
    if (kern_wide_avx2() && kern_table_linear_avx2.name) {
        return &kern_table_linear_avx2;
    }
#endif
    return NULL;
}

const struct kern_linear *kern_linear_avx512(void)
{
#if defined(__x86_64__)
    if (kern_wide_avx512() && kern_table_linear_avx512.name) {
        return &kern_table_linear_avx512;
    }
#endif
    return NULL;
}

const struct kern_linear *kern_linear_bf16(void)
{
#if defined(__x86_64__)
    if (kern_wide_avx512() && kern_table_linear_bf16.name &&
        __builtin_cpu_supports("avx512bf16")) {
        return &kern_table_linear_bf16;
    }
#endif
    return NULL;
}

const struct kern_linear *kern_linear_get(enum linear_kind kind)
{
    const struct kern_linear *k = kind == LINEAR_BF16 ? kern_linear_bf16() : NULL;
    if (!k) {
        k = kern_linear_avx512();
    }
    if (!k) {
        k = kern_linear_avx2();
    }
    return k ? k : kern_linear_portable();
}
