#include "sae/sae.h"

#include "base/mem.h"
#include "base/rng.h"
#include "sae/sae_step.h"

#include <math.h>
#include <string.h>

enum err sae_new_around(const struct sae_arch *arch, size_t D, size_t F, double k,
                        float *arena, struct sae **out, struct errinfo *e)
{
    if (!sae_k_fits(arch, k, F)) {
        return err_set(e, ERR_USAGE, "found k = %g, expected %s to the %zu latents", k,
                       arch->infer == SAE_INFER_TOPK ? "a whole number, 1" : "above 0",
                       F);
    }
    struct sae *s;
    TRY(mem_new(&s, 1, sizeof *s, "an SAE", e));
    const struct sae_params_f32 p = sae_params_at_f32(arch, D, F, arena);
    s->arch = arch;
    s->D = D;
    s->F = F;
    s->k = k;
    s->scale = 1.0f;
    s->apply_b_dec = true;
    s->arena = arena;
    s->count = p.count;
    s->W_enc = p.W_enc;
    s->W_dec = p.W_dec;
    s->b_enc = p.b_enc;
    s->b_dec = p.b_dec;
    s->extra = p.extra;
    *out = s;
    return OK;
}

enum err sae_new(const struct sae_arch *arch, size_t D, size_t F, double k,
                 struct sae **out, struct errinfo *e)
{
    size_t count;
    float *arena;
    TRY(sae_param_count(arch, D, F, &count, e));
    TRY(mem_new(&arena, count, sizeof *arena, "an SAE", e));
    const enum err rc = sae_new_around(arch, D, F, k, arena, out, e);
    if (rc != OK) {
        mem_free(arena);
    }
    return rc;
}

void sae_free(struct sae *s)
{
    if (s) {
        mem_free(s->arena);
        mem_free(s);
    }
}

void sae_init_weights(struct sae *s, uint64_t seed)
{
    memset(s->arena, 0, s->count * sizeof *s->arena);
    for (size_t j = 0; j < s->F; j++) {
        struct rng r = rng_begin(seed, RNG_INIT, (uint64_t)j);
        float *row = s->W_dec + j * s->D;
        double norm2 = 0.0;
        for (size_t d = 0; d < s->D; d++) {
            row[d] = (float)rng_normal(&r);
            norm2 += (double)row[d] * (double)row[d];
        }
        if (!(norm2 > 0.0)) {
            row[0] = 1.0f;
            norm2 = 1.0;
        }
        for (size_t d = 0; d < s->D; d++) {
            row[d] = (float)((double)row[d] / sqrt(norm2));
        }
    }
    memcpy(s->W_enc, s->W_dec, s->F * s->D * sizeof *s->W_enc);
}

void sae_init_arch(struct sae *s, double decoder_norm, const struct sae_hyper *h)
{
    for (size_t i = 0; i < s->F * s->D; i++) {
        s->W_dec[i] = (float)(decoder_norm * (double)s->W_dec[i]);
        s->W_enc[i] = (float)(decoder_norm * (double)s->W_enc[i]);
    }
    for (size_t j = 0; j < s->F && s->arch->infer == SAE_INFER_JUMP; j++) {
        s->extra[j] = (float)h->init_threshold;
    }
}

/* ---- geometric median ---- */

#define WEISZFELD_STEPS 100
#define WEISZFELD_STOP  1e-5

static double distance(const float *x, const double *g, size_t D)
{
    double sum = 0.0;
    for (size_t d = 0; d < D; d++) {
        const double off = (double)x[d] - g[d];
        sum += off * off;
    }
    return sqrt(sum);
}

/* Writes the mean of x, weighted by the inverse distances from `at`, to `next` (`at`
 * NULL: the plain mean). Returns how far that is from `at`. */
static double weighted_mean(const float *x, size_t n, size_t D, const double *at,
                            double *next)
{
    double total = 0.0;
    memset(next, 0, D * sizeof *next);
    for (size_t i = 0; i < n; i++) {
        /* A row at the very place would have infinite weight. */
        const double w = at ? 1.0 / fmax(distance(x + i * D, at, D), 1e-12) : 1.0;
        total += w;
        for (size_t d = 0; d < D; d++) {
            next[d] += w * (double)x[i * D + d];
        }
    }
    double moved = 0.0;
    for (size_t d = 0; d < D; d++) {
        next[d] /= total;
        moved += at ? (next[d] - at[d]) * (next[d] - at[d]) : 0.0;
    }
    return sqrt(moved);
}

enum err sae_init_bias(struct sae *s, const float *x, size_t n, struct errinfo *e)
{
    if (n == 0) {
        return err_set(e, ERR_USAGE, "no activations to start b_dec from");
    }
    const size_t D = s->D;
    double *g;
    TRY(mem_new(&g, 2 * D, sizeof *g, "a geometric median", e));
    double *at = g, *next = g + D;
    (void)weighted_mean(x, n, D, NULL, at);
    for (int step = 0; step < WEISZFELD_STEPS; step++) {
        const double moved = weighted_mean(x, n, D, at, next);
        double *t = at;
        at = next;
        next = t;
        if (moved < WEISZFELD_STOP) {
            break;
        }
    }
    enum err rc = OK;
    for (size_t d = 0; d < D; d++) {
        if (!isfinite(at[d])) {
            rc =
                err_set(e, ERR_NUMERIC,
                        "the activations that b_dec starts from are not finite (column "
                        "%zu)",
                        d);
            break;
        }
    }
    for (size_t d = 0; d < D && rc == OK; d++) {
        s->b_dec[d] = (float)at[d];
    }
    mem_free(g);
    return rc;
}
