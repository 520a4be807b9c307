/* A run without threads or screen: arms that step in turn, their histories, evaluation
 * when it is due, saving. The session's trainer thread and the `train` command drive
 * the same engine. Owner thread. */
#ifndef SAETOP_SESSION_ENGINE_H
#define SAETOP_SESSION_ENGINE_H

#include "eval/evaluate.h"
#include "train/arm.h"
#include "train/history.h"
#include "train/rundir.h"

#include <stdatomic.h>

#define ENGINE_ARMS 2

struct engine_arm {
    struct arm *arm;
    struct history history;
    double rate_when_on;  /* what masking comes back to when it is switched on */
    int64_t applies_from; /* step from which the rate set last is trained on */
    bool pending;
    double pending_rate;
    int64_t pending_at;
    int64_t forked_at; /* -1: from step 0 */
    struct eval_result eval;
    bool evaluated;
    char dir[SETTING_TEXT_MAX]; /* saved there last; "" */
};

/* Told of each row and event as it is recorded, and when an evaluation begins and ends.
 * Any of them may be NULL. */
struct engine_watch {
    void *user;
    void (*row)(void *user, size_t arm, const struct metric_row *row);
    void (*event)(void *user, size_t arm, const struct run_event *ev);
    void (*evaluating)(void *user, bool on);
};

struct engine {
    struct inputs *in;               /* owned */
    const struct eval_set *eval_set; /* borrowed; NULL: no evaluation yet */
    struct engine_arm arm[ENGINE_ARMS];
    size_t n_arms;
    int64_t steps;      /* planned */
    double seconds;     /* of stepping and evaluation, pauses left out */
    double row_seconds; /* `seconds` and tokens at the last row, for the rate between */
    uint64_t row_tokens;
    double tokens_per_second;
    bool stretch_eval;
    double eval_cost;          /* seconds of the last evaluation of all arms */
    double eval_at_seconds;    /* when the last one ended */
    double eval_interval;      /* the stretched interval on record, seconds */
    const atomic_bool *cancel; /* may be NULL: stops an evaluation half way */
    struct engine_watch watch;
};

/* Arms at step 0 as the settings say (twin included). Takes `in` over, also on error.
 */
enum err engine_new(struct inputs *in, struct engine **out,
                    struct errinfo *e) ERR_CHECKED;
void engine_free(struct engine *g); /* NULL is fine */

int64_t engine_step_count(const struct engine *g);
bool engine_done(const struct engine *g);

/* One step of every arm, then the row and the evaluation that are due. ERR_NUMERIC: the
 * loss is not finite any more. */
enum err engine_step(struct engine *g, struct errinfo *e) ERR_CHECKED;
/* Evaluate all arms now and record it as a row at this step. */
enum err engine_evaluate(struct engine *g, struct errinfo *e) ERR_CHECKED;
/* Step of the next evaluation if it is known (not stretched), else -1. */
int64_t engine_next_eval(const struct engine *g);

/* Rate of an arm from the next fill on, or (at > now) from step `at`. */
enum err engine_set_mask(struct engine *g, size_t arm, double rate, int64_t at,
                         struct errinfo *e) ERR_CHECKED;
/* A twin of arm 0 with the opposite masking. ERR_USAGE when there are two arms. */
enum err engine_fork(struct engine *g, struct errinfo *e) ERR_CHECKED;
/* Plan more steps; ERR_USAGE when that is not more than now. */
enum err engine_extend(struct engine *g, int64_t steps, struct errinfo *e) ERR_CHECKED;
enum err engine_set_lr(struct engine *g, double lr, struct errinfo *e) ERR_CHECKED;

/* Record an event of an arm (all arms: arm = ENGINE_ARMS). */
enum err engine_event(struct engine *g, size_t arm, struct errinfo *e, const char *kind,
                      const char *fmt, ...)
    __attribute__((format(printf, 5, 6))) ERR_CHECKED;

/* Save every arm: arm 0 into dir, its twin into dir-twin. A directory that no arm of
 * this engine was saved in before must not exist. */
enum err engine_save(struct engine *g, const char *dir, struct errinfo *e) ERR_CHECKED;
/* "dir-twin" for arm 1, dir for arm 0. */
enum err engine_arm_dir(const char *dir, size_t arm, char *out, size_t cap,
                        struct errinfo *e) ERR_CHECKED;

/* The evaluation set for the settings of `in`, on harvester h. Caller owns. */
enum err engine_eval_set(const struct inputs *in, struct harvester *h,
                         struct pool *pool, const atomic_bool *cancel,
                         struct eval_set **out, struct errinfo *e) ERR_CHECKED;

#endif
