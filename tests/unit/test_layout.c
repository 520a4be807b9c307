/* Every size from 1x1 to 200x80: rectangles lie inside and do not overlap. */
#include "check.h"
#include "ui/layout.h"
#include "ui/screens/detail_priv.h"
#include "ui/screens/latents_priv.h"
#include "ui/screens/train_priv.h"

static bool inside(struct rect r, struct rect of)
{
    return r.w == 0 || r.h == 0 ||
           (r.x >= of.x && r.y >= of.y && r.x + r.w <= of.x + of.w &&
            r.y + r.h <= of.y + of.h);
}

static void check_parts(const struct rect *part, size_t n, struct rect of,
                        const char *what)
{
    for (size_t i = 0; i < n; i++) {
        if (part[i].w < 0 || part[i].h < 0 || !inside(part[i], of)) {
            fail_msg("%s %zu: %d,%d %dx%d outside %dx%d", what, i, part[i].x, part[i].y,
                     part[i].w, part[i].h, of.w, of.h);
        }
        for (size_t j = i + 1; j < n; j++) {
            const struct rect both = rect_intersect(part[i], part[j]);
            if (both.w > 0 && both.h > 0) {
                fail_msg("%s: %zu and %zu overlap at %dx%d", what, i, j, of.w, of.h);
            }
        }
    }
}

static int area(const struct rect *part, size_t n)
{
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += part[i].w * part[i].h;
    }
    return sum;
}

static void check_size(int w, int h)
{
    const struct rect all = {0, 0, w, h};
    const struct layout_frame f = layout_frame(w, h);
    const struct rect frame[] = {f.tabs, f.body, f.status, f.hints};
    check_parts(frame, 4, all, "frame");
    assert_int_equal(area(frame, 4), w * h);
    for (int wide = 0; wide < 2; wide++) {
        const struct train_layout t = train_layout(f.body, wide);
        const struct rect train[] = {t.pane[0], t.pane[1], t.pane[2], t.pane[3],
                                     t.run,     t.mask,    t.events};
        check_parts(train, 7, f.body, "train");
        const struct latents_layout l = latents_layout(f.body, wide);
        const struct rect latents[] = {l.table, l.preview, l.density};
        check_parts(latents, 3, f.body, "latents");
        const struct detail_layout d = detail_layout(f.body, wide);
        const struct rect detail[] = {d.stats, d.hist, d.lens, d.contexts};
        check_parts(detail, 4, f.body, "detail");
        const bool fits =
            wide ? w >= WIDE_W && h >= WIDE_H : w >= FULL_W && h >= FULL_H;
        if (!fits) {
            continue;
        }
        /* The panes fill the body, and each is large enough to hold something. */
        assert_int_equal(area(train, 7), f.body.w * f.body.h);
        assert_int_equal(area(latents, 3), f.body.w * f.body.h);
        assert_int_equal(area(detail, 4), f.body.w * f.body.h);
        for (size_t i = 0; i < 7; i++) {
            const bool hidden = !wide && (i == 3 || i > 4);
            assert_true(hidden ? train[i].w == 0 : train[i].w >= 30 && train[i].h >= 8);
        }
        for (size_t i = 0; i < 4; i++) {
            assert_true(detail[i].w >= 28 && detail[i].h >= 6);
        }
        assert_true(l.table.w >= 70 && l.table.h >= 16);
    }
    const struct rect help = layout_help(w, h);
    assert_true(inside(help, all));
    const struct rect dialog = layout_dialog(w, h, 52, 7);
    assert_true(inside(dialog, all));
}

static void test_every_size(void **state)
{
    (void)state;
    for (int w = 1; w <= 200; w++) {
        for (int h = 1; h <= 80; h++) {
            check_size(w, h);
        }
    }
}

static void test_no_size(void **state)
{
    (void)state;
    const struct layout_frame f = layout_frame(-3, 0);
    assert_int_equal(f.body.w * f.body.h, 0);
    assert_int_equal(layout_help(0, 0).w, 0);
}

static void test_kinds(void **state)
{
    (void)state;
    assert_int_equal(layout_kind(19, 24), LAYOUT_STEP);
    assert_int_equal(layout_kind(20, 4), LAYOUT_STEP);
    assert_int_equal(layout_kind(20, 5), LAYOUT_CARD);
    assert_int_equal(layout_kind(79, 24), LAYOUT_CARD);
    assert_int_equal(layout_kind(80, 23), LAYOUT_CARD);
    assert_int_equal(layout_kind(80, 24), LAYOUT_FULL);
    assert_int_equal(layout_kind(120, 35), LAYOUT_FULL);
    assert_int_equal(layout_kind(120, 36), LAYOUT_WIDE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_no_size),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
