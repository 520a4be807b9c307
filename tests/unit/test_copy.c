/* Keys of two: what may follow is listed after a pause. What is copied: on each screen
 * what is under the cursor, printable and no longer than a terminal takes, in a
 * sequence that holds nothing else. */
#include "prompt_world.h"
#include "pty.h"
#include "ui/copy.h"
#include "ui/screens/concepts_priv.h"
#include "ui/screens/detail_priv.h"
#include "ui/screens/runs_priv.h"
#include "ui/term.h"
#include "ui_bench.h"
#include "ui_runs.h"

#include <locale.h>

static void pause_keys(struct bench *b)
{
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_PAUSE});
    app_view(&b->a, &b->v, &b->c);
}

/* ---- keys of two ---- */

static void test_which(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "3");
    pause_keys(b); /* with no key before it, nothing */
    assert_false(b->a.which);
    type(b, "Y");
    assert_true(on_screen(b, " Y …"));
    assert_false(on_screen(b, "Y, then"));
    pause_keys(b);
    assert_true(on_screen(b, "Y, then"));
    assert_true(on_screen(b, "copy this screen as text"));
    press(b, KEY_ESC_); /* closes it, and leads nowhere else */
    assert_false(on_screen(b, "Y, then"));
    assert_string_equal(b->a.screen->name, "latents");
    assert_int_equal(b->a.n_requests, 0);
    type(b, "Yq"); /* nothing: and not what q alone does */
    assert_string_equal(b->a.screen->name, "latents");
    assert_true(b->a.message_bad && strstr(b->a.message, "Y q does nothing"));
    type(b, "Y");
    press(b, KEY_F1_); /* helps, as ever */
    assert_true(b->a.help.open && !b->a.after);
    press(b, KEY_F1_);
    type(b, "Yr"); /* the run has no directory yet */
    assert_true(strstr(b->a.message, "there is no run's directory yet"));
    bench_free(b);
}

/* A line of the window is clicked as a hint is. */
static void test_which_by_mouse(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "3Y");
    pause_keys(b);
    struct rect line = {0};
    for (size_t i = 0; i < b->a.n_hits; i++) {
        const struct hit *h = &b->a.hit[i];
        if (h->kind == HIT_HINT &&
            !strcmp(keymap_at(b->a.screens, (size_t)h->a)->preset, "screen")) {
            line = h->r;
        }
    }
    assert_true(line.w > 0);
    mouse(b, MOUSE_PRESS, line.x + 1, line.y);
    assert_int_equal(b->a.n_requests, 1);
    assert_int_equal(b->a.request[0].kind, REQUEST_COPY_SHOT);
    assert_false(b->a.after || b->a.which);
    bench_free(b);
}

/* ---- what is copied ---- */

static const char *copied(struct bench *b)
{
    assert_int_equal(b->a.n_requests, 1);
    assert_int_equal(b->a.request[0].kind, REQUEST_COPY);
    b->a.n_requests = 0;
    return b->a.copied.text;
}

static void test_screens(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    sample_runs(&b->a);
    type(b, "1YY");
    assert_true(strncmp(copied(b), "loss A ", 7) == 0);
    type(b, "hYY");
    assert_true(strncmp(copied(b), "loss @", 6) == 0);
    press(b, KEY_ESC_);
    type(b, "2jYY");
    assert_string_equal(copied(b), sample_concept[concepts_own(&b->a)->at]);
    type(b, "\tYY");
    assert_string_equal(b->a.copied.what, "word");
    b->a.n_requests = 0;
    type(b, ":latent 42\nYY");
    assert_string_equal(b->a.copied.what, "context");
    assert_true(strlen(copied(b)) > 20);
    type(b, "3:latent 42\n3YY");
    assert_string_equal(copied(b), "42");
    type(b, "6YY");
    assert_true(strstr(copied(b), ", difference ") != NULL);
    type(b, "9:find gemma\n");
    b->a.n_requests = 0;
    type(b, "YY");
    assert_string_equal(copied(b), SAMPLE_FOLDER "/gemma-scope");
    runs_view_deinit(&b->a.runs);
    bench_free(b);
}

/* In Detail: the row under the cursor of what the latent goes with. */
static void test_near(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    struct near_row row[NEAR_ROWS];
    char latent[16];
    type(b, "3:latent 42\n=jj");
    assert_true(near_rows(&b->a, &b->v, row) > 2);
    snprintf(latent, sizeof latent, "%d", row[2].latent);
    b->a.n_requests = 0;
    type(b, "YY");
    assert_string_equal(b->a.copied.what, "latent");
    assert_string_equal(copied(b), latent);
    bench_free(b);
}

/* In Prompt, at the right: the token that may come next, the latent of a why, the token
 * whose share or loss changes. */
static void test_prompt(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    const struct names *names = &t.b->v.names;
    settle(&t);
    type(t.b, ":steer 3=clamp:2\n");
    settle(&t);
    *app_focus(&t.b->a, &screen_prompt) = PROMPT_NEXT_PANE;
    keys(&t, "j");
    const struct prompt_state *s = own(&t);
    const struct ask_answer *r = s->answer;
    const struct ask_next *next = r->next_after + s->at * r->top;
    struct copied want;
    const char *piece = names_token(names, next[1].id);
    copy_take(&want, "token", piece, strlen(piece));
    t.b->a.n_requests = 0;
    type(t.b, "YY");
    assert_string_equal(copied(t.b), want.text);
    keys(&t, "\nj"); /* why */
    assert_true(s->side == PROMPT_WHY && s->why->n > 1);
    size_t at = 0;
    while (s->why->part[at].latent < 0) {
        at++;
    }
    list_go(&own(&t)->next, at);
    t.b->a.n_requests = 0;
    type(t.b, "YY");
    char latent[16];
    snprintf(latent, sizeof latent, "%d", s->why->part[at].latent);
    assert_string_equal(t.b->a.copied.what, "latent");
    assert_string_equal(copied(t.b), latent);
    keys(&t, "EG");
    assert_int_equal(s->side, PROMPT_EFFECT);
    piece = names_token(names, s->effect.found.worse[s->effect.found.n_worse - 1].id);
    copy_take(&want, "token", piece, strlen(piece));
    t.b->a.n_requests = 0;
    type(t.b, "YY");
    assert_string_equal(t.b->a.copied.what, "token");
    assert_string_equal(copied(t.b), want.text);
    end_world(&t);
}

static void test_hostile(void **state)
{
    (void)state;
    struct copied c;
    char told[300], big[3 * COPY_MAX];
    static const char bad[] = "a\x1b]52;c;eA==\x07\nb\x01\xff\xe2\x80\xae";
    copy_take(&c, "token", bad, sizeof bad - 1);
    assert_string_equal(c.text, "a\\x1b]52;c;eA==\\x07\nb\\x01\\xff\\u{202e}");
    assert_false(c.cut);
    copy_told(&c, told, sizeof told);
    assert_null(strchr(told, '\n'));
    memset(big, 'x', sizeof big);
    big[COPY_MAX - 1] = (char)0xC3; /* a letter across the end */
    big[COPY_MAX] = (char)0xA4;
    copy_take(&c, "context", big, sizeof big);
    assert_int_equal(strlen(c.text), COPY_MAX - 1);
    assert_true(c.cut);
    copy_told(&c, told, sizeof told);
    assert_non_null(strstr(told, "cut"));
    memset(big, '\x01', sizeof big); /* longer once it is made printable */
    copy_take(&c, "context", big, sizeof big);
    assert_true(strlen(c.text) <= COPY_MAX && c.cut);
}

/* What goes to the terminal, read at its other end: the sequence, whole, and nothing
 * of the text but in it. */
static void test_sequence(void **state)
{
    (void)state;
    static const char *const names[] = {"xterm-256color", "tmux-256color", "linux"};
    for (size_t i = 0; i < 3; i++) {
        struct pty p;
        struct errinfo e;
        struct term *t;
        char got[16384];
        pty_open(&p, 80, 24);
        const struct term_config cfg = {.tier = -1,
                                        .color = 1,
                                        .mouse = true,
                                        .term_name = names[i],
                                        .out_fd = p.slave,
                                        .in_fd = p.slave};
        assert_ok(term_open(&cfg, &t, NULL, &e), &e);
        const bool window = i < 2; /* a console has no clipboard */
        assert_int_equal(term_copy(t, "latent 42", 9), window);
        ssize_t n = 0;
        struct pollfd fd = {.fd = p.master, .events = POLLIN};
        if (poll(&fd, 1, window ? 5000 : 50) > 0) {
            n = read(p.master, got, sizeof got - 1);
        }
        got[n > 0 ? n : 0] = '\0';
        const char *at = strstr(got, "\033]52;c;bGF0ZW50IDQy\a");
        assert_int_equal(at != NULL, window);
        term_suspend(t);
        assert_false(term_copy(t, "latent 42", 9));
        (void)tcflush(p.slave, TCIOFLUSH);
        term_close(t);
        close(p.slave);
        close(p.master);
    }
}

static int setup(void **state)
{
    (void)state;
    return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which),    cmocka_unit_test(test_which_by_mouse),
        cmocka_unit_test(test_screens),  cmocka_unit_test(test_near),
        cmocka_unit_test(test_prompt),   cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_sequence),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
