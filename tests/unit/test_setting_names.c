/* No key of a setting stands in the sources but in its table: what names one goes
 * through setting_key, so that a misspelt key does not compile. */
#include "train/settings.h"
#include "unit/sources.h"

#define TABLE "core/train/setting_list.h"

static const struct source_name other[] = {
    {"core/sae/foreign_saelens.c", "normalize_activations"}, /* SAELens' own key */
    {"core/sae/sae_save.c", "normalize_activations"},        /* the same */
    /* error lines of a room below the table, which parses the two */
    {"core/sae/sae_hyper.c", "matryoshka.groups"},
    {"core/sae/sae_hyper.c", "matryoshka.weights"},
    /* facts of a view, which a screen asks for by name */
    {"core/session/session_names.c", "mask.kind"},
    {"core/session/session_names.c", "mask.positions"},
    {"core/session/session_names.c", "mask.token"},
    {"ui/screens/train_boxes.c", "mask.kind"},
    {"ui/screens/train_boxes.c", "mask.positions"},
    {"ui/screens/train_boxes.c", "mask.token"},
    /* options of commands that have no run */
    {"src/cmd_lm.c", "mask-rate"},
    {"src/cmd_lm_activations.c", "mask-token"},
    {"src/corpus_opts.h", "mask-rate"},
};

static bool in_comment(const char *text, const char *at)
{
    const char *open = NULL, *close = NULL;
    for (const char *p = text; p < at; p++) {
        open = strncmp(p, "/*", 2) == 0 ? p : open;
        close = strncmp(p, "*/", 2) == 0 ? p : close;
    }
    return open && (!close || close < open);
}

static void check_word(const char *file, const char *text, const char *word)
{
    char quoted[128];
    (void)snprintf(quoted, sizeof quoted, "\"%s\"", word);
    const char *at = strstr(text, quoted);
    while (at && in_comment(text, at)) {
        at = strstr(at + 1, quoted);
    }
    if (at && !sources_excused(other, sizeof other / sizeof *other, file, word)) {
        fail_msg("%s: found %s, expected it in " TABLE " alone (setting_key)", file,
                 quoted);
    }
}

/* Where a function takes a key there stands no literal, one word or not. */
static void check_calls(const char *file, const char *text)
{
    static const char *const takes[] = {"settings_set(",   "settings_given(",
                                        "settings_named(", "settings_blame(",
                                        "setting_find(",   "setting_applies("};
    for (size_t i = 0; i < sizeof takes / sizeof *takes; i++) {
        for (const char *at = strstr(text, takes[i]); at;
             at = strstr(at + 1, takes[i])) {
            const char *p = at + strlen(takes[i]);
            p += strncmp(takes[i], "setting_f", 9) == 0 ? 0 : strcspn(p, ",\"") + 1;
            p += strspn(p, " \n");
            if (*p == '"') {
                fail_msg("%s: %s takes \"%.*s\", expected a member of setting_key",
                         file, takes[i], (int)strcspn(p + 1, "\""), p + 1);
            }
        }
    }
}

static void check_file(const char *file, const char *text)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    if (strcmp(file, TABLE) == 0) {
        return;
    }
    check_calls(file, text);
    for (size_t i = 0; i < n; i++) {
        /* A single word could mean anything and is not checked. */
        if (strpbrk(t[i].key, "._")) {
            check_word(file, text, t[i].key);
        }
        if (t[i].flag && strchr(t[i].flag, '-')) {
            check_word(file, text, t[i].flag);
        }
    }
}

static void test_literals(void **state)
{
    (void)state;
    const size_t files = sources_each("core", check_file) +
                         sources_each("ui", check_file) +
                         sources_each("src", check_file);
    assert_true(files > 300); /* it has looked */
}

/* An excuse that nothing needs any more goes. */
static size_t needed;
static void count_excuses(const char *file, const char *text)
{
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        char quoted[128];
        (void)snprintf(quoted, sizeof quoted, "\"%s\"", other[i].name);
        needed += strcmp(file, other[i].file) == 0 && strstr(text, quoted) ? 1 : 0;
    }
}

static void test_excuses(void **state)
{
    (void)state;
    (void)sources_each("core", count_excuses);
    (void)sources_each("ui", count_excuses);
    (void)sources_each("src", count_excuses);
    assert_int_equal(needed, sizeof other / sizeof *other);
}

/* Each member of setting_key is its row's key. */
static void test_keys(void **state)
{
    (void)state;
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    const char *const *key = &setting_key.model;
    assert_int_equal(sizeof setting_key / sizeof *key, n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(key[i], t[i].key);
        assert_ptr_equal(setting_find(key[i]), &t[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_excuses),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
