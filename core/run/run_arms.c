#include "run/run_arms.h"

#include "run/engine.h"

#include <stdio.h>
#include <string.h>

static enum err add_arm(struct run_arms *out, const char *dir, const char *suffix,
                        struct remarks *remarks, struct errinfo *e)
{
    if (suffix[0] != '-' || strchr(suffix, '/')) {
        return err_set(e, ERR_FORMAT, "%s: found an arm '%.40s', expected -NAME", dir,
                       suffix);
    }
    if (out->n == RUN_ARMS_MAX) {
        return err_set(e, ERR_FORMAT, "%s: more than %d arms", dir, RUN_ARMS_MAX);
    }
    TRY(engine_arm_dir(dir, suffix, out->dir[out->n], sizeof out->dir[0], e));
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
    char *save = NULL;
    out->n = 1;
    const int len = snprintf(out->dir[0], sizeof out->dir[0], "%s", dir);
    if (len < 0 || (size_t)len >= sizeof out->dir[0]) {
        return err_set(e, ERR_LIMIT, "%.80s...: path too long", dir);
    }
    enum err rc = rundir_is(dir) ? runstate_open(dir, &state, e) : ERR_MISSING;
    if (rc != OK) {
        return rc == ERR_MISSING ? OK : rc;
    }
    for (char *a = strtok_r(state.arms, ";", &save); a && rc == OK;
         a = strtok_r(NULL, ";", &save)) {
        rc = add_arm(out, dir, a, remarks, e);
    }
    runstate_close(&state);
    return rc;
}
