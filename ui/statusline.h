/* The frame around a screen: row 0, the line above the last, and the last one. UI
 * thread. */
#ifndef SAETOP_UI_STATUSLINE_H
#define SAETOP_UI_STATUSLINE_H

#include "ui/app.h"

void tabs_view(struct app *a, struct canvas *c, struct rect r);
/* The status line with the words of a screen. */
void status_view(const struct app *a, const struct session_view *v,
                 const struct screen_def *screen, struct canvas *c, struct rect r);
/* "mask p=0.30 on", or "mask A 0.30  B off" with a twin; of a run opened from disk,
 * what it was trained with; "" while there is none. */
void status_mask(const struct app *a, const struct session_view *v, char *out,
                 size_t cap);
/* While a run trains or is paused: "step 840/2,000  ETA 1:20", without the ETA where
 * that has no room; "" where nothing has. */
void status_progress(const struct session_view *v, int room, char *out, size_t cap);
/* Draw the message shown now, in the room that the rest leaves. */
void say_view(const struct app *a, const struct session_view *v, struct canvas *c,
              struct layout_frame f);
/* The keys of a screen that are of use now. */
void hints_view(struct app *a, const struct session_view *v,
                const struct screen_def *screen, struct canvas *c, struct rect r);

#endif
