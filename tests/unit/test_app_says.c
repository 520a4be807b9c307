/* Words of the explorer: messages, hints that fit the state, numbers that were not
 * measured, texts that a prompt offers. */
#include "ui/config.h"
#include "ui/screens/table.h"
#include "ui/statusline.h"
#include "ui/steer.h"
#include "ui_bench.h"

static void tick(struct bench *b, enum event_kind kind)
{
    app_update(&b->a, &b->v, &(struct event){.kind = kind});
    app_view(&b->a, &b->v, &b->c);
}

/* ---- the guide ---- */

static struct bench *guided(int w, int h, size_t seeds, double seconds)
{
    struct bench *b = bench_new(w, h, 2);
    if (seeds > 1) {
        session_view_deinit(&b->v);
        sample_view_seeds(&b->v, 2, seeds, 900, 512);
    }
    b->v.seconds = seconds;
    app_view(&b->a, &b->v, &b->c);
    return b;
}

/* What masks do and what to watch, then what the seeds say, with its interval, and
 * where to look; each screen once. */
static void test_guide_leads_on(void **state)
{
    (void)state;
    static const int size[][2] = {{80, 24}, {100, 30}, {120, 36}};
    for (size_t i = 0; i < 3; i++) {
        struct bench *b = guided(size[i][0], size[i][1], 5, 5);
        assert_true(on_screen(b, "A learns with 30 % of input tokens"));
        assert_true(on_screen(b, ", B with none."));
        b->v.seconds = 20;
        app_view(&b->a, &b->v, &b->c);
        assert_true(on_screen(b, "Lower is better."));
        b->v.seconds = 40;
        app_view(&b->a, &b->v, &b->c);
        assert_true(on_screen(b, "A absorbs less so far, -.016"));
        assert_true(on_screen(b, "Press 2"));
        type(b, "21");
        assert_false(on_screen(b, "Press 2"));
        assert_true(on_screen(b, "Press 6 for what"));
        type(b, "61");
        assert_false(on_screen(b, "Press 6"));
        bench_free(b);
    }
}

/* One seed has no verdict, so none is said; Esc sends the guide away. */
static void test_guide_claims_nothing(void **state)
{
    (void)state;
    struct bench *b = guided(80, 24, 1, 40);
    assert_false(on_screen(b, "absorbs"));
    assert_true(on_screen(b, "Press 2 for the words absorbed."));
    press(b, KEY_ESC_);
    assert_false(on_screen(b, "Press 2"));
    bench_free(b);
    b = guided(80, 24, 5, 40);
    b->v.state = SESSION_BROWSING;
    app_view(&b->a, &b->v, &b->c);
    assert_false(on_screen(b, "Press 2"));
    bench_free(b);
}

/* Makes A-B of a measure have this mean over five seeds, each `d` from the next. */
static void differ(struct bench *b, enum metric m, double mean, double d)
{
    for (size_t i = 0; i < 5; i++) {
        const size_t after = b->v.cond[0].arm[i], before = b->v.cond[1].arm[i];
        b->v.arm[before].last[m] = 0.1;
        b->v.arm[after].last[m] = 0.1 + mean + d * ((double)i - 2.0);
    }
}

/* What was found stands in the box at the end and when the run is opened again, and
 * what A and B are in its title at any time; of a fixed k nothing is to be compared. */
static void test_conclusion_stays(void **state)
{
    (void)state;
    static const enum session_state over[] = {SESSION_DONE, SESSION_BROWSING};
    struct bench *b = guided(80, 24, 5, 700);
    assert_true(on_screen(b, "A-B, 5 seeds, so far; mask A 30 %"));
    assert_true(on_screen(b, "k = 4 by design"));
    b->v.planned = 900;
    sample_event(&b->v, 620, ' ', "eval-interval", "evaluating about every 70 steps");
    for (size_t i = 0; i < 2; i++) {
        b->v.state = over[i];
        app_view(&b->a, &b->v, &b->c);
        assert_true(on_screen(b, "A-B, 5 seeds; A 30 % masked, B not"));
        assert_true(on_screen(b, "A absorbs less, -.016"));
        assert_false(on_screen(b, "eval-interval"));
    }
    b->v.cond[1].k = 8;
    app_view(&b->a, &b->v, &b->c);
    assert_false(on_screen(b, "by design"));
    bench_free(b);
}

/* A difference that is clear only taken alone: neither the sentence says that there is
 * none nor does the row, as printed, reach 0. */
static void test_clear_only_alone(void **state)
{
    (void)state;
    struct bench *b = guided(80, 24, 5, 40);
    differ(b, METRIC_ABSORPTION, -0.0252, 0.01266); /* half: 0.0249 */
    differ(b, METRIC_RECALL, 0.0252, 0.01266);
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "A seems to absorb less: unclear (~)."));
    assert_false(on_screen(b, "no difference"));
    assert_true(on_screen(b, "-.0252\xc2\xb1.0249 unclear ~"));
    assert_true(on_screen(b, "+.0252\xc2\xb1.0249 unclear ~"));
    assert_true(on_screen(b, "~ clear only taken alone (Holm)"));
    differ(b, METRIC_ABSORPTION, -0.02, 0.01266);
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "-.020\xc2\xb1.025 unclear "));
    assert_true(on_screen(b, "Absorption: no difference shown yet."));
    bench_free(b);
}

/* A difference says which way it goes, whether that is good, and that it is
 * established, once it is. */
static void test_worse_is_said(void **state)
{
    (void)state;
    struct bench *b = guided(80, 24, 5, 700);
    differ(b, METRIC_EV, -0.026, 0.001);
    differ(b, METRIC_ABSORPTION, -0.026, 0.001);
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "\xe2\x96\xbc worse  ") &&
                on_screen(b, "\xe2\x96\xbc better  "));
    b->v.planned = 900;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "\xe2\x96\xbc worse *"));
    assert_true(on_screen(b, "\xe2\x96\xbc better *") && on_screen(b, "* established"));
    bench_free(b);
}

/* ---- messages ---- */

/* At the last step masking cannot change, and nothing on the screen says it did. */
static void test_masking_rests_at_the_end(void **state)
{
    (void)state;
    static const char *const tries[] = {"m", "[", "]", ":mask off\n", ":mask 0.5\n"};
    struct bench *b = bench_new(120, 36, 1);
    b->v.state = SESSION_DONE;
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        const double before = steer_rate(&b->a, &b->v, 0);
        type(b, tries[i]);
        tick(b, EVENT_TICK);
        assert_true(on_screen(b, ":extend STEPS goes on"));
        assert_true(steer_rate(&b->a, &b->v, 0) == before);
        press(b, KEY_ESC_);
    }
    assert_false(on_screen(b, "m mask"));
    bench_free(b);
}

/* A message is logged once however long it is shown; said again, it is counted, unless
 * another came between. */
static void test_messages_are_logged_once(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, ":set theme pink\n");
    for (int i = 0; i < 5; i++) {
        b->v.step += 10;
        tick(b, EVENT_TICK);
    }
    assert_int_equal(b->a.log.n, 1);
    sample_say(&b->v, false, "saved");
    for (int i = 0; i < 5; i++) {
        b->v.step += 10;
        tick(b, EVENT_TICK);
    }
    assert_int_equal(b->a.log.n, 2);
    press(b, KEY_ESC_);
    assert_false(on_screen(b, "saved"));
    sample_say(&b->v, false, "saved"); /* the same words, of another save */
    tick(b, EVENT_TICK);
    assert_true(on_screen(b, "saved"));
    assert_int_equal(b->a.log.n, 2);
    press(b, 'M');
    assert_true(on_screen(b, "saved  (2 times)"));
    press(b, KEY_ESC_);
    type(b, ":set theme pink\n");
    sample_say(&b->v, false, "saved");
    tick(b, EVENT_TICK);
    assert_int_equal(b->a.log.n, 4);
    press(b, 'M');
    assert_true(on_screen(b, "saved  (2 times)") && on_screen(b, "saved "));
    bench_free(b);
}

/* A message that is cut ends in the key that shows it whole, of any screen that has
 * it. */
static void test_cut_messages_lead_on(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    char text[200];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    sample_say(&b->v, false, text);
    tick(b, EVENT_TICK);
    assert_true(on_screen(b, "xxx\xe2\x80\xa6 M"));
    b->v.state = SESSION_FAILED;
    tick(b, EVENT_TICK);
    assert_true(on_screen(b, "xxx\xe2\x80\xa6 M"));
    press(b, 'M');
    assert_true(on_screen(b, "xxxxxxxxxxxxxxxxx"));
    assert_true(b->a.help.open);
    bench_free(b);
    b = bench_new(80, 24, 1);
    text[70] = '\0';
    sample_say(&b->v, false, text);
    tick(b, EVENT_TICK);
    assert_false(on_screen(b, "x\xe2\x80\xa6"));
    bench_free(b);
    b = bench_new(40, 12, 1); /* whose keys have no M */
    assert_true(on_screen(b, "screens need 80x24; this is 40x12"));
    text[70] = 'x';
    sample_say(&b->v, false, text);
    tick(b, EVENT_TICK);
    assert_false(on_screen(b, "\xe2\x80\xa6 M"));
    bench_free(b);
}

/* Messages that come at once, as after a long evaluation, are all kept: the answer to a
 * :save is not lost when the run ends. The latest is shown. */
static void test_answers_are_not_lost(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    char text[40];
    sample_say(&b->v, false, "saved at step 10 in R");
    sample_say(&b->v, true, "arm A diverged");
    sample_say(&b->v, false, "done: 20 steps");
    tick(b, EVENT_TICK);
    assert_int_equal(b->a.log.n, 3);
    assert_string_equal(b->a.log.at[0].text, "saved at step 10 in R");
    assert_true(b->a.log.at[1].bad && !b->a.log.at[2].bad);
    assert_true(on_screen(b, "done: 20 steps"));
    for (int i = 0; i < 3 * VIEW_SAID; i++) { /* more than are kept */
        snprintf(text, sizeof text, "number %d", i);
        sample_say(&b->v, false, text);
    }
    tick(b, EVENT_TICK);
    assert_int_equal(b->a.log.n, 3 + VIEW_SAID);
    assert_string_equal(b->a.log.at[(2 + VIEW_SAID) % MESSAGES].text, text);
    bench_free(b);
}

/* A key that opens a prompt although there is nothing to name: text typed after it goes
 * into a line that shows the reason and does nothing. */
static void test_refused_text_is_no_key(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    latent_table_unref((struct latent_table *)(uintptr_t)b->v.arm[0].table);
    b->v.arm[0].table = NULL;
    type(b, "3");
    const struct screen_def *at = b->a.screen;
    type(b, ";1q dog");
    assert_true(on_screen(b, "   (Esc)"));
    assert_ptr_equal(b->a.screen, at);
    assert_int_equal(b->a.leaving, STAYING);
    assert_string_equal(b->a.line.text, "1q dog");
    press(b, KEY_ENTER_);
    assert_null(b->a.prompt);
    assert_true(b->a.message_bad && strncmp(b->a.message, "label: ", 7) == 0);
    type(b, ";");
    press(b, KEY_ESC_);
    assert_null(b->a.prompt);
    type(b, "1");
    assert_ptr_not_equal(b->a.screen, at);
    type(b, "3:label dog\n"); /* an error, and no line is opened */
    assert_null(b->a.prompt);
    assert_true(strncmp(b->a.message, "label: ", 7) == 0);
    bench_free(b);
}

/* ... also where two keys in a row open it. */
static void test_refused_text_after_two_keys(void **state)
{
    (void)state;
    static const char text[] = "map latents Zl label\n";
    struct config c;
    struct errinfo e;
    struct bench *b = test_calloc(1, sizeof *b);
    assert_ok(config_parse(&c, text, strlen(text), "conf", &screen_table, &e), &e);
    begin_with(b, c.screens, 120, 36, 1);
    latent_table_unref((struct latent_table *)(uintptr_t)b->v.arm[0].table);
    b->v.arm[0].table = NULL;
    type(b, "3Zl1q dog");
    assert_true(on_screen(b, "   (Esc)"));
    assert_string_equal(b->a.screen->name, "latents");
    assert_string_equal(b->a.line.text, "1q dog");
    bench_free(b);
    config_deinit(&c);
}

/* A rate that was asked for is not in use yet: no step is named from which it is. */
static void test_asked_rates_wait(void **state)
{
    (void)state;
    static const int sizes[][2] = {{80, 24}, {120, 36}};
    for (size_t i = 0; i < 2; i++) {
        struct bench *b = bench_new(sizes[i][0], sizes[i][1], 1);
        b->v.state = SESSION_TRAINING;
        tick(b, EVENT_TICK);
        assert_false(on_screen(b, "from the next harvest"));
        type(b, "m");
        tick(b, EVENT_TICK);
        assert_true(on_screen(b, "from the next harvest"));
        bench_free(b);
    }
}

static const int full[][2] = {{80, 24}, {120, 36}};
static const char *const screens[] = {"1", "3", "3=", "4"};

/* Progress, advice and hints stay visible beside a message, which goes after a
 * while. */
static void test_messages_hide_nothing(void **state)
{
    (void)state;
    static const char *const beside[] = {"900/1,500", "sort match", "sort match",
                                         "context "};
    static const char *const hints[] = {"Space pause", "& filter", "& filter",
                                        "j context"};
    for (size_t i = 0; i < 8; i++) {
        struct bench *b = bench_new(full[i / 4][0], full[i / 4][1], 1);
        type(b, screens[i % 4]);
        tick(b, EVENT_LAPSE);
        struct errinfo e;
        char *without = NULL, *after = NULL;
        assert_ok(canvas_dump(&b->c, true, &without, &e), &e);
        sample_say(&b->v, true, "the disk is full: nothing was saved");
        tick(b, EVENT_TICK);
        assert_true(on_screen(b, "the disk is full: nothing was saved"));
        assert_true(on_screen(b, beside[i % 4]));
        assert_true(on_screen(b, hints[i % 4]));
        assert_true(i % 4 != 1 || on_screen(b, "512 of 512 shown"));
        tick(b, EVENT_LAPSE);
        assert_ok(canvas_dump(&b->c, true, &after, &e), &e);
        assert_string_equal(after, without);
        mem_free(without);
        mem_free(after);
        bench_free(b);
    }
    struct bench *b = bench_new(60, 8, 2); /* the card as well */
    type(b, ":mask 9\n");
    assert_true(on_screen(b, "expected a rate"));
    assert_true(on_screen(b, "step 900/1,500"));
    assert_true(on_screen(b, "Space pause"));
    bench_free(b);
}

/* ---- hints ---- */

static void in_state(struct bench *b, enum session_state s)
{
    b->v.state = s;
    tick(b, EVENT_TICK);
}

static void test_hints_fit_the_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bench *b = bench_new(full[i][0], full[i][1], 2);
        assert_true(on_screen(b, "Space pause"));
        in_state(b, SESSION_PAUSED);
        assert_true(on_screen(b, "Space go on"));
        assert_false(on_screen(b, "Space pause"));
        in_state(b, SESSION_DONE);
        assert_false(on_screen(b, "Space"));
        assert_true(on_screen(b, ":extend trains on"));
        assert_true(on_screen(b, "2 concepts"));
        assert_true(on_screen(b, "q leave"));
        size_t extend = 0;
        while (keymap_at(&screen_table, extend)->action != &action_extend) {
            extend++;
        }
        const struct rect r = hit_of(b, HIT_HINT, (int)extend);
        mouse(b, MOUSE_PRESS, r.x, r.y); /* it asks for the steps */
        assert_ptr_equal(b->a.prompt, &prompt_command);
        assert_string_equal(b->a.line.text, "extend ");
        press(b, KEY_ESC_);
        in_state(b, SESSION_BROWSING);
        assert_true(on_screen(b, ":resume trains on"));
        assert_false(on_screen(b, ":extend"));
        b->v.step = b->v.steps; /* it had ended */
        tick(b, EVENT_TICK);
        assert_true(on_screen(b, ":extend trains on"));
        assert_false(on_screen(b, ":resume"));
        type(b, "m");
        assert_true(on_screen(b, ":extend STEPS goes on"));
        press(b, '3');
        assert_false(on_screen(b, "2 concepts"));
        bench_free(b);
    }
}

/* How far the run is stays in sight on every screen and while something is typed. */
static void test_progress_stays(void **state)
{
    (void)state;
    static const char *const typed[] = {"3", "4", "1:", "1:save ", "3/", "1;"};
    for (size_t s = 0; s < 2; s++) {
        struct bench *b = bench_new(full[s][0], full[s][1], 2);
        for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
            type(b, typed[i]);
            if (!s && !strcmp(typed[i], "1:save ")) {
                /* its line has no room */
            } else if (!on_screen(b, s ? "step 900/1,500  ETA " : "step 900/1,500")) {
                fail_msg("after %s at %dx%d", typed[i], full[s][0], full[s][1]);
            }
            press(b, KEY_ESC_);
        }
        in_state(b, SESSION_PAUSED);
        press(b, '3');
        assert_true(on_screen(b, "step 900/1,500"));
        in_state(b, SESSION_DONE);
        assert_false(on_screen(b, "ETA"));
        bench_free(b);
    }
    struct bench *b = bench_new(80, 24, 1);
    char text[100];
    status_progress(&b->v, 40, text, sizeof text);
    assert_non_null(strstr(text, "step 900/1,500  ETA "));
    status_progress(&b->v, 14, text, sizeof text);
    assert_string_equal(text, "step 900/1,500");
    status_progress(&b->v, 13, text, sizeof text);
    assert_string_equal(text, "");
    bench_free(b);
}

/* Latents that wait for the held-out set say so. */
static void test_what_latents_wait_for(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    const struct latent_table *table = b->v.arm[0].table;
    b->v.arm[0].table = NULL;
    b->v.eval_ready = false;
    press(b, '3');
    assert_true(
        on_screen(b, "preparing the held-out text; the latents of A come next"));
    b->v.eval_ready = true;
    press(b, '3');
    assert_true(on_screen(b, "describing the latents of A ..."));
    in_state(b, SESSION_BROWSING); /* which needs none */
    b->v.eval_ready = false;
    press(b, '3');
    assert_true(on_screen(b, "describing the latents of A ..."));
    b->v.arm[0].table = table;
    bench_free(b);
}

/* An empty list says where else to look. */
static void test_no_message_yet(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    b->a.log.n = 0;
    press(b, 'M');
    assert_true(on_screen(b, "messages of this session"));
    assert_true(on_screen(b, "E on Train has the run's events"));
    bench_free(b);
}

/* ---- numbers ---- */

/* A view before anything was measured, or with nothing that could be. */
static void unmeasured(struct session_view *v, size_t arms, bool tables)
{
    struct latent_table *t = tables ? sample_table(64, 0) : NULL;
    sample_view(v, arms, 0, 0);
    for (size_t k = 0; k < arms; k++) {
        for (int m = 0; m < METRIC_COUNT; m++) {
            v->cond[k].last[m] = m % 2 ? (double)NAN : (double)INFINITY;
        }
    }
    v->tokens_per_second = v->eta_seconds = (double)NAN;
    if (!t) {
        return;
    }
    for (size_t i = 0; i < t->F; i++) {
        struct latent_row *r = &t->row[i];
        r->max = r->mean = r->precision = r->recall = r->f1 = r->match_cut = NAN;
        r->density = i % 2 ? r->density : (double)NAN;
    }
    v->arm[0].table = t;
    struct latent_detail *d = sample_detail(t, 42, INTERVAL_TOP);
    d->delta_nll = d->density_lo = d->density_hi = (double)NAN;
    d->enc_dec_cos = NAN;
    for (size_t i = 0; i < LATENT_LENS; i++) {
        d->lens[0].top_logit[i] = d->lens[0].bottom_logit[i] = NAN;
    }
    for (size_t i = 0; i < LATENT_NEIGHBOURS; i++) {
        d->neighbour_cos[i] = NAN;
    }
    v->detail = d;
}

static void check_no_nan(struct bench *b, const char *keys, int w, int h)
{
    struct errinfo e;
    char *dump = NULL;
    assert_ok(canvas_resize(&b->c, w, h, &e), &e);
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_RESIZE, .w = w, .h = h});
    app_view(&b->a, &b->v, &b->c);
    assert_ok(canvas_dump(&b->c, false, &dump, &e), &e);
    static const char *const bad[] = {"nan", "NaN", "inf ", "-inf", " inf"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (strstr(dump, bad[i])) {
            fail_msg("%s at %dx%d shows %s:\n%s", keys, w, h, bad[i], dump);
        }
    }
    mem_free(dump);
}

/* No screen of any size says nan or inf. */
static void test_unmeasured_is_a_dash(void **state)
{
    (void)state;
    static const char *const keys[] = {"1", "3", "3=", ":latent 42\n"};
    for (size_t i = 0; i < 16; i++) {
        struct bench *b = test_calloc(1, sizeof *b);
        struct errinfo e;
        unmeasured(&b->v, i & 4 ? 2 : 1, i & 8);
        assert_ok(app_init(&b->a, &screen_table, 80, 24, GLYPH_ASCII, THEME_MONO, &e),
                  &e);
        assert_ok(canvas_init(&b->c, 80, 24, GLYPH_ASCII, &e), &e);
        type(b, keys[i % 4]);
        for (int w = 1; w <= 60; w++) {
            for (int h = 1; h <= 12; h++) {
                check_no_nan(b, keys[i % 4], w, h);
            }
        }
        check_no_nan(b, keys[i % 4], 80, 24);
        check_no_nan(b, keys[i % 4], 120, 36);
        bench_free(b);
    }
}

/* A share that does not mean what it says is not left without a word. */
static void test_doubtful_shares(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bench *b = bench_new(full[i][0], full[i][1], 1);
        assert_false(on_screen(b, "erasing"));
        b->v.cond[0].last[METRIC_CE_REC_OOD] = -7.0;
        tick(b, EVENT_TICK);
        assert_true(on_screen(b, "-7.000 < erasing"));
        bench_free(b);
        b = bench_new(full[i][0], full[i][1], 2);
        b->v.cond[1].last[METRIC_CE_REC] = -7.0;
        tick(b, EVENT_TICK);
        assert_true(on_screen(b, "< erasing"));
        type(b, "?/what is CE\n");
        assert_true(on_screen(b, "worse than erasing"));
        bench_free(b);
    }
}

/* Plus-minus is a sign of its own in ASCII too. */
static void test_signs_differ(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    b->a.tier = b->c.tier = GLYPH_ASCII;
    tick(b, EVENT_TICK);
    assert_true(on_screen(b, "-.016+-.042"));
    bench_free(b);
    b = bench_new(80, 24, 1);
    b->a.tier = b->c.tier = GLYPH_ASCII;
    tick(b, EVENT_TICK);
    assert_true(on_screen(b, "A 0.114 +-0.030"));
    bench_free(b);
}

/* ---- prompts ---- */

/* Text that a prompt offers is replaced by what is typed, in every prompt. */
static void test_prompts_offer(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "3&dog\n&");
    assert_string_equal(b->a.line.text, "dog");
    type(b, "cat");
    assert_string_equal(b->a.line.text, "cat");
    press(b, KEY_ESC_);
    assert_string_equal(latents_of(&b->a)->filter.text, "dog");
    press(b, '&');
    press(b, KEY_RIGHT_); /* taken over */
    type(b, "|cat\n");
    assert_string_equal(latents_of(&b->a)->filter.text, "dog|cat");
    type(b, "&\n"); /* kept */
    assert_string_equal(latents_of(&b->a)->filter.text, "dog|cat");
    type(b, "&");
    press(b, KEY_DELETE_BACK); /* taken out: all is shown */
    assert_int_equal(latents_of(&b->a)->shown, 512);
    press(b, KEY_ENTER_);
    type(b, "e");
    assert_string_equal(b->a.line.text, "export latents-A-900.csv");
    press(b, KEY_RIGHT_); /* text now, and a command still when it is cleared */
    press(b, 21);         /* Ctrl-U */
    assert_string_equal(b->a.line.text, "export ");
    type(b, "mine.csv\n"); /* the command stays, the name is another */
    assert_int_equal(b->a.n_requests, 1);
    assert_string_equal(b->a.request[0].path, "mine.csv");
    b->a.n_requests = 0;
    type(b, "emine\n"); /* stray keys write no file */
    assert_int_equal(b->a.n_requests, 0);
    assert_true(on_screen(b, "expected NAME.csv, .json, .md, .svg, .ansi or .txt"));
    type(b, "?/mask\n/x");
    assert_string_equal(b->a.line.text, "x");
    bench_free(b);
}

/* A key of another screen is not silent: it says whose it is, and the command that does
 * it where that may be given here. */
static void test_keys_of_another_screen(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    press(b, '3');
    press(b, 'c');
    assert_true(on_screen(b, "c is a key of Train; here :save does it"));
    no_command(b);
    press(b, 's');
    assert_true(on_screen(b, "s is a key of Train"));
    assert_false(on_screen(b, "does it"));
    press(b, '1');
    press(b, 'p');
    assert_true(on_screen(b, "p is a key of Concepts, Latents, Detail and Compare"));
    assert_false(on_screen(b, "does it"));
    press(b, '&');
    assert_true(on_screen(b, "& is a key of Concepts, Latents and Runs"));
    assert_false(on_screen(b, "does it"));
    press(b, '~'); /* nobody's */
    assert_false(on_screen(b, "is a key of"));
    assert_true(on_screen(b, "~ does nothing   (? lists the keys)"));
    b->v.state = SESSION_DONE; /* masking is at its end: nothing to offer */
    press(b, '2');
    press(b, 'm');
    assert_true(on_screen(b, "m is a key of Train and Prompt"));
    assert_false(on_screen(b, "does it"));
    bench_free(b);
}

/* The card of a small terminal takes few keys: of another it says what that needs. */
static void test_card_says_what_keys_need(void **state)
{
    (void)state;
    struct bench *b = bench_new(60, 20, 1);
    type(b, "5");
    assert_true(on_screen(b, "5 needs 80x24; this is 60x20"));
    type(b, "x");
    assert_true(on_screen(b, "x needs 80x24; this is 60x20"));
    type(b, " ");
    assert_false(on_screen(b, "needs 80x24; this"));
    bench_free(b);
}

/* A command that acts on what its screen shows does nothing unseen from another. */
static void test_commands_of_another_screen(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    static const struct {
        char on;
        const char *line, *says;
    } rows[] = {
        {'2', "zoom", "zoom is a command of Train"},
        {'3', "log", "log is a command of Train"},
        {'3', "smooth +", "smooth is a command of Train"},
        {'1', "send", "send is a command of Concepts, Latents and Compare"},
        {'1', "find dog", "find is a command of Concepts, Latents, Detail and Runs"},
        {'1', "silence", "silence is a command of Latents and Prompt"},
        {'2', "ask", "ask is a command of Prompt"},
        {'9', "list", "list is a command of Prompt and Compare"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        press(b, (uint32_t)rows[i].on);
        const struct screen_def *on = b->a.screen;
        const size_t steps = b->a.undo.n;
        type(b, ":");
        type(b, rows[i].line);
        assert_true(on_screen(b, rows[i].says)); /* while it is typed */
        press(b, KEY_ENTER_);
        assert_true(on_screen(b, rows[i].says));
        assert_true(on_screen(b, "go there first"));
        assert_ptr_equal(b->a.screen, on);
        assert_int_equal(b->a.undo.n, steps);
        no_command(b);
    }
    press(b, '2'); /* one that names what it acts on, one that acts on the run */
    type(b, ":latent 5\n");
    assert_string_equal(b->a.screen->name, "detail");
    press(b, '3');
    b->a.n_commands = 0;
    type(b, ":mask .25\n");
    assert_int_equal(b->a.n_commands, 1);
    assert_int_equal(b->a.command[0].kind, COMMAND_MASK);
    bench_free(b);
}

/* What was undone is named, with what holds now. */
static void test_undone_is_named(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    char text[64];
    type(b, "3 ");
    snprintf(text, sizeof text, "undone: a mark of #%d ", latents_of(&b->a)->at);
    press(b, 'u');
    assert_true(on_screen(b, text));
    type(b, "&dog\n&cat\nu");
    assert_true(on_screen(b, "undone: a filter of Latents (now dog)"));
    type(b, "u");
    assert_true(on_screen(b, "undone: a filter of Latents (now none)"));
    press(b, KEY_CTRL('r'));
    assert_true(on_screen(b, "done again: a filter of Latents (now dog)"));
    type(b, "1z");
    press(b, 'u');
    assert_true(on_screen(b, "undone: a change of the layout of Train"));
    snprintf(b->v.cond[0].tunable, sizeof b->v.cond[0].tunable, "lr=0.002,k=4");
    type(b, ":tune k=8\nu");
    assert_true(on_screen(b, "undone: a setting of A: now k=4"));
    bench_free(b);
}

/* A reason stands before the path that it is of, of which the end is enough. */
static void test_reasons_come_first(void **state)
{
    (void)state;
    char text[80];
    text_reason("/usr/bin/../share/saetop/samples/lm: no chat template", text,
                sizeof text);
    assert_string_equal(text, "no chat template (.../samples/lm)");
    text_reason("/lm: no chat template", text, sizeof text);
    assert_string_equal(text, "no chat template (/lm)");
    text_reason("no context yet: wait", text, sizeof text);
    assert_string_equal(text, "no context yet: wait");
    text_reason("/only/a/path", text, sizeof text);
    assert_string_equal(text, "/only/a/path");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_card_says_what_keys_need),
        cmocka_unit_test(test_masking_rests_at_the_end),
        cmocka_unit_test(test_asked_rates_wait),
        cmocka_unit_test(test_guide_leads_on),
        cmocka_unit_test(test_guide_claims_nothing),
        cmocka_unit_test(test_conclusion_stays),
        cmocka_unit_test(test_clear_only_alone),
        cmocka_unit_test(test_worse_is_said),
        cmocka_unit_test(test_messages_are_logged_once),
        cmocka_unit_test(test_answers_are_not_lost),
        cmocka_unit_test(test_cut_messages_lead_on),
        cmocka_unit_test(test_refused_text_is_no_key),
        cmocka_unit_test(test_refused_text_after_two_keys),
        cmocka_unit_test(test_messages_hide_nothing),
        cmocka_unit_test(test_hints_fit_the_state),
        cmocka_unit_test(test_progress_stays),
        cmocka_unit_test(test_what_latents_wait_for),
        cmocka_unit_test(test_no_message_yet),
        cmocka_unit_test(test_unmeasured_is_a_dash),
        cmocka_unit_test(test_doubtful_shares),
        cmocka_unit_test(test_signs_differ),
        cmocka_unit_test(test_prompts_offer),
        cmocka_unit_test(test_keys_of_another_screen),
        cmocka_unit_test(test_commands_of_another_screen),
        cmocka_unit_test(test_undone_is_named),
        cmocka_unit_test(test_reasons_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
