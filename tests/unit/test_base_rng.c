/* Random numbers: fixed values, so that seeds keep their meaning, and sanity. */
#include "base/rng.h"
#include "unit/check.h"

#include <math.h>

/* From an independent implementation of the definition (Python integers); its
 * splitmix64 gives the published 6457827717110365317 for seed 1234567. */
static void test_values(void **state)
{
    (void)state;
    assert_true(rng_at(0, RNG_DOCUMENT, 0, 0) == 0x68ac638da2edda0cu);
    assert_true(rng_at(1, RNG_SHUFFLE, 3, 4) == 0x2944ecb97de769b2u);
    assert_true(rng_at(UINT64_MAX, RNG_PROBE, UINT64_MAX, UINT64_MAX) ==
                0xe7c6d7f99b336eebu);
    assert_true(rng_at(42, RNG_INIT, 7, (uint64_t)1 << 40) == 0xdde63fba80f41380u);

    struct rng r = rng_begin(7, RNG_INIT, 0);
    static const double normal[] = {-0.2063769037192352, -0.5018179021439799,
                                    0.7619274243042911};
    for (size_t i = 0; i < 3; i++) {
        assert_true(fabs(rng_normal(&r) - normal[i]) < 1e-14);
    }
    assert_int_equal(r.next, 6); /* two draws each: a state is a position */
    r = rng_begin(7, RNG_SHUFFLE, 9);
    static const uint64_t below[] = {7, 9, 1, 9, 8, 6, 7, 0, 8, 3, 5, 1};
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(rng_below(&r, 10), below[i]);
    }
    r = rng_begin(7, RNG_SHUFFLE, 1);
    uint32_t idx[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    static const uint32_t permuted[8] = {6, 3, 7, 0, 4, 5, 2, 1};
    rng_permute(&r, idx, 8);
    assert_memory_equal(idx, permuted, sizeof idx);
}

static void test_sequence_is_counter(void **state)
{
    (void)state;
    struct rng r = rng_begin(3, RNG_SAMPLE, 5);
    for (uint64_t i = 0; i < 100; i++) {
        assert_true(rng_u64(&r) == rng_at(3, RNG_SAMPLE, 5, i));
    }
    const struct rng resumed = {3, RNG_SAMPLE, 5, 100};
    struct rng copy = resumed;
    assert_true(rng_u64(&r) == rng_u64(&copy));
}

static int compare_u64(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Small neighbouring arguments give different values everywhere. */
static void test_no_collision(void **state)
{
    (void)state;
    enum { N = 11 * 11 * 11 * 11 };
    static uint64_t v[N];
    size_t n = 0;
    for (uint64_t s = 0; s < 11; s++) {
        for (int t = 1; t <= 11; t++) {
            for (uint64_t a = 0; a < 11; a++) {
                for (uint64_t b = 0; b < 11; b++) {
                    v[n++] = rng_at(s, (enum rng_stream)t, a, b);
                }
            }
        }
    }
    qsort(v, n, sizeof v[0], compare_u64);
    for (size_t i = 1; i < n; i++) {
        assert_true(v[i - 1] != v[i]);
    }
}

/* Flipping any bit of any argument flips about half of the output. */
static void test_avalanche(void **state)
{
    (void)state;
    for (int part = 0; part < 3; part++) {
        for (unsigned bit = 0; bit < 64; bit++) {
            double flipped = 0.0;
            enum { N = 400 };
            for (uint64_t i = 0; i < N; i++) {
                uint64_t k[3] = {i, 2 * i + 1, i * i};
                const uint64_t before = rng_at(k[0], RNG_MASK, k[1], k[2]);
                k[part] ^= (uint64_t)1 << bit;
                uint64_t diff = before ^ rng_at(k[0], RNG_MASK, k[1], k[2]);
                for (; diff != 0; diff &= diff - 1) {
                    flipped += 1.0;
                }
            }
            /* mean 32, standard error 4 / sqrt(400) = 0.2; seven of them */
            assert_true(fabs(flipped / N - 32.0) < 1.4);
        }
    }
}

/* Chi squared of counts over `n` equal cells, as a normal deviate. */
static double chi_deviate(const size_t *count, size_t n, size_t draws)
{
    const double expected = (double)draws / (double)n;
    double chi = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)count[i] - expected;
        chi += d * d / expected;
    }
    const double df = (double)(n - 1);
    return (chi - df) / sqrt(2.0 * df);
}

static void test_uniform(void **state)
{
    (void)state;
    enum { CELLS = 256, DRAWS = 400000 };
    /* along b, along a, along the seed, and pairs of neighbours */
    for (int mode = 0; mode < 4; mode++) {
        size_t count[CELLS] = {0};
        double sum = 0.0;
        for (uint64_t i = 0; i < DRAWS; i++) {
            const double u = mode == 1   ? rng_unit_at(1, RNG_MASK, i, 0)
                             : mode == 2 ? rng_unit_at(i, RNG_MASK, 0, 0)
                                         : rng_unit_at(1, RNG_MASK, 0, i);
            assert_true(u >= 0.0 && u < 1.0);
            sum += u;
            size_t cell = (size_t)(u * CELLS);
            if (mode == 3) {
                const double w = rng_unit_at(1, RNG_MASK, 0, i + 1);
                cell = (size_t)(u * 16) * 16 + (size_t)(w * 16);
            }
            count[cell]++;
        }
        assert_true(fabs(chi_deviate(count, CELLS, DRAWS)) < 5.0);
        assert_true(fabs(sum / DRAWS - 0.5) < 5.0 * sqrt(1.0 / 12.0 / DRAWS));
    }
}

static void test_below(void **state)
{
    (void)state;
    struct rng r = rng_begin(5, RNG_SAMPLE, 0);
    assert_int_equal(rng_below(&r, 1), 0);
    enum { CELLS = 7, DRAWS = 200000 };
    size_t count[CELLS] = {0};
    for (int i = 0; i < DRAWS; i++) {
        const uint64_t v = rng_below(&r, CELLS);
        assert_true(v < CELLS);
        count[v]++;
    }
    assert_true(fabs(chi_deviate(count, CELLS, DRAWS)) < 5.0);
    /* n = 3/4 of 2^64: by plain modulo the lowest third would come half of the time. */
    const uint64_t quarter = (uint64_t)1 << 62;
    size_t lower = 0;
    for (int i = 0; i < 20000; i++) {
        lower += rng_below(&r, 3 * quarter) < quarter ? 1 : 0;
    }
    assert_true(fabs((double)lower / 20000 - 1.0 / 3.0) < 0.02);
}

static void test_normal(void **state)
{
    (void)state;
    struct rng r = rng_begin(9, RNG_INIT, 1);
    enum { N = 400000 };
    double moment[5] = {0};
    for (int i = 0; i < N; i++) {
        const double x = rng_normal(&r);
        assert_true(isfinite(x));
        double p = 1.0;
        for (size_t k = 0; k < 5; k++) {
            moment[k] += p / N;
            p *= x;
        }
    }
    const double se = 1.0 / sqrt((double)N);
    assert_true(fabs(moment[1]) < 5.0 * se);
    assert_true(fabs(moment[2] - 1.0) < 5.0 * sqrt(2.0) * se);
    assert_true(fabs(moment[3]) < 5.0 * sqrt(15.0) * se);
    assert_true(fabs(moment[4] - 3.0) < 5.0 * sqrt(96.0) * se);
}

static void test_permute(void **state)
{
    (void)state;
    struct rng r = rng_begin(2, RNG_SHUFFLE, 0);
    rng_permute(&r, NULL, 0);
    size_t count[24] = {0}; /* all orders of 4, by their Lehmer code */
    enum { N = 48000 };
    for (int i = 0; i < N; i++) {
        uint32_t x[4] = {10, 11, 12, 13};
        rng_permute(&r, x, 4);
        size_t code = 0;
        for (size_t a = 0; a < 4; a++) {
            size_t smaller = 0;
            for (size_t b = a + 1; b < 4; b++) {
                smaller += x[b] < x[a] ? 1 : 0;
            }
            code = code * (4 - a) + smaller;
        }
        count[code]++;
    }
    assert_true(fabs(chi_deviate(count, 24, N)) < 5.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),       cmocka_unit_test(test_sequence_is_counter),
        cmocka_unit_test(test_no_collision), cmocka_unit_test(test_avalanche),
        cmocka_unit_test(test_uniform),      cmocka_unit_test(test_below),
        cmocka_unit_test(test_normal),       cmocka_unit_test(test_permute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
