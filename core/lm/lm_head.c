/* What stands behind the blocks: final norm, logits, losses. */
#include "base/mem.h"
#include "lm/lm_pass.h"
#include "lm/lm_slot.h"
#include "num/vec.h"

#include <math.h>
#include <string.h>

/* Logits [n, V] of rows xf [n, D] behind the final norm. */
static void logits_of(const struct lm *m, size_t n, const float *xf, float *logits)
{
    const size_t D = m->cfg.d_model, V = m->cfg.vocab;
    gemm_f32(NO_TRANS, TRANS, n, V, D, 1.0f, xf, D, lm_head_of(m), D, 0.0f, logits, V);
    if (m->cfg.logit_cap > 0) {
        lm_cap(n * V, m->cfg.logit_cap, logits);
    }
}

static void final_norm(const struct lm *m, size_t n, const float *x, float *xf)
{
    const struct lm_layer w = lm_ends_of(m);
    lm_norm_rows(&m->cfg, n, m->cfg.d_model, x, w.at[LM_FINAL_W], w.at[LM_FINAL_B], xf);
}

/* -log p(target[i]) of each row of logits; NaN where it is -1. */
static void losses_of(size_t n, size_t V, const float *logits, const int32_t *target,
                      float *nll)
{
    for (size_t i = 0; i < n; i++) {
        const float *row = logits + i * V;
        nll[i] =
            target[i] < 0 ? NAN : (float)(vec_lse_f32(V, row) - (double)row[target[i]]);
    }
}

void lm_nll_from(const struct lm *m, struct lm_ws *ws, float *x, size_t B, size_t T,
                 struct lm_hook hook, const int32_t *fed, const int32_t *ids,
                 float *nll)
{
    const size_t D = m->cfg.d_model, width = lm_hook_width(&m->cfg, hook);
    for (size_t b = 0; b < B; b++) {
        const float *resid = lm_splice(m, ws, x + b * T * width, T, hook, fed + b * T);
        final_norm(m, T, resid, ws->xf);
        memcpy(ws->target, ids + b * T + 1, (T - 1) * sizeof *ids);
        ws->target[T - 1] = -1;
        for (size_t i = 0; i < T; i += LM_HEAD_ROWS) {
            const size_t n = T - i < LM_HEAD_ROWS ? T - i : LM_HEAD_ROWS;
            logits_of(m, n, ws->xf + i * D, ws->logits);
            losses_of(n, m->cfg.vocab, ws->logits, ws->target + i, nll + b * T + i);
        }
    }
}

void lm_logp_from(const struct lm *m, struct lm_ws *ws, float *x, size_t T,
                  struct lm_hook hook, const int32_t *fed, float *logp)
{
    const size_t V = m->cfg.vocab;
    final_norm(m, T, lm_splice(m, ws, x, T, hook, fed), ws->xf);
    logits_of(m, T, ws->xf, logp);
    for (size_t i = 0; i < T; i++) {
        const float lse = (float)vec_lse_f32(V, logp + i * V);
        for (size_t v = 0; v < V; v++) {
            logp[i * V + v] -= lse;
        }
    }
}

void lm_logits_rows(const struct lm *m, struct lm_ws *ws, const float *x, size_t n,
                    float *logits)
{
    final_norm(m, n, x, ws->xf);
    logits_of(m, n, ws->xf, logits);
}

/* ---- single directions ---- */

/* logits [V] of y = (x - mean) * scale * the final norm's weight (+ its bias), a piece
 * of y at a time, for want of a place that holds D floats. */
static void project(const struct lm *m, const float *x, float mean, float scale,
                    bool bias, float *logits)
{
    const size_t D = m->cfg.d_model;
    const struct lm_layer w = lm_ends_of(m);
    const float *weight = w.at[LM_FINAL_W];
    const float *add = bias ? w.at[LM_FINAL_B] : NULL;
    float y[256];
    const size_t piece = sizeof y / sizeof *y;
    for (size_t d = 0; d < D; d += piece) {
        const size_t n = D - d < piece ? D - d : piece;
        for (size_t i = 0; i < n; i++) {
            y[i] = (x[d + i] - mean) * scale * weight[d + i];
            y[i] += add ? add[d + i] : 0.0f;
        }
        gemm_f32(NO_TRANS, TRANS, 1, m->cfg.vocab, n, 1.0f, y, n, lm_head_of(m) + d, D,
                 d > 0 ? 1.0f : 0.0f, logits, m->cfg.vocab);
    }
}

/* The mean that the final norm takes away. */
static double mean_of(const struct lm *m, const float *x)
{
    const size_t D = m->cfg.d_model;
    return m->cfg.family->norm == LM_LAYERNORM ? vec_sum_f32(D, x) / (double)D : 0.0;
}

void lm_logits(const struct lm *m, const float *x, float *logits)
{
    const size_t D = m->cfg.d_model;
    const double mean = mean_of(m, x);
    double spread = 0.0;
    for (size_t i = 0; i < D; i++) {
        const double d = (double)x[i] - mean;
        spread += d * d;
    }
    const double rstd = 1.0 / sqrt(spread / (double)D + (double)m->cfg.ln_eps);
    project(m, x, (float)mean, (float)rstd, true, logits);
    if (m->cfg.logit_cap > 0) {
        lm_cap(m->cfg.vocab, m->cfg.logit_cap, logits);
    }
}

/* ---- the lens ---- */

static bool is_inner(struct lm_hook h)
{
    return h.site == LM_Z || h.site == LM_MLP_POST;
}

/* The head, and the block whose matrix the direction goes through. */
static enum err need_lens(const struct lm *m, struct lm_hook h, struct errinfo *e)
{
    return lm_need_part(m, h.block, is_inner(h) ? h.block + 1 : h.block, true, e);
}

/* What a direction at a hook adds to the residual stream: itself, or its image by the
 * block's output matrix and the scale of the norm behind that. y [D] out. */
static void to_residual(const struct lm *m, struct lm_hook hook, const float *d,
                        float *y)
{
    const struct lm_config *c = &m->cfg;
    const size_t D = c->d_model, width = lm_hook_width(c, hook);
    if (!is_inner(hook)) {
        memcpy(y, d, D * sizeof *y);
        return;
    }
    const struct lm_layer w = lm_layer_of(m, hook.block);
    const bool mlp = hook.site == LM_MLP_POST, in_out = c->family->in_out;
    const float *map = w.at[mlp ? LM_OUT_W : LM_PROJ_W];
    const float *norm = w.at[mlp ? LM_POST2_W : LM_POST1_W];
    gemm_f32(NO_TRANS, in_out ? NO_TRANS : TRANS, 1, D, width, 1.0f, d, width, map,
             in_out ? D : width, 0.0f, y, D);
    for (size_t i = 0; norm && i < D; i++) {
        y[i] *= norm[i];
    }
}

enum err lm_lens(const struct lm *m, struct lm_hook hook, const float *d, float *logits,
                 struct errinfo *e)
{
    float *y = NULL;
    TRY(need_lens(m, hook, e));
    TRY(mem_new(&y, m->cfg.d_model, sizeof *y, "logit lens", e));
    to_residual(m, hook, d, y);
    project(m, y, (float)mean_of(m, y), 1.0f, false, logits);
    mem_free(y);
    return OK;
}

enum err lm_unembed(const struct lm *m, struct lm_hook hook, const float *d,
                    float *logits, struct errinfo *e)
{
    const size_t D = m->cfg.d_model;
    float *y = NULL;
    TRY(need_lens(m, hook, e));
    TRY(mem_new(&y, D, sizeof *y, "logit lens", e));
    to_residual(m, hook, d, y);
    gemm_f32(NO_TRANS, TRANS, 1, m->cfg.vocab, D, 1.0f, y, D, lm_head_of(m), D, 0.0f,
             logits, m->cfg.vocab);
    mem_free(y);
    return OK;
}
