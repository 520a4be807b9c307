/* The arms of runs with their evaluations: taken from eval.json where what was kept
 * there still holds, else made now and kept. Owner thread. */
#ifndef SAETOP_SRC_ARM_EVALS_H
#define SAETOP_SRC_ARM_EVALS_H

#include "base/json.h"
#include "base/remarks.h"
#include "run/conditions.h"
#include "train/rundir.h"

struct arm_eval {
    char dir[RUNDIR_PATH];
    struct run_record record;
    bool named;  /* named as a run, not as an arm of one */
    cJSON *eval; /* its eval.json, parsed */
};
struct arm_evals {
    size_t n;
    struct arm_eval *arm;
    struct conditions conditions;
    struct remarks remarks; /* on what was opened, for people and for JSON */
    bool lost;              /* an evaluation could not be kept, as stderr says */
    bool needs_text;        /* refuse runs without a text */
    bool textless;          /* all runs are on activations made elsewhere, */
    uint64_t files_hash;    /* with this hash of their files */
};

#define ARM_EVALS_MAX 64 /* arms at most */

struct arm_evals_opts {
    bool anew;       /* use no kept evaluation */
    bool quiet;      /* show no progress */
    int64_t threads; /* 0: as many as the process may use */
};
/* Open the arms of n_runs runs, grouped into conditions, with an evaluation of each. A
 * kept evaluation holds if it is of the run's step and `saetop eval` made it with its
 * default rows and seed. The others are made as `saetop eval` does, all on one model
 * and text, in tens of seconds each on one core: stderr says beforehand how many there
 * are, and for each arm, in a line, how far it is and, once known, how long the rest
 * will take. ERR_USAGE for runs of different models or texts, on known features, or on
 * activations made elsewhere; errors of reading and of evaluating. Call arm_evals_close
 * after an error too. */
enum err arm_evals_open(const char *const *run, size_t n_runs,
                        const struct arm_evals_opts *o, struct arm_evals *out,
                        struct errinfo *e) ERR_CHECKED;
/* The same, but ERR_USAGE, before anything is evaluated, if all arms are of one
 * condition. All may be on the same activations made elsewhere: then a kept evaluation
 * holds for those files alone, and lacks what needs the model. */
enum err arm_evals_compare(const char *const *run, size_t n_runs,
                           const struct arm_evals_opts *o, struct arm_evals *out,
                           struct errinfo *e) ERR_CHECKED;
void arm_evals_close(struct arm_evals *a);

/* Whether an arm has steps of its plan left: verdicts then are "so far". */
bool arm_evals_so_far(const struct arm_evals *a);

/* How many seeds of each condition the run planned, as its first arm says; 0: not
 * known, there being several runs. */
size_t arm_evals_planned(const struct arm_evals *a);

/* Append "conditions": [{"name", "settings", "runs", "seeds"}] and "remarks" as members
 * of a JSON object being written, each followed by a comma. */
void arm_evals_json(const struct arm_evals *a, struct str *out);
/* Append a line for each condition, for people; the caller writes the remarks. */
void arm_evals_text(const struct arm_evals *a, struct str *out);

#endif
