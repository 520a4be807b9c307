/* The part of a model after its blocks: final norm, logits, losses. */
#include "base/mem.h"
#include "lm/lm_pass.h"
#include "lm/lm_slot.h"
#include "num/vec.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Writes logits [n, cols] of rows xf, after the final norm, for cols tokens from j0
 * on. */
static void logits_of(const struct lm *m, const struct linear_map *head, size_t n,
                      const float *xf, size_t j0, size_t cols, float *logits,
                      void *scratch)
{
    const size_t D = m->cfg.d_model;
    const struct linear_piece piece = {0, D, j0, cols};
    memset(logits, 0, n * cols * sizeof *logits);
    linear_add_piece(head, piece, n, xf, D, logits, cols, scratch);
    if (m->cfg.logit_cap > 0) {
        lm_cap(n * cols, m->cfg.logit_cap, logits);
    }
}

static void final_norm(const struct lm *m, size_t n, const float *x, float *xf)
{
    const struct lm_layer w = lm_ends_of(m);
    lm_norm_rows(&m->cfg, n, m->cfg.d_model, x, w.at[LM_FINAL_W], w.at[LM_FINAL_B], xf);
}

/* log(e^a + e^b); a may be -inf. */
static double log_sum(double a, double b)
{
    const double most = a > b ? a : b, least = a > b ? b : a;
    return least >= most ? most + log(2.0) : most + log1p(exp(least - most));
}

/* The token that follows position t of a row of ids [T]; -1 at its end. */
static int32_t follows(const int32_t *ids, size_t t, size_t T)
{
    return t + 1 < T ? ids[t + 1] : -1;
}

/* Computes the losses of n = B T positions whose rows, after the final norm, are in
 * ws->xf, over a piece of the vocabulary at a time, whose logits are then dropped. */
static void losses_of(const struct lm *m, const struct lm_ws *ws, size_t n, size_t T,
                      const int32_t *ids, float *nll)
{
    const size_t V = m->cfg.vocab;
    const struct linear_map head = lm_head_of(m);
    for (size_t i = 0; i < n; i++) {
        ws->lse[i] = -HUGE_VAL;
    }
    for (size_t j0 = 0; j0 < V; j0 += LM_HEAD_COLUMNS) {
        const size_t cols = V - j0 < LM_HEAD_COLUMNS ? V - j0 : LM_HEAD_COLUMNS;
        logits_of(m, &head, n, ws->xf, j0, cols, ws->logits, ws->scratch);
        for (size_t i = 0; i < n; i++) {
            const float *row = ws->logits + i * cols;
            const int32_t next = follows(ids + i / T * T, i % T, T);
            const double lse = vec_lse_f32(cols, row);
            ws->lse[i] = j0 > 0 ? log_sum(ws->lse[i], lse) : lse;
            if (next >= 0 && (size_t)next >= j0 && (size_t)next < j0 + cols) {
                ws->right[i] = row[(size_t)next - j0];
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        const bool last = i % T + 1 == T;
        nll[i] = last ? NAN : (float)(ws->lse[i] - (double)ws->right[i]);
    }
}

void lm_nll_from(const struct lm *m, struct lm_ws *ws, float *x, size_t B, size_t T,
                 struct lm_hook hook, const int32_t *fed, const int32_t *ids,
                 float *nll)
{
    const size_t width = lm_hook_width(&m->cfg, hook), most = ws->G / T;
    for (size_t b = 0; b < B; b += most) {
        const size_t rows = B - b < most ? B - b : most, n = rows * T;
        const float *resid =
            lm_splice(m, ws, x + b * T * width, rows, T, hook, fed + b * T);
        final_norm(m, n, resid, ws->xf);
        losses_of(m, ws, n, T, ids + b * T, nll + b * T);
    }
}

void lm_logp_from(const struct lm *m, struct lm_ws *ws, float *x, size_t T,
                  struct lm_hook hook, const int32_t *fed, float *logp)
{
    const size_t V = m->cfg.vocab;
    const struct linear_map head = lm_head_of(m);
    final_norm(m, T, lm_splice(m, ws, x, 1, T, hook, fed), ws->xf);
    logits_of(m, &head, T, ws->xf, 0, V, logp, ws->scratch);
    for (size_t i = 0; i < T; i++) {
        const float lse = (float)vec_lse_f32(V, logp + i * V);
        for (size_t v = 0; v < V; v++) {
            logp[i * V + v] -= lse;
        }
    }
}

struct lm_next lm_next_from(const struct lm *m, struct lm_ws *ws, float *x, size_t T,
                            struct lm_hook hook, const int32_t *fed)
{
    const size_t V = m->cfg.vocab;
    const struct linear_map head = lm_head_of(m);
    const float *resid = lm_splice(m, ws, x, 1, T, hook, fed);
    struct lm_next next = {-1, NAN};
    double lse = -HUGE_VAL;
    float most = -HUGE_VALF;
    final_norm(m, 1, resid + (T - 1) * m->cfg.d_model, ws->xf);
    for (size_t j0 = 0; j0 < V; j0 += LM_HEAD_COLUMNS) {
        const size_t cols = V - j0 < LM_HEAD_COLUMNS ? V - j0 : LM_HEAD_COLUMNS;
        logits_of(m, &head, 1, ws->xf, j0, cols, ws->logits, ws->scratch);
        const double piece = vec_lse_f32(cols, ws->logits);
        lse = j0 > 0 ? log_sum(lse, piece) : piece;
        for (size_t i = 0; i < cols; i++) {
            if (ws->logits[i] > most) {
                most = ws->logits[i];
                next.id = (int32_t)(j0 + i);
            }
        }
    }
    if (next.id >= 0) {
        next.logp = (float)((double)most - lse);
    }
    return next;
}

void lm_logits_rows(const struct lm *m, struct lm_ws *ws, const float *x, size_t n,
                    float *logits)
{
    const struct linear_map head = lm_head_of(m);
    final_norm(m, n, x, ws->xf);
    logits_of(m, &head, n, ws->xf, 0, m->cfg.vocab, logits, ws->scratch);
}

/* ---- single directions ---- */

/* Writes logits [V] of y = (x - mean) * scale * the final norm's weight (+ its bias), a
 * piece of y at a time, since no buffer here holds D floats. */
static void project(const struct lm *m, const float *x, float mean, float scale,
                    bool bias, float *logits)
{
    const size_t D = m->cfg.d_model;
    const struct lm_layer w = lm_ends_of(m);
    const struct linear_map head = lm_head_of(m);
    const float *weight = w.at[LM_FINAL_W];
    const float *add = bias ? w.at[LM_FINAL_B] : NULL;
    float y[LINEAR_DEPTH];
    memset(logits, 0, m->cfg.vocab * sizeof *logits);
    for (size_t d = 0; d < D; d += LINEAR_DEPTH) {
        const size_t n = D - d < LINEAR_DEPTH ? D - d : LINEAR_DEPTH;
        const struct linear_piece piece = {d, n, 0, m->cfg.vocab};
        for (size_t i = 0; i < n; i++) {
            y[i] = (x[d + i] - mean) * scale * weight[d + i];
            y[i] += add ? add[d + i] : 0.0f;
        }
        linear_add_piece(&head, piece, 1, y, n, logits, m->cfg.vocab, NULL);
    }
}

void lm_logits(const struct lm *m, const float *x, float *logits)
{
    const size_t D = m->cfg.d_model;
    const double mean = lm_mean(&m->cfg, D, x);
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

/* Makes ready the head, and the block whose matrix the direction goes through. */
static enum err need_lens(const struct lm *m, struct lm_hook h, struct errinfo *e)
{
    return lm_need_blocks(m, h.block, is_inner(h) ? h.block + 1 : h.block, true, e);
}

/* Maps a direction d at a hook to the residual stream, into y [D]: d itself, or its
 * image under the block's output matrix and the scale of the norm behind that. */
static void to_residual(const struct lm *m, struct lm_hook hook, const float *d,
                        float *y)
{
    const size_t D = m->cfg.d_model;
    if (!is_inner(hook)) {
        memcpy(y, d, D * sizeof *y);
        return;
    }
    const struct lm_layer w = lm_layer_of(m, hook.block);
    const bool mlp = hook.site == LM_MLP_POST;
    const float *norm = w.at[mlp ? LM_POST2_W : LM_POST1_W];
    memset(y, 0, D * sizeof *y);
    linear_add(&w.map[mlp ? LM_OUT_W : LM_PROJ_W], 1, d, y, NULL);
    for (size_t i = 0; norm && i < D; i++) {
        y[i] *= norm[i];
    }
}

enum err lm_lens(const struct lm *m, struct lm_hook hook, const float *d, float *logits,
                 struct errinfo *e)
{
    float *y = NULL;
    assert(lm_hook_has_lens(hook));
    TRY(need_lens(m, hook, e));
    TRY(mem_new(&y, m->cfg.d_model, sizeof *y, "logit lens", e));
    to_residual(m, hook, d, y);
    project(m, y, (float)lm_mean(&m->cfg, m->cfg.d_model, y), 1.0f, false, logits);
    mem_free(y);
    return OK;
}

enum err lm_unembed(const struct lm *m, struct lm_hook hook, const float *d,
                    float *logits, struct errinfo *e)
{
    const size_t D = m->cfg.d_model;
    float *y = NULL;
    assert(lm_hook_has_lens(hook));
    TRY(need_lens(m, hook, e));
    TRY(mem_new(&y, D, sizeof *y, "logit lens", e));
    const struct linear_map head = lm_head_of(m);
    to_residual(m, hook, d, y);
    memset(logits, 0, m->cfg.vocab * sizeof *logits);
    linear_add(&head, 1, y, logits, NULL);
    mem_free(y);
    return OK;
}
