/* Selection and scrolling: what must hold after every operation, over random ones. */
#include "base/rng.h"
#include "ui/list.h"
#include "unit/check.h"

static void check_whole(const struct list_view *v)
{
    if (v->count == 0) {
        assert_int_equal(v->top, 0);
        assert_int_equal(v->cursor, 0);
        return;
    }
    assert_true(v->cursor < v->count);
    assert_true(v->top <= v->cursor);
    if (v->page > 0) {
        assert_true(v->cursor < v->top + (size_t)v->page);
        /* no empty row while something is hidden above */
        assert_true(v->top == 0 || v->count - v->top >= (size_t)v->page);
    }
}

static void test_random_operations(void **state)
{
    (void)state;
    struct rng r = rng_begin(1, RNG_SAMPLE, 0);
    for (int run = 0; run < 300; run++) {
        struct list_view v = {0};
        list_set(&v, (size_t)rng_below(&r, 60), (int)rng_below(&r, 20) - 1);
        for (int step = 0; step < 200; step++) {
            const int64_t by = (int64_t)rng_below(&r, 41) - 20;
            switch (rng_below(&r, 9)) {
            case 0:
                list_set(&v, (size_t)rng_below(&r, 60), (int)rng_below(&r, 20) - 1);
                break;
            case 1: list_move(&v, by); break;
            case 2: list_move(&v, by < 0 ? INT64_MIN : INT64_MAX); break;
            case 3: list_go(&v, (size_t)rng_u64(&r)); break;
            case 4: list_page(&v, (int)by); break;
            case 5: list_half_page(&v, (int)by); break;
            case 6: list_wheel(&v, (int)by); break;
            case 7: list_click(&v, (int)by); break;
            default: by < 0 ? list_home(&v) : list_end(&v); break;
            }
            check_whole(&v);
        }
    }
}

static void test_moves(void **state)
{
    (void)state;
    struct list_view v = {0};
    list_set(&v, 100, 10);
    list_move(&v, 9);
    assert_int_equal(v.top, 0);
    list_move(&v, 1);
    assert_int_equal(v.cursor, 10);
    assert_int_equal(v.top, 1);
    list_page(&v, 1); /* the window moves with the cursor, which keeps its row */
    assert_int_equal(v.cursor, 19);
    assert_int_equal(v.top, 10);
    list_half_page(&v, -1);
    assert_int_equal(v.cursor, 14);
    assert_int_equal(v.top, 5);
    list_wheel(&v, 3);
    assert_int_equal(v.top, 8);
    assert_int_equal(v.cursor, 14);
    list_wheel(&v, 20);
    assert_int_equal(v.top, 28);
    assert_int_equal(v.cursor, 28);
    list_wheel(&v, -20);
    assert_int_equal(v.cursor, 17);
    list_end(&v);
    assert_int_equal(v.top, 90);
    list_set(&v, 50, 10);
    assert_int_equal(v.cursor, 49);
    assert_int_equal(v.top, 40);
}

static void test_click(void **state)
{
    (void)state;
    struct list_view v = {0};
    list_set(&v, 5, 10);
    assert_true(list_click(&v, 4));
    assert_int_equal(v.cursor, 4);
    assert_false(list_click(&v, 5));
    assert_false(list_click(&v, -1));
    assert_int_equal(list_visible(&v), 5);
}

static void test_thumb(void **state)
{
    (void)state;
    for (size_t count = 0; count < 60; count++) {
        for (int page = -1; page < 20; page++) {
            for (int track = 0; track < 20; track++) {
                struct list_view v = {0};
                list_set(&v, count, page);
                int pos, len;
                list_thumb(&v, track, &pos, &len);
                assert_true(pos >= 0 && len >= 0 &&
                            pos + len <= (track > 0 ? track : 0));
                if (len == 0) {
                    continue;
                }
                assert_true(len < track); /* some track is seen while some is hidden */
                assert_int_equal(pos, 0);
                list_end(&v);
                list_thumb(&v, track, &pos, &len);
                assert_int_equal(pos + len, track);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_operations),
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_click),
        cmocka_unit_test(test_thumb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
