#include "ui/screens/prompt_effect.h"

#include "base/number.h"
#include "ui/actions.h"
#include "ui/rows.h"
#include "ui/screens/prompt_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Tokens of text before one whose loss rises: those read for its line, those sent to
 * Prompt. */
enum { BEFORE = 48, SENT = 40 };
/* Next tokens listed before the tokens whose loss rises. */
enum { SHIFTS = 8 };
/* Edits that are named, at most. */
enum { NAMED = 6 };

static struct effect_state *own(const struct app *a)
{
    return &prompt_own(a)->effect;
}

static size_t shifts(const struct effect_state *s)
{
    return s->found.n_shift < SHIFTS ? s->found.n_shift : SHIFTS;
}

void effect_deinit(struct effect_state *s)
{
    ask_rows_unref(s->text);
}

_Static_assert((int)EFFECT_EDITS >= (int)PROMPT_EDITS, "all that stand there fit");

/* ---- asking ---- */

bool effect_rows(struct app *a, const char *args, size_t *rows)
{
    int64_t n = EFFECT_ROWS;
    if (args[0] && !(arg_integer(args, &n) && n >= 1 && n <= EFFECT_ROWS_MAX)) {
        app_say(a, true, "effect: expected rows of held-out text, 1 to %d",
                EFFECT_ROWS_MAX);
        return false;
    }
    *rows = (size_t)n;
    return true;
}

void effect_begin(struct app *a, const struct session_view *v,
                  const struct ask_edit *edit, size_t n, size_t rows)
{
    struct effect_state *s = own(a);
    (void)effect_cancel(a, v);
    s->of_asked = (struct effect_of){.n = n, .arm = latents_arm(a)};
    memcpy(s->of_asked.edit, edit, n * sizeof *edit);
    s->rows = rows;
    s->waiting = true;
    s->sent = false;
    effect_sync(a, v);
}

bool effect_cancel(struct app *a, const struct session_view *v)
{
    struct effect_state *s = own(a);
    const bool was = s->waiting || s->busy;
    if (s->busy && v->asker) {
        ask_worker_cancel(v->asker, 0, ASK_HELDOUT);
    }
    s->waiting = s->busy = false;
    s->asked = 0; /* it may be there already, not yet looked at */
    return was;
}

/* Ask what is waiting, as soon as the SAE of its arm is there. */
static void send(struct app *a, const struct session_view *v)
{
    struct effect_state *s = own(a);
    struct errinfo e = {0};
    const bool has =
        v->subject && v->asker && v->subject_arm == s->of_asked.arm && v->subject->text;
    if (!has && !s->sent && !v->subject_busy) {
        struct command *c = app_emit(a, COMMAND_SUBJECT);
        if (c) {
            c->arm = s->of_asked.arm;
            s->sent = true;
        }
    }
    if (!has) {
        return;
    }
    s->waiting = false;
    s->of_asked.step = v->subject_step;
    if (ask_worker_heldout(v->asker, 0, prompt_subject(v), s->of_asked.edit,
                           s->of_asked.n, s->rows, &s->asked, &e) != OK) {
        app_say(a, true, "%s", e.msg);
        return;
    }
    s->busy = true;
    ask_rows_unref(s->text);
    s->text = ask_rows_ref(v->subject->text); /* the same for a whole session */
}

static void take(struct app *a, const struct session_view *v)
{
    struct effect_state *s = own(a);
    const struct ask_state state = ask_worker_state(v->asker, 0, ASK_HELDOUT);
    uint64_t ticket = 0;
    ask_worker_progress(v->asker, 0, &s->done, &s->all);
    if (s->busy && !state.busy && state.rc != OK && state.done == s->asked) {
        app_say(a, true, "%s", state.error);
    }
    s->busy = s->busy && state.busy;
    struct ask_heldout found;
    if (ask_worker_effect(v->asker, 0, &found, &ticket) && ticket != s->shown) {
        s->shown = ticket;
        if (ticket == s->asked) {
            s->has = true;
            s->found = found;
            s->of = s->of_asked;
            list_home(&s->list);
        }
    }
}

void effect_sync(struct app *a, const struct session_view *v)
{
    if (own(a)->waiting) {
        send(a, v);
    }
    if (v->asker) {
        take(a, v);
    }
}

/* ---- what it is of ---- */

/* Why the result shown is not of these edits as they are now; NULL: it is. */
static const char *why_old(const struct app *a, const struct effect_of *of,
                           const struct ask_edit *edit, size_t n)
{
    const bool same = prompt_edits_same(of->edit, of->n, edit, n);
    if (of->arm != latents_arm(a)) {
        return "of another condition or seed; " KEY_OF("effect") " measures this one";
    }
    if (same) {
        return NULL;
    }
    return of->n == 1 && n == 1 && of->edit[0].latent != edit[0].latent
               ? "of another latent; " KEY_OF("effect") " measures this one"
               : "edits have changed since; " KEY_OF("effect") " measures again";
}

/* ---- drawing ---- */

/* Draw text in lines from r.y on; returns how many there are. */
static int draw_wrapped(struct canvas *c, struct rect r, const char *text,
                        enum role role)
{
    const int lines = rows_wrapped(c, r, text, strlen(text), role, 0);
    return lines < r.h ? lines : r.h;
}

static enum role role_of(enum ask_verdict v)
{
    return v == ASK_RISES ? ROLE_WARN : v == ASK_FALLS ? ROLE_GOOD : ROLE_VALUE;
}

/* Draw a mean probability; changes of it are in percentage points. */
static void draw_mean(struct canvas *c, int x, int y, int w, double p, enum role role)
{
    char text[NUMBER_TEXT + 4];
    snprintf(text, sizeof text, "%s %%", NUMBER(NUMBER_PLAIN, 0, 2, 100 * p));
    rows_right(c, x, y, w, text, role, 0);
}

static void draw_shift(const struct session_view *v, struct canvas *c, struct rect r,
                       const struct ask_shift *s, bool on)
{
    char name[64];
    const bool wide = r.w >= 40;
    const int num = wide ? 29 : 18;
    names_token_trimmed(&v->names, s->id, name, sizeof name);
    canvas_text(c, r.x, r.y, r.w - num, name, on ? ROLE_VALUE : ROLE_TEXT, 0);
    if (wide) {
        draw_mean(c, r.x + r.w - 30, r.y, 9, s->before, ROLE_DIM);
    }
    draw_mean(c, r.x + r.w - (wide ? 20 : 18), r.y, 8, s->after, ROLE_VALUE);
    rows_right(c, r.x + r.w - 10, r.y, 9,
               NUMBER(NUMBER_SIGNED, 0, 2, 100 * (s->after - s->before)),
               s->after < s->before ? ROLE_WARN : ROLE_GOOD, 0);
}

/* Draw how far the loss rises, and at the right the token after as much of its text as
 * fits. */
static void draw_worse(const struct app *a, const struct session_view *v,
                       struct canvas *c, struct rect r, const struct ask_worse *w,
                       bool on)
{
    const struct ask_rows *t = own(a)->text;
    const int32_t *ids = t->ids + w->row * t->T;
    const int left = 7, room = r.w - left;
    size_t from = w->pos;
    int used = canvas_text_width(names_token(&v->names, w->id));
    while (from > 0 && w->pos - from < BEFORE) {
        const int n = canvas_text_width(names_token(&v->names, ids[from - 1]));
        if (used + n > room) {
            break;
        }
        used += n;
        from--;
    }
    canvas_text(c, r.x, r.y, left - 1,
                NUMBER(NUMBER_SIGNED, 6, 2, (double)w->logp - (double)w->logp_after),
                ROLE_WARN, 0);
    int x = r.x + left;
    for (size_t i = from; i < w->pos; i++) {
        x += canvas_text(c, x, r.y, r.x + r.w - x, names_token(&v->names, ids[i]),
                         on ? ROLE_TEXT : ROLE_DIM, 0);
    }
    canvas_text(c, x, r.y, r.x + r.w - x, names_token(&v->names, w->id), ROLE_VALUE,
                ATTR_BOLD);
}

static void draw_entry(const struct app *a, const struct session_view *v,
                       struct canvas *c, struct rect r, size_t i, bool on)
{
    const struct effect_state *s = own(a);
    if (i < shifts(s)) {
        draw_shift(v, c, r, &s->found.shift[i], on);
    } else {
        draw_worse(a, v, c, r, &s->found.worse[i - shifts(s)], on);
    }
    if (on) {
        canvas_tint(c, r, ROLE_SELECT, 0);
    }
}

static void draw_head(struct canvas *c, struct rect r, bool next)
{
    const char *columns = r.w < 40 ? PROMPT_EDITED "  % points"
                                   : "mean: " PROMPT_BASE "   " PROMPT_EDITED
                                     "  % points";
    const int room =
        r.w - 3 - canvas_text_width(columns); /* of the title beside them */
    const char *title = !next ? "tokens whose loss rises most"
                        : canvas_text_width("next tokens") <= room ? "next tokens"
                                                                   : "next";
    canvas_text(c, r.x, r.y, r.w, title, ROLE_TITLE, 0);
    if (next) {
        rows_right(c, r.x, r.y, r.w - 1, columns, ROLE_DIM, 0);
    }
}

/* Draw next tokens, then tokens whose loss rises, each list with a heading. */
static void draw_list(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r, bool focus)
{
    struct effect_state *s = own(a);
    const size_t next = shifts(s), n = next + s->found.n_worse;
    list_set(&s->list, n, r.h > 2 ? r.h - 2 : 1);
    int y = r.y;
    for (size_t i = s->list.top; i < n && y < r.y + r.h; i++) {
        if (i == s->list.top || i == next) {
            draw_head(c, (struct rect){r.x, y++, r.w - 1, 1}, i < next);
        }
        if (y < r.y + r.h) {
            draw_entry(a, v, c, (struct rect){r.x, y++, r.w - 1, 1}, i,
                       focus && i == s->list.cursor);
        }
    }
    rows_bar(c, &s->list, r.x + r.w - 1, r.y, r.h);
}

/* Draw what is under way, or what there is to say about the result. Returns the rows
 * used. */
static int draw_state(struct app *a, struct canvas *c, struct rect r,
                      const struct ask_edit *edit, size_t n)
{
    const struct effect_state *s = own(a);
    char text[120], words[120];
    const char *old = s->has ? why_old(a, &s->of, edit, n) : NULL;
    enum role role = ROLE_VALUE;
    if (s->waiting) {
        snprintf(text, sizeof text,
                 "making ready the model ...  " KEY_OF("cancel") " cancels");
    } else if (s->busy) {
        snprintf(text, sizeof text,
                 "measuring: %zu of %zu rows  " KEY_OF("cancel") " cancels", s->done,
                 s->all);
    } else if (!s->has) {
        snprintf(text, sizeof text,
                 "nothing was measured: " KEY_OF("effect") " measures");
        role = ROLE_DIM;
    } else if (old) {
        snprintf(text, sizeof text, "%s", old);
        role = ROLE_WARN;
    } else {
        return 0;
    }
    app_words(a, text, words, sizeof words);
    return draw_wrapped(c, r, words, role);
}

void effect_draw(struct app *a, const struct session_view *v, struct canvas *c,
                 struct rect r, const struct ask_edit *edit, size_t n, bool focus)
{
    struct effect_state *s = own(a);
    char value[48] = "", text[320];
    if (s->has) {
        char step[32];
        text_thousands(step, sizeof step, s->of.step);
        snprintf(value, sizeof value, r.w < 60 ? "%zu row%s" : "%zu row%s, step %s",
                 s->found.rows, plural_s(s->found.rows), step);
    }
    const struct rect in =
        canvas_box(c, r, r.w < 60 ? "effect" : "effect on held-out text", value, focus);
    const int x = in.x + 1, w = in.w - 2, end = in.y + in.h;
    int y = in.y + draw_state(a, c, (struct rect){x, in.y, w, in.h}, edit, n);
    if (!s->has) {
        return;
    }
    const struct ask_heldout *h = &s->found;
    prompt_edits_say(s->of.edit, s->of.n, NAMED, text, sizeof text);
    y += draw_wrapped(c, (struct rect){x, y, w, end - y}, text, ROLE_DIM);
    ask_heldout_say(h, text, sizeof text);
    y += draw_wrapped(c, (struct rect){x, y, w, end - y}, text,
                      role_of(ask_heldout_verdict(h)));
    if (y < end && in.h > 12) {
        canvas_textf(c, x, y++, w, ROLE_DIM, 0, "loss %s \xe2\x86\x92 %s  KL %s",
                     NUMBER(NUMBER_PLAIN, 0, 3, h->loss.before),
                     NUMBER(NUMBER_PLAIN, 0, 3, h->loss.after),
                     NUMBER(NUMBER_PLAIN, 0, 4, h->kl));
    }
    if (y < end) {
        draw_list(a, v, c, (struct rect){x, y, w + 1, end - y}, focus);
    }
}

/* ---- keys ---- */

bool effect_move(struct app *a, const char *direction)
{
    return list_by_name(&own(a)->list, direction);
}

int32_t effect_token_here(const struct app *a)
{
    const struct effect_state *s = own(a);
    const size_t at = s->list.cursor, next = shifts(s);
    return !s->has                        ? -1
           : at < next                    ? s->found.shift[at].id
           : at < next + s->found.n_worse ? s->found.worse[at - next].id
                                          : -1;
}

void effect_open(struct app *a, const struct session_view *v,
                 const struct screen_def *from)
{
    const struct effect_state *s = own(a);
    const size_t at = s->list.cursor, next = shifts(s);
    if (!s->has || at < next || at >= next + s->found.n_worse) {
        app_say(a, false,
                KEY_OF("open") " on a token whose loss rises puts its text in Prompt");
        return;
    }
    const struct ask_worse *w = &s->found.worse[at - next];
    const size_t first = w->pos >= SENT ? w->pos - SENT + 1 : 0;
    const int32_t *ids = s->text->ids + w->row * s->text->T;
    prompt_show(a, v, ids + first, w->pos - first + 1, w->pos - first, -1);
    if (from != &screen_prompt) {
        app_come_back(a, from);
    }
}
