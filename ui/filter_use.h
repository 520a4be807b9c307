/* The filter of a screen as its keys have it: a prompt that shows what passes while one
 * types, Esc that puts the one before back, undo. A screen says what is its own, and
 * hands these on. UI thread. */
#ifndef SAETOP_UI_FILTER_USE_H
#define SAETOP_UI_FILTER_USE_H

#include "ui/app.h"
#include "ui/filter.h"

struct filter_use {
    struct filter_line *(*line)(const struct app *a);
    /* Put a text into force and order the rows anew; false: it is malformed. */
    bool (*set)(struct app *a, const struct session_view *v, const char *text);
    /* Say that there are no rows yet; NULL: nothing is said. */
    void (*waiting)(struct app *a, const struct session_view *v);
    const struct prompt_def *prompt;
    const struct undo_kind *undo; /* whose before and after are texts for `set` */
};

/* `&`: the prompt, or the text given. */
void filter_use_run(const struct filter_use *u, struct app *a,
                    const struct session_view *v, const char *args);
/* Use it, or say what is wrong with it. */
bool filter_use_try(const struct filter_use *u, struct app *a,
                    const struct session_view *v, const char *text);
/* The prompt's Enter and Esc, and the key that clears. */
void filter_use_accept(const struct filter_use *u, struct app *a,
                       const struct session_view *v);
void filter_use_cancel(const struct filter_use *u, struct app *a,
                       const struct session_view *v);
void filter_use_clear(const struct filter_use *u, struct app *a,
                      const struct session_view *v);

#endif
