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
    t->apply_b_dec = true;
    t->W_enc = t->arena;
    t->W_dec = t->W_enc + F * D;
    t->b_enc = t->W_dec + F * D;
    t->b_dec = t->b_enc + F;
    float *extra = t->b_dec + D;
    if (select == TENSORS_JUMP) {
        t->threshold = extra;
    } else if (select == TENSORS_GATED) {
        t->r_mag = extra;
        t->b_mag = extra + F;
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
    size_t count;
    const size_t width = t->shape[order == ROWS_LATENTS ? 1 : 0];
    const size_t latents = t->shape[order == ROWS_LATENTS ? 0 : 1];
    const enum err rc =
        sae_param_count(sae_arch_find("topk"), width, latents, &count, e);
    if (rc != OK) {
        return err_prefix(e, rc, "%s: %s", tensorfile_name(f), name);
    }
    *D = width;
    *F = latents;
    return OK;
}

enum err sae_tensors_vector(struct tensorfile *f, const char *name, size_t n,
                            float *out, struct errinfo *e)
{
    return tensorfile_f32(f, name, &n, 1, out, e);
}

/* Reads [D,F] of the file into out [F,D]. */
static enum err read_turned(struct tensorfile *f, const char *name, size_t D, size_t F,
                            float *out, struct errinfo *e)
{
    float *turned = NULL;
    TRY(mem_new(&turned, D * F, sizeof *turned, name, e));
    const enum err rc = tensorfile_f32(f, name, (size_t[]){D, F}, 2, turned, e);
    for (size_t j = 0; rc == OK && j < F; j++) {
        for (size_t d = 0; d < D; d++) {
            out[j * D + d] = turned[d * F + j];
        }
    }
    mem_free(turned);
    return rc;
}

enum err sae_tensors_matrix(struct sae_tensors *t, struct tensorfile *f,
                            const char *name, enum tensors_order order, float *out,
                            struct errinfo *e)
{
    TRY(order == ROWS_LATENTS
            ? tensorfile_f32(f, name, (size_t[]){t->F, t->D}, 2, out, e)
            : read_turned(f, name, t->D, t->F, out, e));
    if (out == t->W_dec) {
        t->stored = tensorfile_find(f, name)->elem;
    }
    return OK;
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

enum err sae_tensors_widths(struct foreign_meta *m, const char *path, const char *key,
                            const int64_t *width, size_t n, size_t F, struct errinfo *e)
{
    int64_t last = 0;
    for (size_t i = 0; i < n && n <= SAE_GROUPS_MAX; i++) {
        if (width[i] <= last || (uint64_t)width[i] > F) {
            return err_set(e, ERR_FORMAT,
                           "%s: %s: found the width %lld, expected ones that rise to "
                           "at most %zu",
                           path, key, (long long)width[i], F);
        }
        last = width[i];
        m->width[i] = (size_t)width[i];
    }
    const size_t groups = n + ((size_t)last < F ? 1 : 0);
    m->groups = n > 0 && groups <= SAE_GROUPS_MAX ? groups : 0;
    if (m->groups > 0) {
        m->width[groups - 1] = F;
    }
    return OK;
}

/* ---- folding ---- */

/* Finds the one threshold of all latents once decoder rows have unit norm, or false. */
static bool one_threshold(const struct sae_tensors *t, const double *norm,
                          double *least, double *most)
{
    *least = (double)INFINITY;
    *most = 0.0;
    for (size_t j = 0; j < t->F; j++) {
        const double v = fmax((double)t->threshold[j], 0.0) * norm[j];
        /* A latent of norm 0 adds nothing, wherever its threshold is. */
        *least = norm[j] > 0.0 ? fmin(v, *least) : *least;
        *most = fmax(v, *most);
    }
    *least = isfinite(*least) ? *least : 0.0;
    return *most - *least <= fmax(1e-5, elem_norm_spread(t->stored, t->D)) * *most;
}

/* Chooses the architecture of a threshold: a batch architecture keeps one, which can be
 * calibrated anew; thresholds learned for each latent are a JumpReLU's. */
static enum err find_jump(const struct sae_tensors *t, const double *norm,
                          const char *path, const struct sae_arch **out,
                          double *threshold, struct errinfo *e)
{
    double least, most;
    const bool one = one_threshold(t, norm, &least, &most);
    const char *name = !one || !t->is_batch ? "jumprelu"
                       : t->meta.groups > 0 ? "matryoshka"
                                            : "batchtopk";
    *out = t->own.arch ? t->own.arch : sae_arch_find(name);
    if ((*out)->infer != SAE_INFER_THRESHOLD) {
        return OK;
    }
    *threshold = least + (most - least) / 2;
    return one ? OK
               : err_set(e, ERR_FORMAT,
                         "%s: threshold: found %g to %g after folding decoder norms, "
                         "expected one value for all latents",
                         path, least, most);
}

/* How far apart norms may be that count as equal: rounding of the file's type, and what
 * an optimiser's last step leaves, which is not always followed by another
 * normalisation. */
#define LAST_STEP 0.002

static enum err check_norms(const struct sae_tensors *t, const double *norm,
                            const char *path, struct errinfo *e)
{
    const double spread = fmax(LAST_STEP, elem_norm_spread(t->stored, t->D));
    double least = (double)INFINITY, most = 0.0;
    for (size_t j = 0; j < t->F; j++) {
        least = fmin(least, norm[j]);
        most = fmax(most, norm[j]);
    }
    return t->rescale || most <= least * (1 + spread)
               ? OK
               : err_set(e, ERR_FORMAT,
                         "%s: decoder: found row norms from %g to %g in %s, expected "
                         "equal ones, as %s chooses by activations without them",
                         path, least, most, elem_name(t->stored), t->kind);
}

static enum err find_arch(const struct sae_tensors *t, const double *norm,
                          const char *path, const struct sae_arch **out,
                          double *threshold, struct errinfo *e)
{
    static const char *const names[] = {[TENSORS_RELU] = "standard",
                                        [TENSORS_TOPK] = "topk",
                                        [TENSORS_GATED] = "gated"};
    if (t->select == TENSORS_JUMP) {
        return find_jump(t, norm, path, out, threshold, e);
    }
    *out = t->own.arch ? t->own.arch : sae_arch_find(names[t->select]);
    return t->select == TENSORS_TOPK ? check_norms(t, norm, path, e) : OK;
}

/* Sets the fields besides the parameters, which are already read; then folds norms into
 * them. */
static void finish(const struct sae_tensors *t, double threshold, struct sae *s)
{
    s->norm = t->norm;
    s->scale = (float)t->scale;
    s->apply_b_dec = t->apply_b_dec;
    s->threshold = threshold;
    /* No activation is negative, whatever the threshold. */
    for (size_t j = 0; j < t->F && s->arch->infer == SAE_INFER_JUMP; j++) {
        s->extra[j] = fmaxf(s->extra[j], 0.0f);
    }
    s->is_free = true;
    sae_fold(s);
}

/* Converts an SAE that saetop saved back to the units of its training. */
static void unfold(const struct sae_own *own, struct sae *s)
{
    s->scale = (float)own->scale;
    s->threshold = own->threshold;
    for (size_t j = 0; j < s->F; j++) {
        s->b_enc[j] *= s->scale;
    }
    for (size_t d = 0; d < s->D; d++) {
        s->b_dec[d] *= s->scale;
    }
    for (size_t i = 0; i < s->arch->extra * s->F; i++) {
        s->extra[i] *= s->arch->vector[i / s->F].folds ? s->scale : 1.0f;
    }
}

enum err sae_tensors_to_sae(struct sae_tensors *t, const char *path, struct sae **out,
                            struct errinfo *e)
{
    const struct sae_arch *arch = NULL;
    struct sae *s = NULL;
    double *norm = NULL, threshold = 0.0;
    if (t->k > (double)t->F) {
        return err_set(e, ERR_FORMAT, "%s: k: found %g, expected at most %zu", path,
                       t->k, t->F);
    }
    TRY(mem_new(&norm, t->F, sizeof *norm, "norms", e));
    for (size_t j = 0; j < t->F; j++) {
        for (size_t d = 0; d < t->D; d++) {
            const double w = (double)t->W_dec[j * t->D + d];
            norm[j] += w * w;
        }
        norm[j] = sqrt(norm[j]);
    }
    enum err rc = find_arch(t, norm, path, &arch, &threshold, e);
    if (rc == OK) {
        rc = sae_new_around(arch, t->D, t->F, t->k, t->arena, &s, e);
    }
    if (rc == OK) {
        finish(t, threshold, s);
        if (t->centre) {
            sae_centre(s);
        }
        t->arena = NULL; /* it is the SAE's */
        if (t->own.arch) {
            unfold(&t->own, s);
        }
        *out = s;
    }
    mem_free(norm);
    return rc;
}
