/* The run directories that one process writes to: made or opened, locked against others
 * until released, so that work is never done for a place that cannot be written. Owner
 * thread. */
#ifndef SAETOP_TRAIN_DIRLOCKS_H
#define SAETOP_TRAIN_DIRLOCKS_H

#include "train/arm_place.h"
#include "train/settings.h"

#include <stddef.h>
#include <sys/types.h>

struct dirlock {
    char dir[SETTING_TEXT_MAX];
    int lock;
    dev_t device; /* these two: which directory it is */
    ino_t number;
    bool is_new; /* made here and nothing saved in it yet */
    bool in_run; /* at RUN/arms/NAME */
};
struct dirlocks {
    struct dirlock *at;
    size_t n, cap;
};

/* Make the directory of an arm of the run `dir` and lock it; ERR_EXISTS when something
 * is there. The first arm's comes first. */
enum err dirlocks_make(struct dirlocks *c, const char *dir, const struct arm_place *p,
                       struct errinfo *e) ERR_CHECKED;
/* Lock a run that is there. ERR_MISSING; ERR_USAGE when another process has it. */
enum err dirlocks_open(struct dirlocks *c, const char *dir,
                       struct errinfo *e) ERR_CHECKED;
bool dirlocks_have(const struct dirlocks *c, const char *dir);
/* Whether it was made here and nothing has been saved in it yet. */
bool dirlocks_new(const struct dirlocks *c, const char *dir);
/* Before a later save: one that was moved or removed meanwhile is made again, so that
 * what was trained is not lost; ERR_EXISTS when something else took its place. */
enum err dirlocks_keep(struct dirlocks *c, const char *dir,
                       struct errinfo *e) ERR_CHECKED;
/* Something was saved in it: it stays on release. */
void dirlocks_saved(struct dirlocks *c, const char *dir);
/* Let go of those from number `from` on, the last first, and remove the new ones that
 * are empty. */
void dirlocks_release(struct dirlocks *c, size_t from);

#endif
