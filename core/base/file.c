#define _XOPEN_SOURCE 700 /* realpath */
#include "base/file.h"

#include "base/leftover.h"
#include "base/mem.h"
#include "base/number.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err code_of(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR: return ERR_MISSING;
    case EEXIST: return ERR_EXISTS;
    case ENOMEM: return ERR_NOMEM;
    case EACCES:
    case EPERM:
    case EROFS: return ERR_DENIED;
    case ELOOP:
    case ENAMETOOLONG: return ERR_USAGE;
    default: return ERR_IO;
    }
}

enum err file_fail(struct errinfo *e, const char *path, const char *what, int number)
{
    char reason[128];
    if (strerror_r(number, reason, sizeof reason) != 0) {
        snprintf(reason, sizeof reason, "error %d", number);
    }
    return err_set(e, code_of(number), "%s: can't %s: %s", path, what, reason);
}

const char *file_kind(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG: return "regular file";
    case S_IFDIR: return "directory";
    case S_IFLNK: return "symbolic link";
    case S_IFIFO: return "FIFO (a named pipe)";
    case S_IFSOCK: return "socket";
    case S_IFCHR: return "character device";
    case S_IFBLK: return "block device";
    default: return "file of an unknown kind";
    }
}

/* ---- reading ---- */

/* Checked before and after a file is opened, since merely opening anything but a
 * regular file may have an effect. */
static enum err expect_regular(const char *path, const struct stat *st,
                               struct errinfo *e)
{
    return S_ISREG(st->st_mode)
               ? OK
               : err_set(e, ERR_FORMAT, "%s: found a %s, expected a regular file", path,
                         file_kind(st->st_mode));
}

/* A FIFO that takes a file's place in between is not waited for. */
#define OPEN_FLAGS (O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

enum err file_open_regular(const char *path, int *fd, size_t *size, struct errinfo *e)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        return file_fail(e, path, "open", errno);
    }
    TRY(expect_regular(path, &st, e));
    const int f = open(path, O_RDONLY | OPEN_FLAGS);
    if (f < 0) {
        return file_fail(e, path, "open", errno);
    }
    enum err rc = fstat(f, &st) == 0 ? expect_regular(path, &st, e)
                                     : file_fail(e, path, "read its size", errno);
    if (rc == OK && (st.st_size < 0 || (uintmax_t)st.st_size > SIZE_MAX - 1)) {
        rc = err_set(e, ERR_LIMIT, "%s: too large for this machine", path);
    }
    if (rc != OK) {
        close(f);
        return rc;
    }
    *fd = f;
    *size = (size_t)st.st_size;
    return OK;
}

enum err file_open_own(const char *path, int flags, int *fd, struct errinfo *e)
{
    return file_open_own_at(AT_FDCWD, path, path, flags, fd, e);
}

enum err file_open_own_at(int at, const char *name, const char *path, int flags,
                          int *fd, struct errinfo *e)
{
    struct stat st;
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        TRY(expect_regular(path, &st, e));
    }
    const int f = openat(at, name, flags | O_NOFOLLOW | OPEN_FLAGS, 0666);
    if (f < 0) {
        return file_fail(e, path, "open", errno);
    }
    enum err rc = fstat(f, &st) == 0 ? expect_regular(path, &st, e)
                                     : file_fail(e, path, "read its size", errno);
    if (rc == OK && (flags & O_ACCMODE) != O_RDONLY && st.st_nlink > 1) {
        rc = err_set(e, ERR_FORMAT, "%s: found a file of %ju names, expected one", path,
                     (uintmax_t)st.st_nlink);
    }
    if (rc != OK) {
        close(f);
        return rc;
    }
    *fd = f;
    return OK;
}

int file_read_at(int fd, void *out, size_t n, uint64_t at, size_t *got)
{
    char *p = out;
    size_t done = 0;
    while (done < n) {
        const ssize_t r = pread(fd, p + done, n - done, (off_t)(at + done));
        if (r == 0) {
            break;
        }
        if (r > 0) {
            done += (size_t)r;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    *got = done;
    return 0;
}

/* Reads all of a file of `size` bytes; closes fd. */
static enum err read_all(int fd, const char *path, size_t size, size_t max_bytes,
                         char **data, size_t *len, struct errinfo *e)
{
    char *buf = NULL;
    size_t got = 0;
    enum err rc = OK;
    if (size > max_bytes) {
        rc = err_set(e, ERR_LIMIT, "%s: found %zu bytes, expected at most %zu", path,
                     size, max_bytes);
        goto out;
    }
    TRY_OUT(rc, mem_new(&buf, size + 1, 1, path, e));
    const int number = file_read_at(fd, buf, size, 0, &got);
    if (number != 0) {
        rc = file_fail(e, path, "read", number);
        goto out;
    }
    buf[got] = '\0';
    *data = buf;
    *len = got;
    buf = NULL;
out:
    mem_free(buf);
    close(fd);
    return rc;
}

enum err file_read(const char *path, size_t max_bytes, char **data, size_t *len,
                   struct errinfo *e)
{
    int fd = -1;
    size_t size = 0;
    TRY(file_open_regular(path, &fd, &size, e));
    return read_all(fd, path, size, max_bytes, data, len, e);
}

enum err file_read_own(const char *path, size_t max_bytes, char **data, size_t *len,
                       struct errinfo *e)
{
    struct stat st;
    int fd = -1;
    TRY(file_open_own(path, O_RDONLY, &fd, e));
    if (fstat(fd, &st) != 0) {
        const int number = errno;
        close(fd);
        return file_fail(e, path, "read", number);
    }
    return read_all(fd, path, (size_t)st.st_size, max_bytes, data, len, e);
}

enum err file_read_text(const char *path, size_t max_bytes, char **text,
                        struct errinfo *e)
{
    char *data = NULL;
    size_t len = 0;
    TRY(file_read(path, max_bytes, &data, &len, e));
    const size_t n = strlen(data);
    if (n < len) {
        size_t line = 1;
        for (size_t i = 0; i < n; i++) {
            line += data[i] == '\n';
        }
        mem_free(data);
        return err_set(e, ERR_FORMAT, "%s: line %zu: found a NUL byte, expected text",
                       path, line);
    }
    *text = data;
    return OK;
}

enum err file_map(const char *path, const uint8_t **data, size_t *len,
                  struct errinfo *e)
{
    int fd = -1;
    size_t size = 0;
    TRY(file_open_regular(path, &fd, &size, e));
    enum err rc = OK;
    if (size == 0) {
        rc = err_set(e, ERR_FORMAT, "%s: found an empty file", path);
    } else {
        void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED) {
            rc = file_fail(e, path, "map", errno);
        } else {
            *data = p;
            *len = size;
        }
    }
    close(fd);
    return rc;
}

void file_unmap(const uint8_t *data, size_t len)
{
    if (data) {
        /* munmap takes a void *, though it writes nothing. */
        munmap((void *)(uintptr_t)data, len);
    }
}

/* ---- writing ---- */

/* Create path.tmp-PID for writing; its name in tmp[cap]. Skips a name left by a killed
 * process that had our number. */
static enum err open_temporary(const char *path, char *tmp, size_t cap, int *fd,
                               struct errinfo *e)
{
    for (int attempt = 0; attempt < 16; attempt++) {
        char suffix[32] = "";
        if (attempt > 0) {
            snprintf(suffix, sizeof suffix, "-%d", attempt);
        }
        const int n = snprintf(tmp, cap, "%s.tmp-%ld%s", path, (long)getpid(), suffix);
        if (n < 0 || (size_t)n >= cap) {
            return err_set(e, ERR_LIMIT, "%s: path longer than %zu bytes", path, cap);
        }
        const int f = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (f >= 0 && leftover_hold(f, tmp)) {
            *fd = f;
            return OK;
        }
        if (f >= 0) {
            close(f);
            (void)unlink(tmp);
        } else if (errno != EEXIST) {
            return file_fail(e, path, "write", errno);
        }
    }
    return err_set(e, ERR_EXISTS, "%s: exists already, left by another process", tmp);
}

int file_write_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        const ssize_t w = write(fd, data, n);
        if (w >= 0) {
            data += w;
            n -= (size_t)w;
        } else if (errno == EAGAIN) { /* somebody made it so; it takes more later */
            struct pollfd out = {.fd = fd, .events = POLLOUT};
            (void)poll(&out, 1, -1);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

static int write_parts(int fd, const struct file_piece *parts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const int number = file_write_all(fd, parts[i].data, parts[i].len);
        if (number != 0) {
            return number;
        }
    }
    return 0;
}

/* Make a rename in the directory of path last through a power cut. Failure is not
 * reported: the new file is whole and in place, and some file systems refuse this. */
static void sync_directory_of(const char *path)
{
    char dir[4096];
    const size_t n = (size_t)(path_base(path) - path);
    if (n + 2 > sizeof dir) {
        return;
    }
    memcpy(dir, path, n);
    memcpy(dir + n, ".", 2); /* "a/b/." or "." */
    file_sync_dir(dir);
}

void file_sync_dir(const char *dir)
{
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

/* Write all of a new file and close it: 0 or the errno. mode: that of the file it will
 * replace, 0 for none. */
static int fill_temporary(int fd, mode_t mode, const struct file_piece *parts, size_t n)
{
    /* First, so that what only its owner may read is never open to others. */
    int number = mode != 0 && fchmod(fd, mode & 0777) != 0 ? errno : 0;
    if (number == 0) {
        number = write_parts(fd, parts, n);
    }
    if (number == 0 && fsync(fd) != 0) {
        number = errno;
    }
    if (close(fd) != 0 && number == 0) {
        number = errno;
    }
    return number;
}

enum err file_write(const char *path, const struct file_piece *parts, size_t n,
                    struct errinfo *e)
{
    char tmp[4096];
    int fd = -1;
    struct stat st = {0};
    if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        return err_set(e, ERR_FORMAT,
                       "%s: can't write: found a %s, expected a regular file or none",
                       path, file_kind(st.st_mode));
    }
    leftover_clear(path);
    TRY(open_temporary(path, tmp, sizeof tmp, &fd, e));
    int number = fill_temporary(fd, st.st_mode, parts, n);
    if (number == 0 && rename(tmp, path) != 0) {
        number = errno;
    }
    if (number != 0) {
        unlink(tmp);
        return file_fail(e, path, "write", number);
    }
    sync_directory_of(path);
    return OK;
}

enum err file_write_text(const char *path, const char *text, struct errinfo *e)
{
    return file_write(path, &(struct file_piece){text, strlen(text)}, 1, e);
}

/* ---- writing what the user named ---- */

/* The descriptor that "/dev/fd/7" names, or -1. */
static int descriptor_named(const char *path)
{
    static const char *const folder[] = {"/dev/fd/", "/proc/self/fd/"};
    for (size_t i = 0; i < sizeof folder / sizeof folder[0]; i++) {
        const size_t n = strlen(folder[i]);
        int64_t fd = -1;
        if (strncmp(path, folder[i], n) == 0 && number_whole(path + n, &fd) &&
            fd >= 0 && fd <= INT_MAX) {
            return (int)fd;
        }
    }
    return -1;
}

/* The descriptor of ours that path is, by its name or by st, or -1. A file that it was
 * redirected to must not be replaced: with >> there is more in it. */
static int own_stream(const char *path, const struct stat *st)
{
    const int named = descriptor_named(path);
    if (named >= 0) {
        return named;
    }
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        struct stat own;
        if (fstat(fd, &own) == 0 && own.st_dev == st->st_dev &&
            own.st_ino == st->st_ino) {
            return fd;
        }
    }
    return -1;
}

/* Opens a FIFO or a character device for writing. */
static enum err open_as_it_is(const char *path, int *fd, struct errinfo *e)
{
    struct stat st;
    /* Without O_NONBLOCK opening a FIFO waits for a reader. */
    const int f = open(path, O_WRONLY | OPEN_FLAGS);
    if (f < 0) {
        return errno == ENXIO
                   ? err_set(e, ERR_IO, "%s: can't write: nothing reads from it", path)
                   : file_fail(e, path, "write", errno);
    }
    enum err rc = OK;
    if (fstat(f, &st) != 0) {
        rc = file_fail(e, path, "write", errno);
    } else if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode)) {
        rc = err_set(e, ERR_FORMAT, "%s: became a %s", path, file_kind(st.st_mode));
    } else if (fcntl(f, F_SETFL, 0) != 0) { /* from here on it may be slow */
        rc = file_fail(e, path, "write", errno);
    }
    if (rc != OK) {
        close(f);
        return rc;
    }
    *fd = f;
    return OK;
}

static enum err write_as_it_is(const char *path, const struct stat *st,
                               const struct file_piece *parts, size_t n,
                               struct errinfo *e)
{
    const int stream = own_stream(path, st);
    int fd = stream;
    if (stream < 0) {
        TRY(open_as_it_is(path, &fd, e));
    }
    int number = write_parts(fd, parts, n);
    if (stream < 0 && close(fd) != 0 && number == 0) {
        number = errno;
    }
    return number == 0 ? OK : file_fail(e, path, "write", number);
}

/* Replace the regular file that a link leads to. */
static enum err write_behind(const char *path, const struct file_piece *parts, size_t n,
                             struct errinfo *e)
{
    char *real = realpath(path, NULL);
    if (!real) {
        return file_fail(e, path, "write", errno);
    }
    const enum err rc = file_write(real, parts, n, e);
    free(real);
    return rc;
}

/* Checks that path has a directory in which this process may make files. */
static enum err check_folder_of(const char *path, struct errinfo *e)
{
    char folder[PATH_MAX];
    const size_t n = (size_t)(path_base(path) - path);
    if (n >= sizeof folder) {
        return file_fail(e, path, "write", ENAMETOOLONG);
    }
    snprintf(folder, sizeof folder, "%.*s", (int)n, path);
    return access(n ? folder : ".", W_OK | X_OK) == 0
               ? OK
               : file_fail(e, path, "write", errno);
}

/* Checks that the file behind the link at path may be written; *st describes that
 * file. */
static enum err follow_named(const char *path, struct stat *st, struct errinfo *e)
{
    if (stat(path, st) == 0) {
        return OK;
    }
    return errno == ENOENT
               ? err_set(e, ERR_FORMAT,
                         "%s: can't write: found a link that leads nowhere", path)
               : file_fail(e, path, "write", errno);
}

/* How a named output is written. */
enum named { NAMED_NEW, NAMED_BEHIND, NAMED_AS_IT_IS };

static enum err find_named(const char *path, enum named *how, struct stat *st,
                           struct errinfo *e)
{
    *how = NAMED_NEW;
    if (lstat(path, st) != 0 || S_ISREG(st->st_mode)) {
        return OK;
    }
    if (S_ISLNK(st->st_mode)) {
        TRY(follow_named(path, st, e));
    }
    *how = file_is_stream(path) ? NAMED_AS_IT_IS : NAMED_BEHIND;
    return *how == NAMED_AS_IT_IS || S_ISREG(st->st_mode)
               ? OK
               : err_set(e, ERR_FORMAT, "%s: can't write: found a %s, expected a file",
                         path, file_kind(st->st_mode));
}

enum err file_check_named(const char *path, struct errinfo *e)
{
    enum named how;
    struct stat st;
    TRY(find_named(path, &how, &st, e));
    return how == NAMED_NEW ? check_folder_of(path, e) : OK;
}

enum err file_write_named(const char *path, const struct file_piece *parts, size_t n,
                          struct errinfo *e)
{
    enum named how;
    struct stat st;
    TRY(find_named(path, &how, &st, e));
    switch (how) {
    case NAMED_AS_IT_IS: return write_as_it_is(path, &st, parts, n, e);
    case NAMED_BEHIND: return write_behind(path, parts, n, e);
    case NAMED_NEW: break;
    }
    return file_write(path, parts, n, e);
}

enum err file_write_named_text(const char *path, const char *text, struct errinfo *e)
{
    return file_write_named(path, &(struct file_piece){text, strlen(text)}, 1, e);
}

/* ---- standard input, output and error ---- */

void file_take_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
            /* The lowest number that is free is this one. */
            const int got = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
            (void)got;
        }
    }
}

/* ---- questions ---- */

bool file_is_stream(const char *path)
{
    struct stat own, st;
    if (lstat(path, &own) != 0 || S_ISREG(own.st_mode) || stat(path, &st) != 0) {
        return false;
    }
    return S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode) || own_stream(path, &st) >= 0;
}

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool file_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int64_t file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
}

/* ---- directories ---- */

enum err file_mkdirs(const char *path, struct errinfo *e)
{
    const size_t n = strlen(path);
    if (n == 0) {
        return err_set(e, ERR_USAGE, "an empty path, expected a directory's name");
    }
    char *part = mem_strdup(path);
    if (!part) {
        return err_set(e, ERR_NOMEM, "%s: out of memory", path);
    }
    enum err rc = OK;
    for (size_t i = 1; i <= n && rc == OK; i++) {
        if (part[i] != '/' && part[i] != '\0') {
            continue;
        }
        part[i] = '\0';
        /* mkdir's own errno is not telling on read-only or automounted parents, where
         * it can be EROFS or EACCES for a directory that is there. */
        if (!file_is_dir(part) && mkdir(part, 0777) != 0) {
            const int number = errno;
            if (!file_is_dir(part)) {
                rc = file_fail(e, part, "create the directory", number);
            }
        }
        part[i] = path[i];
    }
    mem_free(part);
    return rc;
}

/* Checks that files may be made in the first of path and its parents that exists. */
static enum err check_nearest(const char *path, char *part, struct errinfo *e)
{
    size_t n = strlen(part);
    while (n > 0 && access(part, F_OK) != 0 && errno == ENOENT) {
        while (n > 0 && part[n - 1] == '/') {
            n--;
        }
        while (n > 0 && part[n - 1] != '/') {
            n--;
        }
        part[n] = '\0';
    }
    const char *there = n > 0 ? part : ".";
    if (file_exists(there) && !file_is_dir(there)) {
        return file_fail(e, path, "create the directory", ENOTDIR);
    }
    return access(there, W_OK | X_OK) == 0
               ? OK
               : file_fail(e, path, "create the directory", errno);
}

enum err file_check_dir(const char *path, struct errinfo *e)
{
    if (!path[0]) {
        return err_set(e, ERR_USAGE, "an empty path, expected a directory's name");
    }
    char *part = mem_strdup(path);
    if (!part) {
        return err_set(e, ERR_NOMEM, "%s: out of memory", path);
    }
    const enum err rc = check_nearest(path, part, e);
    mem_free(part);
    return rc;
}

enum err file_is_dir_own(const char *path, bool *there, struct errinfo *e)
{
    struct stat st;
    const bool some = lstat(path, &st) == 0;
    if (some && !S_ISDIR(st.st_mode)) {
        return err_set(e, ERR_FORMAT, "%s: found a %s, expected a directory", path,
                       file_kind(st.st_mode));
    }
    *there = some;
    return OK;
}

enum err file_mkdir_own(const char *dir, const char *name, struct errinfo *e)
{
    char path[4096];
    bool there = false;
    TRY(path_join(path, sizeof path, dir, name, e));
    if (mkdir(path, 0777) == 0) {
        return OK;
    }
    const int number = errno;
    TRY(file_is_dir_own(path, &there, e));
    return there ? OK : file_fail(e, path, "create the directory", number);
}

/* `remove` false: check that dir holds only regular files; true: remove them. */
static enum err sweep_dir(DIR *dir, const char *path, bool remove, struct errinfo *e)
{
    const int at = dirfd(dir);
    rewinddir(dir);
    for (;;) {
        errno = 0;
        const struct dirent *d = readdir(dir);
        if (!d) {
            return errno == 0 ? OK : file_fail(e, path, "list", errno);
        }
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0) {
            continue;
        }
        struct stat st;
        if (fstatat(at, d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            return file_fail(e, path, "list", errno);
        }
        if (!S_ISREG(st.st_mode)) {
            return err_set(e, ERR_FORMAT, "%s/%s: not a regular file; left as it is",
                           path, d->d_name);
        }
        if (remove && unlinkat(at, d->d_name, 0) != 0) {
            return file_fail(e, path, "empty", errno);
        }
    }
}

enum err file_remove_dir(const char *path, struct errinfo *e)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        const int number = errno;
        if (fd >= 0) {
            close(fd);
        }
        return file_fail(e, path, "open", number);
    }
    enum err rc = sweep_dir(dir, path, false, e);
    if (rc == OK) {
        rc = sweep_dir(dir, path, true, e);
    }
    closedir(dir);
    if (rc == OK && rmdir(path) != 0) {
        rc = file_fail(e, path, "remove", errno);
    }
    return rc;
}

/* ---- paths ---- */

enum err path_join(char *out, size_t cap, const char *dir, const char *name,
                   struct errinfo *e)
{
    const size_t n = strlen(dir);
    const size_t m = strlen(name);
    const size_t slash = n > 0 && dir[n - 1] != '/' ? 1 : 0;
    if (n >= cap || m >= cap || n + slash + m >= cap) {
        return err_set(e, ERR_LIMIT, "%s/%s: path longer than %zu bytes", dir, name,
                       cap);
    }
    memcpy(out, dir, n);
    memcpy(out + n, "/", slash);
    memcpy(out + n + slash, name, m + 1);
    return OK;
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool path_has_suffix(const char *path, const char *suffix)
{
    const size_t n = strlen(path);
    const size_t m = strlen(suffix);
    return n >= m && memcmp(path + (n - m), suffix, m) == 0;
}
