/* A naive dense twin of the SAE step, in double and in loops only, and random nets to
 * compare on. For tests of core/sae. */
#ifndef SAETOP_TESTS_UNIT_SAE_TWIN_H
#define SAETOP_TESTS_UNIT_SAE_TWIN_H

#include "base/mem.h"
#include "base/rng.h"
#include "check.h"
#include "num/blas.h"
#include "num/kern.h"
#define REAL_F64
#include "sae/sae_step.h"
#undef REAL_F64
#include "sae/sae_step.h"

#include <math.h>

/* A small problem: weights with unit decoder rows, a batch, dead latents. */
struct problem {
    const struct sae_arch *arch;
    size_t D, F, B, aux_k, n_dead;
    double k; /* of a row; on average with a selection over the batch */
    double aux_coef;
    double *arena; /* parameters */
    double *x;     /* [B,D] */
    int32_t *dead;
    size_t count;
    struct sae_params_f64 w;
    struct sae_hyper hyper;
    struct sae_now now;
    enum sae_path path;
};

static inline double *numbers(size_t n)
{
    double *p = mem_alloc(n, sizeof *p);
    assert_non_null(p);
    return p;
}

static inline void unit_rows(double *w, size_t F, size_t D)
{
    for (size_t j = 0; j < F; j++) {
        double n = 0;
        for (size_t d = 0; d < D; d++) {
            n += w[j * D + d] * w[j * D + d];
        }
        for (size_t d = 0; d < D; d++) {
            w[j * D + d] /= sqrt(n);
        }
    }
}

/* Hyperparameters after the fields of the problem changed. */
static inline void problem_hyper(struct problem *p)
{
    p->hyper.k = p->k;
    p->hyper.aux_k = p->aux_k;
    p->now.aux_coef = p->aux_coef;
    p->now.dead = p->dead;
    p->now.n_dead = p->n_dead;
}

/* Every third latent is dead, if `dead`. */
static inline struct problem problem_make(const char *arch, size_t D, size_t F,
                                          double k, size_t B, bool dead, uint64_t seed)
{
    struct problem p = {.arch = sae_arch_find(arch), .D = D, .F = F, .k = k, .B = B};
    p.hyper.apply_b_dec = p.hyper.gated_detach = true;
    struct errinfo e;
    assert_non_null(p.arch);
    assert_ok(sae_param_count(p.arch, D, F, &p.count, &e), &e);
    p.arena = numbers(p.count);
    p.x = numbers(B * D);
    p.dead = mem_alloc(F, sizeof *p.dead);
    p.w = sae_params_at_f64(p.arch, D, F, p.arena);
    struct rng r = rng_begin(seed, RNG_SAMPLE, 0);
    for (size_t i = 0; i < p.count; i++) {
        p.arena[i] = rng_normal(&r) * 0.5;
    }
    for (size_t i = 0; i < B * D; i++) {
        p.x[i] = rng_normal(&r) + 0.3;
    }
    unit_rows(p.w.W_dec, F, D);
    for (size_t j = 0; dead && j < F; j += 3) {
        p.dead[p.n_dead++] = (int32_t)j;
    }
    p.aux_k = dead ? 3 : 0;
    p.aux_coef = dead ? 1.0 / 32.0 : 0.0;
    problem_hyper(&p);
    return p;
}

static inline void problem_drop(struct problem *p)
{
    mem_free(p->arena);
    mem_free(p->x);
    mem_free(p->dead);
}

/* Everything of a dense forward pass. */
struct dense {
    double *h, *f, *v; /* [B,F] pre-activations, selected, AuxK's selected */
    double *xhat;      /* [B,D] */
    double *ehat;      /* [B,D] */
};

static inline struct dense dense_make(const struct problem *p)
{
    return (struct dense){.h = numbers(p->B * p->F),
                          .f = numbers(p->B * p->F),
                          .v = numbers(p->B * p->F),
                          .xhat = numbers(p->B * p->D),
                          .ehat = numbers(p->B * p->D)};
}

static inline void dense_drop(struct dense *t)
{
    mem_free(t->h);
    mem_free(t->f);
    mem_free(t->v);
    mem_free(t->xhat);
    mem_free(t->ehat);
}

/* The k greatest positive of h at the places where `in` is set, to out; the rest is 0.
 * By repeated search for the greatest; the first among equals. */
static inline void dense_top(const double *h, const bool *in, size_t n, size_t k,
                             double *out)
{
    memset(out, 0, n * sizeof *out);
    for (size_t c = 0; c < k; c++) {
        size_t best = n;
        for (size_t i = 0; i < n; i++) {
            if ((!in || in[i]) && out[i] == 0 && h[i] > 0 &&
                (best == n || h[i] > h[best])) {
                best = i;
            }
        }
        if (best < n) {
            out[best] = h[best];
        }
    }
}

static inline void dense_forward(const struct problem *p, struct dense *t)
{
    const size_t D = p->D, F = p->F, B = p->B;
    bool *is_dead = mem_alloc(F, sizeof *is_dead);
    for (size_t i = 0; i < p->n_dead; i++) {
        is_dead[p->dead[i]] = true;
    }
    for (size_t b = 0; b < B; b++) {
        for (size_t j = 0; j < F; j++) {
            double h = p->w.b_enc[j];
            for (size_t d = 0; d < D; d++) {
                h += (p->x[b * D + d] - p->w.b_dec[d]) * p->w.W_enc[j * D + d];
            }
            t->h[b * F + j] = h;
        }
    }
    if (p->arch->collects_batch) {
        dense_top(t->h, NULL, B * F, (size_t)round(p->k * (double)B), t->f);
    }
    for (size_t b = 0; b < B; b++) {
        if (!p->arch->collects_batch) {
            dense_top(t->h + b * F, NULL, F, (size_t)p->k, t->f + b * F);
        }
        dense_top(t->h + b * F, is_dead, F, p->aux_k, t->v + b * F);
        for (size_t d = 0; d < D; d++) {
            double xhat = p->w.b_dec[d], ehat = 0;
            for (size_t j = 0; j < F; j++) {
                xhat += t->f[b * F + j] * p->w.W_dec[j * D + d];
                ehat += t->v[b * F + j] * p->w.W_dec[j * D + d];
            }
            t->xhat[b * D + d] = xhat;
            t->ehat[b * D + d] = ehat;
        }
    }
    mem_free(is_dead);
}

/* The constants of AuxK's loss: r = x - xhat, and sum ||r - mean r||^2, which is
 * returned. */
static inline double residual(const struct problem *p, const struct dense *t, double *r)
{
    double spread = 0;
    for (size_t i = 0; i < p->B * p->D; i++) {
        r[i] = p->x[i] - t->xhat[i];
    }
    for (size_t d = 0; d < p->D; d++) {
        double mean = 0;
        for (size_t b = 0; b < p->B; b++) {
            mean += r[b * p->D + d] / (double)p->B;
        }
        for (size_t b = 0; b < p->B; b++) {
            spread += (r[b * p->D + d] - mean) * (r[b * p->D + d] - mean);
        }
    }
    return spread;
}

/* The loss with AuxK's residual r and spread given. */
static inline double dense_loss(const struct problem *p, const struct dense *t,
                                const double *r, double spread)
{
    double mse = 0, aux = 0;
    for (size_t i = 0; i < p->B * p->D; i++) {
        mse += (t->xhat[i] - p->x[i]) * (t->xhat[i] - p->x[i]);
        aux += (t->ehat[i] - r[i]) * (t->ehat[i] - r[i]);
    }
    return mse / (double)p->B + (p->n_dead > 0 ? p->aux_coef * aux / spread : 0);
}

/* Dense gradients by the chain rule, as autograd would. */
static inline double dense_grad(const struct problem *p, struct sae_params_f64 *g)
{
    const size_t D = p->D, F = p->F, B = p->B;
    struct dense t = dense_make(p);
    double *r = numbers(B * D);
    dense_forward(p, &t);
    const double spread = residual(p, &t, r);
    memset(g->arena, 0, p->count * sizeof *g->arena);
    for (size_t b = 0; b < B; b++) {
        for (size_t d = 0; d < D; d++) {
            g->b_dec[d] += 2.0 / (double)B * (t.xhat[b * D + d] - p->x[b * D + d]);
        }
        for (size_t j = 0; j < F; j++) {
            const double f = t.f[b * F + j], v = t.v[b * F + j];
            double dh = 0;
            for (size_t d = 0; d < D; d++) {
                const size_t i = b * D + d;
                const double G = 2.0 / (double)B * (t.xhat[i] - p->x[i]);
                const double A =
                    p->n_dead > 0 ? 2.0 * p->aux_coef / spread * (t.ehat[i] - r[i]) : 0;
                dh += (f > 0 ? G : 0) * p->w.W_dec[j * D + d];
                dh += (v > 0 ? A : 0) * p->w.W_dec[j * D + d];
                g->W_dec[j * D + d] += f * G + v * A;
            }
            g->b_enc[j] += dh;
            for (size_t d = 0; d < D; d++) {
                g->W_enc[j * D + d] += dh * (p->x[b * D + d] - p->w.b_dec[d]);
                g->b_dec[d] -= dh * p->w.W_enc[j * D + d];
            }
        }
    }
    const double loss = dense_loss(p, &t, r, spread);
    mem_free(r);
    dense_drop(&t);
    return loss;
}

/* Projection, clip to norm 1, Adam, unit rows; returns the norm before the clip. */
static inline double dense_update(const struct problem *p, const struct adam *adam,
                                  struct sae_params_f64 *g, double *m, double *v)
{
    const size_t D = p->D;
    double norm2 = 0;
    for (size_t j = 0; j < p->F; j++) {
        double along = 0;
        for (size_t d = 0; d < D; d++) {
            along += g->W_dec[j * D + d] * p->w.W_dec[j * D + d];
        }
        for (size_t d = 0; d < D; d++) {
            g->W_dec[j * D + d] -= along * p->w.W_dec[j * D + d];
        }
    }
    for (size_t i = 0; i < p->count; i++) {
        norm2 += g->arena[i] * g->arena[i];
    }
    for (size_t i = 0; i < p->count; i++) {
        const double gi = adam->grad_scale * g->arena[i];
        m[i] = adam->beta1 * m[i] + (1 - adam->beta1) * gi;
        v[i] = adam->beta2 * v[i] + (1 - adam->beta2) * gi * gi;
        p->arena[i] -= adam->step * m[i] / (sqrt(v[i]) * adam->root_scale + adam->eps);
    }
    unit_rows(p->w.W_dec, p->F, D);
    return sqrt(norm2);
}

#endif
