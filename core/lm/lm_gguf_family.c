/* Families under the names of GGUF files. */
#include "lm/lm_gguf.h"

#include <pthread.h>
#include <string.h>

// clang-format off
#define NAMES_BOTH(name, slot, rows) \
    {name ".weight", slot##_W, rows}, {name ".bias", slot##_B, rows}

/* Names in families with LayerNorm; the first is the embedding's. */
#define NAMES_LAYERNORM                                             \
    NAMES_BOTH("blk.#.attn_norm",   LM_NORM1, LM_ALL),              \
    NAMES_BOTH("blk.#.attn_qkv",    LM_QKV,   LM_ALL),              \
    NAMES_BOTH("blk.#.attn_output", LM_PROJ,  LM_ALL),              \
    NAMES_BOTH("blk.#.ffn_norm",    LM_NORM2, LM_ALL),              \
    NAMES_BOTH("blk.#.ffn_up",      LM_FC,    LM_ALL),              \
    NAMES_BOTH("blk.#.ffn_down",    LM_OUT,   LM_ALL),              \
    NAMES_BOTH("output_norm",       LM_FINAL, LM_ALL)

static const struct lm_tensor_name names_gpt2[] = {
    {"token_embd.weight",    LM_EMBED,    LM_ALL},
    {"position_embd.weight", LM_POSITION, LM_ALL},
    NAMES_LAYERNORM,
    {NULL, LM_SLOTS, LM_ALL},
};
static const struct lm_tensor_name names_neox[] = {
    {"token_embd.weight", LM_EMBED, LM_ALL},
    NAMES_LAYERNORM,
    {NULL, LM_SLOTS, LM_ALL},
};

/* q, k: which rows these are. */
#define NAMES_GATED(q, k)                                           \
    {"token_embd.weight",          LM_EMBED,   LM_ALL},             \
    {"blk.#.attn_norm.weight",     LM_NORM1_W, LM_ALL},             \
    NAMES_BOTH("blk.#.attn_q",      LM_QKV,     q),                 \
    NAMES_BOTH("blk.#.attn_k",      LM_QKV,     k),                 \
    NAMES_BOTH("blk.#.attn_v",      LM_QKV,     LM_ROWS_V),         \
    {"blk.#.attn_q_norm.weight",   LM_Q_NORM,  LM_ALL},             \
    {"blk.#.attn_k_norm.weight",   LM_K_NORM,  LM_ALL},             \
    NAMES_BOTH("blk.#.attn_output", LM_PROJ,    LM_ALL),            \
    {"blk.#.ffn_norm.weight",      LM_NORM2_W, LM_ALL},             \
    NAMES_BOTH("blk.#.ffn_gate",    LM_FC,      LM_ROWS_GATE),      \
    NAMES_BOTH("blk.#.ffn_up",      LM_FC,      LM_ROWS_UP),        \
    NAMES_BOTH("blk.#.ffn_down",    LM_OUT,     LM_ALL),            \
    {"output_norm.weight",         LM_FINAL_W, LM_ALL}

static const struct lm_tensor_name names_llama[] = {
    NAMES_GATED(LM_ROWS_Q_PAIRS, LM_ROWS_K_PAIRS),
    {NULL, LM_SLOTS, LM_ALL},
};
static const struct lm_tensor_name names_qwen[] = {
    NAMES_GATED(LM_ROWS_Q, LM_ROWS_K),
    {NULL, LM_SLOTS, LM_ALL},
};
static const struct lm_tensor_name names_gemma[] = {
    NAMES_GATED(LM_ROWS_Q, LM_ROWS_K),
    {"blk.#.post_attention_norm.weight", LM_POST1_W, LM_ALL},
    {"blk.#.post_ffw_norm.weight",       LM_POST2_W, LM_ALL},
    {NULL, LM_SLOTS, LM_ALL},
};

static const struct {
    const char *architecture, *family;
    const struct lm_tensor_name *names;
} rows[] = {
    {"gpt2",    "gpt2",        names_gpt2},
    {"gptneox", "gpt_neox",    names_neox},
    {"llama",   "llama",       names_llama},
    {"qwen2",   "qwen2",       names_qwen},
    {"qwen3",   "qwen3",       names_qwen},
    {"gemma2",  "gemma2",      names_gemma},
    {"gemma3",  "gemma3_text", names_gemma},
};
// clang-format on
#define ROWS (sizeof rows / sizeof *rows)

static struct lm_family families[ROWS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_families(void)
{
    static const char *const prefixes[] = {"", NULL};
    static const char *const heads[] = {"output.weight", NULL};
    /* read with the configuration */
    static const char *const skip[] = {"*rope_freqs.weight", NULL};
    for (size_t i = 0; i < ROWS; i++) {
        struct lm_family f = *lm_family_find(rows[i].family);
        f.tensor = rows[i].names;
        f.prefixes = prefixes;
        f.heads_names = heads;
        f.skip = skip;
        f.in_out = false;
        f.norm = f.norm == LM_RMS_ONE ? LM_RMS : f.norm;
        families[i] = f;
    }
}

const struct lm_family *lm_gguf_family(const char *architecture)
{
    (void)pthread_once(&once, make_families);
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].architecture, architecture) == 0) {
            return &families[i];
        }
    }
    return NULL;
}

const char *lm_gguf_architecture(size_t i)
{
    return i < ROWS ? rows[i].architecture : NULL;
}
