#include "lm/lm_eval.h"

#include "base/mem.h"
#include "text/mask.h"
#include "text/pack.h"

#include <string.h>

/* Rows in one block of work: fixed, so that sums do not depend on threads. */
#define BLOCK_ROWS 4

size_t lm_eval_context(const struct lm *m)
{
    return m->cfg.n_ctx < 1024 ? m->cfg.n_ctx : 1024;
}

struct job {
    const struct lm *m;
    size_t rows, T;
    const int32_t *ids;    /* [rows, T] true */
    const int32_t *inputs; /* [rows, T] with masks */
    struct lm_ws **ws;     /* [workers] */
    float **resid;         /* [workers][BLOCK_ROWS * T * D] */
    float **nll;           /* [workers][BLOCK_ROWS * T] */
    double *sum;           /* [blocks] */
    size_t *count;         /* [blocks] */
};

static void run_block(void *ctx, size_t block, size_t worker)
{
    struct job *j = ctx;
    const size_t first = block * BLOCK_ROWS;
    const size_t rows = j->rows - first < BLOCK_ROWS ? j->rows - first : BLOCK_ROWS;
    const size_t at = first * j->T;
    const struct lm_hook end = lm_behind(j->m->cfg.n_layer);
    const int32_t bos = tok_bos(j->m->tok);
    const bool skip_bos = bos >= 0 && bos != tok_eos(j->m->tok);
    float *nll = j->nll[worker];
    lm_forward_to(j->m, j->ws[worker], j->inputs + at, rows, j->T, end,
                  j->resid[worker]);
    lm_nll_from(j->m, j->ws[worker], j->resid[worker], rows, j->T, end, j->inputs + at,
                j->ids + at, nll);
    double sum = 0;
    size_t count = 0;
    for (size_t r = 0; r < rows; r++) {
        for (size_t t = 0; t + 1 < j->T; t++) {
            if (!skip_bos || j->ids[at + r * j->T + t + 1] != bos) {
                sum += (double)nll[r * j->T + t];
                count++;
            }
        }
    }
    j->sum[block] = sum;
    j->count[block] = count;
}

/* Reads the held-out rows, up to *n and no text twice, and makes a copy with masks. */
static enum err read_rows(const struct lm *m, const struct corpus *c, size_t *n,
                          double p, uint64_t seed, int32_t *ids, int32_t *inputs,
                          struct errinfo *e)
{
    const size_t T = lm_eval_context(m);
    struct pack *pack = NULL;
    size_t rows = 0;
    size_t fresh = 0;
    TRY(pack_new(c, CORPUS_HELDOUT, m->tok, T, &pack, e));
    const enum err rc = pack_rows_once(pack, *n, ids, &rows, &fresh, e);
    pack_free(pack);
    TRY(rc);
    *n = rows;
    memcpy(inputs, ids, rows * T * sizeof *ids);
    if (p <= 0) {
        return OK;
    }
    int32_t token = -1;
    if (tok_mask(m->tok) < 0) {
        return err_set(e, ERR_USAGE, "%s: the tokenizer has no mask token",
                       m->dir ? m->dir : "model");
    }
    TRY(mask_token_find(m->tok, NULL, &token, e));
    struct mask_vocab *vocab = NULL;
    TRY(mask_vocab_new(m->tok, NULL, &vocab, e));
    const struct mask_spec spec = {
        .kind = MASK_TOKEN, .token = token, .seed = seed, .vocab = vocab};
    (void)mask_apply(&spec, p, 0, ids, rows, T, inputs, NULL);
    mask_vocab_free(vocab);
    return OK;
}

static void job_free(struct job *j, size_t workers)
{
    for (size_t i = 0; i < workers; i++) {
        if (j->ws) {
            lm_ws_free(j->ws[i]);
        }
        if (j->resid) {
            mem_free(j->resid[i]);
        }
        if (j->nll) {
            mem_free(j->nll[i]);
        }
    }
    mem_free(j->ws);
    mem_free(j->resid);
    mem_free(j->nll);
    mem_free(j->sum);
    mem_free(j->count);
}

static enum err job_init(struct job *j, size_t blocks, size_t workers,
                         struct errinfo *e)
{
    const size_t positions = BLOCK_ROWS * j->T;
    TRY(mem_new(&j->ws, workers, sizeof *j->ws, "evaluation", e));
    TRY(mem_new(&j->resid, workers, sizeof *j->resid, "evaluation", e));
    TRY(mem_new(&j->nll, workers, sizeof *j->nll, "evaluation", e));
    TRY(mem_new(&j->sum, blocks, sizeof *j->sum, "evaluation", e));
    TRY(mem_new(&j->count, blocks, sizeof *j->count, "evaluation", e));
    for (size_t i = 0; i < workers; i++) {
        TRY(lm_ws_new(j->m, LM_WHOLE, j->T, &j->ws[i], e));
        TRY(mem_new(&j->resid[i], positions * j->m->cfg.d_model, sizeof **j->resid,
                    "residual stream", e));
        TRY(mem_new(&j->nll[i], positions, sizeof **j->nll, "evaluation", e));
    }
    return OK;
}

enum err lm_evaluate(const struct lm *m, const struct corpus *c, size_t rows, double p,
                     uint64_t seed, struct pool *pool, double *nll, size_t *used,
                     struct errinfo *e)
{
    if (rows == 0) {
        return err_set(e, ERR_USAGE, "evaluation: found 0 rows, expected at least 1");
    }
    const size_t T = lm_eval_context(m);
    const size_t blocks = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    const size_t workers = pool_threads(pool);
    struct job j = {.m = m, .rows = rows, .T = T};
    int32_t *ids = NULL;
    int32_t *inputs = NULL;
    enum err rc;
    TRY_OUT(rc, mem_new(&ids, rows, T * sizeof *ids, "evaluation rows", e));
    TRY_OUT(rc, mem_new(&inputs, rows, T * sizeof *inputs, "evaluation rows", e));
    TRY_OUT(rc, read_rows(m, c, &j.rows, p, seed, ids, inputs, e));
    j.ids = ids;
    j.inputs = inputs;
    TRY_OUT(rc, job_init(&j, blocks, workers, e));
    pool_run(pool, (j.rows + BLOCK_ROWS - 1) / BLOCK_ROWS, run_block, &j);
    double sum = 0;
    size_t count = 0;
    for (size_t b = 0; b < blocks; b++) {
        sum += j.sum[b];
        count += j.count[b];
    }
    *nll = count > 0 ? sum / (double)count : 0;
    if (used) {
        *used = j.rows;
    }
out:
    job_free(&j, workers);
    mem_free(inputs);
    mem_free(ids);
    return rc;
}
