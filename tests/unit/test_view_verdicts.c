/* Verdicts from the seeds of a view: the rows behind Train's box and `saetop
 * verdict`. */
#include "check.h"
#include "session/verdicts.h"
#include "ui_sample.h"

/* Values of a measure at the last step, of each arm. */
static void put(struct session_view *v, size_t cond, size_t seed, int metric, double y)
{
    v->arm[v->cond[cond].arm[seed]].last[metric] = y;
}

static void test_pairs_by_seed(void **state)
{
    (void)state;
    struct session_view v;
    struct view_verdicts r;
    struct verdict_row row[VERDICT_MEASURE_COUNT];
    struct errinfo e;
    double before[5], after[5];
    sample_view_seeds(&v, 2, 5, 1500, 0);
    for (size_t i = 0; i < 5; i++) {
        before[i] = 0.5 + 0.1 * (double)i;
        after[i] = before[i] + 0.02 + 0.001 * (double)(i % 2);
        put(&v, 1, 4 - i, METRIC_ABSORPTION, before[i]); /* in the other order, */
        v.arm[v.cond[1].arm[4 - i]].weights = 1 + i;     /* told by their seeds */
        put(&v, 0, i, METRIC_ABSORPTION, after[i]);
    }
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_int_equal(r.of, 0);
    assert_int_equal(r.baseline, 1);
    assert_int_equal(r.pairs, 5);
    assert_true(r.planned);
    memcpy(row, r.row, sizeof row);
    verdict_row_of(VERDICT_OF_ABSORPTION, 0.01, 5, before, after, 0,
                   &row[VERDICT_OF_ABSORPTION]);
    assert_ok(verdict_judge(row, VERDICT_MEASURE_COUNT, 0, &e), &e);
    const struct verdict_row *got = &r.row[VERDICT_OF_ABSORPTION];
    const struct verdict_row *want = &row[VERDICT_OF_ABSORPTION];
    assert_float_equal(got->d.by.low, want->d.by.low, 1e-15);
    assert_float_equal(got->d.by.high, want->d.by.high, 1e-15);
    assert_float_equal(got->p_holm, want->p_holm, 1e-15);
    assert_int_equal(got->verdict, VERDICT_HIGHER);
    assert_float_equal(got->d.by.mean, 0.0204, 1e-12);
    /* What a full evaluation alone measures is of the list, too: as many tests for Holm
     * as in Compare, so that a verdict is the same there. */
    size_t tests = 0;
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        tests +=
            verdict_measure_def(m)->list == VERDICT_PRIMARY && !isnan(r.row[m].d.p);
        if (verdict_measure_def(m)->metric >= METRIC_COUNT) {
            assert_int_equal(r.row[m].verdict, VERDICT_NOT_MEASURED);
        }
    }
    assert_int_equal(tests, VERDICT_OF_PROBING_K5 + 1);
    /* A seed that one condition lacks is no pair. */
    v.arm[v.cond[1].arm[0]].weights = 99;
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_int_equal(r.pairs, 4);
    session_view_deinit(&v);
}

static void test_so_far_and_one_seed(void **state)
{
    (void)state;
    struct session_view v;
    struct view_verdicts r;
    sample_view_seeds(&v, 2, 5, 900, 0);
    for (size_t i = 0; i < 5; i++) { /* small, which may grow */
        put(&v, 0, i, METRIC_RECALL, 0.8 + 0.001 * (double)(i % 2));
        put(&v, 1, i, METRIC_RECALL, 0.8);
    }
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_false(r.planned);
    assert_int_equal(r.row[VERDICT_OF_RECALL].verdict, VERDICT_OPEN);
    assert_true(r.row[VERDICT_OF_RECALL].so_far);
    session_view_deinit(&v);
    sample_view_seeds(&v, 2, 1, 1500, 0);
    v.arm[1].weights = 7; /* the only one of each: a pair whatever its seeds */
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_int_equal(r.pairs, 1);
    assert_int_equal(r.row[VERDICT_OF_EV].verdict, VERDICT_ONE_SEED);
    assert_true(isnan(r.row[VERDICT_OF_EV].d.by.low));
    session_view_deinit(&v);
    sample_view_seeds(&v, 1, 5, 1500, 0);
    assert_false(view_verdicts_of(&v, 0, &r)); /* nothing to compare with */
    session_view_deinit(&v);
}

/* Seeds beyond those planned: intervals for any number of them, as their price says. */
static void test_added_seeds(void **state)
{
    (void)state;
    struct session_view v;
    struct view_verdicts fixed, any;
    double widening = 0;
    size_t regained = 0;
    sample_view_seeds(&v, 2, 6, 1500, 0);
    assert_true(view_verdicts_of(&v, 0, &fixed));
    assert_int_equal(fixed.first, 0);
    v.seeds_planned = 5;
    assert_true(view_verdicts_of(&v, 0, &any));
    assert_int_equal(any.first, 5);
    const struct stats_interval x = fixed.row[VERDICT_OF_EV].d.by;
    const struct stats_interval y = any.row[VERDICT_OF_EV].d.by;
    const double wider = (y.high - y.low) / (x.high - x.low);
    assert_true(fabs(wider - paired_widening(6, 5, VERDICT_LEVEL)) < 1e-9);
    cost_of_looking(v.seeds_planned, &widening, &regained);
    assert_true(widening > 1.59 && widening < 1.61 && regained == 10);
    v.seeds_planned = 1; /* which establishes nothing: from two on */
    assert_true(view_verdicts_of(&v, 0, &any));
    assert_int_equal(any.first, 2);
    session_view_deinit(&v);
}

static void test_baseline(void **state)
{
    (void)state;
    struct session_view v;
    struct view_verdicts r;
    sample_view_seeds(&v, 3, 2, 900, 0); /* A is masked, B and C are not */
    assert_int_equal(view_baseline(&v), 1);
    v.cond[1].unmasked = false;
    assert_int_equal(view_baseline(&v), 2); /* C alone is unmasked */
    assert_false(view_verdicts_of(&v, 2, &r));
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_int_equal(r.of, 0);
    v.cond[2].unmasked = false;
    assert_int_equal(view_baseline(&v), 1);
    session_view_deinit(&v);
}

/* The reason names what makes two conditions differ beside their masks. */
static void test_why_not_comparable(void **state)
{
    (void)state;
    static const struct {
        double k_a, k_b;
        uint64_t more_a, more_b;
        double l0_a, l0_b;
        const char *why;
    } cases[] = {
        {4, 4, 1, 1, 4.0, 4.1, ""},
        {4, 8, 1, 2, 4.0, 4.0, "k 4 against 8"},
        {4, 4, 1, 2, 4.0, 4.0, "A and B differ in more than masks"},
        {4, 4, 1, 1, 4.0, 5.0, "clean L0 4 against 5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct session_view v;
        struct view_verdicts r;
        sample_view_seeds(&v, 2, 3, 1500, 0);
        v.cond[0].k = cases[i].k_a;
        v.cond[1].k = cases[i].k_b;
        v.cond[0].beyond_masks = cases[i].more_a;
        v.cond[1].beyond_masks = cases[i].more_b;
        v.cond[0].last[METRIC_L0_CLEAN] = cases[i].l0_a;
        v.cond[1].last[METRIC_L0_CLEAN] = cases[i].l0_b;
        assert_true(view_verdicts_of(&v, 0, &r));
        assert_string_equal(r.why, cases[i].why);
        session_view_deinit(&v);
    }
}

/* A condition that was added comes to the others' step last: until then what it has is
 * of another step, which is said before all else. */
static void test_of_another_step(void **state)
{
    (void)state;
    struct session_view v;
    struct view_verdicts r;
    sample_view_seeds(&v, 2, 3, 1500, 0);
    v.cond[0].k = 8;
    struct series *late = &v.arm[v.cond[0].arm[1]].series[METRIC_EV];
    assert_true(late->n > 1);
    late->n--;
    assert_true(view_verdicts_of(&v, 0, &r));
    char want[80];
    snprintf(want, sizeof want, "A is of step %.0f, B of step 1500",
             late->x[late->n - 1]);
    assert_string_equal(r.why, want);
    const size_t n = late->n;
    late->n = 0; /* not measured yet: there is nothing of another step */
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_non_null(strstr(r.why, "k 8 against"));
    late->n = n;
    session_view_deinit(&v);
}

/* A setting that one of them had otherwise for a while, though it is back; masks are
 * what is compared. */
static void test_changed_on_the_way(void **state)
{
    (void)state;
    struct session_view v;
    struct view_verdicts r;
    sample_view_seeds(&v, 2, 3, 1500, 0);
    sample_event(&v, 100, 'A', "tune", "lr 0.002 -> 0.001");
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_string_equal(r.why, "A changed on the way");
    sample_event(&v, 100, 'B', "tune", "lr 0.002 -> 0.001"); /* both alike */
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_string_equal(r.why, "");
    sample_event(&v, 300, 'B', "tune", "lr 0.001 -> 0.002");
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_string_equal(r.why, "B changed on the way");
    v.cond[1].forked_at = 300; /* what came before is of both */
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_string_equal(r.why, "");
    sample_event(&v, 400, 'A', "mask", "p 0.30 -> 0.00");
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_string_equal(r.why, "");
    sample_event(&v, 500, 'A', "lr", "lr 0.001 -> 0.002");
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_string_equal(r.why, "A changed on the way");
    session_view_deinit(&v);
}

/* Values of a condition's seeds: `base` and a little of each. */
static void put_values(struct session_view *v, size_t cond, enum metric m, double base,
                       double by)
{
    for (size_t i = 0; i < v->cond[cond].n_seeds; i++) {
        v->arm[v->cond[cond].arm[i]].last[m] =
            base + by * ((double)((i * 7 + cond * 3) % 5) - 2);
    }
}

/* A measure that is not established to differ from a random control's is within random,
 * whatever its difference from the baseline. There is no such verdict with one seed, or
 * if the condition differs from the control in more, or has not come as far. */
static void test_within_random(void **state)
{
    (void)state;
    struct session_view v;
    struct view_verdicts r;
    sample_view_seeds(&v, 3, 5, 1500, 0); /* A is masked, B not, C is A's control */
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_int_equal(r.control, 3);
    sample_control(&v, 2);
    put_values(&v, 0, METRIC_EV, .9, .002);
    put_values(&v, 1, METRIC_EV, .7, .002);
    put_values(&v, 2, METRIC_EV, .5, .002);
    put_values(&v, 0, METRIC_RECALL, .6, .03);
    put_values(&v, 1, METRIC_RECALL, .4, .002);
    put_values(&v, 2, METRIC_RECALL, .6, .03);
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_int_equal(r.baseline, 1);
    assert_int_equal(r.control, 2);
    assert_false(r.within_random[VERDICT_OF_EV]);
    assert_int_equal(r.row[VERDICT_OF_RECALL].verdict, VERDICT_HIGHER);
    assert_true(r.within_random[VERDICT_OF_RECALL]);
    /* A small but established difference from it is none that matters. */
    put_values(&v, 0, METRIC_EV, .503, .0001);
    put_values(&v, 2, METRIC_EV, .5, .0001);
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_true(r.within_random[VERDICT_OF_EV]);
    /* The control itself has none. */
    assert_true(view_verdicts_of(&v, 2, &r));
    assert_int_equal(r.control, 3);
    assert_string_equal(r.why, ""); /* a decoder is what it differs in */
    v.cond[2].beyond_decoder++;
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_int_equal(r.control, 3);
    assert_false(r.within_random[VERDICT_OF_RECALL]);
    assert_true(view_verdicts_of(&v, 2, &r));
    assert_string_equal(r.why, "C and B differ in more than masks");
    v.cond[2].beyond_decoder--;
    struct series *late = &v.arm[v.cond[2].arm[1]].series[METRIC_EV];
    late->n--;
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_int_equal(r.control, 3);
    late->n++;
    session_view_deinit(&v);

    sample_view_seeds(&v, 3, 1, 1500, 0);
    sample_control(&v, 2);
    assert_true(view_verdicts_of(&v, 0, &r));
    assert_int_equal(r.control, 2);
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        assert_false(r.within_random[m]);
    }
    session_view_deinit(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs_by_seed),
        cmocka_unit_test(test_so_far_and_one_seed),
        cmocka_unit_test(test_added_seeds),
        cmocka_unit_test(test_baseline),
        cmocka_unit_test(test_why_not_comparable),
        cmocka_unit_test(test_of_another_step),
        cmocka_unit_test(test_changed_on_the_way),
        cmocka_unit_test(test_within_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
