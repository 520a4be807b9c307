/* What may follow the first key of two: its name at the end of the last row, and after
 * a pause a small window that lists them, from the keymap. UI thread. */
#ifndef SAETOP_UI_WHICHKEY_H
#define SAETOP_UI_WHICHKEY_H

#include "ui/app.h"

/* Nothing where no key waits for another. */
void which_view(struct app *a, const struct session_view *v, struct canvas *c,
                struct layout_frame f);

#endif
