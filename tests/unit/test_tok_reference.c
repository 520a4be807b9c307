/* Token ids as transformers' AutoTokenizer gives them for the files that are written
 * here: fixtures of tests/ref/tokenizer_ids.py. */
#include "base/json.h"
#include "base/mem.h"
#include "check.h"
#include "text/tok.h"

#include <string.h>

static const char *fixture(char out[512], const char *name)
{
    const char *dir = getenv("SAETOP_FIXTURES");
    char tok[512];
    return tmp_path(out, tmp_path(tok, dir ? dir : "tests/fixtures", "tok"), name);
}

static const char *sample_file(char out[512], const char *name)
{
    const char *dir = getenv("SAETOP_SAMPLES");
    char model[512];
    return tmp_path(out, tmp_path(model, dir ? dir : "samples", "model"), name);
}

/* The bytes of hexadecimal digits in out[cap]; their number. */
static size_t from_hex(const char *hex, char *out, size_t cap)
{
    const size_t n = strlen(hex) / 2;
    assert_true(n <= cap);
    for (size_t i = 0; i < n; i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (char)byte;
    }
    return n;
}

/* One text both ways. */
static void check_case(const struct tok *t, const cJSON *item)
{
    char text[8192];
    struct errinfo e;
    struct tok_ids ids = {0};
    struct str back;
    const cJSON *hex = cJSON_GetObjectItemCaseSensitive(item, "text");
    const cJSON *expected = cJSON_GetObjectItemCaseSensitive(item, "ids");
    assert_true(cJSON_IsString(hex) && cJSON_IsArray(expected));
    const size_t n = from_hex(hex->valuestring, text, sizeof text);
    assert_ok(tok_encode(t, text, n, &ids, &e), &e);
    if ((int)ids.n != cJSON_GetArraySize(expected)) {
        fail_msg("%s: found %zu ids, expected %d", hex->valuestring, ids.n,
                 cJSON_GetArraySize(expected));
    }
    size_t i = 0;
    for (const cJSON *v = expected->child; v; v = v->next, i++) {
        assert_int_equal(ids.p[i], v->valueint);
    }
    str_init(&back, sizeof text);
    tok_decode(t, ids.p, ids.n, &back);
    assert_int_equal(back.len, n);
    assert_memory_equal(back.p, text, n);
    str_free(&back);
    tok_ids_free(&ids);
}

static void check_model(const char *tokenizer, const char *name)
{
    char path[512];
    struct errinfo e;
    struct tok *t = NULL;
    cJSON *root = NULL;
    const cJSON *cases = NULL;
    assert_ok(tok_load(tokenizer, &t, &e), &e);
    assert_ok(json_load(fixture(path, "ids.json"), 1u << 20, &root, &e), &e);
    assert_ok(json_arr((struct json_at){path, ""}, root, name, true, &cases, &e), &e);
    assert_true(cJSON_GetArraySize(cases) > 30);
    for (const cJSON *item = cases->child; item; item = item->next) {
        check_case(t, item);
    }
    cJSON_Delete(root);
    tok_free(t);
}

static void test_bundled_model(void **state)
{
    (void)state;
    char path[512];
    check_model(sample_file(path, "tokenizer.json"), "sample");
}

static void test_trained_model(void **state)
{
    (void)state;
    char path[512];
    check_model(fixture(path, "trained.json"), "trained");
}

/* The bundled model's files are what is written of it today, so that what the
 * reference makes of them holds for models to come. */
static void test_bundled_files_are_those_written(void **state)
{
    (void)state;
    static const char *const names[] = {"tokenizer.json", "tokenizer_config.json"};
    char dir[512];
    char path[512];
    struct errinfo e;
    struct tok *t = NULL;
    tmp_make(dir, sizeof dir);
    assert_ok(tok_load(sample_file(path, names[0]), &t, &e), &e);
    assert_ok(tok_save(t, dir, 128, &e), &e);
    for (size_t i = 0; i < 2; i++) {
        char *a = NULL;
        char *b = NULL;
        size_t n = 0;
        size_t m = 0;
        assert_ok(file_read(sample_file(path, names[i]), 1u << 20, &a, &n, &e), &e);
        assert_ok(file_read(tmp_path(path, dir, names[i]), 1u << 20, &b, &m, &e), &e);
        assert_int_equal(n, m);
        assert_memory_equal(a, b, n);
        mem_free(a);
        mem_free(b);
    }
    tok_free(t);
    tmp_drop(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bundled_model),
        cmocka_unit_test(test_trained_model),
        cmocka_unit_test(test_bundled_files_are_those_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
