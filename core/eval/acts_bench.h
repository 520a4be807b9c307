/* What can be measured about an SAE with activations alone, when there is no model to
 * run: on held-out ones made elsewhere (acts/shards.h), clean. */
#ifndef SAETOP_EVAL_ACTS_BENCH_H
#define SAETOP_EVAL_ACTS_BENCH_H

#include "acts/shards.h"
#include "eval/fidelity.h"
#include "eval/report.h"

/* A set of rows to measure on. Immutable once made; any thread. rows * T * D floats and
 * as many again. */
struct acts_bench;
/* Reads `rows` held-out rows, at most all (acts_set_of_shards). Errors of shards_get;
 * ERR_NOMEM, ERR_CANCELLED. *out: caller owns. `from` is not needed afterwards. */
enum err acts_bench_new(const struct shards *from, size_t rows, struct pool *pool,
                        const atomic_bool *cancel, struct acts_bench **out,
                        struct errinfo *e) ERR_CHECKED;
void acts_bench_free(struct acts_bench *b); /* NULL is fine */
/* Bytes of a bench with so many rows of T by D. */
size_t acts_bench_bytes(size_t rows, size_t T, size_t D);

/* During training: measures L0, squared error and explained variance; the rest is NaN.
 * O(n F D). */
enum err acts_bench_live(const struct acts_bench *b, const struct sae *s,
                         struct pool *pool, const atomic_bool *cancel,
                         struct fidelity *out, struct errinfo *e) ERR_CHECKED;
/* In full: reports "fidelity.in_distribution." without losses (reconstruct.h) and
 * "latents." (latent_stats.h), and lists what needs the model as left out. */
enum err acts_bench_report(const struct acts_bench *b, const struct sae *s,
                           struct pool *pool, const atomic_bool *cancel,
                           struct report *r, struct errinfo *e) ERR_CHECKED;

#endif
