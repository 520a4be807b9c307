#define _XOPEN_SOURCE 700 /* S_ISDIR */
#include "run/run_trash.h"

#include "base/file.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum err run_name_check(const char *name, struct errinfo *e)
{
    const size_t len = strlen(name);
    bool fine = len > 0 && len < RUN_NAME_MAX && name[0] != '.';
    for (size_t at = 0; at < len;) {
        uint32_t cp = 0;
        at += utf8_next(name + at, len - at, &cp);
        fine = fine && cp != '/' && cp != UTF8_INVALID && !utf8_is_unsafe(cp);
    }
    return fine ? OK
                : err_set(e, ERR_USAGE,
                          "'%.60s': expected the name of a directory: no slash, no "
                          "dot at its beginning, at most %d bytes",
                          name, RUN_NAME_MAX - 1);
}

/* Opens the trash of a folder; makes it if it is missing. */
static enum err open_trash(const struct folder *dir, struct folder *out,
                           struct errinfo *e)
{
    TRY(file_mkdir_own(dir->path, RUN_TRASH, e));
    return folder_open_in(dir, RUN_TRASH, out, e);
}

/* Finds a free name in the trash: the name itself, or with a number after it. */
static enum err free_name(const struct folder *trash, const char *name,
                          char out[RUN_NAME_MAX], struct errinfo *e)
{
    for (int i = 1; i < 1000; i++) {
        const int len = i == 1 ? snprintf(out, RUN_NAME_MAX, "%s", name)
                               : snprintf(out, RUN_NAME_MAX, "%s-%d", name, i);
        if (len > 0 && len < RUN_NAME_MAX && folder_mode(trash, out) == 0) {
            return OK;
        }
    }
    return err_set(e, ERR_EXISTS, "%s: no free name for %s", trash->path, name);
}

static enum err put(const struct folder *dir, const char *name, char as[RUN_NAME_MAX],
                    struct errinfo *e)
{
    struct folder trash;
    TRY(folder_expect(dir, name, S_IFDIR, e)); /* before a trash is made for it */
    TRY(open_trash(dir, &trash, e));
    enum err rc = as[0] ? run_name_check(as, e) : free_name(&trash, name, as, e);
    rc = rc == OK ? rundir_move(dir, name, &trash, as, e) : rc;
    folder_close(&trash);
    return rc;
}

enum err run_trash_put(const char *dir, const char *name, char as[RUN_NAME_MAX],
                       struct errinfo *e)
{
    struct folder f;
    TRY(run_name_check(name, e));
    TRY(folder_open(dir, &f, e));
    const enum err rc = put(&f, name, as, e);
    folder_close(&f);
    return rc;
}

enum err run_trash_take(const char *dir, const char *as, const char *name,
                        struct errinfo *e)
{
    struct folder f, trash;
    TRY(run_name_check(name, e));
    TRY(run_name_check(as, e));
    TRY(folder_open(dir, &f, e));
    enum err rc = folder_open_in(&f, RUN_TRASH, &trash, e);
    if (rc == OK) {
        rc = rundir_move(&trash, as, &f, name, e);
        folder_close(&trash);
    }
    folder_close(&f);
    return rc;
}

enum err run_rename(const char *dir, const char *name, const char *as,
                    struct errinfo *e)
{
    struct folder f;
    TRY(run_name_check(name, e));
    TRY(run_name_check(as, e));
    TRY(folder_open(dir, &f, e));
    const enum err rc = rundir_move(&f, name, &f, as, e);
    folder_close(&f);
    return rc;
}

static enum err count(const struct folder *f, const char *name, mode_t mode, void *user,
                      struct errinfo *e)
{
    size_t *n = user;
    (void)f;
    (void)name;
    (void)e;
    *n += S_ISDIR(mode);
    return OK;
}

size_t run_trash_count(const struct folder *dir)
{
    struct folder trash;
    size_t n = 0;
    if (folder_open_in(dir, RUN_TRASH, &trash, NULL) != OK) {
        return 0;
    }
    const enum err rc = folder_each(&trash, count, &n, NULL);
    folder_close(&trash);
    return rc == OK ? n : 0;
}
