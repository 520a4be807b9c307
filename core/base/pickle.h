/* The part of Python's pickle that torch.save uses for a state dict (protocol 2), read
 * without executing anything: names are looked up in a short list (tensor rebuilders,
 * storages, OrderedDict); any other name, and any opcode beyond the list, is refused
 * with its byte offset. No recursion; memory grows with the input's length only. Any
 * thread; a parsed pickle may be read from any thread. */
#ifndef SAETOP_BASE_PICKLE_H
#define SAETOP_BASE_PICKLE_H

#include "base/elem.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PICKLE_MAX_DIMS 8

enum pickle_kind {
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INT,
    PICKLE_FLOAT,
    PICKLE_TEXT,
    PICKLE_TUPLE,
    PICKLE_LIST,
    PICKLE_DICT, /* or OrderedDict */
    PICKLE_GLOBAL,
    PICKLE_STORAGE,
    PICKLE_TENSOR,
};

/* A tensor's place in a storage, in elements, checked to lie within it. */
struct pickle_tensor {
    enum elem elem;
    const char *storage; /* key: the file data/KEY of the zip; not NUL-terminated */
    size_t storage_len;
    size_t storage_count; /* elements of the storage, as claimed */
    size_t offset;
    size_t ndim;
    size_t shape[PICKLE_MAX_DIMS], stride[PICKLE_MAX_DIMS];
    size_t extent; /* offset + what shape and stride reach */
};

/* Values are numbered within their pickle. */
struct pickle;

/* Borrows data until pickle_free. `name` begins error lines. */
enum err pickle_parse(const uint8_t *data, size_t len, const char *name,
                      struct pickle **out, struct errinfo *e) ERR_CHECKED;
void pickle_free(struct pickle *p); /* NULL is fine */

uint32_t pickle_root(const struct pickle *p);
enum pickle_kind pickle_kind_of(const struct pickle *p, uint32_t v);
int64_t pickle_int(const struct pickle *p, uint32_t v);  /* INT, BOOL */
double pickle_float(const struct pickle *p, uint32_t v); /* FLOAT */
/* TEXT: UTF-8 bytes, not NUL-terminated. */
const char *pickle_text(const struct pickle *p, uint32_t v, size_t *len);
const struct pickle_tensor *pickle_tensor(const struct pickle *p, uint32_t v);

/* Items of TUPLE, LIST and DICT (where keys and values alternate): start with
 * *at = 0; false after the last. */
bool pickle_next(const struct pickle *p, uint32_t v, uint32_t *at, uint32_t *item);

#endif
