/* AuxK (Gao et al. 2024, arXiv:2406.04093): dead latents learn to decode what the
 * living ones leave. With e = x - xhat held constant and ehat the decoding of a row's
 * aux_k greatest dead latents, without b_dec, aux_err = ehat - e = ehat + err. By group
 * (SAELens' use_matryoshka_aux_loss), each of Matryoshka's prefixes has such a loss
 * with its own dead latents. Compiled for float and double. */
#include "num/vec.h"
#include "sae/sae_step.h"

#include <assert.h>
#include <string.h>

/* Selects the k greatest of v [n] of any sign, with a selection that knows only
 * positive ones: takes the positive ones, then all others but the most negative.
 * Returns how many; ids ascend, whatever the signs. `other` [n] is scratch. */
static size_t select_signed(struct R(sae_worker) *wk, const real *v, size_t n, size_t k,
                            real scale, real *other)
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

/* Selects those of n dead latents, from number `from` of all, that row `row` uses, into
 * s->aux from `at` on; returns how many. Their pre-activations are h[place[i]], or h[i]
 * for NULL. */
static size_t select_of(struct R(sae_step) *s, struct R(sae_worker) *wk, size_t row,
                        const real *h, const int32_t *place, size_t from, size_t n,
                        size_t at)
{
    const size_t k = s->aux_k < n ? s->aux_k : n;
    const int32_t *dead = s->dead + from;
    for (size_t i = 0; i < n; i++) {
        const real v = h[place ? (size_t)place[from + i] : from + i];
        wk->gathered[i] = s->norm ? v * s->norm[dead[i]] : v;
    }
    size_t m;
    if (s->hyper.aux_form == SAE_AUX_SCALED) {
        m = select_signed(wk, wk->gathered, n, k, s->scale[row], wk->gathered + n);
    } else {
        m = R(topk_row)(n, wk->gathered, k, s->scale[row], &wk->aux_guess, wk->id,
                        wk->val);
    }
    for (size_t i = 0; i < m; i++) {
        const size_t of = (size_t)wk->id[i];
        s->aux.id[at + i] = dead[of];
        s->aux.val[at + i] = h[place ? (size_t)place[from + of] : from + of];
    }
    return m;
}

/* Returns how many of n ascending ids are below width. */
static size_t below(const int32_t *id, size_t n, size_t width)
{
    size_t m = 0;
    while (m < n && (size_t)id[m] < width) {
        m++;
    }
    return m;
}

void R(sae_aux_select)(struct R(sae_step) *s, struct R(sae_worker) *wk, size_t row,
                       const real *h, const int32_t *place)
{
    const size_t at = row * s->aux_room, targets = sae_aux_targets(&s->hyper);
    size_t n = 0, from = 0;
    for (size_t g = 0; g < targets; g++) {
        const size_t rest = s->n_dead - from;
        const size_t m = targets == 1 ? rest : below(s->dead + from, rest, s->width[g]);
        if (m > 0) {
            n += select_of(s, wk, row, h, place, from, m, at + n);
        }
        from += m;
    }
    assert(n <= s->aux_room && at + n <= s->aux.cap);
    s->aux.first[row] = at;
    s->aux.n[row] = n;
}

/* Computes ehat - e of row b, and the gradients of its pairs. */
static void aux_row(struct R(sae_step) *s, size_t b)
{
    const size_t D = s->D;
    const struct R(sae_pairs) *p = &s->aux;
    const size_t at = p->first[b], n = p->n[b];
    real *out = s->aux_err + b * D;
    memcpy(out, s->err + b * D, D * sizeof *out);
    R(vec_rows_axpy)(n, p->id + at, p->val + at, s->w->W_dec, D, D, out);
    R(vec_rows_dot)(n, p->id + at, s->w->W_dec, D, D, out, p->grad + at);
}

/* The same by group, each times its share: first the errors of all prefixes, which
 * accumulate over the row's pairs. Returns the sum of squares, each times its share
 * once. */
static double aux_row_by_group(struct R(sae_step) *s, size_t b)
{
    const size_t D = s->D, plane = s->B * D;
    const struct R(sae_pairs) *p = &s->main, *aux = &s->aux;
    real *out = s->aux_err + b * D;
    size_t at = p->first[b], end = at + p->n[b];
    for (size_t g = 0; g < s->hyper.groups; g++) {
        real *err = out + g * plane;
        if (g == 0) {
            R(sae_err_begin)(s, b, err);
        } else {
            memcpy(err, err - plane, D * sizeof *err);
        }
        const size_t n = below(p->id + at, end - at, s->width[g]);
        R(vec_rows_axpy)(n, p->id + at, p->val + at, s->w->W_dec, D, D, err);
        at += n;
    }
    double sum = 0;
    at = aux->first[b];
    end = at + aux->n[b];
    for (size_t g = 0; g < s->hyper.groups && at < end; g++) {
        real *err = out + g * plane;
        const size_t n = below(aux->id + at, end - at, s->width[g]);
        R(vec_rows_axpy)(n, aux->id + at, aux->val + at, s->w->W_dec, D, D, err);
        sum += s->aux_share[g] * R(vec_sumsq)(D, err);
        R(vec_scale)(D, (real)s->aux_share[g], err);
        R(vec_rows_dot)(n, aux->id + at, s->w->W_dec, D, D, err, aux->grad + at);
        at += n;
    }
    return sum;
}

static void aux_block(void *ctx, size_t block, size_t worker)
{
    struct R(sae_step) *s = ctx;
    struct sae_watch watch = R(sae_step_watch)(s, worker);
    const size_t D = s->D, row0 = block * s->block_rows;
    const size_t rows = s->B - row0 < s->block_rows ? s->B - row0 : s->block_rows;
    const bool whole = sae_aux_targets(&s->hyper) == 1;
    double centred = 0, sum = 0;
    for (size_t b = row0; b < row0 + rows; b++) {
        const real *err = s->err + b * D;
        for (size_t d = 0; d < D; d++) {
            const double off = (double)err[d] - s->mean_err[d];
            centred += off * off;
        }
        if (whole) {
            aux_row(s, b);
        } else {
            sum += aux_row_by_group(s, b);
        }
    }
    double *sums = s->block_sums + block * SAE_SUMS;
    sums[SAE_SUM_AUX] = whole ? R(vec_sumsq)(rows * D, s->aux_err + row0 * D) : sum;
    sums[SAE_SUM_AUX_CENTRED] = centred;
    sae_watch_mark(&watch, SAE_DECODE);
}

/* Returns the share of the loss that counts: less if fewer than D / 2 are dead
 * (SAELens). */
static double share(const struct R(sae_step) *s, size_t n_dead)
{
    const double full = (double)(s->D > 1 ? s->D / 2 : 1), n = (double)n_dead;
    return n < full ? n / full : 1.0;
}

static void group_shares(struct R(sae_step) *s)
{
    size_t from = 0;
    for (size_t g = 0; g < s->hyper.groups && s->hyper.aux_by_group; g++) {
        const size_t n = below(s->dead + from, s->n_dead - from, s->width[g]);
        s->aux_share[g] = share(s, n);
        from += n;
    }
}

/* Returns the divisor of the sum of squares: the spread of e; or B over the share that
 * counts, which by group is already in the sum. */
static double divisor(const struct R(sae_step) *s)
{
    if (s->hyper.aux_form == SAE_AUX_NORMALISED) {
        return R(sae_total)(s, SAE_SUM_AUX_CENTRED);
    }
    const bool whole = sae_aux_targets(&s->hyper) == 1;
    return (double)s->B / (whole ? share(s, s->n_dead) : 1.0);
}

double R(sae_aux_run)(struct R(sae_step) *s, double coef, struct pool *pool)
{
    for (size_t d = 0; d < s->D; d++) {
        s->mean_err[d] = R(sae_total_col)(s, SAE_COL_ERR, d) / (double)s->B;
    }
    group_shares(s);
    pool_run(pool, s->row_blocks, aux_block, s);
    const double by = divisor(s);
    if (!(by > 0)) { /* no loss and no gradient */
        s->aux_scale = 0;
        return 0;
    }
    s->aux_scale = (real)(2 * coef / by);
    return R(sae_total)(s, SAE_SUM_AUX) / by;
}
