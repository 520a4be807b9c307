#include "eval/verdict.h"

#include "base/mem.h"
#include "base/number.h"

#include <math.h>
#include <stdio.h>

#define L0_APART 0.05 /* a share */

static const struct verdict_measure_def table[VERDICT_MEASURE_COUNT] = {
#define VERDICT_ROW(id, margin, list, range)                                           \
    {METRIC_##id, margin, VERDICT_##list, range},
    VERDICT_MEASURES(VERDICT_ROW)
#undef VERDICT_ROW
};

const struct verdict_measure_def *verdict_measure_def(size_t m)
{
    return &table[m];
}

const struct measure *verdict_measure(size_t m)
{
    return measure_at(table[m].metric);
}

const char *verdict_measure_name(size_t m)
{
    const struct measure *of = verdict_measure(m);
    return of->result != NULL ? of->result : measure_leaf(table[m].metric);
}

const char *verdict_measure_label(size_t m)
{
    const struct measure *of = verdict_measure(m);
    return of->among != NULL ? of->among : of->label;
}

const char *verdict_text(enum verdict v)
{
    switch (v) {
    case VERDICT_NOT_MEASURED: return "not measured";
    case VERDICT_ONE_SEED: return "not established: one seed";
    case VERDICT_SAME: return "the same";
    case VERDICT_SMALL: return "too small to matter";
    case VERDICT_LOWER:
    case VERDICT_HIGHER: return "established";
    case VERDICT_OPEN: break;
    }
    return "not established";
}

const char *verdict_direction(enum verdict v)
{
    return v == VERDICT_LOWER ? "lower" : v == VERDICT_HIGHER ? "higher" : NULL;
}

const char *verdict_brief(enum verdict v)
{
    switch (v) {
    case VERDICT_NOT_MEASURED: return "-";
    case VERDICT_ONE_SEED: return "one seed";
    case VERDICT_SMALL: return "small";
    case VERDICT_OPEN: return "unclear";
    case VERDICT_SAME:
    case VERDICT_LOWER:
    case VERDICT_HIGHER: break;
    }
    return v == VERDICT_SAME ? "the same" : verdict_direction(v);
}

size_t verdict_baseline(const bool *unmasked, size_t n)
{
    size_t bare = 0, at = 0;
    for (size_t k = 0; k < n && n > 2; k++) {
        bare += unmasked[k];
        at = unmasked[k] ? k : at;
    }
    return n > 2 && bare == 1 ? at : n > 1 ? 1 : 0;
}

size_t verdict_control(const bool *random, const uint64_t *beyond, size_t n, size_t of)
{
    size_t k = 0;
    while (k < n && (random[of] || !random[k] || beyond[k] != beyond[of])) {
        k++;
    }
    return k;
}

bool verdict_l0_apart(double a, double b)
{
    return fabs(a - b) > L0_APART * b;
}

void verdict_row_of(size_t m, double margin, size_t n, const double *before,
                    const double *after, size_t first, struct verdict_row *out)
{
    double x[VERDICT_PAIRS], y[VERDICT_PAIRS];
    size_t both = 0;
    for (size_t i = 0; i < n && i < VERDICT_PAIRS; i++) {
        x[both] = before[i];
        y[both] = after[i];
        both += isfinite(before[i]) && isfinite(after[i]) ? 1 : 0;
    }
    *out = (struct verdict_row){.measure = m, .margin = margin};
    paired_of(both, x, y, first, VERDICT_LEVEL, &out->d);
}

const struct ce_doubt *verdict_doubt(const struct verdict_row *row, size_t side)
{
    const enum metric m = table[row->measure].metric;
    return m == METRIC_CE_REC || m == METRIC_CE_REC_OOD
               ? ce_doubt(side ? row->d.before : row->d.after, (double)NAN, (double)NAN)
               : NULL;
}

static bool of_list(const struct verdict_row *r, enum verdict_list list)
{
    return table[r->measure].list == list;
}

/* The p below which row `at` is established, the others being as they are: Holm goes up
 * the others of its list as far as they pass, and demands of it what it demands of the
 * next. */
static double needed_p(const struct verdict_row *row, size_t n, size_t at)
{
    const enum verdict_list list = table[row[at].measure].list;
    size_t tests = 0, passed = 0;
    for (size_t i = 0; i < n; i++) {
        tests += of_list(&row[i], list) && !isnan(row[i].d.p);
    }
    for (bool more = true; more;) {
        size_t below = 0;
        for (size_t i = 0; i < n; i++) {
            below += i != at && of_list(&row[i], list) &&
                     row[i].d.p < VERDICT_ALPHA / (double)(tests - passed);
        }
        more = below > passed;
        passed += more ? 1 : 0;
    }
    return VERDICT_ALPHA / (double)(tests - passed);
}

static enum verdict verdict_of(const struct verdict_row *r)
{
    const struct paired *d = &r->d;
    if (d->n < 2) {
        return d->n == 0 ? VERDICT_NOT_MEASURED : VERDICT_ONE_SEED;
    }
    if (d->lower + d->higher == 0) {
        return VERDICT_SAME;
    }
    if (d->by.low > -r->margin && d->by.high < r->margin) {
        return VERDICT_SMALL;
    }
    if (r->p_holm < VERDICT_ALPHA) {
        return d->by.mean < 0.0 ? VERDICT_LOWER : VERDICT_HIGHER;
    }
    return VERDICT_OPEN;
}

enum err verdict_decide(struct verdict_row *row, size_t n, struct errinfo *e)
{
    double *p = NULL;
    enum err rc = mem_new(&p, n, sizeof *p, "verdicts", e);
    for (enum verdict_list list = 0; list < VERDICT_LISTS && rc == OK; list++) {
        for (size_t i = 0; i < n; i++) {
            p[i] = of_list(&row[i], list) ? row[i].d.p : (double)NAN;
        }
        rc = stats_holm(n, p, p, e);
        for (size_t i = 0; i < n && rc == OK; i++) {
            row[i].p_holm = of_list(&row[i], list) ? p[i] : row[i].p_holm;
        }
    }
    for (size_t i = 0; i < n && rc == OK; i++) {
        row[i].smallest = (double)NAN;
        row[i].verdict = verdict_of(&row[i]);
    }
    mem_free(p);
    return rc;
}

enum err verdict_judge(struct verdict_row *row, size_t n, size_t first,
                       struct errinfo *e)
{
    TRY(verdict_decide(row, n, e));
    for (size_t i = 0; i < n; i++) {
        if (!isnan(row[i].d.p) && row[i].d.sd > 0.0) {
            row[i].smallest = paired_smallest(&row[i].d, first, needed_p(row, n, i));
        }
    }
    return OK;
}

bool verdict_but_for_holm(const struct verdict_row *row)
{
    return row->verdict == VERDICT_OPEN && row->d.n > 1 &&
           (row->d.by.low > 0.0 || row->d.by.high < 0.0) &&
           !(row->p_holm < VERDICT_ALPHA);
}

const char *verdict_row_text(const struct verdict_row *row)
{
    return row->so_far && verdict_direction(row->verdict) != NULL
               ? "so far"
               : verdict_text(row->verdict);
}

char verdict_mark(const struct verdict_row *row)
{
    return verdict_direction(row->verdict) != NULL ? (row->so_far ? ' ' : '*')
           : verdict_but_for_holm(row)             ? '~'
           : row->verdict == VERDICT_SMALL         ? '='
                                                   : ' ';
}

bool verdict_in_reach(const struct verdict_row *row)
{
    return isfinite(row->smallest) && row->smallest <= table[row->measure].range;
}

void verdict_why(const struct verdict_row *row, char out[VERDICT_WHY])
{
    const int digits = verdict_measure(row->measure)->digits;
    const char *least = NUMBER(NUMBER_PLAIN, 0, digits, row->smallest);
    out[0] = '\0';
    if (row->verdict == VERDICT_SMALL) {
        (void)snprintf(out, VERDICT_WHY,
                       "small: the interval lies within %s of 0, too small to matter",
                       NUMBER(NUMBER_PLAIN, 0, digits, row->margin));
    } else if (verdict_but_for_holm(row)) {
        (void)snprintf(
            out, VERDICT_WHY,
            "unclear ~: clear only taken alone, not as one of several (Holm)");
    } else if (row->verdict == VERDICT_OPEN && verdict_in_reach(row)) {
        (void)snprintf(
            out, VERDICT_WHY,
            "unclear: %s is the smallest difference %zu seeds could establish", least,
            row->d.n);
    } else if (row->verdict == VERDICT_OPEN && isfinite(row->smallest)) {
        (void)snprintf(out, VERDICT_WHY,
                       "unclear: out of reach with %zu seeds, whatever the difference",
                       row->d.n);
    } else if (verdict_direction(row->verdict) != NULL && !row->so_far) {
        (void)snprintf(out, VERDICT_WHY, "* established: %s, p %s after Holm",
                       verdict_direction(row->verdict),
                       NUMBER(NUMBER_PLAIN, 0, 3, row->p_holm));
    }
}

bool verdict_is_within(const struct verdict_row *row)
{
    return row->d.n > 1 && row->verdict != VERDICT_LOWER &&
           row->verdict != VERDICT_HIGHER;
}

void verdict_so_far(struct verdict_row *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        row[i].so_far = true;
        if (row[i].verdict == VERDICT_SMALL || row[i].verdict == VERDICT_SAME) {
            row[i].verdict = VERDICT_OPEN;
            row[i].smallest = (double)NAN;
        }
    }
}
