/* saetop verdict: what the seeds of an experiment establish, measure by measure. */
#include "arm_evals.h"
#include "base/mem.h"
#include "base/number.h"
#include "cmd.h"
#include "eval/kept.h"
#include "eval/verdict.h"
#include "measure/wants.h"
#include "run/compared.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define OUTPUT_BYTES ((size_t)16 << 20)
#define DIFFERENCES  48 /* settings that a warning names */

struct verdict_args {
    bool json, all, anew;
    int64_t planned, threads;
    struct opt_list margins;
    double margin[VERDICT_MEASURE_COUNT];
};

/* One condition against the baseline. */
struct comparison {
    size_t of, baseline;     /* conditions */
    struct verdict_row *row; /* [VERDICT_MEASURE_COUNT] of all comparisons' rows */
    struct stats_interval by[VERDICT_MEASURE_COUNT];
    size_t pairs;
    size_t control; /* the random control of `of`; as many as there are: none */
    bool within_random[VERDICT_MEASURE_COUNT];
};
struct verdicts {
    struct arm_evals arms;
    struct report *report; /* [arms] values and units */
    struct comparison at[CONDITIONS_MAX];
    size_t n;
    struct verdict_row *row; /* [n, VERDICT_MEASURE_COUNT] */
    size_t first;            /* seeds that were planned before anybody looked; 0: all */
};

static void verdicts_deinit(struct verdicts *v)
{
    for (size_t i = 0; v->report != NULL && i < v->arms.n; i++) {
        report_deinit(&v->report[i]);
    }
    mem_free(v->report);
    mem_free(v->row);
    arm_evals_close(&v->arms);
}

/* ---- margins ---- */

/* Take "NAME=0.02". */
static enum err take_margin(struct verdict_args *a, const char *text, struct errinfo *e)
{
    char name[64];
    double v = 0.0;
    const char *eq = strchr(text, '=');
    const size_t len = eq != NULL ? (size_t)(eq - text) : 0;
    (void)snprintf(name, sizeof name, "%.*s", len < sizeof name ? (int)len : 0, text);
    size_t m = 0;
    while (m < VERDICT_MEASURE_COUNT && strcmp(verdict_measure_name(m), name) != 0) {
        m++;
    }
    if (m == VERDICT_MEASURE_COUNT || !number_real(eq + 1, &v) || !(v >= 0.0)) {
        return err_set(
            e, ERR_USAGE,
            "--margin: found '%.60s', expected NAME=X with a measure's name, "
            "such as %s=0.02",
            text, verdict_measure_name(VERDICT_OF_ABSORPTION));
    }
    a->margin[m] = v;
    return OK;
}

static enum err take_margins(struct verdict_args *a, struct errinfo *e)
{
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        a->margin[m] = verdict_measure_def(m)->margin;
    }
    for (size_t i = 0; i < a->margins.n; i++) {
        TRY(take_margin(a, a->margins.at[i], e));
    }
    return OK;
}

/* ---- comparing ---- */

static enum err read_reports(struct verdicts *v, struct errinfo *e)
{
    TRY(mem_new(&v->report, v->arms.n, sizeof *v->report, "evaluations", e));
    for (size_t i = 0; i < v->arms.n; i++) {
        report_init(&v->report[i], 0);
        v->report[i].reps = 0; /* values alone */
    }
    for (size_t i = 0; i < v->arms.n; i++) {
        char path[RUNDIR_PATH];
        (void)snprintf(path, sizeof path, "%.4000s/eval.json", v->arms.arm[i].dir);
        TRY(kept_read(v->arms.arm[i].eval, path, &v->report[i], e));
    }
    return OK;
}

/* Pairs of reports of two conditions. */
struct report_pairs {
    size_t n;
    const struct report *of[ARM_EVALS_MAX], *with[ARM_EVALS_MAX];
};

static void pair_reports(const struct verdicts *v, size_t of, size_t with,
                         struct report_pairs *out)
{
    size_t x[ARM_EVALS_MAX], y[ARM_EVALS_MAX];
    out->n = conditions_pairs(&v->arms.conditions, v->arms.n, of, with, x, y);
    for (size_t i = 0; i < out->n; i++) {
        out->of[i] = &v->report[x[i]];
        out->with[i] = &v->report[y[i]];
    }
}

static enum err hold_against_control(const struct verdict_args *a,
                                     const struct verdicts *v, struct comparison *c,
                                     struct errinfo *e)
{
    const struct conditions *all = &v->arms.conditions;
    const struct settings *set[CONDITIONS_MAX];
    struct report_pairs p;
    for (size_t k = 0; k < all->n; k++) {
        set[k] = &v->arms.arm[all->at[k].arm].record.set;
    }
    c->control = conditions_control(set, all->n, c->of);
    if (c->control == all->n) {
        return OK;
    }
    pair_reports(v, c->of, c->control, &p);
    return compare_within(p.of, p.with, p.n, a->margin, v->first, c->within_random, e);
}

static enum err compare(const struct verdict_args *a, struct verdicts *v,
                        struct comparison *c, struct errinfo *e)
{
    struct compared found;
    struct report_pairs p;
    pair_reports(v, c->of, c->baseline, &p);
    TRY(compare_pairs(p.of, p.with, p.n, a->margin, v->first, &found, e));
    c->pairs = found.pairs;
    memcpy(c->row, found.row, sizeof found.row);
    memcpy(c->by, found.by, sizeof found.by);
    return hold_against_control(a, v, c, e);
}

/* The mean clean L0 over the arms of a condition. */
static double clean_l0(const struct verdicts *v, size_t condition)
{
    double sum = 0.0, n = 0.0;
    for (size_t i = 0; i < v->arms.n; i++) {
        const double l0 =
            kept_value(v->arms.arm[i].eval, measure_at(METRIC_L0_CLEAN)->path);
        if (v->arms.conditions.of[i] == condition && isfinite(l0)) {
            sum += l0;
            n += 1.0;
        }
    }
    return sum / n;
}

/* Add the reasons why the difference is not, or may not be, due to the masks. */
static void warn(struct verdicts *v, const struct comparison *c)
{
    const struct condition *x = &v->arms.conditions.at[c->of];
    const struct condition *y = &v->arms.conditions.at[c->baseline];
    struct difference d[DIFFERENCES];
    struct condition_changes changes[2][CHANGE_KINDS];
    conditions_changes(&v->arms.arm[x->arm].record.history, changes[0]);
    conditions_changes(&v->arms.arm[y->arm].record.history, changes[1]);
    const size_t n =
        conditions_differences(&v->arms.arm[x->arm].record.set,
                               &v->arms.arm[y->arm].record.set, d, DIFFERENCES);
    const struct compare_facts f = {
        .letter = {x->letter, y->letter},
        .difference = d,
        .n = n < DIFFERENCES ? n : DIFFERENCES,
        .l0 = {clean_l0(v, c->of), clean_l0(v, c->baseline)},
        .step = {-1, -1}, /* arm_evals_open says it */
        .changes = {changes[0], changes[1]},
        .row = c->row};
    compare_warn(&f, &v->arms.remarks);
}

/* How many seeds were planned before anybody looked, if more were added; 0: none were
 * added. */
static size_t planned_first(const struct verdict_args *a, const struct arm_evals *arms,
                            size_t baseline)
{
    size_t x[ARM_EVALS_MAX], y[ARM_EVALS_MAX], least = ARM_EVALS_MAX;
    for (size_t k = 0; k < arms->conditions.n; k++) {
        const size_t n = k == baseline ? ARM_EVALS_MAX
                                       : conditions_pairs(&arms->conditions, arms->n, k,
                                                          baseline, x, y);
        least = n < least ? n : least;
    }
    return a->planned >= 0 ? (size_t)a->planned
                           : paired_first(least, arm_evals_planned(arms));
}

static enum err make_comparisons(const struct verdict_args *a, struct verdicts *v,
                                 struct errinfo *e)
{
    const struct conditions *c = &v->arms.conditions;
    const size_t baseline = conditions_baseline(c);
    v->first = planned_first(a, &v->arms, baseline);
    TRY(mem_new(&v->row, c->n, VERDICT_MEASURE_COUNT * sizeof *v->row, "verdicts", e));
    for (size_t k = 0; k < c->n; k++) {
        struct comparison *x = &v->at[v->n];
        if (k == baseline) {
            continue;
        }
        *x = (struct comparison){.of = k,
                                 .baseline = baseline,
                                 .row = v->row + v->n * VERDICT_MEASURE_COUNT};
        v->n++;
        TRY(compare(a, v, x, e));
        warn(v, x);
        if (x->pairs > 1 && x->pairs < v->first) {
            return err_set(e, ERR_USAGE,
                           "--planned: found %zu, expected at most the %zu seeds that "
                           "%c and %c have",
                           v->first, x->pairs, c->at[k].letter, c->at[baseline].letter);
        }
    }
    TRY(verdict_judge(v->row, v->n * VERDICT_MEASURE_COUNT, v->first, e));
    if (arm_evals_so_far(&v->arms)) {
        verdict_so_far(v->row, v->n * VERDICT_MEASURE_COUNT);
    }
    return OK;
}

/* Whether a line is to say that a measure is missing: no comparison has it, for want of
 * a model. */
static bool is_missing(const struct verdicts *v, size_t m)
{
    bool missing = v->arms.textless;
    for (size_t i = 0; i < v->n; i++) {
        missing = missing && v->at[i].row[m].verdict == VERDICT_NOT_MEASURED;
    }
    return missing;
}

/* Whether the table has the measure. */
static bool is_shown(const struct verdicts *v, bool all, size_t m)
{
    const enum verdict_list list = verdict_measure_def(m)->list;
    return (all || list == VERDICT_PRIMARY ||
            (v->arms.textless && list == VERDICT_BARE)) &&
           !is_missing(v, m);
}

/* Add what the model would be needed for. */
static void add_missing(const struct verdicts *v, bool all, struct remarks *out)
{
    struct str text;
    str_init(&text, REMARK_TEXT);
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        const bool asked = all || verdict_measure_def(m)->list == VERDICT_PRIMARY;
        if (asked && is_missing(v, m)) {
            str_addf(&text, "%s%s", text.len > 0 ? "; " : "", verdict_measure_label(m));
        }
    }
    if (text.len > 0) {
        remarks_add(
            out,
            "activations made elsewhere: not measured without the model and its text: "
            "%s; saetop eval RUN %s measures them",
            text.p, want_gives(WANT_MODEL));
    }
    str_free(&text);
}

static enum err make_verdicts(const struct verdict_args *a,
                              const struct opts_result *line, struct verdicts *v,
                              struct errinfo *e)
{
    const struct arm_evals_opts o = {a->anew, a->json, a->threads};
    TRY(arm_evals_compare(line->args, line->n_args, &o, &v->arms, e));
    TRY(read_reports(v, e));
    TRY(make_comparisons(a, v, e));
    add_missing(v, a->all || a->json, &v->arms.remarks);
    return OK;
}

/* ---- output ---- */

static void add_member(struct str *out, const char *key, double v)
{
    str_addf(out, "\"%s\": ", key);
    json_add_number(out, v);
    str_add(out, ", ");
}

static void add_row_json(const struct verdicts *v, const struct comparison *c, size_t m,
                         struct str *out)
{
    static const char *const lists[VERDICT_LISTS] = {"primary", "others", "bare"};
    const struct verdict_measure_def *def = verdict_measure_def(m);
    const struct verdict_row *r = &c->row[m];
    const struct stats_interval by = c->by[m];
    const char *direction = verdict_direction(r->verdict);
    str_addf(out, "{\"name\": \"%s\", \"condition\": \"%c\", \"baseline\": \"%c\", ",
             verdict_measure_name(m), v->arms.conditions.at[c->of].letter,
             v->arms.conditions.at[c->baseline].letter);
    add_member(out, "difference", by.mean);
    str_add(out, "\"interval\": [");
    json_add_number(out, by.low);
    str_add(out, ", ");
    json_add_number(out, by.high);
    str_addf(out, "], \"interval_of\": \"%s\", \"n\": %zu, ",
             c->pairs == 1 ? "text" : "seeds", r->d.n);
    str_addf(out, "\"verdict\": \"%s\", \"direction\": %s%s%s, ", verdict_row_text(r),
             direction ? "\"" : "", direction ? direction : "null",
             direction ? "\"" : "");
    add_member(out, "p", r->d.p);
    add_member(out, "p_holm", r->p_holm);
    add_member(out, "smallest", r->smallest);
    add_member(out, "margin", r->margin);
    str_addf(out, "\"within_random\": %s, \"primary\": %s, \"list\": \"%s\"}",
             c->control == v->arms.conditions.n || r->d.n < 2 ? "null"
             : c->within_random[m]                            ? "true"
                                                              : "false",
             def->list == VERDICT_PRIMARY ? "true" : "false", lists[def->list]);
}

static void add_json(const struct verdicts *v, struct str *out)
{
    str_addc(out, '{');
    arm_evals_json(&v->arms, out);
    str_addf(
        out,
        "\"planned\": %zu, \"differences\": \"condition less baseline\", \"measures\": [",
        v->first);
    for (size_t i = 0; i < v->n * VERDICT_MEASURE_COUNT; i++) {
        str_add(out, i > 0 ? ",\n" : "\n");
        add_row_json(v, &v->at[i / VERDICT_MEASURE_COUNT], i % VERDICT_MEASURE_COUNT,
                     out);
    }
    str_add(out, "\n]}\n");
}

static void add_row_text(const struct comparison *c, size_t m, struct str *out)
{
    const int digits = verdict_measure(m)->digits;
    const struct verdict_row *r = &c->row[m];
    const struct stats_interval by = c->by[m];
    const char *direction = verdict_direction(r->verdict);
    str_addf(out, "  %-28s %s", verdict_measure_label(m),
             NUMBER(NUMBER_SIGNED, 7, digits, by.mean));
    if (isfinite(by.low) && isfinite(by.high)) {
        str_addf(out, " [%s, %s]", NUMBER(NUMBER_SIGNED, 7, digits, by.low),
                 NUMBER(NUMBER_SIGNED, 7, digits, by.high));
    } else {
        str_addf(out, " %18s", "");
    }
    if (c->within_random[m]) { /* a direction is established nevertheless */
        const bool said = direction != NULL && !r->so_far;
        str_addf(out, "  %s%swithin random\n", said ? direction : "", said ? ", " : "");
        return;
    }
    const char mark[] = {' ', verdict_mark(r), '\0'};
    str_addf(out, "  %s%s%s", direction && !r->so_far ? "established: " : "",
             verdict_brief(r->verdict), mark[1] == ' ' || direction ? "" : mark);
    if (r->verdict == VERDICT_OPEN && isfinite(r->smallest)) {
        str_addf(out, ", %s%s", verdict_in_reach(r) ? "needs " : "out of reach",
                 verdict_in_reach(r) ? NUMBER(NUMBER_PLAIN, 0, digits, r->smallest)
                                     : "");
    }
    str_addc(out, '\n');
}

/* Add which kind of intervals the comparison has, and over how many seeds. */
static void add_heading(const struct verdicts *v, const struct comparison *c,
                        struct str *out)
{
    const struct conditions *k = &v->arms.conditions;
    str_addf(out, "%c-%c, ", k->at[c->of].letter, k->at[c->baseline].letter);
    if (c->pairs < 2) {
        str_add(out, c->pairs == 1 ? "one seed: the intervals are of the text, and "
                                     "establish nothing of seeds\n"
                                   : "no seeds in common\n");
    } else if (v->first == 0) {
        str_addf(out, "%zu seeds, 95 %% paired t intervals, Holm over the list:\n",
                 c->pairs);
    } else {
        str_addf(
            out,
            "%zu seeds, %zu of them planned: 95 %% intervals for any number of seeds\n"
            "(Lai 1976), %.2g times as wide as planned ones, Holm over the list:\n",
            c->pairs, v->first, paired_widening(c->pairs, v->first, VERDICT_LEVEL));
    }
}

/* Whether seeds vary the text too, not only the weights. */
static bool text_varies(const struct verdicts *v)
{
    bool r = false;
    for (size_t i = 1; i < v->arms.n; i++) {
        r = r || v->arms.arm[i].record.set.seed != v->arms.arm[0].record.set.seed;
    }
    return r;
}

/* What the seeds have in common. */
static const char *shared(const struct verdicts *v)
{
    return v->arms.textless ? "these activations, which all seeds share"
           : text_varies(v) ? "this model: seeds vary the order of the text as well"
                            : "this model and text, which all seeds share";
}

/* See whether a row shown is open, and whether one has a mark to be explained. */
static void look(const struct verdicts *v, bool all, bool *open, bool *marked)
{
    *open = *marked = false;
    for (size_t i = 0; i < v->n * VERDICT_MEASURE_COUNT; i++) {
        const struct verdict_row *r = &v->row[i];
        if (is_shown(v, all, i % VERDICT_MEASURE_COUNT)) {
            *open = *open || r->verdict == VERDICT_OPEN;
            *marked = *marked || strchr("~=", verdict_mark(r)) != NULL;
        }
    }
}

/* Add the lines about all comparisons. */
static void add_foot(const struct verdicts *v, bool all, struct str *out)
{
    size_t most = 0;
    bool open = false, marked = false;
    for (size_t i = 0; i < v->n; i++) {
        most = v->at[i].pairs > most ? v->at[i].pairs : most;
    }
    look(v, all, &open, &marked);
    if (marked) {
        str_addf(out, "%s\n",
                 arm_evals_so_far(&v->arms) ? VERDICT_MARKS_SO_FAR : VERDICT_MARKS);
    }
    if (open) {
        str_add(out,
                "unclear: not established; needs: smallest difference so many seeds "
                "could establish\n");
    }
    if (most >= 2) {
        str_addf(out, "Established here is of %s.\n", shared(v));
    }
    if (most >= 2 && v->first == 0) {
        str_addf(
            out,
            "If you add seeds after this look, say --planned %zu next time: intervals "
            "are then\n%.2g times as wide, and as narrow as these from %zu seeds on.\n",
            most, paired_widening(most, most, VERDICT_LEVEL),
            paired_regains(most, VERDICT_LEVEL));
    }
    for (size_t i = 0; i < v->n; i++) {
        if (v->at[i].control < v->arms.conditions.n) {
            str_addf(out,
                     "Within random: %c-%c, where the second has a random decoder, is "
                     "not\nestablished.%s\n",
                     v->arms.conditions.at[v->at[i].of].letter,
                     v->arms.conditions.at[v->at[i].control].letter,
                     arm_evals_so_far(&v->arms) ? ""
                                                : " A direction before it is "
                                                  "established, of the list above.");
        }
    }
    for (size_t i = 0; i < v->arms.remarks.n; i++) {
        str_add(out, "! ");
        str_wrap(out, v->arms.remarks.line[i], 2, 2);
    }
}

static void add_text(const struct verdicts *v, bool all, struct str *out)
{
    arm_evals_text(&v->arms, out);
    for (size_t i = 0; i < v->n; i++) {
        add_heading(v, &v->at[i], out);
        for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
            if (is_shown(v, all, m)) {
                add_row_text(&v->at[i], m, out);
            }
        }
    }
    add_foot(v, all, out);
}

int cmd_verdict(int argc, char **argv)
{
    struct verdict_args a = {.planned = -1};
    // clang-format off
    const struct opt table[] = {
        {"json", OPT_FLAG, &a.json, NULL, "one object: conditions, and a row a measure", 0, 0, NULL},
        {"all", OPT_FLAG, &a.all, NULL, "measures beyond the primary list too, in lists of their own for Holm", 0, 0, NULL},
        {"planned", OPT_INT, &a.planned, "N", "seeds that were planned, if more were added after looking: intervals that hold for any number of seeds; 0: none were added; -1: what a run says, if one is named", -1, ARM_EVALS_MAX, NULL},
        {"margin", OPT_LIST, &a.margins, "NAME=X", "what is too small to matter of a measure; may be repeated (default: 0.01 for explained variance, CE recovered and absorption, 0.02 for recall and F1, 0.005 for probing, half a latent for spread)", 0, 0, NULL},
        {"anew", OPT_FLAG, &a.anew, NULL, "evaluate, whatever is kept", 0, 0, NULL},
        {"threads", OPT_INT, &a.threads, "T", "threads; 0: as many as the process may use", 0, 1024, NULL},
    };
    // clang-format on
    const struct opts o = {
        .name = "verdict",
        .usage = "RUN... [OPTIONS]",
        .about =
            "What the seeds of an experiment establish. The arms of all runs named are "
            "put into conditions: alike in all settings but their seeds. Each is "
            "compared with a baseline, paired by seed: two as A less B, the first less "
            "the second; more with the one that is not masked, else with B. Each "
            "measure is established, not established, or too small to matter. An arm is "
            "evaluated once, as by `saetop eval`, and its eval.json kept. Of runs on "
            "activations made elsewhere what these alone give is compared.",
        .table = table,
        .n = sizeof table / sizeof *table,
        .min_args = 1,
        .max_args = OPT_LIST_MAX,
        .n_runs = OPT_LIST_MAX,
    };
    struct opts_result line;
    struct errinfo e = {0};
    struct verdicts v = {0};
    struct str out;
    int status = 0;
    if (!cmd_begin(&o, argc, argv, &line, &status)) {
        return status;
    }
    str_init(&out, OUTPUT_BYTES);
    enum err rc = take_margins(&a, &e);
    if (rc == OK && a.planned == 1) {
        rc = err_set(&e, ERR_USAGE,
                     "--planned: found 1, expected 2 or more: one seed has no spread");
    }
    rc = rc == OK ? make_verdicts(&a, &line, &v, &e) : rc;
    if (rc == OK && a.json) {
        add_json(&v, &out);
    } else if (rc == OK) {
        add_text(&v, a.all, &out);
    }
    const bool lost = v.arms.lost;
    verdicts_deinit(&v);
    status = cmd_end(rc, &e, &out, a.json);
    return status != 0 || !lost ? status : 1;
}
