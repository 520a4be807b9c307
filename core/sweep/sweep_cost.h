/* What a sweep takes in time and memory, known before it begins: of its engines as
 * run/run_cost.h has each of them, and of the bench that its runs are measured on.
 * Owner thread. */
#ifndef SAETOP_SWEEP_SWEEP_COST_H
#define SAETOP_SWEEP_SWEEP_COST_H

#include "sweep/run.h"

struct sweep_cost {
    size_t runs;          /* to do */
    size_t groups;        /* of those that share text and masks: engines */
    size_t jobs, threads; /* groups at once; threads of each */
    size_t bytes, room;   /* of the whole process at most, and that there is */
    size_t fit;           /* how many groups at once fit into it */
    size_t one;           /* bytes with one at a time */
    double steps;         /* of all groups, as `seconds` counts them */
    double seconds; /* of all, searches and measuring among them; NaN: not known */
};

/* Of what sweep_run would do with `o` and the results [n_cells] that there are: one
 * group that was stopped half way counts from its beginning. `alone`: every run in a
 * process of its own, one after the other. `timed`: groups that differ in more than
 * seeds and rates of masks are measured, about a second each and for the weights of a
 * large model more; else, and without a model, no time is known. Takes the memory of
 * one group, which is freed. Errors of the inputs and of the settings, and ERR_USAGE
 * for a cell `only` that there is not. */
enum err sweep_cost_of(const struct sweep_plan *p, const struct sweep_options *o,
                       const struct sweep_result *results, bool alone, bool timed,
                       struct sweep_cost *out, struct errinfo *e) ERR_CHECKED;
/* Of measuring n runs that are saved on one evaluator, one after the other, as `saetop
 * verdict` does; `like`: the settings of one, of a model. Counted roughly, as measuring
 * is above. seconds NaN in *out: the steps are not `timed`, or could not be. Takes an
 * arm's memory, which is freed. Errors of the inputs and of the settings. */
struct measuring_cost {
    double seconds;
    size_t bytes, room;
};
enum err sweep_cost_measuring(const struct settings *like, size_t n, bool timed,
                              struct measuring_cost *out,
                              struct errinfo *e) ERR_CHECKED;
/* ERR_LIMIT where it does not fit, with what would. */
enum err sweep_cost_check(const struct sweep_cost *c, struct errinfo *e) ERR_CHECKED;
/* "about 12 min and 390 MB of memory (24 GB are there), measuring counted roughly; 4
 * runs in 2 groups of the same text and masks, 2 at once on 1 thread each". */
void sweep_cost_takes(const struct sweep_cost *c, char *out, size_t cap);
/* Of runs that are `alone`: "a run takes about 1 min 3 s and 230 MB of memory (24 GB
 * are there) on 2 threads here, measuring counted roughly". */
void sweep_cost_takes_each(const struct sweep_cost *c, char *out, size_t cap);

#endif
