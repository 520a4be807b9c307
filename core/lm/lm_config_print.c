#include "base/json.h"
#include "lm/lm_config.h"

#include <stdio.h>
#include <string.h>

bool lm_config_is_plain(const struct lm_config *c)
{
    return strcmp(c->family->name, "gpt2") == 0 && !c->own_head &&
           c->act == LM_GELU_TANH;
}

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
