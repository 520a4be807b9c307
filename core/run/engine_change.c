/* What is changed while a run goes on: masks, forks, seeds, length, learning rate. */
#include "base/mem.h"
#include "base/room.h"
#include "run/engine_priv.h"

#include <stdio.h>
#include <string.h>

enum err engine_set_mask(struct engine *g, size_t arm, double rate, int64_t at,
                         struct errinfo *e)
{
    char name[ARM_LETTERS];
    if (arm >= g->n_arms) {
        return err_set(e, ERR_USAGE, "there is no arm %s",
                       arm < RUN_ARMS_MAX ? arm_letters(arm, name) : "of that number");
    }
    if (!(rate >= 0 && rate <= MASK_RATE_MAX)) {
        return err_set(e, ERR_USAGE, "mask rate: found %g, expected 0 to %g", rate,
                       MASK_RATE_MAX);
    }
    TRY(inputs_can_mask(g->in, rate, e));
    if (engine_done(g) || at > g->steps) {
        return err_set(e, ERR_USAGE, "the run ends at step %lld; :extend it first",
                       (long long)g->steps);
    }
    struct arm *a = g->arm[arm].arm;
    if (at > arm_steps_done(a)) {
        a->state.pending = 1;
        a->state.pending_rate = rate;
        a->state.pending_at = at;
        return engine_event(g, arm, e, "mask-planned", "p = %.2f from step %lld", rate,
                            (long long)at);
    }
    const double before = arm_rate_set(a);
    const int64_t from = arm_set_rate(a, rate);
    return engine_event(g, arm, e, "mask",
                        "p %.2f -> %.2f, trained on from step %lld (%lld steps of lag)",
                        before, rate, (long long)from,
                        (long long)(from - arm_steps_done(a) - 1));
}

/* A twin of arm `from` as arm `to`; "s2" gives "twin.s2". */
static enum err fork_arm(struct engine *g, size_t from, size_t to, double rate,
                         struct errinfo *e)
{
    const struct engine_arm *a = &g->arm[from];
    struct engine_arm b = {.condition = ARM_NAME_TWIN};
    const int len = snprintf(b.place.name, sizeof b.place.name, "%s%s%s", ARM_NAME_TWIN,
                             a->place.name[0] ? "." : "", a->place.name);
    if (len < 0 || (size_t)len >= sizeof b.place.name) {
        return err_set(e, ERR_USAGE, "the name '%s' is too long for a twin's",
                       a->place.name);
    }
    TRY(history_copy(&a->history, &b.history, e));
    const enum err rc = arm_fork(a->arm, rate, &b.arm, e);
    if (rc != OK) {
        history_free(&b.history);
        return rc;
    }
    b.over = a->over ? concept_history_ref(a->over) : NULL;
    g->arm[to] = b;
    return OK;
}

static void drop_arms(struct engine *g, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        arm_free(g->arm[i].arm);
        history_free(&g->arm[i].history);
        concept_history_unref(g->arm[i].over);
        g->arm[i] = (struct engine_arm){.arm = NULL};
    }
}

enum err engine_fork(struct engine *g, struct errinfo *e)
{
    const size_t n = g->n_arms;
    for (size_t i = 1; i < n; i++) {
        if (strcmp(g->arm[i].condition, g->arm[0].condition) != 0) {
            return err_set(
                e, ERR_USAGE,
                "there is a twin already; a fork makes one condition into two");
        }
    }
    if (2 * n > RUN_ARMS_MAX) {
        return err_set(e, ERR_USAGE, "a fork of %zu arms makes more than %d", n,
                       RUN_ARMS_MAX);
    }
    const double rate =
        arm_rate_set(g->arm[0].arm) > 0 ? 0 : g->arm[0].arm->state.rate_when_on;
    TRY(inputs_can_mask(g->in, rate, e));
    for (size_t i = 0; i < n; i++) {
        const enum err rc = fork_arm(g, i, n + i, rate, e);
        if (rc != OK) { /* no half of a condition */
            drop_arms(g, n, n + i);
            return rc;
        }
    }
    g->n_arms = 2 * n;
    g->row_tokens = engine_tokens_read(g);
    g->row_seconds = g->seconds;
    return engine_event(g, ENGINE_ALL_ARMS, e, "fork", "twin B from here, p = %.2f",
                        rate);
}

bool engine_is_level(const struct engine *g)
{
    for (size_t a = 1; a < g->n_arms; a++) {
        if (arm_steps_done(g->arm[a].arm) != arm_steps_done(g->arm[0].arm)) {
            return false;
        }
    }
    return true;
}

/* What changed the course of an arm on the way, as a kind of event; NULL: nothing. */
static const char *changed_by(const struct engine_arm *a)
{
    static const char *const kinds[] = {"mask", "mask-planned", "lr", "extend", "fork"};
    for (size_t i = 0; i < a->history.events; i++) {
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            if (!strcmp(a->history.event[i].kind, kinds[k])) {
                return kinds[k];
            }
        }
    }
    return NULL;
}

static enum err check_add_seed(const struct engine *g, size_t conditions,
                               struct errinfo *e)
{
    for (size_t a = 0; a < g->n_arms; a++) {
        const char *kind = changed_by(&g->arm[a]);
        if (kind) {
            return err_set(
                e, ERR_USAGE,
                "this run was changed on the way (%s): a seed that begins now "
                "would be of another condition; start anew with --seeds",
                kind);
        }
    }
    if (!engine_is_level(g)) {
        return err_set(e, ERR_USAGE, "the last seed added is still at step %lld",
                       (long long)engine_step_count(g));
    }
    if (g->n_arms + conditions > RUN_ARMS_MAX) {
        return err_set(e, ERR_USAGE, "found %zu arms, expected %d at most",
                       g->n_arms + conditions, RUN_ARMS_MAX);
    }
    const size_t needed = conditions * engine_arm_bytes(g, 0), room = room_bytes();
    if (needed > room) {
        return err_set(e, ERR_LIMIT,
                       "%zu more arms need about %.0f MB, %.0f MB of memory are there",
                       conditions, (double)needed / 1e6, (double)room / 1e6);
    }
    return OK;
}

/* The next seed of the condition that arm `first` begins. */
static enum err plan_seed(const struct engine *g, size_t first, struct arm_plan *out,
                          struct errinfo *e)
{
    const struct engine_arm *a = &g->arm[first];
    struct arm_plan of = {.set = a->arm->set};
    size_t n = 0;
    (void)engine_seed_of(g, a, &n);
    memcpy(of.name, a->place.name, sizeof of.name);
    memcpy(of.condition, a->condition, sizeof of.condition);
    TRY(arm_plan_next_seed(&of, n, out, e));
    for (size_t i = 0; i < g->n_arms; i++) {
        if (arm_name_same(g->arm[i].place.name, out->name)) {
            return err_set(e, ERR_USAGE, "there is an arm named '%s' already",
                           out->name);
        }
    }
    return OK;
}

/* The first arms of the conditions; how many. */
static size_t first_arms(const struct engine *g, size_t out[RUN_ARMS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < g->n_arms; i++) {
        size_t seeds = 0;
        if (engine_seed_of(g, &g->arm[i], &seeds) == 0) {
            out[n++] = i;
        }
    }
    return n;
}

enum err engine_add_seed(struct engine *g, struct errinfo *e)
{
    size_t first[RUN_ARMS_MAX];
    const size_t had = g->n_arms, conditions = first_arms(g, first);
    struct arm_plan *plan = NULL;
    TRY(check_add_seed(g, conditions, e));
    TRY(mem_new(&plan, conditions, sizeof *plan, "arms", e));
    enum err rc = OK;
    for (size_t i = 0; i < conditions && rc == OK; i++) {
        rc = plan_seed(g, first[i], &plan[i], e);
    }
    if (rc == OK) {
        rc = engine_event(g, ENGINE_ALL_ARMS, e, "seed-added",
                          "weights %llu, from step 0; the others wait here",
                          (unsigned long long)settings_weights_seed(&plan[0].set));
    }
    for (size_t i = 0; i < conditions && rc == OK; i++) {
        rc = engine_start_arm(g, had + i, &plan[i], e);
    }
    mem_free(plan);
    if (rc != OK) {
        g->n_arms = had;
        drop_arms(g, had, had + conditions);
    }
    return rc;
}

enum err engine_check_extend(int64_t planned, int64_t steps, struct errinfo *e)
{
    const double most = setting_find(setting_key.steps)->max;
    return steps > planned && (double)steps <= most
               ? OK
               : err_set(e, ERR_USAGE,
                         "extend: found %lld, expected more than the %lld planned, "
                         "%.0f at most",
                         (long long)steps, (long long)planned, most);
}

enum err engine_extend(struct engine *g, int64_t steps, struct errinfo *e)
{
    TRY(engine_check_extend(g->steps, steps, e));
    g->steps = steps;
    g->in->set.steps = steps;
    for (size_t a = 0; a < g->n_arms; a++) {
        arm_extend(g->arm[a].arm, steps);
    }
    return engine_event(g, ENGINE_ALL_ARMS, e, "extend", "to %lld steps",
                        (long long)steps);
}

enum err engine_set_lr(struct engine *g, double lr, struct errinfo *e)
{
    if (!(lr > 0 && lr <= 10)) {
        return err_set(e, ERR_USAGE, "lr: found %g, expected more than 0, 10 at most",
                       lr);
    }
    for (size_t a = 0; a < g->n_arms; a++) {
        arm_set_lr(g->arm[a].arm, lr);
    }
    g->in->set.lr = lr;
    return engine_event(g, ENGINE_ALL_ARMS, e, "lr", "%g", lr);
}
