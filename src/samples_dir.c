#include "samples_dir.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_CAP 4096

/* Write BIN/../share/saetop/samples for the running program BIN/saetop; "" if
 * unknown. */
static void beside_program(char out[PATH_CAP])
{
    static const char tail[] = "/../share/saetop/samples";
    out[0] = '\0';
    char exe[PATH_CAP - sizeof tail];
    const ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0 || (size_t)n >= sizeof exe - 1) {
        return;
    }
    exe[n] = '\0';
    char *slash = strrchr(exe, '/');
    if (slash) {
        *slash = '\0';
        (void)snprintf(out, PATH_CAP, "%s%s", exe, tail);
    }
}

static enum err copy_path(const char *path, char *out, size_t cap, struct errinfo *e)
{
    const size_t len = strlen(path);
    if (len >= cap) {
        return err_set(e, ERR_LIMIT, "%.200s: path too long", path);
    }
    memcpy(out, path, len + 1);
    return OK;
}

enum err samples_dir(char *out, size_t cap, struct errinfo *e)
{
    char beside[PATH_CAP];
    beside_program(beside);
    const char *env = getenv("SAETOP_SAMPLES");
    if (env && env[0]) {
        /* Asked for by name: no other place will do. */
        if (!file_is_dir(env)) {
            return err_set(e, ERR_MISSING, "SAETOP_SAMPLES: %s is no directory", env);
        }
        return copy_path(env, out, cap, e);
    }
    const char *const places[] = {beside, SAETOP_SOURCE_SAMPLES,
                                  SAETOP_INSTALL_SAMPLES};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (places[i][0] && file_is_dir(places[i])) {
            return copy_path(places[i], out, cap, e);
        }
    }
    return err_set(e, ERR_MISSING,
                   "no samples folder at %s, %s or %s; set SAETOP_SAMPLES to it",
                   places[0][0] ? places[0] : "(unknown)", places[1], places[2]);
}

enum err samples_path(const char *name, char *out, size_t cap, struct errinfo *e)
{
    char dir[PATH_CAP];
    char path[PATH_CAP];
    TRY(samples_dir(dir, sizeof dir, e));
    TRY(path_join(path, sizeof path, dir, name, e));
    char file[PATH_CAP];
    (void)snprintf(file, sizeof file, "%.*s", (int)strcspn(path, "#"), path);
    if (!file_exists(file) && !file_is_dir(file)) {
        return err_set(e, ERR_MISSING, "%s: not found", file);
    }
    return copy_path(path, out, cap, e);
}

enum err samples_resolve(const char *path, char *out, size_t cap, struct errinfo *e)
{
    static const char prefix[] = "samples/";
    char file[PATH_CAP];
    const int n = snprintf(file, sizeof file, "%.*s", (int)strcspn(path, "#"), path);
    if (n < 0 || (size_t)n >= sizeof file) {
        return err_set(e, ERR_LIMIT, "%.60s...: path too long", path);
    }
    if (strncmp(path, prefix, sizeof prefix - 1) == 0 && !file_exists(file) &&
        !file_is_dir(file)) {
        return samples_path(path + sizeof prefix - 1, out, cap, e);
    }
    return copy_path(path, out, cap, e);
}
