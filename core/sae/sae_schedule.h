/* Rates and coefficients that change during a run. Internal to core/sae. */
#ifndef SAETOP_SAE_SCHEDULE_H
#define SAETOP_SAE_SCHEDULE_H

#include "sae/sae_train.h"

#define SAE_ANNEAL_QUEUE 10 /* most steps, and the default */

/* Doubles only, in this order, in trainer_state.safetensors. */
struct sae_schedule {
    double density; /* sae_step's, from the last step */
    double p, next_p;
    double factor; /* of the sparsity weight, from p-anneal */
    double updates;
    double queued; /* how many of `queue`: penalties of the last steps at p and
                      next_p */
    double queue[SAE_ANNEAL_QUEUE][2];
};

void sae_schedule_init(struct sae_schedule *s, const struct sae_arch *arch,
                       const struct sae_train_config *c);
/* Checks that a schedule from a file is one that steps can lead to, as its counts index
 * arrays. ERR_FORMAT. */
enum err sae_schedule_check(const struct sae_schedule *s,
                            const struct sae_train_config *c,
                            struct errinfo *e) ERR_CHECKED;
/* Call after a step (0-based) with its penalties, means over rows at p and next_p:
 * updates p-anneal's history, and its exponent when due (Karvonen et al. 2024,
 * arXiv:2408.00113, as dictionary_learning's PAnnealTrainer). With n updates, update i
 * from 0 comes at the share from + (to - from) i / (n - 1) of the run:
 *   p = 1 + (p_end - 1) i / (n - 1)
 *   factor *= mean of the last penalties at the old p / mean of them at the new one */
void sae_schedule_anneal(struct sae_schedule *s, const struct sae_train_config *c,
                         int64_t step, double penalty, double next_penalty);
/* Draws the widths of the prefixes for a step: floor(least (F / least)^u), u uniform in
 * [0,1), least the narrowest of h; ascending, the last F, as many as h has.
 * Counter-based. Drawing them anew for each batch is from Nabeshima (2024); the
 * distribution is ours. */
void sae_schedule_widths(const struct sae_hyper *h, uint64_t seed, int64_t step,
                         size_t *width);

#endif
