/* The trainer thread: opens the inputs, then steps the engine and empties the command
 * queue between steps. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/pool.h"
#include "session/session_priv.h"
#include "train/run_open.h"
#include "train/settings_synth.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The screen is told of the state at least this often while training. */
#define STATUS_NS (INT64_C(66) * 1000 * 1000)

/* ---- what the screen sees of the engine ---- */

/* Returns how many conditions the run has. */
static size_t publish(struct session *s)
{
    const struct engine *g = s->engine;
    const int64_t step = engine_step_count(g);
    pthread_mutex_lock(&s->mu);
    struct session_view *v = &s->pub;
    v->step = step;
    v->steps = v->planned = g->steps;
    v->seconds = g->seconds;
    v->tokens_per_second = g->tokens_per_second;
    v->eta_seconds =
        step > 0 ? g->seconds / (double)step * (double)(g->steps - step) : (double)NAN;
    v->eval_next_step = (double)engine_next_eval(g);
    const size_t conds = session_publish_arms_locked(s);
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    return conds;
}

static void on_row(void *user, size_t arm, const struct metric_row *row)
{
    session_send_row(user, arm, row);
}

static void on_event(void *user, size_t arm, const struct run_event *ev)
{
    struct session *s = user;
    static const struct history none = {0}; /* before the engine is there */
    session_send_event(
        s, arm, s->engine ? &s->engine->arm[session_first_arm(s, arm)].history : &none,
        ev);
    if (strcmp(ev->kind, ENGINE_DIVERGED) == 0) {
        const struct session_view *v = &s->pub; /* which this thread alone writes */
        const char letter = arm < v->n_arms && v->arm[arm].cond < VIEW_CONDS
                                ? v->cond[v->arm[arm].cond].letter
                                : '?';
        session_say(
            s, true,
            "%c, seed %llu, diverged by step %lld: %s; lower it with :tune lr=", letter,
            (unsigned long long)v->arm[arm].weights, (long long)ev->step, ev->detail);
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

/* A fork brings its past with it: the twin's curve starts with what both have shared.
 */
static void send_history(struct session *s, size_t arm, const struct history *h)
{
    for (size_t i = 0; i < h->rows; i++) {
        session_send_row(s, arm, &h->row[i]);
    }
}

/* What happened last to arms that have just been published: that they began. */
static void send_beginnings(struct session *s, size_t from)
{
    for (size_t a = from; a < s->engine->n_arms; a++) {
        const struct history *h = &s->engine->arm[a].history;
        const size_t first = session_first_arm(s, a);
        if (h->events > 0) {
            session_send_event(s, a, &s->engine->arm[first].history,
                               &h->event[h->events - 1]);
        }
    }
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

static void inputs_done(struct session *s, bool ok)
{
    pthread_mutex_lock(&s->mu);
    s->inputs_ready = ok;
    s->inputs_failed = !ok;
    s->eval_wanted = ok && s->engine;
    pthread_cond_broadcast(&s->jobs_ready);
    pthread_mutex_unlock(&s->mu);
}

/* What is said of inputs that are open. */
static enum err show_inputs(struct session *s, struct errinfo *e)
{
    const struct remarks *r = &s->in->remarks;
    char line[sizeof s->pub.message];
    TRY(session_make_names(s, e));
    session_make_facts(s);
    pthread_mutex_lock(&s->mu);
    snprintf(s->pub.warning, sizeof s->pub.warning, "%s", r->n > 0 ? r->line[0] : "");
    pthread_mutex_unlock(&s->mu);
    if (r->n > 0) { /* at once: of several sayings in a row only the last is seen */
        session_say(s, false, "%s", remarks_line(r, line, sizeof line));
    }
    return OK;
}

/* Held-out rows whose cross-entropy is followed live: half of an evaluation's time is
 * the model behind the SAE. A run that stretches nothing takes them all. */
#define LIVE_CE_ROWS 4

static enum err open_inputs(struct session *s, const struct settings *set,
                            struct errinfo *e)
{
    session_loading(s, "opening the model and its text");
    TRY(settings_need_text(set, "explore", e));
    TRY(inputs_new(set, &s->in, e));
    return show_inputs(s, e);
}

/* The engine of the session, which it has from here on; its inputs are the session's,
 * too. */
static enum err open_engine(struct session *s, struct engine_setup how,
                            struct errinfo *e)
{
    struct engine *g = NULL;
    how.set = &s->cfg.set;
    how.user = s;
    how.stretch_eval = s->cfg.stretch_eval;
    how.cancel = &s->stop;
    how.watch = (struct engine_watch){s, on_row, on_event, on_evaluating};
    const enum err rc = engine_open(&how, &g, e);
    if (rc != OK) {
        if (!how.in) {
            s->in = NULL; /* what it opened itself is gone again */
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
    session_loading(s, "making the first weights");
    return OK;
}

static enum err resumed_inputs(void *user, struct inputs *in, struct errinfo *e)
{
    struct session *s = user;
    s->in = in;
    TRY(settings_need_text(&in->set, "explore", e));
    return show_inputs(s, e);
}

/* Of more conditions than there are on the screen, before what has been said last. */
static void say_shown(struct session *s, size_t conds)
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

/* What each arm takes. */
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

/* The facts of a run that has changed. */
static void renew_facts(struct session *s)
{
    session_make_facts(s);
    say_arm_bytes(s);
}

static enum err open_training(struct session *s, struct errinfo *e)
{
    if (s->cfg.stretch_eval && !s->cfg.set.eval_ce_rows) {
        s->cfg.set.eval_ce_rows = LIVE_CE_ROWS;
    }
    session_loading(s, "opening the model and its text");
    TRY(settings_need_text(&s->cfg.set, "explore", e));
    TRY(open_engine(s, (struct engine_setup){.opened = new_inputs}, e));
    say_arm_bytes(s);
    const size_t conds = publish(s);
    send_engine_past(s);
    say_shown(s, conds);
    return OK;
}

/* Say what a resume found; the last directory is where :save goes. */
static void show_resumed(struct session *s)
{
    const struct engine *g = s->engine;
    snprintf(s->last_dir, sizeof s->last_dir, "%s", g->dir);
    const size_t conds = publish(s);
    if (g->warning[0]) {
        session_say(s, true, "%s", g->warning);
    } else {
        session_say(s, false, "%s goes on from step %lld of %lld", g->dir,
                    (long long)engine_step_count(g), (long long)g->steps);
        say_shown(s, conds);
    }
}

/* A run whose training goes on from the beginning of the session. */
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
        TRY(session_load_labels(s, a, g->arm[a].dir, g->arm[a].arm->sae->F, e));
        session_load_concepts(s, a, g->arm[a].dir, g->arm[a].arm->sae->F,
                              engine_step_count(g));
    }
    say_arm_bytes(s);
    publish(s);
    send_engine_past(s);
    show_resumed(s);
    return OK;
}

/* The arms of the run that is opened, as far as they can be found. */
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
    if (rc != OK) { /* what can be opened is shown all the same */
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
    TRY(open_inputs(s, set, e));
    for (size_t a = 0; a < arms->n; a++) {
        TRY(run_record_fit(&s->record[a], arms->dir[a], s->in, e));
    }
    return OK;
}

/* What the directories of the arms hold beside the SAEs. */
static enum err show_records(struct session *s, const struct run_arms *arms,
                             struct errinfo *e)
{
    const struct history *past[VIEW_ARMS];
    const size_t conds = session_publish_records(s, arms);
    for (size_t a = 0; a < arms->n; a++) {
        past[a] = &s->record[a].history;
        TRY(session_load_labels(s, a, arms->dir[a], s->record[a].sae->F, e));
        session_load_concepts(s, a, arms->dir[a], s->record[a].sae->F,
                              s->record[a].step);
        session_remark(s, a, NULL);
    }
    session_send_past(s, past, arms->n);
    say_shown(s, conds);
    return OK;
}

/* A run directory with its arms. */
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

/* Settings that name nothing but the new last step of the run that is open. */
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

/* :resume in a run that was opened for browsing; with `steps` > 0 :extend, up to that
 * step. */
static enum err train_on(struct session *s, int64_t steps, struct errinfo *e)
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

/* ---- saving ---- */

/* A name of its own under runs_dir: the date and a number that is free. */
static enum err own_dir(struct session *s, char *out, size_t cap, struct errinfo *e)
{
    char stamp[32];
    const time_t now = time(NULL);
    struct tm tm;
    localtime_r(&now, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &tm);
    if (!s->runs_dir[0]) {
        return err_set(e, ERR_USAGE, "no directory for runs; name one with :save DIR");
    }
    for (int i = 0; i < 100; i++) {
        char name[64];
        snprintf(name, sizeof name, i ? "%s-%d" : "%s", stamp, i);
        TRY(path_join(out, cap, s->runs_dir, name, e));
        if (!file_exists(out)) {
            return OK;
        }
    }
    return err_set(e, ERR_EXISTS, "%s: no free name for a run", s->runs_dir);
}

static enum err save(struct session *s, const char *dir, struct errinfo *e)
{
    char own[SETTING_TEXT_MAX];
    if (!s->engine) {
        return err_set(e, ERR_USAGE,
                       "this run was opened from disk; it is saved already");
    }
    if (!dir[0]) {
        dir = s->last_dir;
        if (!dir[0]) {
            TRY(own_dir(s, own, sizeof own, e));
            dir = own;
        }
    }
    TRY(engine_save(s->engine, dir, e));
    if (dir != s->last_dir) {
        snprintf(s->last_dir, sizeof s->last_dir, "%s", dir);
    }
    publish(s);
    TRY(session_save_labels(s, e));
    session_say(s, false, "saved at step %lld in %s",
                (long long)engine_step_count(s->engine), dir);
    return OK;
}

/* ---- commands ---- */

static enum err fork_twin(struct session *s, struct errinfo *e)
{
    const struct engine *g = s->engine;
    const size_t had = g->n_arms;
    TRY(engine_fork(s->engine, e));
    publish(s);
    for (size_t a = had; a < g->n_arms; a++) {
        send_history(s, a, &g->arm[a].history);
    }
    send_beginnings(s, had);
    session_say(s, false, "twin B from step %lld: same weights and text, %s",
                (long long)engine_step_count(g),
                arm_rate_set(g->arm[had].arm) > 0 ? "with masking" : "no masking");
    return OK;
}

/* The condition that a command is about. */
static enum err find_cond(const struct session *s, const struct command *c,
                          const struct cond_view **out, struct errinfo *e)
{
    const struct session_view *v = &s->pub; /* which this thread alone writes */
    const size_t cond = c->cond < 0 ? 0 : (size_t)c->cond;
    if (cond >= v->n_conds) {
        return err_set(e, ERR_USAGE, "there is no condition %c", 'A' + c->cond);
    }
    *out = &v->cond[cond];
    return OK;
}

/* The masking rate of a condition: of all its seeds. */
static enum err set_mask(struct session *s, const struct command *c, struct errinfo *e)
{
    const struct cond_view *v = NULL;
    TRY(find_cond(s, c, &v, e));
    for (size_t i = 0; i < v->n_seeds; i++) {
        TRY(engine_set_mask(s->engine, v->arm[i], c->value, c->at, e));
    }
    return OK;
}

/* Settings of a condition, in all its seeds. */
static enum err tune(struct session *s, const struct command *c, struct errinfo *e)
{
    struct engine *g = s->engine;
    const struct cond_view *v = NULL;
    TRY(find_cond(s, c, &v, e));
    TRY(engine_tune(g, g->arm[v->arm[0]].condition, c->text, e));
    renew_facts(s);
    const struct history *h = &g->arm[v->arm[0]].history;
    session_say(s, false, "%c: %s, from step %lld on", v->letter,
                h->event[h->events - 1].detail, (long long)engine_step_count(g) + 1);
    return OK;
}

/* The seed whose latents are shown. */
static enum err show_seed(struct session *s, const struct command *c, struct errinfo *e)
{
    size_t most = 1;
    for (size_t k = 0; k < s->pub.n_conds; k++) {
        const size_t n = s->pub.cond[k].n_seeds;
        most = n > most ? n : most;
    }
    if (c->at < 0 || (uint64_t)c->at >= most) {
        return err_set(e, ERR_USAGE, "seed: found %lld, expected 1 to %zu",
                       (long long)c->at + 1, most);
    }
    pthread_mutex_lock(&s->mu);
    s->pub.seed = (size_t)c->at;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    return OK;
}

/* More seeds of weights, which train from the beginning while the others wait. */
static enum err add_seeds(struct session *s, const struct command *c, struct errinfo *e)
{
    struct engine *g = s->engine;
    const int64_t step = engine_step_count(g);
    if (c->at != 1) {
        return err_set(e, ERR_USAGE, "seeds: found %lld, expected one at a time",
                       (long long)c->at);
    }
    TRY(engine_add_seed(g, e));
    renew_facts(s);
    session_set_state(s, SESSION_TRAINING);
    session_say(s, false,
                "a further seed of each condition trains from step 0; the others wait "
                "at step %lld",
                (long long)step);
    return OK;
}

/* One more condition, which trains from the beginning while the others wait; or only
 * what it would take. */
static enum err add_condition(struct session *s, const struct command *c,
                              struct errinfo *e)
{
    struct engine *g = s->engine;
    const long long step = (long long)engine_step_count(g);
    const size_t had = g->n_arms;
    struct engine_addition is;
    char least[40];
    if (!(c->value > 0)) {
        TRY(engine_weigh_condition(g, c->text, &is, e));
        least[0] = '\0';
        if (step > 0) {
            snprintf(least, sizeof least, ", about %.0f s", is.seconds);
        }
        session_say(s, false,
                    "%s (%s): %zu seed%s from step 0 to %lld while the others wait%s, "
                    "%.1f MB; the same line again adds it",
                    is.name, is.differs, is.seeds, plural_s(is.seeds), step, least,
                    (double)is.bytes / 1e6);
        return OK;
    }
    TRY(engine_add_condition(g, c->text, &is, e));
    renew_facts(s);
    session_set_state(s, SESSION_TRAINING);
    const size_t conds = publish(s);
    send_beginnings(s, had);
    session_say(s, false,
                "condition %s trains from step 0; the others wait at step %lld",
                is.name, step);
    say_shown(s, conds);
    return OK;
}

/* Changes that arms which are on their way to the others would miss. */
static enum err check_level(const struct engine *g, struct errinfo *e)
{
    return engine_is_level(g)
               ? OK
               : err_set(e, ERR_USAGE,
                         "a seed is on its way to the others, at step %lld; then",
                         (long long)engine_step_count(g));
}

static enum session_state state_of(struct session *s)
{
    pthread_mutex_lock(&s->mu);
    const enum session_state state = s->pub.state;
    pthread_mutex_unlock(&s->mu);
    return state;
}

/* Commands that change the course of training; the caller has checked that there is an
 * engine. */
static enum err steer(struct session *s, const struct command *c, struct errinfo *e)
{
    struct engine *g = s->engine;
    if (state_of(s) == SESSION_FAILED) {
        return err_set(e, ERR_USAGE, "the run has failed; it can be browsed and saved");
    }
    switch (c->kind) {
    case COMMAND_PAUSE:
        session_set_state(s, engine_done(g) ? SESSION_DONE : SESSION_PAUSED);
        return engine_event(g, ENGINE_ALL_ARMS, e, "pause", "%s", "");
    case COMMAND_RESUME:
        session_set_state(s, engine_done(g) ? SESSION_DONE : SESSION_TRAINING);
        return engine_event(g, ENGINE_ALL_ARMS, e, "resume", "%s", "");
    case COMMAND_MASK: TRY(check_level(g, e)); return set_mask(s, c, e);
    case COMMAND_FORK: TRY(check_level(g, e)); return fork_twin(s, e);
    case COMMAND_SEEDS: return add_seeds(s, c, e);
    case COMMAND_CONDITION: return add_condition(s, c, e);
    case COMMAND_EXTEND:
        TRY(check_level(g, e));
        TRY(engine_extend(g, c->at, e));
        session_set_state(s, SESSION_TRAINING);
        return OK;
    case COMMAND_TUNE: TRY(check_level(g, e)); return tune(s, c, e);
    case COMMAND_NOTE:
        return engine_event(g, ENGINE_ALL_ARMS, e, "note", "%s", c->text);
    case COMMAND_EVALUATE: return engine_evaluate(g, e);
    case COMMAND_SAVE:
    case COMMAND_TABLE:
    case COMMAND_DETAIL:
    case COMMAND_CONCEPTS:
    case COMMAND_PARTNERS:
    case COMMAND_SUBJECT:
    case COMMAND_WORD:
    case COMMAND_COMPARE:
    case COMMAND_PAIR:
    case COMMAND_LABEL:
    case COMMAND_SEED:
    case COMMAND_RULE:
    case COMMAND_FOLLOW:
    case COMMAND_SAVE_CONFIG:
    case COMMAND_STOP: break;
    }
    return OK;
}

/* Whether the thread goes on. */
static bool handle(struct session *s, const struct command *c)
{
    struct errinfo e = {0};
    enum err rc = OK;
    bool to_jobs = false, go_on = true;
    if (c->kind == COMMAND_TABLE || c->kind == COMMAND_DETAIL ||
        c->kind == COMMAND_CONCEPTS || c->kind == COMMAND_PARTNERS ||
        c->kind == COMMAND_SUBJECT || c->kind == COMMAND_WORD) {
        rc = session_ask_of_arm(s, c, &e);
        to_jobs = rc == OK;
    } else if (c->kind == COMMAND_COMPARE || c->kind == COMMAND_PAIR) {
        rc = session_ask_comparison(s, c, &e);
        to_jobs = rc == OK;
    } else if (c->kind == COMMAND_LABEL) {
        const struct sae *sae = NULL;
        rc = session_find_sae(s, c, &sae, &e);
        rc = rc == OK ? session_set_label(s, c, sae->F, &e) : rc;
    } else if (c->kind == COMMAND_SEED) {
        rc = show_seed(s, c, &e);
    } else if (c->kind == COMMAND_RULE) {
        session_set_rule(s, &c->rule);
    } else if (c->kind == COMMAND_FOLLOW) { /* one that trains here is its own */
        rc = s->engine ? OK : session_follow(s, &e);
    } else if (c->kind == COMMAND_SAVE_CONFIG) {
        rc = session_save_config(s, c->text, &e);
    } else if (c->kind == COMMAND_SAVE) {
        rc = save(s, c->text, &e);
    } else if (c->kind == COMMAND_STOP) {
        rc = c->value > 0 ? save(s, c->text, &e) : OK;
        go_on = rc != OK; /* a save that failed must not lose the run */
    } else if (!s->engine && c->kind == COMMAND_RESUME) {
        rc = train_on(s, 0, &e);
    } else if (!s->engine && c->kind == COMMAND_EXTEND) {
        rc = train_on(s, c->at, &e);
    } else if (!s->engine) {
        rc = err_set(&e, ERR_USAGE, "%s",
                     "this run was opened from disk to be browsed; :resume trains it "
                     "on");
    } else {
        rc = steer(s, c, &e);
        publish(s);
    }
    if (rc != OK) {
        session_say(s, true, "%s", e.msg);
    }
    if (!to_jobs) {
        session_answered(s, c);
    }
    if (!go_on) {
        session_set_state(s, SESSION_ENDED);
    }
    return go_on;
}

/* Whether an evaluation set is there that the engine does not have yet. mu held. */
static bool eval_set_waits(const struct session *s)
{
    return s->engine && s->eval_set && !s->engine->eval_set;
}

/* Take the next command; with `wait`, sleep until there is one, or an evaluation set,
 * or the end. */
static bool next_command(struct session *s, bool wait, struct command *out)
{
    pthread_mutex_lock(&s->mu);
    while (wait && !s->queue_len && !eval_set_waits(s) && !atomic_load(&s->stop)) {
        pthread_cond_wait(&s->commands_ready, &s->mu);
    }
    const bool some = s->queue_len > 0;
    if (some) {
        *out = s->queue[s->queue_head];
        s->queue_head = (s->queue_head + 1) % QUEUE_MAX;
        s->queue_len--;
    }
    pthread_mutex_unlock(&s->mu);
    return some;
}

/* Give the engine the evaluation set once there is one; a run that ended before has its
 * last evaluation now. */
static void take_eval_set(struct session *s)
{
    struct errinfo e = {0};
    pthread_mutex_lock(&s->mu);
    const bool fresh = eval_set_waits(s);
    if (fresh) {
        s->engine->eval_set = s->eval_set;
        s->pub.eval_ready = true;
    }
    pthread_mutex_unlock(&s->mu);
    if (!fresh) {
        return;
    }
    const enum err rc = engine_catch_up(s->engine, &e);
    if (rc != OK && rc != ERR_CANCELLED) {
        session_say(s, true, "%s", e.msg);
    }
}

static void fail(struct session *s, const struct errinfo *e)
{
    pthread_mutex_lock(&s->mu);
    s->error = e->code;
    s->pub.state = SESSION_FAILED;
    pthread_mutex_unlock(&s->mu);
    session_say(s, true, "%s", e->msg);
}

/* One step, and what follows from it. */
static void train_once(struct session *s, int64_t *told)
{
    struct errinfo e = {0};
    struct engine *g = s->engine;
    const enum err rc = engine_step(g, &e);
    if (rc == ERR_CANCELLED) {
        return;
    }
    if (rc != OK) {
        fail(s, &e);
        return;
    }
    const int64_t now = clock_ns();
    if (now - *told > STATUS_NS || engine_done(g)) {
        publish(s);
        *told = now;
    }
    if (engine_done(g)) {
        session_set_state(s, SESSION_DONE);
        session_say(
            s, false,
            "done: %lld step%s; see the concepts (2), save (c), go on with :extend N",
            (long long)g->steps, plural_s((uint64_t)g->steps));
    }
}

static void loop(struct session *s)
{
    int64_t told = 0;
    struct command c;
    while (!atomic_load(&s->stop)) {
        take_eval_set(s);
        const bool training = state_of(s) == SESSION_TRAINING;
        while (next_command(s, !training, &c)) {
            if (!handle(s, &c)) {
                return;
            }
            if (!training) {
                break; /* look at the state again before waiting */
            }
        }
        if (state_of(s) == SESSION_TRAINING && !atomic_load(&s->stop)) {
            train_once(s, &told);
        }
    }
}

/* After a failure to open there is nothing to steer; commands are answered and dropped.
 */
static void drain(struct session *s)
{
    struct command c;
    while (!atomic_load(&s->stop)) {
        if (next_command(s, true, &c)) {
            session_answered(s, &c);
            if (c.kind == COMMAND_STOP) {
                session_set_state(s, SESSION_ENDED);
                return;
            }
        }
    }
}

void *session_trainer_main(void *arg)
{
    struct session *s = arg;
    struct errinfo e = {0};
    const bool browse = s->open_run[0] != '\0';
    pool_be_nice();
    const bool resume = browse && s->cfg.resume;
    const enum err rc = resume   ? open_resumed(s, &e)
                        : browse ? open_browsing(s, &e)
                                 : open_training(s, &e);
    inputs_done(s, rc == OK);
    if (rc != OK) {
        fail(s, &e);
        drain(s);
        return NULL;
    }
    session_set_state(s, browse && !resume                     ? SESSION_BROWSING
                         : s->engine && engine_done(s->engine) ? SESSION_DONE
                         : s->cfg.start_paused                 ? SESSION_PAUSED
                                                               : SESSION_TRAINING);
    loop(s);
    return NULL;
}
