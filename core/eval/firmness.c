#include "eval/firmness.h"

#include "base/mem.h"
#include "base/rng.h"
#include "eval/evaluate_priv.h"
#include "num/stats.h"

#include <math.h>
#include <string.h>

/* ---- which words ---- */

/* Draws how often each word form is in resample `rep`, forms [n_forms], and with them
 * the rows of the sample, times [n]. */
static void draw(const struct concept_sample *s, uint64_t seed, size_t rep,
                 uint32_t *forms, uint32_t *times)
{
    struct rng r = rng_begin(seed, RNG_BOOTSTRAP, 1 + rep);
    memset(forms, 0, s->n_forms * sizeof *forms);
    for (size_t i = 0; i < s->n_forms; i++) {
        forms[rng_below(&r, s->n_forms)]++;
    }
    for (size_t i = 0; i < s->n; i++) {
        times[i] = forms[s->form[i]];
    }
}

/* ---- one resample ---- */

struct resampler {
    const struct eval_set *set;
    struct eval_job whole;    /* on the sample as it is */
    struct logreg weights;    /* its L1 probes */
    uint32_t *forms;          /* [reps, forms] */
    uint32_t *times;          /* [rows] */
    size_t *first;            /* [rows+1] */
    struct concept_result *r; /* [reps, C] */
    size_t fits, fits_short;  /* of all resamples */
};

/* Makes the bank's labels in terms of the rows of a resample. */
static enum err repeat_labels(const struct resampler *k, struct probe_bank *b,
                              struct errinfo *e)
{
    const struct probe_bank *from = &k->set->bank;
    const size_t n = k->set->sample.n;
    size_t labels = 0, row = 0;
    for (size_t i = 0; i < n; i++) {
        labels += k->times[i] * (from->label_start[i + 1] - from->label_start[i]);
    }
    *b = *from;
    b->label_start = NULL;
    b->label = NULL;
    TRY(mem_new(&b->label_start, k->first[n] + 1, sizeof *b->label_start, "labels", e));
    TRY(mem_new(&b->label, labels, sizeof *b->label, "labels", e));
    labels = 0;
    for (size_t i = 0; i < n; i++) {
        for (uint32_t t = 0; t < k->times[i]; t++) {
            for (size_t j = from->label_start[i]; j < from->label_start[i + 1]; j++) {
                b->label[labels++] = from->label[j];
            }
            b->label_start[++row] = labels;
        }
    }
    return OK;
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

/* Makes the choice of resample `rep`, in r [C]. */
static enum err choose(struct resampler *k, size_t rep, struct concept_result *r,
                       struct errinfo *e)
{
    const struct concept_sample *sample = &k->set->sample;
    struct eval_set set = {.cfg = k->set->cfg};
    struct probe_bank bank = {0};
    struct eval_job j = {.set = &set,
                         .s = k->whole.s,
                         .pool = k->whole.pool,
                         .cancel = k->whole.cancel,
                         .start = &k->weights};
    struct eval_split unused = {0};
    enum err rc = OK;
    draw(sample, set.cfg.seed, rep, k->forms + rep * sample->n_forms, k->times);
    TRY(concept_sample_repeat(sample, k->times, &set.sample, k->first, e));
    TRY_OUT(rc, repeat_labels(k, &bank, e));
    TRY_OUT(rc, repeat_codes(k, &j.codes, e));
    TRY_OUT(rc, eval_job_open(&j, e));
    TRY_OUT(rc, eval_job_select(&j, &bank, r, &unused, e));
    k->fits += atomic_load(&j.tally.fits);
    k->fits_short += atomic_load(&j.tally.short_of);
out:
    eval_job_deinit(&j);
    mem_free(bank.label_start);
    mem_free(bank.label);
    concept_sample_deinit(&set.sample);
    return rc;
}

/* ---- all of them ---- */

/* Records the latents that resample `rep` chose, r [C], and their rates. */
static void note(struct firmness *f, size_t rep, const struct eval_result *whole,
                 const struct concept_result *r, const struct eval_rates *rates)
{
    for (size_t c = 0; c < f->n; c++) {
        const struct concept_result *o = &whole->concept[c];
        const bool counts = o->eligible;
        const double v[FIRM_FIGURES] = {[FIRM_FULL] = rates[c].full,
                                        [FIRM_FRACTION] = rates[c].fraction,
                                        [FIRM_RECALL] = rates[c].recall,
                                        [FIRM_F1] = r[c].f1_best};
        for (size_t i = 0; i < FIRM_FIGURES; i++) {
            f->value[i][rep * f->n + c] = counts ? v[i] : (double)NAN;
        }
        f->best[rep * f->n + c] = counts ? r[c].main_latent[0] : -1;
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
    TRY(mem_new(&f->best, f->n, f->reps * sizeof *f->best, "resamples", e));
    for (size_t i = 0; i < FIRM_FIGURES; i++) {
        TRY(mem_new(&f->value[i], f->n, f->reps * sizeof *f->value[i], "resamples", e));
    }
    for (size_t c = 0; c < f->n; c++) {
        f->same[c] = r->concept[c].eligible ? 0.0 : (double)NAN;
    }
    return OK;
}

/* Takes the sample as it is, for its codes and weights. */
static enum err begin(struct resampler *k, size_t reps, struct errinfo *e)
{
    struct eval_split unused = {0};
    const struct concept_sample *m = &k->set->sample;
    const size_t C = k->set->bank.C;
    TRY(mem_new(&k->r, C, reps * sizeof *k->r, "resamples", e));
    TRY(mem_new(&k->forms, m->n_forms, reps * sizeof *k->forms, "resamples", e));
    TRY(mem_new(&k->times, m->n, sizeof *k->times, "resamples", e));
    TRY(mem_new(&k->first, m->n + 1, sizeof *k->first, "resamples", e));
    TRY(eval_job_init(&k->whole, e));
    k->whole.keep = &k->weights;
    return eval_job_select(&k->whole, &k->set->bank, k->r, &unused, e);
}

/* Makes all choices, and then applies the rule under each of them. */
static enum err resample(struct resampler *k, const struct eval_result *r,
                         struct firmness *f, struct errinfo *e)
{
    const size_t C = k->set->bank.C;
    struct eval_choice *choice = NULL;
    struct eval_rates *rates = NULL;
    enum err rc = OK;
    TRY_OUT(rc, begin(k, f->reps, e));
    TRY_OUT(rc, mem_new(&choice, f->reps, sizeof *choice, "resamples", e));
    TRY_OUT(rc, mem_new(&rates, C, f->reps * sizeof *rates, "resamples", e));
    for (size_t rep = 0; rep < f->reps; rep++) {
        TRY_OUT(rc, choose(k, rep, k->r + rep * C, e));
        choice[rep] = (struct eval_choice){k->r + rep * C,
                                           k->forms + rep * k->set->sample.n_forms};
    }
    TRY_OUT(rc, eval_decide(&k->whole, &k->set->bank, f->reps, choice, rates, NULL, e));
    for (size_t rep = 0; rep < f->reps; rep++) {
        note(f, rep, r, k->r + rep * C, rates + rep * C);
    }
    for (size_t c = 0; c < f->n; c++) {
        f->same[c] /= (double)f->reps;
    }
    f->fits = k->fits;
    f->fits_short = k->fits_short;
out:
    mem_free(choice);
    mem_free(rates);
    return rc;
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
        TRY_OUT(rc, resample(&k, r, &f, e));
    }
    *out = f;
    f = (struct firmness){0};
out:
    firmness_deinit(&f);
    eval_job_deinit(&k.whole);
    logreg_deinit(&k.weights);
    mem_free(k.forms);
    mem_free(k.times);
    mem_free(k.first);
    mem_free(k.r);
    return rc;
}

void firmness_deinit(struct firmness *f)
{
    mem_free(f->same);
    mem_free(f->best);
    for (size_t i = 0; i < FIRM_FIGURES; i++) {
        mem_free(f->value[i]);
    }
    *f = (struct firmness){0};
}

struct concept_bounds firmness_bounds(const struct firmness *f, enum firm_figure figure,
                                      size_t c)
{
    double x[FIRMNESS_RESAMPLES];
    size_t n = 0;
    for (size_t rep = 0; rep < f->reps; rep++) {
        x[n] = f->value[figure][rep * f->n + c];
        n += isnan(x[n]) ? 0 : 1;
    }
    if (n < 2) {
        return (struct concept_bounds){(double)NAN, (double)NAN};
    }
    stats_sort(n, x);
    return (struct concept_bounds){stats_quantile_sorted(n, x, 0.025),
                                   stats_quantile_sorted(n, x, 0.975)};
}
