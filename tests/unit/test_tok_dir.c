/* The tokenizer of a directory: its files, old and new, and its BOS, EOS, padding and
 * mask tokens. */
#include "base/json.h"
#include "text_fixture.h"

static struct tok *shared;

static int setup(void **state)
{
    (void)state;
    shared = fixture_tok(400, NULL, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tok_free(shared);
    return 0;
}

static void put(const char *dir, const char *name, const char *text)
{
    char path[512];
    const struct file_piece part = {text, strlen(text)};
    struct errinfo e;
    assert_ok(file_write(tmp_path(path, dir, name), &part, 1, &e), &e);
}

static void drop(const char *dir, const char *name)
{
    char path[512];
    (void)unlink(tmp_path(path, dir, name));
}

static struct tok *load(const char *dir)
{
    struct errinfo e;
    struct tok *t = NULL;
    assert_ok(tok_load_dir(dir, &t, &e), &e);
    return t;
}

static void expect_roles(const char *dir, int32_t bos, int32_t eos, int32_t pad,
                         int32_t mask)
{
    struct tok *t = load(dir);
    assert_int_equal(tok_bos(t), bos);
    assert_int_equal(tok_eos(t), eos);
    assert_int_equal(tok_pad(t), pad);
    assert_int_equal(tok_mask(t), mask);
    tok_free(t);
}

static void roles_from_each_file(void **state)
{
    (void)state;
    char dir[512];
    struct errinfo e;
    tmp_make(dir, sizeof dir);
    assert_ok(tok_save(shared, dir, 128, &e), &e);
    expect_roles(dir, 0, 1, 2, 3);
    /* By the usual names alone. */
    drop(dir, "tokenizer_config.json");
    expect_roles(dir, 0, 1, 2, 3);
    /* By id: 0 is an id like any other; the first of several. */
    put(dir, "config.json",
        "{\"bos_token_id\": 3, \"eos_token_id\": [0, 2], \"pad_token_id\": null}");
    expect_roles(dir, 3, 0, 2, 3);
    /* By text, before ids; also where it is the content of an added token. A text that
     * is not a token is ignored. */
    put(dir, "special_tokens_map.json",
        "{\"bos_token\": \"<|pad|>\", \"eos_token\": {\"content\": \"<|mask|>\"}}");
    expect_roles(dir, 2, 3, 2, 3);
    put(dir, "tokenizer_config.json",
        "{\"bos_token\": \"<|eos|>\", \"eos_token\": \"elsewhere\", \"mask_token\": null}");
    expect_roles(dir, 1, 3, 2, 3);
    tmp_drop(dir);
}

/* A mask token that is not special, as Gemma's. */
static void mask_among_plain_added_tokens(void **state)
{
    (void)state;
    char *json =
        fixture_json(shared, "\"added_tokens\": [",
                     "\"added_tokens\": [{\"id\": 400, \"content\": \"<mask>\", "
                     "\"special\": false, \"normalized\": false},");
    struct errinfo e;
    struct tok *t = NULL;
    assert_ok(tok_parse(json, strlen(json), "t.json", &t, &e), &e);
    assert_int_equal(tok_mask(t), 3); /* a special one first */
    assert_int_equal(tok_single(t, "<mask>"), 400);
    tok_free(t);
    mem_free(json);
}

/* ---- vocab.json and merges.txt ---- */

/* The old files of the shared tokenizer. */
static void put_old(const char *dir, const char *first_line, const char *end)
{
    char *json = fixture_json(shared, NULL, NULL);
    struct errinfo e;
    cJSON *root = NULL;
    assert_ok(json_parse(json, strlen(json), "t.json", &root, &e), &e);
    const cJSON *model = cJSON_GetObjectItemCaseSensitive(root, "model");
    char *vocab =
        cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(model, "vocab"));
    struct str merges;
    str_init(&merges, 1u << 20);
    str_addf(&merges, "%s", first_line);
    for (const cJSON *m = cJSON_GetObjectItemCaseSensitive(model, "merges")->child; m;
         m = m->next) {
        str_addf(&merges, "%s%s", m->valuestring, end);
    }
    put(dir, "vocab.json", vocab);
    put(dir, "merges.txt", merges.p);
    str_free(&merges);
    cJSON_free(vocab);
    cJSON_Delete(root);
    mem_free(json);
}

static void expect_same_ids(const struct tok *t)
{
    for (size_t i = 0; i < FIXTURE_DOCS; i++) {
        struct tok_ids a = {0};
        struct tok_ids b = {0};
        struct errinfo e;
        const size_t n = strlen(fixture_docs[i]);
        assert_ok(tok_encode(t, fixture_docs[i], n, &a, &e), &e);
        assert_ok(tok_encode(shared, fixture_docs[i], n, &b, &e), &e);
        assert_int_equal(a.n, b.n);
        assert_memory_equal(a.p, b.p, a.n * sizeof *a.p);
        tok_ids_free(&a);
        tok_ids_free(&b);
    }
}

static void old_files(void **state)
{
    (void)state;
    static const char *const ways[][2] = {{"#version: 0.2\n", "\n"}, {"", "\r\n"}};
    char dir[512];
    tmp_make(dir, sizeof dir);
    for (size_t i = 0; i < 2; i++) {
        put_old(dir, ways[i][0], ways[i][1]);
        put(dir, "tokenizer_config.json",
            "{\"bos_token\": \"<|bos|>\", \"eos_token\": \"<|eos|>\"}");
        put(dir, "added_tokens.json", "{\"wow\": 400}");
        struct tok *t = load(dir);
        expect_same_ids(t);
        assert_int_equal(tok_vocab(t), 401);
        assert_int_equal(tok_single(t, "wow"), 400);
        assert_int_equal(tok_bos(t), 0);
        assert_true(tok_is_special(t, 0));
        assert_true(tok_is_special(t, 1));
        tok_free(t);
    }
    /* Qwen2's class has digits apart; GPT-2's has them together. */
    struct tok *gpt2 = load(dir);
    put(dir, "tokenizer_config.json", "{\"tokenizer_class\": \"Qwen2Tokenizer\"}");
    struct tok *qwen = load(dir);
    struct errinfo e;
    struct tok_ids a = {0};
    struct tok_ids b = {0};
    assert_ok(tok_encode(gpt2, "e\xCC\x81", 3, &a, &e), &e);
    assert_ok(tok_encode(qwen, "\xC3\xA9", 2, &b, &e), &e);
    assert_int_equal(a.n, 3);
    assert_int_equal(b.n, tok_single(shared, "\xC3\xA9") >= 0 ? 1 : 2);
    b.n = 0;
    assert_ok(tok_encode(qwen, "e\xCC\x81", 3, &b, &e), &e); /* NFC makes it one */
    assert_true(b.n < a.n);
    tok_ids_free(&a);
    tok_ids_free(&b);
    tok_free(gpt2);
    tok_free(qwen);
    tmp_drop(dir);
}

static void expect_error(const char *dir, enum err code, const char *says)
{
    struct errinfo e = {OK, ""};
    struct tok *t = NULL;
    assert_int_equal(tok_load_dir(dir, &t, &e), code);
    assert_null(t);
    if (!strstr(e.msg, says)) {
        fail_msg("\"%s\", expected \"%s\"", e.msg, says);
    }
}

static void bad_directories(void **state)
{
    (void)state;
    char dir[512];
    tmp_make(dir, sizeof dir);
    expect_error(dir, ERR_MISSING,
                 "found no tokenizer.json, nor vocab.json and merges");
    put(dir, "tokenizer.model", "x");
    expect_error(dir, ERR_MISSING, "tokenizer.model alone is not read");
    put(dir, "vocab.json", "{\"a\": 0}");
    expect_error(dir, ERR_MISSING, "found no tokenizer.json");
    put(dir, "merges.txt", "a b c\n");
    expect_error(dir, ERR_FORMAT, "merges.txt: line 1: expected \"a b\"");
    static const char *const lines[] = {"#version: 0.2\nab\n", "a b\na \n", "a b\n b\n",
                                        "a b\na  b", "a b\n \n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        put(dir, "merges.txt", lines[i]);
        expect_error(dir, ERR_FORMAT, "merges.txt: line 2: expected \"a b\"");
    }
    put(dir, "merges.txt", "a b\n");
    expect_error(dir, ERR_FORMAT, "\"b\" is not in model.vocab");
    put(dir, "merges.txt", "");
    put(dir, "vocab.json", "{}");
    expect_error(dir, ERR_FORMAT, "vocab.json: model.vocab: found no tokens");
    put(dir, "vocab.json", "[1]");
    expect_error(dir, ERR_FORMAT, "vocab");
    put(dir, "vocab.json", "{");
    expect_error(dir, ERR_FORMAT, "vocab.json: line 1");
    static const char *const ids[] = {"\"7\"", "1.5", "-1", "null", "1e300"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "{\"ok\": 7, \"<x>\": %s}", ids[i]);
        put(dir, "added_tokens.json", text);
        expect_error(dir, ERR_FORMAT, "added_tokens.json: <x>: found ");
    }
    put(dir, "vocab.json", "{\"a\": 0, \"b\": 1}");
    put(dir, "added_tokens.json", "{\"x\": 2, \"a\": 0, \"y\": 1}");
    expect_error(dir, ERR_FORMAT,
                 "added_tokens.json: id 1 is \"y\", but \"b\" in vocab.json");
    put(dir, "added_tokens.json", "{\"x\": 2, \"y\": 2}");
    expect_error(dir, ERR_FORMAT, "added_tokens.json: id 2 is ");
    put(dir, "added_tokens.json", "{\"x\": 2, \"x\": \"3\"}");
    expect_error(dir, ERR_FORMAT, "added_tokens.json: x: found ");
    static const char *const files[][2] = {
        {"vocab.json", "{\"\xFF\": 0}"},
        {"merges.txt", "a \xFF\n"},
        {"added_tokens.json", "{\"\xC3\": 7}"},
        {"special_tokens_map.json", "{\"a\": \"\xC3\"}"},
        {"tokenizer_config.json", "\"\xC3\""}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char text[64];
        put(dir, "vocab.json", "{\"a\": 0}");
        put(dir, "merges.txt", "");
        put(dir, "added_tokens.json", "{}");
        put(dir, files[i][0], files[i][1]);
        (void)snprintf(text, sizeof text, "%s: not valid UTF-8", files[i][0]);
        expect_error(dir, ERR_FORMAT, text);
        drop(dir, files[i][0]);
    }
    put(dir, "config.json", "3");
    expect_error(dir, ERR_FORMAT, "config.json: expected a JSON object");
    tmp_drop(dir);
}

static void dropout_is_remarked(void **state)
{
    (void)state;
    char *json = fixture_json(shared, "\"dropout\": null", "\"dropout\": 0.1");
    struct errinfo e;
    struct tok *t = NULL;
    struct remarks r = {0};
    assert_ok(tok_parse(json, strlen(json), "t.json", &t, &e), &e);
    tok_remarks(t, &r);
    assert_int_equal(r.n, 1);
    assert_non_null(strstr(r.line[0], "model.dropout 0.1"));
    expect_same_ids(t);
    r.n = 0;
    tok_remarks(shared, &r);
    assert_int_equal(r.n, 0);
    tok_free(t);
    mem_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_from_each_file),
        cmocka_unit_test(mask_among_plain_added_tokens),
        cmocka_unit_test(old_files),
        cmocka_unit_test(bad_directories),
        cmocka_unit_test(dropout_is_remarked),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
