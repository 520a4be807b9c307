#include "ui/plot_svg.h"

#include "base/utf8.h"
#include "ui/plot_axis.h"
#include "ui/theme.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A plot, and its data within it, in pixels. */
enum { W = 640, H = 360, LEFT = 68, RIGHT = 30, TOP = 34, BOTTOM = 34 };
enum { DATA_W = W - LEFT - RIGHT, DATA_H = H - TOP - BOTTOM };
enum { BAND_MOST = 2000 }; /* points of a band's edge */
#define SVG_MAX ((size_t)1 << 26)

void plot_svg_init(struct plot_svg *s)
{
    s->n = 0;
    str_init(&s->panels, SVG_MAX);
}

void plot_svg_deinit(struct plot_svg *s)
{
    str_free(&s->panels);
}

/* ---- text and colours ---- */

/* Append text made printable, with markup escaped. */
static void add_escaped(struct str *out, const char *text)
{
    struct str safe;
    str_init(&safe, (size_t)1 << 16);
    utf8_escape(&safe, text, strlen(text));
    for (size_t i = 0; i < safe.len; i++) {
        const char c = safe.p[i];
        if (c == '&') {
            str_add(out, "&amp;");
        } else if (c == '<') {
            str_add(out, "&lt;");
        } else if (c == '>') {
            str_add(out, "&gt;");
        } else if (c == '"') {
            str_add(out, "&quot;");
        } else {
            str_addc(out, c);
        }
    }
    str_free(&safe);
}

static unsigned color(enum role role)
{
    int32_t fg, bg;
    theme_true(THEME_LIGHT, role, &fg, &bg);
    return fg < 0 ? 0u : (unsigned)fg;
}

static void add_text(struct str *out, double x, double y, const char *how,
                     enum role role, const char *text)
{
    str_addf(out, "<text x=\"%.1f\" y=\"%.1f\" fill=\"#%06X\"%s>", x, y, color(role),
             how);
    add_escaped(out, text);
    str_add(out, "</text>\n");
}

static void add_line(struct str *out, double x, double y, double x2, double y2,
                     enum role role, const char *how)
{
    str_addf(out,
             "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
             "stroke=\"#%06X\"%s/>\n",
             x, y, x2, y2, color(role), how);
}

/* ---- places ---- */

static double held(double v, double lo, double hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* Halves, so that the widest range does not overflow. */
static double share(double v, double a, double b)
{
    return (0.5 * v - 0.5 * a) / (0.5 * b - 0.5 * a);
}

/* How far out of sight a coordinate may be: as far as drawings bear. */
#define FAR 1e4

static double place_x(const struct plot_result *r, double x)
{
    return LEFT + DATA_W * held(share(x, r->x_min, r->x_max), -FAR, FAR);
}

/* The y of a value; NaN if the axis has no place for it. */
static double place_y(const struct plot_result *r, double y)
{
    if (!isfinite(y) || (r->log_y && y <= 0)) {
        return (double)NAN;
    }
    const double t = r->log_y ? share(log10(y), log10(r->y_min), log10(r->y_max))
                              : share(y, r->y_min, r->y_max);
    return TOP + DATA_H * (1 - held(t, -FAR, FAR));
}

/* ---- curves ---- */

/* A path being drawn: one half pixel is open, of which a few points are kept. */
struct path {
    struct str *out;
    bool begun, open;
    int column;
    double x, first, low, high, last;
};

static void path_point(struct path *p, double x, double y)
{
    str_addf(p->out, "%c%.1f %.1f", p->begun ? 'L' : 'M', x, y);
    p->begun = true;
}

static void path_settle(struct path *p)
{
    if (!p->open) {
        return;
    }
    path_point(p, p->x, p->first);
    if (p->low < p->high) {
        path_point(p, p->x, p->low);
        path_point(p, p->x, p->high);
        path_point(p, p->x, p->last);
    }
    p->open = false;
}

static void path_to(struct path *p, double x, double y)
{
    const int column = (int)floor(2 * x);
    if (isnan(y)) {
        path_settle(p);
        p->begun = false;
        return;
    }
    if (p->open && column == p->column) {
        p->low = fmin(p->low, y);
        p->high = fmax(p->high, y);
        p->last = y;
        return;
    }
    path_settle(p);
    *p = (struct path){p->out, p->begun, true, column, x, y, y, y, y};
}

/* Narrow *t0..*t1 to the part where from + t * by is between low and high; false: none
 * is. */
static bool cut(double *t0, double *t1, double from, double by, double low, double high)
{
    if (!(fabs(by) > 0)) {
        return from >= low && from <= high;
    }
    const double a = (low - from) / by, b = (high - from) / by;
    *t0 = fmax(*t0, fmin(a, b));
    *t1 = fmin(*t1, fmax(a, b));
    return *t0 <= *t1;
}

/* A curve being drawn, and its last sample, which may be out of sight. */
struct curve {
    struct path path;
    bool has;
    double x, y;
};

/* Draw to the next sample, or only the part of that line near the view: it is cut
 * there, so that it enters at its own slope. NaN: a gap. */
static void curve_to(struct curve *c, double x, double y)
{
    double t0 = 0, t1 = 1;
    if (isnan(y)) {
        path_to(&c->path, x, y);
        c->has = false;
        return;
    }
    const double from_x = c->has ? c->x : x, from_y = c->has ? c->y : y;
    const double by_x = x - from_x, by_y = y - from_y;
    const bool near = cut(&t0, &t1, from_x, by_x, LEFT - DATA_W, LEFT + 2 * DATA_W) &&
                      cut(&t0, &t1, from_y, by_y, TOP - DATA_H, TOP + 2 * DATA_H);
    const bool begins = !c->has || t0 > 0;
    if (!near || begins) {
        path_to(&c->path, x, (double)NAN);
    }
    if (near && begins) {
        path_to(&c->path, from_x + t0 * by_x, from_y + t0 * by_y);
    }
    if (near && c->has) {
        path_to(&c->path, t1 < 1 ? from_x + t1 * by_x : x,
                t1 < 1 ? from_y + t1 * by_y : y);
    }
    *c = (struct curve){c->path, true, x, y};
}

static void add_curve(struct str *out, const struct plot_result *r,
                      const struct plot_series *s, double smooth, enum role role,
                      const char *how)
{
    struct curve c = {.path = {.out = out}};
    struct plot_ema m = plot_ema_begin(smooth);
    str_addf(out, "<path fill=\"none\" stroke=\"#%06X\"%s d=\"", color(role), how);
    for (size_t i = 0; i < s->n; i++) {
        const double y = plot_ema_next(&m, s->y[i]);
        /* Samples next to those in view lead a line in and out. */
        const bool before = i + 1 < s->n && s->x[i + 1] < r->x_min;
        const bool after = i > 0 && s->x[i - 1] > r->x_max;
        if (!before && !after) {
            curve_to(&c, place_x(r, s->x[i]), place_y(r, y));
        }
    }
    path_settle(&c.path);
    str_add(out, "\"/>\n");
}

static void add_points(struct str *out, const struct plot_result *r,
                       const struct plot_series *s)
{
    str_addf(out, "<g fill=\"#%06X\">\n", color(s->role));
    for (size_t i = 0; i < s->n; i++) {
        const double y = place_y(r, s->y[i]);
        if (!isnan(y) && s->x[i] >= r->x_min && s->x[i] <= r->x_max) {
            str_addf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2\"/>\n",
                     place_x(r, s->x[i]), y);
        }
    }
    str_add(out, "</g>\n");
}

static bool has_band(const struct plot_result *r, const struct plot_series *s, size_t i)
{
    return !isnan(place_y(r, s->lo[i])) && !isnan(place_y(r, s->hi[i]));
}

/* Draw the band of samples from .. to - 1, which have intervals: along the upper edge,
 * and back along the lower. */
static void add_band_run(struct str *out, const struct plot_result *r,
                         const struct plot_series *s, size_t from, size_t to)
{
    const size_t by = (to - from) / BAND_MOST + 1;
    str_addf(out, "<path fill=\"#%06X\" fill-opacity=\"0.25\" d=\"", color(s->faint));
    for (size_t i = from; i < to; i += by) {
        str_addf(out, "%c%.1f %.1f", i == from ? 'M' : 'L', place_x(r, s->x[i]),
                 place_y(r, s->hi[i]));
    }
    for (size_t k = (to - from + by - 1) / by; k-- > 0;) {
        const size_t i = from + k * by;
        str_addf(out, "L%.1f %.1f", place_x(r, s->x[i]), place_y(r, s->lo[i]));
    }
    str_add(out, "Z\"/>\n");
}

static void add_band(struct str *out, const struct plot_result *r,
                     const struct plot_series *s)
{
    for (size_t i = 0; i < s->n;) {
        size_t to = i;
        while (to < s->n && has_band(r, s, to)) {
            to++;
        }
        if (to > i) {
            add_band_run(out, r, s, i, to);
        }
        i = to + 1;
    }
}

/* ---- one plot ---- */

static void add_axes(struct str *out, const struct plot_spec *spec,
                     const struct plot_result *r)
{
    struct axis_ticks t;
    char label[48];
    add_line(out, LEFT, TOP, LEFT, TOP + DATA_H, ROLE_AXIS, "");
    add_line(out, LEFT, TOP + DATA_H, LEFT + DATA_W, TOP + DATA_H, ROLE_AXIS, "");
    axis_ticks(&t, r->y_min, r->y_max, 6, r->log_y);
    for (size_t i = 0; i < t.n; i++) {
        const double y = place_y(r, t.at[i]);
        axis_label(label, sizeof label, t.at[i], t.step, 12);
        if (!isnan(y)) {
            add_line(out, LEFT - 4, y, LEFT, y, ROLE_AXIS, "");
            add_text(out, LEFT - 7, y + 4, " text-anchor=\"end\"", ROLE_AXIS, label);
        }
    }
    axis_ticks(&t, r->x_min, r->x_max, 6, false);
    for (size_t i = 0; i < t.n; i++) {
        const double x = place_x(r, t.at[i]);
        axis_label(label, sizeof label - 8, t.at[i], t.step, 12);
        const size_t n = strlen(label);
        snprintf(label + n, sizeof label - n, "%.7s",
                 spec->x_label ? spec->x_label : "");
        add_line(out, x, TOP + DATA_H, x, TOP + DATA_H + 4, ROLE_AXIS, "");
        add_text(out, x, TOP + DATA_H + 17, " text-anchor=\"middle\"", ROLE_AXIS,
                 label);
    }
}

static void add_data(struct str *out, const struct plot_spec *spec,
                     const struct plot_result *r)
{
    /* The second one is dashed: in a grey print colour alone says nothing. */
    static const char *const how[] = {
        " stroke-width=\"1.8\"", " stroke-width=\"1.8\" stroke-dasharray=\"7 3\"",
        " stroke-width=\"1.8\" stroke-dasharray=\"2 3\"",
        " stroke-width=\"1.8\" stroke-dasharray=\"9 3 2 3\""};
    for (size_t k = 0; k < spec->n_series && spec->n_thin == 0; k++) {
        if (spec->series[k].lo && spec->series[k].hi) {
            add_band(out, r, &spec->series[k]);
        }
    }
    for (size_t k = 0; k < spec->n_thin; k++) {
        add_curve(out, r, &spec->thin[k], spec->smooth, spec->thin[k].faint, "");
    }
    for (size_t k = 0; k < spec->n_series; k++) {
        const struct plot_series *s = &spec->series[k];
        if (s->points) {
            add_points(out, r, s);
            continue;
        }
        if (spec->smooth > 0 && spec->n_thin == 0) {
            add_curve(out, r, s, 0, s->faint, " stroke-opacity=\"0.6\"");
        }
        add_curve(out, r, s, spec->smooth, s->role, how[k % 4]);
    }
}

/* Draw each letter beside its curve's end, no two in the same place. */
static void add_letters(struct str *out, const struct plot_spec *spec,
                        const struct plot_result *r)
{
    double taken[4];
    size_t n = 0;
    for (size_t k = 0; k < spec->n_series && k < 4; k++) {
        const struct plot_series *s = &spec->series[k];
        const char letter[2] = {s->letter, '\0'};
        double y = place_y(r, r->last[k]);
        if (!s->letter || isnan(y)) {
            continue;
        }
        y = held(y, TOP, TOP + DATA_H);
        for (size_t i = 0; i < n; i++) {
            y = fabs(y - taken[i]) < 12 ? taken[i] - 13 : y;
        }
        taken[n++] = y;
        add_text(out, LEFT + DATA_W + 6, y + 4, " font-weight=\"bold\"", s->role,
                 letter);
    }
}

/* Draw what the letters stand for, right of the title. */
static void add_names(struct str *out, const struct plot_spec *spec)
{
    char text[400];
    size_t len = 0;
    text[0] = '\0';
    for (size_t k = 0; k < spec->n_series && len < sizeof text; k++) {
        const struct plot_series *s = &spec->series[k];
        if (s->letter && s->name) {
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%c %.60s",
                                    len ? "    " : "", s->letter, s->name);
        }
    }
    add_text(out, LEFT + DATA_W, 20, " text-anchor=\"end\"", ROLE_DIM, text);
}

void plot_svg_add(struct plot_svg *s, const struct plot_spec *spec,
                  const struct plot_result *drawn)
{
    struct str *out = &s->panels;
    str_addf(out, "<g transform=\"translate(%zu,%zu)\">\n", s->n % 2 * W, s->n / 2 * H);
    add_text(out, LEFT, 20, " font-size=\"14\" font-weight=\"bold\"", ROLE_TITLE,
             spec->title ? spec->title : "");
    add_names(out, spec);
    if (drawn->x_min < drawn->x_max && drawn->y_min < drawn->y_max) {
        add_axes(out, spec, drawn);
        str_addf(out,
                 "<svg x=\"0\" y=\"0\" width=\"%d\" height=\"%d\" "
                 "clip-path=\"url(#data)\">\n",
                 W, H);
        for (size_t i = 0; i < spec->n_events; i++) {
            const double x = place_x(drawn, spec->event_x[i]);
            add_line(out, x, TOP, x, TOP + DATA_H, ROLE_EVENT,
                     " stroke-dasharray=\"2 4\"");
        }
        add_data(out, spec, drawn);
        str_add(out, "</svg>\n");
        add_letters(out, spec, drawn);
    } else {
        add_text(out, LEFT + DATA_W / 2.0, TOP + DATA_H / 2.0,
                 " text-anchor=\"middle\"", ROLE_DIM,
                 spec->empty ? spec->empty : "no data yet");
    }
    str_add(out, "</g>\n");
    s->n++;
}

enum err plot_svg_file(const struct plot_svg *s, struct str *out, struct errinfo *e)
{
    if (!s->n) {
        return err_set(
            e, ERR_USAGE,
            "this screen shows no plot, which .svg is of; .txt and .ansi are "
            "of any screen");
    }
    TRY(str_err(&s->panels, "the plots", e));
    const size_t w = s->n > 1 ? 2 * W : W, h = (s->n + 1) / 2 * H;
    str_addf(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" "
        "viewBox=\"0 0 %zu %zu\" font-family=\"sans-serif\" font-size=\"12\">\n"
        "<clipPath id=\"data\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>"
        "</clipPath>\n<rect width=\"%zu\" height=\"%zu\" fill=\"#FFFFFF\"/>\n",
        w, h, w, h, LEFT, TOP, DATA_W, DATA_H, w, h);
    str_addn(out, s->panels.p, s->panels.len);
    str_add(out, "</svg>\n");
    return OK;
}
