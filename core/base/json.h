/* cJSON with limits, places and typed getters. Owner thread for building; a parsed tree
 * may be read from any thread. Numbers are doubles: 64-bit ids go in as strings. */
#ifndef SAETOP_BASE_JSON_H
#define SAETOP_BASE_JSON_H

#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

#include <cjson/cJSON.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parse len bytes; `name` (a file's path) begins error lines, which give line and
 * column of the fault. cJSON caps nesting at 1000. Trailing text is an error, and so is
 * a NUL, raw or as \u0000: the tree's strings end at one, so the rest of a text would
 * be lost unseen. *out: caller owns, cJSON_Delete. */
enum err json_parse(const char *text, size_t len, const char *name, cJSON **out,
                    struct errinfo *e) ERR_CHECKED;
/* The same where every byte of a text counts: in the tree's strings a NUL is the byte
 * *nul, which is never part of UTF-8 and nowhere else in the text; '\0' if there is
 * none. A text that holds a NUL is copied once. `line`: where in the file the text
 * begins, 1 for its first line. */
enum err json_parse_nul(const char *text, size_t len, const char *name, size_t line,
                        cJSON **out, char *nul, struct errinfo *e) ERR_CHECKED;
enum err json_load(const char *path, size_t max_bytes, cJSON **out,
                   struct errinfo *e) ERR_CHECKED;

/* Where a value is in a file, for error lines such as
 * "cfg.json: model.n_layer: found -3, expected an integer from 1 to 200". */
struct json_at {
    const char *file;
    const char *path; /* "" at the top */
};

/* A value described for the "found" of an error line: "an object", true, a number or
 * the beginning of a text; "nothing" for NULL. The text may be written to out. */
const char *json_found(const cJSON *v, char out[128]);

/* Members of an object, by exact name. `required` false: *out is left as it is when the
 * member is missing or null. Range checks are inclusive. Strings are borrowed from the
 * tree. */
enum err json_int(struct json_at at, const cJSON *obj, const char *key, bool required,
                  int64_t min, int64_t max, int64_t *out,
                  struct errinfo *e) ERR_CHECKED;
enum err json_num(struct json_at at, const cJSON *obj, const char *key, bool required,
                  double min, double max, double *out, struct errinfo *e) ERR_CHECKED;
enum err json_bool(struct json_at at, const cJSON *obj, const char *key, bool required,
                   bool *out, struct errinfo *e) ERR_CHECKED;
enum err json_str(struct json_at at, const cJSON *obj, const char *key, bool required,
                  const char **out, struct errinfo *e) ERR_CHECKED;
enum err json_obj(struct json_at at, const cJSON *obj, const char *key, bool required,
                  const cJSON **out, struct errinfo *e) ERR_CHECKED;
enum err json_arr(struct json_at at, const cJSON *obj, const char *key, bool required,
                  const cJSON **out, struct errinfo *e) ERR_CHECKED;

/* Hash a value and all within it: names, kinds, values and their order, not their
 * layout or escapes; chained as hash_bytes. NULL, for a missing member, has a hash of
 * its own. */
uint64_t json_hash(uint64_t h, const cJSON *v);

/* Append text as a quoted JSON string; invalid UTF-8 bytes become U+FFFD. */
void json_add_string(struct str *s, const char *text, size_t len);
/* Append a number that reads back as the same double; null for NaN and infinities. */
void json_add_number(struct str *s, double v);
/* Append `,"key":` and such a number, as a further member of an object; `key` is a
 * plain name. */
void json_add_member(struct str *s, const char *key, double v);
/* Append a tree as one line, with a space after each ":" and ",". */
void json_add_line(struct str *s, const cJSON *v);
/* ERR_NOMEM if memory ran out for a member of any tree that this thread has built since
 * the last json_built, json_print or json_parse. Call it after building a tree that is
 * not printed here, or that another thread prints, or that is printed only after other
 * JSON is read. */
enum err json_built(struct errinfo *e) ERR_CHECKED;
/* Print a tree, indented, with a newline at its end; strings as in json_add_string.
 * Also ERR_NOMEM as in json_built: what cJSON_Add... returns need not be checked if the
 * thread that built the tree prints it here. */
enum err json_print(const cJSON *tree, struct str *out, struct errinfo *e) ERR_CHECKED;

#endif
