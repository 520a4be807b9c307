/* The help overlay: keys of the screen, keys that work everywhere, commands without a
 * key, measures and topics, all from tables; its lines can be filtered, scrolled and
 * run with Enter. The same window lists events and messages. UI thread. */
#ifndef SAETOP_UI_HELP_H
#define SAETOP_UI_HELP_H

#include "ui/app.h"

void help_open(struct app *a, const struct session_view *v, const char *filter);
/* Open the overlay on events or messages, each in full. */
void help_open_list(struct app *a, const struct session_view *v, enum help_kind kind);
void help_close(struct app *a);
void help_set_filter(struct app *a, const struct session_view *v, const char *text);
/* Handle a key while help is open. */
void help_key(struct app *a, const struct session_view *v, uint32_t key);
void help_move(struct app *a, const struct session_view *v, const char *direction);
/* Run what is on the line under the cursor. */
void help_enter(struct app *a, const struct session_view *v);
void help_view(struct app *a, const struct session_view *v, struct canvas *c);

#endif
