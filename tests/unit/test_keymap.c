/* The table of keys: nothing clashes, reserved letters mean the same everywhere, and
 * all that can be pressed can be typed and is explained. */
#include "check.h"
#include "ui/event.h"
#include "ui/screens/table.h"
#include "ui/textbox.h"
#include "ui/topics.h"
#include "ui/typed_keys.h"

static const struct screen_table *const t = &screen_table;

/* Entries that hold in the same place; a screen's key is one of everywhere. */
static bool same_place(size_t i, size_t j)
{
    return keymap_owner(t, i) == keymap_owner(t, j);
}

static void test_no_clash_on_a_screen(void **state)
{
    (void)state;
    for (size_t i = 0; i < keymap_count(t); i++) {
        for (size_t j = i + 1; j < keymap_count(t); j++) {
            const struct key_entry *a = keymap_at(t, i), *b = keymap_at(t, j);
            for (size_t k = 0; same_place(i, j) && k < KEYMAP_KEYS * KEYMAP_KEYS; k++) {
                const uint32_t x = a->key[k / KEYMAP_KEYS], y = b->key[k % KEYMAP_KEYS];
                if (x && x == y) {
                    fail_msg("entries %zu (%s) and %zu (%s) share key %u", i, a->help,
                             j, b->help, x);
                }
            }
        }
    }
}

/* The first key of two does nothing alone, wherever the two mean something. */
static void test_first_keys(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t i = 0; i < keymap_count(t); i++) {
        for (size_t k = 0; k < KEYMAP_KEYS; k++) {
            const uint32_t first = KEY_FIRST_OF(keymap_at(t, i)->key[k]);
            for (size_t s = 0; first && s < t->n; s++) {
                assert_true(first <= KEY_FIRST_MAX);
                assert_null(keymap_find_key(t, t->row[s], first));
                assert_true(keymap_begins(t, t->row[s], first));
                n++;
            }
        }
    }
    assert_true(n > 0);
    assert_false(keymap_begins(t, t->row[0], 'g'));
    assert_false(keymap_begins(t, t->row[0], 0));
    char name[48];
    key_name(KEY_THEN('Y', KEY_F1_), name, sizeof name);
    assert_string_equal(name, "Y F1");
}

/* Screen s, help after the last. */
static const struct screen_def *place(size_t s)
{
    return s < t->n ? t->row[s] : t->help;
}

static bool does(const struct key_entry *k, const char *command)
{
    return command && !strcmp(k->action->command, command);
}

/* A letter with a fixed meaning does that or nothing on every screen. */
static void test_reserved_letters(void **state)
{
    (void)state;
    static const struct {
        uint32_t key;
        const char *command, *other; /* NULL: for later, bound nowhere */
    } reserved[] = {{'m', "toggle-mask", "mask-here"},
                    /* of one token */ {'y', "log", NULL},
                    {'z', "zoom", NULL},
                    {';', "note", "label"}, /* words on what one looks at */
                    {'e', "export", NULL},
                    {'u', "undo", NULL},
                    {'p', "send", "send-latent"},
                    {'t', NULL, "steer"},
                    {'a', "silence", "silence-latent"}};
    for (size_t r = 0; r < sizeof reserved / sizeof reserved[0]; r++) {
        for (size_t s = 0; s <= t->n; s++) {
            const struct key_entry *k = keymap_find_key(t, place(s), reserved[r].key);
            if (k && !does(k, reserved[r].command) && !does(k, reserved[r].other)) {
                fail_msg("%c on %s is %s", (char)reserved[r].key, place(s)->name,
                         k->action->command);
            }
        }
    }
}

/* Movement is the same from the first day. */
static void test_movement(void **state)
{
    (void)state;
    static const struct {
        uint32_t key;
        const char *command;
    } fixed[] = {{'h', "move"},      {'l', "move"},        {'g', "move"},
                 {'G', "move"},      {'?', "help"},        {KEY_F1_, "help"},
                 {':', "prompt"},    {KEY_ESC_, "cancel"}, {'q', "back"},
                 {KEY_TAB_, "focus"}};
    for (size_t s = 0; s < t->n; s++) {
        for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
            const struct key_entry *k = keymap_find_key(t, t->row[s], fixed[i].key);
            assert_non_null(k);
            assert_string_equal(k->action->command, fixed[i].command);
        }
        assert_non_null(keymap_find_key(t, t->row[s], 'j'));
        assert_ptr_equal(keymap_find_key(t, t->row[s], 'j'),
                         keymap_find_key(t, t->row[s], KEY_DOWN_));
    }
}

static void test_each_entry_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < keymap_count(t); i++) {
        const struct key_entry *k = keymap_at(t, i);
        const struct action *act = k->action;
        assert_true(act && act->run && act->command && act->command[0]);
        assert_true(k->help && strlen(k->help) > 1);
        assert_non_null(k->preset);
        assert_non_null(act->args);
        char help[KEYMAP_HELP];
        keymap_text(t, keymap_owner(t, i), k->help, help, sizeof help);
        assert_true(strlen(help) < 100);
        assert_null(strstr(help, " :move"));
        /* A hint without a key would be a word that nothing stands before. */
        assert_true(!k->hint || k->key[0]);
        /* The command by its name alone leads to the same action. */
        const struct key_entry *twin = keymap_find_command(
            t, keymap_owner(t, i), act->command, strlen(act->command));
        assert_non_null(twin);
        if (twin->action != act) {
            fail_msg("%s is two actions", act->command);
        }
        /* From any screen the name is found. */
        assert_non_null(
            keymap_find_command(t, t->row[0], act->command, strlen(act->command)));
    }
}

/* A row says all that help, tabs, the key table and `bench ui` write of it. */
static void test_each_screen_is_complete(void **state)
{
    (void)state;
    uint32_t last = '0';
    for (size_t s = 0; s < t->n; s++) {
        const struct screen_def *d = t->row[s];
        assert_true(d->name && d->title && d->view && d->keys && d->played);
        assert_true(d->panes >= 1 && d->panes_wide >= d->panes);
        assert_string_equal(d->go.preset, d->name);
        assert_in_range(d->go.key[0], last + 1, '9'); /* in the order of the tabs */
        last = d->go.key[0];
        assert_string_equal(d->go.action->command, "screen");
        assert_ptr_equal(screen_find(t, d->name), d);
        assert_true(!d->layout == !d->set_layout);
        assert_true(!d->export_text == !d->export_name);
        assert_true(s == 0 ? !d->up : d->up != NULL);
    }
}

static void test_names_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < keymap_count(t); i++) {
        for (size_t k = 0; k < KEYMAP_KEYS && keymap_at(t, i)->key[k]; k++) {
            const uint32_t key = keymap_at(t, i)->key[k];
            char name[24];
            key_name(key, name, sizeof name);
            assert_true(name[0] != '\0');
            if (strlen(name) > 1 && !KEY_FIRST_OF(key)) {
                assert_int_equal(key_from_name(name), key);
            }
        }
    }
    assert_int_equal(key_from_name("Enter"), KEY_ENTER_);
    assert_int_equal(key_from_name("Ctrl-L"), 12);
    assert_int_equal(key_from_name("nothing"), 0);
    assert_int_equal(key_from_name("Ctrl-!"), 0);
}

static void says(const struct screen_table *of, const char *screen, const char *text,
                 const char *want)
{
    char out[120];
    const struct screen_def *on = screen_find(of, screen);
    keymap_text(of, on ? on : of->everywhere, text, out, sizeof out);
    assert_string_equal(out, want);
}

/* KEY_OF: the screen's own key, one of everywhere, another screen's; a key that the
 * screen has for something else is none; a command where there is none. */
static void test_text(void **state)
{
    (void)state;
    says(t, "latents", KEY_OF("refresh") "|" KEY_OF("undo") "|" KEY_OF("fork"),
         "R|u|b");
    says(t, "train", KEY_OF("note") " " KEY_OF("smooth +"), "; s");
    says(t, "latents", KEY_OF("note"), ":note");
    says(t, "detail", KEY_OF("silence") KEY_ON("train", "zoom-x out") "%", "a-%");
    says(t, "prompt", KEY_OF("extend") KEY_OF("smooth"), ":extend:smooth");
    says(t, "", KEY_OF("copy run") " " KEY_OF("screen runs") " " KEY_OF("copy"),
         "Y r 9 Y Y");
    says(t, "train",
         "\x01"
         "note",
         "\x01note");
    /* Cut where there is no room, and what is long. */
    char out[6], text[400] = "\x01";
    keymap_text(t, t->everywhere, "abc" KEY_OF("copy run"), out, sizeof out);
    assert_string_equal(out, "abcY ");
    memset(text + 1, 'x', 398);
    text[398] = '\x02';
    keymap_text(t, t->everywhere, text, out, sizeof out);
    assert_string_equal(out, ":xxxx");
}

/* Each text of help holds, with its keys, in the room that there is for one. */
static void test_topics(void **state)
{
    (void)state;
    for (size_t i = 0; i < topics_count(); i++) {
        char text[TOPIC_MAX];
        keymap_text(t, t->everywhere, topics_at(i)->text, text, sizeof text);
        assert_true(strlen(text) + 1 < sizeof text);
        assert_null(strchr(text, KEY_OF_BEGINS));
    }
}

static void test_unknown_command(void **state)
{
    (void)state;
    assert_null(keymap_find_command(t, t->row[0], "nothing", 7));
    assert_null(keymap_find_command(t, t->row[0], "pau", 3));
    assert_null(keymap_find_key(t, t->row[0], 'W'));
}

static void test_markdown(void **state)
{
    (void)state;
    struct str out;
    struct errinfo e;
    str_init(&out, (size_t)1 << 20);
    keymap_markdown(t, &out);
    assert_ok(str_err(&out, "markdown", &e), &e);
    assert_non_null(strstr(out.p, "**Train**"));
    assert_non_null(strstr(out.p, "| `Space` | `:pause` |"));
    assert_non_null(strstr(out.p, "| `q` | `:back` |"));
    /* Each row has exactly four unescaped bars. */
    for (const char *line = out.p; *line;) {
        const size_t n = strcspn(line, "\n");
        int bars = 0;
        for (size_t i = 0; i < n; i++) {
            bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\') ? 1 : 0;
        }
        assert_true(bars == 0 || bars == 4);
        line += n + (line[n] ? 1 : 0);
    }
    str_free(&out);
}

/* Keys pressed one after the other are told from keys that do the same. */
static void test_names_of_two_keys(void **state)
{
    (void)state;
    char names[64];
    const struct key_entry k = {.key = {KEY_THEN('Y', 'Y'), KEY_THEN('Y', 'y')}};
    key_names(&k, names, sizeof names);
    assert_string_equal(names, "Y Y or Y y");
    const struct key_entry other = {.key = {'j', KEY_DOWN_}};
    key_names(&other, names, sizeof names);
    assert_string_equal(names, "j Down");
}

static bool two_words(void *ctx, const char *text, size_t cursor, size_t nth, char *out,
                      size_t cap, size_t *start)
{
    (void)ctx;
    (void)text;
    (void)cursor;
    *start = 0;
    snprintf(out, cap, "%s", nth ? "of" : "on");
    return nth < 2;
}

/* What a key does to a text in the middle of which the cursor is. */
static enum line_result press_in(uint32_t key, unsigned in)
{
    struct line_history history = {0};
    struct line_edit l;
    struct textbox b;
    line_history_add(&history, "before");
    line_history_add(&history, "just before");
    if (in == TYPED_BOX) {
        textbox_begin(&b, &history);
        textbox_set(&b, "a b\nc d\ne f");
        b.cursor = 6;
    } else {
        line_begin(&l, "", &history, two_words, NULL);
        line_set(&l, "o b");
        (void)line_key(&l, KEY_UP_);
        l.cursor = 2;
    }
    const enum line_result is =
        in == TYPED_BOX ? textbox_key(&b, key) : line_key(&l, key);
    line_history_deinit(&history);
    return is;
}

/* The keys of a line and of a text box that do something are those of the table. */
static void test_typed_keys_are_all(void **state)
{
    (void)state;
    static const unsigned places[] = {TYPED_LINE, TYPED_BOX};
    for (size_t p = 0; p < 2; p++) {
        for (uint32_t key = 1; key <= KEY_F12_; key = key == 31    ? KEY_DELETE_BACK
                                                      : key == 127 ? KEY_UP_
                                                                   : key + 1) {
            const bool listed = typed_edit(key, places[p]) != EDIT_NONE;
            if (listed != (press_in(key, places[p]) != LINE_IGNORED)) {
                char name[48];
                key_name(key, name, sizeof name);
                fail_msg("place %zu, %s: %s", p, name,
                         listed ? "listed, but does nothing" : "not listed");
            }
        }
    }
}

/* Those keys are in the list of keys, and but for the finder's in the topic. */
static void test_typed_keys_are_shown(void **state)
{
    (void)state;
    const struct topic *topic = NULL;
    for (size_t i = 0; i < topics_count(); i++) {
        topic = strstr(topics_at(i)->title, "text typed") ? topics_at(i) : topic;
    }
    assert_non_null(topic);
    struct str out;
    str_init(&out, 1U << 20);
    keymap_markdown(t, &out);
    const char *list = strstr(out.p, "**While text is typed**");
    assert_non_null(list);
    const struct typed_key *row = NULL;
    for (size_t i = 0; (row = typed_key_at(i)) != NULL; i++) {
        for (size_t k = 0; k < TYPED_KEYS && row->key[k]; k++) {
            char name[48], code[64];
            key_name(row->key[k], name, sizeof name);
            snprintf(code, sizeof code, "`%s`", name);
            const bool enter = row->key[k] == KEY_CTRL('m'),
                       finder = row->in == TYPED_FINDER;
            if (!enter &&
                (!strstr(list, code) || (!finder && !strstr(topic->text, name)))) {
                fail_msg("%s is not shown", name);
            }
        }
    }
    str_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_typed_keys_are_all),
        cmocka_unit_test(test_typed_keys_are_shown),
        cmocka_unit_test(test_names_of_two_keys),
        cmocka_unit_test(test_no_clash_on_a_screen),
        cmocka_unit_test(test_first_keys),
        cmocka_unit_test(test_reserved_letters),
        cmocka_unit_test(test_movement),
        cmocka_unit_test(test_each_entry_is_complete),
        cmocka_unit_test(test_each_screen_is_complete),
        cmocka_unit_test(test_names_come_back),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_topics),
        cmocka_unit_test(test_unknown_command),
        cmocka_unit_test(test_markdown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
