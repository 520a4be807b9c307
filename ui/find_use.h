/* What find keys do, for all screens: `/` opens a prompt that moves the cursor while
 * one types and brings it back on Esc; `n` and `N` go on. A screen gives its own part
 * in its row (screen.h: find); its keys name the actions here. They act on the screen
 * shown, or on the first of the table that has a find. UI thread. */
#ifndef SAETOP_UI_FIND_USE_H
#define SAETOP_UI_FIND_USE_H

#include "ui/app.h"
#include "ui/keymap.h"

enum { FIND_TEXT = 256 };

struct find_use {
    char *(*text)(const struct app *a); /* the text looked for, [FIND_TEXT] */
    void (*keep)(struct app *a);        /* remember where the cursor is, ... */
    void (*back)(struct app *a, const struct session_view *v); /* ... and go there */
    /* Go to the next place with the text, or the one before (`forward` false), counting
     * the cursor's own if `here`; say what came of it. */
    void (*look)(struct app *a, const struct session_view *v, bool forward, bool here);
    /* Why a text cannot be typed now (NULL: it can), and why find-next has nothing to
     * search (NULL: it has). */
    const char *(*may)(const struct app *a, const struct session_view *v);
    const char *(*may_next)(const struct app *a, const struct session_view *v);
    const char *help; /* shown beside the line being typed */
};

/* For help. */
#define FIND_GOES_ON KEY_OF("find-next +") " " KEY_OF("find-next -") " go on"

extern const struct action action_find;
extern const struct action action_find_next;

#endif
