/* Detail: what one latent answers to, and what it does. */
#include "base/number.h"
#include "session/tellers.h"
#include "ui/actions.h"
#include "ui/export.h"
#include "ui/plot.h"
#include "ui/rows.h"
#include "ui/screens/detail_priv.h"
#include "ui/screens/prompt.h"
#include "ui/steer.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct detail_state *detail_of(const struct app *a)
{
    return app_state(a, &screen_detail);
}

static void init(void *state)
{
    struct detail_state *own = state;
    own->latent = -1;
    own->interval = INTERVAL_TOP;
    own->heat_row = true;
}

struct detail_layout detail_layout(struct rect b, bool wide)
{
    struct detail_layout l;
    const int left =
        wide ? layout_least(40 + (b.w - 120) / 6, b.w / 2) : layout_least(30, b.w / 2);
    const int stats = layout_least(wide ? 10 : 8, b.h);
    const int hist = layout_least(wide ? 12 : 6, b.h - stats);
    l.stats = layout_box(b.x, b.y, left, stats);
    l.hist = layout_box(b.x, b.y + stats, left, hist);
    l.lens = layout_box(b.x, b.y + stats + hist, left, b.h - stats - hist);
    l.contexts = layout_box(b.x + left, b.y, b.w - left, b.h);
    return l;
}

const struct latent_detail *detail_shown(const struct app *a,
                                         const struct session_view *v)
{
    const struct latent_detail *d = v->detail;
    const bool same =
        d && d->latent == detail_of(a)->latent && v->detail_arm == latents_arm(a);
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

/* Draw the columns that have a line of their own here, numbers before texts, as far as
 * there is room. */
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

/* Write " silenced", and with how many others; "": it is not. */
static void say_silenced(const struct app *a, char *out, size_t cap)
{
    const size_t n = prompt_silenced(a, NULL, 0);
    out[0] = '\0';
    if (prompt_is_silenced(a, detail_of(a)->latent)) {
        snprintf(out, cap, n > 1 ? " silenced, +%zu" : " silenced", n - 1);
    }
}

/* Draw the statistics. Rows that can be dropped for want of room come last. */
static void draw_stats(struct app *a, const struct session_view *v, struct canvas *c,
                       struct rect r, bool wide)
{
    const struct latent_detail *d = detail_shown(a, v);
    char title[96], silenced[32], seed[32];
    say_silenced(a, silenced, sizeof silenced);
    latents_seed(a, v, seed, sizeof seed);
    snprintf(title, sizeof title, "#%d of %c%s%s%s", detail_of(a)->latent,
             v->cond[latents_cond(a)].letter, seed,
             latents_has_mark(a, detail_of(a)->latent) ? " *" : "", silenced);
    char step[48] = "";
    if (d && d->step >= 0) {
        text_step(step, sizeof step, d->step);
    }
    if (canvas_text_width(title) + canvas_text_width(step) + 8 > r.w) {
        snprintf(step, sizeof step, "%s", d && d->step == 0 ? "untrained" : "");
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
        .latent = detail_of(a)->latent,
        .names = &v->names,
        .label = latents_label(a, v, detail_of(a)->latent),
        .absorption = tellers_absorption(v->arm[latents_arm(a)].concepts, row,
                                         detail_of(a)->latent),
        .marked = latents_has_mark(a, detail_of(a)->latent)};
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
        canvas_textf(c, x, y++, w, ROLE_TEXT, 0, "cos enc, dec %s  robust %s", cosine,
                     NUMBER(NUMBER_PLAIN, 0, 2, d->robustness));
    }
    y = latents_match(c, x, y, w, &v->names, row);
    if (d->delta_n) {
        signed_number(text, sizeof text, d->delta_nll);
        canvas_textf(c, x, y++, w, ROLE_TEXT, 0,
                     wide ? "\xce\x94loss if ablated %s nats (n %zu)"
                          : "\xce\x94loss %s nats, n %zu",
                     text, d->delta_n);
    } else {
        canvas_textf(c, x, y++, w, ROLE_DIM, 0,
                     v->no_model && !wide ? "\xce\x94loss %s"
                                          : "\xce\x94loss if ablated: %s",
                     v->no_model ? want_gives(WANT_MODEL) : "not measured");
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
    const float at = detail_of(a)->context < d->n_contexts
                         ? d->context[detail_of(a)->context].act
                         : -1;
    for (int i = 0; i < rows; i++) {
        char label[24];
        const double from = (double)d->hist_max * i * per / LATENT_HIST_BINS;
        const double to = (double)d->hist_max * (i + 1) * per / LATENT_HIST_BINS;
        const bool here = (double)at > from && ((double)at <= to || i == rows - 1);
        plot_number(label, sizeof label, from, 5);
        canvas_textf(c, in.x + 1, in.y + i, 6, ROLE_AXIS, 0, "%5s", label);
        plot_bar(c, in.x + 7, in.y + i, in.w - 15,
                 log1p((double)sum[i]) / log1p((double)most),
                 arm_role((size_t)latents_cond(a)));
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
        canvas_box(c, r, titles[detail_of(a)->lens],
                   r.w > 36 ? "more \xe2\x94\x82 less" : NULL, false);
    const char *none = v->no_model           ? want_says(WANT_MODEL)
                       : d && d->n_lens == 0 ? "an MLP reads it, not the logits"
                                             : NULL;
    if (none) {
        (void)rows_wrapped(c, (struct rect){in.x + 1, in.y, in.w - 2, in.h}, none,
                           strlen(none), ROLE_DIM, 0);
    }
    if (!d || none) {
        return;
    }
    const struct latent_lens *l = &d->lens[detail_of(a)->lens];
    const int half = (in.w - 3) / 2;
    const int bar = in.x + 1 + half;
    canvas_fill(c, (struct rect){bar, in.y, 1, in.h}, 0x2502, ROLE_BORDER, 0);
    lens_half(v, c, (struct rect){in.x + 1, in.y, half - 1, in.h}, l->top, l->top_logit,
              d->n_lens, ROLE_GOOD);
    lens_half(v, c, (struct rect){bar + 2, in.y, in.x + in.w - bar - 3, in.h},
              l->bottom, l->bottom_logit, d->n_lens, ROLE_WARN);
}

static void view(struct app *a, const struct session_view *v, struct canvas *c,
                 struct rect body, bool wide)
{
    const struct detail_layout l = detail_layout(body, wide);
    if (detail_of(a)->latent >= 0) {
        detail_of(a)->here = (struct detail_place){.cond = latents_cond(a),
                                                   .latent = detail_of(a)->latent};
        detail_of(a)->seen = true;
    }
    draw_stats(a, v, c, l.stats, wide);
    draw_histogram(a, v, c, l.hist);
    draw_lens(a, v, c, l.lens);
    if (detail_of(a)->pane == PANE_NEAR) {
        near_view(a, v, c, l.contexts);
    } else if (detail_of(a)->pane == PANE_INTERVALS) {
        intervals_view(a, v, c, l.contexts);
    } else if (detail_of(a)->pane == PANE_EFFECT) {
        struct ask_edit edit[EFFECT_EDITS];
        effect_draw(a, v, c, l.contexts, edit, detail_edits(a, edit), true);
        app_hit(a, l.contexts, HIT_PANE, 0);
    } else {
        contexts_view(a, v, c, l.contexts, wide);
    }
}

/* ---- state ---- */

size_t detail_edits(const struct app *a, struct ask_edit out[EFFECT_EDITS])
{
    int32_t latent[EFFECT_EDITS] = {detail_of(a)->latent};
    size_t n = 1;
    if (prompt_is_silenced(a, latent[0])) {
        n = prompt_silenced(a, latent, EFFECT_EDITS);
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct ask_edit){.latent = latent[i], .how = ASK_ZERO};
    }
    return n;
}

void detail_ask(struct app *a, const struct session_view *v)
{
    if (detail_of(a)->latent < 0 || !v->names.vocab || v->state == SESSION_LOADING ||
        v->state == SESSION_ENDED) {
        return;
    }
    struct command *c = app_emit(a, COMMAND_DETAIL);
    if (c) {
        c->arm = latents_arm(a);
        c->latent = detail_of(a)->latent;
        c->interval = detail_of(a)->interval;
        detail_of(a)->asked = true;
    }
}

void detail_leave(struct app *a)
{
    struct detail_state *own = detail_of(a);
    if (!own->seen) {
        return;
    }
    own->seen = false;
    if (own->n_past == DETAIL_PAST) {
        own->n_past--;
        memmove(own->past, own->past + 1, own->n_past * sizeof *own->past);
    }
    own->here.near_at = own->near_at;
    own->past[own->n_past++] = own->here;
}

void detail_choose(struct app *a, const struct session_view *v, int32_t latent)
{
    const struct latent_detail *d = v->detail;
    latents_choose(a, latent);
    if (detail_of(a)->latent != latent) {
        detail_of(a)->latent = latent;
        detail_of(a)->context = 0;
        detail_of(a)->asked = false;
    }
    const struct latent_table *t = latents_table(a, v);
    if (d && t && d->step < t->step) {
        detail_of(a)->asked = false; /* older than the table it was chosen from */
    }
}

static void sync(struct app *a, const struct session_view *v, bool shown)
{
    struct detail_state *own = detail_of(a);
    if (!shown) {
        return;
    }
    if (own->arm != latents_arm(a)) {
        detail_leave(a);
        own->arm = latents_arm(a);
        own->asked = false;
        own->context = 0;
    }
    if (own->latent < 0 && latents_table(a, v)) {
        detail_choose(a, v, latents_at(a) >= 0 ? latents_at(a) : 0);
    }
    const struct latent_detail *d = detail_shown(a, v);
    if (!own->asked && !v->detail_busy && own->latent >= 0) {
        detail_ask(a, v);
    }
    if (d && own->context >= d->n_contexts) {
        own->context = d->n_contexts ? d->n_contexts - 1 : 0;
    }
    effect_sync(a, v);
}

/* Go from what is in place of the contexts back to these. */
static bool cancel(struct app *a, const struct session_view *v)
{
    struct detail_state *own = detail_of(a);
    const bool shown = own->pane != PANE_CONTEXTS;
    if (shown && !(own->pane == PANE_EFFECT && effect_cancel(a, v))) {
        own->pane = PANE_CONTEXTS;
    }
    return shown;
}

static void move(struct app *a, const struct session_view *v, const char *direction)
{
    const struct latent_detail *d = detail_shown(a, v);
    const bool left = !strcmp(direction, "left");
    if (left || !strcmp(direction, "right")) {
        app_run(a, v, left ? "latent -" : "latent +");
        return;
    }
    if (detail_of(a)->pane == PANE_NEAR) {
        near_move(a, v, direction);
        return;
    }
    if (detail_of(a)->pane == PANE_EFFECT) {
        (void)effect_move(a, direction);
        return;
    }
    struct list_view list = {.count = d ? d->n_contexts : 0, .page = 6};
    list_go(&list, detail_of(a)->context);
    if (list_by_name(&list, direction)) {
        detail_of(a)->context = list.cursor;
    }
}

static void enter(struct app *a, const struct session_view *v)
{
    if (detail_of(a)->pane == PANE_NEAR) {
        near_open(a, v, detail_of(a)->near_at);
    } else if (detail_of(a)->pane == PANE_EFFECT) {
        effect_open(a, v, &screen_detail);
    } else {
        app_say(a, false,
                KEY_OF("near") " lists the latents that it goes with; " KEY_OF(
                    "open") " there opens one");
    }
}

static void mouse(struct app *a, const struct session_view *v, const struct hit *hit,
                  const struct event *ev)
{
    if (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN) {
        move(a, v, ev->mouse == MOUSE_WHEEL_UP ? "up" : "down");
    } else if (hit->kind == HIT_CONTEXT && ev->mouse == MOUSE_PRESS) {
        detail_of(a)->context = (size_t)hit->a;
    } else if (hit->kind == HIT_LATENT && ev->mouse == MOUSE_PRESS) {
        char line[32];
        snprintf(line, sizeof line, "latent %d", hit->a);
        app_run(a, v, line);
    } else if (hit->kind == HIT_NEAR && ev->mouse == MOUSE_PRESS) {
        const bool again = detail_of(a)->near_at == (size_t)hit->a;
        detail_of(a)->near_at = (size_t)hit->a;
        if (again) {
            near_open(a, v, (size_t)hit->a);
        }
    }
}

static void status(const struct app *a, const struct session_view *v, char *out,
                   size_t cap)
{
    const struct latent_detail *d = detail_shown(a, v);
    char match[80] = "";
    if (d) {
        names_match(&v->names, &d->row, match, sizeof match);
    }
    if (detail_of(a)->latent < 0) {
        snprintf(out, cap, "no latent chosen");
        return;
    }
    const char *label = latents_label(a, v, detail_of(a)->latent);
    size_t len = (size_t)snprintf(out, cap, "#%d %s%s%s", detail_of(a)->latent, label,
                                  label[0] && match[0] ? "  " : "", match);
    if (d && d->n_contexts && len < cap) {
        len += (size_t)snprintf(out + len, cap - len, "  context %zu/%zu%s",
                                detail_of(a)->context + 1, d->n_contexts,
                                v->detail_busy ? "  (updating)" : "");
    }
    if (d && isfinite(d->robustness) && len < cap) {
        snprintf(out + len, cap - len, "  robust to masks %.2f", d->robustness);
    }
}

/* ---- the rest of the screen ---- */

/* The layout that undo restores. */
struct layout {
    int lens;
    bool heat_row, wrap;
    int pane;
};
_Static_assert(sizeof(struct layout) <= SCREEN_LAYOUT, "undo has room for it");

static void layout(const struct app *a, void *out)
{
    const struct detail_state *own = detail_of(a);
    struct layout *to = out;
    to->lens = own->lens;
    to->heat_row = own->heat_row;
    to->wrap = own->wrap;
    to->pane = (int)own->pane;
}

static void set_layout(struct app *a, const struct session_view *v, const void *in)
{
    struct detail_state *own = detail_of(a);
    const struct layout *from = in;
    (void)v;
    own->lens = from->lens;
    own->heat_row = from->heat_row;
    own->wrap = from->wrap;
    own->pane = (enum detail_pane)from->pane;
}

static const char *may_export(const struct app *a, const struct session_view *v)
{
    (void)a;
    return v->detail ? NULL : "no latent described yet";
}

static void export_name(const struct app *a, const struct session_view *v, char *out,
                        size_t cap)
{
    (void)a;
    snprintf(out, cap, "latent-%d.csv", v->detail->latent);
}

static void add_contexts(const struct session_view *v, const struct latent_detail *d,
                         struct str *out)
{
    str_add(out, "latent,rank,row,position,activation,before,token,after\n");
    for (size_t i = 0; i < d->n_contexts; i++) {
        const struct latent_context *c = &d->context[i];
        struct str side[2];
        for (int k = 0; k < 2; k++) {
            str_init(&side[k], (size_t)1 << 20);
            const int from = k ? CONTEXT_TOKENS / 2 + 1 : 0;
            const int to = k ? CONTEXT_TOKENS : CONTEXT_TOKENS / 2;
            for (int p = from; p < to; p++) {
                str_add(&side[k], names_token(&v->names, c->token[p]));
            }
        }
        export_integer(out, d->latent, true);
        export_integer(out, (int64_t)i + 1, false);
        export_integer(out, (int64_t)c->row, false);
        export_integer(out, (int64_t)c->pos, false);
        export_number(out, (double)c->act, false);
        export_escaped(out, side[0].len ? side[0].p : "", false);
        export_escaped(out, names_token(&v->names, c->token[CONTEXT_TOKENS / 2]),
                       false);
        export_escaped(out, side[1].len ? side[1].p : "", false);
        str_addc(out, '\n');
        str_free(&side[0]);
        str_free(&side[1]);
    }
}

static enum err export_text(const struct app *a, const struct session_view *v,
                            struct str *out, struct errinfo *e)
{
    (void)a;
    if (!v->detail) {
        return err_set(e, ERR_USAGE, "no latent described yet");
    }
    add_contexts(v, v->detail, out);
    return str_err(out, "export", e);
}

/* ---- copy ---- */

/* The latent under the cursor: one of those it goes with, or the one shown; -1:
 * none. */
static int32_t latent_here(const struct app *a, const struct session_view *v)
{
    const struct detail_state *s = detail_of(a);
    struct near_row row[NEAR_ROWS];
    if (s->pane != PANE_NEAR) {
        return s->latent;
    }
    return s->near_at < near_rows(a, v, row) ? row[s->near_at].latent : -1;
}

/* Copy what is under the cursor: the text of a context, a token of the effect, or a
 * latent. */
static bool copy(const struct app *a, const struct session_view *v, char *what,
                 size_t cap, struct str *out)
{
    const struct detail_state *s = detail_of(a);
    const struct latent_detail *d = detail_shown(a, v);
    if (s->pane == PANE_EFFECT) {
        snprintf(what, cap, "token");
        str_add(out, names_token(&v->names, effect_token_here(a)));
        return effect_token_here(a) >= 0;
    }
    if (s->pane != PANE_CONTEXTS || s->latent < 0 || !d ||
        s->context >= d->n_contexts) {
        snprintf(what, cap, "latent");
        str_addf(out, "%d", latent_here(a, v));
        return latent_here(a, v) >= 0;
    }
    snprintf(what, cap, "context");
    for (size_t i = 0; i < CONTEXT_TOKENS; i++) {
        str_add(out, names_token(&v->names, d->context[s->context].token[i]));
    }
    return true;
}

const struct screen_def screen_detail = {
    .name = "detail",
    .title = "Detail",
    .go = {{'4'}, &action_screen, "detail", NULL, "Detail: one latent", 0},
    .up = &screen_latents,
    .base = &screen_latents,
    .panes = 1,
    .panes_wide = 1,
    .keys = &detail_keys,
    .played = "jjkHHwwk",
    .state_size = sizeof(struct detail_state),
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
    .find = &detail_find_use,
    .copy = copy,
    .may_export = may_export,
    .export_name = export_name,
    .export_text = export_text,
};
