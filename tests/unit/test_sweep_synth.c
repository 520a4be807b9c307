/* A sweep on known features: its measures are those of a run of the same settings, and
 * take the place of the measures on text in the files. */
#include "base/file.h"
#include "base/json.h"
#include "num/blas.h"
#include "run/engine.h"
#include "sweep/cellfile.h"
#include "sweep/run.h"
#include "sweep/sweep_table.h"
#include "train/settings_synth.h"
#include "unit/check.h"

#include <math.h>

#define CELLS 6

static struct settings base(void)
{
    struct errinfo e;
    struct settings s;
    settings_init(&s);
    assert_ok(settings_set(&s, "source", "synthetic", from_program("test"), &e), &e);
    assert_ok(settings_set(&s, "steps", "30", from_program("test"), &e), &e);
    assert_ok(settings_set(&s, "synthetic.eval_rows", "500", from_program("test"), &e),
              &e);
    assert_ok(settings_synth_defaults(&s, &e), &e);
    return s;
}

static enum err make(const char *text, struct sweep_plan **out, struct errinfo *e)
{
    cJSON *tree = NULL;
    const struct settings s = base();
    assert_ok(json_parse(text, strlen(text), "test", &tree, e), e);
    const enum err rc = sweep_plan_new(tree, "test", &s, out, e);
    cJSON_Delete(tree);
    return rc;
}

/* Trained by itself, as `saetop train` would. */
static struct sweep_result by_itself(const struct sweep_plan *p, size_t cell)
{
    struct errinfo e;
    struct settings s;
    struct engine *g = NULL;
    struct sweep_result r = {0};
    assert_ok(sweep_cell_settings(p, &p->cell[cell], &s, &e), &e);
    const struct engine_setup how = {.set = &s};
    assert_ok(engine_open(&how, &g, &e), &e);
    while (!engine_done(g)) {
        assert_ok(engine_step(g, &e), &e);
    }
    sweep_result_from(&r, &g->arm[0].report);
    engine_free(g);
    return r;
}

static void check_has(const char *text, const char *part, bool has)
{
    if ((strstr(text, part) != NULL) != has) {
        fail_msg("expected %s'%s' in:\n%s", has ? "" : "no ", part, text);
    }
}

static void check_files(const char *dir, const struct sweep_plan *p,
                        const struct sweep_result *r)
{
    struct errinfo e;
    char path[1024], name[256], *text = NULL;
    struct str out;
    snprintf(name, sizeof name, "cells/%s.json", p->cell[0].name);
    assert_ok(path_join(path, sizeof path, dir, name, &e), &e);
    assert_ok(file_read_text(path, 1 << 20, &text, &e), &e);
    check_has(text, "\"truth_mcc\"", true);
    check_has(text, "explained_variance_ood", false);
    free(text);
    str_init(&out, 1 << 20);
    assert_ok(sweep_csv(p, r, &out, &e), &e);
    check_has(out.p, "mask_rate,k,arch,seed,truth_l0,truth_explained_variance,", true);
    check_has(out.p, "absorption_semantic", false);
    str_clear(&out);
    assert_ok(sweep_json(p, r, &out, &e), &e);
    check_has(out.p, "\"truth_uniqueness\"", true);
    check_has(out.p, "probing", false);
    str_clear(&out);
    assert_ok(sweep_markdown(p, r, &out, &e), &e);
    check_has(out.p, "rows made of known features", true);
    check_has(out.p, "**Not established:**", true);
    check_has(out.p, "paper reports", false);
    check_has(out.p, "not measured in", false);
    str_free(&out);
}

static void measures_the_truth(void **state)
{
    (void)state;
    static const char text[] =
        "{\"seeds\": [3, 4], \"parts\": {"
        "\"dose\": {\"mask.rate\": [0, 0.3]},"
        "\"matched\": {\"arch\": \"batchtopk\", \"mask.rate\": 0.3, \"match_l0\": 4}}}";
    struct errinfo e;
    char dir[256], command[300];
    struct sweep_plan *p = NULL;
    struct sweep_result r[CELLS] = {{0}}, load[CELLS] = {{0}};
    struct sweep_made made[CELLS] = {{0}};
    tmp_make(dir, sizeof dir);
    assert_ok(make(text, &p, &e), &e);
    assert_int_equal(p->n_cells, CELLS);
    const struct sweep_options o = {.dir = dir, .jobs = 2};
    assert_ok(sweep_run(p, &o, r, &e), &e);
    assert_ok(sweep_cells_load(dir, p, load, made, &e), &e);
    for (size_t i = 0; i < CELLS; i++) {
        const struct sweep_result own = by_itself(p, i);
        assert_true(r[i].done && load[i].done);
        assert_memory_equal(r[i].v, load[i].v, sizeof r[i].v);
        assert_true(isnan(r[i].v[SWEEP_EV]));
        for (size_t m = SWEEP_MEASURE_COUNT; m < SWEEP_MEASURES_ALL; m++) {
            assert_true(isfinite(r[i].v[m]));
            assert_true(p->cell[i].target_l0 > 0 || r[i].v[m] == own.v[m]);
        }
        if (p->cell[i].target_l0 > 0) { /* found on the first seed */
            assert_true(fabs(r[i].v[SWEEP_TRUTH_L0] - 4) < 0.6);
        } else {
            assert_true(r[i].v[SWEEP_TRUTH_L0] == 3);
        }
    }
    check_files(dir, p, r);
    sweep_plan_free(p);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

static void one_source_in_a_sweep(void **state)
{
    (void)state;
    struct errinfo e;
    struct sweep_plan *p = NULL;
    check_error(
        make("{\"seeds\": 1, \"parts\": {\"a\": {\"source\": [\"model\"]}}}", &p, &e),
        ERR_USAGE, &e, "source can't be an axis");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_the_truth),
        cmocka_unit_test(one_source_in_a_sweep),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
