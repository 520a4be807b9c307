/* A session as a screen sees it, for tests: opened, polled until something holds, told
 * commands. */
#ifndef SAETOP_TESTS_UNIT_SESSION_VIEWER_H
#define SAETOP_TESTS_UNIT_SESSION_VIEWER_H

#include "num/blas.h"
#include "session/session.h"
#include "unit/check.h"
#include "unit/sample_settings.h"

#include <math.h>
#include <poll.h>

struct viewer {
    struct session *s;
    struct session_view v;
};

static inline void open_viewer(struct viewer *t, const struct session_config *cfg)
{
    struct errinfo e;
    session_view_init(&t->v);
    assert_ok(session_new(cfg, &t->s, &e), &e);
}

static inline void close_viewer(struct viewer *t)
{
    session_free(t->s);
    session_view_deinit(&t->v);
}

/* Poll as a screen does until `done`; fails after five minutes in which nothing came,
 * all of them together. */
static inline void wait_until(struct viewer *t, bool (*done)(const struct viewer *t))
{
    for (int idle = 0; idle < 3000;) {
        (void)session_poll(t->s, &t->v);
        if (done(t)) {
            return;
        }
        struct pollfd p = {.fd = session_wake_fd(t->s), .events = POLLIN};
        idle += poll(&p, 1, 100) == 0 ? 1 : 0;
    }
    fail_msg("nothing came: state %s, message '%s'", session_state_name(t->v.state),
             t->v.message);
}

static inline bool has_rows(const struct viewer *t)
{
    return t->v.n_arms && t->v.arm[0].series[METRIC_LOSS].n > 2;
}
static inline bool is_done(const struct viewer *t)
{
    return t->v.state == SESSION_DONE;
}
static inline bool is_training(const struct viewer *t)
{
    return t->v.state == SESSION_TRAINING;
}
static inline bool is_paused(const struct viewer *t)
{
    return t->v.state == SESSION_PAUSED;
}
static inline bool is_failed(const struct viewer *t)
{
    return t->v.state == SESSION_FAILED;
}
static inline bool is_ended(const struct viewer *t)
{
    return t->v.state == SESSION_ENDED;
}
static inline bool is_browsing(const struct viewer *t)
{
    return t->v.state == SESSION_BROWSING;
}
static inline bool is_idle(const struct viewer *t)
{
    return session_outstanding(t->s) == 0;
}
static inline bool has_evaluation(const struct viewer *t)
{
    return t->v.arm[0].series[METRIC_EV].n > 0;
}

static inline bool all_are_evaluated(const struct viewer *t)
{
    bool all = true;
    for (size_t a = 0; a < t->v.n_arms; a++) {
        all = all && t->v.arm[a].series[METRIC_EV].n > 0;
    }
    return all;
}

static inline void post(struct viewer *t, struct command c)
{
    assert_true(session_post(t->s, &c));
}

/* A command with this text; polled once it is dealt with. */
static inline void post_text(struct viewer *t, struct command c, const char *text)
{
    snprintf(c.text, sizeof c.text, "%s", text);
    post(t, c);
    wait_until(t, is_idle);
    (void)session_poll(t->s, &t->v);
}

/* Save to the directory `run` and end. */
static inline void save_and_close(struct viewer *t, const char *run)
{
    struct command stop = {.kind = COMMAND_STOP, .value = 1};
    snprintf(stop.text, sizeof stop.text, "%s", run);
    post(t, stop);
    wait_until(t, is_ended);
    close_viewer(t);
}

#endif
