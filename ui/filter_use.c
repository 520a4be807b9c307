#include "ui/filter_use.h"

#include <stdio.h>
#include <string.h>

static bool has_filter(const struct screen_def *screen)
{
    return screen->filter != NULL;
}

/* The screen whose filter is meant. While a prompt is open the screen cannot change. */
static const struct screen_def *filtered(const struct app *a)
{
    return app_screen_that(a, has_filter);
}

static const struct filter_use *use_of(const struct app *a)
{
    return filtered(a)->filter;
}

static struct filter_line *line_of(const struct app *a)
{
    return use_of(a)->line(a);
}

/* ---- undo ---- */

static void apply(struct app *a, const struct session_view *v,
                  const struct undo_step *s, bool back)
{
    s->screen->filter->set(a, v, back ? s->before : s->after);
}

static void which(const struct app *a, const struct undo_step *s, bool back, char *out,
                  size_t cap)
{
    (void)a;
    const char *now = back ? s->before : s->after;
    snprintf(out, cap, "(now %s)", now[0] ? now : "none");
}

static void push(struct app *a, const char *before, const char *after)
{
    static const struct undo_kind kind = {"a filter", apply, which};
    struct undo_step step = {.kind = &kind, .screen = filtered(a)};
    snprintf(step.before, sizeof step.before, "%.*s", UNDO_TEXT - 1, before);
    snprintf(step.after, sizeof step.after, "%.*s", UNDO_TEXT - 1, after);
    undo_push(&a->undo, &step);
}

/* ---- the prompt ---- */

/* Apply a filter text. With a new filter the cursor goes to the first row; without a
 * filter the chosen row stays. False: malformed. */
static bool set(struct app *a, const struct session_view *v, const char *text)
{
    const bool other = text[0] && strcmp(line_of(a)->text, text) != 0;
    if (!use_of(a)->set(a, v, text)) {
        return false;
    }
    if (other) {
        use_of(a)->go(a, v, 0);
    }
    return true;
}

static void say_empty(struct app *a, const struct session_view *v)
{
    if (use_of(a)->empty) {
        use_of(a)->empty(a, v);
    }
}

const char *filter_use_word(const struct app *a, const char *text, size_t at, size_t i)
{
    (void)text;
    (void)at;
    return use_of(a)->word ? use_of(a)->word(i) : NULL;
}

void filter_use_preview(struct app *a, const struct session_view *v, const char *text)
{
    (void)set(a, v, text); /* what is wrong is shown beside the line */
}

bool filter_use_check(struct app *a, const struct session_view *v, const char *text)
{
    if (!set(a, v, text)) {
        char why[FILTER_MESSAGE + 32];
        filter_line_error(line_of(a), why, sizeof why);
        app_say(a, true, "filter: %s", why);
        return false;
    }
    return true;
}

void filter_use_accept(struct app *a, const struct session_view *v, const char *text)
{
    const struct filter_line *l = line_of(a);
    (void)text;
    if (strncmp(l->was, l->text, UNDO_TEXT - 1) != 0) {
        push(a, l->was, l->text);
    }
    say_empty(a, v);
}

void filter_use_cancel(struct app *a, const struct session_view *v)
{
    struct filter_line *l = line_of(a);
    (void)use_of(a)->set(a, v, l->was); /* it was in force before */
    use_of(a)->rows(a)->top = l->rows_were.top;
    use_of(a)->go(a, v, l->rows_were.cursor);
    l->error[0] = '\0';
}

void filter_use_error(const struct app *a, char *out, size_t cap)
{
    filter_line_error(line_of(a), out, cap);
}

/* ---- the keys ---- */

static void run(struct app *a, const struct session_view *v, const char *args)
{
    struct filter_line *l = line_of(a);
    snprintf(l->was, sizeof l->was, "%s", l->text);
    l->rows_were = *use_of(a)->rows(a);
    if (!args[0]) {
        l->error[0] = '\0';
        app_open_prompt(a, use_of(a)->prompt, "", l->text);
    } else if (filter_use_check(a, v, args)) {
        push(a, l->was, args);
        say_empty(a, v);
    }
}

static const char *may(const struct app *a, const struct session_view *v)
{
    return use_of(a)->may(a, v);
}

static const char *argument(const struct app *a, const char *text, size_t i)
{
    return filter_use_word(a, text, 0, i);
}

void filter_use_clear(struct app *a, const struct session_view *v, const char *args)
{
    struct filter_line *l = line_of(a);
    (void)args;
    if (l->text[0]) {
        push(a, l->text, "");
    }
    (void)use_of(a)->set(a, v, ""); /* an empty one holds */
}

const char *filter_use_may_clear(const struct app *a, const struct session_view *v)
{
    (void)v;
    return line_of(a)->text[0] ? NULL : "there is no filter";
}

const struct action action_filter = {.command = "filter",
                                     .args = "EXPRESSION",
                                     .run = run,
                                     .may = may,
                                     .word = argument};
const struct action action_clear_filter = {.command = "clear-filter",
                                           .args = "",
                                           .run = filter_use_clear,
                                           .may = filter_use_may_clear,
                                           .hides = true};
