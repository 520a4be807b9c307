#include "state_dir.h"

#include <stdio.h>
#include <stdlib.h>

/* Write the path of our file below a user's folder, given by `variable` or `usual`; -1
 * if neither is set, else as snprintf. */
static int below(const char *variable, const char *usual, const char *name, char *out,
                 size_t cap)
{
    const char *set = getenv(variable), *home = getenv("HOME");
    if (set && set[0] == '/') {
        return snprintf(out, cap, "%s/saetop/%s", set, name);
    }
    return home && home[0] ? snprintf(out, cap, "%s/%s/saetop/%s", home, usual, name)
                           : -1;
}

enum err state_dir(const char *name, char *out, size_t cap, struct errinfo *e)
{
    const int n = below("XDG_STATE_HOME", ".local/state", name, out, cap);
    if (n < 0) {
        return err_set(e, ERR_MISSING,
                       "no folder for runs: neither XDG_STATE_HOME nor HOME is set");
    }
    return (size_t)n < cap ? OK : err_set(e, ERR_LIMIT, "%.80s...: path too long", out);
}

bool config_path(char *out, size_t cap)
{
    const int n = below("XDG_CONFIG_HOME", ".config", "config", out, cap);
    return n > 0 && (size_t)n < cap;
}
