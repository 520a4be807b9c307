/* JSON: places of faults, every error of every getter, writing that reads back. */
#include "base/json.h"
#include "base/mem.h"
#include "unit/check.h"

#include <locale.h>
#include <math.h>

static cJSON *parse(const char *text)
{
    struct errinfo e;
    cJSON *tree = NULL;
    assert_ok(json_parse(text, strlen(text), "t.json", &tree, &e), &e);
    assert_non_null(tree);
    return tree;
}

static void check_parse_error(const char *text, size_t len, const char *part)
{
    struct errinfo e;
    cJSON *tree = NULL;
    /* An exact copy: the address sanitizer sees a read past the end. */
    char *exact = malloc(len > 0 ? len : 1);
    assert_non_null(exact);
    memcpy(exact, text, len);
    check_error(json_parse(exact, len, "t.json", &tree, &e), ERR_FORMAT, &e, part);
    assert_null(tree);
    assert_true(strncmp(e.msg, "t.json: line ", 13) == 0);
    free(exact);
}

static void test_parse(void **state)
{
    (void)state;
    cJSON_Delete(parse("{\"a\":[1,2,{\"b\":null}]}"));
    cJSON_Delete(parse(" \r\n\t 3 \n\n"));
    cJSON_Delete(parse("\xef\xbb\xbf{}"));
    /* not NUL-terminated */
    struct errinfo e;
    cJSON *tree = NULL;
    assert_ok(json_parse("[1]garbage", 3, "t", &tree, &e), &e);
    cJSON_Delete(tree);
}

/* The tree's strings end at a NUL, so that a text would lose its rest. */
static void test_nul(void **state)
{
    (void)state;
    check_parse_error("{\n\"a\": \"b\\u0000c\"}", 18,
                      "line 2, column 8: found \"\\u0000\", expected text without NUL");
    check_parse_error("{\"a\\u0000\": 1}", 14, "column 4: found \"\\u0000\"");
    check_parse_error("[\"a\0b\"]", 7, "column 4: found a NUL byte");
    cJSON_Delete(parse("[\"\\\\u0000\"]")); /* a backslash and u0000 */
    struct errinfo e;
    cJSON *tree = NULL;
    char nul = 'x';
    const char text[] = "\"\xff"
                        "a\0b\\u0000\\\\u0000\"";
    assert_ok(json_parse_nul(text, sizeof text - 1, "t", 1, &tree, &nul, &e), &e);
    assert_int_equal((unsigned char)nul, 0xFE);
    assert_string_equal(tree->valuestring, "\xff"
                                           "a\xfe"
                                           "b\xfe\\u0000");
    cJSON_Delete(tree);
    assert_ok(json_parse_nul("\"a\"", 3, "t", 1, &tree, &nul, &e), &e);
    assert_int_equal(nul, '\0');
    cJSON_Delete(tree);
    /* No byte is left to stand for it. */
    const char full[] = "\"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\\u0000\"";
    tree = NULL;
    check_error(json_parse_nul(full, sizeof full - 1, "t", 7, &tree, &nul, &e),
                ERR_FORMAT, &e, "t: line 7, column 10: found \"\\u0000\"");
    check_error(json_parse_nul("{\n]", 3, "t", 7, &tree, &nul, &e), ERR_FORMAT, &e,
                "t: line 8, column 1: found \"]\"");
    assert_null(tree);
}

static void test_parse_errors(void **state)
{
    (void)state;
    check_parse_error("", 0, "line 1, column 1: found the end, expected valid JSON");
    check_parse_error("{\n  \"a\": 1,\n  \"b\": x\n}", 22,
                      "line 3, column 8: found \"x\\n}\", expected valid JSON");
    check_parse_error("[\"\xc3\xa9\", ?]", 9, "line 1, column 7");
    check_parse_error("{} []", 5,
                      "column 4: found \"[]\", expected the end of the file");
    check_parse_error("[1]\0", 4, "column 4: found a NUL byte");
    check_parse_error("[1, 2", 5, "line 1, column 5");
    check_parse_error("\"abc", 4, "expected valid JSON");
    check_parse_error("{\"a\":}", 6, "expected valid JSON");
    check_parse_error("nul", 3, "expected valid JSON");
    check_parse_error("   ", 3, "expected valid JSON");
    check_parse_error("[\"\\ud800\"]", 10, "expected valid JSON");
    check_parse_error("\x1b[2J\x1b[2J", 8, "\\x1b[2J");
    char deep[3000];
    memset(deep, '[', sizeof deep);
    check_parse_error(deep, sizeof deep, "column 1001");
}

static void test_load(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[256];
    char path[512];
    cJSON *tree = NULL;
    tmp_make(dir, sizeof dir);
    tmp_path(path, dir, "x.json");
    check_error(json_load(path, 100, &tree, &e), ERR_MISSING, &e, "x.json");
    assert_ok(file_write_text(path, "{\"a\":1}", &e), &e);
    assert_ok(json_load(path, 7, &tree, &e), &e);
    cJSON_Delete(tree);
    check_error(json_load(path, 6, &tree, &e), ERR_LIMIT, &e, "x.json");
    assert_ok(file_write_text(path, "{\"a\":", &e), &e);
    check_error(json_load(path, 100, &tree, &e), ERR_FORMAT, &e, "x.json: line 1");
    tmp_drop(dir);
}

static const struct json_at top = {"f.json", ""};
static const struct json_at in_model = {"f.json", "model"};

static void test_int(void **state)
{
    (void)state;
    struct errinfo e;
    cJSON *t = parse("{\"a\":3,\"neg\":-3,\"frac\":1.5,\"s\":\"3\",\"nul\":null,"
                     "\"big\":1e300,\"edge\":9007199254740992,\"inf\":1e999,\"A\":4}");
    int64_t v = 77;
    assert_ok(json_int(top, t, "a", true, 3, 3, &v, &e), &e);
    assert_int_equal(v, 3);
    assert_ok(json_int(top, t, "A", true, 1, 9, &v, &e), &e);
    assert_int_equal(v, 4);
    assert_ok(json_int(top, t, "neg", true, INT64_MIN, INT64_MAX, &v, &e), &e);
    assert_int_equal(v, -3);
    assert_ok(json_int(top, t, "edge", true, 0, INT64_MAX, &v, &e), &e);
    assert_true(v == (int64_t)1 << 53);
    v = 77;
    assert_ok(json_int(top, t, "none", false, 0, 1, &v, &e), &e);
    assert_ok(json_int(top, t, "nul", false, 0, 1, &v, &e), &e);
    assert_int_equal(v, 77);
    check_error(json_int(in_model, t, "neg", true, 1, 200, &v, &e), ERR_FORMAT, &e,
                "f.json: model.neg: found -3, expected an integer from 1 to 200");
    check_error(json_int(top, t, "a", true, 4, INT64_MAX, &v, &e), ERR_FORMAT, &e,
                "f.json: a: found 3, expected an integer of 4 or more");
    check_error(json_int(top, t, "a", true, INT64_MIN, 2, &v, &e), ERR_FORMAT, &e,
                "expected an integer of 2 or less");
    check_error(json_int(top, t, "frac", false, 0, 9, &v, &e), ERR_FORMAT, &e,
                "found 1.5");
    check_error(json_int(top, t, "s", false, 0, 9, &v, &e), ERR_FORMAT, &e,
                "found \"3\"");
    check_error(json_int(top, t, "big", true, INT64_MIN, INT64_MAX, &v, &e), ERR_FORMAT,
                &e, "found 1e+300, expected an integer");
    check_error(json_int(top, t, "inf", true, INT64_MIN, INT64_MAX, &v, &e), ERR_FORMAT,
                &e, "found inf");
    check_error(json_int(top, t, "none", true, 0, 9, &v, &e), ERR_FORMAT, &e,
                "none: found nothing, expected an integer from 0 to 9");
    check_error(json_int(top, t, "nul", true, 0, 9, &v, &e), ERR_FORMAT, &e,
                "found null");
    assert_int_equal(v, 77);
    cJSON_Delete(t);
}

static void test_num(void **state)
{
    (void)state;
    struct errinfo e;
    cJSON *t = parse("{\"a\":0.25,\"b\":true,\"inf\":1e999}");
    double v = 7.0;
    assert_ok(json_num(top, t, "a", true, 0.25, 0.25, &v, &e), &e);
    assert_true(fabs(v - 0.25) < 1e-300);
    assert_ok(json_num(top, t, "none", false, 0, 1, &v, &e), &e);
    check_error(json_num(in_model, t, "a", true, 0.5, 1.0, &v, &e), ERR_FORMAT, &e,
                "f.json: model.a: found 0.25, expected a number from 0.5 to 1");
    check_error(json_num(top, t, "a", true, (double)-INFINITY, 0.0, &v, &e), ERR_FORMAT,
                &e, "a number of 0 or less");
    check_error(json_num(top, t, "b", false, 0, 1, &v, &e), ERR_FORMAT, &e,
                "found true");
    check_error(json_num(top, t, "none", true, 0, 1, &v, &e), ERR_FORMAT, &e,
                "nothing");
    check_error(json_num(top, t, "inf", true, 0, (double)INFINITY, &v, &e), ERR_FORMAT,
                &e, "found inf, expected a number of 0 or more");
    assert_true(fabs(v - 0.25) < 1e-300);
    cJSON_Delete(t);
}

static void test_others(void **state)
{
    (void)state;
    struct errinfo e;
    cJSON *t =
        parse("{\"b\":false,\"s\":\"hi\\u001b\",\"o\":{\"x\":1},\"a\":[1],\"n\":0,"
              "\"long\":\"0123456789012345678901234567890\"}");
    bool b = true;
    const char *s = NULL;
    const cJSON *o = NULL;
    const cJSON *a = NULL;
    assert_ok(json_bool(top, t, "b", true, &b, &e), &e);
    assert_false(b);
    assert_ok(json_str(top, t, "s", true, &s, &e), &e);
    assert_string_equal(s, "hi\x1b");
    assert_ok(json_obj(top, t, "o", true, &o, &e), &e);
    assert_true(cJSON_IsObject(o));
    assert_ok(json_arr(top, t, "a", true, &a, &e), &e);
    assert_int_equal(cJSON_GetArraySize(a), 1);

    assert_ok(json_bool(top, t, "?", false, &b, &e), &e);
    assert_ok(json_str(top, t, "?", false, &s, &e), &e);
    assert_ok(json_obj(top, t, "?", false, &o, &e), &e);
    assert_ok(json_arr(top, t, "?", false, &a, &e), &e);
    assert_true(!b && s && cJSON_IsObject(o) && cJSON_IsArray(a)); /* as they were */

    check_error(json_bool(top, t, "n", false, &b, &e), ERR_FORMAT, &e,
                "f.json: n: found 0, expected true or false");
    check_error(json_bool(top, t, "s", false, &b, &e), ERR_FORMAT, &e,
                "found \"hi\\x1b\"");
    check_error(json_str(top, t, "o", false, &s, &e), ERR_FORMAT, &e,
                "found an object, expected a string");
    check_error(json_obj(top, t, "a", false, &o, &e), ERR_FORMAT, &e,
                "found an array, expected an object");
    check_error(json_arr(top, t, "b", false, &a, &e), ERR_FORMAT, &e,
                "found false, expected an array");
    check_error(json_arr(top, t, "long", false, &a, &e), ERR_FORMAT, &e,
                "found \"012345678901234567890123...\"");
    check_error(json_bool(top, t, "?", true, &b, &e), ERR_FORMAT, &e, "found nothing");
    check_error(json_str(top, t, "?", true, &s, &e), ERR_FORMAT, &e, "found nothing");
    check_error(json_obj(in_model, t, "?", true, &o, &e), ERR_FORMAT, &e, "model.?");
    check_error(json_arr(top, t, "?", true, &a, &e), ERR_FORMAT, &e, "found nothing");
    /* asked of what is no object */
    check_error(json_bool(in_model, a, "x", false, &b, &e), ERR_FORMAT, &e,
                "f.json: model: found an array, expected an object with \"x\"");
    check_error(json_bool(top, NULL, "x", false, &b, &e), ERR_FORMAT, &e,
                "f.json: top level: found nothing");
    cJSON_Delete(t);
}

static void test_add_string(void **state)
{
    (void)state;
    static const char text[] =
        "a\"b\\c\n\t\r\x1b\x7f/\xc3\xa9\xe2\x80\xae\xf3\xa0\x81\x81"
        "\xff\xf0\x9f\x90\xb6";
    struct str s;
    str_init(&s, 1000);
    json_add_string(&s, text, sizeof text - 1);
    assert_string_equal(s.p, "\"a\\\"b\\\\c\\n\\t\\u000d\\u001b\\u007f/\xc3\xa9\\u202e"
                             "\\udb40\\udc41\xef\xbf\xbd\xf0\x9f\x90\xb6\"");
    cJSON *t = parse(s.p);
    assert_string_equal(t->valuestring,
                        "a\"b\\c\n\t\r\x1b\x7f/\xc3\xa9\xe2\x80\xae\xf3\xa0\x81\x81"
                        "\xef\xbf\xbd\xf0\x9f\x90\xb6");
    cJSON_Delete(t);
    str_clear(&s);
    json_add_string(&s, "", 0);
    assert_string_equal(s.p, "\"\"");
    str_free(&s);
}

static void check_number(double v, const char *want)
{
    struct str s;
    str_init(&s, 100);
    json_add_number(&s, v);
    if (want) {
        assert_string_equal(s.p, want);
    }
    cJSON *t = parse(s.p);
    if (isfinite(v)) {
        assert_memory_equal(&t->valuedouble, &v, sizeof v);
    } else {
        assert_true(cJSON_IsNull(t));
    }
    cJSON_Delete(t);
    str_free(&s);
}

static void test_add_number(void **state)
{
    (void)state;
    check_number(0.0, "0");
    check_number(-0.0, "-0");
    check_number(0.1, "0.1");
    check_number(1.0 / 3.0, NULL);
    check_number(1e300, "1e+300");
    check_number(5e-324, NULL);
    check_number(1.7976931348623157e308, NULL);
    check_number(123456789012345678.0, NULL);
    check_number((double)NAN, "null");
    check_number((double)INFINITY, "null");
    /* A locale with a decimal comma, where the system has one. */
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8")) {
        struct str s;
        str_init(&s, 100);
        json_add_number(&s, 0.5);
        setlocale(LC_NUMERIC, "C");
        assert_string_equal(s.p, "0.5");
        str_free(&s);
    }
}

static void test_print(void **state)
{
    (void)state;
    struct errinfo e;
    cJSON *t = parse("{\"a\":[1,2.5],\"b\":\"x\"}");
    struct str s;
    str_init(&s, 1000);
    assert_ok(json_print(t, &s, &e), &e);
    assert_int_equal(s.p[s.len - 1], '\n');
    cJSON *back = parse(s.p);
    assert_true(cJSON_Compare(t, back, 1));
    cJSON_Delete(back);
    str_free(&s);
    str_init(&s, 5);
    check_error(json_print(t, &s, &e), ERR_LIMIT, &e, "JSON text");
    str_free(&s);
    cJSON_Delete(t);
    /* No byte of the output acts on a terminal, whatever the tree holds. */
    t = cJSON_CreateString("\x1b\x7f\xe2\x80\xae\xff\xc3\xa9");
    str_init(&s, 1000);
    assert_ok(json_print(t, &s, &e), &e);
    assert_string_equal(s.p, "\"\\u001b\\u007f\\u202e\xef\xbf\xbd\xc3\xa9\"\n");
    str_free(&s);
    cJSON_Delete(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),      cmocka_unit_test(test_parse_errors),
        cmocka_unit_test(test_nul),        cmocka_unit_test(test_load),
        cmocka_unit_test(test_int),        cmocka_unit_test(test_num),
        cmocka_unit_test(test_others),     cmocka_unit_test(test_add_string),
        cmocka_unit_test(test_add_number), cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
