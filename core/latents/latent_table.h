/* Each latent of a frozen SAE described: statistics, matches, contexts. Built from a
 * fixed set of clean rows; immutable once built, shared by reference count. Activations
 * are in the unit of the saved SAE (sae_saved_unit). */
#ifndef SAETOP_LATENTS_LATENT_TABLE_H
#define SAETOP_LATENTS_LATENT_TABLE_H

#include "acts/harvest.h"
#include "latents/latent_kind.h"
#include "sae/sae_remarks.h"
#include "text/concepts.h"

#include <stdatomic.h>

#define LATENT_TOP_TOKENS 5
#define LATENT_UNIT       "the saved SAE's, as SAELens' encode gives it"

/* The word or concept that a latent matches best: F1 of "the activation is at least a
 * cut" against "the token belongs to it", at the best cut, as a probe on that one
 * latent would find it. */
enum match_kind { MATCH_NONE, MATCH_WORD, MATCH_CONCEPT };

/* Which token belongs to it: the one the latent fires on, or the one before in the row,
 * which attention may have carried here if the hook is after a block. */
enum match_place { PLACE_TOKEN, PLACE_PREVIOUS, MATCH_PLACES };

struct latent_row {
    size_t fires;    /* of the table's n_tokens */
    double density;  /* fires / n_tokens */
    float max, mean; /* activation; mean over firing tokens */
    enum match_kind match;
    enum match_place place;
    int32_t match_id;            /* concept index, or token id of a word */
    float precision, recall, f1; /* of "activation >= match_cut" against the match */
    float match_cut; /* the activation of greatest F1, found on the same tokens */
    int32_t top_token[LATENT_TOP_TOKENS]; /* by summed activation; -1: none */
    enum latent_kind kind;
    uint32_t tokens; /* different tokens that it fires on */
};

/* The index of firing tokens: for each latent the tokens of greatest summed activation,
 * as many as latent_tokens_most says: all that a text has if latents are few (8,192 for
 * 512 latents, 1,024 for 4,096), and at least LATENT_TOKENS. So it takes at most
 * LATENT_INDEX * sizeof(struct latent_token) = 84 MB for up to 65,536 latents, and
 * never more than one token for each firing. */
#define LATENT_TOKENS 64
#define LATENT_INDEX  ((size_t)LATENT_TOKENS * 65536)
size_t latent_tokens_most(size_t F);
struct latent_token {
    int32_t token;
    uint32_t fires; /* occurrences on which the latent fires */
    float sum, max; /* activation */
    uint32_t at;    /* position of the strongest, the first on a tie */
};

struct latent_table {
    atomic_int refs;
    int64_t step; /* of training, -1: a loaded SAE */
    size_t F, n_tokens;
    size_t positions;       /* of the acts_set that were read, from its start, */
    size_t positions_all;   /* and those to read: fewer are "so far" */
    size_t positions_set;   /* of the whole set: more if LATENT_FIRINGS ended it */
    struct latent_row *row; /* [F] */
    size_t dead;            /* latents that never fire here */
    size_t matched;         /* living latents with F1 >= 0.5 */
    /* Where each latent fires: entries fire_start[j]..fire_start[j+1]-1 are positions
     * in the acts_set, ascending, and the activations there. */
    size_t *fire_start; /* [F+1] */
    uint32_t *fire_at;
    float *fire_act;
    /* The index: latent_tokens reads it from token_start[j], by summed activation.
     * NULL: none. */
    size_t *token_start; /* [F] */
    size_t token_room;   /* for all latents together */
    struct latent_token *token;
};

/* Most firings kept, except that a position is finished: for an SAE so dense that the
 * text has more, only its beginning is described. A firing takes 8 bytes in a table,
 * and 8 more in a pass (see below) while there is one. So 65,536 latents take at most
 * 225 MB with the index and the rows, and 130 MB more during a pass; sae_encode has its
 * own, about an eighth of these. */
#define LATENT_FIRINGS 16000000u

/* Builds the table over the non-special tokens of `set`, or only the first ones if the
 * SAE is so dense that these give LATENT_FIRINGS (n_tokens says how many were read). A
 * latent's match is the word or concept of greatest F1 at either place; among those
 * within 0.02 of that, one at the token itself, and then the one with most occurrences;
 * a concept must have two or more words that fire the latent. Deterministic for any
 * pool. O(n D F) for the encoding. ERR_USAGE if the widths differ, ERR_CANCELLED. */
enum err latent_table_new(const struct sae *s, const struct acts_set *set,
                          const struct concepts *c, int64_t step, struct pool *pool,
                          const atomic_bool *cancel, struct latent_table **out,
                          struct errinfo *e) ERR_CHECKED;
/* Returns the tokens that the index has for a latent, and how many. O(1). */
const struct latent_token *latent_tokens(const struct latent_table *t, int32_t latent,
                                         size_t *n);
/* Counts the latents that fire on more tokens than the index has for them. */
size_t latent_tokens_cut(const struct latent_table *t);

/* The same pass bit by bit, so that there is a table to look at before all text is
 * read:
 *
 *     latent_pass_new, then latent_pass_read until latent_pass_is_done; at any time
 *     latent_pass_table: of what was read so far, at the end as from latent_table_new.
 *
 * Everything is borrowed until latent_pass_free. Rows of `set` must have been harvested
 * before they are read (acts_set_harvest). A pass keeps 8 bytes a firing and 8 a
 * position, as latent_table_new does. Owner thread; errors of latent_table_new. */
struct latent_pass;
enum err latent_pass_new(const struct sae *s, const struct acts_set *set,
                         const struct concepts *c, int64_t step,
                         struct latent_pass **out, struct errinfo *e) ERR_CHECKED;
/* Encodes up to `rows` more rows. O(rows T D F). */
enum err latent_pass_read(struct latent_pass *p, size_t rows, struct pool *pool,
                          const atomic_bool *cancel, struct errinfo *e) ERR_CHECKED;
/* How many rows were read so far, and whether no more are wanted. */
size_t latent_pass_rows(const struct latent_pass *p);
bool latent_pass_is_done(const struct latent_pass *p);
enum err latent_pass_table(struct latent_pass *p, struct pool *pool,
                           const atomic_bool *cancel, struct latent_table **out,
                           struct errinfo *e) ERR_CHECKED;
size_t latent_pass_bytes(const struct latent_pass *p);
void latent_pass_free(struct latent_pass *p); /* NULL is fine */

/* The share of the set that was read, from 0 to 1. */
double latent_table_share(const struct latent_table *t);
/* Writes "40% of the text so far" while a pass fills the table, "of the first 40% of
 * the text" if LATENT_FIRINGS ended it, "" if all was read. */
void latent_table_extent(const struct latent_table *t, char *out, size_t cap);
/* Bytes of a table with its index. */
size_t latent_table_bytes(const struct latent_table *t);

/* Measures the whole SAE from the table. */
struct sae_measured latent_table_measured(const struct latent_table *t);
struct latent_table *latent_table_ref(struct latent_table *t);
void latent_table_unref(struct latent_table *t); /* NULL is fine */

/* The token that the model finds likeliest, and its probability; 0: not asked. */
struct latent_next {
    int32_t id;
    float p;
};

#define CONTEXT_TOKENS 41 /* the token at the centre and 20 on either side */

struct latent_context {
    size_t row, pos;               /* in the acts_set */
    float act;                     /* at the centre */
    int32_t token[CONTEXT_TOKENS]; /* -1: beyond the row's ends */
    float heat[CONTEXT_TOKENS];    /* this latent's activation there */
    /* What the model expects after the centre: as it is, and with this latent silenced
     * in the row up to there. Measured by latent_detail_next. */
    struct latent_next next, next_without;
};

/* Which contexts: the largest, one of ten equal intervals of (0, max], random ones, or
 * those where it is silent on one of its top tokens. */
enum context_interval {
    INTERVAL_TOP = -1,
    INTERVAL_RANDOM = -2, /* any firing token */
    INTERVAL_ZERO = -3,   /* silent on one of its top tokens */
    /* 0..9: activation in (max*i/10, max*(i+1)/10] */
};

/* All of them, in the order shown: top, 9 to 0, random, zero. */
#define LATENT_INTERVALS 13
#define LATENT_SAMPLE    2 /* contexts of each */
int latent_interval_at(size_t i);

#define LATENT_HIST_BINS  20
#define LATENT_LENS       20
#define LATENT_NEIGHBOURS 10
#define LATENT_TOGETHER   10
#define LATENT_CONTEXTS   50

/* Logit lens: the effect of a decoder row on the logits of the next token, either
 * through the final norm's scale with the mean removed, as the model reads its residual
 * stream, or times the unembedding alone. */
enum lens_mode { LENS_NORM, LENS_DIRECT, LENS_MODES };
struct latent_lens {
    int32_t top[LATENT_LENS], bottom[LATENT_LENS]; /* tokens, the most extreme first */
    float top_logit[LATENT_LENS], bottom_logit[LATENT_LENS];
};

struct latent_detail {
    atomic_int refs;
    int64_t step;
    int32_t latent;
    struct latent_row row;
    int interval; /* of the contexts */
    size_t n_contexts, n_in_interval;
    struct latent_context context[LATENT_CONTEXTS]; /* at most one a row for top */
    struct latent_sample { /* of latent_interval_at(i), the first as above */
        size_t n, n_in_interval;
        struct latent_context context[LATENT_SAMPLE];
    } sample[LATENT_INTERVALS];
    float hist_max;
    size_t hist[LATENT_HIST_BINS]; /* counts over (0, hist_max] */
    size_t n_lens;                 /* at each end; 0: no lens here */
    struct latent_lens lens[LENS_MODES];
    size_t n_neighbours;
    int32_t neighbour[LATENT_NEIGHBOURS]; /* by decoder cosine */
    float neighbour_cos[LATENT_NEIGHBOURS];
    /* Latents that fire on the same tokens: those of greatest |a and b| / sqrt(|a|
     * |b|). */
    size_t n_together;
    int32_t together[LATENT_TOGETHER];
    float together_share[LATENT_TOGETHER];
    uint32_t together_fires[LATENT_TOGETHER]; /* tokens on which both fire */
    double density_lo, density_hi;            /* 95 %, clustered by row */
    float enc_dec_cos;
    double delta_nll; /* mean change of -log p(next) where it fires, if it is ablated */
    size_t delta_n;   /* firing tokens measured for it (at most a few rows) */
    double robustness; /* NaN: not measured; see latent_detail_mask */
    size_t robust_n;   /* tokens on which it fires, masked or not */
};

/* Describes one latent in full. table: of the same s and set (NULL: made for the
 * purpose, then c names its matches). hook: where s reads m. m NULL, or a hook without
 * a lens (lm_hook_has_lens): n_lens is 0. h NULL: no delta_nll. interval: see above.
 * Contexts are at most one a row, sorted by activation; except for INTERVAL_TOP they
 * are a fixed random choice. The lenses are of the decoder row. Owner thread of h.
 * ERR_USAGE for a latent or interval out of range. A few ms, and the model over 16 rows
 * for delta_nll. */
enum err latent_detail_new(const struct sae *s, const struct acts_set *set,
                           const struct concepts *c, const struct latent_table *table,
                           const struct lm *m, struct lm_hook hook, struct harvester *h,
                           int32_t latent, int interval, int64_t step,
                           struct pool *pool, const atomic_bool *cancel,
                           struct latent_detail **out, struct errinfo *e) ERR_CHECKED;
/* Adds to a detail of table t that is not shared yet how well the latent keeps its
 * activations under masks: over a few rows in which it fires, with other tokens
 * replaced at MASK_RATE_USUAL by mask_token,
 *     1 - sum |f(masked text) - f(text)| / sum (f(masked text) + f(text))
 * at tokens that are not masked themselves (eval/robust.h does this for a whole SAE).
 * 1: the tokens around do not matter to it. Stays NaN if it does not fire or mask_token
 * is -1. Owner thread of h. Runs the model over 8 rows. */
enum err latent_detail_mask(struct latent_detail *d, const struct sae *s,
                            const struct acts_set *set, const struct latent_table *t,
                            const struct lm *m, struct harvester *h, int32_t mask_token,
                            struct errinfo *e) ERR_CHECKED;
/* Adds to a detail that is not shared yet what the model expects next in contexts first
 * to first + n - 1 (as far as there are so many), with and without the latent: what the
 * latent adds to the activations of s, which is at h's hook, is taken out at each token
 * that is not special, and the SAE's error stays, as in ask_edit.h. Owner thread of h.
 * Errors of sae_encode and harvest_next, ERR_CANCELLED. Runs the model twice per
 * context, over the row up to its centre. */
enum err latent_detail_next(struct latent_detail *d, const struct sae *s,
                            const struct acts_set *set, const struct lm *m,
                            struct harvester *h, size_t first, size_t n,
                            const atomic_bool *cancel, struct errinfo *e) ERR_CHECKED;
/* Makes a detail like d that is not shared yet, with one reference. ERR_NOMEM. */
enum err latent_detail_copy(const struct latent_detail *d, struct latent_detail **out,
                            struct errinfo *e) ERR_CHECKED;
struct latent_detail *latent_detail_ref(struct latent_detail *d);
void latent_detail_unref(struct latent_detail *d);

/* Whether it counts as matched: it fires, with an F1 of 0.5 or more. */
bool latent_is_matched(const struct latent_row *r);

#endif
