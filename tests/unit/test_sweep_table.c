/* Results of a sweep: effects computed by hand and by scipy, tables, the report. */
#include "unit/sweep_world.h"

/* ---- effects ---- */

/* Differences 0.1, 0.2, 0.3: mean 0.2, sd 0.1, t = 2 sqrt(3) with two degrees of
 * freedom, of which p is 1 - t / sqrt(t^2 + 2); t at 97.5 % is 4.302653. */
static void test_paired_t(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = world_new(ONE_ARM("3"));
    const size_t arm = masked_arm(&w);
    struct sweep_effect x[SWEEP_MEASURE_COUNT];
    const double before[] = {0.1, 0.5, 0.2}, after[] = {0.2, 0.7, 0.5};
    set_pairs(&w, arm, SWEEP_PROBING_K5, 3, before, after);
    assert_ok(sweep_effects(w.p, w.r, arm, x, &e), &e);
    const struct sweep_effect *k5 = &x[SWEEP_PROBING_K5];
    assert_int_equal(k5->arm, arm);
    assert_int_equal(k5->measure, SWEEP_PROBING_K5);
    assert_int_equal(k5->pairs, 3);
    assert_int_equal(k5->lower, 0);
    assert_int_equal(k5->higher, 3);
    check_near(k5->before, 0.8 / 3, 1e-12);
    check_near(k5->after, 1.4 / 3, 1e-12);
    check_near(k5->by.mean, 0.2, 1e-12);
    check_near(k5->by.low, 0.2 - 4.302652730 * 0.1 / sqrt(3.0), 1e-8);
    check_near(k5->by.high, 0.2 + 4.302652730 * 0.1 / sqrt(3.0), 1e-8);
    check_near(k5->p, 1.0 - sqrt(12.0 / 14.0), 1e-10);
    check_near(k5->p_holm, k5->p, 1e-15); /* alone in its family */
    assert_int_equal(sweep_verdict_of(k5), SWEEP_UNDECIDED);
    assert_int_equal(sweep_interval_side(k5), 0);
    /* A measure that was not taken has no effect, and does not count as a test for
     * Holm. */
    const struct sweep_effect *dead = &x[SWEEP_DEAD_CLEAN];
    assert_int_equal(dead->pairs, 0);
    assert_true(isnan(dead->p) && isnan(dead->p_holm) && isnan(dead->by.mean));
    assert_int_equal(sweep_verdict_of(dead), SWEEP_TOO_FEW);
    check_error(sweep_effects(w.p, w.r, w.p->arm[arm].baseline, x, &e), ERR_USAGE, &e,
                "no unmasked arm");
    world_free(&w);
}

/* From tests/ref/sweep_effects.py. */
static const double reference_values[7][2][6] = {
    {{0.857418, 0.822281, 0.859280, 0.859153, 0.885957, 0.860778},
     {0.848412, 0.813492, 0.851239, 0.849700, 0.877088, 0.852291}},
    {{0.519273, 0.479200, 0.554117, 0.470749, 0.531098, 0.502464},
     {0.530370, 0.481936, 0.567603, 0.477339, 0.539776, 0.513852}},
    {{0.863382, 0.867869, 0.867555, 0.888599, 0.878794, 0.910646},
     {0.901312, 0.910580, 0.899633, 0.918364, 0.912592, 0.928697}},
    {{0.128077, 0.164607, 0.146828, 0.180186, 0.122308, 0.157795},
     {0.151717, 0.126570, 0.093760, 0.229935, 0.104078, 0.107242}},
    {{0.590088, 0.556199, 0.605589, 0.589459, 0.606022, 0.605068},
     {0.717883, 0.592351, 0.700196, 0.604620, 0.645573, 0.584150}},
    {{0.381592, 0.385233, 0.397123, 0.416148, 0.418209, 0.386996},
     {0.381503, 0.394469, 0.415343, 0.443128, 0.461471, 0.395677}},
    {{0.729377, 0.725565, 0.729836, 0.736762, 0.738885, 0.782683},
     {0.749558, 0.713478, 0.726785, 0.707138, 0.709305, 0.767114}},
};
/* difference, its interval, p, p by Holm */
static const double reference_effects[7][5] = {
    {-0.00877416666667, -0.00927609382544, -0.0082722395079, 1.03043154694e-07,
     7.21302082858e-07},
    {0.00899583333333, 0.00492127800217, 0.0130703886645, 0.00236449397822,
     0.0118224698911},
    {0.0323888333333, 0.0235861763587, 0.041191490308, 0.000223142673693,
     0.00133885604216},
    {-0.0144165, -0.0587860740957, 0.0299530740957, 0.441657972211, 0.441657972211},
    {0.0487246666667, -0.00793738497274, 0.105386718306, 0.0780566105407,
     0.234169831622},
    {0.017715, 0.00139478457584, 0.0340352154242, 0.0384324802792, 0.153729921117},
    {-0.0116216666667, -0.0312393756731, 0.00799604233978, 0.188298061322,
     0.376596122644},
};

/* The paired t test, its interval and Holm's adjustment as scipy has them. */
static void test_scipy(void **state)
{
    (void)state;
    struct errinfo e;
    enum { N = sizeof reference_values / sizeof *reference_values };
    static const int want[N] = {SWEEP_LOWER,     SWEEP_HIGHER,    SWEEP_HIGHER,
                                SWEEP_UNDECIDED, SWEEP_UNDECIDED, SWEEP_UNDECIDED,
                                SWEEP_UNDECIDED};
    struct world w = world_new(ONE_ARM("6"));
    const size_t arm = masked_arm(&w);
    struct sweep_effect x[SWEEP_MEASURE_COUNT];
    for (size_t m = 0; m < N; m++) {
        set_pairs(&w, arm, m + 1, 6, reference_values[m][0], reference_values[m][1]);
    }
    assert_ok(sweep_effects(w.p, w.r, arm, x, &e), &e);
    for (size_t m = 0; m < N; m++) {
        const struct sweep_effect *got = &x[m + 1];
        check_near(got->by.mean, reference_effects[m][0], 1e-11);
        check_near(got->by.low, reference_effects[m][1], 1e-11);
        check_near(got->by.high, reference_effects[m][2], 1e-11);
        check_near(got->p / reference_effects[m][3], 1.0, 1e-8);
        check_near(got->p_holm / reference_effects[m][4], 1.0, 1e-8);
        assert_int_equal(sweep_verdict_of(got), want[m]);
    }
    /* The adjustment took this one back. */
    assert_int_equal(sweep_interval_side(&x[6]), 1);
    world_free(&w);
}

/* A run that is missing, or in which a measure is, takes its pair along and no other.
 */
static void test_missing(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = world_new(ONE_ARM("4"));
    const size_t arm = masked_arm(&w), base = w.p->arm[arm].baseline;
    struct sweep_effect x[SWEEP_MEASURE_COUNT];
    const double before[] = {1, 2, 3, 4}, after[] = {1.5, 2.25, 103, 4.5};
    set_pairs(&w, arm, SWEEP_PROBING_K1, 4, before, after);
    set_pairs(&w, arm, SWEEP_PROBING_K5, 4, before, after);
    run_of(&w, base, 2)->v[SWEEP_PROBING_K5] = (double)NAN;
    assert_ok(sweep_effects(w.p, w.r, arm, x, &e), &e);
    assert_int_equal(x[SWEEP_PROBING_K1].pairs, 4);
    assert_int_equal(x[SWEEP_PROBING_K5].pairs, 3);
    check_near(x[SWEEP_PROBING_K5].by.mean, 1.25 / 3, 1e-12);
    check_near(x[SWEEP_PROBING_K5].before, 7.0 / 3, 1e-12);
    assert_true(sweep_arm_complete(w.p, w.r, arm));
    run_of(&w, arm, 2)->done = false;
    assert_ok(sweep_effects(w.p, w.r, arm, x, &e), &e);
    assert_int_equal(x[SWEEP_PROBING_K1].pairs, 3);
    check_near(x[SWEEP_PROBING_K1].by.mean, 1.25 / 3, 1e-12);
    assert_false(sweep_arm_complete(w.p, w.r, arm));
    assert_false(sweep_arm_compared(w.p, w.r, arm));
    assert_true(sweep_arm_complete(w.p, w.r, base));
    assert_false(sweep_arm_compared(w.p, w.r, base)); /* with what? */
    /* One pair is too few for an effect. */
    run_of(&w, arm, 0)->done = false;
    run_of(&w, base, 1)->done = false;
    assert_ok(sweep_effects(w.p, w.r, arm, x, &e), &e);
    assert_int_equal(x[SWEEP_PROBING_K1].pairs, 1);
    check_near(x[SWEEP_PROBING_K1].by.mean, 0.5, 1e-12);
    assert_true(isnan(x[SWEEP_PROBING_K1].by.low) && isnan(x[SWEEP_PROBING_K1].p));
    assert_int_equal(sweep_verdict_of(&x[SWEEP_PROBING_K1]), SWEEP_TOO_FEW);
    world_free(&w);
}

/* No spread: identical pairs are the same; equal differences are left to the sign test,
 * for which t would be infinite. */
static void test_no_spread(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = world_new(ONE_ARM("6"));
    const size_t arm = masked_arm(&w);
    struct sweep_effect x[SWEEP_MEASURE_COUNT];
    const double before[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.7};
    double after[6];
    set_pairs(&w, arm, SWEEP_L0_CLEAN, 6, before, before);
    for (int i = 0; i < 6; i++) {
        after[i] = before[i] + 1.0 / 512; /* equal but for rounding */
    }
    set_pairs(&w, arm, SWEEP_DEAD_CLEAN, 6, before, after);
    assert_ok(sweep_effects(w.p, w.r, arm, x, &e), &e);
    const struct sweep_effect *same = &x[SWEEP_L0_CLEAN], *dead = &x[SWEEP_DEAD_CLEAN];
    assert_int_equal(sweep_verdict_of(same), SWEEP_SAME);
    check_near(same->p, 1.0, 0.0);
    check_near(same->by.mean, 0.0, 0.0);
    assert_int_equal(same->lower + same->higher, 0);
    assert_int_equal(dead->higher, 6);
    check_near(dead->p, 1.0 / 32, 1e-15);
    check_near(dead->p_holm, 2.0 / 32, 1e-15);
    check_near(dead->by.mean, 1.0 / 512, 1e-15);
    assert_true(isnan(dead->by.low) && isnan(dead->by.high));
    assert_int_equal(sweep_verdict_of(dead), SWEEP_UNDECIDED);
    assert_int_equal(sweep_interval_side(dead), 0);
    world_free(&w);
}

/* Two arms: in each seed the mean of both, then paired over seeds. */
static void test_average(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = world_new("{'settings': {'arch': 'topk'}, 'seeds': 3, 'parts': "
                               "{'two': {'k': [4, 8], 'mask.rate': [0, 0.3]}}}");
    struct sweep_effect x[SWEEP_MEASURE_COUNT], one[SWEEP_MEASURE_COUNT];
    size_t masked[2], n = 0;
    for (size_t a = 0; a < w.p->n_arms; a++) {
        if (w.p->arm[a].baseline != SWEEP_NONE) {
            masked[n++] = a;
        }
    }
    assert_int_equal(n, 2);
    const double b0[] = {1, 2, 3}, a0[] = {1.2, 2.2, 3.5};
    const double b1[] = {5, 6, 7}, a1[] = {5.0, 6.2, 7.1};
    set_pairs(&w, masked[0], SWEEP_PROBING_K5, 3, b0, a0);
    set_pairs(&w, masked[1], SWEEP_PROBING_K5, 3, b1, a1);
    set_pairs(&w, masked[1], SWEEP_PROBING_K1, 3, b1, a1);
    assert_ok(sweep_average(w.p, w.r, 0, x, &e), &e);
    const struct sweep_effect *k5 = &x[SWEEP_PROBING_K5];
    assert_int_equal(k5->arm, SWEEP_NONE);
    assert_int_equal(k5->arms, 2);
    assert_int_equal(k5->pairs, 3);
    check_near(k5->before, 4.0, 1e-12);
    check_near(k5->by.mean, 0.2, 1e-12); /* of 0.1, 0.2, 0.3 */
    check_near(k5->p, 1.0 - sqrt(12.0 / 14.0), 1e-10);
    /* A measure that one arm does not have is an average over the other. */
    assert_ok(sweep_effects(w.p, w.r, masked[1], one, &e), &e);
    assert_int_equal(x[SWEEP_PROBING_K1].arms, 1);
    check_near(x[SWEEP_PROBING_K1].p, one[SWEEP_PROBING_K1].p, 0.0);
    /* An arm with a run missing does not count. */
    run_of(&w, masked[0], 1)->done = false;
    assert_ok(sweep_average(w.p, w.r, 0, x, &e), &e);
    assert_int_equal(k5->arms, 1);
    check_near(k5->by.mean, 0.1, 1e-12);
    world_free(&w);
}

/* Seeds are paired by number, not by place. */
static void test_other_seeds(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = world_new(
        "{'settings': {'arch': 'topk'}, 'parts': {'a': {'seeds': [1, 2, 3, 4, 5], "
        "'mask.rate': 0}, 'b': {'seeds': [4, 2, 9], 'mask.rate': 0.3}}}");
    const size_t arm = masked_arm(&w), base = w.p->arm[arm].baseline;
    struct sweep_effect x[SWEEP_MEASURE_COUNT];
    for (size_t i = 0; i < 5; i++) {
        run_of(&w, base, i)->v[SWEEP_ROBUSTNESS] = (double)(i + 1);
    }
    run_of(&w, arm, 0)->v[SWEEP_ROBUSTNESS] = 2.5; /* seed 2 */
    run_of(&w, arm, 1)->v[SWEEP_ROBUSTNESS] = 5.5; /* seed 4 */
    run_of(&w, arm, 2)->v[SWEEP_ROBUSTNESS] = 70;
    assert_ok(sweep_effects(w.p, w.r, arm, x, &e), &e);
    assert_int_equal(x[SWEEP_ROBUSTNESS].pairs, 2);
    check_near(x[SWEEP_ROBUSTNESS].before, 3.0, 1e-12);
    check_near(x[SWEEP_ROBUSTNESS].by.mean, 1.0, 1e-12);
    world_free(&w);
}

/* ---- how often a verdict is wrong ---- */

/* Draw all measures of the masked arm. `shared`: how much of the noise measures have in
 * common; `grain` > 0: values come in steps of it, as shares of few latents do. */
static void draw(struct world *w, size_t arm, uint64_t at, double effect, double shared,
                 double grain)
{
    const struct sweep_arm *a = &w->p->arm[arm];
    struct rng rng = rng_begin(11, RNG_SAMPLE, at);
    for (size_t i = 0; i < a->n_cells; i++) {
        const double common = rng_normal(&rng);
        for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
            const double of_seed = rng_normal(&rng); /* which pairing takes out */
            const double noise =
                sqrt(shared) * common + sqrt(1.0 - shared) * rng_normal(&rng);
            const double b = 0.5 + 0.1 * of_seed, d = effect + 0.01 * noise;
            run_of(w, a->baseline, i)->v[m] = grain > 0 ? grain * round(b / grain) : b;
            run_of(w, arm, i)->v[m] =
                grain > 0 ? grain * (round(b / grain) + round(d / grain)) : b + d;
        }
    }
}

/* In how many of n draws an arm gets a verdict on any measure at all. */
static size_t count_verdicts(const char *plan, size_t n, double effect, double shared,
                             double grain)
{
    struct errinfo e;
    struct world w = world_new(plan);
    const size_t arm = masked_arm(&w);
    struct sweep_effect x[SWEEP_MEASURE_COUNT];
    size_t with = 0;
    for (size_t i = 0; i < n; i++) {
        bool any = false;
        draw(&w, arm, i, effect, shared, grain);
        assert_ok(sweep_effects(w.p, w.r, arm, x, &e), &e);
        for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
            const enum sweep_verdict v = sweep_verdict_of(&x[m]);
            any |= v == SWEEP_LOWER || v == SWEEP_HIGHER;
            assert_true(effect <= 0 || v != SWEEP_LOWER);
        }
        with += any ? 1 : 0;
    }
    world_free(&w);
    return with;
}

/* Without any effect an arm gets a verdict in 5 % of cases at most, by whatever
 * measure: of 600, 30 and a standard deviation of 5. */
static void test_false_verdicts(void **state)
{
    (void)state;
    enum { N = 600, MOST = 46 };
    const size_t alone = count_verdicts(ONE_ARM("5"), N, 0, 0, 0);
    assert_in_range(alone, 14, MOST); /* and Holm is not far from what it may do */
    assert_in_range(count_verdicts(ONE_ARM("5"), N, 0, 0.9, 0), 0, MOST);
    assert_in_range(count_verdicts(ONE_ARM("2"), N, 0, 0.5, 0), 0, MOST);
    assert_in_range(count_verdicts(ONE_ARM("3"), N, 0, 0, 1.0 / 128), 0, MOST);
    assert_in_range(count_verdicts(ONE_ARM("2"), N, 0, 0, 1.0 / 64), 0, MOST);
    /* An effect of three times the spread is found. */
    assert_in_range(count_verdicts(ONE_ARM("6"), 50, 0.03, 0.3, 0), 45, 50);
}

/* ---- tables ---- */

static const char *field(const struct csv_table *t, size_t row, const char *column)
{
    const int col = csv_col(t, column);
    if (col < 0) {
        fail_msg("no column %s", column);
    }
    return csv_at(t, row, (size_t)col);
}

static void test_csv(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = mixed_world();
    struct csv_table *t = NULL;
    /* cells of the part arch: a search for L0 */
    for (size_t i = 0; i < w.p->n_cells; i++) {
        if (w.p->cell[i].target_l0 > 0) {
            w.r[i].sparsity = 3.25;
            w.r[i].on_target = w.p->cell[i].seed != 2;
        }
    }
    w.r[1].done = false;
    char *text = text_of(&w, sweep_csv);
    assert_int_equal(strncmp(text, "mask_rate,k,arch,seed,l0_clean,", 31), 0);
    assert_ok(csv_parse_table(text, strlen(text), "csv", &CSV_LIMITS_DEFAULT, &t, &e),
              &e);
    assert_int_equal(t->rows, w.p->n_cells - 1);
    size_t row = 0;
    for (size_t i = 0; i < w.p->n_cells; i++) {
        const struct sweep_cell *c = &w.p->cell[i];
        if (!w.r[i].done) {
            continue;
        }
        const bool searched = c->target_l0 > 0;
        assert_string_equal(field(t, row, "cell"), c->name);
        check_near(strtod(field(t, row, "mask_rate"), NULL), c->mask_rate, 0);
        check_near(strtod(field(t, row, "seed"), NULL), (double)c->seed, 0);
        check_near(strtod(field(t, row, "explained_variance"), NULL),
                   w.r[i].v[SWEEP_EV], 0);
        assert_string_equal(field(t, row, "l0_clean"), "4");
        assert_string_equal(field(t, row, "absorption_saebench"), "");
        assert_string_equal(field(t, row, "arch"), searched ? "standard" : "topk");
        assert_string_equal(field(t, row, "sparsity"), searched ? "3.25" : "");
        assert_string_equal(field(t, row, "matched"), !searched      ? ""
                                                      : c->seed == 2 ? "no"
                                                                     : "yes");
        if (searched) { /* it has no k */
            assert_string_equal(field(t, row, "k"), "");
        }
        assert_string_equal(field(t, row, "steps_trained"), "1000");
        assert_string_equal(field(t, row, "arm"), w.p->arm[c->arm].label);
        row++;
    }
    assert_string_equal(field(t, 0, "parts"), "dose");
    assert_string_equal(field(t, 0, "steps"), "1500");
    const size_t last = t->rows - 1;
    assert_string_equal(field(t, last, "corpus"), "a|b, *c*\n# d");
    assert_string_equal(field(t, last, "parts"), "text");
    csv_free_table(t);
    free(text);
    world_free(&w);
}

static void test_json(void **state)
{
    (void)state;
    struct errinfo e;
    struct world w = mixed_world();
    cJSON *root = NULL;
    w.r[w.p->n_cells - 1].done = false;
    char *text = text_of(&w, sweep_json);
    assert_ok(json_parse(text, strlen(text), "results.json", &root, &e), &e);
    const cJSON *cells = cJSON_GetObjectItem(root, "cells");
    const cJSON *arms = cJSON_GetObjectItem(root, "arms");
    const cJSON *parts = cJSON_GetObjectItem(root, "parts");
    assert_int_equal(cJSON_GetArraySize(cells), w.p->n_cells);
    assert_int_equal(cJSON_GetArraySize(arms), w.p->n_arms);
    assert_string_equal(
        cJSON_GetObjectItem(cJSON_GetArrayItem(parts, 1), "name")->valuestring,
        "long, \"so\" to say;\n|");
    assert_int_equal(cJSON_GetObjectItem(root, "finished")->valueint, w.p->n_cells - 1);
    const cJSON *first = cJSON_GetArrayItem(cells, 0);
    const cJSON *v = cJSON_GetObjectItem(first, "measures");
    check_near(cJSON_GetObjectItem(v, "probing_k5")->valuedouble,
               w.r[0].v[SWEEP_PROBING_K5], 0);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(v, "absorption_saebench")));
    const cJSON *last = cJSON_GetArrayItem(cells, (int)w.p->n_cells - 1);
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(last, "finished")));
    assert_null(cJSON_GetObjectItem(last, "measures"));
    /* Nine masked arms, one of which is not complete. */
    const cJSON *effects = cJSON_GetObjectItem(root, "effects");
    assert_int_equal(cJSON_GetArraySize(effects), 8 * SWEEP_MEASURE_COUNT);
    const cJSON *x = NULL;
    size_t found = 0;
    cJSON_ArrayForEach(x, effects)
    {
        const char *measure = cJSON_GetObjectItem(x, "measure")->valuestring;
        if (strcmp(measure, "l0_clean") == 0) {
            assert_string_equal(cJSON_GetObjectItem(x, "verdict")->valuestring,
                                "the same");
            assert_true(cJSON_IsNull(
                cJSON_GetArrayItem(cJSON_GetObjectItem(x, "interval"), 0)));
            found++;
        }
    }
    assert_int_equal(found, 8);
    cJSON_Delete(root);
    free(text);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paired_t),       cmocka_unit_test(test_scipy),
        cmocka_unit_test(test_missing),        cmocka_unit_test(test_no_spread),
        cmocka_unit_test(test_average),        cmocka_unit_test(test_other_seeds),
        cmocka_unit_test(test_false_verdicts), cmocka_unit_test(test_csv),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
