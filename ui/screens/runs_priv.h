/* What the files of Runs share: runs.c and its keys (runs_keys.c). Only tests include
 * this besides them. */
#ifndef SAETOP_UI_SCREENS_RUNS_PRIV_H
#define SAETOP_UI_SCREENS_RUNS_PRIV_H

#include "ui/filter_use.h"
#include "ui/find_use.h"
#include "ui/screens/runs.h"
#include "ui/screens/table.h"

enum { RUNS_MARKS = 32, RUNS_TEXT = 128 };

struct runs_state {
    int sort; /* column */
    bool reverse;
    struct filter_line filter;
    char find[FIND_TEXT];
    int32_t *order; /* [n] rows shown, in order */
    size_t n, cap;
    struct list_view list;
    char at[RUN_NAME_MAX];        /* the run under the cursor, kept across orders */
    char wanted[RUN_NAME_MAX];    /* the run it goes to once that is listed; "" none */
    char find_from[RUN_NAME_MAX]; /* `at` when the prompt was opened */
    char mark[RUNS_MARKS][RUN_NAME_MAX];
    size_t n_marks;
    size_t asked;                /* d was pressed once: 1 + n_marks then, else 0 */
    char asked_of[RUN_NAME_MAX]; /* with this run under the cursor */
    char folder[RUNDIR_PATH];    /* the one shown; "": where runs are saved */
    bool looks;                  /* the caller was asked to watch it */
    bool choosing;               /* choosing for Compare: Enter compares */
    uint64_t answers;            /* answers to orders, as taken in */
    bool stale;                  /* `order` is to be made anew */
    uint64_t version;            /* of the list `order` was made of */
};

struct runs_state *runs_own(const struct app *a);
/* The folder that is shown; "": there is none. */
const char *runs_folder(const struct app *a);
/* The row under the cursor; NULL: none. */
const struct run_row *runs_here(const struct app *a);
/* Its path. */
void runs_path(const struct app *a, const struct run_row *r, char out[RUNDIR_PATH]);
/* Whether a row is the run that is open. */
bool runs_is_open(const struct app *a, const struct session_view *v,
                  const struct run_row *r);
bool runs_is_marked(const struct app *a, const char *name);
/* Bring rows, order and cursor up to date. */
void runs_order_rows(struct app *a);
/* Put the cursor on the run of that name, if it is shown. */
void runs_go(struct app *a, const char *name);
/* Whether the text is in a run's name, label, note or architecture. */
bool runs_has_text(const struct run_row *r, const char *text);

/* Apply a filter, whose words are looked for in these texts. False: it is malformed. */
bool runs_set_filter(struct app *a, const struct session_view *v, const char *text);

/* ---- runs_keys.c ---- */

extern const struct filter_use runs_filter;
extern const struct find_use runs_find;
extern const struct key_list runs_keys;
/* Why there are no runs to look at; NULL: there are. */
const char *runs_may_browse(const struct app *a, const struct session_view *v);
/* Open the run under the cursor, to browse it or to continue its training. */
void runs_open(struct app *a, const struct session_view *v, bool resume);
/* Compare it with the run that is open, or two marked runs. */
void runs_compare(struct app *a, const struct session_view *v);
/* Take in the answer to an order: say it, and make what can be undone a step of
 * undo. */
void runs_take_answer(struct app *a);

#endif
