#define _XOPEN_SOURCE 700 /* S_IFREG, kill */
/* What a person does to a whole run: label it, move it. */
#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "train/rundir.h"
#include "train/rundir_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- who has it ---- */

/* Reads the lock's number; 0: its text is not just a number. */
static long read_holder(const struct folder *run)
{
    char text[32] = "";
    int fd = -1;
    if (folder_open_file(run, RUN_LOCK, O_RDONLY | O_NONBLOCK, &fd, NULL) != OK) {
        return 0;
    }
    const ssize_t n = pread(fd, text, sizeof text - 1, 0);
    close(fd);
    const size_t digits = strspn(text, "0123456789");
    const bool only = n > 0 && digits > 0 && digits < 10 && text[digits] == '\n';
    return only ? strtol(text, NULL, 10) : 0;
}

long rundir_holder(const char *dir)
{
    struct folder run;
    if (folder_open(dir, &run, NULL) != OK) {
        return 0;
    }
    const long pid = read_holder(&run);
    folder_close(&run);
    return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM) ? pid : 0;
}

/* ---- its label ---- */

/* Whether a text is one line that may be a label. */
static bool is_label(const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        uint32_t cp = 0;
        at += utf8_next(text + at, len - at, &cp);
        if (cp == UTF8_INVALID || utf8_is_unsafe(cp)) {
            return false;
        }
    }
    return len <= RUN_LABEL_MAX;
}

static enum err no_label(const char *path, struct errinfo *e)
{
    return err_set(e, ERR_FORMAT,
                   "%s: expected one line of at most %d bytes of plain text", path,
                   RUN_LABEL_MAX);
}

enum err rundir_label(const char *dir, char out[RUN_LABEL_MAX + 1], struct errinfo *e)
{
    char path[RUNDIR_PATH], *text = NULL;
    size_t got = 0;
    out[0] = '\0';
    TRY(path_join(path, sizeof path, dir, RUN_LABEL, e));
    const enum err rc = file_read_own(path, RUN_LABEL_MAX + 1, &text, &got, e);
    if (rc != OK) {
        return rc == ERR_MISSING ? OK : rc == ERR_LIMIT ? no_label(path, e) : rc;
    }
    const size_t len = got > 0 && text[got - 1] == '\n' ? got - 1 : got;
    const bool fits = is_label(text, len);
    memcpy(out, text, fits ? len : 0);
    out[fits ? len : 0] = '\0';
    mem_free(text);
    return fits ? OK : no_label(path, e);
}

static enum err write_label(const char *dir, const char *text, struct errinfo *e)
{
    char path[RUNDIR_PATH], line[RUN_LABEL_MAX + 2];
    struct folder run;
    if (text[0]) {
        TRY(path_join(path, sizeof path, dir, RUN_LABEL, e));
        (void)snprintf(line, sizeof line, "%s\n", text);
        return file_write_text(path, line, e);
    }
    TRY(folder_open(dir, &run, e));
    enum err rc = folder_expect(&run, RUN_LABEL, S_IFREG, e);
    if (rc == OK && folder_mode(&run, RUN_LABEL) != 0) {
        rc = folder_unlink(&run, RUN_LABEL, e);
    }
    folder_close(&run);
    return rc;
}

enum err rundir_set_label(const char *dir, const char *text, struct errinfo *e)
{
    int lock = -1;
    if (!is_label(text, strlen(text))) {
        return err_set(e, ERR_USAGE,
                       "label: expected one line of at most %d bytes of plain text",
                       RUN_LABEL_MAX);
    }
    const enum err locked = rundir_lock(dir, &lock, e);
    if (locked != OK && locked != ERR_USAGE) {
        return locked;
    }
    const enum err rc = write_label(dir, text, e);
    rundir_unlock(dir, lock);
    return rc;
}

/* ---- its name ---- */

/* Refuses an old run with arms beside it, which would be left behind. */
static enum err expect_no_beside(const char *dir, struct errinfo *e)
{
    struct arm_place arm[RUN_ARMS_MAX];
    size_t n = 0;
    if (!runstate_arms(dir, arm, &n)) {
        return OK;
    }
    for (size_t i = 0; i < n; i++) {
        if (arm[i].beside) {
            return err_set(e, ERR_USAGE,
                           "%s: its arm %s lies beside it, expected all of a run in "
                           "one directory",
                           dir, arm[i].name);
        }
    }
    return OK;
}

static enum err expect_run(const struct folder *from, const char *name,
                           struct errinfo *e)
{
    return folder_mode(from, name) != 0
               ? folder_expect(from, name, S_IFDIR, e)
               : err_set(e, ERR_MISSING, "%s/%s: not found", from->path, name);
}

enum err rundir_move(const struct folder *from, const char *name,
                     const struct folder *to, const char *as, struct errinfo *e)
{
    char dir[RUNDIR_PATH], moved[RUNDIR_PATH];
    int lock = -1;
    TRY(path_join(dir, sizeof dir, from->path, name, e));
    TRY(path_join(moved, sizeof moved, to->path, as, e));
    TRY(expect_run(from, name, e));
    TRY(expect_no_beside(dir, e));
    TRY(rundir_lock(dir, &lock, e));
    const enum err rc = folder_move_new(from, name, to, as, e);
    rundir_unlock(rc == OK ? moved : dir, lock);
    folder_sync(from);
    folder_sync(to);
    return rc;
}
