#include "run/run_arms.h"

#include <stdio.h>

static enum err add_arm(struct run_arms *out, const char *dir,
                        const struct arm_place *p, struct remarks *remarks,
                        struct errinfo *e)
{
    TRY(p->beside ? OK : arm_place_check(dir, p, false, e));
    TRY(arm_place_dir(dir, p, out->dir[out->n], sizeof out->dir[0], e));
    if (rundir_is(out->dir[out->n])) {
        out->n++;
    } else {
        remarks_add(remarks, "%s: its arm %s is not there", dir, out->dir[out->n]);
    }
    return OK;
}

enum err run_arms(const char *dir, struct run_arms *out, struct remarks *remarks,
                  struct errinfo *e)
{
    struct run_state state;
    struct arm_place others[RUN_ARMS_MAX];
    size_t n = 0;
    out->n = 1;
    const int len = snprintf(out->dir[0], sizeof out->dir[0], "%s", dir);
    if (len < 0 || (size_t)len >= sizeof out->dir[0]) {
        return err_set(e, ERR_LIMIT, "%.80s...: path too long", dir);
    }
    enum err rc = rundir_is(dir) ? runstate_open(dir, &state, e) : ERR_MISSING;
    if (rc != OK) {
        return rc == ERR_MISSING ? OK : rc;
    }
    rc = arm_places_read(state.names.others, dir, others, &n, e);
    for (size_t i = 0; rc == OK && i < n; i++) {
        rc = add_arm(out, dir, &others[i], remarks, e);
    }
    runstate_close(&state);
    return rc;
}
