/* Copies, norms and scales: an SAE as shown and saved. */
#include "base/mem.h"
#include "sae/sae_arch.h"

#include <math.h>
#include <string.h>

enum err sae_clone(const struct sae *s, struct sae **out, struct errinfo *e)
{
    struct sae *copy = NULL;
    TRY(sae_new(s->arch, s->D, s->F, s->k, &copy, e));
    copy->norm = s->norm;
    copy->scale = s->scale;
    copy->apply_b_dec = s->apply_b_dec;
    copy->is_free = s->is_free;
    copy->threshold = s->threshold;
    memcpy(copy->arena, s->arena, s->count * sizeof *s->arena);
    *out = copy;
    return OK;
}

enum err sae_copy(const struct sae *s, struct sae **out, struct errinfo *e)
{
    TRY(sae_clone(s, out, e));
    sae_fold(*out);
    return OK;
}

/* Folds a latent: f n and W_dec / n give the same as f and W_dec, so everything that
 * scales the activation is multiplied by the norm. */
static void fold_latent(struct sae *s, size_t j)
{
    const size_t D = s->D;
    double norm2 = 0.0;
    float *dec = s->W_dec + j * D, *enc = s->W_enc + j * D;
    for (size_t d = 0; d < D; d++) {
        norm2 += (double)dec[d] * (double)dec[d];
    }
    const double norm = sqrt(norm2);
    if (fabs(norm - 1.0) < 1e-6) {
        return; /* so that what was saved folded comes back to the bit */
    }
    for (size_t d = 0; d < D; d++) {
        enc[d] = (float)((double)enc[d] * norm);
        dec[d] = norm > 0.0 ? (float)((double)dec[d] / norm) : d == 0 ? 1.0f : 0.0f;
    }
    s->b_enc[j] = (float)((double)s->b_enc[j] * norm);
    for (size_t i = 0; i < s->arch->extra; i++) {
        float *v = s->extra + i * s->F + j;
        *v = s->arch->vector[i].folds ? (float)((double)*v * norm) : *v;
    }
}

void sae_fold(struct sae *s)
{
    for (size_t j = 0; j < s->F && s->is_free; j++) {
        fold_latent(s, j);
    }
    s->is_free = false;
}

/* Finds the normalisation of a row: the factor, the shift before it, and the factor
 * back. */
static void row_norm(enum sae_norm norm, float scale, size_t D, const float *x,
                     double *factor, double *shift, double *back)
{
    double sum = 0.0, sumsq = 0.0;
    *factor = (double)scale;
    *back = 1.0 / *factor;
    *shift = 0.0;
    if (norm == SAE_NORM_SCALE) {
        return;
    }
    for (size_t d = 0; d < D; d++) {
        sum += (double)x[d];
        sumsq += (double)x[d] * (double)x[d];
    }
    if (norm == SAE_NORM_CONSTANT) {
        *factor = sumsq > 0.0 ? sqrt((double)D / sumsq) : 1.0;
        *back = 1.0 / *factor;
        return;
    }
    double spread = 0.0;
    *shift = sum / (double)D;
    for (size_t d = 0; d < D; d++) {
        const double off = (double)x[d] - *shift;
        spread += off * off;
    }
    /* SAELens and OpenAI put it back without the 1e-5 that guards the division. */
    *back = sqrt(spread / (double)(D > 1 ? D - 1 : 1));
    *factor = 1.0 / (*back + 1e-5);
}

void sae_normalise(enum sae_norm norm, float scale, size_t D, const float *x, size_t n,
                   float *y, float *undo)
{
    for (size_t i = 0; i < n; i++) {
        double factor, shift, back;
        row_norm(norm, scale, D, x + i * D, &factor, &shift, &back);
        for (size_t d = 0; d < D; d++) {
            const size_t at = i * D + d;
            y[at] = (float)(((double)x[at] - shift) * factor);
        }
        if (undo) {
            undo[2 * i] = (float)back;
            undo[2 * i + 1] = (float)shift;
        }
    }
}

void sae_centre(struct sae *s)
{
    const bool gated = (sae_arch_has(s->arch) & SAE_HAS_GATE) != 0;
    double sum = 0; /* of what is subtracted before the encoder */
    for (size_t d = 0; d < s->D && s->apply_b_dec; d++) {
        sum += (double)s->b_dec[d];
    }
    for (size_t j = 0; j < s->F; j++) {
        float *row = s->W_enc + j * s->D;
        double mean = 0;
        for (size_t d = 0; d < s->D; d++) {
            mean += (double)row[d] / (double)s->D;
        }
        for (size_t d = 0; d < s->D; d++) {
            row[d] = (float)((double)row[d] - mean);
        }
        s->b_enc[j] = (float)((double)s->b_enc[j] - mean * sum);
        if (gated) {
            /* The magnitude sees h without its gate's bias; keep the difference. */
            float *b_mag = s->extra + s->F + j;
            *b_mag = (float)((double)*b_mag - mean * sum * exp((double)s->extra[j]));
        }
    }
}
