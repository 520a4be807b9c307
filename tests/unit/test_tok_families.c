/* Ids by the reference's tokenizers: one small tokenizer for each family of models, as
 * tokenizer.json and as GGUF's arrays; fixtures of
 * tests/ref/make_tokenizer_fixtures.py.
 */
#include "base/json.h"
#include "base/mem.h"
#include "check.h"
#include "text/tok.h"

#include <string.h>

static char *fixture(char out[512], const char *family, const char *name)
{
    const char *dir = getenv("SAETOP_FIXTURES");
    (void)snprintf(out, 512, "%.200s/tokenizers/%.60s/%.60s",
                   dir ? dir : "tests/fixtures", family, name);
    return out;
}

static cJSON *load(const char *family, const char *name)
{
    char path[512];
    struct errinfo e;
    cJSON *root = NULL;
    assert_ok(json_load(fixture(path, family, name), 1u << 20, &root, &e), &e);
    return root;
}

static const cJSON *get(const cJSON *obj, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(obj, key);
    if (!v) {
        fail_msg("no %s", key);
    }
    return v;
}

/* The bytes of hexadecimal digits; mem_free. */
static char *from_hex(const char *hex, size_t *n)
{
    *n = strlen(hex) / 2;
    char *out = mem_alloc(*n + 1, 1);
    assert_non_null(out);
    for (size_t i = 0; i < *n; i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (char)byte;
    }
    return out;
}

static void expect_ids(const char *what, const struct tok_ids *ids, const cJSON *want,
                       const char *hex)
{
    size_t i = 0;
    for (const cJSON *v = want->child; v; v = v->next, i++) {
        if (i >= ids->n || ids->p[i] != v->valueint) {
            fail_msg("%s: text %s: id %zu of %zu is %d, expected %d", what, hex, i,
                     ids->n, i < ids->n ? (int)ids->p[i] : -1, v->valueint);
        }
    }
    if (i != ids->n) {
        fail_msg("%s: text %s: %zu ids, expected %zu", what, hex, ids->n, i);
    }
}

/* Each text of a list against its ids: by itself, and with what earlier texts left in
 * the scratch. */
static void check_list(const char *what, const struct tok *t, const cJSON *texts,
                       const cJSON *ids, bool whole)
{
    struct errinfo e;
    struct tok_scratch *s = NULL;
    const cJSON *want = ids->child;
    assert_ok(tok_scratch_new(t, &s, &e), &e);
    for (const cJSON *text = texts->child; text && want;
         text = text->next, want = want->next) {
        struct tok_ids got = {0};
        size_t n = 0;
        char *bytes = from_hex(text->valuestring, &n);
        if (whole) {
            assert_ok(tok_encode_whole(t, bytes, n, &got, &e), &e);
        } else {
            assert_ok(tok_encode(t, bytes, n, &got, &e), &e);
        }
        expect_ids(what, &got, want, text->valuestring);
        if (!whole) {
            got.n = 0;
            assert_ok(tok_encode_with(t, s, bytes, n, &got, &e), &e);
            expect_ids(what, &got, want, text->valuestring);
        }
        tok_ids_free(&got);
        mem_free(bytes);
    }
    tok_scratch_free(s);
}

/* Invalid UTF-8 comes back unchanged where symbols are bytes. */
static void check_bytes_come_back(const struct tok *t, const cJSON *texts)
{
    struct errinfo e;
    for (const cJSON *text = texts->child; text; text = text->next) {
        struct tok_ids ids = {0};
        struct str back;
        size_t n = 0;
        char *bytes = from_hex(text->valuestring, &n);
        assert_ok(tok_encode(t, bytes, n, &ids, &e), &e);
        str_init(&back, 1u << 16);
        tok_decode(t, ids.p, ids.n, &back);
        if (back.len != n || memcmp(back.p, bytes, n) != 0) {
            fail_msg("%s does not come back", text->valuestring);
        }
        str_free(&back);
        tok_ids_free(&ids);
        mem_free(bytes);
    }
}

static bool is_byte_level(const cJSON *root)
{
    char *pre = cJSON_PrintUnformatted(get(root, "pre_tokenizer"));
    const bool found = strstr(pre, "ByteLevel") != NULL;
    cJSON_free(pre);
    return found;
}

static void check_family(const char *family)
{
    char path[512];
    struct errinfo e;
    struct tok *t = NULL;
    cJSON *texts = load(".", "texts.json");
    cJSON *ids = load(family, "ids.json");
    cJSON *root = load(family, "tokenizer.json");
    assert_ok(tok_load(fixture(path, family, "tokenizer.json"), &t, &e), &e);
    check_list(family, t, get(texts, "plain"), get(ids, "plain"), false);
    check_list(family, t, get(texts, "plain"), get(ids, "whole"), true);
    if (!is_byte_level(root)) {
        assert_int_equal(cJSON_GetArraySize(get(ids, "broken")), 9);
        check_list(family, t, get(texts, "broken"), get(ids, "broken"), false);
    } else if (cJSON_IsNull(get(root, "normalizer"))) {
        check_bytes_come_back(t, get(texts, "broken"));
    }
    /* And so does the file written of it. */
    struct str out;
    struct tok *again = NULL;
    str_init(&out, 1u << 22);
    assert_ok(tok_print(t, &out, &e), &e);
    assert_ok(tok_parse(out.p, out.len, "again", &again, &e), &e);
    check_list("written", again, get(texts, "plain"), get(ids, "plain"), false);
    tok_free(again);
    str_free(&out);
    tok_free(t);
    cJSON_Delete(root);
    cJSON_Delete(ids);
    cJSON_Delete(texts);
}

static void ids_of_each_family(void **state)
{
    (void)state;
    static const char *const families[] = {
        "gpt2",       "gpt_neox",  "llama2", "mistral",    "llama3", "smollm2",
        "qwen2",      "qwen3",     "gemma2", "gemma3",     "gpt4o",  "deepseek",
        "nfkc_lower", "words_unk", "parts",  "meta_always"};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        check_family(families[i]);
    }
}

/* Pieces as they are shown: a mark is a space, in added tokens too, which are still
 * found by the text that the file has. */
static void pieces_of_characters(void **state)
{
    (void)state;
    static const char text[] = "a  dog\n\xE2\x96\x81\xE2\x96\x81 \x01";
    char path[512];
    struct errinfo e;
    struct tok *t = NULL;
    struct tok_ids ids = {0};
    struct str back;
    assert_ok(tok_load(fixture(path, "gemma3", "tokenizer.json"), &t, &e), &e);
    assert_ok(tok_encode(t, text, sizeof text - 1, &ids, &e), &e);
    str_init(&back, 1000);
    tok_decode(t, ids.p, ids.n, &back);
    assert_string_equal(back.p, "a  dog\n   \x01");
    assert_true(tok_mask(t) >= 0 && !tok_is_special(t, tok_mask(t)));
    str_free(&back);
    tok_ids_free(&ids);
    tok_free(t);
}

/* ---- GGUF ---- */

/* Arrays and what holds them. */
struct arrays {
    struct tok_arrays a;
    struct tok_text *token, *merge;
    float *score;
    int32_t *type;
};

static struct tok_text *texts_of(const cJSON *list)
{
    struct tok_text *out =
        mem_alloc((size_t)cJSON_GetArraySize(list), sizeof(struct tok_text));
    assert_non_null(out);
    size_t i = 0;
    for (const cJSON *v = list->child; v; v = v->next) {
        out[i++] = (struct tok_text){v->valuestring, strlen(v->valuestring)};
    }
    return out;
}

static struct arrays llama_arrays(const cJSON *root, bool prefix)
{
    struct arrays x = {.a = {.model = "llama",
                             .bos = 1,
                             .eos = 2,
                             .pad = -1,
                             .unk = 0,
                             .mask = -1,
                             .add_bos = true,
                             .add_space_prefix = prefix}};
    x.a.n = (size_t)cJSON_GetArraySize(get(root, "tokens"));
    x.token = texts_of(get(root, "tokens"));
    x.score = mem_alloc(x.a.n, sizeof *x.score);
    x.type = mem_alloc(x.a.n, sizeof *x.type);
    assert_true(x.score && x.type);
    for (size_t i = 0; i < x.a.n; i++) {
        x.score[i] =
            (float)cJSON_GetArrayItem(get(root, "scores"), (int)i)->valuedouble;
        x.type[i] = cJSON_GetArrayItem(get(root, "types"), (int)i)->valueint;
    }
    x.a.token = x.token;
    x.a.score = x.score;
    x.a.type = x.type;
    return x;
}

static void free_arrays(struct arrays *x)
{
    mem_free(x->token);
    mem_free(x->merge);
    mem_free(x->score);
    mem_free(x->type);
}

static void sentencepiece_arrays(void **state)
{
    (void)state;
    static const char *const names[] = {"gguf_llama", "gguf_gemma"};
    for (size_t i = 0; i < 2; i++) {
        struct errinfo e;
        struct tok *t = NULL;
        cJSON *root = load(names[i], "arrays.json");
        struct arrays x = llama_arrays(root, i == 0);
        assert_ok(tok_from_arrays(&x.a, "m.gguf", &t, &e), &e);
        check_list(names[i], t, get(root, "texts"), get(root, "ids"), false);
        assert_int_equal(tok_bos(t), 1);
        assert_int_equal(tok_front(t)->n, 1);
        assert_int_equal(tok_front(t)->p[0], 1);
        struct str out;
        str_init(&out, 1u << 20);
        assert_int_equal(tok_print(t, &out, &e), ERR_USAGE);
        str_free(&out);
        tok_free(t);
        free_arrays(&x);
        cJSON_Delete(root);
    }
}

/* The arrays of a byte-level tokenizer.json, as the converter writes them. */
static struct arrays gpt2_arrays(const cJSON *root, const char *pre)
{
    struct arrays x = {.a = {.model = "gpt2",
                             .pre = pre,
                             .bos = -1,
                             .eos = -1,
                             .pad = -1,
                             .unk = -1,
                             .mask = -1}};
    const cJSON *vocab = get(get(root, "model"), "vocab");
    const cJSON *added = get(root, "added_tokens");
    const cJSON *merges = get(get(root, "model"), "merges");
    x.token = mem_alloc(2000, sizeof *x.token);
    x.type = mem_alloc(2000, sizeof *x.type);
    x.merge = mem_alloc((size_t)cJSON_GetArraySize(merges), sizeof *x.merge);
    assert_true(x.token && x.type && x.merge);
    for (const cJSON *v = vocab->child; v; v = v->next) {
        x.token[v->valueint] = (struct tok_text){v->string, strlen(v->string)};
        x.type[v->valueint] = 1;
        x.a.n++;
    }
    for (const cJSON *v = added->child; v; v = v->next) {
        const int id = get(v, "id")->valueint;
        const char *text = get(v, "content")->valuestring;
        x.a.n += x.type[id] == 0;
        x.token[id] = (struct tok_text){text, strlen(text)};
        x.type[id] = cJSON_IsTrue(get(v, "special")) ? 3 : 4;
    }
    for (const cJSON *v = merges->child; v; v = v->next) {
        static char both[4000][100]; /* until the next call */
        char *line = both[x.a.n_merges];
        (void)snprintf(line, 100, "%s %s", v->child->valuestring,
                       v->child->next->valuestring);
        x.merge[x.a.n_merges++] = (struct tok_text){line, strlen(line)};
    }
    x.a.token = x.token;
    x.a.type = x.type;
    x.a.merge = x.merge;
    return x;
}

static void byte_level_arrays(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"gpt2", "gpt-2"},   {"gpt_neox", "olmo"}, {"llama3", "llama-bpe"},
        {"qwen2", "qwen2"},  {"qwen3", "qwen2"},   {"smollm2", "smollm"},
        {"gpt4o", "gpt-4o"},
    };
    cJSON *texts = load(".", "texts.json");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errinfo e;
        struct tok *t = NULL;
        cJSON *root = load(cases[i][0], "tokenizer.json");
        cJSON *ids = load(cases[i][0], "ids.json");
        struct arrays x = gpt2_arrays(root, cases[i][1]);
        assert_ok(tok_from_arrays(&x.a, "m.gguf", &t, &e), &e);
        check_list(cases[i][1], t, get(texts, "plain"), get(ids, "plain"), false);
        tok_free(t);
        free_arrays(&x);
        cJSON_Delete(ids);
        cJSON_Delete(root);
    }
    cJSON_Delete(texts);
}

/* Encodes a text and checks its ids, by t and by the file written of t. */
static void expect_both(const struct tok *t, const char *text, const int32_t *want,
                        size_t n)
{
    struct errinfo e;
    struct str file;
    struct tok *again = NULL;
    str_init(&file, 1u << 20);
    assert_ok(tok_print(t, &file, &e), &e);
    assert_ok(tok_parse(file.p, file.len, "again", &again, &e), &e);
    const struct tok *const both[] = {t, again};
    for (size_t i = 0; i < 2; i++) {
        struct tok_ids ids = {0};
        assert_ok(tok_encode(both[i], text, strlen(text), &ids, &e), &e);
        assert_int_equal(ids.n, n);
        assert_memory_equal(ids.p, want, n * sizeof *want);
        tok_ids_free(&ids);
    }
    tok_free(again);
    str_free(&file);
}

/* A merge of a control token never applies; the file written does not name it. */
static void merges_of_control_tokens(void **state)
{
    (void)state;
    struct tok_text token[] = {{"a", 1}, {"b", 1},  {"ab", 2},
                               {"c", 1}, {"bc", 2}, {"a", 1}};
    const struct tok_text merge[] = {{"a b", 3}, {"b c", 3}};
    const int32_t type[] = {3, 1, 1, 1, 1, 1};
    struct tok_arrays a = {.model = "gpt2",
                           .pre = "gpt-2",
                           .token = token,
                           .n = 5,
                           .type = type,
                           .merge = merge,
                           .n_merges = 2,
                           .bos = -1,
                           .eos = -1,
                           .pad = -1,
                           .unk = -1,
                           .mask = -1};
    struct errinfo e;
    struct tok *t = NULL;
    assert_ok(tok_from_arrays(&a, "m.gguf", &t, &e), &e);
    expect_both(t, "abc", (const int32_t[]){4}, 1); /* no entry for the byte "a" */
    tok_free(t);
    a.n = 6; /* with an entry of the same text, which the merge is of */
    assert_ok(tok_from_arrays(&a, "m.gguf", &t, &e), &e);
    expect_both(t, "abc", (const int32_t[]){2, 3}, 2);
    tok_free(t);
}

static void expect_refused(const struct arrays *x, const char *says)
{
    struct errinfo e = {OK, ""};
    struct tok *t = NULL;
    assert_int_equal(tok_from_arrays(&x->a, "m.gguf", &t, &e), ERR_FORMAT);
    assert_null(t);
    if (!strstr(e.msg, says) || !strstr(e.msg, "m.gguf")) {
        fail_msg("\"%s\", expected \"%s\"", e.msg, says);
    }
}

static void bad_arrays(void **state)
{
    (void)state;
    cJSON *root = load("gguf_llama", "arrays.json");
    struct arrays x = llama_arrays(root, true);
    x.a.model = "bert";
    expect_refused(&x, "tokenizer.ggml.model: found \"bert\", expected llama or gpt2");
    x.a.model = "gpt2";
    expect_refused(&x, "tokenizer.ggml.pre: found nothing, expected gpt-2");
    x.a.pre = "elsewhere";
    expect_refused(&x, "tokenizer.ggml.pre: found elsewhere");
    x.a.model = "llama";
    x.a.bos = 1000000;
    expect_refused(&x, "tokenizer.ggml.bos_token_id: found 1000000");
    x.a.bos = 1;
    x.type[7] = 9;
    expect_refused(&x, "tokenizer.ggml.token_type[7]: found 9");
    x.type[7] = 1;
    x.token[9].len = 0;
    expect_refused(&x, "tokenizer.ggml.tokens[9]: 0 bytes");
    x.token[9] = x.token[300];
    expect_refused(&x, "have the same text");
    x.a.score = NULL;
    expect_refused(&x, "tokenizer.ggml.scores");
    x.a.n = 0;
    expect_refused(&x, "tokenizer.ggml.tokens: found 0");
    free_arrays(&x);
    cJSON_Delete(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_of_each_family),
        cmocka_unit_test(pieces_of_characters),
        cmocka_unit_test(sentencepiece_arrays),
        cmocka_unit_test(byte_level_arrays),
        cmocka_unit_test(bad_arrays),
        cmocka_unit_test(merges_of_control_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
