/* Cutting text into the words that a tokenizer encodes one by one, by a pattern for
 * PCRE2. Included in core/text only. */
#ifndef SAETOP_TEXT_TOK_SPLIT_H
#define SAETOP_TEXT_TOK_SPLIT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* GPT-2's pattern as its authors wrote it, for files that spell it out. */
#define SPLIT_GPT2_SOURCE                                                              \
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| "                                    \
    "?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/* How hits of the pattern and the text between them become pieces: the reference's
 * SplitDelimiterBehavior. */
enum split_behavior {
    SPLIT_ISOLATED,      /* each a piece */
    SPLIT_REMOVED,       /* hits are dropped */
    SPLIT_CONTIGUOUS,    /* neighbouring hits are one piece */
    SPLIT_WITH_PREVIOUS, /* a hit ends the piece before it */
    SPLIT_WITH_NEXT      /* a hit begins the piece after it */
};

struct split_opts {
    enum split_behavior behavior;
    bool literal; /* the pattern is a text, not a regular expression */
    bool invert;  /* hits are what lies between, and the other way round */
};

/* A compiled pattern; immutable, any thread. */
struct split;
/* pattern NULL: GPT-2's. opts NULL: a regular expression, each hit a piece. A regular
 * expression is read as the reference reads it (Oniguruma with Ruby's syntax); patterns
 * that PCRE2 would read differently are refused. `place` begins error lines ("f.json:
 * pre_tokenizer.pattern"). ERR_FORMAT with PCRE2's message and the offset, counted in
 * the pattern as PCRE2 was given it. *out: caller owns. */
enum err split_new(const char *pattern, const struct split_opts *opts,
                   const char *place, struct split **out,
                   struct errinfo *e) ERR_CHECKED;
void split_free(struct split *s); /* NULL is fine */

/* Match state of one caller; caller owns. */
struct split_state;
enum err split_state_new(const struct split *s, struct split_state **out,
                         struct errinfo *e) ERR_CHECKED;
void split_state_free(struct split_state *st);

/* Called for each word in order; any result but OK ends the walk. */
typedef enum err split_fn(void *ctx, const char *word, size_t len, struct errinfo *e);

/* Give text[len] to fn, cut into words: hits and what lies between them, as the
 * behaviour says, and runs of bytes that are not valid UTF-8, which no pattern matches
 * and none drops. Empty words are not given. ERR_LIMIT when the pattern needs too much
 * effort on this text: a million steps back from one place, or a second of the
 * thread's time at less than 64 kB a second. */
enum err split_text(const struct split *s, struct split_state *st, const char *text,
                    size_t len, split_fn *fn, void *ctx, struct errinfo *e) ERR_CHECKED;

/* Called for each stretch of text in order. */
typedef enum err split_hit_fn(void *ctx, const char *part, size_t len, bool is_hit,
                              struct errinfo *e);
/* The same as hits (empty ones too) and what lies between, whatever the behaviour.
 */
enum err split_hits(const struct split *s, struct split_state *st, const char *text,
                    size_t len, split_hit_fn *fn, void *ctx,
                    struct errinfo *e) ERR_CHECKED;

#endif
