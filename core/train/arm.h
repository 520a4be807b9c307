/* One SAE in training: weights, optimizer, its own masked stream. The arms of a run
 * share the inputs and step in turn. Owner thread (the trainer's). */
#ifndef SAETOP_TRAIN_ARM_H
#define SAETOP_TRAIN_ARM_H

#include "sae/sae_train.h"
#include "train/inputs.h"
#include "train/metric.h"

/* What a run saves of an arm besides its weights, optimizer, schedule and place in the
 * text. X(type, field) */
#define ARM_STATE_LIST(X)                                                              \
    X(double, rate_when_on)  /* the rate when masking is switched on again */          \
    X(int64_t, applies_from) /* step from which the latest rate is trained on */       \
    X(int64_t, pending)      /* 1: the two below wait for their step */                \
    X(double, pending_rate)                                                            \
    X(int64_t, pending_at)                                                             \
    X(int64_t, forked_at)   /* -1: from step 0 */                                      \
    X(int64_t, first_steps) /* length planned at the start */                          \
    X(double, seconds)      /* of training, at the last save */                        \
    X(double, best)         /* value of checkpoint.best so far; NaN: none yet */       \
    X(int64_t, owes_eval)   /* 1: a due evaluation was interrupted */

struct arm_state {
#define ARM_STATE_FIELD(type, field) type field;
    ARM_STATE_LIST(ARM_STATE_FIELD)
#undef ARM_STATE_FIELD
};

struct arm {
    struct inputs *in;   /* borrowed */
    struct settings set; /* resolved; the run's, except for the arm's own */
    struct sae *sae;
    struct sae_trainer *trainer;
    struct acts_source *source;
    struct mask_schedule schedule;
    float *rows; /* [batch,D] for normalisation by row; else empty */
    struct arm_state state;
};

/* Makes an arm at step 0 with settings of its own (resolved: inputs_resolve). The same
 * seed gives the same text and order of batches for every masking, and the same
 * seed.weights the same weights and order of batches. ERR_USAGE when the settings do
 * not fit together. *out: caller owns. */
enum err arm_new(struct inputs *in, const struct settings *set, struct arm **out,
                 struct errinfo *e) ERR_CHECKED;
/* Makes an arm without a source, only for timing its trainer's steps. */
enum err arm_new_bare(struct inputs *in, const struct settings *set, struct arm **out,
                      struct errinfo *e) ERR_CHECKED;
void arm_free(struct arm *a); /* NULL is fine */

/* Makes a twin: the same weights, optimizer and position in the text, with a constant
 * rate of its own from the buffer in use on. */
enum err arm_fork(const struct arm *a, double rate, struct arm **out,
                  struct errinfo *e) ERR_CHECKED;

/* Sets a constant rate from the next fill of the buffer on. Returns the step from which
 * it is trained on. */
int64_t arm_set_rate(struct arm *a, double rate);
/* Return the rate of the text in training, and the rate that is set. */
double arm_rate_in_use(const struct arm *a);
double arm_rate_set(const struct arm *a);

/* Does one step. Fills the live measures of *row (not tokens/s, seconds or the measures
 * of evaluation). ERR_NUMERIC when the loss is no longer finite: the weights are then
 * the last good ones. */
enum err arm_step(struct arm *a, struct metric_row *row, struct errinfo *e) ERR_CHECKED;

/* Copies the SAE as shown and saved: norms folded, and the threshold set for the target
 * L0 on clean text if threshold.target_l0 asks for it. Caller owns. */
enum err arm_freeze(const struct arm *a, struct sae **out,
                    struct errinfo *e) ERR_CHECKED;

int64_t arm_steps_done(const struct arm *a);
/* Raises the planned length; the learning rate's decay moves with it, as does a mask
 * schedule over the whole run. */
void arm_extend(struct arm *a, int64_t steps);
void arm_set_lr(struct arm *a, double lr);

/* A change of settings during training, "lr=0.001,k=8" (tuned_settings), from the next
 * step on. arm_prepare may fail and changes nothing in the arm; arm_apply cannot fail;
 * free it either way. ERR_USAGE for settings that may not change, do not apply to the
 * architecture or do not fit the rest, and if nothing would change. */
struct arm_tuning {
    struct settings set;
    struct sae_tuning trainer;
    char said[256]; /* "lr 0.002 -> 0.001, k 4 -> 8"; cut where too long */
};
enum err arm_prepare(const struct arm *a, const char *pairs, struct arm_tuning *out,
                     struct errinfo *e) ERR_CHECKED;
void arm_apply(struct arm *a, struct arm_tuning *tuning);
void arm_tuning_free(struct arm_tuning *tuning); /* one of zeros is fine */

/* Returns the schedule of the settings: constant, linear or cosine. */
struct mask_schedule arm_schedule(const struct settings *s);

#endif
