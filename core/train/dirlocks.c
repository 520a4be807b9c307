#include "train/dirlocks.h"

#include "base/file.h"
#include "base/mem.h"
#include "train/rundir.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRLOCKS_MAX 100000u

/* Locks the directory, and notes which it is, to tell it from a later one of its
 * name. */
static enum err take(struct dirlock *at, bool is_new, struct errinfo *e)
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

static enum err add(struct dirlocks *c, const char *dir, bool is_new, struct errinfo *e)
{
    if (strlen(dir) >= sizeof c->at->dir) {
        return err_set(e, ERR_LIMIT, "%.80s...: path too long", dir);
    }
    TRY(mem_grow(&c->at, &c->cap, c->n + 1, sizeof *c->at, DIRLOCKS_MAX, e));
    struct dirlock *at = &c->at[c->n];
    snprintf(at->dir, sizeof at->dir, "%s", dir);
    at->in_run = false;
    TRY(take(at, is_new, e));
    c->n++;
    return OK;
}

/* Removes empty folders between a run and `dir`, an arm's directory. */
static void remove_way(const char *dir)
{
    char path[SETTING_TEXT_MAX];
    snprintf(path, sizeof path, "%s", dir);
    for (char *up = strrchr(path, '/'); up; up = strrchr(path, '/')) {
        *up = '\0';
        if (rmdir(path) != 0 || strcmp(path_base(path), RUN_ARMS_DIR) == 0) {
            return;
        }
    }
}

/* Removes a directory that was made here if it is empty. */
static void remove_empty(const char *dir, bool in_run)
{
    if (rmdir(dir) == 0 && in_run) {
        remove_way(dir);
    }
}

enum err dirlocks_make(struct dirlocks *c, const char *dir, const struct arm_place *p,
                       struct errinfo *e)
{
    char own[SETTING_TEXT_MAX];
    const bool in_run = p->name[0] && !p->beside;
    TRY(arm_place_dir(dir, p, own, sizeof own, e));
    enum err rc = p->name[0] ? rundir_create_arm(dir, p, e) : rundir_create(own, e);
    if (rc != OK && in_run) {
        remove_way(own);
    }
    TRY(rc);
    rc = add(c, own, true, e);
    if (rc != OK) {
        remove_empty(own, in_run);
        return rc;
    }
    c->at[c->n - 1].in_run = in_run;
    return OK;
}

enum err dirlocks_open(struct dirlocks *c, const char *dir, struct errinfo *e)
{
    return dirlocks_have(c, dir) ? OK : add(c, dir, false, e);
}

static struct dirlock *find(const struct dirlocks *c, const char *dir)
{
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->at[i].dir, dir) == 0) {
            return &c->at[i];
        }
    }
    return NULL;
}

bool dirlocks_have(const struct dirlocks *c, const char *dir)
{
    return find(c, dir) != NULL;
}

bool dirlocks_new(const struct dirlocks *c, const char *dir)
{
    const struct dirlock *at = find(c, dir);
    return at && at->is_new;
}

enum err dirlocks_keep(struct dirlocks *c, const char *dir, struct errinfo *e)
{
    struct dirlock *at = find(c, dir);
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

void dirlocks_saved(struct dirlocks *c, const char *dir)
{
    struct dirlock *at = find(c, dir);
    if (at) {
        at->is_new = false;
    }
}

void dirlocks_release(struct dirlocks *c, size_t from)
{
    for (size_t i = c->n; i > from; i--) {
        const struct dirlock *at = &c->at[i - 1];
        rundir_unlock(at->dir, at->lock);
        if (at->is_new) {
            remove_empty(at->dir, at->in_run); /* not where there are files */
        }
    }
    c->n = from < c->n ? from : c->n;
    if (c->n == 0) {
        mem_free(c->at);
        *c = (struct dirlocks){0};
    }
}
