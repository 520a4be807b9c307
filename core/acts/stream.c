#include "acts/stream.h"

#include "acts/fill_priv.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

struct acts_stream {
    struct harvester *h; /* borrowed, as are the three below */
    struct corpus *c;
    const struct tok *tok;
    const struct shards *shards; /* in the place of these three; else NULL */
    struct stream_config cfg;
    size_t D, n; /* n = fill_rows * T positions of a fill */
    struct pack *pack;
    uint64_t next_row; /* of shards, where a packer would stand */

    uint64_t fill;         /* number of the fill at hand, from 1; 0: none yet */
    struct acts_fill *f;   /* it; other streams may serve from it too */
    struct pack_pos start; /* where its rows begin */
    uint32_t *order;       /* [n] its positions that are not special, shuffled */
    size_t order_n;
    double rate;
    size_t served; /* places of the order gone through */

    bool lost; /* a fill failed: the stream stands where its last whole batch ended */
    struct stream_pos whole;

    double next_rate;
    float *batch;                 /* [batch, D] */
    float *clean;                 /* [n, D] of clean rows, for mix; else NULL */
    float *kept[STREAM_KEPT_MAX]; /* [n, width] of cfg.kept; the share's, if any */
    uint64_t tokens_read, vectors_served;
    double seconds_model;
};

/* ---- making ---- */

/* T and D: those of the rows to be read. */
static enum err config_check(size_t T, size_t D, const struct stream_config *c,
                             size_t *n, struct errinfo *e)
{
    size_t t;
    if (c->T != T) {
        return err_set(e, ERR_USAGE,
                       "found rows of %zu tokens, expected %zu as harvested", c->T, T);
    }
    if (!mem_mul(c->fill_rows, c->T, n) || *n < 1 || *n > UINT32_MAX ||
        !mem_mul(*n, D, &t)) {
        return err_set(e, ERR_USAGE, "found a buffer of %zu rows, expected 1 to %zu",
                       c->fill_rows, (size_t)UINT32_MAX / c->T);
    }
    if (c->batch < 1 || !mem_mul(c->batch, D, &t)) {
        return err_set(e, ERR_USAGE, "found a batch of %zu, expected 1 or more",
                       c->batch);
    }
    if (!isfinite(c->scale) || !(c->scale > 0.0f)) {
        return err_set(e, ERR_USAGE, "found a scale of %g, expected a positive number",
                       (double)c->scale);
    }
    return OK;
}

/* Makes the rest of a stream of rows of T by D whose borrowed parts are set. */
static enum err make(struct acts_stream *s, size_t T, size_t D,
                     const struct stream_config *cfg, struct errinfo *e)
{
    TRY(config_check(T, D, cfg, &s->n, e));
    s->cfg = *cfg;
    s->D = D;
    TRY(mem_new(&s->batch, cfg->batch * D, sizeof *s->batch, "a batch", e));
    TRY(mem_new(&s->order, s->n, sizeof *s->order, "an order of activations", e));
    if (cfg->mix) {
        TRY(mem_new(&s->clean, s->n * D, sizeof *s->clean, "a buffer of activations",
                    e));
    }
    for (size_t i = 0; i < cfg->n_kept; i++) {
        TRY(fill_kept(cfg->share, i, s->n * cfg->kept[i].width, &s->kept[i], e));
    }
    if (s->shards) {
        return OK;
    }
    TRY(pack_new(s->c, CORPUS_TRAIN, s->tok, cfg->T, &s->pack, e));
    s->start = pack_tell(s->pack);
    return OK;
}

enum err stream_new(struct harvester *h, struct corpus *c, const struct tok *tok,
                    const struct stream_config *cfg, struct acts_stream **out,
                    struct errinfo *e)
{
    struct acts_stream *s = NULL;
    if (!cfg->mask.vocab) {
        return err_set(e, ERR_USAGE, "found masks without a vocabulary");
    }
    TRY(mem_new(&s, 1, sizeof *s, "a stream of activations", e));
    s->h = h;
    s->c = c;
    s->tok = tok;
    const enum err rc = make(s, harvest_T(h), harvest_D(h), cfg, e);
    if (rc != OK) {
        stream_free(s);
        return rc;
    }
    *out = s;
    return OK;
}

enum err stream_of_shards(const struct shards *from, const struct stream_config *cfg,
                          struct acts_stream **out, struct errinfo *e)
{
    struct acts_stream *s = NULL;
    TRY(mem_new(&s, 1, sizeof *s, "a stream of activations", e));
    s->shards = from;
    const enum err rc = make(s, shards_facts(from)->T, shards_facts(from)->D, cfg, e);
    if (rc != OK) {
        stream_free(s);
        return rc;
    }
    *out = s;
    return OK;
}

void stream_free(struct acts_stream *s)
{
    if (s) {
        pack_free(s->pack);
        fill_release(s->cfg.share, s->f);
        mem_free(s->batch);
        mem_free(s->order);
        mem_free(s->clean);
        for (size_t i = 0; i < s->cfg.n_kept && !s->cfg.share; i++) {
            mem_free(s->kept[i]);
        }
        mem_free(s);
    }
}

size_t stream_bytes(size_t D, const struct stream_config *cfg)
{
    const size_t n = cfg->fill_rows * cfg->T;
    const size_t ids = 2 * sizeof(int32_t) + sizeof(uint8_t);
    const size_t passes = cfg->mix ? 2 : 1;
    return n * (passes * D * sizeof(float) + ids) + stream_own_bytes(D, cfg) +
           stream_kept_bytes(cfg);
}

size_t stream_own_bytes(size_t D, const struct stream_config *cfg)
{
    const size_t n = cfg->fill_rows * cfg->T;
    return n * sizeof(uint32_t) + cfg->batch * D * sizeof(float);
}

size_t stream_kept_bytes(const struct stream_config *cfg)
{
    size_t widths = 0;
    for (size_t i = 0; i < cfg->n_kept; i++) {
        widths += cfg->kept[i].width;
    }
    return cfg->fill_rows * cfg->T * widths * sizeof(float);
}

/* ---- where the rows are ---- */

static struct pack_pos rows_tell(const struct acts_stream *s)
{
    return s->shards ? (struct pack_pos){.row = s->next_row} : pack_tell(s->pack);
}

static enum err rows_seek(struct acts_stream *s, struct pack_pos pos, struct errinfo *e)
{
    if (!s->shards) {
        return pack_seek(s->pack, pos, e);
    }
    s->next_row = pos.row;
    return OK;
}

/* ---- filling ---- */

size_t stream_order(const struct tok *tok, uint64_t seed, uint64_t number,
                    const int32_t *ids, size_t n, uint32_t *order)
{
    struct rng r = rng_begin(seed, RNG_SHUFFLE, number);
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (tok ? !acts_is_special(tok, ids[i]) : ids[i] >= 0) {
            order[count++] = (uint32_t)i;
        }
    }
    rng_permute(&r, order, count);
    return count;
}

/* Finds the further hooks whose caches still lack this fill, and those caches. */
static size_t find_wanted(const struct acts_stream *s, bool masked, uint64_t number,
                          const int32_t *ids, struct harvest_also also[STREAM_KEPT_MAX],
                          struct acts_cache *to[STREAM_KEPT_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < s->cfg.n_kept; i++) {
        const struct stream_kept *k = &s->cfg.kept[i];
        struct acts_cache *cache = masked ? k->cache : k->clean_cache;
        if (cache && acts_cache_wants(cache, number, ids)) {
            also[n] = (struct harvest_also){.hook = k->hook, .x = s->kept[i]};
            to[n++] = cache;
        }
    }
    return n;
}

/* One pass: runs the model on ids [n], rows of fill `number`, masked or clean, into x
 * [n,D]; or takes them from the cache, if it has them and no further hook lacks
 * them. */
static void run_pass(struct acts_stream *s, bool masked, uint64_t number,
                     const int32_t *ids, float *x)
{
    struct acts_cache *cache = masked ? s->cfg.cache : s->cfg.clean_cache;
    struct acts_cache *to[STREAM_KEPT_MAX];
    struct harvest_also also[STREAM_KEPT_MAX];
    const size_t wanted = find_wanted(s, masked, number, ids, also, to);
    if (wanted == 0 && cache && acts_cache_get(cache, number, ids, x)) {
        return;
    }
    const int64_t began = clock_ns();
    harvest_rows_also(s->h, ids, s->cfg.fill_rows, x, also, wanted);
    s->seconds_model += clock_seconds_since(began);
    if (cache) {
        acts_cache_put(cache, number, ids, x);
    }
    for (size_t i = 0; i < wanted; i++) {
        acts_cache_put(to[i], number, ids, also[i].x);
    }
}

/* The same for one side of a mixed fill, which another stream may be serving from. */
static void run_part(struct acts_stream *s, const struct acts_fill *f, uint64_t number,
                     double rate, float *x)
{
    const bool masked = rate > 0.0;
    struct acts_fill *whole =
        fill_find(s->cfg.share, s->n, number, f->start, rate, false);
    if (whole) {
        memcpy(x, whole->x, s->n * s->D * sizeof *x);
        fill_release(s->cfg.share, whole);
    } else {
        run_pass(s, masked, number, masked ? f->fed : f->clean, x);
    }
}

/* Keeps masked positions from the masked rows, takes all others from the clean ones. */
static void keep_clean(const struct acts_stream *s, struct acts_fill *f)
{
    for (size_t i = 0; i < f->n; i++) {
        if (!f->is_masked[i]) {
            memcpy(f->x + i * s->D, s->clean + i * s->D, s->D * sizeof *f->x);
        }
    }
}

static void mix_fill(struct acts_stream *s, struct acts_fill *f, uint64_t number)
{
    run_part(s, f, number, f->rate, f->x);
    run_part(s, f, number, 0.0, s->clean);
    keep_clean(s, f);
}

/* Masks the rows in `clean` and runs the model on them. */
static void harvest_fill(struct acts_stream *s, struct acts_fill *f, uint64_t number)
{
    const size_t masked = mask_apply(&s->cfg.mask, f->rate, f->start.row, f->clean,
                                     s->cfg.fill_rows, s->cfg.T, f->fed, f->is_masked);
    const size_t eligible = mask_eligible(s->cfg.mask.vocab, f->clean, f->n);
    f->masked_fraction = eligible > 0 ? (double)masked / (double)eligible : 0.0;
    if (f->mixed) {
        mix_fill(s, f, number);
    } else {
        run_pass(s, true, number, f->fed, f->x);
    }
}

/* Reads one side of the rows at the stream's position into x [n,D]. */
static enum err read_side(const struct acts_stream *s, enum shards_part side, float *x,
                          struct errinfo *e)
{
    for (size_t i = 0; i < s->cfg.fill_rows; i++) {
        const uint64_t row =
            shards_row_at(s->shards, s->cfg.mask.seed, s->next_row + i);
        TRY(shards_get(s->shards, side, row, x + i * s->cfg.T * s->D, e));
    }
    return OK;
}

/* The same for what is known of their tokens. */
static enum err read_tokens(const struct acts_stream *s, struct acts_fill *f,
                            struct errinfo *e)
{
    size_t there = 0, masked = 0;
    for (size_t i = 0; i < s->cfg.fill_rows; i++) {
        const uint64_t row =
            shards_row_at(s->shards, s->cfg.mask.seed, s->next_row + i);
        TRY(shards_tokens(s->shards, row, f->clean + i * s->cfg.T,
                          f->is_masked + i * s->cfg.T, e));
    }
    for (size_t i = 0; i < f->n; i++) {
        f->is_masked[i] &= f->rate > 0.0; /* the flags are of the masked side */
        there += f->clean[i] >= 0;
        masked += f->is_masked[i];
    }
    f->masked_fraction = f->rate > 0.0 && !shards_has(s->shards, SHARDS_FLAGS)
                             ? (double)NAN
                             : (double)masked / (double)there;
    return OK;
}

/* Reads the rows at the stream's position, from the side that the rate tells. */
static enum err read_fill(struct acts_stream *s, struct acts_fill *f, struct errinfo *e)
{
    TRY(read_tokens(s, f, e));
    TRY(read_side(s, f->rate > 0.0 ? SHARDS_MASKED : SHARDS_CLEAN, f->x, e));
    if (f->mixed) {
        TRY(read_side(s, SHARDS_CLEAN, s->clean, e));
        keep_clean(s, f);
    }
    s->next_row += s->cfg.fill_rows;
    return OK;
}

static bool is_served(const struct acts_stream *s, size_t place)
{
    return !(s->cfg.drop_masked && s->f->is_masked[s->order[place]]);
}

/* Places in the order at hand. */
static size_t places(const struct acts_stream *s)
{
    return s->fill > 0 ? s->order_n : 0;
}

/* Without masks there is nothing to mix. */
static bool mixes_at(const struct acts_stream *s, double rate)
{
    return s->cfg.mix && rate > 0.0;
}

/* Reads and runs the rows from the packer's position into a fill of the stream's
 * own. */
static enum err make_fill(struct acts_stream *s, uint64_t number, double rate,
                          struct errinfo *e)
{
    if (!s->f || s->f->refs > 1) {
        struct acts_fill *mine = NULL;
        TRY(fill_take(s->cfg.share, s->n, s->D, &mine, e));
        fill_release(s->cfg.share, s->f);
        s->f = mine;
    }
    struct acts_fill *f = s->f;
    f->number = 0; /* streams must not find it half made */
    f->start = rows_tell(s);
    f->rate = rate;
    f->mixed = mixes_at(s, rate);
    if (s->shards) {
        TRY(read_fill(s, f, e));
        f->end = rows_tell(s);
    } else {
        TRY(pack_rows(s->pack, s->cfg.fill_rows, f->clean, e));
        f->end = rows_tell(s);
        harvest_fill(s, f, number);
    }
    f->number = number;
    return OK;
}

/* Takes fill number `fill` from the packer's position: another stream's if it has the
 * same, else a fill of its own. */
static enum err load_fill(struct acts_stream *s, uint64_t fill, double rate,
                          struct errinfo *e)
{
    const struct pack_pos start = rows_tell(s);
    struct acts_fill *shared =
        fill_find(s->cfg.share, s->n, fill, start, rate, mixes_at(s, rate));
    if (shared) {
        fill_release(s->cfg.share, s->f);
        s->f = shared;
        TRY(rows_seek(s, shared->end, e));
    } else {
        TRY(make_fill(s, fill, rate, e));
    }
    s->order_n =
        stream_order(s->tok, s->cfg.order_seed, fill, s->f->clean, s->n, s->order);
    s->start = start;
    s->rate = rate;
    s->fill = fill;
    s->served = 0;
    return OK;
}

static enum err next_fill(struct acts_stream *s, struct errinfo *e)
{
    TRY(load_fill(s, s->fill + 1, s->next_rate, e));
    s->tokens_read += s->f->mixed ? 2 * s->n : s->n;
    for (size_t i = 0; i < places(s); i++) {
        if (is_served(s, i)) {
            return OK;
        }
    }
    return err_set(e, ERR_USAGE,
                   "%zu rows of tokens left no activation to train on: at mask rate %g "
                   "masked positions are dropped, special tokens always",
                   s->cfg.fill_rows, s->rate);
}

/* ---- serving ---- */

void stream_set_rate(struct acts_stream *s, double p)
{
    s->next_rate = p;
}

size_t stream_lag(const struct acts_stream *s)
{
    size_t left = 0;
    for (size_t i = s->served; i < places(s); i++) {
        left += is_served(s, i);
    }
    return left / s->cfg.batch;
}

static enum err fill_batch(struct acts_stream *s, struct errinfo *e)
{
    for (size_t b = 0; b < s->cfg.batch;) {
        if (s->served == places(s)) {
            TRY(next_fill(s, e));
        }
        const size_t place = s->served++;
        if (!is_served(s, place)) {
            continue;
        }
        const float *from = s->f->x + (size_t)s->order[place] * s->D;
        float *to = s->batch + b * s->D;
        for (size_t d = 0; d < s->D; d++) {
            to[d] = s->cfg.scale * from[d];
        }
        b++;
    }
    return OK;
}

/* Goes back to the end of the last whole batch. */
static enum err find_again(struct acts_stream *s, struct errinfo *e)
{
    const double rate = s->next_rate;
    const struct stream_pos whole = s->whole;
    TRY(stream_seek(s, &whole, e));
    s->next_rate = rate;
    return OK;
}

enum err stream_next(struct acts_stream *s, const float **x, struct errinfo *e)
{
    if (s->lost) {
        TRY(find_again(s, e));
    }
    const struct stream_pos before = stream_tell(s);
    const enum err rc = fill_batch(s, e);
    if (rc != OK) {
        s->whole = before;
        s->lost = true;
        return rc;
    }
    s->vectors_served += s->cfg.batch;
    *x = s->batch;
    return OK;
}

struct stream_stats stream_stats(const struct acts_stream *s)
{
    return (struct stream_stats){
        .tokens_read = s->tokens_read,
        .vectors_served = s->vectors_served,
        .masked_fraction = s->fill > 0 ? s->f->masked_fraction : 0.0,
        .rate = s->fill > 0 ? s->rate : s->next_rate,
        .seconds_model = s->seconds_model,
    };
}

/* ---- position ---- */

struct stream_pos stream_tell(const struct acts_stream *s)
{
    if (s->lost) {
        return s->whole;
    }
    return (struct stream_pos){
        .fill_start = s->start,
        .fill = s->fill,
        .served = s->served,
        .rate = s->fill > 0 ? s->rate : s->next_rate,
        .tokens_read = s->tokens_read,
        .vectors_served = s->vectors_served,
    };
}

enum err stream_seek(struct acts_stream *s, const struct stream_pos *pos,
                     struct errinfo *e)
{
    TRY(rows_seek(s, pos->fill_start, e));
    s->next_rate = pos->rate;
    s->served = 0;
    s->fill = 0;
    s->start = pos->fill_start;
    if (pos->fill > 0) {
        TRY(load_fill(s, pos->fill, pos->rate, e));
    }
    if (pos->served > places(s)) {
        return err_set(e, ERR_FORMAT,
                       "a stream's position: found %llu activations served of %zu",
                       (unsigned long long)pos->served, places(s));
    }
    s->served = (size_t)pos->served;
    s->tokens_read = pos->tokens_read;
    s->vectors_served = pos->vectors_served;
    s->lost = false;
    return OK;
}

enum err stream_fork(const struct acts_stream *s, double p, struct acts_stream **out,
                     struct errinfo *e)
{
    struct acts_stream *twin = NULL;
    struct stream_pos pos = stream_tell(s);
    pos.rate = p;
    TRY(s->shards ? stream_of_shards(s->shards, &s->cfg, &twin, e)
                  : stream_new(s->h, s->c, s->tok, &s->cfg, &twin, e));
    const enum err rc = stream_seek(twin, &pos, e);
    if (rc != OK) {
        stream_free(twin);
        return rc;
    }
    *out = twin;
    return OK;
}
