/* Prompt, at the right: what may come next, which latents made a token likely, the text
 * that the model writes on; what edits do to held-out text has a file of its own. */
#include "base/mem.h"
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
    const double p = exp(logp) * 100;
    snprintf(out, cap, "%s%s", NUMBER(NUMBER_PLAIN, 0, p < 9.95 ? 1 : 0, p),
             isfinite(p) ? " %" : "");
}

static bool focused(const struct app *a)
{
    return *app_focus(a, &screen_prompt) == PROMPT_NEXT_PANE;
}

/* ---- what comes next ---- */

/* The distribution after the token under the cursor; NULL: not there yet. */
static const struct ask_next *next_here(const struct prompt_state *s)
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
    const struct ask_next *list = next_here(s);
    const bool shown = s->side == PROMPT_NEXT && focused(a) && list;
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

/* The log-probability of a token that a list has; NaN: it has not. */
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

/* How many of the tokens are listed: to the last that has a share, on either side, that
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
    const struct ask_next *list = next_here(s);
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
    const struct rect in = canvas_box(c, r, title, value, focused(a));
    if (!list) {
        return;
    }
    canvas_text(c, in.x + 1, in.y, in.w - 2, "token", ROLE_DIM, 0);
    rows_right(c, in.x, in.y, in.w - 1,
               two                   ? "now  after"
               : before && s->pinned ? "pinned    now"
               : before              ? "before    now"
                                     : "share",
               ROLE_DIM, 0);
    list_set(&s->next, next_listed(s, list, two), in.h - 1);
    for (size_t i = 0; i < list_visible(&s->next); i++) {
        const size_t at = s->next.top + i;
        draw_next_row(a, v, c, (struct rect){in.x + 1, in.y + 1 + (int)i, in.w - 2, 1},
                      &list[at], before, focused(a) && at == s->next.cursor);
    }
    rows_bar(c, &s->next, in.x + in.w - 1, in.y + 1, in.h - 1);
}

/* ---- why ---- */

/* What is explained: the token under the cursor itself, or the one chosen of those that
 * may come after it. False, which is said: there is none. */
static bool why_of(struct app *a, const struct session_view *v, bool here,
                   struct ask_why_opts *o)
{
    const struct prompt_state *s = prompt_own(a);
    const struct ask_next *list = next_here(s);
    if (!list || !s->subject || !v->asker) {
        app_say(a, false, "nothing was answered yet");
        return false;
    }
    if (here && s->at == 0) {
        app_say(a, false, "nothing stands before the first token");
        return false;
    }
    const size_t chosen =
        s->side == PROMPT_NEXT && s->next.cursor < s->answer->top ? s->next.cursor : 0;
    *o = (struct ask_why_opts){.pos = here ? s->at : s->at + 1,
                               .target = here ? s->row.ids[s->at] : list[chosen].id,
                               .against = ASK_SECOND,
                               .ablate = PROMPT_ABLATES};
    return true;
}

void prompt_ask_why(struct app *a, const struct session_view *v, bool here)
{
    struct prompt_state *s = prompt_own(a);
    struct ask_why_opts o = {0};
    const struct ask_question q = prompt_question(s, false);
    struct errinfo e = {0};
    if (!why_of(a, v, here, &o)) {
        return;
    }
    prompt_why_is_over(a);
    if (ask_worker_why(v->asker, 0, s->subject, &q, &o, &s->why_asked, &e) != OK) {
        app_say(a, true, "%s", e.msg);
        return;
    }
    s->side = PROMPT_WHY;
    s->why_at = s->at;
    s->why_here = here;
    list_home(&s->next);
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

static void take_why(struct app *a, const struct session_view *v)
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
    const bool shown = s->side == PROMPT_WHY && focused(a) && s->why;
    return shown && s->next.cursor < s->why->n ? &s->why->part[s->next.cursor] : NULL;
}

static void draw_part(const struct app *a, const struct session_view *v,
                      struct canvas *c, struct rect r, const struct ask_part *p,
                      bool on)
{
    char text[96], name[64];
    const int32_t id =
        p->pos < prompt_own(a)->row.n ? prompt_own(a)->row.ids[p->pos] : -1;
    names_token_trimmed(&v->names, id, name, sizeof name);
    if (p->latent < 0) {
        snprintf(text, sizeof text, "error %u %.40s", p->pos, name);
    } else {
        snprintf(text, sizeof text, "#%d %u %.40s", p->latent, p->pos, name);
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

/* Whether the parts and what is there without both come to the difference: what is
 * missing, as a share of what they have to explain. */
static void draw_complete(struct canvas *c, struct rect r, const struct ask_why *w)
{
    const double rise = fabs(w->difference - w->at_zero);
    const double off = rise > 0 ? 100 * fabs(w->remainder) / rise : 0;
    int used = 0;
    if (r.w >= WHY_WIDE) {
        used = canvas_textf(c, r.x, r.y, r.w, ROLE_DIM, 0, "difference %s, ",
                            NUMBER(NUMBER_SIGNED, 0, 1, w->difference));
    }
    canvas_textf(c, r.x + used, r.y, r.w - used, w->complete ? ROLE_DIM : ROLE_WARN, 0,
                 "%s, %s %% off", w->complete ? "complete" : "not complete",
                 off < .01 ? "under 0.01"
                           : NUMBER(NUMBER_PLAIN, 0, off < 1 ? 2 : 1, off));
}

/* What the parts come to: of latents, of the error, and the difference that there is
 * without both. */
static void draw_sum(struct canvas *c, struct rect r, const struct ask_why *w)
{
    const char *rest = NUMBER(NUMBER_SIGNED, 0, 1, w->at_zero);
    const int used = canvas_textf(c, r.x, r.y, r.w, ROLE_DIM, 0, "latents %s, error %s",
                                  NUMBER(NUMBER_SIGNED, 0, 1, w->latents),
                                  NUMBER(NUMBER_SIGNED, 0, 1, w->error));
    if (r.w >= WHY_WIDE) {
        canvas_textf(c, r.x + used, r.y, r.w - used, ROLE_DIM, 0, ", without both %s",
                     rest);
    } else if (r.h > 1) {
        r.y++;
        r.h--;
        canvas_textf(c, r.x, r.y, r.w, ROLE_DIM, 0, "without both %s", rest);
    }
    if (r.h > 1) {
        r.y++;
        r.h--;
        draw_complete(c, r, w);
    }
    if (r.h > 1 && isfinite(w->spearman)) {
        canvas_textf(c, r.x, r.y + 1, r.w, ROLE_DIM, 0,
                     r.w < WHY_WIDE ? "rank correlation %s of %zu"
                                    : "rank correlation %s with %zu really silenced",
                     NUMBER(NUMBER_PLAIN, 0, 2, w->spearman), w->ablated);
    }
}

static void draw_why(struct app *a, const struct session_view *v, struct canvas *c,
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
        snprintf(title, sizeof title, "why %.30s%s, not %.30s", target,
                 s->why_here ? " here" : "", against);
    }
    const struct rect in = canvas_box(c, r, title, w ? "" : "...", focused(a));
    if (!w) {
        canvas_text(c, in.x + 1, in.y, in.w - 2, "taking gradients ...", ROLE_DIM, 0);
        return;
    }
    canvas_text(c, in.x + 1, in.y, in.w - 2, "latent, at", ROLE_DIM, 0);
    rows_right(c, in.x, in.y, in.w - 1, "logits  silenced", ROLE_DIM, 0);
    const int foot = in.h <= 6 ? 1 : in.w - 2 < WHY_WIDE ? 4 : 3;
    list_set(&s->next, w->n, in.h - 1 - foot);
    for (size_t i = 0; i < list_visible(&s->next); i++) {
        const size_t at = s->next.top + i;
        draw_part(a, v, c, (struct rect){in.x + 1, in.y + 1 + (int)i, in.w - 2, 1},
                  &w->part[at], focused(a) && at == s->next.cursor);
    }
    rows_bar(c, &s->next, in.x + in.w - 1, in.y + 1, in.h - 1 - foot);
    draw_sum(c, (struct rect){in.x + 1, in.y + in.h - foot, in.w - 2, foot}, w);
}

/* ---- the text that is written ---- */

/* The question of a text, and whom it is put to. */
static struct ask_question text_question(const struct prompt_state *s, size_t i,
                                         bool both, struct ask_subject **whom)
{
    struct ask_question q = prompt_question(s, i > 0 && !both);
    *whom = s->subject;
    if (i > 0 && both) {
        q.edit = s->aside[s->second_arm].at;
        q.n_edits = s->aside[s->second_arm].n;
        *whom = s->second;
    }
    return q;
}

static void name_texts(struct app *a, const struct session_view *v, bool both)
{
    struct prompt_state *s = prompt_own(a);
    const char *const names[PROMPT_TEXTS] = {"with masks and edits", "as it stands"};
    const int cond = latents_cond(a);
    for (size_t i = 0; i < PROMPT_TEXTS; i++) {
        const size_t edits = i ? s->aside[s->second_arm].n : s->row.edits.n;
        if (both) {
            const bool apart = s->second_step != s->subject_step;
            char step[24];
            text_thousands(step, sizeof step, i ? s->second_step : s->subject_step);
            snprintf(s->text_name[i], sizeof s->text_name[i], "%c%s%s%s",
                     v->cond[i ? !cond : cond].letter, apart ? ", step " : "",
                     apart ? step : "", edits ? ", edited" : "");
        } else {
            snprintf(s->text_name[i], sizeof s->text_name[i], "%s", names[i]);
        }
    }
}

static bool begin_texts(struct app *a, const struct session_view *v, bool both)
{
    struct prompt_state *s = prompt_own(a);
    struct errinfo e = {0};
    enum err rc = OK;
    if (!s->written) {
        rc = mem_new(&s->written, PROMPT_TEXTS, sizeof *s->written, "a text", &e);
    }
    ask_worker_pause(v->asker, false);
    ask_worker_cancel(v->asker, 1, ASK_TEXT);
    for (size_t i = 0; rc == OK && i < s->texts; i++) {
        struct ask_subject *whom = NULL;
        const struct ask_question q = text_question(s, i, both, &whom);
        rc = ask_worker_write(v->asker, i, whom, &q, &s->how, &s->text_asked[i], &e);
        s->n_written[i] = 0;
    }
    if (rc != OK) {
        s->texts = 0;
        app_say(a, true, "%s", e.msg);
    }
    return rc == OK;
}

static void write_texts(struct app *a, const struct session_view *v, bool both)
{
    struct prompt_state *s = prompt_own(a);
    const bool done = memchr(s->row.masked, 1, s->row.n) || s->row.edits.n > 0;
    s->texts = done || both ? 2 : 1;
    name_texts(a, v, both);
    if (begin_texts(a, v, both)) {
        s->side = PROMPT_WRITTEN;
        s->writing = true;
        s->paused = false;
        s->written_at = s->walked = 0;
        s->two_arms = both;
    }
}

void prompt_write_both(struct app *a, const struct session_view *v)
{
    write_texts(a, v, true);
}

void prompt_write(struct app *a, const struct session_view *v, bool both)
{
    struct prompt_state *s = prompt_own(a);
    const bool here = s->second && s->second_arm == prompt_other_arm(a, v) &&
                      s->second_step == s->subject_step;
    if (!s->subject) {
        app_say(a, false, "the model is not ready yet");
    } else if (both && !here) {
        s->both = true; /* want_subjects comes back */
        app_say(a, false, "making ready %c", v->cond[!latents_cond(a)].letter);
    } else {
        write_texts(a, v, both);
    }
}

static void take_text(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    bool busy = false;
    for (size_t i = 0; s->written && i < s->texts; i++) {
        const struct ask_state state = ask_worker_state(v->asker, i, ASK_TEXT);
        const size_t n = s->n_written[i];
        busy = busy || state.busy;
        if (state.done != s->text_asked[i]) {
            continue; /* it is another text that is there */
        }
        s->n_written[i] +=
            ask_worker_written(v->asker, i, n, s->written[i] + n, PROMPT_WRITES - n);
        if (state.rc != OK && s->text_failed[i] != state.done) {
            s->text_failed[i] = state.done;
            app_say(a, true, "%s", state.error);
        }
    }
    s->writing = busy;
}

void prompt_side_take(struct app *a, const struct session_view *v)
{
    take_why(a, v);
    take_text(a, v);
    effect_sync(a, v);
}

const struct ask_written *prompt_written_here(const struct app *a)
{
    const struct prompt_state *s = prompt_own(a);
    const bool shown =
        s->side == PROMPT_WRITTEN && focused(a) && s->written && s->texts > 0;
    return shown && s->written_at < s->n_written[s->walked]
               ? &s->written[s->walked][s->written_at]
               : NULL;
}

void prompt_walk_other(struct app *a)
{
    struct prompt_state *s = prompt_own(a);
    s->walked = s->texts > 1 ? 1 - s->walked : 0;
    const size_t n = s->n_written[s->walked];
    s->written_at = n && s->written_at >= n ? n - 1 : s->written_at;
}

/* Columns from token i on that may not be broken: up to the next that begins with a
 * space. */
static int word_width(const struct session_view *v, const struct ask_written *w,
                      size_t n, size_t i)
{
    int width = 0;
    for (size_t k = i; k < n; k++) {
        const char *text = names_token(&v->names, w[k].id);
        if (k > i && text[0] == ' ') {
            break;
        }
        width += canvas_text_width(text);
    }
    return width;
}

struct text_look {
    size_t cursor;  /* token; SIZE_MAX: none */
    size_t differs; /* from this token on the other text is another */
};

/* A text wrapped into r from row `skip` on; returns the row of the cursor, or of the
 * end. c NULL: only that. */
static int flow_written(const struct session_view *v, struct canvas *c, struct rect r,
                        const struct ask_written *w, size_t n, int skip,
                        struct text_look look)
{
    int x = 0, row = 0, found = -1;
    for (size_t i = 0; i < n; i++) {
        const char *text = names_token(&v->names, w[i].id);
        const bool spaced = i == 0 || text[0] == ' ';
        /* A word that no row holds is broken between its tokens. */
        const int all = spaced ? word_width(v, w, n, i) : 0;
        const int least = all > 0 && all <= r.w ? all : canvas_text_width(text);
        if (x > 0 && x + least > r.w) {
            x = 0;
            row++;
        }
        text += x == 0 && text[0] == ' ' ? 1 : 0;
        found = i == look.cursor ? row : found;
        if (c && row >= skip && row - skip < r.h) {
            const enum role role = i == look.cursor    ? ROLE_SELECT
                                   : i >= look.differs ? ROLE_VALUE
                                                       : ROLE_DIM;
            canvas_text(c, r.x + x, r.y + row - skip, r.w - x, text, role,
                        i == look.cursor ? ATTR_REVERSE : 0);
        }
        x += canvas_text_width(text);
    }
    return found >= 0 ? found : row;
}

static void draw_written(const struct session_view *v, struct canvas *c, struct rect r,
                         const struct ask_written *w, size_t n, struct text_look look)
{
    const int row = flow_written(v, NULL, r, w, n, 0, look);
    (void)flow_written(v, c, r, w, n, row < r.h ? 0 : row - r.h + 1, look);
}

/* The first token in which the two texts differ; 0: there is one text. */
static size_t first_difference(const struct prompt_state *s)
{
    size_t i = 0;
    while (s->texts > 1 && i < s->n_written[0] && i < s->n_written[1] &&
           s->written[0][i].id == s->written[1][i].id) {
        i++;
    }
    return i;
}

/* With as many decimals as it has, 1 to 4: "0.8", "0.95". */
static void add_setting(struct str *out, const char *name, double x)
{
    int decimals = 1;
    double by = 10;
    while (decimals < 4 && fabs(x * by - round(x * by)) > 1e-6) {
        decimals++;
        by *= 10;
    }
    str_addf(out, "%s%s %s", out->len ? ", " : "", name,
             NUMBER(NUMBER_PLAIN, 0, decimals, x));
}

/* How texts are drawn, beside the temperature: all of it, or what was asked for. */
static void add_how(struct str *out, const struct ask_gen_opts *o, bool all)
{
    const bool cuts = o->top_p > 0 && o->top_p < 1;
    if (all || cuts) {
        add_setting(out, "top-p", cuts ? o->top_p : 1);
    }
    if (all || o->seed) {
        str_addf(out, "%sseed %llu", out->len ? ", " : "", (unsigned long long)o->seed);
    }
}

/* The box of the texts, with how they are drawn: in its title, or what that has no room
 * for in a row of its own, left out where nothing was asked for. What is left inside.
 */
static struct rect texts_box(struct app *a, struct canvas *c, struct rect r)
{
    enum { VALUE = 9 }; /* columns for " paused " */
    const struct prompt_state *s = prompt_own(a);
    struct str title, all, asked;
    str_init(&title, 160);
    str_init(&all, 160);
    str_init(&asked, 160);
    add_setting(&all, "written, temperature", s->how.temperature);
    add_setting(&title, "written, temperature", s->how.temperature);
    add_how(&all, &s->how, true);
    add_how(&asked, &s->how, false);
    const bool fits = all.len + 6 + VALUE <= (size_t)r.w;
    struct rect in = canvas_box(c, r, fits ? all.p : title.p,
                                s->paused    ? "paused"
                                : s->writing ? "..."
                                             : "",
                                focused(a));
    if (!fits && asked.len && in.h > 1) {
        canvas_text(c, in.x + 1, in.y, in.w - 2, asked.p, ROLE_DIM, 0);
        in.y++;
        in.h--;
    }
    str_free(&title);
    str_free(&all);
    str_free(&asked);
    return in;
}

static void draw_texts(struct app *a, const struct session_view *v, struct canvas *c,
                       struct rect r)
{
    const struct prompt_state *s = prompt_own(a);
    const struct rect in = texts_box(a, c, r);
    const int each = in.h / (int)(s->texts ? s->texts : 1);
    for (size_t i = 0; s->written && i < s->texts; i++) {
        struct rect part = {in.x + 1, in.y + (int)i * each, in.w - 2, each};
        if (s->texts > 1) {
            const bool on = focused(a) && i == s->walked;
            canvas_put(c, part.x, part.y, on ? 0x25B6 : ' ', ROLE_FOCUS, ATTR_BOLD);
            canvas_text(c, part.x + 2, part.y, part.w - 2, s->text_name[i],
                        on ? ROLE_VALUE : ROLE_DIM, 0);
            part.y++;
            part.h--;
        }
        draw_written(v, c, part, s->written[i], s->n_written[i],
                     (struct text_look){focused(a) ? s->written_at : SIZE_MAX,
                                        first_difference(s)});
    }
}

/* ---- all of them ---- */

void prompt_side_draw(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r)
{
    switch (prompt_own(a)->side) {
    case PROMPT_NEXT: draw_next(a, v, c, r); break;
    case PROMPT_WHY: draw_why(a, v, c, r); break;
    case PROMPT_WRITTEN: draw_texts(a, v, c, r); break;
    case PROMPT_EFFECT:
        effect_draw(a, v, c, r, prompt_own(a)->row.edits.at, prompt_own(a)->row.edits.n,
                    focused(a));
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
    struct list_view text = {.count = s->n_written[s->walked], .page = PROMPT_WRITES};
    list_go(&text, s->written_at);
    if (side) {
        const bool left = strstr(direction, "left") != NULL;
        const int64_t by = strncmp(direction, "far", 3) ? 1 : 10;
        if (!left && s->paused && s->writing && v->asker &&
            s->written_at + 1 >= text.count) {
            ask_worker_step(v->asker, 1);
            s->written_at = text.count; /* where it will be */
            return true;
        }
        list_move(&text, left ? -by : by);
        s->written_at = text.cursor;
        return true;
    }
    if (!strcmp(direction, "first") || !strcmp(direction, "last")) {
        (void)list_by_name(&text, direction);
        s->written_at = text.cursor;
        return true;
    }
    return false; /* up and down choose a latent of the token */
}

void prompt_side_back(struct app *a)
{
    struct prompt_state *s = prompt_own(a);
    s->side = PROMPT_NEXT;
    list_home(&s->next);
}
