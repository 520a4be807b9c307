/* Named tensors in a file of any container that other tools write: safetensors, NumPy's
 * npz, torch.save's zip. Its bytes tell which, not its name. Every shape is checked
 * against the bytes behind it when the file is opened, before memory is taken for any
 * tensor. The elements of a large file are read, not mapped: what was read does not
 * stay in the process. Owner thread. */
#ifndef SAETOP_BASE_TENSORFILE_H
#define SAETOP_BASE_TENSORFILE_H

#include "base/elem.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TENSOR_MAX_DIMS 8

enum tensor_kind {
    TENSOR_ARRAY,
    TENSOR_INT,  /* a plain Python integer or boolean in a torch file */
    TENSOR_TEXT, /* likewise */
};

struct tensor_info {
    const char *name; /* members of a nested dictionary: "outer.inner" */
    enum tensor_kind kind;
    bool numbers; /* an ARRAY of a type that can be read: floats, integers */
    enum elem elem;
    size_t ndim;
    size_t shape[TENSOR_MAX_DIMS];
};

struct tensorfile;

enum err tensorfile_open(const char *path, struct tensorfile **out,
                         struct errinfo *e) ERR_CHECKED;
/* The same over bytes in memory (borrowed until tensorfile_close). */
enum err tensorfile_parse(const uint8_t *data, size_t len, const char *name,
                          struct tensorfile **out, struct errinfo *e) ERR_CHECKED;
void tensorfile_close(struct tensorfile *f); /* NULL is fine */

const char *tensorfile_name(const struct tensorfile *f);
size_t tensorfile_count(const struct tensorfile *f);
const struct tensor_info *tensorfile_at(const struct tensorfile *f, size_t i);
/* NULL if there is none. */
const struct tensor_info *tensorfile_find(const struct tensorfile *f, const char *name);

/* Copy an array of floats to out as fp32 in C order, whatever its order in the file;
 * its shape must be exactly shape[ndim], and every element finite. Errors name file,
 * tensor, both shapes or the place. */
enum err tensorfile_f32(struct tensorfile *f, const char *name, const size_t *shape,
                        size_t ndim, float *out, struct errinfo *e) ERR_CHECKED;
/* The type in which tensorfile_raw gives an array of floats: its own if that is F16 or
 * BF16 and its elements lie in C order; else F32. */
enum elem tensorfile_raw_elem(const struct tensorfile *f, const char *name);
/* The same as tensorfile_f32, but in that type, little-endian. */
enum err tensorfile_raw(struct tensorfile *f, const char *name, const size_t *shape,
                        size_t ndim, uint8_t *out, struct errinfo *e) ERR_CHECKED;
/* Find the byte of the file at which an array's elements begin, if they lie there in
 * the form that tensorfile_raw gives. False if they do not (another type or order,
 * packed), so that tensorfile_raw converts them; and for a torch file, since libzip
 * does not say where a member's bytes are. */
bool tensorfile_place(const struct tensorfile *f, const char *name, size_t *at);
/* Read an integer from min to max: a plain one, or an array of one element. */
enum err tensorfile_int(struct tensorfile *f, const char *name, int64_t min,
                        int64_t max, int64_t *out, struct errinfo *e) ERR_CHECKED;
/* Read the integers of a vector, at most `cap`; *n: how many there are; if more than
 * cap, out[cap] is left as it is. */
enum err tensorfile_ints(struct tensorfile *f, const char *name, size_t cap,
                         int64_t *out, size_t *n, struct errinfo *e) ERR_CHECKED;
/* A TEXT, borrowed; NULL if there is none. */
const char *tensorfile_text(const struct tensorfile *f, const char *name);

#endif
