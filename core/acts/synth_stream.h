/* The endless stream of training rows from a synthetic source: the counterpart of
 * acts/stream.h without a buffer, so that a rate applies from the next batch. Rows of
 * sequences are served in a counter-based order within blocks, so that a batch has rows
 * of many sequences; the state is a position. Two streams of one source that differ
 * only in masks serve the same rows in the same order; with drop_masked each skips its
 * masked ones. Two that differ only in order_seed serve the same rows of each block in
 * another order. Rows of no sequence are served in blocks only where order_seed is not
 * the source's seed. */
#ifndef SAETOP_ACTS_SYNTH_STREAM_H
#define SAETOP_ACTS_SYNTH_STREAM_H

#include "acts/stream.h"
#include "acts/synthetic.h"
#include "base/pool.h"

struct synth_stream_config {
    size_t batch; /* B */
    uint64_t order_seed;
    float scale;
    bool drop_masked;
    bool mix;          /* unmasked rows have a clean context */
    struct pool *pool; /* borrowed; NULL: the caller's thread alone */
};

struct synth_stream;
/* Borrows the source for its life. ERR_USAGE for an empty batch. */
enum err synth_stream_new(const struct synth *s, const struct synth_stream_config *cfg,
                          struct synth_stream **out, struct errinfo *e) ERR_CHECKED;
void synth_stream_free(struct synth_stream *m); /* NULL is fine */
void synth_stream_set_rate(struct synth_stream *m, double p);
/* Next batch, scaled, [batch, D]; borrowed until the next call. */
const float *synth_stream_next(struct synth_stream *m);
/* Makes a second stream at the same position with its own rate p. */
enum err synth_stream_fork(const struct synth_stream *m, double p,
                           struct synth_stream **out, struct errinfo *e) ERR_CHECKED;

/* As for a model's stream, with rows passed in place of tokens read. A position uses
 * only served (rows), rate and the counters. */
struct stream_stats synth_stream_stats(const struct synth_stream *m);
struct stream_pos synth_stream_tell(const struct synth_stream *m);
void synth_stream_seek(struct synth_stream *m, const struct stream_pos *pos);

/* Bytes that a stream needs. */
size_t synth_stream_bytes(const struct synth_config *c,
                          const struct synth_stream_config *cfg);

#endif
