/* dictionary_learning: ae.pt, a state dict, and config.json, which names the class and
 * where the SAE belongs. Source: dictionary_learning/dictionary.py and trainers/.
 *
 * Its own trainers fold its input normalisation before saving. Norms of decoder rows
 * that Gated and JumpReLU multiply into f are divided out again before decoding: the
 * output does not depend on them. */
#include "base/file.h"
#include "base/mem.h"
#include "sae/sae_tensors.h"

#include <stdio.h>
#include <string.h>

/* A class: which tensors it has, and their layout. */
struct layout {
    const char *dict_class;
    enum tensors_select select;
    enum tensors_order enc_order, dec_order;
    const char *W_enc, *W_dec, *b_enc, *b_dec;
    const char
        *threshold; /* NULL: none; of all latents or of each, as its shape says */
    const char *b_mag, *r_mag;
    bool apply_b_dec, has_k;
    const char *groups; /* sizes of Matryoshka's groups */
    const char *unused; /* a tensor that may be there and says nothing of the output */
};

/* Weights of nn.Linear, [out,in], and plain matrices. */
#define LINEAR                                                                         \
    .enc_order = ROWS_LATENTS, .W_enc = "encoder.weight",                              \
    .dec_order = ROWS_DIMENSIONS, .W_dec = "decoder.weight"
#define MATRICES                                                                       \
    .enc_order = ROWS_DIMENSIONS, .W_enc = "W_enc", .dec_order = ROWS_LATENTS,         \
    .W_dec = "W_dec", .b_enc = "b_enc", .b_dec = "b_dec"

static const struct layout layouts[] = {
    {"AutoEncoder", TENSORS_RELU, LINEAR, .b_enc = "encoder.bias", .b_dec = "bias",
     .apply_b_dec = true},
    {"AutoEncoderNew", TENSORS_RELU, LINEAR, .b_enc = "encoder.bias",
     .b_dec = "decoder.bias"},
    {"GatedAutoEncoder", TENSORS_GATED, LINEAR, .b_enc = "gate_bias",
     .b_dec = "decoder_bias", .b_mag = "mag_bias", .r_mag = "r_mag",
     .apply_b_dec = true},
    /* Its threshold is for another way of encoding than its own default. */
    {"AutoEncoderTopK", TENSORS_TOPK, LINEAR, .b_enc = "encoder.bias", .b_dec = "b_dec",
     .apply_b_dec = true, .has_k = true, .unused = "threshold"},
    {"BatchTopKSAE", TENSORS_JUMP, LINEAR, .b_enc = "encoder.bias", .b_dec = "b_dec",
     .threshold = "threshold", .apply_b_dec = true, .has_k = true},
    {"MatryoshkaBatchTopKSAE", TENSORS_JUMP, MATRICES, .threshold = "threshold",
     .apply_b_dec = true, .has_k = true, .groups = "group_sizes"},
    {"JumpReluAutoEncoder", TENSORS_JUMP, MATRICES, .threshold = "threshold"},
};
#define N_LAYOUTS (sizeof layouts / sizeof layouts[0])

/* Returns ERR_FORMAT for a tensor that the class does not have. */
static enum err check_known(const struct layout *l, const struct tensorfile *f,
                            struct errinfo *e)
{
    const char *const may[] = {
        l->W_enc, l->W_dec,     l->b_enc,  l->b_dec,  l->b_mag,
        l->r_mag, l->threshold, l->groups, l->unused, l->has_k ? "k" : NULL};
    const char *known[sizeof may / sizeof may[0] + 1] = {NULL};
    for (size_t i = 0, n = 0; i < sizeof may / sizeof may[0]; i++) {
        if (may[i]) {
            known[n++] = may[i];
        }
    }
    return sae_tensors_known(f, known, e);
}

/* ---- config.json ---- */

struct cfg {
    const struct layout *layout; /* NULL: no configuration */
    int64_t k, D, F;             /* 0: not said */
    struct foreign_meta meta;
};

static enum err find_class(const char *name, const char *path,
                           const struct layout **out, struct errinfo *e)
{
    char names[256];
    size_t at = 0;
    for (size_t i = 0; i < N_LAYOUTS; i++) {
        if (strcmp(layouts[i].dict_class, name) == 0) {
            *out = &layouts[i];
            return OK;
        }
        const int n = snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "",
                               layouts[i].dict_class);
        at += n > 0 && (size_t)n < sizeof names - at ? (size_t)n : 0;
    }
    return err_set(e, ERR_FORMAT,
                   "%s: trainer.dict_class: found \"%.40s\", expected one of: %s", path,
                   name, names);
}

static void copy_text(char out[FOREIGN_TEXT_MAX], const char *text)
{
    snprintf(out, FOREIGN_TEXT_MAX, "%s", text);
}

static enum err parse_where(const cJSON *root, const cJSON *trainer, const char *path,
                            struct foreign_meta *m, struct errinfo *e)
{
    const struct json_at in = {path, "trainer"};
    const char *model = "", *submodule = "";
    const cJSON *buffer = NULL;
    int64_t layer = -1, context = 0;
    char usual[64];
    TRY(json_str(in, trainer, "lm_name", false, &model, e));
    TRY(json_str(in, trainer, "submodule_name", false, &submodule, e));
    TRY(json_int(in, trainer, "layer", false, 0, INT32_MAX, &layer, e));
    TRY(json_obj((struct json_at){path, ""}, root, "buffer", false, &buffer, e));
    if (buffer) {
        TRY(json_int((struct json_at){path, "buffer"}, buffer, "ctx_len", false, 1,
                     INT32_MAX, &context, e));
    }
    copy_text(m->model, model);
    m->context = (size_t)context;
    snprintf(usual, sizeof usual, "resid_post_layer_%lld", (long long)layer);
    if (layer >= 0 && strcmp(submodule, usual) == 0) {
        snprintf(m->hook, sizeof m->hook, "blocks.%lld.hook_resid_post",
                 (long long)layer);
    }
    return OK;
}

static enum err parse(const cJSON *root, const char *path, struct cfg *c,
                      struct errinfo *e)
{
    const struct json_at at = {path, ""}, in = {path, "trainer"};
    const cJSON *trainer = NULL;
    const char *name = NULL;
    if (!cJSON_IsObject(root)) {
        return err_set(e, ERR_FORMAT, "%s: expected an object", path);
    }
    *c = (struct cfg){0};
    TRY(json_obj(at, root, "trainer", true, &trainer, e));
    TRY(json_str(in, trainer, "dict_class", true, &name, e));
    TRY(find_class(name, path, &c->layout, e));
    TRY(json_int(in, trainer, "activation_dim", false, 1, INT32_MAX, &c->D, e));
    TRY(json_int(in, trainer, "dict_size", false, 1, INT32_MAX, &c->F, e));
    if (c->layout->has_k) {
        TRY(json_int(in, trainer, "k", false, 1, INT32_MAX, &c->k, e));
    }
    return parse_where(root, trainer, path, &c->meta, e);
}

static enum err check(const cJSON *root, const char *path, struct errinfo *e)
{
    struct cfg c;
    return parse(root, path, &c, e);
}

/* ---- weights ---- */

/* Guesses the class from the tensors, for a file without configuration. */
static enum err guess_layout(const struct tensorfile *f, const char *cfg_path,
                             const struct layout **out, struct errinfo *e)
{
    const struct layout *found = NULL;
    for (size_t i = 0; i < N_LAYOUTS; i++) {
        const struct layout *l = &layouts[i];
        if (check_known(l, f, NULL) != OK || !tensorfile_find(f, l->W_enc) ||
            !tensorfile_find(f, l->b_dec) || !tensorfile_find(f, l->b_enc) ||
            (l->has_k && !tensorfile_find(f, "k"))) {
            continue;
        }
        if (found) {
            return err_set(
                e, ERR_MISSING, "%s: not found, and %s could be %s or %s without it",
                cfg_path, tensorfile_name(f), found->dict_class, l->dict_class);
        }
        found = l;
    }
    if (!found) {
        return err_set(e, ERR_FORMAT,
                       "%s: the tensors are those of no class of dictionary_learning",
                       tensorfile_name(f));
    }
    *out = found;
    return OK;
}

/* Reads the threshold, one for all latents or one each; -1 if it was not saved, the
 * start value of the classes by batch. */
static enum err read_threshold(struct tensorfile *f, const char *name,
                               struct sae_tensors *t, struct errinfo *e)
{
    const struct tensor_info *info = tensorfile_find(f, name);
    if (info ? info->ndim > 0 : !t->is_batch) {
        return sae_tensors_vector(f, name, t->F, t->threshold, e);
    }
    float all = -1;
    if (info) {
        TRY(tensorfile_f32(f, name, NULL, 0, &all, e));
    }
    for (size_t j = 0; j < t->F; j++) {
        t->threshold[j] = all;
    }
    return OK;
}

/* Reads the sizes of groups, which add up to F; summed, they are widths of prefixes. */
static enum err read_groups(struct tensorfile *f, const char *name,
                            struct sae_tensors *t, struct errinfo *e)
{
    int64_t size[SAE_GROUPS_MAX], sum = 0;
    size_t n = 0;
    if (!tensorfile_find(f, name)) {
        return OK;
    }
    TRY(tensorfile_ints(f, name, SAE_GROUPS_MAX, size, &n, e));
    if (n > SAE_GROUPS_MAX) {
        return OK;
    }
    for (size_t i = 0; i < n; i++) {
        if (size[i] < 1 || size[i] > (int64_t)t->F - sum) {
            break; /* then the sum is not F */
        }
        sum += size[i];
        size[i] = sum;
    }
    if ((size_t)sum != t->F) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: expected positive sizes that add up to the %zu latents",
                       tensorfile_name(f), name, t->F);
    }
    return sae_tensors_widths(&t->meta, tensorfile_name(f), name, size, n, t->F, e);
}

static enum err fill(struct sae_tensors *t, struct tensorfile *f,
                     const struct layout *l, struct errinfo *e)
{
    TRY(sae_tensors_matrix(t, f, l->W_enc, l->enc_order, t->W_enc, e));
    TRY(sae_tensors_matrix(t, f, l->W_dec, l->dec_order, t->W_dec, e));
    TRY(sae_tensors_vector(f, l->b_enc, t->F, t->b_enc, e));
    TRY(sae_tensors_vector(f, l->b_dec, t->D, t->b_dec, e));
    if (l->threshold) {
        TRY(read_threshold(f, l->threshold, t, e));
    }
    if (l->groups) {
        TRY(read_groups(f, l->groups, t, e));
    }
    if (l->b_mag) {
        TRY(sae_tensors_vector(f, l->b_mag, t->F, t->b_mag, e));
        TRY(sae_tensors_vector(f, l->r_mag, t->F, t->r_mag, e));
    }
    return OK;
}

static enum err load_weights(struct tensorfile *f, const struct cfg *c,
                             const char *cfg_path, struct sae_tensors **out,
                             struct errinfo *e)
{
    const struct layout *l = c->layout;
    size_t D = 0, F = 0;
    int64_t k = c->k;
    struct sae_tensors *t = NULL;
    TRY(check_known(l, f, e));
    TRY(sae_tensors_sizes(f, l->W_enc, l->enc_order, &D, &F, e));
    if (c->D > 0) {
        TRY(sae_tensors_agree(cfg_path, "trainer.activation_dim", c->D, D, e));
    }
    if (c->F > 0) {
        TRY(sae_tensors_agree(cfg_path, "trainer.dict_size", c->F, F, e));
    }
    if (l->has_k && (tensorfile_find(f, "k") || k == 0)) {
        int64_t stored;
        TRY(tensorfile_int(f, "k", 1, INT32_MAX, &stored, e));
        if (k > 0 && stored != k) {
            return err_set(e, ERR_FORMAT, "%s: trainer.k: found %lld, expected %lld",
                           cfg_path, (long long)k, (long long)stored);
        }
        k = stored;
    }
    TRY(sae_tensors_new(l->select, D, F, &t, e));
    t->k = k > 0 ? (double)k : 1;
    t->is_batch = l->select == TENSORS_JUMP && l->has_k;
    t->apply_b_dec = l->apply_b_dec;
    t->meta = c->meta;
    t->meta.says_k = k > 0;
    snprintf(t->kind, sizeof t->kind, "%s", l->dict_class);
    const enum err rc = fill(t, f, l, e);
    if (rc != OK) {
        sae_tensors_free(t);
        return rc;
    }
    *out = t;
    return OK;
}

/* ---- files ---- */

/* Finds the weights and the configuration beside them: in a directory, or of a .pt
 * file. */
static bool files_of(const char *path, char *weights, char *cfg, size_t cap)
{
    if (file_is_dir(path)) {
        return path_join(weights, cap, path, "ae.pt", NULL) == OK &&
               path_join(cfg, cap, path, "config.json", NULL) == OK &&
               file_exists(weights);
    }
    const size_t dir = (size_t)(path_base(path) - path);
    const int n = snprintf(weights, cap, "%s", path);
    const int m = snprintf(cfg, cap, "%.*sconfig.json", (int)dir, path);
    return path_has_suffix(path, ".pt") && file_exists(path) && n > 0 &&
           (size_t)n < cap && m > 0 && (size_t)m < cap;
}

static bool is(const char *path)
{
    char weights[4096], cfg[4096];
    return files_of(path, weights, cfg, sizeof weights);
}

static enum err load(const char *path, struct sae_tensors **out, struct errinfo *e)
{
    char weights[4096], cfg_path[4096];
    cJSON *root = NULL;
    struct tensorfile *f = NULL;
    struct cfg c = {0};
    if (!files_of(path, weights, cfg_path, sizeof weights)) {
        return err_set(e, ERR_MISSING, "%s: no ae.pt", path);
    }
    enum err rc = OK;
    if (file_exists(cfg_path)) {
        TRY(json_load(cfg_path, FOREIGN_CFG_MAX, &root, e));
        rc = parse(root, cfg_path, &c, e);
        cJSON_Delete(root);
        TRY(rc);
    }
    TRY(tensorfile_open(weights, &f, e));
    if (!c.layout) {
        rc = guess_layout(f, cfg_path, &c.layout, e);
    }
    if (rc == OK) {
        rc = load_weights(f, &c, cfg_path, out, e);
    }
    tensorfile_close(f);
    return rc;
}

extern const struct foreign_format foreign_format_dictlearn;
const struct foreign_format foreign_format_dictlearn = {
    .name = "dictionary_learning",
    .about = "a directory with ae.pt and config.json, or such a .pt file",
    .is = is,
    .load = load,
    .check = check,
};
