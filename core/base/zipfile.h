/* Reads zip containers (libzip), with sizes checked before they are believed: members
 * do not overlap; each is stored or deflated, not encrypted, claims no more bytes than
 * its compressed form can hold, and does not expand a little into many megabytes. Owner
 * thread. */
#ifndef SAETOP_BASE_ZIPFILE_H
#define SAETOP_BASE_ZIPFILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zipfile;

/* Over bytes in memory, borrowed until zipfile_close. `name` begins error lines. */
enum err zipfile_open(const uint8_t *data, size_t len, const char *name,
                      struct zipfile **out, struct errinfo *e) ERR_CHECKED;
void zipfile_close(struct zipfile *z); /* NULL is fine */

size_t zipfile_count(const struct zipfile *z);
/* Name (borrowed) and size of member i, checked as above. */
enum err zipfile_member(const struct zipfile *z, size_t i, const char **name,
                        size_t *size, struct errinfo *e) ERR_CHECKED;

/* The member of that name; false if there is none. O(1). */
bool zipfile_find(const struct zipfile *z, const char *name, size_t *i);

/* Read a member from its beginning, piece by piece. */
struct zip_reader;
enum err zip_reader_new(struct zipfile *z, size_t i, struct zip_reader **out,
                        struct errinfo *e) ERR_CHECKED;
/* Read exactly n bytes; ERR_FORMAT if the member ends before. They count only once
 * zip_reader_end has checked them. */
enum err zip_reader_get(struct zip_reader *r, void *out, size_t n,
                        struct errinfo *e) ERR_CHECKED;
/* Skip n bytes. */
enum err zip_reader_skip(struct zip_reader *r, size_t n, struct errinfo *e) ERR_CHECKED;
/* Go to the member's end and compare its checksum, once for each member. */
enum err zip_reader_end(struct zip_reader *r, struct errinfo *e) ERR_CHECKED;
void zip_reader_free(struct zip_reader *r);

/* Read a whole member of at most `max` bytes and compare its checksum; *out: caller
 * owns, mem_free. */
enum err zipfile_read(struct zipfile *z, size_t i, size_t max, uint8_t **out,
                      size_t *len, struct errinfo *e) ERR_CHECKED;

#endif
