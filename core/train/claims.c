#include "train/claims.h"

#include "base/file.h"
#include "base/mem.h"
#include "train/rundir.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLAIMS_MAX 100000u

/* Lock the directory and tell it from any that may have its name later. */
static enum err take(struct claim *at, bool is_new, struct errinfo *e)
{
    struct stat st;
    int lock = -1;
    TRY(rundir_lock(at->dir, &lock, e));
    if (stat(at->dir, &st) != 0) {
        const int number = errno;
        rundir_unlock(at->dir, lock);
        return file_fail(e, at->dir, "open", number);
    }
    at->lock = lock;
    at->is_new = is_new;
    at->device = st.st_dev;
    at->number = st.st_ino;
    return OK;
}

static enum err add(struct claims *c, const char *dir, bool is_new, struct errinfo *e)
{
    if (strlen(dir) >= sizeof c->at->dir) {
        return err_set(e, ERR_LIMIT, "%.80s...: path too long", dir);
    }
    TRY(mem_grow(&c->at, &c->cap, c->n + 1, sizeof *c->at, CLAIMS_MAX, e));
    struct claim *at = &c->at[c->n];
    snprintf(at->dir, sizeof at->dir, "%s", dir);
    TRY(take(at, is_new, e));
    c->n++;
    return OK;
}

enum err claims_make(struct claims *c, const char *dir, bool beside, struct errinfo *e)
{
    TRY(beside ? rundir_create_beside(dir, e) : rundir_create(dir, e));
    const enum err rc = add(c, dir, true, e);
    if (rc != OK) {
        (void)rmdir(dir);
    }
    return rc;
}

enum err claims_open(struct claims *c, const char *dir, struct errinfo *e)
{
    return claims_have(c, dir) ? OK : add(c, dir, false, e);
}

static struct claim *find(const struct claims *c, const char *dir)
{
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->at[i].dir, dir) == 0) {
            return &c->at[i];
        }
    }
    return NULL;
}

bool claims_have(const struct claims *c, const char *dir)
{
    return find(c, dir) != NULL;
}

bool claims_new(const struct claims *c, const char *dir)
{
    const struct claim *at = find(c, dir);
    return at && at->is_new;
}

enum err claims_keep(struct claims *c, const char *dir, struct errinfo *e)
{
    struct claim *at = find(c, dir);
    struct stat st;
    if (!at ||
        (stat(dir, &st) == 0 && st.st_dev == at->device && st.st_ino == at->number)) {
        return OK;
    }
    const enum err rc = rundir_create(dir, e);
    if (rc != OK) {
        return rc == ERR_EXISTS ? err_set(e, rc,
                                          "%s: something else took the place of "
                                          "this run's directory",
                                          dir)
                                : rc;
    }
    close(at->lock); /* of the directory that was there */
    at->lock = -1;
    return take(at, true, e);
}

void claims_saved(struct claims *c, const char *dir)
{
    struct claim *at = find(c, dir);
    if (at) {
        at->is_new = false;
    }
}

void claims_release(struct claims *c, size_t from)
{
    for (size_t i = from; i < c->n; i++) {
        rundir_unlock(c->at[i].dir, c->at[i].lock);
        if (c->at[i].is_new) {
            (void)rmdir(c->at[i].dir); /* fails where there are files, as it should */
        }
    }
    c->n = from < c->n ? from : c->n;
    if (c->n == 0) {
        mem_free(c->at);
        *c = (struct claims){0};
    }
}
