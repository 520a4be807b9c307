/* Growing strings: limits, sticky errors, handing over. */
#include "base/mem.h"
#include "base/str.h"
#include "unit/check.h"

static void test_append(void **state)
{
    (void)state;
    struct errinfo e;
    struct str s;
    str_init(&s, 10000);
    assert_string_equal(s.p, "");
    str_add(&s, "");
    assert_int_equal(s.cap, 0);
    str_add(&s, "ab");
    str_addc(&s, 'c');
    str_addn(&s, "d\0e", 3);
    str_addf(&s, "%d-%s", 42, "x");
    assert_int_equal(s.len, 10);
    assert_memory_equal(s.p, "abcd\0e42-x", 11);
    /* longer than the small buffer of str_addf */
    str_clear(&s);
    str_addf(&s, "%0*d", 1000, 7);
    assert_int_equal(s.len, 1000);
    assert_int_equal(strlen(s.p), 1000);
    assert_int_equal(s.p[999], '7');
    assert_ok(str_err(&s, "text", &e), &e);
    str_free(&s);
    assert_string_equal(s.p, "");
    str_free(&s);
}

static void test_limit(void **state)
{
    (void)state;
    struct errinfo e;
    struct str s;
    str_init(&s, 5);
    str_add(&s, "abcde");
    assert_int_equal(s.err, OK);
    str_addc(&s, 'f');
    assert_int_equal(s.err, ERR_LIMIT);
    assert_string_equal(s.p, "abcde");
    str_addf(&s, "%d", 1);
    assert_string_equal(s.p, "abcde");
    check_error(str_err(&s, "label", &e), ERR_LIMIT, &e, "label: longer than 5 bytes");
    assert_null(str_take(&s));
    str_clear(&s);
    assert_int_equal(s.err, OK);
    str_addf(&s, "%s", "123456");
    assert_int_equal(s.err, ERR_LIMIT);
    assert_string_equal(s.p, "");
    str_free(&s);
    str_init(&s, 0);
    str_addc(&s, 'a');
    assert_int_equal(s.err, ERR_LIMIT);
    assert_string_equal(s.p, "");
    str_free(&s);
    str_init(&s, SIZE_MAX); /* no wrap of max + 1 */
    str_addc(&s, 'a');
    assert_int_equal(s.err, ERR_LIMIT);
    str_free(&s);
}

static void test_cut(void **state)
{
    (void)state;
    struct str s;
    str_init(&s, 100);
    str_cut(&s, 0); /* nothing is allocated, so nothing may be written */
    assert_string_equal(s.p, "");
    str_add(&s, "one two");
    str_cut(&s, 3);
    assert_string_equal(s.p, "one");
    assert_int_equal(s.len, 3);
    str_cut(&s, 4); /* no longer than it is */
    assert_int_equal(s.len, 3);
    str_free(&s);
}

static void test_take(void **state)
{
    (void)state;
    struct str s;
    str_init(&s, 100);
    char *p = str_take(&s);
    assert_string_equal(p, "");
    mem_free(p);
    str_add(&s, "one");
    p = str_take(&s);
    assert_string_equal(p, "one");
    mem_free(p);
    assert_int_equal(s.len, 0);
    str_add(&s, "two");
    assert_string_equal(s.p, "two");
    str_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
