/* Defaults as -h and the pages have them: the table's, and the sample's. [commands] */
#include "base/file.h"
#include "base/mem.h"
#include "src/run_opts.h"
#include "train/also.h"
#include "unit/check.h"

static struct run_opts opts; /* large */

static void help_of_nothing_given(void)
{
    char name[] = "train";
    char *argv[] = {name, NULL};
    struct opts_result parsed;
    int status = 0;
    const struct opts what = {.name = "train", .usage = "", .about = ""};
    assert_true(run_opts_begin(&opts, what, NULL, 0, 1, argv, &parsed, &status));
}

static char *page(void)
{
    struct errinfo e;
    char path[600], *text = NULL;
    (void)snprintf(path, sizeof path, "%s/../../src/README.md",
                   getenv("SAETOP_FIXTURES"));
    assert_ok(file_read_text(path, 1 << 20, &text, &e), &e);
    return text;
}

/* --random is one more arm beside those of --also, whatever the order. */
static void test_random_is_one_of_also(void **state)
{
    (void)state;
    static const struct {
        const char *word[4], *also;
    } cases[] = {
        {{"--random"}, ALSO_RANDOM},
        {{"--random", "--also", "few:k=2"}, "few:k=2;" ALSO_RANDOM},
        {{"--set", "also=few:k=2", "--random"}, "few:k=2;" ALSO_RANDOM},
        {{NULL}, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[4][40] = {"train"};
        char *argv[5] = {text[0]};
        int argc = 1;
        for (; argc < 4 && cases[i].word[argc - 1]; argc++) {
            (void)snprintf(text[argc], sizeof text[argc], "%s",
                           cases[i].word[argc - 1]);
            argv[argc] = text[argc];
        }
        struct opts_result parsed;
        struct settings set;
        struct errinfo e;
        int status = 0;
        const struct opts what = {.name = "train", .usage = "", .about = ""};
        assert_true(run_opts_begin(&opts, what, NULL, 0, argc, argv, &parsed, &status));
        assert_ok(run_opts_given(&opts, &set, &e), &e);
        assert_string_equal(set.also, cases[i].also);
        char name[64];
        assert_true((run_opts_first(&opts, name, sizeof name) != NULL) == (argc > 1));
    }
}

/* Every value of sample.json that is no default stands in the setting's help and on the
 * page; a setting that it leaves at its default names no other. */
static void test_help_has_the_samples_defaults(void **state)
{
    (void)state;
    struct errinfo e;
    struct settings sample;
    struct str value;
    char path[600];
    size_t n = 0, differ = 0;
    const struct setting_def *t = settings_table(&n);
    (void)snprintf(path, sizeof path, "%s/sample.json", getenv("SAETOP_SAMPLES"));
    settings_init(&sample);
    assert_ok(settings_load(&sample, path, &e), &e);
    help_of_nothing_given();
    assert_int_equal(opts.n_set, n);
    char *text = page();
    str_init(&value, SETTING_TEXT_MAX);
    for (size_t i = 0; i < n; i++) {
        char want[200];
        str_clear(&value);
        settings_print(&sample, &t[i], &value);
        const char *is = value.len ? value.p : "";
        const bool other =
            settings_given(&sample, t[i].key) && strcmp(is, t[i].def) != 0;
        const char *said = strstr(opts.set[i].help, "bundled sample: ");
        if (!other) {
            /* but for the model and the text themselves */
            assert_true(!said || strstr(said, "samples/"));
            continue;
        }
        differ++;
        (void)snprintf(want, sizeof want, "bundled sample: %s]", is);
        assert_non_null(said);
        assert_string_equal(said, want);
        (void)snprintf(want, sizeof want, "`%s=%s`", t[i].key, is);
        if (!strstr(text, want)) {
            fail_msg("src/README.md: %s not found", want);
        }
    }
    assert_true(differ > 0);
    str_free(&value);
    mem_free(text);
}

/* And they are what a run has that names nothing. */
static void test_values_are_those_of_a_run(void **state)
{
    (void)state;
    struct errinfo e;
    struct settings run;
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    help_of_nothing_given();
    assert_ok(run_opts_settings(&opts, &run, &e), &e);
    for (size_t i = 0; i < n; i++) {
        struct str value;
        const char *said = strstr(opts.set[i].help, "bundled sample: ");
        str_init(&value, SETTING_TEXT_MAX);
        settings_print(&run, &t[i], &value);
        if (said) {
            assert_int_equal(strncmp(said + 16, value.p, value.len), 0);
        } else if (settings_origin(&run, &t[i]).by != GIVEN_BY_NOBODY) {
            assert_string_equal(value.len ? value.p : "", t[i].def);
        }
        str_free(&value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_is_one_of_also),
        cmocka_unit_test(test_help_has_the_samples_defaults),
        cmocka_unit_test(test_values_are_those_of_a_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
