/* The card over the empty panes until a run has its first values: what is being opened,
 * and what the run takes. UI thread. */
#ifndef SAETOP_UI_STARTCARD_H
#define SAETOP_UI_STARTCARD_H

#include "ui/app.h"

/* Over any screen while the session loads, over Train until the first step. */
void startcard_view(const struct app *a, const struct session_view *v,
                    struct canvas *c);

#endif
