/* Frequent function words (articles, pronouns, prepositions, conjunctions, auxiliaries)
 * of some languages in Latin script. Written down by hand, in lower case, for telling
 * which of these languages a vocabulary or a text has words of; no lexicon, and no
 * judge of what language a text is in: languages that are not listed share words with
 * those that are (Danish with Swedish). Any thread. */
#ifndef SAETOP_TEXT_FUNCTION_WORDS_H
#define SAETOP_TEXT_FUNCTION_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define FUNCTION_LANGUAGES 12
#define FUNCTION_WORD_MAX  24 /* bytes with the NUL */

/* "French"; i below FUNCTION_LANGUAGES. */
const char *function_words_name(size_t i);
/* The next word of language i that no other listed language has, from *at on, which
 * begins at 0; words of one letter are left out too. False: there are no more. */
bool function_words_next(size_t i, size_t *at, char word[FUNCTION_WORD_MAX]);

#endif
