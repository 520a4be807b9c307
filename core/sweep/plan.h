/* The plan of a sweep: which runs, which of them are seeds of one condition, and which
 * unmasked run each masked one is compared with. Nothing is trained here. Owner thread.
 *
 * A plan has parts, each a question ("dose: mask.rate x k"). A part is a grid: every
 * combination of its axes over the base settings, with every seed. A cell that two
 * parts ask for exists once. */
#ifndef SAETOP_SWEEP_PLAN_H
#define SAETOP_SWEEP_PLAN_H

#include "base/json.h"
#include "train/settings.h"

#define SWEEP_PARTS_MAX 32
#define SWEEP_CELLS_MAX 10000
#define SWEEP_NAME_MAX  128
#define SWEEP_NONE      SIZE_MAX

/* Keys of the sweep's own controls, see sweep_pair. */
#define SWEEP_MATCH_L0       "match_l0"
#define SWEEP_EQUAL_UNMASKED "equal_unmasked"

/* A setting in which a cell differs from the base, its value as settings_print writes
 * it. Besides the keys of settings.h there are the sweep's own controls:
 *   match_l0        the sparsity setting is searched until clean L0 is this
 *   equal_unmasked  yes: steps / (1 - p), as many unmasked vectors as the unmasked
 *                   condition; with mask.positions drop every vector is unmasked anyway
 */
struct sweep_pair {
    char *key, *value;
};

struct sweep_cell {
    char name[SWEEP_NAME_MAX]; /* of its file: what it is, and a hash of all settings
                                  that shape the result */
    struct sweep_pair *pair;   /* in order of key; seed and mask.rate included */
    size_t n_pairs;
    uint64_t seed;
    double mask_rate;
    enum source_kind source; /* from the plan's base */
    double target_l0;        /* 0: no target, the settings as they are */
    bool equal_unmasked;     /* never in an unmasked cell */
    size_t condition;        /* cells of a condition differ only in the seed */
};

/* Cells that differ only in their seed: averaged over seeds, and compared with another
 * condition by pairs of seeds. */
struct sweep_condition {
    size_t *cell; /* [n_cells] by seed, ascending */
    size_t n_cells;
    size_t baseline; /* the same condition without masking; SWEEP_NONE: none planned, or
                        this is one */
    char *label;     /* what tells it from others of the plan: "topk k 4 p 0.3 keep" */
};

struct sweep_part {
    char *name, *about; /* about may be "" */
    size_t *condition;  /* [n_conditions] in order of the grid; baselines included */
    size_t n_conditions;
};

struct sweep_plan {
    struct settings base;
    struct sweep_cell *cell;
    struct sweep_condition *condition;
    struct sweep_part *part;
    size_t n_cells, n_conditions, n_parts;
};

/* Makes a plan from a tree such as samples/claim/sweep.json:
 *   {"settings": {"steps": 1000}, "seeds": [1, 2, 3],
 *    "parts": {"dose": {"about": "...", "mask.rate": [0, 0.3], "k": [4, 8]}}}
 * `base`: the settings under those of the tree (copied). `seeds` is a list, or a number
 * n for 1 to n. A part may have seeds of its own. `file` starts the error lines, which
 * name the part, the key, what was found and what was expected. *out: caller owns. */
enum err sweep_plan_new(const cJSON *tree, const char *file,
                        const struct settings *base, struct sweep_plan **out,
                        struct errinfo *e) ERR_CHECKED;
void sweep_plan_free(struct sweep_plan *p); /* NULL is fine */

/* Writes the settings of a run of this cell, before a search for match_l0. */
enum err sweep_cell_settings(const struct sweep_plan *p, const struct sweep_cell *c,
                             struct settings *out, struct errinfo *e) ERR_CHECKED;
/* Returns the cell's own value of `key`, or NULL where it has that of the base. */
const char *sweep_cell_value(const struct sweep_cell *c, const char *key);
/* Appends the value of `key`, a setting or a control, in this cell: its own or the
 * base's. */
void sweep_cell_print(const struct sweep_plan *p, const struct sweep_cell *c,
                      const char *key, struct str *out);

#endif
