/* The Train screen's boxes: numbers or the difference of the arms, masking, events. */
#include "ui/event_lines.h"
#include "ui/glyph.h"
#include "ui/rows.h"
#include "ui/screens/train_priv.h"
#include "ui/steer.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define RATE_MAX MASK_RATE_MAX

/* ---- numbers ---- */

/* Whether row i has room: without room for all, CE recovered of the text trained on is
 * the one left out. */
static bool has_room(struct rect in, size_t i)
{
    return in.h > 6 || measure_box((int)i + 1) != METRIC_CE_REC;
}

/* The best value of a curve so far, and where; step 0, before training, does not
 * count. */
static bool best_of(const struct series *s, int better, double *value, double *step)
{
    bool any = false;
    for (size_t i = 0; i < s->n; i++) {
        if (s->x[i] > 0 && isfinite(s->y[i]) &&
            (!any || (better > 0 ? s->y[i] > *value : s->y[i] < *value))) {
            *value = s->y[i];
            *step = s->x[i];
            any = true;
        }
    }
    return any && better;
}

/* The condition that keys act on, the first if they act on all. */
static size_t numbered(const struct app *a, const struct session_view *v)
{
    return (size_t)a->steer.target < conds_of(v) ? (size_t)a->steer.target : 0;
}

static int number_rows(const struct app *a, const struct session_view *v,
                       struct canvas *c, struct rect in)
{
    const struct cond_view *arm = &v->cond[numbered(a, v)];
    rows_right(c, in.x + 12, in.y, 7, "now", ROLE_DIM, 0);
    rows_right(c, in.x + 20, in.y, 7, "best", ROLE_DIM, 0);
    canvas_text(c, in.x + 29, in.y, in.w - 29, "at step", ROLE_DIM, 0);
    int rows = 1;
    for (size_t i = 0; measure_box((int)i + 1) >= 0 && rows < in.h; i++) {
        if (!has_room(in, i)) {
            continue;
        }
        const int metric = measure_box((int)i + 1);
        const struct measure *d = measure_at((enum metric)metric);
        const int y = in.y + rows++;
        char text[48];
        double best = 0, step = 0;
        canvas_text(c, in.x + 1, y, 12, d->brief ? d->brief : d->label, ROLE_TEXT, 0);
        train_brief_number(text, sizeof text, arm->last[metric], 3, false);
        const struct ce_doubt *doubt = metric_doubt(arm->last, (enum metric)metric);
        rows_right(c, in.x + 12, y, 7, text, doubt ? ROLE_WARN : ROLE_VALUE, 0);
        if (doubt) {
            canvas_text(c, in.x + 20, y, in.w - 20, doubt->mark, ROLE_WARN, 0);
        } else if (best_of(&arm->series[metric], d->better, &best, &step)) {
            train_brief_number(text, sizeof text, best, 3, false);
            rows_right(c, in.x + 20, y, 7, text, ROLE_TEXT, 0);
            text_thousands(text, sizeof text, (int64_t)step);
            canvas_text(c, in.x + 29, y, in.w - 29, text, ROLE_DIM, 0);
        }
    }
    return rows;
}

/* ---- masking ---- */

/* Whether the rate shown was asked for but is not in use yet. */
static bool is_asked(const struct app *a, size_t arm)
{
    return !isnan(a->steer.asked_rate[arm]);
}

static void pending_text(const struct app *a, const struct cond_view *arm, size_t nth,
                         char *out, size_t cap)
{
    char step[32];
    if (is_asked(a, nth)) {
        snprintf(out, cap, "%c: applies from the next harvest", arm->letter);
    } else if (arm->pending) {
        text_thousands(step, sizeof step, arm->pending_at);
        snprintf(out, cap, "%c: %.2f waits for step %s", arm->letter, arm->pending_rate,
                 step);
    } else {
        text_thousands(step, sizeof step, arm->applies_from);
        snprintf(out, cap, "%c: applies from step %s", arm->letter, step);
    }
}

/* "A [x] 0.30" */
static int switch_text(const struct app *a, const struct session_view *v,
                       struct canvas *c, int x, int y, int w, size_t arm)
{
    const double p = steer_rate(a, v, (int)arm);
    int used =
        canvas_textf(c, x, y, w, arm_role(arm), ATTR_BOLD, "%c ", v->cond[arm].letter);
    used +=
        canvas_text(c, x + used, y, w - used, p > 0 ? "[x] " : "[ ] ", ROLE_TEXT, 0);
    if (p <= 0) {
        return used + canvas_text(c, x + used, y, w - used, "off ", ROLE_DIM, 0);
    }
    return used + canvas_textf(c, x + used, y, w - used, ROLE_VALUE, 0, "%.2f", p);
}

static void slider(struct app *a, const struct session_view *v, struct canvas *c,
                   struct rect r, size_t arm)
{
    if (r.w < 6) {
        return;
    }
    const double p = steer_rate(a, v, (int)arm);
    canvas_put(c, r.x, r.y, 0x251C, ROLE_AXIS, 0);
    canvas_fill(c, (struct rect){r.x + 1, r.y, r.w - 2, 1}, 0x2500, ROLE_AXIS, 0);
    canvas_put(c, r.x + r.w - 1, r.y, 0x2524, ROLE_AXIS, 0);
    const int at = r.x + 1 + (int)lround(p / RATE_MAX * (r.w - 3));
    canvas_put(c, at, r.y, 0x25CF, arm_role(arm), ATTR_BOLD);
    app_hit(a, r, HIT_SLIDER, (int)arm);
}

void train_slide(struct app *a, const struct session_view *v, const struct hit *hit,
                 int x)
{
    if (action_may(&action_mask, a, v) || hit->r.w < 4) {
        return;
    }
    double p = RATE_MAX * (x - hit->r.x - 1) / (hit->r.w - 3);
    p = p < 0 ? 0 : p > RATE_MAX ? RATE_MAX : p;
    p = round(p * 100) / 100;
    if (fabs(p - steer_rate(a, v, hit->a)) > 0.004) {
        steer_change_rate(a, v, hit->a, p);
    }
}

static const char *fact_value(const struct session_view *v, const char *name)
{
    for (size_t i = 0; i < v->n_facts; i++) {
        if (!strcmp(v->fact[i].name, name)) {
            return v->fact[i].value;
        }
    }
    return "";
}

void train_mask_box(struct app *a, const struct session_view *v, struct canvas *c,
                    struct rect r, bool focused)
{
    const bool steerable = action_may(&action_mask, a, v) == NULL;
    const struct rect in =
        canvas_box(c, r, "masking", steerable ? "live" : "as it was", focused);
    const int x = in.x + 1;
    const int w = in.w - 2;
    const int bottom = in.y + in.h;
    int y = in.y;
    if (v->state == SESSION_LOADING) {
        return;
    }
    for (size_t k = 0; k < conds_of(v) && y < bottom; k++) {
        const int used = switch_text(a, v, c, x, y, w, k) + 1;
        slider(a, v, c, (struct rect){x + used, y, w - used, 1}, k);
        y++;
    }
    char text[200];
    for (size_t k = 0; k < conds_of(v) && y < bottom && steerable; k++) {
        pending_text(a, &v->cond[k], k, text, sizeof text);
        canvas_text(c, x, y++, w, text, v->cond[k].pending ? ROLE_WARN : ROLE_TEXT, 0);
    }
    if (y < bottom) {
        canvas_textf(c, x, y++, w, ROLE_TEXT, 0, "kind %s, masked positions: %s",
                     fact_value(v, "mask.kind"), fact_value(v, "mask.positions"));
    }
    if (y < bottom && fact_value(v, "mask.token")[0]) {
        canvas_textf(c, x, y++, w, ROLE_TEXT, 0, "token %s",
                     fact_value(v, "mask.token"));
    }
    if (y < bottom && steerable) {
        app_text(
            a, c, x, y, w,
            KEY_OF("toggle-mask") " on/off  :mask 0.2 at STEP  " KEY_OF("undo") " undo",
            ROLE_DIM);
    }
}

/* ---- events ---- */

/* Draw an event, or the same event of several conditions, from the top of r on, its
 * words on as many lines as they need. Returns how many. */
static int draw_event(const struct session_view *v, struct canvas *c, struct rect r,
                      size_t i)
{
    const struct event_view *ev = &v->event[i];
    char step[32];
    text_thousands(step, sizeof step, ev->step);
    rows_right(c, r.x, r.y, 6, step, ROLE_DIM, 0);
    event_letters(v, i, c, r.x + 7, r.y);
    const int x = r.x + 8 + event_letters_w(v), w = r.w - (x - r.x);
    const int used = canvas_text(c, x, r.y, w, ev->kind, ROLE_EVENT, 0) + 1;
    const char *text = ev->text;
    int y = 0, at = x + used, room = w - used;
    while (y + 1 < r.h && room > 0 && canvas_text_width(text) > room) {
        const size_t n = text_fit(text, strlen(text), room);
        canvas_textf(c, at, r.y + y++, room, ROLE_TEXT, 0, "%.*s", (int)n, text);
        text += n + strspn(text + n, " ");
        at = x;
        room = w;
    }
    canvas_text(c, at, r.y + y, room, text, ROLE_TEXT, 0);
    return y + 1;
}

/* Draw events from the `skip`th on, the newest being `n` - 1; what was said of several
 * conditions is drawn once. */
static void event_rows(const struct session_view *v, struct canvas *c, struct rect r,
                       size_t n, size_t skip)
{
    size_t i = n;
    for (int y = 0; i > 0 && y < r.h;) {
        i--;
        if (skip > 0) {
            skip--;
        } else {
            y += draw_event(v, c, (struct rect){r.x, r.y + y, r.w, r.h - y}, i);
        }
        i -= event_group(v, i) - 1;
    }
}

/* Whether an event changes nothing in training: state and messages show it as well. */
static bool is_aside(const struct event_view *ev)
{
    return !strcmp(ev->kind, "save") || !strcmp(ev->kind, "pause") ||
           !strcmp(ev->kind, "resume");
}

/* Draw events from the newest that is not aside, or from the one scrolled to. */
static void event_ticker(const struct session_view *v, struct canvas *c, struct rect r,
                         size_t skip)
{
    size_t n = v->n_events;
    while (!skip && n > 0 && is_aside(&v->event[n - 1])) {
        n--;
    }
    event_rows(v, c, r, n > 0 ? n : v->n_events, skip);
}

/* ---- the guide ---- */

/* Whether the user has changed something that no evaluation has followed yet, or reads
 * events: these stand first where there is no room for both. */
static bool is_busy(const struct app *a, const struct session_view *v)
{
    const struct series *s = &v->cond[0].series[METRIC_EV];
    const double measured = s->n ? s->x[s->n - 1] : -1;
    bool busy = train_of(a)->event_top > 0;
    for (size_t k = 0; k < conds_of(v); k++) {
        busy = busy || is_asked(a, k) || v->cond[k].pending;
    }
    for (size_t i = 0; i < v->n_events; i++) {
        busy = busy ||
               (event_is_drawn(&v->event[i]) && (double)v->event[i].step > measured);
    }
    return busy;
}

/* The guide's sentence in the lowest rows of r; how many it took. */
static int guide_rows(const struct app *a, const struct session_view *v,
                      struct canvas *c, struct rect r)
{
    char text[400];
    if (!train_guide(a, v, text, sizeof text)) {
        return 0;
    }
    const size_t n = strlen(text);
    const int rows = rows_wrapped(NULL, (struct rect){.w = r.w}, text, n, ROLE_KEY, 0);
    const int used = layout_least(rows, r.h);
    r.y += r.h - used;
    r.h = used;
    (void)rows_wrapped(c, r, text, n, ROLE_KEY, 0);
    return used;
}

/* ---- events, whole ---- */

/* How many events there are, what was said of several conditions counting once. */
static size_t distinct_events(const struct session_view *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_events; i++) {
        n += event_group(v, i) > 1 ? 0U : 1U;
    }
    return n;
}

void train_events_box(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r, bool focused)
{
    char count[32];
    text_thousands(count, sizeof count, (int64_t)distinct_events(v));
    const struct rect in = canvas_box(c, r, "events \xe2\x94\x8a", count, focused);
    if (!v->n_events) {
        canvas_text(c, in.x + 1, in.y, in.w - 2, "none yet", ROLE_DIM, 0);
    }
    struct rect room = {in.x + 1, in.y, in.w - 2, in.h};
    room.h -= guide_rows(a, v, c, room);
    event_rows(v, c, room, v->n_events, train_of(a)->event_top);
}

/* ---- the box of a run ---- */

static void facts_row(const struct session_view *v, struct canvas *c, int x, int y,
                      int w)
{
    const char *arms = v->n_arms > v->n_conds ? fact_value(v, "arms") : "";
    canvas_textf(c, x, y, w, ROLE_DIM, 0, "%s %s, %s latents, seed %s%s%s",
                 fact_value(v, "arch"), fact_value(v, "sparsity"),
                 fact_value(v, "width"), fact_value(v, "seed"), arms[0] ? "; " : "",
                 arms);
}

static void mask_row(const struct app *a, const struct session_view *v,
                     struct canvas *c, int x, int y, int w)
{
    int used = canvas_text(c, x, y, w, "mask ", ROLE_TEXT, 0);
    for (size_t k = 0; k < conds_of(v); k++) {
        const double p = steer_rate(a, v, (int)k);
        char text[16] = "off";
        if (p > 0) {
            snprintf(text, sizeof text, "%.2f", p);
        }
        used += canvas_textf(c, x + used, y, w - used, arm_role(k), ATTR_BOLD, "%c ",
                             v->cond[k].letter);
        used += canvas_textf(c, x + used, y, w - used, ROLE_VALUE, 0, "%s  ", text);
    }
    if (action_may(&action_mask, a, v)) {
        return; /* nothing can change it any more */
    }
    const size_t nth = numbered(a, v);
    const struct cond_view *arm = &v->cond[nth];
    char step[32];
    text_thousands(step, sizeof step,
                   arm->pending ? arm->pending_at : arm->applies_from);
    if (is_asked(a, nth)) {
        canvas_text(c, x + used, y, w - used, "from the next harvest", ROLE_DIM, 0);
    } else if (arm->pending) {
        canvas_textf(c, x + used, y, w - used, ROLE_WARN, 0, "%.2f at %s",
                     arm->pending_rate, step);
    } else {
        canvas_textf(c, x + used, y, w - used, ROLE_DIM, 0, "from step %s", step);
    }
}

/* What stands under the numbers without boxes of its own: what is trained where there
 * is the room, masking and events, or what leads a newcomer on. */
static void below_numbers(const struct app *a, const struct session_view *v,
                          struct canvas *c, struct rect r)
{
    r.h -= is_busy(a, v) ? 0 : guide_rows(a, v, c, r);
    if (r.h > 5) {
        facts_row(v, c, r.x, r.y, r.w);
        r.y++;
        r.h--;
    }
    if (r.h > 0) {
        mask_row(a, v, c, r.x, r.y, r.w);
        r.y++;
        r.h--;
    }
    event_ticker(v, c, r, train_of(a)->event_top);
}

void train_run_box(struct app *a, const struct session_view *v, struct canvas *c,
                   struct rect r, bool wide, bool focused)
{
    const bool compare = conds_of(v) > 1 && !train_of(a)->numbers;
    char title[96], caption[80];
    snprintf(title, sizeof title, "numbers");
    if (conds_of(v) > 1) {
        snprintf(title, sizeof title, "numbers of %c", v->cond[numbered(a, v)].letter);
    }
    if (compare) {
        train_verdict_title(a, v, r.w - 6, title, sizeof title);
    }
    struct rect in = canvas_box(c, r, title, NULL, focused);
    if (compare && v->state != SESSION_LOADING) {
        train_verdict_caption(a, v, r.w - 6, caption, sizeof caption);
        train_caption(c, r, caption, ROLE_DIM);
    }
    if (v->state == SESSION_LOADING) {
        return;
    }
    /* Without boxes of their own, masking and the newest event are at the bottom. */
    const int below = wide ? 0 : 2;
    struct rect rows = in;
    rows.h -= below;
    const int used =
        compare ? train_verdict_rows(a, v, c, rows) : number_rows(a, v, c, rows);
    const int x = in.x + 1;
    if (below && in.h > below) {
        below_numbers(a, v, c, (struct rect){x, in.y + used, in.w - 2, in.h - used});
    } else if (used < in.h) {
        facts_row(v, c, x, in.y + in.h - 1, in.w - 2);
    }
}
