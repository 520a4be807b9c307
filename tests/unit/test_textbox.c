/* Several lines being typed: what goes in, where the cursor goes, how it is wrapped. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "check.h"
#include "ui/event.h"
#include "ui/textbox.h"

struct desk {
    struct textbox b;
    struct canvas c;
    struct line_history history;
};

static struct desk *desk_new(int w, int h)
{
    struct desk *d = test_calloc(1, sizeof *d);
    struct errinfo e;
    assert_ok(canvas_init(&d->c, w, h, GLYPH_BRAILLE, &e), &e);
    textbox_begin(&d->b, &d->history);
    return d;
}

static void desk_free(struct desk *d)
{
    canvas_deinit(&d->c);
    line_history_deinit(&d->history);
    test_free(d);
}

static void draw(struct desk *d)
{
    canvas_clear(&d->c);
    textbox_draw(&d->c, (struct rect){0, 0, d->c.w, d->c.h}, &d->b, true);
}

static void keys(struct desk *d, const char *text)
{
    for (; *text; text++) {
        (void)textbox_key(&d->b, *text == '\n' ? KEY_CTRL('o')
                                               : (uint32_t)(unsigned char)*text);
    }
    draw(d);
}

static void press(struct desk *d, uint32_t key)
{
    (void)textbox_key(&d->b, key);
    draw(d);
}

static void shows(struct desk *d, const char *want)
{
    struct errinfo e;
    char *dump = NULL;
    assert_ok(canvas_dump(&d->c, false, &dump, &e), &e);
    assert_memory_equal(dump, want, strlen(want));
    mem_free(dump);
}

static void at(const struct desk *d, int x, int y)
{
    assert_int_equal(d->c.cursor_x, x);
    assert_int_equal(d->c.cursor_y, y);
}

static void test_wraps_at_words(void **state)
{
    (void)state;
    struct desk *d = desk_new(11, 4);
    keys(d, "the dog sat on it");
    shows(d, "the dog    \nsat on it  \n           \n");
    at(d, 9, 1);
    press(d, KEY_HOME_);
    at(d, 0, 1);
    press(d, KEY_LEFT_);
    at(d, 7, 0);
    press(d, KEY_END_); /* of the row: before the space that the break took */
    at(d, 7, 0);
    press(d, KEY_DOWN_);
    at(d, 7, 1);
    press(d, KEY_UP_);
    at(d, 7, 0);
    keys(d, "s");
    shows(d, "the dogs   \nsat on it  \n");
    desk_free(d);
}

static void test_long_words_and_lines(void **state)
{
    (void)state;
    struct desk *d = desk_new(6, 3);
    keys(d, "abcdefgh\n\nx");
    shows(d, "fgh   \n      \nx     \n"); /* scrolled to the cursor */
    at(d, 1, 2);
    press(d, KEY_UP_);
    at(d, 0, 1);
    press(d, KEY_UP_);
    press(d, KEY_UP_);
    shows(d, "abcde \nfgh   \n      \n");
    at(d, 0, 0);
    textbox_click(&d->b, (struct rect){0, 0, 6, 3}, 2, 1);
    draw(d);
    at(d, 2, 1);
    press(d, KEY_CTRL('k'));
    assert_string_equal(d->b.text, "abcdefg\n\nx");
    press(d, KEY_CTRL('u')); /* the line, of two rows */
    assert_string_equal(d->b.text, "\n\nx");
    keys(d, "ab cd");
    press(d, KEY_CTRL('w'));
    assert_string_equal(d->b.text, "ab \n\nx");
    press(d, KEY_CTRL('u'));
    press(d, KEY_DEL);
    press(d, KEY_DEL);
    assert_string_equal(d->b.text, "x");
    press(d, KEY_DELETE_BACK); /* nothing before the cursor */
    assert_string_equal(d->b.text, "x");
    desk_free(d);
}

static void test_wide_and_unsafe(void **state)
{
    (void)state;
    struct desk *d = desk_new(5, 3);
    bool whole = false;
    const char *text = "\xe7\x8c\xab\xe7\x8c\xab\xe7\x8c\xab\x1b[2J\xff\r\nb\tc";
    assert_int_equal(textbox_paste(&d->b, text, strlen(text), &whole), LINE_CHANGED);
    assert_true(whole);
    assert_string_equal(d->b.text, "\xe7\x8c\xab\xe7\x8c\xab\xe7\x8c\xab[2J\nb c");
    draw(d);
    at(d, 3, 2);
    press(d, KEY_CTRL('p'));
    at(d, 1, 1); /* at the end of a shorter row */
    press(d, KEY_CTRL('p'));
    at(d, 0, 0); /* in the middle of a wide sign: before it */
    assert_int_equal(textbox_key(&d->b, 7), LINE_CANCEL);
    assert_int_equal(textbox_key(&d->b, KEY_PGUP), LINE_IGNORED);
    assert_int_equal(textbox_key(&d->b, 0xD800), LINE_IGNORED);
    desk_free(d);
}

static void test_history(void **state)
{
    (void)state;
    struct desk *d = desk_new(20, 4);
    keys(d, "one\ntwo");
    assert_int_equal(textbox_key(&d->b, KEY_ENTER_), LINE_ACCEPT);
    textbox_set(&d->b, "mine");
    press(d, KEY_UP_);
    assert_string_equal(d->b.text, "one\ntwo");
    press(d, KEY_UP_); /* within the text first */
    assert_string_equal(d->b.text, "one\ntwo");
    press(d, KEY_UP_); /* nothing older */
    assert_string_equal(d->b.text, "one\ntwo");
    press(d, KEY_DOWN_);
    press(d, KEY_DOWN_);
    assert_string_equal(d->b.text, "mine");
    desk_free(d);
}

static void test_cut_to_what_it_holds(void **state)
{
    (void)state;
    struct desk *d = desk_new(20, 4);
    char *text = test_malloc(TEXTBOX_CAP + 10);
    bool whole = true;
    memset(text, 'x', TEXTBOX_CAP + 10);
    assert_int_equal(textbox_paste(&d->b, text, TEXTBOX_CAP + 10, &whole),
                     LINE_CHANGED);
    assert_false(whole);
    assert_int_equal(d->b.len, TEXTBOX_CAP - 1);
    assert_int_equal(textbox_key(&d->b, 'y'), LINE_IGNORED);
    draw(d);
    test_free(text);
    desk_free(d);
}

/* Whatever is pressed: valid text, the cursor between code points and in sight. */
static void test_any_keys(void **state)
{
    (void)state;
    struct desk *d = desk_new(9, 3);
    static const uint32_t special[] = {
        KEY_LEFT_, KEY_RIGHT_, KEY_UP_,       KEY_DOWN_,     KEY_HOME_,
        KEY_END_,  KEY_DEL,    KEY_ENTER_,    KEY_CTRL('w'), KEY_CTRL('k'),
        0x732b,    0xe9,       KEY_CTRL('o'), KEY_CTRL('u'), KEY_DELETE_BACK};
    struct rng g = rng_begin(7, RNG_SAMPLE, 0);
    for (int i = 0; i < 20000; i++) {
        const uint32_t pick = (uint32_t)rng_below(&g, 40);
        press(d, pick < 15   ? special[pick]
                 : pick < 20 ? ' '
                             : (uint32_t)'a' + pick - 20);
        assert_true(d->b.len < TEXTBOX_CAP && d->b.text[d->b.len] == '\0');
        assert_true(d->b.cursor <= d->b.len);
        assert_true(((unsigned char)d->b.text[d->b.cursor] & 0xC0) != 0x80);
        assert_true(d->c.cursor_x >= 0 && d->c.cursor_x < 9);
        assert_true(d->c.cursor_y >= 0 && d->c.cursor_y < 3);
        for (size_t k = 0; k < d->b.len;) {
            uint32_t cp;
            k += utf8_next(d->b.text + k, d->b.len - k, &cp);
            assert_true(cp == '\n' || (cp != UTF8_INVALID && !utf8_is_unsafe(cp)));
        }
        if (d->b.len > 60) {
            textbox_set(&d->b, "");
        }
    }
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wraps_at_words),
        cmocka_unit_test(test_long_words_and_lines),
        cmocka_unit_test(test_wide_and_unsafe),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_cut_to_what_it_holds),
        cmocka_unit_test(test_any_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
