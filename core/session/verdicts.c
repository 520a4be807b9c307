#include "session/verdicts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

size_t view_baseline(const struct session_view *v)
{
    bool unmasked[VIEW_CONDS];
    for (size_t c = 0; c < v->n_conds; c++) {
        unmasked[c] = v->cond[c].unmasked;
    }
    return verdict_baseline(unmasked, v->n_conds);
}

/* All arms of a run read one text. */
static size_t pairs_of(const struct session_view *v, size_t a, size_t b, size_t *of_a,
                       size_t *of_b)
{
    size_t of[VIEW_ARMS];
    struct paired_seed seed[VIEW_ARMS];
    for (size_t i = 0; i < v->n_arms; i++) {
        of[i] = v->arm[i].cond;
        seed[i] = (struct paired_seed){0, v->arm[i].weights};
    }
    return paired_by_seed(v->n_arms, of, seed, a, b, of_a, of_b);
}

/* Reasons for a difference that are none of the masks'. */
static void find_why(const struct session_view *v, struct view_verdicts *out)
{
    const struct cond_view *a = &v->cond[out->of], *b = &v->cond[out->baseline];
    const double x = a->last[METRIC_L0_CLEAN], y = b->last[METRIC_L0_CLEAN];
    if (a->k < b->k || a->k > b->k) {
        snprintf(out->why, sizeof out->why, "k %.10g against %.10g", a->k, b->k);
    } else if (a->beyond_masks != b->beyond_masks) {
        snprintf(out->why, sizeof out->why, "%c and %c differ in more than masks",
                 a->letter, b->letter);
    } else if (isfinite(x) && isfinite(y) && verdict_l0_apart(x, y)) {
        snprintf(out->why, sizeof out->why, "clean L0 %.3g against %.3g", x, y);
    }
}

/* Whether all arms compared were measured at the planned step. */
static bool at_plan(const struct session_view *v, const size_t *arm, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct series *s = &v->arm[arm[i]].series[METRIC_EV];
        if (s->n == 0 || s->x[s->n - 1] < (double)v->planned) {
            return false;
        }
    }
    return n > 0;
}

/* Seeds that were planned: two at least, as one establishes nothing. */
static size_t planned_seeds(const struct session_view *v)
{
    return v->seeds_planned > 2 ? v->seeds_planned : 2;
}

void view_cost_of_looking(const struct session_view *v, double *widening,
                          size_t *regained)
{
    const size_t n = planned_seeds(v);
    *widening = paired_widening(n, n, VERDICT_LEVEL);
    *regained = paired_regains(n, VERDICT_LEVEL);
}

bool view_verdicts_of(const struct session_view *v, size_t of,
                      struct view_verdicts *out)
{
    size_t a[VIEW_ARMS], b[VIEW_ARMS];
    double before[VIEW_ARMS], after[VIEW_ARMS];
    struct errinfo e;
    memset(out, 0, sizeof *out);
    out->of = of;
    out->baseline = view_baseline(v);
    if (v->n_conds < 2 || of >= v->n_conds || of == out->baseline) {
        return false;
    }
    out->pairs = pairs_of(v, of, out->baseline, a, b);
    out->first =
        v->seeds_planned > 0 && out->pairs > v->seeds_planned ? planned_seeds(v) : 0;
    out->planned = at_plan(v, a, out->pairs) && at_plan(v, b, out->pairs);
    find_why(v, out);
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        const struct verdict_measure_def *def = verdict_measure_def(m);
        const bool live = def->metric < METRIC_COUNT;
        for (size_t i = 0; i < out->pairs; i++) {
            after[i] = live ? v->arm[a[i]].last[def->metric] : (double)NAN;
            before[i] = live ? v->arm[b[i]].last[def->metric] : (double)NAN;
        }
        verdict_row_of(m, def->margin, out->pairs, before, after, out->first,
                       &out->row[m]);
    }
    return verdict_judge(out->row, VERDICT_MEASURE_COUNT, out->first, &e) == OK;
}
