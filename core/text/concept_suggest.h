/* Makes a concepts file from a vocabulary: a start for a model that has none. Any
 * thread. */
#ifndef SAETOP_TEXT_CONCEPT_SUGGEST_H
#define SAETOP_TEXT_CONCEPT_SUGGEST_H

#include "text/concepts.h"
#include "text/function_words.h"

/* How many of a language's function words a vocabulary and a text have. */
struct language_found {
    size_t words; /* its words that no other listed language has (function_words.h) */
    size_t known; /* those of them that are one token after a space */
    size_t used;  /* those of `known` that occur in the text; without a text, known */
    bool taken;   /* by the rule of builtin_words.h, with `used` at least
                     SUGGEST_LANGUAGE */
};

/* Appends the text of a concepts.csv (concepts.h): word shapes and suffixes
 * (builtin_words.h); under the parent "script" a concept for each script other than
 * plain Latin letters with at least SUGGEST_LEAST words in the vocabulary; and under
 * the parent "function words" one for each language found, "French (function words)",
 * with those of its words that are known. Each concept has at most `most` tokens, those
 * with the smallest ids. First letters need no file: they are always there. `counts`
 * [tok_vocab]: how often tokens occur in a text (pack_unigram); NULL: there is no text.
 * ERR_MISSING where the vocabulary has none of all that. O(vocabulary). */
#define SUGGEST_LEAST    8
#define SUGGEST_LANGUAGE 15
#define SUGGEST_MOST     1000
enum err concepts_suggest(const struct tok *tok, const uint64_t *counts, size_t most,
                          struct str *out,
                          struct language_found found[FUNCTION_LANGUAGES],
                          struct errinfo *e) ERR_CHECKED;

#endif
