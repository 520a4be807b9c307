/* Prompt: what keys do to a text, its masks and its latents, with a real model behind.
 */
#include "prompt_world.h"

#include <stdio.h>
#include <string.h>

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

/* Text that the program was given stands in place of the run's, at once or as soon as
 * the model is there; what a box cannot hold of it is said. */
static void test_begins_with_the_text_given(void **state)
{
    (void)state;
    static const char odd[] = "a\tdog\xff\r\n";
    struct world t = begin_world(80, 24);
    struct app *a = &t.b->a;
    struct ask_worker *w = t.b->v.asker;
    t.b->v.asker = NULL;
    screen_prompt.take_text(a, "a dog ran\n", 10);
    tick(&t);
    assert_null(own(&t)->row.ids);
    t.b->v.asker = w;
    settle(&t);
    assert_string_equal(own(&t)->box.text, "a dog ran\n");
    assert_non_null(own(&t)->answer);
    assert_string_equal(line_history_get(app_history(a, "prompt text"), 0),
                        "a dog ran\n");
    assert_string_equal(a->message, "");
    end_world(&t);
    t = begin_world(80, 24);
    a = &t.b->a;
    screen_prompt.take_text(a, odd, sizeof odd - 1);
    assert_string_equal(own(&t)->box.text, "a dog\n");
    assert_non_null(strstr(a->message, "not UTF-8 are left out"));
    char *much = calloc(1, TEXTBOX_CAP);
    memset(much, 'x', TEXTBOX_CAP);
    screen_prompt.take_text(a, much, TEXTBOX_CAP);
    assert_non_null(strstr(a->message, "holds 16383 bytes"));
    free(much);
    end_world(&t);
}

/* A context that comes from a latent leads to it, in any list. */
static void test_shows_the_latent(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    keys(&t, "f");
    assert_int_equal(own(&t)->list, PROMPT_WHOLE);
    const size_t n = own(&t)->row.n, last = own(&t)->rows.count - 1;
    assert_true(last > 1);
    const int32_t latent = own(&t)->entry[last].latent;
    int32_t ids[64];
    memcpy(ids, own(&t)->row.ids, n * sizeof *ids);
    prompt_show(&t.b->a, &t.b->v, ids, n, n - 1, latent);
    settle(&t);
    assert_int_equal(prompt_latent_here(&t.b->a), latent);
    end_world(&t);
}

/* What counts the token in front; leading blanks; no rows of no share; focus after a
 * text was written; the list after the pin is let go. */
static void test_says_what_it_shows(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    const struct prompt_state *s = own(&t);
    char text[64];
    assert_int_equal(s->row.first, 1);
    snprintf(text, sizeof text, "%zu tokens + %s", s->row.n - 1,
             names_token(&t.b->v.names, s->row.ids[0]));
    assert_true(on_screen(t.b, text));
    snprintf(text, sizeof text, "token %zu of %zu", s->at, s->row.n - 1);
    assert_true(on_screen(t.b, text));
    /* Of 20 tokens that may come the last are as good as impossible. */
    struct ask_next *next =
        (struct ask_next *)(uintptr_t)s->answer->next + s->at * s->answer->top;
    for (size_t i = 3; i < s->answer->top; i++) {
        next[i].logp = -30;
    }
    next[1].id = next[0].id;
    for (int32_t id = 0; (size_t)id < t.b->v.names.vocab; id++) {
        const char *with = names_token(&t.b->v.names, id);
        next[1].id = with[0] == ' ' && with[1] ? id : next[1].id;
    }
    app_view(&t.b->a, &t.b->v, &t.b->c);
    assert_false(on_screen(t.b, "0.0 %"));
    snprintf(text, sizeof text, "\xc2\xb7%s",
             names_token(&t.b->v.names, next[1].id) + 1);
    assert_true(on_screen(t.b, text));
    keys(&t, "w");
    press(t.b, KEY_ESC_);
    press(t.b, KEY_ENTER_);
    assert_true(s->typing);
    press(t.b, KEY_ESC_);
    settle(&t);
    keys(&t, "|");
    assert_int_equal(s->list, PROMPT_CHANGED);
    keys(&t, "|");
    assert_int_equal(s->list, PROMPT_HERE);
    end_world(&t);
}

/* Esc stays, however often it is pressed, so that what is typed then is no other
 * screen's keys, and says how to type and how to go; Enter has a hint. */
static void test_escape_stays(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    assert_true(on_screen(t.b, "Enter type"));
    keys(&t, "\n");
    assert_true(own(&t)->typing);
    keys(&t, "^");
    assert_false(own(&t)->typing);
    for (int i = 0; i < 3; i++) {
        keys(&t, "^");
        assert_ptr_equal(t.b->a.screen, &screen_prompt);
        assert_true(
            on_screen(t.b, "Enter types on in the text; q goes back to Latents"));
    }
    keys(&t, "\t");
    assert_true(on_screen(t.b, "Enter open"));
    keys(&t, "\t");
    assert_true(on_screen(t.b, "Enter why"));
    keys(&t, "^"); /* back to the text */
    assert_int_equal(*app_focus(&t.b->a, &screen_prompt), PROMPT_TEXT_PANE);
    assert_true(on_screen(t.b, "Enter type"));
    keys(&t, "q");
    assert_ptr_equal(t.b->a.screen, &screen_latents);
    end_world(&t);
}

/* A key that takes back what it did says so in its hint. */
static void test_hints_fit_the_prompt(void **state)
{
    (void)state;
    static const struct {
        const char *press, *gone, *there;
    } tries[] = {
        {"m", "m mask", "m unmask"},       {"m", "m unmask", "m mask"},
        {"a", "a silence", "a let speak"}, {"t", "a let speak", "t unsteer"},
        {"A", "t unsteer", "a silence"},   {"|", "| pin", "| unpin"},
        {"|", "| unpin", "| pin"},
    };
    struct world t = begin_world(200, 60);
    settle(&t);
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        keys(&t, tries[i].press);
        assert_false(on_screen(t.b, tries[i].gone));
        assert_true(on_screen(t.b, tries[i].there));
    }
    end_world(&t);
}

/* What the user silenced is told from what fell silent; what never fires is not "0x".
 */
static void test_fates_are_told_apart(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    struct prompt_state *s = own(&t);
    keys(&t, "af"); /* the whole prompt */
    s->entry[0].fires = 0;
    app_view(&t.b->a, &t.b->v, &t.b->c);
    assert_true(on_screen(t.b, " never "));
    assert_false(on_screen(t.b, " 0x "));
    keys(&t, "f");
    assert_int_equal(s->list, PROMPT_CHANGED);
    assert_int_equal(s->entry[0].latent, s->row.edits.at[0].latent);
    app_view(&t.b->a, &t.b->v, &t.b->c);
    assert_true(on_screen(t.b, "\xc3\x97#")); /* no figure before the number */
    assert_false(on_screen(t.b, "0#"));
    assert_true(on_screen(t.b, "\xc2\xb7 silenced: "));
    assert_false(on_screen(t.b, "fell silent"));
    s->row.edits.at[0].latent++;
    app_view(&t.b->a, &t.b->v, &t.b->c);
    assert_true(on_screen(t.b, "\xc2\xb7 fell silent: "));
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
    assert_true(on_screen(t.b, "insert: \xc2\xb7")); /* the space is seen */
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

/* Let a leaf category have these words alone, and every other leaf none that is a
 * token; what is no leaf has the first of them. Which one it is. */
static size_t only_words(struct world *t, const int32_t *ids, size_t n)
{
    struct session_view *v = &t->b->v;
    struct concept_table *c = (struct concept_table *)(uintptr_t)v->arm[0].concepts;
    size_t leaf = SIZE_MAX;
    for (size_t i = 0; i < c->n; i++) {
        const bool is = v->names.concept_kind[i] == CONCEPT_LEAF;
        const size_t words = c->word_start[i + 1] - c->word_start[i];
        const bool takes = is && words >= n; /* the last that has room */
        leaf = takes ? i : leaf;
        for (size_t k = 0; k < words; k++) {
            c->word[c->word_start[i] + k].token = is ? -1 : ids[0];
        }
    }
    assert_true(leaf != SIZE_MAX && leaf > 0);
    for (size_t k = 0; k < n; k++) {
        c->word[c->word_start[leaf] + k].token = ids[k];
    }
    c->word_start[leaf + 1] = c->word_start[leaf] + n;
    return leaf;
}

/* r puts the next word of the token's category in its place, after the last the first.
 */
static void test_replaces_in_its_category(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    const struct prompt_state *s = own(&t);
    settle(&t);
    char text[64];
    const size_t at = s->at, n = s->row.n;
    int32_t words[3] = {s->row.ids[at]};
    assert_true(s->row.ids[at - 1] != words[0]);
    for (int32_t id = 0, k = 1; k < 3; id++) { /* two that the text has not */
        bool has = names_is_special(&t.b->v.names, id);
        for (size_t i = 0; i < n; i++) {
            has = has || s->row.ids[i] == id;
        }
        words[k] = id;
        k += has ? 0 : 1;
    }
    const size_t leaf = only_words(&t, words, 3);
    for (size_t i = 1; i <= 3; i++) {
        keys(&t, "r");
        assert_int_equal(s->row.ids[at], words[i % 3]);
        assert_int_equal(s->row.n, n);
        assert_int_equal(s->answer->token[at].id, words[i % 3]);
        snprintf(text, sizeof text, "another word of the category %s",
                 t.b->v.names.concept_name[leaf]);
        assert_true(on_screen(t.b, text));
    }
    keys(&t, "h"); /* a word of none */
    const int32_t here = s->row.ids[s->at];
    keys(&t, "r");
    assert_true(on_screen(t.b, "not a word of a category"));
    assert_int_equal(s->row.ids[s->at], here);
    const struct concept_table *was = t.b->v.arm[0].concepts;
    t.b->v.arm[0].concepts = NULL;
    keys(&t, "r");
    assert_true(on_screen(t.b, "no categories yet"));
    t.b->v.arm[0].concepts = was;
    end_world(&t);
}

/* The digit that stands under a token; ' ': none. */
static uint32_t digit_under(const struct world *t, size_t token)
{
    const struct rect r = hit_of(t->b, HIT_CELL, (int)token);
    const struct cell *c = &t->b->c.cell[(r.y + 1) * t->b->c.w + r.x];
    return c[0].cp == ' ' && r.w > 1 ? c[1].cp : c[0].cp;
}

static uint32_t digit_of(double nats)
{
    const double tenths = floor(nats / 5 * 10);
    return !(nats > 0) ? ' ' : '0' + (uint32_t)(tenths < 9 ? tenths : 9);
}

/* Digits are surprise, -ln of the share that the token had, or the KL by masks and
 * edits: of 5 nats a tenth each, 9 for 4.5 and more. */
static void test_digits(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    const struct prompt_state *s = own(&t);
    settle(&t);
    keys(&t, "D");
    assert_int_equal(s->digits, DIGITS_SURPRISE);
    assert_true(on_screen(t.b, "digits: surprise, 9 for 4.5 nats up"));
    assert_int_equal(digit_under(&t, 0), ' '); /* nothing foretold BOS */
    struct ask_token *token = (struct ask_token *)(uintptr_t)s->answer->token;
    token[2].logp = -2.6F;
    token[3].logp = -.1F;
    app_view(&t.b->a, &t.b->v, &t.b->c);
    assert_int_equal(digit_under(&t, 2), '5');
    assert_int_equal(digit_under(&t, 3), '0');
    size_t large = 0;
    for (size_t i = 1; i < s->row.n; i++) {
        assert_int_equal(digit_under(&t, i), digit_of(-(double)token[i].logp));
        large += digit_under(&t, i) == '9' ? 1U : 0U;
    }
    assert_true(large > 0);
    keys(&t, "D");
    assert_true(on_screen(t.b, "nothing is masked or edited"));
    for (size_t i = 0; i < s->row.n; i++) {
        assert_int_equal(digit_under(&t, i), ' ');
    }
    type(t.b, ":steer 3=add:40@2\n");
    settle(&t);
    assert_true(on_screen(t.b, "digits: KL, 9 for 4.5 nats up"));
    size_t moved = 0;
    for (size_t i = 0; i < s->row.n; i++) {
        assert_int_equal(digit_under(&t, i), digit_of((double)s->answer->token[i].kl));
        moved += s->answer->token[i].kl > 0 ? 1U : 0U;
    }
    assert_true(moved > 0 && digit_under(&t, 1) == ' '); /* before the edit */
    type(t.b, ":digits surprise\n"); /* of the token with the edit */
    for (size_t i = 1; i < s->row.n; i++) {
        assert_int_equal(digit_under(&t, i),
                         digit_of(-(double)s->answer->token[i].logp_after));
    }
    type(t.b, ":digits all\n");
    assert_true(on_screen(t.b, "digits: expected heat, surprise or kl"));
    end_world(&t);
}

/* An SAE as of now is asked for even while one is on its way: after it. */
static void test_renews(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    no_command(t.b);
    assert_true(on_screen(t.b, "A as of step 900  #"));
    t.b->v.step = 2000;
    tick(&t);
    assert_true(on_screen(t.b, "A as of step 900, now 2,000: R renews  #"));
    press(t.b, 'R');
    assert_int_equal(one_command(t.b, COMMAND_SUBJECT).arm, 0);
    tick(&t);
    no_command(t.b);
    t.b->v.subject_busy = true;
    press(t.b, 'R');
    no_command(t.b);
    t.b->v.subject_busy = false;
    tick(&t);
    assert_int_equal(one_command(t.b, COMMAND_SUBJECT).arm, 0);
    tick(&t);
    no_command(t.b);
    end_world(&t);
}

/* A text that comes before the first one, from Detail: there is nothing to go back to.
 */
static void test_first_text_is_no_step(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    prompt_set_text(&t.b->a, &t.b->v, "a dog ran");
    assert_int_equal(t.b->a.undo.done, 0);
    settle(&t);
    assert_string_equal(own(&t)->box.text, "a dog ran");
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
    for (int i = 0; i <= PROMPT_KEPT; i++) { /* nor do these take places of steps */
        type(t.b, "\n");
        press(t.b, KEY_ESC_);
    }
    keys(&t, "u");
    assert_false(own(&t)->row.masked[own(&t)->row.n - 1]);
    press(t.b, KEY_CTRL('r'));
    settle(&t);
    assert_true(own(&t)->row.masked[own(&t)->row.n - 1]);
    keys(&t, "\n\x05 mq"); /* typing stands open: a text comes from elsewhere */
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

/* What a change of tokens changed stands there at once, latents and next tokens beside
 * those of the row before, with edits too, until another list is chosen, something is
 * typed or the next change. */
static void test_tells_what_changed(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    const struct prompt_state *s = own(&t);
    settle(&t);
    type(t.b, ":steer 3=add:9\n");
    settle(&t);
    assert_true(on_screen(t.b, "base edited"));
    size_t seen = 0;
    const char *const tries[] = {"x", ":replace dog\n", ":insert cat\n"};
    for (size_t i = 0; i < 3; i++) {
        type(t.b, "h");
        assert_int_equal(prompt_list_now(s), PROMPT_HERE);
        struct ask_answer *was = ask_answer_ref(s->answer);
        type(t.b, tries[i]);
        settle(&t);
        assert_ptr_equal(prompt_compared(s), was);
        assert_true(on_screen(t.b, i ? "what changed in the whole prompt"
                                     : "what changed at this token"));
        assert_true(on_screen(t.b, "latent before    now"));
        assert_true(on_screen(t.b, "before    now"));
        /* The likeliest token now, and the share that it had in the row before. */
        const struct ask_next *n = &s->answer->next_after[s->at * s->answer->top];
        const int32_t at = prompt_place_in(s, was, s->at);
        for (size_t k = 0; at >= 0 && k < was->top; k++) {
            const struct ask_next *b = &was->next_after[(size_t)at * was->top + k];
            char before[24], now[24], both[64];
            if (b->id == n->id) {
                prompt_share(before, sizeof before, (double)b->logp);
                prompt_share(now, sizeof now, (double)n->logp);
                snprintf(both, sizeof both, "%7s%8s", before, now);
                assert_true(on_screen(t.b, both));
                seen++;
            }
        }
        ask_answer_unref(was);
        keys(&t, i == 0 ? "f" : i == 1 ? "\n^" : "u");
        assert_int_equal(prompt_list_now(s), PROMPT_HERE);
        assert_false(on_screen(t.b, "before    now"));
    }
    assert_true(seen > 0);
    /* One step takes it back. */
    const size_t n = s->row.n;
    keys(&t, "xu");
    assert_int_equal(s->row.n, n);
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
    keys(&t, "G");
    /* Both end alike, so their last tokens stand for each other, and what may follow
     * stands side by side; tokens put in between have none. */
    assert_true(on_screen(t.b, "pinned    now"));
    assert_int_equal(prompt_place_in(own(&t), pinned, own(&t)->row.n - 1),
                     pinned->T - 1);
    assert_int_equal(prompt_place_in(own(&t), pinned, 0), 0);
    size_t put = 0;
    for (size_t i = 0; i < own(&t)->row.n; i++) {
        put += prompt_place_in(own(&t), pinned, i) < 0 ? 1U : 0U;
    }
    assert_int_equal(put, own(&t)->row.n - pinned->T);
    keys(&t, "|");
    assert_null(own(&t)->pinned);
    end_world(&t);
}

/* An answer to what stood a moment ago is not taken for one to what stands. */
static void test_older_answer(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    for (int i = 0; i < 4; i++) {
        press(t.b, 'x');
        assert_int_equal(own(&t)->changed, own(&t)->shown != own(&t)->ticket);
        while (ask_worker_outstanding(t.b->v.asker) > 0) {
            sched_yield();
        }
    }
    settle(&t);
    assert_false(own(&t)->changed);
    end_world(&t);
}

/* A file of a model with all that begins or ends a text named otherwise. */
static void copy_nameless(const char *dir, const char *name)
{
    char path[512], from[600];
    (void)snprintf(from, sizeof from, "%s/models/gpt2/%s", getenv("SAETOP_FIXTURES"),
                   name);
    FILE *in = fopen(from, "rb"), *out = fopen(tmp_path(path, dir, name), "wb");
    assert_true(in && out);
    char *bytes = test_calloc(1, 1 << 20);
    const size_t n = fread(bytes, 1, 1 << 20, in);
    for (size_t i = 0; i + 3 <= n; i++) {
        if (!memcmp(bytes + i, "bos", 3) || !memcmp(bytes + i, "eos", 3)) {
            bytes[i] = 'x';
        }
    }
    assert_int_equal(fwrite(bytes, 1, n, out), n);
    test_free(bytes);
    (void)fclose(in);
    assert_int_equal(fclose(out), 0);
}

/* What cannot be read is said as long as it stands in the box. */
static void test_unread(void **state)
{
    (void)state;
    struct errinfo e;
    struct lm *m = NULL;
    char dir[256];
    tmp_make(dir, sizeof dir);
    copy_nameless(dir, "config.json");
    copy_nameless(dir, "model.safetensors"); /* has no such bytes */
    copy_nameless(dir, "tokenizer.json");
    assert_ok(lm_load(dir, &m, &e), &e);
    tmp_drop(dir);
    struct world t = begin_world_of(m, 80, 24);
    settle(&t);
    const size_t n = own(&t)->row.n;
    assert_int_equal(own(&t)->row.first, 0);
    keys(&t, "\n");
    press(t.b, KEY_CTRL('u'));
    settle(&t);
    settle(&t);
    assert_true(on_screen(t.b, "found nothing, expected text"));
    assert_int_equal(own(&t)->row.n, n);
    keys(&t, "cat");
    assert_false(on_screen(t.b, "found nothing, expected text"));
    end_world(&t);
}

/* Dense latents that are left out are no change of the prompt. */
static void test_dense_and_pinned(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    struct ask_subject *s = (struct ask_subject *)(uintptr_t)t.b->v.subject;
    s->table = latent_table_ref((struct latent_table *)(uintptr_t)t.b->v.arm[0].table);
    for (size_t j = 0; j < ASK_F; j++) {
        s->table->row[j].density = .01;
    }
    settle(&t);
    s->table->row[own(&t)->entry[0].latent].density = .5;
    keys(&t, "|d");
    assert_int_equal(own(&t)->rows.count, 3);
    for (size_t i = 0; i < own(&t)->rows.count; i++) {
        assert_int_equal(own(&t)->entry[i].fate, ASK_STAYED);
    }
    keys(&t, "d");
    assert_int_equal(own(&t)->rows.count, 4);
    keys(&t, "|fd"); /* of the whole prompt */
    const size_t fewer = own(&t)->rows.count;
    keys(&t, "u");
    assert_true(own(&t)->rows.count == fewer + 1);
    end_world(&t);
}

static const struct finder_item *found(const struct world *t, const char *kind,
                                       size_t n)
{
    const struct finder_state *f = &t->b->a.finder;
    for (size_t i = 0; i < f->n; i++) {
        if (!strcmp(f->item[i].kind, kind) && n-- == 0) {
            return &f->item[i];
        }
    }
    return NULL;
}

/* Lists that were cut short say by how much, and lead to what they left out. */
static void test_more_in_the_finder(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    press(t.b, KEY_CTRL('p'));
    const struct ask_answer *r = own(&t)->answer;
    assert_null(found(&t, "here", 4)); /* TopK of 4: all of them */
    size_t more = r->n_peaks - 4 - 5;
    char text[32];
    snprintf(text, sizeof text, "%zu more", more);
    assert_string_equal(found(&t, "prompt", 5)->text, text);
    assert_null(found(&t, "prompt", 6));
    assert_true(on_screen(t.b, text) && on_screen(t.b, "leads to a longer list"));
    while (t.b->a.finder.list.cursor < t.b->a.finder.n &&
           !t.b->a.finder.item[t.b->a.finder.list.cursor].leads_on) {
        press(t.b, KEY_DOWN_);
    }
    press(t.b, KEY_ENTER_);
    assert_true(t.b->a.finder.open);
    assert_string_equal(t.b->a.finder.line.text, "prompt");
    assert_int_equal(t.b->a.finder.n_recent, 0);
    for (size_t i = 0; i < r->n_peaks; i++) {
        assert_non_null(found(&t, "prompt", i));
        assert_false(found(&t, "prompt", i)->leads_on);
    }
    end_world(&t);
}

/* The finder has the latents of the prompt as answered, without asking the model: those
 * of the token under the cursor, and of all of it; unasked, by a word, and narrowed. */
static void test_in_the_finder(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    char command[32];
    press(t.b, KEY_CTRL('p'));
    assert_null(found(&t, "here", 0)); /* nothing was answered */
    type(t.b, "zzzqqq");
    assert_true(on_screen(t.b, "once it was answered"));
    press(t.b, KEY_CTRL('u'));
    settle(&t);
    assert_non_null(found(&t, "here", 0)); /* it came while the finder was open */
    press(t.b, KEY_ESC_);
    const struct ask_answer *r = own(&t)->answer;
    const size_t first = r->start[own(&t)->at];
    const uint64_t asked = own(&t)->ticket;
    press(t.b, KEY_CTRL('p'));
    assert_true(on_screen(t.b, "what fires in Prompt"));
    for (size_t i = 0; i < 3; i++) {
        snprintf(command, sizeof command, "latent %d", r->fire[first + i].latent);
        assert_string_equal(found(&t, "here", i)->command, command);
    }
    assert_non_null(found(&t, "prompt", 0));
    for (size_t i = 0; i < t.b->a.finder.n; i++) { /* each latent once */
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(t.b->a.finder.item[i].command,
                                    t.b->a.finder.item[j].command);
        }
    }
    type(t.b, "here");
    assert_false(on_screen(t.b, "what fires in Prompt"));
    assert_string_equal(t.b->a.finder.item[0].kind, "here");
    assert_null(found(&t, "prompt", 0));
    press(t.b, KEY_CTRL('u'));
    type(t.b, "which latents fire in the prompt");
    assert_null(found(&t, "here", 0));
    for (size_t i = 0; i < 9; i++) { /* more than unasked */
        snprintf(command, sizeof command, "latent %d", r->peak[i].latent);
        assert_string_equal(found(&t, "prompt", i)->command, command);
    }
    press(t.b, KEY_CTRL('u'));
    snprintf(command, sizeof command, "prompt #%d", r->peak[2].latent);
    type(t.b, command);
    assert_string_equal(found(&t, "prompt", 0)->command + 7, command + 8);
    press(t.b, KEY_CTRL('u'));
    type(t.b, "here banana");
    assert_null(found(&t, "here", 0));
    press(t.b, KEY_CTRL('u'));
    type(t.b, "here contetx"); /* of that kind, spelt nearly so */
    assert_string_equal(found(&t, "here", 0)->near, "context");
    press(t.b, KEY_CTRL('u'));
    type(t.b, "here");
    assert_int_equal(own(&t)->ticket, asked);
    assert_int_equal(ask_worker_outstanding(t.b->v.asker), 0);
    t.b->a.n_commands = 0;
    press(t.b, KEY_ENTER_);
    assert_ptr_equal(t.b->a.screen, &screen_detail);
    assert_int_equal(detail_of(&t.b->a)->latent, r->fire[first].latent);
    /* Of the other condition nothing was answered. */
    t.b->a.n_commands = 0;
    press(t.b, 'v');
    press(t.b, KEY_CTRL('p'));
    assert_null(found(&t, "here", 0));
    end_world(&t);
}

/* A click on the latent that is chosen already opens it, as in other lists. */
static void test_click_opens(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    const struct rect row = hit_of(t.b, HIT_LATENT_ROW, 1);
    mouse(t.b, MOUSE_PRESS, row.x, row.y);
    assert_ptr_equal(t.b->a.screen, &screen_prompt);
    const int32_t latent = own(&t)->entry[1].latent;
    assert_int_equal(prompt_latent_here(&t.b->a), latent);
    t.b->a.n_commands = 0;
    mouse(t.b, MOUSE_DOUBLE, row.x, row.y);
    assert_ptr_equal(t.b->a.screen, &screen_detail);
    assert_int_equal(t.b->a.command[t.b->a.n_commands - 1].latent, latent);
    end_world(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begins_with_a_text),
        cmocka_unit_test(test_begins_with_the_text_given),
        cmocka_unit_test(test_shows_the_latent),
        cmocka_unit_test(test_says_what_it_shows),
        cmocka_unit_test(test_escape_stays),
        cmocka_unit_test(test_hints_fit_the_prompt),
        cmocka_unit_test(test_fates_are_told_apart),
        cmocka_unit_test(test_masks_and_undo),
        cmocka_unit_test(test_tokens_change),
        cmocka_unit_test(test_replaces_in_its_category),
        cmocka_unit_test(test_digits),
        cmocka_unit_test(test_renews),
        cmocka_unit_test(test_first_text_is_no_step),
        cmocka_unit_test(test_steps_of_typing),
        cmocka_unit_test(test_tells_what_changed),
        cmocka_unit_test(test_pinned),
        cmocka_unit_test(test_older_answer),
        cmocka_unit_test(test_unread),
        cmocka_unit_test(test_dense_and_pinned),
        cmocka_unit_test(test_more_in_the_finder),
        cmocka_unit_test(test_in_the_finder),
        cmocka_unit_test(test_click_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
