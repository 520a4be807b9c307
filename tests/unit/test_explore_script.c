/* What a script for the explorer says when it cannot go on. */
#include "unit/explore_config.h"

static void script_fails(const char *dir, int64_t steps, const char *script,
                         const char *why)
{
    char path[512], want[800];
    struct errinfo e = {0};
    int status = -1;
    assert_ok(file_write_text(tmp_path(path, dir, "script.txt"), script, &e), &e);
    struct explore_config c = explore_config_of(steps, NULL);
    c.script = path;
    c.headless = true;
    const enum err rc = explore_run(&c, &status, &e);
    snprintf(want, sizeof want, "%s: %s", path, why);
    if (rc == OK || err_exit_status(rc) != 1 || !strstr(e.msg, want)) {
        fail_msg("status %d, found\n%s\nexpected\n%s", err_exit_status(rc), e.msg,
                 want);
    }
}

/* The first line that fails ends a script: file, line and reason, and status 1. */
static void test_script_fails(void **state)
{
    (void)state;
    char dir[512];
    tmp_make(dir, sizeof dir);
    static const char *const cases[][2] = {
        {"# one\n\n:nonsense\n:q\n", "line 3: unknown command: nonsense"},
        {":wait\n", "line 1: found ':wait', expected :wait idle, :wait step N"},
        {":wait idle\n:wait for it\n", "line 2: found ':wait for it', expected"},
        {":wait step 2x\n", "line 1: found ':wait step 2x', expected"},
        {":size 0 3\n", "line 1: found ':size 0 3', expected :size WIDTH HEIGHT"},
        {":wait idle\nj<Entr>\n", "line 2: found <Entr>, which is no key"},
        {"a\001b\n", "line 1: found bytes that are no UTF-8 text"},
        {":wait step 21\n", "line 1: the wait has no end: the run is at step 20 of 20"},
        {":wait done\n:export /nowhere/x.csv\n", "line 2: /nowhere/x.csv"},
        {":wait done\n:shot /nowhere/x.txt\n", "line 2: /nowhere/x.txt"},
        {":wait done\n:save-config /nowhere/x.json\n", "line 2: /nowhere/x.json"},
        {":wait done\n3\n:wait idle\n&/a(/<Enter>\n", "line 4: filter: not a regular"},
        {":wait done\n:latent 64\n:wait idle\n", "line 2: latent: found 64"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        script_fails(dir, 20, cases[i][0], cases[i][1]);
    }
    /* A script does not write over a file either. */
    char shots[1100], why[600];
    snprintf(shots, sizeof shots, ":shot %s/x.txt\n:shot %s/x.txt\n", dir, dir);
    snprintf(why, sizeof why, "line 2: %s/x.txt exists already", dir);
    script_fails(dir, 20, shots, why);
    /* A run that is still at it when the pause comes. */
    script_fails(dir, 1000000, ":wait step 2\n:pause\n:wait done\n",
                 "line 3: the wait has no end");
    tmp_drop(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_script_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
