/* Fits all units at once, by rows: L-BFGS (Liu, Nocedal 1989) on dense inputs without
 * an L1 term. Units are in groups, so that a pass is matrix products; the first guess
 * of the curvature is the inputs' second moments, which all units share, and after some
 * steps the unit's own, estimated from a sample of rows. All in double: in float the
 * gradient's rounding would end the descent far from the minimum. */
#include "base/mem.h"
#include "base/watch.h"
#include "num/blas.h"
#include "num/kern.h"
#include "num/logreg_priv.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define HISTORY      8     /* pairs that approximate the curvature */
#define ARMIJO       1e-4  /* share of the promised decrease that a step must give */
#define ROUNDING     1e-13 /* of an objective, relative */
#define MAX_HALVINGS 25    /* of a step before the unit counts as finished */
#define MAX_IDLE     60    /* steps at the rounding of the objective before it ends */
#define MISLED       5     /* trials after which the stored curvature is dropped */
#define NOISE        1e-8  /* least cosine of a step and its gradient change */
#define DENSE_MAX    2048  /* inputs and bias up to which all moments are used */
#define OWN_MAX      320   /* inputs and bias up to which the own curvature is used */
#define OWN_AT       8     /* steps after which it is first taken, ... */
#define OWN_AGAIN    4     /* ... and again after this many times as many steps */
#define OWN_SHARE    8     /* estimated from one in this many of the negative rows */
#define CURVE        0.05  /* p (1 - p) of a row, for the first guess */

static const char *const what = "logistic regression";

/* One unit in progress. Vectors of P = d + 1, the bias last. */
struct unit {
    int32_t id;
    double *x, *g;       /* the point, and the gradient there */
    double *xt, *gt;     /* the trial point and the gradient there */
    double *dir, *tmp;   /* direction; scratch */
    double *s, *y;       /* [HISTORY, P] steps and gradient changes, a ring */
    double rho[HISTORY]; /* 1 / s.y */
    double yhy;          /* y.h.y of the newest pair, h the first guess's inverse */
    size_t held, newest;
    double f;             /* objective at x */
    double least;         /* when it last fell by more than rounding */
    double t;             /* step of the trial */
    size_t tries;         /* trials of this direction */
    size_t steps, own_at; /* done; after which its own curvature is due */
    double *own;          /* its Cholesky factor [P, P], once there is one */
    size_t idle;          /* steps since then */
    double gap;           /* at x, as a share of f */
    bool started, done;
};

/* The first guess of the curvature: its lower Cholesky factor [P, P], or where that is
 * NULL its diagonal. */
struct guess {
    double *factor, *diagonal;
};

/* A group of units, the work of one thread. */
struct group {
    const struct logreg_x *x;
    const struct logreg_y *y;
    const struct logreg_opts *o;
    const struct guess *h;
    double greatest;
    struct unit *unit;
    size_t n_units;
    int32_t *col_of;        /* [C] */
    const float *weight_of; /* [C] weight of positive rows */
    double *vectors;
    double *w, *gw;   /* [d, G] */
    double *rows;     /* [LOGREG_BLOCK, P] */
    double *own;      /* [units, P, P], or NULL where P is too great */
    double *z, *exps; /* [LOGREG_BLOCK, G] */
    double *b, *pos_weight, *product, *gb, *pull, *loss; /* [G] */
};

/* ---- one pass over the rows ---- */

/* Turns the logits z of a block into slopes as if all rows were negative. */
static void negatives(size_t n, size_t G, double *z, double *exps, double *product,
                      double *loss, double *gb)
{
    for (size_t i = 0; i < n * G; i++) {
        exps[i] = -fabs(z[i]);
    }
    kern_get()->exp_f64(n * G, exps, exps);
    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < G; c++) {
            const double v = z[i * G + c];
            const double e = exps[i * G + c];
            const double q = 1.0 / (1.0 + e);
            product[c] *= 1.0 + e;
            loss[c] += v > 0.0 ? v : 0.0;
            z[i * G + c] = v > 0.0 ? q : e * q;
            gb[c] += z[i * G + c];
        }
    }
    for (size_t c = 0; c < G; c++) { /* at most 2^LOGREG_BLOCK */
        loss[c] += log(product[c]);
        product[c] = 1.0;
    }
}

/* Corrects the positive rows of a block, which are few. Their loss is s (softplus(z) -
 * z) instead of softplus(z), where z follows from the slope p. */
static void positives(struct group *k, size_t first, size_t n, size_t G)
{
    const struct logreg_y *y = k->y;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = y->start[first + i]; j < y->start[first + i + 1]; j++) {
            const bool known = y->id[j] >= 0 && (size_t)y->id[j] < y->C;
            const int32_t c = known ? k->col_of[y->id[j]] : -1;
            if (c < 0) {
                continue;
            }
            double v = k->b[c];
            for (size_t a = 0; a < k->x->d; a++) {
                v += k->rows[i * k->x->d + a] * k->w[a * G + (size_t)c];
            }
            const double e = exp(-fabs(v));
            const double s = k->pos_weight[c];
            const double miss = v > 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
            k->gb[c] -= 1.0 - miss;
            k->pull[c] += s * miss;
            k->loss[c] += s * (log1p(e) + (v < 0.0 ? -v : 0.0)) -
                          (log1p(e) + (v > 0.0 ? v : 0.0));
            k->z[i * G + (size_t)c] = -s * miss;
        }
    }
}

UNWATCHED static void widen(size_t d, const float *x, double *to)
{
    watch_read(x, d * sizeof *x);
    watch_write(to, d * sizeof *to);
    for (size_t j = 0; j < d; j++) {
        to[j] = (double)x[j];
    }
}

/* Sums over all rows, for the units of columns w [d, G] and b: gradients gw [d, G], the
 * negative rows' pull on the bias in gb and the positive rows' in pull, losses. */
static void pass(struct group *k, size_t G)
{
    const struct logreg_x *x = k->x;
    memset(k->gw, 0, x->d * G * sizeof *k->gw);
    memset(k->gb, 0, G * sizeof *k->gb);
    memset(k->pull, 0, G * sizeof *k->pull);
    memset(k->loss, 0, G * sizeof *k->loss);
    for (size_t first = 0; first < x->n; first += LOGREG_BLOCK) {
        const size_t n = x->n - first < LOGREG_BLOCK ? x->n - first : LOGREG_BLOCK;
        for (size_t i = 0; i < n; i++) {
            widen(x->d, x->dense + (first + i) * x->ld, k->rows + i * x->d);
            memcpy(k->z + i * G, k->b, G * sizeof *k->z);
        }
        gemm_f64(NO_TRANS, NO_TRANS, n, G, x->d, 1.0, k->rows, x->d, k->w, G, 1.0, k->z,
                 G);
        negatives(n, G, k->z, k->exps, k->product, k->loss, k->gb);
        positives(k, first, n, G);
        gemm_f64(TRANS, NO_TRANS, x->d, G, n, 1.0, k->rows, x->d, k->z, G, 1.0, k->gw,
                 G);
    }
}

/* ---- the curvature ---- */

/* v = (factor factor')^-1 v */
UNWATCHED static void solve_factor(const double *factor, size_t P, double *v)
{
    watch_read(factor, P * P * sizeof *factor);
    watch_write(v, P * sizeof *v);
    for (size_t i = 0; i < P; i++) {
        const double *row = factor + i * P;
        v[i] = (v[i] - logreg_dot(i, row, v)) / row[i];
    }
    for (size_t i = P; i-- > 0;) {
        const double *row = factor + i * P;
        v[i] /= row[i];
        for (size_t j = 0; j < i; j++) {
            v[j] -= row[j] * v[i];
        }
    }
}

/* v = h^-1 v, with h the guess of the unit's curvature. */
static void solve(const struct group *k, const struct unit *u, double *v)
{
    const size_t P = k->x->d + 1;
    assert(k->h->factor != NULL || k->h->diagonal != NULL);
    const double *factor = u->own != NULL ? u->own : k->h->factor;
    if (factor != NULL) {
        solve_factor(factor, P, v);
        return;
    }
    for (size_t j = 0; j < P; j++) {
        v[j] /= k->h->diagonal[j];
    }
}

/* Replaces the lower triangle of a by its Cholesky factor. */
static void factorise(size_t P, double *a)
{
    for (size_t i = 0; i < P; i++) {
        for (size_t j = 0; j < i; j++) {
            a[i * P + j] =
                (a[i * P + j] - logreg_dot(j, a + i * P, a + j * P)) / a[j * P + j];
        }
        const double s = a[i * P + i] - logreg_dot(i, a + i * P, a + i * P);
        a[i * P + i] = sqrt(s > 1e-12 ? s : 1e-12);
    }
}

static bool belongs(const struct logreg_y *y, size_t i, int32_t unit)
{
    bool is = false;
    for (size_t j = y->start[i]; j < y->start[i + 1]; j++) {
        is |= y->id[j] == unit;
    }
    return is;
}

/* Writes row i of (x, 1), times the root of its curvature at the unit's point. */
static void root_row(const struct group *k, const struct unit *u, size_t i,
                     double weight, double *to)
{
    const size_t d = k->x->d;
    for (size_t j = 0; j < d; j++) {
        to[j] = (double)k->x->dense[i * k->x->ld + j];
    }
    const double z = logreg_dot(d, to, u->x) + u->x[d];
    const double e = exp(-fabs(z));
    const double root = sqrt(weight * e) / (1.0 + e);
    for (size_t j = 0; j < d; j++) {
        to[j] *= root;
    }
    to[d] = root;
}

/* Estimates the curvature at the unit's point, from its positive rows and some of the
 * others. */
static void take_own(const struct group *k, struct unit *u)
{
    const size_t n = k->x->n, d = k->x->d, P = d + 1;
    const double pos = (double)k->weight_of[u->id] / (double)n;
    double *H = k->own + (size_t)(u - k->unit) * P * P;
    size_t m = 0;
    memset(H, 0, P * P * sizeof *H);
    for (size_t i = 0; i < n; i++) {
        const bool positive = belongs(k->y, i, u->id);
        if (positive || i % OWN_SHARE == 0) {
            root_row(k, u, i, positive ? pos : OWN_SHARE / (double)n,
                     k->rows + m++ * P);
        }
        if (m == LOGREG_BLOCK || i + 1 == n) {
            gemm_f64(TRANS, NO_TRANS, P, P, m, 1.0, k->rows, P, k->rows, P, 1.0, H, P);
            m = 0;
        }
    }
    for (size_t j = 0; j < d; j++) {
        H[j * P + j] += k->o->l2;
    }
    factorise(P, H);
    u->own = H;
    u->held = 0; /* what was learned of the shared guess */
}

UNWATCHED static void add_scaled(size_t P, double by, const double *v, double *to)
{
    watch_read(v, P * sizeof *v);
    watch_write(to, P * sizeof *to);
    for (size_t j = 0; j < P; j++) {
        to[j] += by * v[j];
    }
}

/* dir = -H g by the two-loop recursion over the stored pairs. */
static void choose_direction(const struct group *k, struct unit *u)
{
    const size_t P = k->x->d + 1;
    double alpha[HISTORY];
    memcpy(u->dir, u->g, P * sizeof *u->dir);
    for (size_t i = 0; i < u->held; i++) {
        const size_t at = (u->newest + HISTORY - i) % HISTORY;
        alpha[at] = u->rho[at] * logreg_dot(P, u->s + at * P, u->dir);
        add_scaled(P, -alpha[at], u->y + at * P, u->dir);
    }
    solve(k, u, u->dir);
    const double gamma = u->held > 0 ? 1.0 / (u->rho[u->newest] * u->yhy) : 1.0;
    for (size_t j = 0; j < P; j++) {
        u->dir[j] *= -gamma;
    }
    for (size_t i = u->held; i-- > 0;) {
        const size_t at = (u->newest + HISTORY - i) % HISTORY;
        /* dir carries the sign already, hence the plus. */
        const double by = alpha[at] + u->rho[at] * logreg_dot(P, u->y + at * P, u->dir);
        add_scaled(P, -by, u->s + at * P, u->dir);
    }
    u->t = 1.0;
    u->tries = 0;
}

/* Keeps the pair (step, gradient change) unless it has no curvature. */
static void remember(const struct group *k, struct unit *u)
{
    const size_t P = k->x->d + 1;
    const size_t at = (u->newest + 1) % HISTORY;
    double *s = u->s + at * P;
    double *y = u->y + at * P;
    for (size_t j = 0; j < P; j++) {
        s[j] = u->xt[j] - u->x[j];
        y[j] = u->gt[j] - u->g[j];
    }
    const double sy = logreg_dot(P, s, y);
    memcpy(u->tmp, y, P * sizeof *y);
    solve(k, u, u->tmp);
    const double yhy = logreg_dot(P, y, u->tmp);
    if (!(sy > NOISE * sqrt(logreg_dot(P, s, s) * logreg_dot(P, y, y))) ||
        !(yhy > 0.0)) {
        return;
    }
    u->rho[at] = 1.0 / sy;
    u->yhy = yhy;
    u->newest = at;
    u->held = u->held < HISTORY ? u->held + 1 : HISTORY;
}

/* ---- steps ---- */

static void set_trial(const struct group *k, struct unit *u)
{
    for (size_t j = 0; j <= k->x->d; j++) {
        u->xt[j] = u->x[j] + u->t * u->dir[j];
    }
}

/* Returns the gap at the trial point, as a share of f there. */
static double gap_at_trial(const struct group *k, const struct unit *u, size_t c,
                           double f)
{
    const double n = (double)k->x->n;
    const double neg = k->gb[c] / n, pos = k->pull[c] / n;
    struct logreg_gap gap =
        logreg_gap_begin(0.0, k->o->l2, k->greatest, k->loss[c] / n, neg - pos,
                         u->xt[k->x->d], neg > pos ? neg : pos);
    for (size_t j = 0; j < k->x->d; j++) {
        logreg_gap_add(&gap, u->gt[j] - k->o->l2 * u->xt[j], u->xt[j]);
    }
    return logreg_gap_value(&gap) / f;
}

/* Judges an evaluated trial: moves there, or shortens the step. */
static void judge(const struct group *k, struct unit *u, size_t c, double f)
{
    const size_t P = k->x->d + 1;
    if (u->started) {
        const double promised = u->t * logreg_dot(P, u->g, u->dir);
        /* Also false where f is not a number. */
        if (!(f <= u->f + ARMIJO * promised + ROUNDING * u->f)) {
            u->t *= u->tries < 2 ? 0.4 : 0.1;
            u->done = ++u->tries >= MAX_HALVINGS;
            if (u->tries == MISLED && u->held > 0) {
                u->held = 0; /* begin again from the first guess */
                choose_direction(k, u);
            }
            set_trial(k, u);
            return;
        }
        remember(k, u);
    }
    const bool better = !u->started || f < u->least - ROUNDING * u->least;
    u->least = better ? f : u->least;
    u->idle = better ? 0 : u->idle + 1;
    memcpy(u->x, u->xt, P * sizeof *u->x);
    memcpy(u->g, u->gt, P * sizeof *u->g);
    u->f = f;
    u->started = true;
    u->gap = gap_at_trial(k, u, c, f);
    if (u->gap <= k->o->tol || u->idle > MAX_IDLE) {
        u->done = true;
        return;
    }
    if (++u->steps == u->own_at && k->own != NULL) {
        take_own(k, u);
        u->own_at *= OWN_AGAIN;
    }
    choose_direction(k, u);
    set_trial(k, u);
}

/* Evaluates the trial points of all unfinished units, in one pass. */
static void evaluate_trials(struct group *k)
{
    const size_t d = k->x->d;
    const double n = (double)k->x->n;
    size_t G = 0;
    for (size_t i = 0; i < k->n_units; i++) {
        k->col_of[k->unit[i].id] = k->unit[i].done ? -1 : (int32_t)G++;
    }
    for (size_t i = 0; i < k->n_units; i++) {
        const struct unit *u = &k->unit[i];
        for (size_t j = 0; !u->done && j < d; j++) {
            k->w[j * G + (size_t)k->col_of[u->id]] = u->xt[j];
        }
        if (!u->done) {
            k->b[k->col_of[u->id]] = u->xt[d];
            k->pos_weight[k->col_of[u->id]] = (double)k->weight_of[u->id];
            k->product[k->col_of[u->id]] = 1.0;
        }
    }
    pass(k, G);
    for (size_t i = 0; i < k->n_units; i++) {
        struct unit *u = &k->unit[i];
        if (u->done) {
            continue;
        }
        const size_t c = (size_t)k->col_of[u->id];
        for (size_t j = 0; j < d; j++) {
            u->gt[j] = k->gw[j * G + c] / n + k->o->l2 * u->xt[j];
        }
        u->gt[d] = (k->gb[c] - k->pull[c]) / n;
        judge(k, u, c, k->loss[c] / n + 0.5 * k->o->l2 * logreg_dot(d, u->xt, u->xt));
    }
}

/* ---- groups ---- */

static bool any_left(const struct group *k)
{
    for (size_t i = 0; i < k->n_units; i++) {
        if (!k->unit[i].done) {
            return true;
        }
    }
    return false;
}

#define VECTORS (6 + 2 * HISTORY) /* of a unit */

static enum err group_init(struct group *k, size_t C, size_t G, struct errinfo *e)
{
    const size_t d = k->x->d;
    TRY(mem_new(&k->unit, G, sizeof *k->unit, what, e));
    TRY(mem_new(&k->col_of, C, sizeof *k->col_of, what, e));
    TRY(mem_new(&k->w, d, G * sizeof *k->w, what, e));
    TRY(mem_new(&k->gw, d, G * sizeof *k->gw, what, e));
    if (d < OWN_MAX) {
        TRY(mem_new(&k->own, (d + 1) * (d + 1), G * sizeof *k->own, what, e));
    }
    TRY(mem_new(&k->rows, d + 1, LOGREG_BLOCK * sizeof *k->rows, what, e));
    TRY(mem_new(&k->z, G, 2 * LOGREG_BLOCK * sizeof *k->z, what, e));
    k->exps = k->z + LOGREG_BLOCK * G;
    TRY(mem_new(&k->b, G, 6 * sizeof *k->b, what, e));
    k->pos_weight = k->b + G;
    k->product = k->b + 2 * G;
    k->gb = k->b + 3 * G;
    k->pull = k->b + 4 * G;
    k->loss = k->b + 5 * G;
    return mem_new(&k->vectors, d + 1, VECTORS * G * sizeof *k->vectors, what, e);
}

static size_t group_bytes(size_t d, size_t C, size_t G)
{
    const size_t P = d + 1, own = d < OWN_MAX ? P * P : 0;
    const size_t numbers =
        G * (2 * d + own + 2 * LOGREG_BLOCK + 6 + VECTORS * P) + P * LOGREG_BLOCK;
    return G * sizeof(struct unit) + C * sizeof(int32_t) + numbers * sizeof(double);
}

static void group_deinit(struct group *k)
{
    mem_free(k->unit);
    mem_free(k->col_of);
    mem_free(k->w);
    mem_free(k->gw);
    mem_free(k->rows);
    mem_free(k->own);
    mem_free(k->z);
    mem_free(k->b);
    mem_free(k->vectors);
}

/* Starts units first..first+n-1 at zero; those without both classes are done at
 * once. */
static void group_begin(struct group *k, size_t first, size_t n)
{
    const size_t P = k->x->d + 1;
    memset(k->unit, 0, n * sizeof *k->unit);
    memset(k->vectors, 0, n * VECTORS * P * sizeof *k->vectors);
    for (size_t c = 0; c < k->y->C; c++) {
        k->col_of[c] = -1;
    }
    for (size_t i = 0; i < n; i++) {
        struct unit *u = &k->unit[i];
        double *v = k->vectors + i * VECTORS * P;
        u->id = (int32_t)(first + i);
        u->own_at = OWN_AT;
        u->x = v;
        u->g = v + P;
        u->xt = v + 2 * P;
        u->gt = v + 3 * P;
        u->dir = v + 4 * P;
        u->tmp = v + 5 * P;
        u->s = v + 6 * P;
        u->y = u->s + HISTORY * P;
        u->done = !(k->weight_of[u->id] > 0.0F);
    }
    k->n_units = n;
}

struct fit {
    const struct logreg_x *x;
    const struct logreg_y *y;
    const struct logreg_opts *o;
    struct logreg *out;
    struct logreg_standing *standing;
    struct guess h;
    float *weight;
    struct group *group; /* [slots] */
    size_t slots;        /* slots_of */
    size_t blocks, G;
};

static void keep(const struct fit *f, const struct group *k, size_t passes)
{
    const size_t d = f->x->d;
    for (size_t i = 0; i < k->n_units; i++) {
        const struct unit *u = &k->unit[i];
        const size_t c = (size_t)u->id;
        for (size_t j = 0; j < d; j++) {
            f->out->w[c * d + j] = (float)u->x[j];
        }
        f->out->b[c] = (float)u->x[d];
        f->standing[c] = (struct logreg_standing){
            .passes = passes, .gap = u->gap, .fitted = f->weight[c] > 0.0F};
    }
}

static void fit_group(void *ctx, size_t block, size_t worker)
{
    struct fit *f = ctx;
    struct group *k = &f->group[f->slots == f->blocks ? block : worker];
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
    keep(f, k, passes);
}

/* ---- the first guess ---- */

/* Computes second moments of (x, 1), [P, P]; only the diagonal where there are too
 * many. */
static void moments(const struct logreg_x *x, double *rows, double *all,
                    double *diagonal)
{
    const size_t P = x->d + 1;
    const double n = (double)x->n;
    for (size_t first = 0; first < x->n; first += LOGREG_BLOCK) {
        const size_t m = x->n - first < LOGREG_BLOCK ? x->n - first : LOGREG_BLOCK;
        for (size_t i = 0; i < m; i++) {
            for (size_t j = 0; j < x->d; j++) {
                const double v = (double)x->dense[(first + i) * x->ld + j];
                rows[i * P + j] = v;
                diagonal[j] += v * v / n;
            }
            rows[i * P + x->d] = 1.0;
        }
        if (all != NULL) {
            gemm_f64(TRANS, NO_TRANS, P, P, m, 1.0 / n, rows, P, rows, P, 1.0, all, P);
        }
    }
    diagonal[x->d] = 1.0;
}

static enum err guess_init(struct guess *h, const struct logreg_x *x, double l2,
                           struct errinfo *e)
{
    const size_t P = x->d + 1;
    double *rows = NULL;
    TRY(mem_new(&h->diagonal, P, sizeof *h->diagonal, what, e));
    TRY(mem_new(&rows, P, LOGREG_BLOCK * sizeof *rows, what, e));
    if (P <= DENSE_MAX) {
        const enum err rc = mem_new(&h->factor, P, P * sizeof *h->factor, what, e);
        if (rc != OK) {
            mem_free(rows);
            return rc;
        }
    }
    moments(x, rows, h->factor, h->diagonal);
    mem_free(rows);
    for (size_t j = 0; j < P; j++) {
        const double own = j < x->d ? l2 : 0.0;
        h->diagonal[j] = CURVE * h->diagonal[j] + own;
        for (size_t i = 0; h->factor != NULL && i < P; i++) {
            h->factor[i * P + j] = CURVE * h->factor[i * P + j] + (i == j ? own : 0.0);
        }
    }
    if (h->factor != NULL) {
        factorise(P, h->factor);
    }
    return OK;
}

/* Returns one slot per block or one per worker, whichever is fewer. */
static size_t slots_of(size_t blocks, size_t threads)
{
    return threads < blocks ? threads : blocks;
}

size_t logreg_dense_bytes(size_t d, size_t C, size_t threads)
{
    const size_t P = d + 1, G = logreg_group(d), blocks = (C + G - 1) / G;
    const size_t guess = P * (1 + LOGREG_BLOCK + (P <= DENSE_MAX ? P : 0));
    return guess * sizeof(double) +
           C * (sizeof(float) + sizeof(struct logreg_standing)) +
           slots_of(blocks, threads) * (sizeof(struct group) + group_bytes(d, C, G));
}

enum err logreg_fit_rows(const struct logreg_x *x, const struct logreg_y *y,
                         const struct logreg_opts *opts, struct pool *pool,
                         struct logreg_standing *standing, struct logreg *out,
                         struct errinfo *e)
{
    struct fit f = {.x = x, .y = y, .o = opts, .out = out, .standing = standing};
    double greatest = 0.0;
    f.G = logreg_group(x->d);
    f.blocks = (y->C + f.G - 1) / f.G;
    f.slots = slots_of(f.blocks, pool_threads(pool));
    enum err rc = OK;
    TRY_OUT(rc, logreg_greatest(x, &greatest, e));
    TRY_OUT(rc, guess_init(&f.h, x, opts->l2, e));
    TRY_OUT(rc, logreg_weigh(x, y, opts->balanced, &f.weight, e));
    TRY_OUT(rc, mem_new(&f.group, f.slots, sizeof *f.group, what, e));
    for (size_t i = 0; i < f.slots; i++) {
        f.group[i] = (struct group){.x = x,
                                    .y = y,
                                    .o = opts,
                                    .h = &f.h,
                                    .greatest = greatest,
                                    .weight_of = f.weight};
        TRY_OUT(rc, group_init(&f.group[i], y->C, f.G, e));
    }
    pool_run(pool, f.blocks, fit_group, &f);
out:
    for (size_t i = 0; f.group != NULL && i < f.slots; i++) {
        group_deinit(&f.group[i]);
    }
    mem_free(f.group);
    mem_free(f.weight);
    mem_free(f.h.factor);
    mem_free(f.h.diagonal);
    return rc;
}
