/* Bytes from the terminal become events: keys, UTF-8, mouse, focus; any bytes at all.
 */
#include "base/rng.h"
#include "ui/signal.h"
#include "ui/term.h"
#include "unit/pty.h"

#include <locale.h>
#include <time.h>

static struct pty pty;
static struct term *term;

static struct term *open_on(const char *name, bool mouse)
{
    struct errinfo e;
    struct term *t;
    const struct term_config cfg = {.tier = -1,
                                    .color = 1,
                                    .mouse = mouse,
                                    .term_name = name,
                                    .out_fd = pty.slave,
                                    .in_fd = pty.slave};
    assert_ok(term_open(&cfg, &t, NULL, &e), &e);
    return t;
}

static int begin(void **state)
{
    (void)state;
    pty_open(&pty, 80, 24);
    pty_start(&pty, 80, 24);
    term = open_on("xterm-256color", true);
    return 0;
}

static int end(void **state)
{
    (void)state;
    term_close(term);
    pty_close(&pty);
    return 0;
}

static void type_bytes(const char *bytes, size_t n)
{
    assert_int_equal(write(pty.master, bytes, n), (ssize_t)n);
}

static void type(const char *text)
{
    type_bytes(text, strlen(text));
}

/* The next event; waits for input for as long as it takes (a second: none). */
static struct event next(void)
{
    struct event ev;
    for (int i = 0; i < 8; i++) {
        if (term_event(term, &ev)) {
            return ev;
        }
        struct pollfd p[TERM_FDS];
        const int due = term_poll(term, p);
        if (poll(p, TERM_FDS, due < 0 ? 1000 : due) == 0 && due < 0) {
            break;
        }
    }
    return (struct event){.kind = EVENT_NONE};
}

static void expect_key(const char *bytes, uint32_t key)
{
    type(bytes);
    const struct event ev = next();
    if (ev.kind != EVENT_KEY || ev.key != key) {
        fail_msg("kind %d key %x, expected key %x", (int)ev.kind, (unsigned)ev.key,
                 (unsigned)key);
    }
}

static void expect_mouse(const char *bytes, enum mouse_kind kind, int x, int y)
{
    type(bytes);
    const struct event ev = next();
    assert_int_equal(ev.kind, EVENT_MOUSE);
    assert_int_equal(ev.mouse, kind);
    assert_int_equal(ev.x, x);
    assert_int_equal(ev.y, y);
}

static void expect_nothing(const char *bytes)
{
    /* followed by a key that must be the next event */
    type(bytes);
    expect_key("!", '!');
}

static void test_keys(void **state)
{
    (void)state;
    expect_key("a", 'a');
    expect_key("\r", KEY_ENTER_);
    expect_key("\n", KEY_ENTER_);
    expect_key("\t", KEY_TAB_);
    expect_key("\177", KEY_DELETE_BACK);
    expect_key("\b", KEY_DELETE_BACK);
    expect_key("\014", 12); /* Ctrl-L */
    expect_key("é", 0xE9);
    expect_key("漢", 0x6F22);
    expect_key("\033OA", KEY_UP_);
    expect_key("\033OB", KEY_DOWN_);
    expect_key("\033OC", KEY_RIGHT_);
    expect_key("\033OD", KEY_LEFT_);
    expect_key("\033OH", KEY_HOME_);
    expect_key("\033OF", KEY_END_);
    expect_key("\033[5~", KEY_PGUP);
    expect_key("\033[6~", KEY_PGDN);
    expect_key("\033[3~", KEY_DEL);
    expect_key("\033[Z", KEY_SHIFT_TAB);
    expect_key("\033OP", KEY_F1_);
    expect_key("\033[1;2D", KEY_SHIFT_LEFT);
    expect_key("\033[1;2C", KEY_SHIFT_RIGHT);
}

static void test_escape(void **state)
{
    (void)state;
    expect_key("\033", KEY_ESC_);
    expect_nothing("\033x"); /* what terminals send for Alt-x */
    type("abc");
    assert_int_equal(next().key, 'a');
    assert_int_equal(next().key, 'b');
    assert_int_equal(next().key, 'c');
    assert_int_equal(next().kind, EVENT_NONE);
}

static void test_mouse(void **state)
{
    (void)state;
    expect_mouse("\033[<0;5;3M", MOUSE_PRESS, 4, 2);
    expect_mouse("\033[<32;6;3M", MOUSE_DRAG, 5, 2);
    expect_mouse("\033[<0;6;3m", MOUSE_RELEASE, 5, 2);
    expect_mouse("\033[<64;1;1M", MOUSE_WHEEL_UP, 0, 0);
    expect_mouse("\033[<65;80;24M", MOUSE_WHEEL_DOWN, 79, 23);
    expect_mouse("\033[<0;999;999M", MOUSE_PRESS, 79, 23); /* held inside */
    expect_mouse("\033[<0;999;999m", MOUSE_RELEASE, 79, 23);
    expect_mouse("\033[<0;1;1M", MOUSE_PRESS, 0, 0);
    expect_mouse("\033[<0;1;1m", MOUSE_RELEASE, 0, 0);
    expect_mouse("\033[<0;1;1M", MOUSE_DOUBLE, 0, 0);
    expect_mouse("\033[<0;1;1m", MOUSE_RELEASE, 0, 0);
    expect_mouse("\033[<0;1;1M", MOUSE_PRESS, 0, 0);
    expect_mouse("\033[<0;1;1m", MOUSE_RELEASE, 0, 0);
    /* the older report */
    expect_mouse("\033[M %#", MOUSE_PRESS, 4, 2);
    expect_mouse("\033[M#%#", MOUSE_RELEASE, 4, 2);
    expect_mouse("\033[M`%#", MOUSE_WHEEL_UP, 4, 2);
    /* other buttons, sideways wheels, drags without a press, broken reports */
    expect_nothing("\033[<2;5;3M");
    expect_nothing("\033[<66;5;3M");
    expect_nothing("\033[<32;5;3M");
    expect_nothing("\033[<0;5;3;4M");
    expect_nothing("\033[<99999999999;1;1M");
    term_set_mouse(term, false);
    expect_nothing("\033[<0;5;3M");
    term_set_mouse(term, true);
    expect_mouse("\033[<0;7;3M", MOUSE_PRESS, 6, 2);
}

/* A click that comes with the focus only raises the window. */
static void test_focus(void **state)
{
    (void)state;
    type("\033[I\033[<0;5;3M\033[<0;5;3mx");
    struct event ev = next();
    assert_int_equal(ev.kind, EVENT_FOCUS);
    assert_true(ev.focused);
    ev = next();
    assert_int_equal(ev.kind, EVENT_KEY);
    assert_int_equal(ev.key, 'x');
    type("\033[O");
    ev = next();
    assert_int_equal(ev.kind, EVENT_FOCUS);
    assert_false(ev.focused);
    type("\033[I");
    assert_int_equal(next().kind, EVENT_FOCUS);
    const struct timespec later = {0, 200000000};
    nanosleep(&later, NULL);
    expect_mouse("\033[<0;5;3M", MOUSE_PRESS, 4, 2);
}

static void test_paste(void **state)
{
    (void)state;
    type("\033[200~q[m\r\033[201~!");
    const struct event ev = next();
    assert_int_equal(ev.kind, EVENT_PASTE);
    assert_int_equal(ev.text_n, 4);
    assert_memory_equal(ev.text, "q[m\r", 4);
    assert_false(ev.cut);
    expect_key("", '!');
}

/* A terminal's own keys come from its description. */
static void test_odd_terminal(void **state)
{
    (void)state;
    term_close(term);
    term = open_on("sun", false);
    expect_key("\033[214z", KEY_HOME_);
    expect_key("\033[220z", KEY_END_);
    expect_key("\033[A", KEY_UP_);
    term_close(term);
    term = open_on("linux", false);
    expect_key("\033[[A", KEY_F1_);
    expect_nothing("\033[1;5C");
}

/* Any bytes: every event is one that is documented, and input always ends. */
static void test_random_bytes(void **state)
{
    (void)state;
    static const char *const parts[] = {"\033", "[", "<", "0;",   "65;",  "3",
                                        "M",    "m", "O", "\xC3", "\xA9", "\xFF",
                                        "a",    "I", "~", ";"};
    struct rng r = rng_begin(30, RNG_SAMPLE, 0);
    for (int run = 0; run < 400; run++) {
        char bytes[64];
        size_t n = 0;
        while (n < 40) {
            const char *part = parts[rng_below(&r, sizeof parts / sizeof parts[0])];
            memcpy(bytes + n, part, strlen(part));
            n += strlen(part);
        }
        type_bytes(bytes, n);
        struct event ev;
        for (int i = 0; term_event(term, &ev); i++) {
            assert_true(i < 1000);
            assert_true(ev.kind == EVENT_KEY || ev.kind == EVENT_MOUSE ||
                        ev.kind == EVENT_FOCUS);
            assert_true(ev.kind != EVENT_KEY || ev.key != KEY_NONE);
            if (ev.kind == EVENT_MOUSE) {
                assert_true(ev.x >= 0 && ev.x < 80 && ev.y >= 0 && ev.y < 24);
            }
        }
    }
    /* still in step, once what was begun has had its time */
    while (next().kind != EVENT_NONE) {
    }
    expect_key("q", 'q');
}

/* The terminal goes away: reported once as a hangup, and no busy loop of events. */
static void test_hangup(void **state)
{
    (void)state;
    struct pty own;
    struct errinfo e;
    struct term *t;
    pty_open(&own, 80, 24);
    const struct term_config cfg = {.tier = -1,
                                    .color = 1,
                                    .term_name = "xterm",
                                    .out_fd = own.slave,
                                    .in_fd = own.slave};
    assert_ok(term_open(&cfg, &t, NULL, &e), &e);
    assert_int_equal(sig_take(SIG_BIT_QUITS), 0);
    close(own.master);
    struct event ev;
    assert_false(term_event(t, &ev));
    struct pollfd p = {.fd = sig_fd(), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 0), 1);
    assert_int_equal(sig_take(SIG_BIT_QUITS), SIG_BIT_HUP);
    assert_false(term_event(t, &ev));
    assert_int_equal(sig_take(SIG_BIT_QUITS), 0);
    term_close(t);
    close(own.slave);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keys, begin, end),
        cmocka_unit_test_setup_teardown(test_escape, begin, end),
        cmocka_unit_test_setup_teardown(test_mouse, begin, end),
        cmocka_unit_test_setup_teardown(test_focus, begin, end),
        cmocka_unit_test_setup_teardown(test_paste, begin, end),
        cmocka_unit_test_setup_teardown(test_odd_terminal, begin, end),
        cmocka_unit_test_setup_teardown(test_random_bytes, begin, end),
        cmocka_unit_test(test_hangup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
