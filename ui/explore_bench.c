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

/* Send one key as bytes and wait for the frame that answers it; returns the time in
 * ms. */
static double answer_ms(struct loop *l, int master, char key)
{
    const size_t before = l->answered;
    const int64_t start = clock_ns();
    if (write(master, &key, 1) != 1) {
        return (double)NAN;
    }
    while (l->answered == before && !l->quit && clock_ns() - start < 5000000000) {
        loop_turn(l, 100);
    }
    return (double)(l->frame_ns - start) * 1e-6;
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

static enum err measure_screen(struct loop *l, int master,
                               const struct screen_def *screen, size_t keys,
                               struct explore_latency *out, struct errinfo *e)
{
    double *ms = NULL;
    const char *cycle = screen->played && screen->played[0] ? screen->played : "jk";
    TRY(mem_new(&ms, keys, sizeof *ms, "latencies", e));
    app_go(&l->app, &l->v, screen);
    loop_event(l, &(struct event){.kind = EVENT_TICK});
    run_for(l, 600); /* the table or description that it asks for */
    double rate = 0;
    size_t n = 0;
    for (size_t i = 0; i < keys && !l->quit && !loop_failed(l); i++) {
        keep_training(l);
        const double t = answer_ms(l, master, cycle[i % strlen(cycle)]);
        if (isfinite(t)) {
            ms[n++] = t;
        }
        rate += l->v.tokens_per_second;
        run_for(l, 35 + (int)(i * 7 % 41)); /* not in step with frames */
    }
    qsort(ms, n, sizeof *ms, by_size);
    *out = (struct explore_latency){.screen = screen->name,
                                    .keys = n,
                                    .p50_ms = n ? ms[n / 2] : (double)NAN,
                                    .p95_ms =
                                        n ? ms[(n * 95 + 99) / 100 - 1] : (double)NAN,
                                    .training_tok_s = n ? rate / (double)n : 0,
                                    .arms = l->v.n_arms};
    mem_free(ms);
    return OK;
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
        rc = measure_screen(&l, pty.master, cfg->screens->row[s], keys, &out[*n], e);
        *n += rc == OK ? 1U : 0U;
    }
    if (rc == OK && l.v.state == SESSION_FAILED) {
        rc = err_set(e, session_error(l.s), "%s", l.v.message);
    }
    loop_deinit(&l);
    pty_close(&pty);
    return rc;
}
