/* What the files of the shards share; included in core/acts/shards*.c only. */
#ifndef SAETOP_ACTS_SHARDS_PRIV_H
#define SAETOP_ACTS_SHARDS_PRIV_H

#include "acts/shards.h"
#include "base/elem.h"
#include "base/infile.h"

/* Where a part of a shard is. */
struct shard_part {
    char *path;                /* owned; NULL: the shard has none */
    const struct infile *file; /* while the shard is opened, else NULL */
    size_t len, at;            /* of the file; bytes before the first element */
    enum elem elem;
    size_t ndim; /* as in the file */
    size_t shape[3];
};

struct shard {
    struct shard_part part[SHARDS_PARTS];
    size_t n;           /* vectors */
    uint64_t first_row; /* of all */
};

struct shards {
    struct shards_facts facts; /* mask_rate NaN while no file has said one */
    char *dir;
    struct shard *shard; /* [facts.files] */
    size_t cap;
    size_t text_T; /* rows of the files themselves; 0: they have none */
};

/* Name of a part's tensor, and whether it is activations. */
const char *shards_part_name(enum shards_part part);
bool shards_part_is_floats(enum shards_part part);

/* Open a part's file, as it was when its head was read. ERR_IO where it is another. */
enum err shards_open_part(const struct shard_part *p, struct infile **out,
                          struct errinfo *e) ERR_CHECKED;

/* Find the shards of s->dir and read their heads, in order. */
enum err shards_find(struct shards *s, struct errinfo *e) ERR_CHECKED;

#endif
