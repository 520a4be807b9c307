/* The measures that a pane of curves can show, and words about them. Any thread. */
#ifndef SAETOP_UI_PANE_H
#define SAETOP_UI_PANE_H

#include "measure/wants.h"
#include "session/view.h"

/* The ith measure that a pane can show, as enum metric; -1 beyond the last. */
int pane_metric(size_t i);
/* Whether a measure is taken per batch, so that smoothing helps; evaluations are shown
 * as they are. */
bool pane_is_noisy(int metric);
/* What text a measure is taken on: "A on masked batches, B not"; "" for none. */
const char *pane_taken_on(const struct session_view *v, int metric);
/* What a pane that has nothing to show of a measure is waiting for; WANT_COUNT: only
 * time. */
enum want pane_wants(const struct session_view *v, int metric);
/* Write why it has nothing to show, and what to do about it; may be longer than a small
 * pane is wide. */
void pane_why_empty(const struct session_view *v, int metric, char *out, size_t cap);

#endif
