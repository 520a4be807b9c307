#define _XOPEN_SOURCE 700 /* pthread_condattr_setclock */
#include "session/runs.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS (INT64_C(2) * 1000 * 1000 * 1000)

struct order {
    struct run_order o;
    char dir[RUNDIR_PATH];
};

struct runs {
    pthread_t thread;
    bool started;
    int wake[2];
    pthread_cond_t told;
    pthread_mutex_t mu; /* guards what follows */
    bool stop, awake, changed;
    bool busy; /* with an order, or a look that somebody waits for */
    char dir[RUNDIR_PATH], watched[RUNDIR_PATH];
    int64_t due; /* when to look next, clock_ns */
    struct order order[RUNS_ORDERS];
    size_t n_orders;
    struct run_answer answer[RUNS_ORDERS];
    size_t n_answers;
    struct run_list *list;
    char error[400];
    uint64_t saves, save_id;
    long holder;
};

/* ---- telling ---- */

static void wake_locked(struct runs *r)
{
    r->changed = true;
    if (!r->awake) {
        r->awake = true;
        while (write(r->wake[1], "w", 1) < 0 && errno == EINTR) {
        }
    }
}

/* ---- orders ---- */

bool runs_same_dir(const char *a, const char *b)
{
    struct stat x, y;
    return a[0] && stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

bool runs_same_path(const char *a, const char *b)
{
    return strcmp(a, b) == 0 ||
           (strcmp(path_base(a), path_base(b)) == 0 && runs_same_dir(a, b));
}

static enum err label(const char *path, struct run_answer *a, struct errinfo *e)
{
    char was[RUN_LABEL_MAX + 1] = "";
    bool there = false;
    TRY(file_is_dir_own(path, &there,
                        e)); /* what a link leads to is in another folder */
    const enum err read = rundir_label(path, was, NULL);
    (void)read; /* an invalid label is replaced */
    (void)snprintf(a->before, sizeof a->before, "%s", was);
    return rundir_set_label(path, a->order.text, e);
}

static enum err do_order(const char *dir, const char *watched, struct run_answer *a,
                         struct errinfo *e)
{
    struct run_order *o = &a->order;
    char path[RUNDIR_PATH];
    TRY(run_name_check(o->name, e));
    TRY(path_join(path, sizeof path, dir, o->name, e));
    const bool moves = o->kind == RUN_ORDER_RENAME || o->kind == RUN_ORDER_TRASH;
    if (moves && runs_same_dir(watched, path)) {
        return err_set(e, ERR_USAGE, "%s: is open here, expected another run", path);
    }
    switch (o->kind) {
    case RUN_ORDER_LABEL: return label(path, a, e);
    case RUN_ORDER_RENAME: return run_rename(dir, o->name, o->text, e);
    case RUN_ORDER_TRASH: return run_trash_put(dir, o->name, o->text, e);
    case RUN_ORDER_RESTORE: break;
    }
    return run_trash_take(dir, o->text, o->name, e);
}

/* Takes the first order and answers it; called with mu held, which is released
 * meanwhile. */
static void take_order(struct runs *r)
{
    const struct order of = r->order[0];
    char watched[RUNDIR_PATH];
    struct run_answer a = {.order = of.o};
    struct errinfo e = {0};
    memmove(&r->order[0], &r->order[1], (RUNS_ORDERS - 1) * sizeof r->order[0]);
    r->n_orders--;
    r->busy = true;
    memcpy(watched, r->watched, sizeof watched);
    pthread_mutex_unlock(&r->mu);
    a.done = do_order(of.dir, watched, &a, &e) == OK;
    (void)snprintf(a.why, sizeof a.why, "%.399s", a.done ? "" : e.msg);
    pthread_mutex_lock(&r->mu);
    if (r->n_answers == RUNS_ORDERS) { /* nobody has asked for long */
        memmove(&r->answer[0], &r->answer[1], (RUNS_ORDERS - 1) * sizeof r->answer[0]);
        r->n_answers--;
    }
    r->answer[r->n_answers++] = a;
    r->due = 0; /* what came of it */
    r->busy = false;
    wake_locked(r);
}

/* ---- looking ---- */

static void take_list(struct runs *r, const char *dir, struct run_list *fresh,
                      const char *error)
{
    const bool same = r->list && fresh ? r->list->version == fresh->version &&
                                             strcmp(r->list->dir, fresh->dir) == 0
                                       : !r->list && !fresh && r->error[0];
    if (same || strcmp(r->dir, dir) != 0) { /* nothing new, or no longer asked for */
        run_list_unref(fresh);
        return;
    }
    run_list_unref(r->list);
    r->list = fresh;
    (void)snprintf(r->error, sizeof r->error, "%.399s", error);
    wake_locked(r);
}

static void take_watched(struct runs *r, const char *run, uint64_t id, long holder)
{
    if (strcmp(r->watched, run) != 0) {
        return;
    }
    const bool saved = r->save_id != 0 && id != 0 && id != r->save_id;
    if (saved || holder != r->holder) {
        r->saves += saved;
        r->holder = holder;
        wake_locked(r);
    }
    r->save_id = id ? id : r->save_id;
}

/* Looks at the wanted folder and run once; called with mu held, which is released
 * meanwhile. */
static void look(struct runs *r)
{
    char dir[RUNDIR_PATH], watched[RUNDIR_PATH];
    struct errinfo e = {0};
    struct run_list *fresh = NULL;
    memcpy(dir, r->dir, sizeof dir);
    memcpy(watched, r->watched, sizeof watched);
    struct run_list *before = r->list ? run_list_ref(r->list) : NULL;
    r->busy = r->due == 0;
    r->due = clock_ns() + LOOK_NS; /* unless somebody asks meanwhile */
    pthread_mutex_unlock(&r->mu);
    const bool reuses = before && strcmp(before->dir, dir) == 0;
    enum err rc = dir[0] ? run_list_look(dir, reuses ? before : NULL, &fresh, &e) : OK;
    rc = rc == ERR_MISSING ? run_list_none(dir, &fresh, &e) : rc;
    const uint64_t id = watched[0] ? rundir_save_id(watched) : 0;
    const long holder = watched[0] ? rundir_holder(watched) : 0;
    run_list_unref(before);
    pthread_mutex_lock(&r->mu);
    if (dir[0]) {
        take_list(r, dir, fresh, rc == OK ? "" : e.msg);
    }
    take_watched(r, watched, id, holder);
    r->busy = false;
}

static void wait_for_due(struct runs *r)
{
    if (!r->dir[0] && !r->watched[0]) {
        pthread_cond_wait(&r->told, &r->mu);
        return;
    }
    const struct timespec at = {.tv_sec = (time_t)(r->due / 1000000000),
                                .tv_nsec = (long)(r->due % 1000000000)};
    (void)pthread_cond_timedwait(&r->told, &r->mu, &at);
}

static void *main_loop(void *arg)
{
    struct runs *r = arg;
    pthread_mutex_lock(&r->mu);
    while (!r->stop) {
        const bool wanted = r->dir[0] || r->watched[0];
        if (r->n_orders > 0) {
            take_order(r);
        } else if (wanted && clock_ns() >= r->due) {
            look(r);
        } else {
            wait_for_due(r);
        }
    }
    pthread_mutex_unlock(&r->mu);
    return NULL;
}

/* ---- life ---- */

static void init_locks(struct runs *r)
{
    pthread_condattr_t clock;
    pthread_mutex_init(&r->mu, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&r->told, &clock);
    pthread_condattr_destroy(&clock);
}

enum err runs_new(struct runs **out, struct errinfo *e)
{
    struct runs *r = NULL;
    TRY(mem_new(&r, 1, sizeof *r, "runs", e));
    r->wake[0] = r->wake[1] = -1;
    init_locks(r);
    enum err rc =
        pipe(r->wake) == 0 ? OK : err_set(e, ERR_IO, "pipe: %s", strerror(errno));
    for (int i = 0; rc == OK && i < 2; i++) {
        (void)fcntl(r->wake[i], F_SETFL, O_NONBLOCK);
        (void)fcntl(r->wake[i], F_SETFD, FD_CLOEXEC);
    }
    rc = rc == OK ? thread_start(&r->thread, main_loop, r, e) : rc;
    r->started = rc == OK;
    if (rc != OK) {
        runs_free(r);
        return rc;
    }
    *out = r;
    return OK;
}

void runs_free(struct runs *r)
{
    if (!r) {
        return;
    }
    pthread_mutex_lock(&r->mu);
    r->stop = true;
    pthread_cond_signal(&r->told);
    pthread_mutex_unlock(&r->mu);
    if (r->started) {
        pthread_join(r->thread, NULL);
    }
    for (int i = 0; i < 2; i++) {
        if (r->wake[i] >= 0) {
            close(r->wake[i]);
        }
    }
    run_list_unref(r->list);
    pthread_cond_destroy(&r->told);
    pthread_mutex_destroy(&r->mu);
    mem_free(r);
}

/* ---- asking ---- */

size_t runs_outstanding(struct runs *r)
{
    pthread_mutex_lock(&r->mu);
    const size_t n =
        r->n_orders + r->n_answers + (r->busy || (r->dir[0] && r->due == 0));
    pthread_mutex_unlock(&r->mu);
    return n;
}

void runs_look(struct runs *r, const char *dir)
{
    pthread_mutex_lock(&r->mu);
    (void)snprintf(r->dir, sizeof r->dir, "%s", dir);
    r->due = 0;
    pthread_cond_signal(&r->told);
    pthread_mutex_unlock(&r->mu);
}

void runs_watch(struct runs *r, const char *run)
{
    pthread_mutex_lock(&r->mu);
    if (strcmp(r->watched, run) != 0) {
        (void)snprintf(r->watched, sizeof r->watched, "%s", run);
        r->save_id = r->saves = 0;
        r->holder = 0;
        r->due = 0;
        pthread_cond_signal(&r->told);
    }
    pthread_mutex_unlock(&r->mu);
}

bool runs_order(struct runs *r, const struct run_order *o)
{
    pthread_mutex_lock(&r->mu);
    const bool room = r->n_orders < RUNS_ORDERS && r->dir[0];
    if (room) {
        struct order *to = &r->order[r->n_orders++];
        to->o = *o;
        memcpy(to->dir, r->dir, sizeof to->dir);
        pthread_cond_signal(&r->told);
    }
    pthread_mutex_unlock(&r->mu);
    return room;
}

int runs_wake_fd(const struct runs *r)
{
    return r->wake[0];
}

/* Snapshots are shared as const; a reference count is not part of their content. */
static void drop_list(const struct run_list *l)
{
    run_list_unref((struct run_list *)(uintptr_t)l);
}

void runs_view_deinit(struct runs_view *v)
{
    drop_list(v->list);
    *v = (struct runs_view){0};
}

bool runs_poll(struct runs *r, struct runs_view *v)
{
    char sink[8];
    const struct run_list *old = NULL;
    pthread_mutex_lock(&r->mu);
    if (!r->changed) {
        pthread_mutex_unlock(&r->mu);
        return false;
    }
    while (read(r->wake[0], sink, sizeof sink) > 0) {
    }
    r->awake = r->changed = false;
    if (v->list != r->list) {
        old = v->list;
        v->list = r->list ? run_list_ref(r->list) : NULL;
    }
    memcpy(v->error, r->error, sizeof v->error);
    v->saves = r->saves;
    v->holder = r->holder;
    if (r->n_answers > 0) {
        v->answer = r->answer[0];
        v->answers++;
        memmove(&r->answer[0], &r->answer[1], (RUNS_ORDERS - 1) * sizeof r->answer[0]);
        r->n_answers--;
    }
    if (r->n_answers > 0) { /* another poll */
        wake_locked(r);
    }
    pthread_mutex_unlock(&r->mu);
    drop_list(old);
    return true;
}
