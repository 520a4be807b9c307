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

/* The kind of the event that records an arm whose error is past all use. */
#define ENGINE_DIVERGED "diverged"

/* All arms, in place of an arm's number. */
#define ENGINE_ALL_ARMS RUN_ARMS_MAX

struct engine_arm {
    struct arm *arm;
    struct history history;
    struct eval_result eval;
    struct concept_history *over; /* the concepts of all evaluations; NULL: none yet */
    struct report report;         /* the last one, for a source that is no text */
    bool evaluated;
    bool is_best;                 /* the best so far, and not kept yet */
    int worse;                    /* successive rows in which the error is past all
                                     use */
    bool was_good, diverged;      /* it once explained some variance; its event is
                                     recorded */
    struct arm_place place;       /* its name, and where it is saved */
    char condition[ARM_NAME_MAX]; /* as in arm_plan; each arm of an old run is a
                                     condition of its own */
    char dir[SETTING_TEXT_MAX];   /* where it was last saved; "": nowhere */
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
    struct probe_bank *saebench;     /* the set's probes in SAEBench's form, made when
                                        needed */
    struct heldout_words *words;     /* of the set, likewise */
    struct truth_set *truth;         /* for a synthetic source, from the first
                                        evaluation on */
    struct acts_bench *acts;         /* likewise, for activations made elsewhere */
    struct engine_arm arm[RUN_ARMS_MAX];
    size_t n_arms;
    struct dirlocks locks;      /* directories it saves in */
    char dir[SETTING_TEXT_MAX]; /* the run's, for checkpoints; "": none yet */
    char warning[400];          /* from resuming; "" */
    int64_t steps;              /* planned */
    double seconds;             /* of stepping and evaluation, without pauses */
    double row_seconds; /* `seconds` and tokens at the last row, for the rate since */
    uint64_t row_tokens;
    double tokens_per_second;
    bool stretch_eval;
    size_t evals;              /* so far, of all arms together */
    bool asked;                /* this evaluation is by engine_evaluate, so it has
                                  spread too */
    struct eval_pace pace;     /* for stretch_eval, since this opening */
    const atomic_bool *cancel; /* when set, stops an evaluation half way; may be NULL */
    struct engine_watch watch;
};

/* How a run is started or resumed, by `train`, the explorer and sweeps alike. */
struct engine_setup {
    const struct settings *set;  /* as asked for; for resuming only samples_dir is
                                    read */
    const struct arm_plan *arms; /* [n]; NULL: those that `set` asks for */
    size_t n;
    const char *dir;              /* where it is saved; NULL: not known yet */
    bool lock;                    /* make and lock the directories before any work */
    const char *resume;           /* the run to resume; then nothing above is read but
                                     samples_dir */
    const struct settings *given; /* for engine_resume; may be NULL */
    struct inputs *in; /* for resuming: inputs already open, taken over unless that
                          fails */
    bool stretch_eval;
    const atomic_bool *cancel;
    struct engine_watch watch; /* of what happens from here on */
    /* Called with the inputs when they are open; for a new run before there are arms.
     * An error from it ends the opening. May be NULL. */
    enum err (*opened)(void *user, struct inputs *in, struct errinfo *e);
    /* Called when the cost of the run is known: first the memory, in a new run before
     * it is taken, then the time, which is measured for this call and becomes the event
     * "estimate" of a new run. Not called for a run with no steps left. May be NULL:
     * nothing is measured. */
    void (*cost)(void *user, const struct inputs *in, const struct run_cost *cost);
    void *user;
};
/* Opens the engine of a run. A run that is locked and has checkpoints is saved at step
 * 0. Errors leave nothing behind: those of the inputs, engine_new_arms, dirlocks_make
 * and engine_resume, and that of run_check_room, which for a new run comes before its
 * memory is taken. */
enum err engine_open(const struct engine_setup *s, struct engine **out,
                     struct errinfo *e) ERR_CHECKED;

/* Makes an engine with the arms that the settings of `in` ask for (arm_plans_of), at
 * step 0. Takes `in` over, also on error. */
enum err engine_new(struct inputs *in, struct engine **out,
                    struct errinfo *e) ERR_CHECKED;
/* Makes an engine with arms[n]. The first has the settings that `in` was opened with;
 * the others differ from it only in settings of an arm (setting_list.h). Takes `in`
 * over, also on error. ERR_USAGE: more than RUN_ARMS_MAX. */
enum err engine_new_arms(struct inputs *in, const struct arm_plan *arms, size_t n,
                         struct engine **out, struct errinfo *e) ERR_CHECKED;
void engine_free(struct engine *g); /* NULL is fine */

/* Opens a run from its directory, with all its arms, exactly as its last save left it,
 * and locks the directories for writing. `given` may be NULL; settings that the user
 * named in it (settings_given) must equal the run's own, except those that do not shape
 * the run (threads, logging, saving) and more steps, which extend it. `in`: the run's
 * inputs if already open, else NULL; taken over, except on error. ERR_USAGE: in use by
 * another process, or inputs or settings differ from those recorded. */
enum err engine_resume(const char *dir, const struct settings *given,
                       const char *samples_dir, struct inputs *in, struct engine **out,
                       struct errinfo *e) ERR_CHECKED;

/* Returns how many steps all arms have done. */
int64_t engine_step_count(const struct engine *g);
bool engine_done(const struct engine *g);

/* Does one step of every arm, then the row, evaluation and checkpoint that are due. An
 * arm that is ahead waits for the rest, as happens after resuming a run that was killed
 * between the saves of its arms. ERR_NUMERIC: the loss is no longer finite. */
enum err engine_step(struct engine *g, struct errinfo *e) ERR_CHECKED;
/* Evaluates all arms now, with the spread of their concepts, which evaluations during
 * training leave out, and records a row at this step. */
enum err engine_evaluate(struct engine *g, struct errinfo *e) ERR_CHECKED;
/* Makes up for a due evaluation that was interrupted. */
enum err engine_catch_up(struct engine *g, struct errinfo *e) ERR_CHECKED;
/* Returns the step of the next evaluation if it is known (not stretched), else -1. */
int64_t engine_next_eval(const struct engine *g);

/* Sets an arm's mask rate from the next fill on, or (at > now) from step `at`. */
enum err engine_set_mask(struct engine *g, size_t arm, double rate, int64_t at,
                         struct errinfo *e) ERR_CHECKED;
/* Adds a twin of each arm with the opposite masking. ERR_USAGE when there are already
 * two conditions. */
enum err engine_fork(struct engine *g, struct errinfo *e) ERR_CHECKED;
/* Adds a further seed of weights to each condition. The new arms train from step 0 on
 * the same text while the others wait for them: the result is as if all had started
 * together, to the same bytes. ERR_USAGE where that would give another condition, since
 * masks, learning rate or length were changed during training; for a fork; while seeds
 * added before are still catching up; and for more than RUN_ARMS_MAX. ERR_LIMIT where
 * they do not fit into memory. */
enum err engine_add_seed(struct engine *g, struct errinfo *e) ERR_CHECKED;
/* Computes how many arms that would add, without adding them; errors as above. */
enum err engine_weigh_seed(const struct engine *g, size_t *arms,
                           struct errinfo *e) ERR_CHECKED;
/* A condition to add, "NAME:key=value,..." (train/also.h): the first one's settings
 * with these changes, with the same seeds. */
struct engine_addition {
    char name[ARM_NAME_MAX];
    char differs[256]; /* from the first one, with what follows from it: "k=8"; cut
                          where too long */
    size_t seeds;      /* one arm each */
    size_t bytes;      /* of memory, estimated */
    double seconds;    /* until they reach the others' step, estimated */
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
/* Adds that condition. Its arms train from step 0 on the same text while the others
 * wait, to the bytes they would have had if present from the start (`also`). Errors as
 * above. */
enum err engine_add_condition(struct engine *g, const char *text,
                              struct engine_addition *out,
                              struct errinfo *e) ERR_CHECKED;
/* Returns whether all arms have done the same steps. */
bool engine_is_level(const struct engine *g);
/* Checks that a run of `planned` steps can be extended to `steps`: ERR_USAGE when that
 * is not more, or more than the setting allows. */
enum err engine_check_extend(int64_t planned, int64_t steps,
                             struct errinfo *e) ERR_CHECKED;
/* Extends the plan to `steps`, after that check. */
enum err engine_extend(struct engine *g, int64_t steps, struct errinfo *e) ERR_CHECKED;
/* Changes settings of a condition during training, "lr=0.001,k=8", in all of its arms
 * or in none, from the next step on; the event records old and new values. Errors of
 * arm_prepare. */
enum err engine_tune(struct engine *g, const char *condition, const char *pairs,
                     struct errinfo *e) ERR_CHECKED;

/* Records an event of an arm (all arms: arm = ENGINE_ALL_ARMS). */
enum err engine_event(struct engine *g, size_t arm, struct errinfo *e, const char *kind,
                      const char *fmt, ...)
    __attribute__((format(printf, 5, 6))) ERR_CHECKED;

/* Saves every arm: the first into dir, the others at their places (arm_place.h). A
 * directory that this engine has not saved in before must not exist. */
enum err engine_save(struct engine *g, const char *dir, struct errinfo *e) ERR_CHECKED;
/* Makes the checkpoint of this step if one is due: saves all arms, and keeps them as
 * checkpoints/step-N and checkpoints/best where asked for. */
enum err engine_checkpoint(struct engine *g, struct errinfo *e) ERR_CHECKED;

/* Describes its arms by their settings; valid as long as the arms. */
void engine_shape(const struct engine *g, struct run_shape *out);
/* Return run_bytes and run_arm_bytes of its arms. */
size_t engine_bytes(const struct engine *g);
size_t engine_arm_bytes(const struct engine *g, size_t arm);

/* Makes the evaluation set for the settings of `in`, on harvester h. Caller owns. NULL
 * for a source that is no text: the engine then measures its arms by itself. */
enum err engine_eval_set(const struct inputs *in, struct harvester *h,
                         struct pool *pool, const atomic_bool *cancel,
                         struct eval_set **out, struct errinfo *e) ERR_CHECKED;

#endif
