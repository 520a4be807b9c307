#include "eval/fidelity.h"

#include "base/mem.h"
#include "eval/evalset_priv.h"

#include <math.h>
#include <string.h>

/* Rows run through the model between looks at the cancel flag. */
#define CHUNK_ROWS 16
/* By how many nats a token zeros must do worse for their share to say anything. */
#define LEAST_SPAN 1e-9

enum err eval_poll(const atomic_bool *cancel, struct errinfo *e)
{
    if (cancel != NULL && atomic_load(cancel)) {
        return err_set(e, ERR_CANCELLED, "evaluation: cancelled");
    }
    return OK;
}

/* ---- a row ---- */

size_t fidelity_mean(const struct acts_set *a, size_t first, size_t end, double *mean)
{
    size_t n = 0;
    for (size_t i = first * a->T; i < end * a->T; i++) {
        for (size_t d = 0; d < a->D && !a->special[i]; d++) {
            mean[d] += (double)a->x[i * a->D + d];
        }
        n += !a->special[i];
    }
    for (size_t d = 0; d < a->D && n > 0; d++) {
        mean[d] /= (double)n;
    }
    return n;
}

void fidelity_add_spread(struct fidelity_sums *s, const struct acts_set *a, size_t row,
                         const double *mean)
{
    for (size_t i = row * a->T; i < (row + 1) * a->T; i++) {
        double variance = 0.0;
        for (size_t d = 0; d < a->D && !a->special[i]; d++) {
            const double v = (double)a->x[i * a->D + d] - mean[d];
            variance += v * v;
        }
        s->variance += variance;
        s->tokens += a->special[i] ? 0.0 : 1.0;
    }
}

void fidelity_add_error(struct fidelity_sums *s, const struct acts_set *a, size_t row,
                        const struct sae_codes *codes, size_t at, const float *xhat)
{
    for (size_t t = 0; t < a->T; t++) {
        const size_t i = row * a->T + t;
        if (a->special[i]) {
            continue;
        }
        double error = 0.0;
        for (size_t d = 0; d < a->D; d++) {
            const double v = (double)a->x[i * a->D + d] - (double)xhat[t * a->D + d];
            error += v * v;
        }
        s->error += error;
        s->active += (double)(codes->start[at + t + 1] - codes->start[at + t]);
    }
}

void fidelity_splice(const struct acts_set *a, size_t row, const float *with,
                     size_t stride, float *x)
{
    for (size_t t = 0; t < a->T; t++) {
        const size_t at = row * a->T + t;
        const float *from = a->special[at] ? a->x + at * a->D : with + t * stride;
        if (x + t * a->D != from) {
            memcpy(x + t * a->D, from, a->D * sizeof *x);
        }
    }
}

/* ---- figures ---- */

struct share {
    double x, w;
};

static struct share share_of(const struct fidelity_sums *s, enum fidelity_figure f)
{
    const double *loss = s->loss;
    switch (f) {
    case FIDELITY_L0: return (struct share){s->active, s->tokens};
    case FIDELITY_MSE: return (struct share){s->error, s->tokens};
    case FIDELITY_EV: return (struct share){s->variance - s->error, s->variance};
    case FIDELITY_CE_CLEAN: return (struct share){loss[FIDELITY_CLEAN], s->predicted};
    case FIDELITY_CE_ZERO: return (struct share){loss[FIDELITY_ZERO], s->predicted};
    case FIDELITY_CE_SAE: return (struct share){loss[FIDELITY_SAE], s->predicted};
    case FIDELITY_CE_RECOVERED: break;
    }
    return (struct share){loss[FIDELITY_ZERO] - loss[FIDELITY_SAE],
                          loss[FIDELITY_ZERO] - loss[FIDELITY_CLEAN]};
}

/* Sums over the rows; x is NaN if the figure says nothing. */
static struct share total(const struct fidelity_sums *row, size_t n,
                          enum fidelity_figure f)
{
    struct share all = {0.0, 0.0};
    double predicted = 0.0;
    for (size_t i = 0; i < n; i++) {
        const struct share s = share_of(&row[i], f);
        all.x += s.x;
        all.w += s.w;
        predicted += row[i].predicted;
    }
    if (f == FIDELITY_CE_RECOVERED && !(all.w > LEAST_SPAN * predicted)) {
        all.x = (double)NAN;
    }
    return all;
}

void fidelity_ratio(const struct fidelity_sums *row, size_t n, enum fidelity_figure f,
                    double *x, double *w)
{
    const bool says = !isnan(total(row, n, f).x);
    for (size_t i = 0; i < n; i++) {
        const struct share s = share_of(&row[i], f);
        x[i] = says ? s.x : (double)NAN;
        w[i] = s.w;
    }
}

double fidelity_value(const struct fidelity_sums *row, size_t n, enum fidelity_figure f)
{
    const struct share all = total(row, n, f);
    return all.w > 0.0 ? all.x / all.w : (double)NAN;
}

/* ---- live ---- */

/* Runs the model, some rows at a time, with other activations in place of its own. */
struct splicer {
    const struct fidelity_rows *f;
    struct harvester *h;
    const atomic_bool *cancel;
    float *x;   /* [CHUNK_ROWS * T, D] what goes in */
    float *nll; /* [CHUNK_ROWS * T] */
};

static enum err splicer_init(struct splicer *p, struct errinfo *e)
{
    const size_t tokens = CHUNK_ROWS * p->f->set->T;
    TRY(mem_new(&p->x, tokens, p->f->set->D * sizeof *p->x, "spliced activations", e));
    return mem_new(&p->nll, tokens, sizeof *p->nll, "losses", e);
}

static void splicer_deinit(struct splicer *p)
{
    mem_free(p->x);
    mem_free(p->nll);
}

/* Adds to sum [rows] the losses of `rows` rows from the first one on, with x in place
 * of the activations. */
static enum err run_rows(struct splicer *p, size_t first, size_t rows, const float *x,
                         enum fidelity_arm arm, struct fidelity_sums *sum,
                         struct errinfo *e)
{
    const struct acts_set *a = p->f->set;
    TRY(harvest_nll(p->h, a->ids + first * a->T, rows, x, p->nll, e));
    for (size_t i = 0; i < rows; i++) {
        for (size_t t = 0; t + 1 < a->T; t++) {
            sum[i].loss[arm] += (double)p->nll[i * a->T + t];
        }
    }
    return OK;
}

/* Writes to known the losses with the model's own activations and with zeros
 * instead. */
static enum err run_known(struct splicer *p, struct fidelity_sums *known,
                          struct errinfo *e)
{
    const struct acts_set *a = p->f->set;
    for (size_t first = 0; first < p->f->ce_rows; first += CHUNK_ROWS) {
        const size_t left = p->f->ce_rows - first;
        const size_t rows = left < CHUNK_ROWS ? left : CHUNK_ROWS;
        TRY(eval_poll(p->cancel, e));
        TRY(run_rows(p, first, rows, a->x + first * a->T * a->D, FIDELITY_CLEAN,
                     known + first, e));
        memset(p->x, 0, rows * a->T * a->D * sizeof *p->x);
        for (size_t i = 0; i < rows; i++) {
            float *x = p->x + i * a->T * a->D;
            fidelity_splice(a, first + i, x, a->D, x);
        }
        TRY(run_rows(p, first, rows, p->x, FIDELITY_ZERO, known + first, e));
        for (size_t i = 0; i < rows; i++) {
            known[first + i].predicted = (double)(a->T - 1);
        }
    }
    return OK;
}

/* Adds the tokens and their distances from the mean. */
static enum err spread(struct fidelity_rows *f, struct errinfo *e)
{
    const struct acts_set *a = f->set;
    double *mean = NULL, variance = 0.0;
    TRY(mem_new(&mean, a->D, sizeof *mean, "mean", e));
    f->tokens = fidelity_mean(a, 0, f->rows, mean);
    for (size_t i = 0; i < f->rows; i++) {
        fidelity_add_spread(&f->known[i], a, i, mean);
        variance += f->known[i].variance;
    }
    mem_free(mean);
    return isfinite(variance)
               ? OK
               : err_set(e, ERR_NUMERIC,
                         "evaluation: the model's activations are not finite");
}

enum err fidelity_rows_init(struct fidelity_rows *f, const struct acts_set *set,
                            size_t rows, size_t ce_rows, struct harvester *h,
                            const atomic_bool *cancel, struct errinfo *e)
{
    *f = (struct fidelity_rows){.ce_clean = NAN, .ce_zero = NAN};
    if (set == NULL) {
        return OK;
    }
    f->set = set;
    f->rows = rows < set->rows ? rows : set->rows;
    TRY(mem_new(&f->known, f->rows, sizeof *f->known, "sums", e));
    TRY(spread(f, e));
    if (h == NULL) {
        return OK;
    }
    f->ce_rows = ce_rows < f->rows ? ce_rows : f->rows;
    struct splicer p = {.f = f, .h = h, .cancel = cancel};
    enum err rc = splicer_init(&p, e);
    rc = rc == OK ? run_known(&p, f->known, e) : rc;
    f->ce_clean = fidelity_value(f->known, f->ce_rows, FIDELITY_CE_CLEAN);
    f->ce_zero = fidelity_value(f->known, f->ce_rows, FIDELITY_CE_ZERO);
    splicer_deinit(&p);
    return rc;
}

void fidelity_rows_deinit(struct fidelity_rows *f)
{
    mem_free(f->known);
    f->known = NULL;
}

/* Marks the latents that fire at `tokens` positions, the first ones of the codes. */
static void note_fired(const struct sae_codes *codes, const uint8_t *special,
                       size_t tokens, uint8_t *fired)
{
    for (size_t i = 0; i < tokens; i++) {
        for (size_t j = codes->start[i]; j < codes->start[i + 1] && !special[i]; j++) {
            fired[codes->id[j]] = 1;
        }
    }
}

/* One chunk: encodes, decodes into p->x, sums, restores special positions, runs the
 * model. */
static enum err measure_chunk(struct splicer *p, const struct sae *s, struct pool *pool,
                              size_t first, size_t rows, struct sae_codes *codes,
                              uint8_t *fired, struct fidelity_sums *sum,
                              struct errinfo *e)
{
    const struct acts_set *a = p->f->set;
    TRY(sae_encode(s, a->x + first * a->T * a->D, rows * a->T, pool, codes, e));
    sae_decode(s, codes, p->x);
    note_fired(codes, a->special + first * a->T, rows * a->T, fired);
    for (size_t i = 0; i < rows; i++) {
        float *xhat = p->x + i * a->T * a->D;
        fidelity_add_error(&sum[i], a, first + i, codes, i * a->T, xhat);
        fidelity_splice(a, first + i, xhat, a->D, xhat);
    }
    if (p->h != NULL && first < p->f->ce_rows) {
        const size_t left = p->f->ce_rows - first;
        TRY(run_rows(p, first, left < rows ? left : rows, p->x, FIDELITY_SAE, sum, e));
    }
    return OK;
}

static struct fidelity figures(const struct fidelity_rows *f,
                               const struct fidelity_sums *sum, bool ce)
{
    const size_t n = ce ? f->ce_rows : 0;
    return (struct fidelity){
        .l0 = fidelity_value(sum, f->rows, FIDELITY_L0),
        .mse = fidelity_value(sum, f->rows, FIDELITY_MSE),
        .explained_variance = fidelity_value(sum, f->rows, FIDELITY_EV),
        .ce_sae = fidelity_value(sum, n, FIDELITY_CE_SAE),
        .ce_recovered = fidelity_value(sum, n, FIDELITY_CE_RECOVERED),
    };
}

enum err fidelity_measure(const struct fidelity_rows *f, const struct sae *s,
                          struct harvester *h, struct pool *pool,
                          const atomic_bool *cancel, uint8_t *fired,
                          struct fidelity *out, struct errinfo *e)
{
    struct splicer p = {.f = f, .h = h, .cancel = cancel};
    struct sae_codes codes = {0};
    struct fidelity_sums *sum = NULL;
    enum err rc = OK;
    if (f->set == NULL || f->tokens == 0) {
        *out = (struct fidelity){NAN, NAN, NAN, NAN, NAN};
        return OK;
    }
    TRY_OUT(rc, splicer_init(&p, e));
    TRY_OUT(rc, mem_new(&sum, f->rows, sizeof *sum, "sums", e));
    memcpy(sum, f->known, f->rows * sizeof *sum);
    for (size_t first = 0; first < f->rows; first += CHUNK_ROWS) {
        const size_t left = f->rows - first;
        TRY_OUT(rc, eval_poll(cancel, e));
        TRY_OUT(rc,
                measure_chunk(&p, s, pool, first, left < CHUNK_ROWS ? left : CHUNK_ROWS,
                              &codes, fired, sum + first, e));
    }
    *out = figures(f, sum, h != NULL);
out:
    mem_free(sum);
    sae_codes_deinit(&codes);
    splicer_deinit(&p);
    return rc;
}
