/* Frequent function words (articles, pronouns, prepositions, conjunctions, auxiliaries)
 * of some languages in Latin script, in lower case, compiled by hand. They tell which
 * of these languages a vocabulary or a text has words of. They are no lexicon and do
 * not tell what language a text is in: unlisted languages share words with listed ones
 * (Danish with Swedish). Any thread. */
#ifndef SAETOP_TEXT_FUNCTION_WORDS_H
#define SAETOP_TEXT_FUNCTION_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define FUNCTION_LANGUAGES 12
#define FUNCTION_WORD_MAX  24 /* bytes with the NUL */

/* Returns the name of language i < FUNCTION_LANGUAGES: "French". */
const char *function_words_name(size_t i);
/* Gives the next word of language i that no other listed language has, from *at on,
 * which starts at 0; skips words of one letter. False: no more. */
bool function_words_next(size_t i, size_t *at, char word[FUNCTION_WORD_MAX]);

#endif
