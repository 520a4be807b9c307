/* Which events of a run are drawn as lines in plots. UI thread. */
#ifndef SAETOP_UI_EVENT_LINES_H
#define SAETOP_UI_EVENT_LINES_H

#include "session/view.h"

/* Whether an event changed the course of training: pauses, saves and evaluations did
 * not. */
bool event_is_drawn(const struct event_view *ev);

#endif
