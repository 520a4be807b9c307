/* DIR/cells/NAME.json: the results of one finished run of a sweep. Written once and
 * whole; the next sweep in the directory skips cells that have a file. Owner thread. */
#ifndef SAETOP_SWEEP_CELLFILE_H
#define SAETOP_SWEEP_CELLFILE_H

#include "sweep/plan.h"
#include "sweep/sweep_measure.h"
#include "train/inputs.h"

/* Hashes of the files that a run was made with (0: none), and its kernels. */
struct sweep_made {
    uint64_t model, corpus, ood, concepts;
    char kernels[96];
};
void sweep_made_of(struct sweep_made *m, const struct inputs *in);
/* Write it to a file as "made_with", and read it back. */
void sweep_made_write(cJSON *root, const struct sweep_made *m);
enum err sweep_made_read(struct json_at at, const cJSON *root, struct sweep_made *m,
                         struct errinfo *e) ERR_CHECKED;
/* Returns ERR_USAGE, naming what differs and both cells, where a cell made with `m` and
 * a finished one read different files under the same names; kernels may differ. made
 * [n_cells]. */
enum err sweep_made_check(const struct sweep_plan *p,
                          const struct sweep_result *results,
                          const struct sweep_made *made, size_t cell,
                          const struct sweep_made *m, struct errinfo *e) ERR_CHECKED;

enum err sweep_cell_save(const char *dir, const struct sweep_cell *c,
                         const struct sweep_result *r, const struct sweep_made *m,
                         struct errinfo *e) ERR_CHECKED;
/* Loads the saved cells of the plan into results and made [n_cells], zeroed by the
 * caller; results already done are left alone. ERR_FORMAT for a file that is damaged or
 * belongs to another cell; errors of sweep_made_check between all cells. */
enum err sweep_cells_load(const char *dir, const struct sweep_plan *p,
                          struct sweep_result *results, struct sweep_made *made,
                          struct errinfo *e) ERR_CHECKED;
/* Counts the cell files whose cells the plan lacks: from another plan, or from a
 * version that names them otherwise. */
size_t sweep_cells_others(const char *dir, const struct sweep_plan *p);
/* Parses one cell from the text of its file; also for fuzzing. */
enum err sweep_cell_parse(const char *text, size_t len, const char *path,
                          const char *name, struct sweep_result *r,
                          struct sweep_made *m, struct errinfo *e) ERR_CHECKED;

#endif
