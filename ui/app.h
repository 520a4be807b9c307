/* The explorer without a terminal: all state of the interface, how events change it,
 * and how it is drawn. app_update is a function of state, view and event alone: no
 * clock, no input or output. What it wants done comes out as commands for the session
 * and requests to the caller. UI thread. */
#ifndef SAETOP_UI_APP_H
#define SAETOP_UI_APP_H

#include "session/view.h"
#include "ui/canvas.h"
#include "ui/event.h"
#include "ui/help.h"
#include "ui/keymap.h"
#include "ui/latent_filter.h"
#include "ui/lineedit.h"
#include "ui/list.h"
#include "ui/plot.h"
#include "ui/theme.h"
#include "ui/undo.h"

enum { APP_COMMANDS = 16, APP_REQUESTS = 8, APP_HITS = 192, PANES = 4 };
/* Below this a live card takes the place of the screens; from WIDE on there is more. */
enum { FULL_W = 80, FULL_H = 24, WIDE_W = 120, WIDE_H = 36 };

/* What the caller is asked to do. */
enum app_request_kind {
    REQUEST_QUIT,
    REQUEST_REDRAW,
    REQUEST_SUSPEND,
    REQUEST_LOOK,   /* theme, tier or mouse changed: read them from the app */
    REQUEST_EXPORT, /* screen's content as CSV to path */
    REQUEST_SHOT,   /* the canvas as text to path */
};
struct app_request {
    enum app_request_kind kind;
    enum screen_id screen;
    char path[LINE_CAP];
};

/* What was drawn where, for the mouse: filled in by app_view. Later ones lie on top. */
enum hit_kind {
    HIT_TAB,     /* a: screen */
    HIT_HELP,    /* the word "? help" */
    HIT_HINT,    /* a: index in the keymap */
    HIT_PANE,    /* a: focus index */
    HIT_PLOT,    /* a: pane */
    HIT_SLIDER,  /* the masking rate: a: arm */
    HIT_EVENTS,  /* list of events */
    HIT_HEADER,  /* a: column */
    HIT_ROW,     /* a: row of the list */
    HIT_LATENT,  /* a: latent id: opens it */
    HIT_CONTEXT, /* a: context */
    HIT_SCATTER, /* the points of the latents */
    HIT_OVERLAY, /* nothing below gets a click */
    HIT_HELP_LINE,
};
struct hit {
    struct rect r;
    enum hit_kind kind;
    int a;
};

enum x_unit { X_STEP, X_TOKENS, X_TIME, X_UNITS };

struct train_state {
    int metric[PANES]; /* enum metric */
    bool log_y[PANES];
    double smooth;
    enum x_unit unit;
    bool zoomed;       /* the pane in focus alone */
    double x_lo, x_hi; /* of all panes, in `unit`; equal: all */
    double cursor;     /* in `unit`; NaN: off */
    int target;        /* 0 A, 1 B, 2 both: what masking keys act on */
    bool numbers;      /* values of one arm where the difference would stand */
    size_t event_top;  /* events scrolled off, newest first */
    struct plot_result plot[PANES]; /* as last drawn */
    bool drawn[PANES];
    /* A rate that was asked for and that the view does not show yet: NaN none. */
    double asked_rate[2];
    int64_t asked_at[2];
    double rate_on[2]; /* the last rate above 0, also one just asked for; NaN none */
};

enum { DENSITY_BINS = 10 }; /* below -4.5, then half decades up to 0 */
struct latents_state {
    int arm;
    char filter[LINE_CAP];          /* the text in force */
    struct latent_filter *compiled; /* NULL: everything */
    char filter_was[LINE_CAP];      /* before the prompt was opened */
    char filter_error[FILTER_MESSAGE];
    size_t filter_error_at; /* byte */
    int sort;               /* column */
    bool reverse;           /* against the column's natural direction */
    int32_t *order;         /* latents shown, in order */
    size_t shown, order_cap;
    int32_t
        *sorted; /* all latents, in order, as the column and direction below have it */
    size_t n_sorted, sorted_cap;
    int sorted_by;
    bool sorted_reverse;
    const struct latent_table *ordered; /* what `order` was made of, and its step */
    int64_t ordered_step;
    bool stale;                      /* filter, sort or marks changed since */
    size_t by_density[DENSITY_BINS]; /* living latents by half decades of density */
    size_t ultra_low;                /* of them, below 1e-5 */
    struct list_view list;
    int32_t at; /* latent under the cursor, kept across orders; -1 */
    uint8_t *mark[2];
    size_t n_mark[2], marked[2];
    char find[256];
    size_t find_from;             /* place in the order where the prompt was opened */
    struct latent_filter *finder; /* of `find`; NULL: to be made */
    char finder_of[256];
    const struct latent_labels *ordered_labels; /* and of these */
    bool scatter;                               /* points in place of the table */
    int scatter_y;                              /* column */
    struct plot_result points;                  /* as last drawn */
    int64_t asked_eval[2]; /* evaluation step for which a table was asked; -2 never */
};

struct detail_state {
    int arm;
    int32_t latent; /* -1: none chosen yet */
    int interval;
    size_t context;
    bool heat_row, wrap;
    int lens; /* enum lens_mode */
    char find[256];
    size_t find_from; /* context where the prompt was opened */
    bool asked;       /* for latent, arm and interval as they are */
};

enum prompt_kind {
    PROMPT_NONE,
    PROMPT_COMMAND,
    PROMPT_FIND,
    PROMPT_FILTER,
    PROMPT_NOTE,
    PROMPT_LABEL,
    PROMPT_HELP_FILTER,
    PROMPT_KINDS
};
enum leaving { STAYING, LEAVE_ASKING, LEAVE_SAVING, LEAVE_DISCARDING };

/* What was said, oldest first in a ring: for the list that shows each whole. */
enum { MESSAGES = 64 };
struct message_log {
    struct message {
        int64_t step;
        bool bad;
        char text[400];
    } at[MESSAGES];
    size_t n;            /* said in all */
    uint64_t own, heard; /* of what the interface and the session said: kept here */
};

struct app {
    int w, h;
    enum glyph_tier tier;
    enum theme_id theme;
    bool mouse;
    enum screen_id screen, last_screen;
    int focus[SCREEN_COUNT];
    struct train_state train;
    struct latents_state latents;
    struct detail_state detail;
    struct help_state help;
    enum prompt_kind prompt;
    struct line_edit line;
    struct line_history history[PROMPT_KINDS];
    enum leaving leaving;
    struct undo_stack undo;

    struct message_log log;
    char message[400]; /* of the interface; "" none */
    bool message_bad;
    uint64_t said;  /* by the interface, counted as the view counts the session's */
    uint64_t heard; /* of the session's: those that a key or time has dismissed */
    const struct session_view *view; /* for completion while a key is handled */

    struct command command[APP_COMMANDS]; /* to be posted, in order */
    size_t n_commands;
    struct app_request request[APP_REQUESTS];
    size_t n_requests;
    struct hit hit[APP_HITS];
    size_t n_hits;
    struct hit pressed; /* where the mouse went down last */
    bool has_pressed;
};

void app_init(struct app *a, int w, int h, enum glyph_tier tier, enum theme_id theme);
void app_deinit(struct app *a);
/* React to one event; EVENT_TICK: the view has changed; EVENT_LAPSE: what is being said
 * has been there for long enough. */
void app_update(struct app *a, const struct session_view *v, const struct event *ev);
/* Draw the whole canvas; notes what was drawn where. */
void app_view(struct app *a, const struct session_view *v, struct canvas *c);
/* Run a command line without its colon, as typed. */
void app_run(struct app *a, const struct session_view *v, const char *line);
/* What is being said, by the interface or the session; NULL: nothing, or it has been
 * dismissed. */
const char *app_saying(const struct app *a, const struct session_view *v, bool *bad);
/* Whether something moves by itself and frames should follow. */
bool app_is_moving(const struct session_view *v);

/* ---- between the files of the interface ---- */

/* What a key or command does: run it, and why it cannot be now (NULL: it can). */
struct action_def {
    void (*run)(struct app *a, const struct session_view *v, const char *args);
    const char *(*may)(const struct app *a, const struct session_view *v);
};
const struct action_def *action_def(enum action id);
/* Whether it cannot be done because nothing trains here any more. */
bool action_needs_training(const struct app *a, const struct session_view *v,
                           enum action id);
void app_dispatch(struct app *a, const struct session_view *v,
                  const struct key_entry *k, const char *args);

/* Do what an entry does that was picked from a list: asks for an argument that it
 * needs. */
void app_choose(struct app *a, const struct session_view *v, const struct key_entry *k);

void app_say(struct app *a, bool bad, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Queue a command for the session, arm A. The place in the queue, to fill in the rest;
 * NULL when full (and says so). */
struct command *app_emit(struct app *a, enum command_kind kind);
struct app_request *app_ask(struct app *a, enum app_request_kind kind);
void app_hit(struct app *a, struct rect r, enum hit_kind kind, int arg);
void app_go(struct app *a, const struct session_view *v, enum screen_id screen);
/* `text` is there to be gone on with; `offer` after it, as line_offer says. */
void app_open_prompt(struct app *a, enum prompt_kind kind, const char *text,
                     const char *offer);
void app_set_rate(struct app *a, const struct session_view *v, int arm, double rate,
                  int64_t at);
/* app_set_rate now, with a step of undo. */
void app_change_rate(struct app *a, const struct session_view *v, int arm, double rate);
/* The rate an arm is set to, or was just asked to. */
double app_rate(const struct app *a, const struct session_view *v, int arm);
/* The rate that masking of an arm comes back to when it is switched on. */
double app_rate_on(const struct app *a, const struct session_view *v, int arm);
/* The way the screens are set up, as undo takes it back. */
struct layout_choice app_layout(const struct app *a);
void app_set_layout(struct app *a, const struct session_view *v,
                    const struct layout_choice *l);
/* Call the latent that the screen is about `text`; "": nothing any more. */
void app_label(struct app *a, const struct session_view *v, const char *text);
/* The same for any latent, without a step of undo. */
void app_set_label(struct app *a, int arm, int32_t latent, const char *text);
/* Start leaving: asks when there is something to lose. */
void app_leave(struct app *a, const struct session_view *v);
bool app_is_live_card(const struct app *a);

#endif
