/* The explorer without a terminal: how an event changes the app, and how the app is
 * drawn. It depends on state, view and event alone: no clock, no input or output. UI
 * thread. */
#ifndef SAETOP_UI_FRAME_H
#define SAETOP_UI_FRAME_H

#include "ui/app.h"

/* React to one event. EVENT_TICK: the view has changed; EVENT_LAPSE: the message has
 * been shown for long enough; EVENT_PAUSE: the first key of two has waited for long
 * enough. */
void app_update(struct app *a, const struct session_view *v, const struct event *ev);
/* Draw the whole canvas, and note what was drawn where (app_hit). */
void app_view(struct app *a, const struct session_view *v, struct canvas *c);

#endif
