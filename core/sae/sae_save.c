/* SAELens' directory: cfg.json and sae_weights.safetensors (SAELens 6; tensors W_enc
 * [D,F], W_dec [F,D], b_enc [F], b_dec [D], for jumprelu threshold [F]; gated has
 * b_gate, b_mag, r_mag instead of b_enc).
 *
 * Norms of a free decoder are folded first. The input scale c is folded through the
 * biases alone. With unit decoder rows everything is positively homogeneous, so on raw
 * x f / c = select((x - b_dec / c) W_enc + b_enc / c), xhat = (f / c) W_dec + b_dec / c
 * (thresholds and b_mag / c likewise): the matrices are saved bit for bit, decoder rows
 * stay of unit norm, as SAEBench asks, and activations are in the unit of x. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/safetensors.h"
#include "sae/sae_arch.h"

#include <math.h>
#include <string.h>

#define CFG_FILE     "cfg.json"
#define WEIGHTS_FILE "sae_weights.safetensors"
#define CFG_MAX      ((size_t)4 << 20)

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
    cJSON_AddBoolToObject(m, "prepend_bos", meta->prepend_bos);
    cJSON_AddBoolToObject(m, "exclude_special_tokens", true);
    /* Models run here as they are; TransformerLens would centre them. */
    cJSON *kwargs = cJSON_AddObjectToObject(m, "model_from_pretrained_kwargs");
    cJSON_AddBoolToObject(kwargs, "center_writing_weights", false);
    cJSON_AddNullToObject(m, "neuronpedia_id");
    /* What the layout has no place for, to undo the folding on load. */
    cJSON *own = cJSON_AddObjectToObject(m, "saetop");
    add_text(own, "version", SAETOP_VERSION);
    add_text(own, "architecture", s->arch->name);
    cJSON_AddNumberToObject(own, "k", s->k);
    cJSON_AddNumberToObject(own, "scale", (double)s->scale);
    cJSON_AddNumberToObject(own, "threshold", s->threshold);
    cJSON_AddNumberToObject(own, "step", (double)meta->step);
}

/* The names of the normalisations that stay with an SAE: a scale is folded. */
static const char *const norm_names[] = {
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
    cJSON_AddBoolToObject(cfg, "apply_b_dec_to_input", !s->keep_b_dec);
    add_text(cfg, "normalize_activations", norm_names[s->norm]);
    add_text(cfg, "reshape_activations", "none");
    if (s->arch->infer == SAE_INFER_TOPK) {
        cJSON_AddNumberToObject(cfg, "k", s->k);
        /* Unit rows: the same either way, but only so may SAELens fold norms. */
        cJSON_AddBoolToObject(cfg, "rescale_acts_by_decoder_norm", true);
    }
    add_metadata(cfg, s, meta);
    struct str text;
    str_init(&text, CFG_MAX);
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

/* y with y * c == x after rounding, if there is one beside x / c. */
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

/* A vector [F] without the scale, at `to`; returns the tensor. */
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
    TRY(path_join(cfg, sizeof cfg, dir, CFG_FILE, e));
    TRY(path_join(weights, sizeof weights, dir, WEIGHTS_FILE, e));
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

/* ---- loading ---- */

/* What cfg.json says. */
struct cfg {
    const struct sae_arch *arch;
    size_t D, F;
    double k;
    enum sae_norm norm;
    bool subtract_b_dec; /* apply_b_dec_to_input */
    bool rescale;        /* rescale_acts_by_decoder_norm */
    bool own;            /* saved by saetop: the two below hold */
    double scale, threshold;
};

/* ERR_FORMAT unless the member is absent, null or `only`. */
static enum err expect_text(struct json_at at, const cJSON *obj, const char *key,
                            const char *only, struct errinfo *e)
{
    const char *found = only;
    TRY(json_str(at, obj, key, false, &found, e));
    if (strcmp(found, only) != 0) {
        return err_set(e, ERR_FORMAT, "%s: %s: found \"%.60s\", expected \"%s\"",
                       at.file, key, found, only);
    }
    return OK;
}

/* The architecture by saetop's own name; without one, that of SAELens' name. */
static enum err find_arch(struct json_at at, const cJSON *root, const cJSON *own,
                          const struct sae_arch **out, struct errinfo *e)
{
    const char *save_name = "", *name = NULL;
    TRY(json_str(at, root, "architecture", true, &save_name, e));
    if (own) {
        TRY(json_str((struct json_at){at.file, "metadata.saetop"}, own, "architecture",
                     true, &name, e));
    }
    const struct sae_arch *a = sae_arch_find(name ? name : save_name);
    if (!a || strcmp(a->save_name, save_name) != 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: architecture: found \"%.40s\"%s%.40s, expected "
                       "\"standard\", \"gated\", \"topk\" or \"jumprelu\"",
                       at.file, save_name, name ? " of saetop's " : "",
                       name ? name : "");
    }
    *out = a;
    return OK;
}

static enum err parse_norm(struct json_at at, const cJSON *root, enum sae_norm *out,
                           struct errinfo *e)
{
    const char *found = norm_names[SAE_NORM_SCALE];
    TRY(json_str(at, root, "normalize_activations", false, &found, e));
    for (size_t i = 0; i < sizeof norm_names / sizeof norm_names[0]; i++) {
        if (strcmp(found, norm_names[i]) == 0) {
            *out = (enum sae_norm)i;
            return OK;
        }
    }
    return err_set(e, ERR_FORMAT,
                   "%s: normalize_activations: found \"%.60s\", expected \"none\", "
                   "\"constant_norm_rescale\" or \"layer_norm\"",
                   at.file, found);
}

static enum err parse_own(struct json_at at, const cJSON *root, const cJSON **own,
                          struct cfg *c, struct errinfo *e)
{
    const cJSON *metadata = NULL;
    TRY(json_obj(at, root, "metadata", false, &metadata, e));
    if (!metadata) {
        return OK;
    }
    TRY(json_obj((struct json_at){at.file, "metadata"}, metadata, "saetop", false, own,
                 e));
    if (!*own) {
        return OK;
    }
    const struct json_at in = {at.file, "metadata.saetop"};
    TRY(json_num(in, *own, "scale", true, 1e-30, 1e30, &c->scale, e));
    TRY(json_num(in, *own, "threshold", true, 0.0, 1e30, &c->threshold, e));
    TRY(json_num(in, *own, "k", true, 1e-9, INT32_MAX, &c->k, e));
    c->own = true;
    return OK;
}

static enum err parse_cfg(const cJSON *root, const char *path, struct cfg *c,
                          struct errinfo *e)
{
    const struct json_at at = {path, ""};
    if (!cJSON_IsObject(root)) {
        return err_set(e, ERR_FORMAT, "%s: expected an object", path);
    }
    int64_t D = 0, F = 0, k = 1;
    *c = (struct cfg){.subtract_b_dec = true, .scale = 1.0};
    const cJSON *own = NULL;
    TRY(parse_own(at, root, &own, c, e));
    TRY(find_arch(at, root, own, &c->arch, e));
    TRY(json_int(at, root, "d_in", true, 1, INT32_MAX, &D, e));
    TRY(json_int(at, root, "d_sae", true, 1, INT32_MAX, &F, e));
    size_t count;
    const enum err rc = sae_param_count(c->arch, (size_t)D, (size_t)F, &count, e);
    if (rc != OK) {
        return err_prefix(e, rc, "%s", path);
    }
    if (c->arch->infer == SAE_INFER_TOPK) {
        TRY(json_int(at, root, "k", true, 1, F, &k, e));
        c->k = (double)k;
    } else if (!c->own) {
        c->k = 1; /* unknown, and of no use at inference */
    }
    if (c->k > (double)F) {
        return err_set(e, ERR_FORMAT,
                       "%s: metadata.saetop.k: found %g, expected at most %lld", path,
                       c->k, (long long)F);
    }
    TRY(json_bool(at, root, "apply_b_dec_to_input", false, &c->subtract_b_dec, e));
    TRY(json_bool(at, root, "rescale_acts_by_decoder_norm", false, &c->rescale, e));
    TRY(parse_norm(at, root, &c->norm, e));
    TRY(expect_text(at, root, "reshape_activations", "none", e));
    c->D = (size_t)D;
    c->F = (size_t)F;
    return OK;
}

/* Tensors as they are in the file: W_enc transposed to rows, thresholds apart. */
static enum err read_tensors(const struct st_file *f, struct sae *s, float *threshold,
                             struct errinfo *e)
{
    const size_t D = s->D, F = s->F;
    float *turned;
    const size_t enc[] = {D, F}, dec[] = {F, D}, rows[] = {F}, cols[] = {D};
    TRY(mem_new(&turned, D * F, sizeof *turned, "an SAE", e));
    enum err rc = st_read_f32(f, "W_enc", enc, 2, turned, e);
    if (rc == OK) {
        transpose(turned, D, F, s->W_enc);
    }
    mem_free(turned);
    TRY(rc);
    TRY(st_read_f32(f, "W_dec", dec, 2, s->W_dec, e));
    TRY(st_read_f32(f, b_enc_name(s->arch), rows, 1, s->b_enc, e));
    for (size_t i = 0; i < s->arch->extra; i++) {
        TRY(st_read_f32(f, s->arch->vector[i].name, rows, 1, s->extra + i * F, e));
    }
    TRY(st_read_f32(f, "b_dec", cols, 1, s->b_dec, e));
    return s->arch->infer == SAE_INFER_THRESHOLD
               ? st_read_f32(f, "threshold", rows, 1, threshold, e)
               : OK;
}

static enum err check_finite(const char *path, const char *name, const float *x,
                             size_t n, struct errinfo *e)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            return err_set(e, ERR_FORMAT, "%s: %s: not a finite number at element %zu",
                           path, name, i);
        }
    }
    return OK;
}

/* Decoder rows to unit norm, the norms into encoder and thresholds. For TopK that keeps
 * the selection only if it was made on rescaled activations, or if the norms are equal,
 * as far as half precision tells. */
static enum err fold_norms(struct sae *s, const struct cfg *c, float *threshold,
                           const char *path, struct errinfo *e)
{
    double least = INFINITY, most = 0.0;
    for (size_t j = 0; j < s->F; j++) {
        double norm2 = 0.0;
        for (size_t d = 0; d < s->D; d++) {
            const double w = (double)s->W_dec[j * s->D + d];
            norm2 += w * w;
        }
        const double norm = sqrt(norm2);
        least = fmin(least, norm);
        most = fmax(most, norm);
        if (fabs(norm - 1.0) >= 1e-6) {
            threshold[j] = (float)((double)threshold[j] * norm);
        }
    }
    s->is_free = true;
    sae_fold(s);
    if (s->arch->infer == SAE_INFER_TOPK && !c->rescale && most > least * 1.002) {
        return err_set(e, ERR_FORMAT,
                       "%s: W_dec: found row norms from %g to %g with "
                       "rescale_acts_by_decoder_norm false, expected equal norms",
                       path, least, most);
    }
    return OK;
}

static enum err fold_threshold(struct sae *s, const float *threshold, const char *path,
                               struct errinfo *e)
{
    float least = INFINITY, most = -INFINITY;
    for (size_t j = 0; j < s->F; j++) {
        least = threshold[j] < least ? threshold[j] : least;
        most = threshold[j] > most ? threshold[j] : most;
    }
    if (least < 0.0f || most - least > 1e-5f * most) {
        return err_set(
            e, ERR_FORMAT,
            "%s: threshold: found %g to %g after folding decoder norms, expected "
            "one positive value for all latents",
            path, (double)least, (double)most);
    }
    s->threshold = (double)least;
    return OK;
}

/* f = z [z > theta] is an activation only if it cannot be negative. */
static enum err check_thresholds(const struct sae *s, const char *path,
                                 struct errinfo *e)
{
    for (size_t j = 0; j < s->F && s->arch->infer == SAE_INFER_JUMP; j++) {
        if (s->extra[j] < 0.0f) {
            return err_set(e, ERR_FORMAT,
                           "%s: threshold: found %g for latent %zu, expected 0 or more",
                           path, (double)s->extra[j], j);
        }
    }
    return OK;
}

/* Back to the unit it was trained in. */
static void rescale(struct sae *s, const struct cfg *c)
{
    s->scale = (float)c->scale;
    for (size_t j = 0; j < s->F; j++) {
        s->b_enc[j] *= s->scale;
    }
    for (size_t d = 0; d < s->D; d++) {
        s->b_dec[d] *= s->scale;
    }
    for (size_t i = 0; i < s->arch->extra * s->F; i++) {
        s->extra[i] *= s->arch->vector[i / s->F].folds ? s->scale : 1.0f;
    }
    s->threshold = c->threshold;
}

static enum err fill(struct sae *s, const struct cfg *c, const struct st_file *f,
                     const char *path, struct errinfo *e)
{
    float *threshold;
    TRY(mem_new(&threshold, s->F, sizeof *threshold, "thresholds", e));
    enum err rc = read_tensors(f, s, threshold, e);
    if (rc == OK) {
        rc = check_finite(path, "a weight", s->arena, s->count, e);
    }
    if (rc == OK) {
        rc = check_finite(path, "threshold", threshold, s->F, e);
    }
    s->keep_b_dec = !c->subtract_b_dec;
    s->norm = c->norm;
    if (rc == OK) {
        rc = fold_norms(s, c, threshold, path, e);
    }
    if (rc == OK && s->arch->infer == SAE_INFER_THRESHOLD) {
        rc = fold_threshold(s, threshold, path, e);
    }
    if (rc == OK) {
        rc = check_thresholds(s, path, e);
    }
    mem_free(threshold);
    if (rc == OK && c->own) {
        rescale(s, c);
    }
    return rc;
}

/* The weights' file, of the sizes in `c`. */
static enum err load_weights(const char *path, const struct cfg *c, struct sae **out,
                             struct errinfo *e)
{
    const struct st_tensor *t;
    struct st_file *f = NULL;
    struct sae *s = NULL;
    TRY(st_open(path, &f, e));
    enum err rc = OK;
    /* Before memory is taken for what cfg.json claims: is that much in the file? */
    t = st_find(f, "W_dec");
    if (!t || t->ndim != 2 || t->shape[0] != c->F || t->shape[1] != c->D) {
        rc = err_set(e, ERR_FORMAT,
                     "%s: W_dec: found %s, expected [%zu, %zu] as in cfg.json", path,
                     t ? "another shape" : "no such tensor", c->F, c->D);
    }
    if (rc == OK) {
        rc = sae_new(c->arch, c->D, c->F, c->k, &s, e);
    }
    if (rc == OK) {
        rc = fill(s, c, f, path, e);
    }
    st_close(f);
    if (rc != OK) {
        sae_free(s);
        return rc;
    }
    *out = s;
    return OK;
}

enum err sae_cfg_check(const char *text, size_t len, const char *name,
                       struct errinfo *e)
{
    cJSON *root = NULL;
    struct cfg c;
    TRY(json_parse(text, len, name, &root, e));
    const enum err rc = parse_cfg(root, name, &c, e);
    cJSON_Delete(root);
    return rc;
}

enum err sae_load(const char *dir, struct sae **out, struct errinfo *e)
{
    char cfg[4096], weights[4096];
    TRY(path_join(cfg, sizeof cfg, dir, CFG_FILE, e));
    TRY(path_join(weights, sizeof weights, dir, WEIGHTS_FILE, e));
    cJSON *root = NULL;
    struct cfg c;
    TRY(json_load(cfg, CFG_MAX, &root, e));
    enum err rc = parse_cfg(root, cfg, &c, e);
    if (rc == OK) {
        rc = load_weights(weights, &c, out, e);
    }
    cJSON_Delete(root);
    return rc;
}
