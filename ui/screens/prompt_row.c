/* Prompt: the prompt as it stands, how it changes, and what is asked about it. */
#include "base/mem.h"
#include "ui/screens/prompt_priv.h"

#include <stdio.h>
#include <string.h>

/* ---- a row ---- */

static void row_deinit(struct prompt_row *r)
{
    mem_free(r->ids);
    mem_free(r->masked);
    *r = (struct prompt_row){0};
}

/* One of n tokens, ids if there are any, not masked; edits are none. */
static enum err row_new(struct prompt_row *out, const int32_t *ids, size_t n,
                        struct errinfo *e)
{
    struct prompt_row r = {.n = n};
    enum err rc = mem_new(&r.ids, n + 1, sizeof *r.ids, "a prompt", e);
    rc = rc == OK ? mem_new(&r.masked, n + 1, 1, "a prompt", e) : rc;
    if (rc != OK) {
        row_deinit(&r);
        return rc;
    }
    if (ids && n > 0) {
        memcpy(r.ids, ids, n * sizeof *ids);
    }
    *out = r;
    return OK;
}

/* Take over the edits of a row of which tokens at .. at + out - 1 became n others;
 * those at a token that went go with it. */
static void take_edits(struct prompt_row *r, const struct prompt_row *old, size_t at,
                       size_t out, size_t n)
{
    r->n_edits = 0;
    for (size_t i = 0; i < old->n_edits; i++) {
        struct ask_edit e = old->edit[i];
        const bool placed = e.where != ASK_ALL;
        const bool gone = placed && e.pos >= at && e.pos < at + out && n == 0;
        if (placed && e.pos >= at + out) {
            e.pos += n - out;
        }
        if (!gone && (!placed || e.pos < r->n)) {
            r->edit[r->n_edits++] = e;
        }
    }
}

static enum err row_copy(struct prompt_row *out, const struct prompt_row *in,
                         struct errinfo *e)
{
    struct prompt_row r;
    TRY(row_new(&r, in->ids, in->n, e));
    if (in->n > 0) {
        memcpy(r.masked, in->masked, in->n);
    }
    r.first = in->first;
    r.cut = in->cut;
    memcpy(r.edit, in->edit, sizeof r.edit);
    r.n_edits = in->n_edits;
    *out = r;
    return OK;
}

void prompt_free(struct prompt_state *s)
{
    row_deinit(&s->row);
    for (size_t i = 0; i < PROMPT_KEPT; i++) {
        row_deinit(&s->kept[i]);
    }
    line_history_deinit(&s->history);
    ask_answer_unref(s->answer);
    ask_answer_unref(s->before);
    ask_why_unref(s->why);
    mem_free(s->written);
    ask_subject_unref((struct ask_subject *)(uintptr_t)s->subject);
}

/* ---- undo ---- */

/* A copy of what stands; its number, or -1 where memory is out. */
static int32_t keep(struct app *a)
{
    struct prompt_state *s = prompt_own(a);
    struct errinfo e;
    struct prompt_row copy;
    if (row_copy(&copy, &s->row, &e) != OK) {
        app_say(a, true, "%s", e.msg);
        return -1;
    }
    struct prompt_row *to = &s->kept[s->n_kept % PROMPT_KEPT];
    row_deinit(to);
    *to = copy;
    return s->n_kept++;
}

static void box_follows(struct app *a, const struct session_view *v);

/* What the step put away and what stands change places. */
static void apply(struct app *a, const struct session_view *v,
                  const struct undo_step *step, bool back)
{
    struct prompt_state *s = prompt_own(a);
    (void)back;
    if (step->latent + PROMPT_KEPT <= s->n_kept) {
        return; /* its place was taken; cannot be while PROMPT_KEPT > UNDO_DEPTH */
    }
    struct prompt_row *kept = &s->kept[step->latent % PROMPT_KEPT];
    const struct prompt_row was = s->row;
    s->row = *kept;
    *kept = was;
    box_follows(a, v);
    s->due = s->changed = true;
}

static const struct undo_kind prompt_undo = {"a change of the prompt", apply};

static void push(struct app *a, int32_t kept)
{
    if (kept >= 0) {
        undo_push(&a->undo, &(struct undo_step){.kind = &prompt_undo, .latent = kept});
    }
}

bool prompt_keep(struct app *a)
{
    const int32_t kept = keep(a);
    push(a, kept);
    return kept >= 0;
}

/* ---- changes ---- */

/* The box holds the text of the tokens, but for what the tokenizer put in front. */
static void box_follows(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    struct str text;
    if (!v->subject) {
        return;
    }
    str_init(&text, TEXTBOX_CAP - 1);
    if (s->row.n > s->row.first) {
        tok_decode(v->subject->lm->tok, s->row.ids + s->row.first,
                   s->row.n - s->row.first, &text);
    }
    textbox_set(&s->box, text.p ? text.p : "");
    str_free(&text);
    s->at = s->at < s->row.n ? s->at : s->row.n ? s->row.n - 1 : 0;
}

void prompt_edits_changed(struct app *a)
{
    prompt_own(a)->due = true;
}

void prompt_tokens_changed(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    s->due = s->changed = true;
    box_follows(a, v);
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
    take_edits(&r, old, at, out, n);
    row_deinit(&s->row);
    s->row = r;
    prompt_tokens_changed(a, v);
    return true;
}

/* Tokens of the box's text into the row. */
static void read_box(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    struct ask_row read = {0};
    struct prompt_row r = {0};
    struct errinfo e = {0};
    enum err rc = ask_read(v->subject, s->box.text, s->box.len, &read, &e);
    rc = rc == OK ? row_new(&r, read.ids.p, read.ids.n, &e) : rc;
    if (rc != OK) {
        snprintf(s->error, sizeof s->error, "%s", e.msg);
        ask_row_deinit(&read);
        return;
    }
    r.first = read.first;
    r.cut = read.cut;
    ask_row_deinit(&read);
    const struct prompt_row *old = &s->row;
    for (size_t i = 0; i < r.n && i < old->n && r.ids[i] == old->ids[i]; i++) {
        r.masked[i] = old->masked[i];
    }
    take_edits(&r, old, old->n, 0, 0);
    row_deinit(&s->row);
    s->row = r;
    s->due = s->changed = true;
}

void prompt_begin_typing(struct app *a)
{
    struct prompt_state *s = prompt_own(a);
    s->typing = true;
    s->typed_from = keep(a);
    ask_answer_unref(s->before);
    s->before = s->answer ? ask_answer_ref(s->answer) : NULL;
}

void prompt_end_typing(struct app *a)
{
    struct prompt_state *s = prompt_own(a);
    s->typing = false;
    push(a, s->typed_from);
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
    if (v->subject && prompt_keep(a)) {
        prompt_read_box(a, v);
    }
}

void prompt_show(struct app *a, const struct session_view *v, const int32_t *ids,
                 size_t n, size_t at)
{
    struct str text;
    size_t before = 0;
    str_init(&text, TEXTBOX_CAP - 1);
    for (size_t i = 0; i < n; i++) {
        if (ids[i] >= 0) {
            before += i < at ? 1U : 0U;
            str_add(&text, names_token(&v->names, ids[i]));
        }
    }
    prompt_own(a)->want = before;
    prompt_set_text(a, v, text.p ? text.p : "");
    str_free(&text);
    app_go(a, v, &screen_prompt);
}

/* ---- asking ---- */

static void want_subject(struct app *a, const struct session_view *v)
{
    const bool can = v->names.vocab && v->state != SESSION_LOADING &&
                     v->state != SESSION_ENDED && v->n_arms > 0;
    const bool has = v->subject && v->subject_arm == latents_arm(a);
    struct prompt_state *s = prompt_own(a);
    s->wanted = s->wanted && !has && s->wanted_arm == latents_arm(a);
    if (!can || has || s->wanted || v->subject_busy) {
        return;
    }
    struct command *c = app_emit(a, COMMAND_SUBJECT);
    if (c) {
        c->arm = s->wanted_arm = latents_arm(a);
        s->wanted = true;
    }
}

static void begin(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    if (!s->begun && v->preset[0][0]) {
        textbox_set(&s->box, v->preset[0]);
        s->preset = 1;
        s->begun = true;
    }
    if (s->begun && !s->row.ids) {
        prompt_read_box(a, v);
    }
}

struct ask_question prompt_question(const struct prompt_state *s, bool plain)
{
    return (struct ask_question){.ids = s->row.ids,
                                 .masked = plain ? NULL : s->row.masked,
                                 .n = s->row.n,
                                 .edit = s->row.edit,
                                 .n_edits = plain ? 0 : s->row.n_edits,
                                 .top = PROMPT_TOP,
                                 .densest = s->dense_out ? PROMPT_DENSE : 0};
}

static void put_question(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    struct errinfo e = {0};
    const struct ask_question q = prompt_question(s, false);
    struct ask_subject *subject = (struct ask_subject *)(uintptr_t)v->subject;
    s->due = false;
    if (s->subject != v->subject) {
        ask_subject_unref((struct ask_subject *)(uintptr_t)s->subject);
        s->subject = ask_subject_ref(subject);
    }
    if (ask_worker_ask(v->asker, 0, subject, &q, &s->ticket, &e) != OK) {
        snprintf(s->error, sizeof s->error, "%s", e.msg);
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
    if (!got || ticket == s->shown) {
        ask_answer_unref(got);
        return;
    }
    if (s->changed && !s->typing) {
        ask_answer_unref(s->before);
        s->before = s->answer;
    } else {
        ask_answer_unref(s->answer);
    }
    s->changed = false;
    s->answer = got;
    s->shown = ticket;
}

void prompt_ask(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    want_subject(a, v);
    if (!v->subject || !v->asker) {
        return;
    }
    begin(a, v);
    if (s->row.n > 0 && (s->due || s->subject != v->subject)) {
        put_question(a, v);
    }
    take_answer(a, v);
    prompt_side_take(a, v);
}
