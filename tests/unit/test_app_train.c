/* The Train screen without a terminal: steering the run, its curves, leaving. */
#include "ui/pane.h"
#include "ui_bench.h"

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

/* The best is of what was trained: the first evaluation, of random weights, is none. */
static void test_best_is_of_what_was_trained(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    struct series *s = &b->v.cond[0].series[METRIC_EV];
    assert_true(s->n > 1);
    s->y[0] = 0.987;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, ".987") == (s->x[0] > 0));
    s->x[0] = 0;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "at step"));
    assert_false(on_screen(b, ".987"));
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
    b->v.cond[0].rate_set = 0;
    press(b, '[');
    no_command(b);
    b->v.cond[0].rate_set = 0.95;
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
    b->v.cond[0].rate_set = 0;
    press(b, 'u');
    assert_float_equal(one_command(b, COMMAND_MASK).value, 0.3, 1e-9);
    b->v.cond[0].rate_set = 0.3;
    press(b, 18); /* Ctrl-R */
    assert_float_equal(one_command(b, COMMAND_MASK).value, 0, 1e-9);
    press(b, 18);
    no_command(b);
    assert_true(b->a.message_bad);
    bench_free(b);
}

/* m brings back the rate that there was, also one that the view does not show yet, and
 * ] from off is on again at that rate. */
static void test_mask_remembers_its_rate(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    press(b, ']');
    assert_float_equal(one_command(b, COMMAND_MASK).value, 0.35, 1e-9);
    assert_true(on_screen(b, "A: masking rate 0.30 -> 0.35"));
    press(b, 'm');
    assert_float_equal(one_command(b, COMMAND_MASK).value, 0, 1e-9);
    assert_true(on_screen(b, "A: masking off; m brings 0.35 back"));
    press(b, '[');
    no_command(b);
    assert_true(on_screen(b, "m or ] brings 0.35 back"));
    press(b, 'm');
    assert_float_equal(one_command(b, COMMAND_MASK).value, 0.35, 1e-9);
    b->v.cond[0].rate_set = 0.35;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    press(b, 'm');
    one_command(b, COMMAND_MASK);
    b->v.cond[0].rate_set = 0;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    press(b, ']');
    assert_float_equal(one_command(b, COMMAND_MASK).value, 0.35, 1e-9);
    assert_true(on_screen(b, "A: masking on at 0.35"));
    press(b, ']');
    assert_float_equal(one_command(b, COMMAND_MASK).value, 0.40, 1e-9);
    bench_free(b);
    /* Down to off and up again are each other's reverse. */
    b = bench_new(80, 24, 1);
    b->v.cond[0].rate_set = 0.05;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    press(b, '[');
    assert_float_equal(one_command(b, COMMAND_MASK).value, 0, 1e-9);
    press(b, ']');
    assert_float_equal(one_command(b, COMMAND_MASK).value, 0.05, 1e-9);
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
    assert_int_equal(one_command(b, COMMAND_MASK).cond, 0);
    press(b, 'v');
    press(b, ']');
    assert_int_equal(one_command(b, COMMAND_MASK).cond, 1);
    press(b, 'v');
    press(b, ']');
    assert_int_equal(b->a.n_commands, 2);
    b->a.n_commands = 0;
    assert_true(on_screen(b, "A: masking on at 0.30   B: masking rate 0.30 -> 0.35"));
    press(b, 'h');
    assert_true(on_screen(b, "m for A+B"));
    type(b, ":arm A\n");
    press(b, '[');
    assert_int_equal(one_command(b, COMMAND_MASK).cond, 0);
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
    type(b, ":evaluate\n");
    one_command(b, COMMAND_EVALUATE);
    type(b, ";a note\n");
    assert_string_equal(one_command(b, COMMAND_NOTE).text, "a note");
    type(b, ":nonsense\n");
    assert_true(on_screen(b, "unknown command: nonsense"));
    type(b, ":theme light\n");
    assert_true(on_screen(b, "unknown command: theme; did you mean :set theme?"));
    type(b, ":extand 3000\n");
    assert_true(on_screen(b, "unknown command: extand; did you mean :extend?"));
    type(b, ":open /nope\n");
    assert_true(on_screen(b, "open takes nothing: found '/nope'"));
    bench_free(b);
}

/* The first time a condition is only weighed, the same words again add it, unless the
 * run has other arms by then. */
static void test_a_condition_is_asked_for_twice(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    static const struct {
        const char *typed, *text;
        double go;
    } cases[] = {
        {":condition random decoder=random\n", "random:decoder=random", 0},
        {":condition random:decoder=random\n", "random:decoder=random", 1},
        {":condition random:decoder=random\n", "random:decoder=random", 0},
        {":condition few  k=2, lr=0.01  width=64\n", "few:k=2,lr=0.01,width=64", 0},
        {":condition few k=2,lr=0.01,width=64\n", "few:k=2,lr=0.01,width=64", 1},
        {":condition few\n", "few", 0},
        {":condition\n", "", 0},
        {":condition\n", "", 0},
        {":condition few k=2\n", "few:k=2", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        type(b, cases[i].typed);
        const struct command c = one_command(b, COMMAND_CONDITION);
        assert_string_equal(c.text, cases[i].text);
        assert_true(c.value == cases[i].go);
    }
    b->v.n_arms++;
    type(b, ":condition few k=2\n");
    assert_true(one_command(b, COMMAND_CONDITION).value == 0);
    char word[300];
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    type(b, ":condition ");
    type(b, word);
    type(b, "\n");
    no_command(b);
    assert_true(on_screen(b, "expected 255 at most"));
    bench_free(b);
}

/* So it is with a further seed. */
static void test_seeds_are_asked_for_twice(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    for (size_t i = 0; i < 5; i++) { /* asked again once there are more arms */
        b->v.n_arms += i == 3;
        type(b, ":seeds +1\n");
        const struct command c = one_command(b, COMMAND_SEEDS);
        assert_int_equal(c.at, 1);
        assert_true(c.value == (i == 1 || i == 4 ? 1 : 0));
    }
    type(b, ":seeds 2\n");
    no_command(b);
    bench_free(b);
}

/* Tuning of the condition that keys act on, of a named one, or of all; undo sets the
 * old values again. */
static void test_tune_and_back(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    for (size_t k = 0; k < 2; k++) {
        snprintf(b->v.cond[k].tunable, sizeof b->v.cond[k].tunable, "k=4,lr=0.00%zu",
                 2 + k);
    }
    static const struct {
        const char *typed, *text, *back;
        int cond;
    } cases[] = {
        {":tune lr=0.001\n", "lr=0.001", "lr=0.002", 0},
        {":tune A lr=0.001\n", "lr=0.001", "lr=0.002", 0},
        {":tune b lr=0.001, k=8\n", "lr=0.001,k=8", "lr=0.003,k=4", 1},
        {":tune k=8 lr=0.001\n", "k=8,lr=0.001", "k=4,lr=0.002", 0},
        {":tune l1=8\n", "l1=8", NULL, 0}, /* the trainer knows why not */
        {":tune =8\n", "=8", NULL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t pushed = b->a.undo.pushed;
        type(b, cases[i].typed);
        const struct command c = one_command(b, COMMAND_TUNE);
        assert_string_equal(c.text, cases[i].text);
        assert_int_equal(c.cond, cases[i].cond);
        assert_int_equal(b->a.undo.pushed - pushed, cases[i].back ? 1 : 0);
        if (cases[i].back) {
            press(b, 'u');
            const struct command undo = one_command(b, COMMAND_TUNE);
            assert_string_equal(undo.text, cases[i].back);
            assert_int_equal(undo.cond, cases[i].cond);
            type(b, ":redo\n");
            assert_string_equal(one_command(b, COMMAND_TUNE).text, cases[i].text);
        }
    }
    type(b, ":tune both lr=0.1\n");
    assert_int_equal(b->a.n_commands, 2);
    assert_int_equal(b->a.command[1].cond, 1);
    b->a.n_commands = 0;
    static const char *const wrong[] = {":tune\n", ":tune C lr=1\n", ":tune A\n",
                                        ":tune lr\n", ":tune AB lr=1\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        type(b, wrong[i]);
        no_command(b);
        assert_true(b->a.message_bad);
    }
    bench_free(b);
}

/* The text in use is of before for a while after a switch. */
static void test_says_what_batches_are_masked(void **state)
{
    (void)state;
    static const struct {
        double set[2], in_use[2];
        const char *says;
    } cases[] = {
        {{.3, 0}, {.3, 0}, "A masked, B not: not comparable"},
        {{0, .3}, {0, .3}, "B masked, A not: not comparable"},
        {{0, 0}, {.3, 0}, "A still masked: not comparable"},
        {{0, 0}, {0, .3}, "B still masked: not comparable"},
        {{0, 0}, {.3, .3}, "still on masked batches"},
        {{.3, .3}, {.3, .3}, "on masked batches"},
        {{0, 0}, {0, 0}, "on unmasked batches"},
    };
    struct bench *b = bench_new(80, 24, 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t k = 0; k < 2; k++) {
            b->v.cond[k].rate_set = cases[i].set[k];
            b->v.cond[k].rate_in_use = cases[i].in_use[k];
        }
        assert_string_equal(pane_taken_on(&b->v, METRIC_LOSS), cases[i].says);
        press(b, KEY_ESC_);
        assert_true(on_screen(b, cases[i].says));
    }
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
    type(b, ":resume\n");
    one_command(b, COMMAND_RESUME);
    type(b, ":extend 1500\n");
    no_command(b);
    assert_true(on_screen(b, "expected the new last step, beyond the 1500 planned"));
    type(b, ":extend 1600\n");
    assert_int_equal(one_command(b, COMMAND_EXTEND).at, 1600);
    press(b, 'q');
    assert_int_equal(b->a.n_requests, 1);
    assert_int_equal(b->a.request[0].kind, REQUEST_QUIT);
    bench_free(b);
}

/* A run from disk offers nothing that it cannot do, and says why when asked. */
static void test_browsing_is_not_offered_steering(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    b->v.state = SESSION_BROWSING;
    snprintf(b->v.arm[0].dir, sizeof b->v.arm[0].dir, "runs/x");
    press(b, KEY_ESC_);
    static const char *const offered[] = {"Space pause", "m mask", "[ ] rate",
                                          "b fork",      "c save", "; note"};
    for (size_t i = 0; i < sizeof offered / sizeof offered[0]; i++) {
        assert_false(on_screen(b, offered[i]));
    }
    assert_true(on_screen(b, "y log"));
    assert_true(on_screen(b, "trained with mask p=0.30"));
    assert_true(on_screen(b, "step 900  x"));
    assert_false(on_screen(b, "live"));
    press(b, '?');
    assert_false(on_screen(b, "pause training"));
    press(b, 'G');
    assert_true(on_screen(b, "does not train"));
    assert_true(on_screen(b, ":evaluate"));
    press(b, KEY_ESC_);
    type(b, "m");
    assert_true(
        on_screen(b, "toggle-mask: opened from disk, does not train; :resume goes on"));
    no_command(b);
    bench_free(b);
}

/* ---- curves ---- */

static void test_curves(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    press(b, '.');
    assert_int_equal(train_of(&b->a)->metric[0], METRIC_L0);
    press(b, ',');
    assert_int_equal(train_of(&b->a)->metric[0], METRIC_LOSS);
    type(b, ":pane 4 explained_variance_ood\n");
    assert_int_equal(train_of(&b->a)->metric[3], METRIC_EV_OOD);
    assert_true(on_screen(b, "explained variance OOD"));
    type(b, ":pane 4 nothing\n");
    assert_true(b->a.message_bad);
    type(b, ":pane 9 loss\n");
    assert_true(b->a.message_bad);
    const bool was = train_of(&b->a)->log_y[0];
    press(b, 'y');
    assert_int_equal(train_of(&b->a)->log_y[0], !was);
    press(b, 's');
    assert_float_equal(b->a.smooth, 0.8, 1e-9);
    type(b, "SSSSSS");
    assert_float_equal(b->a.smooth, 0, 1e-9);
    press(b, 'x');
    assert_int_equal(train_of(&b->a)->unit, X_TOKENS);
    press(b, 'x');
    assert_int_equal(train_of(&b->a)->unit, X_TIME);
    type(b, ":axis step\n");
    press(b, 'h');
    assert_float_equal(train_of(&b->a)->cursor, 900, 1e-6);
    press(b, 'h');
    assert_true(train_of(&b->a)->cursor < 900);
    press(b, '+');
    assert_true(train_of(&b->a)->x_hi > train_of(&b->a)->x_lo);
    press(b, '0');
    assert_true(isnan(train_of(&b->a)->cursor));
    press(b, 'z');
    assert_true(train_of(&b->a)->zoomed);
    press(b, KEY_ESC_);
    assert_false(train_of(&b->a)->zoomed);
    press(b, KEY_TAB_);
    assert_int_equal(*app_focus(&b->a, &screen_train), 1);
    press(b, KEY_SHIFT_TAB);
    press(b, KEY_SHIFT_TAB);
    assert_int_equal(*app_focus(&b->a, &screen_train), 6);
    no_command(b);
    bench_free(b);
}

/* What a run takes stands over Train until its first values, in the same words as
 * elsewhere; other screens are free once it is loaded. */
static void test_cost_before_the_first_step(void **state)
{
    (void)state;
    struct bench *b = test_calloc(1, sizeof *b);
    struct errinfo e;
    session_view_init(&b->v);
    assert_ok(app_init(&b->a, &screen_table, 120, 36, GLYPH_BRAILLE, THEME_DARK, &e),
              &e);
    assert_ok(canvas_init(&b->c, 120, 36, GLYPH_BRAILLE, &e), &e);
    sample_start(&b->v, true);
    press(b, '1');
    assert_true(on_screen(b, "loading: reading the model's weights"));
    assert_true(on_screen(b, "takes    about 7.4 GB of memory (8.1 GB are there)"));
    assert_true(on_screen(b, "memory   it may run short"));
    press(b, '2');
    assert_true(on_screen(b, "about 7.4 GB of memory"));
    sample_start(&b->v, false);
    press(b, '1');
    assert_true(on_screen(b, "the model reads the text of the first steps"));
    assert_true(on_screen(b, "takes    about 1 h 12 min and 1.3 GB of memory"));
    press(b, '2');
    assert_false(on_screen(b, "about 1 h 12 min"));
    press(b, '1');
    b->v.state = SESSION_PAUSED;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "paused: Space begins"));
    b->v.step = 1;
    app_view(&b->a, &b->v, &b->c);
    assert_false(on_screen(b, "about 1 h 12 min"));
    bench_free(b);
}

/* What is lacking is said with what to give, on two lines where a pane is narrow. */
static void check_wants(struct bench *b)
{
    char why[160];
    double one[1] = {1};
    struct session_view *v = &b->v;
    v->names.n_concepts = 3;
    v->state = SESSION_ENDED;
    pane_why_empty(v, METRIC_EV, why, sizeof why);
    assert_string_equal(why, "not measured in this run: saetop eval RUN");
    pane_why_empty(v, METRIC_LR, why, sizeof why);
    assert_string_equal(why, "measured while training only: saetop train");
    v->cond[0].series[METRIC_EV].x = v->cond[0].series[METRIC_EV].y = one;
    v->cond[0].series[METRIC_EV].n = 1;
    pane_why_empty(v, METRIC_ABSORPTION, why, sizeof why);
    assert_string_equal(why, "no concept is told apart well enough: more text, --set "
                             "eval.concept_rows=N, --concepts FILE");
    v->no_model = true;
    pane_why_empty(v, METRIC_ABSORPTION, why, sizeof why);
    assert_string_equal(why, "no model here: --model M --corpus C");
    v->no_model = false;
    v->cond[0].series[METRIC_EV].n = 0;
    v->cond[0].series[METRIC_EV].x = v->cond[0].series[METRIC_EV].y = NULL;
    struct bench *narrow = test_calloc(1, sizeof *narrow);
    struct errinfo e;
    struct plot_result out;
    const struct plot_spec spec = {.empty =
                                       "not measured in this run: saetop eval RUN"};
    assert_ok(canvas_init(&narrow->c, 30, 6, GLYPH_BRAILLE, &e), &e);
    plot_draw(&narrow->c, (struct rect){0, 0, 30, 6}, &spec, &out);
    assert_true(on_screen(narrow, " not measured in this run: "));
    assert_true(on_screen(narrow, " saetop eval RUN "));
    canvas_deinit(&narrow->c);
    test_free(narrow);
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
    assert_ok(app_init(&b->a, &screen_table, 120, 36, GLYPH_BRAILLE, THEME_DARK, &e),
              &e);
    assert_ok(canvas_init(&b->c, 120, 36, GLYPH_BRAILLE, &e), &e);
    for (uint32_t key = '1'; key <= '4'; key++) {
        press(b, key);
        assert_true(on_screen(b, "loading: opening the model"));
        no_command(b);
    }
    press(b, '1');
    b->v.state = SESSION_TRAINING;
    b->v.n_conds = 1;
    b->v.eval_next_step = 150;
    b->v.names.n_concepts = 3;
    sample_fact(&b->v, "ood", "");
    type(b, ":pane 4 explained_variance_ood\n");
    assert_true(on_screen(b, "no OOD text: --ood FILE"));
    assert_true(on_screen(b, "first evaluation at step 150"));
    b->v.names.n_concepts = 0;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "no concepts: --concepts FILE"));
    check_wants(b);
    b->v.state = SESSION_FAILED;
    sample_say(&b->v, true, "model.safetensors: cut short");
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "cut short"));
    press(b, 'j');
    assert_true(on_screen(b, "cut short")); /* a failure is not dismissed */
    bench_free(b);
}

/* Values and title are made shorter to be whole; a hint that can never apply makes room
 * for others. */
static void test_room_goes_to_what_changes(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    type(b, ":pane 3 explained_variance\n");
    assert_true(on_screen(b, "explained variance "));
    assert_true(on_screen(b, "A .778 B .790"));
    type(b, ":pane 3 explained_variance_ood\n");
    assert_true(on_screen(b, "EV on OOD "));
    assert_false(on_screen(b, "fork A/B")); /* there is a twin */
    bench_free(b);
    b = bench_new(120, 36, 1);
    assert_true(on_screen(b, "b fork A/B"));
    assert_false(on_screen(b, "v arm"));
    bench_free(b);
    b = bench_new(60, 12, 1); /* the card takes few keys, and names no others */
    assert_true(on_screen(b, "[ ] rate"));
    assert_false(on_screen(b, "y log"));
    assert_true(on_screen(b, "q leave"));
    bench_free(b);
}

/* The same event of both arms is one row; each pane names the text it is measured
 * on. */
static void test_boxes_say_what_they_count(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    assert_int_equal(b->v.n_events, 6);
    assert_true(on_screen(b, " 5 ")); /* one was said of both */
    assert_true(on_screen(b, "A masked, B not: not comparable"));
    assert_true(on_screen(b, "on held-out text, unmasked"));
    type(b, ":pane 1 explained_variance_ood\n:pane 2 lr\n");
    assert_true(on_screen(b, "on OOD text, unmasked"));
    assert_false(on_screen(b, "masked batches"));
    type(b, ":pane 1 loss\n");
    b->v.cond[0].rate_in_use = 0;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "on unmasked batches"));
    bench_free(b);
}

/* ---- leaving ---- */

/* The box says when the run was last saved and how it opens again. */
static void test_quit_tells_of_the_last_save(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    press(b, 'q');
    assert_true(on_screen(b, "not saved yet"));
    press(b, KEY_ESC_);
    snprintf(
        b->v.arm[0].dir, sizeof b->v.arm[0].dir, "%s/end-of-it",
        "/a/path/that/is/far/too/long/for/a/box/of/sixty/columns/and/of/eighty/caf\xc3\xa9");
    sample_event(&b->v, 890, 'A', "save", "runs/x");
    press(b, 'q');
    assert_true(on_screen(b, "Last saved at step 890"));
    /* Whole: over as many lines as it takes, with the keys below. */
    assert_true(
        on_screen(b, "saetop /a/path/that/is/far/too/long/for/a/box/of/sixty/"));
    assert_true(on_screen(b, "end-of-it"));
    assert_true(on_screen(b, "stay"));
    press(b, KEY_ESC_);
    for (size_t i = 0; i < 400; i++) {
        b->v.arm[0].dir[i] = '/';
        b->v.arm[0].dir[i + 1] = '\0';
    }
    press(b, 'q');
    assert_true(on_screen(b, "stay"));
    /* Where there is no room for it, the keys alone. */
    static const int sizes[][2] = {{60, 12}, {80, 14}, {40, 10}, {40, 8}, {30, 5}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct errinfo e;
        assert_ok(canvas_resize(&b->c, sizes[i][0], sizes[i][1], &e), &e);
        app_update(
            &b->a, &b->v,
            &(struct event){.kind = EVENT_RESIZE, .w = sizes[i][0], .h = sizes[i][1]});
        app_view(&b->a, &b->v, &b->c);
        assert_true(on_screen(b, "save and quit") && on_screen(b, "stay"));
    }
    bench_free(b);
}

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
    sample_say(&b->v, true, "disk full");
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    app_view(&b->a, &b->v, &b->c);
    assert_int_equal(b->a.leaving, STAYING);
    assert_int_equal(b->a.n_requests, 0);
    assert_true(on_screen(b, "disk full"));
    bench_free(b);
}

/* The one row that 80 columns have for events keeps the last change, not a save. */
static void test_ticker_keeps_the_change(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    sample_event(&b->v, 880, 'A', "mask", "p 0.30 -> 0.00, trained on from step 890");
    for (int k = 0; k < 2; k++) {
        sample_event(&b->v, 890, (char)('A' + k), "save", k ? "r-twin" : "r");
    }
    press(b, KEY_ESC_); /* the guide stood there */
    assert_true(on_screen(b, "880 A  mask p 0.30 -> 0.00"));
    assert_false(on_screen(b, "r-twin"));
    press(b, 'E'); /* all of them */
    assert_true(on_screen(b, "r-twin"));
    bench_free(b);
}

/* An event that a line does not hold goes on in the next where there is room; why two
 * conditions are not comparable is not cut. */
static void test_long_words_are_whole(void **state)
{
    (void)state;
    static const char *const words = "an evaluation takes longer than thought: every "
                                     "200 steps from here on, not 50";
    struct bench *b = bench_new(120, 36, 2);
    sample_event(&b->v, 596, 'A', "eval-interval", words);
    b->v.cond[0].beyond_masks = 1;
    b->v.cond[1].beyond_masks = 2;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "steps from here on, not 50"));
    assert_true(on_screen(b, "A-B not comparable, 1 seed"));
    assert_true(on_screen(b, "A and B differ in more than masks"));
    bench_free(b);

    b = bench_new(80, 24, 2);
    sample_event(&b->v, 596, 'A', "eval-interval", words);
    b->v.cond[0].beyond_masks = 1;
    b->v.cond[1].beyond_masks = 2;
    press(b, KEY_TAB_);
    press(b, KEY_TAB_);
    press(b, KEY_TAB_);
    assert_true(on_screen(b, "A-B not comparable, 1 seed"));
    assert_true(on_screen(b, "A and B differ in more than masks"));
    press(b, 'z');
    assert_true(on_screen(b, "not 50"));
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pause_and_resume),
        cmocka_unit_test(test_long_words_are_whole),
        cmocka_unit_test(test_best_is_of_what_was_trained),
        cmocka_unit_test(test_rate_keys_add_up),
        cmocka_unit_test(test_rate_stays_in_range),
        cmocka_unit_test(test_mask_toggle_and_undo),
        cmocka_unit_test(test_mask_remembers_its_rate),
        cmocka_unit_test(test_mask_command),
        cmocka_unit_test(test_target_arm),
        cmocka_unit_test(test_other_commands),
        cmocka_unit_test(test_tune_and_back),
        cmocka_unit_test(test_a_condition_is_asked_for_twice),
        cmocka_unit_test(test_seeds_are_asked_for_twice),
        cmocka_unit_test(test_says_what_batches_are_masked),
        cmocka_unit_test(test_browsing_is_not_steered),
        cmocka_unit_test(test_browsing_is_not_offered_steering),
        cmocka_unit_test(test_curves),
        cmocka_unit_test(test_cost_before_the_first_step),
        cmocka_unit_test(test_empty_panes),
        cmocka_unit_test(test_room_goes_to_what_changes),
        cmocka_unit_test(test_boxes_say_what_they_count),
        cmocka_unit_test(test_quit_tells_of_the_last_save),
        cmocka_unit_test(test_quit_asks),
        cmocka_unit_test(test_quit_when_saved),
        cmocka_unit_test(test_quit_discards),
        cmocka_unit_test(test_failed_save_stays),
        cmocka_unit_test(test_ticker_keeps_the_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
