#include "run/compared.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/number.h"
#include "eval/kept.h"
#include "train/rundir.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define EVAL_BYTES ((size_t)64 << 20)

/* ---- figures of an arm ---- */

enum err compare_kept(const char *dir, int64_t step, struct report *out,
                      struct errinfo *e)
{
    char path[RUNDIR_PATH];
    cJSON *root = NULL;
    double at = 0.0;
    TRY(rundir_is(dir) ? rundir_file(dir, "eval.json", path, e)
                       : err_set(e, ERR_MISSING, "%s: keeps no evaluation", dir));
    if (!file_exists(path)) {
        return err_set(e, ERR_MISSING, "%s: keeps no evaluation", dir);
    }
    TRY(json_load(path, EVAL_BYTES, &root, e));
    enum err rc =
        json_num((struct json_at){path, ""}, root, "step", true, -1, 1e15, &at, e);
    if (rc == OK && (int64_t)at != step) {
        rc = err_set(e, ERR_MISSING, "%s: is of step %lld, expected %lld", path,
                     (long long)at, (long long)step);
    }
    rc = rc == OK ? kept_read(root, path, out, e) : rc;
    cJSON_Delete(root);
    return rc;
}

/* Gets the value of a concept for a measure that is a mean over concepts; false: the
 * measure is not. */
static bool of_concept(enum metric m, const struct concept_result *o,
                       enum concept_kind *kind, double *out)
{
    *kind = m == METRIC_ABS_SUPER    ? CONCEPT_SUPER
            : m == METRIC_ABS_LETTER ? CONCEPT_LETTER
                                     : CONCEPT_LEAF;
    switch ((int)m) {
    case METRIC_ABSORPTION:
    case METRIC_ABS_SUPER:
    case METRIC_ABS_LETTER: *out = o->full; return true;
    case METRIC_ABS_FRACTION: *out = o->fraction; return true;
    case METRIC_RECALL: *out = o->recall; return true;
    case METRIC_F1_BEST: *out = o->f1_best; return true;
    case METRIC_F1_HELDOUT: *out = o->f1_heldout; return true;
    case METRIC_SPREAD: *out = o->spread; return true;
    default: return false;
    }
}

/* Adds the measure over concepts; *done: it has some. */
static enum err add_concepts(enum metric m, const struct concept_result *row, size_t n,
                             const struct concepts *c, struct report *out, bool *done,
                             struct errinfo *e)
{
    double *x = NULL;
    enum concept_kind kind = CONCEPT_LEAF;
    *done = false;
    TRY(mem_new(&x, n, sizeof *x, "concepts", e));
    for (size_t i = 0; i < n; i++) {
        x[i] = (double)NAN;
        const bool known = of_concept(m, &row[i], &kind, &x[i]);
        if (!known || !row[i].eligible || (size_t)row[i].concept >= c->n ||
            c->def[row[i].concept].kind != kind) {
            x[i] = (double)NAN;
        }
        *done = *done || isfinite(x[i]);
    }
    const enum err rc = *done ? report_ratio(out, n, NULL, x, NULL, "concepts", e, "%s",
                                             measure_at(m)->path)
                              : OK;
    mem_free(x);
    return rc;
}

/* Returns the last value of each measure of a history. */
static struct metric_row last_of(const struct history *h)
{
    struct metric_row last = metric_row_empty();
    for (size_t i = 0; i < h->rows; i++) {
        for (int m = 0; m < METRIC_COUNT; m++) {
            last.v[m] = isfinite(h->row[i].v[m]) ? h->row[i].v[m] : last.v[m];
        }
    }
    return last;
}

static enum err add_figures(const struct metric_row *v,
                            const struct concept_result *row, size_t n,
                            const struct concepts *c, struct report *out,
                            struct errinfo *e)
{
    for (size_t i = 0; i < VERDICT_MEASURE_COUNT; i++) {
        const enum metric m = verdict_measure_def(i)->metric;
        bool done = false;
        TRY(add_concepts(m, row, n, c, out, &done, e));
        if (!done && m < METRIC_COUNT && isfinite(v->v[m])) {
            TRY(report_value(out, v->v[m], e, "%s", measure_at(m)->path));
        }
    }
    return OK;
}

enum err compare_live(const struct history *h, const struct concept_table *t,
                      const struct concepts *c, struct report *out, struct errinfo *e)
{
    const struct metric_row last = last_of(h);
    return add_figures(&last, t != NULL ? t->row : NULL, t != NULL ? t->n : 0, c, out,
                       e);
}

enum err compare_evaluated(const struct eval_result *r, const struct concepts *c,
                           struct report *out, struct errinfo *e)
{
    struct metric_row v = metric_row_empty();
    v.v[METRIC_EV] = r->explained_variance;
    v.v[METRIC_EV_OOD] = r->explained_variance_ood;
    v.v[METRIC_CE_REC] = r->ce_recovered;
    v.v[METRIC_CE_REC_OOD] = r->ce_recovered_ood;
    v.v[METRIC_L0_CLEAN] = r->l0;
    return add_figures(&v, r->concept, r->n_concepts, c, out, e);
}

/* ---- differences ---- */

static double value_of(const struct report *r, size_t m)
{
    const struct figure *f = report_find(r, verdict_measure(m)->path);
    return f != NULL ? f->v.value : (double)NAN;
}

static void compare_measure(const struct report *const *a,
                            const struct report *const *b, size_t pairs, size_t m,
                            double margin, size_t first, struct verdict_row *row)
{
    double before[VERDICT_PAIRS], after[VERDICT_PAIRS];
    const size_t n = pairs < VERDICT_PAIRS ? pairs : VERDICT_PAIRS;
    for (size_t i = 0; i < n; i++) {
        after[i] = value_of(a[i], m);
        before[i] = value_of(b[i], m);
    }
    verdict_row_of(m, margin, n, before, after, first, row);
}

/* Takes the intervals of a single pair, over the units of the text. */
static enum err take_text(const struct report *a, const struct report *b,
                          struct compared *out, struct errinfo *e)
{
    struct report text;
    report_init(&text, 0);
    const enum err rc = report_compare(a, b, &text, e);
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT && rc == OK; m++) {
        const struct figure *f = report_find(&text, verdict_measure(m)->path);
        if (f != NULL) {
            out->by[m].low = f->v.lo;
            out->by[m].high = f->v.hi;
        }
    }
    report_deinit(&text);
    return rc;
}

enum err compare_pairs(const struct report *const *a, const struct report *const *b,
                       size_t pairs, const double *margin, size_t first,
                       struct compared *out, struct errinfo *e)
{
    *out = (struct compared){.pairs = pairs, .first = first};
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        compare_measure(a, b, pairs, m,
                        margin != NULL ? margin[m] : verdict_measure_def(m)->margin,
                        first, &out->row[m]);
        out->by[m] = out->row[m].d.by;
    }
    return pairs == 1 ? take_text(a[0], b[0], out, e) : OK;
}

enum err compare_alone(const struct report *const *a, const struct report *const *b,
                       size_t pairs, size_t first, struct compared *out,
                       struct errinfo *e)
{
    TRY(compare_pairs(a, b, pairs, NULL, first, out, e));
    return verdict_judge(out->row, VERDICT_MEASURE_COUNT, first, e);
}

void compare_so_far(struct compared *c)
{
    c->so_far = true;
    verdict_so_far(c->row, VERDICT_MEASURE_COUNT);
}

void compare_not_comparable(struct compared *c, const char *what)
{
    (void)snprintf(c->other_data, sizeof c->other_data, "%s", what);
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        c->by[m].low = c->by[m].high = (double)NAN;
        c->within_random[m] = false;
    }
}

enum err compare_within(const struct report *const *a, const struct report *const *b,
                        size_t pairs, const double *margin, size_t first,
                        bool out[VERDICT_MEASURE_COUNT], struct errinfo *e)
{
    struct compared c;
    TRY(compare_pairs(a, b, pairs, margin, first, &c, e));
    TRY(verdict_decide(c.row, VERDICT_MEASURE_COUNT, e));
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        out[m] = verdict_is_within(&c.row[m]);
    }
    return OK;
}

/* ---- sentences ---- */

/* Which rows a sentence names. */
enum said {
    SAID_ESTABLISHED,
    SAID_BESIDE, /* the same of measures that are not primary */
    SAID_SMALL,
    SAID_OPEN,
    SAID_SAME,
    SAID_WITHIN,  /* not distinguished from a random control, whatever else is said */
    SAID_ON_TEXT, /* one seed, with an interval that excludes 0 */
    SAID_IN_TEXT, /* one seed, with an interval that contains 0 */
    SAID_BARE     /* one seed and no interval at all */
};

static bool is_said(const struct compared *c, size_t m, enum said what)
{
    const struct verdict_row *r = &c->row[m];
    const bool has = isfinite(c->by[m].low) && isfinite(c->by[m].high);
    const bool apart = has && (c->by[m].low > 0.0 || c->by[m].high < 0.0);
    const enum verdict_list list = verdict_measure_def(m)->list;
    if (list != VERDICT_PRIMARY) {
        return what == SAID_BESIDE && list == VERDICT_OTHERS && !c->within_random[m] &&
               verdict_direction(r->verdict) != NULL;
    }
    if (what == SAID_WITHIN) {
        return c->within_random[m];
    }
    switch (r->verdict) {
    case VERDICT_LOWER:
    case VERDICT_HIGHER: return what == SAID_ESTABLISHED;
    case VERDICT_SMALL: return what == SAID_SMALL;
    case VERDICT_OPEN: return what == SAID_OPEN;
    case VERDICT_SAME: return what == SAID_SAME;
    case VERDICT_ONE_SEED:
        if (!(r->d.by.mean < 0.0) && !(r->d.by.mean > 0.0)) {
            return what == SAID_SAME;
        }
        return what == (apart ? SAID_ON_TEXT : has ? SAID_IN_TEXT : SAID_BARE);
    case VERDICT_NOT_MEASURED: break;
    }
    return false;
}

/* "explained variance lower by 0.0234 [0.0211, 0.0255]" */
static void name_measure(const struct compared *c, size_t m, enum said what,
                         struct str *out)
{
    const int digits = verdict_measure(m)->digits;
    const struct stats_interval *by = &c->by[m];
    const double d = c->row[m].d.by.mean;
    str_add(out, verdict_measure_label(m));
    if (what == SAID_ESTABLISHED || what == SAID_BESIDE || what == SAID_ON_TEXT) {
        const bool less = d < 0.0;
        str_addf(out, " %s by %s", less ? "lower" : "higher",
                 NUMBER(NUMBER_PLAIN, 0, digits, fabs(d)));
        if (isfinite(by->low) && isfinite(by->high)) {
            str_addf(out, " [%s, %s]",
                     NUMBER(NUMBER_PLAIN, 0, digits, less ? -by->high : by->low),
                     NUMBER(NUMBER_PLAIN, 0, digits, less ? -by->low : by->high));
        }
    } else if (what == SAID_OPEN && isfinite(c->row[m].smallest)) {
        str_addf(out, " (%s)",
                 verdict_in_reach(&c->row[m])
                     ? NUMBER(NUMBER_PLAIN, 0, digits, c->row[m].smallest)
                     : "out of reach");
    }
}

/* Writes "Established: explained variance lower ...; ...
 * ", or nothing where no row is. */
static void say_of(const struct compared *c, enum said what, const char *opening,
                   struct str *out)
{
    size_t n = 0;
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        if (is_said(c, m, what)) {
            str_add(out, n++ > 0 ? "; " : opening);
            name_measure(c, m, what, out);
        }
    }
    str_add(out, n > 0 ? ".\n" : "");
}

static bool has_measure(const struct compared *c)
{
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        if (c->row[m].verdict != VERDICT_NOT_MEASURED) {
            return true;
        }
    }
    return false;
}

#define OPENING 400 /* of a sentence, with the names of both sides */

/* Writes sentences for several seeds. */
static void say_seeds(const struct compared *c, const char *a, const char *b,
                      const char *control, struct str *out)
{
    char seeds[80], has[OPENING], within[OPENING], unclear[OPENING];
    const struct {
        enum said said;
        const char *opening[2]; /* at the end of the plan, and before it; NULL: not
                                   said */
    } list[] = {
        {SAID_ESTABLISHED, {has, has}},
        {SAID_BESIDE,
         {"Established of the other measures: ", "So far, of the other measures: "}},
        {SAID_WITHIN,
         {control != NULL ? within : NULL, control != NULL ? within : NULL}},
        {SAID_SMALL, {"Too small to matter: ", NULL}},
        {SAID_OPEN, {unclear, "Unclear: "}},
        {SAID_SAME, {"The same: ", NULL}},
    };
    const int len = snprintf(seeds, sizeof seeds, "%zu seeds", c->pairs);
    if (c->first > 0) {
        (void)snprintf(seeds + len, sizeof seeds - (size_t)len, ", %zu of them planned",
                       c->first);
    }
    (void)snprintf(has, sizeof has, "%s over %s: against %s, %s has ",
                   c->so_far ? "So far" : "Established", seeds, b, a);
    (void)snprintf(within, sizeof within,
                   "Within random, where %s is not established to differ from %s: ", a,
                   control != NULL ? control : "");
    (void)snprintf(unclear, sizeof unclear,
                   "Not established (in brackets the smallest difference that %zu "
                   "seeds could establish): ",
                   c->pairs);
    str_add(out, c->so_far ? "Before the end of the plan: nothing is established yet.\n"
                           : "");
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        if (list[i].opening[c->so_far] != NULL) {
            say_of(c, list[i].said, list[i].opening[c->so_far], out);
        }
    }
}

void compare_say(const struct compared *c, const char *a, const char *b,
                 const char *control, struct str *out)
{
    char opening[OPENING];
    if (c->pairs == 0) {
        str_addf(out, "Nothing established: %s and %s have no seed in common.\n", a, b);
    } else if (!has_measure(c)) {
        str_addf(out, "Nothing established: no measure was taken of both %s and %s.\n",
                 a, b);
    } else if (c->other_data[0] != '\0') {
        str_addf(out,
                 "%s and %s are " COMPARE_NOT_COMPARABLE
                 ": different %s. Each value is of its own.\n",
                 a, b, c->other_data);
    } else if (c->pairs == 1) {
        str_add(out, c->other_texts
                         ? "Not established: one pair, trained on different text; the "
                           "interval is of the text that both were evaluated on.\n"
                         : "Not established: one seed; the interval is of the text.\n");
        (void)snprintf(opening, sizeof opening, "On this text, against %s, %s has ", b,
                       a);
        say_of(c, SAID_ON_TEXT, opening, out);
        say_of(c, SAID_IN_TEXT, "Not told apart on it: ", out);
        say_of(c, SAID_BARE, "Without an interval, so without a direction: ", out);
        say_of(c, SAID_SAME, "The same: ", out);
        str_addf(out, "Several seeds of each (train --seeds 5)%s would change it.\n",
                 c->other_texts ? ", all trained on one text," : "");
    } else {
        say_seeds(c, a, b, control, out);
    }
}

/* Warns of changes during training on one side only: they stay in its weights, and
 * settings do not show them if they were changed back. */
static void warn_changes(const struct compare_facts *f, enum change_kind kind,
                         struct remarks *out)
{
    static const struct {
        const char *one[2], *both; /* around the changes of one side; of both */
    } say[CHANGE_KINDS] = {
        [CHANGE_MASKS] = {{"was not masked alike all the way", ""},
                          "not masked alike all the way"},
        [CHANGE_SETTINGS] = {{"was changed on the way", ": not the masking alone"},
                             "changed on the way"},
    };
    const struct condition_changes *const a = f->changes[0], *const b = f->changes[1];
    const char *t[2] = {a != NULL ? a[kind].text : "", b != NULL ? b[kind].text : ""};
    const bool alike = a != NULL && b != NULL && a[kind].hash == b[kind].hash;
    if (alike || (t[0][0] == '\0' && t[1][0] == '\0')) {
        return;
    }
    if (t[0][0] != '\0' && t[1][0] != '\0') {
        remarks_add(out, "%s, %c: %s; %c: %s", say[kind].both, f->letter[0], t[0],
                    f->letter[1], t[1]);
    } else {
        const size_t i = t[0][0] != '\0' ? 0 : 1;
        remarks_add(out, "%c %s, %s%s", f->letter[i], say[kind].one[0], t[i],
                    say[kind].one[1]);
    }
}

static void warn_doubts(const struct compare_facts *f, struct remarks *out)
{
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        const struct verdict_row *row = &f->row[m];
        const struct ce_doubt *d[2] = {verdict_doubt(row, 0), verdict_doubt(row, 1)};
        const char *label = verdict_measure_label(m);
        if (d[0] && d[0] == d[1]) {
            remarks_add(out, "%s of %c and %c: %s", label, f->letter[0], f->letter[1],
                        d[0]->long_text);
            continue;
        }
        for (size_t i = 0; i < 2; i++) {
            if (d[i]) {
                remarks_add(out, "%s of %c: %s", label, f->letter[i], d[i]->long_text);
            }
        }
    }
}

void compare_warn(const struct compare_facts *f, struct remarks *out)
{
    char text[256];
    conditions_differ_in(f->difference, f->n, DIFFERENCE_INPUTS, text, sizeof text);
    if (text[0] != '\0') {
        remarks_add(out,
                    f->one_data ? "%s: both were evaluated on the data of the open run"
                                : "%s: figures of other data cannot be compared",
                    text);
    }
    conditions_differ_in(f->difference, f->n, DIFFERENCE_OTHER, text, sizeof text);
    if (text[0] != '\0') {
        remarks_add(out, "%s", text);
    }
    warn_changes(f, CHANGE_MASKS, out);
    warn_changes(f, CHANGE_SETTINGS, out);
    if (f->step[0] != f->step[1] && f->step[0] >= 0 && f->step[1] >= 0) {
        remarks_add(out, "%c is of step %lld, %c of step %lld", f->letter[0],
                    (long long)f->step[0], f->letter[1], (long long)f->step[1]);
    }
    if (verdict_l0_apart(f->l0[0], f->l0[1])) {
        remarks_add(out, "clean L0 is %.3g in %c, %.3g in %c: most measures follow it",
                    f->l0[0], f->letter[0], f->l0[1], f->letter[1]);
    }
    if (f->row) {
        warn_doubts(f, out);
    }
}

/* ---- curves ---- */

/* Returns the mean at row `at` of the first history; NaN: not all have it there. `next`
 * [arms]: rows before these are of earlier steps. */
static double mean_at(const struct history *const *h, size_t arms, enum metric m,
                      size_t at, size_t *next)
{
    const double step = h[0]->row[at].v[METRIC_STEP];
    double sum = h[0]->row[at].v[m];
    for (size_t i = 1; i < arms; i++) {
        while (next[i] < h[i]->rows && h[i]->row[next[i]].v[METRIC_STEP] < step) {
            next[i]++;
        }
        const bool has =
            next[i] < h[i]->rows && !(h[i]->row[next[i]].v[METRIC_STEP] > step);
        sum += has ? h[i]->row[next[i]].v[m] : (double)NAN;
    }
    return sum / (double)arms;
}

enum err compare_curve(const struct history *const *h, size_t arms, enum metric m,
                       struct compare_curve *out, struct errinfo *e)
{
    size_t *next = NULL;
    const size_t rows = arms > 0 ? h[0]->rows : 0;
    enum err rc = OK;
    *out = (struct compare_curve){0};
    TRY_OUT(rc, mem_new(&next, arms, sizeof *next, "curves", e));
    TRY_OUT(rc, mem_new(&out->x, rows, sizeof *out->x, "curves", e));
    TRY_OUT(rc, mem_new(&out->y, rows, sizeof *out->y, "curves", e));
    for (size_t i = 0; i < rows; i++) {
        const double y = mean_at(h, arms, m, i, next);
        if (isfinite(y)) {
            out->x[out->n] = h[0]->row[i].v[METRIC_STEP];
            out->y[out->n++] = y;
        }
    }
out:
    mem_free(next);
    if (rc != OK) {
        compare_curve_deinit(out);
    }
    return rc;
}

void compare_curve_deinit(struct compare_curve *c)
{
    mem_free(c->x);
    mem_free(c->y);
    *c = (struct compare_curve){0};
}
