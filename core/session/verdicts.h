/* Verdicts from the seeds of a run so far: paired differences of two of its conditions,
 * from a view. Any thread that owns the view. */
#ifndef SAETOP_SESSION_VERDICTS_H
#define SAETOP_SESSION_VERDICTS_H

#include "eval/verdict.h"
#include "session/view.h"

struct view_verdicts {
    size_t of, baseline; /* conditions; the differences are `of` minus `baseline` */
    size_t pairs;        /* seeds of weights that both have */
    size_t first;        /* seeds planned, where more were added: the intervals are
                            those of paired_of for any number of seeds; else 0 */
    bool planned; /* measured at the planned step; else "so far", which establishes
                     nothing yet */
    /* The random control that `of` is also held against (n_conds: none), and whether
     * the difference from it is not established or does not matter. Not with one
     * seed. */
    size_t control;
    bool within_random[VERDICT_MEASURE_COUNT];
    char why[120]; /* why the two are not comparable; "": they are */
    struct verdict_row row[VERDICT_MEASURE_COUNT]; /* of the latest values; n 0: not
                                                      measured while training goes on */
};

/* Returns the condition that the others are held against: verdict_baseline. */
size_t view_baseline(const struct session_view *v);
/* Compares condition `of` with the baseline; false where there are not two conditions.
 * Holm's correction is over the primary measures that are measured during training.
 * With one pair the rows have no interval. O(measures * pairs). */
bool view_verdicts_of(const struct session_view *v, size_t of,
                      struct view_verdicts *out);

/* Computes the cost of adding seeds to the `planned` ones after a look at the results:
 * how many times wider intervals become, and how many seeds make them as narrow as the
 * planned ones again. */
void cost_of_looking(size_t planned, double *widening, size_t *regained);

#endif
