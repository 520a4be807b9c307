/* Output of `saetop top --json`: a line for each latent, or all that the explorer's
 * Detail shows of one. src/README.md lists the members. */
#ifndef SAETOP_SRC_TOP_JSON_H
#define SAETOP_SRC_TOP_JSON_H

#include "base/str.h"
#include "browse.h"
#include "latents/latent_labels.h"

/* Append the row of latent j as an object that is left open. */
void top_json_row(const struct browse *t, const struct latent_labels *labels, size_t j,
                  struct str *out);
/* Append a line with the description d of a latent, n of its contexts, then n of each
 * interval, and if there is a harvester (t->in->h) what the model expects after each
 * (for d's own this is measured already). Owner thread of the harvester and the pool.
 * Errors of latent_detail_new and latent_detail_next. A context takes two passes of the
 * model. */
enum err top_json_latent(const struct browse *t, const struct latent_labels *labels,
                         struct latent_detail *d, size_t n, struct str *out,
                         struct errinfo *e) ERR_CHECKED;

#endif
