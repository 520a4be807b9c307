/* The parser of a terminal's input: each sequence of the table is its key; all others,
 * and the rest of a cut one, are dropped, however the bytes are split. */
#include "ui/term_input.h"
#include "unit/check.h"

#include <stdio.h>

/* The events that came out, in order, as text: "U+41 ", "mouse 0 4,2 ". */
struct seen {
    char text[8192];
    size_t n;
};

static struct term_input parser;

static void note(struct seen *s, const struct input *in)
{
    char *to = s->text + s->n;
    const size_t room = sizeof s->text - s->n;
    int n = 0;
    switch (in->kind) {
    case INPUT_KEY:
        assert_int_not_equal(in->key, KEY_NONE);
        n = snprintf(to, room, "%X ", (unsigned)in->key);
        break;
    case INPUT_MOUSE:
        n = snprintf(to, room, "mouse %d %d,%d%s ", in->button, in->x, in->y,
                     in->release ? " up" : "");
        break;
    case INPUT_FOCUS: n = snprintf(to, room, "focus %d ", in->focused); break;
    case INPUT_PASTE:
        n = snprintf(to, room, "paste%s <%.*s> ", in->cut ? " cut" : "", (int)in->n,
                     in->text);
        break;
    }
    s->n += (size_t)n;
    assert_true(s->n < sizeof s->text);
}

static void feed(struct seen *s, const char *bytes, size_t n)
{
    struct input in;
    for (size_t i = 0; i < n; i++) {
        if (input_byte(&parser, (uint8_t)bytes[i], &in)) {
            note(s, &in);
        }
    }
}

/* Time passes until nothing is begun. */
static void settle(struct seen *s)
{
    struct input in;
    for (int i = 0; input_wait_ms(&parser) >= 0; i++) {
        assert_true(i < 4);
        if (input_timeout(&parser, &in)) {
            note(s, &in);
        }
    }
}

static void expect_n(const char *bytes, size_t n, const char *want)
{
    struct seen s = {.n = 0};
    feed(&s, bytes, n);
    settle(&s);
    if (strcmp(s.text, want) != 0) {
        fail_msg("%s: \"%s\", expected \"%s\"", bytes[0] == 033 ? bytes + 1 : bytes,
                 s.text, want);
    }
}

static void expect(const char *bytes, const char *want)
{
    expect_n(bytes, strlen(bytes), want);
}

static void expect_key(const char *bytes, uint32_t key)
{
    char want[24];
    snprintf(want, sizeof want, "%X ", (unsigned)key);
    expect(bytes, key == KEY_NONE ? "" : want);
}

static int begin(void **state)
{
    (void)state;
    input_init(&parser);
    return 0;
}

/* ---- what is understood ---- */

static const struct {
    const char *bytes;
    uint32_t key;
} understood[] = {
    {"a", 'a'},
    {"\r", KEY_ENTER_},
    {"\n", KEY_ENTER_},
    {"\t", KEY_TAB_},
    {"\b", KEY_DELETE_BACK},
    {"\177", KEY_DELETE_BACK},
    {"\004", 4},
    {"\023", 19}, /* Ctrl-S, Ctrl-Q: bytes like others */
    {"\021", 17},
    {"\033", KEY_ESC_},
    {"é", 0xE9},
    {"漢", 0x6F22},
    {"𝄞", 0x1D11E},
    /* cursor keys: plain, application mode, linux, with modifiers */
    {"\033[A", KEY_UP_},
    {"\033[B", KEY_DOWN_},
    {"\033[C", KEY_RIGHT_},
    {"\033[D", KEY_LEFT_},
    {"\033[1A", KEY_UP_},
    {"\033[1;1A", KEY_UP_},
    {"\033OA", KEY_UP_},
    {"\033OB", KEY_DOWN_},
    {"\033OC", KEY_RIGHT_},
    {"\033OD", KEY_LEFT_},
    {"\033[1;2C", KEY_SHIFT_RIGHT},
    {"\033[1;2D", KEY_SHIFT_LEFT},
    {"\033[1;130D", KEY_SHIFT_LEFT}, /* and NumLock */
    {"\033[1;129D", KEY_LEFT_},
    {"\033O2C", KEY_SHIFT_RIGHT},
    {"\033[c", KEY_SHIFT_RIGHT}, /* rxvt */
    {"\033[d", KEY_SHIFT_LEFT},
    {"\233A", KEY_UP_}, /* of 8 bits, bare and as UTF-8 */
    {"\302\233A", KEY_UP_},
    {"\217A", KEY_UP_},
    {"\033[H", KEY_HOME_},
    {"\033OH", KEY_HOME_},
    {"\033[1~", KEY_HOME_},
    {"\033[7~", KEY_HOME_},
    {"\033Ow", KEY_HOME_},
    {"\033[F", KEY_END_},
    {"\033OF", KEY_END_},
    {"\033[4~", KEY_END_},
    {"\033[8~", KEY_END_},
    {"\033Oq", KEY_END_},
    {"\033[5~", KEY_PGUP},
    {"\033[6~", KEY_PGDN},
    {"\033[3~", KEY_DEL},
    {"\033[Z", KEY_SHIFT_TAB},
    {"\033[1;2Z", KEY_SHIFT_TAB},
    {"\033OP", KEY_F1_},
    {"\033[P", KEY_F1_},
    {"\033[1P", KEY_F1_},
    {"\033[11~", KEY_F1_},
    {"\033[[A", KEY_F1_},
    {"\033OQ", KEY_F_(2)},
    {"\033[12~", KEY_F_(2)},
    {"\033[[E", KEY_F_(5)},
    {"\033[15~", KEY_F_(5)},
    {"\033[17~", KEY_F_(6)},
    {"\033[24~", KEY_F_(12)},
    {"\033OM", KEY_ENTER_},
    {"\033Ok", '+'},
    {"\033Om", '-'},
    /* modifyOtherKeys */
    {"\033[27;2;9~", KEY_SHIFT_TAB},
    {"\033[27;5;97~", 1},
    {"\033[27;2;123~", '{'},
    {"\033[27;2;13~", KEY_ENTER_},
    {"\033[27;5;91~", KEY_ESC_},
    /* kitty: keys as numbers, with events, alternates and text */
    {"\033[97u", 'a'},
    {"\033[97;1u", 'a'},
    {"\033[97;2u", 'A'},
    {"\033[97:65;2u", 'A'},
    {"\033[91:123;2u", '{'},
    {"\033[49;2;33u", '!'},
    {"\033[97;1:1u", 'a'},
    {"\033[97;1:2u", 'a'},
    {"\033[97;5u", 1},
    {"\033[97;69u", 1}, /* and CapsLock */
    {"\033[109;5u", KEY_ENTER_},
    {"\033[27u", KEY_ESC_},
    {"\033[13u", KEY_ENTER_},
    {"\033[13;2u", KEY_ENTER_},
    {"\033[9u", KEY_TAB_},
    {"\033[9;2u", KEY_SHIFT_TAB},
    {"\033[127u", KEY_DELETE_BACK},
    {"\033[32;2u", ' '},
    {"\033[233u", 0xE9},
    {"\033[57399u", '0'},
    {"\033[57408u", '9'},
    {"\033[57414u", KEY_ENTER_},
    {"\033[57417u", KEY_LEFT_},
    {"\033[57423u", KEY_HOME_},
    {"\033[1;1:1A", KEY_UP_},
    {"\033[1;2:2D", KEY_SHIFT_LEFT},
};

static void test_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof understood / sizeof understood[0]; i++) {
        expect_key(understood[i].bytes, understood[i].key);
    }
}

/* ---- what is not ---- */

/* clang-format off */
/* clang-format off */
static const char *const swallowed[] = {
    /* keys that mean nothing here */
    "\033[1;5C", "\033[1;5D", "\033[1;3A", "\033[1;2A", "\033[1;10D", "\033[2~",
    "\033[2;2~", "\033[3;5~", "\033[5;5~", "\033[25~", "\033[24;2~",
    "\033[1;2P", "\033[1;5R", "\033O5A", "\033[E", "\033OE",
    "\033[a", "\033Oa", "\033Od", "\033[7^", "\033[7@", "\033[7$", "\033[23$",
    "\033[27;5;9~", "\033[27;6;97~", "\033[27;3;97~", "\033[27;5;13~",
    "\033[97;3u", "\033[97;6u", "\033[97;9u", "\033[91;2u", "\033[97;1:3u",
    "\033[57441u", "\033[57441;1:1u", "\033[57441;1:3u", "\033[57358u", "\033[57376u",
    "\033[1;1:3A", "\033[55296u", "\033[1114112u", "\033[99999999999u", "\033[0u",
    "\033[7u", "\033[155u",
    /* Alt */
    "\033x", "\033q", "\033[", "\033O", "\033\r", "\033\177", "\033\t", "\033é",
    "\033漢", "\033 ", "\033/", "\033(", "\033;", "\033]", "\033P", "\033_",
    "\033\033[A", "\033\033[1;2D", "\033\033OA",
    /* answers of the terminal */
    "\033[?62;1;2;4;6;9;15;22;29c", "\033[>41;354;0c", "\033[=1c", "\033[12;40R",
    "\033[?12;40R", "\033[0n", "\033[?2026;2$y", "\033[4;1$y", "\033[8;24;80t",
    "\033[?1u", "\033[?7u", "\033[4;600;800t", "\033[?997;1n",
    "\033]11;rgb:1e1e/1e1e/1e1e\033\\", "\033]11;rgb:1e1e/1e1e/1e1e\a",
    "\033]52;c;cXVpdA==\a", "\033]4;0;rgb:00/00/00\033\\",
    "\033P1+r544e=787465726d\033\\",
    "\033P>|XTerm(388)\033\\", "\033P!|00000000\033\\", "\033P1$r0m\033\\",
    "\033_Gi=31;OK\033\\", "\033^private\033\\", "\033Xstart of string\033\\",
    "\220q\234", "\23511;?\234", "\302\23511;?\302\234", "\237Gq\033\\",
    "\033P]q\a[m\033\\", "\033]11;q\033\033\\",
    /* the mouse of urxvt and others, malformed reports */
    "\033[32;10;10M", "\033[<0;5;3;4M", "\033[<0;5M", "\033[<99999999999;1;1M",
    "\033[<0;5;3N", "\033[M\001qq", "\033[t", "\033[T",
    /* cut short */
    "\033[1", "\033[1;", "\033[1;5", "\033[<0;5;", "\033[M", "\033[M q", "\033[[",
    "\033O2", "\033]11;rgb", "\033]11;q\033", "\033P1+", "\033[27;5;", "\033[?2026",
    "\033[1;5\n", "\033[1;5\177", "\033O\r", "\033[1\030",
    /* bytes that are no text */
    "\377", "\300\200", "\355\240\200", "\364\220\200\200", "\340\233\200", "\303",
    "\342\202", "\240", "\376\377", "\360\237\230",
    /* the end of a paste that did not begin */
    "\033[201~",
};
/* clang-format on */
/* clang-format on */

static void test_swallowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof swallowed / sizeof swallowed[0]; i++) {
        expect(swallowed[i], "");
        expect("q", "71 "); /* and nothing of it is left */
    }
    expect_n("", 1, "");
    /* two of them, and a key between */
    for (size_t i = 0; i + 1 < sizeof swallowed / sizeof swallowed[0]; i++) {
        struct seen s = {.n = 0};
        feed(&s, swallowed[i], strlen(swallowed[i]));
        settle(&s);
        feed(&s, "m", 1);
        feed(&s, swallowed[i + 1], strlen(swallowed[i + 1]));
        settle(&s);
        assert_string_equal(s.text, "6D ");
    }
}

/* However long: swallowed, and the next is understood again. */
static void test_long(void **state)
{
    (void)state;
    struct seen s = {.n = 0};
    feed(&s, "\033[", 2);
    for (int i = 0; i < 10000; i++) {
        feed(&s, "1;", 2);
    }
    feed(&s, "A", 1);
    feed(&s, "\033O", 2);
    for (int i = 0; i < 10000; i++) {
        feed(&s, "2", 1);
    }
    feed(&s, "P", 1);
    feed(&s, "\033]52;c;", 7);
    for (int i = 0; i < 100000; i++) {
        feed(&s, "qm[]", 4);
    }
    feed(&s, "\033\\", 2);
    assert_int_equal(s.n, 0);
    expect_key("\033[A", KEY_UP_);
}

/* ---- time ---- */

static void test_escape(void **state)
{
    (void)state;
    struct seen s = {.n = 0};
    char want[64];
    expect("\033\033", "1B 1B ");
    expect("\033\033\033", "1B 1B 1B ");
    expect("\033\033x", "1B ");
    /* Esc, and later a key: two keys */
    feed(&s, "\033", 1);
    settle(&s);
    feed(&s, "x", 1);
    assert_string_equal(s.text, "1B 78 ");
    /* Esc and [ by hand */
    s.n = 0;
    struct input in;
    feed(&s, "\033", 1);
    assert_true(input_timeout(&parser, &in));
    feed(&s, "[", 1);
    settle(&s);
    assert_string_equal(s.text, "5B ");
    /* what looks like Esc, the rest of its sequence late */
    s = (struct seen){.n = 0};
    feed(&s, "\033", 1);
    assert_true(input_timeout(&parser, &in));
    feed(&s, "[1;5C", 5);
    settle(&s);
    assert_string_equal(s.text, "");
    feed(&s, "\033", 1);
    assert_true(input_timeout(&parser, &in));
    feed(&s, "]11;q\a", 6);
    assert_string_equal(s.text, "");
    feed(&s, "\033", 1);
    assert_true(input_timeout(&parser, &in));
    feed(&s, "[A", 2);
    snprintf(want, sizeof want, "%X ", (unsigned)KEY_UP_);
    assert_string_equal(s.text, want);
    assert_int_equal(input_wait_ms(&parser), -1);
}

/* ---- the rest ---- */

static void test_mouse_and_focus(void **state)
{
    (void)state;
    expect("\033[<0;5;3M", "mouse 0 4,2 ");
    expect("\033[<0;5;3m", "mouse 0 4,2 up ");
    expect("\033[<64;1;1M", "mouse 64 0,0 ");
    expect("\033[<2;500;300M", "mouse 2 499,299 ");
    expect("\033[M %#", "mouse 0 4,2 ");
    expect("\033[M#%#", "mouse 0 4,2 up ");
    expect("\033[M`%#", "mouse 64 4,2 ");
    expect("\033[I", "focus 1 ");
    expect("\033[O", "focus 0 ");
    expect("\033[I\033[<0;5;3Mx", "focus 1 mouse 0 4,2 78 ");
}

static void test_paste(void **state)
{
    (void)state;
    expect("\033[200~q[m\033[201~q", "paste <q[m> 71 ");
    expect("\033[200~\033[201~", "paste <> ");
    /* sequences in it are its text, and half an end mark is */
    expect("\033[200~a\033[Ab\033[201c\033\033[201~", "paste <a\033[Ab\033[201c\033> ");
    expect("\033[200~two\r\nlines\033[201~", "paste <two\r\nlines> ");
    expect("\033\033[200~q\033[201~", "paste <q> ");
    /* its end does not come: what there is, and the keyboard works again */
    expect("\033[200~qm[", "paste cut <qm[> ");
    expect("q", "71 ");
    /* more than is kept */
    static char big[2 * INPUT_PASTE_CAP];
    memset(big, 'x', sizeof big);
    memcpy(big, "\033[200~", 6);
    struct input in = {.n = 0};
    for (size_t i = 0; i < sizeof big; i++) {
        assert_false(input_byte(&parser, (uint8_t)big[i], &in));
    }
    for (int i = 0; i < 6; i++) {
        assert_int_equal(input_byte(&parser, (uint8_t) "\033[201~"[i], &in), i == 5);
    }
    assert_int_equal(in.kind, INPUT_PASTE);
    assert_int_equal(in.n, INPUT_PASTE_CAP);
    assert_true(in.cut);
}

/* A terminal's own keys, however odd. */
static void test_rows(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        uint32_t key;
    } odd[] = {{"\033[214z", KEY_HOME_}, /* sun */
               {"\033[001q", KEY_F1_},   /* aix */
               {"\033[M", KEY_F1_},      /* cons25: for others a report begins so */
               {"\033h", KEY_HOME_},     /* hp */
               {"\033?A", KEY_UP_}};     /* longer than what a sequence would be */
    assert_false(input_add_row(&parser, "", KEY_UP_));
    assert_false(input_add_row(&parser, "\b", KEY_LEFT_));
    assert_false(input_add_row(&parser, "\033", KEY_UP_));
    assert_false(input_add_row(&parser, "x1", KEY_UP_));
    assert_false(input_add_row(&parser, "\033[1234567890123456~", KEY_UP_));
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        expect(odd[i].bytes, i == 4 ? "41 " : "");
        assert_true(input_add_row(&parser, odd[i].bytes, odd[i].key));
        expect_key(odd[i].bytes, odd[i].key);
    }
    expect("\033?q", "71 "); /* Alt-? and q */
    expect("\033[215z", "");
    expect_key("\033[1;2D", KEY_SHIFT_LEFT);
    for (int i = 0; i < INPUT_ROWS; i++) {
        (void)input_add_row(&parser, "\033[900~", KEY_UP_);
    }
    assert_false(input_add_row(&parser, "\033[901~", KEY_UP_));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_understood, begin),
        cmocka_unit_test_setup(test_swallowed, begin),
        cmocka_unit_test_setup(test_long, begin),
        cmocka_unit_test_setup(test_escape, begin),
        cmocka_unit_test_setup(test_mouse_and_focus, begin),
        cmocka_unit_test_setup(test_paste, begin),
        cmocka_unit_test_setup(test_rows, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
