/* The card shown on a small terminal: the run's figures, and the keys that still work.
 * UI thread. */
#ifndef SAETOP_UI_LIVECARD_H
#define SAETOP_UI_LIVECARD_H

#include "ui/app.h"

void card_view(struct app *a, const struct session_view *v, struct canvas *c);

#endif
