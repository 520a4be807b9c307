/* Help answers to words that it does not use. */
#include "ui/topics.h"
#include "ui/word_search.h"
#include "ui_bench.h"

static bool answer(const char *typed, const char *const *text, size_t n)
{
    struct words w;
    words_begin(&w, typed);
    return words_answer(&w, text, n);
}

static void check(const char *typed, const char *text, bool yes)
{
    const char *const one[] = {text, NULL};
    if (answer(typed, one, 2) != yes) {
        fail_msg("'%s' in '%s': expected %d", typed, text, yes);
    }
}

static void test_words(void **state)
{
    (void)state;
    check("", "anything", true);
    check("mask", "set the masking rate", true);
    check("masking", "tokens are masked", true);
    check("masks", "set the masking rate", true);
    check("evaluation", "evaluate now", true);
    check("neuron", "the next latent", true);
    check("neurons", "the next latent", true);
    check("features", "find a latent", true);
    check("search", "find a latent", true);
    check("search neuron", "find a latent", true);
    check("neuron search", "find a latent", true);
    check("search banana", "find a latent", false);
    check("exit", "quit; asks first", true);
    check("find a latent", "find a latent", true); /* a phrase */
    check("latent", "quit", false);
    check("es", "quit", false); /* nothing is left of it */
    check("the", "breathe", true);
    char longest[400];
    memset(longest, 'x', sizeof longest);
    longest[399] = '\0';
    check(longest, "x", false);
    /* Beyond as many as count a word is not looked for. */
    check("a b c d e f g h i j k l m n o p zz", "abcdefghijklmnop", true);
    check("a b c d e f g h i j k l m n o zz q", "abcdefghijklmnop", false);
}

/* Spelt nearly so: every word, at least one of them not as typed. */
static void test_near(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *near;
    } cases[] = {
        {"tempratur", "temperature"},         {"tempratur samplng", "temperature"},
        {"sampled tempratur", "temperature"}, {"temperature", NULL}, /* as typed */
        {"tempratur banana", NULL},           {"", NULL}};
    const char *const text[] = {NULL, "write on by sampling", "the temperature"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct words w;
        char near[FUZZY_NEAR_MAX];
        words_begin(&w, cases[i].typed);
        const bool is = words_near(&w, text, 3, near);
        assert_int_equal(is, cases[i].near != NULL);
        assert_string_equal(is ? near : "", cases[i].near ? cases[i].near : "");
    }
}

/* Help looks for near spellings where nothing answers, and says so. */
static void test_help_near(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    press(b, '?');
    type(b, "/tempratur\n");
    assert_true(on_screen(b, "help / tempratur: near 'temperature'"));
    assert_true(on_screen(b, "let the model write on"));
    type(b, "/laerning rate\n"); /* another word for it: lr */
    assert_true(on_screen(b, "near 'learning rate'"));
    assert_true(on_screen(b, ":tune"));
    type(b, "/temperature\n");
    assert_false(on_screen(b, "near"));
    type(b, "/qqqqzzzz\n");
    assert_true(on_screen(b, "no line has that"));
    bench_free(b);
}

/* Each text counts, and words may be spread over them. */
static void test_texts(void **state)
{
    (void)state;
    const char *const text[] = {"r", "reverse", "reverse the order"};
    assert_true(answer("r order", text, 3));
    assert_false(answer("order up", text, 3));
    assert_true(answer("orders", text, 3));
}

static void test_help(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    type(b, "?/shortcut list");
    type(b, "\n");
    press(b, KEY_ESC_);
    type(b, "/exiting\n");
    assert_true(on_screen(b, "quit; asks while"));
    press(b, KEY_ESC_);
    type(b, "/neuron\n");
    assert_true(on_screen(b, "latent"));
    press(b, KEY_ESC_);
    type(b, "/banana\n");
    assert_true(on_screen(b, "no line has that"));
    bench_free(b);
}

static void ranks(const char *typed, const char *name, const char *text,
                  enum words_rank expected)
{
    struct words w;
    words_begin(&w, typed);
    const char *const names[] = {name, NULL}, *const texts[] = {name, text};
    if (words_rank(&w, names, 2, texts, 2) != expected) {
        fail_msg("'%s' in '%s', '%s': expected rank %d", typed, name, text, expected);
    }
}

static void test_rank(void **state)
{
    (void)state;
    ranks("P", "P", "precision", WORDS_NAME);
    ranks("P", "p", "precision", WORDS_BEGIN); /* another key */
    ranks("MEAN", "mean", "of all", WORDS_NAME);
    ranks("exit", "quit", "asks first", WORDS_SENSE);
    ranks("exit", "dense", "leave out latents", WORDS_INSIDE);
    ranks("lat", "dense", "leave out latents", WORDS_BEGIN);
    ranks("ens", "dense", "leave out latents", WORDS_INSIDE);
}

/* The order in which help lists two lines; each must be there. */
static void help_order(struct bench *b, const char *typed, const char *before,
                       const char *after)
{
    struct errinfo e;
    char *dump = NULL;
    type(b, typed);
    assert_ok(canvas_dump(&b->c, false, &dump, &e), &e);
    const char *first = strstr(dump, before), *second = strstr(dump, after);
    if (!first || !second || first > second) {
        fail_msg("%s: expected '%s' before '%s' in\n%s", typed, before, after, dump);
    }
    mem_free(dump);
    press(b, KEY_ESC_);
}

static void test_help_order(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    type(b, "2?");
    help_order(b, "/P\n", "precision: of the tokens", "this screen: Concepts");
    help_order(b, "/mean\n", "mean activation where it fires", "measures (");
    help_order(b, "/exit\n", "quit; asks while", "leave out latents");
    help_order(b, "/paste\n", "how is text typed?", "what is a match?");
    help_order(b, "/dense\n", "leave out latents", "columns and filter words");
    bench_free(b);
}

/* The command behind a key, with what it takes, has a row below where the words leave
 * it no room, and Enter there does what the key does. */
static void test_help_commands(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    type(b, "5?/temperature\n");
    assert_true(on_screen(b, ":write [both] [N] [temperature=X]"));
    press(b, KEY_ESC_);
    type(b, "/unsteer\n");
    assert_true(on_screen(b, " :unsteer"));
    press(b, KEY_ESC_);
    type(b, "/POS\n");
    assert_true(on_screen(b, ":steer "));
    press(b, KEY_ESC_);
    press(b, KEY_ESC_);
    type(b, "2?/rule\n");
    assert_true(on_screen(b, ":rule"));
    bench_free(b);
    b = bench_new(80, 24, 2);
    static const char *const typed[] = {"newline", "multiline", "line break",
                                        "history"};
    press(b, '?');
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        char line[40];
        snprintf(line, sizeof line, "/%s\n", typed[i]);
        type(b, line);
        assert_true(on_screen(b, "Ctrl-O"));
        press(b, KEY_ESC_);
    }
    type(b, "/raw units\n");
    assert_true(on_screen(b, "in which unit are activations?"));
    bench_free(b);
}

/* Words of the field, and what they are called here: a command of a key, whose row in
 * the table of keys has its name, what it takes and help; or a topic. */
static const struct {
    const char *typed, *found;
} field[] = {
    {"ablate", "silence"},
    {"ablation", "silence"},
    {"ablating features", "silence"},
    {"turn off", "silence"},
    {"intervene", "steer"},
    {"intervention", "steer"},
    {"steering", "steer"},
    {"patching", "steer"},
    {"multiplier", "strength"},
    {"generate", "write"},
    {"generation", "write"},
    {"continue", "write"},
    {"sampling", "write"},
    {"attribution", "why"},
    {"attribute", "why"},
    {"integrated gradients", "why"},
    {"circuit", "why"},
    {"contribution", "why"},
    {"causal", "effect"},
    {"unembedding", "lens"},
    {"direct logit attribution", "lens"},
    {"logit lens", "what is the logit lens?"},
    {"logprob", "effect"},
    {"surprisal", "digits"},
    {"embed", "what is CE recovered?"},
    {"layer", "what is the logit lens?"},
    {"resid", "what is CE recovered?"},
    {"dictionary", "what is an SAE?"},
    {"dictionary learning", "what is an SAE?"},
    {"dashboard", "screen"},
    {"neuronpedia", "screen"},
    {"feature page", "screen"},
    {"absorption", "what is absorption?"},
    {"feature splitting", "what does Compare show?"},
    {"splitting", "list"},
    {"merge", "list"},
    {"counterpart", "partner"},
    {"coactivation", "near"},
    {"co-firing", "near"},
    {"max activating examples", "interval"},
    {"decile", "interval"},
    {"validation", "effect"},
    {"playground", "screen"},
    {"instruct", "chat"},
    {"recipe", "preset"},
    {"counterfactual", "pin"},
    {"heatmap", "heat"},
    {"umap", "scatter"},
    {"autointerp", "label"},
    {"explanation", "label"},
    {"reset", "unsteer"},
    {"clipboard", "copy"},
    {"hyperparameter", "tune"},
    {"features", "latent"},
};

static bool key_answers(const char *typed, const char *command)
{
    bool is = false;
    for (size_t i = 0; i < keymap_count(&screen_table) && !is; i++) {
        const struct key_entry *k = keymap_at(&screen_table, i);
        char line[160];
        snprintf(line, sizeof line, ":%s %s", k->action->command, k->action->args);
        const char *const text[] = {line, k->help};
        is = !strcmp(k->action->command, command) && answer(typed, text, 2);
    }
    return is;
}

static bool topic_answers(const char *typed, const char *title)
{
    bool is = false;
    for (size_t i = 0; i < topics_count() && !is; i++) {
        const struct topic *t = topics_at(i);
        const char *const text[] = {t->title, t->text};
        is = !strcmp(t->title, title) && answer(typed, text, 2);
    }
    return is;
}

static void test_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof field / sizeof field[0]; i++) {
        if (!key_answers(field[i].typed, field[i].found) &&
            !topic_answers(field[i].typed, field[i].found)) {
            fail_msg("?%s does not find '%s'", field[i].typed, field[i].found);
        }
    }
    struct bench *b = bench_new(120, 36, 2);
    type(b, "?/ablate\n");
    assert_true(on_screen(b, "silence the latent"));
    press(b, KEY_ESC_);
    type(b, "/generate\n");
    assert_true(on_screen(b, "let the model write on"));
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),      cmocka_unit_test(test_near),
        cmocka_unit_test(test_help_near),  cmocka_unit_test(test_texts),
        cmocka_unit_test(test_help),       cmocka_unit_test(test_rank),
        cmocka_unit_test(test_help_order), cmocka_unit_test(test_help_commands),
        cmocka_unit_test(test_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
