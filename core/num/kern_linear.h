/* Kernels of num/linear.h. Internal to core/num and to tests.
 *
 * An item is a float, or two bfloat16 of neighbouring inputs, the first in the lower
 * half. Rows are interleaved ("dealt") in tiles: the first items of the tile's rows,
 * then the second, and so on; W likewise, in panels of columns. */
#ifndef SAETOP_NUM_KERN_LINEAR_H
#define SAETOP_NUM_KERN_LINEAR_H

#include "num/linear.h"

#define LINEAR_TILE_MAX  14
#define LINEAR_PANEL_MAX 32
#define LINEAR_SLACK     16 /* items after the dealt ones, which may be overwritten */

struct kern_linear {
    const char *name;    /* names what its bits depend on; NULL: not compiled */
    const char *rounded; /* the same for rounded factors */
    bool pairs;          /* items are pairs of bfloat16 */
    size_t tile, panel;  /* rows, columns */

    /* Converts n floats to items, the last one padded with 0. NULL where items are
     * floats. */
    void (*round)(size_t n, const float *x, float *item);
    /* Deals up to `tile` rows (or `panel` rows) of n items, ld apart, `step` items
     * between first and second ones; may overwrite LINEAR_SLACK items after them. */
    void (*deal)(size_t rows, size_t n, const float *x, size_t ld, size_t step,
                 float *to);
    /* y [n, ldy] += the product of n rows in tiles, all of `tile` rows but the last,
     * with `panels` * panel columns. Each tile is items * rows items, one tile after
     * the other; panels are items * panel apart. */
    void (*tiles)(size_t n, size_t items, const float *x, size_t panels,
                  const float *panel, float *y, size_t ldy);
};

/* Returns the kernel for this CPU. */
const struct kern_linear *kern_linear_get(enum linear_kind kind);

/* For tests that compare them: NULL where the CPU or the build lacks it. */
const struct kern_linear *kern_linear_portable(void);
const struct kern_linear *kern_linear_avx2(void);
const struct kern_linear *kern_linear_avx512(void);
const struct kern_linear *kern_linear_bf16(void);

extern const struct kern_linear kern_table_linear_portable, kern_table_linear_avx2,
    kern_table_linear_avx512, kern_table_linear_bf16;

#endif
