/* The plan of a sweep: cells, arms, baselines, names; which cells share an engine; the
 * files of finished cells. */
#include "base/file.h"
#include "sweep/cellfile.h"
#include "sweep/plan.h"
#include "sweep/run.h"
#include "unit/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum err plan_of(const char *text, struct sweep_plan **p, struct errinfo *e)
{
    struct settings base;
    cJSON *tree = NULL;
    settings_init(&base);
    TRY(settings_set(&base, "arch", "topk", from_program("test"), e));
    TRY(json_parse(text, strlen(text), "plan.json", &tree, e));
    const enum err rc = sweep_plan_new(tree, "plan.json", &base, p, e);
    cJSON_Delete(tree);
    return rc;
}

static struct sweep_plan *plan(const char *text)
{
    struct errinfo e;
    struct sweep_plan *p = NULL;
    assert_ok(plan_of(text, &p, &e), &e);
    return p;
}

static size_t arm_of(const struct sweep_plan *p, const char *label)
{
    for (size_t a = 0; a < p->n_arms; a++) {
        if (strcmp(p->arm[a].label, label) == 0) {
            return a;
        }
    }
    fail_msg("no arm '%s'", label);
    return SWEEP_NONE;
}

static void a_grid_has_every_combination(void **state)
{
    (void)state;
    struct sweep_plan *p = plan("{\"seeds\": [7, 3], \"parts\": {\"dose\": "
                                "{\"mask.rate\": [0, 0.1, 0.3], \"k\": [2, 4]}}}");
    assert_int_equal(p->n_cells, 12);
    assert_int_equal(p->n_arms, 6);
    assert_int_equal(p->n_parts, 1);
    assert_int_equal(p->part[0].n_arms, 6);
    for (size_t a = 0; a < p->n_arms; a++) {
        assert_int_equal(p->arm[a].n_cells, 2);
        assert_int_equal(p->cell[p->arm[a].cell[0]].seed, 3); /* ascending */
        assert_int_equal(p->cell[p->arm[a].cell[1]].seed, 7);
        assert_int_equal(p->cell[p->arm[a].cell[0]].arm, a);
    }
    /* Each masked arm against the unmasked one of its k. */
    assert_int_equal(p->arm[arm_of(p, "topk k=2 p=0.3")].baseline,
                     arm_of(p, "topk k=2 p=0"));
    assert_int_equal(p->arm[arm_of(p, "topk k=4 p=0.1")].baseline,
                     arm_of(p, "topk k=4 p=0"));
    assert_true(p->arm[arm_of(p, "topk k=4 p=0")].baseline == SWEEP_NONE);
    sweep_plan_free(p);
}

/* The default's value said or unsaid is the same cell; so is a masking that does not
 * mask. */
static void the_same_run_is_one_cell(void **state)
{
    (void)state;
    struct sweep_plan *p =
        plan("{\"seeds\": 2, \"parts\": {"
             "\"dose\": {\"mask.rate\": [0, 0.3], \"k\": [4, 8]},"
             "\"controls\": {\"mask.rate\": [0, 0.3], \"mask.positions\": [\"keep\", "
             "\"drop\", \"mix\"]},"
             "\"equal\": {\"about\": \"steps\", \"mask.rate\": [0, 0.3], "
             "\"equal_unmasked\": \"yes\", \"k\": 4}}}");
    /* dose 4 arms, controls adds drop and mix, equal adds one */
    assert_int_equal(p->n_arms, 7);
    assert_int_equal(p->n_cells, 14);
    assert_int_equal(p->part[1].n_arms, 4);
    assert_int_equal(p->part[2].n_arms, 2);
    assert_string_equal(p->part[2].about, "steps");
    const size_t none = arm_of(p, "topk k=4 p=0");
    static const char *const masked[] = {"topk k=4 p=0.3", "topk k=4 p=0.3 drop",
                                         "topk k=4 p=0.3 mix", "topk k=4 p=0.3 equal"};
    for (size_t i = 0; i < sizeof masked / sizeof *masked; i++) {
        assert_int_equal(p->arm[arm_of(p, masked[i])].baseline, none);
    }
    /* The same number of unmasked vectors takes 1500 / 0.7 steps. */
    struct settings s;
    struct errinfo e;
    const size_t equal = p->arm[arm_of(p, masked[3])].cell[0];
    assert_ok(sweep_cell_settings(p, &p->cell[equal], &s, &e), &e);
    assert_int_equal(s.steps, 2143);
    assert_true(s.mask_rate == 0.3);
    assert_int_equal(s.seed, 1);
    sweep_plan_free(p);
}

/* A cell's name is its own: other settings of the base give another, what no result
 * depends on does not. */
static void names_follow_what_shapes_the_result(void **state)
{
    (void)state;
#define GRID "\"seeds\": 1, \"parts\": {\"a\": {\"mask.rate\": [0, 0.3]}}}"
    struct sweep_plan *p[4] = {plan("{" GRID),
                               plan("{\"settings\": {\"steps\": 9}," GRID),
                               plan("{\"settings\": {\"log.every\": 9}," GRID),
                               plan("{\"seeds\": 1, \"parts\": {\"b\": {\"mask.rate\": "
                                    "[0.3, 0], \"k\": 4}}}")};
#undef GRID
    assert_string_not_equal(p[0]->cell[0].name, p[1]->cell[0].name);
    assert_string_equal(p[0]->cell[0].name, p[2]->cell[0].name);
    assert_string_equal(p[0]->cell[0].name, p[3]->cell[1].name);
    assert_string_equal(p[0]->cell[1].name, p[3]->cell[0].name);
    for (size_t i = 0; i < 4; i++) {
        assert_true(
            strspn(p[i]->cell[0].name, "abcdefghijklmnopqrstuvwxyz0123456789.-") ==
            strlen(p[i]->cell[0].name));
        sweep_plan_free(p[i]);
    }
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"[]", "plan.json: expected an object"},
        {"{\"seeds\": 1}", "parts: expected an object with a part"},
        {"{\"sedes\": 1}", "found 'sedes', expected about, settings, seeds or parts"},
        {"{\"seeds\": 0, \"parts\": {\"a\": {\"k\": 4}}}", "seeds: expected a list"},
        {"{\"parts\": {\"a\": {\"k\": 4}}}", "seeds: expected a list"},
        {"{\"seeds\": [1.5], \"parts\": {\"a\": {\"k\": 4}}}", "seeds: entry 1"},
        {"{\"seeds\": 1, \"parts\": {\"a\": {\"k\": []}}}", "found 0 values"},
        {"{\"seeds\": 1, \"parts\": {\"a\": {\"kk\": 4}}}", "the nearest is 'k'"},
        {"{\"seeds\": 1, \"parts\": {\"a\": {\"k\": [4, -1]}}}",
         "parts.a: k: found '-1'"},
        {"{\"seeds\": 1, \"parts\": {\"a\": {\"k\": {}}}}",
         "expected a number, a text"},
        {"{\"seeds\": 1, \"parts\": {\"a\": {\"seed\": [1, 2]}}}", "list of its own"},
        {"{\"seeds\": 1, \"parts\": {\"a\": {\"also\": \"k=3\"}}}", "can't be an axis"},
        {"{\"seeds\": 1, \"parts\": {\"a\": {\"match_l0\": \"x\"}}}",
         "match_l0: found 'x'"},
        {"{\"seeds\": 1, \"parts\": {\"a\": {\"equal_unmasked\": 1}}}", "yes or no"},
        {"{\"seeds\": 1000, \"parts\": {\"a\": {\"k\": [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]"
         "}}}",
         "parts.a: found 11000 runs, expected 10000 at most"},
        {"{\"seeds\": 1, \"parts\": {\"a\": 3}}", "parts.a: expected an object"},
        {"{\"seeds\": 1, \"parts\": {\"a\": {\"arch\": \"topq\"}}}", "topq"},
        {"{\"seeds\": 1, \"parts\": {\"a\": {\"arch\": [\"topk\", \"standard\"], "
         "\"k\": [4, 8]}}}",
         "parts.a: k: does not apply to arch standard"},
        {"{\"seeds\": 1, \"parts\": {\"a\": {\"k\": [4, 8], \"k\": 2}}}",
         "k is given twice"},
        {"{\"seeds\": 1, \"parts\": {\"a\": {\"equal_unmasked\": \"yes\", "
         "\"mask.schedule\": \"linear\"}}}",
         "expected a constant rate"},
        {"{\"settings\": {\"twin\": \"unmasked\"}, \"seeds\": 1, \"parts\": {\"a\": "
         "{\"k\": 4}}}",
         "not for sweeps"},
        {"{\"settings\": {\"mask.schedule\": \"linear\"}, \"seeds\": 1, \"parts\": "
         "{\"a\": {\"k\": 4}}}",
         "belongs into a part"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errinfo e = {0};
        struct sweep_plan *p = NULL;
        const enum err rc = plan_of(cases[i].text, &p, &e);
        if (rc == OK || !strstr(e.msg, cases[i].says)) {
            fail_msg("%s: got '%s', expected '%s'", cases[i].text, e.msg,
                     cases[i].says);
        }
    }
}

/* Cells of one engine have text, seed, length and masks in common; 8 at most. */
static void batches_share_text_and_masks(void **state)
{
    (void)state;
    struct errinfo e;
    size_t batch[64], n = 0;
    bool todo[64] = {false};
    struct sweep_plan *p =
        plan("{\"seeds\": 2, \"parts\": {\"dose\": {\"mask.rate\": [0, 0.3], "
             "\"k\": [1, 2, 3, 4, 5, 6, 7, 8, 9]},"
             "\"long\": {\"mask.rate\": 0.3, \"steps\": 4500},"
             "\"groups\": {\"mask.rate\": 0.3, \"arch\": \"matryoshka\", "
             "\"matryoshka.groups\": [\"0.5,0.5\", \"0.25,0.75\"]}}}");
    assert_true(p->n_cells <= 64);
    assert_ok(sweep_batches(p, NULL, batch, &n, &e), &e);
    /* (rate, seed): 9 arms in 2 engines each, the second of which take in the groups;
     * long: 2 */
    assert_int_equal(n, 4 * 2 + 2);
    for (size_t i = 0; i < p->n_cells; i++) {
        size_t mates = 0;
        for (size_t j = 0; j < p->n_cells; j++) {
            if (batch[i] == batch[j]) {
                mates++;
                assert_int_equal(p->cell[i].seed, p->cell[j].seed);
                assert_true(p->cell[i].mask_rate == p->cell[j].mask_rate);
            }
        }
        assert_true(mates >= 1 && mates <= 8);
    }
    todo[3] = true;
    assert_ok(sweep_batches(p, todo, batch, &n, &e), &e);
    assert_int_equal(n, 1);
    assert_true(batch[3] == 0 && batch[2] == SIZE_MAX);
    sweep_plan_free(p);
}

static void a_cell_comes_back_as_it_was(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[256], path[512], command[600];
    struct sweep_plan *p =
        plan("{\"seeds\": 2, \"parts\": {\"a\": {\"mask.rate\": [0, 0.3]}}}");
    struct sweep_result r = {.on_target = true,
                             .steps = 10,
                             .vectors = 20,
                             .tokens_read = 30,
                             .seconds = 0.25,
                             .sparsity = (double)NAN};
    struct sweep_result got[4] = {{0}};
    struct sweep_made m = {
        .model = 1, .corpus = UINT64_MAX, .ood = 3, .concepts = 0, .kernels = "x"};
    struct sweep_made made[4] = {{0}};
    for (size_t i = 0; i < SWEEP_MEASURE_COUNT; i++) {
        r.v[i] = 1.0 / (double)(i + 3);
    }
    r.v[5] = (double)NAN;
    tmp_make(dir, sizeof dir);
    tmp_path(path, dir, "cells");
    assert_ok(file_mkdirs(path, &e), &e);
    assert_ok(sweep_cell_save(dir, &p->cell[1], &r, &m, &e), &e);
    assert_ok(sweep_cells_load(dir, p, got, made, &e), &e);
    assert_false(got[0].done || got[2].done || got[3].done);
    assert_true(got[1].done && got[1].on_target && isnan(got[1].v[5]));
    assert_true(isnan(got[1].sparsity) && got[1].seconds == 0.25);
    for (size_t i = 0; i < SWEEP_MEASURE_COUNT; i++) {
        assert_true(i == 5 || got[1].v[i] == r.v[i]);
    }
    assert_true(made[1].corpus == UINT64_MAX && made[1].model == 1);

    assert_int_equal(sweep_cells_others(dir, p), 0);
    struct sweep_plan *other =
        plan("{\"seeds\": [9], \"parts\": {\"a\": {\"mask.rate\": 0}}}");
    assert_int_equal(sweep_cells_others(dir, other), 1);
    sweep_plan_free(other);

    /* Runs of other files under the same names are not one sweep. */
    m.corpus = 7;
    assert_ok(sweep_cell_save(dir, &p->cell[2], &r, &m, &e), &e);
    check_error(sweep_cells_load(dir, p, got, made, &e), ERR_USAGE, &e,
                "the corpus has changed between these two runs");
    /* A damaged file is named. */
    snprintf(path, sizeof path, "%s/cells/%s.json", dir, p->cell[2].name);
    assert_ok(file_write_text(path, "{\"format\": 1, \"cell\": \"other\"}", &e), &e);
    memset(got, 0, sizeof got);
    check_error(sweep_cells_load(dir, p, got, made, &e), ERR_FORMAT, &e,
                "found the cell 'other'");
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
    sweep_plan_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grid_has_every_combination),
        cmocka_unit_test(the_same_run_is_one_cell),
        cmocka_unit_test(names_follow_what_shapes_the_result),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(batches_share_text_and_masks),
        cmocka_unit_test(a_cell_comes_back_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
