/* Concepts: which tokens belong to which category. concepts.csv has the columns
 * concept,parent,word; a concept's words are its own and its children's. The 26 first
 * letters are a built-in family; word shapes, suffixes and languages (their function
 * words) are three more for a model without a file. Concepts under the parent "grammar"
 * (articles, verb_past, ...) are a separate family: latents are matched with them, but
 * evaluation does not measure them. Immutable after loading; any thread may read. */
#ifndef SAETOP_TEXT_CONCEPTS_H
#define SAETOP_TEXT_CONCEPTS_H

#include "base/err.h"
#include "text/tok.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum concept_kind {
    CONCEPT_LEAF,     /* a semantic category that has words of its own */
    CONCEPT_SUPER,    /* a category of categories */
    CONCEPT_LETTER,   /* words that begin with a letter */
    CONCEPT_SHAPE,    /* words with a capital, in capitals, of digits */
    CONCEPT_SUFFIX,   /* words that are another word plus an ending */
    CONCEPT_LANGUAGE, /* function words of a language */
    CONCEPT_GRAMMAR,  /* a grammatical class, or a class of these */
    CONCEPT_KINDS
};
/* "leaf", "super", "letter", "shape", "suffix", "language", "grammar" */
const char *concept_kind_name(enum concept_kind kind);
/* Returns whether it is a kind that no file names: letters, shapes, suffixes,
 * languages. */
bool concept_kind_is_built_in(enum concept_kind kind);

struct concept_def {
    char *name;
    enum concept_kind kind;
    int32_t parent; /* index; -1: none */
    size_t words;   /* vocabulary tokens that belong to it */
};

struct concepts {
    size_t n;
    size_t n_probed;         /* those that evaluation measures: all but
                                CONCEPT_GRAMMAR */
    struct concept_def *def; /* [n] leaves, supers, built-in ones with words, grammar */
    size_t vocab;
    size_t *token_start;    /* [vocab+1] */
    int32_t *token_concept; /* concepts of token t, ascending: token_start[t].. */
    size_t words_known, words_unknown; /* rows of the file whose word is, or is not, one
                                          token */
};

/* Load concepts.csv and match its words to single tokens of the vocabulary: as written,
 * with a leading space, and with a capital. A row's word may be empty: the row then
 * only gives the parent. A letter, named "letter a", has the tokens starting with it
 * that are only A-Z and a-z after at most one space (SAEBench's rule). path NULL:
 * letters only. A file with no word in the vocabulary is an error; words without a
 * token are counted. ERR_MISSING, ERR_FORMAT (with the row: an empty concept, two
 * parents, a concept above itself, words of "grammar" itself), ERR_LIMIT (over 4096
 * concepts, 64 MB). *out: caller owns. */
enum err concepts_load(const char *path, const struct tok *tok, struct concepts **out,
                       struct errinfo *e) ERR_CHECKED;
/* The same from len bytes in memory; `name` starts error lines. */
enum err concepts_parse(const char *csv, size_t len, const char *name,
                        const struct tok *tok, struct concepts **out,
                        struct errinfo *e) ERR_CHECKED;
/* Makes the concepts of a vocabulary without a file: letters, word shapes, suffixes,
 * languages (builtin_words.h). */
enum err concepts_built_in(const struct tok *tok, struct concepts **out,
                           struct errinfo *e) ERR_CHECKED;
/* Makes an empty set of concepts for ids below `vocab`. */
enum err concepts_none(size_t vocab, struct concepts **out,
                       struct errinfo *e) ERR_CHECKED;
void concepts_free(struct concepts *c); /* NULL is fine */

/* Returns the concept of that name and kind among those that evaluation measures; -1:
 * none. */
int concepts_named(const struct concepts *c, const char *name, const char *kind);

/* Returns the concepts of a token, ascending; *n: how many, 0 for an id out of range.
 * Borrowed. */
const int32_t *concepts_of(const struct concepts *c, int32_t token, size_t *n);
/* Returns only those that evaluation measures: 0..n_probed-1. */
const int32_t *concepts_probed(const struct concepts *c, int32_t token, size_t *n);

#endif
