/* What the files of core/latents share. */
#ifndef SAETOP_LATENTS_LATENT_TABLE_PRIV_H
#define SAETOP_LATENTS_LATENT_TABLE_PRIV_H

#include "latents/latent_table.h"

/* How often each token and concept occurs among the tokens read, or before one of
 * them. */
struct latent_totals {
    size_t vocab, n_concepts;
    struct {
        uint32_t *token;   /* [vocab] */
        uint32_t *concept; /* [n_concepts] */
    } at[MATCH_PLACES];
};
enum err latent_totals_init(struct latent_totals *t, const struct acts_set *set,
                            size_t n_positions, const struct concepts *c,
                            struct errinfo *e) ERR_CHECKED;
void latent_totals_deinit(struct latent_totals *t);

/* How well "the activation is at least `cut`" tells a description's tokens, at the cut
 * of greatest F1. */
struct latent_fit {
    uint32_t hits, fires; /* at that cut */
    float cut;
    double f1;
};

/* latent_firings.c: where latents fire, in the order in which positions are read.
 * Zeroed before use. */
struct firings_part;
struct latent_firings {
    size_t n;         /* firings */
    size_t positions; /* positions of the set that were read */
    size_t tokens;    /* those that are not special */
    struct firings_part *part;
    size_t n_parts, cap;
};
/* Adds the firings at the next n positions of the set, or up to the position with which
 * there are `most` in all. Nothing changes on error. codes: room, as for sae_encode. */
enum err latent_firings_read(struct latent_firings *f, const struct sae *s,
                             const struct acts_set *set, size_t n, size_t most,
                             struct pool *pool, struct sae_codes *codes,
                             struct errinfo *e) ERR_CHECKED;
/* Sorts them by latent: entries start[j] to start[j+1]-1 of at and act [n], positions
 * ascending. start [F+1] is zeroed before. */
void latent_firings_sort(const struct latent_firings *f, size_t F, size_t *start,
                         uint32_t *at, float *act);
size_t latent_firings_bytes(const struct latent_firings *f);
void latent_firings_deinit(struct latent_firings *f);

struct latent_firing {
    float act;
    uint32_t at;
};

/* One worker's counts over the firings of one latent, by the tokens at one place; all
 * zero between latents. */
struct latent_counts {
    uint32_t *count;  /* [vocab] firings on each token */
    uint32_t *strong; /* [vocab] of these, those of CUT_STRONG of the largest or more */
    int32_t *seen;    /* [vocab] the tokens with a count, in order of first firing */
    size_t n_seen;
    uint32_t *concept_count;        /* [n_concepts] */
    uint32_t *concept_words;        /* [n_concepts] distinct tokens among them */
    struct latent_fit *word_fit;    /* [vocab] */
    struct latent_fit *concept_fit; /* [n_concepts] */
};
struct latent_tally {
    struct latent_counts at[MATCH_PLACES];
    double *sum;                  /* [vocab] activation on the tokens themselves */
    uint32_t *strongest;          /* [vocab] the first in firing[] that is on it */
    struct latent_firing *firing; /* [max_firings] sorted, strongest first */
    struct latent_token *found;   /* [vocab] room for a latent's index */
    uint32_t *place;              /* [T] firings at each place of the row */
    size_t T;
    size_t most_tokens; /* in a latent's index */
};
enum err latent_tally_init(struct latent_tally *y, const struct latent_totals *t,
                           size_t T, size_t max_firings, size_t most_tokens,
                           struct errinfo *e) ERR_CHECKED;
void latent_tally_deinit(struct latent_tally *y);

/* Counts n firings (at most max_firings) at positions at[], then fills match, top
 * tokens, F1, kind and the index (out, room for min(n, most_tokens)) of the row, and
 * clears the tally. n_tokens: of the text. O(n log n). */
void latent_match(struct latent_tally *y, const struct latent_totals *t,
                  const struct acts_set *set, const struct concepts *c, size_t n_tokens,
                  size_t n, const uint32_t *at, const float *act,
                  struct latent_row *row, struct latent_token *out);

/* latent_index.c: from a tally that has counted n firings, fills the index with the
 * row's top tokens, and the kind. */
void latent_index_row(struct latent_tally *y, struct latent_row *row,
                      struct latent_token *out);
void latent_kind_row(struct latent_tally *y, const struct latent_totals *t,
                     size_t n_tokens, size_t n, struct latent_row *row);

enum err latent_poll(const atomic_bool *cancel, struct errinfo *e) ERR_CHECKED;

#endif
