/* The kernels over chosen rows against loops, portable and AVX2. */
#include "base/mem.h"
#include "base/rng.h"
#include "num/kern.h"
#include "num/kern_wide.h"
#include "unit/check.h"

#include <math.h>

#define ROWS 50
#define MAX  200

static void compare(const struct kern *k)
{
    struct rng r = rng_begin(3, RNG_SAMPLE, 0);
    float *x = mem_alloc(ROWS * (MAX + 3), sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < ROWS * (MAX + 3); i++) {
        x[i] = (float)rng_normal(&r);
    }
    const size_t widths[] = {1, 3, 8, 13, 64, 65, 128, 143, 200};
    const size_t counts[] = {0, 1, 3, 4, 5, 17};
    for (size_t a = 0; a < sizeof widths / sizeof *widths; a++) {
        for (size_t b = 0; b < sizeof counts / sizeof *counts; b++) {
            const size_t D = widths[a], n = counts[b], ld = D + 3;
            int32_t id[17];
            float w[17], y[MAX], dot[17], sum[MAX + 1];
            for (size_t i = 0; i < n; i++) {
                id[i] = (int32_t)rng_below(&r, ROWS); /* repeats, too */
                w[i] = (float)rng_normal(&r);
            }
            for (size_t d = 0; d < D; d++) {
                y[d] = sum[d] = (float)rng_normal(&r);
            }
            sum[D] = 77.0f; /* must stay */
            k->rows_dot(n, id, x, ld, D, y, dot);
            k->rows_axpy(n, id, w, x, ld, D, sum);
            float fresh[MAX];
            k->rows_sum(n, id, w, x, ld, D, 0.5f, fresh);
            assert_true(sum[D] >= 77.0f && sum[D] <= 77.0f);
            for (size_t i = 0; i < n; i++) {
                double expected = 0;
                for (size_t d = 0; d < D; d++) {
                    expected += (double)x[(size_t)id[i] * ld + d] * (double)y[d];
                }
                assert_true(fabs(expected - (double)dot[i]) < 1e-4);
            }
            for (size_t d = 0; d < D; d++) {
                double expected = (double)y[d];
                for (size_t i = 0; i < n; i++) {
                    expected += (double)w[i] * (double)x[(size_t)id[i] * ld + d];
                }
                assert_true(fabs(expected - (double)sum[d]) < 1e-4);
                const double half = 0.5 * (expected - (double)y[d]);
                assert_true(fabs(half - (double)fresh[d]) < 1e-4);
            }
        }
    }
    mem_free(x);
}

static void portable(void **state)
{
    (void)state;
    compare(kern_get_portable());
}

static void avx2(void **state)
{
    (void)state;
    if (!kern_get_avx2()) {
        skip();
    }
    compare(kern_get_avx2());
}

/* The wider kernels give the bits of the AVX2 ones. */
static void avx512_has_the_bits_of_avx2(void **state)
{
    (void)state;
    const struct kern *a = kern_get_avx2();
    const struct kern_wide *z = kern_wide_avx512();
    if (!a || !z) {
        skip();
    }
    enum { N = 17, WIDEST = 300 };
    struct rng r = rng_begin(4, RNG_SAMPLE, 0);
    static float x[ROWS * WIDEST];
    for (size_t i = 0; i < (size_t)ROWS * WIDEST; i++) {
        x[i] = (float)rng_normal(&r);
    }
    for (size_t D = 1; D <= WIDEST; D++) {
        int32_t id[N];
        float w[N], y[2][WIDEST], dot[2][N];
        const size_t n = D % (N + 1);
        for (size_t i = 0; i < n; i++) {
            id[i] = (int32_t)rng_below(&r, ROWS);
            w[i] = (float)rng_normal(&r);
        }
        for (size_t d = 0; d < D; d++) {
            y[0][d] = y[1][d] = (float)rng_normal(&r);
        }
        a->rows_dot(n, id, x, WIDEST, D, y[0], dot[0]);
        z->rows_dot(n, id, x, WIDEST, D, y[0], dot[1]);
        assert_memory_equal(dot[0], dot[1], n * sizeof dot[0][0]);
        a->rows_axpy(n, id, w, x, WIDEST, D, y[0]);
        z->rows_axpy(n, id, w, x, WIDEST, D, y[1]);
        assert_memory_equal(y[0], y[1], D * sizeof y[0][0]);
        a->rows_sum(n, id, w, x, WIDEST, D, 0.3f, y[0]);
        z->rows_sum(n, id, w, x, WIDEST, D, 0.3f, y[1]);
        assert_memory_equal(y[0], y[1], D * sizeof y[0][0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(portable),
        cmocka_unit_test(avx2),
        cmocka_unit_test(avx512_has_the_bits_of_avx2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
