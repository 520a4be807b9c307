/* The card over the empty panes until a run has its first values: what is being opened,
 * and what the run takes. UI thread. */
#ifndef SAETOP_UI_STARTCARD_H
#define SAETOP_UI_STARTCARD_H

#include "ui/app.h"

/* While the session loads, within r; else nothing. */
void startcard_loading(const struct app *a, const struct session_view *v,
                       struct canvas *c, struct rect r);
/* " (weights: 120 of 379 MB)", of the model's, while they are read; "" else. */
void startcard_weights(const struct session_view *v, char *out, size_t cap);
/* From then on until the first values of a run that is trained. */
void startcard_first(const struct app *a, const struct session_view *v,
                     struct canvas *c);

#endif
