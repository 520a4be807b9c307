/* Prompt, at the right: which latents made a token likely. */
#include "base/mem.h"
#include "base/number.h"
#include "ui/plot.h"
#include "ui/rows.h"
#include "ui/screens/prompt_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Find what to explain: the token under the cursor itself, or the one chosen of those
 * that may follow it. False, which is said: there is none. */
static bool why_of(struct app *a, const struct session_view *v, bool here,
                   struct ask_why_opts *o)
{
    const struct prompt_state *s = prompt_own(a);
    const int32_t chosen = prompt_next_chosen(a);
    if (chosen < 0 || !s->subject || !v->asker) {
        app_say(a, false, "nothing was answered yet");
        return false;
    }
    if (here && s->at == 0) {
        app_say(a, false, "nothing stands before the first token");
        return false;
    }
    *o = (struct ask_why_opts){.pos = here ? s->at : s->at + 1,
                               .target = here ? s->row.ids[s->at] : chosen,
                               .against = ASK_SECOND,
                               .ablate = ASK_ABLATES};
    return true;
}

/* Ask a why, and show what comes of it. */
static void ask(struct app *a, const struct session_view *v, struct ask_subject *whom,
                const struct ask_question *q, const struct ask_why_opts *o)
{
    struct prompt_state *s = prompt_own(a);
    struct errinfo e = {0};
    prompt_why_is_over(a);
    if (ask_worker_why(v->asker, 0, whom, q, o, &s->why_asked, &e) != OK) {
        app_say(a, true, "%s", e.msg);
        return;
    }
    s->side = PROMPT_WHY;
    s->why_at = s->at;
    s->why_edited = q->n_edits > 0 || (q->masked && memchr(q->masked, 1, q->n));
    list_home(&s->next);
}

/* Ask about a written token: what led to it is the prompt as it was, its masks and
 * edits, and the text before it. */
static void ask_of_text(struct app *a, const struct session_view *v,
                        const struct ask_written *w)
{
    struct prompt_state *s = prompt_own(a);
    struct ask_subject *whom = NULL;
    struct ask_question q = prompt_written_question(s, s->walked, &whom);
    struct errinfo e = {0};
    int32_t *ids = NULL;
    uint8_t *masked = NULL;
    enum err rc = OK;
    if (w->pos > whom->context) {
        app_say(a, false,
                "no why for token %zu: the model reads %zu, what stood first was "
                "forgotten",
                w->pos, whom->context);
        return;
    }
    TRY_OUT(rc, mem_new(&ids, w->pos, sizeof *ids, "a text", &e));
    TRY_OUT(rc, mem_new(&masked, w->pos, 1, "a text", &e));
    for (size_t i = 0; i < w->pos; i++) {
        ids[i] = prompt_written_id(s, i);
        masked[i] = i < q.n && q.masked && q.masked[i];
    }
    q.ids = ids;
    q.masked = masked;
    q.n = w->pos;
    ask(a, v, whom, &q,
        &(struct ask_why_opts){.pos = w->pos,
                               .target = w->id,
                               .against = ASK_SECOND,
                               .ablate = ASK_ABLATES});
    s->why_here = s->why_text = true;
out:
    if (rc != OK) {
        app_say(a, true, "%s", e.msg);
    }
    mem_free(ids);
    mem_free(masked);
}

void prompt_ask_why(struct app *a, const struct session_view *v, bool here)
{
    struct prompt_state *s = prompt_own(a);
    const struct ask_question q = prompt_question(&s->row, false);
    const struct ask_written *w = v->asker ? prompt_written_here(a) : NULL;
    struct ask_why_opts o = {0};
    if (w) {
        ask_of_text(a, v, w);
    } else if (why_of(a, v, here, &o)) {
        s->why_text = false;
        ask(a, v, s->subject, &q, &o);
        s->why_here = here;
    }
}

void prompt_why_is_over(struct app *a)
{
    struct prompt_state *s = prompt_own(a);
    ask_why_unref(s->why);
    s->why = NULL;
    s->why_asked = 0;
    if (s->side == PROMPT_WHY) {
        prompt_side_back(a);
    }
}

void prompt_why_take(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    const struct ask_state state = ask_worker_state(v->asker, 0, ASK_WHY);
    uint64_t ticket = 0;
    if (!s->why_asked || s->why) {
        if (state.busy) {
            ask_worker_cancel(v->asker, 0, ASK_WHY);
        }
        return;
    }
    if (!state.busy && state.rc != OK && state.done == s->why_asked) {
        prompt_why_is_over(a);
        app_say(a, true, "%s", state.error);
        return;
    }
    struct ask_why *w = ask_worker_reason(v->asker, 0, &ticket);
    if (w && ticket == s->why_asked) {
        s->why = w;
    } else {
        ask_why_unref(w);
    }
}

const struct ask_part *prompt_part_here(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    const bool shown = s->side == PROMPT_WHY && prompt_side_focused(a) && s->why;
    return shown && s->next.cursor < s->why->n ? &s->why->part[s->next.cursor] : NULL;
}

static void draw_part(const struct app *a, const struct session_view *v,
                      struct canvas *c, struct rect r, const struct ask_part *p,
                      bool on)
{
    char text[96], name[64];
    const struct prompt_state *s = prompt_own(a);
    const int32_t id = s->why_text         ? prompt_written_id(s, p->pos)
                       : p->pos < s->row.n ? s->row.ids[p->pos]
                                           : -1;
    names_token_trimmed(&v->names, id, name, sizeof name);
    if (p->latent < 0) {
        snprintf(text, sizeof text, "SAE error @%u %.40s", p->pos, name);
    } else {
        snprintf(text, sizeof text, "#%d @%u %.40s", p->latent, p->pos, name);
    }
    const int room = r.w - 16;
    canvas_text(c, r.x, r.y, room, text, on ? ROLE_VALUE : ROLE_TEXT, 0);
    rows_right(c, r.x + room, r.y, 8, NUMBER(NUMBER_SIGNED, 0, 2, p->contribution),
               p->contribution < 0 ? ROLE_WARN : ROLE_GOOD, 0);
    if (isfinite(p->ablated)) {
        rows_right(c, r.x + room + 8, r.y, 8, NUMBER(NUMBER_SIGNED, 0, 2, p->ablated),
                   ROLE_DIM, 0);
    }
    if (on) {
        canvas_tint(c, (struct rect){r.x, r.y, room, 1}, ROLE_SELECT, 0);
    }
}

enum { WHY_WIDE = 44 }; /* columns from which on the sum is one line */
enum { WHY_SAID = 160 };
/* Rows of parts, at least: fewer where the cursor is, which scrolls them. */
enum { WHY_LEAST = 5, WHY_LEAST_HERE = 3 };

/* How to read a part, if there is room to say it. */
static const char reading[] = "signs can differ: logits shares out the whole, silenced "
                              "takes one away while the rest stays";

/* What the error is in the sum, if it leaves latents little to say; NULL: it does not.
 */
static const char *say_error(const struct ask_why *w)
{
    return fabs(w->error) > fabs(w->latents)
               ? "most of it is the SAE's error: latents explain little here"
           : w->n > 0 && w->part[0].latent < 0
               ? "the largest single part is the SAE's error"
               : NULL;
}

/* How much is said below the parts: the least in a small pane, all if there is room. */
enum said { SAID_SUM, SAID_BRIEFLY, SAID_WHOLE, SAID_ALL };

/* Draw lines from r->y on, and take the room that they have off r. */
static void put_lines(struct canvas *c, struct rect *r, const char *text,
                      enum role role)
{
    const int rows = rows_wrapped(c, *r, text, strlen(text), role, 0);
    r->y += rows;
    r->h -= rows;
}

/* The difference and the sums of its parts: of latents, of the error, and what there is
 * without both; and what is missing, as a share of what the parts have to explain. */
static void draw_sums(struct canvas *c, struct rect *r, const struct ask_why *w)
{
    const double rise = fabs(w->difference - w->at_zero);
    const double off = rise > 0 ? 100 * fabs(w->remainder) / rise : 0;
    const enum role role = w->complete ? ROLE_DIM : ROLE_WARN;
    char text[WHY_SAID];
    snprintf(text, sizeof text, "%s%s: latents %s, SAE error %s",
             r->w >= WHY_WIDE ? "difference " : "",
             NUMBER(NUMBER_SIGNED, 0, 1, w->difference),
             NUMBER(NUMBER_SIGNED, 0, 1, w->latents),
             NUMBER(NUMBER_SIGNED, 0, 1, w->error));
    put_lines(c, r, text, ROLE_DIM);
    snprintf(text, sizeof text, "without both %s; sum %s, %s %% off",
             NUMBER(NUMBER_SIGNED, 0, 1, w->at_zero),
             w->complete ? "complete" : "not complete",
             off < .01 ? "under 0.01" : NUMBER(NUMBER_PLAIN, 0, off < 1 ? 2 : 1, off));
    put_lines(c, r, text, role);
}

/* Draw what is said below the parts; without a canvas it is only measured. Returns its
 * rows. */
static int draw_foot(struct canvas *c, struct rect r, const struct ask_why *w,
                     enum said said)
{
    const int y = r.y;
    const enum ask_agreement agrees = ask_why_agreement(w);
    const char *error = say_error(w);
    char text[WHY_SAID];
    draw_sums(c, &r, w);
    if (error) {
        put_lines(c, &r, error, ROLE_WARN);
    }
    ask_why_say(w, text, sizeof text);
    char *figures = strstr(text, " (");
    if (said == SAID_BRIEFLY && figures) {
        *figures = '\0';
    }
    if (said >= SAID_BRIEFLY) {
        put_lines(c, &r, text,
                  agrees == ASK_AGREES    ? ROLE_GOOD
                  : agrees == ASK_UNKNOWN ? ROLE_DIM
                                          : ROLE_WARN);
    }
    if (said == SAID_ALL) {
        put_lines(c, &r, reading, ROLE_DIM);
    }
    return r.y - y;
}

/* Choose what is said below the parts, so that enough of them are in sight, in a pane
 * of in.h rows of in.w columns. Its rows are returned. */
static int foot_rows(const struct ask_why *w, struct rect in, bool focus,
                     enum said *said)
{
    const int most = in.h - 1 - (focus ? WHY_LEAST_HERE : WHY_LEAST);
    int rows = 0;
    for (int try = SAID_ALL; try >= SAID_SUM; try--) {
        *said = (enum said)try;
        rows = draw_foot(NULL, (struct rect){.w = in.w}, w, *said);
        if (rows <= most) {
            break;
        }
    }
    return layout_least(rows, in.h - 1 > 0 ? in.h - 1 : 0);
}

void prompt_why_draw(struct app *a, const struct session_view *v, struct canvas *c,
                     struct rect r)
{
    struct prompt_state *s = prompt_own(a);
    const struct ask_why *w = s->why;
    char title[160] = "why", target[64], against[64] = "the mean";
    if (w) {
        prompt_token_quoted(v, w->target, target, sizeof target);
        if (w->against >= 0) {
            prompt_token_quoted(v, w->against, against, sizeof against);
        }
        snprintf(title, sizeof title, "%swhy %.30s%s, not %.30s",
                 s->why_edited ? PROMPT_EDITED ": " : "", target,
                 s->why_text   ? " written"
                 : s->why_here ? " here"
                               : "",
                 against);
    }
    const struct rect in =
        canvas_box(c, r, title, w ? "" : "...", prompt_side_focused(a));
    if (!w) {
        canvas_text(c, in.x + 1, in.y, in.w - 2, "taking gradients ...", ROLE_DIM, 0);
        return;
    }
    canvas_text(c, in.x + 1, in.y, in.w - 2, "latent @position", ROLE_DIM, 0);
    rows_right(c, in.x, in.y, in.w - 1, "logits  silenced", ROLE_DIM, 0);
    enum said said = SAID_ALL;
    const int foot = foot_rows(w, (struct rect){in.x, in.y, in.w - 2, in.h},
                               prompt_side_focused(a), &said);
    list_set(&s->next, w->n, in.h - 1 - foot);
    for (size_t i = 0; i < list_visible(&s->next); i++) {
        const size_t at = s->next.top + i;
        draw_part(a, v, c, (struct rect){in.x + 1, in.y + 1 + (int)i, in.w - 2, 1},
                  &w->part[at], prompt_side_focused(a) && at == s->next.cursor);
    }
    rows_bar(c, &s->next, in.x + in.w - 1, in.y + 1, in.h - 1 - foot);
    (void)draw_foot(c, (struct rect){in.x + 1, in.y + in.h - foot, in.w - 2, foot}, w,
                    said);
}
