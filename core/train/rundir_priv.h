/* Inside of a run directory; included only in core/train. */
#ifndef SAETOP_TRAIN_RUNDIR_PRIV_H
#define SAETOP_TRAIN_RUNDIR_PRIV_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define RUNDIR_PATH 4096

/* One save: begin gives the folder to write the files into; end puts them in place,
 * all or none. abort forgets them. The caller holds the lock. */
enum err save_begin(const char *dir, char out[RUNDIR_PATH],
                    struct errinfo *e) ERR_CHECKED;
enum err save_end(const char *dir, struct errinfo *e) ERR_CHECKED;
void save_abort(const char *dir);

/* For a reader, without the lock: finish an interrupted save if nobody else is about
 * to, wait for one under way. */
enum err save_settle(const char *dir, struct errinfo *e) ERR_CHECKED;
/* Whether a save waits to be moved into place. */
bool save_waits(const char *dir);
/* Whether dir holds what a process leaves that was killed before its first save was
 * whole, and nothing else: a lock, half a save, or not even these. */
bool save_is_trace(const char *dir);

#endif
