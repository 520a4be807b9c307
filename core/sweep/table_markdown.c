/* report.md: what was run, the results in short, what to know when reading it, and the
 * tables of each part; and the lines for the terminal. */
#include "base/mem.h"
#include "sweep/table_priv.h"

#include <math.h>
#include <string.h>

#define PAPER "arXiv:2604.06495"

static const char nothing_compared[] =
    "Nothing is compared here: no masked arm is finished together with the unmasked "
    "one that is otherwise alike.";
static const char *const paper_word[] = {"lower", "", "higher"}; /* [paper + 1] */

static enum err page_init(struct page *g, const struct sweep_plan *p,
                          const struct sweep_result *results, struct str *out,
                          struct errinfo *e)
{
    g->out = out;
    str_init(&g->text, TEXT_BYTES);
    return findings_init(&g->f, p, results, e);
}

static enum err page_end(struct page *g, const char *what, struct errinfo *e)
{
    md_end(&g->text, g->out);
    findings_deinit(&g->f);
    return str_err(g->out, what, e);
}

static void paragraph(struct page *g, const char *text)
{
    str_add(&g->text, text);
    page_paragraph(g);
}

/* ---- tables ---- */

/* Adds cells from words separated by bars. */
static void cells(struct md_table *t, const char *words)
{
    for (const char *w = words;; w++) {
        const size_t n = strcspn(w, "|");
        md_cell(t, "%.*s", (int)n, w);
        w += n;
        if (*w == '\0') {
            return;
        }
    }
}

static void end_table(struct page *g, struct md_table *t)
{
    struct errinfo e;
    const enum err rc = md_table_end(t, g->out, &e);
    g->out->err = g->out->err == OK ? rc : g->out->err;
    str_addc(g->out, '\n');
}

/* Adds the page's text as a cell of Markdown, and empties it. */
static void text_cell(struct page *g, struct md_table *t)
{
    md_cell(t, "%s", g->text.p);
    md_again(&g->text);
}

static void value_cell(struct md_table *t, double v, int digits)
{
    if (isfinite(v)) {
        md_cell(t, "%.*f", digits, v);
    } else {
        md_cell(t, "-");
    }
}

/* ---- what was run ---- */

/* Adds the settings that a reader asks for first, then all others that differ. */
static void add_settings(struct page *g)
{
    const char *const first[] = {
        setting_key.model, setting_key.corpus,   setting_key.ood, setting_key.concepts,
        setting_key.hook,  setting_key.arch,     setting_key.k,   setting_key.width,
        setting_key.steps, setting_key.mask_rate};
    const size_t of_text = g->f.plan->base.source == SOURCE_SYNTHETIC ? 5 : 0;
    struct word_list keys = {0};
    struct errinfo e;
    enum err rc = OK;
    for (size_t i = of_text; rc == OK && i < sizeof first / sizeof *first; i++) {
        rc = word_list_add(&keys, first[i], &e);
    }
    rc = rc == OK ? keys_of_plan(g->f.plan, &keys, &e) : rc;
    str_add(&g->text, "Settings: ");
    words_settings(g, &keys, NULL, g->f.plan->n_conditions);
    paragraph(g, "the rest as in sweep.json.");
    word_list_deinit(&keys);
    g->text.err = g->text.err == OK ? rc : g->text.err;
}

static void add_title(struct page *g)
{
    const struct findings *f = &g->f;
    double seconds = 0.0;
    for (size_t i = 0; i < f->plan->n_cells; i++) {
        const struct sweep_result *r = &f->results[i];
        seconds += r->done && isfinite(r->seconds) ? r->seconds : 0.0;
    }
    str_add(g->out, "# What masking does to sparse autoencoders\n\n");
    str_addf(&g->text,
             "A sweep by saetop %s: %zu of %zu runs finished (%zu arms; %.1f hours of "
             "training and evaluation). Each run trains one SAE on %s",
             SAETOP_VERSION, f->finished, f->plan->n_cells, f->plan->n_conditions,
             seconds / 3600.0,
             f->plan->base.source == SOURCE_SYNTHETIC
                 ? "rows made of known features while a share p of them is masked; all "
                   "are held against the features of rows that are not."
                 : "the activations of a language model while a share p of the model's "
                   "input tokens is masked; all are evaluated on text that is not.");
    page_paragraph(g);
    add_settings(g);
}

/* ---- in short ---- */

/* Adds the difference of an average, marked with its verdict. */
static void overview_cell(struct page *g, struct md_table *t, size_t part, size_t m)
{
    const struct sweep_effect *x = &g->f.part[part].average[m];
    const enum sweep_verdict v = sweep_verdict_of(x);
    const char *mark = words_established(x)          ? "**"
                       : sweep_interval_side(x) != 0 ? "("
                                                     : "";
    if (v == SWEEP_SAME || v == SWEEP_TOO_FEW) {
        str_addc(&g->text, v == SWEEP_SAME ? '=' : '-');
    } else {
        str_addf(&g->text, "%s%+.*f%s", mark, sweep_measure_def(m)->digits, x->by.mean,
                 mark[0] == '(' ? ")" : mark);
    }
    str_add(&g->text, g->f.part[part].rest[m].conditions > 0 ? "†" : "");
    text_cell(g, t);
}

/* Adds an overview with a column per part, if there are several. */
static void add_overview(struct page *g)
{
    size_t part[SWEEP_PARTS_MAX], n = 0;
    struct md_table t;
    for (size_t q = 0; q < g->f.plan->n_parts; q++) {
        if (g->f.part[q].n > 0) {
            part[n++] = q;
        }
    }
    if (n < 2) {
        return;
    }
    paragraph(g, "All parts, masked minus unmasked on average over their arms. "
                 "**Bold**: established; in brackets: only before the adjustment for "
                 "many measures; plain: not established; =: the same in every pair; "
                 "†: one arm makes the average, see below.");
    md_table_init(&t, "llllllllllllllllllllllllllllllllll");
    t.cols = 2 + n;
    cells(&t, "measure|paper");
    for (size_t i = 0; i < n; i++) {
        md_cell_text(&t, g->f.plan->part[part[i]].name);
    }
    cells(&t, "masked arms|");
    for (size_t i = 0; i < n; i++) {
        md_cell(&t, "%zu", g->f.part[part[i]].n);
    }
    for (size_t m = g->f.set.first; m < g->f.set.end; m++) {
        md_cell(&t, "%s", sweep_measure_label(m));
        md_cell(&t, "%s", paper_word[sweep_measure_def(m)->paper + 1]);
        for (size_t i = 0; i < n; i++) {
            overview_cell(g, &t, part[i], m);
        }
    }
    end_table(g, &t);
}

static void add_in_short(struct page *g)
{
    const size_t part = findings_main_part(&g->f);
    str_add(g->out, "## In short\n\n");
    if (part == SWEEP_NONE) {
        paragraph(g, nothing_compared);
        return;
    }
    if (g->f.set.paper) {
        str_add(&g->text, "The paper (" PAPER ") reports that masking while training "
                          "lowers absorption, improves probing and narrows the gap to "
                          "out-of-distribution (OOD) text, for a little "
                          "reconstruction. ");
    }
    words_standings(g, part);
    add_overview(g);
    const size_t before = g->out->len;
    str_add(g->out, "To be read with care:\n\n");
    const size_t title = g->out->len;
    for (size_t q = 0; q < g->f.plan->n_parts; q++) {
        words_care(g, q);
    }
    if (g->out->len == title) {
        str_cut(g->out, before);
    } else {
        str_addc(g->out, '\n');
    }
}

static void add_reading(struct page *g)
{
    static const char *const item[] = {
        "An **arm** is one setting with all its seeds. A masked arm is compared with "
        "the unmasked one (p = 0) that is otherwise alike, in **pairs** of one seed: "
        "the same first weights, the same text.",
        "**Established** (lower, higher) is a paired t test over seeds, or the sign "
        "test where all pairs differ by the same, below 0.05 after Holm's adjustment "
        "for all measures of an arm or an average; intervals are without it. *Not "
        "established* is no proof of no effect: the interval says which remain "
        "possible. Of 20 arms without any effect, about one gives a wrong verdict.",
        "**Averages** take one value a seed. **Arms**: lower/not established/higher.",
        "Nothing here says what another model or other texts would give."};
    str_add(g->out, "## How to read this\n\n");
    for (size_t i = 0; i < sizeof item / sizeof *item; i++) {
        str_add(&g->text, item[i]);
        page_item(g);
    }
    str_addc(g->out, '\n');
}

/* ---- what is left out ---- */

/* Adds the faults of a condition: unfinished seeds, nothing to compare with, seeds that
 * missed their clean L0. */
static void add_faults(const struct findings *f, size_t condition, struct str *out)
{
    const struct sweep_plan *p = f->plan;
    const struct sweep_condition *a = &p->condition[condition];
    size_t missing = 0, missed = 0;
    for (size_t i = 0; i < a->n_cells; i++) {
        if (!f->results[a->cell[i]].done) {
            str_addf(out, "%s%llu", missing++ ? ", " : " not finished: seed ",
                     (unsigned long long)p->cell[a->cell[i]].seed);
        }
    }
    if (missing) {
        str_addf(out, " (%zu of %zu).", missing, a->n_cells);
    } else if (p->cell[a->cell[0]].mask_rate > 0 && !f->condition[condition].compared) {
        str_add(out, a->baseline == SWEEP_NONE
                         ? " no unmasked arm was planned to compare it with."
                         : " not compared, since its unmasked arm is not finished.");
    }
    for (size_t i = 0; i < a->n_cells; i++) {
        const struct sweep_cell *c = &p->cell[a->cell[i]];
        const struct sweep_result *r = &f->results[a->cell[i]];
        if (r->done && c->target_l0 > 0 && !r->on_target) {
            str_add(out, missed ? ", " : " searched for clean L0 ");
            if (missed++ == 0) {
                str_addf(out, "%g, stands with ", c->target_l0);
            }
            str_addf(out, "%.2f in seed %llu", r->v[f->set.l0],
                     (unsigned long long)c->seed);
        }
    }
    str_add(out, missed ? "." : "");
}

static void add_left_out(struct page *g)
{
    const struct findings *f = &g->f;
    str_add(g->out, "## What is left out or missed\n\n");
    const size_t before = g->out->len;
    for (size_t a = 0; a < f->plan->n_conditions; a++) {
        str_add(&g->text, "**");
        md_text(&g->text, f->plan->condition[a].label);
        str_add(&g->text, "**:");
        const size_t at = g->text.len;
        add_faults(f, a, &g->text);
        if (g->text.len > at) {
            page_item(g);
        }
        md_again(&g->text);
    }
    for (size_t m = g->f.set.first; m < g->f.set.end; m++) {
        size_t missing = 0;
        for (size_t i = 0; i < f->plan->n_cells; i++) {
            missing += f->results[i].done && !isfinite(f->results[i].v[m]) ? 1 : 0;
        }
        if (missing) {
            str_addf(&g->text, "**%s**: not measured in %zu of %zu finished runs.",
                     sweep_measure_label(m), missing, f->finished);
            page_item(g);
        }
    }
    str_add(g->out,
            g->out->len > before
                ? "\nAn arm with a run missing stands in no mean and no "
                  "comparison.\n\n"
                : "Nothing: every run is finished, every measure was taken.\n\n");
}

/* ---- the tables of a part ---- */

static const char effect_head[] =
    "unmasked|masked|difference [95 %]|down/up|p, Holm|verdict";

static void effect_cells(struct page *g, struct md_table *t,
                         const struct sweep_effect *x)
{
    const int digits = sweep_measure_def(x->measure)->digits;
    value_cell(t, x->before, digits);
    value_cell(t, x->after, digits);
    words_difference(x, &g->text);
    text_cell(g, t);
    md_cell(t, "%zu/%zu", x->lower, x->higher);
    if (x->p_holm < 0.001) {
        md_cell(t, "<0.001");
    } else {
        value_cell(t, x->p_holm, 3);
    }
    md_cell(t, "%s", sweep_verdict_text(sweep_verdict_of(x)));
}

/* Adds a row per measure; below it, where one condition makes the average, the average
 * without it. */
static void add_averages(struct page *g, size_t part)
{
    const struct findings_part *q = &g->f.part[part];
    struct md_table t;
    md_table_init(&t, "lrrlrrlll");
    cells(&t, "measure");
    cells(&t, effect_head);
    cells(&t, "arms|paper");
    for (size_t m = g->f.set.first; m < g->f.set.end; m++) {
        const struct tally c = findings_tally(&g->f, part, m);
        md_cell(&t, "%s", sweep_measure_label(m));
        effect_cells(g, &t, &q->average[m]);
        md_cell(&t, "%zu/%zu/%zu", c.lower, c.open, c.higher);
        md_cell(&t, "%s", paper_word[sweep_measure_def(m)->paper + 1]);
        if (q->rest[m].conditions > 0) {
            str_add(&g->text, "- without ");
            md_text(&g->text, g->f.plan->condition[q->outlier[m]].label);
            text_cell(g, &t);
            effect_cells(g, &t, &q->rest[m]);
            cells(&t, "|");
        }
    }
    end_table(g, &t);
}

static void mean_cell(struct page *g, struct md_table *t, size_t condition, size_t m)
{
    const int digits = sweep_measure_def(m)->digits;
    double mean, sd;
    if (findings_mean(&g->f, condition, m, &mean, &sd) > 1) {
        md_cell(t, "%.*f ± %.*f", digits, mean, digits, sd);
    } else {
        value_cell(t, mean, digits);
    }
}

/* Adds a table per measure with a row per condition; means where nothing is
 * compared. */
static void add_conditions(struct page *g, size_t part)
{
    const struct findings_part *q = &g->f.part[part];
    const bool compared = q->n > 0;
    for (size_t m = g->f.set.first; m < g->f.set.end; m++) {
        struct md_table t;
        md_table_init(&t, compared ? "lrrlrrl" : "lr");
        str_addf(g->out, "#### %s\n\n", sweep_measure_label(m));
        cells(&t, "arm");
        cells(&t, compared ? effect_head : "mean ± sd");
        for (size_t i = 0; i < q->shown; i++) {
            md_cell_text(&t, g->f.plan->condition[q->condition[i]].label);
            if (i < q->n) {
                effect_cells(g, &t, &g->f.condition[q->condition[i]].effect[m]);
            } else {
                mean_cell(g, &t, q->condition[i], m);
            }
        }
        end_table(g, &t);
    }
}

static void add_part(struct page *g, size_t part)
{
    const struct sweep_part *q = &g->f.plan->part[part];
    str_add(g->out, "## Part ");
    md_text(g->out, q->name);
    str_add(g->out, "\n\n");
    if (q->about[0]) {
        md_text(&g->text, q->about);
        page_paragraph(g);
    }
    if (g->f.part[part].n == 0) {
        paragraph(g, nothing_compared);
    } else {
        str_add(&g->text, "Compared: ");
        words_compared(g, part);
        str_addc(&g->text, '.');
        page_paragraph(g);
        add_averages(g, part);
    }
    if (g->f.part[part].shown > 1 || g->f.part[part].n == 0) {
        add_conditions(g, part);
    }
}

/* ---- the whole ---- */

static void add_measures(struct page *g)
{
    str_add(g->out, "## The measures\n\n");
    for (size_t m = g->f.set.first; m < g->f.set.end; m++) {
        const struct measure *d = sweep_measure_def(m);
        str_addf(&g->text, "**%s** (`%s`, %s): %s%s%s.", sweep_measure_label(m),
                 d->result, d->unit, d->about ? d->about : d->help,
                 d->paper ? "; the paper reports " : "", paper_word[d->paper + 1]);
        page_item(g);
    }
}

enum err sweep_markdown(const struct sweep_plan *p, const struct sweep_result *results,
                        struct str *out, struct errinfo *e)
{
    struct page g;
    TRY(page_init(&g, p, results, out, e));
    add_title(&g);
    add_in_short(&g);
    add_reading(&g);
    add_left_out(&g);
    for (size_t q = 0; q < p->n_parts; q++) {
        add_part(&g, q);
    }
    add_measures(&g);
    return page_end(&g, "report.md", e);
}

enum err sweep_summary(const struct sweep_plan *p, const struct sweep_result *results,
                       struct str *out, struct errinfo *e)
{
    struct page g;
    TRY(page_init(&g, p, results, out, e));
    const size_t part = findings_main_part(&g.f);
    str_addf(&g.text, "%zu of %zu runs finished. ", g.f.finished, p->n_cells);
    if (part == SWEEP_NONE) {
        paragraph(&g, nothing_compared);
    } else {
        words_standings(&g, part);
        words_care(&g, part);
    }
    return page_end(&g, "summary", e);
}
