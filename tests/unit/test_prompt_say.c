/* Prompt: what it says of what was done, and of what it shows. */
#include "prompt_world.h"

#include <stdio.h>
#include <string.h>

/* From a key that changes the text to its answer it waits. */
static void test_waits_for_the_answer(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    assert_false(screen_prompt.waits(&t.b->a));
    keys(&t, "\n");
    struct ask_worker *w = t.b->v.asker;
    t.b->v.asker = NULL; /* who would answer at once */
    press(t.b, 's');
    assert_true(screen_prompt.waits(&t.b->a));
    t.b->v.asker = w;
    settle(&t);
    assert_false(screen_prompt.waits(&t.b->a));
    assert_false(own(&t)->changed);
    end_world(&t);
}

/* What `bench ui` types in: 64 tokens, which end as they began. */
static void test_typed_for_the_bench(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    for (int middle = 0; middle < 2; middle++) {
        char before[TEXTBOX_CAP];
        const struct textbox *box = &own(&t)->box;
        assert_true(screen_prompt.types->begin(&t.b->a, &t.b->v, middle));
        settle(&t);
        assert_int_equal(own(&t)->row.n, 64);
        assert_true(own(&t)->typing);
        assert_true(middle ? box->cursor < box->len * 2 / 3 : box->cursor == box->len);
        memcpy(before, box->text, sizeof before);
        for (const char *key = screen_prompt.types->keys; *key; key++) {
            const uint64_t asked = own(&t)->ticket;
            press(t.b, (uint32_t)*key);
            assert_true(own(&t)->ticket > asked);
            settle(&t);
        }
        assert_string_equal(box->text, before);
    }
    end_world(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_for_the_answer),
        cmocka_unit_test(test_typed_for_the_bench),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
