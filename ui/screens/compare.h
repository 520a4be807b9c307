/* Compare, for screens that hand it two runs (Runs) or go to it. */
#ifndef SAETOP_UI_SCREENS_COMPARE_H
#define SAETOP_UI_SCREENS_COMPARE_H

#include "ui/app.h"
#include "ui/screens/table.h"

/* Show Compare with the run that is open on one side and the run or SAE at `path` on
 * the other, or of two runs, a line each, one on each side; "" takes other runs away.
 * The job thread opens them; what is wrong with it is said when that is known. */
void compare_with(struct app *a, const struct session_view *v, const char *path);

#endif
