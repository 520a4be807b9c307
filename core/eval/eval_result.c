/* Results of an evaluation: release, copy, eval.json. */
#include "base/json.h"
#include "base/mem.h"
#include "eval/rule.h"
#include "measure/measure.h"

#include <math.h>
#include <string.h>

struct concept_result concept_result_none(int32_t concept)
{
    const double none = (double)NAN;
    const struct concept_bounds no_bounds = {none, none};
    struct concept_result r = {.concept = concept,
                               .probe_f1 = none,
                               .full = none,
                               .fraction = none,
                               .recall = none,
                               .f1_best = none,
                               .firmness = none,
                               .f1_heldout = none,
                               .spread = none,
                               .full_by = no_bounds,
                               .fraction_by = no_bounds,
                               .recall_by = no_bounds,
                               .f1_by = no_bounds};
    for (size_t i = 0; i < EVAL_MAX_MAIN; i++) {
        r.main_latent[i] = -1;
        r.fit[i] = (struct firing_fit){NAN, NAN, NAN};
    }
    for (size_t i = 0; i < EVAL_ABSORBERS; i++) {
        r.absorber[i] = -1;
    }
    return r;
}

bool concept_result_is_main(const struct concept_result *r, int32_t latent)
{
    bool is = false;
    for (size_t i = 0; i < r->n_main; i++) {
        is = is || r->main_latent[i] == latent;
    }
    return is;
}

double concept_result_taken(const struct concept_result *r, size_t i)
{
    return r->full * r->absorber_share[i];
}

void eval_result_deinit(struct eval_result *r)
{
    mem_free(r->concept);
    mem_free(r->word);
    absorption_evidence_unref(r->evidence);
    memset(r, 0, sizeof *r);
}

enum err eval_result_copy(const struct eval_result *r, struct eval_result *out,
                          struct errinfo *e)
{
    struct concept_result *c = NULL;
    struct word_result *w = NULL;
    TRY(mem_new(&c, r->n_concepts, sizeof *c, "evaluation", e));
    const enum err rc = mem_new(&w, r->n_words, sizeof *w, "evaluation", e);
    if (rc != OK) {
        mem_free(c);
        return rc;
    }
    if (r->n_concepts > 0) {
        memcpy(c, r->concept, r->n_concepts * sizeof *c);
    }
    if (r->n_words > 0) {
        memcpy(w, r->word, r->n_words * sizeof *w);
    }
    *out = *r;
    out->concept = c;
    out->word = w;
    out->evidence = r->evidence != NULL ? absorption_evidence_ref(r->evidence) : NULL;
    return OK;
}

/* A tree being built: the first failed allocation sticks. */
struct tree {
    bool failed;
};

static void put(struct tree *t, cJSON *to, const char *key, cJSON *item)
{
    if (item == NULL || to == NULL) {
        cJSON_Delete(item);
        t->failed = true;
    } else if (key == NULL ? !cJSON_AddItemToArray(to, item)
                           : !cJSON_AddItemToObject(to, key, item)) {
        cJSON_Delete(item);
        t->failed = true;
    }
}

/* NaN, "not measured", becomes null. */
static void put_number(struct tree *t, cJSON *to, const char *key, double v)
{
    put(t, to, key, isfinite(v) ? cJSON_CreateNumber(v) : cJSON_CreateNull());
}

static cJSON *put_object(struct tree *t, cJSON *to, const char *key)
{
    cJSON *o = cJSON_CreateObject();
    put(t, to, key, o);
    return t->failed ? NULL : o;
}

static cJSON *put_array(struct tree *t, cJSON *to, const char *key)
{
    cJSON *a = cJSON_CreateArray();
    put(t, to, key, a);
    return t->failed ? NULL : a;
}

/* {"value": v, "interval": [lo, hi]} */
static void put_estimate(struct tree *t, cJSON *to, const char *key,
                         const struct estimate *v)
{
    cJSON *o = put_object(t, to, key);
    put_number(t, o, "value", v->value);
    cJSON *a = put_array(t, o, "interval");
    put_number(t, a, NULL, v->lo);
    put_number(t, a, NULL, v->hi);
}

static void put_live(struct tree *t, cJSON *root, const struct eval_result *r)
{
    cJSON *live = put_object(t, root, "live");
    cJSON *o = put_object(t, live, "in_distribution");
    put_number(t, o, "rows", (double)r->rows);
    put_number(t, o, "ce_rows", (double)r->ce_rows);
    put_number(t, o, "l0", r->l0);
    put_number(t, o, "mse", r->mse);
    put_number(t, o, measure_leaf(METRIC_EV), r->explained_variance);
    put_number(t, o, measure_leaf(METRIC_CE_REC), r->ce_recovered);
    put_number(t, o, "ce_clean", r->ce_clean);
    put_number(t, o, "ce_sae", r->ce_sae);
    put_number(t, o, "ce_zero", r->ce_zero);
    o = put_object(t, live, "out_of_distribution");
    put_number(t, o, "rows", (double)r->rows_ood);
    put_number(t, o, "ce_rows", (double)r->ce_rows_ood);
    put_number(t, o, "l0", r->l0_ood);
    put_number(t, o, measure_leaf(METRIC_EV), r->explained_variance_ood);
    put_number(t, o, measure_leaf(METRIC_CE_REC), r->ce_recovered_ood);
    put_number(t, o, "ce_clean", r->ce_clean_ood);
    put_number(t, o, "ce_sae", r->ce_sae_ood);
    put_number(t, o, "ce_zero", r->ce_zero_ood);
    o = put_object(t, live, "latents");
    put_number(t, o, "tokens", (double)r->dead_tokens);
    put_number(t, o, "dead", r->dead_fraction);
    o = put_object(t, live, "seconds");
    put_number(t, o, "total", r->seconds);
    put_number(t, o, "encode", r->split.encode);
    put_number(t, o, "fidelity", r->split.fidelity);
    put_number(t, o, "selection", r->split.selection);
    put_number(t, o, "decision", r->split.decision);
}

static void put_family(struct tree *t, cJSON *to, const char *key,
                       const struct absorption_family *f)
{
    cJSON *o = put_object(t, to, key);
    put_estimate(t, o, measure_leaf(METRIC_ABSORPTION), &f->full);
    put_estimate(t, o, measure_leaf(METRIC_ABS_FRACTION), &f->fraction);
    put_estimate(t, o, measure_leaf(METRIC_RECALL), &f->recall);
    put_number(t, o, measure_leaf(METRIC_F1_BEST), f->f1_best);
    put_number(t, o, measure_leaf(METRIC_ELIGIBLE), (double)f->eligible);
    put_number(t, o, measure_leaf(METRIC_TRUE_POS), (double)f->true_positives);
}

static void put_bounds(struct tree *t, cJSON *to, const char *key,
                       struct concept_bounds by)
{
    cJSON *a = put_array(t, to, key);
    put_number(t, a, NULL, by.lo);
    put_number(t, a, NULL, by.hi);
}

/* [token, occurrences, fires, right, held, absorbed, fraction] and, for each absorber,
 * latent, times, projection: the counts from which its verdict follows. */
static void put_word(struct tree *t, cJSON *list, const struct word_result *w)
{
    const double count[] = {
        (double)w->token, (double)w->occurrences, (double)w->fires, (double)w->right,
        (double)w->held,  (double)w->absorbed,    w->fraction};
    cJSON *a = cJSON_CreateArray();
    put(t, list, NULL, a);
    for (size_t i = 0; i < sizeof count / sizeof count[0] && !t->failed; i++) {
        put_number(t, a, NULL, count[i]);
    }
    for (size_t i = 0; i < EVAL_ABSORBERS && w->absorber[i].latent >= 0 && !t->failed;
         i++) {
        put_number(t, a, NULL, (double)w->absorber[i].latent);
        put_number(t, a, NULL, (double)w->absorber[i].times);
        put_number(t, a, NULL, w->absorber[i].projection);
    }
}

/* word [n]: those of the concept. */
static void put_concept(struct tree *t, cJSON *list, const struct concept_result *r,
                        const struct word_result *word, size_t n,
                        const struct concepts *c)
{
    cJSON *o = put_object(t, list, NULL);
    if (c != NULL && (size_t)r->concept < c->n) {
        const struct concept_def *d = &c->def[r->concept];
        put(t, o, "concept", cJSON_CreateString(d->name));
        put(t, o, "kind", cJSON_CreateString(concept_kind_name(d->kind)));
    }
    put(t, o, "eligible", cJSON_CreateBool(r->eligible));
    put_number(t, o, "probe_f1", r->probe_f1);
    put_number(t, o, measure_leaf(METRIC_TRUE_POS), (double)r->true_positives);
    put_number(t, o, measure_leaf(METRIC_ABSORPTION), r->full);
    put_number(t, o, measure_leaf(METRIC_ABS_FRACTION), r->fraction);
    put_number(t, o, measure_leaf(METRIC_RECALL), r->recall);
    put_number(t, o, measure_leaf(METRIC_F1_BEST), r->f1_best);
    put_number(t, o, measure_leaf(METRIC_F1_HELDOUT), r->f1_heldout);
    put_number(t, o, measure_leaf(METRIC_FIRMNESS), r->firmness);
    put_number(t, o, measure_leaf(METRIC_SPREAD), r->spread);
    cJSON *by = put_object(t, o, "intervals");
    put_bounds(t, by, measure_leaf(METRIC_ABSORPTION), r->full_by);
    put_bounds(t, by, measure_leaf(METRIC_ABS_FRACTION), r->fraction_by);
    put_bounds(t, by, measure_leaf(METRIC_RECALL), r->recall_by);
    put_bounds(t, by, measure_leaf(METRIC_F1_BEST), r->f1_by);
    cJSON *latents = put_array(t, o, "main_latents");
    for (size_t i = 0; i < r->n_main; i++) {
        put_number(t, latents, NULL, (double)r->main_latent[i]);
    }
    cJSON *fits = put_array(t, o, "main_latent_fits"); /* F1, precision, recall */
    for (size_t i = 0; i < r->n_main; i++) {
        cJSON *a = put_array(t, fits, NULL);
        put_number(t, a, NULL, (double)r->fit[i].f1);
        put_number(t, a, NULL, (double)r->fit[i].precision);
        put_number(t, a, NULL, (double)r->fit[i].recall);
    }
    cJSON *absorbers = put_array(t, o, "absorbers");
    for (size_t i = 0; i < EVAL_ABSORBERS && r->absorber[i] >= 0; i++) {
        cJSON *a = put_object(t, absorbers, NULL);
        put_number(t, a, "latent", (double)r->absorber[i]);
        put_number(t, a, "share", r->absorber_share[i]);
    }
    cJSON *words = put_array(t, o, "words");
    for (size_t i = 0; i < n && !t->failed; i++) {
        put_word(t, words, &word[i]);
    }
}

static void put_all(struct tree *t, cJSON *root, const struct eval_result *r,
                    const struct concepts *c)
{
    put_number(t, root, "step", (double)r->step);
    put_live(t, root, r);
    cJSON *o = put_object(t, root, "absorption");
    put_family(t, o, "leaf", &r->leaf);
    put_family(t, o, "super", &r->super);
    put_family(t, o, "letter", &r->letter);
    put_number(t, o, "saebench", r->absorption_saebench);
    put_number(t, o, "saebench_eligible_concepts", (double)r->saebench_eligible);
    o = put_object(t, root, "resamples"); /* behind best_latent_firmness */
    put_number(t, o, "count", (double)r->resamples);
    put(t, o, "unit", cJSON_CreateString("word forms"));
    o = put_object(t, root, "fits");
    put_number(t, o, "count", (double)r->fits);
    put_number(t, o, "short_of_minimum", (double)r->fits_short);
    cJSON *list = put_array(t, root, "concepts");
    for (size_t i = 0, at = 0; i < r->n_concepts && !t->failed; i++) {
        size_t n = 0;
        while (at + n < r->n_words && (size_t)r->word[at + n].concept == i) {
            n++;
        }
        put_concept(t, list, &r->concept[i], n > 0 ? r->word + at : NULL, n, c);
        at += n;
    }
}

enum err eval_result_tree(const struct eval_result *r, const struct concepts *c,
                          cJSON **out, struct errinfo *e)
{
    struct tree t = {false};
    cJSON *root = cJSON_CreateObject();
    if (root != NULL) {
        put_all(&t, root, r, c);
    }
    if (root == NULL || t.failed) {
        cJSON_Delete(root);
        return err_set(e, ERR_NOMEM, "eval.json: out of memory");
    }
    *out = root;
    return OK;
}

enum err eval_result_json(const struct eval_result *r, const struct concepts *c,
                          struct str *out, struct errinfo *e)
{
    cJSON *root = NULL;
    TRY(eval_result_tree(r, c, &root, e));
    const enum err rc = json_print(root, out, e);
    cJSON_Delete(root);
    return rc;
}
