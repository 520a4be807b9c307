/* Compares two sides: conditions of a run, or runs. Shared by the Compare screen and
 * `saetop verdict`. Any thread. */
#ifndef SAETOP_RUN_COMPARED_H
#define SAETOP_RUN_COMPARED_H

#include "eval/concept_table.h"
#include "eval/report.h"
#include "eval/verdict.h"
#include "run/conditions.h"
#include "train/history.h"

/* ---- figures of an arm ---- */

/* Reads the figures that `saetop eval` kept in the run directory `dir` for this step,
 * with their units, into out, which report_init has prepared. ERR_MISSING: there are
 * none for this step; ERR_FORMAT names what is wrong. */
enum err compare_kept(const char *dir, int64_t step, struct report *out,
                      struct errinfo *e) ERR_CHECKED;
/* Takes the figures that training measured last: those of the history, and those over
 * concepts, with concepts as units, from the table of its last evaluation (NULL:
 * none). */
enum err compare_live(const struct history *h, const struct concept_table *t,
                      const struct concepts *c, struct report *out,
                      struct errinfo *e) ERR_CHECKED;
/* Takes the figures of an evaluation made for this comparison. */
enum err compare_evaluated(const struct eval_result *r, const struct concepts *c,
                           struct report *out, struct errinfo *e) ERR_CHECKED;

/* ---- differences ---- */

/* One comparison: a row for each measure, the interval to show for it, over seeds or,
 * with one pair, over text (NaN: none), and whether the first side is within its random
 * control (compare_within; false where nobody asked). */
struct compared {
    size_t pairs;
    size_t first; /* planned seeds, where more were added: the intervals are those of
                     paired_of for any number of seeds; else 0 */
    bool so_far;  /* set by compare_so_far */
    char other_data[32]; /* set by compare_not_comparable: "text"; "": comparable */
    bool other_texts; /* one pair, trained on texts that differ and measured on one */
    struct verdict_row row[VERDICT_MEASURE_COUNT];
    struct stats_interval by[VERDICT_MEASURE_COUNT];
    bool within_random[VERDICT_MEASURE_COUNT];
};
/* Computes the differences a[i] - b[i] over the pairs of reports, without verdicts:
 * verdict_judge takes the rows of all comparisons shown together. margin
 * [VERDICT_MEASURE_COUNT], NULL: the table's. first: planned seeds, as for
 * paired_of. */
enum err compare_pairs(const struct report *const *a, const struct report *const *b,
                       size_t pairs, const double *margin, size_t first,
                       struct compared *out, struct errinfo *e) ERR_CHECKED;
/* The same, with verdicts for this comparison alone. */
enum err compare_alone(const struct report *const *a, const struct report *const *b,
                       size_t pairs, size_t first, struct compared *out,
                       struct errinfo *e) ERR_CHECKED;

/* Notes that a side has not reached the end of its plan, so that nothing is established
 * yet (verdict_so_far). */
void compare_so_far(struct compared *c);

/* Notes that the two sides were measured on different data, named by `what`: values and
 * differences stay, but no interval, verdict or mark is to be shown. */
#define COMPARE_NOT_COMPARABLE "not comparable"
void compare_not_comparable(struct compared *c, const char *what);

/* Finds which measures of a condition are "within random" (verdict_is_within), from the
 * pairs of its reports a[i] and those of its random control, b[i]; margin and first as
 * above. Holm's adjustment takes the differences from the control as a list of their
 * own. */
enum err compare_within(const struct report *const *a, const struct report *const *b,
                        size_t pairs, const double *margin, size_t first,
                        bool out[VERDICT_MEASURE_COUNT], struct errinfo *e) ERR_CHECKED;

/* Writes what may be concluded about the primary measures, one sentence per line: what
 * is established and which way, what is within random, what is too small to matter,
 * what is not established and what it would take, what one seed can say. ";" separates
 * measures, as some have a comma in their names. a, b: names of the sides, "A (no
 * mask)", cut where both are long; control: the random control of the first, NULL:
 * none. */
void compare_say(const struct compared *c, const char *a, const char *b,
                 const char *control, struct str *out);

/* What compare_warn writes about: other differences than the one compared (inputs,
 * settings beyond the masking, changes during training, steps, clean L0), and values in
 * doubt. */
struct compare_facts {
    char letter[2];
    const struct difference *difference;
    size_t n;      /* of them */
    bool one_data; /* the figures are of the same data, whatever that of training is */
    double l0[2];
    int64_t step[2];                            /* -1: not known */
    const struct condition_changes *changes[2]; /* [CHANGE_KINDS]; NULL: not known */
    const struct verdict_row *row; /* [VERDICT_MEASURE_COUNT]; NULL: none to doubt */
};
void compare_warn(const struct compare_facts *f, struct remarks *out);

/* ---- curves ---- */

/* A measure of one side over the steps: the mean over the side's arms, at the steps
 * where all of them have it. */
struct compare_curve {
    double *x, *y; /* [n], x ascending */
    size_t n;
};
enum err compare_curve(const struct history *const *h, size_t arms, enum metric m,
                       struct compare_curve *out, struct errinfo *e) ERR_CHECKED;
void compare_curve_deinit(struct compare_curve *c);

#endif
