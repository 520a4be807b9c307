/* A line plot of up to four series in braille, half blocks or ASCII. */
#ifndef SAETOP_UI_PLOT_H
#define SAETOP_UI_PLOT_H

#include "ui/canvas.h"

/* One curve. x ascends, unless `points`; a NaN or infinite y is a gap. Borrowed. */
struct plot_series {
    const double *x, *y;
    size_t n;
    const double *lo, *hi; /* an interval around y, or NULL */
    enum role role, faint; /* the curve; the raw points behind a smoothed one */
    char letter;           /* drawn at the curve's right end */
    const char *name;      /* what the letter stands for, or NULL */
    bool points;           /* dots without lines between them */
};

struct plot_spec {
    const char *title; /* for plots written to a file; NULL: none */
    struct plot_series series[4];
    size_t n_series;
    const struct plot_series *thin; /* [n_thin] drawn below these, in place of bands;
                                       borrowed */
    size_t n_thin;
    const double *event_x; /* vertical lines below the data */
    size_t n_events;
    double x_min, x_max; /* equal: from the data */
    double y_min, y_max; /* NaN: from the data, 10 % padding */
    bool log_y;          /* used only if a value is positive */
    double smooth;   /* 0..0.99: bias-corrected moving average over the whole series */
    double cursor_x; /* NaN: none */
    const char *empty;   /* shown if there is no data: why */
    const char *x_label; /* suffix of ticks such as "s"; may be NULL */
};

/* Facts of the drawn plot, for the title, the mouse and the cursor. */
struct plot_result {
    struct rect area; /* the data's, without the axes */
    double x_min, x_max, y_min, y_max;
    bool log_y;
    size_t gaps;    /* values in view that are not finite, or on a log axis not > 0 */
    double last[4]; /* last finite value of each series, smoothed; NaN: none */
    double at_cursor[4], at_cursor_raw[4], cursor_snap;
};

/* Bias-corrected moving average: the sum of a^i (1-a) y over the sum of its weights, so
 * that the first values are not pulled to 0 (as in Adam). `smooth` is as in
 * plot_spec. */
struct plot_ema {
    double a, sum, weight;
};
struct plot_ema plot_ema_begin(double smooth);
double plot_ema_next(struct plot_ema *m, double y);

/* Draw into r (the inside of a box), never outside; below 20x5 the curves alone. UI
 * thread; out may be NULL. O(points + cells). */
void plot_draw(struct canvas *c, struct rect r, const struct plot_spec *spec,
               struct plot_result *out);

/* The x at the middle of a canvas column, clamped to the range drawn. */
double plot_x_at(const struct plot_result *p, int column);

/* Draw a one-line curve of n values in at most w columns (eighth blocks, ASCII levels),
 * scaled from its least to its greatest value. If there are more values than columns,
 * each shows the greatest of its bucket. A value that is not finite is a blank. */
void plot_spark(struct canvas *c, int x, int y, int w, const double *v, size_t n,
                enum role role);
/* Draw a horizontal bar that fills `share` (0..1) of w columns. */
void plot_bar(struct canvas *c, int x, int y, int w, double share, enum role role);

/* Write "0.214", "12.4k", "3.1e-4": at most `width` columns, no more digits than are
 * certain. */
void plot_number(char *out, size_t cap, double v, int width);

#endif
