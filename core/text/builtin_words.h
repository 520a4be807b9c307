/* Concepts that are made from a vocabulary alone, so that there are some on any model:
 * first letters, word shapes and suffixes. The words are the tokens that are nothing
 * but A-Z and a-z after at most one space (SAEBench's rule). Any thread. */
#ifndef SAETOP_TEXT_BUILTIN_WORDS_H
#define SAETOP_TEXT_BUILTIN_WORDS_H

#include "text/concepts.h"

#define BUILTIN_LETTERS  26
#define BUILTIN_SHAPES   3
#define BUILTIN_SUFFIXES 8 /* at most */
#define BUILTIN_MAX      (BUILTIN_LETTERS + BUILTIN_SHAPES + BUILTIN_SUFFIXES)

/* A suffix is an ending of one to four letters that words of the vocabulary of three
 * letters or more are found with and without. Those found with most words are taken,
 * each with SUFFIX_LEAST or more; ties go to the shorter, then by the alphabet. */
#define SUFFIX_LEAST 8

struct builtin_def {
    char name[16]; /* "letter a", "digits", "-ing" */
    enum concept_kind kind;
};
struct builtin_words {
    size_t n;
    struct builtin_def def[BUILTIN_MAX]; /* letters, shapes, suffixes that have words */
    /* The rest is what builtin_of reads. */
    const struct tok *tok;
    int32_t
        at[BUILTIN_MAX]; /* where one of all that there could be stands in def; -1 */
    size_t n_suffixes;
    char suffix[BUILTIN_SUFFIXES][5];
    uint64_t *word; /* [slots] hashes of the words in lower case, 0: free */
    size_t slots;
};

/* letters_only: without shapes and suffixes. Borrows tok. Two passes over the
 * vocabulary. builtin_words_deinit releases it. ERR_NOMEM. */
enum err builtin_words_init(struct builtin_words *b, const struct tok *tok,
                            bool letters_only, struct errinfo *e) ERR_CHECKED;
void builtin_words_deinit(struct builtin_words *b);
/* Which of def a token belongs to, ascending; how many. A token of digits is in
 * "digits", one with a capital and more in "capital" or, capitals throughout, in "all
 * capitals". */
size_t builtin_words_of(const struct builtin_words *b, int32_t token,
                        int32_t out[BUILTIN_MAX]);

#endif
