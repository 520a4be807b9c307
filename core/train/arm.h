/* One SAE in training: weights, optimizer, its own masked stream. The arms of a run
 * share the inputs and step in turn. Owner thread (the trainer's). */
#ifndef SAETOP_TRAIN_ARM_H
#define SAETOP_TRAIN_ARM_H

#include "sae/sae_train.h"
#include "train/inputs.h"
#include "train/metric.h"

struct arm {
    struct inputs *in; /* borrowed */
    struct sae *sae;
    struct sae_trainer *trainer;
    struct acts_stream *stream;
    struct mask_schedule schedule;
    float *rows; /* [batch,D] of a normalisation by row; else empty */
};

/* An arm at step 0 whose mask rate follows `schedule`. The same seed gives the same
 * weights and text for every schedule. *out: caller owns. */
enum err arm_new(struct inputs *in, const struct mask_schedule *schedule,
                 struct arm **out, struct errinfo *e) ERR_CHECKED;
void arm_free(struct arm *a); /* NULL is fine */

/* A twin: the same weights, optimizer and position in the text, its own constant rate
 * from the buffer in use on. */
enum err arm_fork(const struct arm *a, double rate, struct arm **out,
                  struct errinfo *e) ERR_CHECKED;

/* A constant rate from the next fill of the buffer. Returns the step from which it is
 * trained on. */
int64_t arm_set_rate(struct arm *a, double rate);
/* Rate of the text that is being trained on, and the one that is set. */
double arm_rate_in_use(const struct arm *a);
double arm_rate_set(const struct arm *a);

/* One step. Fills the live measures of *row (not tokens/s, seconds and what evaluation
 * measures). ERR_NUMERIC when the loss is no longer finite: the weights are then the
 * last good ones. */
enum err arm_step(struct arm *a, struct metric_row *row, struct errinfo *e) ERR_CHECKED;

/* The SAE as it is shown and saved: norms folded, and the threshold set to the target
 * L0 on clean text if threshold.target_l0 asks for it. Caller owns. */
enum err arm_freeze(const struct arm *a, struct sae **out,
                    struct errinfo *e) ERR_CHECKED;

int64_t arm_steps_done(const struct arm *a);
/* Raise the planned length; the learning rate's decay moves with it. */
void arm_extend(struct arm *a, int64_t steps);

/* Schedule of the settings: constant, linear or cosine. */
struct mask_schedule arm_schedule(const struct settings *s);

#endif
