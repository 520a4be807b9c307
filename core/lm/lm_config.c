#include "lm/lm_config.h"

#include "base/json.h"
#include "lm/lm_config_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Beyond what any published model of these families has. */
#define MAX_LAYERS 1000
#define MAX_WIDTH  65536
#define MAX_CTX    (1 << 22)
#define MAX_VOCAB  (1 << 24)

/* ---- sizes ---- */

/* Reads a size by its name in the family's files; its default is 0 if it is
 * required. */
static enum err size_of(const struct config_file *f, const char *key, size_t usual,
                        int64_t min, int64_t max, size_t *out, struct errinfo *e)
{
    int64_t v = (int64_t)usual;
    TRY(json_int(f->at, f->obj, key, usual == 0, min, max, &v, e));
    *out = (size_t)v;
    return OK;
}

static enum err read_sizes(const struct config_file *f, struct lm_config *c,
                           struct errinfo *e)
{
    const struct lm_family *a = c->family;
    const struct lm_keys *k = &a->keys;
    TRY(size_of(f, k->layers, a->layers, 1, MAX_LAYERS, &c->n_layer, e));
    TRY(size_of(f, k->width, a->width, 1, MAX_WIDTH, &c->d_model, e));
    TRY(size_of(f, k->heads, a->heads, 1, MAX_WIDTH, &c->n_head, e));
    int64_t ctx = 0;
    if (strcmp(k->context, "n_positions") == 0) {
        /* Older files have n_ctx, newer ones n_positions. */
        TRY(json_int(f->at, f->obj, "n_ctx", false, 2, MAX_CTX, &ctx, e));
    }
    TRY(size_of(f, k->context, ctx > 0 ? (size_t)ctx : a->context, 2, MAX_CTX,
                &c->n_ctx, e));
    TRY(size_of(f, "vocab_size", a->vocab, 2, MAX_VOCAB, &c->vocab, e));
    const bool four = strcmp(a->name, "gpt2") == 0 || strcmp(a->name, "gpt_neo") == 0;
    TRY(size_of(f, k->inner, four ? 4 * c->d_model : a->inner, 1,
                (int64_t)16 * MAX_WIDTH, &c->d_ff, e));
    double eps = a->eps;
    TRY(json_num(f->at, f->obj, k->eps, false, 1e-12, 1.0, &eps, e));
    c->ln_eps = (float)eps;
    return OK;
}

/* Reads the number of heads of keys and values, and the width of a head. */
static enum err read_heads(const struct config_file *f, struct lm_config *c,
                           struct errinfo *e)
{
    const struct lm_family *a = c->family;
    const bool may_differ = a->gated;
    int64_t kv = (int64_t)(a->kv ? a->kv : c->n_head);
    int64_t dim = (int64_t)a->d_head;
    if (may_differ) {
        const cJSON *v =
            cJSON_GetObjectItemCaseSensitive(f->obj, "num_key_value_heads");
        kv = cJSON_IsNull(v) ? (int64_t)c->n_head : kv;
        TRY(json_int(f->at, f->obj, "num_key_value_heads", false, 1, MAX_WIDTH, &kv,
                     e));
        TRY(json_int(f->at, f->obj, "head_dim", false, 1, MAX_WIDTH, &dim, e));
    }
    if (dim == 0 && c->d_model % c->n_head != 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found %zu, expected a divisor of %s (%zu)", f->at.file,
                       a->keys.heads, c->n_head, a->keys.width, c->d_model);
    }
    if (c->n_head % (size_t)kv != 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: num_key_value_heads: found %lld, expected a divisor of "
                       "%s (%zu)",
                       f->at.file, (long long)kv, a->keys.heads, c->n_head);
    }
    c->n_kv = (size_t)kv;
    c->d_head = dim > 0 ? (size_t)dim : c->d_model / c->n_head;
    return OK;
}

/* ---- traits ---- */

static enum err read_act(const struct config_file *f, struct lm_config *c,
                         struct errinfo *e)
{
    static const struct {
        const char *name;
        enum lm_act act;
    } rows[] = {
        {"gelu_new", LM_GELU_TANH},  {"gelu_pytorch_tanh", LM_GELU_TANH},
        {"gelu_fast", LM_GELU_TANH}, {"gelu", LM_GELU},
        {"silu", LM_SILU},           {"swish", LM_SILU},
        {"relu", LM_RELU},
    };
    const char *key = c->family->keys.act, *name = NULL;
    c->act = c->family->act;
    TRY(json_str(f->at, f->obj, key, false, &name, e));
    if (name == NULL && strcmp(key, "hidden_activation") == 0) {
        /* gemma's first files have hidden_act "gelu", which the reference passes by */
        return OK;
    }
    for (size_t i = 0; name != NULL && i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(name, rows[i].name) == 0) {
            c->act = rows[i].act;
            return OK;
        }
    }
    return name == NULL
               ? OK
               : err_set(e, ERR_FORMAT,
                         "%s: %s: found \"%.40s\", expected \"gelu_new\", "
                         "\"gelu_pytorch_tanh\", \"gelu\", \"silu\" or \"relu\"",
                         f->at.file, key, name);
}

static enum err read_flag(const struct config_file *f, const char *key, bool usual,
                          bool *out, struct errinfo *e)
{
    *out = usual;
    return json_bool(f->at, f->obj, key, false, out, e);
}

/* Checks settings of which only one value is computed. */
static enum err check_flags(const struct config_file *f, struct errinfo *e)
{
    const cJSON *packed = NULL;
    TRY(json_obj(f->at, f->obj, "quantization_config", false, &packed, e));
    if (packed) {
        const struct json_at at = {f->at.file, "quantization_config"};
        const char *how = "unknown";
        TRY(json_str(at, packed, "quant_method", false, &how, e));
        return err_set(e, ERR_FORMAT,
                       "%s: quantization_config: found weights packed by \"%.40s\", "
                       "expected F32, F16 or BF16: take the model that was packed",
                       f->at.file, how);
    }
    static const struct {
        const char *key;
        bool expected;
    } rows[] = {{"scale_attn_by_inverse_layer_idx", false},
                {"add_cross_attention", false},
                {"use_bidirectional_attention", false},
                {"scale_attn_weights", true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool value = rows[i].expected;
        TRY(json_bool(f->at, f->obj, rows[i].key, false, &value, e));
        if (value != rows[i].expected) {
            return err_set(e, ERR_FORMAT, "%s: %s: found %s, expected %s", f->at.file,
                           rows[i].key, value ? "true" : "false",
                           rows[i].expected ? "true" : "false");
        }
    }
    return OK;
}

static enum err read_traits(const struct config_file *f, struct lm_config *c,
                            struct errinfo *e)
{
    const struct lm_family *a = c->family;
    bool tied = false, bias = false;
    TRY(check_flags(f, e));
    TRY(read_act(f, c, e));
    TRY(read_flag(f, "tie_word_embeddings", !a->own_head, &tied, e));
    c->own_head = !tied;
    c->parallel = a->parallel;
    c->qkv_bias = a->qkv_bias;
    c->proj_bias = a->proj_bias;
    c->mlp_bias = a->mlp_bias;
    if (a->parallel) {
        TRY(read_flag(f, "use_parallel_residual", true, &c->parallel, e));
    }
    if (strcmp(a->name, "qwen2") != 0 && a->rotary) {
        TRY(read_flag(f, "attention_bias", a->qkv_bias, &bias, e));
        c->qkv_bias = c->proj_bias = bias;
    }
    if (a->gated) {
        TRY(read_flag(f, "mlp_bias", a->mlp_bias, &c->mlp_bias, e));
    }
    double scalar = (double)a->scalar, attn = a->attn_cap, logit = a->logit_cap;
    if (a->scalar > 0) {
        TRY(json_num(f->at, f->obj, "query_pre_attn_scalar", false, 1e-6, 1e9, &scalar,
                     e));
        /* null is "none", which json_num leaves as it is */
        attn = cJSON_IsNull(
                   cJSON_GetObjectItemCaseSensitive(f->obj, "attn_logit_softcapping"))
                   ? 0
                   : attn;
        logit = cJSON_IsNull(
                    cJSON_GetObjectItemCaseSensitive(f->obj, "final_logit_softcapping"))
                    ? 0
                    : logit;
        TRY(json_num(f->at, f->obj, "attn_logit_softcapping", false, 1e-6, 1e9, &attn,
                     e));
        TRY(json_num(f->at, f->obj, "final_logit_softcapping", false, 1e-6, 1e9, &logit,
                     e));
    }
    c->attn_scale = a->unscaled  ? 1.0f
                    : scalar > 0 ? (float)(1.0 / sqrt(scalar))
                                 : 0.0f;
    c->attn_cap = (float)attn;
    c->logit_cap = (float)logit;
    return OK;
}

/* ---- all ---- */

static enum err unknown_type(const char *file, const char *type, struct errinfo *e)
{
    char known[256] = "";
    size_t used = 0;
    for (size_t i = 0; lm_family_at(i) && used < sizeof known; i++) {
        const int n = snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                               lm_family_at(i)->name);
        used += n > 0 ? (size_t)n : 0;
    }
    return err_set(e, ERR_FORMAT,
                   "%s: model_type: found \"%.60s\", expected one of those supported: "
                   "%s",
                   file, type, known);
}

static enum err parse_object(const cJSON *obj, const char *file, struct lm_config *out,
                             struct errinfo *e)
{
    struct config_file f = {{file, ""}, obj};
    struct lm_config c = {0};
    const char *type = NULL, *name = "";
    const cJSON *text = NULL;
    TRY(json_str(f.at, obj, "model_type", true, &type, e));
    c.family = lm_family_find(type);
    if (!c.family) {
        return unknown_type(file, type, e);
    }
    TRY(json_str(f.at, obj, "_name_or_path", false, &name, e));
    TRY(json_obj(f.at, obj, "text_config", false, &text, e));
    if (text) { /* of a model that reads pictures too */
        f = (struct config_file){{file, "text_config"}, text};
    }
    TRY(read_sizes(&f, &c, e));
    TRY(read_heads(&f, &c, e));
    TRY(read_traits(&f, &c, e));
    TRY(lm_config_layers(&f, &c, e));
    if (c.family->rotary) {
        TRY(lm_config_rope(&f, &c, e));
    }
    (void)snprintf(c.name, sizeof c.name, "%s",
                   strlen(name) < sizeof c.name ? name : "");
    *out = c;
    return OK;
}

enum err lm_config_parse(const char *text, size_t len, const char *name,
                         struct lm_config *out, struct errinfo *e)
{
    cJSON *tree = NULL;
    TRY(json_parse(text, len, name, &tree, e));
    struct lm_config cfg;
    size_t count = 0;
    enum err rc = parse_object(tree, name, &cfg, e);
    cJSON_Delete(tree);
    TRY(rc);
    rc = lm_weight_count(&cfg, &count, e);
    if (rc != OK) {
        return err_prefix(e, rc, "%s", name);
    }
    *out = cfg;
    return OK;
}
