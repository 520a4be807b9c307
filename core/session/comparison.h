/* Two sides compared, as a screen shows them: what the job thread made of frozen
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
#define COMPARE_OTHERS      2 /* runs beside the one that is open */

/* A condition that may stand on either side: of the run that is open, or of another. */
struct compare_choice {
    char letter;             /* 'A', ...: those of the open run first */
    char name[COMPARE_NAME]; /* "mask p=0.30", "r22: no mask" */
    size_t seeds;            /* arms */
    size_t run;              /* 0: the one that is open, of whose conditions it is the
                                one with its own number */
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
    struct sae *sae; /* owned; for contexts. The job thread's alone */
};

struct comparison {
    atomic_int refs;
    char other[COMPARE_PATH]; /* further runs, a line each; "" none */
    struct compare_choice choice[COMPARE_CHOICES];
    size_t n_choices;
    struct comparison_side side[2];
    struct compared measures; /* side 0 less side 1 */
    size_t control; /* choice that is side 0's random control; n_choices: none */
    int64_t measured[RUN_ARMS_MAX]; /* last evaluation of each arm of the open run then;
                                       -1: none, or no such arm */
    enum compare_source {
        COMPARE_FROM_KEPT,    /* evaluations that `saetop eval` kept */
        COMPARE_FROM_RUN,     /* what training measured last */
        COMPARE_FROM_JUST_NOW /* evaluated for it */
    } source;
    size_t rows; /* of held-out text that they were measured on; 0: not known */
    struct difference difference[COMPARE_DIFFERENCES];
    size_t n_differences;
    struct remarks remarks; /* warnings */
    char *said;             /* sentences, a line each */
    struct latent_pairs *pairs;
    char unpaired[256]; /* why there are none; "" */
};

struct comparison *comparison_ref(struct comparison *c);
void comparison_unref(struct comparison *c); /* NULL is fine */

#endif
