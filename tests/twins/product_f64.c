/* Nothing is packed: the product is BLAS's. */
#include "num/blas.h"
#define REAL_F64
#include "num/product.h"

#include <string.h>

size_t product_packed_f64(size_t D, size_t F)
{
    (void)D;
    (void)F;
    return 0;
}

size_t product_sieved_f64(size_t D, size_t F)
{
    (void)D;
    (void)F;
    return 0;
}

size_t product_scratch_f64(size_t rows, size_t D)
{
    return rows * D;
}

void product_pack_f64(const struct product_weights_f64 *w, size_t j0, size_t j1)
{
    (void)w;
    (void)j0;
    (void)j1;
}

void product_above_f64(size_t rows, const double *x,
                       const struct product_weights_f64 *w, const double *above,
                       size_t keep, double *scratch,
                       const struct product_found_f64 *found)
{
    (void)x;
    (void)w;
    (void)above;
    (void)keep;
    (void)scratch;
    for (size_t r = 0; r < rows; r++) {
        found->n[r] = SIZE_MAX; /* not listed: all are to be looked at */
    }
}

void product_found_init_f64(struct product_found_f64 *found, size_t F, size_t room)
{
    found->room = room < F ? room : F;
    found->stride = found->room;
}

void product_rows_f64(size_t rows, const double *x, const struct product_weights_f64 *w,
                      double *scratch, double *h)
{
    (void)scratch;
    for (size_t r = 0; r < rows; r++) {
        memcpy(h + r * w->F, w->b, w->F * sizeof *h);
    }
    gemm_f64(NO_TRANS, TRANS, rows, w->F, w->D, 1, x, w->D, w->W, w->D, 1, h, w->F);
}
