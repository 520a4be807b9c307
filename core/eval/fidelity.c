#include "eval/fidelity.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

/* Rows put through the model between looks at the cancel flag. */
#define CHUNK_ROWS 16

enum err eval_poll(const atomic_bool *cancel, struct errinfo *e)
{
    if (cancel != NULL && atomic_load(cancel)) {
        return err_set(e, ERR_CANCELLED, "evaluation: cancelled");
    }
    return OK;
}

/* What runs the model on activations that stand in for its own. */
struct splice {
    const struct fidelity_rows *f;
    struct harvester *h;
    const atomic_bool *cancel;
    float *x;   /* [CHUNK_ROWS * T, D] what goes in */
    float *nll; /* [CHUNK_ROWS * T] */
};

static enum err splice_init(struct splice *p, struct errinfo *e)
{
    const size_t tokens = CHUNK_ROWS * p->f->set->T;
    TRY(mem_new(&p->x, tokens, p->f->set->D * sizeof *p->x, "spliced activations", e));
    return mem_new(&p->nll, tokens, sizeof *p->nll, "losses", e);
}

static void splice_deinit(struct splice *p)
{
    mem_free(p->x);
    mem_free(p->nll);
}

/* Losses of `rows` rows from the first one on, with p->x in place of the activations
 * (`own`: with the model's own), added to *sum and *n. */
static enum err splice_run(struct splice *p, size_t first, size_t rows, bool own,
                           double *sum, double *n, struct errinfo *e)
{
    const struct acts_set *a = p->f->set;
    TRY(harvest_nll(p->h, a->ids + first * a->T, rows,
                    own ? a->x + first * a->T * a->D : p->x, p->nll, e));
    for (size_t i = 0; i < rows * a->T; i++) {
        if (!isnan(p->nll[i])) {
            *sum += (double)p->nll[i];
            *n += 1.0;
        }
    }
    return OK;
}

/* Cross-entropy with the model's own activations, or with zeros in their place. */
static enum err ce_of(struct splice *p, bool own, double *ce, struct errinfo *e)
{
    const struct acts_set *a = p->f->set;
    double sum = 0.0;
    double n = 0.0;
    for (size_t first = 0; first < p->f->ce_rows; first += CHUNK_ROWS) {
        const size_t left = p->f->ce_rows - first;
        const size_t rows = left < CHUNK_ROWS ? left : CHUNK_ROWS;
        TRY(eval_poll(p->cancel, e));
        for (size_t i = 0; i < rows * a->T; i++) {
            const size_t at = first * a->T + i;
            if (a->special[at]) {
                memcpy(p->x + i * a->D, a->x + at * a->D, a->D * sizeof *p->x);
            } else {
                memset(p->x + i * a->D, 0, a->D * sizeof *p->x);
            }
        }
        TRY(splice_run(p, first, rows, own, &sum, &n, e));
    }
    *ce = n > 0.0 ? sum / n : (double)NAN;
    return OK;
}

/* Tokens and their variance about the mean. */
static enum err spread(struct fidelity_rows *f, struct errinfo *e)
{
    const struct acts_set *a = f->set;
    double *mean = NULL;
    TRY(mem_new(&mean, a->D, sizeof *mean, "mean", e));
    for (size_t i = 0; i < f->rows * a->T; i++) {
        for (size_t j = 0; j < a->D && !a->special[i]; j++) {
            mean[j] += (double)a->x[i * a->D + j];
        }
        f->tokens += !a->special[i];
    }
    for (size_t j = 0; j < a->D && f->tokens > 0; j++) {
        mean[j] /= (double)f->tokens;
    }
    for (size_t i = 0; i < f->rows * a->T; i++) {
        for (size_t j = 0; j < a->D && !a->special[i]; j++) {
            const double v = (double)a->x[i * a->D + j] - mean[j];
            f->variance += v * v;
        }
    }
    mem_free(mean);
    if (!isfinite(f->variance)) {
        return err_set(e, ERR_NUMERIC,
                       "evaluation: the model's activations are not "
                       "finite");
    }
    return OK;
}

enum err fidelity_rows_init(struct fidelity_rows *f, const struct acts_set *set,
                            size_t rows, size_t ce_rows, struct harvester *h,
                            const atomic_bool *cancel, struct errinfo *e)
{
    memset(f, 0, sizeof *f);
    f->ce_clean = NAN;
    f->ce_zero = NAN;
    if (set == NULL) {
        return OK;
    }
    f->set = set;
    f->rows = rows < set->rows ? rows : set->rows;
    TRY(spread(f, e));
    if (h == NULL) {
        return OK;
    }
    f->ce_rows = ce_rows < f->rows ? ce_rows : f->rows;
    struct splice p = {.f = f, .h = h, .cancel = cancel};
    enum err rc = splice_init(&p, e);
    if (rc == OK) {
        rc = ce_of(&p, true, &f->ce_clean, e);
    }
    if (rc == OK) {
        rc = ce_of(&p, false, &f->ce_zero, e);
    }
    splice_deinit(&p);
    return rc;
}

struct sums {
    double error, active, nll, n_nll;
};

/* One chunk: encode, decode into p->x, sum; special positions put back; the model. */
static enum err measure_chunk(struct splice *p, const struct sae *s, struct pool *pool,
                              size_t first, size_t rows, struct sae_codes *codes,
                              uint8_t *fired, struct sums *sum, struct errinfo *e)
{
    const struct acts_set *a = p->f->set;
    const float *x = a->x + first * a->T * a->D;
    const uint8_t *special = a->special + first * a->T;
    TRY(sae_encode(s, x, rows * a->T, pool, codes, e));
    sae_decode(s, codes, p->x);
    for (size_t i = 0; i < rows * a->T; i++) {
        float *xhat = p->x + i * a->D;
        if (special[i]) {
            memcpy(xhat, x + i * a->D, a->D * sizeof *xhat);
            continue;
        }
        sum->active += (double)(codes->start[i + 1] - codes->start[i]);
        for (size_t j = codes->start[i]; j < codes->start[i + 1]; j++) {
            fired[codes->id[j]] = 1;
        }
        for (size_t j = 0; j < a->D; j++) {
            const double v = (double)x[i * a->D + j] - (double)xhat[j];
            sum->error += v * v;
        }
    }
    if (p->h != NULL && first < p->f->ce_rows) {
        const size_t left = p->f->ce_rows - first;
        TRY(splice_run(p, first, left < rows ? left : rows, false, &sum->nll,
                       &sum->n_nll, e));
    }
    return OK;
}

enum err fidelity_measure(const struct fidelity_rows *f, const struct sae *s,
                          struct harvester *h, struct pool *pool,
                          const atomic_bool *cancel, uint8_t *fired,
                          struct fidelity *out, struct errinfo *e)
{
    struct fidelity r = {NAN, NAN, NAN, NAN, NAN};
    struct splice p = {.f = f, .h = h, .cancel = cancel};
    struct sae_codes codes = {0};
    struct sums sum = {0};
    enum err rc = OK;
    if (f->set == NULL || f->tokens == 0) {
        *out = r;
        return OK;
    }
    TRY_OUT(rc, splice_init(&p, e));
    for (size_t first = 0; first < f->rows; first += CHUNK_ROWS) {
        const size_t left = f->rows - first;
        TRY_OUT(rc, eval_poll(cancel, e));
        TRY_OUT(rc,
                measure_chunk(&p, s, pool, first, left < CHUNK_ROWS ? left : CHUNK_ROWS,
                              &codes, fired, &sum, e));
    }
    r.l0 = sum.active / (double)f->tokens;
    r.mse = sum.error / (double)f->tokens;
    if (f->variance > 0.0) {
        r.explained_variance = 1.0 - sum.error / f->variance;
    }
    if (sum.n_nll > 0.0) {
        r.ce_sae = sum.nll / sum.n_nll;
        const double span = f->ce_zero - f->ce_clean;
        r.ce_recovered = span > 1e-9 ? (f->ce_zero - r.ce_sae) / span : (double)NAN;
    }
    *out = r;
out:
    sae_codes_deinit(&codes);
    splice_deinit(&p);
    return rc;
}
