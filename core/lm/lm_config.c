#include "lm/lm_config.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

/* Beyond what any published model of these families has. */
#define MAX_LAYERS 1000
#define MAX_WIDTH  65536
#define MAX_CTX    (1 << 20)
#define MAX_VOCAB  (1 << 24)

/* ---- read ---- */

/* Settings that change what the model computes and that we know one value of. */
static enum err check_traits(struct json_at at, const cJSON *obj, struct errinfo *e)
{
    const char *act = "gelu_new";
    TRY(json_str(at, obj, "activation_function", false, &act, e));
    if (strcmp(act, "gelu_new") != 0 && strcmp(act, "gelu_pytorch_tanh") != 0) {
        return err_set(
            e, ERR_FORMAT,
            "%s: activation_function: found \"%.40s\", expected \"gelu_new\"", at.file,
            act);
    }
    static const struct {
        const char *key;
        bool expected;
    } rows[] = {{"tie_word_embeddings", true},
                {"scale_attn_weights", true},
                {"scale_attn_by_inverse_layer_idx", false},
                {"add_cross_attention", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool value = rows[i].expected;
        TRY(json_bool(at, obj, rows[i].key, false, &value, e));
        if (value != rows[i].expected) {
            return err_set(e, ERR_FORMAT, "%s: %s: found %s, expected %s", at.file,
                           rows[i].key, value ? "true" : "false",
                           rows[i].expected ? "true" : "false");
        }
    }
    return OK;
}

static enum err parse_object(const cJSON *obj, const char *file, struct lm_config *out,
                             struct errinfo *e)
{
    const struct json_at at = {file, ""};
    const char *type = NULL;
    TRY(json_str(at, obj, "model_type", true, &type, e));
    const struct lm_family *family = lm_family_find(type);
    if (!family) {
        return err_set(
            e, ERR_FORMAT,
            "%s: model_type: found \"%.60s\", expected one of those supported: "
            "gpt2",
            file, type);
    }
    TRY(check_traits(at, obj, e));
    int64_t layers = 0, heads = 0, width = 0, ctx = 0, vocab = 0;
    TRY(json_int(at, obj, "n_layer", true, 1, MAX_LAYERS, &layers, e));
    TRY(json_int(at, obj, "n_embd", true, 1, MAX_WIDTH, &width, e));
    TRY(json_int(at, obj, "n_head", true, 1, width, &heads, e));
    /* Older files have n_ctx, newer ones n_positions. */
    TRY(json_int(at, obj, "n_ctx", false, 2, MAX_CTX, &ctx, e));
    TRY(json_int(at, obj, "n_positions", ctx == 0, 2, MAX_CTX, &ctx, e));
    TRY(json_int(at, obj, "vocab_size", true, 2, MAX_VOCAB, &vocab, e));
    int64_t inner = 4 * width;
    TRY(json_int(at, obj, "n_inner", false, 1, (int64_t)16 * MAX_WIDTH, &inner, e));
    const char *name = "";
    TRY(json_str(at, obj, "_name_or_path", false, &name, e));
    double eps = 1e-5;
    TRY(json_num(at, obj, "layer_norm_epsilon", false, 1e-12, 1.0, &eps, e));
    if (width % heads != 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: n_head: found %lld, expected a divisor of n_embd (%lld)",
                       file, (long long)heads, (long long)width);
    }
    *out = (struct lm_config){
        .family = family,
        .n_layer = (size_t)layers,
        .n_head = (size_t)heads,
        .d_model = (size_t)width,
        .d_ff = (size_t)inner,
        .n_ctx = (size_t)ctx,
        .vocab = (size_t)vocab,
        .ln_eps = (float)eps,
    };
    (void)snprintf(out->name, sizeof out->name, "%s",
                   strlen(name) < sizeof out->name ? name : "");
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

/* ---- write ---- */

static void add_id(struct str *s, const char *key, int32_t id)
{
    if (id >= 0) {
        str_addf(s, "  \"%s\": %d,\n", key, id);
    }
}

void lm_config_print(const struct lm_config *c, const struct tok *tok, struct str *out)
{
    str_add(out, "{\n");
    if (c->name[0]) {
        str_add(out, "  \"_name_or_path\": ");
        json_add_string(out, c->name, strlen(c->name));
        str_add(out, ",\n");
    }
    str_add(out, "  \"activation_function\": \"gelu_new\",\n"
                 "  \"architectures\": [\"GPT2LMHeadModel\"],\n");
    str_add(out, "  \"attn_pdrop\": 0.0,\n  \"embd_pdrop\": 0.0,\n"
                 "  \"resid_pdrop\": 0.0,\n");
    if (tok) {
        add_id(out, "bos_token_id", tok_bos(tok));
        add_id(out, "eos_token_id", tok_eos(tok));
        add_id(out, "pad_token_id", tok_pad(tok));
    }
    str_add(out, "  \"layer_norm_epsilon\": ");
    /* The shortest decimal that is this float: 1e-05, not 9.99999975e-06. */
    char eps[32];
    for (int digits = 1; digits <= 9; digits++) {
        double back = 0;
        (void)snprintf(eps, sizeof eps, "%.*g", digits, (double)c->ln_eps);
        if (sscanf(eps, "%lf", &back) == 1 && !((float)back < c->ln_eps) &&
            !((float)back > c->ln_eps)) {
            break;
        }
    }
    str_addf(out, "%s,\n  \"model_type\": \"%s\",\n", eps, c->family->name);
    str_addf(out, "  \"n_ctx\": %zu,\n  \"n_embd\": %zu,\n  \"n_head\": %zu,\n",
             c->n_ctx, c->d_model, c->n_head);
    if (c->d_ff != 4 * c->d_model) {
        str_addf(out, "  \"n_inner\": %zu,\n", c->d_ff);
    }
    str_addf(out, "  \"n_layer\": %zu,\n  \"n_positions\": %zu,\n", c->n_layer,
             c->n_ctx);
    str_addf(out,
             "  \"tie_word_embeddings\": true,\n  \"torch_dtype\": \"float32\",\n"
             "  \"vocab_size\": %zu\n}\n",
             c->vocab);
}
