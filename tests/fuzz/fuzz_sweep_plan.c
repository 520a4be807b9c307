/* Plans of sweeps: refused in a line, or cells with names of their own that a report
 * can be made of. */
#include "base/mem.h"
#include "sweep/run.h"
#include "sweep/sweep_table.h"

#include <stdlib.h>
#include <string.h>

#define CELLS_MAX 200 /* of the plans that are gone into: time goes with the square */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check(const struct sweep_plan *p)
{
    struct errinfo e = {0};
    struct str text;
    struct sweep_result *r = NULL;
    for (size_t i = 0; i < p->n_cells; i++) {
        require(p->cell[i].arm < p->n_arms && !strchr(p->cell[i].name, '/'));
        require(p->cell[i].name[0] != '.');
        for (size_t j = 0; j < i; j++) {
            require(strcmp(p->cell[i].name, p->cell[j].name) != 0);
        }
    }
    require(mem_new(&r, p->n_cells, sizeof *r, "fuzz", &e) == OK);
    for (size_t i = 0; i < p->n_cells; i++) {
        r[i].done = i % 7 != 0;
        r[i].v[i % SWEEP_MEASURE_COUNT] = (double)i;
    }
    str_init(&text, 64u << 20);
    require(sweep_markdown(p, r, &text, &e) == OK);
    str_clear(&text);
    require(sweep_csv(p, r, &text, &e) == OK);
    str_clear(&text);
    require(sweep_json(p, r, &text, &e) == OK);
    str_free(&text);
    mem_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e = {0};
    struct settings s;
    struct sweep_plan *p = NULL;
    cJSON *tree = NULL;
    settings_init(&s);
    if (json_parse((const char *)data, size, "fuzz", &tree, &e) != OK) {
        return 0;
    }
    const enum err rc = sweep_plan_new(tree, "fuzz", &s, &p, &e);
    cJSON_Delete(tree);
    if (rc != OK) {
        require(e.msg[0] && !strchr(e.msg, '\n'));
        return 0;
    }
    if (p->n_cells <= CELLS_MAX) {
        check(p);
    }
    sweep_plan_free(p);
    return 0;
}
