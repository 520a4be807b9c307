/* Prompt, at the right: what may come next, beside what it is compared with. */
#include "base/number.h"
#include "ui/plot.h"
#include "ui/rows.h"
#include "ui/screens/prompt_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a distribution is compared with. */
enum next_with { NEXT_ALONE, NEXT_BASE, NEXT_PINNED, NEXT_BEFORE };

/* A token that may come: its log-probability, and that in what is compared; NaN: not
 * among the likeliest there. */
struct next_row {
    int32_t id;
    double now, other;
};
/* Likeliest first, of two distributions by the larger share of the two, so that what
 * fell stands where it was. */
struct next_rows {
    enum next_with with;
    struct next_row row[2 * PROMPT_TOP];
    size_t n; /* 0: not there yet */
    int32_t likeliest;
};

/* The distribution of an answer after a token. */
static const struct ask_next *list_at(const struct ask_answer *r, size_t t)
{
    return (r->next_after ? r->next_after : r->next) + t * r->top;
}

/* The prompt that next tokens are compared with: the pinned one while no edits act, or
 * after a change of tokens what the list compares with; NULL: none. */
static const struct ask_answer *compared_with(const struct prompt_state *s)
{
    return s->tells ? prompt_compared(s) : prompt_is_changed(s) ? NULL : s->pinned;
}

/* The place of a token in a list; n: it has not. */
static size_t place_of(const struct ask_next *list, size_t n, int32_t id)
{
    size_t i = 0;
    while (i < n && list[i].id != id) {
        i++;
    }
    return i;
}

static int by_larger(const void *px, const void *py)
{
    const struct next_row *x = px, *y = py;
    const double a = fmax(x->now, x->other), b = fmax(y->now, y->other);
    return a > b ? -1 : a < b ? 1 : (x->id > y->id) - (x->id < y->id);
}

/* Both lists, each token once. `same`: of one prompt, so that each list has the shares
 * in the other. */
static void merge(struct next_rows *r, const struct ask_next *now, size_t n,
                  const struct ask_next *other, size_t m, bool same)
{
    for (size_t i = 0; i < n; i++) {
        const size_t k = place_of(other, m, now[i].id);
        const double logp = k < m ? (double)other[k].logp : (double)NAN;
        r->row[r->n++] = (struct next_row){.id = now[i].id,
                                           .now = (double)now[i].logp,
                                           .other = same ? (double)now[i].other : logp};
    }
    for (size_t i = 0; i < m; i++) {
        if (place_of(now, n, other[i].id) == n) {
            r->row[r->n++] =
                (struct next_row){.id = other[i].id,
                                  .now = same ? (double)other[i].other : (double)NAN,
                                  .other = (double)other[i].logp};
        }
    }
    qsort(r->row, r->n, sizeof r->row[0], by_larger);
}

static void rows_of(const struct prompt_state *s, struct next_rows *r)
{
    const struct ask_answer *a = s->answer, *c = compared_with(s);
    *r = (struct next_rows){.likeliest = -1};
    if (!a || s->at >= a->T || s->at >= s->row.n || s->changed) {
        return;
    }
    const struct ask_next *now = list_at(a, s->at);
    const int32_t at = c ? prompt_place_in(s, c, s->at) : -1;
    const bool has = at >= 0 && (size_t)at < c->T;
    r->likeliest = now[0].id;
    r->with = has                    ? (s->pinned ? NEXT_PINNED : NEXT_BEFORE)
              : prompt_is_changed(s) ? NEXT_BASE
                                     : NEXT_ALONE;
    if (has) {
        merge(r, now, a->top, list_at(c, (size_t)at), c->top, false);
    } else {
        merge(r, now, a->top, a->next + s->at * a->top,
              r->with == NEXT_BASE ? a->top : 0, true);
    }
}

int32_t prompt_next_chosen(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    const size_t at = s->next.cursor;
    struct next_rows r;
    rows_of(s, &r);
    /* The first is chosen where the cursor was put on it. */
    const bool chosen = s->side == PROMPT_NEXT && (at > 0 || prompt_side_focused(a));
    return chosen && at < r.n ? r.row[at].id : r.likeliest;
}

int32_t prompt_next_here(const struct app *a)
{
    const bool shown = prompt_own(a)->side == PROMPT_NEXT && prompt_side_focused(a);
    return shown ? prompt_next_chosen(a) : -1;
}

/* ---- drawing ---- */

enum { SHARE_W = 7 };
#define NOT_LISTED                                                                     \
    "below" /* among the likeliest, whose share the answer does not have */

static void draw_share(struct canvas *c, int x, int y, double logp, enum role role)
{
    char share[24];
    prompt_share(share, sizeof share, logp);
    rows_right(c, x, y, SHARE_W, isnan(logp) ? NOT_LISTED : share, role, 0);
}

/* What fell, by more than is rounded away, looks as a latent that fell. */
static enum role role_of(const struct next_row *n)
{
    const double by = exp(n->now) - exp(n->other);
    return isnan(n->now) || by < -.0005    ? ROLE_WARN
           : isnan(n->other) || by > .0005 ? ROLE_GOOD
                                           : ROLE_VALUE;
}

static void draw_row(const struct session_view *v, struct canvas *c, struct rect r,
                     const struct next_row *n, bool two, bool on)
{
    const int num = SHARE_W + 1 + (two ? SHARE_W + 1 : 0),
              text = layout_least(12, r.w - num);
    const double now = isnan(n->now) ? 0 : exp(n->now);
    char name[64];
    names_token_dotted(&v->names, n->id, name, sizeof name);
    canvas_text(c, r.x, r.y, text, name, on ? ROLE_VALUE : ROLE_TEXT, 0);
    plot_bar(c, r.x + text, r.y, r.w - num - text - 1, now,
             two ? ROLE_SERIES_B : ROLE_SERIES_A);
    draw_share(c, r.x + r.w - SHARE_W, r.y, n->now, two ? role_of(n) : ROLE_VALUE);
    if (two) {
        draw_share(c, r.x + r.w - 2 * SHARE_W - 1, r.y, n->other, ROLE_DIM);
    }
    if (on) {
        canvas_tint(c, (struct rect){r.x, r.y, text, 1}, ROLE_SELECT, 0);
    }
}

/* How many of the tokens are listed: to the last that has a share, on either side, that
 * would not be written as 0.0 %; the cursor's in any case. */
static size_t listed(const struct prompt_state *s, const struct next_rows *r)
{
    const double least = log(.0005);
    size_t n = s->next.cursor < r->n ? s->next.cursor + 1 : 1;
    while (n < r->n && fmax(r->row[n].now, r->row[n].other) >= least) {
        n++;
    }
    return n;
}

/* Whether one of the first n is in only one of the two lists. */
static bool is_below(const struct next_rows *r, size_t n)
{
    bool is = false;
    for (size_t i = 0; i < n && r->with != NEXT_ALONE; i++) {
        is = is || isnan(r->row[i].now) || isnan(r->row[i].other);
    }
    return is;
}

void prompt_next_draw(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r)
{
    static const char *const columns[] = {[NEXT_ALONE] = "share",
                                          [NEXT_BASE] = PROMPT_BASE "  " PROMPT_EDITED,
                                          [NEXT_PINNED] = "pinned     now",
                                          [NEXT_BEFORE] = "before     now"};
    struct prompt_state *s = prompt_own(a);
    struct next_rows rows;
    char title[96] = "next", value[32] = "", name[64];
    rows_of(s, &rows);
    if (rows.n > 0) {
        names_token_trimmed(&v->names, s->answer->token[s->at].id, name, sizeof name);
        snprintf(title, sizeof title, "next after %.40s", name);
    }
    if (rows.with == NEXT_BASE) {
        snprintf(value, sizeof value, "KL %s",
                 NUMBER(NUMBER_PLAIN, 0, 3, (double)s->answer->token[s->at].kl));
    }
    const bool focus = prompt_side_focused(a);
    const struct rect in = canvas_box(c, r, title, value, focus);
    if (rows.n == 0) {
        return;
    }
    canvas_text(c, in.x + 1, in.y, in.w - 2, "token", ROLE_DIM, 0);
    rows_right(c, in.x, in.y, in.w - 1, columns[rows.with], ROLE_DIM, 0);
    int h = in.h - 1;
    if (h > 2 && is_below(&rows, listed(s, &rows))) {
        h--;
        canvas_textf(c, in.x + 1, in.y + 1 + h, in.w - 2, ROLE_DIM, 0,
                     NOT_LISTED ": not in its top %d", PROMPT_TOP);
    }
    list_set(&s->next, listed(s, &rows), h);
    for (size_t i = 0; i < list_visible(&s->next); i++) {
        const size_t at = s->next.top + i;
        draw_row(v, c, (struct rect){in.x + 1, in.y + 1 + (int)i, in.w - 2, 1},
                 &rows.row[at], rows.with != NEXT_ALONE, focus && at == s->next.cursor);
    }
    rows_bar(c, &s->next, in.x + in.w - 1, in.y + 1, h);
}
