/* The kernels over chosen rows against loops, portable and AVX2. */
#include "base/mem.h"
#include "base/rng.h"
#include "num/kern.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(portable),
        cmocka_unit_test(avx2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
