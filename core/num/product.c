#include "num/product.h"

#include "num/blas.h"
#include "num/kern_wide.h"

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
#else
#define PANEL_MAX PRODUCT_STEP

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

/* The last panel, of fewer columns than it has room for. */
static void product_edge(const struct kern_wide *wide, size_t rows, size_t D,
                         const float *x, size_t ldx, const float *panel, const float *b,
                         size_t n, float *h, size_t ldh)
{
    float bias[PANEL_MAX] = {0}, part[PANEL_MAX];
    memcpy(bias, b, n * sizeof *b);
    for (size_t r = 0; r < rows; r++) {
        wide->product(1, D, x + r * ldx, ldx, panel, bias, part, wide->panel);
        memcpy(h + r * ldh, part, n * sizeof *h);
    }
}

static void packed_rows(size_t rows, size_t D, size_t F, const float *x, size_t ldx,
                        const float *packed, const float *b, float *h)
{
    const struct kern_wide *wide = kern_wide_get();
    const size_t width = wide->panel;
    size_t j = 0;
    for (; j + width <= F; j += width) {
        wide->product(rows, D, x, ldx, packed + j * D, b + j, h + j, F);
    }
    if (j < F) {
        product_edge(wide, rows, D, x, ldx, packed + j * D, b + j, F - j, h + j, F);
    }
}
#endif

void R(product_rows)(size_t rows, size_t D, size_t F, const real *x, size_t ldx,
                     const real *W, const real *packed, const real *b, real *h)
{
#ifndef REAL_F64
    if (packed) {
        packed_rows(rows, D, F, x, ldx, packed, b, h);
        return;
    }
#else
    (void)packed;
#endif
    for (size_t r = 0; r < rows; r++) {
        memcpy(h + r * F, b, F * sizeof *h);
    }
    R(gemm)(NO_TRANS, TRANS, rows, F, D, 1, x, ldx, W, D, 1, h, F);
}
