/* Prompt: a text of one's own. What fires on each token, what the model expects, and
 * what masks, silenced and steered latents do to both. */
#include "base/number.h"
#include "ui/actions.h"
#include "ui/export.h"
#include "ui/plot.h"
#include "ui/rows.h"
#include "ui/screens/prompt_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct prompt_state *prompt_own(const struct app *a)
{
    return app_state(a, &screen_prompt);
}

static void init(void *state)
{
    struct prompt_state *s = state;
    textbox_begin(&s->box, &s->history);
    s->typed_from = -1;
    s->want = SIZE_MAX;
    s->heat = -1;
    s->how = (struct ask_gen_opts){
        .max_tokens = 40, .top = ASK_WRITTEN_TOP, .latents = ASK_WRITTEN_TOP};
}

static void deinit(void *state)
{
    prompt_free(state);
}

/* ---- where things are ---- */

struct panes {
    struct rect text, latents, next;
};

static struct panes panes_of(struct rect b, bool wide)
{
    struct panes p;
    const int top = layout_least(wide ? b.h * 2 / 5 : 9, b.h);
    const int right = layout_least(wide ? 40 + (b.w - 120) / 4 : 32, b.w / 2);
    p.text = layout_box(b.x, b.y, b.w, top);
    p.latents = layout_box(b.x, b.y + top, b.w - right, b.h - top);
    p.next = layout_box(b.x + b.w - right, b.y + top, right, b.h - top);
    return p;
}

/* ---- the text as cells ---- */

enum { CELL_TEXT = 96 };

/* The token with spaces as middle dots, cut to what fits. */
static void cell_text(const struct session_view *v, int32_t id, char out[CELL_TEXT])
{
    const char *text = names_token(&v->names, id);
    size_t n = 0;
    for (; *text && n + 3 < CELL_TEXT; text++) {
        if (*text == ' ') {
            memcpy(out + n, "\xc2\xb7", 2);
            n += 2;
        } else {
            out[n++] = *text;
        }
    }
    out[n] = '\0';
}

/* Columns of a cell, and whether it begins a row of w columns when the last one ended
 * at x. */
static int cell_width(const char *text, int w)
{
    const int n = canvas_text_width(text);
    return n < 1 ? 1 : n > w ? w : n;
}

/* The row of cells in which a token stands. */
static int row_of_token(const struct session_view *v, const struct prompt_row *r,
                        size_t token, int w)
{
    int x = 0, row = 0;
    for (size_t i = 0; i < r->n; i++) {
        char text[CELL_TEXT];
        cell_text(v, r->ids[i], text);
        const int n = cell_width(text, w);
        if (x > 0 && x + n > w) {
            x = 0;
            row++;
        }
        if (i == token) {
            return row;
        }
        x += n;
    }
    return row;
}

/* What the digits say of a token, 0 to 1; below 0: nothing. Of a latent its activation
 * as a share of its greatest; of surprise and KL nats, 5 and more count as 1. */
static double digit_at(const struct app *a, size_t token)
{
    const struct prompt_state *s = prompt_own(a);
    const int32_t latent = prompt_heat_latent(a);
    if (!s->answer || token >= s->answer->T || s->changed) {
        return -1;
    }
    const struct ask_token *t = &s->answer->token[token];
    const bool two = prompt_is_changed(s);
    double x = -1;
    if (s->digits == DIGITS_SURPRISE) {
        x = -(double)(two ? t->logp_after : t->logp) / 5;
    } else if (s->digits == DIGITS_KL) {
        x = two ? (double)t->kl / 5 : -1;
    } else if (latent >= 0) {
        const struct ask_fire f = ask_fire_at(s->answer, token, latent);
        x = (double)(two ? f.after : f.act) / prompt_full(s, latent);
    }
    return !(x > 0) ? -1 : x > 1 ? 1 : x;
}

static void draw_cell(struct app *a, struct canvas *c, struct rect r, size_t token,
                      const char *text)
{
    const struct prompt_state *s = prompt_own(a);
    const bool masked = s->row.masked[token] != 0;
    const double heat = digit_at(a, token);
    const int step = (int)(heat * 8);
    const enum role role = masked     ? ROLE_WARN
                           : heat > 0 ? (enum role)(ROLE_HEAT0 + (step < 7 ? step : 7))
                                      : ROLE_TEXT;
    canvas_text(c, r.x, r.y, r.w, text, role, masked ? ATTR_UNDERLINE : 0);
    if (token == s->at && !s->typing) {
        canvas_tint(c, (struct rect){r.x, r.y, r.w, 1}, ROLE_SELECT, ATTR_REVERSE);
    }
    const int dot = (unsigned char)text[0] == 0xc2 && r.w > 1 ? 1 : 0;
    if (masked) {
        canvas_text(c, r.x + dot, r.y + 1, 1, "m", ROLE_WARN, ATTR_BOLD);
    } else if (heat > 0) {
        const int digit = (int)(heat * 10) < 9 ? (int)(heat * 10) : 9;
        canvas_put(c, r.x + dot, r.y + 1, (uint32_t)('0' + digit), ROLE_DIM, 0);
    }
    app_hit(a, r, HIT_CELL, (int)token);
}

/* Tokens in rows, each with a row of digits below; as many rows as fit, the cursor's
 * among them. */
static void draw_cells(struct app *a, const struct session_view *v, struct canvas *c,
                       struct rect in)
{
    const struct prompt_row *r = &prompt_own(a)->row;
    const int fit = in.h / 2 > 0 ? in.h / 2 : 1;
    const int at = row_of_token(v, r, prompt_own(a)->at, in.w);
    const int first = at < fit ? 0 : at - fit + 1;
    int x = 0, row = 0;
    const struct rect old = canvas_clip(c, in);
    for (size_t i = 0; i < r->n; i++) {
        char text[CELL_TEXT];
        cell_text(v, r->ids[i], text);
        const int n = cell_width(text, in.w);
        if (x > 0 && x + n > in.w) {
            x = 0;
            row++;
        }
        if (row >= first && row < first + fit) {
            draw_cell(a, c, (struct rect){in.x + x, in.y + (row - first) * 2, n, 2}, i,
                      text);
        }
        x += n;
    }
    canvas_unclip(c, old);
}

/* The token under the cursor: how expected it was. */
static void draw_token_line(const struct app *a, const struct session_view *v,
                            struct canvas *c, int x, int y, int w)
{
    const struct prompt_state *s = prompt_own(a);
    const struct ask_answer *r = s->answer;
    if (!r || s->at >= r->T || s->changed) {
        return;
    }
    const struct ask_token *t = &r->token[s->at];
    char text[320], name[80], p[24], after[48] = "";
    names_token_trimmed(&v->names, t->id, name, sizeof name);
    size_t len =
        (size_t)snprintf(text, sizeof text, "token %zu of %zu", s->at, r->T - 1);
    if (t->special) {
        snprintf(text + len, sizeof text - len, ", special: outside the SAE");
    } else {
        if (isfinite(t->logp)) {
            prompt_share(p, sizeof p, (double)t->logp);
            if (r->next_after) {
                char q[24];
                prompt_share(q, sizeof q, (double)t->logp_after);
                snprintf(after, sizeof after, " \xe2\x86\x92 #%d, %s", t->rank_after,
                         q);
            }
            len += (size_t)snprintf(text + len, sizeof text - len,
                                    "  expected #%d, %s%s", t->rank, p, after);
        }
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "  latents %zu  SAE error %s %%", t->active,
                                NUMBER(NUMBER_PLAIN, 0, 0, 100 * (double)t->error));
        if (t->masked && len < sizeof text) {
            snprintf(text + len, sizeof text - len, "  masked");
        }
    }
    canvas_text(c, x, y, w, text, ROLE_DIM, 0);
}

static void draw_text(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r)
{
    struct prompt_state *s = prompt_own(a);
    char title[64], value[64] = "";
    snprintf(title, sizeof title, s->typing ? "prompt: typing" : "prompt");
    if (s->row.n) {
        const int32_t heat = prompt_heat_latent(a);
        size_t len = (size_t)snprintf(value, sizeof value, "%zu tokens", s->row.n);
        if (s->row.cut) {
            snprintf(value + len, sizeof value - len, ", %zu cut", s->row.cut);
        } else if (s->digits != DIGITS_HEAT) {
            snprintf(value + len, sizeof value - len, ", digits: %s, 9 for 4.5 nats up",
                     s->digits == DIGITS_KL ? "KL" : "surprise");
        } else if (heat >= 0) {
            snprintf(value + len, sizeof value - len, ", digits: #%d", heat);
        }
    }
    const struct rect in = canvas_box(
        c, r, title, value, *app_focus(a, &screen_prompt) == PROMPT_TEXT_PANE);
    app_hit(a, r, HIT_PANE, PROMPT_TEXT_PANE);
    const struct rect body = {in.x + 1, in.y, in.w - 2, in.h - 1};
    const int low = in.y + in.h - 1;
    if (s->typing) {
        textbox_draw(c, body, &s->box, true);
    } else if (s->row.n) {
        draw_cells(a, v, c, body);
    } else {
        const char *why = v->state == SESSION_LOADING ? "loading"
                          : !v->subject || !v->asker  ? "making ready the model ..."
                          : s->begun ? "nothing typed: Enter begins, P puts a text of "
                                       "the run here"
                                     : "no text yet";
        canvas_text(c, body.x, body.y + body.h / 2, body.w, why, ROLE_DIM, 0);
    }
    if (s->error[0]) {
        canvas_text(c, body.x, low, body.w, s->error, ROLE_BAD, 0);
    } else {
        draw_token_line(a, v, c, body.x, low, body.w);
    }
}

/* ---- latents ---- */

static const char *const list_titles[PROMPT_LISTS] = {
    [PROMPT_HERE] = "latents here",
    [PROMPT_WHOLE] = "latents of the whole prompt",
    [PROMPT_CHANGED] = "what changed here",
};

static void number(char *out, size_t cap, float act)
{
    if (act > 0 || act < 0) {
        plot_number(out, cap, (double)act, 5);
    } else {
        snprintf(out, cap, "\xc2\xb7");
    }
}

static void right_text(struct canvas *c, int x, int y, int w, const char *text,
                       enum role role, uint8_t attr)
{
    const int n = canvas_text_width(text);
    canvas_text(c, x + (w > n ? w - n : 0), y, w, text, role, attr);
}

static const enum role fates[] = {
    [ASK_SILENCED] = ROLE_BAD, [ASK_STAYED] = ROLE_TEXT, [ASK_CAME_UP] = ROLE_GOOD};

/* Columns of the list, from the left of a row. */
enum { COL_MARK = 0, COL_LATENT = 2, COL_ACT = 9, COL_AFTER = 16, COL_NAME = 23 };

static void draw_entry(struct app *a, const struct session_view *v, struct canvas *c,
                       struct rect r, size_t i)
{
    const struct prompt_state *s = prompt_own(a);
    const struct prompt_entry *e = &s->entry[i];
    const bool on = i == s->rows.cursor,
               two = prompt_is_changed(s) || s->list == PROMPT_CHANGED;
    const size_t edit = prompt_edit_of(s, e->latent);
    char text[160];
    canvas_put(c, r.x + COL_MARK, r.y, on ? 0x25B6 : ' ', ROLE_FOCUS, ATTR_BOLD);
    if (edit < s->row.n_edits) {
        canvas_put(c, r.x + COL_MARK + 1, r.y,
                   s->row.edit[edit].how == ASK_ZERO ? '0' : '*', ROLE_WARN, ATTR_BOLD);
    }
    snprintf(text, sizeof text, "#%d", e->latent);
    canvas_text(c, r.x + COL_LATENT, r.y, 7, text, on ? ROLE_VALUE : ROLE_KEY, 0);
    number(text, sizeof text, e->act);
    right_text(c, r.x + COL_ACT, r.y, 6, text, ROLE_TEXT, 0);
    int x = r.x + COL_AFTER;
    if (two) {
        number(text, sizeof text, e->after);
        right_text(c, x, r.y, 6, text, fates[e->fate], 0);
    } else {
        plot_bar(c, x, r.y, 6, (double)e->act / prompt_full(s, e->latent),
                 arm_role((size_t)latents_cond(a)));
    }
    x = r.x + COL_NAME;
    if (s->list == PROMPT_WHOLE) {
        snprintf(text, sizeof text, "%ux at %u ", e->fires, e->at);
        x += canvas_text(c, x, r.y, r.x + r.w - x, text, ROLE_DIM, 0);
    } else if (s->list == PROMPT_CHANGED) {
        snprintf(text, sizeof text, "%s ", ask_fate_name(e->fate));
        x += canvas_text(c, x, r.y, r.x + r.w - x, text, fates[e->fate], 0);
    }
    prompt_latent_name(a, v, e->latent, text, sizeof text);
    canvas_text(c, x, r.y, r.x + r.w - x, text, on ? ROLE_VALUE : ROLE_TEXT, 0);
    if (on) {
        canvas_tint(c, (struct rect){r.x + COL_LATENT, r.y, r.w - COL_LATENT, 1},
                    ROLE_SELECT, 0);
    }
    app_hit(a, r, HIT_LATENT_ROW, (int)(i - s->rows.top));
}

/* A strength between -1 and 2 times the greatest seen, at its place; its warning. */
static void draw_edit(struct app *a, struct canvas *c, struct rect r, size_t i)
{
    const struct prompt_state *s = prompt_own(a);
    const struct ask_edit *e = &s->row.edit[i];
    const bool here = prompt_latent_here(a) == e->latent;
    char text[160], what[80];
    prompt_edit_text(e, what, sizeof what);
    snprintf(text, sizeof text, "#%d %s ", e->latent, what);
    const int used =
        canvas_text(c, r.x, r.y, r.w, text, here ? ROLE_VALUE : ROLE_TEXT, 0);
    int x = r.x + (used < 18 ? 18 : used); /* so that it stands still as it is moved */
    const struct ask_effect *f =
        s->answer && s->answer->effect && i < s->answer->n_edits && !s->changed
            ? &s->answer->effect[i]
            : NULL;
    const char *beyond = f && f->beyond ? " beyond text" : "";
    const int room = r.x + r.w - x - canvas_text_width(beyond);
    if (e->how != ASK_ZERO && room >= 5) {
        const int w = room < 24 ? room : 24;
        const double unit = e->how == ASK_SCALE ? 1 : prompt_full(s, e->latent);
        const double share = (e->value / unit + 1) / 3;
        const double at = share < 0 ? 0 : share > 1 ? 1 : share;
        canvas_fill(c, (struct rect){x, r.y, w, 1}, 0x2500, ROLE_BORDER, 0);
        canvas_put(c, x + (w - 1) / 3, r.y, 0x253C, ROLE_BORDER, 0);
        canvas_put(c, x + (int)(at * (w - 1) + .5), r.y, 0x25CF, ROLE_FOCUS, ATTR_BOLD);
        app_hit(a, (struct rect){x, r.y, w, 1}, HIT_STRENGTH, (int)i);
        x += w;
    }
    canvas_text(c, x, r.y, r.x + r.w - x, beyond, ROLE_WARN, 0);
}

static void draw_latents(struct app *a, const struct session_view *v, struct canvas *c,
                         struct rect r)
{
    struct prompt_state *s = prompt_own(a);
    char value[48] = "";
    snprintf(value, sizeof value, "%zu%s%s", s->rows.count + s->more,
             s->dense_out ? ", no dense" : "", s->busy || s->changed ? " ..." : "");
    const struct rect in = canvas_box(
        c, r,
        prompt_written_here(a) ? "latents of the token written" : list_titles[s->list],
        value, *app_focus(a, &screen_prompt) == PROMPT_LATENTS_PANE);
    app_hit(a, r, HIT_PANE, PROMPT_LATENTS_PANE);
    const int edits = layout_least((int)s->row.n_edits, in.h / 2);
    const bool two = prompt_is_changed(s) || s->list == PROMPT_CHANGED;
    canvas_text(c, in.x + 1 + COL_LATENT, in.y, in.w - 2,
                s->list == PROMPT_CHANGED && !prompt_is_changed(s)
                    ? "latent  before    now  what it stands for"
                : two ? "latent     now  after  what it stands for"
                      : "latent     act         what it stands for",
                ROLE_DIM, 0);
    const struct rect list = {in.x + 1, in.y + 1, in.w - 2, in.h - 1 - edits};
    list_set(&s->rows, s->rows.count, list.h);
    for (size_t i = 0; i < list_visible(&s->rows); i++) {
        draw_entry(a, v, c, (struct rect){list.x, list.y + (int)i, list.w, 1},
                   s->rows.top + i);
    }
    rows_bar(c, &s->rows, in.x + in.w - 1, list.y, list.h);
    if (!s->rows.count && s->answer) {
        const char *why = s->list == PROMPT_CHANGED
                              ? "nothing, compared with the prompt before"
                          : s->at < s->answer->T && s->answer->token[s->at].special
                              ? "a special token: the SAE does not read it"
                              : "no latent fires here";
        canvas_text(c, list.x + COL_LATENT, list.y, list.w - COL_LATENT, why, ROLE_DIM,
                    0);
    }
    for (int i = 0; i < edits; i++) {
        draw_edit(a, c,
                  (struct rect){list.x + COL_LATENT, list.y + list.h + i,
                                list.w - COL_LATENT, 1},
                  (size_t)i);
    }
}

static void view(struct app *a, const struct session_view *v, struct canvas *c,
                 struct rect body, bool wide)
{
    const struct panes p = panes_of(body, wide);
    draw_text(a, v, c, p.text);
    draw_latents(a, v, c, p.latents);
    prompt_side_draw(a, v, c, p.next);
}

/* ---- events ---- */

static void sync(struct app *a, const struct session_view *v, bool shown)
{
    if (shown) {
        prompt_ask(a, v);
        prompt_list_fill(a);
    }
}

static bool type(struct app *a, const struct session_view *v, uint32_t key)
{
    struct prompt_state *s = prompt_own(a);
    if (!s->typing) {
        return false;
    }
    switch (textbox_key(&s->box, key)) {
    case LINE_ACCEPT:
    case LINE_CANCEL: prompt_end_typing(a); break;
    case LINE_CHANGED: prompt_read_box(a, v); break;
    case LINE_IGNORED:
    case LINE_MOVED: break;
    }
    return true;
}

static bool paste(struct app *a, const struct session_view *v, const char *bytes,
                  size_t n, bool cut)
{
    struct prompt_state *s = prompt_own(a);
    bool whole = true;
    if (!s->typing) {
        prompt_begin_typing(a);
    }
    if (textbox_paste(&s->box, bytes, n, &whole) == LINE_CHANGED) {
        prompt_read_box(a, v);
    }
    if (!whole || cut) {
        app_say(a, true, "the end of what was pasted had no room");
    }
    return true;
}

static bool cancel(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    (void)v;
    if (s->heat >= 0) {
        s->heat = -1;
        return true;
    }
    if (s->side != PROMPT_NEXT) {
        prompt_side_back(a);
        return true;
    }
    return false;
}

static void move(struct app *a, const struct session_view *v, const char *direction)
{
    struct prompt_state *s = prompt_own(a);
    if (*app_focus(a, &screen_prompt) == PROMPT_NEXT_PANE &&
        prompt_side_move(a, direction)) {
        prompt_list_fill(a);
        return;
    }
    struct list_view cells = {.count = s->row.n, .page = (int)s->row.n};
    list_go(&cells, s->at);
    const bool side = strstr(direction, "left") || strstr(direction, "right");
    const bool text = *app_focus(a, &screen_prompt) == PROMPT_TEXT_PANE;
    (void)v;
    if (side) {
        const int64_t by = strncmp(direction, "far", 3) ? 1 : 10;
        list_move(&cells, strstr(direction, "left") ? -by : by);
    } else if (!strcmp(direction, "first") && text) {
        list_home(&cells);
    } else if (!strcmp(direction, "last") && text) {
        list_end(&cells);
    } else {
        (void)list_by_name(&s->rows, direction);
    }
    s->at = cells.cursor;
    prompt_list_fill(a);
}

static void enter(struct app *a, const struct session_view *v)
{
    if (*app_focus(a, &screen_prompt) == PROMPT_LATENTS_PANE) {
        char line[32];
        snprintf(line, sizeof line, "latent %d", prompt_latent_here(a));
        if (prompt_latent_here(a) >= 0) {
            app_run(a, v, line);
            app_come_back(a, &screen_prompt);
        }
        return;
    }
    if (*app_focus(a, &screen_prompt) == PROMPT_NEXT_PANE) {
        prompt_ask_why(a, v);
        return;
    }
    prompt_own(a)->begun = true;
    prompt_begin_typing(a);
}

static void slide(struct app *a, const struct hit *hit, int x)
{
    struct prompt_state *s = prompt_own(a);
    struct ask_edit *e = (size_t)hit->a < s->row.n_edits ? &s->row.edit[hit->a] : NULL;
    if (!e || hit->r.w < 2) {
        return;
    }
    const double share = (double)(x - hit->r.x) / (hit->r.w - 1);
    const double unit = e->how == ASK_SCALE ? 1 : prompt_full(s, e->latent);
    e->value = ((share < 0 ? 0 : share > 1 ? 1 : share) * 3 - 1) * unit;
    prompt_edits_changed(a);
}

static void mouse(struct app *a, const struct session_view *v, const struct hit *hit,
                  const struct event *ev)
{
    struct prompt_state *s = prompt_own(a);
    const bool press = ev->mouse == MOUSE_PRESS;
    if (hit->kind == HIT_CELL && press) {
        s->at = (size_t)hit->a < s->row.n ? (size_t)hit->a : s->at;
        *app_focus(a, &screen_prompt) = PROMPT_TEXT_PANE;
    } else if (hit->kind == HIT_LATENT_ROW && (press || ev->mouse == MOUSE_DOUBLE)) {
        *app_focus(a, &screen_prompt) = PROMPT_LATENTS_PANE;
        if (list_click(&s->rows, hit->a) && ev->mouse == MOUSE_DOUBLE) {
            enter(a, v);
            return;
        }
    } else if (hit->kind == HIT_STRENGTH && press && prompt_keep(a)) {
        slide(a, hit, ev->x);
    } else if (hit->kind == HIT_STRENGTH && ev->mouse == MOUSE_RELEASE) {
        slide(a, hit, ev->x);
    } else if (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN) {
        list_wheel(&s->rows, ev->mouse == MOUSE_WHEEL_UP ? -3 : 3);
    }
    prompt_list_fill(a);
}

static void status(const struct app *a, const struct session_view *v, char *out,
                   size_t cap)
{
    const int32_t latent = prompt_latent_here(a);
    char step[32], name[120];
    if (!v->subject) {
        snprintf(out, cap, "no model yet");
        return;
    }
    text_thousands(step, sizeof step, v->subject_step);
    size_t len = (size_t)snprintf(out, cap, "%c as of step %s",
                                  v->cond[latents_cond(a)].letter, step);
    if (latent >= 0 && len < cap) {
        const double density = ask_density(v->subject, latent);
        prompt_latent_name(a, v, latent, name, sizeof name);
        len += (size_t)snprintf(out + len, cap - len, "  #%d %s", latent, name);
        if (isfinite(density) && len < cap) {
            snprintf(out + len, cap - len, "  on %s %% of tokens",
                     NUMBER(NUMBER_PLAIN, 0, density < .0995 ? 1 : 0, 100 * density));
        }
    }
}

/* ---- undo ---- */

/* What undo takes back of it, beside changes of the prompt. */
struct layout {
    enum prompt_list list;
    bool dense_out;
};
_Static_assert(sizeof(struct layout) <= SCREEN_LAYOUT, "undo has room for it");

static void layout(const struct app *a, void *out)
{
    struct layout *to = out;
    to->list = prompt_own(a)->list;
    to->dense_out = prompt_own(a)->dense_out;
}

static void set_layout(struct app *a, const struct session_view *v, const void *in)
{
    struct prompt_state *s = prompt_own(a);
    const struct layout *from = in;
    (void)v;
    s->list = from->list;
    s->due = s->due || s->dense_out != from->dense_out;
    s->dense_out = from->dense_out;
    prompt_list_fill(a);
}

/* ---- export ---- */

static const char *may_export(const struct app *a, const struct session_view *v)
{
    (void)v;
    return prompt_own(a)->answer ? NULL : "nothing was answered yet";
}

static void export_name(const struct app *a, const struct session_view *v, char *out,
                        size_t cap)
{
    (void)a;
    (void)v;
    snprintf(out, cap, "prompt.csv");
}

static void export_fires(const struct session_view *v, const struct ask_answer *r,
                         size_t t, struct str *out)
{
    const struct ask_token *k = &r->token[t];
    for (size_t i = r->start[t]; i < r->start[t + 1]; i++) {
        export_integer(out, (int64_t)t, true);
        export_escaped(out, names_token(&v->names, k->id), false);
        export_integer(out, k->masked, false);
        export_number(out, (double)k->logp, false);
        export_integer(out, k->rank, false);
        export_number(out, (double)k->logp_after, false);
        export_integer(out, k->rank_after, false);
        export_number(out, (double)k->kl, false);
        export_integer(out, r->fire[i].latent, false);
        export_number(out, (double)r->fire[i].act, false);
        export_number(out, (double)r->fire[i].after, false);
        str_addc(out, '\n');
    }
}

static enum err export_text(const struct app *a, const struct session_view *v,
                            struct str *out, struct errinfo *e)
{
    const struct ask_answer *r = prompt_own(a)->answer;
    if (!r) {
        return err_set(e, ERR_USAGE, "nothing was answered yet");
    }
    str_add(out, "position,token,masked,logp,rank,logp_after,rank_after,kl,latent,"
                 "activation,after\n");
    for (size_t t = 0; t < r->T; t++) {
        export_fires(v, r, t, out);
    }
    return str_err(out, "export", e);
}

const struct screen_def screen_prompt = {
    .name = "prompt",
    .title = "Prompt",
    .go = {{'5'},
           &action_screen,
           "prompt",
           NULL,
           "Prompt: what the model and its latents make of a text",
           0},
    .up = &screen_latents,
    .base = &screen_latents,
    .panes = PROMPT_PANES,
    .panes_wide = PROMPT_PANES,
    .keys = &prompt_keys,
    .played = "llhjkffm",
    .state_size = sizeof(struct prompt_state),
    .init = init,
    .deinit = deinit,
    .sync = sync,
    .view = view,
    .status = status,
    .type = type,
    .paste = paste,
    .move = move,
    .enter = enter,
    .cancel = cancel,
    .mouse = mouse,
    .layout = layout,
    .set_layout = set_layout,
    .may_export = may_export,
    .export_name = export_name,
    .export_text = export_text,
};
