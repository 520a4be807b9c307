#include "ui/steer.h"

#include "base/number.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The rate at which masking is switched on if none was set before: the paper's. */
#define RATE_FIRST 0.3

/* ---- whether ---- */

const char *may_look(const struct app *a, const struct session_view *v)
{
    (void)a;
    return v->state == SESSION_FAILED && !v->names.vocab ? "nothing is open" : NULL;
}

const char *may_ask(const struct app *a, const struct session_view *v)
{
    (void)a;
    return v->state == SESSION_LOADING ? "still loading"
           : !v->names.vocab           ? "nothing is open"
                                       : NULL;
}

const char *may_steer(const struct app *a, const struct session_view *v)
{
    (void)a;
    switch (v->state) {
    case SESSION_TRAINING:
    case SESSION_PAUSED:
    case SESSION_DONE: return NULL;
    case SESSION_LOADING: return "still loading";
    case SESSION_BROWSING:
        return v->step < v->planned
                   ? "opened from disk, does not train; :resume goes on"
                   : "this run has ended; :extend STEPS goes on";
    case SESSION_FAILED: return "the run has stopped";
    case SESSION_ENDED: break;
    }
    return "the run has ended";
}

bool steer_is_over_for(const struct action *action, const struct app *a,
                       const struct session_view *v)
{
    const bool over = v->state == SESSION_BROWSING || v->state == SESSION_ENDED ||
                      v->state == SESSION_FAILED;
    const char *why = action_may(action, a, v);
    return over && why && !strcmp(why, may_steer(a, v));
}

const char *may_train(const struct app *a, const struct session_view *v)
{
    const char *why = may_steer(a, v);
    if (!why && v->state == SESSION_DONE) {
        return "at the last step; :extend STEPS goes on";
    }
    return why;
}

static const char *may_resume(const struct app *a, const struct session_view *v)
{
    return v->state == SESSION_BROWSING ? NULL : may_train(a, v);
}

static const char *may_extend(const struct app *a, const struct session_view *v)
{
    return v->state == SESSION_BROWSING ? NULL : may_steer(a, v);
}

static const char *may_fork(const struct app *a, const struct session_view *v)
{
    const char *why = may_steer(a, v);
    if (!why && v->n_conds > 1) {
        return "there is a twin already";
    }
    return why;
}

const char *may_choose_arm(const struct app *a, const struct session_view *v)
{
    (void)a;
    return v->n_conds > 1 ? NULL
                          : "there is no twin; " KEY_OF("fork") " on Train forks one";
}

/* ---- masking rates ---- */

void steer_sync(struct app *a, const struct session_view *v)
{
    struct steering *s = &a->steer;
    for (int arm = 0; arm < (int)conds_of(v); arm++) {
        /* The view shows what was asked for, or the trainer has gone on without it. */
        if (!isnan(s->asked_rate[arm]) &&
            (fabs(v->cond[arm].rate_set - s->asked_rate[arm]) < 1e-9 ||
             v->step > s->asked_at[arm] + 50 || v->state == SESSION_FAILED ||
             v->state == SESSION_DONE)) {
            s->asked_rate[arm] = (double)NAN;
        }
        if (isnan(s->asked_rate[arm]) && v->cond[arm].rate_set > 0) {
            s->rate_on[arm] = v->cond[arm].rate_set;
        }
    }
    if (s->target != TARGET_ALL && (size_t)s->target >= conds_of(v)) {
        s->target = 0;
    }
}

double steer_rate(const struct app *a, const struct session_view *v, int arm)
{
    const double asked = a->steer.asked_rate[arm];
    return isnan(asked) ? v->cond[arm].rate_set : asked;
}

static double rate_on(const struct app *a, const struct session_view *v, int arm)
{
    const double seen = a->steer.rate_on[arm];
    const double on = isnan(seen) ? v->cond[arm].rate_when_on : seen;
    return on > 0 ? on : RATE_FIRST;
}

static void set_rate(struct app *a, const struct session_view *v, int arm, double rate,
                     int64_t at)
{
    struct command *c = app_emit(a, COMMAND_MASK);
    if (!c) {
        return;
    }
    c->cond = arm;
    c->value = rate;
    c->at = at;
    if (!at) {
        const double before = steer_rate(a, v, arm);
        if (rate > 0 || before > 0) {
            a->steer.rate_on[arm] = rate > 0 ? rate : before;
        }
        a->steer.asked_rate[arm] = rate;
        a->steer.asked_at[arm] = v->step;
    }
}

/* The conditions that masking keys act on, a bit for each. */
static unsigned targets(const struct app *a, const struct session_view *v)
{
    return a->steer.target == TARGET_ALL ? (1U << conds_of(v)) - 1
                                         : 1U << a->steer.target;
}

static void apply_rate(struct app *a, const struct session_view *v,
                       const struct undo_step *s, bool back)
{
    set_rate(a, v, s->arm, back ? s->rate_before : s->rate_after, 0);
}

static void which_rate(const struct app *a, const struct undo_step *s, bool back,
                       char *out, size_t cap)
{
    (void)a;
    snprintf(out, cap, "of %c: now %.2f", 'A' + s->arm,
             back ? s->rate_before : s->rate_after);
}

static const struct undo_kind rate_undo = {"a masking rate", apply_rate, which_rate};

void steer_change_rate(struct app *a, const struct session_view *v, int arm,
                       double rate)
{
    struct undo_step step = {.kind = &rate_undo, .arm = arm};
    step.rate_before = steer_rate(a, v, arm);
    step.rate_after = rate;
    undo_push(&a->undo, &step);
    set_rate(a, v, arm, rate, 0);
}

/* Say "A: masking 0.30 -> 0.35"; for two arms the words are side by side. */
static void say_rate(struct app *a, const struct session_view *v, int arm,
                     double before, double after)
{
    char text[128], was[sizeof a->message];
    const char letter = v->cond[arm].letter;
    if (after <= 0) {
        snprintf(text, sizeof text,
                 "%c: masking off; " KEY_OF("toggle-mask") " brings %.2f back", letter,
                 rate_on(a, v, arm));
    } else if (before <= 0) {
        snprintf(text, sizeof text, "%c: masking on at %.2f", letter, after);
    } else {
        snprintf(text, sizeof text, "%c: masking rate %.2f -> %.2f", letter, before,
                 after);
    }
    snprintf(was, sizeof was, "%s", a->message);
    app_say(a, false, "%s%s%s", was, was[0] ? "   " : "", text);
}

/* The rate after a step: down to off at most, and from off up to the rate it had. */
static double stepped_rate(double now, double on, double by)
{
    if (now <= 0) {
        return by > 0 ? on : 0;
    }
    const double rate = round((now + by) * 1000) / 1000;
    return rate < 0 ? 0 : rate > MASK_RATE_MAX ? MASK_RATE_MAX : rate;
}

static void step_rate(struct app *a, const struct session_view *v, const char *args)
{
    double by = 0;
    if (!arg_number(args, &by) || (args[0] != '+' && args[0] != '-')) {
        app_say(a, true, "rate: expected a change such as +0.05; :mask 0.3 sets one");
        return;
    }
    const unsigned which = targets(a, v);
    a->message[0] = '\0';
    for (int arm = 0; arm < (int)conds_of(v); arm++) {
        if (!(which & 1U << arm)) {
            continue;
        }
        const double now = steer_rate(a, v, arm);
        const double rate = stepped_rate(now, rate_on(a, v, arm), by);
        if (fabs(rate - now) < 1e-9) {
            const char letter = v->cond[arm].letter;
            if (now > 0) {
                app_say(a, false, "%c: the rate is %.2f, of 0 to %.2f", letter, now,
                        MASK_RATE_MAX);
            } else {
                app_say(a, false,
                        "%c: masking is off; " KEY_OF("toggle-mask") " or " KEY_OF(
                            "rate +0.05") " brings %.2f back",
                        letter, rate_on(a, v, arm));
            }
            continue;
        }
        steer_change_rate(a, v, arm, rate);
        say_rate(a, v, arm, now, rate);
    }
}

static void toggle_mask(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    const unsigned which = targets(a, v);
    a->message[0] = '\0';
    for (int arm = 0; arm < (int)conds_of(v); arm++) {
        if (which & 1U << arm) {
            const double now = steer_rate(a, v, arm);
            const double next = now > 0 ? 0 : rate_on(a, v, arm);
            steer_change_rate(a, v, arm, next);
            say_rate(a, v, arm, now, next);
        }
    }
}

static void mask_usage(struct app *a)
{
    app_say(a, true,
            "mask: expected a rate of 0 to %.2f, on or off, then perhaps 'at STEP'",
            MASK_RATE_MAX);
}

static void set_mask(struct app *a, const struct session_view *v, const char *args)
{
    char what[24] = "", at_word[8] = "", step[24] = "", more[8] = "";
    const int n = sscanf(args, "%23s %7s %23s %7s", what, at_word, step, more);
    int64_t at = 0;
    if (n != 1 && (n != 3 || strcmp(at_word, "at") != 0 || !arg_integer(step, &at))) {
        mask_usage(a);
        return;
    }
    if (n == 3 && at <= v->step) {
        app_say(a, true, "mask: step %s has passed; the run is at %s", THOUSANDS(at),
                THOUSANDS(v->step));
        return;
    }
    const unsigned which = targets(a, v);
    for (int arm = 0; arm < (int)conds_of(v); arm++) {
        double rate = 0;
        if (!(which & 1U << arm)) {
            continue;
        }
        if (!strcmp(what, "on")) {
            rate = rate_on(a, v, arm);
        } else if (strcmp(what, "off") != 0 &&
                   (!arg_number(what, &rate) || rate < 0 || rate > MASK_RATE_MAX)) {
            mask_usage(a);
            return;
        }
        if (at) {
            set_rate(a, v, arm, rate, at);
        } else {
            steer_change_rate(a, v, arm, rate);
        }
    }
}

static void pause_run(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    app_emit(a, v->state == SESSION_PAUSED ? COMMAND_RESUME : COMMAND_PAUSE);
}

static void resume_run(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    if (v->state != SESSION_TRAINING) {
        app_emit(a, COMMAND_RESUME);
    }
}

static void fork_run(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    app_emit(a, COMMAND_FORK);
}

static void save_run(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    struct command *c = app_emit(a, COMMAND_SAVE);
    if (c) {
        snprintf(c->text, sizeof c->text, "%.1000s", args);
    }
}

static void extend_run(struct app *a, const struct session_view *v, const char *args)
{
    int64_t steps = 0;
    if (!arg_integer(args, &steps) || steps <= v->planned) {
        app_say(a, true, "extend: expected the new last step, beyond the %lld planned",
                (long long)v->planned);
        return;
    }
    struct command *c = app_emit(a, COMMAND_EXTEND);
    if (c) {
        c->at = steps;
    }
}

static void evaluate_now(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    app_emit(a, COMMAND_EVALUATE);
}

/* ---- notes ---- */

static void add_note(struct app *a, const struct session_view *v, const char *text)
{
    struct command *c = text[0] ? app_emit(a, COMMAND_NOTE) : NULL;
    (void)v;
    if (c) {
        snprintf(c->text, sizeof c->text, "%.1000s", text);
    }
}

static const struct prompt_def note_prompt = {
    .sign = "note: ",
    .history = "note",
    .help = "a note at this step, kept with the run",
    .accept = add_note,
};

static void note(struct app *a, const struct session_view *v, const char *args)
{
    if (args[0]) {
        add_note(a, v, args);
    } else {
        app_open_prompt(a, &note_prompt, "", "");
    }
}

/* ---- the commands ---- */

ACTION_WORDS(mask_word, "on", "off", "at")

const struct action action_pause = {.command = "pause",
                                    .args = "",
                                    .run = pause_run,
                                    .reach = REACH_ALL,
                                    .may = may_train,
                                    .in_card = true};
const struct action action_resume = {.command = "resume",
                                     .args = "",
                                     .run = resume_run,
                                     .reach = REACH_ALL,
                                     .may = may_resume};
const struct action action_toggle_mask = {.command = "toggle-mask",
                                          .args = "",
                                          .run = toggle_mask,
                                          .reach = REACH_ALL,
                                          .may = may_train,
                                          .in_card = true};
const struct action action_rate = {.command = "rate",
                                   .args = "[+|-]STEP",
                                   .run = step_rate,
                                   .reach = REACH_ALL,
                                   .may = may_train,
                                   .in_card = true};
const struct action action_mask = {.command = "mask",
                                   .args = "P|on|off [at STEP]",
                                   .run = set_mask,
                                   .reach = REACH_ALL,
                                   .may = may_train,
                                   .word = mask_word};
const struct action action_fork = {.command = "fork",
                                   .args = "",
                                   .run = fork_run,
                                   .reach = REACH_ALL,
                                   .may = may_fork,
                                   .hides = true,
                                   .in_card = true};
const struct action action_save = {.command = "save",
                                   .args = "[DIR]",
                                   .run = save_run,
                                   .reach = REACH_ALL,
                                   .may = may_steer,
                                   .in_card = true};
const struct action action_extend = {.command = "extend",
                                     .args = "STEPS",
                                     .run = extend_run,
                                     .reach = REACH_ALL,
                                     .may = may_extend};
const struct action action_evaluate = {.command = "evaluate",
                                       .args = "",
                                       .run = evaluate_now,
                                       .reach = REACH_ALL,
                                       .may = may_steer};
const struct action action_note = {
    .command = "note", .args = "TEXT", .run = note, .may = may_steer, .in_card = true};
