/* Finds the `keep` greatest positive entries of a whole batch of rows, exactly, without
 * a buffer of the size of the batch: each worker keeps what is above its floor, and
 * raises the floor when its buffer is full. Order: greater value, then lower row, then
 * lower id; so the set depends only on the values. Compiled for float and double
 * (num/real.h). Internal to core/sae. */
#include "base/err.h"
#include "num/real.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if (defined(REAL_F64) && !defined(SAETOP_SAE_COLLECT_F64)) ||                         \
    (!defined(REAL_F64) && !defined(SAETOP_SAE_COLLECT_F32))
#ifdef REAL_F64
#define SAETOP_SAE_COLLECT_F64
#else
#define SAETOP_SAE_COLLECT_F32
#endif

/* One worker's candidates. */
struct R(sae_candidates) {
    size_t n;
    real floor;
    int32_t *row, *id; /* [cap] */
    real *val;
};

struct R(sae_collect) {
    size_t keep, F, cap; /* cap = 2 keep + F */
    size_t workers;
    struct R(sae_candidates) *list;
    real guess; /* where floors start: decides the speed, never the result */
    real *all;  /* [workers * cap], values of all lists */
};

/* Zero it first. */
enum err R(sae_collect_init)(struct R(sae_collect) *c, size_t keep, size_t F,
                             struct errinfo *e) ERR_CHECKED;
void R(sae_collect_deinit)(struct R(sae_collect) *c);
/* Makes room for that many workers; keeps what is there. */
enum err R(sae_collect_workers)(struct R(sae_collect) *c, size_t workers,
                                struct errinfo *e) ERR_CHECKED;

void R(sae_collect_begin)(struct R(sae_collect) *c);
/* Takes x [F], the pre-activations of a row. A worker's rows must come in ascending
 * order, as pool_run hands out blocks; workers may run at the same time. */
void R(sae_collect_row)(struct R(sae_collect) *c, size_t worker, size_t row,
                        const real *x);
/* The same with only a row's entries above a value not greater than the worker's
 * floor. */
void R(sae_collect_list)(struct R(sae_collect) *c, size_t worker, size_t row, size_t n,
                         const int32_t *id, const real *val);
/* Call after all rows. False: the guess was too high and has been set to 0; start
 * again. */
bool R(sae_collect_enough)(struct R(sae_collect) *c);
/* Returns how many were found, at most keep, and the cut: entries greater than *cut are
 * in, and the first *ties of those equal to it. */
size_t R(sae_collect_cut)(struct R(sae_collect) *c, real *cut, size_t *ties);

#endif
