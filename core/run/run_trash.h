/* Deletes runs by moving them into the folder's own ".trash", on the same file system,
 * under their names, with a number if the name is taken. Nothing is removed from disk:
 * to free the space, remove that folder. Any thread. */
#ifndef SAETOP_RUN_RUN_TRASH_H
#define SAETOP_RUN_RUN_TRASH_H

#include "run/run_list.h"

#define RUN_TRASH ".trash"

/* Checks that `name` may be a run's directory in a folder: one part of a path, not
 * starting with a dot, printable, and no longer than a name may be. ERR_USAGE. */
enum err run_name_check(const char *name, struct errinfo *e) ERR_CHECKED;

/* Moves the run `name` of the folder `dir` into its trash, as `as`; if that is "",
 * chooses a name and writes it there. Errors of rundir_move, which locks the run;
 * ERR_FORMAT where the trash is a link. */
enum err run_trash_put(const char *dir, const char *name, char as[RUN_NAME_MAX],
                       struct errinfo *e) ERR_CHECKED;
/* Brings it back; ERR_EXISTS where another run has that name by now. */
enum err run_trash_take(const char *dir, const char *as, const char *name,
                        struct errinfo *e) ERR_CHECKED;
/* Gives the run `name` another name in the folder. */
enum err run_rename(const char *dir, const char *name, const char *as,
                    struct errinfo *e) ERR_CHECKED;
/* Returns how many runs are in its trash. */
size_t run_trash_count(const struct folder *dir);

#endif
