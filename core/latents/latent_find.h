/* Which latents a text asks for: by number, by what a person called them, by the
 * concept they tell, by what they match, by kind, or by any token in the index that
 * they fire on. Any thread. */
#ifndef SAETOP_LATENTS_LATENT_FIND_H
#define SAETOP_LATENTS_LATENT_FIND_H

#include "base/fuzzy.h"
#include "latents/latent_labels.h"
#include "latents/latent_names.h"

enum latent_found_by {
    BY_NUMBER,
    BY_LABEL,
    BY_CONCEPT,
    BY_MATCH,
    BY_KIND,
    BY_TOKEN,
    LATENT_FOUND_BY
};

/* A latent that an evaluation found to tell a concept. */
struct latent_teller {
    int32_t latent;
    size_t concept; /* its place in struct names */
    float f1;       /* of its firing, as a sign of the concept; above 0 */
    bool best;      /* no latent tells the concept better */
};

/* What is looked through; all borrowed. */
struct latent_scope {
    const struct latent_table *table;
    const struct names *names;
    const struct latent_labels *labels; /* or NULL */
    const struct latent_teller *teller; /* [n_tellers] by latent, ascending */
    size_t n_tellers;
};

struct latent_found {
    int32_t latent;
    enum latent_found_by by;   /* the best answer */
    int quality;               /* how well its text matches: base/fuzzy.h */
    char near[FUZZY_NEAR_MAX]; /* "", or what was meant where it matches loosely */
    double score; /* for ranking only: the best first; below FUZZY_GAPS if loosely */
    const struct latent_teller *teller; /* for BY_CONCEPT, of the scope */
    /* For BY_TOKEN: the answering token with most of the latent's activation. */
    const struct latent_token *token;
    double share; /* of the latent's activation, over all answering tokens */
    double sum;   /* that activation */
};

/* "number", "label", "concept", "match", "kind", "token". */
const char *latent_found_by_name(enum latent_found_by by);

/* Finds the latents that answer to each word of `text`, or to the whole of it, best
 * first, at most `most`. A text's quality (base/fuzzy.h) counts before all else, but
 * that the best latent of a concept typed whole comes before those that only fire on
 * its name; on a tie a match and a concept count by F1, and a token half by its share
 * of the latent's activation and half by the sum of it relative to other latents. If
 * fewer than three answer, those that do so loosely follow (fuzzy_loose). *n is how
 * many are in out [most]; *all, which may be NULL, how many there are. ERR_NOMEM.
 * O(words x (vocabulary
 * + F + tellers + index)): 10 ms of CPU a word at 65,536 latents that fire on six
 * tokens each, and some times that if loosely. */
enum err latent_find(const struct latent_scope *in, const char *text, size_t most,
                     struct latent_found *out, size_t *n, size_t *all,
                     struct errinfo *e) ERR_CHECKED;

#endif
