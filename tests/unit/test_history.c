/* metrics.csv and events.csv: what is written is read back, and bad files are named. */
#include "base/mem.h"
#include "train/history.h"
#include "unit/check.h"

#include <math.h>

static struct history sample(void)
{
    struct history h = {0};
    struct errinfo e;
    for (int i = 0; i < 5; i++) {
        struct metric_row row = metric_row_empty();
        row.v[METRIC_STEP] = 10 * (i + 1);
        row.v[METRIC_LOSS] = 1.0 / (i + 3);
        if (i % 2) {
            row.v[METRIC_EV] = 0.9 + 0.01 * i;
        }
        assert_ok(history_add_row(&h, &row, &e), &e);
    }
    struct run_event ev = {.step = 30, .seconds = 1.5};
    snprintf(ev.kind, sizeof ev.kind, "note");
    snprintf(ev.detail, sizeof ev.detail, "a \"quoted\", comma\nand a line");
    assert_ok(history_add_event(&h, &ev, &e), &e);
    return h;
}

static void a_round_trip_keeps_every_value(void **state)
{
    (void)state;
    char dir[256];
    struct errinfo e;
    struct history a = sample(), b = {0};
    tmp_make(dir, sizeof dir);
    assert_ok(history_save(&a, dir, &e), &e);
    assert_ok(history_load(dir, &b, &e), &e);
    assert_int_equal(b.rows, a.rows);
    for (size_t r = 0; r < a.rows; r++) {
        for (int m = 0; m < METRIC_COUNT; m++) {
            const double x = a.row[r].v[m], y = b.row[r].v[m];
            assert_true((isnan(x) && isnan(y)) || fabs(x - y) <= 1e-8 * fabs(x));
        }
    }
    assert_int_equal(b.events, 1);
    assert_int_equal(b.event[0].step, 30);
    assert_string_equal(b.event[0].detail, a.event[0].detail);
    history_free(&a);
    history_free(&b);
    tmp_drop(dir);
}

/* Other tools read the columns by position. */
static void the_columns_begin_as_promised(void **state)
{
    (void)state;
    static const char promised[] =
        "step,tokens,seconds,mask_rate,loss,mse,aux_loss,sparsity_loss,l0,"
        "explained_variance,ce_recovered,absorption,absorption_fraction,dead_fraction,"
        "lr,tokens_per_second,masked_fraction,tokens_read,explained_variance_ood,"
        "ce_recovered_ood,main_latent_recall,eligible_concepts,true_positives,";
    char dir[256], path[512];
    struct errinfo e;
    struct history h = sample();
    char *text = NULL;
    size_t len = 0;
    tmp_make(dir, sizeof dir);
    assert_ok(history_save(&h, dir, &e), &e);
    assert_ok(file_read(tmp_path(path, dir, "metrics.csv"), 1u << 20, &text, &len, &e),
              &e);
    assert_memory_equal(text, promised, sizeof promised - 1);
    mem_free(text);
    history_free(&h);
    tmp_drop(dir);
}

static void bad_files_are_named(void **state)
{
    (void)state;
    char dir[256], path[512];
    struct errinfo e = {0};
    struct history h = {0};
    tmp_make(dir, sizeof dir);
    check_error(history_load(dir, &h, &e), ERR_MISSING, &e, "metrics.csv");
    assert_ok(
        file_write_text(tmp_path(path, dir, "metrics.csv"), "step,loss\n1,x\n", &e),
        &e);
    check_error(history_load(dir, &h, &e), ERR_FORMAT, &e, "row 2, loss: found 'x'");
    assert_ok(file_write_text(path, "loss\n1\n", &e), &e);
    check_error(history_load(dir, &h, &e), ERR_FORMAT, &e, "step");
    assert_null(h.row);
    tmp_drop(dir);
}

static void a_copy_is_its_own(void **state)
{
    (void)state;
    struct errinfo e;
    struct history a = sample(), b = {0};
    assert_ok(history_copy(&a, &b, &e), &e);
    a.row[0].v[METRIC_LOSS] = 7;
    assert_true(b.row[0].v[METRIC_LOSS] < 1);
    assert_int_equal(b.events, a.events);
    history_free(&a);
    history_free(&b);
}

/* A row without a share of cross-entropy says that there is nothing to recover only
 * where a text was there to be read: true_positives are counted on its words. */
static void doubts_need_a_text(void **state)
{
    (void)state;
    struct metric_row row = metric_row_empty();
    assert_null(metric_doubt(row.v, METRIC_CE_REC));
    row.v[METRIC_EV] = .5;
    assert_null(metric_doubt(row.v, METRIC_CE_REC));
    row.v[METRIC_TRUE_POS] = 0;
    assert_non_null(metric_doubt(row.v, METRIC_CE_REC));
    assert_null(metric_doubt(row.v, METRIC_CE_REC_OOD)); /* no such text */
    assert_null(metric_doubt(row.v, METRIC_EV));
    row.v[METRIC_CE_REC] = .9;
    assert_null(metric_doubt(row.v, METRIC_CE_REC));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubts_need_a_text),
        cmocka_unit_test(a_round_trip_keeps_every_value),
        cmocka_unit_test(the_columns_begin_as_promised),
        cmocka_unit_test(bad_files_are_named),
        cmocka_unit_test(a_copy_is_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
