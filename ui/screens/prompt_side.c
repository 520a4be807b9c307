/* Prompt, at the right: what may come next. Which latents made a token likely, the
 * texts that the model writes and what edits do to held-out text have files of their
 * own. */
#include "base/number.h"
#include "ui/plot.h"
#include "ui/rows.h"
#include "ui/screens/prompt_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void prompt_share(char *out, size_t cap, double logp)
{
    text_share(out, cap, exp(logp));
}

bool prompt_side_focused(const struct app *a)
{
    return *app_focus(a, &screen_prompt) == PROMPT_NEXT_PANE;
}

/* ---- what comes next ---- */

const struct ask_next *prompt_next_list(const struct prompt_state *s)
{
    const struct ask_answer *r = s->answer;
    if (!r || s->at >= r->T || s->at >= s->row.n || s->changed) {
        return NULL;
    }
    return (r->next_after ? r->next_after : r->next) + s->at * r->top;
}

int32_t prompt_next_here(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    const struct ask_next *list = prompt_next_list(s);
    const bool shown = s->side == PROMPT_NEXT && prompt_side_focused(a) && list;
    return shown && s->next.cursor < s->answer->top ? list[s->next.cursor].id : -1;
}

/* The prompt that next tokens are compared with: the pinned one while no edits act, or
 * after a change of tokens what the list compares with; NULL: none. */
static const struct ask_answer *next_compared(const struct prompt_state *s)
{
    return s->tells ? prompt_compared(s) : prompt_is_changed(s) ? NULL : s->pinned;
}

/* What another prompt has in place of next_here; NULL: no such place in it. */
static const struct ask_next *next_in(const struct prompt_state *s,
                                      const struct ask_answer *other)
{
    const int32_t at = other ? prompt_place_in(s, other, s->at) : -1;
    return at < 0 || (size_t)at >= other->T
               ? NULL
               : (other->next_after ? other->next_after : other->next) +
                     (size_t)at * other->top;
}

/* The log-probability of a token in a list; NaN: it is not there. */
static double logp_in(const struct ask_next *list, size_t n, int32_t id)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].id == id) {
            return (double)list[i].logp;
        }
    }
    return (double)NAN;
}

static void draw_next_row(const struct app *a, const struct session_view *v,
                          struct canvas *c, struct rect r, const struct ask_next *n,
                          const struct ask_next *before, bool on)
{
    const struct prompt_state *s = prompt_own(a);
    const bool two = prompt_is_changed(s) || before;
    const double other =
        before ? logp_in(before, next_compared(s)->top, n->id) : (double)n->other;
    const int num = two ? 15 : 8, text = layout_least(12, r.w - num);
    char name[64], share[24];
    names_token_dotted(&v->names, n->id, name, sizeof name);
    canvas_text(c, r.x, r.y, text, name, on ? ROLE_VALUE : ROLE_TEXT, 0);
    plot_bar(c, r.x + text, r.y, r.w - num - text - 1, exp((double)n->logp),
             two ? ROLE_SERIES_B : ROLE_SERIES_A);
    prompt_share(share, sizeof share, (double)n->logp);
    rows_right(c, r.x + r.w - 7, r.y, 7, share, ROLE_VALUE, 0);
    if (two) {
        prompt_share(share, sizeof share, other);
        rows_right(c, r.x + r.w - 14, r.y, 7, share, ROLE_DIM, 0);
    }
    if (on) {
        canvas_tint(c, (struct rect){r.x, r.y, text, 1}, ROLE_SELECT, 0);
    }
}

/* How many of the tokens are listed: up to the last whose probability, on either side,
 * would not be written as 0.0 %; the cursor's in any case. */
static size_t next_listed(const struct prompt_state *s, const struct ask_next *list,
                          bool two)
{
    const double least = log(.0005);
    size_t n = s->next.cursor < s->answer->top ? s->next.cursor + 1 : 1;
    for (size_t i = n; i < s->answer->top; i++) {
        const bool has =
            (double)list[i].logp >= least || (two && (double)list[i].other >= least);
        n = has ? i + 1 : n;
    }
    return n;
}

static void draw_next(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r)
{
    struct prompt_state *s = prompt_own(a);
    const struct ask_next *list = prompt_next_list(s);
    char title[96] = "next", value[32] = "", name[64];
    const struct ask_next *before = list ? next_in(s, next_compared(s)) : NULL;
    const bool two = list && !before && prompt_is_changed(s);
    if (list) {
        names_token_trimmed(&v->names, s->answer->token[s->at].id, name, sizeof name);
        snprintf(title, sizeof title, "next after %.40s", name);
    }
    if (two) {
        snprintf(value, sizeof value, "KL %s",
                 NUMBER(NUMBER_PLAIN, 0, 3, (double)s->answer->token[s->at].kl));
    }
    const struct rect in = canvas_box(c, r, title, value, prompt_side_focused(a));
    if (!list) {
        return;
    }
    canvas_text(c, in.x + 1, in.y, in.w - 2, "token", ROLE_DIM, 0);
    rows_right(c, in.x, in.y, in.w - 1,
               two                   ? PROMPT_BASE " " PROMPT_EDITED
               : before && s->pinned ? "pinned    now"
               : before              ? "before    now"
                                     : "share",
               ROLE_DIM, 0);
    list_set(&s->next, next_listed(s, list, two), in.h - 1);
    for (size_t i = 0; i < list_visible(&s->next); i++) {
        const size_t at = s->next.top + i;
        draw_next_row(a, v, c, (struct rect){in.x + 1, in.y + 1 + (int)i, in.w - 2, 1},
                      &list[at], before,
                      prompt_side_focused(a) && at == s->next.cursor);
    }
    rows_bar(c, &s->next, in.x + in.w - 1, in.y + 1, in.h - 1);
}

/* ---- all of them ---- */

void prompt_side_take(struct app *a, const struct session_view *v)
{
    prompt_why_take(a, v);
    prompt_written_take(a, v);
    effect_sync(a, v);
}

void prompt_side_draw(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r)
{
    switch (prompt_own(a)->side) {
    case PROMPT_NEXT: draw_next(a, v, c, r); break;
    case PROMPT_WHY: prompt_why_draw(a, v, c, r); break;
    case PROMPT_WRITTEN: prompt_written_draw(a, v, c, r); break;
    case PROMPT_EFFECT:
        effect_draw(a, v, c, r, prompt_own(a)->row.edits.at, prompt_own(a)->row.edits.n,
                    prompt_side_focused(a));
        break;
    }
    app_hit(a, r, HIT_PANE, PROMPT_NEXT_PANE);
}

bool prompt_side_move(struct app *a, const struct session_view *v,
                      const char *direction)
{
    struct prompt_state *s = prompt_own(a);
    const bool side = strstr(direction, "left") || strstr(direction, "right");
    if (s->side == PROMPT_EFFECT) {
        return !side && effect_move(a, direction);
    }
    if (s->side != PROMPT_WRITTEN) {
        return !side && list_by_name(&s->next, direction);
    }
    return prompt_written_move(a, v, direction);
}

void prompt_side_back(struct app *a)
{
    struct prompt_state *s = prompt_own(a);
    s->side =
        s->side == PROMPT_WHY && s->why_text && s->texts ? PROMPT_WRITTEN : PROMPT_NEXT;
    list_home(&s->next);
}
