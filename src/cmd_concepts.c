/* saetop concepts: which latents carry which concepts in each condition of an
 * experiment, and what became of each word of one. */
#include "arm_evals.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"
#include "cmd.h"
#include "concept_words.h"
#include "eval/verdict.h"
#include "text/concepts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define OUTPUT_BYTES ((size_t)64 << 20)

struct concepts_args {
    const char *concept;
    bool json, letters, anew;
    int64_t threads;
};

/* Figures of a concept: members of eval.json's "concepts". */
static const struct {
    const char *label;
    enum verdict_measure as; /* whose name and margin it has */
    int digits;
} figure[] = {
    {"best F1", VERDICT_OF_F1_BEST, 3},   {"F1", VERDICT_OF_F1_HELDOUT, 3},
    {"spread", VERDICT_OF_SPREAD, 1},     {"recall", VERDICT_OF_RECALL, 3},
    {"absorb", VERDICT_OF_ABSORPTION, 3}, {"frac", VERDICT_OF_ABS_FRACTION, 3},
};
#define FIGURES (sizeof figure / sizeof *figure)

static const char *key_of(size_t f)
{
    return measure_leaf(verdict_measure_def(figure[f].as)->metric);
}

struct row {
    const char *concept, *kind; /* of the first arm's file */
};
struct table {
    struct arm_evals arms;
    struct row *row; /* [n] super-categories first, then categories, then letters */
    size_t n;
    size_t baseline;
    struct stats_interval *value; /* [n, conditions, FIGURES] means over seeds */
    struct verdict_row *by; /* [conditions, FIGURES, n] differences from baseline */
};

static struct stats_interval *value_at(const struct table *t, size_t c, size_t k,
                                       size_t f)
{
    return &t->value[(c * t->arms.conditions.n + k) * FIGURES + f];
}

static struct verdict_row *by_at(const struct table *t, size_t k, size_t f, size_t c)
{
    return &t->by[(k * FIGURES + f) * t->n + c];
}

static void table_deinit(struct table *t)
{
    mem_free(t->row);
    mem_free(t->value);
    mem_free(t->by);
    arm_evals_close(&t->arms);
}

/* ---- reading ---- */

static const char *text_of(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(v) ? v->valuestring : "";
}

static enum err list_rows(struct table *t, struct errinfo *e)
{
    static const enum concept_kind order[] = {CONCEPT_SUPER, CONCEPT_LEAF,
                                              CONCEPT_LETTER};
    const cJSON *list =
        cJSON_GetObjectItemCaseSensitive(t->arms.arm[0].eval, "concepts");
    TRY(mem_new(&t->row, (size_t)cJSON_GetArraySize(list), sizeof *t->row, "concepts",
                e));
    for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
        const cJSON *o = NULL;
        cJSON_ArrayForEach(o, list)
        {
            if (strcmp(text_of(o, "kind"), concept_kind_name(order[k])) == 0) {
                t->row[t->n++] =
                    (struct row){text_of(o, "concept"), text_of(o, "kind")};
            }
        }
    }
    return OK;
}

/* Figure f of a concept in an arm; NaN where it was not measured. */
static double number_of(const struct table *t, size_t arm, size_t c, size_t f)
{
    const cJSON *o =
        concept_find(t->arms.arm[arm].eval, t->row[c].concept, t->row[c].kind);
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key_of(f));
    return cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
}

/* Of the text, where a condition has one arm. */
static void text_bounds(const struct table *t, size_t arm, size_t c, size_t f,
                        struct stats_interval *v)
{
    const cJSON *o =
        concept_find(t->arms.arm[arm].eval, t->row[c].concept, t->row[c].kind);
    const cJSON *by = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(o, "intervals"), key_of(f));
    const cJSON *lo = cJSON_GetArrayItem(by, 0), *hi = cJSON_GetArrayItem(by, 1);
    v->low = cJSON_IsNumber(lo) ? lo->valuedouble : (double)NAN;
    v->high = cJSON_IsNumber(hi) ? hi->valuedouble : (double)NAN;
}

/* Mean over the arms of condition k, with an interval of its seeds or of the text. */
static void fill_value(const struct table *t, size_t c, size_t k, size_t f)
{
    double x[ARM_EVALS_MAX];
    size_t n = 0, arms = 0, at = 0;
    for (size_t i = 0; i < t->arms.n; i++) {
        if (t->arms.conditions.of[i] == k) {
            x[n] = number_of(t, i, c, f);
            n += isfinite(x[n]) ? 1 : 0;
            arms++;
            at = i;
        }
    }
    *value_at(t, c, k, f) = stats_t_interval(n, x, VERDICT_LEVEL);
    if (arms == 1) {
        text_bounds(t, at, c, f, value_at(t, c, k, f));
    }
}

static void fill_difference(const struct table *t, size_t c, size_t k, size_t f)
{
    size_t of[ARM_EVALS_MAX], base[ARM_EVALS_MAX], n = 0;
    double before[ARM_EVALS_MAX], after[ARM_EVALS_MAX];
    const size_t pairs =
        conditions_pairs(&t->arms.conditions, t->arms.n, t->baseline, k, base, of);
    struct verdict_row *r = by_at(t, k, f, c);
    for (size_t i = 0; i < pairs; i++) {
        before[n] = number_of(t, base[i], c, f);
        after[n] = number_of(t, of[i], c, f);
        n += isfinite(before[n]) && isfinite(after[n]) ? 1 : 0;
    }
    r->measure = figure[f].as;
    r->margin = verdict_measure_def(r->measure)->margin;
    paired_of(n, before, after, 0, VERDICT_LEVEL, &r->d);
}

/* Verdicts of a figure: Holm over the concepts of each family. */
static enum err judge(const struct table *t, size_t k, size_t f, struct errinfo *e)
{
    for (size_t c = 0; c < t->n;) {
        size_t end = c + 1;
        while (end < t->n && strcmp(t->row[end].kind, t->row[c].kind) == 0) {
            end++;
        }
        TRY(verdict_judge(by_at(t, k, f, c), end - c, 0, e));
        c = end;
    }
    return OK;
}

static enum err fill(struct table *t, struct errinfo *e)
{
    const size_t K = t->arms.conditions.n;
    TRY(list_rows(t, e));
    TRY(mem_new(&t->value, t->n, K * FIGURES * sizeof *t->value, "concepts", e));
    TRY(mem_new(&t->by, t->n, K * FIGURES * sizeof *t->by, "concepts", e));
    t->baseline = conditions_baseline(&t->arms.conditions);
    for (size_t k = 0; k < K; k++) {
        for (size_t f = 0; f < FIGURES; f++) {
            for (size_t c = 0; c < t->n; c++) {
                fill_value(t, c, k, f);
                fill_difference(t, c, k, f);
            }
            TRY(judge(t, k, f, e));
        }
    }
    return OK;
}

/* ---- JSON ---- */

static void add_interval(struct str *out, const char *key, struct stats_interval v)
{
    str_addf(out, "\"%s\": ", key);
    json_add_number(out, v.mean);
    str_add(out, ", \"interval\": [");
    json_add_number(out, v.low);
    str_add(out, ", ");
    json_add_number(out, v.high);
    str_addc(out, ']');
}

/* The best latents of a concept in the arms of a condition. */
static void add_latents(const struct table *t, size_t c, size_t k, struct str *out)
{
    bool any = false;
    str_add(out, "\"best_latents\": [");
    for (size_t i = 0; i < t->arms.n; i++) {
        if (t->arms.conditions.of[i] == k) {
            const int64_t j = concept_best_latent(
                concept_find(t->arms.arm[i].eval, t->row[c].concept, t->row[c].kind));
            str_addf(out, any ? ", " : "");
            json_add_number(out, j >= 0 ? (double)j : (double)NAN);
            any = true;
        }
    }
    str_addc(out, ']');
}

static void add_values_json(const struct table *t, size_t c, struct str *out)
{
    for (size_t k = 0; k < t->arms.conditions.n; k++) {
        str_addf(out, "%s{\"condition\": \"%c\", ", k > 0 ? ",\n  " : "\n  ",
                 t->arms.conditions.at[k].letter);
        add_latents(t, c, k, out);
        for (size_t f = 0; f < FIGURES; f++) {
            str_addf(out, ", \"%s\": {", key_of(f));
            add_interval(out, "value", *value_at(t, c, k, f));
            str_addc(out, '}');
        }
        str_addc(out, '}');
    }
}

static void add_differences_json(const struct table *t, size_t c, struct str *out)
{
    bool any = false;
    for (size_t k = 0; k < t->arms.conditions.n; k++) {
        for (size_t f = 0; f < FIGURES && k != t->baseline; f++) {
            const struct verdict_row *r = by_at(t, k, f, c);
            const char *direction = verdict_direction(r->verdict);
            str_addf(out,
                     "%s\n  {\"figure\": \"%s\", \"condition\": \"%c\", \"baseline\": "
                     "\"%c\", ",
                     any ? "," : "", key_of(f), t->arms.conditions.at[k].letter,
                     t->arms.conditions.at[t->baseline].letter);
            add_interval(out, "difference", r->d.by);
            str_addf(out, ", \"n\": %zu, \"p_holm\": ", r->d.n);
            json_add_number(out, r->p_holm);
            str_addf(out, ", \"verdict\": \"%s\", \"direction\": %s%s%s}",
                     verdict_text(r->verdict), direction ? "\"" : "",
                     direction ? direction : "null", direction ? "\"" : "");
            any = true;
        }
    }
}

static void add_json(const struct table *t, struct str *out)
{
    str_addc(out, '{');
    arm_evals_json(&t->arms, out);
    str_add(out, "\"concepts\": [");
    for (size_t c = 0; c < t->n; c++) {
        str_add(out, c > 0 ? ",\n{\"concept\": " : "\n{\"concept\": ");
        json_add_string(out, t->row[c].concept, strlen(t->row[c].concept));
        str_addf(out, ", \"kind\": \"%s\", \"values\": [", t->row[c].kind);
        add_values_json(t, c, out);
        str_add(out, "],\n \"differences\": [");
        add_differences_json(t, c, out);
        str_add(out, "]}");
    }
    str_add(out, "\n]}\n");
}

/* ---- text ---- */

/* One condition of a concept. */
static void add_value_text(const struct table *t, size_t c, size_t k, struct str *out)
{
    const struct stats_interval *f1 = value_at(t, c, k, 0);
    const struct condition *at = &t->arms.conditions.at[k];
    const int64_t j = concept_best_latent(
        concept_find(t->arms.arm[at->arm].eval, t->row[c].concept, t->row[c].kind));
    str_addf(out, "%c  ", at->letter);
    str_add(out, NUMBER(NUMBER_PLAIN, 6, 0, j >= 0 ? (double)j : (double)NAN));
    str_addf(out, " %s", NUMBER(NUMBER_PLAIN, 6, 3, f1->mean));
    if (isfinite(f1->low) && isfinite(f1->high)) {
        str_addf(out, " [%s, %s]", NUMBER(NUMBER_PLAIN, 6, 3, f1->low),
                 NUMBER(NUMBER_PLAIN, 6, 3, f1->high));
    } else {
        str_addf(out, " %16s", "");
    }
    for (size_t f = 1; f < FIGURES; f++) {
        str_addf(out, " %s",
                 NUMBER(NUMBER_PLAIN, 8, figure[f].digits, value_at(t, c, k, f)->mean));
    }
    str_addc(out, '\n');
}

/* The difference of F1, and the names of those figures that differ. */
static void add_difference_text(const struct table *t, size_t c, size_t k,
                                struct str *out)
{
    const struct verdict_row *f1 = by_at(t, k, 0, c);
    str_addf(out, "%20s%c-%c       %s", "", t->arms.conditions.at[k].letter,
             t->arms.conditions.at[t->baseline].letter,
             NUMBER(NUMBER_SIGNED, 6, 3, f1->d.by.mean));
    if (isfinite(f1->d.by.low) && isfinite(f1->d.by.high)) {
        str_addf(out, " [%s, %s]", NUMBER(NUMBER_SIGNED, 6, 3, f1->d.by.low),
                 NUMBER(NUMBER_SIGNED, 6, 3, f1->d.by.high));
    }
    str_addf(out, " %s", verdict_text(f1->verdict));
    for (size_t f = 0; f < FIGURES; f++) {
        const struct verdict_row *r = by_at(t, k, f, c);
        if (verdict_direction(r->verdict) != NULL) {
            str_addf(out, "%s%s %s", f > 0 ? "; " : ": ", figure[f].label,
                     verdict_direction(r->verdict));
        }
    }
    str_addc(out, '\n');
}

static void add_heading(struct str *out)
{
    str_addf(out, "\n%-20s   %6s %6s %16s", "", "latent", figure[0].label, "95 %");
    for (size_t f = 1; f < FIGURES; f++) {
        str_addf(out, " %8s", figure[f].label);
    }
    str_addc(out, '\n');
}

static void add_text(const struct table *t, bool letters, struct str *out)
{
    const struct conditions *k = &t->arms.conditions;
    bool seeds = false;
    arm_evals_text(&t->arms, out);
    add_heading(out);
    for (size_t c = 0; c < t->n; c++) {
        struct str name;
        if (!letters &&
            strcmp(t->row[c].kind, concept_kind_name(CONCEPT_LETTER)) == 0) {
            continue;
        }
        str_init(&name, 4096);
        utf8_escape(&name, t->row[c].concept, strlen(t->row[c].concept));
        for (size_t i = 0; i < k->n; i++) {
            str_addf(out, "%-20.20s", i == 0 && name.len > 0 ? name.p : "");
            add_value_text(t, c, i, out);
        }
        for (size_t i = 0; i < k->n; i++) {
            const bool several = i != t->baseline && by_at(t, i, 0, c)->d.n > 1;
            if (several) {
                add_difference_text(t, c, i, out);
            }
            seeds = seeds || several;
        }
        str_free(&name);
    }
    str_add(out, seeds ? "\nIntervals are of the seeds; Holm over the concepts of a "
                         "family, for each column.\n"
                       : "\nIntervals are of the words of the text: one seed "
                         "establishes no difference.\n");
}

int cmd_concepts(int argc, char **argv)
{
    struct concepts_args a = {0};
    // clang-format off
    const struct opt own[] = {
        {"concept", OPT_STRING, &a.concept, "NAME", "one concept: its latents and what became of each of its words, by condition", 0, 0, NULL},
        {"letters", OPT_FLAG, &a.letters, NULL, "first letters too (JSON always has them)", 0, 0, NULL},
        {"json", OPT_FLAG, &a.json, NULL, "one object: conditions, and concepts or words", 0, 0, NULL},
        {"anew", OPT_FLAG, &a.anew, NULL, "evaluate, whatever is kept", 0, 0, NULL},
        {"threads", OPT_INT, &a.threads, "T", "threads; 0: as many as the process may use", 0, 1024, NULL},
    };
    // clang-format on
    const struct opts o = {
        .name = "concepts",
        .usage = "RUN... [--concept NAME] [OPTIONS]",
        .about =
            "Which latents carry which concepts in each condition of an experiment (the "
            "arms of the runs named, grouped as by `saetop verdict`): the best latent, "
            "its F1 (best F1), F1 with the choice held out (F1), over how many latents the concept is "
            "spread, main-latent recall and absorption. An arm is evaluated once, as by "
            "`saetop eval`, and its eval.json kept.",
        .table = own,
        .n = sizeof own / sizeof *own,
        .min_args = 1,
        .max_args = OPT_LIST_MAX,
    };
    struct opts_result line;
    struct errinfo e = {0};
    struct table t = {0};
    struct str out;
    int status = 0;
    if (!cmd_begin(&o, argc, argv, &line, &status)) {
        return status;
    }
    str_init(&out, OUTPUT_BYTES);
    enum err rc =
        arm_evals_open(line.args, line.n_args, a.anew, a.threads, &t.arms, &e);
    if (rc == OK && a.concept != NULL) {
        rc = concept_words(&t.arms, a.concept, a.json, &out, &e);
    } else if (rc == OK) {
        rc = fill(&t, &e);
        if (rc == OK && a.json) {
            add_json(&t, &out);
        } else if (rc == OK) {
            add_text(&t, a.letters, &out);
        }
    }
    const bool lost = t.arms.lost;
    table_deinit(&t);
    status = cmd_end(rc, &e, &out, a.json);
    return status != 0 || !lost ? status : 1;
}
