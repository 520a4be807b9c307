/* A session: the arms of a run in training or opened for browsing, its threads, and the
 * two channels between them and a screen. The screen never waits for training: commands
 * go down a bounded queue; measures and snapshots come up, and session_poll fetches
 * them.
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
    const char *other_run;        /* a run to compare with; NULL: none */
    bool resume;                  /* go on training the opened run; else browse it */
    const struct settings *given; /* settings the user gave for it; may be NULL */
    const char *runs_dir; /* where runs without a name are saved; made on first use */
    bool stretch_eval;    /* keep evaluation within a fifth of the time (explorer) */
    bool start_paused;
};

/* Starts the threads and returns at once; they open the inputs first, and an error
 * there becomes SESSION_FAILED with a message. Any thread. */
enum err session_new(const struct session_config *cfg, struct session **out,
                     struct errinfo *e) ERR_CHECKED;
/* Stops (without saving; post COMMAND_STOP for that) and joins the threads. */
void session_free(struct session *s);

/* Queues a command; false when the queue is full (64 waiting). Any thread. */
bool session_post(struct session *s, const struct command *c);

/* Returns a descriptor that becomes readable when there is something to poll. */
int session_wake_fd(const struct session *s);
/* Brings the view up to date; true if anything changed. Blocks no longer than copying
 * what is new takes. UI thread. */
bool session_poll(struct session *s, struct session_view *v);

/* Returns the number of commands, jobs and questions not yet finished; 0: idle (scripts
 * wait for it). Any thread. */
size_t session_outstanding(const struct session *s);

/* Returns the error behind SESSION_FAILED, for the exit status, or OK. Any thread. */
enum err session_error(const struct session *s);

#endif
