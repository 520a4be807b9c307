/* How well an SAE reconstructs, by distance and by what the model behind it loses. */
#ifndef SAETOP_EVAL_FIDELITY_H
#define SAETOP_EVAL_FIDELITY_H

#include "eval/evalset_priv.h"
#include "sae/sae.h"

/* NaN where there is nothing to measure on. Tokens that are special count nowhere but
 * in the cross-entropies, where their activations stay as they are in every arm. */
struct fidelity {
    double l0;                 /* mean number of active latents */
    double mse;                /* mean ||x - xhat||^2 */
    double explained_variance; /* 1 - sum ||x - xhat||^2 / sum ||x - mean||^2, the mean
                                  over the whole set */
    double ce_sae;             /* nats a token with the reconstruction spliced in */
    double ce_recovered;       /* (zero - sae) / (zero - clean); NaN where erasing
                                  costs nothing */
};

/* fired [F] is set to 1 for each latent that fires on a token that is not special.
 * O(rows T (F D + the rest of the model)). */
enum err fidelity_measure(const struct fidelity_rows *f, const struct sae *s,
                          struct harvester *h, struct pool *pool,
                          const atomic_bool *cancel, uint8_t *fired,
                          struct fidelity *out, struct errinfo *e) ERR_CHECKED;

#endif
