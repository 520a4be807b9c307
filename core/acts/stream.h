/* The endless stream of training activations of one arm: pack, mask, harvest, filter,
 * shuffle, scale.
 *
 * The buffer is filled with `fill_rows` rows at a time and served in an order that is a
 * counter-based permutation of (order_seed, fill), so the state is a position (fill,
 * served) and a pack cursor. A rate change applies from the next fill. Two streams of
 * one corpus that differ only in masks serve the same positions in the same order; with
 * drop_masked each skips its masked ones. Two that differ only in order_seed serve the
 * same activations of each fill in other batches. With `mix` masked positions come from
 * the model on masked rows and all others from the model on clean ones, so that a mask
 * changes nothing but its own position. */
#ifndef SAETOP_ACTS_STREAM_H
#define SAETOP_ACTS_STREAM_H

#include "acts/cache.h"
#include "acts/harvest.h"
#include "acts/shards.h"

/* The fills that several streams serve from. Streams of one share that come to the same
 * fill at the same rate run the model for it once, and one that mixes copies the clean
 * or masked side where another stream has it. They must have the same text, mask and T;
 * each may have an order of its own. The share outlives its streams. Owner thread. */
struct acts_share;
enum err acts_share_new(struct acts_share **out, struct errinfo *e) ERR_CHECKED;
void acts_share_free(struct acts_share *share); /* NULL is fine */

/* A further hook whose activations are kept: the model is run for them where the hook's
 * cache lacks those of a fill. Streams of a share have the same ones. */
struct stream_kept {
    struct lm_hook hook;
    size_t width;
    struct acts_cache *cache, *clean_cache; /* as those of the stream; NULL: none */
};
#define STREAM_KEPT_MAX 8

struct stream_config {
    size_t T, fill_rows; /* 128, 128 */
    size_t batch;        /* B */
    uint64_t order_seed;
    float scale;
    struct mask_spec mask;
    bool drop_masked;         /* leave masked positions out of training */
    bool mix;                 /* unmasked positions come from clean rows */
    struct acts_share *share; /* borrowed; NULL: every fill is the stream's own */
    struct acts_cache *cache; /* of the model on masked rows; borrowed; NULL: none */
    struct acts_cache *clean_cache; /* on clean ones, for mix; borrowed; NULL: none */
    struct stream_kept kept[STREAM_KEPT_MAX]; /* after lm_need of the blocks before */
    size_t n_kept;
};

struct acts_stream;
/* Makes a stream. Borrows h, c, tok for its life. */
enum err stream_new(struct harvester *h, struct corpus *c, const struct tok *tok,
                    const struct stream_config *cfg, struct acts_stream **out,
                    struct errinfo *e) ERR_CHECKED;
/* Makes a stream of activations made elsewhere: rows of T in the endless order of
 * mask.seed (shards_row_at), from the masked side at a rate above 0, else from the
 * clean one. Nothing else of `mask` and no cache is used. drop_masked and mix need
 * SHARDS_FLAGS; a rate above 0 needs SHARDS_MASKED. Borrows `from`. */
enum err stream_of_shards(const struct shards *from, const struct stream_config *cfg,
                          struct acts_stream **out, struct errinfo *e) ERR_CHECKED;
void stream_free(struct acts_stream *s);

/* Sets the rate of the fills that begin from now on. */
void stream_set_rate(struct acts_stream *s, double p);
/* Returns how many batches to come lie wholly in the current fill: the one after them
 * is the first with activations of a rate set now. 0 before the first batch. */
size_t stream_lag(const struct acts_stream *s);
/* Gives the next batch, scaled, [batch, D]; borrowed until the next call. Errors of the
 * corpus; ERR_USAGE when nothing is left to train on. After an error the stream stands,
 * for stream_tell and the next call, where the last batch ended. */
enum err stream_next(struct acts_stream *s, const float **x,
                     struct errinfo *e) ERR_CHECKED;

/* Makes a second stream at the same position, which harvests the current fill again at
 * its own rate p: the forked twin. */
enum err stream_fork(const struct acts_stream *s, double p, struct acts_stream **out,
                     struct errinfo *e) ERR_CHECKED;

struct stream_stats {
    uint64_t tokens_read; /* positions the model ran on, special and dropped ones too;
                             twice where masked and clean rows are mixed */
    uint64_t vectors_served;
    double masked_fraction; /* realised in the current fill, over maskable positions;
                               NaN if shards do not say */
    double rate;            /* of the current fill */
    double seconds_model;   /* time spent in the model */
};
struct stream_stats stream_stats(const struct acts_stream *s);

/* A position, for checkpoints. stream_seek harvests the fill again, at the position's
 * rate, which is also that of the next fill until another is set. */
struct stream_pos {
    struct pack_pos fill_start;
    uint64_t fill;   /* number of the fill, from 1; 0 before the first */
    uint64_t served; /* places of its order passed */
    double rate;
    uint64_t tokens_read, vectors_served;
};
struct stream_pos stream_tell(const struct acts_stream *s);
enum err stream_seek(struct acts_stream *s, const struct stream_pos *pos,
                     struct errinfo *e) ERR_CHECKED;

/* Writes to order[n] the order in which fill `number` (from 1) of a seed is served, as
 * places in its clean ids[n], row by row; returns how many. Special positions are left
 * out; without a tokenizer (NULL), those with no id. Masked ones are not, so that the
 * order is the same for every rate: a stream that drops them skips them. n at most
 * UINT32_MAX. Any thread. */
size_t stream_order(const struct tok *tok, uint64_t seed, uint64_t number,
                    const int32_t *ids, size_t n, uint32_t *order);

/* Bytes of a stream that shares nothing; of these, the order and the batch, which it
 * never shares; and those for further hooks, once for all streams of a share. */
size_t stream_bytes(size_t D, const struct stream_config *cfg);
size_t stream_own_bytes(size_t D, const struct stream_config *cfg);
size_t stream_kept_bytes(const struct stream_config *cfg);

#endif
