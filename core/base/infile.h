/* A regular file that is read at any place while others may change it. Bytes come by
 * pread: a file cut short meanwhile gives an error, where a mapping would end the
 * process with a line (src/bus_error.h). */
#ifndef SAETOP_BASE_INFILE_H
#define SAETOP_BASE_INFILE_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct infile;

/* Open as file_open_regular does. *out: caller owns, infile_close. */
enum err infile_open(const char *path, struct infile **out,
                     struct errinfo *e) ERR_CHECKED;
/* Copy all that `fd` gives, unpacked if it is gzip, to a file without a name
 * (tempfile.h), so that a stream or a compressed file can be read at any place. `name`
 * is for messages; `packed`: accept only gzip; `cancel`, polled between pieces, may be
 * NULL. fd stays open. ERR_FORMAT if it is damaged or cut, ERR_LIMIT above
 * INFILE_UNPACKED bytes, ERR_IO, ERR_CANCELLED. Memory: O(1). */
#define INFILE_UNPACKED ((size_t)1 << 38)
enum err infile_unpack(int fd, const char *name, bool packed, const atomic_bool *cancel,
                       struct infile **out, struct errinfo *e) ERR_CHECKED;
void infile_close(struct infile *f); /* NULL is fine */

/* The file's size when it was opened. */
size_t infile_len(const struct infile *f);

/* Which file it is and when it was last written, as of this moment: if two stamps are
 * equal so are the bytes. Zeros: unknown. */
struct infile_stamp {
    uint64_t device, inode, size, seconds, nanoseconds;
};
struct infile_stamp infile_stamp(const struct infile *f);
bool infile_stamp_same(const struct infile_stamp *a, const struct infile_stamp *b);

/* Read bytes at, at + 1 .. at + n - 1, which the file had when it was opened. ERR_IO if
 * it has been cut short since. Any thread; one system call. */
enum err infile_get(const struct infile *f, size_t at, void *out, size_t n,
                    struct errinfo *e) ERR_CHECKED;

/* A whole file to look through: a copy of its bytes. For a file larger than
 * INFILE_COPY, which memory may not hold, a mapping, which faults if the file is cut
 * short: keep it only as long as looking takes. */
#define INFILE_COPY ((size_t)64 << 20)
struct infile_bytes {
    const uint8_t *p; /* NULL: none */
    size_t len;
    bool mapped;
};
/* ERR_FORMAT for an empty file. *out: caller owns, infile_release. */
enum err infile_bytes(const char *path, struct infile_bytes *out,
                      struct errinfo *e) ERR_CHECKED;
/* The same for a file that is open; it may be closed before the bytes are released. */
enum err infile_bytes_of(const struct infile *f, struct infile_bytes *out,
                         struct errinfo *e) ERR_CHECKED;
/* The same, mapped whatever its size: to look at a head alone, or at parts while it is
 * in use; src/bus_error.h says what becomes of a fault. Nothing is read before it is
 * touched, and pages of a mapping are the kernel's to drop. */
enum err infile_map(const struct infile *f, struct infile_bytes *out,
                    struct errinfo *e) ERR_CHECKED;
void infile_release(struct infile_bytes *b); /* fine if there are none; leaves none */
/* Let go of the memory of the pages in p[n] of a mapping, except those shared with its
 * neighbours: touched again, they are read again. */
void infile_drop(const uint8_t *p, size_t n);

#endif
