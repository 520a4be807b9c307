#include "eval/truth.h"

#include "base/mem.h"
#include "num/assign.h"
#include "num/blas.h"

#include <math.h>
#include <string.h>

#define ROW_SHIFT ((uint64_t)1 << 40) /* rows that no training reads */
#define SHARE     0.4                 /* of the parent that an absorber supplies */

struct truth {
    const struct synth *source;
    const struct sae *s;
    size_t N, D, F, rows;
    float *x, *a;   /* [rows, D], [rows, N] */
    float *along;   /* [N, F] direction . decoder row */
    double *cosine; /* [N, F] */
    struct sae_codes codes;
};

static void truth_deinit(struct truth *t)
{
    mem_free(t->x);
    mem_free(t->a);
    mem_free(t->along);
    mem_free(t->cosine);
    sae_codes_deinit(&t->codes);
}

static enum err truth_init(struct truth *t, struct pool *pool, struct errinfo *e)
{
    TRY(mem_new(&t->x, t->rows, t->D * sizeof *t->x, "synthetic rows", e));
    TRY(mem_new(&t->a, t->rows, t->N * sizeof *t->a, "synthetic rows", e));
    TRY(mem_new(&t->along, t->N, t->F * sizeof *t->along, "cosines", e));
    TRY(mem_new(&t->cosine, t->N, t->F * sizeof *t->cosine, "cosines", e));
    synth_rows(t->source, 0.0, ROW_SHIFT, t->rows, t->x, t->a);
    gemm_f32(NO_TRANS, TRANS, t->N, t->F, t->D, 1.0F, synth_directions(t->source), t->D,
             t->s->W_dec, t->D, 0.0F, t->along, t->F);
    for (size_t j = 0; j < t->F; j++) {
        double square = 0.0;
        for (size_t d = 0; d < t->D; d++) {
            const double w = (double)t->s->W_dec[j * t->D + d];
            square += w * w;
        }
        for (size_t i = 0; i < t->N; i++) {
            t->cosine[i * t->F + j] =
                square > 0.0 ? (double)t->along[i * t->F + j] / sqrt(square) : 0.0;
        }
    }
    return sae_encode(t->s, t->x, t->rows, pool, &t->codes, e);
}

/* ---- directions ---- */

/* Best pairs: gains are |cosine|, turned round where there are fewer latents. */
static enum err mcc(const struct truth *t, struct report *r, struct errinfo *e)
{
    const bool wide = t->F >= t->N;
    const size_t n = wide ? t->N : t->F, m = wide ? t->F : t->N;
    double *gain = NULL, *each = NULL;
    int32_t *column = NULL;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&gain, n, m * sizeof *gain, "assignment", e));
    TRY_OUT(rc, mem_new(&each, n, sizeof *each, "assignment", e));
    TRY_OUT(rc, mem_new(&column, n, sizeof *column, "assignment", e));
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < m; j++) {
            gain[i * m + j] = fabs(t->cosine[wide ? i * t->F + j : j * t->F + i]);
        }
    }
    TRY_OUT(rc, assign_best(n, m, gain, column, e));
    for (size_t i = 0; i < n; i++) {
        each[i] = gain[i * m + (size_t)column[i]];
    }
    TRY_OUT(rc, report_ratio(r, n, NULL, each, NULL, wide ? "features" : "latents", e,
                             "truth.mcc"));
out:
    mem_free(gain);
    mem_free(each);
    mem_free(column);
    return rc;
}

/* The feature nearest to latent j; ties to the lower. */
static size_t best_feature(const struct truth *t, size_t j)
{
    size_t best = 0;
    for (size_t i = 1; i < t->N; i++) {
        if (fabs(t->cosine[i * t->F + j]) > fabs(t->cosine[best * t->F + j])) {
            best = i;
        }
    }
    return best;
}

/* The latent that points most along feature i. */
static size_t best_latent(const struct truth *t, size_t i)
{
    size_t best = 0;
    for (size_t j = 1; j < t->F; j++) {
        if (t->cosine[i * t->F + j] > t->cosine[i * t->F + best]) {
            best = j;
        }
    }
    return best;
}

static enum err nearest(const struct truth *t, struct report *r, struct errinfo *e)
{
    double *of_feature = NULL, *of_latent = NULL;
    double distinct = 0.0;
    uint8_t *is_best = NULL;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&of_feature, t->N, sizeof *of_feature, "cosines", e));
    TRY_OUT(rc, mem_new(&of_latent, t->F, sizeof *of_latent, "cosines", e));
    TRY_OUT(rc, mem_new(&is_best, t->N, sizeof *is_best, "cosines", e));
    for (size_t i = 0; i < t->N; i++) {
        for (size_t j = 0; j < t->F; j++) {
            const double v = fabs(t->cosine[i * t->F + j]);
            of_feature[i] = v > of_feature[i] ? v : of_feature[i];
            of_latent[j] = v > of_latent[j] ? v : of_latent[j];
        }
    }
    for (size_t j = 0; j < t->F; j++) {
        is_best[best_feature(t, j)] = 1;
    }
    for (size_t i = 0; i < t->N; i++) {
        distinct += is_best[i];
    }
    TRY_OUT(rc,
            report_ratio(r, t->N, NULL, of_feature, NULL, "features", e, "truth.mmcs"));
    TRY_OUT(rc, report_ratio(r, t->F, NULL, of_latent, NULL, "latents", e,
                             "truth.mmcs_latents"));
    TRY_OUT(rc, report_value(r, distinct / (double)t->F, e, "truth.uniqueness"));
out:
    mem_free(of_feature);
    mem_free(of_latent);
    mem_free(is_best);
    return rc;
}

/* ---- firing ---- */

struct counts {
    double fires, on, both;
};

static void count_firing(const struct truth *t, struct counts *c)
{
    for (size_t j = 0; j < t->F; j++) {
        const size_t best = best_feature(t, j);
        for (size_t i = 0; i < t->rows; i++) {
            c[j].on += t->a[i * t->N + best] > 0.0F;
        }
    }
    for (size_t i = 0; i < t->rows; i++) {
        for (size_t k = t->codes.start[i]; k < t->codes.start[i + 1]; k++) {
            struct counts *o = &c[t->codes.id[k]];
            o->fires += 1.0;
        }
    }
}

static enum err firing(const struct truth *t, struct report *r, struct errinfo *e)
{
    struct counts *c = NULL;
    size_t *best = NULL;
    double *x = NULL;
    double dead = 0.0;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&c, t->F, sizeof *c, "firing", e));
    TRY_OUT(rc, mem_new(&best, t->F, sizeof *best, "firing", e));
    TRY_OUT(rc, mem_new(&x, t->F, 3 * sizeof *x, "firing", e));
    count_firing(t, c);
    for (size_t j = 0; j < t->F; j++) {
        best[j] = best_feature(t, j);
        dead += c[j].fires > 0.0 ? 0.0 : 1.0;
    }
    for (size_t i = 0; i < t->rows; i++) {
        for (size_t k = t->codes.start[i]; k < t->codes.start[i + 1]; k++) {
            const size_t j = (size_t)t->codes.id[k];
            c[j].both += t->a[i * t->N + best[j]] > 0.0F;
        }
    }
    for (size_t j = 0; j < t->F; j++) {
        x[j] = c[j].fires > 0.0 ? c[j].both / c[j].fires : 0.0;
        x[t->F + j] = c[j].on > 0.0 ? c[j].both / c[j].on : 0.0;
        const double sum = c[j].fires + c[j].on;
        x[2 * t->F + j] = sum > 0.0 ? 2.0 * c[j].both / sum : 0.0;
    }
    static const char *const name[3] = {"precision", "recall", "f1"};
    for (size_t q = 0; q < 3; q++) {
        TRY_OUT(rc, report_ratio(r, t->F, NULL, x + q * t->F, NULL, "latents", e,
                                 "truth.%s", name[q]));
    }
    TRY_OUT(rc, report_value(r, dead / (double)t->F, e, "truth.dead"));
out:
    mem_free(c);
    mem_free(best);
    mem_free(x);
    return rc;
}

/* ---- absorption ---- */

struct absorbed {
    double pairs, silent, absorbed;
};

static bool has_child(const struct truth *t, size_t row, size_t parent)
{
    const size_t P = synth_config_of(t->source)->parents;
    const size_t C = synth_config_of(t->source)->children;
    for (size_t c = 0; c < C; c++) {
        if (t->a[row * t->N + P + parent * C + c] > 0.0F) {
            return true;
        }
    }
    return false;
}

static void look_at(const struct truth *t, size_t row, size_t parent, size_t latent,
                    struct absorbed *out)
{
    const double size = (double)t->a[row * t->N + parent];
    bool fires = false, supplied = false;
    for (size_t k = t->codes.start[row]; k < t->codes.start[row + 1]; k++) {
        const size_t j = (size_t)t->codes.id[k];
        const double part = (double)t->codes.val[k] *
                            (double)t->along[parent * t->F + j] *
                            sae_codes_unit(&t->codes, t->s, row);
        fires = fires || j == latent;
        supplied = supplied || (j != latent && part >= SHARE * size);
    }
    out->pairs += 1.0;
    out->silent += fires ? 0.0 : 1.0;
    out->absorbed += !fires && supplied ? 1.0 : 0.0;
}

static enum err absorption(const struct truth *t, struct report *r, struct errinfo *e)
{
    const size_t P = synth_config_of(t->source)->parents;
    double *x = NULL;
    cJSON *list = cJSON_CreateArray();
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&x, P, 2 * sizeof *x, "absorption", e));
    for (size_t p = 0; p < P; p++) {
        const size_t latent = best_latent(t, p);
        struct absorbed n = {0};
        for (size_t i = 0; i < t->rows; i++) {
            if (t->a[i * t->N + p] > 0.0F && has_child(t, i, p)) {
                look_at(t, i, p, latent, &n);
            }
        }
        x[p] = n.pairs > 0.0 ? n.absorbed / n.pairs : (double)NAN;
        x[P + p] = n.pairs > 0.0 ? n.silent / n.pairs : (double)NAN;
        cJSON *o = cJSON_CreateObject();
        (void)cJSON_AddNumberToObject(o, "latent", (double)latent);
        (void)cJSON_AddNumberToObject(o, "pairs", n.pairs);
        (void)cJSON_AddItemToObject(o, "absorption",
                                    n.pairs > 0.0 ? cJSON_CreateNumber(x[p])
                                                  : cJSON_CreateNull());
        (void)cJSON_AddItemToArray(list, o);
    }
    TRY_OUT(rc, report_ratio(r, P, NULL, x, NULL, "parents", e, "truth.absorption"));
    TRY_OUT(rc, report_ratio(r, P, NULL, x + P, NULL, "parents", e, "truth.silent"));
    cJSON *const given = list;
    list = NULL;
    TRY_OUT(rc, report_list(r, "truth_parents", given, e));
out:
    mem_free(x);
    cJSON_Delete(list);
    return rc;
}

/* ---- reconstruction ---- */

static enum err reconstruction(const struct truth *t, struct report *r,
                               struct errinfo *e)
{
    const size_t D = t->D;
    float *xhat = NULL;
    double *mean = NULL;
    double error = 0.0, variance = 0.0, shrinkage = 0.0, sized = 0.0, on = 0.0;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&xhat, t->rows, D * sizeof *xhat, "xhat", e));
    TRY_OUT(rc, mem_new(&mean, D, sizeof *mean, "mean", e));
    sae_decode(t->s, &t->codes, xhat);
    for (size_t i = 0; i < t->rows * D; i++) {
        mean[i % D] += (double)t->x[i] / (double)t->rows;
    }
    for (size_t i = 0; i < t->rows; i++) {
        double square = 0.0, square_hat = 0.0;
        for (size_t d = 0; d < D; d++) {
            const double v = (double)t->x[i * D + d], w = (double)xhat[i * D + d];
            error += (v - w) * (v - w);
            variance += (v - mean[d]) * (v - mean[d]);
            square += v * v;
            square_hat += w * w;
        }
        if (square > 1e-12) {
            shrinkage += sqrt(square_hat / square);
            sized += 1.0;
        }
        for (size_t k = 0; k < t->N; k++) {
            on += t->a[i * t->N + k] > 0.0F;
        }
    }
    const double n = (double)t->rows;
    TRY_OUT(rc, report_value(r, (double)t->codes.start[t->rows] / n, e, "truth.l0"));
    TRY_OUT(rc, report_value(r, on / n, e, "truth.l0_true"));
    TRY_OUT(rc, report_value(r, variance > 0.0 ? 1.0 - error / variance : (double)NAN,
                             e, "truth.explained_variance"));
    TRY_OUT(rc, report_value(r, sized > 0.0 ? shrinkage / sized : (double)NAN, e,
                             "truth.shrinkage"));
out:
    mem_free(xhat);
    mem_free(mean);
    return rc;
}

enum err truth_measure(const struct synth *source, const struct sae *s, size_t rows,
                       struct pool *pool, struct report *r, struct errinfo *e)
{
    struct truth t = {.source = source,
                      .s = s,
                      .N = synth_features(source),
                      .D = synth_config_of(source)->D,
                      .F = s->F,
                      .rows = rows};
    enum err rc = OK;
    if (s->D != t.D) {
        return err_set(e, ERR_USAGE,
                       "synthetic source: the SAE is for activations of width %zu, "
                       "expected %zu",
                       s->D, t.D);
    }
    TRY_OUT(rc, truth_init(&t, pool, e));
    TRY_OUT(rc, reconstruction(&t, r, e));
    TRY_OUT(rc, absorption(&t, r, e));
    TRY_OUT(rc, mcc(&t, r, e));
    TRY_OUT(rc, nearest(&t, r, e));
    TRY_OUT(rc, firing(&t, r, e));
out:
    truth_deinit(&t);
    return rc;
}
