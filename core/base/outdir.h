/* A directory that a command makes in one go, such as an SAE for other tools. */
#ifndef SAETOP_BASE_OUTDIR_H
#define SAETOP_BASE_OUTDIR_H

#include "base/err.h"

/* Writes the files into `dir`, which exists and is empty; no folders. */
typedef enum err outdir_fn(void *user, const char *dir, struct errinfo *e);

/* Make the new directory `dir` with what `write` puts into it, all of its files or
 * none: they are written to dir.tmp-PID beside it, which is renamed. Missing parents
 * are made. ERR_EXISTS unless there is nothing at dir, or an empty directory. A failure
 * leaves nothing behind; what a killed process left is removed by the next call for the
 * same dir. Any thread, one at a time for a dir. */
enum err outdir_write(const char *dir, outdir_fn *write, void *user,
                      struct errinfo *e) ERR_CHECKED;

#endif
