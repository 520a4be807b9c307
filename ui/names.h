/* Names that the screens write: those of core/latents, and of intervals. Any thread. */
#ifndef SAETOP_UI_NAMES_H
#define SAETOP_UI_NAMES_H

#include "session/view.h"

/* "top", "random", ".3-.4 of max" */
void names_interval(int interval, char *out, size_t cap);

#endif
