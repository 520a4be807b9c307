/* [threads] The explorer on a real session: a script without a terminal, one frame as
 * text, and answers to keys on a pseudo-terminal. */
#include "base/mem.h"
#include "unit/explore_config.h"

#include <math.h>

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
    struct explore_config c = explore_config_of(100000, NULL);
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

static void test_once(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    struct errinfo e;
    int status = -1;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    struct explore_config c = explore_config_of(30, out);
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
    struct explore_config c = explore_config_of(10, NULL);
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
    struct explore_config c = explore_config_of(100000, NULL);
    assert_ok(explore_bench(&c, 5, l, &n, &first, &e), &e);
    assert_true(isfinite(first) && first > 0);
    size_t screens = 0, typed = 0;
    for (size_t i = 0; i < n; i++) {
        if (l[i].typing) { /* below the keys of its screen */
            assert_string_equal(l[i].screen, "prompt");
            assert_string_equal(l[i - 1].screen, "prompt");
            assert_true(l[i].fresh_p50_ms >= l[i].p50_ms);
            assert_true(l[i].fresh_p95_ms >= l[i].fresh_p50_ms);
            typed++;
        } else {
            assert_string_equal(l[i].screen, screen_table.row[screens++]->name);
            assert_true(isnan(l[i].fresh_p50_ms));
        }
        assert_int_equal(l[i].arms, 1);
        assert_true(l[i].keys == 5 && l[i].p50_ms > 0 && l[i].p95_ms >= l[i].p50_ms);
    }
    assert_int_equal(screens, screen_table.n);
    assert_int_equal(typed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_script),
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_keys_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
