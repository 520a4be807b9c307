#include "eval_summary.h"

#include "base/number.h"
#include "eval/verdict.h"
#include "run/compared.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DIFFERENCES 32

/* ---- rows ---- */

/* Add "[0.123, 0.456]". */
static void add_interval(const struct figure *f, enum number_style form, int digits,
                         struct str *out)
{
    if (isfinite(f->v.lo) && isfinite(f->v.hi)) {
        str_addf(out, "  [%s, %s]", NUMBER(form, 7, digits, f->v.lo),
                 NUMBER(form, 7, digits, f->v.hi));
    }
}

/* Add the doubt about a figure of r below its line; `whose` names the run. */
static void add_doubt(const struct report *r, const struct figure *f, const char *whose,
                      struct str *out)
{
    const char *doubt = f != NULL ? report_doubt(r, f) : NULL;
    if (doubt != NULL) {
        str_addf(out, "    ^ %s", whose);
        str_wrap(out, doubt, 6 + strlen(whose), 6);
    }
}

static bool add_one(const struct report *r, enum metric m, struct str *out)
{
    const struct measure *def = measure_at(m);
    const struct figure *f = report_find(r, def->path);
    if (f == NULL || !isfinite(f->v.value)) {
        return false;
    }
    str_addf(out, "  %-29s %s", def->label,
             NUMBER(NUMBER_PLAIN, 8, def->digits, f->v.value));
    add_interval(f, NUMBER_PLAIN, def->digits, out);
    if (f->unit != NULL) {
        str_addf(out, "  n %zu %s", f->n, f->unit);
    }
    str_addc(out, '\n');
    add_doubt(r, f, "", out);
    return true;
}

static void add_rest(const struct report *r, size_t shown, struct str *out)
{
    if (r->n > shown) {
        str_addf(out, "%zu more figures", r->n - shown);
        if (r->gaps > 0) {
            str_addf(out, ", and %zu that could not be measured", r->gaps);
        }
        str_add(out, ": --all\n");
    }
}

void eval_summary_one(const struct report *r, struct str *out)
{
    size_t shown = 0;
    shown += add_one(r, METRIC_L0_CLEAN, out);
    shown += add_one(r, METRIC_DEAD_CLEAN, out);
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        const struct verdict_measure_def *def = verdict_measure_def(m);
        shown += def->list == VERDICT_PRIMARY && add_one(r, def->metric, out);
    }
    add_rest(r, shown, out);
}

/* ---- two runs ---- */

static double value_at(const struct report *r, enum metric m)
{
    const struct figure *f = report_find(r, measure_at(m)->path);
    return f != NULL ? f->v.value : (double)NAN;
}

/* What a figure's interval says of A on this text; it says nothing of other seeds. */
static const char *direction(const struct figure *f)
{
    return !isfinite(f->v.lo) || !isfinite(f->v.hi) ? "no range"
           : f->v.lo > 0.0                          ? "A higher"
           : f->v.hi < 0.0                          ? "A lower"
                                                    : "0 within";
}

static bool is_zero(double v)
{
    return !(v < 0.0) && !(v > 0.0);
}

static void add_two(const struct eval_pair *p, size_t m, const struct figure *f,
                    struct str *out)
{
    const struct measure *def = verdict_measure(m);
    const enum metric id = verdict_measure_def(m)->metric;
    str_addf(out, "  %-22s", def->label);
    for (size_t i = 0; i < 2; i++) {
        str_addf(out, " %s",
                 NUMBER(NUMBER_PLAIN, 7, def->digits, value_at(p->report[i], id)));
    }
    str_addf(out, " %s", NUMBER(NUMBER_SIGNED, 8, def->digits, f->v.value));
    add_interval(f, NUMBER_SIGNED, def->digits, out);
    str_addf(out, "  %s\n", direction(f));
    for (size_t i = 0; i < 2; i++) {
        add_doubt(p->report[i], report_find(p->report[i], def->path),
                  i ? "B: " : "A: ", out);
    }
}

static void add_warnings(const struct eval_pair *p, struct str *out)
{
    struct difference d[DIFFERENCES];
    struct remarks warnings = {0};
    const size_t all = conditions_differences(p->set[0], p->set[1], d, DIFFERENCES);
    const struct compare_facts f = {.letter = {'A', 'B'},
                                    .difference = d,
                                    .n = all < DIFFERENCES ? all : DIFFERENCES,
                                    .l0 = {value_at(p->report[0], METRIC_L0_CLEAN),
                                           value_at(p->report[1], METRIC_L0_CLEAN)},
                                    .step = {p->step[0], p->step[1]},
                                    .changes = {p->changes[0], p->changes[1]}};
    compare_warn(&f, &warnings);
    for (size_t i = 0; i < warnings.n; i++) {
        str_add(out, "! ");
        str_wrap(out, warnings.line[i], 2, 2);
    }
}

void eval_summary_two(const struct eval_pair *p, struct str *out)
{
    size_t shown = 0, same = 0;
    str_addf(out, "%s; intervals over concepts, rows; seeds: saetop verdict\n",
             verdict_text(VERDICT_ONE_SEED));
    str_addf(out, "  %-22s %7s %7s %8s  %-18s  %s\n", "", "A", "B", "A-B", "95 %",
             "this text");
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        const struct figure *f = report_find(p->difference, verdict_measure(m)->path);
        if (verdict_measure_def(m)->list != VERDICT_PRIMARY || f == NULL ||
            !isfinite(f->v.value)) {
            continue;
        }
        if (is_zero(f->v.value)) {
            same++;
            continue;
        }
        add_two(p, m, f, out);
        shown++;
    }
    if (same > 0) {
        str_addf(out, "  the same in both: %zu of these measures\n", same);
    }
    add_warnings(p, out);
    add_rest(p->difference, shown + same, out);
}
