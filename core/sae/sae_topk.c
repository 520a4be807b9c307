/* TopK (Gao et al. 2024, arXiv:2406.04093): the k greatest positive pre-activations of
 * each row. Compiled in double for tests. */
#include "sae/sae_step.h"

static void R(put)(struct R(sae_step) *s, size_t row, size_t n, const int32_t *id,
                   const real *val)
{
    const size_t at = row * s->k;
    s->main.first[row] = at;
    s->main.n[row] = n;
    for (size_t i = 0; i < n; i++) {
        s->main.id[at + i] = id[i];
        s->main.val[at + i] = val[i];
    }
}

static void R(scan)(struct R(sae_step) *s, size_t worker, size_t row0, size_t rows,
                    const real *h)
{
    struct R(sae_worker) *wk = &s->worker[worker];
    for (size_t r = 0; r < rows; r++) {
        const real *row = R(sae_scaled_row)(s, worker, h + r * s->F);
        const size_t n = R(topk_row)(s->F, row, s->k, s->scale[row0 + r], &wk->guess,
                                     wk->id, wk->val);
        R(put)(s, row0 + r, n, wk->id, wk->val);
    }
    R(sae_unscale_pairs)(s, row0, rows);
}

/* Guesses far enough below that hardly any row must be encoded again. */
static bool R(expect)(const struct R(sae_step) *s, size_t worker, size_t row0,
                      size_t rows, real *above)
{
    for (size_t r = 0; r < rows; r++) {
        above[r] = R(topk_guess_below)(&s->worker[worker].guess, s->scale[row0 + r], 5);
        if (!(above[r] > 0)) {
            return false;
        }
    }
    return true;
}

static bool R(take)(struct R(sae_step) *s, size_t worker, size_t row, size_t n,
                    int32_t *id, real *val)
{
    if (n < s->k) {
        return false;
    }
    R(topk_keep)(n, s->k, s->scale[row], &s->worker[worker].guess, id, val);
    R(put)(s, row, s->k, id, val);
    return true;
}

extern const struct R(sae_ops) R(sae_topk_ops);
const struct R(sae_ops) R(sae_topk_ops) = {
    .scan = R(scan),
    .expect = R(expect),
    .take = R(take),
    .decode = R(sae_decode_rows),
    .latents = R(sae_latent_grads),
};

#ifndef REAL_F64
extern const struct sae_arch sae_arch_topk;
const struct sae_arch sae_arch_topk = {
    .name = "topk",
    .save_name = "topk",
    .has = SAE_HAS_K | SAE_HAS_AUXK,
    .defaults = SAE_TOPK_DEFAULTS,
    .infer = SAE_INFER_TOPK,
    .ops = &sae_topk_ops_f32,
};
#endif
