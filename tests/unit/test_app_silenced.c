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
    assert_true(row_says(b, "  0", second));
    type(b, " j j");
    assert_true(row_says(b, " * ", first));
    assert_true(row_says(b, " *0", second));
    assert_true(row_says(b, "\xe2\x96\xb6  ", third));
    assert_true(on_screen(b, "a silence marked"));
    press(b, 'a');
    assert_true(row_says(b, " *0", first));
    assert_true(row_says(b, " *0", second));
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_silenced_in_the_list)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
