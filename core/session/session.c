#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "session/session_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SENT_MAX ((size_t)1 << 26)

/* ---- up: publishing ---- */

/* At most one byte is unread, so the pipe can never fill. */
void session_wake_locked(struct session *s)
{
    s->changed = true;
    if (!s->awake) {
        s->awake = true;
        while (write(s->wake[1], "w", 1) < 0 && errno == EINTR) {
        }
    }
}

void session_say(struct session *s, bool bad, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    pthread_mutex_lock(&s->mu);
    vsnprintf(s->pub.message, sizeof s->pub.message, fmt, ap);
    s->pub.message_bad = bad;
    s->pub.said++;
    struct said_view *one = &s->pub.spoken[s->pub.said % VIEW_SAID];
    memcpy(one->text, s->pub.message, sizeof one->text);
    one->bad = bad;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    va_end(ap);
}

void session_remark(struct session *s, size_t arm, const struct sae_measured *m)
{
    const struct run_record *r = &s->record[arm];
    struct remarks remarks = {0};
    char line[sizeof s->pub.message];
    pthread_mutex_lock(&s->mu); /* session_follow replaces records */
    run_record_remarks(r, s->in, &remarks);
    sae_remarks(r->sae, run_record_says_k(r), m, &remarks);
    pthread_mutex_unlock(&s->mu);
    if (remarks.n > 0) { /* not an error: nothing asked for has failed */
        session_say(s, false, "%s", remarks_line(&remarks, line, sizeof line));
    }
}

void session_set_state(struct session *s, enum session_state state)
{
    pthread_mutex_lock(&s->mu);
    s->pub.state = state;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
}

void session_loading(struct session *s, const char *what)
{
    pthread_mutex_lock(&s->mu);
    snprintf(s->pub.loading, sizeof s->pub.loading, "%s", what);
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
}

/* Those behind the hook are read when the model is first asked. */
static void weights_ready(void *user, size_t bytes)
{
    struct session *s = user;
    pthread_mutex_lock(&s->mu);
    s->pub.weights_ready = bytes;
    if (bytes > s->pub.weights_all) {
        s->pub.weights_all = s->weights_whole;
    }
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
}

void session_watch_weights(struct session *s, const struct inputs *in)
{
    if (!in->lm) {
        return;
    }
    const size_t whole = lm_need_bytes(in->lm, LM_WHOLE);
    const size_t hook = lm_need_bytes(in->lm, lm_hook_depth(in->hook));
    pthread_mutex_lock(&s->mu);
    s->weights_whole = whole;
    s->pub.weights_all = s->pub.weights_ready > hook ? whole : hook;
    pthread_mutex_unlock(&s->mu);
    lm_on_ready(in->lm, weights_ready, s);
}

struct cond_view *session_cond_of(struct session *s, size_t arm)
{
    const size_t c = arm < VIEW_ARMS ? s->pub.arm[arm].cond : VIEW_CONDS;
    return c < VIEW_CONDS ? &s->pub.cond[c] : NULL;
}

void session_send_row(struct session *s, size_t arm, const struct metric_row *row)
{
    pthread_mutex_lock(&s->mu);
    /* Out of memory here loses a point of a curve, not of the run's record. */
    if (session_cond_of(s, arm) && mem_grow(&s->rows, &s->row_cap, s->n_rows + 1,
                                            sizeof *s->rows, SENT_MAX, NULL) == OK) {
        s->rows[s->n_rows++] = (struct sent_row){arm, *row};
    }
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
}

size_t session_first_arm(const struct session *s, size_t arm)
{
    const size_t c = arm < VIEW_ARMS ? s->pub.arm[arm].cond : VIEW_CONDS;
    return c < VIEW_CONDS ? s->pub.cond[c].arm[0] : arm;
}

bool session_same_event(const struct run_event *x, const struct run_event *y)
{
    return x->step == y->step && !strcmp(x->kind, y->kind) &&
           !strcmp(x->detail, y->detail);
}

/* Whether the first seed also has the event: events that all seeds start with are shown
 * only for the first. */
static bool in_common(const struct history *first, const struct run_event *ev)
{
    for (size_t i = first->events; i > 0 && first->event[i - 1].step >= ev->step; i--) {
        if (session_same_event(&first->event[i - 1], ev)) {
            return true;
        }
    }
    return !strcmp(ev->kind, "start");
}

void session_send_event(struct session *s, size_t arm, const struct history *first,
                        const struct run_event *ev)
{
    pthread_mutex_lock(&s->mu);
    const struct cond_view *c = session_cond_of(s, arm);
    const bool is_first = c && c->arm[0] == arm;
    const bool of_seed =
        c && c->n_seeds > 1 && (!is_first || !strcmp(ev->kind, ENGINE_DIVERGED));
    /* An arm that is not published yet has no letter. */
    if (c && arm < s->pub.n_arms && (is_first || !in_common(first, ev)) &&
        mem_grow(&s->events, &s->event_cap, s->n_events + 1, sizeof *s->events,
                 SENT_MAX, NULL) == OK) {
        struct event_view *v = &s->events[s->n_events++].ev;
        *v = (struct event_view){.step = ev->step, .letter = c->letter};
        snprintf(v->kind, sizeof v->kind, "%s", ev->kind);
        if (of_seed) {
            snprintf(v->text, sizeof v->text, "seed %llu: %.980s",
                     (unsigned long long)s->pub.arm[arm].weights, ev->detail);
        } else {
            snprintf(v->text, sizeof v->text, "%s", ev->detail);
        }
    }
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
}

void session_job_deinit(struct job *job)
{
    sae_free(job->sae);
    sae_free(job->other);
    session_compare_free(job->compare);
    *job = (struct job){0};
}

void session_send_job(struct session *s, const struct job *job)
{
    struct job refused = *job;
    pthread_mutex_lock(&s->mu);
    const bool room = s->job_len < QUEUE_MAX;
    if (room) {
        s->job[(s->job_head + s->job_len) % QUEUE_MAX] = *job;
        s->job_len++;
        pthread_cond_signal(&s->jobs_ready);
    }
    pthread_mutex_unlock(&s->mu);
    if (!room) {
        const struct command c = refused.command;
        session_job_deinit(&refused);
        session_say(s, true, "not done: %d requests wait already; ask again later",
                    QUEUE_MAX);
        if (c.kind == COMMAND_COMPARE) {
            session_comparison_failed(s);
        }
        session_answered(s, &c);
    }
}

/* Returns the count of unanswered commands of this kind; NULL: not counted. mu held. */
static size_t *asked_locked(struct session *s, enum command_kind kind)
{
    switch ((int)kind) {
    case COMMAND_TABLE: return &s->tables_asked;
    case COMMAND_DETAIL: return &s->details_asked;
    case COMMAND_CONCEPTS: return &s->concepts_asked;
    case COMMAND_PARTNERS: return &s->partners_asked;
    case COMMAND_WORD: return &s->words_asked;
    case COMMAND_COMPARE: return &s->compares_asked;
    case COMMAND_SUBJECT: return &s->subjects_asked;
    case COMMAND_PAIR: return &s->pairs_asked;
    default: return NULL;
    }
}

static void show_busy_locked(struct session *s)
{
    s->pub.table_busy = s->tables_asked > 0;
    s->pub.detail_busy = s->details_asked > 0;
    s->pub.concepts_busy = s->concepts_asked > 0;
    s->pub.partners_busy = s->partners_asked > 0;
    s->pub.word_busy = s->words_asked > 0;
    s->pub.compare_busy = s->compares_asked > 0;
    s->pub.pair_busy = s->pairs_asked > 0;
    s->pub.subject_busy = s->subjects_asked > 0;
}

void session_comparison_failed(struct session *s)
{
    pthread_mutex_lock(&s->mu);
    s->pub.compares_failed++;
    pthread_mutex_unlock(&s->mu);
}

void session_answered(struct session *s, const struct command *c)
{
    pthread_mutex_lock(&s->mu);
    size_t *asked = asked_locked(s, c->kind);
    if (asked) {
        (*asked)--;
    }
    show_busy_locked(s);
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    atomic_fetch_sub(&s->outstanding, 1);
}

/* ---- life ---- */

static enum err open_pipe(struct session *s, struct errinfo *e)
{
    if (pipe(s->wake) != 0) {
        return err_set(e, ERR_IO, "pipe: %s", strerror(errno));
    }
    for (int i = 0; i < 2; i++) {
        (void)fcntl(s->wake[i], F_SETFL, O_NONBLOCK);
        (void)fcntl(s->wake[i], F_SETFD, FD_CLOEXEC);
    }
    return OK;
}

static enum err start_threads(struct session *s, struct errinfo *e)
{
    TRY(thread_start(&s->trainer, session_trainer_main, s, e));
    s->trainer_started = true;
    TRY(thread_start(&s->jobs, session_jobs_main, s, e));
    s->jobs_started = true;
    return OK;
}

enum err session_new(const struct session_config *cfg, struct session **out,
                     struct errinfo *e)
{
    struct session *s = NULL;
    TRY(mem_new(&s, 1, sizeof *s, "session", e));
    s->cfg = *cfg;
    s->wake[0] = s->wake[1] = -1;
    if (cfg->open_run) {
        snprintf(s->open_run, sizeof s->open_run, "%s", cfg->open_run);
    }
    if (cfg->runs_dir) {
        snprintf(s->runs_dir, sizeof s->runs_dir, "%s", cfg->runs_dir);
    }
    s->has_given = cfg->given != NULL;
    if (cfg->given) {
        s->given = *cfg->given;
    }
    pthread_mutex_init(&s->mu, NULL);
    pthread_cond_init(&s->commands_ready, NULL);
    pthread_cond_init(&s->jobs_ready, NULL);
    session_view_init(&s->pub);
    s->pub.state = SESSION_LOADING;
    snprintf(s->pub.other, sizeof s->pub.other, "%s",
             cfg->other_run ? cfg->other_run : "");
    s->pub.steps = s->pub.planned = cfg->set.steps;
    s->pub.eta_seconds = (double)NAN;
    enum err rc = open_pipe(s, e);
    if (rc == OK) {
        rc = start_threads(s, e);
    }
    if (rc != OK) {
        session_free(s);
        return rc;
    }
    *out = s;
    return OK;
}

static void join_threads(struct session *s)
{
    pthread_mutex_lock(&s->mu);
    atomic_store(&s->stop, true);
    pthread_cond_broadcast(&s->commands_ready);
    pthread_cond_broadcast(&s->jobs_ready);
    pthread_mutex_unlock(&s->mu);
    if (s->trainer_started) {
        pthread_join(s->trainer, NULL);
    }
    if (s->jobs_started) {
        pthread_join(s->jobs, NULL);
    }
}

void session_free(struct session *s)
{
    if (!s) {
        return;
    }
    join_threads(s);
    ask_worker_free(s->asker); /* before the model, which it runs */
    for (size_t i = 0; i < s->job_len; i++) {
        session_job_deinit(&s->job[(s->job_head + i) % QUEUE_MAX]);
    }
    for (size_t a = 0; a < VIEW_ARMS; a++) {
        latent_table_unref(s->table[a]);
        latent_labels_unref(s->labels[a]);
        ask_presets_unref(s->presets[a]);
        concept_table_unref(s->concepts[a]);
        concept_history_unref(s->over[a]);
    }
    for (size_t a = 0; a < s->n_records; a++) {
        run_record_deinit(&s->record[a]);
    }
    mem_free(s->record);
    latent_detail_unref(s->detail);
    latent_pairs_unref(s->partners);
    word_contexts_unref(s->word);
    latent_detail_unref(s->pair[0]);
    latent_detail_unref(s->pair[1]);
    comparison_unref(s->compare);
    ask_subject_unref(s->subject);
    /* The engine owns the inputs once it exists. */
    if (s->engine) {
        engine_free(s->engine);
    } else {
        inputs_free(s->in);
    }
    eval_set_free(s->eval_set);
    session_free_names(s);
    mem_free(s->rows);
    mem_free(s->events);
    for (int i = 0; i < 2; i++) {
        if (s->wake[i] >= 0) {
            close(s->wake[i]);
        }
    }
    pthread_cond_destroy(&s->jobs_ready);
    pthread_cond_destroy(&s->commands_ready);
    pthread_mutex_destroy(&s->mu);
    mem_free(s);
}

/* ---- down ---- */

bool session_post(struct session *s, const struct command *c)
{
    pthread_mutex_lock(&s->mu);
    const bool room = s->queue_len < QUEUE_MAX;
    if (room) {
        s->queue[(s->queue_head + s->queue_len) % QUEUE_MAX] = *c;
        s->queue_len++;
        atomic_fetch_add(&s->outstanding, 1);
        size_t *asked = asked_locked(s, c->kind);
        if (asked) {
            (*asked)++;
        }
        show_busy_locked(s);
        pthread_cond_signal(&s->commands_ready);
    }
    pthread_mutex_unlock(&s->mu);
    return room;
}

size_t session_outstanding(const struct session *s)
{
    /* The lock is the only part of a session that a reader changes. */
    pthread_mutex_t *mu = (pthread_mutex_t *)(uintptr_t)&s->mu;
    pthread_mutex_lock(mu);
    struct ask_worker *asker = s->pub.asker;
    pthread_mutex_unlock(mu);
    return atomic_load(&s->outstanding) + (asker ? ask_worker_outstanding(asker) : 0);
}

int session_wake_fd(const struct session *s)
{
    return s->wake[0];
}

enum err session_error(const struct session *s)
{
    /* The lock is the only part of a session that a reader changes. */
    pthread_mutex_t *mu = (pthread_mutex_t *)(uintptr_t)&s->mu;
    pthread_mutex_lock(mu);
    const enum err rc = s->error;
    pthread_mutex_unlock(mu);
    return rc;
}

/* ---- poll ---- */

/* Copies the plain values and keeps what the view owns. */
static void copy_plain(struct session_view *v, const struct session_view *pub)
{
    memcpy(v, pub, offsetof(struct session_view, cond));
    for (size_t c = 0; c < VIEW_CONDS; c++) {
        memcpy(&v->cond[c], &pub->cond[c], offsetof(struct cond_view, series));
    }
    for (size_t a = 0; a < VIEW_ARMS; a++) {
        memcpy(&v->arm[a], &pub->arm[a], offsetof(struct arm_view, series));
    }
}

/* References that a view held before. */
struct old_snapshots {
    const struct latent_table *table[VIEW_ARMS];
    const struct latent_labels *labels[VIEW_ARMS];
    const struct ask_presets *presets[VIEW_ARMS];
    const struct concept_table *concepts[VIEW_ARMS];
    const struct concept_history *over[VIEW_ARMS];
    const struct latent_detail *detail, *pair[2];
    const struct latent_pairs *partners;
    const struct word_contexts *word;
    const struct comparison *compare;
    const struct ask_subject *subject;
};

/* `mine` becomes a reference to `theirs`; its old value goes to `was`. */
#define SWAP(kind, mine, theirs, was)                                                  \
    do {                                                                               \
        if ((mine) != (theirs)) {                                                      \
            (was) = (mine);                                                            \
            (mine) = (theirs) ? kind##_ref(theirs) : NULL;                             \
        }                                                                              \
    } while (0)

/* Swaps references under the lock; the caller releases the old ones afterwards. */
static void swap_snapshots(struct session *s, struct session_view *v,
                           struct old_snapshots *old)
{
    *old = (struct old_snapshots){.detail = NULL};
    for (size_t a = 0; a < VIEW_ARMS; a++) {
        struct arm_view *arm = &v->arm[a];
        SWAP(latent_table, arm->table, s->table[a], old->table[a]);
        SWAP(latent_labels, arm->labels, s->labels[a], old->labels[a]);
        SWAP(ask_presets, arm->presets, s->presets[a], old->presets[a]);
        SWAP(concept_table, arm->concepts, s->concepts[a], old->concepts[a]);
        SWAP(concept_history, arm->over, s->over[a], old->over[a]);
    }
    SWAP(latent_detail, v->detail, s->detail, old->detail);
    v->detail_arm = s->detail_arm;
    SWAP(ask_subject, v->subject, s->subject, old->subject);
    v->subject_arm = s->subject_arm;
    v->subject_step = s->subject_step;
    SWAP(latent_pairs, v->partners, s->partners, old->partners);
    memcpy(v->partners_arm, s->partners_arm, sizeof v->partners_arm);
    v->partners_step = s->partners_step;
    SWAP(word_contexts, v->word, s->word, old->word);
    v->word_arm = s->word_arm;
    for (size_t i = 0; i < 2; i++) {
        SWAP(latent_detail, v->pair[i], s->pair[i], old->pair[i]);
    }
    SWAP(comparison, v->compare, s->compare, old->compare);
}

#undef SWAP

/* Snapshots are shared as const; a reference count is not part of their content. */
static void release_snapshots(const struct old_snapshots *old)
{
    for (size_t a = 0; a < VIEW_ARMS; a++) {
        latent_table_unref((struct latent_table *)(uintptr_t)old->table[a]);
        latent_labels_unref((struct latent_labels *)(uintptr_t)old->labels[a]);
        ask_presets_unref((struct ask_presets *)(uintptr_t)old->presets[a]);
        concept_table_unref((struct concept_table *)(uintptr_t)old->concepts[a]);
        concept_history_unref((struct concept_history *)(uintptr_t)old->over[a]);
    }
    latent_detail_unref((struct latent_detail *)(uintptr_t)old->detail);
    latent_pairs_unref((struct latent_pairs *)(uintptr_t)old->partners);
    latent_detail_unref((struct latent_detail *)(uintptr_t)old->pair[0]);
    latent_detail_unref((struct latent_detail *)(uintptr_t)old->pair[1]);
    word_contexts_unref((struct word_contexts *)(uintptr_t)old->word);
    comparison_unref((struct comparison *)(uintptr_t)old->compare);
    ask_subject_unref((struct ask_subject *)(uintptr_t)old->subject);
}

bool session_poll(struct session *s, struct session_view *v)
{
    char sink[8];
    pthread_mutex_lock(&s->mu);
    if (!s->changed) {
        pthread_mutex_unlock(&s->mu);
        return false;
    }
    while (read(s->wake[0], sink, sizeof sink) > 0) {
    }
    s->awake = s->changed = false;
    struct sent_row *rows = s->rows;
    struct sent_event *events = s->events;
    const size_t n_rows = s->n_rows, n_events = s->n_events;
    s->rows = NULL;
    s->events = NULL;
    s->n_rows = s->row_cap = s->n_events = s->event_cap = 0;
    struct old_snapshots old;
    copy_plain(v, &s->pub);
    swap_snapshots(s, v, &old);
    pthread_mutex_unlock(&s->mu);

    release_snapshots(&old);
    struct errinfo e;
    enum err rc = OK;
    for (size_t i = 0; i < n_rows && rc == OK; i++) {
        rc = session_view_add_row(v, rows[i].arm, &rows[i].row, &e);
    }
    for (size_t i = 0; i < n_events && rc == OK; i++) {
        rc = session_view_add_event(v, &events[i].ev, &e);
    }
    mem_free(rows);
    mem_free(events);
    v->rss_bytes = clock_rss_bytes();
    v->version++;
    return true;
}
