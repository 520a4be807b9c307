/* The view's curves and events. */
#include "check.h"
#include "session/view.h"

#include <math.h>

static void add(struct session_view *v, size_t arm, double step, int metric, double y)
{
    struct metric_row row = metric_row_empty();
    struct errinfo e;
    row.v[METRIC_STEP] = step;
    row.v[METRIC_SECONDS] = step / 10;
    row.v[metric] = y;
    assert_ok(session_view_add_row(v, arm, &row, &e), &e);
}

static void test_rows(void **state)
{
    (void)state;
    struct session_view v;
    session_view_init(&v);
    assert_true(isnan(v.arm[0].last[METRIC_LOSS]));
    for (int i = 0; i < 1000; i++) {
        add(&v, 1, i, METRIC_LOSS, 1.0 / (i + 1));
        if (i % 100 == 0) {
            add(&v, 1, i, METRIC_EV, i);
        }
    }
    const struct series *loss = &v.arm[1].series[METRIC_LOSS];
    const struct series *ev = &v.arm[1].series[METRIC_EV];
    assert_true(loss->n == 1000 && ev->n == 10);
    assert_float_equal(loss->x[999], 999, 0);
    assert_float_equal(loss->seconds[500], 50, 1e-12);
    assert_float_equal(ev->y[9], 900, 0);
    assert_float_equal(v.arm[1].last[METRIC_LOSS], 0.001, 1e-12);
    assert_true(v.arm[0].series[METRIC_LOSS].n == 0);
    assert_null(loss->lo);
    session_view_deinit(&v);
}

/* Not measured leaves no point; not finite leaves a gap. */
static void test_gaps(void **state)
{
    (void)state;
    struct session_view v;
    session_view_init(&v);
    add(&v, 0, 1, METRIC_LOSS, 5);
    add(&v, 0, 2, METRIC_LOSS, (double)NAN);
    add(&v, 0, 3, METRIC_LOSS, (double)INFINITY);
    const struct series *s = &v.arm[0].series[METRIC_LOSS];
    assert_true(s->n == 2);
    assert_true(isnan(s->y[1]));
    assert_true(isnan(v.arm[0].last[METRIC_LOSS]));
    session_view_deinit(&v);
}

/* x stays ascending: the same step again replaces, an older one is left out. */
static void test_order(void **state)
{
    (void)state;
    struct session_view v;
    struct errinfo e;
    session_view_init(&v);
    add(&v, 0, 10, METRIC_LOSS, 1);
    add(&v, 0, 10, METRIC_LOSS, 2);
    add(&v, 0, 5, METRIC_LOSS, 3);
    const struct series *s = &v.arm[0].series[METRIC_LOSS];
    assert_true(s->n == 1);
    assert_float_equal(s->y[0], 2, 0);
    struct metric_row row = metric_row_empty(); /* without a step: nothing */
    row.v[METRIC_LOSS] = 4;
    assert_ok(session_view_add_row(&v, 0, &row, &e), &e);
    assert_ok(session_view_add_row(&v, 7, &row, &e), &e); /* no such arm */
    assert_true(s->n == 1);
    session_view_deinit(&v);
}

static void test_interval(void **state)
{
    (void)state;
    struct session_view v;
    struct errinfo e;
    session_view_init(&v);
    struct metric_row row = metric_row_empty();
    row.v[METRIC_STEP] = 7;
    row.v[METRIC_ABSORPTION] = 0.2;
    row.v[METRIC_ABS_LO] = 0.1;
    row.v[METRIC_ABS_HI] = 0.35;
    assert_ok(session_view_add_row(&v, 0, &row, &e), &e);
    const struct series *s = &v.arm[0].series[METRIC_ABSORPTION];
    assert_float_equal(s->lo[0], 0.1, 0);
    assert_float_equal(s->hi[0], 0.35, 0);
    session_view_deinit(&v);
}

/* A condition of three seeds: mean, least and greatest, once all have come to a step.
 */
static void test_seeds(void **state)
{
    (void)state;
    struct session_view v;
    session_view_init(&v);
    v.n_conds = 2;
    v.n_arms = 4;
    v.cond[0].n_seeds = 3;
    for (size_t i = 0; i < 3; i++) { /* arms 0, 2, 3; arm 1 is of B */
        const size_t arm = i == 0 ? 0 : i + 1;
        v.cond[0].arm[i] = arm;
        v.arm[arm].cond = 0;
    }
    const struct series *s = &v.cond[0].series[METRIC_LOSS];
    add(&v, 0, 10, METRIC_LOSS, 3);
    add(&v, 1, 10, METRIC_LOSS, 100);
    add(&v, 2, 10, METRIC_LOSS, 1);
    assert_true(s->n == 0);
    add(&v, 3, 10, METRIC_LOSS, 8);
    assert_true(s->n == 1);
    assert_float_equal(s->y[0], 4, 1e-12);
    assert_float_equal(s->lo[0], 1, 0);
    assert_float_equal(s->hi[0], 8, 0);
    assert_float_equal(v.cond[0].last[METRIC_LOSS], 4, 1e-12);
    assert_float_equal(v.cond[1].last[METRIC_LOSS], 100, 0);
    /* The mean leaves out values that are not finite; without any other there is a
     * gap. */
    add(&v, 0, 20, METRIC_LOSS, (double)INFINITY);
    add(&v, 2, 20, METRIC_LOSS, 2);
    add(&v, 3, 20, METRIC_LOSS, 4);
    assert_float_equal(s->y[1], 3, 1e-12);
    for (size_t i = 0; i < 3; i++) {
        add(&v, v.cond[0].arm[i], 30, METRIC_LOSS, (double)INFINITY);
    }
    assert_true(s->n == 3 && isnan(s->y[2]) && isnan(s->lo[2]));
    /* The same rows in the order of a run that is opened: an arm after the other. */
    for (size_t i = 0; i < 3; i++) {
        for (int step = 40; step < 60; step++) {
            add(&v, v.cond[0].arm[i], step, METRIC_EV, (double)i);
        }
    }
    const struct series *ev = &v.cond[0].series[METRIC_EV];
    assert_true(ev->n == 20);
    assert_float_equal(ev->x[0], 40, 0);
    assert_float_equal(ev->y[19], 1, 1e-12);
    assert_int_equal(session_view_shown(&v, 0), 0);
    v.seed = 2;
    assert_int_equal(session_view_shown(&v, 0), 3);
    assert_int_equal(session_view_shown(&v, 1), 1); /* which has one */
    session_view_deinit(&v);
}

static void test_events_and_names(void **state)
{
    (void)state;
    struct session_view v;
    struct errinfo e;
    session_view_init(&v);
    for (int i = 0; i < 100; i++) {
        const struct event_view ev = {.step = i, .letter = 'A', .kind = "note"};
        assert_ok(session_view_add_event(&v, &ev, &e), &e);
    }
    assert_true(v.n_events == 100 && v.event[99].step == 99);
    session_view_deinit(&v);
    assert_true(v.n_events == 0 && !v.event);
    session_view_deinit(&v); /* twice is fine */
    for (int s = SESSION_LOADING; s <= SESSION_ENDED; s++) {
        assert_true(session_state_name((enum session_state)s)[0] != '\0');
    }
}

/* A seed that is added later comes into the points that are there, as it gets to them,
 * and into no others before its time. */
static void test_added_seed(void **state)
{
    (void)state;
    struct session_view v;
    session_view_init(&v);
    v.n_conds = 1;
    v.n_arms = 2;
    v.cond[0].n_seeds = 2;
    v.cond[0].arm[1] = 1;
    v.arm[1].cond = 0;
    for (int step = 10; step <= 30; step += 10) {
        add(&v, 0, step, METRIC_LOSS, 2);
        add(&v, 1, step, METRIC_LOSS, 4);
        add(&v, 0, step, METRIC_CE_REC, 0.5);
    }
    v.n_arms = 3;
    v.cond[0].n_seeds = 3;
    v.cond[0].arm[2] = 2;
    v.arm[2].cond = 0;
    const struct series *s = &v.cond[0].series[METRIC_LOSS];
    add(&v, 2, 10, METRIC_LOSS, 9);
    assert_int_equal(s->n, 3);
    assert_float_equal(s->y[0], 5, 1e-12);
    assert_float_equal(s->hi[0], 9, 0);
    assert_float_equal(s->y[1], 3, 1e-12); /* not there yet */
    assert_float_equal(v.cond[0].last[METRIC_LOSS], 3, 1e-12);
    add(&v, 2, 15, METRIC_LOSS, 9); /* which the others were not asked at */
    assert_int_equal(s->n, 3);
    add(&v, 2, 15, METRIC_CE_REC, 0.7); /* measured of each seed in turn */
    const struct series *ce = &v.cond[0].series[METRIC_CE_REC];
    assert_int_equal(ce->n, 4);
    assert_float_equal(ce->x[1], 15, 0);
    assert_float_equal(ce->y[1], 0.7, 1e-12);
    assert_float_equal(ce->x[3], 30, 0);
    add(&v, 2, 20, METRIC_LOSS, 9);
    add(&v, 2, 30, METRIC_LOSS, 9);
    assert_float_equal(v.cond[0].last[METRIC_LOSS], 5, 1e-12);
    assert_float_equal(s->lo[2], 2, 0);
    session_view_deinit(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_interval),
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_added_seed),
        cmocka_unit_test(test_events_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
