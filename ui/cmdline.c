#include "ui/cmdline.h"

#include <stdio.h>
#include <string.h>

/* ---- completion ---- */

enum { COMMANDS_MAX = 256 };

/* The ith command name, without repeats, in the order of the table. */
static const char *command_word(const struct screen_table *t, size_t i)
{
    const char *name[COMMANDS_MAX];
    size_t n = 0;
    const size_t count = keymap_count(t);
    for (size_t k = 0; k < count && n <= i && n < COMMANDS_MAX; k++) {
        name[n] = keymap_at(t, k)->action->command;
        size_t seen = 0;
        while (strcmp(name[seen], name[n]) != 0) {
            seen++;
        }
        n += seen == n ? 1U : 0U;
    }
    return i < n ? name[i] : NULL;
}

static const struct key_entry *command_of(const struct app *a, const char *text)
{
    return keymap_find_command(a->screens, a->screen, text, strcspn(text, " "));
}

static const char *word(const struct app *a, const char *text, size_t at, size_t i)
{
    if (at == 0) {
        return command_word(a->screens, i);
    }
    const struct key_entry *k = command_of(a, text);
    return k && k->action->word ? k->action->word(a, text, i) : NULL;
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

/* ---- the prompt ---- */

static void explain(const struct app *a, const char *text, char *out, size_t cap)
{
    const struct key_entry *k = command_of(a, text);
    if (k) {
        char args[120], help[KEYMAP_HELP];
        keymap_args(a->screens, k->action, args, sizeof args);
        app_words(a, k->help, help, sizeof help);
        snprintf(out, cap, ":%s %s   %s", k->action->command, args, help);
        const char *after = text + strcspn(text, " ");
        after += strspn(after, " ");
        if (keymap_is_elsewhere(a->screens, a->screen, k, after)) {
            keymap_screens_of_command(a->screens, k->action->command, args,
                                      sizeof args);
            snprintf(out, cap, ":%s is a command of %s", k->action->command, args);
        }
    } else if (!text[0]) {
        app_words(
            a,
            "a command; Tab completes, Up recalls, " KEY_OF("help") " lists them all",
            out, cap);
    } else if (!strchr(text, ' ')) {
        snprintf(out, cap, "Tab completes; no command of that name yet");
    }
}

const struct prompt_def prompt_command = {
    .sign = ":",
    .history = "command",
    .explain = explain,
    .word = word,
    .accept = app_run,
};

/* Whether a command's arguments have a part outside brackets, so that it needs one. */
static bool needs_argument(const char *args)
{
    size_t depth = 0;
    for (; *args; args++) {
        depth += *args == '[' ? 1U : 0U;
        if (depth == 0 && *args != ' ') {
            return true;
        }
        depth -= *args == ']' && depth > 0 ? 1U : 0U;
    }
    return false;
}

void cmdline_choose(struct app *a, const struct session_view *v,
                    const struct key_entry *k)
{
    char args[120], line[64];
    keymap_args(a->screens, k->action, args, sizeof args);
    if (k->key[0] || k->preset[0] || !needs_argument(args)) {
        app_dispatch(a, v, k, k->preset);
        return;
    }
    snprintf(line, sizeof line, "%s ", k->action->command); /* its argument is typed */
    app_open_prompt(a, &prompt_command, line, "");
}

void prompt_help(const struct app *a, char *out, size_t cap)
{
    const struct prompt_def *p = a->prompt;
    out[0] = '\0';
    if (a->line.offer) {
        snprintf(out, cap,
                 "Enter takes this; typing replaces it, Right edits it, Backspace "
                 "clears it");
    } else if (p->explain) {
        p->explain(a, a->line.text, out, cap);
    } else if (p->help) {
        app_words(a, p->help, out, cap);
    }
}
