/* Pre-tokenizers of tokenizer.json: how a normalized text is cut into the words that
 * the model encodes one by one. Included only in core/text. */
#ifndef SAETOP_TEXT_TOK_PRE_H
#define SAETOP_TEXT_TOK_PRE_H

#include "text/tok_split.h"

#include <cjson/cJSON.h>

/* A sequence of steps; immutable, any thread. */
struct pre;
/* Reads the member "pre_tokenizer" of root: ByteLevel (last), Split, Digits,
 * Punctuation, Whitespace, WhitespaceSplit, Metaspace, and Sequence of them. Null or
 * missing: the text is one word. *out: caller owns. ERR_FORMAT with the place and the
 * type found. */
enum err pre_new(const cJSON *root, const char *file, struct pre **out,
                 struct errinfo *e) ERR_CHECKED;
void pre_free(struct pre *p); /* NULL is fine */
/* Returns whether words are bytes in the alphabet of byte-level BPE. */
bool pre_is_byte_level(const struct pre *p);

/* Buffers and split states of one caller; caller owns. */
struct pre_state;
enum err pre_state_new(const struct pre *p, struct pre_state **out,
                       struct errinfo *e) ERR_CHECKED;
void pre_state_free(struct pre_state *st); /* NULL is fine */

/* Gives the words of text[len] to fn, in order. is_first: the text is the start of the
 * caller's (Metaspace's prepend_scheme "first"). Errors of split_text. */
enum err pre_words(const struct pre *p, struct pre_state *st, const char *text,
                   size_t len, bool is_first, split_fn *fn, void *ctx,
                   struct errinfo *e) ERR_CHECKED;

#endif
