#include "base/leftover.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The process that a temporary of `of` is named after; 0 for any other name. */
static long writer_of(const char *name, const char *of)
{
    const size_t n = strlen(of);
    const char mark[] = ".tmp-";
    if (strncmp(name, of, n) != 0 || strncmp(name + n, mark, sizeof mark - 1) != 0) {
        return 0;
    }
    const char *digits = name + n + sizeof mark - 1;
    const size_t pid = strspn(digits, "0123456789");
    const char *rest = digits + pid;
    if (*rest == '-') {
        const size_t more = strspn(rest + 1, "0123456789");
        rest += more > 0 ? more + 1 : 0;
    }
    const long v = pid > 0 && pid < 10 && *rest == '\0' ? strtol(digits, NULL, 10) : 0;
    return v <= INT_MAX ? v : 0;
}

bool leftover_is(const char *name, const char *of)
{
    return writer_of(name, of) > 0;
}

bool leftover_hold(int fd, const char *path)
{
    struct stat st;
    /* Some file systems have no locks, which is another error. */
    const bool lost = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    return !lost && lstat(path, &st) == 0;
}

/* True if the process that made a leftover has ended. Our own number counts: that
 * leftover is from an earlier process with the same number. */
static bool is_gone(long pid)
{
    return pid == (long)getpid() || (kill((pid_t)pid, 0) != 0 && errno == ESRCH);
}

/* Remove `folder` + `name`, which is `name` in dir: a file, or a folder of files. */
static void remove_unheld(int dir, const char *folder, const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    const int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return;
    }
    if (fstat(fd, &st) == 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        if (S_ISREG(st.st_mode)) {
            (void)unlinkat(dir, name, 0);
        } else if (S_ISDIR(st.st_mode) &&
                   path_join(path, sizeof path, folder, name, NULL) == OK) {
            const enum err rc = file_remove_dir(path, NULL);
            (void)rc; /* there is more in it: left as it is */
        }
    }
    close(fd);
}

void leftover_clear(const char *path)
{
    char folder[PATH_MAX];
    const char *base = path_base(path);
    const size_t n = (size_t)(base - path);
    if (n + 2 > sizeof folder) {
        return;
    }
    memcpy(folder, path, n);
    memcpy(folder + n, ".", 2); /* "a/b/." or "." */
    DIR *d = opendir(folder);
    for (const struct dirent *f = d ? readdir(d) : NULL; f; f = readdir(d)) {
        const long pid = writer_of(f->d_name, base);
        if (pid > 0 && is_gone(pid)) {
            remove_unheld(dirfd(d), folder, f->d_name);
        }
    }
    if (d) {
        closedir(d);
    }
}
