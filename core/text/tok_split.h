/* Cutting text into the words that a tokenizer encodes one by one, by a pattern for
 * PCRE2. Included in core/text only. */
#ifndef SAETOP_TEXT_TOK_SPLIT_H
#define SAETOP_TEXT_TOK_SPLIT_H

#include "base/err.h"

#include <stddef.h>

/* GPT-2's pattern as its authors wrote it, for files that spell it out. */
#define SPLIT_GPT2_SOURCE                                                              \
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| "                                    \
    "?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/* A compiled pattern; immutable, any thread. */
struct split;
/* pattern NULL: GPT-2's. `place` begins error lines ("f.json: pre_tokenizer.pattern").
 * ERR_FORMAT with PCRE2's message and the offset. *out: caller owns. */
enum err split_new(const char *pattern, const char *place, struct split **out,
                   struct errinfo *e) ERR_CHECKED;
void split_free(struct split *s);

/* Match state of one caller; caller owns. */
struct split_state;
enum err split_state_new(const struct split *s, struct split_state **out,
                         struct errinfo *e) ERR_CHECKED;
void split_state_free(struct split_state *st);

/* Called for each word in order; what it returns but OK ends the walk. */
typedef enum err split_fn(void *ctx, const char *word, size_t len, struct errinfo *e);

/* Give every byte of text[len] to fn, cut into words: the pattern's matches, what lies
 * between them, and runs of bytes that are not valid UTF-8. ERR_LIMIT when the pattern
 * needs too much effort on this text. */
enum err split_text(const struct split *s, struct split_state *st, const char *text,
                    size_t len, split_fn *fn, void *ctx, struct errinfo *e) ERR_CHECKED;

#endif
