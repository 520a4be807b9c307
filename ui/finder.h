/* The finder: one line that looks through screens, commands, latents, concepts,
 * settings and topics at once, ranks what matches, and goes there. It opens with what
 * was chosen last. UI thread. */
#ifndef SAETOP_UI_FINDER_H
#define SAETOP_UI_FINDER_H

#include "ui/app.h"

extern const struct action action_finder;

void finder_close(struct app *a);
void finder_key(struct app *a, const struct session_view *v, uint32_t key);
void finder_paste(struct app *a, const struct session_view *v, const struct event *ev);
void finder_mouse(struct app *a, const struct session_view *v, const struct hit *hit,
                  const struct event *ev);
/* Look again if what it lists has changed. */
void finder_sync(struct app *a, const struct session_view *v);
void finder_view(struct app *a, const struct session_view *v, struct canvas *c);
/* Note that an item was chosen: it comes first when the finder is next opened. */
void finder_remember(struct app *a, const struct finder_item *item);

#endif
