#include "train/arm.h"

#include "base/mem.h"
#include "train/also.h"
#include "train/settings_arch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct mask_schedule arm_schedule(const struct settings *s)
{
    return (struct mask_schedule){
        .kind = (enum mask_schedule_kind)s->mask_schedule,
        .start = s->mask_rate,
        .end = s->mask_rate_end,
        .steps = s->mask_schedule_steps ? s->mask_schedule_steps : s->steps,
    };
}

static enum err start_sae(struct arm *a, struct errinfo *e)
{
    struct inputs *in = a->in;
    const struct settings *s = &a->set;
    const size_t D = inputs_width(in);
    TRY(inputs_check_arm(in, s, e));
    TRY(inputs_can_mask(in, fmax(a->schedule.start, a->schedule.end), e));
    TRY(sae_new(sae_arch_find(s->arch), D, (size_t)s->width, s->k, &a->sae, e));
    a->sae->norm = settings_norm(s);
    a->sae->scale = in->scale;
    a->sae->apply_b_dec = s->apply_b_dec;
    sae_init_weights(a->sae, settings_weights_seed(s));
    memcpy(a->sae->b_dec, in->b_dec, D * sizeof *in->b_dec);

    struct sae_train_config tc;
    TRY(settings_train_config(s, &tc, e));
    sae_init_arch(a->sae, s->decoder_init, &tc.hyper);
    TRY(mem_new(&a->rows, a->sae->norm == SAE_NORM_SCALE ? 0 : (size_t)s->batch * D,
                sizeof *a->rows, "normalised activations", e));
    return sae_trainer_new(a->sae, &tc, (size_t)s->batch, &a->trainer, e);
}

static enum err start_source(struct arm *a, struct errinfo *e)
{
    TRY(inputs_source(a->in, &a->set, &a->source, e));
    source_set_rate(a->source, mask_rate_at(&a->schedule, 0));
    return OK;
}

static enum err start(struct inputs *in, const struct settings *set, bool bare,
                      struct arm **out, struct errinfo *e)
{
    struct arm *a = NULL;
    TRY(mem_new(&a, 1, sizeof *a, "arm", e));
    a->in = in;
    a->set = *set;
    a->schedule = arm_schedule(set);
    a->state = (struct arm_state){
        .rate_when_on = set->mask_rate > 0      ? set->mask_rate
                        : in->set.mask_rate > 0 ? in->set.mask_rate
                                                : inputs_usual_rate(in),
        .applies_from = 1,
        .forked_at = -1,
        .first_steps = set->steps,
        .best = (double)NAN,
    };
    enum err rc = start_sae(a, e);
    rc = rc == OK && !bare ? start_source(a, e) : rc;
    if (rc != OK) {
        arm_free(a);
        return rc;
    }
    *out = a;
    return OK;
}

enum err arm_new(struct inputs *in, const struct settings *set, struct arm **out,
                 struct errinfo *e)
{
    return start(in, set, false, out, e);
}

enum err arm_new_bare(struct inputs *in, const struct settings *set, struct arm **out,
                      struct errinfo *e)
{
    return start(in, set, true, out, e);
}

void arm_free(struct arm *a)
{
    if (a) {
        source_free(a->source);
        sae_trainer_free(a->trainer);
        sae_free(a->sae);
        mem_free(a->rows);
        mem_free(a);
    }
}

enum err arm_fork(const struct arm *a, double rate, struct arm **out, struct errinfo *e)
{
    struct arm *b = NULL;
    TRY(mem_new(&b, 1, sizeof *b, "arm", e));
    b->in = a->in;
    b->set = a->set;
    b->state = a->state;
    b->state.rate_when_on = rate > 0 ? rate : a->state.rate_when_on;
    b->state.applies_from = arm_steps_done(a) + 1;
    b->state.forked_at = arm_steps_done(a);
    b->state.pending = 0;
    b->schedule = (struct mask_schedule){.kind = MASK_CONSTANT, .start = rate};
    const size_t rows = a->sae->norm == SAE_NORM_SCALE ? 0 : (size_t)a->in->set.batch;
    enum err rc = mem_new(&b->rows, rows * a->sae->D, sizeof *b->rows,
                          "normalised activations", e);
    if (rc == OK) {
        rc = sae_trainer_fork(a->trainer, &b->sae, &b->trainer, e);
    }
    if (rc == OK) {
        rc = source_fork(a->source, rate, &b->source, e);
    }
    if (rc != OK) {
        arm_free(b);
        return rc;
    }
    *out = b;
    return OK;
}

int64_t arm_set_rate(struct arm *a, double rate)
{
    a->schedule = (struct mask_schedule){.kind = MASK_CONSTANT, .start = rate};
    source_set_rate(a->source, rate);
    a->state.pending = 0; /* a rate set now holds until it is set again */
    a->state.applies_from = arm_steps_done(a) + (int64_t)source_lag(a->source) + 1;
    if (rate > 0) {
        a->state.rate_when_on = rate;
    }
    return a->state.applies_from;
}

double arm_rate_in_use(const struct arm *a)
{
    return source_stats(a->source).rate;
}

double arm_rate_set(const struct arm *a)
{
    return mask_rate_at(&a->schedule, arm_steps_done(a));
}

enum err arm_step(struct arm *a, struct metric_row *row, struct errinfo *e)
{
    const float *x = NULL;
    struct sae_step_info info;
    source_set_rate(a->source, arm_rate_set(a));
    TRY(source_next(a->source, &x, e));
    if (a->sae->norm != SAE_NORM_SCALE) {
        sae_normalise(a->sae->norm, 1.0f, a->sae->D, x, (size_t)a->in->set.batch,
                      a->rows, NULL);
        x = a->rows;
    }
    TRY(sae_trainer_step(a->trainer, x, a->in->pool, &info, e));
    if (!info.finite) {
        return err_set(e, ERR_NUMERIC,
                       "the loss is no longer finite at step %lld (learning rate %g); "
                       "the weights are those of the step before",
                       (long long)arm_steps_done(a) + 1, info.lr);
    }
    const struct stream_stats st = source_stats(a->source);
    row->v[METRIC_STEP] = (double)arm_steps_done(a);
    row->v[METRIC_TOKENS] = (double)st.vectors_served;
    row->v[METRIC_MASK_RATE] = st.rate;
    row->v[METRIC_LOSS] = info.loss;
    row->v[METRIC_MSE] = info.mse;
    row->v[METRIC_AUX_LOSS] = info.aux_loss;
    row->v[METRIC_SPARSITY_LOSS] = info.sparsity_loss;
    row->v[METRIC_L0] = info.l0;
    row->v[METRIC_DEAD] = info.dead_fraction;
    row->v[METRIC_LR] = info.lr;
    row->v[METRIC_MASKED] = st.masked_fraction;
    row->v[METRIC_READ] = (double)st.tokens_read;
    row->v[METRIC_EV_BATCH] = info.explained_variance;
    row->v[METRIC_GRAD] = info.grad_norm;
    return OK;
}

enum err arm_freeze(const struct arm *a, struct sae **out, struct errinfo *e)
{
    const struct inputs *in = a->in;
    struct sae *s = NULL;
    TRY(sae_copy(a->sae, &s, e));
    enum err rc = OK;
    /* calibrate_l0 is set for the whole run, some of whose arms may have no such
     * setting. */
    const bool has = setting_applies(sae_arch_name(s->arch), setting_key.calibrate_l0);
    if (has && in->set.calibrate_l0 > 0 && in->n_clean > 0) {
        rc =
            sae_calibrate(s, in->clean, in->n_clean, in->set.calibrate_l0, in->pool, e);
    }
    if (rc != OK) {
        sae_free(s);
        return rc;
    }
    *out = s;
    return OK;
}

int64_t arm_steps_done(const struct arm *a)
{
    return sae_trainer_step_count(a->trainer);
}

void arm_extend(struct arm *a, int64_t steps)
{
    a->set.steps = steps;
    if (a->schedule.kind != MASK_CONSTANT && !a->set.mask_schedule_steps) {
        a->schedule.steps = steps;
    }
    sae_trainer_set_steps(a->trainer, steps);
}

void arm_set_lr(struct arm *a, double lr)
{
    a->set.lr = lr;
    sae_trainer_set_lr(a->trainer, lr);
}

/* Writes the settings that differ: "lr 0.002 -> 0.001, k 4 -> 8". */
static void say_tuned(const struct settings *was, const struct settings *is, char *out,
                      size_t cap)
{
    size_t n = 0, len = 0;
    const struct setting_def *t = settings_table(&n);
    struct str a, b;
    str_init(&a, SETTING_TEXT_MAX);
    str_init(&b, SETTING_TEXT_MAX);
    out[0] = '\0';
    for (size_t i = 0; i < n && len < cap; i++) {
        str_clear(&a);
        str_clear(&b);
        settings_print(was, &t[i], &a);
        settings_print(is, &t[i], &b);
        if (t[i].tunable && a.len > 0 && b.len > 0 && strcmp(a.p, b.p) != 0) {
            len += (size_t)snprintf(out + len, cap - len, "%s%s %s -> %s",
                                    len > 0 ? ", " : "", t[i].key, a.p, b.p);
        }
    }
    str_free(&a);
    str_free(&b);
}

enum err arm_prepare(const struct arm *a, const char *pairs, struct arm_tuning *out,
                     struct errinfo *e)
{
    struct sae_train_config tc;
    struct arm_tuning n = {.said = ""};
    TRY(tuned_settings(&a->set, pairs, &n.set, e));
    inputs_resolve(a->in, &n.set);
    TRY(inputs_check_arm(a->in, &n.set, e));
    TRY(settings_train_config(&n.set, &tc, e));
    say_tuned(&a->set, &n.set, n.said, sizeof n.said);
    if (n.said[0] == '\0') {
        return err_set(e, ERR_USAGE, "tune: %.80s is what it is already", pairs);
    }
    TRY(sae_trainer_prepare(a->trainer, &tc, n.set.k, &n.trainer, e));
    *out = n;
    return OK;
}

void arm_apply(struct arm *a, struct arm_tuning *tuning)
{
    a->set = tuning->set;
    sae_trainer_apply(a->trainer, &tuning->trainer);
}

void arm_tuning_free(struct arm_tuning *tuning)
{
    sae_tuning_free(&tuning->trainer);
}
