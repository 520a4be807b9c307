/* AuxK (Gao et al. 2024, arXiv:2406.04093): dead latents learn to decode what the
 * living leave. With e = x - xhat held constant and ehat the decoding of a row's aux_k
 * greatest dead latents, without b_dec, aux_err = ehat - e = ehat + err. Compiled for
 * float and double. */
#include "num/vec.h"
#include "sae/sae_step.h"

/* Of v [n] the k greatest whatever their sign, for a selection that knows positive ones
 * only: the positive ones, and all others but the most negative. Returns how many; ids
 * rising, of values too. `other` [n] is scratch. */
static size_t select_signed(struct R(sae_worker) * wk, const real *v, size_t n,
                            size_t k, real scale, real *other)
{
    size_t positive = 0;
    for (size_t i = 0; i < n; i++) {
        positive += v[i] > 0;
        other[i] = -v[i];
    }
    if (positive >= k) {
        return R(topk_row)(n, v, k, scale, &wk->aux_guess, wk->id, wk->val);
    }
    struct R(topk_guess) none = {0};
    const size_t out = n - k; /* how many to leave out: the most negative */
    const size_t left =
        out > 0 ? R(topk_row)(n, other, out, 1, &none, wk->id, wk->val) : 0;
    for (size_t i = 0; i < n; i++) {
        other[i] = 0;
    }
    for (size_t i = 0; i < left; i++) {
        other[wk->id[i]] = 1;
    }
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(other[i] > 0)) {
            wk->id[m] = (int32_t)i;
            wk->val[m] = v[i];
            m++;
        }
    }
    return m;
}

void R(sae_aux_select)(struct R(sae_step) * s, struct R(sae_worker) * wk, size_t row,
                       const real *h)
{
    const size_t k = s->aux_k < s->n_dead ? s->aux_k : s->n_dead, at = row * s->aux_k;
    for (size_t i = 0; i < s->n_dead; i++) {
        const size_t j = (size_t)s->dead[i];
        wk->gathered[i] = s->norm ? h[j] * s->norm[j] : h[j];
    }
    size_t n;
    if (s->hyper.aux_form == SAE_AUX_SCALED) {
        n = select_signed(wk, wk->gathered, s->n_dead, k, s->scale[row],
                          wk->gathered + s->n_dead);
    } else {
        n = R(topk_row)(s->n_dead, wk->gathered, k, s->scale[row], &wk->aux_guess,
                        wk->id, wk->val);
    }
    s->aux.first[row] = at;
    s->aux.n[row] = n;
    for (size_t i = 0; i < n; i++) {
        s->aux.id[at + i] = s->dead[wk->id[i]];
        s->aux.val[at + i] = h[s->dead[wk->id[i]]];
    }
}

static void aux_block(void *ctx, size_t block, size_t worker)
{
    struct R(sae_step) *s = ctx;
    struct sae_watch watch = R(sae_step_watch)(s, worker);
    const size_t D = s->D, row0 = block * s->block_rows;
    const size_t rows = s->B - row0 < s->block_rows ? s->B - row0 : s->block_rows;
    const struct R(sae_pairs) *p = &s->aux;
    double centred = 0;
    for (size_t b = row0; b < row0 + rows; b++) {
        real *out = s->aux_err + b * D;
        const real *err = s->err + b * D;
        for (size_t d = 0; d < D; d++) {
            const double off = (double)err[d] - s->mean_err[d];
            centred += off * off;
            out[d] = err[d];
        }
        const size_t at = p->first[b], n = p->n[b];
        R(vec_rows_axpy)(n, p->id + at, p->val + at, s->w->W_dec, D, D, out);
        R(vec_rows_dot)(n, p->id + at, s->w->W_dec, D, D, out, p->grad + at);
    }
    double *sums = s->block_sums + block * SAE_SUMS;
    sums[SAE_SUM_AUX] = R(vec_sumsq)(rows * D, s->aux_err + row0 * D);
    sums[SAE_SUM_AUX_CENTRED] = centred;
    sae_watch_mark(&watch, SAE_DECODE);
}

/* What the sum of squares is divided by: the spread of e; or B, less the fewer are dead
 * than D / 2. */
static double divisor(const struct R(sae_step) * s)
{
    if (s->hyper.aux_form == SAE_AUX_NORMALISED) {
        return R(sae_total)(s, SAE_SUM_AUX_CENTRED);
    }
    const double full = (double)(s->D > 1 ? s->D / 2 : 1), n = (double)s->n_dead;
    return (double)s->B / (n < full ? n / full : 1.0);
}

double R(sae_aux_run)(struct R(sae_step) * s, double coef, struct pool *pool)
{
    for (size_t d = 0; d < s->D; d++) {
        s->mean_err[d] = R(sae_total_col)(s, SAE_COL_ERR, d) / (double)s->B;
    }
    pool_run(pool, s->row_blocks, aux_block, s);
    const double by = divisor(s);
    if (!(by > 0)) { /* no loss and no gradient */
        s->aux_scale = 0;
        return 0;
    }
    s->aux_scale = (real)(2 * coef / by);
    return R(sae_total)(s, SAE_SUM_AUX) / by;
}
