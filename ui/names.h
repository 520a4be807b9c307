/* Names of tokens, matches and intervals as the screens write them. The text is as it
 * is in its file: canvas_text escapes it. Any thread. */
#ifndef SAETOP_UI_NAMES_H
#define SAETOP_UI_NAMES_H

#include "session/view.h"

/* A token's text, "" for -1 and what is out of range. */
const char *names_token(const struct names *n, int32_t token);
/* The same without spaces at its ends, a lone space as U+2423. */
void names_token_trimmed(const struct names *n, int32_t token, char *out, size_t cap);
/* "animal", "letter d", "'dog'", "after 'dog'" for one at the token before, "" for no
 * match. */
void names_match(const struct names *n, const struct latent_row *r, char *out,
                 size_t cap);
/* "word", "leaf", "super", "letter", "grammar", "" for no match. */
const char *names_match_kind(const struct names *n, const struct latent_row *r);
/* "mom, dad, mother" */
void names_top_tokens(const struct names *n, const struct latent_row *r, char *out,
                      size_t cap);
/* "top", "random", ".3-.4 of max" */
void names_interval(int interval, char *out, size_t cap);

#endif
