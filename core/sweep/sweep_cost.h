/* Estimates the time and memory a sweep takes, before it begins: for its engines
 * (run/run_cost.h) and for the bench that its runs are measured on. Owner thread. */
#ifndef SAETOP_SWEEP_SWEEP_COST_H
#define SAETOP_SWEEP_SWEEP_COST_H

#include "sweep/run.h"

struct sweep_cost {
    size_t runs;          /* to do */
    size_t groups;        /* engines: each trains runs that share text and masks */
    size_t jobs, threads; /* groups at once; threads per group */
    size_t bytes, room;   /* peak of the whole process; memory available to it */
    size_t fit;           /* how many groups at once fit into `room` */
    size_t one;           /* peak bytes with one group at a time */
    double steps;         /* of all groups, counted as for `seconds` */
    double seconds;       /* in all, including searches and measuring; NaN: not known */
};

/* Estimates what sweep_run would take with `o` and the present results[n_cells]; a
 * group that was stopped half way counts from its beginning. `alone`: each run in a
 * process of its own, one after the other. `timed`: measures one group of each kind
 * (groups that differ only in seeds, rates of masks and length are one kind), about a
 * second each, longer with a large model to read; otherwise, and without a model, the
 * time is NaN. Takes the memory of one group and frees it. Errors of the inputs and
 * settings; ERR_USAGE where the cell `only` does not exist. */
enum err sweep_cost_of(const struct sweep_plan *p, const struct sweep_options *o,
                       const struct sweep_result *results, bool alone, bool timed,
                       struct sweep_cost *out, struct errinfo *e) ERR_CHECKED;
/* Estimates what measuring n saved runs takes on one evaluator, one after the other, as
 * `saetop verdict` does; `like`: the settings of one of them, which have a model. As
 * rough as measuring is above. *out: seconds is NaN unless the steps are `timed` and
 * could be. Takes the memory of an arm, and frees it. Errors of the inputs and of the
 * settings. */
struct measuring_cost {
    double seconds;
    size_t bytes, room;
};
enum err sweep_cost_measuring(const struct settings *like, size_t n, bool timed,
                              struct measuring_cost *out,
                              struct errinfo *e) ERR_CHECKED;
/* Returns ERR_LIMIT where the sweep does not fit into memory; the message says what
 * would. */
enum err sweep_cost_check(const struct sweep_cost *c, struct errinfo *e) ERR_CHECKED;
/* Writes "about 12 min and 390 MB of memory (24 GB are there), measuring counted
 * roughly; 4 runs in 2 groups of the same text and masks, 2 at once on 1 thread
 * each". */
void sweep_cost_takes(const struct sweep_cost *c, char *out, size_t cap);
/* Writes the cost of each run, for runs that are `alone`: "a run takes about 1 min 3 s
 * and 230 MB of memory (24 GB are there) on 2 threads here, measuring counted
 * roughly". */
void sweep_cost_takes_each(const struct sweep_cost *c, char *out, size_t cap);

#endif
