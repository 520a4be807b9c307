/* Verdicts in plain words. */
#include "base/mem.h"
#include "sweep/table_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

void add_signed(struct str *out, double v, int digits)
{
    if (isfinite(v)) {
        str_addf(out, "%+.*f", digits, v);
    } else {
        str_addc(out, '-');
    }
}

void add_interval(struct str *out, const struct stats_interval *by, int digits)
{
    add_signed(out, by->mean, digits);
    if (isfinite(by->low) && isfinite(by->high)) {
        str_add(out, " [");
        add_signed(out, by->low, digits);
        str_add(out, ", ");
        add_signed(out, by->high, digits);
        str_addc(out, ']');
    }
}

/* ---- tallies ---- */

static void widen(double range[2], size_t count, double by)
{
    range[0] = count == 1 ? by : fmin(range[0], by);
    range[1] = count == 1 ? by : fmax(range[1], by);
}

static void count_effect(const struct sweep_effect *x, struct tally *t)
{
    const enum sweep_verdict v = sweep_verdict_of(x);
    const int side = sweep_interval_side(x);
    if (v == SWEEP_TOO_FEW) {
        return;
    }
    t->arms++;
    t->least = t->arms == 1 ? x->by.mean : fmin(t->least, x->by.mean);
    t->greatest = t->arms == 1 ? x->by.mean : fmax(t->greatest, x->by.mean);
    if (v == SWEEP_LOWER) {
        widen(t->lower_by, ++t->lower, fabs(x->by.mean));
    } else if (v == SWEEP_HIGHER) {
        widen(t->higher_by, ++t->higher, fabs(x->by.mean));
    } else if (v == SWEEP_SAME) {
        t->same++;
    } else {
        t->open++;
        t->nearly_lower += side < 0 ? 1 : 0;
        t->nearly_higher += side > 0 ? 1 : 0;
    }
}

enum err tally_of(const struct findings *f, size_t part, size_t m, struct tally *out,
                  struct errinfo *e)
{
    const struct sweep_part *q = &f->plan->part[part];
    struct tally t = {.width = (double)NAN};
    double *half = NULL;
    size_t n = 0;
    TRY(mem_new(&half, q->n_arms, sizeof *half, "sweep", e));
    for (size_t i = 0; i < q->n_arms; i++) {
        if (f->compared[q->arm[i]]) {
            const struct sweep_effect *x = effect_at(f, q->arm[i], m);
            count_effect(x, &t);
            if (isfinite(x->by.high - x->by.low)) {
                half[n++] = 0.5 * (x->by.high - x->by.low);
            }
        }
    }
    stats_sort(n, half);
    t.width = stats_quantile_sorted(n, half, 0.5);
    mem_free(half);
    *out = t;
    return OK;
}

/* ---- words ---- */

/* "; lower in 3 of 15 arms, by 0.020 to 0.050" */
static void add_direction(const struct tally *t, const char *word, size_t count,
                          const double by[2], int digits, struct str *out)
{
    if (count == 0) {
        return;
    }
    str_addf(out, "%s%s in %zu of %zu %s, by %.*f", out->len ? "; " : "", word, count,
             t->arms, t->arms == 1 ? "arm" : "arms", digits, by[0]);
    if (count > 1) {
        str_addf(out, " to %.*f", digits, by[1]);
    }
}

/* "(of them 3 lower before Holm)": what the adjustment for many measures took back. */
static void add_nearly(const struct tally *t, struct str *out)
{
    if (t->nearly_lower + t->nearly_higher == 0) {
        return;
    }
    str_add(out, " (of them");
    if (t->nearly_lower) {
        str_addf(out, " %zu lower", t->nearly_lower);
    }
    if (t->nearly_higher) {
        str_addf(out, "%s %zu higher", t->nearly_lower ? " and" : "", t->nearly_higher);
    }
    str_add(out, " before Holm)");
}

void tally_words(const struct tally *t, size_t m, struct str *out)
{
    const int digits = sweep_measure_def(m)->digits;
    struct str s;
    str_init(&s, TEXT_BYTES);
    if (t->arms == 0) {
        str_add(&s, "not measured");
    } else if (t->same == t->arms) {
        str_add(&s, t->arms == 1 ? "the same" : "the same in all arms");
    } else if (t->open == t->arms) {
        str_addf(&s, "no effect established in %s%zu %s", t->arms == 1 ? "" : "any of ",
                 t->arms, t->arms == 1 ? "arm" : "arms");
        add_nearly(t, &s);
        str_add(&s, "; differences ");
        add_signed(&s, t->least, digits);
        str_add(&s, " to ");
        add_signed(&s, t->greatest, digits);
    } else {
        add_direction(t, "lower", t->lower, t->lower_by, digits, &s);
        add_direction(t, "higher", t->higher, t->higher_by, digits, &s);
        if (t->open) {
            str_addf(&s, "%snot established in %zu", s.len ? "; " : "", t->open);
            add_nearly(t, &s);
        }
        if (t->same) {
            str_addf(&s, "; the same in %zu", t->same);
        }
    }
    str_add(out, s.p);
    md_end(&s, out);
}

void tally_paper(const struct tally *t, size_t m, struct str *out)
{
    const int paper = sweep_measure_def(m)->paper;
    const size_t with = paper < 0 ? t->lower : t->higher;
    const size_t against = paper < 0 ? t->higher : t->lower;
    if (paper == 0 || t->arms == 0) {
        return;
    }
    if (with + against == 0) {
        str_addf(out, "the paper reports %s", paper < 0 ? "lower" : "higher");
    } else if (against == 0) {
        str_add(out, with == t->arms ? "as the paper reports"
                                     : "where established, as the paper reports");
    } else if (with == 0) {
        str_add(out, "the reverse of what the paper reports");
    } else {
        str_addf(out, "as the paper reports in %zu, the reverse in %zu", with, against);
    }
}

/* ---- beside the paper ---- */

/* Where the average of a measure over the arms of a part stands. */
enum standing { AS_REPORTED, REVERSE, NOT_ESTABLISHED, NOT_REPORTED, STANDINGS };

static enum standing standing_of(const struct sweep_effect *x)
{
    const int paper = sweep_measure_def(x->measure)->paper;
    const enum sweep_verdict v = sweep_verdict_of(x);
    if (paper == 0) {
        return NOT_REPORTED;
    }
    if (v != SWEEP_LOWER && v != SWEEP_HIGHER) {
        return NOT_ESTABLISHED;
    }
    return (v == SWEEP_LOWER) == (paper < 0) ? AS_REPORTED : REVERSE;
}

/* "explained variance lower by 0.0085" */
static void add_average(const struct sweep_effect *x, struct str *out)
{
    const struct sweep_measure_def *d = sweep_measure_def(x->measure);
    const enum sweep_verdict v = sweep_verdict_of(x);
    str_add(out, d->label);
    if (v == SWEEP_LOWER || v == SWEEP_HIGHER) {
        str_addf(out, " %s by %.*f", sweep_verdict_text(v), d->digits,
                 fabs(x->by.mean));
    } else if (v != SWEEP_UNDECIDED || d->paper == 0) {
        str_addf(out, " %s", sweep_verdict_text(v));
    }
}

/* Whether some arms of the part are established lower and others higher, which an
 * average hides. */
static bool both_ways(const struct findings *f, size_t part, size_t m)
{
    const struct sweep_part *q = &f->plan->part[part];
    bool lower = false, higher = false;
    for (size_t i = 0; i < q->n_arms; i++) {
        if (f->compared[q->arm[i]]) {
            const enum sweep_verdict v = sweep_verdict_of(effect_at(f, q->arm[i], m));
            lower |= v == SWEEP_LOWER;
            higher |= v == SWEEP_HIGHER;
        }
    }
    return lower && higher;
}

/* The measures with this standing, L0 apart: "explained variance lower by 0.0085; ..."
 */
static void add_list(const struct findings *f, size_t part, enum standing s,
                     struct str *out)
{
    size_t n = 0;
    for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
        const struct sweep_effect *x = average_at(f, part, m);
        if (m != SWEEP_l0_clean && x->arms > 0 && standing_of(x) == s) {
            str_add(out, n++ ? "; " : "");
            add_average(x, out);
            str_add(out, both_ways(f, part, m) ? " (single arms go both ways)" : "");
        }
    }
    str_add(out, n ? "" : "nothing");
}

void add_standings(const struct findings *f, size_t part, struct str *out)
{
    static const char *const title[STANDINGS] = {
        [AS_REPORTED] = "As the paper reports",
        [REVERSE] = "The reverse of what the paper reports",
        [NOT_ESTABLISHED] = "Not established either way",
        [NOT_REPORTED] = "Where the paper reports nothing"};
    struct str item;
    str_init(&item, TEXT_BYTES);
    for (int s = 0; s < STANDINGS; s++) {
        md_again(&item);
        str_addf(&item, "**%s:** ", title[s]);
        add_list(f, part, (enum standing)s, &item);
        str_addc(&item, '.');
        md_wrap(out, item.p, "- ", "  ", REPORT_WIDTH);
    }
    str_addc(out, '\n');
    md_end(&item, out);
}

/* ---- what the arms of a part are ---- */

/* The values of `key` in all compared arms of a part. */
static enum err values_in_part(const struct findings *f, size_t part, const char *key,
                               struct word_list *out, struct errinfo *e)
{
    const struct sweep_part *q = &f->plan->part[part];
    for (size_t i = 0; i < q->n_arms; i++) {
        if (f->compared[q->arm[i]]) {
            TRY(values_in_arm(f->plan, q->arm[i], key, out, e));
        }
    }
    return OK;
}

/* Whether all are numbers, and the least and the greatest of them. */
static bool all_numbers(const struct word_list *l, size_t *least, size_t *greatest)
{
    double low = (double)INFINITY, high = -(double)INFINITY;
    for (size_t i = 0; i < l->n; i++) {
        char *end = NULL;
        const double v = strtod(l->word[i], &end);
        if (end == l->word[i] || *end || !isfinite(v)) {
            return false;
        }
        *least = v < low ? i : *least;
        *greatest = v > high ? i : *greatest;
        low = fmin(low, v);
        high = fmax(high, v);
    }
    return l->n > 0;
}

static void add_axis(const char *key, const struct word_list *l, struct str *out)
{
    size_t low = 0, high = 0;
    str_add(out, out->len ? ", " : "");
    str_addf(out, "%s ", key);
    if (all_numbers(l, &low, &high) && l->n > 1) {
        str_addf(out, "%s to %s", l->word[low], l->word[high]);
    } else if (l->n <= 3) {
        for (size_t i = 0; i < l->n; i++) {
            str_add(out, i == 0 ? "" : i + 1 == l->n ? " and " : ", ");
            str_add(out, l->word[i]);
        }
    } else {
        str_addf(out, "of %zu kinds", l->n);
    }
}

enum err axes_words(const struct findings *f, size_t part, struct str *out,
                    struct errinfo *e)
{
    struct word_list keys = {0}, values = {0};
    struct str text;
    str_init(&text, TEXT_BYTES);
    enum err rc = keys_of_plan(f->plan, &keys, e);
    for (size_t i = 0; rc == OK && i < keys.n; i++) {
        const bool rate = strcmp(keys.word[i], "mask.rate") == 0;
        rc = values_in_part(f, part, keys.word[i], &values, e);
        if (rc == OK && strcmp(keys.word[i], "seed") != 0 &&
            (values.n > 1 || (rate && values.n == 1))) {
            add_axis(rate ? "p" : keys.word[i], &values, &text);
        }
        word_list_deinit(&values);
    }
    rc = rc == OK ? str_err(&text, "sweep", e) : rc;
    str_add(out, text.p);
    md_end(&text, out);
    word_list_deinit(&keys);
    return rc;
}

/* A difference of clean L0 above this share of it is worth a warning. */
#define L0_SHARE 0.02

bool sparsity_words(const struct findings *f, size_t part, struct str *out)
{
    const struct sweep_part *q = &f->plan->part[part];
    size_t apart = 0, arms = 0, worst = SWEEP_NONE;
    double most = 0.0;
    for (size_t i = 0; i < q->n_arms; i++) {
        if (!f->compared[q->arm[i]]) {
            continue;
        }
        const struct sweep_effect *x = effect_at(f, q->arm[i], SWEEP_l0_clean);
        const double share = fabs(x->by.mean) / fabs(x->before);
        arms += isfinite(share) ? 1 : 0;
        apart += share > L0_SHARE ? 1 : 0;
        if (share > most) {
            most = share;
            worst = q->arm[i];
        }
    }
    if (arms == 0) {
        str_add(out, "Clean L0 was not measured.");
        return true;
    }
    if (apart == 0) {
        str_addf(out,
                 "Clean L0 of masked and unmasked arms agrees within %.0f %%, so they "
                 "are compared at the same sparsity.",
                 100.0 * L0_SHARE);
        return false;
    }
    const struct sweep_effect *x = effect_at(f, worst, SWEEP_l0_clean);
    str_addf(out, "Clean L0 differs by more than %.0f %% in %zu of %zu arms, most in ",
             100.0 * L0_SHARE, apart, arms);
    str_add(out, f->plan->arm[worst].label);
    str_addf(out,
             " (%.2f unmasked, %.2f masked): there a difference may come from "
             "sparsity and not from masking.",
             x->before, x->after);
    return true;
}
