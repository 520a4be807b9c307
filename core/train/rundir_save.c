/* How a save becomes whole or nothing: lock, write aside, rename, move into place. */
#include "base/file.h"
#include "base/mem.h"
#include "train/rundir.h"
#include "train/rundir_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_FILE   ".lock"
#define SAVING      ".saving"
#define SAVED       ".saved"
#define CHECKPOINTS "checkpoints"
/* The last to be moved: readers look at it to see whether a save came in between. */
#define LAST_FILE "config.json"

static enum err fail(struct errinfo *e, const char *path, const char *what)
{
    const int number = errno;
    return err_set(e, number == ENOENT ? ERR_MISSING : ERR_IO, "%s: cannot %s: %s",
                   path, what, strerror(number));
}

/* ---- the lock ---- */

/* Who has it, from the file: "process 123". */
static enum err in_use(const char *dir, int fd, struct errinfo *e)
{
    char text[32] = "";
    const ssize_t n = pread(fd, text, sizeof text - 1, 0);
    const long pid = n > 0 ? strtol(text, NULL, 10) : 0;
    if (pid > 0) {
        return err_set(e, ERR_USAGE, "%s: in use by process %ld", dir, pid);
    }
    return err_set(e, ERR_USAGE, "%s: in use by another process", dir);
}

/* Whether the file behind fd is still the one of that name: its holder removes it. */
static bool is_current(int fd, const char *path)
{
    struct stat a, b;
    return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

static enum err take_lock(const char *dir, int *lock, struct errinfo *e)
{
    char path[RUNDIR_PATH], pid[32];
    TRY(path_join(path, sizeof path, dir, LOCK_FILE, e));
    for (;;) {
        const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0) {
            return file_is_dir(dir)
                       ? fail(e, dir, "write")
                       : err_set(e, ERR_MISSING, "%s: no such run directory", dir);
        }
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            const enum err rc =
                errno == EWOULDBLOCK ? in_use(dir, fd, e) : fail(e, path, "lock");
            close(fd);
            return rc;
        }
        if (is_current(fd, path)) {
            const int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
            const bool told =
                ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)n, 0) > 0;
            (void)told; /* it only makes a better message */
            *lock = fd;
            return OK;
        }
        close(fd);
    }
}

void rundir_unlock(const char *dir, int lock)
{
    char path[RUNDIR_PATH];
    if (lock < 0) {
        return;
    }
    if (path_join(path, sizeof path, dir, LOCK_FILE, NULL) == OK) {
        (void)unlink(path);
    }
    close(lock);
}

/* ---- moving into place ---- */

static enum err move_one(const char *from, const char *dir, const char *name,
                         struct errinfo *e)
{
    char a[RUNDIR_PATH], b[RUNDIR_PATH];
    TRY(path_join(a, sizeof a, from, name, e));
    TRY(path_join(b, sizeof b, dir, name, e));
    return rename(a, b) == 0 ? OK : fail(e, b, "write");
}

static enum err move_files(const char *from, const char *dir, struct errinfo *e)
{
    DIR *d = opendir(from);
    if (!d) {
        return fail(e, from, "open");
    }
    enum err rc = OK;
    bool last = false;
    for (const struct dirent *f = readdir(d); f && rc == OK; f = readdir(d)) {
        if (strcmp(f->d_name, LAST_FILE) == 0) {
            last = true;
        } else if (f->d_name[0] != '.') {
            rc = move_one(from, dir, f->d_name, e);
        }
    }
    closedir(d);
    if (rc == OK && last) {
        rc = move_one(from, dir, LAST_FILE, e);
    }
    return rc;
}

/* Move what a finished save left in .saved to its place. */
static enum err move_saved(const char *dir, struct errinfo *e)
{
    char saved[RUNDIR_PATH];
    TRY(path_join(saved, sizeof saved, dir, SAVED, e));
    if (!file_is_dir(saved)) {
        return OK;
    }
    TRY(move_files(saved, dir, e));
    file_sync_dir(dir);
    return rmdir(saved) == 0 ? OK : fail(e, saved, "remove");
}

static enum err remove_if_there(const char *dir, const char *name, struct errinfo *e)
{
    char path[RUNDIR_PATH];
    TRY(path_join(path, sizeof path, dir, name, e));
    return file_is_dir(path) ? file_remove_dir(path, e) : OK;
}

enum err save_begin(const char *dir, char out[RUNDIR_PATH], struct errinfo *e)
{
    TRY(move_saved(dir, e));
    TRY(remove_if_there(dir, SAVING, e));
    TRY(path_join(out, RUNDIR_PATH, dir, SAVING, e));
    return mkdir(out, 0777) == 0 ? OK : fail(e, dir, "write");
}

enum err save_end(const char *dir, struct errinfo *e)
{
    char saving[RUNDIR_PATH], saved[RUNDIR_PATH];
    TRY(path_join(saving, sizeof saving, dir, SAVING, e));
    TRY(path_join(saved, sizeof saved, dir, SAVED, e));
    file_sync_dir(saving);
    if (rename(saving, saved) != 0) {
        return fail(e, dir, "write");
    }
    file_sync_dir(dir);
    return move_saved(dir, e);
}

void save_abort(const char *dir)
{
    const enum err rc = remove_if_there(dir, SAVING, NULL);
    (void)rc; /* the next one to lock the directory tries again */
}

/* ---- recovery ---- */

bool save_waits(const char *dir)
{
    char saved[RUNDIR_PATH];
    return path_join(saved, sizeof saved, dir, SAVED, NULL) == OK && file_is_dir(saved);
}

bool save_is_trace(const char *dir)
{
    DIR *d = opendir(dir);
    size_t others = 0;
    for (const struct dirent *f = d ? readdir(d) : NULL; f; f = readdir(d)) {
        const bool own = !strcmp(f->d_name, LOCK_FILE) || !strcmp(f->d_name, SAVING);
        others += !own && strcmp(f->d_name, ".") != 0 && strcmp(f->d_name, "..") != 0;
    }
    if (d) {
        closedir(d);
    }
    return d && others == 0;
}

/* A checkpoint that was being replaced: the new one if it is whole, else the old. */
static enum err recover_checkpoint(const char *dir, const char *name, struct errinfo *e)
{
    char fresh[RUNDIR_PATH], old[RUNDIR_PATH], path[RUNDIR_PATH], dot[256];
    snprintf(dot, sizeof dot, ".new-%s", name);
    TRY(path_join(fresh, sizeof fresh, dir, dot, e));
    snprintf(dot, sizeof dot, ".old-%s", name);
    TRY(path_join(old, sizeof old, dir, dot, e));
    TRY(path_join(path, sizeof path, dir, name, e));
    /* The old one is moved away only when the new one is whole. */
    if (!file_exists(path) && file_is_dir(old)) {
        const char *from = file_is_dir(fresh) ? fresh : old;
        if (rename(from, path) != 0) {
            return fail(e, path, "write");
        }
    }
    if (file_is_dir(fresh)) {
        TRY(file_remove_dir(fresh, e));
    }
    return file_is_dir(old) ? file_remove_dir(old, e) : OK;
}

enum err rundir_lock(const char *dir, int *lock, struct errinfo *e)
{
    int fd = -1;
    char kept[RUNDIR_PATH];
    TRY(take_lock(dir, &fd, e));
    enum err rc = path_join(kept, sizeof kept, dir, CHECKPOINTS, e);
    if (rc == OK) {
        rc = move_saved(dir, e);
    }
    if (rc == OK) {
        rc = remove_if_there(dir, SAVING, e);
    }
    if (rc == OK && file_is_dir(kept)) {
        rc = recover_checkpoint(kept, "best", e);
    }
    if (rc != OK) {
        rundir_unlock(dir, fd);
        return rc;
    }
    *lock = fd;
    return OK;
}

enum err save_settle(const char *dir, struct errinfo *e)
{
    /* Moving takes microseconds; a second is for a machine under load. */
    for (int i = 0; save_waits(dir); i++) {
        int lock = -1;
        struct errinfo why = {0};
        const enum err rc = rundir_lock(dir, &lock, &why);
        if (rc == OK) {
            rundir_unlock(dir, lock);
        } else if (rc != ERR_USAGE || i == 100) {
            return err_set(e, rc, "an interrupted save cannot be finished: %s",
                           why.msg);
        } else {
            const struct timespec ten_ms = {.tv_nsec = 10 * 1000 * 1000};
            (void)nanosleep(&ten_ms, NULL);
        }
    }
    return OK;
}

/* ---- checkpoints ---- */

static enum err copy_file(const char *from, const char *to, struct errinfo *e)
{
    const uint8_t *data = NULL;
    size_t len = 0;
    TRY(file_map(from, &data, &len, e));
    const enum err rc = file_write(to, &(struct file_part){data, len}, 1, e);
    file_unmap(data, len);
    return rc;
}

/* The files of a save, linked from dir into `to`. Saved files are replaced, never
 * changed, so a link keeps what was there. */
static enum err link_files(const char *dir, const char *to, struct errinfo *e)
{
    static const char *const names[] = {
        "config.json", "cfg.json",  "sae_weights.safetensors",  "metrics.csv",
        "events.csv",  "eval.json", "trainer_state.safetensors"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char a[RUNDIR_PATH], b[RUNDIR_PATH];
        TRY(path_join(a, sizeof a, dir, names[i], e));
        TRY(path_join(b, sizeof b, to, names[i], e));
        if (file_exists(a) && link(a, b) != 0) {
            TRY(copy_file(a, b, e));
        }
    }
    file_sync_dir(to);
    return OK;
}

static enum err replace(const char *kept, const char *fresh, const char *name,
                        struct errinfo *e)
{
    char path[RUNDIR_PATH], old[RUNDIR_PATH], dot[256];
    snprintf(dot, sizeof dot, ".old-%s", name);
    TRY(path_join(old, sizeof old, kept, dot, e));
    TRY(path_join(path, sizeof path, kept, name, e));
    if (file_exists(path) && rename(path, old) != 0) {
        return fail(e, path, "replace");
    }
    if (rename(fresh, path) != 0) {
        return fail(e, path, "write");
    }
    file_sync_dir(kept);
    return file_is_dir(old) ? file_remove_dir(old, e) : OK;
}

enum err rundir_keep(const char *dir, const char *name, struct errinfo *e)
{
    char kept[RUNDIR_PATH], fresh[RUNDIR_PATH], dot[256];
    TRY(path_join(kept, sizeof kept, dir, CHECKPOINTS, e));
    TRY(file_mkdirs(kept, e));
    TRY(recover_checkpoint(kept, name, e));
    snprintf(dot, sizeof dot, ".new-%s", name);
    TRY(path_join(fresh, sizeof fresh, kept, dot, e));
    if (mkdir(fresh, 0777) != 0) {
        return fail(e, fresh, "create");
    }
    const enum err rc = link_files(dir, fresh, e);
    if (rc != OK) {
        const enum err gone = file_remove_dir(fresh, NULL);
        (void)gone;
        return rc;
    }
    return replace(kept, fresh, name, e);
}
