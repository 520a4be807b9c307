#include "acts/synth_stream.h"

#include "base/mem.h"
#include "base/rng.h"

/* Sequences in a block, whose rows are served in mixed order; single rows in one, if
 * the order has a seed of its own. */
#define BLOCK_SEQUENCES 512
#define BLOCK_SINGLES   8192
/* Rows that a thread makes at a time. */
#define POOL_ROWS 64

struct synth_stream {
    const struct synth *source;
    struct synth_stream_config cfg;
    size_t D;
    double rate;
    uint64_t served; /* rows gone through */
    uint64_t vectors_served;
    double masked_fraction; /* of the rows gone through for the last batch */
    size_t block_n;         /* rows of a block; 1: no order but their own */
    uint64_t block;         /* number of the block whose order is at hand, from 1 */
    uint32_t *order;        /* [block_n] */
    uint64_t *row;          /* [batch] */
    float *x;               /* [batch, D] */
};

/* Single rows are drawn one by one: with the source's own seed they need no order. */
static size_t block_rows(const struct synth_config *c, uint64_t order_seed)
{
    return c->sequence > 1         ? BLOCK_SEQUENCES * c->sequence
           : order_seed != c->seed ? BLOCK_SINGLES
                                   : 1;
}

enum err synth_stream_new(const struct synth *s, const struct synth_stream_config *cfg,
                          struct synth_stream **out, struct errinfo *e)
{
    static const char what[] = "a stream of synthetic rows";
    struct synth_stream *m = NULL;
    enum err rc = OK;
    if (cfg->batch < 1) {
        return err_set(e, ERR_USAGE, "found a batch of 0, expected 1 or more");
    }
    TRY(mem_new(&m, 1, sizeof *m, what, e));
    m->source = s;
    m->cfg = *cfg;
    m->D = synth_config_of(s)->D;
    m->block_n = block_rows(synth_config_of(s), cfg->order_seed);
    TRY_OUT(rc, mem_new(&m->order, m->block_n, sizeof *m->order, what, e));
    TRY_OUT(rc, mem_new(&m->row, cfg->batch, sizeof *m->row, what, e));
    TRY_OUT(rc, mem_new(&m->x, cfg->batch, m->D * sizeof *m->x, what, e));
    *out = m;
    return OK;
out:
    synth_stream_free(m);
    return rc;
}

void synth_stream_free(struct synth_stream *m)
{
    if (m) {
        mem_free(m->order);
        mem_free(m->row);
        mem_free(m->x);
        mem_free(m);
    }
}

size_t synth_stream_bytes(const struct synth_config *c,
                          const struct synth_stream_config *cfg)
{
    return cfg->batch * (c->D * sizeof(float) + sizeof(uint64_t)) +
           block_rows(c, cfg->order_seed) * sizeof(uint32_t);
}

void synth_stream_set_rate(struct synth_stream *m, double p)
{
    m->rate = p;
}

/* ---- serving ---- */

/* Returns the row that is served at a place. */
static uint64_t row_at(struct synth_stream *m, uint64_t place)
{
    const uint64_t block = place / m->block_n;
    if (m->block_n == 1) {
        return place;
    }
    if (m->block != block + 1) {
        struct rng r = rng_begin(m->cfg.order_seed, RNG_SHUFFLE, block + 1);
        for (size_t i = 0; i < m->block_n; i++) {
            m->order[i] = (uint32_t)i;
        }
        rng_permute(&r, m->order, m->block_n);
        m->block = block + 1;
    }
    return block * m->block_n + m->order[place % m->block_n];
}

static void make_rows(void *ctx, size_t block, size_t worker)
{
    struct synth_stream *m = ctx;
    const size_t from = block * POOL_ROWS, left = m->cfg.batch - from;
    const size_t to = from + (left < POOL_ROWS ? left : POOL_ROWS);
    (void)worker;
    for (size_t i = from; i < to; i++) {
        const bool clean =
            m->cfg.mix && !synth_is_masked(m->source, m->rate, m->row[i]);
        float *x = m->x + i * m->D;
        synth_rows(m->source, clean ? 0.0 : m->rate, m->row[i], 1, x, NULL);
        for (size_t d = 0; d < m->D; d++) {
            x[d] *= m->cfg.scale;
        }
    }
}

const float *synth_stream_next(struct synth_stream *m)
{
    const uint64_t from = m->served;
    size_t masked = 0;
    for (size_t b = 0; b < m->cfg.batch;) {
        const uint64_t row = row_at(m, m->served++);
        const bool is_masked = synth_is_masked(m->source, m->rate, row);
        masked += is_masked;
        if (!(is_masked && m->cfg.drop_masked)) {
            m->row[b++] = row;
        }
    }
    m->masked_fraction = (double)masked / (double)(m->served - from);
    m->vectors_served += m->cfg.batch;
    pool_run(m->cfg.pool, (m->cfg.batch + POOL_ROWS - 1) / POOL_ROWS, make_rows, m);
    return m->x;
}

/* ---- position ---- */

struct stream_stats synth_stream_stats(const struct synth_stream *m)
{
    return (struct stream_stats){.tokens_read = m->served,
                                 .vectors_served = m->vectors_served,
                                 .masked_fraction = m->masked_fraction,
                                 .rate = m->rate};
}

struct stream_pos synth_stream_tell(const struct synth_stream *m)
{
    return (struct stream_pos){.served = m->served,
                               .rate = m->rate,
                               .tokens_read = m->served,
                               .vectors_served = m->vectors_served};
}

void synth_stream_seek(struct synth_stream *m, const struct stream_pos *pos)
{
    m->served = pos->served;
    m->rate = pos->rate;
    m->vectors_served = pos->vectors_served;
}

enum err synth_stream_fork(const struct synth_stream *m, double p,
                           struct synth_stream **out, struct errinfo *e)
{
    struct stream_pos pos = synth_stream_tell(m);
    TRY(synth_stream_new(m->source, &m->cfg, out, e));
    pos.rate = p;
    synth_stream_seek(*out, &pos);
    return OK;
}
