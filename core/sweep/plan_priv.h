/* Internals of a plan, shared by plan*.c: grids as read, cells as made. */
#ifndef SAETOP_SWEEP_PLAN_PRIV_H
#define SAETOP_SWEEP_PLAN_PRIV_H

#include "base/str.h"
#include "sweep/plan.h"

#define SWEEP_AXES_MAX 16

/* An axis of a part: a key and its values. */
struct axis {
    char *key;
    char **value; /* as settings_print writes them */
    size_t n;
};

struct grid {
    struct axis axis[SWEEP_AXES_MAX];
    size_t n;
    uint64_t *seed;
    size_t n_seeds;
};

/* ---- plan_grid.c ---- */

/* Adds a key and its values, one or a list, to the grid. `where` starts error lines. */
enum err grid_add_axis(struct grid *g, const struct settings *base, const char *where,
                       const cJSON *item, struct errinfo *e) ERR_CHECKED;
/* Sets "seeds": a list, or how many from 1 on; NULL is an error. */
enum err grid_set_seeds(struct grid *g, const char *where, const cJSON *item,
                        struct errinfo *e) ERR_CHECKED;
void grid_deinit(struct grid *g);
/* Returns whether a key is one of the sweep's own controls, not of settings.h. */
bool sweep_is_control(const char *key);

/* ---- plan_cell.c ---- */

enum err sweep_copy_text(char **out, const char *text, struct errinfo *e) ERR_CHECKED;

/* Makes the cell at place at[g->n] of the grid. Call cell_deinit also after an
 * error. */
enum err cell_make(const struct sweep_plan *p, const struct grid *g, const size_t *at,
                   uint64_t seed, struct sweep_cell *c, struct errinfo *e) ERR_CHECKED;
void cell_deinit(struct sweep_cell *c);
/* Writes what tells a cell from others of the plan, except the seed: "topk k=4 p=0.3
 * drop". */
enum err cell_label(const struct sweep_plan *p, const struct sweep_cell *c,
                    struct str *out, struct errinfo *e) ERR_CHECKED;
/* Returns whether two cells are seeds of one condition; with `unmasked`: whether a is b
 * without masking. */
bool cell_same_condition(const struct sweep_cell *a, const struct sweep_cell *b,
                         bool unmasked);

#endif
