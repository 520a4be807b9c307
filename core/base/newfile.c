#include "base/newfile.h"

#include "base/file.h"

#include <sys/stat.h>

enum err newfile_check(const char *path, const char *way_on, struct errinfo *e)
{
    struct stat st;
    /* A link that leads nowhere is there as well. */
    return lstat(path, &st) != 0 || file_is_stream(path)
               ? OK
               : err_set(e, ERR_EXISTS, "%s exists already; %s", path, way_on);
}
