/* The table that `saetop top` prints: a line for each latent, with the columns of
 * latents/latent_columns.h. */
#ifndef SAETOP_SRC_TOP_TEXT_H
#define SAETOP_SRC_TOP_TEXT_H

#include "base/str.h"
#include "browse.h"
#include "latents/latent_columns.h"
#include "latents/latent_labels.h"

/* What the cells of latent j are read from. labels: NULL for none. */
struct latent_source top_source(const struct browse *t,
                                const struct latent_labels *labels, size_t j);
/* Append a line with the titles, or one with the cells of latent j. There is a column
 * of labels only if there are some. */
void top_text_heading(const struct latent_labels *labels, struct str *out);
void top_text_row(const struct browse *t, const struct latent_labels *labels, size_t j,
                  struct str *out);
/* Append, after a number of tokens, that they are not all of the text, and why. */
void top_text_extent(const struct latent_table *t, struct str *out);

#endif
