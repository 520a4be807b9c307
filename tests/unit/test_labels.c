/* Labels of latents: sets that change by copies, and files that are not as they should
 * be. */
#include "latents/latent_labels.h"
#include "unit/check.h"
#include "unit/tiny.h"

static struct latent_labels *with(struct latent_labels *old, int32_t latent,
                                  const char *text)
{
    struct latent_labels *l = NULL;
    struct errinfo e;
    assert_ok(latent_labels_with(old, latent, text, &l, &e), &e);
    latent_labels_unref(old);
    return l;
}

static void test_a_set_changes_by_copies(void **state)
{
    (void)state;
    assert_int_equal(latent_labels_count(NULL), 0);
    assert_string_equal(latent_labels_of(NULL, 3), "");
    struct latent_labels *l = with(NULL, 7, "seven");
    l = with(l, 2, "two");
    l = with(l, 500, "caf\xc3\xa9, \"the\" place");
    struct latent_labels *before = latent_labels_ref(l);
    l = with(l, 7, "still seven");
    assert_string_equal(latent_labels_of(before, 7), "seven");
    assert_string_equal(latent_labels_of(l, 7), "still seven");
    assert_string_equal(latent_labels_of(l, 2), "two");
    assert_string_equal(latent_labels_of(l, 3), "");
    assert_int_equal(latent_labels_count(l), 3);
    l = with(l, 2, "");
    l = with(l, 9, ""); /* nothing to take away */
    assert_int_equal(latent_labels_count(l), 2);
    assert_string_equal(latent_labels_of(l, 2), "");
    latent_labels_unref(before);
    latent_labels_unref(l);
}

static void test_what_no_label_is(void **state)
{
    (void)state;
    static const char *const bad[] = {"a\nb", "\x1b[31m", "\xff", "a\xe2\x80\xae"};
    char longer[LATENT_LABEL_MAX + 2];
    struct latent_labels *l = NULL;
    struct errinfo e;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(latent_labels_with(NULL, 1, bad[i], &l, &e), ERR_USAGE);
    }
    assert_int_equal(latent_labels_with(NULL, 1, longer, &l, &e), ERR_USAGE);
    assert_int_equal(latent_labels_with(NULL, -1, "a", &l, &e), ERR_USAGE);
    assert_null(l);
}

static void test_files_come_back(void **state)
{
    (void)state;
    char dir[256];
    struct latent_labels *l = NULL, *back = NULL;
    struct errinfo e;
    tmp_make(dir, sizeof dir);
    assert_ok(latent_labels_load(dir, 512, &l, &e), &e); /* no file: no labels */
    assert_int_equal(latent_labels_count(l), 0);
    assert_ok(latent_labels_save(l, dir, &e), &e);
    char path[512];
    assert_false(file_exists(tmp_path(path, dir, LATENT_LABEL_FILE)));
    l = with(l, 511, "the \"last\", of all");
    l = with(l, 0, "first");
    assert_ok(latent_labels_save(l, dir, &e), &e);
    assert_ok(latent_labels_load(dir, 512, &back, &e), &e);
    assert_int_equal(latent_labels_count(back), 2);
    assert_string_equal(latent_labels_of(back, 511), "the \"last\", of all");
    assert_string_equal(latent_labels_of(back, 0), "first");
    back = with(back, 511, "");
    back = with(back, 0, "");
    assert_ok(latent_labels_save(back, dir, &e), &e); /* what was there is taken away */
    latent_labels_unref(l);
    assert_ok(latent_labels_load(dir, 512, &l, &e), &e);
    assert_int_equal(latent_labels_count(l), 0);
    latent_labels_unref(l);
    latent_labels_unref(back);
    tmp_drop(dir);
}

static void test_bad_files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "labels.csv"},
        {"latent\n1\n", "no column label"},
        {"latent,label\n8,a\n", "row 2: latent: found '8'"},
        {"latent,label\n-1,a\n", "row 2: latent: found '-1'"},
        {"latent,label\n1,a\n 2,b\n", "row 3: latent: found ' 2'"},
        {"latent,label\n99999999999999999999,a\n", "row 2: latent"},
        {"latent,label\n1x,a\n", "found '1x'"},
        {"latent,label\n1,\n", "row 2: label: found an empty label"},
        {"latent,label\n1,a\x1b[2J\n", "control"},
        {"latent,label\n0,a\n1,a\n2,a\n3,a\n4,a\n5,a\n6,a\n7,a\n7,a\n", "9 labels"},
        {"latent,label\n1,a\n3,b\n1,c\n", "latent 1 has two labels"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct latent_labels *l = NULL;
        struct errinfo e = {0};
        const enum err rc = latent_labels_parse(bad[i].text, strlen(bad[i].text),
                                                "labels.csv", 8, &l, &e);
        assert_true(rc != OK && l == NULL);
        if (!strstr(e.msg, bad[i].says)) {
            fail_msg("%s: expected '%s' in it", e.msg, bad[i].says);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_set_changes_by_copies),
        cmocka_unit_test(test_what_no_label_is),
        cmocka_unit_test(test_files_come_back),
        cmocka_unit_test(test_bad_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
