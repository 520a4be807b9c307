/* [threads] The threads of a sweep: searches side by side, told one at a time, and a
 * stop that keeps what was found. What is measured is test_sweep's. */
#include "num/blas.h"
#include "sweep/run.h"
#include "unit/sample_settings.h"

#include <string.h>

struct seen {
    atomic_bool stop;
    size_t found, progress;
};

static void on_found(void *user, size_t condition, const char *key, double value,
                     double l0)
{
    struct seen *s = user;
    (void)condition;
    (void)l0;
    assert_string_equal(key, "k");
    assert_true(value > 0);
    s->found++;
    if (s->found == 2) {
        atomic_store(&s->stop, true);
    }
}

static void on_progress(void *user, double done, double total)
{
    struct seen *s = user;
    assert_true(done >= 0 && total > 0);
    s->progress++;
}

static void searches_run_side_by_side(void **state)
{
    (void)state;
    static const char text[] =
        "{\"seeds\": [3], \"parts\": {\"a\": {\"mask.rate\": [0, 0.3], \"match_l0\": 4}}}";
    struct errinfo e;
    char dir[256], command[600];
    cJSON *tree = NULL;
    struct sweep_plan *p = NULL;
    struct sweep_result r[2] = {{0}};
    struct seen seen = {.found = 0};
    struct settings base = sample_settings(6);
    assert_ok(settings_set(&base, "arch", "batchtopk", from_program("test"), &e), &e);
    base.fill_rows = 2;
    base.batch = 64;
    base.concept_rows = 1;
    assert_ok(json_parse(text, strlen(text), "test", &tree, &e), &e);
    assert_ok(sweep_plan_new(tree, "test", &base, &p, &e), &e);
    tmp_make(dir, sizeof dir);
    struct sweep_options o = {.dir = dir, .jobs = 2, .cancel = &seen.stop};
    o.watch.user = &seen;
    o.watch.found = on_found;
    o.watch.progress = on_progress;
    check_error(sweep_run(p, &o, r, &e), ERR_CANCELLED, &e, "stopped");
    assert_int_equal(seen.found, 2);

    /* The next time they come from their files. */
    seen.found = 0;
    seen.progress = 0;
    check_error(sweep_run(p, &o, r, &e), ERR_CANCELLED, &e, "stopped");
    assert_true(seen.found <= 2 && !r[0].done && !r[1].done);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
    cJSON_Delete(tree);
    sweep_plan_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(searches_run_side_by_side),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
