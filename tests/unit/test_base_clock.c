/* Clocks move forward, and measure what they say. */
#include "base/clock.h"
#include "base/file.h"
#include "base/infile.h"
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

/* A mapped file is resident, and not our own. */
static void test_own(void **state)
{
    (void)state;
    struct errinfo e;
    const uint8_t *data = NULL;
    const size_t n = (size_t)16 << 20;
    char dir[256], path[512];
    size_t len = 0, sum = 0;
    if (clock_rss_bytes() == 0) {
        skip(); /* no /proc */
    }
    char *p = mem_alloc(n, 1);
    assert_non_null(p);
    tmp_make_in_memory(dir, sizeof dir);
    assert_ok(file_write(tmp_path(path, dir, "f"), &(struct file_piece){p, n}, 1, &e),
              &e);
    const int64_t own = clock_own_bytes(), all = clock_rss_bytes();
    assert_true(own >= (int64_t)n && own < all);
    assert_ok(file_map(path, &data, &len, &e), &e);
    for (size_t i = 0; i < len; i += 4096) {
        sum += data[i];
    }
    assert_int_equal(sum, 0);
    assert_true(clock_rss_bytes() > all + (int64_t)n / 2);
    assert_true(clock_own_bytes() < own + (int64_t)n / 4);
    infile_drop(data, len);
    assert_true(clock_rss_bytes() < all + (int64_t)n / 4);
    assert_int_equal(data[len - 1], 0); /* read again */
    file_unmap(data, len);
    mem_free(p);
    tmp_drop(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_monotonic),
        cmocka_unit_test(test_cpu_time),
        cmocka_unit_test(test_rss),
        cmocka_unit_test(test_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
