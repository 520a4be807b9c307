#include "state_dir.h"

#include <stdio.h>
#include <stdlib.h>

enum err state_dir(const char *name, char *out, size_t cap, struct errinfo *e)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n = -1;
    if (state && state[0] == '/') {
        n = snprintf(out, cap, "%s/saetop/%s", state, name);
    } else if (home && home[0]) {
        n = snprintf(out, cap, "%s/.local/state/saetop/%s", home, name);
    } else {
        return err_set(e, ERR_MISSING,
                       "no place for runs: neither XDG_STATE_HOME nor HOME is set");
    }
    return n > 0 && (size_t)n < cap
               ? OK
               : err_set(e, ERR_LIMIT, "%.80s...: path too long", out);
}
