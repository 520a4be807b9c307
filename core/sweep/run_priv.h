/* Inside of a running sweep: what its threads share. */
#ifndef SAETOP_SWEEP_RUN_PRIV_H
#define SAETOP_SWEEP_RUN_PRIV_H

#include "run/engine.h"
#include "sweep/bench.h"
#include "sweep/cellfile.h"
#include "sweep/run.h"

#include <pthread.h>

#define SWEEP_PATH 4096

/* Cost of measuring a run, in steps of an arm, about, as measured on the bundled
 * sample; for the progress and the estimate. */
#define SWEEP_MEASURE_STEPS 1500

/* Cells that are trained in one engine, at most: what they share is saved and taken up
 * by a process as one. */
#define SWEEP_BATCH_MAX 8

/* Result of a search, for the cells of a condition. */
struct sweep_found {
    bool known;
    bool searched;   /* by training; else L0 follows from the setting */
    const char *key; /* of settings.h */
    double value, l0;
    struct sweep_made made; /* what it was searched with */
};

/* Engines at once, at most. */
#define SWEEP_JOBS_MAX 256

/* Cells of one engine. */
struct sweep_batch {
    size_t cell[SWEEP_BATCH_MAX];
    size_t n;
};

struct sweep_work {
    const struct sweep_plan *plan;
    const struct sweep_options *o;
    struct sweep_result *results;
    struct sweep_made *made;
    struct sweep_found *found; /* [n_conditions] */
    size_t threads;            /* of each engine */
    struct sweep_benches *benches;

    pthread_mutex_t telling; /* held during calls of the watch; guards `warned` */
    char warned[300];

    pthread_mutex_t lock; /* of all below, of results, made and found */
    pthread_cond_t ended; /* a thread is done */
    size_t running;
    size_t next, n_jobs;
    enum err rc; /* of the first error */
    struct errinfo e;
    double total;       /* in steps of an arm, of this time */
    atomic_llong steps; /* of these done */
    atomic_bool stop;   /* cancelled, or an error */
};

/* ---- batch.c ---- */

/* The settings of a run of this cell: with what a search found, on w->threads. */
enum err sweep_run_settings(const struct sweep_work *w, size_t cell,
                            struct settings *out, struct errinfo *e) ERR_CHECKED;
/* Batches of the cells todo; *out is the caller's. */
enum err sweep_make_batches(const struct sweep_plan *p, const bool *todo,
                            struct sweep_batch **out, size_t *n,
                            struct errinfo *e) ERR_CHECKED;
/* Train and measure a batch, and write its cells. */
enum err sweep_run_batch(struct sweep_work *w, const struct sweep_batch *b,
                         struct errinfo *e) ERR_CHECKED;
/* Steps of all arms to the end, counted; ERR_CANCELLED when w->stop is set. */
enum err sweep_train(struct sweep_work *w, struct engine *g,
                     struct errinfo *e) ERR_CHECKED;

void sweep_tell_warning(struct sweep_work *w, const char *text); /* a new one */
void sweep_tell_failed(struct sweep_work *w, size_t cell, const char *why);

/* ---- halfway.c ---- */

/* The directory in which an engine of these cells is saved. */
enum err halfway_dir(const struct sweep_work *w, const struct sweep_batch *b, char *out,
                     size_t cap, struct errinfo *e) ERR_CHECKED;
enum err halfway_save(struct sweep_work *w, const struct sweep_batch *b,
                      struct engine *g, struct errinfo *e) ERR_CHECKED;
/* Open an engine from its save; *out NULL: there is none, or it is not whole. */
enum err halfway_open(struct sweep_work *w, const struct sweep_batch *b,
                      struct engine **out, struct errinfo *e) ERR_CHECKED;
void halfway_remove(const struct sweep_work *w, const struct sweep_batch *b);
/* The batches that are saved and have cells to do, appended to out[*n]; their cells are
 * taken from todo. */
enum err halfway_take(struct sweep_work *w, bool *todo, struct sweep_batch *out,
                      size_t *n, struct errinfo *e) ERR_CHECKED;

/* ---- run.c ---- */

void sweep_add_total(struct sweep_work *w, double steps);
/* Which cells are to do, and how many. ERR_USAGE: o->only is none of the plan's. */
enum err sweep_find_todo(const struct sweep_work *w, bool *todo, size_t *n,
                         struct errinfo *e) ERR_CHECKED;
/* Conditions of these cells whose setting has to be searched for; how many. */
size_t sweep_find_searches(const struct sweep_work *w, const bool *todo,
                           size_t *condition);
/* How many engines of so many batches run at once; sets w->threads: those of the plan
 * serve engines of their own first, the rest each of them. */
size_t sweep_choose_jobs(struct sweep_work *w, size_t batches);

/* ---- search.c ---- */

#define SWEEP_ROUNDS 3
#define SWEEP_TRIES  5 /* of a round */

struct sweep_tried {
    double x, l0;
};

/* A search under way. L0 grows with k and falls with the weight of a penalty. */
struct sweep_search {
    const char *key; /* of settings.h */
    bool rises, whole;
    double target;
    double least, most;                                /* of the setting */
    struct sweep_tried at[SWEEP_ROUNDS * SWEEP_TRIES]; /* [n], by rising x */
    size_t n, rounds;
    bool finished;
    struct sweep_made made;
};

/* What was tried in an earlier search, finished or not, from its file, into one for the
 * same key and target in which nothing was. ERR_FORMAT, ERR_NOMEM. */
enum err sweep_search_parse(const char *text, size_t len, const char *path,
                            struct sweep_search *s, struct errinfo *e) ERR_CHECKED;
/* The settings of the next round: around the guess at first, then around where the
 * tries so far put the target. `first_spread` is the factor between neighbours of the
 * first round. */
void sweep_search_next(const struct sweep_search *s, double guess, double first_spread,
                       double x[SWEEP_TRIES]);
/* Its result, once something was tried: where two tries enclose the target, between
 * them; else the nearest try. */
struct sweep_tried sweep_search_found(const struct sweep_search *s);

/* Whether the cells of a condition wait for a search. */
bool sweep_needs_search(const struct sweep_plan *p, size_t condition);
/* The search for a condition, from its file or by training; into w->found. If no
 * setting could be trained, that is reported, and the condition's cells stay undone. */
enum err sweep_search(struct sweep_work *w, size_t condition,
                      struct errinfo *e) ERR_CHECKED;
/* Estimated cost of a search, in steps of an arm. */
double sweep_search_cost(const struct sweep_plan *p, size_t condition);
/* What is left of it: none where a file says what was found. */
double sweep_search_left(const struct sweep_work *w, size_t condition);

#endif
