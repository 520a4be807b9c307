/* The safetensors container: u64 header length, JSON header, byte buffer.
 * Format: https://github.com/huggingface/safetensors. Any thread. */
#ifndef SAETOP_BASE_SAFETENSORS_H
#define SAETOP_BASE_SAFETENSORS_H

#include "base/elem.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define ST_MAX_DIMS 8

enum st_dtype {
    ST_F32,
    ST_F16,
    ST_BF16,
    ST_F64,
    ST_I64,
    ST_I32,
    ST_U8,
    ST_U64,
    ST_U32,
    ST_U16,
    ST_BOOL,
    ST_OTHER
};

struct st_tensor {
    const char *name;
    enum st_dtype dtype;
    size_t ndim;
    size_t shape[ST_MAX_DIMS];
    const void *data; /* little-endian, C order; may be unaligned in a file read */
    size_t bytes;
};

/* Convert to the same type in elem.h; false if it has none. */
bool st_elem(enum st_dtype t, enum elem *out);

struct st_file;

/* Open and check a file (infile_bytes: close it soon): header within the file and below
 * 100 MB, offsets inside the buffer, without overlap, sizes equal to the product of the
 * shape; all before any allocation that depends on them. */
enum err st_open(const char *path, struct st_file **out, struct errinfo *e) ERR_CHECKED;
/* The same over bytes in memory (borrowed until st_close). */
enum err st_parse(const uint8_t *data, size_t len, const char *name,
                  struct st_file **out, struct errinfo *e) ERR_CHECKED;
void st_close(struct st_file *f);

size_t st_count(const struct st_file *f);
const struct st_tensor *st_at(const struct st_file *f, size_t i);
const struct st_tensor *st_find(const struct st_file *f,
                                const char *name); /* or NULL */
/* Value of a __metadata__ entry, or NULL. */
const char *st_meta(const struct st_file *f, const char *key);

/* Copy tensor `name` into out as fp32, converting from F32, F16, BF16 or F64; its shape
 * must be exactly shape[ndim], and every element finite. Errors name file, tensor, both
 * shapes or the place. */
enum err st_read_f32(const struct st_file *f, const char *name, const size_t *shape,
                     size_t ndim, float *out, struct errinfo *e) ERR_CHECKED;

struct st_meta_entry {
    const char *key, *value;
};

/* Write atomically (file_write): tensors in the given order, buffer 8-byte aligned. */
enum err st_write(const char *path, const struct st_tensor *tensors, size_t n,
                  const struct st_meta_entry *meta, size_t n_meta,
                  struct errinfo *e) ERR_CHECKED;

/* The same for an output that the user named (file_write_named). */
enum err st_write_named(const char *path, const struct st_tensor *tensors, size_t n,
                        const struct st_meta_entry *meta, size_t n_meta,
                        struct errinfo *e) ERR_CHECKED;

#endif
