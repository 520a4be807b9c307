/* The filter's grammar: what holds, and where it breaks. */
#include "check.h"
#include "ui/latent_filter.h"
#include "ui_sample.h"

static const struct names names = {SAMPLE_VOCAB,   sample_token, SAMPLE_CONCEPTS,
                                   sample_concept, sample_kind,  NULL};

/* A latent that fires on dog, cat; matches animal with F1 .8; density 1e-3. */
static struct latent_row a_row(void)
{
    struct latent_row r = {.fires = 100,
                           .density = 1e-3,
                           .max = 5,
                           .mean = 2,
                           .match = MATCH_CONCEPT,
                           .match_id = 0,
                           .precision = 0.9F,
                           .recall = 0.7F,
                           .f1 = 0.8F,
                           .top_token = {4, 5, -1, -1, -1}};
    return r;
}

/* The latents that are filtered have this absorption. */
static double absorption = 0.4;

static bool holds_labelled(const char *text, const struct latent_row *row, bool marked,
                           const char *label)
{
    size_t at = 0;
    char message[96] = "";
    struct filter *f = filter_new(&latent_filter, text, &at, message, sizeof message);
    if (!f) {
        fail_msg("%s: %s at %zu", text, message, at);
    }
    const struct latent_source source = {.row = row,
                                         .latent = 412,
                                         .names = &names,
                                         .label = label,
                                         .absorption = absorption,
                                         .marked = marked};
    const bool yes = filter_holds(f, &source);
    /* Its memory of tokens does not change the answer. */
    assert_int_equal(filter_holds(f, &source), yes);
    filter_free(f);
    return yes;
}

static bool holds_for(const char *text, const struct latent_row *row, bool marked)
{
    return holds_labelled(text, row, marked, "");
}

static void check(const char *text, bool expected)
{
    const struct latent_row row = a_row();
    if (holds_for(text, &row, false) != expected) {
        fail_msg("%s: expected %d", text, expected);
    }
}

static void test_words(void **state)
{
    (void)state;
    check("dog", true);
    check("DOG", true);
    check("do", true);
    check("horse", false);
    check("anim", true); /* the match's name */
    check("#412", true);
    check("412", true);
    check("413", false);
    check("!dog", false);
    check("!horse", true);
    check("!!dog", true);
    check("horse|dog", true);
    check("horse|!dog", false);
    check("horse|bird", false);
    check("dog cat", true);
    check("dog horse", false);
    check("dog & cat", true);
    check("dog && cat", true);
    check("dog&horse", false);
    check("\"dog\"", true);
    check("\"a b\"", false);
    check("!\"(\"", true);
    check("", true);
    check("   ", true);
}

static void test_labels(void **state)
{
    (void)state;
    const struct latent_row row = a_row();
    assert_true(holds_labelled("pets", &row, false, "house pets"));
    assert_true(holds_labelled("\"house pets\"", &row, false, "house pets"));
    assert_true(holds_labelled("/^house/", &row, false, "house pets"));
    assert_false(holds_labelled("wild", &row, false, "house pets"));
    assert_true(holds_labelled("labelled dog", &row, false, "house pets"));
    assert_false(holds_labelled("labelled", &row, false, ""));
    assert_true(holds_labelled("!labelled", &row, false, ""));
}

static void test_comparisons(void **state)
{
    (void)state;
    check("density>1e-4", true);
    check("density > 1e-4", true);
    check("density<1e-4", false);
    check("density>=0.001", true);
    check("density<=0.001", true);
    check("density=0.001", true);
    check("density==0.001", true);
    check("density!=0.001", false);
    check("absorb>.3", true);
    check("absorb>.5", false);
    check("f1>=0.75 p>.8 r<.75", true);
    check("F1>.5", true);
    check("max>4 mean<3", true);
    check("latent=412", true);
    check("logd>-3.5 & logd<-2.5", true);
    check("fires>99", true);
    check("density>1|dog", true);
    check("!density>1e-4", false);
}

/* A field that is a text has the word in it; what a list shows can be typed. */
static void test_fields_of_text(void **state)
{
    (void)state;
    struct latent_row row = a_row();
    row.kind = KIND_CLASS;
    assert_true(holds_for("kind=class", &row, false));
    assert_false(holds_for("kind=token", &row, false));
    assert_true(holds_for("kind!=token", &row, false));
    assert_true(holds_for("!kind=token", &row, false));
    assert_true(holds_for("kind = class dog", &row, false));
    assert_true(holds_for("kind=token|kind=class", &row, false));
    assert_true(holds_for("match=anim", &row, false));
    assert_true(holds_for("match=\"animal\"", &row, false));
    assert_false(holds_for("match=dog", &row, false)); /* it fires on it */
    assert_true(holds_for("tokens=dog", &row, false));
    assert_false(holds_for("tokens=animal", &row, false));
    assert_true(holds_labelled("label=pets", &row, false, "house pets"));
    assert_false(holds_labelled("label=dog", &row, false, "house pets"));
    row.place = PLACE_PREVIOUS;
    assert_true(holds_for("after", &row, false));
    assert_true(holds_for("\"after animal\"", &row, false));
    row.match = MATCH_WORD;
    row.match_id = 6;
    assert_true(holds_for("\"after 'horse'\"", &row, false));
    assert_true(holds_for("match='horse'", &row, false));
    row.place = PLACE_TOKEN;
    assert_false(holds_for("after", &row, false));
    assert_true(holds_for("'horse'", &row, false));
}

/* One filter applied to a latent at the token and to one after it: the answers are not
 * mixed up. */
static void test_places_are_apart(void **state)
{
    (void)state;
    size_t at = 0;
    char message[FILTER_MESSAGE];
    struct latent_row row = a_row();
    const struct latent_source s = {.row = &row, .names = &names, .label = ""};
    struct filter *f =
        filter_new(&latent_filter, "after", &at, message, sizeof message);
    assert_non_null(f);
    assert_false(filter_holds(f, &s));
    row.place = PLACE_PREVIOUS;
    assert_true(filter_holds(f, &s));
    row.place = PLACE_TOKEN;
    assert_false(filter_holds(f, &s));
    filter_free(f);
}

/* Tokens of the index, not just those that are shown. */
static void test_all_firing_tokens(void **state)
{
    (void)state;
    size_t at = 0;
    char message[FILTER_MESSAGE];
    struct latent_table *t = sample_table(64, 5);
    const int32_t beyond = sample_token_of(1, LATENT_TOP_TOKENS);
    char text[80];
    snprintf(text, sizeof text, "tokens=\"%s\"", sample_token[beyond]);
    struct filter *f = filter_new(&latent_filter, text, &at, message, sizeof message);
    assert_non_null(f);
    struct latent_source s = {
        .row = &t->row[1], .latent = 1, .names = &names, .label = ""};
    assert_false(filter_holds(f, &s)); /* not among the five */
    s.table = t;
    assert_true(filter_holds(f, &s));
    filter_free(f);
    latent_table_unref(t);
}

static void test_unmeasured(void **state)
{
    (void)state;
    const struct latent_row row = a_row();
    absorption = (double)NAN;
    assert_false(holds_for("absorb>0", &row, false));
    assert_false(holds_for("absorb<1", &row, false));
    assert_false(holds_for("absorb!=5", &row, false));
    assert_true(holds_for("!absorb>0", &row, false));
    absorption = 0.4;
}

static void test_flags(void **state)
{
    (void)state;
    struct latent_row row = a_row();
    assert_false(holds_for("dead", &row, false));
    assert_true(holds_for("!dead", &row, false));
    assert_true(holds_for("matched", &row, false));
    assert_true(holds_for("marked", &row, true));
    assert_false(holds_for("marked", &row, false));
    assert_true(holds_for("density>1e-4 & !dead", &row, false));
    row.f1 = 0.4F;
    assert_false(holds_for("matched", &row, false));
    row.fires = 0;
    assert_true(holds_for("dead", &row, false));
    /* A longer word that begins like a flag is a word. */
    assert_false(holds_for("deadline", &row, false));
    assert_false(holds_for("\"dead\"", &row, false));
}

static void test_regex(void **state)
{
    (void)state;
    check("/(d+o*g?)+/", true);
    check("/^ (x|d(o|u)*g)+$/", true);
    check("/^ d.g$/", true);
    check("/^ D.G$/", true);
    check("/^d/", false);
    check("!/^d/", true);
    check("/x|cat/", true);
    check("/a\\/b/", false);
    check("/dog/ f1>.5", true);
    check("/^animal$/", true);
}

/* A backslash can be looked for, and what it escapes is the pattern's. */
static void test_escapes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *label;
        bool holds;
    } cases[] = {
        {"/\\\\/", "a\\b", true},
        {"/\\\\/", "ab", false},
        {"/a\\\\b/", "a\\b", true},
        {"/\\\\\\/b/", "\\/b", true},
        {"/^a\\/b$/", "a/b", true},
        {"/a\\.b/", "a.b", true},
        {"/a\\.b/", "axb", false},
        {"/^\\w+\\s\\w+$/", "two words", true},
        {"/\\bords/", "two words", false},
        {"/[[:digit:]]x/", "7x", true},
        {"/[\\\\]/", "a\\b", true},
        {"\"a\\\\b\"", "a\\b", true},
        {"\"say \\\"so\\\"\"", "say \"so\"", true},
        {"\\", "a\\b", true},
        {"\"\\n\"", "\\n", true},
    };
    const struct latent_row row = a_row();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (holds_labelled(cases[i].text, &row, false, cases[i].label) !=
            cases[i].holds) {
            fail_msg("%s on %s", cases[i].text, cases[i].label);
        }
    }
}

static void breaks_at(const char *text, size_t expected, const char *part)
{
    size_t at = 99;
    char message[FILTER_MESSAGE] = "";
    struct filter *f = filter_new(&latent_filter, text, &at, message, sizeof message);
    filter_free(f);
    if (f || at != expected || !strstr(message, part)) {
        fail_msg("%s: found \"%s\" at %zu, expected \"%s\" at %zu", text, message, at,
                 part, expected);
    }
}

static void test_errors(void **state)
{
    (void)state;
    breaks_at("densty>1", 0, "unknown field");
    breaks_at("dog densty>1", 4, "unknown field");
    breaks_at("density>", 8, "number");
    breaks_at("density>x", 8, "number");
    breaks_at("density>nan", 8, "number");
    breaks_at("/abc", 0, "closing /");
    breaks_at("dog /a(/", 4, "regular");
    breaks_at("//", 0, "regular");
    breaks_at("\"dog", 0, "closing");
    breaks_at("(dog", 0, "no grouping");
    breaks_at("cat dog)", 7, "no grouping");
    breaks_at("kind>token", 5, "= or !=");
    breaks_at("kind=", 5, "ends");
    breaks_at("kind=(", 5, "no grouping");
    breaks_at("dog |", 4, "missing");
    breaks_at("dog &", 4, "missing");
    breaks_at("| dog", 0, "missing");
    breaks_at("!", 1, "ends");
    breaks_at("/(a)\\1/", 0, "back references");
    breaks_at("/a\\/", 0, "closing /");
    breaks_at("\"a\\\"", 0, "closing");
    breaks_at("dog /\\d/", 4, "unknown escape");
    breaks_at("/\\n/", 0, "unknown escape");
    breaks_at("/a{1000}/", 0, "repeats too much");
    breaks_at("/a{2,900}/", 0, "repeats too much");
    breaks_at("/((a{9}){9}){9}/", 0, "repeats too much");
    breaks_at("/(;++++++++++++++++++++++++++g)|[]+]/", 0, "repeats too much");
    breaks_at("/x)a++++++++++/", 0, "repeats too much");
    breaks_at("/x){,50}++++++++++/", 0, "can match nothing");
    breaks_at("/x){1,50}++++++++++/", 0, "repeats too much");
    breaks_at("/t**|$&****/", 0, "can match nothing");
    breaks_at("/((a*)*(b*)*)/", 0, "can match nothing");
    breaks_at("/(a|b?|)+/", 0, "can match nothing");
    breaks_at("/(x{0,3}y*){2}/", 0, "can match nothing");
    breaks_at("/^*/", 0, "can match nothing");
    breaks_at("/(a))++++++++++/", 0, "repeats too much");
    char many[256] = "";
    for (size_t i = 0; i < 40; i++) {
        memcpy(many + 2 * i, "x ", 3);
    }
    breaks_at(many, 64, "too many");
}

static void test_word_filter(void **state)
{
    (void)state;
    const struct latent_row row = a_row();
    const struct latent_source source = {
        .row = &row, .latent = 1, .names = &names, .label = ""};
    struct filter *f = filter_new_word(&latent_filter, "dog");
    assert_true(filter_holds(f, &source));
    filter_free(f);
    f = filter_new_word(&latent_filter, "\"|&!");
    assert_false(filter_holds(f, &source));
    filter_free(f);
}

/* Ids out of range come from files: nothing is found, nothing is read. */
static void test_hostile_ids(void **state)
{
    (void)state;
    struct latent_row row = a_row();
    row.top_token[0] = 1 << 30;
    row.top_token[1] = -7;
    row.match_id = 1 << 29;
    assert_false(holds_for("dog", &row, false));
    row.match = MATCH_WORD;
    assert_false(holds_for("dog", &row, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_comparisons),
        cmocka_unit_test(test_fields_of_text),
        cmocka_unit_test(test_places_are_apart),
        cmocka_unit_test(test_all_firing_tokens),
        cmocka_unit_test(test_unmeasured),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_regex),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_word_filter),
        cmocka_unit_test(test_hostile_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
