/* A grid of sweeps that two tests run: one dose, one condition matched by L0, one other
 * architecture. */
#ifndef SAETOP_TESTS_UNIT_SWEEP_GRID_H
#define SAETOP_TESTS_UNIT_SWEEP_GRID_H

#include "base/json.h"
#include "sweep/plan.h"
#include "unit/sample_settings.h"

#include <stdio.h>
#include <string.h>

#define CELLS 6

/* `matched`, `other`: the rates at which the last two cells are masked. threads: 0, as
 * the sample has them. Caller frees. */
static inline struct sweep_plan *grid_plan(double matched, double other, int threads)
{
    char text[400];
    struct errinfo e;
    cJSON *tree = NULL;
    struct sweep_plan *p = NULL;
    struct settings base = sample_settings(24);
    snprintf(
        text, sizeof text,
        "{\"seeds\": [3], \"parts\": {"
        "\"dose\": {\"mask.rate\": [0, 0.3], \"k\": [4, 8]},"
        "\"matched\": {\"mask.rate\": %g, \"arch\": \"batchtopk\", \"match_l0\": 5},"
        "\"other\": {\"mask.rate\": %g, \"arch\": \"standard\"}}}",
        matched, other);
    assert_ok(settings_set(&base, "arch", "topk", from_program("test"), &e), &e);
    base.fill_rows = 8;
    base.batch = 256;
    base.width = 96;
    base.concept_rows = 24;
    if (threads > 0) {
        base.threads = threads;
    }
    assert_ok(json_parse(text, strlen(text), "test", &tree, &e), &e);
    assert_ok(sweep_plan_new(tree, "test", &base, &p, &e), &e);
    cJSON_Delete(tree);
    assert_int_equal(p->n_cells, CELLS);
    return p;
}

#endif
