/* The benches that the cells of a sweep are measured on: one of eval/suite.h for each
 * model, hook and text, made for the first cell that needs it and shared by all
 * threads. */
#ifndef SAETOP_SWEEP_BENCH_H
#define SAETOP_SWEEP_BENCH_H

#include "sweep/sweep_measure.h"
#include "train/inputs.h"

#include <stdatomic.h>

struct sweep_benches;
/* Makes an empty set of benches. Raw probes are kept in dir/probes for the next
 * time. */
enum err sweep_benches_new(const char *dir, struct sweep_benches **out,
                           struct errinfo *e) ERR_CHECKED;
/* Call when no thread uses it any more; NULL is fine. */
void sweep_benches_free(struct sweep_benches *b);

/* Return the key of the bench that cells of these settings share, and the bytes of the
 * bench of these inputs, 0 for known features. `in` needs no weights. */
uint64_t sweep_bench_key(const struct settings *s);
size_t sweep_bench_bytes(const struct inputs *in);

/* Measures one SAE on the known features of a synthetic source, over rows that no
 * training reads; a search uses the L0. Any thread that owns `in`. */
enum err sweep_measure_truth(const struct inputs *in, const struct sae *s,
                             struct sweep_result *out, struct errinfo *e) ERR_CHECKED;
/* Measures one SAE on the bench of these inputs, or on known features. Any thread that
 * owns `in`; a thread waits while another makes the bench it needs. Errors of the
 * suite, ERR_CANCELLED. */
enum err sweep_measure(struct sweep_benches *b, const struct inputs *in,
                       const struct sae *s, const atomic_bool *cancel,
                       struct sweep_result *out, struct errinfo *e) ERR_CHECKED;

#endif
