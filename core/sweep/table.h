/* What a sweep found: the tables, the paired effects of masking and a report in words.
 * Everything here is a function of the plan and the results, so that --collect and an
 * interrupted sweep give the same text. Owner thread. */
#ifndef SAETOP_SWEEP_TABLE_H
#define SAETOP_SWEEP_TABLE_H

#include "base/str.h"
#include "num/stats.h"
#include "sweep/measure.h"
#include "sweep/plan.h"

/* results[plan->n_cells], as the cells of the plan. */

/* results.csv: a row for each finished cell, mask_rate,k,arch,seed,l0_clean first, then
 * what else tells the cells of the plan apart, a column a measure, and steps, vectors,
 * tokens_read, seconds. An entry not measured is empty. */
enum err sweep_csv(const struct sweep_plan *p, const struct sweep_result *results,
                   struct str *out, struct errinfo *e) ERR_CHECKED;

/* The paired effect of masking on one measure of one arm. */
struct sweep_effect {
    size_t arm, measure;
    size_t pairs;             /* seeds finished in both */
    size_t lower, higher;     /* of these pairs */
    double before, after;     /* means over the same pairs */
    struct stats_interval by; /* after - before: paired t, 95 % */
    double p, p_holm;         /* two-sided; Holm over the measures of the arm */
};
enum sweep_verdict {
    SWEEP_LOWER,     /* p_holm < 0.05 */
    SWEEP_HIGHER,    /* the same */
    SWEEP_UNDECIDED, /* not established */
    SWEEP_SAME,      /* identical in every pair */
    SWEEP_TOO_FEW,   /* fewer than two pairs */
};
/* The effects of an arm that has a baseline, all measures; out[SWEEP_MEASURE_COUNT].
 * An arm is compared over the seeds finished in it and in its baseline. */
enum err sweep_effects(const struct sweep_plan *p, const struct sweep_result *results,
                       size_t arm, struct sweep_effect *out,
                       struct errinfo *e) ERR_CHECKED;
enum sweep_verdict sweep_verdict_of(const struct sweep_effect *x);

/* results.json: plan, cells, effects with verdicts. */
enum err sweep_json(const struct sweep_plan *p, const struct sweep_result *results,
                    struct str *out, struct errinfo *e) ERR_CHECKED;
/* report.md. Arms with seeds missing are listed, and stand in no mean. */
enum err sweep_markdown(const struct sweep_plan *p, const struct sweep_result *results,
                        struct str *out, struct errinfo *e) ERR_CHECKED;

#endif
