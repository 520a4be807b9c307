/* The frame around a screen: the first row, the one above the last, and the last. UI
 * thread. */
#ifndef SAETOP_UI_STATUSLINE_H
#define SAETOP_UI_STATUSLINE_H

#include "ui/app.h"

void tabs_view(struct app *a, struct canvas *c, struct rect r);
/* The status line, with what a screen says there. */
void status_view(const struct app *a, const struct session_view *v,
                 const struct screen_def *screen, struct canvas *c, struct rect r);
/* Write "mask p=0.30 on", or "mask A 0.30  B off" with a twin; for a run opened from
 * disk, what it was trained with; "" while there is none. */
void status_mask(const struct app *a, const struct session_view *v, char *out,
                 size_t cap);
/* While a run trains or is paused, write "step 840/2,000  ETA 1:20", without the ETA if
 * there is no room for it; "" if there is room for neither. */
void status_progress(const struct session_view *v, int room, char *out, size_t cap);
/* Draw the message shown now, in the room the rest leaves. */
void say_view(const struct app *a, const struct session_view *v, struct canvas *c,
              struct layout_frame f);
/* The hints: keys of a screen that are of use now. */
void hints_view(struct app *a, const struct session_view *v,
                const struct screen_def *screen, struct canvas *c, struct rect r);

#endif
