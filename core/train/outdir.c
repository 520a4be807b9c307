#include "train/outdir.h"

#include "train/rundir.h"
#include "train/rundir_priv.h"

#include <unistd.h>

static enum err fill(const char *dir, outdir_fn *write, void *user, struct errinfo *e)
{
    char saving[RUNDIR_PATH];
    TRY(save_begin(dir, saving, e));
    const enum err rc = write(user, saving, e);
    if (rc != OK) {
        save_abort(dir);
        return rc;
    }
    return save_end(dir, e);
}

enum err outdir_write(const char *dir, outdir_fn *write, void *user, struct errinfo *e)
{
    int lock = -1;
    TRY(rundir_create(dir, e));
    TRY(rundir_lock(dir, &lock, e));
    const enum err rc = fill(dir, write, user, e);
    rundir_unlock(dir, lock);
    if (rc != OK) {
        (void)rmdir(dir); /* fails where there are files, as it should */
    }
    return rc;
}
