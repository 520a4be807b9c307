/* The conditions of a run and their arms, as in views. */
#include "session/session_priv.h"
#include "train/also.h"
#include "train/runstate.h"
#include "train/settings_arch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- which arms are of which ---- */

/* Assigns arms [n] to these conditions, by name; conditions beyond VIEW_CONDS are not
 * shown. Returns how many there are in all. mu held. */
static size_t assign(struct session_view *v, const char *const *condition, size_t n)
{
    size_t first[VIEW_ARMS]; /* of each condition, its first arm */
    size_t conds = 0;
    for (size_t a = 0; a < n; a++) {
        size_t c = 0;
        /* An arm without a name is a condition of its own. */
        while (c < conds &&
               (!condition[a][0] || strcmp(condition[first[c]], condition[a]) != 0)) {
            c++;
        }
        if (c == conds) {
            first[conds++] = a;
        }
        v->arm[a].cond = c < VIEW_CONDS ? c : VIEW_CONDS;
        if (c < VIEW_CONDS) {
            struct cond_view *to = &v->cond[c];
            to->n_seeds = first[c] == a ? 0 : to->n_seeds;
            to->arm[to->n_seeds++] = a;
        }
    }
    v->n_arms = n;
    v->n_conds = conds < VIEW_CONDS ? conds : VIEW_CONDS;
    return conds;
}

static void label(struct cond_view *v)
{
    if (v->rate_set > 0) {
        snprintf(v->label, sizeof v->label, "%s p=%.2f", v->random ? "random" : "mask",
                 v->rate_set);
    } else {
        snprintf(v->label, sizeof v->label, "%sno mask", v->random ? "random, " : "");
    }
}

/* Takes over the settings by which differences between conditions are judged. */
static void take_settings(struct cond_view *v, const struct settings *own,
                          const struct mask_schedule *masks)
{
    v->beyond_masks = conditions_beyond_masks(own);
    v->beyond_decoder = conditions_beyond_decoder(own);
    v->random = conditions_is_random(own);
    v->k = own->k;
    v->has_k = sae_arch_has(sae_arch_find(own->arch)) & SAE_HAS_K;
    v->unmasked = mask_never(masks);
}

const char *session_setting(size_t i, bool tunable)
{
    size_t n = 0, at = 0;
    const struct setting_def *t = settings_table(&n);
    for (size_t k = 0; k < n; k++) {
        if (t[k].scope == SETTING_OF_ARM && (t[k].tunable || !tunable) && at++ == i) {
            return t[k].key;
        }
    }
    return NULL;
}

const char *session_setting_in(const char *list, const char *key)
{
    const size_t len = strlen(key);
    for (const char *p = list; *p != '\0'; p += *p == ',' ? 1 : 0) {
        if (strncmp(p, key, len) == 0 && p[len] == '=') {
            return p + len + 1;
        }
        p += strcspn(p, ",");
    }
    return NULL;
}

/* Lists the settings that may change during training, with their present values. */
static void list_tunable(struct cond_view *v, const struct settings *set)
{
    const char *key = NULL;
    struct str value;
    size_t len = 0;
    str_init(&value, SETTING_TEXT_MAX);
    for (size_t i = 0; (key = session_setting(i, true)) != NULL; i++) {
        if (setting_applies(set->arch, key)) {
            str_clear(&value);
            settings_print(set, setting_find(key), &value);
            len +=
                (size_t)snprintf(v->tunable + len, sizeof v->tunable - len, "%s%s=%s",
                                 len > 0 ? "," : "", key, value.len > 0 ? value.p : "");
            len = len < sizeof v->tunable ? len : sizeof v->tunable - 1;
        }
    }
    str_free(&value);
}

/* ---- of a run in training ---- */

static void publish_cond(const struct engine *g, struct cond_view *v)
{
    const struct arm *a = g->arm[v->arm[0]].arm;
    list_tunable(v, &a->set);
    v->rate_set = arm_rate_set(a);
    v->rate_in_use = arm_rate_in_use(a);
    v->rate_when_on = a->state.rate_when_on;
    v->applies_from = a->state.applies_from;
    v->pending = a->state.pending != 0;
    v->pending_rate = a->state.pending_rate;
    v->pending_at = a->state.pending_at;
    v->forked_at = a->state.forked_at;
    take_settings(v, &a->set, &a->schedule);
    label(v);
}

size_t session_publish_arms_locked(struct session *s)
{
    const struct engine *g = s->engine;
    struct session_view *v = &s->pub;
    const char *condition[VIEW_ARMS];
    for (size_t a = 0; a < g->n_arms; a++) {
        condition[a] = g->arm[a].condition;
        v->arm[a].weights = settings_weights_seed(&g->arm[a].arm->set);
        snprintf(v->arm[a].dir, sizeof v->arm[a].dir, "%s", g->arm[a].dir);
    }
    v->seeds_planned = arm_plans_seeds(&g->arm[0].arm->set);
    const size_t conds = assign(v, condition, g->n_arms);
    for (size_t c = 0; c < v->n_conds; c++) {
        publish_cond(g, &v->cond[c]);
    }
    return conds;
}

/* ---- of a run that is browsed ---- */

/* Reads the condition's name from the arm's save; "" if it has none. */
static void saved_condition(const char *dir, char out[ARM_NAME_MAX])
{
    struct run_state state = {0};
    out[0] = '\0';
    if (runstate_open(dir, &state, NULL) == OK) {
        if (state.names.condition[0]) {
            snprintf(out, ARM_NAME_MAX, "%s", state.names.condition);
        }
        runstate_close(&state);
    }
}

size_t session_publish_records(struct session *s, const struct run_arms *arms)
{
    struct session_view *v = &s->pub;
    char name[VIEW_ARMS][ARM_NAME_MAX];
    const char *condition[VIEW_ARMS];
    for (size_t a = 0; a < arms->n; a++) {
        saved_condition(arms->dir[a], name[a]);
        condition[a] = name[a];
    }
    pthread_mutex_lock(&s->mu);
    for (size_t a = 0; a < arms->n; a++) {
        const struct run_record *r = &s->record[a];
        v->arm[a].weights = settings_weights_seed(&r->set);
        snprintf(v->arm[a].dir, sizeof v->arm[a].dir, "%.1000s", arms->dir[a]);
        v->step = v->steps = r->step;
        if (r->history.rows) {
            v->seconds = r->history.row[r->history.rows - 1].v[METRIC_SECONDS];
        }
    }
    v->planned = s->record[0].set.steps;
    v->seeds_planned = arm_plans_seeds(&s->record[0].set);
    const size_t conds = assign(v, condition, arms->n);
    for (size_t c = 0; c < v->n_conds; c++) {
        struct cond_view *to = &v->cond[c];
        list_tunable(to, &s->record[to->arm[0]].set);
        to->rate_set = s->record[to->arm[0]].mask_rate;
        to->rate_in_use = to->rate_when_on = to->rate_set;
        const struct settings *set = &s->record[to->arm[0]].set;
        const struct mask_schedule masks = arm_schedule(set);
        take_settings(to, set, &masks);
        label(to);
    }
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    return conds;
}

/* ---- an engine ---- */

static double seconds_left(struct session *s)
{
    const struct engine *g = s->engine;
    double done = 0;
    for (size_t a = 0; a < g->n_arms; a++) {
        done += (double)arm_steps_done(g->arm[a].arm);
    }
    return eta_left(&s->eta, g->n_arms, g->seconds, done,
                    (double)g->n_arms * (double)g->steps - done);
}

size_t session_publish(struct session *s)
{
    const struct engine *g = s->engine;
    const int64_t step = engine_step_count(g);
    pthread_mutex_lock(&s->mu);
    struct session_view *v = &s->pub;
    v->step = step;
    v->steps = v->planned = g->steps;
    v->seconds = g->seconds;
    v->tokens_per_second = g->tokens_per_second;
    v->eta_seconds = seconds_left(s);
    v->eval_next_step = (double)engine_next_eval(g);
    const size_t conds = session_publish_arms_locked(s);
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    return conds;
}

void session_say_shown(struct session *s, size_t conds)
{
    char said[sizeof s->pub.message];
    if (conds <= VIEW_CONDS) {
        return;
    }
    pthread_mutex_lock(&s->mu);
    memcpy(said, s->pub.message, sizeof said);
    pthread_mutex_unlock(&s->mu);
    session_say(s, false, "A to %c of %zu conditions are shown%s%s",
                'A' + VIEW_CONDS - 1, conds, said[0] ? "; " : "", said);
}

/* Publishes the memory that each arm takes. */
static void say_arm_bytes(struct session *s)
{
    const struct engine *g = s->engine;
    char text[64];
    snprintf(text, sizeof text, "%zu arm%s, about %.1f MB each", g->n_arms,
             plural_s(g->n_arms), (double)engine_arm_bytes(g, 0) / 1e6);
    session_add_fact(s, "arms", text);
    pthread_mutex_lock(&s->mu);
    s->pub.arm_bytes = (double)engine_arm_bytes(g, 0);
    pthread_mutex_unlock(&s->mu);
}

void session_renew_facts(struct session *s)
{
    session_make_facts(s);
    say_arm_bytes(s);
}
