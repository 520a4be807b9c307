#include "acts/capture.h"

#include "acts/harvest.h"
#include "base/mem.h"

#include <string.h>

static const char what[] = "activations";

struct run {
    const struct lm *m;
    const struct token_rows *r;
    struct pool *pool;
    struct capture *c;
    float *last; /* [rows,T,D]: behind all blocks */
};

static enum err check_size(const struct lm_config *cfg, const struct token_rows *r,
                           const struct lm_hook *hooks, size_t n_hooks, bool logits,
                           struct errinfo *e)
{
    /* A position's floats: far below overflow, lm_weight_count limits widths and V. */
    size_t floats = cfg->d_model + (logits ? cfg->vocab : 0) + 1;
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

static enum err run_hook(const struct run *u, struct lm_hook hook, float *x,
                         struct errinfo *e)
{
    struct harvester *h = NULL;
    TRY(harvester_new(u->m, hook, u->r->T, u->pool, &h, e));
    harvest_rows(h, u->r->fed, u->r->rows, x);
    harvester_free(h);
    return OK;
}

/* Losses from the last residual stream; the last position of a row predicts nothing. */
static enum err run_losses(const struct run *u, struct lm_hook end, struct errinfo *e)
{
    struct harvester *h = NULL;
    float *nll = NULL;
    const size_t T = u->r->T;
    enum err rc;
    TRY_OUT(rc, mem_new(&nll, u->r->n, sizeof *nll, what, e));
    TRY_OUT(rc, harvester_new(u->m, end, T, u->pool, &h, e));
    TRY_OUT(rc, harvest_nll(h, u->r->ids, u->r->rows, u->last, nll, e));
    for (size_t i = 0; i < u->r->rows; i++) {
        memcpy(u->c->nll + i * (T - 1), nll + i * T, (T - 1) * sizeof *nll);
    }
out:
    harvester_free(h);
    mem_free(nll);
    return rc;
}

static void run_logits(void *ctx, size_t row, size_t worker)
{
    const struct run *u = ctx;
    const size_t D = u->m->cfg.d_model, V = u->m->cfg.vocab;
    (void)worker;
    for (size_t i = row * u->r->T; i < (row + 1) * u->r->T; i++) {
        lm_logits(u->m, u->last + i * D, u->c->logits + i * V);
    }
}

static enum err run_all(struct run *u, const struct lm_hook *hooks, bool logits,
                        struct errinfo *e)
{
    const struct lm_config *cfg = &u->m->cfg;
    const struct lm_hook end = lm_behind(cfg->n_layer);
    const size_t n = u->r->n;
    for (size_t i = 0; i < u->c->hooks; i++) {
        TRY(mem_new(&u->c->x[i], n, lm_hook_width(cfg, hooks[i]) * sizeof(float), what,
                    e));
        TRY(run_hook(u, hooks[i], u->c->x[i], e));
    }
    TRY(mem_new(&u->c->nll, n, sizeof *u->c->nll, what, e));
    TRY(mem_new(&u->last, n, cfg->d_model * sizeof *u->last, what, e));
    TRY(run_hook(u, end, u->last, e));
    if (logits) {
        TRY(lm_need(u->m, LM_WHOLE, e));
        TRY(mem_new(&u->c->logits, n, cfg->vocab * sizeof *u->c->logits, what, e));
        pool_run(u->pool, u->r->rows, run_logits, u);
    }
    return run_losses(u, end, e);
}

enum err capture_new(const struct lm *m, const struct token_rows *r,
                     const struct lm_hook *hooks, size_t n, bool logits,
                     struct pool *pool, struct capture **out, struct errinfo *e)
{
    struct run u = {.m = m, .r = r, .pool = pool};
    enum err rc;
    TRY(check_size(&m->cfg, r, hooks, n, logits, e));
    TRY(mem_new(&u.c, 1, sizeof *u.c, what, e));
    u.c->hooks = n;
    TRY_OUT(rc, mem_new(&u.c->x, n, sizeof *u.c->x, what, e));
    TRY_OUT(rc, run_all(&u, hooks, logits, e));
    *out = u.c;
    u.c = NULL;
out:
    mem_free(u.last);
    capture_free(u.c);
    return rc;
}
