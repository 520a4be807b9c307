#include "eval/concept_effects.h"

#include "base/mem.h"

#include <math.h>

/* ---- figures ---- */

static double f1_best(const struct concept_result *r)
{
    return r->f1_best;
}
static double f1_heldout(const struct concept_result *r)
{
    return r->f1_heldout;
}
static double spread(const struct concept_result *r)
{
    return r->spread;
}
static double recall(const struct concept_result *r)
{
    return r->recall;
}
static double full(const struct concept_result *r)
{
    return r->full;
}
static double fraction(const struct concept_result *r)
{
    return r->fraction;
}

/* clang-format off */
const struct concept_figure concept_figures[CONCEPT_FIGURES] = {
    {"best F1", VERDICT_OF_F1_BEST, 3, 0.0, 1.0, f1_best},
    {"F1cv", VERDICT_OF_F1_HELDOUT, 3, 0.0, 1.0, f1_heldout},
    {"spread", VERDICT_OF_SPREAD, 1, 1.0, EVAL_MAX_MAIN, spread},
    {"recall", VERDICT_OF_RECALL, 3, 0.0, 1.0, recall},
    {"absorb", VERDICT_OF_ABSORPTION, 3, 0.0, 1.0, full},
    {"frac", VERDICT_OF_ABS_FRACTION, 3, 0.0, 1.0, fraction},
};
/* clang-format on */

const char *concept_figure_key(size_t f)
{
    return measure_leaf(verdict_measure_def(concept_figures[f].as)->metric);
}

/* ---- means and differences ---- */

struct stats_interval *concept_value(const struct concept_effects *x, size_t c,
                                     size_t k, size_t f)
{
    return &x->value[(c * x->conditions + k) * CONCEPT_FIGURES + f];
}

struct verdict_row *concept_effect(const struct concept_effects *x, size_t c, size_t k,
                                   size_t f)
{
    return &x->by[(c * x->conditions + k) * CONCEPT_FIGURES + f];
}

static double number_of(const struct concept_arms *a, size_t arm, size_t c, size_t f)
{
    return a->x[(arm * a->concepts + c) * CONCEPT_FIGURES + f];
}

/* NaN stays NaN. */
static void cut(struct stats_interval *v, double low, double high)
{
    v->low = v->low < low ? low : v->low;
    v->high = v->high > high ? high : v->high;
}

/* Arms of a condition and of the baseline with seeds in common, and scratch. */
struct pairing {
    size_t n, *of, *base;
    struct paired_seed *seed; /* [arms] */
    double *before, *after;   /* [arms] */
};

/* of: room for the values of all arms. */
static void fill_value(const struct concept_arms *a, struct concept_effects *x,
                       size_t c, size_t k, size_t f, double *of)
{
    const struct concept_figure *d = &concept_figures[f];
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++) {
        if (a->of[i] == k && isfinite(number_of(a, i, c, f))) {
            of[n++] = number_of(a, i, c, f);
        }
    }
    struct stats_interval *v = concept_value(x, c, k, f);
    *v = stats_t_interval(n, of, VERDICT_LEVEL);
    cut(v, d->low, d->high);
}

static void fill_effect(const struct concept_arms *a, struct concept_effects *x,
                        size_t c, size_t k, size_t f, const struct pairing *p)
{
    struct verdict_row *r = concept_effect(x, c, k, f);
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        p->before[n] = number_of(a, p->base[i], c, f);
        p->after[n] = number_of(a, p->of[i], c, f);
        n += isfinite(p->before[n]) && isfinite(p->after[n]) ? 1 : 0;
    }
    r->measure = concept_figures[f].as;
    r->margin = verdict_measure_def(r->measure)->margin;
    paired_of(n, p->before, p->after, paired_first(p->n, a->planned), VERDICT_LEVEL,
              &r->d);
}

/* Judges the concepts of one family, in a row of verdicts of their own. */
static enum err judge(const struct concept_arms *a, struct concept_effects *x,
                      int family, size_t k, size_t f, struct verdict_row *row,
                      struct errinfo *e)
{
    const double range = concept_figures[f].high - concept_figures[f].low;
    size_t n = 0;
    for (size_t c = 0; c < a->concepts; c++) {
        if (a->family[c] == family) {
            row[n++] = *concept_effect(x, c, k, f);
        }
    }
    TRY(verdict_decide(row, n, e));
    if (a->so_far) {
        verdict_so_far(row, n);
    }
    for (size_t c = 0, i = 0; c < a->concepts; c++) {
        if (a->family[c] == family) {
            *concept_effect(x, c, k, f) = row[i];
            cut(&concept_effect(x, c, k, f)->d.by, -range, range);
            i++;
        }
    }
    return OK;
}

static bool is_first_of_family(const struct concept_arms *a, size_t c)
{
    size_t i = 0;
    while (a->family[i] != a->family[c]) {
        i++;
    }
    return i == c;
}

static enum err fill(const struct concept_arms *a, struct concept_effects *x,
                     struct pairing *p, struct verdict_row *row, struct errinfo *e)
{
    for (size_t k = 0; k < a->conditions; k++) {
        p->n = paired_by_seed(a->n, a->of, p->seed, a->baseline, k, p->base, p->of);
        for (size_t f = 0; f < CONCEPT_FIGURES; f++) {
            for (size_t c = 0; c < a->concepts; c++) {
                fill_value(a, x, c, k, f, p->before);
                if (k != a->baseline) {
                    fill_effect(a, x, c, k, f, p);
                }
            }
            for (size_t c = 0; c < a->concepts && k != a->baseline; c++) {
                if (is_first_of_family(a, c)) {
                    TRY(judge(a, x, a->family[c], k, f, row, e));
                }
            }
        }
    }
    return OK;
}

enum err concept_effects_of(const struct concept_arms *a, struct concept_effects *out,
                            struct errinfo *e)
{
    static const char what[] = "differences of concepts";
    struct concept_effects x = {
        .concepts = a->concepts, .conditions = a->conditions, .baseline = a->baseline};
    const size_t each = a->conditions * CONCEPT_FIGURES;
    struct pairing p = {0};
    struct verdict_row *row = NULL;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&x.value, a->concepts, each * sizeof *x.value, what, e));
    TRY_OUT(rc, mem_new(&x.by, a->concepts, each * sizeof *x.by, what, e));
    TRY_OUT(rc, mem_new(&p.of, a->n, sizeof *p.of, what, e));
    TRY_OUT(rc, mem_new(&p.base, a->n, sizeof *p.base, what, e));
    TRY_OUT(rc, mem_new(&p.seed, a->n, sizeof *p.seed, what, e));
    TRY_OUT(rc, mem_new(&p.before, a->n, sizeof *p.before, what, e));
    TRY_OUT(rc, mem_new(&p.after, a->n, sizeof *p.after, what, e));
    TRY_OUT(rc, mem_new(&row, a->concepts, sizeof *row, what, e));
    for (size_t i = 0; i < a->n; i++) {
        p.seed[i] = (struct paired_seed){0, a->seed[i]};
    }
    TRY_OUT(rc, fill(a, &x, &p, row, e));
    *out = x;
    x = (struct concept_effects){0};
out:
    mem_free(p.of);
    mem_free(p.base);
    mem_free(p.seed);
    mem_free(p.before);
    mem_free(p.after);
    mem_free(row);
    concept_effects_deinit(&x);
    return rc;
}

void concept_effects_deinit(struct concept_effects *x)
{
    mem_free(x->value);
    mem_free(x->by);
    *x = (struct concept_effects){0};
}
