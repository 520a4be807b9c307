/* [full] A sweep for real, on the bundled model: what a cell finds depends on
 * neither threads, company nor stops. */
#include "base/file.h"
#include "num/blas.h"
#include "sweep/cellfile.h"
#include "sweep/run.h"
#include "train/rundir.h"
#include "unit/sweep_grid.h"

#include <math.h>
#include <string.h>

static struct sweep_options options(const char *dir, size_t jobs)
{
    return (struct sweep_options){.dir = dir, .jobs = jobs};
}

/* Checks that two results of a cell are equal to the bit, but for the time that it
 * took. */
static void assert_same(const struct sweep_result *a, const struct sweep_result *b)
{
    assert_true(a->done && b->done);
    assert_memory_equal(a->v, b->v, sizeof a->v);
    assert_memory_equal(&a->sparsity, &b->sparsity, sizeof a->sparsity);
    assert_true(a->on_target == b->on_target && a->steps == b->steps);
    assert_true(a->vectors == b->vectors);
}

struct stopper {
    atomic_bool flag;
    size_t done, found;
};

static void stop_at_first(void *user, size_t cell, const struct sweep_result *r)
{
    struct stopper *s = user;
    (void)cell;
    (void)r;
    s->done++;
    atomic_store(&s->flag, true);
}

static void count_found(void *user, size_t condition, const char *key, double value,
                        double l0)
{
    struct stopper *s = user;
    (void)condition;
    assert_string_equal(key, "k");
    assert_true(value > 1 && value < 20 && fabs(l0 - 5) < 1.5);
    s->found++;
}

static void stops_threads_and_company_change_nothing(void **state)
{
    (void)state;
    struct errinfo e;
    char root[256], a[512], b[512], command[600];
    struct sweep_plan *p = grid_plan(0.3, 0.3, 0);
    struct sweep_result once[CELLS] = {{0}}, again[CELLS] = {{0}}, load[CELLS] = {{0}};
    struct sweep_made made[CELLS] = {{0}};
    struct stopper stop = {.found = 0};
    tmp_make(root, sizeof root);
    tmp_path(a, root, "a");
    tmp_path(b, root, "b");
    assert_ok(file_mkdirs(a, &e), &e);
    assert_ok(file_mkdirs(b, &e), &e);

    /* All at once, and kept. */
    struct sweep_options o = options(a, 1);
    o.keep = true;
    o.watch.user = &stop;
    o.watch.found = count_found;
    assert_ok(sweep_run(p, &o, once, &e), &e);
    assert_int_equal(stop.found, 1);
    for (size_t i = 0; i < CELLS; i++) {
        struct run_record run;
        char dir[1024];
        assert_true(once[i].done);
        snprintf(dir, sizeof dir, "%s/runs/%s", a, p->cell[i].name);
        assert_ok(rundir_load(dir, &run, &e), &e);
        assert_int_equal(run.step, 24);
        run_record_deinit(&run);
    }
    /* A masked TopK run and its unmasked one are at the same L0. */
    assert_true(once[0].v[SWEEP_L0_CLEAN] == 4 && once[2].v[SWEEP_L0_CLEAN] == 4);
    assert_memory_not_equal(once[0].v, once[2].v, sizeof once[0].v);

    /* One cell alone; then two threads, stopped after their first cell; then the
     * rest. */
    o = options(b, 1);
    o.only = p->cell[1].name;
    assert_ok(sweep_run(p, &o, again, &e), &e);
    assert_true(again[1].done && !again[0].done);
    memset(again, 0, sizeof again);
    o = options(b, 2);
    o.watch.user = &stop;
    o.watch.done = stop_at_first;
    o.cancel = &stop.flag;
    check_error(sweep_run(p, &o, again, &e), ERR_CANCELLED, &e, "stopped");
    assert_true(stop.done >= 1);
    memset(again, 0, sizeof again);
    o = options(b, 2);
    assert_ok(sweep_run(p, &o, again, &e), &e);
    assert_ok(sweep_cells_load(b, p, load, made, &e), &e);
    for (size_t i = 0; i < CELLS; i++) {
        assert_same(&once[i], &again[i]);
        assert_same(&once[i], &load[i]);
    }

    o.only = "nobody";
    memset(again, 0, sizeof again);
    check_error(sweep_run(p, &o, again, &e), ERR_USAGE, &e, "no cell 'nobody'");
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    assert_int_equal(system(command), 0);
    sweep_plan_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stops_threads_and_company_change_nothing),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
