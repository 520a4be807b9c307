/* Train: curves of the run, and the boxes of train_boxes.c. */
#include "base/file.h"
#include "base/mem.h"
#include "ui/glyph.h"
#include "ui/screen.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- panes ---- */

enum { EVENT_LINES = 64 };

/* Events that change the course, newest first. */
static size_t event_lines(const struct app *a, const struct session_view *v,
                          double *out)
{
    static const char *const quiet[] = {"start", "pause", "resume",      "save",
                                        "done",  "eval",  "mask-planned"};
    size_t n = 0;
    for (size_t i = v->n_events; i-- > 0 && n < EVENT_LINES;) {
        const struct event_view *ev = &v->event[i];
        bool drawn = true;
        for (size_t k = 0; k < sizeof quiet / sizeof quiet[0]; k++) {
            drawn = drawn && strncmp(ev->kind, quiet[k], strlen(quiet[k])) != 0;
        }
        if (drawn) {
            out[n++] = train_axis_x(v, a->train.unit, (double)ev->step);
        }
    }
    return n;
}

/* One arm's curve; *x_own is memory to release when the axis is not in steps. */
static struct plot_series curve(const struct app *a, const struct session_view *v,
                                size_t arm, int metric, double **x_own)
{
    const struct arm_view *av = &v->arm[arm];
    const struct series *s = &av->series[metric];
    size_t from = 0;
    /* What a fork shares with its origin is drawn once, as the origin's. */
    while (arm && av->forked_at > 0 && from < s->n &&
           s->x[from] < (double)av->forked_at) {
        from++;
    }
    struct plot_series p = {.n = s->n - from,
                            .role = arm_role(arm),
                            .faint = arm_faint(arm),
                            .letter = av->letter};
    *x_own = NULL;
    if (!p.n) {
        return p;
    }
    p.x = s->x + from;
    p.y = s->y + from;
    p.lo = s->lo ? s->lo + from : NULL;
    p.hi = s->hi ? s->hi + from : NULL;
    if (a->train.unit != X_STEP) {
        *x_own = mem_alloc(p.n, sizeof **x_own);
        for (size_t i = 0; *x_own && i < p.n; i++) {
            (*x_own)[i] = train_axis_x(v, a->train.unit, p.x[i]);
        }
        p.x = *x_own;
        p.n = p.x ? p.n : 0;
    }
    return p;
}

/* What is said after the label gives way where the value needs the room. */
static void pane_title(const struct app *a, int i, const struct plot_result *res,
                       bool smoothed, size_t room, char *out, size_t cap)
{
    const struct measure *def = measure_at((enum metric)a->train.metric[i]);
    size_t len = (size_t)snprintf(out, cap, "%s", def->label);
    if (len > room && room > 4) { /* labels are ASCII */
        snprintf(out, cap, "%.*s\xe2\x80\xa6", (int)room - 1, def->label);
        return;
    }
    if (res->log_y && len < cap) {
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
    const int n = snprintf(by, sizeof by, " %.2g", a->train.smooth);
    len += (size_t)snprintf(out + len, cap - len, "%s", word);
    if (len + (size_t)n < room && len < cap) {
        snprintf(out + len, cap - len, "%s", by);
    }
}

/* "A 0.214  B 0.203", with a cursor "@412 A 0.214  B 0.203". */
static void pane_value(const struct app *a, const struct session_view *v, int i,
                       size_t n, char *out, size_t cap)
{
    const struct plot_result *res = &a->train.plot[i];
    const bool cursor = isfinite(a->train.cursor);
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
                                v->arm[k].letter, text);
        const struct series *s = &v->arm[k].series[a->train.metric[i]];
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

/* Give the letters in a box's value the colour of their arm. */
static void tint_letters(struct canvas *c, struct rect r, const char *value)
{
    const int w = canvas_text_width(value);
    const int x = r.x + r.w - 3 - w;
    for (int i = 0; value[i]; i++) {
        const bool alone = (value[i] == 'A' || value[i] == 'B') && value[i + 1] == ' ';
        if (alone && x > r.x + 3) {
            canvas_tint(c, (struct rect){x + i, r.y, 1, 1}, arm_role(value[i] == 'B'),
                        ATTR_BOLD);
        }
    }
}

/* Words in the lower border of a box. */
static void draw_caption(struct canvas *c, struct rect r, const char *text)
{
    const int w = canvas_text_width(text);
    if (w > 0 && w + 6 <= r.w && r.h > 1) {
        canvas_textf(c, r.x + 2, r.y + r.h - 1, w + 2, ROLE_DIM, 0, " %s ", text);
    }
}

static void draw_pane(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r, int i, bool focused)
{
    const int metric = a->train.metric[i];
    double events[EVENT_LINES];
    double *x_own[2] = {NULL, NULL};
    char why[160];
    struct plot_spec spec = {.y_min = (double)NAN, .y_max = (double)NAN};
    spec.n_series = arms_of(v);
    for (size_t k = 0; k < spec.n_series; k++) {
        spec.series[k] = curve(a, v, k, metric, &x_own[k]);
    }
    spec.event_x = events;
    spec.n_events = event_lines(a, v, events);
    train_axis_range(a, v, &spec.x_min, &spec.x_max);
    spec.log_y = a->train.log_y[i];
    spec.smooth = train_is_noisy(metric) ? a->train.smooth : 0;
    spec.cursor_x = a->train.cursor;
    spec.x_label = a->train.unit == X_TIME ? "s" : NULL;
    train_why_empty(v, metric, why, sizeof why);
    spec.empty = why;
    const struct rect inside = rect_inset(r, 1, 1);
    struct plot_result *res = &a->train.plot[i];
    plot_draw(c, inside, &spec, res);
    a->train.drawn[i] = true;
    char title[96], value[96];
    pane_value(a, v, i, spec.n_series, value, sizeof value);
    const int room = r.w - 9 - canvas_text_width(value);
    pane_title(a, i, res, spec.smooth > 0, room > 0 ? (size_t)room : 0, title,
               sizeof title);
    canvas_box(c, r, title, value, focused);
    tint_letters(c, r, value);
    draw_caption(c, r, train_measured_on(v, metric));
    app_hit(a, r, HIT_PANE, i);
    app_hit(a, inside, HIT_PLOT, i);
    mem_free(x_own[0]);
    mem_free(x_own[1]);
}

void screen_train_view(struct app *a, const struct session_view *v, struct canvas *c,
                       struct rect body, bool wide)
{
    const struct layout_train l = layout_train(body, wide);
    const int panes = wide ? 4 : 3;
    const int focus = a->focus[SCREEN_TRAIN];
    memset(a->train.drawn, 0, sizeof a->train.drawn);
    if (a->train.zoomed && focus < panes) {
        draw_pane(a, v, c, body, focus, true);
        return;
    }
    for (int i = 0; i < panes; i++) {
        draw_pane(a, v, c, l.pane[i], i, focus == i);
    }
    train_run_box(a, v, c, l.run, wide, focus == panes);
    app_hit(a, l.run, HIT_PANE, panes);
    if (wide) {
        app_hit(a, l.mask, HIT_PANE, 5);
        train_mask_box(a, v, c, l.mask, focus == 5);
        app_hit(a, l.events, HIT_PANE, 6);
        app_hit(a, rect_inset(l.events, 1, 1), HIT_EVENTS, 0);
        train_events_box(a, v, c, l.events, focus == 6);
    }
}

/* ---- state ---- */

void screen_train_sync(struct app *a, const struct session_view *v)
{
    struct train_state *t = &a->train;
    for (int arm = 0; arm < 2; arm++) {
        /* The view shows what was asked, or the trainer has gone on without. */
        if (!isnan(t->asked_rate[arm]) &&
            (fabs(v->arm[arm].rate_set - t->asked_rate[arm]) < 1e-9 ||
             v->step > t->asked_at[arm] + 50 || v->state == SESSION_FAILED ||
             v->state == SESSION_DONE)) {
            t->asked_rate[arm] = (double)NAN;
        }
        if (isnan(t->asked_rate[arm]) && v->arm[arm].rate_set > 0) {
            t->rate_on[arm] = v->arm[arm].rate_set;
        }
    }
    if (t->event_top >= v->n_events) {
        t->event_top = v->n_events ? v->n_events - 1 : 0;
    }
    if (arms_of(v) == 1) {
        t->target = 0;
    }
    const int panes = layout_kind(a->w, a->h) == LAYOUT_WIDE ? 7 : 4;
    if (a->focus[SCREEN_TRAIN] >= panes) {
        a->focus[SCREEN_TRAIN] = 0;
    }
}

static void move_cursor(struct app *a, const struct session_view *v, double columns)
{
    double lo, hi;
    train_axis_range(a, v, &lo, &hi);
    const double newest = train_axis_x(v, a->train.unit, (double)v->step);
    double x = isfinite(a->train.cursor)
                   ? a->train.cursor + columns * train_column_width(a, v)
                   : fmin(newest, hi);
    x = x < lo ? lo : x > hi ? hi : x;
    a->train.cursor = x > newest ? newest : x;
}

void screen_train_move(struct app *a, const struct session_view *v,
                       const char *direction)
{
    static const struct {
        const char *name;
        double columns;
    } across[] = {{"left", -1},      {"right", 1},     {"far-left", -10},
                  {"far-right", 10}, {"first", -1e12}, {"last", 1e12}};
    for (size_t i = 0; i < sizeof across / sizeof across[0]; i++) {
        if (!strcmp(direction, across[i].name)) {
            move_cursor(a, v, across[i].columns);
            return;
        }
    }
    size_t *top = &a->train.event_top;
    const bool events = a->focus[SCREEN_TRAIN] == 6 || strchr(direction, '-');
    const bool down = strstr(direction, "down") != NULL;
    if (!events) {
        app_run(a, v, down ? "focus +" : "focus -");
    } else if (down) {
        *top += *top + 1 < v->n_events ? 1U : 0U;
    } else {
        *top -= *top > 0 ? 1U : 0U;
    }
}

void screen_train_enter(struct app *a, const struct session_view *v)
{
    app_run(a, v, a->focus[SCREEN_TRAIN] == 6 ? "events" : "zoom");
}

static void plot_mouse(struct app *a, const struct session_view *v,
                       const struct hit *hit, const struct event *ev)
{
    struct train_state *t = &a->train;
    const struct plot_result *res = &t->plot[hit->a];
    const double x = plot_x_at(res, ev->x);
    const bool began_here =
        a->has_pressed && a->pressed.kind == HIT_PLOT && a->pressed.a == hit->a;
    switch (ev->mouse) {
    case MOUSE_PRESS:
        a->focus[SCREEN_TRAIN] = hit->a;
        t->cursor = x;
        break;
    case MOUSE_RELEASE:
        if (began_here && isfinite(t->cursor) &&
            fabs(x - t->cursor) > 2 * train_column_width(a, v)) {
            t->x_lo = fmin(x, t->cursor);
            t->x_hi = fmax(x, t->cursor);
            t->cursor = (double)NAN;
        }
        break;
    case MOUSE_DOUBLE: train_zoom_x(a, v, "all"); break;
    case MOUSE_WHEEL_UP:
    case MOUSE_WHEEL_DOWN:
        t->cursor = isfinite(t->cursor) ? t->cursor : x;
        train_zoom_x(a, v, ev->mouse == MOUSE_WHEEL_UP ? "in" : "out");
        break;
    case MOUSE_DRAG: break;
    }
}

void screen_train_mouse(struct app *a, const struct session_view *v,
                        const struct hit *hit, const struct event *ev)
{
    size_t *top = &a->train.event_top;
    if (hit->kind == HIT_PLOT) {
        plot_mouse(a, v, hit, ev);
    } else if (hit->kind == HIT_EVENTS && ev->mouse == MOUSE_WHEEL_DOWN) {
        *top += *top + 1 < v->n_events ? 1U : 0U;
    } else if (hit->kind == HIT_EVENTS && ev->mouse == MOUSE_WHEEL_UP) {
        *top -= *top > 0 ? 1U : 0U;
    } else if (hit->kind == HIT_EVENTS && ev->mouse == MOUSE_PRESS) {
        a->focus[SCREEN_TRAIN] = 6;
    } else if (hit->kind == HIT_SLIDER &&
               (ev->mouse == MOUSE_PRESS || ev->mouse == MOUSE_RELEASE)) {
        train_slide(a, v, hit, ev->x);
    }
}

void screen_train_status(const struct app *a, const struct session_view *v, char *out,
                         size_t cap)
{
    char step[32], steps[32], eta[24], rate[24];
    if (v->state == SESSION_LOADING) {
        snprintf(out, cap, "%s ...", v->loading);
        return;
    }
    text_thousands(step, sizeof step, v->step);
    text_thousands(steps, sizeof steps, v->steps);
    if (v->state == SESSION_BROWSING) {
        snprintf(out, cap, "step %s  %s", step, path_base(v->arm[0].dir));
        return;
    }
    size_t len = (size_t)snprintf(out, cap, "step %s/%s", step, steps);
    if (v->state == SESSION_TRAINING || v->state == SESSION_PAUSED) {
        const double share =
            v->steps > 0 ? 100.0 * (double)v->step / (double)v->steps : 0;
        plot_number(rate, sizeof rate, v->tokens_per_second, 5);
        text_duration(eta, sizeof eta, v->eta_seconds);
        if (a->w >= WIDE_W) {
            len += (size_t)snprintf(out + len, cap - len, " (%.0f%%)", share);
        }
        len += (size_t)snprintf(out + len, cap - len, "  %s tok/s  ETA %s", rate, eta);
    } else if (v->state == SESSION_DONE) {
        len += (size_t)snprintf(out + len, cap - len, "  :extend STEPS goes on");
    }
    if (v->n_arms > 1 && !action_def(ACTION_MASK)->may(a, v)) {
        static const char *const words[] = {"A", "B", "A+B"};
        len += (size_t)snprintf(out + len, cap - len, "  keys: %s",
                                words[a->train.target]);
    }
    if (a->w >= WIDE_W && v->rss_bytes > 0) {
        len += (size_t)snprintf(out + len, cap - len, "  %zu thread%s  RSS %lldM",
                                v->threads, plural_s(v->threads),
                                (long long)(v->rss_bytes >> 20));
    }
    if (v->evaluating && len < cap) {
        snprintf(out + len, cap - len, "  evaluating");
    }
}
