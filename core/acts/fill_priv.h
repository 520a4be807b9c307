/* One filling of the shuffle buffer, and the list of those alive, so that streams which
 * want the same one share it. Included only in core/acts. */
#ifndef SAETOP_ACTS_FILL_PRIV_H
#define SAETOP_ACTS_FILL_PRIV_H

#include "acts/stream.h"

struct acts_fill {
    struct acts_fill *next; /* of the share's list */
    size_t refs;            /* streams that serve from it */
    size_t n, D;
    uint64_t number; /* from 1; 0: not filled yet */
    double rate;
    bool mixed;                 /* unmasked positions come from the clean rows */
    struct pack_pos start, end; /* where its rows begin, and the rows after them */
    int32_t *clean, *fed;       /* [n] */
    uint8_t *is_masked;         /* [n] */
    float *x;                   /* [n,D] */
    double masked_fraction;
};

/* Makes a fill with room for n positions and one reference, from the share's spare if
 * that fits. share may be NULL. */
enum err fill_take(struct acts_share *share, size_t n, size_t D, struct acts_fill **out,
                   struct errinfo *e) ERR_CHECKED;
/* Makes room for the activations at the i-th further hook on their way from the model
 * to their cache. The share owns it, and one of its streams uses it at a time; without
 * a share the caller owns it (mem_free). */
enum err fill_kept(struct acts_share *share, size_t i, size_t floats, float **out,
                   struct errinfo *e) ERR_CHECKED;
/* Gives a reference back; NULL is fine. */
void fill_release(struct acts_share *share, struct acts_fill *f);
/* Returns the live fill of that size, number, start, rate and kind with one more
 * reference, or NULL. */
struct acts_fill *fill_find(struct acts_share *share, size_t n, uint64_t number,
                            struct pack_pos start, double rate, bool mixed);

#endif
