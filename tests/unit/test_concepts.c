/* Concepts: which tokens belong to what, and files that are not as they should be. */
#include "text/concepts.h"
#include "unit/check.h"
#include "unit/tiny.h"

static const char *const FORMS[] = {" dog",  " Dog", "dog",          " cat",   " crow",
                                    " plum", " van", " caf\xc3\xa9", " queen", "Queen"};

static struct tok *tok_of_test(void)
{
    return tiny_tok(FORMS, sizeof FORMS / sizeof *FORMS);
}

/* Write text to a file of the test's folder and load it. */
static enum err load(const char *text, const struct tok *tok, struct concepts **out,
                     struct errinfo *e)
{
    char dir[256];
    char path[512];
    tmp_make(dir, sizeof dir);
    assert_ok(file_write_text(tmp_path(path, dir, "concepts.csv"), text, e), e);
    const enum err rc = concepts_load(path, tok, out, e);
    tmp_drop(dir);
    return rc;
}

static int32_t find(const struct concepts *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->def[i].name, name) == 0) {
            return (int32_t)i;
        }
    }
    return -1;
}

static bool belongs(const struct concepts *c, const struct tok *tok, const char *form,
                    const char *name)
{
    size_t n = 0;
    const int32_t *of = concepts_of(c, tok_single(tok, form), &n);
    for (size_t i = 0; i < n; i++) {
        assert_true(i == 0 || of[i] > of[i - 1]);
        if (of[i] == find(c, name)) {
            return true;
        }
    }
    return false;
}

static const char GOOD[] = "concept,parent,word\n"
                           "mammal,animal,dog\n"
                           "mammal,animal,cat\n"
                           "mammal,animal,zebra\n"
                           "bird,animal,crow\n"
                           "animal,living,\n"
                           "living,,\n"
                           "fruit,,plum\n"
                           "fruit,,plum\n";

static void test_words_and_families(void **state)
{
    (void)state;
    struct errinfo e;
    struct tok *tok = tok_of_test();
    struct concepts *c = NULL;
    assert_ok(load(GOOD, tok, &c, &e), &e);
    /* Forms: as written, with a space, with a capital. */
    assert_true(belongs(c, tok, " dog", "mammal"));
    assert_true(belongs(c, tok, "dog", "mammal"));
    assert_true(belongs(c, tok, " Dog", "mammal"));
    assert_true(belongs(c, tok, " crow", "bird"));
    assert_false(belongs(c, tok, " crow", "mammal"));
    /* Every ancestor, two levels up. */
    assert_true(belongs(c, tok, " crow", "animal"));
    assert_true(belongs(c, tok, " cat", "living"));
    assert_false(belongs(c, tok, " plum", "living"));
    assert_int_equal(c->def[find(c, "mammal")].words, 4);
    assert_int_equal(c->def[find(c, "animal")].words, 5);
    assert_int_equal(c->def[find(c, "fruit")].words, 1);
    assert_int_equal(c->words_known, 5);
    assert_int_equal(c->words_unknown, 1);
    /* Leaves, supers, letters, in this order. */
    enum concept_kind last = CONCEPT_LEAF;
    for (size_t i = 0; i < c->n; i++) {
        assert_true(c->def[i].kind >= last);
        last = c->def[i].kind;
    }
    assert_int_equal(c->def[find(c, "bird")].kind, CONCEPT_LEAF);
    assert_int_equal(c->def[find(c, "living")].kind, CONCEPT_SUPER);
    assert_int_equal(c->def[find(c, "mammal")].parent, find(c, "animal"));
    assert_int_equal(c->def[find(c, "living")].parent, -1);
    concepts_free(c);
    tok_free(tok);
}

/* A letter has the tokens of letters only, whatever their case and with or without a
 * space before. */
static void test_letters(void **state)
{
    (void)state;
    struct errinfo e;
    struct tok *tok = tok_of_test();
    struct concepts *c = NULL;
    assert_ok(concepts_load(NULL, tok, &c, &e), &e);
    assert_true(belongs(c, tok, " Dog", "letter d"));
    assert_true(belongs(c, tok, "Queen", "letter q"));
    assert_true(belongs(c, tok, " queen", "letter q"));
    assert_false(belongs(c, tok, " queen", "letter u"));
    assert_false(belongs(c, tok, " caf\xc3\xa9", "letter c"));
    assert_int_equal(c->n, 26);
    size_t n = 0;
    (void)concepts_of(c, tok_bos(tok), &n);
    assert_int_equal(n, 0);
    (void)concepts_of(c, -1, &n);
    assert_int_equal(n, 0);
    (void)concepts_of(c, 1 << 30, &n);
    assert_int_equal(n, 0);
    size_t members = 0;
    for (size_t i = 0; i < c->n; i++) {
        members += c->def[i].words;
        assert_int_equal(c->def[i].kind, CONCEPT_LETTER);
    }
    assert_int_equal(members, c->token_start[c->vocab]);
    concepts_free(c);
    tok_free(tok);
}

static void test_bad_files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } bad[] = {
        {"concept,word\nx,dog\n", "parent"},
        {"concept,parent,word\n,animal,dog\n", "row 2"},
        {"concept,parent,word\na,b,dog\na,c,cat\n", "row 3"},
        {"concept,parent,word\na,b,dog\nb,a,cat\n", "own ancestor"},
        {"concept,parent,word\na,a,dog\n", "own ancestor"},
        {"concept,parent,word\na,,zebra\na,,two words\n", "none of its 2 words"},
        {"concept,parent,word\n", "none of its 0 words"},
        {"concept,parent,word\na,b\n", "row 2"},
    };
    struct errinfo e;
    struct tok *tok = tok_of_test();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct concepts *c = NULL;
        check_error(load(bad[i].text, tok, &c, &e), ERR_FORMAT, &e, bad[i].part);
        assert_null(c);
    }
    struct concepts *c = NULL;
    check_error(concepts_load("/nonexistent.csv", tok, &c, &e), ERR_MISSING, &e,
                "nonexistent");
    tok_free(tok);
}

/* More concepts than the limit, and a word longer than any token. */
static void test_limits(void **state)
{
    (void)state;
    struct errinfo e;
    struct tok *tok = tok_of_test();
    struct concepts *c = NULL;
    struct str s;
    str_init(&s, (size_t)1 << 22);
    str_add(&s, "concept,parent,word\n");
    for (int i = 0; i < 4097; i++) {
        str_addf(&s, "c%d,,dog\n", i);
    }
    check_error(load(s.p, tok, &c, &e), ERR_LIMIT, &e, "4096");
    str_clear(&s);
    str_add(&s, "concept,parent,word\n");
    for (int i = 0; i < 40; i++) {
        str_addf(&s, "c%d,c%d,dog\n", i, i + 1);
    }
    check_error(load(s.p, tok, &c, &e), ERR_LIMIT, &e, "levels down");
    str_clear(&s);
    str_add(&s, "concept,parent,word\na,,dog\na,,");
    for (int i = 0; i < 1000; i++) {
        str_addc(&s, 'x');
    }
    assert_ok(load(s.p, tok, &c, &e), &e);
    assert_int_equal(c->words_unknown, 1);
    concepts_free(c);
    str_free(&s);
    tok_free(tok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_and_families),
        cmocka_unit_test(test_letters),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
