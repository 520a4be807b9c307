/* Prompt: what it says of what was done, and of what it shows. */
#include "prompt_world.h"
#include "ui/help.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void assert_says(const struct bench *b, const char *text)
{
    if (strncmp(b->a.message, text, strlen(text)) != 0) {
        fail_msg("expected \"%s\", found \"%s\"", text, b->a.message);
    }
}

/* From a key that changes the text to its answer it waits. */
static void test_waits_for_the_answer(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    assert_false(screen_prompt.waits(&t.b->a));
    keys(&t, "\n");
    struct ask_worker *w = t.b->v.asker;
    t.b->v.asker = NULL; /* who would answer at once */
    press(t.b, 's');
    assert_true(screen_prompt.waits(&t.b->a));
    t.b->v.asker = w;
    settle(&t);
    assert_false(screen_prompt.waits(&t.b->a));
    assert_false(own(&t)->changed);
    end_world(&t);
}

/* What `bench ui` types in: 64 tokens, which end as they began. */
static void test_typed_for_the_bench(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    for (int middle = 0; middle < 2; middle++) {
        char before[TEXTBOX_CAP];
        const struct textbox *box = &own(&t)->box;
        assert_true(screen_prompt.types->begin(&t.b->a, &t.b->v, middle));
        settle(&t);
        assert_int_equal(own(&t)->row.n, 64);
        assert_true(own(&t)->typing);
        assert_true(middle ? box->cursor < box->len * 2 / 3 : box->cursor == box->len);
        memcpy(before, box->text, sizeof before);
        for (const char *key = screen_prompt.types->keys; *key; key++) {
            const uint64_t asked = own(&t)->ticket;
            press(t.b, (uint32_t)*key);
            assert_true(own(&t)->ticket > asked);
            settle(&t);
        }
        assert_string_equal(box->text, before);
    }
    end_world(&t);
}

/* Each change is named when it is taken back, and when it is done again. */
static void test_undo_names_the_change(void **state)
{
    (void)state;
    static const struct {
        const char *press, *named;
    } tries[] = {
        {"m", "token 22 't' masked"},
        {"mm", "token 22 't' shown again"},
        {"x", "'t' deleted"},
        {"\n\x05 q^", "'\xc2\xb7q' put in"},
        {":insert dog\n", "'dog' put in"},
        {":replace dog\n", "'dog' in place of 't'"},
        {":silence 5\n", "#5 silenced"},
        {":silence 5\n:silence 5\n", "no longer #5 silenced"},
        {":steer 5=2@3-\n", "#5 add +2.00 from 3"},
        {":steer 5=2\n:silence 7\nA", "no longer #5 add +2.00, #7 silenced"},
        {":ask a dog ran\n", "'a\xc2\xb7"
                             "dog\xc2\xb7ran' in place of"},
    };
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        struct world t = begin_world(80, 24);
        char text[120];
        settle(&t);
        keys(&t, tries[i].press);
        keys(&t, "u");
        snprintf(text, sizeof text, "undone: %s", tries[i].named);
        assert_says(t.b, text);
        press(t.b, KEY_CTRL('r'));
        snprintf(text, sizeof text, "done again: %s", tries[i].named);
        assert_says(t.b, text);
        end_world(&t);
    }
}

/* A token that masks or edits made unlikely stands where it was, though it is not among
 * the likeliest any more; what is explained unasked is the likeliest of now. */
static void test_next_tokens_that_fell(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    keys(&t, "a");
    const struct prompt_state *s = own(&t);
    const struct ask_answer *r = s->answer;
    struct ask_next *base = (struct ask_next *)(uintptr_t)(r->next + s->at * r->top);
    const struct ask_next *edited = r->next_after + s->at * r->top;
    int32_t fell = 'a'; /* one that is in neither list */
    for (size_t i = 0; i < r->top; i++) {
        if (edited[i].id == fell || base[i].id == fell) {
            fell++;
            i = (size_t)-1;
        }
    }
    base[0] = (struct ask_next){.id = fell, .logp = logf(.9F), .other = logf(.001F)};
    keys(&t, "\t\t");
    assert_int_equal(prompt_next_here(&t.b->a), fell);
    assert_true(on_screen(t.b, " 90 %   0.1 %"));
    keys(&t, "^");
    assert_int_equal(prompt_next_chosen(&t.b->a), edited[0].id);
    end_world(&t);
}

/* A text that came before the model is in sight and typed on in while all is loaded,
 * and what is waited for is said; then it is read as it stands. */
static void test_shown_while_loading(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    struct session_view *v = &t.b->v;
    const enum session_state was = v->state;
    const struct ask_subject *subject = v->subject;
    v->subject = NULL;
    v->state = SESSION_LOADING;
    snprintf(v->loading, sizeof v->loading, "reading the model");
    v->weights_ready = 120000000;
    v->weights_all = 379000000;
    screen_prompt.take_text(&t.b->a, "a dog ran", 9);
    tick(&t);
    assert_true(on_screen(t.b, "a dog ran"));
    assert_true(on_screen(t.b, "loading: reading the model (weights: 120 of 379 MB)"));
    press(t.b, KEY_ENTER_);
    type(t.b, " to");
    assert_true(on_screen(t.b, "a dog ran to"));
    press(t.b, KEY_ESC_);
    assert_true(on_screen(t.b, "a dog ran to"));
    v->state = was;
    tick(&t);
    assert_true(on_screen(t.b, "making ready the model ..."));
    assert_true(on_screen(t.b, "a dog ran to"));
    v->subject = subject;
    prompt_read_box(&t.b->a, v);
    app_view(&t.b->a, v, &t.b->c);
    assert_true(on_screen(t.b, "the model reads (weights: 120 of 379 MB)"));
    settle(&t);
    assert_false(on_screen(t.b, "the model reads"));
    assert_non_null(own(&t)->answer);
    assert_string_equal(own(&t)->box.text, "a dog ran to");
    end_world(&t);
}

/* Taking back all edits says which they were, and how they come back. */
static void test_taken_back_is_named(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    keys(&t, ":silence 5\n:steer 7=2\nA");
    assert_says(t.b, "taken back: #5 silenced, #7 add +2.00   (u brings it back)");
    keys(&t, ":silence 1\n:silence 2\n:silence 3\n:silence 4\nA");
    assert_says(t.b, "taken back: #1 silenced, #2 silenced, #3 silenced and 1 more");
    end_world(&t);
}

/* A why at 80 columns: the longest verdict is whole, as is how to read a part; what it
 * is of, where that is not the text alone, is in its title. */
static void test_why_is_whole(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    keys(&t, "W");
    assert_non_null(own(&t)->why);
    assert_false(on_screen(t.b, "edited: why"));
    own(&t)->why->ablated = 8;
    own(&t)->why->spearman = .36;
    app_view(&t.b->a, &t.b->v, &t.b->c);
    *app_focus(&t.b->a, &screen_prompt) = PROMPT_NEXT_PANE; /* more of it */
    app_view(&t.b->a, &t.b->v, &t.b->c);
    assert_true(on_screen(t.b, "unclear whether parts agree with"));
    assert_true(on_screen(t.b, "8 greatest)"));
    *app_focus(&t.b->a, &screen_prompt) = PROMPT_TEXT_PANE;
    app_view(&t.b->a, &t.b->v, &t.b->c);
    assert_true(on_screen(t.b, "latent @position") && on_screen(t.b, "SAE error @"));
    assert_true(on_screen(t.b, ": latents ") && on_screen(t.b, ", SAE error "));
    assert_true(on_screen(t.b, "sum complete, ")); /* of the sum */
    assert_true(list_visible(&own(&t)->next) >= 5);
    own(&t)->why->error = 2 * own(&t)->why->latents + 1;
    app_view(&t.b->a, &t.b->v, &t.b->c);
    assert_true(on_screen(t.b, "most of it is the SAE's error"));
    struct errinfo e; /* with room all of it is said */
    assert_ok(canvas_resize(&t.b->c, 120, 36, &e), &e);
    app_update(&t.b->a, &t.b->v,
               &(struct event){.kind = EVENT_RESIZE, .w = 120, .h = 36});
    app_view(&t.b->a, &t.b->v, &t.b->c);
    assert_true(on_screen(t.b, "greatest)") && on_screen(t.b, "the rest stays"));
    keys(&t, "W");
    assert_int_equal(own(&t)->side, PROMPT_NEXT);
    keys(&t, ":silence 5\nW");
    assert_true(on_screen(t.b, "edited: why"));
    keys(&t, "Am");
    assert_int_equal(own(&t)->row.edits.n, 0);
    keys(&t, "W");
    assert_true(on_screen(t.b, "edited: why"));
    end_world(&t);
}

/* An edit at a token goes with it, and that is said; what a line of 80 columns does not
 * hold of a token is left out, not cut; asking anew is said. */
static void test_nothing_goes_unsaid(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    keys(&t, ":steer 7=2@22-\n:silence 5\nx");
    assert_says(t.b, "gone with the token: #7 add +2.00 from 22");
    assert_int_equal(own(&t)->row.edits.n, 1);
    keys(&t, "um");
    assert_true(on_screen(t.b, "token 21 of 22, masked  rank "));
    struct ask_token *k = &own(&t)->answer->token[21];
    for (k->rank = 1; k->rank < 100000; k->rank *= 10) {
        k->rank_after = k->rank;
        app_view(&t.b->a, &t.b->v, &t.b->c);
        assert_false(on_screen(t.b, "SAE\xe2\x80\xa6") ||
                     on_screen(t.b, "error\xe2\x80\xa6"));
        assert_true(on_screen(t.b, "latents "));
    }
    press(t.b, 'R');
    assert_says(t.b, "asking the SAE as of step 900");
    give_subject(&t);
    settle(&t);
    end_world(&t);
}

/* The role of the cell where a text stands on the screen. */
static enum role role_at(const struct world *t, const char *text)
{
    const struct canvas *c = &t->b->c;
    const int n = (int)strlen(text);
    for (int i = 0; i + n <= c->w * c->h; i++) {
        int k = 0;
        while (k < n && c->cell[i + k].cp == (uint32_t)(unsigned char)text[k]) {
            k++;
        }
        if (k == n) {
            return (enum role)c->cell[i].role;
        }
    }
    return ROLE_COUNT;
}

/* A new text is asked of the SAE as it is now, if the one asked lags by more than a
 * quarter of the steps; nothing that is compared shifts. */
static void test_new_text_renews(void **state)
{
    (void)state;
    static const char stale[] = "A as of step 900, now 1,201: R renews";
    struct world t = begin_world(120, 36);
    struct session_view *v = &t.b->v;
    settle(&t);
    v->state = SESSION_TRAINING;
    v->step = 1200; /* not yet */
    keys(&t, "\n^P");
    no_command(t.b);
    assert_int_equal(role_at(&t, "A as of step"), ROLE_TEXT);
    v->step = 1201;
    tick(&t);
    no_command(t.b); /* the text stands as it was */
    assert_true(on_screen(t.b, stale));
    assert_int_equal(role_at(&t, "A as of step"), ROLE_WARN);
    static const char *const news[] = {"\n", "P", ":ask a dog\n", "4", "|", "m", "a"};
    for (size_t i = 0; i < sizeof news / sizeof news[0]; i++) {
        const bool holds = i > 3;
        keys(&t, news[i]);
        if (i == 3) { /* another screen, and back */
            t.b->a.n_commands = 0;
            keys(&t, "5");
        } else if (holds) {
            keys(&t, "\nx^");
        }
        if (holds) {
            no_command(t.b);
            assert_true(on_screen(t.b, stale));
            keys(&t, i == 4 ? "|P" : "u");
            t.b->a.n_commands = 0;
            keys(&t, "u");
            continue;
        }
        v->subject_busy = true;
        tick(&t);
        assert_true(on_screen(t.b, "A as of step 900, now 1,201, renewing ..."));
        v->subject_busy = false;
        v->subject_step = 1201;
        give_subject(&t);
        settle(&t);
        assert_int_equal(own(&t)->subject_step, 1201);
        assert_true(on_screen(t.b, "A as of step 1,201  #") || own(&t)->typing);
        keys(&t, own(&t)->typing ? "^" : "");
        v->subject_step = own(&t)->subject_step = 900;
    }
    end_world(&t);
}

/* Undo names what of the layout changed; the help has the pin under words for it; what
 * a list does not have is told from 0; a heading does not run into the next. */
static void test_names_and_words(void **state)
{
    (void)state;
    static const char *const sought[] = {"side", "compare", "another", "two prompts",
                                         "second"};
    struct world t = begin_world(80, 24);
    settle(&t);
    keys(&t, "fu");
    assert_says(t.b, "undone: a change of the layout of Prompt (the list: prompt in "
                     "place of here)   (Ctrl-R does it again)");
    keys(&t, "du");
    assert_true(strstr(t.b->a.message, "(dense latents left out)") != NULL);
    keys(&t, "|x");
    const struct prompt_state *s = own(&t);
    const struct ask_answer *r = s->answer, *p = s->pinned;
    int32_t gone = 'a'; /* one that is in neither list */
    for (size_t i = 0; i < r->top; i++) {
        if (r->next[s->at * r->top + i].id == gone ||
            p->next[s->at * p->top + i].id == gone) {
            gone++;
            i = (size_t)-1;
        }
    }
    struct ask_next *first = (struct ask_next *)(uintptr_t)(p->next + s->at * p->top);
    *first = (struct ask_next){.id = gone, .logp = logf(.9F)};
    app_view(&t.b->a, &t.b->v, &t.b->c);
    assert_true(on_screen(t.b, "below: not in its top 20"));
    keys(&t, "u|:silence 5\n:steer 7=2\nE");
    settle(&t);
    assert_true(on_screen(t.b, "% points"));
    assert_false(on_screen(t.b, "tokensedited"));
    end_world(&t);
    t = begin_world(200, 60);
    for (size_t i = 0; i < sizeof sought / sizeof sought[0]; i++) {
        help_open(&t.b->a, &t.b->v, sought[i]);
        app_view(&t.b->a, &t.b->v, &t.b->c);
        assert_true(on_screen(t.b, "pin the prompt: type another"));
        press(t.b, KEY_ESC_);
        press(t.b, KEY_ESC_);
    }
    end_world(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_for_the_answer),
        cmocka_unit_test(test_typed_for_the_bench),
        cmocka_unit_test(test_undo_names_the_change),
        cmocka_unit_test(test_next_tokens_that_fell),
        cmocka_unit_test(test_taken_back_is_named),
        cmocka_unit_test(test_why_is_whole),
        cmocka_unit_test(test_nothing_goes_unsaid),
        cmocka_unit_test(test_shown_while_loading),
        cmocka_unit_test(test_new_text_renews),
        cmocka_unit_test(test_names_and_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
