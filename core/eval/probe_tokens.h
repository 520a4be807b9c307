/* Sparse probing of token concepts: is this word an animal? Rows are the evaluation
 * set's sample of concept words, each with its own activation. */
#ifndef SAETOP_EVAL_PROBE_TOKENS_H
#define SAETOP_EVAL_PROBE_TOKENS_H

#include "eval/evalset_priv.h"
#include "eval/probe_sheet.h"
#include "sae/sae.h"

/* A concept is a task if it has at least so many words to train on and to test on. */
#define TOKEN_TASK_TRAIN 20
#define TOKEN_TASK_TEST  5

/* The part that is the same for every SAE: rows to train on, to test on and out of
 * distribution, and the probes that read raw activations. Made once. */
struct token_tasks {
    size_t n_train, n_test, n_ood, D;
    float *raw;            /* [n, D] of all these rows */
    uint32_t *at;          /* [n] their positions in their text */
    size_t *concept_start; /* [n+1] concepts of a row ... */
    int32_t *concept;
    size_t *task_start; /* [n+1] ... and those of them that are tasks, by number */
    int32_t *task;
    size_t n_concepts;       /* of which base.n are tasks */
    struct probe_sheet base; /* their raw probes; id: the task's concept */
};

/* Makes the tasks. ood: OOD rows on whose concept words (at most per_word of each) the
 * same probes are tested too; NULL: none. A set without concept words gives no tasks.
 * ERR_NOMEM, ERR_CANCELLED. */
enum err token_tasks_init(struct token_tasks *t, const struct eval_set *set,
                          const struct acts_set *ood, const struct concepts *c,
                          const struct probe_ks *ks, struct pool *pool,
                          const atomic_bool *cancel, struct errinfo *e) ERR_CHECKED;
void token_tasks_deinit(struct token_tasks *t);

/* Reports figures below probing.leaf, .super and .letter with classes weighted alike;
 * units are concepts; the list "probing_concepts" names latents. Concepts with too few
 * words are left out and counted in the report. Any thread. */
enum err probe_tokens(const struct token_tasks *t, const struct concepts *c,
                      const struct sae *sae, struct pool *pool,
                      const atomic_bool *cancel, struct report *r,
                      struct errinfo *e) ERR_CHECKED;

#endif
