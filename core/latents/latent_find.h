/* Which latents a text asks for: by number, by what a person called them, by what they
 * match, by kind, or by any token in the index that they fire on. Any thread. */
#ifndef SAETOP_LATENTS_LATENT_FIND_H
#define SAETOP_LATENTS_LATENT_FIND_H

#include "latents/latent_labels.h"
#include "latents/latent_names.h"

enum latent_found_by {
    BY_NUMBER,
    BY_LABEL,
    BY_MATCH,
    BY_KIND,
    BY_TOKEN,
    LATENT_FOUND_BY
};

struct latent_found {
    int32_t latent;
    enum latent_found_by by; /* the best answer */
    double score;            /* for ranking only: the best first */
    /* For BY_TOKEN: the answering token with most of the latent's activation. */
    const struct latent_token *token;
    double share; /* of the latent's activation, over all answering tokens */
    double sum;   /* that activation */
};

/* "number", "label", "match", "kind", "token". */
const char *latent_found_by_name(enum latent_found_by by);

/* Finds the latents that answer to each word of `text`, or to the whole of it, best
 * first, at most `most`. A text's quality (base/fuzzy.h) counts before all else; on a
 * tie a match counts by its F1, and a token half by its share of the latent's
 * activation and half by the sum of it relative to other latents. labels may be NULL.
 * *n is how many are in out [most]; *all, which may be NULL, how many there are.
 * ERR_NOMEM. O(words x (vocabulary + F + index)): 10 ms of CPU a word at 65,536 latents
 * that fire on six tokens each. */
enum err latent_find(const struct latent_table *t, const struct names *names,
                     const struct latent_labels *labels, const char *text, size_t most,
                     struct latent_found *out, size_t *n, size_t *all,
                     struct errinfo *e) ERR_CHECKED;

#endif
