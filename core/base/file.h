/* Files: read with a limit, write whole or not at all. Any thread.
 *
 * What may stand at a path is decided here, for every place that opens or writes one:
 *
 *   reading what the user named     a regular file; links are followed
 *   a file of saetop's own place    (of a run, a sweep, a cache) a regular file or
 *                                   nothing: what lies in a directory may be anybody's,
 *                                   and a link in it may lead anywhere
 *   writing what the user named     a regular file or nothing is replaced, behind a
 *                                   link too, which stays; a FIFO that somebody reads
 *                                   and a character device get the bytes as they are
 *
 * All else is refused in a line that names the file and the kind found. Only a regular
 * file, or nothing, is ever renamed over; no FIFO is waited for. */
#ifndef SAETOP_BASE_FILE_H
#define SAETOP_BASE_FILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Open for reading a regular file that the user named; *size is its size at that
 * moment. The caller closes *fd. ERR_LIMIT; ERR_FORMAT for another kind; else as
 * file_fail. */
enum err file_open_regular(const char *path, int *fd, size_t *size,
                           struct errinfo *e) ERR_CHECKED;
/* Open a file of saetop's own with open(2)'s flags (O_CREAT makes it with mode 0666).
 * The caller closes *fd. ERR_FORMAT for a link or anything else but a regular file, and
 * for writing one that has a second name, which belongs to somebody else. */
enum err file_open_own(const char *path, int flags, int *fd,
                       struct errinfo *e) ERR_CHECKED;

/* The same for `name` in the directory `at`; `path` is for messages. */
enum err file_open_own_at(int at, const char *name, const char *path, int flags,
                          int *fd, struct errinfo *e) ERR_CHECKED;

/* Read n bytes from `at` on, fewer (*got) only if the file ends. Returns 0 or the
 * errno. */
int file_read_at(int fd, void *out, size_t n, uint64_t at, size_t *got);

/* Report an errno as "PATH: can't WHAT: REASON" and return its code: what the user can
 * mend (no such file, no right to it, links in a circle) is not ERR_IO. */
enum err file_fail(struct errinfo *e, const char *path, const char *what, int number);
/* "directory", "symbolic link", "FIFO", ... from stat(2)'s st_mode, for messages. */
const char *file_kind(mode_t mode);

/* Read a regular file of at most max_bytes. *data (caller owns, mem_free) has a NUL
 * after len bytes. Errors as file_open_regular. */
enum err file_read(const char *path, size_t max_bytes, char **data, size_t *len,
                   struct errinfo *e) ERR_CHECKED;

/* The same for a file of saetop's own (file_open_own). */
enum err file_read_own(const char *path, size_t max_bytes, char **data, size_t *len,
                       struct errinfo *e) ERR_CHECKED;

/* As file_read, for a text that is then read as a string: ERR_FORMAT, with the line,
 * for a NUL byte, after which the rest would be lost silently. */
enum err file_read_text(const char *path, size_t max_bytes, char **text,
                        struct errinfo *e) ERR_CHECKED;

/* Map a file read-only. len 0 is an error (ERR_FORMAT). Release with file_unmap. A file
 * that another program cuts short while it is mapped faults (SIGBUS): map for as long
 * as reading takes, not for the life of the process. */
enum err file_map(const char *path, const uint8_t **data, size_t *len,
                  struct errinfo *e) ERR_CHECKED;
void file_unmap(const uint8_t *data, size_t len);

/* Parts of a file to be written, in order. */
struct file_piece {
    const void *data;
    size_t len;
};

/* Write parts to path.tmp-PID in the same directory, fsync, rename over path, fsync the
 * directory. On failure an existing path is as it was and no temporary is left; a file
 * that is replaced keeps its permissions. Temporaries of path left by killed processes
 * are removed first (leftover.h). ERR_FORMAT for anything at path but a regular file,
 * links too. */
enum err file_write(const char *path, const struct file_piece *parts, size_t n,
                    struct errinfo *e) ERR_CHECKED;
enum err file_write_text(const char *path, const char *text,
                         struct errinfo *e) ERR_CHECKED;

/* The same for an output that the user named on the command line: a link stays, and the
 * file it leads to is written; what cannot be replaced takes the bytes as they are:
 * /dev/stdout, wherever that goes, /dev/null, a FIFO. ERR_FORMAT for a directory,
 * socket or block device and for a link that leads nowhere; ERR_IO for a FIFO that no
 * one reads. Waits for a slow reader. */
enum err file_write_named(const char *path, const struct file_piece *parts, size_t n,
                          struct errinfo *e) ERR_CHECKED;
enum err file_write_named_text(const char *path, const char *text,
                               struct errinfo *e) ERR_CHECKED;

/* Write all of data[n] to a descriptor; waits if it is non-blocking and full. Returns 0
 * or the errno. Any thread. */
int file_write_all(int fd, const char *data, size_t n);

/* Call once, early in main: if standard input, output or error is closed, take its
 * number, so that no file gets it and receives printed text. Printing and reading there
 * fail as before. */
void file_take_standard(void);

/* Check a path before hours of work: refuses all that file_write_named would refuse,
 * and a path whose directory is missing or not writable. */
enum err file_check_named(const char *path, struct errinfo *e) ERR_CHECKED;

/* Make renames in a directory last through a power cut, where the file system can. */
void file_sync_dir(const char *dir);

/* Whether writing to path replaces nothing: a character device, a FIFO, what standard
 * output or error goes to, /dev/fd/N. An output that must be new may name one. */
bool file_is_stream(const char *path);
bool file_exists(const char *path);
bool file_is_dir(const char *path);
int64_t file_size(const char *path); /* -1 if it can't be read */

/* Create a directory and its parents; fine if it is there. */
enum err file_mkdirs(const char *path, struct errinfo *e) ERR_CHECKED;
/* Check a path before hours of work: refuses all that file_mkdirs would refuse, and a
 * directory that is not writable. Makes nothing. */
enum err file_check_dir(const char *path, struct errinfo *e) ERR_CHECKED;

/* Find whether a directory of saetop's own is at path: ERR_FORMAT if a link or anything
 * else is. */
enum err file_is_dir_own(const char *path, bool *there, struct errinfo *e) ERR_CHECKED;
/* Make dir/name, a directory of saetop's own, unless it is there. */
enum err file_mkdir_own(const char *dir, const char *name,
                        struct errinfo *e) ERR_CHECKED;

/* Remove a directory made by saetop: its regular files, then itself; not recursive, and
 * not through a link. */
enum err file_remove_dir(const char *path, struct errinfo *e) ERR_CHECKED;

/* "dir/name" into out[cap]; ERR_LIMIT if it does not fit. */
enum err path_join(char *out, size_t cap, const char *dir, const char *name,
                   struct errinfo *e) ERR_CHECKED;
/* The part after the last '/'; points into path. */
const char *path_base(const char *path);
bool path_has_suffix(const char *path, const char *suffix);

#endif
