/* [threads] The run without threads of its own: the same seed gives the same weights
 * and measures for any number of threads; twins, forks, interventions, saving. */
#include "base/mem.h"
#include "num/blas.h"
#include "train/run_open.h"
#include "unit/run_engine.h"
#include "unit/sample_settings.h"

#include <math.h>

/* All measures but times. */
static void assert_same_rows(const struct history *a, const struct history *b)
{
    assert_int_equal(a->rows, b->rows);
    for (size_t r = 0; r < a->rows; r++) {
        for (int m = 0; m < METRIC_COUNT; m++) {
            if (m != METRIC_SECONDS && m != METRIC_TOK_S) {
                assert_memory_equal(&a->row[r].v[m], &b->row[r].v[m], sizeof(double));
            }
        }
    }
}

static void results_do_not_depend_on_threads(void **state)
{
    (void)state;
    struct errinfo e;
    struct settings set = sample_settings(30);
    struct engine *g[2];
    struct eval_set *eval[2];
    for (int i = 0; i < 2; i++) {
        set.threads = i ? 3 : 1;
        g[i] = start_engine(&set);
        assert_ok(
            engine_eval_set(g[i]->in, g[i]->in->h, g[i]->in->pool, NULL, &eval[i], &e),
            &e);
        g[i]->eval_set = eval[i];
        run_engine_to(g[i], 30);
    }
    assert_same_sae(g[0]->arm[0].arm->sae, g[1]->arm[0].arm->sae);
    assert_same_rows(&g[0]->arm[0].history, &g[1]->arm[0].history);
    const struct history *h = &g[0]->arm[0].history;
    assert_true(isfinite(h->row[h->rows - 1].v[METRIC_EV]));
    for (int i = 0; i < 2; i++) {
        engine_free(g[i]);
        eval_set_free(eval[i]);
    }
}

/* Kept within a share of the time, cross-entropies are of all seeds at the last
 * evaluation, before it of one seed of each condition in turn. The rest is measured of
 * all. */
static void cross_entropies_take_turns(void **state)
{
    (void)state;
    struct errinfo e;
    struct settings set = sample_settings(5);
    set.twin = TWIN_UNMASKED;
    set.seed_count = 2;
    set.log_every = 100;
    struct engine *g = start_engine(&set);
    struct eval_set *eval = NULL;
    assert_ok(engine_eval_set(g->in, g->in->h, g->in->pool, NULL, &eval, &e), &e);
    g->eval_set = eval;
    g->stretch_eval = true;
    static const bool has[4][2] = {{true, false},
                                   {false, true},
                                   {true, false},
                                   {true, true}}; /* of each evaluation, by seed */
    for (size_t i = 0; i < 4; i++) {
        g->pace.evaluated = 1e9; /* none is due by itself before the end */
        if (i < 3) {
            assert_ok(engine_step(g, &e), &e);
            assert_ok(engine_evaluate(g, &e), &e);
        } else {
            run_engine_to(g, 5);
        }
        for (size_t a = 0; a < 4; a++) { /* A, B, A's second, B's second */
            const struct history *h = &g->arm[a].history;
            const double *row = h->row[h->rows - 1].v;
            assert_true(isfinite(row[METRIC_CE_REC]) == has[i][a / 2]);
            assert_true(isfinite(row[METRIC_EV]));
            assert_true((g->arm[a].eval.ce_rows > 0) == has[i][a / 2]);
        }
    }
    engine_free(g);
    eval_set_free(eval);
}

/* Whether it has the spread of some concept. */
static bool has_spread(const struct engine *g)
{
    const struct eval_result *r = &g->arm[0].eval;
    size_t n = 0;
    for (size_t c = 0; c < r->n_concepts; c++) {
        n += isfinite(r->concept[c].spread) ? 1 : 0;
    }
    return n > 0;
}

/* Each evaluation is a point of the concepts over training, saved with the run and
 * there again after a resume, also where the process was killed before the file behind
 * the save. Spread is measured at the last step and where an evaluation is asked for.
 */
static void concepts_are_followed(void **state)
{
    (void)state;
    char dir[256], run[512], file[640];
    struct errinfo e;
    struct settings set = sample_settings(6);
    set.eval_every = 2;
    struct engine *g = start_engine(&set);
    struct eval_set *eval = NULL;
    assert_ok(engine_eval_set(g->in, g->in->h, g->in->pool, NULL, &eval, &e), &e);
    g->eval_set = eval;
    run_engine_to(g, 4);
    assert_int_equal(g->arm[0].over->n, 2);
    assert_false(has_spread(g));
    assert_ok(engine_evaluate(g, &e), &e);
    assert_int_equal(g->arm[0].over->n, 2); /* another of the same step */
    assert_true(has_spread(g));
    run_engine_to(g, 6);
    assert_true(has_spread(g));
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    assert_ok(engine_save(g, run, &e), &e);
    dirlocks_release(&g->locks, 0);
    const struct concept_history *was = g->arm[0].over;
    assert_int_equal(was->n, 3);
    for (int cut = 0; cut < 2; cut++) {
        struct engine *late = NULL;
        assert_ok(engine_resume(run, NULL, set.samples_dir, NULL, &late, &e), &e);
        const struct concept_history *h = late->arm[0].over;
        assert_string_equal(late->warning, "");
        assert_int_equal(h->n, cut ? 1 : 3); /* of its evaluation alone */
        for (size_t c = 0; c < h->n_concepts; c++) {
            for (size_t f = 0; f < CONCEPT_FIGURES; f++) {
                const double a = concept_history_at(was, 2, c, f);
                const double b = concept_history_at(h, h->n - 1, c, f);
                assert_true(isnan(a) ? isnan(b) : fabs(a - b) < 1e-6);
            }
        }
        engine_free(late);
        snprintf(file, sizeof file, "%s/%s", run, CONCEPT_HISTORY_FILE);
        assert_true(remove(file) == 0 || cut);
    }
    assert_ok(file_write_text(file, "step,nothing\n1,2\n", &e), &e);
    struct engine *late = NULL;
    assert_ok(engine_resume(run, NULL, set.samples_dir, NULL, &late, &e), &e);
    assert_non_null(strstr(late->warning, CONCEPT_HISTORY_FILE)); /* goes on without */
    engine_free(late);
    engine_free(g);
    eval_set_free(eval);
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'", run);
    assert_int_equal(system(command), 0);
    tmp_drop(dir);
}

/* The twin of a masked run is the run that was never masked. */
static void a_twin_is_an_unmasked_run(void **state)
{
    (void)state;
    struct settings set = sample_settings(12);
    set.twin = TWIN_UNMASKED;
    struct engine *pair = start_engine(&set);
    set.twin = TWIN_NONE;
    set.mask_rate = 0;
    struct engine *alone = start_engine(&set);
    run_engine_to(pair, 12);
    run_engine_to(alone, 12);
    assert_same_sae(pair->arm[1].arm->sae, alone->arm[0].arm->sae);
    assert_true(memcmp(pair->arm[0].arm->sae->arena, pair->arm[1].arm->sae->arena,
                       pair->arm[0].arm->sae->count * sizeof(float)) != 0);
    engine_free(pair);
    engine_free(alone);
}

static void a_fork_shares_the_past_and_the_text(void **state)
{
    (void)state;
    struct errinfo e;
    struct settings set = sample_settings(40);
    struct engine *g = start_engine(&set);
    run_engine_to(g, 7);
    const size_t rows = g->arm[0].history.rows;
    assert_ok(engine_fork(g, &e), &e);
    assert_int_equal(g->n_arms, 2);
    assert_int_equal(g->arm[1].arm->state.forked_at, 7);
    assert_int_equal(g->arm[1].history.rows, rows);
    assert_same_sae(g->arm[0].arm->sae, g->arm[1].arm->sae);
    assert_true(arm_rate_set(g->arm[1].arm) <= 0);
    check_error(engine_fork(g, &e), ERR_USAGE, &e, "one condition into two");
    run_engine_to(g, 12);
    assert_int_equal(arm_steps_done(g->arm[1].arm), 12);
    engine_free(g);
}

/* A fork at the same masking goes on exactly as the run itself. */
static void a_fork_back_to_the_same_rate_is_the_same_run(void **state)
{
    (void)state;
    struct errinfo e;
    struct settings set = sample_settings(40);
    set.mask_rate = 0;
    struct engine *g = start_engine(&set);
    run_engine_to(g, 7);
    assert_ok(engine_fork(g, &e), &e); /* the opposite of no mask: masked */
    struct arm *same = NULL;
    assert_ok(arm_fork(g->arm[0].arm, 0, &same, &e), &e);
    for (int i = 0; i < 20; i++) {
        struct metric_row row = metric_row_empty();
        assert_ok(arm_step(same, &row, &e), &e);
    }
    run_engine_to(g, 27);
    assert_same_sae(g->arm[0].arm->sae, same->sae);
    arm_free(same);
    engine_free(g);
}

static void a_rate_applies_from_the_step_that_is_named(void **state)
{
    (void)state;
    struct errinfo e;
    struct settings set = sample_settings(100);
    struct engine *g = start_engine(&set);
    run_engine_to(g, 3);
    assert_ok(engine_set_mask(g, 0, 0.1, 0, &e), &e);
    const int64_t from = g->arm[0].arm->state.applies_from;
    assert_true(from > 3);
    run_engine_to(g, from - 1);
    assert_true(fabs(arm_rate_in_use(g->arm[0].arm) - 0.3) < 1e-12);
    run_engine_to(g, from);
    assert_true(fabs(arm_rate_in_use(g->arm[0].arm) - 0.1) < 1e-12);

    assert_ok(engine_set_mask(g, 0, 0.5, from + 5, &e), &e);
    assert_true(g->arm[0].arm->state.pending);
    run_engine_to(g, from + 6);
    assert_false(g->arm[0].arm->state.pending);
    assert_true(fabs(arm_rate_set(g->arm[0].arm) - 0.5) < 1e-12);
    check_error(engine_set_mask(g, 0, 2, 0, &e), ERR_USAGE, &e, "0 to 0.95");
    check_error(engine_set_mask(g, 1, 0.1, 0, &e), ERR_USAGE, &e,
                "no arm 1, expected one of 1");
    engine_free(g);
}

static void a_run_can_be_extended(void **state)
{
    (void)state;
    struct errinfo e;
    struct settings set = sample_settings(5);
    struct engine *g = start_engine(&set);
    run_engine_to(g, 5);
    assert_true(engine_done(g));
    check_error(engine_extend(g, 5, &e), ERR_USAGE, &e, "extend");
    assert_ok(engine_extend(g, 9, &e), &e);
    assert_false(engine_done(g));
    run_engine_to(g, 9);
    engine_free(g);
}

static void a_saved_run_reads_back(void **state)
{
    (void)state;
    char dir[256], run[512], twin[600];
    struct errinfo e;
    struct settings set = sample_settings(10);
    set.twin = TWIN_UNMASKED;
    struct engine *g = start_engine(&set);
    run_engine_to(g, 10);
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    snprintf(twin, sizeof twin, "%s/arms/twin", run);
    assert_ok(engine_save(g, run, &e), &e);
    assert_ok(engine_save(g, run, &e), &e); /* its own directory: again is fine */

    struct run_record r = {0};
    assert_ok(rundir_load(run, &r, &e), &e);
    assert_int_equal(r.step, 10);
    assert_int_equal(r.set.width, 64);
    assert_int_equal(r.history.rows, g->arm[0].history.rows);
    assert_int_equal(r.model_hash, g->in->lm->hash);
    run_record_deinit(&r);
    assert_true(rundir_is(twin));

    /* Without its weights it says so, and is not taken for something else. */
    char weights[700];
    assert_ok(rundir_whole(twin, &e), &e);
    assert_ok(rundir_whole(dir, &e), &e); /* never was one */
    tmp_path(weights, twin, "sae_weights.safetensors");
    assert_int_equal(remove(weights), 0);
    assert_false(rundir_is(twin));
    check_error(run_open(twin, &set, NULL, &r, &e), ERR_MISSING, &e,
                "sae_weights.safetensors: not found, expected the weights of this run");

    /* Another run does not write over it. */
    struct engine *other = start_engine(&set);
    check_error(engine_save(other, run, &e), ERR_EXISTS, &e, "run");
    engine_free(other);
    engine_free(g);
    tmp_drop(twin);
    snprintf(twin, sizeof twin, "%s/arms", run);
    tmp_drop(twin);
    tmp_drop(run);
    tmp_drop(dir);
}

static enum err refuse(void *user, struct inputs *in, struct errinfo *e)
{
    assert_non_null(in->lm);
    ++*(int *)user;
    return err_set(e, ERR_USAGE, "not these");
}

/* Directories come before the work, and go again with what fails after them. */
static void a_run_is_opened_in_one_way(void **state)
{
    (void)state;
    char dir[256], run[512], twin[600], command[700];
    struct errinfo e = {0};
    struct engine *g = NULL;
    int told = 0;
    struct settings set = sample_settings(4), bad;
    set.twin = TWIN_UNMASKED;
    set.checkpoint_every = 2;
    bad = set;
    snprintf(bad.model, sizeof bad.model, "/no/such/model");
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    snprintf(twin, sizeof twin, "%s/arms/twin", run);
    struct engine_setup s = {.set = &bad, .dir = run, .lock = true};
    check_error(engine_open(&s, &g, &e), ERR_MISSING, &e, "/no/such/model");
    assert_false(file_exists(run));
    s.set = &set;
    s.opened = refuse;
    s.user = &told;
    check_error(engine_open(&s, &g, &e), ERR_USAGE, &e, "not these");
    assert_int_equal(told, 1);
    assert_false(file_exists(run));
    s.opened = NULL;
    s.stretch_eval = true;
    assert_ok(engine_open(&s, &g, &e), &e);
    assert_true(g->stretch_eval && rundir_is(run) && rundir_is(twin)); /* at step 0 */
    assert_string_equal(g->dir, run);
    const size_t needed = engine_bytes(g);
    assert_int_equal(run_room(1000000, 2000000), 3000000);
    assert_true(run_room(needed, SIZE_MAX) == SIZE_MAX);
    assert_ok(run_check_room(2, needed, run_room(0, needed), &e), &e);
    assert_ok(run_check_room(2, needed, run_room(needed, 0), &e), &e);
    check_error(run_check_room(2, needed, run_room(1000000, needed - 1000001), &e),
                ERR_LIMIT, &e, "2 arms need about ");
    check_error(run_check_room(2, needed, run_room(1000000, 2000000), &e), ERR_LIMIT,
                &e,
                " MB, 3 MB of memory are there: take fewer arms or a smaller --width");
    engine_free(g);
    s.set = &bad; /* which is not looked at */
    check_error(engine_open(&s, &g, &e), ERR_EXISTS, &e, "run: exists already");
    snprintf(bad.also, sizeof bad.also, "no such pair");
    check_error(engine_open(&s, &g, &e), ERR_USAGE, &e, "expected key=value");

    bad = set;
    s = (struct engine_setup){
        .set = &bad, .resume = run, .opened = refuse, .user = &told};
    check_error(engine_open(&s, &g, &e), ERR_USAGE, &e, "not these");
    assert_int_equal(told, 2);
    s.opened = NULL;
    assert_ok(engine_open(&s, &g, &e), &e);
    assert_int_equal(g->n_arms, 2);
    engine_free(g);

    /* Arms as they are given, a place that is not locked yet. */
    struct arm_plan *arms = NULL;
    tmp_path(run, dir, "later");
    assert_ok(arm_plans_like(&set, 3, &arms, &e), &e);
    s = (struct engine_setup){.set = &arms[0].set, .arms = arms, .n = 3, .dir = run};
    assert_ok(engine_open(&s, &g, &e), &e);
    assert_int_equal(g->n_arms, 3);
    assert_string_equal(g->dir, run);
    assert_false(file_exists(run));
    mem_free(arms);
    engine_free(g);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

static size_t events_of(const struct engine *g, const char *kind)
{
    size_t n = 0;
    for (size_t i = 0; i < g->arm[0].history.events; i++) {
        n += strcmp(g->arm[0].history.event[i].kind, kind) == 0 ? 1 : 0;
    }
    return n;
}

/* A run that diverges by its learning rate says so, once; an ordinary run does not. */
static void a_run_that_diverges_says_so(void **state)
{
    (void)state;
    struct errinfo e;
    struct settings set = sample_settings(40);
    set.log_every = 2;
    struct engine *g = start_engine(&set);
    run_engine_to(g, 20);
    assert_int_equal(events_of(g, ENGINE_DIVERGED), 0);
    assert_ok(engine_tune(g, g->arm[0].condition, "lr=5", &e), &e);
    run_engine_to(g, 40);
    assert_int_equal(events_of(g, ENGINE_DIVERGED), 1);
    engine_free(g);
}

static void settings_that_do_not_fit_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *says;
        enum err code;
    } cases[] = {
        {"k", "65", "more than the 64 latents", ERR_USAGE},
        {"hook", "blocks.9.hook_resid_post", "blocks.9", ERR_USAGE},
        {"arch", "topq", "expected one of", ERR_USAGE},
        {"context", "4000", "context", ERR_USAGE},
        {"mask.token", "two words here", "two words here", ERR_USAGE},
        {"model", "/nowhere/at/all", "/nowhere/at/all", ERR_MISSING},
        {"corpus", "/nowhere.txt", "/nowhere.txt", ERR_MISSING},
        {"concepts", "/nowhere.csv", "/nowhere.csv", ERR_MISSING},
        {"checkpoint.best", "absorbtion", "found 'absorbtion', expected none",
         ERR_USAGE},
        {"checkpoint.best", "l0", "better higher or lower", ERR_USAGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct errinfo e = {0};
        struct settings set = sample_settings(10);
        struct inputs *in = NULL;
        assert_ok(
            settings_set(&set, cases[i].key, cases[i].value, from_program("test"), &e),
            &e);
        check_error(inputs_new(&set, NULL, &in, &e), cases[i].code, &e, cases[i].says);
        assert_null(in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_do_not_depend_on_threads),
        cmocka_unit_test(a_twin_is_an_unmasked_run),
        cmocka_unit_test(cross_entropies_take_turns),
        cmocka_unit_test(concepts_are_followed),
        cmocka_unit_test(a_fork_shares_the_past_and_the_text),
        cmocka_unit_test(a_fork_back_to_the_same_rate_is_the_same_run),
        cmocka_unit_test(a_rate_applies_from_the_step_that_is_named),
        cmocka_unit_test(a_run_can_be_extended),
        cmocka_unit_test(a_saved_run_reads_back),
        cmocka_unit_test(a_run_is_opened_in_one_way),
        cmocka_unit_test(a_run_that_diverges_says_so),
        cmocka_unit_test(settings_that_do_not_fit_are_named),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
