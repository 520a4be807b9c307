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
    bool mixed; /* positions that are not masked are of the clean rows */
    struct pack_pos start, end; /* where its rows begin, and the rows after them */
    int32_t *clean, *fed;       /* [n] */
    uint8_t *is_masked;         /* [n] */
    float *x;                   /* [n,D] */
    double masked_fraction;
};

/* A fill with room for n positions and one reference; from the share's spare if that
 * fits. share may be NULL. */
enum err fill_take(struct acts_share *share, size_t n, size_t D, struct acts_fill **out,
                   struct errinfo *e) ERR_CHECKED;
/* Room for the activations of the i-th further hook while they go from the model to
 * their cache: the share's, in use by one of its streams at a time; without a share
 * the caller's own, mem_free. */
enum err fill_kept(struct acts_share *share, size_t i, size_t floats, float **out,
                   struct errinfo *e) ERR_CHECKED;
/* Give a reference back; NULL is fine. */
void fill_release(struct acts_share *share, struct acts_fill *f);
/* The fill of that number, place, rate and making with a reference more, or NULL. */
struct acts_fill *fill_find(struct acts_share *share, size_t n, uint64_t number,
                            struct pack_pos start, double rate, bool mixed);

#endif
