/* Masked regularization (arXiv:2604.06495): input tokens replaced with probability p
 * before the language model runs. Position `pos` of row `row` is masked where
 *     rng_unit_at(seed, RNG_MASK, row, pos) < p
 * so a higher p masks a superset, and nothing else in a run depends on p. Special
 * tokens are exempt. Replacements are drawn at (seed, RNG_MASK_ID, row, pos). Any
 * thread. */
#ifndef SAETOP_TEXT_MASK_H
#define SAETOP_TEXT_MASK_H

#include "base/err.h"
#include "text/tok.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The rate where the user names none (the paper's), and the greatest allowed. */
#define MASK_RATE_USUAL 0.3
#define MASK_RATE_MAX   0.95

enum mask_kind {
    MASK_TOKEN,  /* a fixed id */
    MASK_RANDOM, /* a uniform draw from the ids that are not special */
    MASK_UNIGRAM /* a draw from those by their frequency in the corpus */
};

/* Which ids are exempt, which may be drawn, and how often. Immutable. */
struct mask_vocab;

/* Makes it from a tokenizer: special tokens are exempt and never drawn, holes never
 * drawn. counts[tok_vocab(t)]: the frequencies for MASK_UNIGRAM (pack_unigram); NULL:
 * each id once. ERR_USAGE when no id can be drawn. *out: caller owns; keeps nothing of
 * t. */
enum err mask_vocab_new(const struct tok *t, const uint64_t *counts,
                        struct mask_vocab **out, struct errinfo *e) ERR_CHECKED;
void mask_vocab_free(struct mask_vocab *v); /* NULL is fine */

struct mask_spec {
    enum mask_kind kind;
    int32_t token;                  /* the id to put, for MASK_TOKEN; else ignored */
    uint64_t seed;                  /* of the run */
    const struct mask_vocab *vocab; /* needed by every kind, for the exempt ids */
};

/* Finds the id of a mask token given as text: NULL or "": the tokenizer's own; "#12":
 * that id; else a special token's text or a string that encodes to one token. ERR_USAGE
 * names what was given. */
enum err mask_token_find(const struct tok *t, const char *text, int32_t *out,
                         struct errinfo *e) ERR_CHECKED;

/* Returns the default mask token: the tokenizer's own, else the first that exists of: a
 * reserved or unused token, padding that is neither BOS nor EOS, unk, EOS. *what, which
 * may be NULL, says in words which it is: "its mask token". -1: there is none of these.
 * O(vocabulary). */
int32_t mask_token_choose(const struct tok *t, const char **what);
/* Writes its text in the form of mask_token_find into out[cap]: a special token's own,
 * else "#ID". */
void mask_token_name(const struct tok *t, int32_t id, char *out, size_t cap);

/* Copies clean[rows,T] to out[rows,T] (may be the same array), replacing tokens with
 * probability p, 0..1. first_row is the global number of the first row (struct
 * pack_pos). is_masked[rows*T] becomes 1 where replaced; may be NULL. Ids outside the
 * vocabulary are left alone. Returns how many were replaced. O(rows*T). */
size_t mask_apply(const struct mask_spec *spec, double p, uint64_t first_row,
                  const int32_t *clean, size_t rows, size_t T, int32_t *out,
                  uint8_t *is_masked);
/* Returns how many of ids[n] are not exempt: the denominator of a realised rate. */
size_t mask_eligible(const struct mask_vocab *v, const int32_t *ids, size_t n);

enum mask_schedule_kind { MASK_CONSTANT, MASK_LINEAR, MASK_COSINE };

/* The rate over steps: `start` throughout, or from `start` at step 0 to `end` from step
 * `steps` on, along a line or half a cosine. */
struct mask_schedule {
    enum mask_schedule_kind kind;
    double start, end;
    int64_t steps;
};
double mask_rate_at(const struct mask_schedule *s, int64_t step);
/* Returns whether it masks at no step at all. */
bool mask_never(const struct mask_schedule *s);

#endif
