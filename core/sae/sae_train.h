/* One optimizer step of an SAE, sparse after the encoder product.
 *
 * Order of a step (dictionary_learning's): forward, AuxK on dead latents, gradients,
 * with a unit decoder projected off its rows, global clip, Adam, rows scaled to norm 1.
 * Formulas and sources: in the files of the architectures (sae_topk.c, sae_standard.c,
 * ...). */
#ifndef SAETOP_SAE_TRAIN_H
#define SAETOP_SAE_TRAIN_H

#include "sae/sae.h"
#include "sae/sae_times.h"

enum sae_lr_schedule {
    SAE_LR_LINEAR, /* to 0 from decay_from on */
    SAE_LR_COSINE, /* half a cosine to a tenth over the run, and to 0 from decay_from on
                      (SAELens' cosineannealing) */
};

struct sae_train_config {
    struct sae_hyper hyper; /* k is the SAE's; groups 0: dictionary_learning's five */
    double lr, beta1, beta2, eps;
    double clip;           /* global L2 norm, 1.0 */
    int64_t steps;         /* planned length; may be raised (extend) */
    int64_t warmup;        /* linear from 1/warmup to 1 */
    bool warmup_from_zero; /* from 0, one step later (dictionary_learning) */
    enum sae_lr_schedule lr_schedule;
    double
        decay_from; /* share of the run after which lr falls linearly to 0; 1: never */
    int64_t coef_warmup; /* steps in which the sparsity weight rises from 0 */
    enum sae_dead dead;
    double aux_coef;        /* AuxK weight, 1/32; 0: none */
    size_t aux_k;           /* 0: D / 2 */
    int64_t dead_after;     /* steps without firing */
    int64_t resample_every; /* steps; SAE_DEAD_RESAMPLE */
    enum sae_resample_form resample_form;
    uint64_t seed;       /* of resampling and of drawn prefixes */
    double threshold_lr; /* rate of the batch threshold's running average, 0.01; at
                            first a plain mean */
    bool draw_groups;    /* draw new prefixes each step, log-uniform, except the full
                            width */
    /* p-anneal: updates evenly spaced between two shares of the run, in which the
     * exponent goes from 1 to p_end. */
    double anneal_from, anneal_to, p_end;
    int64_t anneal_updates, anneal_queue; /* how many; steps whose penalties are
                                             averaged */
};
/* Returns an architecture's configuration; `auto` values are those of its row of the
 * table. */
struct sae_train_config sae_train_defaults_of(const struct sae_arch *arch,
                                              int64_t steps);
/* Returns TopK's. */
struct sae_train_config sae_train_defaults(int64_t steps);
/* Returns the learning rate at a step (0-based) of T: lr times the product of
 *   warm-up  min(1, (step + 1) / warmup), or step / warmup from zero; counted from the
 *            last resampling where there are such (dictionary_learning)
 *   cosine   0.1 + 0.45 (1 + cos(pi step / T))       (SAELens' cosineannealing)
 *   decay    (T - step) / (T - decay_from T) from decay_from T on (both) */
double sae_lr_at(const struct sae_train_config *c, int64_t step);
/* Returns the share of the sparsity weight in use at a step: 0 at step 0, 1 at the end
 * of the warm-up. */
double sae_coef_at(const struct sae_train_config *c, int64_t step);

/* What a step measures, on scaled activations. */
struct sae_step_info {
    double loss, mse, aux_loss;
    double sparsity_loss; /* weighted; 0 without a penalty */
    double l0;
    double explained_variance; /* of this batch */
    double dead_fraction;      /* latents silent for dead_after steps */
    double grad_norm, lr;
    bool finite; /* false: nothing was updated, nor was the step counted */
};

struct sae_step_f32; /* sae_step.h */

/* Optimizer state: Adam moments, counters of silence, scratch. Owner thread. */
struct sae_trainer;
/* Makes a trainer that works on `s` in place (borrowed). B: rows of a batch. */
enum err sae_trainer_new(struct sae *s, const struct sae_train_config *cfg, size_t B,
                         struct sae_trainer **out, struct errinfo *e) ERR_CHECKED;
void sae_trainer_free(struct sae_trainer *t);
/* Does one step on scaled x [B,D]. Same result for any thread count. A loss or gradient
 * that is not finite is reported in info->finite, not as an error. */
enum err sae_trainer_step(struct sae_trainer *t, const float *x, struct pool *pool,
                          struct sae_step_info *info, struct errinfo *e) ERR_CHECKED;
/* From the next step on, adds each step's time to *times (borrowed); NULL: stop. */
void sae_trainer_time(struct sae_trainer *t, struct sae_times *times);
int64_t sae_trainer_step_count(const struct sae_trainer *t);
void sae_trainer_set_steps(struct sae_trainer *t, int64_t steps); /* extend */

/* Another configuration and k from the next step on: learning rate, weights and targets
 * of losses, and the memory of a step. Weights, counts and averages stay. Preparing may
 * fail and changes nothing in the trainer; applying cannot fail; free each one that was
 * prepared. ERR_USAGE as in sae_trainer_new, and for a k that does not fit. */
struct sae_tuning {
    struct sae_train_config cfg;
    double k;
    struct sae_step_f32 *scratch; /* owned until it is applied */
};
enum err sae_trainer_prepare(const struct sae_trainer *t,
                             const struct sae_train_config *cfg, double k,
                             struct sae_tuning *out, struct errinfo *e) ERR_CHECKED;
void sae_trainer_apply(struct sae_trainer *t, struct sae_tuning *tuning);
void sae_tuning_free(struct sae_tuning *tuning);           /* one of zeros is fine */
void sae_trainer_set_lr(struct sae_trainer *t, double lr); /* only lr */
/* Makes a twin: a copy of the weights (new sae) and of the whole optimizer state. */
enum err sae_trainer_fork(const struct sae_trainer *t, struct sae **sae_out,
                          struct sae_trainer **out, struct errinfo *e) ERR_CHECKED;
/* What a trainer and its SAE need, for the estimate before a run: by its settings, and
 * with a block of pre-activations for every CPU. */
struct sae_need {
    size_t numbers; /* weights of the SAE */
    size_t bytes;   /* of all memory */
};
struct sae_need sae_trainer_needs(const struct sae_trainer *t);
/* The same before there is a trainer. ERR_LIMIT for sizes out of range, ERR_USAGE for
 * prefixes that do not fit. */
enum err sae_train_needs(const struct sae_arch *arch, size_t D, size_t F, double k,
                         const struct sae_train_config *cfg, size_t B,
                         struct sae_need *out, struct errinfo *e) ERR_CHECKED;

/* The optimizer state in named arrays, for trainer_state.safetensors: borrowed pointers
 * to save from, or to fill when resuming. With W_enc, W_dec, b_enc, b_dec, the
 * threshold and the step count they are the whole state: further steps give the same
 * bytes. "weights.NAME" are the architecture's own vectors; "schedule" holds doubles
 * (bits in an i64 array): density of the last step, p-anneal's exponents, factor and
 * history. Draws are counter-based and have no state. */
struct sae_state_array {
    const char *name;
    void *data;
    size_t bytes;
    bool is_i64; /* else f32 */
    size_t count;
};
/* Returns how many there are; writes the first `cap` to out. */
size_t sae_trainer_state(struct sae_trainer *t, struct sae_state_array *out,
                         size_t cap);
/* Checks that what was filled into these arrays is a state that steps can lead to, so
 * that a file's numbers can be trusted afterwards: ERR_FORMAT names the array. */
enum err sae_trainer_check_state(const struct sae_trainer *t,
                                 struct errinfo *e) ERR_CHECKED;
void sae_trainer_set_step_count(struct sae_trainer *t, int64_t step);

#endif
