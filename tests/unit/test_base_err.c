/* Error lines: sanitised, clipped at whole code points, prefixed. */
#include "unit/check.h"

static void test_codes(void **state)
{
    (void)state;
    assert_string_equal(err_text(OK), "ok");
    assert_int_equal(err_exit_status(OK), 0);
    assert_int_equal(err_exit_status(ERR_IO), 1);
    assert_int_equal(err_exit_status(ERR_FORMAT), 2);
    assert_int_equal(err_exit_status(ERR_USAGE), 2);
    assert_string_equal(err_text((enum err)99), "unknown error");
    assert_int_equal(err_exit_status((enum err)99), 1);
    assert_string_equal(err_text((enum err) - 1), "unknown error");
}

static void test_set(void **state)
{
    (void)state;
    struct errinfo e;
    assert_int_equal(err_set(NULL, ERR_IO, "%d", 1), ERR_IO);
    assert_int_equal(err_set(&e, ERR_IO, "%s: %d", "a", 1), ERR_IO);
    assert_int_equal(e.code, ERR_IO);
    assert_string_equal(e.msg, "a: 1");
    /* An argument may be the old message. */
    err_set(&e, ERR_FORMAT, "%s again", e.msg);
    assert_string_equal(e.msg, "a: 1 again");
}

static void test_sanitised(void **state)
{
    (void)state;
    struct errinfo e;
    err_set(&e, ERR_IO, "%s", "a\x1b[31m\nb\xff\xc3\xa9\xc2\x9b\xe2\x80\xae.\x7f");
    assert_string_equal(e.msg, "a?[31m?b?\xc3\xa9??.?");
}

/* A line that is too long keeps both ends, cut at whole code points. */
static void test_clipped(void **state)
{
    (void)state;
    struct errinfo e;
    char text[2000];
    for (size_t i = 0; i + 3 < sizeof text; i += 3) {
        memcpy(text + i, "\xe2\x82\xac", 4);
    }
    for (int shift = 0; shift < 3; shift++) {
        err_set(&e, ERR_IO, "%.*s%s: expected%.*s", shift, "ab", text, 2 - shift, "yz");
        const size_t n = strlen(e.msg);
        assert_in_range(n, 505, 511);
        const char *gap = strstr(e.msg, "...");
        assert_non_null(gap);
        assert_memory_equal(gap - 3, "\xe2\x82\xac", 3);
        assert_memory_equal(gap + 3, "\xe2\x82\xac", 3);
        assert_non_null(strstr(gap, ": expected"));
        assert_null(strchr(e.msg, '?'));
    }
    char exact[512];
    memset(exact, 'x', sizeof exact);
    exact[511] = '\0';
    err_set(&e, ERR_IO, "%s", exact);
    assert_string_equal(e.msg, exact);
    err_set(&e, ERR_IO, "%s!", exact);
    assert_int_equal(strlen(e.msg), 511);
    assert_int_equal(e.msg[510], '!');
    assert_non_null(strstr(e.msg, "x...x"));
    char *huge = malloc(100000);
    assert_non_null(huge);
    memset(huge, 'x', 100000);
    huge[99999] = '\0';
    err_set(&e, ERR_IO, "%s", huge);
    assert_int_equal(strlen(e.msg), 511);
    err_prefix(&e, ERR_IO, "%s", huge);
    assert_int_equal(strlen(e.msg), 511);
    free(huge);
}

static void test_prefix(void **state)
{
    (void)state;
    struct errinfo e;
    err_set(&e, ERR_LIMIT, "too long");
    assert_int_equal(err_prefix(&e, ERR_IO, "file %d", 3), ERR_LIMIT);
    assert_string_equal(e.msg, "file 3: too long");
    assert_int_equal(err_prefix(NULL, ERR_IO, "x"), ERR_IO);
    e.code = OK;
    assert_int_equal(err_prefix(&e, ERR_NOMEM, "plan"), ERR_NOMEM);
    assert_string_equal(e.msg, "plan: out of memory");
    char big[600];
    memset(big, 'x', sizeof big);
    big[599] = '\0';
    err_prefix(&e, ERR_IO, "%s", big);
    assert_int_equal(strlen(e.msg), 511);
}

static enum err cascade(enum err inner, int *reached)
{
    TRY(inner);
    *reached = 1;
    enum err rc;
    TRY_OUT(rc, ERR_EXISTS);
    *reached = 2;
out:
    return rc;
}

static void test_try(void **state)
{
    (void)state;
    int reached = 0;
    assert_int_equal(cascade(ERR_IO, &reached), ERR_IO);
    assert_int_equal(reached, 0);
    assert_int_equal(cascade(OK, &reached), ERR_EXISTS);
    assert_int_equal(reached, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),     cmocka_unit_test(test_set),
        cmocka_unit_test(test_sanitised), cmocka_unit_test(test_clipped),
        cmocka_unit_test(test_prefix),    cmocka_unit_test(test_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
