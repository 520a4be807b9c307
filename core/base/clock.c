#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    if (clock_gettime(id, &t) != 0) {
        return 0;
    }
    return (int64_t)t.tv_sec * 1000000000 + (int64_t)t.tv_nsec;
}

int64_t clock_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_thread_cpu_ns(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* Resident bytes, without those of files if `own`. */
static int64_t resident(bool own)
{
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f) {
        return 0;
    }
    long long total, all, files;
    const int got = fscanf(f, "%lld %lld %lld", &total, &all, &files);
    fclose(f);
    const long page = sysconf(_SC_PAGESIZE);
    return got == 3 && page > 0 ? (int64_t)(own ? all - files : all) * page : 0;
}

int64_t clock_rss_bytes(void)
{
    return resident(false);
}

int64_t clock_own_bytes(void)
{
    return resident(true);
}
