/* Files: read with a limit, write whole or not at all. Any thread. */
#ifndef SAETOP_BASE_FILE_H
#define SAETOP_BASE_FILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read a regular file of at most max_bytes. *data (caller owns, mem_free) has a NUL
 * after len bytes. ERR_MISSING, ERR_LIMIT, ERR_IO; ERR_FORMAT for a directory or pipe.
 */
enum err file_read(const char *path, size_t max_bytes, char **data, size_t *len,
                   struct errinfo *e) ERR_CHECKED;

/* The same of a text that is then read as a string: ERR_FORMAT with the line of a NUL
 * byte, where the rest would be lost unseen. */
enum err file_read_text(const char *path, size_t max_bytes, char **text,
                        struct errinfo *e) ERR_CHECKED;

/* Map a file read-only. len 0 is an error (ERR_FORMAT). Release with file_unmap. A file
 * that another program cuts short while it is mapped faults (SIGBUS): map for as long
 * as reading takes, not for the life of the process. */
enum err file_map(const char *path, const uint8_t **data, size_t *len,
                  struct errinfo *e) ERR_CHECKED;
void file_unmap(const uint8_t *data, size_t len);

/* Parts of a file to be written, in order. */
struct file_part {
    const void *data;
    size_t len;
};

/* Write parts to path.tmp-PID in the same directory, fsync, rename over path, fsync the
 * directory. On failure an existing path is as it was and no temporary is left. */
enum err file_write(const char *path, const struct file_part *parts, size_t n,
                    struct errinfo *e) ERR_CHECKED;
enum err file_write_text(const char *path, const char *text,
                         struct errinfo *e) ERR_CHECKED;

/* Make renames in a directory last through a power cut, where the file system can. */
void file_sync_dir(const char *dir);

bool file_exists(const char *path);
bool file_is_dir(const char *path);
int64_t file_size(const char *path); /* -1 if it can't be read */

/* Create a directory and its parents; fine if it is there. */
enum err file_mkdirs(const char *path, struct errinfo *e) ERR_CHECKED;

/* Remove a directory made by saetop: its regular files, then itself; not recursive. */
enum err file_remove_dir(const char *path, struct errinfo *e) ERR_CHECKED;

/* "dir/name" into out[cap]; ERR_LIMIT if it does not fit. */
enum err path_join(char *out, size_t cap, const char *dir, const char *name,
                   struct errinfo *e) ERR_CHECKED;
/* The part after the last '/'; points into path. */
const char *path_base(const char *path);
bool path_has_suffix(const char *path, const char *suffix);

/* 64-bit FNV-1a, for telling whether an input is the one a run was made from; not
 * cryptographic. Chain by passing the last value; start with HASH_START. */
#define HASH_START 14695981039346656037ULL
uint64_t hash_bytes(uint64_t h, const void *data, size_t len);
/* Another hash, eight bytes at a time, for megabytes in memory. Chained likewise. */
uint64_t hash_words(uint64_t h, const void *data, size_t len);
enum err file_hash(const char *path, uint64_t *out, struct errinfo *e) ERR_CHECKED;

#endif
