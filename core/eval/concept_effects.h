/* Effects of conditions on concepts: the mean of each concept and figure over the seeds
 * of a condition, and its difference from the baseline, paired by seed, with a verdict.
 * One computation for the screen and for `saetop concepts`. Any thread. */
#ifndef SAETOP_EVAL_CONCEPT_EFFECTS_H
#define SAETOP_EVAL_CONCEPT_EFFECTS_H

#include "eval/evaluate.h"
#include "eval/verdict.h"

/* A figure of a concept, in the order shown. */
struct concept_figure {
    const char *label;
    enum verdict_measure as; /* has its margin and its name in eval.json */
    int digits;
    double low, high; /* its range */
    double (*of)(const struct concept_result *r);
};
enum { CONCEPT_FIGURES = 6 };
extern const struct concept_figure concept_figures[CONCEPT_FIGURES];
/* Its member's name in eval.json's "concepts". */
const char *concept_figure_key(size_t f);

/* The tables of an experiment: x of arm i, concept c, figure f is at
 * (i * concepts + c) * CONCEPT_FIGURES + f; NaN if it was not measured. */
struct concept_arms {
    size_t n, concepts;
    const double *x;
    const int *family; /* [concepts] those with the same number are a family */
    size_t conditions, baseline;
    const size_t *of;   /* [n] the condition of an arm */
    const size_t *seed; /* [n] arms of two conditions with the same seed are a pair; if
                           each has only one arm, these two always are. No two arms of a
                           condition have the same */
    size_t planned; /* seeds, before more were added: intervals are then those for any
                       number of them (paired_first); 0: unknown */
    bool so_far;    /* some arm is not at the end of its plan */
};

struct concept_effects {
    size_t concepts, conditions, baseline;
    struct stats_interval *value; /* see concept_value: means with 95 % t intervals */
    struct verdict_row *by;       /* see concept_effect */
};
/* Computes both. Intervals are cut at the figure's range, which costs no coverage since
 * nothing true lies outside. Verdicts are on intervals before the cut, by Holm over the
 * concepts of a family, for each figure and condition separately. A row's smallest
 * difference is not computed. Release with concept_effects_deinit. ERR_NOMEM. Some 10
 * ms of one core for 107 concepts in ten arms. */
enum err concept_effects_of(const struct concept_arms *a, struct concept_effects *out,
                            struct errinfo *e) ERR_CHECKED;
void concept_effects_deinit(struct concept_effects *x);
/* The mean, and the difference from the baseline, of concept c, condition k and figure
 * f. The baseline's own difference is zeroed. */
struct stats_interval *concept_value(const struct concept_effects *x, size_t c,
                                     size_t k, size_t f);
struct verdict_row *concept_effect(const struct concept_effects *x, size_t c, size_t k,
                                   size_t f);

#endif
