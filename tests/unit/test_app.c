/* The explorer without a terminal: events in, commands and state out. */
#include "check.h"
#include "ui/app.h"
#include "ui/names.h"
#include "ui/screen.h"
#include "ui_sample.h"

struct bench {
    struct app a;
    struct session_view v;
    struct canvas c;
};

static void begin(struct bench *b, int w, int h, size_t arms)
{
    struct errinfo e;
    sample_view(&b->v, arms, 900, 512);
    app_init(&b->a, w, h, GLYPH_BRAILLE, THEME_DARK);
    assert_ok(canvas_init(&b->c, w, h, GLYPH_BRAILLE, &e), &e);
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    app_view(&b->a, &b->v, &b->c);
}

static struct bench *bench_new(int w, int h, size_t arms)
{
    struct bench *b = test_calloc(1, sizeof *b);
    begin(b, w, h, arms);
    return b;
}

static void bench_free(struct bench *b)
{
    app_deinit(&b->a);
    session_view_deinit(&b->v);
    canvas_deinit(&b->c);
    test_free(b);
}

static void press(struct bench *b, uint32_t key)
{
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_KEY, .key = key});
    app_view(&b->a, &b->v, &b->c);
}

static void type(struct bench *b, const char *text)
{
    for (; *text; text++) {
        press(b, *text == '\n' ? KEY_ENTER_ : (uint32_t)(unsigned char)*text);
    }
}

/* The only command queued, of that kind; taken off the queue. */
static struct command one_command(struct bench *b, enum command_kind kind)
{
    if (b->a.n_commands != 1 || b->a.command[0].kind != kind) {
        fail_msg("%zu commands, the first of kind %d, expected one of %d; message: %s",
                 b->a.n_commands, b->a.n_commands ? (int)b->a.command[0].kind : -1,
                 (int)kind, b->a.message);
    }
    b->a.n_commands = 0;
    return b->a.command[0];
}

static void no_command(struct bench *b)
{
    assert_int_equal(b->a.n_commands, 0);
}

static bool on_screen(struct bench *b, const char *text)
{
    struct errinfo e;
    char *dump = NULL;
    assert_ok(canvas_dump(&b->c, false, &dump, &e), &e);
    const bool found = strstr(dump, text) != NULL;
    mem_free(dump);
    return found;
}

/* ---- steering ---- */

static void test_pause_and_resume(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    press(b, ' ');
    one_command(b, COMMAND_PAUSE);
    b->v.state = SESSION_PAUSED;
    press(b, ' ');
    one_command(b, COMMAND_RESUME);
    b->v.state = SESSION_DONE;
    press(b, ' ');
    no_command(b);
    assert_true(b->a.message_bad);
    bench_free(b);
}

static void test_rate_keys_add_up(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    press(b, ']');
    assert_float_equal(one_command(b, COMMAND_MASK).value, 0.35, 1e-9);
    press(b, ']'); /* the view still says 0.30 */
    assert_float_equal(one_command(b, COMMAND_MASK).value, 0.40, 1e-9);
    press(b, '}');
    assert_float_equal(one_command(b, COMMAND_MASK).value, 0.41, 1e-9);
    press(b, '{');
    press(b, '[');
    assert_int_equal(b->a.n_commands, 2);
    assert_float_equal(b->a.command[1].value, 0.35, 1e-9);
    bench_free(b);
}

static void test_rate_stays_in_range(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    b->v.arm[0].rate_set = 0;
    press(b, '[');
    no_command(b);
    b->v.arm[0].rate_set = 0.95;
    press(b, ']');
    no_command(b);
    bench_free(b);
}

static void test_mask_toggle_and_undo(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    press(b, 'm');
    assert_float_equal(one_command(b, COMMAND_MASK).value, 0, 1e-9);
    b->v.arm[0].rate_set = 0;
    press(b, 'u');
    assert_float_equal(one_command(b, COMMAND_MASK).value, 0.3, 1e-9);
    b->v.arm[0].rate_set = 0.3;
    press(b, 18); /* Ctrl-R */
    assert_float_equal(one_command(b, COMMAND_MASK).value, 0, 1e-9);
    press(b, 18);
    no_command(b);
    assert_true(b->a.message_bad);
    bench_free(b);
}

static void test_mask_command(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, ":mask 0.2 at 15000\n");
    const struct command c = one_command(b, COMMAND_MASK);
    assert_float_equal(c.value, 0.2, 1e-9);
    assert_int_equal(c.at, 15000);
    type(b, ":mask off\n");
    assert_float_equal(one_command(b, COMMAND_MASK).value, 0, 1e-9);
    type(b, ":mask on\n");
    assert_float_equal(one_command(b, COMMAND_MASK).value, 0.3, 1e-9);
    static const char *const wrong[] = {
        ":mask\n",          ":mask 2\n",        ":mask x\n",          ":mask 0.2 at\n",
        ":mask 0.2 in 5\n", ":mask 0.2 at 5\n", ":mask 0.2 at 5 6\n", ":mask nan\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        type(b, wrong[i]);
        no_command(b);
        assert_true(b->a.message_bad);
    }
    bench_free(b);
}

static void test_target_arm(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    press(b, 'm');
    assert_int_equal(one_command(b, COMMAND_MASK).arm, 0);
    press(b, 'v');
    press(b, ']');
    assert_int_equal(one_command(b, COMMAND_MASK).arm, 1);
    press(b, 'v');
    press(b, ']');
    assert_int_equal(b->a.n_commands, 2);
    b->a.n_commands = 0;
    assert_true(on_screen(b, "keys: A+B"));
    type(b, ":arm A\n");
    press(b, '[');
    assert_int_equal(one_command(b, COMMAND_MASK).arm, 0);
    bench_free(b);
    b = bench_new(80, 24, 1);
    press(b, 'v');
    assert_true(b->a.message_bad);
    bench_free(b);
}

static void test_other_commands(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    press(b, 'b');
    one_command(b, COMMAND_FORK);
    press(b, 'c');
    assert_string_equal(one_command(b, COMMAND_SAVE).text, "");
    type(b, ":save runs/x\n");
    assert_string_equal(one_command(b, COMMAND_SAVE).text, "runs/x");
    type(b, ":extend 3000\n");
    assert_int_equal(one_command(b, COMMAND_EXTEND).at, 3000);
    type(b, ":extend 10\n");
    no_command(b);
    type(b, ":lr 0.001\n");
    assert_float_equal(one_command(b, COMMAND_LR).value, 0.001, 1e-12);
    type(b, ":evaluate\n");
    one_command(b, COMMAND_EVALUATE);
    type(b, ";a note\n");
    assert_string_equal(one_command(b, COMMAND_NOTE).text, "a note");
    type(b, ":nonsense\n");
    assert_true(on_screen(b, "unknown command: nonsense"));
    bench_free(b);
}

static void test_browsing_is_not_steered(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    b->v.state = SESSION_BROWSING;
    type(b, " m]bc");
    no_command(b);
    assert_true(on_screen(b, "opened from disk"));
    press(b, 'q');
    assert_int_equal(b->a.n_requests, 1);
    assert_int_equal(b->a.request[0].kind, REQUEST_QUIT);
    bench_free(b);
}

/* ---- leaving ---- */

static void test_quit_asks(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    press(b, 'q');
    assert_int_equal(b->a.leaving, LEAVE_ASKING);
    assert_true(on_screen(b, "save and quit"));
    press(b, KEY_ENTER_);
    press(b, 'y');
    assert_int_equal(b->a.leaving, LEAVE_ASKING);
    no_command(b);
    press(b, KEY_ESC_);
    assert_int_equal(b->a.leaving, STAYING);
    press(b, 'Q');
    press(b, 'c');
    assert_float_equal(one_command(b, COMMAND_STOP).value, 1, 1e-9);
    assert_int_equal(b->a.n_requests, 0);
    b->v.state = SESSION_ENDED;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    assert_int_equal(b->a.request[0].kind, REQUEST_QUIT);
    bench_free(b);
}

/* A run that stands where it was saved has nothing to lose. */
static void test_quit_when_saved(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    b->v.state = SESSION_DONE;
    sample_event(&b->v, 890, 'A', "save", "runs/x");
    press(b, 'q');
    assert_int_equal(b->a.leaving, LEAVE_ASKING);
    press(b, KEY_ESC_);
    sample_event(&b->v, 900, 'A', "save", "runs/x");
    press(b, 'q');
    assert_int_equal(b->a.request[0].kind, REQUEST_QUIT);
    bench_free(b);
}

static void test_quit_discards(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, ":q\nd");
    assert_float_equal(one_command(b, COMMAND_STOP).value, 0, 1e-9);
    bench_free(b);
}

/* A save that fails keeps the explorer open, with the reason on screen. */
static void test_failed_save_stays(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "qc");
    one_command(b, COMMAND_STOP);
    snprintf(b->v.message, sizeof b->v.message, "disk full");
    b->v.message_bad = true;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    app_view(&b->a, &b->v, &b->c);
    assert_int_equal(b->a.leaving, STAYING);
    assert_int_equal(b->a.n_requests, 0);
    assert_true(on_screen(b, "disk full"));
    bench_free(b);
}

/* ---- screens ---- */

static void test_table_is_asked_for(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    mem_free(((struct latent_table *)(uintptr_t)b->v.arm[0].table)->row);
    mem_free((void *)(uintptr_t)b->v.arm[0].table);
    b->v.arm[0].table = NULL;
    press(b, '2');
    one_command(b, COMMAND_TABLE);
    press(b, 'j');
    no_command(b); /* once is enough */
    press(b, 'R');
    one_command(b, COMMAND_TABLE);
    b->v.arm[0].table = sample_table(512, 900);
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    no_command(b);
    /* A newer evaluation makes it old. */
    struct metric_row row = metric_row_empty();
    struct errinfo e;
    row.v[METRIC_STEP] = 1050;
    row.v[METRIC_EV] = 0.8;
    assert_ok(session_view_add_row(&b->v, 0, &row, &e), &e);
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    one_command(b, COMMAND_TABLE);
    bench_free(b);
}

static double f1_at(struct bench *b, size_t i)
{
    const int32_t id = b->a.latents.order[i];
    return (double)b->v.arm[0].table->row[id].f1;
}

static void test_sorting(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    press(b, '2');
    assert_int_equal(b->a.latents.shown, 512);
    assert_true(f1_at(b, 0) >= f1_at(b, 1) && f1_at(b, 0) > f1_at(b, 100));
    press(b, 'r');
    assert_true(f1_at(b, 0) <= f1_at(b, 100));
    type(b, ":sort latent\n");
    assert_int_equal(b->a.latents.order[0], 0);
    assert_int_equal(b->a.latents.order[511], 511);
    type(b, ":sort absorb\n");
    const struct latent_table *t = b->v.arm[0].table;
    assert_true(isfinite(t->row[b->a.latents.order[0]].absorption));
    assert_true(isnan(t->row[b->a.latents.order[511]].absorption));
    press(b, 'r'); /* what was not measured stays at the end */
    assert_true(isfinite(t->row[b->a.latents.order[0]].absorption));
    assert_true(isnan(t->row[b->a.latents.order[511]].absorption));
    type(b, ":sort match\n");
    char first[64], second[64];
    names_match(&b->v.names, &t->row[b->a.latents.order[0]], first, sizeof first);
    names_match(&b->v.names, &t->row[b->a.latents.order[60]], second, sizeof second);
    assert_true(first[0] && strcmp(first, second) <= 0);
    press(b, '>');
    press(b, '<');
    assert_true(on_screen(b, "match"));
    bench_free(b);
}

static void test_filter_prompt(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    press(b, '2');
    type(b, "&dead");
    assert_int_equal(b->a.latents.shown, 30); /* previewed while typing */
    press(b, '&');
    assert_int_equal(b->a.latents.shown, 30); /* a bad one keeps the last result */
    assert_true(on_screen(b, "column"));
    press(b, KEY_ENTER_);
    assert_int_equal(b->a.prompt, PROMPT_FILTER);
    press(b, KEY_DELETE_BACK);
    press(b, KEY_ENTER_);
    assert_int_equal(b->a.prompt, PROMPT_NONE);
    assert_true(on_screen(b, "30 of 512 shown"));
    assert_true(on_screen(b, "filter: dead"));
    press(b, 'u');
    assert_int_equal(b->a.latents.shown, 512);
    press(b, 18);
    assert_int_equal(b->a.latents.shown, 30);
    press(b, '\\');
    assert_int_equal(b->a.latents.shown, 512);
    type(b, "&f1>.9");
    press(b, KEY_ESC_);
    assert_int_equal(b->a.latents.shown, 512);
    type(b, "&density>5\n");
    assert_int_equal(b->a.latents.shown, 0);
    assert_true(on_screen(b, "no latent passes the filter"));
    type(b, "jkgG \n"); /* an empty table is no trouble */
    assert_int_equal(b->a.screen, SCREEN_LATENTS);
    bench_free(b);
}

static void test_marks(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "2 jj ");
    assert_int_equal(b->a.latents.marked[0], 2);
    type(b, "&marked\n");
    assert_int_equal(b->a.latents.shown, 2);
    press(b, '\\');
    type(b, "uuu"); /* filter, filter, mark */
    assert_int_equal(b->a.latents.marked[0], 1);
    bench_free(b);
}

static void test_find(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "2/hammer\n");
    const int32_t first = b->a.latents.at;
    char tokens[200];
    names_top_tokens(&b->v.names, &b->v.arm[0].table->row[first], tokens,
                     sizeof tokens);
    assert_non_null(strstr(tokens, "hammer"));
    assert_int_equal(b->a.latents.shown, 512);
    press(b, 'n');
    const int32_t next = b->a.latents.at;
    assert_int_not_equal(next, first);
    press(b, 'N');
    assert_int_equal(b->a.latents.at, first);
    type(b, "/nowhere\n");
    assert_true(on_screen(b, "not found: nowhere"));
    assert_int_equal(b->a.latents.at, first);
    type(b, "/#77\n");
    assert_int_equal(b->a.latents.at, 77);
    bench_free(b);
}

/* The cursor stays on its latent when a new table comes in another order. */
static void test_cursor_keeps_its_latent(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "2jjjjjjj");
    const int32_t at = b->a.latents.at;
    struct latent_table *t = sample_table(512, 1050);
    for (size_t i = 0; i < t->F; i++) {
        t->row[i].f1 = (float)sample_u((uint32_t)i + 31337);
    }
    const struct latent_table *old = b->v.arm[0].table;
    b->v.arm[0].table = t;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    assert_int_equal(b->a.latents.at, at);
    assert_int_equal(b->a.latents.order[b->a.latents.list.cursor], at);
    latent_table_unref((struct latent_table *)(uintptr_t)old);
    bench_free(b);
}

static void test_detail(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    type(b, "2\n");
    assert_int_equal(b->a.screen, SCREEN_DETAIL);
    struct command c = one_command(b, COMMAND_DETAIL);
    assert_int_equal(c.latent, b->a.latents.order[0]);
    assert_int_equal(c.interval, INTERVAL_TOP);
    b->v.detail_busy = true;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "describing latent #"));
    b->v.detail_busy = false;
    type(b, ":latent 42\n");
    one_command(b, COMMAND_DETAIL);
    assert_true(on_screen(b, "1/24"));
    type(b, "jjk");
    assert_int_equal(b->a.detail.context, 1);
    press(b, 'i');
    assert_int_equal(one_command(b, COMMAND_DETAIL).interval, 9);
    type(b, ":interval random\n");
    assert_int_equal(one_command(b, COMMAND_DETAIL).interval, INTERVAL_RANDOM);
    press(b, 'J');
    c = one_command(b, COMMAND_DETAIL);
    assert_int_equal(c.latent, b->a.detail.latent);
    assert_int_not_equal(c.latent, 42);
    press(b, 'K');
    assert_int_equal(one_command(b, COMMAND_DETAIL).latent, 42);
    type(b, ":latent 512\n");
    no_command(b);
    assert_true(b->a.message_bad);
    press(b, 'q');
    assert_int_equal(b->a.screen, SCREEN_LATENTS);
    press(b, 'q');
    assert_int_equal(b->a.screen, SCREEN_TRAIN);
    bench_free(b);
}

static void test_curves(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    press(b, '.');
    assert_int_equal(b->a.train.metric[0], METRIC_L0);
    press(b, ',');
    assert_int_equal(b->a.train.metric[0], METRIC_LOSS);
    type(b, ":pane 4 explained_variance_ood\n");
    assert_int_equal(b->a.train.metric[3], METRIC_EV_OOD);
    assert_true(on_screen(b, "explained variance OOD"));
    type(b, ":pane 4 nothing\n");
    assert_true(b->a.message_bad);
    type(b, ":pane 9 loss\n");
    assert_true(b->a.message_bad);
    const bool was = b->a.train.log_y[0];
    press(b, 'y');
    assert_int_equal(b->a.train.log_y[0], !was);
    press(b, 's');
    assert_float_equal(b->a.train.smooth, 0.8, 1e-9);
    type(b, "SSSSSS");
    assert_float_equal(b->a.train.smooth, 0, 1e-9);
    press(b, 'x');
    assert_int_equal(b->a.train.unit, X_TOKENS);
    press(b, 'x');
    assert_int_equal(b->a.train.unit, X_TIME);
    type(b, ":axis step\n");
    press(b, 'h');
    assert_float_equal(b->a.train.cursor, 900, 1e-6);
    press(b, 'h');
    assert_true(b->a.train.cursor < 900);
    press(b, '+');
    assert_true(b->a.train.x_hi > b->a.train.x_lo);
    press(b, '0');
    assert_true(isnan(b->a.train.cursor));
    press(b, 'z');
    assert_true(b->a.train.zoomed);
    press(b, KEY_ESC_);
    assert_false(b->a.train.zoomed);
    press(b, KEY_TAB_);
    assert_int_equal(b->a.focus[SCREEN_TRAIN], 1);
    press(b, KEY_SHIFT_TAB);
    press(b, KEY_SHIFT_TAB);
    assert_int_equal(b->a.focus[SCREEN_TRAIN], 6);
    no_command(b);
    bench_free(b);
}

/* An empty pane says why. */
static void test_empty_panes(void **state)
{
    (void)state;
    struct bench *b = test_calloc(1, sizeof *b);
    struct errinfo e;
    session_view_init(&b->v);
    b->v.state = SESSION_LOADING;
    snprintf(b->v.loading, sizeof b->v.loading, "opening the model");
    app_init(&b->a, 120, 36, GLYPH_BRAILLE, THEME_DARK);
    assert_ok(canvas_init(&b->c, 120, 36, GLYPH_BRAILLE, &e), &e);
    for (uint32_t key = '1'; key <= '3'; key++) {
        press(b, key);
        assert_true(on_screen(b, "loading: opening the model"));
        no_command(b);
    }
    press(b, '1');
    b->v.state = SESSION_TRAINING;
    b->v.n_arms = 1;
    b->v.eval_next_step = 150;
    b->v.names.n_concepts = 3;
    sample_fact(&b->v, "ood", "");
    type(b, ":pane 4 explained_variance_ood\n");
    assert_true(on_screen(b, "no OOD text given (--ood FILE)"));
    assert_true(on_screen(b, "first evaluation at step 150"));
    b->v.names.n_concepts = 0;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "no concepts given"));
    b->v.state = SESSION_FAILED;
    snprintf(b->v.message, sizeof b->v.message, "model.safetensors: cut short");
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "cut short"));
    press(b, 'j');
    assert_true(on_screen(b, "cut short")); /* a failure is not dismissed */
    bench_free(b);
}

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
    press(b, 'j'); /* from the head to the first key: pause */
    press(b, KEY_ENTER_);
    assert_false(b->a.help.open);
    one_command(b, COMMAND_PAUSE);
    type(b, "?/:extend\nj\n");
    assert_int_equal(b->a.prompt, PROMPT_COMMAND);
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
            b->a.screen != SCREEN_TRAIN) {
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
        assert_int_equal(b->a.prompt, PROMPT_NONE);
        bench_free(b);
    }
}

static void test_live_card(void **state)
{
    (void)state;
    struct bench *b = bench_new(60, 12, 1);
    assert_true(on_screen(b, "too small"));
    assert_true(on_screen(b, "step 900"));
    type(b, "m");
    one_command(b, COMMAND_MASK);
    type(b, "2jn"); /* screens that are not shown do not act */
    assert_int_equal(b->a.screen, SCREEN_TRAIN);
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

static void mouse(struct bench *b, enum mouse_kind kind, int x, int y)
{
    app_update(&b->a, &b->v,
               &(struct event){.kind = EVENT_MOUSE, .mouse = kind, .x = x, .y = y});
    app_view(&b->a, &b->v, &b->c);
}

static struct rect hit_of(struct bench *b, enum hit_kind kind, int arg)
{
    for (size_t i = b->a.n_hits; i-- > 0;) {
        if (b->a.hit[i].kind == kind && b->a.hit[i].a == arg) {
            return b->a.hit[i].r;
        }
    }
    fail_msg("nothing drawn of kind %d, %d", (int)kind, arg);
    return (struct rect){0};
}

static void test_mouse(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    struct rect r = hit_of(b, HIT_SLIDER, 1);
    mouse(b, MOUSE_PRESS, r.x + r.w - 2, r.y);
    struct command c = one_command(b, COMMAND_MASK);
    assert_int_equal(c.arm, 1);
    assert_float_equal(c.value, 0.95, 1e-9);
    r = hit_of(b, HIT_PLOT, 2);
    mouse(b, MOUSE_PRESS, r.x + 20, r.y + 3);
    assert_int_equal(b->a.focus[SCREEN_TRAIN], 2);
    assert_true(isfinite(b->a.train.cursor));
    mouse(b, MOUSE_RELEASE, r.x + 30, r.y + 3);
    assert_true(b->a.train.x_hi > b->a.train.x_lo); /* a drag zooms */
    mouse(b, MOUSE_DOUBLE, r.x + 30, r.y + 3);
    assert_true(b->a.train.x_hi <= b->a.train.x_lo);
    r = hit_of(b, HIT_TAB, SCREEN_LATENTS);
    mouse(b, MOUSE_PRESS, r.x + 1, r.y);
    assert_int_equal(b->a.screen, SCREEN_LATENTS);
    r = hit_of(b, HIT_HEADER, 0);
    mouse(b, MOUSE_PRESS, r.x, r.y);
    assert_int_equal(b->a.latents.sort, 0);
    r = hit_of(b, HIT_ROW, 5);
    mouse(b, MOUSE_PRESS, r.x + 4, r.y);
    assert_int_equal(b->a.latents.list.cursor, 5);
    mouse(b, MOUSE_WHEEL_DOWN, r.x + 4, r.y);
    assert_true(b->a.latents.list.top > 0);
    b->a.n_commands = 0;
    r = hit_of(b, HIT_ROW, (int)(b->a.latents.list.cursor - b->a.latents.list.top));
    mouse(b, MOUSE_DOUBLE, r.x + 4, r.y); /* a second click opens */
    assert_int_equal(b->a.screen, SCREEN_DETAIL);
    one_command(b, COMMAND_DETAIL);
    r = hit_of(b, HIT_HELP, 0);
    mouse(b, MOUSE_PRESS, r.x, r.y);
    assert_true(b->a.help.open);
    mouse(b, MOUSE_PRESS, 0, 0);
    assert_false(b->a.help.open);
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

static void test_export_requests(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "2e");
    assert_string_equal(b->a.line.text, "export latents-A-900.csv");
    press(b, KEY_ENTER_);
    assert_int_equal(b->a.n_requests, 1);
    assert_int_equal(b->a.request[0].kind, REQUEST_EXPORT);
    assert_int_equal(b->a.request[0].screen, SCREEN_LATENTS);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pause_and_resume),
        cmocka_unit_test(test_rate_keys_add_up),
        cmocka_unit_test(test_rate_stays_in_range),
        cmocka_unit_test(test_mask_toggle_and_undo),
        cmocka_unit_test(test_mask_command),
        cmocka_unit_test(test_target_arm),
        cmocka_unit_test(test_other_commands),
        cmocka_unit_test(test_browsing_is_not_steered),
        cmocka_unit_test(test_quit_asks),
        cmocka_unit_test(test_quit_discards),
        cmocka_unit_test(test_quit_when_saved),
        cmocka_unit_test(test_failed_save_stays),
        cmocka_unit_test(test_table_is_asked_for),
        cmocka_unit_test(test_sorting),
        cmocka_unit_test(test_filter_prompt),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_cursor_keeps_its_latent),
        cmocka_unit_test(test_detail),
        cmocka_unit_test(test_curves),
        cmocka_unit_test(test_empty_panes),
        cmocka_unit_test(test_help_runs_entries),
        cmocka_unit_test(test_escape_leaves_everything),
        cmocka_unit_test(test_help_from_anywhere),
        cmocka_unit_test(test_live_card),
        cmocka_unit_test(test_every_small_size_draws),
        cmocka_unit_test(test_mouse),
        cmocka_unit_test(test_completion),
        cmocka_unit_test(test_export_requests),
        cmocka_unit_test(test_queues_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
