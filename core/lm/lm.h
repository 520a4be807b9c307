/* A language model: configuration, weights, tokenizer. Once loaded it does not change
 * for its users, so any number of threads may run it, each with a workspace of its own;
 * later reads from its files happen inside lm_need.
 *
 * Letters: B rows, T positions, D width, V vocabulary, L blocks. */
#ifndef SAETOP_LM_LM_H
#define SAETOP_LM_LM_H

#include "base/err.h"
#include "base/pool.h"
#include "lm/lm_family.h"
#include "num/linear.h"
#include "text/tok.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LM_NAME_MAX   96
#define LM_LAYERS_MAX 1024

/* How fast the pairs of a head's numbers turn with the position: base^(-2i/dims),
 * changed by the kind of scaling. */
struct lm_rope {
    enum lm_rope_kind { LM_ROPE_PLAIN, LM_ROPE_LINEAR, LM_ROPE_LLAMA3 } kind;
    double base;
    double factor;             /* for LINEAR and LLAMA3 */
    double low, high, context; /* for LLAMA3: frequency factors, original context */
};

/* Shape and options of a model, from config.json. If a field says what 0 means, GPT-2
 * has 0 there. */
struct lm_config {
    const struct lm_family *family;
    size_t n_layer, n_head, d_model, d_ff, n_ctx, vocab;
    size_t n_kv;   /* heads of keys and values; 0: n_head */
    size_t d_head; /* 0: d_model / n_head */
    float ln_eps;
    enum lm_act act;
    bool own_head;                      /* logits use a matrix of their own */
    bool parallel;                      /* attention and MLP read the same input */
    bool qkv_bias, proj_bias, mlp_bias; /* in the files; GPT-2's form has all */
    float attn_scale;          /* factor of query times key; 0: 1 / sqrt(d_head) */
    float attn_cap, logit_cap; /* cap * tanh(x / cap); 0: none */
    size_t window;             /* positions that a local block sees */
    uint64_t local[LM_LAYERS_MAX / 64]; /* a bit for each block: local */
    size_t rotary;                      /* dims of a head that turn; 0: none */
    struct lm_rope rope[2];             /* for global and for local blocks */
    char name[LM_NAME_MAX];             /* _name_or_path; "": none */
};

static inline size_t lm_kv_heads(const struct lm_config *c)
{
    return c->n_kv ? c->n_kv : c->n_head;
}
static inline size_t lm_head_dim(const struct lm_config *c)
{
    return c->d_head ? c->d_head : c->d_model / c->n_head;
}
static inline bool lm_is_local(const struct lm_config *c, size_t block)
{
    return c->window > 0 && (c->local[block / 64] >> block % 64 & 1) != 0;
}

/* Weights of GPT-2's form in one arena, as pretraining uses them; pointers into it.
 * Linear maps are [in, out]. */
struct lm_block {
    float *ln1_w, *ln1_b;   /* [D] */
    float *qkv_w, *qkv_b;   /* [D, 3D], [3D] */
    float *proj_w, *proj_b; /* [D, D], [D] */
    float *ln2_w, *ln2_b;   /* [D] */
    float *fc_w, *fc_b;     /* [D, d_ff], [d_ff] */
    float *out_w, *out_b;   /* [d_ff, D], [D] */
};
struct lm_weights {
    float *arena;
    size_t count; /* floats in the arena */
    float *wte;   /* [V, D] */
    float *wpe;   /* [n_ctx, D] */
    struct lm_block *block;
    float *lnf_w, *lnf_b; /* [D] */
};

struct lm {
    struct lm_config cfg;
    struct lm_weights w;    /* of a model made here; empty if it is from files */
    struct lm_store *store; /* if it is from files, else NULL */
    enum linear_kind kind;  /* how products are taken: lm_set_kind */
    struct tok *tok;
    char *dir;     /* where it was loaded from */
    uint64_t hash; /* of configuration and weights, recorded with each run: all of a
                      gpt2's, else of the files' sizes and a sample of their bytes */
};

/* Number of floats for a configuration; ERR_LIMIT on overflow or above 2^36. */
enum err lm_weight_count(const struct lm_config *cfg, size_t *out,
                         struct errinfo *e) ERR_CHECKED;
/* Allocate the arena (zeroed) and set the pointers; release with lm_weights_deinit.
 * GPT-2's form only. */
enum err lm_weights_init(struct lm_weights *w, const struct lm_config *cfg,
                         struct errinfo *e) ERR_CHECKED;
void lm_weights_deinit(struct lm_weights *w);
/* Read all weights of a gpt2 from its files in that form, to change them. */
enum err lm_weights_read(const struct lm *m, struct lm_weights *out,
                         struct errinfo *e) ERR_CHECKED;

/* Set how products of rows with matrices of weights are taken; by default in floats.
 * Call right after loading: before lm_need, and before other threads have the model. */
void lm_set_kind(struct lm *m, enum linear_kind kind);

/* Load a Hugging Face directory: config.json; weights in model.safetensors or
 * pytorch_model.bin, each whole or sharded with an index; tokenizer.json. Or a GGUF
 * file (lm_gguf.h), which holds all of it. Every tensor is checked against the
 * configuration and every tensor in the files must have a place in the model; if not,
 * the line names it. Weights themselves are read by lm_need. *out: caller owns. */
enum err lm_load(const char *path, struct lm **out, struct errinfo *e) ERR_CHECKED;
/* Whether path looks like a model: a directory, or a file that begins like GGUF. */
bool lm_may_be(const char *path);
/* Whether the path is a model, as far as its beginning tells: GGUF, or a directory
 * whose config.json has a "model_type". */
bool lm_is_model(const char *path);
/* Load its tokenizer alone. *out: caller owns, tok_free. */
enum err lm_load_tok(const char *path, struct tok **out, struct errinfo *e) ERR_CHECKED;
/* Write config.json, model.safetensors, tokenizer.json, and the tokenizer_config.json
 * that makes Hugging Face transformers read the tokenizer as it is (tok_save); each
 * atomically. GPT-2's form in memory only. */
enum err lm_save(const struct lm *m, const char *dir, struct errinfo *e) ERR_CHECKED;
void lm_free(struct lm *m);

/* ---- hooks ---- */

/* Places in a block, in order, by TransformerLens' names, or circuit-tracer's
 * (mlp.hook_in); x is the residual stream. TransformerLens before 3.0 also called the
 * place after the weights of a LayerNorm hook_normalized. In a family that norms the
 * output of a sub-layer (gemma2, gemma3), ATTN_OUT and MLP_OUT are after that norm.
 * RESID_MID is between attention and MLP, and missing if the two are parallel. */
enum lm_site {
    LM_RESID_PRE,
    LM_Z,        /* attn.hook_z: the heads' outputs side by side */
    LM_ATTN_OUT, /* hook_attn_out */
    LM_RESID_MID,
    LM_MLP_IN,     /* hook_mlp_in: x, for the MLP alone */
    LM_LN2,        /* ln2.hook_normalized: normed, before the norm's weights */
    LM_MLP_NORMED, /* mlp.hook_in: after them */
    LM_MLP_POST,   /* mlp.hook_post: what the last linear map of the MLP reads */
    LM_MLP_OUT,    /* hook_mlp_out */
    LM_RESID_POST,
    LM_SITES
};
struct lm_hook {
    size_t block;
    enum lm_site site;
};
/* Reads "blocks.N.hook_resid_post" and the other names. ERR_USAGE lists those there
 * are. */
enum err lm_hook_parse(const char *name, const struct lm_config *cfg,
                       struct lm_hook *out, struct errinfo *e) ERR_CHECKED;
void lm_hook_name(struct lm_hook h, char out[64]);
/* Numbers per position at a hook. */
size_t lm_hook_width(const struct lm_config *cfg, struct lm_hook h);
/* Whether what is added there reaches the residual stream by a linear map: not if an
 * MLP reads it. */
bool lm_hook_has_lens(struct lm_hook h);
/* Whether looking at this hook leaves the last bits of what follows unchanged. At the
 * others it does not: unobserved, a sub-layer's output is added as it is made, and a
 * norm is taken in one step. */
bool lm_hook_is_neutral(struct lm_hook h);
/* Blocks that run, in whole or in part, before it. */
size_t lm_hook_depth(struct lm_hook h);
/* The residual stream after the first n blocks. */
struct lm_hook lm_behind(size_t n);

/* ---- running ---- */

/* Make ready the weights that a forward pass through `blocks` blocks reads; LM_WHOLE:
 * all blocks and the head. Each weight is checked once, by the first call that needs
 * it, and held as lm_store.h says: those of a large model in its file, mapped. After
 * that passes cannot fail. ERR_FORMAT for a weight that is not finite, ERR_IO for a
 * file changed or replaced since. Any thread. */
#define LM_WHOLE SIZE_MAX
enum err lm_need(const struct lm *m, size_t blocks, struct errinfo *e) ERR_CHECKED;
/* Bytes of those weights, mapped ones too. */
size_t lm_need_bytes(const struct lm *m, size_t blocks);
/* Have `told` called whenever more of these bytes are ready, with how many are, under a
 * lock of the model's and in the thread whose lm_need reads them; NULL: no calls. Any
 * thread. */
void lm_on_ready(const struct lm *m, void (*told)(void *user, size_t bytes),
                 void *user);
/* Bytes of the files that hold its weights, shards together; 0 if there are none. */
uint64_t lm_file_bytes(const struct lm *m);

/* Scratch for forward passes over rows of up to T tokens, after lm_need of as many
 * blocks. Owner thread. */
struct lm_ws;
enum err lm_ws_new(const struct lm *m, size_t blocks, size_t T, struct lm_ws **out,
                   struct errinfo *e) ERR_CHECKED;
/* Let a workspace made for fewer blocks run the whole model. */
enum err lm_ws_whole(const struct lm *m, struct lm_ws *ws,
                     struct errinfo *e) ERR_CHECKED;
/* How many rows of T tokens it is cheapest to run together: results do not depend on
 * it. At least 1. */
size_t lm_group_rows(size_t T);
/* Bytes of a workspace for the whole model, for rows of T positions. */
size_t lm_ws_bytes(const struct lm_config *cfg, size_t T);
void lm_ws_free(struct lm_ws *ws);

/* Keys and values of one growing row: each pass adds its tokens, so that a token costs
 * no more than itself. Owner thread. */
struct lm_cache;
enum err lm_cache_new(const struct lm *m, size_t room, struct lm_cache **out,
                      struct errinfo *e) ERR_CHECKED;
void lm_cache_free(struct lm_cache *c);
size_t lm_cache_len(const struct lm_cache *c);
/* Forget all but the first n tokens. */
void lm_cache_cut(struct lm_cache *c, size_t n);

/* Reads or changes (splices, ablates, steers) a row's activations at a hook: x [n,
 * width], of positions at .. at + n - 1. Called in the thread that runs the row. Sees
 * its rows in order, but calls for other hooks and rows may come between. */
struct lm_edit {
    struct lm_hook hook;
    void (*apply)(void *ctx, size_t row, size_t at, size_t n, size_t width, float *x);
    void *ctx;
};

/* One pass of the blocks. */
struct lm_pass {
    const int32_t *ids;     /* [B, T], within 0..V-1: the caller has checked */
    size_t B, T;            /* rows and their tokens, at most the workspace's T */
    struct lm_cache *cache; /* NULL: rows are whole; else B is 1, and the tokens follow
                               those in the cache, which has room for them */
    const struct lm_edit *edit; /* [edits], in the order they apply */
    size_t edits;
};
/* Run all blocks, with edits. x [B*T, D] out: the residual stream after the last one.
 * Deterministic; a row's result does not depend on the other rows. O(B T D^2). */
void lm_run(const struct lm *m, struct lm_ws *ws, const struct lm_pass *p, float *x);

/* The same for whole rows up to a hook, where it stops; writes the activations there to
 * x [B*T, lm_hook_width]. Edits at hooks before it act as in any pass. */
void lm_run_to(const struct lm *m, struct lm_ws *ws, const struct lm_pass *p,
               struct lm_hook hook, float *x);

/* Write the activations at a hook for rows ids [B, T] to x [B*T, lm_hook_width]. Stops
 * there. */
void lm_forward_to(const struct lm *m, struct lm_ws *ws, const int32_t *ids, size_t B,
                   size_t T, struct lm_hook hook, float *x);

/* The model's losses on rows that were fed as `fed` [B, T], with x [B*T, width] at the
 * hook; x is consumed. nll [B*T] out: -log p(ids[t+1] | ..t) in nats at position t, NaN
 * at each row's last position. From a hook in the residual stream it goes on from
 * there; for the others the blocks before the hook run once more. */
void lm_nll_from(const struct lm *m, struct lm_ws *ws, float *x, size_t B, size_t T,
                 struct lm_hook hook, const int32_t *fed, const int32_t *ids,
                 float *nll);

/* The same, but each whole distribution: logp [T, V] of one row. */
void lm_logp_from(const struct lm *m, struct lm_ws *ws, float *x, size_t T,
                  struct lm_hook hook, const int32_t *fed, float *logp);

/* The likeliest next token, the first on a tie; -1 if no logit is a number. */
struct lm_next {
    int32_t id;
    float logp; /* of the token, in nats */
};
/* What the model expects after the last of T tokens that were fed as `fed`, with x [T,
 * width] at the hook; x is consumed. Call after lm_ws_whole. A pass as in lm_nll_from,
 * but with the head for one position only: O(T D^2 + D V). */
struct lm_next lm_next_from(const struct lm *m, struct lm_ws *ws, float *x, size_t T,
                            struct lm_hook hook, const int32_t *fed);

/* Logits [V] for one position's final residual x [D] (final norm applied inside), after
 * lm_need(LM_WHOLE). Any thread. */
void lm_logits(const struct lm *m, const float *x, float *logits);

/* The same for n rows x [n, D], with n at most the workspace's T, after lm_ws_whole or
 * lm_ws_new(LM_WHOLE): logits [n, V] by one product. They may differ from those of
 * lm_logits in the last bits. */
void lm_logits_rows(const struct lm *m, struct lm_ws *ws, const float *x, size_t n,
                    float *logits);

/* The logit lens: sends direction d [width] of a hook through the final norm's scale (a
 * LayerNorm's mean removed) and the head. A direction outside the residual stream goes
 * through its block's output matrix first. The hook must have a lens
 * (lm_hook_has_lens). logits [V] out. Any thread. ERR_NOMEM, and errors of lm_need. */
enum err lm_lens(const struct lm *m, struct lm_hook hook, const float *d, float *logits,
                 struct errinfo *e) ERR_CHECKED;
/* The same through the head alone, without norm. */
enum err lm_unembed(const struct lm *m, struct lm_hook hook, const float *d,
                    float *logits, struct errinfo *e) ERR_CHECKED;

#endif
