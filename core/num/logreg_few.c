#include "num/logreg_priv.h"

#include <math.h>
#include <string.h>

#define P_MAX    (LOGREG_FEW_MAX + 1)
#define MAX_ITER 60
#define ROUNDING 1e-13 /* of an objective, relative */

/* How many factors of at most 2 are multiplied before one logarithm. */
#define LOG_ROWS 512

/* The loss at a point, with its derivatives; the intercept is the last of p = k + 1. */
struct few_point {
    double v[P_MAX];
    double loss;    /* the penalty included */
    double pull[2]; /* of each class on the intercept; their difference is the slope */
    double grad[P_MAX];
    double hess[P_MAX][P_MAX]; /* lower triangle */
};

struct few {
    size_t k, m;
    const float *x;
    const uint8_t *y;
    double zero_pos, zero_neg;
    double s_pos, s_neg; /* c * n / (2 n_class) */
    double greatest;     /* size of an input */
};

static double softplus(double z)
{
    return log1p(exp(-fabs(z))) + (z > 0.0 ? z : 0.0);
}

/* Adds the parts of the penalty and of rows that are all zero. */
static void derive_rest(const struct few *f, struct few_point *at)
{
    const size_t k = f->k;
    const double b = at->v[k];
    memset(at->grad, 0, sizeof at->grad);
    memset(at->hess, 0, sizeof at->hess);
    at->loss =
        f->s_pos * f->zero_pos * softplus(-b) + f->s_neg * f->zero_neg * softplus(b);
    for (size_t j = 0; j < k; j++) {
        at->loss += 0.5 * at->v[j] * at->v[j];
        at->grad[j] = at->v[j];
        at->hess[j][j] = 1.0;
    }
    const double p0 = 1.0 / (1.0 + exp(-b));
    const double weight0 = f->s_pos * f->zero_pos + f->s_neg * f->zero_neg;
    at->pull[0] = f->s_neg * f->zero_neg * p0;
    at->pull[1] = f->s_pos * f->zero_pos * (1.0 - p0);
    /* A trace of curvature keeps the matrix positive where all rows are sure. */
    at->hess[k][k] = weight0 * p0 * (1.0 - p0) + 1e-12;
}

/* Computes loss, gradient and Hessian at at->v in one pass, with one exponential per
 * row: softplus is max(z, 0) + log(1 + e^-|z|), and the logarithm is taken of
 * products. */
static void derive(const struct few *f, struct few_point *at)
{
    const size_t k = f->k;
    double product[2] = {1.0, 1.0};
    double logs[2] = {0.0, 0.0};
    derive_rest(f, at);
    for (size_t i = 0; i < f->m; i++) {
        const float *xi = f->x + i * k;
        const bool pos = f->y[i] != 0;
        const double s = pos ? f->s_pos : f->s_neg;
        double z = at->v[k];
        for (size_t j = 0; j < k; j++) {
            z += at->v[j] * (double)xi[j];
        }
        const double e = exp(-fabs(z));
        const double q = 1.0 / (1.0 + e);
        const double p = z >= 0.0 ? q : e * q;
        const double r = s * (pos ? p - 1.0 : p);
        const double h = s * e * q * q;
        product[pos] *= 1.0 + e;
        logs[pos] += pos ? (z < 0.0 ? -z : 0.0) : (z > 0.0 ? z : 0.0);
        for (size_t a = 0; a < k; a++) {
            const double xa = (double)xi[a];
            at->grad[a] += r * xa;
            for (size_t b = 0; b <= a; b++) {
                at->hess[a][b] += h * xa * (double)xi[b];
            }
            at->hess[k][a] += h * xa;
        }
        at->pull[pos] += fabs(r);
        at->hess[k][k] += h;
        if (i % LOG_ROWS == LOG_ROWS - 1 || i + 1 == f->m) {
            logs[0] += log(product[0]);
            logs[1] += log(product[1]);
            product[0] = product[1] = 1.0;
        }
    }
    at->loss += f->s_neg * logs[0] + f->s_pos * logs[1];
    at->grad[k] = at->pull[0] - at->pull[1];
}

/* Returns the gap as a share of the objective. */
static double relative_gap(const struct few *f, const struct few_point *at)
{
    const size_t k = f->k;
    double square = 0.0;
    for (size_t j = 0; j < k; j++) {
        square += at->v[j] * at->v[j];
    }
    const double *pull = at->pull;
    struct logreg_gap gap =
        logreg_gap_begin(0.0, 1.0, f->greatest, at->loss - 0.5 * square, at->grad[k],
                         at->v[k], pull[0] > pull[1] ? pull[0] : pull[1]);
    for (size_t j = 0; j < k; j++) {
        logreg_gap_add(&gap, at->grad[j] - at->v[j], at->v[j]);
    }
    return logreg_gap_value(&gap) / at->loss;
}

/* step = hess^-1 grad by Cholesky, in place. */
static void solve(struct few_point *f, size_t p, double *step)
{
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

/* Minimises by Newton's method; returns the relative gap at the end. */
static double newton(const struct few *f, struct few_point *now)
{
    const size_t p = f->k + 1;
    struct few_point next;
    double gap = (double)INFINITY;
    derive(f, now);
    for (int iter = 0; iter < MAX_ITER; iter++) {
        double step[P_MAX];
        double decrement = 0.0;
        gap = relative_gap(f, now);
        if (gap <= LOGREG_TOL) {
            return gap;
        }
        solve(now, p, step);
        for (size_t j = 0; j < p; j++) {
            decrement += step[j] * now->grad[j];
        }
        double t = 1.0;
        int half = 0;
        for (; half < 40; half++, t *= 0.5) {
            for (size_t j = 0; j < p; j++) {
                next.v[j] = now->v[j] - t * step[j];
            }
            derive(f, &next);
            if (next.loss <= now->loss - 1e-4 * t * decrement + ROUNDING * now->loss) {
                break;
            }
        }
        if (half == 40) {
            return gap; /* no step helps any more: rounding */
        }
        *now = next;
    }
    return relative_gap(f, now);
}

/* Fits with classes weighted or not; all zero if a class is missing. */
static double fit(struct few *f, double c, bool balanced, double *w, double *b)
{
    double pos = f->zero_pos;
    for (size_t i = 0; i < f->m; i++) {
        pos += f->y[i] ? 1.0 : 0.0;
    }
    const double n = f->zero_pos + f->zero_neg + (double)f->m;
    const double neg = n - pos;
    if (pos < 0.5 || neg < 0.5) {
        memset(w, 0, f->k * sizeof *w);
        *b = 0.0;
        return 0.0;
    }
    f->s_pos = balanced ? c * n / (2.0 * pos) : c;
    f->s_neg = balanced ? c * n / (2.0 * neg) : c;
    struct few_point at;
    memcpy(at.v, w, f->k * sizeof *w);
    at.v[f->k] = *b;
    f->greatest = 0.0;
    for (size_t i = 0; i < f->m * f->k; i++) {
        const double size = fabs((double)f->x[i]);
        f->greatest = size > f->greatest ? size : f->greatest;
    }
    const double gap = newton(f, &at);
    memcpy(w, at.v, f->k * sizeof *w);
    *b = at.v[f->k];
    return gap;
}

double logreg_few(size_t k, size_t m, const float *x, const uint8_t *y, double zero_pos,
                  double zero_neg, double c, double *w, double *b)
{
    struct few f = {
        .k = k, .m = m, .x = x, .y = y, .zero_pos = zero_pos, .zero_neg = zero_neg};
    return fit(&f, c, true, w, b);
}

double logreg_few_plain(size_t k, size_t m, const float *x, const uint8_t *y, double c,
                        double *w, double *b)
{
    struct few f = {.k = k, .m = m, .x = x, .y = y};
    return fit(&f, c, false, w, b);
}
