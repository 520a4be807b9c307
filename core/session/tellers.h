/* The latents that tell concepts, as an evaluation found them, for the search for
 * latents, and how far those concepts are absorbed. Any thread. */
#ifndef SAETOP_SESSION_TELLERS_H
#define SAETOP_SESSION_TELLERS_H

#include "eval/concept_table.h"
#include "latents/latent_find.h"

/* Lists the main latents of t's concepts, those that fire on a word of it, by latent; a
 * concept's first one is its best. t NULL: none. names and F are of the table that is
 * searched: what is beyond them is left out. *out [*n]: caller owns, NULL if there are
 * none. ERR_NOMEM. O(concepts). */
enum err tellers_of(const struct concept_table *t, const struct names *names, size_t F,
                    struct latent_teller **out, size_t *n,
                    struct errinfo *e) ERR_CHECKED;

/* Returns the absorption of the concept that a latent's row matches, as t found it; NaN
 * if it matches none, is no main latent of it, or that was not measured. t NULL: NaN.
 * O(1). */
double tellers_absorption(const struct concept_table *t, const struct latent_row *r,
                          int32_t latent);

#endif
