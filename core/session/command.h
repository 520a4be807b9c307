/* Commands that a person can give to a session. They go through a bounded queue that
 * the trainer empties between steps, so that each takes effect at a known step and is
 * recorded there. */
#ifndef SAETOP_SESSION_COMMAND_H
#define SAETOP_SESSION_COMMAND_H

#include "eval/rule.h"
#include "latents/word_contexts.h"

#include <stdint.h>

/* X(id, name) */
#define COMMAND_LIST(X)                                                                \
    X(PAUSE, "pause")                                                                  \
    X(RESUME, "resume")     /* also: train on a run that was opened for browsing */    \
    X(MASK, "mask")         /* cond, value = rate, at = step or 0: now */              \
    X(FORK, "fork")         /* a twin of A with the opposite masking */                \
    X(EXTEND, "extend")     /* at = new planned length */                              \
    X(TUNE, "tune")         /* cond, text = "lr=0.001,k=8" */                          \
    X(NOTE, "note")         /* text, at this step */                                   \
    X(SAVE, "save")         /* text = directory of the run. "": own              */    \
    X(EVALUATE, "evaluate") /* now */                                                  \
    X(TABLE, "describe latents")       /* arm */                                       \
    X(CONCEPTS, "measure concepts")    /* arm; of a run that is browsed */             \
    X(PARTNERS, "pair latents")        /* arm and, in at, another */                   \
    X(DETAIL, "describe a latent")     /* arm, latent, interval */                     \
    X(SUBJECT, "ask the model")        /* arm: whom questions of prompts go to */      \
    X(WORD, "contexts of a word")      /* arm, word */                                 \
    X(COMPARE, "compare")              /* two = choices, text = other run */           \
    X(PAIR, "contexts of two latents") /* two = latents of either side */              \
    X(LABEL, "label a latent")         /* arm, latent, text; "": none */               \
    X(PRESET, "keep a preset") /* arm, text = "NAME EDIT EDIT ..": save them under     \
                                  that name; "NAME": drop it */                        \
    X(SEED, "seed")            /* at = the seed to show, from 0 */                     \
    X(SEEDS, "seeds") /* at = how many to add to each condition; value 0: only tell */ \
    X(CONDITION, "add a condition")  /* text; value 0: say what it takes, 1: do */     \
    X(RULE, "judge by another rule") /* rule, of absorption */                         \
    X(FOLLOW, "follow a run")        /* that is browsed: saved by another */           \
    X(SAVE_CONFIG, "save the configuration") /* text = file */                         \
    X(STOP, "stop") /* save_first in value: 1 save, 0 discard */

enum command_kind {
#define COMMAND_ENUM(id, name) COMMAND_##id,
    COMMAND_LIST(COMMAND_ENUM)
#undef COMMAND_ENUM
};

struct command {
    enum command_kind kind;
    int cond;   /* 0: A, 1: B; all its seeds */
    size_t arm; /* of the view's */
    double value;
    int64_t at;
    int32_t latent;
    int interval;   /* enum context_interval */
    int32_t two[2]; /* of the sides of a comparison; -1: the usual choice, no latent */
    char text[1024];
    struct absorption_rule rule;
    struct word_query word;
};

#endif
