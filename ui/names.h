/* Names that screens write, besides those of core/latents: of intervals. Any thread. */
#ifndef SAETOP_UI_NAMES_H
#define SAETOP_UI_NAMES_H

#include "session/view.h"

/* Write "top", "random", ".3-.4 of max". */
void names_interval(int interval, char *out, size_t cap);

#endif
