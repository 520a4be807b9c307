#define _GNU_SOURCE /* renameat2 */
#include "base/folder.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

static enum err fail(struct errinfo *e, const struct folder *f, const char *name,
                     const char *what, int number)
{
    char path[FOLDER_PATH];
    TRY(path_join(path, sizeof path, f->path, name, e));
    return file_fail(e, path, what, number);
}

static enum err wrong_kind(struct errinfo *e, const struct folder *f, const char *name,
                           mode_t found, mode_t expected)
{
    return err_set(e, ERR_FORMAT, "%s/%s: found a %s, expected a %s", f->path, name,
                   file_kind(found), file_kind(expected));
}

/* ---- opening ---- */

enum err folder_open(const char *path, struct folder *out, struct errinfo *e)
{
    const size_t n = strlen(path);
    if (n >= sizeof out->path) {
        return err_set(e, ERR_LIMIT, "%.80s...: path too long", path);
    }
    out->fd = open(path, FOLDER_FLAGS);
    if (out->fd < 0) {
        return errno == ENOTDIR && file_exists(path)
                   ? err_set(e, ERR_FORMAT, "%s: not a directory", path)
                   : file_fail(e, path, "open", errno);
    }
    memcpy(out->path, path, n + 1);
    return OK;
}

enum err folder_open_in(const struct folder *f, const char *name, struct folder *out,
                        struct errinfo *e)
{
    TRY(folder_expect(f, name, S_IFDIR, e));
    TRY(path_join(out->path, sizeof out->path, f->path, name, e));
    out->fd = openat(f->fd, name, FOLDER_FLAGS | O_NOFOLLOW);
    return out->fd >= 0 ? OK : file_fail(e, out->path, "open", errno);
}

enum err folder_make_in(const struct folder *f, const char *name, struct folder *out,
                        struct errinfo *e)
{
    if (mkdirat(f->fd, name, 0777) != 0) {
        return fail(e, f, name, "create the directory", errno);
    }
    return folder_open_in(f, name, out, e);
}

void folder_close(struct folder *f)
{
    close(f->fd);
    f->fd = -1;
}

enum err folder_open_file(const struct folder *f, const char *name, int flags, int *fd,
                          struct errinfo *e)
{
    char path[FOLDER_PATH];
    TRY(path_join(path, sizeof path, f->path, name, e));
    return file_open_own_at(f->fd, name, path, flags, fd, e);
}

/* ---- what is there ---- */

mode_t folder_mode(const struct folder *f, const char *name)
{
    struct stat st;
    return fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_mode : 0;
}

enum err folder_expect(const struct folder *f, const char *name, mode_t kind,
                       struct errinfo *e)
{
    const mode_t found = folder_mode(f, name);
    return found == 0 || (found & S_IFMT) == kind ? OK
                                                  : wrong_kind(e, f, name, found, kind);
}

enum err folder_each(const struct folder *f, folder_visit *visit, void *user,
                     struct errinfo *e)
{
    enum err rc = OK;
    const int fd = openat(f->fd, ".", FOLDER_FLAGS); /* a place in it of our own */
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        rc = file_fail(e, f->path, "list", errno);
        if (fd >= 0) {
            close(fd);
        }
        return rc;
    }
    while (rc == OK) {
        errno = 0;
        const struct dirent *d = readdir(dir);
        if (!d) {
            rc = errno == 0 ? OK : file_fail(e, f->path, "list", errno);
            break;
        }
        const mode_t mode = folder_mode(f, d->d_name);
        if (mode != 0 && strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0) {
            rc = visit(f, d->d_name, mode, user, e);
        }
    }
    closedir(dir);
    return rc;
}

/* ---- changing it ---- */

enum err folder_move(const struct folder *from, const char *name,
                     const struct folder *to, const char *as, struct errinfo *e)
{
    const mode_t kind = folder_mode(from, name) & S_IFMT;
    if (kind != 0 && kind != S_IFREG && kind != S_IFDIR) {
        return wrong_kind(e, from, name, kind, S_IFREG);
    }
    TRY(kind != 0 ? folder_expect(to, as, kind, e) : OK);
    return renameat(from->fd, name, to->fd, as) == 0 ? OK
                                                     : fail(e, to, as, "write", errno);
}

enum err folder_move_new(const struct folder *from, const char *name,
                         const struct folder *to, const char *as, struct errinfo *e)
{
    int rc = renameat2(from->fd, name, to->fd, as, RENAME_NOREPLACE);
    if (rc != 0 && (errno == EINVAL || errno == ENOSYS)) { /* no such rename there */
        const bool there = folder_mode(to, as) != 0;
        rc = there ? -1 : renameat(from->fd, name, to->fd, as);
        errno = there ? EEXIST : errno;
    }
    if (rc != 0 && errno == EEXIST) {
        return err_set(e, ERR_EXISTS, "%s/%s: exists already", to->path, as);
    }
    return rc == 0 ? OK : fail(e, to, as, "write", errno);
}

enum err folder_unlink(const struct folder *f, const char *name, struct errinfo *e)
{
    return unlinkat(f->fd, name, 0) == 0 ? OK : fail(e, f, name, "remove", errno);
}

enum err folder_rmdir(const struct folder *f, const char *name, struct errinfo *e)
{
    return unlinkat(f->fd, name, AT_REMOVEDIR) == 0 ? OK
                                                    : fail(e, f, name, "remove", errno);
}

void folder_sync(const struct folder *f)
{
    (void)fsync(f->fd); /* some file systems refuse it, and all is in place */
}
