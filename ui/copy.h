/* Copying to the terminal's clipboard: what is under the cursor, the run's directory,
 * the screen, what was said. Screens say what is under their cursors (screen.h: copy).
 * UI thread. */
#ifndef SAETOP_UI_COPY_H
#define SAETOP_UI_COPY_H

#include "ui/app.h"

extern const struct action action_copy;

/* Take n bytes of any origin as the text to copy: made printable, its lines kept, cut
 * to COPY_MAX at a whole character. `what` says for the message what it is. */
void copy_take(struct copied *out, const char *what, const char *text, size_t n);
/* Write "copied latent 42: 42", with the text cut to fit a line. */
void copy_told(const struct copied *c, char *out, size_t cap);

#endif
