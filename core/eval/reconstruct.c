#include "eval/reconstruct.h"

#include "base/mem.h"
#include "eval/evalset_priv.h"
#include "measure/measure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The model with something else at the hook. */
enum splice_arm { ARM_SAE, ARM_ZERO, ARM_MEAN, ARMS };
static const char *const arm_name[ARMS] = {"sae", "zero", "mean"};

static size_t batches_of(size_t rows)
{
    return (rows + SAEBENCH_BATCH - 1) / SAEBENCH_BATCH;
}
/* The row after the last of batch b. */
static size_t batch_end(size_t b, size_t rows)
{
    const size_t end = (b + 1) * SAEBENCH_BATCH;
    return end < rows ? end : rows;
}

/* Sums over a row's tokens that are not special, besides fidelity_sums. */
struct row_sums {
    double activation; /* of codes */
    double square, square_hat, dot;
    double legacy; /* of 1 - error / variance about the batch of each token */
    double cosine, shrinkage, norm, norm_hat;
    double ce_mean, kl[ARMS]; /* of all positions that have a next token */
};

struct worker {
    struct lm_ws *ws;
    float *x;           /* [T, D] what goes into the model */
    float *clean, *now; /* [T, V] log-probabilities */
    float *p;           /* [V] */
};

struct work {
    const struct reconstruct_job *j;
    const atomic_bool *cancel;
    enum splice_arm first, end; /* what stands at the hook, one after the other */
    const float *stand_in;      /* [2, D] zeros, mean */
    const float *xhat;          /* [rows*T, D]; NULL: no arm needs it */
    struct fidelity_sums *fid;  /* [rows] */
    struct row_sums *sum;       /* [rows] */
    struct worker *workers;     /* one a worker of the pool */
};

/* ---- distances ---- */

static void add_token(struct row_sums *s, const double *batch_mean, const float *x,
                      const float *xhat, size_t D)
{
    double error = 0.0, in_batch = 0.0; /* in_batch: about its mean */
    double square = 0.0, square_hat = 0.0, dot = 0.0;
    for (size_t i = 0; i < D; i++) {
        const double a = (double)x[i], b = (double)xhat[i];
        error += (a - b) * (a - b);
        in_batch += (a - batch_mean[i]) * (a - batch_mean[i]);
        square += a * a;
        square_hat += b * b;
        dot += a * b;
    }
    s->square += square;
    s->square_hat += square_hat;
    s->dot += dot;
    s->legacy += in_batch > 0.0 ? 1.0 - error / in_batch : 0.0;
    const double length = sqrt(square), length_hat = sqrt(square_hat);
    s->cosine += length > 0.0 && length_hat > 0.0 ? dot / (length * length_hat) : 0.0;
    s->shrinkage += length > 0.0 ? length_hat / length : 0.0;
    s->norm += length;
    s->norm_hat += length_hat;
}

static void add_row(const struct reconstruct_text *t, const struct sae *sae,
                    const struct sae_codes *codes, const float *xhat, size_t row,
                    struct row_sums *s)
{
    const struct acts_set *a = t->j.set;
    const double *batch_mean = t->batch_mean + row / SAEBENCH_BATCH * a->D;
    for (size_t i = row * a->T; i < (row + 1) * a->T; i++) {
        if (a->special[i]) {
            continue;
        }
        for (size_t k = codes->start[i]; k < codes->start[i + 1]; k++) {
            s->activation += (double)codes->val[k] * sae_codes_unit(codes, sae, i);
        }
        add_token(s, batch_mean, a->x + i * a->D, xhat + i * a->D, a->D);
    }
}

/* ---- the model behind it ---- */

static void fill_arm(const struct work *w, size_t row, enum splice_arm arm, float *x)
{
    const struct acts_set *a = w->j->set;
    if (arm == ARM_SAE) {
        fidelity_splice(a, row, w->xhat + row * a->T * a->D, a->D, x);
    } else {
        fidelity_splice(a, row, w->stand_in + (arm == ARM_MEAN ? a->D : 0), 0, x);
    }
}

/* Loss of a row's ids [T] from log-probabilities [T, V]. */
static double loss_of(const int32_t *ids, size_t T, size_t V, const float *logp)
{
    double loss = 0.0;
    for (size_t t = 0; t + 1 < T; t++) {
        loss -= (double)logp[t * V + (size_t)ids[t + 1]];
    }
    return loss;
}

/* sum p (log p - log q) */
static double divergence(size_t V, const float *p, const float *log_p,
                         const float *log_q)
{
    double kl = 0.0;
    for (size_t v = 0; v < V; v++) {
        kl += (double)p[v] * (double)(log_p[v] - log_q[v]);
    }
    return kl;
}

static void run_arms(const struct work *w, size_t row, struct worker *k)
{
    const struct reconstruct_job *j = w->j;
    const struct acts_set *a = j->set;
    const size_t T = a->T, V = j->lm->cfg.vocab;
    const int32_t *ids = a->ids + row * T;
    struct fidelity_sums *f = &w->fid[row];
    struct row_sums *s = &w->sum[row];
    double *const loss[ARMS] = {&f->loss[FIDELITY_SAE], &f->loss[FIDELITY_ZERO],
                                &s->ce_mean};
    memcpy(k->x, a->x + row * T * a->D, T * a->D * sizeof *k->x);
    lm_logp_from(j->lm, k->ws, k->x, T, j->hook, ids, k->clean);
    f->predicted = (double)(T - 1);
    f->loss[FIDELITY_CLEAN] = loss_of(ids, T, V, k->clean);
    for (enum splice_arm arm = w->first; arm < w->end; arm++) {
        fill_arm(w, row, arm, k->x);
        lm_logp_from(j->lm, k->ws, k->x, T, j->hook, ids, k->now);
        *loss[arm] = loss_of(ids, T, V, k->now);
        for (size_t t = 0; t + 1 < T; t++) {
            const float *log_p = k->clean + t * V;
            for (size_t v = 0; v < V; v++) {
                k->p[v] = expf(log_p[v]);
            }
            s->kl[arm] += divergence(V, k->p, log_p, k->now + t * V);
        }
    }
}

static void model_block(void *ctx, size_t row, size_t worker)
{
    const struct work *w = ctx;
    if (w->cancel == NULL || !atomic_load(w->cancel)) {
        run_arms(w, row, &w->workers[worker]);
    }
}

static enum err workers_new(struct work *w, size_t n, struct errinfo *e)
{
    const struct reconstruct_job *j = w->j;
    const size_t T = j->set->T, V = j->lm->cfg.vocab;
    TRY(mem_new(&w->workers, n, sizeof *w->workers, "reconstruction", e));
    for (size_t i = 0; i < n; i++) {
        struct worker *k = &w->workers[i];
        TRY(lm_ws_new(j->lm, LM_WHOLE, T, &k->ws, e));
        TRY(mem_new(&k->x, T, j->set->D * sizeof *k->x, "spliced activations", e));
        TRY(mem_new(&k->clean, T, V * sizeof *k->clean, "log-probabilities", e));
        TRY(mem_new(&k->now, T, V * sizeof *k->now, "log-probabilities", e));
        TRY(mem_new(&k->p, V, sizeof *k->p, "probabilities", e));
    }
    return OK;
}

static void workers_free(struct work *w, size_t n)
{
    for (size_t i = 0; w->workers != NULL && i < n; i++) {
        lm_ws_free(w->workers[i].ws);
        mem_free(w->workers[i].x);
        mem_free(w->workers[i].clean);
        mem_free(w->workers[i].now);
        mem_free(w->workers[i].p);
    }
    mem_free(w->workers);
}

/* Runs the arms of `w` over the first ce_rows rows. */
static enum err run_model(struct work *w, struct pool *pool, struct errinfo *e)
{
    enum err rc = OK;
    if (w->j->ce_rows == 0) {
        return OK;
    }
    TRY_OUT(rc, workers_new(w, pool_threads(pool), e));
    pool_run(pool, w->j->ce_rows, model_block, w);
    TRY_OUT(rc, eval_poll(w->cancel, e));
out:
    workers_free(w, pool_threads(pool));
    return rc;
}

/* ---- what no SAE has a part in ---- */

static enum err fill_text(struct reconstruct_text *t, struct pool *pool,
                          const atomic_bool *cancel, struct row_sums *sum,
                          struct errinfo *e)
{
    const struct acts_set *a = t->j.set;
    struct work w = {.j = &t->j,
                     .cancel = cancel,
                     .first = ARM_ZERO,
                     .end = ARMS,
                     .stand_in = t->stand_in,
                     .fid = t->known,
                     .sum = sum};
    (void)fidelity_mean(a, 0, t->j.rows, t->mean);
    for (size_t d = 0; d < a->D; d++) {
        t->stand_in[a->D + d] = (float)t->mean[d];
    }
    for (size_t b = 0; b < batches_of(t->j.rows); b++) {
        (void)fidelity_mean(a, b * SAEBENCH_BATCH, batch_end(b, t->j.rows),
                            t->batch_mean + b * a->D);
    }
    for (size_t i = 0; i < t->j.rows; i++) {
        fidelity_add_spread(&t->known[i], a, i, t->mean);
    }
    TRY(run_model(&w, pool, e));
    for (size_t i = 0; i < t->j.ce_rows; i++) {
        t->row[i] = (struct reconstruct_row){.ce_mean = sum[i].ce_mean,
                                             .kl_zero = sum[i].kl[ARM_ZERO],
                                             .kl_mean = sum[i].kl[ARM_MEAN]};
    }
    return OK;
}

enum err reconstruct_text_init(struct reconstruct_text *t,
                               const struct reconstruct_job *j, struct pool *pool,
                               const atomic_bool *cancel, struct errinfo *e)
{
    const struct acts_set *a = j->set;
    struct row_sums *sum = NULL;
    enum err rc = OK;
    *t = (struct reconstruct_text){.j = *j};
    const size_t wanted = j->lm != NULL ? j->ce_rows : 0;
    t->j.rows = j->rows < a->rows ? j->rows : a->rows;
    t->j.ce_rows = wanted < t->j.rows ? wanted : t->j.rows;
    TRY_OUT(rc, mem_new(&t->mean, a->D, sizeof *t->mean, "mean", e));
    TRY_OUT(rc, mem_new(&t->batch_mean, batches_of(t->j.rows),
                        a->D * sizeof *t->batch_mean, "mean", e));
    TRY_OUT(rc, mem_new(&t->stand_in, 2, a->D * sizeof *t->stand_in, "mean", e));
    TRY_OUT(rc, mem_new(&t->known, t->j.rows, sizeof *t->known, "sums", e));
    TRY_OUT(rc, mem_new(&t->row, t->j.ce_rows, sizeof *t->row, "losses", e));
    TRY_OUT(rc, mem_new(&sum, t->j.ce_rows, sizeof *sum, "sums", e));
    TRY_OUT(rc, fill_text(t, pool, cancel, sum, e));
out:
    mem_free(sum);
    if (rc != OK) {
        reconstruct_text_deinit(t);
    }
    return rc;
}

void reconstruct_text_deinit(struct reconstruct_text *t)
{
    mem_free(t->mean);
    mem_free(t->batch_mean);
    mem_free(t->stand_in);
    mem_free(t->known);
    mem_free(t->row);
    *t = (struct reconstruct_text){0};
}

static void add_known(const struct reconstruct_row *k, struct row_sums *s)
{
    s->ce_mean = k->ce_mean;
    s->kl[ARM_ZERO] = k->kl_zero;
    s->kl[ARM_MEAN] = k->kl_mean;
}

/* ---- figures ---- */

double explained_variance_saebench(double error, double square, size_t D)
{
    const double m = square / (double)D;
    const double variance = square - m * m;
    return variance > 0.0 ? 1.0 - error / variance : (double)NAN;
}

/* One figure as the ratio of sums over rows: x[i] / w[i]. */
struct ratio {
    struct report *r;
    const char *name;
    size_t rows;
    double *x, *w;
    const struct fidelity_sums *fid;
    const struct row_sums *sum;
    struct errinfo *e;
};

static enum err add_ratio(const struct ratio *q, const char *leaf)
{
    return report_ratio(q->r, q->rows, NULL, q->x, q->w, "rows", q->e, "fidelity.%s.%s",
                        q->name, leaf);
}

/* A figure that the live evaluation has too. */
static enum err add_fidelity(const struct ratio *q, const char *leaf,
                             enum fidelity_figure f)
{
    fidelity_ratio(q->fid, q->rows, f, q->x, q->w);
    return add_ratio(q, leaf);
}

/* x and w of a figure, from the sums f and s of each row. */
#define EACH_ROW(q, part, weight)                                                      \
    for (size_t i = 0; i < (q)->rows; i++) {                                           \
        const struct fidelity_sums *f = &(q)->fid[i];                                  \
        const struct row_sums *s = &(q)->sum[i];                                       \
        (void)f, (void)s;                                                              \
        (q)->x[i] = (part);                                                            \
        (q)->w[i] = (weight);                                                          \
    }

/* Adds the figures as SAEBench averages them over its batches. Batches without a token
 * are left out. */
static enum err saebench_figures(const struct ratio *q, size_t D)
{
    double tokens = 0.0, error = 0.0, square = 0.0, bias = 0.0, n = 0.0;
    for (size_t b = 0; b < batches_of(q->rows); b++) {
        struct fidelity_sums all = {0};
        struct row_sums sum = {0};
        for (size_t i = b * SAEBENCH_BATCH; i < batch_end(b, q->rows); i++) {
            all.tokens += q->fid[i].tokens;
            all.error += q->fid[i].error;
            sum.square += q->sum[i].square;
            sum.square_hat += q->sum[i].square_hat;
            sum.dot += q->sum[i].dot;
        }
        if (all.tokens > 0.0) {
            tokens += all.tokens;
            error += all.error / all.tokens;
            square += sum.square / all.tokens;
            bias += sum.square_hat / sum.dot;
            n += 1.0;
        }
    }
    TRY(report_value(q->r, error / tokens, q->e, "fidelity.%s.mse_saebench", q->name));
    TRY(report_value(q->r, explained_variance_saebench(error / n, square / n, D), q->e,
                     "fidelity.%s.explained_variance_saebench", q->name));
    TRY(report_value(q->r, bias / n, q->e, "fidelity.%s.bias_saebench", q->name));
    return report_value(q->r, tokens, q->e, "fidelity.%s.tokens", q->name);
}

static enum err distances(const struct ratio *q, size_t D)
{
    TRY(add_fidelity(q, "l0", FIDELITY_L0));
    EACH_ROW(q, s->activation, f->tokens)
    TRY(add_ratio(q, "l1"));
    TRY(add_fidelity(q, "mse", FIDELITY_MSE));
    EACH_ROW(q, f->error / (double)D, f->tokens)
    TRY(add_ratio(q, "mse_per_dimension"));
    TRY(add_fidelity(q, measure_leaf(METRIC_EV), FIDELITY_EV));
    EACH_ROW(q, s->legacy, f->tokens)
    TRY(add_ratio(q, "explained_variance_legacy"));
    EACH_ROW(q, s->cosine, f->tokens)
    TRY(add_ratio(q, "cosine"));
    EACH_ROW(q, s->shrinkage, f->tokens)
    TRY(add_ratio(q, "shrinkage"));
    EACH_ROW(q, s->norm, f->tokens)
    TRY(add_ratio(q, "norm_in"));
    EACH_ROW(q, s->norm_hat, f->tokens)
    TRY(add_ratio(q, "norm_out"));
    EACH_ROW(q, s->square_hat, s->dot)
    TRY(add_ratio(q, "bias"));
    return saebench_figures(q, D);
}

static enum err losses(const struct ratio *q)
{
    TRY(add_fidelity(q, "ce_clean", FIDELITY_CE_CLEAN));
    TRY(add_fidelity(q, "ce_sae", FIDELITY_CE_SAE));
    TRY(add_fidelity(q, "ce_zero", FIDELITY_CE_ZERO));
    EACH_ROW(q, s->ce_mean, f->predicted)
    TRY(add_ratio(q, "ce_mean"));
    EACH_ROW(q, f->loss[FIDELITY_SAE] - f->loss[FIDELITY_CLEAN], f->predicted)
    TRY(add_ratio(q, "ce_increase"));
    TRY(add_fidelity(q, measure_leaf(METRIC_CE_REC), FIDELITY_CE_RECOVERED));
    EACH_ROW(q, s->ce_mean - f->loss[FIDELITY_SAE],
             s->ce_mean - f->loss[FIDELITY_CLEAN])
    TRY(add_ratio(q, "ce_recovered_mean"));
    for (size_t a = 0; a < ARMS; a++) {
        char leaf[16];
        snprintf(leaf, sizeof leaf, "kl_%s", arm_name[a]);
        EACH_ROW(q, s->kl[a], f->predicted)
        TRY(add_ratio(q, leaf));
    }
    EACH_ROW(q, s->kl[ARM_ZERO] - s->kl[ARM_SAE], s->kl[ARM_ZERO])
    return add_ratio(q, "kl_score");
}

static enum err add_figures(const struct work *w, size_t rows, size_t ce_rows,
                            const char *name, struct report *r, struct errinfo *e)
{
    struct ratio q = {
        .r = r, .name = name, .rows = rows, .fid = w->fid, .sum = w->sum, .e = e};
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&q.x, rows, sizeof *q.x, "figures", e));
    TRY_OUT(rc, mem_new(&q.w, rows, sizeof *q.w, "figures", e));
    TRY_OUT(rc, distances(&q, w->j->set->D));
    q.rows = ce_rows;
    if (ce_rows > 0) {
        TRY_OUT(rc, losses(&q));
    }
out:
    mem_free(q.x);
    mem_free(q.w);
    return rc;
}

enum err reconstruct_measure(const struct reconstruct_text *t, const struct sae *sae,
                             const char *name, struct pool *pool,
                             const atomic_bool *cancel, struct report *r,
                             struct errinfo *e)
{
    const struct acts_set *a = t->j.set;
    const size_t rows = t->j.rows;
    struct work w = {.j = &t->j,
                     .cancel = cancel,
                     .first = ARM_SAE,
                     .end = ARM_SAE + 1,
                     .stand_in = t->stand_in};
    struct sae_codes codes = {0};
    float *xhat = NULL;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&w.sum, rows, sizeof *w.sum, "sums", e));
    TRY_OUT(rc, mem_new(&w.fid, rows, sizeof *w.fid, "sums", e));
    TRY_OUT(rc, mem_new(&xhat, rows * a->T, a->D * sizeof *xhat, "xhat", e));
    TRY_OUT(rc, sae_encode(sae, a->x, rows * a->T, pool, &codes, e));
    sae_decode(sae, &codes, xhat);
    memcpy(w.fid, t->known, rows * sizeof *w.fid);
    for (size_t i = 0; i < rows; i++) {
        fidelity_add_error(&w.fid[i], a, i, &codes, i * a->T, xhat + i * a->T * a->D);
        add_row(t, sae, &codes, xhat, i, &w.sum[i]);
    }
    w.xhat = xhat;
    TRY_OUT(rc, run_model(&w, pool, e));
    for (size_t i = 0; i < t->j.ce_rows; i++) {
        add_known(&t->row[i], &w.sum[i]);
    }
    TRY_OUT(rc, add_figures(&w, rows, t->j.ce_rows, name, r, e));
out:
    sae_codes_deinit(&codes);
    mem_free(w.fid);
    mem_free(w.sum);
    mem_free(xhat);
    return rc;
}
