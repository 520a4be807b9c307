/* The model of logreg_quad.h for a few hundred columns, with the whole of H: coordinate
 * descent finds which weights are not zero, and a Cholesky factor solves for those. */
#include "num/logreg_priv.h"
#include "num/logreg_quad.h"

#include <math.h>
#include <string.h>

#define SWEEPS 2 /* before the solve */

/* Computes sum h v and sum h v^2 over a column, in four sums each, so that none waits
 * for another. */
static void moments(const struct logreg_csc *x, size_t j, const double *h,
                    double *first, double *second)
{
    double s[4] = {0.0, 0.0, 0.0, 0.0}, t[4] = {0.0, 0.0, 0.0, 0.0};
    size_t i = x->start[j];
    for (; i + 4 <= x->end[j]; i += 4) {
        for (size_t a = 0; a < 4; a++) {
            const double v = (double)x->val[i + a], hv = h[x->row[i + a]] * v;
            s[a] += hv;
            t[a] += hv * v;
        }
    }
    for (; i < x->end[j]; i++) {
        const double v = (double)x->val[i], hv = h[x->row[i]] * v;
        s[0] += hv;
        t[0] += hv * v;
    }
    *first = (s[0] + s[1]) + (s[2] + s[3]);
    *second = (t[0] + t[1]) + (t[2] + t[3]);
}

/* Adds each pair of columns in every row that has both, on one side of the diagonal or
 * the other. */
static void add_pairs(struct logreg_gram *q, const double *h)
{
    const struct logreg_rows *x = &q->x;
    for (size_t at = 0; at < x->m; at++) {
        const size_t i = x->list[at], end = x->start[i + 1];
        for (size_t a = x->start[i]; a + 1 < end; a++) {
            const double by = h[i] * x->val[a];
            double *row = q->H + (size_t)x->col[a] * q->P;
            for (size_t b = a + 1; b < end; b++) {
                row[x->col[b]] += by * x->val[b];
            }
        }
    }
}

void logreg_gram_fill(struct logreg_gram *q, const struct logreg_csc *x,
                      const double *h, double l2)
{
    const size_t P = q->P, k = P - 1;
    double *H = q->H;
    double all = 0.0;
    memset(H, 0, P * P * sizeof *H);
    add_pairs(q, h);
    for (size_t i = 0; i < k; i++) {
        for (size_t j = 0; j < i; j++) {
            H[i * P + j] += H[j * P + i];
            H[j * P + i] = H[i * P + j];
        }
        moments(x, i, h, &H[k * P + i], &H[i * P + i]);
        H[i * P + k] = H[k * P + i];
        H[i * P + i] += l2 + 1e-14;
    }
    for (size_t i = 0; i < x->m; i++) {
        all += h[i];
    }
    H[k * P + k] = all + 1e-14;
}

static double soft(double v, double by)
{
    return v > by ? v - by : v < -by ? v + by : 0.0;
}

/* d_j += by, and updates the slopes. */
static void move(struct logreg_gram *q, size_t j, double by)
{
    const double *row = q->H + j * q->P;
    q->d[j] += by;
    for (size_t i = 0; i < q->P; i++) {
        q->slope[i] += by * row[i];
    }
}

/* Moves each coordinate to its own minimum; returns the squared length of the moves. */
static double sweep(struct logreg_gram *q)
{
    double moved = 0.0;
    for (size_t j = 0; j < q->P; j++) {
        const double a = q->H[j * q->P + j];
        const double at = q->w[j] + q->d[j];
        const double l1 = j + 1 < q->P ? q->l1 : 0.0;
        const double by = soft(a * at - q->slope[j], l1) / a - at;
        if (fabs(by) > 0.0) {
            move(q, j, by);
            moved += a * by * by;
        }
    }
    return moved;
}

/* Finds the minimum over the coordinates that are not zero, with their signs kept, in
 * step [n] by their list; returns n. */
static size_t solve_free(struct logreg_gram *q)
{
    const size_t P = q->P;
    double *L = q->factor, *step = q->step;
    size_t n = 0;
    for (size_t j = 0; j < P; j++) {
        const double at = q->w[j] + q->d[j];
        const bool bias = j + 1 == P;
        if (bias || at > 0.0 || at < 0.0) {
            step[n] = -q->slope[j] - (bias ? 0.0 : at > 0.0 ? q->l1 : -q->l1);
            q->list[n++] = (uint32_t)j;
        }
    }
    for (size_t i = 0; i < n; i++) {
        const double *row = q->H + (size_t)q->list[i] * P;
        for (size_t j = 0; j < i; j++) {
            L[i * P + j] =
                (row[q->list[j]] - logreg_dot(j, L + i * P, L + j * P)) / L[j * P + j];
        }
        const double own = row[q->list[i]];
        const double s = own - logreg_dot(i, L + i * P, L + i * P);
        L[i * P + i] = sqrt(s > 1e-13 * own ? s : 1e-13 * own);
        step[i] = (step[i] - logreg_dot(i, L + i * P, step)) / L[i * P + i];
    }
    for (size_t i = n; i-- > 0;) {
        step[i] /= L[i * P + i];
        for (size_t j = 0; j < i; j++) {
            step[j] -= L[i * P + j] * step[i];
        }
    }
    return n;
}

/* Moves along the step as far as the first weight that would change its sign: the model
 * is convex, so every part of the way goes down. */
static void take(struct logreg_gram *q, size_t n)
{
    double t = 1.0;
    size_t stop = n;
    for (size_t i = 0; i + 1 < n; i++) { /* the bias, which is last, may */
        const size_t j = q->list[i];
        const double at = q->w[j] + q->d[j];
        if ((at + t * q->step[i]) * at < 0.0) {
            t = -at / q->step[i];
            stop = i;
        }
    }
    for (size_t i = 0; i < n; i++) {
        const size_t j = q->list[i];
        move(q, j, i == stop ? -q->w[j] - q->d[j] : t * q->step[i]);
        if (i == stop) {
            q->d[j] = -q->w[j];
        }
    }
}

void logreg_gram_solve(struct logreg_gram *q, double share, size_t rounds)
{
    double first = 0.0;
    memset(q->d, 0, q->P * sizeof *q->d);
    for (size_t round = 0; round < rounds; round++) {
        double moved = 0.0;
        for (size_t i = 0; i < SWEEPS; i++) {
            moved = sweep(q);
            first = first > moved ? first : moved;
            if (!(moved > share * share * first)) {
                return;
            }
        }
        take(q, solve_free(q));
    }
}
