/* What may follow the first key of two: the key's name at the end of the last row, and
 * after a pause a small window that lists the second keys, from the keymap. UI
 * thread. */
#ifndef SAETOP_UI_WHICHKEY_H
#define SAETOP_UI_WHICHKEY_H

#include "ui/app.h"

/* Draw them; nothing if no key waits for another. */
void which_view(struct app *a, const struct session_view *v, struct canvas *c,
                struct layout_frame f);

#endif
