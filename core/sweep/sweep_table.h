/* Results of a sweep: the tables, the paired effects of masking and a report in words.
 * Everything here is a function of the plan and the results, so that --collect and an
 * interrupted sweep give the same text. results[plan->n_cells], as the cells of the
 * plan. Owner thread. O(cells x measures), and conditions x parts. */
#ifndef SAETOP_SWEEP_SWEEP_TABLE_H
#define SAETOP_SWEEP_SWEEP_TABLE_H

#include "base/str.h"
#include "num/stats.h"
#include "sweep/plan.h"
#include "sweep/sweep_measure.h"

#define SWEEP_ALPHA 0.05                /* of verdicts */
#define SWEEP_LEVEL (1.0 - SWEEP_ALPHA) /* of intervals */

/* The measures of the plan's source. */
static inline struct sweep_set sweep_set(const struct sweep_plan *p)
{
    return sweep_set_of((enum source_kind)p->base.source);
}

/* ---- effects ---- */

/* The paired effect of masking on one measure: of a condition, or of the conditions of
 * a part on average. */
struct sweep_effect {
    size_t condition, measure; /* SWEEP_NONE: an average */
    size_t conditions;         /* averaged over; 1 for a condition of its own */
    size_t pairs;              /* seeds in which both sides were measured */
    size_t lower, higher;      /* of these pairs */
    double before, after;      /* means over the same pairs */
    struct stats_interval by;  /* after - before: paired t; no interval (NaN) where all
                                  differences are alike */
    double p, p_holm;          /* two-sided; Holm over the measures */
};
enum sweep_verdict {
    SWEEP_LOWER,     /* p_holm < 0.05 */
    SWEEP_HIGHER,    /* the same */
    SWEEP_UNDECIDED, /* not established */
    SWEEP_SAME,      /* identical in every pair */
    SWEEP_TOO_FEW,   /* fewer than two pairs */
};

/* Whether all runs of a condition are finished: only such conditions stand in a mean.
 */
bool sweep_condition_complete(const struct sweep_plan *p,
                              const struct sweep_result *results, size_t condition);
/* Whether a condition has a baseline, and both are complete. */
bool sweep_condition_compared(const struct sweep_plan *p,
                              const struct sweep_result *results, size_t condition);

/* The effects of a condition that has a baseline, all measures of the plan's source;
 * out[SWEEP_MEASURES_ALL].
 * Over the seeds finished in both; a measure that is NaN in a run leaves that pair out.
 *
 * p is that of the paired t test. Where all differences are alike but not 0, t has no
 * spread to go by (and would be sure of anything from two pairs): p is then that of
 * the sign test, 2^(1 - pairs). */
enum err sweep_effects(const struct sweep_plan *p, const struct sweep_result *results,
                       size_t condition, struct sweep_effect *out,
                       struct errinfo *e) ERR_CHECKED;
/* The same for the compared conditions of a part on average: in each seed the mean over
 * the conditions on either side, then paired over seeds, so that conditions of one
 * seed, which share text and first weights, count once. Of each measure over the
 * conditions that have it and the seeds that all these conditions have. */
enum err sweep_average(const struct sweep_plan *p, const struct sweep_result *results,
                       size_t part, struct sweep_effect *out,
                       struct errinfo *e) ERR_CHECKED;

/* How small a difference the planned seeds can establish, in units of the spread (sd)
 * of its pairs: of one measure by itself, and of the first of all measures after Holm's
 * adjustment; and with twice the pairs. NaN for fewer than two. */
struct sweep_power {
    size_t pairs;    /* the fewest of any condition that is compared; 0: none is */
    size_t measures; /* that are adjusted for */
    double one, adjusted, one_twice, adjusted_twice;
};
struct sweep_power sweep_power_of(const struct sweep_plan *p);

enum sweep_verdict sweep_verdict_of(const struct sweep_effect *x);
/* "lower", "higher", "not established", "the same", "too few pairs". */
const char *sweep_verdict_text(enum sweep_verdict v);
/* -1 or 1 where the interval lies below or above 0, before Holm; else 0. */
int sweep_interval_side(const struct sweep_effect *x);

/* ---- what is written ---- */

/* results.csv: a row for each finished run. mask_rate,k,arch,seed,l0_clean, a column
 * a measure, then the other settings in which cells of the plan differ by their keys,
 * and sparsity (what a search for match_l0 found), matched, steps_trained, vectors,
 * tokens_read, seconds, arm (its condition), parts (several by ';'), cell. k is the one
 * trained with, empty for architectures that have none. An entry not measured is empty.
 */
enum err sweep_csv(const struct sweep_plan *p, const struct sweep_result *results,
                   struct str *out, struct errinfo *e) ERR_CHECKED;

/* results.json: {"saetop", "runs", "finished", "settings", "measures", "parts", "arms",
 * "cells", "effects", "averages"}. Conditions of parts and of effects are indices into
 * "arms". */
enum err sweep_json(const struct sweep_plan *p, const struct sweep_result *results,
                    struct str *out, struct errinfo *e) ERR_CHECKED;

/* report.md. Conditions with seeds missing are listed, and stand in no mean. */
enum err sweep_markdown(const struct sweep_plan *p, const struct sweep_result *results,
                        struct str *out, struct errinfo *e) ERR_CHECKED;

/* The verdicts over the plan's main part, the first with a masked condition, in lines
 * of at most 80 columns. */
enum err sweep_summary(const struct sweep_plan *p, const struct sweep_result *results,
                       struct str *out, struct errinfo *e) ERR_CHECKED;

#endif
