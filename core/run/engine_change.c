/* Changes to a run while it trains: masks, forks, seeds, length, learning rate. */
#include "base/mem.h"
#include "base/room.h"
#include "run/engine_priv.h"

#include <stdio.h>
#include <string.h>

enum err engine_set_mask(struct engine *g, size_t arm, double rate, int64_t at,
                         struct errinfo *e)
{
    if (arm >= g->n_arms) {
        return err_set(e, ERR_USAGE, "there is no arm %zu, expected one of %zu", arm,
                       g->n_arms);
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
    const int64_t from = arm_set_rate(a, rate), lag = from - arm_steps_done(a) - 1;
    return engine_event(
        g, arm, e, "mask",
        "p %.2f -> %.2f, trained on from step %lld (%lld step%s of lag)", before, rate,
        (long long)from, (long long)lag, plural_s((uint64_t)lag));
}

/* Makes a twin of arm `from` as arm `to`; "s2" gives "twin.s2". */
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

void engine_drop_arms(struct engine *g, size_t from, size_t to)
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
            engine_drop_arms(g, n, n + i);
            return rc;
        }
    }
    g->n_arms = 2 * n;
    g->row_tokens = engine_tokens_read(g);
    g->row_seconds = g->seconds;
    return engine_event(g, ENGINE_ALL_ARMS, e, "fork", "twin B from here, p = %.2f",
                        rate);
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

static enum err prepare_all(const struct engine *g, const size_t *arm, size_t n,
                            const char *pairs, struct arm_tuning *tuning,
                            struct errinfo *e)
{
    for (size_t i = 0; i < n; i++) {
        TRY(arm_prepare(g->arm[arm[i]].arm, pairs, &tuning[i], e));
    }
    return OK;
}

static enum err apply_all(struct engine *g, const size_t *arm, size_t n,
                          struct arm_tuning *tuning, struct errinfo *e)
{
    for (size_t i = 0; i < n; i++) {
        arm_apply(g->arm[arm[i]].arm, &tuning[i]);
    }
    for (size_t i = 0; i < n; i++) {
        TRY(engine_event(g, arm[i], e, "tune", "%s", tuning[i].said));
    }
    return OK;
}

enum err engine_tune(struct engine *g, const char *condition, const char *pairs,
                     struct errinfo *e)
{
    size_t arm[RUN_ARMS_MAX], n = 0;
    struct arm_tuning *tuning = NULL;
    for (size_t i = 0; i < g->n_arms; i++) {
        if (!strcmp(g->arm[i].condition, condition)) {
            arm[n++] = i;
        }
    }
    TRY(mem_new(&tuning, n, sizeof *tuning, "settings", e));
    enum err rc = prepare_all(g, arm, n, pairs, tuning, e);
    if (rc == OK && n > 0 && arm[0] == 0) { /* arms added later start with it, too */
        rc = tuned_settings(&g->in->asked, pairs, &g->in->asked, e);
    }
    rc = rc == OK ? apply_all(g, arm, n, tuning, e) : rc;
    for (size_t i = 0; i < n; i++) {
        arm_tuning_free(&tuning[i]);
    }
    mem_free(tuning);
    return rc;
}
