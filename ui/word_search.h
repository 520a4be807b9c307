/* Whether a text matches typed words, even if it uses others: each word is looked for
 * as it is, without its ending ("masking" finds "masked"), and by other words for the
 * same thing ("neuron" finds "latent"). Any thread. */
#ifndef SAETOP_UI_WORD_SEARCH_H
#define SAETOP_UI_WORD_SEARCH_H

#include "base/fuzzy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WORD_MAX = 64, WORDS_MAX = 16 }; /* bytes of a word; words that count */

/* Rows of synonyms, a bit each: those that a word is in, or else that one which is
 * nearly spelt so is in (fuzzy_near), and that one. */
struct word_rows {
    uint64_t same, near;
    char meant[FUZZY_NEAR_MAX];
};

/* What was typed, and what else is looked for: made once, for many texts. */
struct words {
    const char *typed;      /* borrowed */
    struct word_rows whole; /* of the phrase */
    size_t n;
    struct {
        char word[WORD_MAX], stem[WORD_MAX];
        struct word_rows rows;
    } of[WORDS_MAX];
};
void words_begin(struct words *w, const char *typed);
/* Whether each word is in one of the n texts, each of which may be NULL; the whole
 * phrase counts as well. "" is in all. O(texts x words). */
bool words_answer(const struct words *w, const char *const *text, size_t n);
/* Whether words_answer would hold if words that are spelt nearly so (fuzzy_near), at
 * least one, were typed as they are meant. `near`: the first of these. O(texts x
 * words). */
bool words_near(const struct words *w, const char *const *text, size_t n,
                char near[FUZZY_NEAR_MAX]);

/* How well something that answers does so, the best first. */
enum words_rank {
    WORDS_NAME,   /* what was typed is its name; a single letter in the same case */
    WORDS_SENSE,  /* another word for what was typed is its name */
    WORDS_BEGIN,  /* a word of a text begins so */
    WORDS_INSIDE, /* the rest */
    WORDS_RANKS
};
/* Ranks something by its names and texts, each of which may be NULL. */
enum words_rank words_rank(const struct words *w, const char *const *name,
                           size_t n_names, const char *const *text, size_t n_texts);

#endif
