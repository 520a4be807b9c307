/* Keys and commands that are the same on every screen, and those of the help overlay.
 * UI thread. */
#ifndef SAETOP_UI_ACTIONS_H
#define SAETOP_UI_ACTIONS_H

#include "ui/app.h"

/* Actions for the rows of a screen's own key table. */
extern const struct action action_screen; /* preset: the screen's name */
extern const struct action action_events;
extern const struct action action_back;
extern const struct action action_focus;
extern const struct action action_enter;
extern const struct action action_seed;   /* chooses the seed whose latents are shown */
extern const struct action action_smooth; /* smooths all curves */

/* Name, title and keys of the help overlay, and of what holds everywhere: for a table
 * of screens. */
extern const struct screen_def keys_of_help, keys_of_everywhere;

#endif
