#include "base/outdir.h"

#include "base/file.h"
#include "base/folder.h"
#include "base/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err refuse(const struct folder *f, const char *name, mode_t mode,
                       void *user, struct errinfo *e)
{
    (void)name;
    (void)mode;
    (void)user;
    return err_set(e, ERR_EXISTS, "%s: exists already; name a new directory", f->path);
}

/* ERR_EXISTS unless there is nothing of that name, or an empty directory. */
static enum err expect_nothing(const char *dir, struct errinfo *e)
{
    struct folder f;
    if (!file_exists(dir)) {
        return OK;
    }
    if (folder_open(dir, &f, NULL) != OK) {
        return err_set(e, ERR_EXISTS, "%s: exists already; name a new directory", dir);
    }
    const enum err rc = folder_each(&f, refuse, NULL, e);
    folder_close(&f);
    return rc;
}

/* Checks the name, makes its parents, clears what killed processes left beside it. */
static enum err prepare(const char *dir, struct errinfo *e)
{
    char parent[PATH_MAX];
    const size_t up = (size_t)(path_base(dir) - dir);
    if (path_base(dir)[0] == '\0' || up >= sizeof parent) {
        return err_set(e, ERR_USAGE, "'%s': expected the name of a new directory", dir);
    }
    TRY(expect_nothing(dir, e));
    if (up > 1) {
        memcpy(parent, dir, up - 1);
        parent[up - 1] = '\0';
        TRY(file_mkdirs(parent, e));
    }
    leftover_clear(dir);
    return OK;
}

static enum err put_in_place(const char *tmp, const char *dir, struct errinfo *e)
{
    char parent[PATH_MAX];
    file_sync_dir(tmp);
    if (rename(tmp, dir) != 0) {
        return file_fail(e, dir, "create the directory", errno);
    }
    const size_t up = (size_t)(path_base(dir) - dir);
    (void)snprintf(parent, sizeof parent, "%.*s.", (int)up, dir);
    file_sync_dir(parent);
    return OK;
}

enum err outdir_write(const char *dir, outdir_fn *write, void *user, struct errinfo *e)
{
    char tmp[PATH_MAX];
    TRY(prepare(dir, e));
    const int n = snprintf(tmp, sizeof tmp, "%s.tmp-%ld", dir, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof tmp) {
        return err_set(e, ERR_LIMIT, "%.100s...: name longer than %zu bytes", dir,
                       sizeof tmp - 20);
    }
    if (mkdir(tmp, 0777) != 0) {
        return file_fail(e, dir, "create the directory", errno);
    }
    const int held = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err rc = held < 0 || leftover_hold(held, tmp)
                      ? write(user, tmp, e)
                      : err_set(e, ERR_EXISTS, "%s: taken by another process", tmp);
    rc = rc == OK ? put_in_place(tmp, dir, e) : rc;
    if (rc != OK) {
        struct errinfo ignored;
        const enum err removed = file_remove_dir(tmp, &ignored);
        (void)removed; /* the next call tries again */
    }
    if (held >= 0) {
        close(held);
    }
    return rc;
}
