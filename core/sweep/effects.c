/* Paired effects of masking: a condition against the same condition without masking. */
#include "base/mem.h"
#include "num/paired.h"
#include "sweep/sweep_table.h"

#include <math.h>

/* ---- conditions ---- */

bool sweep_condition_complete(const struct sweep_plan *p,
                              const struct sweep_result *results, size_t condition)
{
    const struct sweep_condition *a = &p->condition[condition];
    for (size_t i = 0; i < a->n_cells; i++) {
        if (!results[a->cell[i]].done) {
            return false;
        }
    }
    return a->n_cells > 0;
}

bool sweep_condition_compared(const struct sweep_plan *p,
                              const struct sweep_result *results, size_t condition)
{
    const size_t base = p->condition[condition].baseline;
    return base != SWEEP_NONE && sweep_condition_complete(p, results, condition) &&
           sweep_condition_complete(p, results, base);
}

/* ---- pairs ---- */

/* Values of one measure by seed, in a condition and in its baseline. */
struct pairs {
    size_t n;
    uint64_t *seed;
    double *before, *after; /* [n] */
};

static void pairs_deinit(struct pairs *q)
{
    mem_free(q->seed);
    mem_free(q->before);
    mem_free(q->after);
}

static enum err pairs_init(struct pairs *q, size_t most, struct errinfo *e)
{
    *q = (struct pairs){0};
    TRY(mem_new(&q->seed, most, sizeof *q->seed, "pairs", e));
    TRY(mem_new(&q->before, most, sizeof *q->before, "pairs", e));
    TRY(mem_new(&q->after, most, sizeof *q->after, "pairs", e));
    return OK;
}

/* Pairs up a condition: cells of both sides are in the order of their seeds. `q` has
 * room for the condition's cells. */
static void pair_up(const struct sweep_plan *p, const struct sweep_result *results,
                    size_t condition, size_t measure, struct pairs *q)
{
    const struct sweep_condition *a = &p->condition[condition];
    const struct sweep_condition *b = &p->condition[a->baseline];
    q->n = 0;
    for (size_t i = 0, j = 0; i < a->n_cells; i++) {
        const uint64_t seed = p->cell[a->cell[i]].seed;
        while (j < b->n_cells && p->cell[b->cell[j]].seed < seed) {
            j++;
        }
        if (j == b->n_cells || p->cell[b->cell[j]].seed != seed) {
            continue;
        }
        const struct sweep_result *x = &results[b->cell[j]], *y = &results[a->cell[i]];
        if (x->done && y->done && isfinite(x->v[measure]) && isfinite(y->v[measure])) {
            q->seed[q->n] = seed;
            q->before[q->n] = x->v[measure];
            q->after[q->n++] = y->v[measure];
        }
    }
}

static void effect_of(const struct pairs *q, struct sweep_effect *x)
{
    struct paired d;
    paired_of(q->n, q->before, q->after, 0, SWEEP_LEVEL, &d);
    x->pairs = d.n;
    x->before = d.before;
    x->after = d.after;
    x->lower = d.lower;
    x->higher = d.higher;
    x->by = d.by;
    x->p = d.p;
}

static enum err adjust(struct sweep_set set, struct sweep_effect *out,
                       struct errinfo *e)
{
    double p[SWEEP_MEASURES_ALL] = {0};
    const size_t n = set.end - set.first;
    for (size_t i = 0; i < n; i++) {
        p[i] = out[set.first + i].p;
    }
    TRY(stats_holm(n, p, p, e));
    for (size_t i = 0; i < n; i++) {
        out[set.first + i].p_holm = p[i];
    }
    return OK;
}

enum err sweep_effects(const struct sweep_plan *p, const struct sweep_result *results,
                       size_t condition, struct sweep_effect *out, struct errinfo *e)
{
    const struct sweep_set set = sweep_set(p);
    struct pairs q;
    if (p->condition[condition].baseline == SWEEP_NONE) {
        return err_set(e, ERR_USAGE, "%s: no unmasked condition to compare with",
                       p->condition[condition].label);
    }
    enum err rc = pairs_init(&q, p->condition[condition].n_cells, e);
    for (size_t m = set.first; rc == OK && m < set.end; m++) {
        pair_up(p, results, condition, m, &q);
        out[m] = (struct sweep_effect){
            .condition = condition, .measure = m, .conditions = 1};
        effect_of(&q, &out[m]);
    }
    pairs_deinit(&q);
    TRY(rc);
    return adjust(set, out, e);
}

/* ---- what the plan can show ---- */

static size_t planned_pairs(const struct sweep_plan *p, size_t condition)
{
    const struct sweep_condition *a = &p->condition[condition];
    const struct sweep_condition *b = &p->condition[a->baseline];
    size_t n = 0;
    for (size_t i = 0; i < a->n_cells; i++) {
        for (size_t j = 0; j < b->n_cells; j++) {
            n += p->cell[a->cell[i]].seed == p->cell[b->cell[j]].seed ? 1 : 0;
        }
    }
    return n;
}

static double smallest(size_t pairs, double alpha)
{
    const struct paired d = {.n = pairs, .sd = 1.0};
    return pairs < 2 ? (double)NAN : paired_smallest(&d, 0, alpha);
}

struct sweep_power sweep_power_of(const struct sweep_plan *p)
{
    const struct sweep_set set = sweep_set(p);
    struct sweep_power w = {.measures = set.end - set.first};
    const double holm = SWEEP_ALPHA / (double)w.measures;
    for (size_t a = 0; a < p->n_conditions; a++) {
        const size_t n =
            p->condition[a].baseline == SWEEP_NONE ? 0 : planned_pairs(p, a);
        w.pairs = n > 0 && (w.pairs == 0 || n < w.pairs) ? n : w.pairs;
    }
    w.one = smallest(w.pairs, SWEEP_ALPHA);
    w.adjusted = smallest(w.pairs, holm);
    w.one_twice = smallest(2 * w.pairs, SWEEP_ALPHA);
    w.adjusted_twice = smallest(2 * w.pairs, holm);
    return w;
}

/* ---- averages ---- */

/* Keeps in `sum` only the seeds that `one` also has, and adds its values. */
static void add_pairs(struct pairs *sum, const struct pairs *one)
{
    size_t kept = 0;
    for (size_t i = 0, j = 0; i < sum->n; i++) {
        while (j < one->n && one->seed[j] < sum->seed[i]) {
            j++;
        }
        if (j < one->n && one->seed[j] == sum->seed[i]) {
            sum->seed[kept] = sum->seed[i];
            sum->before[kept] = sum->before[i] + one->before[j];
            sum->after[kept++] = sum->after[i] + one->after[j];
        }
    }
    sum->n = kept;
}

static void copy_pairs(struct pairs *to, const struct pairs *from)
{
    to->n = from->n;
    for (size_t i = 0; i < from->n; i++) {
        to->seed[i] = from->seed[i];
        to->before[i] = from->before[i];
        to->after[i] = from->after[i];
    }
}

static void average_one(const struct sweep_plan *p, const struct sweep_result *results,
                        const struct sweep_part *part, struct pairs *sum,
                        struct pairs *one, struct sweep_effect *x)
{
    sum->n = 0;
    for (size_t i = 0; i < part->n_conditions; i++) {
        if (!sweep_condition_compared(p, results, part->condition[i])) {
            continue;
        }
        pair_up(p, results, part->condition[i], x->measure, one);
        if (one->n == 0) {
            continue;
        }
        if (x->conditions == 0) {
            copy_pairs(sum, one);
        } else {
            add_pairs(sum, one);
        }
        x->conditions++;
    }
    for (size_t i = 0; i < sum->n; i++) {
        sum->before[i] /= (double)x->conditions;
        sum->after[i] /= (double)x->conditions;
    }
    effect_of(sum, x);
}

enum err sweep_average(const struct sweep_plan *p, const struct sweep_result *results,
                       size_t part, struct sweep_effect *out, struct errinfo *e)
{
    const struct sweep_set set = sweep_set(p);
    struct pairs sum = {0}, one = {0};
    const struct sweep_part *q = &p->part[part];
    size_t most = 0;
    for (size_t i = 0; i < q->n_conditions; i++) {
        const size_t n = p->condition[q->condition[i]].n_cells;
        most = n > most ? n : most;
    }
    enum err rc = pairs_init(&sum, most, e);
    rc = rc == OK ? pairs_init(&one, most, e) : rc;
    for (size_t m = set.first; rc == OK && m < set.end; m++) {
        out[m] = (struct sweep_effect){.condition = SWEEP_NONE, .measure = m};
        average_one(p, results, q, &sum, &one, &out[m]);
    }
    pairs_deinit(&sum);
    pairs_deinit(&one);
    TRY(rc);
    return adjust(set, out, e);
}

/* ---- verdicts ---- */

enum sweep_verdict sweep_verdict_of(const struct sweep_effect *x)
{
    if (x->pairs < 2) {
        return SWEEP_TOO_FEW;
    }
    if (x->lower + x->higher == 0) {
        return SWEEP_SAME;
    }
    if (!(x->p_holm < SWEEP_ALPHA)) {
        return SWEEP_UNDECIDED;
    }
    return x->by.mean < 0.0 ? SWEEP_LOWER : SWEEP_HIGHER;
}

const char *sweep_verdict_text(enum sweep_verdict v)
{
    switch (v) {
    case SWEEP_LOWER: return "lower";
    case SWEEP_HIGHER: return "higher";
    case SWEEP_SAME: return "the same";
    case SWEEP_TOO_FEW: return "too few pairs";
    case SWEEP_UNDECIDED: break;
    }
    return "not established";
}

int sweep_interval_side(const struct sweep_effect *x)
{
    return x->by.high < 0.0 ? -1 : x->by.low > 0.0 ? 1 : 0;
}
