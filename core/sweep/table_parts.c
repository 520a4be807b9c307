/* The section of one part in the report. */
#include "base/mem.h"
#include "sweep/table_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Arms of a part with one baseline: the baseline first. An arm without one stands
 * alone, as does an unmasked arm that nothing is compared with. */
struct group {
    size_t first, n; /* in `arm` of struct groups */
};
struct groups {
    size_t *arm; /* [arms of the part] by group */
    struct group *g;
    size_t n, arms;
};

static void groups_deinit(struct groups *q)
{
    mem_free(q->arm);
    mem_free(q->g);
}

static size_t group_key(const struct sweep_plan *p, size_t arm)
{
    return p->arm[arm].baseline == SWEEP_NONE ? arm : p->arm[arm].baseline;
}

/* Complete arms by baseline, in the order of the part. A baseline that another part has
 * planned is among them. */
static enum err groups_init(struct groups *q, const struct findings *f, size_t part,
                            struct errinfo *e)
{
    const struct sweep_part *sp = &f->plan->part[part];
    *q = (struct groups){0};
    TRY(mem_new(&q->arm, 2 * sp->n_arms, sizeof *q->arm, "groups", e));
    TRY(mem_new(&q->g, sp->n_arms, sizeof *q->g, "groups", e));
    for (size_t i = 0; i < sp->n_arms; i++) {
        const size_t key = group_key(f->plan, sp->arm[i]);
        const size_t first = q->arms;
        bool seen = false;
        for (size_t j = 0; j < i; j++) {
            seen |= group_key(f->plan, sp->arm[j]) == key;
        }
        if (!seen && f->complete[key]) {
            q->arm[q->arms++] = key;
        }
        for (size_t j = i; !seen && j < sp->n_arms; j++) {
            const size_t arm = sp->arm[j];
            if (arm != key && group_key(f->plan, arm) == key && f->complete[arm]) {
                q->arm[q->arms++] = arm;
            }
        }
        if (q->arms > first) {
            q->g[q->n++] = (struct group){first, q->arms - first};
        }
    }
    return OK;
}

static const char *label_of(const struct findings *f, size_t arm)
{
    return f->plan->arm[arm].label;
}

/* ---- labels, short ---- */

static bool has_word(const char *label, const char *word, size_t n)
{
    for (const char *w = label; *w;) {
        const size_t len = strcspn(w, " ");
        if (len == n && memcmp(w, word, n) == 0) {
            return true;
        }
        w += len + strspn(w + len, " ");
    }
    return false;
}

/* Append the words of an arm's label that all n arms have, or those that not all have;
 * all of it where nothing remains. */
static void add_some(const struct findings *f, size_t arm, const size_t *of, size_t n,
                     bool shared, struct str *out)
{
    const size_t before = out->len;
    const char *label = label_of(f, arm);
    for (const char *w = label; *w;) {
        const size_t len = strcspn(w, " ");
        size_t have = 0;
        for (size_t i = 0; i < n; i++) {
            have += has_word(label_of(f, of[i]), w, len) ? 1 : 0;
        }
        if ((have == n) == shared) {
            str_add(out, out->len > before ? " " : "");
            str_addn(out, w, len);
        }
        w += len + strspn(w + len, " ");
    }
    if (out->len == before) {
        str_add(out, label);
    }
}

static void add_short(const struct findings *f, size_t arm, const size_t *of, size_t n,
                      struct str *out)
{
    add_some(f, arm, of, n, false, out);
}

/* A heading: what n arms have in common. */
static void add_heading(const struct findings *f, const size_t *of, size_t n,
                        struct str *out)
{
    struct str text;
    str_init(&text, TEXT_BYTES);
    add_some(f, of[0], of, n, true, &text);
    str_add(out, "#### ");
    md_text(out, text.p);
    str_add(out, "\n\n");
    md_end(&text, out);
}

/* A cell of a table with it. */
static void short_cell(struct md_table *t, const struct findings *f, size_t arm,
                       const size_t *of, size_t n)
{
    struct str text;
    str_init(&text, TEXT_BYTES);
    add_short(f, arm, of, n, &text);
    md_cell_text(t, text.p);
    md_end(&text, &t->cells);
}

/* A paragraph of text of unknown origin. */
static void add_paragraph(struct str *out, const char *text)
{
    struct str safe;
    str_init(&safe, TEXT_BYTES);
    md_text(&safe, text);
    md_wrap(out, safe.p, "", "", REPORT_WIDTH);
    str_addc(out, '\n');
    md_end(&safe, out);
}

/* ---- at a glance ---- */

static char letter_of(const struct sweep_effect *x)
{
    const int side = sweep_interval_side(x);
    switch (sweep_verdict_of(x)) {
    case SWEEP_LOWER: return 'L';
    case SWEEP_HIGHER: return 'H';
    case SWEEP_SAME: return '=';
    case SWEEP_TOO_FEW: return '?';
    case SWEEP_UNDECIDED: break;
    }
    return side < 0 ? 'l' : side > 0 ? 'h' : '.';
}

/* "p=0.1, p=0.3": what the compared arms of a group add to their baseline. */
static void add_order(const struct findings *f, const struct groups *q,
                      const struct group *g, struct str *out)
{
    const size_t before = out->len;
    for (size_t i = 0; i < g->n; i++) {
        const size_t arm = q->arm[g->first + i];
        if (f->compared[arm]) {
            const size_t two[] = {arm, f->plan->arm[arm].baseline};
            str_add(out, out->len > before ? ", " : "");
            add_short(f, arm, two, 2, out);
        }
    }
}

/* Which letter is which arm: for all groups alike if that holds. */
static void add_legend(const struct findings *f, const struct groups *q,
                       const struct group *const *shown, size_t n, struct str *out)
{
    struct str first, other, text;
    bool alike = true;
    str_init(&first, TEXT_BYTES);
    str_init(&other, TEXT_BYTES);
    str_init(&text, TEXT_BYTES);
    add_order(f, q, shown[0], &first);
    for (size_t i = 1; i < n; i++) {
        md_again(&other);
        add_order(f, q, shown[i], &other);
        alike &= strcmp(first.p, other.p) == 0;
    }
    str_add(&text, "A letter an arm, in the order ");
    for (size_t i = 0; i < n && !alike; i++) {
        str_add(&text, i ? "; " : "");
        add_short(f, q->arm[shown[i]->first], &q->arm[shown[i]->first], 1, &text);
        str_add(&text, ": ");
        add_order(f, q, shown[i], &text);
    }
    str_addf(&text, "%s.", alike ? first.p : "");
    add_paragraph(out, text.p);
    md_end(&first, out);
    md_end(&other, out);
    md_end(&text, out);
}

static enum err add_glance_block(const struct findings *f, const struct groups *q,
                                 const struct group *const *shown, size_t n,
                                 struct str *out, struct errinfo *e)
{
    static const char align[] = "llllllll";
    size_t base[8];
    struct md_table t;
    md_table_init(&t, align + sizeof align - 1 - (n + 1));
    md_cell(&t, "%s", "measure");
    for (size_t i = 0; i < n; i++) {
        base[i] = q->arm[shown[i]->first];
    }
    for (size_t i = 0; i < n; i++) {
        short_cell(&t, f, base[i], base, n);
    }
    for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
        md_cell(&t, "%s", sweep_measure_def(m)->label);
        for (size_t i = 0; i < n; i++) {
            struct str letters;
            str_init(&letters, TEXT_BYTES);
            for (size_t j = 0; j < shown[i]->n; j++) {
                const size_t arm = q->arm[shown[i]->first + j];
                if (f->compared[arm]) {
                    str_add(&letters, letters.len ? " " : "");
                    str_addc(&letters, letter_of(effect_at(f, arm, m)));
                }
            }
            md_cell_text(&t, letters.p);
            md_end(&letters, &t.cells);
        }
    }
    TRY(md_table_end(&t, out, e));
    str_addc(out, '\n');
    add_legend(f, q, shown, n, out);
    return OK;
}

static bool has_compared(const struct findings *f, const struct groups *q,
                         const struct group *g)
{
    for (size_t i = 0; i < g->n; i++) {
        if (f->compared[q->arm[g->first + i]]) {
            return true;
        }
    }
    return false;
}

/* All verdicts, a column a group. */
static enum err add_glance(const struct findings *f, const struct groups *q,
                           struct str *out, struct errinfo *e)
{
    enum { PER_TABLE = 7 };
    const struct group *shown[PER_TABLE];
    size_t n = 0;
    str_add(out, "### At a glance\n\n");
    for (size_t i = 0; i < q->n; i++) {
        if (has_compared(f, q, &q->g[i])) {
            shown[n++] = &q->g[i];
        }
        if (n == PER_TABLE || (n > 0 && i + 1 == q->n)) {
            TRY(add_glance_block(f, q, shown, n, out, e));
            n = 0;
        }
    }
    return OK;
}

/* ---- numbers ---- */

static void value_cell(struct md_table *t, double v, int digits)
{
    if (isfinite(v)) {
        md_cell(t, "%.*f", digits, v);
    } else {
        md_cell(t, "-");
    }
}

static void p_cell(struct md_table *t, double p)
{
    if (!isfinite(p)) {
        md_cell(t, "-");
    } else if (p < 0.001) {
        md_cell(t, "<0.001");
    } else {
        md_cell(t, "%.3f", p);
    }
}

static void interval_cell(struct md_table *t, const struct sweep_effect *x)
{
    struct str text;
    str_init(&text, TEXT_BYTES);
    add_interval(&text, &x->by, sweep_measure_def(x->measure)->digits);
    md_cell(t, "%s", text.p);
    md_end(&text, &t->cells);
}

static void mean_cell(struct md_table *t, const struct findings *f, size_t arm,
                      size_t m)
{
    const int digits = sweep_measure_def(m)->digits;
    double mean, sd;
    const size_t n = arm_mean(f, arm, m, &mean, &sd);
    if (n == 0) {
        md_cell(t, "-");
    } else if (n == 1) {
        md_cell(t, "%.*f", digits, mean);
    } else {
        md_cell(t, "%.*f ± %.*f", digits, mean, digits, sd);
    }
}

/* ---- averages ---- */

static enum err add_averages(const struct findings *f, size_t part, struct str *out,
                             struct errinfo *e)
{
    static const char *const paper[] = {"lower", "", "higher"};
    struct md_table t;
    md_table_init(&t, "lrrlrlrrrl");
    str_add(out, "### On average over the masked arms, seed by seed\n\n"
                 "The columns lower, open and higher count the arms by their own "
                 "verdicts.\n\n");
    static const char *const head[] = {
        "measure", "unmasked", "masked", "difference [95 %]",
        "p, Holm", "verdict",  "lower",  "open",
        "higher",  "paper"};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) {
        md_cell(&t, "%s", head[i]);
    }
    for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
        const struct sweep_measure_def *d = sweep_measure_def(m);
        const struct sweep_effect *x = average_at(f, part, m);
        struct tally tally;
        const enum err rc = tally_of(f, part, m, &tally, e);
        if (rc != OK) {
            md_table_free(&t);
            return rc;
        }
        md_cell(&t, "%s", d->label);
        value_cell(&t, x->before, d->digits);
        value_cell(&t, x->after, d->digits);
        interval_cell(&t, x);
        p_cell(&t, x->p_holm);
        md_cell(&t, "%s", sweep_verdict_text(sweep_verdict_of(x)));
        md_cell(&t, "%zu", tally.lower);
        md_cell(&t, "%zu", tally.open + tally.same);
        md_cell(&t, "%zu", tally.higher);
        md_cell(&t, "%s", paper[d->paper + 1]);
    }
    TRY(md_table_end(&t, out, e));
    str_addc(out, '\n');
    return OK;
}

/* ---- means ---- */

/* What was trained on, on average over the seeds. */
static void effort_cells(struct md_table *t, const struct findings *f,
                         const size_t *arm, size_t n)
{
    static const char *const what[] = {"steps", "vectors, thousands",
                                       "tokens read, thousands", "seconds"};
    for (size_t row = 0; row < sizeof what / sizeof *what; row++) {
        md_cell(t, "%s", what[row]);
        for (size_t i = 0; i < n; i++) {
            const struct sweep_arm *a = &f->plan->arm[arm[i]];
            double sum = 0.0;
            for (size_t j = 0; j < a->n_cells; j++) {
                const struct sweep_result *r = &f->results[a->cell[j]];
                const double v[] = {r->steps, r->vectors / 1e3, r->tokens_read / 1e3,
                                    r->seconds};
                sum += v[row];
            }
            value_cell(t, sum / (double)a->n_cells, 0);
        }
    }
}

static enum err add_means_block(const struct findings *f, const size_t *arm, size_t n,
                                struct str *out, struct errinfo *e)
{
    static const char align[] = "lrrrrrr";
    struct md_table t;
    md_table_init(&t, align);
    t.cols = n + 1;
    md_cell(&t, "%s", "mean ± sd");
    for (size_t i = 0; i < n; i++) {
        short_cell(&t, f, arm[i], arm, n);
    }
    md_cell(&t, "%s", "seeds");
    for (size_t i = 0; i < n; i++) {
        md_cell(&t, "%zu", f->plan->arm[arm[i]].n_cells);
    }
    for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
        md_cell(&t, "%s", sweep_measure_def(m)->label);
        for (size_t i = 0; i < n; i++) {
            mean_cell(&t, f, arm[i], m);
        }
    }
    effort_cells(&t, f, arm, n);
    TRY(md_table_end(&t, out, e));
    str_addc(out, '\n');
    return OK;
}

/* A table a group; arms alone are put together. */
static enum err add_means(const struct findings *f, const struct groups *q,
                          struct str *out, struct errinfo *e)
{
    enum { PER_TABLE = 5 };
    str_add(out, "### Means over seeds\n\n");
    for (size_t i = 0; i < q->n;) {
        const size_t first = q->g[i].first;
        size_t n = q->g[i++].n;
        for (; n == 1 && i < q->n && q->g[i].n == 1; i++) {
            n += 1;
        }
        add_heading(f, &q->arm[first], n, out);
        for (size_t at = 0; at < n; at += PER_TABLE) {
            const size_t some = n - at < PER_TABLE ? n - at : PER_TABLE;
            TRY(add_means_block(f, &q->arm[first + at], some, out, e));
        }
    }
    return OK;
}

/* ---- effects ---- */

static void effect_cells(struct md_table *t, const struct sweep_effect *x)
{
    value_cell(t, x->before, sweep_measure_def(x->measure)->digits);
    interval_cell(t, x);
    md_cell(t, "%zu/%zu", x->lower, x->higher);
    p_cell(t, x->p_holm);
    md_cell(t, "%s", sweep_verdict_text(sweep_verdict_of(x)));
}

static void l0_cell(struct md_table *t, const struct findings *f, size_t arm)
{
    const struct sweep_effect *x = effect_at(f, arm, SWEEP_l0_clean);
    if (isfinite(x->before) && isfinite(x->after)) {
        md_cell(t, "%.2f, %.2f", x->before, x->after);
    } else {
        md_cell(t, "-");
    }
}

static void effect_head(struct md_table *t, const char *first, const char *l0)
{
    md_cell(t, "%s", first);
    if (l0) {
        md_cell(t, "%s", l0);
    }
    md_cell(t, "%s", "unmasked");
    md_cell(t, "%s", "difference [95 %]");
    md_cell(t, "%s", "down/up");
    md_cell(t, "%s", "p, Holm");
    md_cell(t, "%s", "verdict");
}

/* ---- intervals drawn ---- */

#define DRAW_HALF 15 /* columns on either side of 0 */
#define DRAW_ALL  (2 * DRAW_HALF + 1)

/* The largest bound of all intervals of a measure. */
static double reach_of(const struct findings *f, const size_t *arm, size_t n, size_t m)
{
    double reach = 0.0;
    for (size_t i = 0; i < n; i++) {
        const struct stats_interval *by = &effect_at(f, arm[i], m)->by;
        const double v[] = {by->mean, by->low, by->high};
        for (size_t j = 0; j < 3; j++) {
            reach = isfinite(v[j]) ? fmax(reach, fabs(v[j])) : reach;
        }
    }
    return reach;
}

static size_t draw_at(double v, double reach)
{
    const long at = reach > 0.0 ? lround(v / reach * DRAW_HALF) : 0;
    return (size_t)(at + DRAW_HALF);
}

/* The ends of the axis, 0 in its middle. Points at both ends keep the blanks (a bar
 * would end the cell). */
static void axis_cell(struct md_table *t, double reach, int digits)
{
    char low[24], high[24];
    snprintf(low, sizeof low, "%.*f", digits, -reach);
    snprintf(high, sizeof high, "%+.*f", digits, reach);
    md_cell(t, "`.%-*s0%*s.`", DRAW_HALF, low, DRAW_HALF, high);
}

/* An interval as [--o--] over that axis. */
static void draw_cell(struct md_table *t, const struct sweep_effect *x, double reach)
{
    char line[DRAW_ALL + 1];
    memset(line, ' ', DRAW_ALL);
    line[DRAW_ALL] = '\0';
    line[DRAW_HALF] = ':';
    if (isfinite(x->by.low) && isfinite(x->by.high)) {
        const size_t low = draw_at(x->by.low, reach), high = draw_at(x->by.high, reach);
        memset(line + low, '-', high - low + 1);
        line[low] = '[';
        line[high] = ']';
    }
    if (isfinite(x->by.mean)) {
        line[draw_at(x->by.mean, reach)] = 'o';
    }
    md_cell(t, "`.%s.`", line);
}

/* A table a measure, the arms below one another. */
static enum err effects_by_measure(const struct findings *f, const size_t *arm,
                                   size_t n, struct str *out, struct errinfo *e)
{
    for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
        struct md_table t;
        const double reach = reach_of(f, arm, n, m);
        md_table_init(&t, "llrlrrll");
        str_addf(out, "#### %s\n\n", sweep_measure_def(m)->label);
        effect_head(&t, "arm", "clean L0");
        axis_cell(&t, reach, sweep_measure_def(m)->digits);
        for (size_t i = 0; i < n; i++) {
            short_cell(&t, f, arm[i], arm, n);
            l0_cell(&t, f, arm[i]);
            effect_cells(&t, effect_at(f, arm[i], m));
            draw_cell(&t, effect_at(f, arm[i], m), reach);
        }
        TRY(md_table_end(&t, out, e));
        str_addc(out, '\n');
    }
    return OK;
}

/* A table an arm, the measures below one another; clean L0 is the first of them. */
static enum err effects_by_arm(const struct findings *f, const size_t *arm, size_t n,
                               struct str *out, struct errinfo *e)
{
    for (size_t i = 0; i < n; i++) {
        struct md_table t;
        md_table_init(&t, "lrlrrl");
        add_heading(f, &arm[i], 1, out);
        effect_head(&t, "measure", NULL);
        for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
            md_cell(&t, "%s", sweep_measure_def(m)->label);
            effect_cells(&t, effect_at(f, arm[i], m));
        }
        TRY(md_table_end(&t, out, e));
        str_addc(out, '\n');
    }
    return OK;
}

static enum err add_effects(const struct findings *f, const struct groups *q,
                            struct str *out, struct errinfo *e)
{
    enum { FEW = 4 };
    size_t *arm = NULL, n = 0;
    TRY(mem_new(&arm, q->arms + 1, sizeof *arm, "sweep", e));
    for (size_t i = 0; i < q->arms; i++) {
        if (f->compared[q->arm[i]]) {
            arm[n++] = q->arm[i];
        }
    }
    str_add(out, "### Effects\n\n");
    const enum err rc = n <= FEW ? effects_by_arm(f, arm, n, out, e)
                                 : effects_by_measure(f, arm, n, out, e);
    mem_free(arm);
    return rc;
}

/* ---- the section ---- */

static enum err add_words(const struct findings *f, size_t part, struct str *out,
                          struct errinfo *e)
{
    struct str text;
    str_init(&text, TEXT_BYTES);
    enum err rc = OK;
    if (f->plan->part[part].about[0]) {
        add_paragraph(out, f->plan->part[part].about);
    }
    str_addf(&text, "Masked arms compared: ");
    TRY_OUT(rc, axes_words(f, part, &text, e));
    str_add(&text, ". ");
    (void)sparsity_words(f, part, &text);
    add_paragraph(out, text.p);
out:
    md_end(&text, out);
    return rc;
}

static enum err add_tables(const struct findings *f, size_t part,
                           const struct groups *q, struct str *out, struct errinfo *e)
{
    bool compared = false;
    for (size_t i = 0; i < q->n; i++) {
        compared |= has_compared(f, q, &q->g[i]);
    }
    if (compared) {
        TRY(add_words(f, part, out, e));
        add_standings(f, part, out);
        TRY(add_glance(f, q, out, e));
        TRY(add_averages(f, part, out, e));
    } else {
        str_add(out, "No masked arm can be compared with its unmasked one yet.\n\n");
    }
    if (q->arms) {
        TRY(add_means(f, q, out, e));
    }
    return compared ? add_effects(f, q, out, e) : OK;
}

enum err add_part(const struct findings *f, size_t part, struct str *out,
                  struct errinfo *e)
{
    struct groups q;
    str_add(out, "## Part ");
    md_text(out, f->plan->part[part].name);
    str_add(out, "\n\n");
    enum err rc = groups_init(&q, f, part, e);
    rc = rc == OK ? add_tables(f, part, &q, out, e) : rc;
    groups_deinit(&q);
    return rc;
}
