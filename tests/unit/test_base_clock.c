/* Clocks move forward, and measure what they say. */
#include "base/clock.h"
#include "base/mem.h"
#include "unit/check.h"

#include <time.h>

static void test_monotonic(void **state)
{
    (void)state;
    const int64_t start = clock_ns();
    int64_t last = start;
    for (int i = 0; i < 1000; i++) {
        const int64_t now = clock_ns();
        assert_true(now >= last);
        last = now;
    }
    const struct timespec wait = {0, 20000000};
    nanosleep(&wait, NULL);
    assert_true(clock_seconds_since(start) >= 0.02);
}

static void test_cpu_time(void **state)
{
    (void)state;
    /* Asleep, a thread uses next to no CPU time; the same time awake is counted. */
    const int64_t before = clock_thread_cpu_ns();
    const struct timespec wait = {0, 50000000};
    nanosleep(&wait, NULL);
    assert_true(clock_thread_cpu_ns() - before < 50000000);
    volatile double x = 1.0;
    while (clock_thread_cpu_ns() - before < 50000000) {
        x = x * 1.0000001;
    }
}

static void test_rss(void **state)
{
    (void)state;
    const int64_t before = clock_rss_bytes();
    if (before == 0) {
        skip(); /* no /proc */
    }
    const size_t n = (size_t)64 << 20;
    char *p = mem_alloc(n, 1);
    assert_non_null(p);
    memset(p, 1, n);
    assert_true(clock_rss_bytes() >= before + (int64_t)n / 2);
    mem_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_monotonic),
        cmocka_unit_test(test_cpu_time),
        cmocka_unit_test(test_rss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
