/* Each unit by itself, over columns: proximal Newton (Lee, Sun, Saunders 2014) on a
 * working set of columns that grows by those whose slope the penalty does not hold
 * (Massias, Gramfort, Salmon 2018). Rows that no column of the set stands in differ by
 * their class alone and are counted, not visited. All sums in double. */
#include "base/mem.h"
#include "num/kern.h"
#include "num/logreg_priv.h"
#include "num/logreg_quad.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MODEL_SHARE  0.02 /* of its first residual at which a Newton model is left */
#define MODEL_ROUNDS 20
#define NEWTON_MAX   60
#define MAX_HALVINGS 30
#define ARMIJO       1e-4
#define ROUNDING     1e-13 /* of a loss, as a share of it */
#define EARLY        0.2  /* share of the gap at which columns are looked for again */
#define SPARE        0.3  /* share of the wanted gap that is left to the set */
#define FEWEST       32   /* columns that may enter at once */
#define LOG_AT       1e200 /* of factors of at most 2 multiplied before a logarithm */

static const char *const what = "logistic regression";

/* All inputs by column, shared by the units. */
struct inputs {
    const struct logreg_x *x;
    const struct logreg_y *y;
    const struct logreg_opts *o;
    struct logreg_csc all;
    size_t *start;
    uint32_t *row;
    float *val;
    double greatest; /* size of an input */
    struct logreg *out;
    struct logreg_standing *standing; /* [C] */
    struct bench *bench;              /* [workers] */
};

struct column {
    double slope;
    int32_t id;
};

/* Sums over all rows at a point; those outside the set differ by class alone. */
struct sums {
    double loss, slope_b;
    double pull[2]; /* of each class on the bias: their difference is its slope */
    double out_r[2]; /* slope of a row outside by its logit, at weight 1 */
    double out_h;    /* curvature of all of them */
};

/* One worker's, with room for any unit. */
struct bench {
    double *weight; /* [n] */
    double each;    /* that of a negative row */
    uint8_t *y;     /* [n] */
    double *r_all;  /* [n] */
    int32_t *place; /* [n] of a row in the set, -1: outside */
    uint8_t *in_set;       /* [d] */
    double *w_all, *g_all; /* [d] */
    struct column *cand;   /* [d] */
    int32_t *col;          /* [k] the set */
    uint32_t *row_of;      /* [m] rows that its columns stand in, ... */
    uint8_t *y_set;        /* ... their classes */
    size_t *start;         /* [k+1] their entries by place */
    uint32_t *row;
    float *val;
    double *z, *z_try, *r, *h, *wt;         /* [m] */
    double *w, *w_try, *a;                  /* [k] */
    double *of_rows, *of_cols;              /* the memory of these and of q's */
    double b;
    double total[2], out[2]; /* weight of each class: of all rows, of those outside */
    struct sums at;
    struct logreg_quad q;
    struct logreg_gram gram; /* of sets that are small enough */
    size_t *row_start;       /* [m+1] the set's entries by row */
    uint32_t *row_col;
    double *row_val;
};

/* ---- inputs ---- */

static void count_dense(const struct logreg_x *x, size_t *start)
{
    for (size_t i = 0; i < x->n; i++) {
        for (size_t j = 0; j < x->d; j++) {
            start[j + 1] += x->dense[i * x->ld + j] != 0.0F;
        }
    }
}

static void put(struct inputs *in, size_t j, size_t i, float v)
{
    const size_t at = in->start[j]++;
    in->row[at] = (uint32_t)i;
    in->val[at] = v;
}

static void fill_columns(struct inputs *in)
{
    const struct logreg_x *x = in->x;
    for (size_t i = 0; i < x->n; i++) {
        if (x->dense == NULL) {
            for (size_t k = x->start[i]; k < x->start[i + 1]; k++) {
                put(in, (size_t)x->id[k], i, x->val[k]);
            }
            continue;
        }
        for (size_t j = 0; j < x->d; j++) {
            if (x->dense[i * x->ld + j] != 0.0F) {
                put(in, j, i, x->dense[i * x->ld + j]);
            }
        }
    }
    memmove(in->start + 1, in->start, x->d * sizeof *in->start);
    in->start[0] = 0;
}

static enum err inputs_init(struct inputs *in, struct errinfo *e)
{
    const struct logreg_x *x = in->x;
    TRY(logreg_greatest(x, &in->greatest, e));
    TRY(mem_new(&in->start, x->d + 1, sizeof *in->start, what, e));
    if (x->dense != NULL) {
        count_dense(x, in->start);
    } else {
        for (size_t k = 0; k < x->start[x->n]; k++) {
            in->start[(size_t)x->id[k] + 1]++;
        }
    }
    for (size_t j = 0; j < x->d; j++) {
        in->start[j + 1] += in->start[j];
    }
    const size_t nnz = in->start[x->d];
    TRY(mem_new(&in->row, nnz, sizeof *in->row, what, e));
    TRY(mem_new(&in->val, nnz, sizeof *in->val, what, e));
    fill_columns(in);
    in->all = (struct logreg_csc){
        .m = x->n, .k = x->d, .start = in->start, .row = in->row, .val = in->val};
    return OK;
}

/* ---- a worker's memory ---- */

static enum err bench_init(struct bench *k, const struct logreg_csc *all,
                           struct errinfo *e)
{
    const size_t n = all->m, d = all->k, nnz = all->start[d];
    TRY(mem_new(&k->weight, n, sizeof *k->weight, what, e));
    TRY(mem_new(&k->y, n, sizeof *k->y, what, e));
    TRY(mem_new(&k->r_all, n, sizeof *k->r_all, what, e));
    TRY(mem_new(&k->place, n, sizeof *k->place, what, e));
    TRY(mem_new(&k->row_of, n, sizeof *k->row_of, what, e));
    TRY(mem_new(&k->y_set, n, sizeof *k->y_set, what, e));
    TRY(mem_new(&k->in_set, d, sizeof *k->in_set, what, e));
    TRY(mem_new(&k->w_all, d, sizeof *k->w_all, what, e));
    TRY(mem_new(&k->g_all, d, sizeof *k->g_all, what, e));
    TRY(mem_new(&k->cand, d, sizeof *k->cand, what, e));
    TRY(mem_new(&k->col, d, sizeof *k->col, what, e));
    TRY(mem_new(&k->start, d + 1, sizeof *k->start, what, e));
    TRY(mem_new(&k->row, nnz, sizeof *k->row, what, e));
    TRY(mem_new(&k->val, nnz, sizeof *k->val, what, e));
    TRY(mem_new(&k->of_rows, n, 8 * sizeof *k->of_rows, what, e));
    TRY(mem_new(&k->of_cols, d + 1, 9 * sizeof *k->of_cols, what, e));
    double **rows[8] = {&k->z,    &k->z_try,   &k->r,       &k->h,
                        &k->wt,   &k->q.hq,    &k->q.h_row, &k->q.h_step};
    double **cols[8] = {&k->w,      &k->w_try, &k->a,     &k->q.d,
                        &k->q.step, &k->q.res, &k->q.dir, &k->q.h_dir};
    for (size_t i = 0; i < 8; i++) {
        *rows[i] = k->of_rows + i * n;
        *cols[i] = k->of_cols + i * (d + 1);
    }
    k->q.g = k->of_cols + 8 * (d + 1);
    return OK;
}

static enum err gram_init(struct bench *k, const struct logreg_csc *all,
                          struct errinfo *e)
{
    const size_t most = all->k + 1 < LOGREG_GRAM_MAX ? all->k + 1 : LOGREG_GRAM_MAX;
    const size_t nnz = all->start[all->k];
    double *v = NULL;
    TRY(mem_new(&k->row_start, all->m + 2, sizeof *k->row_start, what, e));
    TRY(mem_new(&k->row_col, nnz, sizeof *k->row_col, what, e));
    TRY(mem_new(&k->row_val, nnz, sizeof *k->row_val, what, e));
    TRY(mem_new(&k->gram.list, most, sizeof *k->gram.list, what, e));
    TRY(mem_new(&v, most, (2 * most + 3) * sizeof *v, what, e));
    k->gram.H = v;
    k->gram.factor = v + most * most;
    k->gram.slope = v + 2 * most * most;
    k->gram.d = k->gram.slope + most;
    k->gram.step = k->gram.d + most;
    return OK;
}

size_t logreg_fit_bytes(size_t n, size_t d, size_t nnz, size_t threads)
{
    const size_t entry = sizeof(uint32_t) + sizeof(float);
    const size_t most = d + 1 < LOGREG_GRAM_MAX ? d + 1 : LOGREG_GRAM_MAX;
    const size_t row = 10 * sizeof(double) + 4 * sizeof(int32_t);
    const size_t column = 12 * sizeof(double) + 3 * sizeof(int32_t);
    const size_t by_row = sizeof(uint32_t) + sizeof(double);
    const size_t worker = nnz * (entry + by_row) + n * row + d * column +
                          2 * most * most * sizeof(double);
    return nnz * entry + d * sizeof(size_t) + threads * worker;
}

static void bench_deinit(struct bench *k)
{
    mem_free(k->weight);
    mem_free(k->y);
    mem_free(k->r_all);
    mem_free(k->place);
    mem_free(k->row_of);
    mem_free(k->y_set);
    mem_free(k->in_set);
    mem_free(k->w_all);
    mem_free(k->g_all);
    mem_free(k->cand);
    mem_free(k->col);
    mem_free(k->start);
    mem_free(k->row);
    mem_free(k->val);
    mem_free(k->of_rows);
    mem_free(k->of_cols);
    mem_free(k->row_start);
    mem_free(k->row_col);
    mem_free(k->row_val);
    mem_free(k->gram.list);
    mem_free(k->gram.H);
}

/* ---- the loss at a point ---- */

struct logistic {
    double p, e, q; /* sigmoid; e^-|z|, 1 / (1 + e^-|z|) */
};

static struct logistic logistic(double z, double e)
{
    struct logistic l;
    l.e = e;
    l.q = 1.0 / (1.0 + l.e);
    l.p = z >= 0.0 ? l.q : l.e * l.q;
    return l;
}

/* Rows outside the set: their logit is the bias. */
static void sum_outside(const struct bench *k, double b, struct sums *s)
{
    const struct logistic l = logistic(b, exp(-fabs(b)));
    const double log_e = log1p(l.e);
    s->out_r[0] = l.p;
    s->out_r[1] = l.p - 1.0;
    s->out_h = (k->out[0] + k->out[1]) * l.e * l.q * l.q;
    s->loss = k->out[0] * (log_e + (b > 0.0 ? b : 0.0)) +
              k->out[1] * (log_e + (b < 0.0 ? -b : 0.0));
    s->pull[0] = k->out[0] * s->out_r[0];
    s->pull[1] = -k->out[1] * s->out_r[1];
}

/* Loss, slopes r and curvatures h at the logits z. One logarithm for many rows of one
 * weight: that of 1 + e^-|z| is taken of products. */
static struct sums measure(struct bench *k, const double *z, double b)
{
    struct sums s;
    double product = 1.0, logs = 0.0, above = 0.0, rest = 0.0, pull[2] = {0.0, 0.0};
    const double each = k->each;
    sum_outside(k, b, &s);
    for (size_t i = 0; i < k->q.x.m; i++) {
        k->h[i] = -fabs(z[i]);
    }
    kern_get()->exp_f64(k->q.x.m, k->h, k->h);
    for (size_t i = 0; i < k->q.x.m; i++) {
        const struct logistic l = logistic(z[i], k->h[i]);
        const double wt = k->wt[i];
        k->h[i] = wt * l.e * l.q * l.q;
        if (k->y_set[i]) {
            k->r[i] = -wt * (1.0 - l.p);
            pull[1] -= k->r[i];
            rest += wt * (log1p(l.e) + (z[i] < 0.0 ? -z[i] : 0.0));
            continue;
        }
        k->r[i] = wt * l.p;
        pull[0] += k->r[i];
        above += z[i] > 0.0 ? wt * z[i] : 0.0;
        product *= 1.0 + l.e;
        if (product > LOG_AT) {
            logs += log(product);
            product = 1.0;
        }
    }
    s.loss += each * (logs + log(product)) + above + rest;
    s.pull[0] += pull[0];
    s.pull[1] += pull[1];
    s.slope_b = s.pull[0] - s.pull[1];
    return s;
}

static double penalty(const struct logreg_opts *o, size_t n, const double *w)
{
    double l1 = 0.0, l2 = 0.0;
    for (size_t j = 0; j < n; j++) {
        l1 += fabs(w[j]);
        l2 += w[j] * w[j];
    }
    return o->l1 * l1 + 0.5 * o->l2 * l2;
}

/* ---- the set ---- */

/* Rows of the set's columns in a list of their own, with the logits there. */
static void gather_set(struct bench *k, const struct logreg_csc *all)
{
    size_t m = 0, at = 0;
    for (size_t i = 0; i < k->q.x.m; i++) {
        k->place[k->row_of[i]] = -1;
    }
    k->out[0] = k->total[0];
    k->out[1] = k->total[1];
    for (size_t c = 0; c < k->q.x.k; c++) {
        const size_t j = (size_t)k->col[c];
        k->w[c] = k->w_all[j];
        for (size_t i = all->start[j]; i < all->start[j + 1]; i++) {
            const uint32_t row = all->row[i];
            if (k->place[row] < 0) {
                k->wt[m] = k->weight[row];
                k->z[m] = k->b;
                k->out[k->y[row]] -= k->weight[row];
                k->y_set[m] = k->y[row];
                k->row_of[m] = row;
                k->place[row] = (int32_t)m++;
            }
            k->row[at] = (uint32_t)k->place[row];
            k->val[at++] = all->val[i];
            k->z[k->place[row]] += k->w[c] * (double)all->val[i];
        }
        k->start[c + 1] = at;
    }
    k->q.x.m = m;
    /* What rounding leaves of a class that has no row outside. */
    k->out[0] = k->out[0] > 1e-12 * k->total[0] ? k->out[0] : 0.0;
    k->out[1] = k->out[1] > 1e-12 * k->total[1] ? k->out[1] : 0.0;
}

static bool small_set(const struct bench *k)
{
    return k->q.l1 > 0.0 && k->q.x.k < LOGREG_GRAM_MAX;
}

/* The set's entries once more, by row. */
static void gather_rows(struct bench *k)
{
    const size_t m = k->q.x.m;
    size_t *start = k->row_start;
    if (!small_set(k)) {
        return;
    }
    memset(start, 0, (m + 2) * sizeof *start);
    for (size_t i = 0; i < k->start[k->q.x.k]; i++) {
        start[k->row[i] + 2]++;
    }
    for (size_t i = 0; i < m; i++) {
        start[i + 2] += start[i + 1];
    }
    for (size_t c = 0; c < k->q.x.k; c++) {
        for (size_t i = k->start[c]; i < k->start[c + 1]; i++) {
            const size_t at = start[k->row[i] + 1]++;
            k->row_col[at] = (uint32_t)c;
            k->row_val[at] = (double)k->val[i];
        }
    }
}

static int steeper(const void *a, const void *b)
{
    const struct column *x = a, *y = b;
    if (x->slope > y->slope || x->slope < y->slope) {
        return x->slope > y->slope ? -1 : 1;
    }
    return (x->id > y->id) - (x->id < y->id);
}

/* Let in the columns outside whose slope is greater than the penalty's, the steepest
 * first, at most as many as are in use. Without an L1 term all belong. */
static void grow_set(struct bench *k, const struct inputs *in)
{
    const double l1 = in->o->l1;
    size_t n = 0, used = 0;
    for (size_t j = 0; j < in->all.k; j++) {
        const bool empty = in->start[j] == in->start[j + 1];
        used += fabs(k->w_all[j]) > 0.0;
        if (!k->in_set[j] && !empty && (l1 <= 0.0 || fabs(k->g_all[j]) > l1)) {
            k->cand[n++] = (struct column){fabs(k->g_all[j]), (int32_t)j};
        }
    }
    const size_t most = 2 * used > FEWEST ? 2 * used : FEWEST;
    if (l1 > 0.0 && n > most) {
        qsort(k->cand, n, sizeof *k->cand, steeper);
        n = most;
    }
    for (size_t i = 0; i < n; i++) {
        k->in_set[k->cand[i].id] = 1;
        k->col[k->q.x.k++] = k->cand[i].id;
    }
}

/* ---- Newton on the set ---- */

static double column_slope(const struct bench *k, size_t c)
{
    const size_t first = k->start[c];
    return logreg_gather(k->start[c + 1] - first, k->row + first, k->val + first, k->r);
}

static double column_curve(const struct bench *k, size_t c)
{
    double s = 0.0;
    for (size_t i = k->start[c]; i < k->start[c + 1]; i++) {
        const double v = (double)k->val[i];
        s += v * v * k->h[k->row[i]];
    }
    return s;
}

static struct logreg_gap gap_begin(const struct bench *k, const struct inputs *in)
{
    const double *pull = k->at.pull;
    return logreg_gap_begin(in->o->l1, in->o->l2, in->greatest, k->at.loss,
                            k->at.slope_b, k->b, pull[0] > pull[1] ? pull[0] : pull[1]);
}

/* The model at the point; where the set's own gap is small enough, false. */
static bool set_model(struct bench *k, const struct inputs *in, double wanted)
{
    struct logreg_quad *q = &k->q;
    const struct logreg_opts *o = in->o;
    struct logreg_gap gap = gap_begin(k, in);
    double curve_b = k->at.out_h;
    for (size_t c = 0; c < q->x.k; c++) {
        const double s = column_slope(k, c);
        logreg_gap_add(&gap, s, k->w[c]);
        q->g[c] = s + o->l2 * k->w[c];
    }
    if (logreg_gap_value(&gap) <= wanted) {
        return false;
    }
    for (size_t i = 0; i < q->x.m; i++) {
        curve_b += k->h[i];
    }
    /* A trace of curvature keeps the model bounded where all rows are sure. */
    for (size_t c = 0; c < q->x.k && !small_set(k); c++) {
        k->a[c] = column_curve(k, c) + o->l2 + 1e-14;
    }
    q->g_b = k->at.slope_b;
    q->a_b = curve_b + 1e-14;
    q->rest_h = k->at.out_h + 1e-14;
    return true;
}

/* The loss a share t along the model's step, in z_try and w_try; returns it with the
 * penalty. */
static double try_step(struct bench *k, const struct inputs *in, double t,
                       struct sums *s)
{
    const struct logreg_quad *q = &k->q;
    for (size_t i = 0; i < q->x.m; i++) {
        k->z_try[i] = k->z[i] + t * q->h_step[i];
    }
    for (size_t c = 0; c < q->x.k; c++) {
        const double at = k->w[c] + q->d[c];
        k->w_try[c] = t < 1.0 ? k->w[c] + t * q->d[c] : at;
    }
    *s = measure(k, k->z_try, k->b + t * q->d_b);
    return s->loss + penalty(in->o, q->x.k, k->w_try);
}

/* What the step adds to each logit, in h_step. */
static void step_logits(struct bench *k)
{
    const struct logreg_quad *q = &k->q;
    for (size_t i = 0; i < q->x.m; i++) {
        q->h_step[i] = q->d_b;
    }
    for (size_t c = 0; c < q->x.k; c++) {
        for (size_t i = k->start[c]; q->d[c] != 0.0 && i < k->start[c + 1]; i++) {
            q->h_step[k->row[i]] += q->d[c] * (double)k->val[i];
        }
    }
}

static void swap(double **a, double **b)
{
    double *c = *a;
    *a = *b;
    *b = c;
}

/* Along the step to a point that is better; false where rounding leaves none. */
static bool line_search(struct bench *k, const struct inputs *in)
{
    const struct logreg_quad *q = &k->q;
    const struct logreg_opts *o = in->o;
    const double before = k->at.loss + penalty(o, q->x.k, k->w);
    double promised = q->g_b * q->d_b;
    for (size_t c = 0; c < q->x.k; c++) {
        promised += q->g[c] * q->d[c] +
                    o->l1 * (fabs(k->w[c] + q->d[c]) - fabs(k->w[c]));
    }
    step_logits(k);
    double t = 1.0;
    struct sums s;
    for (int half = 0; half < MAX_HALVINGS && promised < 0.0; half++, t *= 0.5) {
        const double f = try_step(k, in, t, &s);
        /* Near the minimum the promise is less than the rounding of the loss. */
        if (f <= before + ARMIJO * t * promised + ROUNDING * before) {
            k->at = s;
            k->b += t * q->d_b;
            swap(&k->z, &k->z_try);
            swap(&k->w, &k->w_try);
            return true;
        }
    }
    k->at = measure(k, k->z, k->b);
    return false;
}

static void solve_model(struct bench *k)
{
    struct logreg_quad *q = &k->q;
    struct logreg_gram *gram = &k->gram;
    const size_t n = q->x.k;
    if (!small_set(k)) {
        logreg_quad_solve(q, MODEL_SHARE, MODEL_ROUNDS);
        return;
    }
    gram->P = n + 1;
    gram->l1 = q->l1;
    gram->w = k->w;
    k->w[n] = 0.0;
    memcpy(gram->slope, q->g, n * sizeof *q->g);
    gram->slope[n] = q->g_b;
    logreg_gram_fill(gram, q->x.m, k->row_start, k->row_col, k->row_val, k->h, q->l2,
                     q->rest_h);
    logreg_gram_solve(gram, MODEL_SHARE, MODEL_ROUNDS);
    memcpy(q->d, gram->d, n * sizeof *q->d);
    q->d_b = gram->d[n];
}

/* To a gap of `wanted` on the set; false where it got no nearer. */
static bool newton(struct bench *k, const struct inputs *in, double wanted,
                   size_t *passes)
{
    struct logreg_quad *q = &k->q;
    for (size_t iter = 0; iter < NEWTON_MAX && *passes < in->o->max_passes; iter++) {
        q->x.start = k->start;
        q->x.row = k->row;
        q->x.val = k->val;
        q->h = k->h;
        q->w = k->w;
        q->a = k->a;
        if (!set_model(k, in, wanted)) {
            return true;
        }
        ++*passes;
        solve_model(k);
        if (!line_search(k, in)) {
            return iter > 0;
        }
    }
    return true;
}

/* ---- a unit ---- */

static void weigh_rows(struct bench *k, const struct inputs *in, size_t unit)
{
    const struct logreg_y *y = in->y;
    const size_t n = in->x->n;
    const double all = (double)n;
    k->total[0] = k->total[1] = 0.0;
    for (size_t i = 0; i < n; i++) {
        k->y[i] = 0;
        for (size_t j = y->start[i]; j < y->start[i + 1]; j++) {
            k->y[i] |= y->id[j] == (int32_t)unit;
        }
        k->total[k->y[i]] += 1.0;
        k->place[i] = -1;
    }
    const double pos = in->o->balanced && k->total[1] > 0.0
                           ? k->total[0] / k->total[1] / all
                           : 1.0 / all;
    for (size_t i = 0; i < n; i++) {
        k->weight[i] = k->y[i] ? pos : 1.0 / all;
    }
    k->each = 1.0 / all;
    k->total[0] /= all;
    k->total[1] *= pos;
}

/* The set of the columns that are in use. */
static void begin_set(struct bench *k, size_t d)
{
    k->q.x.m = 0;
    k->q.x.k = 0;
    for (size_t j = 0; j < d; j++) {
        k->in_set[j] = fabs(k->w_all[j]) > 0.0;
        if (k->in_set[j]) {
            k->col[k->q.x.k++] = (int32_t)j;
        }
    }
}

/* The start: the caller's, or zero with the bias that is best there. */
static void begin_unit(struct bench *k, const struct inputs *in, size_t unit)
{
    const struct logreg *from = in->o->start;
    const size_t d = in->x->d;
    k->q.l1 = in->o->l1;
    k->q.l2 = in->o->l2;
    k->b = from != NULL ? (double)from->b[unit] : log(k->total[1] / k->total[0]);
    for (size_t j = 0; j < d; j++) {
        k->w_all[j] = from != NULL ? (double)from->w[unit * d + j] : 0.0;
    }
    begin_set(k, d);
}

/* The slope of every column at the point, and the gap of the whole problem. */
static double price(struct bench *k, const struct inputs *in)
{
    struct logreg_gap gap = gap_begin(k, in);
    for (size_t i = 0; i < in->x->n; i++) {
        k->r_all[i] = k->place[i] >= 0 ? k->r[k->place[i]]
                                       : k->weight[i] * k->at.out_r[k->y[i]];
    }
    for (size_t j = 0; j < in->x->d; j++) {
        const size_t first = in->start[j];
        const double s = logreg_gather(in->start[j + 1] - first, in->row + first,
                                       in->val + first, k->r_all);
        k->g_all[j] = s;
        logreg_gap_add(&gap, s, k->w_all[j]);
    }
    return logreg_gap_value(&gap);
}

static void keep(const struct bench *k, const struct inputs *in, size_t unit)
{
    float *w = in->out->w + unit * in->x->d;
    for (size_t j = 0; j < in->x->d; j++) {
        w[j] = (float)k->w_all[j];
    }
    in->out->b[unit] = (float)k->b;
}

/* The set's lists, and the loss where the unit stands. */
static void open_set(struct bench *k, const struct inputs *in)
{
    gather_set(k, &in->all);
    gather_rows(k);
    k->at = measure(k, k->z, k->b);
}

/* From where the unit stands to the gap that is wanted. */
static void climb(struct bench *k, const struct inputs *in, struct logreg_standing *at)
{
    const struct logreg_opts *o = in->o;
    open_set(k, in);
    for (bool moved = true;;) {
        const double gap = price(k, in);
        const double value = k->at.loss + penalty(o, in->x->d, k->w_all);
        at->gap = gap / value;
        if (!(at->gap > o->tol) || !moved || at->passes >= o->max_passes ||
            (o->cancel != NULL && atomic_load(o->cancel))) {
            return;
        }
        const double early = EARLY * gap, spare = SPARE * o->tol * value;
        const size_t before = k->q.x.k;
        grow_set(k, in);
        if (k->q.x.k > before) {
            open_set(k, in);
        }
        moved = newton(k, in, early > spare ? early : spare, &at->passes) ||
                k->q.x.k > before;
        for (size_t c = 0; c < k->q.x.k; c++) {
            k->w_all[k->col[c]] = k->w[c];
        }
    }
}

static void fit_unit(void *ctx, size_t unit, size_t worker)
{
    struct inputs *in = ctx;
    struct bench *k = &in->bench[worker];
    struct logreg_standing *at = &in->standing[unit];
    if (at->fitted && at->gap <= in->o->tol) {
        return; /* by rows, already */
    }
    weigh_rows(k, in, unit);
    if (!(k->total[0] > 0.0) || !(k->total[1] > 0.0)) {
        return;
    }
    at->fitted = true;
    begin_unit(k, in, unit);
    climb(k, in, at);
    keep(k, in, unit);
}

enum err logreg_fit_columns(const struct logreg_x *x, const struct logreg_y *y,
                            const struct logreg_opts *opts, struct pool *pool,
                            struct logreg_standing *standing, struct logreg *out,
                            struct errinfo *e)
{
    struct inputs in = {
        .x = x, .y = y, .o = opts, .out = out, .standing = standing};
    const size_t workers = pool_threads(pool);
    enum err rc = OK;
    if (x->n > INT32_MAX) {
        return err_set(e, ERR_LIMIT,
                       "logistic regression: found %zu rows, expected at most %d", x->n,
                       INT32_MAX);
    }
    TRY_OUT(rc, inputs_init(&in, e));
    TRY_OUT(rc, mem_new(&in.bench, workers, sizeof *in.bench, what, e));
    for (size_t i = 0; i < workers; i++) {
        TRY_OUT(rc, bench_init(&in.bench[i], &in.all, e));
        TRY_OUT(rc, gram_init(&in.bench[i], &in.all, e));
    }
    pool_run(pool, y->C, fit_unit, &in);
out:
    for (size_t i = 0; in.bench != NULL && i < workers; i++) {
        bench_deinit(&in.bench[i]);
    }
    mem_free(in.bench);
    mem_free(in.start);
    mem_free(in.row);
    mem_free(in.val);
    return rc;
}
