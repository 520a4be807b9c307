#include "acts/capture.h"

#include "acts/tap.h"
#include "base/mem.h"

#include <string.h>

static const char what[] = "activations";

struct run {
    const struct lm *m;
    const struct token_rows *r;
    const struct lm_hook *hooks;
    bool logits;
    struct pool *pool;
    struct capture *c;
    size_t workers;
    struct lm_ws **ws; /* [workers] */
    float **last;      /* [workers] of [T,D]: behind all blocks */
    float **nll;       /* [workers] of [T] */
};

static enum err check_size(const struct lm_config *cfg, const struct token_rows *r,
                           const struct lm_hook *hooks, size_t n_hooks, bool logits,
                           struct errinfo *e)
{
    /* A position's floats: far below overflow, lm_weight_count limits widths and V. */
    size_t floats = (logits ? cfg->vocab : 0) + 1;
    for (size_t i = 0; i < n_hooks; i++) {
        floats += lm_hook_width(cfg, hooks[i]);
    }
    const size_t most = CAPTURE_MAX / sizeof(float) / floats;
    return r->n <= most
               ? OK
               : err_set(e, ERR_LIMIT,
                         "%zu rows of %zu tokens: %.1f GB, expected at most %.1f GB; "
                         "ask for fewer rows, fewer hooks or no logits",
                         r->rows, r->T, (double)r->n * (double)floats * 4e-9,
                         (double)CAPTURE_MAX * 1e-9);
}

void capture_free(struct capture *c)
{
    if (c) {
        for (size_t i = 0; c->x && i < c->hooks; i++) {
            mem_free(c->x[i]);
        }
        mem_free(c->x);
        mem_free(c->nll);
        mem_free(c->logits);
        mem_free(c);
    }
}

static void run_row(void *ctx, size_t row, size_t worker)
{
    const struct run *u = ctx;
    const size_t T = u->r->T, D = u->m->cfg.d_model, V = u->m->cfg.vocab;
    const struct lm_hook end = lm_behind(u->m->cfg.n_layer);
    const int32_t *fed = u->r->fed + row * T;
    struct capture *c = u->c;
    float *last = u->last[worker];
    struct lm_edit tap[CAPTURE_HOOKS];
    for (size_t i = 0; i < c->hooks; i++) {
        const size_t floats = T * lm_hook_width(&u->m->cfg, u->hooks[i]);
        tap[i] = tap_of(u->hooks[i], c->x[i] + row * floats);
    }
    struct lm_ws *ws = u->ws[worker];
    const struct lm_pass p = {.ids = fed,
                              .B = 1,
                              .T = T,
                              .edit = tap,
                              .edits = tap_apart(u->m, ws, fed, 1, T, tap, c->hooks)};
    lm_run(u->m, ws, &p, last);
    for (size_t t = 0; u->logits && t < T; t++) {
        lm_logits(u->m, last + t * D, c->logits + (row * T + t) * V);
    }
    /* The last position of a row predicts nothing. */
    lm_nll_from(u->m, ws, last, 1, T, end, fed, u->r->ids + row * T, u->nll[worker]);
    memcpy(c->nll + row * (T - 1), u->nll[worker], (T - 1) * sizeof *c->nll);
}

static enum err arrays_new(struct run *u, struct errinfo *e)
{
    const struct lm_config *cfg = &u->m->cfg;
    const size_t n = u->r->n, T = u->r->T;
    for (size_t i = 0; i < u->c->hooks; i++) {
        const size_t width = lm_hook_width(cfg, u->hooks[i]);
        TRY(mem_new(&u->c->x[i], n, width * sizeof(float), what, e));
    }
    TRY(mem_new(&u->c->nll, n, sizeof *u->c->nll, what, e));
    if (u->logits) {
        TRY(mem_new(&u->c->logits, n, cfg->vocab * sizeof *u->c->logits, what, e));
    }
    TRY(mem_new(&u->ws, u->workers, sizeof *u->ws, what, e));
    TRY(mem_new(&u->last, u->workers, sizeof *u->last, what, e));
    TRY(mem_new(&u->nll, u->workers, sizeof *u->nll, what, e));
    for (size_t i = 0; i < u->workers; i++) {
        TRY(lm_ws_new(u->m, LM_WHOLE, T, &u->ws[i], e));
        TRY(mem_new(&u->last[i], T, cfg->d_model * sizeof(float), what, e));
        TRY(mem_new(&u->nll[i], T, sizeof(float), what, e));
    }
    return OK;
}

static void run_deinit(struct run *u)
{
    for (size_t i = 0; i < u->workers; i++) {
        if (u->ws) {
            lm_ws_free(u->ws[i]);
        }
        if (u->last) {
            mem_free(u->last[i]);
        }
        if (u->nll) {
            mem_free(u->nll[i]);
        }
    }
    mem_free(u->ws);
    mem_free(u->last);
    mem_free(u->nll);
    capture_free(u->c);
}

static enum err check_rows(const struct lm *m, const struct token_rows *r, size_t n,
                           struct errinfo *e)
{
    if (r->T < 1 || r->T > m->cfg.n_ctx) {
        return err_set(
            e, ERR_USAGE,
            "found rows of %zu tokens, expected 1 to the model's context of %zu", r->T,
            m->cfg.n_ctx);
    }
    return n <= CAPTURE_HOOKS
               ? OK
               : err_set(e, ERR_USAGE, "found %zu hooks, expected at most %d", n,
                         CAPTURE_HOOKS);
}

enum err capture_new(const struct lm *m, const struct token_rows *r,
                     const struct lm_hook *hooks, size_t n, bool logits,
                     struct pool *pool, struct capture **out, struct errinfo *e)
{
    struct run u = {.m = m,
                    .r = r,
                    .hooks = hooks,
                    .logits = logits,
                    .pool = pool,
                    .workers = pool_threads(pool)};
    enum err rc;
    TRY(check_size(&m->cfg, r, hooks, n, logits, e));
    TRY(check_rows(m, r, n, e));
    TRY(mem_new(&u.c, 1, sizeof *u.c, what, e));
    u.c->hooks = n;
    TRY_OUT(rc, mem_new(&u.c->x, n, sizeof *u.c->x, what, e));
    TRY_OUT(rc, arrays_new(&u, e));
    pool_run(pool, r->rows, run_row, &u);
    *out = u.c;
    u.c = NULL;
out:
    run_deinit(&u);
    return rc;
}
