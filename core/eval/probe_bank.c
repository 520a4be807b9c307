/* Ground-truth probes: what the model itself knows about each concept, from its
 * activations. */
#include "base/mem.h"
#include "eval/evalset_priv.h"
#include "eval/probe_cache.h"
#include "num/blas.h"

#include <math.h>
#include <string.h>

/* L2 of the main form's probes, on inputs of mean square 1 a dimension: what SAEBench's
 * weight decay of 1e-4 in a loss averaged over 26 units amounts to for each unit. It
 * matters: the stronger it is, the closer a probe's direction comes to the difference
 * of class means, the more of an activation's projection lies in few latents, and the
 * higher the absorption (on the sample, 1e-1 instead of 1e-3 doubles it). */
#define MAIN_L2 2.6e-3

double form_f1(enum absorption_form form, double true_pos, double false_pos, double pos,
               double neg)
{
    if (true_pos <= 0.0 || pos <= 0.0) {
        return 0.0;
    }
    if (form == FORM_SAEBENCH) {
        return 2.0 * true_pos / (true_pos + false_pos + pos);
    }
    const double hit = true_pos / pos;
    const double miss = neg > 0.0 ? false_pos / neg : 0.0;
    return 2.0 * hit / (hit + miss + 1.0);
}

/* Makes the inputs a form's probes see: as they are, or centred and scaled to mean
 * square 1; *scale is what they were multiplied by. */
static enum err inputs(enum absorption_form form, const struct concept_sample *s,
                       float **x, float *scale, struct errinfo *e)
{
    const size_t D = s->D;
    double square = 0.0;
    TRY(mem_new(x, s->n, D * sizeof **x, "probe inputs", e));
    memcpy(*x, s->x, s->n * D * sizeof **x);
    *scale = 1.0F;
    if (form == FORM_SAEBENCH) {
        return OK;
    }
    for (size_t i = 0; i < s->n; i++) {
        float *xi = *x + i * D;
        for (size_t j = 0; j < D; j++) {
            xi[j] -= s->mean[j];
            square += i < s->n_train ? (double)xi[j] * (double)xi[j] : 0.0;
        }
    }
    const double mean = square / (double)(s->n_train * D);
    *scale = mean > 0.0 && isfinite(mean) ? (float)(1.0 / sqrt(mean)) : 1.0F;
    for (size_t i = 0; i < s->n * D; i++) {
        (*x)[i] *= *scale;
    }
    return OK;
}

/* The main form goes to the minimum of SAEBench's loss; the other is SAEBench's own
 * recipe, 50 epochs of Adam on batches of 64 with the inputs as they are. */
static enum err train(enum absorption_form form, const struct logreg_x *x,
                      const struct logreg_y *y, const struct eval_config *cfg,
                      struct pool *pool, const atomic_bool *cancel, struct logreg *out,
                      struct errinfo *e)
{
    if (form == FORM_SAEBENCH) {
        const struct logreg_adam_opts o = {.epochs = 50,
                                           .batch = 64,
                                           .lr = 1e-2,
                                           .end_lr = 1e-5,
                                           .l2 = 1e-4,
                                           .seed = cfg->seed,
                                           .cancel = cancel};
        return logreg_adam(x, y, &o, pool, out, e);
    }
    struct logreg_opts o = logreg_defaults();
    o.l2 = MAIN_L2;
    o.max_passes = cfg->fit_passes > 0 ? cfg->fit_passes : o.max_passes;
    o.cancel = cancel;
    return logreg_fit(x, y, &o, pool, out, e);
}

/* ---- kept fits ---- */

static struct probe_key key_of(const struct eval_config *cfg, enum absorption_form form,
                               const struct logreg_x *x, const struct logreg_y *y)
{
    const struct probe_cache *c = cfg->cache;
    struct probe_key k =
        probe_key_begin(c, form == FORM_MAIN ? "absorption" : "absorption saebench");
    const double l2 = MAIN_L2, tol = LOGREG_TOL;
    probe_key_add(c, &k, &l2, sizeof l2);
    probe_key_add(c, &k, &tol, sizeof tol);
    probe_key_add(c, &k, &cfg->seed, sizeof cfg->seed);
    probe_key_add(c, &k, &y->C, sizeof y->C);
    probe_key_add(c, &k, x->dense, x->n * x->d * sizeof *x->dense);
    probe_key_add(c, &k, y->start, (x->n + 1) * sizeof *y->start);
    probe_key_add(c, &k, y->id, y->start[x->n] * sizeof *y->id);
    return k;
}

/* train(), or its earlier result from the cache. `fit` [C * (D + 1)] is scratch. */
static enum err train_once(const struct eval_config *cfg, enum absorption_form form,
                           const struct logreg_x *x, const struct logreg_y *y,
                           struct pool *pool, const atomic_bool *cancel,
                           struct logreg *m, float *fit, struct errinfo *e)
{
    const size_t C = y->C, D = x->d, bytes = C * (D + 1) * sizeof *fit;
    const struct probe_key key = key_of(cfg, form, x, y);
    if (probe_cache_get(cfg->cache, &key, fit, bytes)) {
        *m = (struct logreg){.C = C, .d = D, .fitted = C};
        TRY(mem_new(&m->w, C, D * sizeof *m->w, "probes", e));
        TRY(mem_new(&m->b, C, sizeof *m->b, "probes", e));
        memcpy(m->w, fit, C * D * sizeof *fit);
        memcpy(m->b, fit + C * D, C * sizeof *fit);
        return OK;
    }
    TRY(train(form, x, y, cfg, pool, cancel, m, e));
    memcpy(fit, m->w, C * D * sizeof *fit);
    memcpy(fit + C * D, m->b, C * sizeof *fit);
    if (m->short_of > 0) {
        return OK; /* only minima are worth keeping */
    }
    probe_cache_put(cfg->cache, &key, fit, bytes);
    return OK;
}

/* Tests probe c on the sample's test occurrences. logit [tests] is at stride C. */
static void test_probe(struct probe_bank *b, const struct concept_sample *s, size_t c,
                       const float *logit)
{
    const size_t tests = s->n - s->n_train;
    double fired = 0.0;
    double pos = 0.0;
    for (size_t i = 0; i < tests; i++) {
        fired += logit[i * b->C + c] > 0.0F;
    }
    for (size_t i = s->member_start[c]; i < s->member_start[c + 1]; i++) {
        const size_t row = s->member[i];
        if (row >= s->n_train) {
            pos += 1.0;
            b->tested[c] += logit[(row - s->n_train) * b->C + c] > 0.0F;
        }
    }
    const double hits = (double)b->tested[c];
    b->f1[c] = form_f1(b->form, hits, fired - hits, pos, (double)tests - pos);
}

/* Sets dir = w / |w|, and the projection above which the probe says yes; w.x + bias is
 * for inputs centred and multiplied by `scale`. */
static void set_direction(struct probe_bank *b, const float *w, double bias,
                          double scale, size_t c)
{
    const size_t D = b->D;
    double norm = 0.0;
    for (size_t j = 0; j < D; j++) {
        norm += (double)w[j] * (double)w[j];
    }
    norm = sqrt(norm);
    for (size_t j = 0; j < D && norm > 0.0; j++) {
        b->dir[c * D + j] = (float)((double)w[j] / norm);
    }
    b->cut[c] = norm > 0.0 ? (float)(-bias / (norm * scale)) : INFINITY;
}

/* Finds all that the sample's test part says about the trained probes. */
static enum err test_all(struct probe_bank *b, const struct concept_sample *s,
                         const float *x, double scale, const struct logreg *m,
                         struct errinfo *e)
{
    const size_t tests = s->n - s->n_train;
    float *logit = NULL;
    TRY(mem_new(&logit, tests, b->C * sizeof *logit, "probe scores", e));
    for (size_t i = 0; i < tests; i++) {
        memcpy(logit + i * b->C, m->b, b->C * sizeof *logit);
    }
    gemm_f32(NO_TRANS, TRANS, tests, b->C, b->D, 1.0F, x + s->n_train * b->D, b->D,
             m->w, b->D, 1.0F, logit, b->C);
    for (size_t c = 0; c < b->C; c++) {
        test_probe(b, s, c, logit);
        set_direction(b, m->w + c * b->D, (double)m->b[c], scale, c);
    }
    mem_free(logit);
    return OK;
}

/* ---- held-out occurrences ---- */

#define BLOCK 1024 /* of them looked at together */

/* Chooses the occurrences that a bank is decided on. */
static enum err choose_held(struct probe_bank *b, const struct concept_sample *s,
                            struct errinfo *e)
{
    const size_t n = b->form == FORM_MAIN ? s->n_held : s->n - s->n_train;
    TRY(mem_new(&b->held_at, n, sizeof *b->held_at, "held-out words", e));
    TRY(mem_new(&b->held_form, n, sizeof *b->held_form, "held-out words", e));
    for (size_t i = 0; i < n; i++) {
        const size_t of = b->form == FORM_MAIN ? i : s->test_held[i];
        b->held_at[i] = s->held_at[of];
        b->held_form[i] = s->held_form[of];
    }
    b->n_held = n;
    return OK;
}

/* Lists the occurrences of each concept, with nothing said about them yet. */
static enum err list_occurrences(struct probe_bank *b, const struct concept_sample *s,
                                 struct errinfo *e)
{
    for (size_t i = 0; i < b->n_held; i++) {
        const uint32_t f = b->held_form[i];
        for (size_t k = s->form_start[f]; k < s->form_start[f + 1]; k++) {
            const size_t c = (size_t)s->form_concept[k];
            if (c < b->C) {
                b->occ_start[c + 1]++;
            }
        }
    }
    for (size_t c = 0; c < b->C; c++) {
        b->occ_start[c + 1] += b->occ_start[c];
    }
    const size_t all = b->occ_start[b->C];
    TRY(mem_new(&b->occ, all, sizeof *b->occ, "held-out words", e));
    TRY(mem_new(&b->projection, all, sizeof *b->projection, "held-out words", e));
    TRY(mem_new(&b->right, all, sizeof *b->right, "held-out words", e));
    return mem_new(&b->weight, all, sizeof *b->weight, "held-out words", e);
}

/* Records the probes' answers on n occurrences from `first`, given their projections
 * along [n, C]. at [C]: where the next occurrence of each concept goes. */
static void note_block(struct probe_bank *b, const struct concept_sample *s,
                       size_t first, size_t n, const float *along, size_t *at)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t f = b->held_form[first + i];
        for (size_t k = s->form_start[f]; k < s->form_start[f + 1]; k++) {
            const size_t c = (size_t)s->form_concept[k];
            if (c >= b->C) {
                continue;
            }
            b->occ[at[c]] = (uint32_t)(first + i);
            b->projection[at[c]] = along[i * b->C + c];
            b->right[at[c]] = along[i * b->C + c] > b->cut[c];
            b->hits[c] += b->right[at[c]++];
        }
    }
}

/* x [n, D]: activations of occurrences, centred in the main form. */
static void gather(const struct probe_bank *b, const struct concept_sample *s,
                   const struct acts_set *set, size_t first, size_t n, float *x)
{
    for (size_t i = 0; i < n; i++) {
        const float *from = set->x + (size_t)b->held_at[first + i] * b->D;
        for (size_t j = 0; j < b->D; j++) {
            x[i * b->D + j] = from[j] - (b->form == FORM_MAIN ? s->mean[j] : 0.0F);
        }
    }
}

/* times [forms] is scratch: all zero before and after. */
static void weigh(struct probe_bank *b, size_t c, uint32_t *times)
{
    const bool by_word = b->form == FORM_MAIN;
    for (size_t i = b->occ_start[c]; i < b->occ_start[c + 1]; i++) {
        times[b->held_form[b->occ[i]]] += b->right[i];
    }
    for (size_t i = b->occ_start[c]; i < b->occ_start[c + 1]; i++) {
        const uint32_t all = times[b->held_form[b->occ[i]]];
        b->weight[i] = by_word && all > 0 ? 1.0 / (double)all : 1.0;
    }
    for (size_t i = b->occ_start[c]; i < b->occ_start[c + 1]; i++) {
        times[b->held_form[b->occ[i]]] = 0;
    }
}

static enum err hold_against(struct probe_bank *b, const struct concept_sample *s,
                             const struct acts_set *set, struct errinfo *e)
{
    uint32_t *times = NULL;
    float *x = NULL, *along = NULL;
    size_t *at = NULL;
    enum err rc = OK;
    TRY_OUT(rc, choose_held(b, s, e));
    TRY_OUT(rc, list_occurrences(b, s, e));
    TRY_OUT(rc, mem_new(&x, BLOCK, b->D * sizeof *x, "held-out words", e));
    TRY_OUT(rc, mem_new(&along, BLOCK, b->C * sizeof *along, "held-out words", e));
    TRY_OUT(rc, mem_new(&at, b->C, sizeof *at, "held-out words", e));
    TRY_OUT(rc, mem_new(&times, s->n_forms, sizeof *times, "word forms", e));
    memcpy(at, b->occ_start, b->C * sizeof *at);
    for (size_t i = 0; i < b->n_held; i += BLOCK) {
        const size_t left = b->n_held - i, rows = left < BLOCK ? left : BLOCK;
        gather(b, s, set, i, rows, x);
        gemm_f32(NO_TRANS, TRANS, rows, b->C, b->D, 1.0F, x, b->D, b->dir, b->D, 0.0F,
                 along, b->C);
        note_block(b, s, i, rows, along, at);
    }
    for (size_t c = 0; c < b->C; c++) {
        weigh(b, c, times);
    }
out:
    mem_free(times);
    mem_free(x);
    mem_free(along);
    mem_free(at);
    return rc;
}

/* Finds the eligible concepts, and makes labels in terms of them. */
static enum err choose_units(struct probe_bank *b, const struct concept_sample *s,
                             double min_f1, size_t min_positives, struct errinfo *e)
{
    int32_t *unit_of = NULL;
    size_t n = 0;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&unit_of, s->n_concepts, sizeof *unit_of, "concepts", e));
    for (size_t c = 0; c < s->n_concepts; c++) {
        const size_t hits = c < b->C ? b->tested[c] : 0;
        unit_of[c] = -1;
        if (hits > 0 && hits >= min_positives && b->f1[c] > min_f1) {
            b->concept_of[b->n_units] = (int32_t)c;
            unit_of[c] = (int32_t)b->n_units++;
        }
    }
    for (size_t i = 0; i < s->n; i++) {
        for (size_t j = s->label_start[i]; j < s->label_start[i + 1]; j++) {
            if (unit_of[s->label[j]] >= 0) {
                b->label[n++] = unit_of[s->label[j]];
            }
        }
        b->label_start[i + 1] = n;
    }
out:
    mem_free(unit_of);
    return rc;
}

static enum err bank_alloc(struct probe_bank *b, const struct concept_sample *s,
                           struct errinfo *e)
{
    const size_t labels = s->label_start[s->n];
    TRY(mem_new(&b->dir, b->C, s->D * sizeof *b->dir, "probes", e));
    TRY(mem_new(&b->f1, b->C, sizeof *b->f1, "probes", e));
    TRY(mem_new(&b->cut, b->C, sizeof *b->cut, "probes", e));
    TRY(mem_new(&b->tested, b->C, sizeof *b->tested, "probes", e));
    TRY(mem_new(&b->hits, b->C, sizeof *b->hits, "probes", e));
    TRY(mem_new(&b->occ_start, b->C + 1, sizeof *b->occ_start, "probes", e));
    TRY(mem_new(&b->concept_of, b->C, sizeof *b->concept_of, "probes", e));
    TRY(mem_new(&b->label_start, s->n + 1, sizeof *b->label_start, "probes", e));
    return mem_new(&b->label, labels, sizeof *b->label, "probes", e);
}

enum err probe_bank_init(struct probe_bank *b, enum absorption_form form, size_t C,
                         const struct concept_sample *s, const struct acts_set *set,
                         const struct eval_config *cfg, size_t min_positives,
                         struct pool *pool, const atomic_bool *cancel,
                         struct errinfo *e)
{
    float *x = NULL, *fit = NULL;
    float scale = 1.0F;
    struct logreg m = {0};
    enum err rc = OK;
    memset(b, 0, sizeof *b);
    b->form = form;
    b->C = C;
    b->D = s->D;
    b->fit_passes = cfg->fit_passes;
    TRY_OUT(rc, bank_alloc(b, s, e));
    if (s->n_train == 0 || s->n_train == s->n || C == 0) {
        goto out; /* nothing to learn from or to test on: no concept is eligible */
    }
    TRY_OUT(rc, inputs(form, s, &x, &scale, e));
    const struct logreg_x lx = {.n = s->n_train, .d = s->D, .dense = x, .ld = s->D};
    const struct logreg_y ly = {.C = C, .start = s->label_start, .id = s->label};
    TRY_OUT(rc, mem_new(&fit, C, (s->D + 1) * sizeof *fit, "probes", e));
    TRY_OUT(rc, train_once(cfg, form, &lx, &ly, pool, cancel, &m, fit, e));
    b->fitted = m.fitted;
    b->short_of = m.short_of;
    TRY_OUT(rc, test_all(b, s, x, (double)scale, &m, e));
    TRY_OUT(rc, hold_against(b, s, set, e));
    TRY_OUT(rc, choose_units(b, s, cfg->min_probe_f1, min_positives, e));
out:
    mem_free(x);
    mem_free(fit);
    logreg_deinit(&m);
    if (rc != OK) {
        probe_bank_deinit(b);
    }
    return rc;
}

void probe_bank_deinit(struct probe_bank *b)
{
    mem_free(b->dir);
    mem_free(b->f1);
    mem_free(b->cut);
    mem_free(b->tested);
    mem_free(b->held_at);
    mem_free(b->held_form);
    mem_free(b->occ_start);
    mem_free(b->occ);
    mem_free(b->projection);
    mem_free(b->right);
    mem_free(b->hits);
    mem_free(b->weight);
    mem_free(b->concept_of);
    mem_free(b->label_start);
    mem_free(b->label);
    memset(b, 0, sizeof *b);
}
