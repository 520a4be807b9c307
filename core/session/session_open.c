/* Opens a session: inputs and engine of a run that starts or is resumed, or the records
 * of one to browse. Trainer thread. */
#include "base/mem.h"
#include "base/number.h"
#include "session/session_priv.h"
#include "train/run_open.h"
#include "train/settings_synth.h"

#include <stdio.h>
#include <string.h>

/* ---- what the engine tells ---- */

static void on_row(void *user, size_t arm, const struct metric_row *row)
{
    session_send_row(user, arm, row);
}

static void on_event(void *user, size_t arm, const struct run_event *ev)
{
    struct session *s = user;
    static const struct history none = {0}; /* before the engine exists */
    session_send_event(
        s, arm, s->engine ? &s->engine->arm[session_first_arm(s, arm)].history : &none,
        ev);
    if (strcmp(ev->kind, ENGINE_DIVERGED) == 0) {
        const struct session_view *v = &s->pub; /* written only by this thread */
        const char letter = arm < v->n_arms && v->arm[arm].cond < VIEW_CONDS
                                ? v->cond[v->arm[arm].cond].letter
                                : '?';
        session_say(
            s, true,
            "%c, seed %llu, diverged by step %s: %s; lower it with :tune lr=", letter,
            (unsigned long long)v->arm[arm].weights, THOUSANDS(ev->step), ev->detail);
    }
}

static void on_evaluating(void *user, bool on)
{
    struct session *s = user;
    struct errinfo e = {0};
    if (!on && session_show_concepts(s, &e) != OK) {
        session_say(s, true, "%s", e.msg);
    }
    pthread_mutex_lock(&s->mu);
    s->pub.evaluating = on;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
}

static void send_engine_past(struct session *s)
{
    const struct history *past[VIEW_ARMS];
    size_t n = 0;
    for (; n < s->engine->n_arms; n++) {
        past[n] = &s->engine->arm[n].history;
    }
    session_send_past(s, past, n);
}

/* ---- opening ---- */

/* Refuses known features, which have nothing to look at; activations made elsewhere
 * have latents. */
static enum err check_source(const struct settings *set, struct errinfo *e)
{
    return set->source == SOURCE_ACTIVATIONS ? OK
                                             : settings_need_text(set, "explore", e);
}

/* Publishes names, facts and remarks of the opened inputs. */
static enum err show_inputs(struct session *s, struct errinfo *e)
{
    const struct remarks *r = &s->in->remarks;
    char line[sizeof s->pub.message];
    session_watch_weights(s, s->in);
    TRY(session_make_names(s, e));
    session_make_facts(s);
    pthread_mutex_lock(&s->mu);
    snprintf(s->pub.warning, sizeof s->pub.warning, "%s", r->n > 0 ? r->line[0] : "");
    pthread_mutex_unlock(&s->mu);
    if (r->n > 0) { /* in one message, as only the last of several is seen */
        session_say(s, false, "%s", remarks_line(r, line, sizeof line));
    }
    return OK;
}

/* Held-out rows whose cross-entropy is followed live: half of an evaluation's time is
 * the model behind the SAE. Without stretching, a run uses all rows. */
#define LIVE_CE_ROWS 4

static enum err open_inputs(struct session *s, const struct settings *set,
                            struct errinfo *e)
{
    session_loading(s, "opening the model and its text");
    TRY(check_source(set, e));
    TRY(inputs_new(set, &s->stop, &s->in, e));
    return show_inputs(s, e);
}

/* Publishes what the run takes. */
static void show_cost(struct session *s, const struct inputs *in)
{
    pthread_mutex_lock(&s->mu);
    s->pub.n_cost = run_cost_lines(&s->cost, in, s->pub.cost);
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
}

static void on_cost(void *user, const struct inputs *in, const struct run_cost *cost)
{
    struct session *s = user;
    s->cost = *cost;
    session_watch_weights(s, in);
    show_cost(s, in);
    session_loading(s, cost->timed ? "the model reads a first piece of the text"
                       : in->lm    ? "reading the model, measuring its speed"
                                   : "opening the activations");
}

/* Opens the session's engine, whose inputs become the session's too. */
static enum err open_engine(struct session *s, struct engine_setup how,
                            struct errinfo *e)
{
    struct engine *g = NULL;
    how.set = &s->cfg.set;
    how.user = s;
    how.cost = on_cost;
    how.stretch_eval = s->cfg.stretch_eval;
    how.cancel = &s->stop;
    how.watch = (struct engine_watch){s, on_row, on_event, on_evaluating};
    const enum err rc = engine_open(&how, &g, e);
    if (rc != OK) {
        if (!how.in) {
            s->in = NULL; /* it has freed what it opened */
        }
        return rc;
    }
    s->engine = g;
    return OK;
}

static enum err new_inputs(void *user, struct inputs *in, struct errinfo *e)
{
    struct session *s = user;
    s->in = in;
    TRY(show_inputs(s, e));
    show_cost(s, in); /* with the loss of the text */
    session_loading(s, "making the first weights");
    return OK;
}

static enum err resumed_inputs(void *user, struct inputs *in, struct errinfo *e)
{
    struct session *s = user;
    s->in = in;
    TRY(check_source(&in->set, e));
    return show_inputs(s, e);
}

static enum err open_training(struct session *s, struct errinfo *e)
{
    if (s->cfg.stretch_eval && !s->cfg.set.eval_ce_rows) {
        s->cfg.set.eval_ce_rows = LIVE_CE_ROWS;
    }
    session_loading(s, "opening the model and its text");
    TRY(check_source(&s->cfg.set, e));
    TRY(open_engine(s, (struct engine_setup){.opened = new_inputs}, e));
    session_renew_facts(s);
    const size_t conds = session_publish(s);
    send_engine_past(s);
    session_say_shown(s, conds);
    return OK;
}

/* Says what a resume found; :save goes to the last directory. */
static void show_resumed(struct session *s)
{
    const struct engine *g = s->engine;
    snprintf(s->last_dir, sizeof s->last_dir, "%s", g->dir);
    const size_t conds = session_publish(s);
    if (g->warning[0]) {
        session_say(s, true, "%s", g->warning);
    } else {
        session_say(s, false, "%s goes on from step %s of %s", g->dir,
                    THOUSANDS(engine_step_count(g)), THOUSANDS(g->steps));
        session_say_shown(s, conds);
    }
}

/* Opens a run whose training goes on as the session starts. */
static enum err open_resumed(struct session *s, struct errinfo *e)
{
    session_loading(s, "opening the run and its text");
    TRY(open_engine(s,
                    (struct engine_setup){.resume = s->open_run,
                                          .given = s->has_given ? &s->given : NULL,
                                          .opened = resumed_inputs},
                    e));
    const struct engine *g = s->engine;
    for (size_t a = 0; a < g->n_arms; a++) {
        TRY(session_load_kept(s, a, g->arm[a].dir, g->arm[a].arm->sae->F, e));
        session_load_concepts(s, a, g->arm[a].dir, g->arm[a].arm->sae->F,
                              engine_step_count(g));
    }
    session_renew_facts(s);
    session_publish(s);
    send_engine_past(s);
    show_resumed(s);
    return OK;
}

/* Finds the arms of the opened run, as far as they can be found. */
static enum err find_arms(struct session *s, struct run_arms *out, struct errinfo *e)
{
    struct remarks remarks = {0};
    const enum err rc = run_arms(s->open_run, out, &remarks, e);
    if (rc == ERR_NOMEM || out->n == 0) {
        return rc;
    }
    for (size_t i = 0; i < remarks.n; i++) {
        session_say(s, true, "%s", remarks.line[i]);
    }
    if (rc != OK) { /* what can be opened is still shown */
        session_say(s, true, "other arms of the run are not known: %.300s", e->msg);
    }
    return OK;
}

static enum err open_records(struct session *s, const struct run_arms *arms,
                             struct errinfo *e)
{
    TRY(mem_new(&s->record, arms->n, sizeof *s->record, "a run", e));
    for (size_t a = 0; a < arms->n; a++) {
        TRY(run_open(arms->dir[a], &s->cfg.set, s->cfg.given, &s->record[a], e));
        s->n_records++;
    }
    struct settings *set = &s->record[0].set;
    snprintf(set->samples_dir, sizeof set->samples_dir, "%s", s->cfg.set.samples_dir);
    set->centre = s->cfg.set.centre; /* for an SAE that it is compared with */
    TRY(open_inputs(s, set, e));
    for (size_t a = 0; a < arms->n; a++) {
        TRY(run_record_fit(&s->record[a], arms->dir[a], s->in, e));
    }
    return OK;
}

/* Publishes what is in the arms' directories besides the SAEs: curves, events, labels,
 * concepts. */
static enum err show_records(struct session *s, const struct run_arms *arms,
                             struct errinfo *e)
{
    const struct history *past[VIEW_ARMS];
    const size_t conds = session_publish_records(s, arms);
    for (size_t a = 0; a < arms->n; a++) {
        past[a] = &s->record[a].history;
        TRY(session_load_kept(s, a, arms->dir[a], s->record[a].sae->F, e));
        session_load_concepts(s, a, arms->dir[a], s->record[a].sae->F,
                              s->record[a].step);
        session_remark(s, a, NULL);
    }
    session_send_past(s, past, arms->n);
    session_say_shown(s, conds);
    return OK;
}

/* Opens a run directory with its arms. */
static enum err open_browsing(struct session *s, struct errinfo *e)
{
    struct run_arms *arms = NULL;
    session_loading(s, "opening the run");
    TRY(mem_new(&arms, 1, sizeof *arms, "a run", e));
    enum err rc = find_arms(s, arms, e);
    rc = rc == OK ? open_records(s, arms, e) : rc;
    rc = rc == OK ? show_records(s, arms, e) : rc;
    mem_free(arms);
    return rc;
}

/* Makes settings that name only the new last step of the open run. */
static enum err more_steps(const struct session *s, int64_t steps,
                           struct settings **out, struct errinfo *e)
{
    char text[24];
    TRY(engine_check_extend(s->record[0].set.steps, steps, e));
    TRY(mem_new(out, 1, sizeof **out, "settings", e));
    settings_init(*out);
    snprintf(text, sizeof text, "%lld", (long long)steps);
    return settings_set(*out, setting_key.steps, text, from_user("extend"), e);
}

enum err session_train_on(struct session *s, int64_t steps, struct errinfo *e)
{
    struct settings *given = NULL;
    enum err rc = steps > 0 ? more_steps(s, steps, &given, e) : OK;
    if (rc == OK) {
        rc = open_engine(
            s,
            (struct engine_setup){.resume = s->open_run, .given = given, .in = s->in},
            e);
    }
    mem_free(given);
    TRY(rc);
    const struct engine *g = s->engine;
    for (size_t a = 0; a < g->n_arms && a < s->n_records; a++) { /* "resumed" */
        const struct history *h = &g->arm[a].history;
        const struct history *first = &g->arm[session_first_arm(s, a)].history;
        for (size_t i = s->record[a].history.events; i < h->events; i++) {
            session_send_event(s, a, first, &h->event[i]);
        }
    }
    pthread_mutex_lock(&s->mu);
    s->eval_wanted = !s->eval_set;
    pthread_cond_signal(&s->jobs_ready);
    pthread_mutex_unlock(&s->mu);
    session_set_state(s, engine_done(g) ? SESSION_DONE : SESSION_TRAINING);
    show_resumed(s);
    return OK;
}

enum err session_open(struct session *s, struct errinfo *e)
{
    return !s->open_run[0] ? open_training(s, e)
           : s->cfg.resume ? open_resumed(s, e)
                           : open_browsing(s, e);
}
