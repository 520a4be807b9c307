/* Inside of the tables: what they are all made from. */
#ifndef SAETOP_SWEEP_TABLE_PRIV_H
#define SAETOP_SWEEP_TABLE_PRIV_H

#include "base/markdown.h"
#include "sweep/table.h"

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

/* The arms of a part that are compared, else those that are complete. */
struct findings_part {
    size_t *arm;
    size_t n, shown; /* compared; all in arm */
};

/* Everything that the tables say, worked out once. */
struct findings {
    const struct sweep_plan *plan;
    const struct sweep_result *results;
    struct sweep_set set;         /* the measures; of others nothing is known */
    struct sweep_effect *effect;  /* [n_arms, SWEEP_MEASURES_ALL], of compared arms */
    struct sweep_effect *average; /* [n_parts, SWEEP_MEASURES_ALL] */
    size_t *outlier;              /* the same; SWEEP_NONE: no arm is one */
    struct sweep_effect *rest;    /* the same: the average without the outlier */
    struct findings_part *part;   /* [n_parts] */
    bool *complete, *compared;    /* [n_arms] */
    bool *paired;    /* [n_arms] compared, or the baseline of one that is */
    size_t finished; /* cells */
};
enum err findings_init(struct findings *f, const struct sweep_plan *p,
                       const struct sweep_result *results,
                       struct errinfo *e) ERR_CHECKED;
void findings_deinit(struct findings *f);
const struct sweep_effect *findings_effect(const struct findings *f, size_t arm,
                                           size_t m);
const struct sweep_effect *findings_average(const struct findings *f, size_t part,
                                            size_t m);
/* The arm whose difference is many times that of any other of the part, SWEEP_NONE:
 * none; and the average without it, NULL where there is none. */
size_t findings_outlier(const struct findings *f, size_t part, size_t m);
const struct sweep_effect *findings_rest(const struct findings *f, size_t part,
                                         size_t m);

/* Mean and standard deviation over the seeds of a complete arm that have the measure;
 * how many these are. */
size_t findings_mean(const struct findings *f, size_t arm, size_t m, double *mean,
                     double *sd);
/* The first part with a compared arm; SWEEP_NONE: none. */
size_t findings_main_part(const struct findings *f);

/* How the compared arms of a part came out on one measure. */
struct tally {
    size_t arms;                        /* with two pairs at least */
    size_t lower, higher, open;         /* after Holm; they sum up to arms */
    size_t before_lower, before_higher; /* by the interval alone */
};
struct tally findings_tally(const struct findings *f, size_t part, size_t m);

/* ---- words.c: sentences, in Markdown ---- */

/* What is being written. Errors stick to `out`, or to `text` until page_free. */
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
/* How far clean L0 of masked and unmasked arms is apart; true where that is a warning.
 */
bool words_l0(struct page *g, size_t part);
/* How the averages of a part stand beside the paper: items. */
void words_standings(struct page *g, size_t part);
/* Items on what to read a part's averages with: arms of unequal L0, one arm that makes
 * an average, single arms. None where there is nothing to say. */
void words_care(struct page *g, size_t part);

#endif
