/* [threads] The explorer on a real session: a script without a terminal, one frame as
 * text, and answers to keys on a pseudo-terminal. */
#include "base/mem.h"
#include "sample_settings.h"
#include "ui/explore.h"
#include "ui/screens/table.h"
#include "unit/check.h"

#include <math.h>

static struct explore_config config(int64_t steps, FILE *out)
{
    struct explore_config c = {.screens = &screen_table,
                               .session = {.set = sample_settings(steps)},
                               .tier = GLYPH_BRAILLE,
                               .color = 0,
                               .w = 120,
                               .h = 36,
                               .out = out};
    return c;
}

static char *read_text(const char *dir, const char *name)
{
    char path[512], *text = NULL;
    size_t len;
    struct errinfo e;
    assert_ok(file_read(tmp_path(path, dir, name), (size_t)1 << 22, &text, &len, &e),
              &e);
    return text;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("expected \"%s\" in\n%s", part, text);
    }
}

/* Every screen is drawn from what the session measured; a mask change becomes an event.
 */
static void test_script(void **state)
{
    (void)state;
    char dir[512], path[512], script[4096];
    struct errinfo e;
    int status = -1;
    tmp_make(dir, sizeof dir);
    snprintf(
        script, sizeof script,
        "# all screens\n:wait step 20\n:pause\n:wait idle\n:mask 0.1\n:wait idle\n"
        ":shot %s/train.txt\n3\n:wait idle\n:shot %s/latents.txt\n<Enter>\n:wait idle\n"
        ":shot %s/detail.txt\n:export %s/contexts.csv\n:size 60 12\n:shot %s/card.txt\n"
        ":size 80 24\n?\n:shot %s/help.txt\n<Esc>\n",
        dir, dir, dir, dir, dir, dir);
    assert_ok(file_write_text(tmp_path(path, dir, "script.txt"), script, &e), &e);
    struct explore_config c = config(100000, NULL);
    c.script = path;
    c.headless = true;
    assert_ok(explore_run(&c, &status, &e), &e);
    assert_int_equal(status, 0);
    char *train = read_text(dir, "train.txt");
    has(train, "PAUSED");
    has(train, "mask p=0.10 on");
    has(train, "A  mask");
    mem_free(train);
    char *latents = read_text(dir, "latents.txt");
    has(latents, "of 64 shown");
    mem_free(latents);
    char *detail = read_text(dir, "detail.txt");
    has(detail, "contexts: top");
    has(detail, "logit lens");
    mem_free(detail);
    char *csv = read_text(dir, "contexts.csv");
    has(csv, "latent,rank,row,position");
    mem_free(csv);
    char *card = read_text(dir, "card.txt");
    has(card, "this is 60x12");
    mem_free(card);
    char *help = read_text(dir, "help.txt");
    has(help, "this screen: Detail");
    mem_free(help);
    tmp_drop(dir);
}

static void script_fails(const char *dir, int64_t steps, const char *script,
                         const char *why)
{
    char path[512], want[800];
    struct errinfo e = {0};
    int status = -1;
    assert_ok(file_write_text(tmp_path(path, dir, "script.txt"), script, &e), &e);
    struct explore_config c = config(steps, NULL);
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
        {":wait idle\nj<Entr>\n", "line 2: found <Entr>, which no key is called"},
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

static void test_once(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    struct errinfo e;
    int status = -1;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    struct explore_config c = config(30, out);
    c.once = "latents";
    c.once_step = 30;
    assert_ok(explore_run(&c, &status, &e), &e);
    fclose(out);
    assert_int_equal(status, 0);
    has(text, "of 64 shown");
    size_t lines = 0;
    for (const char *p = text; *p; p++) {
        lines += *p == '\n' ? 1 : 0;
    }
    assert_true(lines == 36);
    free(text); /* open_memstream's own */
}

static void test_bad_input(void **state)
{
    (void)state;
    struct errinfo e;
    int status = -1;
    struct explore_config c = config(10, NULL);
    c.once = "nothing";
    check_error(explore_run(&c, &status, &e), ERR_USAGE, &e, "--once");
    c.once = NULL;
    c.script = "/nonexistent/script";
    c.headless = true;
    check_error(explore_run(&c, &status, &e), ERR_MISSING, &e, "/nonexistent/script");
    c.script = NULL;
    c.once = "train";
    snprintf(c.session.set.model, sizeof c.session.set.model, "/nonexistent/model");
    check_error(explore_run(&c, &status, &e), ERR_MISSING, &e, "/nonexistent/model");
    assert_int_equal(status, 2);
}

static void test_keys_are_answered(void **state)
{
    (void)state;
    struct explore_latency l[EXPLORE_BENCH_MAX];
    struct errinfo e;
    size_t n = 0;
    double first = 0;
    struct explore_config c = config(100000, NULL);
    assert_ok(explore_bench(&c, 5, l, &n, &first, &e), &e);
    assert_int_equal(n, screen_table.n);
    assert_true(isfinite(first) && first > 0);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(l[i].screen, screen_table.row[i]->name);
        assert_int_equal(l[i].arms, 1);
        assert_true(l[i].keys == 5 && l[i].p50_ms > 0 && l[i].p95_ms >= l[i].p50_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_script),
        cmocka_unit_test(test_script_fails),
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_keys_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
