/* Compare: two conditions, or two runs, side by side: what may be concluded, measures,
 * settings, curves, latents. */
#include "base/csvfile.h"
#include "base/number.h"
#include "ui/actions.h"
#include "ui/export.h"
#include "ui/pane.h"
#include "ui/rows.h"
#include "ui/screens/compare_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    KEY_W = 22,  /* of a setting, */
    NOTE_W = 8,  /* and what it is of */
    LEFT_W = 80, /* columns of measures and latents, beside the rest */
};

struct compare_state *compare_own(const struct app *a)
{
    return app_state(a, &screen_compare);
}

static void init(void *state)
{
    struct compare_state *s = state;
    s->want[0] = s->want[1] = -1;
    s->last = COMPARE_MEASURES;
    s->metric = METRIC_EV;
    s->pair[0] = s->pair[1] = -1;
}

/* ---- layout ---- */

/* All panes at once, or, where they do not fit, the verdict and the pane in focus. */
struct compare_layout compare_layout(const struct app *a, struct rect b, bool wide)
{
    struct compare_layout l = {.sides = layout_box(b.x, b.y, b.w, 1)};
    const int said = layout_least(wide ? 11 : 9, (b.h - 1) / 2);
    const int y = b.y + 1 + said, h = b.h - 1 - said;
    l.said = layout_box(b.x, b.y + 1, b.w, said);
    if (!wide) {
        const struct compare_state *s = compare_own(a);
        l.pane[s->last] = layout_box(b.x, y, b.w, h);
        return l;
    }
    const int left = b.w * 3 / 5 > LEFT_W ? b.w * 3 / 5 : LEFT_W, upper = h / 2;
    l.pane[COMPARE_MEASURES] = layout_box(b.x, y, left, upper);
    l.pane[COMPARE_SETTINGS] = layout_box(b.x + left, y, b.w - left, upper);
    l.pane[COMPARE_LATENTS] = layout_box(b.x, y + upper, left, h - upper);
    l.pane[COMPARE_CURVES] = layout_box(b.x + left, y + upper, b.w - left, h - upper);
    return l;
}

/* ---- what all panes write ---- */

char compare_letter(const struct comparison *c, size_t side)
{
    return c->choice[c->side[side].choice].letter;
}

static enum role choice_role(size_t choice)
{
    static const enum role role[] = {ROLE_SERIES_A, ROLE_SERIES_B, ROLE_SERIES_C,
                                     ROLE_SERIES_D};
    return role[choice % (sizeof role / sizeof *role)];
}

enum role compare_role(const struct comparison *c, size_t side)
{
    return choice_role(c->side[side].choice);
}

bool compare_is_focused(const struct app *a, int pane)
{
    return *app_focus(a, &screen_compare) == pane;
}

/* ---- the sides ---- */

/* Write what follows a choice's name: " x5" for five seeds. */
static void seeds_text(const struct compare_choice *k, char *out, size_t cap)
{
    out[0] = '\0';
    if (k->seeds > 1) {
        snprintf(out, cap, " x%zu", k->seeds);
    }
}

enum { SIDE_MARK = 4, SIDE_LETTER = 2, SIDE_GAP = 2, NAME_LEAST = 8 };

/* Columns for the name of each choice, so that both sides are seen: if not all names
 * fit, the other choices show only their letters, and the two sides share what is
 * left. */
static void name_widths(const struct comparison *o, int w, int out[COMPARE_CHOICES])
{
    int all = 0, fixed = 0, side[2] = {0, 0};
    for (size_t i = 0; i < o->n_choices; i++) {
        char seeds[24];
        seeds_text(&o->choice[i], seeds, sizeof seeds);
        out[i] = canvas_text_width(o->choice[i].name) + canvas_text_width(seeds);
        all += SIDE_MARK + SIDE_LETTER + out[i] + SIDE_GAP;
        fixed += SIDE_MARK + SIDE_LETTER + SIDE_GAP;
    }
    if (all - SIDE_GAP <= w) {
        return;
    }
    for (size_t i = 0; i < o->n_choices; i++) {
        for (size_t k = 0; k < 2; k++) {
            side[k] = o->side[k].choice == i ? out[i] : side[k];
        }
    }
    const int room = w - fixed + SIDE_GAP, half = room / 2;
    for (size_t i = 0; i < o->n_choices; i++) {
        const bool first = o->side[0].choice == i, second = o->side[1].choice == i;
        const int other = first ? side[1] : side[0];
        const int share = other < half ? room - other : half;
        out[i] = !first && !second ? 0 : layout_least(out[i], share);
        out[i] = (first || second) && out[i] < NAME_LEAST ? NAME_LEAST : out[i];
    }
}

/* Draw "[1] A mask p=0.30  [2] B no mask      C r22: no mask": what can be on a side,
 * and what is. */
static void draw_sides(struct app *a, const struct session_view *v, struct canvas *c,
                       struct rect r)
{
    const struct comparison *o = v->compare;
    int x = r.x + 1, width[COMPARE_CHOICES];
    const int end = r.x + r.w;
    if (!o) {
        return;
    }
    name_widths(o, r.w - 1, width);
    for (size_t i = 0; i < o->n_choices && x < end; i++) {
        const bool first = o->side[0].choice == i, second = o->side[1].choice == i;
        const int from = x;
        char seeds[24];
        x += canvas_text(c, x, r.y, end - x,
                         first    ? "[1] "
                         : second ? "[2] "
                                  : "    ",
                         first || second ? ROLE_FOCUS : ROLE_DIM, ATTR_BOLD);
        x += canvas_textf(c, x, r.y, end - x, choice_role(i), ATTR_BOLD, "%c ",
                          o->choice[i].letter);
        seeds_text(&o->choice[i], seeds, sizeof seeds);
        const int used = canvas_text_width(seeds);
        const int room = layout_least(width[i], end - x);
        if (room > used) {
            x += canvas_text(c, x, r.y, room - used, o->choice[i].name,
                             first || second ? ROLE_TEXT : ROLE_DIM, 0);
            x += canvas_text(c, x, r.y, used, seeds, ROLE_DIM, 0);
        }
        app_hit(a, (struct rect){from, r.y, x - from, 1}, HIT_CHOICE, (int)i);
        x += SIDE_GAP;
    }
}

/* ---- the verdict ---- */

static int draw_said_lines(const struct comparison *o, struct canvas *c, struct rect r,
                           int top)
{
    int lines = 0;
    /* First what the numbers depend on: below them it would be read too late. */
    for (size_t i = 0; i < o->remarks.n; i++) {
        char text[REMARK_TEXT + 4];
        const int n = snprintf(text, sizeof text, "! %s", o->remarks.line[i]);
        lines += rows_wrapped(c, r, text, (size_t)n, ROLE_WARN, top - lines);
    }
    for (const char *p = o->said; p && *p;) {
        const char *end = strchr(p, '\n');
        const size_t n = end ? (size_t)(end - p) : strlen(p);
        lines += rows_wrapped(c, r, p, n, p == o->said ? ROLE_VALUE : ROLE_TEXT,
                              top - lines);
        p = end ? end + 1 : p + n;
    }
    return lines;
}

/* Whether an arm of the open run is on a side. */
static bool is_compared(const struct comparison *c, const struct arm_view *arm)
{
    bool r = false;
    for (size_t i = 0; i < 2; i++) {
        const size_t choice = c->side[i].choice;
        r = r || (c->choice[choice].run == 0 && choice == arm->cond && arm->concepts);
    }
    return r;
}

/* The first arm of either side that was measured after the comparison shown was made,
 * again with all of its run or alone as one just added; NULL: none was. */
static const struct arm_view *stale_arm(const struct session_view *v, int64_t *was)
{
    const struct comparison *c = v->compare;
    for (size_t i = 0; c && i < v->n_arms; i++) {
        const struct arm_view *arm = &v->arm[i];
        if (is_compared(c, arm) && c->measured[i] < arm->concepts->step) {
            *was = c->measured[i];
            return arm;
        }
    }
    return NULL;
}

/* A number that changes with each evaluation of an arm on either side. */
static int64_t evaluations(const struct session_view *v)
{
    int64_t sum = 0;
    for (size_t i = 0; v->compare && i < v->n_arms; i++) {
        const struct arm_view *arm = &v->arm[i];
        sum += is_compared(v->compare, arm) ? arm->concepts->step + 1 : 0;
    }
    return sum;
}

/* Draw, over what the numbers are of, that they are old, and what renews them. */
static void draw_stale(const struct app *a, const struct session_view *v,
                       struct canvas *c, struct rect r)
{
    char was[32], is[32], text[120], words[120];
    int64_t step = 0;
    const struct arm_view *arm = stale_arm(v, &step);
    if (arm && !v->compare_busy) {
        text_thousands(was, sizeof was, step > 0 ? step : 0);
        text_thousands(is, sizeof is, arm->concepts->step);
        snprintf(text, sizeof text,
                 " old: of step %s, not %s; " KEY_OF("refresh") " renews ", was, is);
        app_words(a, text, words, sizeof words);
        rows_right(c, r.x + 1, r.y, r.w - 2, words, ROLE_WARN, 0);
    }
}

static void draw_said(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r)
{
    struct compare_state *s = compare_own(a);
    const struct comparison *o = v->compare;
    char title[120] = "verdict";
    char source[64];
    const char *value = o ? compare_source_text(o, source, sizeof source) : "";
    if (o) {
        char pairs[64] = "one pair";
        if (o->measures.other_data[0]) { /* visible even if the sentence is below */
            snprintf(pairs, sizeof pairs, COMPARE_NOT_COMPARABLE ": different %s",
                     o->measures.other_data);
        } else if (o->measures.pairs != 1) {
            snprintf(pairs, sizeof pairs, "%zu pairs of seeds", o->measures.pairs);
        }
        snprintf(title, sizeof title, "verdict: %c-%c, %s", compare_letter(o, 0),
                 compare_letter(o, 1), pairs);
    }
    if (v->compare_busy) {
        value = v->compare_doing[0] ? v->compare_doing : "comparing ...";
    }
    struct rect in =
        canvas_box(c, r, title, value, compare_is_focused(a, COMPARE_SAID));
    draw_stale(a, v, c, r);
    app_hit(a, r, HIT_PANE, COMPARE_SAID);
    in = rect_inset(in, 1, 0);
    if (o) {
        s->said.page = in.h;
        const size_t lines = (size_t)draw_said_lines(o, c, in, (int)s->said.top);
        const size_t most = lines > (size_t)in.h ? lines - (size_t)in.h : 0;
        s->said.count = most + 1; /* places of the first line */
        s->said.top = s->said.top < most ? s->said.top : most;
        s->said.cursor = s->said.top;
        if (s->said.top < most) {
            rows_right(c, in.x, r.y + r.h - 1, in.w - 1, " more below ", ROLE_DIM, 0);
        }
        return;
    }
    const char *why = compare_may(a, v);
    app_text(a, c, in.x, in.y, in.w,
             v->state == SESSION_LOADING ? ""
             : v->compare_busy           ? value
             : why                       ? why
             : compare_is_asked(s, v)
                 ? "comparing ..."
                 : "nothing compared yet; " KEY_OF("refresh") " compares",
             ROLE_DIM);
}

/* ---- settings ---- */

struct setting_columns {
    int key, each; /* and each value */
};
static struct setting_columns setting_columns(int w)
{
    const int key = w > 60 ? KEY_W : KEY_W - 7;
    return (struct setting_columns){key, (w - key - NOTE_W) / 2};
}

static void draw_setting(struct canvas *c, struct rect r, const struct difference *d,
                         bool cursor)
{
    static const char *const note[] = {[DIFFERENCE_SEED] = "seed",
                                       [DIFFERENCE_MASKING] = "masking",
                                       [DIFFERENCE_INPUTS] = "data",
                                       [DIFFERENCE_OTHER] = "other"};
    const enum role role = cursor ? ROLE_SELECT : ROLE_TEXT;
    const struct setting_columns w = setting_columns(r.w);
    if (cursor) {
        canvas_fill(c, r, ' ', ROLE_SELECT, 0);
        canvas_put(c, r.x, r.y, 0x25B6, ROLE_SELECT, 0);
    }
    canvas_text(c, r.x + 2, r.y, w.key - 3, d->key, cursor ? ROLE_SELECT : ROLE_VALUE,
                0);
    for (int i = 0; i < 2; i++) {
        canvas_text(c, r.x + w.key + i * w.each, r.y, w.each - 1, d->value[i], role, 0);
    }
    canvas_text(c, r.x + w.key + 2 * w.each, r.y, NOTE_W, note[d->kind],
                cursor ? ROLE_SELECT
                : d->kind == DIFFERENCE_OTHER || d->kind == DIFFERENCE_INPUTS
                    ? ROLE_WARN
                    : ROLE_DIM,
                0);
}

static size_t settings_n(const struct comparison *o)
{
    return o->n_differences < COMPARE_DIFFERENCES ? o->n_differences
                                                  : COMPARE_DIFFERENCES;
}

static void draw_settings(struct app *a, const struct session_view *v, struct canvas *c,
                          struct rect r)
{
    struct compare_state *s = compare_own(a);
    const struct comparison *o = v->compare;
    const bool focused = compare_is_focused(a, COMPARE_SETTINGS);
    char value[40] = "";
    if (o) {
        snprintf(value, sizeof value, "%zu differ%s", o->n_differences,
                 o->n_differences == 1 ? "s" : "");
    }
    const struct rect in = canvas_box(c, r, "settings", value, focused);
    app_hit(a, r, HIT_PANE, COMPARE_SETTINGS);
    if (!o || in.h < 2) {
        return;
    }
    list_set(&s->settings, settings_n(o), in.h - 1);
    const struct setting_columns w = setting_columns(in.w);
    for (int i = 0; i < 2; i++) {
        canvas_textf(c, in.x + w.key + i * w.each, in.y, w.each,
                     compare_role(o, (size_t)i), ATTR_BOLD, "%c",
                     compare_letter(o, (size_t)i));
    }
    if (!s->settings.count) {
        canvas_text(c, in.x + 2, in.y + 1, in.w - 2, "no setting that shapes an SAE",
                    ROLE_DIM, 0);
    }
    for (size_t i = 0; i < list_visible(&s->settings); i++) {
        const size_t at = s->settings.top + i;
        const struct rect row = {in.x, in.y + 1 + (int)i, in.w, 1};
        draw_setting(c, row, &o->difference[at], focused && at == s->settings.cursor);
        app_hit(a, row, HIT_COMPARE_ROW, COMPARE_SETTINGS * COMPARE_HIT_PANE + (int)i);
    }
}

/* ---- curves ---- */

static void draw_curves(struct app *a, const struct session_view *v, struct canvas *c,
                        struct rect r)
{
    const struct compare_state *s = compare_own(a);
    const struct comparison *o = v->compare;
    const struct measure *def = measure_at((enum metric)s->metric);
    char title[80];
    snprintf(title, sizeof title, "%s over steps", def->label);
    const char *unit = def->unit ? def->unit : "";
    const bool fits = canvas_text_width(title) + canvas_text_width(unit) + 9 <= r.w;
    const struct rect in = canvas_box(c, r, title, fits ? unit : "",
                                      compare_is_focused(a, COMPARE_CURVES));
    app_hit(a, r, HIT_PANE, COMPARE_CURVES);
    if (!o) {
        return;
    }
    struct plot_spec spec = {
        .title = title,
        .y_min = (double)NAN,
        .y_max = (double)NAN,
        .cursor_x = (double)NAN,
        .smooth = pane_is_noisy(s->metric) ? a->smooth : 0.0,
        .empty = "no curve of it in either run: saetop eval RUN has its end"};
    for (size_t i = 0; i < 2; i++) {
        const struct compare_curve *y = &o->side[i].curve[s->metric];
        spec.series[spec.n_series++] =
            (struct plot_series){.x = y->x,
                                 .y = y->y,
                                 .n = y->n,
                                 .role = compare_role(o, i),
                                 .faint = i ? ROLE_FAINT_B : ROLE_FAINT_A,
                                 .letter = compare_letter(o, i),
                                 .name = o->choice[o->side[i].choice].name};
    }
    plot_draw(c, in, &spec, NULL);
}

/* ---- all of it ---- */

struct list_view *compare_list_of(struct compare_state *s, int pane)
{
    return pane == COMPARE_SAID       ? &s->said
           : pane == COMPARE_MEASURES ? &s->measures
           : pane == COMPARE_SETTINGS ? &s->settings
           : pane == COMPARE_LATENTS  ? (s->contexts ? &s->context : &s->latents)
                                      : NULL;
}

static void view(struct app *a, const struct session_view *v, struct canvas *c,
                 struct rect body, bool wide)
{
    static void (*const draw[COMPARE_PANES])(struct app *, const struct session_view *,
                                             struct canvas *, struct rect) = {
        [COMPARE_MEASURES] = compare_draw_measures,
        [COMPARE_SETTINGS] = draw_settings,
        [COMPARE_CURVES] = draw_curves,
        [COMPARE_LATENTS] = compare_draw_latents};
    struct compare_state *s = compare_own(a);
    const int focus = *app_focus(a, &screen_compare);
    s->last = focus != COMPARE_SAID ? focus : s->last;
    const struct compare_layout l = compare_layout(a, body, wide);
    draw_sides(a, v, c, l.sides);
    draw_said(a, v, c, l.said);
    for (int i = COMPARE_MEASURES; i < COMPARE_PANES; i++) {
        if (l.pane[i].w > 0) {
            draw[i](a, v, c, l.pane[i]);
        }
    }
}

/* Whether the comparison is to be asked for again: not while the user is further down
 * in its lists, unless the run has come to its end. */
static bool is_old(const struct compare_state *s, const struct session_view *v)
{
    const bool idle = v->compare && v->compare->source == COMPARE_FROM_RUN &&
                      !s->contexts && s->latents.cursor == 0;
    int64_t was = 0;
    return stale_arm(v, &was) && !v->compare_busy && !s->stays &&
           s->again_at != evaluations(v) && (idle || v->state == SESSION_DONE);
}

static void sync(struct app *a, const struct session_view *v, bool shown)
{
    struct compare_state *s = compare_own(a);
    if (!s->took_other && v->other[0]) {
        s->took_other = true;
        snprintf(s->other, sizeof s->other, "%s", v->other);
    }
    if (s->seen != v->compare) { /* a new one: its lists begin at their tops */
        s->seen = v->compare;
        s->stays = false;
        s->said.top = s->said.cursor = 0;
        list_home(&s->latents);
        s->contexts = false;
    }
    if (s->failed != v->compares_failed) {
        compare_failed(s, v);
    }
    const bool old = is_old(s, v);
    if (shown) {
        s->again_at = old ? evaluations(v) : s->again_at; /* once for each */
        compare_ask(a, v, old);
    }
}

static void move(struct app *a, const struct session_view *v, const char *direction)
{
    struct compare_state *s = compare_own(a);
    const int focus = *app_focus(a, &screen_compare);
    struct list_view *list = compare_list_of(s, focus);
    const bool right = strcmp(direction, "right") == 0;
    if (focus == COMPARE_LATENTS && s->contexts &&
        (right || strcmp(direction, "left") == 0)) {
        compare_go_side(a, v, right ? 1 : 0);
    } else if (focus == COMPARE_SAID) {
        list_by_name(list, direction);
        s->said.top = s->said.cursor;
    } else if (list) {
        list_by_name(list, direction);
    }
}

void compare_lead_to(struct app *a, int pane)
{
    struct compare_state *s = compare_own(a);
    int *focus = app_focus(a, &screen_compare);
    if (*focus != pane) {
        s->from = *focus;
        s->led_to = pane;
        *focus = pane;
    }
}

/* Enter: open a measure's curve, the contexts of two latents, or a latent. */
static void enter(struct app *a, const struct session_view *v)
{
    struct compare_state *s = compare_own(a);
    const int focus = *app_focus(a, &screen_compare);
    if (!v->compare) {
        return;
    }
    if (focus == COMPARE_MEASURES) {
        const int at = compare_measure_at(v->compare, s->measures.cursor);
        if (at < 0) {
            return;
        }
        const size_t m = (size_t)at;
        const enum metric metric = verdict_measure_def(m)->metric;
        if (metric < METRIC_COUNT) {
            s->metric = (int)metric;
            compare_lead_to(a, COMPARE_CURVES);
        } else {
            app_say(a, false, "%s is not measured while training goes on",
                    verdict_measure_label(m));
        }
    } else if (focus == COMPARE_LATENTS && s->contexts) {
        compare_open_latent(a, v);
    } else if (focus == COMPARE_LATENTS) {
        compare_open_pair(a, v);
    }
}

static bool cancel(struct app *a, const struct session_view *v)
{
    struct compare_state *s = compare_own(a);
    int *focus = app_focus(a, &screen_compare);
    (void)v;
    if (s->contexts && *focus == COMPARE_LATENTS) {
        s->contexts = false;
        return true;
    }
    if (*focus == COMPARE_SAID || *focus != s->led_to) {
        return false;
    }
    *focus = s->from;
    s->led_to = COMPARE_SAID;
    return true;
}

static void mouse(struct app *a, const struct session_view *v, const struct hit *hit,
                  const struct event *ev)
{
    struct compare_state *s = compare_own(a);
    int *focus = app_focus(a, &screen_compare);
    const bool up = ev->mouse == MOUSE_WHEEL_UP;
    const int pane = hit->kind == HIT_COMPARE_ROW ? hit->a / COMPARE_HIT_PANE
                     : hit->kind == HIT_PANE      ? hit->a
                                                  : *focus;
    struct list_view *list = compare_list_of(s, pane);
    if (up || ev->mouse == MOUSE_WHEEL_DOWN) {
        if (list) {
            list_wheel(list, up ? -3 : 3);
        }
    } else if (ev->mouse == MOUSE_PRESS && hit->kind == HIT_CHOICE && v->compare) {
        compare_choose(a, v, 1, (size_t)hit->a);
    } else if (ev->mouse == MOUSE_PRESS && hit->kind == HIT_COMPARE_ROW && list) {
        const size_t side = (size_t)(hit->a % COMPARE_HIT_PANE / COMPARE_HIT_SIDE);
        const bool in_contexts = pane == COMPARE_LATENTS && s->contexts;
        const bool here = *focus == pane && (!in_contexts || side == s->at_side);
        const size_t was = list->cursor;
        *focus = pane;
        if (in_contexts) {
            compare_go_side(a, v, side);
        }
        if (list_click(list, hit->a % COMPARE_HIT_SIDE) && here &&
            list->cursor == was) {
            enter(a, v);
        }
    }
}

static void status(const struct app *a, const struct session_view *v, char *out,
                   size_t cap)
{
    const struct compare_state *s = compare_own(a);
    if (v->compare_busy && v->compare) {
        snprintf(out, cap, "%s",
                 v->compare_doing[0] ? v->compare_doing : "comparing ...");
    } else if (v->compare && *app_focus(a, &screen_compare) == COMPARE_LATENTS) {
        char name[40];
        compare_list_name(v->compare, s->list, name, sizeof name);
        const char *contexts =
            "contexts: " KEY_OF("open") " latent, " KEY_OF("back") " list";
        snprintf(out, cap, "%s", s->contexts ? contexts : name);
    } else if (v->compare) {
        size_t len = 0;
        for (size_t i = 0; i < 2 && len < cap; i++) {
            const int64_t step = v->compare->side[i].step;
            len += (size_t)snprintf(out + len, cap - len, "%s%c ", i ? ", " : "",
                                    compare_letter(v->compare, i));
            if (len < cap && step >= 0) {
                char text[48];
                text_step(text, sizeof text, step);
                len += (size_t)snprintf(out + len, cap - len, "%s", text);
            } else if (len < cap) {
                len += (size_t)snprintf(out + len, cap - len, "imported");
            }
        }
    }
}

/* The layout that undo restores. */
struct layout {
    int metric, list;
};
_Static_assert(sizeof(struct layout) <= SCREEN_LAYOUT, "undo has room for it");

static void layout(const struct app *a, void *out)
{
    struct layout *to = out;
    to->metric = compare_own(a)->metric;
    to->list = compare_own(a)->list;
}

static void set_layout(struct app *a, const struct session_view *v, const void *in)
{
    struct compare_state *s = compare_own(a);
    const struct layout *from = in;
    (void)v;
    s->metric = from->metric;
    s->list = from->list;
    list_home(&s->latents);
    s->contexts = false;
}

/* ---- export ---- */

static const char *may_export(const struct app *a, const struct session_view *v)
{
    (void)a;
    return v->compare ? NULL : "nothing compared yet";
}

static void export_name(const struct app *a, const struct session_view *v, char *out,
                        size_t cap)
{
    static const char *const of[COMPARE_PANES] = {"measures", "measures", "settings",
                                                  "curves", "latents"};
    snprintf(out, cap, "compare-%c-%c-%s.csv", compare_letter(v->compare, 0),
             compare_letter(v->compare, 1), of[*app_focus(a, &screen_compare)]);
}

static void export_settings(const struct comparison *o, struct str *out)
{
    str_add(out, "setting,first,second\n");
    for (size_t i = 0; i < settings_n(o); i++) {
        csv_add(out, o->difference[i].key, true);
        export_escaped(out, o->difference[i].value[0], false);
        export_escaped(out, o->difference[i].value[1], false);
        str_addc(out, '\n');
    }
}

static void export_curves(const struct comparison *o, int metric, struct str *out)
{
    str_addf(out, "side,step,%s\n", measure_at((enum metric)metric)->column);
    for (size_t i = 0; i < 2; i++) {
        const struct compare_curve *y = &o->side[i].curve[metric];
        for (size_t k = 0; k < y->n; k++) {
            const char letter[2] = {compare_letter(o, i), '\0'};
            csv_add(out, letter, true);
            export_integer(out, (int64_t)y->x[k], false);
            export_number(out, y->y[k], false);
            str_addc(out, '\n');
        }
    }
}

/* Export the content of the pane in focus. */
static enum err export_text(const struct app *a, const struct session_view *v,
                            struct str *out, struct errinfo *e)
{
    switch (*app_focus(a, &screen_compare)) {
    case COMPARE_SETTINGS: export_settings(v->compare, out); break;
    case COMPARE_CURVES: export_curves(v->compare, compare_own(a)->metric, out); break;
    case COMPARE_LATENTS: compare_export_latents(a, v, out); break;
    default: compare_export_measures(v->compare, out); break;
    }
    return str_err(out, "export", e);
}

/* ---- copy ---- */

/* Copy the row under the cursor of the pane in focus. */
static bool copy(const struct app *a, const struct session_view *v, char *what,
                 size_t cap, struct str *out)
{
    const struct comparison *o = v->compare;
    const struct compare_state *s = compare_own(a);
    const int focus = *app_focus(a, &screen_compare);
    const int m = o ? compare_measure_at(o, s->measures.cursor) : -1;
    if (!o) {
        return false;
    }
    if (focus == COMPARE_SETTINGS && s->settings.cursor < settings_n(o)) {
        const struct difference *d = &o->difference[s->settings.cursor];
        snprintf(what, cap, "setting");
        str_addf(out, "%s: %s, %s", d->key, d->value[0], d->value[1]);
    } else if (focus == COMPARE_LATENTS &&
               s->latents.cursor < compare_latents_n(o, s->list)) {
        int32_t pair[2];
        compare_latents_at(o, s->list, s->latents.cursor, pair);
        snprintf(what, cap, "latents");
        for (int i = 0; i < 2; i++) {
            if (pair[i] >= 0) {
                str_addf(out, "%s%c %d", out->len ? ", " : "",
                         compare_letter(o, (size_t)i), pair[i]);
            }
        }
    } else if (m >= 0) {
        const struct verdict_row *r = &o->measures.row[m];
        snprintf(what, cap, "measure");
        str_addf(out, "%s: %c %.6g, %c %.6g, difference %.6g, %s",
                 verdict_measure_name((size_t)m), compare_letter(o, 0), r->d.after,
                 compare_letter(o, 1), r->d.before, r->d.by.mean,
                 compare_verdict(o, (size_t)m));
    }
    return true;
}

const struct screen_def screen_compare = {
    .name = "compare",
    .title = "Compare",
    .go = {{'6'},
           &action_screen,
           "compare",
           NULL,
           "Compare: two conditions or two runs",
           0},
    .up = &screen_train,
    .of_two_runs = true,
    .panes = COMPARE_PANES,
    .panes_wide = COMPARE_PANES,
    .keys = &compare_keys,
    .played = "jjkff.,fk",
    .state_size = sizeof(struct compare_state),
    .init = init,
    .sync = sync,
    .view = view,
    .status = status,
    .move = move,
    .enter = enter,
    .cancel = cancel,
    .close = cancel,
    .mouse = mouse,
    .layout = layout,
    .set_layout = set_layout,
    .copy = copy,
    .may_export = may_export,
    .export_name = export_name,
    .export_text = export_text,
};
