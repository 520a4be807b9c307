/* Steering the run: masking rates as they were asked for, and the commands that pause,
 * save, fork and extend it. A rate is shown as asked for as soon as its key is pressed,
 * before the trainer has answered. UI thread. */
#ifndef SAETOP_UI_STEER_H
#define SAETOP_UI_STEER_H

#include "ui/app.h"

/* Forget what was asked for once the view shows it. Call after each event. */
void steer_sync(struct app *a, const struct session_view *v);

/* The rate an arm is set to, or that was just asked for. */
double steer_rate(const struct app *a, const struct session_view *v, int arm);
/* Set the rate of an arm from now on, as a step of undo. */
void steer_change_rate(struct app *a, const struct session_view *v, int arm,
                       double rate);

/* Why one cannot look into the run (one may type what to look for before there is
 * anything to see), ask something of it, steer it, train it, or choose an arm; NULL:
 * one can. */
const char *may_look(const struct app *a, const struct session_view *v);
const char *may_ask(const struct app *a, const struct session_view *v);
const char *may_steer(const struct app *a, const struct session_view *v);
const char *may_train(const struct app *a, const struct session_view *v);
const char *may_choose_arm(const struct app *a, const struct session_view *v);
/* Whether an action cannot be done because nothing trains here any more. */
bool steer_is_over_for(const struct action *action, const struct app *a,
                       const struct session_view *v);

extern const struct action action_pause, action_toggle_mask, action_rate, action_mask,
    action_fork, action_condition, action_save, action_extend, action_resume,
    action_tune, action_evaluate, action_note;

#endif
