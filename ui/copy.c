#include "ui/copy.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

void copy_take(struct copied *out, const char *what, const char *text, size_t n)
{
    struct str safe;
    /* An escape is longer than what it stands for: no more than fits is needed. */
    const size_t given = utf8_clip(text, n, COPY_MAX);
    str_init(&safe, 16 * COPY_MAX);
    utf8_escape_lines(&safe, text, given);
    const size_t len = safe.len ? utf8_clip(safe.p, safe.len, COPY_MAX) : 0;
    memcpy(out->text, len ? safe.p : "", len);
    out->text[len] = '\0';
    out->cut = given < n || len < safe.len;
    snprintf(out->what, sizeof out->what, "%s", what);
    str_free(&safe);
}

void copy_told(const struct copied *c, char *out, size_t cap)
{
    const size_t line = strcspn(c->text, "\n");
    const size_t shown = utf8_clip(c->text, line, 60);
    const bool more = c->text[shown] != '\0';
    snprintf(out, cap, "copied %s: %.*s%s%s", c->what, (int)shown, c->text,
             more ? " ..." : "", c->cut ? " (cut: it is too long)" : "");
}

/* ---- what there is ---- */

static const char *run_of(const struct session_view *v)
{
    return v->n_arms ? v->arm[0].dir : "";
}

static void copy_cursor(struct app *a, const struct session_view *v)
{
    struct str text;
    char what[96] = "";
    str_init(&text, (size_t)1 << 20);
    const bool is = a->screen->copy && a->screen->copy(a, v, what, sizeof what, &text);
    if (!is || text.err != OK || !text.len) {
        app_say(a, true, "copy: there is nothing under the cursor");
    } else {
        copy_take(&a->copied, what, text.p, text.len);
        app_ask(a, REQUEST_COPY);
    }
    str_free(&text);
}

static void copy_text(struct app *a, const char *what, const char *text)
{
    if (!text[0]) {
        app_say(a, true, "copy: there is no %s yet", what);
        return;
    }
    copy_take(&a->copied, what, text, strlen(text));
    app_ask(a, REQUEST_COPY);
}

static void copy(struct app *a, const struct session_view *v, const char *args)
{
    const size_t n = a->log.n;
    if (!args[0]) {
        copy_cursor(a, v);
    } else if (!strcmp(args, "run")) {
        copy_text(a, "run's directory", run_of(v));
    } else if (!strcmp(args, "message")) {
        copy_text(a, "message", n ? a->log.at[(n - 1) % MESSAGES].text : "");
    } else if (!strcmp(args, "screen")) {
        app_ask(a, REQUEST_COPY_SHOT);
    } else {
        app_say(a, true,
                "copy: found '%.40s', expected run, screen, message or nothing", args);
    }
}

ACTION_WORDS(copy_word, "run", "screen", "message")

const struct action action_copy = {
    .command = "copy", .args = "[run|screen|message]", .run = copy, .word = copy_word};
