/* The `:` line and the `&` line: completion and a line of help while typing. */
#include "ui/screen.h"

#include <stdio.h>
#include <string.h>

/* ---- completion ---- */

/* The i-th word that could stand at an argument; NULL beyond the last. */
typedef const char *word_fn(size_t i);

static const char *metric_word(size_t i)
{
    const int m = train_pane_metric(i);
    return m >= 0 ? metric_def((enum metric)m)->column : NULL;
}

static const char *column_word(size_t i)
{
    return i < latents_columns() ? latents_column(i)->title : NULL;
}

static const char *screen_word(size_t i)
{
    return i < SCREEN_COUNT ? screen_at((enum screen_id)i)->name : NULL;
}

#define WORDS(name, ...)                                                               \
    static const char *name(size_t i)                                                  \
    {                                                                                  \
        static const char *const words[] = {__VA_ARGS__};                              \
        return i < sizeof words / sizeof words[0] ? words[i] : NULL;                   \
    }
WORDS(axis_word, "step", "tokens", "time")
WORDS(arm_word, "A", "B", "both")
WORDS(interval_word, "top", "random")
WORDS(mask_word, "on", "off", "at")
WORDS(zoom_word, "in", "out", "all")
WORDS(log_word, "on", "off")
WORDS(set_word, "theme", "glyphs", "mouse", "smooth", "dark", "light", "contrast",
      "mono", "braille", "block", "ascii", "on", "off")
WORDS(move_word, "down", "up", "left", "right", "first", "last", "page-down", "page-up",
      "half-down", "half-up", "far-left", "far-right")

static const struct {
    enum action action;
    word_fn *words;
} arguments[] = {
    {ACTION_PANE_METRIC, metric_word},
    {ACTION_SORT, column_word},
    {ACTION_SCREEN, screen_word},
    {ACTION_AXIS, axis_word},
    {ACTION_ARM, arm_word},
    {ACTION_INTERVAL, interval_word},
    {ACTION_MASK, mask_word},
    {ACTION_ZOOM_X, zoom_word},
    {ACTION_LOG_Y, log_word},
    {ACTION_SET, set_word},
    {ACTION_FILTER, filter_word},
    {ACTION_MOVE, move_word},
};

/* Command names without repeats, in the order of the table. */
static const char *command_word(size_t i)
{
    for (size_t k = 0; k < keymap_count(); k++) {
        const char *name = keymap_at(k)->command;
        bool seen = false;
        for (size_t j = 0; j < k && !seen; j++) {
            seen = !strcmp(keymap_at(j)->command, name);
        }
        if (!seen && i-- == 0) {
            return name;
        }
    }
    return NULL;
}

static const struct key_entry *command_of(const struct app *a, const char *text)
{
    return keymap_find_command(a->screen, text, strcspn(text, " "));
}

bool cmdline_complete(void *ctx, const char *text, size_t cursor, size_t nth, char *out,
                      size_t cap, size_t *start)
{
    const struct app *a = ctx;
    size_t at = cursor;
    while (at > 0 && !strchr(" !|&", text[at - 1])) {
        at--;
    }
    word_fn *words = at == 0 ? command_word : NULL;
    const struct key_entry *k = command_of(a, text);
    for (size_t i = 0; at > 0 && k && i < sizeof arguments / sizeof arguments[0]; i++) {
        words = arguments[i].action == k->action ? arguments[i].words : words;
    }
    if (a->prompt == PROMPT_FILTER) {
        words = filter_word;
    }
    const size_t typed = cursor - at;
    for (size_t i = 0; words && words(i); i++) {
        if (!strncmp(words(i), text + at, typed) && nth-- == 0) {
            snprintf(out, cap, "%s", words(i));
            *start = at;
            return true;
        }
    }
    return false;
}

/* ---- help ---- */

void cmdline_help(const struct app *a, const char *text, char *out, size_t cap)
{
    out[0] = '\0';
    if (a->prompt == PROMPT_FILTER) {
        snprintf(out, cap,
                 "dog  !x  a|b  /regex/  density>1e-4  absorb>.3  f1 max mean p r  "
                 "dead marked matched");
        return;
    }
    const struct key_entry *k = command_of(a, text);
    if (k) {
        snprintf(out, cap, ":%s %s   %s", k->command, k->args, k->help);
    } else if (!text[0]) {
        snprintf(out, cap, "a command; Tab completes, Up recalls, ? lists them all");
    }
}
