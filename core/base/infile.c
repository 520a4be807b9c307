#define _DEFAULT_SOURCE /* madvise, st_mtim */
#include "base/infile.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/tempfile.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct infile {
    int fd;
    size_t len;
    char *name;
};

static enum err make(const char *name, struct infile **out, struct errinfo *e)
{
    struct infile *f = NULL;
    TRY(mem_new(&f, 1, sizeof *f, name, e));
    f->fd = -1;
    f->name = mem_strdup(name);
    if (!f->name) {
        infile_close(f);
        return err_set(e, ERR_NOMEM, "%s: out of memory", name);
    }
    *out = f;
    return OK;
}

enum err infile_open(const char *path, struct infile **out, struct errinfo *e)
{
    struct infile *f = NULL;
    TRY(make(path, &f, e));
    const enum err rc = file_open_regular(path, &f->fd, &f->len, e);
    if (rc != OK) {
        infile_close(f);
        return rc;
    }
    *out = f;
    return OK;
}

void infile_close(struct infile *f)
{
    if (f) {
        if (f->fd >= 0) {
            close(f->fd);
        }
        mem_free(f->name);
        mem_free(f);
    }
}

size_t infile_len(const struct infile *f)
{
    return f->len;
}

struct infile_stamp infile_stamp(const struct infile *f)
{
    struct stat st;
    if (fstat(f->fd, &st) != 0) {
        return (struct infile_stamp){0};
    }
    return (struct infile_stamp){(uint64_t)st.st_dev, (uint64_t)st.st_ino,
                                 (uint64_t)st.st_size, (uint64_t)st.st_mtim.tv_sec,
                                 (uint64_t)st.st_mtim.tv_nsec};
}

bool infile_stamp_same(const struct infile_stamp *a, const struct infile_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->seconds == b->seconds && a->nanoseconds == b->nanoseconds;
}

static enum err cut_short(const struct infile *f, struct errinfo *e)
{
    struct stat st;
    const long long now = fstat(f->fd, &st) == 0 ? (long long)st.st_size : 0;
    return err_set(e, ERR_IO,
                   "%s: found %lld bytes, expected the %zu that it had when it was "
                   "opened: it was cut short while in use",
                   f->name, now, f->len);
}

enum err infile_get(const struct infile *f, size_t at, void *out, size_t n,
                    struct errinfo *e)
{
    size_t got = 0;
    const int number = file_read_at(f->fd, out, n, at, &got);
    if (number != 0) {
        return file_fail(e, f->name, "read", number);
    }
    return got == n ? OK : cut_short(f, e);
}

/* ---- streams and compressed files ---- */

/* Append n bytes to the file without a name. */
static enum err append(struct infile *f, const uint8_t *p, size_t n, struct errinfo *e)
{
    if (n > INFILE_UNPACKED - f->len) {
        return err_set(e, ERR_LIMIT, "%s: more than %zu bytes when unpacked", f->name,
                       INFILE_UNPACKED);
    }
    while (n > 0) {
        const ssize_t put = write(f->fd, p, n);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return file_fail(e, f->name,
                             "keep what was unpacked in the temporary folder", errno);
        }
        p += put;
        n -= (size_t)put;
        f->len += (size_t)put;
    }
    return OK;
}

static enum err damaged(const struct infile *f, struct errinfo *e)
{
    return err_set(
        e, ERR_FORMAT,
        "%s: found a damaged or cut gzip file (after %zu bytes of its text), "
        "expected a whole one",
        f->name, f->len);
}

/* zlib passes on as it is what is not in gzip form. */
static enum err unpack(struct infile *f, gzFile in, bool packed,
                       const atomic_bool *cancel, struct errinfo *e)
{
    uint8_t buf[65536];
    for (;;) {
        if (cancel && atomic_load(cancel)) {
            return err_set(e, ERR_CANCELLED, "%s: cancelled", f->name);
        }
        const int got = gzread(in, buf, sizeof buf);
        int fault = Z_OK;
        (void)gzerror(in, &fault);
        if (got < 0 || (fault != Z_OK && fault != Z_STREAM_END)) {
            return fault == Z_ERRNO ? file_fail(e, f->name, "read", errno)
                                    : damaged(f, e);
        }
        if (packed && gzdirect(in)) {
            return err_set(e, ERR_FORMAT,
                           "%s: found no gzip file, expected one by its name", f->name);
        }
        if (got == 0) {
            return OK;
        }
        TRY(append(f, buf, (size_t)got, e));
    }
}

enum err infile_unpack(int fd, const char *name, bool packed, const atomic_bool *cancel,
                       struct infile **out, struct errinfo *e)
{
    struct infile *f = NULL;
    TRY(make(name, &f, e));
    enum err rc = tempfile_open(&f->fd, e);
    const int copy = rc == OK ? dup(fd) : -1;
    gzFile in = copy >= 0 ? gzdopen(copy, "rb") : NULL;
    if (rc == OK && !in) {
        rc = file_fail(e, name, "read", copy < 0 ? errno : ENOMEM);
    }
    if (rc == OK) {
        rc = unpack(f, in, packed, cancel, e);
    }
    if (in) {
        const int ended = gzclose(in);
        rc = rc == OK && ended != Z_OK ? damaged(f, e) : rc;
    } else if (copy >= 0) {
        close(copy);
    }
    if (rc != OK) {
        infile_close(f);
        return rc;
    }
    *out = f;
    return OK;
}

/* ---- all of a file ---- */

static enum err expect_bytes(const struct infile *f, struct errinfo *e)
{
    return f->len > 0 ? OK : err_set(e, ERR_FORMAT, "%s: found an empty file", f->name);
}

enum err infile_map(const struct infile *f, struct infile_bytes *out, struct errinfo *e)
{
    TRY(expect_bytes(f, e));
    void *map = mmap(NULL, f->len, PROT_READ, MAP_PRIVATE, f->fd, 0);
    if (map == MAP_FAILED) {
        return file_fail(e, f->name, "map", errno);
    }
    *out = (struct infile_bytes){map, f->len, true};
    return OK;
}

enum err infile_bytes_of(const struct infile *f, struct infile_bytes *out,
                         struct errinfo *e)
{
    if (f->len > INFILE_COPY) {
        return infile_map(f, out, e);
    }
    TRY(expect_bytes(f, e));
    uint8_t *copy = NULL;
    TRY(mem_new(&copy, f->len, 1, f->name, e));
    const enum err rc = infile_get(f, 0, copy, f->len, e);
    if (rc != OK) {
        mem_free(copy);
        return rc;
    }
    *out = (struct infile_bytes){copy, f->len, false};
    return OK;
}

enum err infile_bytes(const char *path, struct infile_bytes *out, struct errinfo *e)
{
    struct infile *f = NULL;
    TRY(infile_open(path, &f, e));
    const enum err rc = infile_bytes_of(f, out, e);
    infile_close(f);
    return rc;
}

void infile_release(struct infile_bytes *b)
{
    if (b->mapped) {
        file_unmap(b->p, b->len);
    } else {
        mem_free((void *)(uintptr_t)b->p);
    }
    *b = (struct infile_bytes){0};
}

void infile_drop(const uint8_t *p, size_t n)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t from = ((uintptr_t)p + page - 1) / page * page;
    const uintptr_t to = ((uintptr_t)p + n) / page * page;
    if (from < to) {
        (void)madvise((void *)from, to - from, MADV_DONTNEED);
    }
}
