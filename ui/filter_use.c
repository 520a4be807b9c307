#include "ui/filter_use.h"

#include <stdio.h>
#include <string.h>

static void push(const struct filter_use *u, struct app *a, const char *before,
                 const char *after)
{
    struct undo_step step = {.kind = u->undo};
    snprintf(step.before, sizeof step.before, "%.*s", UNDO_TEXT - 1, before);
    snprintf(step.after, sizeof step.after, "%.*s", UNDO_TEXT - 1, after);
    undo_push(&a->undo, &step);
}

static void say_waiting(const struct filter_use *u, struct app *a,
                        const struct session_view *v)
{
    if (u->waiting) {
        u->waiting(a, v);
    }
}

bool filter_use_try(const struct filter_use *u, struct app *a,
                    const struct session_view *v, const char *text)
{
    if (!u->set(a, v, text)) {
        char why[FILTER_MESSAGE + 32];
        filter_line_error(u->line(a), why, sizeof why);
        app_say(a, true, "filter: %s", why);
        return false;
    }
    return true;
}

void filter_use_run(const struct filter_use *u, struct app *a,
                    const struct session_view *v, const char *args)
{
    struct filter_line *l = u->line(a);
    snprintf(l->was, sizeof l->was, "%s", l->text);
    if (!args[0]) {
        l->error[0] = '\0';
        app_open_prompt(a, u->prompt, "", l->text);
    } else if (filter_use_try(u, a, v, args)) {
        push(u, a, l->was, args);
        say_waiting(u, a, v);
    }
}

void filter_use_accept(const struct filter_use *u, struct app *a,
                       const struct session_view *v)
{
    const struct filter_line *l = u->line(a);
    if (strncmp(l->was, l->text, UNDO_TEXT - 1) != 0) {
        push(u, a, l->was, l->text);
    }
    say_waiting(u, a, v);
}

void filter_use_cancel(const struct filter_use *u, struct app *a,
                       const struct session_view *v)
{
    struct filter_line *l = u->line(a);
    u->set(a, v, l->was);
    l->error[0] = '\0';
}

void filter_use_clear(const struct filter_use *u, struct app *a,
                      const struct session_view *v)
{
    struct filter_line *l = u->line(a);
    if (l->text[0]) {
        push(u, a, l->text, "");
    }
    u->set(a, v, "");
}
