/* Detail: what one latent answers to, and what it does. */
#include "base/number.h"
#include "ui/context_flow.h"
#include "ui/names.h"
#include "ui/screen.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct latent_detail *detail_shown(const struct app *a,
                                         const struct session_view *v)
{
    const struct latent_detail *d = v->detail;
    const bool same =
        d && d->latent == a->detail.latent && v->detail_arm == a->detail.arm;
    return same ? d : NULL;
}

/* ---- statistics ---- */

static void signed_number(char *out, size_t cap, double v)
{
    char text[24];
    plot_number(text, sizeof text, fabs(v), 5);
    snprintf(out, cap, "%s%s", !isfinite(v) ? "" : v < 0 ? "-" : "+", text);
}

static void neighbours_row(struct app *a, const struct latent_detail *d,
                           struct canvas *c, int x, int y, int w, size_t from)
{
    int used = canvas_text(c, x, y, w, from ? "          " : "near ", ROLE_TEXT, 0);
    for (size_t i = from; i < d->n_neighbours; i++) {
        char text[40];
        snprintf(text, sizeof text, "#%d %s", d->neighbour[i],
                 NUMBER(NUMBER_PLAIN, 0, 2, (double)d->neighbour_cos[i]));
        const int n = canvas_text_width(text);
        if (used + n > w) {
            return;
        }
        canvas_text(c, x + used, y, w - used, text, ROLE_KEY, 0);
        app_hit(a, (struct rect){x + used, y, n, 1}, HIT_LATENT, d->neighbour[i]);
        used += n + 2;
    }
}

static void column_row(struct canvas *c, struct rect r, const struct latent_column *col,
                       const struct latent_source *s)
{
    char text[200];
    if (col->text) {
        col->text(s, text, sizeof text);
    } else if (col->type == COLUMN_SHARE) {
        snprintf(text, sizeof text, "%.2f", latent_column_number(col, s));
    } else {
        plot_number(text, sizeof text, latent_column_number(col, s), 6);
    }
    canvas_textf(c, r.x, r.y, r.w, col->text ? ROLE_DIM : ROLE_TEXT, 0, "%s %s",
                 col->detail, text);
}

/* The columns that have a line of their own here, numbers before texts, as far as there
 * is room. */
static void column_rows(struct canvas *c, struct rect r, const struct latent_source *s)
{
    for (int texts = 0; texts < 2; texts++) {
        int at;
        for (size_t i = 0; (at = latent_column_nth(IN_DETAIL, i)) >= 0; i++) {
            const struct latent_column *col = latent_column_at((size_t)at);
            if (r.h > 0 && (col->text != NULL) == (texts > 0) &&
                latent_column_has(col, s)) {
                column_row(c, r, col, s);
                r.y++;
                r.h--;
            }
        }
    }
}

/* Rows that are dropped first when room is short come last. */
static void draw_stats(struct app *a, const struct session_view *v, struct canvas *c,
                       struct rect r, bool wide)
{
    const struct latent_detail *d = detail_shown(a, v);
    char title[48];
    snprintf(title, sizeof title, "#%d of %c%s", a->detail.latent,
             v->arm[a->detail.arm].letter,
             latents_is_marked(&a->latents, a->detail.arm, a->detail.latent) ? " *"
                                                                             : "");
    char step[48] = "";
    if (d && d->step >= 0) {
        char n[32];
        text_thousands(n, sizeof n, d->step);
        snprintf(step, sizeof step, "step %s", n);
    }
    const struct rect in = canvas_box(c, r, title, step, false);
    const int x = in.x + 1, w = in.w - 2, bottom = in.y + in.h;
    int y = in.y;
    char text[200], lo[24], hi[24];
    if (!d) {
        return;
    }
    const struct latent_row *row = &d->row;
    const struct latent_source source = {
        .row = row,
        .latent = a->detail.latent,
        .names = &v->names,
        .label = latents_label(a, v, a->detail.latent),
        .marked = latents_is_marked(&a->latents, a->detail.arm, a->detail.latent)};
    if (source.label[0]) {
        canvas_text(c, x, y++, w, source.label, ROLE_VALUE, ATTR_BOLD);
    }
    plot_number(text, sizeof text, row->density, 6);
    plot_number(lo, sizeof lo, d->density_lo, 6);
    plot_number(hi, sizeof hi, d->density_hi, 6);
    canvas_textf(c, x, y++, w, ROLE_TEXT, 0,
                 wide ? "density %s  95 %% %s..%s" : "\xcf\x81 %s  %s..%s", text, lo,
                 hi);
    plot_number(lo, sizeof lo, (double)row->max, wide ? 5 : 3);
    plot_number(hi, sizeof hi, (double)row->mean, wide ? 5 : 3);
    const char *cosine = NUMBER(NUMBER_PLAIN, 0, 2, (double)d->enc_dec_cos);
    canvas_textf(c, x, y++, w, ROLE_TEXT, 0,
                 wide ? "max %s  mean %s" : "max %s mean %s cos %s", lo, hi, cosine);
    if (wide) {
        canvas_textf(c, x, y++, w, ROLE_TEXT, 0, "cosine of encoder and decoder %s",
                     cosine);
    }
    y = screen_match(c, x, y, w, &v->names, row);
    if (d->delta_n) {
        signed_number(text, sizeof text, d->delta_nll);
        canvas_textf(c, x, y++, w, ROLE_TEXT, 0,
                     wide ? "\xce\x94loss if ablated %s nats (n %zu)"
                          : "\xce\x94loss %s nats, n %zu",
                     text, d->delta_n);
    } else {
        canvas_text(c, x, y++, w, "\xce\x94loss if ablated: not measured", ROLE_DIM, 0);
    }
    if (y < bottom) {
        neighbours_row(a, d, c, x, y++, w, 0);
    }
    column_rows(c, (struct rect){x, y, w, bottom - y}, &source);
}

/* ---- histogram ---- */

static void draw_histogram(const struct app *a, const struct session_view *v,
                           struct canvas *c, struct rect r)
{
    const struct latent_detail *d = detail_shown(a, v);
    const struct rect in =
        canvas_box(c, r, "activation \xe2\x94\x82 log count", NULL, false);
    if (!d || in.h < 1) {
        return;
    }
    if (!(d->hist_max > 0)) {
        canvas_text(c, in.x + 1, in.y, in.w - 2, "never fires on this text", ROLE_DIM,
                    0);
        return;
    }
    const int per = (LATENT_HIST_BINS + in.h - 1) / in.h;
    const int rows = (LATENT_HIST_BINS + per - 1) / per;
    size_t sum[LATENT_HIST_BINS] = {0}, most = 1;
    for (int i = 0; i < LATENT_HIST_BINS; i++) {
        sum[i / per] += d->hist[i];
    }
    for (int i = 0; i < rows; i++) {
        most = sum[i] > most ? sum[i] : most;
    }
    const float at =
        a->detail.context < d->n_contexts ? d->context[a->detail.context].act : -1;
    for (int i = 0; i < rows; i++) {
        char label[24];
        const double from = (double)d->hist_max * i * per / LATENT_HIST_BINS;
        const double to = (double)d->hist_max * (i + 1) * per / LATENT_HIST_BINS;
        const bool here = (double)at > from && ((double)at <= to || i == rows - 1);
        plot_number(label, sizeof label, from, 5);
        canvas_textf(c, in.x + 1, in.y + i, 6, ROLE_AXIS, 0, "%5s", label);
        plot_bar(c, in.x + 7, in.y + i, in.w - 15,
                 log1p((double)sum[i]) / log1p((double)most),
                 arm_role((size_t)a->detail.arm));
        canvas_textf(c, in.x + in.w - 8, in.y + i, 8, here ? ROLE_FOCUS : ROLE_TEXT, 0,
                     "%6zu%s", sum[i], here ? "\xe2\x97\x82" : "");
    }
}

/* ---- logit lens ---- */

static void lens_half(const struct session_view *v, struct canvas *c, struct rect r,
                      const int32_t *token, const float *logit, size_t n,
                      enum role role)
{
    for (int i = 0; i < r.h && (size_t)i < n; i++) {
        char text[80];
        names_token_trimmed(&v->names, token[i], text, sizeof text);
        const char *value = NUMBER(NUMBER_SIGNED, 0, 1, (double)logit[i]);
        const int w = canvas_text_width(value);
        canvas_text(c, r.x, r.y + i, r.w - w - 1, text, ROLE_TEXT, 0);
        canvas_text(c, r.x + r.w - w, r.y + i, w, value, role, 0);
    }
}

static void draw_lens(const struct app *a, const struct session_view *v,
                      struct canvas *c, struct rect r)
{
    static const char *const titles[LENS_MODES] = {
        [LENS_NORM] = "logit lens (norm)", [LENS_DIRECT] = "logit lens (direct)"};
    const struct latent_detail *d = detail_shown(a, v);
    const struct rect in =
        canvas_box(c, r, titles[a->detail.lens],
                   r.w > 36 ? "more \xe2\x94\x82 less" : NULL, false);
    if (!d) {
        return;
    }
    const struct latent_lens *l = &d->lens[a->detail.lens];
    const int half = (in.w - 3) / 2;
    const int bar = in.x + 1 + half;
    canvas_fill(c, (struct rect){bar, in.y, 1, in.h}, 0x2502, ROLE_BORDER, 0);
    lens_half(v, c, (struct rect){in.x + 1, in.y, half - 1, in.h}, l->top, l->top_logit,
              d->n_lens, ROLE_GOOD);
    lens_half(v, c, (struct rect){bar + 2, in.y, in.x + in.w - bar - 3, in.h},
              l->bottom, l->bottom_logit, d->n_lens, ROLE_WARN);
}

/* ---- contexts ---- */

static float top_of(const struct latent_detail *d)
{
    return d->row.max > d->hist_max ? d->row.max : d->hist_max;
}

struct contexts_look {
    int w, most, pitch, gap;
    bool wrap;
};

static int context_height(const struct session_view *v, const struct latent_detail *d,
                          size_t i, const struct contexts_look *look,
                          struct context_flow *flow)
{
    context_flow(flow, &v->names, &d->context[i], top_of(d), look->w, look->wrap,
                 look->most);
    return flow->rows * look->pitch + look->gap;
}

static void draw_context(struct app *a, const struct session_view *v, struct canvas *c,
                         struct rect r, const struct latent_detail *d, size_t i,
                         const struct context_flow *flow)
{
    const bool on = i == a->detail.context;
    char act[24];
    plot_number(act, sizeof act, (double)d->context[i].act, 5);
    canvas_put(c, r.x, r.y, on ? 0x25B6 : ' ', ROLE_FOCUS, ATTR_BOLD);
    canvas_textf(c, r.x + 1, r.y, 6, on ? ROLE_VALUE : ROLE_DIM, 0, "%5s", act);
    bool hit[CONTEXT_TOKENS];
    context_find(&v->names, &d->context[i], a->detail.find, hit);
    context_draw(c, (struct rect){r.x + 8, r.y, r.w - 8, r.h}, flow, &v->names,
                 &d->context[i], top_of(d), a->detail.heat_row, hit);
    app_hit(a, r, HIT_CONTEXT, (int)i);
}

static void draw_context_list(struct app *a, const struct session_view *v,
                              struct canvas *c, struct rect in,
                              const struct latent_detail *d, bool wide)
{
    struct context_flow flow;
    const struct contexts_look look = {.w = in.w - 10,
                                       .most = 3,
                                       .pitch = a->detail.heat_row ? 2 : 1,
                                       .gap = wide ? 1 : 0,
                                       .wrap = a->detail.wrap};
    size_t first = a->detail.context < d->n_contexts ? a->detail.context : 0;
    int room = in.h - context_height(v, d, first, &look, &flow);
    while (first > 0) {
        room -= context_height(v, d, first - 1, &look, &flow);
        if (room < 0) {
            break;
        }
        first--;
    }
    int y = in.y;
    for (size_t i = first; i < d->n_contexts; i++) {
        const int h = context_height(v, d, i, &look, &flow);
        if (y + h - look.gap > in.y + in.h) {
            break;
        }
        draw_context(a, v, c, (struct rect){in.x + 1, y, in.w - 2, h - look.gap}, d, i,
                     &flow);
        y += h;
    }
}

/* What brackets and digits stand for, in the longest words that fit. */
static void draw_legend(struct canvas *c, int x, int y, int w)
{
    static const char *const words[] = {
        "\xe2\x9f\xa6tok\xe2\x9f\xa7 \xe2\x89\xa5.8   [tok] \xe2\x89\xa5.6   "
        "(tok) \xe2\x89\xa5.3 of the largest   digit, colour = activation / largest",
        "\xe2\x9f\xa6tok\xe2\x9f\xa7 \xe2\x89\xa5.8  [tok] \xe2\x89\xa5.6  "
        "(tok) \xe2\x89\xa5.3 of max   digit, colour = act/max",
        "\xe2\x9f\xa6\xe2\x89\xa5.8\xe2\x9f\xa7 [\xe2\x89\xa5.6] "
        "(\xe2\x89\xa5.3)  digit = act/max x 10",
    };
    size_t i = 0;
    while (i < 2 && canvas_text_width(words[i]) > w) {
        i++;
    }
    canvas_text(c, x, y, w, words[i], ROLE_DIM, 0);
}

static void draw_contexts(struct app *a, const struct session_view *v, struct canvas *c,
                          struct rect r, bool wide)
{
    const struct latent_detail *d = detail_shown(a, v);
    const bool fresh = d && d->interval == a->detail.interval;
    char name[32], title[64], value[48] = "";
    names_interval(a->detail.interval, name, sizeof name);
    snprintf(title, sizeof title, "contexts: %s", name);
    if (fresh && d->n_contexts) {
        snprintf(value, sizeof value, "%zu/%zu of %zu", a->detail.context + 1,
                 d->n_contexts, d->n_in_interval);
    }
    const struct rect in = canvas_box(c, r, title, value, true);
    const int x = in.x + 2;
    const int middle = in.y + in.h / 2;
    app_hit(a, r, HIT_PANE, 0);
    if (v->state == SESSION_LOADING) {
        return;
    }
    if (a->detail.latent < 0) {
        canvas_text(c, x, middle, in.w - 3, "no latent chosen: 2 shows the table",
                    ROLE_DIM, 0);
    } else if (!fresh) {
        canvas_textf(c, x, middle, in.w - 3, ROLE_DIM, 0,
                     v->detail_busy ? "describing latent #%d ..."
                                    : "no description of #%d; R asks for one",
                     a->detail.latent);
    } else if (!d->n_contexts) {
        canvas_text(c, x, middle, in.w - 3,
                    d->row.fires ? "no context in this interval; i changes it"
                                 : "dead: it never fires on this text",
                    ROLE_DIM, 0);
    } else {
        struct rect list = in;
        list.h -= 1;
        draw_context_list(a, v, c, list, d, wide);
        draw_legend(c, in.x + 1, in.y + in.h - 1, in.w - 2);
    }
}

void screen_detail_view(struct app *a, const struct session_view *v, struct canvas *c,
                        struct rect body, bool wide)
{
    const struct layout_detail l = layout_detail(body, wide);
    draw_stats(a, v, c, l.stats, wide);
    draw_histogram(a, v, c, l.hist);
    draw_lens(a, v, c, l.lens);
    draw_contexts(a, v, c, l.contexts, wide);
}

/* ---- find ---- */

void detail_find(struct app *a, const struct session_view *v, bool forward, bool here)
{
    const struct latent_detail *d = detail_shown(a, v);
    if (!a->detail.find[0]) {
        return;
    }
    if (!d || !d->n_contexts) {
        app_say(a, false, "no contexts yet: n looks again once they are there");
        return;
    }
    const size_t n = d->n_contexts;
    size_t count = 0, best = SIZE_MAX, best_away = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        if (!context_find(&v->names, &d->context[i], a->detail.find, NULL)) {
            continue;
        }
        count++;
        size_t away = (forward ? i + n - a->detail.context : a->detail.context + n - i);
        away %= n;
        away = away || here ? away : n;
        if (away < best_away) {
            best = i;
            best_away = away;
        }
    }
    if (best == SIZE_MAX) {
        app_say(a, true, "not in these %zu contexts: %.60s", n, a->detail.find);
        return;
    }
    a->detail.context = best;
    app_say(a, false, "/%.60s  in %zu of %zu contexts", a->detail.find, count, n);
}

/* ---- state ---- */

void detail_ask(struct app *a, const struct session_view *v)
{
    if (a->detail.latent < 0 || !v->names.vocab || v->state == SESSION_LOADING ||
        v->state == SESSION_ENDED) {
        return;
    }
    struct command *c = app_emit(a, COMMAND_DETAIL);
    if (c) {
        c->arm = a->detail.arm;
        c->latent = a->detail.latent;
        c->interval = a->detail.interval;
        a->detail.asked = true;
    }
}

void detail_choose(struct app *a, const struct session_view *v, int32_t latent)
{
    const struct latent_detail *d = v->detail;
    a->detail.arm = a->latents.arm;
    a->latents.at = latent;
    latents_go(a, latent);
    if (a->detail.latent != latent) {
        a->detail.latent = latent;
        a->detail.context = 0;
        a->detail.asked = false;
    }
    const struct latent_table *t = latents_table(a, v);
    if (d && t && d->step < t->step) {
        a->detail.asked = false; /* older than the table it was chosen from */
    }
}

void screen_detail_sync(struct app *a, const struct session_view *v)
{
    if (a->screen != SCREEN_DETAIL) {
        return;
    }
    if (a->detail.latent < 0 && latents_table(a, v)) {
        detail_choose(a, v, a->latents.at >= 0 ? a->latents.at : 0);
    }
    const struct latent_detail *d = detail_shown(a, v);
    if (!a->detail.asked && !v->detail_busy && a->detail.latent >= 0) {
        detail_ask(a, v);
    }
    if (d && a->detail.context >= d->n_contexts) {
        a->detail.context = d->n_contexts ? d->n_contexts - 1 : 0;
    }
}

void screen_detail_move(struct app *a, const struct session_view *v,
                        const char *direction)
{
    const struct latent_detail *d = detail_shown(a, v);
    /* Of the keymap's directions only "left" and "right" begin so. */
    if (direction[0] == 'l' || direction[0] == 'r') {
        app_run(a, v, direction[0] == 'l' ? "latent -" : "latent +");
        return;
    }
    struct list_view list = {.count = d ? d->n_contexts : 0, .page = 6};
    list_go(&list, a->detail.context);
    if (list_by_name(&list, direction)) {
        a->detail.context = list.cursor;
    }
}

void screen_detail_enter(struct app *a, const struct session_view *v)
{
    (void)v;
    app_say(a, false, "click a neighbour, or :latent N, to open another latent");
}

void screen_detail_mouse(struct app *a, const struct session_view *v,
                         const struct hit *hit, const struct event *ev)
{
    if (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN) {
        screen_detail_move(a, v, ev->mouse == MOUSE_WHEEL_UP ? "up" : "down");
    } else if (hit->kind == HIT_CONTEXT && ev->mouse == MOUSE_PRESS) {
        a->detail.context = (size_t)hit->a;
    } else if (hit->kind == HIT_LATENT && ev->mouse == MOUSE_PRESS) {
        detail_choose(a, v, hit->a);
    }
}

void screen_detail_status(const struct app *a, const struct session_view *v, char *out,
                          size_t cap)
{
    const struct latent_detail *d = detail_shown(a, v);
    char match[80] = "";
    if (d) {
        names_match(&v->names, &d->row, match, sizeof match);
    }
    if (a->detail.latent < 0) {
        snprintf(out, cap, "no latent chosen");
        return;
    }
    const char *label = latents_label(a, v, a->detail.latent);
    size_t len = (size_t)snprintf(out, cap, "#%d %s%s%s", a->detail.latent, label,
                                  label[0] && match[0] ? "  " : "", match);
    if (d && d->n_contexts && len < cap) {
        snprintf(out + len, cap - len, "  context %zu/%zu%s", a->detail.context + 1,
                 d->n_contexts, v->detail_busy ? "  (updating)" : "");
    }
}
