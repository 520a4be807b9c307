/* [threads] The pool: every block once, sums that do not depend on the thread count. */
#include "base/pool.h"
#include "unit/check.h"

#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>

enum { BLOCKS = 1000 };

struct job {
    unsigned char taken[BLOCKS]; /* written by the block's taker alone */
    double part[BLOCKS];
    size_t worker_calls[8]; /* written by worker i alone */
    size_t threads;
    atomic_size_t wrong;
};

static void work(void *ctx, size_t block, size_t worker)
{
    struct job *j = ctx;
    if (worker >= j->threads) {
        atomic_fetch_add(&j->wrong, 1);
        return;
    }
    j->worker_calls[worker]++;
    j->taken[block]++;
    double sum = 0.0;
    for (size_t i = 1; i < 200; i++) {
        sum += 1.0 / (double)(block * 200 + i);
    }
    j->part[block] = sum;
}

/* One run; the sum over blocks in their order. */
static double run(struct pool *p, size_t blocks, struct job *j)
{
    memset(j, 0, sizeof *j);
    j->threads = pool_threads(p);
    pool_run(p, blocks, work, j);
    double sum = 0.0;
    size_t calls = 0;
    for (size_t i = 0; i < 8; i++) {
        calls += j->worker_calls[i];
    }
    assert_int_equal(calls, blocks);
    assert_int_equal(atomic_load(&j->wrong), 0);
    for (size_t i = 0; i < BLOCKS; i++) {
        assert_int_equal(j->taken[i], i < blocks ? 1 : 0);
        sum += j->part[i];
    }
    return sum;
}

static void test_same_for_any_threads(void **state)
{
    (void)state;
    struct errinfo e;
    static struct job j;
    const double want = run(NULL, BLOCKS, &j);
    assert_true(want > 0.0);
    for (size_t threads = 1; threads <= 8; threads++) {
        struct pool *p = NULL;
        assert_ok(pool_new(threads, &p, &e), &e);
        assert_int_equal(pool_threads(p), threads);
        for (int again = 0; again < 5; again++) {
            const double got = run(p, BLOCKS, &j);
            assert_memory_equal(&got, &want, sizeof want);
        }
        pool_free(p);
    }
}

/* Many short jobs of changing size, where a worker may come late for each. */
static void test_many_short_jobs(void **state)
{
    (void)state;
    struct errinfo e;
    static struct job j;
    struct pool *p = NULL;
    assert_ok(pool_new(3, &p, &e), &e);
    for (size_t i = 0; i < 3000; i++) {
        run(p, i % 7, &j);
    }
    pool_free(p);
}

static void test_few_blocks(void **state)
{
    (void)state;
    struct errinfo e;
    static struct job j;
    struct pool *p = NULL;
    assert_ok(pool_new(4, &p, &e), &e);
    run(p, 0, &j);
    run(p, 1, &j);
    assert_int_equal(j.worker_calls[0], 1);
    run(p, 2, &j);
    pool_free(p);
    assert_ok(pool_new(4, &p, &e), &e); /* freed without a run */
    pool_free(p);
    pool_free(NULL);
}

struct meeting {
    atomic_size_t inside;
    int nice_of[2]; /* written by worker i alone */
};

/* Returns when the other block runs at the same time: this needs two threads. */
static void meet(void *ctx, size_t block, size_t worker)
{
    (void)block;
    struct meeting *m = ctx;
    m->nice_of[worker] = getpriority(PRIO_PROCESS, 0); /* on Linux of this thread */
    atomic_fetch_add(&m->inside, 1);
    while (atomic_load(&m->inside) < 2) {
        const struct timespec ms = {0, 1000000};
        nanosleep(&ms, NULL);
    }
}

static void test_parallel_and_nice(void **state)
{
    (void)state;
    struct errinfo e;
    struct pool *p = NULL;
    const int before = getpriority(PRIO_PROCESS, 0);
    assert_ok(pool_new(2, &p, &e), &e);
    struct meeting m = {0};
    pool_run(p, 2, meet, &m);
    assert_int_equal(atomic_load(&m.inside), 2);
    assert_true(m.nice_of[1] >= 10);
    assert_int_equal(m.nice_of[0], before);
    pool_free(p);
}

static void test_refused(void **state)
{
    (void)state;
    struct errinfo e;
    struct pool *p = NULL;
    check_error(pool_new(0, &p, &e), ERR_USAGE, &e, "found 0 threads");
    check_error(pool_new(100000, &p, &e), ERR_USAGE, &e, "expected 1 to");
    assert_null(p);
}

static void test_cpus(void **state)
{
    (void)state;
    assert_in_range(pool_cpus(), 1, 1024);
    assert_int_equal(pool_count(0), pool_cpus());
    assert_int_equal(pool_count(3), 3);
    assert_int_equal(pool_threads(NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_for_any_threads),
        cmocka_unit_test(test_many_short_jobs),
        cmocka_unit_test(test_few_blocks),
        cmocka_unit_test(test_parallel_and_nice),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_cpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
