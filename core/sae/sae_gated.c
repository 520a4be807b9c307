/* Gated (Rajamanoharan et al. 2024, arXiv:2404.16014). With p = a W_enc^T, the gate's
 * pre-activation h = p + b_gate (b_gate is b_enc), g = ReLU(h):
 *
 *   f = [h > 0] ReLU(p exp(r_mag) + b_mag)
 *   loss = ||xhat - x||^2 + coef sum g n + ||g W_dec + b_dec - x||^2
 *
 * where the last term trains only the gate if `gated_detach` (dictionary_learning),
 * else also W_dec and b_dec (SAELens). The step function has no gradient. Compiled in
 * double for tests. */
#include "sae/sae_step.h"

#include <math.h>

/* Vectors of the architecture, and column sums. */
enum { R_MAG, B_MAG };
enum { SUM_GATE = SAE_ENTRY_OWN, SUM_MAG, SUM_R, SUM_NORM, SUM_END };

static void R(begin)(struct R(sae_step) *s)
{
    const real *r_mag = s->w->extra + R_MAG * s->F;
    for (size_t j = 0; j < s->F; j++) {
        s->vector[j] = (real)exp((double)r_mag[j]);
    }
}

static void R(activate)(const struct R(sae_step) *s, size_t n, const int32_t *id,
                        const real *pre, real *val)
{
    const real *b_mag = s->w->extra + B_MAG * s->F;
    for (size_t i = 0; i < n; i++) {
        const size_t j = id ? (size_t)id[i] : i;
        const real mag = (pre[i] - s->w->b_enc[j]) * s->vector[j] + b_mag[j];
        val[i] = pre[i] > 0 && mag > 0 ? mag : 0;
    }
}

static void R(back)(const struct R(sae_step) *s, struct R(sae_row) *r)
{
    const size_t F = s->F;
    const real share = (real)(s->now.coef / (double)s->B);
    const real *b_mag = s->w->extra + B_MAG * F;
    double sum = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (!(r->pre[i] > 0)) {
            r->grad[i] = 0;
            continue;
        }
        const size_t j = r->id ? (size_t)r->id[i] : i;
        const real norm = s->norm ? s->norm[j] : 1;
        const real mag = r->val[i] > 0 ? r->grad[i] : 0;
        const real gate = r->gate_grad[i] + share * norm;
        r->grad[i] = mag * s->vector[j] + gate;
        r->cols[SUM_GATE * F + j] += gate;
        r->cols[SUM_MAG * F + j] += mag;
        r->cols[SUM_R * F + j] += mag * (r->val[i] - b_mag[j]);
        r->cols[SUM_NORM * F + j] += share * r->pre[i];
        sum += (double)(r->pre[i] * norm);
    }
    r->penalty = sum;
}

static void R(finish)(struct R(sae_step) *s, size_t j0, size_t j1)
{
    for (size_t j = j0; j < j1; j++) {
        s->g->b_enc[j] = (real)R(sae_entry_sum)(s, SUM_GATE, j);
        s->g->extra[R_MAG * s->F + j] = (real)R(sae_entry_sum)(s, SUM_R, j);
        s->g->extra[B_MAG * s->F + j] = (real)R(sae_entry_sum)(s, SUM_MAG, j);
        s->norm_grad[j] = (real)R(sae_entry_sum)(s, SUM_NORM, j);
    }
}

static const struct R(sae_entries) R(entries) = {
    .sums = SUM_END - SAE_ENTRY_OWN,
    .begin = R(begin),
    .activate = R(activate),
    .back = R(back),
    .finish = R(finish),
};

extern const struct R(sae_ops) R(sae_gated_ops);
const struct R(sae_ops) R(sae_gated_ops) =
    SAE_OPS_OF_ENTRIES(&R(entries), R(sae_entries_latents));

#ifndef REAL_F64
extern const struct sae_arch sae_arch_gated;
const struct sae_arch sae_arch_gated = {
    .name = "gated",
    .save_name = "gated",
    .has = SAE_HAS_L1 | SAE_HAS_GATE,
    .defaults = SAE_PENALTY_DEFAULTS(4.0, 0.05),
    .infer = SAE_INFER_GATED,
    .extra = 2,
    .vector = {{"r_mag", false}, {"b_mag", true}},
    .b_enc_name = "b_gate",
    .ops = &sae_gated_ops_f32,
};
#endif
