/* A session: the arms of a run in training, or opened for browsing; its threads,
 * and the two channels between them and a screen. The screen never waits for training:
 * commands go down a bounded queue, measures and snapshots come up and are fetched by
 * session_poll.
 *
 * Threads: the trainer owns weights, optimizer, model workspaces and evaluation; the
 * job thread builds latent tables and details from frozen copies. */
#ifndef SAETOP_SESSION_SESSION_H
#define SAETOP_SESSION_SESSION_H

#include "session/view.h"
#include "train/settings.h"

struct session;

struct session_config {
    struct settings set;
    const char *open_run;         /* a run directory to open; NULL: train by `set` */
    const char *other_run;        /* to be compared with; NULL: none */
    bool resume;                  /* train the opened run on; else browse it */
    const struct settings *given; /* what the user named for it; may be NULL */
    const char *runs_dir; /* where runs without a name are saved; made on first use */
    bool stretch_eval;    /* keep evaluation within a fifth of the time (explorer) */
    bool start_paused;
};

/* Starts the threads and returns at once; opening the inputs is their first work, and
 * what goes wrong there becomes SESSION_FAILED with a message. Any thread. */
enum err session_new(const struct session_config *cfg, struct session **out,
                     struct errinfo *e) ERR_CHECKED;
/* Stops (without saving; post COMMAND_STOP for that) and joins the threads. */
void session_free(struct session *s);

/* Queue a command; false when the queue is full (64 waiting). Any thread. */
bool session_post(struct session *s, const struct command *c);

/* A descriptor that becomes readable when there is something to poll. */
int session_wake_fd(const struct session *s);
/* Bring the view up to date; true if anything changed. UI thread. Never blocks for more
 * than a copy of what is new. */
bool session_poll(struct session *s, struct session_view *v);

/* Commands, jobs and questions not yet finished: 0 means idle (scripts wait for it).
 * Any thread.
 */
size_t session_outstanding(const struct session *s);

/* The failure behind SESSION_FAILED, for the exit status; OK otherwise. Any thread. */
enum err session_error(const struct session *s);

#endif
