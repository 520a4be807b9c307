#include "base/clock.h"
#include "base/mem.h"
#include "eval/absorption.h"
#include "eval/evaluate_priv.h"
#include "eval/fidelity.h"
#include "eval/spread.h"
#include "num/stats.h"

#include <math.h>
#include <string.h>

#define BOOTSTRAP_REPS 1000

enum err eval_job_init(struct eval_job *j, struct errinfo *e)
{
    const struct concept_sample *m = &j->set->sample;
    TRY(sae_encode(j->s, m->x, m->n, j->pool, &j->codes, e));
    if (j->model_units) {
        sae_codes_raw(&j->codes, j->s);
    }
    return eval_job_open(j, e);
}

enum err eval_job_open(struct eval_job *j, struct errinfo *e)
{
    TRY(code_columns_init(&j->columns, j->s->F, &j->codes, e));
    return eval_job_begin(j, e);
}

enum err eval_job_begin(struct eval_job *j, struct errinfo *e)
{
    const size_t D = j->s->D;
    const size_t F = j->s->F;
    j->scale = j->model_units ? 1.0 : (double)j->s->scale;
    TRY(mem_new(&j->length, F, sizeof *j->length, "decoder norms", e));
    for (size_t i = 0; i < F; i++) {
        double square = 0.0;
        for (size_t k = 0; k < D; k++) {
            const double w = (double)j->s->W_dec[i * D + k];
            square += w * w;
        }
        j->length[i] = (float)sqrt(square);
    }
    TRY(mem_new(&j->ws, pool_threads(j->pool), sizeof *j->ws, "absorption", e));
    for (size_t i = 0; i < pool_threads(j->pool); i++) {
        TRY(absorption_ws_init(&j->ws[i], j->set->sample.n, F, e));
        j->ws[i].tally = &j->tally;
    }
    return OK;
}

void eval_job_deinit(struct eval_job *j)
{
    for (size_t i = 0; j->ws != NULL && i < pool_threads(j->pool); i++) {
        absorption_ws_deinit(&j->ws[i]);
    }
    mem_free(j->ws);
    mem_free(j->length);
    code_columns_deinit(&j->columns);
    sae_codes_deinit(&j->codes);
}

/* ---- which latents
 * -------------------------------------------------------------------- */

struct form_job {
    const struct eval_job *j;
    const struct probe_bank *bank;
    const float *weights; /* [n_units, F] L1 probes */
    struct concept_result *r;
};

/* The spread of concept c from its L1 weights w. Its probes are not among those that
 * `fits` counts. */
static double spread_by(const struct eval_job *j, const float *w, size_t c,
                        struct absorption_ws *ws)
{
    int32_t best[EVAL_MAX_MAIN];
    double f1[EVAL_MAX_MAIN];
    struct logreg_tally *counted = ws->tally;
    ws->tally = NULL;
    const size_t n = ksparse_f1(&j->set->sample, &j->columns, w, c, ws, best, f1);
    ws->tally = counted;
    return spread_fewest(f1, n);
}

static void select_unit(void *ctx, size_t unit, size_t worker)
{
    const struct form_job *k = ctx;
    const struct eval_job *j = k->j;
    const size_t c = (size_t)k->bank->concept_of[unit];
    struct absorption_ws *ws = &j->ws[worker];
    const float *w = k->weights + unit * j->s->F;
    ksparse_select(k->bank->form, &j->set->sample, &j->columns, w, c, ws, &k->r[c]);
    if (j->fits) {
        ksparse_fits(&j->set->sample, &j->columns, c, ws, &k->r[c]);
    }
    if (j->spread) {
        k->r[c].spread = spread_by(j, w, c, ws);
    }
}

/* Fills in what comes from the probes alone; the rest stays as for a concept that is
 * not eligible. */
static void begin_results(const struct probe_bank *b, struct concept_result *r)
{
    for (size_t c = 0; c < b->C; c++) {
        r[c] = concept_result_none((int32_t)c);
        r[c].probe_f1 = b->f1[c];
        r[c].true_positives = b->hits[c];
    }
    for (size_t i = 0; i < b->n_units; i++) {
        r[b->concept_of[i]].eligible = true;
    }
}

enum err eval_job_select(struct eval_job *j, const struct probe_bank *bank,
                         struct concept_result *r, struct eval_split *split,
                         struct errinfo *e)
{
    struct logreg weights = {0};
    const int64_t begun = clock_ns();
    begin_results(bank, r);
    if (bank->n_units == 0) {
        return OK;
    }
    TRY(ksparse_weights(bank, &j->set->sample, &j->codes, j->s->F, j->set->cfg.seed,
                        j->start, j->pool, j->cancel, &weights, e));
    logreg_count(&j->tally, &weights);
    struct form_job k = {.j = j, .bank = bank, .weights = weights.w, .r = r};
    pool_run(j->pool, bank->n_units, select_unit, &k);
    if (j->keep != NULL) {
        *j->keep = weights;
    } else {
        logreg_deinit(&weights);
    }
    split->selection += clock_seconds_since(begun);
    return eval_poll(j->cancel, e);
}

/* ---- what becomes of their words
 * -------------------------------------------------------------------- */

/* Names the latents that absorbed most of concept c; words count alike. */
static void name_absorbers(const struct probe_bank *b, size_t c,
                           const struct absorption_outcome *o, struct absorber_tally *t,
                           struct concept_result *r)
{
    for (size_t i = b->occ_start[c]; i < b->occ_start[c + 1]; i++) {
        if (b->right[i] && o[i].absorber >= 0) {
            absorbers_add(t, o[i].absorber, b->weight[i]);
            r->absorbed++;
        }
    }
    (void)absorbers_take(t, r->absorber, r->absorber_share);
}

/* Finds the rest of r, whose main latents are known; and the words, into `words`, if
 * the bank is the set's. */
static enum err decide(const struct eval_job *j, const struct probe_bank *bank,
                       struct concept_result *r, struct eval_result *words,
                       struct eval_split *split, struct errinfo *e)
{
    const struct eval_choice choice = {.r = r};
    const int64_t begun = clock_ns();
    struct eval_rates *rates = NULL;
    struct absorption_outcome *outcome = NULL;
    struct absorber_tally tally = {0};
    enum err rc = OK;
    if (bank->n_units == 0) {
        return OK;
    }
    const size_t all = bank->occ_start[bank->C];
    TRY_OUT(rc, mem_new(&rates, bank->C, sizeof *rates, "absorption", e));
    TRY_OUT(rc, mem_new(&outcome, all, sizeof *outcome, "absorption", e));
    TRY_OUT(rc, absorbers_init(&tally, j->s->F, e));
    TRY_OUT(rc, eval_decide(j, bank, 1, &choice, rates, outcome, e));
    for (size_t u = 0; u < bank->n_units; u++) {
        const size_t c = (size_t)bank->concept_of[u];
        r[c].full = rates[c].full;
        r[c].fraction = rates[c].fraction;
        r[c].recall = rates[c].recall;
        name_absorbers(bank, c, outcome, &tally, &r[c]);
    }
    if (words != NULL) {
        TRY_OUT(rc, eval_words(j->set, outcome, j->s->F, &words->word, &words->n_words,
                               j->set->cfg.evidence ? &words->evidence : NULL, e));
    }
    split->decision += clock_seconds_since(begun);
out:
    mem_free(rates);
    mem_free(outcome);
    absorbers_deinit(&tally);
    return rc;
}

/* ---- families
 * ------------------------------------------------------------------------ */

static enum err interval_of(size_t n, const double *x, const int32_t *cluster,
                            uint64_t seed, struct estimate *out, struct errinfo *e)
{
    struct stats_interval v;
    TRY(stats_bootstrap(n, x, NULL, cluster, n, BOOTSTRAP_REPS, 0.95, seed, &v, e));
    *out = (struct estimate){v.mean, v.low, v.high};
    if (n < 2) { /* one concept has no spread to speak of */
        out->lo = NAN;
        out->hi = NAN;
    }
    return OK;
}

/* Means over the eligible concepts of a kind, intervals by resampling concepts. */
static enum err summarise(const struct eval_set *set, enum concept_kind kind,
                          const struct concept_result *r, struct absorption_family *out,
                          struct errinfo *e)
{
    const size_t C = set->sample.n_concepts;
    const struct estimate none = {NAN, NAN, NAN};
    double *x = NULL; /* full, fraction, recall: [3, C] */
    int32_t *cluster = NULL;
    double f1 = 0.0;
    size_t n = 0;
    enum err rc = OK;
    *out = (struct absorption_family){none, none, none, NAN, 0, 0};
    TRY_OUT(rc, mem_new(&x, C, 3 * sizeof *x, "families", e));
    TRY_OUT(rc, mem_new(&cluster, C, sizeof *cluster, "families", e));
    for (size_t c = 0; c < C; c++) {
        if (set->kind[c] != kind || !r[c].eligible) {
            continue;
        }
        x[n] = r[c].full;
        x[C + n] = r[c].fraction;
        x[2 * C + n] = r[c].recall;
        f1 += r[c].f1_best;
        out->true_positives += r[c].true_positives;
        cluster[n] = (int32_t)n;
        n++;
    }
    out->eligible = n;
    if (n == 0) {
        goto out;
    }
    out->f1_best = f1 / (double)n;
    const uint64_t seed = set->cfg.seed;
    TRY_OUT(rc, interval_of(n, x, cluster, seed, &out->full, e));
    TRY_OUT(rc, interval_of(n, x + C, cluster, seed, &out->fraction, e));
    TRY_OUT(rc, interval_of(n, x + 2 * C, cluster, seed, &out->recall, e));
out:
    mem_free(x);
    mem_free(cluster);
    return rc;
}

static enum err main_form(struct eval_job *j, struct eval_result *out,
                          struct errinfo *e)
{
    const struct eval_set *set = j->set;
    TRY(eval_job_select(j, &set->bank, out->concept, &out->split, e));
    TRY(decide(j, &set->bank, out->concept, out, &out->split, e));
    out->fits = atomic_load(&j->tally.fits) + set->bank.fitted;
    out->fits_short = atomic_load(&j->tally.short_of) + set->bank.short_of;
    const int64_t begun = clock_ns();
    TRY(summarise(set, CONCEPT_LEAF, out->concept, &out->leaf, e));
    TRY(summarise(set, CONCEPT_SUPER, out->concept, &out->super, e));
    TRY(summarise(set, CONCEPT_LETTER, out->concept, &out->letter, e));
    out->split.decision += clock_seconds_since(begun);
    return OK;
}

/* ---- all of it
 * ----------------------------------------------------------------------- */

/* Counts the sample's words that are not in the rows. */
static size_t words_beyond(const struct concept_sample *s,
                           const struct fidelity_rows *rows)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        n += s->at[i] >= rows->rows * rows->set->T;
    }
    return n;
}

static enum err reconstruction(struct eval_job *j, struct harvester *h,
                               struct eval_result *out, struct errinfo *e)
{
    const struct eval_set *set = j->set;
    const size_t F = j->s->F;
    struct fidelity id;
    struct fidelity ood;
    uint8_t *fired = NULL;
    uint8_t *fired_ood = NULL;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&fired, F, sizeof *fired, "latents", e));
    TRY_OUT(rc, mem_new(&fired_ood, F, sizeof *fired_ood, "latents", e));
    TRY_OUT(rc,
            fidelity_measure(&set->fid_id, j->s, h, j->pool, j->cancel, fired, &id, e));
    TRY_OUT(rc, fidelity_measure(&set->fid_ood, j->s, h, j->pool, j->cancel, fired_ood,
                                 &ood, e));
    out->rows = set->fid_id.rows;
    out->ce_rows = h != NULL ? set->fid_id.ce_rows : 0;
    out->rows_ood = set->fid_ood.rows;
    out->ce_rows_ood = h != NULL ? set->fid_ood.ce_rows : 0;
    out->l0 = id.l0;
    out->l0_ood = ood.l0;
    out->mse = id.mse;
    out->explained_variance = id.explained_variance;
    out->explained_variance_ood = ood.explained_variance;
    out->ce_clean = set->fid_id.ce_clean;
    out->ce_zero = set->fid_id.ce_zero;
    out->ce_sae = id.ce_sae;
    out->ce_recovered = id.ce_recovered;
    out->ce_clean_ood = set->fid_ood.ce_clean;
    out->ce_zero_ood = set->fid_ood.ce_zero;
    out->ce_sae_ood = ood.ce_sae;
    out->ce_recovered_ood = ood.ce_recovered;
    size_t dead = 0;
    for (size_t i = 0; i < F; i++) {
        const bool in_sample = j->columns.start[i + 1] > j->columns.start[i];
        dead += !fired[i] && !in_sample;
    }
    out->dead_fraction = (double)dead / (double)F;
    out->dead_tokens = set->fid_id.tokens + words_beyond(&set->sample, &set->fid_id);
out:
    mem_free(fired);
    mem_free(fired_ood);
    return rc;
}

static enum err run(struct eval_job *j, struct harvester *h, struct eval_result *out,
                    struct errinfo *e)
{
    int64_t begun = clock_ns();
    TRY(eval_poll(j->cancel, e));
    TRY(eval_job_init(j, e));
    out->split.encode = clock_seconds_since(begun);
    begun = clock_ns();
    TRY(reconstruction(j, h, out, e));
    out->split.fidelity = clock_seconds_since(begun);
    out->n_concepts = j->set->sample.n_concepts;
    TRY(mem_new(&out->concept, out->n_concepts, sizeof *out->concept, "concepts", e));
    out->absorption_saebench = (double)NAN;
    return main_form(j, out, e);
}

enum err eval_check_width(const struct eval_set *set, const struct sae *s,
                          struct errinfo *e)
{
    if (s->D != set->id->D) {
        return err_set(e, ERR_USAGE,
                       "evaluation: the SAE is for activations of width %zu, expected "
                       "%zu as the model's",
                       s->D, set->id->D);
    }
    return OK;
}

static enum err run_job(struct eval_job *j, struct harvester *h,
                        struct eval_result *out, struct errinfo *e)
{
    const int64_t begun = clock_ns();
    struct eval_result r = {0};
    TRY(eval_check_width(j->set, j->s, e));
    j->fits = true;
    const enum err rc = run(j, h, &r, e);
    eval_job_deinit(j);
    if (rc != OK) {
        eval_result_deinit(&r);
        return rc;
    }
    r.seconds = clock_seconds_since(begun);
    *out = r;
    return OK;
}

enum err evaluate(const struct eval_set *set, const struct sae *s, struct harvester *h,
                  struct pool *pool, const atomic_bool *cancel, struct eval_result *out,
                  struct errinfo *e)
{
    struct eval_job j = {.set = set, .s = s, .pool = pool, .cancel = cancel};
    return run_job(&j, h, out, e);
}

enum err evaluate_spread(const struct eval_set *set, const struct sae *s,
                         struct harvester *h, struct pool *pool,
                         const atomic_bool *cancel, struct eval_result *out,
                         struct errinfo *e)
{
    struct eval_job j = {
        .set = set, .s = s, .pool = pool, .cancel = cancel, .spread = true};
    return run_job(&j, h, out, e);
}

enum err eval_saebench_bank(const struct eval_set *set, struct pool *pool,
                            const atomic_bool *cancel, struct probe_bank *out,
                            struct errinfo *e)
{
    const size_t C = set->n_leaf > 0 ? set->n_leaf : set->n_common;
    return probe_bank_init(out, FORM_SAEBENCH, C, &set->sample, set->id, &set->cfg, 0,
                           pool, cancel, e);
}

enum err saebench_bank_new(const struct eval_set *set, struct pool *pool,
                           const atomic_bool *cancel, struct probe_bank **out,
                           struct errinfo *e)
{
    struct probe_bank *b = NULL;
    TRY(mem_new(&b, 1, sizeof *b, "probes", e));
    const enum err rc = eval_saebench_bank(set, pool, cancel, b, e);
    if (rc != OK) {
        mem_free(b);
        return rc;
    }
    *out = b;
    return OK;
}

void saebench_bank_free(struct probe_bank *b)
{
    if (b) {
        probe_bank_deinit(b);
        mem_free(b);
    }
}

/* SAEBench's mean: over every concept whose probe's F1 is above the limit, however many
 * hits it has. SAEBench's further condition, at least 20 such letters or no result, has
 * no meaning for other families. */
enum err evaluate_saebench(const struct eval_set *set, const struct probe_bank *bank,
                           const struct sae *s, struct pool *pool,
                           const atomic_bool *cancel, struct eval_result *r,
                           struct errinfo *e)
{
    struct eval_job j = {
        .set = set, .s = s, .pool = pool, .cancel = cancel, .model_units = true};
    struct probe_bank own = {0};
    struct concept_result *c = NULL;
    struct eval_split unused = {0};
    double sum = 0.0;
    enum err rc = OK;
    TRY(eval_check_width(set, s, e));
    if (bank == NULL) {
        TRY_OUT(rc, eval_saebench_bank(set, pool, cancel, &own, e));
        bank = &own;
    }
    TRY_OUT(rc, eval_job_init(&j, e));
    TRY_OUT(rc, mem_new(&c, bank->C, sizeof *c, "absorption", e));
    TRY_OUT(rc, eval_job_select(&j, bank, c, &unused, e));
    TRY_OUT(rc, decide(&j, bank, c, NULL, &unused, e));
    for (size_t i = 0; i < bank->n_units; i++) {
        sum += c[bank->concept_of[i]].full;
    }
    r->saebench_eligible = bank->n_units;
    r->absorption_saebench =
        bank->n_units > 0 ? sum / (double)bank->n_units : (double)NAN;
out:
    mem_free(c);
    eval_job_deinit(&j);
    probe_bank_deinit(&own);
    return rc;
}
