/* What a latent can be filtered by (filter.h); `asked` is a struct latent_source. A
 * word is looked for in its top tokens, the name of its match, its label and its number
 * (#412). The source's `names` must stay the same for the life of the filter. UI
 * thread. */
#ifndef SAETOP_UI_LATENT_FILTER_H
#define SAETOP_UI_LATENT_FILTER_H

#include "ui/filter.h"

extern const struct filter_kind latent_filter;
/* The same, but words are looked for in all tokens that a latent fires on. */
extern const struct filter_kind latent_filter_tokens;
/* Of the tokens that a filter asks for by tokens=..., the one that the latent fires on
 * most strongly; NULL: it asks for none, or the index has none. */
const struct latent_token *latent_filter_token(struct filter *f,
                                               const struct latent_source *s);
/* Names of fields and flags for completion and help, from the table of columns; NULL
 * beyond the last. */
const char *latent_filter_word(size_t i);

#endif
