/* DeepMind's Gemma Scope: params.npz (Gemma Scope 2: params.safetensors) with W_enc
 * [D,F], W_dec [F,D], b_enc, b_dec, threshold, the matrices' names in either case.
 * JumpReLU on x itself. Those of the embedding were trained on x sqrt(D). Source:
 * SAELens' loaders. */
#include "base/file.h"
#include "sae/sae_tensors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The file itself: `path`, or one of two names in it. */
static bool file_of(const char *path, char *out, size_t cap)
{
    static const char *const names[] = {"params.npz", "params.safetensors"};
    for (size_t i = 0; i < 2 && file_is_dir(path); i++) {
        if (path_join(out, cap, path, names[i], NULL) == OK && file_exists(out)) {
            return true;
        }
    }
    const int n = snprintf(out, cap, "%s", path);
    return n > 0 && (size_t)n < cap && !file_is_dir(path) && file_exists(path) &&
           (path_has_suffix(path, ".npz") ||
            strcmp(path_base(path), "params.safetensors") == 0);
}

static bool is(const char *path)
{
    char file[4096];
    return file_of(path, file, sizeof file);
}

static enum err fill(struct sae_tensors *t, struct tensorfile *f, const char *enc,
                     const char *dec, struct errinfo *e)
{
    TRY(sae_tensors_matrix(t, f, enc, ROWS_DIMENSIONS, t->W_enc, e));
    TRY(sae_tensors_matrix(t, f, dec, ROWS_LATENTS, t->W_dec, e));
    TRY(sae_tensors_vector(f, "b_enc", t->F, t->b_enc, e));
    TRY(sae_tensors_vector(f, "b_dec", t->D, t->b_dec, e));
    return sae_tensors_vector(f, "threshold", t->F, t->threshold, e);
}

/* W_enc / sqrt(D), W_dec sqrt(D). */
static void scale_embedding(struct sae_tensors *t)
{
    const double c = sqrt((double)t->D);
    for (size_t i = 0; i < t->F * t->D; i++) {
        t->W_enc[i] = (float)((double)t->W_enc[i] / c);
        t->W_dec[i] = (float)((double)t->W_dec[i] * c);
    }
}

static enum err load_open(struct tensorfile *f, const char *path,
                          struct sae_tensors **out, struct errinfo *e)
{
    static const char *const known[] = {"W_enc", "W_dec", "w_enc",     "w_dec",
                                        "b_enc", "b_dec", "threshold", NULL};
    const char *enc = tensorfile_find(f, "W_enc") ? "W_enc" : "w_enc";
    const char *dec = tensorfile_find(f, "W_dec") ? "W_dec" : "w_dec";
    size_t D = 0, F = 0;
    struct sae_tensors *t = NULL;
    TRY(sae_tensors_known(f, known, e));
    TRY(sae_tensors_sizes(f, enc, ROWS_DIMENSIONS, &D, &F, e));
    TRY(sae_tensors_new(TENSORS_JUMP, D, F, &t, e));
    const enum err rc = fill(t, f, enc, dec, e);
    if (rc != OK) {
        sae_tensors_free(t);
        return rc;
    }
    t->subtract_b_dec = false;
    snprintf(t->kind, sizeof t->kind, "jumprelu");
    if (strstr(path, "/embedding/")) {
        scale_embedding(t);
    }
    *out = t;
    return OK;
}

static enum err load(const char *path, struct sae_tensors **out, struct errinfo *e)
{
    char file[4096];
    struct tensorfile *f = NULL;
    if (!file_of(path, file, sizeof file)) {
        return err_set(e, ERR_MISSING, "%s: no params.npz", path);
    }
    TRY(tensorfile_open(file, &f, e));
    const enum err rc = load_open(f, file, out, e);
    tensorfile_close(f);
    return rc;
}

extern const struct foreign_format foreign_format_gemmascope;
const struct foreign_format foreign_format_gemmascope = {
    .name = "gemma-scope",
    .about = "an .npz file, or a directory with params.npz or params.safetensors",
    .is = is,
    .load = load,
};
