#include "train/settings_arch.h"

#include "base/nearest.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool setting_applies(const char *arch, const char *key)
{
    const struct sae_arch *a = sae_arch_find(arch);
    const struct setting_def *d = setting_find(key);
    return !a || !d || d->needs == 0 || (d->needs & sae_arch_has(a)) != 0;
}

static enum err check_dead(const struct settings *s, unsigned has, struct errinfo *e)
{
    const bool wrong = (s->dead == DEAD_AUXK && (has & SAE_HAS_AUXK) == 0) ||
                       (s->dead == DEAD_RESAMPLE && (has & SAE_HAS_RESAMPLE) == 0);
    return wrong && settings_named(s, setting_key.dead)
               ? err_set(e, ERR_USAGE, "dead: arch %s has no %s", s->arch,
                         s->dead == DEAD_AUXK ? "auxk" : "resample")
               : OK;
}

/* Returns ERR_USAGE for settings that would move a random decoder, which stays at its
 * first unit vectors. Settings inherited from another arm are dropped instead
 * (settings_resolve_arch). */
static enum err check_random(const struct settings *s, const struct sae_arch *arch,
                             struct errinfo *e)
{
    if (s->decoder != DECODER_RANDOM) {
        return OK;
    }
    if (sae_arch_is_tied(arch)) {
        return settings_blame(
            s, setting_key.decoder,
            err_set(e, ERR_USAGE,
                    "decoder=random: arch %s trains its decoder as its encoder, "
                    "expected another arch",
                    s->arch),
            e);
    }
    if (s->dead == DEAD_RESAMPLE && settings_named(s, setting_key.dead)) {
        return err_set(e, ERR_USAGE,
                       "dead=resample: it moves rows of the decoder, which "
                       "decoder=random keeps; expected leave%s",
                       (sae_arch_has(arch) & SAE_HAS_AUXK) != 0 ? " or auxk" : "");
    }
    return s->decoder_init != 1.0 && settings_named(s, setting_key.decoder_init) &&
                   isfinite(s->decoder_init)
               ? err_set(e, ERR_USAGE,
                         "decoder_init is %.10g, expected 1: decoder=random keeps unit "
                         "vectors",
                         s->decoder_init)
               : OK;
}

/* Checks k: whole if each row has k latents; over a batch k B, rounded, must be at
 * least 1. */
static enum err check_k(const struct settings *s, const struct sae_arch *arch,
                        struct errinfo *e)
{
    if (sae_arch_by_batch(arch)) {
        return round(s->k * (double)s->batch) >= 1
                   ? OK
                   : err_set(e, ERR_USAGE,
                             "k is %.10g, nothing of a batch of %lld tokens", s->k,
                             (long long)s->batch);
    }
    return (sae_arch_has(arch) & SAE_HAS_K) == 0 || (s->k >= 1 && floor(s->k) >= s->k)
               ? OK
               : err_set(e, ERR_USAGE,
                         "k is %.10g, expected a whole number: arch %s takes k of each "
                         "token (batchtopk and matryoshka take k on average)",
                         s->k, s->arch);
}

/* Checks jumprelu's losses: only the quadratic ones have a target, and only tanh has a
 * scale. */
static enum err check_jump(const struct settings *s, unsigned has, struct errinfo *e)
{
    const bool targets =
        s->jump_loss == SAE_JUMP_QUADRATIC || s->jump_loss == SAE_JUMP_QUADRATIC_ROWS;
    const struct {
        const char *key, *only;
        bool has;
    } keys[] = {
        {setting_key.k, "quadratic or quadratic_rows; here l0 sets the sparsity",
         targets},
        {setting_key.target_l0,
         "quadratic or quadratic_rows; here l0 sets the sparsity", targets},
        {setting_key.tanh_scale, "tanh", s->jump_loss == SAE_JUMP_TANH},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if ((has & SAE_HAS_JUMP) != 0 && !keys[i].has &&
            settings_named(s, keys[i].key)) {
            return err_set(e, ERR_USAGE, "%s: only with jumprelu.loss=%s", keys[i].key,
                           keys[i].only);
        }
    }
    return OK;
}

enum err settings_check_arch(const struct settings *s, struct errinfo *e)
{
    const struct sae_arch *arch = sae_arch_find(s->arch);
    if (!arch) {
        char hint[NEAREST_HINT];
        return settings_blame(
            s, setting_key.arch,
            err_set(e, ERR_USAGE, "arch: found '%.60s', expected one of: %s%s", s->arch,
                    sae_arch_names(), nearest_hint(s->arch, sae_arch_names(), hint)),
            e);
    }
    const unsigned has = sae_arch_has(arch);
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        if (!setting_applies(s->arch, t[i].key) && settings_named(s, t[i].key)) {
            return err_set(e, ERR_USAGE, "%s: does not apply to arch %s", t[i].key,
                           s->arch);
        }
    }
    TRY(check_jump(s, has, e));
    if ((has & SAE_HAS_ANNEAL) != 0 && s->anneal_to < s->anneal_from) {
        return settings_blame(s, setting_key.anneal_to,
                              err_set(e, ERR_USAGE,
                                      "p_anneal.to is %.10g, expected p_anneal.from "
                                      "(%.10g) or more",
                                      s->anneal_to, s->anneal_from),
                              e);
    }
    TRY(settings_blame(s, setting_key.k, check_k(s, arch, e), e));
    TRY(check_random(s, arch, e));
    return check_dead(s, has, e);
}

static void fill(double *value, double is_auto)
{
    *value = isnan(*value) ? is_auto : *value;
}

static void resolve_jump(struct settings *s)
{
    const bool is_tanh = s->jump_loss == SAE_JUMP_TANH;
    /* For activations of the norm sqrt(D), whose latents reach a few units: the window
     * has to hold some of them for a threshold to move. A threshold of theta removes
     * entries that are worth theta^2 or less, so it must reach sqrt(l0), and Adam moves
     * it by at most lr a step: from 0.1 a run of 500 steps would end on the way there.
     * The gradient of tanh(4 f) vanishes from f = 0.5, so that must start below. */
    fill(&s->bandwidth, 2.0);
    fill(&s->init_threshold, is_tanh ? 0.1 : 1.0);
    fill(&s->pre_act, is_tanh ? 3e-6 : 0.0);
    fill(&s->target_l0, s->k);
}

void settings_resolve_arch(struct settings *s)
{
    const struct sae_arch *arch = sae_arch_find(s->arch);
    if (!arch) {
        return;
    }
    const struct sae_auto *a = sae_arch_auto(arch);
    const unsigned has = sae_arch_has(arch);
    /* Half the steps, the same way for thresholds to go: see resolve_jump. */
    const bool is_hurried = (has & SAE_HAS_JUMP) != 0 && s->steps < 1000;
    fill(&s->lr, is_hurried ? 2 * a->lr : a->lr);
    fill(&s->adam_beta1, a->beta1);
    if (s->decoder == DECODER_AUTO) {
        s->decoder = a->decoder == SAE_DECODER_FREE ? DECODER_FREE : DECODER_UNIT;
    }
    const bool is_random = s->decoder == DECODER_RANDOM;
    fill(&s->decoder_init, a->decoder_norm);
    if (is_random && !settings_named(s, setting_key.decoder_init)) {
        s->decoder_init = 1.0;
    }
    const bool cannot =
        (s->dead == DEAD_AUXK && (has & SAE_HAS_AUXK) == 0) ||
        (s->dead == DEAD_RESAMPLE && ((has & SAE_HAS_RESAMPLE) == 0 || is_random));
    /* A remedy that was asked for is refused instead (settings_check_arch). */
    if (s->dead == DEAD_AUTO || (cannot && !settings_named(s, setting_key.dead))) {
        s->dead = a->dead == SAE_DEAD_AUXK       ? DEAD_AUXK
                  : a->dead == SAE_DEAD_RESAMPLE ? DEAD_RESAMPLE
                                                 : DEAD_LEAVE;
    }
    if ((has & SAE_HAS_L1) != 0) {
        fill(&s->l1, a->coef);
    }
    if ((has & SAE_HAS_JUMP) != 0) {
        fill(&s->l0, a->coef);
        resolve_jump(s);
    }
    if ((has & (SAE_HAS_L1 | SAE_HAS_JUMP)) != 0 && s->coef_warmup < 0) {
        s->coef_warmup = (int64_t)(a->coef_warmup * (double)s->steps);
    }
    if ((has & SAE_HAS_RESAMPLE) != 0 && s->resample_every == 0) {
        s->resample_every = s->steps / 4 > 2 ? s->steps / 4 : 2;
    }
}

void settings_sparsity(const struct settings *s, char *out, size_t cap)
{
    const struct sae_arch *arch = sae_arch_find(s->arch);
    const unsigned has = arch ? sae_arch_has(arch) : 0;
    struct str loss;
    out[0] = '\0';
    if ((has & SAE_HAS_K) != 0) {
        snprintf(out, cap, "k=%.10g", s->k);
    } else if ((has & SAE_HAS_L1) != 0) {
        snprintf(out, cap, "l1=%.4g", s->l1);
    } else if ((has & SAE_HAS_JUMP) != 0) {
        str_init(&loss, SETTING_TEXT_MAX);
        settings_print(s, setting_find(setting_key.jump_loss), &loss);
        snprintf(out, cap, "%s l0=%.4g", loss.p, s->l0);
        str_free(&loss);
    }
}

enum sae_norm settings_norm(const struct settings *s)
{
    return s->normalize == NORM_CONSTANT ? SAE_NORM_CONSTANT
           : s->normalize == NORM_LAYER  ? SAE_NORM_LAYER
                                         : SAE_NORM_SCALE;
}

bool settings_scales(const struct settings *s)
{
    return s->normalize == NORM_EXPECTED;
}

static enum err jump_config(const struct settings *s, struct sae_hyper *h,
                            struct errinfo *e)
{
    h->jump_loss = (enum sae_jump_loss)s->jump_loss;
    h->jump_on_f = s->jump_of == JUMP_OF_ACTS;
    h->ste_to_input = s->jump_ste;
    h->bandwidth = s->bandwidth;
    h->tanh_scale = s->tanh_scale;
    h->target_l0 = s->target_l0;
    h->pre_act = s->pre_act;
    h->init_threshold = s->init_threshold;
    h->coef = s->l0;
    return h->ste_to_input && h->jump_loss == SAE_JUMP_QUADRATIC
               ? err_set(e, ERR_USAGE,
                         "jumprelu.ste_to_input: not with jumprelu.loss=quadratic, "
                         "expected step, tanh or quadratic_rows")
               : OK;
}

static enum sae_decoder decoder_of(const struct settings *s)
{
    return s->decoder == DECODER_FREE     ? SAE_DECODER_FREE
           : s->decoder == DECODER_RANDOM ? SAE_DECODER_RANDOM
                                          : SAE_DECODER_UNIT;
}

static enum err group_config(const struct settings *s, struct sae_hyper *h,
                             struct errinfo *e)
{
    h->aux_by_group = s->group_aux == GROUP_AUX_GROUPS;
    if (h->aux_by_group && h->aux_form != SAE_AUX_SCALED) {
        return err_set(e, ERR_USAGE,
                       "matryoshka.aux=groups: found aux.form=normalised, expected "
                       "scaled");
    }
    return sae_groups_parse(s->groups, s->group_weights,
                            s->group_loss == GROUP_LOSS_MEAN, (size_t)s->width, h, e);
}

enum err settings_train_config(const struct settings *s, struct sae_train_config *out,
                               struct errinfo *e)
{
    const struct sae_arch *arch = sae_arch_find(s->arch);
    const unsigned has = sae_arch_has(arch);
    struct sae_train_config c = sae_train_defaults_of(arch, s->steps);
    c.lr = s->lr;
    c.beta1 = s->adam_beta1;
    c.beta2 = s->adam_beta2;
    c.eps = s->adam_eps;
    c.clip = s->clip;
    c.warmup = s->lr_warmup;
    c.warmup_from_zero = s->lr_warmup_from == WARMUP_FROM_ZERO;
    c.lr_schedule = (enum sae_lr_schedule)s->lr_schedule;
    c.decay_from = s->lr_decay_from;
    c.dead = s->dead == DEAD_AUXK       ? SAE_DEAD_AUXK
             : s->dead == DEAD_RESAMPLE ? SAE_DEAD_RESAMPLE
                                        : SAE_DEAD_LEAVE;
    c.aux_coef = s->aux_coef;
    c.aux_k = (size_t)s->aux_k;
    c.hyper.aux_form = (enum sae_aux_form)s->aux_form;
    c.dead_after = s->dead_after;
    c.seed = settings_weights_seed(s);
    c.threshold_lr = s->threshold_lr;
    c.hyper.decoder = decoder_of(s);
    c.hyper.lp = s->lp;
    c.hyper.lp_root = s->lp_form == LP_ROOT;
    c.hyper.gated_detach = s->gated_detach;
    c.draw_groups = s->group_prefixes == GROUP_PREFIXES_DRAWN;
    c.anneal_from = s->anneal_from;
    c.anneal_to = s->anneal_to;
    c.p_end = s->p_end;
    c.anneal_updates = s->anneal_updates;
    if ((has & (SAE_HAS_L1 | SAE_HAS_JUMP)) != 0) {
        c.coef_warmup = s->coef_warmup;
        c.hyper.coef = s->l1;
    }
    if ((has & SAE_HAS_RESAMPLE) != 0) {
        c.resample_every = s->resample_every;
        c.resample_form = (enum sae_resample_form)s->resample_form;
    }
    if ((has & SAE_HAS_JUMP) != 0) {
        TRY(jump_config(s, &c.hyper, e));
    }
    if ((has & SAE_HAS_GROUPS) != 0) {
        TRY(group_config(s, &c.hyper, e));
    }
    *out = c;
    return OK;
}
