/* Two sides compared: differences over seeds and over the text, the sentences and
 * warnings on them, curves, and figures of each source. */
#include "base/mem.h"
#include "run/compared.h"
#include "unit/check.h"
#include "unit/world.h"

#include <math.h>
#include <string.h>

enum { SEEDS = 5 };

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("expected '%s' in:\n%s", part, text);
    }
}
static void lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL) {
        fail_msg("did not expect '%s' in:\n%s", part, text);
    }
}

static void put(struct report *r, enum metric m, double v)
{
    struct errinfo e;
    assert_ok(report_value(r, v, &e, "%s", measure_at(m)->path), &e);
}

static void put_units(struct report *r, enum metric m, double v, double spread)
{
    struct errinfo e;
    double x[40];
    for (size_t i = 0; i < 40; i++) {
        x[i] = v + spread * ((double)(i % 7) - 3.0);
    }
    assert_ok(report_ratio(r, 40, NULL, x, NULL, "rows", &e, "%s", measure_at(m)->path),
              &e);
}

static size_t row_of(enum metric m)
{
    size_t i = 0;
    while (verdict_measure_def(i)->metric != m) {
        i++;
    }
    return i;
}

/* ---- over seeds ---- */

static void test_over_seeds(void **state)
{
    (void)state;
    static const double ev[2][SEEDS] = {{0.70, 0.71, 0.72, 0.73, 0.74},
                                        {0.73, 0.742, 0.751, 0.759, 0.772}};
    static const double f1[2][SEEDS] = {{0.5, 0.6, 0.7, 0.4, 0.5},
                                        {0.6, 0.5, 0.6, 0.5, 0.45}};
    struct report r[2][SEEDS];
    const struct report *of[2][SEEDS];
    struct compared c;
    struct errinfo e;
    struct str s;
    str_init(&s, (size_t)1 << 14);
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < SEEDS; i++) {
            report_init(&r[side][i], 0);
            put(&r[side][i], METRIC_EV, ev[side][i]);
            put(&r[side][i], METRIC_F1_BEST, f1[side][i]);
            put(&r[side][i], METRIC_CE_REC, 0.9 + 0.0001 * (double)(i * (side + 1)));
            of[side][i] = &r[side][i];
        }
    }
    assert_ok(compare_alone(of[0], of[1], SEEDS, 0, &c, &e), &e);
    assert_int_equal(c.pairs, SEEDS);
    struct paired want;
    paired_of(SEEDS, ev[1], ev[0], 0, VERDICT_LEVEL,
              &want); /* the first less the second */
    const size_t m = row_of(METRIC_EV);
    assert_true(fabs(c.row[m].d.by.mean - want.by.mean) < 1e-12);
    assert_true(fabs(c.by[m].low - want.by.low) < 1e-12);
    assert_true(fabs(c.row[m].d.after - 0.72) < 1e-12);
    assert_int_equal(c.row[m].verdict, VERDICT_LOWER);
    assert_int_equal(c.row[row_of(METRIC_F1_BEST)].verdict, VERDICT_OPEN);
    assert_int_equal(c.row[row_of(METRIC_CE_REC)].verdict, VERDICT_SMALL);
    assert_int_equal(c.row[row_of(METRIC_RECALL)].verdict, VERDICT_NOT_MEASURED);
    compare_say(&c, "A", "C", NULL, &s);
    has(s.p,
        "Established over 5 seeds: against C, A has explained variance lower by 0.03");
    has(s.p, "Too small to matter: CE recovered.\n");
    has(s.p, "Not established (in brackets the smallest difference that 5 seeds could "
             "establish): F1 of the best latent (0.");
    lacks(s.p, "recall");
    lacks(s.p, "one seed");
    str_clear(&s);
    struct compared wide; /* three planned, two added after a look */
    assert_ok(compare_alone(of[0], of[1], SEEDS, 3, &wide, &e), &e);
    assert_int_equal(wide.first, 3);
    assert_true(wide.by[m].low < c.by[m].low && wide.by[m].high > c.by[m].high);
    assert_true(wide.row[m].p_holm > c.row[m].p_holm);
    compare_say(&wide, "A", "C", NULL, &s);
    has(s.p, " over 5 seeds, 3 of them planned: ");
    str_clear(&s);
    compare_so_far(&c);
    compare_say(&c, "A", "C", NULL, &s);
    assert_int_equal(c.row[m].verdict, VERDICT_LOWER);
    assert_int_equal(verdict_mark(&c.row[m]), ' ');
    assert_int_equal(c.row[row_of(METRIC_CE_REC)].verdict, VERDICT_OPEN);
    has(s.p, "Before the end of the plan: nothing is established yet.\n");
    has(s.p, "So far over 5 seeds: against C, A has explained variance lower by 0.03");
    lacks(s.p, "Established");
    lacks(s.p, "mall");
    lacks(s.p, "The same");
    has(s.p, "Unclear: CE recovered; F1 of the best latent (0.");
    for (size_t i = 0; i < 2 * SEEDS; i++) {
        report_deinit(&r[i % 2][i / 2]);
    }
    str_free(&s);
}

/* What is not told from a random control is within random, whatever is established
 * against the other side; names with commas are set apart. */
static void test_within_random(void **state)
{
    (void)state;
    struct report r[3]
                   [SEEDS]; /* a condition, the one it is compared with, its control */
    const struct report *of[3][SEEDS];
    struct compared c;
    struct errinfo e;
    struct str s;
    str_init(&s, (size_t)1 << 14);
    for (size_t side = 0; side < 3; side++) {
        for (size_t i = 0; i < SEEDS; i++) {
            const double apart = 0.002 * (double)((i * (side + 2)) % 5);
            report_init(&r[side][i], 0);
            put(&r[side][i], METRIC_EV, 0.9 - 0.1 * (double)side + apart);
            put(&r[side][i], METRIC_RECALL, (side == 1 ? 0.5 : 0.7) + 5.0 * apart);
            put(&r[side][i], METRIC_ABS_SUPER, (side == 1 ? 0.5 : 0.7) + 5.0 * apart);
            put(&r[side][i], METRIC_ABSORPTION, 0.3 + 10.0 * apart);
            of[side][i] = &r[side][i];
        }
    }
    assert_ok(compare_alone(of[0], of[1], SEEDS, 0, &c, &e), &e);
    assert_false(c.within_random[row_of(METRIC_RECALL)]); /* nobody asked yet */
    assert_ok(compare_within(of[0], of[2], SEEDS, NULL, 0, c.within_random, &e), &e);
    assert_false(c.within_random[row_of(METRIC_EV)]);
    assert_true(c.within_random[row_of(METRIC_RECALL)]);
    assert_int_equal(c.row[row_of(METRIC_RECALL)].verdict, VERDICT_HIGHER);
    compare_say(&c, "A", "B", "C (random)", &s);
    has(s.p, "main-latent recall higher by 0.2");
    has(s.p, "Within random, where A is not established to differ from C (random): "
             "absorption, semantic; main-latent recall.\n");
    assert_int_equal(c.row[row_of(METRIC_ABS_SUPER)].verdict, VERDICT_HIGHER);
    assert_true(c.within_random[row_of(METRIC_ABS_SUPER)]);
    lacks(s.p, "other measures");
    str_clear(&s);
    compare_say(&c, "A", "B", NULL, &s);
    lacks(s.p, "random: ");
    str_clear(&s);
    compare_so_far(&c);
    compare_say(&c, "A", "B", "C (random)", &s);
    has(s.p, "Within random, where A");
    for (size_t i = 0; i < 3 * SEEDS; i++) {
        report_deinit(&r[i % 3][i / 3]);
    }
    str_free(&s);
}

/* ---- one seed ---- */

/* No direction is said without an interval that leaves 0 out. */
static void test_one_seed(void **state)
{
    (void)state;
    struct report r[2];
    struct compared c;
    struct errinfo e;
    struct str s;
    str_init(&s, (size_t)1 << 14);
    for (size_t side = 0; side < 2; side++) {
        report_init(&r[side], 0);
        put_units(&r[side], METRIC_EV, side ? 0.75 : 0.70, 0.001 * (double)(side + 1));
        put_units(&r[side], METRIC_RECALL, side ? 0.801 : 0.80, side ? 0.05 : -0.05);
        put(&r[side], METRIC_CE_REC, side ? 0.95 : 0.90);
        put_units(&r[side], METRIC_PROBING_K5, 0.9, 0.0);
    }
    const struct report *a = &r[0], *b = &r[1];
    assert_ok(compare_alone(&a, &b, 1, 0, &c, &e), &e);
    assert_int_equal(c.row[row_of(METRIC_EV)].verdict, VERDICT_ONE_SEED);
    assert_true(c.by[row_of(METRIC_EV)].high < 0.0);
    assert_true(isnan(c.by[row_of(METRIC_CE_REC)].low));
    compare_say(&c, "A", "B", NULL, &s);
    has(s.p, "Not established: one seed; the interval is of the text.\n");
    has(s.p, "On this text, against B, A has explained variance lower by 0.0499 [0.0");
    has(s.p, "Not told apart on it: main-latent recall.\n");
    has(s.p, "The same: probing k=5.\n");
    has(s.p, "Without an interval, so without a direction: CE recovered.\n");
    lacks(s.p, "CE recovered lower");
    lacks(s.p, "Established over");
    has(s.p, "Several seeds of each (train --seeds 5) would change it.\n");
    str_clear(&s);
    c.other_texts = true;
    compare_say(&c, "A", "B", NULL, &s);
    lacks(s.p, "one seed");
    has(s.p,
        "one pair, trained on different text; the interval is of the text that both "
        "were evaluated on.\n");
    has(s.p, "(train --seeds 5), all trained on one text, would change it.\n");
    report_deinit(&r[0]);
    report_deinit(&r[1]);

    str_clear(&s);
    assert_ok(compare_alone(&a, &b, 0, 0, &c, &e), &e);
    compare_say(&c, "A", "B", NULL, &s);
    has(s.p, "no seed in common");
    str_clear(&s);
    report_init(&r[0], 0);
    report_init(&r[1], 0);
    put(&r[0], METRIC_EV, 0.5);
    assert_ok(compare_alone(&a, &b, 1, 0, &c, &e), &e);
    compare_say(&c, "A", "B", NULL, &s);
    has(s.p, "no measure was taken of both A and B");
    report_deinit(&r[0]);
    report_deinit(&r[1]);
    str_free(&s);
}

/* ---- warnings ---- */

static void test_warnings(void **state)
{
    (void)state;
    struct difference d[4] = {
        {"mask.rate", {"0.3", "0"}, DIFFERENCE_MASKING},
        {"seed", {"1", "2"}, DIFFERENCE_SEED},
        {"k", {"4", "8"}, DIFFERENCE_OTHER},
        {"hook", {"here", "there"}, DIFFERENCE_INPUTS},
    };
    struct compare_facts f = {.letter = {'A', 'B'},
                              .difference = d,
                              .n = 2,
                              .l0 = {4.0, 4.1},
                              .step = {900, 900}};
    struct remarks r = {0};
    compare_warn(&f, &r); /* masks and seeds are what is compared */
    assert_int_equal(r.n, 0);
    f.step[1] = -1; /* of another tool's SAE */
    compare_warn(&f, &r);
    assert_int_equal(r.n, 0);
    f.n = 4;
    f.l0[1] = 8.0;
    f.step[1] = 400;
    compare_warn(&f, &r);
    assert_int_equal(r.n, 4);
    assert_string_equal(
        r.line[0], "hook here against there: figures of other data cannot be compared");
    assert_string_equal(r.line[1], "k 4 against 8: not the masking alone");
    assert_string_equal(r.line[2], "A is of step 900, B of step 400");
    has(r.line[3], "clean L0 is 4 in A, 8 in B");
    r.n = 0;
    f.one_data = true;
    compare_warn(&f, &r);
    assert_string_equal(
        r.line[0],
        "hook here against there: both were evaluated on the data of the open run");
}

/* CE recovered that does not mean what it says, on one side or both. */
static void test_doubtful_values(void **state)
{
    (void)state;
    struct verdict_row row[VERDICT_MEASURE_COUNT];
    const struct compare_facts f = {
        .letter = {'A', 'B'}, .l0 = {4.0, 4.0}, .step = {900, 900}, .row = row};
    const double fine[] = {0.9}, bad[] = {-0.0509}, above[] = {1.2};
    struct remarks r = {0};
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        verdict_row_of(m, 0.01, 1, bad, bad, 0, &row[m]);
        const enum metric of = verdict_measure_def(m)->metric;
        const bool is = of == METRIC_CE_REC || of == METRIC_CE_REC_OOD;
        assert_true(is == (verdict_doubt(&row[m], 0) != NULL));
        verdict_row_of(m, 0.01, 1, fine, of == METRIC_CE_REC ? bad : fine, 0, &row[m]);
    }
    compare_warn(&f, &r);
    assert_int_equal(r.n, 1);
    has(r.line[0], "CE recovered of A: worse than erasing, by over .05: ");
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        const enum metric of = verdict_measure_def(m)->metric;
        verdict_row_of(m, 0.01, 1, of == METRIC_CE_REC ? bad : above, bad, 0, &row[m]);
    }
    r.n = 0;
    compare_warn(&f, &r);
    assert_int_equal(r.n, 3);
    has(r.line[0], "CE recovered of A and B: worse than erasing, by over .05: ");
    has(r.line[1], "CE recovered OOD of A: worse than erasing, by over .05: ");
    has(r.line[2], "CE recovered OOD of B: over 1.1, better than the model");
}

/* A setting that was changed on the way is in no difference once it was changed back:
 * the events tell of it, unless both sides were changed alike. */
static void test_changes_on_the_way(void **state)
{
    (void)state;
    struct history h = {0};
    struct errinfo e;
    struct condition_changes c[CHANGE_KINDS], none[CHANGE_KINDS];
    struct run_event ev[] = {
        {120, 1, "tune", "lr 0.002 -> 0.001"},
        {200, 2, "mask", "p 0.30 -> 0.00, trained on from step 201"},
        {250, 2, "save", "runs/a"},
        {300, 3, "lr", "lr 0.001 -> 0.002"}};
    conditions_changes(&h, none);
    assert_string_equal(none[CHANGE_MASKS].text, "");
    assert_string_equal(none[CHANGE_SETTINGS].text, "");
    for (size_t i = 0; i < 4; i++) {
        assert_ok(history_add_event(&h, &ev[i], &e), &e);
    }
    conditions_changes(&h, c);
    assert_string_equal(c[CHANGE_MASKS].text, "p 0.30 -> 0.00 at step 200");
    assert_string_equal(c[CHANGE_SETTINGS].text,
                        "lr 0.002 -> 0.001 at step 120, lr 0.001 -> 0.002 at step 300");
    struct compare_facts f = {.letter = {'A', 'B'},
                              .l0 = {4.0, 4.0},
                              .step = {900, 900},
                              .changes = {c, none}};
    struct remarks r = {0};
    compare_warn(&f, &r);
    assert_int_equal(r.n, 2);
    assert_string_equal(
        r.line[0], "A was not masked alike all the way, p 0.30 -> 0.00 at step 200");
    assert_string_equal(r.line[1],
                        "A was changed on the way, lr 0.002 -> 0.001 at step 120, lr "
                        "0.001 -> 0.002 at step 300: not the masking alone");
    f.changes[1] = c;
    compare_warn(&f, &r);
    f.changes[0] = f.changes[1] = NULL; /* not known */
    compare_warn(&f, &r);
    assert_int_equal(r.n, 2);
    history_free(&h);
}

/* Changes that there is no room for count all the same. */
static void test_many_changes(void **state)
{
    (void)state;
    struct history h[2] = {{0}, {0}};
    struct condition_changes c[2][CHANGE_KINDS];
    struct errinfo e;
    for (int i = 0; i < 20; i++) {
        for (size_t k = 0; k < 2; k++) {
            struct run_event ev = {i, 1, "tune", "lr 0.002 -> 0.001"};
            ev.step += i == 19 ? (int64_t)k : 0; /* the last alone is another */
            assert_ok(history_add_event(&h[k], &ev, &e), &e);
        }
    }
    conditions_changes(&h[0], c[0]);
    conditions_changes(&h[1], c[1]);
    const char *text = c[0][CHANGE_SETTINGS].text;
    assert_int_equal(strlen(text), CONDITION_CHANGES - 1);
    assert_string_equal(text + CONDITION_CHANGES - 4, "...");
    assert_string_equal(text, c[1][CHANGE_SETTINGS].text);
    const struct compare_facts f = {
        .letter = {'A', 'B'}, .step = {-1, -1}, .changes = {c[0], c[1]}};
    struct remarks r = {0};
    compare_warn(&f, &r);
    assert_int_equal(r.n, 1);
    has(r.line[0], "changed on the way, A: lr 0.002 -> 0.001 at step 0, ");
    has(r.line[0], "...; B: lr");
    assert_string_equal(r.line[0] + strlen(r.line[0]) - 3, "...");
    history_free(&h[0]);
    history_free(&h[1]);
}

/* ---- curves and figures of a run ---- */

static void add_row(struct history *h, double step, double ev, double recall)
{
    struct errinfo e;
    struct metric_row row = metric_row_empty();
    row.v[METRIC_STEP] = step;
    row.v[METRIC_EV] = ev;
    row.v[METRIC_RECALL] = recall;
    assert_ok(history_add_row(h, &row, &e), &e);
}

/* The mean of the arms where all have it, and nothing made up where one has not. */
static void test_curve(void **state)
{
    (void)state;
    struct history h[2] = {{0}, {0}};
    const struct history *of[2] = {&h[0], &h[1]};
    struct compare_curve c;
    struct errinfo e;
    add_row(&h[0], 10, 0.2, 0.5);
    add_row(&h[0], 20, 0.4, (double)NAN);
    add_row(&h[0], 30, 0.6, 0.7);
    add_row(&h[0], 50, 0.9, 0.7);
    add_row(&h[1], 10, 0.4, 0.5);
    add_row(&h[1], 25, 0.9, 0.5);
    add_row(&h[1], 30, 0.8, 0.5);
    assert_ok(compare_curve(of, 2, METRIC_EV, &c, &e), &e);
    assert_int_equal(c.n, 2);
    assert_true(fabs(c.x[0] - 10) < 1e-12 && fabs(c.y[0] - 0.3) < 1e-12);
    assert_true(fabs(c.x[1] - 30) < 1e-12 && fabs(c.y[1] - 0.7) < 1e-12);
    compare_curve_deinit(&c);
    assert_ok(compare_curve(of, 1, METRIC_RECALL, &c, &e), &e);
    assert_int_equal(c.n, 3);
    compare_curve_deinit(&c);
    assert_ok(compare_curve(of, 0, METRIC_EV, &c, &e), &e);
    assert_int_equal(c.n, 0);
    compare_curve_deinit(&c);
    history_free(&h[0]);
    history_free(&h[1]);
}

/* Measures taken during training: last values, and for those over concepts the units of
 * the right family, so that one seed has an interval over the text. */
static void test_live(void **state)
{
    (void)state;
    struct history h = {0};
    struct report r;
    struct errinfo e;
    struct concepts *c = world_concepts();
    struct concept_result row[6];
    struct concept_table t = {.n = 6, .row = row};
    add_row(&h, 10, 0.2, 0.5);
    add_row(&h, 20, 0.4, 0.55);
    add_row(&h, 30, (double)NAN, (double)NAN);
    for (int32_t i = 0; i < 6; i++) {
        row[i] = concept_result_none(i);
        row[i].eligible = i != 3;
        row[i].recall = 0.1 * (double)i;
        row[i].full = 0.5;
    }
    report_init(&r, 0);
    assert_ok(compare_live(&h, &t, c, &r, &e), &e);
    const struct figure *ev = report_find(&r, measure_at(METRIC_EV)->path);
    const struct figure *recall = report_find(&r, measure_at(METRIC_RECALL)->path);
    assert_non_null(ev);
    assert_true(fabs(ev->v.value - 0.4) < 1e-12);
    assert_int_equal(ev->n, 0);
    assert_non_null(recall); /* leaves 0, 1, 2: 3 is not eligible */
    assert_int_equal(recall->n, 3);
    assert_true(fabs(recall->v.value - 0.1) < 1e-12);
    assert_int_equal(report_find(&r, measure_at(METRIC_ABS_SUPER)->path)->n, 1);
    report_deinit(&r);

    report_init(&r, 0);
    assert_ok(compare_live(&h, NULL, c, &r, &e), &e);
    recall = report_find(&r, measure_at(METRIC_RECALL)->path);
    assert_true(fabs(recall->v.value - 0.55) < 1e-12);
    report_deinit(&r);

    report_init(&r, 0);
    assert_int_equal(compare_kept("/nowhere", 30, &r, &e), ERR_MISSING);
    report_deinit(&r);
    concepts_free(c);
    history_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_over_seeds),
        cmocka_unit_test(test_within_random),
        cmocka_unit_test(test_one_seed),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_doubtful_values),
        cmocka_unit_test(test_changes_on_the_way),
        cmocka_unit_test(test_many_changes),
        cmocka_unit_test(test_curve),
        cmocka_unit_test(test_live),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
