/* Prompt on a bench, with a real tiny model behind it. */
#ifndef SAETOP_TESTS_UNIT_PROMPT_WORLD_H
#define SAETOP_TESTS_UNIT_PROMPT_WORLD_H

#include "ui/screens/prompt_priv.h"
#include "unit/ask_world.h"
#include "unit/ui_bench.h"

#include <sched.h>
#include <string.h>

/* The bench with a tiny model of its own in place of the made-up run's. */
struct world {
    struct bench *b;
    struct lm *lm;
    struct names made_up, own;
};

/* An arm's, each of which has an SAE of its own, with held-out text. */
static inline struct ask_subject *subject_with_text(const struct lm *m, size_t arm)
{
    enum { ROWS = 40, T = 16 };
    struct errinfo e;
    int32_t ids[ROWS * T];
    const struct lm_hook hook = lm_behind(1);
    struct sae *sae = ask_sae_of(lm_hook_width(&m->cfg, hook), SAE_NORM_SCALE, 3 + arm);
    struct ask_subject *s = ask_subject_of(m, hook, sae);
    struct ask_row r = ask_text(s, " the cat sat on the mat and a dog ran to the park");
    for (size_t i = 0; i < ROWS * T; i++) {
        ids[i] = i % T ? r.ids.p[r.first + (i + i / T) % (r.ids.n - r.first)]
                       : tok_bos(m->tok);
    }
    const struct acts_set set = {.rows = ROWS, .T = T, .fresh = T, .ids = ids};
    assert_ok(ask_rows_new(&set, &s->text, &e), &e);
    ask_row_deinit(&r);
    return s;
}

static inline struct world begin_world_of(struct lm *m, int w, int h)
{
    struct world t = {.b = bench_new(w, h, 2), .lm = m};
    struct session_view *v = &t.b->v;
    struct errinfo e;
    const struct concepts none = {0};
    assert_ok(names_init(&t.own, t.lm->tok, &none, &e), &e);
    t.made_up = v->names;
    v->names.token = t.own.token; /* concepts stay those of the made-up run */
    v->names.vocab = t.own.vocab;
    v->names.special = t.own.special;
    snprintf(v->example[0], sizeof v->example[0], "the cat sat on the mat");
    snprintf(v->example[1], sizeof v->example[1], "a dog ran");
    press(t.b, '5');
    const struct command c = one_command(t.b, COMMAND_SUBJECT);
    v->subject = subject_with_text(t.lm, c.arm);
    v->subject_arm = c.arm;
    v->subject_step = 900;
    assert_ok(ask_worker_new(NULL, NULL, &v->asker, &e), &e);
    return t;
}

static inline struct world begin_world(int w, int h)
{
    return begin_world_of(ask_model("gpt2"), w, h);
}

static inline void end_world(struct world *t)
{
    ask_worker_free(t->b->v.asker);
    t->b->v.names = t->made_up;
    bench_free(t->b);
    names_deinit(&t->own);
    lm_free(t->lm);
}

static inline void tick(struct world *t)
{
    app_update(&t->b->a, &t->b->v, &(struct event){.kind = EVENT_TICK});
    app_view(&t->b->a, &t->b->v, &t->b->c);
}

/* Until all that was asked has come. */
static inline void settle(struct world *t)
{
    tick(t);
    while (ask_worker_outstanding(t->b->v.asker) > 0) {
        sched_yield();
    }
    tick(t);
}

static inline void keys(struct world *t, const char *text)
{
    for (; *text; text++) {
        press(t->b, *text == '\n'   ? KEY_ENTER_
                    : *text == '\t' ? KEY_TAB_
                    : *text == '^'  ? KEY_ESC_
                                    : (uint32_t)(unsigned char)*text);
        settle(t);
    }
}

static inline struct prompt_state *own(const struct world *t)
{
    return prompt_own(&t->b->a);
}

/* The session's answer when Prompt asks for another arm's SAE. */
static inline void give_subject(struct world *t)
{
    struct session_view *v = &t->b->v;
    const struct command c = one_command(t->b, COMMAND_SUBJECT);
    ask_subject_unref((struct ask_subject *)(uintptr_t)v->subject);
    v->subject = subject_with_text(t->lm, c.arm);
    v->subject_arm = c.arm;
}

#endif
