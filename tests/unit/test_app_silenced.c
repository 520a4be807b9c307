/* Which latents are silenced, where latents are listed. */
#include "ui/screens/concepts_priv.h"
#include "ui/screens/prompt.h"
#include "ui_bench.h"

/* The line of a latent in the table: the cursor's sign, its marks, its number. */
static bool row_says(struct bench *b, const char *signs, int32_t id)
{
    char line[40];
    snprintf(line, sizeof line, "\n%s%6d ", signs, id);
    app_view(&b->a, &b->v, &b->c);
    return on_screen(b, line);
}

/* What is silenced is marked in the list, beside what is marked, and the hints offer
 * `a` for a set. */
static void test_silenced_in_the_list(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    press(b, '3');
    const int32_t *order = latents_of(&b->a)->order;
    const int32_t first = order[0], second = order[1], third = order[2];
    assert_false(on_screen(b, "silence"));
    prompt_silence(&b->a, second);
    assert_true(row_says(b, "\xe2\x96\xb6  ", first));
    assert_true(row_says(b, "  \xc3\x97", second));
    type(b, " j j");
    assert_true(row_says(b, " * ", first));
    assert_true(row_says(b, " *\xc3\x97", second));
    assert_true(row_says(b, "\xe2\x96\xb6  ", third));
    assert_true(on_screen(b, "a silence marked"));
    press(b, 'a');
    assert_true(row_says(b, " *\xc3\x97", first));
    assert_true(row_says(b, " *\xc3\x97", second));
    assert_true(on_screen(b, "a let marked speak"));
    struct finder_item item;
    assert_true(latents_item(&b->a, &b->v, first, &item));
    assert_true(strncmp(item.more, "silenced  ", 10) == 0);
    press(b, 'a');
    assert_true(row_says(b, " * ", first));
    assert_true(row_says(b, " * ", second));
    assert_true(on_screen(b, "a silence marked"));
    bench_free(b);
}

/* In Concepts, wherever a latent of the condition that is shown stands: in the table,
 * among the concept's, and of a word that it absorbed. */
static void test_silenced_in_concepts(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    char line[40];
    type(b, "2v");
    const struct concept_word *word = concepts_own(&b->a)->word;
    const int32_t main = concepts_latent_here(&b->a, &b->v, 1);
    assert_true(main >= 0 && word->of[1]->absorbed > 0);
    prompt_silence(&b->a, main);
    app_view(&b->a, &b->v, &b->c);
    snprintf(line, sizeof line, " \xc3\x97#%d 0.", main);
    assert_true(on_screen(b, line));
    snprintf(line, sizeof line, "B \xc3\x97#%d own F1", main);
    assert_true(on_screen(b, line));
    const int32_t by = word->of[1]->absorber[0].latent;
    snprintf(line, sizeof line, " \xc3\x97#%d ", by);
    assert_false(on_screen(b, line));
    prompt_silence(&b->a, by);
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, line));
    press(b, 'v'); /* those of A are its own */
    assert_false(on_screen(b, "\xc3\x97"));
    bench_free(b);
}

/* The hint of a set pushes out no way back: what is of no use now makes room for it. */
static void test_hints_keep_the_way_back(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    type(b, "3 a");
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "a let marked speak"));
    assert_true(on_screen(b, "q back  e export"));
    assert_false(on_screen(b, "\\ clear"));
    type(b, "&!nothing\n");
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "\\ clear"));
    assert_true(on_screen(b, "q back"));
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silenced_in_the_list),
        cmocka_unit_test(test_silenced_in_concepts),
        cmocka_unit_test(test_hints_keep_the_way_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
