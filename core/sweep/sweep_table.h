/* Results of a sweep: the tables, the paired effects of masking and a report in words.
 * Everything here is a function of the plan and the results, so that --collect and an
 * interrupted sweep give the same text. results[plan->n_cells], in the order of the
 * plan's cells. Owner thread. O(cells x measures), and conditions x parts. */
#ifndef SAETOP_SWEEP_SWEEP_TABLE_H
#define SAETOP_SWEEP_SWEEP_TABLE_H

#include "base/str.h"
#include "num/stats.h"
#include "sweep/plan.h"
#include "sweep/sweep_measure.h"

#define SWEEP_ALPHA 0.05                /* for verdicts */
#define SWEEP_LEVEL (1.0 - SWEEP_ALPHA) /* for intervals */

/* The measures of the plan's source. */
static inline struct sweep_set sweep_set(const struct sweep_plan *p)
{
    return sweep_set_of((enum source_kind)p->base.source);
}

/* ---- effects ---- */

/* The paired effect of masking on one measure: in one condition, or on average over the
 * conditions of a part. */
struct sweep_effect {
    size_t condition, measure; /* SWEEP_NONE: an average */
    size_t conditions;         /* averaged over; 1 for a single condition */
    size_t pairs;              /* seeds in which both sides were measured */
    size_t lower, higher;      /* pairs in which the masked side is lower, higher */
    double before, after;      /* means over the same pairs */
    struct stats_interval by;  /* after - before: paired t; no interval (NaN) where all
                                  differences are equal */
    double p, p_holm;          /* two-sided; Holm over the measures */
};
enum sweep_verdict {
    SWEEP_LOWER,     /* p_holm < 0.05 */
    SWEEP_HIGHER,    /* the same */
    SWEEP_UNDECIDED, /* not established */
    SWEEP_SAME,      /* identical in every pair */
    SWEEP_TOO_FEW,   /* fewer than two pairs */
};

/* Returns whether all runs of a condition are finished: only such conditions enter a
 * mean. */
bool sweep_condition_complete(const struct sweep_plan *p,
                              const struct sweep_result *results, size_t condition);
/* Returns whether a condition has a baseline and both are complete. */
bool sweep_condition_compared(const struct sweep_plan *p,
                              const struct sweep_result *results, size_t condition);

/* Computes the effects in a condition that has a baseline, on all measures of the
 * plan's source; out[SWEEP_MEASURES_ALL]. Over the seeds finished in both; a measure
 * leaves out pairs in which it is NaN.
 *
 * p is that of the paired t test. Where all differences are equal but not 0, t has no
 * spread to go by (and would be certain from two pairs on): p is then that of the sign
 * test, 2^(1 - pairs). */
enum err sweep_effects(const struct sweep_plan *p, const struct sweep_result *results,
                       size_t condition, struct sweep_effect *out,
                       struct errinfo *e) ERR_CHECKED;
/* Computes the average effects over the compared conditions of a part: for each seed
 * the mean over the conditions on either side, then paired over seeds, so that
 * conditions of one seed, which share text and first weights, count once. Each measure
 * is averaged over the conditions that have it, and over the seeds that all of these
 * have. */
enum err sweep_average(const struct sweep_plan *p, const struct sweep_result *results,
                       size_t part, struct sweep_effect *out,
                       struct errinfo *e) ERR_CHECKED;

/* The smallest difference that the planned seeds can establish, in units of the spread
 * (sd) of its pairs: for one measure by itself, and for the first of all measures after
 * Holm's adjustment; and the same with twice the pairs. NaN for fewer than two
 * pairs. */
struct sweep_power {
    size_t pairs;    /* the fewest in any compared condition; 0: none is compared */
    size_t measures; /* that Holm adjusts for */
    double one, adjusted, one_twice, adjusted_twice;
};
struct sweep_power sweep_power_of(const struct sweep_plan *p);

enum sweep_verdict sweep_verdict_of(const struct sweep_effect *x);
/* Returns "lower", "higher", "not established", "the same" or "too few pairs". */
const char *sweep_verdict_text(enum sweep_verdict v);
/* Returns -1 or 1 where the interval, unadjusted, lies below or above 0; else 0. */
int sweep_interval_side(const struct sweep_effect *x);

/* ---- what is written ---- */

/* results.csv: a row for each finished run. mask_rate,k,arch,seed,l0_clean, a column
 * for each measure, then by their keys the other settings in which cells of the plan
 * differ, and sparsity (what a search for match_l0 found), matched, steps_trained,
 * vectors, tokens_read, seconds, arm (its condition), parts (several by ';'), cell. k
 * is the one trained with, empty for architectures without one. What was not measured
 * is empty. */
enum err sweep_csv(const struct sweep_plan *p, const struct sweep_result *results,
                   struct str *out, struct errinfo *e) ERR_CHECKED;

/* results.json: {"saetop", "runs", "finished", "settings", "measures", "parts", "arms",
 * "cells", "effects", "averages"}. Conditions of parts and of effects are indices into
 * "arms". */
enum err sweep_json(const struct sweep_plan *p, const struct sweep_result *results,
                    struct str *out, struct errinfo *e) ERR_CHECKED;

/* report.md. Conditions with missing seeds are listed, but enter no mean. */
enum err sweep_markdown(const struct sweep_plan *p, const struct sweep_result *results,
                        struct str *out, struct errinfo *e) ERR_CHECKED;

/* Writes the verdicts for the plan's main part, the first with a masked condition, in
 * lines of at most 80 columns. */
enum err sweep_summary(const struct sweep_plan *p, const struct sweep_result *results,
                       struct str *out, struct errinfo *e) ERR_CHECKED;

#endif
