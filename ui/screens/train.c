/* Train: its layout, keys and export; the panes of curves are train_panes.c, the boxes
 * train_boxes.c. */
#include "base/csvfile.h"
#include "base/duration.h"
#include "base/file.h"
#include "base/number.h"
#include "ui/actions.h"
#include "ui/export.h"
#include "ui/pane.h"
#include "ui/screens/train_priv.h"
#include "ui/startcard.h"
#include "ui/steer.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct train_state *train_of(const struct app *a)
{
    return app_state(a, &screen_train);
}

static void init(void *state)
{
    struct train_state *t = state;
    t->metric[0] = METRIC_LOSS;
    t->metric[1] = METRIC_L0;
    t->metric[2] = METRIC_ABSORPTION;
    t->metric[3] = METRIC_EV;
    t->log_y[0] = true;
    t->cursor = (double)NAN;
}

struct train_layout train_layout(struct rect b, bool wide)
{
    struct train_layout l = {0};
    const int left = (b.w + 1) / 2;
    const int right = b.w - left;
    if (!wide) {
        const int top = (b.h + 1) / 2;
        l.pane[0] = layout_box(b.x, b.y, left, top);
        l.pane[1] = layout_box(b.x + left, b.y, right, top);
        l.pane[2] = layout_box(b.x, b.y + top, left, b.h - top);
        l.run = layout_box(b.x + left, b.y + top, right, b.h - top);
        return l;
    }
    const int bottom = layout_least(9 + (b.h > 33 ? b.h - 33 : 0) / 4, b.h / 2);
    const int top = (b.h - bottom + 1) / 2;
    const int middle = b.h - bottom - top;
    l.pane[0] = layout_box(b.x, b.y, left, top);
    l.pane[1] = layout_box(b.x + left, b.y, right, top);
    l.pane[2] = layout_box(b.x, b.y + top, left, middle);
    l.pane[3] = layout_box(b.x + left, b.y + top, right, middle);
    const int third = b.w / 3;
    const int y = b.y + top + middle;
    l.run = layout_box(b.x, y, third + b.w % 3, bottom);
    l.mask = layout_box(b.x + l.run.w, y, third, bottom);
    l.events = layout_box(b.x + l.run.w + third, y, third, bottom);
    return l;
}

/* ---- the screen ---- */

static void view(struct app *a, const struct session_view *v, struct canvas *c,
                 struct rect body, bool wide)
{
    const struct train_layout l = train_layout(body, wide);
    const int panes = wide ? 4 : 3;
    const int focus = *app_focus(a, &screen_train);
    memset(train_of(a)->drawn, 0, sizeof train_of(a)->drawn);
    if (train_of(a)->zoomed && focus < panes) {
        train_pane(a, v, c, body, focus, true);
        return;
    }
    if (train_of(a)->zoomed && focus == panes) {
        train_run_box(a, v, c, body, false, true);
        app_hit(a, body, HIT_PANE, panes);
        return;
    }
    for (int i = 0; i < panes; i++) {
        train_pane(a, v, c, l.pane[i], i, focus == i);
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
    startcard_first(a, v, c);
}

/* ---- state ---- */

static void sync(struct app *a, const struct session_view *v, bool shown)
{
    struct train_state *t = train_of(a);
    (void)shown;
    if (t->event_top >= v->n_events) {
        t->event_top = v->n_events ? v->n_events - 1 : 0;
    }
}

static void move_cursor(struct app *a, const struct session_view *v, double columns)
{
    double lo, hi;
    train_axis_range(a, v, &lo, &hi);
    const double newest = train_axis_x(v, train_of(a)->unit, (double)v->step);
    double x = isfinite(train_of(a)->cursor)
                   ? train_of(a)->cursor + columns * train_column_width(a, v)
                   : fmin(newest, hi);
    x = x < lo ? lo : x > hi ? hi : x;
    train_of(a)->cursor = x > newest ? newest : x;
}

static void move(struct app *a, const struct session_view *v, const char *direction)
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
    size_t *top = &train_of(a)->event_top;
    const bool events =
        *app_focus(a, &screen_train) == FOCUS_EVENTS || strchr(direction, '-');
    const bool down = strstr(direction, "down") != NULL;
    if (!events) {
        app_run(a, v, down ? "focus +" : "focus -");
    } else if (down) {
        *top += *top + 1 < v->n_events ? 1U : 0U;
    } else {
        *top -= *top > 0 ? 1U : 0U;
    }
}

static void enter(struct app *a, const struct session_view *v)
{
    app_run(a, v, *app_focus(a, &screen_train) == FOCUS_EVENTS ? "events" : "zoom");
}

static void plot_mouse(struct app *a, const struct session_view *v,
                       const struct hit *hit, const struct event *ev)
{
    struct train_state *t = train_of(a);
    const struct plot_result *res = &t->plot[hit->a];
    const double x = plot_x_at(res, ev->x);
    switch (ev->mouse) {
    case MOUSE_PRESS:
        *app_focus(a, &screen_train) = hit->a;
        t->cursor = x;
        break;
    case MOUSE_RELEASE:
        if (app_pressed_on(a, hit) && isfinite(t->cursor) &&
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

static void mouse(struct app *a, const struct session_view *v, const struct hit *hit,
                  const struct event *ev)
{
    size_t *top = &train_of(a)->event_top;
    if (hit->kind == HIT_PLOT) {
        plot_mouse(a, v, hit, ev);
    } else if (hit->kind == HIT_EVENTS && ev->mouse == MOUSE_WHEEL_DOWN) {
        *top += *top + 1 < v->n_events ? 1U : 0U;
    } else if (hit->kind == HIT_EVENTS && ev->mouse == MOUSE_WHEEL_UP) {
        *top -= *top > 0 ? 1U : 0U;
    } else if (hit->kind == HIT_EVENTS && ev->mouse == MOUSE_PRESS) {
        *app_focus(a, &screen_train) = FOCUS_EVENTS;
    } else if (hit->kind == HIT_SLIDER &&
               (ev->mouse == MOUSE_PRESS ||
                (ev->mouse == MOUSE_RELEASE && app_pressed_on(a, hit)))) {
        train_slide(a, v, hit, ev->x);
    }
}

/* A condition's letter, or the name of two together. */
static const char *target_name(int target, const char *both,
                               const struct session_view *v)
{
    static const char *const letter[VIEW_CONDS] = {"A", "B", "C", "D"};
    return target != TARGET_ALL ? letter[target] : conds_of(v) > 2 ? "all" : both;
}

static void status(const struct app *a, const struct session_view *v, char *out,
                   size_t cap)
{
    char step[32], steps[32], eta[32], rate[24];
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
        const double share = v->steps > 0 ? (double)v->step / (double)v->steps : 0;
        plot_number(rate, sizeof rate, v->tokens_per_second, 5);
        (void)duration_text(v->eta_seconds, DURATION_BRIEF, eta);
        if (a->w >= WIDE_W) {
            len += (size_t)snprintf(out + len, cap - len, " (%s%%)",
                                    NUMBER_PERCENT(0, share));
        }
        len += (size_t)snprintf(out + len, cap - len, "  %s tok/s  ETA %s", rate, eta);
    } else if (v->state == SESSION_DONE) {
        len += (size_t)snprintf(out + len, cap - len, "  :extend STEPS goes on");
    }
    if (v->n_conds > 1 && !action_may(&action_mask, a, v)) {
        char key[24];
        app_words(a, KEY_OF("toggle-mask"), key, sizeof key);
        len += (size_t)snprintf(out + len, cap - len, "  %s %s %s", key,
                                a->w >= WIDE_W ? "acts on" : "for",
                                target_name(a->steer.target, "A+B", v));
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

/* ---- keys: curves ---- */

/* The pane in focus, 0 if a box is. */
static int focused_pane(const struct app *a)
{
    const int n = layout_kind(a->w, a->h) == LAYOUT_WIDE ? PANES : 3;
    const int focus = *app_focus(a, &screen_train);
    return focus < n ? focus : 0;
}

static void cycle_metric(int *metric, int by)
{
    int n = 0, at = -1;
    for (; pane_metric((size_t)n) >= 0; n++) {
        at = pane_metric((size_t)n) == *metric ? n : at;
    }
    *metric = pane_metric((size_t)((at + by + n) % n));
}

static void pane(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    int pane = focused_pane(a);
    int64_t number = 0;
    char word[48] = "";
    const char *name = args;
    if (sscanf(args, "%47s", word) == 1 && arg_integer(word, &number)) {
        if (number < 1 || number > PANES) {
            app_say(a, true, "pane: expected 1 to %d", PANES);
            return;
        }
        pane = (int)number - 1;
        name = args + strlen(word);
        name += strspn(name, " ");
    }
    if (!strcmp(name, "+") || !strcmp(name, "-")) {
        cycle_metric(&train_of(a)->metric[pane], name[0] == '+' ? 1 : -1);
    } else {
        const int m = metric_find(name);
        if (m < 0) {
            app_say(a, true, "pane: unknown measure '%.40s' (Tab completes)", name);
            return;
        }
        train_of(a)->metric[pane] = m;
    }
    train_of(a)->log_y[pane] = false;
}

static void log_y(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    bool *log_y = &train_of(a)->log_y[focused_pane(a)];
    *log_y = !strcmp(args, "on") || (strcmp(args, "off") != 0 && !*log_y);
}

static void axis(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    static const char *const units[X_UNITS] = {"step", "tokens", "time"};
    int unit = (int)(train_of(a)->unit + 1) % X_UNITS;
    for (int i = 0; args[0]; i++) {
        if (i == X_UNITS) {
            app_say(a, true, "axis: expected step, tokens or time");
            return;
        }
        if (!strcmp(args, units[i])) {
            unit = i;
            break;
        }
    }
    train_of(a)->unit = (enum x_unit)unit;
    train_of(a)->x_lo = train_of(a)->x_hi = 0;
    train_of(a)->cursor = (double)NAN;
}

/* Whether the box of numbers is in focus. */
static bool on_numbers(const struct app *a)
{
    const int panes = layout_kind(a->w, a->h) == LAYOUT_WIDE ? PANES : 3;
    return *app_focus(a, &screen_train) == panes;
}

static void zoom_pane(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    if (!on_numbers(a)) {
        *app_focus(a, &screen_train) = focused_pane(a);
    }
    train_of(a)->zoomed = !train_of(a)->zoomed;
}

static void seed_lines(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    bool *on = &train_of(a)->seeds;
    *on = !*on;
    app_say(a, false,
            *on ? "thin lines: one per seed%s" : "band: lowest to highest seed",
            train_of(a)->unit != X_STEP ? "; on the step axis only (" KEY_OF("axis") ")"
                                        : "");
    (void)v;
}

/* Add seeds. Adding them after looking has a price, which the trainer first says; the
 * same words again go ahead. */
static void add_seeds(struct app *a, const struct session_view *v, const char *args)
{
    int64_t *asked = &train_of(a)->seeds_asked;
    if (strcmp(args, "+1") != 0) {
        app_say(a, true, "seeds: expected +1");
        return;
    }
    const bool again = *asked == (int64_t)v->n_arms;
    struct command *c = app_emit(a, COMMAND_SEEDS);
    if (c) {
        c->at = 1;
        c->value = again ? 1 : 0;
        *asked = again ? 0 : (int64_t)v->n_arms;
    }
}

static const char *may_see_seeds(const struct app *a, const struct session_view *v)
{
    (void)a;
    return v->n_arms > v->n_conds ? NULL : "each condition has one seed; --seeds N";
}

static void numbers(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    train_of(a)->numbers = !train_of(a)->numbers;
}

/* ---- keys: arms ---- */

/* Choose the arm that masking keys act on. */
static void arm(struct app *a, const struct session_view *v, const char *args)
{
    const int n = (int)conds_of(v);
    const int at = a->steer.target;
    int next = at == TARGET_ALL ? 0 : at + 1 < n ? at + 1 : TARGET_ALL;
    if (!strcmp(args, "both") || !strcmp(args, "all")) {
        next = TARGET_ALL;
    } else if (args[0] && (args[1] || args[0] < 'A' || args[0] >= 'A' + n)) {
        app_say(a, true, "arm: expected A to %c or %s", 'A' + n - 1,
                n > 2 ? "all" : "both");
        return;
    } else if (args[0]) {
        next = args[0] - 'A';
    }
    a->steer.target = next;
    app_say(a, false, "masking keys act on %s", target_name(next, "both", v));
}

/* ---- the rest of the screen ---- */

static bool cancel(struct app *a, const struct session_view *v)
{
    struct train_state *t = train_of(a);
    (void)v;
    if (isfinite(t->cursor)) {
        t->cursor = (double)NAN;
    } else if (t->zoomed) {
        t->zoomed = false;
    } else {
        t->guide_off = true;
    }
    return true; /* Esc never leaves the program */
}

static void point(struct app *a, const struct session_view *v, int64_t step)
{
    train_of(a)->cursor = train_axis_x(v, train_of(a)->unit, (double)step);
}

/* The layout that undo restores. */
struct layout {
    int metric[PANES];
    bool log_y[PANES];
    double smooth;
    int unit;
    bool zoomed, numbers, seeds;
};
_Static_assert(sizeof(struct layout) <= SCREEN_LAYOUT, "undo has room for it");

static void layout(const struct app *a, void *out)
{
    const struct train_state *t = train_of(a);
    struct layout *l = out;
    memcpy(l->metric, t->metric, sizeof l->metric);
    memcpy(l->log_y, t->log_y, sizeof l->log_y);
    l->smooth = a->smooth;
    l->unit = (int)t->unit;
    l->zoomed = t->zoomed;
    l->numbers = t->numbers;
    l->seeds = t->seeds;
}

static void set_layout(struct app *a, const struct session_view *v, const void *in)
{
    struct train_state *t = train_of(a);
    const struct layout *l = in;
    (void)v;
    memcpy(t->metric, l->metric, sizeof t->metric);
    memcpy(t->log_y, l->log_y, sizeof t->log_y);
    a->smooth = l->smooth;
    if ((int)t->unit != l->unit) { /* places on the axis were in another unit */
        t->unit = (enum x_unit)l->unit;
        t->x_lo = t->x_hi = 0;
        t->cursor = (double)NAN;
    }
    t->zoomed = l->zoomed;
    t->numbers = l->numbers;
    t->seeds = l->seeds;
}

static const char *may_export(const struct app *a, const struct session_view *v)
{
    (void)a;
    return v->cond[0].series[METRIC_LOSS].n ? NULL : "nothing measured yet";
}

static void export_name(const struct app *a, const struct session_view *v, char *out,
                        size_t cap)
{
    (void)a;
    snprintf(out, cap, "curves-%lld.csv", (long long)v->step);
}

/* Export every measured value. */
static enum err export_text(const struct app *a, const struct session_view *v,
                            struct str *out, struct errinfo *e)
{
    (void)a;
    str_add(out, "arm,step,seconds,measure,value,low,high\n");
    for (size_t k = 0; k < conds_of(v); k++) {
        for (size_t i = 0; pane_metric(i) >= 0; i++) {
            const int m = pane_metric(i);
            const struct series *s = &v->cond[k].series[m];
            for (size_t p = 0; p < s->n; p++) {
                const char letter[2] = {v->cond[k].letter, '\0'};
                csv_add(out, letter, 1);
                export_number(out, s->x[p], false);
                export_number(out, s->seconds[p], false);
                csv_add(out, measure_at((enum metric)m)->column, 0);
                export_number(out, s->y[p], false);
                export_number(out, s->lo ? s->lo[p] : (double)NAN, false);
                export_number(out, s->hi ? s->hi[p] : (double)NAN, false);
                str_addc(out, '\n');
            }
        }
    }
    return str_err(out, "export", e);
}

/* ---- copy ---- */

/* Copy the measure of the pane in focus with its values at the cursor, or the newest;
 * in the list of events the newest shown. */
static bool copy(const struct app *a, const struct session_view *v, char *what,
                 size_t cap, struct str *out)
{
    const int focus = *app_focus(a, &screen_train);
    const struct train_state *t = train_of(a);
    if (focus == FOCUS_EVENTS && t->event_top < v->n_events) {
        const struct event_view *ev = &v->event[v->n_events - 1 - t->event_top];
        snprintf(what, cap, "event");
        str_addf(out, "%lld %s %s", (long long)ev->step, ev->kind, ev->text);
        return true;
    }
    const int pane = focus < PANES && t->drawn[focus] ? focus : 0;
    char values[160];
    train_pane_value(a, v, pane, values, sizeof values);
    snprintf(what, cap, "measure");
    str_addf(out, "%s %s", measure_at((enum metric)t->metric[pane])->label, values);
    return t->drawn[pane] && values[0];
}

/* Draw the pane in focus, or the first. */
static void chart(struct app *a, const struct session_view *v, struct canvas *c,
                  struct rect r)
{
    const int focus = *app_focus(a, &screen_train);
    train_pane(a, v, c, r, focus < PANES ? focus : 0, false);
}

/* ---- the row ---- */

static const char *measure_word(const struct app *a, const char *text, size_t i)
{
    const int m = pane_metric(i);
    (void)a;
    (void)text;
    return m >= 0 ? measure_at((enum metric)m)->column : NULL;
}
ACTION_WORDS(arm_word, "A", "B", "both")
ACTION_WORDS(axis_word, "step", "tokens", "time")
ACTION_WORDS(zoom_word, "in", "out", "all")
ACTION_WORDS(log_word, "on", "off")

/* clang-format off */
#define ACTION static const struct action
ACTION action_log_y = {.command = "log", .args = "[on|off]", .run = log_y, .word = log_word};
ACTION action_pane = {.command = "pane", .args = "[N] METRIC|+|-", .run = pane, .word = measure_word};
ACTION action_axis = {.command = "axis", .args = "[step|tokens|time]", .run = axis, .word = axis_word};
ACTION action_zoom_pane = {.command = "zoom", .args = "", .run = zoom_pane};
ACTION action_zoom_x = {.command = "zoom-x", .args = "in|out|all", .run = train_zoom_x, .word = zoom_word};
ACTION action_arm = {.command = "arm", .args = "[A|B|...|both]", .run = arm, .may = may_choose_arm, .word = arm_word, .hides = true};
ACTION action_seed_lines = {.command = "seed-lines", .args = "", .run = seed_lines, .may = may_see_seeds, .hides = true};
ACTION action_seeds = {.command = "seeds", .args = "+1", .run = add_seeds, .reach = REACH_ALL, .may = may_steer};
ACTION action_numbers = {.command = "numbers", .args = "", .run = numbers, .may = may_choose_arm};
#undef ACTION

/* In the order in which help shows them. [ ] { } are lines of their own that share a
 * command. */
static const struct key_entry keys[] = {
    {{' '}, &action_pause, "", "pause", "pause training, or go on", 0},
    {{'m'}, &action_toggle_mask, "", "mask",
     "masking off, or on again at the rate it had, from the next harvest of text", 1},
    {{'['}, &action_rate, "-0.05", "rate", "masking rate down by 0.05; 0 is off", 2},
    {{']'}, &action_rate, "+0.05", "rate",
     "masking rate up by 0.05; from off, on again at the rate it had", 2},
    {{'{'}, &action_rate, "-0.01", NULL, "masking rate down by 0.01", 0},
    {{'}'}, &action_rate, "+0.01", NULL, "masking rate up by 0.01", 0},
    {{0}, &action_mask, "", NULL, "set the masking rate, now or at a step", 0},
    {{'b'}, &action_fork, "", "fork A/B",
     "fork a twin B: same weights and text from here on, the opposite masking", 3},
    {{'c'}, &action_save, "", "save", "save the run, all its arms", 4},
    {{0}, &action_extend, "", NULL,
     "set a new last step; a run opened for browsing trains on", 0},
    {{0}, &action_resume, "", NULL,
     "go on after a pause; a run opened for browsing trains on", 0},
    {{0}, &action_tune, "", NULL,
     "change lr, k, l1, l0, jumprelu.target_l0 or aux.coef of a condition from the next step on", 0},
    {{0}, &action_evaluate, "", NULL, "evaluate on the held-out set now", 0},
    {{'y'}, &action_log_y, "", "log", "logarithmic or linear y axis of the pane in focus", 5},
    {{'s'}, &action_smooth, "+", "smooth",
     "smooth curves more; the measured values stay behind them, dim", 6},
    {{'S'}, &action_smooth, "-", NULL, "smooth curves less", 0},
    {{'.'}, &action_pane, "+", "next measure",
     "next measure in the pane in focus; :pane 4 explained_variance_ood sets one", 7},
    {{','}, &action_pane, "-", NULL, "previous measure in the pane in focus", 0},
    {{'x'}, &action_axis, "", "axis", "x axis: step, tokens or time", 9},
    {{'z'}, &action_zoom_pane, "", "zoom", "only the pane or box of numbers in focus, or all again", 8},
    {{'+', '='}, &action_zoom_x, "in", NULL,
     "zoom the x axis of all panes in, around the cursor or the newest point", 0},
    {{'-'}, &action_zoom_x, "out", NULL, "zoom the x axis out", 0},
    {{'0'}, &action_zoom_x, "all", NULL, "the whole x axis again, cursor off", 0},
    {{'v'}, &action_arm, "", "arm", "which condition the masking keys act on, with all its seeds: A, B, ... or both", 10},
    {{'V'}, &action_seed_lines, "", "seeds",
     "one thin line per seed, instead of the band from lowest to highest", 10},
    {{0}, &action_seeds, "", NULL,
     "a further seed of weights for each condition, trained from step 0 while the others wait", 0},
    {{0}, &action_condition, "", NULL,
     "a further condition with the seeds of A, from step 0 while the others wait: random decoder=random", 0},
    {{'E'}, &action_events, "", "events",
     "all events of the run, in full; " KEY_OF("open") " puts the cursor there", 11},
    {{'D'}, &action_numbers, "", NULL,
     "box of numbers: the verdict on two conditions, or one's values and bests", 0},
};

static const struct key_hint hints[] = {
    {SESSION_PAUSED, &action_pause, "", "go on", 0},
    {SESSION_DONE, &action_pause, "", NULL, 0},
    {SESSION_DONE, &action_toggle_mask, "", NULL, 0},
    {SESSION_DONE, &action_rate, "-0.05", NULL, 0},
    {SESSION_DONE, &action_rate, "+0.05", NULL, 0},
    {SESSION_DONE, &action_extend, "", "trains on", 0},
    {SESSION_DONE, &action_screen, "concepts", "concepts", 0},
    {SESSION_DONE, &action_save, "", "save", 1},
    {SESSION_DONE, &action_back, "", "leave", 1},
    {SESSION_BROWSING, &action_resume, "", "trains on", 0},
    {SESSION_BROWSING, &action_extend, "", "trains on", 0},
    {SESSION_BROWSING, &action_screen, "concepts", "concepts", 0},
};
/* clang-format on */

const struct screen_def screen_train = {
    .name = "train",
    .title = "Train",
    .go = {{'1'}, &action_screen, "train", NULL, "Train: curves and masking", 0},
    .panes = 4,
    .panes_wide = FOCUS_EVENTS + 1,
    .says_progress = true,
    .keys = KEY_LIST(keys),
    .hints = hints,
    .n_hints = sizeof hints / sizeof hints[0],
    .played = "hhllsSyyzzDD",
    .state_size = sizeof(struct train_state),
    .init = init,
    .sync = sync,
    .view = view,
    .chart = chart,
    .status = status,
    .move = move,
    .enter = enter,
    .cancel = cancel,
    .mouse = mouse,
    .point = point,
    .layout = layout,
    .set_layout = set_layout,
    .copy = copy,
    .may_export = may_export,
    .export_name = export_name,
    .export_text = export_text,
};
