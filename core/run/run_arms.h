/* The directories of a run's arms. Any thread. */
#ifndef SAETOP_RUN_RUN_ARMS_H
#define SAETOP_RUN_RUN_ARMS_H

#include "base/remarks.h"
#include "train/rundir.h"
#include "train/runstate.h"

struct run_arms {
    size_t n;
    char dir[RUN_ARMS_MAX][RUNDIR_PATH]; /* the first is the run's own, as named,
                                            without slashes at its end */
};
/* Finds the directories of the run at `dir` and of the arms that its last save names.
 * For an SAE without such a save (another tool's) that is `dir` alone, or in an old run
 * `dir` and the twin beside it. An arm that is named but missing (moved, or not copied)
 * is left out, with a remark. Reads one small file. After an error *out has the arms up
 * to it, at least the first if the path fits, so that a caller may go on with those.
 * Errors of runstate_open, except a missing state; ERR_FORMAT for names that lead
 * elsewhere, ERR_LIMIT for a path that is too long. */
enum err run_arms(const char *dir, struct run_arms *out, struct remarks *remarks,
                  struct errinfo *e) ERR_CHECKED;

#endif
