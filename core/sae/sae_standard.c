/* Standard: f = ReLU(h), loss = squared error + coef sum over latents of (f n)^p, or
 * its p-th root. With a free decoder and p = 1: the April 2024 form (SAELens;
 * dictionary_learning StandardTrainerAprilUpdate). With a unit decoder and dead latents
 * resampled: Bricken et al. 2023 (dictionary_learning StandardTrainer). Compiled in
 * double for tests. */
#include "sae/sae_step.h"

#include <math.h>

static void R(activate)(const struct R(sae_step) *s, size_t n, const int32_t *id,
                        const real *pre, real *val)
{
    (void)s;
    (void)id;
    for (size_t i = 0; i < n; i++) {
        val[i] = pre[i] > 0 ? pre[i] : 0;
    }
}

/* Returns x^p for x > 0, without pow where that is easy. */
static double R(power)(double x, double p)
{
    const bool is_one = fabs(p - 1) < 1e-12;
    return is_one ? x : fabs(p - 0.5) < 1e-12 ? sqrt(x) : pow(x, p);
}

/* Returns the sum over a row of (f n)^p. */
static double R(row_power)(const struct R(sae_step) *s, const struct R(sae_row) *r,
                           double p)
{
    double sum = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->val[i] > 0) {
            const size_t j = r->id ? (size_t)r->id[i] : i;
            sum +=
                R(power)((double)r->val[i] * (s->norm ? (double)s->norm[j] : 1.0), p);
        }
    }
    return sum;
}

/* The usual case: the gradient is the same for all active entries of a latent. */
static void R(back_l1)(const struct R(sae_step) *s, struct R(sae_row) *r)
{
    const real share = (real)(s->now.coef / (double)s->B);
    real *norm_grad = r->cols + SAE_ENTRY_OWN * s->F;
    double sum = 0;
    for (size_t i = 0; i < r->n; i++) {
        const size_t j = r->id ? (size_t)r->id[i] : i;
        const real f = r->val[i], norm = s->norm ? s->norm[j] : 1;
        r->grad[i] = f > 0 ? r->grad[i] + share * norm : 0;
        norm_grad[j] += share * f;
        sum += (double)(f * norm);
    }
    r->penalty = sum;
}

/* With t = f n: d/dt sum t^p = p t^(p-1), and of the root (sum t^p)^(1/p - 1) t^(p-1).
 */
static void R(back_power)(const struct R(sae_step) *s, struct R(sae_row) *r)
{
    const double p = s->now.p, sum = R(row_power)(s, r, p), B = (double)s->B;
    const bool root = s->hyper.lp_root;
    const double outer = root ? (sum > 0 ? R(power)(sum, 1 / p - 1) : 0) : p;
    real *norm_grad = r->cols + SAE_ENTRY_OWN * s->F;
    for (size_t i = 0; i < r->n; i++) {
        const size_t j = r->id ? (size_t)r->id[i] : i;
        if (!(r->val[i] > 0)) { /* ReLU's gradient is 0 there whatever comes in */
            r->grad[i] = 0;
            continue;
        }
        const double f = (double)r->val[i], norm = s->norm ? (double)s->norm[j] : 1.0;
        const double dt = s->now.coef / B * outer * R(power)(f * norm, p - 1);
        r->grad[i] += (real)(dt * norm);
        norm_grad[j] += (real)(dt * f);
    }
    r->penalty = root && sum > 0 ? R(power)(sum, 1 / p) : sum;
}

static void R(back)(const struct R(sae_step) *s, struct R(sae_row) *r)
{
    if (fabs(s->now.p - 1) < 1e-12) {
        R(back_l1)(s, r);
    } else {
        R(back_power)(s, r);
    }
    if (s->now.next_p > 0) {
        const double sum = R(row_power)(s, r, s->now.next_p);
        r->next_penalty =
            s->hyper.lp_root && sum > 0 ? R(power)(sum, 1 / s->now.next_p) : sum;
    }
}

static void R(finish)(struct R(sae_step) *s, size_t j0, size_t j1)
{
    for (size_t j = j0; j < j1 && s->norm; j++) {
        s->norm_grad[j] = (real)R(sae_entry_sum)(s, SAE_ENTRY_OWN, j);
    }
}

const struct R(sae_entries) R(sae_lp_entries) = {
    .sums = 1, /* gradients at n_j */
    .activate = R(activate),
    .back = R(back),
    .finish = R(finish),
};

extern const struct R(sae_ops) R(sae_standard_ops);
const struct R(sae_ops) R(sae_standard_ops) =
    SAE_OPS_OF_ENTRIES(&R(sae_lp_entries), R(sae_entries_latents));

#ifndef REAL_F64
extern const struct sae_arch sae_arch_standard;
const struct sae_arch sae_arch_standard = {
    .name = "standard",
    .save_name = "standard",
    .has = SAE_HAS_L1 | SAE_HAS_LP | SAE_HAS_RESAMPLE,
    .defaults = {.lr = 3e-3,
                 .beta1 = 0.9,
                 .coef = 3.0,
                 .coef_warmup = 0.05,
                 .clip = 1.0,
                 .decoder_norm = 0.1,
                 .decoder = SAE_DECODER_FREE,
                 .dead = SAE_DEAD_LEAVE},
    .infer = SAE_INFER_RELU,
    .ops = &sae_standard_ops_f32,
};
#endif
