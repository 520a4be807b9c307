/* Which texts answer to what is typed in a filter, as of help: as a phrase, by each of
 * its words, or by words that are spelt nearly so. Any thread. */
#ifndef SAETOP_UI_WORD_MATCH_H
#define SAETOP_UI_WORD_MATCH_H

#include "ui/word_search.h"

/* Ways to answer, the strictest first. */
enum match_by { MATCH_PHRASE, MATCH_WORDS, MATCH_NEAR };
enum { MATCH_EVERY_RANK = WORDS_RANKS };

struct word_match {
    struct words words;
    enum match_by by;
    int rank; /* only what has this words_rank is wanted now, or MATCH_EVERY_RANK */
    char
        near[FUZZY_NEAR_MAX]; /* MATCH_NEAR: what is meant in the first that answered */
};

/* `typed` is borrowed. */
void match_begin(struct word_match *m, const char *typed, enum match_by by);
/* Whether texts [n], each of which may be NULL, answer. O(texts x words). */
bool match_answers(struct word_match *m, const char *const *text, size_t n);
/* Whether something of these names and texts answers and has the rank that is wanted.
 */
bool match_wants(struct word_match *m, const char *const *name, size_t n_names,
                 const char *const *text, size_t n);

#endif
