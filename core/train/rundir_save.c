#define _XOPEN_SOURCE 700 /* S_IFREG, S_IFDIR */
/* How a save becomes whole or nothing: lock, write aside, rename, move into place.
 * Every name is looked up in a folder that is held open, and no link is followed. */
#include "base/file.h"
#include "base/mem.h"
#include "train/rundir.h"
#include "train/rundir_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the lock ---- */

/* Does something to a run's folder. */
typedef enum err run_fn(const struct folder *run, void *user, struct errinfo *e);

static enum err with_run(const char *dir, run_fn *act, void *user, struct errinfo *e)
{
    struct folder run;
    TRY(folder_open(dir, &run, e));
    const enum err rc = act(&run, user, e);
    folder_close(&run);
    return rc;
}

/* Fails with who has the lock, from the file: "process 123". */
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

/* Whether fd is still the file of that name: its holder removes it. */
static bool is_current(int fd, const struct folder *run)
{
    struct stat a, b;
    return fstat(fd, &a) == 0 &&
           fstatat(run->fd, RUN_LOCK, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Checks that the lock has a number and a newline, or nothing: any other file of this
 * name is not ours to empty. */
static enum err expect_lock(const struct folder *run, int fd, struct errinfo *e)
{
    char text[32] = "";
    const ssize_t n = pread(fd, text, sizeof text - 1, 0);
    const size_t digits = strspn(text, "0123456789");
    const size_t end = digits + (text[digits] == '\n');
    return n == (ssize_t)end ? OK
                             : err_set(e, ERR_FORMAT,
                                       "%s/" RUN_LOCK ": found other text than the "
                                       "number of a process",
                                       run->path);
}

/* Takes the lock of fd: ERR_USAGE when another process has it. */
static enum err hold(const struct folder *run, int fd, struct errinfo *e)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        return expect_lock(run, fd, e);
    }
    return errno == EWOULDBLOCK ? in_use(run->path, fd, e)
                                : file_fail(e, run->path, "lock", errno);
}

static enum err take_lock(const struct folder *run, int *lock, struct errinfo *e)
{
    for (;;) {
        int fd = -1;
        TRY(folder_open_file(run, RUN_LOCK, O_RDWR | O_CREAT, &fd, e));
        const enum err rc = hold(run, fd, e);
        if (rc == OK && is_current(fd, run)) {
            char pid[32];
            const int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
            const bool told =
                ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)n, 0) > 0;
            (void)told; /* it only makes a better message */
            *lock = fd;
            return OK;
        }
        close(fd);
        TRY(rc);
    }
}

static enum err remove_lock(const struct folder *run, void *lock, struct errinfo *e)
{
    return is_current(*(const int *)lock, run) ? folder_unlink(run, RUN_LOCK, e) : OK;
}

void rundir_unlock(const char *dir, int lock)
{
    if (lock < 0) {
        return;
    }
    const enum err rc = with_run(dir, remove_lock, &lock, NULL);
    (void)rc; /* the next one to lock finds it free */
    close(lock);
}

/* ---- folders of saves ---- */

/* Whether it is a file of a save, or what is left of one being written. */
static bool is_of_save(const char *name)
{
    char own[64];
    const char *end = strstr(name, ".tmp-");
    const size_t n = end ? (size_t)(end - name) : strlen(name);
    snprintf(own, sizeof own, "%.*s", (int)(n < sizeof own ? n : 0), name);
    return save_writes(own);
}

static enum err expect_of_save(const struct folder *f, const char *name, mode_t mode,
                               void *user, struct errinfo *e)
{
    (void)user;
    (void)mode;
    TRY(folder_expect(f, name, S_IFREG, e));
    return is_of_save(name)
               ? OK
               : err_set(e, ERR_FORMAT, "%s/%s: no file of a save; left as it is",
                         f->path, name);
}

static enum err unlink_of_save(const struct folder *f, const char *name, mode_t mode,
                               void *user, struct errinfo *e)
{
    TRY(expect_of_save(f, name, mode, user, e));
    return folder_unlink(f, name, e);
}

/* Removes a folder that a save was written into, if it is there: all or nothing. */
static enum err remove_save(const struct folder *in, const char *name,
                            struct errinfo *e)
{
    struct folder f;
    const enum err opened = folder_open_in(in, name, &f, e);
    if (opened != OK) {
        return opened == ERR_MISSING ? OK : opened;
    }
    enum err rc = folder_each(&f, expect_of_save, NULL, e);
    if (rc == OK) {
        rc = folder_each(&f, unlink_of_save, NULL, e);
    }
    folder_close(&f);
    return rc == OK ? folder_rmdir(in, name, e) : rc;
}

/* ---- moving into place ---- */

static enum err move_files(const struct folder *saved, const struct folder *run,
                           struct errinfo *e)
{
    for (size_t i = 0; i < SAVE_FILES; i++) {
        if (folder_mode(saved, save_files[i]) != 0) {
            TRY(folder_move(saved, save_files[i], run, save_files[i], e));
        }
    }
    return OK;
}

/* Moves what a finished save left in .saved into place. */
static enum err move_saved(const struct folder *run, struct errinfo *e)
{
    struct folder saved;
    const enum err opened = folder_open_in(run, RUN_SAVED, &saved, e);
    if (opened != OK) {
        return opened == ERR_MISSING ? OK : opened;
    }
    enum err rc = folder_each(&saved, expect_of_save, NULL, e);
    if (rc == OK) {
        rc = move_files(&saved, run, e);
    }
    folder_close(&saved);
    TRY(rc);
    folder_sync(run);
    return folder_rmdir(run, RUN_SAVED, e);
}

static enum err make_saving(const struct folder *run, void *unused, struct errinfo *e)
{
    struct folder saving;
    (void)unused;
    TRY(rundir_check(run, e));
    TRY(move_saved(run, e));
    TRY(remove_save(run, RUN_SAVING, e));
    TRY(folder_make_in(run, RUN_SAVING, &saving, e));
    folder_close(&saving);
    return OK;
}

enum err save_begin(const char *dir, char out[RUNDIR_PATH], struct errinfo *e)
{
    TRY(path_join(out, RUNDIR_PATH, dir, RUN_SAVING, e));
    return with_run(dir, make_saving, NULL, e);
}

/* Renames the folder that a save was written into, durably. */
static enum err rename_saving(const struct folder *run, const char *as,
                              struct errinfo *e)
{
    struct folder saving;
    TRY(folder_open_in(run, RUN_SAVING, &saving, e));
    folder_sync(&saving);
    folder_close(&saving);
    TRY(folder_move(run, RUN_SAVING, run, as, e));
    folder_sync(run);
    return OK;
}

/* Moves a save into place. A folder .saved is already a complete save, so an error here
 * may be ignored: the next writer of this run moves the files again, and reports why it
 * fails. */
static void move_on(const struct folder *run)
{
    const enum err rc = move_saved(run, NULL);
    (void)rc;
}

static enum err put_in_place(const struct folder *run, void *unused, struct errinfo *e)
{
    (void)unused;
    TRY(rename_saving(run, RUN_SAVED, e));
    move_on(run);
    return OK;
}

enum err save_end(const char *dir, struct errinfo *e)
{
    return with_run(dir, put_in_place, NULL, e);
}

static enum err remove_held(const struct folder *run, void *unused, struct errinfo *e)
{
    (void)unused;
    return remove_save(run, RUN_HELD, e);
}

static enum err hold_saving(const struct folder *run, void *unused, struct errinfo *e)
{
    (void)unused;
    TRY(remove_held(run, NULL, e));
    return rename_saving(run, RUN_HELD, e);
}

enum err save_hold(const char *dir, struct errinfo *e)
{
    return with_run(dir, hold_saving, NULL, e);
}

static enum err release(const struct folder *run, void *unused, struct errinfo *e)
{
    (void)unused;
    TRY(rundir_check(run, e));
    if (folder_mode(run, RUN_HELD) == 0) {
        return OK;
    }
    TRY(move_saved(run, e));
    if (folder_mode(run, "config.json") != 0) {
        return remove_held(run, NULL, e); /* older than the save that is there */
    }
    TRY(folder_move(run, RUN_HELD, run, RUN_SAVED, e));
    folder_sync(run);
    move_on(run);
    return OK;
}

enum err rundir_release(const char *dir, struct errinfo *e)
{
    return with_run(dir, release, NULL, e);
}

void rundir_drop(const char *dir)
{
    const enum err rc = with_run(dir, remove_held, NULL, NULL);
    (void)rc; /* the next save that is held there tries again */
}

static enum err remove_saving(const struct folder *run, void *unused, struct errinfo *e)
{
    (void)unused;
    return remove_save(run, RUN_SAVING, e);
}

void save_abort(const char *dir)
{
    const enum err rc = with_run(dir, remove_saving, NULL, NULL);
    (void)rc; /* the next one to lock the directory tries again */
}

/* ---- recovery ---- */

struct trace {
    bool held;     /* may be there */
    bool arms;     /* may be there: others like it, which are held */
    size_t others; /* that may not */
};

static enum err count_others(const struct folder *f, const char *name, mode_t mode,
                             void *user, struct errinfo *e);

/* Visits the folder `name` of f; counts one other if it cannot be opened or read. */
static void count_in(const struct folder *f, const char *name, folder_visit *visit,
                     struct trace *t)
{
    struct folder in;
    if (folder_open_in(f, name, &in, NULL) != OK) {
        t->others++;
        return;
    }
    t->others += folder_each(&in, visit, t, NULL) == OK ? 0 : 1;
    folder_close(&in);
}

static enum err count_arm(const struct folder *f, const char *name, mode_t mode,
                          void *user, struct errinfo *e)
{
    struct trace *all = user, t = {.held = true};
    (void)mode;
    (void)e;
    count_in(f, name, count_others, &t);
    all->others += t.others;
    return OK;
}

static enum err count_others(const struct folder *f, const char *name, mode_t mode,
                             void *user, struct errinfo *e)
{
    struct trace *t = user;
    (void)mode;
    (void)e;
    const bool own = strcmp(name, RUN_LOCK) == 0 || strcmp(name, RUN_SAVING) == 0 ||
                     (t->held && strcmp(name, RUN_HELD) == 0);
    if (t->arms && strcmp(name, RUN_ARMS) == 0) {
        count_in(f, name, count_arm, t);
    } else {
        t->others += own ? 0 : 1;
    }
    return OK;
}

static enum err count_all(const struct folder *run, void *trace, struct errinfo *e)
{
    return folder_each(run, count_others, trace, e);
}

bool save_is_trace(const char *dir, bool held)
{
    struct trace t = {.held = held, .arms = true};
    return with_run(dir, count_all, &t, NULL) == OK && t.others == 0;
}

/* Moves files that a user put into a checkpoint, such as labels, to the one that takes
 * its place. */
static enum err carry_over(const struct folder *old, const char *name, mode_t mode,
                           void *user, struct errinfo *e)
{
    const struct folder *to = user;
    (void)mode;
    if (is_of_save(name) || folder_mode(to, name) != 0) {
        return OK; /* removed with the old one, or refused there */
    }
    return renameat(old->fd, name, to->fd, name) == 0
               ? OK
               : file_fail(e, old->path, "be moved away from", errno);
}

/* Removes the checkpoint `old`, which `name` has replaced. */
static enum err remove_old(const struct folder *kept, const char *old, const char *name,
                           struct errinfo *e)
{
    struct folder from, to;
    const enum err opened = folder_open_in(kept, old, &from, e);
    if (opened != OK) {
        return opened == ERR_MISSING ? OK : opened;
    }
    enum err rc = folder_open_in(kept, name, &to, e);
    if (rc == OK) {
        rc = folder_each(&from, carry_over, &to, e);
        folder_close(&to);
    }
    folder_close(&from);
    return rc == OK ? remove_save(kept, old, e) : rc;
}

/* The names beside a checkpoint's while it is replaced. */
struct swap_names {
    char fresh[256], old[256];
};

static struct swap_names swap_names(const char *name)
{
    struct swap_names s;
    snprintf(s.fresh, sizeof s.fresh, ".new-%s", name);
    snprintf(s.old, sizeof s.old, ".old-%s", name);
    return s;
}

/* Recovers a checkpoint that was being replaced: the new one if it is whole, else the
 * old. */
static enum err recover_checkpoint(const struct folder *kept, const char *name,
                                   struct errinfo *e)
{
    const struct swap_names s = swap_names(name);
    TRY(folder_expect(kept, name, S_IFDIR, e));
    TRY(folder_expect(kept, s.fresh, S_IFDIR, e));
    TRY(folder_expect(kept, s.old, S_IFDIR, e));
    /* The old one is moved away only when the new one is whole. */
    if (folder_mode(kept, name) == 0 && folder_mode(kept, s.old) != 0) {
        const char *from = folder_mode(kept, s.fresh) != 0 ? s.fresh : s.old;
        TRY(folder_move(kept, from, kept, name, e));
    }
    TRY(remove_save(kept, s.fresh, e));
    return remove_old(kept, s.old, name, e);
}

static enum err recover_best(const struct folder *run, struct errinfo *e)
{
    struct folder kept;
    const enum err opened = folder_open_in(run, RUN_CHECKPOINTS, &kept, e);
    if (opened != OK) {
        return opened == ERR_MISSING ? OK : opened;
    }
    const enum err rc = recover_checkpoint(&kept, "best", e);
    folder_close(&kept);
    return rc;
}

/* Completes or removes interrupted saves; needs the lock. Changes nothing before
 * everything has been checked. */
static enum err recover(const struct folder *run, struct errinfo *e)
{
    TRY(rundir_check(run, e));
    TRY(move_saved(run, e));
    TRY(remove_save(run, RUN_SAVING, e));
    return recover_best(run, e);
}

/* A lock being taken. */
struct taking {
    bool opened; /* the directory */
    int fd;      /* of the lock; -1: not taken */
};

static enum err lock_and_recover(const struct folder *run, void *user,
                                 struct errinfo *e)
{
    struct taking *t = user;
    t->opened = true;
    TRY(take_lock(run, &t->fd, e));
    return recover(run, e);
}

enum err rundir_lock(const char *dir, int *lock, struct errinfo *e)
{
    struct taking t = {.fd = -1};
    const enum err rc = with_run(dir, lock_and_recover, &t, e);
    if (rc == ERR_MISSING && !t.opened) {
        return err_set(e, ERR_MISSING, "%s: no such run directory", dir);
    }
    if (rc != OK) {
        rundir_unlock(dir, t.fd);
        return rc;
    }
    *lock = t.fd;
    return OK;
}

/* ---- checkpoints ---- */

static enum err copy_open(int fd, const char *from, const char *to, struct errinfo *e)
{
    struct stat st;
    char *data = NULL;
    size_t got = 0;
    if (fstat(fd, &st) != 0) {
        return file_fail(e, from, "read its size", errno);
    }
    const size_t len = (size_t)st.st_size;
    TRY(mem_new(&data, len + 1, 1, from, e));
    const int number = file_read_at(fd, data, len, 0, &got);
    enum err rc = number == 0 ? OK : file_fail(e, from, "read", number);
    if (rc == OK && got < len) {
        rc = err_set(e, ERR_IO, "%s: found %zu bytes, expected %zu: it was cut short",
                     from, got, len);
    }
    rc = rc == OK ? file_write(to, &(struct file_piece){data, len}, 1, e) : rc;
    mem_free(data);
    return rc;
}

static enum err copy_file(const struct folder *from, const struct folder *to,
                          const char *name, struct errinfo *e)
{
    char a[RUNDIR_PATH], b[RUNDIR_PATH];
    int fd = -1;
    TRY(path_join(a, sizeof a, from->path, name, e));
    TRY(path_join(b, sizeof b, to->path, name, e));
    TRY(folder_open_file(from, name, O_RDONLY, &fd, e));
    const enum err rc = copy_open(fd, a, b, e);
    close(fd);
    return rc;
}

/* Links the files of a save from one folder into another. Saved files are replaced,
 * never changed, so a link keeps the old content. */
static enum err link_files(const struct folder *run, const struct folder *to,
                           struct errinfo *e)
{
    for (size_t i = 0; i < SAVE_FILES; i++) {
        const char *name = save_files[i];
        TRY(folder_expect(run, name, S_IFREG, e));
        if (folder_mode(run, name) != 0 &&
            linkat(run->fd, name, to->fd, name, 0) != 0) {
            TRY(copy_file(run, to, name, e));
        }
    }
    folder_sync(to);
    return OK;
}

static enum err replace(const struct folder *kept, const char *name, struct errinfo *e)
{
    const struct swap_names s = swap_names(name);
    if (folder_mode(kept, name) != 0) {
        TRY(folder_move(kept, name, kept, s.old, e));
    }
    TRY(folder_move(kept, s.fresh, kept, name, e));
    folder_sync(kept);
    return remove_old(kept, s.old, name, e);
}

static enum err keep_in(const struct folder *run, const struct folder *kept,
                        const char *name, struct errinfo *e)
{
    struct folder fresh;
    const struct swap_names s = swap_names(name);
    TRY(recover_checkpoint(kept, name, e));
    TRY(folder_make_in(kept, s.fresh, &fresh, e));
    const enum err rc = link_files(run, &fresh, e);
    folder_close(&fresh);
    if (rc != OK) {
        const enum err gone = remove_save(kept, s.fresh, NULL);
        (void)gone;
        return rc;
    }
    return replace(kept, name, e);
}

static enum err keep_named(const struct folder *run, void *name, struct errinfo *e)
{
    struct folder kept;
    TRY(move_saved(run, e));
    TRY(folder_open_in(run, RUN_CHECKPOINTS, &kept, e));
    const enum err rc = keep_in(run, &kept, *(const char **)name, e);
    folder_close(&kept);
    return rc;
}

enum err rundir_keep(const char *dir, const char *name, struct errinfo *e)
{
    TRY(file_mkdir_own(dir, RUN_CHECKPOINTS, e));
    return with_run(dir, keep_named, &name, e);
}
