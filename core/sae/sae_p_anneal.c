/* p-anneal (Karvonen et al. 2024, arXiv:2408.00113): standard, with a penalty sum f^p
 * whose exponent falls from 1 towards 0 in training. At each fall the coefficient is
 * multiplied by the penalties of the last steps at the old exponent over those at the
 * new one (sae_schedule.c). Compiled in double for tests. */
#include "sae/sae_step.h"

extern const struct R(sae_ops) R(sae_p_anneal_ops);
const struct R(sae_ops) R(sae_p_anneal_ops) =
    SAE_OPS_OF_ENTRIES(&R(sae_lp_entries), R(sae_entries_latents));

#ifndef REAL_F64
extern const struct sae_arch sae_arch_p_anneal;
const struct sae_arch sae_arch_p_anneal = {
    .name = "p_anneal",
    .save_name = "standard",
    .has = SAE_HAS_L1 | SAE_HAS_LP | SAE_HAS_ANNEAL | SAE_HAS_RESAMPLE,
    .defaults = SAE_PENALTY_DEFAULTS(2.0, 0.05),
    .infer = SAE_INFER_RELU,
    .ops = &sae_p_anneal_ops_f32,
};
#endif
