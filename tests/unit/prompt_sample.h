/* Prompt as it stands after questions were answered, every number by formula: no model
 * is behind it, so that no arithmetic of one decides a picture. */
#ifndef SAETOP_TESTS_UNIT_PROMPT_SAMPLE_H
#define SAETOP_TESTS_UNIT_PROMPT_SAMPLE_H

#include "check.h"
#include "ui/screens/prompt_priv.h"
#include "ui_sample.h"

/* Lily went to the park and saw a big ... */
static const int32_t prompt_sample_ids[] = {0, 36, 17, 22, 19, 44, 21, 51, 20, 38, 4};
enum {
    PROMPT_SAMPLE_N = sizeof prompt_sample_ids / sizeof prompt_sample_ids[0],
    PROMPT_SAMPLE_K = 8, /* latents that fire on a token */
    PROMPT_SAMPLE_SILENCED = 42
};

/* A latent that fires on a token: one is the same on all of them. */
static int32_t prompt_sample_latent(int32_t id, size_t i)
{
    return i == 2 ? PROMPT_SAMPLE_SILENCED
                  : (int32_t)((id * 37 + (int32_t)i * 61) % 500);
}

static void prompt_sample_token(const struct ask_subject *subject, struct ask_answer *r,
                                size_t t, int32_t id, bool edited)
{
    r->token[t] = (struct ask_token){.id = id,
                                     .fed = id,
                                     .special = t == 0,
                                     .rank = t ? (int32_t)(t * 3 % 7) + 1 : 0,
                                     .rank_after = t ? (int32_t)(t * 3 % 7) + 2 : 0,
                                     .logp = t ? -.4F * (float)t : NAN,
                                     .logp_after = t ? -.45F * (float)t : NAN,
                                     .kl = edited ? .02F * (float)t : 0,
                                     .error = t ? .25F : NAN,
                                     .active = t ? PROMPT_SAMPLE_K : 0};
    for (size_t i = 0; t > 0 && i < PROMPT_SAMPLE_K; i++) {
        struct ask_fire *f = &r->fire[r->start[t] + i];
        f->latent = prompt_sample_latent(id, i);
        const double seen = ask_max_seen(subject, f->latent);
        f->act = (seen > 0 ? (float)seen : 1) * (.95F - .1F * (float)i);
        f->after = !edited ? f->act : i == 2 ? 0 : i == 3 ? f->act * 1.5F : f->act;
    }
    for (size_t i = 0; i < PROMPT_TOP; i++) {
        const double share = .35 * pow(.75, (double)i);
        const struct ask_next n = {.id = (id * 5 + (int32_t)i * 7 + 4) % SAMPLE_VOCAB,
                                   .logp = (float)log(share),
                                   .other = (float)log(share * (i % 3 ? .6 : 1.3))};
        r->next[t * PROMPT_TOP + i] = n;
        if (edited) {
            r->next_after[t * PROMPT_TOP + i] = n;
        }
    }
    r->start[t + 1] = r->start[t] + (t ? PROMPT_SAMPLE_K : 0);
}

/* The latents of the last token stand for those of the whole prompt, with the one that
 * fires on all. */
static void prompt_sample_peaks(struct ask_answer *r)
{
    const size_t last = r->T - 1;
    r->n_peaks = PROMPT_SAMPLE_K;
    for (size_t i = 0; i < r->n_peaks; i++) {
        const struct ask_fire *f = &r->fire[r->start[last] + i];
        const uint32_t fires = i == 2 ? (uint32_t)last : 1;
        r->peak[i] = (struct ask_peak){.latent = f->latent,
                                       .at = (uint32_t)last,
                                       .at_after = (uint32_t)last,
                                       .fires = fires,
                                       .fires_after = f->after > 0 ? fires : 0,
                                       .act = f->act,
                                       .after = f->after};
    }
}

static struct ask_answer *prompt_sample_answer(const struct ask_subject *subject,
                                               const int32_t *ids, size_t n,
                                               bool edited)
{
    struct errinfo e;
    struct ask_answer *r = NULL;
    assert_ok(mem_new(&r, 1, sizeof *r, "a test", &e), &e);
    atomic_init(&r->refs, 1);
    r->T = n;
    r->top = PROMPT_TOP;
    assert_ok(mem_new(&r->token, n, sizeof *r->token, "a test", &e), &e);
    assert_ok(mem_new(&r->start, n + 1, sizeof *r->start, "a test", &e), &e);
    assert_ok(mem_new(&r->fire, n * PROMPT_SAMPLE_K, sizeof *r->fire, "a test", &e),
              &e);
    assert_ok(mem_new(&r->peak, PROMPT_SAMPLE_K, sizeof *r->peak, "a test", &e), &e);
    assert_ok(mem_new(&r->next, n * PROMPT_TOP, sizeof *r->next, "a test", &e), &e);
    if (edited) {
        assert_ok(
            mem_new(&r->next_after, n * PROMPT_TOP, sizeof *r->next, "a test", &e), &e);
        assert_ok(mem_new(&r->acted, 2, sizeof *r->acted, "a test", &e), &e);
        r->n_edits = 2;
        r->acted[1] = (struct ask_acted){
            .positions = n - 1, .least = -1, .most = 9, .below = 6, .above = 1};
    }
    for (size_t t = 0; t < n; t++) {
        prompt_sample_token(subject, r, t, ids[t], edited);
    }
    prompt_sample_peaks(r);
    return r;
}

static struct ask_why *prompt_sample_why(void)
{
    struct errinfo e;
    struct ask_why *w = NULL;
    assert_ok(mem_new(&w, 1, sizeof *w, "a test", &e), &e);
    atomic_init(&w->refs, 1);
    *w = (struct ask_why){.refs = w->refs,
                          .pos = PROMPT_SAMPLE_N,
                          .target = 16,
                          .against = 18,
                          .difference = 2.5,
                          .at_zero = .4,
                          .sum = 2.1,
                          .latents = 1.8,
                          .error = .3,
                          .remainder = .0011,
                          .complete = true,
                          .n = 20,
                          .ablated = 8,
                          .spearman = .93};
    assert_ok(mem_new(&w->part, w->n, sizeof *w->part, "a test", &e), &e);
    for (size_t i = 0; i < w->n; i++) {
        const double x = (i % 4 == 2 ? -1 : 1) * 1.1 * pow(.8, (double)i);
        w->part[i] =
            (struct ask_part){.latent = i == 3 ? -1 : (int32_t)(i * 53 % 500),
                              .pos = (uint32_t)(PROMPT_SAMPLE_N - 1 - i % 4),
                              .contribution = x,
                              .ablated = i < w->ablated ? x * 1.1 : (double)NAN};
    }
    return w;
}

static void prompt_sample_written(struct prompt_state *s)
{
    static const int32_t ids[] = {16, 19, 4,  24, 36, 17, 22,
                                  19, 45, 21, 16, 23, 38, 47};
    enum { N = sizeof ids / sizeof ids[0] };
    struct errinfo e;
    s->side = PROMPT_WRITTEN;
    s->texts = 2;
    s->written_step = s->subject_step;
    assert_ok(prompt_row_copy(&s->written_of, &s->row, &e), &e);
    snprintf(s->text_name[0], sizeof s->text_name[0], "base");
    snprintf(s->text_name[1], sizeof s->text_name[1], "edited");
    assert_ok(mem_new(&s->written, PROMPT_TEXTS, sizeof *s->written, "a test", &e), &e);
    for (size_t k = 0; k < PROMPT_TEXTS; k++) {
        s->n_written[k] = N;
        for (size_t i = 0; i < N; i++) {
            s->written[k][i].id = !k && i > 7 ? ids[N - 1 - i] : ids[i];
        }
    }
}

static void prompt_sample_edits(struct prompt_state *s)
{
    s->row.edits.at[0] =
        (struct ask_edit){.latent = PROMPT_SAMPLE_SILENCED, .how = ASK_ZERO};
    s->row.edits.at[1] = (struct ask_edit){
        .latent = 331, .how = ASK_ADD, .value = 2, .where = ASK_FROM, .pos = 3};
    s->row.edits.n = 2;
}

/* Rows of the sample's tokens, and what silencing did to them. */
static void prompt_sample_effect(struct prompt_state *s, const char *name)
{
    enum { ROWS = 32, T = 64 };
    struct errinfo e;
    static int32_t ids[ROWS * T];
    struct effect_state *f = &s->effect;
    for (size_t i = 0; i < ROWS * T; i++) {
        ids[i] = i % T ? (int32_t)((i * 7 + i / T * 5 + i * i / 9) % SAMPLE_VOCAB) : 0;
    }
    const struct acts_set set = {.rows = ROWS, .T = T, .fresh = T, .ids = ids};
    assert_ok(ask_rows_new(&set, &f->text, &e), &e);
    s->side = PROMPT_EFFECT;
    f->has = true;
    f->of = (struct effect_of){.n = 1, .step = 900};
    f->of.edit[0] =
        (struct ask_edit){.latent = PROMPT_SAMPLE_SILENCED, .how = ASK_ZERO};
    if (!strstr(name, "old") && s->row.edits.n > 0) {
        s->row.edits.n = 1; /* else another is steered, too */
    }
    if (strstr(name, "detail")) {
        f->busy = true;
        f->done = 12;
        f->all = ROWS;
    }
    f->found = (struct ask_heldout){.rows = ROWS,
                                    .tokens = ROWS * (T - 1),
                                    .changed = 700,
                                    .loss = {.n = ROWS,
                                             .before = 1.1057,
                                             .after = 1.1197,
                                             .by = {.0140, .0029, .0251}},
                                    .kl = .0139,
                                    .n_worse = ASK_MOVED,
                                    .n_shift = ASK_MOVED};
    for (size_t i = 0; i < ASK_MOVED; i++) {
        const double x = pow(.8, (double)i);
        const size_t row = i * 5 % ROWS, pos = 3 + i * 11 % 60;
        f->found.worse[i] = (struct ask_worse){.row = row,
                                               .pos = pos,
                                               .id = ids[row * T + pos],
                                               .logp = -.5F,
                                               .logp_after = -.5F - 4.5F * (float)x};
        f->found.shift[i] =
            (struct ask_shift){.id = (int32_t)(i * 13 + 4) % SAMPLE_VOCAB,
                               .before = .02 * x,
                               .after = .02 * x + (i % 3 ? -.01 : .004) * x};
    }
}

/* Fill Prompt, which is shown, as the picture's name says. */
static void prompt_sample(struct app *a, struct session_view *v, const char *name)
{
    struct errinfo e;
    struct prompt_state *s = prompt_own(a);
    struct ask_subject *subject = NULL;
    const bool edited =
        strstr(name, "edits") || strstr(name, "written") || strstr(name, "effect");
    assert_ok(mem_new(&subject, 1, sizeof *subject, "a test", &e), &e);
    atomic_init(&subject->refs, 1);
    subject->table =
        latent_table_ref((struct latent_table *)(uintptr_t)v->arm[0].table);
    v->subject = subject;
    s->subject = ask_subject_ref(subject);
    v->subject_step = s->subject_step = v->step;
    s->row.n = PROMPT_SAMPLE_N;
    s->row.first = 1;
    assert_ok(mem_new(&s->row.ids, s->row.n, sizeof *s->row.ids, "a test", &e), &e);
    assert_ok(mem_new(&s->row.masked, s->row.n, 1, "a test", &e), &e);
    memcpy(s->row.ids, prompt_sample_ids, sizeof prompt_sample_ids);
    s->begun = true;
    s->at = s->row.n - 1;
    s->answer = prompt_sample_answer(subject, s->row.ids, s->row.n, edited);
    textbox_set(&s->box, " Lily went to the park and saw a big dog");
    if (edited) {
        prompt_sample_edits(s);
    }
    if (strstr(name, "changed")) {
        static const int32_t other[] = {0, 37, 17, 22, 19, 44, 21, 51, 20, 5};
        s->pinned =
            prompt_sample_answer(subject, other, sizeof other / sizeof other[0], false);
        s->list = PROMPT_CHANGED;
    } else if (strstr(name, "chat")) {
        s->row.chat = true;
        s->row.first = 3;
        s->row.tail = 2;
    } else if (strstr(name, "typing")) {
        s->typing = true;
    } else if (strstr(name, "why")) {
        s->side = PROMPT_WHY;
        s->why = prompt_sample_why();
    } else if (strstr(name, "written")) {
        prompt_sample_written(s);
    } else if (strstr(name, "effect")) {
        prompt_sample_effect(s, name);
    }
    prompt_list_fill(a);
    a->finder.stale = true; /* as an answer that came makes it */
}

#endif
