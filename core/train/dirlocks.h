/* The run directories that one process writes to: made or opened, and locked against
 * others until released, so that no work is done for a place that cannot be written to.
 * Owner thread. */
#ifndef SAETOP_TRAIN_DIRLOCKS_H
#define SAETOP_TRAIN_DIRLOCKS_H

#include "train/arm_place.h"
#include "train/settings.h"

#include <stddef.h>
#include <sys/types.h>

struct dirlock {
    char dir[SETTING_TEXT_MAX];
    int lock;
    dev_t device; /* identify the directory, with `number` */
    ino_t number;
    bool is_new; /* made here, with nothing saved in it yet */
    bool in_run; /* at RUN/arms/NAME */
};
struct dirlocks {
    struct dirlock *at;
    size_t n, cap;
};

/* Makes the directory of an arm of the run `dir` and locks it; ERR_EXISTS when
 * something is there. Make the first arm's first. */
enum err dirlocks_make(struct dirlocks *c, const char *dir, const struct arm_place *p,
                       struct errinfo *e) ERR_CHECKED;
/* Locks an existing run. ERR_MISSING; ERR_USAGE when another process has it. */
enum err dirlocks_open(struct dirlocks *c, const char *dir,
                       struct errinfo *e) ERR_CHECKED;
bool dirlocks_have(const struct dirlocks *c, const char *dir);
/* Returns whether it was made here and nothing has been saved in it yet. */
bool dirlocks_new(const struct dirlocks *c, const char *dir);
/* Call before a later save: makes a directory again that was moved or removed
 * meanwhile, so that what was trained is not lost; ERR_EXISTS when something else took
 * its place. */
enum err dirlocks_keep(struct dirlocks *c, const char *dir,
                       struct errinfo *e) ERR_CHECKED;
/* Notes that something was saved in it: release then keeps it. */
void dirlocks_saved(struct dirlocks *c, const char *dir);
/* Unlocks the directories from number `from` on, the last first, and removes the new
 * ones that are empty. */
void dirlocks_release(struct dirlocks *c, size_t from);

#endif
