/* The files that hold a model's weights, as one list of named tensors: the list is made
 * when they are opened, data is read or mapped on request. Internal to core/lm and to
 * tests. Owner thread.
 *
 * A tensor that lies in a large file in the form wanted is a pointer into a read-only
 * mapping of that file (lm_source_map), which takes no memory that the kernel cannot
 * take back, and which two processes share. All others are read: those that would have
 * to be changed (F64, a torch file's other orders), those in a torch file, since libzip
 * does not say where, those in a file of up to LM_MAP_BYTES, where a mapping would gain
 * nothing and a file cut short would end us, and all if there is no address space. For
 * reading, files are opened anew and closed again (lm_source_rest).
 *
 * A file must stay as it was when its list was made, by inode, size and time of
 * writing. That is checked before it is read or mapped, and at each lm_need if it is
 * mapped (lm_source_check). A file that is replaced (renamed over) leaves its mapping
 * as it was; one that is written over changes under it, unseen until the next check;
 * one that is cut short ends the process with a line (src/bus_error.h). */
#ifndef SAETOP_LM_LM_SOURCE_H
#define SAETOP_LM_LM_SOURCE_H

#include "base/err.h"
#include "base/gguf_quant.h"
#include "base/tensorfile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lm_source;

/* Open the weights of a GGUF file, or of a model directory: the first that is there of
 * model.safetensors, its index, pytorch_model.bin and its index. An index may name only
 * plain files in the directory. ERR_MISSING names what is there instead. *out: caller
 * owns. */
enum err lm_source_open(const char *path, struct lm_source **out,
                        struct errinfo *e) ERR_CHECKED;
void lm_source_close(struct lm_source *s); /* NULL is fine */

/* The file or index that was opened, for messages. */
const char *lm_source_name(const struct lm_source *s);
/* Where the sizes are from, for messages: "config.json says" or "its keys say". */
const char *lm_source_says(const struct lm_source *s);
/* Bytes of all files opened, shards together, as of that time. */
uint64_t lm_source_size(const struct lm_source *s);
/* Tensors in the order of their names. */
size_t lm_source_count(const struct lm_source *s);
const struct tensor_info *lm_source_at(const struct lm_source *s, size_t i);
/* NULL if there is none. */
const struct tensor_info *lm_source_find(const struct lm_source *s, const char *name);

/* Read a tensor as floats in C order; its shape must be exactly shape[ndim], and every
 * number finite. The file stays open until lm_source_rest. */
enum err lm_source_read(struct lm_source *s, const char *name, const size_t *shape,
                        size_t ndim, float *out, struct errinfo *e) ERR_CHECKED;
/* The type in which lm_source_bytes gives a tensor: that of the file, or F32 if ggml
 * has no such type or the order is another; GGML_TYPE_COUNT if there is no such
 * tensor. */
enum ggml_type lm_source_type(const struct lm_source *s, const char *name);
/* The same as lm_source_read, in that type. */
enum err lm_source_bytes(struct lm_source *s, const char *name, const size_t *shape,
                         size_t ndim, uint8_t *out, struct errinfo *e) ERR_CHECKED;
/* The same without reading: *out points to its bytes in a mapping of the file, at any
 * alignment, until lm_source_close; every number is finite. *out is NULL if it must be
 * read, for the reasons above. `soon`: it is wanted at once and as a whole; else its
 * pages are let go of as they are checked. ERR_IO if the file was replaced or changed.
 * O(bytes), at the speed of memory. */
enum err lm_source_map(struct lm_source *s, const char *name, const size_t *shape,
                       size_t ndim, bool soon, const uint8_t **out,
                       struct errinfo *e) ERR_CHECKED;
/* Files of more bytes than this are mapped; SIZE_MAX: none. */
#define LM_MAP_BYTES ((size_t)64 << 20)
void lm_source_map_above(struct lm_source *s, size_t bytes);
/* ERR_IO if a mapped file is no longer what it was. */
enum err lm_source_check(const struct lm_source *s, struct errinfo *e) ERR_CHECKED;
void lm_source_rest(struct lm_source *s);

/* Hash the files' sizes and bytes here and there in each, chained: O(1) for a file of
 * any size. */
enum err lm_source_hash(const struct lm_source *s, uint64_t *h,
                        struct errinfo *e) ERR_CHECKED;

#endif
