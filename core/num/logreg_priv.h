/* Shared by the solvers of logreg.h: one pass over rows. Internal to core/num. */
#ifndef SAETOP_NUM_LOGREG_PRIV_H
#define SAETOP_NUM_LOGREG_PRIV_H

#include "num/logreg.h"

#define LOGREG_BLOCK 256 /* rows worked on at once */

/* Returns the units per group: what one thread works on. Depends only on the shape. */
size_t logreg_group(size_t d);

/* Scratch of a pass: at most G columns. */
struct logreg_ws {
    float *z, *r;    /* [LOGREG_BLOCK, G] */
    double *factors; /* [G] products over the positive rows, 1 between blocks */
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

/* Sums, over n rows (rows[i], or 0..n-1 where rows is NULL), the weighted gradient with
 * respect to w into gw [d,G], to b into gb [G], and the loss into loss [G] (NULL: not
 * wanted). */
void logreg_pass(const struct logreg_x *x, const struct logreg_y *y,
                 const uint32_t *rows, size_t n, const struct logreg_cols *cols,
                 struct logreg_ws *ws, float *gw, double *gb, double *loss);

/* Returns the sum of a[i] b[i], in an order that depends only on n. */
double logreg_dot(size_t n, const double *a, const double *b);

/* Makes the weights of positive rows, *weight [C] owned by the caller: n_neg/n_pos if
 * balanced, else 1; 0 for a unit with only one class. */
enum err logreg_weigh(const struct logreg_x *x, const struct logreg_y *y, bool balanced,
                      float **weight, struct errinfo *e) ERR_CHECKED;

/* How far a unit has come. */
struct logreg_standing {
    size_t passes;
    double gap;  /* relative to the objective */
    bool fitted; /* there are rows of both kinds */
};

/* The gap between the objective P at a point (w, b) and the greatest lower bound known
 * there: an upper bound of how far P is above the minimum. With u_i = y_i (w.x_i + b)
 * and s_i the weight of a row, the bound comes from the dual (Yu, Huang, Lin 2011,
 * section 2; the L1 term by Fenchel's rule, the bias unpenalised)
 *     D(a) = sum_i s_i H(a_i) - sum_j max(|c_j| - l1, 0)^2 / (2 l2),
 *     c = sum_i s_i a_i y_i x_i,  sum_i s_i a_i y_i = 0,  H the entropy of (a, 1 - a),
 * where l2 = 0 requires |c_j| <= l1. The point's own a_i = 1 / (1 + e^u_i) has H(a_i) =
 * log(1 + e^-u_i) + a_i u_i and c = -slope of the loss, so all that is needed are sums
 * that the solvers have. That point becomes feasible by
 *   - taking from the a of the class that pulls more on the bias the share that it
 *     pulls too much: c moves by at most |slope_b| max |x| a column, and since H is
 *     concave with H(0) = 0, at most that share of the entropies is lost;
 *   - as it is where l2 > 0, or times l1 / max |c_j|, which loses at most the rest of
 *     the entropies. The lesser gap of both is the answer. */
struct logreg_gap {
    double l1, l2, loss;
    double moves, lost; /* by the repair of the bias: what a column moves, what
                           entropies lose */
    double penalty, inner, steepest, conjugate;
};
/* Starts at a point whose loss has the slope slope_b by the bias b; heavier: the pull
 * on the bias, sum of s_i a_i, of the class that pulls more. greatest: max |x|. Then
 * add each column, with the loss's slope by its weight w. */
struct logreg_gap logreg_gap_begin(double l1, double l2, double greatest, double loss,
                                   double slope_b, double b, double heavier);
void logreg_gap_add(struct logreg_gap *k, double slope, double w);
double logreg_gap_value(const struct logreg_gap *k);

/* Finds the greatest |x|; ERR_NUMERIC names an input that is not finite. */
enum err logreg_greatest(const struct logreg_x *x, double *out,
                         struct errinfo *e) ERR_CHECKED;

/* logreg_fit by columns: for compressed inputs or an L1 term, and to finish what rows
 * began. standing [C]: units already at tol are left alone; out is allocated. */
enum err logreg_fit_columns(const struct logreg_x *x, const struct logreg_y *y,
                            const struct logreg_opts *opts, struct pool *pool,
                            struct logreg_standing *standing, struct logreg *out,
                            struct errinfo *e) ERR_CHECKED;
/* The same by rows, all units at once: for dense inputs, no L1 term, all rows alike. */
enum err logreg_fit_rows(const struct logreg_x *x, const struct logreg_y *y,
                         const struct logreg_opts *opts, struct pool *pool,
                         struct logreg_standing *standing, struct logreg *out,
                         struct errinfo *e) ERR_CHECKED;

/* Allocates the weights of a result, zeroed. */
enum err logreg_init(struct logreg *m, size_t C, size_t d,
                     struct errinfo *e) ERR_CHECKED;

#endif
