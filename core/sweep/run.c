#include "sweep/run.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/thread.h"
#include "sweep/run_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICK_NANOS 100000000L

/* Jobs for the threads: searches first, then batches. */
enum job_kind { JOB_SEARCH, JOB_BATCH };
struct jobs {
    struct sweep_work *w;
    enum job_kind kind;
    const size_t *condition;         /* of JOB_SEARCH */
    const struct sweep_batch *batch; /* of JOB_BATCH */
};

/* ---- threads ---- */

static void keep_error(struct sweep_work *w, enum err rc, const struct errinfo *e)
{
    (void)pthread_mutex_lock(&w->lock);
    if (w->rc == OK || (w->rc == ERR_CANCELLED && rc != ERR_CANCELLED)) {
        w->rc = rc;
        w->e = *e;
    }
    (void)pthread_mutex_unlock(&w->lock);
    atomic_store(&w->stop, true);
}

/* Returns the number of the next job, or SIZE_MAX. */
static size_t take_job(struct sweep_work *w)
{
    (void)pthread_mutex_lock(&w->lock);
    const size_t i =
        w->next < w->n_jobs && !atomic_load(&w->stop) ? w->next++ : SIZE_MAX;
    (void)pthread_mutex_unlock(&w->lock);
    return i;
}

static void *thread_main(void *arg)
{
    const struct jobs *j = arg;
    struct sweep_work *w = j->w;
    for (size_t i = take_job(w); i != SIZE_MAX; i = take_job(w)) {
        struct errinfo e = {0};
        const enum err rc = j->kind == JOB_SEARCH
                                ? sweep_search(w, j->condition[i], &e)
                                : sweep_run_batch(w, &j->batch[i], &e);
        if (rc != OK) {
            keep_error(w, rc, &e);
        }
    }
    (void)pthread_mutex_lock(&w->lock);
    w->running--;
    (void)pthread_cond_signal(&w->ended);
    (void)pthread_mutex_unlock(&w->lock);
    return NULL;
}

void sweep_add_total(struct sweep_work *w, double steps)
{
    (void)pthread_mutex_lock(&w->lock);
    w->total += steps;
    (void)pthread_mutex_unlock(&w->lock);
}

static void tell_progress(struct sweep_work *w, double total)
{
    const struct sweep_watch *t = &w->o->watch;
    (void)pthread_mutex_lock(&w->telling);
    if (t->progress) {
        t->progress(t->user, (double)atomic_load(&w->steps), total);
    }
    (void)pthread_mutex_unlock(&w->telling);
}

/* Until all threads are done, passes on requests of the caller and reports progress. */
static void watch_threads(struct sweep_work *w)
{
    const struct sweep_options *o = w->o;
    (void)pthread_mutex_lock(&w->lock);
    while (w->running > 0) {
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until); /* as `ended` counts */
        until.tv_nsec += TICK_NANOS;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
        (void)pthread_cond_timedwait(&w->ended, &w->lock, &until);
        if (o->cancel && atomic_load(o->cancel)) {
            atomic_store(&w->stop, true);
        }
        const double total = w->total;
        (void)pthread_mutex_unlock(&w->lock);
        tell_progress(w, total);
        (void)pthread_mutex_lock(&w->lock);
    }
    (void)pthread_mutex_unlock(&w->lock);
}

static enum err run_jobs(struct jobs *j, size_t n, size_t threads, struct errinfo *e)
{
    struct sweep_work *w = j->w;
    pthread_t thread[SWEEP_JOBS_MAX];
    size_t started = 0;
    enum err rc = OK;
    w->next = 0;
    w->n_jobs = n;
    threads = threads < n ? threads : n;
    for (; started < threads && rc == OK; started++) {
        (void)pthread_mutex_lock(&w->lock);
        w->running++;
        (void)pthread_mutex_unlock(&w->lock);
        rc = thread_start(&thread[started], thread_main, j, e);
        if (rc != OK) {
            (void)pthread_mutex_lock(&w->lock);
            w->running--;
            (void)pthread_mutex_unlock(&w->lock);
            atomic_store(&w->stop, true);
            break;
        }
    }
    watch_threads(w);
    for (size_t i = 0; i < started; i++) {
        (void)pthread_join(thread[i], NULL);
    }
    TRY(rc);
    if (w->rc == ERR_CANCELLED || (w->rc == OK && atomic_load(&w->stop))) {
        return err_set(e, ERR_CANCELLED, "stopped");
    }
    return w->rc == OK ? OK : err_set(e, w->rc, "%s", w->e.msg);
}

/* ---- what there is to do ---- */

enum err sweep_find_todo(const struct sweep_work *w, bool *todo, size_t *n,
                         struct errinfo *e)
{
    bool known = w->o->only == NULL;
    *n = 0;
    for (size_t i = 0; i < w->plan->n_cells; i++) {
        const bool named =
            !w->o->only || strcmp(w->o->only, w->plan->cell[i].name) == 0;
        known |= named;
        todo[i] = named && !w->results[i].done;
        *n += todo[i] ? 1 : 0;
    }
    return known ? OK
                 : err_set(e, ERR_USAGE, "no cell '%s' in this sweep; see --plan",
                           w->o->only);
}

size_t sweep_find_searches(const struct sweep_work *w, const bool *todo,
                           size_t *condition)
{
    size_t n = 0;
    for (size_t a = 0; a < w->plan->n_conditions; a++) {
        bool wanted = false;
        for (size_t i = 0; i < w->plan->condition[a].n_cells; i++) {
            wanted |= todo[w->plan->condition[a].cell[i]];
        }
        if (wanted && sweep_needs_search(w->plan, a)) {
            condition[n++] = a;
        }
    }
    return n;
}

static enum err count_total(struct sweep_work *w, const bool *todo,
                            const size_t *condition, size_t searches, struct errinfo *e)
{
    for (size_t i = 0; i < w->plan->n_cells; i++) {
        struct settings s;
        if (todo[i]) {
            TRY(sweep_cell_settings(w->plan, &w->plan->cell[i], &s, e));
            w->total += (double)s.steps + SWEEP_MEASURE_STEPS;
        }
    }
    for (size_t i = 0; i < searches; i++) {
        w->total += sweep_search_cost(w->plan, condition[i]);
    }
    return OK;
}

static enum err make_folders(const char *dir, struct errinfo *e)
{
    static const char *const folder[] = {"cells", "match", "work", "runs"};
    for (size_t i = 0; i < sizeof folder / sizeof *folder; i++) {
        TRY(file_mkdir_own(dir, folder[i], e));
    }
    return OK;
}

size_t sweep_choose_jobs(struct sweep_work *w, size_t batches)
{
    const int64_t asked = w->plan->base.threads;
    const size_t threads = asked > 0 ? (size_t)asked : pool_cpus();
    size_t jobs = w->o->jobs ? w->o->jobs : threads;
    jobs = jobs < SWEEP_JOBS_MAX ? jobs : SWEEP_JOBS_MAX;
    jobs = jobs < batches || batches == 0 ? jobs : batches;
    w->threads = threads > jobs ? threads / jobs : 1;
    return jobs;
}

static enum err run_searches(struct sweep_work *w, bool *todo, size_t *condition,
                             struct errinfo *e)
{
    const size_t n = sweep_find_searches(w, todo, condition);
    TRY(count_total(w, todo, condition, n, e));
    if (n > 0) {
        struct jobs j = {.w = w, .kind = JOB_SEARCH, .condition = condition};
        TRY(run_jobs(&j, n, sweep_choose_jobs(w, n), e));
    }
    for (size_t i = 0; i < w->plan->n_cells; i++) { /* those without an answer */
        const size_t a = w->plan->cell[i].condition;
        todo[i] = todo[i] && (!sweep_needs_search(w->plan, a) || w->found[a].known);
    }
    return OK;
}

/* Runs the cells to do: first the batches that were stopped half way, as they were,
 * then the rest. */
static enum err run_batches(struct sweep_work *w, bool *todo, struct errinfo *e)
{
    struct sweep_batch *batch = NULL, *fresh = NULL;
    size_t n = 0, more = 0;
    enum err rc = OK;
    TRY(mem_new(&batch, w->plan->n_cells, sizeof *batch, "sweep", e));
    TRY_OUT(rc, halfway_take(w, todo, batch, &n, e));
    TRY_OUT(rc, sweep_make_batches(w->plan, todo, &fresh, &more, e));
    if (more) {
        memcpy(batch + n, fresh, more * sizeof *batch);
    }
    n += more;
    if (n > 0) {
        struct jobs j = {.w = w, .kind = JOB_BATCH, .batch = batch};
        TRY_OUT(rc, run_jobs(&j, n, sweep_choose_jobs(w, n), e));
    }
out:
    mem_free(fresh);
    mem_free(batch);
    return rc;
}

static enum err run_all(struct sweep_work *w, bool *todo, size_t *condition,
                        struct errinfo *e)
{
    size_t n = 0;
    TRY(sweep_find_todo(w, todo, &n, e));
    if (n == 0) {
        return OK;
    }
    TRY(make_folders(w->o->dir, e));
    TRY(run_searches(w, todo, condition, e));
    return run_batches(w, todo, e);
}

/* Makes waits use the monotonic clock, which nobody can set. */
static void init_ended(pthread_cond_t *ended)
{
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(ended, &attr);
    (void)pthread_condattr_destroy(&attr);
}

enum err sweep_run(const struct sweep_plan *p, const struct sweep_options *o,
                   struct sweep_result *results, struct errinfo *e)
{
    struct sweep_work w = {.plan = p, .o = o, .results = results};
    bool *todo = NULL;
    size_t *condition = NULL;
    enum err rc = OK;
    (void)pthread_mutex_init(&w.lock, NULL);
    (void)pthread_mutex_init(&w.telling, NULL);
    init_ended(&w.ended);
    TRY_OUT(rc, mem_new(&w.made, p->n_cells, sizeof *w.made, "sweep", e));
    TRY_OUT(rc, mem_new(&w.found, p->n_conditions, sizeof *w.found, "sweep", e));
    TRY_OUT(rc, mem_new(&todo, p->n_cells, sizeof *todo, "sweep", e));
    TRY_OUT(rc, mem_new(&condition, p->n_conditions, sizeof *condition, "sweep", e));
    TRY_OUT(rc, sweep_benches_new(o->dir, &w.benches, e));
    TRY_OUT(rc, sweep_cells_load(o->dir, p, results, w.made, e));
    TRY_OUT(rc, run_all(&w, todo, condition, e));
out:
    sweep_benches_free(w.benches);
    mem_free(w.made);
    mem_free(w.found);
    mem_free(todo);
    mem_free(condition);
    (void)pthread_cond_destroy(&w.ended);
    (void)pthread_mutex_destroy(&w.lock);
    (void)pthread_mutex_destroy(&w.telling);
    return rc;
}
