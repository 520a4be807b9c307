/* A comparison in the making, shared by its files: session_compare.c gathers the inputs
 * and pairs latents, session_compare_measures.c measures and states the results. */
#ifndef SAETOP_SESSION_SESSION_COMPARE_PRIV_H
#define SAETOP_SESSION_SESSION_COMPARE_PRIV_H

#include "run/run_arms.h"
#include "session/session_priv.h"

/* An arm of the open run or of another. */
struct compare_arm {
    struct settings set;
    struct history history; /* rows only */
    int64_t step;
    char dir[SETTING_TEXT_MAX]; /* "" not saved */
    struct concept_table *concepts;
    struct sae *sae; /* a frozen copy for an arm of the open run whose latents may be
                        compared; or NULL */
    char seed[CONDITION_SEED];
    size_t cond;   /* of its run */
    uint64_t text; /* hash of the text it was trained on; 0: not known */
    bool imported; /* from another tool: how it was trained is not known */
    bool shown;    /* in the open run: the seed of its condition that screens show */
    char label[COMPARE_NAME];
    struct condition_changes changes[CHANGE_KINDS]; /* during training */
};
struct compare_input {
    size_t n;
    struct compare_arm *arm;
};

struct compare_choice_arms {
    size_t n;
    struct compare_arm *arm[RUN_ARMS_MAX];
};

struct compare_bench {
    struct session *s;
    const struct acts_set *set;
    struct harvester *h;
    const struct command *command;
    struct compare_input *own; /* the job's */
    struct compare_input other[COMPARE_OTHERS];
    struct compare_choice_arms of[COMPARE_CHOICES]; /* the arms of each choice */
    struct comparison *out;
};

/* The pairs of arms of two choices that have the same seeds. */
struct arm_pairs {
    size_t n;
    const struct compare_arm *of[2][RUN_ARMS_MAX];
};
void session_compare_pair_arms(const struct compare_bench *b, size_t x, size_t y,
                               struct arm_pairs *out);

/* Publishes what is being done. */
void session_compare_doing(struct session *s, const char *what);
/* Writes the measures of the pairs of both sides into b->out, and the mean L0 of each
 * side into l0. Where there are no pairs a remark says why. ERR_NOMEM,
 * ERR_CANCELLED. */
enum err session_compare_measure_pairs(struct compare_bench *b,
                                       const struct arm_pairs *p, double l0[2],
                                       struct errinfo *e) ERR_CHECKED;
/* Writes what may be concluded from the measures, and warnings, into b->out. */
enum err session_compare_say_it(struct compare_bench *b, const struct arm_pairs *p,
                                const double l0[2], struct errinfo *e) ERR_CHECKED;

#endif
