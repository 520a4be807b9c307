/* Inside of the tables: what they are all made from. */
#ifndef SAETOP_SWEEP_TABLE_PRIV_H
#define SAETOP_SWEEP_TABLE_PRIV_H

#include "base/markdown.h"
#include "sweep/sweep_table.h"

#define REPORT_WIDTH ((size_t)80) /* of paragraphs */
#define TEXT_BYTES   ((size_t)1 << 22)

/* Distinct texts in order of appearance; sorted: numbers by value, then by strcmp. */
struct word_list {
    char **word;
    size_t n, cap;
};
void word_list_deinit(struct word_list *l);
enum err word_list_add(struct word_list *l, const char *word,
                       struct errinfo *e) ERR_CHECKED;
void word_list_sort(struct word_list *l);

/* The keys in which cells of the plan differ from the base, seed too, added to out. */
enum err keys_of_plan(const struct sweep_plan *p, struct word_list *out,
                      struct errinfo *e) ERR_CHECKED;
/* The values of `key` in an arm's cells, added to out. */
enum err values_in_arm(const struct sweep_plan *p, size_t arm, const char *key,
                       struct word_list *out, struct errinfo *e) ERR_CHECKED;

/* Findings of an arm, and of a part. */
struct findings_arm {
    bool complete, compared;
    struct sweep_effect effect[SWEEP_MEASURES_ALL]; /* if compared */
};
struct findings_part {
    size_t *arm;     /* those that are compared, else those that are complete */
    size_t n, shown; /* compared; all in arm */
    struct sweep_effect average[SWEEP_MEASURES_ALL];
    /* The arm whose difference is many times that of any other, SWEEP_NONE: none; and
     * the average without it. */
    size_t outlier[SWEEP_MEASURES_ALL];
    struct sweep_effect rest[SWEEP_MEASURES_ALL];
};

/* Everything that the tables say, worked out once. */
struct findings {
    const struct sweep_plan *plan;
    const struct sweep_result *results;
    struct sweep_set set;       /* the measures; of others nothing is known */
    struct findings_arm *arm;   /* [n_arms] */
    struct findings_part *part; /* [n_parts] */
    size_t finished;            /* cells */
};
enum err findings_init(struct findings *f, const struct sweep_plan *p,
                       const struct sweep_result *results,
                       struct errinfo *e) ERR_CHECKED;
void findings_deinit(struct findings *f);

/* Mean and standard deviation over the seeds of a complete arm that have the measure;
 * how many these are. */
size_t findings_mean(const struct findings *f, size_t arm, size_t m, double *mean,
                     double *sd);
/* The first part with a compared arm; SWEEP_NONE: none. */
size_t findings_main_part(const struct findings *f);

/* How many compared arms of a part, of two pairs at least, came out which way. */
struct tally {
    size_t lower, higher, open;
};
struct tally findings_tally(const struct findings *f, size_t part, size_t m);

/* ---- words.c: sentences, in Markdown ---- */

/* The report being written. Errors stick to `out`, or to `text` until page_free. */
struct page {
    struct findings f;
    struct str *out;
    struct str text; /* a paragraph or an item that is not wrapped yet */
};
/* Append the text, as a paragraph or as an item of a list; it is then empty. */
void page_paragraph(struct page *g);
void page_item(struct page *g);

/* A difference with its interval: "-0.012 [-0.020, -0.004]". */
void words_difference(const struct sweep_effect *x, struct str *out);
/* Whether the verdict is lower or higher. */
bool words_established(const struct sweep_effect *x);
/* "model samples/model; k 4, 8; ": the settings of all n arms of the plan with their
 * values; with arm[n] only what these differ in, the seed apart, and the rate. The key
 * mask.rate is p. */
void words_settings(struct page *g, const struct word_list *keys, const size_t *arm,
                    size_t n);
/* "the 6 masked arms of part dose (k 4, 8; p 0.1, 0.3, 0.5; 5 pairs of seeds)". */
void words_compared(struct page *g, size_t part);
/* How many averages of a part came out in which way, of what is compared, and which:
 * beside what the paper reports, where the measures are the paper's. */
void words_standings(struct page *g, size_t part);
/* Items on what to read a part's averages with: arms of unequal L0, one arm that makes
 * an average, single arms. None where there is nothing to say. */
void words_care(struct page *g, size_t part);

#endif
