/* A file without a name, in $TMPDIR or else /tmp: gone when it is closed. Any
 * thread. */
#ifndef SAETOP_BASE_TEMPFILE_H
#define SAETOP_BASE_TEMPFILE_H

#include "base/err.h"

/* *fd, for reading and writing and closed on exec, is the caller's. Errors name the
 * folder. */
enum err tempfile_open(int *fd, struct errinfo *e) ERR_CHECKED;

#endif
