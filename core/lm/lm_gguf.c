#include "lm/lm_gguf.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The same limits as for config.json. */
#define MAX_LAYERS  1000
#define MAX_WIDTH   65536
#define MAX_CTX     (1 << 22)
#define MAX_WINDOW  (1 << 24)
#define MAX_FACTORS 1024 /* of a head that turns */

struct source {
    const struct gguf *g;
    const char *arch;
};

/* ---- keys of the architecture ---- */

struct key {
    char text[128];
};

static struct key key_of(const struct source *s, const char *end)
{
    struct key k;
    (void)snprintf(k.text, sizeof k.text, "%s.%s", s->arch, end);
    return k;
}

/* Reads a size; its default is 0 if the key is required. */
static enum err size_of(const struct source *s, const char *end, size_t usual,
                        int64_t min, int64_t max, size_t *out, struct errinfo *e)
{
    int64_t v = (int64_t)usual;
    TRY(gguf_int(s->g, key_of(s, end).text, usual == 0, min, max, &v, e));
    *out = (size_t)v;
    return OK;
}

static enum err real_of(const struct source *s, const char *end, bool required,
                        double min, double max, double *out, struct errinfo *e)
{
    return gguf_real(s->g, key_of(s, end).text, required, min, max, out, e);
}

/* ---- sizes ---- */

static enum err read_vocab(const struct source *s, struct lm_config *c,
                           struct errinfo *e)
{
    const char *name = c->family->tensor[0].name;
    const struct gguf_tensor *t = gguf_find(s->g, name);
    if (!t || t->ndim != 2 || t->rows < 2) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found %s, expected a matrix of a row for "
                       "each token",
                       gguf_name(s->g), name, t ? "another shape" : "no such tensor");
    }
    c->vocab = t->rows;
    return OK;
}

static enum err read_heads(const struct source *s, struct lm_config *c,
                           struct errinfo *e)
{
    size_t value = 0;
    TRY(size_of(s, "attention.head_count", 0, 1, MAX_WIDTH, &c->n_head, e));
    TRY(size_of(s, "attention.head_count_kv", c->n_head, 1, MAX_WIDTH, &c->n_kv, e));
    const size_t even = c->d_model / c->n_head;
    if (!gguf_has(s->g, key_of(s, "attention.key_length").text) &&
        c->d_model % c->n_head != 0) {
        return err_set(
            e, ERR_FORMAT,
            "%s: %s: found %zu, expected a divisor of embedding_length (%zu)",
            gguf_name(s->g), key_of(s, "attention.head_count").text, c->n_head,
            c->d_model);
    }
    TRY(size_of(s, "attention.key_length", even, 1, MAX_WIDTH, &c->d_head, e));
    TRY(size_of(s, "attention.value_length", c->d_head, 1, MAX_WIDTH, &value, e));
    if (value != c->d_head) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found %zu, expected %zu, as wide as keys",
                       gguf_name(s->g), key_of(s, "attention.value_length").text, value,
                       c->d_head);
    }
    if (c->n_head % c->n_kv != 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found %zu, expected a divisor of %zu heads",
                       gguf_name(s->g), key_of(s, "attention.head_count_kv").text,
                       c->n_kv, c->n_head);
    }
    return OK;
}

static enum err read_sizes(const struct source *s, struct lm_config *c,
                           struct errinfo *e)
{
    const bool rms = c->family->norm != LM_LAYERNORM;
    double eps = 0.0;
    TRY(size_of(s, "block_count", 0, 1, MAX_LAYERS, &c->n_layer, e));
    TRY(size_of(s, "embedding_length", 0, 1, MAX_WIDTH, &c->d_model, e));
    TRY(size_of(s, "feed_forward_length", 0, 1, (int64_t)16 * MAX_WIDTH, &c->d_ff, e));
    TRY(size_of(s, "context_length", 0, 2, MAX_CTX, &c->n_ctx, e));
    TRY(real_of(
        s, rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon",
        true, 1e-12, 1.0, &eps, e));
    c->ln_eps = (float)eps;
    TRY(read_vocab(s, c, e));
    return read_heads(s, c, e);
}

/* ---- traits ---- */

static bool has(const struct source *s, const char *tensor)
{
    return gguf_find(s->g, tensor) != NULL;
}

static enum err check_experts(const struct source *s, struct errinfo *e)
{
    int64_t experts = 0;
    const struct key k = key_of(s, "expert_count");
    TRY(gguf_int(s->g, k.text, false, 0, INT64_MAX, &experts, e));
    return experts == 0
               ? OK
               : err_set(e, ERR_FORMAT,
                         "%s: %s: found %lld experts, expected none: a mixture "
                         "of experts is not computed",
                         gguf_name(s->g), k.text, (long long)experts);
}

/* Reads the factor of query times key. If the file has none: for Gemma's largest models
 * 1 / sqrt(d_model / n_head), else 0, which means 1 / sqrt(d_head). */
static enum err read_scale(const struct source *s, struct lm_config *c,
                           struct errinfo *e)
{
    const bool gemma2 = strcmp(s->arch, "gemma2") == 0;
    const bool gemma = gemma2 || strcmp(s->arch, "gemma3") == 0;
    const bool large = gemma && c->n_layer == (gemma2 ? 46u : 62u);
    double scale = 0.0;
    TRY(real_of(s, "attention.scale", false, 0.0, 1e6, &scale, e));
    if (scale <= 0.0 && large) {
        scale = 1.0 / sqrt((double)(c->d_model / c->n_head));
    }
    c->attn_scale = (float)scale;
    return OK;
}

static enum err read_traits(const struct source *s, struct lm_config *c,
                            struct errinfo *e)
{
    const struct lm_family *a = c->family;
    double attn = a->attn_cap, logit = a->logit_cap;
    TRY(check_experts(s, e));
    c->act = a->act;
    c->own_head = has(s, a->heads_names[0]);
    c->parallel = a->parallel;
    if (a->parallel) {
        TRY(gguf_bool(s->g, key_of(s, "use_parallel_residual").text, false,
                      &c->parallel, e));
    }
    c->qkv_bias = has(s, "blk.0.attn_q.bias") || has(s, "blk.0.attn_qkv.bias");
    c->proj_bias = has(s, "blk.0.attn_output.bias");
    c->mlp_bias = has(s, "blk.0.ffn_down.bias");
    TRY(real_of(s, "attn_logit_softcapping", false, 0.0, 1e9, &attn, e));
    TRY(real_of(s, "final_logit_softcapping", false, 0.0, 1e9, &logit, e));
    c->attn_cap = (float)attn;
    c->logit_cap = (float)logit;
    return read_scale(s, c, e);
}

/* ---- local blocks ---- */

static void set_local(struct lm_config *c, size_t block)
{
    c->local[block / 64] |= (uint64_t)1 << block % 64;
}

/* Reads sliding_window_pattern as a list of one boolean per block. */
static enum err read_list(const struct source *s, const char *key, struct lm_config *c,
                          struct errinfo *e)
{
    struct gguf_array list = {0};
    TRY(gguf_array(s->g, key, true, GGUF_BOOL, &list, e));
    if (list.count < c->n_layer) {
        return err_set(
            e, ERR_FORMAT, "%s: %s: found %zu block%s, expected %zu (block_count)",
            gguf_name(s->g), key, list.count, plural_s(list.count), c->n_layer);
    }
    for (size_t i = 0; i < c->n_layer; i++) {
        if (gguf_array_int(&list, i)) {
            set_local(c, i);
        }
    }
    return OK;
}

/* Reads which blocks see only a window; for gemma alone, as in llama.cpp. */
static enum err read_layers(const struct source *s, struct lm_config *c,
                            struct errinfo *e)
{
    const enum lm_pattern p = c->family->pattern;
    const struct key window = key_of(s, "attention.sliding_window");
    const struct key pattern = key_of(s, "attention.sliding_window_pattern");
    int64_t n = p == LM_ALTERNATE ? (int64_t)c->family->window : 0;
    size_t every = p == LM_ALTERNATE ? 2 : 6;
    if (p != LM_ALTERNATE && p != LM_EVERY_NTH) {
        return OK;
    }
    TRY(gguf_int(s->g, window.text, false, 0, MAX_WINDOW, &n, e));
    if (n == 0) {
        return OK;
    }
    c->window = (size_t)n;
    for (size_t i = 0; i < gguf_key_count(s->g); i++) {
        const struct gguf_key k = gguf_key_at(s->g, i);
        if (k.type == GGUF_ARRAY && strcmp(k.name, pattern.text) == 0) {
            return read_list(s, pattern.text, c, e);
        }
    }
    TRY(size_of(s, "attention.sliding_window_pattern", every, 1, LM_LAYERS_MAX, &every,
                e));
    for (size_t i = 0; i < c->n_layer; i++) {
        if ((i + 1) % every != 0) {
            set_local(c, i);
        }
    }
    return OK;
}

/* ---- rope ---- */

/* Llama 3's scaling as llama.cpp stores it: the divisor of the frequency of pair i of
 * `pairs`. */
static double llama3_factor(const struct lm_rope *r, size_t i, size_t pairs)
{
    const double turn = pow(r->base, -(double)i / (double)pairs);
    const double times = turn * r->context / (2.0 * 3.14159265358979323846);
    const double smooth = (times - r->low) / (r->high - r->low);
    return times > r->high  ? 1.0
           : times < r->low ? r->factor
                            : 1.0 / ((1.0 - smooth) / r->factor + smooth);
}

/* Reads factors of Llama 3's scaling, by which the file says what config.json says in
 * four numbers: the greatest factor is the first of these; the others are the same in
 * all of Llama 3.x, except for the context if a key has it. The four give the
 * reference's own frequencies, so they are used if they give these factors, and nothing
 * else is computed. */
static enum err read_factors(const struct source *s, struct lm_config *c,
                             struct errinfo *e)
{
    static const char name[] = "rope_freqs.weight";
    const size_t n = c->rotary / 2;
    float have[MAX_FACTORS];
    size_t context = 0;
    double most = 0.0;
    const struct gguf_tensor *t = NULL;
    struct lm_rope r = {LM_ROPE_LLAMA3, c->rope[0].base, 1.0, 1.0, 4.0, 0.0};
    if (!has(s, name)) {
        return OK;
    }
    if (n > MAX_FACTORS) {
        return err_set(e, ERR_LIMIT, "%s: %s: found %zu factors, expected at most %d",
                       gguf_name(s->g), name, n, MAX_FACTORS);
    }
    TRY(size_of(s, "rope.scaling.original_context_length", 8192, 1, MAX_CTX, &context,
                e));
    TRY(gguf_want(s->g, name, &n, 1, &t, e));
    TRY(gguf_rows(s->g, t, 0, 1, have, e));
    r.context = (double)context;
    for (size_t i = 0; i < n; i++) {
        r.factor = (double)have[i] > r.factor ? (double)have[i] : r.factor;
    }
    for (size_t i = 0; i < n; i++) {
        const double want = llama3_factor(&r, i, n);
        const double off = fabs((double)have[i] - want) / want;
        most = off > most ? off : most;
    }
    if (most > 1e-4) {
        return err_set(
            e, ERR_FORMAT,
            "%s: %s: found factors that differ by %.2g from those of Llama 3 "
            "(low 1, high 4, context %zu, factor %g), which alone are "
            "computed",
            gguf_name(s->g), name, most, context, r.factor);
    }
    if (r.factor > 1.0) {
        c->rope[0] = r;
    }
    return OK;
}

static enum err read_scaling(const struct source *s, struct lm_rope *r,
                             struct errinfo *e)
{
    const struct key type = key_of(s, "rope.scaling.type");
    const char *kind = "linear";
    double factor = 0.0;
    TRY(gguf_text(s->g, type.text, false, &kind, e));
    TRY(real_of(s, "rope.scale_linear", false, 0.0, 1e6, &factor, e)); /* older files */
    TRY(real_of(s, "rope.scaling.factor", false, 0.0, 1e6, &factor, e));
    if (strcmp(kind, "none") == 0 || (strcmp(kind, "linear") == 0 && factor <= 0.0)) {
        return OK;
    }
    if (strcmp(kind, "linear") != 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found \"%.40s\", expected none or linear",
                       gguf_name(s->g), type.text, kind);
    }
    r->kind = LM_ROPE_LINEAR;
    r->factor = factor;
    return OK;
}

static enum err read_rope(const struct source *s, struct lm_config *c,
                          struct errinfo *e)
{
    const struct lm_family *a = c->family;
    struct lm_rope *r = c->rope;
    double local;
    r[0].base = 1e4;
    TRY(real_of(s, "rope.freq_base", false, 1.0, 1e12, &r[0].base, e));
    local = a->base_local > 0.0 ? a->base_local : r[0].base;
    TRY(real_of(s, "rope.freq_base_swa", false, 1.0, 1e12, &local, e));
    TRY(read_scaling(s, &r[0], e));
    r[1] = (struct lm_rope){.base = local};
    if (a->base_local <= 0.0) {
        r[1] = r[0];
        r[1].base = local;
    }
    TRY(size_of(s, "rope.dimension_count", c->d_head, 2, (int64_t)c->d_head, &c->rotary,
                e));
    if (c->rotary % 2 != 0) {
        return err_set(e, ERR_FORMAT, "%s: %s: found %zu, expected an even number",
                       gguf_name(s->g), key_of(s, "rope.dimension_count").text,
                       c->rotary);
    }
    return read_factors(s, c, e);
}

/* ---- all ---- */

static enum err say_unknown(const struct gguf *g, const char *arch, struct errinfo *e)
{
    char known[256] = "";
    size_t used = 0;
    for (size_t i = 0; lm_gguf_architecture(i) && used < sizeof known; i++) {
        const int n = snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                               lm_gguf_architecture(i));
        used += n > 0 ? (size_t)n : 0;
    }
    return err_set(e, ERR_FORMAT,
                   "%s: general.architecture: found \"%.60s\", expected one of those "
                   "supported: %s",
                   gguf_name(g), arch, known);
}

/* Refuses changes to another model's weights, as llama.cpp's convert_lora_to_gguf.py
 * writes them. */
static enum err refuse_adapter(const struct gguf *g, struct errinfo *e)
{
    const char *type = "model";
    TRY(gguf_text(g, "general.type", false, &type, e));
    return strcmp(type, "adapter") != 0
               ? OK
               : err_set(e, ERR_FORMAT,
                         "%s: general.type: found an adapter, expected a whole model: "
                         "merge it in with llama-export-lora of llama.cpp, and name "
                         "what that gives",
                         gguf_name(g));
}

enum err lm_gguf_config(const struct gguf *g, struct lm_config *out, struct errinfo *e)
{
    struct source s = {g, NULL};
    struct lm_config c = {0};
    const char *name = "";
    size_t count = 0;
    TRY(refuse_adapter(g, e));
    TRY(gguf_text(g, "general.architecture", true, &s.arch, e));
    c.family = lm_gguf_family(s.arch);
    if (!c.family) {
        return say_unknown(g, s.arch, e);
    }
    TRY(gguf_text(g, "general.name", false, &name, e));
    TRY(read_sizes(&s, &c, e));
    TRY(read_traits(&s, &c, e));
    TRY(read_layers(&s, &c, e));
    if (c.family->rotary) {
        TRY(read_rope(&s, &c, e));
    }
    (void)snprintf(c.name, sizeof c.name, "%s",
                   strlen(name) < sizeof c.name ? name : "");
    const enum err rc = lm_weight_count(&c, &count, e);
    if (rc != OK) {
        return err_prefix(e, rc, "%s", gguf_name(g));
    }
    *out = c;
    return OK;
}
