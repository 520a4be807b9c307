/* The scans of topk.c for each kind of CPU against the plain ones. The file is included
 * whole, as it is the scans that are compared, not what is built from them. */
#include "base/rng.h"
#include "num/topk.c"
#include "unit/check.h"

#if defined(__x86_64__)
#define N 300

static void fill(struct rng *r, size_t n, float *x)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = rng_unit(r) < 0.1 ? 0.75f : (float)rng_normal(r);
    }
}

static const float thresholds[] = {0.0f, 0.5f, 0.75f, 3.5f, 9.0f};
#define THRESHOLDS (sizeof thresholds / sizeof thresholds[0])

typedef size_t above_fn(size_t n, const float *x, float t, int32_t *id, float *val);

static void check_above(above_fn *above)
{
    struct rng r = rng_begin(1, RNG_SAMPLE, 0);
    for (size_t n = 0; n <= N; n++) {
        float x[N], val[2][N];
        int32_t id[2][N];
        fill(&r, n, x);
        const float t = thresholds[n % THRESHOLDS];
        const size_t m = above_plain(0, n, x, t, id[0], val[0], 0);
        assert_int_equal(above(n, x, t, id[1], val[1]), m);
        assert_memory_equal(id[0], id[1], m * sizeof id[0][0]);
        assert_memory_equal(val[0], val[1], m * sizeof val[0][0]);
    }
}

typedef size_t keep_fn(size_t n, float t, int32_t *id, float *val);

static void check_keep(keep_fn *keep)
{
    struct rng r = rng_begin(2, RNG_SAMPLE, 0);
    for (size_t n = 0; n <= N; n++) {
        float val[2][N];
        int32_t id[2][N];
        fill(&r, n, val[0]);
        for (size_t i = 0; i < n; i++) {
            id[0][i] = id[1][i] = (int32_t)(3 * i);
            val[1][i] = val[0][i];
        }
        const float t = thresholds[n % THRESHOLDS];
        const size_t m = keep_plain(0, n, t, id[0], val[0], 0);
        assert_int_equal(keep(n, t, id[1], val[1]), m);
        assert_memory_equal(id[0], id[1], m * sizeof id[0][0]);
        assert_memory_equal(val[0], val[1], m * sizeof val[0][0]);
    }
}

typedef size_t count_fn(size_t n, const float *v, float t);

static void check_count(count_fn *count)
{
    struct rng r = rng_begin(3, RNG_SAMPLE, 0);
    for (size_t n = 0; n <= N; n++) {
        float v[N];
        fill(&r, n, v);
        const float t = thresholds[n % THRESHOLDS];
        assert_int_equal(count(n, v, t), count_plain(n, v, t));
    }
}

static void sse2(void **state)
{
    (void)state;
    check_above(above_sse2);
}

static void avx2(void **state)
{
    (void)state;
    if (!have_avx2()) {
        skip();
    }
    check_above(above_avx2);
    check_keep(keep_avx2);
    check_count(count_avx2);
    struct rng r = rng_begin(4, RNG_SAMPLE, 0);
    for (size_t n = 1; n <= N; n++) {
        float v[N];
        fill(&r, n, v);
        int32_t lo[2] = {bits_of(1.0f), bits_of(1.0f)};
        int32_t hi[2] = {bits_of(1.0f), bits_of(1.0f)};
        for (size_t i = 0; i < n; i++) {
            v[i] = v[i] > 0 ? v[i] : 1e-3f - v[i]; /* bits order positive numbers */
        }
        range_plain(n, v, &lo[0], &hi[0]);
        range_avx2(n, v, &lo[1], &hi[1]);
        assert_int_equal(lo[0], lo[1]);
        assert_int_equal(hi[0], hi[1]);
    }
}

static void avx512(void **state)
{
    (void)state;
    if (!have_avx512()) {
        skip();
    }
    check_above(above_avx512);
    check_keep(keep_avx512);
    check_count(count_avx512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sse2),
        cmocka_unit_test(avx2),
        cmocka_unit_test(avx512),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
    return 0;
}
#endif
