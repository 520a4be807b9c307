/* What the panes of Train can show, why one is empty, and the x axis that they share.
 */
#include "ui/screen.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- measures ---- */

int train_pane_metric(size_t i)
{
    return measure_pane((int)i + 1);
}

static unsigned traits_of(int metric)
{
    return measure_at((enum metric)metric)->traits;
}

bool train_is_noisy(int metric)
{
    return traits_of(metric) & MEASURE_NOISY;
}

const char *train_measured_on(const struct session_view *v, int metric)
{
    const unsigned traits = traits_of(metric);
    if (traits & MEASURE_EVALUATED) {
        return traits & MEASURE_OOD ? "on OOD text, unmasked"
                                    : "on held-out text, unmasked";
    }
    if (!(traits & MEASURE_ON_BATCH) || v->state == SESSION_LOADING) {
        return "";
    }
    const bool a = v->arm[0].rate_in_use > 0;
    const bool b = v->n_arms > 1 && v->arm[1].rate_in_use > 0;
    /* Switched off, and the text in use is of before. */
    const bool still = (a && v->arm[0].rate_set <= 0) || (b && v->arm[1].rate_set <= 0);
    if (v->n_arms < 2 || a == b) {
        return !a      ? "on unmasked batches"
               : still ? "still on masked batches"
                       : "on masked batches";
    }
    if (a) {
        return still ? "A still on masked batches, B not"
                     : "A on masked batches, B not";
    }
    return still ? "B still on masked batches, A not" : "B on masked batches, A not";
}

static const char *fact_of(const struct session_view *v, const char *name)
{
    for (size_t i = 0; i < v->n_facts; i++) {
        if (!strcmp(v->fact[i].name, name)) {
            return v->fact[i].value;
        }
    }
    return NULL;
}

/* Why a pane is empty. */
void train_why_empty(const struct session_view *v, int metric, char *out, size_t cap)
{
    const unsigned traits = traits_of(metric);
    const char *ood = fact_of(v, "ood");
    char step[32];
    if (v->state == SESSION_LOADING) {
        out[0] = '\0'; /* a window says what is loading */
    } else if ((traits & MEASURE_OOD) && ood && !ood[0]) {
        snprintf(out, cap, "no OOD text given (--ood FILE)");
    } else if ((traits & MEASURE_CONCEPTS) && !v->names.n_concepts) {
        snprintf(out, cap, "no concepts given (--concepts FILE)");
    } else if ((traits & MEASURE_CONCEPTS) && v->arm[0].series[METRIC_EV].n) {
        snprintf(out, cap, "no concept is told apart well enough yet");
    } else if (v->state == SESSION_FAILED) {
        snprintf(out, cap, "the run stopped before this was measured");
    } else if (v->state == SESSION_BROWSING || v->state == SESSION_ENDED) {
        snprintf(out, cap, "not measured in this run");
    } else if ((traits & MEASURE_EVALUATED) && v->evaluating) {
        snprintf(out, cap, "the first evaluation is running");
    } else if ((traits & MEASURE_EVALUATED) && v->eval_next_step > 0) {
        text_thousands(step, sizeof step, (int64_t)v->eval_next_step);
        snprintf(out, cap, "first evaluation at step %s", step);
    } else if ((traits & MEASURE_EVALUATED) && !v->eval_ready) {
        snprintf(out, cap, "the held-out set is being made ready");
    } else if (traits & MEASURE_EVALUATED) {
        snprintf(out, cap, "the first evaluation comes soon");
    } else if (v->step > 0 && v->arm[0].series[METRIC_LOSS].n) {
        snprintf(out, cap, "not measured for this kind of SAE");
    } else {
        snprintf(out, cap, "first values after a few steps");
    }
}

/* ---- the x axis ---- */

/* y of a curve at x, by its neighbours; the end values outside. */
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
    const struct series *tokens = &v->arm[0].series[METRIC_TOKENS];
    const struct series *loss = &v->arm[0].series[METRIC_LOSS];
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
    *lo = a->train.x_lo;
    *hi = a->train.x_hi;
    if (!(*lo < *hi)) {
        *lo = 0;
        *hi = train_axis_end(v, a->train.unit);
    }
}

void train_zoom_x(struct app *a, const struct session_view *v, const char *how)
{
    struct train_state *t = &a->train;
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

/* One column of the plot in focus, in units of x. */
double train_column_width(const struct app *a, const struct session_view *v)
{
    double lo, hi;
    train_axis_range(a, v, &lo, &hi);
    const int focus = a->focus[SCREEN_TRAIN];
    const int i = focus < PANES && a->train.drawn[focus] ? focus : 0;
    const int w = a->train.drawn[i] ? a->train.plot[i].area.w : 0;
    return (hi - lo) / (w > 0 ? w : 50);
}
