/* Wider kernels than num/kern.h's table, for what a step of an SAE spends its time in.
 * Both give the bits of the AVX2 table, so that a run does not depend on which is used.
 * Any thread; no kernel allocates. Internal to core/num and to tests. */
#ifndef SAETOP_NUM_KERN_WIDE_H
#define SAETOP_NUM_KERN_WIDE_H

#include <stddef.h>
#include <stdint.h>

/* The cut of each row, and the bits of entries above it. A row's bits start with the
 * lowest of its first byte; rows are `ld` bytes apart. */
struct product_cut {
    const float *above; /* one per row; nothing is above NaN, nor NaN above anything */
    unsigned char *set;
    size_t ld;
};

struct kern_wide {
    const char *name; /* "avx2" or "avx512"; NULL: not compiled */

    /* As in num/kern.h. */
    void (*rows_axpy)(size_t n, const int32_t *id, const float *w, const float *x,
                      size_t ld, size_t D, float *y);
    void (*rows_sum)(size_t n, const int32_t *id, const float *w, const float *x,
                     size_t ld, size_t D, float scale, float *y);
    void (*rows_dot)(size_t n, const int32_t *id, const float *x, size_t ld, size_t D,
                     const float *y, float *out);

    /* Columns of a panel and rows of a tile of num/product.h; `product` computes h [n,
     * panel] = x W^T + bias for one panel: each entry starts with its bias and adds the
     * terms in the order of D. x is packed: the first terms of a tile's rows, then the
     * second, and so on; the last tile has the remaining rows. `panel` is aligned to 64
     * bytes; ldh: floats from row to row. */
    size_t panel, tile;
    size_t widest; /* largest D at which this beats BLAS */
    size_t lanes;  /* floats in a vector, at least `tile` */
    /* Packs W [panel, D], a row per column: first terms, then second. */
    void (*pack)(size_t D, const float *W, float *panel);
    /* Packs x [tile, D] likewise; overwrites up to `lanes` floats after the tile. */
    void (*pack_tile)(size_t D, const float *x, float *to);
    void (*product)(size_t n, size_t D, const float *x, const float *panel,
                    const float *bias, float *h, size_t ldh);
    /* The same, and sets a bit for each entry: whether it is above its row's cut. */
    void (*product_cut)(size_t n, size_t D, const float *x, const float *panel,
                        const float *bias, float *h, size_t ldh,
                        const struct product_cut *cut);
};

/* Returns the widest for this CPU; NULL where there is none. */
const struct kern_wide *kern_wide_get(void);

/* For tests that compare them: NULL where the CPU or the build lacks it. */
const struct kern_wide *kern_wide_avx2(void);
const struct kern_wide *kern_wide_avx512(void);

extern const struct kern_wide kern_table_wide_avx2, kern_table_wide_avx512;

#endif
