/* A concepts file made from a vocabulary: where to begin with a model that has none.
 * Any thread. */
#ifndef SAETOP_TEXT_CONCEPT_SUGGEST_H
#define SAETOP_TEXT_CONCEPT_SUGGEST_H

#include "text/concepts.h"

/* Append the text of a concepts.csv (concepts.h): word shapes and suffixes
 * (builtin_words.h), and a concept for each script other than plain Latin letters whose
 * words the vocabulary has SUGGEST_LEAST of or more, under the parent "script". Of each
 * the `most` tokens of the smallest ids. First letters need no file: they are always
 * there. ERR_MISSING where the vocabulary has none of all that. O(vocabulary). */
#define SUGGEST_LEAST 8
#define SUGGEST_MOST  1000
enum err concepts_suggest(const struct tok *tok, size_t most, struct str *out,
                          struct errinfo *e) ERR_CHECKED;

#endif
