#define _GNU_SOURCE /* gettid, sched_getaffinity, CPU_ALLOC */
#include "base/pool.h"

#include "base/mem.h"
#include "base/thread.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define POOL_MAX_THREADS 1024
#define POOL_NICE        10

struct worker {
    struct pool *pool;
    pthread_t thread;
    size_t index; /* 1.. */
};

struct pool {
    size_t threads;         /* with the caller */
    struct worker *workers; /* [threads - 1] */
    size_t started;         /* workers whose thread exists */
    pthread_mutex_t mu;
    pthread_cond_t work; /* a job opened, or stop */
    pthread_cond_t idle; /* active became 0 */

    /* guarded by mu */
    size_t generation; /* of jobs; a worker joins each at most once */
    bool open;         /* workers may still join the job */
    bool stop;
    size_t active; /* workers inside the job */

    /* The job: written while no worker is active, under mu; read by those who joined.
     */
    pool_fn *fn;
    void *ctx;
    size_t blocks;

    /* Next block to take; relaxed, since mu orders everything that blocks write. */
    atomic_size_t next;
};

size_t pool_count(int64_t asked)
{
    return asked > 0 ? (size_t)asked : pool_cpus();
}

void pool_be_nice(void)
{
    const id_t self = (id_t)gettid();
    /* An absolute goal: a pool made by a thread that is nice already inherits that. */
    if (getpriority(PRIO_PROCESS, self) < POOL_NICE) {
        (void)setpriority(PRIO_PROCESS, self, POOL_NICE);
    }
}

static void take_blocks(struct pool *p, size_t worker)
{
    for (;;) {
        const size_t block =
            atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed);
        if (block >= p->blocks) {
            return;
        }
        p->fn(p->ctx, block, worker);
    }
}

static void *worker_main(void *arg)
{
    const struct worker *self = arg;
    struct pool *p = self->pool;
    pool_be_nice();
    size_t seen = 0;
    pthread_mutex_lock(&p->mu);
    for (;;) {
        while (!p->stop && !(p->open && p->generation != seen)) {
            pthread_cond_wait(&p->work, &p->mu);
        }
        if (p->stop) {
            break;
        }
        seen = p->generation;
        p->active++;
        pthread_mutex_unlock(&p->mu);
        take_blocks(p, self->index);
        pthread_mutex_lock(&p->mu);
        assert(p->active > 0);
        p->active--;
        if (p->active == 0) {
            pthread_cond_signal(&p->idle);
        }
    }
    pthread_mutex_unlock(&p->mu);
    return NULL;
}

/* Start the workers with signals blocked, so that handlers run in the threads that the
 * program chose; faults stay deliverable where they happen, for the crash handler. */
static enum err start_workers(struct pool *p, struct errinfo *e)
{
    static const int faults[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                                 SIGABRT, SIGTRAP, SIGSYS};
    sigset_t blocked;
    sigset_t before;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        sigdelset(&blocked, faults[i]);
    }
    enum err rc = OK;
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    while (rc == OK && p->started < p->threads - 1) {
        struct worker *w = &p->workers[p->started];
        w->pool = p;
        w->index = p->started + 1;
        rc = thread_start(&w->thread, worker_main, w, e);
        p->started += rc == OK ? 1 : 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

enum err pool_new(size_t threads, struct pool **out, struct errinfo *e)
{
    if (threads < 1 || threads > POOL_MAX_THREADS) {
        return err_set(e, ERR_USAGE, "found %zu threads, expected 1 to %d", threads,
                       POOL_MAX_THREADS);
    }
    struct pool *p;
    TRY(mem_new(&p, 1, sizeof *p, "a pool of threads", e));
    enum err rc = mem_new(&p->workers, threads, sizeof *p->workers, "threads", e);
    if (rc != OK) {
        mem_free(p);
        return rc;
    }
    p->threads = threads;
    pthread_mutex_init(&p->mu, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->idle, NULL);
    atomic_init(&p->next, 0);
    rc = start_workers(p, e);
    if (rc != OK) {
        rc =
            err_prefix(e, rc, "thread %zu of %zu (--threads)", p->started + 2, threads);
        pool_free(p);
        return rc;
    }
    *out = p;
    return OK;
}

void pool_free(struct pool *p)
{
    if (!p) {
        return;
    }
    pthread_mutex_lock(&p->mu);
    assert(!p->open && p->active == 0); /* nobody may still be waiting for a job */
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->mu);
    for (size_t i = 0; i < p->started; i++) {
        pthread_join(p->workers[i].thread, NULL);
    }
    pthread_cond_destroy(&p->idle);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->mu);
    mem_free(p->workers);
    mem_free(p);
}

void pool_run(struct pool *p, size_t blocks, pool_fn *fn, void *ctx)
{
    if (!p || p->threads == 1 || blocks <= 1) {
        for (size_t block = 0; block < blocks; block++) {
            fn(ctx, block, 0);
        }
        return;
    }
    pthread_mutex_lock(&p->mu);
    /* Not from within a job, nor from two threads: there is one job at a time. */
    assert(!p->open && p->active == 0 && !p->stop);
    p->fn = fn;
    p->ctx = ctx;
    p->blocks = blocks;
    atomic_store_explicit(&p->next, 0, memory_order_relaxed);
    p->generation++;
    p->open = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->mu);

    take_blocks(p, 0);

    /* All blocks are taken. Workers that have not come by now need not: on a busy
     * machine waiting for them to be scheduled costs more than the job. */
    pthread_mutex_lock(&p->mu);
    p->open = false;
    while (p->active > 0) {
        pthread_cond_wait(&p->idle, &p->mu);
    }
    pthread_mutex_unlock(&p->mu);
}

size_t pool_threads(const struct pool *p)
{
    return p ? p->threads : 1;
}

/* CPUs in the affinity mask; 0 if unknown. */
static size_t affinity_cpus(void)
{
    /* The call fails while the set is smaller than the kernel's. */
    for (size_t max = 1024; max <= 65536; max *= 2) {
        cpu_set_t *set = CPU_ALLOC(max);
        if (!set) {
            return 0;
        }
        const size_t bytes = CPU_ALLOC_SIZE(max);
        const bool ok = sched_getaffinity(0, bytes, set) == 0;
        const int count = ok ? CPU_COUNT_S(bytes, set) : 0;
        CPU_FREE(set);
        if (ok) {
            return (size_t)count;
        }
    }
    return 0;
}

/* CPUs of the cgroup's quota, rounded up; 0 if there is none. */
static size_t quota_cpus(void)
{
    FILE *f =
        fopen("/sys/fs/cgroup/cpu.max", "re"); /* "QUOTA PERIOD" or "max PERIOD" */
    if (!f) {
        return 0;
    }
    long long quota = 0;
    long long period = 0;
    const int got = fscanf(f, "%lld %lld", &quota, &period);
    fclose(f);
    if (got != 2 || quota <= 0 || period <= 0) {
        return 0;
    }
    return (size_t)((quota + period - 1) / period);
}

size_t pool_cpus(void)
{
    size_t cpus = affinity_cpus();
    if (cpus == 0) {
        const long online = sysconf(_SC_NPROCESSORS_ONLN);
        cpus = online > 0 ? (size_t)online : 1;
    }
    const size_t quota = quota_cpus();
    if (quota > 0 && quota < cpus) {
        cpus = quota;
    }
    return cpus < POOL_MAX_THREADS ? cpus : POOL_MAX_THREADS;
}
