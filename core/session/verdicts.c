#include "session/verdicts.h"

#include "run/conditions.h"

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

/* Pairs by seeds of weights alone: all arms of a run read one text. */
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

/* Whether a setting of one was changed during training (even if changed back) and the
 * other's was not. What came before a fork belongs to both. */
static bool was_changed(const struct session_view *v, const struct cond_view *one,
                        const struct cond_view *other)
{
    const int64_t shared =
        one->forked_at > other->forked_at ? one->forked_at : other->forked_at;
    for (size_t i = 0; i < v->n_events; i++) {
        const struct event_view *ev = &v->event[i];
        bool both = ev->step <= shared;
        if (ev->letter != one->letter ||
            conditions_change_kind(ev->kind) != CHANGE_SETTINGS) {
            continue;
        }
        for (size_t k = 0; k < v->n_events && !both; k++) {
            const struct event_view *x = &v->event[k];
            both = x->letter == other->letter && x->step == ev->step &&
                   strcmp(x->kind, ev->kind) == 0 && strcmp(x->text, ev->text) == 0;
        }
        if (!both) {
            return true;
        }
    }
    return false;
}

/* Returns the step of an arm's last evaluation; -1: there was none. */
static double last_step(const struct session_view *v, size_t arm)
{
    const struct series *s = &v->arm[arm].series[METRIC_EV];
    return s->n > 0 ? s->x[s->n - 1] : -1.0;
}

/* Returns the first of these pairs whose arms' last evaluations were at different
 * steps, as when an arm was added late; n: there is none. */
static size_t apart(const struct session_view *v, const size_t *a, const size_t *b,
                    size_t n)
{
    size_t i = 0;
    while (i < n && last_step(v, a[i]) == last_step(v, b[i])) {
        i++;
    }
    return i;
}

/* Finds reasons for a difference other than the masks or a random decoder. x, y: the
 * arms of each pair. */
static void find_why(const struct session_view *v, const size_t *x, const size_t *y,
                     struct view_verdicts *out)
{
    const struct cond_view *a = &v->cond[out->of], *b = &v->cond[out->baseline];
    const double l0_a = a->last[METRIC_L0_CLEAN], l0_b = b->last[METRIC_L0_CLEAN];
    const size_t late = apart(v, x, y, out->pairs);
    const double at_a = late < out->pairs ? last_step(v, x[late]) : -1.0;
    const double at_b = late < out->pairs ? last_step(v, y[late]) : -1.0;
    if (at_a >= 0.0 && at_b >= 0.0) {
        snprintf(out->why, sizeof out->why, "%c is of step %.0f, %c of step %.0f",
                 a->letter, at_a, b->letter, at_b);
    } else if (a->k < b->k || a->k > b->k) {
        snprintf(out->why, sizeof out->why, "k %.10g against %.10g", a->k, b->k);
    } else if (a->random != b->random ? a->beyond_decoder != b->beyond_decoder
                                      : a->beyond_masks != b->beyond_masks) {
        snprintf(out->why, sizeof out->why, "%c and %c differ in more than masks",
                 a->letter, b->letter);
    } else if (was_changed(v, a, b) || was_changed(v, b, a)) {
        snprintf(out->why, sizeof out->why, "%c changed on the way",
                 was_changed(v, a, b) ? a->letter : b->letter);
    } else if (isfinite(l0_a) && isfinite(l0_b) && verdict_l0_apart(l0_a, l0_b)) {
        snprintf(out->why, sizeof out->why, "clean L0 %.3g against %.3g", l0_a, l0_b);
    }
}

/* Whether all arms compared were measured at the planned step. */
static bool at_plan(const struct session_view *v, const size_t *arm, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (last_step(v, arm[i]) < (double)v->planned) {
            return false;
        }
    }
    return n > 0;
}

/* Returns the planned seeds, at least two, as one establishes nothing. */
static size_t planned_seeds(size_t planned)
{
    return planned > 2 ? planned : 2;
}

void cost_of_looking(size_t planned, double *widening, size_t *regained)
{
    const size_t n = planned_seeds(planned);
    *widening = paired_widening(n, n, VERDICT_LEVEL);
    *regained = paired_regains(n, VERDICT_LEVEL);
}

/* Makes the rows of condition `of` minus another, before they are judged. Measures that
 * only a full evaluation has count for Holm all the same, as they are one list:
 * otherwise a difference could be established here that Compare leaves open. */
static void rows_between(const struct session_view *v, const size_t *a, const size_t *b,
                         size_t pairs, size_t first, struct verdict_row *row)
{
    double before[VIEW_ARMS], after[VIEW_ARMS];
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        const struct verdict_measure_def *def = verdict_measure_def(m);
        const bool live = def->metric < METRIC_COUNT;
        for (size_t i = 0; i < pairs; i++) {
            after[i] = live ? v->arm[a[i]].last[def->metric] : (double)NAN;
            before[i] = live ? v->arm[b[i]].last[def->metric] : (double)NAN;
        }
        verdict_row_of(m, def->margin, pairs, before, after, first, &row[m]);
        row[m].d.p = live ? row[m].d.p : 1.0;
    }
}

static size_t find_control(const struct session_view *v, size_t of)
{
    bool random[VIEW_CONDS];
    uint64_t beyond[VIEW_CONDS];
    for (size_t c = 0; c < v->n_conds; c++) {
        random[c] = v->cond[c].random;
        beyond[c] = v->cond[c].beyond_decoder;
    }
    return verdict_control(random, beyond, v->n_conds, of);
}

static enum err hold_against_control(const struct session_view *v, size_t of,
                                     struct view_verdicts *out, struct errinfo *e)
{
    size_t a[VIEW_ARMS], b[VIEW_ARMS];
    struct verdict_row row[VERDICT_MEASURE_COUNT];
    out->control = find_control(v, of);
    if (out->control == v->n_conds) {
        return OK;
    }
    const size_t pairs = pairs_of(v, of, out->control, a, b);
    if (pairs == 0 || apart(v, a, b, pairs) < pairs) {
        out->control = v->n_conds;
        return OK;
    }
    rows_between(v, a, b, pairs, paired_first(pairs, v->seeds_planned), row);
    TRY(verdict_decide(row, VERDICT_MEASURE_COUNT, e));
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        out->within_random[m] = verdict_is_within(&row[m]);
    }
    return OK;
}

bool view_verdicts_of(const struct session_view *v, size_t of,
                      struct view_verdicts *out)
{
    size_t a[VIEW_ARMS], b[VIEW_ARMS];
    struct errinfo e;
    memset(out, 0, sizeof *out);
    out->of = of;
    out->baseline = view_baseline(v);
    if (v->n_conds < 2 || of >= v->n_conds || of == out->baseline) {
        return false;
    }
    out->pairs = pairs_of(v, of, out->baseline, a, b);
    out->first = paired_first(out->pairs, v->seeds_planned);
    out->planned = at_plan(v, a, out->pairs) && at_plan(v, b, out->pairs);
    find_why(v, a, b, out);
    rows_between(v, a, b, out->pairs, out->first, out->row);
    if (verdict_judge(out->row, VERDICT_MEASURE_COUNT, out->first, &e) != OK) {
        return false;
    }
    if (!out->planned) {
        verdict_so_far(out->row, VERDICT_MEASURE_COUNT);
    }
    return hold_against_control(v, of, out, &e) == OK;
}
