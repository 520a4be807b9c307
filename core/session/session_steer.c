/* Commands that steer the engine: masks, settings, conditions, seeds, its length.
 * Trainer thread. */
#include "base/duration.h"
#include "base/number.h"
#include "session/session_priv.h"
#include "session/verdicts.h"
#include "train/also.h"

#include <stdio.h>

/* ---- arms that are new ---- */

/* Sends the past of a fork: the twin's curve starts with what both have shared. */
static void send_history(struct session *s, size_t arm, const struct history *h)
{
    for (size_t i = 0; i < h->rows; i++) {
        session_send_row(s, arm, &h->row[i]);
    }
}

/* Sends the last event of arms just published: their start. */
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

/* ---- commands ---- */

static enum err fork_twin(struct session *s, struct errinfo *e)
{
    const struct engine *g = s->engine;
    const size_t had = g->n_arms;
    TRY(engine_fork(s->engine, e));
    session_publish(s);
    for (size_t a = had; a < g->n_arms; a++) {
        send_history(s, a, &g->arm[a].history);
    }
    send_beginnings(s, had);
    session_say(s, false, "twin B from step %s: same weights and text, %s",
                THOUSANDS(engine_step_count(g)),
                arm_rate_set(g->arm[had].arm) > 0 ? "with masking" : "no masking");
    return OK;
}

/* Finds the condition that a command is about. */
static enum err find_cond(const struct session *s, const struct command *c,
                          const struct cond_view **out, struct errinfo *e)
{
    const struct session_view *v = &s->pub; /* written only by this thread */
    const size_t cond = c->cond < 0 ? 0 : (size_t)c->cond;
    if (cond >= v->n_conds) {
        return err_set(e, ERR_USAGE, "there is no condition %c", 'A' + c->cond);
    }
    *out = &v->cond[cond];
    return OK;
}

/* Sets the masking rate of a condition, for all its seeds. */
static enum err set_mask(struct session *s, const struct command *c, struct errinfo *e)
{
    const struct cond_view *v = NULL;
    TRY(find_cond(s, c, &v, e));
    for (size_t i = 0; i < v->n_seeds; i++) {
        TRY(engine_set_mask(s->engine, v->arm[i], c->value, c->at, e));
    }
    return OK;
}

/* Changes settings of a condition, in all its seeds. */
static enum err tune(struct session *s, const struct command *c, struct errinfo *e)
{
    struct engine *g = s->engine;
    const struct cond_view *v = NULL;
    TRY(find_cond(s, c, &v, e));
    TRY(engine_tune(g, g->arm[v->arm[0]].condition, c->text, e));
    session_renew_facts(s);
    const struct history *h = &g->arm[v->arm[0]].history;
    session_say(s, false, "%c: %s, from step %s on", v->letter,
                h->event[h->events - 1].detail, THOUSANDS(engine_step_count(g) + 1));
    return OK;
}

/* Says what a further seed of each condition costs. */
static enum err weigh_seed(struct session *s, struct errinfo *e)
{
    const struct engine *g = s->engine;
    double widening = 0.0;
    size_t arms = 0, regained = 0;
    TRY(engine_weigh_seed(g, &arms, e));
    cost_of_looking(arm_plans_seeds(&g->arm[0].arm->set), &widening, &regained);
    session_say(s, false,
                "again adds %zu arm%s of %.1f MB; intervals %.1f times as wide, %zu "
                "seeds regain them",
                arms, plural_s(arms), (double)engine_arm_bytes(g, 0) / 1e6, widening,
                regained);
    return OK;
}

/* Adds seeds of weights, which train from the beginning while the others wait; or only
 * says what they cost. */
static enum err add_seeds(struct session *s, const struct command *c, struct errinfo *e)
{
    struct engine *g = s->engine;
    const int64_t step = engine_step_count(g);
    if (c->at != 1) {
        return err_set(e, ERR_USAGE, "seeds: found %lld, expected one at a time",
                       (long long)c->at);
    }
    if (!(c->value > 0)) {
        return weigh_seed(s, e);
    }
    TRY(engine_add_seed(g, e));
    session_renew_facts(s);
    session_set_state(s, SESSION_TRAINING);
    session_say(s, false,
                "a further seed of each condition trains from step 0; the others wait "
                "at step %s",
                THOUSANDS(step));
    return OK;
}

/* Adds a condition, which trains from the beginning while the others wait; or only says
 * what it costs. */
static enum err add_condition(struct session *s, const struct command *c,
                              struct errinfo *e)
{
    struct engine *g = s->engine;
    const long long step = (long long)engine_step_count(g);
    const size_t had = g->n_arms;
    struct engine_addition is;
    if (!(c->value > 0)) {
        char lasts[48] = "", time[32];
        TRY(engine_weigh_condition(g, c->text, &is, e));
        if (step > 0) {
            (void)duration_text(is.seconds, DURATION_BRIEF, time);
            snprintf(lasts, sizeof lasts, ", %s of training", time);
        }
        /* What it asks for comes first, and all of it fits 80 columns. */
        session_say(s, false, "the same line again adds %s: %zu seed%s%s, %.1f MB",
                    is.name, is.seeds, plural_s(is.seeds), lasts,
                    (double)is.bytes / 1e6);
        return OK;
    }
    TRY(engine_add_condition(g, c->text, &is, e));
    session_renew_facts(s);
    session_set_state(s, SESSION_TRAINING);
    const size_t conds = session_publish(s);
    send_beginnings(s, had);
    session_say(s, false, "%s (%s) trains from step 0; the others wait at step %s",
                is.name, is.differs, THOUSANDS(step));
    session_say_shown(s, conds);
    return OK;
}

/* Refuses changes that arms still catching up would miss. */
static enum err check_level(const struct engine *g, struct errinfo *e)
{
    return engine_is_level(g)
               ? OK
               : err_set(e, ERR_USAGE,
                         "not yet: what was added last, at step %s, must come to the "
                         "others first",
                         THOUSANDS(engine_step_count(g)));
}

enum err session_steer(struct session *s, const struct command *c, struct errinfo *e)
{
    struct engine *g = s->engine;
    if (session_state(s) == SESSION_FAILED) {
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
    case COMMAND_PRESET:
    case COMMAND_SEED:
    case COMMAND_RULE:
    case COMMAND_FOLLOW:
    case COMMAND_SAVE_CONFIG:
    case COMMAND_STOP: break;
    }
    return OK;
}
