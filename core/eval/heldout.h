/* A second measure of how well one latent tells a concept, without any probe: the
 * latent of greatest F1 on one half of the word forms, and its F1 on the other half. */
#ifndef SAETOP_EVAL_HELDOUT_H
#define SAETOP_EVAL_HELDOUT_H

#include "eval/evaluate.h"

/* f1 [c->n_probed]: the mean of both directions, NaN where a half has no word of the
 * concept. All occurrences of probed words in the set's clean text count; a latent says
 * yes where it fires; classes count alike, as in all F1 of words. The halves are drawn
 * from the set's seed, forms of one concept alternately: the same for every SAE. Ties
 * go to the lower latent. */
enum err heldout_f1(const struct eval_set *set, const struct concepts *c,
                    const struct sae *s, struct pool *pool, const atomic_bool *cancel,
                    double *f1, struct errinfo *e) ERR_CHECKED;

#endif
