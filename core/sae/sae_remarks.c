#include "sae/sae_remarks.h"

#include "sae/sae_arch.h"

#include <math.h>
#include <stdio.h>

/* If L0 and k differ by more than this factor, the text cannot be the only reason. */
#define FAR_FROM_K 2.0

#define MANY_DEAD 0.9

#define SETS_IT "`threshold.target_l0` sets it"

/* Whether every threshold is 0, as before the first step of training: then every
 * positive pre-activation counts. */
static bool never_set(const struct sae *s)
{
    if (s->arch->infer == SAE_INFER_THRESHOLD) {
        return s->threshold <= 0;
    }
    bool none = s->arch->infer == SAE_INFER_JUMP;
    for (size_t j = 0; none && j < s->F; j++) {
        none = s->extra[j] <= 0.0f;
    }
    return none;
}

/* Writes "k 8, L0 122: ", as far as they are known and comparable. */
static const char *figures(const struct sae *s, bool says_k, double l0, char out[64])
{
    const bool k = says_k && (s->arch->has & SAE_HAS_K) != 0;
    char l0_text[32] = "";
    if (isfinite(l0)) {
        snprintf(l0_text, sizeof l0_text, "%sL0 %.3g", k ? ", " : "", l0);
    }
    out[0] = '\0';
    if (k) {
        snprintf(out, 64, "k %.6g%s: ", s->k, l0_text);
    } else if (l0_text[0]) {
        snprintf(out, 64, "%s: ", l0_text);
    }
    return out;
}

static bool is_far(double l0, double k)
{
    return isfinite(l0) && (l0 > FAR_FROM_K * k || l0 < k / FAR_FROM_K);
}

void sae_remarks(const struct sae *s, bool says_k, const struct sae_measured *m,
                 struct remarks *out)
{
    const double l0 = m ? m->l0 : (double)NAN;
    char text[64];
    figures(s, says_k, l0, text);
    if (never_set(s)) {
        remarks_add(out,
                    "%sthe threshold was never set, so every positive activation "
                    "counts; " SETS_IT,
                    text);
    } else if (says_k && (s->arch->has & SAE_HAS_K) != 0 && is_far(l0, s->k)) {
        remarks_add(out, "%s%s", text,
                    s->arch->infer == SAE_INFER_THRESHOLD
                        ? "the threshold does not give k on this text; " SETS_IT
                        : "fewer activations are positive than are kept");
    }
    if (m && m->dead >= MANY_DEAD) {
        remarks_add(out, "%.0f of %zu latents never fire on this text",
                    m->dead * (double)s->F, s->F);
    }
}
