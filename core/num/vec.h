/* Vector operations in the precision of the file that includes this (num/real.h): float
 * ones use the kernels for the CPU (num/kern.h, where each is described), double ones
 * are plain loops over libm, the reference. Any thread. No guard around the whole, so
 * that a file can have both: see num/real.h. */
#include "num/real.h"

#include <stddef.h>
#include <stdint.h>

#if (defined(REAL_F64) && !defined(SAETOP_NUM_VEC_F64)) ||                             \
    (!defined(REAL_F64) && !defined(SAETOP_NUM_VEC_F32))
#ifdef REAL_F64
#define SAETOP_NUM_VEC_F64
#else
#define SAETOP_NUM_VEC_F32
#endif

#include "num/blas.h"

struct adam;

void R(vec_exp)(size_t n, const real *x, real *y);
void R(vec_gelu)(size_t n, const real *x, real *y);
void R(vec_gelu_back)(size_t n, const real *x, const real *dy, real *dx);
void R(vec_softmax)(size_t n, real scale, real *x, double *lse);
void R(vec_softmax_back)(size_t n, real scale, const real *p, real *dp);
double R(vec_lse)(size_t n, const real *x);
void R(vec_layernorm)(size_t n, real eps, const real *x, const real *w, const real *b,
                      real *y, real *mean, real *rstd);
void R(vec_layernorm_back)(size_t n, const real *x, const real *w, real mean, real rstd,
                           const real *dy, real *dx, real *dw, real *db);
real R(vec_dot)(size_t n, const real *a, const real *b);
void R(vec_axpy)(size_t n, real alpha, const real *x, real *y);
void R(vec_add)(size_t n, const real *a, const real *b, real *y);
void R(vec_scale)(size_t n, real alpha, real *x);
double R(vec_sum)(size_t n, const real *x);
double R(vec_sumsq)(size_t n, const real *x);
void R(vec_rows_axpy)(size_t n, const int32_t *id, const real *w, const real *x,
                      size_t ld, size_t D, real *y);
void R(vec_rows_sum)(size_t n, const int32_t *id, const real *w, const real *x,
                     size_t ld, size_t D, real scale, real *y);
void R(vec_rows_dot)(size_t n, const int32_t *id, const real *x, size_t ld, size_t D,
                     const real *y, real *out);
void R(vec_adam)(size_t n, const struct adam *a, const real *g, real *w, real *m,
                 real *v);

#endif
