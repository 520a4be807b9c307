/* A comparison while it is made, between its files: session_compare.c gathers what it
 * is made of and pairs latents, session_compare_measures.c measures and says. */
#ifndef SAETOP_SESSION_SESSION_COMPARE_PRIV_H
#define SAETOP_SESSION_SESSION_COMPARE_PRIV_H

#include "run/run_arms.h"
#include "session/session_priv.h"

/* An arm of either run. */
struct compare_arm {
    struct settings set;
    struct history history; /* rows alone */
    int64_t step;
    char dir[SETTING_TEXT_MAX]; /* "" not saved */
    struct concept_table *concepts;
    struct sae *sae; /* of the open run a frozen copy, where its latents may be
                        compared; or NULL */
    char seed[CONDITION_SEED];
    size_t cond;   /* of its run */
    uint64_t text; /* hash of what it was trained on; 0: not known */
    bool imported; /* another tool's: how it was trained is not known */
    bool shown;    /* of the open run: the seed of its condition that screens show */
    char label[COMPARE_NAME];
    struct condition_changes changes[CHANGE_KINDS]; /* on the way */
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
    struct compare_input *own; /* of the job */
    struct compare_input other[COMPARE_OTHERS];
    struct compare_choice_arms of[COMPARE_CHOICES]; /* what a choice is */
    struct comparison *out;
};

/* The arms of two choices that have their seeds in common. */
struct arm_pairs {
    size_t n;
    const struct compare_arm *of[2][RUN_ARMS_MAX];
};
void session_compare_pair_arms(const struct compare_bench *b, size_t x, size_t y,
                               struct arm_pairs *out);

/* Say what is being done. */
void session_compare_doing(struct session *s, const char *what);
/* Measures of the pairs of both sides, into b->out; l0: mean of each side. Where there
 * are none a remark says why. ERR_NOMEM, ERR_CANCELLED. */
enum err session_compare_measure_pairs(struct compare_bench *b,
                                       const struct arm_pairs *p, double l0[2],
                                       struct errinfo *e) ERR_CHECKED;
/* What may be concluded from them, and warnings, into b->out. */
enum err session_compare_say_it(struct compare_bench *b, const struct arm_pairs *p,
                                const double l0[2], struct errinfo *e) ERR_CHECKED;

#endif
