/* The canvas: clipping, wide glyphs, hostile text, tiers, boxes, dumps. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "ui/canvas.h"
#include "ui/glyph.h"
#include "unit/check.h"

#include <limits.h>
#include <locale.h>
#include <wchar.h>

/* Invariants of every canvas, whatever was drawn. */
static void check_whole(const struct canvas *c)
{
    for (int y = 0; y < c->h; y++) {
        for (int x = 0; x < c->w; x++) {
            const struct cell *at = &c->cell[y * c->w + x];
            assert_true(at->role < ROLE_COUNT);
            if (at->width == 0) {
                assert_true(x > 0 && at[-1].width == 2 && at->cp == 0);
                continue;
            }
            assert_true(at->cp >= 0x20 && !utf8_is_unsafe(at->cp));
            assert_int_equal(at->width, glyph_width(at->cp));
            assert_true(at->width == 1 || (x + 1 < c->w && at[1].width == 0));
            assert_true(c->tier != GLYPH_ASCII || at->cp < 0x7F);
        }
    }
}

static void expect(const struct canvas *c, const char *want)
{
    struct errinfo e;
    char *found;
    assert_ok(canvas_dump(c, false, &found, &e), &e);
    assert_string_equal(found, want);
    mem_free(found);
}

static void begin(struct canvas *c, int w, int h, enum glyph_tier tier)
{
    struct errinfo e;
    assert_ok(canvas_init(c, w, h, tier, &e), &e);
}

static void test_text(void **state)
{
    (void)state;
    struct canvas c;
    begin(&c, 8, 1, GLYPH_BRAILLE);
    assert_int_equal(canvas_text(&c, 0, 0, 8, "abcdefgh", ROLE_TEXT, 0), 8);
    expect(&c, "abcdefgh\n");
    assert_int_equal(canvas_text(&c, 0, 0, 8, "ABCDEFGHI", ROLE_TEXT, 0), 8);
    expect(&c, "ABCDEFG…\n");
    assert_int_equal(canvas_text(&c, 0, 0, 5, "漢字漢", ROLE_TEXT, 0), 5);
    expect(&c, "漢字…FG…\n");
    assert_int_equal(canvas_text(&c, 0, 0, 4, "漢字漢", ROLE_TEXT, 0), 3);
    assert_int_equal(canvas_text(&c, 0, 0, 0, "x", ROLE_TEXT, 0), 0);
    assert_int_equal(canvas_text(&c, 0, 0, -3, "x", ROLE_TEXT, 0), 0);
    canvas_clear(&c);
    assert_int_equal(canvas_text(&c, 0, 0, 8, "e\u0301a\u0300", ROLE_TEXT, 0), 2);
    expect(&c, "ea      \n");
    assert_int_equal(canvas_textf(&c, 0, 0, 8, ROLE_TEXT, 0, "%d/%s", 3, "é"), 3);
    expect(&c, "3/é     \n");
    canvas_deinit(&c);
}

static void test_hostile_text(void **state)
{
    (void)state;
    struct canvas c;
    begin(&c, 40, 1, GLYPH_BRAILLE);
    canvas_text(&c, 0, 0, 40, "\033[2J\x07\n\t\xff\xc2\x9b\u202e.", ROLE_TEXT, 0);
    expect(&c, "\\x1b[2J\\x07⏎\\t\\xff\\u{009b}\\u{202e}.     \n");
    check_whole(&c);
    assert_int_equal(canvas_text_width("\033[2J"), 7);
    canvas_put(&c, 0, 0, 7, ROLE_TEXT, 0);
    canvas_put(&c, 1, 0, 0x9B, ROLE_TEXT, 0);
    canvas_put(&c, 2, 0, 0x110000, ROLE_TEXT, 0);
    canvas_put(&c, 3, 0, 0xD800, ROLE_TEXT, 0);
    canvas_put(&c, 4, 0, 0x301, ROLE_TEXT, 0);
    check_whole(&c);
    canvas_deinit(&c);
}

static void test_wide(void **state)
{
    (void)state;
    struct canvas c;
    begin(&c, 4, 1, GLYPH_BRAILLE);
    canvas_put(&c, 3, 0, 0x6F22, ROLE_TEXT, 0); /* no room for its second half */
    expect(&c, "    \n");
    canvas_put(&c, 1, 0, 0x6F22, ROLE_TEXT, 0);
    expect(&c, " 漢 \n");
    canvas_put(&c, 2, 0, 'x', ROLE_TEXT, 0); /* over the second half */
    expect(&c, "  x \n");
    canvas_put(&c, 1, 0, 0x6F22, ROLE_TEXT, 0);
    canvas_put(&c, 1, 0, 'y', ROLE_TEXT, 0);
    expect(&c, " y  \n");
    canvas_put(&c, 1, 0, 0x6F22, ROLE_TEXT, 0);
    canvas_put(&c, 0, 0, 0x6F22, ROLE_TEXT, 0);
    expect(&c, "漢  \n");
    canvas_put(&c, 1, 0, 0x6F22, ROLE_TEXT, 0);
    expect(&c, " 漢 \n");
    canvas_put(&c, -1, 0, 0x6F22, ROLE_TEXT, 0);
    check_whole(&c);
    canvas_deinit(&c);
}

/* Random drawing under a random clip: the canvas stays whole and nothing outside the
 * clip changes (but for the other half of a wide glyph, absent here). */
static void test_clip(void **state)
{
    (void)state;
    struct rng r = rng_begin(3, RNG_SAMPLE, 0);
    for (int run = 0; run < 3000; run++) {
        struct canvas c;
        begin(&c, 1 + (int)rng_below(&r, 30), 1 + (int)rng_below(&r, 12),
              (enum glyph_tier)rng_below(&r, 3));
        const struct rect clip = {
            (int)rng_below(&r, 30) - 5, (int)rng_below(&r, 14) - 3,
            (int)rng_below(&r, 30) - 2, (int)rng_below(&r, 12) - 2};
        const struct rect old = canvas_clip(&c, clip);
        for (int i = 0; i < 20; i++) {
            const int x = (int)rng_below(&r, 50) - 10;
            const int y = (int)rng_below(&r, 20) - 4;
            const int n = (int)rng_below(&r, 40) - 4;
            const struct rect box = {x, y, n, (int)rng_below(&r, 12) - 2};
            switch (rng_below(&r, 5)) {
            case 0:
                canvas_put(&c, x, y, (uint32_t)rng_below(&r, 0x30000), ROLE_VALUE, 1);
                break;
            case 1:
                canvas_text(&c, x, y, n, "ab漢字\033\xff e\u0301 \u2026", ROLE_VALUE,
                            1);
                break;
            case 2:
                canvas_fill(&c, box, rng_below(&r, 2) ? 0x6F22 : '#', ROLE_VALUE, 1);
                break;
            case 3:
                canvas_box(&c, box, "titel 漢", "value", rng_below(&r, 2) == 0);
                break;
            default: canvas_tint(&c, box, ROLE_SELECT, 1); break;
            }
        }
        canvas_unclip(&c, old);
        check_whole(&c);
        for (int y = 0; y < c.h; y++) {
            for (int x = 0; x < c.w; x++) {
                if (!rect_holds(clip, x, y)) {
                    assert_int_equal(c.cell[y * c.w + x].cp, ' ');
                    assert_int_equal(c.cell[y * c.w + x].attr, 0);
                }
            }
        }
        canvas_deinit(&c);
    }
}

static void test_extreme_places(void **state)
{
    (void)state;
    struct canvas c;
    begin(&c, 5, 2, GLYPH_BRAILLE);
    static const int far[] = {INT_MIN, INT_MIN + 1, -6, 5, INT_MAX - 1, INT_MAX};
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < 6; j++) {
            canvas_put(&c, far[i], far[j], 0x6F22, ROLE_TEXT, 0);
            canvas_text(&c, far[i], 0, INT_MAX, "漢漢", ROLE_TEXT, 0);
            canvas_fill(&c, (struct rect){far[i], far[j], 3, 3}, 'x', ROLE_TEXT, 0);
            canvas_tint(&c, (struct rect){far[i], far[j], 3, 3}, ROLE_BAD, 0);
        }
    }
    expect(&c, "     \n     \n");
    canvas_fill(&c, (struct rect){INT_MIN, INT_MIN, INT_MAX, INT_MAX}, 'x', ROLE_TEXT,
                0);
    expect(&c, "     \n     \n");
    canvas_fill(&c, (struct rect){-3, -3, INT_MAX, INT_MAX}, 'x', ROLE_TEXT, 0);
    expect(&c, "xxxxx\nxxxxx\n");
    canvas_deinit(&c);
}

static void test_boxes(void **state)
{
    (void)state;
    static const char *const want[3] = {
        "┏━ loss ━━━━━ 0.2 ━┓\n┃                  ┃\n┗━━━━━━━━━━━━━━━━━━┛\n",
        "╔═ loss ═════ 0.2 ═╗\n║                  ║\n╚══════════════════╝\n",
        "+= loss ===== 0.2 =+\n|                  |\n+==================+\n",
    };
    struct canvas c;
    for (int tier = 0; tier < 3; tier++) {
        begin(&c, 20, 3, (enum glyph_tier)tier);
        const struct rect in =
            canvas_box(&c, (struct rect){0, 0, 20, 3}, "loss", "0.2", true);
        expect(&c, want[tier]);
        assert_true(in.x == 1 && in.y == 1 && in.w == 18 && in.h == 1);
        canvas_deinit(&c);
    }
    begin(&c, 20, 2, GLYPH_BRAILLE);
    canvas_box(&c, (struct rect){0, 0, 20, 2}, "a very long title indeed", "0.2",
               false);
    expect(&c, "┌─ a very long t… ─┐\n└──────────────────┘\n");
    canvas_box(&c, (struct rect){0, 0, 20, 2}, "a title", "a long value", false);
    expect(&c, "┌─ a title ─ a l… ─┐\n└──────────────────┘\n");
    for (int w = 0; w < 12; w++) {
        canvas_box(&c, (struct rect){0, 0, w, 2}, "title", "value", false);
        check_whole(&c);
    }
    canvas_deinit(&c);
}

static void test_dump_roles(void **state)
{
    (void)state;
    struct canvas c;
    struct errinfo e;
    char *found;
    begin(&c, 4, 2, GLYPH_BRAILLE);
    canvas_text(&c, 0, 0, 4, "漢a", ROLE_SERIES_A, 0);
    canvas_tint(&c, (struct rect){1, 0, 1, 1}, ROLE_BAD, 0); /* tints both halves */
    canvas_put(&c, 3, 1, 'z', ROLE_HEAT7, 0);
    assert_ok(canvas_dump(&c, true, &found, &e), &e);
    assert_string_equal(found, "漢a \n   z\n====\nxxA.\n...7\n");
    mem_free(found);
    canvas_deinit(&c);
}

static void test_sizes(void **state)
{
    (void)state;
    struct canvas c;
    struct errinfo e;
    check_error(canvas_init(&c, 0, 5, GLYPH_ASCII, &e), ERR_LIMIT, &e, "0 x 5");
    check_error(canvas_init(&c, INT_MAX, INT_MAX, GLYPH_ASCII, &e), ERR_LIMIT, &e,
                "1 to");
    begin(&c, 3, 1, GLYPH_ASCII);
    check_error(canvas_resize(&c, -1, 5, &e), ERR_LIMIT, &e, "-1 x 5");
    assert_int_equal(c.w, 3); /* as it was */
    canvas_clip(&c, (struct rect){0, 0, 1, 1});
    assert_ok(canvas_resize(&c, 5, 2, &e), &e);
    expect(&c, "     \n     \n");
    canvas_fill(&c, (struct rect){0, 0, 9, 9}, 'x', ROLE_TEXT,
                0); /* clip is whole again */
    expect(&c, "xxxxx\nxxxxx\n");
    canvas_deinit(&c);
}

/* Stand-ins take one column and are shown by every font of their tier. */
static void test_stand_ins(void **state)
{
    (void)state;
    for (uint32_t cp = 0x20; cp < 0x110000; cp++) {
        const uint32_t ascii = glyph_at_tier(cp, GLYPH_ASCII);
        assert_true(cp == 0x7F || (ascii >= 0x20 && ascii < 0x7F));
        const uint32_t block = glyph_at_tier(cp, GLYPH_BLOCK);
        assert_true(block == cp || glyph_width(block) == 1);
        assert_true(block < 0x2800 || block > 0x28FF);
        assert_int_equal(glyph_at_tier(block, GLYPH_BLOCK), block);
        assert_true(glyph_at_tier(cp, GLYPH_BRAILLE) == cp);
    }
    for (int tier = 0; tier < 3; tier++) {
        assert_int_equal(glyph_tier_find(glyph_tier_name((enum glyph_tier)tier)), tier);
        for (int i = 0; i <= 8; i++) {
            assert_int_equal(glyph_width(glyph_bar_up(i, (enum glyph_tier)tier)), 1);
            assert_int_equal(glyph_width(glyph_bar_right(i, (enum glyph_tier)tier)), 1);
        }
    }
    assert_int_equal(glyph_tier_find("utf8"), -1);
}

/* Our widths against the C library's: they differ at most where the library knows no
 * glyph, or in a few per mille where its Unicode version is another. */
static void test_widths(void **state)
{
    (void)state;
    if (!setlocale(LC_CTYPE, "C.UTF-8")) {
        skip();
    }
    int differ = 0;
    int known = 0;
    for (uint32_t cp = 0x20; cp < 0x110000; cp++) {
        const int theirs = wcwidth((wchar_t)cp);
        if (theirs >= 0 && !utf8_is_unsafe(cp)) {
            known++;
            differ += glyph_width(cp) != theirs;
        }
    }
    assert_true(known > 100000);
    assert_true(differ * 200 < known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),           cmocka_unit_test(test_hostile_text),
        cmocka_unit_test(test_wide),           cmocka_unit_test(test_clip),
        cmocka_unit_test(test_extreme_places), cmocka_unit_test(test_boxes),
        cmocka_unit_test(test_dump_roles),     cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_stand_ins),      cmocka_unit_test(test_widths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
