/* Prompt: examples, presets, chat templates, and what edits do to held-out text. */
#include "prompt_world.h"

#include <stdio.h>
#include <string.h>

/* An example says that it is one, what brings the next, and what makes room for a text
 * of one's own: all of its lines go. Once something was typed it is no example. */
static void test_example(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    snprintf(t.b->v.example[1], sizeof t.b->v.example[1], "a dog ran\na cat sat");
    settle(&t);
    assert_true(on_screen(t.b, "prompt, example 1 of the run"));
    assert_true(on_screen(t.b, "P example"));
    type(t.b, "m"); /* the hints of what one does have the room */
    settle(&t);
    assert_false(on_screen(t.b, "P example"));
    type(t.b, "m");
    settle(&t);
    type(t.b, "P");
    settle(&t);
    assert_true(on_screen(t.b, "example 2 of 2: a text of the run, held out"));
    assert_true(on_screen(t.b, "prompt, example 2 of the run"));
    press(t.b, KEY_ENTER_);
    assert_true(on_screen(t.b, "typing replaces the example  Left or End edits it"));
    press(t.b, KEY_CTRL('x'));
    settle(&t);
    assert_string_equal(own(&t)->box.text, "");
    assert_true(on_screen(t.b, "Ctrl-O new line  Ctrl-X clears  Up the texts before"));
    /* All of several lines, from wherever the cursor is. */
    type(t.b, "the mat");
    press(t.b, KEY_CTRL('o'));
    type(t.b, "a dog");
    press(t.b, KEY_UP_);
    assert_string_equal(own(&t)->box.text, "the mat\na dog");
    press(t.b, KEY_CTRL('x'));
    assert_string_equal(own(&t)->box.text, "");
    type(t.b, "a cat");
    settle(&t);
    press(t.b, KEY_ENTER_);
    settle(&t);
    assert_false(on_screen(t.b, "example"));
    type(t.b, "P");
    settle(&t);
    assert_true(on_screen(t.b, "prompt, example 1 of the run"));
    type(t.b, "x"); /* a token out of it */
    settle(&t);
    assert_false(on_screen(t.b, "prompt, example"));
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

/* Of a context that goes to Prompt the document under the cursor alone: a special token
 * would become text. */
static void test_show(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    const struct tok *tok = t.lm->tok;
    struct tok_ids words = {0};
    struct errinfo e;
    assert_ok(tok_encode(tok, " cat dog", 8, &words, &e), &e);
    const int32_t bos = tok_bos(tok), last = (int32_t)words.n;
    assert_true(bos >= 0 && words.n >= 2);
    int32_t ids[32] = {-1, bos, words.p[0], words.p[1], bos};
    memcpy(ids + 5, words.p, words.n * sizeof *ids);
    prompt_show(&t.b->a, &t.b->v, ids, 5 + words.n, 4 + words.n, -1);
    settle(&t);
    assert_string_equal(own(&t)->box.text, " cat dog");
    assert_int_equal(own(&t)->at, own(&t)->row.first + (size_t)last - 1);
    assert_int_equal(own(&t)->row.n, own(&t)->row.first + words.n);
    tok_ids_free(&words);
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
    assert_true(on_screen(t.b, "position: found 2, expected 0 to 1"));
    /* Nor where the SAE reads nothing, as :steer has it. */
    type(t.b, ":steer 5=add:1@1\n");
    own(&t)->row.edits.at[0].pos = 0;
    assert_true(own(&t)->row.first > 0);
    type(t.b, ":preset save start\n");
    keep_preset(&t, t.b->v.subject->sae);
    keys(&t, "A");
    type(t.b, ":preset start\n");
    assert_true(on_screen(t.b, "position 0 holds a special token"));
    assert_int_equal(own(&t)->row.edits.n, 0);
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

/* More than a command can carry is not kept in part. */
static void test_preset_too_long(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    for (int32_t i = 0; i < PROMPT_EDITS; i++) {
        own(&t)->row.edits.at[i] = (struct ask_edit){
            .latent = i, .value = 1.23456789, .where = ASK_FROM, .pos = 1};
    }
    own(&t)->row.edits.n = PROMPT_EDITS;
    type(t.b, ":preset save long\n");
    no_command(t.b);
    assert_true(on_screen(t.b, "preset long: too long"));
    own(&t)->row.edits.n = 0;
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

/* Of a row that holds two documents, only the one of the token goes to Prompt. */
static void test_effect_document(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    struct effect_state *s = &own(&t)->effect;
    char want[64] = "";
    settle(&t);
    type(t.b, ":steer 3=clamp:2\n");
    keys(&t, "E");
    *app_focus(&t.b->a, &screen_prompt) = PROMPT_NEXT_PANE;
    size_t i = 0;
    while (i < s->found.n_worse && s->found.worse[i].pos < 4) {
        i++;
    }
    assert_true(i < s->found.n_worse);
    const struct ask_worse *w = &s->found.worse[i];
    int32_t *ids = (int32_t *)(uintptr_t)s->text->ids + w->row * s->text->T;
    ids[w->pos - 2] = tok_bos(t.lm->tok);
    for (size_t k = w->pos - 1; k <= w->pos; k++) {
        const size_t len = strlen(want);
        snprintf(want + len, sizeof want - len, "%s",
                 names_token(&t.b->v.names, ids[k]));
    }
    list_go(&s->list, s->list.count - s->found.n_worse + i);
    keys(&t, "\n");
    assert_string_equal(own(&t)->box.text, want);
    end_world(&t);
}

/* Esc stops what is being measured; the result before stays. */
static void test_effect_cancelled(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    struct effect_state *s = &own(&t)->effect;
    settle(&t);
    type(t.b, ":silence 3\n");
    for (int late = 0; late < 2; late++) {
        do { /* until one is caught on its way */
            type(t.b, ":effect 2\n");
            settle(&t);
            type(t.b, ":effect 40\n");
        } while (!s->busy);
        while (late && ask_worker_outstanding(t.b->v.asker) > 0) {
            sched_yield(); /* it is there, but nobody has looked */
        }
        press(t.b, KEY_ESC_);
        assert_false(s->busy);
        assert_int_equal(own(&t)->side, PROMPT_EFFECT);
        settle(&t);
        assert_int_equal(ask_worker_outstanding(t.b->v.asker), 0);
        assert_true(s->has);
        assert_int_equal(s->found.rows, 2);
    }
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
    keys(&t, "Gp"); /* the text of the token there, not a context that is not shown */
    assert_ptr_equal(t.b->a.screen, &screen_prompt);
    const int32_t ended = s->found.worse[s->found.n_worse - 1].id;
    assert_string_equal(
        names_token(&t.b->v.names, own(&t)->row.ids[own(&t)->row.n - 1]),
        names_token(&t.b->v.names, ended));
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

/* What is marked in Latents is silenced as one: in Prompt, in Detail, and on held-out
 * text; as one it is let speak again. */
static void test_marked_set(void **state)
{
    (void)state;
    static const int32_t set[] = {2, 3, 5, 7, 11, 13, 17, 19};
    enum { SET = sizeof set / sizeof set[0] };
    struct world t = begin_world(120, 36);
    struct prompt_edits *edits = &own(&t)->row.edits;
    const struct effect_state *s = &own(&t)->effect;
    settle(&t);
    type(t.b, ":silence marked\n");
    assert_true(on_screen(t.b, "no latent is marked"));
    type(t.b, ":steer 3=add:2\n:steer 9=add:1\n:screen latents\n");
    for (size_t i = 0; i < SET; i++) {
        latents_choose(&t.b->a, set[i]);
        type(t.b, " ");
    }
    t.b->a.n_commands = 0;
    keys(&t, "a");
    assert_true(on_screen(t.b, "the marked latents are silenced in Prompt: 8"));
    assert_int_equal(edits->n, 1 + SET);
    assert_int_equal(edits->at[0].latent, 9); /* another, left as it was */
    for (size_t i = 0; i < SET; i++) {
        assert_true(prompt_is_silenced(&t.b->a, set[i]));
    }
    keys(&t, "u");
    assert_int_equal(edits->n, 2);
    assert_int_equal(edits->at[0].how, ASK_ADD);
    keys(&t, "a");
    t.b->a.n_commands = 0;
    type(t.b, ":latent 3\n");
    assert_true(on_screen(t.b, "silenced, +7"));
    t.b->a.n_commands = 0;
    keys(&t, "E");
    assert_true(s->has);
    assert_int_equal(s->of.n, SET);
    assert_true(on_screen(t.b, "#2 silenced, #3 silenced, #5 silenced"));
    assert_true(on_screen(t.b, "and 2 more"));
    assert_false(on_screen(t.b, "edits have changed"));
    t.b->a.n_commands = 0;
    keys(&t, "5");
    assert_int_equal(own(&t)->answer->n_edits, 1 + SET);
    type(t.b, ":steer 10=add:1\n");
    assert_true(on_screen(t.b, "and 2 more")); /* in the list of edits */
    keys(&t, "u");
    t.b->a.n_commands = 0;
    keys(&t, "3a");
    assert_true(on_screen(t.b, "the marked latents are not silenced: 8"));
    assert_int_equal(edits->n, 1);
    /* One that is not: all of them are, not that one alone. */
    type(t.b, ":silence 3\n");
    keys(&t, "a");
    assert_int_equal(edits->n, 1 + SET);
    end_world(&t);
}

/* As many as a preset keeps, no more; which are refused is said. */
static void test_marked_too_many(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    const struct prompt_edits *edits = &prompt_own(&b->a)->row.edits;
    type(b, "3");
    for (int32_t i = 0; i <= PROMPT_EDITS; i++) {
        latents_turn_mark(&b->a, &b->v, i);
    }
    type(b, "a");
    assert_true(on_screen(b, "65 marked, 0 edited already: at most 64"));
    assert_int_equal(edits->n, 0);
    latents_turn_mark(&b->a, &b->v, 0);
    prompt_silence(&b->a, 0);
    type(b, "a");
    assert_true(on_screen(b, "64 marked, 1 edited already: at most 64"));
    assert_int_equal(edits->n, 1);
    prompt_silence(&b->a, 0);
    type(b, "a");
    assert_int_equal(edits->n, PROMPT_EDITS);
    type(b, ":silence 0\n");
    assert_true(on_screen(b, "at most 64 latents are edited at a time"));
    bench_free(b);
}

/* Up brings back texts that were ended by either key, not an example as it came. */
static void test_texts_before(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    keys(&t, "\n^"); /* an example, left as it is */
    keys(&t, "\n");
    press(t.b, KEY_CTRL('x'));
    keys(&t, "a dog\n\n");
    press(t.b, KEY_CTRL('x'));
    keys(&t, "a cat^\n");
    press(t.b, KEY_CTRL('x'));
    press(t.b, KEY_UP_);
    assert_string_equal(own(&t)->box.text, "a cat");
    press(t.b, KEY_UP_);
    assert_string_equal(own(&t)->box.text, "a dog");
    press(t.b, KEY_UP_);
    assert_string_equal(own(&t)->box.text, "a dog");
    end_world(&t);
}

/* What is typed or pasted takes the place of an example, unless a key that moves or
 * erases keeps it; Up brings it back. A text of the user's own is typed on in. */
static void test_example_is_replaced(void **state)
{
    (void)state;
    static const char example[] = "the cat sat on the mat", odd[] = "\x1b\xff";
    static const uint32_t keeps[] = {KEY_LEFT_, KEY_HOME_, KEY_END_, KEY_RIGHT_};
    struct world t = begin_world(80, 24);
    const struct textbox *box = &own(&t)->box;
    settle(&t);
    keys(&t, "\n");
    press(t.b, KEY_F2_ + 7); /* no character */
    app_update(&t.b->a, &t.b->v,
               &(struct event){.kind = EVENT_PASTE, .text = odd, .text_n = 2});
    assert_string_equal(box->text, example);
    keys(&t, "a dog");
    assert_string_equal(box->text, "a dog");
    press(t.b, KEY_UP_);
    assert_string_equal(box->text, example);
    keys(&t, "!^\n?");
    assert_string_equal(box->text, "the cat sat on the mat!?");
    for (size_t i = 0; i < sizeof keeps / sizeof keeps[0]; i++) {
        keys(&t, "^:example 1\n\n");
        press(t.b, keeps[i]);
        assert_false(on_screen(t.b, "typing replaces"));
        keys(&t, "o");
        assert_int_equal(box->len, sizeof example);
    }
    keys(&t, "^:example 1\n\n");
    press(t.b, KEY_DELETE_BACK);
    assert_string_equal(box->text, "the cat sat on the ma");
    keys(&t, "^:example 1\n");
    app_update(&t.b->a, &t.b->v,
               &(struct event){.kind = EVENT_PASTE, .text = "a cat", .text_n = 5});
    assert_string_equal(box->text, "a cat");
    end_world(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_before),
        cmocka_unit_test(test_chat),
        cmocka_unit_test(test_show),
        cmocka_unit_test(test_presets),
        cmocka_unit_test(test_preset_too_long),
        cmocka_unit_test(test_effect),
        cmocka_unit_test(test_effect_document),
        cmocka_unit_test(test_effect_cancelled),
        cmocka_unit_test(test_effect_in_detail),
        cmocka_unit_test(test_marked_set),
        cmocka_unit_test(test_marked_too_many),
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_example_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
