#include "eval/firmness.h"

#include "base/mem.h"
#include "base/rng.h"
#include "eval/evaluate_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- which words ---- */

static int by_value(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The word forms of a sample, and the form of each row. */
struct forms {
    size_t n;
    int32_t *token; /* [n] ascending */
    uint32_t *of;   /* [rows] */
    uint32_t *draw; /* [n] scratch */
};

static enum err forms_init(struct forms *f, const struct concept_sample *s,
                           struct errinfo *e)
{
    TRY(mem_new(&f->token, s->n, sizeof *f->token, "word forms", e));
    TRY(mem_new(&f->of, s->n, sizeof *f->of, "word forms", e));
    TRY(mem_new(&f->draw, s->n, sizeof *f->draw, "word forms", e));
    memcpy(f->token, s->token, s->n * sizeof *f->token);
    qsort(f->token, s->n, sizeof *f->token, by_value);
    for (size_t i = 0; i < s->n; i++) {
        if (i == 0 || f->token[i] != f->token[f->n - 1]) {
            f->token[f->n++] = f->token[i];
        }
    }
    for (size_t i = 0; i < s->n; i++) {
        const int32_t *at =
            bsearch(&s->token[i], f->token, f->n, sizeof *f->token, by_value);
        f->of[i] = (uint32_t)(at - f->token);
    }
    return OK;
}

static void forms_deinit(struct forms *f)
{
    mem_free(f->token);
    mem_free(f->of);
    mem_free(f->draw);
}

/* times [rows]: how often each row is in resample `rep`. */
static void draw_rows(const struct forms *f, size_t rows, uint64_t seed, size_t rep,
                      uint32_t *times)
{
    struct rng r = rng_begin(seed, RNG_BOOTSTRAP, 1 + rep);
    memset(f->draw, 0, f->n * sizeof *f->draw);
    for (size_t i = 0; i < f->n; i++) {
        f->draw[rng_below(&r, f->n)]++;
    }
    for (size_t i = 0; i < rows; i++) {
        times[i] = f->draw[f->of[i]];
    }
}

/* ---- one resample ---- */

struct resampler {
    const struct eval_set *set;
    struct eval_job whole; /* on the sample as it is */
    struct logreg weights; /* its L1 probes */
    struct forms forms;
    uint32_t *times; /* [rows] */
    size_t *first;   /* [rows+1] */
    struct concept_result *r; /* [C] of a resample */
};

/* The bank's labels and hits in terms of the rows of a resample. */
static enum err repeat_bank(const struct resampler *k, struct probe_bank *b,
                            struct errinfo *e)
{
    const struct probe_bank *from = &k->set->bank;
    const size_t n = k->set->sample.n;
    size_t labels = 0, row = 0, hits = 0;
    for (size_t i = 0; i < n; i++) {
        labels += k->times[i] * (from->label_start[i + 1] - from->label_start[i]);
    }
    for (size_t i = 0; i < from->hit_start[from->C]; i++) {
        hits += k->times[from->hit[i]];
    }
    *b = *from;
    b->label_start = NULL;
    b->label = NULL;
    b->hit_start = NULL;
    b->hit = NULL;
    b->projection = NULL;
    TRY(mem_new(&b->label_start, k->first[n] + 1, sizeof *b->label_start, "labels", e));
    TRY(mem_new(&b->label, labels, sizeof *b->label, "labels", e));
    TRY(mem_new(&b->hit_start, b->C + 1, sizeof *b->hit_start, "hits", e));
    TRY(mem_new(&b->hit, hits, sizeof *b->hit, "hits", e));
    TRY(mem_new(&b->projection, hits, sizeof *b->projection, "hits", e));
    labels = 0;
    for (size_t i = 0; i < n; i++) {
        for (uint32_t t = 0; t < k->times[i]; t++) {
            for (size_t j = from->label_start[i]; j < from->label_start[i + 1]; j++) {
                b->label[labels++] = from->label[j];
            }
            b->label_start[++row] = labels;
        }
    }
    hits = 0;
    for (size_t c = 0; c < b->C; c++) {
        for (size_t i = from->hit_start[c]; i < from->hit_start[c + 1]; i++) {
            for (size_t a = k->first[from->hit[i]]; a < k->first[from->hit[i] + 1]; a++) {
                b->hit[hits] = (uint32_t)a;
                b->projection[hits++] = from->projection[i];
            }
        }
        b->hit_start[c + 1] = hits;
    }
    return OK;
}

/* What repeat_bank made of its own. */
static void drop_bank(struct probe_bank *b)
{
    mem_free(b->label_start);
    mem_free(b->label);
    mem_free(b->hit_start);
    mem_free(b->hit);
    mem_free(b->projection);
}

static enum err repeat_codes(const struct resampler *k, struct sae_codes *c,
                             struct errinfo *e)
{
    const struct sae_codes *from = &k->whole.codes;
    size_t nnz = 0, row = 0;
    for (size_t i = 0; i < from->rows; i++) {
        nnz += k->times[i] * (from->start[i + 1] - from->start[i]);
    }
    c->rows = k->first[from->rows];
    c->cap = nnz;
    TRY(mem_new(&c->start, c->rows + 1, sizeof *c->start, "codes", e));
    TRY(mem_new(&c->id, nnz, sizeof *c->id, "codes", e));
    TRY(mem_new(&c->val, nnz, sizeof *c->val, "codes", e));
    if (from->undo != NULL) {
        TRY(mem_new(&c->undo, c->rows, 2 * sizeof *c->undo, "codes", e));
    }
    nnz = 0;
    for (size_t i = 0; i < from->rows; i++) {
        const size_t at = from->start[i], len = from->start[i + 1] - at;
        for (uint32_t t = 0; t < k->times[i]; t++) {
            memcpy(c->id + nnz, from->id + at, len * sizeof *c->id);
            memcpy(c->val + nnz, from->val + at, len * sizeof *c->val);
            if (c->undo != NULL) {
                memcpy(c->undo + 2 * row, from->undo + 2 * i, 2 * sizeof *c->undo);
            }
            nnz += len;
            c->start[++row] = nnz;
        }
    }
    return OK;
}

/* The choice and all that follows from it, into k->r. */
static enum err run_resample(struct resampler *k, size_t rep, struct errinfo *e)
{
    const size_t n = k->set->sample.n;
    struct eval_set set = {.cfg = k->set->cfg};
    struct eval_job j = {.set = &set,
                         .s = k->whole.s,
                         .pool = k->whole.pool,
                         .cancel = k->whole.cancel,
                         .start = &k->weights,
                         .scale = k->whole.scale};
    struct eval_split unused = {0};
    enum err rc = OK;
    draw_rows(&k->forms, n, set.cfg.seed, rep, k->times);
    TRY(concept_sample_repeat(&k->set->sample, k->times, &set.sample, k->first, e));
    TRY_OUT(rc, repeat_bank(k, &set.bank, e));
    TRY_OUT(rc, repeat_codes(k, &j.codes, e));
    TRY_OUT(rc, eval_job_open(&j, e));
    TRY_OUT(rc, eval_job_run(&j, &set.bank, k->r, &unused, e));
out:
    eval_job_deinit(&j);
    drop_bank(&set.bank);
    concept_sample_deinit(&set.sample);
    return rc;
}

/* ---- all of them ---- */

static void note(struct firmness *f, size_t rep, const struct eval_result *whole,
                 const struct concept_result *r)
{
    for (size_t c = 0; c < f->n; c++) {
        const struct concept_result *o = &whole->concept[c];
        const bool counts = o->eligible;
        const double v[FIRM_FIGURES] = {[FIRM_FULL] = r[c].full,
                                        [FIRM_FRACTION] = r[c].fraction,
                                        [FIRM_RECALL] = r[c].recall,
                                        [FIRM_F1] = r[c].f1_best};
        for (size_t i = 0; i < FIRM_FIGURES; i++) {
            f->value[i][rep * f->n + c] = counts ? v[i] : (double)NAN;
        }
        if (counts && r[c].main_latent[0] == o->main_latent[0]) {
            f->same[c] += 1.0;
        }
    }
}

static enum err firmness_init(struct firmness *f, const struct eval_result *r,
                              struct errinfo *e)
{
    *f = (struct firmness){.n = r->n_concepts, .reps = FIRMNESS_RESAMPLES};
    TRY(mem_new(&f->same, f->n, sizeof *f->same, "resamples", e));
    for (size_t i = 0; i < FIRM_FIGURES; i++) {
        TRY(mem_new(&f->value[i], f->n, f->reps * sizeof *f->value[i], "resamples", e));
    }
    for (size_t c = 0; c < f->n; c++) {
        f->same[c] = r->concept[c].eligible ? 0.0 : (double)NAN;
    }
    return OK;
}

/* The sample as it is, for its codes and weights. */
static enum err begin(struct resampler *k, struct errinfo *e)
{
    struct eval_split unused = {0};
    const size_t rows = k->set->sample.n;
    TRY(mem_new(&k->r, k->set->bank.C, sizeof *k->r, "resamples", e));
    TRY(mem_new(&k->times, rows, sizeof *k->times, "resamples", e));
    TRY(mem_new(&k->first, rows + 1, sizeof *k->first, "resamples", e));
    TRY(forms_init(&k->forms, &k->set->sample, e));
    TRY(eval_job_init(&k->whole, false, e));
    k->whole.keep = &k->weights;
    return eval_job_run(&k->whole, &k->set->bank, k->r, &unused, e);
}

enum err firmness_measure(const struct eval_set *set, const struct sae *s,
                          const struct eval_result *r, struct pool *pool,
                          const atomic_bool *cancel, struct firmness *out,
                          struct errinfo *e)
{
    struct firmness f = {0};
    struct resampler k = {
        .set = set, .whole = {.set = set, .s = s, .pool = pool, .cancel = cancel}};
    enum err rc = OK;
    TRY_OUT(rc, firmness_init(&f, r, e));
    if (set->bank.n_units > 0) {
        TRY_OUT(rc, begin(&k, e));
        for (size_t rep = 0; rep < f.reps; rep++) {
            TRY_OUT(rc, run_resample(&k, rep, e));
            note(&f, rep, r, k.r);
        }
        for (size_t c = 0; c < f.n; c++) {
            f.same[c] /= (double)f.reps;
        }
    }
    *out = f;
    f = (struct firmness){0};
out:
    firmness_deinit(&f);
    eval_job_deinit(&k.whole);
    logreg_deinit(&k.weights);
    forms_deinit(&k.forms);
    mem_free(k.times);
    mem_free(k.first);
    mem_free(k.r);
    return rc;
}

void firmness_deinit(struct firmness *f)
{
    mem_free(f->same);
    for (size_t i = 0; i < FIRM_FIGURES; i++) {
        mem_free(f->value[i]);
    }
    *f = (struct firmness){0};
}
