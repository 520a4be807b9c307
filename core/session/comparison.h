/* The comparison of two sides as a screen shows it, made by the job thread from frozen
 * copies. Immutable once made, shared by reference count; any thread. */
#ifndef SAETOP_SESSION_COMPARISON_H
#define SAETOP_SESSION_COMPARISON_H

#include "latents/latent_pairs.h"
#include "run/compared.h"
#include "train/arm_place.h"

#define COMPARE_CHOICES     16 /* conditions to choose from */
#define COMPARE_NAME        96
#define COMPARE_DIFFERENCES 48
#define COMPARE_PATH        1024
#define COMPARE_OTHERS      2 /* runs besides the one that is open */

/* A condition that may stand on either side, from the open run or from another. */
struct compare_choice {
    char letter;             /* 'A', ...; conditions of the open run come first */
    char name[COMPARE_NAME]; /* "mask p=0.30", "r22: no mask" */
    size_t seeds;            /* arms */
    size_t run;              /* 0: the open run; choice i is then its condition i */
};

struct comparison_side {
    size_t choice;
    int64_t step; /* -1: not known */
    size_t F;
    char seed[CONDITION_SEED]; /* of the arm whose latents are compared, */
    size_t arm;                /* which of the open run it is, if it is of that */
    struct compare_curve curve[METRIC_COUNT];
    struct latent_table
        *table;      /* owned reference; NULL: its latents are not compared */
    struct sae *sae; /* owned; for contexts; used by the job thread only */
};

struct comparison {
    atomic_int refs;
    char other[COMPARE_PATH]; /* further runs, one per line; "": none */
    struct compare_choice choice[COMPARE_CHOICES];
    size_t n_choices;
    struct comparison_side side[2];
    struct compared measures; /* side 0 minus side 1 */
    size_t control; /* the choice that is side 0's random control; n_choices: none */
    int64_t measured[RUN_ARMS_MAX]; /* step of the last evaluation of each arm of the
                                       open run at that time; -1: none, or no such
                                       arm */
    enum compare_source {
        COMPARE_FROM_KEPT,    /* evaluations kept by `saetop eval` */
        COMPARE_FROM_RUN,     /* the last measures of training */
        COMPARE_FROM_JUST_NOW /* evaluated for this comparison */
    } source;
    size_t rows; /* of held-out text that the measures were taken on; 0: not known */
    struct difference difference[COMPARE_DIFFERENCES];
    size_t n_differences;
    struct remarks remarks; /* warnings */
    char *said;             /* sentences, one per line */
    struct latent_pairs *pairs;
    char unpaired[256]; /* why there are no pairs; "" */
};

struct comparison *comparison_ref(struct comparison *c);
void comparison_unref(struct comparison *c); /* NULL is fine */

#endif
