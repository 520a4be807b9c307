/* Pointer files of Git LFS: a few lines of text in the place of a large file that was
 * not fetched, which would otherwise be called damaged. Any thread. */
#ifndef SAETOP_BASE_LFS_H
#define SAETOP_BASE_LFS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool is_lfs_pointer(const void *data, size_t len)
{
    static const char begins[] = "version https://git-lfs.github.com/spec/";
    return len >= sizeof begins - 1 && memcmp(data, begins, sizeof begins - 1) == 0;
}

/* ERR_FORMAT, with the remedy. */
static inline enum err lfs_refuse(const char *file, struct errinfo *e)
{
    return err_set(e, ERR_FORMAT,
                   "%s: found a Git LFS pointer, expected the file itself; fetch it "
                   "with `git lfs pull`",
                   file);
}

#endif
