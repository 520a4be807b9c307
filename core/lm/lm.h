/* A language model: configuration, weights, tokenizer; immutable once loaded, so any
 * number of threads may run it, each with a workspace of its own.
 *
 * Letters: B rows, T positions, D width, V vocabulary, L blocks. */
#ifndef SAETOP_LM_LM_H
#define SAETOP_LM_LM_H

#include "base/err.h"
#include "base/pool.h"
#include "text/tok.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The traits of a model family; the transformer reads them, a new family adds a
 * row to the table in lm_family.c. */
struct lm_family {
    const char *name; /* config.json's model_type */
    bool rotary;      /* else learned positions */
    bool rms_norm;    /* else LayerNorm with bias */
    bool parallel_residual;
    bool gated_mlp;
    bool tied_head; /* logits use the embedding */
};
const struct lm_family *lm_family_find(const char *name); /* NULL if unknown */

#define LM_NAME_MAX 96
struct lm_config {
    const struct lm_family *family;
    size_t n_layer, n_head, d_model, d_ff, n_ctx, vocab;
    float ln_eps;
    char name[LM_NAME_MAX]; /* _name_or_path; "": not said */
};

/* Weights in one arena; pointers into it. Hugging Face GPT-2 orientation: linear maps
 * are [in, out]. */
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
    struct lm_weights w;
    struct tok *tok;
    char *dir;     /* where it was loaded from */
    uint64_t hash; /* of config and weights, recorded with each run */
};

/* Number of floats for a configuration; ERR_LIMIT on overflow or above 2^33. */
enum err lm_weight_count(const struct lm_config *cfg, size_t *out,
                         struct errinfo *e) ERR_CHECKED;
/* Allocate (zeroed) and point; release with lm_weights_deinit. */
enum err lm_weights_init(struct lm_weights *w, const struct lm_config *cfg,
                         struct errinfo *e) ERR_CHECKED;
void lm_weights_deinit(struct lm_weights *w);

/* Load a Hugging Face directory: config.json, model.safetensors (or sharded with its
 * index), tokenizer.json. Shapes are checked against the configuration before anything
 * is trusted. *out: caller owns. */
enum err lm_load(const char *dir, struct lm **out, struct errinfo *e) ERR_CHECKED;
/* Write the same three files, and the tokenizer_config.json by which Hugging Face
 * transformers reads the tokenizer as it is (tok_save); each atomically. */
enum err lm_save(const struct lm *m, const char *dir, struct errinfo *e) ERR_CHECKED;
void lm_free(struct lm *m);

/* A place in the residual stream, in TransformerLens names: blocks.N.hook_resid_pre or
 * blocks.N.hook_resid_post. `depth` counts the blocks that run before it (resid_post of
 * block N: N + 1), which is all that the forward needs. */
struct lm_hook {
    size_t block;
    bool post;
    size_t depth;
};
enum err lm_hook_parse(const char *name, const struct lm_config *cfg,
                       struct lm_hook *out, struct errinfo *e) ERR_CHECKED;
void lm_hook_name(struct lm_hook h, char out[64]);

/* Scratch for forward passes of up to `rows` rows of T tokens. Owner thread. */
struct lm_ws;
enum err lm_ws_new(const struct lm_config *cfg, size_t rows, size_t T,
                   struct lm_ws **out, struct errinfo *e) ERR_CHECKED;
/* Bytes of one, for rows of T positions. */
size_t lm_ws_bytes(const struct lm_config *cfg, size_t T);
void lm_ws_free(struct lm_ws *ws);

/* Run the first `depth` blocks over ids [B, T] (ids checked by the caller to be in
 * 0..V-1). resid [B*T, D] out: the residual stream there. Deterministic. O(B T D^2). */
void lm_forward_to(const struct lm *m, struct lm_ws *ws, const int32_t *ids, size_t B,
                   size_t T, size_t depth, float *resid);

/* Continue from the residual stream before block `depth` to the end. resid [B*T, D] is
 * consumed (overwritten). nll [B*T] out: -log p(ids[t+1] | ..t) in nats at position t,
 * NaN at the last position of each row. */
void lm_nll_from(const struct lm *m, struct lm_ws *ws, float *resid, size_t B, size_t T,
                 size_t depth, const int32_t *ids, float *nll);

/* The same, but all of each distribution: logp [T, V] of one row, from resid [T, D]
 * (consumed) before block `depth`. */
void lm_logp_from(const struct lm *m, struct lm_ws *ws, float *resid, size_t T,
                  size_t depth, float *logp);

/* Logits [V] of one position's final residual x [D] (final norm applied inside). */
void lm_logits(const struct lm *m, const float *x, float *logits);

/* Direction d [D] through the final norm's scale (mean removed) and the head: the logit
 * lens. logits [V] out. */
void lm_lens(const struct lm *m, const float *d, float *logits);
/* Direction d [D] times the head alone, no norm. logits [V] out. */
void lm_unembed(const struct lm *m, const float *d, float *logits);

#endif
