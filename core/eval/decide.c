/* The rule of absorption over all held-out occurrences, under any number of choices of
 * main latents at once, so that the SAE's codes are made only once. */
#include "base/mem.h"
#include "eval/evaluate_priv.h"
#include "num/blas.h"

#include <math.h>
#include <string.h>

#define BLOCK 4096 /* occurrences encoded together: what is kept of dense codes */

/* Sums over the true positives of one choice and concept. */
struct sums {
    double weight, full, fraction, fires;
};

struct decider {
    const struct eval_job *j;
    const struct probe_bank *bank;
    size_t n;
    const struct eval_choice *choice;   /* [n] */
    struct sums *sum;                   /* [n, C] */
    struct absorption_outcome *outcome; /* may be NULL */
    float *along;                       /* [C, F] probe direction . decoder row */
    float *x;                           /* [BLOCK, D] */
    struct sae_codes codes;             /* of occurrences first .. end - 1 */
    size_t first, end;
    size_t *at; /* [C] the next occurrence of a concept */
};

static void add(struct sums *s, const struct absorption_outcome *o, double weight)
{
    s->weight += weight;
    s->full += o->absorber >= 0 ? weight : 0.0;
    s->fraction += weight * (double)o->fraction;
    s->fires += o->fires ? weight : 0.0;
}

/* Decides occurrences at..end-1 of concept c under choice k. */
static void decide_range(const struct decider *d, size_t k, size_t c, size_t at,
                         size_t end, const uint8_t *is_main)
{
    const struct probe_bank *b = d->bank;
    const struct eval_choice *choice = &d->choice[k];
    const struct absorption_view v = {.codes = &d->codes,
                                      .along = d->along + c * d->j->s->F,
                                      .length = d->j->length,
                                      .scale = d->j->scale};
    const bool keep = k == 0 && d->outcome != NULL;
    for (size_t i = at; i < end; i++) {
        const uint32_t form = b->held_form[b->occ[i]];
        const double times = choice->times != NULL ? (double)choice->times[form] : 1.0;
        if (!keep && (!b->right[i] || !(times > 0.0))) {
            continue;
        }
        const struct absorption_outcome o = absorption_decide(
            &v, b->occ[i] - d->first, (double)b->projection[i], is_main);
        if (b->right[i]) {
            add(&d->sum[k * b->C + c], &o, times * b->weight[i]);
        }
        if (keep) {
            d->outcome[i] = o;
        }
    }
}

static void mark(const struct concept_result *r, uint8_t value, uint8_t *is_main)
{
    for (size_t i = 0; i < r->n_main; i++) {
        is_main[r->main_latent[i]] = value;
    }
}

static void decide_unit(void *ctx, size_t unit, size_t worker)
{
    const struct decider *d = ctx;
    const struct probe_bank *b = d->bank;
    const size_t c = (size_t)b->concept_of[unit];
    uint8_t *is_main = d->j->ws[worker].is_main;
    size_t end = d->at[c];
    while (end < b->occ_start[c + 1] && b->occ[end] < d->end) {
        end++;
    }
    for (size_t k = 0; k < d->n; k++) {
        mark(&d->choice[k].r[c], 1, is_main);
        decide_range(d, k, c, d->at[c], end, is_main);
        mark(&d->choice[k].r[c], 0, is_main);
    }
    d->at[c] = end;
}

/* Encodes the next block, which ends at d->end. */
static enum err encode_block(struct decider *d, struct errinfo *e)
{
    const struct eval_job *j = d->j;
    const struct acts_set *text = j->set->id;
    const size_t D = j->s->D;
    for (size_t i = d->first; i < d->end; i++) {
        memcpy(d->x + (i - d->first) * D, text->x + (size_t)d->bank->held_at[i] * D,
               D * sizeof *d->x);
    }
    TRY(sae_encode(j->s, d->x, d->end - d->first, j->pool, &d->codes, e));
    if (j->model_units) {
        sae_codes_raw(&d->codes, j->s);
    }
    return OK;
}

static void finish(const struct decider *d, struct eval_rates *rates)
{
    for (size_t i = 0; i < d->n * d->bank->C; i++) {
        const struct sums *s = &d->sum[i];
        const bool any = s->weight > 0.0;
        rates[i] =
            (struct eval_rates){.full = any ? s->full / s->weight : (double)NAN,
                                .fraction = any ? s->fraction / s->weight : (double)NAN,
                                .recall = any ? s->fires / s->weight : (double)NAN};
    }
}

static enum err decider_init(struct decider *d, struct errinfo *e)
{
    const struct probe_bank *b = d->bank;
    const size_t C = b->C, D = d->j->s->D, F = d->j->s->F;
    const size_t rows = b->n_held < BLOCK ? b->n_held : BLOCK;
    TRY(mem_new(&d->sum, d->n, C * sizeof *d->sum, "absorption", e));
    TRY(mem_new(&d->along, C, F * sizeof *d->along, "projections", e));
    TRY(mem_new(&d->x, rows, D * sizeof *d->x, "held-out words", e));
    TRY(mem_new(&d->at, C, sizeof *d->at, "held-out words", e));
    memcpy(d->at, b->occ_start, C * sizeof *d->at);
    gemm_f32(NO_TRANS, TRANS, C, F, D, 1.0F, b->dir, D, d->j->s->W_dec, D, 0.0F,
             d->along, F);
    return OK;
}

static void decider_deinit(struct decider *d)
{
    sae_codes_deinit(&d->codes);
    mem_free(d->sum);
    mem_free(d->along);
    mem_free(d->x);
    mem_free(d->at);
}

enum err eval_decide(const struct eval_job *j, const struct probe_bank *bank, size_t n,
                     const struct eval_choice *choice, struct eval_rates *rates,
                     struct absorption_outcome *outcome, struct errinfo *e)
{
    struct decider d = {
        .j = j, .bank = bank, .n = n, .choice = choice, .outcome = outcome};
    enum err rc = OK;
    TRY_OUT(rc, decider_init(&d, e));
    for (size_t at = 0; at < bank->n_held; at = d.end) {
        d.first = at;
        d.end = bank->n_held - at < BLOCK ? bank->n_held : at + BLOCK;
        TRY_OUT(rc, eval_poll(j->cancel, e));
        TRY_OUT(rc, encode_block(&d, e));
        pool_run(j->pool, bank->n_units, decide_unit, &d);
    }
    finish(&d, rates);
out:
    decider_deinit(&d);
    return rc;
}

/* ---- by which latents ---- */

#define ROUNDING 1e-9 /* weights this near, as a share, are a tie */

enum err absorbers_init(struct absorber_tally *t, size_t F, struct errinfo *e)
{
    *t = (struct absorber_tally){.F = F};
    return mem_new(&t->weight, F, sizeof *t->weight, "absorbers", e);
}

void absorbers_deinit(struct absorber_tally *t)
{
    mem_free(t->weight);
}

void absorbers_add(struct absorber_tally *t, int32_t latent, double weight)
{
    if (latent >= 0) {
        t->weight[latent] += weight;
        t->sum += weight;
    }
}

size_t absorbers_take(struct absorber_tally *t, int32_t latent[EVAL_ABSORBERS],
                      double share[EVAL_ABSORBERS])
{
    size_t n = 0;
    for (size_t i = 0; i < EVAL_ABSORBERS; i++) {
        latent[i] = -1;
        share[i] = 0.0;
        double most = 0.0;
        for (size_t l = 0; l < t->F && t->sum > 0.0; l++) {
            if (t->weight[l] > most * (1.0 + ROUNDING)) {
                most = t->weight[l];
                latent[i] = (int32_t)l;
            }
        }
        if (latent[i] >= 0) {
            share[i] = most / t->sum;
            t->weight[latent[i]] = 0.0;
            n++;
        }
    }
    if (t->sum > 0.0) {
        memset(t->weight, 0, t->F * sizeof *t->weight);
    }
    t->sum = 0.0;
    return n;
}
