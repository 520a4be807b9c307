/* The explorer without a terminal: help, Esc, sizes, mouse, the command line. */
#include "ui/help.h"
#include "ui/term.h"
#include "ui_bench.h"

/* ---- help, Esc, small sizes ---- */

static void test_help_runs_entries(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    press(b, '?');
    assert_true(b->a.help.open);
    assert_true(on_screen(b, "this screen: Train"));
    assert_true(on_screen(b, "there is a twin already"));
    type(b, "/absorption?\n");
    assert_true(on_screen(b, "what is absorption?"));
    press(b, KEY_ESC_); /* the filter goes first */
    assert_true(b->a.help.open);
    type(b, "/transcoder\n");
    assert_true(
        on_screen(b, "which hooks are there, and which does a transcoder read?"));
    press(b, KEY_ESC_);
    press(b, 'j'); /* from the head to the first key: pause */
    press(b, KEY_ENTER_);
    assert_false(b->a.help.open);
    one_command(b, COMMAND_PAUSE);
    type(b, "?/:extend\nj\n");
    assert_ptr_equal(b->a.prompt, &prompt_command);
    assert_string_equal(b->a.line.text, "extend ");
    press(b, KEY_ESC_);
    type(b, ":help masking\n");
    assert_true(on_screen(b, "masking"));
    press(b, 'G');
    press(b, 'g');
    press(b, 'q');
    assert_false(b->a.help.open);
    bench_free(b);
}

/* Events and messages that their box and line cut can be read whole in a list. */
static void test_events_and_messages_whole(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    sample_event(&b->v, 700, 'B', "note",
                 "a note that is far too long for a row of the box of events, so that "
                 "only a list can show how it ends: like this");
    press(b, 'E');
    assert_true(on_screen(b, "how it ends: like this"));
    assert_true(on_screen(b, "700  B note"));
    assert_true(on_screen(b, "500 AB lr")); /* of both arms: once */
    type(b, "/lr\n");
    assert_false(on_screen(b, "like this"));
    press(b, KEY_ENTER_); /* the cursor goes to the event */
    assert_false(b->a.help.open);
    assert_float_equal(train_of(&b->a)->cursor, 500, 1e-9);
    type(b, ":set theme pink\n");
    sample_say(&b->v, false, "the session's own words");
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    press(b, 'M');
    assert_true(on_screen(b, "mouse on|off or smooth"));
    assert_true(on_screen(b, "the session's own words"));
    press(b, KEY_ESC_);
    for (int i = 0; i < 200; i++) { /* the list keeps the last ones */
        char line[40];
        snprintf(line, sizeof line, ":nonsense%d\n", i);
        type(b, line);
    }
    press(b, 'M');
    assert_true(on_screen(b, "nonsense199"));
    press(b, 'G');
    assert_true(on_screen(b, "nonsense136"));
    assert_false(on_screen(b, "nonsense135"));
    bench_free(b);
}

/* A topic that is called what is looked for comes before keys that only mention it. */
static void test_help_titles_first(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    type(b, "?/mask\n");
    assert_true(on_screen(b, "what is masking?"));
    type(b, "/m\n"); /* a key */
    assert_true(on_screen(b, "this screen: Train"));
    assert_false(on_screen(b, "what is masking?"));
    bench_free(b);
}

/* The help explains signs that screens show without words. */
static void test_help_knows_signs(void **state)
{
    (void)state;
    static const char *const signs[] = {"nats",
                                        "log\xcf\x81",
                                        "tok/s",
                                        "RSS",
                                        "\xce\x94loss",
                                        "\xc2\xb1",
                                        "\xe2\x96\xb2",
                                        "\xe2\x96\xbc",
                                        "\xe2\x96\xbe",
                                        "\xe2\x96\xb4",
                                        "\xcf\x81",
                                        "absorb",
                                        "F1"};
    struct bench *b = bench_new(80, 24, 2);
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        help_open(&b->a, &b->v, signs[i]);
        if (!b->a.help.list.count) {
            fail_msg("help does not know %s", signs[i]);
        }
    }
    bench_free(b);
}

/* No line of help ends in an ellipsis, at any width of a full screen. */
static void test_help_is_whole(void **state)
{
    (void)state;
    static const int widths[] = {80, 93, 120, 200};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        struct bench *b = bench_new(widths[i], 24, 2);
        press(b, '?');
        for (size_t line = 0; line < b->a.help.list.count; line += 10) {
            const int right = widths[i] - (widths[i] >= 100 ? 6 : 3) - 2;
            for (int y = 2; y < 21; y++) {
                if (b->c.cell[y * widths[i] + right - 1].cp == 0x2026) {
                    fail_msg("width %d, line %zu: cut", widths[i], line + (size_t)y);
                }
            }
            type(b, "jjjjjjjjjj");
        }
        bench_free(b);
    }
}

/* Nor does the line above a command that is typed. */
static void test_hint_of_a_command_is_whole(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    for (size_t i = 0; i < keymap_count(&screen_table); i++) {
        type(b, ":");
        type(b, keymap_at(&screen_table, i)->action->command);
        if (b->c.cell[22 * 80 + 79].cp == 0x2026) {
            fail_msg(":%s: cut", keymap_at(&screen_table, i)->action->command);
        }
        press(b, KEY_ESC_);
    }
    type(b, ":extend");
    assert_true(on_screen(b, ":extend STEPS   set a new last step; a run opened "));
    bench_free(b);
}

static void test_escape_leaves_everything(void **state)
{
    (void)state;
    static const char *const ways[] = {":",   ":mask ", "?",    "?/ab", "2&dead", "2/x",
                                       ";no", "q",      "2?:x", "z",    "hhh",    "3:"};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct bench *b = bench_new(80, 24, 2);
        type(b, ways[i]);
        for (int k = 0; k < 6; k++) {
            press(b, KEY_ESC_);
        }
        if (b->a.prompt || b->a.help.open || b->a.leaving ||
            b->a.screen != &screen_train) {
            fail_msg("%s: not left", ways[i]);
        }
        bench_free(b);
    }
}

static void test_help_from_anywhere(void **state)
{
    (void)state;
    static const char *const ways[] = {"", "2", "3", "q", "z", "2&dead", ":mask"};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct bench *b = bench_new(80, 24, 2);
        type(b, ways[i]);
        press(b, KEY_F1_);
        assert_true(b->a.help.open);
        assert_null(b->a.prompt);
        bench_free(b);
    }
}

static void test_live_card(void **state)
{
    (void)state;
    struct bench *b = bench_new(60, 12, 1);
    assert_true(on_screen(b, "screens need 80x24"));
    assert_true(on_screen(b, "step 900"));
    type(b, "m");
    one_command(b, COMMAND_MASK);
    type(b, "3jn"); /* screens that are not shown do not act */
    assert_ptr_equal(b->a.screen, &screen_train);
    no_command(b);
    press(b, '?');
    assert_true(b->a.help.open);
    press(b, KEY_ESC_);
    press(b, 'q');
    assert_int_equal(b->a.leaving, LEAVE_ASKING);
    bench_free(b);
}

static void test_every_small_size_draws(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    static const int sizes[][2] = {{1, 1},    {2, 2},    {19, 5},  {20, 5},
                                   {20, 4},   {79, 24},  {5, 80},  {200, 3},
                                   {200, 60}, {300, 10}, {120, 36}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct errinfo e;
        const struct event ev = {
            .kind = EVENT_RESIZE, .w = sizes[i][0], .h = sizes[i][1]};
        assert_ok(canvas_resize(&b->c, ev.w, ev.h, &e), &e);
        app_update(&b->a, &b->v, &ev);
        static const char *const states[] = {"", "2", "3", "?", "q", ":x", "&y"};
        for (size_t k = 0; k < sizeof states / sizeof states[0]; k++) {
            type(b, states[k]);
            press(b, KEY_ESC_);
            press(b, KEY_ESC_);
        }
    }
    bench_free(b);
}

/* ---- mouse ---- */

static void test_mouse(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    struct rect r = hit_of(b, HIT_SLIDER, 1);
    mouse(b, MOUSE_PRESS, r.x + r.w - 2, r.y);
    struct command c = one_command(b, COMMAND_MASK);
    assert_int_equal(c.cond, 1);
    assert_float_equal(c.value, 0.95, 1e-9);
    const struct rect slider = r;
    r = hit_of(b, HIT_PLOT, 2);
    mouse(b, MOUSE_PRESS, r.x + 20, r.y + 3);
    mouse(b, MOUSE_RELEASE, slider.x, slider.y); /* it was pressed elsewhere */
    no_command(b);
    mouse(b, MOUSE_PRESS, r.x + 20, r.y + 3);
    assert_int_equal(*app_focus(&b->a, &screen_train), 2);
    assert_true(isfinite(train_of(&b->a)->cursor));
    mouse(b, MOUSE_RELEASE, r.x + 30, r.y + 3);
    assert_true(train_of(&b->a)->x_hi > train_of(&b->a)->x_lo); /* a drag zooms */
    mouse(b, MOUSE_DOUBLE, r.x + 30, r.y + 3);
    assert_true(train_of(&b->a)->x_hi <= train_of(&b->a)->x_lo);
    r = hit_of(b, HIT_TAB, 2);
    mouse(b, MOUSE_PRESS, r.x + 1, r.y);
    assert_ptr_equal(b->a.screen, &screen_latents);
    r = hit_of(b, HIT_HEADER, 0);
    mouse(b, MOUSE_PRESS, r.x, r.y);
    assert_int_equal(latents_of(&b->a)->sort, 0);
    r = hit_of(b, HIT_ROW, 5);
    mouse(b, MOUSE_PRESS, r.x + 4, r.y);
    assert_int_equal(latents_of(&b->a)->list.cursor, 5);
    mouse(b, MOUSE_WHEEL_DOWN, r.x + 4, r.y);
    assert_true(latents_of(&b->a)->list.top > 0);
    b->a.n_commands = 0;
    r = hit_of(b, HIT_ROW,
               (int)(latents_of(&b->a)->list.cursor - latents_of(&b->a)->list.top));
    mouse(b, MOUSE_DOUBLE, r.x + 4, r.y); /* a second click opens */
    assert_ptr_equal(b->a.screen, &screen_detail);
    one_command(b, COMMAND_DETAIL);
    r = hit_of(b, HIT_HELP, 0);
    mouse(b, MOUSE_PRESS, r.x, r.y);
    assert_true(b->a.help.open);
    mouse(b, MOUSE_PRESS, 0, 0);
    assert_false(b->a.help.open);
    bench_free(b);
}

/* The top line has the finder's key wherever the tabs leave room, for clicks too. */
static void test_top_line_finds(void **state)
{
    (void)state;
    struct bench *b = bench_new(100, 30, 1);
    assert_true(on_screen(b, "Ctrl-P find   ? help"));
    const struct rect r = hit_of(b, HIT_FIND, 0);
    mouse(b, MOUSE_PRESS, r.x, r.y);
    assert_true(b->a.finder.open);
    bench_free(b);
    b = bench_new(80, 24, 1); /* all seven tabs and the help's key, and no more */
    assert_true(on_screen(b, "9 Runs"));
    assert_true(on_screen(b, "? help"));
    assert_false(on_screen(b, "Ctrl-P find"));
    bench_free(b);
}

/* ---- the command line ---- */

static void test_completion(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, ":ext\t");
    assert_string_equal(b->a.line.text, "extend");
    press(b, KEY_ESC_);
    type(b, ":pane 4 explained_variance_o\t");
    assert_string_equal(b->a.line.text, "pane 4 explained_variance_ood");
    assert_true(on_screen(b, ":pane [N] METRIC"));
    press(b, KEY_ENTER_);
    press(b, ':');
    press(b, KEY_UP_);
    assert_string_equal(b->a.line.text, "pane 4 explained_variance_ood");
    press(b, KEY_ESC_);
    type(b, ":set mouse off\n");
    assert_false(b->a.mouse);
    type(b, ":set theme mono\n");
    assert_int_equal(b->a.theme, THEME_MONO);
    type(b, ":set glyphs ascii\n");
    assert_int_equal(b->a.tier, GLYPH_ASCII);
    type(b, ":set theme pink\n");
    assert_true(b->a.message_bad);
    type(b, ":set\n");
    assert_true(on_screen(b, "theme mono"));
    bench_free(b);
}

/* Tab shows what a word could become; the chosen one is in sight. */
static void test_candidates(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, ":pane explained_variance\t");
    assert_true(on_screen(b, "explained_variance_ood"));
    press(b, KEY_TAB_);
    press(b, KEY_TAB_);
    const size_t len = b->a.line.len;
    assert_true(len > strlen("pane explained_variance"));
    press(b, KEY_ESC_);
    type(b, ":pane \t");
    for (int i = 0; i < 30; i++) {
        press(b, KEY_TAB_);
        assert_true(on_screen(b, b->a.line.text + strlen("pane ")));
    }
    press(b, KEY_ESC_);
    type(b, ":set \t");
    assert_true(on_screen(b, "theme  glyphs  mouse  smooth"));
    press(b, KEY_ESC_);
    type(b, ":set theme \t");
    assert_true(on_screen(b, "dark  light  contrast  mono"));
    press(b, KEY_ESC_);
    type(b, "3&f1>.5\n&");
    assert_true(on_screen(b, "typing replaces it"));
    press(b, 21);
    assert_string_equal(b->a.line.text, "");
    assert_int_equal(latents_of(&b->a)->shown, 512);
    press(b, KEY_ESC_);
    type(b, ":filter (dog\n");
    assert_true(on_screen(b, "no grouping"));
    assert_true(on_screen(b, "column 1"));
    type(b, ":save-config x.json\n");
    assert_string_equal(one_command(b, COMMAND_SAVE_CONFIG).text, "x.json");
    type(b, ":save-config\n");
    no_command(b);
    bench_free(b);
}

static void test_export_requests(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "3e");
    assert_string_equal(b->a.line.text, "export latents-A-900.csv");
    press(b, KEY_ENTER_);
    assert_int_equal(b->a.n_requests, 1);
    assert_int_equal(b->a.request[0].kind, REQUEST_EXPORT);
    assert_ptr_equal(b->a.request[0].screen, &screen_latents);
    assert_string_equal(b->a.request[0].path, "latents-A-900.csv");
    b->a.n_requests = 0;
    type(b, ":shot x.txt\n");
    assert_int_equal(b->a.request[0].kind, REQUEST_SHOT);
    bench_free(b);
}

/* Keys beyond what the queue holds are dropped with a word, not written past its end.
 */
static void test_queues_are_bounded(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    for (int i = 0; i < 100; i++) {
        type(b, " c:shot x\n");
    }
    assert_true(b->a.n_commands == APP_COMMANDS);
    assert_true(b->a.n_requests == APP_REQUESTS);
    bench_free(b);
}

/* ---- pasted text ---- */

static void paste(struct bench *b, const char *text, bool cut)
{
    const struct event ev = {
        .kind = EVENT_PASTE, .text = text, .text_n = strlen(text), .cut = cut};
    app_update(&b->a, &b->v, &ev);
    app_view(&b->a, &b->v, &b->c);
}

/* How each screen is laid out. */
static void layouts(const struct bench *b, unsigned char out[][SCREEN_LAYOUT])
{
    for (size_t i = 0; i < screen_table.n; i++) {
        screen_table.row[i]->layout(&b->a, out[i]);
    }
}

/* In a box it is text, and nothing runs; elsewhere it does nothing and says so. */
static void test_paste(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    unsigned char before[SCREENS_MAX][SCREEN_LAYOUT] = {0};
    unsigned char after[SCREENS_MAX][SCREEN_LAYOUT] = {0};
    layouts(b, before);
    paste(b, "m[[zyq2:mask 0.5\n", false);
    assert_true(on_screen(b, "pasted text ignored: no text box is open"));
    layouts(b, after);
    assert_memory_equal(before, after, sizeof after);
    assert_ptr_equal(b->a.screen, &screen_train);
    press(b, '?');
    paste(b, "q", false);
    assert_true(b->a.help.open);
    press(b, KEY_ESC_);
    type(b, ":no");
    paste(b, "te two\nlines\n", false);
    assert_ptr_equal(b->a.prompt, &prompt_command);
    assert_string_equal(b->a.line.text, "note two lines");
    assert_int_equal(b->a.n_commands, 0);
    assert_true(on_screen(b, ":note two lines"));
    paste(b, "!", true);
    assert_string_equal(b->a.message, "pasted text cut to what the line holds");
    press(b, KEY_ESC_);
    press(b, '3');
    type(b, "/");
    paste(b, "12", false); /* is looked for at once, as if typed */
    assert_string_equal(latents_of(&b->a)->find, "12");
    bench_free(b);
}

/* At the largest size every screen is drawn, and its bottom and right edge are in
 * use. */
static void test_largest(void **state)
{
    (void)state;
    struct bench *b = bench_new(TERM_MAX_W, TERM_MAX_H, 2);
    for (uint32_t key = '1'; key <= '4'; key++) {
        press(b, key);
        assert_true(on_screen(b, "? help"));
        assert_true(on_screen(b, "step 900/1,500"));
        assert_true(on_screen(b, key == '1' ? "q leave" : "q back"));
    }
    press(b, '?');
    press(b, KEY_ESC_);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_largest),
        cmocka_unit_test(test_help_runs_entries),
        cmocka_unit_test(test_events_and_messages_whole),
        cmocka_unit_test(test_help_titles_first),
        cmocka_unit_test(test_help_knows_signs),
        cmocka_unit_test(test_hint_of_a_command_is_whole),
        cmocka_unit_test(test_help_is_whole),
        cmocka_unit_test(test_escape_leaves_everything),
        cmocka_unit_test(test_help_from_anywhere),
        cmocka_unit_test(test_paste),
        cmocka_unit_test(test_live_card),
        cmocka_unit_test(test_every_small_size_draws),
        cmocka_unit_test(test_mouse),
        cmocka_unit_test(test_top_line_finds),
        cmocka_unit_test(test_completion),
        cmocka_unit_test(test_candidates),
        cmocka_unit_test(test_export_requests),
        cmocka_unit_test(test_queues_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
