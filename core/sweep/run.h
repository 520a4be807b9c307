/* Runs a sweep: its cells on several threads, those that share text and masks in one
 * engine, so that the model runs once for them. A cell's results depend only on its
 * settings, not on threads, order or the other cells of its engine.
 *
 *   DIR/sweep.json         the plan: settings of the base, seeds, parts
 *   DIR/cells/NAME.json    a finished cell (cellfile.h)
 *   DIR/match/NAME.json    a search for match_l0, after each of its rounds
 *   DIR/probes/            raw probes of the evaluation, fitted once
 *   DIR/work/NAME*         engines stopped half way; they go on from there
 *   DIR/runs/NAME          the run itself, with `keep`
 *   DIR/results.csv, results.json, report.md   (sweep_table.h) */
#ifndef SAETOP_SWEEP_RUN_H
#define SAETOP_SWEEP_RUN_H

#include "sweep/plan.h"
#include "sweep/sweep_measure.h"

#include <stdatomic.h>

/* Called for each event as it happens, one call at a time, from any thread. NULL: no
 * calls. */
struct sweep_watch {
    void *user;
    void (*done)(void *user, size_t cell, const struct sweep_result *r);
    void (*failed)(void *user, size_t cell, const char *why);
    void (*found)(void *user, size_t condition, const char *key, double value,
                  double l0);
    void (*warned)(void *user, const char *text);
    /* Ten times a second, from the thread of sweep_run; work in steps of an arm. */
    void (*progress)(void *user, double done, double total);
};

struct sweep_options {
    const char *dir;           /* of the sweep; exists */
    size_t jobs;               /* engines at once; 0: one for each of the plan's
                                  threads */
    bool keep;                 /* keep the runs, for the explorer */
    const char *only;          /* run the cell of this name; NULL: all */
    const atomic_bool *cancel; /* when set: save what is under way and return; may be
                                  NULL */
    struct sweep_watch watch;
};

/* Runs the cells that are not done, on as many threads as the plan's base says. results
 * [n_cells], zeroed by the caller, gets those already done and the rest. A cell whose
 * loss diverges is reported and left undone; the others go on. ERR_CANCELLED; errors of
 * files and settings end the sweep. */
enum err sweep_run(const struct sweep_plan *p, const struct sweep_options *o,
                   struct sweep_result *results, struct errinfo *e) ERR_CHECKED;

/* Finds which cells would share an engine: batch[i] for cell i, from 0; *n: the number
 * of engines. `todo` NULL: all cells; cells not to do get SIZE_MAX. For tests and
 * estimates. */
enum err sweep_batches(const struct sweep_plan *p, const bool *todo, size_t *batch,
                       size_t *n, struct errinfo *e) ERR_CHECKED;

#endif
