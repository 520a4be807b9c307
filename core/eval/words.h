/* The verdict on each word of a concept: the rule of absorption (absorption.h) read
 * word by word, over all its occurrences that no probe was trained on. evaluate() gives
 * the words of every eligible concept: concepts ascending, words of one by token. */
#ifndef SAETOP_EVAL_WORDS_H
#define SAETOP_EVAL_WORDS_H

#include "eval/evaluate.h"

/* Held-out occurrences that a verdict needs. A share of fewer is too coarse to tell
 * which verdict holds: at 20 its standard error is up to .11. */
#define WORD_LEAST 20

/* Verdict on a word: the first of these that holds. */
enum word_verdict {
    WORD_TOO_RARE,    /* fewer than eval_config.word_least held-out occurrences */
    WORD_PROBE_WRONG, /* the raw probe gets less than half of them right: the model
                         itself does not tell that the word belongs to the concept */
    WORD_HELD,        /* a main latent fires on at least half of the right ones */
    WORD_ABSORBED, /* at least half of those on which none fires are fully absorbed */
    WORD_MISSED,   /* the rest: the concept is there, and no latent carries it */
    WORD_VERDICTS
};
/* "too rare", "probe wrong", "held", "absorbed", "missed" */
const char *word_verdict_name(enum word_verdict v);

struct word_absorber {
    int32_t latent;    /* -1: none */
    size_t times;      /* occurrences that it absorbed */
    double projection; /* mean over them of its projection as a share of the probe's */
};

/* Counts are of held-out occurrences. */
struct word_result {
    int32_t concept; /* of the set */
    int32_t token;
    enum word_verdict verdict;
    size_t occurrences;
    size_t fires;    /* a main latent fires */
    size_t right;    /* the raw probe says yes: true positives. Of these: */
    size_t held;     /* a main latent fires */
    size_t absorbed; /* fully absorbed */
    double fraction; /* mean absorption fraction; NaN if none is right */
    struct word_absorber absorber[EVAL_ABSORBERS]; /* most first, then by number */
};

/* Returns the share of the word's absorbed occurrences that its absorber i absorbed; 0
 * if none are absorbed. */
double word_absorber_share(const struct word_result *w, size_t i);

/* Returns the verdict that follows from w's counts. */
enum word_verdict word_verdict(const struct word_result *w, size_t least);

#endif
