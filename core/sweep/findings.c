/* The numbers that the tables of a sweep are made from. */
#include "base/mem.h"
#include "sweep/table_priv.h"

#include <math.h>

/* A condition among three or more is an outlier if its difference is at least this many
 * times as large as any other, and changes the average as printed. */
#define OUTLIER_TIMES 5.0

static size_t outlier_of(const struct findings *f, size_t part, size_t m)
{
    const struct findings_part *q = &f->part[part];
    const double digit = pow(10.0, -sweep_measure_def(m)->digits);
    double most = 0.0, next = 0.0;
    size_t at = SWEEP_NONE, n = 0;
    for (size_t i = 0; i < q->n; i++) {
        const double d = fabs(f->condition[q->condition[i]].effect[m].by.mean);
        n += isfinite(d) ? 1 : 0;
        next = fmax(next, fmin(d, most));
        at = d > most ? q->condition[i] : at;
        most = fmax(most, d);
    }
    const bool large = most > OUTLIER_TIMES * next && most - next > digit * (double)n;
    return n >= 3 && large ? at : SWEEP_NONE;
}

/* Computes the averages of a part without one of its conditions. */
static enum err average_without(const struct findings *f, size_t part, size_t condition,
                                struct sweep_effect *out, struct errinfo *e)
{
    const struct findings_part *from = &f->part[part];
    struct sweep_part q = {0};
    struct sweep_plan p = *f->plan;
    TRY(mem_new(&q.condition, from->n, sizeof *q.condition, "conditions", e));
    for (size_t i = 0; i < from->n; i++) {
        if (from->condition[i] != condition) {
            q.condition[q.n_conditions++] = from->condition[i];
        }
    }
    p.part = &q;
    p.n_parts = 1;
    const enum err rc = sweep_average(&p, f->results, 0, out, e);
    mem_free(q.condition);
    return rc;
}

static enum err fill_part(struct findings *f, size_t part, struct errinfo *e)
{
    const struct sweep_part *from = &f->plan->part[part];
    struct findings_part *q = &f->part[part];
    TRY(sweep_average(f->plan, f->results, part, q->average, e));
    TRY(mem_new(&q->condition, from->n_conditions, sizeof *q->condition, "conditions",
                e));
    for (size_t i = 0; i < from->n_conditions; i++) {
        if (f->condition[from->condition[i]].compared) {
            q->condition[q->n++] = from->condition[i];
        }
    }
    q->shown = q->n;
    for (size_t i = 0; i < from->n_conditions && q->n == 0; i++) {
        if (f->condition[from->condition[i]].complete) {
            q->condition[q->shown++] = from->condition[i];
        }
    }
    for (size_t m = f->set.first; m < f->set.end; m++) {
        struct sweep_effect rest[SWEEP_MEASURES_ALL];
        q->outlier[m] = outlier_of(f, part, m);
        if (q->outlier[m] != SWEEP_NONE) {
            TRY(average_without(f, part, q->outlier[m], rest, e));
            q->rest[m] = rest[m];
        }
    }
    return OK;
}

static enum err fill(struct findings *f, struct errinfo *e)
{
    const struct sweep_plan *p = f->plan;
    TRY(mem_new(&f->condition, p->n_conditions, sizeof *f->condition, "conditions", e));
    TRY(mem_new(&f->part, p->n_parts, sizeof *f->part, "conditions", e));
    for (size_t i = 0; i < p->n_cells; i++) {
        f->finished += f->results[i].done ? 1 : 0;
    }
    for (size_t a = 0; a < p->n_conditions; a++) {
        f->condition[a].complete = sweep_condition_complete(p, f->results, a);
        f->condition[a].compared = sweep_condition_compared(p, f->results, a);
        if (f->condition[a].compared) {
            TRY(sweep_effects(p, f->results, a, f->condition[a].effect, e));
        }
    }
    for (size_t q = 0; q < p->n_parts; q++) {
        TRY(fill_part(f, q, e));
    }
    return OK;
}

enum err findings_init(struct findings *f, const struct sweep_plan *p,
                       const struct sweep_result *results, struct errinfo *e)
{
    *f = (struct findings){.plan = p, .results = results, .set = sweep_set(p)};
    const enum err rc = fill(f, e);
    if (rc != OK) {
        findings_deinit(f);
    }
    return rc;
}

void findings_deinit(struct findings *f)
{
    for (size_t q = 0; f->part && q < f->plan->n_parts; q++) {
        mem_free(f->part[q].condition);
    }
    mem_free(f->part);
    mem_free(f->condition);
    *f = (struct findings){0};
}

size_t findings_mean(const struct findings *f, size_t condition, size_t m, double *mean,
                     double *sd)
{
    const struct sweep_condition *a = &f->plan->condition[condition];
    double sum = 0.0, squares = 0.0;
    size_t n = 0;
    for (size_t i = 0; i < a->n_cells; i++) {
        const double v = f->results[a->cell[i]].v[m];
        if (isfinite(v)) {
            sum += v;
            n++;
        }
    }
    *mean = n ? sum / (double)n : (double)NAN;
    for (size_t i = 0; i < a->n_cells; i++) {
        const double d = f->results[a->cell[i]].v[m] - *mean;
        squares += isfinite(d) ? d * d : 0.0;
    }
    *sd = n > 1 ? sqrt(squares / (double)(n - 1)) : (double)NAN;
    return n;
}

size_t findings_main_part(const struct findings *f)
{
    size_t q = 0;
    while (q < f->plan->n_parts && f->part[q].n == 0) {
        q++;
    }
    return q < f->plan->n_parts ? q : SWEEP_NONE;
}

struct tally findings_tally(const struct findings *f, size_t part, size_t m)
{
    const struct findings_part *q = &f->part[part];
    struct tally t = {0};
    for (size_t i = 0; i < q->n; i++) {
        const struct sweep_effect *x = &f->condition[q->condition[i]].effect[m];
        const enum sweep_verdict v = sweep_verdict_of(x);
        t.lower += v == SWEEP_LOWER;
        t.higher += v == SWEEP_HIGHER;
        t.open += v == SWEEP_UNDECIDED || v == SWEEP_SAME;
    }
    return t;
}
