/* JSON written as it is made, for files too large to hold as a tree or a text: it goes
 * to a file without a name (tempfile.h), and from there to where the user wants it. The
 * first fault sticks and json_out_write reports it; nothing else need be checked. One
 * thread at a time. */
#ifndef SAETOP_BASE_JSON_OUT_H
#define SAETOP_BASE_JSON_OUT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_out;

/* Start with an open object. ERR_NOMEM, and errors of tempfile_open. */
enum err json_out_new(struct json_out **out, struct errinfo *e) ERR_CHECKED;
void json_out_free(struct json_out *o); /* NULL is fine */
/* Close the object and write all to a file that the user named (file_write_named).
 * ERR_IO, ERR_FORMAT; ERR_USAGE if an object in it is still open. */
enum err json_out_write(struct json_out *o, const char *path,
                        struct errinfo *e) ERR_CHECKED;

/* In what follows `key` is a plain name, for a member of an object; NULL for an element
 * of an array. */
void json_out_object(struct json_out *o, const char *key);
void json_out_array(struct json_out *o, const char *key);
void json_out_end(struct json_out *o); /* closes what was opened last */

/* Numbers read back as they were; NaN and infinities are null. */
void json_out_number(struct json_out *o, const char *key, double v);
void json_out_bool(struct json_out *o, const char *key, bool v);
/* NULL: null. Invalid UTF-8 becomes U+FFFD, as in json_add_string. */
void json_out_text(struct json_out *o, const char *key, const char *text, size_t len);
/* Arrays [n]. */
void json_out_ints(struct json_out *o, const char *key, const int32_t *v, size_t n);
void json_out_uints(struct json_out *o, const char *key, const uint32_t *v, size_t n);
void json_out_bytes(struct json_out *o, const char *key, const uint8_t *v, size_t n);
void json_out_floats(struct json_out *o, const char *key, const float *v, size_t n);
void json_out_doubles(struct json_out *o, const char *key, const double *v, size_t n);

#endif
