/* [threads] Conditions that are added to a run on the way. */
#include "base/file.h"
#include "base/str.h"
#include "unit/run_engine.h"
#include "unit/session_viewer.h"

static bool has_six_arms(const struct viewer *t)
{
    return t->v.n_arms == 6;
}

static void post_condition(struct viewer *t, const char *text, double go)
{
    post_text(t, (struct command){.kind = COMMAND_CONDITION, .value = go}, text);
}

static size_t events_of(const struct session_view *v, const char *kind, char letter)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_events; i++) {
        n += strcmp(v->event[i].kind, kind) == 0 && v->event[i].letter == letter;
    }
    return n;
}

/* At the steps that both have: which these are depends on when there was something to
 * evaluate on. */
static void assert_same_curve(const struct arm_view *a, const struct arm_view *b)
{
    size_t at = 0, common = 0;
    const struct series *x = &a->series[METRIC_LOSS], *y = &b->series[METRIC_LOSS];
    assert_int_equal(a->weights, b->weights);
    for (size_t i = 0; i < x->n; i++) {
        while (at < y->n && y->x[at] < x->x[i]) {
            at++;
        }
        if (at < y->n && y->x[at] == x->x[i]) {
            assert_true(x->y[i] == y->y[at]);
            common++;
        }
    }
    assert_true(common > 2);
}

/* A condition that is added has the seeds of the first one and the curves that it would
 * have had from the start; its price comes before it, what is wrong instead of it. It
 * is there after a save, and of the settings that begin alike. */
static void a_condition_is_added(void **state)
{
    (void)state;
    static const char text[] = "few:arch=batchtopk,k=2.5";
    struct viewer t, whole;
    char dir[256], run[512], command[600];
    struct session_config cfg = {.set = sample_settings(20)};
    struct errinfo e;
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    assert_ok(settings_set(&cfg.set, "twin", "unmasked", from_program("test"), &e), &e);
    assert_ok(settings_set(&cfg.set, "seed.count", "2", from_program("test"), &e), &e);
    open_viewer(&t, &cfg);
    wait_until(&t, is_done);

    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"", "expected a name and settings"},
        {"few", "expected a name and settings"},
        {"few:", "expected a name and settings"},
        {"few:k=2;more:k=3", "expected a name and settings"},
        {"twin:k=2", "an arm named 'twin'"},
        {"few:k", "condition: found 'k'"},
        {"few:kk=2", "condition: no setting 'kk'"},
        {"few:batch=64", "condition: batch is the same for all arms"},
        {"few:seed.weights=9", "condition: found seed.weights"},
        {"few:k=4", "condition: it has the settings of 'first'"},
        {"few:mask.rate=0", "condition: it has the settings of 'twin'"},
        {"few:arch=tied,decoder=random", "decoder=random: arch tied"},
    };
    for (size_t i = 0; i < 2 * (sizeof wrong / sizeof *wrong); i++) {
        post_condition(&t, wrong[i / 2].text, (double)(i % 2));
        if (!t.v.message_bad || !strstr(t.v.message, wrong[i / 2].says)) {
            fail_msg("'%s': '%s'", wrong[i / 2].text, t.v.message);
        }
    }
    post_condition(&t, text, 0);
    assert_false(t.v.message_bad);
    assert_ptr_equal(strstr(t.v.message, "the same line again adds few: 2 seeds, "),
                     t.v.message);
    assert_true(strlen(t.v.message) < 74); /* whole on 80 columns */
    assert_int_equal(t.v.n_arms, 4);

    post_condition(&t, text, 1);
    assert_true(has_six_arms(&t));
    assert_non_null(
        strstr(t.v.message, "few (arch=batchtopk,k=2.5) trains from step 0"));
    assert_int_equal(t.v.n_conds, 3);
    assert_int_equal(t.v.cond[2].letter, 'C');
    assert_int_equal(t.v.cond[2].n_seeds, 2);
    assert_true(t.v.cond[2].k == 2.5);
    wait_until(&t, is_done);
    assert_int_equal(events_of(&t.v, "start", 'C'), 1);
    assert_int_equal(events_of(&t.v, "condition", 'A'), 1);

    snprintf(cfg.set.also, sizeof cfg.set.also, "%s", text);
    open_viewer(&whole, &cfg);
    wait_until(&whole, is_done);
    assert_int_equal(whole.v.n_arms, 6);
    for (size_t i = 0; i < 2; i++) { /* seed i of C, wherever it stands */
        assert_same_curve(&t.v.arm[t.v.cond[2].arm[i]],
                          &whole.v.arm[whole.v.cond[2].arm[i]]);
    }
    close_viewer(&whole);

    struct command stop = {.kind = COMMAND_STOP, .value = 1};
    snprintf(stop.text, sizeof stop.text, "%s", run);
    post(&t, stop);
    wait_until(&t, is_ended);
    /* One save, of which each condition says the same. */
    for (size_t i = 0, n = 0; i < t.v.n_events; i++) {
        if (!strcmp(t.v.event[i].kind, "save")) {
            assert_int_equal(t.v.event[i].letter, 'A' + (int)n++);
            assert_int_equal(strncmp(t.v.event[i].text, "6 arms in ", 10), 0);
        }
    }
    assert_int_equal(events_of(&t.v, "save", 'C'), 1);
    close_viewer(&t);
    const struct session_config open = {
        .set = sample_settings(1), .open_run = run, .resume = true};
    open_viewer(&t, &open);
    wait_until(&t, is_done);
    assert_true(t.v.n_conds == 3);
    assert_true(t.v.cond[2].k == 2.5);
    assert_int_equal(events_of(&t.v, "condition", 'A'), 1);
    close_viewer(&t);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

/* To the bit, of every weight, also when the run stops half way to the others; and
 * after a resume what was "auto" for the first is so for the new one. */
static void it_has_the_bits_of_a_run_that_began_with_it(void **state)
{
    (void)state;
    static const char text[] = "other:arch=standard", more[] = ALSO_RANDOM;
    struct errinfo e;
    struct engine_addition is;
    char dir[256], run[512], command[600];
    struct settings set = sample_settings(16);
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    set.fill_rows = 4;
    set.seed_count = 2;
    struct engine *g = start_engine(&set);
    run_engine_to(g, 9);
    assert_ok(engine_save(g, run, &e), &e);
    engine_free(g);
    assert_ok(engine_resume(run, NULL, getenv("SAETOP_SAMPLES"), NULL, &g, &e), &e);
    assert_ok(engine_weigh_condition(g, text, &is, &e), &e);
    assert_int_equal(is.seeds, 2);
    assert_int_equal(g->n_arms, 2);
    assert_ok(engine_add_condition(g, text, &is, &e), &e);
    assert_true(is.bytes > 0);
    /* Another decoder, rate, remedy: what "auto" is for this architecture. */
    assert_non_null(strstr(is.differs, "arch=standard"));
    assert_non_null(strstr(is.differs, "decoder=free"));
    run_engine_to(g, 5);
    check_error(engine_add_condition(g, more, &is, &e), ERR_USAGE, &e,
                "is still at step 5");
    assert_ok(engine_save(g, run, &e), &e);
    engine_free(g);
    assert_ok(engine_resume(run, NULL, getenv("SAETOP_SAMPLES"), NULL, &g, &e), &e);
    assert_int_equal(g->n_arms, 4);
    run_engine_to(g, 12);
    assert_ok(engine_add_condition(g, more, &is, &e), &e);
    assert_string_equal(is.name, "random");
    run_engine_to(g, 16);

    snprintf(set.also, sizeof set.also, "%s;%s", text, more);
    struct engine *whole = start_engine(&set);
    run_engine_to(whole, 16);
    assert_int_equal(whole->n_arms, 6);
    for (size_t i = 0; i < 6; i++) {
        size_t k = 0;
        while (strcmp(g->arm[k].place.name, whole->arm[i].place.name) != 0) {
            k++;
        }
        assert_same_sae(g->arm[k].arm->sae, whole->arm[i].arm->sae);
        assert_string_equal(g->arm[k].condition, whole->arm[i].condition);
    }
    assert_string_equal(g->arm[0].arm->set.also, set.also);
    engine_free(whole);

    /* Once the first was changed there is no way back. */
    assert_ok(engine_extend(g, 20, &e), &e);
    check_error(engine_weigh_condition(g, "late:k=2", &is, &e), ERR_USAGE, &e,
                "changed on the way (extend)");
    engine_free(g);
    set = sample_settings(4);
    set.seed_count = 64;
    set.width = 16;
    g = start_engine(&set);
    check_error(engine_weigh_condition(g, "late:k=2", &is, &e), ERR_USAGE, &e,
                "found 128 arms, expected 64 at most");
    engine_free(g);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

static const char *fact_of(const struct session_view *v, const char *name)
{
    size_t i = 0;
    while (i < v->n_facts && strcmp(v->fact[i].name, name) != 0) {
        i++;
    }
    return i < v->n_facts ? v->fact[i].value : "";
}

static void post_tune(struct viewer *t, int cond, const char *text)
{
    post_text(t, (struct command){.kind = COMMAND_TUNE, .cond = cond}, text);
}

/* Settings of one condition are changed in all its seeds, as an event; what may not be
 * is refused and changes nothing. */
static void a_condition_is_tuned(void **state)
{
    (void)state;
    struct viewer t;
    struct session_config cfg = {.set = sample_settings(40), .start_paused = true};
    struct errinfo e;
    assert_ok(settings_set(&cfg.set, "twin", "unmasked", from_program("test"), &e), &e);
    assert_ok(settings_set(&cfg.set, "seed.count", "2", from_program("test"), &e), &e);
    snprintf(cfg.set.arch, sizeof cfg.set.arch, "topk");
    snprintf(cfg.set.also, sizeof cfg.set.also, "jump:arch=jumprelu");
    open_viewer(&t, &cfg);
    wait_until(&t, is_paused);
    assert_string_equal(t.v.cond[0].tunable, "k=4,lr=0.002,aux.coef=0.03125");
    assert_non_null(session_setting_in(t.v.cond[2].tunable, "l0"));
    assert_string_equal(session_setting_in("k=4,lr=0.002", "lr"), "0.002");
    assert_null(session_setting_in("k=4,lr=0.002", ""));
    assert_null(session_setting_in("k=4,lr=0.002", "r"));
    assert_null(session_setting_in("k=4,lr=0.002", "k=4,lr=0.002,l"));
    static const struct {
        int cond;
        const char *text, *says;
    } wrong[] = {
        {0, "", "tune: found ''"},
        {0, "lr", "tune: found 'lr'"},
        {0, "lr=20", "tune: lr: found '20', expected a number from 0 to 10"},
        {0, "width=9",
         "tune: width stays as it is while training goes on, expected one "
         "of k, lr, l1, l0, jumprelu.target_l0, aux.coef"},
        {0, "kk=9", "tune: no setting 'kk'"},
        {0, "l1=2", "l1: does not apply to arch topk"},
        {0, "k=2.5", "k is 2.5, expected a whole number"},
        {0, "k=6000", "k is 6000, more than the 64 latents"},
        {0, "k=4", "tune: k=4 is what it is already"},
        {0, "lr=0.1,k=2.5", "k is 2.5, expected a whole number"},
        {3, "lr=0.1", "there is no condition D"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        post_tune(&t, wrong[i].cond, wrong[i].text);
        if (!t.v.message_bad || !strstr(t.v.message, wrong[i].says)) {
            fail_msg("'%s': '%s'", wrong[i].text, t.v.message);
        }
    }
    assert_string_equal(t.v.cond[0].tunable, "k=4,lr=0.002,aux.coef=0.03125");
    post_tune(&t, 1, "k=7,lr=0.001");
    assert_false(t.v.message_bad);
    assert_string_equal(t.v.message, "B: k 4 -> 7, lr 0.002 -> 0.001, from step 1 on");
    assert_string_equal(t.v.cond[1].tunable, "k=7,lr=0.001,aux.coef=0.03125");
    assert_string_equal(t.v.cond[0].tunable, "k=4,lr=0.002,aux.coef=0.03125");
    assert_int_equal(events_of(&t.v, "tune", 'B'), 1);
    assert_int_equal(events_of(&t.v, "tune", 'A'), 0);
    assert_string_equal(fact_of(&t.v, "sparsity"), "k=4");
    post_tune(&t, 0, "k=5"); /* what the facts of the run are of */
    assert_string_equal(fact_of(&t.v, "sparsity"), "k=5");
    assert_non_null(strstr(fact_of(&t.v, "arms"), "6 arms"));
    post_tune(&t, 0, "k=4");
    post_tune(&t, 2, "l0=8");
    assert_int_equal(events_of(&t.v, "tune", 'C'), 1);
    post(&t, (struct command){.kind = COMMAND_RESUME});
    wait_until(&t, is_done);
    wait_until(&t, is_idle);
    (void)session_poll(t.s, &t.v);
    for (size_t i = 0; i < 2; i++) { /* both of its seeds; warm-up is over by then */
        const struct arm_view *b = &t.v.arm[t.v.cond[1].arm[i]];
        const struct arm_view *a = &t.v.arm[t.v.cond[0].arm[i]];
        assert_true(fabs(b->last[METRIC_L0] - 7) < 1e-9);
        assert_true(fabs(a->last[METRIC_L0] - 4) < 1e-9);
        assert_true(fabs(b->last[METRIC_LR] * 2 - a->last[METRIC_LR]) < 1e-12);
    }
    assert_int_equal(events_of(&t.v, "tune", 'A'), 2);
    post_condition(&t, ALSO_RANDOM, 0);
    assert_non_null(strstr(t.v.message, "changed on the way (tune)"));
    close_viewer(&t);
}

static size_t choice_of(const struct comparison *c, const char *name)
{
    size_t i = 0;
    while (i < c->n_choices && strstr(c->choice[i].name, name) == NULL) {
        i++;
    }
    return i;
}

static bool says(const struct comparison *c, const char *text)
{
    bool r = false;
    for (size_t i = 0; i < c->remarks.n; i++) {
        r = r || strstr(c->remarks.line[i], text) != NULL;
    }
    return r;
}

/* A comparison holds the first side against its random control; of a condition that is
 * not as far it says so, by its name where it is not saved. */
static void a_comparison_knows_the_control(void **state)
{
    (void)state;
    struct viewer t;
    struct session_config cfg = {.set = sample_settings(40)};
    struct errinfo e;
    assert_ok(settings_set(&cfg.set, "twin", "unmasked", from_program("test"), &e), &e);
    assert_ok(settings_set(&cfg.set, "seed.count", "2", from_program("test"), &e), &e);
    snprintf(cfg.set.also, sizeof cfg.set.also, ALSO_RANDOM);
    open_viewer(&t, &cfg);
    wait_until(&t, is_done);
    wait_until(&t, all_are_evaluated);
    post_text(&t, (struct command){.kind = COMMAND_COMPARE, .two = {-1, -1}}, "");
    assert_non_null(t.v.compare);
    const size_t control = choice_of(t.v.compare, "random");
    assert_int_equal(control, 2);
    assert_int_equal(t.v.compare->control, control);
    for (size_t i = 0; i < RUN_ARMS_MAX; i++) { /* three conditions of two seeds */
        assert_int_equal(t.v.compare->measured[i], i < 6 ? 40 : -1);
    }
    assert_int_equal(t.v.compare->measures.pairs, 2);
    bool any = false;
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        any = any || (verdict_measure_def(m)->list == VERDICT_PRIMARY &&
                      t.v.compare->measures.within_random[m]);
    }
    assert_int_equal(strstr(t.v.compare->said, "Within random") != NULL, any);

    /* The control itself has none. */
    post_text(&t, (struct command){.kind = COMMAND_COMPARE, .two = {2, 1}}, "");
    assert_int_equal(t.v.compare->control, t.v.compare->n_choices);

    /* One that has just begun. */
    struct command add = {.kind = COMMAND_CONDITION, .value = 1};
    snprintf(add.text, sizeof add.text, "few:k=2");
    post(&t, add);
    post_text(&t, (struct command){.kind = COMMAND_PAUSE}, "");
    wait_until(&t, is_paused);
    assert_true(t.v.step < 40);
    post_text(&t, (struct command){.kind = COMMAND_COMPARE, .two = {0, 3}}, "");
    assert_int_equal(t.v.compare->side[0].step, 40);
    assert_int_equal(t.v.compare->side[1].step, t.v.step);
    assert_true(t.v.compare->measured[6] < 40); /* it goes on */

    /* A preset is of the step of its own arm. */
    const size_t late = t.v.cond[3].arm[0];
    post_text(&t, (struct command){.kind = COMMAND_PRESET}, "calm 3=zero");
    post_text(&t, (struct command){.kind = COMMAND_PRESET, .arm = late}, "calm 3=zero");
    assert_int_equal(ask_presets_find(t.v.arm[0].presets, "calm")->step, 40);
    assert_int_equal(ask_presets_find(t.v.arm[late].presets, "calm")->step, t.v.step);
    assert_true(says(t.v.compare, "no measures: ") &&
                says(t.v.compare, ", seed 1: nothing measured yet"));
    close_viewer(&t);
}

static void write_text(const char *path, const char *animal)
{
    struct errinfo e;
    struct str text;
    str_init(&text, 1 << 16);
    for (int i = 0; i < 400; i++) {
        str_addf(&text, "The %s %d saw the small cat and ran home.\n\n", animal, i);
    }
    assert_ok(file_write_text(path, text.p, &e), &e);
    str_free(&text);
}

/* One pair is evaluated on one text: the sentences are of that, not of one seed. */
static void a_pair_of_texts_is_evaluated(void **state)
{
    (void)state;
    static const char *const animal[] = {"dog", "horse"};
    char dir[256], run[512], path[512], shell[600];
    struct session_config cfg = {.set = sample_settings(10)};
    struct errinfo e;
    struct viewer t;
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    for (size_t i = 0; i < 2; i++) {
        tmp_path(path, dir, animal[i]);
        write_text(path, animal[i]);
        assert_ok(settings_set(&cfg.set, "corpus", path, from_program("test"), &e), &e);
        open_viewer(&t, &cfg);
        wait_until(&t, is_done);
        if (i == 0) {
            save_and_close(&t, run);
        }
    }
    post_text(&t, (struct command){.kind = COMMAND_COMPARE, .two = {-1, -1}}, run);
    const struct comparison *c = t.v.compare;
    if (!c) {
        fail_msg("no comparison: %s", t.v.message);
    }
    assert_int_equal(c->source, COMPARE_FROM_JUST_NOW);
    assert_string_equal(c->measures.other_data, "");
    assert_true(c->measures.other_texts);
    assert_null(strstr(c->said, "one seed"));
    assert_non_null(strstr(c->said, "one pair, trained on different text"));
    assert_true(says(c, "both were evaluated on the data of the open run"));
    close_viewer(&t);
    snprintf(shell, sizeof shell, "rm -rf '%s'", dir);
    assert_int_equal(system(shell), 0);
}

/* What training measured of two runs on different texts establishes nothing, whether
 * the text is another file or the file has another text since. */
static void other_texts_are_not_compared(void **state)
{
    (void)state;
    static const char *const second[] = {"two.txt", "one.txt"};
    char dir[256], run[512], path[512], shell[600];
    struct session_config cfg = {.set = sample_settings(20)};
    struct errinfo e;
    struct viewer t;
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    tmp_path(path, dir, "one.txt");
    write_text(path, "dog");
    assert_ok(settings_set(&cfg.set, "seed.count", "2", from_program("test"), &e), &e);
    assert_ok(settings_set(&cfg.set, "corpus", path, from_program("test"), &e), &e);
    open_viewer(&t, &cfg);
    wait_until(&t, is_done);
    wait_until(&t, all_are_evaluated);
    save_and_close(&t, run);
    for (size_t i = 0; i < sizeof second / sizeof *second; i++) {
        tmp_path(path, dir, second[i]);
        write_text(path, "horse");
        assert_ok(settings_set(&cfg.set, "corpus", path, from_program("test"), &e), &e);
        open_viewer(&t, &cfg);
        wait_until(&t, is_done);
        wait_until(&t, all_are_evaluated);
        post_text(&t, (struct command){.kind = COMMAND_COMPARE, .two = {-1, -1}}, run);
        const struct comparison *c = t.v.compare;
        if (!c) {
            fail_msg("no comparison: %s", t.v.message);
        }
        assert_int_equal(c->measures.pairs, 2);
        assert_true(isfinite(c->measures.row[VERDICT_OF_EV].d.by.mean));
        if (strcmp(c->measures.other_data, "text") != 0) {
            fail_msg("'%s', expected 'text': %s", c->measures.other_data, c->said);
        }
        assert_null(strstr(c->said, "stablished"));
        assert_non_null(strstr(c->said, "are not comparable: different text"));
        assert_true(says(c, "B: trained on another text than "));
        close_viewer(&t);
    }
    snprintf(shell, sizeof shell, "rm -rf '%s'", dir);
    assert_int_equal(system(shell), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_condition_is_added),
        cmocka_unit_test(a_condition_is_tuned),
        cmocka_unit_test(a_comparison_knows_the_control),
        cmocka_unit_test(other_texts_are_not_compared),
        cmocka_unit_test(a_pair_of_texts_is_evaluated),
        cmocka_unit_test(it_has_the_bits_of_a_run_that_began_with_it),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
