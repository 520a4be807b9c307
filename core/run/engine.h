/* A run without threads or screen: arms that step in turn, their histories, evaluation
 * when it is due, saving. The session's trainer thread and the `train` command drive
 * the same engine. Owner thread. */
#ifndef SAETOP_RUN_ENGINE_H
#define SAETOP_RUN_ENGINE_H

#include "eval/acts_bench.h"
#include "eval/concept_history.h"
#include "eval/evaluate.h"
#include "eval/truth.h"
#include "run/eval_pace.h"
#include "run/run_cost.h"
#include "train/also.h"
#include "train/arm.h"
#include "train/dirlocks.h"
#include "train/history.h"
#include "train/rundir.h"
#include "train/runstate.h"

#include <stdatomic.h>

/* The kind of the event that an arm's error has grown past all use. */
#define ENGINE_DIVERGED "diverged"

/* All arms, in place of an arm's number. */
#define ENGINE_ALL_ARMS RUN_ARMS_MAX

struct engine_arm {
    struct arm *arm;
    struct history history;
    struct eval_result eval;
    struct concept_history *over; /* the concepts of all evaluations; NULL: none yet */
    struct report report;         /* the last one, of a source that is no text */
    bool evaluated;
    bool is_best;                 /* the best so far, and not kept yet */
    int worse;                    /* rows in a row that the error is past all use */
    bool was_good, diverged;      /* it explained some; its event has been told */
    struct arm_place place;       /* its name, and where it is saved */
    char condition[ARM_NAME_MAX]; /* of arm_plan; an old run's arm is one of its own */
    char dir[SETTING_TEXT_MAX];   /* saved there last; "" */
};

/* Called for each row and event as it is recorded, and when an evaluation begins and
 * ends. Any of them may be NULL. */
struct engine_watch {
    void *user;
    void (*row)(void *user, size_t arm, const struct metric_row *row);
    void (*event)(void *user, size_t arm, const struct run_event *ev);
    void (*evaluating)(void *user, bool on);
};

struct engine {
    struct inputs *in;               /* owned */
    const struct eval_set *eval_set; /* borrowed; NULL: no evaluation yet */
    struct probe_bank *saebench;     /* its probes in SAEBench's form, once needed */
    struct heldout_words *words;     /* of the evaluation set, likewise */
    struct truth_set *truth;         /* of a synthetic source, from its first one on */
    struct acts_bench *acts;         /* likewise, of activations made elsewhere */
    struct engine_arm arm[RUN_ARMS_MAX];
    size_t n_arms;
    struct dirlocks locks;      /* directories saved in */
    char dir[SETTING_TEXT_MAX]; /* the run's, for checkpoints; "": none yet */
    char warning[400];          /* of a resume; "" */
    int64_t steps;              /* planned */
    double seconds;             /* of stepping and evaluation, pauses left out */
    double row_seconds; /* `seconds` and tokens at the last row, for the rate between */
    uint64_t row_tokens;
    double tokens_per_second;
    bool stretch_eval;
    size_t evals;              /* so far, of all arms together */
    bool asked;                /* by engine_evaluate: this one has spread too */
    struct eval_pace pace;     /* of stretch_eval, since this opening */
    const atomic_bool *cancel; /* may be NULL: stops an evaluation half way */
    struct engine_watch watch;
};

/* How a run is begun or gone on with: by `train`, the explorer and sweeps alike. */
struct engine_setup {
    const struct settings *set;  /* as asked for; of a resume samples_dir alone */
    const struct arm_plan *arms; /* [n]; NULL: those that `set` asks for */
    size_t n;
    const char *dir;              /* where it is saved; NULL: not known yet */
    bool lock;                    /* make and lock the directories before the work */
    const char *resume;           /* the run to go on with, in place of all above */
    const struct settings *given; /* of engine_resume; may be NULL */
    struct inputs *in; /* of a resume: open already, and taken over unless it fails */
    bool stretch_eval;
    const atomic_bool *cancel;
    struct engine_watch watch; /* from here on: not of what was before */
    /* Called with the inputs when they are open; for a new run before there are arms.
     * An error from it ends the opening. May be NULL. */
    enum err (*opened)(void *user, struct inputs *in, struct errinfo *e);
    /* Called when it is known what the run takes: first memory, of a new run before it
     * is taken, then time, which is measured for it and becomes the event "estimate" of
     * a new run. Not of one that has no steps left. May be NULL: nothing is measured.
     */
    void (*cost)(void *user, const struct inputs *in, const struct run_cost *cost);
    void *user;
};
/* The engine of a run. One that is locked, and has checkpoints, is saved at step 0.
 * Errors leave nothing behind: those of the inputs, engine_new_arms, dirlocks_make and
 * engine_resume, and run_check_room: of a new run before its memory is taken. */
enum err engine_open(const struct engine_setup *s, struct engine **out,
                     struct errinfo *e) ERR_CHECKED;

/* Arms at step 0 as the settings of `in` say (arm_plans_of). Takes `in` over, also on
 * error. */
enum err engine_new(struct inputs *in, struct engine **out,
                    struct errinfo *e) ERR_CHECKED;
/* A run of the arms [n]. The first has the settings that `in` was opened with; the
 * others differ from it in settings of an arm only (setting_list.h). Takes `in` over,
 * also on error. ERR_USAGE: more than RUN_ARMS_MAX. */
enum err engine_new_arms(struct inputs *in, const struct arm_plan *arms, size_t n,
                         struct engine **out, struct errinfo *e) ERR_CHECKED;
void engine_free(struct engine *g); /* NULL is fine */

/* Open a run from its directory, with all its arms, exactly as its last save left it;
 * the directories are locked for writing. `given` may be NULL; settings that the user
 * named in it (settings_given) must be the run's own, but for those that do not shape
 * the run (threads, logging, saving) and for more steps, which extend it. `in`: the
 * run's inputs if they are open already; NULL: they are opened. Takes `in` over, unless
 * it fails. ERR_USAGE: in use by another process, or other inputs or settings than
 * recorded. */
enum err engine_resume(const char *dir, const struct settings *given,
                       const char *samples_dir, struct inputs *in, struct engine **out,
                       struct errinfo *e) ERR_CHECKED;

/* Steps that all arms have done. */
int64_t engine_step_count(const struct engine *g);
bool engine_done(const struct engine *g);

/* One step of every arm, then the row, the evaluation and the checkpoint that are due.
 * An arm that is ahead waits for the rest, as after a resume of a run that was killed
 * between the saves of its arms. ERR_NUMERIC: the loss is not finite any more. */
enum err engine_step(struct engine *g, struct errinfo *e) ERR_CHECKED;
/* Evaluate all arms now, with the spread of their concepts, which evaluations during
 * training leave out; record it as a row at this step. */
enum err engine_evaluate(struct engine *g, struct errinfo *e) ERR_CHECKED;
/* Evaluate if an evaluation that was due has been interrupted. */
enum err engine_catch_up(struct engine *g, struct errinfo *e) ERR_CHECKED;
/* Step of the next evaluation if it is known (not stretched), else -1. */
int64_t engine_next_eval(const struct engine *g);

/* Rate of an arm from the next fill on, or (at > now) from step `at`. */
enum err engine_set_mask(struct engine *g, size_t arm, double rate, int64_t at,
                         struct errinfo *e) ERR_CHECKED;
/* A twin of each arm with the opposite masking. ERR_USAGE when there are two conditions
 * already. */
enum err engine_fork(struct engine *g, struct errinfo *e) ERR_CHECKED;
/* A further seed of weights for each condition. They train from step 0 on the same text
 * and the others wait until they have come to their step: as if all had begun together,
 * to the same bytes. ERR_USAGE where that would be another condition, since masks,
 * learning rate or length were changed on the way, for a fork, while seeds that were
 * added before are still on their way, and for more than RUN_ARMS_MAX; ERR_LIMIT where
 * they do not fit into memory. */
enum err engine_add_seed(struct engine *g, struct errinfo *e) ERR_CHECKED;
/* How many arms that would add, without adding them; errors as above. */
enum err engine_weigh_seed(const struct engine *g, size_t *arms,
                           struct errinfo *e) ERR_CHECKED;
/* A condition that is added, "NAME:key=value,..." (train/also.h): the first one's
 * settings but for these, with its seeds. */
struct engine_addition {
    char name[ARM_NAME_MAX];
    char differs[256]; /* "k=8": from the first one, with what follows from it; cut
                          where there is more */
    size_t seeds;      /* as many arms */
    size_t bytes;      /* of memory, about */
    double seconds;    /* until they have come to the others' step, about */
};
/* Describes the condition that `text` would add and its cost, without adding it.
 * ERR_USAGE for a text that is wrong, a name that is taken, settings that a condition
 * has already, more than RUN_ARMS_MAX arms, while arms added before are still catching
 * up, and once the first condition was changed during training, since the new one would
 * not have its past. ERR_LIMIT where the arms do not fit into memory. Makes one such
 * arm and releases it: milliseconds. */
enum err engine_weigh_condition(const struct engine *g, const char *text,
                                struct engine_addition *out,
                                struct errinfo *e) ERR_CHECKED;
/* Add it. Its arms train from step 0 on the same text while the others wait, to the
 * bytes that they would have if they had been there from the start (`also`). Errors as
 * above. */
enum err engine_add_condition(struct engine *g, const char *text,
                              struct engine_addition *out,
                              struct errinfo *e) ERR_CHECKED;
/* Whether all arms have done the same steps. */
bool engine_is_level(const struct engine *g);
/* Whether a run of `planned` steps can be given `steps`: ERR_USAGE when that is not
 * more, or more than the setting may be. */
enum err engine_check_extend(int64_t planned, int64_t steps,
                             struct errinfo *e) ERR_CHECKED;
/* Plan more steps, after that check. */
enum err engine_extend(struct engine *g, int64_t steps, struct errinfo *e) ERR_CHECKED;
/* Change settings of a condition during training, "lr=0.001,k=8", in all of its arms or
 * in none, from the next step on; its event says from what to what. Errors of
 * arm_prepare. */
enum err engine_tune(struct engine *g, const char *condition, const char *pairs,
                     struct errinfo *e) ERR_CHECKED;

/* Record an event of an arm (all arms: arm = ENGINE_ALL_ARMS). */
enum err engine_event(struct engine *g, size_t arm, struct errinfo *e, const char *kind,
                      const char *fmt, ...)
    __attribute__((format(printf, 5, 6))) ERR_CHECKED;

/* Save every arm: the first into dir, the others at their places (arm_place.h). A
 * directory that this engine has not saved in before must not exist. */
enum err engine_save(struct engine *g, const char *dir, struct errinfo *e) ERR_CHECKED;
/* The checkpoint of a step, if one is due: all arms saved, and kept as
 * checkpoints/step-N and checkpoints/best where that is asked for. */
enum err engine_checkpoint(struct engine *g, struct errinfo *e) ERR_CHECKED;

/* Its arms by their settings; lasts as long as they do. */
void engine_shape(const struct engine *g, struct run_shape *out);
/* run_bytes and run_arm_bytes of them. */
size_t engine_bytes(const struct engine *g);
size_t engine_arm_bytes(const struct engine *g, size_t arm);

/* The evaluation set for the settings of `in`, on harvester h. Caller owns. NULL for a
 * source that is no text: the engine then measures its arms by itself. */
enum err engine_eval_set(const struct inputs *in, struct harvester *h,
                         struct pool *pool, const atomic_bool *cancel,
                         struct eval_set **out, struct errinfo *e) ERR_CHECKED;

#endif
