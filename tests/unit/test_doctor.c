/* What saetop doctor measures (core/run/doctor.h): in as many rows as a run's
 * threads take, with the further hooks of its cache but without writing one, and held
 * against all the memory that a run would have. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/room.h"
#include "num/blas.h"
#include "run/doctor.h"
#include "unit/sample_settings.h"

static struct doctor look(const struct settings *set)
{
    struct doctor d;
    struct errinfo e;
    assert_ok(doctor_look(set, &d, &e), &e);
    assert_true(d.tokens_per_second > 0 && d.step_seconds > 0 && d.seconds > 0);
    return d;
}

/* What the process holds already, weights among it, is there for a run as well. */
static void room_is_that_of_a_run(void **state)
{
    (void)state;
    const size_t held = (size_t)256 << 20;
    const struct settings set = sample_settings(4);
    char *x = mem_alloc(held, 1);
    assert_non_null(x);
    memset(x, 1, held);
    struct doctor d = look(&set);
    const size_t may_take = room_bytes();
    assert_true(d.bytes == engine_bytes(d.engine));
    assert_true(may_take == SIZE_MAX || d.room > may_take + held / 2);
    assert_int_equal(x[held / 2], 1);
    mem_free(x);
    doctor_deinit(&d);
}

/* A share for every thread, in the groups that a run takes; no more than it fills. */
static void rows_follow_threads(void **state)
{
    (void)state;
    struct settings set = sample_settings(4);
    set.threads = 3;
    set.fill_rows = 8;
    struct doctor d = look(&set);
    assert_int_equal(d.rate_rows, 8);
    doctor_deinit(&d);
    set.fill_rows = 1000;
    d = look(&set);
    assert_int_equal(d.rate_rows, 3 * lm_group_rows((size_t)d.engine->in->set.context));
    doctor_deinit(&d);
}

/* A run that keeps further hooks runs the model to the last of them. */
static void caches_are_not_written(void **state)
{
    (void)state;
    char dir[256], cache[512];
    struct errinfo e;
    struct doctor d;
    struct settings set = sample_settings(4);
    tmp_make(dir, sizeof dir);
    tmp_path(cache, dir, "cache");
    struct doctor plain = look(&set);
    snprintf(set.cache, sizeof set.cache, "%.250s", cache);
    snprintf(set.cache_hooks, sizeof set.cache_hooks, "blocks.3.hook_mlp_out");
    d = look(&set);
    assert_false(file_exists(cache));
    assert_int_equal(d.engine->in->n_kept, 1);
    assert_true(d.bytes > plain.bytes);
    doctor_deinit(&plain);
    doctor_deinit(&d);
    snprintf(set.cache_hooks, sizeof set.cache_hooks, "blocks.9.hook_mlp_out");
    check_error(doctor_look(&set, &d, &e), ERR_USAGE, &e,
                "the model's blocks are 0 to 3");
    tmp_drop(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(room_is_that_of_a_run),
        cmocka_unit_test(rows_follow_threads),
        cmocka_unit_test(caches_are_not_written),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
