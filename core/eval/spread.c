#include "eval/spread.h"

#include "base/mem.h"
#include "eval/evaluate_priv.h"

#include <math.h>

struct spread_job {
    const struct eval_job *j;
    const float *weights; /* [n_units, F] L1 probes */
    struct spread *out;
};

static void one_unit(void *ctx, size_t unit, size_t worker)
{
    const struct spread_job *k = ctx;
    const struct eval_job *j = k->j;
    const size_t c = (size_t)j->set->bank.concept_of[unit];
    int32_t best[EVAL_MAX_MAIN];
    k->out->latents[c] =
        ksparse_f1(&j->set->sample, &j->columns, k->weights + unit * j->s->F, c,
                   &j->ws[worker], best, k->out->f1[c]);
}

enum err spread_measure(const struct eval_set *set, const struct sae *s,
                        const struct eval_result *r, struct pool *pool,
                        const atomic_bool *cancel, struct spread *out,
                        struct errinfo *e)
{
    const size_t C = set->bank.C;
    struct eval_job j = {.set = set, .s = s, .pool = pool, .cancel = cancel};
    struct logreg weights = {0};
    struct concept_result *again = NULL;
    struct eval_split unused = {0};
    struct spread k = {.n = r->n_concepts};
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&k.latents, C, sizeof *k.latents, "spread", e));
    TRY_OUT(rc, mem_new(&k.f1, C, sizeof *k.f1, "spread", e));
    TRY_OUT(rc, mem_new(&again, C, sizeof *again, "spread", e));
    TRY_OUT(rc, eval_job_init(&j, e));
    j.keep = &weights;
    TRY_OUT(rc, eval_job_select(&j, &set->bank, again, &unused, e));
    struct spread_job job = {.j = &j, .weights = weights.w, .out = &k};
    pool_run(pool, set->bank.n_units, one_unit, &job);
    TRY_OUT(rc, eval_poll(cancel, e));
    k.fits = atomic_load(&j.tally.fits);
    k.fits_short = atomic_load(&j.tally.short_of);
    *out = k;
    k = (struct spread){0};
out:
    spread_deinit(&k);
    mem_free(again);
    logreg_deinit(&weights);
    eval_job_deinit(&j);
    return rc;
}

void spread_deinit(struct spread *s)
{
    mem_free(s->latents);
    mem_free(s->f1);
    *s = (struct spread){0};
}

double spread_fewest(const double *f1, size_t n)
{
    size_t k = 1;
    if (n == 0) {
        return (double)NAN;
    }
    while (k < n && f1[k - 1] < SPREAD_SHARE * f1[n - 1]) {
        k++;
    }
    return (double)k;
}

double spread_of(const struct spread *s, size_t c)
{
    return spread_fewest(s->f1[c], s->latents[c]);
}
