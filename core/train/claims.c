#include "train/claims.h"

#include "base/mem.h"
#include "train/rundir.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CLAIMS_MAX 100000u

static enum err add(struct claims *c, const char *dir, bool is_new, struct errinfo *e)
{
    int lock = -1;
    if (strlen(dir) >= sizeof c->at->dir) {
        return err_set(e, ERR_LIMIT, "%.80s...: path too long", dir);
    }
    TRY(mem_grow(&c->at, &c->cap, c->n + 1, sizeof *c->at, CLAIMS_MAX, e));
    TRY(rundir_lock(dir, &lock, e));
    struct claim *at = &c->at[c->n++];
    snprintf(at->dir, sizeof at->dir, "%s", dir);
    at->lock = lock;
    at->is_new = is_new;
    return OK;
}

enum err claims_make(struct claims *c, const char *dir, struct errinfo *e)
{
    TRY(rundir_create(dir, e));
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
