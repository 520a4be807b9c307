/* Steering the run, and the curves. */
#include "ui/actions.h"
#include "ui/screen.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What masking is switched on to where no rate was ever set: the paper's. */
#define RATE_FIRST 0.3

/* ---- whether ---- */

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

bool action_needs_training(const struct app *a, const struct session_view *v,
                           enum action id)
{
    const bool over = v->state == SESSION_BROWSING || v->state == SESSION_ENDED ||
                      v->state == SESSION_FAILED;
    const char *why = action_def(id)->may(a, v);
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

const char *may_resume(const struct app *a, const struct session_view *v)
{
    return v->state == SESSION_BROWSING ? NULL : may_train(a, v);
}

const char *may_extend(const struct app *a, const struct session_view *v)
{
    return v->state == SESSION_BROWSING ? NULL : may_steer(a, v);
}

const char *may_fork(const struct app *a, const struct session_view *v)
{
    const char *why = may_steer(a, v);
    if (!why && v->n_arms > 1) {
        return "there is a twin already";
    }
    return why;
}

const char *may_choose_arm(const struct app *a, const struct session_view *v)
{
    (void)a;
    return v->n_arms > 1 ? NULL : "there is no twin; b on Train forks one";
}

const char *may_compare(const struct app *a, const struct session_view *v)
{
    return may_choose_arm(a, v);
}

/* ---- steering ---- */

double app_rate(const struct app *a, const struct session_view *v, int arm)
{
    const double asked = a->train.asked_rate[arm];
    return isnan(asked) ? v->arm[arm].rate_set : asked;
}

double app_rate_on(const struct app *a, const struct session_view *v, int arm)
{
    const double seen = a->train.rate_on[arm];
    const double on = isnan(seen) ? v->arm[arm].rate_when_on : seen;
    return on > 0 ? on : RATE_FIRST;
}

void app_set_rate(struct app *a, const struct session_view *v, int arm, double rate,
                  int64_t at)
{
    struct command *c = app_emit(a, COMMAND_MASK);
    if (!c) {
        return;
    }
    c->arm = arm;
    c->value = rate;
    c->at = at;
    if (!at) {
        const double before = app_rate(a, v, arm);
        if (rate > 0 || before > 0) {
            a->train.rate_on[arm] = rate > 0 ? rate : before;
        }
        a->train.asked_rate[arm] = rate;
        a->train.asked_at[arm] = v->step;
    }
}

/* Arms that masking keys act on: a bit each. */
static unsigned targets(const struct app *a, const struct session_view *v)
{
    return arms_of(v) == 1 ? 1U : a->train.target == 2 ? 3U : 1U << a->train.target;
}

void app_change_rate(struct app *a, const struct session_view *v, int arm, double rate)
{
    struct undo_step step = {.kind = UNDO_RATE, .arm = arm};
    step.rate_before = app_rate(a, v, arm);
    step.rate_after = rate;
    undo_push(&a->undo, &step);
    app_set_rate(a, v, arm, rate, 0);
}

/* "A: masking 0.30 -> 0.35"; of two arms the words stand side by side. */
static void say_rate(struct app *a, const struct session_view *v, int arm,
                     double before, double after)
{
    char text[96], was[sizeof a->message];
    const char letter = v->arm[arm].letter;
    if (after <= 0) {
        snprintf(text, sizeof text, "%c: masking off; m brings %.2f back", letter,
                 app_rate_on(a, v, arm));
    } else if (before <= 0) {
        snprintf(text, sizeof text, "%c: masking on at %.2f", letter, after);
    } else {
        snprintf(text, sizeof text, "%c: masking rate %.2f -> %.2f", letter, before,
                 after);
    }
    snprintf(was, sizeof was, "%s", a->message);
    app_say(a, false, "%s%s%s", was, was[0] ? "   " : "", text);
}

/* Where a step of the rate leads: down to off, and up from off to where it was. */
static double stepped_rate(double now, double on, double by)
{
    if (now <= 0) {
        return by > 0 ? on : 0;
    }
    const double rate = round((now + by) * 1000) / 1000;
    return rate < 0 ? 0 : rate > MASK_RATE_MAX ? MASK_RATE_MAX : rate;
}

void act_rate(struct app *a, const struct session_view *v, const char *args)
{
    double by = 0;
    if (!arg_number(args, &by) || (args[0] != '+' && args[0] != '-')) {
        app_say(a, true, "rate: expected a change such as +0.05; :mask 0.3 sets one");
        return;
    }
    const unsigned which = targets(a, v);
    a->message[0] = '\0';
    for (int arm = 0; arm < 2; arm++) {
        if (!(which & 1U << arm)) {
            continue;
        }
        const double now = app_rate(a, v, arm);
        const double rate = stepped_rate(now, app_rate_on(a, v, arm), by);
        if (fabs(rate - now) < 1e-9) {
            const char letter = v->arm[arm].letter;
            if (now > 0) {
                app_say(a, false, "%c: the rate is %.2f, of 0 to %.2f", letter, now,
                        MASK_RATE_MAX);
            } else {
                app_say(a, false, "%c: masking is off; m or ] brings %.2f back", letter,
                        app_rate_on(a, v, arm));
            }
            continue;
        }
        app_change_rate(a, v, arm, rate);
        say_rate(a, v, arm, now, rate);
    }
}

void act_mask_toggle(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    const unsigned which = targets(a, v);
    a->message[0] = '\0';
    for (int arm = 0; arm < 2; arm++) {
        if (which & 1U << arm) {
            const double now = app_rate(a, v, arm);
            const double next = now > 0 ? 0 : app_rate_on(a, v, arm);
            app_change_rate(a, v, arm, next);
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

void act_mask(struct app *a, const struct session_view *v, const char *args)
{
    char what[24] = "", at_word[8] = "", step[24] = "", more[8] = "";
    const int n = sscanf(args, "%23s %7s %23s %7s", what, at_word, step, more);
    int64_t at = 0;
    if (n != 1 && (n != 3 || strcmp(at_word, "at") != 0 || !arg_integer(step, &at))) {
        mask_usage(a);
        return;
    }
    if (n == 3 && at <= v->step) {
        app_say(a, true, "mask: step %lld has passed; the run is at %lld",
                (long long)at, (long long)v->step);
        return;
    }
    const unsigned which = targets(a, v);
    for (int arm = 0; arm < 2; arm++) {
        double rate = 0;
        if (!(which & 1U << arm)) {
            continue;
        }
        if (!strcmp(what, "on")) {
            rate = app_rate_on(a, v, arm);
        } else if (strcmp(what, "off") != 0 &&
                   (!arg_number(what, &rate) || rate < 0 || rate > MASK_RATE_MAX)) {
            mask_usage(a);
            return;
        }
        if (at) {
            app_set_rate(a, v, arm, rate, at);
        } else {
            app_change_rate(a, v, arm, rate);
        }
    }
}

void act_pause(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    app_emit(a, v->state == SESSION_PAUSED ? COMMAND_RESUME : COMMAND_PAUSE);
}

void act_resume(struct app *a, const struct session_view *v, const char *args)
{
    (void)args;
    if (v->state != SESSION_TRAINING) {
        app_emit(a, COMMAND_RESUME);
    }
}

void act_fork(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    app_emit(a, COMMAND_FORK);
}

void act_save(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    struct command *c = app_emit(a, COMMAND_SAVE);
    if (c) {
        snprintf(c->text, sizeof c->text, "%.1000s", args);
    }
}

void act_extend(struct app *a, const struct session_view *v, const char *args)
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

void act_lr(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    double lr = 0;
    if (!arg_number(args, &lr) || lr < 0 || lr > 10) {
        app_say(a, true, "lr: expected a learning rate of 0 to 10");
        return;
    }
    struct command *c = app_emit(a, COMMAND_LR);
    if (c) {
        c->value = lr;
    }
}

void act_evaluate(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    app_emit(a, COMMAND_EVALUATE);
}

void act_note(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    if (!args[0]) {
        app_open_prompt(a, PROMPT_NOTE, "", "");
        return;
    }
    struct command *c = app_emit(a, COMMAND_NOTE);
    if (c) {
        snprintf(c->text, sizeof c->text, "%.1000s", args);
    }
}

static const char *const arm_words[] = {"A", "B", "both"};

/* On Train, what masking keys act on; elsewhere, whose latents are shown. */
void act_arm(struct app *a, const struct session_view *v, const char *args)
{
    const bool train = a->screen == SCREEN_TRAIN;
    const int choices = train ? 3 : 2;
    const int now = train ? a->train.target : a->latents.arm;
    int next = (now + 1) % choices;
    for (int i = 0; args[0]; i++) {
        if (i == choices) {
            app_say(a, true,
                    train ? "arm: expected A, B or both" : "arm: expected A or B");
            return;
        }
        if (!strcmp(args, arm_words[i])) {
            next = i;
            break;
        }
    }
    if (train) {
        a->train.target = next;
        app_say(a, false, "masking keys act on %s", arm_words[next]);
        return;
    }
    a->latents.arm = a->detail.arm = next;
    a->latents.stale = true;
    a->detail.asked = false;
    a->detail.context = 0;
    screen_at(a->screen)->sync(a, v);
}

/* ---- curves ---- */

/* The pane in focus, 0 when a box is. */
static int focused_pane(const struct app *a)
{
    const int n = layout_kind(a->w, a->h) == LAYOUT_WIDE ? PANES : 3;
    return a->focus[SCREEN_TRAIN] < n ? a->focus[SCREEN_TRAIN] : 0;
}

static void cycle_metric(int *metric, int by)
{
    int n = 0, at = -1;
    for (; train_pane_metric((size_t)n) >= 0; n++) {
        at = train_pane_metric((size_t)n) == *metric ? n : at;
    }
    *metric = train_pane_metric((size_t)((at + by + n) % n));
}

void act_pane_metric(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    int pane = focused_pane(a);
    int64_t number = 0;
    char word[48] = "";
    const char *name = args;
    if (sscanf(args, "%47s", word) == 1 && arg_integer(word, &number)) {
        if (number < 1 || number > PANES) {
            app_say(a, true, "pane: expected 1 to %d", PANES);
            return;
        }
        pane = (int)number - 1;
        name = args + strlen(word);
        name += strspn(name, " ");
    }
    if (!strcmp(name, "+") || !strcmp(name, "-")) {
        cycle_metric(&a->train.metric[pane], name[0] == '+' ? 1 : -1);
    } else {
        const int m = metric_find(name);
        if (m < 0) {
            app_say(a, true, "pane: unknown measure '%.40s' (Tab completes)", name);
            return;
        }
        a->train.metric[pane] = m;
    }
    a->train.log_y[pane] = false;
}

void act_log_y(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    bool *log_y = &a->train.log_y[focused_pane(a)];
    *log_y = !strcmp(args, "on") || (strcmp(args, "off") != 0 && !*log_y);
}

void act_smooth(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    static const double levels[] = {0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98};
    enum { LEVELS = sizeof levels / sizeof levels[0] };
    double *smooth = &a->train.smooth;
    double value = 0;
    if (!strcmp(args, "+")) {
        int i = 0;
        while (i < LEVELS - 1 && levels[i] <= *smooth + 1e-9) {
            i++;
        }
        *smooth = levels[i];
    } else if (!strcmp(args, "-")) {
        int i = LEVELS - 1;
        while (i > 0 && levels[i] >= *smooth - 1e-9) {
            i--;
        }
        *smooth = levels[i];
    } else if (arg_number(args, &value) && value >= 0 && value <= 0.99) {
        *smooth = value;
    } else {
        app_say(a, true, "smooth: expected 0 to 0.99");
        return;
    }
    app_say(a, false, *smooth > 0 ? "smoothing %.2f (moving average)" : "no smoothing",
            *smooth);
}

void act_axis(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    static const char *const units[X_UNITS] = {"step", "tokens", "time"};
    int unit = (int)(a->train.unit + 1) % X_UNITS;
    for (int i = 0; args[0]; i++) {
        if (i == X_UNITS) {
            app_say(a, true, "axis: expected step, tokens or time");
            return;
        }
        if (!strcmp(args, units[i])) {
            unit = i;
            break;
        }
    }
    a->train.unit = (enum x_unit)unit;
    a->train.x_lo = a->train.x_hi = 0;
    a->train.cursor = (double)NAN;
}

void act_zoom_pane(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    a->focus[SCREEN_TRAIN] = focused_pane(a);
    a->train.zoomed = !a->train.zoomed;
}

void act_zoom_x(struct app *a, const struct session_view *v, const char *args)
{
    train_zoom_x(a, v, args);
}

void act_numbers(struct app *a, const struct session_view *v, const char *args)
{
    (void)v;
    (void)args;
    a->train.numbers = !a->train.numbers;
}
