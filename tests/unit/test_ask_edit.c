/* The text of an edit: what is read, what is printed, what is refused. */
#include "ask/ask_edit.h"
#include "unit/check.h"

#include <math.h>

static void test_edit_text(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed;
        struct ask_edit edit;
    } good[] = {
        {"3=1.5", "3=add:1.5", {3, ASK_ADD, 1.5, ASK_ALL, 0}},
        {"0=-2@0", "0=add:-2@0", {0, ASK_ADD, -2, ASK_AT, 0}},
        {"17=scale:0.5@4-", "17=scale:0.5@4-", {17, ASK_SCALE, 0.5, ASK_FROM, 4}},
        {"17=clamp:1e1", "17=clamp:10", {17, ASK_CLAMP, 10, ASK_ALL, 0}},
        {"9=zero@12", "9=zero@12", {9, ASK_ZERO, 0, ASK_AT, 12}},
    };
    static const char *const bad[] = {
        "",
        "3",
        "=1",
        "3=",
        "3=x",
        "-1=2",
        "3=1@",
        "3=1@x",
        "3=1@4-5",
        "3=nan",
        "3=inf",
        "3=1 ",
        " 3=1",
        "3=0x10",
        "3=1e999",
        "3=add:",
        "3=zero:1",
        "3=times:2",
        "3=1@-4",
        "3=scale:2@4--",
        "99999999999=1",
        "3=1e39",
        "3=1@9999999999",
    };
    struct errinfo e;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct ask_edit x = {0}, y = {0};
        struct str s;
        str_init(&s, 200);
        assert_ok(ask_edit_parse(good[i].text, &x, &e), &e);
        assert_int_equal(x.latent, good[i].edit.latent);
        assert_int_equal(x.how, good[i].edit.how);
        assert_true(fabs(x.value - good[i].edit.value) < 1e-12);
        assert_int_equal(x.where, good[i].edit.where);
        assert_int_equal(x.pos, good[i].edit.pos);
        ask_edit_print(&x, &s);
        assert_string_equal(s.p, good[i].printed);
        assert_ok(ask_edit_parse(s.p, &y, &e), &e);
        assert_true(y.latent == x.latent && y.how == x.how && y.where == x.where);
        str_free(&s);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ask_edit x = {0};
        check_error(ask_edit_parse(bad[i], &x, &e), ERR_USAGE, &e, "expected LATENT=X");
    }
}

/* Multiples of the largest activation seen: typed, turned into the unit, shown; files
 * have none. */
static void test_multiples(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed, *times;
    } good[] = {
        {"3=2x", "3=add:5", "2.0x"},
        {"3=0.5x@4", "3=add:1.25@4", "0.5x"},
        {"3=add:-1x@4-", "3=add:-2.5@4-", "-1.0x"},
        {"3=clamp:.25x", "3=clamp:0.625", "0.25x"},
        {"3=0x", "3=add:0", "0.0x"},
    };
    static const char *const bad[] = {"3=x",     "3=2xx",  "3=2 x",
                                      "3=2x4",   "3=0x10", "3=scale:2x",
                                      "3=zerox", "3=2X",   "3=2@4x"};
    struct ask_edit x = {0};
    struct errinfo e;
    bool times = false;
    char shown[ASK_EDIT_TIMES];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct str s;
        str_init(&s, 200);
        check_error(ask_edit_parse(good[i].text, &x, &e), ERR_USAGE, &e,
                    "expected LATENT=X");
        assert_ok(ask_edit_parse_typed(good[i].text, &x, &times, &e), &e);
        assert_true(times);
        assert_ok(ask_edit_times(&x, 2.5, &e), &e);
        ask_edit_print(&x, &s);
        assert_string_equal(s.p, good[i].printed);
        assert_string_equal(ask_edit_as_times(&x, 2.5, shown), good[i].times);
        str_free(&s);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        check_error(ask_edit_parse_typed(bad[i], &x, &times, &e), ERR_USAGE, &e,
                    "twice the largest activation");
    }
    assert_ok(ask_edit_parse_typed("3=2", &x, &times, &e), &e);
    assert_false(times);
    assert_string_equal(ask_edit_as_times(&x, (double)NAN, shown), "");
    assert_string_equal(ask_edit_as_times(&x, 0, shown), "");
    x.how = ASK_SCALE;
    assert_string_equal(ask_edit_as_times(&x, 2.5, shown), "");
    assert_ok(ask_edit_parse_typed("7=2x", &x, &times, &e), &e);
    check_error(ask_edit_times(&x, (double)NAN, &e), ERR_USAGE, &e,
                "latent 7: found 2x, but its largest activation seen is not known");
    check_error(ask_edit_times(&x, 0, &e), ERR_USAGE, &e, "seen is 0");
    check_error(ask_edit_times(&x, 3e38, &e), ERR_USAGE, &e, "no float holds");
    assert_true(x.value == 2.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_edit_text),
                                       cmocka_unit_test(test_multiples)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
