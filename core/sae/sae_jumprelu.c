/* JumpReLU (Rajamanoharan et al. 2024, arXiv:2407.14435): f = z [z > theta_j], z = h,
 * with thresholds that are learned directly (not their logarithms, which Adam hardly
 * moves). A step function has no useful gradient; straight-through estimators with the
 * rectangle K(u) = [|u| < 1/2] are used instead:
 *
 *   df/dz = [z > theta]     df/dtheta = -theta/eps K((z - theta)/eps)
 *   dH(z - theta)/dtheta = -1/eps K((z - theta)/eps)
 *
 * Sparsity losses: coef times sum H (Gemma Scope); sum tanh(c f n) (Anthropic, January
 * 2025; SAELens); (L0 / target - 1)^2 of the batch's L0 (Gemma Scope 2;
 * dictionary_learning, whose H takes f instead of z: jump_on_f); 2 / target (L0 -
 * target)^2 with each row's (SAELens). In addition, for dead latents, pre_act sum
 * ReLU(theta - z) n (SAELens). With ste_to_input z also gets the negated gradient of
 * theta (Anthropic; SAELens' jumprelu_ste_to_input), so that the encoder adapts, which
 * it does faster than a threshold can. Only entries above theta or in the window of
 * width eps around it are active. Compiled in double for tests. */
#include "num/vec.h"
#include "sae/sae_step.h"

#include <math.h>

enum { SUM_THETA = SAE_ENTRY_OWN, SUM_WINDOW, SUM_NORM, SUM_END };

/* Finds the value above which entries are active. */
static void R(begin)(struct R(sae_step) *s)
{
    for (size_t j = 0; j < s->F; j++) {
        s->vector[j] = s->w->extra[j] - (real)(s->hyper.bandwidth / 2);
    }
}

static size_t R(pick)(const struct R(sae_step) *s, struct R(sae_worker) *wk,
                      const real *h)
{
    for (size_t j = 0; j < s->F; j++) {
        wk->gathered[j] = h[j] - s->vector[j];
    }
    const size_t n = R(topk_above)(s->F, wk->gathered, 0, wk->id, wk->val);
    for (size_t i = 0; i < n; i++) {
        wk->val[i] = h[wk->id[i]];
    }
    return n;
}

static void R(activate)(const struct R(sae_step) *s, size_t n, const int32_t *id,
                        const real *pre, real *val)
{
    const real *theta = s->w->extra;
    for (size_t i = 0; i < n; i++) {
        val[i] = pre[i] > theta[id ? (size_t)id[i] : i] ? pre[i] : 0;
    }
}

/* Returns how much a row's entries count in their latents' windows, and its penalty;
 * the slope that all entries share is applied at the end. */
static real R(row_weight)(const struct R(sae_step) *s, struct R(sae_row) *r)
{
    size_t active = 0;
    for (size_t i = 0; i < r->n; i++) {
        active += r->val[i] > 0;
    }
    r->penalty = (double)active;
    if (s->hyper.jump_loss != SAE_JUMP_QUADRATIC_ROWS) {
        return 1;
    }
    const double target = s->hyper.target_l0, off = (double)active - target;
    r->penalty = 2 / target * off * off;
    return (real)off;
}

/* Returns the derivative of the sparsity loss by one entry's H. */
static double R(step_slope)(const struct R(sae_step) *s)
{
    const double share = s->now.coef / (double)s->B, target = s->hyper.target_l0;
    switch (s->hyper.jump_loss) {
    case SAE_JUMP_STEP: return share;
    case SAE_JUMP_QUADRATIC:
        return share * 2 / target *
               (R(sae_total)(s, SAE_SUM_ACTIVE) / (double)s->B / target - 1);
    case SAE_JUMP_QUADRATIC_ROWS: return share * 4 / target;
    case SAE_JUMP_TANH: break;
    }
    return 0;
}

static void R(back)(const struct R(sae_step) *s, struct R(sae_row) *r)
{
    const size_t F = s->F;
    const bool is_tanh = s->hyper.jump_loss == SAE_JUMP_TANH;
    const double c = s->hyper.tanh_scale, share = s->now.coef / (double)s->B;
    const real *theta = s->w->extra, half = (real)(s->hyper.bandwidth / 2);
    const real weight = R(row_weight)(s, r);
    const real to_input = s->hyper.ste_to_input ? (real)(1 / s->hyper.bandwidth) : 0;
    const real to_step = s->hyper.ste_to_input ? (real)R(step_slope)(s) * weight : 0;
    double sum = 0;
    for (size_t i = 0; i < r->n; i++) {
        const size_t j = r->id ? (size_t)r->id[i] : i;
        const real off = r->pre[i] - theta[j];
        const bool active = off > 0;
        if (!active && !(off > -half)) {
            r->grad[i] = 0;
            continue;
        }
        real df = r->grad[i];
        if (is_tanh) {
            const double norm = s->norm ? (double)s->norm[j] : 1.0;
            const double t = tanh(c * (double)r->val[i] * norm);
            const double slope = share * c * (1 - t * t);
            sum += t;
            df += (real)(slope * norm);
            r->cols[SUM_NORM * F + j] += (real)(slope * (double)r->val[i]);
        }
        if (off < half) {
            r->cols[SUM_THETA * F + j] += df;
            r->cols[SUM_WINDOW * F + j] += active || !s->hyper.jump_on_f ? weight : 0;
        }
        r->grad[i] = active ? df : 0;
        if (off < half) {
            r->grad[i] += to_input * (theta[j] * df + to_step);
        }
    }
    r->penalty = is_tanh ? sum : r->penalty;
}

static double R(sparsity)(const struct R(sae_step) *s, const struct sae_loss *out)
{
    if (s->hyper.jump_loss != SAE_JUMP_QUADRATIC) {
        return s->now.coef * out->penalty;
    }
    const double off = out->l0 / s->hyper.target_l0 - 1;
    return s->now.coef * off * off;
}

static void R(finish)(struct R(sae_step) *s, size_t j0, size_t j1)
{
    const double eps = s->hyper.bandwidth, slope = R(step_slope)(s);
    for (size_t j = j0; j < j1; j++) {
        const double theta = (double)s->w->extra[j];
        double window = R(sae_entry_sum)(s, SUM_WINDOW, j);
        if (s->hyper.jump_on_f && s->hyper.jump_loss != SAE_JUMP_QUADRATIC_ROWS &&
            fabs(theta) < eps / 2) {
            /* Seen from f, silent entries lie at 0: all of them in the window. */
            window += (double)s->B - (double)s->fires[j];
        }
        s->g->extra[j] = (real)(-theta / eps * R(sae_entry_sum)(s, SUM_THETA, j) -
                                slope / eps * window);
        s->norm_grad[j] = (real)R(sae_entry_sum)(s, SUM_NORM, j);
    }
}

/* ---- the loss on pre-activations of dead latents ---- */

static bool R(is_dead)(const struct R(sae_step) *s, size_t j)
{
    size_t lo = 0, hi = s->now.n_dead;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if ((size_t)s->now.dead[mid] < j) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < s->now.n_dead && (size_t)s->now.dead[lo] == j;
}

/* Sums over the rows in which latent j is active: returns that of z; adds that of a,
 * times weight, to y. */
static double R(active_sums)(const struct R(sae_step) *s, size_t j, real weight,
                             real *y)
{
    const size_t D = s->D;
    double sum = 0;
    if (s->is_dense) {
        for (size_t b = 0; b < s->B; b++) {
            const real f = s->dense_val[b * s->F + j];
            if (f > 0) {
                sum += (double)f;
                R(vec_axpy)(D, weight, s->a + b * D, y);
            }
        }
        return sum;
    }
    const struct R(sae_pairs) *p = &s->main;
    for (size_t i = p->start[j]; i < p->start[j + 1]; i++) {
        if (p->row_val[i] > 0) {
            sum += (double)p->row_val[i];
            R(vec_axpy)(D, weight, s->a + (size_t)p->row[i] * D, y);
        }
    }
    return sum;
}

/* Adds the push on dead latents to the gradients of latent j, and returns sum
 * ReLU(theta - z). Silent rows are all rows minus the active ones, which are few, and
 * sums over all rows already exist. */
static double R(push_dead)(struct R(sae_step) *s, size_t j)
{
    const size_t D = s->D;
    const double norm = s->norm ? (double)s->norm[j] : 1.0;
    const double each = s->hyper.pre_act / (double)s->B * norm;
    const double silent = (double)s->B - (double)s->fires[j];
    const double theta = (double)s->w->extra[j];
    const real *W = s->w->W_enc + j * D;
    real *enc = s->g->W_enc + j * D;
    double z = (double)s->B * (double)s->w->b_enc[j]; /* sum of z over all rows */
    for (size_t d = 0; d < D; d++) {
        const double all = R(sae_total_col)(s, SAE_COL_A, d);
        z += all * (double)W[d];
        enc[d] -= (real)(each * all);
    }
    z -= R(active_sums)(s, j, (real)each, enc);
    s->through[j] -= (real)(each * silent);
    s->g->b_enc[j] = s->through[j];
    s->g->extra[j] += (real)(each * silent);
    return silent * theta - z;
}

static void R(latents)(struct R(sae_step) *s, size_t j0, size_t j1)
{
    double sum = 0;
    R(sae_entries_latents)(s, j0, j1);
    for (size_t j = j0; j < j1 && s->hyper.pre_act > 0; j++) {
        if (R(is_dead)(s, j)) {
            const double silence = R(push_dead)(s, j);
            const double norm = s->norm ? (double)s->norm[j] : 1.0;
            sum += silence * norm;
            if (s->norm && norm > 0) {
                const double along = s->hyper.pre_act / (double)s->B * silence / norm;
                R(vec_axpy)
                (s->D, (real)along, s->w->W_dec + j * s->D, s->g->W_dec + j * s->D);
            }
        }
    }
    s->latent_sums[j0 / SAE_LATENT_BLOCK] = sum;
}

static double R(late)(struct R(sae_step) *s, double *aux)
{
    double sum = 0;
    for (size_t i = 0; i < s->latent_blocks; i++) {
        sum += s->latent_sums[i];
    }
    *aux = sum / (double)s->B;
    return s->hyper.pre_act * *aux;
}

static const struct R(sae_entries) R(entries) = {
    .sums = SUM_END - SAE_ENTRY_OWN,
    .begin = R(begin),
    .pick = R(pick),
    .activate = R(activate),
    .back = R(back),
    .finish = R(finish),
    .sparsity = R(sparsity),
    .late = R(late),
};

extern const struct R(sae_ops) R(sae_jumprelu_ops);
const struct R(sae_ops) R(sae_jumprelu_ops) =
    SAE_OPS_OF_ENTRIES(&R(entries), R(latents));

#ifndef REAL_F64
extern const struct sae_arch sae_arch_jumprelu;
const struct sae_arch sae_arch_jumprelu = {
    .name = "jumprelu",
    .save_name = "jumprelu",
    .has = SAE_HAS_JUMP,
    .defaults = SAE_PENALTY_DEFAULTS(4.0, 1.0),
    .infer = SAE_INFER_JUMP,
    .extra = 1,
    .vector = {{"threshold", true}},
    .ops = &sae_jumprelu_ops_f32,
};
#endif
