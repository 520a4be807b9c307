#include "lm/lm_back.h"

#include "base/mem.h"
#include "lm/lm_back_parts.h"
#include "lm/lm_map.h"
#include "lm/lm_slot.h"
#include "num/vec.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Intermediate values of one block, computed again on the way back. */
struct block_acts {
    float *ln1;        /* [T, D] normed input of attention */
    float *raw, *qkv;  /* [T, qkv width] before and after they turn */
    float *z;          /* [T, z width] */
    float *attn, *sub; /* [T, D] what attention gives, before and after its norm */
    float *mid;        /* [T, D] what the MLP reads */
    float *ln2;        /* [T, D] */
    float *fc, *act;   /* [T, fc width] before and after the activation */
    float *mlp;        /* [T, D] what the MLP gives, before its norm */
};

struct lm_back {
    const struct lm *m;
    struct lm_hook hook;
    size_t T; /* room */
    struct lm_ws *ws;
    struct lm_turns turns;
    struct lm_edit *edit; /* [1 + blocks from the hook's on] */
    float *arena;
    float **x_in; /* [blocks from the hook's on] residual stream before each, [T, D] */
    float *at_hook; /* [T, width] activations there */
    float *resid;   /* [T, D] behind the last block */
    struct block_acts k;
    float *scores;            /* [2 * LM_ATT_ROWS, T] */
    float *dx;                /* [T, D] gradient of the residual stream */
    float *d, *dsub;          /* [T, D] scratch */
    float *wide;              /* [T, widest] */
    float *narrow;            /* [T, widest of what a map reads] */
    float *one_head;          /* [d_head] */
    float *xf, *dxf;          /* [D] of the last position */
    float *rows;              /* [LM_MAP_ROWS, widest] of weights */
    const struct lm_aim *aim; /* of the last value */
};

/* ---- memory ---- */

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Pieces of the arena. In a first pass `p` is NULL and only `used` counts. */
struct carver {
    float *p;
    size_t used;
};

static float *take(struct carver *c, size_t n)
{
    float *at = c->p ? c->p + c->used : NULL;
    c->used += n;
    return at;
}

/* Sets the pointers into the arena, or to nothing if arena is NULL. Returns the floats
 * it takes. */
static size_t carve(struct lm_back *b, float *arena)
{
    const struct lm_config *c = &b->m->cfg;
    const size_t T = b->T, D = c->d_model, Q = lm_qkv_width(c), Z = lm_z_width(c);
    const size_t F = lm_fc_width(c), W = most(F, Q), N = most(most(Z, c->d_ff), D);
    struct carver p = {.p = arena};
    for (size_t i = 0; i < c->n_layer - b->hook.block; i++) {
        b->x_in[i] = take(&p, T * D);
    }
    b->at_hook = take(&p, T * lm_hook_width(c, b->hook));
    b->resid = take(&p, T * D);
    b->k = (struct block_acts){.ln1 = take(&p, T * D),
                               .raw = take(&p, T * Q),
                               .qkv = take(&p, T * Q),
                               .z = take(&p, T * Z),
                               .attn = take(&p, T * D),
                               .sub = take(&p, T * D),
                               .mid = take(&p, T * D),
                               .ln2 = take(&p, T * D),
                               .fc = take(&p, T * F),
                               .act = take(&p, T * F),
                               .mlp = take(&p, T * D)};
    b->scores = take(&p, 2 * LM_ATT_ROWS * T);
    b->dx = take(&p, T * D);
    b->d = take(&p, T * D);
    b->dsub = take(&p, T * D);
    b->wide = take(&p, T * W);
    b->narrow = take(&p, T * N);
    b->one_head = take(&p, lm_head_dim(c));
    b->xf = take(&p, D);
    b->dxf = take(&p, D);
    b->rows = take(&p, LM_MAP_ROWS * most(W, N));
    return p.used;
}

void lm_back_free(struct lm_back *b)
{
    if (!b) {
        return;
    }
    lm_ws_free(b->ws);
    lm_turns_deinit(&b->turns);
    mem_free(b->edit);
    mem_free(b->x_in);
    mem_free(b->arena);
    mem_free(b);
}

static void put(void *ctx, size_t row, size_t at, size_t n, size_t width, float *x)
{
    (void)row;
    (void)at;
    memcpy(x, ctx, n * width * sizeof *x);
}

static void look(void *ctx, size_t row, size_t at, size_t n, size_t width, float *x)
{
    (void)row;
    (void)at;
    memcpy(ctx, x, n * width * sizeof *x);
}

enum err lm_back_new(const struct lm *m, struct lm_hook hook, size_t T,
                     struct lm_back **out, struct errinfo *e)
{
    static const char what[] = "a way back";
    const size_t blocks = m->cfg.n_layer - hook.block;
    struct lm_back *b = NULL;
    enum err rc = OK;
    TRY(mem_new(&b, 1, sizeof *b, what, e));
    b->m = m;
    b->hook = hook;
    b->T = T;
    TRY_OUT(rc, lm_ws_new(m, LM_WHOLE, T, &b->ws, e)); /* checks T */
    TRY_OUT(rc, lm_turns_init(&b->turns, &m->cfg, T, e));
    TRY_OUT(rc, mem_new(&b->edit, blocks + 1, sizeof *b->edit, what, e));
    TRY_OUT(rc, mem_new(&b->x_in, blocks, sizeof *b->x_in, what, e));
    TRY_OUT(rc, mem_new(&b->arena, carve(b, NULL), sizeof *b->arena, what, e));
    (void)carve(b, b->arena);
    b->edit[0] = (struct lm_edit){.hook = hook, .apply = put, .ctx = b->at_hook};
    for (size_t i = 0; i < blocks; i++) {
        b->edit[1 + i] = (struct lm_edit){
            .hook = {hook.block + i, LM_RESID_PRE}, .apply = look, .ctx = b->x_in[i]};
    }
    *out = b;
    return OK;
out:
    lm_back_free(b);
    return rc;
}

/* ---- the head ---- */

/* Returns the weighted sum of the logits of xf; writes its gradient there to dxf, if
 * not NULL. */
static double head(const struct lm_back *b, const float *weight, const float *xf,
                   float *dxf)
{
    const struct lm_config *c = &b->m->cfg;
    const struct linear_map all = lm_head_of(b->m);
    const float *row = b->rows;
    const double cap = (double)c->logit_cap;
    double sum = 0;
    if (dxf) {
        memset(dxf, 0, c->d_model * sizeof *dxf);
    }
    for (size_t v = 0; v < c->vocab; v++) {
        if (!(weight[v] < 0 || weight[v] > 0)) {
            continue;
        }
        lm_map_rows(&all, v, 1, b->rows);
        double logit = 0, slope = (double)weight[v];
        for (size_t d = 0; d < c->d_model; d++) {
            logit += (double)xf[d] * (double)row[d];
        }
        if (cap > 0) {
            const double t = tanh(logit / cap);
            logit = cap * t;
            slope *= 1.0 - t * t;
        }
        sum += (double)weight[v] * logit;
        if (dxf) {
            vec_axpy_f32(c->d_model, (float)slope, row, dxf);
        }
    }
    return sum;
}

double lm_back_value(struct lm_back *b, const struct lm_aim *aim, const float *x)
{
    const struct lm_config *c = &b->m->cfg;
    const size_t D = c->d_model, T = aim->T;
    const struct lm_layer w = lm_ends_of(b->m);
    const struct lm_pass p = {.ids = aim->fed,
                              .B = 1,
                              .T = T,
                              .edit = b->edit,
                              .edits = c->n_layer - b->hook.block + 1};
    assert(T >= 1 && T <= b->T);
    memcpy(b->at_hook, x, T * lm_hook_width(c, b->hook) * sizeof *x);
    lm_run(b->m, b->ws, &p, b->resid);
    lm_norm_rows(c, 1, D, b->resid + (T - 1) * D, w.at[LM_FINAL_W], w.at[LM_FINAL_B],
                 b->xf);
    b->aim = aim;
    return head(b, aim->weight, b->xf, NULL);
}

/* ---- a block, forward again ---- */

/* Writes the output of a sub-layer's map to raw, and, if normed is not NULL, that of
 * the norm behind it to normed. */
static void give(const struct lm_back *b, const struct lm_layer *w, enum lm_slot map,
                 enum lm_slot bias, enum lm_slot norm, const float *x, float *raw,
                 float *normed)
{
    const struct lm_config *c = &b->m->cfg;
    const size_t T = b->aim->T, D = c->d_model;
    lm_map_forward(w, map, bias, T, x, NULL, raw, b->ws->scratch);
    if (!normed) {
        return;
    }
    if (w->at[norm]) {
        lm_norm_rows(c, T, D, raw, w->at[norm], NULL, normed);
    } else {
        memcpy(normed, raw, T * D * sizeof *normed);
    }
}

static struct lm_attention attention_of(const struct lm_back *b, size_t block)
{
    const struct lm_config *c = &b->m->cfg;
    const size_t q = lm_z_width(c), kv = lm_kv_heads(c) * lm_head_dim(c);
    return (struct lm_attention){.T = b->aim->T,
                                 .local = lm_is_local(c, block),
                                 .q = b->k.qkv,
                                 .k = b->k.qkv + q,
                                 .v = b->k.qkv + q + kv,
                                 .ld_q = lm_qkv_width(c),
                                 .ld_kv = lm_qkv_width(c),
                                 .scores = b->scores,
                                 .out = b->k.z};
}

/* Computes queries, keys and values of x_in, and z, again. */
static void heads_again(struct lm_back *b, const struct lm_layer *w, size_t block,
                        const float *x_in)
{
    const struct lm_config *c = &b->m->cfg;
    const size_t T = b->aim->T, Q = lm_qkv_width(c);
    lm_norm_rows(c, T, c->d_model, x_in, w->at[LM_NORM1_W], w->at[LM_NORM1_B],
                 b->k.ln1);
    lm_map_forward(w, LM_QKV_W, LM_QKV_B, T, b->k.ln1, NULL, b->k.raw, b->ws->scratch);
    memcpy(b->k.qkv, b->k.raw, T * Q * sizeof *b->k.qkv);
    lm_turn(c, w, &b->turns, lm_is_local(c, block), T, 0, b->k.qkv);
    const struct lm_attention a = attention_of(b, block);
    lm_attend(c, &a);
}

/* Computes again the input of the MLP's activation: from the stream, or from the hook
 * before the MLP. */
static void mlp_again(struct lm_back *b, const struct lm_layer *w, enum lm_site from)
{
    const struct lm_config *c = &b->m->cfg;
    const size_t T = b->aim->T, D = c->d_model;
    const float *scale = w->at[LM_NORM2_W], *shift = w->at[LM_NORM2_B];
    if (from == LM_LN2) {
        lm_scale_rows(T, D, b->at_hook, scale, shift, b->k.ln2);
    } else if (from == LM_MLP_NORMED) {
        memcpy(b->k.ln2, b->at_hook, T * D * sizeof *b->k.ln2);
    } else {
        lm_norm_rows(c, T, D, b->k.mid, scale, shift, b->k.ln2);
    }
    lm_map_forward(w, LM_FC_W, LM_FC_B, T, b->k.ln2, NULL, b->k.fc, b->ws->scratch);
}

/* Computes again what the way back needs of the block from place `from` on, with
 * b->at_hook there if it is the hook's own block. */
static void block_again(struct lm_back *b, const struct lm_layer *w, size_t block,
                        enum lm_site from)
{
    const struct lm_config *c = &b->m->cfg;
    struct block_acts *k = &b->k;
    const size_t T = b->aim->T, D = c->d_model, bytes = T * D * sizeof(float);
    const float *x_in = b->x_in[block - b->hook.block];
    if (from == LM_RESID_PRE) {
        heads_again(b, w, block, x_in);
    } else if (from == LM_Z) {
        memcpy(k->z, b->at_hook, T * lm_z_width(c) * sizeof *k->z);
    }
    if (from <= LM_Z) {
        give(b, w, LM_PROJ_W, LM_PROJ_B, LM_POST1_W, k->z, k->attn, k->sub);
    } else if (from == LM_ATTN_OUT) {
        memcpy(k->sub, b->at_hook, bytes);
    }
    if (from == LM_RESID_MID || from == LM_MLP_IN) {
        memcpy(k->mid, b->at_hook, bytes);
    } else if (from < LM_RESID_MID) {
        memcpy(k->mid, x_in, bytes);
        for (size_t t = 0; t < T && !c->parallel; t++) {
            vec_add_f32(D, k->mid + t * D, k->sub + t * D, k->mid + t * D);
        }
    }
    if (from < LM_MLP_POST) {
        mlp_again(b, w, from);
        memcpy(k->act, k->fc, T * lm_fc_width(c) * sizeof *k->act);
        lm_activate(c, T, k->act);
    } else if (from == LM_MLP_POST) {
        memcpy(k->act, b->at_hook, T * c->d_ff * sizeof *k->act);
    }
    if (from <= LM_MLP_POST && w->at[LM_POST2_W]) {
        give(b, w, LM_OUT_W, LM_OUT_B, LM_POST2_W, k->act, k->mlp, NULL);
    }
}

/* ---- a block, back ---- */

/* Goes from the gradient of what a sub-layer adds to that at what its map reads. */
static void give_back(struct lm_back *b, const struct lm_layer *w, enum lm_slot map,
                      enum lm_slot norm, const float *raw, const float *dy, float *dx)
{
    const struct lm_config *c = &b->m->cfg;
    const size_t T = b->aim->T, D = c->d_model;
    if (w->at[norm]) {
        memset(b->d, 0, T * D * sizeof *b->d);
        lm_norm_back(c, T, D, raw, w->at[norm], NULL, dy, b->d);
        dy = b->d;
    }
    lm_map_back(&w->map[map], T, dy, dx, b->rows);
}

/* Goes from b->narrow, the gradient behind the activation, to the stream that the MLP
 * reads, adding to dx; or to the hook before the MLP, setting dx. */
static void mlp_back(struct lm_back *b, const struct lm_layer *w, enum lm_site from,
                     float *dx)
{
    const struct lm_config *c = &b->m->cfg;
    const size_t T = b->aim->T;
    lm_activate_back(c, T, b->k.fc, b->narrow, b->wide);
    if (from == LM_LN2 || from == LM_MLP_NORMED) {
        lm_map_back(&w->map[LM_FC_W], T, b->wide, dx, b->rows);
        if (from == LM_LN2) {
            lm_scale_rows(T, c->d_model, dx, w->at[LM_NORM2_W], NULL, dx);
        }
        return;
    }
    if (from == LM_MLP_IN) {
        memset(dx, 0, T * c->d_model * sizeof *dx);
    }
    lm_map_back(&w->map[LM_FC_W], T, b->wide, b->d, b->rows);
    lm_norm_back(c, T, c->d_model, b->k.mid, w->at[LM_NORM2_W], w->at[LM_NORM2_B], b->d,
                 dx);
}

/* Goes from b->narrow, the gradient at z, to the block's input, adding to dx. */
static void heads_back(struct lm_back *b, const struct lm_layer *w, size_t block,
                       float *dx)
{
    const struct lm_config *c = &b->m->cfg;
    const size_t T = b->aim->T;
    const struct lm_attention a = attention_of(b, block);
    lm_attend_back(c, &a, b->narrow, b->wide);
    lm_turn_back(c, w, &b->turns, lm_is_local(c, block), T, b->k.raw, b->one_head,
                 b->wide);
    lm_map_back(&w->map[LM_QKV_W], T, b->wide, b->d, b->rows);
    lm_norm_back(c, T, c->d_model, b->x_in[block - b->hook.block], w->at[LM_NORM1_W],
                 w->at[LM_NORM1_B], b->d, dx);
}

/* Turns b->dx, the gradient behind the block, into that at place `from`; if that is of
 * another width the result is in b->narrow. */
static void block_back(struct lm_back *b, const struct lm_layer *w, size_t block,
                       enum lm_site from)
{
    const struct lm_config *c = &b->m->cfg;
    const size_t bytes = b->aim->T * c->d_model * sizeof(float);
    const bool parallel = c->parallel;
    if (from >= LM_MLP_OUT) {
        return; /* it is added to the stream as it is */
    }
    block_again(b, w, block, from);
    if (parallel) {
        memcpy(b->dsub, b->dx, bytes); /* what attention adds goes past the MLP */
    }
    give_back(b, w, LM_OUT_W, LM_POST2_W, b->k.mlp, b->dx, b->narrow);
    if (from == LM_MLP_POST) {
        return;
    }
    const float *sub = parallel ? b->dsub : b->dx;
    const bool past = parallel && (from == LM_Z || from == LM_ATTN_OUT);
    if (!past) {
        mlp_back(b, w, from, b->dx);
    }
    if (from == LM_ATTN_OUT && parallel) {
        memcpy(b->dx, b->dsub, bytes);
    }
    if (from >= LM_ATTN_OUT) {
        return;
    }
    give_back(b, w, LM_PROJ_W, LM_POST1_W, b->k.attn, sub, b->narrow);
    if (from == LM_RESID_PRE) {
        heads_back(b, w, block, b->dx);
    }
}

void lm_back_gradient(struct lm_back *b, float *dx)
{
    const struct lm_config *c = &b->m->cfg;
    const size_t D = c->d_model, T = b->aim->T;
    const size_t width = lm_hook_width(c, b->hook);
    const struct lm_layer ends = lm_ends_of(b->m);
    const bool inner = b->hook.site == LM_Z || b->hook.site == LM_MLP_POST;
    (void)head(b, b->aim->weight, b->xf, b->dxf);
    memset(b->dx, 0, T * D * sizeof *b->dx);
    lm_norm_back(c, 1, D, b->resid + (T - 1) * D, ends.at[LM_FINAL_W],
                 ends.at[LM_FINAL_B], b->dxf, b->dx + (T - 1) * D);
    for (size_t block = c->n_layer; block-- > b->hook.block;) {
        const struct lm_layer w = lm_layer_of(b->m, block);
        block_back(b, &w, block, block > b->hook.block ? LM_RESID_PRE : b->hook.site);
    }
    memcpy(dx, inner ? b->narrow : b->dx, T * width * sizeof *dx);
}
