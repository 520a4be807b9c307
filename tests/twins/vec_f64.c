/* Double: plain loops over libm, the reference that the float kernels are compared
 * with. */
#define REAL_F64
#include "num/kern.h"
#include "num/vec.h"

#include <math.h>

void vec_exp_f64(size_t n, const double *x, double *y)
{
    for (size_t i = 0; i < n; i++) {
        y[i] = exp(x[i]);
    }
}

static const double gelu_scale = 0.79788456080286535588; /* sqrt(2 / pi) */

void vec_gelu_f64(size_t n, const double *x, double *y)
{
    for (size_t i = 0; i < n; i++) {
        const double u = gelu_scale * (x[i] + 0.044715 * x[i] * x[i] * x[i]);
        y[i] = x[i] / (1.0 + exp(-2.0 * u));
    }
}

void vec_gelu_back_f64(size_t n, const double *x, const double *dy, double *dx)
{
    for (size_t i = 0; i < n; i++) {
        const double c = fmax(-20.0, fmin(20.0, x[i]));
        const double u = gelu_scale * (c + 0.044715 * c * c * c);
        const double du = gelu_scale * (1.0 + 3.0 * 0.044715 * c * c);
        const double t = tanh(u);
        const double slope = 0.5 * (1.0 + t) + 0.5 * c * (1.0 - t * t) * du;
        dx[i] = isnan(x[i]) ? x[i] : dy[i] * slope;
    }
}

static double max_shift(size_t n, double scale, const double *x)
{
    double m = -(double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        m = fmax(m, scale * x[i]);
    }
    return isfinite(m) ? m : 0.0;
}

void vec_softmax_f64(size_t n, double scale, double *x, double *lse)
{
    const double shift = max_shift(n, scale, x);
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        x[i] = exp(scale * x[i] - shift);
        sum += x[i];
    }
    vec_scale_f64(n, 1.0 / sum, x);
    if (lse != NULL) {
        *lse = shift + log(sum);
    }
}

void vec_softmax_back_f64(size_t n, double scale, const double *p, double *dp)
{
    const double mean = vec_dot_f64(n, p, dp);
    for (size_t i = 0; i < n; i++) {
        dp[i] = scale * p[i] * (dp[i] - mean);
    }
}

double vec_lse_f64(size_t n, const double *x)
{
    const double shift = max_shift(n, 1.0, x);
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += exp(x[i] - shift);
    }
    return shift + log(sum);
}

void vec_layernorm_f64(size_t n, double eps, const double *x, const double *w,
                       const double *b, double *y, double *mean, double *rstd)
{
    const double mu = vec_sum_f64(n, x) / (double)n;
    double var = 0.0;
    for (size_t i = 0; i < n; i++) {
        var += (x[i] - mu) * (x[i] - mu);
    }
    const double r = 1.0 / sqrt(var / (double)n + eps);
    for (size_t i = 0; i < n; i++) {
        y[i] = (x[i] - mu) * r * w[i] + b[i];
    }
    if (mean != NULL) {
        *mean = mu;
    }
    if (rstd != NULL) {
        *rstd = r;
    }
}

void vec_layernorm_back_f64(size_t n, const double *x, const double *w, double mean,
                            double rstd, const double *dy, double *dx, double *dw,
                            double *db)
{
    double a = 0.0, c = 0.0;
    for (size_t i = 0; i < n; i++) {
        a += dy[i] * w[i] / (double)n;
        c += dy[i] * w[i] * (x[i] - mean) * rstd / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        const double xhat = (x[i] - mean) * rstd;
        dx[i] += rstd * (dy[i] * w[i] - a - xhat * c);
        dw[i] += dy[i] * xhat;
        db[i] += dy[i];
    }
}

double vec_dot_f64(size_t n, const double *a, const double *b)
{
    double s = 0.0;
    for (size_t i = 0; i < n; i++) {
        s += a[i] * b[i];
    }
    return s;
}

void vec_axpy_f64(size_t n, double alpha, const double *x, double *y)
{
    for (size_t i = 0; i < n; i++) {
        y[i] += alpha * x[i];
    }
}

void vec_add_f64(size_t n, const double *a, const double *b, double *y)
{
    for (size_t i = 0; i < n; i++) {
        y[i] = a[i] + b[i];
    }
}

void vec_scale_f64(size_t n, double alpha, double *x)
{
    for (size_t i = 0; i < n; i++) {
        x[i] *= alpha;
    }
}

double vec_sum_f64(size_t n, const double *x)
{
    double s = 0.0;
    for (size_t i = 0; i < n; i++) {
        s += x[i];
    }
    return s;
}

double vec_sumsq_f64(size_t n, const double *x)
{
    return vec_dot_f64(n, x, x);
}

void vec_rows_axpy_f64(size_t n, const int32_t *id, const double *w, const double *x,
                       size_t ld, size_t D, double *y)
{
    for (size_t i = 0; i < n; i++) {
        vec_axpy_f64(D, w[i], x + (size_t)id[i] * ld, y);
    }
}

void vec_rows_sum_f64(size_t n, const int32_t *id, const double *w, const double *x,
                      size_t ld, size_t D, double scale, double *y)
{
    for (size_t d = 0; d < D; d++) {
        y[d] = 0.0;
    }
    vec_rows_axpy_f64(n, id, w, x, ld, D, y);
    vec_scale_f64(D, scale, y);
}

void vec_rows_dot_f64(size_t n, const int32_t *id, const double *x, size_t ld, size_t D,
                      const double *y, double *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = vec_dot_f64(D, x + (size_t)id[i] * ld, y);
    }
}

void vec_adam_f64(size_t n, const struct adam *a, const double *g, double *w, double *m,
                  double *v)
{
    for (size_t i = 0; i < n; i++) {
        const double gi = a->grad_scale * g[i];
        m[i] = a->beta1 * m[i] + (1.0 - a->beta1) * gi;
        v[i] = a->beta2 * v[i] + (1.0 - a->beta2) * gi * gi;
        w[i] = (1.0 - a->decay) * w[i] -
               a->step * (m[i] / (sqrt(v[i]) * a->root_scale + a->eps));
    }
}
