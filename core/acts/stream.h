/* The endless stream of training activations of one arm: pack, mask, harvest, filter,
 * shuffle, scale.
 *
 * The buffer is filled `fill_rows` rows at a time and served in an order that is a
 * counter-based permutation of (order_seed, fill), so the state is a position (fill,
 * served) and a pack cursor. A rate change applies from the next fill. Two streams of
 * one corpus that differ only in masks serve the same positions in the same order; with
 * drop_masked each passes over its masked ones. Two that differ only in order_seed
 * serve the same activations of each fill in other batches. With `mix` masked positions
 * come from the model on masked rows and all others from the model on clean ones, so
 * that a mask changes nothing but the place where it stands. */
#ifndef SAETOP_ACTS_STREAM_H
#define SAETOP_ACTS_STREAM_H

#include "acts/cache.h"
#include "acts/harvest.h"
#include "acts/shards.h"

/* The fills that streams serve from. Streams of one share that come to the same fill at
 * the same rate run the model for it once, and one that mixes takes what others have of
 * it; they must have the same text, mask and T, each may have an order of its own. It
 * outlives its streams. Owner thread. */
struct acts_share;
enum err acts_share_new(struct acts_share **out, struct errinfo *e) ERR_CHECKED;
void acts_share_free(struct acts_share *share); /* NULL is fine */

/* A further hook whose activations are kept: where its cache lacks those of a fill, the
 * model is run for them. Streams of a share have the same ones. */
struct stream_kept {
    struct lm_hook hook;
    size_t width;
    struct acts_cache *cache, *clean_cache; /* as the stream's own; NULL: none */
};
#define STREAM_KEPT_MAX 8

struct stream_config {
    size_t T, fill_rows; /* 128, 128 */
    size_t batch;        /* B */
    uint64_t order_seed;
    float scale;
    struct mask_spec mask;
    bool drop_masked;         /* leave masked positions out of training */
    bool mix;                 /* positions that are not masked are of clean rows */
    struct acts_share *share; /* borrowed; NULL: every fill is the stream's own */
    struct acts_cache *cache; /* of the model on masked rows; borrowed; NULL: none */
    struct acts_cache *clean_cache; /* on clean ones, for mix; borrowed; NULL: none */
    struct stream_kept kept[STREAM_KEPT_MAX]; /* after lm_need of the blocks before */
    size_t n_kept;
};

struct acts_stream;
/* Borrows h, c, tok for its life. */
enum err stream_new(struct harvester *h, struct corpus *c, const struct tok *tok,
                    const struct stream_config *cfg, struct acts_stream **out,
                    struct errinfo *e) ERR_CHECKED;
/* The same of activations that were made elsewhere: rows of T in the endless order of
 * mask.seed (shards_row_at), on the masked side where a rate is above 0, on the clean
 * one else; nothing else of `mask`, and no cache, is looked at. What is dropped or
 * mixed needs SHARDS_FLAGS; a rate above 0 needs SHARDS_MASKED. Borrows `from`. */
enum err stream_of_shards(const struct shards *from, const struct stream_config *cfg,
                          struct acts_stream **out, struct errinfo *e) ERR_CHECKED;
void stream_free(struct acts_stream *s);

/* Rate for the fills that begin from now on. */
void stream_set_rate(struct acts_stream *s, double p);
/* Batches still to come that are wholly of the current fill: the one after them is the
 * first with activations of a rate set now. 0 before the first batch. */
size_t stream_lag(const struct acts_stream *s);
/* Next batch, scaled, [batch, D]; borrowed until the next call. Errors of the corpus;
 * ERR_USAGE when nothing is left to train on. After an error the stream stands where
 * the batch before ended, for stream_tell and for the next call. */
enum err stream_next(struct acts_stream *s, const float **x,
                     struct errinfo *e) ERR_CHECKED;

/* A second stream at the same position whose current fill is harvested again at its own
 * rate p: the forked twin. */
enum err stream_fork(const struct acts_stream *s, double p, struct acts_stream **out,
                     struct errinfo *e) ERR_CHECKED;

struct stream_stats {
    uint64_t tokens_read; /* model positions run, specials and dropped ones included,
                             twice where masked and clean rows are mixed */
    uint64_t vectors_served;
    double masked_fraction; /* realised in the current fill, over maskable positions;
                               NaN where shards do not say */
    double rate;            /* of the current fill */
    double seconds_model;   /* time spent in the model */
};
struct stream_stats stream_stats(const struct acts_stream *s);

/* The position, for checkpoints. seek harvests the fill again, at its rate, which is
 * also the rate of the next one until another is set. */
struct stream_pos {
    struct pack_pos fill_start;
    uint64_t fill;   /* number of the fill, from 1; 0 before the first */
    uint64_t served; /* places of its order gone through */
    double rate;
    uint64_t tokens_read, vectors_served;
};
struct stream_pos stream_tell(const struct acts_stream *s);
enum err stream_seek(struct acts_stream *s, const struct stream_pos *pos,
                     struct errinfo *e) ERR_CHECKED;

/* The order in which fill `number` of a seed, from 1, is served: the places in its
 * clean ids[n], a row after the other, in order[n]; returns how many. Special positions
 * are left out, without a tokenizer (NULL) those of no id. Masked ones are not, so that
 * the order is the same for every rate: a stream that drops them passes over them. n at
 * most UINT32_MAX. Any thread. */
size_t stream_order(const struct tok *tok, uint64_t seed, uint64_t number,
                    const int32_t *ids, size_t n, uint32_t *order);

/* Bytes a stream will need that shares nothing; of these the order and the batch, which
 * it never shares, and what further hooks take, once for all streams of a share. */
size_t stream_bytes(size_t D, const struct stream_config *cfg);
size_t stream_own_bytes(size_t D, const struct stream_config *cfg);
size_t stream_kept_bytes(const struct stream_config *cfg);

#endif
