/* [threads] A session of conditions with several seeds, from the start or added. */
#include "session/verdicts.h"
#include "train/rundir.h"
#include "unit/session_viewer.h"

/* A run of more conditions than the screen shows, and an arm that it does not have. */
static void further_arms_do_not_disturb(void **state)
{
    (void)state;
    struct viewer t;
    struct session_config cfg = {.set = sample_settings(100000)};
    snprintf(cfg.set.also, sizeof cfg.set.also, "k=2;k=3;mask-rate=0;k=5;k=6");
    open_viewer(&t, &cfg);
    wait_until(&t, has_rows);
    assert_int_equal(t.v.n_arms, 6);
    assert_int_equal(t.v.n_conds, VIEW_CONDS);
    post(&t, (struct command){.kind = COMMAND_TABLE, .arm = 6});
    post(&t, (struct command){.kind = COMMAND_MASK, .cond = 1, .value = 0.2});
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_true(fabs(t.v.cond[1].rate_set - 0.2) < 1e-12);
    assert_false(t.v.table_busy);
    close_viewer(&t);
}

static bool shows_second_seed(const struct viewer *t)
{
    return t->v.seed == 1;
}
static bool has_its_table(const struct viewer *t)
{
    return t->v.arm[2].table && !t->v.table_busy;
}

/* Two conditions of two seeds: arms A, B, A's second, B's second. A command about masks
 * is a condition's; tables are of the seed that is shown; all is there after a save. */
/* How many events of the kind; of them those of the second seed, by their text. */
static size_t events_of(const struct viewer *t, const char *kind, size_t *second)
{
    char seed[40];
    size_t n = 0;
    snprintf(seed, sizeof seed, "seed %llu: ", (unsigned long long)t->v.arm[2].weights);
    *second = 0;
    for (size_t i = 0; i < t->v.n_events; i++) {
        const bool is = strcmp(t->v.event[i].kind, kind) == 0;
        n += is;
        *second += is && strncmp(t->v.event[i].text, seed, strlen(seed)) == 0;
    }
    return n;
}

/* An event of one seed alone. */
static void append_event(const char *dir, const char *line)
{
    char path[RUNDIR_PATH];
    struct errinfo e;
    assert_ok(rundir_file(dir, "events.csv", path, &e), &e);
    FILE *f = fopen(path, "a");
    assert_non_null(f);
    assert_true(fputs(line, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* Another seed of the open run is not compared with the condition that it is of, but
 * with the seed that is shown; never with itself. */
static void a_seed_is_compared_with_the_one_shown(struct viewer *t)
{
    const struct command compare = {.kind = COMMAND_COMPARE, .two = {-1, -1}};
    char second[1024], line[4096];
    snprintf(second, sizeof second, "%s", t->v.arm[2].dir);
    post_text(t, compare, second);
    const struct comparison *c = t->v.compare;
    if (!c) {
        fail_msg("no comparison: %s", t->v.message);
    }
    assert_int_equal(c->side[1].choice, 2);
    assert_int_equal(c->choice[0].seeds, 1);
    assert_int_equal(c->measures.pairs, 1);
    assert_string_equal(c->side[0].seed, "1");
    assert_string_equal(c->side[1].seed, "1/2");
    assert_true(fabs(c->measures.row[VERDICT_OF_EV].d.by.mean) > 0.0);
    assert_null(strstr(c->said, "The same: explained variance"));
    assert_non_null(strstr(remarks_line(&c->remarks, line, sizeof line),
                           "C is seed 1/2 of A: compared with seed 1 of it alone"));
    post_text(t, (struct command){.kind = COMMAND_SEED, .at = 1}, "");
    post_text(t, compare, second);
    assert_ptr_equal(t->v.compare, c);
    assert_non_null(strstr(t->v.message, "is seed 1/2 of A, the one that is shown"));
    /* The other condition's arms are others: one of them has its seeds. */
    post_text(t, (struct command){.kind = COMMAND_COMPARE, .two = {1, 2}}, second);
    assert_true(t->v.compare != c && t->v.compare->measures.pairs == 1);
    assert_int_equal(t->v.compare->choice[1].seeds, 2);
    const struct comparison_side *of_many = &t->v.compare->side[0];
    assert_string_equal(of_many->seed, "1/2"); /* whose latents are shown, too */
    assert_int_equal(of_many->arm, 3);
    assert_non_null(of_many->table);
    assert_non_null(t->v.compare->pairs);
}

static void conditions_have_seeds(void **state)
{
    (void)state;
    struct viewer t;
    char dir[256], run[512], command[600];
    struct session_config cfg = {.set = sample_settings(30)};
    struct errinfo e;
    assert_ok(settings_set(&cfg.set, "twin", "unmasked", from_program("test"), &e), &e);
    assert_ok(settings_set(&cfg.set, "seed.count", "2", from_program("test"), &e), &e);
    cfg.start_paused = true;
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    open_viewer(&t, &cfg);
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
    assert_true(t.v.cond[1].unmasked && !t.v.cond[0].unmasked);
    assert_true(t.v.cond[0].beyond_masks == t.v.cond[1].beyond_masks);
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
    (void)session_poll(t.s, &t.v);
    char second_arm[1024];
    size_t of_second = 0;
    snprintf(second_arm, sizeof second_arm, "%s", t.v.arm[2].dir);
    assert_int_equal(events_of(&t, "start", &of_second), 2); /* a condition one */
    append_event(second_arm, "25,1,diverged,\"far off\"\n");
    close_viewer(&t);

    const struct session_config open = {.set = sample_settings(1), .open_run = run};
    open_viewer(&t, &open);
    wait_until(&t, is_browsing);
    assert_int_equal(t.v.n_arms, 4);
    assert_int_equal(t.v.n_conds, 2);
    assert_int_equal(t.v.cond[0].arm[1], 2);
    assert_int_equal(events_of(&t, "start", &of_second), 2);
    assert_int_equal(events_of(&t, "mask", &of_second), 1); /* both seeds': once */
    assert_int_equal(of_second, 0);
    assert_int_equal(events_of(&t, "diverged", &of_second), 1);
    assert_int_equal(of_second, 1); /* one seed's, which it names */
    assert_true(fabs(t.v.cond[0].last[METRIC_LOSS] - 0.5 * (x + y)) < 1e-6);
    a_seed_is_compared_with_the_one_shown(&t);
    post(&t, (struct command){.kind = COMMAND_EXTEND, .at = 40});
    wait_until(&t, is_done);
    assert_int_equal(t.v.step, 40);
    assert_true(
        t.v.arm[3].series[METRIC_LOSS].x[t.v.arm[3].series[METRIC_LOSS].n - 1] == 40);
    close_viewer(&t);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

static bool has_six_arms(const struct viewer *t)
{
    return t->v.n_arms == 6;
}

/* A seed that is added later has the curve that it would have had from the start. */
static void a_seed_is_added(void **state)
{
    (void)state;
    struct viewer t, whole;
    struct session_config cfg = {.set = sample_settings(20)};
    struct errinfo e;
    assert_ok(settings_set(&cfg.set, "twin", "unmasked", from_program("test"), &e), &e);
    assert_ok(settings_set(&cfg.set, "seed.count", "2", from_program("test"), &e), &e);
    assert_ok(settings_set(&cfg.set, "eval.every", "10", from_program("test"), &e), &e);
    open_viewer(&t, &cfg);
    wait_until(&t, is_done);
    post(&t, (struct command){.kind = COMMAND_SEEDS, .at = 1}); /* what it costs */
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_int_equal(t.v.n_arms, 4);
    assert_true(!t.v.message_bad && strstr(t.v.message, "again adds 2 arms of "));
    double widening = 0.0;
    size_t regained = 0;
    char price[80];
    cost_of_looking(2, &widening, &regained);
    snprintf(price, sizeof price, "intervals %.1f times as wide, %zu seeds regain",
             widening, regained);
    assert_non_null(strstr(t.v.message, price));
    post(&t, (struct command){.kind = COMMAND_SEEDS, .at = 1, .value = 1});
    wait_until(&t, has_six_arms);
    wait_until(&t, is_done);
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_int_equal(t.v.step, 20);
    assert_int_equal(t.v.seeds_planned, 2);
    assert_int_equal(t.v.cond[1].n_seeds, 3);
    assert_int_equal(t.v.cond[1].arm[2], 5);

    wait_until(&t, all_are_evaluated);

    /* Compared as one that was looked at after the planned two. */
    post_text(&t, (struct command){.kind = COMMAND_COMPARE, .two = {-1, -1}}, "");
    assert_non_null(t.v.compare);
    const struct compared *c = &t.v.compare->measures;
    const struct paired *d = &c->row[VERDICT_OF_EV].d;
    assert_int_equal(c->pairs, 3);
    assert_int_equal(c->first, 2);
    assert_int_equal(d->n, 3);
    const double half = paired_half(3, 2, VERDICT_LEVEL) * d->sd / sqrt(3.0);
    assert_true(fabs(0.5 * (c->by[VERDICT_OF_EV].high - c->by[VERDICT_OF_EV].low) -
                     half) < 1e-9 * half);

    assert_ok(settings_set(&cfg.set, "seed.count", "3", from_program("test"), &e), &e);
    open_viewer(&whole, &cfg);
    wait_until(&whole, is_done);
    for (size_t a = 4; a < 6; a++) {
        const struct series *x = &t.v.arm[a].series[METRIC_LOSS];
        const struct series *y = &whole.v.arm[a].series[METRIC_LOSS];
        assert_int_equal(x->n, y->n);
        for (size_t i = 0; i < x->n; i++) {
            assert_true(x->x[i] == y->x[i] && x->y[i] == y->y[i]);
        }
    }
    close_viewer(&whole);
    post(&t, (struct command){.kind = COMMAND_EXTEND, .at = 24});
    wait_until(&t, is_idle);
    wait_until(&t, is_done);
    for (int go = 0; go < 2; go++) { /* too late now, asked or told */
        post(&t, (struct command){.kind = COMMAND_SEEDS, .at = 1, .value = go});
        wait_until(&t, is_idle);
        (void)session_poll(t.s, &t.v);
        const char *why =
            strstr(t.v.message, "start anew with --seeds N: changed on the "
                                "way (extend)");
        assert_true(t.v.message_bad && why && why - t.v.message < 12);
    }
    close_viewer(&t);
}

/* A fork makes a twin of each seed. */
static void a_fork_has_all_seeds(void **state)
{
    (void)state;
    struct viewer t;
    struct session_config cfg = {.set = sample_settings(100000)};
    struct errinfo e;
    assert_ok(settings_set(&cfg.set, "seed.count", "3", from_program("test"), &e), &e);
    open_viewer(&t, &cfg);
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
    post_text(&t, (struct command){.kind = COMMAND_COMPARE, .two = {-1, -1}}, "");
    if (!t.v.compare) {
        fail_msg("no comparison: %s", t.v.message);
    }
    assert_string_equal(t.v.compare->choice[1].name, "no mask, masked at first");
    post(&t, (struct command){.kind = COMMAND_FORK});
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    assert_true(t.v.message_bad && strstr(t.v.message, "there is a twin already"));
    close_viewer(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(further_arms_do_not_disturb),
        cmocka_unit_test(conditions_have_seeds),
        cmocka_unit_test(a_seed_is_added),
        cmocka_unit_test(a_fork_has_all_seeds),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
