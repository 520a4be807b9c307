/* Coordinate descent finds which weights are not zero (Friedman, Hastie, Tibshirani
 * 2010); conjugate gradients over those, with their signs kept, then do what it is slow
 * at: columns that are nearly alike. */
#include "num/logreg_quad.h"

#include <math.h>
#include <string.h>

#define SWEEPS 2  /* before conjugate gradients */
#define CG_MAX 60 /* steps of one run of them */

/* Uses four sums, so that none waits for another. */
double logreg_gather(size_t n, const uint32_t *row, const float *val, const double *v)
{
    double s[4] = {0.0, 0.0, 0.0, 0.0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        for (size_t a = 0; a < 4; a++) {
            s[a] += (double)val[i + a] * v[row[i + a]];
        }
    }
    for (; i < n; i++) {
        s[0] += (double)val[i] * v[row[i]];
    }
    return (s[0] + s[1]) + (s[2] + s[3]);
}

static double column_dot(const struct logreg_csc *x, size_t j, const double *v)
{
    const size_t first = x->start[j];
    return logreg_gather(x->end[j] - first, x->row + first, x->val + first, v);
}

static double sum(size_t n, const double *v)
{
    double s[4] = {0.0, 0.0, 0.0, 0.0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        for (size_t a = 0; a < 4; a++) {
            s[a] += v[i + a];
        }
    }
    for (; i < n; i++) {
        s[0] += v[i];
    }
    return (s[0] + s[1]) + (s[2] + s[3]);
}

static double soft(double v, double by)
{
    return v > by ? v - by : v < -by ? v + by : 0.0;
}

/* Return the smooth part's slope along column j, and along the bias. */
static double slope(const struct logreg_quad *q, size_t j)
{
    return q->g[j] + q->l2 * q->d[j] + column_dot(&q->x, j, q->hq);
}

static double slope_bias(const struct logreg_quad *q)
{
    return q->g_b + sum(q->x.m, q->hq);
}

static void move_bias(struct logreg_quad *q, double by)
{
    q->d_b += by;
    for (size_t i = 0; i < q->x.m; i++) {
        q->hq[i] += by * q->h[i];
    }
}

/* Moves each coordinate to its own minimum; returns the squared length of the moves. */
static double sweep(struct logreg_quad *q)
{
    const struct logreg_csc *x = &q->x;
    double moved = 0.0;
    for (size_t j = 0; j < x->k; j++) {
        const double at = q->w[j] + q->d[j];
        const double by = soft(q->a[j] * at - slope(q, j), q->l1) / q->a[j] - at;
        if (!(fabs(by) > 0.0)) {
            continue;
        }
        q->d[j] += by;
        for (size_t i = x->start[j]; i < x->end[j]; i++) {
            q->hq[x->row[i]] += by * (double)x->val[i] * q->h[x->row[i]];
        }
        moved += q->a[j] * by * by;
    }
    const double by = -slope_bias(q) / q->a_b;
    move_bias(q, by);
    return moved + q->a_b * by * by;
}

static bool is_free(const struct logreg_quad *q, size_t j)
{
    const double at = q->w[j] + q->d[j];
    return q->l1 <= 0.0 || at > 0.0 || at < 0.0;
}

/* h_row = h (X dir + dir_b), h_dir = X' h_row + l2 dir; returns the bias's entry. */
static double apply(struct logreg_quad *q, double dir_b)
{
    const struct logreg_csc *x = &q->x;
    for (size_t i = 0; i < x->m; i++) {
        q->h_row[i] = dir_b;
    }
    for (size_t j = 0; j < x->k; j++) {
        const double by = q->dir[j];
        for (size_t i = x->start[j]; by != 0.0 && i < x->end[j]; i++) {
            q->h_row[x->row[i]] += by * (double)x->val[i];
        }
    }
    for (size_t i = 0; i < x->m; i++) {
        q->h_row[i] *= q->h[i];
    }
    for (size_t j = 0; j < x->k; j++) {
        q->h_dir[j] =
            is_free(q, j) ? column_dot(x, j, q->h_row) + q->l2 * q->dir[j] : 0.0;
    }
    return sum(x->m, q->h_row);
}

/* Conjugate gradients: the bias's share of the vectors, and the scalars. */
struct cg {
    double step_b, res_b, dir_b;
    double rr; /* res' a^-1 res */
};

static double scaled_square(const struct logreg_quad *q, double res_b)
{
    double s = res_b * res_b / q->a_b;
    for (size_t j = 0; j < q->x.k; j++) {
        s += q->res[j] * q->res[j] / q->a[j];
    }
    return s;
}

/* Starts with the residuals of the free coordinates, whose signs are kept. */
static void cg_begin(struct logreg_quad *q, struct cg *c)
{
    for (size_t j = 0; j < q->x.k; j++) {
        const double at = q->w[j] + q->d[j];
        const double pull = at > 0.0 ? q->l1 : -q->l1;
        q->step[j] = 0.0;
        q->res[j] = is_free(q, j) ? -slope(q, j) - (q->l1 > 0.0 ? pull : 0.0) : 0.0;
        q->dir[j] = q->res[j] / q->a[j];
    }
    memset(q->h_step, 0, q->x.m * sizeof *q->h_step);
    c->step_b = 0.0;
    c->res_b = -slope_bias(q);
    c->dir_b = c->res_b / q->a_b;
    c->rr = scaled_square(q, c->res_b);
}

/* Does one step; false where there is none to take. */
static bool cg_step(struct logreg_quad *q, struct cg *c)
{
    const double h_dir_b = apply(q, c->dir_b);
    double curve = c->dir_b * h_dir_b;
    for (size_t j = 0; j < q->x.k; j++) {
        curve += q->dir[j] * q->h_dir[j];
    }
    if (!(curve > 0.0)) {
        return false;
    }
    const double t = c->rr / curve;
    for (size_t j = 0; j < q->x.k; j++) {
        q->step[j] += t * q->dir[j];
        q->res[j] -= t * q->h_dir[j];
    }
    for (size_t i = 0; i < q->x.m; i++) {
        q->h_step[i] += t * q->h_row[i];
    }
    c->step_b += t * c->dir_b;
    c->res_b -= t * h_dir_b;
    const double rr = scaled_square(q, c->res_b);
    for (size_t j = 0; j < q->x.k; j++) {
        q->dir[j] = q->res[j] / q->a[j] + rr / c->rr * q->dir[j];
    }
    c->dir_b = c->res_b / q->a_b + rr / c->rr * c->dir_b;
    c->rr = rr;
    return true;
}

/* Moves along the step as far as the first weight that would change its sign: the model
 * is convex, so every part of the way goes down. */
static void cg_take(struct logreg_quad *q, const struct cg *c)
{
    double t = 1.0;
    size_t stop = q->x.k;
    for (size_t j = 0; j < q->x.k && q->l1 > 0.0; j++) {
        const double at = q->w[j] + q->d[j];
        const double to = at + t * q->step[j];
        if ((at > 0.0 && to < 0.0) || (at < 0.0 && to > 0.0)) {
            t = -at / q->step[j];
            stop = j;
        }
    }
    for (size_t j = 0; j < q->x.k; j++) {
        q->d[j] = j == stop ? -q->w[j] : q->d[j] + t * q->step[j];
    }
    q->d_b += t * c->step_b;
    for (size_t i = 0; i < q->x.m; i++) {
        q->hq[i] += t * q->h_step[i];
    }
}

void logreg_quad_solve(struct logreg_quad *q, double share, size_t rounds)
{
    double first = 0.0;
    q->d_b = 0.0;
    memset(q->d, 0, q->x.k * sizeof *q->d);
    memset(q->hq, 0, q->x.m * sizeof *q->hq);
    for (size_t round = 0; round < rounds; round++) {
        struct cg c;
        double moved = 0.0;
        for (size_t i = 0; i < SWEEPS && q->l1 > 0.0; i++) {
            moved = sweep(q);
            first = first > moved ? first : moved;
        }
        if (q->l1 > 0.0 && !(moved > share * share * first)) {
            return;
        }
        cg_begin(q, &c);
        first = first > c.rr ? first : c.rr;
        for (size_t i = 0; i < CG_MAX && c.rr > share * share * first; i++) {
            if (!cg_step(q, &c)) {
                break;
            }
        }
        cg_take(q, &c);
        if (q->l1 <= 0.0 && !(c.rr > share * share * first)) {
            return;
        }
    }
}
