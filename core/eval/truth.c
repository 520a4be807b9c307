#include "eval/truth.h"

#include "base/mem.h"
#include "measure/measure.h"
#include "num/assign.h"
#include "num/blas.h"

#include <math.h>
#include <string.h>

#define ROW_SHIFT ((uint64_t)1 << 40) /* rows that no training reads */
#define SHARE     0.4                 /* of the parent that an absorber supplies */

/* N counts what clean rows may have; a row of `a` has S places, for all features. */
struct truth_set {
    const struct synth *source;
    size_t N, S, D, rows;
    float *x, *a; /* [rows, D], [rows, S] */
};

static const char *path_of(enum metric m)
{
    return measure_at(m)->path;
}

struct truth {
    const struct truth_set *set;
    const struct sae *s;
    size_t F;
    float *along;   /* [N, F] direction . decoder row */
    double *cosine; /* [N, F] */
    struct sae_codes codes;
};

enum err truth_set_new(const struct synth *source, size_t rows, struct truth_set **out,
                       struct errinfo *e)
{
    struct truth_set *t = NULL;
    TRY(mem_new(&t, 1, sizeof *t, "synthetic rows", e));
    t->source = source;
    t->N = synth_clean_features(source);
    t->S = synth_features(source);
    t->D = synth_config_of(source)->D;
    t->rows = rows;
    enum err rc = mem_new(&t->x, rows, t->D * sizeof *t->x, "synthetic rows", e);
    if (rc == OK) {
        rc = mem_new(&t->a, rows, t->S * sizeof *t->a, "synthetic rows", e);
    }
    if (rc != OK) {
        truth_set_free(t);
        return rc;
    }
    synth_rows(source, 0.0, ROW_SHIFT, rows, t->x, t->a);
    *out = t;
    return OK;
}

void truth_set_free(struct truth_set *t)
{
    if (t != NULL) {
        mem_free(t->x);
        mem_free(t->a);
        mem_free(t);
    }
}

size_t truth_set_bytes(const struct synth *source, size_t rows)
{
    return rows * (synth_config_of(source)->D + synth_features(source)) * sizeof(float);
}

static bool feature_is_on(const struct truth *t, size_t row, size_t feature)
{
    return t->set->a[row * t->set->S + feature] > 0.0F;
}

static void truth_deinit(struct truth *t)
{
    mem_free(t->along);
    mem_free(t->cosine);
    sae_codes_deinit(&t->codes);
}

static enum err truth_init(struct truth *t, struct pool *pool, struct errinfo *e)
{
    const size_t N = t->set->N, D = t->set->D;
    TRY(mem_new(&t->along, N, t->F * sizeof *t->along, "cosines", e));
    TRY(mem_new(&t->cosine, N, t->F * sizeof *t->cosine, "cosines", e));
    gemm_f32(NO_TRANS, TRANS, N, t->F, D, 1.0F, synth_directions(t->set->source), D,
             t->s->W_dec, D, 0.0F, t->along, t->F);
    for (size_t j = 0; j < t->F; j++) {
        double square = 0.0;
        for (size_t d = 0; d < D; d++) {
            const double w = (double)t->s->W_dec[j * D + d];
            square += w * w;
        }
        for (size_t i = 0; i < N; i++) {
            t->cosine[i * t->F + j] =
                square > 0.0 ? (double)t->along[i * t->F + j] / sqrt(square) : 0.0;
        }
    }
    return sae_encode(t->s, t->set->x, t->set->rows, pool, &t->codes, e);
}

/* ---- directions ---- */

/* Finds the best pairs: gains are |cosine|, transposed if there are fewer latents. */
static enum err mcc(const struct truth *t, struct report *r, struct errinfo *e)
{
    const bool wide = t->F >= t->set->N;
    const size_t n = wide ? t->set->N : t->F, m = wide ? t->F : t->set->N;
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
                             "%s", path_of(METRIC_TRUTH_MCC)));
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
    for (size_t i = 1; i < t->set->N; i++) {
        if (fabs(t->cosine[i * t->F + j]) > fabs(t->cosine[best * t->F + j])) {
            best = i;
        }
    }
    return best;
}

/* The latent whose decoder row points most along feature i. */
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
    TRY_OUT(rc, mem_new(&of_feature, t->set->N, sizeof *of_feature, "cosines", e));
    TRY_OUT(rc, mem_new(&of_latent, t->F, sizeof *of_latent, "cosines", e));
    TRY_OUT(rc, mem_new(&is_best, t->set->N, sizeof *is_best, "cosines", e));
    for (size_t i = 0; i < t->set->N; i++) {
        for (size_t j = 0; j < t->F; j++) {
            const double v = fabs(t->cosine[i * t->F + j]);
            of_feature[i] = v > of_feature[i] ? v : of_feature[i];
            of_latent[j] = v > of_latent[j] ? v : of_latent[j];
        }
    }
    for (size_t j = 0; j < t->F; j++) {
        is_best[best_feature(t, j)] = 1;
    }
    for (size_t i = 0; i < t->set->N; i++) {
        distinct += is_best[i];
    }
    TRY_OUT(rc, report_ratio(r, t->set->N, NULL, of_feature, NULL, "features", e, "%s",
                             path_of(METRIC_TRUTH_MMCS)));
    TRY_OUT(rc, report_ratio(r, t->F, NULL, of_latent, NULL, "latents", e,
                             "truth.mmcs_latents"));
    TRY_OUT(rc, report_value(r, distinct / (double)t->F, e, "%s",
                             path_of(METRIC_TRUTH_UNIQUE)));
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
        for (size_t i = 0; i < t->set->rows; i++) {
            c[j].on += feature_is_on(t, i, best);
        }
    }
    for (size_t i = 0; i < t->set->rows; i++) {
        for (size_t k = t->codes.start[i]; k < t->codes.start[i + 1]; k++) {
            struct counts *o = &c[t->codes.id[k]];
            o->fires += 1.0;
        }
    }
}

/* Lists each latent's best feature, how near it is, and how well the latent fires for
 * it: x [3, F] are precision, recall, F1. */
static enum err list_latents(const struct truth *t, const size_t *best, const double *x,
                             struct report *r, struct errinfo *e)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t j = 0; j < t->F; j++) {
        cJSON *o = cJSON_CreateObject();
        (void)cJSON_AddNumberToObject(o, "feature", (double)best[j]);
        (void)cJSON_AddNumberToObject(o, "cosine", t->cosine[best[j] * t->F + j]);
        (void)cJSON_AddNumberToObject(o, "precision", x[j]);
        (void)cJSON_AddNumberToObject(o, "recall", x[t->F + j]);
        (void)cJSON_AddNumberToObject(o, "f1", x[2 * t->F + j]);
        (void)cJSON_AddItemToArray(list, o);
    }
    return report_list(r, "truth_latents", list, e);
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
    for (size_t i = 0; i < t->set->rows; i++) {
        for (size_t k = t->codes.start[i]; k < t->codes.start[i + 1]; k++) {
            const size_t j = (size_t)t->codes.id[k];
            c[j].both += feature_is_on(t, i, best[j]);
        }
    }
    for (size_t j = 0; j < t->F; j++) {
        x[j] = c[j].fires > 0.0 ? c[j].both / c[j].fires : 0.0;
        x[t->F + j] = c[j].on > 0.0 ? c[j].both / c[j].on : 0.0;
        const double sum = c[j].fires + c[j].on;
        x[2 * t->F + j] = sum > 0.0 ? 2.0 * c[j].both / sum : 0.0;
    }
    TRY_OUT(rc, list_latents(t, best, x, r, e));
    const char *const path[3] = {"truth.precision", "truth.recall",
                                 path_of(METRIC_TRUTH_F1)};
    for (size_t q = 0; q < 3; q++) {
        TRY_OUT(rc, report_ratio(r, t->F, NULL, x + q * t->F, NULL, "latents", e, "%s",
                                 path[q]));
    }
    TRY_OUT(rc,
            report_value(r, dead / (double)t->F, e, "%s", path_of(METRIC_TRUTH_DEAD)));
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
    const size_t P = synth_config_of(t->set->source)->parents;
    const size_t C = synth_config_of(t->set->source)->children;
    for (size_t c = 0; c < C; c++) {
        if (feature_is_on(t, row, P + parent * C + c)) {
            return true;
        }
    }
    return false;
}

static void look_at(const struct truth *t, size_t row, size_t parent, size_t latent,
                    struct absorbed *out)
{
    const double size = (double)t->set->a[row * t->set->S + parent];
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
    const size_t P = synth_config_of(t->set->source)->parents;
    double *x = NULL;
    cJSON *list = cJSON_CreateArray();
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&x, P, 2 * sizeof *x, "absorption", e));
    for (size_t p = 0; p < P; p++) {
        const size_t latent = best_latent(t, p);
        struct absorbed n = {0};
        for (size_t i = 0; i < t->set->rows; i++) {
            if (feature_is_on(t, i, p) && has_child(t, i, p)) {
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
    TRY_OUT(rc, report_ratio(r, P, NULL, x, NULL, "parents", e, "%s",
                             path_of(METRIC_TRUTH_ABSORPTION)));
    TRY_OUT(rc, report_ratio(r, P, NULL, x + P, NULL, "parents", e, "%s",
                             path_of(METRIC_TRUTH_SILENT)));
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
    const size_t D = t->set->D;
    float *xhat = NULL;
    double *mean = NULL;
    double error = 0.0, variance = 0.0, shrinkage = 0.0, sized = 0.0, on = 0.0;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&xhat, t->set->rows, D * sizeof *xhat, "xhat", e));
    TRY_OUT(rc, mem_new(&mean, D, sizeof *mean, "mean", e));
    sae_decode(t->s, &t->codes, xhat);
    for (size_t i = 0; i < t->set->rows * D; i++) {
        mean[i % D] += (double)t->set->x[i] / (double)t->set->rows;
    }
    for (size_t i = 0; i < t->set->rows; i++) {
        double square = 0.0, square_hat = 0.0;
        for (size_t d = 0; d < D; d++) {
            const double v = (double)t->set->x[i * D + d], w = (double)xhat[i * D + d];
            error += (v - w) * (v - w);
            variance += (v - mean[d]) * (v - mean[d]);
            square += v * v;
            square_hat += w * w;
        }
        if (square > 1e-12) {
            shrinkage += sqrt(square_hat / square);
            sized += 1.0;
        }
        for (size_t k = 0; k < t->set->N; k++) {
            on += feature_is_on(t, i, k);
        }
    }
    const double n = (double)t->set->rows;
    TRY_OUT(rc, report_value(r, (double)t->codes.start[t->set->rows] / n, e, "%s",
                             path_of(METRIC_TRUTH_L0)));
    TRY_OUT(rc, report_value(r, on / n, e, "truth.l0_true"));
    TRY_OUT(rc, report_value(r, variance > 0.0 ? 1.0 - error / variance : (double)NAN,
                             e, "%s", path_of(METRIC_TRUTH_EV)));
    TRY_OUT(rc, report_value(r, sized > 0.0 ? shrinkage / sized : (double)NAN, e,
                             "truth.shrinkage"));
out:
    mem_free(xhat);
    mem_free(mean);
    return rc;
}

enum err truth_measure(const struct truth_set *set, const struct sae *s,
                       struct pool *pool, struct report *r, struct errinfo *e)
{
    struct truth t = {.set = set, .s = s, .F = s->F};
    enum err rc = OK;
    if (s->D != set->D) {
        return err_set(e, ERR_USAGE,
                       "synthetic source: the SAE is for activations of width %zu, "
                       "expected %zu",
                       s->D, set->D);
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
