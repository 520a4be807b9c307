#include "ask/ask_gen.h"

#include "acts/harvest.h"
#include "ask/ask_priv.h"
#include "base/mem.h"
#include "lm/generate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct ask_gen {
    struct ask_subject *subject;
    const atomic_bool *cancel;
    struct ask_gen_opts o;
    struct ask_edit *edit; /* [n_edits] */
    size_t n_edits;
    struct tok_ids ids; /* true tokens from the prompt's start, nothing forgotten */
    struct generator *text;
    struct lm_edit hook;
    struct ask_next *next; /* [top] */
    size_t written;
    bool ended;
    /* Of the last pass: */
    struct sae_codes codes;
    uint8_t *special; /* growing */
    size_t special_cap;
    struct ask_fires fires; /* of its last position, strongest first */
    enum err rc;
    struct errinfo e;
};

/* ---- at the hook ---- */

/* Where place i of the row is in the text. */
static size_t position_of(const struct ask_gen *g, size_t i)
{
    return i < generator_head(g->text) ? i : i + generator_dropped(g->text);
}

static enum err list_fires(struct ask_gen *g, size_t row, size_t pos, struct errinfo *e)
{
    struct ask_fires *f = &g->fires;
    f->n = 0;
    if (g->special[row]) {
        return OK;
    }
    TRY(ask_fires_at(f, g->subject->sae, &g->codes, &g->codes, row, g->edit, g->n_edits,
                     pos, e));
    if (f->n > 0) {
        qsort(f->at, f->n, sizeof *f->at, ask_by_act);
    }
    return OK;
}

static enum err look_and_change(struct ask_gen *g, size_t at, size_t n, float *x,
                                struct errinfo *e)
{
    const struct tok *tok = g->subject->lm->tok;
    const size_t head = generator_head(g->text);
    TRY(mem_grow(&g->special, &g->special_cap, n, 1, SIZE_MAX, e));
    for (size_t i = 0; i < n; i++) {
        const int32_t id = g->ids.p[position_of(g, at + i)];
        /* What a row begins with stands before what was forgotten. */
        g->special[i] = acts_is_special(tok, id) || (at + i < head && at < head);
    }
    TRY(sae_encode(g->subject->sae, x, n, NULL, &g->codes, e));
    TRY(list_fires(g, n - 1, position_of(g, at + n - 1), e));
    const size_t pos = at + generator_dropped(g->text);
    const size_t changed = ask_edit_apply(g->edit, g->n_edits, g->subject->sae,
                                          &g->codes, g->special, pos, n, x);
    return changed > 0 ? ask_edit_check(x, n, g->subject->sae->D, pos, e) : OK;
}

static void at_hook(void *ctx, size_t row, size_t at, size_t n, size_t width, float *x)
{
    struct ask_gen *g = ctx;
    (void)row;
    (void)width;
    if (g->rc == OK) {
        g->rc = look_and_change(g, at, n, x, &g->e);
    }
}

/* ---- memory ---- */

void ask_gen_free(struct ask_gen *g)
{
    if (!g) {
        return;
    }
    generator_free(g->text);
    tok_ids_free(&g->ids);
    sae_codes_deinit(&g->codes);
    mem_free(g->edit);
    mem_free(g->next);
    mem_free(g->special);
    ask_fires_deinit(&g->fires);
    ask_subject_unref(g->subject);
    mem_free(g);
}

static enum err check_opts(const struct ask_gen_opts *o, struct errinfo *e)
{
    if (o->max_tokens < 1 || o->max_tokens > 1000000) {
        return err_set(e, ERR_USAGE,
                       "tokens to write: found %zu, expected 1 to 1000000",
                       o->max_tokens);
    }
    if (!(o->temperature >= 0) || !(o->top_p >= 0 && o->top_p <= 1)) {
        return err_set(e, ERR_USAGE,
                       "temperature %g, share %g: expected at least 0, and 0 to 1",
                       o->temperature, o->top_p);
    }
    if (o->top < 1 || o->top > ASK_TOP_MAX || o->latents > ASK_TOP_MAX) {
        return err_set(e, ERR_USAGE, "kept of a token: found %zu, expected 1 to %d",
                       o->top, ASK_TOP_MAX);
    }
    return OK;
}

static enum err fill(struct ask_gen *g, const struct ask *a,
                     const struct ask_question *q, struct errinfo *e)
{
    const struct lm *m = g->subject->lm;
    /* One more than is written: the last token is run as well, for its latents. */
    const struct generate_config c = {.max_tokens = g->o.max_tokens + 1,
                                      .temperature = g->o.temperature,
                                      .top_k = g->o.top_k,
                                      .top_p = g->o.top_p,
                                      .seed = g->o.seed};
    struct tok_ids fed = {0};
    TRY(tok_ids_addn(&g->ids, q->ids, q->n, e));
    TRY(mem_new(&g->edit, q->n_edits, sizeof *g->edit, "edits", e));
    if (q->n_edits > 0) {
        memcpy(g->edit, q->edit, q->n_edits * sizeof *g->edit);
    }
    g->n_edits = q->n_edits;
    TRY(mem_new(&g->next, g->o.top, sizeof *g->next, "a text", e));
    g->hook = (struct lm_edit){.hook = g->subject->hook, .apply = at_hook, .ctx = g};
    TRY(tok_ids_addn(&fed, a->fed, q->n, e));
    const enum err rc = generator_new(m, &fed, &c, &g->hook, 1, &g->text, e);
    tok_ids_free(&fed);
    return rc;
}

enum err ask_gen_new(struct ask *a, const struct ask_question *q,
                     const struct ask_gen_opts *o, struct ask_gen **out,
                     struct errinfo *e)
{
    struct ask_gen *g = NULL;
    TRY(check_opts(o, e));
    TRY(ask_begin(a, q, e));
    TRY(mem_new(&g, 1, sizeof *g, "a text", e));
    g->subject = ask_subject_ref(a->subject);
    g->cancel = a->cancel;
    g->o = *o;
    const size_t V = a->subject->lm->cfg.vocab;
    g->o.top = o->top < V ? o->top : V;
    const enum err rc = fill(g, a, q, e);
    if (rc != OK) {
        ask_gen_free(g);
        return rc;
    }
    *out = g;
    return OK;
}

/* ---- steps ---- */

/* Runs all that has not been run; gives the logits after it. */
static enum err run(struct ask_gen *g, struct errinfo *e)
{
    bool done = false;
    while (!done) {
        if (g->cancel && atomic_load(g->cancel)) {
            return err_set(e, ERR_CANCELLED, "text: cancelled");
        }
        done = generator_run(g->text);
        if (g->rc != OK) {
            return err_set(e, g->rc, "%s", g->e.msg);
        }
    }
    return OK;
}

static enum err write_token(struct ask_gen *g, struct ask_step *s, struct errinfo *e)
{
    const struct lm *m = g->subject->lm;
    const float *logits = generator_logits(g->text);
    double lse = 0;
    TRY(run(g, e));
    TRY(ask_lse(m, logits, &lse, e));
    TRY(generator_draw(g->text, &s->id, e));
    ask_likeliest(logits, m->cfg.vocab, lse, g->o.top, g->next);
    s->n_next = g->o.top;
    s->next = g->next;
    s->pos = g->ids.n;
    s->logp = (float)((double)logits[s->id] - lse);
    if (s->id == tok_eos(m->tok)) {
        g->ended = true;
        return OK;
    }
    TRY(tok_ids_add(&g->ids, s->id, e));
    TRY(generator_add(g->text, s->id, e));
    g->written++;
    g->ended = g->written == g->o.max_tokens;
    TRY(run(g, e));
    s->n_fires = g->fires.n < g->o.latents ? g->fires.n : g->o.latents;
    s->fire = g->fires.at;
    return OK;
}

enum err ask_gen_next(struct ask_gen *g, struct ask_step *out, struct errinfo *e)
{
    struct ask_step s = {.id = -1, .pos = g->ids.n, .logp = NAN};
    if (!g->ended) {
        TRY(write_token(g, &s, e));
    }
    s.ended = g->ended;
    *out = s;
    return OK;
}
