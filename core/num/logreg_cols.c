/* Fits each unit by itself, over columns: proximal Newton (Lee, Sun, Saunders 2014) on
 * a working set of columns that grows by those whose slope exceeds the penalty
 * (Massias, Gramfort, Salmon 2018), among those that the gap does not rule out (Ndiaye,
 * Fercoq, Gramfort, Salmon 2017). All sums in double. */
#include "base/mem.h"
#include "num/kern.h"
#include "num/logreg_priv.h"
#include "num/logreg_quad.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MODEL_SHARE  0.02 /* a Newton model is left at this share of its residual */
#define MODEL_ROUNDS 20
#define MAX_HALVINGS 30
#define ARMIJO       1e-4
#define ROUNDING     1e-13 /* of a loss, relative */
#define FEWEST       32    /* columns that may enter at once */
#define ALIKE        16    /* rows with as many entries or more are grouped */

static const char *const what = "logistic regression";

/* All inputs by column, shared by the units. */
struct inputs {
    const struct logreg_x *x;
    const struct logreg_y *y;
    const struct logreg_opts *o;
    size_t *start; /* [d+1] */
    uint32_t *row;
    float *val;
    double *square;            /* [d] sums of squares */
    size_t *by_start;          /* [n+1] the entries once more, row after row */
    uint32_t *by_row, *by_col; /* [nnz] */
    float *by_val;
    double greatest; /* size of an input */
    struct logreg *out;
    struct logreg_standing *standing; /* [C] */
    struct worker *worker;            /* [workers] */
};

struct column {
    double slope;
    int32_t id;
};

/* One worker's, with room for any unit. */
struct worker {
    double weight[2]; /* of a row of each class, negative first */
    double *s;        /* [n] the row's weight, its sign by class: kern.h's logit */
    int32_t *set_at;  /* [d] place of a column in the set, -1: outside */
    int32_t *live;    /* [n_live] columns that may be in use */
    size_t n_live;
    double *w_all, *g_all, *norm; /* [d] */
    struct column *cand;          /* [d] */
    int32_t *col;                 /* [k] the set */
    size_t *start, *end;          /* [k] its columns' entries among all */
    double *z, *z_try, *r, *h;    /* [n] logits, slopes, curvatures */
    double *w, *w_try, *a;        /* [k] */
    double *of_rows, *of_cols;    /* memory of these and of q's arrays */
    double b;
    struct logit_sums at;
    struct logreg_quad q;
    struct logreg_gram gram; /* for sets that are small enough */
    size_t *row_start;       /* [n+1] the set's entries by row */
    uint32_t *row_col, *row_count, *row_list;
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

/* Puts entry *k by row, and counts on. */
static void put(struct inputs *in, size_t *k, size_t j, size_t i, float v)
{
    const size_t at = in->start[j]++;
    in->row[at] = (uint32_t)i;
    in->val[at] = v;
    in->square[j] += (double)v * (double)v;
    in->by_row[*k] = (uint32_t)i;
    in->by_col[*k] = (uint32_t)j;
    in->by_val[(*k)++] = v;
}

static void fill_columns(struct inputs *in)
{
    const struct logreg_x *x = in->x;
    size_t at = 0;
    for (size_t i = 0; i < x->n; i++) {
        const size_t end = x->dense == NULL ? x->start[i + 1] : 0;
        for (size_t k = x->dense == NULL ? x->start[i] : 0; k < end; k++) {
            put(in, &at, (size_t)x->id[k], i, x->val[k]);
        }
        for (size_t j = 0; x->dense != NULL && j < x->d; j++) {
            if (x->dense[i * x->ld + j] != 0.0F) {
                put(in, &at, j, i, x->dense[i * x->ld + j]);
            }
        }
        in->by_start[i + 1] = at;
    }
    assert(at == in->by_start[x->n] && (x->d == 0 || in->start[x->d - 1] == at));
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
    TRY(mem_new(&in->square, x->d, sizeof *in->square, what, e));
    TRY(mem_new(&in->by_start, x->n + 1, sizeof *in->by_start, what, e));
    TRY(mem_new(&in->by_row, nnz, sizeof *in->by_row, what, e));
    TRY(mem_new(&in->by_col, nnz, sizeof *in->by_col, what, e));
    TRY(mem_new(&in->by_val, nnz, sizeof *in->by_val, what, e));
    fill_columns(in);
    return OK;
}

/* ---- a worker's memory ---- */

static enum err worker_init(struct worker *k, const struct inputs *in,
                            struct errinfo *e)
{
    const size_t n = in->x->n, d = in->x->d;
    TRY(mem_new(&k->set_at, d, sizeof *k->set_at, what, e));
    TRY(mem_new(&k->w_all, d, sizeof *k->w_all, what, e));
    TRY(mem_new(&k->g_all, d, sizeof *k->g_all, what, e));
    TRY(mem_new(&k->norm, d, sizeof *k->norm, what, e));
    TRY(mem_new(&k->live, d, sizeof *k->live, what, e));
    TRY(mem_new(&k->cand, d, sizeof *k->cand, what, e));
    TRY(mem_new(&k->col, d, sizeof *k->col, what, e));
    TRY(mem_new(&k->start, d, sizeof *k->start, what, e));
    TRY(mem_new(&k->end, d, sizeof *k->end, what, e));
    TRY(mem_new(&k->of_rows, n, 8 * sizeof *k->of_rows, what, e));
    TRY(mem_new(&k->of_cols, d + 1, 9 * sizeof *k->of_cols, what, e));
    double **rows[8] = {&k->s, &k->z,    &k->z_try,   &k->r,
                        &k->h, &k->q.hq, &k->q.h_row, &k->q.h_step};
    double **cols[8] = {&k->w,      &k->w_try, &k->a,     &k->q.d,
                        &k->q.step, &k->q.res, &k->q.dir, &k->q.h_dir};
    for (size_t i = 0; i < 8; i++) {
        *rows[i] = k->of_rows + i * n;
        *cols[i] = k->of_cols + i * (d + 1);
    }
    k->q.g = k->of_cols + 8 * (d + 1);
    k->q.x = (struct logreg_csc){
        .m = n, .start = k->start, .end = k->end, .row = in->row, .val = in->val};
    return OK;
}

static enum err gram_init(struct worker *k, const struct inputs *in, struct errinfo *e)
{
    const size_t d = in->x->d, nnz = in->start[d];
    const size_t most = d + 1 < LOGREG_GRAM_MAX ? d + 1 : LOGREG_GRAM_MAX;
    double *v = NULL;
    TRY(mem_new(&k->row_start, in->x->n + 1, sizeof *k->row_start, what, e));
    TRY(mem_new(&k->row_count, in->x->n, sizeof *k->row_count, what, e));
    TRY(mem_new(&k->row_list, in->x->n + 1, sizeof *k->row_list, what, e));
    TRY(mem_new(&k->row_col, nnz, sizeof *k->row_col, what, e));
    TRY(mem_new(&k->row_val, nnz, sizeof *k->row_val, what, e));
    TRY(mem_new(&k->gram.list, most, sizeof *k->gram.list, what, e));
    TRY(mem_new(&v, most, (2 * most + 3) * sizeof *v, what, e));
    k->gram.H = v;
    k->gram.factor = v + most * most;
    k->gram.slope = v + 2 * most * most;
    k->gram.d = k->gram.slope + most;
    k->gram.step = k->gram.d + most;
    k->gram.x = (struct logreg_rows){.list = k->row_list,
                                     .start = k->row_start,
                                     .col = k->row_col,
                                     .val = k->row_val};
    return OK;
}

size_t logreg_fit_bytes(size_t n, size_t d, size_t nnz, size_t threads)
{
    const size_t entry = 3 * sizeof(uint32_t) + 2 * sizeof(float);
    const size_t most = d + 1 < LOGREG_GRAM_MAX ? d + 1 : LOGREG_GRAM_MAX;
    const size_t row = 8 * sizeof(double) + sizeof(size_t) + 2 * sizeof(uint32_t);
    const size_t column =
        14 * sizeof(double) + 2 * sizeof(size_t) + 3 * sizeof(int32_t);
    const size_t by_row = sizeof(uint32_t) + sizeof(double);
    const size_t worker =
        nnz * by_row + n * row + d * column + 2 * most * most * sizeof(double);
    return nnz * entry + (n + 2 * d) * sizeof(size_t) + threads * worker;
}

static void worker_deinit(struct worker *k)
{
    mem_free(k->set_at);
    mem_free(k->w_all);
    mem_free(k->g_all);
    mem_free(k->norm);
    mem_free(k->live);
    mem_free(k->cand);
    mem_free(k->col);
    mem_free(k->start);
    mem_free(k->end);
    mem_free(k->of_rows);
    mem_free(k->of_cols);
    mem_free(k->row_start);
    mem_free(k->row_count);
    mem_free(k->row_list);
    mem_free(k->row_col);
    mem_free(k->row_val);
    mem_free(k->gram.list);
    mem_free(k->gram.H);
}

/* ---- the loss at a point ---- */

/* Computes loss, slopes r and curvatures h at the logits z. */
static struct logit_sums measure(struct worker *k, const double *z)
{
    struct logit_sums s;
    kern_get()->logit(k->q.x.m, k->weight, k->s, z, k->r, k->h, &s);
    return s;
}

static double slope_b(const struct worker *k)
{
    return k->at.pull[0] - k->at.pull[1];
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

static bool small_set(const struct worker *k)
{
    return k->q.l1 > 0.0 && k->q.x.k < LOGREG_GRAM_MAX;
}

/* Gathers the set's entries by row, and lists the rows of two or more, those with
 * equally many together: loops whose length branches cannot predict take longer than
 * the work in them. */
static void gather_rows(struct worker *k, const struct inputs *in)
{
    const size_t n = in->x->n, nnz = in->start[in->x->d];
    struct logreg_rows *x = &k->gram.x;
    uint32_t first[ALIKE + 1] = {0};
    size_t at = 0;
    if (!small_set(k)) {
        return;
    }
    memset(k->row_count, 0, n * sizeof *k->row_count);
    for (size_t i = 0; i < nnz; i++) { /* written over where it is outside */
        const int32_t place = k->set_at[in->by_col[i]];
        k->row_col[at] = (uint32_t)place;
        k->row_val[at] = (double)in->by_val[i];
        k->row_count[in->by_row[i]] += place >= 0;
        at += place >= 0;
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t e = k->row_count[i];
        k->row_start[i + 1] = k->row_start[i] + e;
        first[e < ALIKE ? e : ALIKE]++;
    }
    size_t sum = 0;
    for (size_t e = 2; e <= ALIKE; e++) {
        const uint32_t of = first[e];
        first[e] = (uint32_t)sum;
        sum += of;
    }
    first[0] = first[1] = (uint32_t)n; /* to a place of their own */
    x->m = sum;
    for (size_t i = 0; i < n; i++) {
        const uint32_t e = k->row_count[i];
        k->row_list[first[e < ALIKE ? e : ALIKE]] = (uint32_t)i;
        first[e < ALIKE ? e : ALIKE] += e > 1;
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

static void let_in(struct worker *k, const struct inputs *in, size_t j)
{
    assert(k->set_at[j] < 0 && k->q.x.k < in->x->d);
    const size_t c = k->q.x.k++;
    k->set_at[j] = (int32_t)c;
    k->col[c] = (int32_t)j;
    k->start[c] = in->start[j];
    k->end[c] = in->start[j + 1];
    k->w[c] = k->w_all[j];
}

/* Lets in the columns outside whose slope is greater than the penalty's, the steepest
 * first, at most as many as are in the set. Without an L1 term all belong. */
static void grow_set(struct worker *k, const struct inputs *in)
{
    const double l1 = in->o->l1;
    size_t n = 0, used = 0;
    for (size_t i = 0; i < k->n_live; i++) {
        const int32_t j = k->live[i];
        used += fabs(k->w_all[j]) > 0.0;
        if (k->set_at[j] < 0 && (l1 <= 0.0 || fabs(k->g_all[j]) > l1)) {
            k->cand[n++] = (struct column){fabs(k->g_all[j]), j};
        }
    }
    const size_t most = 2 * used > FEWEST ? 2 * used : FEWEST;
    if (l1 > 0.0 && n > most) {
        qsort(k->cand, n, sizeof *k->cand, steeper);
        n = most;
    }
    for (size_t i = 0; i < n; i++) {
        let_in(k, in, (size_t)k->cand[i].id);
    }
}

/* ---- Newton on the set ---- */

static double column_curve(const struct worker *k, size_t c)
{
    const struct logreg_csc *x = &k->q.x;
    double s = 0.0;
    for (size_t i = x->start[c]; i < x->end[c]; i++) {
        const double v = (double)x->val[i];
        s += v * v * k->h[x->row[i]];
    }
    return s;
}

static struct logreg_gap gap_begin(const struct worker *k, const struct inputs *in)
{
    const double *pull = k->at.pull;
    return logreg_gap_begin(in->o->l1, in->o->l2, in->greatest, k->at.loss, slope_b(k),
                            k->b, pull[0] > pull[1] ? pull[0] : pull[1]);
}

/* Sets the diagonal; a trace of curvature keeps the model bounded where all rows are
 * certain. */
static void set_diagonal(struct worker *k)
{
    struct logreg_quad *q = &k->q;
    q->a_b = 1e-14;
    for (size_t i = 0; i < q->x.m; i++) {
        q->a_b += k->h[i];
    }
    for (size_t c = 0; c < q->x.k; c++) {
        k->a[c] = column_curve(k, c) + q->l2 + 1e-14;
    }
}

/* Sets the model at the point. */
static void set_model(struct worker *k)
{
    struct logreg_quad *q = &k->q;
    q->h = k->h;
    q->w = k->w;
    q->a = k->a;
    for (size_t c = 0; c < q->x.k; c++) {
        q->g[c] = k->g_all[k->col[c]] + q->l2 * k->w[c];
    }
    q->g_b = slope_b(k);
    if (!small_set(k)) {
        set_diagonal(k);
    }
}

/* Computes the loss a share t along the model's step, in z_try and w_try; returns it
 * with the penalty. */
static double try_step(struct worker *k, const struct inputs *in, double t,
                       struct logit_sums *s)
{
    const struct logreg_quad *q = &k->q;
    for (size_t i = 0; i < q->x.m; i++) {
        k->z_try[i] = k->z[i] + t * q->h_step[i];
    }
    for (size_t c = 0; c < q->x.k; c++) {
        const double at = k->w[c] + q->d[c];
        k->w_try[c] = t < 1.0 ? k->w[c] + t * q->d[c] : at;
    }
    *s = measure(k, k->z_try);
    return s->loss + penalty(in->o, q->x.k, k->w_try);
}

/* Computes h_step: the change of each logit by the step. */
static void step_logits(struct worker *k)
{
    const struct logreg_quad *q = &k->q;
    for (size_t i = 0; i < q->x.m; i++) {
        q->h_step[i] = q->d_b;
    }
    for (size_t c = 0; c < q->x.k; c++) {
        for (size_t i = q->x.start[c]; q->d[c] != 0.0 && i < q->x.end[c]; i++) {
            q->h_step[q->x.row[i]] += q->d[c] * (double)q->x.val[i];
        }
    }
}

static void swap(double **a, double **b)
{
    double *c = *a;
    *a = *b;
    *b = c;
}

/* Moves along the step to a better point; false where rounding leaves none. */
static bool line_search(struct worker *k, const struct inputs *in)
{
    const struct logreg_quad *q = &k->q;
    const struct logreg_opts *o = in->o;
    const double before = k->at.loss + penalty(o, q->x.k, k->w);
    double promised = q->g_b * q->d_b;
    for (size_t c = 0; c < q->x.k; c++) {
        promised +=
            q->g[c] * q->d[c] + o->l1 * (fabs(k->w[c] + q->d[c]) - fabs(k->w[c]));
    }
    step_logits(k);
    double t = 1.0;
    struct logit_sums s = k->at;
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
    k->at = measure(k, k->z);
    return false;
}

static void solve_model(struct worker *k)
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
    logreg_gram_fill(gram, &q->x, k->h, q->l2);
    logreg_gram_solve(gram, MODEL_SHARE, MODEL_ROUNDS);
    memcpy(q->d, gram->d, n * sizeof *q->d);
    q->d_b = gram->d[n];
}

/* Does one step on the set; false where rounding leaves none. */
static bool newton(struct worker *k, const struct inputs *in)
{
    set_model(k);
    solve_model(k);
    const bool moved = line_search(k, in);
    for (size_t c = 0; c < k->q.x.k; c++) {
        k->w_all[k->col[c]] = k->w[c];
    }
    return moved;
}

/* ---- a unit ---- */

/* Weighs the rows; false where there are no rows of both kinds. */
static bool weigh_rows(struct worker *k, const struct inputs *in, size_t unit)
{
    const struct logreg_y *y = in->y;
    const size_t n = in->x->n;
    const double all = (double)n;
    double pos = 0.0;
    for (size_t i = 0; i < n; i++) {
        k->s[i] = 1.0;
        for (size_t j = y->start[i]; j < y->start[i + 1]; j++) {
            k->s[i] = y->id[j] == (int32_t)unit ? -1.0 : k->s[i];
        }
        pos += k->s[i] < 0.0;
    }
    if (!(pos > 0.0) || !(pos < all)) {
        return false;
    }
    k->weight[0] = 1.0 / all;
    k->weight[1] = in->o->balanced ? (all - pos) / pos / all : 1.0 / all;
    for (size_t i = 0; i < n; i++) {
        k->s[i] *= k->weight[k->s[i] < 0.0];
    }
    k->b = log(pos * k->weight[1] / ((all - pos) * k->weight[0]));
    return true;
}

/* norm_j^2 = sum_i s_i x_ij^2 */
static void measure_columns(struct worker *k, const struct inputs *in)
{
    const double more = k->weight[1] - k->weight[0];
    for (size_t j = 0; j < in->x->d; j++) {
        k->norm[j] = k->weight[0] * in->square[j];
    }
    for (size_t i = 0; i < in->x->n; i++) {
        for (size_t a = in->by_start[i]; k->s[i] < 0.0 && a < in->by_start[i + 1];
             a++) {
            const double v = (double)in->by_val[a];
            k->norm[in->by_col[a]] += more * v * v;
        }
    }
    for (size_t j = 0; j < in->x->d; j++) {
        k->norm[j] = sqrt(k->norm[j] > 0.0 ? k->norm[j] : 0.0);
    }
}

/* Starts a unit: at the caller's weights, or at zero with the best bias there; the set
 * is the columns in use. */
static void begin_unit(struct worker *k, const struct inputs *in, size_t unit)
{
    const struct logreg *from = in->o->start;
    const size_t d = in->x->d;
    k->q.l1 = in->o->l1;
    k->q.l2 = in->o->l2;
    k->q.x.k = 0;
    k->n_live = 0;
    k->b = from != NULL ? (double)from->b[unit] : k->b;
    for (size_t i = 0; i < in->x->n; i++) {
        k->z[i] = k->b;
    }
    for (size_t j = 0; j < d; j++) {
        const bool empty = in->start[j] == in->start[j + 1];
        const double w = from != NULL && !empty ? (double)from->w[unit * d + j] : 0.0;
        k->w_all[j] = w;
        k->set_at[j] = -1;
        k->live[k->n_live] = (int32_t)j;
        k->n_live += !empty;
        if (fabs(w) > 0.0) {
            let_in(k, in, j);
        }
        for (size_t i = in->start[j]; fabs(w) > 0.0 && i < in->start[j + 1]; i++) {
            k->z[in->row[i]] += w * (double)in->val[i];
        }
    }
    measure_columns(k, in);
}

/* Computes the slopes of the live columns; returns the gap. */
static double price(struct worker *k, const struct inputs *in)
{
    struct logreg_gap gap = gap_begin(k, in);
    for (size_t i = 0; i < k->n_live; i++) {
        const size_t j = (size_t)k->live[i], first = in->start[j];
        const double s = logreg_gather(in->start[j + 1] - first, in->row + first,
                                       in->val + first, k->r);
        k->g_all[j] = s;
        logreg_gap_add(&gap, s, k->w_all[j]);
    }
    return logreg_gap_value(&gap);
}

/* Drops columns outside the set whose weight is certainly zero at the minimum, which
 * stays the same without them. The dual's curvature is at least 4 s_i, so its maximum
 * is within sum_i s_i (a_i - a*_i)^2 <= gap / 2 of the point that proved the gap, and
 * c_j there within sqrt(gap / 2 sum_i s_i x_ij^2) of that point's. */
static void rule_out(struct worker *k, const struct inputs *in, double gap)
{
    const double radius = sqrt(gap > 0.0 ? 0.5 * gap : 0.0);
    const double moves = fabs(slope_b(k)) * in->greatest;
    size_t n = 0;
    for (size_t i = 0; i < k->n_live; i++) {
        const int32_t j = k->live[i];
        const double most = fabs(k->g_all[j]) + moves + radius * k->norm[j];
        k->live[n] = j;
        n += k->set_at[j] >= 0 || !(most < in->o->l1);
    }
    k->n_live = n;
}

static void keep(const struct worker *k, const struct inputs *in, size_t unit)
{
    float *w = in->out->w + unit * in->x->d;
    for (size_t j = 0; j < in->x->d; j++) {
        w[j] = (float)k->w_all[j];
    }
    in->out->b[unit] = (float)k->b;
}

/* Takes the unit from where it is to the wanted gap. */
static void climb(struct worker *k, const struct inputs *in, struct logreg_standing *at)
{
    const struct logreg_opts *o = in->o;
    gather_rows(k, in);
    k->at = measure(k, k->z);
    for (bool moved = true;;) {
        const double gap = price(k, in);
        const double value = k->at.loss + penalty(o, k->q.x.k, k->w);
        at->gap = gap / value;
        assert(!(value < 0.0)); /* a loss and a penalty are not */
        if (!(at->gap > o->tol) || !moved || at->passes >= o->max_passes ||
            (o->cancel != NULL && atomic_load(o->cancel))) {
            return;
        }
        rule_out(k, in, gap);
        const size_t before = k->q.x.k;
        grow_set(k, in);
        if (k->q.x.k > before) {
            gather_rows(k, in);
        }
        moved = newton(k, in) || k->q.x.k > before;
        at->passes++;
    }
}

static void fit_unit(void *ctx, size_t unit, size_t worker)
{
    struct inputs *in = ctx;
    struct worker *k = &in->worker[worker];
    struct logreg_standing *at = &in->standing[unit];
    if (at->fitted && at->gap <= in->o->tol) {
        return; /* by rows, already */
    }
    if (!weigh_rows(k, in, unit)) {
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
    struct inputs in = {.x = x, .y = y, .o = opts, .out = out, .standing = standing};
    const size_t workers = pool_threads(pool);
    enum err rc = OK;
    if (x->n > INT32_MAX) {
        return err_set(e, ERR_LIMIT,
                       "logistic regression: found %zu rows, expected at most %d", x->n,
                       INT32_MAX);
    }
    TRY_OUT(rc, inputs_init(&in, e));
    TRY_OUT(rc, mem_new(&in.worker, workers, sizeof *in.worker, what, e));
    for (size_t i = 0; i < workers; i++) {
        TRY_OUT(rc, worker_init(&in.worker[i], &in, e));
        TRY_OUT(rc, gram_init(&in.worker[i], &in, e));
    }
    pool_run(pool, y->C, fit_unit, &in);
out:
    for (size_t i = 0; in.worker != NULL && i < workers; i++) {
        worker_deinit(&in.worker[i]);
    }
    mem_free(in.worker);
    mem_free(in.start);
    mem_free(in.row);
    mem_free(in.val);
    mem_free(in.square);
    mem_free(in.by_start);
    mem_free(in.by_row);
    mem_free(in.by_col);
    mem_free(in.by_val);
    return rc;
}
