/* Keys and commands that are the same on every screen, and those of the help overlay.
 * UI thread. */
#ifndef SAETOP_UI_ACTIONS_H
#define SAETOP_UI_ACTIONS_H

#include "ui/app.h"

/* For the row of a screen's own table of keys. */
extern const struct action action_screen; /* preset: the screen's name */
extern const struct action action_events;
extern const struct action action_back;
extern const struct action action_focus;
extern const struct action action_enter;
extern const struct action action_seed;   /* whose latents are shown */
extern const struct action action_smooth; /* of all curves */

/* Name, title and keys of the help overlay, and of everywhere: for a table of screens.
 */
extern const struct screen_def keys_of_help, keys_of_everywhere;

#endif
