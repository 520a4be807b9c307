/* Runs, for screens that let the user choose a run there (Compare). */
#ifndef SAETOP_UI_SCREENS_RUNS_H
#define SAETOP_UI_SCREENS_RUNS_H

#include "ui/app.h"

/* Show Runs to choose what is compared: Enter hands the run under the cursor, or two
 * that are marked, to :compare; q and Esc go back to where one came from. */
void runs_choose(struct app *a, const struct session_view *v);

#endif
