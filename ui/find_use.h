/* Find on screens as their keys have it: `/` with a prompt that moves the cursor while
 * one types and brings it back on Esc, `n` and `N`. A screen says what is its own in
 * its row (screen.h: find); its keys name the actions here. They act on the screen
 * shown, or on the first of the table that has a find. UI thread. */
#ifndef SAETOP_UI_FIND_USE_H
#define SAETOP_UI_FIND_USE_H

#include "ui/app.h"
#include "ui/keymap.h"

enum { FIND_TEXT = 256 };

struct find_use {
    char *(*text)(const struct app *a); /* what is looked for: [FIND_TEXT] of the
                                           screen's own */
    void (*keep)(struct app *a);        /* remember where the cursor is, ... */
    void (*back)(struct app *a, const struct session_view *v); /* ... and go there */
    /* Go to the next place with the text, from the cursor on (`here`: it too), and say
     * what came of it. */
    void (*look)(struct app *a, const struct session_view *v, bool forward, bool here);
    /* Why a text cannot be typed now, and why there is nothing to go on in; NULL: it
     * can, and there is. */
    const char *(*may)(const struct app *a, const struct session_view *v);
    const char *(*may_next)(const struct app *a, const struct session_view *v);
    const char *help; /* beside the line that is typed */
};

/* For help. */
#define FIND_GOES_ON KEY_OF("find-next +") " " KEY_OF("find-next -") " go on"

extern const struct action action_find;
extern const struct action action_find_next;

#endif
