/* One-line editing: keys, UTF-8, history, completion, display. */
#include "base/rng.h"
#include "base/utf8.h"
#include "ui/event.h"
#include "ui/lineedit.h"
#include "unit/check.h"

static void type(struct line_edit *l, const char *text)
{
    const size_t n = strlen(text);
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        i += utf8_next(text + i, n - i, &cp);
        line_key(l, cp);
    }
}

static void test_editing(void **state)
{
    (void)state;
    struct line_edit l;
    line_begin(&l, "mask", NULL, NULL, NULL);
    assert_int_equal(l.cursor, 4);
    type(&l, " 0.2");
    assert_string_equal(l.text, "mask 0.2");
    assert_int_equal(line_key(&l, KEY_HOME_), LINE_MOVED);
    assert_int_equal(line_key(&l, KEY_HOME_), LINE_IGNORED);
    assert_int_equal(line_key(&l, KEY_LEFT_), LINE_IGNORED);
    assert_int_equal(line_key(&l, KEY_DELETE_BACK), LINE_IGNORED);
    assert_int_equal(line_key(&l, KEY_DEL), LINE_CHANGED);
    type(&l, "t");
    assert_string_equal(l.text, "task 0.2");
    line_key(&l, KEY_END_);
    assert_int_equal(line_key(&l, 23), LINE_CHANGED); /* Ctrl-W */
    assert_string_equal(l.text, "task ");
    line_key(&l, 21); /* Ctrl-U */
    assert_string_equal(l.text, "");
    assert_int_equal(line_key(&l, KEY_ESC_), LINE_CANCEL);
    assert_int_equal(line_key(&l, KEY_DELETE_BACK), LINE_CANCEL);
}

/* Ctrl-U keeps what the line began with, at first, and as long as it is whole. */
static void test_stem(void **state)
{
    (void)state;
    struct line_edit l;
    line_begin(&l, "export ", NULL, NULL, NULL);
    type(&l, "a b.csv");
    line_key(&l, 21);
    assert_string_equal(l.text, "export ");
    line_key(&l, 21);
    assert_string_equal(l.text, "");
    type(&l, "save there");
    line_key(&l, 21);
    assert_string_equal(l.text, "");

    line_begin(&l, "export ", NULL, NULL, NULL);
    line_key(&l, KEY_DELETE_BACK);
    type(&l, "\xc3\xbc.csv");
    line_key(&l, 21);
    assert_string_equal(l.text, "");

    line_begin(&l, "export ", NULL, NULL, NULL);
    line_key(&l, KEY_HOME_);
    type(&l, "re");
    line_key(&l, KEY_END_);
    line_key(&l, 21);
    assert_string_equal(l.text, "");
}

/* An offer is accepted as it is, made text, erased, or replaced. */
static void test_offer(void **state)
{
    (void)state;
    static const struct {
        uint32_t key;
        const char *then; /* text after the key */
        enum line_result result;
    } cases[] = {
        {'x', "go x", LINE_CHANGED},
        {0x6F22, "go \xe6\xbc\xa2", LINE_CHANGED},
        {0x202E, "go there", LINE_IGNORED}, /* nothing that a line can hold */
        {KEY_DELETE_BACK, "go ", LINE_CHANGED},
        {KEY_DEL, "go ", LINE_CHANGED},
        {23, "go ", LINE_CHANGED},
        {21, "go ", LINE_CHANGED},
        {KEY_ENTER_, "go there", LINE_ACCEPT},
        {KEY_ESC_, "go there", LINE_CANCEL},
        {KEY_RIGHT_, "go there", LINE_IGNORED},
        {KEY_END_, "go there", LINE_IGNORED},
        {KEY_LEFT_, "go there", LINE_MOVED},
        {KEY_HOME_, "go there", LINE_MOVED},
        {KEY_TAB_, "go there", LINE_MOVED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct line_edit l;
        line_begin(&l, "go ", NULL, NULL, NULL);
        line_offer(&l, "there");
        assert_int_equal(l.offer, 5);
        assert_int_equal(line_key(&l, cases[i].key), cases[i].result);
        assert_string_equal(l.text, cases[i].then);
        if (cases[i].key == KEY_END_ || cases[i].key == KEY_TAB_) {
            type(&l, "!"); /* it is text like any other now */
            assert_string_equal(l.text, "go there!");
        }
    }
    char most[LINE_CAP];
    memset(most, 'm', sizeof most);
    most[LINE_CAP - 1] = '\0';
    struct line_edit l;
    line_begin(&l, "", NULL, NULL, NULL);
    line_offer(&l, most); /* a full line gives way as well */
    type(&l, "x");
    assert_string_equal(l.text, "x");
    bool whole = false;
    line_begin(&l, "go ", NULL, NULL, NULL);
    line_offer(&l, "there");
    assert_int_equal(line_paste(&l, "\n", 1, &whole), LINE_IGNORED);
    assert_string_equal(l.text, "go there");
    assert_int_equal(line_paste(&l, "a b", 3, &whole), LINE_CHANGED);
    assert_string_equal(l.text, "go a b");
    line_begin(&l, "", NULL, NULL, NULL);
    line_offer(&l, most);
    assert_int_equal(line_paste(&l, "all of it", 9, &whole), LINE_CHANGED);
    assert_true(whole);
    assert_string_equal(l.text, "all of it");
}

static void test_utf8(void **state)
{
    (void)state;
    struct line_edit l;
    line_begin(&l, "", NULL, NULL, NULL);
    type(&l, "aé漢b");
    assert_string_equal(l.text, "aé漢b");
    line_key(&l, KEY_LEFT_);
    line_key(&l, KEY_DELETE_BACK);
    assert_string_equal(l.text, "aéb");
    line_key(&l, KEY_LEFT_);
    line_key(&l, KEY_DEL);
    assert_string_equal(l.text, "ab");
    /* controls, invalid code points and text direction marks are not taken */
    assert_int_equal(line_key(&l, 0x9B), LINE_IGNORED);
    assert_int_equal(line_key(&l, 0x202E), LINE_IGNORED);
    assert_int_equal(line_key(&l, 0xD800), LINE_IGNORED);
    assert_int_equal(line_key(&l, KEY_F1_), LINE_IGNORED);
    line_begin(&l, "a\033[31m\xff\n b", NULL, NULL, NULL);
    assert_string_equal(l.text, "a[31m b");
}

static void paste(struct line_edit *l, const char *bytes, const char *want, bool whole)
{
    bool all;
    (void)line_paste(l, bytes, strlen(bytes), &all);
    assert_string_equal(l->text, want);
    assert_int_equal(all, whole);
    assert_int_equal(l->text[l->len], '\0');
}

/* Text and nothing else: no key of it accepts, completes or cancels. */
static void test_paste(void **state)
{
    (void)state;
    struct line_edit l;
    bool whole;
    line_begin(&l, "ad", NULL, NULL, NULL);
    line_key(&l, KEY_LEFT_);
    paste(&l, "b\r\n\tc\r\n\n", "ab cd", true);
    assert_int_equal(l.cursor, 4);
    paste(&l, "", "ab cd", true);
    paste(&l, "\n\r\n", "ab cd", true);
    paste(&l, "\033[31m\003\xff\302\233", "ab c[31md", true);
    line_begin(&l, "", NULL, NULL, NULL);
    paste(&l, "\nx", " x", true);
    paste(&l, "é漢", " xé漢", true);
    assert_int_equal(line_paste(&l, "\033", 1, &whole), LINE_IGNORED);
    assert_int_equal(line_paste(&l, "y", 1, &whole), LINE_CHANGED);
    /* as much as there is room for, whole letters */
    char long_text[2 * LINE_CAP];
    memset(long_text, 'x', sizeof long_text);
    line_begin(&l, "12345", NULL, NULL, NULL);
    assert_int_equal(line_paste(&l, long_text, sizeof long_text, &whole), LINE_CHANGED);
    assert_false(whole);
    assert_int_equal(l.len, LINE_CAP - 1);
    line_key(&l, KEY_DELETE_BACK);
    assert_int_equal(line_paste(&l, "é", 2, &whole), LINE_IGNORED);
    assert_false(whole);
}

static void test_random_keys(void **state)
{
    (void)state;
    static const uint32_t keys[] = {
        'a',       ' ',        0xE9,      0x6F22,      0x1F600,
        KEY_LEFT_, KEY_RIGHT_, KEY_HOME_, KEY_END_,    KEY_DELETE_BACK,
        KEY_DEL,   23,         11,        KEY_UP_,     KEY_DOWN_,
        1,         5,          0x7F,      0x110000 - 1};
    struct line_history h = {.head = 0};
    line_history_add(&h, "漢字");
    line_history_add(&h, "two words");
    struct rng r = rng_begin(2, RNG_SAMPLE, 0);
    struct line_edit l;
    struct canvas c;
    struct errinfo e;
    assert_ok(canvas_init(&c, 12, 1, GLYPH_BRAILLE, &e), &e);
    line_begin(&l, "", &h, NULL, NULL);
    for (int i = 0; i < 20000; i++) {
        line_key(&l, keys[rng_below(&r, sizeof keys / sizeof keys[0])]);
        assert_int_equal(l.len, strlen(l.text));
        assert_true(l.len < LINE_CAP && l.cursor <= l.len);
        assert_int_not_equal((unsigned char)l.text[l.cursor] & 0xC0, 0x80);
        for (size_t at = 0; at < l.len;) {
            uint32_t cp;
            at += utf8_next(l.text + at, l.len - at, &cp);
            assert_true(cp != UTF8_INVALID);
        }
        line_draw(&c, 0, 0, 12, ":", &l);
        assert_true(c.cursor_x >= 1 && c.cursor_x < 12 && c.cursor_y == 0);
    }
    canvas_deinit(&c);
    line_history_deinit(&h);
}

static void test_full(void **state)
{
    (void)state;
    struct line_edit l;
    line_begin(&l, "", NULL, NULL, NULL);
    for (int i = 0; i < 2 * LINE_CAP; i++) {
        line_key(&l, 'x');
    }
    assert_int_equal(l.len, LINE_CAP - 1);
    assert_int_equal(line_key(&l, 'x'), LINE_IGNORED);
    line_key(&l, KEY_DELETE_BACK);
    assert_int_equal(line_key(&l, 0xE9), LINE_IGNORED); /* two bytes do not fit */
    assert_int_equal(line_key(&l, 'x'), LINE_CHANGED);
}

static void test_history(void **state)
{
    (void)state;
    struct line_history h = {.head = 0};
    struct line_edit l;
    const char *const lines[] = {"one", "two", "two", "", "three"};
    for (size_t i = 0; i < 5; i++) {
        line_begin(&l, lines[i], &h, NULL, NULL);
        assert_int_equal(line_key(&l, KEY_ENTER_), LINE_ACCEPT);
    }
    assert_int_equal(h.count, 3);
    line_begin(&l, "draft", &h, NULL, NULL);
    assert_int_equal(line_key(&l, KEY_DOWN_), LINE_IGNORED);
    line_key(&l, KEY_UP_);
    assert_string_equal(l.text, "three");
    line_key(&l, KEY_UP_);
    line_key(&l, KEY_UP_);
    assert_string_equal(l.text, "one");
    assert_int_equal(line_key(&l, KEY_UP_), LINE_IGNORED);
    line_key(&l, KEY_DOWN_);
    line_key(&l, KEY_DOWN_);
    line_key(&l, KEY_DOWN_);
    assert_string_equal(l.text, "draft");
    /* the ring holds the newest */
    for (int i = 0; i < 3 * LINE_HISTORY / 2; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        line_history_add(&h, text);
    }
    assert_string_equal(line_history_get(&h, 0), "149");
    assert_string_equal(line_history_get(&h, LINE_HISTORY - 1), "50");
    assert_null(line_history_get(&h, LINE_HISTORY));
    line_history_deinit(&h);
}

/* Completes the last word from a list. */
static bool words(void *ctx, const char *text, size_t cursor, size_t nth, char *out,
                  size_t cap, size_t *start)
{
    static const char *const all[] = {"mask", "mask.kind", "mask.positions", "quit"};
    (void)ctx;
    size_t from = cursor;
    while (from > 0 && text[from - 1] != ' ') {
        from--;
    }
    for (size_t i = 0; i < 4; i++) {
        if (!strncmp(all[i], text + from, cursor - from) && nth-- == 0) {
            snprintf(out, cap, "%s", all[i]);
            *start = from;
            return true;
        }
    }
    return false;
}

static void test_completion(void **state)
{
    (void)state;
    struct line_edit l;
    line_begin(&l, "set m", NULL, words, NULL);
    line_key(&l, KEY_TAB_); /* what all share */
    assert_string_equal(l.text, "set mask");
    line_key(&l, KEY_TAB_); /* then one after the other */
    assert_string_equal(l.text, "set mask");
    line_key(&l, KEY_TAB_);
    assert_string_equal(l.text, "set mask.kind");
    line_key(&l, KEY_TAB_);
    assert_string_equal(l.text, "set mask.positions");
    line_key(&l, KEY_TAB_);
    assert_string_equal(l.text, "set mask");
    line_key(&l, KEY_SHIFT_TAB);
    assert_string_equal(l.text, "set mask.positions");
    line_begin(&l, "q now", NULL, words, NULL);
    line_key(&l, KEY_HOME_);
    line_key(&l, KEY_RIGHT_);
    line_key(&l, KEY_TAB_);
    assert_string_equal(l.text, "quit now");
    assert_int_equal(l.cursor, 4);
    line_begin(&l, "zzz", NULL, words, NULL);
    assert_int_equal(line_key(&l, KEY_TAB_), LINE_IGNORED);
    assert_string_equal(l.text, "zzz");
}

static void test_draw(void **state)
{
    (void)state;
    struct canvas c;
    struct errinfo e;
    struct line_edit l;
    char *text;
    assert_ok(canvas_init(&c, 10, 1, GLYPH_BRAILLE, &e), &e);
    line_begin(&l, "abcdefghijkl", NULL, NULL, NULL);
    line_draw(&c, 0, 0, 10, "/", &l);
    assert_ok(canvas_dump(&c, false, &text, &e), &e);
    assert_string_equal(text, "/efghijkl \n"); /* the end with room for the cursor */
    assert_int_equal(c.cursor_x, 9);
    free(text);
    line_click(&c, &l, 0, 10, "/", 3);
    assert_int_equal(l.cursor, 6);
    line_draw(&c, 0, 0, 10, "/", &l);
    assert_ok(canvas_dump(&c, false, &text, &e), &e);
    assert_string_equal(text, "/abcdefgh…\n");
    free(text);
    for (int w = 0; w < 4; w++) { /* no room: nothing outside */
        line_draw(&c, 0, 0, w, "prompt ", &l);
    }
    canvas_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_editing),    cmocka_unit_test(test_stem),
        cmocka_unit_test(test_offer),      cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_paste),      cmocka_unit_test(test_random_keys),
        cmocka_unit_test(test_full),       cmocka_unit_test(test_history),
        cmocka_unit_test(test_completion), cmocka_unit_test(test_draw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
