/* OpenAI's SAEs of GPT-2: a .pt file of pre_bias [D], encoder.weight [F,D], latent_bias
 * [F], decoder.weight [D,F] and the activation. A TopK SAE gets rows through a layer
 * norm whose eps is added to the deviation; the other kind is a plain ReLU. Source:
 * sparse_autoencoder/model.py (from_state_dict ties the norm to TopK). */
#include "base/file.h"
#include "sae/sae_tensors.h"

#include <stdio.h>
#include <string.h>

static bool is(const char *path)
{
    struct tensorfile *f = NULL;
    if (!path_has_suffix(path, ".pt") || file_is_dir(path)) {
        return false;
    }
    const enum err rc = tensorfile_open(path, &f, NULL);
    if (rc != OK) {
        return rc == ERR_NOMEM; /* then loading says so */
    }
    const bool found =
        tensorfile_find(f, "pre_bias") && tensorfile_find(f, "latent_bias");
    tensorfile_close(f);
    return found;
}

/* Reads the activation: TopK(k) with ReLU after it, or ReLU. */
static enum err read_activation(struct tensorfile *f, enum tensors_select *select,
                                int64_t *k, struct errinfo *e)
{
    const char *name = tensorfile_text(f, "activation");
    /* Newer PyTorch keeps the activation's own state under its name as well. */
    const bool nested = tensorfile_find(f, "activation_state_dict.k");
    const char *after = tensorfile_text(f, nested ? "activation_state_dict.postact_fn"
                                                  : "activation.postact_fn");
    *select = TENSORS_RELU;
    *k = 1;
    if (!name || strcmp(name, "ReLU") == 0) {
        return OK;
    }
    if (strcmp(name, "TopK") != 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: activation: found \"%.40s\", expected TopK or ReLU",
                       tensorfile_name(f), name);
    }
    if (after && strcmp(after, "ReLU") != 0) {
        return err_set(e, ERR_FORMAT, "%s: postact_fn: found \"%.40s\", expected ReLU",
                       tensorfile_name(f), after);
    }
    *select = TENSORS_TOPK;
    return tensorfile_int(f, nested ? "activation_state_dict.k" : "activation.k", 1,
                          INT32_MAX, k, e);
}

static enum err fill(struct sae_tensors *t, struct tensorfile *f, struct errinfo *e)
{
    /* Tied weights are saved once, as the encoder's, maybe under both names. */
    const bool untied = tensorfile_find(f, "decoder.weight");
    TRY(sae_tensors_matrix(t, f, "encoder.weight", ROWS_LATENTS, t->W_enc, e));
    if (untied) {
        TRY(sae_tensors_matrix(t, f, "decoder.weight", ROWS_DIMENSIONS, t->W_dec, e));
    } else {
        TRY(sae_tensors_matrix(t, f, "decoder.linear.weight", ROWS_LATENTS, t->W_dec,
                               e));
    }
    TRY(sae_tensors_vector(f, "latent_bias", t->F, t->b_enc, e));
    return sae_tensors_vector(f, "pre_bias", t->D, t->b_dec, e);
}

static enum err load_open(struct tensorfile *f, struct sae_tensors **out,
                          struct errinfo *e)
{
    static const char *const known[] = {"pre_bias",
                                        "latent_bias",
                                        "encoder.weight",
                                        "decoder.weight",
                                        "decoder.linear.weight",
                                        "activation",
                                        "activation.*",
                                        "activation_state_dict.*",
                                        "stats_last_nonzero",
                                        "latents_activation_frequency",
                                        "latents_mean_square",
                                        NULL};
    enum tensors_select select = TENSORS_RELU;
    int64_t k = 1;
    size_t D = 0, F = 0;
    struct sae_tensors *t = NULL;
    TRY(sae_tensors_known(f, known, e));
    TRY(read_activation(f, &select, &k, e));
    TRY(sae_tensors_sizes(f, "encoder.weight", ROWS_LATENTS, &D, &F, e));
    TRY(sae_tensors_new(select, D, F, &t, e));
    t->k = (double)k;
    t->meta.says_k = true;
    t->norm = select == TENSORS_TOPK ? SAE_NORM_LAYER : SAE_NORM_SCALE;
    snprintf(t->kind, sizeof t->kind, "%s", select == TENSORS_TOPK ? "TopK" : "ReLU");
    const enum err rc = fill(t, f, e);
    if (rc != OK) {
        sae_tensors_free(t);
        return rc;
    }
    *out = t;
    return OK;
}

static enum err load(const char *path, struct sae_tensors **out, struct errinfo *e)
{
    struct tensorfile *f = NULL;
    TRY(tensorfile_open(path, &f, e));
    const enum err rc = load_open(f, out, e);
    tensorfile_close(f);
    return rc;
}

extern const struct foreign_format foreign_format_openai;
const struct foreign_format foreign_format_openai = {
    .name = "openai",
    .about = "a .pt file with pre_bias and latent_bias",
    .is = is,
    .load = load,
};
