/* The x axis that the panes of Train share. */
#include "ui/screens/train_priv.h"

#include <math.h>
#include <string.h>

/* ---- the x axis ---- */

/* y of a curve at x, interpolated; outside it the end values. */
static double curve_at(const double *x, const double *y, size_t n, double at)
{
    if (!n) {
        return 0;
    }
    size_t lo = 0, hi = n; /* first x >= at */
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (x[mid] < at) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    if (lo == n || x[lo] <= at) {
        return y[lo == n ? n - 1 : lo];
    }
    const double x0 = lo ? x[lo - 1] : 0;
    const double y0 = lo ? y[lo - 1] : 0;
    return y0 + (y[lo] - y0) * (at - x0) / (x[lo] - x0);
}

double train_axis_x(const struct session_view *v, enum x_unit unit, double step)
{
    const struct series *tokens = &v->cond[0].series[METRIC_TOKENS];
    const struct series *loss = &v->cond[0].series[METRIC_LOSS];
    switch (unit) {
    case X_TOKENS: return curve_at(tokens->x, tokens->y, tokens->n, step);
    case X_TIME: return curve_at(loss->x, loss->seconds, loss->n, step);
    case X_STEP:
    case X_UNITS: break;
    }
    return step;
}

double train_axis_end(const struct session_view *v, enum x_unit unit)
{
    const double steps = (double)(v->steps > v->step ? v->steps : v->step);
    if (unit == X_STEP || v->step < 1) {
        return steps > 0 ? steps : 1;
    }
    /* The plan, at the pace so far. */
    const double end = train_axis_x(v, unit, (double)v->step) * steps / (double)v->step;
    return isfinite(end) && end > 0 ? end : 1;
}

void train_axis_range(const struct app *a, const struct session_view *v, double *lo,
                      double *hi)
{
    *lo = train_of(a)->x_lo;
    *hi = train_of(a)->x_hi;
    if (!(*lo < *hi)) {
        *lo = 0;
        *hi = train_axis_end(v, train_of(a)->unit);
    }
}

void train_zoom_x(struct app *a, const struct session_view *v, const char *how)
{
    struct train_state *t = train_of(a);
    const double end = train_axis_end(v, t->unit);
    double lo, hi;
    train_axis_range(a, v, &lo, &hi);
    const double newest = train_axis_x(v, t->unit, (double)v->step);
    double middle = isfinite(t->cursor) ? t->cursor : newest;
    middle = middle < lo ? lo : middle > hi ? hi : middle;
    double width = hi - lo;
    if (!strcmp(how, "in")) {
        width = fmax(width / 2, end * 1e-4);
    } else if (!strcmp(how, "out")) {
        width *= 2;
    } else if (!strcmp(how, "all")) {
        t->cursor = (double)NAN;
        width = end;
    } else {
        app_say(a, true, "zoom-x: expected in, out or all");
        return;
    }
    if (width >= end) {
        t->x_lo = t->x_hi = 0;
        return;
    }
    t->x_lo = fmin(fmax(middle - width / 2, 0), end - width);
    t->x_hi = t->x_lo + width;
}

/* Width of a column of the plot in focus, in units of x. */
double train_column_width(const struct app *a, const struct session_view *v)
{
    double lo, hi;
    train_axis_range(a, v, &lo, &hi);
    const int focus = *app_focus(a, &screen_train);
    const int i = focus < PANES && train_of(a)->drawn[focus] ? focus : 0;
    const int w = train_of(a)->drawn[i] ? train_of(a)->plot[i].area.w : 0;
    return (hi - lo) / (w > 0 ? w : 50);
}
