/* Finding latents by text, the best answers first. */
#include "base/fuzzy.h"
#include "base/nearest.h"
#include "base/rng.h"
#include "check.h"
#include "latents/latent_find.h"
#include "ui_sample.h"

static void test_fuzzy(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *text;
        bool gaps;
        int score;
    } cases[] = {
        {"dog", " dog", false, FUZZY_WHOLE},
        {"DOG", " dog", false, FUZZY_WHOLE},
        {"dog", "'dog'", false, FUZZY_WHOLE},
        {"'dog'", "dog", false, FUZZY_WHOLE},
        {"after 'dog'", "after 'dog'", false, FUZZY_WHOLE},
        {"after dog", "after 'dog'", false, FUZZY_NONE},
        {"do", " dog", false, FUZZY_START},
        {"pets", "house pets", false, FUZZY_WORD},
        {"og", " dog", false, FUZZY_INSIDE},
        {"a", "b a ba", false, FUZZY_WORD},
        {"hpet", "house pets", true, FUZZY_GAPS},
        {"hpet", "house pets", false, FUZZY_NONE},
        {"hp", "house pets", true, FUZZY_NONE},
        {"ose", "house pets", true, FUZZY_NONE}, /* no word begins so */
        {"dogs", "dog", true, FUZZY_NONE},
        {"", "dog", true, FUZZY_NONE},
        {"''", "dog", true, FUZZY_NONE},
        {"dog", "", true, FUZZY_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int found = fuzzy_score(cases[i].typed, cases[i].text, cases[i].gaps);
        if (found != cases[i].score) {
            fail_msg("%s in %s: found %d, expected %d", cases[i].typed, cases[i].text,
                     found, cases[i].score);
        }
    }
}

/* Where little answers: letters left out, then slips; short words have none. */
static void test_loose(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *text;
        int score;
        const char *near;
    } cases[] = {
        {"anml", "animal", FUZZY_LETTERS, "animal"},
        {"anmal", "after 'animal'", FUZZY_LETTERS, "animal"},
        {"Lodon", " London", FUZZY_LETTERS, "London"},
        {"silnce", "silence", FUZZY_LETTERS, "silence"},
        {"hsehold", "household parts", FUZZY_LETTERS, "household"},
        {"houshold", "household parts", FUZZY_LETTERS, "household"},
        {"hpts", "household parts", FUZZY_LETTERS, "household parts"},
        {"houshold prts", "household parts", FUZZY_LETTERS, "household parts"},
        {"nmal", "animal", FUZZY_NONE, ""},        /* no word begins so */
        {"anal", "an individual", FUZZY_NONE, ""}, /* too much between */
        {"abcd", "aXXXb c d", FUZZY_NONE, ""},
        {"amn", "amen", FUZZY_NONE, ""}, /* too short */
        {"animel", "after 'animal'", FUZZY_NEAR, "animal"},
        {"nimal", "Animal", FUZZY_NEAR, "Animal"},
        {"dogs", "dog", FUZZY_NEAR, "dog"},
        {"tenparatuer", "a temperature", FUZZY_NONE, ""}, /* three slips */
        {"tenperatuer", "a temperature", FUZZY_NEAR, "temperature"},
        {"anybal", "animal", FUZZY_NONE, ""},      /* two slips in six letters */
        {"dgo", "after 'dog'", FUZZY_NEAR, "dog"}, /* of three, only swapped */
        {"dgo", "do", FUZZY_NONE, ""},
        {"dig", "dog", FUZZY_NONE, ""},
        {"hosuehold part", "of household parts", FUZZY_NEAR, "household parts"},
        {"mask.rtae", "mask.rate_end", FUZZY_NEAR, "mask.rate"},
        {"laerning rtae", "a learning rate", FUZZY_NEAR, "learning rate"},
        {"hosuehold part", "household", FUZZY_NONE, ""},
        {"", "animal", FUZZY_NONE, ""},
        {"anml", "", FUZZY_NONE, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char near[FUZZY_NEAR_MAX];
        const int found = fuzzy_loose(cases[i].typed, cases[i].text, near);
        if (found != cases[i].score || strcmp(near, cases[i].near) != 0) {
            fail_msg("%s in %s: found %d near '%s', expected %d near '%s'",
                     cases[i].typed, cases[i].text, found, near, cases[i].score,
                     cases[i].near);
        }
    }
    assert_string_equal(fuzzy_name(FUZZY_WHOLE), "whole");
    assert_string_equal(fuzzy_name(FUZZY_GAPS), "initials");
    assert_string_equal(fuzzy_name(FUZZY_LETTERS), "letters");
    assert_string_equal(fuzzy_name(FUZZY_NEAR), "spelling");
}

/* Changes one letter of a word, or two: put in, taken away, replaced, swapped. */
static void slip(struct rng *r, char word[48])
{
    const size_t n = strlen(word), at = (size_t)rng_below(r, n);
    const char put = (char)('a' + (int)rng_below(r, 6));
    switch (rng_below(r, 4)) {
    case 0:
        memmove(word + at + 1, word + at, n - at + 1);
        word[at] = put;
        break;
    case 1: word[at] = put; break;
    case 2: memmove(word + at, word + at + 1, n - at); break;
    default:
        if (at + 1 < n) {
            const char c = word[at];
            word[at] = word[at + 1];
            word[at + 1] = c;
        }
    }
}

/* Words of few letters, so that many are near: just those of few enough slips are. */
static void test_near_is_few_slips(void **state)
{
    (void)state;
    struct rng r = rng_begin(7, RNG_SAMPLE, 0);
    size_t near = 0, far = 0;
    for (int i = 0; i < 20000; i++) {
        char a[48] = "", b[48], meant[FUZZY_NEAR_MAX];
        const size_t n = 4 + (size_t)rng_below(&r, 8);
        for (size_t k = 0; k < n; k++) {
            a[k] = (char)('a' + (int)rng_below(&r, 6));
        }
        memcpy(b, a, sizeof b);
        for (uint64_t slips = rng_below(&r, 4); slips > 0; slips--) {
            slip(&r, b);
        }
        const bool is = fuzzy_near(a, b, meant);
        assert_true(is == (nearest_slips(a, b) <= (n < 7 ? 1 : 2)));
        near += is;
        far += !is;
    }
    assert_true(near > 1000 && far > 1000);
}

/* ---- latents ---- */

static const struct names names = {SAMPLE_VOCAB,   sample_token, SAMPLE_CONCEPTS,
                                   sample_concept, sample_kind,  NULL};
enum { F = 200 };

static size_t find(const struct latent_table *t, const struct latent_labels *labels,
                   const char *text, struct latent_found out[F])
{
    struct errinfo e;
    size_t n = 0, all = 0;
    const struct latent_scope in = {.table = t, .names = &names, .labels = labels};
    assert_ok(latent_find(&in, text, F, out, &n, &all, &e), &e);
    assert_int_equal(n, all);
    for (size_t i = 1; i < n; i++) {
        assert_true(out[i].score <= out[i - 1].score);
    }
    return n;
}

/* By any token that it fires on: by plain loops over the index. */
static void test_by_token(void **state)
{
    (void)state;
    struct latent_found found[F];
    struct latent_table *t = sample_table(F, 5);
    bool has[F] = {false};
    size_t beyond = 0;
    for (int32_t j = 0; j < F; j++) {
        size_t k = 0;
        const struct latent_token *token = latent_tokens(t, j, &k);
        for (size_t i = 0; i < k; i++) {
            const bool is = strcmp(sample_token[token[i].token], " flute") == 0;
            has[j] = has[j] || is;
            beyond += is && i >= LATENT_TOP_TOKENS;
        }
        char match[64];
        names_match(&names, &t->row[j], match, sizeof match);
        has[j] = has[j] || strstr(match, "flute");
    }
    assert_true(beyond > 0); /* some that no list shows */
    const size_t n = find(t, NULL, "flute", found);
    for (size_t i = 0; i < n; i++) {
        assert_true(has[found[i].latent]);
        has[found[i].latent] = false;
        if (found[i].by == BY_TOKEN) {
            assert_string_equal(sample_token[found[i].token->token], " flute");
            assert_true(found[i].share > 0 && found[i].share <= 1);
        }
    }
    for (int32_t j = 0; j < F; j++) {
        assert_false(has[j]); /* none is left out */
    }
    assert_int_equal(find(t, NULL, "no such token", found), 0);
    assert_int_equal(find(t, NULL, "", found), 0);
    assert_int_equal(find(t, NULL, "  ", found), 0);
    latent_table_unref(t);
}

static void test_by_the_rest(void **state)
{
    (void)state;
    struct errinfo e;
    struct latent_found found[F];
    struct latent_labels *labels = NULL;
    struct latent_table *t = sample_table(F, 5);
    assert_ok(latent_labels_with(NULL, 7, "house pets", &labels, &e), &e);
    assert_true(find(t, labels, "#42", found) >= 1);
    assert_int_equal(found[0].latent, 42);
    assert_int_equal(found[0].by, BY_NUMBER);
    find(t, labels, "42", found);
    assert_int_equal(found[0].latent, 42);
    find(t, labels, "pets", found);
    assert_int_equal(found[0].latent, 7);
    assert_int_equal(found[0].by, BY_LABEL);
    find(t, labels, "hpet", found);
    assert_int_equal(found[0].latent, 7);
    /* By the match as the list writes it; the better F1 first. */
    size_t n = find(t, NULL, "after animal", found);
    assert_true(n > 0);
    assert_int_equal(found[0].by, BY_MATCH);
    assert_int_equal(t->row[found[0].latent].place, PLACE_PREVIOUS);
    assert_int_equal(t->row[found[0].latent].match_id, 0);
    /* Whole, it comes before all that answer to its words, with quotes or without. */
    assert_true(found[0].score >= 2.0 * FUZZY_WHOLE);
    find(t, NULL, "after 'animal'", found);
    assert_true(found[0].score >= 2.0 * FUZZY_WHOLE);
    find(t, labels, "house pets", found);
    assert_true(found[0].latent == 7 && found[0].score >= 2.0 * FUZZY_WHOLE);
    n = find(t, NULL, "after", found);
    assert_true(n > 1);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(t->row[found[i].latent].place, PLACE_PREVIOUS);
        assert_true(i == 0 ||
                    t->row[found[i].latent].f1 <= t->row[found[i - 1].latent].f1);
    }
    n = find(t, NULL, "dead", found);
    assert_int_equal(n, t->dead);
    assert_int_equal(found[0].by, BY_KIND);
    /* With several words each one must match. */
    n = find(t, NULL, "position family", found);
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(t->row[found[i].latent].kind, KIND_POSITION);
    }
    assert_int_equal(find(t, NULL, "position nosuch", found), 0);
    latent_labels_unref(labels);
    latent_table_unref(t);
}

/* Loose answers are marked, and never stand above the others. */
static void test_loosely(void **state)
{
    (void)state;
    struct errinfo e;
    struct latent_found found[F];
    struct latent_labels *labels = NULL;
    struct latent_table *t = sample_table(F, 5);
    assert_ok(latent_labels_with(NULL, 7, "household parts", &labels, &e), &e);
    static const char *const typed[] = {"hsehold", "houshold", "hpts", "househodl"};
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        assert_true(find(t, labels, typed[i], found) >= 1);
        assert_int_equal(found[0].latent, 7);
        assert_int_equal(found[0].by, BY_LABEL);
        assert_true(found[0].near[0] && found[0].score < FUZZY_GAPS);
    }
    /* As many as answer to the right spelling by a match. */
    size_t n = find(t, NULL, "anmal", found);
    assert_true(n > 3);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(found[i].near, "animal");
        assert_int_equal(found[i].quality, FUZZY_LETTERS);
    }
    assert_true(find(t, NULL, "techer", found) > 0); /* by a token */
    assert_string_equal(found[0].near, "teacher");
    n = find(t, NULL, "contxet", found);
    assert_true(n > 0 && found[0].by == BY_KIND);
    assert_string_equal(found[0].near, "context");
    /* Few answers, so others follow them; many, so none do. */
    find(t, labels, "parts", found);
    assert_true(found[0].latent == 7 && !found[0].near[0]);
    const size_t many = find(t, NULL, "small", found);
    assert_true(many > 3);
    for (size_t i = 0; i < many; i++) {
        assert_false(found[i].near[0]);
    }
    latent_labels_unref(labels);
    latent_table_unref(t);
}

/* The latents of a concept by an evaluation: the best first, whatever they match. */
static void test_by_concept(void **state)
{
    (void)state;
    struct errinfo e;
    struct latent_found found[F];
    size_t n = 0;
    struct latent_table *t = sample_table(F, 5);
    static const struct latent_teller teller[] = {{16, 0, 0.9F, true},
                                                  {33, 1, 0.8F, true},
                                                  {33, 0, 0.4F, false},
                                                  {50, 6, 1, true}};
    const struct latent_scope in = {
        .table = t, .names = &names, .teller = teller, .n_tellers = 4};
    assert_ok(latent_find(&in, "animal", F, found, &n, NULL, &e), &e);
    assert_int_equal(found[0].latent, 16);
    assert_int_equal(found[0].by, BY_CONCEPT);
    assert_ptr_equal(found[0].teller, &teller[0]);
    size_t at = 1;
    while (at < n && found[at].latent != 33) {
        at++;
    }
    assert_true(at > 1 && at < n); /* after those that match it better */
    assert_ptr_equal(found[at].teller, &teller[2]);
    assert_ok(latent_find(&in, "familiy", F, found, &n, NULL, &e), &e);
    assert_int_equal(found[0].latent, 50);
    assert_string_equal(found[0].near, "family");
    latent_table_unref(t);
}

/* A table without an index, and no more than there is room for. */
static void test_edges(void **state)
{
    (void)state;
    struct errinfo e;
    struct latent_found one[2];
    size_t n = 9, all = 0;
    struct latent_table *t = sample_table(F, 5);
    const struct latent_scope in = {.table = t, .names = &names};
    assert_ok(latent_find(&in, "colour", 2, one, &n, &all, &e), &e);
    assert_int_equal(n, 2);
    assert_true(all > 2);
    mem_free(t->token);
    t->token = NULL;
    assert_ok(latent_find(&in, "colour", 2, one, &n, NULL, &e), &e);
    assert_int_equal(n, 2);
    char many[2000];
    memset(many, 'a', sizeof many);
    for (size_t i = 0; i < sizeof many; i += 3) {
        many[i] = ' ';
    }
    many[sizeof many - 1] = '\0';
    assert_ok(latent_find(&in, many, 2, one, &n, NULL, &e), &e);
    latent_table_unref(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fuzzy),    cmocka_unit_test(test_loose),
        cmocka_unit_test(test_by_token), cmocka_unit_test(test_by_the_rest),
        cmocka_unit_test(test_loosely),  cmocka_unit_test(test_by_concept),
        cmocka_unit_test(test_edges),    cmocka_unit_test(test_near_is_few_slips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
