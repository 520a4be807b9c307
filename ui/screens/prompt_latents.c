/* Prompt: the lists of latents, and what is done to them. */
#include "ui/plot.h"
#include "ui/rows.h"
#include "ui/screens/prompt_priv.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

static const char *const list_titles[PROMPT_LISTS] = {
    [PROMPT_HERE] = "latents here",
    [PROMPT_WHOLE] = "latents of the whole prompt",
    [PROMPT_CHANGED] = "what changed at this token",
};

static void number(char *out, size_t cap, float act)
{
    if (act > 0 || act < 0) {
        plot_number(out, cap, (double)act, 5);
    } else {
        snprintf(out, cap, "\xc2\xb7");
    }
}

static const enum role fates[] = {
    [ASK_SILENCED] = ROLE_BAD, [ASK_STAYED] = ROLE_TEXT, [ASK_CAME_UP] = ROLE_GOOD};

/* Columns of the list, from the left of a row. */
enum {
    COL_MARK = 0,
    COL_LATENT = 2,
    COL_ACT = 9,
    COL_AFTER = 16,
    AFTER_W = 6, /* and of a bar in its place */
    DENSITY_W = 7
};

/* A list, and what it is of: a written token, the other arm, or the text without masks
 * and edits; whether it is the second, beside the one with the cursor. */
struct shown_list {
    enum prompt_list list;
    bool text, other, base, second;
};

/* Edits that act on what is listed. */
static const struct prompt_edits *edits_of(const struct prompt_state *s,
                                           struct shown_list list)
{
    static const struct prompt_edits none;
    return list.base    ? &none
           : list.other ? &s->aside[s->second_arm]
           : list.text  ? &s->written_of.edits
                        : &s->row.edits;
}

/* Whether a list has two activations of each latent. */
static bool has_two(const struct prompt_state *s, struct shown_list list)
{
    return list.list == PROMPT_CHANGED ||
           (list.other || list.text ? edits_of(s, list)->n > 0 : prompt_is_changed(s));
}

/* An activation as a share of the latent's greatest. */
static double share_of(const struct prompt_state *s, const struct prompt_entry *e,
                       struct shown_list list)
{
    const double full =
        list.other ? ask_max_seen(s->second, e->latent) : prompt_full(s, e->latent);
    return full > 0 ? (double)e->act / full : 0;
}

/* A silenced latent has a cross, a steered one plus and minus; 0: neither. A star is a
 * mark, of Latents. */
enum { GLYPH_STEERED = 0x00B1 };
static uint32_t mark_of(const struct prompt_edits *edits, int32_t latent)
{
    uint32_t mark = 0;
    for (size_t i = 0; i < edits->n; i++) {
        mark = edits->at[i].latent != latent  ? mark
               : edits->at[i].how == ASK_ZERO ? GLYPH_SILENCED
                                              : GLYPH_STEERED;
    }
    return mark;
}

/* Draw what goes before the name: where a latent fires, or what became of it. */
static int draw_fact(const struct prompt_state *s, struct canvas *c, struct rect r,
                     const struct prompt_entry *e, enum prompt_list list)
{
    char text[48] = "";
    enum role role = ROLE_DIM;
    if (list == PROMPT_WHOLE) {
        const int len = e->fires ? snprintf(text, sizeof text, "%ux ", e->fires)
                                 : snprintf(text, sizeof text, "never ");
        if (r.w >= 16 && e->fires) {
            snprintf(text + len, sizeof text - (size_t)len, "at %u ", e->at);
        }
    } else if (list == PROMPT_CHANGED) {
        const size_t i = prompt_edit_of(s, e->latent);
        const bool own = e->fate == ASK_SILENCED && i < s->row.edits.n &&
                         s->row.edits.at[i].how == ASK_ZERO;
        snprintf(text, sizeof text, "%s: ", own ? "silenced" : ask_fate_name(e->fate));
        role = fates[e->fate];
    }
    return canvas_text(c, r.x, r.y, r.w, text, role, 0);
}

/* Columns from which a list has bars beside names; the second has densities rather. */
enum { BAR_FROM = 36, DENSITY_FROM = 42, BOTH_FROM = 52, SECOND_FROM = 38 };

/* Whether a list has room for densities, and names beside them. */
static bool has_density(const struct prompt_state *s, struct shown_list list, int w)
{
    const int two = has_two(s, list) ? AFTER_W + 1 : 0;
    return w >= (list.second                ? SECOND_FROM + two
                 : list.list == PROMPT_HERE ? DENSITY_FROM
                                            : BOTH_FROM);
}

/* Columns of what stands behind the activation: the other one, or a bar, which is short
 * if it leaves too little for names; 0: nothing. */
static int after_width(const struct prompt_state *s, struct shown_list list, int w)
{
    const bool density = has_density(s, list, w), tight = density && w < BOTH_FROM;
    const int from = density && list.second ? DENSITY_FROM : BAR_FROM;
    return has_two(s, list) ? AFTER_W : w < from ? 0 : tight ? AFTER_W / 2 : AFTER_W;
}

/* Where the density stands, and where names, or what goes before them, begin. */
static int density_column(const struct prompt_state *s, struct shown_list list, int w)
{
    const int after = after_width(s, list, w);
    return COL_AFTER + after + (after ? 1 : 0);
}

static int name_column(const struct prompt_state *s, struct shown_list list, int w)
{
    return density_column(s, list, w) + (has_density(s, list, w) ? DENSITY_W + 1 : 0);
}

static void draw_entry(const struct app *a, const struct session_view *v,
                       struct canvas *c, struct rect r, const struct prompt_entry *e,
                       struct shown_list list, bool on)
{
    const struct prompt_state *s = prompt_own(a);
    const uint32_t mark = mark_of(edits_of(s, list), e->latent);
    char text[160];
    canvas_put(c, r.x + COL_MARK, r.y, on ? 0x25B6 : ' ', ROLE_FOCUS, ATTR_BOLD);
    if (mark) {
        canvas_put(c, r.x + COL_MARK + 1, r.y, mark, ROLE_WARN, ATTR_BOLD);
    }
    snprintf(text, sizeof text, "#%d", e->latent);
    canvas_text(c, r.x + COL_LATENT, r.y, 7, text, on ? ROLE_VALUE : ROLE_KEY, 0);
    number(text, sizeof text, e->act);
    rows_right(c, r.x + COL_ACT, r.y, 6, text, ROLE_TEXT, 0);
    const int after = after_width(s, list, r.w);
    if (has_two(s, list)) {
        number(text, sizeof text, e->after);
        rows_right(c, r.x + COL_AFTER, r.y, after, text, fates[e->fate], 0);
    } else if (after) {
        const int cond = latents_cond(a);
        plot_bar(c, r.x + COL_AFTER, r.y, after, share_of(s, e, list),
                 arm_role((size_t)(list.other ? !cond : cond)));
    }
    if (has_density(s, list, r.w)) {
        const struct ask_subject *whose = list.other ? s->second : s->subject;
        text_share(text, sizeof text, ask_density(whose, e->latent));
        rows_right(c, r.x + density_column(s, list, r.w), r.y, DENSITY_W, text,
                   ROLE_DIM, 0);
    }
    int x = name_column(s, list, r.w);
    x += draw_fact(s, c, (struct rect){r.x + x, r.y, r.w - x, 1}, e, list.list);
    prompt_latent_name(a, v, list.other, e->latent, text, sizeof text);
    canvas_text(c, r.x + x, r.y, r.w - x, text, on ? ROLE_VALUE : ROLE_TEXT, 0);
    if (on) {
        canvas_tint(c, (struct rect){r.x + COL_LATENT, r.y, r.w - COL_LATENT, 1},
                    ROLE_SELECT, 0);
    }
}

enum {
    SLIDER_LEAST = 13, /* a cell is a quarter of the greatest seen */
    SLIDER_MOST = 24,
    SLIDER_FROM = 24 /* it stays in its place as long as the words fit */
};

/* Write "#3 add +2.00 (0.8x) ", without the multiple if w columns do not hold it. */
static void edit_line(const struct prompt_state *s, const struct ask_edit *e, int w,
                      char *out, size_t cap)
{
    const double largest =
        s->subject ? ask_max_seen(s->subject, e->latent) : (double)NAN;
    for (int with = 1; with >= 0; with--) {
        char what[80];
        prompt_edit_text(e, with ? largest : (double)NAN, what, sizeof what);
        snprintf(out, cap, "#%d %s ", e->latent, what);
        if (canvas_text_width(out) <= w) {
            return;
        }
    }
}

/* Draw a strength at its place between -1 and 2 times the greatest seen. */
static void draw_edit(struct app *a, struct canvas *c, struct rect r, size_t i)
{
    const struct prompt_state *s = prompt_own(a);
    const struct ask_edit *e = &s->row.edits.at[i];
    const bool here = prompt_latent_here(a) == e->latent;
    const bool slides = e->how != ASK_ZERO && r.w > SLIDER_LEAST;
    const int most = slides ? r.w - SLIDER_LEAST : r.w;
    char text[160];
    edit_line(s, e, most, text, sizeof text);
    const int used =
        canvas_text(c, r.x, r.y, most, text, here ? ROLE_VALUE : ROLE_TEXT, 0);
    if (slides) {
        const int still = most < SLIDER_FROM ? most : SLIDER_FROM;
        const int x = r.x + (used < still ? still : used), room = r.x + r.w - x;
        const int w = room < SLIDER_MOST ? room : SLIDER_MOST;
        const double unit = e->how == ASK_SCALE ? 1 : prompt_full(s, e->latent);
        const double share = (e->value / unit + 1) / 3;
        const double at = share < 0 ? 0 : share > 1 ? 1 : share;
        canvas_fill(c, (struct rect){x, r.y, w, 1}, 0x2500, ROLE_BORDER, 0);
        canvas_put(c, x + (w - 1) / 3, r.y, 0x253C, ROLE_BORDER, 0);
        canvas_put(c, x + (int)(at * (w - 1) + .5), r.y, 0x25CF, ROLE_FOCUS, ATTR_BOLD);
        app_hit(a, (struct rect){x, r.y, w, 1}, HIT_STRENGTH, (int)i);
    }
}

/* Which edits take a latent beyond what text shows, in rows below them. */
struct beyond {
    char text[420];
    int rows; /* 0: none does */
    enum ask_reach most;
};
enum { BEYOND_ROWS = 2, BEYOND_EACH = 400 };

/* Write "#3 below 0 at 6 tokens; " for each, or "#3, " without how. Returns how far the
 * farthest goes. */
static enum ask_reach each_beyond(const struct prompt_state *s, bool how,
                                  char out[BEYOND_EACH])
{
    const struct ask_answer *r = s->changed ? NULL : s->answer;
    enum ask_reach most = ASK_WITHIN;
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; r && r->acted && i < r->n_edits && i < s->row.edits.n; i++) {
        const int32_t latent = s->row.edits.at[i].latent;
        const char *between = !len ? "" : how ? "; " : ", ";
        char say[ASK_ACTED_SAY];
        const enum ask_reach reach =
            ask_acted_say(&r->acted[i], ask_max_seen(s->subject, latent), say);
        if (reach != ASK_WITHIN && len < BEYOND_EACH) {
            len += (size_t)snprintf(out + len, BEYOND_EACH - len, "%s#%d%s%s", between,
                                    latent, how ? " " : "", how ? say : "");
        }
        most = reach > most ? reach : most;
    }
    return most;
}

/* Say how they do in w columns, or if that takes too many rows, which do. */
static struct beyond edits_beyond(const struct prompt_state *s, int w)
{
    struct beyond b = {.rows = BEYOND_ROWS + 1};
    for (int how = 1; how >= 0 && b.rows > BEYOND_ROWS; how--) {
        char each[BEYOND_EACH];
        b.most = each_beyond(s, how, each);
        const int n = snprintf(b.text, sizeof b.text, "%sbeyond text: %s",
                               b.most == ASK_FAR ? "far " : "", each);
        b.rows =
            rows_wrapped(NULL, (struct rect){.w = w}, b.text, (size_t)n, ROLE_WARN, 0);
    }
    b.rows = b.most == ASK_WITHIN ? 0 : layout_least(b.rows, BEYOND_ROWS);
    return b;
}

/* Draw as many edits as fit, that of the latent under the cursor among them, how many
 * more there are, and in the last rows which go beyond text. */
static void draw_edits(struct app *a, struct canvas *c, struct rect r,
                       const struct beyond *beyond)
{
    const struct prompt_state *s = prompt_own(a);
    if (beyond->rows > 0 && r.h > beyond->rows) {
        r.h -= beyond->rows;
        const struct rect below = {r.x, r.y + r.h, r.w, beyond->rows};
        (void)rows_wrapped(c, below, beyond->text, strlen(beyond->text),
                           beyond->most == ASK_FAR ? ROLE_BAD : ROLE_WARN, 0);
    }
    const size_t n = s->row.edits.n, room = r.h > 0 ? (size_t)r.h : 0;
    const size_t here = prompt_edit_of(s, prompt_latent_here(a));
    const size_t shown = n > room && room > 1 ? room - 1 : room;
    const size_t first = here < n && here >= shown ? here + 1 - shown : 0;
    for (size_t i = 0; i < shown; i++) {
        draw_edit(a, c, (struct rect){r.x, r.y + (int)i, r.w, 1}, first + i);
    }
    if (shown < room) {
        canvas_textf(c, r.x, r.y + (int)shown, r.w, ROLE_DIM, 0, "and %zu more",
                     n - shown);
    }
}

/* Draw the titles of a list's columns above rows that begin at x and are w wide. */
static void draw_titles(const struct prompt_state *s, struct canvas *c, int x, int y,
                        int w, struct shown_list list)
{
    const bool changed = list.list == PROMPT_CHANGED, two = has_two(s, list);
    const char *act = changed && s->pinned            ? "pinned"
                      : changed && prompt_compared(s) ? "before"
                      : two                           ? PROMPT_BASE
                                                      : "act";
    const char *after = changed && (s->pinned || prompt_compared(s)) ? "now"
                        : two                                        ? PROMPT_EDITED
                        : !after_width(s, list, w)                   ? ""
                        : prompt_knows_max(s)                        ? "/max"
                                                                     : "/own";
    canvas_text(c, x + COL_LATENT, y, w - COL_LATENT, "latent", ROLE_DIM, 0);
    rows_right(c, x + COL_ACT, y, 6, act, ROLE_DIM, 0);
    rows_right(c, x + COL_AFTER - 1, y, after_width(s, list, w) + 1, after, ROLE_DIM,
               0);
    if (has_density(s, list, w)) {
        rows_right(c, x + density_column(s, list, w), y, DENSITY_W, "density", ROLE_DIM,
                   0);
    }
    const int name = name_column(s, list, w);
    const char *title = "stands for";
    canvas_text(c, x + name, y, w - name,
                canvas_text_width(title) <= w - name ? title : "for", ROLE_DIM, 0);
}

static const char *why_none(const struct prompt_state *s, enum prompt_list list)
{
    const bool changed = list == PROMPT_CHANGED;
    return changed && s->pinned ? "nothing, compared with the pinned prompt"
           : changed && !s->before && !prompt_is_changed(s)
               ? "no other prompt was asked of this SAE"
           : changed ? "nothing, compared with the prompt before"
           : s->at < s->answer->T && s->answer->token[s->at].special
               ? "a special token: the SAE does not read it"
               : "no latent fires here";
}

/* Write ", max of 25 % of text": how much of it greatest activations, names and
 * densities are of; "": all. */
static void list_extent(const struct prompt_state *s, char *out, size_t cap)
{
    const double share =
        prompt_knows_max(s) ? latent_table_share(s->subject->table) : 0;
    out[0] = '\0';
    if (s->subject && !(share > 0)) {
        snprintf(out, cap, ", max not known yet");
    } else if (s->subject && share < 1) {
        snprintf(out, cap, ", max of %.0f %% of text", 100 * share);
    }
}

/* Draw the list with the cursor, and the edits below it. */
static void draw_list(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r)
{
    struct prompt_state *s = prompt_own(a);
    const bool written = prompt_written_here(a) != NULL;
    const struct shown_list what = {.list = written ? PROMPT_HERE : prompt_list_now(s),
                                    .text = written,
                                    .other = prompt_lists_other(a),
                                    .base =
                                        written && prompt_written_base(s, s->walked)};
    char value[96] = "", title[96], seed[32], extent[32];
    latents_seed(a, v, seed, sizeof seed);
    snprintf(title, sizeof title, "%s%s%s%s",
             written    ? prompt_written_old(s) ? "latents of the old text's token"
                                                : "latents of the token written"
             : s->whole ? "what changed in the whole prompt"
                        : list_titles[what.list],
             written && s->texts > 1 ? ", " : "",
             written && s->texts > 1 ? s->text_name[s->walked] : "", seed);
    list_extent(s, extent, sizeof extent);
    const bool renews = s->busy || s->changed || prompt_renewing(s, v);
    snprintf(value, sizeof value, "%zu%s%s", s->rows.count + s->more,
             s->dense_out ? ", no dense" : "",
             extent[0] ? extent
             : renews  ? " ..."
                       : "");
    const struct rect in = canvas_box(
        c, r, title, value, *app_focus(a, &screen_prompt) == PROMPT_LATENTS_PANE);
    app_hit(a, r, HIT_PANE, PROMPT_LATENTS_PANE);
    const struct beyond beyond = edits_beyond(s, in.w - 2 - COL_LATENT);
    const int edits = layout_least((int)s->row.edits.n + beyond.rows, in.h / 2);
    draw_titles(s, c, in.x + 1, in.y, in.w - 2, what);
    const struct rect list = {in.x + 1, in.y + 1, in.w - 2, in.h - 1 - edits};
    list_set(&s->rows, s->rows.count, list.h);
    for (size_t i = 0; i < list_visible(&s->rows); i++) {
        const size_t at = s->rows.top + i;
        const struct rect row = {list.x, list.y + (int)i, list.w, 1};
        draw_entry(a, v, c, row, &s->entry[at], what, at == s->rows.cursor);
        app_hit(a, row, HIT_LATENT_ROW, (int)i);
    }
    rows_bar(c, &s->rows, in.x + in.w - 1, list.y, list.h);
    if (!s->answer && s->box.len > 0 && !s->error[0]) {
        char waiting[160];
        prompt_waiting(a, v, waiting, sizeof waiting);
        app_text(a, c, list.x + COL_LATENT, list.y, list.w - COL_LATENT, waiting,
                 ROLE_VALUE);
    } else if (!s->rows.count && s->answer) {
        canvas_text(c, list.x + COL_LATENT, list.y, list.w - COL_LATENT,
                    why_none(s, what.list), ROLE_DIM, 0);
    }
    draw_edits(
        a, c,
        (struct rect){list.x + COL_LATENT, list.y + list.h, list.w - COL_LATENT, edits},
        &beyond);
}

/* Draw the list beside it: its strongest, as many as fit. */
static void draw_second(struct app *a, const struct session_view *v, struct canvas *c,
                        struct rect r)
{
    const struct prompt_state *s = prompt_own(a);
    const struct shown_list list = {.list = prompt_second_list(s), .second = true};
    const struct rect in = canvas_box(c, r, list_titles[list.list], "", false);
    app_hit(a, r, HIT_PANE, PROMPT_LATENTS_PANE);
    draw_titles(s, c, in.x + 1, in.y, in.w - 2, list);
    for (int i = 0; i < in.h - 1 && (size_t)i < s->n_beside; i++) {
        draw_entry(a, v, c, (struct rect){in.x + 1, in.y + 1 + i, in.w - 2, 1},
                   &s->beside[i], list, false);
    }
}

void prompt_latents_draw(struct app *a, const struct session_view *v, struct canvas *c,
                         struct rect r)
{
    enum { TWO_LISTS = 76, LEFT_LEAST = DENSITY_FROM + 4 };
    /* The first one also shows the strengths of edits; what it needs for densities, and
     * half of a wide pane, is enough. */
    const int half = r.w / 2 > LEFT_LEAST ? r.w / 2 : LEFT_LEAST;
    const int left = r.w >= TWO_LISTS ? layout_least(r.w * 23 / 40, half) : r.w;
    draw_list(a, v, c, layout_box(r.x, r.y, left, r.h));
    if (left < r.w) {
        draw_second(a, v, c, layout_box(r.x + left, r.y, r.w - left, r.h));
    }
}
