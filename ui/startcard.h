/* The card over the empty panes until a run has its first values: what is being opened,
 * and what the run will take. UI thread. */
#ifndef SAETOP_UI_STARTCARD_H
#define SAETOP_UI_STARTCARD_H

#include "ui/app.h"

/* Draw it within r while the session loads; else draw nothing. */
void startcard_loading(const struct app *a, const struct session_view *v,
                       struct canvas *c, struct rect r);
/* Write " (weights: 120 of 379 MB)" while the model's weights are read; else "". */
void startcard_weights(const struct session_view *v, char *out, size_t cap);
/* Draw it from then until the first values, if the run is trained. */
void startcard_first(const struct app *a, const struct session_view *v,
                     struct canvas *c);

#endif
