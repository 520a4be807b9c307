#include "sae/sae_step.h"

#include "base/mem.h"
#include "num/product.h"
#include "num/vec.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* The share of entries above which dense products are faster. */
#define SAE_DENSE_ABOVE 0.2

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

static enum err pairs_new(struct R(sae_pairs) *p, size_t B, size_t F, size_t cap,
                          bool is_lent, struct errinfo *e)
{
    static const char what[] = "active latents of a batch";
    p->cap = cap;
    TRY(mem_new(&p->first, B, sizeof *p->first, what, e));
    TRY(mem_new(&p->n, B, sizeof *p->n, what, e));
    TRY(mem_new(&p->start, F + 1, sizeof *p->start, what, e));
    if (is_lent) { /* the arrays are parts of another arena */
        return OK;
    }
    TRY(mem_new(&p->id, cap, sizeof *p->id, what, e));
    TRY(mem_new(&p->val, cap, sizeof *p->val, what, e));
    TRY(mem_new(&p->grad, cap, sizeof *p->grad, what, e));
    TRY(mem_new(&p->row, cap, sizeof *p->row, what, e));
    TRY(mem_new(&p->row_val, cap, sizeof *p->row_val, what, e));
    return mem_new(&p->row_grad, cap, sizeof *p->row_grad, what, e);
}

static void pairs_deinit(struct R(sae_pairs) *p, bool is_lent)
{
    mem_free(p->first);
    mem_free(p->n);
    mem_free(p->start);
    if (is_lent) {
        return;
    }
    mem_free(p->id);
    mem_free(p->val);
    mem_free(p->grad);
    mem_free(p->row);
    mem_free(p->row_val);
    mem_free(p->row_grad);
}

/* Returns the rows of a block to encode and select from at a time. With narrow rows
 * few: their pre-activations stay in cache with W_enc, and the selection reads what was
 * just written; with wide rows reading W_enc again costs more. 42 is three times the
 * product's rows, and a sixth of a block. Entries are listed by block. */
static size_t slice_rows(const struct R(sae_step) *s)
{
    if (s->ops->entries || R(product_packed)(s->D, s->F) == 0 || s->D > 256) {
        return s->block_rows;
    }
    return 42;
}

static enum err arrays_new(struct R(sae_step) *s, struct errinfo *e)
{
    static const char what[] = "a step of an SAE";
    const size_t D = s->D, B = s->B, F = s->F;
    const bool entries = s->ops->entries != NULL;
    const size_t packed = R(product_packed)(D, F);
    if (packed > 0) {
        TRY(mem_new(&s->encoder.packed, packed, sizeof *s->encoder.packed, what, e));
    }
    TRY(R(sae_above_init)(s, e));
    TRY(mem_new(&s->a, B * D, sizeof *s->a, what, e));
    TRY(mem_new(&s->scale, B, sizeof *s->scale, what, e));
    TRY(mem_new(&s->err, B * D, sizeof *s->err, what, e));
    const size_t left = s->is_gated ? 1 : s->aux_k > 0 ? sae_aux_targets(&s->hyper) : 0;
    TRY(mem_new(&s->aux_err, left * B * D, sizeof *s->aux_err, what, e));
    TRY(mem_new(&s->suffix, s->hyper.groups * B * D, sizeof *s->suffix, what, e));
    TRY(mem_new(&s->mean_err, D, sizeof *s->mean_err, what, e));
    TRY(mem_new(&s->block_cols, s->row_blocks * SAE_COLS * D, sizeof *s->block_cols,
                what, e));
    TRY(mem_new(&s->block_sums, s->row_blocks * SAE_SUMS, sizeof *s->block_sums, what,
                e));
    TRY(mem_new(&s->latent_cols, s->latent_blocks * D, sizeof *s->latent_cols, what,
                e));
    TRY(mem_new(&s->latent_sums, s->latent_blocks, sizeof *s->latent_sums, what, e));
    TRY(mem_new(&s->place, s->row_blocks * F, sizeof *s->place, what, e));
    TRY(mem_new(&s->through, F, sizeof *s->through, what, e));
    TRY(mem_new(&s->norm_grad, F, sizeof *s->norm_grad, what, e));
    TRY(mem_new(&s->fires, F, sizeof *s->fires, what, e));
    if (s->hyper.decoder == SAE_DECODER_FREE) {
        TRY(mem_new(&s->norm, F, sizeof *s->norm, what, e));
    }
    const size_t active = entries ? 0 : sae_active_at_most(s->arch, s->hyper.k, B);
    TRY(pairs_new(&s->main, B, F, active, entries, e));
    TRY(pairs_new(&s->aux, B, F, B * s->aux_room, false, e));
    if (entries) {
        TRY(R(sae_entries_new)(s, e));
    }
    return s->arch->collects_batch ? R(sae_collect_init)(&s->collect, active, F, e)
                                   : OK;
}

/* Whether every product of sizes in arrays_new is far from overflow. */
static bool sizes_fit(size_t D, size_t F, double k, size_t B)
{
    size_t t;
    return B <= INT32_MAX && mem_mul(B, 64 * (D + (size_t)ceil(k)), &t) &&
           mem_mul(F, 64 * D, &t);
}

static bool hyper_fits(const struct sae_arch *arch, size_t F, const struct sae_hyper *h)
{
    if ((arch->has & SAE_HAS_K) != 0 && !sae_k_fits(arch, h->k, F)) {
        return false;
    }
    if ((arch->has & SAE_HAS_GROUPS) == 0) {
        return h->groups == 0;
    }
    size_t last = 0;
    for (size_t i = 0; i < h->groups && i < SAE_GROUPS_MAX; i++) {
        if (h->width[i] <= last) {
            return false;
        }
        last = h->width[i];
    }
    return h->groups >= 1 && h->groups <= SAE_GROUPS_MAX && last == F;
}

static void step_init(struct R(sae_step) *s, const struct sae_arch *arch, size_t D,
                      size_t F, const struct sae_hyper *h, size_t B)
{
    s->arch = arch;
    s->ops = R(sae_ops_of)(arch);
    s->hyper = *h;
    s->D = D;
    s->F = F;
    s->encoder = (struct R(product_weights)){.D = D, .F = F};
    s->k = (arch->has & SAE_HAS_K) != 0 && !arch->collects_batch ? (size_t)h->k : 0;
    s->B = B;
    s->aux_k = (arch->has & SAE_HAS_AUXK) == 0 ? 0 : h->aux_k < F ? h->aux_k : F;
    s->aux_room = sae_aux_targets(h) * s->aux_k;
    s->aux_room = s->aux_room < F ? s->aux_room : F;
    s->is_gated = (arch->has & SAE_HAS_GATE) != 0;
    s->gate_trains = s->is_gated && !h->gated_detach;
    s->block_rows = sae_block_rows(F);
    s->slice_rows = slice_rows(s);
    s->row_blocks = (B + s->block_rows - 1) / s->block_rows;
    s->latent_blocks = (F + SAE_LATENT_BLOCK - 1) / SAE_LATENT_BLOCK;
    s->density = 1; /* nothing is known yet: densely */
}

enum err R(sae_step_new)(const struct sae_arch *arch, size_t D, size_t F,
                         const struct sae_hyper *h, size_t B, struct R(sae_step) **out,
                         struct errinfo *e)
{
    size_t count;
    TRY(sae_param_count(arch, D, F, &count, e));
    if (!hyper_fits(arch, F, h) || B < 1 || !sizes_fit(D, F, h->k, B)) {
        return err_set(e, ERR_LIMIT,
                       "k is %g, the batch %zu, the groups %zu, expected k from 1 to "
                       "%zu and rising widths up to it",
                       h->k, B, h->groups, F);
    }
    struct R(sae_step) *s;
    TRY(mem_new(&s, 1, sizeof *s, "a step of an SAE", e));
    step_init(s, arch, D, F, h, B);
    const enum err rc = arrays_new(s, e);
    if (rc != OK) {
        R(sae_step_free)(s);
        return rc;
    }
    *out = s;
    return OK;
}

static void worker_deinit(struct R(sae_worker) *w)
{
    mem_free(w->h);
    mem_free(w->rows);
    mem_free(w->above);
    mem_free(w->found.n);
    mem_free(w->found.id);
    mem_free(w->found.val);
    mem_free(w->gate);
    mem_free(w->id);
    mem_free(w->val);
    mem_free(w->gathered);
}

void R(sae_step_free)(struct R(sae_step) *s)
{
    if (!s) {
        return;
    }
    mem_free(s->encoder.packed);
    R(sae_above_deinit)(s);
    mem_free(s->place);
    mem_free(s->a);
    mem_free(s->scale);
    mem_free(s->err);
    mem_free(s->aux_err);
    mem_free(s->suffix);
    mem_free(s->mean_err);
    mem_free(s->block_cols);
    mem_free(s->block_sums);
    mem_free(s->latent_cols);
    mem_free(s->latent_sums);
    mem_free(s->norm);
    mem_free(s->norm_grad);
    mem_free(s->through);
    mem_free(s->fires);
    mem_free(s->cols);
    mem_free(s->vector);
    mem_free(s->arena);
    pairs_deinit(&s->main, s->ops->entries != NULL);
    pairs_deinit(&s->aux, false);
    R(sae_collect_deinit)(&s->collect);
    for (size_t i = 0; i < s->workers; i++) {
        worker_deinit(&s->worker[i]);
    }
    mem_free(s->worker);
    mem_free(s);
}

/* Lists of ids and of values are written side by side. Where F is a power of two they
 * would be at almost the same place in a page, and the CPU would confuse stores to one
 * with stores to the other: a third more time for the selection. */
#define APART 128

static enum err worker_init(struct R(sae_worker) *w, const struct R(sae_step) *s,
                            struct errinfo *e)
{
    static const char what[] = "a block of pre-activations";
    const size_t rows = s->slice_rows, F = s->F;
    TRY(mem_new(&w->h, rows * F, sizeof *w->h, what, e));
    TRY(R(sae_above_new)(w, s, e));
    TRY(mem_new(&w->gate, s->is_gated ? rows * F : 0, sizeof *w->gate, what, e));
    TRY(mem_new(&w->id, F + APART, sizeof *w->id, what, e));
    TRY(mem_new(&w->val, F, sizeof *w->val, what, e));
    return mem_new(&w->gathered, 2 * F, sizeof *w->gathered, what, e);
}

static enum err ensure_workers(struct R(sae_step) *s, size_t want, struct errinfo *e)
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
        const enum err rc = worker_init(w, s, e);
        if (rc != OK) {
            worker_deinit(w);
            *w = (struct R(sae_worker)){0};
            return rc;
        }
        s->workers++;
    }
    return OK;
}

/* ---- times ---- */

struct sae_watch R(sae_step_watch)(struct R(sae_step) *s, size_t worker)
{
    return sae_watch_begin(s->timed ? &s->worker[worker].times : NULL);
}

void R(sae_step_times)(struct R(sae_step) *s, struct sae_times *to)
{
    for (size_t i = 0; i < s->workers; i++) {
        for (size_t p = 0; p < SAE_PHASES; p++) {
            to->ns[p] += s->worker[i].times.ns[p];
        }
        s->worker[i].times = (struct sae_times){{0}};
    }
}

/* ---- encode and select ---- */

static size_t rows_of(const struct R(sae_step) *s, size_t row0)
{
    return s->B - row0 < s->block_rows ? s->B - row0 : s->block_rows;
}

static void pack_block(void *ctx, size_t block, size_t worker)
{
    struct R(sae_step) *s = ctx;
    struct sae_watch watch = R(sae_step_watch)(s, worker);
    const size_t j0 = block * SAE_LATENT_BLOCK;
    const size_t j1 = s->F - j0 < SAE_LATENT_BLOCK ? s->F : j0 + SAE_LATENT_BLOCK;
    R(product_pack)(&s->encoder, j0, j1);
    sae_watch_mark(&watch, SAE_ENCODE);
}

/* a = x - b_dec for a block of rows, and its sums. */
static void centre_rows(struct R(sae_step) *s, size_t block)
{
    const size_t D = s->D, row0 = block * s->block_rows, rows = rows_of(s, row0);
    real *cols = s->block_cols + (block * SAE_COLS + SAE_COL_A) * D;
    memset(cols, 0, D * sizeof *cols);
    for (size_t r = 0; r < rows; r++) {
        const real *x = s->x + (row0 + r) * D;
        real *a = s->a + (row0 + r) * D;
        memcpy(a, x, D * sizeof *a);
        if (s->hyper.apply_b_dec) {
            R(vec_axpy)(D, -1, s->w->b_dec, a);
        }
        R(vec_add)(D, cols, a, cols);
        s->scale[row0 + r] = (real)sqrt(R(vec_sumsq)(D, a));
    }
    s->block_sums[block * SAE_SUMS + SAE_SUM_A] =
        R(vec_sumsq)(rows * D, s->a + row0 * D);
}

/* h = a W_enc^T + b_enc for rows from row0 on. */
static void encode_rows(struct R(sae_step) *s, struct R(sae_worker) *wk, size_t row0,
                        size_t rows)
{
    R(product_rows)(rows, s->a + row0 * s->D, &s->encoder, wk->rows, wk->h);
}

/* Encodes a block of rows and selects from it. */
static void encode_block(void *ctx, size_t block, size_t worker)
{
    struct R(sae_step) *s = ctx;
    struct R(sae_worker) *wk = &s->worker[worker];
    const size_t row0 = block * s->block_rows, rows = rows_of(s, row0);
    struct sae_watch watch = R(sae_step_watch)(s, worker);
    centre_rows(s, block);
    sae_watch_mark(&watch, SAE_ENCODE);
    if (R(sae_encode_above)(s, worker, row0, rows)) {
        return;
    }
    for (size_t r = 0; r < rows; r += s->slice_rows) {
        const size_t n = rows - r < s->slice_rows ? rows - r : s->slice_rows;
        encode_rows(s, wk, row0 + r, n);
        sae_watch_mark(&watch, SAE_ENCODE);
        s->ops->scan(s, worker, row0 + r, n, wk->h);
        for (size_t i = 0; i < n && s->n_dead > 0; i++) {
            R(sae_aux_select)(s, wk, row0 + r + i, wk->h + i * s->F, s->dead);
        }
        sae_watch_mark(&watch, SAE_SELECT);
    }
}

const real *R(sae_scaled_row)(struct R(sae_step) *s, size_t worker, const real *h)
{
    if (!s->norm) {
        return h;
    }
    real *scaled = s->worker[worker].gathered;
    for (size_t j = 0; j < s->F; j++) {
        scaled[j] = h[j] * s->norm[j];
    }
    return scaled;
}

void R(sae_unscale_pairs)(struct R(sae_step) *s, size_t row0, size_t rows)
{
    const struct R(sae_pairs) *p = &s->main;
    for (size_t b = row0; b < row0 + rows && s->norm; b++) {
        for (size_t i = p->first[b]; i < p->first[b] + p->n[b]; i++) {
            p->val[i] /= s->norm[p->id[i]];
        }
    }
}

/* ---- decode and compare ---- */

void R(sae_err_begin)(const struct R(sae_step) *s, size_t row, real *y)
{
    const real *x = s->x + row * s->D;
    for (size_t d = 0; d < s->D; d++) {
        y[d] = s->w->b_dec[d] - x[d];
    }
}

void R(sae_decode_rows)(struct R(sae_step) *s, size_t worker, size_t row0, size_t rows)
{
    (void)worker;
    const size_t D = s->D;
    const struct R(sae_pairs) *p = &s->main;
    for (size_t b = row0; b < row0 + rows; b++) {
        real *err = s->err + b * D;
        const size_t at = p->first[b], n = p->n[b];
        assert(n <= s->F && at + n <= p->cap);
        R(sae_err_begin)(s, b, err);
        R(vec_rows_axpy)(n, p->id + at, p->val + at, s->w->W_dec, D, D, err);
        R(vec_rows_dot)(n, p->id + at, s->w->W_dec, D, D, err, p->grad + at);
    }
}

static void sum_columns(const struct R(sae_step) *s, size_t rows, const real *x,
                        real *cols)
{
    memset(cols, 0, s->D * sizeof *cols);
    for (size_t r = 0; r < rows; r++) {
        R(vec_add)(s->D, cols, x + r * s->D, cols);
    }
}

/* Sums the errors over a block of decoded rows. */
static void sum_errors(struct R(sae_step) *s, size_t block, size_t row0, size_t rows)
{
    const size_t D = s->D;
    real *cols = s->block_cols + block * SAE_COLS * D;
    double *sums = s->block_sums + block * SAE_SUMS;
    sum_columns(s, rows, s->err + row0 * D, cols + SAE_COL_ERR * D);
    sums[SAE_SUM_ERR] = R(vec_sumsq)(rows * D, s->err + row0 * D);
    if (s->hyper.groups > 0) { /* all prefixes pull at b_dec */
        sum_columns(s, rows, s->suffix + row0 * D, cols + SAE_COL_OUT * D);
    }
    if (s->is_gated) {
        sum_columns(s, rows, s->aux_err + row0 * D, cols + SAE_COL_OUT * D);
        sums[SAE_SUM_AUX] = R(vec_sumsq)(rows * D, s->aux_err + row0 * D);
    }
}

static void decode_block(void *ctx, size_t block, size_t worker)
{
    struct R(sae_step) *s = ctx;
    const size_t row0 = block * s->block_rows, rows = rows_of(s, row0);
    struct sae_watch watch = R(sae_step_watch)(s, worker);
    s->ops->decode(s, worker, row0, rows);
    sum_errors(s, block, row0, rows);
    sae_watch_mark(&watch, SAE_DECODE);
}

/* Encodes and decodes a block in one go, where nothing depends on other rows. */
static void dense_block(void *ctx, size_t block, size_t worker)
{
    struct R(sae_step) *s = ctx;
    const size_t row0 = block * s->block_rows, rows = rows_of(s, row0);
    struct sae_watch watch = R(sae_step_watch)(s, worker);
    centre_rows(s, block);
    encode_rows(s, &s->worker[worker], row0, rows);
    sae_watch_mark(&watch, SAE_ENCODE);
    R(sae_entries_dense)(s, worker, row0, rows);
    sum_errors(s, block, row0, rows);
    sae_watch_mark(&watch, SAE_DECODE);
}

double R(sae_total)(const struct R(sae_step) *s, enum sae_sum which)
{
    double sum = 0;
    for (size_t i = 0; i < s->row_blocks; i++) {
        sum += s->block_sums[i * SAE_SUMS + which];
    }
    return sum;
}

double R(sae_total_col)(const struct R(sae_step) *s, enum sae_col which, size_t d)
{
    double sum = 0;
    for (size_t i = 0; i < s->row_blocks; i++) {
        sum += (double)s->block_cols[(i * SAE_COLS + which) * s->D + d];
    }
    return sum;
}

/* ---- gradients ---- */

void R(sae_add_rows)(const struct R(sae_pairs) *p, size_t j, const real *weight,
                     const real *x, size_t D, real *y)
{
    const size_t at = p->start[j], n = p->start[j + 1] - at;
    R(vec_rows_axpy)(n, p->row + at, weight + at, x, D, D, y);
}

void R(sae_sum_rows)(const struct R(sae_pairs) *p, size_t j, const real *weight,
                     const real *x, size_t D, real scale, real *y)
{
    const size_t at = p->start[j], n = p->start[j + 1] - at;
    R(vec_rows_sum)(n, p->row + at, weight + at, x, D, D, scale, y);
}

static real sum_grad(const struct R(sae_pairs) *p, size_t j)
{
    real sum = 0;
    for (size_t i = p->start[j]; i < p->start[j + 1]; i++) {
        sum += p->row_grad[i];
    }
    return sum;
}

static size_t group_of(const struct R(sae_step) *s, size_t j)
{
    size_t g = 0;
    while (j >= s->width[g]) {
        g++;
        assert(g < s->hyper.groups); /* the last prefix is all of them */
    }
    return g;
}

/* Returns the errors that latent j is responsible for: of its own prefix and of all
 * wider ones. */
static const real *errors_of(const struct R(sae_step) *s, size_t j)
{
    return s->hyper.groups == 0 ? s->err : s->suffix + group_of(s, j) * s->B * s->D;
}

/* Likewise, what AuxK leaves of the error that it learns. */
static const real *aux_errors_of(const struct R(sae_step) *s, size_t j)
{
    const bool whole = sae_aux_targets(&s->hyper) == 1;
    return whole ? s->aux_err : s->aux_err + group_of(s, j) * s->B * s->D;
}

void R(sae_latent_grads)(struct R(sae_step) *s, size_t j0, size_t j1)
{
    const size_t D = s->D;
    const bool aux = s->n_dead > 0 && s->aux_scale > 0;
    /* One matrix after the other: `a` alone stays in the CPU's caches, `a` and `err`
     * together may not. */
    for (size_t j = j0; j < j1; j++) {
        real *enc = s->g->W_enc + j * D;
        s->through[j] = sum_grad(&s->main, j);
        s->fires[j] = (int32_t)(s->main.start[j + 1] - s->main.start[j]);
        R(sae_sum_rows)(&s->main, j, s->main.row_grad, s->a, D, 1, enc);
        if (aux) {
            s->through[j] += sum_grad(&s->aux, j);
            R(sae_add_rows)(&s->aux, j, s->aux.row_grad, s->a, D, enc);
        }
        s->g->b_enc[j] = s->through[j];
    }
    for (size_t j = j0; j < j1; j++) {
        real *dec = s->g->W_dec + j * D;
        if (!aux) {
            R(sae_sum_rows)
            (&s->main, j, s->main.row_val, errors_of(s, j), D, s->err_scale, dec);
            continue;
        }
        const real scale = s->aux_scale / s->err_scale;
        R(sae_sum_rows)(&s->aux, j, s->aux.row_val, aux_errors_of(s, j), D, scale, dec);
        R(sae_add_rows)(&s->main, j, s->main.row_val, errors_of(s, j), D, dec);
        R(vec_scale)(D, s->err_scale, dec);
    }
}

static void latent_block(void *ctx, size_t block, size_t worker)
{
    struct R(sae_step) *s = ctx;
    struct sae_watch watch = R(sae_step_watch)(s, worker);
    const size_t D = s->D, j0 = block * SAE_LATENT_BLOCK;
    const size_t j1 = s->F - j0 < SAE_LATENT_BLOCK ? s->F : j0 + SAE_LATENT_BLOCK;
    s->ops->latents(s, j0, j1);
    /* Through x - b_dec: minus the gradients at the pre-activations, times W_enc. */
    real *cols = s->latent_cols + block * D;
    memset(cols, 0, D * sizeof *cols);
    for (size_t j = j0; j < j1 && s->hyper.apply_b_dec; j++) {
        R(vec_axpy)(D, s->through[j], s->w->W_enc + j * D, cols);
    }
    sae_watch_mark(&watch, SAE_GRADIENTS);
    if (s->projected) {
        R(sae_project_latents)(s, s->w, s->g, block, j0, j1);
        sae_watch_mark(&watch, SAE_UPDATE);
    }
}

static void b_dec_grad(struct R(sae_step) *s)
{
    const bool prefixes = s->hyper.groups > 0;
    for (size_t d = 0; d < s->D; d++) {
        double sum = R(sae_total_col)(s, prefixes ? SAE_COL_OUT : SAE_COL_ERR, d);
        if (s->gate_trains) {
            sum += R(sae_total_col)(s, SAE_COL_OUT, d);
        }
        sum *= (double)s->err_scale;
        for (size_t i = 0; i < s->latent_blocks; i++) {
            sum -= (double)s->latent_cols[i * s->D + d];
        }
        s->g->b_dec[d] = (real)sum;
    }
}

/* ---- the step ---- */

/* Measures the selected activations: returns how many; *least: the least (times the
 * norm of its decoder row, as it was compared). */
static size_t measure_pairs(const struct R(sae_step) *s, double *least)
{
    const struct R(sae_pairs) *p = &s->main;
    size_t active = 0;
    real min = 0;
    for (size_t b = 0; b < s->B; b++) {
        for (size_t i = p->first[b]; i < p->first[b] + p->n[b]; i++) {
            const real v = s->norm ? p->val[i] * s->norm[p->id[i]] : p->val[i];
            min = active == 0 || v < min ? v : min;
            active++;
        }
    }
    *least = (double)min;
    return active;
}

static void measure_entries(struct R(sae_step) *s, struct sae_loss *out)
{
    const double B = (double)s->B;
    const struct R(sae_entries) *entries = s->ops->entries;
    out->penalty = R(sae_total)(s, SAE_SUM_PENALTY) / B;
    out->next_penalty = R(sae_total)(s, SAE_SUM_NEXT) / B;
    out->l0 = R(sae_total)(s, SAE_SUM_ACTIVE) / B;
    out->sparsity =
        entries->sparsity ? entries->sparsity(s, out) : s->now.coef * out->penalty;
    out->loss += out->sparsity;
    if (s->is_gated) {
        out->aux = R(sae_total)(s, SAE_SUM_AUX) / B;
        out->loss += out->aux;
    }
}

static void measure(struct R(sae_step) *s, struct sae_loss *out)
{
    const double B = (double)s->B;
    double spread = R(sae_total)(s, SAE_SUM_A); /* sum ||a - mean a||^2 */
    for (size_t d = 0; d < s->D; d++) {
        const double col = R(sae_total_col)(s, SAE_COL_A, d);
        spread -= col * col / B;
    }
    const double err = R(sae_total)(s, SAE_SUM_ERR);
    *out = (struct sae_loss){.mse = err / B};
    out->explained_variance = spread > 0 ? 1 - err / spread : 0;
    out->loss = s->hyper.groups > 0 ? R(sae_total)(s, SAE_SUM_PREFIX) / B : out->mse;
    if (s->ops->entries) {
        measure_entries(s, out);
    } else {
        out->l0 = (double)measure_pairs(s, &out->least) / B;
    }
}

static void norm_block(void *ctx, size_t block, size_t worker)
{
    (void)worker;
    struct R(sae_step) *s = ctx;
    const size_t D = s->D, j0 = block * SAE_LATENT_BLOCK;
    const size_t j1 = s->F - j0 < SAE_LATENT_BLOCK ? s->F : j0 + SAE_LATENT_BLOCK;
    for (size_t j = j0; j < j1; j++) {
        s->norm[j] = (real)sqrt(R(vec_sumsq)(D, s->w->W_dec + j * D));
    }
}

/* Encodes, selects and decodes all rows. */
static void forward(struct R(sae_step) *s, struct pool *pool)
{
    bool done = false;
    if (s->norm) {
        pool_run(pool, s->latent_blocks, norm_block, s);
    }
    if (s->encoder.packed) {
        R(sae_above_begin)(s);
        pool_run(pool, s->latent_blocks, pack_block, s);
    }
    while (!done) {
        if (s->ops->begin) {
            s->ops->begin(s);
        }
        pool_run(pool, s->row_blocks, s->is_dense ? dense_block : encode_block, s);
        struct sae_watch watch = R(sae_step_watch)(s, 0);
        done = !s->ops->settle || s->ops->settle(s);
        sae_watch_mark(&watch, SAE_SELECT);
    }
    if (!s->is_dense) {
        pool_run(pool, s->row_blocks, decode_block, s);
    }
}

static void batch_begin(struct R(sae_step) *s, const struct R(sae_params) *w,
                        const real *x, const struct sae_now *now,
                        struct R(sae_params) *g)
{
    s->w = w;
    s->encoder.W = w->W_enc;
    s->encoder.b = w->b_enc;
    s->g = g;
    s->x = x;
    s->now = *now;
    s->dead = now->dead;
    s->n_dead = now->aux_coef > 0 && s->aux_k > 0 ? now->n_dead : 0;
    s->width = now->width ? now->width : s->hyper.width;
    s->err_scale = (real)(2.0 / (double)s->B);
    s->is_dense = s->ops->entries && s->path != SAE_PATH_SPARSE &&
                  (s->path == SAE_PATH_DENSE || s->density > SAE_DENSE_ABOVE);
    if (s->arch->extra > 0) {
        memset(g->extra, 0, s->arch->extra * s->F * sizeof *g->extra);
    }
}

enum err R(sae_step_grad)(struct R(sae_step) *s, const struct R(sae_params) *w,
                          const real *x, const struct sae_now *now, struct pool *pool,
                          struct R(sae_params) *g, struct sae_loss *out,
                          struct errinfo *e)
{
    assert(w->D == s->D && w->F == s->F && g->D == s->D && g->F == s->F);
    assert(w->arena != g->arena && now->n_dead <= s->F);
    TRY(ensure_workers(s, pool_threads(pool), e));
    batch_begin(s, w, x, now, g);
    forward(s, pool);
    struct sae_watch watch = R(sae_step_watch)(s, 0);
    measure(s, out);
    sae_watch_mark(&watch, SAE_DECODE);
    if (!s->is_dense) {
        R(sae_regroup)(s, &s->main, s->ops->entries ? 1 : s->err_scale, pool);
    }
    if (s->n_dead > 0) {
        out->aux = R(sae_aux_run)(s, now->aux_coef, pool);
        out->loss += now->aux_coef * out->aux;
        R(sae_regroup)(s, &s->aux, s->aux_scale, pool);
    }
    const bool late = s->ops->entries && s->ops->entries->late;
    s->projected = s->projects && !late;
    pool_run(pool, s->latent_blocks, latent_block, s);
    if (late) {
        out->loss += s->ops->entries->late(s, &out->aux);
    }
    b_dec_grad(s);
    return OK;
}
