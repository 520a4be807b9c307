/* GGUF files: a model's settings, tokenizer and tensors, as llama.cpp reads them.
 * Format: github.com/ggml-org/ggml, docs/gguf.md; versions 2 and 3, little-endian.
 *
 *   magic "GGUF", u32 version, u64 tensors, u64 keys
 *   keys: text name, u32 type, value      text: u64 bytes, the bytes, no NUL
 *   tensors: text name, u32 dims, u64 dim[dims], u32 ggml type, u64 offset
 *   padding to `general.alignment` (32), then the data that offsets count from
 *
 * A file may come from anybody. Every count, size and offset is checked against the
 * bytes that are there before it is used; names and keys must differ, tensors must not
 * overlap. Of a file in shards (NAME-00001-of-00003.gguf) the first is named; the
 * others are opened from beside it.
 *
 * What comes before the data is copied when a file is opened (at most 256 MB; real
 * files have 2 to 20). The data is not: rows are read by pread when they are asked for,
 * so that a file of any size takes no memory, what is never asked for is never read,
 * and a file cut short meanwhile gives an error. A model's matrices are taken from a
 * mapping (lm/lm_source.h).
 *
 * Opening and closing: owner thread. All else: any thread. */
#ifndef SAETOP_BASE_GGUF_H
#define SAETOP_BASE_GGUF_H

#include "base/err.h"
#include "base/gguf_quant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GGUF_MAX_DIMS 4

struct gguf;

/* Open the file at path and its other shards. ERR_MISSING, ERR_IO; ERR_FORMAT or
 * ERR_LIMIT with the file, the place, what was found and what was expected. *out:
 * gguf_close. */
enum err gguf_open(const char *path, struct gguf **out, struct errinfo *e) ERR_CHECKED;
/* The same over bytes in memory (borrowed until gguf_close); no other shards. */
enum err gguf_parse(const uint8_t *data, size_t len, const char *name,
                    struct gguf **out, struct errinfo *e) ERR_CHECKED;
void gguf_close(struct gguf *g); /* NULL is fine */

/* Whether bytes begin like a GGUF file. */
bool gguf_is(const uint8_t *data, size_t len);
const char *gguf_name(const struct gguf *g); /* of the first shard */
size_t gguf_shards(const struct gguf *g);
const char *gguf_shard_name(const struct gguf *g, size_t i);
/* The open file of a shard, borrowed; NULL after gguf_parse. */
struct infile;
const struct infile *gguf_shard_file(const struct gguf *g, size_t i);

/* ---- keys ---- */

enum gguf_type { /* as in the file */
                 GGUF_U8,
                 GGUF_I8,
                 GGUF_U16,
                 GGUF_I16,
                 GGUF_U32,
                 GGUF_I32,
                 GGUF_F32,
                 GGUF_BOOL,
                 GGUF_TEXT,
                 GGUF_ARRAY,
                 GGUF_U64,
                 GGUF_I64,
                 GGUF_F64,
                 GGUF_TYPES
};

struct gguf_key {
    const char *name;
    enum gguf_type type;
    enum gguf_type item; /* of an ARRAY's items; never ARRAY itself */
    size_t count;        /* how many; 1 if no ARRAY */
};

size_t gguf_key_count(const struct gguf *g);
struct gguf_key gguf_key_at(const struct gguf *g, size_t i); /* in the file's order */
bool gguf_has(const struct gguf *g, const char *key);

/* Get the value of a key. `required` false: *out is left as it is if there is no such
 * key. A value of another kind or out of range (bounds are inclusive) is ERR_FORMAT;
 * any width of integer is an integer, both widths of float are reals, which must be
 * finite. Texts are borrowed from g. O(log keys). */
enum err gguf_int(const struct gguf *g, const char *key, bool required, int64_t min,
                  int64_t max, int64_t *out, struct errinfo *e) ERR_CHECKED;
enum err gguf_real(const struct gguf *g, const char *key, bool required, double min,
                   double max, double *out, struct errinfo *e) ERR_CHECKED;
enum err gguf_bool(const struct gguf *g, const char *key, bool required, bool *out,
                   struct errinfo *e) ERR_CHECKED;
/* The text holds no NUL but the one that ends it. */
enum err gguf_text(const struct gguf *g, const char *key, bool required,
                   const char **out, struct errinfo *e) ERR_CHECKED;

/* An array as it lies in the file, borrowed from g: nothing is copied. */
struct gguf_array {
    enum gguf_type item;
    size_t count; /* of items; for texts: those gguf_array_next has yet to give */
    const uint8_t *p;
};
/* kind: GGUF_TEXT; GGUF_I64 for integers and GGUF_F64 for reals of any width;
 * GGUF_BOOL. An array that is missing and not required leaves *out alone. */
enum err gguf_array(const struct gguf *g, const char *key, bool required,
                    enum gguf_type kind, struct gguf_array *out,
                    struct errinfo *e) ERR_CHECKED;
/* Returns the next text of an array of texts: bytes of any value, with no NUL after
 * them. NULL after the last. */
const char *gguf_array_next(struct gguf_array *a, size_t *len);
/* Item i of an array of integers, booleans (0, 1) or reals. An unsigned integer above
 * INT64_MAX is given as INT64_MAX; a real may be NaN. */
int64_t gguf_array_int(const struct gguf_array *a, size_t i);
double gguf_array_real(const struct gguf_array *a, size_t i);

/* ---- tensors ---- */

struct gguf_tensor {
    const char *name;
    enum ggml_type type;
    size_t ndim;               /* 1 to GGUF_MAX_DIMS */
    size_t dim[GGUF_MAX_DIMS]; /* as in the file: fastest first; 1 from ndim on */
    size_t rows, row;          /* rows of `row` = dim[0] elements each; both above 0 */
    size_t row_bytes;
    size_t shard; /* number of the file that has it */
    size_t at;    /* byte in that file */
};

size_t gguf_count(const struct gguf *g);
const struct gguf_tensor *gguf_at(const struct gguf *g, size_t i); /* file's order */
const struct gguf_tensor *gguf_find(const struct gguf *g,
                                    const char *name); /* or NULL */

/* Find the tensor of that name, which must be of a readable type (GGML_TYPES_READ) and
 * of shape[ndim] in C order, slowest first: [rows, row] for a matrix. ERR_FORMAT names
 * both shapes. O(log tensors). */
enum err gguf_want(const struct gguf *g, const char *name, const size_t *shape,
                   size_t ndim, const struct gguf_tensor **out,
                   struct errinfo *e) ERR_CHECKED;

/* Read all of a tensor of a readable type, as it lies in the file, to out[t->rows *
 * t->row_bytes]; all its numbers must be finite. Errors and cost as gguf_rows. */
enum err gguf_bytes(const struct gguf *g, const struct gguf_tensor *t, uint8_t *out,
                    struct errinfo *e) ERR_CHECKED;

/* Read rows first .. first + n - 1 of a tensor of a readable type to out[n * t->row];
 * all must be finite (else ERR_FORMAT with the place); ERR_IO if the file has been cut
 * short. Bits as from ggml_to_f32, so a product with these rows is a product with the
 * dequantised weights. No memory but 16 KB of stack; one system call for 16 KB of the
 * file.
 *
 * To use a model layer by layer: ask for a block's matrices when it is their turn, into
 * a buffer that the next block uses again, a few rows at a time in each of several
 * threads; 1M weights take about 1 ms of a core. Of the embedding ask for the rows of a
 * batch's tokens, and of the head for as many rows of the vocabulary as one product
 * takes. */
enum err gguf_rows(const struct gguf *g, const struct gguf_tensor *t, size_t first,
                   size_t n, float *out, struct errinfo *e) ERR_CHECKED;

#endif
