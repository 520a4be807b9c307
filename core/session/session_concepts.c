/* The concepts of each arm: from every evaluation, from the directory of a run that is
 * browsed, and measured there when asked for. */
#include "base/file.h"
#include "eval/heldout.h"
#include "session/session_priv.h"

#include <stdio.h>

void session_publish_concepts(struct session *s, size_t arm,
                              struct concept_table *fresh)
{
    pthread_mutex_lock(&s->mu);
    struct concept_table *old = s->concepts[arm];
    s->concepts[arm] = fresh;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    concept_table_unref(old);
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
        }
    }
    return OK;
}

void session_load_concepts(struct session *s, size_t arm, const char *dir, size_t F)
{
    char path[SETTING_TEXT_MAX + 16];
    struct errinfo e = {0};
    struct concept_table *t = NULL;
    enum err rc = path_join(path, sizeof path, dir, "eval.json", &e);
    if (rc == OK) {
        rc = concept_table_load(path, s->in->concepts, F, &t, &e);
    }
    if (rc != OK) { /* the run can be browsed without */
        session_say(s, true, "%s", e.msg);
    } else if (t) {
        session_publish_concepts(s, arm, t);
    }
}

enum err session_measure_concepts(struct session *s, const struct job *job,
                                  struct harvester *h, struct errinfo *e)
{
    struct eval_result r = {0};
    struct concept_table *t = NULL;
    enum err rc = evaluate(s->eval_set, job->sae, h, NULL, &s->stop, &r, e);
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
        session_publish_concepts(s, job->command.arm, t);
    }
    return rc;
}
