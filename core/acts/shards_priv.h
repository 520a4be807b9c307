/* What core/acts/shards*.c share; included only there. */
#ifndef SAETOP_ACTS_SHARDS_PRIV_H
#define SAETOP_ACTS_SHARDS_PRIV_H

#include "acts/shards.h"
#include "base/elem.h"
#include "base/infile.h"

/* Where a part of a shard is. */
struct shard_part {
    char *path;                /* owned; NULL: the shard has none */
    const struct infile *file; /* while the shard is being opened, else NULL */
    size_t len, at;            /* bytes of the file; bytes before the first element */
    enum elem elem;
    size_t ndim; /* as in the file */
    size_t shape[3];
};

struct shard {
    struct shard_part part[SHARDS_PARTS];
    size_t n;           /* vectors */
    uint64_t first_row; /* its number among all rows */
};

struct shards {
    struct shards_facts facts; /* mask_rate NaN until a file says it */
    char *dir;
    struct shard *shard; /* [facts.files] */
    size_t cap;
    size_t text_T; /* length of the files' own rows; 0: they have none */
};

/* The name of a part's tensor, and whether it holds activations. */
const char *shards_part_name(enum shards_part part);
bool shards_part_is_floats(enum shards_part part);

/* Opens the file of a part. ERR_IO if it is no longer the one whose head was read. */
enum err shards_open_part(const struct shard_part *p, struct infile **out,
                          struct errinfo *e) ERR_CHECKED;

/* Finds the shards of s->dir and reads their heads, in the order of their names. */
enum err shards_find(struct shards *s, struct errinfo *e) ERR_CHECKED;

#endif
