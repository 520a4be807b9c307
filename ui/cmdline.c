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
    return m >= 0 ? measure_at((enum metric)m)->column : NULL;
}

static const char *column_word(size_t i)
{
    const int at = latent_column_nth(IN_TABLE, i);
    return at >= 0 ? latent_column_word(latent_column_at((size_t)at)) : NULL;
}

/* A measure of the scatter; then what ends it. */
static const char *scatter_word(size_t i)
{
    const int at = latent_column_nth(IN_SCATTER, i);
    return at >= 0 ? latent_column_word(latent_column_at((size_t)at))
           : i == 0 || latent_column_nth(IN_SCATTER, i - 1) >= 0 ? "off"
                                                                 : NULL;
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
WORDS(set_word, "theme", "glyphs", "mouse", "smooth")
WORDS(theme_word, "dark", "light", "contrast", "mono")
WORDS(glyph_word, "braille", "block", "ascii")
WORDS(lens_word, "norm", "direct")
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
    {ACTION_LENS, lens_word},
    {ACTION_SCATTER, scatter_word},
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

/* What may follow `set NAME `. */
static word_fn *set_value_words(const char *text)
{
    return !strncmp(text, "set theme ", 10)    ? theme_word
           : !strncmp(text, "set glyphs ", 11) ? glyph_word
           : !strncmp(text, "set mouse ", 10)  ? log_word
           : !strncmp(text, "set smooth ", 11) ? NULL
                                               : set_word;
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
    if (words == set_word) {
        words = set_value_words(text);
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

void candidates_view(const struct app *a, struct canvas *c, struct rect r)
{
    char word[LINE_CAP];
    int x[2] = {0, 0}; /* columns before the chosen one, and with it */
    for (size_t i = 0; i <= a->line.cycle_nth && line_candidate(&a->line, i, word);
         i++) {
        x[0] = x[1];
        x[1] += canvas_text_width(word) + 2;
    }
    /* Scrolled so that the chosen one is in sight. */
    const bool chosen = line_candidate(&a->line, a->line.cycle_nth, word);
    int at = chosen && x[1] > r.w - 4 ? r.x + 1 - x[0] : r.x + 1;
    canvas_fill(c, r, ' ', ROLE_TEXT, 0);
    const struct rect old = canvas_clip(c, r);
    for (size_t i = 0; at < r.x + r.w && line_candidate(&a->line, i, word); i++) {
        const int w = canvas_text_width(word);
        if (at >= r.x) {
            const bool on = i == a->line.cycle_nth;
            at += canvas_text(c, at, r.y, r.x + r.w - at, word,
                              on ? ROLE_SELECT : ROLE_TEXT, on ? ATTR_BOLD : 0) +
                  2;
        } else {
            at += w + 2;
        }
    }
    canvas_unclip(c, old);
}

/* ---- help ---- */

void cmdline_help(const struct app *a, const char *text, char *out, size_t cap)
{
    out[0] = '\0';
    if (a->line.offer) {
        snprintf(out, cap,
                 "Enter takes this; typing replaces it, Right edits it, Backspace "
                 "clears it");
        return;
    }
    switch (a->prompt) {
    case PROMPT_FILTER:
        snprintf(
            out, cap,
            "dog  !x  a|b  /regex/  density>1e-4  absorb>.3  f1 max mean p r  dead "
            "marked");
        return;
    case PROMPT_FIND:
        snprintf(out, cap, "%s",
                 a->screen == SCREEN_DETAIL
                     ? "a text in these contexts; Enter stays there, n N go on"
                     : "a word, label or #number; Enter stays there, n N go on");
        return;
    case PROMPT_LABEL:
        snprintf(out, cap, "what you call it; Enter on nothing takes a label off");
        return;
    case PROMPT_NOTE:
        snprintf(out, cap, "a note at this step, kept with the run");
        return;
    case PROMPT_COMMAND: break;
    case PROMPT_HELP_FILTER:
    case PROMPT_NONE:
    case PROMPT_KINDS: return;
    }
    const struct key_entry *k = command_of(a, text);
    if (k) {
        snprintf(out, cap, ":%s %s   %s", k->command, k->args, k->help);
    } else if (!text[0]) {
        snprintf(out, cap, "a command; Tab completes, Up recalls, ? lists them all");
    } else if (!strchr(text, ' ')) {
        snprintf(out, cap, "Tab completes; no command of that name yet");
    }
}
