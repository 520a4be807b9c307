#define _XOPEN_SOURCE 700 /* S_IFREG, S_IFDIR */
/* The names in a run's directory, and what each may be. */
#include "base/file.h"
#include "train/rundir_priv.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *const save_files[SAVE_FILES] = {
    "cfg.json",
    "sae_weights.safetensors",
    "trainer_state.safetensors",
    "metrics.csv",
    "events.csv",
    "eval.json",
    "config.json",
};

static const struct {
    const char *name;
    mode_t kind;
} others[] = {
    {RUN_LOCK, S_IFREG},    {RUN_SAVING, S_IFDIR},      {RUN_SAVED, S_IFDIR},
    {RUN_HELD, S_IFDIR},    {RUN_CHECKPOINTS, S_IFDIR}, {RUN_LABELS, S_IFREG},
    {RUN_PRESETS, S_IFREG}, {RUN_HISTORY, S_IFREG},     {RUN_ARMS, S_IFDIR},
    {RUN_LABEL, S_IFREG},
};

bool save_writes(const char *name)
{
    bool found = false;
    for (size_t i = 0; i < SAVE_FILES; i++) {
        found = found || strcmp(name, save_files[i]) == 0;
    }
    return found;
}

/* Checks that the files of a save in f are regular or missing. */
static enum err check_files(const struct folder *f, struct errinfo *e)
{
    for (size_t i = 0; i < SAVE_FILES; i++) {
        TRY(folder_expect(f, save_files[i], S_IFREG, e));
    }
    return OK;
}

static enum err check_checkpoint(const struct folder *f, const char *name, mode_t mode,
                                 void *user, struct errinfo *e)
{
    (void)user;
    const bool own = strcmp(name, "best") == 0 || strncmp(name, "step-", 5) == 0 ||
                     strncmp(name, ".new-", 5) == 0 || strncmp(name, ".old-", 5) == 0;
    return !own || S_ISDIR(mode) ? OK : folder_expect(f, name, S_IFDIR, e);
}

/* Does it for a folder of the run, if that exists. */
static enum err within(const struct folder *run, const char *name,
                       enum err (*check)(const struct folder *f, struct errinfo *e),
                       struct errinfo *e)
{
    struct folder f;
    const enum err opened = folder_open_in(run, name, &f, e);
    if (opened != OK) {
        return opened == ERR_MISSING ? OK : opened;
    }
    const enum err rc = check(&f, e);
    folder_close(&f);
    return rc;
}

static enum err check_checkpoints(const struct folder *f, struct errinfo *e)
{
    return folder_each(f, check_checkpoint, NULL, e);
}

enum err rundir_check(const struct folder *run, struct errinfo *e)
{
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        TRY(folder_expect(run, others[i].name, others[i].kind, e));
    }
    TRY(check_files(run, e));
    TRY(within(run, RUN_SAVED, check_files, e));
    TRY(within(run, RUN_HELD, check_files, e));
    return within(run, RUN_CHECKPOINTS, check_checkpoints, e);
}

enum err rundir_file(const char *dir, const char *name, char out[RUNDIR_PATH],
                     struct errinfo *e)
{
    char saved[64];
    struct stat st;
    snprintf(saved, sizeof saved, RUN_SAVED "/%s", name);
    TRY(path_join(out, RUNDIR_PATH, dir, saved, e));
    return lstat(out, &st) == 0 ? OK : path_join(out, RUNDIR_PATH, dir, name, e);
}
