#include "run/run_arms.h"

static enum err add_arm(struct run_arms *out, const struct arm_place *p,
                        struct errinfo *e)
{
    TRY(p->beside ? OK : arm_place_check(out->dir[0], p, false, e));
    return arm_place_dir(out->dir[0], p, out->dir[out->n], sizeof out->dir[0], e);
}

/* Adds the arm of an old run. A run without a save to resume does not name its arms; in
 * the earlier layout one may lie beside it. */
static enum err add_old(struct run_arms *out, struct errinfo *e)
{
    static const struct arm_place old[] = {{ARM_NAME_TWIN, true}, {"also1", true}};
    for (size_t i = 0; i < sizeof old / sizeof *old && out->n == 1; i++) {
        TRY(add_arm(out, &old[i], e));
        out->n += rundir_is(out->dir[1]) ? 1U : 0U;
    }
    return OK;
}

static enum err add_named(const struct run_state *state, struct run_arms *out,
                          struct remarks *remarks, struct errinfo *e)
{
    struct arm_place others[RUN_ARMS_MAX];
    size_t n = 0;
    TRY(arm_places_read(state->names.others, out->dir[0], others, &n, e));
    for (size_t i = 0; i < n; i++) {
        TRY(add_arm(out, &others[i], e));
        if (rundir_is(out->dir[out->n])) {
            out->n++;
        } else {
            remarks_add(remarks, "%s: its arm %s is not there", out->dir[0],
                        out->dir[out->n]);
        }
    }
    return OK;
}

enum err run_arms(const char *dir, struct run_arms *out, struct remarks *remarks,
                  struct errinfo *e)
{
    static const struct arm_place first = {.name = ""};
    struct run_state state;
    out->n = 0;
    TRY(arm_place_dir(dir, &first, out->dir[0], sizeof out->dir[0], e));
    out->n = 1;
    if (!rundir_is(out->dir[0])) {
        return OK;
    }
    enum err rc = runstate_open(out->dir[0], &state, e);
    if (rc != OK) {
        return rc == ERR_MISSING ? add_old(out, e) : rc;
    }
    rc = add_named(&state, out, remarks, e);
    runstate_close(&state);
    return rc;
}
