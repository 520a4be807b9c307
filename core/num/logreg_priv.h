/* What the solvers of logreg.h share: one pass over rows. Internal to core/num. */
#ifndef SAETOP_NUM_LOGREG_PRIV_H
#define SAETOP_NUM_LOGREG_PRIV_H

#include "num/logreg.h"

#define LOGREG_BLOCK 256 /* rows worked on at once */

/* Units per group: what one thread works on. Depends on the shape alone. */
size_t logreg_group(size_t d);

/* Scratch of a pass: G columns at most. */
struct logreg_ws {
    float *z, *r;    /* [LOGREG_BLOCK, G] */
    double *factors; /* [G] of the positive rows, 1 between blocks */
    float *gather;   /* [LOGREG_BLOCK, d] for picked dense rows, else NULL */
};
enum err logreg_ws_init(struct logreg_ws *ws, const struct logreg_x *x, size_t G,
                        bool picked, struct errinfo *e) ERR_CHECKED;
void logreg_ws_deinit(struct logreg_ws *ws);

/* The columns of a pass. */
struct logreg_cols {
    size_t G;                /* how many */
    const int32_t *col_of;   /* [C] column of a unit, -1: not in this pass */
    const float *pos_weight; /* [G] weight of positive rows */
    const float *w;          /* [d, G] */
    const float *b;          /* [G] */
};

/* Sums over n rows (rows[i], or 0..n-1 where rows is NULL) of the weighted gradient by
 * w to gw [d,G], by b to gb [G], and of the loss to loss [G] (NULL: not wanted). */
void logreg_pass(const struct logreg_x *x, const struct logreg_y *y,
                 const uint32_t *rows, size_t n, const struct logreg_cols *cols,
                 struct logreg_ws *ws, float *gw, double *gb, double *loss);

/* Weights of positive rows, *weight [C] owned by the caller: n_neg/n_pos if balanced,
 * else 1; 0 for a unit that has only one class. */
enum err logreg_weigh(const struct logreg_x *x, const struct logreg_y *y, bool balanced,
                      float **weight, struct errinfo *e) ERR_CHECKED;

/* Allocate the weights of a result, zeroed. */
enum err logreg_init(struct logreg *m, size_t C, size_t d,
                     struct errinfo *e) ERR_CHECKED;

#endif
