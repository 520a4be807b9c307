/* Tokenizer files: written and read, malformed, cut short, in all their forms. */
#include "unit/tok_check.h"

static void saved_and_loaded(void **state)
{
    (void)state;
    char dir[64];
    char path[256];
    struct errinfo e = {OK, ""};
    struct tok *t = NULL;
    fixture_mkdir(dir);
    assert_int_equal(path_join(path, sizeof path, dir, "tokenizer.json", &e), OK);
    assert_int_equal(tok_save(shared, dir, 128, &e), OK);
    assert_int_equal(tok_load(path, &t, &e), OK);
    assert_int_equal(tok_vocab(t), tok_vocab(shared));
    char *a = fixture_json(shared, NULL, NULL);
    char *b = fixture_json(t, NULL, NULL);
    assert_string_equal(a, b);
    char buf[300];
    struct rng r = rng_begin(9, RNG_SAMPLE, 4);
    for (int k = 0; k < 200; k++) {
        const size_t n = random_text(&r, buf, sizeof buf);
        struct tok_ids x = encode(shared, buf, n);
        struct tok_ids y = encode(t, buf, n);
        expect_ids(&x, &y);
        tok_ids_free(&x);
        tok_ids_free(&y);
    }
    mem_free(a);
    mem_free(b);
    tok_free(t);
    fixture_rmdir(dir);
    assert_int_equal(tok_load("/nonexistent/tokenizer.json", &t, &e), ERR_MISSING);
}

/* Parse the shared tokenizer's JSON after an edit. */
static enum err parse_edited(const char *from, const char *to, struct tok **t,
                             struct errinfo *e)
{
    char *json = fixture_json(shared, from, to);
    const enum err rc = tok_parse(json, strlen(json), "t.json", t, e);
    mem_free(json);
    return rc;
}

#define PRE                                                                            \
    "\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false, "       \
    "\"trim_offsets\": true, \"use_regex\": true}"

static void malformed_files(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *says;
    } cases[] = {
        {"\"type\": \"BPE\"", "\"type\": \"Unigram\"", "model.type: found \"Unigram\""},
        {"\"type\": \"BPE\"", "\"type\": 3", "model"},
        {"\"model\": {", "\"model\": [], \"m\": {", "model"},
        {"\"vocab\": {", "\"vocab\": [], \"v\": {", "vocab"},
        {"\"merges\": [", "\"merges\": {}, \"x\": [", "merges"},
        {"\"normalizer\": null", "\"normalizer\": {\"type\": \"Precompiled\"}",
         "normalizer.type: found \"Precompiled\""},
        {"\"normalizer\": null",
         "\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [{\"type\": "
         "\"NFC\"}, {\"type\": \"Nmt\"}]}",
         "normalizer.normalizers[1].type: found \"Nmt\""},
        {"\"normalizer\": null",
         "\"normalizer\": {\"type\": \"Replace\", \"pattern\": {}, \"content\": "
         "\"\"}",
         "normalizer.pattern: expected a Regex or a String"},
        {"\"normalizer\": null", "\"normalizer\": {\"type\": \"Strip\"}",
         "normalizer.strip_left"},
        {PRE, "\"pre_tokenizer\": {\"type\": \"Metaspace\"}",
         "pre_tokenizer.replacement"},
        {PRE, "\"pre_tokenizer\": {\"type\": \"Metaspace\", \"replacement\": \"ab\"}",
         "pre_tokenizer.replacement: found \"ab\", expected one character"},
        {PRE,
         "\"pre_tokenizer\": {\"type\": \"Metaspace\", \"replacement\": \"_\", "
         "\"prepend_scheme\": \"last\"}",
         "pre_tokenizer.prepend_scheme: found \"last\""},
        {PRE, "\"pre_tokenizer\": {\"type\": \"UnicodeScripts\"}",
         "pre_tokenizer.type: found \"UnicodeScripts\""},
        {PRE,
         "\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": "
         "\"ByteLevel\"}, {\"type\": \"Digits\"}]}",
         "pretokenizers[1]: found \"Digits\" after a ByteLevel"},
        {PRE,
         "\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": "
         "\"Split\", \"pattern\": {\"Regex\": \"(\"}, \"behavior\": \"Isolated\"}, "
         "{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"use_regex\": "
         "false}]}",
         "pretokenizers[0].pattern: character 1 of the pattern"},
        {PRE,
         "\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": "
         "\"Split\", \"pattern\": {\"Regex\": \"[a[b]]\"}, \"behavior\": "
         "\"Isolated\"}, {\"type\": \"ByteLevel\"}]}",
         "a set within a set is not supported"},
        {PRE,
         "\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": "
         "\"Split\", \"pattern\": {\"Regex\": \"a{1,3}+\"}, \"behavior\": "
         "\"Isolated\"}, {\"type\": \"ByteLevel\"}]}",
         "an interval followed by + or ? is not supported"},
        {PRE,
         "\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": "
         "\"Split\", \"pattern\": {\"Regex\": \" \"}, \"behavior\": "
         "\"Sometimes\"}, "
         "{\"type\": \"ByteLevel\"}]}",
         "behavior: found \"Sometimes\""},
        {"\"unk_token\": null", "\"unk_token\": 3", "unk_token"},
        {"\"end_of_word_suffix\": null", "\"end_of_word_suffix\": \"</w>\"", "</w>"},
        {"\"A\": 69", "\"\xE4\xB8\x80\": 69", "U+4E00"},
        {"\"A\": 69", "\"\": 69", "no text"},
        {"\"A\": 69", "\"A\": 68", "id 68 is both"},
        {"\"A\": 69", "\"A\": -1", "model.vocab[\"A\"]"},
        {"\"A\": 69", "\"A\": 1.5", "expected an integer"},
        {"\"A\": 69", "\"A\": \"69\"", "expected an id"},
        {"\"A\": 69", "\"A\": 1e300", "expected an id"},
        {"\"A\": 69", "\"A\": 4000000", "id 4000000 among"},
        {"\"A\": 69", "\"A\": 69, \"A\": 600", "ids 69 and 600 have the same text"},
        {"\"merges\": [", "\"merges\": [\"a\",", "model.merges[0]: expected"},
        {"\"merges\": [", "\"merges\": [\"a b c\",", "model.merges[0]: expected"},
        {"\"merges\": [", "\"merges\": [[\"a\"],", "model.merges[0]: expected"},
        {"\"merges\": [", "\"merges\": [7,", "model.merges[0]: expected"},
        {"\"merges\": [", "\"merges\": [\"a nope\",", "\"nope\" is not in model.vocab"},
        {"\"merges\": [", "\"merges\": [\"Q Q\",", "model.merges[0]: what it makes"},
        {"\"id\": 1, ", "\"id\": 0, ", "id 0"},
        {"\"id\": 1, ", "", "added_tokens[1].id"},
        {"\"id\": 1, ", "\"id\": 69, ", "but \"A\" in"},
        {"\"content\": \"<|eos|>\"", "\"content\": 5", "added_tokens[1].content"},
        {"\"added_tokens\": [", "\"added_tokens\": [3,", "added_tokens[0]"},
        {"\"added_tokens\": [",
         "\"added_tokens\": [{\"id\": 69, \"content\": \"A\", \"special\": true},",
         "byte 0x41"},
        {"\"added_tokens\": [",
         "\"added_tokens\": [{\"id\": 900, \"content\": \"zz\", \"lstrip\": 1},",
         "added_tokens[0].lstrip"},
        {"\"version\"", "version", "line 2"},
        {"\"A\": 69", "\"\xC3\": 69", "not valid UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errinfo e = {OK, ""};
        struct tok *t = NULL;
        const enum err rc = parse_edited(cases[i].from, cases[i].to, &t, &e);
        if (rc != ERR_FORMAT || !strstr(e.msg, cases[i].says) ||
            !strstr(e.msg, "t.json")) {
            fail_msg("case %zu (%s): %d \"%s\", expected \"%s\"", i, cases[i].to,
                     (int)rc, e.msg, cases[i].says);
        }
        assert_null(t);
    }
}

static void truncated_files(void **state)
{
    (void)state;
    struct tok *small = fixture_tok(270, NULL, 0);
    char *json = fixture_json(small, NULL, NULL);
    const size_t n = strlen(json);
    for (size_t i = 0; i + 2 < n; i += 1 + i / 40) {
        struct errinfo e = {OK, ""};
        struct tok *t = NULL;
        assert_int_equal(tok_parse(json, i, "t.json", &t, &e), ERR_FORMAT);
        assert_null(t);
    }
    mem_free(json);
    tok_free(small);
}

/* Merges as ["a", "b"]: rewrite "x y" entries and compare. */
static void merges_in_both_forms(void **state)
{
    (void)state;
    char *json = fixture_json(shared, NULL, NULL);
    struct str out;
    struct errinfo e = {OK, ""};
    struct tok *t = NULL;
    str_init(&out, 1u << 22);
    const char *list = strstr(json, "\"merges\": [") + strlen("\"merges\": [");
    str_addn(&out, json, (size_t)(list - json));
    bool in_text = false;
    for (const char *p = list; *p; p++) {
        if (*p == '\\') {
            str_addn(&out, p++, 2);
        } else if (*p == '"') {
            in_text = !in_text;
            str_add(&out, in_text ? "[\"" : "\"]");
        } else if (*p == ' ' && in_text) {
            str_add(&out, "\", \"");
        } else {
            str_addc(&out, *p);
        }
    }
    assert_non_null(strstr(out.p, "[\""));
    assert_int_equal(tok_parse(out.p, out.len, "t.json", &t, &e), OK);
    char *back = fixture_json(t, NULL, NULL);
    assert_string_equal(json, back);
    mem_free(back);
    mem_free(json);
    str_free(&out);
    tok_free(t);
}

static void prefix_space_and_added_tokens(void **state)
{
    (void)state;
    struct errinfo e = {OK, ""};
    struct tok *t = NULL;
    assert_int_equal(
        parse_edited(PRE, "\"pre_tokenizer\": {\"type\": \"ByteLevel\"}", &t, &e), OK);
    assert_int_equal(tok_single(t, "dog"), tok_single(shared, " dog"));
    assert_int_equal(tok_single(t, " dog"), tok_single(shared, " dog"));
    tok_free(t);
    t = NULL;
    assert_int_equal(
        parse_edited(
            "\"added_tokens\": [",
            "\"added_tokens\": [{\"id\": 400, \"content\": \"wow\"}, {\"id\": 401, "
            "\"content\": \"wowwow!\"}, {\"id\": 402, \"content\": \"<|endoftext|>\","
            " \"special\": true},",
            &t, &e),
        OK);
    assert_int_equal(tok_vocab(t), 403);
    struct tok_ids ids = encode(t, "a wowwowwow!x<|endoftext|>", 26);
    assert_int_equal(ids.p[0], tok_single(shared, "a"));
    assert_int_equal(ids.p[2], 400); /* after " " */
    assert_int_equal(ids.p[3], 401); /* the longest that fits there */
    assert_int_equal(ids.p[4], tok_single(shared, "x"));
    for (size_t i = 0; i < ids.n; i++) {
        assert_true(ids.p[i] != 402);
    }
    tok_ids_free(&ids);
    tok_free(t);
}

static void only_endoftext_at_id_zero(void **state)
{
    (void)state;
    struct tok *small = fixture_tok(262, NULL, 0);
    char *json = fixture_json(small, NULL, NULL);
    struct errinfo e = {OK, ""};
    struct tok *t = NULL;
    /* Keep only the first added token and call it <|endoftext|>, in both places. */
    struct str s;
    str_init(&s, 1u << 20);
    str_add(
        &s,
        "{\"added_tokens\": [{\"id\": 0, \"content\": \"<|endoftext|>\", \"special\": "
        "true}]");
    const char *rest = strstr(json, ",\n  \"normalizer\"");
    const char *bos = strstr(rest, "<|bos|>");
    str_addn(&s, rest, (size_t)(bos - rest));
    str_add(&s, "<|endoftext|>");
    str_add(&s, bos + strlen("<|bos|>"));
    assert_int_equal(tok_parse(s.p, s.len, "t.json", &t, &e), OK);
    assert_int_equal(tok_bos(t), 0);
    assert_int_equal(tok_eos(t), 0);
    assert_int_equal(tok_pad(t), -1);
    assert_int_equal(tok_mask(t), -1);
    str_free(&s);
    mem_free(json);
    tok_free(t);
    tok_free(small);
}

static void own_pattern_and_ignore_merges(void **state)
{
    (void)state;
    struct errinfo e = {OK, ""};
    struct tok *t = NULL;
    char *json = fixture_json(
        shared, PRE,
        "\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": "
        "\"Split\", \"pattern\": {\"Regex\": \"\\\\p{N}{1,3}| ?\\\\p{L}+|\\\\s+\"}, "
        "\"behavior\": \"Isolated\", \"invert\": false}, {\"type\": \"ByteLevel\", "
        "\"add_prefix_space\": false, \"use_regex\": false}]}");
    assert_int_equal(tok_parse(json, strlen(json), "t.json", &t, &e), OK);
    /* "1984" is cut to 198 and 4 now, and the space stands alone. */
    struct tok_ids ids = encode(t, " 1984", 5);
    assert_true(ids.n >= 3);
    tok_ids_free(&ids);
    assert_int_equal(tok_single(t, " elephant"), tok_single(shared, " elephant"));
    expect_round_trip(t, "a!b -- c 12345", 14);
    struct tok *again = NULL;
    char *printed = fixture_json(t, NULL, NULL);
    assert_int_equal(tok_parse(printed, strlen(printed), "t.json", &again, &e), OK);
    struct tok_ids x = encode(t, fixture_docs[4], strlen(fixture_docs[4]));
    struct tok_ids y = encode(again, fixture_docs[4], strlen(fixture_docs[4]));
    expect_ids(&x, &y);
    tok_ids_free(&x);
    tok_ids_free(&y);
    mem_free(printed);
    mem_free(json);
    tok_free(again);
    tok_free(t);
}

/* Without the setting the merges decide, and forms are what they make of them. */
static void merges_alone(void **state)
{
    (void)state;
    struct errinfo e = {OK, ""};
    struct tok *t = NULL;
    assert_int_equal(
        parse_edited("\"ignore_merges\": true", "\"ignore_merges\": false", &t, &e),
        OK);
    assert_int_equal(tok_single(t, " elephant"), -1);
    assert_true(tok_single(shared, " elephant") > 0);
    expect_round_trip(t, " elephants", 10);
    tok_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saved_and_loaded),
        cmocka_unit_test(malformed_files),
        cmocka_unit_test(truncated_files),
        cmocka_unit_test(merges_in_both_forms),
        cmocka_unit_test(prefix_space_and_added_tokens),
        cmocka_unit_test(only_endoftext_at_id_zero),
        cmocka_unit_test(own_pattern_and_ignore_merges),
        cmocka_unit_test(merges_alone),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
