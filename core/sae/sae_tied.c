/* Tied weights, a baseline: standard with W_enc = W_dec at all times, so that a latent
 * reads where it writes (which leaves no room for the encoder that absorption needs).
 * The gradient of the one matrix is the sum of both gradients; W_dec is trained, and
 * copied to W_enc after each step. Compiled in double for tests. */
#include "num/vec.h"
#include "sae/sae_step.h"

#include <string.h>

static void R(latents)(struct R(sae_step) *s, size_t j0, size_t j1)
{
    const size_t at = j0 * s->D, n = (j1 - j0) * s->D;
    R(sae_entries_latents)(s, j0, j1);
    R(vec_add)(n, s->g->W_dec + at, s->g->W_enc + at, s->g->W_dec + at);
    memset(s->g->W_enc + at, 0, n * sizeof *s->g->W_enc);
}

extern const struct R(sae_ops) R(sae_tied_ops);
const struct R(sae_ops) R(sae_tied_ops) =
    SAE_OPS_OF_ENTRIES(&R(sae_lp_entries), R(latents));

#ifndef REAL_F64
extern const struct sae_arch sae_arch_tied;
const struct sae_arch sae_arch_tied = {
    .name = "tied",
    .save_name = "standard",
    .has = SAE_HAS_L1 | SAE_HAS_LP | SAE_HAS_RESAMPLE,
    .defaults = SAE_PENALTY_DEFAULTS(2.0, 0.05),
    .infer = SAE_INFER_RELU,
    .tied = true,
    .ops = &sae_tied_ops_f32,
};
#endif
