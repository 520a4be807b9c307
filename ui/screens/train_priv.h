/* What the files of Train share: train.c, its panes (train_panes.c), their axis
 * (train_axis.c), its boxes (train_boxes.c), the box of verdicts (train_verdict.c) and
 * what a newcomer is told (train_guide.c). Only tests include this besides them. */
#ifndef SAETOP_UI_SCREENS_TRAIN_PRIV_H
#define SAETOP_UI_SCREENS_TRAIN_PRIV_H

#include "ui/app.h"
#include "ui/plot.h"
#include "ui/screens/table.h"

enum { PANES = 4 };
enum x_unit { X_STEP, X_TOKENS, X_TIME, X_UNITS };

struct train_state {
    int metric[PANES]; /* enum metric */
    bool log_y[PANES];
    enum x_unit unit;
    bool zoomed;         /* only the pane in focus is shown */
    double x_lo, x_hi;   /* range of all panes, in `unit`; equal: everything */
    double cursor;       /* in `unit`; NaN: off */
    bool numbers;        /* show one arm's values in place of the difference */
    bool seeds;          /* draw a thin line for each seed */
    bool guide_off;      /* the guide's sentences were sent away */
    int64_t seeds_asked; /* the number of arms when `:seeds +1` was answered with its
                            price */
    size_t event_top;    /* events scrolled past, from the newest */
    struct plot_result plot[PANES]; /* as last drawn */
    bool drawn[PANES];
};
struct train_state *train_of(const struct app *a);

enum {
    HIT_SLIDER = HIT_SCREEN, /* of the masking rate; a: arm */
    HIT_EVENTS               /* list of events */
};
/* Tab goes through the panes of curves, then the box of numbers, and when wide the
 * boxes of masking and events. */
enum { FOCUS_EVENTS = 6 };

struct train_layout {
    struct rect pane[PANES];  /* the fourth only when wide */
    struct rect run;          /* numbers; when not wide also masking and events */
    struct rect mask, events; /* when wide */
};
struct train_layout train_layout(struct rect body, bool wide);

/* Draw pane i with the measure it shows. */
void train_pane(struct app *a, const struct session_view *v, struct canvas *c,
                struct rect r, int i, bool focused);
/* Write its last values: "A 0.214  B 0.203", with a cursor "@412 A 0.214  B 0.203". */
void train_pane_value(const struct app *a, const struct session_view *v, int i,
                      char *out, size_t cap);
void train_run_box(struct app *a, const struct session_view *v, struct canvas *c,
                   struct rect r, bool wide, bool focused);
/* Write words into the lower border of a box. */
void train_caption(struct canvas *c, struct rect r, const char *text, enum role role);
void train_mask_box(struct app *a, const struct session_view *v, struct canvas *c,
                    struct rect r, bool focused);
void train_events_box(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r, bool focused);
/* Set the rate that a click at column x of a slider stands for. */
void train_slide(struct app *a, const struct session_view *v, const struct hit *hit,
                 int x);

/* ---- train_guide.c ---- */

/* The sentence that leads a newcomer on at this moment: what masks do, what absorption
 * is, then what the seeds say of it, and the screens that have not been looked at yet.
 * False: there is none, as once these were opened, after some minutes and Esc. */
bool train_guide(const struct app *a, const struct session_view *v, char *out,
                 size_t cap);

/* ---- train_verdict.c ---- */

/* Returns the condition compared with the baseline: the one that keys act on, else the
 * first that is not the baseline. */
size_t train_compared(const struct app *a, const struct session_view *v);
/* Writes a number without its leading zero: "-.161". */
void train_brief_number(char *out, size_t cap, double x, int digits, bool sign);

/* The box of verdicts from the conditions' seeds: its title, its caption (at most
 * `room` columns) and its rows, of which the last function returns how many it drew.
 * Needs two conditions. */
void train_verdict_title(const struct app *a, const struct session_view *v, int room,
                         char *out, size_t cap);
void train_verdict_caption(const struct app *a, const struct session_view *v, int room,
                           char *out, size_t cap);
int train_verdict_rows(const struct app *a, const struct session_view *v,
                       struct canvas *c, struct rect in);

/* The range of the x axis that the panes show, and the width of a column in its
 * unit. */
void train_axis_range(const struct app *a, const struct session_view *v, double *lo,
                      double *hi);
double train_column_width(const struct app *a, const struct session_view *v);
/* Where `step` lies on the axis in use. */
double train_axis_x(const struct session_view *v, enum x_unit unit, double step);
/* The end of the x range of all curves when not zoomed. */
double train_axis_end(const struct session_view *v, enum x_unit unit);
void train_zoom_x(struct app *a, const struct session_view *v, const char *how);

#endif
