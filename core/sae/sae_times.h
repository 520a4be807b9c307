/* Where the time of optimizer steps goes, for the benchmarks: nanoseconds of CPU time,
 * summed over threads, so that other load on the machine counts little. Without a place
 * to put them nothing is measured. */
#ifndef SAETOP_SAE_TIMES_H
#define SAETOP_SAE_TIMES_H

#include "base/clock.h"

#include <stddef.h>
#include <stdint.h>

enum sae_phase {
    SAE_ENCODE,    /* x - b_dec and the encoder product */
    SAE_SELECT,    /* which latents are active */
    SAE_DECODE,    /* reconstruction, error, gradients at pre-activations; AuxK */
    SAE_REGROUP,   /* active pairs, from by row to by latent */
    SAE_GRADIENTS, /* of all parameters */
    SAE_UPDATE,    /* projection, clip, Adam, decoder rows to unit norm */
    SAE_PHASES,
};

struct sae_times {
    int64_t ns[SAE_PHASES];
};

/* One thread's stop-watch. `to` is borrowed; NULL: it stands still. */
struct sae_watch {
    struct sae_times *to;
    int64_t last;
};

static inline struct sae_watch sae_watch_begin(struct sae_times *to)
{
    return (struct sae_watch){to, to ? clock_thread_cpu_ns() : 0};
}

/* Adds the time since the last mark to `phase`. */
static inline void sae_watch_mark(struct sae_watch *w, enum sae_phase phase)
{
    if (w->to) {
        const int64_t now = clock_thread_cpu_ns();
        w->to->ns[phase] += now - w->last;
        w->last = now;
    }
}

#endif
