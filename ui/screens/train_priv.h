/* Train, between its files: train.c, its panes (train_panes.c), their axis
 * (train_axis.c), its boxes (train_boxes.c), their verdict (train_verdict.c) and
 * what a newcomer is told (train_guide.c).
 * Nothing else includes this but tests. */
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
    bool zoomed;       /* the pane in focus alone */
    double x_lo, x_hi; /* of all panes, in `unit`; equal: all */
    double cursor;     /* in `unit`; NaN: off */
    bool numbers;      /* values of one arm where the difference would stand */
    bool seeds;        /* thin lines of each */
    bool guide_off;    /* its sentences were sent away */
    int64_t
        seeds_asked;  /* arms there were when `:seeds +1` was answered with its price */
    size_t event_top; /* events scrolled off, newest first */
    struct plot_result plot[PANES]; /* as last drawn */
    bool drawn[PANES];
};
struct train_state *train_of(const struct app *a);

enum {
    HIT_SLIDER = HIT_SCREEN, /* the masking rate: a: arm */
    HIT_EVENTS               /* list of events */
};
/* Panes that Tab goes through, after those of curves: the box of numbers, and when wide
 * those of masking and events. */
enum { FOCUS_EVENTS = 6 };

struct train_layout {
    struct rect pane[PANES];  /* the fourth only when wide */
    struct rect run;          /* numbers and, when not wide, masking and events */
    struct rect mask, events; /* when wide */
};
struct train_layout train_layout(struct rect body, bool wide);

/* Pane i with the measure that it shows. */
void train_pane(struct app *a, const struct session_view *v, struct canvas *c,
                struct rect r, int i, bool focused);
/* Its values as drawn last: "A 0.214  B 0.203", with a cursor "@412 A 0.214  B 0.203".
 */
void train_pane_value(const struct app *a, const struct session_view *v, int i,
                      char *out, size_t cap);
void train_run_box(struct app *a, const struct session_view *v, struct canvas *c,
                   struct rect r, bool wide, bool focused);
/* Words in the lower border of a box. */
void train_caption(struct canvas *c, struct rect r, const char *text);
void train_mask_box(struct app *a, const struct session_view *v, struct canvas *c,
                    struct rect r, bool focused);
void train_events_box(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r, bool focused);
/* The rate that a click at column x of a slider stands for. */
void train_slide(struct app *a, const struct session_view *v, const struct hit *hit,
                 int x);

/* ---- train_guide.c ---- */

/* The sentence that leads a newcomer on at this moment: what masks do, what absorption
 * is, then what the seeds say of it, and the screens that have not been looked at yet.
 * False: there is none, as once these were opened, after some minutes and Esc. */
bool train_guide(const struct app *a, const struct session_view *v, char *out,
                 size_t cap);

/* ---- train_verdict.c ---- */

/* The condition that is held against the baseline: the one that keys act on, else the
 * first that is not the baseline. */
size_t train_compared(const struct app *a, const struct session_view *v);
/* "-.161": without the leading zero. */
void train_brief_number(char *out, size_t cap, double x, int digits, bool sign);

/* The box of verdicts from the conditions' seeds: title, caption (of at most `room`
 * columns) and rows; the last returns how many rows it drew. Needs two conditions. */
void train_verdict_title(const struct app *a, const struct session_view *v, char *out,
                         size_t cap);
void train_verdict_caption(const struct app *a, const struct session_view *v, int room,
                           char *out, size_t cap);
int train_verdict_rows(const struct app *a, const struct session_view *v,
                       struct canvas *c, struct rect in);

/* The range of the x axis that the panes show, and the width of a column on it. */
void train_axis_range(const struct app *a, const struct session_view *v, double *lo,
                      double *hi);
double train_column_width(const struct app *a, const struct session_view *v);
/* Where `step` lies on the axis in use. */
double train_axis_x(const struct session_view *v, enum x_unit unit, double step);
/* The x range of all curves when not zoomed. */
double train_axis_end(const struct session_view *v, enum x_unit unit);
void train_zoom_x(struct app *a, const struct session_view *v, const char *how);

#endif
