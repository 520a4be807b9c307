#include "base/infile.h"

#include "base/file.h"
#include "base/mem.h"

#include <sys/stat.h>
#include <unistd.h>

struct infile {
    int fd;
    size_t len;
    char *name;
};

enum err infile_open(const char *path, struct infile **out, struct errinfo *e)
{
    struct infile *f = NULL;
    TRY(mem_new(&f, 1, sizeof *f, path, e));
    f->fd = -1;
    f->name = mem_strdup(path);
    const enum err rc = f->name ? file_open_regular(path, &f->fd, &f->len, e)
                                : err_set(e, ERR_NOMEM, "%s: out of memory", path);
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

enum err infile_bytes(const char *path, struct infile_bytes *out, struct errinfo *e)
{
    struct infile *f = NULL;
    struct infile_bytes b = {0};
    TRY(infile_open(path, &f, e));
    uint8_t *copy = NULL;
    enum err rc = OK;
    if (f->len > INFILE_COPY) {
        b.mapped = true;
        rc = file_map(path, &b.p, &b.len, e);
    } else if (f->len == 0) {
        rc = err_set(e, ERR_FORMAT, "%s: found an empty file", path);
    } else {
        rc = mem_new(&copy, f->len, 1, path, e);
        b.p = copy;
        b.len = f->len;
    }
    if (copy) {
        rc = infile_get(f, 0, copy, f->len, e);
    }
    infile_close(f);
    if (rc != OK) {
        mem_free(copy);
        return rc;
    }
    *out = b;
    return OK;
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
