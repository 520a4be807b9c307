/* A directory that a command makes in one go, such as an SAE for other tools. */
#ifndef SAETOP_TRAIN_OUTDIR_H
#define SAETOP_TRAIN_OUTDIR_H

#include "base/err.h"

/* Writes the files into `dir`, which is there. */
typedef enum err outdir_fn(void *user, const char *dir, struct errinfo *e);

/* Make the new directory `dir` with what `write` puts into it: all of its files or
 * none, as a save of a run (rundir.h). ERR_EXISTS when something is there already; what
 * a process left that was killed meanwhile, or an empty folder, is nothing. After a
 * failure there is no directory. Owner thread. */
enum err outdir_write(const char *dir, outdir_fn *write, void *user,
                      struct errinfo *e) ERR_CHECKED;

#endif
