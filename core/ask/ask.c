/* The subject, the tokens, the workspaces, and the passes of the model. */
#include "acts/harvest.h"
#include "ask/ask_heldout.h"
#include "ask/ask_priv.h"
#include "base/mem.h"
#include "lm/generate.h"
#include "num/vec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- the subject ---- */

enum err ask_subject_new(const struct ask_parts *p, struct ask_subject **out,
                         struct errinfo *e)
{
    struct ask_subject *s = NULL;
    const size_t width = lm_hook_width(&p->lm->cfg, p->hook);
    enum err rc = OK;
    if (p->sae->D != width) {
        rc = err_set(e, ERR_FORMAT,
                     "the SAE reads %zu dimensions, the model has %zu at its hook",
                     p->sae->D, width);
    } else {
        rc = mem_new(&s, 1, sizeof *s, "a model and its SAE", e);
    }
    if (rc != OK) {
        sae_free(p->sae);
        return rc;
    }
    const size_t n_ctx = p->lm->cfg.n_ctx;
    *s = (struct ask_subject){.lm = p->lm,
                              .sae = p->sae,
                              .hook = p->hook,
                              .mask_token = p->mask_token,
                              .context = n_ctx < ASK_ROW_MAX ? n_ctx : ASK_ROW_MAX};
    s->table = p->table ? latent_table_ref(p->table) : NULL;
    s->chat = p->chat;
    (void)snprintf(s->chat_why, sizeof s->chat_why, "%s",
                   p->chat_why ? p->chat_why : "the model has no chat template");
    s->text = p->text ? ask_rows_ref(p->text) : NULL;
    atomic_init(&s->refs, 1);
    *out = s;
    return OK;
}

enum err ask_subject_described(struct ask_subject *s, struct latent_table *table,
                               struct ask_subject **out, struct errinfo *e)
{
    struct ask_subject *d = NULL;
    TRY(mem_new(&d, 1, sizeof *d, "a model and its SAE", e));
    *d = (struct ask_subject){.lm = s->lm,
                              .sae = s->sae,
                              .of = ask_subject_ref(s->of ? s->of : s),
                              .hook = s->hook,
                              .mask_token = s->mask_token,
                              .table = latent_table_ref(table),
                              .chat = s->chat,
                              .text = s->text ? ask_rows_ref(s->text) : NULL,
                              .context = s->context};
    memcpy(d->chat_why, s->chat_why, sizeof d->chat_why);
    atomic_init(&d->refs, 1);
    *out = d;
    return OK;
}

struct ask_subject *ask_subject_ref(struct ask_subject *s)
{
    atomic_fetch_add(&s->refs, 1);
    return s;
}

void ask_subject_unref(struct ask_subject *s)
{
    if (s && atomic_fetch_sub(&s->refs, 1) == 1) {
        latent_table_unref(s->table);
        ask_rows_unref(s->text);
        if (s->of) {
            ask_subject_unref(s->of); /* never one that is of another */
        } else {
            sae_free(s->sae);
        }
        mem_free(s);
    }
}

static const struct latent_row *row_of(const struct ask_subject *s, int32_t latent)
{
    const bool known = s->table && latent >= 0 && (size_t)latent < s->table->F;
    return known ? &s->table->row[latent] : NULL;
}

double ask_density(const struct ask_subject *s, int32_t latent)
{
    const struct latent_row *r = row_of(s, latent);
    return r ? r->density : (double)NAN;
}

double ask_max_seen(const struct ask_subject *s, int32_t latent)
{
    const struct latent_row *r = row_of(s, latent);
    return r ? (double)r->max : (double)NAN;
}

/* ---- tokens ---- */

enum err ask_read(const struct ask_subject *s, const char *text, size_t len,
                  struct ask_row *out, struct errinfo *e)
{
    struct ask_row r = {0};
    enum err rc = OK;
    TRY_OUT(rc, lm_begin_row(s->lm, &r.ids, e));
    r.first = r.ids.n;
    TRY_OUT(rc, tok_encode(s->lm->tok, text, len, &r.ids, e));
    if (r.ids.n == 0) {
        rc = err_set(e, ERR_USAGE,
                     "prompt: found nothing, expected text (the tokenizer has no token "
                     "to begin with)");
        goto out;
    }
    if (r.ids.n > s->context) {
        r.cut = r.ids.n - s->context;
        r.ids.n = s->context;
    }
    *out = r;
    return OK;
out:
    ask_row_deinit(&r);
    return rc;
}

/* Cuts tokens from the text's end until the rest fits. */
static enum err fit(struct ask_row *r, size_t end, size_t context, struct errinfo *e)
{
    const size_t over = r->ids.n > context ? r->ids.n - context : 0;
    if (over > end - r->first) {
        return err_set(e, ERR_USAGE,
                       "the chat template alone has %zu tokens, the model reads %zu",
                       r->ids.n - (end - r->first), context);
    }
    memmove(r->ids.p + end - over, r->ids.p + end, (r->ids.n - end) * sizeof *r->ids.p);
    r->tail = r->ids.n - end;
    r->ids.n -= over;
    r->cut = over;
    return OK;
}

enum err ask_read_chat(const struct ask_subject *s, const struct chat_family *chat,
                       const char *text, size_t len, struct ask_row *out,
                       struct errinfo *e)
{
    struct ask_row r = {0};
    size_t end = 0;
    enum err rc =
        chat_encode(chat, s->lm->tok, text, len, time(NULL), &r.ids, &r.first, &end, e);
    rc = rc == OK ? fit(&r, end, s->context, e) : rc;
    if (rc != OK) {
        ask_row_deinit(&r);
        return rc;
    }
    *out = r;
    return OK;
}

void ask_row_deinit(struct ask_row *r)
{
    tok_ids_free(&r->ids);
    *r = (struct ask_row){0};
}

/* ---- workspaces ---- */

static void drop_room(struct ask *a)
{
    lm_ws_free(a->ws);
    mem_free(a->fed);
    mem_free(a->special);
    mem_free(a->x);
    mem_free(a->xe);
    mem_free(a->resid);
    mem_free(a->resid_e);
    a->ws = NULL;
    a->fed = NULL;
    a->special = NULL;
    a->x = a->xe = a->resid = a->resid_e = NULL;
    a->T = 0;
}

enum err ask_new(struct ask_subject *s, const atomic_bool *cancel, struct ask **out,
                 struct errinfo *e)
{
    const size_t V = s->lm->cfg.vocab;
    struct ask *a = NULL;
    enum err rc = OK;
    TRY(mem_new(&a, 1, sizeof *a, "a question", e));
    a->subject = ask_subject_ref(s);
    a->cancel = cancel;
    a->width = s->sae->D;
    for (size_t i = 0; i < 2; i++) {
        TRY_OUT(rc,
                mem_new(&a->logits[i], ASK_HEAD_ROWS, V * sizeof(float), "logits", e));
    }
    TRY_OUT(rc, mem_new(&a->prob, V, sizeof *a->prob, "probabilities", e));
    *out = a;
    return OK;
out:
    ask_free(a);
    return rc;
}

void ask_free(struct ask *a)
{
    if (!a) {
        return;
    }
    drop_room(a);
    sae_codes_deinit(&a->codes[0]);
    sae_codes_deinit(&a->codes[1]);
    mem_free(a->logits[0]);
    mem_free(a->logits[1]);
    mem_free(a->prob);
    ask_subject_unref(a->subject);
    mem_free(a);
}

bool ask_turn_to(struct ask *a, struct ask_subject *s)
{
    if (a->subject->lm != s->lm || a->width != s->sae->D) {
        return false;
    }
    struct ask_subject *old = a->subject;
    a->subject = ask_subject_ref(s);
    ask_subject_unref(old);
    return true;
}

const struct ask_subject *ask_of(const struct ask *a)
{
    return a->subject;
}

enum err ask_room(struct ask *a, size_t T, struct errinfo *e)
{
    static const char what[] = "a prompt";
    const struct lm *m = a->subject->lm;
    const size_t D = m->cfg.d_model, most = a->subject->context;
    enum err rc = OK;
    if (T <= a->T) {
        return OK;
    }
    T = (T + 63) / 64 * 64;
    T = T < most ? T : most;
    drop_room(a);
    TRY_OUT(rc, lm_ws_new(m, LM_WHOLE, T, &a->ws, e));
    TRY_OUT(rc, mem_new(&a->fed, T, sizeof *a->fed, what, e));
    TRY_OUT(rc, mem_new(&a->special, T, sizeof *a->special, what, e));
    TRY_OUT(rc, mem_new(&a->x, T, a->width * sizeof(float), what, e));
    TRY_OUT(rc, mem_new(&a->xe, T, a->width * sizeof(float), what, e));
    TRY_OUT(rc, mem_new(&a->resid, T, D * sizeof(float), what, e));
    TRY_OUT(rc, mem_new(&a->resid_e, T, D * sizeof(float), what, e));
    a->T = T;
    return OK;
out:
    drop_room(a);
    return rc;
}

enum err ask_poll(const struct ask *a, struct errinfo *e)
{
    if (a->cancel && atomic_load(a->cancel)) {
        return err_set(e, ERR_CANCELLED, "prompt: cancelled");
    }
    return OK;
}

/* ---- the question ---- */

static enum err check_edits(const struct ask *a, const struct ask_question *q,
                            struct errinfo *e)
{
    const size_t F = a->subject->sae->F;
    for (size_t i = 0; i < q->n_edits; i++) {
        const struct ask_edit *d = &q->edit[i];
        if (d->latent < 0 || (size_t)d->latent >= F) {
            return err_set(e, ERR_USAGE, "latent: found %d, expected 0 to %zu",
                           (int)d->latent, F - 1);
        }
        if (d->where == ASK_AT && d->pos < q->n && a->special[d->pos]) {
            return err_set(e, ERR_USAGE,
                           "position %zu holds a special token: the SAE does not read "
                           "it, no latent can be changed there",
                           d->pos);
        }
        if (!isfinite(d->value)) {
            return err_set(e, ERR_USAGE, "strength of latent %d: found %g",
                           (int)d->latent, d->value);
        }
    }
    return OK;
}

enum err ask_begin(struct ask *a, const struct ask_question *q, struct errinfo *e)
{
    const struct ask_subject *s = a->subject;
    if (q->n < 1 || q->n > s->context) {
        return err_set(e, ERR_USAGE, "prompt: found %zu tokens, expected 1 to %zu",
                       q->n, s->context);
    }
    if (q->top < 1 || q->top > ASK_TOP_MAX) {
        return err_set(e, ERR_USAGE, "tokens kept: found %zu, expected 1 to %d", q->top,
                       ASK_TOP_MAX);
    }
    TRY(ask_room(a, q->n, e));
    a->masks = false;
    for (size_t t = 0; t < q->n; t++) {
        const bool masked = q->masked && q->masked[t];
        if (q->ids[t] < 0 || (size_t)q->ids[t] >= s->lm->cfg.vocab) {
            return err_set(e, ERR_USAGE, "token %zu: found id %d, expected 0 to %zu", t,
                           (int)q->ids[t], s->lm->cfg.vocab - 1);
        }
        if (masked && s->mask_token < 0) {
            return err_set(e, ERR_USAGE, "mask: this tokenizer has no mask token");
        }
        a->masks = a->masks || masked;
        a->fed[t] = masked ? s->mask_token : q->ids[t];
        a->special[t] = acts_is_special(s->lm->tok, q->ids[t]);
        if (masked && a->special[t]) {
            return err_set(e, ERR_USAGE,
                           "mask: position %zu holds a special token, which is never "
                           "masked",
                           t);
        }
    }
    return check_edits(a, q, e);
}

/* ---- passes ---- */

static void look(void *ctx, size_t row, size_t at, size_t n, size_t width, float *x)
{
    (void)row;
    (void)at;
    memcpy(ctx, x, n * width * sizeof *x);
}

static void put(void *ctx, size_t row, size_t at, size_t n, size_t width, float *x)
{
    (void)row;
    (void)at;
    memcpy(x, ctx, n * width * sizeof *x);
}

enum err ask_pass(struct ask *a, const int32_t *ids, size_t n, float *resid,
                  struct sae_codes *codes, struct errinfo *e)
{
    const struct lm *m = a->subject->lm;
    const struct lm_hook hook = a->subject->hook;
    const struct lm_edit tap = {.hook = hook, .apply = look, .ctx = a->x};
    const bool apart = !lm_hook_is_neutral(hook); /* there the model runs by itself */
    const struct lm_pass p = {
        .ids = ids, .B = 1, .T = n, .edit = &tap, .edits = apart ? 0 : 1};
    TRY(ask_poll(a, e));
    lm_run(m, a->ws, &p, resid);
    if (apart) {
        TRY(ask_poll(a, e));
        lm_forward_to(m, a->ws, ids, 1, n, hook, a->x);
    }
    TRY(ask_poll(a, e));
    for (size_t i = 0; i < n * a->width; i++) {
        if (!isfinite(a->x[i])) {
            return err_set(e, ERR_NUMERIC, "%s: the model's activations are not finite",
                           m->dir ? m->dir : "model");
        }
    }
    return sae_encode(a->subject->sae, a->x, n, NULL, codes, e);
}

size_t ask_edit_x(struct ask *a, const struct ask_question *q,
                  const struct sae_codes *codes)
{
    memcpy(a->xe, a->x, q->n * a->width * sizeof *a->x);
    return ask_edit_apply(q->edit, q->n_edits, a->subject->sae, codes, a->special, 0,
                          q->n, a->xe);
}

void ask_pass_with(struct ask *a, const float *x, size_t n, float *resid)
{
    /* It is only read; an edit's context is not const since others are written. */
    const struct lm_edit edit = {
        .hook = a->subject->hook, .apply = put, .ctx = (void *)(uintptr_t)x};
    const struct lm_pass p = {.ids = a->fed, .B = 1, .T = n, .edit = &edit, .edits = 1};
    lm_run(a->subject->lm, a->ws, &p, resid);
}

/* ---- distributions ---- */

enum err ask_lse(const struct lm *m, const float *logits, double *lse,
                 struct errinfo *e)
{
    *lse = vec_lse_f32(m->cfg.vocab, logits);
    if (!isfinite(*lse)) {
        return err_set(e, ERR_NUMERIC, "%s: the model's logits are not numbers",
                       m->dir ? m->dir : "model");
    }
    return OK;
}

void ask_likeliest(const float *logits, size_t V, double lse, size_t k,
                   struct ask_next *out)
{
    size_t n = 0;
    for (size_t v = 0; v < V; v++) {
        if (n == k && !(logits[v] > out[n - 1].logp)) {
            continue;
        }
        size_t at = n < k ? n : k - 1;
        while (at > 0 && logits[v] > out[at - 1].logp) {
            out[at] = out[at - 1];
            at--;
        }
        out[at] = (struct ask_next){(int32_t)v, logits[v], NAN};
        n += n < k;
    }
    for (size_t i = 0; i < n; i++) {
        out[i].logp = (float)((double)out[i].logp - lse);
    }
}
