/* Which latents are silenced, where latents are listed. */
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
        cmocka_unit_test(test_hints_keep_the_way_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
