/* SAELens: cfg.json and sae_weights.safetensors (W_enc [D,F], W_dec [F,D], b_dec, and
 * b_enc; or b_gate, b_mag, r_mag; threshold; topk_threshold), of version 6 and of the
 * earlier flat configuration. What saetop saved itself (sae_save.c) has notes for
 * undoing the folding.
 *
 * The meaning of an absent key, following SAELens' own loader (loading/pretrained_sae_
 * loaders.py: handle_pre_6_0_config; the classes of saes/; load_model.py of each
 * version). A file is flat if it says no sae_lens_version, or one before 6:
 *
 *   key                            flat                          version 6
 *   architecture                   standard; topk where          required
 *                                  activation_fn is topk with k
 *   activation_fn[_str]            relu                          not read
 *   d_in, d_sae                    required                      required
 *   k                              activation_fn_kwargs.k        100
 *   rescale_acts_by_decoder_norm   false                         false; true where it
 *                                                                trains by batch
 *   apply_b_dec_to_input           true                          true
 *   normalize_activations          none (null and false as       none
 *                                  well; true: the average)
 *   reshape_activations            hook_z of a hook of that      none
 *                                  name, else none
 *   finetuning_scaling_factor      false                         false
 *   prepend_bos                    true                          not known
 *   hook_head_index                none                          none
 *   model_class_name               HookedTransformer             HookedTransformer
 *   model_from_pretrained_kwargs   written since 3.19.3          {}
 *     .center_writing_weights      true before 3.19.3 (it used   false
 *                                  from_pretrained), since then
 *                                  false (..._no_processing)
 *
 * In a checkpoint of a batch architecture, topk_threshold is 0 until first set. */
#include "base/file.h"
#include "base/mem.h"
#include "sae/sae_arch.h"
#include "sae/sae_tensors.h"
#include "sae/saelens.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCALER "activation_scaler.json"

struct kind {
    const char *name; /* `architecture` */
    enum tensors_select select;
    bool has_k, trained_by_batch; /* one running threshold in topk_threshold */
};

static const struct kind kinds[] = {
    {"standard", TENSORS_RELU, false, false},
    {"gated", TENSORS_GATED, false, false},
    {"jumprelu", TENSORS_JUMP, false, false},
    {"topk", TENSORS_TOPK, true, false},
    {"batchtopk", TENSORS_JUMP, false, true},
    {"matryoshka_batchtopk", TENSORS_JUMP, false, true},
};
#define N_KINDS (sizeof kinds / sizeof kinds[0])

struct cfg {
    bool flat; /* of before version 6 */
    const struct kind *kind;
    int64_t D, F;
    double k; /* of a batch: need not be whole */
    bool apply_b_dec, rescale, centre;
    bool is_batch;  /* one threshold, a running average */
    bool finetuned; /* activations times finetuning_scaling_factor */
    bool scaled;    /* expected_average_only_in: by activation_scaler.json */
    enum sae_norm norm;
    struct sae_own own;
    struct foreign_meta meta;
};

/* ---- cfg.json ---- */

/* Reads the text of the first of two keys that is there; *out stays where neither
 * is. */
static enum err text_of(struct json_at at, const cJSON *obj, const char *key,
                        const char *old_key, const char **out, struct errinfo *e)
{
    TRY(json_str(at, obj, key, false, out, e));
    return *out || !old_key ? OK : json_str(at, obj, old_key, false, out, e);
}

/* Reads the first three numbers of a version; false: there are none. */
static bool read_version(const char *text, int out[3])
{
    memset(out, 0, 3 * sizeof *out);
    return sscanf(text, "%4d.%4d.%4d", &out[0], &out[1], &out[2]) >= 1;
}

static bool is_before(const int version[3], const int than[3])
{
    size_t i = 0;
    while (i < 2 && version[i] == than[i]) {
        i++;
    }
    return version[i] < than[i];
}

static enum err is_flat(const char *path, const cJSON *root, const cJSON *metadata,
                        bool *out, struct errinfo *e)
{
    const char *text = NULL;
    int version[3] = {0, 0, 0};
    TRY(json_str((struct json_at){path, ""}, root, "sae_lens_version", false, &text,
                 e));
    if (metadata && !text) {
        TRY(json_str((struct json_at){path, "metadata"}, metadata, "sae_lens_version",
                     false, &text, e));
    }
    if (text && !read_version(text, version)) {
        return err_set(e, ERR_FORMAT,
                       "%s: sae_lens_version: found \"%.40s\", expected a version such "
                       "as 6.18.0",
                       path, text);
    }
    *out = !text || is_before(version, (const int[]){6, 0, 0});
    return OK;
}

static enum err kind_named(const char *path, const char *name, const struct kind **out,
                           struct errinfo *e)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            *out = &kinds[i];
            return OK;
        }
    }
    return err_set(e, ERR_FORMAT,
                   "%s: architecture: found \"%.40s\", expected standard, gated, "
                   "jumprelu, topk, batchtopk or matryoshka_batchtopk",
                   path, name);
}

static enum err find_kind(const char *path, const cJSON *root, struct cfg *c,
                          struct errinfo *e)
{
    const struct json_at at = {path, ""};
    const char *name = "standard", *activation = NULL;
    TRY(json_str(at, root, "architecture", !c->flat, &name, e));
    TRY(text_of(at, root, "activation_fn", "activation_fn_str", &activation, e));
    const bool topk = activation && strcmp(activation, "topk") == 0;
    if (activation && !topk && strcmp(activation, "relu") != 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found \"%.40s\", expected \"relu\" or \"topk\"", path,
                       cJSON_GetObjectItemCaseSensitive(root, "activation_fn")
                           ? "activation_fn"
                           : "activation_fn_str",
                       activation);
    }
    return kind_named(path, c->flat && topk ? "topk" : name, &c->kind, e);
}

static enum err parse_norm(const char *path, const cJSON *root, struct cfg *c,
                           struct errinfo *e)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(root, "normalize_activations");
    const char *name = "none";
    if (c->flat && cJSON_IsBool(v)) { /* of early versions */
        name = cJSON_IsTrue(v) ? "expected_average_only_in" : "none";
    } else {
        TRY(json_str((struct json_at){path, ""}, root, "normalize_activations", false,
                     &name, e));
    }
    c->scaled = strcmp(name, "expected_average_only_in") == 0;
    c->norm = SAE_NORM_SCALE;
    bool known = c->scaled;
    for (size_t i = 0; i < SAELENS_NORMS && !known; i++) {
        known = strcmp(name, saelens_norms[i]) == 0;
        c->norm = (enum sae_norm)i;
    }
    return known ? OK
                 : err_set(e, ERR_FORMAT,
                           "%s: normalize_activations: found \"%.40s\", expected none, "
                           "expected_average_only_in, constant_norm_rescale or "
                           "layer_norm",
                           path, name);
}

/* Finds whether a runner centres writing weights by default: by the version that
 * trained, or, where a flat file does not say, by whether it has the key that came with
 * the change. SAELens did not write a file with metadata but no version. */
static enum err centres_unasked(struct json_at at, const cJSON *where, bool has_kwargs,
                                bool flat, bool *out, struct errinfo *e)
{
    const char *text = NULL;
    int version[3];
    TRY(text_of(at, where, "sae_lens_training_version", "sae_lens_version", &text, e));
    const bool said = text && read_version(text, version);
    *out = flat && (said ? is_before(version, (const int[]){3, 19, 3}) : !has_kwargs);
    return OK;
}

/* Whether TransformerLens can centre what the SAE reads: it centres the weights that
 * write to the residual stream, in models with LayerNorm. */
static bool is_centrable(const struct foreign_meta *m, const char *model_class)
{
    static const char *const others[] = {"gemma", "llama",   "mistral", "qwen",
                                         "Llama", "Mistral", "Qwen"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strstr(m->model, others[i])) {
            return false;
        }
    }
    static const char *const centred[] = {"hook_resid", "hook_attn_out", "hook_mlp_in",
                                          "hook_mlp_out"};
    bool is = false;
    for (size_t i = 0; i < sizeof centred / sizeof centred[0]; i++) {
        is = is || strstr(m->hook, centred[i]) != NULL;
    }
    return is && strcmp(model_class, "HookedTransformer") == 0;
}

/* Finds whether the model ran with its writing weights centred, so that inputs were x
 * minus its mean. */
static enum err parse_centre(struct json_at at, const cJSON *where, bool flat,
                             struct cfg *c, struct errinfo *e)
{
    char path[64];
    const char *model_class = "HookedTransformer";
    const cJSON *kwargs = NULL;
    bool centred = false;
    TRY(json_str(at, where, "model_class_name", false, &model_class, e));
    TRY(json_obj(at, where, "model_from_pretrained_kwargs", false, &kwargs, e));
    TRY(centres_unasked(at, where, kwargs != NULL, flat, &centred, e));
    if (kwargs) {
        snprintf(path, sizeof path, "%s%smodel_from_pretrained_kwargs", at.path,
                 at.path[0] ? "." : "");
        TRY(json_bool((struct json_at){at.file, path}, kwargs, "center_writing_weights",
                      false, &centred, e));
    }
    c->centre = centred && is_centrable(&c->meta, model_class);
    return OK;
}

static void copy_text(char out[FOREIGN_TEXT_MAX], const char *text)
{
    snprintf(out, FOREIGN_TEXT_MAX, "%s", text ? text : "");
}

/* Refuses SAEs of a single head: saetop reads all heads of a hook together. */
static enum err check_head(struct json_at at, const cJSON *where, struct errinfo *e)
{
    static const char *const keys[] = {"hook_head_index", "hook_point_head_index"};
    for (size_t i = 0; i < 2; i++) {
        int64_t head = -1;
        TRY(json_int(at, where, keys[i], false, 0, INT32_MAX, &head, e));
        if (head >= 0) {
            return err_set(e, ERR_FORMAT, "%s: %s: found %lld, expected null", at.file,
                           keys[i], (long long)head);
        }
    }
    return OK;
}

static enum err parse_where(const char *path, const cJSON *root, const cJSON *metadata,
                            struct cfg *c, struct errinfo *e)
{
    const struct json_at at = {path, c->flat ? "" : "metadata"};
    static const cJSON none = {.type = cJSON_Object};
    const cJSON *where = c->flat ? root : metadata ? metadata : &none;
    const char *model = NULL, *hook = NULL, *dataset = NULL;
    int64_t context = 0;
    bool bos = true;
    TRY(text_of(at, where, "model_name", NULL, &model, e));
    TRY(text_of(at, where, "hook_name", "hook_point", &hook, e));
    TRY(text_of(at, where, "dataset_path", NULL, &dataset, e));
    TRY(json_int(at, where, "context_size", false, 0, INT32_MAX, &context, e));
    TRY(json_bool(at, where, "prepend_bos", false, &bos, e));
    TRY(check_head(at, where, e));
    copy_text(c->meta.model, model);
    copy_text(c->meta.hook, hook);
    copy_text(c->meta.dataset, dataset);
    c->meta.prepend_bos = bos;
    c->meta.says_bos =
        c->flat || cJSON_IsBool(cJSON_GetObjectItemCaseSensitive(where, "prepend_bos"));
    c->meta.context = (size_t)context;
    return parse_centre(at, where, c->flat && !metadata, c, e);
}

/* Checks the reshaping: heads are side by side before such an SAE, as they are at
 * saetop's hook_z. */
static enum err check_shape(const char *path, const cJSON *root, const struct cfg *c,
                            struct errinfo *e)
{
    const bool heads = strstr(c->meta.hook, "hook_z") != NULL;
    const char *reshape = c->flat && heads ? "hook_z" : "none";
    TRY(json_str((struct json_at){path, ""}, root, "reshape_activations", false,
                 &reshape, e));
    return strcmp(reshape, "none") == 0 || (heads && strcmp(reshape, "hook_z") == 0)
               ? OK
               : err_set(e, ERR_FORMAT,
                         "%s: reshape_activations: found \"%.40s\", expected \"none\"",
                         path, reshape);
}

/* SAELens' default where a configuration of version 6 has none. */
#define DEFAULT_K 100

static enum err parse_k(const char *path, const cJSON *root, struct cfg *c,
                        struct errinfo *e)
{
    const struct json_at at = {path, ""};
    const cJSON *kwargs = NULL;
    int64_t k = DEFAULT_K;
    if (c->kind->trained_by_batch) {
        c->k = c->F < DEFAULT_K ? (double)c->F : DEFAULT_K;
        TRY(json_num(at, root, "k", false, 1e-9, (double)c->F, &c->k, e));
    } else if (c->kind->has_k) {
        bool needed = c->flat;
        TRY(json_obj(at, root, "activation_fn_kwargs", false, &kwargs, e));
        if (kwargs && c->flat) {
            needed = !cJSON_GetObjectItemCaseSensitive(kwargs, "k");
            TRY(json_int((struct json_at){path, "activation_fn_kwargs"}, kwargs, "k",
                         false, 1, c->F, &k, e));
        }
        TRY(json_int(at, root, "k", needed, 1, c->F, &k, e));
        c->k = (double)k;
    } else {
        c->k = 1;
    }
    c->meta.says_k = cJSON_GetObjectItemCaseSensitive(root, "k") || c->kind->has_k;
    return c->k <= (double)c->F
               ? OK
               : err_set(e, ERR_FORMAT,
                         "%s: k: found none, which means %d, expected at most %lld",
                         path, DEFAULT_K, (long long)c->F);
}

/* Reads the widths of Matryoshka's prefixes, if they are there. */
static enum err parse_widths(struct json_at at, const cJSON *obj, struct cfg *c,
                             struct errinfo *e)
{
    char key[96];
    const cJSON *array = NULL, *v = NULL;
    int64_t width[SAE_GROUPS_MAX];
    size_t n = 0;
    TRY(json_arr(at, obj, "matryoshka_widths", false, &array, e));
    cJSON_ArrayForEach(v, array)
    {
        const double w = cJSON_IsNumber(v) ? v->valuedouble : 0;
        if (n < SAE_GROUPS_MAX) { /* what is no width is 0, which is refused */
            width[n] = w >= 1 && w <= (double)c->F && w <= floor(w) ? (int64_t)w : 0;
        }
        n++;
    }
    snprintf(key, sizeof key, "%s%smatryoshka_widths", at.path, at.path[0] ? "." : "");
    return sae_tensors_widths(&c->meta, at.file, key, width, n, (size_t)c->F, e);
}

/* Reads the note on training: a trained batch architecture is saved as jumprelu, with a
 * note. */
static enum err parse_training(const char *path, const cJSON *root,
                               const cJSON *metadata, struct cfg *c, struct errinfo *e)
{
    const struct json_at in = {path, "metadata"};
    const struct json_at at = {path, "metadata." SAELENS_DETAILS};
    const cJSON *details = NULL;
    const char *name = "";
    c->is_batch = c->kind->trained_by_batch;
    if (c->is_batch) {
        return parse_widths((struct json_at){path, ""}, root, c, e);
    }
    if (!metadata) {
        return OK;
    }
    TRY(json_str(in, metadata, SAELENS_TRAINED, false, &name, e));
    if (c->kind->select != TENSORS_JUMP ||
        (strcmp(name, "batchtopk") != 0 && strcmp(name, "matryoshka_batchtopk") != 0)) {
        return OK;
    }
    c->is_batch = true;
    TRY(json_obj(in, metadata, SAELENS_DETAILS, false, &details, e));
    if (!details) {
        return OK;
    }
    TRY(json_num(at, details, "k", false, 1e-9, (double)c->F, &c->k, e));
    c->meta.says_k = cJSON_GetObjectItemCaseSensitive(details, "k");
    return parse_widths(at, details, c, e);
}

/* Reads saetop's notes: its own name of the architecture, k (which need not be whole)
 * and what was folded. saetop runs models uncentred. */
static enum err parse_own(const char *path, const cJSON *metadata, struct cfg *c,
                          struct errinfo *e)
{
    const struct json_at at = {path, "metadata." SAELENS_OWN};
    const cJSON *own = NULL;
    const char *name = NULL;
    TRY(json_obj((struct json_at){path, "metadata"}, metadata, SAELENS_OWN, false, &own,
                 e));
    if (!own) {
        return OK;
    }
    TRY(json_str(at, own, "architecture", true, &name, e));
    const struct sae_arch *a = sae_arch_find(name);
    if (!a || strcmp(a->save_name, c->kind->name) != 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: metadata." SAELENS_OWN
                       ".architecture: found \"%.40s\", expected one that is saved as "
                       "\"%s\"",
                       path, name, c->kind->name);
    }
    TRY(json_num(at, own, "scale", true, 1e-30, 1e30, &c->own.scale, e));
    TRY(json_num(at, own, "threshold", true, 0.0, 1e30, &c->own.threshold, e));
    if (!c->kind->has_k) {
        TRY(json_num(at, own, "k", true, 1e-9, (double)c->F, &c->k, e));
        c->meta.says_k = true;
    }
    c->own.arch = a;
    c->centre = false;
    c->meta.own = true;
    return OK;
}

static enum err parse(const cJSON *root, const char *path, struct cfg *c,
                      struct errinfo *e)
{
    const struct json_at at = {path, ""};
    const cJSON *metadata = NULL;
    if (!cJSON_IsObject(root)) {
        return err_set(e, ERR_FORMAT, "%s: expected an object", path);
    }
    *c = (struct cfg){.apply_b_dec = true};
    TRY(json_obj(at, root, "metadata", false, &metadata, e));
    TRY(is_flat(path, root, metadata, &c->flat, e));
    TRY(find_kind(path, root, c, e));
    TRY(json_int(at, root, "d_in", true, 1, INT32_MAX, &c->D, e));
    TRY(json_int(at, root, "d_sae", true, 1, INT32_MAX, &c->F, e));
    TRY(parse_k(path, root, c, e));
    c->rescale = c->kind->trained_by_batch; /* SAELens' default where it trains */
    TRY(json_bool(at, root, "apply_b_dec_to_input", false, &c->apply_b_dec, e));
    TRY(json_bool(at, root, "rescale_acts_by_decoder_norm", false, &c->rescale, e));
    TRY(json_bool(at, root, "finetuning_scaling_factor", false, &c->finetuned, e));
    TRY(parse_norm(path, root, c, e));
    TRY(parse_where(path, root, metadata, c, e));
    TRY(parse_training(path, root, metadata, c, e));
    TRY(metadata ? parse_own(path, metadata, c, e) : OK);
    return check_shape(path, root, c, e);
}

static enum err check(const cJSON *root, const char *path, struct errinfo *e)
{
    struct cfg c;
    return parse(root, path, &c, e);
}

/* ---- weights ---- */

/* Reads the factor of an unfinished normalisation from the file that a checkpoint
 * has. */
static enum err read_scale(const char *dir, const char *cfg_path, double *out,
                           struct errinfo *e)
{
    char path[4096];
    cJSON *root = NULL;
    TRY(path_join(path, sizeof path, dir, SCALER, e));
    if (!file_exists(path)) {
        return err_set(e, ERR_FORMAT,
                       "%s: normalize_activations: found expected_average_only_in "
                       "without " SCALER ", expected none, with the factor folded in",
                       cfg_path);
    }
    TRY(json_load(path, SAELENS_CFG_MAX, &root, e));
    const enum err rc = json_num((struct json_at){path, ""}, root, "scaling_factor",
                                 true, 1e-30, 1e30, out, e);
    cJSON_Delete(root);
    return rc;
}

/* Multiplies decoder rows by the factors of activations. Without the flag in the
 * configuration the factors are 1 and mean nothing. */
static enum err apply_factor(struct sae_tensors *t, struct tensorfile *f,
                             const char *name, bool use, struct errinfo *e)
{
    float *factor = NULL;
    if (!tensorfile_find(f, name)) {
        return OK;
    }
    TRY(mem_new(&factor, t->F, sizeof *factor, name, e));
    enum err rc = sae_tensors_vector(f, name, t->F, factor, e);
    for (size_t j = 0; rc == OK && j < t->F; j++) {
        if (!use && fabs((double)factor[j] - 1.0) > 1e-5) {
            rc = err_set(e, ERR_FORMAT,
                         "%s: %s: found %g at element %zu, expected 1 as "
                         "finetuning_scaling_factor is false",
                         tensorfile_name(f), name, (double)factor[j], j);
        }
        for (size_t d = 0; use && d < t->D; d++) {
            t->W_dec[j * t->D + d] *= factor[j];
        }
    }
    mem_free(factor);
    return rc;
}

/* Refuses a negative threshold, as saetop saves none; another tool's means 0. */
static enum err check_own_threshold(const struct sae_tensors *t,
                                    const struct tensorfile *f, struct errinfo *e)
{
    for (size_t j = 0; j < t->F; j++) {
        if (t->threshold[j] < 0.0f) {
            return err_set(e, ERR_FORMAT,
                           "%s: threshold: found %g for latent %zu, expected 0 or more",
                           tensorfile_name(f), (double)t->threshold[j], j);
        }
    }
    return OK;
}

/* Reads the threshold. A training checkpoint has one, for activations times decoder
 * norms if `rescale`; an SAE saved after training has one per latent. */
static enum err read_threshold(struct sae_tensors *t, struct tensorfile *f,
                               const struct cfg *c, struct errinfo *e)
{
    if (!c->kind->trained_by_batch) {
        TRY(sae_tensors_vector(f, "threshold", t->F, t->threshold, e));
        return c->own.arch ? check_own_threshold(t, f, e) : OK;
    }
    float all = 0;
    if (tensorfile_find(f, "topk_threshold")) {
        TRY(tensorfile_f32(f, "topk_threshold", NULL, 0, &all, e));
    }
    for (size_t j = 0; j < t->F; j++) {
        double norm2 = 0;
        for (size_t d = 0; d < t->D; d++) {
            norm2 += (double)t->W_dec[j * t->D + d] * (double)t->W_dec[j * t->D + d];
        }
        t->threshold[j] =
            c->rescale && norm2 > 0 ? (float)((double)all / sqrt(norm2)) : all;
    }
    return OK;
}

static enum err fill(struct sae_tensors *t, struct tensorfile *f, const struct cfg *c,
                     struct errinfo *e)
{
    const bool gated = t->select == TENSORS_GATED;
    TRY(sae_tensors_matrix(t, f, "W_enc", ROWS_DIMENSIONS, t->W_enc, e));
    TRY(sae_tensors_matrix(t, f, "W_dec", ROWS_LATENTS, t->W_dec, e));
    TRY(sae_tensors_vector(f, gated ? "b_gate" : "b_enc", t->F, t->b_enc, e));
    TRY(sae_tensors_vector(f, "b_dec", t->D, t->b_dec, e));
    if (gated) {
        TRY(sae_tensors_vector(f, "b_mag", t->F, t->b_mag, e));
        TRY(sae_tensors_vector(f, "r_mag", t->F, t->r_mag, e));
    }
    if (t->threshold) {
        TRY(read_threshold(t, f, c, e));
    }
    TRY(apply_factor(t, f, "scaling_factor", c->finetuned, e));
    return apply_factor(t, f, "finetuning_scaling_factor", c->finetuned, e);
}

static enum err load_weights(struct tensorfile *f, const struct cfg *c,
                             const char *cfg_path, double scale,
                             struct sae_tensors **out, struct errinfo *e)
{
    static const char *const known[] = {"W_enc",
                                        "W_dec",
                                        "b_enc",
                                        "b_dec",
                                        "b_gate",
                                        "b_mag",
                                        "r_mag",
                                        "threshold",
                                        "topk_threshold",
                                        "scaling_factor",
                                        "finetuning_scaling_factor",
                                        NULL};
    size_t D = 0, F = 0;
    struct sae_tensors *t = NULL;
    TRY(sae_tensors_known(f, known, e));
    TRY(sae_tensors_sizes(f, "W_dec", ROWS_LATENTS, &D, &F, e));
    TRY(sae_tensors_agree(cfg_path, "d_in", c->D, D, e));
    TRY(sae_tensors_agree(cfg_path, "d_sae", c->F, F, e));
    TRY(sae_tensors_new(c->kind->select, D, F, &t, e));
    t->k = c->k;
    t->apply_b_dec = c->apply_b_dec;
    t->is_batch = c->is_batch;
    t->rescale = c->rescale;
    t->centre = c->centre;
    t->norm = c->norm;
    t->scale = scale;
    t->own = c->own;
    t->meta = c->meta;
    snprintf(t->kind, sizeof t->kind, "%s", c->kind->name);
    const enum err rc = fill(t, f, c, e);
    if (rc != OK) {
        sae_tensors_free(t);
        return rc;
    }
    *out = t;
    return OK;
}

/* ---- files ---- */

static bool is(const char *path)
{
    char cfg[4096], weights[4096];
    return path_join(cfg, sizeof cfg, path, SAELENS_CFG, NULL) == OK &&
           path_join(weights, sizeof weights, path, SAELENS_WEIGHTS, NULL) == OK &&
           file_exists(cfg) && file_exists(weights);
}

static enum err load_cfg(const char *cfg_path, struct cfg *c, struct errinfo *e)
{
    cJSON *root = NULL;
    TRY(json_load(cfg_path, SAELENS_CFG_MAX, &root, e));
    const enum err rc = parse(root, cfg_path, c, e);
    cJSON_Delete(root);
    return rc;
}

enum err saelens_load(const char *dir, const char *cfg_path, const char *weights,
                      struct sae_tensors **out, struct errinfo *e)
{
    struct tensorfile *f = NULL;
    struct cfg c;
    double scale = 1.0;
    TRY(load_cfg(cfg_path, &c, e));
    if (c.scaled) {
        TRY(read_scale(dir, cfg_path, &scale, e));
    }
    TRY(tensorfile_open(weights, &f, e));
    const enum err rc = load_weights(f, &c, cfg_path, scale, out, e);
    tensorfile_close(f);
    return rc;
}

static enum err load(const char *path, struct sae_tensors **out, struct errinfo *e)
{
    char cfg_path[4096], weights[4096];
    TRY(path_join(cfg_path, sizeof cfg_path, path, SAELENS_CFG, e));
    TRY(path_join(weights, sizeof weights, path, SAELENS_WEIGHTS, e));
    return saelens_load(path, cfg_path, weights, out, e);
}

extern const struct foreign_format foreign_format_saelens;
const struct foreign_format foreign_format_saelens = {
    .name = "saelens",
    .about = "a directory with cfg.json and sae_weights.safetensors",
    .is = is,
    .load = load,
    .check = check,
};
