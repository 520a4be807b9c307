/* Words for a shell: it gives the bytes back, and a terminal gets nothing to act on. */
#include "src/shell_word.c"
#include "unit/check.h"

#include <stdio.h>
#include <stdlib.h>

/* clang-format off */
static const char *const texts[] = {
    "plain/word-1.0", "",         "two words",     "it's",          "a'b\\c$d`e\"f",
    "\x1b]0;x\x07",   "a\nb\tc'", "\xE2\x80\xAE'", "\xFF\xFE bad",  "caf\xC3\xA9 d'or",
    "-n",             "*?[x]",    "\x7F\\",        ("\xC2\x9B" "1m"), "$'x'"};
/* clang-format on */

static bool has_bash(void)
{
    return system("bash -c 'exit 0' 2>/dev/null") == 0;
}

/* Checks how bash reads the word. */
static void check_shell(const char *word, const char *expect)
{
    char line[1024], got[256];
    struct str script;
    str_init(&script, 4096);
    str_add(&script, "bash <<'END'\nprintf %s ");
    str_add(&script, word);
    str_add(&script, "\nEND");
    snprintf(line, sizeof line, "%s", script.p);
    str_free(&script);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    const size_t n = fread(got, 1, sizeof got - 1, f);
    got[n] = '\0';
    assert_int_equal(pclose(f), 0);
    assert_string_equal(got, expect);
}

static void test_words(void **state)
{
    (void)state;
    const bool bash = has_bash();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct str word, safe;
        str_init(&word, 4096);
        str_init(&safe, 4096);
        shell_word_add(&word, texts[i]);
        utf8_escape(&safe, word.p, word.len);
        assert_string_equal(word.p, safe.p); /* nothing to escape */
        if (bash) {
            check_shell(word.p, texts[i]);
        }
        str_free(&word);
        str_free(&safe);
    }
    struct str word;
    str_init(&word, 64);
    shell_word_add(&word, "\x1b'");
    assert_string_equal(word.p, "$'\\033\\047'");
    str_free(&word);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
