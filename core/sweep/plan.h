/* The plan of a sweep: which runs, which of them are seeds of one arm, and which
 * unmasked run each masked one is compared with. Nothing is trained here. Owner thread.
 *
 * A plan has parts, each a question ("dose: mask.rate x k"). A part is a grid: every
 * combination of its axes over the base settings, with every seed. Cells that two parts
 * ask for alike are one cell. */
#ifndef SAETOP_SWEEP_PLAN_H
#define SAETOP_SWEEP_PLAN_H

#include "base/json.h"
#include "train/settings.h"

#define SWEEP_PARTS_MAX 32
#define SWEEP_CELLS_MAX 10000
#define SWEEP_NAME_MAX  128
#define SWEEP_NONE      SIZE_MAX

/* Keys of the controls of the sweep itself, see sweep_pair. */
#define SWEEP_MATCH_L0       "match_l0"
#define SWEEP_EQUAL_UNMASKED "equal_unmasked"

/* A setting in which a cell differs from the base, its value as settings_print has it.
 * Beside the keys of settings.h the controls of the sweep itself:
 *   match_l0        the sparsity setting is searched until clean L0 is this
 *   equal_unmasked  yes: steps / (1 - p), as many unmasked vectors as the unmasked arm;
 *                   with mask.positions drop every vector is unmasked anyway
 */
struct sweep_pair {
    char *key, *value;
};

struct sweep_cell {
    char name[SWEEP_NAME_MAX]; /* of its file: what it is and a hash of all settings
                                  that shape the result */
    struct sweep_pair *pair;   /* in order of key; seed and mask.rate included */
    size_t n_pairs;
    uint64_t seed;
    double mask_rate;
    enum source_kind source; /* of the plan's base */
    double target_l0;        /* 0: as the settings say */
    bool equal_unmasked;     /* never in an unmasked cell */
    size_t arm;              /* cells that differ in the seed only */
};

/* Cells that differ in their seed only: averaged over seeds, and compared with another
 * arm by pairs of seeds. */
struct sweep_arm {
    size_t *cell; /* [n_cells] by seed, ascending */
    size_t n_cells;
    size_t baseline; /* the arm alike but not masked; SWEEP_NONE: none planned, or this
                        is one */
    char *label;     /* "topk k 4 p 0.3 keep": what tells it from others of the plan */
};

struct sweep_part {
    char *name, *about; /* about may be "" */
    size_t *arm;        /* [n_arms] in order of the grid; baselines included */
    size_t n_arms;
};

struct sweep_plan {
    struct settings base;
    struct sweep_cell *cell;
    struct sweep_arm *arm;
    struct sweep_part *part;
    size_t n_cells, n_arms, n_parts;
};

/* A plan from a tree such as samples/claim/sweep.json:
 *   {"settings": {"steps": 1000}, "seeds": [1, 2, 3],
 *    "parts": {"dose": {"about": "...", "mask.rate": [0, 0.3], "k": [4, 8]}}}
 * `base`: what the settings of the tree are laid over (copied). `seeds` is a list, or a
 * number: 1 to that. A part may have seeds of its own. `file` begins error lines, which
 * name the part, the key, what was found and what was expected. *out: caller owns. */
enum err sweep_plan_new(const cJSON *tree, const char *file,
                        const struct settings *base, struct sweep_plan **out,
                        struct errinfo *e) ERR_CHECKED;
void sweep_plan_free(struct sweep_plan *p); /* NULL is fine */

/* The settings of a run of this cell, before a search for match_l0. */
enum err sweep_cell_settings(const struct sweep_plan *p, const struct sweep_cell *c,
                             struct settings *out, struct errinfo *e) ERR_CHECKED;
/* The value of `key` in which the cell differs from the base, or NULL. */
const char *sweep_cell_value(const struct sweep_cell *c, const char *key);
/* Append the value of `key`, a setting or a control, in this cell: its own or the
 * base's. */
void sweep_cell_print(const struct sweep_plan *p, const struct sweep_cell *c,
                      const char *key, struct str *out);

#endif
