/* A canvas as text with colours, for a terminal to show again. UI thread. */
#ifndef SAETOP_UI_PICTURE_H
#define SAETOP_UI_PICTURE_H

#include "base/str.h"
#include "ui/canvas.h"
#include "ui/theme.h"

/* Append a line for each row, with SGR sequences of 256 colours (no colours in
 * THEME_MONO); each line ends in a reset, so that it can be cut out. */
void picture_ansi(const struct canvas *c, enum theme_id theme, struct str *out);

#endif
