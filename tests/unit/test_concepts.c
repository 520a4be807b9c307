/* Concepts: which tokens belong to what, and files that are not as they should be. */
#include "base/mem.h"
#include "text/concept_suggest.h"
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

static const char WITH_GRAMMAR[] = "concept,parent,word\n"
                                   "noun,grammar,\n"
                                   "mammal,animal,dog\n"
                                   "singular_noun,noun,dog\n"
                                   "singular_noun,noun,plum\n"
                                   "mammal,animal,cat\n"
                                   "bird,animal,crow\n"
                                   "comma,grammar,\",\"\n"
                                   "fruit,,plum\n"
                                   "noun,grammar,van\n";

/* Concepts under "grammar" come last, with their ancestors but not the root; what
 * evaluation measures ends before them. */
static void test_grammar_family(void **state)
{
    (void)state;
    struct errinfo e;
    struct tok *tok = tok_of_test();
    struct concepts *c = NULL;
    assert_ok(load(WITH_GRAMMAR, tok, &c, &e), &e);
    assert_true(belongs(c, tok, " dog", "singular_noun"));
    assert_true(belongs(c, tok, " Dog", "noun"));
    assert_true(belongs(c, tok, " van", "noun"));
    assert_false(belongs(c, tok, " van", "singular_noun"));
    assert_true(belongs(c, tok, ",", "comma"));
    assert_true(belongs(c, tok, " dog", "animal"));
    assert_int_equal(find(c, "grammar"), -1);
    assert_int_equal(c->def[find(c, "noun")].parent, -1);
    assert_int_equal(c->def[find(c, "singular_noun")].parent, find(c, "noun"));
    assert_int_equal(c->n, c->n_probed + 3);
    for (size_t i = 0; i < c->n; i++) {
        assert_true((c->def[i].kind == CONCEPT_GRAMMAR) == (i >= c->n_probed));
    }
    size_t n = 1;
    (void)concepts_probed(c, tok_single(tok, ","), &n);
    assert_int_equal(n, 0);
    concepts_free(c);
    /* Alone and without children it is a category like others. */
    assert_ok(load("concept,parent,word\ngrammar,,dog\n", tok, &c, &e), &e);
    assert_int_equal(c->def[find(c, "grammar")].kind, CONCEPT_LEAF);
    concepts_free(c);
    tok_free(tok);
}

/* The sample's concepts with and without their grammatical classes: to evaluation they
 * are the same, name by name and token by token. */
static void test_evaluation_sees_no_grammar(void **state)
{
    (void)state;
    const char *dir = getenv("SAETOP_SAMPLES");
    struct errinfo e;
    struct tok *tok = NULL;
    struct concepts *all = NULL, *few = NULL;
    char path[512], *text = NULL;
    size_t len = 0;
    tmp_path(path, dir ? dir : "samples", "model/tokenizer.json");
    assert_ok(tok_load(path, &tok, &e), &e);
    tmp_path(path, dir ? dir : "samples", "concepts.csv");
    assert_ok(file_read(path, 1 << 20, &text, &len, &e), &e);
    const char *cut = strstr(text, "\nfunction_word,grammar,");
    assert_non_null(cut);
    assert_ok(concepts_parse(text, len, "all", tok, &all, &e), &e);
    assert_ok(concepts_parse(text, (size_t)(cut + 1 - text), "semantic", tok, &few, &e),
              &e);
    assert_int_equal(few->n_probed, few->n);
    assert_int_equal(all->n_probed, few->n);
    assert_true(all->n > few->n + 30);
    for (size_t i = 0; i < few->n; i++) {
        assert_string_equal(all->def[i].name, few->def[i].name);
        assert_int_equal(all->def[i].kind, few->def[i].kind);
        assert_int_equal(all->def[i].parent, few->def[i].parent);
        assert_int_equal(all->def[i].words, few->def[i].words);
    }
    for (size_t t = 0; t < all->vocab; t++) {
        size_t n = 0, m = 0;
        const int32_t *probed = concepts_probed(all, (int32_t)t, &n);
        const int32_t *of = concepts_of(few, (int32_t)t, &m);
        assert_int_equal(n, m);
        if (n > 0) {
            assert_memory_equal(probed, of, n * sizeof *of);
        }
    }
    concepts_free(all);
    concepts_free(few);
    tok_free(tok);
    mem_free(text);
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

/* Without a file: letters, word shapes and what words of this vocabulary end in. A
 * suffix takes eight words that are found without it too. */
static void test_built_in(void **state)
{
    (void)state;
    static const char *const stem[] = {"walk", "talk", "jump", "play",
                                       "cook", "look", "call", "want"};
    static const char *const ending[] = {"", "ing", "ed", "s"};
    char form[40][12];
    const char *forms[40];
    size_t n = 0;
    for (size_t i = 0; i < 8; i++) {
        for (size_t k = 0; k < 4 && !(i == 7 && k == 3); k++) { /* no "wants" */
            snprintf(form[n++], sizeof form[0], " %s%s", stem[i], ending[k]);
        }
    }
    snprintf(form[n++], sizeof form[0], " thing");
    snprintf(form[n++], sizeof form[0], " Dog");
    snprintf(form[n++], sizeof form[0], " NASA");
    snprintf(form[n++], sizeof form[0], " 42");
    snprintf(form[n++], sizeof form[0], " Walked");
    for (size_t i = 0; i < n; i++) {
        forms[i] = form[i];
    }
    struct errinfo e;
    struct tok *tok = tiny_tok(forms, n);
    struct concepts *c = NULL;
    assert_ok(concepts_built_in(tok, &c, &e), &e);
    assert_true(belongs(c, tok, " walking", "-ing"));
    assert_true(belongs(c, tok, " wanted", "-ed"));
    assert_true(belongs(c, tok, " Walked", "-ed"));
    assert_true(belongs(c, tok, " Walked", "capital"));
    assert_true(belongs(c, tok, " Walked", "letter w"));
    assert_false(belongs(c, tok, " thing", "-ing")); /* no word before it */
    assert_false(belongs(c, tok, " walk", "capital"));
    assert_true(belongs(c, tok, " Dog", "capital"));
    assert_true(belongs(c, tok, " NASA", "all capitals"));
    assert_false(belongs(c, tok, " NASA", "capital"));
    assert_false(belongs(c, tok, "N", "capital")); /* a letter alone */
    assert_true(belongs(c, tok, " 42", "digits"));
    assert_int_equal(find(c, "-s"), -1); /* seven words */
    assert_int_equal(c->def[find(c, "digits")].kind, CONCEPT_SHAPE);
    assert_int_equal(c->def[find(c, "-ing")].kind, CONCEPT_SUFFIX);
    assert_int_equal(c->def[find(c, "-ing")].words, 8);
    assert_int_equal(c->n_probed, c->n);
    for (size_t i = 1; i < c->n; i++) {
        assert_true(c->def[i].kind >= c->def[i - 1].kind);
        assert_true(concept_kind_is_built_in(c->def[i].kind));
    }
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
        {"concept,parent,word\ngrammar,,dog\na,grammar,cat\n", "words of its own"},
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

/* A suggested concepts file loads. A token belongs to a suggested shape or suffix
 * exactly if it belongs to the built-in one; scripts go by their letters, and mixed
 * tokens are left out. */
static void test_suggested(void **state)
{
    (void)state;
    static const char *const words[] = {" walk",
                                        " walking",
                                        " talk",
                                        " talking",
                                        " look",
                                        " looking",
                                        " jump",
                                        " jumping",
                                        " cook",
                                        " cooking",
                                        " work",
                                        " working",
                                        " call",
                                        " calling",
                                        " play",
                                        " playing",
                                        " Dog",
                                        " Cat",
                                        " Owl",
                                        " Bee",
                                        " Cow",
                                        " Hen",
                                        " Pig",
                                        " Fox",
                                        " \xd0\xb4\xd0\xb0",
                                        "\xd0\xb4\xd0\xb0",
                                        "\xd0\xbd\xd0\xb5",
                                        "\xd0\xbc\xd1\x8b",
                                        "\xd0\xbe\xd0\xbd",
                                        "\xd1\x82\xd1\x8b",
                                        "\xd0\xb2\xd1\x8b",
                                        "\xd1\x8f\xd1\x82",
                                        "\xd0\xba\xd0\xbe",
                                        "\xd0\xbf\xd0\xbe",
                                        "\xd0\xb4o",
                                        "\xce\xb1\xce\xb2"};
    const size_t n = sizeof words / sizeof *words;
    struct tok *tok = tiny_tok(words, n);
    struct concepts *file = NULL, *own = NULL;
    struct language_found found[FUNCTION_LANGUAGES];
    struct errinfo e;
    struct str out;
    str_init(&out, 1u << 20);
    assert_ok(concepts_suggest(tok, NULL, SUGGEST_MOST, &out, found, &e), &e);
    assert_ok(concepts_parse(out.p, out.len, "suggested", tok, &file, &e), &e);
    assert_ok(concepts_built_in(tok, &own, &e), &e);
    assert_true(find(file, "-ing") >= 0 && find(file, "capital") >= 0);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(belongs(file, tok, words[i], "-ing"),
                         belongs(own, tok, words[i], "-ing"));
        assert_int_equal(belongs(file, tok, words[i], "capital"),
                         belongs(own, tok, words[i], "capital"));
        assert_int_equal(belongs(file, tok, words[i], "Cyrillic"), i >= 24 && i < 34);
    }
    assert_true(find(file, "Greek") < 0); /* one word is no concept */
    assert_int_equal(file->words_unknown, 0);
    /* At most so many words. */
    str_clear(&out);
    assert_ok(concepts_suggest(tok, NULL, SUGGEST_LEAST, &out, found, &e), &e);
    concepts_free(file);
    assert_ok(concepts_parse(out.p, out.len, "suggested", tok, &file, &e), &e);
    assert_false(belongs(file, tok, "\xd0\xbf\xd0\xbe", "Cyrillic"));
    str_clear(&out);
    struct tok *bare = tok_of_test();
    /* Bytes are tokens too, so there are digits; nothing else there is of eight. */
    assert_ok(concepts_suggest(bare, NULL, SUGGEST_MOST, &out, found, &e), &e);
    assert_null(strstr(out.p, "-ing,"));
    assert_int_equal(strncmp(out.p, "concept,parent,word\ndigits,,0\n", 30), 0);
    assert_null(strstr(out.p, "script"));
    tok_free(bare);
    str_free(&out);
    concepts_free(file);
    concepts_free(own);
    tok_free(tok);
}

/* ---- languages ---- */

static size_t language(const char *name)
{
    size_t i = 0;
    while (strcmp(function_words_name(i), name) != 0) {
        i++;
        assert_true(i < FUNCTION_LANGUAGES);
    }
    return i;
}

static bool has_word(size_t i, const char *word)
{
    char next[FUNCTION_WORD_MAX];
    for (size_t at = 0; function_words_next(i, &at, next);) {
        if (!strcmp(next, word)) {
            return true;
        }
    }
    return false;
}

/* No word is of two languages, once in each, none of one letter, and there are enough
 * of each for it to be found. */
static void test_function_words(void **state)
{
    (void)state;
    char word[FUNCTION_WORD_MAX];
    for (size_t i = 0; i < FUNCTION_LANGUAGES; i++) {
        size_t n = 0;
        for (size_t at = 0; function_words_next(i, &at, word); n++) {
            const size_t rest = at;
            char again[FUNCTION_WORD_MAX];
            assert_true(strlen(word) > 1);
            for (size_t k = 0; k < FUNCTION_LANGUAGES; k++) {
                assert_true(k == i || !has_word(k, word));
            }
            for (size_t from = rest; function_words_next(i, &from, again);) {
                assert_string_not_equal(again, word);
            }
        }
        assert_true(n >= 2 * SUGGEST_LANGUAGE);
    }
    assert_true(has_word(language("French"), "avec"));
    assert_true(has_word(language("Polish"), "si\xc4\x99"));
    assert_false(has_word(language("French"), "que")); /* Spanish and Portuguese */
    assert_false(has_word(language("German"), "die")); /* English as well, a verb */
    assert_false(has_word(language("Polish"), "w"));   /* one letter */
}

/* A language is suggested where half of its words are one token after a space, and with
 * a text where SUGGEST_LANGUAGE of those occur in it. The file that comes of it loads.
 */
static void test_languages(void **state)
{
    (void)state;
    char text[64][FUNCTION_WORD_MAX + 1], all[FUNCTION_WORD_MAX];
    const char *words[64];
    size_t n = 0, french = 0, half[2] = {0, 0};
    struct language_found found[FUNCTION_LANGUAGES];
    const size_t fr = language("French"), nl = language("Dutch");
    const size_t of[2] = {fr, nl};
    for (size_t k = 0; k < 2; k++) {
        size_t at = 0;
        for (size_t to = 0; function_words_next(of[k], &to, all); half[k]++) {
        }
        half[k] = (half[k] + 1) / 2;
        for (size_t i = 0; i < half[k] - k; i++) { /* of the second too few */
            text[n][0] = ' ';
            assert_true(function_words_next(of[k], &at, text[n] + 1));
            words[n] = text[n];
            n++;
        }
        french = k == 0 ? n : french;
        /* Without a space before it: a piece of other words. */
        assert_true(function_words_next(of[k], &at, text[n]));
        words[n] = text[n];
        n++;
    }
    struct tok *tok = tiny_tok(words, n);
    struct concepts *file = NULL, *own = NULL;
    struct errinfo e;
    struct str out;
    uint64_t *counts = test_calloc(tok_vocab(tok), sizeof *counts);
    str_init(&out, 1u << 20);
    assert_ok(concepts_suggest(tok, NULL, SUGGEST_MOST, &out, found, &e), &e);
    assert_int_equal(found[fr].known, half[0]);
    assert_int_equal(found[fr].used, half[0]);
    assert_true(found[fr].taken && found[fr].words > found[fr].known);
    assert_int_equal(found[nl].known, half[1] - 1);
    assert_false(found[nl].taken);
    assert_null(strstr(out.p, "Dutch"));
    assert_ok(concepts_parse(out.p, out.len, "suggested", tok, &file, &e), &e);
    assert_ok(concepts_built_in(tok, &own, &e), &e);
    assert_true(find(file, "function words") >= 0);
    const int as = find(own, "French (function words)");
    assert_true(as >= 0 && own->def[as].kind == CONCEPT_LANGUAGE);
    assert_true(find(own, "Dutch (function words)") < 0);
    for (size_t i = 0; i < n; i++) {
        const bool is = i < french;
        assert_int_equal(belongs(file, tok, words[i], "French (function words)"), is);
        assert_int_equal(belongs(own, tok, words[i], "French (function words)"), is);
    }
    concepts_free(file);
    concepts_free(own);
    /* A text that has one too few of them. */
    for (size_t i = 0; i < SUGGEST_LANGUAGE - 1; i++) {
        counts[tok_single(tok, words[i])] = 3;
    }
    str_clear(&out);
    assert_ok(concepts_suggest(tok, counts, SUGGEST_MOST, &out, found, &e), &e);
    assert_int_equal(found[fr].known, half[0]);
    assert_int_equal(found[fr].used, SUGGEST_LANGUAGE - 1);
    assert_false(found[fr].taken);
    assert_null(strstr(out.p, "French"));
    counts[tok_single(tok, words[SUGGEST_LANGUAGE - 1])] = 1;
    str_clear(&out);
    assert_ok(concepts_suggest(tok, counts, SUGGEST_MOST, &out, found, &e), &e);
    assert_true(found[fr].taken && strstr(out.p, "French"));
    test_free(counts);
    str_free(&out);
    tok_free(tok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_and_families),
        cmocka_unit_test(test_grammar_family),
        cmocka_unit_test(test_evaluation_sees_no_grammar),
        cmocka_unit_test(test_letters),
        cmocka_unit_test(test_built_in),
        cmocka_unit_test(test_suggested),
        cmocka_unit_test(test_function_words),
        cmocka_unit_test(test_languages),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
