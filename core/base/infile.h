/* A regular file that is read at any place while others may change it. Bytes come by
 * pread: a file that is cut short meanwhile gives an error, where a mapping of it would
 * kill the process. */
#ifndef SAETOP_BASE_INFILE_H
#define SAETOP_BASE_INFILE_H

#include "base/err.h"

#include <stddef.h>

struct infile;

/* As file_open_regular; *out: caller owns, infile_close. */
enum err infile_open(const char *path, struct infile **out,
                     struct errinfo *e) ERR_CHECKED;
void infile_close(struct infile *f); /* NULL is fine */

/* Its size when it was opened. */
size_t infile_len(const struct infile *f);

/* Bytes at, at + 1 .. at + n - 1, which the file had when it was opened. ERR_IO where it
 * has been cut short since. Any thread; one system call. */
enum err infile_get(const struct infile *f, size_t at, void *out, size_t n,
                    struct errinfo *e) ERR_CHECKED;

#endif
