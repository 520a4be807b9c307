/* The header of a GGUF file: keys and tensor list. It is scanned in the mapping, then
 * copied, so that names can end in a NUL and nothing of the mapping is kept. */
#include "base/gguf_priv.h"
#include "base/lfs.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_HEAD    ((size_t)256 << 20)
#define MAX_KEYS    ((uint64_t)100000)
#define MAX_TENSORS ((uint64_t)100000)
#define MAX_NAME    ((uint64_t)1000) /* bytes */
#define ALIGNMENT   32

uint64_t gguf_load(const uint8_t *p, size_t bytes)
{
    uint64_t v = 0;
    for (size_t i = bytes; i > 0; i--) {
        v = v << 8 | p[i - 1];
    }
    return v;
}

size_t gguf_item_bytes(enum gguf_type t)
{
    static const size_t bytes[GGUF_TYPES] = {
        [GGUF_U8] = 1,  [GGUF_I8] = 1,  [GGUF_U16] = 2, [GGUF_I16] = 2,
        [GGUF_U32] = 4, [GGUF_I32] = 4, [GGUF_F32] = 4, [GGUF_BOOL] = 1,
        [GGUF_U64] = 8, [GGUF_I64] = 8, [GGUF_F64] = 8,
    };
    return bytes[t];
}

/* ---- taking bytes ---- */

struct cursor {
    const char *file;
    const uint8_t *data;
    size_t len, at;  /* at <= MAX_HEAD */
    char place[128]; /* what is being read, for messages */
};

/* Checks that there are `n` bytes from the cursor on. */
static enum err need(const struct cursor *c, uint64_t n, struct errinfo *e)
{
    if (n > c->len - c->at) {
        return err_set(e, ERR_FORMAT,
                       "%s: file is cut short: has %zu bytes, %s at byte %zu needs "
                       "%" PRIu64 " from there on",
                       c->file, c->len, c->place, c->at, n);
    }
    if (n > MAX_HEAD - c->at) {
        return err_set(e, ERR_LIMIT,
                       "%s: %s at byte %zu: found %" PRIu64 " bytes, expected no more "
                       "than %zu before the data",
                       c->file, c->place, c->at, n, MAX_HEAD);
    }
    return OK;
}

static enum err take(struct cursor *c, size_t bytes, uint64_t *out, struct errinfo *e)
{
    TRY(need(c, bytes, e));
    *out = gguf_load(c->data + c->at, bytes);
    c->at += bytes;
    return OK;
}

/* Takes a text's place and skips its bytes. */
static enum err take_text(struct cursor *c, size_t *at, size_t *len, struct errinfo *e)
{
    uint64_t n = 0;
    TRY(take(c, 8, &n, e));
    TRY(need(c, n, e));
    *at = c->at;
    *len = (size_t)n;
    c->at += *len;
    return OK;
}

/* Takes a name, still without its NUL; c->place is "WHAT I" before, and with the name
 * after. */
static enum err take_name(struct cursor *c, const char **out, struct errinfo *e)
{
    size_t at = 0, len = 0;
    TRY(take_text(c, &at, &len, e));
    const char *name = (const char *)(c->data + at);
    if (len == 0 || len > MAX_NAME || memchr(name, '\0', len)) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found a name of %zu bytes%s, expected 1 to %" PRIu64
                       " without a NUL",
                       c->file, c->place, len,
                       len > 0 && len <= MAX_NAME ? " with a NUL" : "", MAX_NAME);
    }
    snprintf(c->place, sizeof c->place, "%.*s", (int)(len < 100 ? len : 100), name);
    *out = name;
    return OK;
}

/* ---- keys ---- */

static enum err take_type(struct cursor *c, bool in_array, enum gguf_type *out,
                          struct errinfo *e)
{
    uint64_t t = 0;
    TRY(take(c, 4, &t, e));
    if (t >= GGUF_TYPES || (in_array && t == GGUF_ARRAY)) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found %s%" PRIu64 ", expected %s0 to 12%s", c->file,
                       c->place, in_array ? "items of type " : "type ", t,
                       in_array ? "types " : "", in_array ? " but 9, an array" : "");
    }
    *out = (enum gguf_type)t;
    return OK;
}

static enum err take_array(struct cursor *c, struct gguf_entry *k, struct errinfo *e)
{
    uint64_t n = 0;
    TRY(take_type(c, true, &k->key.item, e));
    TRY(take(c, 8, &n, e));
    const bool texts = k->key.item == GGUF_TEXT;
    const size_t least = texts ? 8 : gguf_item_bytes(k->key.item);
    if (n > (c->len - c->at) / least) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found an array of %" PRIu64 " items, of which the "
                       "file's %zu bytes can hold no more than %zu",
                       c->file, c->place, n, c->len, (c->len - c->at) / least);
    }
    k->key.count = (size_t)n;
    k->value = c->at;
    for (uint64_t i = 0; texts && i < n; i++) {
        size_t at, len;
        TRY(take_text(c, &at, &len, e));
    }
    if (!texts) {
        TRY(need(c, n * least, e));
        c->at += (size_t)n * least;
    }
    k->bytes = c->at - k->value;
    return OK;
}

static enum err take_key(struct cursor *c, struct gguf_entry *k, struct errinfo *e)
{
    TRY(take_name(c, &k->key.name, e));
    TRY(take_type(c, false, &k->key.type, e));
    k->key.item = k->key.type;
    k->key.count = 1;
    if (k->key.type == GGUF_ARRAY) {
        return take_array(c, k, e);
    }
    if (k->key.type == GGUF_TEXT) {
        return take_text(c, &k->value, &k->bytes, e);
    }
    k->value = c->at;
    k->bytes = gguf_item_bytes(k->key.type);
    TRY(need(c, k->bytes, e));
    c->at += k->bytes;
    return OK;
}

static enum err take_keys(struct cursor *c, struct gguf_head *h, struct errinfo *e)
{
    for (size_t i = 0; i < h->keys; i++) {
        snprintf(c->place, sizeof c->place, "key %zu", i + 1);
        TRY(take_key(c, &h->key[i], e));
    }
    return OK;
}

/* ---- tensors ---- */

static enum err take_dims(struct cursor *c, struct gguf_tensor *t, struct errinfo *e)
{
    uint64_t n = 0;
    TRY(take(c, 4, &n, e));
    if (n < 1 || n > GGUF_MAX_DIMS) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found %" PRIu64 " dimensions, expected 1 to %d",
                       c->file, c->place, n, GGUF_MAX_DIMS);
    }
    t->ndim = (size_t)n;
    size_t all = 1;
    for (size_t d = 0; d < GGUF_MAX_DIMS; d++) {
        uint64_t v = 1;
        if (d < t->ndim) {
            TRY(take(c, 8, &v, e));
        }
        if (v == 0 || v > SIZE_MAX || !mem_mul(all, (size_t)v, &all)) {
            return err_set(e, ERR_FORMAT,
                           "%s: %s: found %" PRIu64 " as dimension %zu, expected at "
                           "least 1 and no more elements than a machine can address",
                           c->file, c->place, v, d + 1);
        }
        t->dim[d] = (size_t)v;
    }
    t->row = t->dim[0];
    t->rows = all / t->row;
    return OK;
}

static enum err take_tensor(struct cursor *c, struct gguf_tensor *t, struct errinfo *e)
{
    uint64_t type = 0, offset = 0;
    TRY(take_name(c, &t->name, e));
    TRY(take_dims(c, t, e));
    TRY(take(c, 4, &type, e));
    t->type = ggml_type_of((uint32_t)type);
    if (t->type == GGML_TYPE_COUNT) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found tensor type %" PRIu64
                       ", which this version does not know; it reads "
                       "%s",
                       c->file, c->place, type, GGML_TYPES_TEXT);
    }
    const size_t block = ggml_block_elements(t->type);
    size_t bytes;
    if (t->row % block != 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found rows of %zu elements, expected a multiple of the "
                       "%zu of a block in %s",
                       c->file, c->place, t->row, block, ggml_type_name(t->type));
    }
    if (!mem_mul(t->row / block, ggml_block_bytes(t->type), &t->row_bytes) ||
        !mem_mul(t->row_bytes, t->rows, &bytes)) {
        return err_set(e, ERR_FORMAT, "%s: %s: more bytes than a machine can address",
                       c->file, c->place);
    }
    TRY(take(c, 8, &offset, e));
    if (offset > SIZE_MAX / 2) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found offset %" PRIu64 ", expected one within the file",
                       c->file, c->place, offset);
    }
    t->at = (size_t)offset; /* of the data, until that is known */
    return OK;
}

static enum err take_tensors(struct cursor *c, struct gguf_head *h, size_t shard,
                             struct errinfo *e)
{
    for (size_t i = 0; i < h->count; i++) {
        snprintf(c->place, sizeof c->place, "tensor %zu", i + 1);
        TRY(take_tensor(c, &h->tensor[i], e));
        h->tensor[i].shard = shard;
    }
    return OK;
}

/* ---- their places ---- */

static enum err find_alignment(const struct cursor *c, const struct gguf_head *h,
                               size_t *out, struct errinfo *e)
{
    static const char name[] = "general.alignment";
    *out = ALIGNMENT;
    for (size_t i = 0; i < h->keys; i++) {
        const struct gguf_entry *k = &h->key[i];
        if (strcmp(k->key.name, name) != 0) {
            continue;
        }
        const uint64_t v =
            k->key.type == GGUF_U32 ? gguf_load(c->data + k->value, 4) : 0;
        if (v == 0 || (v & (v - 1)) != 0) {
            return err_set(
                e, ERR_FORMAT, "%s: %s: found %s, expected a power of 2 of type u32",
                c->file, name, v == 0 ? "0 or another type" : "another number");
        }
        *out = (size_t)v;
    }
    return OK;
}

static size_t tensor_bytes(const struct gguf_tensor *t)
{
    return t->row_bytes * t->rows;
}

static int compare_place(const void *a, const void *b)
{
    const struct gguf_tensor *const *s = a, *const *t = b;
    return (*s)->at < (*t)->at ? -1 : (*s)->at > (*t)->at ? 1 : 0;
}

static enum err check_overlap(const struct cursor *c, const struct gguf_head *h,
                              struct errinfo *e)
{
    struct gguf_tensor **order = NULL;
    enum err rc = OK;
    TRY(mem_new(&order, h->count, sizeof(struct gguf_tensor *), c->file, e));
    for (size_t i = 0; i < h->count; i++) {
        order[i] = &h->tensor[i];
    }
    if (h->count > 1) {
        qsort(order, h->count, sizeof(struct gguf_tensor *), compare_place);
    }
    for (size_t i = 1; i < h->count && rc == OK; i++) {
        const struct gguf_tensor *before = order[i - 1], *t = order[i];
        if (before->at + tensor_bytes(before) > t->at) {
            rc = err_set(e, ERR_FORMAT,
                         "%s: %s: found at byte %zu, expected behind %s, which ends at "
                         "byte %zu",
                         c->file, t->name, t->at, before->name,
                         before->at + tensor_bytes(before));
        }
    }
    mem_free(order);
    return rc;
}

/* Turns offsets of the data into places in the file, which must hold all of them. */
static enum err place_tensors(const struct cursor *c, struct gguf_head *h,
                              struct errinfo *e)
{
    size_t align = 0, most = 0;
    const char *last = "";
    TRY(find_alignment(c, h, &align, e));
    if (align > SIZE_MAX / 4) {
        return err_set(e, ERR_FORMAT, "%s: general.alignment: found %zu", c->file,
                       align);
    }
    const size_t data = (c->at + align - 1) / align * align;
    for (size_t i = 0; i < h->count; i++) {
        struct gguf_tensor *t = &h->tensor[i];
        const size_t bytes = tensor_bytes(t);
        if (t->at % align != 0) {
            return err_set(e, ERR_FORMAT,
                           "%s: %s: found offset %zu, expected a multiple of %zu",
                           c->file, t->name, t->at, align);
        }
        if (bytes > SIZE_MAX - data - t->at) {
            return err_set(e, ERR_FORMAT,
                           "%s: %s: more bytes than a machine can address", c->file,
                           t->name);
        }
        t->at += data;
        if (t->at + bytes > most) {
            most = t->at + bytes;
            last = t->name;
        }
    }
    if (most > c->len) {
        return err_set(
            e, ERR_FORMAT,
            "%s: file is cut short: has %zu bytes, needs %zu (%s); shards that "
            "a file was cut into have to be joined first, as by cat",
            c->file, c->len, most, last);
    }
    return check_overlap(c, h, e);
}

/* ---- the copy ---- */

/* Moves a name of the original to the copy and writes its NUL over what follows: a type
 * or a number of dimensions, read before. Its length was checked, but another process
 * may have written to the file since. */
static const char *move_name(const struct cursor *c, uint8_t *meta, const char *name)
{
    const size_t at = (size_t)((const uint8_t *)name - c->data);
    const uint64_t len = gguf_load(meta + at - 8, 8);
    meta[len < c->at - at ? at + (size_t)len : c->at] = '\0';
    return (const char *)(meta + at);
}

static enum err copy_meta(const struct cursor *c, struct gguf_head *h,
                          struct errinfo *e)
{
    TRY(mem_new(&h->meta, c->at + 1, 1, c->file, e));
    memcpy(h->meta, c->data, c->at);
    for (size_t i = 0; i < h->keys; i++) {
        h->key[i].key.name = move_name(c, h->meta, h->key[i].key.name);
    }
    for (size_t i = 0; i < h->count; i++) {
        h->tensor[i].name = move_name(c, h->meta, h->tensor[i].name);
    }
    for (size_t i = 0; i < h->keys; i++) {
        if (h->key[i].key.type == GGUF_TEXT) {
            h->meta[h->key[i].value + h->key[i].bytes] = '\0';
        }
    }
    return OK;
}

/* ---- the whole ---- */

static enum err take_count(struct cursor *c, const char *what, uint64_t max,
                           size_t least, size_t *out, struct errinfo *e)
{
    uint64_t n = 0;
    snprintf(c->place, sizeof c->place, "the number of %s", what);
    TRY(take(c, 8, &n, e));
    if (n > max || n > c->len / least) {
        return err_set(e, n > max ? ERR_LIMIT : ERR_FORMAT,
                       "%s: found %" PRIu64 " %s, expected at most %" PRIu64
                       ", and no more than fit into its %zu bytes",
                       c->file, n, what, max, c->len);
    }
    *out = (size_t)n;
    return OK;
}

static enum err take_start(struct cursor *c, struct errinfo *e)
{
    uint64_t magic = 0, version = 0;
    snprintf(c->place, sizeof c->place, "the header");
    if (is_lfs_pointer(c->data, c->len)) {
        return lfs_refuse(c->file, e);
    }
    if (!gguf_is(c->data, c->len)) {
        return err_set(e, ERR_FORMAT, "%s: expected \"GGUF\" as its first four bytes",
                       c->file);
    }
    TRY(take(c, 4, &magic, e));
    TRY(take(c, 4, &version, e));
    if ((version & 0xFFFF) == 0 && version != 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: found a GGUF file for big-endian machines, expected "
                       "little-endian (llama.cpp's gguf_convert_endian.py converts)",
                       c->file);
    }
    if (version != 2 && version != 3) {
        return err_set(e, ERR_FORMAT,
                       "%s: found version %" PRIu64 " of GGUF, expected 2 or 3",
                       c->file, version);
    }
    return OK;
}

static enum err read_into(struct cursor *c, size_t shard, struct gguf_head *h,
                          struct errinfo *e)
{
    /* The shortest key has a name of 1 byte and a value of 1, the shortest tensor a
     * name of 1 byte and one dimension. */
    size_t keys = 0, count = 0;
    TRY(take_start(c, e));
    TRY(take_count(c, "tensors", MAX_TENSORS, 8 + 1 + 4 + 8 + 4 + 8, &count, e));
    TRY(take_count(c, "keys", MAX_KEYS, 8 + 1 + 4 + 1, &keys, e));
    TRY(mem_new(&h->key, keys, sizeof *h->key, c->file, e));
    h->keys = keys;
    TRY(mem_new(&h->tensor, count, sizeof *h->tensor, c->file, e));
    h->count = count;
    TRY(take_keys(c, h, e));
    TRY(take_tensors(c, h, shard, e));
    TRY(copy_meta(c, h, e));
    return place_tensors(c, h, e);
}

enum err gguf_head_read(const uint8_t *data, size_t len, const char *file, size_t shard,
                        struct gguf_head *out, struct errinfo *e)
{
    struct cursor c = {.file = file, .data = data, .len = len};
    struct gguf_head h = {0};
    const enum err rc = read_into(&c, shard, &h, e);
    if (rc != OK) {
        gguf_head_release(&h);
        return rc;
    }
    *out = h;
    return OK;
}

void gguf_head_release(struct gguf_head *h)
{
    mem_free(h->meta);
    mem_free(h->key);
    mem_free(h->tensor);
    *h = (struct gguf_head){0};
}
