/* Inside of the tables: what they are all made from. */
#ifndef SAETOP_SWEEP_TABLE_PRIV_H
#define SAETOP_SWEEP_TABLE_PRIV_H

#include "base/markdown.h"
#include "sweep/table.h"

#define REPORT_WIDTH ((size_t)80) /* of paragraphs */
#define TEXT_BYTES   ((size_t)1 << 22)

/* Distinct texts in order of appearance, or of strcmp. */
struct word_list {
    char **word;
    size_t n, cap;
};
void word_list_deinit(struct word_list *l);
enum err word_list_add(struct word_list *l, const char *word,
                       struct errinfo *e) ERR_CHECKED;
void word_list_sort(struct word_list *l);
bool word_list_has(const struct word_list *l, const char *word);

/* The keys in which cells of the plan differ from the base, in order, seed too. */
enum err keys_of_plan(const struct sweep_plan *p, struct word_list *out,
                      struct errinfo *e) ERR_CHECKED;
/* The values of `key` in an arm's cells, added to out. */
enum err values_in_arm(const struct sweep_plan *p, size_t arm, const char *key,
                       struct word_list *out, struct errinfo *e) ERR_CHECKED;

/* Everything that the tables say, worked out once. */
struct findings {
    const struct sweep_plan *plan;
    const struct sweep_result *results;
    struct sweep_effect *effect;  /* [n_arms, SWEEP_MEASURE_COUNT], of compared arms */
    struct sweep_effect *average; /* [n_parts, SWEEP_MEASURE_COUNT] */
    bool *complete, *compared;    /* [n_arms] */
    size_t finished;              /* cells */
};
enum err findings_init(struct findings *f, const struct sweep_plan *p,
                       const struct sweep_result *results,
                       struct errinfo *e) ERR_CHECKED;
void findings_deinit(struct findings *f);
const struct sweep_effect *effect_at(const struct findings *f, size_t arm, size_t m);
const struct sweep_effect *average_at(const struct findings *f, size_t part, size_t m);

/* Mean and standard deviation over the seeds of a complete arm that have the measure;
 * how many these are. */
size_t arm_mean(const struct findings *f, size_t arm, size_t m, double *mean,
                double *sd);
/* The first part with a compared arm, else the first with an arm that has a baseline;
 * SWEEP_NONE: none. */
size_t main_part(const struct findings *f);

/* ---- words.c ---- */

/* How the compared arms of a part came out on one measure. */
struct tally {
    size_t arms;                        /* with two pairs at least */
    size_t lower, higher, same, open;   /* verdicts; they sum up to arms */
    size_t nearly_lower, nearly_higher; /* open, though the interval leaves out 0 */
    double lower_by[2], higher_by[2];   /* least and greatest established */
    double least, greatest;             /* difference of all */
    double width;                       /* median of half the interval's length */
};
enum err tally_of(const struct findings *f, size_t part, size_t m, struct tally *out,
                  struct errinfo *e) ERR_CHECKED;
/* "lower in 3 of 15 arms, by 0.020 to 0.050; not established in 12". */
void tally_words(const struct tally *t, size_t m, struct str *out);
/* What the paper reports of the measure beside this: "as the paper reports"; "" where
 * it reports nothing. */
void tally_paper(const struct tally *t, size_t m, struct str *out);
/* How the averages over a part's arms stand beside the paper: a list, as reported, the
 * reverse, not established, not reported. */
void add_standings(const struct findings *f, size_t part, struct str *out);
/* "p 0.1 to 0.5, k 2 to 32": in what the compared arms of a part differ; and a sentence
 * on clean L0 of masked and unmasked arms, true where that is a warning. Both hold text
 * of unknown origin. */
enum err axes_words(const struct findings *f, size_t part, struct str *out,
                    struct errinfo *e) ERR_CHECKED;
bool sparsity_words(const struct findings *f, size_t part, struct str *out);
/* A difference with its sign, and with its interval: "-0.012 [-0.020, -0.004]". */
void add_signed(struct str *out, double v, int digits);
void add_interval(struct str *out, const struct stats_interval *by, int digits);

/* ---- table_parts.c ---- */

/* The section of a part: what it asks, all effects at a glance, averages, means and
 * effects. */
enum err add_part(const struct findings *f, size_t part, struct str *out,
                  struct errinfo *e) ERR_CHECKED;

#endif
