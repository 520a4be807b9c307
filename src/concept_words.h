/* One concept in the evaluations of arms: its latents and the results of its words.
 * Owner thread. */
#ifndef SAETOP_SRC_CONCEPT_WORDS_H
#define SAETOP_SRC_CONCEPT_WORDS_H

#include "arm_evals.h"

/* The concept of that name (and kind, unless NULL) in an eval.json; NULL: it is not
 * there. */
const cJSON *concept_find(const cJSON *eval, const char *name, const char *kind);
/* The first of its main latents; -1: none. */
int64_t concept_best_latent(const cJSON *concept);

/* Append what `saetop concepts --concept` says about a concept, for people or as JSON,
 * with an entry for each arm. ERR_USAGE for a name that the first arm lacks, naming
 * some it has. */
enum err concept_words(const struct arm_evals *a, const char *name, bool json,
                       struct str *out, struct errinfo *e) ERR_CHECKED;

#endif
