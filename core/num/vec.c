/* Float: through the table of kernels. */
#include "num/vec.h"

#include "num/kern.h"
#include "num/kern_wide.h"

void vec_exp_f32(size_t n, const float *x, float *y)
{
    kern_get()->exp(n, x, y);
}

void vec_gelu_f32(size_t n, const float *x, float *y)
{
    kern_get()->gelu(n, x, y);
}

void vec_gelu_back_f32(size_t n, const float *x, const float *dy, float *dx)
{
    kern_get()->gelu_back(n, x, dy, dx);
}

void vec_softmax_f32(size_t n, float scale, float *x, double *lse)
{
    kern_get()->softmax(n, scale, x, lse);
}

void vec_softmax_back_f32(size_t n, float scale, const float *p, float *dp)
{
    kern_get()->softmax_back(n, scale, p, dp);
}

double vec_lse_f32(size_t n, const float *x)
{
    return kern_get()->lse(n, x);
}

void vec_layernorm_f32(size_t n, float eps, const float *x, const float *w,
                       const float *b, float *y, float *mean, float *rstd)
{
    kern_get()->layernorm(n, eps, x, w, b, y, mean, rstd);
}

void vec_layernorm_back_f32(size_t n, const float *x, const float *w, float mean,
                            float rstd, const float *dy, float *dx, float *dw,
                            float *db)
{
    kern_get()->layernorm_back(n, x, w, mean, rstd, dy, dx, dw, db);
}

float vec_dot_f32(size_t n, const float *a, const float *b)
{
    return kern_get()->dot(n, a, b);
}

void vec_axpy_f32(size_t n, float alpha, const float *x, float *y)
{
    kern_get()->axpy(n, alpha, x, y);
}

void vec_add_f32(size_t n, const float *a, const float *b, float *y)
{
    kern_get()->add(n, a, b, y);
}

void vec_scale_f32(size_t n, float alpha, float *x)
{
    kern_get()->scale(n, alpha, x);
}

double vec_sum_f32(size_t n, const float *x)
{
    return kern_get()->sum(n, x);
}

double vec_sumsq_f32(size_t n, const float *x)
{
    return kern_get()->sumsq(n, x);
}

void vec_rows_axpy_f32(size_t n, const int32_t *id, const float *w, const float *x,
                       size_t ld, size_t D, float *y)
{
    const struct kern_wide *wide = kern_wide_get();
    (wide ? wide->rows_axpy : kern_get()->rows_axpy)(n, id, w, x, ld, D, y);
}

void vec_rows_sum_f32(size_t n, const int32_t *id, const float *w, const float *x,
                      size_t ld, size_t D, float scale, float *y)
{
    const struct kern_wide *wide = kern_wide_get();
    (wide ? wide->rows_sum : kern_get()->rows_sum)(n, id, w, x, ld, D, scale, y);
}

void vec_rows_dot_f32(size_t n, const int32_t *id, const float *x, size_t ld, size_t D,
                      const float *y, float *out)
{
    const struct kern_wide *wide = kern_wide_get();
    (wide ? wide->rows_dot : kern_get()->rows_dot)(n, id, x, ld, D, y, out);
}

void vec_adam_f32(size_t n, const struct adam *a, const float *g, float *w, float *m,
                  float *v)
{
    kern_get()->adam(n, a, g, w, m, v);
}
