/* The quadratic model by which logreg_cols.c takes its Newton steps. Internal to
 * core/num. */
#ifndef SAETOP_NUM_LOGREG_QUAD_H
#define SAETOP_NUM_LOGREG_QUAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* k compressed columns of m rows, among the entries of others. */
struct logreg_csc {
    size_t m, k;
    const size_t *start, *end; /* [k] */
    const uint32_t *row;
    const float *val;
};

/* Sum of val[i] v[row[i]]. */
double logreg_gather(size_t n, const uint32_t *row, const float *val, const double *v);

/* Minimise over d and d_b
 *     g.d + g_b d_b + (d, d_b)' H (d, d_b) / 2 + l1 |w + d|_1
 * with H = (X, 1)' diag(h) (X, 1) + l2 on the columns. */
struct logreg_quad {
    struct logreg_csc x;
    double l1, l2;
    double g_b, a_b;     /* a: the diagonal of H, without the bias's column */
    const double *h;     /* [m] */
    const double *w, *a; /* [k] */
    double *g;           /* [k] */
    double d_b;          /* the step, ... */
    double *d;           /* [k] */
    double *hq;          /* [m] ... and h times what it adds to the logits */
    double *step, *res, *dir, *h_dir; /* [k] scratch of conjugate gradients */
    double *h_row, *h_step;           /* [m] */
};

/* From d = 0 to `share` of the first residual, in the norm that a scales, or as near as
 * `rounds` rounds come. The model's value never rises. O(rounds nnz). */
void logreg_quad_solve(struct logreg_quad *q, double share, size_t rounds);

/* Columns by row: m of the rows, those with two entries or more. */
struct logreg_rows {
    size_t m;
    const uint32_t *list; /* [m] */
    const size_t *start;  /* of any row and the one after it */
    const uint32_t *col;
    const double *val;
};

/* The same with H in full, for few columns and an L1 term: P = k + 1 coordinates, the
 * bias last. */
#define LOGREG_GRAM_MAX 768 /* P */
struct logreg_gram {
    struct logreg_rows x;
    size_t P;
    double l1;
    const double *w;    /* [P], the bias's is 0 */
    double *slope;      /* [P] in: g; out: the model's slopes at d */
    double *d;          /* [P] out */
    double *H, *factor; /* [P, P] */
    double *step;       /* [P] scratch */
    uint32_t *list;     /* [P] */
};
/* H from the columns x and their rows q->x. O(nnz e), e entries a row. */
void logreg_gram_fill(struct logreg_gram *q, const struct logreg_csc *x,
                      const double *h, double l2);
void logreg_gram_solve(struct logreg_gram *q, double share, size_t rounds);

#endif
