/* Measures how long a key takes to be answered: runs the explorer on its own
 * pseudo-terminal while its session trains on all processors. */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 600 /* posix_openpt */
#endif

#include "base/clock.h"
#include "base/mem.h"
#include "ui/explore_priv.h"
#include "ui/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

struct pty {
    int master, slave;
    pthread_t drain;
    bool draining;
};

/* Reads the output as a terminal would, and drops it. */
static void *drain_main(void *arg)
{
    const struct pty *p = arg;
    char sink[65536];
    for (;;) {
        const ssize_t n = read(p->master, sink, sizeof sink);
        if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
            return NULL;
        }
    }
}

static void pty_close(struct pty *p)
{
    if (p->slave >= 0) {
        close(p->slave); /* the last one: the reader sees the end */
    }
    if (p->draining) {
        pthread_join(p->drain, NULL);
    }
    if (p->master >= 0) {
        close(p->master);
    }
}

static enum err pty_open(struct pty *p, int w, int h, struct errinfo *e)
{
    *p = (struct pty){.master = -1, .slave = -1};
    p->master = posix_openpt(O_RDWR | O_NOCTTY);
    const char *name = NULL;
    if (p->master >= 0 && grantpt(p->master) == 0 && unlockpt(p->master) == 0) {
        name = ptsname(p->master);
    }
    p->slave = name ? open(name, O_RDWR | O_NOCTTY) : -1;
    const struct winsize size = {.ws_row = (unsigned short)h,
                                 .ws_col = (unsigned short)w};
    if (p->slave < 0 || ioctl(p->slave, TIOCSWINSZ, &size) != 0 ||
        pthread_create(&p->drain, NULL, drain_main, p) != 0) {
        const int why = errno;
        pty_close(p);
        return err_set(e, ERR_IO, "pseudo-terminal: %s", strerror(why));
    }
    p->draining = true;
    return OK;
}

/* Let the loop run as usual for some time. */
static void run_for(struct loop *l, int ms)
{
    const int64_t end = clock_ns() + (int64_t)ms * 1000000;
    for (int64_t left = end - clock_ns(); left > 0 && !l->quit;
         left = end - clock_ns()) {
        loop_turn(l, (int)(left / 1000000) + 1);
    }
}

/* Longer than anything that is waited for takes. */
#define PATIENCE_NS (INT64_C(60) * 1000 * 1000 * 1000)

/* When a key was answered, in ms: by a frame, and by one with all its figures. */
struct answered {
    double frame, fresh;
};

/* Send one key as bytes and wait for the frames that answer it. */
static struct answered answer_ms(struct loop *l, int master, char key)
{
    const size_t before = l->answered;
    const int64_t start = clock_ns();
    struct answered x = {(double)NAN, (double)NAN};
    if (write(master, &key, 1) != 1) {
        return x;
    }
    while (l->answered == before && !l->quit && clock_ns() - start < PATIENCE_NS) {
        loop_turn(l, 100);
    }
    x.frame = (double)(l->frame_ns - start) * 1e-6;
    while ((l->waits || l->dirty) && !l->quit && clock_ns() - start < PATIENCE_NS) {
        loop_turn(l, 100);
    }
    x.fresh = (double)(l->frame_ns - start) * 1e-6;
    return x;
}

static int by_size(const void *px, const void *py)
{
    const double *x = px, *y = py;
    return (*x > *y) - (*x < *y);
}

/* Extend a plan that would end while measuring. */
static void keep_training(struct loop *l)
{
    if (l->v.state == SESSION_DONE) {
        const struct command more = {
            .kind = COMMAND_EXTEND, .at = l->v.steps * 2, .latent = -1};
        (void)session_post(l->s, &more);
    }
}

/* Keys that were sent, and the training meanwhile. */
struct times {
    double *frame, *fresh; /* [cap], owned */
    size_t n, cap;
    double rate; /* tokens a second, summed over the keys */
};

static enum err times_init(struct times *t, size_t cap, struct errinfo *e)
{
    *t = (struct times){.cap = cap};
    enum err rc = mem_new(&t->frame, cap, sizeof *t->frame, "latencies", e);
    rc = rc == OK ? mem_new(&t->fresh, cap, sizeof *t->fresh, "latencies", e) : rc;
    return rc;
}

static void times_deinit(struct times *t)
{
    mem_free(t->frame);
    mem_free(t->fresh);
}

/* Send keys of the cycle, in turn, until there are n times. */
static void send_keys(struct loop *l, int master, const char *cycle, size_t n,
                      struct times *t)
{
    for (size_t i = 0; t->n < n && !l->quit && !loop_failed(l); i++) {
        keep_training(l);
        const struct answered x = answer_ms(l, master, cycle[i % strlen(cycle)]);
        if (!isfinite(x.frame)) {
            return;
        }
        t->frame[t->n] = x.frame;
        t->fresh[t->n++] = x.fresh;
        t->rate += l->v.tokens_per_second;
        run_for(l, 35 + (int)(i * 7 % 41)); /* not in step with frames */
    }
}

static double sorted_at(const double *ms, size_t n, size_t percent)
{
    return !n              ? (double)NAN
           : percent == 50 ? ms[n / 2]
                           : ms[(n * percent + 99) / 100 - 1];
}

static struct explore_latency latency_of(const struct loop *l, const char *screen,
                                         bool typing, struct times *t)
{
    qsort(t->frame, t->n, sizeof *t->frame, by_size);
    qsort(t->fresh, t->n, sizeof *t->fresh, by_size);
    return (struct explore_latency){
        .screen = screen,
        .typing = typing,
        .keys = t->n,
        .p50_ms = sorted_at(t->frame, t->n, 50),
        .p95_ms = sorted_at(t->frame, t->n, 95),
        .fresh_p50_ms = sorted_at(t->fresh, typing ? t->n : 0, 50),
        .fresh_p95_ms = sorted_at(t->fresh, typing ? t->n : 0, 95),
        .training_tok_s = t->n ? t->rate / (double)t->n : 0,
        .arms = l->v.n_arms};
}

static enum err measure_screen(struct loop *l, int master,
                               const struct screen_def *screen, size_t keys,
                               struct explore_latency *out, struct errinfo *e)
{
    struct times t;
    const char *cycle = screen->played && screen->played[0] ? screen->played : "jk";
    const enum err rc = times_init(&t, keys, e);
    if (rc == OK) {
        app_go(&l->app, &l->v, screen);
        loop_event(l, &(struct event){.kind = EVENT_TICK});
        run_for(l, 600); /* the table or description that it asks for */
        send_keys(l, master, cycle, keys, &t);
        *out = latency_of(l, screen->name, false, &t);
    }
    times_deinit(&t);
    return rc;
}

/* Begin to type, and wait for the figures of what stands there then. */
static void begin_typing(struct loop *l, const struct screen_def *screen, bool middle)
{
    const int64_t start = clock_ns();
    while (!screen->types->begin(&l->app, &l->v, middle) && !l->quit &&
           !loop_failed(l) && clock_ns() - start < PATIENCE_NS) {
        loop_turn(l, 100);
    }
    loop_event(l, &(struct event){.kind = EVENT_TICK});
    while (l->waits && !l->quit && clock_ns() - start < PATIENCE_NS) {
        loop_turn(l, 100);
    }
}

/* Half of the keys at the end of the text, half in its middle. */
static enum err measure_typing(struct loop *l, int master,
                               const struct screen_def *screen, size_t keys,
                               struct explore_latency *out, struct errinfo *e)
{
    struct times t;
    const enum err rc = times_init(&t, keys, e);
    for (int middle = 0; rc == OK && middle < 2; middle++) {
        app_go(&l->app, &l->v, screen);
        begin_typing(l, screen, middle);
        send_keys(l, master, screen->types->keys, middle ? keys : keys / 2, &t);
    }
    if (rc == OK) {
        *out = latency_of(l, screen->name, true, &t);
    }
    times_deinit(&t);
    return rc;
}

enum err explore_bench(const struct explore_config *cfg, size_t keys,
                       struct explore_latency out[EXPLORE_BENCH_MAX], size_t *n,
                       double *first_frame_ms, struct errinfo *e)
{
    struct pty pty;
    struct loop l;
    const int w = cfg->w > 0 ? cfg->w : WIDE_W;
    const int h = cfg->h > 0 ? cfg->h : WIDE_H;
    const int64_t started = cfg->started_ns ? cfg->started_ns : clock_ns();
    TRY(pty_open(&pty, w, h, e));
    enum err rc = loop_init(&l, cfg, false, pty.slave, pty.slave, "xterm-256color", e);
    if (rc != OK) {
        pty_close(&pty);
        return rc;
    }
    *first_frame_ms = (double)(l.first_frame_ns - started) * 1e-6;
    while (l.v.step < 1 && !l.quit && l.v.state != SESSION_FAILED) {
        loop_turn(&l, 100);
    }
    *n = 0;
    for (size_t s = 0; s < cfg->screens->n && rc == OK && l.v.state != SESSION_FAILED;
         s++) {
        const struct screen_def *screen = cfg->screens->row[s];
        rc = measure_screen(&l, pty.master, screen, keys, &out[*n], e);
        *n += rc == OK ? 1U : 0U;
        if (rc == OK && screen->types) {
            rc = measure_typing(&l, pty.master, screen, keys, &out[*n], e);
            *n += rc == OK ? 1U : 0U;
        }
    }
    if (rc == OK && l.v.state == SESSION_FAILED) {
        rc = err_set(e, session_error(l.s), "%s", l.v.message);
    }
    loop_deinit(&l);
    pty_close(&pty);
    return rc;
}
