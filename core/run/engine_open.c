/* The one way to start or resume a run. */
#include "base/mem.h"
#include "run/engine.h"

#include <string.h>

/* Locks the directories of all arms, or of none. */
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

static void tell_cost(const struct engine_setup *s, const struct run_shape *shape,
                      const struct run_cost *cost)
{
    if (s->cost && cost->steps > 0) {
        s->cost(s->user, shape->in, cost);
    }
}

/* Measures the time, if there is somebody to tell and a model to measure. */
static enum err time_run(const struct engine_setup *s, struct inputs *in,
                         const struct run_shape *shape, struct run_cost *cost,
                         struct errinfo *e)
{
    if (s->cost && in->lm && cost->steps > 0) {
        TRY(run_cost_time(in, shape, RUN_COST_BRIEF, cost, e));
        tell_cost(s, shape, cost);
    }
    return OK;
}

/* Checks the memory before it is taken, and reports the time before it is spent. */
static enum err ready_inputs(const struct engine_setup *s, struct inputs *in,
                             const struct run_shape *shape, struct run_cost *cost,
                             struct errinfo *e)
{
    *cost = run_cost_of(shape, in->set.steps);
    tell_cost(s, shape, cost);
    TRY(run_check_room(shape->n, cost->bytes, cost->room, e));
    TRY(inputs_read(in, e));
    TRY(time_run(s, in, shape, cost, e));
    TRY(inputs_start(in, e));
    return s->opened ? s->opened(s->user, in, e) : OK;
}

static enum err open_inputs(const struct engine_setup *s, const struct arm_plan *arms,
                            size_t n, struct inputs **out, struct run_cost *cost,
                            struct errinfo *e)
{
    struct inputs *in = NULL;
    struct run_shape *shape = NULL;
    TRY(mem_new(&shape, 1, sizeof *shape, "arms", e));
    enum err rc = inputs_open(&arms[0].set, s->cancel, &in, e);
    rc = rc == OK ? run_shape_of_plans(in, arms, n, shape, e) : rc;
    rc = rc == OK ? ready_inputs(s, in, shape, cost, e) : rc;
    run_shape_deinit(shape);
    mem_free(shape);
    if (rc != OK) {
        inputs_free(in);
        return rc;
    }
    *out = in;
    return OK;
}

static enum err note_cost(struct engine *g, const struct run_cost *cost,
                          struct errinfo *e)
{
    char takes[300];
    if (!cost->timed) {
        return OK;
    }
    run_cost_takes(cost, takes, sizeof takes);
    return engine_event(g, ENGINE_ALL_ARMS, e, "estimate", "%s", takes);
}

static enum err make(const struct engine_setup *s, const struct arm_plan *arms,
                     size_t n, struct engine **out, struct errinfo *e)
{
    const struct arm_place first = {.name = ""};
    struct dirlocks locks = {0};
    struct inputs *in = NULL;
    struct run_cost cost = {0};
    char dir[SETTING_TEXT_MAX] = "";
    if (s->dir) {
        TRY(arm_place_dir(s->dir, &first, dir, sizeof dir, e));
    }
    if (s->dir && s->lock) {
        TRY(lock_all(dir, arms, n, &locks, e));
    }
    enum err rc = open_inputs(s, arms, n, &in, &cost, e);
    rc = rc == OK ? engine_new_arms(in, arms, n, out, e) : rc;
    if (rc == OK) {
        rc = note_cost(*out, &cost, e);
        if (rc != OK) {
            engine_free(*out);
        }
    }
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

/* Reports the cost of a resumed run, which already has its memory. */
static enum err cost_left(const struct engine_setup *s, const struct engine *g,
                          struct errinfo *e)
{
    struct run_shape *shape = NULL;
    TRY(mem_new(&shape, 1, sizeof *shape, "arms", e));
    engine_shape(g, shape);
    struct run_cost cost = run_cost_of(shape, g->steps - engine_step_count(g));
    enum err rc = run_check_room(shape->n, cost.bytes, cost.room, e);
    if (rc == OK) {
        tell_cost(s, shape, &cost);
        rc = time_run(s, g->in, shape, &cost, e);
    }
    mem_free(shape);
    return rc;
}

static enum err go_on(const struct engine_setup *s, struct engine **out,
                      struct errinfo *e)
{
    struct engine *g = NULL;
    TRY(engine_resume(s->resume, s->given, s->set->samples_dir, s->in, &g, e));
    enum err rc = s->opened ? s->opened(s->user, g->in, e) : OK;
    rc = rc == OK ? cost_left(s, g, e) : rc;
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
    enum err rc = OK;
    if (!s->resume && s->lock) { /* so that it can be resumed from the beginning */
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
