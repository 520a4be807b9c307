/* Internals of the tables: what they are all made from. */
#ifndef SAETOP_SWEEP_TABLE_PRIV_H
#define SAETOP_SWEEP_TABLE_PRIV_H

#include "base/markdown.h"
#include "sweep/sweep_table.h"

#define REPORT_WIDTH ((size_t)80) /* of paragraphs */
#define TEXT_BYTES   ((size_t)1 << 22)

/* Distinct texts in order of appearance. word_list_sort puts numbers first, by value,
 * then the rest by strcmp. */
struct word_list {
    char **word;
    size_t n, cap;
};
void word_list_deinit(struct word_list *l);
enum err word_list_add(struct word_list *l, const char *word,
                       struct errinfo *e) ERR_CHECKED;
void word_list_sort(struct word_list *l);

/* Adds the keys in which cells of the plan differ from the base, including seed, to
 * out. */
enum err keys_of_plan(const struct sweep_plan *p, struct word_list *out,
                      struct errinfo *e) ERR_CHECKED;
/* Adds the values of `key` in a condition's cells to out. */
enum err values_in_condition(const struct sweep_plan *p, size_t condition,
                             const char *key, struct word_list *out,
                             struct errinfo *e) ERR_CHECKED;

/* The findings of a condition, and of a part. */
struct findings_condition {
    bool complete, compared;
    struct sweep_effect effect[SWEEP_MEASURES_ALL]; /* if compared */
};
struct findings_part {
    size_t *condition; /* those compared; where none is, those complete */
    size_t n, shown;   /* how many are compared; how many in `condition` */
    struct sweep_effect average[SWEEP_MEASURES_ALL];
    /* The condition whose difference is many times that of any other (SWEEP_NONE:
     * none), and the average without it. */
    size_t outlier[SWEEP_MEASURES_ALL];
    struct sweep_effect rest[SWEEP_MEASURES_ALL];
};

/* Everything that the tables say, computed once. */
struct findings {
    const struct sweep_plan *plan;
    const struct sweep_result *results;
    struct sweep_set set;                 /* the measures there are; others are not
                                             set */
    struct findings_condition *condition; /* [n_conditions] */
    struct findings_part *part;           /* [n_parts] */
    size_t finished;                      /* cells */
};
enum err findings_init(struct findings *f, const struct sweep_plan *p,
                       const struct sweep_result *results,
                       struct errinfo *e) ERR_CHECKED;
void findings_deinit(struct findings *f);

/* Computes mean and standard deviation over the seeds of a complete condition that have
 * the measure; returns how many have it. */
size_t findings_mean(const struct findings *f, size_t condition, size_t m, double *mean,
                     double *sd);
/* Returns the first part with a compared condition; SWEEP_NONE: none. */
size_t findings_main_part(const struct findings *f);

/* How many compared conditions of a part, with at least two pairs, came out which
 * way. */
struct tally {
    size_t lower, higher, open;
};
struct tally findings_tally(const struct findings *f, size_t part, size_t m);

/* ---- sweep_words.c: sentences, in Markdown ---- */

/* The report being written. Errors stick to `out`, or to `text` until page_end. */
struct page {
    struct findings f;
    struct str *out;
    struct str text; /* a paragraph or item not yet wrapped */
};
/* Append the text as a paragraph or as a list item, and empty it. */
void page_paragraph(struct page *g);
void page_item(struct page *g);

/* Writes a difference with its interval: "-0.012 [-0.020, -0.004]". */
void words_difference(const struct sweep_effect *x, struct str *out);
/* Returns whether the verdict is lower or higher. */
bool words_established(const struct sweep_effect *x);
/* Writes the settings of all n conditions of the plan with their values: "model
 * samples/model; k 4, 8; ". With condition[n], only those in which these conditions
 * differ, without the seed, and the rate. The key mask.rate is written p. */
void words_settings(struct page *g, const struct word_list *keys,
                    const size_t *condition, size_t n);
/* Writes "the 6 masked arms of part dose (k 4, 8; p 0.1, 0.3, 0.5; 5 pairs of
 * seeds)". */
void words_compared(struct page *g, size_t part);
/* Writes how many of a part's averages came out which way, and which; where the
 * measures are the paper's, next to what it reports. */
void words_standings(struct page *g, size_t part);
/* Writes items with cautions about a part's averages: conditions of unequal L0, one
 * condition that makes an average, single conditions. None where there is nothing to
 * say. */
void words_care(struct page *g, size_t part);

#endif
