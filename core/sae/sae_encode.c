/* Inference: codes, reconstruction, and the threshold that gives a wanted sparsity. */
#include "base/mem.h"
#include "num/blas.h"
#include "num/topk.h"
#include "num/vec.h"
#include "sae/sae_arch.h"
#include "sae/sae_collect.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* ---- the encoder product over blocks of rows ---- */

/* Scratch of one worker. */
struct worker {
    float *a;    /* [block_rows, D] */
    float *h;    /* [block_rows, F] */
    int32_t *id; /* [F] */
    float *val;  /* [F] */
    float *rest; /* [F] what exceeds the latents' own thresholds */
    struct topk_guess_f32 guess;
};

/* Codes of one block of rows. */
struct block_codes {
    size_t n, cap;
    int32_t *id;
    float *val;
    enum err rc;
};

struct encode_job {
    const struct sae *s;
    const float *x;
    size_t B, block_rows, blocks, workers;
    struct worker *worker;       /* [workers] */
    struct block_codes *codes;   /* [blocks] */
    size_t *count;               /* [B] active latents of a row */
    float *undo;                 /* [B,2] of sae_normalise; NULL: scale alone */
    struct sae_collect_f32 *all; /* for calibration, instead of codes */
    float least_threshold;       /* that a threshold of 0 counts as there */
};

static void encode_deinit(struct encode_job *j)
{
    for (size_t i = 0; j->worker && i < j->workers; i++) {
        mem_free(j->worker[i].a);
        mem_free(j->worker[i].h);
        mem_free(j->worker[i].id);
        mem_free(j->worker[i].val);
        mem_free(j->worker[i].rest);
    }
    for (size_t i = 0; j->codes && i < j->blocks; i++) {
        mem_free(j->codes[i].id);
        mem_free(j->codes[i].val);
    }
    mem_free(j->worker);
    mem_free(j->codes);
    mem_free(j->count);
}

/* Call encode_deinit also after an error. */
static enum err encode_init(struct encode_job *j, const struct sae *s, const float *x,
                            size_t B, struct pool *pool, struct errinfo *e)
{
    static const char what[] = "a block of pre-activations";
    const size_t most = sae_block_rows(s->F), rows = B < most ? B : most;
    *j = (struct encode_job){.s = s, .x = x, .B = B, .block_rows = rows};
    j->blocks = rows > 0 ? (B + rows - 1) / rows : 0;
    j->workers = pool_threads(pool); /* any of them may take any block */
    TRY(mem_new(&j->codes, j->blocks, sizeof *j->codes, what, e));
    TRY(mem_new(&j->count, B, sizeof *j->count, what, e));
    TRY(mem_new(&j->worker, j->workers, sizeof *j->worker, what, e));
    for (size_t i = 0; i < j->workers; i++) {
        struct worker *w = &j->worker[i];
        TRY(mem_new(&w->a, rows * s->D, sizeof *w->a, what, e));
        TRY(mem_new(&w->h, rows * s->F, sizeof *w->h, what, e));
        TRY(mem_new(&w->id, s->F, sizeof *w->id, what, e));
        TRY(mem_new(&w->val, s->F, sizeof *w->val, what, e));
        TRY(mem_new(&w->rest, s->F, sizeof *w->rest, what, e));
    }
    return OK;
}

/* Computes the pre-activations of a block into w->h. */
static void product(const struct encode_job *j, struct worker *w, size_t row0,
                    size_t rows)
{
    const struct sae *s = j->s;
    if (s->norm != SAE_NORM_SCALE) {
        sae_normalise(s->norm, 1.0f, s->D, j->x + row0 * s->D, rows, w->a,
                      j->undo ? j->undo + 2 * row0 : NULL);
    }
    for (size_t r = 0; r < rows; r++) {
        const float *x = j->x + (row0 + r) * s->D;
        float *a = w->a + r * s->D;
        for (size_t d = 0; d < s->D; d++) {
            const float y = s->norm == SAE_NORM_SCALE ? s->scale * x[d] : a[d];
            a[d] = s->apply_b_dec ? y - s->b_dec[d] : y;
        }
        memcpy(w->h + r * s->F, s->b_enc, s->F * sizeof *w->h);
    }
    gemm_f32(NO_TRANS, TRANS, rows, s->F, s->D, 1.0f, w->a, s->D, s->W_enc, s->D, 1.0f,
             w->h, s->F);
}

/* Selects those above the latents' own thresholds, with their pre-activations. */
static size_t select_jump(const struct sae *s, struct worker *w, const float *h)
{
    for (size_t j = 0; j < s->F; j++) {
        w->rest[j] = h[j] > s->extra[j] ? h[j] : 0.0f;
    }
    return topk_above_f32(s->F, w->rest, 0.0f, w->id, w->val);
}

/* Selects those with an open gate and a positive magnitude; see sae_gated.c. */
static size_t select_gated(const struct sae *s, struct worker *w, const float *h)
{
    const float *r_mag = s->extra, *b_mag = s->extra + s->F;
    size_t open = topk_above_f32(s->F, h, 0.0f, w->id, w->val), n = 0;
    for (size_t i = 0; i < open; i++) {
        const size_t j = (size_t)w->id[i];
        const float mag = (w->val[i] - s->b_enc[j]) * expf(r_mag[j]) + b_mag[j];
        if (mag > 0.0f) {
            w->id[n] = (int32_t)j;
            w->val[n++] = mag;
        }
    }
    return n;
}

/* Selects from row r of pre-activations into w->id, w->val; returns how many. */
static size_t select_row(const struct sae *s, struct worker *w, size_t r)
{
    const float *h = w->h + r * s->F;
    switch (s->arch->infer) {
    case SAE_INFER_TOPK: {
        const float norm = (float)sqrt(vec_sumsq_f32(s->D, w->a + r * s->D));
        return topk_row_f32(s->F, h, (size_t)s->k, norm, &w->guess, w->id, w->val);
    }
    case SAE_INFER_THRESHOLD: {
        const float t = s->threshold > 0.0 ? (float)s->threshold : 0.0f;
        return topk_above_f32(s->F, h, t, w->id, w->val);
    }
    case SAE_INFER_JUMP: return select_jump(s, w, h);
    case SAE_INFER_GATED: return select_gated(s, w, h);
    case SAE_INFER_RELU: break;
    }
    return topk_above_f32(s->F, h, 0.0f, w->id, w->val);
}

/* Returns the numbers that calibration cuts: pre-activations h [F] of a row, for
 * JumpReLU in units of the thresholds. */
static const float *strengths(const struct encode_job *j, struct worker *w,
                              const float *h)
{
    const struct sae *s = j->s;
    if (s->arch->infer != SAE_INFER_JUMP) {
        return h;
    }
    for (size_t i = 0; i < s->F; i++) {
        const float times = h[i] / fmaxf(s->extra[i], j->least_threshold);
        w->rest[i] = fmaxf(fminf(times, FLT_MAX), 0.0f);
    }
    return w->rest;
}

/* Makes room for n more codes. */
static enum err grow_codes(struct block_codes *p, size_t n)
{
    size_t cap = p->cap;
    const size_t need = p->n + n;
    TRY(mem_grow(&p->id, &cap, need, sizeof *p->id, SIZE_MAX / 8, NULL));
    cap = p->cap;
    TRY(mem_grow(&p->val, &cap, need, sizeof *p->val, SIZE_MAX / 8, NULL));
    p->cap = cap;
    return OK;
}

static void encode_block(void *ctx, size_t block, size_t worker)
{
    struct encode_job *j = ctx;
    struct worker *w = &j->worker[worker];
    struct block_codes *p = &j->codes[block];
    const size_t F = j->s->F, row0 = block * j->block_rows;
    const size_t rows = j->B - row0 < j->block_rows ? j->B - row0 : j->block_rows;
    product(j, w, row0, rows);
    for (size_t r = 0; r < rows && p->rc == OK; r++) {
        if (j->all) {
            sae_collect_row_f32(j->all, worker, row0 + r,
                                strengths(j, w, w->h + r * F));
            continue;
        }
        const size_t n = select_row(j->s, w, r);
        assert(n <= F);
        p->rc = grow_codes(p, n);
        if (p->rc == OK && n > 0) {
            memcpy(p->id + p->n, w->id, n * sizeof *p->id);
            memcpy(p->val + p->n, w->val, n * sizeof *p->val);
            p->n += n;
            j->count[row0 + r] = n;
        }
    }
}

/* ---- codes ---- */

void sae_codes_raw(struct sae_codes *c, const struct sae *s)
{
    for (size_t i = 0; i < c->rows; i++) {
        const double unit = sae_codes_unit(c, s, i);
        for (size_t k = c->start[i]; k < c->start[i + 1]; k++) {
            c->val[k] = (float)((double)c->val[k] * unit);
        }
    }
    mem_free(c->undo);
    c->undo = NULL;
}

float sae_codes_at(const struct sae_codes *c, size_t row, int32_t latent)
{
    size_t lo = c->start[row], hi = c->start[row + 1];
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (c->id[mid] < latent) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < c->start[row + 1] && c->id[lo] == latent ? c->val[lo] : 0.0F;
}

void sae_codes_deinit(struct sae_codes *c)
{
    mem_free(c->start);
    mem_free(c->id);
    mem_free(c->val);
    mem_free(c->undo);
    *c = (struct sae_codes){0};
}

/* Makes room in `out` for B rows and n codes; out is empty on error, but may be
 * reused. */
static enum err codes_room(struct sae_codes *out, size_t B, size_t n, struct errinfo *e)
{
    if (!out->start || B > out->rows) {
        mem_free(out->start);
        out->start = NULL;
        out->rows = 0;
        TRY(mem_new(&out->start, B + 1, sizeof *out->start, "codes", e));
    }
    out->rows = B;
    if (!out->id || n > out->cap) {
        mem_free(out->id);
        mem_free(out->val);
        out->id = NULL;
        out->val = NULL;
        out->cap = 0;
        out->rows = 0;
        TRY(mem_new(&out->id, n, sizeof *out->id, "codes", e));
        TRY(mem_new(&out->val, n, sizeof *out->val, "codes", e));
        out->cap = n;
        out->rows = B;
    }
    return OK;
}

static enum err gather(const struct encode_job *j, struct sae_codes *out,
                       struct errinfo *e)
{
    size_t total = 0;
    for (size_t i = 0; i < j->blocks; i++) {
        if (j->codes[i].rc != OK) {
            return err_set(e, ERR_NOMEM, "out of memory for the codes of %zu rows",
                           j->B);
        }
        total += j->codes[i].n;
    }
    TRY(codes_room(out, j->B, total, e));
    size_t at = 0;
    for (size_t i = 0; i < j->blocks; i++) {
        if (j->codes[i].n == 0) {
            continue;
        }
        memcpy(out->id + at, j->codes[i].id, j->codes[i].n * sizeof *out->id);
        memcpy(out->val + at, j->codes[i].val, j->codes[i].n * sizeof *out->val);
        at += j->codes[i].n;
    }
    out->start[0] = 0;
    for (size_t b = 0; b < j->B; b++) {
        out->start[b + 1] = out->start[b] + j->count[b];
    }
    assert(out->start[j->B] == total && total <= out->cap);
    return OK;
}

enum err sae_encode(const struct sae *s, const float *x, size_t B, struct pool *pool,
                    struct sae_codes *out, struct errinfo *e)
{
    struct encode_job j;
    enum err rc = encode_init(&j, s, x, B, pool, e);
    if (rc == OK && s->norm != SAE_NORM_SCALE) {
        rc = mem_new(&j.undo, 2 * B, sizeof *j.undo, "codes", e);
    }
    if (rc == OK) {
        pool_run(pool, j.blocks, encode_block, &j);
        rc = gather(&j, out, e);
    }
    if (rc == OK) {
        mem_free(out->undo);
        out->undo = j.undo;
        j.undo = NULL;
    }
    mem_free(j.undo);
    encode_deinit(&j);
    return rc;
}

void sae_decode(const struct sae *s, const struct sae_codes *c, float *xhat)
{
    for (size_t b = 0; b < c->rows; b++) {
        float *row = xhat + b * s->D;
        const size_t at = c->start[b], n = c->start[b + 1] - at;
        memcpy(row, s->b_dec, s->D * sizeof *row);
        vec_rows_axpy_f32(n, c->id + at, c->val + at, s->W_dec, s->D, s->D, row);
        const float *undo = c->undo ? c->undo + 2 * b : NULL;
        for (size_t d = 0; d < s->D; d++) {
            row[d] = undo ? row[d] * undo[0] + undo[1] : row[d] / s->scale;
        }
    }
}

/* ---- calibration ---- */

/* Returns the least of the entries collected. */
static double least_kept(struct sae_collect_f32 *c)
{
    float cut;
    size_t ties;
    (void)sae_collect_cut_f32(c, &cut, &ties);
    float least = INFINITY;
    for (size_t i = 0; i < c->workers; i++) {
        for (size_t k = 0; k < c->list[i].n; k++) {
            const float v = c->list[i].val[k];
            if ((v > cut || (ties > 0 && v >= cut)) && v < least) {
                least = v;
            }
        }
    }
    return (double)least;
}

/* Returns the least threshold above 0; if there is none 1, so that all become equal. */
static float least_threshold(const struct sae *s)
{
    float least = FLT_MAX;
    for (size_t j = 0; j < s->F && s->arch->infer == SAE_INFER_JUMP; j++) {
        least = s->extra[j] > 0.0f ? fminf(s->extra[j], least) : least;
    }
    return least < FLT_MAX ? least : 1.0f;
}

/* Finds the cut above which exactly `want` entries of x lie, as measured by
 * strengths(); 0 if there are no more. */
static enum err find_cut(const struct sae *s, const float *x, size_t n, size_t want,
                         struct pool *pool, double *cut, struct errinfo *e)
{
    struct sae_collect_f32 all = {0};
    struct encode_job j = {0};
    enum err rc = sae_collect_init_f32(&all, want + 1, s->F, e);
    if (rc == OK) {
        rc = sae_collect_workers_f32(&all, pool_threads(pool), e);
    }
    if (rc == OK) {
        rc = encode_init(&j, s, x, n, pool, e);
    }
    if (rc == OK) {
        j.all = &all;
        j.least_threshold = least_threshold(s);
        sae_collect_begin_f32(&all);
        pool_run(pool, j.blocks, encode_block, &j);
        size_t found = 0;
        for (size_t i = 0; i < all.workers; i++) {
            found += all.list[i].n;
        }
        /* With the (want + 1)-th greatest as threshold, exactly `want` are above it. */
        *cut = found > want ? least_kept(&all) : 0.0;
    }
    encode_deinit(&j);
    sae_collect_deinit_f32(&all);
    return rc;
}

enum err sae_calibrate(struct sae *s, const float *x, size_t n, double target,
                       struct pool *pool, struct errinfo *e)
{
    const bool jumps = s->arch->infer == SAE_INFER_JUMP;
    double cut = 0.0;
    if (!jumps && s->arch->infer != SAE_INFER_THRESHOLD) {
        return err_set(e, ERR_USAGE, "%s has no threshold to set", s->arch->name);
    }
    if (n == 0 || !(target > 0.0) || target > (double)s->F) {
        return err_set(
            e, ERR_USAGE,
            "found a target L0 of %g on %zu rows, expected above 0 and at most "
            "%zu",
            target, n, s->F);
    }
    TRY(find_cut(s, x, n, (size_t)round(target * (double)n), pool, &cut, e));
    if (!jumps) {
        s->threshold = cut;
        return OK;
    }
    const float least = least_threshold(s);
    for (size_t j = 0; j < s->F; j++) {
        s->extra[j] = (float)(cut * (double)fmaxf(s->extra[j], least));
    }
    return OK;
}
