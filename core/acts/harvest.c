#include "acts/harvest.h"

#include "acts/tap.h"
#include "base/mem.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct harvester {
    const struct lm *m; /* borrowed */
    struct lm_hook hook;
    size_t T;
    struct pool *pool; /* borrowed; may be NULL */
    size_t workers;
    struct lm_ws **ws; /* [workers] */
    size_t group;      /* rows that a worker takes at a time, at most: what comes out
                          of a row does not depend on it */
    float **resid;     /* [workers] of [group * T, D], for losses */
};

/* One call of harvest_rows or harvest_nll. */
struct harvest_job {
    struct harvester *h;
    const int32_t *ids;
    const int32_t *fed; /* what the model reads; NULL: ids */
    size_t rows, each;  /* of a block */
    const float *from;  /* may be NULL */
    float *x;           /* out, or NULL */
    float *nll;         /* out, or NULL */
    const struct harvest_also *also;
    size_t n_also;
};

static enum err workers_new(struct harvester *h, struct errinfo *e)
{
    static const char what[] = "running a model";
    const size_t D = harvest_D(h);
    size_t floats;
    if (!mem_mul(h->group * h->T, D, &floats)) {
        return err_set(e, ERR_LIMIT, "rows of %zu tokens of width %zu: too large", h->T,
                       D);
    }
    TRY(mem_new(&h->ws, h->workers, sizeof *h->ws, what, e));
    TRY(mem_new(&h->resid, h->workers, sizeof *h->resid, what, e));
    for (size_t i = 0; i < h->workers; i++) {
        TRY(lm_ws_new(h->m, lm_hook_depth(h->hook), h->T, &h->ws[i], e));
        TRY(mem_new(&h->resid[i], floats, sizeof **h->resid, what, e));
    }
    return OK;
}

enum err harvester_new(const struct lm *m, struct lm_hook hook, size_t T,
                       struct pool *pool, struct harvester **out, struct errinfo *e)
{
    if (T < 1 || T > m->cfg.n_ctx) {
        return err_set(
            e, ERR_USAGE,
            "found rows of %zu tokens, expected 1 to the model's context of %zu", T,
            m->cfg.n_ctx);
    }
    struct harvester *h = NULL;
    TRY(mem_new(&h, 1, sizeof *h, "a harvester", e));
    h->m = m;
    h->hook = hook;
    h->T = T;
    h->pool = pool;
    h->workers = pool_threads(pool);
    h->group = lm_group_rows(T);
    const enum err rc = workers_new(h, e);
    if (rc != OK) {
        harvester_free(h);
        return rc;
    }
    *out = h;
    return OK;
}

void harvester_free(struct harvester *h)
{
    if (!h) {
        return;
    }
    for (size_t i = 0; i < h->workers; i++) {
        if (h->ws) {
            lm_ws_free(h->ws[i]);
        }
        if (h->resid) {
            mem_free(h->resid[i]);
        }
    }
    mem_free(h->ws);
    mem_free(h->resid);
    mem_free(h);
}

size_t harvester_bytes(const struct lm_config *cfg, struct lm_hook hook, size_t T,
                       size_t threads)
{
    return threads * (lm_ws_bytes(cfg, T) +
                      lm_group_rows(T) * T * lm_hook_width(cfg, hook) * sizeof(float));
}

size_t harvest_T(const struct harvester *h)
{
    return h->T;
}

size_t harvest_D(const struct harvester *h)
{
    return lm_hook_width(&h->m->cfg, h->hook);
}

/* ---- running ---- */

static bool is_deeper(struct lm_hook a, struct lm_hook b)
{
    return a.block != b.block ? a.block > b.block : a.site > b.site;
}

/* Runs rows from row0 on for all hooks of a job; x is for the harvester's own. The
 * shared pass ends at the deepest hook. */
static void run_taps(const struct harvest_job *j, struct lm_ws *ws, size_t row0,
                     size_t rows, float *x)
{
    const struct harvester *h = j->h;
    struct lm_edit tap[HARVEST_ALSO_MAX], last = tap_of(h->hook, x);
    assert(j->n_also <= HARVEST_ALSO_MAX);
    for (size_t i = 0; i < j->n_also; i++) {
        const struct lm_hook hook = j->also[i].hook;
        tap[i] =
            tap_of(hook, j->also[i].x + row0 * h->T * lm_hook_width(&h->m->cfg, hook));
        if (is_deeper(hook, last.hook)) {
            const struct lm_edit other = last;
            last = tap[i];
            tap[i] = other;
        }
    }
    const int32_t *ids = j->ids + row0 * h->T;
    const struct lm_pass p = {.ids = ids,
                              .B = rows,
                              .T = h->T,
                              .edit = tap,
                              .edits =
                                  tap_apart(h->m, ws, ids, rows, h->T, tap, j->n_also)};
    lm_run_to(h->m, ws, &p, last.hook, last.ctx);
}

static void run_block(void *ctx, size_t block, size_t worker)
{
    const struct harvest_job *j = ctx;
    const struct harvester *h = j->h;
    const size_t row0 = block * j->each, T = h->T, D = harvest_D(h);
    assert(row0 < j->rows && worker < h->workers);
    const size_t rows = j->rows - row0 < j->each ? j->rows - row0 : j->each;
    const int32_t *ids = j->ids + row0 * T;
    const int32_t *fed = j->fed ? j->fed + row0 * T : ids;
    float *x = j->x ? j->x + row0 * T * D : h->resid[worker];
    if (j->from) {
        memcpy(x, j->from + row0 * T * D, rows * T * D * sizeof *x);
    } else if (j->n_also > 0) {
        run_taps(j, h->ws[worker], row0, rows, x);
    } else {
        lm_forward_to(h->m, h->ws[worker], fed, rows, T, h->hook, x);
    }
    if (j->nll) {
        lm_nll_from(h->m, h->ws[worker], x, rows, T, h->hook, fed, ids,
                    j->nll + row0 * T);
    }
}

/* Takes whole groups, but gives every worker a share. */
static void run(struct harvest_job *j)
{
    const size_t share = (j->rows + j->h->workers - 1) / j->h->workers;
    j->each = share < j->h->group ? share : j->h->group;
    pool_run(j->h->pool, j->rows ? (j->rows + j->each - 1) / j->each : 0, run_block, j);
}

void harvest_rows(struct harvester *h, const int32_t *ids, size_t rows, float *x)
{
    struct harvest_job j = {.h = h, .ids = ids, .rows = rows, .x = x};
    run(&j);
}

void harvest_rows_also(struct harvester *h, const int32_t *ids, size_t rows, float *x,
                       const struct harvest_also *also, size_t n)
{
    struct harvest_job j = {
        .h = h, .ids = ids, .rows = rows, .x = x, .also = also, .n_also = n};
    run(&j);
}

static enum err need_whole(struct harvester *h, struct errinfo *e)
{
    for (size_t i = 0; i < h->workers; i++) {
        TRY(lm_ws_whole(h->m, h->ws[i], e));
    }
    return OK;
}

enum err harvest_nll(struct harvester *h, const int32_t *ids, size_t rows,
                     const float *x, float *nll, struct errinfo *e)
{
    TRY(need_whole(h, e));
    struct harvest_job j = {.h = h, .ids = ids, .rows = rows, .from = x, .nll = nll};
    run(&j);
    return OK;
}

enum err harvest_loss(struct harvester *h, const int32_t *fed, const int32_t *ids,
                      size_t rows, double *mean, struct errinfo *e)
{
    float *nll = NULL;
    double sum = 0;
    size_t count = 0;
    TRY(need_whole(h, e));
    TRY(mem_new(&nll, rows * h->T, sizeof *nll, "losses", e));
    struct harvest_job j = {.h = h, .ids = ids, .fed = fed, .rows = rows, .nll = nll};
    run(&j);
    for (size_t i = 0; i < rows * h->T; i++) {
        if (isfinite(nll[i])) {
            sum += (double)nll[i];
            count++;
        }
    }
    mem_free(nll);
    *mean = count ? sum / (double)count : (double)NAN;
    return OK;
}

/* ---- what comes next ---- */

struct next_job {
    struct harvester *h;
    const struct harvest_begun *row;
    struct lm_next *out;
};

static void next_of_row(void *ctx, size_t block, size_t worker)
{
    const struct next_job *j = ctx;
    const struct harvester *h = j->h;
    const struct harvest_begun *r = &j->row[block];
    float *x = h->resid[worker];
    assert(r->T >= 1 && r->T <= h->T && worker < h->workers);
    memcpy(x, r->x, r->T * harvest_D(h) * sizeof *x);
    j->out[block] = lm_next_from(h->m, h->ws[worker], x, r->T, h->hook, r->ids);
}

enum err harvest_next(struct harvester *h, const struct harvest_begun *row, size_t n,
                      struct lm_next *out, struct errinfo *e)
{
    TRY(need_whole(h, e));
    struct next_job j = {.h = h, .row = row, .out = out};
    pool_run(h->pool, n, next_of_row, &j);
    return OK;
}
