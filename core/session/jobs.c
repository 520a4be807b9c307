/* The job thread: makes the evaluation set in the background, then latent tables and
 * details from frozen copies, on a harvester of its own without a pool, so that
 * training keeps the processors. */
#include "base/mem.h"
#include "base/pool.h"
#include "session/session_priv.h"

#include <stdio.h>

struct workbench {
    struct session *s;
    struct harvester *h;
    struct acts_set *set; /* browsing rows; NULL until first needed */
};

/* Wait for the trainer to have opened the inputs; false: there will be none. */
static bool wait_for_inputs(struct session *s)
{
    pthread_mutex_lock(&s->mu);
    while (!s->inputs_ready && !s->inputs_failed && !atomic_load(&s->stop)) {
        pthread_cond_wait(&s->jobs_ready, &s->mu);
    }
    const bool ready = s->inputs_ready && !atomic_load(&s->stop);
    pthread_mutex_unlock(&s->mu);
    return ready;
}

static bool next_job(struct session *s, struct job *out)
{
    pthread_mutex_lock(&s->mu);
    while (!s->job_len && !atomic_load(&s->stop)) {
        pthread_cond_wait(&s->jobs_ready, &s->mu);
    }
    const bool some = s->job_len && !atomic_load(&s->stop);
    if (some) {
        *out = s->job[s->job_head];
        s->job_head = (s->job_head + 1) % QUEUE_MAX;
        s->job_len--;
    }
    pthread_mutex_unlock(&s->mu);
    return some;
}

static enum err make_eval_set(struct session *s, struct harvester *h, struct errinfo *e)
{
    struct eval_set *set = NULL;
    TRY(engine_eval_set(s->in, h, NULL, &s->stop, &set, e));
    pthread_mutex_lock(&s->mu);
    s->eval_set = set;
    pthread_cond_signal(&s->commands_ready);
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    return OK;
}

static enum err browsing_rows(struct workbench *b, struct errinfo *e)
{
    const struct inputs *in = b->s->in;
    if (b->set) {
        return OK;
    }
    return acts_set_new(b->h, in->corpus, CORPUS_HELDOUT, in->lm->tok,
                        (size_t)in->set.browse_rows, &b->set, e);
}

static enum err make_table(struct workbench *b, const struct job *job,
                           struct errinfo *e)
{
    struct session *s = b->s;
    struct latent_table *table = NULL;
    TRY(latent_table_new(job->sae, b->set, s->in->concepts, job->step, NULL, &s->stop,
                         &table, e));
    for (size_t i = 0; i < job->n_rates; i++) {
        latent_table_set_absorption(table, job->rate[i].latent, job->rate[i].rate);
    }
    pthread_mutex_lock(&s->mu);
    struct latent_table *old = s->table[job->command.arm];
    s->table[job->command.arm] = table;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    latent_table_unref(old);
    return OK;
}

static enum err make_detail(struct workbench *b, const struct job *job,
                            struct errinfo *e)
{
    struct session *s = b->s;
    struct latent_detail *detail = NULL;
    pthread_mutex_lock(&s->mu);
    struct latent_table *table = s->table[job->command.arm];
    table = table ? latent_table_ref(table) : NULL;
    pthread_mutex_unlock(&s->mu);
    const enum err rc = latent_detail_new(
        job->sae, b->set, s->in->concepts, table, s->in->lm, b->h, job->command.latent,
        job->command.interval, job->step, NULL, &s->stop, &detail, e);
    latent_table_unref(table);
    if (rc != OK) {
        return rc;
    }
    pthread_mutex_lock(&s->mu);
    struct latent_detail *old = s->detail;
    s->detail = detail;
    s->detail_arm = job->command.arm;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    latent_detail_unref(old);
    return OK;
}

static void run_job(struct workbench *b, const struct job *job)
{
    struct session *s = b->s;
    struct errinfo e = {0};
    const bool table = job->command.kind == COMMAND_TABLE;
    enum err rc = browsing_rows(b, &e);
    if (rc == OK) {
        rc = table ? make_table(b, job, &e) : make_detail(b, job, &e);
    }
    if (rc != OK && rc != ERR_CANCELLED) {
        session_say(s, true, "%s", e.msg);
    }
    pthread_mutex_lock(&s->mu);
    bool *busy = table ? &s->pub.table_busy : &s->pub.detail_busy;
    *busy = false;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    atomic_fetch_sub(&s->outstanding, 1);
}

void *session_jobs_main(void *arg)
{
    struct session *s = arg;
    struct workbench b = {.s = s};
    struct errinfo e = {0};
    pool_be_nice();
    if (!wait_for_inputs(s)) {
        return NULL;
    }
    enum err rc = harvester_new(s->in->lm, s->in->hook, (size_t)s->in->set.context,
                                NULL, &b.h, &e);
    if (rc == OK && !s->open_run[0]) {
        rc = make_eval_set(s, b.h, &e);
    }
    if (rc != OK && rc != ERR_CANCELLED) {
        session_say(s, true, "no evaluation: %s", e.msg);
    }
    struct job job;
    while (b.h && next_job(s, &job)) {
        run_job(&b, &job);
        job_deinit(&job);
    }
    acts_set_free(b.set);
    harvester_free(b.h);
    return NULL;
}
