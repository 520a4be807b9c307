/* Float kernels, written once (kern_body.h), compiled once for any CPU and once for
 * AVX2 with FMA, picked at run time. The two agree to rounding, not to the bit: the
 * name is recorded with a run. Any thread; no kernel allocates.
 *
 * To add a kernel, add a line here, its function in kern_body.h, its name in the table
 * at the end of that file, and a comparison in tests/unit/test_num.c.
 *
 * For all: n may be 0 unless stated; no alignment is needed; arrays must not overlap
 * unless "in place" is stated; NaN in gives NaN out; the order of summation depends
 * only on n. */
#ifndef SAETOP_NUM_KERN_H
#define SAETOP_NUM_KERN_H

#include <stddef.h>
#include <stdint.h>

/* One step of Adam (Kingma, Ba 2015) or AdamW (Loshchilov, Hutter 2019), with what
 * depends on the step number computed by adam_factors. */
struct adam {
    double beta1, beta2, eps;
    double step;       /* lr / (1 - beta1^t) */
    double root_scale; /* 1 / sqrt(1 - beta2^t) */
    double decay;      /* lr * weight_decay, the share of w to subtract; 0 for Adam */
    double grad_scale; /* gradients are multiplied by it first: clipping, averaging */
};
/* Returns the factors for step t >= 1 (the first step is 1). */
struct adam adam_factors(double lr, double beta1, double beta2, double eps,
                         double weight_decay, double grad_scale, int64_t t);

/* Sums over rows of two classes. */
struct logit_sums {
    double loss;
    double pull[2]; /* per class: the sum of the absolute values of its slopes */
};

struct kern {
    const char *name; /* "avx2" or "portable" */

    /* y = e^x. Relative error <= 2e-7 where the result is normal, gradual underflow to
     * 0, overflow to inf. In place is fine. */
    void (*exp)(size_t n, const float *x, float *y);
    /* The same in double; x beyond [-708, 709] is taken as the bound. Relative error <=
     * 1e-15. */
    void (*exp_f64)(size_t n, const double *x, double *y);

    /* gelu_new: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), as x sigmoid(2 u). In
     * place is fine. */
    void (*gelu)(size_t n, const float *x, float *y);
    /* dx = dy * gelu'(x). dx may be dy. */
    void (*gelu_back)(size_t n, const float *x, const float *dy, float *dx);

    /* gelu: x/2 (1 + erf(x / sqrt(2))); silu: x / (1 + e^-x). In place is fine.
     * Relative error of gelu's smaller side <= 1e-6 where the result is normal. */
    void (*gelu_erf)(size_t n, const float *x, float *y);
    void (*silu)(size_t n, const float *x, float *y);

    /* x = softmax(scale * x) in place over n >= 1; *lse (may be NULL) is log sum
     * exp(scale * x) of the inputs. For a causal row pass its own length. */
    void (*softmax)(size_t n, float scale, float *x, double *lse);
    /* dp, the gradient at the softmax's output p, becomes the one at its input:
     * scale * p (dp - sum p dp). */
    void (*softmax_back)(size_t n, float scale, const float *p, float *dp);
    /* Returns log sum exp(x), n >= 1; -inf if all x are. */
    double (*lse)(size_t n, const float *x);

    /* y = (x - mean) * rstd * w + b over n >= 1, storing the mean and rstd = 1 /
     * sqrt(variance + eps) (may be NULL). In place is fine. */
    void (*layernorm)(size_t n, float eps, const float *x, const float *w,
                      const float *b, float *y, float *mean, float *rstd);
    /* From the gradient dy at the output, adds to dx, dw, db [n]. */
    void (*layernorm_back)(size_t n, const float *x, const float *w, float mean,
                           float rstd, const float *dy, float *dx, float *dw,
                           float *db);

    /* For z [rows, cols]: p = 1 / (1 + e^-z), in place is fine; for each column, over
     * its rows, loss += sum of log(1 + e^z) (loss may be NULL) and sum += sum of p. */
    void (*logistic)(size_t rows, size_t cols, const float *z, float *p, double *loss,
                     double *sum);

    /* The same in double for one column z [n] of rows of two classes: where s > 0 the
     * loss is s log(1 + e^z), where s < 0 it is |s| log(1 + e^-z). |s| is the class's
     * weight, [2]. r, h [n]: first and second derivative of each row's loss with
     * respect to z. */
    void (*logit)(size_t n, const double weight[2], const double *s, const double *z,
                  double *r, double *h, struct logit_sums *sum);

    float (*dot)(size_t n, const float *a, const float *b);
    void (*axpy)(size_t n, float alpha, const float *x, float *y);   /* y += alpha x */
    void (*add)(size_t n, const float *a, const float *b, float *y); /* y = a + b */
    void (*scale)(size_t n, float alpha, float *x);                  /* x *= alpha */
    double (*sum)(size_t n, const float *x);   /* blocks of 1024, summed in double */
    double (*sumsq)(size_t n, const float *x); /* likewise */

    /* On chosen rows of x [.,D], `ld` floats apart: y [D] += sum of w[i] x[id[i]], and
     * out[i] = x[id[i]] . y, for i < n. */
    void (*rows_axpy)(size_t n, const int32_t *id, const float *w, const float *x,
                      size_t ld, size_t D, float *y);
    /* The first of them from 0, times scale: y = scale * sum of w[i] x[id[i]]. */
    void (*rows_sum)(size_t n, const int32_t *id, const float *w, const float *x,
                     size_t ld, size_t D, float scale, float *y);
    void (*rows_dot)(size_t n, const int32_t *id, const float *x, size_t ld, size_t D,
                     const float *y, float *out);

    /* Updates w, m, v [n] in place from the gradient g. */
    void (*adam)(size_t n, const struct adam *a, const float *g, float *w, float *m,
                 float *v);
};

/* Returns the table for this CPU. Costs a couple of loads. */
const struct kern *kern_get(void);

/* For tests that compare them. NULL where the CPU or the build lacks AVX2. */
const struct kern *kern_get_portable(void);
const struct kern *kern_get_avx2(void);

#endif
