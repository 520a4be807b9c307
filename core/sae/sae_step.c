#include "sae/sae_step.h"

#include "base/mem.h"
#include "num/blas.h"
#include "num/vec.h"

#include <string.h>

/* Sums of squares that a row block leaves in block_sums. */
enum { SUM_A, SUM_ERR, SUM_AUX, SUM_AUX_CENTRED, SUMS };

struct R(sae_params)
    R(sae_params_at)(const struct sae_arch *arch, size_t D, size_t F, real *arena)
{
    const size_t matrix = D * F;
    return (struct R(sae_params)){
        .D = D,
        .F = F,
        .count = 2 * matrix + F + D + arch->extra * F,
        .arena = arena,
        .W_enc = arena,
        .W_dec = arena + matrix,
        .b_enc = arena + 2 * matrix,
        .b_dec = arena + 2 * matrix + F,
        .extra = arena + 2 * matrix + F + D,
    };
}

/* ---- scratch ---- */

static enum err pairs_new(struct R(sae_pairs) * p, size_t B, size_t F, size_t cap,
                          struct errinfo *e)
{
    static const char what[] = "active latents of a batch";
    p->cap = cap;
    TRY(mem_new(&p->first, B, sizeof *p->first, what, e));
    TRY(mem_new(&p->n, B, sizeof *p->n, what, e));
    TRY(mem_new(&p->start, F + 2, sizeof *p->start, what, e));
    TRY(mem_new(&p->id, cap, sizeof *p->id, what, e));
    TRY(mem_new(&p->val, cap, sizeof *p->val, what, e));
    TRY(mem_new(&p->grad, cap, sizeof *p->grad, what, e));
    TRY(mem_new(&p->row, cap, sizeof *p->row, what, e));
    TRY(mem_new(&p->row_val, cap, sizeof *p->row_val, what, e));
    return mem_new(&p->row_grad, cap, sizeof *p->row_grad, what, e);
}

static void pairs_deinit(struct R(sae_pairs) * p)
{
    mem_free(p->first);
    mem_free(p->n);
    mem_free(p->start);
    mem_free(p->id);
    mem_free(p->val);
    mem_free(p->grad);
    mem_free(p->row);
    mem_free(p->row_val);
    mem_free(p->row_grad);
}

static enum err arrays_new(struct R(sae_step) * s, struct errinfo *e)
{
    static const char what[] = "a step of an SAE";
    const size_t D = s->D, B = s->B;
    TRY(mem_new(&s->a, B * D, sizeof *s->a, what, e));
    TRY(mem_new(&s->err, B * D, sizeof *s->err, what, e));
    TRY(mem_new(&s->aux_err, s->aux_k > 0 ? B * D : 0, sizeof *s->aux_err, what, e));
    TRY(mem_new(&s->mean_err, D, sizeof *s->mean_err, what, e));
    TRY(mem_new(&s->block_cols, s->row_blocks * 2 * D, sizeof *s->block_cols, what, e));
    TRY(mem_new(&s->block_sums, s->row_blocks * SUMS, sizeof *s->block_sums, what, e));
    TRY(mem_new(&s->latent_cols, s->latent_blocks * D, sizeof *s->latent_cols, what,
                e));
    TRY(mem_new(&s->latent_sums, s->latent_blocks, sizeof *s->latent_sums, what, e));
    TRY(pairs_new(&s->main, B, s->F, B * s->k, e));
    TRY(pairs_new(&s->aux, B, s->F, B * s->aux_k, e));
    return s->arch->collects_batch ? R(sae_collect_init)(&s->collect, B * s->k, s->F, e)
                                   : OK;
}

/* Whether every product of sizes that arrays_new takes is far from overflow. */
static bool sizes_fit(size_t D, size_t F, size_t k, size_t B)
{
    size_t t;
    return B <= INT32_MAX && mem_mul(B, 64 * (D + k), &t) && mem_mul(F, 64 * D, &t);
}

enum err R(sae_step_new)(const struct sae_arch *arch, size_t D, size_t F, size_t k,
                         size_t B, size_t aux_k, struct R(sae_step) * *out,
                         struct errinfo *e)
{
    size_t count;
    TRY(sae_param_count(arch, D, F, &count, e));
    if (k < 1 || k > F || B < 1 || !sizes_fit(D, F, k, B)) {
        return err_set(e, ERR_LIMIT,
                       "k is %zu and the batch %zu, expected k from 1 to %zu", k, B, F);
    }
    struct R(sae_step) * s;
    TRY(mem_new(&s, 1, sizeof *s, "a step of an SAE", e));
    s->arch = arch;
#ifdef REAL_F64
    s->ops = arch->f64;
#else
    s->ops = arch->f32;
#endif
    s->D = D;
    s->F = F;
    s->k = k;
    s->B = B;
    s->aux_k = aux_k < F ? aux_k : F;
    s->block_rows = sae_block_rows(F);
    s->row_blocks = (B + s->block_rows - 1) / s->block_rows;
    s->latent_blocks = (F + SAE_LATENT_BLOCK - 1) / SAE_LATENT_BLOCK;
    const enum err rc = arrays_new(s, e);
    if (rc != OK) {
        R(sae_step_free)(s);
        return rc;
    }
    *out = s;
    return OK;
}

static void worker_deinit(struct R(sae_worker) * w)
{
    mem_free(w->h);
    mem_free(w->id);
    mem_free(w->val);
    mem_free(w->gathered);
}

void R(sae_step_free)(struct R(sae_step) * s)
{
    if (!s) {
        return;
    }
    mem_free(s->a);
    mem_free(s->err);
    mem_free(s->aux_err);
    mem_free(s->mean_err);
    mem_free(s->block_cols);
    mem_free(s->block_sums);
    mem_free(s->latent_cols);
    mem_free(s->latent_sums);
    pairs_deinit(&s->main);
    pairs_deinit(&s->aux);
    R(sae_collect_deinit)(&s->collect);
    for (size_t i = 0; i < s->workers; i++) {
        worker_deinit(&s->worker[i]);
    }
    mem_free(s->worker);
    mem_free(s);
}

static enum err worker_init(struct R(sae_worker) * w, size_t rows, size_t F,
                            struct errinfo *e)
{
    static const char what[] = "a block of pre-activations";
    TRY(mem_new(&w->h, rows * F, sizeof *w->h, what, e));
    TRY(mem_new(&w->id, F, sizeof *w->id, what, e));
    TRY(mem_new(&w->val, F, sizeof *w->val, what, e));
    return mem_new(&w->gathered, F, sizeof *w->gathered, what, e);
}

static enum err ensure_workers(struct R(sae_step) * s, size_t want, struct errinfo *e)
{
    if (s->arch->collects_batch) {
        TRY(R(sae_collect_workers)(&s->collect, want, e));
    }
    size_t cap = s->workers;
    if (want > cap) {
        TRY(mem_grow(&s->worker, &cap, want, sizeof *s->worker, want, e));
    }
    while (s->workers < want) {
        struct R(sae_worker) *w = &s->worker[s->workers];
        const enum err rc = worker_init(w, s->block_rows, s->F, e);
        if (rc != OK) {
            worker_deinit(w);
            *w = (struct R(sae_worker)){0};
            return rc;
        }
        s->workers++;
    }
    return OK;
}

/* ---- encode and select ---- */

/* AuxK's choice: of the dead latents, the aux_k greatest positive pre-activations. */
static void select_dead(struct R(sae_step) * s, struct R(sae_worker) * wk, size_t row,
                        const real *h)
{
    const size_t k = s->aux_k < s->n_dead ? s->aux_k : s->n_dead;
    for (size_t i = 0; i < s->n_dead; i++) {
        wk->gathered[i] = h[s->dead[i]];
    }
    const size_t n =
        R(topk_row)(s->n_dead, wk->gathered, k, &wk->aux_guess, wk->id, wk->val);
    const size_t at = row * s->aux_k;
    s->aux.first[row] = at;
    s->aux.n[row] = n;
    for (size_t i = 0; i < n; i++) {
        s->aux.id[at + i] = s->dead[wk->id[i]];
        s->aux.val[at + i] = wk->val[i];
    }
}

/* h = (x - b_dec) W_enc^T + b_enc for a block of rows, then the selections from it. */
static void encode_block(void *ctx, size_t block, size_t worker)
{
    struct R(sae_step) *s = ctx;
    struct R(sae_worker) *wk = &s->worker[worker];
    const size_t D = s->D, F = s->F, row0 = block * s->block_rows;
    const size_t rows = s->B - row0 < s->block_rows ? s->B - row0 : s->block_rows;
    real *cols = s->block_cols + block * 2 * D;
    memset(cols, 0, D * sizeof *cols);
    for (size_t r = 0; r < rows; r++) {
        const real *x = s->x + (row0 + r) * D;
        real *a = s->a + (row0 + r) * D;
        for (size_t d = 0; d < D; d++) {
            a[d] = x[d] - s->w->b_dec[d];
            cols[d] += a[d];
        }
        memcpy(wk->h + r * F, s->w->b_enc, F * sizeof *wk->h);
    }
    s->block_sums[block * SUMS + SUM_A] = R(vec_sumsq)(rows * D, s->a + row0 * D);
    R(gemm)
    (NO_TRANS, TRANS, rows, F, D, 1, s->a + row0 * D, D, s->w->W_enc, D, 1, wk->h, F);
    s->ops->scan(s, worker, row0, rows, wk->h);
    for (size_t r = 0; r < rows && s->n_dead > 0; r++) {
        select_dead(s, wk, row0 + r, wk->h + r * F);
    }
}

/* ---- decode and compare ---- */

void R(sae_decode_rows)(struct R(sae_step) * s, size_t row0, size_t rows)
{
    const size_t D = s->D;
    const struct R(sae_pairs) *p = &s->main;
    for (size_t b = row0; b < row0 + rows; b++) {
        /* xhat - x = sum of f W_dec - (x - b_dec) */
        real *err = s->err + b * D;
        const real *a = s->a + b * D;
        for (size_t d = 0; d < D; d++) {
            err[d] = -a[d];
        }
        const size_t at = p->first[b], n = p->n[b];
        R(vec_rows_axpy)(n, p->id + at, p->val + at, s->w->W_dec, D, D, err);
        R(vec_rows_dot)(n, p->id + at, s->w->W_dec, D, D, err, p->grad + at);
    }
}

static void decode_block(void *ctx, size_t block, size_t worker)
{
    (void)worker;
    struct R(sae_step) *s = ctx;
    const size_t D = s->D, row0 = block * s->block_rows;
    const size_t rows = s->B - row0 < s->block_rows ? s->B - row0 : s->block_rows;
    s->ops->decode(s, row0, rows);
    real *cols = s->block_cols + (block * 2 + 1) * D;
    memset(cols, 0, D * sizeof *cols);
    for (size_t r = 0; r < rows; r++) {
        R(vec_add)(D, cols, s->err + (row0 + r) * D, cols);
    }
    s->block_sums[block * SUMS + SUM_ERR] = R(vec_sumsq)(rows * D, s->err + row0 * D);
}

/* AuxK, dictionary_learning's form. With r = x - xhat held constant and ehat the
 * decoding of the dead latents without b_dec, aux_err = ehat - r = ehat + err; the loss
 * is sum ||aux_err||^2 / sum ||r - mean r||^2. */
static void aux_block(void *ctx, size_t block, size_t worker)
{
    (void)worker;
    struct R(sae_step) *s = ctx;
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
    double *sums = s->block_sums + block * SUMS;
    sums[SUM_AUX] = R(vec_sumsq)(rows * D, s->aux_err + row0 * D);
    sums[SUM_AUX_CENTRED] = centred;
}

static double total_sum(const struct R(sae_step) * s, size_t which)
{
    double sum = 0;
    for (size_t i = 0; i < s->row_blocks; i++) {
        sum += s->block_sums[i * SUMS + which];
    }
    return sum;
}

/* Sum over all rows of column d of `a` (which 0) or `err` (1). */
static double total_col(const struct R(sae_step) * s, size_t which, size_t d)
{
    double sum = 0;
    for (size_t i = 0; i < s->row_blocks; i++) {
        sum += (double)s->block_cols[(i * 2 + which) * s->D + d];
    }
    return sum;
}

/* The auxiliary loss; 0 and no gradient where its denominator is. */
static double run_aux(struct R(sae_step) * s, double coef, struct pool *pool)
{
    for (size_t d = 0; d < s->D; d++) {
        s->mean_err[d] = total_col(s, 1, d) / (double)s->B;
    }
    pool_run(pool, s->row_blocks, aux_block, s);
    const double denominator = total_sum(s, SUM_AUX_CENTRED);
    if (!(denominator > 0)) {
        s->aux_scale = 0;
        return 0;
    }
    s->aux_scale = (real)(2 * coef / denominator);
    return total_sum(s, SUM_AUX) / denominator;
}

/* ---- gradients ---- */

/* Pairs by latent, by a counting sort that keeps rows in order; gradients times scale.
 */
static void regroup(struct R(sae_pairs) * p, size_t B, size_t F, real scale)
{
    /* Counts go two places up, so that the sums turn them into the ends of the latent
     * before, and placing moves these to where they belong. */
    memset(p->start, 0, (F + 2) * sizeof *p->start);
    for (size_t b = 0; b < B; b++) {
        for (size_t i = p->first[b]; i < p->first[b] + p->n[b]; i++) {
            p->start[p->id[i] + 2]++;
        }
    }
    for (size_t j = 2; j < F + 2; j++) {
        p->start[j] += p->start[j - 1];
    }
    for (size_t b = 0; b < B; b++) {
        for (size_t i = p->first[b]; i < p->first[b] + p->n[b]; i++) {
            const size_t to = p->start[p->id[i] + 1]++;
            p->row[to] = (int32_t)b;
            p->row_val[to] = p->val[i];
            p->row_grad[to] = p->grad[i] * scale;
        }
    }
}

/* y += sum of weight[i] x[row[i]] over the pairs of latent j. */
static void add_rows(const struct R(sae_pairs) * p, size_t j, const real *weight,
                     const real *x, size_t D, real *y)
{
    const size_t at = p->start[j], n = p->start[j + 1] - at;
    R(vec_rows_axpy)(n, p->row + at, weight + at, x, D, D, y);
}

static real sum_grad(const struct R(sae_pairs) * p, size_t j)
{
    real sum = 0;
    for (size_t i = p->start[j]; i < p->start[j + 1]; i++) {
        sum += p->row_grad[i];
    }
    return sum;
}

void R(sae_latent_grads)(struct R(sae_step) * s, size_t j0, size_t j1)
{
    const size_t D = s->D;
    const bool aux = s->n_dead > 0 && s->aux_scale > 0;
    memset(s->g->W_enc + j0 * D, 0, (j1 - j0) * D * sizeof *s->g->W_enc);
    memset(s->g->W_dec + j0 * D, 0, (j1 - j0) * D * sizeof *s->g->W_dec);
    /* One matrix after the other: `a` alone stays near the CPU, with `err` it may not.
     */
    for (size_t j = j0; j < j1; j++) {
        real *enc = s->g->W_enc + j * D;
        s->g->b_enc[j] = sum_grad(&s->main, j);
        add_rows(&s->main, j, s->main.row_grad, s->a, D, enc);
        if (aux) {
            s->g->b_enc[j] += sum_grad(&s->aux, j);
            add_rows(&s->aux, j, s->aux.row_grad, s->a, D, enc);
        }
    }
    for (size_t j = j0; j < j1; j++) {
        real *dec = s->g->W_dec + j * D;
        if (aux) {
            add_rows(&s->aux, j, s->aux.row_val, s->aux_err, D, dec);
            R(vec_scale)(D, s->aux_scale / s->err_scale, dec);
        }
        add_rows(&s->main, j, s->main.row_val, s->err, D, dec);
        R(vec_scale)(D, s->err_scale, dec);
    }
}

static void latent_block(void *ctx, size_t block, size_t worker)
{
    (void)worker;
    struct R(sae_step) *s = ctx;
    const size_t D = s->D, j0 = block * SAE_LATENT_BLOCK;
    const size_t j1 = s->F - j0 < SAE_LATENT_BLOCK ? s->F : j0 + SAE_LATENT_BLOCK;
    s->ops->latents(s, j0, j1);
    /* Through x - b_dec: minus the gradients at the pre-activations, times W_enc. */
    real *cols = s->latent_cols + block * D;
    memset(cols, 0, D * sizeof *cols);
    for (size_t j = j0; j < j1; j++) {
        R(vec_axpy)(D, s->g->b_enc[j], s->w->W_enc + j * D, cols);
    }
}

static void b_dec_grad(struct R(sae_step) * s)
{
    for (size_t d = 0; d < s->D; d++) {
        double sum = (double)s->err_scale * total_col(s, 1, d);
        for (size_t i = 0; i < s->latent_blocks; i++) {
            sum -= (double)s->latent_cols[i * s->D + d];
        }
        s->g->b_dec[d] = (real)sum;
    }
}

/* ---- the step ---- */

static void measure(const struct R(sae_step) * s, struct sae_loss *out)
{
    const double B = (double)s->B;
    double spread = total_sum(s, SUM_A); /* sum ||a - mean a||^2 */
    for (size_t d = 0; d < s->D; d++) {
        const double col = total_col(s, 0, d);
        spread -= col * col / B;
    }
    const double err = total_sum(s, SUM_ERR);
    out->mse = err / B;
    out->explained_variance = spread > 0 ? 1 - err / spread : 0;
    size_t active = 0;
    real least = 0;
    for (size_t b = 0; b < s->B; b++) {
        for (size_t i = s->main.first[b]; i < s->main.first[b] + s->main.n[b]; i++) {
            const real v = s->main.val[i];
            least = active == 0 || v < least ? v : least;
            active++;
        }
    }
    out->l0 = (double)active / B;
    out->least = (double)least;
}

enum err R(sae_step_grad)(struct R(sae_step) * s, const struct R(sae_params) * w,
                          const real *x, const int32_t *dead, size_t n_dead,
                          double aux_coef, struct pool *pool, struct R(sae_params) * g,
                          struct sae_loss *out, struct errinfo *e)
{
    TRY(ensure_workers(s, pool_threads(pool), e));
    s->w = w;
    s->g = g;
    s->x = x;
    s->dead = dead;
    s->n_dead = aux_coef > 0 && s->aux_k > 0 ? n_dead : 0;
    s->err_scale = (real)(2.0 / (double)s->B);
    bool done = false;
    while (!done) {
        if (s->ops->begin) {
            s->ops->begin(s);
        }
        pool_run(pool, s->row_blocks, encode_block, s);
        done = !s->ops->settle || s->ops->settle(s);
    }
    pool_run(pool, s->row_blocks, decode_block, s);
    *out = (struct sae_loss){0};
    measure(s, out);
    out->loss = out->mse;
    regroup(&s->main, s->B, s->F, s->err_scale);
    if (s->n_dead > 0) {
        out->aux = run_aux(s, aux_coef, pool);
        out->loss += aux_coef * out->aux;
        regroup(&s->aux, s->B, s->F, s->aux_scale);
    }
    if (s->arch->extra > 0) {
        memset(g->extra, 0, s->arch->extra * s->F * sizeof *g->extra);
    }
    pool_run(pool, s->latent_blocks, latent_block, s);
    b_dec_grad(s);
    return OK;
}
