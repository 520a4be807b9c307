/* Latents: the table, and beside it, when wide, a preview and densities. */
#include "base/csvfile.h"
#include "base/number.h"
#include "ui/actions.h"
#include "ui/export.h"
#include "ui/names.h"
#include "ui/rows.h"
#include "ui/screens/latents_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct latents_state *latents_of(const struct app *a)
{
    return app_state(a, &screen_latents);
}

static void init(void *state)
{
    struct latents_state *l = state;
    l->at = -1;
    l->sort = latent_column_nth(AT_FIRST, 0);
    l->scatter_y = latent_column_nth(AS_POINTS, 0);
    for (size_t arm = 0; arm < VIEW_ARMS; arm++) {
        l->asked_eval[arm] = -2;
    }
    l->partner_wanted = -1;
}

static void deinit(void *state)
{
    latents_deinit(state);
}

struct latents_layout latents_layout(struct rect b, bool wide)
{
    struct latents_layout l = {.table = b};
    if (!wide) {
        return l;
    }
    const int side = layout_least(36 + (b.w - 120) / 6, b.w / 2);
    l.table = layout_box(b.x, b.y, b.w - side, b.h);
    const int density = layout_least(14, b.h / 2);
    l.preview = layout_box(b.x + b.w - side, b.y, side, b.h - density);
    l.density = layout_box(b.x + b.w - side, b.y + b.h - density, side, density);
    return l;
}

/* ---- rows ---- */

/* The columns in the table now, from the left. Those before the last have fixed widths;
 * text after a number has a space before it. */
struct column_walk {
    const struct app *a;
    const struct session_view *v;
    size_t nth;
    int end;  /* of the line */
    int x, w; /* of the column */
};

static struct column_walk walk_from(const struct app *a, const struct session_view *v,
                                    struct rect r)
{
    return (struct column_walk){.a = a, .v = v, .end = r.x + r.w, .x = r.x + 3};
}

/* The next column's index in the table of columns; -1: no more, or no room. */
static int walk_next(struct column_walk *k)
{
    for (;;) {
        const int i = latent_column_nth(IN_TABLE, k->nth++);
        const struct latent_column *c = i >= 0 ? latent_column_at((size_t)i) : NULL;
        if (!c || k->x + k->w >= k->end) {
            return -1;
        }
        if (latents_column_shown(k->a, k->v, c)) {
            k->x += k->w + (c->text ? 1 : 0);
            const int room = k->end - k->x;
            k->w = c->width && c->width < room ? c->width : room;
            return i;
        }
    }
}

static void draw_cell(struct canvas *c, int x, int y, int w, const char *text,
                      bool right, enum role role, uint8_t attr)
{
    const int used = canvas_text_width(text);
    canvas_text(c, x + (right && used < w ? w - used : 0), y, w, text, role, attr);
}

static void draw_header(struct app *a, const struct session_view *v, struct canvas *c,
                        struct rect r)
{
    const struct latents_state *l = latents_of(a);
    struct column_walk k = walk_from(a, v, r);
    for (int i; (i = walk_next(&k)) >= 0;) {
        const struct latent_column *col = latent_column_at((size_t)i);
        char title[40];
        const bool on = l->sort == i;
        snprintf(title, sizeof title, "%s%s",
                 latents_labels_join(a, v, col) ? "label, tokens" : col->title,
                 !on                   ? ""
                 : latents_descends(l) ? "\xe2\x96\xbe"
                                       : "\xe2\x96\xb4");
        /* An arrow may stand in the gap before the column. */
        const int wide = canvas_text_width(title) > k.w && on ? 1 : 0;
        draw_cell(c, k.x - wide, r.y, k.w + wide, title, !col->text,
                  on ? ROLE_FOCUS : ROLE_TITLE, ATTR_BOLD);
        app_hit(a, (struct rect){k.x, r.y, k.w, 1}, HIT_HEADER, i);
    }
}

static enum role cell_role(const struct latent_row *r, const struct latent_column *c)
{
    return !r->fires ? ROLE_DIM : c->type == COLUMN_ID ? ROLE_VALUE : ROLE_TEXT;
}

/* "dog 5.213; cat, horse": before the top tokens the one that the filter asks for, with
 * the greatest activation on it. */
static void tokens_asked(const struct latents_state *l, const struct latent_source *s,
                         char *text, size_t cap)
{
    const struct latent_token *t = latent_filter_token(l->filter.compiled, s);
    char token[64], max[24], top[100];
    if (t) {
        names_token_trimmed(s->names, t->token, token, sizeof token);
        plot_number(max, sizeof max, (double)t->max, 5);
        snprintf(top, sizeof top, "%.*s", (int)sizeof top - 1, text);
        snprintf(text, cap, "%s %s; %s", token, max, top);
    }
}

static void draw_row(struct app *a, const struct session_view *v, struct canvas *c,
                     struct rect r, const struct latent_table *t, int32_t id,
                     bool cursor)
{
    const struct latents_state *l = latents_of(a);
    if (cursor) {
        canvas_fill(c, r, ' ', ROLE_SELECT, 0);
        canvas_put(c, r.x, r.y, 0x25B6, ROLE_SELECT, 0);
    }
    if (latents_is_marked(l, l->arm, id)) {
        canvas_put(c, r.x + 1, r.y, '*', cursor ? ROLE_SELECT : ROLE_WARN, ATTR_BOLD);
    }
    if (app_is_silenced(a, id)) {
        canvas_put(c, r.x + 2, r.y, GLYPH_SILENCED, cursor ? ROLE_SELECT : ROLE_WARN,
                   ATTR_BOLD);
    }
    const struct latent_source source = latents_source(l, v, t, id);
    struct column_walk k = walk_from(a, v, r);
    for (int i; (i = walk_next(&k)) >= 0;) {
        const struct latent_column *col = latent_column_at((size_t)i);
        const bool called = source.label[0] && latents_labels_join(a, v, col);
        char text[200];
        if (called) {
            snprintf(text, sizeof text, "%s", source.label);
        } else {
            latents_cell(col, &source, text, sizeof text);
        }
        if (col->type == COLUMN_TOKENS && !called) {
            tokens_asked(l, &source, text, sizeof text);
        }
        draw_cell(c, k.x, r.y, k.w, text, !col->text,
                  cursor   ? ROLE_SELECT
                  : called ? ROLE_VALUE
                           : cell_role(source.row, col),
                  0);
        if (l->find[0] && col->text) {
            rows_tint_found(c, k.x, r.y, k.w, text, l->find);
        }
    }
}

/* A part of the line of counts, left out where it does not fit whole; the columns used
 * by then. */
static int count_part(struct canvas *c, struct rect r, int used, enum role role,
                      const char *text)
{
    const int w = canvas_text_width(text);
    return used + w + 1 > r.w
               ? used
               : used + canvas_text(c, r.x + 1 + used, r.y, w, text, role, 0);
}

static void draw_counts(const struct app *a, const struct session_view *v,
                        struct canvas *c, struct rect r, const struct latent_table *t)
{
    const struct latents_state *l = latents_of(a);
    char shown[32], total[32], step[48], extent[64], text[160];
    text_thousands(shown, sizeof shown, (int64_t)l->shown);
    text_thousands(total, sizeof total, (int64_t)t->F);
    text_step(step, sizeof step, t->step);
    latent_table_extent(t, extent, sizeof extent);
    const char *cut = extent[0] && r.w < WIDE_W ? "" : " (F1>.5)";
    snprintf(text, sizeof text, "%s of %s shown, %zu dead, %zu matched%s", shown, total,
             t->dead, t->matched, cut);
    int used = count_part(c, r, 0, ROLE_DIM, text);
    if (l->marked[l->arm]) {
        snprintf(text, sizeof text, ", %zu marked", l->marked[l->arm]);
        used = count_part(c, r, used, ROLE_WARN, text);
    }
    if (extent[0]) {
        snprintf(text, sizeof text, "; %s", extent);
        used = count_part(c, r, used, ROLE_WARN, text);
    }
    if (t->step >= 0) {
        snprintf(text, sizeof text, "; %c at %s", v->cond[l->cond].letter, step);
        used = count_part(c, r, used, t->step > 0 ? ROLE_DIM : ROLE_WARN, text);
        count_part(c, r, used, ROLE_DIM, v->table_busy ? " (updating)" : "");
    }
}

static void draw_empty(const struct app *a, const struct session_view *v,
                       struct canvas *c, struct rect r)
{
    char why[160];
    if (v->state == SESSION_LOADING) {
        return;
    }
    if (v->state == SESSION_FAILED && !v->names.vocab) {
        snprintf(why, sizeof why, "nothing could be opened");
    } else if (!v->eval_ready && v->state < SESSION_BROWSING) {
        snprintf(why, sizeof why,
                 "preparing the held-out text; the latents of %c come next",
                 v->cond[latents_of(a)->cond].letter);
    } else {
        snprintf(why, sizeof why, "describing the latents of %c ...",
                 v->cond[latents_of(a)->cond].letter);
    }
    canvas_text(c, r.x + 2, r.y + r.h / 2, r.w - 2, why, ROLE_DIM, 0);
}

static void draw_table(struct app *a, const struct session_view *v, struct canvas *c,
                       struct rect r)
{
    struct latents_state *l = latents_of(a);
    const struct latent_table *t = latents_table(a, v);
    if (!t || r.h < 5) {
        draw_empty(a, v, c, r);
        return;
    }
    draw_header(a, v, c, (struct rect){r.x, r.y, r.w, 1});
    canvas_fill(c, (struct rect){r.x, r.y + 1, r.w, 1}, 0x2500, ROLE_BORDER, 0);
    canvas_fill(c, (struct rect){r.x, r.y + r.h - 2, r.w, 1}, 0x2500, ROLE_BORDER, 0);
    draw_counts(a, v, c, (struct rect){r.x, r.y + r.h - 1, r.w, 1}, t);
    if (!l->shown) {
        app_text(a, c, r.x + 2, r.y + 3, r.w - 2,
                 "no latent passes the filter" FILTER_CLEARS, ROLE_DIM);
        char why[160];
        if (latents_why_empty(a, why, sizeof why)) {
            canvas_text(c, r.x + 2, r.y + 4, r.w - 2, why, ROLE_TEXT, 0);
        }
    }
    const size_t rows = list_visible(&l->list);
    for (size_t i = 0; i < rows && (int)i < r.h - 4; i++) {
        const size_t at = l->list.top + i;
        const struct rect row = {r.x, r.y + 2 + (int)i, r.w, 1};
        draw_row(a, v, c, row, t, l->order[at], at == l->list.cursor);
        app_hit(a, row, HIT_ROW, (int)i);
    }
    rows_bar(c, &l->list, r.x + r.w - 1, r.y + 2, r.h - 4);
}

/* ---- beside the table ---- */

int latents_match(struct canvas *c, int x, int y, int w, const struct names *n,
                  const struct latent_row *row)
{
    char text[400];
    if (row->match == MATCH_NONE) {
        canvas_text(c, x, y, w, "match none", ROLE_VALUE, 0);
        return y + 1;
    }
    names_match(n, row, text, sizeof text);
    const char *kind = names_match_kind(n, row);
    const bool says_itself = !strcmp(kind, "letter");
    canvas_textf(c, x, y, w, ROLE_VALUE, 0, "match %s%s%s at \xe2\x89\xa5%s",
                 says_itself ? "" : kind, says_itself ? "" : " ", text,
                 NUMBER(NUMBER_PLAIN, 0, 1, (double)row->match_cut));
    canvas_textf(c, x, y + 1, w, ROLE_TEXT, 0, "  P %s  R %s  F1 %s",
                 NUMBER(NUMBER_PLAIN, 0, 2, (double)row->precision),
                 NUMBER(NUMBER_PLAIN, 0, 2, (double)row->recall),
                 NUMBER(NUMBER_PLAIN, 0, 2, (double)row->f1));
    return y + 2;
}

static void preview_contexts(const struct session_view *v, struct canvas *c, int x,
                             int y, int w, int bottom)
{
    const struct latent_detail *d = v->detail;
    for (size_t i = 0; i < d->n_contexts && y < bottom; i++, y++) {
        const struct latent_context *ctx = &d->context[i];
        char text[256];
        size_t len = 0;
        for (int k = -3; k <= 3 && len < sizeof text - 80; k++) {
            const char *token =
                names_token(&v->names, ctx->token[CONTEXT_TOKENS / 2 + k]);
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%.60s%s",
                                    k ? "" : "\xe2\x9f\xa6", token,
                                    k ? "" : "\xe2\x9f\xa7");
        }
        canvas_text(c, x, y, w, text, ROLE_TEXT, 0);
    }
}

void latents_seed(const struct app *a, const struct session_view *v, char *out,
                  size_t cap)
{
    const struct cond_view *cond = &v->cond[latents_cond(a)];
    const size_t arm = latents_arm(a);
    out[0] = '\0';
    if (cond->n_seeds > 1 && arm != cond->arm[0]) {
        snprintf(out, cap, ", seed %llu", (unsigned long long)v->arm[arm].weights);
    }
}

static void draw_preview(const struct app *a, const struct session_view *v,
                         struct canvas *c, struct rect r)
{
    const struct latents_state *l = latents_of(a);
    const struct latent_table *t = latents_table(a, v);
    char title[40] = "preview";
    if (t && l->shown) {
        snprintf(title, sizeof title, "preview #%d%s", l->at,
                 app_is_silenced(a, l->at) ? " silenced" : "");
    }
    const struct rect in = canvas_box(c, r, title, NULL, false);
    if (!t || !l->shown || l->at < 0 || (size_t)l->at >= t->F) {
        return;
    }
    const struct latent_row *row = &t->row[l->at];
    const int x = in.x + 1, w = in.w - 2, bottom = in.y + in.h;
    int y = in.y;
    char text[200], number[3][24];
    if (!row->fires) {
        canvas_text(c, x, y, w, "dead: never fires on this text", ROLE_DIM, 0);
        return;
    }
    if (latents_label(a, v, l->at)[0]) {
        canvas_text(c, x, y++, w, latents_label(a, v, l->at), ROLE_VALUE, ATTR_BOLD);
    }
    plot_number(number[0], sizeof number[0], row->density, 7);
    plot_number(number[1], sizeof number[1], (double)row->max, 6);
    plot_number(number[2], sizeof number[2], (double)row->mean, 6);
    canvas_textf(c, x, y++, w, ROLE_TEXT, 0, "fires on %s of tokens", number[0]);
    canvas_textf(c, x, y++, w, ROLE_TEXT, 0, "max %s  mean %s", number[1], number[2]);
    y = latents_match(c, x, y, w, &v->names, row);
    const double absorption = latents_source(l, v, t, l->at).absorption;
    if (isfinite(absorption)) {
        canvas_textf(c, x, y++, w, ROLE_TEXT, 0, "  absorption of it %.2f", absorption);
    }
    y++;
    for (size_t i = 0; i < LATENT_TOP_TOKENS && row->top_token[i] >= 0 && y < bottom;
         i++) {
        names_token_trimmed(&v->names, row->top_token[i], text, sizeof text);
        canvas_text(c, x + 2, y++, w - 2, text, ROLE_TEXT, 0);
    }
    if (++y < bottom) {
        if (v->detail && v->detail->latent == l->at && v->detail_arm == l->arm) {
            preview_contexts(v, c, x, y, w, bottom);
        } else {
            app_text(a, c, x, y, w, KEY_OF("open") ": contexts, lens, more", ROLE_DIM);
        }
    }
}

static void draw_densities(const struct app *a, const struct session_view *v,
                           struct canvas *c, struct rect r)
{
    static const char *const labels[DENSITY_BINS] = {"<-4.5", "-4.5", "-4.0", "-3.5",
                                                     "-3.0",  "-2.5", "-2.0", "-1.5",
                                                     "-1.0",  "-0.5"};
    const struct latents_state *l = latents_of(a);
    const struct latent_table *t = latents_table(a, v);
    const struct rect in = canvas_box(c, r, "latents by log10 density", NULL, false);
    if (!t) {
        return;
    }
    size_t most = 1;
    for (int i = 0; i < DENSITY_BINS; i++) {
        most = l->by_density[i] > most ? l->by_density[i] : most;
    }
    for (int i = 0; i < DENSITY_BINS && i < in.h - 1; i++) {
        const int y = in.y + i;
        canvas_text(c, in.x + 1, y, 5, labels[i], ROLE_AXIS, 0);
        plot_bar(c, in.x + 7, y, in.w - 15, (double)l->by_density[i] / (double)most,
                 arm_role((size_t)l->cond));
        char count[24];
        snprintf(count, sizeof count, "%zu", l->by_density[i]);
        draw_cell(c, in.x + in.w - 7, y, 6, count, true, ROLE_TEXT, 0);
    }
    canvas_textf(c, in.x + 1, in.y + in.h - 1, in.w - 2, ROLE_DIM, 0,
                 "dead %zu (%s%%)  below 1e-5 %zu", t->dead,
                 NUMBER_PERCENT(1, t->F ? (double)t->dead / (double)t->F : 0),
                 l->ultra_low);
}

static void draw_boxed_table(struct app *a, const struct session_view *v,
                             struct canvas *c, struct rect r)
{
    char title[80], value[80];
    char at[32], shown[32], seed[32];
    latents_seed(a, v, seed, sizeof seed);
    snprintf(title, sizeof title, "latents of %c%s: %s",
             v->cond[latents_of(a)->cond].letter, seed,
             v->cond[latents_of(a)->cond].label);
    text_thousands(at, sizeof at,
                   latents_of(a)->shown ? (int64_t)latents_of(a)->list.cursor + 1 : 0);
    text_thousands(shown, sizeof shown, (int64_t)latents_of(a)->shown);
    snprintf(value, sizeof value, "%s / %s", at, shown);
    draw_table(a, v, c, canvas_box(c, r, title, value, true));
}

static void view(struct app *a, const struct session_view *v, struct canvas *c,
                 struct rect body, bool wide)
{
    const struct latents_layout l = latents_layout(body, wide);
    latents_order(a, v);
    app_hit(a, l.table, HIT_PANE, 0);
    if (latents_of(a)->scatter && latents_table(a, v)) {
        scatter_view(a, v, c, l.table);
    } else if (!wide) {
        draw_table(a, v, c, l.table);
    } else {
        draw_boxed_table(a, v, c, l.table);
    }
    if (wide) {
        draw_preview(a, v, c, l.preview);
        draw_densities(a, v, c, l.density);
    }
}

/* ---- state ---- */

static void sync(struct app *a, const struct session_view *v, bool shown)
{
    struct latents_state *l = latents_of(a);
    if ((size_t)l->cond >= conds_of(v)) {
        l->cond = 0;
    }
    const size_t arm = session_view_shown(v, (size_t)l->cond);
    l->stale = l->stale || l->arm != arm;
    l->arm = arm;
    latents_sync_partner(a, v);
    if (shown) {
        latents_ask(a, v, false);
        latents_order(a, v);
    }
}

static void move(struct app *a, const struct session_view *v, const char *direction)
{
    struct latents_state *l = latents_of(a);
    latents_order(a, v);
    if (l->scatter) {
        scatter_move(a, v, direction);
        return;
    }
    list_by_name(&l->list, direction);
    if (l->shown) {
        l->at = l->order[l->list.cursor];
    }
}

static void enter(struct app *a, const struct session_view *v)
{
    if (!latents_of(a)->shown) {
        app_say(a, false,
                latents_table(a, v) ? "no latent is shown"
                                    : "the table is not there yet");
        return;
    }
    char line[32];
    snprintf(line, sizeof line, "latent %d", latents_of(a)->at);
    app_run(a, v, line);
}

static void mouse(struct app *a, const struct session_view *v, const struct hit *hit,
                  const struct event *ev)
{
    struct latents_state *l = latents_of(a);
    const bool wheel = ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN;
    if (wheel && (hit->kind == HIT_ROW || hit->kind == HIT_PANE)) {
        list_wheel(&l->list, ev->mouse == MOUSE_WHEEL_UP ? -3 : 3);
    } else if (hit->kind == HIT_ROW && ev->mouse == MOUSE_PRESS) {
        const size_t was = l->list.cursor;
        if (!list_click(&l->list, hit->a)) {
            return;
        }
        l->at = l->order[l->list.cursor];
        if (l->list.cursor == was) {
            enter(a, v);
        }
    } else if (hit->kind == HIT_SCATTER && ev->mouse == MOUSE_PRESS) {
        if (scatter_click(a, v, ev->x, ev->y)) {
            enter(a, v);
        }
        return;
    } else if (hit->kind == HIT_HEADER && ev->mouse == MOUSE_PRESS) {
        char line[64];
        snprintf(line, sizeof line, "sort %s", latent_column_at((size_t)hit->a)->name);
        app_run(a, v, line);
        return;
    }
    if (l->shown) {
        l->at = l->order[l->list.cursor];
    }
}

static void status(const struct app *a, const struct session_view *v, char *out,
                   size_t cap)
{
    const struct latents_state *l = latents_of(a);
    (void)v;
    size_t len = (size_t)snprintf(
        out, cap, "sort %s %s", latent_column_at((size_t)l->sort)->title,
        latents_descends(l) ? "\xe2\x96\xbe" : "\xe2\x96\xb4");
    if (l->filter.text[0] && len < cap) {
        len +=
            (size_t)snprintf(out + len, cap - len, "  filter: %.120s", l->filter.text);
    }
    if (l->find[0] && len < cap) {
        snprintf(out + len, cap - len, "  /%.60s", l->find);
    }
}

static int rule(const struct app *a)
{
    const bool table_alone = layout_kind(a->w, a->h) == LAYOUT_FULL;
    return table_alone && !latents_of(a)->scatter ? 1 : 0;
}

int latents_cond(const struct app *a)
{
    return latents_of(a)->cond;
}

size_t latents_arm(const struct app *a)
{
    return latents_of(a)->arm;
}

int32_t latents_at(const struct app *a)
{
    return latents_of(a)->at;
}

void latents_choose(struct app *a, int32_t id)
{
    latents_of(a)->at = id;
    latents_of(a)->chosen = true;
    latents_go(a, id);
}

bool latents_has_mark(const struct app *a, int32_t id)
{
    const struct latents_state *l = latents_of(a);
    return latents_is_marked(l, l->arm, id);
}

size_t latents_marked(const struct app *a, int32_t *out, size_t cap)
{
    const struct latents_state *l = latents_of(a);
    size_t n = 0;
    for (size_t i = 0; i < l->n_mark[l->arm] && n < cap; i++) {
        if (l->mark[l->arm][i]) {
            out[n++] = (int32_t)i;
        }
    }
    return l->marked[l->arm];
}

/* The layout that undo restores. */
struct layout {
    int sort, scatter_y;
    bool reverse, scatter;
};
_Static_assert(sizeof(struct layout) <= SCREEN_LAYOUT, "undo has room for it");

static void layout(const struct app *a, void *out)
{
    const struct latents_state *l = latents_of(a);
    struct layout *to = out;
    to->sort = l->sort;
    to->scatter_y = l->scatter_y;
    to->reverse = l->reverse;
    to->scatter = l->scatter;
}

static void set_layout(struct app *a, const struct session_view *v, const void *in)
{
    struct latents_state *l = latents_of(a);
    const struct layout *from = in;
    l->sort = from->sort;
    l->scatter_y = from->scatter_y;
    l->reverse = from->reverse;
    l->scatter = from->scatter;
    l->stale = true;
    latents_order(a, v);
}

/* ---- export ---- */

static void export_name(const struct app *a, const struct session_view *v, char *out,
                        size_t cap)
{
    const struct latent_table *t = latents_table(a, v);
    snprintf(out, cap, "latents-%c-%lld.csv", v->cond[latents_of(a)->cond].letter,
             (long long)(t ? t->step : 0));
}

static void add_cell(const struct latent_column *c, const struct latent_source *s,
                     bool first, struct str *out)
{
    const double v = latents_number(c, s);
    if (c->text) {
        struct str text;
        str_init(&text, (size_t)1 << 20);
        latent_column_text(c, s, &text);
        csv_add(out, text.len ? text.p : "", first);
        str_free(&text);
    } else if (latent_column_is_whole(c) && isfinite(v)) {
        export_integer(out, (int64_t)v, first);
    } else {
        export_number(out, v, first);
    }
}

/* Append the table as filtered and sorted. */
static void add_table(const struct app *a, const struct session_view *v,
                      const struct latent_table *t, struct str *out)
{
    const struct latents_state *l = latents_of(a);
    int at;
    for (size_t k = 0; (at = latent_column_nth(IN_CSV, k)) >= 0; k++) {
        csv_add(out, latent_column_at((size_t)at)->name, k == 0);
    }
    str_addc(out, '\n');
    for (size_t i = 0; i < l->shown; i++) {
        const struct latent_source s = latents_source(l, v, t, l->order[i]);
        for (size_t k = 0; (at = latent_column_nth(IN_CSV, k)) >= 0; k++) {
            add_cell(latent_column_at((size_t)at), &s, k == 0, out);
        }
        str_addc(out, '\n');
    }
}

static enum err export_text(const struct app *a, const struct session_view *v,
                            struct str *out, struct errinfo *e)
{
    const struct latent_table *t = latents_table(a, v);
    if (!t || t != latents_of(a)->ordered) {
        return err_set(e, ERR_USAGE, "no table of latents yet");
    }
    add_table(a, v, t, out);
    return str_err(out, "export", e);
}

/* ---- copy ---- */

static bool copy(const struct app *a, const struct session_view *v, char *what,
                 size_t cap, struct str *out)
{
    const int32_t id = latents_at(a);
    if (id < 0) {
        return false;
    }
    const char *label = latents_label(a, v, id);
    snprintf(what, cap, "latent%s%.60s", label[0] ? " " : "", label);
    str_addf(out, "%d", id);
    return true;
}

const struct screen_def screen_latents = {
    .name = "latents",
    .title = "Latents",
    .go = {{'3'},
           &action_screen,
           "latents",
           NULL,
           "Latents: what each one answers to",
           0},
    .up = &screen_train,
    .panes = 1,
    .panes_wide = 1,
    .keys = &latents_keys,
    .played = "jjk><rrjk",
    .state_size = sizeof(struct latents_state),
    .init = init,
    .deinit = deinit,
    .sync = sync,
    .view = view,
    .status = status,
    .rule = rule,
    .move = move,
    .enter = enter,
    .mouse = mouse,
    .found = latents_found,
    .find = &latents_find_use,
    .filter = &latents_filter,
    .layout = layout,
    .set_layout = set_layout,
    .copy = copy,
    .may_export = latents_may_browse,
    .export_name = export_name,
    .export_text = export_text,
};
