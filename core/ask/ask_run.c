/* The answer to a question. */
#include "ask/ask_priv.h"
#include "base/mem.h"
#include "num/vec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

struct ask_answer *ask_answer_ref(struct ask_answer *r)
{
    atomic_fetch_add(&r->refs, 1);
    return r;
}

void ask_answer_unref(struct ask_answer *r)
{
    if (!r || atomic_fetch_sub(&r->refs, 1) != 1) {
        return;
    }
    mem_free(r->token);
    mem_free(r->start);
    mem_free(r->fire);
    mem_free(r->peak);
    mem_free(r->next);
    mem_free(r->next_after);
    mem_free(r->acted);
    mem_free(r);
}

/* Makes all but fires and peaks, whose number is not known yet. */
static enum err answer_new(const struct ask *a, const struct ask_question *q,
                           struct ask_answer **out, struct errinfo *e)
{
    static const char what[] = "an answer";
    const size_t V = a->subject->lm->cfg.vocab;
    struct ask_answer *r = NULL;
    enum err rc = OK;
    TRY(mem_new(&r, 1, sizeof *r, what, e));
    atomic_init(&r->refs, 1);
    r->T = q->n;
    r->top = q->top < V ? q->top : V;
    r->n_edits = q->n_edits;
    const size_t each = r->top * sizeof(struct ask_next);
    TRY_OUT(rc, mem_new(&r->token, r->T, sizeof *r->token, what, e));
    TRY_OUT(rc, mem_new(&r->start, r->T + 1, sizeof *r->start, what, e));
    TRY_OUT(rc, mem_new(&r->next, r->T, each, what, e));
    if (a->masks || q->n_edits > 0) {
        TRY_OUT(rc, mem_new(&r->next_after, r->T, each, what, e));
    }
    if (q->n_edits > 0) {
        TRY_OUT(rc, mem_new(&r->acted, q->n_edits, sizeof *r->acted, what, e));
    }
    *out = r;
    return OK;
out:
    ask_answer_unref(r);
    return rc;
}

/* ---- latents ---- */

int ask_by_act(const void *a, const void *b)
{
    const struct ask_fire *x = a, *y = b;
    if (x->act > y->act || x->act < y->act) {
        return x->act > y->act ? -1 : 1;
    }
    if (x->after > y->after || x->after < y->after) {
        return x->after > y->after ? -1 : 1;
    }
    return (x->latent > y->latent) - (x->latent < y->latent);
}

static bool is_listed(const struct ask_subject *s, const struct ask_question *q,
                      int32_t latent)
{
    return !(q->densest > 0 && ask_density(s, latent) > q->densest);
}

/* What is listed: codes as the prompt stands, and with masks. */
struct listing {
    const struct ask *a;
    const struct ask_question *q;
    const struct sae_codes *plain, *masked;
    struct ask_answer *r;
    struct ask_fires here; /* of one position */
    struct ask_fire *fire; /* growing */
    size_t n, cap;
};

static enum err add_fire(struct listing *l, size_t t, const struct ask_fire *f,
                         struct errinfo *e)
{
    l->r->token[t].active += f->act > 0;
    l->r->token[t].active_after += f->after > 0;
    if (!is_listed(l->a->subject, l->q, f->latent)) {
        l->r->left_out++;
        return OK;
    }
    TRY(mem_grow(&l->fire, &l->cap, l->n + 1, sizeof *l->fire, SIZE_MAX, e));
    l->fire[l->n++] = *f;
    return OK;
}

static enum err fires_of(struct listing *l, size_t t, struct errinfo *e)
{
    const size_t from = l->n;
    TRY(ask_fires_at(&l->here, l->a->subject->sae, l->plain, l->masked, t, l->q->edit,
                     l->q->n_edits, t, e));
    for (size_t i = 0; i < l->here.n; i++) {
        TRY(add_fire(l, t, &l->here.at[i], e));
    }
    if (l->n > from) {
        qsort(l->fire + from, l->n - from, sizeof *l->fire, ask_by_act);
    }
    return OK;
}

static int by_peak(const void *a, const void *b)
{
    const struct ask_peak *x = a, *y = b;
    const struct ask_fire f = {x->latent, x->act, x->after},
                          g = {y->latent, y->act, y->after};
    return ask_by_act(&f, &g);
}

static int by_latent(const void *a, const void *b)
{
    const struct ask_peak *x = a, *y = b;
    if (x->latent != y->latent) {
        return x->latent > y->latent ? 1 : -1;
    }
    return (x->at > y->at) - (x->at < y->at);
}

/* Adds the same latent from further on in the prompt. */
static void add_to_peak(struct ask_peak *last, const struct ask_peak *p)
{
    last->fires += p->fires;
    last->fires_after += p->fires_after;
    if (p->act > last->act) {
        last->act = p->act;
        last->at = p->at;
    }
    if (p->after > last->after) {
        last->after = p->after;
        last->at_after = p->at;
    }
}

/* Finds the latents of the whole prompt: sorts all firings by latent and merges
 * them. */
static enum err find_peaks(struct ask_answer *r, struct errinfo *e)
{
    const size_t all = r->start[r->T];
    size_t found = 0;
    TRY(mem_new(&r->peak, all, sizeof *r->peak, "an answer", e));
    for (size_t t = 0; t < r->T; t++) {
        for (size_t i = r->start[t]; i < r->start[t + 1]; i++) {
            const struct ask_fire *f = &r->fire[i];
            r->peak[i] = (struct ask_peak){.latent = f->latent,
                                           .at = (uint32_t)t,
                                           .at_after = (uint32_t)t,
                                           .fires = f->act > 0,
                                           .fires_after = f->after > 0,
                                           .act = f->act,
                                           .after = f->after};
        }
    }
    if (all > 0) {
        qsort(r->peak, all, sizeof *r->peak, by_latent);
    }
    for (size_t i = 0; i < all; i++) {
        const struct ask_peak p = r->peak[i];
        if (found > 0 && r->peak[found - 1].latent == p.latent) {
            add_to_peak(&r->peak[found - 1], &p);
        } else {
            r->peak[found++] = p;
        }
    }
    r->n_peaks = found;
    if (found > 0) {
        qsort(r->peak, found, sizeof *r->peak, by_peak);
    }
    return OK;
}

/* Measures |x - xhat| / |x|; a->xe is free for xhat. */
static void measure_error(struct ask *a, struct ask_answer *r)
{
    const size_t D = a->width;
    sae_decode(a->subject->sae, &a->codes[0], a->xe);
    for (size_t t = 0; t < r->T; t++) {
        double error = 0, size = 0;
        for (size_t d = 0; d < D; d++) {
            const double x = (double)a->x[t * D + d],
                         off = x - (double)a->xe[t * D + d];
            error += off * off;
            size += x * x;
        }
        r->token[t].error =
            a->special[t] || !(size > 0) ? NAN : (float)sqrt(error / size);
    }
}

static enum err list_latents(struct ask *a, const struct ask_question *q,
                             struct ask_answer *r, struct errinfo *e)
{
    struct listing l = {.a = a,
                        .q = q,
                        .plain = &a->codes[0],
                        .masked = &a->codes[a->masks ? 1 : 0],
                        .r = r};
    enum err rc = OK;
    for (size_t t = 0; t < r->T && rc == OK; t++) {
        r->start[t] = l.n;
        rc = a->special[t] ? OK : fires_of(&l, t, e);
    }
    r->start[r->T] = l.n;
    r->fire = l.fire;
    ask_fires_deinit(&l.here);
    return rc == OK ? find_peaks(r, e) : rc;
}

static void list_effects(const struct ask *a, const struct ask_question *q,
                         struct ask_answer *r)
{
    const struct sae_codes *codes = &a->codes[a->masks ? 1 : 0];
    for (size_t i = 0; i < q->n_edits; i++) {
        const int32_t j = q->edit[i].latent;
        const double seen = ask_max_seen(a->subject, j);
        struct ask_acted *f = &r->acted[i];
        for (size_t t = 0; t < q->n; t++) {
            if (a->special[t] || !ask_edit_acts(&q->edit[i], t)) {
                continue;
            }
            const double v = ask_edit_value(q->edit, q->n_edits, j, t,
                                            ask_act(codes, a->subject->sae, t, j));
            f->least = !f->positions || v < (double)f->least ? (float)v : f->least;
            f->most = !f->positions || v > (double)f->most ? (float)v : f->most;
            f->below += v < 0 ? 1U : 0U;
            f->above += v > seen ? 1U : 0U;
            f->positions++;
        }
    }
}

/* ---- what comes next ---- */

/* Two distributions at a position: as the prompt stands, and after. */
struct pair {
    const float *logits[2]; /* [V]; the second NULL: nothing is done */
    double lse[2];
};

static int32_t rank_of(const float *logits, size_t V, int32_t id)
{
    int32_t rank = 1;
    for (size_t v = 0; v < V; v++) {
        rank += logits[v] > logits[id];
    }
    return rank;
}

/* Writes e to the power of logits minus lse to a->prob. */
static void fill_prob(struct ask *a, const struct pair *p, size_t k)
{
    const size_t V = a->subject->lm->cfg.vocab;
    for (size_t v = 0; v < V; v++) {
        a->prob[v] = (float)((double)p->logits[k][v] - p->lse[k]);
    }
    vec_exp_f32(V, a->prob, a->prob);
}

static bool is_moved(const struct pair *p)
{
    return p->logits[1] && p->logits[1] != p->logits[0];
}

/* On entry a->prob is of the first distribution; afterwards of the second, if they
 * differ. */
static void add_shift(struct ask *a, const struct pair *p)
{
    double *const sum[2] = {a->sum->before, a->sum->after};
    for (size_t k = 0; k < 2; k++) {
        if (k == 1 && is_moved(p)) {
            fill_prob(a, p, 1);
        }
        for (size_t v = 0; v < a->subject->lm->cfg.vocab; v++) {
            sum[k][v] += (double)a->prob[v];
        }
    }
}

/* KL(first || second) in nats; a->prob is of the first. */
static double kl_of(const struct ask *a, const struct pair *p)
{
    const size_t V = a->subject->lm->cfg.vocab;
    double sum = 0;
    for (size_t v = 0; v < V; v++) {
        const double by = ((double)p->logits[0][v] - p->lse[0]) -
                          ((double)p->logits[1][v] - p->lse[1]);
        sum += a->prob[v] > 0 ? (double)a->prob[v] * by : 0;
    }
    return sum > 0 ? sum : 0;
}

static void fill_next(const struct ask *a, const struct pair *p, size_t top, size_t k,
                      struct ask_next *out)
{
    ask_likeliest(p->logits[k], a->subject->lm->cfg.vocab, p->lse[k], top, out);
    for (size_t i = 0; i < top && p->logits[1 - k]; i++) {
        out[i].other = (float)((double)p->logits[1 - k][out[i].id] - p->lse[1 - k]);
    }
}

static void fill_position(struct ask *a, struct ask_answer *r, size_t t,
                          const struct pair *p)
{
    const size_t V = a->subject->lm->cfg.vocab, k = r->next_after ? 1 : 0;
    fill_next(a, p, r->top, 0, r->next + t * r->top);
    if (a->sum || is_moved(p)) {
        fill_prob(a, p, 0);
    }
    if (r->next_after) {
        fill_next(a, p, r->top, 1, r->next_after + t * r->top);
        r->token[t].kl = is_moved(p) ? (float)kl_of(a, p) : 0.0f;
    }
    if (a->sum && t + 1 < r->T) {
        add_shift(a, p);
    }
    if (t + 1 < r->T) {
        struct ask_token *next = &r->token[t + 1];
        next->rank = rank_of(p->logits[0], V, next->id);
        next->logp = (float)((double)p->logits[0][next->id] - p->lse[0]);
        next->rank_after = k ? rank_of(p->logits[1], V, next->id) : next->rank;
        next->logp_after = (float)((double)p->logits[k][next->id] - p->lse[k]);
    }
}

/* Fills in positions t .. t + n - 1 from their logits; where the residual stream has
 * the same bits, so do the logits. */
static enum err fill_piece(struct ask *a, struct ask_answer *r, bool edited, size_t t,
                           size_t n, struct errinfo *e)
{
    const struct lm *m = a->subject->lm;
    const size_t D = m->cfg.d_model, V = m->cfg.vocab;
    const bool apart =
        edited && memcmp(a->resid + t * D, a->resid_e + t * D, n * D * sizeof(float));
    TRY(ask_poll(a, e));
    lm_logits_rows(m, a->ws, a->resid + t * D, n, a->logits[0]);
    if (apart) {
        lm_logits_rows(m, a->ws, a->resid_e + t * D, n, a->logits[1]);
    }
    for (size_t i = 0; i < n; i++) {
        struct pair p = {{a->logits[0] + i * V, NULL}, {0, 0}};
        const bool differs =
            apart &&
            memcmp(a->resid + (t + i) * D, a->resid_e + (t + i) * D, D * sizeof(float));
        TRY(ask_lse(m, p.logits[0], &p.lse[0], e));
        p.lse[1] = p.lse[0];
        if (r->next_after) {
            p.logits[1] = differs ? a->logits[1] + i * V : p.logits[0];
        }
        if (differs) {
            TRY(ask_lse(m, p.logits[1], &p.lse[1], e));
        }
        fill_position(a, r, t + i, &p);
    }
    return OK;
}

/* ---- all of it ---- */

/* The first position where anything is done: masked, or changed at the hook by a number
 * other than 0. */
static size_t first_changed(const struct ask *a, const struct ask_question *q,
                            bool edited)
{
    const size_t row = a->width;
    size_t t = 0;
    while (t < q->n && a->fed[t] == q->ids[t] &&
           !(edited && memcmp(a->x + t * row, a->xe + t * row, row * sizeof(float)))) {
        t++;
    }
    return t;
}

/* Computes a->resid_e, the prompt after what is done to it, and whether it may differ.
 * What comes before that can't: there the bits are those of the model by itself, even
 * where looking at a hook changes the last ones. */
static enum err run_after(struct ask *a, const struct ask_question *q, bool *apart,
                          struct errinfo *e)
{
    struct sae_codes *codes = &a->codes[a->masks ? 1 : 0];
    if (a->masks) {
        TRY(ask_pass(a, a->fed, q->n, a->resid_e, codes, e));
    }
    const size_t changed = q->n_edits > 0 ? ask_edit_x(a, q, codes) : 0;
    if (changed > 0) {
        TRY(ask_edit_check(a->xe, q->n, a->width, 0, e));
        TRY(ask_poll(a, e));
        ask_pass_with(a, a->xe, q->n, a->resid_e);
    }
    *apart = a->masks || changed > 0;
    if (*apart) {
        memcpy(a->resid_e, a->resid,
               first_changed(a, q, changed > 0) * a->subject->lm->cfg.d_model *
                   sizeof *a->resid);
    }
    return OK;
}

static enum err answer(struct ask *a, const struct ask_question *q,
                       struct ask_answer *r, struct errinfo *e)
{
    bool apart = false;
    for (size_t t = 0; t < r->T; t++) {
        r->token[t] = (struct ask_token){.id = q->ids[t],
                                         .fed = a->fed[t],
                                         .masked = q->masked && q->masked[t],
                                         .special = a->special[t],
                                         .logp = NAN,
                                         .logp_after = NAN};
    }
    TRY(ask_pass(a, q->ids, r->T, a->resid, &a->codes[0], e));
    measure_error(a, r);
    TRY(run_after(a, q, &apart, e));
    TRY(list_latents(a, q, r, e));
    list_effects(a, q, r);
    for (size_t t = 0; t < r->T; t += ASK_HEAD_ROWS) {
        const size_t n = r->T - t < ASK_HEAD_ROWS ? r->T - t : ASK_HEAD_ROWS;
        TRY(fill_piece(a, r, apart, t, n, e));
    }
    return OK;
}

enum err ask_run(struct ask *a, const struct ask_question *q, struct ask_answer **out,
                 struct errinfo *e)
{
    struct ask_answer *r = NULL;
    TRY(ask_begin(a, q, e));
    TRY(answer_new(a, q, &r, e));
    const enum err rc = answer(a, q, r, e);
    if (rc != OK) {
        ask_answer_unref(r);
        return rc;
    }
    *out = r;
    return OK;
}

enum err ask_run_summing(struct ask *a, const struct ask_question *q,
                         struct ask_shifts *sum, struct ask_answer **out,
                         struct errinfo *e)
{
    const size_t V = a->subject->lm->cfg.vocab;
    memset(sum->before, 0, V * sizeof *sum->before);
    memset(sum->after, 0, V * sizeof *sum->after);
    a->sum = sum;
    const enum err rc = ask_run(a, q, out, e);
    a->sum = NULL;
    return rc;
}

struct ask_fire ask_fire_at(const struct ask_answer *r, size_t pos, int32_t latent)
{
    for (size_t i = r->start[pos]; i < r->start[pos + 1]; i++) {
        if (r->fire[i].latent == latent) {
            return r->fire[i];
        }
    }
    return (struct ask_fire){.latent = latent};
}
