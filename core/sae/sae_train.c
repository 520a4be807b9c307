#include "sae/sae_train.h"

#include "base/mem.h"
#include "num/kern.h"
#include "sae/sae_step.h"

#include <math.h>
#include <string.h>

struct sae_trainer {
    struct sae *s; /* borrowed */
    struct sae_train_config cfg;
    size_t B, aux_k;
    int64_t step; /* steps done */
    float *arena; /* gradients, first and second moments */
    struct sae_params_f32 w, g, m, v;
    int64_t *silent; /* [F] steps since a latent last fired */
    int32_t *dead;   /* [F] */
    struct sae_step_f32 *scratch;
};

/* ---- schedules ---- */

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* Published values are for runs of 10^5 steps; what is counted in steps shrinks with
 * the run. At 1,000 steps: warm-up 50, dead after 100. */
struct sae_train_config sae_train_defaults(int64_t steps)
{
    return (struct sae_train_config){
        .lr = 2e-3,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .eps = 1e-8,
        .clip = 1.0,
        .steps = steps,
        .warmup = clamp(steps / 20, 1, 1000),
        .decay_from = 0.8,
        .aux_coef = 1.0 / 32.0,
        .aux_k = 0,
        .dead_after = clamp(steps / 10, 1, 1000),
        .threshold_lr = 0.01,
    };
}

double sae_lr_at(const struct sae_train_config *c, int64_t step)
{
    double factor = 1.0;
    if (step < c->warmup) {
        factor = (double)(step + 1) / (double)c->warmup;
    }
    const double decay_at = c->decay_from * (double)c->steps;
    const double at = (double)step, end = (double)c->steps;
    if (at >= decay_at && end > decay_at) {
        /* The last step of the run still moves; past the end nothing does. */
        factor *= fmax(0.0, (end - at) / (end - decay_at));
    }
    return c->lr * factor;
}

/* ---- making ---- */

static enum err config_check(const struct sae_train_config *c, size_t B,
                             struct errinfo *e)
{
    const bool fine = isfinite(c->lr) && c->lr >= 0.0 && c->beta1 >= 0.0 &&
                      c->beta1 < 1.0 && c->beta2 >= 0.0 && c->beta2 < 1.0 &&
                      c->eps > 0.0 && c->clip > 0.0 && c->warmup >= 0 &&
                      c->decay_from >= 0.0 && c->decay_from <= 1.0 &&
                      c->aux_coef >= 0.0 && c->dead_after >= 1 &&
                      c->threshold_lr >= 0.0 && c->threshold_lr <= 1.0 && B >= 1;
    return fine ? OK
                : err_set(
                      e, ERR_USAGE,
                      "a setting of the SAE's training is out of range: lr %g, betas "
                      "%g %g, eps %g, clip %g, decay from %g, aux %g, dead after %lld, "
                      "batch %zu",
                      c->lr, c->beta1, c->beta2, c->eps, c->clip, c->decay_from,
                      c->aux_coef, (long long)c->dead_after, B);
}

static size_t aux_latents(const struct sae_train_config *c, size_t D, size_t F)
{
    const size_t k = c->aux_k > 0 ? c->aux_k : (D > 1 ? D / 2 : 1);
    return c->aux_coef > 0.0 ? (k < F ? k : F) : 0;
}

static void point(struct sae_trainer *t)
{
    const struct sae *s = t->s;
    t->w = sae_params_at_f32(s->arch, s->D, s->F, s->arena);
    t->g = sae_params_at_f32(s->arch, s->D, s->F, t->arena);
    t->m = sae_params_at_f32(s->arch, s->D, s->F, t->arena + s->count);
    t->v = sae_params_at_f32(s->arch, s->D, s->F, t->arena + 2 * s->count);
}

static enum err parts_new(struct sae_trainer *t, struct errinfo *e)
{
    static const char what[] = "the optimizer of an SAE";
    const struct sae *s = t->s;
    TRY(mem_new(&t->arena, 3 * s->count, sizeof *t->arena, what, e));
    TRY(mem_new(&t->silent, s->F, sizeof *t->silent, what, e));
    TRY(mem_new(&t->dead, s->F, sizeof *t->dead, what, e));
    return sae_step_new_f32(s->arch, s->D, s->F, s->k, t->B, t->aux_k, &t->scratch, e);
}

enum err sae_trainer_new(struct sae *s, const struct sae_train_config *cfg, size_t B,
                         struct sae_trainer **out, struct errinfo *e)
{
    TRY(config_check(cfg, B, e));
    struct sae_trainer *t;
    TRY(mem_new(&t, 1, sizeof *t, "the optimizer of an SAE", e));
    t->s = s;
    t->cfg = *cfg;
    t->B = B;
    t->aux_k = aux_latents(cfg, s->D, s->F);
    const enum err rc = parts_new(t, e);
    if (rc != OK) {
        sae_trainer_free(t);
        return rc;
    }
    point(t);
    *out = t;
    return OK;
}

void sae_trainer_free(struct sae_trainer *t)
{
    if (t) {
        mem_free(t->arena);
        mem_free(t->silent);
        mem_free(t->dead);
        sae_step_free_f32(t->scratch);
        mem_free(t);
    }
}

enum err sae_trainer_fork(const struct sae_trainer *t, struct sae **sae_out,
                          struct sae_trainer **out, struct errinfo *e)
{
    struct sae *s = NULL;
    struct sae_trainer *twin = NULL;
    TRY(sae_copy(t->s, &s, e));
    const enum err rc = sae_trainer_new(s, &t->cfg, t->B, &twin, e);
    if (rc != OK) {
        sae_free(s);
        return rc;
    }
    twin->step = t->step;
    memcpy(twin->arena, t->arena, 3 * s->count * sizeof *t->arena);
    memcpy(twin->silent, t->silent, s->F * sizeof *t->silent);
    *sae_out = s;
    *out = twin;
    return OK;
}

size_t sae_trainer_bytes(size_t D, size_t F, size_t k, size_t B)
{
    const size_t count = 2 * D * F + F + D;
    const size_t aux_k = D / 2 < F ? D / 2 : F;
    const size_t pairs = B * (k + aux_k) * (4 * sizeof(float) + 2 * sizeof(int32_t));
    const size_t block = sae_block_rows(F) * F * sizeof(float);
    return 4 * count * sizeof(float) + 3 * B * D * sizeof(float) + pairs +
           F * (sizeof(int64_t) + sizeof(int32_t)) + pool_cpus() * block;
}

/* ---- a step ---- */

static size_t list_dead(const struct sae_trainer *t)
{
    size_t n = 0;
    for (size_t j = 0; j < t->s->F; j++) {
        if (t->silent[j] >= t->cfg.dead_after) {
            t->dead[n++] = (int32_t)j;
        }
    }
    return n;
}

/* The running average starts as the plain mean: a demonstration of 500 steps would end
 * below it if it had to climb from 0. */
static void track_threshold(struct sae_trainer *t, double least)
{
    if (t->s->arch->infer == SAE_INFER_THRESHOLD && least > 0.0) {
        const double rate = fmax(t->cfg.threshold_lr, 1.0 / (double)(t->step + 1));
        t->s->threshold += rate * (least - t->s->threshold);
    }
}

static void track_silence(struct sae_trainer *t)
{
    const size_t *start = t->scratch->main.start;
    for (size_t j = 0; j < t->s->F; j++) {
        t->silent[j] = start[j + 1] > start[j] ? 0 : t->silent[j] + 1;
    }
}

enum err sae_trainer_step(struct sae_trainer *t, const float *x, struct pool *pool,
                          struct sae_step_info *info, struct errinfo *e)
{
    const struct sae_train_config *c = &t->cfg;
    struct sae_loss loss;
    const size_t n_dead = list_dead(t);
    TRY(sae_step_grad_f32(t->scratch, &t->w, x, t->dead, n_dead, c->aux_coef, pool,
                          &t->g, &loss, e));
    const double norm = sae_step_project_f32(t->scratch, &t->w, &t->g, pool);
    *info = (struct sae_step_info){
        .loss = loss.loss,
        .mse = loss.mse,
        .aux_loss = loss.aux,
        .l0 = loss.l0,
        .explained_variance = loss.explained_variance,
        .dead_fraction = (double)n_dead / (double)t->s->F,
        .grad_norm = norm,
        .lr = sae_lr_at(c, t->step),
        .finite = isfinite(loss.loss) && isfinite(norm),
    };
    if (!info->finite) {
        return OK;
    }
    const double clip = norm > c->clip ? c->clip / (norm + 1e-6) : 1.0;
    const struct adam adam =
        adam_factors(info->lr, c->beta1, c->beta2, c->eps, 0.0, clip, t->step + 1);
    sae_step_adam_f32(t->scratch, &adam, &t->g, &t->w, &t->m, &t->v, pool);
    track_threshold(t, loss.least);
    track_silence(t);
    info->dead_fraction = (double)list_dead(t) / (double)t->s->F;
    t->step++;
    return OK;
}

/* ---- state ---- */

int64_t sae_trainer_step_count(const struct sae_trainer *t)
{
    return t->step;
}

void sae_trainer_set_step_count(struct sae_trainer *t, int64_t step)
{
    t->step = step;
}

void sae_trainer_set_steps(struct sae_trainer *t, int64_t steps)
{
    t->cfg.steps = steps;
}

void sae_trainer_set_lr(struct sae_trainer *t, double lr)
{
    t->cfg.lr = lr;
}

size_t sae_trainer_state(struct sae_trainer *t, struct sae_state_array *out, size_t cap)
{
    const size_t count = t->s->count, F = t->s->F;
    const struct sae_state_array all[] = {
        {"adam_m", t->m.arena, count * sizeof(float), false, count},
        {"adam_v", t->v.arena, count * sizeof(float), false, count},
        {"silent_steps", t->silent, F * sizeof(int64_t), true, F},
    };
    const size_t n = sizeof all / sizeof all[0];
    for (size_t i = 0; i < n && i < cap; i++) {
        out[i] = all[i];
    }
    return n;
}
