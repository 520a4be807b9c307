/* Tokens that a tokenizer puts around a text, by each kind of post_processor. */
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

static const char bos_template[] =
    "{\"type\":\"TemplateProcessing\",\"single\":["
    "{\"SpecialToken\":{\"id\":\"B\"}},{\"Sequence\":{\"id\":\"A\"}},"
    "{\"SpecialToken\":{\"id\":\"E\"}}],"
    "\"special_tokens\":{\"B\":{\"ids\":[0]},\"E\":{\"ids\":[1]}}}";

/* The shared tokenizer's file with that post_processor, read again. */
static enum err with_processor(const char *json, struct tok **out, struct errinfo *e)
{
    static const char none[] = "\"post_processor\": null";
    struct str file, edited;
    str_init(&file, 1u << 20);
    str_init(&edited, 1u << 20);
    assert_ok(tok_print(shared, &file, e), e);
    const char *at = strstr(file.p, none);
    assert_non_null(at);
    str_addn(&edited, file.p, (size_t)(at - file.p));
    str_addf(&edited, "\"post_processor\": %s%s", json, at + sizeof none - 1);
    const enum err rc = tok_parse(edited.p, edited.len, "t.json", out, e);
    str_free(&edited);
    str_free(&file);
    return rc;
}

static void post_processors_put_tokens_around(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        size_t front, back;
    } cases[] = {
        {"null", 0, 0},
        {"{\"type\":\"ByteLevel\"}", 0, 0},
        {bos_template, 1, 1},
        {"{\"type\":\"Sequence\",\"processors\":[{\"type\":\"ByteLevel\"},"
         "{\"type\":\"BertProcessing\",\"cls\":[\"B\",0],\"sep\":[\"E\",1]}]}",
         1, 1},
        {"{\"type\":\"RobertaProcessing\",\"cls\":[\"B\",0],\"sep\":[\"E\",1]}", 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errinfo e;
        struct tok *t = NULL;
        struct tok_ids ids = {0};
        assert_ok(with_processor(cases[i].json, &t, &e), &e);
        assert_int_equal(tok_front(t)->n, cases[i].front);
        assert_int_equal(tok_back(t)->n, cases[i].back);
        struct tok_ids plain = {0};
        assert_ok(tok_encode(t, " dog dogs", 9, &plain, &e), &e);
        assert_ok(tok_encode_whole(t, " dog dogs", 9, &ids, &e), &e);
        assert_int_equal(ids.n, plain.n + cases[i].front + cases[i].back);
        assert_memory_equal(ids.p + cases[i].front, plain.p, plain.n * sizeof *plain.p);
        assert_true(cases[i].front == 0 || (ids.p[0] == 0 && ids.p[ids.n - 1] == 1));
        tok_ids_free(&plain);
        tok_ids_free(&ids);
        tok_free(t);
    }
}

static void post_processors_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *json, *part;
    } cases[] = {
        {"3", "post_processor"},
        {"{\"type\":\"Magic\"}", "post_processor.type: found \"Magic\""},
        {"{\"type\":\"BertProcessing\",\"cls\":[\"B\",9999999],\"sep\":[\"E\",1]}",
         "9999999 is not in the vocabulary"},
        {"{\"type\":\"TemplateProcessing\",\"special_tokens\":{},"
         "\"single\":[{\"SpecialToken\":{\"id\":\"B\"}}]}",
         "B"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errinfo e;
        struct tok *t = NULL;
        check_error(with_processor(cases[i].json, &t, &e), ERR_FORMAT, &e,
                    cases[i].part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(post_processors_put_tokens_around),
        cmocka_unit_test(post_processors_are_checked),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
