/* Whether a text matches typed words, which need not be its own: each is looked for as
 * it is, without its ending ("masking" finds "masked"), and by other words for the same
 * thing ("neuron" finds "latent"). Any thread. */
#ifndef SAETOP_UI_WORD_SEARCH_H
#define SAETOP_UI_WORD_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

/* Whether each word of `typed` is in one of the n texts, which may be NULL. "" is in
 * all; a whole phrase counts as well. O(texts x words). */
bool words_answer(const char *typed, const char *const *text, size_t n);

#endif
