/* Architectures in which each activation is a function of its pre-activation (standard,
 * gated, jumprelu and the like), computed in two ways that agree to rounding. Sparse:
 * lists of the active entries, like TopK's pairs. Dense: matrix products, for when more
 * than a fifth of the entries are active, as at the start of most runs; there lists
 * would cost more than they save. The density of the previous step decides which is
 * used. Compiled for float and double. */
#include "base/mem.h"
#include "num/blas.h"
#include "num/vec.h"
#include "sae/sae_step.h"

#include <assert.h>
#include <string.h>

/* ---- memory ---- */

/* Returns the list room of a row block, a quarter of its entries; fuller blocks are a
 * reason for the dense way. */
static size_t block_cap(const struct R(sae_step) *s)
{
    const size_t quarter = s->F / 4 > 0 ? s->F / 4 : 1;
    return s->block_rows * quarter;
}

static size_t entry_sums(const struct R(sae_step) *s)
{
    return SAE_ENTRY_OWN + s->ops->entries->sums;
}

/* Lends the arena to lists and dense buffers, which are never in use at the same
 * time. */
static void lend(struct R(sae_step) *s)
{
    struct R(sae_pairs) *p = &s->main;
    const size_t entries = s->B * s->F, cap = s->row_blocks * block_cap(s);
    real *at = s->arena;
    s->dense_val = at;
    s->dense_grad = at + entries;
    s->dense_gate = s->gate_trains ? at + 2 * entries : NULL;
    p->cap = cap;
    real **pieces[] = {&p->val,     &p->pre,      &p->grad,
                       &p->row_val, &p->row_grad, s->gate_trains ? &p->row_pre : NULL};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        if (pieces[i]) {
            *pieces[i] = at;
            at += cap;
        }
    }
    int32_t *ids = (int32_t *)(void *)at;
    p->id = ids;
    p->row = ids + cap;
    /* Two lists of ids take no more than two of values. */
    assert((size_t)(at - s->arena) + 2 * cap <= s->row_blocks * block_cap(s) * 8);
}

enum err R(sae_entries_new)(struct R(sae_step) *s, struct errinfo *e)
{
    static const char what[] = "activations of a batch";
    size_t entries;
    if (!mem_mul(s->B, s->F, &entries) || entries > SIZE_MAX / 64) {
        return err_set(e, ERR_LIMIT, "%zu x %zu activations, too many", s->B, s->F);
    }
    const size_t buffers = s->gate_trains ? 3 : 2;
    const size_t lists = s->row_blocks * block_cap(s) * 8;
    const size_t need = buffers * entries > lists ? buffers * entries : lists;
    TRY(mem_new(&s->arena, need, sizeof *s->arena, what, e));
    TRY(mem_new(&s->vector, 2 * s->F, sizeof *s->vector, what, e));
    TRY(mem_new(&s->cols, s->row_blocks * entry_sums(s) * s->F, sizeof *s->cols, what,
                e));
    lend(s);
    return OK;
}

/* ---- the sparse way ---- */

void R(sae_entries_begin)(struct R(sae_step) *s)
{
    if (s->ops->entries->begin) {
        s->ops->entries->begin(s);
    }
}

void R(sae_entries_scan)(struct R(sae_step) *s, size_t worker, size_t row0, size_t rows,
                         const real *h)
{
    struct R(sae_worker) *wk = &s->worker[worker];
    struct R(sae_pairs) *p = &s->main;
    const struct R(sae_entries) *entries = s->ops->entries;
    const size_t cap = block_cap(s), begin = row0 / s->block_rows * cap;
    size_t at = begin;
    for (size_t r = 0; r < rows; r++) {
        const real *row = h + r * s->F;
        const size_t n = entries->pick ? entries->pick(s, wk, row)
                                       : R(topk_above)(s->F, row, 0, wk->id, wk->val);
        p->first[row0 + r] = at;
        p->n[row0 + r] = n;
        if (at + n > begin + cap) {
            p->first[row0] = SIZE_MAX; /* no room: settle goes the dense way */
            return;
        }
        if (n > 0) {
            memcpy(p->id + at, wk->id, n * sizeof *p->id);
            memcpy(p->pre + at, wk->val, n * sizeof *p->pre);
            entries->activate(s, n, p->id + at, p->pre + at, p->val + at);
        }
        at += n;
    }
}

bool R(sae_entries_settle)(struct R(sae_step) *s)
{
    if (s->is_dense) {
        s->density = R(sae_total)(s, SAE_SUM_ACTIVE) / ((double)s->B * (double)s->F);
        return true;
    }
    size_t listed = 0;
    for (size_t i = 0; i < s->row_blocks; i++) {
        s->is_dense |= s->main.first[i * s->block_rows] == SIZE_MAX;
    }
    for (size_t b = 0; b < s->B && !s->is_dense; b++) {
        listed += s->main.n[b];
    }
    s->density = (double)listed / ((double)s->B * (double)s->F);
    return !s->is_dense;
}

/* Computes the gradients of one row, and the sums that every architecture needs. */
static void back(const struct R(sae_step) *s, struct R(sae_row) *r, double *sums)
{
    s->ops->entries->back(s, r);
    real *grad = r->cols + SAE_ENTRY_GRAD * s->F,
         *fires = r->cols + SAE_ENTRY_FIRES * s->F;
    size_t active = 0;
    for (size_t i = 0; i < r->n; i++) {
        const size_t j = r->id ? (size_t)r->id[i] : i;
        grad[j] += r->grad[i];
        fires[j] += r->val[i] > 0 ? 1 : 0;
        active += r->val[i] > 0;
    }
    sums[SAE_SUM_PENALTY] += r->penalty;
    sums[SAE_SUM_NEXT] += r->next_penalty;
    sums[SAE_SUM_ACTIVE] += (double)active;
}

/* Clears the sums of a block of rows and returns their place. */
static real *clear_sums(struct R(sae_step) *s, size_t row0, double **sums)
{
    const size_t block = row0 / s->block_rows, n = entry_sums(s) * s->F;
    *sums = s->block_sums + block * SAE_SUMS;
    (*sums)[SAE_SUM_PENALTY] = 0;
    (*sums)[SAE_SUM_NEXT] = 0;
    (*sums)[SAE_SUM_ACTIVE] = 0;
    memset(s->cols + block * n, 0, n * sizeof *s->cols);
    return s->cols + block * n;
}

void R(sae_entries_decode)(struct R(sae_step) *s, size_t worker, size_t row0,
                           size_t rows)
{
    const size_t D = s->D;
    const struct R(sae_pairs) *p = &s->main;
    double *sums;
    real *cols = clear_sums(s, row0, &sums), *gate = s->worker[worker].gathered;
    for (size_t b = row0; b < row0 + rows; b++) {
        const size_t at = p->first[b], n = p->n[b];
        const int32_t *id = p->id + at;
        real *err = s->err + b * D;
        assert(n <= s->F && at + n <= p->cap);
        R(sae_err_begin)(s, b, err);
        R(vec_rows_axpy)(n, id, p->val + at, s->w->W_dec, D, D, err);
        R(vec_rows_dot)(n, id, s->w->W_dec, D, D, err, p->grad + at);
        R(vec_scale)(n, s->err_scale, p->grad + at);
        if (s->is_gated) {
            real *own = s->aux_err + b * D;
            R(sae_err_begin)(s, b, own);
            R(vec_rows_axpy)(n, id, p->pre + at, s->w->W_dec, D, D, own);
            R(vec_rows_dot)(n, id, s->w->W_dec, D, D, own, gate);
            R(vec_scale)(n, s->err_scale, gate);
        }
        struct R(sae_row) r = {.n = n,
                               .id = id,
                               .pre = p->pre + at,
                               .val = p->val + at,
                               .grad = p->grad + at,
                               .gate_grad = gate,
                               .cols = cols};
        back(s, &r, sums);
    }
}

/* ---- the dense way ---- */

/* err = f W_dec + b_dec - x, and df = err_scale err W_dec^T, for rows from row0 on. */
static void dense_products(struct R(sae_step) *s, size_t row0, size_t rows,
                           const real *f, real *err, real *df)
{
    const size_t D = s->D, F = s->F;
    for (size_t r = 0; r < rows; r++) {
        R(sae_err_begin)(s, row0 + r, err + r * D);
    }
    R(gemm)(NO_TRANS, NO_TRANS, rows, D, F, 1, f, F, s->w->W_dec, D, 1, err, D);
    R(gemm)
    (NO_TRANS, TRANS, rows, F, D, s->err_scale, err, D, s->w->W_dec, D, 0, df, F);
}

/* Computes the gate's activations, in place of the pre-activations h [rows,F], and its
 * own reconstruction. */
static void dense_gate(struct R(sae_step) *s, struct R(sae_worker) *wk, size_t row0,
                       size_t rows)
{
    for (size_t i = 0; i < rows * s->F; i++) {
        wk->h[i] = wk->h[i] > 0 ? wk->h[i] : 0;
    }
    if (s->dense_gate) {
        memcpy(s->dense_gate + row0 * s->F, wk->h, rows * s->F * sizeof *wk->h);
    }
    dense_products(s, row0, rows, wk->h, s->aux_err + row0 * s->D, wk->gate);
}

void R(sae_entries_dense)(struct R(sae_step) *s, size_t worker, size_t row0,
                          size_t rows)
{
    struct R(sae_worker) *wk = &s->worker[worker];
    const size_t D = s->D, F = s->F;
    real *f = s->dense_val + row0 * F, *df = s->dense_grad + row0 * F;
    double *sums;
    real *cols = clear_sums(s, row0, &sums);
    for (size_t r = 0; r < rows; r++) {
        s->ops->entries->activate(s, F, NULL, wk->h + r * F, f + r * F);
    }
    dense_products(s, row0, rows, f, s->err + row0 * D, df);
    if (s->is_gated) {
        dense_gate(s, wk, row0, rows);
    }
    for (size_t r = 0; r < rows; r++) {
        struct R(sae_row) row = {.n = F,
                                 .pre = wk->h + r * F,
                                 .val = f + r * F,
                                 .grad = df + r * F,
                                 .gate_grad = s->is_gated ? wk->gate + r * F : NULL,
                                 .cols = cols};
        back(s, &row, sums);
    }
}

/* ---- gradients by latent ---- */

double R(sae_entry_sum)(const struct R(sae_step) *s, size_t which, size_t j)
{
    double sum = 0;
    for (size_t i = 0; i < s->row_blocks; i++) {
        sum += (double)s->cols[(i * entry_sums(s) + which) * s->F + j];
    }
    return sum;
}

/* Gradients of latents j0 .. j0 + n: dec += f^T err_scale err, enc = dh^T a. */
static void dense_latents(struct R(sae_step) *s, size_t j0, size_t n)
{
    const size_t D = s->D, F = s->F, B = s->B;
    real *enc = s->g->W_enc + j0 * D, *dec = s->g->W_dec + j0 * D;
    R(gemm)(TRANS, NO_TRANS, n, D, B, 1, s->dense_grad + j0, F, s->a, D, 0, enc, D);
    R(gemm)
    (TRANS, NO_TRANS, n, D, B, s->err_scale, s->dense_val + j0, F, s->err, D, 0, dec,
     D);
    if (s->dense_gate) {
        R(gemm)
        (TRANS, NO_TRANS, n, D, B, s->err_scale, s->dense_gate + j0, F, s->aux_err, D,
         1, dec, D);
    }
}

static void sparse_latents(struct R(sae_step) *s, size_t j0, size_t n)
{
    const size_t D = s->D;
    const struct R(sae_pairs) *p = &s->main;
    for (size_t j = j0; j < j0 + n; j++) {
        R(sae_sum_rows)(p, j, p->row_grad, s->a, D, 1, s->g->W_enc + j * D);
    }
    for (size_t j = j0; j < j0 + n; j++) {
        real *dec = s->g->W_dec + j * D;
        if (!p->row_pre) {
            R(sae_sum_rows)(p, j, p->row_val, s->err, D, s->err_scale, dec);
            continue;
        }
        R(sae_sum_rows)(p, j, p->row_val, s->err, D, 1, dec);
        R(sae_add_rows)(p, j, p->row_pre, s->aux_err, D, dec);
        R(vec_scale)(D, s->err_scale, dec);
    }
}

void R(sae_entries_latents)(struct R(sae_step) *s, size_t j0, size_t j1)
{
    const size_t D = s->D;
    for (size_t j = j0; j < j1; j++) {
        s->through[j] = (real)R(sae_entry_sum)(s, SAE_ENTRY_GRAD, j);
        s->fires[j] = (int32_t)R(sae_entry_sum)(s, SAE_ENTRY_FIRES, j);
        s->norm_grad[j] = 0;
        s->g->b_enc[j] = s->through[j];
    }
    if (s->is_dense) {
        dense_latents(s, j0, j1 - j0);
    } else {
        sparse_latents(s, j0, j1 - j0);
    }
    if (s->ops->entries->finish) {
        s->ops->entries->finish(s, j0, j1);
    }
    for (size_t j = j0; j < j1 && s->norm; j++) { /* d n_j / d W_dec is its direction */
        if (s->norm[j] > 0) {
            const real along = s->norm_grad[j] / s->norm[j];
            R(vec_axpy)(D, along, s->w->W_dec + j * D, s->g->W_dec + j * D);
        }
    }
}
