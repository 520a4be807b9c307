#include "eval/evaluate_priv.h"

#include "base/clock.h"
#include "base/mem.h"
#include "eval/absorption.h"
#include "eval/fidelity.h"
#include "num/blas.h"
#include "num/stats.h"

#include <math.h>
#include <string.h>

#define BOOTSTRAP_REPS 1000

enum err eval_job_init(struct eval_job *j, bool model_units, struct errinfo *e)
{
    const struct concept_sample *m = &j->set->sample;
    TRY(sae_encode(j->s, m->x, m->n, j->pool, &j->codes, e));
    j->scale = (double)j->s->scale;
    if (model_units) {
        sae_codes_raw(&j->codes, j->s);
        j->scale = 1.0;
    }
    return eval_job_open(j, e);
}

enum err eval_job_open(struct eval_job *j, struct errinfo *e)
{
    const size_t D = j->s->D;
    const size_t F = j->s->F;
    TRY(code_columns_init(&j->columns, F, &j->codes, e));
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

/* ---- one form of absorption over its concepts
 * ---------------------------------------- */

struct form_job {
    const struct eval_job *j;
    const struct probe_bank *bank;
    const float *weights; /* [n_units, F] L1 probes */
    const float *along;   /* [C, F] probe direction . decoder row */
    struct concept_result *r;
    bool decide; /* else select */
};

static void form_block(void *ctx, size_t unit, size_t worker)
{
    const struct form_job *k = ctx;
    const struct eval_job *j = k->j;
    const size_t F = j->s->F;
    const size_t c = (size_t)k->bank->concept_of[unit];
    struct absorption_ws *ws = &j->ws[worker];
    if (!k->decide) {
        ksparse_select(k->bank->form, &j->set->sample, &j->columns,
                       k->weights + unit * F, c, ws, &k->r[c]);
        return;
    }
    const struct absorption_view v = {.codes = &j->codes,
                                      .F = F,
                                      .along = k->along + c * F,
                                      .length = j->length,
                                      .scale = j->scale};
    absorption_decide(k->bank, &v, c, ws, &k->r[c]);
}

/* What the probes alone say; the rest as for a concept that is not eligible. */
static void begin_results(const struct probe_bank *b, struct concept_result *r)
{
    const double none = (double)NAN;
    for (size_t c = 0; c < b->C; c++) {
        r[c] = (struct concept_result){.concept = (int32_t)c,
                                       .probe_f1 = b->f1[c],
                                       .true_positives =
                                           b->hit_start[c + 1] - b->hit_start[c],
                                       .full = none,
                                       .fraction = none,
                                       .recall = none,
                                       .f1_best = none,
                                       .firmness = none,
                                       .f1_heldout = none};
        for (size_t i = 0; i < EVAL_MAX_MAIN; i++) {
            r[c].main_latent[i] = -1;
        }
        for (size_t i = 0; i < EVAL_ABSORBERS; i++) {
            r[c].absorber[i] = -1;
        }
    }
    for (size_t i = 0; i < b->n_units; i++) {
        r[b->concept_of[i]].eligible = true;
    }
}

enum err eval_job_run(struct eval_job *j, const struct probe_bank *bank,
                         struct concept_result *r, struct eval_split *split,
                         struct errinfo *e)
{
    const size_t C = bank->C;
    const size_t D = j->s->D;
    const size_t F = j->s->F;
    struct logreg weights = {0};
    float *along = NULL;
    enum err rc = OK;
    int64_t begun = clock_ns();
    begin_results(bank, r);
    if (bank->n_units == 0) {
        return OK;
    }
    TRY_OUT(rc, ksparse_weights(bank, &j->set->sample, &j->codes, F, j->set->cfg.seed,
                                j->start, j->pool, j->cancel, &weights, e));
    logreg_count(&j->tally, &weights);
    struct form_job k = {.j = j, .bank = bank, .weights = weights.w, .r = r};
    pool_run(j->pool, bank->n_units, form_block, &k);
    split->selection += clock_seconds_since(begun);
    TRY_OUT(rc, eval_poll(j->cancel, e));
    begun = clock_ns();
    TRY_OUT(rc, mem_new(&along, C, F * sizeof *along, "projections", e));
    gemm_f32(NO_TRANS, TRANS, C, F, D, 1.0F, bank->dir, D, j->s->W_dec, D, 0.0F, along,
             F);
    k.along = along;
    k.decide = true;
    pool_run(j->pool, bank->n_units, form_block, &k);
    split->decision += clock_seconds_since(begun);
out:
    mem_free(along);
    if (rc == OK && j->keep != NULL) {
        *j->keep = weights;
        return OK;
    }
    logreg_deinit(&weights);
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

static enum err main_form(struct eval_job *j, struct eval_result *out, struct errinfo *e)
{
    const struct eval_set *set = j->set;
    TRY(eval_job_run(j, &set->bank, out->concept, &out->split, e));
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
    out->ce_rows = set->fid_id.ce_rows;
    out->rows_ood = set->fid_ood.rows;
    out->ce_rows_ood = set->fid_ood.ce_rows;
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
    out->dead_tokens = set->fid_id.tokens + set->sample.n;
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
    TRY(eval_job_init(j, false, e));
    out->split.encode = clock_seconds_since(begun);
    begun = clock_ns();
    TRY(reconstruction(j, h, out, e));
    out->split.fidelity = clock_seconds_since(begun);
    out->n_concepts = j->set->sample.n_concepts;
    TRY(mem_new(&out->concept, out->n_concepts, sizeof *out->concept, "concepts", e));
    out->absorption_saebench = (double)NAN;
    return main_form(j, out, e);
}

static enum err check_width(const struct eval_set *set, const struct sae *s,
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

enum err evaluate(const struct eval_set *set, const struct sae *s, struct harvester *h,
                  struct pool *pool, const atomic_bool *cancel, struct eval_result *out,
                  struct errinfo *e)
{
    const int64_t begun = clock_ns();
    struct eval_result r = {0};
    struct eval_job j = {.set = set, .s = s, .pool = pool, .cancel = cancel};
    TRY(check_width(set, s, e));
    const enum err rc = run(&j, h, &r, e);
    eval_job_deinit(&j);
    if (rc != OK) {
        eval_result_deinit(&r);
        return rc;
    }
    r.seconds = clock_seconds_since(begun);
    *out = r;
    return OK;
}

enum err eval_saebench_bank(const struct eval_set *set, struct pool *pool,
                            const atomic_bool *cancel, struct probe_bank *out,
                            struct errinfo *e)
{
    const size_t C = set->n_leaf > 0 ? set->n_leaf : set->sample.n_concepts;
    return probe_bank_init(out, FORM_SAEBENCH, C, &set->sample, &set->cfg, 0, pool,
                           cancel, e);
}

/* SAEBench's mean: every concept whose probe's F1 is above the limit, however many hits
 * it has. Its further condition, at least 20 such letters or no result, has no meaning
 * for other families. */
enum err evaluate_saebench(const struct eval_set *set, const struct probe_bank *bank,
                           const struct sae *s, struct pool *pool,
                           const atomic_bool *cancel, struct eval_result *r,
                           struct errinfo *e)
{
    struct eval_job j = {.set = set, .s = s, .pool = pool, .cancel = cancel};
    struct probe_bank own = {0};
    struct concept_result *c = NULL;
    struct eval_split unused = {0};
    double sum = 0.0;
    enum err rc = OK;
    TRY(check_width(set, s, e));
    if (bank == NULL) {
        TRY_OUT(rc, eval_saebench_bank(set, pool, cancel, &own, e));
        bank = &own;
    }
    TRY_OUT(rc, eval_job_init(&j, true, e));
    TRY_OUT(rc, mem_new(&c, bank->C, sizeof *c, "absorption", e));
    TRY_OUT(rc, eval_job_run(&j, bank, c, &unused, e));
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

enum err evaluate_absorbers(const struct eval_set *set, const struct sae *s,
                            struct pool *pool, const struct eval_result *r, int32_t *by,
                            struct errinfo *e)
{
    const struct probe_bank *bank = &set->bank;
    struct eval_job j = {.set = set, .s = s, .pool = pool};
    float *along = NULL;
    enum err rc = OK;
    TRY(check_width(set, s, e));
    for (size_t i = 0; i < bank->hit_start[bank->C]; i++) {
        by[i] = -1;
    }
    TRY_OUT(rc, eval_job_init(&j, false, e));
    TRY_OUT(rc, mem_new(&along, bank->C, s->F * sizeof *along, "projections", e));
    gemm_f32(NO_TRANS, TRANS, bank->C, s->F, s->D, 1.0F, bank->dir, s->D, s->W_dec,
             s->D, 0.0F, along, s->F);
    for (size_t u = 0; u < bank->n_units; u++) {
        const size_t c = (size_t)bank->concept_of[u];
        struct concept_result again = r->concept[c];
        const struct absorption_view v = {.codes = &j.codes,
                                          .F = s->F,
                                          .along = along + c * s->F,
                                          .length = j.length,
                                          .scale = j.scale,
                                          .absorbed_by = by};
        absorption_decide(bank, &v, c, &j.ws[0], &again);
    }
out:
    mem_free(along);
    eval_job_deinit(&j);
    return rc;
}
