/* Cuts text into the words that a tokenizer encodes one by one, by a pattern for PCRE2.
 * Included only in core/text. */
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
    bool invert;  /* swap hits and what lies between */
};

/* A compiled pattern; immutable, any thread. */
struct split;
/* Compiles a pattern. pattern NULL: GPT-2's. opts NULL: a regular expression, each hit
 * a piece. A regular expression is read as the reference reads it (Oniguruma with
 * Ruby's syntax); patterns that PCRE2 would read differently are refused. `place`
 * starts error lines ("f.json: pre_tokenizer.pattern"). ERR_FORMAT with PCRE2's message
 * and the offset in the pattern that PCRE2 was given. *out: caller owns. */
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

/* Cuts text[len] into words and gives them to fn: hits and what lies between them, as
 * the behaviour says, and runs of invalid UTF-8, which no pattern matches and none
 * drops. Empty words are left out. ERR_LIMIT when the pattern needs too much effort on
 * this text: a million backtracks from one place, or a second of the thread's time at
 * less than 64 kB a second. */
enum err split_text(const struct split *s, struct split_state *st, const char *text,
                    size_t len, split_fn *fn, void *ctx, struct errinfo *e) ERR_CHECKED;

/* Called for each stretch of text in order. */
typedef enum err split_hit_fn(void *ctx, const char *part, size_t len, bool is_hit,
                              struct errinfo *e);
/* Gives hits (also empty ones) and what lies between, whatever the behaviour. */
enum err split_hits(const struct split *s, struct split_state *st, const char *text,
                    size_t len, split_hit_fn *fn, void *ctx,
                    struct errinfo *e) ERR_CHECKED;

#endif
