/* Prompt: the prompt as it stands, how it changes, and what is asked about it. */
#include "base/mem.h"
#include "ui/screens/prompt_priv.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

/* ---- a row ---- */

void prompt_row_deinit(struct prompt_row *r)
{
    mem_free(r->ids);
    mem_free(r->masked);
    *r = (struct prompt_row){0};
}

/* Make a row of n tokens, ids if given, not masked, without edits. */
static enum err row_new(struct prompt_row *out, const int32_t *ids, size_t n,
                        struct errinfo *e)
{
    struct prompt_row r = {.n = n};
    enum err rc = mem_new(&r.ids, n + 1, sizeof *r.ids, "a prompt", e);
    rc = rc == OK ? mem_new(&r.masked, n + 1, 1, "a prompt", e) : rc;
    if (rc != OK) {
        prompt_row_deinit(&r);
        return rc;
    }
    if (ids && n > 0) {
        memcpy(r.ids, ids, n * sizeof *ids);
    }
    *out = r;
    return OK;
}

/* Take over the edits of a row whose tokens at .. at + out - 1 became n others; edits
 * at a removed token go with it. */
static void take_edits(struct prompt_row *r, const struct prompt_row *old, size_t at,
                       size_t out, size_t n)
{
    r->arm = old->arm;
    r->edits.n = 0;
    for (size_t i = 0; i < old->edits.n; i++) {
        struct ask_edit e = old->edits.at[i];
        const bool placed = e.where != ASK_ALL;
        const bool gone = placed && e.pos >= at && e.pos < at + out && n == 0;
        if (placed && e.pos >= at + out) {
            e.pos += n - out;
        }
        if (!gone && (!placed || e.pos < r->n)) {
            r->edits.at[r->edits.n++] = e;
        }
    }
}

enum err prompt_row_copy(struct prompt_row *out, const struct prompt_row *in,
                         struct errinfo *e)
{
    struct prompt_row r = *in; /* before the first text it has no tokens */
    if (in->ids) {
        TRY(row_new(&r, in->ids, in->n, e));
        memcpy(r.masked, in->masked, in->n);
        r.first = in->first;
        r.tail = in->tail;
        r.cut = in->cut;
        r.chat = in->chat;
        r.arm = in->arm;
        r.edits = in->edits;
    }
    *out = r;
    return OK;
}

bool prompt_row_same_tokens(const struct prompt_row *x, const struct prompt_row *y)
{
    return x->n == y->n &&
           (x->n == 0 || !memcmp(x->ids, y->ids, x->n * sizeof *x->ids));
}

bool prompt_row_same(const struct prompt_row *x, const struct prompt_row *y)
{
    return prompt_row_same_tokens(x, y) &&
           (x->n == 0 || !memcmp(x->masked, y->masked, x->n)) &&
           prompt_edits_same(x->edits.at, x->edits.n, y->edits.at, y->edits.n);
}

bool prompt_is_edited(const struct prompt_row *r)
{
    return r->edits.n > 0 || (r->n > 0 && memchr(r->masked, 1, r->n));
}

bool prompt_is_put(const struct prompt_row *r, size_t at)
{
    return at < r->first || at + r->tail >= r->n;
}

void prompt_free(struct prompt_state *s)
{
    prompt_row_deinit(&s->row);
    for (size_t i = 0; i < PROMPT_KEPT; i++) {
        prompt_row_deinit(&s->kept[i]);
    }
    ask_answer_unref(s->answer);
    ask_answer_unref(s->before);
    ask_answer_unref(s->pinned);
    ask_why_unref(s->why);
    effect_deinit(&s->effect);
    ask_presets_unref(s->presets);
    prompt_written_forget(s);
    mem_free(s->written);
    ask_subject_unref(s->subject);
    ask_subject_unref(s->second);
}

/* ---- undo ---- */

/* Keep a copy of the prompt; returns its number, -1 if memory is out. */
static int32_t keep(struct app *a)
{
    struct prompt_state *s = prompt_own(a);
    struct errinfo e;
    struct prompt_row copy;
    if (prompt_row_copy(&copy, &s->row, &e) != OK) {
        app_say(a, true, "%s", e.msg);
        return -1;
    }
    struct prompt_row *to = &s->kept[s->n_kept % PROMPT_KEPT];
    prompt_row_deinit(to);
    *to = copy;
    return s->n_kept++;
}

static void box_follows(struct app *a, const struct session_view *v);

/* Turn to this arm's edits; those of the other stay with it. */
static void edits_of_arm(struct prompt_state *s, size_t arm)
{
    struct prompt_row *r = &s->row;
    if (r->arm == arm) {
        return;
    }
    s->aside[r->arm] = r->edits;
    r->edits.n = 0;
    for (size_t i = 0; i < s->aside[arm].n; i++) {
        const struct ask_edit *e = &s->aside[arm].at[i];
        if (e->where == ASK_ALL || e->pos < r->n) {
            r->edits.at[r->edits.n++] = *e;
        }
    }
    r->arm = arm;
}

/* End typing without a step: the place of the row from before it is free again. */
static void forget_typing(struct prompt_state *s)
{
    s->typing = s->box.replaces = false;
    s->n_kept -= s->typed_from >= 0 ? 1 : 0;
    s->typed_from = -1;
}

/* Swap what the step kept and what stands, both of the arm in which it was made,
 * whichever is shown. */
static void apply(struct app *a, const struct session_view *v,
                  const struct undo_step *step, bool back)
{
    struct prompt_state *s = prompt_own(a);
    const size_t shown = s->row.arm;
    s->undone[0] = '\0';
    if (step->latent + PROMPT_KEPT <= s->n_kept) {
        return; /* its place was taken; cannot be while PROMPT_KEPT > UNDO_DEPTH */
    }
    if (s->typing) { /* what was typed goes away with the row */
        forget_typing(s);
    }
    struct prompt_row *kept = &s->kept[step->latent % PROMPT_KEPT];
    edits_of_arm(s, kept->arm);
    const struct prompt_row was = s->row;
    if (kept->ids || !was.ids) {
        s->row = *kept;
        *kept = was;
    } else { /* from before the first text: nothing but edits */
        s->row.edits = kept->edits;
        kept->edits = was.edits;
    }
    prompt_change_say(v, back ? &s->row : kept, back ? kept : &s->row, s->undone,
                      sizeof s->undone);
    edits_of_arm(s, shown);
    prompt_edits_changed(a);
    if (!prompt_row_same_tokens(&s->row, &was)) {
        s->changed = true;
        s->is_example = false;
    }
    box_follows(a, v);
}

/* What was done, whether it is taken back or done again. */
static void which(const struct app *a, const struct undo_step *step, bool back,
                  char *out, size_t cap)
{
    (void)step;
    (void)back;
    snprintf(out, cap, "%s", prompt_own(a)->undone);
}

static const struct undo_kind prompt_undo = {"", apply, which};

static void push(struct app *a, int32_t kept)
{
    if (kept >= 0) {
        undo_push(&a->undo, &(struct undo_step){.kind = &prompt_undo, .latent = kept});
    }
}

bool prompt_keep(struct app *a)
{
    if (prompt_own(a)->typing) {
        prompt_end_typing(a);
    }
    const int32_t kept = keep(a);
    push(a, kept);
    return kept >= 0;
}

/* ---- changes ---- */

/* Set the box to the text of the tokens, without what the tokenizer put in front. */
static void box_follows(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    struct str text;
    s->at = s->at < s->row.n ? s->at : s->row.n ? s->row.n - 1 : 0;
    s->unread[0] = '\0';
    if (!v->subject) {
        return;
    }
    str_init(&text, TEXTBOX_CAP - 1);
    if (s->row.n > s->row.first + s->row.tail) {
        tok_decode(v->subject->lm->tok, s->row.ids + s->row.first,
                   s->row.n - s->row.first - s->row.tail, &text);
    }
    textbox_set(&s->box, text.p ? text.p : "");
    str_free(&text);
}

void prompt_edits_changed(struct app *a)
{
    prompt_own(a)->due = true;
    prompt_own(a)->tells = false;
    prompt_why_is_over(a);
}

void prompt_tokens_changed(struct app *a, const struct session_view *v)
{
    prompt_own(a)->changed = true;
    prompt_own(a)->is_example = false;
    prompt_edits_changed(a);
    box_follows(a, v);
}

/* Say which edits went with the token that they were at. */
static void say_gone(struct app *a, const struct prompt_row *old,
                     const struct prompt_row *now)
{
    struct prompt_edits gone = {.n = 0};
    for (size_t i = 0; i < old->edits.n; i++) {
        const struct ask_edit *e = &old->edits.at[i];
        size_t k = 0;
        while (k < now->edits.n && now->edits.at[k].latent != e->latent) {
            k++;
        }
        if (k == now->edits.n) { /* a latent has one edit */
            gone.at[gone.n++] = *e;
        }
    }
    if (gone.n > 0) {
        enum { NAMED = 3 };
        char text[160];
        prompt_edits_say(gone.at, gone.n, NAMED, text, sizeof text);
        app_say(a, false, "gone with the token: %s", text);
    }
}

bool prompt_splice(struct app *a, const struct session_view *v, size_t at, size_t out,
                   const int32_t *ids, size_t n)
{
    struct prompt_state *s = prompt_own(a);
    const struct prompt_row *old = &s->row;
    const size_t total = old->n - out + n;
    struct errinfo e;
    struct prompt_row r;
    if (v->subject && total > v->subject->context) {
        app_say(a, true, "that would be %zu tokens, the model reads %zu", total,
                v->subject->context);
        return false;
    }
    if (!prompt_keep(a)) {
        return false;
    }
    if (row_new(&r, NULL, total, &e) != OK) {
        app_say(a, true, "%s", e.msg);
        return false;
    }
    memcpy(r.ids, old->ids, at * sizeof *ids);
    memcpy(r.masked, old->masked, at);
    if (n > 0) {
        memcpy(r.ids + at, ids, n * sizeof *ids);
    }
    memcpy(r.ids + at + n, old->ids + at + out, (old->n - at - out) * sizeof *ids);
    memcpy(r.masked + at + n, old->masked + at + out, old->n - at - out);
    r.first = old->first;
    r.tail = old->tail;
    r.chat = old->chat;
    take_edits(&r, old, at, out, n);
    say_gone(a, old, &r);
    prompt_row_deinit(&s->row);
    s->row = r;
    prompt_tokens_changed(a, v);
    s->tells = true;
    return true;
}

/* Read the tokens of the box's text into the row. */
static void read_box(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    struct ask_row read = {0};
    struct prompt_row r = {0};
    struct errinfo e = {0};
    const struct chat_family *chat = s->row.chat ? v->subject->chat : NULL;
    enum err rc =
        chat ? ask_read_chat(v->subject, chat, s->box.text, s->box.len, &read, &e)
             : ask_read(v->subject, s->box.text, s->box.len, &read, &e);
    rc = rc == OK ? row_new(&r, read.ids.p, read.ids.n, &e) : rc;
    snprintf(s->unread, sizeof s->unread, "%s", rc != OK ? e.msg : "");
    if (rc != OK) {
        ask_row_deinit(&read);
        return;
    }
    r.first = read.first;
    r.cut = read.cut;
    r.tail = read.tail;
    r.chat = chat != NULL;
    ask_row_deinit(&read);
    const struct prompt_row *old = &s->row;
    for (size_t i = 0; i < r.n && i < old->n && r.ids[i] == old->ids[i]; i++) {
        r.masked[i] = old->masked[i];
    }
    take_edits(&r, old, old->n, 0, 0);
    prompt_row_deinit(&s->row);
    s->row = r;
    s->changed = true;
    prompt_edits_changed(a);
}

void prompt_begin_typing(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    if (s->typing) {
        prompt_end_typing(a);
    }
    s->typing = true;
    s->box.replaces = s->is_example;
    s->sent = s->tells = false;
    s->typed_from = keep(a);
    ask_answer_unref(s->before);
    s->before = s->answer ? ask_answer_ref(s->answer) : NULL;
    prompt_freshen(a, v);
}

void prompt_end_typing(struct app *a)
{
    struct prompt_state *s = prompt_own(a);
    const struct prompt_row *from =
        s->typed_from < 0 ? NULL : &s->kept[s->typed_from % PROMPT_KEPT];
    if (from && from->ids && !prompt_row_same_tokens(&s->row, from)) {
        push(a, s->typed_from);
        s->typed_from = -1;
    }
    forget_typing(s);
}

void prompt_read_box(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    if (!v->subject) {
        return;
    }
    read_box(a, v);
    const size_t last = s->row.n ? s->row.n - 1 : 0;
    s->at = s->want < last - s->row.first && last > s->row.first
                ? s->row.first + s->want
                : last;
    s->want = SIZE_MAX;
}

void prompt_set_text(struct app *a, const struct session_view *v, const char *text)
{
    struct prompt_state *s = prompt_own(a);
    textbox_set(&s->box, text);
    s->begun = true;
    s->is_example = false;
    if (s->typing) {
        prompt_end_typing(a);
    }
    prompt_freshen(a, v);
    /* Before the first text there is nothing to bring back. */
    if (v->subject && (!s->row.ids || prompt_keep(a))) {
        prompt_read_box(a, v);
    }
}

void prompt_show(struct app *a, const struct session_view *v, const int32_t *ids,
                 size_t n, size_t at, int32_t latent)
{
    struct str text;
    size_t before = 0;
    str_init(&text, TEXTBOX_CAP - 1);
    /* A special token typed as text would be no special token: the document alone. */
    size_t from = at, to = at;
    while (from > 0 && !names_is_special(&v->names, ids[from - 1])) {
        from--;
    }
    while (to < n && (to == at || !names_is_special(&v->names, ids[to]))) {
        to++;
    }
    for (size_t i = from; i < to; i++) {
        if (ids[i] >= 0 && !names_is_special(&v->names, ids[i])) {
            before += i < at ? 1U : 0U;
            str_add(&text, names_token(&v->names, ids[i]));
        }
    }
    prompt_own(a)->want = before;
    prompt_own(a)->choose = latent;
    prompt_set_text(a, v, text.p ? text.p : "");
    prompt_own(a)->sent = true;
    str_free(&text);
    app_go(a, v, &screen_prompt);
}

/* ---- whom ---- */

struct ask_subject *prompt_subject(const struct session_view *v)
{
    return (struct ask_subject *)(uintptr_t)v->subject;
}

size_t prompt_other_arm(const struct app *a, const struct session_view *v)
{
    const size_t other = latents_cond(a) ? 0 : 1;
    return other < conds_of(v) ? session_view_shown(v, other) : latents_arm(a);
}

void prompt_turn(struct app *a)
{
    struct prompt_state *s = prompt_own(a);
    if (s->row.arm == latents_arm(a)) {
        return;
    }
    edits_of_arm(s, latents_arm(a));
    s->since = s->ticket;
    s->heat = -1;
    s->both = false;
    prompt_written_forget(s);
    ask_subject_unref(s->subject);
    s->subject = NULL;
    struct ask_answer **gone[] = {&s->answer, &s->before, &s->pinned};
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
        ask_answer_unref(*gone[i]);
        *gone[i] = NULL;
    }
    prompt_edits_changed(a);
    prompt_side_back(a);
}

/* How many steps the SAE asked may be behind, as a share of those trained, before a new
 * text asks for a fresh one, while training goes on: early on an SAE changes within few
 * steps, later little, and the latents of a fresh one are described again. */
#define PROMPT_LAG 0.25

bool prompt_lags(const struct prompt_state *s, const struct session_view *v)
{
    const bool trains = v->state == SESSION_TRAINING || v->state == SESSION_PAUSED;
    return s->subject && v->state != SESSION_ENDED &&
           (double)(v->step - s->subject_step) >
               (trains ? PROMPT_LAG * (double)v->step : 0);
}

bool prompt_renewing(const struct prompt_state *s, const struct session_view *v)
{
    return s->subject && (s->renew || (v->subject_busy && s->wanted_arm == s->row.arm));
}

void prompt_freshen(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    const bool held = prompt_is_edited(&s->row) || s->pinned || s->tells || s->both ||
                      s->list == PROMPT_CHANGED;
    if (!held && prompt_lags(s, v) && !prompt_renewing(s, v)) {
        s->renew = true;
    }
}

/* Ask the session for an arm's SAE, once. */
static void want_arm(struct app *a, const struct session_view *v, size_t arm)
{
    struct prompt_state *s = prompt_own(a);
    /* While it loads, so that it is there before the first step of training. */
    const bool can = v->names.vocab && !v->no_model && v->state != SESSION_ENDED &&
                     (v->state == SESSION_LOADING || v->n_arms > 0);
    const bool has = v->subject && v->subject_arm == arm && !s->renew;
    s->wanted = s->wanted && !has && s->wanted_arm == arm;
    if (!can || has || s->wanted || v->subject_busy) {
        return;
    }
    struct command *c = app_emit(a, COMMAND_SUBJECT);
    if (c) {
        c->arm = s->wanted_arm = arm;
        s->wanted = true;
        s->renew = false;
    }
}

/* Want the SAE of the arm shown, and once that of the other, to write with both. */
static void want_subjects(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    const size_t other = prompt_other_arm(a, v);
    want_arm(a, v, s->both ? other : latents_arm(a));
    if (s->both && v->subject && v->subject_arm == other) {
        ask_subject_unref(s->second);
        s->second = ask_subject_ref(prompt_subject(v));
        s->second_arm = other;
        s->second_step = v->subject_step;
        s->both = false;
        prompt_write_both(a, v);
    }
}

/* ---- asking ---- */

void prompt_pin(struct app *a)
{
    struct prompt_state *s = prompt_own(a);
    const bool pins = !s->pinned;
    ask_answer_unref(s->pinned);
    s->pinned = pins ? ask_answer_ref(s->answer) : NULL;
}

static void begin(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    if (!s->begun && v->example[0][0]) {
        textbox_set(&s->box, v->example[0]);
        s->example = 1;
        s->begun = s->is_example = true;
    }
    if (s->begun && !s->row.ids) {
        prompt_read_box(a, v);
    }
}

struct ask_question prompt_question(const struct prompt_row *r, bool plain)
{
    return (struct ask_question){.ids = r->ids,
                                 .masked = plain ? NULL : r->masked,
                                 .n = r->n,
                                 .edit = r->edits.at,
                                 .n_edits = plain ? 0 : r->edits.n,
                                 .top = PROMPT_TOP};
}

static void put_question(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    struct errinfo e = {0};
    const struct ask_question q = prompt_question(&s->row, false);
    s->due = false;
    if (ask_worker_ask(v->asker, 0, s->subject, &q, &s->ticket, &e) != OK) {
        app_say(a, true, "%s", e.msg);
    }
}

static void take_answer(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    const struct ask_state state = ask_worker_state(v->asker, 0, ASK_ANSWER);
    uint64_t ticket = 0;
    struct ask_answer *got = ask_worker_answer(v->asker, 0, &ticket);
    s->busy = state.busy;
    snprintf(s->error, sizeof s->error, "%s",
             !state.busy && state.rc != OK ? state.error : "");
    if (!got || ticket == s->shown || ticket <= s->since) {
        ask_answer_unref(got);
        return;
    }
    if (s->changed && !s->typing) {
        ask_answer_unref(s->before);
        s->before = s->answer;
    } else {
        ask_answer_unref(s->answer);
    }
    /* An answer to the prompt of a moment ago is shown, but not as the present one. */
    s->changed = s->changed && (s->due || ticket != s->ticket);
    s->answer = got;
    s->shown = ticket;
    a->finder.stale = true;
}

/* Take the SAE that has come. It may be the other arm's, to write with both: the
 * latents listed stay those of the one asked. */
static void take_subject(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    if (v->subject_arm != s->row.arm || s->subject == v->subject) {
        return;
    }
    if (s->subject_step != v->subject_step) {
        prompt_why_is_over(a); /* it is about the latents of another step */
    }
    /* A table that grew changes what an answer says of edits alone. */
    const bool same = s->subject && s->subject->sae == v->subject->sae;
    s->due = s->due || !same || s->row.edits.n > 0;
    if (!same) { /* no change of the prompt would be told from one of the SAE */
        ask_answer_unref(s->before);
        s->before = NULL;
    }
    ask_subject_unref(s->subject);
    s->subject = ask_subject_ref(prompt_subject(v));
    s->subject_step = v->subject_step;
}

void prompt_ask(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    prompt_turn(a);
    want_subjects(a, v);
    if (!v->subject || !v->asker) {
        return;
    }
    begin(a, v);
    take_subject(a, v);
    if (s->row.n > 0 && s->subject && s->due) {
        put_question(a, v);
    }
    take_answer(a, v);
    prompt_side_take(a, v);
}
