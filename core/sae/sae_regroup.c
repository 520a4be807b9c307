/* Sorts active pairs by latent, with a counting sort in two passes over the rows. Each
 * block of rows counts its own, and the counts of all tell where its pairs go: blocks
 * place theirs at the same time and rows stay in order. Compiled for float and
 * double. */
#include "sae/sae_step.h"

#include <string.h>

/* Shared by the blocks of one call. */
struct R(regroup) {
    struct R(sae_step) *s;
    struct R(sae_pairs) *p;
    real scale;
};

static size_t rows_end(const struct R(sae_step) *s, size_t row0)
{
    return s->B - row0 < s->block_rows ? s->B : row0 + s->block_rows;
}

static void count_block(void *ctx, size_t block, size_t worker)
{
    const struct R(regroup) *job = ctx;
    struct R(sae_step) *s = job->s;
    struct sae_watch watch = R(sae_step_watch)(s, worker);
    const struct R(sae_pairs) *p = job->p;
    const size_t row0 = block * s->block_rows, end = rows_end(s, row0);
    size_t *count = s->place + block * s->F;
    memset(count, 0, s->F * sizeof *count);
    for (size_t b = row0; b < end; b++) {
        const int32_t *id = p->id + p->first[b];
        for (size_t i = 0; i < p->n[b]; i++) {
            count[id[i]]++;
        }
    }
    sae_watch_mark(&watch, SAE_REGROUP);
}

/* Turns counts into places: latents one after the other, the blocks in order within
 * each. */
static void sum_counts(struct R(sae_step) *s, struct R(sae_pairs) *p)
{
    const size_t F = s->F;
    size_t at = 0;
    for (size_t j = 0; j < F; j++) {
        p->start[j] = at;
        for (size_t i = 0; i < s->row_blocks; i++) {
            const size_t n = s->place[i * F + j];
            s->place[i * F + j] = at;
            at += n;
        }
    }
    p->start[F] = at;
}

static void place_block(void *ctx, size_t block, size_t worker)
{
    const struct R(regroup) *job = ctx;
    struct R(sae_step) *s = job->s;
    struct sae_watch watch = R(sae_step_watch)(s, worker);
    const struct R(sae_pairs) *p = job->p;
    const size_t row0 = block * s->block_rows, end = rows_end(s, row0);
    size_t *place = s->place + block * s->F;
    const int32_t *id = p->id;
    const real *val = p->val, *grad = p->grad, scale = job->scale;
    int32_t *row = p->row;
    real *row_val = p->row_val, *row_grad = p->row_grad;
    for (size_t b = row0; b < end; b++) {
        const size_t first = p->first[b], last = first + p->n[b];
        for (size_t i = first; i < last; i++) {
            const size_t soon = place[id[i + 6 < last ? i + 6 : i]];
            __builtin_prefetch(row + soon, 1);
            __builtin_prefetch(row_val + soon, 1);
            __builtin_prefetch(row_grad + soon, 1);
            const size_t to = place[id[i]]++;
            row[to] = (int32_t)b;
            row_val[to] = val[i];
            row_grad[to] = grad[i] * scale;
            if (p->row_pre) {
                p->row_pre[to] = p->pre[i];
            }
        }
    }
    sae_watch_mark(&watch, SAE_REGROUP);
}

void R(sae_regroup)(struct R(sae_step) *s, struct R(sae_pairs) *p, real scale,
                    struct pool *pool)
{
    struct R(regroup) job = {.s = s, .p = p, .scale = scale};
    pool_run(pool, s->row_blocks, count_block, &job);
    struct sae_watch watch = R(sae_step_watch)(s, 0);
    sum_counts(s, p);
    sae_watch_mark(&watch, SAE_REGROUP);
    pool_run(pool, s->row_blocks, place_block, &job);
}
