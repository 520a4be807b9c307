/* A concepts file made from a vocabulary: where to begin with a model that has none.
 * Any thread. */
#ifndef SAETOP_TEXT_CONCEPT_SUGGEST_H
#define SAETOP_TEXT_CONCEPT_SUGGEST_H

#include "text/concepts.h"
#include "text/function_words.h"

/* What a vocabulary, and a text, have of a language's function words. */
struct language_found {
    size_t words; /* that no other listed language has (function_words.h) */
    size_t known; /* of them, that are one token after a space */
    size_t used;  /* of those, that occur in the text; without one, known */
    bool taken;   /* as builtin_words.h takes it, and used SUGGEST_LANGUAGE at least */
};

/* Append the text of a concepts.csv (concepts.h): word shapes and suffixes
 * (builtin_words.h); a concept for each script other than plain Latin letters whose
 * words the vocabulary has SUGGEST_LEAST of or more, under the parent "script"; and
 * under the parent "function words" one for each language found, "French (function
 * words)", of those of its words that are known. Of each the `most` tokens of the
 * smallest ids. First letters need no file: they are always there. `counts`
 * [tok_vocab]: of tokens in a text (pack_unigram); NULL: there is none. ERR_MISSING
 * where the vocabulary has none of all that. O(vocabulary). */
#define SUGGEST_LEAST    8
#define SUGGEST_LANGUAGE 15
#define SUGGEST_MOST     1000
enum err concepts_suggest(const struct tok *tok, const uint64_t *counts, size_t most,
                          struct str *out,
                          struct language_found found[FUNCTION_LANGUAGES],
                          struct errinfo *e) ERR_CHECKED;

#endif
