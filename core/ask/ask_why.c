#include "ask/ask_why.h"

#include "ask/ask_priv.h"
#include "base/mem.h"
#include "base/number.h"
#include "lm/lm_back.h"
#include "num/stats.h"
#include "num/vec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Gauss-Legendre with 8 points on [-1, 1], the positive half; Abramowitz and Stegun,
 * table 25.4. */
#define HALF 4
static const double gauss_at[HALF] = {0.1834346424956498, 0.5255324099163290,
                                      0.7966664774136267, 0.9602898564975363};
static const double gauss_weight[HALF] = {0.3626837833783620, 0.3137066458778873,
                                          0.2223810344533745, 0.1012285362903763};

/* Most halvings of the path, and most points in all. */
#define DEPTH      14
#define POINTS_MAX ((size_t)4096)
#define TOLERANCE  1e-3
/* What a difference of logits in float cannot tell apart. */
#define LOGIT_NOISE 1e-4

struct why {
    struct ask *a;
    const struct ask_question *q;
    const struct ask_why_opts *o;
    struct ask_why *out;
    size_t T, width; /* positions that are read */
    struct lm_back *back;
    struct lm_aim aim;
    float *weight;  /* [V] */
    float *x;       /* [T, width] at the hook, with masks and edits */
    float *from;    /* [T, width] at zero latents and no error */
    float *at;      /* [T, width] on the way */
    float *dx;      /* [T, width] */
    double *sum;    /* [T, width] integral of the gradient over the path so far */
    double *panel;  /* ... over one interval */
    double allowed; /* error of the sum over the whole path */
    size_t part_cap;
    struct ask_fires fires; /* of one position */
};

/* ---- memory ---- */

struct ask_why *ask_why_ref(struct ask_why *w)
{
    atomic_fetch_add(&w->refs, 1);
    return w;
}

void ask_why_unref(struct ask_why *w)
{
    if (w && atomic_fetch_sub(&w->refs, 1) == 1) {
        mem_free(w->part);
        mem_free(w);
    }
}

static void deinit(struct why *y)
{
    lm_back_free(y->back);
    mem_free(y->weight);
    mem_free(y->x);
    mem_free(y->from);
    mem_free(y->at);
    mem_free(y->dx);
    mem_free(y->sum);
    mem_free(y->panel);
    ask_fires_deinit(&y->fires);
}

static enum err init(struct why *y, struct errinfo *e)
{
    static const char what[] = "contributions";
    const struct ask_subject *s = y->a->subject;
    const size_t row = y->width;
    TRY(lm_back_new(s->lm, s->hook, y->T, &y->back, e));
    TRY(mem_new(&y->weight, s->lm->cfg.vocab, sizeof *y->weight, what, e));
    TRY(mem_new(&y->x, y->T, row * sizeof *y->x, what, e));
    TRY(mem_new(&y->from, y->T, row * sizeof *y->from, what, e));
    TRY(mem_new(&y->at, y->T, row * sizeof *y->at, what, e));
    TRY(mem_new(&y->dx, y->T, row * sizeof *y->dx, what, e));
    TRY(mem_new(&y->sum, y->T, row * sizeof *y->sum, what, e));
    return mem_new(&y->panel, y->T, row * sizeof *y->panel, what, e);
}

/* ---- what is explained ---- */

static enum err check_opts(const struct ask *a, const struct ask_question *q,
                           const struct ask_why_opts *o, struct errinfo *e)
{
    const size_t V = a->subject->lm->cfg.vocab;
    if (o->pos < 1 || o->pos > q->n) {
        return err_set(e, ERR_USAGE,
                       "why: found position %zu, expected 1 to %zu; nothing stands "
                       "before the first token, and %zu is the one that comes next",
                       o->pos, q->n, q->n);
    }
    if (o->target < -1 || (o->target >= 0 && (size_t)o->target >= V) ||
        o->against < ASK_MEAN || (o->against >= 0 && (size_t)o->against >= V)) {
        return err_set(e, ERR_USAGE, "why: tokens %d, %d: expected 0 to %zu",
                       (int)o->target, (int)o->against, V - 1);
    }
    if (!(o->tolerance >= 0)) {
        return err_set(e, ERR_USAGE, "why: found a tolerance of %g", o->tolerance);
    }
    return OK;
}

static int32_t likeliest_but(const float *logits, size_t V, int32_t not_this)
{
    int32_t best = -1;
    for (size_t v = 0; v < V; v++) {
        if ((int32_t)v != not_this && (best < 0 || logits[v] > logits[best])) {
            best = (int32_t)v;
        }
    }
    return best;
}

/* Chooses the two tokens, from the distribution with masks and edits, and their
 * weights. */
static enum err choose_tokens(struct why *y, struct errinfo *e)
{
    struct ask *a = y->a;
    const struct lm *m = a->subject->lm;
    const size_t V = m->cfg.vocab;
    double lse = 0;
    ask_pass_with(a, y->x, y->T, a->resid_e);
    lm_logits(m, a->resid_e + (y->T - 1) * m->cfg.d_model, a->logits[0]);
    TRY(ask_lse(m, a->logits[0], &lse, e));
    int32_t target = y->o->target, against = y->o->against;
    if (target < 0) {
        target = y->o->pos < y->q->n ? y->q->ids[y->o->pos]
                                     : likeliest_but(a->logits[0], V, -1);
    }
    if (against == ASK_SECOND) {
        against = likeliest_but(a->logits[0], V, target);
    }
    if (target == against || against == ASK_SECOND) {
        return err_set(e, ERR_USAGE, "why: token %d against itself", (int)target);
    }
    for (size_t v = 0; v < V && against == ASK_MEAN; v++) {
        y->weight[v] = (float)(-1.0 / (double)V);
    }
    y->weight[target] += 1.0f;
    if (against >= 0) {
        y->weight[against] -= 1.0f;
    }
    y->out->target = target;
    y->out->against = against;
    y->aim = (struct lm_aim){.fed = a->fed, .T = y->T, .weight = y->weight};
    return OK;
}

/* ---- where the path begins, and its parts ---- */

/* The factor from a unit of a latent of the saved SAE at row t to the model's unit. */
static double raw_unit(const struct sae_codes *c, size_t t)
{
    return c->undo ? (double)c->undo[2 * t] : 1.0;
}

static void begin_path(struct why *y, const struct sae_codes *c)
{
    const struct sae *s = y->a->subject->sae;
    for (size_t t = 0; t < y->T; t++) {
        float *to = y->from + t * y->width;
        if (y->a->special[t]) {
            memcpy(to, y->x + t * y->width, y->width * sizeof *to);
            continue;
        }
        for (size_t d = 0; d < y->width; d++) {
            to[d] = c->undo ? s->b_dec[d] * c->undo[2 * t] + c->undo[2 * t + 1]
                            : s->b_dec[d] / s->scale;
        }
    }
}

static enum err add_part(struct why *y, int32_t latent, size_t t, float act,
                         struct errinfo *e)
{
    struct ask_why *w = y->out;
    TRY(mem_grow(&w->part, &y->part_cap, w->n + 1, sizeof *w->part, SIZE_MAX, e));
    w->part[w->n++] = (struct ask_part){
        .latent = latent, .pos = (uint32_t)t, .act = act, .ablated = (double)NAN};
    return OK;
}

/* Adds the latents at work at position t, with edits, then the error. */
static enum err add_parts(struct why *y, const struct sae_codes *c, size_t t,
                          struct errinfo *e)
{
    const struct ask_question *q = y->q;
    TRY(ask_fires_at(&y->fires, y->a->subject->sae, c, c, t, q->edit, q->n_edits, t,
                     e));
    for (size_t i = 0; i < y->fires.n; i++) {
        const struct ask_fire *f = &y->fires.at[i];
        if (f->after < 0 || f->after > 0) {
            TRY(add_part(y, f->latent, t, f->after, e));
        }
    }
    return add_part(y, -1, t, 0, e);
}

/* Adds to out [width] what a part adds to x at its position, times `by`. */
static void add_vector(const struct why *y, const struct sae_codes *c,
                       const struct ask_part *p, double by, float *out)
{
    const struct sae *s = y->a->subject->sae;
    const size_t t = p->pos;
    vec_axpy_f32(y->width, (float)(by * (double)p->act * raw_unit(c, t)),
                 s->W_dec + (size_t)p->latent * y->width, out);
}

/* Writes to err [width] the error at t: x minus its start and all latents, which are
 * parts from .. to - 1. */
static void error_at(const struct why *y, const struct sae_codes *c, size_t t,
                     size_t from, size_t to, float *err)
{
    for (size_t d = 0; d < y->width; d++) {
        err[d] = y->x[t * y->width + d] - y->from[t * y->width + d];
    }
    for (size_t i = from; i < to; i++) {
        const struct ask_part *p = &y->out->part[i];
        if (p->pos == t && p->latent >= 0) {
            add_vector(y, c, p, -1.0, err);
        }
    }
}

/* ---- the integral ---- */

/* Writes x(s) to y->at. */
static void go_to(struct why *y, double s)
{
    for (size_t i = 0; i < y->T * y->width; i++) {
        const double from = (double)y->from[i];
        y->at[i] = (float)(from + s * ((double)y->x[i] - from));
    }
}

static double value_at(struct why *y, double s)
{
    go_to(y, s);
    return lm_back_value(y->back, &y->aim, y->at);
}

/* Writes to y->panel the integral of the gradient from lo to hi. */
static enum err integrate(struct why *y, double lo, double hi, struct errinfo *e)
{
    const double mid = 0.5 * (lo + hi), half = 0.5 * (hi - lo);
    memset(y->panel, 0, y->T * y->width * sizeof *y->panel);
    for (size_t k = 0; k < 2 * HALF; k++) {
        const double at = (k % 2 ? 1.0 : -1.0) * gauss_at[k / 2];
        TRY(ask_poll(y->a, e));
        (void)value_at(y, mid + half * at);
        lm_back_gradient(y->back, y->dx);
        for (size_t i = 0; i < y->T * y->width; i++) {
            y->panel[i] += half * gauss_weight[k / 2] * (double)y->dx[i];
        }
        y->out->points++;
    }
    return OK;
}

/* The rise of the difference on an interval, by its integral. */
static double rise_of(const struct why *y)
{
    double sum = 0;
    for (size_t i = 0; i < y->T * y->width; i++) {
        sum += y->panel[i] * ((double)y->x[i] - (double)y->from[i]);
    }
    return sum;
}

/* Both ends of an interval of the path and the difference there. */
struct span {
    double lo, hi, at_lo, at_hi;
    int depth;
};

static enum err integrate_all(struct why *y, double at_zero, double at_one,
                              struct errinfo *e)
{
    struct span stack[DEPTH + 2] = {{0, 1, at_zero, at_one, 0}};
    size_t n = 1;
    while (n > 0) {
        const struct span s = stack[--n];
        TRY(integrate(y, s.lo, s.hi, e));
        const double off = fabs(rise_of(y) - (s.at_hi - s.at_lo));
        /* Half of what is allowed may come from the intervals as wide as they are, the
         * other half from each as it is: a bend takes few of them. */
        const double allowed = 0.5 * y->allowed * (s.hi - s.lo) + y->allowed / 32;
        if (off > allowed && s.depth < DEPTH && y->out->points < POINTS_MAX) {
            const double mid = 0.5 * (s.lo + s.hi), value = value_at(y, mid);
            stack[n++] = (struct span){mid, s.hi, value, s.at_hi, s.depth + 1};
            stack[n++] = (struct span){s.lo, mid, s.at_lo, value, s.depth + 1};
            continue;
        }
        for (size_t i = 0; i < y->T * y->width; i++) {
            y->sum[i] += y->panel[i];
        }
    }
    return OK;
}

/* ---- contributions ---- */

static double length_of(size_t n, const float *x)
{
    return sqrt(vec_sumsq_f32(n, x));
}

/* Weighs the parts as they were added: at each position those of latents, then its
 * error. */
static void weigh_parts(struct why *y, const struct sae_codes *c)
{
    const struct sae *s = y->a->subject->sae;
    struct ask_why *w = y->out;
    size_t from = 0; /* the first of the position */
    for (size_t i = 0; i < w->n; i++) {
        struct ask_part *p = &w->part[i];
        const size_t t = p->pos;
        const double *g = y->sum + t * y->width;
        double sum = 0;
        if (p->latent < 0) {
            float *err = y->at;
            error_at(y, c, t, from, i, err);
            from = i + 1;
            p->act = (float)(length_of(y->width, err) /
                             length_of(y->width, y->x + t * y->width));
            for (size_t d = 0; d < y->width; d++) {
                sum += g[d] * (double)err[d];
            }
        } else {
            const float *row = s->W_dec + (size_t)p->latent * y->width;
            for (size_t d = 0; d < y->width; d++) {
                sum += g[d] * (double)row[d];
            }
            sum *= (double)p->act * raw_unit(c, t);
        }
        p->contribution = sum;
        w->sum += sum;
        w->latents += p->latent < 0 ? 0 : sum;
        w->error += p->latent < 0 ? sum : 0;
    }
}

static int by_size(const void *a, const void *b)
{
    const struct ask_part *x = a, *y = b;
    const double dx = fabs(x->contribution), dy = fabs(y->contribution);
    if (dx > dy || dx < dy) {
        return dx > dy ? -1 : 1;
    }
    if (x->pos != y->pos) {
        return x->pos > y->pos ? 1 : -1;
    }
    return (x->latent > y->latent) - (x->latent < y->latent);
}

/* Measures what the difference loses without each of the greatest parts. */
static enum err ablate(struct why *y, const struct sae_codes *c, struct errinfo *e)
{
    struct ask_why *w = y->out;
    double *lists = NULL;
    w->ablated = y->o->ablate < w->n ? y->o->ablate : w->n;
    TRY(mem_new(&lists, 2 * w->ablated, sizeof *lists, "contributions", e));
    enum err rc = OK;
    for (size_t i = 0; i < w->ablated && rc == OK; i++) {
        struct ask_part *p = &w->part[i];
        float *at = y->at + (size_t)p->pos * y->width;
        rc = ask_poll(y->a, e);
        memcpy(y->at, y->x, y->T * y->width * sizeof *y->at);
        if (p->latent < 0) {
            error_at(y, c, p->pos, 0, w->n, y->dx);
            vec_axpy_f32(y->width, -1.0f, y->dx, at);
        } else {
            add_vector(y, c, p, -1.0, at);
        }
        p->ablated = w->difference - lm_back_value(y->back, &y->aim, y->at);
        lists[i] = p->contribution;
        lists[w->ablated + i] = p->ablated;
    }
    if (rc == OK) {
        w->spearman = stats_spearman(w->ablated, lists, lists + w->ablated);
    }
    mem_free(lists);
    return rc;
}

/* ---- all of it ---- */

static enum err explain(struct why *y, struct errinfo *e)
{
    struct ask *a = y->a;
    struct ask_why *w = y->out;
    const struct sae_codes *c = &a->codes[1];
    TRY(ask_pass(a, a->fed, y->T, a->resid, &a->codes[1], e));
    const struct ask_question shown = {
        .n = y->T, .edit = y->q->edit, .n_edits = y->q->n_edits};
    if (ask_edit_x(a, &shown, c) > 0) {
        TRY(ask_edit_check(a->xe, y->T, y->width, 0, e));
    }
    memcpy(y->x, a->xe, y->T * y->width * sizeof *y->x);
    begin_path(y, c);
    for (size_t t = 0; t < y->T; t++) {
        if (!a->special[t]) {
            TRY(add_parts(y, c, t, e));
        }
    }
    TRY(choose_tokens(y, e));
    w->difference = value_at(y, 1);
    w->at_zero = value_at(y, 0);
    const double rise = w->difference - w->at_zero;
    const double share = y->o->tolerance > 0 ? y->o->tolerance : TOLERANCE;
    y->allowed = fmax(share * fabs(rise), LOGIT_NOISE);
    if (!isfinite(rise)) {
        return err_set(e, ERR_NUMERIC, "why: the model's logits are not numbers");
    }
    TRY(integrate_all(y, w->at_zero, w->difference, e));
    weigh_parts(y, c);
    w->remainder = rise - w->sum;
    w->complete = fabs(w->remainder) <= y->allowed;
    if (w->n > 0) {
        qsort(w->part, w->n, sizeof *w->part, by_size);
    }
    return ablate(y, c, e);
}

enum err ask_why(struct ask *a, const struct ask_question *q,
                 const struct ask_why_opts *o, struct ask_why **out, struct errinfo *e)
{
    struct ask_question read = *q;
    struct why y = {.a = a, .q = q, .o = o, .T = o->pos, .width = a->width};
    struct ask_why *w = NULL;
    enum err rc = OK;
    read.top = 1;
    TRY(ask_begin(a, &read, e));
    TRY(check_opts(a, q, o, e));
    TRY(mem_new(&w, 1, sizeof *w, "contributions", e));
    atomic_init(&w->refs, 1);
    w->pos = o->pos;
    w->spearman = (double)NAN;
    y.out = w;
    TRY_OUT(rc, init(&y, e));
    TRY_OUT(rc, explain(&y, e));
    *out = w;
    w = NULL;
out:
    ask_why_unref(w);
    deinit(&y);
    return rc;
}

/* ---- what may be said of it ---- */

enum ask_agreement ask_why_agreement(const struct ask_why *w)
{
    const struct stats_interval i = stats_spearman_interval(w->ablated, w->spearman);
    return isnan(i.low) ? ASK_UNKNOWN
           : i.low > 0  ? ASK_AGREES
           : i.high < 0 ? ASK_CONTRADICTS
                        : ASK_DOUBTED;
}

void ask_why_say(const struct ask_why *w, char *out, size_t cap)
{
    static const char *const verdicts[] = {
        [ASK_DOUBTED] = "unclear whether parts agree with silencing",
        [ASK_AGREES] = "agrees with silencing",
        [ASK_CONTRADICTS] = "contradicts silencing"};
    const struct stats_interval i = stats_spearman_interval(w->ablated, w->spearman);
    const enum ask_agreement said = ask_why_agreement(w);
    if (said == ASK_UNKNOWN) {
        snprintf(out, cap, "too few were silenced to see whether single parts agree");
        return;
    }
    snprintf(out, cap, "%s: rank correlation %s (95 %% %s to %s, %zu greatest)",
             verdicts[said], NUMBER(NUMBER_PLAIN, 0, 2, i.mean),
             NUMBER(NUMBER_PLAIN, 0, 2, i.low), NUMBER(NUMBER_PLAIN, 0, 2, i.high),
             w->ablated);
}
