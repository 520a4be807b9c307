#include "sweep/plan.h"

#include "base/mem.h"
#include "sweep/plan_priv.h"
#include "train/also.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The state of building a plan. */
struct builder {
    struct sweep_plan *p;
    const char *file;
    char where[160]; /* "FILE: parts.NAME", begins error lines */
    size_t cell_cap, condition_cap, part_cap;
};

/* ---- conditions and parts ---- */

static size_t find_cell(const struct sweep_plan *p, const char *name)
{
    for (size_t i = 0; i < p->n_cells; i++) {
        if (strcmp(p->cell[i].name, name) == 0) {
            return i;
        }
    }
    return SWEEP_NONE;
}

/* Finds the condition of a cell, or makes it for its first cell. */
static enum err condition_of(struct builder *b, const struct sweep_cell *c, size_t *out,
                             struct errinfo *e)
{
    struct sweep_plan *p = b->p;
    for (size_t i = 0; i < p->n_conditions; i++) {
        if (cell_same_condition(&p->cell[p->condition[i].cell[0]], c, false)) {
            *out = i;
            return OK;
        }
    }
    struct str label;
    TRY(mem_grow(&p->condition, &b->condition_cap, p->n_conditions + 1,
                 sizeof *p->condition, SWEEP_CELLS_MAX, e));
    str_init(&label, 1u << 16);
    const enum err rc = cell_label(p, c, &label, e);
    struct sweep_condition *a = &p->condition[p->n_conditions];
    *a = (struct sweep_condition){.label = rc == OK ? str_take(&label) : NULL,
                                  .baseline = SWEEP_NONE};
    str_free(&label);
    TRY(rc);
    *out = p->n_conditions++;
    return OK;
}

/* Puts the cell's number into its condition, by seed. */
static enum err join_condition(struct sweep_plan *p, struct sweep_condition *a,
                               size_t cell, struct errinfo *e)
{
    size_t *more = NULL;
    size_t at = 0;
    TRY(mem_new(&more, a->n_cells + 1, sizeof *more, "sweep", e));
    while (at < a->n_cells && p->cell[a->cell[at]].seed < p->cell[cell].seed) {
        more[at] = a->cell[at];
        at++;
    }
    more[at] = cell;
    for (size_t i = at; i < a->n_cells; i++) {
        more[i + 1] = a->cell[i];
    }
    mem_free(a->cell);
    a->cell = more;
    a->n_cells++;
    return OK;
}

static enum err add_cell(struct builder *b, struct sweep_cell *c, size_t *condition,
                         struct errinfo *e)
{
    struct sweep_plan *p = b->p;
    const size_t old = find_cell(p, c->name);
    if (old != SWEEP_NONE) {
        *condition = p->cell[old].condition;
        cell_deinit(c);
        return OK;
    }
    enum err rc = mem_grow(&p->cell, &b->cell_cap, p->n_cells + 1, sizeof *p->cell,
                           SWEEP_CELLS_MAX, e);
    rc = rc == OK ? condition_of(b, c, &c->condition, e) : rc;
    if (rc != OK) {
        cell_deinit(c);
        return rc;
    }
    *condition = c->condition;
    p->cell[p->n_cells++] = *c;
    return join_condition(p, &p->condition[*condition], p->n_cells - 1, e);
}

static enum err add_condition_to_part(struct sweep_part *part, size_t condition,
                                      struct errinfo *e)
{
    for (size_t i = 0; i < part->n_conditions; i++) {
        if (part->condition[i] == condition) {
            return OK;
        }
    }
    size_t *more = NULL;
    TRY(mem_new(&more, part->n_conditions + 1, sizeof *more, "sweep", e));
    if (part->n_conditions) {
        memcpy(more, part->condition, part->n_conditions * sizeof *more);
    }
    more[part->n_conditions] = condition;
    mem_free(part->condition);
    part->condition = more;
    part->n_conditions++;
    return OK;
}

/* Checks the size of a grid before its cells are made. Repeated values would make the
 * same cells for ever. */
static enum err check_size(const struct builder *b, const struct grid *g,
                           struct errinfo *e)
{
    double places = (double)g->n_seeds;
    for (size_t i = 0; i < g->n; i++) {
        places *= (double)g->axis[i].n;
    }
    return places <= SWEEP_CELLS_MAX
               ? OK
               : err_set(e, ERR_LIMIT, "%s: found %.0f runs, expected %d at most",
                         b->where, places, SWEEP_CELLS_MAX);
}

/* Visits all places of the grid, the first axis slowest. */
static enum err expand(struct builder *b, const struct grid *g, struct sweep_part *part,
                       struct errinfo *e)
{
    size_t at[SWEEP_AXES_MAX] = {0};
    for (;;) {
        for (size_t s = 0; s < g->n_seeds; s++) {
            struct sweep_cell c;
            size_t condition = 0;
            const enum err rc = cell_make(b->p, g, at, g->seed[s], &c, e);
            if (rc != OK) {
                cell_deinit(&c);
                return err_prefix(e, rc, "%s", b->where);
            }
            TRY(add_cell(b, &c, &condition, e));
            TRY(add_condition_to_part(part, condition, e));
        }
        size_t i = g->n;
        while (i > 0 && ++at[i - 1] == g->axis[i - 1].n) {
            at[--i] = 0;
        }
        if (i == 0) {
            return OK;
        }
    }
}

static enum err read_part(struct builder *b, const cJSON *tree, const cJSON *seeds,
                          struct sweep_part *part, struct errinfo *e)
{
    struct grid g = {0};
    enum err rc = OK;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, tree)
    {
        if (strcmp(item->string, "seeds") == 0) {
            seeds = item;
        } else if (strcmp(item->string, "about") == 0) {
            if (!cJSON_IsString(item)) {
                rc = err_set(e, ERR_FORMAT, "%s: about: expected a text", b->where);
                goto out;
            }
            mem_free(part->about);
            TRY_OUT(rc, sweep_copy_text(&part->about, item->valuestring, e));
        } else {
            TRY_OUT(rc, grid_add_axis(&g, &b->p->base, b->where, item, e));
        }
    }
    TRY_OUT(rc, grid_set_seeds(&g, b->where, seeds, e));
    TRY_OUT(rc, check_size(b, &g, e));
    TRY_OUT(rc, expand(b, &g, part, e));
out:
    grid_deinit(&g);
    return rc;
}

/* ---- the plan ---- */

/* Finds for each masked condition the one it is compared with: the same without
 * masking. */
static void find_baselines(struct sweep_plan *p)
{
    for (size_t a = 0; a < p->n_conditions; a++) {
        const struct sweep_cell *c = &p->cell[p->condition[a].cell[0]];
        for (size_t o = 0; o < p->n_conditions; o++) {
            if (o != a &&
                cell_same_condition(&p->cell[p->condition[o].cell[0]], c, true)) {
                p->condition[a].baseline = o;
            }
        }
    }
}

static enum err read_parts(struct builder *b, const cJSON *tree, struct errinfo *e)
{
    struct sweep_plan *p = b->p;
    const cJSON *seeds = cJSON_GetObjectItemCaseSensitive(tree, "seeds");
    const cJSON *parts = cJSON_GetObjectItemCaseSensitive(tree, "parts");
    if (!cJSON_IsObject(parts) || !parts->child) {
        return err_set(e, ERR_FORMAT, "%s: parts: expected an object with a part",
                       b->file);
    }
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, parts)
    {
        snprintf(b->where, sizeof b->where, "%.80s: parts.%.60s", b->file,
                 item->string);
        if (!cJSON_IsObject(item)) {
            return err_set(e, ERR_FORMAT, "%s: expected an object", b->where);
        }
        TRY(mem_grow(&p->part, &b->part_cap, p->n_parts + 1, sizeof *p->part,
                     SWEEP_PARTS_MAX, e));
        struct sweep_part *part = &p->part[p->n_parts++];
        TRY(sweep_copy_text(&part->name, item->string, e));
        TRY(sweep_copy_text(&part->about, "", e));
        TRY(read_part(b, item, seeds, part, e));
    }
    return OK;
}

static enum err check_top(const cJSON *tree, const char *file, struct errinfo *e)
{
    static const char *const known[] = {"about", "settings", "seeds", "parts"};
    const cJSON *item = NULL;
    if (!cJSON_IsObject(tree)) {
        return err_set(e, ERR_FORMAT, "%s: expected an object", file);
    }
    cJSON_ArrayForEach(item, tree)
    {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
            found |= strcmp(known[i], item->string) == 0;
        }
        if (!found) {
            return err_set(e, ERR_FORMAT,
                           "%s: found '%s', expected about, settings, seeds or parts",
                           file, item->string);
        }
    }
    return OK;
}

/* Refuses settings that would make several runs of one, or hide masking in the base. */
static enum err check_base(const struct settings *s, const char *file,
                           struct errinfo *e)
{
    if (!arm_plans_single(s)) {
        return err_set(e, ERR_USAGE,
                       "%s: settings: twin, also and seed.count are not for sweeps; "
                       "give mask.rate several values",
                       file);
    }
    if (s->source == SOURCE_ACTIVATIONS) {
        return err_set(
            e, ERR_USAGE,
            "%s: settings: sweeps measure with a model; on activations made "
            "elsewhere train has --seeds, --also and --set twin=unmasked, and "
            "verdict compares them",
            file);
    }
    if (settings_given(s, setting_key.mask_schedule) && s->mask_schedule != 0) {
        return err_set(e, ERR_USAGE,
                       "%s: settings: mask.schedule belongs into a part, beside its "
                       "unmasked condition",
                       file);
    }
    return OK;
}

enum err sweep_plan_new(const cJSON *tree, const char *file,
                        const struct settings *base, struct sweep_plan **out,
                        struct errinfo *e)
{
    struct sweep_plan *p = NULL;
    struct builder b = {.file = file};
    TRY(check_top(tree, file, e));
    TRY(mem_new(&p, 1, sizeof *p, "sweep", e));
    p->base = *base;
    b.p = p;
    const cJSON *set = cJSON_GetObjectItemCaseSensitive(tree, "settings");
    enum err rc = set ? settings_from_json(&p->base, set, file, e) : OK;
    rc = rc == OK ? check_base(&p->base, file, e) : rc;
    rc = rc == OK ? read_parts(&b, tree, e) : rc;
    if (rc != OK) {
        sweep_plan_free(p);
        return rc;
    }
    find_baselines(p);
    *out = p;
    return OK;
}

void sweep_plan_free(struct sweep_plan *p)
{
    if (!p) {
        return;
    }
    for (size_t i = 0; i < p->n_cells; i++) {
        cell_deinit(&p->cell[i]);
    }
    for (size_t i = 0; i < p->n_conditions; i++) {
        mem_free(p->condition[i].cell);
        mem_free(p->condition[i].label);
    }
    for (size_t i = 0; i < p->n_parts; i++) {
        mem_free(p->part[i].name);
        mem_free(p->part[i].about);
        mem_free(p->part[i].condition);
    }
    mem_free(p->cell);
    mem_free(p->condition);
    mem_free(p->part);
    mem_free(p);
}
