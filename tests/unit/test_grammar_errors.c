/* Story grammars that are small, malformed, too large or not there: a line each. */
#include "base/mem.h"
#include "story/grammar.h"
#include "unit/check.h"

/* ---- malformed grammars ---- */

#define HEAD "{\"format\": \"saetop-grammar\", \"version\": 1, "
#define CATS                                                                           \
    "\"categories\": [{\"name\": \"pet\", \"pos\": \"noun\", \"attrs\": {\"k\": "      \
    "\"animal\"}, \"columns\": [\"w\", \"says\"], \"words\": [[\"dog\", \"woof\"], "   \
    "[\"cat\", null], \"ant\"]}]"
#define REGS(plan)                                                                     \
    ", \"registers\": [{\"name\": \"r\", \"documents\": [{\"name\": \"d\", \"bind\": " \
    "{\"p\": \"pet\"}, \"plan\": [" plan "]}]}]"
#define TEMPLATES(items) ", \"templates\": {\"s\": [" items "]}"
#define WITH(item)       HEAD CATS REGS("\"s\"") TEMPLATES(item) "}"

static void check_parse(const char *text, enum err code, const char *part)
{
    struct errinfo e;
    struct grammar *g = NULL;
    const enum err rc = grammar_parse(text, strlen(text), "g.json", &g, &e);
    if (code == OK) {
        assert_ok(rc, &e);
        grammar_free(g);
        return;
    }
    assert_null(g);
    check_error(rc, code, &e, part);
    assert_null(strchr(e.msg, '\n'));
    assert_ptr_equal(strstr(e.msg, "g.json: "), e.msg);
}

static void test_small_grammar(void **state)
{
    (void)state;
    const char *text = WITH("\"[A pet|The pet]: {a p}, {p.plural}, {p.k}.\"");
    struct errinfo e;
    struct grammar *g = NULL;
    struct str s;
    str_init(&s, 1000);
    assert_ok(grammar_parse(text, strlen(text), "g.json", &g, &e), &e);
    bool an = false;
    for (uint64_t i = 0; i < 50; i++) {
        str_clear(&s);
        assert_ok(grammar_document(g, 0, 3, i, &s, &e), &e);
        an = an || strcmp(s.p, "The pet: an ant, ants, animal.") == 0;
        assert_null(strstr(s.p, "a ant"));
    }
    assert_true(an);
    str_free(&s);
    grammar_free(g);
}

static void test_malformed_lexicon(void **state)
{
    (void)state;
    check_parse("", ERR_FORMAT, "g.json");
    check_parse("[]", ERR_FORMAT, "top: expected an object");
    check_parse("{\"format\": \"x\", \"version\": 1}", ERR_FORMAT,
                "format: found \"x\"");
    check_parse("{\"format\": \"saetop-grammar\", \"version\": 2}", ERR_FORMAT,
                "version");
    check_parse(HEAD "\"categories\": 3}", ERR_FORMAT, "categories");
    check_parse(HEAD "\"categories\": []}", ERR_FORMAT, "no words");
    check_parse(HEAD "\"categories\": [{\"name\": \"a b\"}]}", ERR_FORMAT,
                "categories[0]: name \"a b\"");
    check_parse(HEAD "\"categories\": [{\"name\": \"a\"}, {\"name\": \"a\"}]}",
                ERR_FORMAT, "categories[1]: a second category");
    check_parse(HEAD "\"categories\": [{\"name\": \"a\", \"parent\": \"b\"}]}",
                ERR_FORMAT, "parent \"b\"");
    check_parse(HEAD "\"categories\": [{\"name\": \"a\", \"words\": [\"x\"]}]}",
                ERR_FORMAT, "needs a \"pos\"");
    check_parse(HEAD "\"categories\": [{\"name\": \"a\", \"pos\": \"adverb\"}]}",
                ERR_FORMAT, "pos \"adverb\"");
    check_parse(HEAD "\"categories\": [{\"name\": \"a\", \"pos\": \"noun\", \"words\": "
                     "[\"two words\"]}]}",
                ERR_FORMAT, "categories[0].words[0]: word \"two words\"");
    check_parse(HEAD "\"categories\": [{\"name\": \"a\", \"pos\": \"noun\", \"words\": "
                     "[[\"x\", \"y\"]]}]}",
                ERR_FORMAT, "words[0]: expected a string or an array of 1 cells");
    check_parse(HEAD
                "\"categories\": [{\"name\": \"a\", \"pos\": \"noun\", \"columns\": "
                "[\"w\", \"y\"], \"words\": [[\"x\", \"{\"]]}]}",
                ERR_FORMAT, "words[0]: \"{\": expected a text");
    check_parse(HEAD "\"categories\": [{\"name\": \"a\", \"columns\": [\"y\"]}]}",
                ERR_FORMAT, "expected \"w\" first");
    check_parse(HEAD
                "\"categories\": [{\"name\": \"a\", \"pos\": \"verb\", \"irregular\": "
                "{\"go\": [\"goes\"]}, \"words\": [\"go\"]}]}",
                ERR_FORMAT, "irregular.go");
    check_parse(HEAD CATS ", \"selectors\": {\"pet\": \"pet\"}}", ERR_FORMAT,
                "selectors");
}

static void test_malformed_templates(void **state)
{
    (void)state;
    check_parse(WITH("\"The {p}.\""), OK, "");
    check_parse(WITH("\"The {p.\""), ERR_FORMAT, "templates.s[0]: a { without its }");
    check_parse(WITH("\"The {dog}.\""), ERR_FORMAT, "{dog}");
    check_parse(WITH("\"The {p.colour}.\""), ERR_FORMAT, "no word has that attribute");
    check_parse(WITH("\"The {p.says}.\""), ERR_FORMAT,
                "{p} may be \"ant\", which has no \"says\"");
    check_parse(WITH("{\"t\": \"The {p.says}.\", \"when\": \"p?says\"}"), OK, "");
    check_parse(WITH("{\"t\": \"The {p.says}.\", \"when\": \"p?!says\"}"), ERR_FORMAT,
                "has no \"says\"");
    check_parse(WITH("{\"t\": \"x.\", \"when\": \"q?says\"}"), ERR_FORMAT,
                "is not a role");
    check_parse(WITH("{\"t\": \"x.\", \"when\": \"p:food\"}"), ERR_FORMAT,
                "no such category");
    check_parse(WITH("{\"t\": \"x.\", \"when\": \"p\"}"), ERR_FORMAT, "when \"p\"");
    check_parse(WITH("{\"t\": \"x.\", \"w\": 0}"), ERR_FORMAT, "w");
    check_parse(WITH("\"The {:fish}.\""), ERR_FORMAT, "name of a category");
    check_parse(WITH("\"The {:pet?wings}.\""), ERR_FORMAT, "no attribute \"wings\"");
    check_parse(WITH("\"The {x:pet~y}.\""), ERR_FORMAT, "after ~ or =");
    check_parse(WITH("\"The {p:pet}.\""), ERR_FORMAT, "although it is a role");
    check_parse(WITH("\"[{x:pet}|no pet] {x}.\""), ERR_FORMAT, "{x} is not bound here");
    check_parse(WITH("\"The {#t}.\""), ERR_FORMAT, "name of a template group");
    check_parse(WITH("\"The {#s}.\""), ERR_FORMAT, "groups within groups");
    check_parse(WITH("\"[a|b\""), ERR_FORMAT, "a [ without its ]");
    check_parse(WITH("\"[a|[b]]\""), ERR_FORMAT, "a [choice] within");
    check_parse(WITH("\"a;\""), ERR_FORMAT, "byte 0x3b");
    check_parse(WITH("\"\""), ERR_FORMAT, "expected a template");
    check_parse(WITH("3"), ERR_FORMAT, "expected a template");
    check_parse(HEAD CATS REGS("\"s\"") ", \"templates\": {\"s\": []}}", ERR_FORMAT,
                "templates.s: expected");
    check_parse(HEAD CATS REGS("\"s\"") "}", ERR_FORMAT, "templates");
}

static void test_malformed_plans(void **state)
{
    (void)state;
    check_parse(HEAD CATS TEMPLATES("\"x.\"") "}", ERR_FORMAT, "registers");
    check_parse(HEAD CATS ", \"registers\": []" TEMPLATES("\"x.\"") "}", ERR_FORMAT,
                "registers: expected at least one");
    check_parse(HEAD CATS REGS("\"t\"") TEMPLATES("\"x.\"") "}", ERR_FORMAT,
                "registers[0].documents[0]: \"t\": no template group");
    check_parse(HEAD CATS REGS("\"s*2-1\"") TEMPLATES("\"x.\"") "}", ERR_FORMAT,
                "\"s*2-1\": expected group");
    check_parse(HEAD CATS REGS("\"s?200\"") TEMPLATES("\"x.\"") "}", ERR_FORMAT,
                "\"s?200\": expected group");
    check_parse(HEAD CATS REGS("\"s*1-3 repeat\"") TEMPLATES("\"x.\"") "}", OK, "");
    check_parse(HEAD CATS REGS("") TEMPLATES("\"x.\"") "}", ERR_FORMAT,
                "plan: expected at least one group");
    check_parse(HEAD CATS REGS("\"s\"")
                    TEMPLATES("\"x.\"") ", \"probes\": {\"in\": \"q\"}}",
                ERR_FORMAT, "probes: in \"q\"");
}

static void test_oversized(void **state)
{
    (void)state;
    struct errinfo e;
    struct grammar *g = NULL;
    char *big = mem_alloc(5 << 20, 1);
    assert_non_null(big);
    memset(big, ' ', 5 << 20);
    check_error(grammar_parse(big, 5 << 20, "g.json", &g, &e), ERR_LIMIT, &e, "bytes");
    mem_free(big);
    /* Groups that fan out: refused by a budget, not by waiting. */
    struct str s;
    str_init(&s, 1 << 20);
    str_add(&s, HEAD CATS REGS("\"a0\"") ", \"templates\": {");
    for (int i = 0; i < 6; i++) {
        str_addf(&s, "%s\"a%d\": [", i ? ", " : "", i);
        for (int k = 0; k < 60; k++) {
            str_addf(&s, i < 5 ? "%s\"x {#a%d}\"" : "%s\"{p.k}%d\"", k ? ", " : "",
                     i + 1);
        }
        str_add(&s, "]");
    }
    str_add(&s, "}}");
    check_error(grammar_parse(s.p, s.len, "g.json", &g, &e), ERR_LIMIT, &e,
                "more combinations");
    str_free(&s);
    grammar_free(NULL);
}

static void test_missing_file(void **state)
{
    (void)state;
    struct errinfo e;
    struct grammar *g = NULL;
    check_error(grammar_load("/nonexistent.grammar.json", &g, &e), ERR_MISSING, &e,
                "/nonexistent.grammar.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_grammar),
        cmocka_unit_test(test_malformed_lexicon),
        cmocka_unit_test(test_malformed_templates),
        cmocka_unit_test(test_malformed_plans),
        cmocka_unit_test(test_oversized),
        cmocka_unit_test(test_missing_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
