/* Shared by gguf.c, gguf_head.c and gguf_get.c. Internal to core/base. */
#ifndef SAETOP_BASE_GGUF_PRIV_H
#define SAETOP_BASE_GGUF_PRIV_H

#include "base/gguf.h"
#include "base/infile.h"

/* A key; the bytes of its value begin at meta + value. */
struct gguf_entry {
    struct gguf_key key;
    size_t value, bytes; /* for a text or an array without its length and type */
};

struct gguf_shard {
    char *name;
    struct infile *file;  /* NULL: */
    const uint8_t *bytes; /* in memory, borrowed */
    uint8_t *meta;        /* owned: what comes before the data; names end with a NUL */
};

struct gguf {
    struct gguf_shard *shard;
    size_t shards;
    struct gguf_entry *key;      /* [keys] of the first shard, in its order */
    struct gguf_entry **by_name; /* [keys], sorted */
    size_t keys;
    struct gguf_tensor *tensor; /* [count], in the order of the files */
    struct gguf_tensor **by_tensor;
    size_t count;
};

/* The number in `bytes` bytes at p, little-endian. */
uint64_t gguf_load(const uint8_t *p, size_t bytes);
/* Bytes of an item of a type; 0 for TEXT and ARRAY. */
size_t gguf_item_bytes(enum gguf_type t);

/* The header of one file, parsed from its bytes. The caller owns `meta` and `tensor`;
 * the tensors have `shard` as their file number; keys as in struct gguf. On error all
 * of *out is released. */
struct gguf_head {
    uint8_t *meta;
    struct gguf_entry *key;
    size_t keys;
    struct gguf_tensor *tensor;
    size_t count;
};
enum err gguf_head_read(const uint8_t *data, size_t len, const char *file, size_t shard,
                        struct gguf_head *out, struct errinfo *e) ERR_CHECKED;
void gguf_head_release(struct gguf_head *h);

/* The entry of a key, or NULL. */
const struct gguf_entry *gguf_entry(const struct gguf *g, const char *key);

#endif
