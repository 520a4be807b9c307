/* [full] Where the arms of a run that is gone on with may lie: in it, beside it as they
 * were once saved, and nowhere else. */
#include "unit/resumed.h"

/* The user named the run, by a link perhaps, and not where its arms lead. */
static void an_arm_within_is_no_link(void **state)
{
    (void)state;
    static const char *const places[] = {"run/arms/twin", "run/arms"};
    char dir[256], run[512], place[512], moved[512], alias[512];
    struct errinfo e = {0};
    struct settings set = run_settings(2);
    struct engine *g = start_engine(&set), *none = NULL;
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    tmp_path(moved, dir, "elsewhere");
    tmp_path(alias, dir, "alias");
    assert_ok(engine_save(g, run, &e), &e);
    engine_free(g);
    assert_int_equal(symlink("run", alias), 0);
    for (size_t i = 0; i < 2; i++) {
        tmp_path(place, dir, places[i]);
        assert_int_equal(rename(place, moved), 0);
        assert_int_equal(symlink(moved, place), 0);
        check_error(engine_resume(run, NULL, getenv("SAETOP_SAMPLES"), NULL, &none, &e),
                    ERR_FORMAT, &e, "found a symbolic link");
        check_error(
            engine_resume(alias, NULL, getenv("SAETOP_SAMPLES"), NULL, &none, &e),
            ERR_FORMAT, &e, "found a symbolic link");
        unlink(place);
        assert_int_equal(rename(moved, place), 0);
    }
    g = resume(alias, NULL);
    assert_int_equal(g->n_arms, 2);
    engine_free(g);
    unlink(alias);
    drop_run(run);
    tmp_drop(dir);
}

/* A run moves and is removed as one folder. */
static void a_run_moves_with_its_arms(void **state)
{
    (void)state;
    char dir[256], run[512], moved[512], path[600];
    struct errinfo e = {0};
    struct settings set = run_settings(2);
    struct engine *g = start_engine(&set);
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    tmp_path(moved, dir, "moved");
    run_to(g, 2);
    assert_ok(engine_save(g, run, &e), &e);
    assert_string_equal(g->arm[1].condition, ARM_NAME_TWIN);
    assert_int_equal(rename(run, moved), 0);
    /* While it is trained: it is made again, whole. */
    run_to(g, 3);
    assert_ok(engine_save(g, run, &e), &e);
    engine_free(g);
    for (int i = 0; i < 2; i++) {
        const char *at = i ? moved : run;
        g = resume(at, NULL);
        assert_int_equal(g->n_arms, 2);
        assert_int_equal(engine_step_count(g), i ? 2 : 3);
        assert_string_equal(g->arm[0].condition, ARM_NAME_FIRST);
        assert_string_equal(g->arm[1].condition, ARM_NAME_TWIN);
        snprintf(path, sizeof path, "%s/arms/twin", at);
        assert_string_equal(g->arm[1].dir, path);
        engine_free(g);
        g = resume(path, NULL); /* an arm's folder is a run */
        assert_int_equal(g->n_arms, 1);
        engine_free(g);
        drop_run(at);
    }
    tmp_drop(dir);
}

/* Runs in the layout of earlier versions open, go on, and are saved in it again. */
static void arms_beside_a_run_stay_there(void **state)
{
    (void)state;
    char dir[256], run[512], twin[512], path[600];
    struct errinfo e = {0};
    struct settings set = run_settings(2);
    struct engine *g = start_engine(&set);
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    tmp_path(twin, dir, "run-twin");
    g->arm[1].place.beside = true;
    run_to(g, 2);
    assert_ok(engine_save(g, run, &e), &e);
    engine_free(g);
    for (int64_t step = 3; step < 5; step++) {
        g = resume(run, NULL);
        assert_int_equal(g->n_arms, 2);
        assert_string_equal(g->arm[1].dir, twin);
        run_to(g, step);
        assert_ok(engine_save(g, run, &e), &e);
        engine_free(g);
        assert_int_equal(step_of(run), step);
        assert_int_equal(step_of(twin), step);
    }
    snprintf(path, sizeof path, "%s/arms", run);
    assert_false(file_exists(path));
    drop_run(run);
    tmp_drop(dir);
}

/* In a state that somebody wrote. */
static void names_of_arms_lead_nowhere_else(void **state)
{
    (void)state;
    static const char *const others[] = {
        "../elsewhere", "twin/../..", "-../x",  ".hidden", "--", "twin;twin",
        "twin;TWIN",    "twin;-twin", "twin;;", "first",   "a b"};
    char dir[256], run[512];
    struct errinfo e = {0};
    struct settings set = run_settings(1);
    struct engine *g = start_engine(&set), *none = NULL;
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    assert_ok(engine_save(g, run, &e), &e);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct arm_names names = {.name = ""};
        snprintf(names.others, sizeof names.others, "%s", others[i]);
        assert_ok(rundir_save(run, g->arm[0].arm, &g->arm[0].history, NULL, &names, &e),
                  &e);
        dirlocks_release(&g->locks, 0);
        check_error(engine_resume(run, NULL, getenv("SAETOP_SAMPLES"), NULL, &none, &e),
                    ERR_FORMAT, &e, "found an arm '");
    }
    /* Nor is what they are called anything but a name, in JSON say. */
    struct arm_names names = {.name = "x", .condition = "a\"b"};
    assert_ok(rundir_save(run, g->arm[0].arm, &g->arm[0].history, NULL, &names, &e),
              &e);
    check_error(engine_resume(run, NULL, getenv("SAETOP_SAMPLES"), NULL, &none, &e),
                ERR_FORMAT, &e, "__metadata__.condition: found 'a\"b'");
    engine_free(g);
    drop_run(run);
    tmp_drop(dir);
}

static void an_arm_beside_is_no_link(void **state)
{
    (void)state;
    char dir[256], run[512], twin[512], moved[512], alias[512], alias_twin[512];
    struct errinfo e = {0};
    struct settings set = run_settings(2);
    struct engine *g = start_engine(&set), *none = NULL;
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    tmp_path(twin, dir, "run-twin");
    tmp_path(moved, dir, "elsewhere");
    tmp_path(alias, dir, "alias");
    tmp_path(alias_twin, dir, "alias-twin");
    g->arm[1].place.beside = true;
    assert_ok(engine_save(g, run, &e), &e);
    engine_free(g);
    assert_int_equal(rename(twin, moved), 0);
    assert_int_equal(symlink("elsewhere", twin), 0);
    check_error(engine_resume(run, NULL, getenv("SAETOP_SAMPLES"), NULL, &none, &e),
                ERR_FORMAT, &e, "run-twin: found a symbolic link");
    assert_int_equal(symlink("run", alias), 0);
    assert_int_equal(symlink("elsewhere", alias_twin), 0);
    g = resume(alias, NULL);
    assert_int_equal(g->n_arms, 2);
    engine_free(g);
    unlink(alias);
    unlink(alias_twin);
    unlink(twin);
    assert_int_equal(rename(moved, twin), 0);
    drop_run(run);
    tmp_drop(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arm_beside_is_no_link),
        cmocka_unit_test(an_arm_within_is_no_link),
        cmocka_unit_test(a_run_moves_with_its_arms),
        cmocka_unit_test(arms_beside_a_run_stay_there),
        cmocka_unit_test(names_of_arms_lead_nowhere_else),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
