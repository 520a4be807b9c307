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
    X(RESUME, "resume")          /* also: go on training a run opened for browsing */  \
    X(MASK, "mask")              /* cond, value = rate, at = step or 0: now */         \
    X(FORK, "fork")              /* a twin of A with the opposite masking */           \
    X(EXTEND, "extend")          /* at = new planned length */                         \
    X(TUNE, "tune")              /* cond, text = "lr=0.001,k=8" */                     \
    X(NOTE, "note")              /* text, at this step */                              \
    X(SAVE, "save")              /* text = directory of the run; "": its own */        \
    X(EVALUATE, "evaluate")      /* now */                                             \
    X(TABLE, "describe latents") /* arm */                                             \
    X(CONCEPTS, "measure concepts")    /* arm; in a run being browsed */               \
    X(PARTNERS, "pair latents")        /* arm; at = the other arm */                   \
    X(DETAIL, "describe a latent")     /* arm, latent, interval */                     \
    X(SUBJECT, "ask the model")        /* arm: who answers questions about prompts */  \
    X(WORD, "contexts of a word")      /* arm, word */                                 \
    X(COMPARE, "compare")              /* two = choices, text = other run */           \
    X(PAIR, "contexts of two latents") /* two = a latent of each side */               \
    X(LABEL, "label a latent")         /* arm, latent, text; "": none */               \
    X(PRESET, "keep a preset") /* arm, text = "NAME EDIT EDIT ..": save under that     \
                                  name; "NAME": drop it */                             \
    X(SEED, "seed")            /* at = the seed to show, from 0 */                     \
    X(SEEDS, "seeds") /* at = how many to add per condition; value 0: only tell */     \
    X(CONDITION, "add a condition")  /* text; value 0: say what it takes, 1: do */     \
    X(RULE, "judge by another rule") /* rule, of absorption */                         \
    X(FOLLOW, "follow a run")        /* take in what another process saved */          \
    X(SAVE_CONFIG, "save the configuration") /* text = file */                         \
    X(STOP, "stop")                          /* value = 1: save first, 0: discard */

enum command_kind {
#define COMMAND_ENUM(id, name) COMMAND_##id,
    COMMAND_LIST(COMMAND_ENUM)
#undef COMMAND_ENUM
};

struct command {
    enum command_kind kind;
    int cond;   /* 0: A, 1: B, ...; with all its seeds */
    size_t arm; /* index into the view's arms */
    double value;
    int64_t at;
    int32_t latent;
    int interval;   /* enum context_interval */
    int32_t two[2]; /* for the sides of a comparison; -1: the usual choice, no latent */
    char text[1024];
    struct absorption_rule rule;
    struct word_query word;
};

#endif
