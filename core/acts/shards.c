#include "acts/shards_priv.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

#define HELD_PART 20                /* of the rows one is held out */
#define ROW_MAX   ((size_t)1 << 26) /* numbers of a row: 256 MB */

static const struct {
    const char *name;
    bool floats;
} parts[] = {
#define SHARDS_PART_ROW(id, name, floats) [SHARDS_##id] = {name, floats},
    SHARDS_PART_LIST(SHARDS_PART_ROW)
#undef SHARDS_PART_ROW
};

const char *shards_part_name(enum shards_part part)
{
    return parts[part].name;
}

bool shards_part_is_floats(enum shards_part part)
{
    return parts[part].floats;
}

/* ---- opening ---- */

enum err shards_open_part(const struct shard_part *p, struct infile **out,
                          struct errinfo *e)
{
    struct infile *f = NULL;
    TRY(infile_open(p->path, &f, e));
    if (infile_len(f) != p->len) {
        const size_t now = infile_len(f);
        infile_close(f);
        return err_set(e, ERR_IO,
                       "%s: found %zu bytes, expected the %zu that it had when the "
                       "run was opened",
                       p->path, now, p->len);
    }
    *out = f;
    return OK;
}

/* Masked activations need a rate that somebody states. */
static enum err check_rate(struct shards *s, struct errinfo *e)
{
    const bool masked = shards_has(s, SHARDS_MASKED);
    const char *path = s->shard[0].part[SHARDS_CLEAN].path;
    if (masked && !(s->facts.mask_rate > 0)) {
        return err_set(
            e, ERR_FORMAT,
            "%s: %s: found no mask_rate above 0 in __metadata__ or " SHARDS_ABOUT
            ", expected the share of tokens that were masked",
            path, parts[SHARDS_MASKED].name);
    }
    if (!masked) {
        s->facts.mask_rate = 0;
    }
    return OK;
}

static enum err lay_out(struct shards *s, size_t T, struct errinfo *e)
{
    size_t numbers = 0;
    s->facts.T = T ? T : s->text_T ? s->text_T : SHARDS_ROW;
    if (!mem_mul(s->facts.T, s->facts.D, &numbers) || numbers > ROW_MAX) {
        return err_set(e, ERR_LIMIT,
                       "%s: found rows of %zu vectors of %zu dimensions, expected at "
                       "most %zu numbers in a row: name a smaller context",
                       s->dir, s->facts.T, s->facts.D, ROW_MAX);
    }
    for (size_t i = 0; i < s->facts.files; i++) {
        struct shard *d = &s->shard[i];
        d->first_row = s->facts.rows;
        s->facts.rows += d->n / s->facts.T + (d->n % s->facts.T != 0);
        s->facts.vectors += d->n;
    }
    if (s->facts.rows < 2) {
        return err_set(e, ERR_FORMAT,
                       "%s: found %llu activations, expected more than one row of %zu: "
                       "a row is held out",
                       s->dir, (unsigned long long)s->facts.vectors, s->facts.T);
    }
    const uint64_t held = s->facts.rows / HELD_PART;
    s->facts.train = s->facts.rows - (held ? held : 1);
    return OK;
}

enum err shards_open(const char *dir, size_t T, struct shards **out, struct errinfo *e)
{
    struct shards *s = NULL;
    enum err rc = OK;
    TRY(mem_new(&s, 1, sizeof *s, "shards of activations", e));
    s->facts.mask_rate = (double)NAN;
    s->facts.hash = HASH_START;
    s->dir = mem_strdup(dir);
    s->facts.dir = s->dir;
    if (!s->dir) {
        rc = err_set(e, ERR_NOMEM, "out of memory for a path");
        goto out;
    }
    TRY_OUT(rc, shards_find(s, e));
    TRY_OUT(rc, check_rate(s, e));
    TRY_OUT(rc, lay_out(s, T, e));
    *out = s;
    return OK;
out:
    shards_free(s);
    return rc;
}

void shards_free(struct shards *s)
{
    if (!s) {
        return;
    }
    for (size_t i = 0; i < s->facts.files; i++) {
        for (int part = 0; part < SHARDS_PARTS; part++) {
            mem_free(s->shard[i].part[part].path);
        }
    }
    mem_free(s->shard);
    mem_free(s->dir);
    mem_free(s);
}

/* ---- facts ---- */

const struct shards_facts *shards_facts(const struct shards *s)
{
    return &s->facts;
}

bool shards_has(const struct shards *s, enum shards_part part)
{
    return s->shard[0].part[part].path != NULL;
}

uint64_t shards_row_at(const struct shards *s, uint64_t seed, uint64_t place)
{
    /* The key of a corpus's documents to train on: they never meet in one run. */
    const uint64_t key = (uint64_t)1 << 63 | 2 * (place / s->facts.train);
    return rng_permuted_at(seed, key, s->facts.train, place % s->facts.train);
}

/* ---- rows ---- */

/* Where a row lies: `n` vectors of shard d, from `at` on. */
struct place {
    const struct shard *d;
    size_t at, n;
};

static struct place find_row(const struct shards *s, uint64_t row)
{
    size_t lo = 0, hi = s->facts.files;
    while (hi - lo > 1) { /* the last shard that begins at the row or before */
        const size_t mid = lo + (hi - lo) / 2;
        if (s->shard[mid].first_row <= row) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    const struct shard *d = &s->shard[lo];
    const size_t at = (size_t)(row - d->first_row) * s->facts.T;
    const size_t left = d->n - at;
    return (struct place){d, at, left < s->facts.T ? left : s->facts.T};
}

/* Numbers for each vector of the part: D if it is activations, else 1. */
static size_t width_of(const struct shards *s, enum shards_part part)
{
    return parts[part].floats ? s->facts.D : 1;
}

/* Reads the bytes of a row of a part; *out: the caller's. */
static enum err read_part(const struct shards *s, struct place at,
                          enum shards_part part, uint8_t **out, struct errinfo *e)
{
    const struct shard_part *p = &at.d->part[part];
    const size_t one = width_of(s, part) * elem_size(p->elem);
    struct infile *f = NULL;
    uint8_t *bytes = NULL;
    TRY(shards_open_part(p, &f, e));
    enum err rc = mem_new(&bytes, at.n, one, "a row of activations", e);
    rc = rc == OK ? infile_get(f, p->at + at.at * one, bytes, at.n * one, e) : rc;
    infile_close(f);
    if (rc != OK) {
        mem_free(bytes);
        return rc;
    }
    *out = bytes;
    return OK;
}

enum err shards_get(const struct shards *s, enum shards_part part, uint64_t row,
                    float *x, struct errinfo *e)
{
    const struct place at = find_row(s, row);
    const struct shard_part *p = &at.d->part[part];
    const size_t numbers = at.n * s->facts.D;
    uint8_t *bytes = NULL;
    TRY(read_part(s, at, part, &bytes, e));
    elem_to_f32(p->elem, bytes, numbers, x);
    mem_free(bytes);
    memset(x + numbers, 0, (s->facts.T * s->facts.D - numbers) * sizeof *x);
    return elem_check_part(p->path, parts[part].name, p->shape, p->ndim,
                           at.at * s->facts.D, numbers, x, e);
}

static enum err get_ids(const struct shards *s, struct place at, int32_t *ids,
                        struct errinfo *e)
{
    const struct shard_part *p = &at.d->part[SHARDS_TOKENS];
    uint8_t *bytes = NULL;
    TRY(read_part(s, at, SHARDS_TOKENS, &bytes, e));
    enum err rc = OK;
    for (size_t i = 0; rc == OK && i < at.n; i++) {
        const int64_t id = elem_to_i64(p->elem, bytes + i * elem_size(p->elem));
        if (id < 0 || id > INT32_MAX) {
            rc = err_set(e, ERR_FORMAT,
                         "%s: %s: vector %zu: found %lld, expected a token id from 0 "
                         "to %d",
                         p->path, parts[SHARDS_TOKENS].name, at.at + i, (long long)id,
                         INT32_MAX);
        }
        ids[i] = (int32_t)id;
    }
    mem_free(bytes);
    return rc;
}

enum err shards_tokens(const struct shards *s, uint64_t row, int32_t *ids,
                       uint8_t *masked, struct errinfo *e)
{
    const struct place at = find_row(s, row);
    uint8_t *flags = NULL;
    for (size_t i = 0; i < s->facts.T; i++) {
        ids[i] = i < at.n ? 0 : -1;
        masked[i] = 0;
    }
    if (shards_has(s, SHARDS_TOKENS)) {
        TRY(get_ids(s, at, ids, e));
    }
    if (shards_has(s, SHARDS_FLAGS)) {
        TRY(read_part(s, at, SHARDS_FLAGS, &flags, e));
        for (size_t i = 0; i < at.n; i++) {
            masked[i] = flags[i] != 0;
        }
        mem_free(flags);
    }
    return OK;
}
