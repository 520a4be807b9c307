/* Inside of plan.c: grids as they are read, cells as they are made. */
#ifndef SAETOP_SWEEP_PLAN_PRIV_H
#define SAETOP_SWEEP_PLAN_PRIV_H

#include "base/str.h"
#include "sweep/plan.h"

#define SWEEP_AXES_MAX 16

/* An axis of a part: a key and its values. */
struct axis {
    char *key;
    char **value; /* as settings_print has them */
    size_t n;
};

struct grid {
    struct axis axis[SWEEP_AXES_MAX];
    size_t n;
    uint64_t *seed;
    size_t n_seeds;
};

/* ---- plan_grid.c ---- */

/* A key and its values, one or a list, onto the grid. `where` begins error lines. */
enum err grid_add_axis(struct grid *g, const struct settings *base, const char *where,
                       const cJSON *item, struct errinfo *e) ERR_CHECKED;
/* "seeds": a list, or how many from 1 on; NULL is an error. */
enum err grid_set_seeds(struct grid *g, const char *where, const cJSON *item,
                        struct errinfo *e) ERR_CHECKED;
void grid_deinit(struct grid *g);
/* Keys that are the sweep's own, not of settings.h. */
bool sweep_is_control(const char *key);

/* ---- plan_cell.c ---- */

enum err sweep_copy_text(char **out, const char *text, struct errinfo *e) ERR_CHECKED;

/* The cell at place at[g->n] of the grid. On error cell_deinit is still due. */
enum err cell_make(const struct sweep_plan *p, const struct grid *g, const size_t *at,
                   uint64_t seed, struct sweep_cell *c, struct errinfo *e) ERR_CHECKED;
void cell_deinit(struct sweep_cell *c);
/* "topk k=4 p=0.3 drop": what tells it from others of the plan, the seed apart. */
enum err cell_label(const struct sweep_plan *p, const struct sweep_cell *c,
                    struct str *out, struct errinfo *e) ERR_CHECKED;
/* Whether two cells are seeds of one arm; `unmasked`: whether a is b without masking.
 */
bool cell_same_arm(const struct sweep_cell *a, const struct sweep_cell *b,
                   bool unmasked);

#endif
