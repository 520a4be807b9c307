/* Markdown: escaping, wrapping, tables. */
#include "base/markdown.h"
#include "unit/check.h"

static void check_text(const char *text, const char *want)
{
    struct str s;
    str_init(&s, 1 << 16);
    md_text(&s, text);
    assert_string_equal(s.len ? s.p : "", want);
    str_free(&s);
}

static void test_text(void **state)
{
    (void)state;
    check_text("", "");
    check_text("plain, 0.3 (of k=4)", "plain, 0.3 (of k=4)");
    check_text("blocks.1.hook_resid_post", "blocks.1.hook_resid_post");
    check_text("_em_ a_ _b x_\x01", "\\_em\\_ a\\_ \\_b x\\_\\\\x01");
    check_text("a|b `c` *d* [e](f) <g> h&i ~j~ $k$",
               "a\\|b \\`c\\` \\*d\\* \\[e\\](f) \\<g\\> h\\&i \\~j\\~ \\$k\\$");
    check_text("two\nlines \t\r\n here", "two lines here");
    check_text("\x1b[31m", "\\\\x1b\\[31m");
    check_text("\xff", "\\\\xff");
    check_text("\xe2\x80\xae", "\\\\u{202e}"); /* right to left */
    check_text("gr\xc3\xbc\xc3\x9f_e", "gr\xc3\xbc\xc3\x9f_e");
}

static void check_wrap(const char *text, const char *first, const char *rest,
                       size_t width, const char *want)
{
    struct str s;
    str_init(&s, 1 << 16);
    md_wrap(&s, text, first, rest, width);
    assert_string_equal(s.p, want);
    str_free(&s);
}

static void test_wrap(void **state)
{
    (void)state;
    check_wrap("", "", "", 10, "\n");
    check_wrap("one two three", "", "", 7, "one two\nthree\n");
    check_wrap("one two three", "- ", "  ", 7, "- one\n  two\n  three\n");
    check_wrap("  far too long", "", "", 2, "far\ntoo\nlong\n");
    check_wrap("\xc3\xa4\xc3\xb6 \xc3\xbc b", "", "", 4,
               "\xc3\xa4\xc3\xb6 \xc3\xbc\nb\n");
    /* Wrapping does not turn a word into mark-up by putting it at the start of a
     * line. */
    check_wrap("word - dash", "", "", 6, "word -\ndash\n");
    check_wrap("word - dash", "", "", 5, "word\n\\-\ndash\n");
    check_wrap("word 1. # ##x --- == + >q 2) -5 1.5", "", "", 1,
               "word\n1\\.\n\\#\n\\##x\n\\---\n\\==\n\\+\n\\>q\n2\\)\n-5\n1.5\n");
}

static void test_table(void **state)
{
    (void)state;
    struct errinfo e;
    struct md_table t;
    struct str s;
    str_init(&s, 1 << 16);
    md_table_init(&t, "lr");
    md_cell(&t, "%s", "name");
    md_cell(&t, "%s", "value");
    md_cell_text(&t, "a|b");
    md_cell(&t, "%.1f ± %d", 1.5, 2);
    md_cell_text(&t, "last"); /* the row is filled up */
    assert_ok(md_table_end(&t, &s, &e), &e);
    assert_string_equal(s.p, "| name |   value |\n"
                             "|------|--------:|\n"
                             "| a\\|b | 1.5 ± 2 |\n"
                             "| last |         |\n");
    str_free(&s);
}

static void test_limits(void **state)
{
    (void)state;
    struct errinfo e;
    struct md_table t;
    struct str s;
    str_init(&s, 8);
    md_text(&s, "longer than eight");
    check_error(str_err(&s, "text", &e), ERR_LIMIT, &e, "longer than 8");
    str_free(&s);
    str_init(&s, 1 << 16);
    md_table_init(&t, "l");
    t.cells.max = 4;
    md_cell(&t, "%s", "too long");
    check_error(md_table_end(&t, &s, &e), ERR_LIMIT, &e, "table");
    assert_int_equal(s.len, 0);
    str_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
