/* The panes of Train: a measure's curves, one for each condition. */
#include "base/mem.h"
#include "ui/event_lines.h"
#include "ui/glyph.h"
#include "ui/pane.h"
#include "ui/screens/train_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { EVENT_LINES = 64 };

/* Collect the events that change the course of training, newest first. */
static size_t event_lines(const struct app *a, const struct session_view *v,
                          double *out)
{
    size_t n = 0;
    for (size_t i = v->n_events; i-- > 0 && n < EVENT_LINES;) {
        if (event_is_drawn(&v->event[i])) {
            out[n++] = train_axis_x(v, train_of(a)->unit, (double)v->event[i].step);
        }
    }
    return n;
}

/* One arm's curve; *x_own is memory to release if the axis is not in steps. */
static struct plot_series curve(const struct app *a, const struct session_view *v,
                                size_t arm, int metric, double **x_own)
{
    const struct cond_view *av = &v->cond[arm];
    const struct series *s = &av->series[metric];
    size_t from = 0;
    /* The part of the curve that a fork shares with its origin is drawn once, as the
     * origin's. */
    while (arm && av->forked_at > 0 && from < s->n &&
           s->x[from] < (double)av->forked_at) {
        from++;
    }
    struct plot_series p = {.n = s->n - from,
                            .role = arm_role(arm),
                            .faint = arm_faint(arm),
                            .letter = av->letter,
                            .name = av->label};
    *x_own = NULL;
    if (!p.n) {
        return p;
    }
    p.x = s->x + from;
    p.y = s->y + from;
    p.lo = s->lo ? s->lo + from : NULL;
    p.hi = s->hi ? s->hi + from : NULL;
    if (train_of(a)->unit != X_STEP) {
        *x_own = mem_alloc(p.n, sizeof **x_own);
        for (size_t i = 0; *x_own && i < p.n; i++) {
            (*x_own)[i] = train_axis_x(v, train_of(a)->unit, p.x[i]);
        }
        p.x = *x_own;
        p.n = p.x ? p.n : 0;
    }
    return p;
}

/* Collect the curves of seeds, for conditions that have several; returns how many. */
static size_t seed_curves(const struct session_view *v, int metric,
                          struct plot_series out[VIEW_ARMS])
{
    size_t n = 0;
    for (size_t a = 0; a < v->n_arms; a++) {
        const struct series *s = &v->arm[a].series[metric];
        const size_t cond = v->arm[a].cond;
        if (cond < v->n_conds && v->cond[cond].n_seeds > 1 && s->n > 0) {
            out[n++] = (struct plot_series){.x = s->x,
                                            .y = s->y,
                                            .n = s->n,
                                            .role = arm_faint(cond),
                                            .faint = arm_faint(cond)};
        }
    }
    return n;
}

/* Write the title of a pane. The words after the label are left out if the value needs
 * room. */
static void pane_title(const struct app *a, const char *label,
                       const struct plot_result *res, bool smoothed, size_t room,
                       char *out, size_t cap)
{
    size_t len = (size_t)snprintf(out, cap, "%s", label);
    if (res->log_y && len < cap && len + sizeof " (log)" - 1 <= room) {
        len += (size_t)snprintf(out + len, cap - len, " (log)");
    }
    if (res->gaps && len < cap) {
        len += (size_t)snprintf(out + len, cap - len, "  %zu gap%s", res->gaps,
                                plural_s(res->gaps));
    }
    static const char word[] = "  smoothed";
    if (!smoothed || len + sizeof word - 1 >= room || len >= cap) {
        return;
    }
    char by[32];
    const int n = snprintf(by, sizeof by, " %.2g", a->smooth);
    len += (size_t)snprintf(out + len, cap - len, "%s", word);
    if (len + (size_t)n < room && len < cap) {
        snprintf(out + len, cap - len, "%s", by);
    }
}

void train_pane_value(const struct app *a, const struct session_view *v, int i,
                      char *out, size_t cap)
{
    const size_t n = conds_of(v);
    const struct plot_result *res = &train_of(a)->plot[i];
    const bool cursor = isfinite(train_of(a)->cursor);
    size_t len = 0;
    out[0] = '\0';
    if (cursor && isfinite(res->cursor_snap)) {
        char at[32];
        plot_number(at, sizeof at, res->cursor_snap, 7);
        len = (size_t)snprintf(out, cap, "@%s ", at);
    }
    for (size_t k = 0; k < n && len < cap; k++) {
        const double value = cursor ? res->at_cursor[k] : res->last[k];
        char text[24];
        if (!isfinite(value)) {
            continue;
        }
        plot_number(text, sizeof text, value, 5);
        len += (size_t)snprintf(out + len, cap - len, "%s%c %s", k ? "  " : "",
                                v->cond[k].letter, text);
        const struct series *s = &v->cond[k].series[train_of(a)->metric[i]];
        if (!cursor && s->lo && s->n && isfinite(s->lo[s->n - 1]) && n == 1 &&
            len < cap) {
            char half[24];
            plot_number(half, sizeof half, 0.5 * (s->hi[s->n - 1] - s->lo[s->n - 1]),
                        5);
            len += (size_t)snprintf(out + len, cap - len, " %s%s",
                                    glyph_plus_minus(a->tier), half);
        }
    }
}

/* Values in fewer columns: "A .167 B .185" */
static void compact(char *values)
{
    char *to = values;
    for (const char *p = values; *p; p++) {
        const bool zero = p[0] == '0' && p[1] == '.' && p > values && p[-1] == ' ';
        const bool space = p[0] == ' ' && p[1] == ' ';
        if (!zero && !space) {
            *to++ = *p;
        }
    }
    *to = '\0';
}

/* The label of a measure that `room` columns hold beside its values, whole: the values
 * are made shorter for it, then the label, then they are left out, as each curve has
 * its letter at its end. */
static const char *fit_title(const struct measure *m, int room, char *values)
{
    if (canvas_text_width(values) + canvas_text_width(m->label) > room) {
        compact(values);
    }
    room -= canvas_text_width(values);
    if (canvas_text_width(m->label) <= room) {
        return m->label;
    }
    if (m->brief && canvas_text_width(m->brief) <= room) {
        return m->brief;
    }
    values[0] = '\0';
    return m->label;
}

/* Give the letters in a box's value the colour of their arm. */
static void tint_letters(struct canvas *c, struct rect r, const char *value)
{
    const int w = canvas_text_width(value);
    const int x = r.x + r.w - 3 - w;
    for (int i = 0; value[i]; i++) {
        const int k = value[i] - 'A';
        if (k >= 0 && k < VIEW_CONDS && value[i + 1] == ' ' && x > r.x + 3) {
            canvas_tint(c, (struct rect){x + i, r.y, 1, 1}, arm_role((size_t)k),
                        ATTR_BOLD);
        }
    }
}

/* Write words into the lower border of a box. */
void train_caption(struct canvas *c, struct rect r, const char *text, enum role role)
{
    const int w = canvas_text_width(text);
    if (w > 0 && w + 6 <= r.w && r.h > 1) {
        canvas_textf(c, r.x + 2, r.y + r.h - 1, w + 2, role, 0, " %s ", text);
    }
}

/* Whether all conditions have the k of the first, so that L0 on batches tells nothing
 * beyond it. */
static bool is_all_of_k(const struct session_view *v)
{
    bool all = v->n_conds > 0;
    for (size_t i = 0; i < v->n_conds; i++) {
        all = all && v->cond[i].has_k && fabs(v->cond[i].k - v->cond[0].k) < 1e-9;
    }
    return all;
}

/* What a measure is taken on and, of an evaluated one, which way it is better, in up to
 * `room` columns. Returns the role of it: one that cannot be compared stands out. */
static enum role pane_caption(const struct session_view *v, int metric, int room,
                              char *out, size_t cap)
{
    if (metric == METRIC_L0 && is_all_of_k(v)) {
        snprintf(out, cap, "k = %.3g by design", v->cond[0].k);
        return ROLE_DIM;
    }
    const struct measure *m = measure_at((enum metric)metric);
    const char *on = pane_taken_on(v, metric);
    const char *way = m->better > 0 ? "higher is better" : "lower is better";
    snprintf(out, cap, "%s; %s", on, way);
    if (canvas_text_width(out) > room) { /* evaluation is always on unmasked text */
        snprintf(out, cap, "%.*s; %s", (int)strcspn(on, ","), on, way);
    }
    if (!(m->traits & MEASURE_EVALUATED) || !m->better ||
        canvas_text_width(out) > room) {
        snprintf(out, cap, "%s", on);
    }
    return strstr(on, ": ") ? ROLE_WARN : ROLE_DIM;
}

void train_pane(struct app *a, const struct session_view *v, struct canvas *c,
                struct rect r, int i, bool focused)
{
    const int metric = train_of(a)->metric[i];
    double events[EVENT_LINES];
    double *x_own[VIEW_CONDS] = {NULL};
    char why[160];
    struct plot_series thin[VIEW_ARMS];
    struct plot_spec spec = {.title = measure_at((enum metric)metric)->label,
                             .y_min = (double)NAN,
                             .y_max = (double)NAN};
    spec.n_series = conds_of(v);
    for (size_t k = 0; k < spec.n_series; k++) {
        spec.series[k] = curve(a, v, k, metric, &x_own[k]);
    }
    if (train_of(a)->seeds && train_of(a)->unit == X_STEP) {
        spec.thin = thin;
        spec.n_thin = seed_curves(v, metric, thin);
    }
    spec.event_x = events;
    spec.n_events = event_lines(a, v, events);
    train_axis_range(a, v, &spec.x_min, &spec.x_max);
    spec.log_y = train_of(a)->log_y[i];
    spec.smooth = pane_is_noisy(metric) ? a->smooth : 0;
    spec.cursor_x = train_of(a)->cursor;
    spec.x_label = train_of(a)->unit == X_TIME ? "s" : NULL;
    pane_why_empty(v, metric, why, sizeof why);
    spec.empty = why;
    const struct rect inside = rect_inset(r, 1, 1);
    struct plot_result *res = &train_of(a)->plot[i];
    plot_draw(c, inside, &spec, res);
    train_of(a)->drawn[i] = true;
    char title[96], value[96];
    train_pane_value(a, v, i, value, sizeof value);
    const char *label = fit_title(measure_at((enum metric)metric), r.w - 9, value);
    const int room = r.w - 9 - canvas_text_width(value);
    pane_title(a, label, res, spec.smooth > 0, room > 0 ? (size_t)room : 0, title,
               sizeof title);
    canvas_box(c, r, title, value, focused);
    tint_letters(c, r, value);
    char caption[96];
    const enum role role = pane_caption(v, metric, r.w - 6, caption, sizeof caption);
    train_caption(c, r, caption, role);
    app_hit(a, r, HIT_PANE, i);
    app_hit(a, inside, HIT_PLOT, i);
    for (size_t k = 0; k < spec.n_series; k++) {
        mem_free(x_own[k]);
    }
}
