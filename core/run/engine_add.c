/* Adds arms to a run: seeds and conditions, trained from the beginning while the others
 * wait. */
#include "base/mem.h"
#include "base/room.h"
#include "run/conditions.h"
#include "run/engine_priv.h"

#include <stdio.h>
#include <string.h>

bool engine_is_level(const struct engine *g)
{
    for (size_t a = 1; a < g->n_arms; a++) {
        if (arm_steps_done(g->arm[a].arm) != arm_steps_done(g->arm[0].arm)) {
            return false;
        }
    }
    return true;
}

/* Returns the kind of the first event that changed the course of an arm during
 * training; NULL: none did. forked: a fork counts too, although the arm it was made
 * from stays as it was. */
static const char *changed_by(const struct engine_arm *a, bool forked)
{
    static const char *const more[] = {"mask-planned", "extend", "fork"};
    const size_t n = sizeof more / sizeof more[0] - (forked ? 0 : 1);
    for (size_t i = 0; i < a->history.events; i++) {
        const char *kind = a->history.event[i].kind;
        bool changes = conditions_change_kind(kind) != CHANGE_KINDS;
        for (size_t k = 0; k < n; k++) {
            changes = changes || !strcmp(kind, more[k]);
        }
        if (changes) {
            return kind;
        }
    }
    return NULL;
}

/* Returns ERR_USAGE or ERR_LIMIT if `more` arms of `bytes` bytes each cannot be
 * added. */
static enum err check_more(const struct engine *g, size_t more, size_t bytes,
                           struct errinfo *e)
{
    const size_t needed = more * bytes, room = room_bytes();
    if (!engine_is_level(g)) {
        return err_set(e, ERR_USAGE, "what was added last is still at step %lld",
                       (long long)engine_step_count(g));
    }
    if (g->n_arms + more > RUN_ARMS_MAX) {
        return err_set(e, ERR_USAGE, "found %zu arms, expected %d at most",
                       g->n_arms + more, RUN_ARMS_MAX);
    }
    return needed <= room
               ? OK
               : err_set(
                     e, ERR_LIMIT,
                     "%zu more arms need about %.0f MB, %.0f MB of memory are there",
                     more, (double)needed / 1e6, (double)room / 1e6);
}

static enum err check_add_seed(const struct engine *g, size_t conditions,
                               struct errinfo *e)
{
    for (size_t a = 0; a < g->n_arms; a++) {
        const char *kind = changed_by(&g->arm[a], true);
        if (kind) {
            return err_set(
                e, ERR_USAGE,
                "start anew with --seeds N: changed on the way (%s); a new seed lacks "
                "that",
                kind);
        }
    }
    return check_more(g, conditions, engine_arm_bytes(g, 0), e);
}

static enum err check_name(const struct engine *g, const char *name, struct errinfo *e)
{
    for (size_t i = 0; i < g->n_arms; i++) {
        if (arm_name_same(g->arm[i].place.name, name)) {
            return err_set(e, ERR_USAGE, "there is an arm named '%s' already", name);
        }
    }
    return OK;
}

/* Plans the next seed of the condition that starts with arm `first`. */
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
    return check_name(g, out->name, e);
}

/* Writes the first arms of the conditions; returns how many. */
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

/* Starts arms at step 0, all or none. */
static enum err start_all(struct engine *g, const struct arm_plan *plan, size_t n,
                          struct errinfo *e)
{
    const size_t had = g->n_arms;
    enum err rc = OK;
    for (size_t i = 0; i < n && rc == OK; i++) {
        rc = engine_start_arm(g, had + i, &plan[i], e);
    }
    if (rc != OK) {
        g->n_arms = had;
        engine_drop_arms(g, had, had + n);
    }
    return rc;
}

/* Plans the arms for a further seed of each condition, [RUN_ARMS_MAX]; *n: how many. */
static enum err plan_seeds(const struct engine *g, struct arm_plan *plan, size_t *n,
                           struct errinfo *e)
{
    size_t first[RUN_ARMS_MAX];
    *n = first_arms(g, first);
    TRY(check_add_seed(g, *n, e));
    for (size_t i = 0; i < *n; i++) {
        TRY(plan_seed(g, first[i], &plan[i], e));
    }
    return OK;
}

enum err engine_weigh_seed(const struct engine *g, size_t *arms, struct errinfo *e)
{
    struct arm_plan *plan = NULL;
    TRY(mem_new(&plan, RUN_ARMS_MAX, sizeof *plan, "arms", e));
    const enum err rc = plan_seeds(g, plan, arms, e);
    mem_free(plan);
    return rc;
}

enum err engine_add_seed(struct engine *g, struct errinfo *e)
{
    struct arm_plan *plan = NULL;
    size_t n = 0;
    TRY(mem_new(&plan, RUN_ARMS_MAX, sizeof *plan, "arms", e));
    enum err rc = plan_seeds(g, plan, &n, e);
    if (rc == OK) {
        rc = engine_event(g, ENGINE_ALL_ARMS, e, "seed-added",
                          "weights %llu, from step 0; the others wait here",
                          (unsigned long long)settings_weights_seed(&plan[0].set));
    }
    rc = rc == OK ? start_all(g, plan, n, e) : rc;
    mem_free(plan);
    return rc;
}

/* ---- conditions ---- */

/* Writes the arms of the first condition; returns how many. */
static size_t arms_of_first(const struct engine *g, size_t out[RUN_ARMS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < g->n_arms; i++) {
        if (!strcmp(g->arm[i].condition, g->arm[0].condition)) {
            out[n++] = i;
        }
    }
    return n;
}

/* Plans a seed of the condition that `text` describes, like arm `from` of the first
 * condition. */
static enum err plan_one(const struct engine *g, const char *text, size_t from,
                         size_t i, struct arm_plan *out, struct errinfo *e)
{
    struct settings base = g->arm[from].arm->set;
    inputs_unresolve(g->in, &base);
    TRY(also_condition(&base, text, out, e));
    if (settings_weights_seed(&out->set) != settings_weights_seed(&base)) {
        return err_set(e, ERR_USAGE,
                       "condition: found %s, expected another setting: it has the "
                       "seeds of the first one",
                       setting_key.seed_weights);
    }
    const size_t len = strlen(out->name);
    const int more =
        i == 0 ? 0 : snprintf(out->name + len, sizeof out->name - len, ".s%zu", i + 1);
    if (more < 0 || len + (size_t)more >= sizeof out->name) {
        return err_set(e, ERR_USAGE, "condition: the name '%s' is too long",
                       out->condition);
    }
    return check_name(g, out->name, e);
}

/* Checks that the settings differ from those of all arms; writes how they differ from
 * the first's into differs [cap]. */
static enum err check_differs(const struct engine *g, const struct settings *set,
                              char *differs, size_t cap, struct errinfo *e)
{
    struct settings own = *set;
    enum err rc = OK;
    inputs_resolve(g->in, &own);
    for (size_t i = 0; i < g->n_arms && rc == OK; i++) {
        struct str s;
        str_init(&s, 64 * SETTING_TEXT_MAX);
        arm_differs(&g->arm[i].arm->set, &own, &s);
        if (s.len == 0) {
            rc = err_set(e, ERR_USAGE,
                         "condition: it has the settings of '%s', expected some that "
                         "differ",
                         arm_name_shown(g->arm[i].condition));
        } else if (i == 0) {
            (void)snprintf(differs, cap, "%s", s.p);
        }
        str_free(&s);
    }
    return rc;
}

/* Plans its arms, [RUN_ARMS_MAX], which the caller frees, and all but its cost. */
static enum err plan_condition(const struct engine *g, const char *text,
                               struct arm_plan *plan, struct engine_addition *out,
                               struct errinfo *e)
{
    size_t of[RUN_ARMS_MAX];
    const char *kind = changed_by(&g->arm[0], false);
    if (kind) {
        return err_set(e, ERR_USAGE,
                       "start anew with --also: changed on the way (%s); a new one "
                       "lacks that",
                       kind);
    }
    out->seeds = arms_of_first(g, of);
    for (size_t i = 0; i < out->seeds; i++) {
        TRY(plan_one(g, text, of[i], i, &plan[i], e));
    }
    memcpy(out->name, plan[0].condition, sizeof out->name);
    return check_differs(g, &plan[0].set, out->differs, sizeof out->differs, e);
}

/* Measures the bytes of one such arm, which is made for this. */
static enum err weigh_arm(const struct engine *g, const struct arm_plan *plan,
                          size_t *bytes, struct errinfo *e)
{
    struct settings s = plan->set;
    struct arm *a = NULL;
    inputs_resolve(g->in, &s);
    TRY(arm_new(g->in, &s, &a, e));
    const struct arm_shape shape = arm_shape_of(a, plan->condition);
    *bytes = run_arm_bytes(g->in, &shape);
    arm_free(a);
    return OK;
}

/* Returns the seconds that `more` new arms take to catch up with the others' step:
 * their share of the training, and the model on the text once more. */
static double seconds_to_come(const struct engine *g, size_t more)
{
    double model = 0;
    size_t harvests = 0;
    for (size_t i = 0; i < g->n_arms; i++) {
        const double own = source_stats(g->arm[i].arm->source).seconds_model;
        model += own;
        harvests += own > 0;
    }
    model = model < g->seconds ? model : 0;
    return (g->seconds - model) * (double)more / (double)g->n_arms +
           (harvests > 0 ? model / (double)harvests : 0);
}

/* Finds the `also` settings that list a run's conditions, also for a new start; returns
 * how many. */
static size_t lists(struct engine *g, char *out[3])
{
    out[0] = g->in->asked.also;
    out[1] = g->in->set.also;
    out[2] = g->arm[0].arm->set.also;
    return 3;
}

static enum err check_listed(struct engine *g, const char *text, struct errinfo *e)
{
    char *list[3];
    for (size_t i = lists(g, list); i-- > 0;) {
        const size_t all = strlen(list[i]) + 1 + strlen(text);
        if (all >= SETTING_LONG_MAX) {
            return err_set(e, ERR_LIMIT,
                           "condition: with the others its settings take %zu bytes, "
                           "expected %d at most",
                           all, SETTING_LONG_MAX - 1);
        }
    }
    return OK;
}

static void list_condition(struct engine *g, const char *text)
{
    char *list[3];
    for (size_t i = lists(g, list); i-- > 0;) {
        const size_t len = strlen(list[i]);
        (void)snprintf(list[i] + len, SETTING_LONG_MAX - len, "%s%s",
                       len > 0 ? ";" : "", text);
    }
}

static enum err weigh(const struct engine *g, const char *text, struct arm_plan *plan,
                      struct engine_addition *out, struct errinfo *e)
{
    size_t bytes = 0;
    *out = (struct engine_addition){.seeds = 0};
    TRY(plan_condition(g, text, plan, out, e));
    TRY(weigh_arm(g, &plan[0], &bytes, e));
    TRY(check_more(g, out->seeds, bytes, e));
    out->bytes = out->seeds * bytes;
    out->seconds = seconds_to_come(g, out->seeds);
    return OK;
}

enum err engine_weigh_condition(const struct engine *g, const char *text,
                                struct engine_addition *out, struct errinfo *e)
{
    struct arm_plan *plan = NULL;
    TRY(mem_new(&plan, RUN_ARMS_MAX, sizeof *plan, "arms", e));
    const enum err rc = weigh(g, text, plan, out, e);
    mem_free(plan);
    return rc;
}

enum err engine_add_condition(struct engine *g, const char *text,
                              struct engine_addition *out, struct errinfo *e)
{
    struct arm_plan *plan = NULL;
    TRY(mem_new(&plan, RUN_ARMS_MAX, sizeof *plan, "arms", e));
    enum err rc = weigh(g, text, plan, out, e);
    rc = rc == OK ? check_listed(g, text, e) : rc;
    if (rc == OK) {
        rc = engine_event(g, ENGINE_ALL_ARMS, e, "condition",
                          "%s: %s, from step 0; the others wait here", out->name,
                          out->differs);
    }
    rc = rc == OK ? start_all(g, plan, out->seeds, e) : rc;
    if (rc == OK) {
        list_condition(g, text);
    }
    mem_free(plan);
    return rc;
}
