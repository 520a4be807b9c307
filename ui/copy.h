/* Copying to the terminal's clipboard: what is under the cursor, the run's directory,
 * the screen, what was said. Screens say what is under theirs (screen.h: copy). UI
 * thread. */
#ifndef SAETOP_UI_COPY_H
#define SAETOP_UI_COPY_H

#include "ui/app.h"

extern const struct action action_copy;

/* Take n bytes of any origin as what is copied: made printable, lines kept, cut to
 * COPY_MAX at a whole character. `what` it is, for the message. */
void copy_take(struct copied *out, const char *what, const char *text, size_t n);
/* "copied latent 42: 42", with the text cut to fit a line. */
void copy_told(const struct copied *c, char *out, size_t cap);

#endif
