/* Writes SAELens' layout (SAELens 6; tensors W_enc [D,F], W_dec [F,D], b_enc [F], b_dec
 * [D], for jumprelu threshold [F]; gated has b_gate, b_mag, r_mag instead of b_enc).
 * foreign_saelens.c reads it.
 *
 * Norms of a free decoder are folded first. Folding the input scale c changes only the
 * biases. With unit decoder rows everything is positively homogeneous, so on raw x f /
 * c = select((x - b_dec / c) W_enc + b_enc / c), xhat = (f / c) W_dec + b_dec / c
 * (thresholds and b_mag / c likewise): the matrices are saved bit for bit, decoder rows
 * keep unit norm, as SAEBench requires, and activations are in units of x. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/safetensors.h"
#include "sae/sae_arch.h"
#include "sae/saelens.h"

#include <math.h>
#include <string.h>

/* The version of SAELens whose layout this is. */
#define SAELENS_VERSION "6.18.0"

#define MAX_TENSORS (4 + SAE_EXTRA_MAX)

/* ---- cfg.json ---- */

/* Adds a string, or null for NULL. */
static void add_text(cJSON *to, const char *key, const char *text)
{
    if (text) {
        cJSON_AddStringToObject(to, key, text);
    } else {
        cJSON_AddNullToObject(to, key);
    }
}

/* Adds SAELens' notes on batch architectures, which it saves as jumprelu. */
static void add_training(cJSON *m, const struct sae *s, const struct sae_meta *meta)
{
    if (s->arch->infer != SAE_INFER_THRESHOLD) {
        return;
    }
    const bool nested = (s->arch->has & SAE_HAS_GROUPS) != 0;
    add_text(m, SAELENS_TRAINED, nested ? "matryoshka_batchtopk" : "batchtopk");
    cJSON *details = cJSON_AddObjectToObject(m, SAELENS_DETAILS);
    cJSON_AddNumberToObject(details, "k", s->k);
    if (nested && meta->groups > 0) {
        cJSON *widths = cJSON_AddArrayToObject(details, "matryoshka_widths");
        for (size_t i = 0; i < meta->groups; i++) {
            cJSON *width = cJSON_CreateNumber((double)meta->width[i]);
            if (!cJSON_AddItemToArray(widths, width)) {
                cJSON_Delete(width); /* out of memory */
            }
        }
    }
}

static void add_metadata(cJSON *cfg, const struct sae *s, const struct sae_meta *meta)
{
    cJSON *m = cJSON_AddObjectToObject(cfg, "metadata");
    add_text(m, "sae_lens_version", SAELENS_VERSION);
    cJSON_AddNullToObject(m, "sae_lens_training_version");
    add_text(m, "model_name", meta->model_name);
    add_text(m, "hook_name", meta->hook_name);
    cJSON_AddNullToObject(m, "hook_head_index");
    add_text(m, "dataset_path", meta->dataset);
    if (meta->context_size > 0) {
        cJSON_AddNumberToObject(m, "context_size", (double)meta->context_size);
    } else {
        cJSON_AddNullToObject(m, "context_size");
    }
    if (meta->says_bos) {
        cJSON_AddBoolToObject(m, "prepend_bos", meta->prepend_bos);
    } else {
        cJSON_AddNullToObject(m, "prepend_bos");
    }
    cJSON_AddBoolToObject(m, "exclude_special_tokens", true);
    /* Models run here as they are; TransformerLens would centre them. */
    cJSON *kwargs = cJSON_AddObjectToObject(m, "model_from_pretrained_kwargs");
    cJSON_AddBoolToObject(kwargs, "center_writing_weights", false);
    cJSON_AddNullToObject(m, "neuronpedia_id");
    add_training(m, s, meta);
    /* Needed to undo the folding on load; the layout has no place for it. */
    cJSON *own = cJSON_AddObjectToObject(m, SAELENS_OWN);
    add_text(own, "version", SAETOP_VERSION);
    add_text(own, "architecture", s->arch->name);
    cJSON_AddNumberToObject(own, "k", s->k);
    cJSON_AddNumberToObject(own, "scale", (double)s->scale);
    cJSON_AddNumberToObject(own, "threshold", s->threshold);
    cJSON_AddNumberToObject(own, "step", (double)meta->step);
}

/* A scale is folded. */
const char *const saelens_norms[SAELENS_NORMS] = {
    [SAE_NORM_SCALE] = "none",
    [SAE_NORM_CONSTANT] = "constant_norm_rescale",
    [SAE_NORM_LAYER] = "layer_norm",
};

static const char *b_enc_name(const struct sae_arch *a)
{
    return a->b_enc_name ? a->b_enc_name : "b_enc";
}

static enum err write_cfg(const struct sae *s, const struct sae_meta *meta,
                          const char *path, struct errinfo *e)
{
    cJSON *cfg = cJSON_CreateObject();
    add_text(cfg, "architecture", s->arch->save_name);
    cJSON_AddNumberToObject(cfg, "d_in", (double)s->D);
    cJSON_AddNumberToObject(cfg, "d_sae", (double)s->F);
    add_text(cfg, "dtype", "float32");
    add_text(cfg, "device", "cpu");
    cJSON_AddBoolToObject(cfg, "apply_b_dec_to_input", s->apply_b_dec);
    add_text(cfg, "normalize_activations", saelens_norms[s->norm]);
    const bool heads = meta->hook_name && strstr(meta->hook_name, "hook_z");
    add_text(cfg, "reshape_activations", heads ? "hook_z" : "none");
    if (s->arch->infer == SAE_INFER_TOPK) {
        cJSON_AddNumberToObject(cfg, "k", s->k);
        /* Unit rows: the same either way, but only so may SAELens fold norms. */
        cJSON_AddBoolToObject(cfg, "rescale_acts_by_decoder_norm", true);
    }
    add_metadata(cfg, s, meta);
    struct str text;
    str_init(&text, SAELENS_CFG_MAX);
    enum err rc = json_print(cfg, &text, e);
    if (rc == OK) {
        rc = file_write_text(path, text.p, e);
    }
    str_free(&text);
    cJSON_Delete(cfg);
    return rc;
}

/* ---- saving ---- */

/* out [cols,rows] = in [rows,cols] transposed. */
static void transpose(const float *in, size_t rows, size_t cols, float *out)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < cols; c++) {
            out[c * rows + r] = in[r * cols + c];
        }
    }
}

/* Returns y with y * c == x after rounding, if there is one next to x / c. */
static float unscaled(float x, float c)
{
    const float y = (float)((double)x / (double)c);
    const float near[] = {y, nextafterf(y, INFINITY), nextafterf(y, -INFINITY)};
    for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
        const float back = near[i] * c;
        if (memcmp(&back, &x, sizeof back) == 0) {
            return near[i];
        }
    }
    return y;
}

/* Writes a vector [F] without the scale to `to`; returns the tensor. */
static struct st_tensor vector(const char *name, const float *v, size_t F, float scale,
                               float *to)
{
    for (size_t j = 0; j < F; j++) {
        to[j] = unscaled(v[j], scale);
    }
    return (struct st_tensor){name, ST_F32, 1, {F}, to, F * sizeof *to};
}

/* buffer: D F + (2 + SAE_EXTRA_MAX) F + D floats. */
static enum err write_weights(const struct sae *s, float *buffer, const char *path,
                              struct errinfo *e)
{
    const size_t D = s->D, F = s->F;
    float *W_enc = buffer, *b_dec = W_enc + D * F, *at = b_dec + D;
    struct st_tensor tensors[MAX_TENSORS] = {
        {"W_dec", ST_F32, 2, {F, D}, s->W_dec, D * F * sizeof(float)},
        {"W_enc", ST_F32, 2, {D, F}, W_enc, D * F * sizeof(float)},
        {"b_dec", ST_F32, 1, {D}, b_dec, D * sizeof(float)},
    };
    size_t n = 3;
    transpose(s->W_enc, F, D, W_enc);
    for (size_t d = 0; d < D; d++) {
        b_dec[d] = unscaled(s->b_dec[d], s->scale);
    }
    tensors[n++] = vector(b_enc_name(s->arch), s->b_enc, F, s->scale, at);
    for (size_t i = 0; i < s->arch->extra; i++) {
        const struct sae_vector *v = &s->arch->vector[i];
        at += F;
        tensors[n++] =
            vector(v->name, s->extra + i * F, F, v->folds ? s->scale : 1.0f, at);
    }
    if (s->arch->infer == SAE_INFER_THRESHOLD) {
        at += F;
        for (size_t j = 0; j < F; j++) {
            at[j] = (float)(s->threshold / (double)s->scale);
        }
        tensors[n++] =
            (struct st_tensor){"threshold", ST_F32, 1, {F}, at, F * sizeof(float)};
    }
    const struct st_meta_entry meta[] = {{"format", "pt"}};
    return st_write(path, tensors, n, meta, 1, e);
}

static enum err save_folded(const struct sae *s, const struct sae_meta *meta,
                            const char *dir, struct errinfo *e)
{
    char cfg[4096], weights[4096];
    TRY(path_join(cfg, sizeof cfg, dir, SAELENS_CFG, e));
    TRY(path_join(weights, sizeof weights, dir, SAELENS_WEIGHTS, e));
    TRY(file_mkdirs(dir, e));
    float *buffer;
    TRY(mem_new(&buffer, s->D * s->F + (2 + SAE_EXTRA_MAX) * s->F + s->D,
                sizeof *buffer, "an SAE to be saved", e));
    /* Weights first: cfg.json is what makes a directory an SAE. */
    enum err rc = write_weights(s, buffer, weights, e);
    if (rc == OK) {
        rc = write_cfg(s, meta, cfg, e);
    }
    mem_free(buffer);
    return rc;
}

enum err sae_save(const struct sae *s, const struct sae_meta *meta, const char *dir,
                  struct errinfo *e)
{
    if (!s->is_free) {
        return save_folded(s, meta, dir, e);
    }
    struct sae *folded;
    TRY(sae_copy(s, &folded, e));
    const enum err rc = save_folded(folded, meta, dir, e);
    sae_free(folded);
    return rc;
}
