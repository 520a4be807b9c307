/* What a sweep found, in sentences. */
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

/* ---- arms ---- */

void words_settings(struct page *g, const struct word_list *keys, const size_t *arm,
                    size_t n)
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
            rc = values_in_arm(g->f.plan, arm ? arm[a] : a, key, &v, &e);
        }
        word_list_sort(&v);
        if (!arm || rate || (v.n > 1 && !seed)) {
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
        const size_t some = findings_average(&g->f, part, m)->pairs;
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
    words_settings(g, &keys, q->arm, q->n);
    str_addf(&g->text, "%zu pair%s of seeds)", pairs, plural_s(pairs));
    word_list_deinit(&keys);
}

/* ---- clean L0 ---- */

#define L0_SHARE 0.02 /* a difference above this share of it is worth a warning */

static bool l0_apart(const struct sweep_effect *x)
{
    return fabs(x->by.mean) > L0_SHARE * fabs(x->before);
}

/* "(tied +0.27 [-0.25, +0.78]; ...)": the arms whose L0 is too far apart. */
static void add_apart(struct page *g, size_t part)
{
    const struct findings_part *q = &g->f.part[part];
    size_t n = 0;
    for (size_t i = 0; i < q->n; i++) {
        const struct sweep_effect *x = findings_effect(&g->f, q->arm[i], g->f.set.l0);
        if (l0_apart(x)) {
            str_add(&g->text, n++ ? "; " : "(");
            md_text(&g->text, g->f.plan->arm[q->arm[i]].label);
            str_add(&g->text, ": ");
            words_difference(x, &g->text);
        }
    }
    str_addc(&g->text, ')');
}

bool words_l0(struct page *g, size_t part)
{
    const struct findings_part *q = &g->f.part[part];
    const struct sweep_plan *p = g->f.plan;
    const struct sweep_effect *average = findings_average(&g->f, part, g->f.set.l0);
    size_t apart = 0, differ = 0, searched = 0;
    for (size_t i = 0; i < q->n; i++) {
        const struct sweep_effect *x = findings_effect(&g->f, q->arm[i], g->f.set.l0);
        apart += l0_apart(x) ? 1 : 0;
        differ += x->lower + x->higher > 0 ? 1 : 0;
        searched += p->cell[p->arm[q->arm[i]].cell[0]].target_l0 > 0 ? 1 : 0;
    }
    if (average->arms == 0 || differ == 0) {
        str_add(&g->text, average->arms == 0
                              ? "Clean L0 was not measured."
                              : "Clean L0 of masked and unmasked arms is "
                                "the same.");
        return average->arms == 0;
    }
    str_addf(&g->text, "%s, masked minus unmasked, is ",
             searched == q->n ? "Sparsity was searched for equal clean L0; what is left"
                              : "Clean L0");
    words_difference(average, &g->text);
    if (apart == 0) {
        str_addf(&g->text, " on average, and within %.0f %% in every arm.",
                 100.0 * L0_SHARE);
        return false;
    }
    str_addf(&g->text, " on average. It is more than %.0f %% in %zu of %zu arms ",
             100.0 * L0_SHARE, apart, q->n);
    add_apart(g, part);
    str_add(&g->text, ": there a difference may come from sparsity and not from "
                      "masking.");
    return true;
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
    for (int s = g->f.set.paper ? 0 : NEW; s < STANDINGS; s++) {
        size_t n = 0;
        str_addf(&g->text, "**%s:** ", g->f.set.paper ? title[s] : plain[s]);
        for (size_t m = g->f.set.first; m < g->f.set.end; m++) {
            const struct sweep_effect *x = findings_average(&g->f, part, m);
            if (m != g->f.set.l0 && x->arms > 0 && (int)standing_of(x) == s) {
                str_add(&g->text, n++ ? "; " : "");
                add_effect(g, x);
            }
        }
        str_add(&g->text, n ? "." : "nothing.");
        page_item(g);
    }
}

/* ---- what averages hide ---- */

static void add_l0(struct page *g, size_t part)
{
    const size_t at = g->text.len;
    if (!words_l0(g, part)) {
        str_cut(&g->text, at);
    }
}

static void add_outliers(struct page *g, size_t part)
{
    size_t n = 0;
    for (size_t m = g->f.set.first; m < g->f.set.end; m++) {
        const struct sweep_effect *rest = findings_rest(&g->f, part, m);
        if (rest) {
            const size_t arm = findings_outlier(&g->f, part, m);
            str_addf(&g->text, "%s%s: the average ", n++ ? " " : "",
                     sweep_measure_label(m));
            words_difference(findings_average(&g->f, part, m), &g->text);
            str_add(&g->text, " is mostly that of ");
            md_text(&g->text, g->f.plan->arm[arm].label);
            str_add(&g->text, ", ");
            words_difference(findings_effect(&g->f, arm, m), &g->text);
            str_addf(&g->text, "; over the other %zu arms it is ", rest->arms);
            words_difference(rest, &g->text);
            str_addf(&g->text, ", %s.", sweep_verdict_text(sweep_verdict_of(rest)));
        }
    }
}

/* Where an average is established and no single arm, or single arms both ways. */
static void add_singles(struct page *g, size_t part)
{
    size_t n = 0;
    for (size_t m = g->f.set.first; m < g->f.set.end; m++) {
        const struct sweep_effect *x = findings_average(&g->f, part, m);
        const struct tally t = findings_tally(&g->f, part, m);
        const bool down = x->by.mean < 0;
        const bool none = words_established(x) && (down ? t.lower : t.higher) == 0;
        if (!none && (t.lower == 0 || t.higher == 0)) {
            continue;
        }
        str_addf(&g->text, "%s%s ",
                 n++ ? "; " : "Single arms by themselves, after the adjustment: ",
                 sweep_measure_label(m));
        if (none) {
            str_addf(&g->text, "%s in none (before it in %zu of %zu)",
                     down ? "lower" : "higher", down ? t.before_lower : t.before_higher,
                     t.arms);
        } else {
            str_addf(&g->text, "lower in %zu and higher in %zu", t.lower, t.higher);
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
