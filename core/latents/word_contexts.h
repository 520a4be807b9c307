/* A word in its contexts: where it stands in held-out text, with the activations there
 * of the latents that carry its concept, and of one that may have taken it from them.
 * Immutable once made, shared by reference count; any thread. */
#ifndef SAETOP_LATENTS_WORD_CONTEXTS_H
#define SAETOP_LATENTS_WORD_CONTEXTS_H

#include "latents/latent_table.h"

#define WORD_LATENTS 10 /* most main latents */

/* The word, and the latents whose activations are wanted. */
struct word_query {
    int32_t token;
    size_t n_main; /* at least 1 */
    int32_t main[WORD_LATENTS];
    int32_t other; /* -1: none */
};

struct word_context {
    struct latent_context at; /* the word at the centre; act and heat are of `other`, or
                                 without one of the first main latent */
    float main; /* the greatest activation of a main latent on the word; 0: silent */
};

struct word_contexts {
    atomic_int refs;
    int64_t step;
    struct word_query of;
    size_t occurrences;                    /* of the word in the rows; of these: */
    size_t main_fires, other_fires, taken; /* taken: only `other` fires */
    size_t n;
    struct word_context context[LATENT_CONTEXTS]; /* first those that were taken, then
                            those where all are silent; by activation of `other`, then
                            in the text's order */
};

/* Finds the contexts in the rows of `set`; special positions do not count. Activations
 * as in latent_table.h. ERR_USAGE for latents that s does not have, ERR_CANCELLED,
 * ERR_NOMEM. O(occurrences D F), and 41 tokens a context. */
enum err word_contexts_new(const struct sae *s, const struct acts_set *set,
                           const struct word_query *q, int64_t step,
                           const atomic_bool *cancel, struct word_contexts **out,
                           struct errinfo *e) ERR_CHECKED;
struct word_contexts *word_contexts_ref(struct word_contexts *w);
void word_contexts_unref(struct word_contexts *w); /* NULL is fine */

#endif
