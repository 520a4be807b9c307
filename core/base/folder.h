/* A directory held open: names are looked up in it and nowhere else, whatever becomes
 * of its path, and never through a link. For directories that saetop shares with
 * others' files, and that may come from anybody. Any thread; a folder belongs to one
 * caller.
 *
 * `name` is always one part of a path, not from a file. Errors name path/name. */
#ifndef SAETOP_BASE_FOLDER_H
#define SAETOP_BASE_FOLDER_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

#define FOLDER_PATH 4096

struct folder {
    int fd;
    char path[FOLDER_PATH];
};

/* Open a directory that the user named, itself or through a link. ERR_MISSING,
 * ERR_FORMAT for another kind. Release with folder_close. */
enum err folder_open(const char *path, struct folder *out,
                     struct errinfo *e) ERR_CHECKED;
/* Open a directory in it: ERR_MISSING, ERR_FORMAT for a link or anything else. */
enum err folder_open_in(const struct folder *f, const char *name, struct folder *out,
                        struct errinfo *e) ERR_CHECKED;
/* Make a new directory in it and open that: ERR_EXISTS. */
enum err folder_make_in(const struct folder *f, const char *name, struct folder *out,
                        struct errinfo *e) ERR_CHECKED;
void folder_close(struct folder *f);

/* The st_mode of the entry of that name, a link's own; 0 if there is none. */
mode_t folder_mode(const struct folder *f, const char *name);
/* Demand that the entry is a regular file (S_IFREG) or a directory (S_IFDIR), as `kind`
 * says, or missing. */
enum err folder_expect(const struct folder *f, const char *name, mode_t kind,
                       struct errinfo *e) ERR_CHECKED;

/* file_open_own for a name in it. */
enum err folder_open_file(const struct folder *f, const char *name, int flags, int *fd,
                          struct errinfo *e) ERR_CHECKED;

/* rename(2) from one folder to another, of a regular file or a directory, over one of
 * the same kind or nothing. Follows no links. */
enum err folder_move(const struct folder *from, const char *name,
                     const struct folder *to, const char *as,
                     struct errinfo *e) ERR_CHECKED;
/* rename(2) to a name that must not exist: else ERR_EXISTS, also if another process was
 * faster (except on file systems without such a rename). Follows no links. */
enum err folder_move_new(const struct folder *from, const char *name,
                         const struct folder *to, const char *as,
                         struct errinfo *e) ERR_CHECKED;
/* Remove a file or link. */
enum err folder_unlink(const struct folder *f, const char *name,
                       struct errinfo *e) ERR_CHECKED;
/* Remove an empty directory. */
enum err folder_rmdir(const struct folder *f, const char *name,
                      struct errinfo *e) ERR_CHECKED;

/* Call visit for every name but . and .., with its st_mode; names that disappear
 * meanwhile are left out. Ends with the first error. */
typedef enum err folder_visit(const struct folder *f, const char *name, mode_t mode,
                              void *user, struct errinfo *e);
enum err folder_each(const struct folder *f, folder_visit *visit, void *user,
                     struct errinfo *e) ERR_CHECKED;

/* Make renames in the folder last through a power cut, where the file system can. */
void folder_sync(const struct folder *f);

#endif
