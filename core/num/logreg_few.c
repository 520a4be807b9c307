#include "num/logreg.h"

#include <math.h>
#include <string.h>

#define P_MAX    (LOGREG_FEW_MAX + 1)
#define MAX_ITER 60

/* The problem and where the iteration stands; the intercept is the last of p = k + 1.
 */
struct few {
    size_t k, m;
    const float *x;
    const uint8_t *y;
    double zero_pos, zero_neg;
    double s_pos, s_neg; /* c * n / (2 n_class) */
    double v[P_MAX];
    double grad[P_MAX];
    double hess[P_MAX][P_MAX]; /* lower triangle */
};

static double softplus(double z)
{
    return log1p(exp(-fabs(z))) + (z > 0.0 ? z : 0.0);
}

static double logit(const struct few *f, const double *v, size_t i)
{
    double z = v[f->k];
    for (size_t j = 0; j < f->k; j++) {
        z += v[j] * (double)f->x[i * f->k + j];
    }
    return z;
}

static double loss_at(const struct few *f, const double *v)
{
    double s = f->s_pos * f->zero_pos * softplus(-v[f->k]) +
               f->s_neg * f->zero_neg * softplus(v[f->k]);
    for (size_t j = 0; j < f->k; j++) {
        s += 0.5 * v[j] * v[j];
    }
    for (size_t i = 0; i < f->m; i++) {
        const double z = logit(f, v, i);
        s += f->y[i] ? f->s_pos * softplus(-z) : f->s_neg * softplus(z);
    }
    return s;
}

/* Gradient and Hessian at v. */
static void derive(struct few *f)
{
    const size_t k = f->k;
    memset(f->grad, 0, sizeof f->grad);
    memset(f->hess, 0, sizeof f->hess);
    for (size_t j = 0; j < k; j++) {
        f->grad[j] = f->v[j];
        f->hess[j][j] = 1.0;
    }
    const double p0 = 1.0 / (1.0 + exp(-f->v[k]));
    const double weight0 = f->s_pos * f->zero_pos + f->s_neg * f->zero_neg;
    f->grad[k] = weight0 * p0 - f->s_pos * f->zero_pos;
    /* A trace of curvature keeps the matrix positive where all rows are sure. */
    f->hess[k][k] = weight0 * p0 * (1.0 - p0) + 1e-12;
    for (size_t i = 0; i < f->m; i++) {
        const float *xi = f->x + i * k;
        const double s = f->y[i] ? f->s_pos : f->s_neg;
        const double p = 1.0 / (1.0 + exp(-logit(f, f->v, i)));
        const double r = s * (p - (f->y[i] ? 1.0 : 0.0));
        const double h = s * p * (1.0 - p);
        for (size_t a = 0; a < k; a++) {
            const double xa = (double)xi[a];
            f->grad[a] += r * xa;
            for (size_t b = 0; b <= a; b++) {
                f->hess[a][b] += h * xa * (double)xi[b];
            }
            f->hess[k][a] += h * xa;
        }
        f->grad[k] += r;
        f->hess[k][k] += h;
    }
}

/* step = hess^-1 grad by Cholesky, in place. */
static void solve(struct few *f, double *step)
{
    const size_t p = f->k + 1;
    for (size_t j = 0; j < p; j++) {
        for (size_t i = j; i < p; i++) {
            double s = f->hess[i][j];
            for (size_t q = 0; q < j; q++) {
                s -= f->hess[i][q] * f->hess[j][q];
            }
            f->hess[i][j] = i == j ? sqrt(s > 1e-12 ? s : 1e-12) : s / f->hess[j][j];
        }
    }
    for (size_t i = 0; i < p; i++) {
        double s = f->grad[i];
        for (size_t q = 0; q < i; q++) {
            s -= f->hess[i][q] * step[q];
        }
        step[i] = s / f->hess[i][i];
    }
    for (size_t i = p; i-- > 0;) {
        double s = step[i];
        for (size_t q = i + 1; q < p; q++) {
            s -= f->hess[q][i] * step[q];
        }
        step[i] = s / f->hess[i][i];
    }
}

static void newton(struct few *f)
{
    const size_t p = f->k + 1;
    double now = loss_at(f, f->v);
    for (int iter = 0; iter < MAX_ITER; iter++) {
        double step[P_MAX];
        double next[P_MAX];
        derive(f);
        solve(f, step);
        double decrement = 0.0;
        for (size_t j = 0; j < p; j++) {
            decrement += step[j] * f->grad[j];
        }
        if (!(decrement > 1e-9 * (1.0 + now))) {
            return;
        }
        double t = 1.0;
        for (int half = 0; half < 40; half++, t *= 0.5) {
            for (size_t j = 0; j < p; j++) {
                next[j] = f->v[j] - t * step[j];
            }
            const double then = loss_at(f, next);
            if (then <= now - 1e-4 * t * decrement) {
                now = then;
                memcpy(f->v, next, p * sizeof *next);
                break;
            }
            if (half == 39) {
                return; /* no step helps any more: rounding */
            }
        }
    }
}

void logreg_few(size_t k, size_t m, const float *x, const uint8_t *y, double zero_pos,
                double zero_neg, double c, double *w, double *b)
{
    struct few f = {
        .k = k, .m = m, .x = x, .y = y, .zero_pos = zero_pos, .zero_neg = zero_neg};
    double pos = zero_pos;
    for (size_t i = 0; i < m; i++) {
        pos += y[i] ? 1.0 : 0.0;
    }
    const double n = zero_pos + zero_neg + (double)m;
    const double neg = n - pos;
    if (pos < 0.5 || neg < 0.5) {
        memset(w, 0, k * sizeof *w);
        *b = 0.0;
        return;
    }
    f.s_pos = c * n / (2.0 * pos);
    f.s_neg = c * n / (2.0 * neg);
    memcpy(f.v, w, k * sizeof *w);
    f.v[k] = *b;
    newton(&f);
    memcpy(w, f.v, k * sizeof *w);
    *b = f.v[k];
}
