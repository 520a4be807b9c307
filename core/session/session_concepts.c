/* The concepts of each arm: from every evaluation, from the directory of a browsed run,
 * and measured there when asked for. */
#include "base/file.h"
#include "eval/heldout.h"
#include "session/session_priv.h"

#include <stdio.h>

/* Returns the table judged by the present rule; takes over `fresh`. Out of memory, the
 * table keeps its rule. */
static struct concept_table *judged(struct concept_table *fresh,
                                    const struct absorption_rule *rule)
{
    struct concept_table *t = NULL;
    if (concept_table_judge(fresh, rule, &t, NULL) != OK) {
        return fresh;
    }
    concept_table_unref(fresh);
    return t;
}

/* Returns a reference to the arm's curves, or NULL. Either thread may replace them. */
static struct concept_history *history_of(struct session *s, size_t arm)
{
    pthread_mutex_lock(&s->mu);
    struct concept_history *h = s->over[arm];
    h = h ? concept_history_ref(h) : NULL;
    pthread_mutex_unlock(&s->mu);
    return h;
}

/* Takes over h, which may be NULL. */
static void take_history(struct session *s, size_t arm, struct concept_history *h)
{
    pthread_mutex_lock(&s->mu);
    struct concept_history *old = s->over[arm];
    s->over[arm] = h;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    concept_history_unref(old);
}

/* Adds a point to the arm's curves. Out of memory loses a point, not the table. */
static void remember(struct session *s, size_t arm, const struct concept_table *fresh)
{
    for (bool done = false; !done;) { /* the curves may change meanwhile */
        struct concept_history *was = history_of(s, arm), *h = NULL;
        done = concept_history_with(was, fresh, &h, NULL) != OK;
        pthread_mutex_lock(&s->mu);
        struct concept_history *old = h;
        if (!done && s->over[arm] == was) {
            old = s->over[arm];
            s->over[arm] = h;
            done = true;
        }
        pthread_mutex_unlock(&s->mu);
        concept_history_unref(old);
        concept_history_unref(was);
    }
}

void session_publish_concepts(struct session *s, size_t arm,
                              struct concept_table *fresh)
{
    struct concept_table *old = NULL;
    for (bool done = false; !done;) { /* the rule may change meanwhile */
        pthread_mutex_lock(&s->mu);
        const struct absorption_rule rule = s->pub.rule;
        pthread_mutex_unlock(&s->mu);
        fresh = judged(fresh, &rule);
        pthread_mutex_lock(&s->mu);
        done = absorption_rule_same(&rule, &s->pub.rule);
        if (done) {
            old = s->concepts[arm];
            s->concepts[arm] = fresh;
            session_wake_locked(s);
        }
        pthread_mutex_unlock(&s->mu);
    }
    concept_table_unref(old);
}

/* Judges the arm's table by the present rule, unless a fresh one has come meanwhile,
 * which already is. */
static void judge_again(struct session *s, size_t arm,
                        const struct absorption_rule *rule)
{
    pthread_mutex_lock(&s->mu);
    struct concept_table *was = s->concepts[arm], *t = was;
    if (was) { /* one for judged(); one keeps its address from being reused */
        t = concept_table_ref(was);
        was = concept_table_ref(was);
    }
    pthread_mutex_unlock(&s->mu);
    if (!t) {
        return;
    }
    t = judged(t, rule);
    pthread_mutex_lock(&s->mu);
    const bool same = s->concepts[arm] == was;
    if (same) {
        s->concepts[arm] = t;
        session_wake_locked(s);
    }
    pthread_mutex_unlock(&s->mu);
    concept_table_unref(same ? was : t); /* the session's own, or nobody's */
    concept_table_unref(was);
}

void session_set_rule(struct session *s, const struct absorption_rule *rule)
{
    pthread_mutex_lock(&s->mu);
    s->pub.rule = *rule;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    for (size_t a = 0; a < VIEW_ARMS; a++) {
        judge_again(s, a, rule);
    }
}

enum err session_show_concepts(struct session *s, struct errinfo *e)
{
    const struct engine *g = s->engine;
    for (size_t a = 0; a < g->n_arms; a++) {
        const struct eval_result *r = &g->arm[a].eval;
        struct concept_table *t = NULL;
        if (g->arm[a].evaluated && r->n_concepts > 0) {
            TRY(concept_table_new(r, &t, e));
            session_publish_concepts(s, a, t);
            take_history(s, a, concept_history_ref(g->arm[a].over));
        }
    }
    return OK;
}

static enum err load_history(struct session *s, size_t arm, const char *dir,
                             int64_t last, struct errinfo *e)
{
    struct concept_history *h = NULL;
    TRY(concept_history_load(dir, s->in->concepts, last, &h, e));
    take_history(s, arm, h);
    return OK;
}

void session_load_concepts(struct session *s, size_t arm, const char *dir, size_t F,
                           int64_t last)
{
    char path[SETTING_TEXT_MAX + 16];
    struct errinfo e = {0};
    struct concept_table *t = NULL;
    if (load_history(s, arm, dir, last, &e) != OK) { /* the run goes without */
        session_say(s, true, "%s", e.msg);
    }
    enum err rc = path_join(path, sizeof path, dir, "eval.json", &e);
    if (rc == OK) {
        rc = concept_table_load(path, s->in->concepts, F, &t, &e);
    }
    if (rc != OK) { /* the run can be browsed without */
        session_say(s, true, "%s", e.msg);
    } else if (t) {
        remember(s, arm, t);
        session_publish_concepts(s, arm, t);
    }
}

enum err session_measure_concepts(struct session *s, const struct job *job,
                                  struct harvester *h, struct errinfo *e)
{
    struct eval_result r = {0};
    struct concept_table *t = NULL;
    enum err rc = evaluate_spread(s->eval_set, job->sae, h, NULL, &s->stop, &r, e);
    r.step = job->step;
    if (rc == OK) {
        rc = heldout_measure(s->eval_set, s->in->concepts, job->sae, NULL, &s->stop, &r,
                             e);
    }
    if (rc == OK) {
        rc = concept_table_new(&r, &t, e);
    }
    eval_result_deinit(&r);
    if (rc == OK) {
        remember(s, job->command.arm, t);
        session_publish_concepts(s, job->command.arm, t);
    }
    return rc;
}
