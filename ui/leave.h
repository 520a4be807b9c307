/* The way out: asks while there is something to lose, then waits for the save. UI
 * thread. */
#ifndef SAETOP_UI_LEAVE_H
#define SAETOP_UI_LEAVE_H

#include "ui/app.h"

/* Start leaving: asks when there is something to lose. */
void leave_start(struct app *a, const struct session_view *v);
/* The same, but to open another run: asks, saves or not, then puts in a
 * REQUEST_OPEN. */
void leave_for(struct app *a, const struct session_view *v, const char *run,
               bool resume);
/* Handle a key while it asks or waits; follow what has come of the save; draw its
 * window. */
void leave_key(struct app *a, const struct session_view *v, uint32_t key);
void leave_follow(struct app *a, const struct session_view *v);
void leave_view(struct app *a, const struct session_view *v, struct canvas *c);

#endif
