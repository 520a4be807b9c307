/* The families of models that are computed, and what tells them apart, as tables. One
 * transformer reads them (lm_pass.c); core/README.md says how to add a family. */
#ifndef SAETOP_LM_LM_FAMILY_H
#define SAETOP_LM_LM_FAMILY_H

#include <stdbool.h>
#include <stddef.h>

enum lm_act { LM_GELU_TANH, LM_GELU, LM_SILU, LM_RELU };
enum lm_norm {
    LM_LAYERNORM,
    LM_RMS,
    LM_RMS_ONE, /* files hold what is added to 1; weights here include the 1 */
};

/* Where a tensor of weights belongs: in the model, then in each block. */
enum lm_slot {
    LM_EMBED, /* [V, D] */
    LM_POSITION,
    LM_FINAL_W,
    LM_FINAL_B,
    LM_HEAD, /* [V, D] */
    LM_BLOCK_SLOTS,
    LM_NORM1_W = LM_BLOCK_SLOTS, /* [D] */
    LM_NORM1_B,
    LM_QKV_W, /* queries, keys, values of all heads, stacked; see in_out */
    LM_QKV_B,
    LM_PROJ_W,
    LM_PROJ_B,
    LM_NORM2_W,
    LM_NORM2_B,
    LM_FC_W, /* gate and up stacked, if the MLP is gated */
    LM_FC_B,
    LM_OUT_W,
    LM_OUT_B,
    LM_Q_NORM, /* [d_head] */
    LM_K_NORM,
    LM_POST1_W, /* [D] norms of what attention and MLP add */
    LM_POST2_W,
    LM_SLOTS
};

/* Which rows of its slot a tensor is; for a bias, which numbers. */
enum lm_rows {
    LM_ALL,
    LM_ROWS_Q,
    LM_ROWS_K,
    LM_ROWS_V,
    LM_ROWS_GATE,
    LM_ROWS_UP,
    LM_ROWS_Q_PAIRS, /* rows that turn together side by side: GGUF's llama */
    LM_ROWS_K_PAIRS,
    LM_ROWS_HEADS, /* all, but as q, k, v of the first head, q, k, v of the second, ..
                    */
};

/* A tensor's name in Hugging Face's files. "#" stands for the number of the block. */
struct lm_tensor_name {
    const char *name;
    enum lm_slot slot;
    enum lm_rows rows;
};

/* Names of config.json. NULL: the family has none. */
struct lm_keys {
    const char *layers, *heads, *width, *inner, *context, *eps, *act;
};

struct lm_family {
    const char *name; /* config.json's model_type */
    enum lm_norm norm;
    bool rotary;     /* else learned positions */
    bool gated;      /* MLP: act(gate) * up */
    bool post_norms; /* norms on what attention and MLP add */
    bool qk_norms;   /* of each head's query and key, before they turn */
    bool in_out;     /* linear maps are [in, out], else [out, in] */
    bool embed_root; /* embeddings times sqrt(D) */
    bool unscaled;   /* query times key as it is */
    /* If config.json does not say, as in the reference. */
    enum lm_act act;
    bool own_head, parallel, qkv_bias, proj_bias, mlp_bias;
    double eps, base, base_local;
    double rotary_share; /* share of a head that turns */
    size_t heads, kv, d_head, width, inner, layers, vocab, context; /* 0: required */
    size_t window, scalar;
    double attn_cap, logit_cap;
    struct lm_keys keys;
    /* Which blocks are local. */
    enum lm_pattern {
        LM_ALL_GLOBAL,
        LM_ALL_LOCAL,  /* window or null (mistral) */
        LM_UPPER,      /* use_sliding_window, from max_window_layers on (qwen) */
        LM_ALTERNATE,  /* local, global, local, .. (gemma2) */
        LM_EVERY_NTH,  /* all but each sliding_window_pattern-th (gemma3) */
        LM_TYPES_LIST, /* attention_types (gpt_neo) */
    } pattern;
    const char *const *prefixes;         /* before every name but the head's */
    const struct lm_tensor_name *tensor; /* ends with a NULL name */
    const char *const *heads_names;      /* names of the head; ends with NULL */
    const char *const *skip;             /* "*END" or "BEGIN*": tensors to ignore */
};

const struct lm_family *lm_family_find(const char *name); /* NULL if unknown */
/* The i-th in the order of the table, or NULL. */
const struct lm_family *lm_family_at(size_t i);

#endif
