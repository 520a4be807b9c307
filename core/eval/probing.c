#include "eval/probing.h"

#include "base/mem.h"
#include "num/logreg.h"
#include "num/stats.h"

#include <math.h>
#include <string.h>

/* ---- scores ---- */

enum err probe_score(size_t n, const double *z, const uint8_t *y, bool balanced,
                     struct probe_result *out, struct errinfo *e)
{
    double hit = 0.0, false_pos = 0.0, pos = 0.0;
    for (size_t i = 0; i < n; i++) {
        pos += y[i] ? 1.0 : 0.0;
        hit += z[i] > 0.0 && y[i] ? 1.0 : 0.0;
        false_pos += z[i] > 0.0 && !y[i] ? 1.0 : 0.0;
    }
    const double neg = (double)n - pos;
    *out = (struct probe_result){NAN, NAN, NAN};
    if (!(pos > 0.0) || !(neg > 0.0)) {
        return OK;
    }
    const double recall = hit / pos, miss = false_pos / neg;
    if (balanced) {
        out->accuracy = 0.5 * (recall + 1.0 - miss);
        out->f1 = 2.0 * recall / (recall + miss + 1.0);
    } else {
        out->accuracy = (hit + neg - false_pos) / (double)n;
        out->f1 = 2.0 * hit / (hit + false_pos + pos);
    }
    return stats_auc(n, z, y, &out->auc, e);
}

/* Scores both kinds of rows that were not trained on. z [n]. */
static enum err score_parts(const struct probe_table *t, const double *z,
                            const uint8_t *y, struct probe_scores *out,
                            struct errinfo *e)
{
    const size_t test = t->n_train, ood = t->n_train + t->n_test;
    TRY(probe_score(t->n_test, z + test, y + test, t->balanced, &out->test, e));
    return probe_score(t->n_ood, z + ood, y + ood, t->balanced, &out->ood, e);
}

/* ---- choosing inputs ---- */

static void add_row(const struct probe_table *t, enum probe_input in, size_t i,
                    double factor, double *sum)
{
    if (in == PROBE_RAW) {
        for (size_t d = 0; d < t->D; d++) {
            sum[d] += factor * (double)t->raw[i * t->D + d];
        }
        return;
    }
    for (size_t k = t->start[i]; k < t->start[i + 1]; k++) {
        sum[t->id[k]] += factor * (double)t->val[k];
    }
}

enum err probe_rank(const struct probe_table *t, const uint8_t *y, enum probe_input in,
                    size_t k, int32_t *best, size_t *n, struct errinfo *e)
{
    const size_t inputs = in == PROBE_RAW ? t->D : t->F;
    double pos = 0.0;
    double *gap = NULL;
    TRY(mem_new(&gap, inputs, sizeof *gap, "class means", e));
    for (size_t i = 0; i < t->n_train; i++) {
        pos += y[i] ? 1.0 : 0.0;
    }
    const double neg = (double)t->n_train - pos;
    for (size_t i = 0; i < t->n_train; i++) {
        add_row(t, in, i, y[i] ? 1.0 / pos : -1.0 / neg, gap);
    }
    *n = 0;
    for (size_t j = 0; j < inputs; j++) {
        const double size = fabs(gap[j]);
        if (*n == k && !(size > fabs(gap[best[k - 1]]))) {
            continue;
        }
        size_t at = *n < k ? (*n)++ : k - 1;
        while (at > 0 && size > fabs(gap[best[at - 1]])) {
            best[at] = best[at - 1];
            at--;
        }
        best[at] = (int32_t)j;
    }
    mem_free(gap);
    return OK;
}

/* ---- probes on a few inputs ---- */

/* Fills in the chosen columns of row i; at: each input's place among them, 0: none. */
static void fill_columns(const struct probe_table *t, enum probe_input in,
                         const int32_t *best, size_t k, const int32_t *at, size_t i,
                         float *x)
{
    if (in == PROBE_RAW) {
        for (size_t a = 0; a < k; a++) {
            x[a] = t->raw[i * t->D + (size_t)best[a]];
        }
        return;
    }
    for (size_t c = t->start[i]; c < t->start[i + 1]; c++) {
        if (at[t->id[c]] > 0) {
            x[at[t->id[c]] - 1] = t->val[c];
        }
    }
}

/* Makes the chosen columns of all rows, [n, k]. */
static enum err columns(const struct probe_table *t, enum probe_input in,
                        const int32_t *best, size_t k, float **out, struct errinfo *e)
{
    const size_t n = probe_rows(t);
    int32_t *at = NULL;
    float *x = NULL;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&at, in == PROBE_RAW ? t->D : t->F, sizeof *at, "columns", e));
    TRY_OUT(rc, mem_new(&x, n, k * sizeof *x, "columns", e));
    for (size_t a = 0; a < k; a++) {
        at[best[a]] = (int32_t)a + 1;
    }
    for (size_t i = 0; i < n; i++) {
        fill_columns(t, in, best, k, at, i, x + i * k);
    }
    *out = x;
    x = NULL;
out:
    mem_free(at);
    mem_free(x);
    return rc;
}

/* scikit-learn's C = 1 as l2 of logreg_fit, whose loss is a mean and whose class
 * weights are those of "balanced" up to a factor. */
static double l2_of(const struct probe_table *t, double pos)
{
    const double n = (double)t->n_train;
    return t->balanced ? 2.0 * (n - pos) / (n * n) : 1.0 / n;
}

enum err probe_labels_init(struct probe_labels *l, const uint8_t *y, size_t n,
                           struct errinfo *e)
{
    *l = (struct probe_labels){0};
    enum err rc = mem_new(&l->start, n + 1, sizeof *l->start, "labels", e);
    if (rc == OK) {
        rc = mem_new(&l->unit, n, sizeof *l->unit, "labels", e); /* all of them 0 */
    }
    if (rc != OK) {
        probe_labels_deinit(l);
        return rc;
    }
    for (size_t i = 0; i < n; i++) {
        l->start[i + 1] = l->start[i] + (y[i] ? 1 : 0);
    }
    return OK;
}

void probe_labels_deinit(struct probe_labels *l)
{
    mem_free(l->start);
    mem_free(l->unit);
}

static enum err fit_many(const struct probe_table *t, const uint8_t *y, const float *x,
                         size_t k, double pos, double *w, double *b, struct errinfo *e)
{
    struct probe_labels labels = {0};
    struct logreg m = {0};
    enum err rc = OK;
    TRY_OUT(rc, probe_labels_init(&labels, y, t->n_train, e));
    const struct logreg_x lx = {.n = t->n_train, .d = k, .dense = x, .ld = k};
    const struct logreg_y ly = {.C = 1, .start = labels.start, .id = labels.unit};
    struct logreg_opts o = logreg_defaults();
    o.l2 = l2_of(t, pos);
    o.balanced = t->balanced;
    TRY_OUT(rc, logreg_fit(&lx, &ly, &o, NULL, &m, e));
    logreg_count(t->tally, &m);
    for (size_t a = 0; a < k; a++) {
        w[a] = (double)m.w[a];
    }
    *b = (double)m.b[0];
out:
    probe_labels_deinit(&labels);
    logreg_deinit(&m);
    return rc;
}

static enum err fit_columns(const struct probe_table *t, const uint8_t *y,
                            const float *x, size_t k, double *w, double *b,
                            struct errinfo *e)
{
    double pos = 0.0;
    for (size_t i = 0; i < t->n_train; i++) {
        pos += y[i] ? 1.0 : 0.0;
    }
    memset(w, 0, k * sizeof *w);
    *b = 0.0;
    if (k > LOGREG_FEW_MAX) {
        return fit_many(t, y, x, k, pos, w, b, e);
    }
    logreg_count_few(t->tally,
                     t->balanced ? logreg_few(k, t->n_train, x, y, 0.0, 0.0, 1.0, w, b)
                                 : logreg_few_plain(k, t->n_train, x, y, 1.0, w, b));
    return OK;
}

enum err probe_columns(const struct probe_table *t, const uint8_t *y,
                       enum probe_input in, const int32_t *best, size_t k,
                       struct probe_scores *out, struct errinfo *e)
{
    const size_t n = probe_rows(t);
    float *x = NULL;
    double *z = NULL;
    double w[PROBE_K_MAX], b;
    enum err rc = OK;
    if (k < 1 || k > PROBE_K_MAX) {
        return err_set(e, ERR_USAGE, "sparse probing: found k = %zu, expected 1 to %d",
                       k, PROBE_K_MAX);
    }
    TRY_OUT(rc, columns(t, in, best, k, &x, e));
    TRY_OUT(rc, mem_new(&z, n, sizeof *z, "probe scores", e));
    TRY_OUT(rc, fit_columns(t, y, x, k, w, &b, e));
    for (size_t i = t->n_train; i < n; i++) {
        z[i] = b;
        for (size_t a = 0; a < k; a++) {
            z[i] += w[a] * (double)x[i * k + a];
        }
    }
    TRY_OUT(rc, score_parts(t, z, y, out, e));
out:
    mem_free(x);
    mem_free(z);
    return rc;
}

/* ---- probes on all inputs ---- */

/* Centres and scales raw inputs on the training rows. */
static enum err standardised(const struct probe_table *t, float **out,
                             struct errinfo *e)
{
    const size_t n = probe_rows(t), D = t->D;
    double *mean = NULL;
    float *x = NULL;
    double square = 0.0;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&mean, D, sizeof *mean, "probe inputs", e));
    TRY_OUT(rc, mem_new(&x, n, D * sizeof *x, "probe inputs", e));
    for (size_t i = 0; i < t->n_train * D; i++) {
        mean[i % D] += (double)t->raw[i] / (double)t->n_train;
    }
    for (size_t i = 0; i < n * D; i++) {
        x[i] = (float)((double)t->raw[i] - mean[i % D]);
        square += i < t->n_train * D ? (double)x[i] * (double)x[i] : 0.0;
    }
    const double each = square / (double)(t->n_train * D);
    const float scale = each > 0.0 && isfinite(each) ? (float)(1.0 / sqrt(each)) : 1.0F;
    for (size_t i = 0; i < n * D; i++) {
        x[i] *= scale;
    }
    *out = x;
    x = NULL;
out:
    mem_free(mean);
    mem_free(x);
    return rc;
}

static double decision(const struct probe_table *t, const struct logreg *m, size_t c,
                       const float *raw, size_t i)
{
    double z = (double)m->b[c];
    const float *w = m->w + c * m->d;
    if (raw != NULL) {
        for (size_t d = 0; d < t->D; d++) {
            z += (double)w[d] * (double)raw[i * t->D + d];
        }
        return z;
    }
    for (size_t k = t->start[i]; k < t->start[i + 1]; k++) {
        z += (double)w[t->id[k]] * (double)t->val[k];
    }
    return z;
}

/* Scores unit c; y [n] is scratch. */
static enum err score_unit(const struct probe_table *t, const struct logreg *m,
                           size_t c, const size_t *label_start, const int32_t *label,
                           const float *raw, double *z, uint8_t *y,
                           struct probe_scores *out, struct errinfo *e)
{
    for (size_t i = t->n_train; i < probe_rows(t); i++) {
        z[i] = decision(t, m, c, raw, i);
        y[i] = 0;
        for (size_t k = label_start[i]; k < label_start[i + 1]; k++) {
            y[i] |= label[k] == (int32_t)c;
        }
    }
    return score_parts(t, z, y, out, e);
}

enum err probe_full(const struct probe_table *t, size_t C, const size_t *label_start,
                    const int32_t *label, enum probe_input in, struct pool *pool,
                    const atomic_bool *cancel, struct probe_scores *out,
                    struct errinfo *e)
{
    const size_t n = probe_rows(t);
    float *raw = NULL;
    double *z = NULL;
    uint8_t *y = NULL;
    struct logreg m = {0};
    enum err rc = OK;
    if (in == PROBE_RAW) {
        TRY_OUT(rc, standardised(t, &raw, e));
    }
    const struct logreg_x dense = {
        .n = t->n_train, .d = t->D, .dense = raw, .ld = t->D};
    const struct logreg_x sparse = {
        .n = t->n_train, .d = t->F, .start = t->start, .id = t->id, .val = t->val};
    const struct logreg_y ly = {.C = C, .start = label_start, .id = label};
    struct logreg_opts o = logreg_defaults();
    o.balanced = t->balanced;
    o.l2 = (t->balanced ? 2.0 : 1.0) / (double)t->n_train;
    o.cancel = cancel;
    TRY_OUT(rc, logreg_fit(raw != NULL ? &dense : &sparse, &ly, &o, pool, &m, e));
    logreg_count(t->tally, &m);
    TRY_OUT(rc, mem_new(&z, n, sizeof *z, "probe scores", e));
    TRY_OUT(rc, mem_new(&y, n, sizeof *y, "probe scores", e));
    for (size_t c = 0; c < C; c++) {
        TRY_OUT(rc, score_unit(t, &m, c, label_start, label, raw, z, y, &out[c], e));
    }
out:
    mem_free(raw);
    mem_free(z);
    mem_free(y);
    logreg_deinit(&m);
    return rc;
}

/* A table of the OOD rows alone, tested on those of the other parity. */
struct fold {
    struct probe_table t;
    float *raw;
    size_t *start;
    int32_t *label;
};

static enum err fold_init(struct fold *f, const struct probe_table *t,
                          const size_t *label_start, const int32_t *label,
                          size_t parity, struct errinfo *e)
{
    const size_t first = t->n_train + t->n_test;
    const size_t labels = label_start[first + t->n_ood] - label_start[first];
    size_t row = 0, at = 0;
    f->t = (struct probe_table){.D = t->D, .balanced = t->balanced, .tally = t->tally};
    TRY(mem_new(&f->raw, t->n_ood, t->D * sizeof *f->raw, "oracle", e));
    TRY(mem_new(&f->start, t->n_ood + 1, sizeof *f->start, "oracle", e));
    TRY(mem_new(&f->label, labels, sizeof *f->label, "oracle", e));
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = (parity + side) % 2; i < t->n_ood; i += 2) {
            const size_t from = first + i;
            memcpy(f->raw + row * t->D, t->raw + from * t->D, t->D * sizeof *f->raw);
            for (size_t k = label_start[from]; k < label_start[from + 1]; k++) {
                f->label[at++] = label[k];
            }
            f->start[++row] = at;
        }
        if (side == 0) {
            f->t.n_train = row;
        }
    }
    f->t.n_test = row - f->t.n_train;
    f->t.raw = f->raw;
    f->t.start = f->start; /* of labels; no codes are read */
    return OK;
}

static void fold_deinit(struct fold *f)
{
    mem_free(f->raw);
    mem_free(f->start);
    mem_free(f->label);
}

enum err probe_oracle(const struct probe_table *t, size_t C, const size_t *label_start,
                      const int32_t *label, struct pool *pool,
                      const atomic_bool *cancel, double *auc, struct errinfo *e)
{
    struct probe_scores *s = NULL;
    enum err rc = OK;
    for (size_t c = 0; c < C; c++) {
        auc[c] = t->n_ood >= 4 ? 0.0 : (double)NAN;
    }
    if (t->n_ood < 4) {
        return OK;
    }
    TRY(mem_new(&s, C, sizeof *s, "oracle", e));
    for (size_t parity = 0; parity < 2 && rc == OK; parity++) {
        struct fold f = {0};
        rc = fold_init(&f, t, label_start, label, parity, e);
        if (rc == OK) {
            rc = probe_full(&f.t, C, f.start, f.label, PROBE_RAW, pool, cancel, s, e);
        }
        for (size_t c = 0; c < C && rc == OK; c++) {
            auc[c] += 0.5 * s[c].test.auc;
        }
        fold_deinit(&f);
    }
    mem_free(s);
    return rc;
}
