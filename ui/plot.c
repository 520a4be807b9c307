/* Drawing order, later above earlier: event lines, cursor line, interval bands, raw
 * points, curves, letters. Each dot column keeps the least and the greatest value that
 * falls into it, so a spike of one sample stays visible among a million. */
#include "ui/plot.h"

#include "ui/glyph.h"
#include "ui/plot_axis.h"
#include "ui/plot_raster.h"
#include "ui/plot_svg.h"
#include "ui/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERIES_MAX = 4, AREA_MAX = 4096 };

/* ---- values ---- */

struct plot_ema plot_ema_begin(double smooth)
{
    struct plot_ema m = {0, 0, 0};
    m.a = smooth > 0 ? (smooth < 0.9999 ? smooth : 0.9999) : 0;
    return m;
}

double plot_ema_next(struct plot_ema *m, double y)
{
    if (!isfinite(y) || m->a <= 0) {
        return y;
    }
    m->sum = m->a * m->sum + (1 - m->a) * y;
    m->weight = m->a * m->weight + (1 - m->a);
    return m->sum / m->weight;
}

struct view {
    double x0, x1;
    double y0, y1; /* of the axis: logarithms on a log axis */
    bool log;
};

/* Map a..b to 0..1; by halves, so that the widest range does not overflow. */
static double share(double v, double a, double b)
{
    return (0.5 * v - 0.5 * a) / (0.5 * b - 0.5 * a);
}

static bool has_place(const struct view *v, double y)
{
    return isfinite(y) && (!v->log || y > 0);
}

/* A value on the axis; NaN where it has no place. */
static double on_axis(const struct view *v, double y)
{
    if (!has_place(v, y)) {
        return NAN;
    }
    return v->log ? log10(y) : y;
}

static int dot_row(const struct view *v, const struct raster *r, double axis_y)
{
    double t = 1 - share(axis_y, v->y0, v->y1);
    /* NaN and values far outside end just outside, where lines to them are cut. */
    if (!(t > -1)) {
        t = -1;
    } else if (t > 2) {
        t = 2;
    }
    return (int)lround(t * (r->h - 1));
}

/* Dot column of t in [0, 1]. */
static int dot_column(const struct raster *r, double t)
{
    return (int)(t * (r->w - 1) + 0.5);
}

/* Walks along a curve. One dot column is open: it collects values and turns only their
 * extremes into dots, as a column may hold thousands. */
struct pen {
    struct raster *r;
    const struct view *v;
    enum role role;
    bool strong;
    bool open;
    int column, last, top, bottom; /* rows of what came first into the column */
    bool more;                     /* and values that came after */
    double low, high;
    bool has; /* a point before, perhaps out of view */
    double t, value;
};

/* Turn the values of the open column into rows. */
static void pen_settle(struct pen *p)
{
    if (!p->more) {
        return;
    }
    const int top = dot_row(p->v, p->r, on_axis(p->v, p->high));
    const int bottom = dot_row(p->v, p->r, on_axis(p->v, p->low));
    p->top = top < p->top ? top : p->top;
    p->bottom = bottom > p->bottom ? bottom : p->bottom;
    p->last = dot_row(p->v, p->r, on_axis(p->v, p->value));
    p->more = false;
}

static void pen_up(struct pen *p)
{
    if (p->open) {
        pen_settle(p);
        raster_line(p->r, p->column, p->top, p->column, p->bottom, p->role, p->strong);
    }
    p->open = false;
}

static void pen_dot(struct pen *p, double t, double axis_y)
{
    const int column = dot_column(p->r, t);
    const int row = dot_row(p->v, p->r, axis_y);
    if (p->open && column == p->column) {
        pen_settle(p);
        p->last = row;
        p->top = row < p->top ? row : p->top;
        p->bottom = row > p->bottom ? row : p->bottom;
        return;
    }
    if (p->open) {
        const int from = p->column;
        pen_up(p);
        raster_line(p->r, from, p->last, column, row, p->role, p->strong);
    }
    p->open = true;
    p->column = column;
    p->last = p->top = p->bottom = row;
}

/* Cut the line between two samples where it crosses an edge of the view. */
static void pen_edges(struct pen *p, double t, double axis_y)
{
    const double before = on_axis(p->v, p->value);
    const double slope = (axis_y - before) / (t - p->t);
    if (p->t < 0 && t >= 0) {
        pen_dot(p, 0, before - p->t * slope);
    }
    if (p->t <= 1 && t > 1) {
        pen_dot(p, 1, before + (1 - p->t) * slope);
    }
}

/* Go to the next sample, at t in the view. */
static void pen_to(struct pen *p, double t, double value)
{
    if (!has_place(p->v, value) || !isfinite(t)) {
        pen_up(p);
        p->has = false;
        return;
    }
    const bool seen = t >= 0 && t <= 1;
    if (p->open && seen && dot_column(p->r, t) == p->column) {
        p->low = p->more && p->low < value ? p->low : value;
        p->high = p->more && p->high > value ? p->high : value;
        p->more = true;
    } else {
        const double y = on_axis(p->v, value);
        if (p->has && t > p->t) {
            pen_edges(p, t, y);
        }
        if (seen) {
            pen_dot(p, t, y);
        } else {
            pen_up(p);
        }
    }
    p->has = true;
    p->t = t;
    p->value = value;
}

static void draw_curve(struct raster *r, const struct view *v,
                       const struct plot_series *s, double smooth, enum role role,
                       bool strong)
{
    struct pen pen = {.r = r, .v = v, .role = role, .strong = strong};
    struct plot_ema m = plot_ema_begin(smooth);
    const double half = 0.5 * v->x0; /* as share(), without a division per sample */
    const double scale = 1 / (0.5 * v->x1 - half);
    for (size_t i = 0; i < s->n; i++) {
        pen_to(&pen, (0.5 * s->x[i] - half) * scale, plot_ema_next(&m, s->y[i]));
    }
    pen_up(&pen);
}

static void draw_points(struct raster *r, const struct view *v,
                        const struct plot_series *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const double t = share(s->x[i], v->x0, v->x1);
        if (t >= 0 && t <= 1 && has_place(v, s->y[i])) {
            raster_dot(r, dot_column(r, t), dot_row(v, r, on_axis(v, s->y[i])), s->role,
                       true);
        }
    }
}

static void draw_band(struct raster *r, const struct view *v,
                      const struct plot_series *s)
{
    bool open = false;
    int column = 0, top = 0, bottom = 0;
    for (size_t i = 0; i < s->n; i++) {
        const double lo = on_axis(v, s->lo[i]);
        const double hi = on_axis(v, s->hi[i]);
        const double t = share(s->x[i], v->x0, v->x1);
        if (isnan(lo) || isnan(hi) || !(t >= 0 && t <= 1)) {
            open = false;
            continue;
        }
        const int to = dot_column(r, t);
        int new_top = dot_row(v, r, hi);
        int new_bottom = dot_row(v, r, lo);
        if (open && to == column) {
            new_top = top < new_top ? top : new_top;
            new_bottom = bottom > new_bottom ? bottom : new_bottom;
        } else if (open && to > column) {
            for (int x = column + 1; x < to; x++) {
                const double f = (double)(x - column) / (to - column);
                raster_band(r, x, (int)lround(top + f * (new_top - top)),
                            (int)lround(bottom + f * (new_bottom - bottom)), s->faint);
            }
        }
        raster_band(r, to, new_top, new_bottom, s->faint);
        open = true;
        column = to;
        top = new_top;
        bottom = new_bottom;
    }
}

/* ---- ranges ---- */

struct span {
    double lo, hi; /* lo > hi: empty */
};

static void span_add(struct span *s, double v)
{
    if (isfinite(v)) {
        s->lo = v < s->lo ? v : s->lo;
        s->hi = v > s->hi ? v : s->hi;
    }
}

static struct span x_range(const struct plot_spec *spec)
{
    if (spec->x_max > spec->x_min && isfinite(spec->x_max) && isfinite(spec->x_min)) {
        return (struct span){spec->x_min, spec->x_max};
    }
    struct span s = {INFINITY, -INFINITY};
    for (size_t k = 0; k < spec->n_series; k++) {
        for (size_t i = 0; i < spec->series[k].n; i++) {
            span_add(&s, spec->series[k].x[i]);
        }
    }
    if (s.lo == s.hi) {
        const double room = fmax(0.5, fabs(s.lo) * 1e-9);
        s.lo -= room;
        s.hi += room;
    }
    return s;
}

/* Find the spans of the values in view: of all, and of those above 0. Counts values
 * that cannot be drawn. */
static void y_spans(const struct plot_spec *spec, struct span x, struct span *all,
                    struct span *positive, size_t *not_finite, size_t *not_positive)
{
    *all = *positive = (struct span){INFINITY, -INFINITY};
    *not_finite = *not_positive = 0;
    for (size_t k = 0; k < spec->n_series; k++) {
        const struct plot_series *s = &spec->series[k];
        struct plot_ema m = plot_ema_begin(spec->smooth);
        for (size_t i = 0; i < s->n; i++) {
            const double smoothed = plot_ema_next(&m, s->y[i]);
            if (!(s->x[i] >= x.lo && s->x[i] <= x.hi)) {
                continue;
            }
            const double v[4] = {s->y[i], smoothed, s->lo ? s->lo[i] : (double)NAN,
                                 s->hi ? s->hi[i] : (double)NAN};
            for (size_t j = 0; j < 4; j++) {
                span_add(all, v[j]);
                if (v[j] > 0) {
                    span_add(positive, v[j]);
                }
            }
            *not_finite += !isfinite(s->y[i]) ? 1u : 0u;
            *not_positive += isfinite(s->y[i]) && s->y[i] <= 0 ? 1u : 0u;
        }
    }
}

/* Add room around the data: a tenth of its span in all; down to 0 for what is never
 * negative. */
static struct span padded(struct span s, bool log)
{
    struct span r = s;
    double pad = 0.05 * (s.hi - s.lo);
    /* Values that differ only in the seventh digit are drawn as a constant. */
    if (!(pad > 5e-8 * fmax(fabs(s.lo), fabs(s.hi)))) {
        pad = log ? 0.1 : s.lo == 0 ? 1 : 0.1 * fabs(s.lo);
    }
    r.lo -= pad;
    r.hi += pad;
    if (!log && s.lo >= 0 && r.lo < 0) {
        r.lo = 0;
    }
    return isfinite(r.lo) && isfinite(r.hi) ? r : s;
}

static bool find_view(const struct plot_spec *spec, struct view *v, size_t *gaps)
{
    const struct span x = x_range(spec);
    if (!(x.lo < x.hi)) {
        return false;
    }
    struct span all, positive;
    size_t not_finite, not_positive;
    y_spans(spec, x, &all, &positive, &not_finite, &not_positive);
    *v = (struct view){.x0 = x.lo, .x1 = x.hi};
    v->log = spec->log_y && positive.lo <= positive.hi;
    *gaps = not_finite + (v->log ? not_positive : 0);
    if (!(all.lo <= all.hi)) {
        return false;
    }
    struct span y = v->log ? positive : all;
    if (v->log) {
        y = (struct span){log10(y.lo), log10(y.hi)};
    }
    y = padded(y, v->log);
    const double lo = on_axis(v, spec->y_min);
    const double hi = on_axis(v, spec->y_max);
    v->y0 = isnan(lo) ? y.lo : lo;
    v->y1 = isnan(hi) ? y.hi : hi;
    if (!(v->y0 < v->y1)) {
        v->y0 = y.lo;
        v->y1 = y.hi;
    }
    return v->y0 < v->y1;
}

/* ---- axes ---- */

static int cell_row(const struct view *v, const struct raster *r, double axis_y)
{
    const int row = dot_row(v, r, axis_y);
    return row < 0 || row >= r->h ? -1 : r->area.y + row / r->dy;
}

/* Column of an x in view, or -1. */
static int cell_column(const struct view *v, const struct raster *r, double x)
{
    const double t = share(x, v->x0, v->x1);
    return t >= 0 && t <= 1 ? r->area.x + dot_column(r, t) / r->dx : -1;
}

/* Ticks of y in an area of that height. */
static void y_ticks(struct axis_ticks *t, const struct view *v, int height)
{
    const int want = height / 3;
    axis_ticks(t, v->log ? pow(10.0, v->y0) : v->y0, v->log ? pow(10.0, v->y1) : v->y1,
               want > 2 ? (want < 7 ? want : 7) : 2, v->log);
}

/* Columns for the labels of y: the usual number, or more where close ticks need the
 * digits. */
static int y_label_columns(const struct view *v, struct rect r)
{
    const int usual = r.w < 50 ? 5 : 6;
    int columns = usual;
    struct axis_ticks ticks;
    y_ticks(&ticks, v, r.h - 2);
    for (size_t i = 0; i < ticks.n; i++) {
        char label[32], whole[32];
        axis_label(label, sizeof label, ticks.at[i], ticks.step, usual);
        axis_label(whole, sizeof whole, ticks.at[i], ticks.step, r.w / 3);
        const int w = (int)strlen(label[0] ? label : whole);
        columns = w > columns ? w : columns;
    }
    return columns;
}

static void draw_y_axis(struct canvas *c, const struct view *v, const struct raster *r,
                        int left)
{
    const int axis = r->area.x - 1;
    canvas_fill(c, (struct rect){axis, r->area.y, 1, r->area.h}, 0x2502, ROLE_AXIS, 0);
    struct axis_ticks ticks;
    y_ticks(&ticks, v, r->area.h);
    int taken = -1;
    for (size_t i = 0; i < ticks.n; i++) {
        char label[32];
        const int row = cell_row(v, r, on_axis(v, ticks.at[i]));
        axis_label(label, sizeof label, ticks.at[i], ticks.step, axis - left);
        if (row < 0 || row == taken || !label[0]) {
            continue;
        }
        taken = row;
        canvas_put(c, axis, row, 0x2524, ROLE_AXIS, 0);
        const int w = (int)strlen(label);
        canvas_text(c, axis - w, row, w, label, ROLE_AXIS, 0);
    }
}

static void draw_x_axis(struct canvas *c, const struct view *v, const struct raster *r,
                        const char *suffix)
{
    const int y = r->area.y + r->area.h;
    const int end = r->area.x + r->area.w;
    canvas_put(c, r->area.x - 1, y, 0x2514, ROLE_AXIS, 0);
    canvas_fill(c, (struct rect){r->area.x, y, r->area.w, 1}, 0x2500, ROLE_AXIS, 0);
    struct axis_ticks ticks;
    axis_ticks(&ticks, v->x0, v->x1, r->area.w / 10, false);
    int taken = r->area.x - 2; /* last column of a label */
    for (size_t i = 0; i < ticks.n; i++) {
        const int x = cell_column(v, r, ticks.at[i]);
        if (x < 0) {
            continue;
        }
        canvas_put(c, x, y, 0x2534, ROLE_AXIS, 0);
        char label[48];
        axis_label(label, sizeof label - 8, ticks.at[i], ticks.step, 12);
        if (label[0] && suffix) {
            const size_t n = strlen(label);
            snprintf(label + n, sizeof label - n, "%.7s", suffix);
        }
        const int w = canvas_text_width(label);
        int at = x - w / 2;
        at = at + w > end ? end - w : at;
        at = at < r->area.x ? r->area.x : at;
        if (w > 0 && at > taken + 1 && at + w <= end) {
            canvas_text(c, at, y + 1, w, label, ROLE_AXIS, 0);
            taken = at + w - 1;
        }
    }
}

/* A letter to be placed beside the end of a curve, two where curves end on the same
 * dots. */
struct letter_place {
    int dots, row; /* of dots, of cells */
    size_t series[2], n;
};

static int by_height(const void *x, const void *y)
{
    const struct letter_place *a = x, *b = y;
    return a->dots - b->dots;
}

/* Find where curves end, from the top. Returns the number of places. */
static size_t letter_places(const struct plot_spec *spec, const struct view *v,
                            const struct raster *r, const double *end,
                            struct letter_place *out)
{
    size_t n = 0;
    for (size_t k = 0; k < spec->n_series; k++) {
        const double y = on_axis(v, end[k]);
        if (!spec->series[k].letter || isnan(y)) {
            continue;
        }
        int dots = dot_row(v, r, y);
        dots = dots < 0 ? 0 : dots >= r->h ? r->h - 1 : dots;
        size_t i = 0;
        while (i < n && (out[i].dots != dots || out[i].n == 2)) {
            i++;
        }
        if (i == n) {
            out[n++] = (struct letter_place){.dots = dots};
        }
        out[i].series[out[i].n++] = k;
    }
    qsort(out, n, sizeof *out, by_height);
    return n;
}

/* Draw the letter of each series beside its end, in the order of the ends: each on its
 * own row, except that those which end on the same dots share one, the first over the
 * curves. */
static void draw_letters(struct canvas *c, const struct plot_spec *spec,
                         const struct view *v, const struct raster *r,
                         const double *end)
{
    struct letter_place place[SERIES_MAX];
    const size_t n = letter_places(spec, v, r, end, place);
    for (size_t i = 0; i < n; i++) { /* first downwards to free rows, ... */
        const int home = place[i].dots / r->dy;
        place[i].row = i && place[i - 1].row >= home ? place[i - 1].row + 1 : home;
    }
    int last = r->area.h; /* ... and upwards from the bottom where they run out */
    for (size_t i = n; i-- > 0; last = place[i].row) {
        place[i].row = place[i].row < last ? place[i].row : last - 1;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < place[i].n && place[i].row >= 0; k++) {
            const struct plot_series *s = &spec->series[place[i].series[k]];
            const int x = r->area.x + r->area.w - (k + 1 < place[i].n ? 1 : 0);
            canvas_put(c, x, r->area.y + place[i].row,
                       (uint32_t)(unsigned char)s->letter, s->role, ATTR_BOLD);
        }
    }
}

/* ---- readings ---- */

/* Read the last values and, with a cursor, those of the nearest sample; end[k] is the
 * last value in view, beside which the letter is drawn. */
static void read_values(const struct plot_spec *spec, const struct view *v,
                        struct plot_result *out, double *end)
{
    out->cursor_snap = NAN;
    for (size_t k = 0; k < spec->n_series; k++) {
        const struct plot_series *s = &spec->series[k];
        struct plot_ema m = plot_ema_begin(spec->smooth);
        /* The first series with samples snaps the cursor, the others follow. */
        const double want = isnan(out->cursor_snap) ? spec->cursor_x : out->cursor_snap;
        double best = (double)INFINITY;
        double snap = NAN;
        for (size_t i = 0; i < s->n; i++) {
            const double y = plot_ema_next(&m, s->y[i]);
            if (isfinite(y)) {
                out->last[k] = y;
                if (s->x[i] >= v->x0 && s->x[i] <= v->x1) {
                    end[k] = y;
                }
            }
            const double away = fabs(s->x[i] - want);
            if (away < best) {
                best = away;
                snap = s->x[i];
                out->at_cursor[k] = y;
                out->at_cursor_raw[k] = s->y[i];
            }
        }
        if (isnan(out->cursor_snap)) {
            out->cursor_snap = snap;
        }
    }
}

double plot_x_at(const struct plot_result *p, int column)
{
    if (p->area.w < 1) {
        return p->x_min;
    }
    double t = (column - p->area.x + 0.5) / p->area.w;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return p->x_min + t * (p->x_max - p->x_min);
}

/* ---- the plot ---- */

static void draw_lines_below(struct canvas *c, const struct plot_spec *spec,
                             const struct view *v, const struct raster *r,
                             double cursor_snap)
{
    for (size_t i = 0; i < spec->n_events; i++) {
        const int x = cell_column(v, r, spec->event_x[i]);
        if (x >= 0) {
            canvas_fill(c, (struct rect){x, r->area.y, 1, r->area.h}, 0x250A,
                        ROLE_EVENT, 0);
        }
    }
    const int x = cell_column(v, r, cursor_snap);
    if (x >= 0) {
        canvas_fill(c, (struct rect){x, r->area.y, 1, r->area.h}, 0x2502, ROLE_FOCUS,
                    0);
    }
}

/* Without colours curves are told apart by dashes, in columns of cells. */
static void set_dash(struct raster *r, const struct canvas *c, size_t series)
{
    static const int dash[SERIES_MAX] = {1, 2, 1, 4}, gap[SERIES_MAX] = {0, 1, 1, 1};
    r->dash = c->mono ? dash[series] * r->dx : 0;
    r->gap = c->mono ? gap[series] * r->dx : 0;
}

static void draw_data(struct canvas *c, struct raster *r, const struct plot_spec *spec,
                      const struct view *v, const struct plot_result *out)
{
    for (size_t k = 0; k < spec->n_series; k++) {
        if (spec->series[k].lo && spec->series[k].hi && spec->n_thin == 0) {
            draw_band(r, v, &spec->series[k]);
        }
    }
    for (size_t k = 0; k < spec->n_thin; k++) {
        draw_curve(r, v, &spec->thin[k], spec->smooth, spec->thin[k].faint, false);
    }
    for (size_t k = 0; k < spec->n_series && spec->smooth > 0 && spec->n_thin == 0;
         k++) {
        draw_curve(r, v, &spec->series[k], 0, spec->series[k].faint, false);
    }
    for (size_t k = 0; k < spec->n_series; k++) {
        const struct plot_series *s = &spec->series[k];
        if (s->points) {
            draw_points(r, v, s);
        } else {
            set_dash(r, c, k);
            draw_curve(r, v, s, spec->smooth, s->role, true);
        }
    }
    raster_show(r, c);
    const int x = cell_column(v, r, out->cursor_snap);
    for (size_t k = 0; k < spec->n_series && x >= 0; k++) {
        const double y = on_axis(v, out->at_cursor[k]);
        const int row = isnan(y) ? -1 : cell_row(v, r, y);
        if (row >= 0) {
            canvas_tint(c, (struct rect){x, row, 1, 1}, spec->series[k].role,
                        ATTR_REVERSE);
        }
    }
}

/* Where the data goes: right of the y labels, above the x labels, left of the
 * letters. */
static struct rect data_area(struct rect r, int labels, bool letters)
{
    struct rect area = r;
    if (labels > 0) {
        area.x += labels + 1;
        area.w -= labels + 1;
        area.h -= 2;
    }
    if (letters && area.w >= 4) {
        area.w--;
    }
    return area;
}

static void draw_all(struct canvas *c, struct rect r, const struct plot_spec *spec,
                     struct plot_result *out)
{
    bool letters = false;
    for (size_t k = 0; k < spec->n_series; k++) {
        letters = letters || spec->series[k].letter;
    }
    const bool axes = r.w >= 20 && r.h >= 5;
    struct view v = {0};
    struct raster raster;
    if (!find_view(spec, &v, &out->gaps)) {
        out->area = data_area(r, axes ? 5 : 0, letters);
        rows_centred(c, r, spec->empty ? spec->empty : "no data yet", ROLE_DIM);
        return;
    }
    const struct rect area = data_area(r, axes ? y_label_columns(&v, r) : 0, letters);
    out->area = area;
    if (!raster_init(&raster, area, c->tier)) {
        raster_deinit(&raster);
        rows_centred(c, r, "out of memory", ROLE_DIM);
        return;
    }
    double end[SERIES_MAX] = {NAN, NAN, NAN, NAN};
    read_values(spec, &v, out, end);
    out->x_min = v.x0;
    out->x_max = v.x1;
    out->y_min = v.log ? pow(10.0, v.y0) : v.y0;
    out->y_max = v.log ? pow(10.0, v.y1) : v.y1;
    out->log_y = v.log;
    if (axes) {
        draw_y_axis(c, &v, &raster, r.x);
        draw_x_axis(c, &v, &raster, spec->x_label);
    }
    draw_lines_below(c, spec, &v, &raster, out->cursor_snap);
    draw_data(c, &raster, spec, &v, out);
    if (area.x + area.w < r.x + r.w) {
        draw_letters(c, spec, &v, &raster, end);
    }
    raster_deinit(&raster);
}

void plot_draw(struct canvas *c, struct rect r, const struct plot_spec *spec,
               struct plot_result *out)
{
    struct plot_result result = {.cursor_snap = NAN};
    for (size_t k = 0; k < SERIES_MAX; k++) {
        result.last[k] = result.at_cursor[k] = result.at_cursor_raw[k] = NAN;
    }
    if (r.w > 0 && r.h > 0 && r.w <= AREA_MAX && r.h <= AREA_MAX) {
        struct plot_spec held = *spec;
        held.n_series = spec->n_series < SERIES_MAX ? spec->n_series : SERIES_MAX;
        const struct rect old = canvas_clip(c, r);
        canvas_fill(c, r, ' ', ROLE_TEXT, 0);
        draw_all(c, r, &held, &result);
        if (c->plots) {
            plot_svg_add(c->plots, &held, &result);
        }
        canvas_unclip(c, old);
    }
    if (out) {
        *out = result;
    }
}

/* ---- small ones ---- */

void plot_spark(struct canvas *c, int x, int y, int w, const double *v, size_t n,
                enum role role)
{
    struct span s = {INFINITY, -INFINITY};
    for (size_t i = 0; i < n; i++) {
        span_add(&s, v[i]);
    }
    const size_t columns = w > 0 ? ((size_t)w < n ? (size_t)w : n) : 0;
    for (size_t k = 0; k < columns; k++) {
        const size_t first = k * n / columns;
        const size_t past = (k + 1) * n / columns;
        double best = -INFINITY;
        for (size_t i = first; i < past; i++) {
            best = isfinite(v[i]) && v[i] > best ? v[i] : best;
        }
        int eighths = 0;
        if (isfinite(best)) {
            eighths = s.lo < s.hi ? 1 + (int)lround(share(best, s.lo, s.hi) * 7) : 1;
        }
        canvas_put(c, x + (int)k, y, glyph_bar_up(eighths, c->tier), role, 0);
    }
}

void plot_bar(struct canvas *c, int x, int y, int w, double full, enum role role)
{
    if (w <= 0) {
        return;
    }
    full = full > 0 ? (full < 1 ? full : 1) : 0; /* NaN is 0 */
    int eighths = (int)lround(full * w * 8);
    eighths = eighths == 0 && full > 0 ? 1 : eighths; /* a little is not nothing */
    for (int i = 0; i < w; i++) {
        const int here = eighths - 8 * i;
        canvas_put(c, x + i, y, glyph_bar_right(here < 8 ? here : 8, c->tier), role, 0);
    }
}
