/* Paired differences: both intervals against scipy and an independent computation
 * (tests/ref/paired.py), and how often they are wrong, by simulation. */
#include "base/mem.h"
#include "base/rng.h"
#include "num/paired.h"
#include "unit/check.h"

#include <math.h>
#include <stdbool.h>

/* Printed by tests/ref/paired.py: n, mean, low, high, p; first, n, half, low, high, p
 * (-1: half alone). */
// clang-format off
static const double reference_pairs[2][8] = {
    {0.657312, 0.73804, 0.720271, 0.745244, 0.726591, 0.755424, 0.719513, 0.708554},
    {0.675278, 0.754225, 0.726989, 0.753276, 0.746224, 0.774876, 0.724586, 0.715141},
};
static const double reference_fixed[][5] = {
    {2, 0.0170755, 0.00576062468243625, 0.0283903753175638, 0.0331701445180289},
    {3, 0.013623, -0.0013957151048853, 0.0286417151048853, 0.0598213862856964},
    {4, 0.01222525, 0.00319823209105519, 0.0212522679089448, 0.022997964218203},
    {5, 0.0137068, 0.00634925224849445, 0.0210643477515055, 0.00664098699008276},
    {6, 0.0146643333333333, 0.00858204320209962, 0.0207466234645671, 0.00159612484945445},
    {7, 0.0132941428571429, 0.00736253989549751, 0.0192257458187882, 0.00153748963279523},
    {8, 0.01245575, 0.00711035827707285, 0.0178011417229272, 0.000896981237591267},
};
static const double reference_anytime[][6] = {
    {2, 2, 25.4385934380977, -0.00557756745662637, 0.0397285674566264, 0.0662802885483779},
    {2, 3, 13.017712449158, -0.0318162503581404, 0.0590622503581405, 0.277914315641696},
    {2, 4, 9.37151877171904, -0.0143570893927706, 0.0388075893927705, 0.209569872621106},
    {2, 5, 7.74721037515958, -0.00682321882496615, 0.0342368188249661, 0.124852786606389},
    {2, 6, 6.85308587041859, -0.00155085031898024, 0.0308795169856469, 0.065472241230796},
    {2, 7, 6.29486327204116, -0.00196534824799036, 0.0285536339622761, 0.0753902932256471},
    {2, 8, 5.91624689286307, -0.000918322921142425, 0.0258298229211424, 0.0631864189306166},
    {3, 3, 7.58240571207673, -0.0128439259529031, 0.0400899259529031, 0.168942440794364},
    {3, 4, 6.16938004207012, -0.00527421386664611, 0.0297247138666461, 0.116536145493166},
    {3, 5, 5.47016676123852, -0.000789079309540202, 0.0282026793095402, 0.0587890127379815},
    {3, 6, 5.06060330678221, 0.00269036809160396, 0.0266382985750627, 0.0249663789338629},
    {3, 7, 4.7943940102151, 0.00167196623603595, 0.0249163194782498, 0.0301117945505755},
    {3, 8, 4.60881128173978, 0.00203722297129738, 0.0228742770287026, 0.0238146885186632},
    {5, 5, 4.44681305535512, 0.00192279629845273, 0.0254908037015473, 0.030308859848176},
    {5, 6, 4.21446091696317, 0.00469243759815243, 0.0246362290685142, 0.010975462060529},
    {5, 7, 4.06031927998171, 0.00345144997260126, 0.0231368357416845, 0.013712313463771},
    {5, 8, 3.95154594412554, 0.00352301535166544, 0.0213884846483346, 0.0103762668872613},
    {5, 20, 3.57710209050168, 0, 0, -1},
    {10, 10, 3.40406302422183, 0, 0, -1},
    {20, 100, 3.1645163137049, 0, 0, -1},
};
// clang-format on
#define ROWS(table) (sizeof(table) / sizeof *(table))

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance * fmax(1.0, fabs(want)))) {
        fail_msg("found %.17g, expected %.17g within %g", got, want, tolerance);
    }
}

static void test_fixed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(reference_fixed); i++) {
        const double *r = reference_fixed[i];
        struct paired d;
        paired_of((size_t)r[0], reference_pairs[0], reference_pairs[1], 0, 0.95, &d);
        assert_int_equal(d.n, (size_t)r[0]);
        near(d.by.mean, r[1], 1e-12);
        near(d.by.low, r[2], 1e-11);
        near(d.by.high, r[3], 1e-11);
        near(d.p, r[4], 1e-10);
        near(paired_half(d.n, 0, 0.95) * d.sd / sqrt((double)d.n),
             d.by.high - d.by.mean, 1e-12);
        /* A mean at the smallest effect has an interval that ends at 0. */
        near(paired_smallest(&d, 0, 0.05), d.by.high - d.by.mean, 1e-12);
        assert_true(paired_smallest(&d, 0, 0.01) > paired_smallest(&d, 0, 0.05));
    }
}

static void test_anytime(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(reference_anytime); i++) {
        const double *r = reference_anytime[i];
        const size_t first = (size_t)r[0], n = (size_t)r[1];
        struct paired d;
        near(paired_half(n, first, 0.95), r[2], 1e-6);
        if (r[5] < 0.0) {
            continue;
        }
        paired_of(n, reference_pairs[0], reference_pairs[1], first, 0.95, &d);
        near(d.by.low, r[3], 1e-7);
        near(d.by.high, r[4], 1e-7);
        near(d.p, r[5], 1e-6);
        assert_true((d.p < 0.05) == (d.by.low > 0.0 || d.by.high < 0.0));
        near(paired_smallest(&d, first, 0.05), d.by.high - d.by.mean, 1e-12);
    }
    assert_int_equal(paired_first(5, 0), 0);
    assert_int_equal(paired_first(5, 5), 0);
    assert_int_equal(paired_first(8, 5), 5);
    assert_int_equal(paired_first(2, 1), 2); /* one establishes nothing */
    /* Five seeds that were planned: by how much it widens, and what regains it. */
    near(paired_widening(5, 5, 0.95), 1.60, 0.005);
    near(paired_widening(10, 5, 0.95), 1.68, 0.005);
    assert_int_equal(paired_regains(5, 0.95), 10);
    assert_int_equal(paired_regains(3, 0.95), 5);
}

/* Cases without an interval, and the sign test where all differences are alike. */
static void test_edges(void **state)
{
    (void)state;
    const double a[4] = {0.1, 0.2, 0.3, 0.4}, b[4] = {0.2, 0.3, 0.4, 0.5};
    struct paired d;
    paired_of(0, a, b, 0, 0.95, &d);
    assert_true(isnan(d.by.mean) && isnan(d.p) && d.n == 0);
    paired_of(1, a, b, 0, 0.95, &d);
    assert_true(isnan(d.by.low) && isnan(d.p) && d.higher == 1);
    near(d.by.mean, 0.1, 1e-12);
    paired_of(2, a, reference_pairs[1], 3, 0.95, &d);
    assert_true(isnan(d.by.low) && isnan(d.p)); /* fewer than were to be seen first */
    paired_of(4, a, b, 0, 0.95, &d);
    assert_true(isnan(d.by.low) && isnan(paired_smallest(&d, 0, 0.05)));
    near(d.p, 0.125, 1e-15);
    paired_of(4, a, b, 3, 0.95, &d);
    near(d.p, 0.25, 1e-15);
    paired_of(4, a, a, 0, 0.95, &d);
    assert_true(d.by.mean <= 0.0 && d.by.mean >= 0.0 && d.lower + d.higher == 0);
    near(d.p, 1.0, 1e-15);
    assert_true(isnan(paired_half(4, 1, 0.95)));
}

/* ---- coverage ---- */

enum { DRAWS = 20000, MOST = 20 };

/* |t| of each draw of differences of mean 0 after 2, 3, .. MOST pairs, [DRAWS, MOST +
 * 1].
 */
static double *null_draws(void)
{
    double *t = mem_alloc(DRAWS, (MOST + 1) * sizeof *t);
    assert_non_null(t);
    for (size_t i = 0; i < DRAWS; i++) {
        struct rng r = rng_begin(13, RNG_INIT, i);
        double x[MOST];
        for (size_t n = 1; n <= MOST; n++) {
            x[n - 1] = rng_normal(&r);
            t[i * (MOST + 1) + n] =
                fabs(stats_mean(n, x)) / stats_sd(n, x) * sqrt((double)n);
        }
    }
    return t;
}

/* The share of draws that are outside at some n of from..to. */
static double share_outside(const double *t, size_t from, size_t to, size_t first)
{
    double half[MOST + 1];
    size_t outside = 0;
    for (size_t n = from; n <= to; n++) {
        half[n] = paired_half(n, first, 0.95);
    }
    for (size_t i = 0; i < DRAWS; i++) {
        bool out = false;
        for (size_t n = from; n <= to; n++) {
            out = out || t[i * (MOST + 1) + n] > half[n];
        }
        outside += out ? 1 : 0;
    }
    return (double)outside / DRAWS;
}

/* Four standard errors of a share of .05 in this many draws are .0062. */
static void test_coverage(void **state)
{
    (void)state;
    double *t = null_draws();
    for (size_t n = 2; n <= MOST; n++) {
        near(share_outside(t, n, n, 0), 0.05, 0.0062);
    }
    /* Looking until it is outside: the fixed one is wrong several times as often ... */
    assert_true(share_outside(t, 2, MOST, 0) > 0.15);
    assert_true(share_outside(t, 5, MOST, 0) > 0.10);
    /* ... the other stays within its level, and is not wide for nothing. */
    for (size_t first = 2; first <= 10; first++) {
        const double wrong = share_outside(t, first, MOST, first);
        assert_true(wrong < 0.05 && wrong > 0.015);
    }
    mem_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_anytime),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_coverage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
