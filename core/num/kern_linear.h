/* Kernels of num/linear.h. Internal to core/num and to tests.
 *
 * An item is a float, or two bfloat16 of neighbouring inputs, the first in the lower
 * half. Rows are dealt out in tiles: the first items of the tile's rows, then the
 * second, and so on. W likewise, in panels of columns. */
#ifndef SAETOP_NUM_KERN_LINEAR_H
#define SAETOP_NUM_KERN_LINEAR_H

#include "num/linear.h"

#define LINEAR_TILE_MAX  14
#define LINEAR_PANEL_MAX 32
#define LINEAR_SLACK     16 /* items behind what is dealt, which may be overwritten */

struct kern_linear {
    const char *name;    /* what its bits depend on; NULL: not compiled */
    const char *rounded; /* the same where it multiplies what was rounded */
    bool pairs;          /* items are pairs of bfloat16 */
    size_t tile, panel;  /* rows, columns */

    /* n floats to items, the last one padded with 0. Where items are floats: NULL. */
    void (*round)(size_t n, const float *x, float *item);
    /* Up to `tile` rows (`panel` rows) of n items, ld apart, dealt out at `step`;
     * LINEAR_SLACK items behind may be overwritten. */
    void (*deal)(size_t rows, size_t n, const float *x, size_t ld, size_t step,
                 float *to);
    /* y [n, ldy] += the product of tiles, all of `tile` rows but the last, with so many
     * panels: n rows and `panels` * panel columns. Tiles are `items` * rows items one
     * behind the other, panels as many apart as `items` * panel. */
    void (*tiles)(size_t n, size_t items, const float *x, size_t panels,
                  const float *panel, float *y, size_t ldy);
};

/* The kernel for this CPU. */
const struct kern_linear *kern_linear_get(enum linear_kind kind);

/* For tests that compare them: NULL where the CPU or the build lacks it. */
const struct kern_linear *kern_linear_portable(void);
const struct kern_linear *kern_linear_avx2(void);
const struct kern_linear *kern_linear_avx512(void);
const struct kern_linear *kern_linear_bf16(void);

extern const struct kern_linear kern_table_linear_portable, kern_table_linear_avx2,
    kern_table_linear_avx512, kern_table_linear_bf16;

#endif
