/* A file without a name, in $TMPDIR or else /tmp, that is gone when closed. Any
 * thread. */
#ifndef SAETOP_BASE_TEMPFILE_H
#define SAETOP_BASE_TEMPFILE_H

#include "base/err.h"

/* The caller owns *fd, which reads and writes and is closed on exec. Errors name the
 * folder. */
enum err tempfile_open(int *fd, struct errinfo *e) ERR_CHECKED;

#endif
