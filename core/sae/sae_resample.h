/* Resamples dead latents (Bricken et al. 2023; dictionary_learning's StandardTrainer):
 * they start again from inputs that are reconstructed badly. Internal to core/sae. */
#ifndef SAETOP_SAE_RESAMPLE_H
#define SAETOP_SAE_RESAMPLE_H

#include "sae/sae_step.h"

struct sae_resample {
    struct sae_params_f32 *w, *m, *v; /* weights and Adam's moments */
    const struct sae_step_f32 *step;  /* the step just done: its inputs and errors */
    enum sae_resample_form form;
    int64_t *silent;      /* [F] steps; set to 0 for those that start again */
    int64_t silent_after; /* silent for more steps: dead */
    uint64_t seed, key;   /* of the draw */
};

/* Resamples dead latents, in order, at most as many as the batch has rows. Each gets a
 * row, drawn without replacement with a chance proportional to the norm of its error.
 * Decoder row: the direction of x - b_dec, or with the form `input` of x. Encoder row:
 * a fifth of the mean norm of living ones times that direction, or times x itself. Bias
 * and moments: 0. Reasons: the encoder sees centred rows; and centring does not depend
 * on the scale of inputs, whose norm is 1 in dictionary_learning and sqrt(D) in saetop.
 * The errors are from before the step's update; dictionary_learning takes them after
 * it, at a step whose rate is 0, which is the same. */
enum err sae_resample(const struct sae_resample *r, struct errinfo *e) ERR_CHECKED;

#endif
