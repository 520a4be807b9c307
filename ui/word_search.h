/* Whether a text answers to words that somebody typed, who need not know its words:
 * each is looked for as it stands, without its ending ("masking" finds "masked"), and
 * as what else people call it ("neuron" finds "latent"). Any thread. */
#ifndef SAETOP_UI_WORD_SEARCH_H
#define SAETOP_UI_WORD_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

/* Whether each word of `typed` is in one of the n texts, which may be NULL. "" is in
 * all; a whole phrase counts as well. O(texts x words). */
bool words_answer(const char *typed, const char *const *text, size_t n);

#endif
