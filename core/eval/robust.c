#include "eval/robust.h"

#include "base/mem.h"
#include "measure/measure.h"

#include <math.h>

struct robust_sums {
    double *change, *both; /* [F] */
    size_t *fires;         /* [F] positions where it fires in either text */
};

static void note(struct robust_sums *k, int32_t j, double change, double both)
{
    k->change[j] += change;
    k->both[j] += both;
    k->fires[j]++;
}

/* Merges the ascending codes of one position. */
static void add_position(struct robust_sums *k, const struct sae_codes *a,
                         const struct sae_codes *b, size_t i)
{
    size_t p = a->start[i], q = b->start[i];
    while (p < a->start[i + 1] || q < b->start[i + 1]) {
        const bool left = p < a->start[i + 1];
        const bool right = q < b->start[i + 1];
        const double x = left ? (double)a->val[p] : 0.0;
        const double y = right ? (double)b->val[q] : 0.0;
        if (left && right && a->id[p] == b->id[q]) {
            note(k, a->id[p], fabs(x - y), x + y);
            p++;
            q++;
        } else if (left && (!right || a->id[p] < b->id[q])) {
            note(k, a->id[p], x, x);
            p++;
        } else {
            note(k, b->id[q], y, y);
            q++;
        }
    }
}

static enum err figures(const struct robust_sums *k, size_t F, struct report *r,
                        struct errinfo *e)
{
    double *x = NULL;
    double change = 0.0, both = 0.0;
    cJSON *list = cJSON_CreateArray();
    enum err rc = mem_new(&x, F, sizeof *x, "robustness", e);
    for (size_t j = 0; j < F && rc == OK; j++) {
        const bool known = k->fires[j] >= ROBUST_LEAST && k->both[j] > 0.0;
        x[j] = known ? 1.0 - k->change[j] / k->both[j] : (double)NAN;
        change += k->change[j];
        both += k->both[j];
        (void)cJSON_AddItemToArray(list, known ? cJSON_CreateNumber(x[j])
                                               : cJSON_CreateNull());
    }
    if (rc == OK) {
        rc = report_ratio(r, F, NULL, x, NULL, "latents", e, "%s",
                          measure_at(METRIC_ROBUSTNESS)->path);
    }
    if (rc == OK) {
        rc = report_value(r, both > 0.0 ? 1.0 - change / both : (double)NAN, e,
                          "robustness.weighted");
    }
    mem_free(x);
    if (rc != OK) {
        cJSON_Delete(list);
        return rc;
    }
    return report_list(r, "robustness_of_latents", list, e);
}

static void put_details(const struct robust_text *t, const struct robust_sums *k,
                        size_t F, struct json_out *o)
{
    const size_t T = t->set->T;
    json_out_object(o, "robustness");
    json_out_array(o, "ids"); /* as masked */
    for (size_t i = 0; i < t->rows; i++) {
        json_out_ints(o, NULL, t->ids + i * T, T);
    }
    json_out_end(o);
    json_out_array(o, "masked");
    for (size_t i = 0; i < t->rows; i++) {
        json_out_bytes(o, NULL, t->masked + i * T, T);
    }
    json_out_end(o);
    json_out_doubles(o, "change", k->change, F);
    json_out_doubles(o, "both", k->both, F);
    json_out_end(o);
}

enum err robust_text_init(struct robust_text *t, const struct acts_set *set,
                          size_t rows, const struct mask_spec *mask, uint64_t seed,
                          struct harvester *h, struct errinfo *e)
{
    const size_t used = rows < set->rows ? rows : set->rows;
    const size_t n = used * set->T;
    struct mask_spec spec = *mask;
    enum err rc = OK;
    *t = (struct robust_text){.set = set, .rows = used};
    spec.seed = seed;
    TRY_OUT(rc, mem_new(&t->ids, n, sizeof *t->ids, "masked text", e));
    TRY_OUT(rc, mem_new(&t->masked, n, sizeof *t->masked, "masked text", e));
    TRY_OUT(rc, mem_new(&t->x, n, set->D * sizeof *t->x, "masked text", e));
    (void)mask_apply(&spec, ROBUST_RATE, 0, set->ids, used, set->T, t->ids, t->masked);
    harvest_rows(h, t->ids, used, t->x);
out:
    if (rc != OK) {
        robust_text_deinit(t);
    }
    return rc;
}

void robust_text_deinit(struct robust_text *t)
{
    mem_free(t->masked);
    mem_free(t->ids);
    mem_free(t->x);
    *t = (struct robust_text){0};
}

enum err robust_measure(const struct robust_text *t, const struct sae *s,
                        struct pool *pool, struct report *r, struct errinfo *e)
{
    const struct acts_set *set = t->set;
    const size_t n = t->rows * set->T;
    struct robust_sums k = {0};
    struct sae_codes clean = {0}, masked = {0};
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&k.change, s->F, sizeof *k.change, "robustness", e));
    TRY_OUT(rc, mem_new(&k.both, s->F, sizeof *k.both, "robustness", e));
    TRY_OUT(rc, mem_new(&k.fires, s->F, sizeof *k.fires, "robustness", e));
    TRY_OUT(rc, sae_encode(s, set->x, n, pool, &clean, e));
    TRY_OUT(rc, sae_encode(s, t->x, n, pool, &masked, e));
    for (size_t i = 0; i < n; i++) {
        if (!set->special[i] && !t->masked[i]) {
            add_position(&k, &clean, &masked, i);
        }
    }
    TRY_OUT(rc, figures(&k, s->F, r, e));
    if (r->details != NULL) {
        put_details(t, &k, s->F, r->details);
    }
out:
    sae_codes_deinit(&clean);
    sae_codes_deinit(&masked);
    mem_free(k.change);
    mem_free(k.both);
    mem_free(k.fires);
    return rc;
}
