/* Concepts that are made from a vocabulary alone, so that there are some on any model:
 * first letters, word shapes, suffixes, and function words of languages. The words of
 * the first three are the tokens that are nothing but A-Z and a-z after at most one
 * space (SAEBench's rule). Any thread. */
#ifndef SAETOP_TEXT_BUILTIN_WORDS_H
#define SAETOP_TEXT_BUILTIN_WORDS_H

#include "text/concepts.h"
#include "text/function_words.h"

#define BUILTIN_LETTERS  26
#define BUILTIN_SHAPES   3
#define BUILTIN_SUFFIXES 8 /* at most */
#define BUILTIN_MAX                                                                    \
    (BUILTIN_LETTERS + BUILTIN_SHAPES + BUILTIN_SUFFIXES + FUNCTION_LANGUAGES)

/* A suffix is an ending of one to four letters that words of the vocabulary of three
 * letters or more are found with and without. Those found with most words are taken,
 * each with SUFFIX_LEAST or more; ties go to the shorter, then by the alphabet. */
#define SUFFIX_LEAST 8

/* A language is taken where the vocabulary has half of its words, those that no other
 * listed language has (function_words.h), as one token after a space. Its tokens are
 * then those of such words with and without the space, and both with a capital. */
struct builtin_language {
    size_t words, known; /* that it has; of them, that are such a token */
    bool taken;
};

struct builtin_def {
    char name[40]; /* "letter a", "digits", "-ing", "French (function words)" */
    enum concept_kind kind;
    size_t language; /* of CONCEPT_LANGUAGE: its number */
};
struct builtin_words {
    size_t n;
    struct builtin_def def[BUILTIN_MAX]; /* letters, shapes, suffixes and languages that
                                            have words */
    struct builtin_language language[FUNCTION_LANGUAGES];
    /* The rest is what builtin_of reads. */
    const struct tok *tok;
    int32_t
        at[BUILTIN_MAX]; /* where one of all that there could be stands in def; -1 */
    size_t n_suffixes;
    char suffix[BUILTIN_SUFFIXES][5];
    int8_t *of_language; /* [vocab] the language of each token, -1: none */
    uint64_t *word;      /* [slots] hashes of the words in lower case, 0: free */
    size_t slots;
};

/* letters_only: nothing else. Borrows tok. Two passes over the vocabulary.
 * builtin_words_deinit releases it. ERR_NOMEM. */
enum err builtin_words_init(struct builtin_words *b, const struct tok *tok,
                            bool letters_only, struct errinfo *e) ERR_CHECKED;
void builtin_words_deinit(struct builtin_words *b);
/* Which of def a token belongs to, ascending; how many. A token of digits is in
 * "digits", one with a capital and more in "capital" or, capitals throughout, in "all
 * capitals". */
size_t builtin_words_of(const struct builtin_words *b, int32_t token,
                        int32_t out[BUILTIN_MAX]);
/* The token of a function word after a space, also where a tokenizer puts one before
 * each text; -1: it is none. */
int32_t builtin_word_token(const struct tok *tok, const char *word);

#endif
