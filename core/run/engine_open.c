/* The one way in which a run is begun or gone on with. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/room.h"
#include "run/engine.h"

#include <string.h>

/* The directories of all arms, or of none. */
static enum err lock_all(const char *dir, const struct arm_plan *arms, size_t n,
                         struct dirlocks *c, struct errinfo *e)
{
    for (size_t a = 0; a < n; a++) {
        struct arm_place p = {.beside = false};
        memcpy(p.name, arms[a].name, sizeof p.name);
        const enum err rc = dirlocks_make(c, dir, &p, e);
        if (rc != OK) {
            dirlocks_release(c, 0);
            return rc;
        }
    }
    return OK;
}

static enum err open_inputs(const struct engine_setup *s, const struct arm_plan *first,
                            struct inputs **out, struct errinfo *e)
{
    struct inputs *in = NULL;
    TRY(inputs_new(&first->set, &in, e));
    const enum err rc = s->opened ? s->opened(s->user, in, e) : OK;
    if (rc != OK) {
        inputs_free(in);
        return rc;
    }
    *out = in;
    return OK;
}

static enum err make(const struct engine_setup *s, const struct arm_plan *arms,
                     size_t n, struct engine **out, struct errinfo *e)
{
    const struct arm_place first = {.name = ""};
    struct dirlocks locks = {0};
    struct inputs *in = NULL;
    char dir[SETTING_TEXT_MAX] = "";
    if (s->dir) {
        TRY(arm_place_dir(s->dir, &first, dir, sizeof dir, e));
    }
    if (s->dir && s->lock) {
        TRY(lock_all(dir, arms, n, &locks, e));
    }
    enum err rc = open_inputs(s, &arms[0], &in, e);
    rc = rc == OK ? engine_new_arms(in, arms, n, out, e) : rc;
    if (rc != OK) {
        dirlocks_release(&locks, 0);
        return rc;
    }
    (*out)->locks = locks;
    memcpy((*out)->dir, dir, sizeof dir);
    return OK;
}

static enum err begin(const struct engine_setup *s, struct engine **out,
                      struct errinfo *e)
{
    struct arm_plan *own = NULL;
    size_t n = s->n;
    if (s->arms) {
        return make(s, s->arms, n, out, e);
    }
    TRY(arm_plans_of(s->set, &own, &n, e));
    const enum err rc = make(s, own, n, out, e);
    mem_free(own);
    return rc;
}

static enum err go_on(const struct engine_setup *s, struct engine **out,
                      struct errinfo *e)
{
    struct engine *g = NULL;
    TRY(engine_resume(s->resume, s->given, s->set->samples_dir, s->in, &g, e));
    const enum err rc = s->opened ? s->opened(s->user, g->in, e) : OK;
    if (rc != OK) {
        g->in = s->in ? NULL : g->in; /* the caller's stays the caller's */
        engine_free(g);
        return rc;
    }
    *out = g;
    return OK;
}

enum err engine_open(const struct engine_setup *s, struct engine **out,
                     struct errinfo *e)
{
    struct engine *g = NULL;
    TRY(s->resume ? go_on(s, &g, e) : begin(s, &g, e));
    g->watch = s->watch;
    g->cancel = s->cancel;
    g->stretch_eval = s->stretch_eval;
    enum err rc =
        engine_check_room(g, engine_room((size_t)clock_own_bytes(), room_bytes()), e);
    if (rc == OK && !s->resume && s->lock) { /* resumed from the beginning, too */
        rc = engine_checkpoint(g, e);
    }
    if (rc != OK) {
        g->in = s->resume && s->in ? NULL : g->in; /* the caller's stays the caller's */
        engine_free(g);
        return rc;
    }
    *out = g;
    return OK;
}
