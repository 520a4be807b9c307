#include "base/mem.h"
#include "base/watch.h"
#include "num/blas.h"
#include "num/kern.h"
#include "num/logreg_priv.h"

#include <math.h>
#include <string.h>

/* How many rows' factors 1 + e^-|z|, each at most 2, are multiplied before one
 * logarithm. */
#define LOG_ROWS 32

size_t logreg_group(size_t d)
{
    return d <= 1024 ? 48 : d <= 4096 ? 16 : 8;
}

/* Uses eight sums, so that none waits for the one before. */
UNWATCHED double logreg_dot(size_t n, const double *a, const double *b)
{
    double s[8] = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
    size_t i = 0;
    watch_read(a, n * sizeof *a);
    watch_read(b, n * sizeof *b);
    for (; i + 8 <= n; i += 8) {
        for (size_t k = 0; k < 8; k++) {
            s[k] += a[i + k] * b[i + k];
        }
    }
    for (; i < n; i++) {
        s[0] += a[i] * b[i];
    }
    return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
}

enum err logreg_ws_init(struct logreg_ws *ws, const struct logreg_x *x, size_t G,
                        bool picked, struct errinfo *e)
{
    memset(ws, 0, sizeof *ws);
    TRY(mem_new(&ws->z, G, LOGREG_BLOCK * sizeof *ws->z, "logistic regression", e));
    TRY(mem_new(&ws->r, G, LOGREG_BLOCK * sizeof *ws->r, "logistic regression", e));
    TRY(mem_new(&ws->factors, G, sizeof *ws->factors, "logistic regression", e));
    for (size_t c = 0; c < G; c++) {
        ws->factors[c] = 1.0;
    }
    if (picked && x->dense != NULL) {
        TRY(mem_new(&ws->gather, x->d, LOGREG_BLOCK * sizeof *ws->gather,
                    "logistic regression", e));
    }
    return OK;
}

void logreg_ws_deinit(struct logreg_ws *ws)
{
    mem_free(ws->z);
    mem_free(ws->r);
    mem_free(ws->gather);
    mem_free(ws->factors);
}

enum err logreg_weigh(const struct logreg_x *x, const struct logreg_y *y, bool balanced,
                      float **weight, struct errinfo *e)
{
    float *w = NULL;
    TRY(mem_new(&w, y->C, sizeof *w, "logistic regression", e));
    /* Counts first: below 2^24 rows floats hold them exactly, above it hardly matters.
     */
    for (size_t i = y->start[0]; i < y->start[x->n]; i++) {
        if (y->id[i] >= 0 && (size_t)y->id[i] < y->C) {
            w[y->id[i]] += 1.0F;
        }
    }
    for (size_t c = 0; c < y->C; c++) {
        const float pos = w[c];
        const float neg = (float)x->n - pos;
        w[c] = pos < 0.5F || neg < 0.5F ? 0.0F : balanced ? neg / pos : 1.0F;
    }
    *weight = w;
    return OK;
}

enum err logreg_init(struct logreg *m, size_t C, size_t d, struct errinfo *e)
{
    memset(m, 0, sizeof *m);
    m->C = C;
    m->d = d;
    enum err rc = mem_new(&m->w, C * (d > 0), d * sizeof *m->w, "probe weights", e);
    if (rc == OK) {
        rc = mem_new(&m->b, C, sizeof *m->b, "probe weights", e);
    }
    if (rc != OK) {
        logreg_deinit(m);
    }
    return rc;
}

void logreg_deinit(struct logreg *m)
{
    mem_free(m->w);
    mem_free(m->b);
    memset(m, 0, sizeof *m);
}

/* A run of rows in progress. */
struct block {
    const struct logreg_x *x;
    const uint32_t *rows; /* or NULL: first, first + 1, ... */
    size_t first, n;
    const float *dense; /* [n, ld] its rows, gathered if they were picked */
    size_t ld;
};

static size_t row_of(const struct block *k, size_t i)
{
    return k->rows != NULL ? k->rows[k->first + i] : k->first + i;
}

static void block_open(struct block *k, struct logreg_ws *ws)
{
    const struct logreg_x *x = k->x;
    if (x->dense == NULL) {
        return;
    }
    if (k->rows == NULL) {
        k->dense = x->dense + k->first * x->ld;
        k->ld = x->ld;
        return;
    }
    for (size_t i = 0; i < k->n; i++) {
        memcpy(ws->gather + i * x->d, x->dense + row_of(k, i) * x->ld,
               x->d * sizeof(float));
    }
    k->dense = ws->gather;
    k->ld = x->d;
}

/* z = x w + b */
static void logits(const struct block *k, const struct logreg_cols *c, float *z)
{
    const struct kern *kern = kern_get();
    const size_t G = c->G;
    for (size_t i = 0; i < k->n; i++) {
        memcpy(z + i * G, c->b, G * sizeof *z);
    }
    if (k->dense != NULL) {
        gemm_f32(NO_TRANS, NO_TRANS, k->n, G, k->x->d, 1.0F, k->dense, k->ld, c->w, G,
                 1.0F, z, G);
        return;
    }
    for (size_t i = 0; i < k->n; i++) {
        const size_t row = row_of(k, i);
        const size_t first = k->x->start[row];
        kern->rows_axpy(k->x->start[row + 1] - first, k->x->id + first,
                        k->x->val + first, c->w, G, G, z + i * G);
    }
}

/* Corrects the positive entries, which were computed as negative ones: few against n *
 * G. The loss of one is s log(1 + e^-z) instead of log(1 + e^z) = softplus: the
 * difference is (s - 1) softplus(z) - s z, where 1 + e^-|z|, the factor in softplus,
 * follows from the known sigmoid p. */
static void fix_positive(const struct block *k, const struct logreg_y *y,
                         const struct logreg_cols *cols, struct logreg_ws *ws,
                         double *gb, double *loss)
{
    for (size_t i = 0; i < k->n; i++) {
        const size_t row = row_of(k, i);
        for (size_t j = y->start[row]; j < y->start[row + 1]; j++) {
            const int32_t unit = y->id[j];
            const int32_t c =
                unit >= 0 && (size_t)unit < y->C ? cols->col_of[unit] : -1;
            if (c < 0) {
                continue;
            }
            const size_t at = i * cols->G + (size_t)c;
            const float s = cols->pos_weight[c];
            const float p = ws->r[at];
            const float z = ws->z[at];
            ws->r[at] = s * (p - 1.0F);
            gb[c] += (double)ws->r[at] - (double)p;
            if (loss != NULL) {
                const float factor = 1.0F / (z >= 0.0F ? p : 1.0F - p);
                ws->factors[c] *= (double)factor;
                loss[c] += (double)(s - 1.0F) * (z > 0.0F ? (double)z : 0.0) -
                           (double)s * (double)z;
            }
        }
    }
    /* A factor is at most 2^256 after a block. */
    for (size_t c = 0; loss != NULL && c < cols->G; c++) {
        loss[c] += ((double)cols->pos_weight[c] - 1.0) * log(ws->factors[c]);
        ws->factors[c] = 1.0;
    }
}

/* gw += x^T r */
static void gradient(const struct block *k, size_t G, const float *r, float *gw)
{
    const struct kern *kern = kern_get();
    if (k->dense != NULL) {
        gemm_f32(TRANS, NO_TRANS, k->x->d, G, k->n, 1.0F, k->dense, k->ld, r, G, 1.0F,
                 gw, G);
        return;
    }
    for (size_t i = 0; i < k->n; i++) {
        const size_t row = row_of(k, i);
        for (size_t j = k->x->start[row]; j < k->x->start[row + 1]; j++) {
            kern->axpy(G, k->x->val[j], r + i * G, gw + (size_t)k->x->id[j] * G);
        }
    }
}

void logreg_pass(const struct logreg_x *x, const struct logreg_y *y,
                 const uint32_t *rows, size_t n, const struct logreg_cols *cols,
                 struct logreg_ws *ws, float *gw, double *gb, double *loss)
{
    const size_t G = cols->G;
    memset(gw, 0, x->d * G * sizeof *gw);
    memset(gb, 0, G * sizeof *gb);
    if (loss != NULL) {
        memset(loss, 0, G * sizeof *loss);
    }
    for (size_t first = 0; first < n; first += LOGREG_BLOCK) {
        struct block k = {.x = x, .rows = rows, .first = first};
        k.n = n - first < LOGREG_BLOCK ? n - first : LOGREG_BLOCK;
        block_open(&k, ws);
        logits(&k, cols, ws->z);
        kern_get()->logistic(k.n, G, ws->z, ws->r, loss, gb);
        fix_positive(&k, y, cols, ws, gb, loss);
        gradient(&k, G, ws->r, gw);
    }
}
