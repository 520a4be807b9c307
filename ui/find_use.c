#include "ui/find_use.h"

#include <stdio.h>
#include <string.h>

static bool has_find(const struct screen_def *screen)
{
    return screen->find != NULL;
}

/* The find that is meant. While a prompt is open the screen cannot change. */
static const struct find_use *use_of(const struct app *a)
{
    return app_screen_that(a, has_find)->find;
}

/* Look from where the prompt was opened, so that a text typed in pieces ends where it
 * would have ended if typed at once. */
static void from_start(struct app *a, const struct session_view *v, const char *text)
{
    const struct find_use *use = use_of(a);
    snprintf(use->text(a), FIND_TEXT, "%.*s", FIND_TEXT - 1, text);
    use->back(a, v);
    if (text[0]) {
        use->look(a, v, true, true);
    }
}

static void stop(struct app *a, const struct session_view *v)
{
    from_start(a, v, "");
}

static void explain(const struct app *a, const char *text, char *out, size_t cap)
{
    (void)text;
    app_words(a, use_of(a)->help, out, cap);
}

static const struct prompt_def prompt = {
    .sign = "/",
    .history = "find",
    .explain = explain,
    .preview = from_start,
    .accept = from_start,
    .cancel = stop,
};

static void run(struct app *a, const struct session_view *v, const char *args)
{
    use_of(a)->keep(a);
    if (args[0]) {
        from_start(a, v, args);
    } else {
        app_open_prompt(a, &prompt, "", "");
    }
}

static const char *may(const struct app *a, const struct session_view *v)
{
    return use_of(a)->may(a, v);
}

static void next(struct app *a, const struct session_view *v, const char *args)
{
    use_of(a)->look(a, v, strcmp(args, "-") != 0, false);
}

static const char *may_next(const struct app *a, const struct session_view *v)
{
    const char *why = use_of(a)->may_next(a, v);
    return why                     ? why
           : use_of(a)->text(a)[0] ? NULL
                                   : "no search yet; " KEY_OF("find") " starts one";
}

const struct action action_find = {
    .command = "find", .args = "TEXT", .run = run, .may = may};
const struct action action_find_next = {
    .command = "find-next", .args = "+|-", .run = next, .may = may_next};
