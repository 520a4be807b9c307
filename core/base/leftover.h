/* Leftovers: a process killed while it writes a file (file_write) or a folder
 * (outdir_write) leaves a temporary "NAME.tmp-PID" or "NAME.tmp-PID-N" beside it. Any
 * thread. */
#ifndef SAETOP_BASE_LEFTOVER_H
#define SAETOP_BASE_LEFTOVER_H

#include <stdbool.h>

/* Whether `name` is such a temporary of a file named `of`; neither has a folder. */
bool leftover_is(const char *name, const char *of);

/* Remove the temporaries of path, regular files or folders of these, whose process is
 * dead and which nobody writes: a writer holds a lock (leftover_hold), which tells if
 * its process is on another machine or in another container. Failures are not reported,
 * since the files do no harm. Reads the folder once. */
void leftover_clear(const char *path);

/* Mark the temporary at path, which fd has just made, as being written until fd is
 * closed. False: another process had taken it for a leftover; make another. */
bool leftover_hold(int fd, const char *path);

#endif
