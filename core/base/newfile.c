#include "base/newfile.h"

#include "base/file.h"

#include <stdbool.h>
#include <sys/stat.h>

enum err newfile_check(const char *path, const char *way_on, struct errinfo *e)
{
    struct stat st;
    /* A link that leads nowhere is there as well; writing would replace or follow it. */
    const int rc = stat(path, &st) == 0 ? 0 : lstat(path, &st);
    const bool lost = rc == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ||
                                  S_ISLNK(st.st_mode));
    if (!lost || file_is_stream(path)) {
        return OK;
    }
    return err_set(e, ERR_EXISTS, "%s exists already; %s", path, way_on);
}
