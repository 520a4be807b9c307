#include "num/logreg.h"

#include "base/mem.h"
#include "num/kern.h"
#include "num/logreg_priv.h"

#include <math.h>
#include <string.h>

#define HISTORY      6    /* pairs that approximate the curvature */
#define ARMIJO       1e-4 /* share of the promised decrease that a step must give */
#define MAX_HALVINGS 20   /* of a step before the unit is taken as converged */
#define FLOAT_NOISE  1e-7 /* relative error of a loss summed from float logits */

struct logreg_opts logreg_defaults(void)
{
    return (struct logreg_opts){.balanced = true, .tol = 1e-3, .max_passes = 200};
}

/* One unit on its way to the minimum. Vectors of P = d + 1, the bias last. */
struct unit {
    int32_t id;
    double *x, *g;       /* where it stands, the smooth part's gradient there */
    double *pg;          /* the gradient with the L1 term */
    double *xt, *gt;     /* the trial point and the gradient there */
    float *dir;          /* direction: any that descends will do */
    float *s, *y;        /* [HISTORY, P] steps and gradient changes, a ring */
    double rho[HISTORY]; /* 1 / s.y */
    double yhy;          /* y.h.y of the newest pair, h the diagonal */
    size_t held, newest;
    double f;     /* loss at x, penalties included */
    double t;     /* step of the trial */
    size_t tries; /* trials of this direction */
    double pg_first;
    bool started, done;
};

/* A group of units, the work of one thread. */
struct group {
    const struct logreg_x *x;
    const struct logreg_y *y;
    const struct logreg_opts *o;
    const double *h; /* [P] inverse of a diagonal that the Hessian resembles */
    struct unit *unit;
    size_t n_units;
    int32_t *col_of; /* [C] */
    float *w, *gw;   /* [d, G] */
    float *b, *pos_weight;
    const float *weight_of; /* [C] weight of positive rows */
    double *gb, *loss;
    double *vectors;
    float *history;
    struct logreg_ws ws;
};

/* The gradient of least length among those of the L1-penalised loss. */
static void pseudo_gradient(const struct group *k, struct unit *u)
{
    const size_t d = k->x->d;
    const double l1 = k->o->l1;
    memcpy(u->pg, u->g, (d + 1) * sizeof *u->pg);
    if (l1 <= 0.0) {
        return;
    }
    for (size_t j = 0; j < d; j++) {
        const double g = u->g[j];
        if (u->x[j] > 0.0) {
            u->pg[j] = g + l1;
        } else if (u->x[j] < 0.0) {
            u->pg[j] = g - l1;
        } else if (g + l1 < 0.0) {
            u->pg[j] = g + l1;
        } else {
            u->pg[j] = g - l1 > 0.0 ? g - l1 : 0.0;
        }
    }
}

static double scaled_norm(const struct group *k, const double *v)
{
    double s = 0.0;
    for (size_t j = 0; j <= k->x->d; j++) {
        s += k->h[j] * v[j] * v[j];
    }
    return sqrt(s);
}

/* dir = -H pg by the two-loop recursion over the stored pairs. */
static void two_loop(const struct group *k, struct unit *u)
{
    const struct kern *kern = kern_get();
    const size_t P = k->x->d + 1;
    double alpha[HISTORY];
    double gamma = 1.0;
    for (size_t j = 0; j < P; j++) {
        u->dir[j] = (float)u->pg[j];
    }
    for (size_t i = 0; i < u->held; i++) {
        const size_t at = (u->newest + HISTORY - i) % HISTORY;
        alpha[at] = u->rho[at] * (double)kern->dot(P, u->s + at * P, u->dir);
        kern->axpy(P, (float)-alpha[at], u->y + at * P, u->dir);
    }
    if (u->held > 0) {
        gamma = 1.0 / (u->rho[u->newest] * u->yhy);
    }
    for (size_t j = 0; j < P; j++) {
        u->dir[j] *= (float)(-gamma * k->h[j]);
    }
    for (size_t i = u->held; i-- > 0;) {
        const size_t at = (u->newest + HISTORY - i) % HISTORY;
        /* dir carries the sign already, hence the plus. */
        const double beta = u->rho[at] * (double)kern->dot(P, u->y + at * P, u->dir);
        kern->axpy(P, (float)-(alpha[at] + beta), u->s + at * P, u->dir);
    }
}

/* dir . pg, with coordinates that would go against the penalised slope put to zero. */
static double align(const struct group *k, struct unit *u)
{
    const size_t d = k->x->d;
    double slope = 0.0;
    for (size_t j = 0; j <= d; j++) {
        const double part = (double)u->dir[j] * u->pg[j];
        if (k->o->l1 > 0.0 && j < d && part >= 0.0) {
            u->dir[j] = 0.0F;
        } else {
            slope += part;
        }
    }
    return slope;
}

static void choose_direction(const struct group *k, struct unit *u)
{
    two_loop(k, u);
    if (!(align(k, u) < 0.0)) {
        u->held = 0; /* the stored curvature misleads: start again from the diagonal */
        two_loop(k, u);
        (void)align(k, u);
    }
    u->t = 1.0;
    u->tries = 0;
}

/* xt = x + t dir, kept in the orthant of x where there is an L1 term. */
static void set_trial(const struct group *k, struct unit *u)
{
    const size_t d = k->x->d;
    for (size_t j = 0; j <= d; j++) {
        u->xt[j] = u->x[j] + u->t * (double)u->dir[j];
    }
    if (k->o->l1 <= 0.0) {
        return;
    }
    for (size_t j = 0; j < d; j++) {
        const double side = u->x[j] > 0.0 ? 1.0 : u->x[j] < 0.0 ? -1.0 : -u->pg[j];
        if (u->xt[j] * side <= 0.0) {
            u->xt[j] = 0.0;
        }
    }
}

static double penalty(const struct group *k, const double *x)
{
    double l1 = 0.0;
    double l2 = 0.0;
    for (size_t j = 0; j < k->x->d; j++) {
        l1 += fabs(x[j]);
        l2 += x[j] * x[j];
    }
    return k->o->l1 * l1 + 0.5 * k->o->l2 * l2;
}

/* Keep the pair (step, gradient change) unless it has no curvature in it. */
static void remember(const struct group *k, struct unit *u)
{
    const size_t P = k->x->d + 1;
    const size_t at = (u->newest + 1) % HISTORY;
    float *s = u->s + at * P;
    float *y = u->y + at * P;
    double sy = 0.0;
    double yy = 0.0;
    double yhy = 0.0;
    for (size_t j = 0; j < P; j++) {
        s[j] = (float)(u->xt[j] - u->x[j]);
        y[j] = (float)(u->gt[j] - u->g[j]);
        sy += (double)s[j] * (double)y[j];
        yy += (double)y[j] * (double)y[j];
        yhy += k->h[j] * (double)y[j] * (double)y[j];
    }
    if (sy <= 1e-10 * yy || yy <= 0.0) {
        return;
    }
    u->rho[at] = 1.0 / sy;
    u->yhy = yhy;
    u->newest = at;
    u->held = u->held < HISTORY ? u->held + 1 : HISTORY;
}

/* The trial has been evaluated: move there, or shorten the step. */
static void judge(const struct group *k, struct unit *u, double f)
{
    const size_t P = k->x->d + 1;
    if (u->started) {
        double promised = 0.0;
        for (size_t j = 0; j < P; j++) {
            promised += u->pg[j] * (u->xt[j] - u->x[j]);
        }
        /* Also false where f is not a number. */
        if (!(f <= u->f + ARMIJO * promised + FLOAT_NOISE * fabs(u->f))) {
            u->t *= u->tries < 2 ? 0.4 : 0.1;
            u->done = ++u->tries >= MAX_HALVINGS;
            set_trial(k, u);
            return;
        }
        remember(k, u);
    }
    memcpy(u->x, u->xt, P * sizeof *u->x);
    memcpy(u->g, u->gt, P * sizeof *u->g);
    u->f = f;
    pseudo_gradient(k, u);
    const double norm = scaled_norm(k, u->pg);
    if (!u->started) {
        u->pg_first = norm;
        u->started = true;
    }
    if (!(norm > k->o->tol * u->pg_first)) {
        u->done = true;
        return;
    }
    choose_direction(k, u);
    set_trial(k, u);
}

/* Evaluate the trial points of all units still on their way, in one pass. */
static void evaluate_trials(struct group *k)
{
    const size_t d = k->x->d;
    const double n = (double)k->x->n;
    size_t G = 0;
    for (size_t i = 0; i < k->n_units; i++) {
        if (!k->unit[i].done) {
            k->col_of[k->unit[i].id] = (int32_t)G++;
        } else {
            k->col_of[k->unit[i].id] = -1;
        }
    }
    for (size_t i = 0; i < k->n_units; i++) {
        const struct unit *u = &k->unit[i];
        if (u->done) {
            continue;
        }
        const size_t c = (size_t)k->col_of[u->id];
        for (size_t j = 0; j < d; j++) {
            k->w[j * G + c] = (float)u->xt[j];
        }
        k->b[c] = (float)u->xt[d];
        k->pos_weight[c] = k->weight_of[u->id];
    }
    const struct logreg_cols cols = {
        .G = G, .col_of = k->col_of, .pos_weight = k->pos_weight, .w = k->w, .b = k->b};
    logreg_pass(k->x, k->y, NULL, k->x->n, &cols, &k->ws, k->gw, k->gb, k->loss);
    for (size_t i = 0; i < k->n_units; i++) {
        struct unit *u = &k->unit[i];
        if (u->done) {
            continue;
        }
        const size_t c = (size_t)k->col_of[u->id];
        for (size_t j = 0; j < d; j++) {
            u->gt[j] = (double)k->gw[j * G + c] / n + k->o->l2 * u->xt[j];
        }
        u->gt[d] = k->gb[c] / n;
        judge(k, u, k->loss[c] / n + penalty(k, u->xt));
    }
}

static bool any_left(const struct group *k)
{
    for (size_t i = 0; i < k->n_units; i++) {
        if (!k->unit[i].done) {
            return true;
        }
    }
    return false;
}

static enum err group_init(struct group *k, size_t C, size_t G, struct errinfo *e)
{
    const size_t d = k->x->d;
    const size_t P = d + 1;
    const char *what = "logistic regression";
    TRY(mem_new(&k->unit, G, sizeof *k->unit, what, e));
    TRY(mem_new(&k->col_of, C, sizeof *k->col_of, what, e));
    TRY(mem_new(&k->w, P, G * sizeof *k->w, what, e));
    TRY(mem_new(&k->gw, P, G * sizeof *k->gw, what, e));
    TRY(mem_new(&k->b, G, sizeof *k->b, what, e));
    TRY(mem_new(&k->pos_weight, G, sizeof *k->pos_weight, what, e));
    TRY(mem_new(&k->gb, G, sizeof *k->gb, what, e));
    TRY(mem_new(&k->loss, G, sizeof *k->loss, what, e));
    TRY(mem_new(&k->vectors, P, 5 * G * sizeof *k->vectors, what, e));
    TRY(mem_new(&k->history, P, (2 * HISTORY + 1) * G * sizeof *k->history, what, e));
    return logreg_ws_init(&k->ws, k->x, G, false, e);
}

static void group_deinit(struct group *k)
{
    mem_free(k->unit);
    mem_free(k->col_of);
    mem_free(k->w);
    mem_free(k->gw);
    mem_free(k->b);
    mem_free(k->pos_weight);
    mem_free(k->gb);
    mem_free(k->loss);
    mem_free(k->vectors);
    mem_free(k->history);
    logreg_ws_deinit(&k->ws);
}

/* Units first..first+n-1 at zero; those without both classes are done already. */
static void group_begin(struct group *k, size_t first, size_t n)
{
    const size_t P = k->x->d + 1;
    memset(k->unit, 0, n * sizeof *k->unit);
    memset(k->vectors, 0, 5 * n * P * sizeof *k->vectors);
    for (size_t c = 0; c < k->y->C; c++) {
        k->col_of[c] = -1;
    }
    for (size_t i = 0; i < n; i++) {
        struct unit *u = &k->unit[i];
        double *v = k->vectors + 5 * i * P;
        u->id = (int32_t)(first + i);
        u->x = v;
        u->g = v + P;
        u->pg = v + 2 * P;
        u->xt = v + 3 * P;
        u->gt = v + 4 * P;
        u->s = k->history + (2 * HISTORY + 1) * i * P;
        u->y = u->s + HISTORY * P;
        u->dir = u->y + HISTORY * P;
        u->done = !(k->weight_of[u->id] > 0.0F);
    }
    k->n_units = n;
}

struct fit {
    const struct logreg_x *x;
    const struct logreg_y *y;
    const struct logreg_opts *o;
    struct logreg *out;
    struct group *group; /* [slots] */
    size_t slots;        /* one a block or one a worker, whichever are fewer */
    size_t blocks;
    size_t *passes; /* [blocks] */
    size_t G;
};

static void fit_group(void *ctx, size_t block, size_t worker)
{
    struct fit *f = ctx;
    struct group *k = &f->group[f->slots == f->blocks ? block : worker];
    const size_t d = f->x->d;
    const size_t first = block * f->G;
    const size_t left = f->y->C - first;
    group_begin(k, first, left < f->G ? left : f->G);
    size_t passes = 0;
    while (any_left(k) && passes < f->o->max_passes) {
        if (f->o->cancel != NULL && atomic_load(f->o->cancel)) {
            break;
        }
        evaluate_trials(k);
        passes++;
    }
    f->passes[block] = passes;
    for (size_t i = 0; i < k->n_units; i++) {
        for (size_t j = 0; j < d; j++) {
            f->out->w[(first + i) * d + j] = (float)k->unit[i].x[j];
        }
        f->out->b[first + i] = (float)k->unit[i].x[d];
    }
}

/* h = 1 / mean square of each input; the bias has 1. An input that is always zero gets
 * 1 too: its gradient is zero. */
static enum err diagonal(const struct logreg_x *x, double *h, struct errinfo *e)
{
    for (size_t i = 0; i < x->n; i++) {
        if (x->dense != NULL) {
            for (size_t j = 0; j < x->d; j++) {
                const double v = (double)x->dense[i * x->ld + j];
                h[j] += v * v;
            }
        } else {
            for (size_t j = x->start[i]; j < x->start[i + 1]; j++) {
                h[x->id[j]] += (double)x->val[j] * (double)x->val[j];
            }
        }
    }
    for (size_t j = 0; j < x->d; j++) {
        if (!isfinite(h[j])) {
            return err_set(e, ERR_NUMERIC,
                           "logistic regression: input %zu is not finite", j);
        }
        h[j] = h[j] > 0.0 ? (double)x->n / h[j] : 1.0;
    }
    h[x->d] = 1.0;
    return OK;
}

enum err logreg_fit(const struct logreg_x *x, const struct logreg_y *y,
                    const struct logreg_opts *opts, struct pool *pool,
                    struct logreg *out, struct errinfo *e)
{
    struct logreg m = {0};
    double *h = NULL;
    float *weight = NULL;
    struct fit f = {.x = x, .y = y, .o = opts, .out = &m};
    f.G = logreg_group(x->d);
    f.blocks = (y->C + f.G - 1) / f.G;
    f.slots = pool_threads(pool) < f.blocks ? pool_threads(pool) : f.blocks;
    enum err rc = OK;
    TRY_OUT(rc, logreg_init(&m, y->C, x->d, e));
    TRY_OUT(rc, mem_new(&h, x->d + 1, sizeof *h, "logistic regression", e));
    TRY_OUT(rc, diagonal(x, h, e));
    TRY_OUT(rc, logreg_weigh(x, y, opts->balanced, &weight, e));
    TRY_OUT(rc,
            mem_new(&f.passes, f.blocks, sizeof *f.passes, "logistic regression", e));
    TRY_OUT(rc, mem_new(&f.group, f.slots, sizeof *f.group, "logistic regression", e));
    for (size_t i = 0; i < f.slots; i++) {
        f.group[i] =
            (struct group){.x = x, .y = y, .o = opts, .h = h, .weight_of = weight};
        TRY_OUT(rc, group_init(&f.group[i], y->C, f.G, e));
    }
    pool_run(pool, f.blocks, fit_group, &f);
    if (opts->cancel != NULL && atomic_load(opts->cancel)) {
        rc = err_set(e, ERR_CANCELLED, "logistic regression: cancelled");
        goto out;
    }
    for (size_t i = 0; i < f.blocks; i++) {
        m.passes = f.passes[i] > m.passes ? f.passes[i] : m.passes;
    }
    *out = m;
    memset(&m, 0, sizeof m);
out:
    for (size_t i = 0; f.group != NULL && i < f.slots; i++) {
        group_deinit(&f.group[i]);
    }
    mem_free(f.group);
    mem_free(f.passes);
    mem_free(h);
    mem_free(weight);
    logreg_deinit(&m);
    return rc;
}
