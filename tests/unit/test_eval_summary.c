/* [commands] What eval prints first: 16 lines at most, no zeros, warnings. */
#include "measure/measure.h"
#include "run/conditions.h"
#include "src/eval_pair.h"
#include "src/eval_summary.h"
#include "unit/check.h"

#include <math.h>
#include <string.h>

#define BYTES ((size_t)1 << 16)

static const enum metric primary[] = {
    METRIC_EV,      METRIC_CE_REC,     METRIC_ABSORPTION, METRIC_RECALL,
    METRIC_F1_BEST, METRIC_F1_HELDOUT, METRIC_PROBING_K1, METRIC_PROBING_K5};
enum { PRIMARY = sizeof primary / sizeof *primary };

static void put(struct report *r, enum metric m, double v, double half)
{
    struct errinfo e;
    const struct estimate x = {v, v - half, v + half};
    assert_ok(report_estimate(r, &x, 64, "rows", &e, "%s", measure_at(m)->path), &e);
}

static size_t lines(const struct str *s)
{
    size_t n = 0;
    for (const char *p = s->p; *p != '\0'; p++) {
        n += *p == '\n' ? 1 : 0;
    }
    return n;
}

static void has(const struct str *s, const char *text)
{
    if (strstr(s->p, text) == NULL) {
        fail_msg("expected '%s' in:\n%s", text, s->p);
    }
}

/* A report with all primary measures at `v`, and many more. */
static void full(struct report *r, double v, double half, double l0)
{
    struct errinfo e;
    report_init(r, 0);
    put(r, METRIC_L0_CLEAN, l0, 0.0);
    put(r, METRIC_DEAD_CLEAN, 0.1, 0.0);
    for (size_t i = 0; i < PRIMARY; i++) {
        put(r, primary[i], v, half);
    }
    for (int i = 0; i < 50; i++) {
        assert_ok(report_value(r, i, &e, "tpp.n%d", i), &e);
    }
    assert_ok(report_left_out(r, &e, "scr", "no tasks"), &e);
}

static void test_one(void **state)
{
    (void)state;
    struct report r;
    struct str s;
    struct errinfo e;
    str_init(&s, BYTES);
    full(&r, 0.5, 0.25, 8.0);
    eval_summary_one(&r, &s);
    assert_in_range(lines(&s), 11, EVAL_SUMMARY_LINES - 2);
    has(&s,
        "  explained variance              0.5000  [ 0.2500,  0.7500]  n 64 rows\n");
    has(&s, "50 more figures, and 1 that could not be measured: --all\n");
    report_deinit(&r);

    /* A part of the measures, and a share of almost nothing that is recovered. */
    report_init(&r, 0);
    str_clear(&s);
    put(&r, METRIC_CE_REC, 0.5, 0.1);
    assert_ok(report_value(&r, 3.0, &e, "fidelity.in_distribution.ce_clean"), &e);
    assert_ok(report_value(&r, 2.9, &e, "fidelity.in_distribution.ce_zero"), &e);
    eval_summary_one(&r, &s);
    assert_int_equal(lines(&s), 4); /* the doubt takes two */
    has(&s, "    ^ ");
    report_deinit(&r);
    str_free(&s);
}

static const struct condition_changes *changes[2];
static int64_t steps[2] = {900, 900};

/* Two with settings, as `eval A B` has them. */
static void compared(const struct settings *x, const struct settings *y,
                     const struct report *a, const struct report *b, struct str *s)
{
    struct report d;
    struct errinfo e;
    report_init(&d, 0);
    assert_ok(report_compare(a, b, &d, &e), &e);
    const struct eval_pair p = {.set = {x, y},
                                .report = {a, b},
                                .difference = &d,
                                .step = {steps[0], steps[1]},
                                .changes = {changes[0], changes[1]}};
    str_clear(s);
    eval_summary_two(&p, s);
    report_deinit(&d);
}

static void test_two(void **state)
{
    (void)state;
    static struct settings x, y;
    struct errinfo e;
    struct report a, b;
    struct str s;
    str_init(&s, BYTES);
    settings_init(&x);
    settings_init(&y);
    assert_ok(settings_set(&x, "mask.rate", "0.3", from_user("test"), &e), &e);
    full(&a, 0.5, 0.1, 8.0);
    full(&b, 0.75, 0.1, 8.0);
    compared(&x, &y, &a, &b, &s);
    has(&s, "not established: one seed;");
    has(&s, "  explained variance      0.5000  0.7500  -0.2500");
    has(&s, " this text\n");
    assert_null(strchr(s.p, '!')); /* masks differ: what it is about */
    assert_in_range(lines(&s), 3, EVAL_SUMMARY_LINES - 2);
    report_deinit(&b);

    /* Which way the difference lies on this text is said where its interval leaves 0
     * out alone. */
    static const struct {
        double lo, hi;
        const char *said;
    } ways[] = {{.1, .4, "  A higher\n"},
                {-.4, -.1, "  A lower\n"},
                {-.1, .2, "  0 within\n"},
                {(double)NAN, (double)NAN, "  no range\n"}};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct report d;
        report_init(&d, 0);
        put(&d, METRIC_EV, .15, .1);
        d.fig[0].v.lo = ways[i].lo;
        d.fig[0].v.hi = ways[i].hi;
        str_clear(&s);
        eval_summary_two(&(struct eval_pair){.set = {&x, &y},
                                             .report = {&a, &a},
                                             .difference = &d,
                                             .changes = {NULL, NULL}},
                         &s);
        has(&s, ways[i].said);
        report_deinit(&d);
    }

    /* All that can be said at once still fits. */
    full(&b, 0.75, 0.1, 9.0);
    assert_ok(settings_set(&y, "k", "9", from_user("test"), &e), &e);
    assert_ok(settings_set(&x, "k", "8", from_user("test"), &e), &e);
    const struct condition_changes on_the_way[2][CHANGE_KINDS] = {
        {[CHANGE_SETTINGS] = {9, "k 8 -> 4 at step 9"}},
        {[CHANGE_SETTINGS] = {8, "k 8 -> 4 at step 8"}}};
    changes[0] = on_the_way[0];
    changes[1] = on_the_way[1];
    compared(&x, &y, &a, &b, &s);
    has(&s, "! changed on the way, A: k 8 -> 4 at step 9; B: k 8 -> 4 at step 8\n");
    has(&s, "! k 8 against 9: not the masking alone\n");
    has(&s, "! clean L0 is 8 in A, 9 in B: most measures follow it\n");
    assert_in_range(lines(&s), 3, EVAL_SUMMARY_LINES - 2);
    changes[0] = changes[1] = NULL;
    steps[1] = 400;
    compared(&x, &y, &a, &b, &s);
    has(&s, "! A is of step 900, B of step 400\n");
    steps[1] = 900;
    report_deinit(&a);
    report_deinit(&b);
    str_free(&s);
}

/* A share that does not mean what it says, of either run. */
static void test_two_in_doubt(void **state)
{
    (void)state;
    static struct settings x;
    struct report a, b;
    struct str s;
    str_init(&s, BYTES);
    settings_init(&x);
    report_init(&a, 0);
    report_init(&b, 0);
    put(&a, METRIC_CE_REC, 0.9, 0.1);
    put(&b, METRIC_CE_REC, -0.0509, 0.1);
    compared(&x, &x, &a, &b, &s);
    has(&s, "  CE recovered ");
    has(&s, "\n    ^ B: worse than erasing, by over .05: ");
    assert_null(strstr(s.p, "^ A: "));
    compared(&x, &x, &b, &a, &s);
    has(&s, "\n    ^ A: worse than erasing, by over .05: ");
    report_deinit(&a);
    report_deinit(&b);
    str_free(&s);
}

/* A measure that both have alike is counted and not listed, here and with --all. */
static void test_no_zeros(void **state)
{
    (void)state;
    static struct settings x;
    struct errinfo e;
    struct report a, b, d;
    struct str s;
    str_init(&s, BYTES);
    settings_init(&x);
    full(&a, 0.5, 0.1, 8.0);
    full(&b, 0.5, 0.1, 8.0);
    compared(&x, &x, &a, &b, &s);
    has(&s, "the same in both: 8 of these measures\n");
    assert_null(strstr(s.p, "explained variance"));
    report_init(&d, 0);
    assert_ok(report_compare(&a, &b, &d, &e), &e);
    str_clear(&s);
    report_table(&d, &s);
    assert_null(strstr(s.p, "explained_variance"));
    has(&s, "the same in both: 60 figures\n");
    str_clear(&s);
    report_table(&a, &s); /* zeros of one run are figures */
    has(&s, "  n0");
    report_deinit(&a);
    report_deinit(&b);
    report_deinit(&d);
    str_free(&s);
}

/* The word for a direction comes with an interval that leaves 0 out, never without. */
static void test_directions(void **state)
{
    (void)state;
    static struct settings x;
    struct report a, b;
    struct str s;
    struct errinfo e;
    double p[64], q[64], w[64];
    str_init(&s, BYTES);
    settings_init(&x);
    report_init(&a, 0);
    report_init(&b, 0);
    for (size_t i = 0; i < 64; i++) {
        p[i] = 0.5;
        q[i] = 0.6 + 0.001 * (double)(i % 5);
        w[i] = i % 2 ? 0.9 : 0.1;
    }
    assert_ok(report_ratio(&a, 64, NULL, p, NULL, "rows", &e, "%s",
                           measure_at(METRIC_EV)->path),
              &e);
    assert_ok(report_ratio(&b, 64, NULL, q, NULL, "rows", &e, "%s",
                           measure_at(METRIC_EV)->path),
              &e);
    assert_ok(report_ratio(&a, 64, NULL, w, NULL, "rows", &e, "%s",
                           measure_at(METRIC_F1_BEST)->path),
              &e);
    w[0] += 0.1;
    w[1] -= 0.11;
    assert_ok(report_ratio(&b, 64, NULL, w, NULL, "rows", &e, "%s",
                           measure_at(METRIC_F1_BEST)->path),
              &e);
    put(&a, METRIC_PROBING_K1, 0.5, 0.0);
    put(&b, METRIC_PROBING_K1, 0.9, 0.0);
    compared(&x, &x, &a, &b, &s);
    const char *ev = strstr(s.p, "explained variance");
    assert_non_null(ev);
    assert_non_null(strstr(ev, "lower\n"));
    assert_true(strstr(ev, "lower\n") < strchr(ev, '\n'));
    const char *f1 = strstr(s.p, "F1 of the best latent");
    assert_non_null(f1);
    assert_null(strstr(f1, "higher"));
    assert_null(strstr(f1, "lower"));
    report_deinit(&a);
    report_deinit(&b);
    str_free(&s);
}

/* ---- differences of settings ---- */

static const struct difference *find(const struct difference *d, size_t n,
                                     const char *key)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(d[i].key, key) == 0) {
            return &d[i];
        }
    }
    return NULL;
}

static void test_differences(void **state)
{
    (void)state;
    static const struct {
        const char *key, *a, *b;
        enum difference_kind kind;
    } at[] = {{"mask.rate", "0.3", "0", DIFFERENCE_MASKING},
              {"seed", "1", "2", DIFFERENCE_SEED},
              {"seed.weights", "5", "6", DIFFERENCE_SEED},
              {"k", "4", "8", DIFFERENCE_OTHER},
              {"lr", "0.001", "0.002", DIFFERENCE_OTHER},
              {"hook", "blocks.0.hook_resid_post", "blocks.1.hook_resid_post",
               DIFFERENCE_INPUTS}};
    static struct settings x, y;
    struct errinfo e;
    struct difference d[16];
    char text[200];
    settings_init(&x);
    settings_init(&y);
    assert_int_equal(conditions_differences(&x, &y, d, 16), 0);
    const struct setting_origin by = from_user("test");
    assert_ok(settings_set(&y, "threads", "3", by, &e), &e); /* how it is run: none */
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        assert_ok(settings_set(&x, at[i].key, at[i].a, by, &e), &e);
        assert_ok(settings_set(&y, at[i].key, at[i].b, by, &e), &e);
    }
    const size_t n = conditions_differences(&x, &y, d, 16);
    assert_int_equal(n, sizeof at / sizeof *at);
    for (size_t i = 0; i < n; i++) {
        const struct difference *f = find(d, n, at[i].key);
        assert_non_null(f);
        assert_int_equal(f->kind, at[i].kind);
        assert_string_equal(f->value[0], at[i].a);
        assert_string_equal(f->value[1], at[i].b);
    }
    assert_int_equal(conditions_differences(&x, &y, d, 2), n);
    conditions_differ_in(d, conditions_differences(&x, &y, d, 16), DIFFERENCE_OTHER,
                         text, sizeof text);
    assert_non_null(strstr(text, "k 4 against 8"));
    assert_non_null(strstr(text, ": not the masking alone"));
    conditions_differ_in(d, 0, DIFFERENCE_OTHER, text, sizeof text);
    assert_string_equal(text, "");
}

/* Runs on activations made elsewhere are of other data where these are others; measured
 * with a model named since, they were but trained on others. */
static void test_differences_of_source(void **state)
{
    (void)state;
    static struct settings x, y;
    const char *const run[2] = {"runs/a", "runs/b"};
    struct errinfo e;
    struct difference d[4];
    settings_init(&x);
    settings_init(&y);
    const struct setting_origin by = from_user("test");
    assert_ok(settings_set(&x, "activations", "shards/a", by, &e), &e);
    assert_ok(settings_set(&y, "activations", "shards/b", by, &e), &e);
    assert_int_equal(conditions_differences(&x, &y, d, 4), 1);
    assert_int_equal(d[0].kind, DIFFERENCE_OTHER);
    assert_ok(eval_check_pair(run, &x, &y, &e), &e);
    assert_ok(settings_set(&x, "source", "activations", by, &e), &e);
    assert_int_equal(conditions_differences(&x, &y, d, 4), 2);
    assert_int_equal(find(d, 2, "source")->kind, DIFFERENCE_INPUTS);
    assert_int_equal(find(d, 2, "activations")->kind, DIFFERENCE_INPUTS);
    check_error(eval_check_pair(run, &x, &y, &e), ERR_USAGE, &e,
                "runs/a and runs/b: source is 'activations' and 'model', expected the "
                "same");
    assert_ok(settings_set(&y, "source", "activations", by, &e), &e);
    check_error(eval_check_pair(run, &x, &y, &e), ERR_USAGE, &e,
                "activations is 'shards/a' and 'shards/b'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_two),
        cmocka_unit_test(test_two_in_doubt),
        cmocka_unit_test(test_no_zeros),
        cmocka_unit_test(test_directions),
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_differences_of_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
