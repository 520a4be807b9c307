/* Exact selection against a sorting twin: ties, NaN, infinities, poor guesses. */
#include "base/mem.h"
#include "base/rng.h"
#include "check.h"
#define REAL_F64
#include "num/topk.h"
#undef REAL_F64
#include "num/topk.h"

#include <math.h>

struct entry {
    double v;
    int32_t id;
};

static int by_value_then_id(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->v > y->v || x->v < y->v) {
        return x->v > y->v ? -1 : 1;
    }
    return x->id < y->id ? -1 : x->id > y->id;
}

static int by_id(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* The answer by sorting. */
static size_t twin(size_t n, const double *x, size_t k, struct entry *out)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (x[i] > 0) {
            out[m++] = (struct entry){x[i], (int32_t)i};
        }
    }
    qsort(out, m, sizeof *out, by_value_then_id);
    m = m < k ? m : k;
    qsort(out, m, sizeof *out, by_id);
    return m;
}

#define MAX_N 3000

static void check_row(size_t n, const double *x, size_t k, struct topk_guess_f32 *gf,
                      struct topk_guess_f64 *gd)
{
    static struct entry expected[MAX_N];
    static float xf[MAX_N], vf[MAX_N];
    static double vd[MAX_N];
    static int32_t idf[MAX_N], idd[MAX_N];
    const size_t m = twin(n, x, k, expected);
    for (size_t i = 0; i < n; i++) {
        xf[i] = (float)x[i];
    }
    assert_int_equal(topk_row_f32(n, xf, k, 1.0f, gf, idf, vf), m);
    assert_int_equal(topk_row_f64(n, x, k, 1.0, gd, idd, vd), m);
    for (size_t i = 0; i < m; i++) {
        assert_int_equal(idf[i], expected[i].id);
        assert_int_equal(idd[i], expected[i].id);
        assert_memory_equal(&vf[i], &xf[idf[i]], sizeof vf[i]);
        assert_memory_equal(&vd[i], &x[idd[i]], sizeof vd[i]);
    }
}

/* Values that are floats, so that both precisions see the same ties. */
static double draw(struct rng *r, int kind)
{
    switch (kind) {
    case 0: /* all different, about half negative */
        return (double)(float)rng_normal(r);
    case 1: /* many ties */ return (double)((int)rng_below(r, 7) - 2);
    case 2: /* few positive */
        return rng_unit(r) < 0.01 ? 1 + (double)(float)rng_unit(r) : -1;
    case 3: /* all equal */ return 0.5;
    default: /* rows with holes */
        return rng_unit(r) < 0.2    ? (double)NAN
               : rng_unit(r) < 0.05 ? (double)INFINITY
               : rng_unit(r) < 0.05 ? 1e-40
                                    : (double)(float)rng_normal(r);
    }
}

static void rows_match_sorting(void **state)
{
    (void)state;
    static double x[MAX_N];
    const size_t sizes[] = {1, 2, 7, 16, 31, 33, 64, 130, 512, 1024, 2999};
    const size_t ks[] = {1, 2, 4, 5, 16, 32, 100, 500, 3000};
    struct rng r = rng_begin(1, RNG_SAMPLE, 0);
    for (int kind = 0; kind < 5; kind++) {
        for (size_t a = 0; a < sizeof sizes / sizeof *sizes; a++) {
            for (size_t b = 0; b < sizeof ks / sizeof *ks; b++) {
                struct topk_guess_f32 gf = {0};
                struct topk_guess_f64 gd = {0};
                for (int repeat = 0; repeat < 6; repeat++) {
                    for (size_t i = 0; i < sizes[a]; i++) {
                        /* The last rows are far from what the first taught. */
                        x[i] = draw(&r, kind) * (repeat < 4    ? 1
                                                 : repeat == 4 ? 1e-3
                                                               : 1e3);
                        x[i] = (double)(float)x[i];
                    }
                    check_row(sizes[a], x, ks[b], &gf, &gd);
                }
            }
        }
    }
}

static void above_keeps_order(void **state)
{
    (void)state;
    float x[100], val[100];
    int32_t id[100];
    for (size_t i = 0; i < 100; i++) {
        x[i] = i % 3 == 0 ? (float)i : i % 3 == 1 ? -1.0f : NAN;
    }
    const size_t m = topk_above_f32(100, x, 30.0f, id, val);
    assert_int_equal(m, 23); /* 33, 36, .. 99 */
    for (size_t i = 0; i < m; i++) {
        assert_int_equal(id[i], 33 + 3 * (int32_t)i);
        assert_true(val[i] == (float)id[i]);
    }
    assert_int_equal(topk_above_f32(0, x, 0.0f, id, val), 0);
}

static void cut_separates(void **state)
{
    (void)state;
    const double v[] = {3, 1, 2, 2, 2, 5, INFINITY};
    size_t above;
    for (size_t k = 1; k <= 7; k++) {
        const double cut = topk_cut_f64(7, v, k, &above);
        size_t more = 0, equal = 0;
        for (size_t i = 0; i < 7; i++) {
            more += v[i] > cut;
            equal += v[i] >= cut && !(v[i] > cut);
        }
        assert_int_equal(more, above);
        assert_true(above <= k && above + equal >= k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_match_sorting),
        cmocka_unit_test(above_keeps_order),
        cmocka_unit_test(cut_separates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
