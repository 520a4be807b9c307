/* The description of a screen: one row with all that the rest of the interface needs to
 * know about it. A screen is a file in ui/screens; nothing else knows its state or asks
 * which screen is shown. What the functions may do with the app is in app.h. */
#ifndef SAETOP_UI_SCREEN_H
#define SAETOP_UI_SCREEN_H

#include "base/err.h"
#include "base/str.h"
#include "session/view.h"
#include "ui/canvas.h"
#include "ui/event.h"
#include "ui/keymap.h"
#include "ui/undo.h"

struct hit;
struct finder_item;

enum {
    SCREENS_MAX = 16,           /* in a table */
    SCREEN_LAYOUT = UNDO_LAYOUT /* bytes of a screen's layout, for undo */
};

/* Typing that `saetop bench ui` measures. */
struct screen_typing {
    /* Begin to type in a text of 64 tokens, at its end or in its middle; false: what it
     * needs is not there yet. */
    bool (*begin)(struct app *a, const struct session_view *v, bool middle);
    const char *keys; /* each changes the text, which ends as it began */
};

/* A function that is NULL does nothing, or says there is nothing. */
struct screen_def {
    const char *name;    /* as in `:screen latents` */
    const char *title;   /* in the tabs, help and the key table */
    struct key_entry go; /* what opens it: its digit, as in the tabs, and action_screen
                            with its name; its help says what the screen shows */
    const struct screen_def *up;   /* where q and Esc lead; NULL: out of the program */
    const struct screen_def *base; /* kept open and up to date with it, since it shows
                                      some of that screen's state; NULL: none */
    int panes, panes_wide;         /* panes that Tab goes through, at least 1 */
    bool of_two_runs;              /* opened if a second run was named at the start */
    bool says_progress; /* its status line begins with the run's step and ETA */
    const struct key_list *keys;
    const struct key_hint *hints; /* in place of those in `keys`, by state of the run */
    size_t n_hints;
    const char *played; /* keys that end where they began and change much of what is
                           drawn: for `saetop bench ui` */
    const struct screen_typing *types; /* NULL: nothing is typed in it */

    /* Its own state: zeroed bytes, then init. app_state returns it. */
    size_t state_size;
    void (*init)(void *state);
    void (*deinit)(void *state);
    /* Bring it up to date with the view: orders, requests. Called after each event, for
     * screens that were opened; `shown`: it is the one shown. */
    void (*sync)(struct app *a, const struct session_view *v, bool shown);

    void (*view)(struct app *a, const struct session_view *v, struct canvas *c,
                 struct rect body, bool wide);
    /* Where in its body the card about what is loading may lie; NULL: anywhere. */
    struct rect (*card)(const struct app *a, struct rect body, bool wide);
    /* Its most telling picture, for the card that a small terminal shows; only asked of
     * the first screen of the table. */
    void (*chart)(struct app *a, const struct session_view *v, struct canvas *c,
                  struct rect r);
    /* Its part of the status line, in which KEY_OF may stand. */
    void (*status)(const struct app *a, const struct session_view *v, char *out,
                   size_t cap);
    /* Whether what that begins with, up to two spaces, is a warning; NULL: never. */
    bool (*status_warns)(const struct app *a, const struct session_view *v);
    /* How many rows above the body's last row the screen's lowest rule is; messages are
     * drawn on it. */
    int (*rule)(const struct app *a);

    /* Whether figures of what the user did are still being made in the background: they
     * are drawn as soon as they are there. */
    bool (*waits)(const struct app *a);

    /* Take a key, or pasted bytes, as text, before the key table is asked (but for F1);
     * false: it takes none now. `cut`: more was pasted than the terminal handed
     * over. */
    bool (*type)(struct app *a, const struct session_view *v, uint32_t key);
    /* What to show in place of all hints while it takes keys as text; NULL: it takes
     * none now. */
    const char *(*typing)(const struct app *a);
    bool (*paste)(struct app *a, const struct session_view *v, const char *bytes,
                  size_t n, bool cut);
    /* Begin with a text given to the program, before the session has anything. */
    void (*take_text)(struct app *a, const char *bytes, size_t n);
    /* Move "down", "page-up", "first", ...: the directions of `:move`. */
    void (*move)(struct app *a, const struct session_view *v, const char *direction);
    void (*enter)(struct app *a, const struct session_view *v);
    /* Esc, before it leads up; false: there was nothing to cancel. */
    bool (*cancel)(struct app *a, const struct session_view *v);
    /* q: close what lies over its panes; false: nothing does. */
    bool (*close)(struct app *a, const struct session_view *v);
    /* A mouse event on something that the screen drew. */
    void (*mouse)(struct app *a, const struct session_view *v, const struct hit *hit,
                  const struct event *ev);
    const struct find_use *find; /* in its rows or texts, see find_use.h; NULL: none */
    const struct filter_use *filter; /* of its rows, see filter_use.h; NULL: none */
    /* Find items of this screen that match a text, for the finder: at most `most`, in
     * any order, scored as by fuzzy_score; for "", those worth a look unasked. Returns
     * how many. */
    size_t (*found)(const struct app *a, const struct session_view *v,
                    const char *typed, struct finder_item *out, size_t most);
    /* Point at a step of the run; the first screen of the table that can is asked. */
    void (*point)(struct app *a, const struct session_view *v, int64_t step);

    /* Append what is under the cursor, as text for the clipboard, and write what it is
     * in words ("latent"); false: nothing is. Raw: copy.c makes it printable and cuts
     * it. */
    bool (*copy)(const struct app *a, const struct session_view *v, char *what,
                 size_t cap, struct str *out);

    /* How it is set up, which undo can take back: bytes that are compared, at most
     * SCREEN_LAYOUT; `out` is zeroed. */
    void (*layout)(const struct app *a, void *out);
    /* Write what changed from one to another, for undo: "the list"; NULL: not told. */
    void (*say_layout)(const void *was, const void *is, char *out, size_t cap);
    void (*set_layout)(struct app *a, const struct session_view *v, const void *in);

    /* Export its content as CSV: why it cannot now (NULL: it can), a name for the file,
     * the text. */
    const char *(*may_export)(const struct app *a, const struct session_view *v);
    void (*export_name)(const struct app *a, const struct session_view *v, char *out,
                        size_t cap);
    enum err (*export_text)(const struct app *a, const struct session_view *v,
                            struct str *out, struct errinfo *e);
};

/* The screens in the order of their tabs; the first is what the explorer opens with,
 * and what a small terminal's card stands in for. */
struct screen_table {
    const struct screen_def *const *row;
    size_t n; /* 1 to SCREENS_MAX */
    /* Name, title and keys of the help overlay, and those that hold everywhere unless a
     * screen has the key itself. */
    const struct screen_def *help, *everywhere;
    /* For app_is_silenced; NULL: no latent can be silenced. */
    bool (*is_silenced)(const struct app *a, int32_t latent);
    /* A list for each section of the keymap, in place of those of the screens, if the
     * user has keys of their own (own_keys.h); NULL: none. */
    const struct key_list *own;
};

/* The screen of that name; NULL: none. */
const struct screen_def *screen_find(const struct screen_table *t, const char *name);
/* Write "train, latents or detail"; `more`: one more name at the end, or NULL. */
void screen_names(const struct screen_table *t, const char *more, char *out,
                  size_t cap);

#endif
