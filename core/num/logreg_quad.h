/* The quadratic model for the Newton steps of logreg_cols.c. Internal to core/num. */
#ifndef SAETOP_NUM_LOGREG_QUAD_H
#define SAETOP_NUM_LOGREG_QUAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* k compressed columns of m rows; other columns' entries may lie between them. */
struct logreg_csc {
    size_t m, k;
    const size_t *start, *end; /* [k] */
    const uint32_t *row;
    const float *val;
};

/* Returns the sum of val[i] v[row[i]]. */
double logreg_gather(size_t n, const uint32_t *row, const float *val, const double *v);

/* The problem: minimise over d and d_b
 *     g.d + g_b d_b + (d, d_b)' H (d, d_b) / 2 + l1 |w + d|_1
 * with H = (X, 1)' diag(h) (X, 1) + l2 on the columns. */
struct logreg_quad {
    struct logreg_csc x;
    double l1, l2;
    double g_b, a_b;     /* a, a_b: the diagonal of H */
    const double *h;     /* [m] */
    const double *w, *a; /* [k] */
    double *g;           /* [k] */
    double d_b;          /* the step, ... */
    double *d;           /* [k] */
    double *hq;          /* [m] ... and h times what it adds to the logits */
    double *step, *res, *dir, *h_dir; /* [k] scratch of conjugate gradients */
    double *h_row, *h_step;           /* [m] */
};

/* Solves from d = 0 until the residual is `share` of the first, in the norm scaled by
 * a, or as near as `rounds` rounds come. The model's value never rises. O(rounds
 * nnz). */
void logreg_quad_solve(struct logreg_quad *q, double share, size_t rounds);

/* Columns by row: the m rows with two entries or more. */
struct logreg_rows {
    size_t m;
    const uint32_t *list; /* [m] */
    const size_t *start;  /* of any row, and of the one after it */
    const uint32_t *col;
    const double *val;
};

/* The same with the whole of H, for few columns and an L1 term: P = k + 1 coordinates,
 * the bias last. */
#define LOGREG_GRAM_MAX 768 /* P */
struct logreg_gram {
    struct logreg_rows x;
    size_t P;
    double l1;
    const double *w;    /* [P], 0 for the bias */
    double *slope;      /* [P] in: g; out: the model's slopes at d */
    double *d;          /* [P] out */
    double *H, *factor; /* [P, P] */
    double *step;       /* [P] scratch */
    uint32_t *list;     /* [P] */
};
/* Computes H from the columns x and their rows q->x. O(nnz e), e entries per row. */
void logreg_gram_fill(struct logreg_gram *q, const struct logreg_csc *x,
                      const double *h, double l2);
void logreg_gram_solve(struct logreg_gram *q, double share, size_t rounds);

#endif
