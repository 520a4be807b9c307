#include "num/product.h"

#include "num/blas.h"
#include "num/kern_wide.h"

#include <string.h>

/* Columns of h that are looked at together: whole panels. */
#define PRODUCT_PART ((size_t)128)

#ifdef REAL_F64
size_t product_packed_f64(size_t D, size_t F)
{
    (void)D;
    (void)F;
    return 0;
}

void product_pack_f64(const double *W, size_t D, size_t F, size_t j0, size_t j1,
                      double *packed)
{
    (void)W;
    (void)D;
    (void)F;
    (void)j0;
    (void)j1;
    (void)packed;
}

void product_above_f64(size_t rows, size_t D, size_t F, const double *x,
                       const double *packed, const double *b, const double *above,
                       double *scratch, const struct product_found_f64 *found)
{
    (void)D;
    (void)F;
    (void)x;
    (void)packed;
    (void)b;
    (void)above;
    (void)scratch;
    for (size_t r = 0; r < rows; r++) {
        found->n[r] = SIZE_MAX;
    }
}
#else
#define PANEL_MAX PRODUCT_STEP
#define TILE_MAX  14

size_t product_packed_f32(size_t D, size_t F)
{
    const struct kern_wide *wide = kern_wide_get();
    if (!wide || D > wide->widest) {
        return 0;
    }
    return (F + wide->panel - 1) / wide->panel * wide->panel * D;
}

/* A few terms of a panel at a time: what is written stays near the CPU. */
#define TERMS     16

static void pack_part(const float *W, size_t ld, size_t rows, size_t width, size_t n,
                      float *panel)
{
    for (size_t i = 0; i < width; i++) {
        for (size_t d = 0; d < n; d++) {
            panel[d * width + i] = i < rows ? W[i * ld + d] : 0.0f;
        }
    }
}

/* A panel holds its columns' first terms, then their second, and so on; columns beyond
 * F are 0. */
void product_pack_f32(const float *W, size_t D, size_t F, size_t j0, size_t j1,
                      float *packed)
{
    const size_t width = kern_wide_get()->panel;
    for (size_t j = j0; j < j1; j += width) {
        for (size_t d = 0; d < D; d += TERMS) {
            const size_t n = D - d < TERMS ? D - d : TERMS;
            pack_part(W + j * D + d, D, F - j < width ? F - j : width, width, n,
                      packed + j * D + d * width);
        }
    }
}

/* The rows of each tile beside one another. */
static void pack_rows(size_t rows, size_t D, const float *x, size_t tile, float *packed)
{
    for (size_t r = 0; r < rows; r += tile) {
        const size_t n = rows - r < tile ? rows - r : tile;
        for (size_t d = 0; d < D; d++) {
            for (size_t i = 0; i < n; i++) {
                packed[r * D + d * n + i] = x[(r + i) * D + d];
            }
        }
    }
}

/* The last panel, of fewer columns than it has room for. */
static void product_edge(const struct kern_wide *wide, size_t rows, size_t D,
                         const float *x, const float *panel, const float *b, size_t n,
                         float *h, size_t ldh)
{
    float bias[PANEL_MAX] = {0}, part[TILE_MAX * PANEL_MAX];
    memcpy(bias, b, n * sizeof *b);
    for (size_t r = 0; r < rows; r += wide->tile) {
        const size_t some = rows - r < wide->tile ? rows - r : wide->tile;
        wide->product(some, D, x + r * D, panel, bias, part, wide->panel);
        for (size_t i = 0; i < some; i++) {
            memcpy(h + (r + i) * ldh, part + i * wide->panel, n * sizeof *h);
        }
    }
}

/* All columns of h. */
static void packed_columns(size_t rows, size_t D, size_t F, const float *x,
                           const float *packed, const float *b, float *h)
{
    const struct kern_wide *wide = kern_wide_get();
    const size_t width = wide->panel;
    size_t j = 0;
    for (; j + width <= F; j += width) {
        wide->product(rows, D, x, packed + j * D, b + j, h + j, F);
    }
    if (j < F) {
        product_edge(wide, rows, D, x, packed + j * D, b + j, F - j, h + j, F);
    }
}

#define WORDS     (PRODUCT_PART / 64)
#define PART_ROWS 84 /* whole tiles; their part of h stays near the CPU */

/* The lowest bit that is set; the last if none is. */
static size_t lowest(uint64_t bits)
{
    return (size_t)__builtin_ctzll(bits | (uint64_t)1 << 63);
}

/* What of the columns from j of row r its bits name, in the room that is left. */
static void list_set(const struct product_found_f32 *found, size_t r, size_t j,
                     const unsigned char *set, const float *h)
{
    size_t have = found->n[r];
    if (have > found->room) {
        return;
    }
    int32_t *id = found->id + r * found->stride;
    float *val = found->val + r * found->stride;
    for (size_t w = 0; w < WORDS; w++) {
        uint64_t bits;
        memcpy(&bits, set + 8 * w, sizeof bits);
        const size_t n = (size_t)__builtin_popcountll(bits);
        /* Four whether there are so many or not: that one can foresee. */
        for (size_t i = 0; i < n; i += 4) {
            for (size_t e = have + i; e < have + i + 4; e++) {
                const size_t at = 64 * w + lowest(bits);
                id[e] = (int32_t)(j + at);
                val[e] = h[at];
                bits &= bits - 1;
            }
        }
        have += n;
    }
    found->n[r] = have;
}

/* Rows from r and columns from j: entries that are no columns, behind the
 * last, are 0, and none is above a cut. */
static void above_part(const struct kern_wide *wide, size_t r, size_t n, size_t D,
                       size_t j, size_t columns, const float *x, const float *panels,
                       const float *bias, const float *above,
                       const struct product_found_f32 *found)
{
    float h[PART_ROWS * PRODUCT_PART];
    unsigned char set[PART_ROWS * PRODUCT_PART / 8] = {0};
    for (size_t i = 0; i < columns; i += wide->panel) {
        const struct product_cut cut = {above, set + i / 8, PRODUCT_PART / 8};
        wide->product_cut(n, D, x, panels + i * D, bias + i, h + i, PRODUCT_PART, &cut);
    }
    for (size_t i = 0; i < n; i++) {
        list_set(found, r + i, j, set + i * (PRODUCT_PART / 8), h + i * PRODUCT_PART);
    }
}

void product_above_f32(size_t rows, size_t D, size_t F, const float *x,
                       const float *packed, const float *b, const float *above,
                       float *scratch, const struct product_found_f32 *found)
{
    const struct kern_wide *wide = kern_wide_get();
    pack_rows(rows, D, x, wide->tile, scratch);
    memset(found->n, 0, rows * sizeof *found->n);
    for (size_t j = 0; j < F; j += PRODUCT_PART) {
        const size_t columns = F - j < PRODUCT_PART ? F - j : PRODUCT_PART;
        float bias[PRODUCT_PART] = {0};
        memcpy(bias, b + j, columns * sizeof *b);
        for (size_t r = 0; r < rows; r += PART_ROWS) {
            const size_t n = rows - r < PART_ROWS ? rows - r : PART_ROWS;
            above_part(wide, r, n, D, j, columns, scratch + r * D, packed + j * D, bias,
                       above + r, found);
        }
    }
}
#endif

/* A list may end a part and a few behind its room. Rows begin an odd number of cache
 * lines apart, so that they do not meet in the cache. */
void R(product_found_init)(struct R(product_found) * found, size_t F, size_t room)
{
    found->room = room < F ? room : F;
    found->stride = ((found->room + PRODUCT_PART + 4 + 15) / 16 | 1) * 16;
}

void R(product_rows)(size_t rows, size_t D, size_t F, const real *x, const real *W,
                     const real *packed, const real *b, real *scratch, real *h)
{
#ifndef REAL_F64
    if (packed) {
        pack_rows(rows, D, x, kern_wide_get()->tile, scratch);
        packed_columns(rows, D, F, scratch, packed, b, h);
        return;
    }
#else
    (void)packed;
#endif
    (void)scratch;
    for (size_t r = 0; r < rows; r++) {
        memcpy(h + r * F, b, F * sizeof *h);
    }
    R(gemm)(NO_TRANS, TRANS, rows, F, D, 1, x, D, W, D, 1, h, F);
}
