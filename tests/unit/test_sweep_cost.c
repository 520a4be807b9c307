/* What a sweep takes is known before it begins (sweep/sweep_cost.h): of what runs side
 * by side, of what is still to do, with searches and the bench; refused where it does
 * not fit, with what would. */
#include "base/room.h"
#include "num/blas.h"
#include "sweep/sweep_cost.h"
#include "unit/sweep_grid.h"

#include <math.h>
#include <string.h>

/* Two groups, of the masks, of two runs each; two more, of which one is searched for.
 */
static struct sweep_plan *plan(void)
{
    return grid_plan(0.1, 0.2, 2);
}

static struct sweep_cost cost_of(const struct sweep_plan *p, struct sweep_options o,
                                 const struct sweep_result *r, bool alone, bool timed)
{
    struct errinfo e;
    struct sweep_cost c;
    o.dir = "nowhere";
    assert_ok(sweep_cost_of(p, &o, r, alone, timed, &c, &e), &e);
    return c;
}

static void all_of_it(void **state)
{
    (void)state;
    char text[300];
    struct sweep_plan *p = plan();
    const struct sweep_result none[CELLS] = {{0}};
    const struct sweep_cost two =
        cost_of(p, (struct sweep_options){.jobs = 2}, none, false, true);
    assert_int_equal(two.runs, CELLS);
    assert_int_equal(two.groups, 4);
    assert_int_equal(two.jobs, 2);
    assert_int_equal(two.threads, 1);
    assert_true(two.seconds > 0);
    sweep_cost_takes(&two, text, sizeof text);
    assert_non_null(strstr(text, "; 6 runs in 4 groups of the same text and masks, 2 "
                                 "at once on 1 thread each"));
    /* One at a time takes less, by an engine. */
    const struct sweep_cost one =
        cost_of(p, (struct sweep_options){.jobs = 1}, none, false, false);
    assert_int_equal(one.threads, 2);
    assert_true(isnan(one.seconds));
    assert_true(one.bytes < two.bytes && one.bytes > two.bytes / 2);
    assert_true(one.bytes == one.one);
    sweep_cost_takes(&one, text, sizeof text);
    assert_null(strstr(text, "measuring"));
    sweep_plan_free(p);
}

static void what_is_left(void **state)
{
    (void)state;
    char text[300];
    struct errinfo e;
    struct sweep_plan *p = plan();
    struct sweep_result r[CELLS] = {{0}};
    struct sweep_cost c;
    const struct sweep_options o = {.dir = "nowhere", .jobs = 1};
    const struct sweep_cost all = cost_of(p, o, r, false, true);
    /* Without the one that is searched for: two rounds of five runs fewer. */
    for (size_t i = 0; i < CELLS; i++) {
        r[i].done = p->cell[i].target_l0 > 0;
    }
    c = cost_of(p, o, r, false, true);
    assert_int_equal(c.runs, CELLS - 1);
    assert_int_equal(c.groups, 3);
    assert_true(c.seconds > 0 && all.steps - c.steps > 24 + 2 * 24);
    /* Each by itself. */
    c = cost_of(p, o, r, true, true);
    assert_int_equal(c.groups, CELLS - 1);
    sweep_cost_takes_each(&c, text, sizeof text);
    assert_memory_equal(text, "a run takes about ", 18);
    /* One of them, and none. */
    struct sweep_options only = o;
    only.only = p->cell[0].name;
    assert_int_equal(cost_of(p, only, r, false, false).runs, 1);
    only.only = "nobody";
    check_error(sweep_cost_of(p, &only, r, false, false, &c, &e), ERR_USAGE, &e,
                "no cell 'nobody'");
    for (size_t i = 0; i < CELLS; i++) {
        r[i].done = true;
    }
    assert_int_equal(cost_of(p, o, r, false, true).runs, 0);
    sweep_plan_free(p);
}

/* A learning rate at which the loss is no number is the run's own affair. */
static void a_run_that_diverges(void **state)
{
    (void)state;
    struct sweep_plan *p = plan();
    struct sweep_result r[CELLS] = {{0}};
    p->base.lr = 1e30;
    const struct sweep_cost c =
        cost_of(p, (struct sweep_options){.jobs = 1}, r, false, true);
    assert_int_equal(c.runs, CELLS);
    assert_true(c.bytes > 0);
    sweep_plan_free(p);
}

static void what_does_not_fit(void **state)
{
    (void)state;
    struct errinfo e;
    struct sweep_plan *p = plan();
    struct sweep_result r[CELLS] = {{0}};
    struct sweep_cost c = {.jobs = 4, .bytes = 4000000000, .one = 1000000000};
    c.room = SIZE_MAX;
    c.fit = 4;
    assert_ok(sweep_cost_check(&c, &e), &e);
    c.room = 3000000000;
    c.fit = 2;
    check_error(
        sweep_cost_check(&c, &e), ERR_LIMIT, &e,
        "groups of runs side by side need about 4.0 GB of memory, 3.0 GB are there: "
        "--jobs 2 fits");
    c.room = 500000000;
    c.fit = 0;
    check_error(sweep_cost_check(&c, &e), ERR_LIMIT, &e,
                "one group of runs at a time needs about 1.0 GB of memory, 500 MB");
    if (room_bytes() < (size_t)130000000000) {
        p->base.width = 4000000; /* and nothing of it is taken */
        c = cost_of(p, (struct sweep_options){.jobs = 2}, r, false, true);
        assert_int_equal(c.fit, 0);
        assert_true(isnan(c.seconds) && c.one > c.room);
    }
    sweep_plan_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it),
        cmocka_unit_test(what_is_left),
        cmocka_unit_test(a_run_that_diverges),
        cmocka_unit_test(what_does_not_fit),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
