/* report.md: what was run, what came out in words, what was left out, and a section for
 * each part; and the lines for the terminal. */
#include "base/mem.h"
#include "base/utf8.h"
#include "sweep/table_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PAPER "arXiv:2604.06495"

/* A paragraph, or the item of a list, of Markdown. */
static void add_wrapped(struct str *out, const char *first, const char *text)
{
    md_wrap(out, text, first, first[0] ? "  " : "", REPORT_WIDTH);
}

/* ---- what was run ---- */

static double hours(const struct findings *f)
{
    double sum = 0.0;
    for (size_t i = 0; i < f->plan->n_cells; i++) {
        const struct sweep_result *r = &f->results[i];
        sum += r->done && isfinite(r->seconds) ? r->seconds : 0.0;
    }
    return sum / 3600.0;
}

/* Settings that a reader asks for first; the rest of the differing ones follow. */
static const char *const asked[] = {"model", "corpus", "ood",   "concepts",
                                    "hook",  "arch",   "width", "mask.rate",
                                    "k",     "steps",  "batch"};
enum { N_ASKED = sizeof asked / sizeof *asked };

static bool is_asked(const char *key)
{
    for (size_t i = 0; i < N_ASKED; i++) {
        if (strcmp(asked[i], key) == 0) {
            return true;
        }
    }
    return false;
}

/* A row of the table: a setting and all its values in the plan. */
static enum err add_setting(const struct findings *f, const char *key,
                            struct md_table *t, struct errinfo *e)
{
    struct word_list values = {0};
    struct str text;
    str_init(&text, TEXT_BYTES);
    enum err rc = OK;
    for (size_t a = 0; rc == OK && a < f->plan->n_arms; a++) {
        rc = values_in_arm(f->plan, a, key, &values, e);
    }
    for (size_t i = 0; rc == OK && i < values.n; i++) {
        str_addf(&text, "%s%s", i ? ", " : "",
                 values.word[i][0] ? values.word[i] : "none");
    }
    rc = rc == OK ? str_err(&text, "report.md", e) : rc;
    if (rc == OK) {
        md_cell_text(t, key);
        md_cell_text(t, text.p);
    }
    word_list_deinit(&values);
    md_end(&text, &t->cells);
    return rc;
}

static enum err add_setup(const struct findings *f, struct str *out, struct errinfo *e)
{
    struct word_list keys = {0};
    struct md_table t;
    md_table_init(&t, "ll");
    enum err rc = keys_of_plan(f->plan, &keys, e);
    md_cell(&t, "%s", "setting");
    md_cell(&t, "%s", "in this sweep");
    for (size_t i = 0; rc == OK && i < N_ASKED; i++) {
        rc = add_setting(f, asked[i], &t, e);
    }
    for (size_t i = 0; rc == OK && i < keys.n; i++) {
        rc = is_asked(keys.word[i]) ? OK : add_setting(f, keys.word[i], &t, e);
    }
    word_list_deinit(&keys);
    if (rc != OK) {
        md_table_free(&t);
        return rc;
    }
    TRY(md_table_end(&t, out, e));
    str_addc(out, '\n');
    return OK;
}

static enum err add_title(const struct findings *f, struct str *out, struct errinfo *e)
{
    struct str text;
    str_init(&text, TEXT_BYTES);
    str_add(out, "# What masking does to sparse autoencoders\n\n");
    str_addf(
        &text,
        "A sweep by saetop %s: %zu of %zu runs finished (%zu arms; %.1f hours of "
        "training and evaluation). Each run trains one SAE on the activations of a "
        "language model while a share p of the model's input tokens is masked; "
        "all are evaluated on text that is not.",
        SAETOP_VERSION, f->finished, f->plan->n_cells, f->plan->n_arms, hours(f));
    add_wrapped(out, "", text.p);
    str_addc(out, '\n');
    md_end(&text, out);
    return add_setup(f, out, e);
}

/* ---- in short ---- */

/* A line for each measure: how it came out arm by arm. */
static enum err add_verdicts(const struct findings *f, size_t part, struct str *out,
                             struct errinfo *e)
{
    for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
        struct tally t;
        struct str text, paper;
        TRY(tally_of(f, part, m, &t, e));
        str_init(&text, TEXT_BYTES);
        str_init(&paper, TEXT_BYTES);
        str_addf(&text, "**%s**: ", sweep_measure_def(m)->label);
        if (average_at(f, part, m)->pairs > 1) {
            add_interval(&text, &average_at(f, part, m)->by,
                         sweep_measure_def(m)->digits);
            str_add(&text, "; ");
        }
        tally_words(&t, m, &text);
        tally_paper(&t, m, &paper);
        str_addf(&text, "%s%s.", paper.len ? "; " : "", paper.p);
        add_wrapped(out, "- ", text.p);
        md_end(&text, out);
        md_end(&paper, out);
    }
    str_addc(out, '\n');
    return OK;
}

static size_t compared_arms(const struct findings *f, size_t part)
{
    const struct sweep_part *q = &f->plan->part[part];
    size_t n = 0;
    for (size_t i = 0; i < q->n_arms; i++) {
        n += f->compared[q->arm[i]] ? 1 : 0;
    }
    return n;
}

/* "the 15 masked arms of part dose (p 0.1 to 0.5, k 2 to 32; 5 pairs of seeds)" */
static enum err add_which(const struct findings *f, size_t part, struct str *out,
                          struct errinfo *e)
{
    const size_t arms = compared_arms(f, part);
    if (arms == 1) {
        str_addf(out, "the masked arm of part %s (", f->plan->part[part].name);
    } else {
        str_addf(out, "the %zu masked arms of part %s (", arms,
                 f->plan->part[part].name);
    }
    TRY(axes_words(f, part, out, e));
    str_addf(out, "; %zu pairs of seeds)", average_at(f, part, SWEEP_l0_clean)->pairs);
    return OK;
}

/* The verdict of an average in a word: in brackets what holds only before Holm. */
static const char *word_of(const struct sweep_effect *x)
{
    const enum sweep_verdict v = sweep_verdict_of(x);
    const int side = sweep_interval_side(x);
    if (v == SWEEP_UNDECIDED) {
        return side < 0 ? "(lower)" : side > 0 ? "(higher)" : ".";
    }
    return v == SWEEP_TOO_FEW ? "-" : sweep_verdict_text(v);
}

/* Every part in a column, if there are several. */
static enum err add_overview(const struct findings *f, struct str *out,
                             struct errinfo *e)
{
    static const char *const paper[] = {"lower", "", "higher"};
    char align[SWEEP_PARTS_MAX + 3] = "ll";
    size_t part[SWEEP_PARTS_MAX], n = 0;
    struct md_table t;
    for (size_t q = 0; q < f->plan->n_parts && n < SWEEP_PARTS_MAX; q++) {
        if (compared_arms(f, q) > 0) {
            align[2 + n] = 'l';
            part[n++] = q;
        }
    }
    if (n < 2) {
        return OK;
    }
    add_wrapped(out, "",
                "The same for all parts; . is not established, and in brackets stands "
                "what was so only before the adjustment for many measures:");
    str_addc(out, '\n');
    md_table_init(&t, align);
    md_cell(&t, "%s", "measure");
    md_cell(&t, "%s", "paper");
    for (size_t i = 0; i < n; i++) {
        md_cell_text(&t, f->plan->part[part[i]].name);
    }
    md_cell(&t, "%s", "masked arms");
    md_cell(&t, "%s", "");
    for (size_t i = 0; i < n; i++) {
        md_cell(&t, "%zu", compared_arms(f, part[i]));
    }
    for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
        md_cell(&t, "%s", sweep_measure_def(m)->label);
        md_cell(&t, "%s", paper[sweep_measure_def(m)->paper + 1]);
        for (size_t i = 0; i < n; i++) {
            md_cell(&t, "%s", word_of(average_at(f, part[i], m)));
        }
    }
    TRY(md_table_end(&t, out, e));
    str_addc(out, '\n');
    return OK;
}

static enum err add_short_text(const struct findings *f, size_t part, struct str *raw,
                               struct str *out, struct errinfo *e)
{
    struct str safe;
    str_init(&safe, TEXT_BYTES);
    str_add(raw, "Over ");
    TRY(add_which(f, part, raw, e));
    str_add(raw, ", on average and seed by seed. ");
    (void)sparsity_words(f, part, raw);
    md_text(&safe, raw->p);
    add_wrapped(out, "", safe.p);
    str_addc(out, '\n');
    md_end(&safe, out);
    add_standings(f, part, out);
    TRY(add_overview(f, out, e));
    add_wrapped(out, "",
                "Measure by measure, over the arms of the first part named above: the "
                "difference on average with its 95 % interval, then how many arms show "
                "it by themselves.");
    str_addc(out, '\n');
    return add_verdicts(f, part, out, e);
}

static enum err add_in_short(const struct findings *f, struct str *out,
                             struct errinfo *e)
{
    const size_t part = main_part(f);
    str_add(out, "## In short\n\n");
    if (part == SWEEP_NONE) {
        add_wrapped(out, "",
                    "No arm of this plan is masked and has an unmasked one beside it: "
                    "nothing is compared here.");
        str_addc(out, '\n');
        return OK;
    }
    if (compared_arms(f, part) == 0) {
        add_wrapped(out, "",
                    "No masked arm is finished together with its unmasked one: nothing "
                    "can be said yet.");
        str_addc(out, '\n');
        return OK;
    }
    add_wrapped(out, "",
                "The paper (" PAPER ") reports that masking while training lowers "
                "absorption, improves probing and narrows the gap to "
                "out-of-distribution (OOD) text, for a little reconstruction. This is "
                "what came out here; what the measures are stands at the end.");
    str_addc(out, '\n');
    struct str raw;
    str_init(&raw, TEXT_BYTES);
    const enum err rc = add_short_text(f, part, &raw, out, e);
    md_end(&raw, out);
    return rc;
}

/* ---- how to read it ---- */

static void add_reading(struct str *out)
{
    static const char *const item[] = {
        "An **arm** is one setting with all its seeds. A masked arm is compared with "
        "the unmasked arm (p = 0) that is otherwise alike, in **pairs** of runs of one "
        "seed: both start from the same weights and read the same text in the same "
        "order, so what the seed brings cancels.",
        "**Differences** are masked minus unmasked, with the 95 % interval of the "
        "paired t test over seeds. The interval is of one measure by itself.",
        "**Verdicts** (lower, higher) stand where p is below 0.05 after Holm's "
        "adjustment for all measures of the arm. Anything else is *not established*: "
        "that is no proof of no effect; the interval says which effects remain "
        "possible. The adjustment is not over arms: of 20 arms without any effect, "
        "about one gives a wrong verdict.",
        "**Averages** over the arms of a part take one value from each seed, so that "
        "arms which share seeds are not counted as if they were independent. An "
        "average can hide arms that go opposite ways: *at a glance* shows them.",
        "Where the difference is the same in every pair there is no spread to test by; "
        "p is then that of the sign test and no interval is given.",
        "**At a glance**: L lower, H higher; l and h where only the interval by itself "
        "leaves out 0; . not established; = identical; ? not measured.",
        "All seeds share one language model and one set of texts for evaluation: what "
        "another model or other texts would give is not in the intervals.",
        "Clean L0, the active latents of a token of unmasked text, stands beside the "
        "figures: SAEs of unequal L0 differ in everything, masked or not.",
    };
    str_add(out, "## How to read this\n\n");
    for (size_t i = 0; i < sizeof item / sizeof *item; i++) {
        add_wrapped(out, "- ", item[i]);
    }
    str_addc(out, '\n');
}

/* ---- what is left out ---- */

/* An item that begins with the arm's label. */
static void add_item(const struct findings *f, size_t arm, const char *text,
                     struct str *out)
{
    struct str s;
    str_init(&s, TEXT_BYTES);
    str_add(&s, "**");
    md_text(&s, f->plan->arm[arm].label);
    str_addf(&s, "**: %s", text);
    add_wrapped(out, "- ", s.p);
    md_end(&s, out);
}

static size_t add_missing_seeds(const struct findings *f, struct str *out)
{
    const struct sweep_plan *p = f->plan;
    size_t items = 0;
    struct str text;
    str_init(&text, TEXT_BYTES);
    for (size_t a = 0; a < p->n_arms; a++) {
        if (f->complete[a]) {
            continue;
        }
        size_t missing = 0;
        md_again(&text);
        for (size_t i = 0; i < p->arm[a].n_cells; i++) {
            const size_t c = p->arm[a].cell[i];
            if (!f->results[c].done) {
                str_addf(&text, "%s%llu", missing++ ? ", " : "not finished: seed ",
                         (unsigned long long)p->cell[c].seed);
            }
        }
        str_addf(&text, " (%zu of %zu).", missing, p->arm[a].n_cells);
        add_item(f, a, text.p, out);
        items++;
    }
    md_end(&text, out);
    return items;
}

static size_t add_no_baseline(const struct findings *f, struct str *out)
{
    const struct sweep_plan *p = f->plan;
    size_t items = 0;
    for (size_t a = 0; a < p->n_arms; a++) {
        const bool masked = p->cell[p->arm[a].cell[0]].mask_rate > 0;
        if (f->complete[a] && masked && p->arm[a].baseline == SWEEP_NONE) {
            add_item(f, a, "no unmasked arm was planned to compare it with.", out);
            items++;
        } else if (f->complete[a] && masked && !f->compared[a]) {
            add_item(f, a, "not compared, since its unmasked arm is not finished.",
                     out);
            items++;
        }
    }
    return items;
}

static size_t add_unmatched(const struct findings *f, struct str *out)
{
    const struct sweep_plan *p = f->plan;
    size_t items = 0;
    struct str text;
    str_init(&text, TEXT_BYTES);
    for (size_t i = 0; i < p->n_cells; i++) {
        const struct sweep_cell *c = &p->cell[i];
        const struct sweep_result *r = &f->results[i];
        if (!r->done || c->match_l0 <= 0 || r->matched) {
            continue;
        }
        md_again(&text);
        str_addf(&text,
                 "seed %llu did not come to clean L0 %g: %.2f, at the setting %.4g. It "
                 "stands in the tables with that L0.",
                 (unsigned long long)c->seed, c->match_l0, r->v[SWEEP_l0_clean],
                 r->sparsity);
        add_item(f, c->arm, text.p, out);
        items++;
    }
    md_end(&text, out);
    return items;
}

static size_t add_unmeasured(const struct findings *f, struct str *out)
{
    size_t items = 0;
    struct str text;
    str_init(&text, TEXT_BYTES);
    for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
        size_t missing = 0;
        for (size_t i = 0; i < f->plan->n_cells; i++) {
            missing += f->results[i].done && !isfinite(f->results[i].v[m]) ? 1 : 0;
        }
        if (missing) {
            md_again(&text);
            str_addf(&text, "**%s**: not measured in %zu of %zu finished runs.",
                     sweep_measure_def(m)->label, missing, f->finished);
            add_wrapped(out, "- ", text.p);
            items++;
        }
    }
    md_end(&text, out);
    return items;
}

static void add_left_out(const struct findings *f, struct str *out)
{
    struct str items;
    str_init(&items, out->max);
    size_t n = add_missing_seeds(f, &items);
    n += add_no_baseline(f, &items);
    n += add_unmatched(f, &items);
    n += add_unmeasured(f, &items);
    str_add(out, "## What is left out\n\n");
    if (n == 0) {
        str_add(out, "Nothing: every run is finished, every measure was taken.\n\n");
    } else {
        add_wrapped(out, "",
                    "An arm with a run missing stands in no mean and no comparison.");
        str_addf(out, "\n%s\n", items.p);
    }
    md_end(&items, out);
}

/* ---- the measures ---- */

static void add_measures(struct str *out)
{
    static const char *const paper[] = {"; the paper reports lower.", ".",
                                        "; the paper reports higher."};
    str_add(out, "## The measures\n\n");
    for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
        const struct sweep_measure_def *d = sweep_measure_def(m);
        struct str text;
        str_init(&text, TEXT_BYTES);
        str_addf(&text, "**%s** (`%s`): %s%s", d->label, d->column, d->about,
                 paper[d->paper + 1]);
        add_wrapped(out, "- ", text.p);
        md_end(&text, out);
    }
}

/* ---- the whole ---- */

static enum err add_report(const struct findings *f, struct str *out, struct errinfo *e)
{
    TRY(add_title(f, out, e));
    TRY(add_in_short(f, out, e));
    add_reading(out);
    add_left_out(f, out);
    for (size_t q = 0; q < f->plan->n_parts; q++) {
        TRY(add_part(f, q, out, e));
    }
    add_measures(out);
    return str_err(out, "report.md", e);
}

enum err sweep_markdown(const struct sweep_plan *p, const struct sweep_result *results,
                        struct str *out, struct errinfo *e)
{
    struct findings f;
    TRY(findings_init(&f, p, results, e));
    const enum err rc = add_report(&f, out, e);
    findings_deinit(&f);
    return rc;
}

/* ---- for the terminal ---- */

/* A line a measure, 80 columns wide. */
static enum err summary_table(const struct findings *f, size_t part, struct str *out,
                              struct errinfo *e)
{
    struct str by;
    str_init(&by, TEXT_BYTES);
    str_addf(out, "  %-28s %-26s %-15s %s\n", "on average", "difference [95 %]",
             "verdict", "arms*");
    enum err rc = OK;
    for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
        const struct sweep_effect *x = average_at(f, part, m);
        struct tally t;
        TRY_OUT(rc, tally_of(f, part, m, &t, e));
        if (x->arms == 0) {
            continue;
        }
        md_again(&by);
        add_interval(&by, &x->by, sweep_measure_def(m)->digits);
        str_addf(out, "  %-28s %-26s %-15s %zu/%zu/%zu\n", sweep_measure_def(m)->label,
                 by.p, sweep_verdict_text(sweep_verdict_of(x)), t.lower,
                 t.open + t.same, t.higher);
    }
    str_add(out, "  * how many arms by themselves: lower/not established/higher\n");
out:
    md_end(&by, out);
    return rc;
}

static enum err add_summary(const struct findings *f, struct str *out,
                            struct errinfo *e)
{
    const size_t part = main_part(f);
    struct str text, safe;
    str_init(&text, TEXT_BYTES);
    str_init(&safe, TEXT_BYTES);
    enum err rc = OK;
    str_addf(&text, "%zu of %zu runs finished. ", f->finished, f->plan->n_cells);
    if (part == SWEEP_NONE || compared_arms(f, part) == 0) {
        str_add(&text, "No masked arm can be compared with its unmasked one yet.");
    } else {
        str_add(&text, "Masking, over ");
        TRY_OUT(rc, add_which(f, part, &text, e));
        str_add(&text, ":");
    }
    utf8_escape(&safe, text.p, text.len);
    md_wrap(out, safe.p, "", "", REPORT_WIDTH);
    if (part != SWEEP_NONE && compared_arms(f, part) > 0) {
        TRY_OUT(rc, summary_table(f, part, out, e));
        md_again(&text);
        md_again(&safe);
        if (sparsity_words(f, part, &text)) {
            utf8_escape(&safe, text.p, text.len);
            md_wrap(out, safe.p, "", "", REPORT_WIDTH);
        }
    }
out:
    md_end(&text, out);
    md_end(&safe, out);
    return rc == OK ? str_err(out, "summary", e) : rc;
}

enum err sweep_summary(const struct sweep_plan *p, const struct sweep_result *results,
                       struct str *out, struct errinfo *e)
{
    struct findings f;
    TRY(findings_init(&f, p, results, e));
    const enum err rc = add_summary(&f, out, e);
    findings_deinit(&f);
    return rc;
}
