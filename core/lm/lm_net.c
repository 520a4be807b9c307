#include "lm/lm_net.h"

#include "base/mem.h"
#include "lm/lm_block.h"
#include "lm/lm_layout.h"
#include "num/vec.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Positions whose logits are computed together. [HEAD_ROWS, V] is made, turned into its
 * gradient and used for both gradient products while it is in the cache. */
#define HEAD_ROWS 256

struct R(lm_net) {
    struct lm_config cfg;
    size_t rows, T; /* capacity */
    real *arena;
    struct R(lm_block_acts) *block; /* [L] */
    struct R(lm_block_grads) grads;
    real *x_last; /* [N, D] residual stream after the last block: borrowed */
    real *xf, *meanf, *rstdf; /* [N, D], [N], [N] final norm */
    real *logits;             /* [HEAD_ROWS, V] */
    real *dx, *dxf;           /* [N, D] */
    real *dwte;               /* [V, D] the head's part of the gradient, at scale 1 */
    double *nll;              /* [HEAD_ROWS] */
    int32_t *ids;             /* [N] of the last loss, with its shape */
    size_t last_B, last_T;
};

/* ---- weights ---- */

enum err R(lm_net_weights_init)(struct R(lm_net_weights) *w,
                                const struct lm_config *cfg, real *arena,
                                struct errinfo *e)
{
    struct R(lm_net_weights) new = {.arena = arena, .owned = arena == NULL};
    enum err rc = OK;
    TRY(lm_weight_count(cfg, &new.count, e));
    if (new.owned) {
        TRY(mem_new(&new.arena, new.count, sizeof *new.arena, "weights", e));
    }
    TRY_OUT(rc, mem_new(&new.block, cfg->n_layer, sizeof *new.block, "blocks", e));
    const size_t D = cfg->d_model, FF = cfg->d_ff;
    real *p = new.arena;
    new.wte = p;
    p += cfg->vocab * D;
    new.wpe = p;
    p += cfg->n_ctx * D;
#define POINT(member, size)                                                            \
    b->member = p;                                                                     \
    p += size;
    for (size_t i = 0; i < cfg->n_layer; i++) {
        struct R(lm_net_block) *b = &new.block[i];
        LM_BLOCK_LAYOUT(POINT)
    }
    new.lnf_w = p;
    new.lnf_b = p + D;
    *w = new;
    return OK;
out:
    R(lm_net_weights_deinit)(&new);
    return rc;
}

void R(lm_net_weights_deinit)(struct R(lm_net_weights) *w)
{
    if (w->owned) {
        mem_free(w->arena);
    }
    mem_free(w->block);
    *w = (struct R(lm_net_weights)){0};
}

/* ---- memory ---- */

/* Takes pieces off one arena. In a first pass p is NULL and only `used` counts. */
struct carver {
    real *p;
    size_t used;
    bool overflow;
};

static real *carve(struct carver *c, size_t rows, size_t cols)
{
    size_t n;
    if (!mem_mul(rows, cols, &n) || n > SIZE_MAX / 2 - c->used) {
        c->overflow = true;
        return NULL;
    }
    real *p = c->p != NULL ? c->p + c->used : NULL;
    c->used += (n + 15) / 16 * 16; /* keeps each piece aligned to 64 bytes */
    return p;
}

static void carve_block(struct R(lm_net) *n, struct carver *c, size_t i, real *x_in)
{
    const size_t D = n->cfg.d_model, FF = n->cfg.d_ff, N = n->rows * n->T;
    struct R(lm_block_acts) *a = &n->block[i];
    *a = (struct R(lm_block_acts)){.x_in = x_in};
    a->ln1 = carve(c, N, D);
    a->qkv = carve(c, N, 3 * D);
    a->fc = carve(c, N, FF);
    a->ctx = carve(c, N, D);
    a->x_mid = carve(c, N, D);
    a->ln2 = carve(c, N, D);
    a->act = carve(c, N, FF);
    a->x_out = carve(c, N, D);
    a->att = carve(c, n->rows * n->cfg.n_head, n->T * n->T);
    a->mean1 = carve(c, N, 1);
    a->rstd1 = carve(c, N, 1);
    a->mean2 = carve(c, N, 1);
    a->rstd2 = carve(c, N, 1);
}

static void carve_all(struct R(lm_net) *n, struct carver *c)
{
    const size_t D = n->cfg.d_model, V = n->cfg.vocab, N = n->rows * n->T;
    const size_t wide = n->cfg.d_ff > 3 * D ? n->cfg.d_ff : 3 * D;
    real *x = carve(c, N, D);
    for (size_t i = 0; i < n->cfg.n_layer; i++) {
        carve_block(n, c, i, x);
        x = n->block[i].x_out;
    }
    n->x_last = x;
    n->xf = carve(c, N, D);
    n->logits = carve(c, HEAD_ROWS, V);
    n->meanf = carve(c, N, 1);
    n->rstdf = carve(c, N, 1);
    n->dx = carve(c, N, D);
    n->dxf = carve(c, N, D);
    n->dwte = carve(c, V, D);
    n->grads.wide = carve(c, N, wide);
    n->grads.ln = carve(c, N, D);
    n->grads.att = carve(c, n->T, n->T);
}

enum err R(lm_net_new)(const struct lm_config *cfg, size_t rows, size_t T,
                       struct R(lm_net) **out, struct errinfo *e)
{
    size_t count, N;
    enum err rc = OK;
    TRY(lm_weight_count(cfg, &count, e)); /* checks the configuration */
    if (rows < 1 || T < 1 || T > cfg->n_ctx || !mem_mul(rows, T, &N)) {
        return err_set(e, ERR_LIMIT,
                       "%zu rows of %zu positions, expected 1 to %zu positions", rows,
                       T, cfg->n_ctx);
    }
    struct R(lm_net) *n = NULL;
    TRY(mem_new(&n, 1, sizeof *n, "a network", e));
    n->cfg = *cfg;
    n->rows = rows;
    n->T = T;
    TRY_OUT(rc, mem_new(&n->block, cfg->n_layer, sizeof *n->block, "its blocks", e));
    TRY_OUT(rc, mem_new(&n->ids, N, sizeof *n->ids, "its ids", e));
    TRY_OUT(rc, mem_new(&n->nll, HEAD_ROWS, sizeof *n->nll, "its losses", e));
    struct carver c = {0};
    carve_all(n, &c);
    if (c.overflow) {
        rc = err_set(e, ERR_LIMIT, "%zu rows of %zu positions: too many", rows, T);
        goto out;
    }
    TRY_OUT(rc, mem_new(&n->arena, c.used, sizeof *n->arena, "activations", e));
    c = (struct carver){.p = n->arena};
    carve_all(n, &c);
    *out = n;
    return OK;
out:
    R(lm_net_free)(n);
    return rc;
}

void R(lm_net_free)(struct R(lm_net) *n)
{
    if (n == NULL) {
        return;
    }
    mem_free(n->arena);
    mem_free(n->block);
    mem_free(n->ids);
    mem_free(n->nll);
    mem_free(n);
}

/* ---- passes ---- */

/* Computes the loss over the final residual stream, and dxf and dwte at scale 1, while
 * the logits are there: keeping them would take [N, V], making them again a third
 * product. */
static void head_loss(struct R(lm_net) *n, const struct R(lm_net_weights) *w, size_t N,
                      const int32_t *targets, double *loss_sum, size_t *count)
{
    const size_t D = n->cfg.d_model, V = n->cfg.vocab;
    for (size_t i0 = 0; i0 < N; i0 += HEAD_ROWS) {
        const size_t m = N - i0 < HEAD_ROWS ? N - i0 : HEAD_ROWS;
        const real *xf = n->xf + i0 * D;
        R(lm_head)
        (&n->cfg, w->wte, m, xf, targets + i0, n->logits, n->nll);
        for (size_t i = 0; i < m; i++) {
            if (targets[i0 + i] >= 0) {
                *loss_sum += n->nll[i];
                *count += 1;
            }
        }
        R(gemm)
        (NO_TRANS, NO_TRANS, m, D, V, 1, n->logits, V, w->wte, D, 0, n->dxf + i0 * D,
         D);
        R(gemm)
        (TRANS, NO_TRANS, V, D, m, 1, n->logits, V, xf, D, i0 > 0 ? 1 : 0, n->dwte, D);
    }
}

void R(lm_net_loss)(struct R(lm_net) *n, const struct R(lm_net_weights) *w,
                    const int32_t *ids, const int32_t *targets, size_t B, size_t T,
                    double *loss_sum, size_t *count)
{
    const size_t N = B * T;
    assert(B >= 1 && B <= n->rows && T >= 1 && T <= n->T);
    R(lm_embed)(&n->cfg, w, ids, B, T, n->block[0].x_in);
    for (size_t i = 0; i < n->cfg.n_layer; i++) {
        R(lm_block_forward)(&n->cfg, &w->block[i], B, T, &n->block[i]);
    }
    R(lm_norm)(&n->cfg, N, n->x_last, w->lnf_w, w->lnf_b, n->xf, n->meanf, n->rstdf);
    *loss_sum = 0.0;
    *count = 0;
    head_loss(n, w, N, targets, loss_sum, count);
    memcpy(n->ids, ids, N * sizeof *ids);
    n->last_B = B;
    n->last_T = T;
}

void R(lm_net_backward)(struct R(lm_net) *n, const struct R(lm_net_weights) *w,
                        real scale, struct R(lm_net_weights) *g)
{
    const size_t B = n->last_B, T = n->last_T, N = B * T, D = n->cfg.d_model;
    assert(B >= 1);
    R(vec_axpy)(n->cfg.vocab * D, scale, n->dwte, g->wte);
    R(vec_scale)(N * D, scale, n->dxf);
    memset(n->dx, 0, N * D * sizeof *n->dx);
    for (size_t i = 0; i < N; i++) {
        R(vec_layernorm_back)
        (D, n->x_last + i * D, w->lnf_w, n->meanf[i], n->rstdf[i], n->dxf + i * D,
         n->dx + i * D, g->lnf_w, g->lnf_b);
    }
    for (size_t i = n->cfg.n_layer; i-- > 0;) {
        R(lm_block_backward)
        (&n->cfg, &w->block[i], B, T, &n->block[i], &n->grads, n->dx, &g->block[i]);
    }
    R(lm_embed_backward)(&n->cfg, n->ids, B, T, n->dx, g);
    n->last_B = 0; /* dxf is used up */
}
