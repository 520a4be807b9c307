#include "lm/lm_family.h"

#include <string.h>

#ifndef LM_FAMILY_TOY /* a row that only a test has: tests/unit/test_family_toy.c */
#define LM_FAMILY_TOY
#endif

/* Tensors that are not weights: masks and frequencies in old files. */
static const char *const skip_buffers[] = {
    "*.attn.bias",           "*.attn.masked_bias",
    "*.attention.bias",      "*.attention.masked_bias",
    "*.rotary_emb.inv_freq", NULL};
/* The part of gemma3 that reads pictures. */
static const char *const skip_vision[] = {
    "vision_tower.*",          "model.vision_tower.*",
    "multi_modal_projector.*", "model.multi_modal_projector.*",
    "*.rotary_emb.inv_freq",   NULL};

static const char *const prefix_gpt2[] = {"transformer.", "", NULL};
static const char *const prefix_neox[] = {"gpt_neox.", "", NULL};
static const char *const prefix_llama[] = {"model.", "", NULL};
static const char *const prefix_gemma3[] = {"model.", "", "language_model.model.",
                                            "model.language_model.", NULL};
static const char *const head_lm[] = {"lm_head.weight", NULL};
static const char *const head_neox[] = {"embed_out.weight", NULL};
static const char *const head_gemma3[] = {"lm_head.weight",
                                          "language_model.lm_head.weight", NULL};

// clang-format off
static const struct lm_tensor_name names_gpt2[] = {
    {"wte.weight",             LM_EMBED,    LM_ALL},
    {"wpe.weight",             LM_POSITION, LM_ALL},
    {"h.#.ln_1.weight",        LM_NORM1_W,  LM_ALL},
    {"h.#.ln_1.bias",          LM_NORM1_B,  LM_ALL},
    {"h.#.attn.c_attn.weight", LM_QKV_W,    LM_ALL},
    {"h.#.attn.c_attn.bias",   LM_QKV_B,    LM_ALL},
    {"h.#.attn.c_proj.weight", LM_PROJ_W,   LM_ALL},
    {"h.#.attn.c_proj.bias",   LM_PROJ_B,   LM_ALL},
    {"h.#.ln_2.weight",        LM_NORM2_W,  LM_ALL},
    {"h.#.ln_2.bias",          LM_NORM2_B,  LM_ALL},
    {"h.#.mlp.c_fc.weight",    LM_FC_W,     LM_ALL},
    {"h.#.mlp.c_fc.bias",      LM_FC_B,     LM_ALL},
    {"h.#.mlp.c_proj.weight",  LM_OUT_W,    LM_ALL},
    {"h.#.mlp.c_proj.bias",    LM_OUT_B,    LM_ALL},
    {"ln_f.weight",            LM_FINAL_W,  LM_ALL},
    {"ln_f.bias",              LM_FINAL_B,  LM_ALL},
    {NULL, LM_SLOTS, LM_ALL},
};

static const struct lm_tensor_name names_neo[] = {
    {"wte.weight",                         LM_EMBED,    LM_ALL},
    {"wpe.weight",                         LM_POSITION, LM_ALL},
    {"h.#.ln_1.weight",                    LM_NORM1_W,  LM_ALL},
    {"h.#.ln_1.bias",                      LM_NORM1_B,  LM_ALL},
    {"h.#.attn.attention.q_proj.weight",   LM_QKV_W,    LM_ROWS_Q},
    {"h.#.attn.attention.k_proj.weight",   LM_QKV_W,    LM_ROWS_K},
    {"h.#.attn.attention.v_proj.weight",   LM_QKV_W,    LM_ROWS_V},
    {"h.#.attn.attention.out_proj.weight", LM_PROJ_W,   LM_ALL},
    {"h.#.attn.attention.out_proj.bias",   LM_PROJ_B,   LM_ALL},
    {"h.#.ln_2.weight",                    LM_NORM2_W,  LM_ALL},
    {"h.#.ln_2.bias",                      LM_NORM2_B,  LM_ALL},
    {"h.#.mlp.c_fc.weight",                LM_FC_W,     LM_ALL},
    {"h.#.mlp.c_fc.bias",                  LM_FC_B,     LM_ALL},
    {"h.#.mlp.c_proj.weight",              LM_OUT_W,    LM_ALL},
    {"h.#.mlp.c_proj.bias",                LM_OUT_B,    LM_ALL},
    {"ln_f.weight",                        LM_FINAL_W,  LM_ALL},
    {"ln_f.bias",                          LM_FINAL_B,  LM_ALL},
    {NULL, LM_SLOTS, LM_ALL},
};

static const struct lm_tensor_name names_neox[] = {
    {"embed_in.weight",                            LM_EMBED,   LM_ALL},
    {"layers.#.input_layernorm.weight",            LM_NORM1_W, LM_ALL},
    {"layers.#.input_layernorm.bias",              LM_NORM1_B, LM_ALL},
    {"layers.#.attention.query_key_value.weight",  LM_QKV_W,   LM_ROWS_HEADS},
    {"layers.#.attention.query_key_value.bias",    LM_QKV_B,   LM_ROWS_HEADS},
    {"layers.#.attention.dense.weight",            LM_PROJ_W,  LM_ALL},
    {"layers.#.attention.dense.bias",              LM_PROJ_B,  LM_ALL},
    {"layers.#.post_attention_layernorm.weight",   LM_NORM2_W, LM_ALL},
    {"layers.#.post_attention_layernorm.bias",     LM_NORM2_B, LM_ALL},
    {"layers.#.mlp.dense_h_to_4h.weight",          LM_FC_W,    LM_ALL},
    {"layers.#.mlp.dense_h_to_4h.bias",            LM_FC_B,    LM_ALL},
    {"layers.#.mlp.dense_4h_to_h.weight",          LM_OUT_W,   LM_ALL},
    {"layers.#.mlp.dense_4h_to_h.bias",            LM_OUT_B,   LM_ALL},
    {"final_layer_norm.weight",                    LM_FINAL_W, LM_ALL},
    {"final_layer_norm.bias",                      LM_FINAL_B, LM_ALL},
    {NULL, LM_SLOTS, LM_ALL},
};

/* Tensor names that llama, mistral, qwen and gemma share. */
#define NAMES_LLAMA                                                \
    {"embed_tokens.weight",              LM_EMBED,   LM_ALL},       \
    {"layers.#.input_layernorm.weight",  LM_NORM1_W, LM_ALL},       \
    {"layers.#.self_attn.q_proj.weight", LM_QKV_W,   LM_ROWS_Q},    \
    {"layers.#.self_attn.k_proj.weight", LM_QKV_W,   LM_ROWS_K},    \
    {"layers.#.self_attn.v_proj.weight", LM_QKV_W,   LM_ROWS_V},    \
    {"layers.#.self_attn.q_proj.bias",   LM_QKV_B,   LM_ROWS_Q},    \
    {"layers.#.self_attn.k_proj.bias",   LM_QKV_B,   LM_ROWS_K},    \
    {"layers.#.self_attn.v_proj.bias",   LM_QKV_B,   LM_ROWS_V},    \
    {"layers.#.self_attn.q_norm.weight", LM_Q_NORM,  LM_ALL},       \
    {"layers.#.self_attn.k_norm.weight", LM_K_NORM,  LM_ALL},       \
    {"layers.#.self_attn.o_proj.weight", LM_PROJ_W,  LM_ALL},       \
    {"layers.#.self_attn.o_proj.bias",   LM_PROJ_B,  LM_ALL},       \
    {"layers.#.mlp.gate_proj.weight",    LM_FC_W,    LM_ROWS_GATE}, \
    {"layers.#.mlp.up_proj.weight",      LM_FC_W,    LM_ROWS_UP},   \
    {"layers.#.mlp.gate_proj.bias",      LM_FC_B,    LM_ROWS_GATE}, \
    {"layers.#.mlp.up_proj.bias",        LM_FC_B,    LM_ROWS_UP},   \
    {"layers.#.mlp.down_proj.weight",    LM_OUT_W,   LM_ALL},       \
    {"layers.#.mlp.down_proj.bias",      LM_OUT_B,   LM_ALL},       \
    {"norm.weight",                      LM_FINAL_W, LM_ALL}

static const struct lm_tensor_name names_llama[] = {
    NAMES_LLAMA,
    {"layers.#.post_attention_layernorm.weight", LM_NORM2_W, LM_ALL},
    {NULL, LM_SLOTS, LM_ALL},
};

static const struct lm_tensor_name names_gemma[] = {
    NAMES_LLAMA,
    {"layers.#.post_attention_layernorm.weight",   LM_POST1_W, LM_ALL},
    {"layers.#.pre_feedforward_layernorm.weight",  LM_NORM2_W, LM_ALL},
    {"layers.#.post_feedforward_layernorm.weight", LM_POST2_W, LM_ALL},
    {NULL, LM_SLOTS, LM_ALL},
};

#define KEYS_GPT2                                                                    \
    {"n_layer", "n_head", "n_embd", "n_inner", "n_positions", "layer_norm_epsilon",  \
     "activation_function"}
#define KEYS_NEO                                                                     \
    {"num_layers", "num_heads", "hidden_size", "intermediate_size",                  \
     "max_position_embeddings", "layer_norm_epsilon", "activation_function"}
#define KEYS(eps, act)                                                               \
    {"num_hidden_layers", "num_attention_heads", "hidden_size", "intermediate_size", \
     "max_position_embeddings", eps, act}
// clang-format on

#define ROTARY(names, angle, share)                                                    \
    .rotary = true, .rotary_share = (share), .base = (angle), .tensor = (names)
#define LLAMA(type)                                                                    \
    .name = (type), .norm = LM_RMS, .gated = true, .act = LM_SILU, .own_head = true,   \
    .eps = 1e-6, ROTARY(names_llama, 1e4, 1.0),                                        \
    .keys = KEYS("rms_norm_eps", "hidden_act"), .prefixes = prefix_llama,              \
    .heads_names = head_lm, .skip = skip_buffers
#define GEMMA(type, angle)                                                             \
    .name = (type), .norm = LM_RMS_ONE, .gated = true, .post_norms = true,             \
    .embed_root = true, .act = LM_GELU_TANH, .eps = 1e-6,                              \
    ROTARY(names_gemma, angle, 1.0), .heads = 8, .kv = 4, .d_head = 256,               \
    .window = 4096, .scalar = 256, .width = 2304, .inner = 9216, .layers = 26,         \
    .keys = KEYS("rms_norm_eps", "hidden_activation")
#define GEMMA3(type)                                                                   \
    GEMMA(type, 1e6), .qk_norms = true, .base_local = 1e4, .vocab = 262208,            \
                      .context = 131072, .pattern = LM_EVERY_NTH,                      \
                      .prefixes = prefix_gemma3, .heads_names = head_gemma3,           \
                      .skip = skip_vision

static const struct lm_family families[] = {
    {.name = "gpt2",
     .in_out = true,
     .qkv_bias = true,
     .proj_bias = true,
     .mlp_bias = true,
     .eps = 1e-5,
     .keys = KEYS_GPT2,
     .prefixes = prefix_gpt2,
     .tensor = names_gpt2,
     .heads_names = head_lm,
     .skip = skip_buffers},
    {.name = "gpt_neo",
     .proj_bias = true,
     .mlp_bias = true,
     .unscaled = true,
     .eps = 1e-5,
     .window = 256,
     .pattern = LM_TYPES_LIST,
     .keys = KEYS_NEO,
     .prefixes = prefix_gpt2,
     .tensor = names_neo,
     .heads_names = head_lm,
     .skip = skip_buffers},
    {.name = "gpt_neox",
     ROTARY(names_neox, 1e4, 0.25),
     .act = LM_GELU,
     .own_head = true,
     .parallel = true,
     .qkv_bias = true,
     .proj_bias = true,
     .mlp_bias = true,
     .eps = 1e-5,
     .keys = KEYS("layer_norm_eps", "hidden_act"),
     .prefixes = prefix_neox,
     .heads_names = head_neox,
     .skip = skip_buffers},
    {LLAMA("llama")},
    {LLAMA("mistral"), .window = 4096, .kv = 8, .pattern = LM_ALL_LOCAL},
    {LLAMA("qwen2"), .qkv_bias = true, .kv = 32, .window = 4096, .pattern = LM_UPPER},
    {LLAMA("qwen3"), .qk_norms = true, .kv = 32, .d_head = 128, .window = 4096,
     .pattern = LM_UPPER},
    {GEMMA("gemma2", 1e4), .vocab = 256000, .context = 8192, .attn_cap = 50.0,
     .logit_cap = 30.0, .pattern = LM_ALTERNATE, .prefixes = prefix_llama,
     .heads_names = head_lm, .skip = skip_buffers},
    {GEMMA3("gemma3_text")},
    {GEMMA3("gemma3")},
    // clang-format off
    LM_FAMILY_TOY
    // clang-format on
};

const struct lm_family *lm_family_at(size_t i)
{
    return i < sizeof families / sizeof *families ? &families[i] : NULL;
}

const struct lm_family *lm_family_find(const char *name)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        if (strcmp(families[i].name, name) == 0) {
            return &families[i];
        }
    }
    return NULL;
}
