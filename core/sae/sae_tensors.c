#include "sae/sae_tensors.h"

#include "base/mem.h"
#include "sae/sae_arch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum err sae_tensors_new(enum tensors_select select, size_t D, size_t F,
                         struct sae_tensors **out, struct errinfo *e)
{
    size_t count;
    TRY(sae_param_count(sae_arch_find("topk"), D, F, &count, e));
    struct sae_tensors *t = NULL;
    TRY(mem_new(&t, 1, sizeof *t, "an SAE", e));
    const enum err rc = mem_new(&t->arena, count + 2 * F, sizeof(float), "an SAE", e);
    if (rc != OK) {
        mem_free(t);
        return rc;
    }
    t->select = select;
    t->D = D;
    t->F = F;
    t->k = 1;
    t->scale = 1.0;
    t->subtract_b_dec = true;
    t->W_enc = t->arena;
    t->W_dec = t->W_enc + F * D;
    t->b_enc = t->W_dec + F * D;
    t->b_dec = t->b_enc + F;
    float *extra = t->b_dec + D;
    if (select == TENSORS_JUMP) {
        t->threshold = extra;
    } else if (select == TENSORS_GATED) {
        t->b_mag = extra;
        t->r_mag = extra + F;
    }
    *out = t;
    return OK;
}

void sae_tensors_free(struct sae_tensors *t)
{
    if (t) {
        mem_free(t->arena);
        mem_free(t);
    }
}

/* ---- reading ---- */

enum err sae_tensors_sizes(const struct tensorfile *f, const char *name,
                           enum tensors_order order, size_t *D, size_t *F,
                           struct errinfo *e)
{
    const struct tensor_info *t = tensorfile_find(f, name);
    if (!t || t->kind != TENSOR_ARRAY || t->ndim != 2) {
        char found[200];
        return err_set(e, ERR_FORMAT, "%s: %s: found %s, expected a matrix",
                       tensorfile_name(f), name,
                       !t ? "no such tensor"
                       : t->kind != TENSOR_ARRAY
                           ? "something else"
                           : shape_text(t->shape, t->ndim, found));
    }
    *D = t->shape[order == ROWS_LATENTS ? 1 : 0];
    *F = t->shape[order == ROWS_LATENTS ? 0 : 1];
    return OK;
}

static enum err check_finite(const struct tensorfile *f, const char *name,
                             const float *x, size_t n, struct errinfo *e)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            return err_set(e, ERR_FORMAT, "%s: %s: not a finite number at element %zu",
                           tensorfile_name(f), name, i);
        }
    }
    return OK;
}

enum err sae_tensors_vector(struct tensorfile *f, const char *name, size_t n,
                            float *out, struct errinfo *e)
{
    TRY(tensorfile_f32(f, name, &n, 1, out, e));
    return check_finite(f, name, out, n, e);
}

enum err sae_tensors_matrix(const struct sae_tensors *t, struct tensorfile *f,
                            const char *name, enum tensors_order order, float *out,
                            struct errinfo *e)
{
    const size_t D = t->D, F = t->F;
    if (order == ROWS_LATENTS) {
        TRY(tensorfile_f32(f, name, (size_t[]){F, D}, 2, out, e));
        return check_finite(f, name, out, F * D, e);
    }
    float *turned = NULL;
    TRY(mem_new(&turned, D * F, sizeof *turned, name, e));
    enum err rc = tensorfile_f32(f, name, (size_t[]){D, F}, 2, turned, e);
    if (rc == OK) {
        rc = check_finite(f, name, turned, D * F, e);
    }
    for (size_t j = 0; rc == OK && j < F; j++) {
        for (size_t d = 0; d < D; d++) {
            out[j * D + d] = turned[d * F + j];
        }
    }
    mem_free(turned);
    return rc;
}

static bool is_known(const char *name, const char *const *known)
{
    for (; *known; known++) {
        const size_t n = strlen(*known);
        const bool begins = (*known)[n - 1] == '*';
        if (begins ? strncmp(name, *known, n - 1) == 0 : strcmp(name, *known) == 0) {
            return true;
        }
    }
    return false;
}

enum err sae_tensors_known(const struct tensorfile *f, const char *const *known,
                           struct errinfo *e)
{
    for (size_t i = 0; i < tensorfile_count(f); i++) {
        const char *name = tensorfile_at(f, i)->name;
        if (!is_known(name, known)) {
            char list[300] = "";
            size_t at = 0;
            for (const char *const *k = known; *k && at < sizeof list - 40; k++) {
                const int n = snprintf(list + at, sizeof list - at, "%s%s",
                                       k == known ? "" : ", ", *k);
                at += n > 0 ? (size_t)n : 0;
            }
            return err_set(e, ERR_FORMAT,
                           "%s: %.60s: found a tensor that is not understood, expected "
                           "%s",
                           tensorfile_name(f), name, list);
        }
    }
    return OK;
}

enum err sae_tensors_agree(const char *path, const char *key, int64_t found,
                           size_t tensors, struct errinfo *e)
{
    if (found < 0 || (size_t)found != tensors) {
        return err_set(e, ERR_FORMAT, "%s: %s: found %lld, expected %zu as the tensors",
                       path, key, (long long)found, tensors);
    }
    return OK;
}

/* ---- folding ---- */

/* Rows of W_enc less their mean: h is that of x less its mean. What b_dec's own mean
 * gave stays in b_enc. */
static void fold_centre(struct sae_tensors *t)
{
    for (size_t j = 0; t->centre && j < t->F; j++) {
        float *row = t->W_enc + j * t->D;
        double mean = 0, b_mean = 0;
        for (size_t d = 0; d < t->D; d++) {
            mean += (double)row[d] / (double)t->D;
            b_mean += (double)t->b_dec[d];
        }
        for (size_t d = 0; d < t->D; d++) {
            row[d] = (float)((double)row[d] - mean);
        }
        if (t->subtract_b_dec) {
            t->b_enc[j] = (float)((double)t->b_enc[j] - mean * b_mean);
        }
        if (t->b_mag) {
            /* The magnitude sees h without its gate's bias; keep the difference. */
            t->b_mag[j] =
                (float)((double)t->b_mag[j] - (t->subtract_b_dec ? mean * b_mean : 0) *
                                                  exp((double)t->r_mag[j]));
        }
    }
    t->centre = false;
}

/* h = a W + (b_enc + b_dec W), a = y - b_dec: an encoder that does not subtract b_dec
 * as one that does. */
static void fold_b_dec(struct sae_tensors *t)
{
    for (size_t j = 0; !t->subtract_b_dec && j < t->F; j++) {
        double sum = 0.0;
        for (size_t d = 0; d < t->D; d++) {
            sum += (double)t->b_dec[d] * (double)t->W_enc[j * t->D + d];
        }
        t->b_enc[j] = (float)((double)t->b_enc[j] + sum);
        if (t->b_mag) {
            t->b_mag[j] = (float)((double)t->b_mag[j] + sum * exp((double)t->r_mag[j]));
        }
    }
    t->subtract_b_dec = true;
}

/* Decoder rows to unit norm, the norms into all that h is compared with. For TopK that
 * keeps the selection only if it was made on rescaled activations, or if the norms are
 * equal, as far as half precision tells. */
static enum err fold_norms(struct sae_tensors *t, const char *path, struct errinfo *e)
{
    double least = INFINITY, most = 0.0;
    for (size_t j = 0; j < t->F; j++) {
        double norm2 = 0.0;
        float *dec = t->W_dec + j * t->D, *enc = t->W_enc + j * t->D;
        for (size_t d = 0; d < t->D; d++) {
            norm2 += (double)dec[d] * (double)dec[d];
        }
        const double norm = sqrt(norm2);
        least = fmin(least, norm);
        most = fmax(most, norm);
        if (fabs(norm - 1.0) < 1e-6) {
            continue;
        }
        /* A row of zeros adds nothing whatever its activation: it gets a direction, and
         * an encoder that never fires. */
        for (size_t d = 0; d < t->D; d++) {
            enc[d] = (float)((double)enc[d] * norm);
            dec[d] = norm > 0.0 ? (float)((double)dec[d] / norm) : d == 0 ? 1.0f : 0.0f;
        }
        t->b_enc[j] = (float)((double)t->b_enc[j] * norm);
        if (t->threshold) {
            t->threshold[j] = (float)((double)t->threshold[j] * norm);
        }
        if (t->b_mag) {
            t->b_mag[j] = (float)((double)t->b_mag[j] * norm);
        }
    }
    if (t->select == TENSORS_TOPK && !t->rescale && most > least * 1.002) {
        return err_set(e, ERR_FORMAT,
                       "%s: decoder: found row norms from %g to %g, expected equal "
                       "ones, as %s chooses by activations without them",
                       path, least, most, t->kind);
    }
    return OK;
}

/* The one threshold of all latents. */
static enum err one_threshold(const struct sae_tensors *t, const char *path,
                              double *out, struct errinfo *e)
{
    float least = INFINITY, most = 0.0f;
    for (size_t j = 0; t->threshold && j < t->F; j++) {
        const float v = t->threshold[j] > 0.0f ? t->threshold[j] : 0.0f;
        least = v < least ? v : least;
        most = v > most ? v : most;
    }
    if (t->threshold && most - least > 1e-5f * most) {
        return err_set(e, ERR_FORMAT,
                       "%s: threshold: found %g to %g after folding decoder norms, "
                       "expected one value for all latents",
                       path, (double)least, (double)most);
    }
    *out = t->threshold ? (double)least : 0.0;
    return OK;
}

enum err sae_tensors_to_sae(struct sae_tensors *t, const char *path, struct sae **out,
                            struct errinfo *e)
{
    double threshold = 0.0;
    if (t->select == TENSORS_GATED || t->norm != TENSORS_SCALE) {
        return err_set(e, ERR_FORMAT, "%s: %s%s is not supported yet", path, t->kind,
                       t->norm != TENSORS_SCALE ? " on normalised rows" : "");
    }
    if (t->k > t->F) {
        return err_set(e, ERR_FORMAT, "%s: k: found %zu, expected at most %zu", path,
                       t->k, t->F);
    }
    fold_centre(t);
    fold_b_dec(t);
    TRY(fold_norms(t, path, e));
    TRY(one_threshold(t, path, &threshold, e));
    struct sae *s = NULL;
    const bool topk = t->select == TENSORS_TOPK;
    TRY(sae_new(sae_arch_find(topk ? "topk" : "batchtopk"), t->D, t->F, t->k, &s, e));
    s->scale = (float)t->scale;
    s->threshold = threshold;
    memcpy(s->W_enc, t->W_enc, t->F * t->D * sizeof(float));
    memcpy(s->W_dec, t->W_dec, t->F * t->D * sizeof(float));
    memcpy(s->b_enc, t->b_enc, t->F * sizeof(float));
    memcpy(s->b_dec, t->b_dec, t->D * sizeof(float));
    *out = s;
    return OK;
}
