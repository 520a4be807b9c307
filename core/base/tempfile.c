#define _XOPEN_SOURCE 700 /* mkstemp */
#include "base/tempfile.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum err tempfile_open(int *fd, struct errinfo *e)
{
    const char *dir = getenv("TMPDIR");
    char path[4096];
    dir = dir && dir[0] ? dir : "/tmp";
    const int n = snprintf(path, sizeof path, "%s/saetop-XXXXXX", dir);
    if (n < 0 || (size_t)n >= sizeof path) {
        return err_set(e, ERR_LIMIT, "TMPDIR: a path of more than %zu bytes",
                       sizeof path);
    }
    const int f = mkstemp(path);
    if (f < 0) {
        return file_fail(e, dir, "make a temporary file", errno);
    }
    (void)unlink(path);
    (void)fcntl(f, F_SETFD, FD_CLOEXEC);
    *fd = f;
    return OK;
}
