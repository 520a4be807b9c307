/* A second measure of how well one latent tells a concept, without any probe: the
 * latent of greatest F1 on one half of the word forms, and that latent's F1 on the
 * other half. */
#ifndef SAETOP_EVAL_HELDOUT_H
#define SAETOP_EVAL_HELDOUT_H

#include "eval/evaluate.h"

/* Sets f1_heldout of r's eligible concepts, where r is the result of evaluate() on the
 * same set and SAE: the mean of both directions, NaN if a half has no word of the
 * concept. All occurrences of probed words in the set's clean text count; a latent says
 * yes where it fires; classes count alike, as in all F1 of words. The halves are drawn
 * from the set's seed, forms of one concept alternately, and are the same for every
 * SAE. Ties go to the lower latent. `c`: the set's concepts. Owner of the pool. O(rows
 * D F) for the codes. ERR_CANCELLED, ERR_NOMEM. */
enum err heldout_measure(const struct eval_set *set, const struct concepts *c,
                         const struct sae *s, struct pool *pool,
                         const atomic_bool *cancel, struct eval_result *r,
                         struct errinfo *e) ERR_CHECKED;

/* The part that is the same for every SAE: the occurrences, their activations (a copy)
 * and halves. Make it once to measure several SAEs. `c` is borrowed; the set is not
 * needed afterwards. Immutable; any thread may read it. O(rows log rows). ERR_NOMEM. */
struct heldout_words;
enum err heldout_words_new(const struct eval_set *set, const struct concepts *c,
                           struct heldout_words **out, struct errinfo *e) ERR_CHECKED;
void heldout_words_free(struct heldout_words *w); /* NULL is fine */
/* heldout_measure with the same figures. */
enum err heldout_words_measure(const struct heldout_words *w, const struct sae *s,
                               struct pool *pool, const atomic_bool *cancel,
                               struct eval_result *r, struct errinfo *e) ERR_CHECKED;

#endif
