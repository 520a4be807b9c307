#include "num/blas.h"

#include "num/blas_load.h"
#include "num/kern.h"
#include "num/kern_sieve.h"
#include "num/kern_wide.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>

void num_init(void)
{
    (void)blas_get();
}

const char *num_blas_core(void)
{
    const struct blas *b = blas_get();
    return b ? b->corename() : "not loaded";
}

const char *num_kern_name(void)
{
    return kern_get()->name;
}

const char *num_wide_name(void)
{
    const struct kern_wide *wide = kern_wide_get();
    return kern_sieve_get() ? "avx512 with vnni" : wide ? wide->name : "";
}

/* Whether all of them fit BLAS's int. */
static bool sizes_fit(size_t m, size_t n, size_t k, size_t lda, size_t ldb, size_t ldc)
{
    const size_t max = INT_MAX;
    return m <= max && n <= max && k <= max && lda <= max && ldb <= max && ldc <= max;
}

static CBLAS_TRANSPOSE blas_trans(enum trans t)
{
    return t == TRANS ? CblasTrans : CblasNoTrans;
}

/* Fills C with NaN, so that a product that cannot be computed does not look like
 * one. */
#define FILL_NAN(m, n, c, ldc, nan_value)                                              \
    for (size_t i_ = 0; i_ < (m); i_++) {                                              \
        for (size_t j_ = 0; j_ < (n); j_++) {                                          \
            (c)[i_ * (ldc) + j_] = (nan_value);                                        \
        }                                                                              \
    }

void gemm_f32(enum trans ta, enum trans tb, size_t m, size_t n, size_t k, float alpha,
              const float *a, size_t lda, const float *b, size_t ldb, float beta,
              float *c, size_t ldc)
{
    if (m == 0 || n == 0) {
        return;
    }
    const bool fits = sizes_fit(m, n, k, lda, ldb, ldc);
    const struct blas *blas = fits ? blas_enter() : NULL;
    if (!blas) {
        FILL_NAN(m, n, c, ldc, nanf(""))
        return;
    }
    blas->sgemm(CblasRowMajor, blas_trans(ta), blas_trans(tb), (blasint)m, (blasint)n,
                (blasint)k, alpha, a, (blasint)lda, b, (blasint)ldb, beta, c,
                (blasint)ldc);
    blas_leave();
}

void gemm_f64(enum trans ta, enum trans tb, size_t m, size_t n, size_t k, double alpha,
              const double *a, size_t lda, const double *b, size_t ldb, double beta,
              double *c, size_t ldc)
{
    if (m == 0 || n == 0) {
        return;
    }
    const bool fits = sizes_fit(m, n, k, lda, ldb, ldc);
    const struct blas *blas = fits ? blas_enter() : NULL;
    if (!blas) {
        FILL_NAN(m, n, c, ldc, nan(""))
        return;
    }
    blas->dgemm(CblasRowMajor, blas_trans(ta), blas_trans(tb), (blasint)m, (blasint)n,
                (blasint)k, alpha, a, (blasint)lda, b, (blasint)ldb, beta, c,
                (blasint)ldc);
    blas_leave();
}
