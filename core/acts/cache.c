/* The file: a header of HEADER bytes, then blocks of a fixed size, each beginning on a
 * page of its own:
 *   header  magic, "n D dtype\n", what; zeros; in the last 8 bytes the checksum
 *   block   number, hash of the ids, checksum of the data, checksum of these three;
 *           zeros up to BLOCK_HEAD; data [n,D]; zeros up to the next page
 * Numbers are little-endian 64-bit words. */
#include "acts/cache.h"

#include "base/elem.h"
#include "base/file.h"
#include "base/half.h"
#include "base/hash.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC      "saetop activations 1\n"
#define HEADER     ((size_t)4096)
#define BLOCK_HEAD ((size_t)64)
#define PAGE       ((size_t)4096)
#define WHAT_MAX   ((size_t)3000)

struct acts_cache {
    char path[4096];
    char what[WHAT_MAX];
    size_t n, D, data_bytes, stride;
    enum cache_dtype dtype;
    int fd;
    bool writes;
    uint16_t *half; /* [n,D] for fp16 */
    char fault[300];
    uint64_t got, put;
};

static uint64_t checksum(const void *data, size_t len)
{
    return hash_words(HASH_START, data, len);
}

/* ---- opening ---- */

static enum err sizes(struct acts_cache *c, struct errinfo *e)
{
    const size_t one = c->dtype == CACHE_FP16 ? sizeof(uint16_t) : sizeof(float);
    size_t count;
    if (!mem_mul(c->n, c->D, &count) || !mem_mul(count, one, &c->data_bytes) ||
        c->data_bytes > SIZE_MAX / 4 || c->n < 1 || c->D < 1) {
        return err_set(e, ERR_LIMIT, "a cache of %zu x %zu: too large", c->n, c->D);
    }
    c->stride = (BLOCK_HEAD + c->data_bytes + PAGE - 1) / PAGE * PAGE;
    return OK;
}

static void make_header(const struct acts_cache *c, unsigned char out[HEADER])
{
    memset(out, 0, HEADER);
    (void)snprintf((char *)out, HEADER - 8, MAGIC "%zu %zu %s\n%s", c->n, c->D,
                   c->dtype == CACHE_FP16 ? "fp16" : "fp32", c->what);
    const uint64_t sum = checksum(out, HEADER - 8);
    memcpy(out + HEADER - 8, &sum, sizeof sum);
}

/* Writes all of it; returns 0 or errno. */
static int write_at(int fd, const void *data, size_t len, uint64_t at)
{
    const char *p = data;
    while (len > 0) {
        const ssize_t w = pwrite(fd, p, len, (off_t)at);
        if (w < 0 && errno != EINTR) {
            return errno;
        }
        const size_t done = w > 0 ? (size_t)w : 0;
        p += done;
        len -= done;
        at += done;
    }
    return 0;
}

static enum err begin_file(const struct acts_cache *c, struct errinfo *e)
{
    unsigned char header[HEADER];
    make_header(c, header);
    const int number =
        ftruncate(c->fd, 0) == 0 ? write_at(c->fd, header, HEADER, 0) : errno;
    return number == 0
               ? OK
               : err_set(e, ERR_IO, "%s: cannot write: %s", c->path, strerror(number));
}

/* Checks that the file's header is this cache's; *damaged if it began as one. */
static enum err check_header(const struct acts_cache *c, bool *damaged,
                             struct errinfo *e)
{
    unsigned char want[HEADER], found[HEADER] = {0};
    const ssize_t n = pread(c->fd, found, HEADER, 0);
    const size_t magic = sizeof MAGIC - 1;
    make_header(c, want);
    *damaged = false;
    if (n < 0) {
        return err_set(e, ERR_IO, "%s: cannot read: %s", c->path, strerror(errno));
    }
    if (n == (ssize_t)HEADER && memcmp(want, found, HEADER) == 0) {
        return OK;
    }
    const size_t seen = (size_t)n < magic ? (size_t)n : magic;
    if (memcmp(found, MAGIC, seen) != 0) {
        return err_set(e, ERR_FORMAT, "%s: not a cache of activations", c->path);
    }
    uint64_t sum;
    memcpy(&sum, found + HEADER - 8, sizeof sum);
    if (n == (ssize_t)HEADER && sum == checksum(found, HEADER - 8)) {
        return err_set(e, ERR_FORMAT, "%s: a cache of something else: expected %.200s",
                       c->path, c->what);
    }
    *damaged = true;
    return OK;
}

static enum err open_file(struct acts_cache *c, struct errinfo *e)
{
    bool damaged = false;
    enum err rc = file_open_own(c->path, O_RDWR | O_CREAT, &c->fd, e);
    c->writes = rc == OK && flock(c->fd, LOCK_EX | LOCK_NB) == 0;
    if (rc == ERR_DENIED) { /* it may be ours to read only */
        rc = file_open_own(c->path, O_RDONLY, &c->fd, e);
    }
    TRY(rc);
    TRY(check_header(c, &damaged, e));
    /* A reader finds no block in a damaged file, and does without. */
    return damaged && c->writes ? begin_file(c, e) : OK;
}

enum err acts_cache_open(const char *dir, const char *what, size_t n, size_t D,
                         enum cache_dtype dtype, struct acts_cache **out,
                         struct errinfo *e)
{
    struct acts_cache *c = NULL;
    char name[40];
    if (strlen(what) >= WHAT_MAX) {
        return err_set(e, ERR_LIMIT, "a cache of %.60s...: name too long", what);
    }
    TRY(file_mkdirs(dir, e));
    TRY(mem_new(&c, 1, sizeof *c, "a cache of activations", e));
    c->fd = -1;
    c->n = n;
    c->D = D;
    c->dtype = dtype;
    snprintf(c->what, sizeof c->what, "%s", what);
    enum err rc = sizes(c, e);
    unsigned char header[HEADER];
    make_header(c, header);
    snprintf(name, sizeof name, "%016" PRIx64 ".acts", checksum(header, HEADER - 8));
    if (rc == OK) {
        rc = path_join(c->path, sizeof c->path, dir, name, e);
    }
    if (rc == OK && dtype == CACHE_FP16) {
        rc = mem_new(&c->half, n * D, sizeof *c->half, "a cache of activations", e);
    }
    if (rc == OK) {
        rc = open_file(c, e);
    }
    if (rc != OK) {
        acts_cache_close(c);
        return rc;
    }
    *out = c;
    return OK;
}

void acts_cache_close(struct acts_cache *c)
{
    if (c) {
        if (c->fd >= 0) {
            close(c->fd);
        }
        mem_free(c->half);
        mem_free(c);
    }
}

const char *acts_cache_what(const struct acts_cache *c)
{
    return c->what;
}

const char *acts_cache_fault(const struct acts_cache *c)
{
    return c->fault[0] ? c->fault : NULL;
}

void acts_cache_counts(const struct acts_cache *c, uint64_t *got, uint64_t *put)
{
    *got = c->got;
    *put = c->put;
}

/* ---- blocks ---- */

/* Writes the offset of block `number` to *at; false if no file can be that long. */
static bool place_of(const struct acts_cache *c, uint64_t number, uint64_t *at)
{
    if (number < 1 || number > (INT64_MAX - HEADER) / c->stride) {
        return false;
    }
    assert(c->stride >= BLOCK_HEAD + c->data_bytes && c->stride % PAGE == 0);
    *at = HEADER + (number - 1) * c->stride;
    return true;
}

struct block_head {
    uint64_t number, ids, data, self;
};

static struct block_head head_of(const struct acts_cache *c, uint64_t number,
                                 const int32_t *ids, const void *data)
{
    struct block_head h = {.number = number,
                           .ids = checksum(ids, c->n * sizeof *ids),
                           .data = checksum(data, c->data_bytes)};
    h.self = checksum(&h, offsetof(struct block_head, self));
    return h;
}

/* Whether a head was written whole, whatever it is of. */
static bool head_holds(const struct block_head *h)
{
    return h->self == checksum(h, offsetof(struct block_head, self));
}

/* Reads len bytes; false if the file ends before or cannot be read. */
static bool read_at(int fd, void *data, size_t len, uint64_t at)
{
    size_t got = 0;
    return file_read_at(fd, data, len, at, &got) == 0 && got == len;
}

/* Reads the head of block `number` at `at`; false if it is not there or of other
 * ids. */
static bool find_head(const struct acts_cache *c, uint64_t number, const int32_t *ids,
                      uint64_t at, struct block_head *found)
{
    struct stat st;
    return fstat(c->fd, &st) == 0 && (uint64_t)st.st_size >= at + c->stride &&
           read_at(c->fd, found, sizeof *found, at) && found->number == number &&
           head_holds(found) && found->ids == checksum(ids, c->n * sizeof *ids);
}

bool acts_cache_get(struct acts_cache *c, uint64_t number, const int32_t *ids, float *x)
{
    uint64_t at;
    struct block_head found;
    void *data = c->dtype == CACHE_FP16 ? (void *)c->half : (void *)x;
    if (!place_of(c, number, &at) || !find_head(c, number, ids, at, &found) ||
        !read_at(c->fd, data, c->data_bytes, at + BLOCK_HEAD) ||
        found.data != checksum(data, c->data_bytes)) {
        return false;
    }
    if (c->dtype == CACHE_FP16) {
        elem_to_f32(ELEM_F16, (const uint8_t *)c->half, c->n * c->D, x);
    }
    /* No sound model gives such numbers: the block is damaged, and is made again. */
    const size_t shape[] = {c->n, c->D};
    if (elem_check_finite(c->path, "block", shape, 2, x, NULL) != OK) {
        return false;
    }
    c->got++;
    return true;
}

/* Whether a whole block of other ids is there: text under other masks, which the runs
 * that the cache is for will want again. */
static bool is_taken(const struct acts_cache *c, uint64_t at, const int32_t *ids)
{
    struct block_head h;
    return pread(c->fd, &h, sizeof h, (off_t)at) == (ssize_t)sizeof h &&
           head_holds(&h) && h.ids != checksum(ids, c->n * sizeof *ids);
}

/* Writes the data first, between a head of zeros and the true one, so that a block cut
 * off at any byte has no head. */
static int write_block(const struct acts_cache *c, uint64_t at,
                       const struct block_head *h, const void *data)
{
    const unsigned char none[BLOCK_HEAD] = {0};
    const size_t rest = c->stride - BLOCK_HEAD - c->data_bytes;
    const unsigned char zeros[PAGE] = {0};
    int number = write_at(c->fd, none, sizeof none, at);
    if (number == 0) {
        number = write_at(c->fd, data, c->data_bytes, at + BLOCK_HEAD);
    }
    if (number == 0 && rest > 0) {
        number = write_at(c->fd, zeros, rest, at + c->stride - rest);
    }
    return number != 0 ? number : write_at(c->fd, h, sizeof *h, at);
}

/* Finds where block `number` of these ids may be written, if it may. */
static bool place_to_write(const struct acts_cache *c, uint64_t number,
                           const int32_t *ids, uint64_t *at)
{
    return c->writes && !c->fault[0] && place_of(c, number, at) &&
           !is_taken(c, *at, ids);
}

bool acts_cache_wants(const struct acts_cache *c, uint64_t number, const int32_t *ids)
{
    uint64_t at;
    struct block_head found;
    return place_to_write(c, number, ids, &at) &&
           !find_head(c, number, ids, at, &found);
}

void acts_cache_put(struct acts_cache *c, uint64_t number, const int32_t *ids, float *x)
{
    uint64_t at;
    const void *data = x;
    if (c->dtype == CACHE_FP16) {
        for (size_t i = 0; i < c->n * c->D; i++) {
            c->half[i] = half_of_float(x[i]);
        }
        elem_to_f32(ELEM_F16, (const uint8_t *)c->half, c->n * c->D, x);
        data = c->half;
    }
    if (!place_to_write(c, number, ids, &at)) {
        return;
    }
    const struct block_head h = head_of(c, number, ids, data);
    const int failed = write_block(c, at, &h, data);
    if (failed != 0) {
        snprintf(c->fault, sizeof c->fault, "%.200s: cannot write: %s", c->path,
                 strerror(failed));
        return;
    }
    c->put++;
}
