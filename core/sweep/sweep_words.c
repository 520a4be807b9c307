/* The results of a sweep, in sentences. */
#include "base/mem.h"
#include "sweep/table_priv.h"

#include <math.h>
#include <string.h>

void page_paragraph(struct page *g)
{
    md_wrap(g->out, g->text.p, "", "", REPORT_WIDTH);
    str_addc(g->out, '\n');
    md_again(&g->text);
}

void page_item(struct page *g)
{
    md_wrap(g->out, g->text.p, "- ", "  ", REPORT_WIDTH);
    md_again(&g->text);
}

void words_difference(const struct sweep_effect *x, struct str *out)
{
    const int digits = sweep_measure_def(x->measure)->digits;
    if (!isfinite(x->by.mean)) {
        str_addc(out, '-');
        return;
    }
    str_addf(out, "%+.*f", digits, x->by.mean);
    if (isfinite(x->by.low) && isfinite(x->by.high)) {
        str_addf(out, " [%+.*f, %+.*f]", digits, x->by.low, digits, x->by.high);
    }
}

/* ---- conditions ---- */

void words_settings(struct page *g, const struct word_list *keys,
                    const size_t *condition, size_t n)
{
    enum { NAMED = 12 };
    struct errinfo e;
    for (size_t i = 0; i < keys->n; i++) {
        const char *key = keys->word[i];
        const bool rate = strcmp(key, setting_key.mask_rate) == 0;
        const bool seed = strcmp(key, setting_key.seed) == 0;
        struct word_list v = {0};
        enum err rc = OK;
        for (size_t a = 0; rc == OK && a < n; a++) {
            rc = values_in_condition(g->f.plan, condition ? condition[a] : a, key, &v,
                                     &e);
        }
        word_list_sort(&v);
        if (!condition || rate || (v.n > 1 && !seed)) {
            md_text(&g->text, rate ? "p" : key);
            for (size_t j = 0; j < v.n && j < NAMED; j++) {
                str_add(&g->text, j == 0 ? " " : ", ");
                md_text(&g->text, v.word[j][0] ? v.word[j] : "none");
            }
            str_add(&g->text, v.n > NAMED ? " and others; " : "; ");
        }
        g->text.err = g->text.err == OK ? rc : g->text.err;
        word_list_deinit(&v);
    }
}

void words_compared(struct page *g, size_t part)
{
    const struct findings_part *q = &g->f.part[part];
    struct word_list keys = {0};
    struct errinfo e;
    size_t pairs = 0;
    for (size_t m = g->f.set.first; m < g->f.set.end; m++) {
        const size_t some = q->average[m].pairs;
        pairs = some > pairs ? some : pairs;
    }
    const enum err rc = keys_of_plan(g->f.plan, &keys, &e);
    g->text.err = g->text.err == OK ? rc : g->text.err;
    word_list_sort(&keys);
    str_add(&g->text, "the ");
    if (q->n > 1) {
        str_addf(&g->text, "%zu ", q->n);
    }
    str_addf(&g->text, "masked arm%s of part ", plural_s(q->n));
    md_text(&g->text, g->f.plan->part[part].name);
    str_add(&g->text, " (");
    words_settings(g, &keys, q->condition, q->n);
    str_addf(&g->text, "%zu pair%s of seeds)", pairs, plural_s(pairs));
    word_list_deinit(&keys);
}

/* ---- beside the paper ---- */

enum standing { AS_REPORTED, REVERSE, OPEN, NEW, NEW_OPEN, STANDINGS };

bool words_established(const struct sweep_effect *x)
{
    const enum sweep_verdict v = sweep_verdict_of(x);
    return v == SWEEP_LOWER || v == SWEEP_HIGHER;
}

static enum standing standing_of(const struct sweep_effect *x)
{
    const int paper = sweep_measure_def(x->measure)->paper;
    if (!words_established(x)) {
        return paper == 0 ? NEW_OPEN : OPEN;
    }
    return paper == 0 ? NEW : (x->by.mean < 0) == (paper < 0) ? AS_REPORTED : REVERSE;
}

/* "explained variance -0.0212 [-0.0224, -0.0201]" */
static void add_effect(struct page *g, const struct sweep_effect *x)
{
    const int side = sweep_interval_side(x);
    str_addf(&g->text, "%s ", sweep_measure_label(x->measure));
    words_difference(x, &g->text);
    if (x->pairs < 2) {
        str_add(&g->text, " (too few pairs)");
    } else if (!words_established(x) && side != 0) {
        str_addf(&g->text, " (%s before the adjustment)",
                 side < 0 ? "lower" : "higher");
    }
}

/* Returns the average of a measure; NULL: it was not compared, or it is L0 itself. */
static const struct sweep_effect *average_of(const struct page *g, size_t part,
                                             size_t m)
{
    const struct sweep_effect *x = &g->f.part[part].average[m];
    return m != g->f.set.l0 && x->conditions > 0 ? x : NULL;
}

static void add_standing(struct page *g, size_t part, enum standing s,
                         const char *title)
{
    size_t n = 0;
    str_addf(&g->text, "**%s:** ", title);
    for (size_t m = g->f.set.first; m < g->f.set.end; m++) {
        const struct sweep_effect *x = average_of(g, part, m);
        if (x && standing_of(x) == s) {
            str_add(&g->text, n++ ? "; " : "");
            add_effect(g, x);
        }
    }
    str_addc(&g->text, '.');
    page_item(g);
}

/* "Of 12 measures on which the paper reports ..." */
static void add_count(struct page *g, const size_t n[STANDINGS])
{
    const size_t others = n[NEW] + n[NEW_OPEN];
    str_add(&g->text, "**Of ");
    if (g->f.set.paper) {
        str_addf(&g->text,
                 "%zu measures on which the paper reports something, %zu came out as "
                 "it reports, %zu the reverse, and %zu are not established; of ",
                 n[AS_REPORTED] + n[REVERSE] + n[OPEN], n[AS_REPORTED], n[REVERSE],
                 n[OPEN]);
    }
    str_addf(&g->text, "%zu %s, %zu are established.** ", others,
             g->f.set.paper ? "others" : "measures", n[NEW]);
}

void words_standings(struct page *g, size_t part)
{
    static const char *const title[STANDINGS] = {
        [AS_REPORTED] = "As the paper reports",
        [REVERSE] = "The reverse of what the paper reports",
        [OPEN] = "Reported by the paper, not established here",
        [NEW] = "Established here, not reported by the paper",
        [NEW_OPEN] = "Neither reported nor established"};
    static const char *const plain[STANDINGS] = {
        [NEW] = "Established", [NEW_OPEN] = "Not established"};
    const bool paper = g->f.set.paper;
    size_t n[STANDINGS] = {0};
    for (size_t m = g->f.set.first; m < g->f.set.end; m++) {
        const struct sweep_effect *x = average_of(g, part, m);
        if (x) {
            n[standing_of(x)]++;
        }
    }
    add_count(g, n);
    str_add(&g->text, g->f.part[part].n > 1 ? "On average over " : "For ");
    words_compared(g, part);
    str_add(&g->text, ", masked minus unmasked, with 95 % intervals of each measure by "
                      "itself; *established* is after Holm's adjustment for all:");
    page_paragraph(g);
    for (int s = paper ? 0 : NEW; s < STANDINGS; s++) {
        if (n[s]) {
            add_standing(g, part, (enum standing)s, paper ? title[s] : plain[s]);
        }
    }
    str_addc(g->out, '\n');
}

/* ---- what averages hide ---- */

#define L0_SHARE 0.02 /* a difference above this share of it is worth a warning */

/* Lists conditions whose clean L0 is too far from that of their unmasked ones. */
static void add_l0(struct page *g, size_t part)
{
    const struct findings_part *q = &g->f.part[part];
    const size_t at = g->text.len;
    size_t n = 0;
    if (q->n > 0 && q->average[g->f.set.l0].conditions == 0) {
        str_add(&g->text, "Clean L0 was not measured.");
        return;
    }
    str_addf(&g->text, "Clean L0 differs by more than %.0f %%, masked minus unmasked: ",
             100.0 * L0_SHARE);
    for (size_t i = 0; i < q->n; i++) {
        const struct sweep_effect *x =
            &g->f.condition[q->condition[i]].effect[g->f.set.l0];
        if (fabs(x->by.mean) > L0_SHARE * fabs(x->before)) {
            str_add(&g->text, n++ ? "; " : "");
            md_text(&g->text, g->f.plan->condition[q->condition[i]].label);
            str_add(&g->text, " ");
            words_difference(x, &g->text);
        }
    }
    str_addf(&g->text,
             " (%zu of %zu arms). A difference of theirs may come from "
             "sparsity and not from masking.",
             n, q->n);
    if (n == 0) {
        str_cut(&g->text, at);
    }
}

static void add_outliers(struct page *g, size_t part)
{
    const struct findings_part *q = &g->f.part[part];
    size_t n = 0;
    for (size_t m = g->f.set.first; m < g->f.set.end; m++) {
        if (q->rest[m].conditions == 0) {
            continue;
        }
        str_addf(&g->text, "%s%s: the average ", n++ ? " " : "",
                 sweep_measure_label(m));
        words_difference(&q->average[m], &g->text);
        str_add(&g->text, " is mostly that of ");
        md_text(&g->text, g->f.plan->condition[q->outlier[m]].label);
        str_add(&g->text, ", ");
        words_difference(&g->f.condition[q->outlier[m]].effect[m], &g->text);
        str_addf(&g->text, "; over the other %zu arms it is ", q->rest[m].conditions);
        words_difference(&q->rest[m], &g->text);
        str_addf(&g->text, ", %s.", sweep_verdict_text(sweep_verdict_of(&q->rest[m])));
    }
}

/* Lists measures whose average is established while no single condition is, or with
 * single conditions both ways. */
static void add_singles(struct page *g, size_t part)
{
    size_t n = 0;
    for (size_t m = g->f.set.first; m < g->f.set.end; m++) {
        const struct sweep_effect *x = &g->f.part[part].average[m];
        const struct tally t = findings_tally(&g->f, part, m);
        const bool none = words_established(x) && t.lower + t.higher == 0;
        if (none || (t.lower > 0 && t.higher > 0)) {
            str_addf(&g->text, "%s%s ", n++ ? "; " : "Single arms by themselves: ",
                     sweep_measure_label(m));
            str_add(&g->text, none ? "established in none" : "");
            if (!none) {
                str_addf(&g->text, "lower in %zu and higher in %zu", t.lower, t.higher);
            }
        }
    }
    str_add(&g->text, n ? "." : "");
}

void words_care(struct page *g, size_t part)
{
    void (*const add[])(struct page *, size_t) = {add_l0, add_outliers, add_singles};
    for (size_t i = 0; i < sizeof add / sizeof *add; i++) {
        str_add(&g->text, "**");
        md_text(&g->text, g->f.plan->part[part].name);
        str_add(&g->text, ":** ");
        const size_t at = g->text.len;
        add[i](g, part);
        if (g->text.len > at) {
            page_item(g);
        }
        md_again(&g->text);
    }
}
