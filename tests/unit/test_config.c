/* The user's configuration: keys of his own do what they say, and the keymap's other
 * readers follow; what clashes, or is no wish, is refused in a line that names file,
 * line, key and both actions. */
#include "ui/config.h"
#include "ui/screens/table.h"
#include "ui_bench.h"

static void parse(struct config *c, const char *text)
{
    struct errinfo e = {0};
    assert_ok(config_parse(c, text, strlen(text), "conf", &screen_table, &e), &e);
}

static void test_nothing(void **state)
{
    (void)state;
    struct config c;
    parse(&c, "# a remark\n\n   \n");
    assert_true(c.look.theme == -1 && c.look.tier == -1 && c.look.mouse == -1);
    assert_ptr_equal(c.screens, &screen_table);
    config_deinit(&c);
}

static void test_look(void **state)
{
    (void)state;
    struct config c;
    parse(&c,
          "set theme light\n:set glyphs ascii\r\n  set  mouse\toff\nset theme mono");
    assert_int_equal(c.look.theme, THEME_MONO);
    assert_int_equal(c.look.tier, GLYPH_ASCII);
    assert_int_equal(c.look.mouse, 0);
    config_deinit(&c);
}

/* Names as the screens have them, with the brackets of scripts and without. */
static void test_names_are_keys(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        uint32_t key;
    } cases[] = {
        {"map train F2 events\n", KEY_F_(2)},
        {"map train <F2> events\n", KEY_F_(2)},
        {"map train F12 events\n", KEY_F_(12)},
        {"map train <F12> events\n", KEY_F_(12)},
        {"map train Ctrl-E events\n", KEY_CTRL('e')},
        {"map train Shift-Left events\n", KEY_SHIFT_LEFT},
        {"map train Del events\n", KEY_DEL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config c;
        parse(&c, cases[i].line);
        struct bench *b = test_calloc(1, sizeof *b);
        begin_with(b, c.screens, 120, 36, 2);
        press(b, 'F'); /* begins nothing */
        press(b, '2');
        assert_false(b->a.help.open);
        press(b, '1');
        press(b, cases[i].key);
        assert_true(b->a.help.open && b->a.help.kind == HELP_EVENTS);
        bench_free(b);
        config_deinit(&c);
    }
}

/* An added key, a moved one, one for a command with its argument, two in a row. */
static void test_keys_work(void **state)
{
    (void)state;
    struct config c;
    parse(&c, "map train <Ctrl-E> events\n"
              "unmap train s\n"
              "map train F smooth +\n"
              "map everywhere <Ctrl-T> screen latents\n"
              "map latents Zt sort top\n"
              "map latents Zr reverse\n"
              "unmap everywhere 9\n"
              "map everywhere 7 screen runs\n");
    struct bench *b = test_calloc(1, sizeof *b);
    begin_with(b, c.screens, 120, 36, 2);
    assert_true(on_screen(b, "7 Runs") && !on_screen(b, "9 Runs"));
    assert_true(on_screen(b, "F smooth") && !on_screen(b, "s smooth"));
    const double smooth = b->a.smooth;
    type(b, "s"); /* a key of no screen now */
    assert_true(b->a.smooth == smooth);
    type(b, "F");
    assert_true(b->a.smooth > smooth);
    press(b, KEY_CTRL('e'));
    assert_true(b->a.help.open && b->a.help.kind == HELP_EVENTS);
    press(b, KEY_ESC_);
    press(b, KEY_CTRL('t'));
    assert_string_equal(b->a.screen->name, "latents");
    type(b, "Z");
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_PAUSE});
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "Z, then") && on_screen(b, "reverse the order"));
    type(b, "r");
    assert_false(b->a.message_bad);
    type(b, "7");
    assert_string_equal(b->a.screen->name, "runs");
    type(b, "1?/smooth curves more\n");
    assert_true(on_screen(b, "F           smooth curves more"));
    bench_free(b);
    struct str out;
    str_init(&out, (size_t)1 << 20);
    keymap_markdown(c.screens, &out);
    assert_non_null(strstr(out.p, "| `F` | `:smooth +` |"));
    assert_non_null(strstr(out.p, "| `E` `Ctrl-E` | `:events` |"));
    assert_non_null(strstr(out.p, "| `r` `Z r` | `:reverse` |"));
    assert_null(strstr(out.p, "| `s` | `:smooth +` |"));
    str_free(&out);
    config_deinit(&c);
}

/* Go to a screen and see that it, or what a command says there, names a key. */
static void shows(struct bench *b, const char *screen, const char *command,
                  const char *want)
{
    char line[80];
    snprintf(line, sizeof line, "screen %s", screen);
    app_run(&b->a, &b->v, line);
    if (command) {
        app_run(&b->a, &b->v, command);
    }
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    app_view(&b->a, &b->v, &b->c);
    if (!on_screen(b, want)) {
        fail_msg("%s, %s: '%s' is not on the screen; message: %s", screen,
                 command ? command : "", want, b->a.message);
    }
}

/* A key that was moved is named as it is pressed, in each kind of text. */
static void test_moved_keys_are_named(void **state)
{
    (void)state;
    struct config c;
    parse(&c,
          "unmap everywhere ?\nunmap everywhere <F1>\nmap everywhere <Ctrl-W> help\n"
          "unmap everywhere u\nmap everywhere Zu undo\n"
          "unmap everywhere <Ctrl-R>\nmap everywhere Zr redo\n"
          "unmap everywhere <Enter>\nmap everywhere ^ open\n"
          "unmap everywhere j\nunmap everywhere <Down>\nmap everywhere Zj move down\n"
          "unmap everywhere 3\nmap everywhere 8 screen latents\n"
          "unmap help /\nmap help s help-filter\n"
          "unmap train m\nmap train T toggle-mask\nunmap train b\n"
          "unmap train E\nmap train X events\n"
          "unmap latents &\nmap latents F filter\n"
          "unmap latents \\\nmap latents C clear-filter\nmap latents Zl label\n"
          "unmap compare c\nmap compare K choose-run\n"
          "unmap runs d\nmap runs D delete ask\n"
          "unmap concepts R\nmap concepts K refresh\n"
          "map everywhere Zn note\nmap latents 9 reverse\n");
    struct bench *b = test_calloc(1, sizeof *b);
    begin_with(b, c.screens, 200, 60, 1);
    shows(b, "train", NULL, "Ctrl-W help");                           /* the tabs */
    shows(b, "train", NULL, "T mask");                                /* hints */
    shows(b, "train", NULL, "T on/off  :mask 0.2 at STEP  Z u undo"); /* a pane */
    shows(b, "train", "nosuch", "unknown command: nosuch   (Ctrl-W lists them)");
    press(b, '!');
    assert_true(on_screen(b, "! does nothing   (Ctrl-W lists the keys)"));
    shows(b, "train", "rate -0.9", "T brings"); /* a message */
    shows(b, "train", "undo", "(Z r does it again)");
    shows(
        b, "compare", NULL, /* why not */
        "one condition alone: K chooses a run beside it, :fork on Train forks a twin");
    shows(b, "latents", "filter nosuchword",
          "no latent passes the filter   (C clears it)");
    shows(b, "latents", "clear-filter", "8 Latents");
    shows(b, "latents", NULL,
          "Z n note");                   /* the second: the first is of `label` here */
    shows(b, "latents", NULL, "- Runs"); /* 9 does something else here */
    shows(b, "train", NULL, "9 Runs");
    shows(b, "train", NULL, "; note");
    shows(b, "latents", "help known to", "known to / and F; an empty");
    app_run(&b->a, &b->v, "screen latents");
    press(b, 'Z');
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_PAUSE});
    app_view(&b->a, &b->v, &b->c); /* the window of second keys */
    assert_true(on_screen(b, "Z, then") && on_screen(b, "known to / and F; an empty"));
    press(b, KEY_ESC_);
    shows(b, "train", "help is one seed of", "T, [ ] and :mask act"); /* a topic */
    assert_true(on_screen(b, "Z j k scroll  Tab section  s filter  ^ run it"));
    press(b, KEY_CTRL('w'));
    assert_false(b->a.help.open);
    app_run(&b->a, &b->v, "go latents"); /* the finder */
    assert_string_equal(b->a.finder.item[0].kind, "screen");
    assert_int_equal(b->a.finder.item[0].key->key[0], '8');
    bench_free(b);
    config_deinit(&c);
}

static void refused(const char *text, const char *want)
{
    struct config c;
    struct errinfo e = {0};
    const enum err rc = config_parse(&c, text, strlen(text), "conf", &screen_table, &e);
    config_deinit(&c);
    if (rc == OK || strcmp(e.msg, want) != 0) {
        fail_msg("%s: '%s', expected '%s'", text, rc == OK ? "" : e.msg, want);
    }
}

static void test_refused(void **state)
{
    (void)state;
    refused(
        "\nmap train s events\n",
        "conf:2: key s of :events: train s does :smooth + already; unmap that first");
    refused("map train gx events",
            "conf:1: key g x of :events: everywhere g does :move first already; unmap "
            "that first");
    refused("map train Y events",
            "conf:1: key Y of :events: everywhere Y Y does :copy already; unmap that "
            "first");
    refused(
        "map everywhere Ys events",
        "conf:1: key Y s of :events: everywhere Y s does :copy screen already; unmap "
        "that first");
    refused("map trian s events",
            "conf:1: found 'trian', expected help, train, concepts, latents, detail, "
            "prompt, compare, runs or everywhere; did you mean train?");
    refused("map train F pauze",
            "conf:1: found 'pauze', expected a command of the explorer; did you mean "
            "pause?");
    refused(
        "map train <Nokey> pause",
        "conf:1: found <Nokey>, which is no key, expected Space, Tab, Enter, "
        "Esc, Up, Down, Left, Right, Home, End, PgUp, PgDn, Del, Shift-Tab, "
        "Shift-Left, Backspace, Shift-Right, F1 to F12, Ctrl-A to Ctrl-Z; <<> types "
        "a <");
    refused(
        "map train abc pause",
        "conf:1: found 'abc', expected a key as x or Ctrl-E, or two of which the "
        "first is a letter or <Ctrl-E>; by name: Space, Tab, Enter, Esc, Up, Down, "
        "Left, Right, Home, End, PgUp, PgDn, Del, Shift-Tab, Shift-Left, Backspace, "
        "Shift-Right, F1 to F12, Ctrl-A to Ctrl-Z");
    refused("map train F",
            "conf:1: found 'map train F', expected map PLACE KEYS COMMAND");
    refused("unmap train F x",
            "conf:1: found 'unmap train F x', expected unmap PLACE KEYS");
    refused("unmap train F", "conf:1: key F does nothing at train");
    refused("unmap everywhere :",
            "conf:1: key : opens the command line and cannot be moved");
    refused("map train <Ctrl-H> pause",
            "conf:1: key Ctrl-H of :pause at train would do "
            "nothing: a terminal sends Backspace for it");
    refused("map train Z<Ctrl-M> pause",
            "conf:1: key Z Ctrl-M of :pause at train would "
            "do nothing: a terminal sends Enter for it");
    refused(
        "map everywhere <Ctrl-C> q",
        "conf:1: key Ctrl-C of :q at everywhere would do nothing: the terminal makes "
        "a signal of it");
    refused("map help x pause", "conf:1: key x of :pause at help would do nothing: the "
                                "command does nothing while help is open");
    refused("map help Zx move down", "conf:1: key Z x of :move down at help would do "
                                     "nothing: help takes no two keys in a row");
    refused("map help <Tab> move down",
            "conf:1: key Tab of :move down at help would do "
            "nothing: help has it for itself");
    refused("map train F pause now",
            "conf:1: found ':pause now', expected :pause, which takes nothing");
    refused("remap x", "conf:1: found 'remap', expected set, map or unmap");
    refused("set theme pink",
            "conf:1: found 'set theme pink', expected set theme "
            "dark|light|contrast|mono, set glyphs braille|block|ascii or set mouse "
            "on|off");
    refused(
        "map train 1 pause\nmap train 2 pause\nmap train 3 pause\nmap train 4 pause",
        "conf:4: :pause has 4 keys already");
}

/* A table larger than there is room for. */
static void test_limit(void **state)
{
    (void)state;
    struct str text;
    struct config c;
    struct errinfo e = {0};
    str_init(&text, (size_t)1 << 20);
    for (int i = 0; i < OWN_KEYS_MAX + 1; i++) {
        str_addf(&text, "map train Z%c%c smooth 0.%03d\n", 0xC4 + i / 64, 0x80 + i % 64,
                 i);
    }
    assert_int_equal(config_parse(&c, text.p, text.len, "conf", &screen_table, &e),
                     ERR_LIMIT);
    assert_string_equal(e.msg, "conf:257: more than 256 keys of your own");
    config_deinit(&c);
    str_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_look),
        cmocka_unit_test(test_names_are_keys),
        cmocka_unit_test(test_keys_work),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_moved_keys_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
