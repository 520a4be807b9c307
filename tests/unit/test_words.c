/* Help answers to words that it does not use. */
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
    assert_true(on_screen(b, "no line answers to that"));
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
