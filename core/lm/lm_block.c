#include "lm/lm_block.h"

#include "num/vec.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Query rows taken together in attention: a block of them needs only the keys up to its
 * own end, which saves most of the upper triangle. */
#define ATT_ROWS 32

/* ---- rows ---- */

/* y = b in every row, so that the product that follows adds to it. */
static void fill_rows(size_t n, size_t width, const real *b, real *y)
{
    for (size_t i = 0; i < n; i++) {
        memcpy(y + i * width, b, width * sizeof *b);
    }
}

/* y = x + b in every row. */
static void add_rows(size_t n, size_t width, const real *x, const real *b, real *y)
{
    for (size_t i = 0; i < n; i++) {
        R(vec_add)(width, x + i * width, b, y + i * width);
    }
}

/* g += sum of the rows. */
static void sum_rows(size_t n, size_t width, const real *dy, real *g)
{
    for (size_t i = 0; i < n; i++) {
        R(vec_axpy)(width, 1, dy + i * width, g);
    }
}

/* y [n, out] += x [n, in] w [in, out] */
static void linear(size_t n, size_t in, size_t out, const real *x, const real *w,
                   real *y)
{
    R(gemm)(NO_TRANS, NO_TRANS, n, out, in, 1, x, in, w, out, 1, y, out);
}

/* From dy [n, out]: adds to dw and db; sets dx [n, in]. */
static void linear_backward(size_t n, size_t in, size_t out, const real *x,
                            const real *w, const real *dy, real *dx, real *dw, real *db)
{
    sum_rows(n, out, dy, db);
    R(gemm)(TRANS, NO_TRANS, in, out, n, 1, x, in, dy, out, 1, dw, out);
    R(gemm)(NO_TRANS, TRANS, n, in, out, 1, dy, out, w, out, 0, dx, in);
}

void R(lm_norm)(const struct lm_config *cfg, size_t n, const real *x, const real *w,
                const real *b, real *y, real *mean, real *rstd)
{
    const size_t D = cfg->d_model;
    for (size_t i = 0; i < n; i++) {
        R(vec_layernorm)
        (D, (real)cfg->ln_eps, x + i * D, w, b, y + i * D,
         mean != NULL ? mean + i : NULL, rstd != NULL ? rstd + i : NULL);
    }
}

/* ---- embedding ---- */

void R(lm_embed)(const struct lm_config *cfg, const struct R(lm_net_weights) *w,
                 const int32_t *ids, size_t B, size_t T, real *x)
{
    const size_t D = cfg->d_model;
    for (size_t i = 0; i < B * T; i++) {
        assert(ids[i] >= 0 && (size_t)ids[i] < cfg->vocab);
        R(vec_add)(D, w->wte + (size_t)ids[i] * D, w->wpe + i % T * D, x + i * D);
    }
}

void R(lm_embed_backward)(const struct lm_config *cfg, const int32_t *ids, size_t B,
                          size_t T, const real *dx, struct R(lm_net_weights) *g)
{
    const size_t D = cfg->d_model;
    for (size_t i = 0; i < B * T; i++) {
        R(vec_axpy)(D, 1, dx + i * D, g->wte + (size_t)ids[i] * D);
        R(vec_axpy)(D, 1, dx + i * D, g->wpe + i % T * D);
    }
}

/* ---- attention ---- */

/* Runs one head of one row: q, k, v [T, dh] and out [T, dh] within wider rows. p [T, T]
 * out. */
static void head_forward(size_t T, size_t dh, size_t ld, const real *q, const real *k,
                         const real *v, real *p, real *out, size_t ld_out)
{
    const real scale = (real)(1.0 / sqrt((double)dh));
    for (size_t i0 = 0; i0 < T; i0 += ATT_ROWS) {
        const size_t i1 = i0 + ATT_ROWS < T ? i0 + ATT_ROWS : T;
        real *rows = p + i0 * T;
        R(gemm)
        (NO_TRANS, TRANS, i1 - i0, i1, dh, 1, q + i0 * ld, ld, k, ld, 0, rows, T);
        for (size_t i = i0; i < i1; i++) {
            R(vec_softmax)(i + 1, scale, p + i * T, NULL);
            memset(p + i * T + i + 1, 0, (i1 - i - 1) * sizeof *p);
        }
        R(gemm)
        (NO_TRANS, NO_TRANS, i1 - i0, dh, i1, 1, rows, T, v, ld, 0, out + i0 * ld_out,
         ld_out);
    }
}

/* From dout [T, dh]: sets dq, adds to dk and dv. dp [T, T] is scratch. */
static void head_backward(size_t T, size_t dh, size_t ld, const real *q, const real *k,
                          const real *v, const real *p, const real *dout, size_t ld_out,
                          real *dq, real *dk, real *dv, real *dp)
{
    const real scale = (real)(1.0 / sqrt((double)dh));
    for (size_t i0 = 0; i0 < T; i0 += ATT_ROWS) {
        const size_t i1 = i0 + ATT_ROWS < T ? i0 + ATT_ROWS : T, n = i1 - i0;
        const real *rows = p + i0 * T, *dy = dout + i0 * ld_out;
        real *drows = dp + i0 * T;
        R(gemm)(TRANS, NO_TRANS, i1, dh, n, 1, rows, T, dy, ld_out, 1, dv, ld);
        R(gemm)(NO_TRANS, TRANS, n, i1, dh, 1, dy, ld_out, v, ld, 0, drows, T);
        for (size_t i = i0; i < i1; i++) {
            R(vec_softmax_back)(i + 1, scale, p + i * T, dp + i * T);
            memset(dp + i * T + i + 1, 0, (i1 - i - 1) * sizeof *dp);
        }
        R(gemm)(NO_TRANS, NO_TRANS, n, dh, i1, 1, drows, T, k, ld, 0, dq + i0 * ld, ld);
        R(gemm)(TRANS, NO_TRANS, i1, dh, n, 1, drows, T, q + i0 * ld, ld, 1, dk, ld);
    }
}

static void attention_forward(const struct lm_config *cfg, size_t B, size_t T,
                              const struct R(lm_block_acts) *a)
{
    const size_t D = cfg->d_model, H = cfg->n_head, dh = D / H;
    assert(H >= 1 && D % H == 0 && T >= 1);
    for (size_t b = 0; b < B; b++) {
        for (size_t h = 0; h < H; h++) {
            const real *q = a->qkv + b * T * 3 * D + h * dh;
            head_forward(T, dh, 3 * D, q, q + D, q + 2 * D,
                         a->att + (b * H + h) * T * T, a->ctx + b * T * D + h * dh, D);
        }
    }
}

static void attention_backward(const struct lm_config *cfg, size_t B, size_t T,
                               const struct R(lm_block_acts) *a, const real *dctx,
                               real *dqkv, real *dp)
{
    const size_t D = cfg->d_model, H = cfg->n_head, dh = D / H;
    memset(dqkv, 0, B * T * 3 * D * sizeof *dqkv);
    for (size_t b = 0; b < B; b++) {
        for (size_t h = 0; h < H; h++) {
            const real *q = a->qkv + b * T * 3 * D + h * dh;
            real *dq = dqkv + b * T * 3 * D + h * dh;
            head_backward(T, dh, 3 * D, q, q + D, q + 2 * D,
                          a->att + (b * H + h) * T * T, dctx + b * T * D + h * dh, D,
                          dq, dq + D, dq + 2 * D, dp);
        }
    }
}

/* ---- block ---- */

void R(lm_block_forward)(const struct lm_config *cfg, const struct R(lm_net_block) *w,
                         size_t B, size_t T, const struct R(lm_block_acts) *a)
{
    const size_t N = B * T, D = cfg->d_model, FF = cfg->d_ff;
    R(lm_norm)(cfg, N, a->x_in, w->ln1_w, w->ln1_b, a->ln1, a->mean1, a->rstd1);
    fill_rows(N, 3 * D, w->qkv_b, a->qkv);
    linear(N, D, 3 * D, a->ln1, w->qkv_w, a->qkv);
    attention_forward(cfg, B, T, a);
    add_rows(N, D, a->x_in, w->proj_b, a->x_mid);
    linear(N, D, D, a->ctx, w->proj_w, a->x_mid);

    R(lm_norm)(cfg, N, a->x_mid, w->ln2_w, w->ln2_b, a->ln2, a->mean2, a->rstd2);
    fill_rows(N, FF, w->fc_b, a->fc);
    linear(N, D, FF, a->ln2, w->fc_w, a->fc);
    R(vec_gelu)(N * FF, a->fc, a->act);
    add_rows(N, D, a->x_mid, w->out_b, a->x_out);
    linear(N, FF, D, a->act, w->out_w, a->x_out);
}

/* dx += the gradient through the norm from dy, for n rows. */
static void norm_backward(size_t n, size_t D, const real *x, const real *w,
                          const real *mean, const real *rstd, const real *dy, real *dx,
                          real *dw, real *db)
{
    for (size_t i = 0; i < n; i++) {
        R(vec_layernorm_back)
        (D, x + i * D, w, mean[i], rstd[i], dy + i * D, dx + i * D, dw, db);
    }
}

void R(lm_block_backward)(const struct lm_config *cfg, const struct R(lm_net_block) *w,
                          size_t B, size_t T, const struct R(lm_block_acts) *a,
                          const struct R(lm_block_grads) *s, real *dx,
                          struct R(lm_net_block) *g)
{
    const size_t N = B * T, D = cfg->d_model, FF = cfg->d_ff;
    linear_backward(N, FF, D, a->act, w->out_w, dx, s->wide, g->out_w, g->out_b);
    R(vec_gelu_back)(N * FF, a->fc, s->wide, s->wide);
    linear_backward(N, D, FF, a->ln2, w->fc_w, s->wide, s->ln, g->fc_w, g->fc_b);
    norm_backward(N, D, a->x_mid, w->ln2_w, a->mean2, a->rstd2, s->ln, dx, g->ln2_w,
                  g->ln2_b);

    linear_backward(N, D, D, a->ctx, w->proj_w, dx, s->ln, g->proj_w, g->proj_b);
    attention_backward(cfg, B, T, a, s->ln, s->wide, s->att);
    linear_backward(N, D, 3 * D, a->ln1, w->qkv_w, s->wide, s->ln, g->qkv_w, g->qkv_b);
    norm_backward(N, D, a->x_in, w->ln1_w, a->mean1, a->rstd1, s->ln, dx, g->ln1_w,
                  g->ln1_b);
}

/* ---- head ---- */

void R(lm_head)(const struct lm_config *cfg, const real *wte, size_t n, const real *xf,
                const int32_t *target, real *logits, double *nll)
{
    const size_t D = cfg->d_model, V = cfg->vocab;
    R(gemm)(NO_TRANS, TRANS, n, V, D, 1, xf, D, wte, D, 0, logits, V);
    for (size_t i = 0; i < n; i++) {
        real *row = logits + i * V;
        if (target[i] < 0) {
            nll[i] = (double)NAN;
            memset(row, 0, V * sizeof *row);
            continue;
        }
        const double logit = (double)row[target[i]];
        double lse;
        R(vec_softmax)(V, 1, row, &lse);
        nll[i] = lse - logit;
        row[target[i]] -= 1;
    }
}
