/* The parts of GPT-2 in training, forward and backward, written once and compiled for
 * float and double (num/real.h); lm_net.c puts them together. Internal to core/lm.
 *
 * N = B T positions. All matrices are row-major; linear maps are [in, out]. */
#include "lm/lm_net.h"
#include "num/real.h"

#if (defined(REAL_F64) && !defined(SAETOP_LM_BLOCK_F64)) ||                            \
    (!defined(REAL_F64) && !defined(SAETOP_LM_BLOCK_F32))
#ifdef REAL_F64
#define SAETOP_LM_BLOCK_F64
#else
#define SAETOP_LM_BLOCK_F32
#endif

/* Activations of one block, each an array of its own for the backward pass. */
struct R(lm_block_acts) {
    real *x_in, *x_mid, *x_out; /* [N, D] residual stream before, between and after */
    real *ln1, *ctx, *ln2;      /* [N, D] normed input, heads' outputs, normed x_mid */
    real *qkv;                  /* [N, 3D] */
    real *att;                  /* [B, n_head, T, T] probabilities of positions seen */
    real *fc, *act;             /* [N, d_ff] before and after gelu */
    real *mean1, *rstd1, *mean2, *rstd2; /* [N] */
};
/* Scratch of the backward pass. */
struct R(lm_block_grads) {
    real *wide; /* [N, max(d_ff, 3D)] */
    real *ln;   /* [N, D] */
    real *att;  /* [T, T] */
};

/* Write embedding plus position of ids [B, T] to x [N, D]; and add the gradient for dx
 * to g. */
void R(lm_embed)(const struct lm_config *cfg, const struct R(lm_net_weights) *w,
                 const int32_t *ids, size_t B, size_t T, real *x);
void R(lm_embed_backward)(const struct lm_config *cfg, const int32_t *ids, size_t B,
                          size_t T, const real *dx, struct R(lm_net_weights) *g);

/* Compute x_out from x_in, filling the other activations. */
void R(lm_block_forward)(const struct lm_config *cfg, const struct R(lm_net_block) *w,
                         size_t B, size_t T, const struct R(lm_block_acts) *a);
/* dx [N, D]: the gradient at x_out becomes that at x_in; adds the weights' gradients to
 * g. */
void R(lm_block_backward)(const struct lm_config *cfg, const struct R(lm_net_block) *w,
                          size_t B, size_t T, const struct R(lm_block_acts) *a,
                          const struct R(lm_block_grads) *s, real *dx,
                          struct R(lm_net_block) *g);

/* Layer norm of n rows; mean and rstd [n] may be NULL. In place is fine. */
void R(lm_norm)(const struct lm_config *cfg, size_t n, const real *x, const real *w,
                const real *b, real *y, real *mean, real *rstd);

/* Logits [n, V] of the normed rows xf [n, D], and nll[i] = -log p(target[i]) in nats,
 * NaN where target[i] is -1. Afterwards logits holds the gradient of the sum of nll: p
 * - onehot, and 0 where there is no target. */
void R(lm_head)(const struct lm_config *cfg, const real *wte, size_t n, const real *xf,
                const int32_t *target, real *logits, double *nll);

#endif
