#include "sae/sae_train.h"

#include "base/mem.h"
#include "num/kern.h"
#include "num/product.h"
#include "sae/sae_resample.h"
#include "sae/sae_schedule.h"
#include "sae/sae_step.h"

#include <math.h>
#include <string.h>

extern const struct sae_arch sae_arch_topk;

struct sae_trainer {
    struct sae *s; /* borrowed */
    struct sae_train_config cfg;
    size_t B;
    int64_t step; /* steps done */
    float *arena; /* gradients, first and second moments */
    struct sae_params_f32 w, g, m, v;
    int64_t *silent; /* [F] steps since a latent last fired */
    int32_t *dead;   /* [F] */
    struct sae_schedule schedule;
    size_t width[SAE_GROUPS_MAX]; /* prefixes drawn for the step */
    struct sae_step_f32 *scratch;
    struct sae_times *times; /* borrowed; NULL: not measured */
};

/* ---- defaults ---- */

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* Published values are for runs of 10^5 steps; what is counted in steps here shrinks
 * with the run. At 1,000 steps: warm-up 50, dead after 100. */
struct sae_train_config sae_train_defaults_of(const struct sae_arch *arch,
                                              int64_t steps)
{
    const struct sae_auto *a = &arch->defaults;
    return (struct sae_train_config){
        .hyper = {.decoder = a->decoder,
                  .apply_b_dec = true,
                  .gated_detach = true,
                  .coef = a->coef,
                  .lp = 1.0,
                  .aux_form = SAE_AUX_NORMALISED,
                  .jump_loss = SAE_JUMP_STEP,
                  .bandwidth = 0.05,
                  .tanh_scale = 4.0,
                  .target_l0 = 1.0},
        .lr = a->lr,
        .beta1 = a->beta1,
        .beta2 = 0.999,
        .eps = 1e-8,
        .clip = a->clip,
        .steps = steps,
        .warmup = clamp(steps / 20, 1, 1000),
        .decay_from = 0.8,
        .coef_warmup = (int64_t)(a->coef_warmup * (double)steps),
        .dead = a->dead,
        .aux_coef = a->dead == SAE_DEAD_AUXK ? 1.0 / 32.0 : 0.0,
        .aux_k = 0,
        .dead_after = clamp(steps / 10, 1, 1000),
        .resample_every = clamp(steps / 4, 2, 25000),
        .threshold_lr = 0.01,
        .anneal_from = 0.2,
        .anneal_to = 0.9,
        .p_end = 0.2,
        .anneal_updates = 10,
        .anneal_queue = SAE_ANNEAL_QUEUE,
    };
}

struct sae_train_config sae_train_defaults(int64_t steps)
{
    return sae_train_defaults_of(&sae_arch_topk, steps);
}

/* ---- making ---- */

/* Returns ERR_USAGE for an architecture or a remedy that would change a random decoder,
 * which must stay as it is. */
static enum err decoder_check(const struct sae_train_config *c,
                              const struct sae_arch *arch, struct errinfo *e)
{
    if (c->hyper.decoder != SAE_DECODER_RANDOM) {
        return OK;
    }
    return arch->tied ? err_set(e, ERR_USAGE,
                                "a random decoder: arch %s trains its decoder as its "
                                "encoder, expected another",
                                arch->name)
           : c->dead == SAE_DEAD_RESAMPLE
               ? err_set(e, ERR_USAGE,
                         "a random decoder: resampling moves its rows, expected "
                         "another remedy for dead latents")
               : OK;
}

static bool hyper_check(const struct sae_hyper *h)
{
    return isfinite(h->coef) && h->coef >= 0.0 && h->lp > 0.0 && h->bandwidth > 0.0 &&
           h->tanh_scale > 0.0 && h->target_l0 > 0.0 && h->pre_act >= 0.0 &&
           (!h->aux_by_group || h->aux_form == SAE_AUX_SCALED);
}

static enum err config_check(const struct sae_train_config *c, size_t B,
                             struct errinfo *e)
{
    const bool fine =
        isfinite(c->lr) && c->lr >= 0.0 && c->beta1 >= 0.0 && c->beta1 < 1.0 &&
        c->beta2 >= 0.0 && c->beta2 < 1.0 && c->eps > 0.0 && c->clip > 0.0 &&
        c->warmup >= 0 && c->decay_from >= 0.0 && c->decay_from <= 1.0 &&
        c->aux_coef >= 0.0 && c->dead_after >= 1 && c->threshold_lr >= 0.0 &&
        c->threshold_lr <= 1.0 && B >= 1 && hyper_check(&c->hyper) &&
        c->coef_warmup >= 0 && c->resample_every >= 1 && c->anneal_updates >= 1 &&
        c->anneal_queue >= 1 && c->anneal_queue <= SAE_ANNEAL_QUEUE && c->p_end > 0.0 &&
        c->p_end <= 1.0;
    return fine ? OK
                : err_set(
                      e, ERR_USAGE,
                      "a setting of the SAE's training is out of range: lr %g, betas "
                      "%g %g, eps %g, clip %g, decay from %g, aux %g, dead after %lld, "
                      "batch %zu, sparsity %g, p %g to %g, bandwidth %g",
                      c->lr, c->beta1, c->beta2, c->eps, c->clip, c->decay_from,
                      c->aux_coef, (long long)c->dead_after, B, c->hyper.coef,
                      c->hyper.lp, c->p_end, c->hyper.bandwidth);
}

static size_t aux_latents(const struct sae_train_config *c, size_t D, size_t F)
{
    const size_t k = c->aux_k > 0 ? c->aux_k : (D > 1 ? D / 2 : 1);
    const bool in_use = c->aux_coef > 0.0 && c->dead == SAE_DEAD_AUXK;
    return in_use ? (k < F ? k : F) : 0;
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
    return sae_step_new_f32(s->arch, s->D, s->F, &t->cfg.hyper, t->B, &t->scratch, e);
}

/* Fills in hyperparameters that the SAE itself decides, and prefixes that were left
 * open. */
static enum err settle_hyper(const struct sae *s, double k, struct sae_train_config *c,
                             struct errinfo *e)
{
    struct sae_hyper *h = &c->hyper;
    h->k = k;
    h->apply_b_dec = s->apply_b_dec;
    h->aux_k = aux_latents(c, s->D, s->F);
    if ((s->arch->has & SAE_HAS_GROUPS) == 0) {
        h->groups = 0;
    } else if (h->groups == 0) {
        return sae_groups_parse(SAE_GROUPS_DEFAULT, "", true, s->F, h, e);
    }
    return OK;
}

enum err sae_trainer_new(struct sae *s, const struct sae_train_config *cfg, size_t B,
                         struct sae_trainer **out, struct errinfo *e)
{
    TRY(config_check(cfg, B, e));
    TRY(decoder_check(cfg, s->arch, e));
    struct sae_trainer *t;
    TRY(mem_new(&t, 1, sizeof *t, "the optimizer of an SAE", e));
    t->s = s;
    t->cfg = *cfg;
    t->B = B;
    s->is_free = cfg->hyper.decoder == SAE_DECODER_FREE;
    sae_schedule_init(&t->schedule, s->arch, cfg);
    enum err rc = settle_hyper(s, s->k, &t->cfg, e);
    if (rc == OK) {
        rc = parts_new(t, e);
    }
    if (rc != OK) {
        sae_trainer_free(t);
        return rc;
    }
    point(t);
    t->scratch->projects = true;
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
    TRY(sae_clone(t->s, &s, e));
    const enum err rc = sae_trainer_new(s, &t->cfg, t->B, &twin, e);
    if (rc != OK) {
        sae_free(s);
        return rc;
    }
    twin->step = t->step;
    twin->schedule = t->schedule;
    memcpy(twin->arena, t->arena, 3 * s->count * sizeof *t->arena);
    memcpy(twin->silent, t->silent, s->F * sizeof *t->silent);
    *sae_out = s;
    *out = twin;
    return OK;
}

/* Returns the bytes for an SAE of that shape; h from settle_hyper. */
static size_t bytes_of(const struct sae *sae, const struct sae_hyper *h, size_t B)
{
    const size_t D = sae->D, F = sae->F, number = sizeof(float);
    const bool selects = (sae->arch->has & SAE_HAS_K) != 0;
    const bool gated = sae->arch->infer == SAE_INFER_GATED;
    const size_t pair = 4 * number + 2 * sizeof(int32_t);
    const size_t targets = sae_aux_targets(h), all = targets * h->aux_k;
    const size_t aux_room = all < F ? all : F;
    /* Lists of the active, or for entries the dense buffers that they share room with.
     */
    const size_t lists =
        selects ? (sae_active_at_most(sae->arch, sae->k, B) + B * aux_room) * pair
                : (gated && !h->gated_detach ? 3 : 2) * B * F * number;
    /* The input less b_dec, the error, what AuxK or the gate leaves, each prefix. */
    const size_t left = gated ? 1 : h->aux_k > 0 ? targets : 0;
    const size_t errors = 2 + left + h->groups;
    const size_t row_blocks = B / sae_block_rows(F) + 1;
    const size_t block = sae_block_rows(F) * F * number * (gated ? 2 : 1);
    /* By row block: places of pairs; of entries, what is summed by latent. */
    const size_t sums = row_blocks * F * (sizeof(size_t) + (selects ? 0 : 6 * number));
    const size_t sieved =
        sae_sieves(sae->arch, sae->k, D, F) ? product_sieved_f32(D, F) : 0;
    const size_t dead = selects && h->aux_k > 0 ? sae_dead_room(F) : 0;
    const size_t packed = (product_packed_f32(D, F) + sieved + 2 * dead * D) * number;
    struct product_found_f32 found;
    product_found_init_f32(&found, F, SAE_ABOVE_ROOM(sae->k, F));
    const size_t row = D * number + found.stride * (number + sizeof(int32_t));
    const size_t rows = packed > 0 && selects ? sae_block_rows(F) * row : 0;
    return 4 * sae->count * number + errors * B * D * number + lists + sums + packed +
           F * (sizeof(int64_t) + sizeof(int32_t)) + pool_cpus() * (block + rows);
}

struct sae_need sae_trainer_needs(const struct sae_trainer *t)
{
    return (struct sae_need){t->s->count, bytes_of(t->s, &t->cfg.hyper, t->B)};
}

enum err sae_train_needs(const struct sae_arch *arch, size_t D, size_t F, double k,
                         const struct sae_train_config *cfg, size_t B,
                         struct sae_need *out, struct errinfo *e)
{
    struct sae_train_config c = *cfg;
    struct sae shape = {.arch = arch, .D = D, .F = F, .k = k, .apply_b_dec = true};
    TRY(sae_param_count(arch, D, F, &shape.count, e));
    TRY(settle_hyper(&shape, k, &c, e));
    *out = (struct sae_need){shape.count, bytes_of(&shape, &c.hyper, B)};
    return OK;
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

/* Updates the threshold. The running average starts as the plain mean, or a
 * demonstration of 500 steps would end below it, climbing from 0. */
static void track_threshold(struct sae_trainer *t, double least)
{
    if (t->s->arch->infer == SAE_INFER_THRESHOLD && least > 0.0) {
        const double rate = fmax(t->cfg.threshold_lr, 1.0 / (double)(t->step + 1));
        t->s->threshold += rate * (least - t->s->threshold);
    }
}

static void track_silence(struct sae_trainer *t)
{
    for (size_t j = 0; j < t->s->F; j++) {
        t->silent[j] = t->scratch->fires[j] > 0 ? 0 : t->silent[j] + 1;
    }
}

/* Returns the inputs of the current step that change from step to step. */
static struct sae_now now(struct sae_trainer *t, size_t n_dead)
{
    const struct sae_train_config *c = &t->cfg;
    if (c->draw_groups && c->hyper.groups > 0) {
        sae_schedule_widths(&c->hyper, c->seed, t->step, t->width);
    }
    return (struct sae_now){
        .coef = c->hyper.coef * sae_coef_at(c, t->step) * t->schedule.factor,
        .p = t->schedule.p,
        .next_p = t->schedule.next_p,
        .aux_coef = c->aux_coef,
        .dead = t->dead,
        .n_dead = n_dead,
        .width = c->draw_groups && c->hyper.groups > 0 ? t->width : NULL,
    };
}

static enum err resample_due(struct sae_trainer *t, struct errinfo *e)
{
    const struct sae_train_config *c = &t->cfg;
    const bool may = c->dead == SAE_DEAD_RESAMPLE &&
                     (t->s->arch->has & SAE_HAS_RESAMPLE) != 0 && t->step > 0;
    if (!may || t->step % c->resample_every != 0) {
        return OK;
    }
    struct sae_resample r = {.w = &t->w,
                             .m = &t->m,
                             .v = &t->v,
                             .step = t->scratch,
                             .form = c->resample_form,
                             .silent = t->silent,
                             .silent_after = c->resample_every / 2,
                             .seed = c->seed,
                             .key = (uint64_t)t->step};
    return sae_resample(&r, e);
}

static void update(struct sae_trainer *t, const struct sae_loss *loss, double norm,
                   double lr, struct pool *pool)
{
    const struct sae_train_config *c = &t->cfg;
    const double clip = norm > c->clip ? c->clip / (norm + 1e-6) : 1.0;
    const struct adam adam =
        adam_factors(lr, c->beta1, c->beta2, c->eps, 0.0, clip, t->step + 1);
    sae_step_adam_f32(t->scratch, &adam, &t->g, &t->w, &t->m, &t->v, pool);
    if (t->times) {
        sae_step_times_f32(t->scratch, t->times);
    }
    track_threshold(t, loss->least);
    track_silence(t);
    if ((t->s->arch->has & SAE_HAS_ANNEAL) != 0) {
        sae_schedule_anneal(&t->schedule, c, t->step, loss->penalty,
                            loss->next_penalty);
    }
}

void sae_trainer_time(struct sae_trainer *t, struct sae_times *times)
{
    t->times = times;
    t->scratch->timed = times != NULL;
}

enum err sae_trainer_step(struct sae_trainer *t, const float *x, struct pool *pool,
                          struct sae_step_info *info, struct errinfo *e)
{
    struct sae_loss loss;
    const size_t n_dead = list_dead(t);
    const struct sae_now at = now(t, n_dead);
    t->scratch->density = t->schedule.density;
    TRY(sae_step_grad_f32(t->scratch, &t->w, x, &at, pool, &t->g, &loss, e));
    const double norm = sae_step_project_f32(t->scratch, &t->w, &t->g, pool);
    *info = (struct sae_step_info){
        .loss = loss.loss,
        .mse = loss.mse,
        .aux_loss = loss.aux,
        .sparsity_loss = loss.sparsity,
        .l0 = loss.l0,
        .explained_variance = loss.explained_variance,
        .dead_fraction = (double)n_dead / (double)t->s->F,
        .grad_norm = norm,
        .lr = sae_lr_at(&t->cfg, t->step),
        .finite = isfinite(loss.loss) && isfinite(norm),
    };
    if (!info->finite) {
        return OK;
    }
    t->schedule.density = t->scratch->density;
    update(t, &loss, norm, info->lr, pool);
    info->dead_fraction = (double)list_dead(t) / (double)t->s->F;
    TRY(resample_due(t, e));
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

enum err sae_trainer_prepare(const struct sae_trainer *t,
                             const struct sae_train_config *cfg, double k,
                             struct sae_tuning *out, struct errinfo *e)
{
    const struct sae *s = t->s;
    struct sae_tuning n = {.cfg = *cfg, .k = k};
    TRY(config_check(cfg, t->B, e));
    TRY(decoder_check(cfg, s->arch, e));
    if (!sae_k_fits(s->arch, k, s->F)) {
        return err_set(e, ERR_USAGE, "k is %.10g, expected 1 to %zu", k, s->F);
    }
    TRY(settle_hyper(s, k, &n.cfg, e));
    TRY(sae_step_new_f32(s->arch, s->D, s->F, &n.cfg.hyper, t->B, &n.scratch, e));
    n.scratch->projects = true;
    n.scratch->timed = t->times != NULL;
    *out = n;
    return OK;
}

void sae_trainer_apply(struct sae_trainer *t, struct sae_tuning *tuning)
{
    struct sae_step_f32 *const old = t->scratch;
    t->cfg = tuning->cfg;
    t->s->k = tuning->k;
    t->scratch = tuning->scratch;
    tuning->scratch = old;
}

void sae_tuning_free(struct sae_tuning *tuning)
{
    sae_step_free_f32(tuning->scratch);
    tuning->scratch = NULL;
}

/* Returns a name for an architecture's vector, since its own may be that of another
 * tensor. */
static const char *vector_name(const struct sae_arch *a, size_t i)
{
    static const char *const names[][2] = {
        {"threshold", "weights.threshold"},
        {"r_mag", "weights.r_mag"},
        {"b_mag", "weights.b_mag"},
    };
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        if (strcmp(names[n][0], a->vector[i].name) == 0) {
            return names[n][1];
        }
    }
    return i == 0 ? "weights.extra_0" : "weights.extra_1";
}

size_t sae_trainer_state(struct sae_trainer *t, struct sae_state_array *out, size_t cap)
{
    const size_t count = t->s->count, F = t->s->F;
    const size_t doubles = sizeof t->schedule / sizeof(double);
    struct sae_state_array all[4 + SAE_EXTRA_MAX] = {
        {"adam_m", t->m.arena, count * sizeof(float), false, count},
        {"adam_v", t->v.arena, count * sizeof(float), false, count},
        {"silent_steps", t->silent, F * sizeof(int64_t), true, F},
        {"schedule", &t->schedule, sizeof t->schedule, true, doubles},
    };
    size_t n = 4;
    for (size_t i = 0; i < t->s->arch->extra; i++) {
        all[n++] =
            (struct sae_state_array){vector_name(t->s->arch, i), t->s->extra + i * F,
                                     F * sizeof(float), false, F};
    }
    for (size_t i = 0; i < n && i < cap; i++) {
        out[i] = all[i];
    }
    return n;
}

enum err sae_trainer_check_state(const struct sae_trainer *t, struct errinfo *e)
{
    for (size_t i = 0; i < t->s->count; i++) {
        const double m = (double)t->m.arena[i], v = (double)t->v.arena[i];
        if (!isfinite(m) || !isfinite(v) || v < 0) {
            return err_set(e, ERR_FORMAT,
                           "adam_m, adam_v: found %g and %g at element %zu, expected "
                           "finite numbers and a mean of squares",
                           m, v, i);
        }
    }
    for (size_t j = 0; j < t->s->F; j++) {
        if (t->silent[j] < 0 || t->silent[j] > t->step) {
            return err_set(e, ERR_FORMAT,
                           "silent_steps: found %lld of latent %zu, expected 0 to the "
                           "%lld steps done",
                           (long long)t->silent[j], j, (long long)t->step);
        }
    }
    return sae_schedule_check(&t->schedule, &t->cfg, e);
}
