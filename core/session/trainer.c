/* The trainer thread: opens the inputs, then steps the engine and empties the command
 * queue between steps. */
#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "base/pool.h"
#include "session/session_priv.h"

#include <stdio.h>
#include <time.h>

/* The state is published at least this often while training. */
#define STATUS_NS (INT64_C(66) * 1000 * 1000)

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

/* ---- saving ---- */

/* Makes a directory name under runs_dir: the date and a free number. */
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
    session_publish(s);
    TRY(session_save_kept(s, e));
    session_say(s, false, "saved at step %s in %s",
                THOUSANDS(engine_step_count(s->engine)), dir);
    return OK;
}

/* ---- commands ---- */

/* Sets the seed whose latents are shown. */
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

enum session_state session_state(struct session *s)
{
    pthread_mutex_lock(&s->mu);
    const enum session_state state = s->pub.state;
    pthread_mutex_unlock(&s->mu);
    return state;
}

/* Refuses what needs a model where activations were made elsewhere. */
static enum err check_model(const struct session *s, const struct command *c,
                            struct errinfo *e)
{
    const bool wants = c->kind == COMMAND_CONCEPTS || c->kind == COMMAND_SUBJECT ||
                       c->kind == COMMAND_COMPARE || c->kind == COMMAND_PAIR;
    return s->in->lm || !wants ? OK : err_set(e, ERR_USAGE, "%s", VIEW_NO_MODEL);
}

/* Handles a command; returns whether the thread goes on. */
static bool handle(struct session *s, const struct command *c)
{
    struct errinfo e = {0};
    enum err rc = OK;
    bool to_jobs = false, go_on = true;
    if (c->kind == COMMAND_TABLE || c->kind == COMMAND_DETAIL ||
        c->kind == COMMAND_CONCEPTS || c->kind == COMMAND_PARTNERS ||
        c->kind == COMMAND_SUBJECT || c->kind == COMMAND_WORD) {
        rc = check_model(s, c, &e);
        rc = rc == OK ? session_ask_of_arm(s, c, &e) : rc;
        to_jobs = rc == OK;
    } else if (c->kind == COMMAND_COMPARE || c->kind == COMMAND_PAIR) {
        rc = check_model(s, c, &e);
        rc = rc == OK ? session_ask_comparison(s, c, &e) : rc;
        to_jobs = rc == OK;
    } else if (c->kind == COMMAND_LABEL) {
        const struct sae *sae = NULL;
        rc = session_find_sae(s, c, &sae, &e);
        rc = rc == OK ? session_set_label(s, c, sae->F, &e) : rc;
    } else if (c->kind == COMMAND_PRESET) {
        const struct sae *sae = NULL;
        rc = session_find_sae(s, c, &sae, &e);
        rc = rc == OK ? session_set_preset(s, c, sae, &e) : rc;
    } else if (c->kind == COMMAND_SEED) {
        rc = show_seed(s, c, &e);
    } else if (c->kind == COMMAND_RULE) {
        session_set_rule(s, &c->rule);
    } else if (c->kind == COMMAND_FOLLOW) { /* a run that trains here has nothing to
                                               follow */
        rc = s->engine ? OK : session_follow(s, &e);
    } else if (c->kind == COMMAND_SAVE_CONFIG) {
        rc = session_save_config(s, c->text, &e);
    } else if (c->kind == COMMAND_SAVE) {
        rc = save(s, c->text, &e);
    } else if (c->kind == COMMAND_STOP) {
        rc = c->value > 0 ? save(s, c->text, &e) : OK;
        go_on = rc != OK; /* a save that failed must not lose the run */
    } else if (!s->engine && c->kind == COMMAND_RESUME) {
        rc = session_train_on(s, 0, &e);
    } else if (!s->engine && c->kind == COMMAND_EXTEND) {
        rc = session_train_on(s, c->at, &e);
    } else if (!s->engine) {
        rc = err_set(&e, ERR_USAGE, "%s",
                     "this run was opened from disk to be browsed; :resume trains it "
                     "on");
    } else {
        rc = session_steer(s, c, &e);
        session_publish(s);
    }
    if (rc != OK && c->kind == COMMAND_COMPARE) {
        session_comparison_failed(s);
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

/* Takes the next command; with `wait`, sleeps until there is one, or an evaluation set,
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

/* Gives the engine the evaluation set once there is one; a run that has already ended
 * then has its last evaluation. */
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

/* Does one step and what follows from it. */
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
        session_publish(s);
        *told = now;
    }
    if (engine_done(g)) {
        session_set_state(s, SESSION_DONE);
        session_say(
            s, false,
            "done: %s step%s; see the concepts (2), save (c), go on with :extend N",
            THOUSANDS((int64_t)g->steps), plural_s((uint64_t)g->steps));
    }
}

static void loop(struct session *s)
{
    int64_t told = 0;
    struct command c;
    while (!atomic_load(&s->stop)) {
        take_eval_set(s);
        const bool training = session_state(s) == SESSION_TRAINING;
        while (next_command(s, !training, &c)) {
            if (!handle(s, &c)) {
                return;
            }
            if (!training) {
                break; /* look at the state again before waiting */
            }
        }
        if (session_state(s) == SESSION_TRAINING && !atomic_load(&s->stop)) {
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
    const enum err rc = session_open(s, &e);
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
