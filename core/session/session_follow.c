/* Following a run that another process trains: its saves are loaded while it is
 * browsed. Trainer thread. */
#include "base/mem.h"
#include "session/session_priv.h"
#include "train/run_open.h"

#include <stdio.h>

/* Checks that `fresh` continues what is shown: same SAE, no step lost. */
static enum err goes_on(const struct run_record *was, const struct run_record *fresh,
                        const char *dir, struct errinfo *e)
{
    const bool same = fresh->sae->F == was->sae->F && fresh->sae->D == was->sae->D;
    if (same && fresh->step >= was->step && fresh->history.rows >= was->history.rows) {
        return OK;
    }
    return err_set(e, ERR_USAGE,
                   "%s: another run by now, or begun again at step %lld; open it again "
                   "to see it",
                   dir, (long long)fresh->step);
}

static void send_new(struct session *s, size_t arm, const struct history *was,
                     const struct history *fresh)
{
    const size_t at = session_first_arm(s, arm);
    const struct history *first = at == arm ? fresh : &s->record[at].history;
    const double last = was->rows ? was->row[was->rows - 1].v[METRIC_STEP] : -1.0;
    for (size_t i = 0; i < fresh->rows; i++) {
        if (fresh->row[i].v[METRIC_STEP] > last) {
            session_send_row(s, arm, &fresh->row[i]);
        }
    }
    for (size_t i = was->events; i < fresh->events; i++) {
        session_send_event(s, arm, first, &fresh->event[i]);
    }
}

static enum err follow_arm(struct session *s, size_t arm, const char *dir,
                           struct errinfo *e)
{
    struct run_record *was = &s->record[arm], fresh = {0};
    TRY(run_open(dir, &s->cfg.set, s->has_given ? &s->given : NULL, &fresh, e));
    enum err rc = goes_on(was, &fresh, dir, e);
    rc = rc == OK ? run_record_fit(&fresh, dir, s->in, e) : rc;
    if (rc != OK) {
        run_record_deinit(&fresh);
        return rc;
    }
    send_new(s, arm, &was->history, &fresh.history);
    struct run_record old = *was;
    pthread_mutex_lock(&s->mu); /* session_remark reads it on the job thread */
    *was = fresh;
    pthread_mutex_unlock(&s->mu);
    run_record_deinit(&old);
    session_load_concepts(s, arm, dir, was->sae->F, was->step);
    return session_load_kept(s, arm, dir, was->sae->F, e);
}

/* Follows each arm, then updates what the view says about all. */
static enum err follow_arms(struct session *s, struct run_arms *arms, struct errinfo *e)
{
    enum err rc = OK;
    for (size_t a = 0; a < s->n_records && rc == OK; a++) {
        snprintf(arms->dir[a], sizeof arms->dir[a], "%s", s->pub.arm[a].dir);
        rc = follow_arm(s, a, arms->dir[a], e);
        arms->n += rc == OK;
    }
    if (arms->n == s->n_records) {
        (void)session_publish_records(s, arms);
    }
    return rc;
}

enum err session_follow(struct session *s, struct errinfo *e)
{
    struct run_arms *arms = NULL;
    TRY(mem_new(&arms, 1, sizeof *arms, "arms", e));
    const enum err rc = follow_arms(s, arms, e);
    mem_free(arms);
    if (rc == OK) {
        session_say(
            s, false,
            "another process saved it at step %lld; :refresh on Latents describes them anew",
            (long long)s->record[0].step);
    }
    return rc;
}
