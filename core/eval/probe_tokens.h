/* Sparse probing on token concepts: is this word an animal? Rows are the evaluation
 * set's sample of concept words, each by its own activation. */
#ifndef SAETOP_EVAL_PROBE_TOKENS_H
#define SAETOP_EVAL_PROBE_TOKENS_H

#include "eval/evalset_priv.h"
#include "eval/probe_sheet.h"
#include "sae/sae.h"

/* A concept is a task with at least as many words to learn from and to test on. */
#define TOKEN_TASK_TRAIN 20
#define TOKEN_TASK_TEST  5

/* Figures below probing.leaf, .super and .letter with classes weighted alike, units are
 * concepts; the list "probing_concepts" names latents. ood: OOD rows whose concept
 * words (at most per_word of each) the same probes are tested on; NULL: none. Concepts
 * with too few words are left out, and listed with a count. */
enum err probe_tokens(const struct eval_set *set, const struct acts_set *ood,
                      const struct concepts *c, const struct sae *sae,
                      const struct probe_ks *ks, struct pool *pool,
                      const atomic_bool *cancel, struct report *r,
                      struct errinfo *e) ERR_CHECKED;

#endif
