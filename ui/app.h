/* The state that screens and the frame around them share, and the functions by which a
 * key, a command or a screen shows a message, opens a prompt or goes to another screen.
 * Results come out as commands for the session and requests to the caller: nothing here
 * waits, reads a clock or a file, or knows the terminal. UI thread. */
#ifndef SAETOP_UI_APP_H
#define SAETOP_UI_APP_H

#include "base/fuzzy.h"
#include "session/runs.h"
#include "session/view.h"
#include "ui/canvas.h"
#include "ui/glyph.h"
#include "ui/layout.h"
#include "ui/lineedit.h"
#include "ui/list.h"
#include "ui/screen.h"
#include "ui/theme.h"
#include "ui/undo.h"

enum { APP_COMMANDS = 16, APP_REQUESTS = 40, APP_HITS = 192, APP_HISTORIES = 12 };

/* Requests to the caller. */
enum app_request_kind {
    REQUEST_QUIT,
    REQUEST_REDRAW,
    REQUEST_SUSPEND,
    REQUEST_LOOK,   /* theme, tier or mouse changed: read them from the app */
    REQUEST_EXPORT, /* write the screen's content to path, whose end names the form */
    REQUEST_SHOT,   /* write the canvas as text to path */
    REQUEST_RUNS,   /* watch the folder of runs at path; "": none */
    REQUEST_ORDER,  /* carry out `order` on one of its runs */
    REQUEST_OPEN,   /* end the session and open the run app->next */
    REQUEST_COPY,   /* put app->copied on the terminal's clipboard */
    REQUEST_COPY_SHOT, /* likewise the canvas as text */
};
struct app_request {
    enum app_request_kind kind;
    const struct screen_def *screen;
    char path[LINE_CAP];
    struct run_order order;
};

/* The run to open in place of what is open. */
struct next_run {
    char path[RUNDIR_PATH]; /* "" none */
    bool resume;            /* continue its training, else browse it */
};

/* Areas that react to the mouse, filled in while drawing. Later ones lie on top. */
enum hit_kind {
    HIT_TAB,     /* a: index of the screen in the table */
    HIT_HELP,    /* the word "? help" */
    HIT_FIND,    /* the word "Ctrl-P find" */
    HIT_HINT,    /* a: index in the keymap */
    HIT_OVERLAY, /* nothing below gets a click */
    HIT_HELP_LINE,
    HIT_FINDER_LINE, /* a: row of the finder's list */
    HIT_PANE,        /* a: focus index */
    HIT_PLOT,        /* a: pane; nothing else takes a double click */
    HIT_HEADER,      /* a: column */
    HIT_ROW,         /* a: row of the list */
    HIT_SCREEN       /* from here on: a screen's own kinds */
};
struct hit {
    struct rect r;
    int kind;
    int a;
};

/* A prompt for one line. A function that is NULL does nothing. */
struct prompt_def {
    const char *sign;    /* shown before the line */
    const char *history; /* prompts with the same word share their lines; NULL: none */
    const char *help;    /* a line about it; NULL: none, or `explain` writes it */
    void (*explain)(const struct app *a, const char *text, char *out, size_t cap);
    /* The ith completion of the word that begins at byte `at`. */
    const char *(*word)(const struct app *a, const char *text, size_t at, size_t i);
    /* preview: after each change. check: on Enter, while the prompt is open; false
     * keeps it open. accept: on Enter. cancel: on Esc. */
    void (*preview)(struct app *a, const struct session_view *v, const char *text);
    bool (*check)(struct app *a, const struct session_view *v, const char *text);
    void (*accept)(struct app *a, const struct session_view *v, const char *text);
    void (*cancel)(struct app *a, const struct session_view *v);
    /* The error in the line as typed so far; "" for none. */
    void (*error)(const struct app *a, char *out, size_t cap);
};
struct prompt_history {
    const char *of; /* the word of app_history; NULL: not used yet */
    struct line_history lines;
};

enum leaving { STAYING, LEAVE_ASKING, LEAVE_SAVING, LEAVE_DISCARDING };

/* Messages that were shown, oldest first, in a ring: the list of messages shows each in
 * full. One that comes again right after itself is counted. */
enum { MESSAGES = 64 };
struct message_log {
    struct message {
        int64_t step; /* the last time */
        size_t times;
        bool bad;
        char text[400];
    } at[MESSAGES];
    size_t n;            /* how many there have been, so counted */
    uint64_t own, heard; /* counts of app.said and of the view's, as taken in */
};

/* Text for the terminal's clipboard: printable, at most COPY_MAX bytes, since some
 * terminals drop all of a longer one. */
enum { COPY_MAX = 8192 };
struct copied {
    char text[COPY_MAX + 1];
    char what[96]; /* what it is, in words */
    bool cut;
};

enum { HELP_FILTER_CAP = 64 };
/* Contents of the overlay: keys and topics, or events, or messages. */
enum help_kind { HELP_KEYS, HELP_EVENTS, HELP_MESSAGES };
struct help_state {
    bool open;
    enum help_kind kind;
    struct list_view list; /* over the lines shown */
    char filter[HELP_FILTER_CAP];
};

/* An item that the finder lists and goes to: a command line to run, or an entry of the
 * keymap. */
enum { FINDER_ITEMS = 256, FINDER_RECENT = 12, FINDER_COMMAND = 160 };
struct finder_item {
    const char *kind;          /* "latent", "screen", "command", ... */
    char text[96];             /* its name, as a file may have it: not escaped */
    char more[160];            /* a few words about it, likewise */
    char near[FUZZY_NEAR_MAX]; /* "", or what in it was meant by letters that match only
                                  loosely: base/fuzzy.h */
    char command[FINDER_COMMAND];
    const struct key_entry *key; /* done as from help; NULL: `command` is run */
    const struct screen_def *on; /* the screen to do it on; NULL: the one shown */
    double score;                /* higher comes first */
    bool leads_on;               /* to a longer list: not remembered as chosen */
};
/* What the finder last looked through: pointers to compare, never to follow. */
struct finder_seen {
    const void *table[VIEW_ARMS], *labels[VIEW_ARMS];
    const void *evaluated[VIEW_ARMS]; /* their concepts */
    size_t arms, concepts;
};
struct finder_state {
    bool open;
    bool stale; /* a screen's items have changed since they were listed */
    struct finder_seen seen;
    struct line_edit line;
    struct list_view list;
    struct finder_item item[FINDER_ITEMS];
    size_t n, unasked; /* unasked: of them, those that screens offer for "" */
    struct finder_item recent[FINDER_RECENT]; /* the latest first */
    size_t n_recent;
};

/* Masking rates as they were asked for: see steer.h. */
enum { TARGET_ALL = VIEW_CONDS };
struct steering {
    int target; /* what masking keys act on: a condition, 0 for A; TARGET_ALL */
    /* A rate that was asked for and is not in the view yet; NaN: none. */
    double asked_rate[VIEW_CONDS];
    int64_t asked_at[VIEW_CONDS];
    double rate_on[VIEW_CONDS]; /* the last rate above 0, even if only asked for; NaN:
                                   none */
    char condition[256];        /* whose price `:condition` has just asked, and */
    size_t condition_arms;      /* the number of arms then */
};

/* State that the app keeps for each screen of the table. */
struct screen_slot {
    void *state; /* the screen's own */
    int focus;   /* pane in focus */
    bool opened;
    const struct screen_def *back; /* where q and Esc lead instead of up; NULL: up */
};

struct app {
    const struct screen_table *screens; /* borrowed */
    struct screen_slot *slot;           /* one for each screen */
    const struct screen_def *screen;    /* the one shown */
    int w, h;
    enum glyph_tier tier;
    enum theme_id theme;
    bool mouse;
    double smooth; /* smoothing of curves, 0 to 0.99 */
    struct steering steer;
    struct help_state help;
    struct finder_state finder;
    const struct prompt_def *prompt; /* NULL: none is open */
    struct line_edit line;
    struct prompt_history history[APP_HISTORIES];
    enum leaving leaving;
    struct next_run next; /* what leaving opens; none: it ends the program */
    struct undo_stack undo;
    struct runs_view runs;       /* runs on disk; filled in by the caller */
    char runs_home[RUNDIR_PATH]; /* where runs without a name are saved; "" nowhere */

    struct message_log log;
    char message[400]; /* of the interface; "" none */
    bool message_bad;
    char refused[200]; /* why a key's prompt did not open, while the user types on */
    uint64_t said;     /* the interface's messages, as the view counts the session's */
    uint64_t heard;    /* messages of the session that a key or time has dismissed */
    uint32_t after;    /* the first key of two, while the second is awaited; 0: none */
    bool which;        /* ... and after a pause those that may follow are listed */
    struct copied copied; /* for REQUEST_COPY */

    struct command command[APP_COMMANDS]; /* to be posted, in order */
    size_t n_commands;
    struct app_request request[APP_REQUESTS];
    size_t n_requests;
    struct hit hit[APP_HITS];
    size_t n_hits;
    struct hit pressed; /* where the button was last pressed */
    bool has_pressed;
};

/* Begin on the first screen of the table, which must outlive the app. ERR_NOMEM; call
 * app_deinit even then. */
enum err app_init(struct app *a, const struct screen_table *screens, int w, int h,
                  enum glyph_tier tier, enum theme_id theme,
                  struct errinfo *e) ERR_CHECKED;
void app_deinit(struct app *a);

/* ---- screens ---- */

/* The state of a screen of the table, and its pane in focus. */
void *app_state(const struct app *a, const struct screen_def *screen);
int *app_focus(const struct app *a, const struct screen_def *screen);
/* How many of its panes Tab goes through, at the terminal's size. */
int app_panes(const struct app *a, const struct screen_def *screen);
void app_go(struct app *a, const struct session_view *v,
            const struct screen_def *screen);
/* Whether this screen has been looked at, or one that shows its rows. */
bool app_has_opened(const struct app *a, const struct screen_def *screen);
/* Whether a latent of the arm that is shown is silenced, as all screens show it; and
 * the sign for this wherever latents are listed. */
enum { GLYPH_SILENCED = 0x00D7 };
#define SILENCED_SIGN "\xc3\x97" /* the same as UTF-8 */
bool app_is_silenced(const struct app *a, int32_t latent);
/* Let q and Esc on the screen shown lead back to `screen`, until it is opened in
 * another way. */
void app_come_back(struct app *a, const struct screen_def *screen);
/* Where q and Esc lead from the screen shown; NULL: out of the program. */
const struct screen_def *app_up(const struct app *a);
/* The screen that a small terminal's card stands in for: the first. */
const struct screen_def *app_home(const struct app *a);
/* The screen shown if `is` holds for it, else the first of the table for which it does;
 * there must be one. Says, for instance, which screen's filter a command means. */
const struct screen_def *app_screen_that(const struct app *a,
                                         bool (*is)(const struct screen_def *));
/* Whether the terminal is so small that a card stands in for the screens. */
bool app_is_live_card(const struct app *a);
/* Note that what is drawn in r reacts to the mouse. */
void app_hit(struct app *a, struct rect r, int kind, int arg);
/* Whether the button was last pressed on `hit`: if not, its release there means
 * nothing. */
bool app_pressed_on(const struct app *a, const struct hit *hit);

/* ---- saying and asking ---- */

/* Write a text with each KEY_OF in it as the key on the screen shown. app_text draws
 * it, as canvas_text does, and returns the columns used. */
void app_words(const struct app *a, const char *text, char *out, size_t cap);
int app_text(const struct app *a, struct canvas *c, int x, int y, int max_cols,
             const char *text, enum role role);
/* Show a message; KEY_OF may stand in it. */
void app_say(struct app *a, bool bad, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The message shown now, of the interface or the session; NULL: none, or it was
 * dismissed. */
const char *app_saying(const struct app *a, const struct session_view *v, bool *bad);
void app_dismiss(struct app *a, const struct session_view *v);
/* Queue a command for the session, for arm A; app_ask queues a request. Return it, so
 * that the rest can be filled in; NULL (and a message) when the queue is full. */
struct command *app_emit(struct app *a, enum command_kind kind);
struct app_request *app_ask(struct app *a, enum app_request_kind kind);
/* The history that prompts of `word` share, which stays when another run is opened;
 * NULL: no word, or no room for another history. */
struct line_history *app_history(struct app *a, const char *word);
/* Open a prompt. Its line begins with `text`, followed by `offer` (see line_offer). */
void app_open_prompt(struct app *a, const struct prompt_def *prompt, const char *text,
                     const char *offer);

/* ---- commands ---- */

/* Why an action cannot be done now; NULL: it can. */
const char *action_may(const struct action *action, const struct app *a,
                       const struct session_view *v);
/* Do what an entry says, or show why it cannot be done. A change of any screen's layout
 * becomes a step of undo. */
void app_dispatch(struct app *a, const struct session_view *v,
                  const struct key_entry *k, const char *args);
/* Run a command line as typed, without its colon. */
void app_run(struct app *a, const struct session_view *v, const char *line);
/* Undo a step (`back`), or redo it. */
void app_undo(struct app *a, const struct session_view *v, bool back);

/* Parse all of `text` as a whole number, or as a number; false if it is none. */
bool arg_integer(const char *text, int64_t *out);
bool arg_number(const char *text, double *out);

#endif
