/* The arms of runs with their evaluations: those kept in their eval.json where they
 * still hold, else made now and kept. Owner thread. */
#ifndef SAETOP_SRC_ARM_EVALS_H
#define SAETOP_SRC_ARM_EVALS_H

#include "base/json.h"
#include "base/remarks.h"
#include "run/conditions.h"
#include "train/rundir.h"

struct arm_eval {
    char dir[RUNDIR_PATH];
    struct run_record record;
    bool named;  /* as a run, and not come as an arm of one */
    cJSON *eval; /* the tree of its eval.json */
};
struct arm_evals {
    size_t n;
    struct arm_eval *arm;
    struct conditions conditions;
    struct remarks remarks; /* of what was opened, for people and for JSON */
    bool lost;              /* an evaluation could not be kept, as stderr says */
    bool needs_text;        /* runs without a text are refused */
    bool textless;          /* all are on activations made elsewhere, */
    uint64_t files_hash;    /* whose files are these */
};

#define ARM_EVALS_MAX 64 /* arms */

struct arm_evals_opts {
    bool anew;       /* no kept evaluation holds */
    bool quiet;      /* how far it is, is not said */
    int64_t threads; /* 0: as many as the process may use */
};
/* The arms of n_runs runs, grouped into conditions, and an evaluation of each. A kept
 * one holds if it is of the run's step, made by `saetop eval` with its usual rows and
 * seed. The others are made as by `saetop eval`, of one model and text, tens of seconds
 * each on one core: stderr says beforehand how many, and a line an arm how far it is
 * and, once that is known, how long the rest takes. ERR_USAGE for runs of different
 * models or texts, on known features, or on activations made elsewhere; errors of
 * reading and of evaluating. After an error call arm_evals_close too. */
enum err arm_evals_open(const char *const *run, size_t n_runs,
                        const struct arm_evals_opts *o, struct arm_evals *out,
                        struct errinfo *e) ERR_CHECKED;
/* The same, but ERR_USAGE, before anything is evaluated, where all arms are of one
 * condition; and all may be on the same activations made elsewhere: then a kept
 * evaluation holds for those files alone, and what takes the model is not in it. */
enum err arm_evals_compare(const char *const *run, size_t n_runs,
                           const struct arm_evals_opts *o, struct arm_evals *out,
                           struct errinfo *e) ERR_CHECKED;
void arm_evals_close(struct arm_evals *a);

/* Whether an arm has steps of its plan left: verdicts are then "so far". */
bool arm_evals_so_far(const struct arm_evals *a);

/* Seeds of each condition that the run planned, as its first arm says it; 0: there are
 * several runs, so it is not known. */
size_t arm_evals_planned(const struct arm_evals *a);

/* Append "conditions": [{"name", "settings", "runs", "seeds"}] and "remarks" as members
 * of a JSON object that is being written, each followed by a comma. */
void arm_evals_json(const struct arm_evals *a, struct str *out);
/* The same for people: a line a condition, a line a remark is the caller's. */
void arm_evals_text(const struct arm_evals *a, struct str *out);

#endif
