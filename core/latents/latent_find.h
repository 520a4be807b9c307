/* Which latents a text asks for: by number, by what a person called them, by what they
 * match, by kind, and by any token of the index that they fire on. Any thread. */
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
    enum latent_found_by by; /* what answers best */
    double score;            /* for ranking alone: the best first */
    /* Of BY_TOKEN: the token that answers with most of the latent's activation. */
    const struct latent_token *token;
    double share; /* of the latent's activation, all tokens that answer together */
    double sum;   /* that activation */
};

/* "number", "label", "match", "kind", "token". */
const char *latent_found_by_name(enum latent_found_by by);

/* The latents that answer to each word of `text`, or to the whole of it, the best
 * first, at most `most`. A text's quality (base/fuzzy.h) counts before all else; of
 * equal ones a match counts by its F1, a token half by its share of the latent's
 * activation and half by the sum of it beside the other latents'.
 * labels may be NULL. *n is how many are in out [most]; *all, which may be NULL, how
 * many there are. ERR_NOMEM. O(words x (vocabulary + F + index)): 10 ms of CPU a
 * word at 65,536 latents that fire on six tokens each. */
enum err latent_find(const struct latent_table *t, const struct names *names,
                     const struct latent_labels *labels, const char *text, size_t most,
                     struct latent_found *out, size_t *n, size_t *all,
                     struct errinfo *e) ERR_CHECKED;

#endif
