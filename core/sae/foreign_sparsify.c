/* EleutherAI's sparsify: a directory for each hook point (layers.10) with cfg.json and
 * sae.safetensors: encoder.weight [F,D], encoder.bias, W_dec [F,D], b_dec. TopK after
 * ReLU on x - b_dec. Source: sparsify/sparse_coder.py and config.py, where absent keys
 * mean: activation topk, k 32, num_latents 0, that is expansion_factor (32) times d_in,
 * and all flags below false. */
#include "base/file.h"
#include "base/mem.h"
#include "sae/sae_tensors.h"

#include <stdio.h>
#include <string.h>

#define WEIGHTS   "sae.safetensors"
#define DEFAULT_K 32

struct cfg {
    int64_t k, d_in, num_latents; /* num_latents 0: expansion_factor times d_in */
    int64_t expansion;
};

static bool is(const char *path)
{
    char cfg[4096], weights[4096];
    return path_join(cfg, sizeof cfg, path, "cfg.json", NULL) == OK &&
           path_join(weights, sizeof weights, path, WEIGHTS, NULL) == OK &&
           file_exists(cfg) && file_exists(weights);
}

/* Returns ERR_FORMAT if a flag for another kind of network is set. */
static enum err unset(struct json_at at, const cJSON *root, const char *key,
                      struct errinfo *e)
{
    bool set = false;
    TRY(json_bool(at, root, key, false, &set, e));
    return set ? err_set(e, ERR_FORMAT, "%s: %s: found true, expected false", at.file,
                         key)
               : OK;
}

static enum err parse(const cJSON *root, const char *path, struct cfg *c,
                      struct errinfo *e)
{
    const struct json_at at = {path, ""};
    const char *activation = "topk";
    if (!cJSON_IsObject(root)) {
        return err_set(e, ERR_FORMAT, "%s: expected an object", path);
    }
    TRY(json_str(at, root, "activation", false, &activation, e));
    if (strcmp(activation, "topk") != 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: activation: found \"%.40s\", expected \"topk\"", path,
                       activation);
    }
    static const char *const others[] = {"transcode", "skip_connection", "signed",
                                         "embed_skip", "gram_lookup"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        TRY(unset(at, root, others[i], e));
    }
    *c = (struct cfg){.k = DEFAULT_K};
    TRY(json_int(at, root, "d_in", true, 1, INT32_MAX, &c->d_in, e));
    TRY(json_int(at, root, "k", false, 1, INT32_MAX, &c->k, e));
    TRY(json_int(at, root, "num_latents", false, 0, INT32_MAX, &c->num_latents, e));
    return json_int(at, root, "expansion_factor", false, 1, INT32_MAX, &c->expansion,
                    e);
}

static enum err check(const cJSON *root, const char *path, struct errinfo *e)
{
    struct cfg c;
    return parse(root, path, &c, e);
}

/* Reads the hook from "layers.10", perhaps after a prefix such as "h." or
 * "transformer.": the output of a block. */
static void hook_of(const char *dir, char *out, size_t cap)
{
    char name[256];
    int layer = 0;
    char rest = 0;
    size_t len = strlen(dir);
    while (len > 0 && dir[len - 1] == '/') {
        len--;
    }
    size_t at = len;
    while (at > 0 && dir[at - 1] != '/') {
        at--;
    }
    snprintf(name, sizeof name, "%.*s", (int)(len - at < 255 ? len - at : 255),
             dir + at);
    if (sscanf(name, "layers.%4d%c", &layer, &rest) == 1 ||
        sscanf(name, "h.%4d%c", &layer, &rest) == 1) {
        snprintf(out, cap, "blocks.%d.hook_resid_post", layer);
    }
}

static enum err fill(struct sae_tensors *t, struct tensorfile *f, struct errinfo *e)
{
    size_t D = 0, F = 0;
    /* A converter may have turned it; a square one is taken as sparsify writes it. */
    TRY(sae_tensors_sizes(f, "W_dec", ROWS_LATENTS, &D, &F, e));
    const bool turned = D != F && D == t->F && F == t->D;
    TRY(sae_tensors_matrix(t, f, "encoder.weight", ROWS_LATENTS, t->W_enc, e));
    TRY(sae_tensors_matrix(t, f, "W_dec", turned ? ROWS_DIMENSIONS : ROWS_LATENTS,
                           t->W_dec, e));
    TRY(sae_tensors_vector(f, "encoder.bias", t->F, t->b_enc, e));
    return sae_tensors_vector(f, "b_dec", t->D, t->b_dec, e);
}

static enum err load_weights(const char *path, const char *cfg_path,
                             const struct cfg *c, struct tensorfile *f,
                             struct sae_tensors **out, struct errinfo *e)
{
    static const char *const known[] = {"encoder.weight", "encoder.bias", "W_dec",
                                        "b_dec", NULL};
    size_t D = 0, F = 0;
    struct sae_tensors *t = NULL;
    TRY(sae_tensors_known(f, known, e));
    TRY(sae_tensors_sizes(f, "encoder.weight", ROWS_LATENTS, &D, &F, e));
    TRY(sae_tensors_agree(cfg_path, "d_in", c->d_in, D, e));
    if (c->num_latents > 0) {
        TRY(sae_tensors_agree(cfg_path, "num_latents", c->num_latents, F, e));
    } else if (c->expansion > 0) {
        TRY(sae_tensors_agree(cfg_path, "expansion_factor", c->expansion * c->d_in, F,
                              e));
    }
    TRY(sae_tensors_new(TENSORS_TOPK, D, F, &t, e));
    t->k = (double)c->k;
    t->meta.says_k = true;
    snprintf(t->kind, sizeof t->kind, "topk");
    hook_of(path, t->meta.hook, sizeof t->meta.hook);
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
    char cfg_path[4096], weights[4096];
    cJSON *root = NULL;
    struct tensorfile *f = NULL;
    struct cfg c;
    TRY(path_join(cfg_path, sizeof cfg_path, path, "cfg.json", e));
    TRY(path_join(weights, sizeof weights, path, WEIGHTS, e));
    TRY(json_load(cfg_path, FOREIGN_CFG_MAX, &root, e));
    enum err rc = parse(root, cfg_path, &c, e);
    cJSON_Delete(root);
    TRY(rc);
    TRY(tensorfile_open(weights, &f, e));
    rc = load_weights(path, cfg_path, &c, f, out, e);
    tensorfile_close(f);
    return rc;
}

extern const struct foreign_format foreign_format_sparsify;
const struct foreign_format foreign_format_sparsify = {
    .name = "sparsify",
    .about = "a directory with cfg.json and sae.safetensors",
    .is = is,
    .load = load,
    .check = check,
};
