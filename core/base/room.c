#include "base/room.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PATH_CAP 4096

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

/* Bytes left below the limit of the cgroup in this folder. Cached files do not count as
 * used: the kernel drops them. SIZE_MAX: no limit. */
static size_t left_in(const char *folder)
{
    char path[PATH_CAP + 32];
    snprintf(path, sizeof path, "%s/memory.max", folder);
    const size_t most = number_in(path);
    snprintf(path, sizeof path, "%s/memory.current", folder);
    const size_t used = number_in(path);
    snprintf(path, sizeof path, "%s/memory.stat", folder);
    const size_t files = named_in(path, "file ", 1);
    if (most == SIZE_MAX || used == SIZE_MAX) {
        return SIZE_MAX;
    }
    const size_t held = files == SIZE_MAX ? used : files < used ? used - files : 0;
    return held < most ? most - held : 0;
}

size_t room_in_groups(const char *root, const char *group)
{
    char folder[PATH_CAP];
    const size_t base = strlen(root);
    const int n = snprintf(folder, sizeof folder, "%s%s", root, group);
    if (n < 0 || (size_t)n >= sizeof folder) {
        return left_in(root);
    }
    size_t least = SIZE_MAX;
    for (char *end = folder + n; end; end = strrchr(folder + base, '/')) {
        *end = '\0';
        const size_t left = left_in(folder);
        least = left < least ? left : least;
    }
    return least;
}

/* Writes to out this process's cgroup as "/a/b", from the file that names those of all
 * controllers; "" if there is none of version 2. */
static void own_group(char *out, size_t cap)
{
    FILE *f = fopen("/proc/self/cgroup", "re");
    out[0] = '\0';
    while (f && fgets(out, (int)cap, f) && strncmp(out, "0::/", 4) != 0) {
        out[0] = '\0';
    }
    if (f) {
        fclose(f);
    }
    out[strcspn(out, "\n")] = '\0';
    if (out[0]) {
        memmove(out, out + 3, strlen(out + 3) + 1);
    }
}

size_t room_bytes(void)
{
    char group[PATH_CAP];
    own_group(group, sizeof group);
    const size_t left = room_in_groups("/sys/fs/cgroup", group);
    const size_t here = named_in("/proc/meminfo", "MemAvailable:", (size_t)1 << 10);
    return left < here ? left : here;
}
