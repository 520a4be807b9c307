/* The product of rows with a packed panel of columns: part of kern_avx2.c and
 * kern_avx512.c, after kern_lanes.h. Each entry is summed by itself in the order of D,
 * so that its bits depend neither on its tile nor on the vectors. */
#include <stddef.h>
#include <string.h>

#define PRODUCT_PANEL ((size_t)2 * LANES)
#define PRODUCT_AHEAD 16 /* terms to fetch ahead */

typedef fv product_sums[LANES_TILE][2];

/* One term of each sum. */
LANES_INLINE void product_term(size_t rows, const float *x, const float *panel,
                               product_sums sum)
{
    const fv left = LANES_LOAD(panel), right = LANES_LOAD(panel + LANES);
    LANES_UNROLLED
    for (size_t r = 0; r < rows; r++) {
        const fv at = LANES_SPLAT(x[r]);
        sum[r][0] = LANES_FMA(at, left, sum[r][0]);
        sum[r][1] = LANES_FMA(at, right, sum[r][1]);
    }
}

LANES_INLINE void product_fetch(const float *x, const float *panel)
{
    __builtin_prefetch(x);
    __builtin_prefetch(panel);
    if (PRODUCT_PANEL > 16) {
        __builtin_prefetch(panel + 16);
    }
}

LANES_INLINE void product_tile(size_t rows, size_t D, const float *x,
                               const float *panel, const float *bias, float *h,
                               size_t ldh, const struct product_cut *cut, size_t r0)
{
    product_sums sum;
    LANES_UNROLLED
    for (size_t r = 0; r < rows; r++) {
        sum[r][0] = LANES_LOAD(bias);
        sum[r][1] = LANES_LOAD(bias + LANES);
    }
    size_t d = 0;
    for (; d + 2 <= D; d += 2) { /* in pairs, for less overhead */
        const float *xd = x + d * rows, *pd = panel + d * PRODUCT_PANEL;
        product_fetch(xd + PRODUCT_AHEAD * rows, pd + PRODUCT_AHEAD * PRODUCT_PANEL);
        product_term(rows, xd, pd, sum);
        product_fetch(xd + (PRODUCT_AHEAD + 1) * rows,
                      pd + (PRODUCT_AHEAD + 1) * PRODUCT_PANEL);
        product_term(rows, xd + rows, pd + PRODUCT_PANEL, sum);
    }
    if (d < D) {
        product_term(rows, x + d * rows, panel + d * PRODUCT_PANEL, sum);
    }
    LANES_UNROLLED
    for (size_t r = 0; r < rows; r++) {
        memcpy(h + r * ldh, &sum[r][0], sizeof(fv));
        memcpy(h + r * ldh + LANES, &sum[r][1], sizeof(fv));
        if (cut) {
            const fv above = LANES_SPLAT(cut->above[r0 + r]);
            const lane_set set[2] = {LANES_GREATER(sum[r][0], above),
                                     LANES_GREATER(sum[r][1], above)};
            memcpy(cut->set + (r0 + r) * cut->ld, set, sizeof set);
        }
    }
}

/* A tile of fewer rows. */
LANES_INLINE void product_rest(size_t rows, size_t D, const float *x,
                               const float *panel, const float *bias, float *h,
                               size_t ldh, const struct product_cut *cut, size_t r0)
{
    switch (rows) {
#define FEWER(n)                                                                       \
    case n: product_tile(n, D, x, panel, bias, h, ldh, cut, r0); break;
        LANES_FEWER(FEWER)
#undef FEWER
    default: break;
    }
}

LANES_INLINE void product_watch(size_t rows, size_t D, const float *x,
                                const float *panel, const float *bias, float *h,
                                size_t ldh, const struct product_cut *cut)
{
    watch_read(x, rows * D * sizeof *x);
    watch_read(panel, D * PRODUCT_PANEL * sizeof *panel);
    watch_read(bias, PRODUCT_PANEL * sizeof *bias);
    for (size_t r = 0; r < rows; r++) {
        watch_write(h + r * ldh, PRODUCT_PANEL * sizeof *h);
        if (cut) {
            watch_write(cut->set + r * cut->ld, 2 * sizeof(lane_set));
        }
    }
    if (cut) {
        watch_read(cut->above, rows * sizeof *cut->above);
    }
}

LANES_INLINE void product_tiles(size_t rows, size_t D, const float *x,
                                const float *panel, const float *bias, float *h,
                                size_t ldh, const struct product_cut *cut)
{
    size_t r = 0;
    product_watch(rows, D, x, panel, bias, h, ldh, cut);
    for (; r + LANES_TILE <= rows; r += LANES_TILE) {
        product_tile(LANES_TILE, D, x + r * D, panel, bias, h + r * ldh, ldh, cut, r);
    }
    product_rest(rows - r, D, x + r * D, panel, bias, h + r * ldh, ldh, cut, r);
}

static void kern_pack(size_t D, const float *W, float *panel)
{
    lanes_deal(LANES, D, W, D, PRODUCT_PANEL, panel);
    lanes_deal(LANES, D, W + LANES * D, D, PRODUCT_PANEL, panel + LANES);
}

static void kern_pack_tile(size_t D, const float *x, float *tile)
{
    lanes_deal(LANES_TILE, D, x, D, LANES_TILE, tile);
}

UNWATCHED static void kern_product(size_t rows, size_t D, const float *x,
                                   const float *panel, const float *bias, float *h,
                                   size_t ldh)
{
    product_tiles(rows, D, x, panel, bias, h, ldh, NULL);
}

UNWATCHED static void kern_product_cut(size_t rows, size_t D, const float *x,
                                       const float *panel, const float *bias, float *h,
                                       size_t ldh, const struct product_cut *cut)
{
    const struct product_cut own = *cut; /* known not to be NULL */
    product_tiles(rows, D, x, panel, bias, h, ldh, &own);
}

/* Members of struct kern_wide. */
#define PRODUCT_IN_LANES                                                               \
    .panel = PRODUCT_PANEL, .tile = LANES_TILE, .lanes = LANES, .pack = kern_pack,     \
    .pack_tile = kern_pack_tile, .product = kern_product,                              \
    .product_cut = kern_product_cut
