#include "eval/details.h"

#include "base/mem.h"
#include "eval/evaluate_priv.h"
#include "measure/measure.h"

#include <math.h>
#include <string.h>

static void text(struct json_out *o, const char *key, const char *s)
{
    json_out_text(o, key, s, strlen(s));
}

static void count(struct json_out *o, const char *key, size_t n)
{
    json_out_number(o, key, (double)n);
}

void details_concepts(struct json_out *o, const struct concepts *c)
{
    json_out_array(o, "concepts");
    for (size_t k = 0; k < c->n_probed; k++) {
        json_out_object(o, NULL);
        text(o, "concept", c->def[k].name);
        text(o, "kind", concept_kind_name(c->def[k].kind));
        json_out_array(o, "tokens");
        for (size_t t = 0; t < c->vocab; t++) {
            size_t n = 0;
            const int32_t *of = concepts_probed(c, (int32_t)t, &n);
            for (size_t i = 0; i < n; i++) {
                if (of[i] == (int32_t)k) {
                    json_out_number(o, NULL, (double)t);
                }
            }
        }
        json_out_end(o);
        json_out_end(o);
    }
    json_out_end(o);
}

void details_rows(struct json_out *o, const char *key, const struct acts_set *set)
{
    json_out_object(o, key);
    count(o, "context", set->T);
    json_out_array(o, "ids");
    for (size_t i = 0; i < set->rows; i++) {
        json_out_ints(o, NULL, set->ids + i * set->T, set->T);
    }
    json_out_end(o);
    json_out_array(o, "left_out"); /* 1: a special token, or text read before */
    for (size_t i = 0; i < set->rows; i++) {
        json_out_bytes(o, NULL, set->special + i * set->T, set->T);
    }
    json_out_end(o);
    json_out_end(o);
}

void details_tokens(struct json_out *o, const struct token_tasks *t)
{
    const size_t id = t->n_train + t->n_test;
    json_out_object(o, "probing_concepts_sample");
    count(o, "train", t->n_train);
    count(o, "test", t->n_test);
    json_out_uints(o, "out_of_distribution", t->at + id, t->n_ood);
    json_out_ints(o, "tasks", t->base.id, t->base.n);
    json_out_end(o);
}

void details_sentences(struct json_out *o, const struct sentence_texts *s)
{
    json_out_array(o, "sentences");
    for (size_t k = 0; k < s->n; k++) {
        const struct sentence_text *t = &s->task[k];
        const size_t n = t->n_train + t->n_test + t->n_ood;
        json_out_object(o, NULL);
        text(o, "task", t->name);
        count(o, "train", t->n_train);
        count(o, "test", t->n_test);
        count(o, "out_of_distribution", t->n_ood);
        json_out_bytes(o, "label", t->y, n);
        if (t->spurious != NULL) {
            json_out_bytes(o, "spurious", t->spurious, n);
        }
        json_out_array(o, "ids");
        for (size_t i = 0; i < n; i++) {
            json_out_ints(o, NULL, t->ids + t->at[i], t->at[i + 1] - t->at[i]);
        }
        json_out_end(o);
        json_out_end(o);
    }
    json_out_end(o);
}

void details_figures(struct json_out *o, const struct report *r)
{
    json_out_array(o, "figures");
    for (size_t i = 0; i < r->n; i++) {
        const struct figure *f = &r->fig[i];
        json_out_object(o, NULL);
        text(o, "figure", f->path);
        json_out_number(o, "value", f->v.value);
        if (f->id != NULL) {
            text(o, "unit", f->unit);
            json_out_ints(o, "id", f->id, f->n);
            json_out_doubles(o, "sum", f->x, f->n);
            json_out_doubles(o, "weight", f->w, f->n);
        }
        json_out_end(o);
    }
    json_out_end(o);
}

/* ---- absorption ---- */

static void put_sample(struct json_out *o, const struct concept_sample *s,
                       bool activations)
{
    json_out_object(o, "sample"); /* occurrences: for ranking, other training, test */
    count(o, "rank", s->n_rank);
    count(o, "train", s->n_train);
    json_out_uints(o, "position", s->at, s->n);
    json_out_ints(o, "token", s->token, s->n);
    if (activations) {
        json_out_array(o, "activations");
        for (size_t i = 0; i < s->n; i++) {
            json_out_floats(o, NULL, s->x + i * s->D, s->D);
        }
        json_out_end(o);
    }
    json_out_end(o);
}

/* Writes the weights that are not zero. */
static void put_weights(struct json_out *o, const float *w, size_t F)
{
    json_out_object(o, "l1_weights");
    json_out_array(o, "latent");
    for (size_t j = 0; j < F; j++) {
        if (w[j] < 0.0F || w[j] > 0.0F) {
            json_out_number(o, NULL, (double)j);
        }
    }
    json_out_end(o);
    json_out_array(o, "weight");
    for (size_t j = 0; j < F; j++) {
        if (w[j] < 0.0F || w[j] > 0.0F) {
            json_out_number(o, NULL, (double)w[j]);
        }
    }
    json_out_end(o);
    json_out_end(o);
}

/* Writes the decision on each held-out occurrence, as arrays over them. */
static void put_decisions(struct json_out *o, const struct details_absorption *d,
                          size_t first, size_t n, const struct absorption_outcome *of)
{
    const struct probe_bank *b = d->bank;
    json_out_object(o, "occurrences");
#define EACH(key, value)                                                               \
    json_out_array(o, key);                                                            \
    for (size_t i = first; i < first + n; i++) {                                       \
        json_out_number(o, NULL, (double)(value));                                     \
    }                                                                                  \
    json_out_end(o)
    EACH("position", b->held_at[b->occ[i]]);
    EACH("token", d->set->sample.form_token[b->held_form[b->occ[i]]]);
    json_out_floats(o, "projection", b->projection + first, n);
    json_out_bytes(o, "right", b->right + first, n);
    EACH("weight", b->right[i] ? b->weight[i] : 0.0);
    EACH("main_fires", of[i].fires);
    EACH("absorber", of[i].absorber);
    EACH("share", of[i].share);
    EACH("fraction", of[i].fraction);
#undef EACH
    json_out_end(o);
}

static void put_resamples(struct json_out *o, const struct firmness *f)
{
    static const enum metric figure[FIRM_FIGURES] = {[FIRM_FULL] = METRIC_ABSORPTION,
                                                     [FIRM_FRACTION] =
                                                         METRIC_ABS_FRACTION,
                                                     [FIRM_RECALL] = METRIC_RECALL,
                                                     [FIRM_F1] = METRIC_F1_BEST};
    json_out_object(o, "resamples"); /* [resample][concept] */
    json_out_array(o, "best_latent");
    for (size_t rep = 0; rep < f->reps; rep++) {
        json_out_ints(o, NULL, f->best + rep * f->n, f->n);
    }
    json_out_end(o);
    for (size_t i = 0; i < FIRM_FIGURES; i++) {
        json_out_array(o, measure_leaf(figure[i]));
        for (size_t rep = 0; rep < f->reps; rep++) {
            json_out_doubles(o, NULL, f->value[i] + rep * f->n, f->n);
        }
        json_out_end(o);
    }
    json_out_end(o);
}

static void put_concept(struct json_out *o, const struct details_absorption *d,
                        size_t c, const float *weights, const struct concept_result *r,
                        const struct eval_rates *rates,
                        const struct absorption_outcome *outcome)
{
    const struct probe_bank *b = d->bank;
    json_out_object(o, NULL);
    text(o, "concept", d->concepts->def[c].name);
    json_out_bool(o, "eligible", r->eligible);
    json_out_number(o, "probe_f1", b->f1[c]);
    json_out_floats(o, "probe_direction", b->dir + c * b->D, b->D);
    json_out_number(o, "probe_cut", (double)b->cut[c]);
    if (weights != NULL) {
        put_weights(o, weights, d->sae->F);
        json_out_ints(o, "main_latents", r->main_latent, r->n_main);
        json_out_number(o, measure_leaf(METRIC_F1_BEST), r->f1_best);
        if (d->firm != NULL) {
            json_out_number(o, measure_leaf(METRIC_FIRMNESS), d->firm->same[c]);
        }
        if (d->spread != NULL) {
            json_out_doubles(o, "f1_of_first_latents", d->spread->f1[c],
                             d->spread->latents[c]);
        }
        json_out_number(o, measure_leaf(METRIC_ABSORPTION), rates->full);
        json_out_number(o, measure_leaf(METRIC_ABS_FRACTION), rates->fraction);
        json_out_number(o, measure_leaf(METRIC_RECALL), rates->recall);
        put_decisions(o, d, b->occ_start[c], b->occ_start[c + 1] - b->occ_start[c],
                      outcome);
    }
    json_out_end(o);
}

/* The choice and its decisions, with what they are based on. */
struct again {
    struct eval_job j;
    struct logreg weights;
    struct concept_result *r;           /* [C] */
    struct eval_rates *rates;           /* [C] */
    struct absorption_outcome *outcome; /* [occurrences of the bank] */
};

static enum err make_again(struct again *k, const struct probe_bank *b,
                           struct errinfo *e)
{
    struct eval_split unused = {0};
    TRY(eval_job_init(&k->j, e));
    k->j.keep = &k->weights;
    TRY(mem_new(&k->r, b->C, sizeof *k->r, "details", e));
    TRY(mem_new(&k->rates, b->C, sizeof *k->rates, "details", e));
    TRY(eval_job_select(&k->j, b, k->r, &unused, e));
    if (b->n_units == 0) {
        return OK;
    }
    const struct eval_choice choice = {.r = k->r};
    TRY(mem_new(&k->outcome, b->occ_start[b->C], sizeof *k->outcome, "details", e));
    return eval_decide(&k->j, b, 1, &choice, k->rates, k->outcome, e);
}

static void put_concepts(struct json_out *o, const struct again *k,
                         const struct details_absorption *d)
{
    const struct probe_bank *b = d->bank;
    size_t unit = 0;
    json_out_array(o, "concepts");
    for (size_t c = 0; c < b->C; c++) {
        const bool counts = unit < b->n_units && b->concept_of[unit] == (int32_t)c;
        const float *w = counts ? k->weights.w + unit++ * d->sae->F : NULL;
        put_concept(o, d, c, w, &k->r[c], &k->rates[c], k->outcome);
    }
    json_out_end(o);
}

enum err details_absorption(struct json_out *o, const struct details_absorption *d,
                            struct errinfo *e)
{
    struct again k = {.j = {.set = d->set,
                            .s = d->sae,
                            .pool = d->pool,
                            .cancel = d->cancel,
                            .model_units = d->model_units}};
    const enum err rc = make_again(&k, d->bank, e);
    if (rc == OK) {
        json_out_object(o, d->key);
        put_sample(o, &d->set->sample, d->activations);
        json_out_floats(o, "mean", d->set->sample.mean, d->set->sample.D);
        put_concepts(o, &k, d);
        if (d->firm != NULL) {
            put_resamples(o, d->firm);
        }
        json_out_end(o);
    }
    eval_job_deinit(&k.j);
    logreg_deinit(&k.weights);
    mem_free(k.r);
    mem_free(k.rates);
    mem_free(k.outcome);
    return rc;
}

/* ---- words ---- */

void details_words(struct json_out *o, const char *key, const struct concepts *c,
                   const struct word_result *word, size_t n)
{
    json_out_array(o, key);
    for (size_t i = 0; i < n; i++) {
        const struct word_result *w = &word[i];
        json_out_object(o, NULL);
        text(o, "concept", c->def[w->concept].name);
        json_out_number(o, "token", (double)w->token);
        text(o, "verdict", word_verdict_name(w->verdict));
        count(o, "occurrences", w->occurrences);
        count(o, "main_latent_fires", w->fires);
        count(o, "right", w->right);
        count(o, "right_main_latent_fires", w->held);
        count(o, "absorbed", w->absorbed);
        json_out_number(o, measure_leaf(METRIC_ABS_FRACTION), w->fraction);
        json_out_array(o, "absorbers");
        for (size_t a = 0; a < EVAL_ABSORBERS && w->absorber[a].latent >= 0; a++) {
            json_out_object(o, NULL);
            json_out_number(o, "latent", (double)w->absorber[a].latent);
            count(o, "times", w->absorber[a].times);
            json_out_number(o, "projection", w->absorber[a].projection);
            json_out_end(o);
        }
        json_out_end(o);
        json_out_end(o);
    }
    json_out_end(o);
}
