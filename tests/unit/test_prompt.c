/* Prompt: what keys do to a text, its masks and its latents, with a real model behind.
 */
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

static struct ask_subject *subject_with_text(const struct lm *m)
{
    enum { ROWS = 40, T = 16 };
    struct errinfo e;
    int32_t ids[ROWS * T];
    struct ask_subject *s = ask_subject_at(m, lm_behind(1), SAE_NORM_SCALE);
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

static struct world begin_world(int w, int h)
{
    struct world t = {.b = bench_new(w, h, 2), .lm = ask_model("gpt2")};
    struct session_view *v = &t.b->v;
    struct errinfo e;
    const struct concepts none = {0};
    assert_ok(names_init(&t.own, t.lm->tok, &none, &e), &e);
    t.made_up = v->names;
    v->names.token = t.own.token; /* concepts stay those of the made-up run */
    v->names.vocab = t.own.vocab;
    snprintf(v->example[0], sizeof v->example[0], "the cat sat on the mat");
    snprintf(v->example[1], sizeof v->example[1], "a dog ran");
    press(t.b, '5');
    const struct command c = one_command(t.b, COMMAND_SUBJECT);
    v->subject = subject_with_text(t.lm);
    v->subject_arm = c.arm;
    assert_ok(ask_worker_new(NULL, NULL, &v->asker, &e), &e);
    return t;
}

static void end_world(struct world *t)
{
    ask_worker_free(t->b->v.asker);
    t->b->v.names = t->made_up;
    bench_free(t->b);
    names_deinit(&t->own);
    lm_free(t->lm);
}

static void tick(struct world *t)
{
    app_update(&t->b->a, &t->b->v, &(struct event){.kind = EVENT_TICK});
    app_view(&t->b->a, &t->b->v, &t->b->c);
}

/* Until all that was asked has come. */
static void settle(struct world *t)
{
    tick(t);
    while (ask_worker_outstanding(t->b->v.asker) > 0) {
        sched_yield();
    }
    tick(t);
}

static void keys(struct world *t, const char *text)
{
    for (; *text; text++) {
        press(t->b, *text == '\n'   ? KEY_ENTER_
                    : *text == '\t' ? KEY_TAB_
                    : *text == '^'  ? KEY_ESC_
                                    : (uint32_t)(unsigned char)*text);
        settle(t);
    }
}

static struct prompt_state *own(const struct world *t)
{
    return prompt_own(&t->b->a);
}

static void test_begins_with_a_text(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    assert_non_null(own(&t)->answer);
    assert_string_equal(own(&t)->box.text, "the cat sat on the mat");
    assert_int_equal(own(&t)->row.n, own(&t)->answer->T);
    assert_int_equal(own(&t)->at, own(&t)->row.n - 1);
    assert_int_equal(own(&t)->rows.count, 4); /* k of the SAE */
    assert_true(on_screen(t.b, "next after"));
    assert_true(on_screen(t.b, "latents 4"));
    keys(&t, "P");
    assert_string_equal(own(&t)->box.text, "a dog ran");
    keys(&t, "u");
    assert_string_equal(own(&t)->box.text, "the cat sat on the mat");
    end_world(&t);
}

static void test_masks_and_undo(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    keys(&t, "hm");
    const size_t at = own(&t)->at;
    assert_true(own(&t)->row.masked[at]);
    assert_true(prompt_is_changed(own(&t)));
    assert_true(own(&t)->answer->token[at].masked);
    assert_true(on_screen(t.b, "KL "));
    keys(&t, "ff");
    assert_int_equal(own(&t)->list, PROMPT_CHANGED);
    assert_true(own(&t)->rows.count > 0);
    keys(&t, "u"); /* the list */
    assert_int_equal(own(&t)->list, PROMPT_WHOLE);
    keys(&t, "uu");
    assert_false(own(&t)->row.masked[at]);
    assert_false(prompt_is_changed(own(&t)));
    press(t.b, KEY_CTRL('r'));
    settle(&t);
    assert_true(own(&t)->row.masked[at]);
    end_world(&t);
}

static void test_silence_and_steer(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    keys(&t, "\t");
    const int32_t latent = prompt_latent_here(&t.b->a);
    const float act = own(&t)->entry[0].act;
    keys(&t, "a");
    assert_int_equal(own(&t)->row.edits.n, 1);
    assert_int_equal(own(&t)->entry[0].latent, latent);
    assert_true(own(&t)->entry[0].act == act && own(&t)->entry[0].after == 0);
    assert_true(on_screen(t.b, "silenced"));
    keys(&t, "a");
    assert_int_equal(own(&t)->row.edits.n, 0);
    keys(&t, "t+");
    assert_int_equal(own(&t)->row.edits.at[0].how, ASK_ADD);
    assert_float_equal((float)own(&t)->row.edits.at[0].value,
                       (float)(.6 * prompt_full(own(&t), latent)), 1e-5F);
    assert_float_equal(own(&t)->entry[0].after,
                       act + (float)own(&t)->row.edits.at[0].value, 1e-4F);
    keys(&t, "T@");
    assert_int_equal(own(&t)->row.edits.at[0].how, ASK_SCALE);
    assert_int_equal(own(&t)->row.edits.at[0].where, ASK_FROM);
    /* The slider, from its left end to its right. */
    const struct rect r = hit_of(t.b, HIT_STRENGTH, 0);
    mouse(t.b, MOUSE_PRESS, r.x, r.y);
    assert_float_equal((float)own(&t)->row.edits.at[0].value, -1.0F, 1e-6F);
    const struct rect still = hit_of(t.b, HIT_STRENGTH, 0);
    mouse(t.b, MOUSE_RELEASE, still.x + still.w - 1, still.y);
    assert_float_equal((float)own(&t)->row.edits.at[0].value, 2.0F, 1e-6F);
    keys(&t, "A");
    assert_int_equal(own(&t)->row.edits.n, 0);
    type(t.b, ":steer 3=add:1.5@2\n");
    settle(&t);
    assert_int_equal(own(&t)->row.edits.at[0].latent, 3);
    type(t.b, ":steer 3=1@99\n");
    assert_true(on_screen(t.b, "position: found 99"));
    type(t.b, ":steer 9999=1\n");
    assert_true(on_screen(t.b, "latent: found 9999"));
    end_world(&t);
}

static void test_tokens_change(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    const size_t n = own(&t)->row.n;
    keys(&t, "x");
    assert_int_equal(own(&t)->row.n, n - 1);
    assert_int_equal(own(&t)->answer->T, n - 1);
    assert_non_null(own(&t)->before);
    keys(&t, "i");
    type(t.b, "dog\n");
    settle(&t);
    assert_non_null(strstr(own(&t)->box.text, " dog"));
    keys(&t, "uu");
    assert_int_equal(own(&t)->row.n, n);
    assert_string_equal(own(&t)->box.text, "the cat sat on the mat");
    keys(&t, "\n"); /* typing */
    assert_true(own(&t)->typing);
    keys(&t, " mq");
    assert_string_equal(own(&t)->box.text, "the cat sat on the mat mq");
    keys(&t, "^");
    assert_false(own(&t)->typing);
    keys(&t, "u");
    assert_string_equal(own(&t)->box.text, "the cat sat on the mat");
    assert_int_equal(own(&t)->row.n, n);
    end_world(&t);
}

/* An edit at a place moves with its token, and goes with it. */
static void test_places_of_edits(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    const size_t first = own(&t)->row.first, last = own(&t)->row.n - 1;
    char line[64];
    snprintf(line, sizeof line, ":steer 3=1@%zu\n", last);
    type(t.b, line);
    keys(&t, "g");
    own(&t)->at = first;
    type(t.b, ":delete-token\n");
    settle(&t);
    assert_int_equal(own(&t)->row.edits.at[0].pos, last - 1);
    keys(&t, "G");
    type(t.b, ":delete-token\n");
    settle(&t);
    assert_int_equal(own(&t)->row.edits.n, 0);
    keys(&t, "u");
    assert_int_equal(own(&t)->row.edits.n, 1);
    end_world(&t);
}

static void test_writes_on(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    type(t.b, ":write 12\n");
    settle(&t);
    assert_int_equal(own(&t)->texts, 1);
    assert_true(own(&t)->n_written[0] > 0 && own(&t)->n_written[0] <= 12);
    assert_false(own(&t)->writing);
    assert_non_null(prompt_written_here(&t.b->a));
    assert_true(on_screen(t.b, "latents of the token written"));
    keys(&t, "l^");
    assert_int_equal(own(&t)->side, PROMPT_NEXT);
    type(t.b, ":silence 3\n:write 12\n");
    settle(&t);
    assert_int_equal(own(&t)->texts, 2);
    assert_true(on_screen(t.b, "as it stands"));
    type(t.b, ":write many\n");
    assert_true(on_screen(t.b, "write: found many"));
    end_world(&t);
}

/* The session's answer when Prompt asks for another arm's SAE. */
static void give_subject(struct world *t)
{
    struct session_view *v = &t->b->v;
    const struct command c = one_command(t->b, COMMAND_SUBJECT);
    ask_subject_unref((struct ask_subject *)(uintptr_t)v->subject);
    v->subject = subject_with_text(t->lm);
    v->subject_arm = c.arm;
}

/* Edits are of one arm's latents: the other arm has its own, and no answer, pinned
 * prompt or text of the one is shown as the other's. */
static void test_arms_have_their_edits(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    keys(&t, "|");
    type(t.b, ":silence 3\n:write 5\n");
    settle(&t);
    press(t.b, 'v');
    tick(&t);
    assert_null(own(&t)->answer);
    assert_null(own(&t)->pinned);
    assert_int_equal(own(&t)->row.edits.n, 0);
    assert_int_equal(own(&t)->side, PROMPT_NEXT);
    assert_false(on_screen(t.b, "with masks and edits"));
    give_subject(&t);
    settle(&t);
    assert_non_null(own(&t)->answer);
    assert_null(own(&t)->answer->next_after);
    type(t.b, ":silence 5\n");
    settle(&t);
    press(t.b, 'v');
    tick(&t);
    assert_int_equal(own(&t)->row.edits.n, 1);
    assert_int_equal(own(&t)->row.edits.at[0].latent, 3);
    keys(&t, "u"); /* silence 5, which was of the other arm */
    assert_int_equal(own(&t)->row.edits.n, 1);
    assert_int_equal(own(&t)->row.edits.at[0].latent, 3);
    end_world(&t);
}

/* What did not change is no step, and what changes while one types is one of its own.
 */
static void test_steps_of_typing(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    keys(&t, "m");
    const size_t done = t.b->a.undo.done;
    keys(&t, "\n^");
    assert_int_equal(t.b->a.undo.done, done);
    keys(&t, "\n mq"); /* typing stands open: a text comes from elsewhere */
    prompt_set_text(&t.b->a, &t.b->v, "the mat");
    settle(&t);
    assert_false(own(&t)->typing);
    keys(&t, "u");
    assert_string_equal(own(&t)->box.text, "the cat sat on the mat mq");
    keys(&t, "u");
    assert_string_equal(own(&t)->box.text, "the cat sat on the mat");
    assert_true(own(&t)->row.masked[own(&t)->row.n - 1]);
    end_world(&t);
}

static void test_pinned(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    const struct ask_answer *pinned = own(&t)->answer;
    keys(&t, "|");
    assert_ptr_equal(own(&t)->pinned, pinned);
    assert_int_equal(own(&t)->list, PROMPT_CHANGED);
    assert_int_equal(own(&t)->rows.count, 4); /* all of them stayed as they were */
    for (size_t i = 0; i < 4; i++) {
        assert_true(own(&t)->entry[i].act == own(&t)->entry[i].after);
    }
    keys(&t, "i");
    type(t.b, "dog\n");
    settle(&t);
    keys(&t, "i");
    type(t.b, "dog\n");
    settle(&t);
    /* Compared with the pinned one still, not with the one before. */
    assert_ptr_equal(own(&t)->pinned, pinned);
    assert_true(on_screen(t.b, "the pinned one above"));
    assert_ptr_equal(prompt_compared(own(&t)), pinned);
    keys(&t, "G|");
    assert_null(own(&t)->pinned);
    end_world(&t);
}

/* Two conditions write side by side, the other with its own edits; what was written
 * before is not taken for it. */
static void test_both_write(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    type(t.b, ":write 9\n");
    settle(&t);
    type(t.b, ":write both 4\n");
    assert_true(on_screen(t.b, "making ready B"));
    give_subject(&t); /* B's */
    settle(&t);
    give_subject(&t); /* A's again, which is shown */
    settle(&t);
    assert_int_equal(own(&t)->texts, 2);
    assert_string_equal(own(&t)->text_name[0], "A");
    assert_string_equal(own(&t)->text_name[1], "B");
    for (size_t i = 0; i < 2; i++) {
        assert_true(own(&t)->n_written[i] > 0 && own(&t)->n_written[i] <= 4);
    }
    /* The same SAE stands for both: the same text at temperature 0. */
    assert_int_equal(own(&t)->n_written[0], own(&t)->n_written[1]);
    for (size_t i = 0; i < own(&t)->n_written[0]; i++) {
        assert_int_equal(own(&t)->written[0][i].id, own(&t)->written[1][i].id);
    }
    end_world(&t);
}

/* One set of silenced latents: what Detail silences, Prompt leaves out, and Detail says
 * so. */
static void test_silenced_in_detail(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    type(t.b, ":latent 3\n");
    t.b->a.n_commands = 0;
    keys(&t, "a");
    assert_true(prompt_is_silenced(&t.b->a, 3));
    assert_true(on_screen(t.b, "silenced in Prompt"));
    assert_true(on_screen(t.b, "#3 of A silenced"));
    t.b->a.n_commands = 0;
    keys(&t, "5");
    assert_non_null(own(&t)->answer->next_after);
    assert_int_equal(own(&t)->row.edits.at[0].how, ASK_ZERO);
    keys(&t, "u");
    assert_false(prompt_is_silenced(&t.b->a, 3));
    keys(&t, "3a");
    assert_int_equal(own(&t)->row.edits.n, 1);
    keys(&t, "a");
    assert_int_equal(own(&t)->row.edits.n, 0);
    end_world(&t);
}

/* In a chat template: its tokens stand around the text, are not the user's to change,
 * and go again. */
static void test_chat(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    type(t.b, ":ask a\n"); /* the tiny model reads no more than 64 tokens */
    settle(&t);
    struct ask_subject *s = (struct ask_subject *)(uintptr_t)t.b->v.subject;
    snprintf(s->chat_why, sizeof s->chat_why, "m.gguf: no chat template");
    type(t.b, ":chat\n");
    assert_true(on_screen(t.b, "m.gguf: no chat template"));
    size_t i = 0;
    while (strcmp(chat_family_at(i)->name, "chatml") != 0) {
        i++;
    }
    s->chat = chat_family_at(i);
    const size_t n = own(&t)->row.n, first = own(&t)->row.first;
    char text[64];
    snprintf(text, sizeof text, "%.40s", own(&t)->box.text);
    type(t.b, ":chat\n");
    settle(&t);
    assert_true(own(&t)->row.chat && own(&t)->row.tail > 0);
    assert_true(own(&t)->row.first > first && own(&t)->row.n > n);
    assert_int_equal(own(&t)->answer->T, own(&t)->row.n);
    assert_true(on_screen(t.b, "in the chat template"));
    assert_string_equal(own(&t)->box.text, text);
    keys(&t, "Gx");
    assert_true(on_screen(t.b, "the chat template puts it there"));
    keys(&t, "i");
    type(t.b, "dog\n");
    settle(&t);
    strcat(text, " dog"); /* before the template's end */
    assert_string_equal(own(&t)->box.text, text);
    keys(&t, "\n mq^");
    strcat(text, " mq");
    assert_string_equal(own(&t)->box.text, text);
    assert_true(own(&t)->row.chat);
    type(t.b, ":chat\n");
    settle(&t);
    assert_false(own(&t)->row.chat);
    assert_true(own(&t)->row.first == first && own(&t)->row.tail == 0);
    assert_string_equal(own(&t)->box.text, text);
    keys(&t, "u");
    assert_true(own(&t)->row.chat && own(&t)->row.tail > 0);
    assert_string_equal(own(&t)->box.text, text);
    end_world(&t);
}

/* The session's answer: the set that a command makes of the arm's presets. */
static void keep_preset(struct world *t, const struct sae *s)
{
    struct errinfo e;
    const struct command c = one_command(t->b, COMMAND_PRESET);
    struct arm_view *arm = &t->b->v.arm[c.arm];
    struct ask_presets *old = (struct ask_presets *)(uintptr_t)arm->presets, *p = NULL;
    struct ask_edit edit[PROMPT_EDITS];
    char line[sizeof c.text], *rest = NULL;
    size_t n = 0;
    snprintf(line, sizeof line, "%s", c.text);
    const char *name = strtok_r(line, " ", &rest);
    for (char *w; (w = strtok_r(NULL, " ", &rest)) != NULL; n++) {
        assert_ok(ask_edit_parse(w, &edit[n], &e), &e);
    }
    assert_ok(n ? ask_presets_with(old, name, s, 700, edit, n, &p, &e)
                : ask_presets_without(old, name, &p, &e),
              &e);
    ask_presets_unref(old);
    arm->presets = p;
    tick(t);
}

/* Kept under a name, put back in one step of undo; refused where the latents are not
 * those. */
static void test_presets(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    type(t.b, ":presets\n");
    assert_true(on_screen(t.b, "A has no presets"));
    type(t.b, ":preset save calm\n");
    assert_true(on_screen(t.b, "nothing to keep"));
    type(t.b, ":silence 3\n:steer 5=clamp:1.5@2-\n:preset save calm\n");
    keep_preset(&t, t.b->v.subject->sae);
    keys(&t, "A");
    assert_int_equal(own(&t)->row.edits.n, 0);
    type(t.b, ":preset c\t\n"); /* completed */
    settle(&t);
    assert_int_equal(own(&t)->row.edits.n, 2);
    assert_int_equal(own(&t)->row.edits.at[0].how, ASK_ZERO);
    assert_int_equal(own(&t)->row.edits.at[1].where, ASK_FROM);
    assert_true(on_screen(t.b, "preset calm, saved at step 700"));
    assert_non_null(own(&t)->answer->next_after);
    keys(&t, "u");
    assert_int_equal(own(&t)->row.edits.n, 0);
    type(t.b, ":presets\n");
    assert_true(on_screen(t.b, "calm (#3 silenced, #5 clamped to 1.50 from 2)"));
    type(t.b, ":preset\n");
    assert_true(on_screen(t.b, "expected a name"));
    type(t.b, ":preset loud\n");
    assert_true(on_screen(t.b, "A has no preset 'loud'"));
    type(t.b, ":ask a\n");
    settle(&t);
    type(t.b, ":preset calm\n");
    assert_true(on_screen(t.b, "position 2, the prompt has 0 to 1"));
    /* Of another SAE. */
    struct sae *other = ask_sae(t.b->v.subject->sae->D, SAE_NORM_SCALE);
    sae_init_weights(other, 99);
    type(t.b, ":silence 3\n:preset save far\n");
    keep_preset(&t, other);
    sae_free(other);
    keys(&t, "A");
    type(t.b, ":preset far\n");
    assert_true(on_screen(t.b, "latent 3 points elsewhere"));
    assert_int_equal(own(&t)->row.edits.n, 0);
    /* The other condition has its own. */
    press(t.b, 'v');
    give_subject(&t);
    settle(&t);
    type(t.b, ":preset calm\n");
    assert_true(on_screen(t.b, "is of latents of A, B is shown"));
    press(t.b, 'v');
    t.b->a.n_commands = 0;
    type(t.b, ":preset drop far\n");
    t.b->v.subject_arm = 0;
    keep_preset(&t, t.b->v.subject->sae);
    type(t.b, ":preset far\n");
    assert_true(on_screen(t.b, "A has no preset 'far'"));
    end_world(&t);
}

/* What is silenced and steered, on held-out text; the result stays, is marked where the
 * edits are others now, and its worst token can be asked about. */
static void test_effect(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    struct effect_state *s = &own(&t)->effect;
    settle(&t);
    keys(&t, "E");
    assert_true(on_screen(t.b, "no latent is silenced or steered"));
    assert_int_equal(own(&t)->side, PROMPT_NEXT);
    type(t.b, ":steer 3=clamp:2\n");
    keys(&t, "E");
    assert_int_equal(own(&t)->side, PROMPT_EFFECT);
    assert_true(s->has && !s->busy);
    assert_int_equal(s->found.rows, EFFECT_ROWS);
    assert_true(on_screen(t.b, "#3 clamped to 2.00"));
    assert_true(on_screen(t.b, "(95 %"));
    assert_true(on_screen(t.b, "next tokens"));
    assert_false(on_screen(t.b, "edits have changed"));
    type(t.b, ":silence 5\n");
    settle(&t);
    assert_true(on_screen(t.b, "edits have changed since"));
    assert_true(on_screen(t.b, "#3 clamped to 2.00"));
    type(t.b, ":effect 999999\n");
    assert_true(on_screen(t.b, "effect: expected rows"));
    type(t.b, ":effect 7\n");
    settle(&t);
    assert_int_equal(s->found.rows, 7);
    assert_false(on_screen(t.b, "edits have changed"));
    /* To the last token whose loss rises, and its text to Prompt. */
    *app_focus(&t.b->a, &screen_prompt) = PROMPT_NEXT_PANE;
    keys(&t, "G");
    assert_int_equal(s->list.cursor, s->list.count - 1);
    const struct ask_worse *w = &s->found.worse[s->found.n_worse - 1];
    const char *piece = names_token(&t.b->v.names, w->id);
    char said[64];
    snprintf(said, sizeof said, "%s", piece);
    keys(&t, "\n");
    const size_t len = own(&t)->box.len, n = strlen(said);
    assert_true(len >= n && !strcmp(own(&t)->box.text + len - n, said));
    keys(&t, "^");
    assert_int_equal(own(&t)->side, PROMPT_NEXT);
    end_world(&t);
}

/* Esc stops what is being measured; the result before stays. */
static void test_effect_cancelled(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    struct effect_state *s = &own(&t)->effect;
    settle(&t);
    type(t.b, ":silence 3\n:effect 2\n");
    settle(&t);
    const uint64_t first = s->shown;
    type(t.b, ":effect 40\n");
    assert_true(s->busy);
    press(t.b, KEY_ESC_);
    assert_false(s->busy);
    assert_int_equal(own(&t)->side, PROMPT_EFFECT);
    settle(&t);
    assert_int_equal(ask_worker_outstanding(t.b->v.asker), 0);
    assert_true(s->has && (s->shown == first || s->found.rows == 40));
    end_world(&t);
}

/* In Detail: of the latent that is shown, whatever is done in Prompt, as soon as there
 * is a model with the SAE of its condition. */
static void test_effect_in_detail(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    struct effect_state *s = &own(&t)->effect;
    settle(&t);
    type(t.b, ":silence 5\n:latent 3\n");
    t.b->a.n_commands = 0;
    keys(&t, "E");
    assert_true(s->has);
    assert_int_equal(s->of.n, 1);
    assert_int_equal(s->of.edit[0].latent, 3);
    assert_true(on_screen(t.b, "effect on held-out text"));
    assert_true(on_screen(t.b, "#3 silenced"));
    t.b->a.n_commands = 0;
    type(t.b, ":latent 4\n");
    assert_true(on_screen(t.b, "of another latent"));
    t.b->a.n_commands = 0;
    press(t.b, 'v');
    tick(&t);
    assert_true(on_screen(t.b, "of another condition or seed"));
    t.b->a.n_commands = 0;
    press(t.b, 'E');
    assert_true(s->waiting && !s->busy);
    assert_true(on_screen(t.b, "making ready the model"));
    give_subject(&t);
    settle(&t);
    assert_true(!s->waiting && s->of.arm == s->of_asked.arm);
    press(t.b, KEY_ESC_);
    assert_false(on_screen(t.b, "effect on held-out text"));
    end_world(&t);
}

static void test_why(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    keys(&t, "W");
    assert_int_equal(own(&t)->side, PROMPT_WHY);
    assert_non_null(own(&t)->why);
    assert_true(own(&t)->why->complete);
    assert_int_equal(own(&t)->why->pos, own(&t)->row.n);
    assert_true(on_screen(t.b, "rank correlation"));
    end_world(&t);
}

/* Pasted text of any bytes is text; nothing of it is a key. */
static void test_hostile_paste(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    static const char bytes[] = "\x1b[2J\x9b q\nQ\x80\xff end";
    app_update(&t.b->a, &t.b->v,
               &(struct event){
                   .kind = EVENT_PASTE, .text = bytes, .text_n = sizeof bytes - 1});
    settle(&t);
    assert_true(own(&t)->typing);
    assert_non_null(strstr(own(&t)->box.text, "end"));
    assert_null(strchr(own(&t)->box.text, '\x1b'));
    for (int i = 0; i < t.b->c.w * t.b->c.h; i++) {
        const uint32_t cp = t.b->c.cell[i].cp;
        assert_true(cp == 0 || (cp >= 32 && (cp < 127 || cp > 159)));
    }
    end_world(&t);
}

/* Any keys at any size. */
static void test_random_keys(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    struct rng r = rng_begin(7, RNG_INIT, 2);
    static const char some[] = "hjklgGmatT+-@AfHDxirPdRvwWE \n\t^u|#ab c";
    for (int i = 0; i < 1500; i++) {
        const char key = some[rng_below(&r, sizeof some - 1)];
        press(t.b, key == '\n' ? KEY_ENTER_ : key == '^' ? KEY_ESC_ : (uint32_t)key);
        t.b->a.n_commands = t.b->a.n_requests = 0;
        if (i % 50 == 0) {
            struct errinfo e;
            const struct event ev = {.kind = EVENT_RESIZE,
                                     .w = 1 + (int)rng_below(&r, 200),
                                     .h = 1 + (int)rng_below(&r, 60)};
            assert_ok(canvas_resize(&t.b->c, ev.w, ev.h, &e), &e);
            app_update(&t.b->a, &t.b->v, &ev);
        }
        if (t.b->a.screen != &screen_prompt && t.b->a.w >= FULL_W) {
            app_go(&t.b->a, &t.b->v, &screen_prompt);
        }
    }
    settle(&t);
    end_world(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begins_with_a_text),
        cmocka_unit_test(test_masks_and_undo),
        cmocka_unit_test(test_silence_and_steer),
        cmocka_unit_test(test_tokens_change),
        cmocka_unit_test(test_places_of_edits),
        cmocka_unit_test(test_writes_on),
        cmocka_unit_test(test_arms_have_their_edits),
        cmocka_unit_test(test_steps_of_typing),
        cmocka_unit_test(test_pinned),
        cmocka_unit_test(test_both_write),
        cmocka_unit_test(test_silenced_in_detail),
        cmocka_unit_test(test_chat),
        cmocka_unit_test(test_presets),
        cmocka_unit_test(test_effect),
        cmocka_unit_test(test_effect_cancelled),
        cmocka_unit_test(test_effect_in_detail),
        cmocka_unit_test(test_why),
        cmocka_unit_test(test_hostile_paste),
        cmocka_unit_test(test_random_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
