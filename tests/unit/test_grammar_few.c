/* Story grammars with fewer words than their sentences ask for. */
#include "base/str.h"
#include "check.h"
#include "story/grammar.h"

#include <string.h>

/* A register of one document, whose role p is a pet, and its one template. */
static void check_text(const char *words, const char *templ, const char *expected)
{
    struct errinfo e;
    struct grammar *g = NULL;
    struct str json;
    struct str text;
    struct grammar_trace tr = {0};
    str_init(&json, 4000);
    str_init(&text, 1000);
    str_addf(&json,
             "{\"format\": \"saetop-grammar\", \"version\": 1, \"categories\": "
             "[{\"name\": \"pet\", \"pos\": \"noun\", \"words\": [%s]}], "
             "\"registers\": [{\"name\": \"r\", \"documents\": [{\"name\": \"d\", "
             "\"bind\": {\"p\": \"pet\"}, \"plan\": [\"s*2 repeat\"]}]}], "
             "\"templates\": {\"s\": [\"%s\"]}}",
             words, templ);
    assert_ok(grammar_parse(json.p, json.len, "g.json", &g, &e), &e);
    /* The first sentence of the first document: nothing stands in `text` yet. */
    assert_ok(grammar_document_traced(g, 0, 1, 0, &text, &tr, &e), &e);
    assert_string_equal(text.p, expected);
    assert_int_equal(tr.sentences, expected[0] ? 2 : 0);
    grammar_trace_free(&tr);
    str_free(&text);
    str_free(&json);
    grammar_free(g);
}

static void test_words_repeat_where_there_are_no_others(void **state)
{
    (void)state;
    check_text("\"dog\"", "{x:pet} runs.", "Dog runs. Dog runs.");
    check_text("\"dog\"", "{p} met {a x:pet} and {:pet.plural}.",
               "Dog met a dog and dogs. Dog met a dog and dogs.");
}

static void test_a_tie_that_cannot_be_met_gives_no_sentence(void **state)
{
    (void)state;
    check_text("\"dog\"", "{x:pet} and {y:pet~x}.", "");
    check_text("\"dog\"", "{x:pet} and {y:pet=x}.", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_repeat_where_there_are_no_others),
        cmocka_unit_test(test_a_tie_that_cannot_be_met_gives_no_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
