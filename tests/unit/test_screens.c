/* A screen is a file and a row: a toy one, in this file alone and a row of this test's
 * table, is found wherever screens are listed, opened, moved in, exported, undone and
 * measured; and one that is not opened is left alone. */
#include "sample_settings.h"
#include "ui/actions.h"
#include "ui/explore_priv.h"
#include "ui/export.h"
#include "ui/textbox.h"
#include "ui_bench.h"

/* ---- the toy ---- */

struct toy {
    int row, colour;
    int inits, syncs, shown; /* calls */
    char *memory;            /* released by deinit */
    bool typing, waits;
    struct textbox box;
};

static const struct screen_def screen_toy;

static struct toy *toy_of(const struct app *a)
{
    return app_state(a, &screen_toy);
}

static void toy_init(void *state)
{
    struct toy *t = state;
    t->inits++;
    t->memory = mem_alloc(1, 16);
    textbox_begin(&t->box, NULL);
}

static void toy_deinit(void *state)
{
    struct toy *t = state;
    mem_free(t->memory);
}

static void toy_sync(struct app *a, const struct session_view *v, bool shown)
{
    (void)v;
    toy_of(a)->syncs++;
    toy_of(a)->shown += shown ? 1 : 0;
}

static void toy_view(struct app *a, const struct session_view *v, struct canvas *c,
                     struct rect body, bool wide)
{
    (void)v;
    (void)wide;
    canvas_textf(c, body.x, body.y, body.w, ROLE_TEXT, 0, "toy row %d colour %d",
                 toy_of(a)->row, toy_of(a)->colour);
    textbox_draw(c, (struct rect){body.x, body.y + 1, 20, 3}, &toy_of(a)->box,
                 toy_of(a)->typing);
    app_hit(a, body, HIT_SCREEN, 7);
}

static void toy_status(const struct app *a, const struct session_view *v, char *out,
                       size_t cap)
{
    (void)v;
    snprintf(out, cap, "toy status %d", toy_of(a)->row);
}

static bool toy_waits(const struct app *a)
{
    return toy_of(a)->waits;
}

static void toy_move(struct app *a, const struct session_view *v, const char *direction)
{
    (void)v;
    toy_of(a)->row += !strcmp(direction, "down") ? 1 : -1;
}

static void toy_mouse(struct app *a, const struct session_view *v,
                      const struct hit *hit, const struct event *ev)
{
    (void)v;
    toy_of(a)->row =
        hit->kind == HIT_SCREEN && ev->mouse == MOUSE_PRESS ? 10 * hit->a : -1;
}

static bool toy_type(struct app *a, const struct session_view *v, uint32_t key)
{
    struct toy *t = toy_of(a);
    (void)v;
    if (!t->typing) {
        return false;
    }
    const enum line_result r = textbox_key(&t->box, key);
    t->typing = r != LINE_ACCEPT && r != LINE_CANCEL;
    return r != LINE_IGNORED;
}

static bool toy_paste(struct app *a, const struct session_view *v, const char *bytes,
                      size_t n, bool cut)
{
    bool whole;
    (void)v;
    (void)cut;
    return toy_of(a)->typing &&
           textbox_paste(&toy_of(a)->box, bytes, n, &whole) != LINE_IGNORED;
}

static void toy_enter(struct app *a, const struct session_view *v)
{
    (void)v;
    toy_of(a)->typing = true;
}

static void toy_layout(const struct app *a, void *out)
{
    memcpy(out, &toy_of(a)->colour, sizeof toy_of(a)->colour);
}

static void toy_set_layout(struct app *a, const struct session_view *v, const void *in)
{
    (void)v;
    memcpy(&toy_of(a)->colour, in, sizeof toy_of(a)->colour);
}

static void toy_name(const struct app *a, const struct session_view *v, char *out,
                     size_t cap)
{
    (void)v;
    snprintf(out, cap, "toy-%d.csv", toy_of(a)->row);
}

static enum err toy_text(const struct app *a, const struct session_view *v,
                         struct str *out, struct errinfo *e)
{
    (void)v;
    str_add(out, "row\n");
    export_integer(out, toy_of(a)->row, true);
    str_addc(out, '\n');
    return str_err(out, "export", e);
}

static void paint(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    toy_of(a)->colour = args[0] ? atoi(args) : toy_of(a)->colour + 1;
}

ACTION_WORDS(paint_word, "7", "42")
static const struct action action_paint = {
    .command = "paint", .args = "[COLOUR]", .run = paint, .word = paint_word};
static const struct key_entry toy_keys[] = {
    {{'P'}, &action_paint, "", "paint", "another colour for the toy", 1}};

static const struct screen_def screen_toy = {
    .name = "toy",
    .title = "Toy",
    .go = {{'5'}, &action_screen, "toy", NULL, "Toy: a screen to test with", 0},
    .up = &screen_latents,
    .panes = 1,
    .panes_wide = 1,
    .keys = KEY_LIST(toy_keys),
    .played = "jkP",
    .state_size = sizeof(struct toy),
    .init = toy_init,
    .deinit = toy_deinit,
    .sync = toy_sync,
    .view = toy_view,
    .waits = toy_waits,
    .status = toy_status,
    .type = toy_type,
    .paste = toy_paste,
    .move = toy_move,
    .enter = toy_enter,
    .mouse = toy_mouse,
    .layout = toy_layout,
    .set_layout = toy_set_layout,
    .export_name = toy_name,
    .export_text = toy_text,
};

static const struct screen_def *const toy_rows[] = {&screen_train, &screen_latents,
                                                    &screen_detail, &screen_toy};
static const struct screen_table with_toy = {
    .row = toy_rows, .n = 4, .help = &keys_of_help, .everywhere = &keys_of_everywhere};

static struct bench *toy_bench(int w, int h)
{
    struct bench *b = test_calloc(1, sizeof *b);
    begin_with(b, &with_toy, w, h, 2);
    return b;
}

/* ---- listed ---- */

static void test_listed(void **state)
{
    (void)state;
    struct bench *b = toy_bench(120, 36);
    assert_true(on_screen(b, " 5 Toy "));
    type(b, "?/toy\n");
    assert_true(on_screen(b, "on Toy"));
    assert_true(on_screen(b, "another colour for the toy"));
    assert_true(on_screen(b, "Toy: a screen to test with"));
    press(b, KEY_ESC_);
    press(b, KEY_ESC_);
    type(b, "5?");
    assert_true(on_screen(b, "this screen: Toy"));

    press(b, KEY_ESC_);
    assert_true(on_screen(b, "P paint")); /* the hint line */
    type(b, ":screen to\t");
    assert_string_equal(b->a.line.text, "screen toy");
    press(b, KEY_ESC_);
    type(b, ":screen \t");
    assert_true(on_screen(b, "train  latents  detail  toy"));
    press(b, KEY_ESC_);
    type(b, ":screen ");
    assert_true(on_screen(b, ":screen train|latents|detail|toy"));
    press(b, KEY_ESC_);
    type(b, ":screen nowhere\n");
    assert_true(on_screen(b, "screen: expected train, latents, detail or toy"));
    type(b, ":pai\t\t");
    assert_string_equal(b->a.line.text, "paint");
    type(b, " \t");
    assert_string_equal(b->a.line.text, "paint 7");
    press(b, KEY_ESC_);
    bench_free(b);
}

static void test_in_the_key_table(void **state)
{
    (void)state;
    struct str out;
    str_init(&out, (size_t)1 << 20);
    keymap_markdown(&with_toy, &out);
    assert_non_null(strstr(out.p, "**Toy**"));
    assert_non_null(
        strstr(out.p, "| `P` | `:paint [COLOUR]` | another colour for the toy |"));
    assert_non_null(
        strstr(out.p, "| `5` | `:screen toy` | Toy: a screen to test with |"));
    str_free(&out);
}

/* ---- used ---- */

static void test_used(void **state)
{
    (void)state;
    struct bench *b = toy_bench(80, 24);
    press(b, '5');
    assert_ptr_equal(b->a.screen, &screen_toy);
    assert_true(on_screen(b, "[5 Toy]"));
    assert_true(on_screen(b, "toy row 0 colour 0"));
    type(b, "jjk");
    assert_true(on_screen(b, "toy row 1"));
    assert_true(on_screen(b, "toy status 1"));
    mouse(b, MOUSE_PRESS, 5, 5);
    assert_true(on_screen(b, "toy row 70"));
    press(b, 'P');
    type(b, ":paint 42\n");
    assert_true(on_screen(b, "colour 42"));
    press(b, 'u');
    assert_true(on_screen(b, "colour 1"));
    assert_true(on_screen(b, "undone: a change of the layout"));
    press(b, 'u');
    assert_true(on_screen(b, "colour 0"));
    press(b, 18);
    assert_true(on_screen(b, "colour 1"));
    press(b, 'q');
    assert_ptr_equal(b->a.screen, &screen_latents);
    b->a.n_commands = 0;
    type(b, ":paint 5\n"); /* it paints what the toy shows */
    assert_true(on_screen(b, "paint is a command of Toy: go there first"));
    assert_int_equal(toy_of(&b->a)->colour, 1);
    press(b, '5');
    press(b, KEY_ESC_);
    assert_ptr_equal(b->a.screen, &screen_latents);
    bench_free(b);
}

/* Where a screen takes text, no letter of it is a key. */
static void test_typed_in(void **state)
{
    (void)state;
    struct bench *b = toy_bench(80, 24);
    const struct event ev = {.kind = EVENT_PASTE, .text = "q\nP", .text_n = 3};
    press(b, '5');
    app_update(&b->a, &b->v, &ev);
    assert_true(b->a.message[0] != '\0'); /* it does not type yet */
    type(b, "\nq12u");
    app_update(&b->a, &b->v, &ev);
    app_view(&b->a, &b->v, &b->c);
    assert_string_equal(toy_of(&b->a)->box.text, "q12uq\nP");
    assert_true(on_screen(b, "q12uq"));
    assert_int_equal(b->c.cursor_y, 1 + 1 + 1);
    assert_int_equal(b->c.cursor_x, 1);
    assert_ptr_equal(b->a.screen, &screen_toy);
    press(b, KEY_F1_);
    assert_true(b->a.help.open);
    press(b, KEY_ESC_);
    press(b, KEY_ESC_); /* ends the typing */
    type(b, "P");
    assert_int_equal(toy_of(&b->a)->colour, 1);
    press(b, 'q');
    assert_ptr_equal(b->a.screen, &screen_latents);
    bench_free(b);
}

static void test_exported(void **state)
{
    (void)state;
    struct bench *b = toy_bench(80, 24);
    struct str out;
    struct errinfo e;
    type(b, "5jje");
    assert_true(on_screen(b, ":export toy-2.csv"));
    press(b, KEY_ENTER_);
    assert_int_equal(b->a.n_requests, 1);
    assert_ptr_equal(b->a.request[0].screen, &screen_toy);
    assert_string_equal(b->a.request[0].path, "toy-2.csv");
    str_init(&out, 1000);
    assert_ok(screen_toy.export_text(&b->a, &b->v, &out, &e), &e);
    assert_string_equal(out.p, "row\n2\n");
    str_free(&out);
    bench_free(b);
}

static void bare_view(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect body, bool wide)
{
    (void)a;
    (void)v;
    (void)wide;
    canvas_text(c, body.x, body.y, body.w, "bare", ROLE_TEXT, 0);
}

/* A screen with nothing but a view. */
static void test_bare(void **state)
{
    (void)state;
    static const struct key_list none = {NULL, 0};
    static const struct screen_def bare = {
        .name = "bare",
        .title = "Bare",
        .go = {{'2'}, &action_screen, "bare", NULL, "Bare: no more than it must", 0},
        .up = &screen_train,
        .panes = 1,
        .panes_wide = 1,
        .keys = &none,
        .view = bare_view,
    };
    static const struct screen_def *const rows[] = {&screen_train, &bare};
    static const struct screen_table table = {
        .row = rows, .n = 2, .help = &keys_of_help, .everywhere = &keys_of_everywhere};
    struct bench *b = test_calloc(1, sizeof *b);
    begin_with(b, &table, 80, 24, 1);
    type(b, "2jk\n\t/&n");
    mouse(b, MOUSE_PRESS, 5, 5);
    assert_ptr_equal(b->a.screen, &bare);
    assert_true(on_screen(b, "bare"));
    press(b, 'e');
    assert_true(on_screen(b, "this screen has nothing to write"));
    press(b, '?');
    press(b, KEY_ESC_);
    press(b, KEY_ESC_);
    assert_ptr_equal(b->a.screen, &screen_train);
    bench_free(b);
}

/* ---- what it costs ---- */

static void test_costs_nothing_unopened(void **state)
{
    (void)state;
    struct bench *b = toy_bench(80, 24);
    const struct toy *t = toy_of(&b->a);
    for (int i = 0; i < 5; i++) {
        app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    }
    type(b, "3");
    assert_true(t->inits == 1 && t->syncs == 0);
    b->a.n_commands = 0;
    press(b, '5');
    const int first = t->syncs;
    assert_true(t->shown == first && first > 0);
    press(b, '5'); /* opened twice: the same screen, as it was */
    assert_true(t->inits == 1 && t->row == 0);
    press(b, '1');
    assert_true(t->syncs > t->shown); /* kept up to date from then on */
    no_command(b);
    bench_free(b);
}

/* ---- the program ---- */

static void test_measured_and_printed(void **state)
{
    (void)state;
    static const struct screen_def *const rows[] = {&screen_train, &screen_toy};
    static const struct screen_table table = {
        .row = rows, .n = 2, .help = &keys_of_help, .everywhere = &keys_of_everywhere};
    struct explore_latency l[EXPLORE_BENCH_MAX];
    struct errinfo e;
    FILE *out = tmpfile();
    size_t n = 0;
    int status = 1;
    double first = 0;
    struct explore_config c = {.screens = &table,
                               .session = {.set = sample_settings(100000)},
                               .w = 80,
                               .h = 24,
                               .out = out};
    assert_ok(explore_bench(&c, 3, l, &n, &first, &e), &e);
    assert_int_equal(n, 2);
    assert_string_equal(l[1].screen, "toy");
    assert_true(l[1].keys == 3 && l[1].p50_ms > 0);
    c.once = "toy";
    assert_ok(explore_run(&c, &status, &e), &e);
    char text[4096] = "";
    rewind(out);
    text[fread(text, 1, sizeof text - 1, out)] = '\0';
    assert_non_null(strstr(text, "toy row 0 colour 0"));
    c.once = "toys";
    check_error(explore_run(&c, &status, &e), ERR_USAGE, &e,
                "--once: found toys, expected train, toy or help");
    fclose(out);
}

/* What comes from the background for a key is drawn at once, not with the next frame
 * that is due. */
static void test_waited_for(void **state)
{
    (void)state;
    struct errinfo e;
    struct loop l;
    const struct event tick = {.kind = EVENT_TICK};
    const struct explore_config c = {.screens = &with_toy,
                                     .session = {.set = sample_settings(100000)}};
    assert_ok(loop_init(&l, &c, true, -1, -1, NULL, &e), &e);
    app_go(&l.app, &l.v, &screen_toy);
    toy_of(&l.app)->waits = true;
    loop_event(&l, &tick);
    loop_event(&l, &tick);
    assert_true(l.dirty && l.waits && !l.urgent);
    toy_of(&l.app)->waits = false;
    loop_event(&l, &tick);
    assert_true(l.urgent && !l.waits);
    const size_t frames = l.frames;
    loop_turn(&l, 0);
    assert_true(l.frames == frames + 1 && !l.urgent);
    loop_deinit(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listed),
        cmocka_unit_test(test_in_the_key_table),
        cmocka_unit_test(test_used),
        cmocka_unit_test(test_typed_in),
        cmocka_unit_test(test_exported),
        cmocka_unit_test(test_bare),
        cmocka_unit_test(test_costs_nothing_unopened),
        cmocka_unit_test(test_measured_and_printed),
        cmocka_unit_test(test_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
