/* Prompt, at the top: the text as cells of tokens, with the pinned one above it. */
#include "base/number.h"
#include "ui/rows.h"
#include "ui/screens/prompt_priv.h"
#include "ui/startcard.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- places ---- */

enum { CELL_TEXT = 96 };

/* A token of the prompt, and the pinned prompt's token above it; -1: none. */
struct place {
    int32_t now, pinned;
};
/* The places of a text: `front` tokens that both prompts begin with, `middle` ones that
 * either may have, `back` tokens that both end with. */
struct places {
    const struct prompt_row *row;
    const struct ask_answer *pinned; /* NULL: there is none */
    size_t front, middle, back;
};

static struct places places_of(const struct prompt_state *s)
{
    const struct prompt_row *r = &s->row;
    const struct ask_answer *p = s->pinned;
    if (!p) {
        return (struct places){.row = r, .front = r->n};
    }
    const struct ask_ends x = ask_ends_of(p, r->ids, r->n);
    const size_t longest = p->T > r->n ? p->T : r->n;
    return (struct places){.row = r,
                           .pinned = p,
                           .front = x.front,
                           .middle = longest - x.front - x.back,
                           .back = x.back};
}

static size_t places_count(const struct places *p)
{
    return p->front + p->middle + p->back;
}

static struct place place_at(const struct places *p, size_t i)
{
    const size_t T = p->pinned ? p->pinned->T : 0;
    if (i < p->front) {
        return (struct place){(int32_t)i, p->pinned ? (int32_t)i : -1};
    }
    if (i >= p->front + p->middle) {
        const size_t left = places_count(p) - i;
        return (struct place){(int32_t)(p->row->n - left), (int32_t)(T - left)};
    }
    return (struct place){i < p->row->n - p->back ? (int32_t)i : -1,
                          i < T - p->back ? (int32_t)i : -1};
}

int32_t prompt_place_in(const struct prompt_state *s, const struct ask_answer *other,
                        size_t at)
{
    const struct ask_ends x = ask_ends_of(other, s->row.ids, s->row.n);
    const size_t place = ask_ends_place(x, other->T, s->row.n, at);
    return place != SIZE_MAX        ? (int32_t)place
           : at < other->T - x.back ? (int32_t)at
                                    : -1;
}

/* The texts of a place, as shown. */
struct shown {
    char now[CELL_TEXT], pinned[CELL_TEXT];
    int w; /* columns that it takes, at most those of a row */
};

static struct shown shown_at(const struct session_view *v, const struct places *p,
                             struct place at, int w)
{
    struct shown s = {.now = "", .pinned = ""};
    if (at.now >= 0) {
        names_token_dotted(&v->names, p->row->ids[at.now], s.now, sizeof s.now);
    }
    if (at.pinned >= 0) {
        names_token_dotted(&v->names, p->pinned->token[at.pinned].id, s.pinned,
                           sizeof s.pinned);
    }
    const int a = canvas_text_width(s.now), b = canvas_text_width(s.pinned);
    const int n = a > b ? a : b;
    s.w = n < 1 ? 1 : n > w ? w : n;
    return s;
}

/* Where the next place goes, in rows of w columns. */
struct pen {
    int x, row;
};

/* Move on to where n columns fit; the caller then adds them to x. */
static void pen_fit(struct pen *pen, int n, int w)
{
    if (pen->x > 0 && pen->x + n > w) {
        pen->x = 0;
        pen->row++;
    }
}

/* The row of the token under the cursor. */
static int row_of_cursor(const struct session_view *v, const struct places *p,
                         size_t token, int w)
{
    struct pen pen = {0, 0};
    for (size_t i = 0; i < places_count(p); i++) {
        const struct place at = place_at(p, i);
        const int n = shown_at(v, p, at, w).w;
        pen_fit(&pen, n, w);
        if (at.now >= 0 && (size_t)at.now == token) {
            return pen.row;
        }
        pen.x += n;
    }
    return pen.row;
}

/* ---- cells ---- */

/* Whose heat the digits show, and what counts as full. */
struct heat {
    int32_t latent; /* -1: none */
    double full;
};

static struct heat heat_of(const struct app *a)
{
    const int32_t latent = prompt_heat_latent(a);
    return (struct heat){latent, latent < 0 ? 1 : prompt_full(prompt_own(a), latent)};
}

/* What the digits say of a token, 0 to 1; below 0: nothing. For a latent it is its
 * activation as a share of its greatest; for surprise and KL nats, 5 or more counting
 * as 1. */
static double digit_at(const struct prompt_state *s, const struct heat *h, size_t token)
{
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
    } else if (h->latent >= 0) {
        const struct ask_fire f = ask_fire_at(s->answer, token, h->latent);
        x = (double)(two ? f.after : f.act) / h->full;
    }
    return !(x > 0) ? -1 : x > 1 ? 1 : x;
}

static void draw_cell(struct app *a, struct canvas *c, struct rect r,
                      const struct heat *h, size_t token, const char *text)
{
    const struct prompt_state *s = prompt_own(a);
    const bool masked = s->row.masked[token] != 0;
    const double heat = digit_at(s, h, token);
    const int step = (int)(heat * 8);
    const bool put = s->row.chat && prompt_is_put(&s->row, token);
    const enum role role = masked     ? ROLE_WARN
                           : heat > 0 ? (enum role)(ROLE_HEAT0 + (step < 7 ? step : 7))
                           : put      ? ROLE_DIM
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

/* Draw a token of the pinned prompt, which stands out if the prompt has another. */
static void draw_pinned(struct canvas *c, struct rect r, const struct places *p,
                        struct place at, const char *text)
{
    const bool same =
        at.now >= 0 && p->row->ids[at.now] == p->pinned->token[at.pinned].id;
    const bool masked = p->pinned->token[at.pinned].masked;
    canvas_text(c, r.x, r.y, r.w, text, same ? ROLE_DIM : ROLE_WARN,
                masked ? ATTR_UNDERLINE : 0);
}

/* Draw tokens in rows, each with a row of digits below and the pinned prompt above; as
 * many rows as fit, the cursor's among them. */
static void draw_cells(struct app *a, const struct session_view *v, struct canvas *c,
                       struct rect in)
{
    const struct places p = places_of(prompt_own(a));
    const struct heat heat = heat_of(a);
    const int above = p.pinned ? 1 : 0, pitch = 2 + above;
    const int fit = in.h / pitch > 0 ? in.h / pitch : 1;
    const int at = row_of_cursor(v, &p, prompt_own(a)->at, in.w);
    const int first = at < fit ? 0 : at - fit + 1;
    struct pen pen = {0, 0};
    const struct rect old = canvas_clip(c, in);
    for (size_t i = 0; i < places_count(&p) && pen.row < first + fit; i++) {
        const struct place place = place_at(&p, i);
        const struct shown s = shown_at(v, &p, place, in.w);
        pen_fit(&pen, s.w, in.w);
        const struct rect cell = {in.x + pen.x, in.y + (pen.row - first) * pitch, s.w,
                                  2};
        pen.x += s.w;
        if (pen.row < first || pen.row >= first + fit) {
            continue;
        }
        if (place.pinned >= 0) {
            draw_pinned(c, cell, &p, place, s.pinned);
        }
        if (place.now >= 0) {
            draw_cell(a, c, (struct rect){cell.x, cell.y + above, cell.w, cell.h},
                      &heat, (size_t)place.now, s.now);
        }
    }
    canvas_unclip(c, old);
}

/* "'·dog' 11 %" */
static void add_written(const struct session_view *v, struct str *out,
                        const struct ask_written *t)
{
    char name[80], p[24];
    prompt_token_quoted(v, t->id, name, sizeof name);
    prompt_share(p, sizeof p, (double)t->logp);
    str_addf(out, "%.60s %s", name, p);
}

/* Draw a line on a written token: how likely it was, which one the other text has in
 * its place, and what else was likely. */
static void draw_written_line(const struct app *a, const struct session_view *v,
                              struct canvas *c, int x, int y, int w,
                              const struct ask_written *t)
{
    const struct prompt_state *s = prompt_own(a);
    const size_t other = 1 - s->walked;
    struct str text;
    char name[64], p[24];
    str_init(&text, 1024);
    str_addf(&text, "written at %zu: ", t->pos);
    if (s->texts > 1) {
        str_addf(&text, "%s ", s->text_name[s->walked]);
    }
    add_written(v, &text, t);
    if (s->texts > 1 && s->written_at < s->n_written[other]) {
        str_addf(&text, ", %s ", s->text_name[other]);
        add_written(v, &text, &s->written[other][s->written_at]);
    }
    str_add(&text, "  likeliest");
    for (size_t i = 0; i < t->n_next; i++) {
        names_token_dotted(&v->names, t->next[i].id, name, sizeof name);
        prompt_share(p, sizeof p, (double)t->next[i].logp);
        str_addf(&text, "%s %.40s %s", i ? "," : "", name, p);
    }
    canvas_text(c, x, y, w, text.len ? text.p : "", ROLE_DIM, 0);
    str_free(&text);
}

/* How much is said of a log-probability: the unit, and the share that it is. */
enum logp_words { LOGP_BARE, LOGP_UNIT, LOGP_SHARE };

/* "rank 3  logp -4.020 nats (1.8 %)", after masks and edits "rank 3 → 4  logp -4.020 →
 * -4.471 nats (1.8 % → 1.1 %)". */
static void token_logp(const struct ask_token *t, bool two, enum logp_words words,
                       struct str *out)
{
    static const char arrow[] = " \xe2\x86\x92 ";
    char x[24], y[24];
    str_addf(out, "  rank %d", t->rank);
    if (two) {
        str_addf(out, "%s%d", arrow, t->rank_after);
    }
    str_addf(out, "  logp %s%s%s%s", NUMBER(NUMBER_PLAIN, 0, 2, (double)t->logp),
             two ? arrow : "",
             two ? NUMBER(NUMBER_PLAIN, 0, 2, (double)t->logp_after) : "",
             words >= LOGP_UNIT ? " nats" : "");
    if (words == LOGP_SHARE) {
        prompt_share(x, sizeof x, (double)t->logp);
        prompt_share(y, sizeof y, (double)t->logp_after);
        str_addf(out, " (%s%s%s)", x, two ? arrow : "", two ? y : "");
    }
}

/* What is said of the token under the cursor: how expected it was, what fires. */
static void token_line(const struct prompt_state *s, enum logp_words words,
                       struct str *out)
{
    const struct ask_answer *r = s->answer;
    const struct ask_token *t = &r->token[s->at];
    const bool counts = s->row.first == 1 && !s->row.tail;
    str_addf(out, counts ? "token %zu of %zu" : "token %zu (0 to %zu)", s->at,
             r->T - 1);
    str_add(out, t->masked ? ", masked" : "");
    if (t->special) {
        str_add(out, ", special: outside the SAE");
        return;
    }
    if (isfinite(t->logp)) {
        token_logp(t, r->next_after != NULL, words, out);
    }
    str_addf(out, "  latents %zu  SAE error %s %%", t->active,
             NUMBER(NUMBER_PLAIN, 0, 0, 100 * (double)t->error));
}

/* Draw a line on the token under the cursor, in as many words as fit. */
static void draw_token_line(const struct app *a, struct canvas *c, int x, int y, int w)
{
    const struct prompt_state *s = prompt_own(a);
    const struct ask_answer *r = s->answer;
    if (!r || s->at >= r->T || s->changed) {
        return;
    }
    struct str text;
    str_init(&text, 512);
    token_line(s, LOGP_SHARE, &text);
    for (int words = LOGP_UNIT;
         text.p && words >= LOGP_BARE && canvas_text_width(text.p) > w; words--) {
        str_clear(&text);
        token_line(s, (enum logp_words)words, &text);
    }
    if (text.p) {
        rows_whole_words(text.p, w);
    }
    canvas_text(c, x, y, w, text.p ? text.p : "", ROLE_DIM, 0);
    str_free(&text);
}

/* ---- the pane ---- */

/* Write how long the text is, and what the digits are. */
static void text_value(const struct app *a, const struct session_view *v, char *out,
                       size_t cap)
{
    const struct prompt_state *s = prompt_own(a);
    const int32_t heat = prompt_heat_latent(a);
    out[0] = '\0';
    if (!s->row.n) {
        return;
    }
    const size_t put = s->row.first + s->row.tail, own = s->row.n - put;
    size_t len = (size_t)snprintf(out, cap, "%zu token%s", own, plural_s(own));
    if (put == 1) {
        len += (size_t)snprintf(out + len, cap - len, " + %.16s",
                                names_token(&v->names, s->row.ids[0]));
    } else if (put) {
        len += (size_t)snprintf(out + len, cap - len, " + %zu put around", put);
    }
    if (s->row.cut) {
        snprintf(out + len, cap - len, ", %zu cut", s->row.cut);
    } else if (s->digits != DIGITS_HEAT) {
        snprintf(out + len, cap - len, ", digits: %s, 9 for 4.5 nats up",
                 s->digits == DIGITS_KL ? "KL" : "surprise");
    } else if (heat >= 0) {
        snprintf(out + len, cap - len, ", digits: #%d", heat);
    }
}

void prompt_waiting(const struct app *a, const struct session_view *v, char *out,
                    size_t cap)
{
    const struct prompt_state *s = prompt_own(a);
    char weights[48];
    startcard_weights(v, weights, sizeof weights);
    if (v->state == SESSION_LOADING) {
        snprintf(out, cap, "loading");
    } else if (v->no_model) {
        snprintf(out, cap, "%s", VIEW_NO_MODEL);
    } else if (!v->subject || !v->asker) {
        snprintf(out, cap, "making ready the model ...");
    } else if (s->row.n > 0) {
        snprintf(out, cap, "the model reads%s", weights[0] ? weights : " the text ...");
    } else {
        snprintf(out, cap, "%s",
                 s->begun ? "nothing typed: " KEY_OF("open") " begins, " KEY_OF(
                                "example") " puts a text of the run here"
                          : "no text yet");
    }
}

/* Draw the pinned text in a line, or its end if that is too short, and the box. */
static void draw_typing(struct app *a, const struct session_view *v, struct canvas *c,
                        struct rect r)
{
    struct prompt_state *s = prompt_own(a);
    size_t from = s->pinned ? s->pinned->T : 0;
    int w = 0, x = r.x;
    while (from > 0 && w <= r.w) {
        w += canvas_text_width(names_token(&v->names, s->pinned->token[--from].id));
    }
    from += w > r.w ? 1U : 0U;
    for (size_t i = from; s->pinned && i < s->pinned->T; i++) {
        x += canvas_text(c, x, r.y, r.x + r.w - x,
                         names_token(&v->names, s->pinned->token[i].id), ROLE_DIM, 0);
    }
    if (s->pinned && r.h > 1) {
        r.y++;
        r.h--;
    }
    textbox_draw(c, r, &s->box, true);
}

void prompt_text_draw(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r)
{
    struct prompt_state *s = prompt_own(a);
    char value[96], example[40];
    text_value(a, v, value, sizeof value);
    snprintf(example, sizeof example, "prompt, example %zu of the run", s->example);
    const struct rect in =
        canvas_box(c, r,
                   s->typing       ? "prompt: typing"
                   : s->pinned     ? "prompt, the pinned one above"
                   : s->row.chat   ? "prompt, in the chat template"
                   : s->is_example ? example
                                   : "prompt",
                   value, *app_focus(a, &screen_prompt) == PROMPT_TEXT_PANE);
    app_hit(a, r, HIT_PANE, PROMPT_TEXT_PANE);
    const struct rect body = {in.x + 1, in.y, in.w - 2, in.h - 1};
    const int low = in.y + in.h - 1;
    if (s->typing) {
        draw_typing(a, v, c, body);
    } else if (s->row.n) {
        draw_cells(a, v, c, body);
    } else if (s->box.len > 0) { /* it cannot be read yet, but typed on in */
        textbox_draw(c, body, &s->box, false);
    } else {
        char waiting[160];
        prompt_waiting(a, v, waiting, sizeof waiting);
        app_text(a, c, body.x, body.y + body.h / 2, body.w, waiting, ROLE_DIM);
    }
    const char *wrong = s->unread[0] ? s->unread : s->error;
    const struct ask_written *written = prompt_written_here(a);
    if (wrong[0]) {
        canvas_text(c, body.x, low, body.w, wrong, ROLE_BAD, 0);
    } else if (written) {
        draw_written_line(a, v, c, body.x, low, body.w, written);
    } else {
        draw_token_line(a, c, body.x, low, body.w);
    }
}
