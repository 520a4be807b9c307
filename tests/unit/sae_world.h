/* Activations of a known dictionary, and SAEs that learn it. */
#ifndef SAETOP_TESTS_UNIT_SAE_WORLD_H
#define SAETOP_TESTS_UNIT_SAE_WORLD_H

#include "base/mem.h"
#include "base/rng.h"
#include "sae/sae_schedule.h"
#include "unit/check.h"

#include <math.h>

/* Sparse sums of known unit directions: x = sum of c_i d_i, about `active` of `n` on.
 */
struct world {
    size_t D, n, rows;
    float *direction; /* [n,D] */
    float *x;         /* [rows,D] */
};

static inline struct world world_make(size_t D, size_t n, size_t rows, double active,
                                      uint64_t seed)
{
    struct world w = {.D = D, .n = n, .rows = rows};
    struct rng r = rng_begin(seed, RNG_SAMPLE, 0);
    w.direction = mem_alloc(n * D, sizeof(float));
    w.x = mem_alloc(rows * D, sizeof(float));
    assert_non_null(w.direction);
    assert_non_null(w.x);
    for (size_t i = 0; i < n; i++) {
        double norm = 0;
        for (size_t d = 0; d < D; d++) {
            const double v = rng_normal(&r);
            w.direction[i * D + d] = (float)v;
            norm += v * v;
        }
        for (size_t d = 0; d < D; d++) {
            w.direction[i * D + d] /= (float)sqrt(norm);
        }
    }
    for (size_t b = 0; b < rows; b++) {
        for (size_t i = 0; i < n; i++) {
            if (rng_unit(&r) < active / (double)n) {
                const float c = 1.0f + (float)rng_unit(&r);
                for (size_t d = 0; d < D; d++) {
                    w.x[b * D + d] += c * w.direction[i * D + d];
                }
            }
        }
        for (size_t d = 0; d < D; d++) {
            w.x[b * D + d] += 0.3f; /* for b_dec */
        }
    }
    return w;
}

static inline void world_drop(struct world *w)
{
    mem_free(w->direction);
    mem_free(w->x);
}

static inline struct sae *sae_make(const char *arch, size_t D, size_t F, double k,
                                   uint64_t seed)
{
    struct errinfo e;
    struct sae *s;
    assert_ok(sae_new(sae_arch_find(arch), D, F, k, &s, &e), &e);
    sae_init_weights(s, seed);
    const struct sae_hyper h = {.init_threshold = 0.2};
    sae_init_arch(s, 1.0, &h);
    return s;
}

static inline struct sae_trainer *trainer_make(struct sae *s, int64_t steps, size_t B)
{
    struct errinfo e;
    struct sae_trainer *t;
    struct sae_train_config c = sae_train_defaults_of(s->arch, steps);
    c.lr = 5e-3;
    c.dead_after = 30;
    c.hyper.coef = 0.05;
    c.hyper.bandwidth = 0.5;
    c.hyper.pre_act = 0.01;
    c.resample_every = 20; /* where dead latents are resampled */
    c.draw_groups = true;
    if ((sae_arch_has(s->arch) & SAE_HAS_RESAMPLE) != 0) {
        c.dead = SAE_DEAD_RESAMPLE;
    }
    assert_ok(sae_trainer_new(s, &c, B, &t, &e), &e);
    return t;
}

#define ARCHES 8
static const char *const archs[ARCHES] = {"topk",     "batchtopk", "matryoshka",
                                          "standard", "gated",     "jumprelu",
                                          "p_anneal", "tied"};

/* Steps over the rows in turn. */
static inline struct sae_step_info run(struct sae_trainer *t, const struct world *w,
                                       size_t B, int64_t steps, struct pool *pool)
{
    struct errinfo e;
    struct sae_step_info info = {0};
    for (int64_t i = 0; i < steps; i++) {
        const size_t batch = (size_t)sae_trainer_step_count(t) % (w->rows / B);
        assert_ok(sae_trainer_step(t, w->x + batch * B * w->D, pool, &info, &e), &e);
        assert_true(info.finite);
    }
    return info;
}

#endif
