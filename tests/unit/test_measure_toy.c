/* A row more in the table of measures stands wherever the table is read. [toy_measure]
 */
#include "base/csvfile.h"
#include "base/file.h"
#include "session/view.h"
#include "sweep/cellfile.h"
#include "sweep/sweep_table.h"
#include "train/history.h"
#include "ui/app.h"
#include "ui/pane.h"
#include "ui/screens/table.h"
#include "unit/check.h"

#include <math.h>

static struct metric_row toy_row(double step)
{
    struct metric_row row = metric_row_empty();
    row.v[METRIC_STEP] = step;
    row.v[METRIC_TOY] = 0.5;
    row.v[METRIC_TOY_LO] = 0.25;
    row.v[METRIC_TOY_HI] = 0.75;
    return row;
}

static void check_has(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("expected '%s' in:\n%s", part, text);
    }
}

/* metrics.csv, there and back, and the name that a user types. */
static void test_history(void **state)
{
    (void)state;
    char dir[256], path[512];
    struct errinfo e;
    struct history h = {0}, back = {0};
    const struct metric_row row = toy_row(5);
    char *text = NULL;
    size_t len = 0;
    tmp_make(dir, sizeof dir);
    (void)tmp_path(path, dir, "metrics.csv");
    assert_ok(history_add_row(&h, &row, &e), &e);
    assert_ok(history_save(&h, dir, &e), &e);
    assert_ok(file_read(path, 1 << 20, &text, &len, &e), &e);
    check_has(text, ",toy,toy_lo,toy_hi\n");
    check_has(text, ",0.5,0.25,0.75\n");
    assert_ok(history_load(dir, &back, &e), &e);
    assert_true(back.row[0].v[METRIC_TOY_HI] == 0.75);
    assert_int_equal(metric_find("toy label"), METRIC_TOY);
    free(text);
    history_free(&h);
    history_free(&back);
    tmp_drop(dir);
}

/* The panes of Train, with the interval; what help lists; its CSV; a line of `train`.
 */
static void test_train(void **state)
{
    (void)state;
    struct errinfo e;
    static struct session_view v;
    static struct app a;
    struct str out;
    size_t n = 0;
    session_view_init(&v);
    v.n_arms = 1;
    const struct metric_row row = toy_row(5);
    assert_ok(session_view_add_row(&v, 0, &row, &e), &e);
    const struct series *s = &v.arm[0].series[METRIC_TOY];
    assert_true(s->n == 1 && s->lo && s->lo[0] == 0.25 && s->hi[0] == 0.75);
    while (pane_metric(n) >= 0) {
        n++;
    }
    assert_int_equal(pane_metric(n - 1), METRIC_TOY);
    assert_false(pane_is_noisy(METRIC_TOY));
    assert_string_equal(pane_taken_on(&v, METRIC_TOY), "on held-out text, unmasked");
    assert_int_equal(measure_box(9), METRIC_TOY);
    assert_int_equal(measure_line(10), METRIC_TOY);
    str_init(&out, 1 << 20);
    assert_ok(screen_train.export_text(&a, &v, &out, &e), &e);
    check_has(out.p, "A,5,,toy,0.5,0.25,0.75");
    str_free(&out);
    session_view_deinit(&v);
}

/* A sweep's files, its report and its lines. */
static void test_sweep(void **state)
{
    (void)state;
    static const char json[] =
        "{\"seeds\": 3, \"parts\": {\"a\": {\"mask.rate\": [0, 0.3]}}}";
    struct errinfo e;
    struct settings base;
    struct sweep_plan *p = NULL;
    cJSON *tree = NULL;
    struct report r;
    struct str out;
    settings_init(&base);
    assert_ok(json_parse(json, strlen(json), "plan", &tree, &e), &e);
    assert_ok(sweep_plan_new(tree, "plan", &base, &p, &e), &e);
    struct sweep_result *results = calloc(p->n_cells, sizeof *results);
    for (size_t i = 0; i < p->n_cells; i++) {
        const struct sweep_cell *c = &p->cell[i];
        report_init(&r, 1);
        assert_ok(report_value(&r, 0.5 + c->mask_rate + 1e-4 * (double)c->seed, &e,
                               "toys.toy"),
                  &e);
        results[i].done = true;
        sweep_result_from(&results[i], &r);
        report_deinit(&r);
        results[i].v[SWEEP_TOY] += 1e-6 * (double)(i * i); /* a spread */
    }
    str_init(&out, 1 << 22);
    assert_ok(sweep_csv(p, results, &out, &e), &e);
    check_has(out.p, ",dead_fraction,toy_result,");
    str_clear(&out);
    assert_ok(sweep_json(p, results, &out, &e), &e);
    check_has(out.p, "\"toy_result\"");
    check_has(out.p, "\"toy, among others\"");
    str_clear(&out);
    assert_ok(sweep_markdown(p, results, &out, &e), &e);
    check_has(out.p, "- **As the paper reports:** toy, among others +0.30 [");
    check_has(out.p,
              "- **toy, among others** (`toy_result`, toys): what the toy is; the");
    str_clear(&out);
    assert_ok(sweep_summary(p, results, &out, &e), &e);
    check_has(out.p, "toy, among others ");
    str_free(&out);
    free(results);
    sweep_plan_free(p);
    cJSON_Delete(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_train),
        cmocka_unit_test(test_sweep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
