/* Forward passes of a finished model, a row at a time: a row's activations stay in the
 * cache through all blocks, and what comes out of a row is the same to the bit whatever
 * rows stand beside it. */
#include "base/mem.h"
#include "lm/lm.h"
#include "lm/lm_block.h"
#include "num/vec.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Positions whose logits are worked out together: [HEAD_ROWS, V] stays in the cache. */
#define HEAD_ROWS 32

struct lm_ws {
    size_t T;
    float *arena;
    struct lm_block_acts_f32 acts; /* of one row; x_* are set to the caller's row */
    float *xf;                     /* [T, D] */
    float *logits;                 /* [HEAD_ROWS, V] */
    double *nll;                   /* [T] */
    int32_t *target;               /* [T] */
};

static size_t ws_floats(const struct lm_config *cfg, size_t T)
{
    return T * (5 * cfg->d_model + cfg->d_ff + T) + HEAD_ROWS * cfg->vocab;
}

size_t lm_ws_bytes(const struct lm_config *cfg, size_t T)
{
    return ws_floats(cfg, T) * sizeof(float) + T * (sizeof(double) + sizeof(int32_t));
}

enum err lm_ws_new(const struct lm_config *cfg, size_t rows, size_t T,
                   struct lm_ws **out, struct errinfo *e)
{
    size_t count;
    enum err rc = OK;
    TRY(lm_weight_count(cfg, &count, e)); /* checks the configuration */
    if (rows < 1 || T < 1 || T > cfg->n_ctx) {
        return err_set(e, ERR_LIMIT,
                       "%zu rows of %zu positions, expected 1 to %zu positions", rows,
                       T, cfg->n_ctx);
    }
    const size_t D = cfg->d_model, FF = cfg->d_ff;
    struct lm_ws *ws = NULL;
    TRY(mem_new(&ws, 1, sizeof *ws, "a workspace", e));
    ws->T = T;
    /* Fits in 64 bits: lm_weight_count limits D to 2^16, d_ff to 2^24, T and V to 2^31.
     */
    const size_t floats = ws_floats(cfg, T);
    TRY_OUT(rc, mem_new(&ws->arena, floats, sizeof *ws->arena, "activations", e));
    TRY_OUT(rc, mem_new(&ws->nll, T, sizeof *ws->nll, "losses", e));
    TRY_OUT(rc, mem_new(&ws->target, T, sizeof *ws->target, "targets", e));
    float *p = ws->arena;
    ws->acts.ln1 = ws->acts.ctx = ws->acts.ln2 = p;
    ws->acts.qkv = p += T * D;
    ws->acts.fc = ws->acts.act = p += T * 3 * D;
    ws->acts.att = p += T * FF;
    ws->xf = p += T * T;
    ws->logits = p + T * D;
    *out = ws;
    return OK;
out:
    lm_ws_free(ws);
    return rc;
}

void lm_ws_free(struct lm_ws *ws)
{
    if (ws == NULL) {
        return;
    }
    mem_free(ws->arena);
    mem_free(ws->nll);
    mem_free(ws->target);
    mem_free(ws);
}

/* Blocks from..to-1 over one row x [T, D], in place. */
static void run_blocks(const struct lm *m, struct lm_ws *ws, size_t T, size_t from,
                       size_t to, float *x)
{
    struct lm_block_acts_f32 a = ws->acts;
    a.x_in = a.x_mid = a.x_out = x;
    for (size_t i = from; i < to; i++) {
        const struct lm_block *b = &m->w.block[i];
        const struct lm_net_block_f32 w = {
            .ln1_w = b->ln1_w,
            .ln1_b = b->ln1_b,
            .qkv_w = b->qkv_w,
            .qkv_b = b->qkv_b,
            .proj_w = b->proj_w,
            .proj_b = b->proj_b,
            .ln2_w = b->ln2_w,
            .ln2_b = b->ln2_b,
            .fc_w = b->fc_w,
            .fc_b = b->fc_b,
            .out_w = b->out_w,
            .out_b = b->out_b,
        };
        lm_block_forward_f32(&m->cfg, &w, 1, T, &a);
    }
}

void lm_forward_to(const struct lm *m, struct lm_ws *ws, const int32_t *ids, size_t B,
                   size_t T, size_t depth, float *resid)
{
    const struct lm_net_weights_f32 w = {.wte = m->w.wte, .wpe = m->w.wpe};
    assert(T >= 1 && T <= ws->T && depth <= m->cfg.n_layer);
    for (size_t b = 0; b < B; b++) {
        float *x = resid + b * T * m->cfg.d_model;
        lm_embed_f32(&m->cfg, &w, ids + b * T, 1, T, x);
        run_blocks(m, ws, T, 0, depth, x);
    }
}

void lm_nll_from(const struct lm *m, struct lm_ws *ws, float *resid, size_t B, size_t T,
                 size_t depth, const int32_t *ids, float *nll)
{
    const size_t D = m->cfg.d_model;
    assert(T >= 1 && T <= ws->T && depth <= m->cfg.n_layer);
    for (size_t b = 0; b < B; b++) {
        float *x = resid + b * T * D;
        run_blocks(m, ws, T, depth, m->cfg.n_layer, x);
        lm_norm_f32(&m->cfg, T, x, m->w.lnf_w, m->w.lnf_b, ws->xf, NULL, NULL);
        memcpy(ws->target, ids + b * T + 1, (T - 1) * sizeof *ids);
        ws->target[T - 1] = -1;
        for (size_t i = 0; i < T; i += HEAD_ROWS) {
            const size_t n = T - i < HEAD_ROWS ? T - i : HEAD_ROWS;
            lm_head_f32(&m->cfg, m->w.wte, n, ws->xf + i * D, ws->target + i, false,
                        ws->logits, ws->nll + i);
        }
        for (size_t i = 0; i < T; i++) {
            nll[b * T + i] = (float)ws->nll[i];
        }
    }
}

void lm_logp_from(const struct lm *m, struct lm_ws *ws, float *resid, size_t T,
                  size_t depth, float *logp)
{
    const size_t D = m->cfg.d_model, V = m->cfg.vocab;
    assert(T >= 1 && T <= ws->T && depth <= m->cfg.n_layer);
    run_blocks(m, ws, T, depth, m->cfg.n_layer, resid);
    lm_norm_f32(&m->cfg, T, resid, m->w.lnf_w, m->w.lnf_b, ws->xf, NULL, NULL);
    gemm_f32(NO_TRANS, TRANS, T, V, D, 1.0f, ws->xf, D, m->w.wte, D, 0.0f, logp, V);
    for (size_t i = 0; i < T; i++) {
        const float lse = (float)vec_lse_f32(V, logp + i * V);
        for (size_t v = 0; v < V; v++) {
            logp[i * V + v] -= lse;
        }
    }
}

/* logits [V] of y = (x - mean) * scale * ln_f's weight (+ its bias), a piece of y at a
 * time, for want of a place that holds D floats. */
static void project(const struct lm *m, const float *x, float mean, float scale,
                    bool bias, float *logits)
{
    const size_t D = m->cfg.d_model;
    float y[256];
    const size_t piece = sizeof y / sizeof *y;
    for (size_t d = 0; d < D; d += piece) {
        const size_t n = D - d < piece ? D - d : piece;
        for (size_t i = 0; i < n; i++) {
            y[i] = (x[d + i] - mean) * scale * m->w.lnf_w[d + i];
            y[i] += bias ? m->w.lnf_b[d + i] : 0.0f;
        }
        gemm_f32(NO_TRANS, TRANS, 1, m->cfg.vocab, n, 1.0f, y, n, m->w.wte + d, D,
                 d > 0 ? 1.0f : 0.0f, logits, m->cfg.vocab);
    }
}

void lm_logits(const struct lm *m, const float *x, float *logits)
{
    const size_t D = m->cfg.d_model;
    const double mean = vec_sum_f32(D, x) / (double)D;
    double spread = 0.0;
    for (size_t i = 0; i < D; i++) {
        const double d = (double)x[i] - mean;
        spread += d * d;
    }
    const double rstd = 1.0 / sqrt(spread / (double)D + (double)m->cfg.ln_eps);
    project(m, x, (float)mean, (float)rstd, true, logits);
}

void lm_lens(const struct lm *m, const float *d, float *logits)
{
    const size_t D = m->cfg.d_model;
    project(m, d, (float)(vec_sum_f32(D, d) / (double)D), 1.0f, false, logits);
}

void lm_unembed(const struct lm *m, const float *d, float *logits)
{
    const size_t D = m->cfg.d_model;
    gemm_f32(NO_TRANS, TRANS, 1, m->cfg.vocab, D, 1.0f, d, D, m->w.wte, D, 0.0f, logits,
             m->cfg.vocab);
}
