/* Remarks where the parameters of an SAE and measurements of it disagree.
 * Any thread. */
#ifndef SAETOP_SAE_SAE_REMARKS_H
#define SAETOP_SAE_SAE_REMARKS_H

#include "base/remarks.h"
#include "sae/sae.h"

/* Measures of an SAE on some text. NaN: not measured. */
struct sae_measured {
    double l0;   /* active latents per token */
    double dead; /* share of latents that never fire */
};

/* Adds remarks to out: a threshold that was never set, an L0 far from k, latents that
 * hardly ever fire. `says_k`: k is the SAE's own, not a stand-in for an unknown one. m
 * may be NULL: nothing was measured. O(F). */
void sae_remarks(const struct sae *s, bool says_k, const struct sae_measured *m,
                 struct remarks *out);

#endif
