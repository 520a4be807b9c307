/* UTF-8: round trips, malformed sequences, clipping, escaping. */
#include "base/utf8.h"
#include "unit/check.h"

static bool is_scalar(uint32_t cp)
{
    return cp <= 0x10FFFF && (cp < 0xD800 || cp > 0xDFFF);
}

static void test_round_trip(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        if (!is_scalar(cp)) {
            continue;
        }
        char b[4];
        const size_t n = utf8_put(cp, b);
        uint32_t back = UTF8_INVALID;
        const size_t want = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
        if (n != want || utf8_next(b, n, &back) != n || back != cp) {
            fail_msg("U+%04X", (unsigned)cp);
        }
        /* cut short it is invalid */
        for (size_t k = 1; k < n; k++) {
            assert_int_equal(utf8_next(b, k, &back), 1);
            assert_true(back == UTF8_INVALID);
        }
    }
}

/* Every 3-byte string against the definition: a sequence is valid exactly when it is
 * what the encoder makes of what it decodes to. */
static void test_all_three_bytes(void **state)
{
    (void)state;
    for (uint32_t v = 0; v < 1u << 24; v++) {
        const char s[3] = {(char)(v >> 16), (char)(v >> 8 & 0xFF), (char)(v & 0xFF)};
        uint32_t cp;
        const size_t n = utf8_next(s, 3, &cp);
        if (cp == UTF8_INVALID) {
            if (n != 1) {
                fail_msg("length %zu of %06x", n, (unsigned)v);
            }
            continue;
        }
        char b[4];
        if (!is_scalar(cp) || utf8_put(cp, b) != n || memcmp(b, s, n) != 0) {
            fail_msg("%06x decodes to %04x", (unsigned)v, (unsigned)cp);
        }
    }
}

static void test_invalid(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe",
        "\xe2\x28\xa1",
        "\xe2\x82\x28",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint32_t cp = 0;
        assert_int_equal(utf8_next(bad[i], strlen(bad[i]), &cp), 1);
        assert_true(cp == UTF8_INVALID);
    }
}

/* The naive twin: decode from the start. */
static size_t clip_ref(const char *s, size_t n, size_t max)
{
    size_t at = 0;
    while (at < n) {
        uint32_t cp;
        const size_t used = utf8_next(s + at, n - at, &cp);
        if (at + used > max) {
            break;
        }
        at += used;
    }
    return at;
}

static void test_clip(void **state)
{
    (void)state;
    static const char s[] =
        "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xb6\x80\x80\xe2\x82z\xf0\x9f";
    const size_t n = sizeof s - 1;
    for (size_t from = 0; from < n; from++) {
        for (size_t max = 0; max <= n + 2; max++) {
            assert_int_equal(utf8_clip(s + from, n - from, max),
                             clip_ref(s + from, n - from, max));
        }
    }
    assert_int_equal(utf8_clip(s, 10, 9), 6);
}

static void check_escape(const char *in, size_t n, const char *want)
{
    struct str s;
    str_init(&s, 1000);
    utf8_escape(&s, in, n);
    assert_string_equal(s.p, want);
    str_free(&s);
}

static void test_escape(void **state)
{
    (void)state;
    check_escape("plain \xc3\xa9\xf0\x9f\x90\xb6", 12,
                 "plain \xc3\xa9\xf0\x9f\x90\xb6");
    check_escape("a\nb\tc\r\x1b[0m\x7f\0", 12, "a\\nb\\tc\\x0d\\x1b[0m\\x7f\\x00");
    check_escape("\xff\xe2\x82", 3, "\\xff\\xe2\\x82");
    check_escape("\xc2\x9b", 2, "\\u{009b}");
    check_escape("\xe2\x80\xae", 3, "\\u{202e}");
    check_escape("\xe2\x81\xa6", 3, "\\u{2066}");
    check_escape("\xe2\x80\x8b", 3, "\\u{200b}");
    check_escape("\xef\xbb\xbf", 3, "\\u{feff}");
    check_escape("\xe2\x80\xa8", 3, "\\u{2028}");
    check_escape("\xf3\xa0\x81\x81", 4, "\\u{e0041}");
    check_escape("", 0, "");
}

/* Whatever goes in, only harmless code points come out. */
static void test_escape_is_safe(void **state)
{
    (void)state;
    struct str s;
    str_init(&s, 100);
    for (uint32_t cp = 0; cp < 0x110000; cp++) {
        char in[4];
        const size_t n = is_scalar(cp) ? utf8_put(cp, in) : 1;
        if (!is_scalar(cp)) {
            in[0] = (char)(0x80 | (cp & 0x7F));
        }
        str_clear(&s);
        utf8_escape(&s, in, n);
        for (size_t i = 0; i < s.len;) {
            uint32_t out;
            i += utf8_next(s.p + i, s.len - i, &out);
            if (out == UTF8_INVALID || utf8_is_unsafe(out)) {
                fail_msg("U+%04X passes as U+%04X", (unsigned)cp, (unsigned)out);
            }
        }
    }
    str_free(&s);
    static const uint32_t listed[] = {0,      0x1F,   0x7F,   0x80,   0x9F,
                                      0x200B, 0x200F, 0x202A, 0x202E, 0x2066,
                                      0x2069, 0xFEFF, 0x2028, 0x2029};
    for (size_t i = 0; i < sizeof listed / sizeof listed[0]; i++) {
        assert_true(utf8_is_unsafe(listed[i]));
    }
    static const uint32_t fine[] = {' ',    '~',    0xA0,   0xE9,
                                    0x200A, 0x2010, 0x202F, 0x1F436};
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
        assert_false(utf8_is_unsafe(fine[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_all_three_bytes),
        cmocka_unit_test(test_invalid),    cmocka_unit_test(test_clip),
        cmocka_unit_test(test_escape),     cmocka_unit_test(test_escape_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
