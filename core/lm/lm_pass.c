#include "lm/lm_pass.h"

#include "base/mem.h"
#include "lm/lm_slot.h"
#include "num/vec.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Tokens run together if rows are shorter: enough that weights made ready anew for each
 * group cost little beside the products. */
#define GROUP ((size_t)512)

/* ---- scratch ---- */

size_t lm_group_rows(size_t T)
{
    return T < GROUP ? GROUP / T : 1;
}

static size_t ws_floats(const struct lm_config *c, size_t T, size_t G)
{
    return G * (3 * c->d_model + lm_qkv_width(c) + lm_z_width(c) + lm_fc_width(c)) +
           LM_ATT_ROWS * T;
}

/* The number of inputs of the widest map. */
static size_t widest(const struct lm_config *c)
{
    const size_t z = lm_z_width(c), D = c->d_model;
    const size_t most = D > z ? D : z;
    return most > c->d_ff ? most : c->d_ff;
}

static size_t head_floats(const struct lm_config *c, size_t G)
{
    return G * (c->d_model + LM_HEAD_COLUMNS);
}

size_t lm_ws_bytes(const struct lm_config *cfg, size_t T)
{
    const size_t G = T * lm_group_rows(T);
    return (ws_floats(cfg, T, G) + head_floats(cfg, G) + 2 * T * cfg->rotary + G) *
               sizeof(float) +
           G * sizeof(double) + linear_scratch_bytes(G, widest(cfg));
}

enum err lm_ws_whole(const struct lm *m, struct lm_ws *ws, struct errinfo *e)
{
    TRY(lm_need(m, LM_WHOLE, e));
    if (ws->xf) {
        return OK;
    }
    if (!ws->lse) {
        TRY(mem_new(&ws->lse, ws->G, sizeof *ws->lse, "losses", e));
    }
    if (!ws->right) {
        TRY(mem_new(&ws->right, ws->G, sizeof *ws->right, "losses", e));
    }
    TRY(mem_new(&ws->xf, head_floats(&m->cfg, ws->G), sizeof *ws->xf, "logits", e));
    ws->logits = ws->xf + ws->G * m->cfg.d_model;
    return OK;
}

enum err lm_ws_new(const struct lm *m, size_t blocks, size_t T, struct lm_ws **out,
                   struct errinfo *e)
{
    const struct lm_config *c = &m->cfg;
    const size_t D = c->d_model;
    size_t count;
    enum err rc = OK;
    TRY(lm_weight_count(c, &count, e)); /* checks the configuration */
    if (T < 1 || T > c->n_ctx) {
        return err_set(e, ERR_LIMIT,
                       "rows of %zu positions, expected 1 to %zu positions", T,
                       c->n_ctx);
    }
    struct lm_ws *ws = NULL;
    TRY(mem_new(&ws, 1, sizeof *ws, "a workspace", e));
    const size_t G = T * lm_group_rows(T);
    ws->T = T;
    ws->G = G;
    /* Fits in 64 bits: lm_weight_count limits widths to 2^33, T and V to 2^31. */
    TRY_OUT(rc, mem_new(&ws->arena, ws_floats(c, T, G), sizeof *ws->arena,
                        "activations", e));
    TRY_OUT(rc, mem_new(&ws->scratch, linear_scratch_bytes(G, widest(c)), 1,
                        "activations", e));
    TRY_OUT(rc, lm_turns_init(&ws->turns, c, T, e));
    float *p = ws->arena;
    ws->x = p;
    ws->ln = p += G * D;
    ws->sub = p += G * D;
    ws->qkv = p += G * D;
    ws->z = p += G * lm_qkv_width(c);
    ws->fc = p += G * lm_z_width(c);
    ws->scores = p + G * lm_fc_width(c);
    TRY_OUT(rc, blocks > c->n_layer ? lm_ws_whole(m, ws, e) : lm_need(m, blocks, e));
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
    lm_turns_deinit(&ws->turns);
    mem_free(ws->arena);
    mem_free(ws->scratch);
    mem_free(ws->xf);
    mem_free(ws->lse);
    mem_free(ws->right);
    mem_free(ws);
}

/* ---- rows ---- */

/* A hook's place in the order in which a row goes through the blocks. */
static size_t rank_of(struct lm_hook h)
{
    return h.block * LM_SITES + (size_t)h.site;
}

/* A few rows on their way through the blocks. */
struct way {
    const struct lm *m;
    struct lm_ws *ws;
    const struct lm_pass *p;
    size_t row, rows;  /* the first one's number, how many */
    size_t T, at;      /* tokens of each, first position */
    float *x;          /* [rows * T, D] residual stream */
    size_t from, stop; /* ranks: goes on behind `from`, ends at `stop` */
    float *tap;        /* what stands at `stop` is put here, or NULL */
};

#define NOWHERE SIZE_MAX

/* Applies the edits of this place; returns whether the rows end here. */
static bool arrive(const struct way *y, size_t block, enum lm_site site, float *x)
{
    const struct lm_hook here = {block, site};
    const size_t rank = rank_of(here), width = lm_hook_width(&y->m->cfg, here);
    for (size_t i = 0; y->p && i < y->p->edits; i++) {
        const struct lm_edit *d = &y->p->edit[i];
        const bool mine = d->hook.block == block && d->hook.site == site;
        for (size_t r = 0; mine && r < y->rows; r++) {
            d->apply(d->ctx, y->row + r, y->at, y->T, width, x + r * y->T * width);
        }
    }
    if (rank != y->stop) {
        return false;
    }
    if (y->tap && y->tap != x) {
        memcpy(y->tap, x, y->rows * y->T * width * sizeof *x);
    }
    return true;
}

/* Whether an edit, or the stop, is at this place. */
static bool is_watched(const struct way *y, size_t block, enum lm_site site)
{
    bool watched = rank_of((struct lm_hook){block, site}) == y->stop;
    for (size_t i = 0; y->p && i < y->p->edits; i++) {
        const struct lm_hook *h = &y->p->edit[i].hook;
        watched = watched || (h->block == block && h->site == site);
    }
    return watched;
}

void lm_map_forward(const struct lm_layer *w, enum lm_slot map, enum lm_slot bias,
                    size_t n, const float *x, const float *base, float *y,
                    void *scratch)
{
    const size_t width = w->map[map].out;
    const float *b = w->at[bias];
    for (size_t i = 0; i < n; i++) { /* what the product is added to */
        float *row = y + i * width;
        if (base && b) {
            vec_add_f32(width, base + i * width, b, row);
        } else if (b) {
            memcpy(row, b, width * sizeof *row);
        } else if (!base) {
            memset(row, 0, width * sizeof *row);
        }
    }
    linear_add(&w->map[map], n, x, y, scratch);
}

/* Writes the output of a sub-layer to y, through the norm if the family has one
 * there. */
static void sub_layer(const struct way *way, const struct lm_layer *w, size_t n,
                      const float *from, enum lm_slot map, enum lm_slot bias,
                      enum lm_slot norm, float *y)
{
    const struct lm_config *c = &way->m->cfg;
    lm_map_forward(w, map, bias, n, from, NULL, y, way->ws->scratch);
    if (w->at[norm]) {
        lm_norm_rows(c, n, c->d_model, y, w->at[norm], NULL, y);
    }
}

static void add_to(size_t n, size_t width, const float *y, float *x)
{
    for (size_t i = 0; i < n; i++) {
        vec_add_f32(width, x + i * width, y + i * width, x + i * width);
    }
}

/* Makes queries, keys and values of a row, [T, qkv width], turned; and the heads'
 * output z [T, z width]. */
static void attend_row(const struct way *y, const struct lm_layer *w, size_t block,
                       float *qkv, float *z)
{
    const struct lm_config *c = &y->m->cfg;
    struct lm_ws *ws = y->ws;
    struct lm_cache *cache = y->p ? y->p->cache : NULL;
    const size_t T = y->T, ld = lm_qkv_width(c);
    const size_t q = lm_z_width(c), kv = lm_kv_heads(c) * lm_head_dim(c);
    const bool local = lm_is_local(c, block);
    lm_turn(c, w, cache ? &cache->turns : &ws->turns, local, T, y->at, qkv);
    struct lm_attention a = {.T = T,
                             .at = y->at,
                             .local = local,
                             .q = qkv,
                             .k = qkv + q,
                             .v = qkv + q + kv,
                             .ld_q = ld,
                             .ld_kv = ld,
                             .scores = ws->scores,
                             .out = z};
    if (cache) {
        for (size_t t = 0; t < T; t++) {
            const size_t to = (y->at + t) * kv;
            memcpy(cache->k[block] + to, a.k + t * ld, kv * sizeof(float));
            memcpy(cache->v[block] + to, a.v + t * ld, kv * sizeof(float));
        }
        a.k = cache->k[block];
        a.v = cache->v[block];
        a.ld_kv = kv;
        a.scores = cache->scores;
    }
    lm_attend(c, &a);
}

static void run_heads(const struct way *y, const struct lm_layer *w, size_t block)
{
    const struct lm_config *c = &y->m->cfg;
    struct lm_ws *ws = y->ws;
    const size_t n = y->rows * y->T, ld = lm_qkv_width(c), q = lm_z_width(c);
    lm_norm_rows(c, n, c->d_model, y->x, w->at[LM_NORM1_W], w->at[LM_NORM1_B], ws->ln);
    lm_map_forward(w, LM_QKV_W, LM_QKV_B, n, ws->ln, NULL, ws->qkv, ws->scratch);
    for (size_t r = 0; r < y->rows; r++) {
        attend_row(y, w, block, ws->qkv + r * y->T * ld, ws->z + r * y->T * q);
    }
}

/* Runs the attention of a block; adds the result to x, or leaves it in ws->sub if
 * attention and MLP are parallel. True if the rows end within it. */
static bool run_attention(const struct way *y, const struct lm_layer *w, size_t block)
{
    const struct lm_config *c = &y->m->cfg;
    struct lm_ws *ws = y->ws;
    const size_t n = y->rows * y->T, D = c->d_model;
    run_heads(y, w, block);
    if (arrive(y, block, LM_Z, ws->z)) {
        return true;
    }
    if (!c->parallel && !w->at[LM_POST1_W] && !is_watched(y, block, LM_ATTN_OUT)) {
        lm_map_forward(w, LM_PROJ_W, LM_PROJ_B, n, ws->z, y->x, y->x, ws->scratch);
        return false;
    }
    sub_layer(y, w, n, ws->z, LM_PROJ_W, LM_PROJ_B, LM_POST1_W, ws->sub);
    if (arrive(y, block, LM_ATTN_OUT, ws->sub)) {
        return true;
    }
    if (!c->parallel) {
        add_to(n, D, ws->sub, y->x);
    }
    return false;
}

/* Writes to ws->ln what the MLP reads. True if the rows end there. */
static bool run_mlp_norm(const struct way *y, const struct lm_layer *w, size_t block)
{
    const struct lm_config *c = &y->m->cfg;
    const size_t n = y->rows * y->T, D = c->d_model;
    float *ln = y->ws->ln;
    const float *x = y->x, *scale = w->at[LM_NORM2_W], *shift = w->at[LM_NORM2_B];
    if (is_watched(y, block, LM_MLP_IN)) {
        memcpy(ln, x, n * D * sizeof *ln);
        if (arrive(y, block, LM_MLP_IN, ln)) {
            return true;
        }
        x = ln;
    }
    if (!is_watched(y, block, LM_LN2)) {
        lm_norm_rows(c, n, D, x, scale, shift, ln);
    } else {
        lm_normalize_rows(c, n, D, x, ln);
        if (arrive(y, block, LM_LN2, ln)) {
            return true;
        }
        lm_scale_rows(n, D, ln, scale, shift, ln);
    }
    return arrive(y, block, LM_MLP_NORMED, ln);
}

/* Runs the MLP of a block and adds the result to x; if parallel, also that in
 * ws->sub. */
static bool run_mlp(const struct way *y, const struct lm_layer *w, size_t block)
{
    const struct lm_config *c = &y->m->cfg;
    struct lm_ws *ws = y->ws;
    const size_t n = y->rows * y->T, D = c->d_model;
    if (run_mlp_norm(y, w, block)) {
        return true;
    }
    lm_map_forward(w, LM_FC_W, LM_FC_B, n, ws->ln, NULL, ws->fc, ws->scratch);
    lm_activate(c, n, ws->fc);
    if (arrive(y, block, LM_MLP_POST, ws->fc)) {
        return true;
    }
    if (c->parallel) {
        add_to(n, D, ws->sub, y->x);
    }
    if (!w->at[LM_POST2_W] && !is_watched(y, block, LM_MLP_OUT)) {
        lm_map_forward(w, LM_OUT_W, LM_OUT_B, n, ws->fc, y->x, y->x, ws->scratch);
        return false;
    }
    sub_layer(y, w, n, ws->fc, LM_OUT_W, LM_OUT_B, LM_POST2_W, ws->ln);
    if (arrive(y, block, LM_MLP_OUT, ws->ln)) {
        return true;
    }
    add_to(n, D, ws->ln, y->x);
    return false;
}

/* Takes the rows from after y->from to y->stop, or through all blocks. */
static void walk(const struct way *y)
{
    const size_t first = y->from == NOWHERE ? 0 : (y->from + 1) / LM_SITES;
    for (size_t b = first; b < y->m->cfg.n_layer; b++) {
        const size_t pre = rank_of((struct lm_hook){b, LM_RESID_PRE});
        const bool whole = y->from == NOWHERE || y->from <= pre; /* or its MLP alone */
        const bool begins = y->from == NOWHERE || y->from < pre;
        if (begins && arrive(y, b, LM_RESID_PRE, y->x)) {
            return; /* before the block's weights, which may not be there */
        }
        const struct lm_layer w = lm_layer_of(y->m, b);
        if (whole && (run_attention(y, &w, b) ||
                      (!y->m->cfg.parallel && arrive(y, b, LM_RESID_MID, y->x)))) {
            return;
        }
        if (run_mlp(y, &w, b) || arrive(y, b, LM_RESID_POST, y->x)) {
            return;
        }
    }
}

static void embed(const struct way *y, const int32_t *ids)
{
    const struct lm_config *c = &y->m->cfg;
    const struct lm_layer w = lm_ends_of(y->m);
    const size_t D = c->d_model;
    const float root = (float)sqrt((double)D);
    for (size_t i = 0; i < y->rows * y->T; i++) {
        float *x = y->x + i * D, *place = y->ws->ln;
        assert(ids[i] >= 0 && (size_t)ids[i] < c->vocab);
        linear_read(&w.map[LM_EMBED], (size_t)ids[i], 1, x);
        if (w.map[LM_POSITION].out > 0) {
            linear_read(&w.map[LM_POSITION], y->at + i % y->T, 1, place);
            vec_add_f32(D, x, place, x);
        }
        if (c->family->embed_root) {
            vec_scale_f32(D, root, x);
        }
    }
}

/* ---- passes ---- */

/* How many rows from y->row on run together. */
static size_t next_rows(const struct way *y, size_t B)
{
    const size_t most = y->ws->G / y->T, left = B - y->row;
    return left < most ? left : most;
}

void lm_run(const struct lm *m, struct lm_ws *ws, const struct lm_pass *p, float *x)
{
    struct way y = {
        .m = m, .ws = ws, .p = p, .T = p->T, .from = NOWHERE, .stop = NOWHERE};
    assert(p->T >= 1 && p->T <= ws->T && (!p->cache || p->B == 1));
    y.at = p->cache ? p->cache->n : 0;
    assert(!p->cache || y.at + p->T <= p->cache->room);
    for (; y.row < p->B; y.row += y.rows) {
        y.rows = next_rows(&y, p->B);
        y.x = x + y.row * p->T * m->cfg.d_model;
        embed(&y, p->ids + y.row * p->T);
        walk(&y);
    }
    if (p->cache) {
        p->cache->n += p->T;
    }
}

static bool is_residual(struct lm_hook h)
{
    return h.site == LM_RESID_PRE || h.site == LM_RESID_MID || h.site == LM_RESID_POST;
}

void lm_run_to(const struct lm *m, struct lm_ws *ws, const struct lm_pass *p,
               struct lm_hook hook, float *x)
{
    const size_t width = lm_hook_width(&m->cfg, hook), T = p->T;
    struct way y = {
        .m = m, .ws = ws, .p = p, .T = T, .from = NOWHERE, .stop = rank_of(hook)};
    assert(T >= 1 && T <= ws->T && hook.block < m->cfg.n_layer && !p->cache);
    for (; y.row < p->B; y.row += y.rows) {
        float *out = x + y.row * T * width;
        y.rows = next_rows(&y, p->B);
        y.x = is_residual(hook) ? out : ws->x;
        y.tap = out;
        embed(&y, p->ids + y.row * T);
        walk(&y);
    }
}

void lm_forward_to(const struct lm *m, struct lm_ws *ws, const int32_t *ids, size_t B,
                   size_t T, struct lm_hook hook, float *x)
{
    const struct lm_pass p = {.ids = ids, .B = B, .T = T};
    lm_run_to(m, ws, &p, hook, x);
}

/* An lm_edit's function that replaces the model's own activations by those of ctx. */
static void put(void *ctx, size_t row, size_t at, size_t n, size_t width, float *x)
{
    const float *from = ctx;
    (void)at;
    memcpy(x, from + row * n * width, n * width * sizeof *x);
}

float *lm_splice(const struct lm *m, struct lm_ws *ws, float *x, size_t B, size_t T,
                 struct lm_hook hook, const int32_t *fed)
{
    const struct lm_edit edit = {.hook = hook, .apply = put, .ctx = x};
    const struct lm_pass p = {.ids = fed, .B = B, .T = T, .edit = &edit, .edits = 1};
    assert(T >= 1 && B * T <= ws->G && hook.block < m->cfg.n_layer);
    if (is_residual(hook)) {
        const struct way y = {.m = m,
                              .ws = ws,
                              .rows = B,
                              .T = T,
                              .x = x,
                              .from = rank_of(hook),
                              .stop = NOWHERE};
        walk(&y);
        return x;
    }
    lm_run(m, ws, &p, ws->x);
    return ws->x;
}
