/* Internals of a running sweep: what its threads share. */
#ifndef SAETOP_SWEEP_RUN_PRIV_H
#define SAETOP_SWEEP_RUN_PRIV_H

#include "run/engine.h"
#include "sweep/bench.h"
#include "sweep/cellfile.h"
#include "sweep/run.h"

#include <pthread.h>

#define SWEEP_PATH 4096

/* Approximate cost of measuring a run, in steps of an arm, measured on the bundled
 * sample; for progress and estimates. */
#define SWEEP_MEASURE_STEPS 1500

/* Most cells trained in one engine: what they share is saved together, and taken up by
 * a process together. */
#define SWEEP_BATCH_MAX 8

/* The result of a search, for the cells of a condition. */
struct sweep_found {
    bool known;
    bool searched;   /* found by training; else L0 follows from the setting */
    const char *key; /* of settings.h */
    double value, l0;
    struct sweep_made made; /* what it was searched with */
};

/* Most engines at once. */
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

    pthread_mutex_t lock; /* guards all below, and results, made and found */
    pthread_cond_t ended; /* a thread is done */
    size_t running;
    size_t next, n_jobs;
    enum err rc; /* the first error */
    struct errinfo e;
    double total;       /* work of this call, in steps of an arm */
    atomic_llong steps; /* how many of them are done */
    atomic_bool stop;   /* cancelled, or an error */
};

/* ---- batch.c ---- */

/* Writes the settings of a run of this cell, with what a search found, on
 * w->threads. */
enum err sweep_run_settings(const struct sweep_work *w, size_t cell,
                            struct settings *out, struct errinfo *e) ERR_CHECKED;
/* Groups the cells to do into batches; the caller owns *out. */
enum err sweep_make_batches(const struct sweep_plan *p, const bool *todo,
                            struct sweep_batch **out, size_t *n,
                            struct errinfo *e) ERR_CHECKED;
/* Trains and measures a batch, and writes its cells. */
enum err sweep_run_batch(struct sweep_work *w, const struct sweep_batch *b,
                         struct errinfo *e) ERR_CHECKED;
/* Trains all arms to the end and counts the steps; ERR_CANCELLED when w->stop is
 * set. */
enum err sweep_train(struct sweep_work *w, struct engine *g,
                     struct errinfo *e) ERR_CHECKED;

void sweep_tell_warning(struct sweep_work *w, const char *text); /* once for each new
                                                                    text */
void sweep_tell_failed(struct sweep_work *w, size_t cell, const char *why);

/* ---- halfway.c ---- */

/* Writes the directory in which an engine of these cells is saved. */
enum err halfway_dir(const struct sweep_work *w, const struct sweep_batch *b, char *out,
                     size_t cap, struct errinfo *e) ERR_CHECKED;
enum err halfway_save(struct sweep_work *w, const struct sweep_batch *b,
                      struct engine *g, struct errinfo *e) ERR_CHECKED;
/* Opens an engine from its save; *out is NULL where there is none, or it is not
 * whole. */
enum err halfway_open(struct sweep_work *w, const struct sweep_batch *b,
                      struct engine **out, struct errinfo *e) ERR_CHECKED;
void halfway_remove(const struct sweep_work *w, const struct sweep_batch *b);
/* Appends the saved batches that have cells to do to out[*n], and takes their cells out
 * of todo. */
enum err halfway_take(struct sweep_work *w, bool *todo, struct sweep_batch *out,
                      size_t *n, struct errinfo *e) ERR_CHECKED;

/* ---- run.c ---- */

void sweep_add_total(struct sweep_work *w, double steps);
/* Finds which cells are to do, and how many. ERR_USAGE: the plan has no cell
 * o->only. */
enum err sweep_find_todo(const struct sweep_work *w, bool *todo, size_t *n,
                         struct errinfo *e) ERR_CHECKED;
/* Finds the conditions of these cells that need a search; returns how many. */
size_t sweep_find_searches(const struct sweep_work *w, const bool *todo,
                           size_t *condition);
/* Returns how many engines run at once for so many batches, and sets w->threads: the
 * plan's threads are shared among the engines, at least one each. */
size_t sweep_choose_jobs(struct sweep_work *w, size_t batches);

/* ---- search.c ---- */

#define SWEEP_ROUNDS 3
#define SWEEP_TRIES  5 /* in a round */

struct sweep_tried {
    double x, l0;
};

/* A search under way. L0 grows with k and falls with the weight of a penalty. */
struct sweep_search {
    const char *key; /* of settings.h */
    bool rises, whole;
    double target;
    double least, most;                                /* of the setting */
    struct sweep_tried at[SWEEP_ROUNDS * SWEEP_TRIES]; /* by ascending x */
    size_t n, rounds;
    bool finished;
    struct sweep_made made;
};

/* Reads what an earlier search tried, finished or not, from its file into a search for
 * the same key and target that has no tries yet. ERR_FORMAT, ERR_NOMEM. */
enum err sweep_search_parse(const char *text, size_t len, const char *path,
                            struct sweep_search *s, struct errinfo *e) ERR_CHECKED;
/* Writes the settings x of the next round: first around the guess, then around where
 * the tries so far put the target. `first_spread` is the factor between neighbours in
 * the first round. */
void sweep_search_next(const struct sweep_search *s, double guess, double first_spread,
                       double x[SWEEP_TRIES]);
/* Returns the result, once something was tried: where two tries enclose the target, a
 * point between them; else the nearest try. */
struct sweep_tried sweep_search_found(const struct sweep_search *s);

/* Returns whether the cells of a condition wait for a search. */
bool sweep_needs_search(const struct sweep_plan *p, size_t condition);
/* Does the search for a condition, from its file or by training, and puts the result
 * into w->found. If no setting could be trained, that is reported, and the condition's
 * cells stay undone. */
enum err sweep_search(struct sweep_work *w, size_t condition,
                      struct errinfo *e) ERR_CHECKED;
/* Estimates the cost of a search, in steps of an arm. */
double sweep_search_cost(const struct sweep_plan *p, size_t condition);
/* Returns what is left of that cost: 0 where a file says what was found. */
double sweep_search_left(const struct sweep_work *w, size_t condition);

#endif
