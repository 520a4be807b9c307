/* Numbers as people read them. */
#include "base/duration.h"
#include "base/number.h"
#include "unit/check.h"

#include <math.h>

static void test_show(void **state)
{
    (void)state;
    static const struct {
        enum number_style style;
        int width, decimals;
        double v;
        const char *want;
    } cases[] = {
        {NUMBER_PLAIN, 0, 2, 0.125, "0.12"},
        {NUMBER_PLAIN, 8, 3, 1.5, "   1.500"},
        {NUMBER_SIGNED, 0, 2, 1.5, "+1.50"},
        {NUMBER_SIGNED, 7, 1, -1.25, "   -1.2"},
        {NUMBER_POWER, 8, 2, 0.00123, "1.23e-03"},
        {NUMBER_PLAIN, 4, 2, NAN, "   -"},
        {NUMBER_SIGNED, 0, 2, INFINITY, "-"},
        {NUMBER_POWER, 8, 2, -INFINITY, "       -"},
        {NUMBER_PLAIN, 0, 1, 1e300, "1.0e+300"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(
            NUMBER(cases[i].style, cases[i].width, cases[i].decimals, cases[i].v),
            cases[i].want);
    }
}

/* Nothing but 0 and 1 is 0 % or 100 %. */
static void test_percent(void **state)
{
    (void)state;
    static const struct {
        int decimals;
        double share;
        const char *want;
    } cases[] = {
        {0, 0.0, "0"},         {0, 1e-9, "<1"},      {0, 0.0049, "<1"},
        {0, 0.0051, "1"},      {0, 0.37, "37"},      {0, 0.9949, "99"},
        {0, 0.9951, ">99"},    {0, 0.999999, ">99"}, {0, 1.0, "100"},
        {1, 0.0004, "<0.1"},   {1, 0.0006, "0.1"},   {1, 0.9996, ">99.9"},
        {0, (double)NAN, "-"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(NUMBER_PERCENT(cases[i].decimals, cases[i].share),
                            cases[i].want);
    }
}

/* Both forms, at the edges of their units. */
static void durations(void **state)
{
    static const struct {
        double seconds;
        const char *brief, *words;
    } cases[] = {
        {0, "0s", "0 s"},
        {41.4, "41s", "41 s"},
        {59.6, "1m00s", "1 min 00 s"},
        {108, "1m48s", "1 min 48 s"},
        {3599.6, "1h00m", "1 h 00 min"},
        {7500, "2h05m", "2 h 05 min"},
        {359999, "99h59m", "99 h 59 min"},
        {432000, "5 days", "5 days"},
        {-1, "?", "?"},
        {(double)NAN, "?", "?"},
        {1e12, "?", "?"},
    };
    char text[32];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(duration_text(cases[i].seconds, DURATION_BRIEF, text),
                            cases[i].brief);
        assert_string_equal(duration_text(cases[i].seconds, DURATION_WORDS, text),
                            cases[i].words);
    }
}

static void a_hash_is_sixteen_digits(void **state)
{
    (void)state;
    static const char *const others[] = {"",
                                         "-1",
                                         "0x00000000000001",
                                         "fb1234567890abc",
                                         "fb1234567890abcde",
                                         "FB1234567890ABCD",
                                         " b1234567890abcd",
                                         "fb1234567890abcg"};
    uint64_t h = 7;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(number_hash(others[i], &h));
        assert_true(h == 7);
    }
    assert_true(number_hash("fb1234567890abcd", &h));
    assert_true(h == 0xfb1234567890abcdULL);
}

static void thousands_are_grouped(void **state)
{
    (void)state;
    assert_string_equal(THOUSANDS(0), "0");
    assert_string_equal(THOUSANDS(999), "999");
    assert_string_equal(THOUSANDS(2000), "2,000");
    assert_string_equal(THOUSANDS(-1234567), "-1,234,567");
    assert_string_equal(THOUSANDS(INT64_MIN), "-9,223,372,036,854,775,808");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_is_sixteen_digits),
        cmocka_unit_test(thousands_are_grouped),
        cmocka_unit_test(durations),
        cmocka_unit_test(test_show),
        cmocka_unit_test(test_percent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
