/* The card over the empty panes until a run has its first values: what is being opened,
 * and what the run takes. UI thread. */
#ifndef SAETOP_UI_STARTCARD_H
#define SAETOP_UI_STARTCARD_H

#include "ui/app.h"

/* While the session loads; else nothing. */
void startcard_loading(const struct app *a, const struct session_view *v,
                       struct canvas *c);
/* From then on until the first values of a run that is trained. */
void startcard_first(const struct app *a, const struct session_view *v,
                     struct canvas *c);

#endif
