/* Matryoshka BatchTopK (Bussmann et al. 2025, arXiv:2503.17547): BatchTopK whose
 * latents must also reconstruct by prefixes. With xhat_i the decoding of the latents
 * below width_i, and weights w_i,
 *
 *   loss = sum_i w_i ||xhat_i - x||^2       S_g = sum over i >= g of w_i (xhat_i - x)
 *
 * and a latent of group g gets its gradients from S_g as BatchTopK's do from the error:
 * O(G B D) more, never G products. Weights of 1 give SAELens' sum; 1/G each, all
 * divided by G, dictionary_learning's. Compiled in double for tests. */
#include "num/vec.h"
#include "sae/sae_step.h"

#include <string.h>

/* Computes the errors of all prefixes of row b: a running sum over its pairs, which
 * ascend by latent. Returns the weighted sum of their squares. */
static double R(prefix_errors)(struct R(sae_step) *s, size_t b)
{
    const size_t D = s->D;
    const struct R(sae_pairs) *p = &s->main;
    real *err = s->err + b * D;
    size_t at = p->first[b];
    const size_t end = at + p->n[b];
    double sum = 0;
    R(sae_err_begin)(s, b, err);
    for (size_t g = 0; g < s->hyper.groups; g++) {
        size_t n = 0;
        while (at + n < end && (size_t)p->id[at + n] < s->width[g]) {
            n++;
        }
        R(vec_rows_axpy)(n, p->id + at, p->val + at, s->w->W_dec, D, D, err);
        at += n;
        real *own = s->suffix + (g * s->B + b) * D;
        const real weight = (real)s->hyper.weight[g];
        for (size_t d = 0; d < D; d++) {
            own[d] = weight * err[d];
        }
        sum += s->hyper.weight[g] * R(vec_sumsq)(D, err);
    }
    return sum;
}

/* Turns weighted errors into their suffix sums, and computes the gradients of the
 * pairs. */
static void R(suffix_gradients)(struct R(sae_step) *s, size_t b)
{
    const size_t D = s->D;
    const struct R(sae_pairs) *p = &s->main;
    size_t end = p->first[b] + p->n[b];
    for (size_t g = s->hyper.groups; g-- > 0;) {
        real *own = s->suffix + (g * s->B + b) * D;
        if (g + 1 < s->hyper.groups) {
            R(vec_add)(D, own, own + s->B * D, own);
        }
        const size_t from = g > 0 ? s->width[g - 1] : 0;
        size_t at = end;
        while (at > p->first[b] && (size_t)p->id[at - 1] >= from) {
            at--;
        }
        R(vec_rows_dot)(end - at, p->id + at, s->w->W_dec, D, D, own, p->grad + at);
        end = at;
    }
}

static void R(decode)(struct R(sae_step) *s, size_t worker, size_t row0, size_t rows)
{
    (void)worker;
    double sum = 0;
    for (size_t b = row0; b < row0 + rows; b++) {
        sum += R(prefix_errors)(s, b);
        R(suffix_gradients)(s, b);
    }
    s->block_sums[row0 / s->block_rows * SAE_SUMS + SAE_SUM_PREFIX] = sum;
}

extern const struct R(sae_ops) R(sae_matryoshka_ops);
const struct R(sae_ops) R(sae_matryoshka_ops) = SAE_OPS_OF_BATCH(R(decode));

#ifndef REAL_F64
extern const struct sae_arch sae_arch_matryoshka;
const struct sae_arch sae_arch_matryoshka = {
    .name = "matryoshka",
    .save_name = "jumprelu",
    .has = SAE_HAS_K | SAE_HAS_AUXK | SAE_HAS_THRESHOLD | SAE_HAS_GROUPS,
    .defaults = SAE_TOPK_DEFAULTS,
    .infer = SAE_INFER_THRESHOLD,
    .collects_batch = true,
    .ops = &sae_matryoshka_ops_f32,
};
#endif
