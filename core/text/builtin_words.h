/* Concepts made from a vocabulary alone, so that every model has some: first letters,
 * word shapes, suffixes, and function words of languages. The words of the first three
 * are the tokens that are only A-Z and a-z after at most one space (SAEBench's rule).
 * Any thread. */
#ifndef SAETOP_TEXT_BUILTIN_WORDS_H
#define SAETOP_TEXT_BUILTIN_WORDS_H

#include "text/concepts.h"
#include "text/function_words.h"

#define BUILTIN_LETTERS  26
#define BUILTIN_SHAPES   3
#define BUILTIN_SUFFIXES 8 /* at most */
#define BUILTIN_MAX                                                                    \
    (BUILTIN_LETTERS + BUILTIN_SHAPES + BUILTIN_SUFFIXES + FUNCTION_LANGUAGES)

/* A suffix is an ending of one to four letters, where the vocabulary has words of three
 * letters or more both with and without it. Those with the most words are taken, each
 * with at least SUFFIX_LEAST; ties go to the shorter, then to the first in the
 * alphabet. */
#define SUFFIX_LEAST 8

/* A language is taken where the vocabulary has half of its words, counting only words
 * that no other listed language has (function_words.h), as one token after a space. Its
 * tokens are then these words with and without the space, each also with a capital. */
struct builtin_language {
    size_t words, known; /* its words; how many of them are such a token */
    bool taken;
};

struct builtin_def {
    char name[40]; /* "letter a", "digits", "-ing", "French (function words)" */
    enum concept_kind kind;
    size_t language; /* for CONCEPT_LANGUAGE: the language's number */
};
struct builtin_words {
    size_t n;
    struct builtin_def def[BUILTIN_MAX]; /* the letters, shapes, suffixes and languages
                                            that have words */
    struct builtin_language language[FUNCTION_LANGUAGES];
    /* The rest is what builtin_words_of reads. */
    const struct tok *tok;
    int32_t at[BUILTIN_MAX]; /* place in def of each possible concept; -1: not there */
    size_t n_suffixes;
    char suffix[BUILTIN_SUFFIXES][5];
    int8_t *of_language; /* [vocab] the language of each token, -1: none */
    uint64_t *word;      /* [slots] hashes of the words in lower case, 0: free */
    size_t slots;
};

/* Finds the concepts of a vocabulary; letters_only: only first letters. Borrows tok.
 * Two passes over the vocabulary. Release with builtin_words_deinit. ERR_NOMEM. */
enum err builtin_words_init(struct builtin_words *b, const struct tok *tok,
                            bool letters_only, struct errinfo *e) ERR_CHECKED;
void builtin_words_deinit(struct builtin_words *b);
/* Writes the places in def that a token belongs to, ascending; returns how many. A
 * token of digits is in "digits"; one with a capital and more letters is in "capital"
 * or, if all are capitals, in "all capitals". */
size_t builtin_words_of(const struct builtin_words *b, int32_t token,
                        int32_t out[BUILTIN_MAX]);
/* Returns the token of a function word after a space, also with a tokenizer that puts a
 * space before each text; -1: it is not one token. */
int32_t builtin_word_token(const struct tok *tok, const char *word);

#endif
