/* [threads] A session as a screen sees it: commands down, measures and snapshots up. */
#include "base/str.h"
#include "unit/session_viewer.h"

static void trains_to_the_end_and_goes_on(void **state)
{
    (void)state;
    struct viewer t;
    const struct session_config cfg = {.set = sample_settings(30),
                                       .stretch_eval = true};
    open_viewer(&t, &cfg);
    wait_until(&t, is_done);
    wait_until(&t, has_rows);
    assert_int_equal(t.v.step, 30);
    assert_true(t.v.names.vocab > 1000);
    assert_true(t.v.names.n_concepts > 20);
    post(&t, (struct command){.kind = COMMAND_EXTEND, .at = 400});
    wait_until(&t, has_evaluation);
    close_viewer(&t);
}

static void commands_take_effect_between_steps(void **state)
{
    (void)state;
    struct viewer t;
    const struct session_config cfg = {.set = sample_settings(100000)};
    open_viewer(&t, &cfg);
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
    close_viewer(&t); /* in the middle of everything */
}

static void latents_are_described_from_frozen_copies(void **state)
{
    (void)state;
    struct viewer t;
    const struct session_config cfg = {.set = sample_settings(100000)};
    open_viewer(&t, &cfg);
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
    for (size_t i = 0; i < t.v.detail->n_contexts; i++) {
        const struct latent_context *c = &t.v.detail->context[i];
        assert_true(c->next.p > 0 && c->next_without.p > 0);
    }
    post(&t, (struct command){.kind = COMMAND_DETAIL, .latent = 64});
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_true(strstr(t.v.message, "expected 0 to 63") != NULL);
    assert_false(t.v.detail_busy || t.v.table_busy);

    /* After many requests the last is answered, and none is left open. */
    for (int32_t j = 0; j < 40; j++) {
        post(&t, (struct command){.kind = COMMAND_DETAIL, .latent = j});
    }
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_int_equal(t.v.detail->latent, 39);
    assert_false(t.v.detail_busy);
    close_viewer(&t);
}

static bool has_part_of_table(const struct viewer *t)
{
    return t->v.arm[0].table != NULL;
}
static bool has_detail(const struct viewer *t)
{
    return t->v.detail != NULL;
}
static bool has_whole_table(const struct viewer *t)
{
    const struct latent_table *table = t->v.arm[0].table;
    return table->positions == table->positions_all;
}

/* What shows a part is seen in one of so many tries: on a busy machine the whole may
 * come before this thread is run again. */
enum { TRIES = 10 };

/* Open a run whose text takes a while to describe, trained to its end. */
static void open_long_table(struct viewer *t)
{
    struct session_config cfg = {.set = sample_settings(20)};
    cfg.set.browse_rows = 512;
    open_viewer(t, &cfg);
    wait_until(t, is_done);
}
static bool table_is_part(const struct viewer *t)
{
    return t->v.table_busy &&
           t->v.arm[0].table->positions < t->v.arm[0].table->positions_all;
}
/* Ask for a table, and for a latent's details before it is whole: whether they came so.
 */
static bool is_answered_from_part(struct viewer *t)
{
    post(t, (struct command){.kind = COMMAND_TABLE});
    wait_until(t, has_part_of_table);
    bool part = table_is_part(t);
    post(t, (struct command){.kind = COMMAND_DETAIL, .interval = INTERVAL_TOP});
    wait_until(t, has_detail);
    return part && table_is_part(t);
}

/* The first table is there after a part of the text, what is asked for meanwhile is
 * answered from it, and it grows until it is whole; a later one comes whole. */
static void a_table_fills_while_others_are_answered(void **state)
{
    (void)state;
    struct viewer t;
    open_long_table(&t);
    for (int i = 1; !is_answered_from_part(&t); i++) {
        close_viewer(&t);
        assert_true(i < TRIES);
        open_long_table(&t);
    }
    wait_until(&t, has_whole_table);
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_false(t.v.table_busy);
    const struct latent_table *whole =
        latent_table_ref((struct latent_table *)(uintptr_t)t.v.arm[0].table);
    post(&t, (struct command){.kind = COMMAND_TABLE});
    post(&t, (struct command){.kind = COMMAND_TABLE}); /* one after the other */
    while (session_outstanding(t.s) > 0) {
        (void)session_poll(t.s, &t.v);
        assert_int_equal(t.v.arm[0].table->positions, whole->positions);
    }
    (void)session_poll(t.s, &t.v);
    assert_ptr_not_equal(t.v.arm[0].table, whole);
    latent_table_unref((struct latent_table *)(uintptr_t)whole);
    /* And an end in the middle of one. */
    post(&t, (struct command){.kind = COMMAND_TABLE});
    close_viewer(&t);
}

/* Prompt asks for an SAE and, with Latents behind it, for its table: latents are
 * described once, whichever comes first, and again when one asks. */
static void a_prompt_and_a_table_are_one(void **state)
{
    (void)state;
    static const enum command_kind order[2][2] = {{COMMAND_SUBJECT, COMMAND_TABLE},
                                                  {COMMAND_TABLE, COMMAND_SUBJECT}};
    for (size_t i = 0; i < 2; i++) {
        struct viewer t;
        struct session_config cfg = {.set = sample_settings(20)};
        cfg.set.browse_rows = 64;
        open_viewer(&t, &cfg);
        wait_until(&t, is_done);
        post(&t, (struct command){.kind = order[i][0]});
        post(&t, (struct command){.kind = order[i][1]});
        wait_until(&t, has_part_of_table);
        wait_until(&t, has_whole_table);
        struct latent_table *first =
            latent_table_ref((struct latent_table *)(uintptr_t)t.v.arm[0].table);
        wait_until(&t, is_idle);
        (void)session_poll(t.s, &t.v);
        assert_ptr_equal(t.v.arm[0].table, first);
        assert_ptr_equal(t.v.subject->table, first);
        post(&t, (struct command){.kind = COMMAND_TABLE});
        wait_until(&t, is_idle);
        (void)session_poll(t.s, &t.v);
        assert_ptr_not_equal(t.v.arm[0].table, first);
        latent_table_unref(first);
        close_viewer(&t);
    }
}

static bool has_subject(const struct viewer *t)
{
    return t->v.subject != NULL;
}
static bool has_part_of_subject(const struct viewer *t)
{
    return t->v.subject->table != NULL;
}
static bool has_whole_subject(const struct viewer *t)
{
    const struct latent_table *table = t->v.subject->table;
    return table->positions == table->positions_all;
}

/* Ask for the subject; whether its table was there before it was whole. */
static bool has_subject_of_part(struct viewer *t, const struct sae **sae)
{
    post(t, (struct command){.kind = COMMAND_SUBJECT});
    wait_until(t, has_subject);
    *sae = t->v.subject->sae;
    wait_until(t, has_part_of_subject);
    const struct latent_table *part = t->v.subject->table;
    return part->positions < part->positions_all;
}

/* Prompt has the table of its SAE as it fills: the same SAE, a greatest activation that
 * grows. */
static void a_prompt_has_the_table_as_it_fills(void **state)
{
    (void)state;
    struct viewer t;
    const struct sae *sae;
    open_long_table(&t);
    for (int i = 1; !has_subject_of_part(&t, &sae); i++) {
        close_viewer(&t);
        assert_true(i < TRIES);
        open_long_table(&t);
    }
    const struct latent_table *part = t.v.subject->table;
    assert_ptr_equal(t.v.subject->sae, sae);
    int32_t latent = 0;
    while (!(part->row[latent].max > 0)) {
        latent++;
    }
    const double most = ask_max_seen(t.v.subject, latent);
    wait_until(&t, has_whole_subject);
    assert_ptr_equal(t.v.subject->sae, sae);
    assert_ptr_equal(t.v.subject->table, t.v.arm[0].table);
    assert_true(ask_max_seen(t.v.subject, latent) >= most);
    close_viewer(&t);
}

/* All remarks on a text are said in one message, which is not an error. */
static void remarks_are_said(void **state)
{
    (void)state;
    struct viewer t;
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
    open_viewer(&t, &cfg);
    wait_until(&t, is_paused);
    assert_non_null(strstr(t.v.message, "stories.txt: documents end at markers: 100"));
    assert_non_null(strstr(t.v.message, "; stories.txt: little text: "));
    assert_false(t.v.message_bad);
    close_viewer(&t);
    tmp_drop(dir);
}

/* The session writes the settings that it runs with, changes included, as --config
 * reads them. */
static void settings_are_written_as_a_configuration(void **state)
{
    (void)state;
    struct viewer t;
    struct errinfo e;
    char dir[256], file[512];
    tmp_make(dir, sizeof dir);
    tmp_path(file, dir, "my.json");
    struct session_config cfg = {.set = sample_settings(100000), .start_paused = true};
    open_viewer(&t, &cfg);
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
    close_viewer(&t);
    struct settings back;
    settings_init(&back);
    assert_ok(settings_load(&back, file, &e), &e);
    assert_true(fabs(back.mask_rate - 0.15) < 1e-12);
    assert_int_equal(back.steps, 200000);
    assert_int_equal(back.width, cfg.set.width);
    assert_string_equal(back.corpus, cfg.set.corpus);
    tmp_drop(dir);
}

static bool has_partners(const struct viewer *t)
{
    return t->v.partners != NULL && !t->v.partners_busy;
}

/* A twin that has just been forked is the same SAE: each latent that fires often enough
 * corresponds to its own number. */
static void latents_are_paired(void **state)
{
    (void)state;
    struct viewer t;
    const struct session_config cfg = {.set = sample_settings(100000)};
    open_viewer(&t, &cfg);
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
    close_viewer(&t);
}

static void what_cannot_be_opened_is_said(void **state)
{
    (void)state;
    struct viewer t;
    struct session_config cfg = {.set = sample_settings(10)};
    snprintf(cfg.set.model, sizeof cfg.set.model, "/nowhere/at/all");
    open_viewer(&t, &cfg);
    wait_until(&t, is_failed);
    assert_non_null(strstr(t.v.message, "/nowhere/at/all"));
    assert_int_equal(session_error(t.s), ERR_MISSING);
    post(&t, (struct command){.kind = COMMAND_PAUSE});
    post(&t, (struct command){.kind = COMMAND_STOP});
    wait_until(&t, is_ended);
    close_viewer(&t);
}

/* Requests beyond those that can wait are refused with a message. */
static void requests_beyond_the_queue_are_said(void **state)
{
    (void)state;
    struct viewer t;
    open_long_table(&t);
    const struct command table = {.kind = COMMAND_TABLE};
    for (int posted = 0; posted < 200;) {
        posted += session_post(t.s, &table) ? 1 : 0;
        (void)session_poll(t.s, &t.v);
    }
    assert_true(t.v.message_bad);
    assert_string_equal(t.v.message,
                        "not done: 64 requests wait already; ask again later");
    assert_true(t.v.table_busy); /* those that wait are answered */
    close_viewer(&t);
}

static bool has_comparison(const struct viewer *t)
{
    return t->v.compare && !t->v.compare_busy;
}
static bool has_pair(const struct viewer *t)
{
    return t->v.pair[0] && t->v.pair[1];
}

/* An SAE without its settings, open itself, against the run that it is of. */
static void imported_is_said_of_either_side(const char *dir, const char *run)
{
    struct viewer t;
    char foreign[512], little[512], shell[4096];
    struct settings given;
    struct str text;
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
    /* On a text that is short: both sides' figures rest on it. */
    tmp_path(little, dir, "little.txt");
    str_init(&text, 1 << 16);
    for (int i = 0; i < 400; i++) {
        str_addf(&text, "The dog %d saw the small cat and ran home.\n\n", i);
    }
    assert_ok(file_write_text(little, text.p, &e), &e);
    str_free(&text);
    assert_ok(settings_set(&cfg.set, "corpus", little, from_program("test"), &e), &e);
    open_viewer(&t, &cfg);
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
    assert_non_null(strstr(line, "trained on another text"));
    assert_non_null(strstr(line, "held-out tokens"));
    assert_int_equal(remove(little), 0);
    close_viewer(&t);
    tmp_drop(foreign);
}

/* Two conditions from frozen copies, contexts of two latents, the run on disk as the
 * other side, and a path that is not a run. */
static void conditions_and_runs_are_compared(void **state)
{
    (void)state;
    struct viewer t;
    char dir[256], run[512], copy[512], shell[1200];
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    struct session_config cfg = {.set = sample_settings(30), .other_run = "named"};
    cfg.set.twin = TWIN_UNMASKED;
    open_viewer(&t, &cfg);
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

    /* The same run from disk is no other side, but a copy of it is: every latent finds
     * itself. */
    struct command other = {.kind = COMMAND_COMPARE, .two = {0, 2}};
    post_text(&t, other, run);
    assert_ptr_equal(t.v.compare, c);
    assert_non_null(strstr(t.v.message, "has the same seeds of the same run as A"));
    tmp_path(copy, dir, "copy");
    snprintf(shell, sizeof shell, "cp -R '%s' '%s'", run, copy);
    assert_int_equal(system(shell), 0);
    post_text(&t, other, copy);
    c = t.v.compare;
    assert_int_equal(c->n_choices, 4);
    assert_int_equal(c->choice[2].letter, 'C');
    assert_non_null(strstr(c->choice[2].name, "copy: mask p="));
    assert_int_equal(c->side[1].choice, 2);
    assert_int_equal(c->n_differences, 0);
    assert_int_equal(c->pairs->n, c->pairs->side[0].compared);
    for (size_t i = 0; i < c->pairs->n; i++) {
        assert_int_equal(c->pairs->pair[i].latent[0], c->pairs->pair[i].latent[1]);
        assert_true(c->pairs->pair[i].firing > 0.99f);
    }

    /* Two runs from disk, neither of them open here, and what holds of their text. */
    other.two[0] = other.two[1] = -1;
    snprintf(other.text, sizeof other.text, "%.400s\n%.400s/arms/twin", run, run);
    post(&t, other);
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    c = t.v.compare;
    assert_int_equal(c->n_choices, 5);
    assert_int_equal(c->side[0].choice, 2);
    assert_int_equal(c->side[1].choice, 4);
    assert_non_null(strstr(c->choice[4].name, "twin: no mask"));
    assert_int_equal(c->measures.pairs, 1);

    const uint64_t said = t.v.said;
    snprintf(other.text, sizeof other.text, "%s/none", dir);
    post(&t, other);
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_true(t.v.said > said && t.v.message_bad);
    assert_non_null(strstr(t.v.message, "no run directory"));
    assert_true(t.v.compare == c &&
                t.v.compares_failed == 2); /* what there was stays */
    close_viewer(&t);
    imported_is_said_of_either_side(dir, run);
    snprintf(shell, sizeof shell, "rm -rf '%s'", dir);
    assert_int_equal(system(shell), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trains_to_the_end_and_goes_on),
        cmocka_unit_test(conditions_and_runs_are_compared),
        cmocka_unit_test(commands_take_effect_between_steps),
        cmocka_unit_test(latents_are_described_from_frozen_copies),
        cmocka_unit_test(a_table_fills_while_others_are_answered),
        cmocka_unit_test(a_prompt_and_a_table_are_one),
        cmocka_unit_test(a_prompt_has_the_table_as_it_fills),
        cmocka_unit_test(remarks_are_said),
        cmocka_unit_test(settings_are_written_as_a_configuration),
        cmocka_unit_test(latents_are_paired),
        cmocka_unit_test(requests_beyond_the_queue_are_said),
        cmocka_unit_test(what_cannot_be_opened_is_said),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
