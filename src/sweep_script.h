/* The runs of a sweep that are still to do, for other machines: a shell command for
 * each run, or a script for Slurm. Owner thread. */
#ifndef SAETOP_SRC_SWEEP_SCRIPT_H
#define SAETOP_SRC_SWEEP_SCRIPT_H

#include "base/err.h"
#include "base/str.h"
#include "sweep/plan.h"
#include "sweep/sweep_measure.h"

/* Append a command for each cell that is not done; results [n_cells]. A comment above
 * them says `takes`, what one of them takes; "": not known. */
void sweep_script_lines(const char *dir, const struct sweep_plan *p,
                        const struct sweep_result *results, const char *takes,
                        struct str *out);
/* Append a script that sbatch takes as it is: an array of tasks, one for each cell
 * (several cells a task if there are more than SWEEP_TASKS_MAX), and a job after all of
 * them that makes the tables. Its paths are absolute. ERR_USAGE if every cell is done;
 * ERR_IO. */
#define SWEEP_TASKS_MAX                                                                \
    1000 /* Slurm's MaxArraySize is 1001 unless it is configured                       \
          */
enum err sweep_script_slurm(const char *dir, const struct sweep_plan *p,
                            const struct sweep_result *results, const char *takes,
                            struct str *out, struct errinfo *e) ERR_CHECKED;

#endif
