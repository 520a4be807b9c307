#include "base/room.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The number after `name` at the beginning of a line, times `unit`; else SIZE_MAX. */
static size_t named_in(const char *path, const char *name, size_t unit)
{
    char line[128];
    unsigned long long n = 0;
    size_t out = SIZE_MAX;
    FILE *f = fopen(path, "re");
    while (f && out == SIZE_MAX && fgets(line, sizeof line, f)) {
        const size_t len = strlen(name);
        if (!strncmp(line, name, len) && sscanf(line + len, "%llu", &n) == 1) {
            out = (size_t)n * unit;
        }
    }
    if (f) {
        fclose(f);
    }
    return out;
}

/* The number alone in a file; SIZE_MAX for "max" and if there is none. */
static size_t number_in(const char *path)
{
    unsigned long long n = 0;
    FILE *f = fopen(path, "re");
    const int got = f ? fscanf(f, "%llu", &n) : 0;
    if (f) {
        fclose(f);
    }
    return got == 1 ? (size_t)n : SIZE_MAX;
}

/* Bytes left below the memory limit of the cgroup. Cached files do not count as used:
 * the kernel drops them. SIZE_MAX: no limit. */
static size_t left_of_group(void)
{
    const size_t most = number_in("/sys/fs/cgroup/memory.max");
    const size_t used = number_in("/sys/fs/cgroup/memory.current");
    const size_t files = named_in("/sys/fs/cgroup/memory.stat", "file ", 1);
    if (most == SIZE_MAX || used == SIZE_MAX) {
        return SIZE_MAX;
    }
    const size_t held = files < used ? used - files : 0;
    return held < most ? most - held : 0;
}

size_t room_bytes(void)
{
    const size_t left = left_of_group();
    const size_t here = named_in("/proc/meminfo", "MemAvailable:", (size_t)1 << 10);
    return left < here ? left : here;
}
