#include "num/product.h"

#include "num/blas.h"
#include "num/kern_wide.h"
#include "num/topk.h"

#include <string.h>

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

/* Columns j0 .. j1 of h, whose biases are b; j0 begins a panel. */
static void packed_columns(size_t rows, size_t D, size_t j0, size_t j1, const float *x,
                           const float *packed, const float *b, float *h, size_t ldh)
{
    const struct kern_wide *wide = kern_wide_get();
    const size_t width = wide->panel;
    size_t j = j0;
    for (; j + width <= j1; j += width) {
        wide->product(rows, D, x, packed + j * D, b + (j - j0), h + (j - j0), ldh);
    }
    if (j < j1) {
        product_edge(wide, rows, D, x, packed + j * D, b + (j - j0), j1 - j,
                     h + (j - j0), ldh);
    }
}
/* Columns from j of row r that are above its threshold. */
static void list_above(const struct product_found_f32 *found, size_t r, size_t j,
                       size_t n, const float *h, float above)
{
    size_t have = found->n[r];
    if (have > found->room) {
        return;
    }
    int32_t *id = found->id + r * found->stride + have;
    const size_t more =
        topk_above_f32(n, h, above, id, found->val + r * found->stride + have);
    for (size_t i = 0; i < more; i++) {
        id[i] += (int32_t)j;
    }
    found->n[r] = have + more;
}

void product_above_f32(size_t rows, size_t D, size_t F, const float *x,
                       const float *packed, const float *b, const float *above,
                       float *scratch, const struct product_found_f32 *found)
{
    float *part = scratch + rows * D;
    pack_rows(rows, D, x, kern_wide_get()->tile, scratch);
    memset(found->n, 0, rows * sizeof *found->n);
    for (size_t j = 0; j < F; j += PRODUCT_PART) {
        const size_t n = F - j < PRODUCT_PART ? F - j : PRODUCT_PART;
        packed_columns(rows, D, j, j + n, scratch, packed, b + j, part, PRODUCT_PART);
        for (size_t r = 0; r < rows; r++) {
            list_above(found, r, j, n, part + r * PRODUCT_PART, above[r]);
        }
    }
}
#endif

/* A scan may store a part more than it finds. Rows begin an odd number of cache lines
 * apart, so that they do not meet in the cache. */
void R(product_found_init)(struct R(product_found) * found, size_t F, size_t room)
{
    found->room = room < F ? room : F;
    found->stride = ((found->room + PRODUCT_PART + 15) / 16 | 1) * 16;
}

void R(product_rows)(size_t rows, size_t D, size_t F, const real *x, const real *W,
                     const real *packed, const real *b, real *scratch, real *h)
{
#ifndef REAL_F64
    if (packed) {
        pack_rows(rows, D, x, kern_wide_get()->tile, scratch);
        packed_columns(rows, D, 0, F, scratch, packed, b, h, F);
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
