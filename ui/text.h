/* What all screens write alike: arms, numbers, times. Any thread. */
#ifndef SAETOP_UI_TEXT_H
#define SAETOP_UI_TEXT_H

#include "session/view.h"
#include "ui/canvas.h"

/* Role of a condition's letter and curves. */
enum role arm_role(size_t arm);
enum role arm_faint(size_t arm);
/* Conditions that stand side by side: 1, or 2 where there are more. */
size_t arms_of(const struct session_view *v);
/* "12,400" */
void text_thousands(char *out, size_t cap, int64_t n);
/* "1m48s", "41s", "2h05m" */
void text_duration(char *out, size_t cap, double seconds);
/* Whether event i says of another condition what the one before it says. */
bool event_repeats(const struct session_view *v, size_t i);

#endif
