/* [threads] A session as a screen sees it: commands down, measures and snapshots up. */
#include "base/mem.h"
#include "base/str.h"
#include "num/blas.h"
#include "session/session.h"
#include "unit/run_engine.h"
#include "unit/sample_settings.h"

#include <math.h>
#include <poll.h>

struct screen {
    struct session *s;
    struct session_view v;
};

static void open_screen(struct screen *t, const struct session_config *cfg)
{
    struct errinfo e;
    session_view_init(&t->v);
    assert_ok(session_new(cfg, &t->s, &e), &e);
}

static void close_screen(struct screen *t)
{
    session_free(t->s);
    session_view_deinit(&t->v);
}

/* Poll as a screen does until `done`; fails after a minute, which means never. */
static void wait_until(struct screen *t, bool (*done)(const struct screen *t))
{
    for (int i = 0; i < 600; i++) {
        (void)session_poll(t->s, &t->v);
        if (done(t)) {
            return;
        }
        struct pollfd p = {.fd = session_wake_fd(t->s), .events = POLLIN};
        (void)poll(&p, 1, 100);
    }
    fail_msg("nothing came: state %s, message '%s'", session_state_name(t->v.state),
             t->v.message);
}

static bool has_rows(const struct screen *t)
{
    return t->v.n_arms && t->v.arm[0].series[METRIC_LOSS].n > 2;
}
static bool is_done(const struct screen *t)
{
    return t->v.state == SESSION_DONE;
}
static bool is_training(const struct screen *t)
{
    return t->v.state == SESSION_TRAINING;
}
static bool is_paused(const struct screen *t)
{
    return t->v.state == SESSION_PAUSED;
}
static bool is_failed(const struct screen *t)
{
    return t->v.state == SESSION_FAILED;
}
static bool is_ended(const struct screen *t)
{
    return t->v.state == SESSION_ENDED;
}
static bool is_browsing(const struct screen *t)
{
    return t->v.state == SESSION_BROWSING;
}
static bool is_idle(const struct screen *t)
{
    return session_outstanding(t->s) == 0;
}
static bool has_evaluation(const struct screen *t)
{
    return t->v.arm[0].series[METRIC_EV].n > 0;
}

static void post(struct screen *t, struct command c)
{
    assert_true(session_post(t->s, &c));
}

static void trains_to_the_end_and_goes_on(void **state)
{
    (void)state;
    struct screen t;
    const struct session_config cfg = {.set = sample_settings(30),
                                       .stretch_eval = true};
    open_screen(&t, &cfg);
    wait_until(&t, is_done);
    wait_until(&t, has_rows);
    assert_int_equal(t.v.step, 30);
    assert_true(t.v.names.vocab > 1000);
    assert_true(t.v.names.n_concepts > 20);
    post(&t, (struct command){.kind = COMMAND_EXTEND, .at = 400});
    wait_until(&t, has_evaluation);
    close_screen(&t);
}

/* A finished run from disk goes on with the one command, and says so; with fewer steps
 * than it has it is not even opened. */
static void a_finished_run_is_extended(void **state)
{
    (void)state;
    struct screen t;
    char dir[256], run[512];
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    const struct session_config cfg = {.set = sample_settings(30)};
    struct command stop = {.kind = COMMAND_STOP, .value = 1};
    snprintf(stop.text, sizeof stop.text, "%s", run);
    open_screen(&t, &cfg);
    wait_until(&t, is_done);
    post(&t, stop);
    wait_until(&t, is_ended);
    close_screen(&t);

    const struct session_config open = {.set = sample_settings(1), .open_run = run};
    open_screen(&t, &open);
    wait_until(&t, is_browsing);
    assert_int_equal(t.v.planned, 30);
    post(&t, (struct command){.kind = COMMAND_EXTEND, .at = 30});
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_true(is_browsing(&t));
    assert_non_null(strstr(t.v.message, "extend: found 30, expected more than the 30"));
    post(&t, (struct command){.kind = COMMAND_EXTEND, .at = 45});
    wait_until(&t, is_done);
    assert_int_equal(t.v.step, 45);
    assert_int_equal(t.v.planned, 45);
    close_screen(&t);
    tmp_drop(run);
    tmp_drop(dir);
}

static bool has_concepts(const struct screen *t)
{
    return t->v.arm[0].concepts != NULL;
}
static bool has_words(const struct screen *t)
{
    return t->v.arm[0].concepts && !t->v.arm[0].concepts->lacks_words;
}
/* Others than those of the directory. */
static const struct concept_table *found;
static bool measured_again(const struct screen *t)
{
    return t->v.arm[0].concepts != found;
}
static bool has_table(const struct screen *t)
{
    return t->v.arm[0].table && !t->v.table_busy;
}

/* Every evaluation brings its concepts; a run that is opened again has those of its
 * last one, with their words and the absorption of latents; measured again they are the
 * same. */
static void concepts_come_and_come_back(void **state)
{
    (void)state;
    struct screen t;
    char dir[256], run[512];
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    const struct session_config cfg = {.set = sample_settings(150)};
    struct command stop = {.kind = COMMAND_STOP, .value = 1};
    snprintf(stop.text, sizeof stop.text, "%s", run);
    open_screen(&t, &cfg);
    wait_until(&t, is_done);
    wait_until(&t, has_concepts);
    assert_true(has_words(&t) && t.v.arm[0].concepts->n_words > 100);
    struct concept_table *was =
        concept_table_ref((struct concept_table *)(uintptr_t)t.v.arm[0].concepts);
    assert_non_null(t.v.arm[0].over);
    const size_t points = t.v.arm[0].over->n;
    assert_true(points >= 1);
    /* Another rule holds at once, and is no part of the run. */
    struct command rule = {.kind = COMMAND_RULE, .rule = absorption_rule_default()};
    rule.rule.share = rule.rule.cosine = 1.0;
    found = t.v.arm[0].concepts;
    post(&t, rule);
    wait_until(&t, measured_again);
    assert_ptr_equal(t.v.arm[0].concepts->plain, was);
    assert_true(t.v.rule.share >= 1.0);
    size_t before = 0, after = 0;
    for (size_t w = 0; w < was->n_words; w++) {
        before += was->word[w].absorbed;
        after += t.v.arm[0].concepts->word[w].absorbed;
    }
    assert_true(before > 0 && after < before);
    post(&t, stop);
    wait_until(&t, is_ended);
    close_screen(&t);

    const struct session_config open = {.set = sample_settings(1), .open_run = run};
    open_screen(&t, &open);
    wait_until(&t, is_browsing);
    wait_until(&t, has_concepts);
    assert_true(t.v.arm[0].over && t.v.arm[0].over->n == points &&
                t.v.arm[0].over->step[points - 1] == was->step);
    const struct concept_table *now = t.v.arm[0].concepts;
    assert_true(has_words(&t) && now->n_words == was->n_words);
    for (size_t w = 0; w < now->n_words; w++) {
        const struct word_result *x = &now->word[w], *y = &was->word[w];
        assert_true(x->concept == y->concept && x->token == y->token &&
                    x->verdict == y->verdict && x->held == y->held &&
                    x->absorber[0].latent == y->absorber[0].latent);
    }
    assert_int_equal(now->step, was->step);
    assert_int_equal(now->n, was->n);
    for (size_t c = 0; c < now->n; c++) {
        assert_int_equal(now->row[c].main_latent[0], was->row[c].main_latent[0]);
    }
    post(&t, (struct command){.kind = COMMAND_TABLE});
    wait_until(&t, has_table);
    size_t absorbing = 0;
    for (size_t j = 0; j < t.v.arm[0].table->F; j++) {
        absorbing += isfinite(t.v.arm[0].table->row[j].absorption) ? 1 : 0;
    }
    assert_true(absorbing > 10);
    found = t.v.arm[0].concepts;
    post(&t, (struct command){.kind = COMMAND_CONCEPTS});
    wait_until(&t, measured_again);
    now = t.v.arm[0].concepts;
    assert_int_equal(now->step, was->step);
    assert_int_equal(now->n_words, was->n_words);
    for (size_t w = 0; w < now->n_words; w++) {
        assert_int_equal(now->word[w].token, was->word[w].token);
        assert_int_equal(now->word[w].verdict, was->word[w].verdict);
    }
    wait_until(&t, is_idle);
    close_screen(&t);
    concept_table_unref(was);
    tmp_drop(run);
    tmp_drop(dir);
}

static void commands_take_effect_between_steps(void **state)
{
    (void)state;
    struct screen t;
    const struct session_config cfg = {.set = sample_settings(100000)};
    open_screen(&t, &cfg);
    wait_until(&t, has_rows);
    post(&t, (struct command){.kind = COMMAND_PAUSE});
    wait_until(&t, is_paused);
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    const int64_t step = t.v.step;
    post(&t, (struct command){.kind = COMMAND_MASK, .value = 0.15});
    post(&t, (struct command){.kind = COMMAND_FORK});
    post(&t, (struct command){.kind = COMMAND_NOTE, .text = "a note"});
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_int_equal(t.v.step, step);
    assert_true(fabs(t.v.cond[0].rate_set - 0.15) < 1e-12);
    assert_int_equal(t.v.n_arms, 2);
    assert_int_equal(t.v.cond[1].forked_at, step);
    assert_true(t.v.arm[1].series[METRIC_LOSS].n == t.v.arm[0].series[METRIC_LOSS].n);
    bool noted = false;
    for (size_t i = 0; i < t.v.n_events; i++) {
        noted |= strcmp(t.v.event[i].kind, "note") == 0 &&
                 strcmp(t.v.event[i].text, "a note") == 0;
    }
    assert_true(noted);
    post(&t, (struct command){.kind = COMMAND_MASK, .value = 7});
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_true(t.v.message_bad && strstr(t.v.message, "0 to 0.95"));
    close_screen(&t); /* in the middle of everything */
}

static void latents_are_described_from_frozen_copies(void **state)
{
    (void)state;
    struct screen t;
    const struct session_config cfg = {.set = sample_settings(100000)};
    open_screen(&t, &cfg);
    wait_until(&t, has_rows);
    post(&t, (struct command){.kind = COMMAND_TABLE});
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_non_null(t.v.arm[0].table);
    assert_int_equal(t.v.arm[0].table->F, 64);
    assert_true(t.v.arm[0].table->step > 0);
    int32_t alive = 0;
    while (!t.v.arm[0].table->row[alive].fires) {
        alive++;
    }
    post(&t, (struct command){
                 .kind = COMMAND_DETAIL, .latent = alive, .interval = INTERVAL_TOP});
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_non_null(t.v.detail);
    assert_int_equal(t.v.detail->latent, alive);
    assert_true(t.v.detail->n_contexts > 0);
    post(&t, (struct command){.kind = COMMAND_DETAIL, .latent = 64});
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_true(strstr(t.v.message, "expected 0 to 63") != NULL);
    assert_false(t.v.detail_busy || t.v.table_busy);

    /* Of many requests the last is answered, all are accounted for. */
    for (int32_t j = 0; j < 40; j++) {
        post(&t, (struct command){.kind = COMMAND_DETAIL, .latent = j});
    }
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_int_equal(t.v.detail->latent, 39);
    assert_false(t.v.detail_busy);
    close_screen(&t);
}

static void a_saved_run_opens_for_browsing(void **state)
{
    (void)state;
    struct screen t;
    char dir[256], run[512];
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    const struct session_config cfg = {.set = sample_settings(100000)};
    open_screen(&t, &cfg);
    wait_until(&t, has_rows);
    struct command stop = {.kind = COMMAND_STOP, .value = 1};
    snprintf(stop.text, sizeof stop.text, "%s", run);
    post(&t, stop);
    wait_until(&t, is_ended);
    close_screen(&t);

    const struct session_config open = {
        .set = sample_settings(1), .open_run = run, .stretch_eval = true};
    open_screen(&t, &open);
    wait_until(&t, is_browsing);
    wait_until(&t, has_rows);
    post(&t, (struct command){.kind = COMMAND_TABLE});
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_non_null(t.v.arm[0].table);
    post(&t, (struct command){.kind = COMMAND_FORK});
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_true(t.v.message_bad);
    const int64_t step = t.v.step;

    /* It can be trained on from there, and is then evaluated. */
    post(&t, (struct command){.kind = COMMAND_RESUME});
    wait_until(&t, is_training);
    wait_until(&t, has_evaluation);
    assert_true(t.v.step > step);
    post(&t, (struct command){.kind = COMMAND_STOP, .value = 1});
    wait_until(&t, is_ended);
    assert_string_equal(t.v.arm[0].dir, run);
    close_screen(&t);

    const struct session_config on = {
        .set = sample_settings(1), .open_run = run, .resume = true};
    open_screen(&t, &on);
    wait_until(&t, is_training);
    wait_until(&t, has_rows);
    assert_true(t.v.step > step);
    close_screen(&t);
    tmp_drop(run);
    tmp_drop(dir);
}

/* What a view says happened, a line an event: "12 A note text". */
static char *events_text(const struct screen *t)
{
    struct str s;
    str_init(&s, 1u << 20);
    for (size_t i = 0; i < t->v.n_events; i++) {
        const struct event_view *ev = &t->v.event[i];
        str_addf(&s, "%lld %c %s %s\n", (long long)ev->step, ev->letter, ev->kind,
                 ev->text);
    }
    return s.p;
}

static void has_lines(const char *text, const char *lines)
{
    if (!strstr(text, lines)) {
        fail_msg("expected\n%s in\n%s", lines, text);
    }
}

/* What is remarked on a text is said, all of it at once, and is no failure. */
static void remarks_are_said(void **state)
{
    (void)state;
    struct screen t;
    struct errinfo e;
    struct str text;
    char dir[256], path[512];
    tmp_make(dir, sizeof dir);
    tmp_path(path, dir, "stories.txt");
    str_init(&text, 1u << 16);
    for (int i = 0; i < 100; i++) {
        str_add(&text, "the dog ran home\n<|endoftext|>\n");
    }
    assert_ok(file_write_text(path, text.p, &e), &e);
    str_free(&text);
    struct session_config cfg = {.set = sample_settings(100000), .start_paused = true};
    assert_ok(settings_set(&cfg.set, "corpus", path, from_program("test"), &e), &e);
    open_screen(&t, &cfg);
    wait_until(&t, is_paused);
    assert_non_null(strstr(t.v.message, "stories.txt: documents end at markers: 100"));
    assert_non_null(strstr(t.v.message, "; stories.txt: little text: "));
    assert_false(t.v.message_bad);
    close_screen(&t);
    tmp_drop(dir);
}

/* Events of two arms stand in the order in which they happened, what was said of both
 * side by side, however often the run is saved and opened again. */
static void events_come_back_as_they_were(void **state)
{
    (void)state;
    struct screen t;
    char dir[256], run[512], twin[530];
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    snprintf(twin, sizeof twin, "%s/arms/twin", run);
    struct session_config cfg = {.set = sample_settings(100000), .start_paused = true};
    struct errinfo e;
    assert_ok(settings_set(&cfg.set, "twin", "unmasked", from_program("test"), &e), &e);
    assert_ok(settings_set(&cfg.set, "mask.rate", "0.3", from_program("test"), &e), &e);
    open_screen(&t, &cfg);
    wait_until(&t, is_paused);
    post(&t, (struct command){.kind = COMMAND_NOTE, .text = "one, \"two\""});
    post(&t, (struct command){.kind = COMMAND_MASK, .cond = 1, .value = 0.2});
    post(&t, (struct command){.kind = COMMAND_NOTE, .text = "three"});
    post(&t, (struct command){.kind = COMMAND_LR, .value = 0.001});
    struct command save = {.kind = COMMAND_SAVE};
    snprintf(save.text, sizeof save.text, "%s", run);
    post(&t, save);
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    char *live = events_text(&t);
    has_lines(live, "0 A note one, \"two\"\n0 B note one, \"two\"\n0 B mask ");
    close_screen(&t);

    const struct session_config open = {.set = sample_settings(1), .open_run = run};
    const struct session_config on = {.set = sample_settings(1),
                                      .open_run = run,
                                      .resume = true,
                                      .start_paused = true};
    char *before = live;
    for (int round = 0; round < 3; round++) {
        open_screen(&t, &open);
        wait_until(&t, is_browsing);
        (void)session_poll(t.s, &t.v);
        char *again = events_text(&t);
        assert_string_equal(again, before);
        close_screen(&t);
        mem_free(before);
        mem_free(again);

        open_screen(&t, &on); /* adds to them, and saves */
        wait_until(&t, is_paused);
        (void)session_poll(t.s, &t.v);
        post(&t, (struct command){.kind = COMMAND_NOTE, .text = "on"});
        post(&t, (struct command){.kind = COMMAND_SAVE});
        wait_until(&t, is_idle);
        (void)session_poll(t.s, &t.v);
        before = events_text(&t);
        has_lines(before, "0 A note on\n0 B note on\n0 A save ");
        close_screen(&t);
    }
    mem_free(before);
    tmp_drop(twin);
    snprintf(twin, sizeof twin, "%s/arms", run);
    tmp_drop(twin);
    tmp_drop(run);
    tmp_drop(dir);
}

/* A run's arms are those that it names, within it or beside it as of old; where there
 * are more conditions than are shown, that is said. */
static void the_arms_are_the_run_s_own(void **state)
{
    (void)state;
    static const struct {
        const char *also, *second;
        size_t arms;
        bool beside, says;
    } cases[] = {
        {"few:k=2", "/arms/few", 2, false, false},
        {"few:k=2;k=8", "/arms/few", 3, false, false},
        {"few:k=2;k=8;k=1;k=3", "/arms/few", 5, false, true},
        {"k=2;k=8", "-also1", 3, true, false},
        {"", "", 1, false, false}, /* though there is one beside it, by chance */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct screen t;
        char dir[256], run[512], second[600], command[1200];
        struct errinfo e;
        struct settings set = sample_settings(2);
        snprintf(set.also, sizeof set.also, "%s", cases[i].also);
        struct engine *g = start_engine(&set);
        tmp_make(dir, sizeof dir);
        tmp_path(run, dir, "run");
        for (size_t a = 1; a < g->n_arms; a++) {
            g->arm[a].place.beside = cases[i].beside;
        }
        assert_ok(engine_save(g, run, &e), &e);
        engine_free(g);
        if (!cases[i].second[0]) {
            snprintf(command, sizeof command, "cp -r '%s' '%s-twin'", run, run);
            assert_int_equal(system(command), 0);
        }
        const struct session_config open = {.set = sample_settings(1), .open_run = run};
        open_screen(&t, &open);
        wait_until(&t, is_browsing);
        assert_int_equal(t.v.n_arms, cases[i].arms);
        assert_int_equal(t.v.n_conds,
                         cases[i].arms < VIEW_CONDS ? cases[i].arms : VIEW_CONDS);
        snprintf(second, sizeof second, "%s%s", run, cases[i].second);
        assert_string_equal(t.v.arm[t.v.n_arms > 1 ? 1 : 0].dir, second);
        assert_true((strstr(t.v.message, "A to D of 5 conditions") != NULL) ==
                    cases[i].says);
        close_screen(&t);
        snprintf(command, sizeof command, "rm -rf '%s'", dir);
        assert_int_equal(system(command), 0);
    }
}

static void label(struct screen *t, int32_t latent, const char *text)
{
    struct command c = {.kind = COMMAND_LABEL, .latent = latent};
    snprintf(c.text, sizeof c.text, "%s", text);
    post(t, c);
    wait_until(t, is_idle);
    (void)session_poll(t->s, &t->v);
}

/* Labels given before a save, after it and while browsing are all in the run's
 * directory; a file that holds none is refused in a line. */
static void labels_are_kept_with_the_run(void **state)
{
    (void)state;
    struct screen t;
    struct errinfo e;
    char dir[256], run[512], file[512];
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    struct session_config cfg = {.set = sample_settings(100000), .start_paused = true};
    open_screen(&t, &cfg);
    wait_until(&t, is_paused);
    label(&t, 3, "three");
    assert_string_equal(latent_labels_of(t.v.arm[0].labels, 3), "three");
    label(&t, 64, "beyond");
    assert_true(t.v.message_bad);
    label(&t, 4, "two\nlines");
    assert_true(t.v.message_bad);
    struct command save = {.kind = COMMAND_SAVE};
    snprintf(save.text, sizeof save.text, "%s", run);
    post(&t, save);
    label(&t, 5, "five");
    close_screen(&t); /* without another save */

    const struct session_config open = {.set = sample_settings(1), .open_run = run};
    open_screen(&t, &open);
    wait_until(&t, is_browsing);
    assert_string_equal(latent_labels_of(t.v.arm[0].labels, 3), "three");
    assert_string_equal(latent_labels_of(t.v.arm[0].labels, 5), "five");
    /* What another process has written meanwhile stays, and no lock. */
    assert_ok(file_write_text(tmp_path(file, run, "labels.csv"),
                              "latent,label\n3,three\n5,five\n7,theirs\n", &e),
              &e);
    label(&t, 3, "");
    assert_string_equal(latent_labels_of(t.v.arm[0].labels, 7), "theirs");
    assert_false(file_exists(tmp_path(file, run, ".lock")));
    close_screen(&t);

    struct session_config resumed = open;
    resumed.resume = true;
    open_screen(&t, &resumed);
    wait_until(&t, has_rows);
    assert_string_equal(latent_labels_of(t.v.arm[0].labels, 5), "five");
    close_screen(&t);

    open_screen(&t, &open);
    wait_until(&t, is_browsing);
    assert_int_equal(latent_labels_count(t.v.arm[0].labels), 2);
    close_screen(&t);

    /* A run that is trained on keeps them through its next save. */
    const struct session_config on = {.set = sample_settings(1),
                                      .open_run = run,
                                      .resume = true,
                                      .start_paused = true};
    open_screen(&t, &on);
    wait_until(&t, is_paused);
    assert_string_equal(latent_labels_of(t.v.arm[0].labels, 5), "five");
    post(&t, (struct command){.kind = COMMAND_STOP, .value = 1});
    wait_until(&t, is_ended);
    close_screen(&t);
    open_screen(&t, &open);
    wait_until(&t, is_browsing);
    assert_string_equal(latent_labels_of(t.v.arm[0].labels, 5), "five");
    close_screen(&t);

    assert_ok(
        file_write_text(tmp_path(file, run, "labels.csv"), "latent,label\n99,x\n", &e),
        &e);
    open_screen(&t, &open);
    wait_until(&t, is_failed);
    assert_non_null(strstr(t.v.message, "labels.csv: row 2: latent: found '99'"));
    close_screen(&t);
    tmp_drop(run);
    tmp_drop(dir);
}

/* What --config reads is what the session runs with, changes included. */
static void settings_are_written_as_a_configuration(void **state)
{
    (void)state;
    struct screen t;
    struct errinfo e;
    char dir[256], file[512];
    tmp_make(dir, sizeof dir);
    tmp_path(file, dir, "my.json");
    struct session_config cfg = {.set = sample_settings(100000), .start_paused = true};
    open_screen(&t, &cfg);
    wait_until(&t, is_paused);
    post(&t, (struct command){.kind = COMMAND_MASK, .value = 0.15});
    post(&t, (struct command){.kind = COMMAND_EXTEND, .at = 200000});
    post(&t, (struct command){.kind = COMMAND_PAUSE});
    struct command c = {.kind = COMMAND_SAVE_CONFIG};
    snprintf(c.text, sizeof c.text, "%s", file);
    post(&t, c);
    post(&t, c); /* what is there stays */
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_true(t.v.message_bad && strstr(t.v.message, "exists already"));
    close_screen(&t);
    struct settings back;
    settings_init(&back);
    assert_ok(settings_load(&back, file, &e), &e);
    assert_true(fabs(back.mask_rate - 0.15) < 1e-12);
    assert_int_equal(back.steps, 200000);
    assert_int_equal(back.width, cfg.set.width);
    assert_string_equal(back.corpus, cfg.set.corpus);
    tmp_drop(dir);
}

/* A run of more conditions than the screen shows, and an arm that it does not have. */
static void further_arms_do_not_disturb(void **state)
{
    (void)state;
    struct screen t;
    struct session_config cfg = {.set = sample_settings(100000)};
    snprintf(cfg.set.also, sizeof cfg.set.also, "k=2;k=3;mask-rate=0;k=5;k=6");
    open_screen(&t, &cfg);
    wait_until(&t, has_rows);
    assert_int_equal(t.v.n_arms, 6);
    assert_int_equal(t.v.n_conds, VIEW_CONDS);
    post(&t, (struct command){.kind = COMMAND_TABLE, .arm = 6});
    post(&t, (struct command){.kind = COMMAND_MASK, .cond = 1, .value = 0.2});
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_true(fabs(t.v.cond[1].rate_set - 0.2) < 1e-12);
    assert_false(t.v.table_busy);
    close_screen(&t);
}

static bool shows_second_seed(const struct screen *t)
{
    return t->v.seed == 1;
}
static bool has_its_table(const struct screen *t)
{
    return t->v.arm[2].table && !t->v.table_busy;
}

/* Two conditions of two seeds: arms A, B, A's second, B's second. A command about masks
 * is a condition's; tables are of the seed that is shown; all is there after a save. */
static void conditions_have_seeds(void **state)
{
    (void)state;
    struct screen t;
    char dir[256], run[512], command[600];
    struct session_config cfg = {.set = sample_settings(30)};
    struct errinfo e;
    assert_ok(settings_set(&cfg.set, "twin", "unmasked", from_program("test"), &e), &e);
    assert_ok(settings_set(&cfg.set, "seed.count", "2", from_program("test"), &e), &e);
    cfg.start_paused = true;
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    open_screen(&t, &cfg);
    wait_until(&t, is_paused);
    assert_int_equal(t.v.n_arms, 4);
    assert_int_equal(t.v.n_conds, 2);
    for (size_t c = 0; c < 2; c++) {
        assert_int_equal(t.v.cond[c].n_seeds, 2);
        assert_int_equal(t.v.cond[c].arm[0], c);
        assert_int_equal(t.v.cond[c].arm[1], 2 + c);
    }
    assert_int_equal(t.v.arm[2].weights, t.v.arm[3].weights);
    assert_true(t.v.arm[0].weights != t.v.arm[2].weights);
    assert_string_equal(t.v.cond[1].differs, "mask.rate=0");
    post(&t, (struct command){.kind = COMMAND_MASK, .cond = 0, .value = 0.2});
    post(&t, (struct command){.kind = COMMAND_SEED, .at = 1});
    post(&t, (struct command){.kind = COMMAND_RESUME});
    wait_until(&t, shows_second_seed);
    post(&t,
         (struct command){.kind = COMMAND_TABLE, .arm = session_view_shown(&t.v, 0)});
    wait_until(&t, has_its_table);
    wait_until(&t, is_done);
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_true(fabs(t.v.cond[0].rate_set - 0.2) < 1e-12);
    for (size_t a = 0; a < 4; a++) { /* each seed is masked as its condition is */
        const struct series *s = &t.v.arm[a].series[METRIC_MASK_RATE];
        assert_true(fabs(s->y[s->n - 1] - (a % 2 ? 0.0 : 0.2)) < 1e-12);
    }
    const struct series *mean = &t.v.cond[0].series[METRIC_LOSS];
    assert_true(mean->n > 2);
    const double x = t.v.arm[0].last[METRIC_LOSS], y = t.v.arm[2].last[METRIC_LOSS];
    assert_true(fabs(t.v.cond[0].last[METRIC_LOSS] - 0.5 * (x + y)) < 1e-9);
    struct command save = {.kind = COMMAND_SAVE};
    snprintf(save.text, sizeof save.text, "%s", run);
    post(&t, save);
    wait_until(&t, is_idle);
    close_screen(&t);

    const struct session_config open = {.set = sample_settings(1), .open_run = run};
    open_screen(&t, &open);
    wait_until(&t, is_browsing);
    assert_int_equal(t.v.n_arms, 4);
    assert_int_equal(t.v.n_conds, 2);
    assert_int_equal(t.v.cond[0].arm[1], 2);
    assert_true(fabs(t.v.cond[0].last[METRIC_LOSS] - 0.5 * (x + y)) < 1e-6);
    post(&t, (struct command){.kind = COMMAND_EXTEND, .at = 40});
    wait_until(&t, is_done);
    assert_int_equal(t.v.step, 40);
    assert_true(
        t.v.arm[3].series[METRIC_LOSS].x[t.v.arm[3].series[METRIC_LOSS].n - 1] == 40);
    close_screen(&t);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

static bool has_six_arms(const struct screen *t)
{
    return t->v.n_arms == 6;
}

/* A seed that is added later has the curve that it would have had from the start. */
static void a_seed_is_added(void **state)
{
    (void)state;
    struct screen t, whole;
    struct session_config cfg = {.set = sample_settings(20)};
    struct errinfo e;
    assert_ok(settings_set(&cfg.set, "twin", "unmasked", from_program("test"), &e), &e);
    assert_ok(settings_set(&cfg.set, "seed.count", "2", from_program("test"), &e), &e);
    open_screen(&t, &cfg);
    wait_until(&t, is_done);
    post(&t, (struct command){.kind = COMMAND_SEEDS, .at = 1});
    wait_until(&t, has_six_arms);
    wait_until(&t, is_done);
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_int_equal(t.v.step, 20);
    assert_int_equal(t.v.seeds_planned, 2);
    assert_int_equal(t.v.cond[1].n_seeds, 3);
    assert_int_equal(t.v.cond[1].arm[2], 5);

    assert_ok(settings_set(&cfg.set, "seed.count", "3", from_program("test"), &e), &e);
    open_screen(&whole, &cfg);
    wait_until(&whole, is_done);
    for (size_t a = 4; a < 6; a++) {
        const struct series *x = &t.v.arm[a].series[METRIC_LOSS];
        const struct series *y = &whole.v.arm[a].series[METRIC_LOSS];
        assert_int_equal(x->n, y->n);
        for (size_t i = 0; i < x->n; i++) {
            assert_true(x->x[i] == y->x[i] && x->y[i] == y->y[i]);
        }
    }
    close_screen(&whole);
    post(&t, (struct command){.kind = COMMAND_EXTEND, .at = 24});
    wait_until(&t, is_idle);
    wait_until(&t, is_done);
    post(&t, (struct command){.kind = COMMAND_SEEDS, .at = 1}); /* too late now */
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_true(t.v.message_bad && strstr(t.v.message, "changed on the way (extend)"));
    close_screen(&t);
}

/* A fork makes a twin of each seed. */
static void a_fork_has_all_seeds(void **state)
{
    (void)state;
    struct screen t;
    struct session_config cfg = {.set = sample_settings(100000)};
    struct errinfo e;
    assert_ok(settings_set(&cfg.set, "seed.count", "3", from_program("test"), &e), &e);
    open_screen(&t, &cfg);
    wait_until(&t, has_rows);
    assert_int_equal(t.v.n_conds, 1);
    post(&t, (struct command){.kind = COMMAND_FORK});
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_int_equal(t.v.n_arms, 6);
    assert_int_equal(t.v.n_conds, 2);
    assert_int_equal(t.v.cond[1].n_seeds, 3);
    for (size_t i = 0; i < 3; i++) {
        const size_t a = t.v.cond[0].arm[i], b = t.v.cond[1].arm[i];
        assert_int_equal(t.v.arm[a].weights, t.v.arm[b].weights);
        assert_true(t.v.arm[b].series[METRIC_LOSS].n > 2);
    }
    assert_true(t.v.cond[1].series[METRIC_LOSS].n > 2);
    assert_true(t.v.cond[1].forked_at > 0);
    post(&t, (struct command){.kind = COMMAND_FORK});
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_true(t.v.message_bad && strstr(t.v.message, "there is a twin already"));
    close_screen(&t);
}

static bool has_partners(const struct screen *t)
{
    return t->v.partners != NULL && !t->v.partners_busy;
}

/* A twin that has just been forked is the same SAE: each latent that fires often enough
 * corresponds to its own number. */
static void latents_are_paired(void **state)
{
    (void)state;
    struct screen t;
    const struct session_config cfg = {.set = sample_settings(100000)};
    open_screen(&t, &cfg);
    wait_until(&t, has_rows);
    post(&t, (struct command){.kind = COMMAND_PAUSE});
    wait_until(&t, is_paused);
    post(&t, (struct command){.kind = COMMAND_FORK});
    post(&t, (struct command){.kind = COMMAND_PARTNERS, .arm = 0, .at = 1});
    wait_until(&t, has_partners);
    assert_true(t.v.partners_arm[0] == 0 && t.v.partners_arm[1] == 1);
    assert_int_equal(t.v.partners_step, t.v.step);
    assert_true(t.v.partners->n > 10);
    for (size_t i = 0; i < t.v.partners->n; i++) {
        assert_int_equal(t.v.partners->pair[i].latent[0],
                         t.v.partners->pair[i].latent[1]);
    }
    post(&t, (struct command){.kind = COMMAND_PARTNERS, .arm = 0, .at = 7});
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_true(t.v.message_bad && !t.v.partners_busy);
    close_screen(&t);
}

static void what_cannot_be_opened_is_said(void **state)
{
    (void)state;
    struct screen t;
    struct session_config cfg = {.set = sample_settings(10)};
    snprintf(cfg.set.model, sizeof cfg.set.model, "/nowhere/at/all");
    open_screen(&t, &cfg);
    wait_until(&t, is_failed);
    assert_non_null(strstr(t.v.message, "/nowhere/at/all"));
    assert_int_equal(session_error(t.s), ERR_MISSING);
    post(&t, (struct command){.kind = COMMAND_PAUSE});
    post(&t, (struct command){.kind = COMMAND_STOP});
    wait_until(&t, is_ended);
    close_screen(&t);
}

static bool has_comparison(const struct screen *t)
{
    return t->v.compare && !t->v.compare_busy;
}
static bool has_pair(const struct screen *t)
{
    return t->v.pair[0] && t->v.pair[1];
}

/* An SAE without its settings, open itself, against the run that it is of. */
static void imported_is_said_of_either_side(const char *dir, const char *run)
{
    struct screen t;
    char foreign[512], shell[4096];
    struct settings given;
    struct errinfo e;
    struct session_config cfg = {
        .set = sample_settings(30), .open_run = foreign, .given = &given};
    tmp_path(foreign, dir, "foreign");
    snprintf(shell, sizeof shell,
             "mkdir '%s' && cp '%s/cfg.json' '%s/sae_weights.safetensors' '%s'",
             foreign, run, run, foreign);
    assert_int_equal(system(shell), 0);
    settings_init(&given);
    assert_ok(settings_set(&given, "hook", cfg.set.hook, from_program("test"), &e), &e);
    open_screen(&t, &cfg);
    wait_until(&t, is_browsing);
    struct command compare = {.kind = COMMAND_COMPARE, .two = {0, 1}};
    snprintf(compare.text, sizeof compare.text, "%s", run);
    post(&t, compare);
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    if (!t.v.compare) {
        fail_msg("no comparison: %s", t.v.message);
    }
    char line[4096];
    remarks_line(&t.v.compare->remarks, line, sizeof line);
    assert_int_equal(t.v.compare->side[0].step, -1);
    assert_string_equal(t.v.compare->choice[0].name, "imported");
    assert_non_null(strstr(line, "A was made elsewhere"));
    close_screen(&t);
    tmp_drop(foreign);
}

/* Two conditions from frozen copies, contexts of two latents, the run on disk as the
 * other side, and what is no run. */
static void conditions_and_runs_are_compared(void **state)
{
    (void)state;
    struct screen t;
    char dir[256], run[512], twin[512];
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    struct session_config cfg = {.set = sample_settings(30), .other_run = "named"};
    cfg.set.twin = TWIN_UNMASKED;
    open_screen(&t, &cfg);
    wait_until(&t, is_done);
    assert_string_equal(t.v.other, "named");
    struct command save = {.kind = COMMAND_SAVE};
    snprintf(save.text, sizeof save.text, "%s", run);
    post(&t, save);
    post(&t, (struct command){.kind = COMMAND_COMPARE, .two = {-1, -1}});
    wait_until(&t, has_comparison);
    const struct comparison *c = t.v.compare;
    assert_int_equal(c->n_choices, 2);
    assert_int_equal(c->side[0].choice, 0);
    assert_int_equal(c->side[1].choice, 1);
    assert_int_equal(c->measures.pairs, 1);
    assert_int_equal(c->side[0].step, 30);
    assert_non_null(c->pairs);
    assert_string_equal(c->unpaired, "");
    assert_non_null(strstr(c->said, "one seed"));
    assert_true(c->side[0].curve[METRIC_LOSS].n > 2);
    bool masks = false;
    for (size_t i = 0; i < c->n_differences; i++) {
        masks = masks || c->difference[i].kind == DIFFERENCE_MASKING;
    }
    assert_true(masks);
    post(&t, (struct command){.kind = COMMAND_PAIR, .two = {3, 4}});
    wait_until(&t, has_pair);
    assert_int_equal(t.v.pair[0]->latent, 3);
    assert_int_equal(t.v.pair[1]->latent, 4);

    /* The same run from disk: every latent finds itself. */
    struct command other = {.kind = COMMAND_COMPARE, .two = {0, 2}};
    snprintf(other.text, sizeof other.text, "%s", run);
    post(&t, other);
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    c = t.v.compare;
    assert_int_equal(c->n_choices, 4);
    assert_int_equal(c->choice[2].letter, 'C');
    assert_non_null(strstr(c->choice[2].name, "run: mask p="));
    assert_int_equal(c->side[1].choice, 2);
    assert_int_equal(c->n_differences, 0);
    assert_int_equal(c->pairs->n, c->pairs->side[0].compared);
    for (size_t i = 0; i < c->pairs->n; i++) {
        assert_int_equal(c->pairs->pair[i].latent[0], c->pairs->pair[i].latent[1]);
        assert_true(c->pairs->pair[i].firing > 0.99f);
    }

    const uint64_t said = t.v.said;
    snprintf(other.text, sizeof other.text, "%s/none", dir);
    post(&t, other);
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_true(t.v.said > said && t.v.message_bad);
    assert_non_null(strstr(t.v.message, "no run directory"));
    close_screen(&t);
    imported_is_said_of_either_side(dir, run);
    tmp_path(twin, run, "arms/twin");
    tmp_drop(twin);
    tmp_path(twin, run, "arms");
    tmp_drop(twin);
    tmp_drop(run);
    tmp_drop(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trains_to_the_end_and_goes_on),
        cmocka_unit_test(a_finished_run_is_extended),
        cmocka_unit_test(concepts_come_and_come_back),
        cmocka_unit_test(conditions_and_runs_are_compared),
        cmocka_unit_test(commands_take_effect_between_steps),
        cmocka_unit_test(latents_are_described_from_frozen_copies),
        cmocka_unit_test(a_saved_run_opens_for_browsing),
        cmocka_unit_test(remarks_are_said),
        cmocka_unit_test(events_come_back_as_they_were),
        cmocka_unit_test(the_arms_are_the_run_s_own),
        cmocka_unit_test(labels_are_kept_with_the_run),
        cmocka_unit_test(settings_are_written_as_a_configuration),
        cmocka_unit_test(further_arms_do_not_disturb),
        cmocka_unit_test(conditions_have_seeds),
        cmocka_unit_test(a_seed_is_added),
        cmocka_unit_test(a_fork_has_all_seeds),
        cmocka_unit_test(latents_are_paired),
        cmocka_unit_test(what_cannot_be_opened_is_said),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
