#include "ask/ask_worker.h"

#include "ask/ask_priv.h"
#include "base/mem.h"
#include "base/thread.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* A thing to do, with copies of all that it reads. */
struct job {
    uint64_t ticket; /* 0: none */
    struct ask_subject *subject;
    struct ask_question q;
    int32_t *ids;
    uint8_t *masked;
    struct ask_edit *edit;
    struct ask_why_opts why;
    struct ask_gen_opts gen;
    size_t rows; /* of an effect */
};

/* A slot's question of one kind. */
struct matter {
    struct job waiting;
    struct ask_state state;
    uint64_t given; /* ticket of the answer that is kept */
};

struct slot {
    struct matter matter[ASK_KINDS];
    struct ask_answer *answer;
    struct ask_why *why;
    struct ask_gen *gen; /* the worker's alone */
    bool writing;        /* gen goes on */
    size_t may;          /* tokens that it may write although texts wait */
    struct ask_written *written;
    size_t n_written, written_cap;
    struct ask_heldout_pass *pass; /* the worker's alone; NULL: none is under way */
    uint64_t pass_ticket;
    size_t done, all; /* rows of it */
    struct ask_heldout heldout;
};

struct ask_worker {
    pthread_t thread;
    pthread_mutex_t mu;
    pthread_cond_t more;
    void (*wake)(void *user);
    void *user;
    atomic_bool cancel; /* of what is under way */
    bool stop, paused;
    uint64_t tickets;
    size_t turn; /* the slot whose text goes on next */
    struct slot slot[ASK_SLOTS];
    bool busy; /* with: */
    size_t at_slot;
    enum ask_kind at_kind;
    struct ask *ask; /* the worker's alone */
};

/* ---- jobs ---- */

static void job_deinit(struct job *j)
{
    ask_subject_unref(j->subject);
    mem_free(j->ids);
    mem_free(j->masked);
    mem_free(j->edit);
    *j = (struct job){0};
}

static enum err copy(void *out, const void *from, size_t n, size_t size,
                     struct errinfo *e)
{
    void **to = out;
    if (!from) {
        return OK;
    }
    TRY(mem_new(to, n, size, "a question", e));
    if (n > 0) {
        memcpy(*to, from, n * size);
    }
    return OK;
}

static enum err job_init(struct job *j, struct ask_subject *s,
                         const struct ask_question *q, struct errinfo *e)
{
    struct job new = {.q = *q};
    enum err rc = OK;
    TRY_OUT(rc, copy(&new.ids, q->ids, q->n, sizeof *new.ids, e));
    TRY_OUT(rc, copy(&new.masked, q->masked, q->n, 1, e));
    TRY_OUT(rc, copy(&new.edit, q->edit, q->n_edits, sizeof *new.edit, e));
    new.q.ids = new.ids;
    new.q.masked = new.masked;
    new.q.edit = new.edit;
    new.subject = ask_subject_ref(s);
    *j = new;
    return OK;
out:
    job_deinit(&new);
    return rc;
}

/* Cancel what is under way if it is this. mu held. */
static void stop_if_busy(struct ask_worker *w, size_t slot, enum ask_kind kind)
{
    if (w->busy && w->at_kind == kind && w->at_slot == slot) {
        atomic_store(&w->cancel, true);
    }
}

/* Takes the job over. */
static void send(struct ask_worker *w, size_t slot, enum ask_kind kind, struct job *job,
                 uint64_t *ticket)
{
    assert(slot < ASK_SLOTS);
    pthread_mutex_lock(&w->mu);
    struct matter *m = &w->slot[slot].matter[kind];
    struct job old = m->waiting;
    job->ticket = ++w->tickets;
    m->waiting = *job;
    m->state.asked = job->ticket;
    m->state.busy = true;
    if (kind == ASK_HELDOUT) { /* nothing of it is done */
        w->slot[slot].done = w->slot[slot].all = 0;
    }
    if (ticket) {
        *ticket = job->ticket;
    }
    stop_if_busy(w, slot, kind);
    if (kind == ASK_ANSWER && w->busy &&
        (w->at_kind == ASK_WHY || w->at_kind == ASK_HELDOUT)) {
        atomic_store(&w->cancel, true); /* it, or its row, is begun again afterwards */
    }
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->mu);
    job_deinit(&old);
}

enum err ask_worker_ask(struct ask_worker *w, size_t slot, struct ask_subject *s,
                        const struct ask_question *q, uint64_t *ticket,
                        struct errinfo *e)
{
    struct job job;
    TRY(job_init(&job, s, q, e));
    send(w, slot, ASK_ANSWER, &job, ticket);
    return OK;
}

enum err ask_worker_why(struct ask_worker *w, size_t slot, struct ask_subject *s,
                        const struct ask_question *q, const struct ask_why_opts *o,
                        uint64_t *ticket, struct errinfo *e)
{
    struct job job;
    TRY(job_init(&job, s, q, e));
    job.why = *o;
    send(w, slot, ASK_WHY, &job, ticket);
    return OK;
}

enum err ask_worker_write(struct ask_worker *w, size_t slot, struct ask_subject *s,
                          const struct ask_question *q, const struct ask_gen_opts *o,
                          uint64_t *ticket, struct errinfo *e)
{
    struct job job;
    TRY(job_init(&job, s, q, e));
    job.gen = *o;
    job.gen.top = o->top < ASK_WRITTEN_TOP ? o->top : ASK_WRITTEN_TOP;
    job.gen.latents = o->latents < ASK_WRITTEN_TOP ? o->latents : ASK_WRITTEN_TOP;
    send(w, slot, ASK_TEXT, &job, ticket);
    return OK;
}

enum err ask_worker_heldout(struct ask_worker *w, size_t slot, struct ask_subject *s,
                            const struct ask_edit *edit, size_t n_edits, size_t rows,
                            uint64_t *ticket, struct errinfo *e)
{
    struct job job;
    const struct ask_question q = {.edit = edit, .n_edits = n_edits};
    if (!s->text) {
        return err_set(e, ERR_USAGE, "no held-out text is known yet");
    }
    TRY(job_init(&job, s, &q, e));
    job.rows = rows;
    send(w, slot, ASK_HELDOUT, &job, ticket);
    return OK;
}

void ask_worker_cancel(struct ask_worker *w, size_t slot, enum ask_kind kind)
{
    pthread_mutex_lock(&w->mu);
    struct slot *s = &w->slot[slot];
    struct job old = s->matter[kind].waiting;
    s->matter[kind].waiting = (struct job){0};
    s->matter[kind].state.busy = false;
    if (kind == ASK_TEXT) {
        s->writing = false;
    }
    stop_if_busy(w, slot, kind);
    pthread_mutex_unlock(&w->mu);
    job_deinit(&old);
}

void ask_worker_pause(struct ask_worker *w, bool paused)
{
    pthread_mutex_lock(&w->mu);
    w->paused = paused;
    for (size_t i = 0; i < ASK_SLOTS; i++) {
        w->slot[i].may = 0;
    }
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->mu);
}

void ask_worker_step(struct ask_worker *w, size_t tokens)
{
    pthread_mutex_lock(&w->mu);
    for (size_t i = 0; i < ASK_SLOTS; i++) {
        w->slot[i].may += w->slot[i].writing ? tokens : 0;
    }
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->mu);
}

/* ---- what there is ---- */

size_t ask_worker_outstanding(struct ask_worker *w)
{
    size_t n = 0;
    pthread_mutex_lock(&w->mu);
    for (size_t i = 0; i < ASK_SLOTS; i++) {
        for (int k = 0; k < ASK_KINDS; k++) {
            const bool waits = k == ASK_TEXT && w->paused && w->slot[i].may == 0;
            n += w->slot[i].matter[k].state.busy && !waits ? 1U : 0U;
        }
    }
    pthread_mutex_unlock(&w->mu);
    return n;
}

struct ask_state ask_worker_state(struct ask_worker *w, size_t slot, enum ask_kind kind)
{
    pthread_mutex_lock(&w->mu);
    const struct ask_state s = w->slot[slot].matter[kind].state;
    pthread_mutex_unlock(&w->mu);
    return s;
}

static void say_ticket(const struct matter *m, uint64_t *ticket)
{
    if (ticket) {
        *ticket = m->given;
    }
}

struct ask_answer *ask_worker_answer(struct ask_worker *w, size_t slot,
                                     uint64_t *ticket)
{
    pthread_mutex_lock(&w->mu);
    struct ask_answer *r = w->slot[slot].answer;
    r = r ? ask_answer_ref(r) : NULL;
    say_ticket(&w->slot[slot].matter[ASK_ANSWER], ticket);
    pthread_mutex_unlock(&w->mu);
    return r;
}

struct ask_why *ask_worker_reason(struct ask_worker *w, size_t slot, uint64_t *ticket)
{
    pthread_mutex_lock(&w->mu);
    struct ask_why *r = w->slot[slot].why;
    r = r ? ask_why_ref(r) : NULL;
    say_ticket(&w->slot[slot].matter[ASK_WHY], ticket);
    pthread_mutex_unlock(&w->mu);
    return r;
}

size_t ask_worker_written(struct ask_worker *w, size_t slot, size_t from,
                          struct ask_written *out, size_t cap)
{
    pthread_mutex_lock(&w->mu);
    const struct slot *s = &w->slot[slot];
    const size_t left = from < s->n_written ? s->n_written - from : 0;
    const size_t n = left < cap ? left : cap;
    if (n > 0) {
        memcpy(out, s->written + from, n * sizeof *out);
    }
    pthread_mutex_unlock(&w->mu);
    return n;
}

bool ask_worker_effect(struct ask_worker *w, size_t slot, struct ask_heldout *out,
                       uint64_t *ticket)
{
    pthread_mutex_lock(&w->mu);
    const struct matter *m = &w->slot[slot].matter[ASK_HELDOUT];
    const bool has = m->given > 0;
    if (has) {
        *out = w->slot[slot].heldout;
        say_ticket(m, ticket);
    }
    pthread_mutex_unlock(&w->mu);
    return has;
}

void ask_worker_progress(struct ask_worker *w, size_t slot, size_t *done, size_t *all)
{
    pthread_mutex_lock(&w->mu);
    const bool busy = w->slot[slot].matter[ASK_HELDOUT].state.busy;
    *done = busy ? w->slot[slot].done : 0;
    *all = busy ? w->slot[slot].all : 0;
    pthread_mutex_unlock(&w->mu);
}

/* ---- the thread ---- */

/* Returns a slot whose text may go on, or ASK_SLOTS. mu held. */
static size_t next_text(const struct ask_worker *w)
{
    for (size_t i = 0; i < ASK_SLOTS; i++) {
        const size_t at = (w->turn + i) % ASK_SLOTS;
        if (w->slot[at].writing && (!w->paused || w->slot[at].may > 0)) {
            return at;
        }
    }
    return ASK_SLOTS;
}

/* Returns a slot with an effect under way, or ASK_SLOTS. mu held. */
static size_t next_effect(const struct ask_worker *w)
{
    size_t at = 0;
    while (at < ASK_SLOTS && !w->slot[at].pass) {
        at++;
    }
    return at;
}

/* Finds the next thing to do; false: nothing. A waiting job is moved to *job; a text or
 * an effect that goes on has none. mu held. */
static bool next_work(struct ask_worker *w, struct job *job)
{
    *job = (struct job){0};
    for (enum ask_kind kind = 0; kind < ASK_KINDS; kind++) {
        for (size_t i = 0; i < ASK_SLOTS; i++) {
            struct matter *m = &w->slot[i].matter[kind];
            if (m->waiting.ticket) {
                *job = m->waiting;
                m->waiting = (struct job){0};
                w->at_slot = i;
                w->at_kind = kind;
                return true;
            }
        }
    }
    w->at_slot = next_text(w);
    w->at_kind = ASK_TEXT;
    if (w->at_slot == ASK_SLOTS) {
        w->at_slot = next_effect(w);
        w->at_kind = ASK_HELDOUT;
    }
    return w->at_slot < ASK_SLOTS;
}

/* Turns the worker's struct ask to this subject. */
static enum err turn_to(struct ask_worker *w, struct ask_subject *s, struct errinfo *e)
{
    if (w->ask && ask_turn_to(w->ask, s)) {
        return OK;
    }
    ask_free(w->ask);
    w->ask = NULL;
    return ask_new(s, &w->cancel, &w->ask, e);
}

/* Records how a job ended. A job that was cancelled in favour of another waits again.
 * True: it was given back. mu held. */
static bool finish(struct ask_worker *w, struct job *job, enum err rc,
                   const struct errinfo *e)
{
    struct matter *m = &w->slot[w->at_slot].matter[w->at_kind];
    const bool newest = m->state.asked == job->ticket;
    if (rc == ERR_CANCELLED) {
        if (newest && m->state.busy && !w->stop) {
            m->waiting = *job;
            return true;
        }
        return false;
    }
    m->state.done = job->ticket;
    m->state.rc = rc;
    m->state.error[0] = '\0';
    if (rc != OK) {
        (void)snprintf(m->state.error, sizeof m->state.error, "%s", e->msg);
    } else {
        m->given = job->ticket;
    }
    if (newest && m->state.busy) {
        m->state.busy = rc == OK && w->at_kind == ASK_TEXT;
    }
    return false;
}

static bool answer(struct ask_worker *w, struct job *job)
{
    struct errinfo e = {0};
    struct ask_answer *r = NULL;
    enum err rc = turn_to(w, job->subject, &e);
    rc = rc == OK ? ask_run(w->ask, &job->q, &r, &e) : rc;
    pthread_mutex_lock(&w->mu);
    const bool back = finish(w, job, rc, &e);
    struct ask_answer *old = NULL;
    if (r) {
        old = w->slot[w->at_slot].answer;
        w->slot[w->at_slot].answer = r;
    }
    pthread_mutex_unlock(&w->mu);
    ask_answer_unref(old);
    return back;
}

static bool explain(struct ask_worker *w, struct job *job)
{
    struct errinfo e = {0};
    struct ask_why *r = NULL;
    enum err rc = turn_to(w, job->subject, &e);
    rc = rc == OK ? ask_why(w->ask, &job->q, &job->why, &r, &e) : rc;
    pthread_mutex_lock(&w->mu);
    const bool back = finish(w, job, rc, &e);
    struct ask_why *old = NULL;
    if (r) {
        old = w->slot[w->at_slot].why;
        w->slot[w->at_slot].why = r;
    }
    pthread_mutex_unlock(&w->mu);
    ask_why_unref(old);
    return back;
}

static bool begin_text(struct ask_worker *w, struct job *job)
{
    struct errinfo e = {0};
    struct slot *s = &w->slot[w->at_slot];
    struct ask_gen *g = NULL;
    enum err rc = turn_to(w, job->subject, &e);
    rc = rc == OK ? ask_gen_new(w->ask, &job->q, &job->gen, &g, &e) : rc;
    pthread_mutex_lock(&w->mu);
    const bool newest = s->matter[ASK_TEXT].state.asked == job->ticket &&
                        s->matter[ASK_TEXT].state.busy;
    const bool back = finish(w, job, rc, &e);
    struct ask_gen *old = g;
    if (newest && rc != ERR_CANCELLED) { /* what was written before is no part of it */
        old = s->gen;
        s->gen = g;
        s->n_written = 0;
        s->may = 0;
        s->writing = g != NULL;
    }
    pthread_mutex_unlock(&w->mu);
    ask_gen_free(old);
    return back;
}

static struct ask_written written_of(const struct ask_step *t)
{
    struct ask_written x = {.id = t->id,
                            .pos = t->pos,
                            .logp = t->logp,
                            .n_next = t->n_next,
                            .n_fires = t->n_fires};
    if (t->n_next > 0) {
        memcpy(x.next, t->next, t->n_next * sizeof *x.next);
    }
    if (t->n_fires > 0) {
        memcpy(x.fire, t->fire, t->n_fires * sizeof *x.fire);
    }
    return x;
}

/* Writes one more token of a text. */
static void go_on(struct ask_worker *w)
{
    struct slot *s = &w->slot[w->at_slot];
    struct matter *m = &s->matter[ASK_TEXT];
    struct errinfo e = {0};
    struct ask_step step;
    enum err rc = ask_gen_next(s->gen, &step, &e);
    pthread_mutex_lock(&w->mu);
    if (rc == OK && s->writing && step.id >= 0) {
        rc = mem_grow(&s->written, &s->written_cap, s->n_written + 1,
                      sizeof *s->written, SIZE_MAX, &e);
        if (rc == OK) {
            s->written[s->n_written++] = written_of(&step);
        }
    }
    s->may -= s->may > 0;
    w->turn = (w->at_slot + 1) % ASK_SLOTS;
    if (rc != OK || step.ended) {
        s->writing = false;
        m->state.busy = m->waiting.ticket != 0;
    }
    if (rc != OK && rc != ERR_CANCELLED) {
        m->state.rc = rc;
        (void)snprintf(m->state.error, sizeof m->state.error, "%s", e.msg);
    }
    pthread_mutex_unlock(&w->mu);
}

/* Drops a slot's effect, if it has one. */
static void end_effect(struct slot *s)
{
    ask_heldout_end(s->pass);
    s->pass = NULL;
}

static bool begin_effect(struct ask_worker *w, struct job *job)
{
    struct errinfo e = {0};
    struct slot *s = &w->slot[w->at_slot];
    const struct ask_question *q = &job->q;
    struct ask_heldout_pass *p = NULL;
    const enum err rc = ask_heldout_begin(job->subject, job->subject->text, job->rows,
                                          q->edit, q->n_edits, &p, &e);
    end_effect(s);
    pthread_mutex_lock(&w->mu);
    if (rc != OK) {
        (void)finish(w, job, rc, &e);
    } else {
        s->pass = p;
        s->pass_ticket = job->ticket;
        s->done = 0;
        s->all = ask_heldout_all(p);
    }
    pthread_mutex_unlock(&w->mu);
    return false;
}

/* Whether the effect that is being measured is still the one asked for. mu held. */
static bool pass_is_wanted(const struct slot *s)
{
    const struct ask_state *x = &s->matter[ASK_HELDOUT].state;
    return x->busy && x->asked == s->pass_ticket;
}

/* Takes in the result of a row; returns whether the effect goes on. mu held. */
static bool take_row(struct slot *s, enum err rc, const struct errinfo *e,
                     const struct ask_heldout *h)
{
    struct matter *m = &s->matter[ASK_HELDOUT];
    const bool wanted = pass_is_wanted(s);
    const bool whole = rc == OK && ask_heldout_done(s->pass) == s->all;
    if (!wanted || rc == ERR_CANCELLED) {
        return wanted; /* for a question's sake: the row is read again */
    }
    s->done = ask_heldout_done(s->pass);
    if (rc == OK && !whole) {
        return true;
    }
    m->state.busy = false;
    m->state.done = s->pass_ticket;
    m->state.rc = rc;
    (void)snprintf(m->state.error, sizeof m->state.error, "%s", rc == OK ? "" : e->msg);
    if (whole) {
        m->given = s->pass_ticket;
        s->heldout = *h;
    }
    return false;
}

/* Measures one more row of an effect. */
static void read_row(struct ask_worker *w)
{
    struct slot *s = &w->slot[w->at_slot];
    struct errinfo e = {0};
    struct ask_heldout h = {0};
    pthread_mutex_lock(&w->mu);
    const bool wanted = pass_is_wanted(s);
    pthread_mutex_unlock(&w->mu);
    if (!wanted) {
        end_effect(s);
        return;
    }
    enum err rc = turn_to(w, ask_heldout_of(s->pass), &e);
    rc = rc == OK ? ask_heldout_row(s->pass, w->ask, &e) : rc;
    if (rc == OK && ask_heldout_done(s->pass) == ask_heldout_all(s->pass)) {
        ask_heldout_sum(s->pass, &h);
    }
    pthread_mutex_lock(&w->mu);
    const bool more = take_row(s, rc, &e, &h);
    pthread_mutex_unlock(&w->mu);
    if (!more) {
        end_effect(s);
    }
}

/* Does a job. True: it was given back. */
static bool work(struct ask_worker *w, struct job *job)
{
    if (!job->ticket && w->at_kind == ASK_HELDOUT) {
        read_row(w);
        return false;
    }
    if (!job->ticket) {
        go_on(w);
        return false;
    }
    switch (w->at_kind) {
    case ASK_ANSWER: return answer(w, job);
    case ASK_WHY: return explain(w, job);
    case ASK_TEXT: return begin_text(w, job);
    case ASK_HELDOUT: return begin_effect(w, job);
    case ASK_KINDS: break;
    }
    return false;
}

static void *worker_main(void *arg)
{
    struct ask_worker *w = arg;
    for (;;) {
        struct job job;
        pthread_mutex_lock(&w->mu);
        w->busy = false;
        while (!w->stop && !next_work(w, &job)) {
            pthread_cond_wait(&w->more, &w->mu);
        }
        if (w->stop) {
            pthread_mutex_unlock(&w->mu);
            return NULL;
        }
        w->busy = true;
        atomic_store(&w->cancel, false);
        pthread_mutex_unlock(&w->mu);
        if (!work(w, &job)) {
            job_deinit(&job);
        }
        if (w->wake) {
            w->wake(w->user);
        }
    }
}

enum err ask_worker_new(void (*wake)(void *user), void *user, struct ask_worker **out,
                        struct errinfo *e)
{
    struct ask_worker *w = NULL;
    TRY(mem_new(&w, 1, sizeof *w, "a worker", e));
    w->wake = wake;
    w->user = user;
    atomic_init(&w->cancel, false);
    pthread_mutex_init(&w->mu, NULL);
    pthread_cond_init(&w->more, NULL);
    const enum err rc = thread_start(&w->thread, worker_main, w, e);
    if (rc != OK) {
        pthread_cond_destroy(&w->more);
        pthread_mutex_destroy(&w->mu);
        mem_free(w);
        return rc;
    }
    *out = w;
    return OK;
}

static void slot_deinit(struct slot *s)
{
    for (enum ask_kind kind = 0; kind < ASK_KINDS; kind++) {
        job_deinit(&s->matter[kind].waiting);
    }
    ask_answer_unref(s->answer);
    ask_why_unref(s->why);
    ask_gen_free(s->gen);
    ask_heldout_end(s->pass);
    mem_free(s->written);
}

void ask_worker_free(struct ask_worker *w)
{
    if (!w) {
        return;
    }
    pthread_mutex_lock(&w->mu);
    w->stop = true;
    atomic_store(&w->cancel, true);
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->mu);
    pthread_join(w->thread, NULL);
    for (size_t i = 0; i < ASK_SLOTS; i++) {
        slot_deinit(&w->slot[i]);
    }
    ask_free(w->ask);
    pthread_cond_destroy(&w->more);
    pthread_mutex_destroy(&w->mu);
    mem_free(w);
}
