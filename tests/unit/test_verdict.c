/* Verdicts on paired differences, what an eval.json keeps for them, and which arms are
 * one condition. */
#include "base/mem.h"
#include "eval/kept.h"
#include "eval/verdict.h"
#include "run/conditions.h"
#include "unit/check.h"

#include <math.h>
#include <string.h>

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance * fmax(1.0, fabs(want)))) {
        fail_msg("found %.17g, expected %.17g within %g", got, want, tolerance);
    }
}

/* ---- verdicts ---- */

enum { SEEDS = 5 };

/* Differences of a mean, with a spread of their own that is the same for all. */
static void fill(struct verdict_row *row, size_t measure, size_t n, double mean,
                 double spread, size_t first)
{
    static const double shape[SEEDS] = {-1.0, 0.4, 1.2, -0.9, 0.3}; /* sums to 0 */
    double before[SEEDS], after[SEEDS];
    for (size_t i = 0; i < n; i++) {
        before[i] = 0.5 + 0.01 * (double)i;
        after[i] = before[i] + mean + spread * shape[i];
    }
    *row = (struct verdict_row){.measure = measure,
                                .margin = verdict_measure_def(measure)->margin};
    paired_of(n, before, after, first, VERDICT_LEVEL, &row->d);
}

static void test_kinds(void **state)
{
    (void)state;
    struct verdict_row row[VERDICT_MEASURE_COUNT];
    struct errinfo e;
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        fill(&row[m], m, SEEDS, 0.0, 0.02, 0); /* open: wide about 0 */
    }
    fill(&row[0], 0, SEEDS, -0.05, 0.005, 0);  /* plain to see */
    fill(&row[1], 1, SEEDS, 0.004, 0.001, 0);  /* excludes 0, inside .01 */
    fill(&row[2], 2, SEEDS, 0.012, 0.0005, 0); /* excludes 0, beyond .01 */
    fill(&row[3], 3, SEEDS, 0.0, 0.0, 0);
    fill(&row[4], 4, 1, 0.1, 0.0, 0);
    fill(&row[5], 5, 0, 0.0, 0.0, 0);
    assert_ok(verdict_judge(row, VERDICT_MEASURE_COUNT, 0, &e), &e);
    static const struct {
        enum verdict is;
        const char *text, *direction;
    } want[] = {{VERDICT_LOWER, "established", "lower"},
                {VERDICT_SMALL, "too small to matter", NULL},
                {VERDICT_HIGHER, "established", "higher"},
                {VERDICT_SAME, "the same", NULL},
                {VERDICT_ONE_SEED, "not established: one seed", NULL},
                {VERDICT_NOT_MEASURED, "not measured", NULL},
                {VERDICT_OPEN, "not established", NULL}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const char *direction = verdict_direction(row[i].verdict);
        assert_int_equal(row[i].verdict, want[i].is);
        assert_string_equal(verdict_text(row[i].verdict), want[i].text);
        assert_true((direction == NULL) == (want[i].direction == NULL));
        assert_true(direction == NULL || strcmp(direction, want[i].direction) == 0);
    }
    assert_true(isnan(row[4].smallest) && isnan(row[3].smallest));
    /* A margin of a user's own. */
    row[2].margin = 0.02;
    assert_ok(verdict_judge(row, VERDICT_MEASURE_COUNT, 0, &e), &e);
    assert_int_equal(row[2].verdict, VERDICT_SMALL);
}

/* An interval that excludes 0 by itself is not enough among several measures; and the
 * lists of measures do not count for each other. */
static void test_lists(void **state)
{
    (void)state;
    struct verdict_row row[VERDICT_MEASURE_COUNT];
    struct errinfo e;
    size_t primary = 0;
    for (size_t m = 0; m < VERDICT_MEASURE_COUNT; m++) {
        fill(&row[m], m, SEEDS, 0.0, 0.02, 0);
        primary += verdict_measure_def(m)->list == VERDICT_PRIMARY ? 1 : 0;
    }
    assert_true(primary >= 2 && primary < VERDICT_MEASURE_COUNT);
    fill(&row[0], 0, SEEDS, 0.03, 0.018, 0);
    assert_true(row[0].d.by.low > 0.0 && row[0].d.p * (double)primary > 0.05);
    assert_ok(verdict_judge(row, VERDICT_MEASURE_COUNT, 0, &e), &e);
    assert_int_equal(row[0].verdict, VERDICT_OPEN);
    near(row[0].p_holm, row[0].d.p * (double)primary, 1e-12);
    assert_ok(verdict_judge(row, 1, 0, &e), &e); /* alone */
    assert_int_equal(row[0].verdict, VERDICT_HIGHER);
    /* Measures of other lists do not count: each is alone on its own for Holm. */
    fill(&row[1], VERDICT_OF_PROBING_K5_OOD, SEEDS, 0.03, 0.018, 0);
    fill(&row[2], VERDICT_OF_COSINE, SEEDS, 0.03, 0.018, 0);
    assert_ok(verdict_judge(row, 3, 0, &e), &e);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(row[i].verdict, VERDICT_HIGHER);
    }
    fill(&row[3], VERDICT_OF_SHRINKAGE, SEEDS, 0.0, 0.02, 0);
    fill(&row[4], VERDICT_OF_L0_CLEAN, SEEDS, 0.0, 0.02, 0);
    fill(&row[5], VERDICT_OF_DEAD_CLEAN, SEEDS, 0.0, 0.02, 0);
    assert_ok(verdict_judge(row, 6, 0, &e), &e); /* four of one list */
    assert_int_equal(row[1].verdict, VERDICT_HIGHER);
    assert_int_equal(row[2].verdict, VERDICT_OPEN);
}

/* A mean just above the smallest effect is established, one just below is not: whatever
 * the other rows are, fixed and anytime. */
static void test_smallest(void **state)
{
    (void)state;
    struct errinfo e;
    const double others[3][3] = {{0.0, 0.0, 0.0}, {-0.2, 0.0, 0.15}, {0.3, 0.04, -0.2}};
    for (size_t k = 0; k < 3; k++) {
        for (size_t first = 0; first <= 3; first += 3) {
            struct verdict_row row[4];
            for (int above = -1; above <= 1; above++) {
                double mean = 0.0;
                if (above != -1) {
                    mean = row[3].smallest * (above ? 1.0001 : 0.9999);
                }
                for (size_t m = 0; m < 3; m++) {
                    fill(&row[m], m, SEEDS, others[k][m], 0.02, first);
                }
                fill(&row[3], 3, SEEDS, mean, 0.02, first);
                assert_ok(verdict_judge(row, 4, first, &e), &e);
                assert_true(row[3].smallest > 0.0);
                if (above != -1) {
                    assert_int_equal(row[3].verdict,
                                     above ? VERDICT_HIGHER : VERDICT_OPEN);
                }
            }
        }
    }
}

/* ---- what is kept ---- */

enum { UNITS = 7 };
static const char *const kept_path[2] = {"absorption.leaf.full",
                                         "fidelity.in_distribution.ce_recovered"};

static void make_report(struct report *r, double shift)
{
    struct errinfo e;
    double x[UNITS], w[UNITS];
    for (size_t i = 0; i < UNITS; i++) {
        x[i] = i == 3 ? (double)NAN : 0.1 * (double)((i * 5) % 7) + shift * (double)i;
        w[i] = 1.0 + (double)(i % 3);
    }
    report_init(r, 0);
    assert_ok(report_ratio(r, UNITS, NULL, x, NULL, "concepts", &e, "%s", kept_path[0]),
              &e);
    assert_ok(report_ratio(r, UNITS, NULL, x, w, "rows", &e, "%s", kept_path[1]), &e);
    assert_ok(report_value(r, 3.0, &e, "absorption.leaf.true_positives"), &e);
}

static void put_and_take(const struct report *r, struct report *out)
{
    struct errinfo e;
    struct str text;
    cJSON *root = cJSON_CreateObject(), *back = NULL;
    str_init(&text, 1 << 20);
    assert_ok(kept_add(r, root, &e), &e);
    assert_ok(json_print(root, &text, &e), &e);
    assert_ok(json_parse(text.p, text.len, "kept", &back, &e), &e);
    report_init(out, 0);
    assert_ok(kept_read(back, "kept", out, &e), &e);
    cJSON_Delete(root);
    cJSON_Delete(back);
    str_free(&text);
}

static void test_kept(void **state)
{
    (void)state;
    struct errinfo e;
    struct report a, b, a2, b2, diff, diff2;
    make_report(&a, 0.0);
    make_report(&b, 0.03);
    put_and_take(&a, &a2);
    put_and_take(&b, &b2);
    report_init(&diff, 0);
    report_init(&diff2, 0);
    assert_ok(report_compare(&a, &b, &diff, &e), &e);
    assert_ok(report_compare(&a2, &b2, &diff2, &e), &e);
    assert_int_equal(a2.n, 2); /* a plain number is not kept */
    for (size_t i = 0; i < 2; i++) {
        const struct figure *f = report_find(&diff, kept_path[i]);
        const struct figure *g = report_find(&diff2, kept_path[i]);
        assert_non_null(g);
        assert_int_equal(f->n, g->n);
        near(g->v.value, f->v.value, 1e-15);
        near(g->v.lo, f->v.lo, 1e-15);
        near(g->v.hi, f->v.hi, 1e-15);
        assert_true(f->v.lo < f->v.hi);
        near(report_find(&a2, kept_path[i])->v.value,
             report_find(&a, kept_path[i])->v.value, 1e-15);
        near(report_find(&a2, kept_path[i])->v.lo, report_find(&a, kept_path[i])->v.lo,
             1e-15);
    }
    struct report *all[] = {&a, &b, &a2, &b2, &diff, &diff2};
    for (size_t i = 0; i < 6; i++) {
        report_deinit(all[i]);
    }
}

/* A figure that is no mean over units comes back as its value. */
static void test_kept_plain(void **state)
{
    (void)state;
    static const char text[] = "{\"units\": {}, \"latents\": {\"dead\": 0.25}}";
    struct errinfo e;
    struct report r;
    cJSON *root = NULL;
    report_init(&r, 0);
    assert_ok(json_parse(text, sizeof text - 1, "kept", &root, &e), &e);
    assert_ok(kept_read(root, "eval.json", &r, &e), &e);
    const struct figure *f = report_find(&r, "latents.dead");
    assert_non_null(f);
    near(f->v.value, 0.25, 0.0);
    assert_true(r.n == 1 && f->n == 0 && isnan(f->v.lo));
    report_deinit(&r);
    cJSON_Delete(root);
}

/* A file may hold anything. */
static void test_kept_hostile(void **state)
{
    (void)state;
    static const struct {
        const char *units;
        enum err rc;
    } bad[] = {
        {"null", ERR_MISSING},
        {"3", ERR_FORMAT},
        {"{\"absorption.leaf.full\": 3}", ERR_FORMAT},
        {"{\"absorption.leaf.full\": {\"unit\": \"rows\", \"id\": []}}", ERR_FORMAT},
        {"{\"absorption.leaf.full\": {\"unit\": \"\", \"id\": [0], \"sum\": [1], "
         "\"weight\": [1]}}",
         ERR_FORMAT},
        {"{\"absorption.leaf.full\": {\"unit\": \"rows\", \"id\": [1, 1], \"sum\": [1, "
         "1], \"weight\": [1, 1]}}",
         ERR_FORMAT},
        {"{\"absorption.leaf.full\": {\"unit\": \"rows\", \"id\": [0.5], \"sum\": [1], "
         "\"weight\": [1]}}",
         ERR_FORMAT},
        {"{\"absorption.leaf.full\": {\"unit\": \"rows\", \"id\": [-1], \"sum\": [1], "
         "\"weight\": [1]}}",
         ERR_FORMAT},
        {"{\"absorption.leaf.full\": {\"unit\": \"rows\", \"id\": [4e9], \"sum\": [1], "
         "\"weight\": [1]}}",
         ERR_FORMAT},
        {"{\"absorption.leaf.full\": {\"unit\": \"rows\", \"id\": [0], \"sum\": "
         "[1e999], \"weight\": [1]}}",
         ERR_FORMAT},
        {"{\"absorption.leaf.full\": {\"unit\": \"rows\", \"id\": [0], \"sum\": [1, "
         "2], \"weight\": [1]}}",
         ERR_FORMAT},
        {"{\"absorption.leaf.full\": {\"unit\": \"rows\", \"id\": [0], \"sum\": [1], "
         "\"weight\": [0]}}",
         ERR_FORMAT},
        {"{\"absorption.leaf.full\": {\"unit\": \"rows\", \"id\": [0, 1], \"sum\": [1, "
         "2], \"weight\": [3, -1]}}",
         ERR_FORMAT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct errinfo e;
        struct report r;
        char text[512];
        cJSON *root = NULL;
        const int n = snprintf(text, sizeof text, "{\"units\": %s}", bad[i].units);
        assert_ok(json_parse(text, (size_t)n, "kept", &root, &e), &e);
        report_init(&r, 0);
        assert_int_equal(kept_read(root, "eval.json", &r, &e), bad[i].rc);
        assert_non_null(strstr(e.msg, "eval.json: "));
        report_deinit(&r);
        cJSON_Delete(root);
    }
}

/* ---- conditions ---- */

static void test_conditions(void **state)
{
    (void)state;
    struct errinfo e;
    static const char *const given[5][3] = {{"0.3", "1", "4"},
                                            {"0", "1", "4"},
                                            {"0.3", "2", "4"},
                                            {"0", "2", "4"},
                                            {"0", "3", "4"}};
    struct settings *s = mem_alloc(5, sizeof *s);
    const struct settings *set[5];
    const char *name[5] = {"R", "R-twin", "S", "S-twin", "T"};
    assert_non_null(s);
    for (size_t i = 0; i < 5; i++) {
        settings_init(&s[i]);
        assert_ok(settings_set(&s[i], "mask.rate", given[i][0], from_user("test"), &e),
                  &e);
        assert_ok(settings_set(&s[i], "seed", given[i][1], from_user("test"), &e), &e);
        assert_ok(settings_set(&s[i], "k", given[i][2], from_user("test"), &e), &e);
        /* Which others there are, and threads, make no condition. */
        assert_ok(settings_set(&s[i], "threads", i ? "2" : "1", from_user("test"), &e),
                  &e);
        assert_ok(settings_set(&s[i], "twin", i % 2 ? "none" : "unmasked",
                               from_user("test"), &e),
                  &e);
        set[i] = &s[i];
    }
    struct conditions c;
    size_t a[5], b[5];
    assert_ok(conditions_of(set, name, 5, &c, &e), &e);
    assert_int_equal(c.n, 2);
    assert_int_equal(c.at[0].letter, 'A');
    assert_string_equal(c.at[0].settings, "mask.rate=0.3");
    assert_string_equal(c.at[1].settings, "mask.rate=0");
    assert_int_equal(conditions_baseline(&c), 1); /* A less B */
    assert_int_equal(conditions_pairs(&c, 5, 0, 1, a, b), 2);
    assert_true(a[0] == 0 && b[0] == 1 && a[1] == 2 && b[1] == 3);
    assert_string_equal(c.seed[4], "3");
    conditions_deinit(&c);
    /* Another k is another condition; of two without masks neither is
     * the baseline: B is. */
    assert_ok(settings_set(&s[4], "k", "8", from_user("test"), &e), &e);
    assert_ok(conditions_of(set, name, 5, &c, &e), &e);
    assert_int_equal(c.n, 3);
    assert_string_equal(c.at[2].settings, "k=8, mask.rate=0");
    assert_int_equal(conditions_baseline(&c), 1);
    assert_int_equal(conditions_pairs(&c, 5, 0, 2, a, b), 0);
    conditions_deinit(&c);
    /* Two conditions of one arm each are a pair whatever their seeds. */
    const struct settings *two[2] = {&s[0], &s[4]};
    assert_ok(conditions_of(two, name, 2, &c, &e), &e);
    assert_int_equal(conditions_pairs(&c, 2, 0, 1, a, b), 1);
    conditions_deinit(&c);
    two[1] = &s[0];
    assert_int_equal(conditions_of(two, name, 2, &c, &e), ERR_USAGE);
    assert_non_null(strstr(e.msg, "R and R-twin: settings and seeds are the same"));
    mem_free(s);
}

/* Seeds and masks are what is compared; all else counts, however long what comes before
 * it is as text. */
static void test_beyond_masks(void **state)
{
    (void)state;
    static struct settings x, y;
    struct errinfo e;
    char path[600];
    settings_init(&x);
    memset(path, 'a', sizeof path);
    path[sizeof path - 1] = '\0';
    assert_ok(settings_set(&x, "model", path, from_user("test"), &e), &e);
    y = x;
    assert_ok(settings_set(&y, "mask.rate", "0.7", from_user("test"), &e), &e);
    assert_ok(settings_set(&y, "seed.weights", "9", from_user("test"), &e), &e);
    assert_ok(settings_set(&y, "threads", "3", from_user("test"), &e), &e);
    assert_true(conditions_beyond_masks(&x) == conditions_beyond_masks(&y));
    assert_ok(settings_set(&y, "lr", "0.5", from_user("test"), &e), &e);
    assert_true(conditions_beyond_masks(&x) != conditions_beyond_masks(&y));
}

/* Two conditions: A less B, masked or not. More: each less the one that is not
 * masked. */
static void test_baseline(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        bool unmasked[4];
        size_t baseline;
    } cases[] = {{2, {false, true}, 1},
                 {2, {true, false}, 1},
                 {2, {false, false}, 1},
                 {2, {true, true}, 1},
                 {3, {true, false, false}, 0},
                 {3, {false, false, true}, 2},
                 {3, {false, false, false}, 1},
                 {4, {true, false, true, false}, 1},
                 {1, {true}, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(verdict_baseline(cases[i].unmasked, cases[i].n),
                         cases[i].baseline);
    }
}

/* In the order of a's arms, whatever the order of b's. */
static void test_pairs(void **state)
{
    (void)state;
    const size_t of[6] = {0, 1, 0, 1, 2, 1};
    const struct paired_seed seed[6] = {{1, 5}, {2, 5}, {2, 5}, {1, 5}, {9, 9}, {1, 6}};
    size_t a[6], b[6];
    assert_int_equal(paired_by_seed(6, of, seed, 0, 1, a, b), 2);
    assert_true(a[0] == 0 && b[0] == 3 && a[1] == 2 && b[1] == 1);
    assert_int_equal(paired_by_seed(6, of, seed, 0, 2, a, b), 0);
    assert_int_equal(paired_by_seed(6, of, seed, 2, 2, a, b), 1); /* one arm each */
    const size_t two[2] = {0, 1};
    assert_int_equal(paired_by_seed(2, two, &seed[4], 0, 1, a, b), 1);
    const size_t twice[3] = {0, 1, 1}; /* of two with its seed the first */
    const struct paired_seed same[3] = {{1, 1}, {1, 1}, {1, 1}};
    assert_int_equal(paired_by_seed(3, twice, same, 0, 1, a, b), 1);
    assert_true(a[0] == 0 && b[0] == 1);
}

/* The mark of a row, why it is what it is, and what no difference could reach. */
static void test_marks(void **state)
{
    (void)state;
    static const struct {
        size_t m;
        enum verdict verdict;
        double low, high, holm, smallest;
        char mark;
        const char *why;
    } is[] = {
        {VERDICT_OF_EV, VERDICT_LOWER, -.03, -.01, .01, .02, '*',
         "* established: lower"},
        {VERDICT_OF_EV, VERDICT_OPEN, -.03, -.01, .2, .02, '~',
         "unclear ~: clear only taken alone"},
        {VERDICT_OF_EV, VERDICT_OPEN, -.03, .01, .2, .02, ' ',
         "unclear: 0.0200 is the smallest difference 5 seeds could establish"},
        {VERDICT_OF_F1_BEST, VERDICT_OPEN, -3, 4, .9, 5.516, ' ',
         "unclear: out of reach with 5 seeds"},
        {VERDICT_OF_EV, VERDICT_OPEN, -3, 4, .9, 5.516, ' ', "unclear: 5.5160 is the"},
        {VERDICT_OF_CE_REC_OOD, VERDICT_OPEN, -3, 4, .9, 5.516, ' ', "unclear: 5.5"},
        {VERDICT_OF_SPREAD, VERDICT_OPEN, -3, 4, .9, 5.516, ' ', "unclear: 5.5"},
        {VERDICT_OF_SPREAD, VERDICT_SMALL, -.45, -.06, .01, .3, '=',
         "small: the interval lies within 0.5"},
        {VERDICT_OF_EV, VERDICT_SAME, 0, 0, 1, (double)NAN, ' ', ""},
    };
    for (size_t i = 0; i < sizeof is / sizeof *is; i++) {
        char why[VERDICT_WHY];
        const struct verdict_row r = {
            .measure = is[i].m,
            .margin = verdict_measure_def(is[i].m)->margin,
            .d = {.n = 5, .by = {.low = is[i].low, .high = is[i].high}},
            .p_holm = is[i].holm,
            .smallest = is[i].smallest,
            .verdict = is[i].verdict};
        assert_int_equal(verdict_mark(&r), is[i].mark);
        assert_true(verdict_but_for_holm(&r) == (is[i].mark == '~'));
        verdict_why(&r, why);
        if (strncmp(why, is[i].why, strlen(is[i].why)) != 0) {
            fail_msg("%zu: '%s'", i, why);
        }
    }
}

/* Before the end of the plan a direction stays, without a mark; what is small, or the
 * same, is open, and no difference is named that would do. */
static void test_so_far(void **state)
{
    (void)state;
    char why[VERDICT_WHY];
    struct verdict_row r[] = {
        {.verdict = VERDICT_LOWER, .d = {.n = 5, .by = {.low = -.03, .high = -.01}}},
        {.verdict = VERDICT_SMALL, .d = {.n = 5, .by = {.low = -.01, .high = .01}}},
        {.verdict = VERDICT_SAME, .d = {.n = 5}},
        {.verdict = VERDICT_OPEN, .d = {.n = 5, .by = {.low = -.1, .high = .1}}},
    };
    for (size_t i = 0; i < 4; i++) {
        r[i].smallest = 0.01;
        r[i].p_holm = 0.04;
    }
    verdict_so_far(r, 4);
    assert_int_equal(r[0].verdict, VERDICT_LOWER);
    assert_string_equal(verdict_row_text(&r[0]), "so far");
    assert_string_equal(verdict_row_text(&r[3]), "not established");
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(verdict_mark(&r[i]), ' ');
        verdict_why(&r[i], why);
        assert_int_equal(why[0] == '\0', i < 3);
        assert_true(i == 0 || r[i].verdict == VERDICT_OPEN);
        assert_true(isnan(r[i].smallest) == (i == 1 || i == 2));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),      cmocka_unit_test(test_lists),
        cmocka_unit_test(test_smallest),   cmocka_unit_test(test_kept),
        cmocka_unit_test(test_kept_plain), cmocka_unit_test(test_kept_hostile),
        cmocka_unit_test(test_conditions), cmocka_unit_test(test_beyond_masks),
        cmocka_unit_test(test_baseline),   cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_marks),      cmocka_unit_test(test_so_far),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
