/* From gradients to the next weights, in dictionary_learning's order: projection,
 * global clip, Adam, unit decoder rows. */
#include "base/mem.h"
#include "num/kern.h"
#include "num/vec.h"
#include "sae/sae_step.h"

#include <math.h>
#include <string.h>

/* Shared by the blocks of one call. */
struct R(update) {
    struct R(sae_step) *s;
    const struct R(sae_params) *w;
    struct R(sae_params) *g;
    const struct adam *adam;
    struct R(sae_params) *w_out, *m, *v;
};

static size_t block_end(size_t F, size_t j0)
{
    return F - j0 < SAE_LATENT_BLOCK ? F : j0 + SAE_LATENT_BLOCK;
}

/* Whether decoder rows are left unchanged. */
static bool is_frozen(const struct R(sae_step) *s)
{
    return s->hyper.decoder == SAE_DECODER_RANDOM;
}

static double extra_sumsq(const struct R(sae_step) *s, const struct R(sae_params) *g,
                          size_t j0, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < s->arch->extra; i++) {
        sum += R(vec_sumsq)(n, g->extra + i * s->F + j0);
    }
    return sum;
}

void R(sae_project_latents)(struct R(sae_step) *s, const struct R(sae_params) *w,
                            struct R(sae_params) *g, size_t block, size_t j0, size_t j1)
{
    const size_t D = s->D;
    if (is_frozen(s)) { /* nor does it count in the norm that is clipped */
        memset(g->W_dec + j0 * D, 0, (j1 - j0) * D * sizeof *g->W_dec);
    }
    for (size_t j = j0; j < j1 && !is_frozen(s); j++) {
        const real *row = w->W_dec + j * D;
        real *grad = g->W_dec + j * D;
        const double norm2 = s->norm ? 0 : R(vec_sumsq)(D, row);
        if (norm2 > 0) {
            const double along = (double)R(vec_dot)(D, row, grad) / norm2;
            R(vec_axpy)(D, (real)-along, row, grad);
        }
    }
    s->latent_sums[block] = R(vec_sumsq)((j1 - j0) * D, g->W_enc + j0 * D) +
                            R(vec_sumsq)((j1 - j0) * D, g->W_dec + j0 * D) +
                            R(vec_sumsq)(j1 - j0, g->b_enc + j0) +
                            extra_sumsq(s, g, j0, j1 - j0);
}

static void project_block(void *ctx, size_t block, size_t worker)
{
    struct R(update) *u = ctx;
    struct sae_watch watch = R(sae_step_watch)(u->s, worker);
    const size_t j0 = block * SAE_LATENT_BLOCK;
    R(sae_project_latents)(u->s, u->w, u->g, block, j0, block_end(u->s->F, j0));
    sae_watch_mark(&watch, SAE_UPDATE);
}

double R(sae_step_project)(struct R(sae_step) *s, const struct R(sae_params) *w,
                           struct R(sae_params) *g, struct pool *pool)
{
    struct R(update) u = {.s = s, .w = w, .g = g};
    if (!s->projected) {
        pool_run(pool, s->latent_blocks, project_block, &u);
    }
    s->projected = false;
    double sum = R(vec_sumsq)(s->D, g->b_dec);
    for (size_t i = 0; i < s->latent_blocks; i++) {
        sum += s->latent_sums[i];
    }
    return sqrt(sum);
}

/* Does Adam on n parameters that start at `at` in the arenas. */
static void adam_at(const struct R(update) *u, size_t at, size_t n)
{
    R(vec_adam)
    (n, u->adam, u->g->arena + at, u->w_out->arena + at, u->m->arena + at,
     u->v->arena + at);
}

static void adam_block(void *ctx, size_t block, size_t worker)
{
    struct R(update) *u = ctx;
    struct sae_watch watch = R(sae_step_watch)(u->s, worker);
    const size_t D = u->s->D, F = u->s->F;
    const size_t j0 = block * SAE_LATENT_BLOCK, n = block_end(F, j0) - j0;
    real *dec = u->w_out->W_dec + j0 * D;
    adam_at(u, j0 * D, n * D);
    if (!is_frozen(u->s)) {
        adam_at(u, (F + j0) * D, n * D);
    }
    adam_at(u, 2 * F * D + j0, n);
    for (size_t i = 0; i < u->s->arch->extra; i++) {
        adam_at(u, 2 * F * D + F + D + i * F + j0, n);
    }
    for (size_t j = 0; j < n && !u->s->norm && !is_frozen(u->s); j++) {
        const double norm = sqrt(R(vec_sumsq)(D, dec + j * D));
        if (norm > 0) {
            R(vec_scale)(D, (real)(1 / norm), dec + j * D);
        }
    }
    if (u->s->arch->tied) {
        memcpy(u->w_out->W_enc + j0 * D, dec, n * D * sizeof *dec);
    }
    real *threshold = u->w_out->extra + j0;
    for (size_t j = 0; j < n && u->s->arch->infer == SAE_INFER_JUMP; j++) {
        threshold[j] = threshold[j] > 0 ? threshold[j] : 0;
    }
    sae_watch_mark(&watch, SAE_UPDATE);
}

void R(sae_step_adam)(struct R(sae_step) *s, const struct adam *adam,
                      const struct R(sae_params) *g, struct R(sae_params) *w,
                      struct R(sae_params) *m, struct R(sae_params) *v,
                      struct pool *pool)
{
    struct R(sae_params) grad = *g; /* the arena is only read */
    struct R(update) u = {.s = s, .g = &grad, .adam = adam, .w_out = w, .m = m, .v = v};
    pool_run(pool, s->latent_blocks, adam_block, &u);
    adam_at(&u, 2 * s->F * s->D + s->F, s->D);
}
