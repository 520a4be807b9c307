/* What filter keys do, for all screens: `&` opens a prompt that shows what passes while
 * one types, Esc brings the earlier filter back, `\` clears it, and undo works. A
 * screen gives its own part in its row (screen.h: filter); its keys name the actions
 * here. They act on the screen shown, or on the first of the table that has a filter.
 * UI thread. */
#ifndef SAETOP_UI_FILTER_USE_H
#define SAETOP_UI_FILTER_USE_H

#include "ui/app.h"
#include "ui/filter.h"
#include "ui/keymap.h"

struct filter_use {
    struct filter_line *(*line)(const struct app *a);
    /* Apply a filter text and order the rows anew; false: it is malformed. */
    bool (*set)(struct app *a, const struct session_view *v, const char *text);
    /* Why a filter cannot be typed now; NULL: it can. */
    const char *(*may)(const struct app *a, const struct session_view *v);
    /* The screen's rows, and a function that chooses the row at a place. */
    struct list_view *(*rows)(const struct app *a);
    void (*go)(struct app *a, const struct session_view *v, size_t row);
    /* After a filter was accepted: say why there are no rows, if there are none. NULL:
     * nothing is said. */
    void (*empty)(struct app *a, const struct session_view *v);
    const char *(*word)(size_t i);   /* the ith completion, NULL beyond; NULL: none */
    const struct prompt_def *prompt; /* FILTER_PROMPT with history and help */
};

extern const struct action action_filter;
extern const struct action action_clear_filter;
/* Clear the screen's filter; say why there is none to clear (NULL: there is one). */
void filter_use_clear(struct app *a, const struct session_view *v, const char *args);
const char *filter_use_may_clear(const struct app *a, const struct session_view *v);

/* After "no latent passes the filter". */
#define FILTER_CLEARS "   (" KEY_OF("clear-filter") " clears it)"

/* For FILTER_PROMPT alone. */
const char *filter_use_word(const struct app *a, const char *text, size_t at, size_t i);
void filter_use_preview(struct app *a, const struct session_view *v, const char *text);
bool filter_use_check(struct app *a, const struct session_view *v, const char *text);
void filter_use_accept(struct app *a, const struct session_view *v, const char *text);
void filter_use_cancel(struct app *a, const struct session_view *v);
void filter_use_error(const struct app *a, char *out, size_t cap);

#define FILTER_PROMPT                                                                  \
    .sign = "&", .word = filter_use_word, .preview = filter_use_preview,               \
    .check = filter_use_check, .accept = filter_use_accept,                            \
    .cancel = filter_use_cancel, .error = filter_use_error

#endif
