#include "base/elem.h"
#include "base/gguf_priv.h"
#include "base/mem.h"
#include "base/str.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SHARDS 1000
#define CHUNK      ((size_t)16 << 10) /* bytes of a file read at a time */

bool gguf_is(const uint8_t *data, size_t len)
{
    return len >= 4 && memcmp(data, "GGUF", 4) == 0;
}

/* ---- looking up ---- */

static int compare_key(const void *a, const void *b)
{
    const struct gguf_entry *const *s = a, *const *t = b;
    return strcmp((*s)->key.name, (*t)->key.name);
}

static int compare_tensor(const void *a, const void *b)
{
    const struct gguf_tensor *const *s = a, *const *t = b;
    return strcmp((*s)->name, (*t)->name);
}

static enum err say_twice(const struct gguf *g, const char *what, const char *name,
                          struct errinfo *e)
{
    return err_set(e, ERR_FORMAT, "%s: %s %s: found twice, expected once", gguf_name(g),
                   what, name);
}

/* Sorts keys and tensors by name; each name must occur once. */
static enum err index_names(struct gguf *g, struct errinfo *e)
{
    mem_free(g->by_name);
    mem_free(g->by_tensor);
    g->by_tensor = NULL;
    TRY(mem_new(&g->by_name, g->keys, sizeof(struct gguf_entry *), gguf_name(g), e));
    TRY(mem_new(&g->by_tensor, g->count, sizeof(struct gguf_tensor *), gguf_name(g),
                e));
    for (size_t i = 0; i < g->keys; i++) {
        g->by_name[i] = &g->key[i];
    }
    for (size_t i = 0; i < g->count; i++) {
        g->by_tensor[i] = &g->tensor[i];
    }
    qsort(g->by_name, g->keys, sizeof(struct gguf_entry *), compare_key);
    qsort(g->by_tensor, g->count, sizeof(struct gguf_tensor *), compare_tensor);
    for (size_t i = 1; i < g->keys; i++) {
        if (compare_key(&g->by_name[i - 1], &g->by_name[i]) == 0) {
            return say_twice(g, "key", g->by_name[i]->key.name, e);
        }
    }
    for (size_t i = 1; i < g->count; i++) {
        if (compare_tensor(&g->by_tensor[i - 1], &g->by_tensor[i]) == 0) {
            return say_twice(g, "tensor", g->by_tensor[i]->name, e);
        }
    }
    return OK;
}

const struct gguf_entry *gguf_entry(const struct gguf *g, const char *key)
{
    const struct gguf_entry want = {.key.name = key}, *at = &want;
    struct gguf_entry *const *found =
        bsearch(&at, g->by_name, g->keys, sizeof(struct gguf_entry *), compare_key);
    return found ? *found : NULL;
}

const struct gguf_tensor *gguf_find(const struct gguf *g, const char *name)
{
    const struct gguf_tensor want = {.name = name}, *at = &want;
    struct gguf_tensor *const *found = bsearch(
        &at, g->by_tensor, g->count, sizeof(struct gguf_tensor *), compare_tensor);
    return found ? *found : NULL;
}

/* ---- one file ---- */

/* Makes a gguf of one file without its bytes, which the caller supplies in one form. */
static enum err read_one(const uint8_t *data, size_t len, const char *name,
                         struct gguf **out, struct errinfo *e)
{
    struct gguf *g = NULL;
    struct gguf_head h = {0};
    TRY(gguf_head_read(data, len, name, 0, &h, e));
    enum err rc = mem_new(&g, 1, sizeof *g, name, e);
    if (rc == OK) {
        rc = mem_new(&g->shard, 1, sizeof *g->shard, name, e);
    }
    if (rc != OK) {
        gguf_head_release(&h);
        mem_free(g);
        return rc;
    }
    g->shards = 1;
    g->shard[0].meta = h.meta;
    g->key = h.key;
    g->keys = h.keys;
    g->tensor = h.tensor;
    g->count = h.count;
    g->shard[0].name = mem_strdup(name);
    rc = g->shard[0].name ? index_names(g, e)
                          : err_set(e, ERR_NOMEM, "%s: out of memory", name);
    if (rc != OK) {
        gguf_close(g);
        return rc;
    }
    *out = g;
    return OK;
}

static enum err open_one(const char *path, struct gguf **out, struct errinfo *e)
{
    struct infile_bytes b = {0};
    struct infile *file = NULL;
    struct gguf *g = NULL;
    TRY(infile_open(path, &file, e));
    enum err rc = infile_bytes(path, &b, e);
    if (rc == OK) {
        rc = read_one(b.p, b.len, path, &g, e);
    }
    if (rc == OK && b.len > infile_len(file)) {
        rc = err_set(e, ERR_IO, "%s: it was replaced while it was opened", path);
    }
    infile_release(&b);
    if (rc != OK) {
        gguf_close(g);
        infile_close(file);
        return rc;
    }
    g->shard[0].file = file;
    *out = g;
    return OK;
}

/* ---- several files ---- */

/* Finds which shard this is and of how many: 0 of 1 if the file is whole. */
static enum err split_of(const struct gguf *g, int64_t *no, int64_t *count,
                         struct errinfo *e)
{
    *no = 0;
    *count = 1;
    TRY(gguf_int(g, "split.count", false, 0, MAX_SHARDS, count, e));
    *count = *count > 1 ? *count : 1;
    return gguf_int(g, "split.no", *count > 1, 0, *count - 1, no, e);
}

/* Writes "NAME-00002-of-00003.gguf", for shard 1 of 3, to *out from the name of another
 * shard; false if that has no such end. */
static bool shard_name(const char *path, int64_t from, int64_t no, int64_t count,
                       struct str *out)
{
    char end[64];
    snprintf(end, sizeof end, "-%05" PRId64 "-of-%05" PRId64 ".gguf", from + 1, count);
    const size_t len = strlen(path), n = strlen(end);
    if (len < n || strcmp(path + len - n, end) != 0) {
        return false;
    }
    str_clear(out);
    str_addn(out, path, len - n);
    str_addf(out, "-%05" PRId64 "-of-%05" PRId64 ".gguf", no + 1, count);
    return true;
}

/* Takes over the tensors and the file of `other`, which remains to be closed. */
static enum err join(struct gguf *g, struct gguf *other, struct errinfo *e)
{
    struct gguf_tensor *all = NULL;
    TRY(mem_new(&all, g->count + other->count, sizeof *all, gguf_name(g), e));
    memcpy(all, g->tensor, g->count * sizeof *all);
    for (size_t i = 0; i < other->count; i++) {
        all[g->count + i] = other->tensor[i];
        all[g->count + i].shard = g->shards;
    }
    mem_free(g->tensor);
    g->tensor = all;
    g->count += other->count;
    g->shard[g->shards++] = other->shard[0];
    other->shards = 0;
    return OK;
}

static enum err open_shard(struct gguf *g, const char *path, int64_t no, int64_t count,
                           struct errinfo *e)
{
    struct gguf *other = NULL;
    int64_t found = 0, of = 1;
    TRY(open_one(path, &other, e));
    enum err rc = split_of(other, &found, &of, e);
    if (rc == OK && (found != no || of != count)) {
        rc = err_set(e, ERR_FORMAT,
                     "%s: found shard %" PRId64 " of %" PRId64 ", expected %" PRId64
                     " of %" PRId64,
                     path, found + 1, of, no + 1, count);
    }
    if (rc == OK) {
        rc = join(g, other, e);
    }
    gguf_close(other);
    return rc;
}

static enum err open_others(struct gguf *g, const char *path, int64_t count,
                            struct errinfo *e)
{
    struct gguf_shard *shards = NULL;
    struct str name;
    int64_t total = -1;
    TRY(mem_new(&shards, (size_t)count, sizeof *shards, path, e));
    shards[0] = g->shard[0];
    mem_free(g->shard);
    g->shard = shards;
    str_init(&name, 1 << 16);
    enum err rc = OK;
    for (int64_t i = 1; i < count && rc == OK; i++) {
        if (!shard_name(path, 0, i, count, &name)) {
            rc = err_set(e, ERR_FORMAT,
                         "%s: found the first of %" PRId64
                         " shards, expected a name that "
                         "ends in -00001-of-%05" PRId64 ".gguf",
                         path, count, count);
        } else if ((rc = str_err(&name, path, e)) == OK) {
            rc = open_shard(g, name.p, i, count, e);
        }
    }
    str_free(&name);
    TRY(rc);
    TRY(gguf_int(g, "split.tensors.count", false, 0, INT64_MAX, &total, e));
    if (total >= 0 && (uint64_t)total != g->count) {
        return err_set(
            e, ERR_FORMAT,
            "%s: found %zu tensors in %zu shards, expected split.tensors.count, "
            "%" PRId64,
            path, g->count, g->shards, total);
    }
    return index_names(g, e);
}

static enum err say_not_first(const char *path, int64_t no, int64_t count,
                              struct errinfo *e)
{
    struct str first;
    str_init(&first, 1 << 16);
    const bool named = shard_name(path, no, 0, count, &first) && first.err == OK;
    const enum err rc =
        err_set(e, ERR_FORMAT,
                "%s: found shard %" PRId64 " of %" PRId64 ", expected the first%s%s",
                path, no + 1, count, named ? ", " : "", named ? first.p : "");
    str_free(&first);
    return rc;
}

enum err gguf_open(const char *path, struct gguf **out, struct errinfo *e)
{
    struct gguf *g = NULL;
    int64_t no = 0, count = 1;
    TRY(open_one(path, &g, e));
    enum err rc = split_of(g, &no, &count, e);
    if (rc == OK && no > 0) {
        rc = say_not_first(path, no, count, e);
    } else if (rc == OK && count > 1) {
        rc = open_others(g, path, count, e);
    }
    if (rc != OK) {
        gguf_close(g);
        return rc;
    }
    *out = g;
    return OK;
}

enum err gguf_parse(const uint8_t *data, size_t len, const char *name,
                    struct gguf **out, struct errinfo *e)
{
    struct gguf *g = NULL;
    int64_t no = 0, count = 1;
    TRY(read_one(data, len, name, &g, e));
    g->shard[0].bytes = data;
    enum err rc = split_of(g, &no, &count, e);
    if (rc == OK && count > 1) {
        rc = err_set(e, ERR_FORMAT,
                     "%s: found a shard of %" PRId64 ", expected a whole file", name,
                     count);
    }
    if (rc != OK) {
        gguf_close(g);
        return rc;
    }
    *out = g;
    return OK;
}

void gguf_close(struct gguf *g)
{
    if (!g) {
        return;
    }
    for (size_t i = 0; i < g->shards; i++) {
        infile_close(g->shard[i].file);
        mem_free(g->shard[i].meta);
        mem_free(g->shard[i].name);
    }
    mem_free(g->shard);
    mem_free(g->key);
    mem_free(g->by_name);
    mem_free(g->tensor);
    mem_free(g->by_tensor);
    mem_free(g);
}

const char *gguf_name(const struct gguf *g)
{
    return g->shard[0].name;
}

size_t gguf_shards(const struct gguf *g)
{
    return g->shards;
}

const char *gguf_shard_name(const struct gguf *g, size_t i)
{
    return g->shard[i].name;
}

const struct infile *gguf_shard_file(const struct gguf *g, size_t i)
{
    return g->shard[i].file;
}

size_t gguf_key_count(const struct gguf *g)
{
    return g->keys;
}

struct gguf_key gguf_key_at(const struct gguf *g, size_t i)
{
    return g->key[i].key;
}

bool gguf_has(const struct gguf *g, const char *key)
{
    return gguf_entry(g, key) != NULL;
}

size_t gguf_count(const struct gguf *g)
{
    return g->count;
}

const struct gguf_tensor *gguf_at(const struct gguf *g, size_t i)
{
    return &g->tensor[i];
}

/* ---- tensors ---- */

enum err gguf_want(const struct gguf *g, const char *name, const size_t *shape,
                   size_t ndim, const struct gguf_tensor **out, struct errinfo *e)
{
    const struct gguf_tensor *t = gguf_find(g, name);
    size_t have[GGUF_MAX_DIMS];
    bool same = t && t->ndim == ndim;
    if (!t) {
        return err_set(e, ERR_FORMAT, "%s: no tensor %s among its %zu", gguf_name(g),
                       name, g->count);
    }
    if (!ggml_type_readable(t->type)) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found a tensor of type %s, expected one of %s",
                       gguf_name(g), name, ggml_type_name(t->type), GGML_TYPES_TEXT);
    }
    for (size_t d = 0; d < t->ndim; d++) {
        have[d] = t->dim[t->ndim - 1 - d];
        same = same && have[d] == shape[d];
    }
    if (!same) {
        char found[200], expected[200];
        return err_set(e, ERR_FORMAT, "%s: %s: found shape %s, expected %s",
                       gguf_name(g), name, shape_text(have, t->ndim, found),
                       shape_text(shape, ndim, expected));
    }
    *out = t;
    return OK;
}

static enum err say_not_finite(const struct gguf_shard *p, const struct gguf_tensor *t,
                               size_t first, const float *x, struct errinfo *e)
{
    size_t i = 0;
    while (elem_all_finite(x + i, 1)) {
        i++;
    }
    return err_set(e, ERR_FORMAT,
                   "%s: %s: found %g at row %zu, column %zu, expected finite numbers",
                   p->name, t->name, (double)x[i], (first + i) / t->row,
                   (first + i) % t->row);
}

enum err gguf_rows(const struct gguf *g, const struct gguf_tensor *t, size_t first,
                   size_t n, float *out, struct errinfo *e)
{
    assert(ggml_type_readable(t->type) && first <= t->rows && n <= t->rows - first);
    const struct gguf_shard *p = &g->shard[t->shard];
    const size_t elements = ggml_block_elements(t->type);
    const size_t bytes = ggml_block_bytes(t->type);
    const size_t each = CHUNK / bytes; /* blocks at a time: rows follow one another */
    size_t at = t->at + first * t->row_bytes, left = n * (t->row / elements);
    size_t element = first * t->row;
    uint8_t chunk[CHUNK];
    while (left > 0) {
        const size_t blocks = left < each ? left : each;
        const uint8_t *in = chunk;
        if (p->bytes) {
            in = p->bytes + at;
        } else {
            TRY(infile_get(p->file, at, chunk, blocks * bytes, e));
        }
        ggml_to_f32(t->type, in, blocks, out);
        if (!elem_all_finite(out, blocks * elements)) {
            return say_not_finite(p, t, element, out, e);
        }
        out += blocks * elements;
        element += blocks * elements;
        at += blocks * bytes;
        left -= blocks;
    }
    return OK;
}

/* Finds the first number of in[blocks], from element `at` of t on, that is not
 * finite. */
static enum err find_not_finite(const struct gguf_shard *p, const struct gguf_tensor *t,
                                const uint8_t *in, size_t blocks, size_t at,
                                struct errinfo *e)
{
    const size_t elements = ggml_block_elements(t->type);
    float floats[GGML_BLOCK_MAX];
    for (size_t i = 0; i < blocks; i++, at += elements) {
        ggml_to_f32(t->type, in + i * ggml_block_bytes(t->type), 1, floats);
        if (!elem_all_finite(floats, elements)) {
            return say_not_finite(p, t, at, floats, e);
        }
    }
    return OK;
}

enum err gguf_bytes(const struct gguf *g, const struct gguf_tensor *t, uint8_t *out,
                    struct errinfo *e)
{
    assert(ggml_type_readable(t->type));
    const struct gguf_shard *p = &g->shard[t->shard];
    const size_t elements = ggml_block_elements(t->type);
    const size_t bytes = ggml_block_bytes(t->type);
    const size_t each = CHUNK / bytes; /* blocks at a time: they are in a cache then */
    const size_t count = t->rows * (t->row / elements);
    for (size_t i = 0; i < count; i += each) {
        const size_t blocks = count - i < each ? count - i : each;
        uint8_t *to = out + i * bytes;
        if (p->bytes) {
            memcpy(to, p->bytes + t->at + i * bytes, blocks * bytes);
        } else {
            TRY(infile_get(p->file, t->at + i * bytes, to, blocks * bytes, e));
        }
        if (!ggml_all_finite(t->type, to, blocks)) {
            TRY(find_not_finite(p, t, to, blocks, i * elements, e));
        }
    }
    return OK;
}
