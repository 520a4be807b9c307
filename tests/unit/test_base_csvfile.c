/* CSV: quoting, malformed tables, limits, writing that reads back. */
#include "base/csvfile.h"
#include "base/mem.h"
#include "base/rng.h"
#include "unit/check.h"

static struct csv_table *parse(const char *text)
{
    struct errinfo e;
    struct csv_table *t = NULL;
    assert_ok(csv_parse_table(text, strlen(text), "t.csv", NULL, &t, &e), &e);
    assert_non_null(t);
    return t;
}

static void check_parse_error(const char *text, size_t len,
                              const struct csv_limits *lim, enum err code,
                              const char *part)
{
    struct errinfo e;
    struct csv_table *t = NULL;
    check_error(csv_parse_table(text, len, "t.csv", lim, &t, &e), code, &e, part);
    assert_null(t);
}

static void test_table(void **state)
{
    (void)state;
    struct csv_table *t = parse("a,b,c\n1,\"x, \"\"y\"\"\nz\",\r\n\n\xc3\xa9,, d \n");
    assert_int_equal(t->cols, 3);
    assert_int_equal(t->rows, 2);
    assert_string_equal(t->header[2], "c");
    assert_string_equal(csv_at(t, 0, 0), "1");
    assert_string_equal(csv_at(t, 0, 1), "x, \"y\"\nz");
    assert_string_equal(csv_at(t, 0, 2), "");
    assert_string_equal(csv_at(t, 1, 0), "\xc3\xa9");
    assert_string_equal(csv_at(t, 1, 1), "");
    assert_string_equal(csv_at(t, 1, 2), " d "); /* blanks are part of a field */
    assert_int_equal(csv_col(t, "b"), 1);
    assert_int_equal(csv_col(t, "B"), -1);
    csv_free_table(t);
    csv_free_table(NULL);
    t = parse("\xef\xbb\xbfonly");
    assert_int_equal(t->rows, 0);
    assert_int_equal(t->cols, 1);
    assert_string_equal(t->header[0], "only");
    csv_free_table(t);
    t = parse("a,b\n1,"); /* a last field that is empty, without a newline */
    assert_int_equal(t->rows, 1);
    assert_string_equal(csv_at(t, 0, 1), "");
    csv_free_table(t);
    t = parse("a\n\"\"\n");
    assert_int_equal(t->rows, 1);
    csv_free_table(t);
}

static void test_malformed(void **state)
{
    (void)state;
    check_parse_error("", 0, NULL, ERR_FORMAT, "t.csv: found no rows");
    check_parse_error("\n\n\r\n", 4, NULL, ERR_FORMAT, "found no rows");
    check_parse_error("\xef\xbb\xbf", 3, NULL, ERR_FORMAT, "found no rows");
    check_parse_error("a,b\n1,2\n3\n", 10, NULL, ERR_FORMAT,
                      "t.csv: row 3: found 1 fields, expected 2 as in the header");
    check_parse_error("a,b\n1,2,3\n", 10, NULL, ERR_FORMAT, "row 2: found more than 2");
    check_parse_error("a,b\n1,x\"y\n", 10, NULL, ERR_FORMAT,
                      "row 2: found a stray quote");
    check_parse_error("a,b\n1,\"x\"y\n", 11, NULL, ERR_FORMAT,
                      "row 2: found a stray quote");
    check_parse_error("a,b\n1,\"xy\n", 10, NULL, ERR_FORMAT,
                      "row 2: found the end of the file in a quoted field");
    check_parse_error("a,b\n1,x\0y\n", 10, NULL, ERR_FORMAT, "row 2: found a NUL byte");
}

static void test_limits(void **state)
{
    (void)state;
    const struct csv_limits lim = {100, 2, 5};
    struct csv_table *t = NULL;
    struct errinfo e;
    assert_ok(csv_parse_table("a\n12345\n2\n", 10, "t", &lim, &t, &e), &e);
    csv_free_table(t);
    check_parse_error("a\n123456\n", 9, &lim, ERR_LIMIT,
                      "row 2: found a field of 6 bytes");
    check_parse_error("a\n1\n2\n3\n", 8, &lim, ERR_LIMIT, "found more than 2 rows");
    char big[200];
    memset(big, 'x', sizeof big);
    check_parse_error(big, 101, &lim, ERR_LIMIT,
                      "found 101 bytes, expected at most 100");
    const struct csv_limits open_end = {1u << 20, 10, 10};
    char *quoted = mem_alloc(200000, 1);
    assert_non_null(quoted);
    memset(quoted, 'x', 200000);
    quoted[0] = '"';
    check_parse_error(quoted, 200000, &open_end, ERR_LIMIT, "without an end");
    memset(quoted, ',', 200000);
    check_parse_error(quoted, 200000, NULL, ERR_FORMAT, "row 1: found more than 10000");
    mem_free(quoted);
}

static void test_need_col(void **state)
{
    (void)state;
    struct errinfo e;
    struct csv_table *t = parse("text,label,text\n");
    size_t col = 9;
    assert_ok(csv_need_col(t, "p.csv", "label", &col, &e), &e);
    assert_int_equal(col, 1);
    check_error(csv_need_col(t, "p.csv", "split", &col, &e), ERR_FORMAT, &e,
                "p.csv: no column split; it has text, label, text");
    check_error(csv_need_col(t, "p.csv", "text", &col, &e), ERR_FORMAT, &e,
                "p.csv: columns 1 and 3 are both named text");
    assert_int_equal(col, 1);
    csv_free_table(t);
}

static void test_load(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[256];
    char path[512];
    struct csv_table *t = NULL;
    tmp_make(dir, sizeof dir);
    tmp_path(path, dir, "x.csv");
    check_error(csv_load(path, NULL, &t, &e), ERR_MISSING, &e, "x.csv");
    assert_ok(file_write_text(path, "a,b\n1\n", &e), &e);
    check_error(csv_load(path, NULL, &t, &e), ERR_FORMAT, &e, "x.csv: row 2");
    const struct csv_limits lim = {5, 9, 9};
    check_error(csv_load(path, &lim, &t, &e), ERR_LIMIT, &e, "x.csv: found 6 bytes");
    assert_ok(file_write_text(path, "a,b\n1,2\n", &e), &e);
    assert_ok(csv_load(path, NULL, &t, &e), &e);
    assert_string_equal(csv_at(t, 0, 1), "2");
    csv_free_table(t);
    tmp_drop(dir);
}

/* Tables of awkward fields, written and read. */
static void test_round_trip(void **state)
{
    (void)state;
    static const char alphabet[] = "ab,\"\n\r \t\xc3;";
    enum { ROWS = 30 };
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct rng r = rng_begin(seed, RNG_SAMPLE, 0);
        const size_t cols = 1 + (size_t)rng_below(&r, 4);
        char field[ROWS * 4][8] = {{0}};
        struct str s;
        str_init(&s, 100000);
        for (size_t i = 0; i < ROWS * cols; i++) {
            const size_t n = (size_t)rng_below(&r, 8);
            for (size_t k = 0; k < n; k++) {
                field[i][k] = alphabet[rng_below(&r, sizeof alphabet - 1)];
            }
            csv_add(&s, field[i], i % cols == 0);
            if (i % cols == cols - 1) {
                str_add(&s, seed % 2 ? "\n" : "\r\n");
            }
        }
        struct csv_table *t = parse(s.p);
        assert_int_equal(t->cols, cols);
        assert_int_equal(t->rows, ROWS - 1);
        for (size_t i = 0; i < ROWS * cols; i++) {
            assert_string_equal(t->header[i], field[i]);
        }
        csv_free_table(t);
        str_free(&s);
    }
}

static void test_add(void **state)
{
    (void)state;
    struct str s;
    str_init(&s, 100);
    csv_add(&s, "plain", 1);
    csv_add(&s, "", 0);
    csv_add(&s, "a\"b", 0);
    csv_add(&s, "c,d", 0);
    assert_string_equal(s.p, "plain,,\"a\"\"b\",\"c,d\"");
    str_clear(&s);
    csv_add(&s, "", 1);
    assert_string_equal(s.p, "\"\"");
    str_clear(&s);
    csv_add(&s, "\xef\xbb\xbfx", 1);
    assert_string_equal(s.p, "\"\xef\xbb\xbfx\"");
    str_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),  cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_need_col),
        cmocka_unit_test(test_load),   cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_add),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
