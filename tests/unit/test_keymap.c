/* The table of keys: nothing clashes, reserved letters mean the same everywhere, and
 * all that can be pressed can be typed and is explained. */
#include "check.h"
#include "ui/app.h"
#include "ui/event.h"
#include "ui/keymap.h"

static void test_no_clash_on_a_screen(void **state)
{
    (void)state;
    for (size_t i = 0; i < keymap_count(); i++) {
        for (size_t j = i + 1; j < keymap_count(); j++) {
            const struct key_entry *a = keymap_at(i), *b = keymap_at(j);
            for (size_t k = 0; a->screen == b->screen && k < KEYMAP_KEYS * KEYMAP_KEYS;
                 k++) {
                const uint32_t x = a->key[k / KEYMAP_KEYS], y = b->key[k % KEYMAP_KEYS];
                if (x && x == y) {
                    fail_msg("entries %zu (%s) and %zu (%s) share key %u", i, a->help,
                             j, b->help, x);
                }
            }
        }
    }
}

/* A letter with a fixed meaning does that or nothing on every screen. */
static void test_reserved_letters(void **state)
{
    (void)state;
    static const struct {
        uint32_t key;
        int action, other; /* -1: for later, bound nowhere */
    } reserved[] = {{'m', ACTION_MASK_TOGGLE, -1},
                    {'y', ACTION_LOG_Y, -1},
                    {'z', ACTION_ZOOM_PANE, -1},
                    {';', ACTION_NOTE, ACTION_LABEL}, /* words on what one looks at */
                    {'e', ACTION_EXPORT, -1},
                    {'u', ACTION_UNDO, -1},
                    {'p', -1, -1},
                    {'t', -1, -1},
                    {'a', -1, -1}};
    for (size_t r = 0; r < sizeof reserved / sizeof reserved[0]; r++) {
        for (int s = 0; s <= SCREEN_HELP; s++) {
            const struct key_entry *k =
                keymap_find_key((enum screen_id)s, reserved[r].key);
            if (k && (int)k->action != reserved[r].action &&
                (int)k->action != reserved[r].other) {
                fail_msg("%c on %s is %s", (char)reserved[r].key,
                         screen_id_name((enum screen_id)s), k->command);
            }
        }
    }
}

/* Movement is the same from the first day. */
static void test_movement(void **state)
{
    (void)state;
    static const char keys[] = "hlgG";
    for (size_t i = 0; keys[i]; i++) {
        for (int s = 0; s < SCREEN_COUNT; s++) {
            const struct key_entry *k =
                keymap_find_key((enum screen_id)s, (uint32_t)(unsigned char)keys[i]);
            assert_non_null(k);
            assert_int_equal(k->action, ACTION_MOVE);
        }
    }
    for (int s = 0; s < SCREEN_COUNT; s++) {
        assert_int_equal(keymap_find_key((enum screen_id)s, '?')->action, ACTION_HELP);
        assert_int_equal(keymap_find_key((enum screen_id)s, KEY_F1_)->action,
                         ACTION_HELP);
        assert_int_equal(keymap_find_key((enum screen_id)s, KEY_ESC_)->action,
                         ACTION_CANCEL);
        assert_int_equal(keymap_find_key((enum screen_id)s, ':')->action,
                         ACTION_PROMPT);
        assert_int_equal(keymap_find_key((enum screen_id)s, 'q')->action, ACTION_BACK);
        assert_non_null(keymap_find_key((enum screen_id)s, 'j'));
        assert_ptr_equal(keymap_find_key((enum screen_id)s, 'j'),
                         keymap_find_key((enum screen_id)s, KEY_DOWN_));
    }
}

static void test_each_entry_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < keymap_count(); i++) {
        const struct key_entry *k = keymap_at(i);
        assert_true(k->command && k->command[0]);
        assert_true(k->help && strlen(k->help) > 1);
        assert_true(k->preset && k->args);
        assert_true(strlen(k->help) < 100);
        /* A hint without a key would be a word that nothing stands before. */
        assert_true(!k->hint || k->key[0]);
        /* The command by its name alone leads to the same action. */
        const struct key_entry *twin =
            keymap_find_command(k->screen, k->command, strlen(k->command));
        assert_non_null(twin);
        if (twin->action != k->action) {
            fail_msg("%s is two actions", k->command);
        }
        assert_string_equal(twin->args, k->args);
        /* From any screen the name is found. */
        assert_non_null(
            keymap_find_command(SCREEN_TRAIN, k->command, strlen(k->command)));
    }
}

static void test_each_action_has_a_command_and_a_function(void **state)
{
    (void)state;
    for (int id = 0; id < ACTION_COUNT; id++) {
        bool found = false;
        for (size_t i = 0; i < keymap_count(); i++) {
            found = found || (int)keymap_at(i)->action == id;
        }
        assert_true(found);
        assert_non_null(action_def((enum action)id)->run);
        assert_non_null(action_def((enum action)id)->may);
    }
}

static void test_names_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < keymap_count(); i++) {
        for (size_t k = 0; k < KEYMAP_KEYS && keymap_at(i)->key[k]; k++) {
            const uint32_t key = keymap_at(i)->key[k];
            char name[24];
            key_name(key, name, sizeof name);
            assert_true(name[0] != '\0');
            if (strlen(name) > 1) {
                assert_int_equal(key_from_name(name), key);
            }
        }
    }
    assert_int_equal(key_from_name("Enter"), KEY_ENTER_);
    assert_int_equal(key_from_name("Ctrl-L"), 12);
    assert_int_equal(key_from_name("nothing"), 0);
    assert_int_equal(key_from_name("Ctrl-!"), 0);
}

static void test_unknown_command(void **state)
{
    (void)state;
    assert_null(keymap_find_command(SCREEN_TRAIN, "nothing", 7));
    assert_null(keymap_find_command(SCREEN_TRAIN, "pau", 3));
    assert_null(keymap_find_key(SCREEN_TRAIN, 'W'));
}

static void test_markdown(void **state)
{
    (void)state;
    struct str out;
    struct errinfo e;
    str_init(&out, (size_t)1 << 20);
    keymap_markdown(&out);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_clash_on_a_screen),
        cmocka_unit_test(test_reserved_letters),
        cmocka_unit_test(test_movement),
        cmocka_unit_test(test_each_entry_is_complete),
        cmocka_unit_test(test_each_action_has_a_command_and_a_function),
        cmocka_unit_test(test_names_come_back),
        cmocka_unit_test(test_unknown_command),
        cmocka_unit_test(test_markdown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
