/* [threads] A session of a run on disk: what was saved comes back, and goes on. */
#include "base/mem.h"
#include "base/str.h"
#include "session/tellers.h"
#include "unit/run_engine.h"
#include "unit/session_viewer.h"

/* A finished run from disk goes on with the one command, and says so; with fewer steps
 * than it has it is not even opened. */
static void a_finished_run_is_extended(void **state)
{
    (void)state;
    struct viewer t;
    char dir[256], run[512];
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    const struct session_config cfg = {.set = sample_settings(30)};
    open_viewer(&t, &cfg);
    wait_until(&t, is_done);
    save_and_close(&t, run);

    const struct session_config open = {.set = sample_settings(1), .open_run = run};
    open_viewer(&t, &open);
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
    close_viewer(&t);
    tmp_drop(run);
    tmp_drop(dir);
}

static bool has_concepts(const struct viewer *t)
{
    return t->v.arm[0].concepts != NULL;
}
static bool has_history(const struct viewer *t)
{
    return t->v.arm[0].over != NULL;
}
static bool has_words(const struct viewer *t)
{
    return t->v.arm[0].concepts && !t->v.arm[0].concepts->lacks_words;
}
/* Others than those of the directory. */
static const struct concept_table *found;
static bool measured_again(const struct viewer *t)
{
    return t->v.arm[0].concepts != found;
}
static bool has_table(const struct viewer *t)
{
    return t->v.arm[0].table && !t->v.table_busy;
}

/* Every evaluation brings its concepts; a run that is opened again has those of its
 * last one, with their words and the absorption of latents; measured again they are the
 * same. */
static void concepts_come_and_come_back(void **state)
{
    (void)state;
    struct viewer t;
    char dir[256], run[512];
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    struct session_config cfg = {.set = sample_settings(150)};
    cfg.set.context = 128;
    snprintf(cfg.set.concepts, sizeof cfg.set.concepts, "samples/concepts.csv");
    open_viewer(&t, &cfg);
    wait_until(&t, is_done);
    wait_until(&t, has_concepts);
    assert_true(has_words(&t) && t.v.arm[0].concepts->n_words > 100);
    struct concept_table *was =
        concept_table_ref((struct concept_table *)(uintptr_t)t.v.arm[0].concepts);
    wait_until(&t, has_history);
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
    save_and_close(&t, run);

    const struct session_config open = {.set = sample_settings(1), .open_run = run};
    open_viewer(&t, &open);
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
        const struct latent_row *row = &t.v.arm[0].table->row[j];
        absorbing += isfinite(tellers_absorption(now, row, (int32_t)j)) ? 1 : 0;
    }
    assert_true(absorbing > 0);
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
    close_viewer(&t);
    concept_table_unref(was);
    tmp_drop(run);
    tmp_drop(dir);
}

static void a_saved_run_opens_for_browsing(void **state)
{
    (void)state;
    struct viewer t;
    char dir[256], run[512];
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    const struct session_config cfg = {.set = sample_settings(100000)};
    open_viewer(&t, &cfg);
    wait_until(&t, has_rows);
    save_and_close(&t, run);

    const struct session_config open = {
        .set = sample_settings(1), .open_run = run, .stretch_eval = true};
    open_viewer(&t, &open);
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

    /* The run can be trained further from there, and is then evaluated. */
    post(&t, (struct command){.kind = COMMAND_RESUME});
    wait_until(&t, is_training);
    wait_until(&t, has_evaluation);
    assert_true(t.v.step > step);
    post(&t, (struct command){.kind = COMMAND_STOP, .value = 1});
    wait_until(&t, is_ended);
    assert_string_equal(t.v.arm[0].dir, run);
    close_viewer(&t);

    const struct session_config on = {
        .set = sample_settings(1), .open_run = run, .resume = true};
    open_viewer(&t, &on);
    wait_until(&t, is_training);
    wait_until(&t, has_rows);
    assert_true(t.v.step > step);
    close_viewer(&t);
    tmp_drop(run);
    tmp_drop(dir);
}

/* Events of a view as text, one a line: "12 A note text". */
static char *events_text(const struct viewer *t)
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

/* Events of two arms stand in the order in which they happened, what was said of both
 * side by side, however often the run is saved and opened again. */
/* The evaluation set that measuring concepts makes is the one that training takes: a
 * second one would be lost, which the address sanitizer says. */
static void trained_on_while_concepts_are_measured(void **state)
{
    (void)state;
    struct viewer t;
    char dir[256], run[512];
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    struct session_config cfg = {.set = sample_settings(4)};
    cfg.set.concept_rows = 1024; /* longer than it takes to begin to train */
    open_viewer(&t, &cfg);
    wait_until(&t, is_done);
    save_and_close(&t, run);

    const struct session_config open = {.set = sample_settings(1), .open_run = run};
    open_viewer(&t, &open);
    wait_until(&t, is_browsing);
    post(&t, (struct command){.kind = COMMAND_CONCEPTS});
    post(&t, (struct command){.kind = COMMAND_EXTEND, .at = 40});
    wait_until(&t, has_evaluation);
    post(&t, (struct command){.kind = COMMAND_TABLE}); /* comes after such a set */
    wait_until(&t, is_idle);
    close_viewer(&t);
    tmp_drop(run);
    tmp_drop(dir);
}

static void events_come_back_as_they_were(void **state)
{
    (void)state;
    struct viewer t;
    char dir[256], run[512], twin[530];
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    snprintf(twin, sizeof twin, "%s/arms/twin", run);
    struct session_config cfg = {.set = sample_settings(100000), .start_paused = true};
    struct errinfo e;
    assert_ok(settings_set(&cfg.set, "twin", "unmasked", from_program("test"), &e), &e);
    assert_ok(settings_set(&cfg.set, "mask.rate", "0.3", from_program("test"), &e), &e);
    open_viewer(&t, &cfg);
    wait_until(&t, is_paused);
    post(&t, (struct command){.kind = COMMAND_NOTE, .text = "one, \"two\""});
    post(&t, (struct command){.kind = COMMAND_MASK, .cond = 1, .value = 0.2});
    post(&t, (struct command){.kind = COMMAND_NOTE, .text = "three"});
    post(&t, (struct command){.kind = COMMAND_TUNE, .text = "lr=0.001"});
    struct command save = {.kind = COMMAND_SAVE};
    snprintf(save.text, sizeof save.text, "%s", run);
    post(&t, save);
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    char *live = events_text(&t);
    has_lines(live, "0 A note one, \"two\"\n0 B note one, \"two\"\n0 B mask ");
    close_viewer(&t);

    const struct session_config open = {.set = sample_settings(1), .open_run = run};
    const struct session_config on = {.set = sample_settings(1),
                                      .open_run = run,
                                      .resume = true,
                                      .start_paused = true};
    char *before = live;
    for (int round = 0; round < 3; round++) {
        open_viewer(&t, &open);
        wait_until(&t, is_browsing);
        (void)session_poll(t.s, &t.v);
        char *again = events_text(&t);
        assert_string_equal(again, before);
        close_viewer(&t);
        mem_free(before);
        mem_free(again);

        open_viewer(&t, &on); /* adds to them, and saves */
        wait_until(&t, is_paused);
        (void)session_poll(t.s, &t.v);
        post(&t, (struct command){.kind = COMMAND_NOTE, .text = "on"});
        post(&t, (struct command){.kind = COMMAND_SAVE});
        wait_until(&t, is_idle);
        (void)session_poll(t.s, &t.v);
        before = events_text(&t);
        has_lines(before, "0 A note on\n0 B note on\n0 A save ");
        close_viewer(&t);
    }
    mem_free(before);
    tmp_drop(twin);
    snprintf(twin, sizeof twin, "%s/arms", run);
    tmp_drop(twin);
    tmp_drop(run);
    tmp_drop(dir);
}

/* A run's arms are those that it names, inside it or, in the earlier layout, beside it.
 * If there are more conditions than are shown, a message says so. */
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
        struct viewer t;
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
        open_viewer(&t, &open);
        wait_until(&t, is_browsing);
        assert_int_equal(t.v.n_arms, cases[i].arms);
        assert_int_equal(t.v.n_conds,
                         cases[i].arms < VIEW_CONDS ? cases[i].arms : VIEW_CONDS);
        snprintf(second, sizeof second, "%s%s", run, cases[i].second);
        assert_string_equal(t.v.arm[t.v.n_arms > 1 ? 1 : 0].dir, second);
        assert_true((strstr(t.v.message, "A to D of 5 conditions") != NULL) ==
                    cases[i].says);
        close_viewer(&t);
        snprintf(command, sizeof command, "rm -rf '%s'", dir);
        assert_int_equal(system(command), 0);
    }
}

/* A run that waits before its first step, and a folder for it. */
static void open_paused(struct viewer *t, char dir[256], char run[512])
{
    const struct session_config cfg = {.set = sample_settings(100000),
                                       .start_paused = true};
    tmp_make(dir, 256);
    tmp_path(run, dir, "run");
    open_viewer(t, &cfg);
    wait_until(t, is_paused);
}

static void label(struct viewer *t, int32_t latent, const char *text)
{
    post_text(t, (struct command){.kind = COMMAND_LABEL, .latent = latent}, text);
}

/* Labels given before a save, after it and while browsing are all in the run's
 * directory; a file that holds none is refused in a line. */
static void labels_are_kept_with_the_run(void **state)
{
    (void)state;
    struct viewer t;
    struct errinfo e;
    char dir[256], run[512], file[512];
    open_paused(&t, dir, run);
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
    close_viewer(&t); /* without another save */

    const struct session_config open = {.set = sample_settings(1), .open_run = run};
    open_viewer(&t, &open);
    wait_until(&t, is_browsing);
    assert_string_equal(latent_labels_of(t.v.arm[0].labels, 3), "three");
    assert_string_equal(latent_labels_of(t.v.arm[0].labels, 5), "five");
    /* Labels that another process wrote meanwhile stay; no lock is left. */
    assert_ok(file_write_text(tmp_path(file, run, "labels.csv"),
                              "latent,label\n3,three\n5,five\n7,theirs\n", &e),
              &e);
    label(&t, 3, "");
    assert_string_equal(latent_labels_of(t.v.arm[0].labels, 7), "theirs");
    assert_false(file_exists(tmp_path(file, run, ".lock")));
    close_viewer(&t);

    struct session_config resumed = open;
    resumed.resume = true;
    open_viewer(&t, &resumed);
    wait_until(&t, has_rows);
    assert_string_equal(latent_labels_of(t.v.arm[0].labels, 5), "five");
    close_viewer(&t);

    open_viewer(&t, &open);
    wait_until(&t, is_browsing);
    assert_int_equal(latent_labels_count(t.v.arm[0].labels), 2);
    close_viewer(&t);

    /* A run that is trained on keeps them through its next save. */
    const struct session_config on = {.set = sample_settings(1),
                                      .open_run = run,
                                      .resume = true,
                                      .start_paused = true};
    open_viewer(&t, &on);
    wait_until(&t, is_paused);
    assert_string_equal(latent_labels_of(t.v.arm[0].labels, 5), "five");
    post(&t, (struct command){.kind = COMMAND_STOP, .value = 1});
    wait_until(&t, is_ended);
    close_viewer(&t);
    open_viewer(&t, &open);
    wait_until(&t, is_browsing);
    assert_string_equal(latent_labels_of(t.v.arm[0].labels, 5), "five");
    close_viewer(&t);

    assert_ok(
        file_write_text(tmp_path(file, run, "labels.csv"), "latent,label\n99,x\n", &e),
        &e);
    open_viewer(&t, &open);
    wait_until(&t, is_failed);
    assert_non_null(strstr(t.v.message, "labels.csv: row 2: latent: found '99'"));
    close_viewer(&t);
    tmp_drop(run);
    tmp_drop(dir);
}

static void preset(struct viewer *t, const char *text)
{
    post_text(t, (struct command){.kind = COMMAND_PRESET}, text);
}

static size_t presets_of(const struct viewer *t, const char *name)
{
    const struct ask_preset *p = ask_presets_find(t->v.arm[0].presets, name);
    return p ? p->n : 0;
}

/* Presets given before a save, after it and while browsing are all in the run's
 * directory, on top of what others wrote there; and a file that is none is refused. */
static void presets_are_kept_with_the_run(void **state)
{
    (void)state;
    struct viewer t;
    struct errinfo e;
    char dir[256], run[512], file[512];
    open_paused(&t, dir, run);
    preset(&t, "calm 3=zero 5=add:1.5@2-");
    assert_int_equal(presets_of(&t, "calm"), 2);
    preset(&t, "far 64=zero");
    assert_true(t.v.message_bad);
    preset(&t, "none");
    assert_true(t.v.message_bad);
    struct command save = {.kind = COMMAND_SAVE};
    snprintf(save.text, sizeof save.text, "%s", run);
    post(&t, save);
    preset(&t, "loud 5=scale:3");
    close_viewer(&t); /* without another save */

    const struct session_config open = {.set = sample_settings(1), .open_run = run};
    open_viewer(&t, &open);
    wait_until(&t, is_browsing);
    assert_int_equal(presets_of(&t, "calm"), 2);
    assert_int_equal(presets_of(&t, "loud"), 1);
    struct ask_presets *theirs = NULL, *more = NULL;
    struct sae *sae = NULL;
    assert_ok(rundir_load_sae(run, &sae, NULL, &e), &e);
    /* Saved of the SAE that trains, it is of the one that was saved. */
    assert_ok(ask_preset_fits(ask_presets_find(t.v.arm[0].presets, "calm"), sae, &e),
              &e);
    assert_ok(ask_presets_load(run, &theirs, &e), &e);
    assert_ok(ask_presets_with(theirs, "theirs", sae, 0,
                               &(struct ask_edit){.latent = 1, .how = ASK_ZERO}, 1,
                               &more, &e),
              &e);
    assert_ok(ask_presets_save(more, run, &e), &e);
    ask_presets_unref(theirs);
    ask_presets_unref(more);
    sae_free(sae);
    preset(&t, "calm");
    assert_int_equal(presets_of(&t, "calm"), 0);
    assert_int_equal(presets_of(&t, "theirs"), 1);
    assert_false(file_exists(tmp_path(file, run, ".lock")));
    close_viewer(&t);

    assert_ok(file_write_text(tmp_path(file, run, "presets.json"), "{}", &e), &e);
    open_viewer(&t, &open);
    wait_until(&t, is_failed);
    assert_non_null(strstr(t.v.message, "presets.json: presets: found nothing"));
    close_viewer(&t);
    tmp_drop(run);
    tmp_drop(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finished_run_is_extended),
        cmocka_unit_test(concepts_come_and_come_back),
        cmocka_unit_test(a_saved_run_opens_for_browsing),
        cmocka_unit_test(trained_on_while_concepts_are_measured),
        cmocka_unit_test(events_come_back_as_they_were),
        cmocka_unit_test(the_arms_are_the_run_s_own),
        cmocka_unit_test(labels_are_kept_with_the_run),
        cmocka_unit_test(presets_are_kept_with_the_run),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
