/* The transformer in float, for every family, forward only. A few rows run at a time,
 * so that weights are made ready for products once for all of them; a row's result has
 * the same bits whatever rows run beside it. lm_pass.c puts the parts together,
 * lm_attend.c has attention and rotation, lm_head.c what comes after the blocks.
 * Internal to core/lm. */
#ifndef SAETOP_LM_LM_PASS_H
#define SAETOP_LM_LM_PASS_H

#include "lm/lm.h"
#include "lm/lm_store.h"

/* Query rows taken together in attention: a block of them needs only the keys up to its
 * own end, and only their scores are kept. */
#define LM_ATT_ROWS 32
/* Logits of a group of rows computed together: more are never kept. */
#define LM_HEAD_COLUMNS ((size_t)4096)

/* Cosines and sines of positions 0..n-1 in global and in local blocks: [n, rotary]
 * each, a position's cosines before its sines. NULL if nothing turns. */
struct lm_turns {
    size_t n;
    float *at[2];
};
enum err lm_turns_init(struct lm_turns *t, const struct lm_config *c, size_t n,
                       struct errinfo *e) ERR_CHECKED;
void lm_turns_deinit(struct lm_turns *t);

/* Keys and values of all blocks, [room, n_kv * d_head] each, keys turned. */
struct lm_cache {
    size_t room, n, blocks;
    float **k, **v; /* [blocks] */
    float *scores;  /* [LM_ATT_ROWS, room] */
    struct lm_turns turns;
};

/* G tokens: those of all rows that run together. */
struct lm_ws {
    size_t T, G;
    float *arena;
    float *x;      /* [G, D] residual stream, unless in the caller's memory */
    float *ln;     /* [G, D] normed input */
    float *qkv;    /* [G, qkv width] */
    float *z;      /* [G, n_head * d_head] heads' outputs */
    float *sub;    /* [G, D] what attention adds */
    float *fc;     /* [G, fc width] */
    float *scores; /* [LM_ATT_ROWS, T] */
    void *scratch; /* for products */
    struct lm_turns turns;
    float *xf;     /* [G, D] after the final norm; for the whole model only */
    float *logits; /* [G, LM_HEAD_COLUMNS]; for the whole model only */
    double *lse;   /* [G] of the logits so far */
    float *right;  /* [G] the logit of the token that follows */
};

/* y [n, out] = x [n, in] W^T + b + base for a block's matrix and its bias, which may be
 * missing; base [n, out] may be NULL, or y. Scratch as for linear_add. */
void lm_map_forward(const struct lm_layer *w, enum lm_slot map, enum lm_slot bias,
                    size_t n, const float *x, const float *base, float *y,
                    void *scratch);

/* y = norm of n rows of x by the family's kind; b may be NULL. In place is fine. */
void lm_norm_rows(const struct lm_config *c, size_t n, size_t width, const float *x,
                  const float *w, const float *b, float *y);
/* The mean that the family's norm takes away: 0 except in a layer norm. */
double lm_mean(const struct lm_config *c, size_t n, const float *x);
/* The two steps of the norm, for looking between them: rows of mean 0 (in a layer norm)
 * and mean square 1, then y = x w + b. In place is fine. */
void lm_normalize_rows(const struct lm_config *c, size_t n, size_t width,
                       const float *x, float *y);
void lm_scale_rows(size_t n, size_t width, const float *x, const float *w,
                   const float *b, float *y);
/* x = cap * tanh(x / cap). */
void lm_cap(size_t n, float cap, float *x);

/* Norms and turns, in place, queries and keys of T rows of qkv [T, qkv width], from
 * position `at` on. */
void lm_turn(const struct lm_config *c, const struct lm_layer *w,
             const struct lm_turns *turns, bool local, size_t T, size_t at, float *qkv);

/* Attention of T queries at positions at .. at + T - 1 to all positions up to their own
 * (and, in a local block, within the window). */
struct lm_attention {
    size_t T, at;
    bool local;
    const float *q, *k, *v; /* [T, ..], [at + T, ..] rows of all heads */
    size_t ld_q, ld_kv;     /* floats between rows */
    float *scores;          /* [LM_ATT_ROWS, at + T] scratch */
    float *out;             /* [T, n_head * d_head] */
};
void lm_attend(const struct lm_config *c, const struct lm_attention *a);
/* Its parts: the factor of query times key; and the weights of queries t0 to t1 - 1 (at
 * most LM_ATT_ROWS) of a head, written to a->scores with rows at + T apart, for keys
 * from the one returned. */
float lm_attend_scale(const struct lm_config *c);
size_t lm_attend_weights(const struct lm_config *c, const struct lm_attention *a,
                         size_t head, size_t t0, size_t t1);

/* Runs B rows with x at the hook through all blocks after it; they have no more tokens
 * than the workspace takes at a time. Returns the residual stream after the last block,
 * [B*T, D], in x or in the workspace. */
float *lm_splice(const struct lm *m, struct lm_ws *ws, float *x, size_t B, size_t T,
                 struct lm_hook hook, const int32_t *fed);

/* The MLP's activation: turns fc [n, fc width] into [n, d_ff], in place. */
void lm_activate(const struct lm_config *c, size_t n, float *fc);

#endif
