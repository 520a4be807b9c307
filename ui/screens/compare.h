/* Compare, for screens that hand it two runs (Runs) or go to it. */
#ifndef SAETOP_UI_SCREENS_COMPARE_H
#define SAETOP_UI_SCREENS_COMPARE_H

#include "ui/app.h"
#include "ui/screens/table.h"

/* Show Compare with the open run on one side and the run or SAE at `path` on the other.
 * `path` may be two lines, a run each, one for each side; "" removes other runs. The
 * job thread opens them, and reports errors when it finds them. */
void compare_with(struct app *a, const struct session_view *v, const char *path);

#endif
