#include "base/mem.h"
#include "base/rng.h"
#include "num/kern.h"
#include "num/logreg.h"
#include "num/logreg_priv.h"

#include <math.h>
#include <string.h>

/* A group of units. Adam works entry by entry and the loss is a sum over units, so
 * groups are independent; they share the order of rows. */
struct adam_group {
    const struct logreg_x *x;
    const struct logreg_y *y;
    const struct logreg_adam_opts *o;
    const float *weight_of;  /* [C] */
    int32_t *col_of;         /* [C] */
    uint32_t *order;         /* [n] */
    float *w, *gw, *mw, *vw; /* [d+1, G], the biases as the last row */
    float *pos_weight;       /* [G] */
    double *gb;              /* [G] */
    struct logreg_ws ws;
};

static enum err group_init(struct adam_group *k, size_t G, struct errinfo *e)
{
    const size_t P = k->x->d + 1;
    const char *what = "logistic regression";
    TRY(mem_new(&k->col_of, k->y->C, sizeof *k->col_of, what, e));
    TRY(mem_new(&k->order, k->x->n, sizeof *k->order, what, e));
    TRY(mem_new(&k->w, P, G * sizeof *k->w, what, e));
    TRY(mem_new(&k->gw, P, G * sizeof *k->gw, what, e));
    TRY(mem_new(&k->mw, P, G * sizeof *k->mw, what, e));
    TRY(mem_new(&k->vw, P, G * sizeof *k->vw, what, e));
    TRY(mem_new(&k->pos_weight, G, sizeof *k->pos_weight, what, e));
    TRY(mem_new(&k->gb, G, sizeof *k->gb, what, e));
    return logreg_ws_init(&k->ws, k->x, G, true, e);
}

static void group_deinit(struct adam_group *k)
{
    mem_free(k->col_of);
    mem_free(k->order);
    mem_free(k->w);
    mem_free(k->gw);
    mem_free(k->mw);
    mem_free(k->vw);
    mem_free(k->pos_weight);
    mem_free(k->gb);
    logreg_ws_deinit(&k->ws);
}

/* Starts a group as torch's nn.Linear does: uniform in +-1/sqrt(d), keyed by unit so
 * that groups don't matter. */
static void group_begin(struct adam_group *k, size_t first, size_t G)
{
    const size_t d = k->x->d;
    const double bound = 1.0 / sqrt((double)(d > 0 ? d : 1));
    memset(k->mw, 0, (d + 1) * G * sizeof *k->mw);
    memset(k->vw, 0, (d + 1) * G * sizeof *k->vw);
    for (size_t c = 0; c < k->y->C; c++) {
        k->col_of[c] = c >= first && c < first + G ? (int32_t)(c - first) : -1;
    }
    for (size_t c = 0; c < G; c++) {
        struct rng r = rng_begin(k->o->seed, RNG_PROBE, 1 + first + c);
        k->pos_weight[c] = k->weight_of[first + c];
        for (size_t j = 0; j <= d; j++) {
            k->w[j * G + c] = (float)(bound * (2.0 * rng_unit(&r) - 1.0));
        }
    }
}

/* Divides by batch and all units, and adds the penalties; the bias has only the L2
 * one. */
static void finish_gradient(struct adam_group *k, size_t G, size_t rows)
{
    const size_t d = k->x->d;
    const float mean = (float)(1.0 / ((double)rows * (double)k->y->C));
    const float l1 = (float)(k->o->l1 / (double)k->y->C);
    const float l2 = (float)k->o->l2;
    for (size_t c = 0; c < G; c++) {
        k->gw[d * G + c] = (float)k->gb[c];
    }
    for (size_t i = 0; i < (d + 1) * G; i++) {
        const float w = k->w[i];
        const float sign = w > 0.0F ? l1 : w < 0.0F ? -l1 : 0.0F;
        k->gw[i] = k->gw[i] * mean + l2 * w + (i < d * G ? sign : 0.0F);
    }
}

static void train_group(struct adam_group *k, size_t G)
{
    const struct logreg_adam_opts *o = k->o;
    const struct kern *kern = kern_get();
    const size_t d = k->x->d;
    const size_t n = k->x->n;
    const double gamma = pow(o->end_lr / o->lr, 1.0 / (double)o->epochs);
    double lr = o->lr;
    int64_t step = 0;
    for (size_t epoch = 0; epoch < o->epochs; epoch++) {
        if (o->cancel != NULL && atomic_load(o->cancel)) {
            return;
        }
        struct rng r = rng_begin(o->seed, RNG_SHUFFLE, epoch);
        for (size_t i = 0; i < n; i++) {
            k->order[i] = (uint32_t)i;
        }
        rng_permute(&r, k->order, n);
        for (size_t first = 0; first < n; first += o->batch) {
            const size_t rows = n - first < o->batch ? n - first : o->batch;
            const struct logreg_cols cols = {.G = G,
                                             .col_of = k->col_of,
                                             .pos_weight = k->pos_weight,
                                             .w = k->w,
                                             .b = k->w + d * G};
            logreg_pass(k->x, k->y, k->order + first, rows, &cols, &k->ws, k->gw, k->gb,
                        NULL);
            finish_gradient(k, G, rows);
            const struct adam a = adam_factors(lr, 0.9, 0.999, 1e-8, 0.0, 1.0, ++step);
            kern->adam((d + 1) * G, &a, k->gw, k->w, k->mw, k->vw);
        }
        lr *= gamma;
    }
}

struct adam_fit {
    const struct logreg_x *x;
    const struct logreg_y *y;
    struct adam_group *group;
    size_t slots, blocks, G;
    struct logreg *out;
};

static void fit_group(void *ctx, size_t block, size_t worker)
{
    struct adam_fit *f = ctx;
    struct adam_group *k = &f->group[f->slots == f->blocks ? block : worker];
    const size_t d = f->x->d;
    const size_t first = block * f->G;
    const size_t G = f->y->C - first < f->G ? f->y->C - first : f->G;
    group_begin(k, first, G);
    train_group(k, G);
    for (size_t c = 0; c < G; c++) {
        if (!(k->weight_of[first + c] > 0.0F)) {
            continue; /* one class only: stays zero */
        }
        for (size_t j = 0; j < d; j++) {
            f->out->w[(first + c) * d + j] = k->w[j * G + c];
        }
        f->out->b[first + c] = k->w[d * G + c];
    }
}

enum err logreg_adam(const struct logreg_x *x, const struct logreg_y *y,
                     const struct logreg_adam_opts *opts, struct pool *pool,
                     struct logreg *out, struct errinfo *e)
{
    struct logreg m = {0};
    float *weight = NULL;
    struct adam_fit f = {.x = x, .y = y, .out = &m};
    f.G = logreg_group(x->d);
    f.blocks = (y->C + f.G - 1) / f.G;
    f.slots = pool_threads(pool) < f.blocks ? pool_threads(pool) : f.blocks;
    enum err rc = OK;
    if (x->n > UINT32_MAX || opts->batch == 0 || opts->epochs == 0) {
        return err_set(e, ERR_USAGE,
                       "logistic regression: rows, batch or epochs out of "
                       "range");
    }
    TRY_OUT(rc, logreg_init(&m, y->C, x->d, e));
    TRY_OUT(rc, logreg_weigh(x, y, true, &weight, e));
    TRY_OUT(rc, mem_new(&f.group, f.slots, sizeof *f.group, "logistic regression", e));
    for (size_t i = 0; i < f.slots; i++) {
        f.group[i] =
            (struct adam_group){.x = x, .y = y, .o = opts, .weight_of = weight};
        TRY_OUT(rc, group_init(&f.group[i], f.G, e));
    }
    pool_run(pool, f.blocks, fit_group, &f);
    if (opts->cancel != NULL && atomic_load(opts->cancel)) {
        rc = err_set(e, ERR_CANCELLED, "logistic regression: cancelled");
        goto out;
    }
    m.passes = opts->epochs;
    *out = m;
    memset(&m, 0, sizeof m);
out:
    for (size_t i = 0; f.group != NULL && i < f.slots; i++) {
        group_deinit(&f.group[i]);
    }
    mem_free(f.group);
    mem_free(weight);
    logreg_deinit(&m);
    return rc;
}
