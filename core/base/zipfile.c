#include "base/zipfile.h"

#include "base/mem.h"

#include <zip.h>

/* Deflate's best: 258 bytes from two bits, and some more for the first block. */
#define DEFLATE_RATIO 1032u
#define DEFLATE_START 1024u
/* Weights hardly shrink when packed. A large entry that shrinks more than this was made
 * to fill memory. */
#define LARGE      ((zip_uint64_t)64 << 20)
#define MOST_RATIO 64u

struct zipfile {
    zip_t *zip;
    char *name;
    size_t len; /* of the whole file */
    size_t count;
    bool *sound; /* [count] checksums that were compared */
};

struct zip_reader {
    zip_file_t *file;
    const char *place, *member;
    bool *sound;
};

/* Members that share bytes let a small file claim any size. */
static enum err check_overlap(struct zipfile *z, struct errinfo *e)
{
    zip_uint64_t sum = 0;
    for (size_t i = 0; i < z->count && sum <= z->len; i++) {
        zip_stat_t st;
        if (zip_stat_index(z->zip, i, 0, &st) == 0 && (st.valid & ZIP_STAT_COMP_SIZE)) {
            sum = st.comp_size > z->len ? st.comp_size : sum + st.comp_size;
        }
    }
    return sum <= z->len
               ? OK
               : err_set(e, ERR_FORMAT,
                         "%s: its members claim more bytes than the file has", z->name);
}

enum err zipfile_open(const uint8_t *data, size_t len, const char *name,
                      struct zipfile **out, struct errinfo *e)
{
    struct zipfile *z = NULL;
    zip_error_t why;
    zip_error_init(&why);
    TRY(mem_new(&z, 1, sizeof *z, name, e));
    enum err rc = OK;
    z->len = len;
    z->name = mem_strdup(name);
    if (!z->name) {
        rc = err_set(e, ERR_NOMEM, "%s: out of memory", name);
        goto out;
    }
    zip_source_t *source = zip_source_buffer_create(data, len, 0, &why);
    const int flags = ZIP_RDONLY | ZIP_CHECKCONS;
    z->zip = source ? zip_open_from_source(source, flags, &why) : NULL;
    if (!z->zip) {
        zip_source_free(source); /* NULL is fine */
        rc = err_set(e, ERR_FORMAT, "%s: not a zip file: %s", name,
                     zip_error_strerror(&why));
        goto out;
    }
    z->count = (size_t)zip_get_num_entries(z->zip, 0);
    TRY_OUT(rc, mem_new(&z->sound, z->count, sizeof *z->sound, name, e));
    rc = check_overlap(z, e);
out:
    zip_error_fini(&why);
    if (rc != OK) {
        zipfile_close(z);
        return rc;
    }
    *out = z;
    return OK;
}

void zipfile_close(struct zipfile *z)
{
    if (z) {
        if (z->zip) {
            zip_discard(z->zip);
        }
        mem_free(z->sound);
        mem_free(z->name);
        mem_free(z);
    }
}

size_t zipfile_count(const struct zipfile *z)
{
    return z->count;
}

enum err zipfile_member(const struct zipfile *z, size_t i, const char **name,
                        size_t *size, struct errinfo *e)
{
    const zip_uint64_t wanted =
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    zip_stat_t st;
    if (zip_stat_index(z->zip, i, 0, &st) != 0 || (st.valid & wanted) != wanted) {
        return err_set(e, ERR_FORMAT, "%s: member %zu of the zip: %s", z->name, i,
                       zip_strerror(z->zip));
    }
    if (st.comp_method != ZIP_CM_STORE && st.comp_method != ZIP_CM_DEFLATE) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found compression method %u, expected stored or "
                       "deflated",
                       z->name, st.name, st.comp_method);
    }
    if ((st.valid & ZIP_STAT_ENCRYPTION_METHOD) &&
        st.encryption_method != ZIP_EM_NONE) {
        return err_set(e, ERR_FORMAT, "%s: %s: is encrypted", z->name, st.name);
    }
    const bool stored = st.comp_method == ZIP_CM_STORE;
    if (st.comp_size > z->len ||
        st.size >
            (stored ? st.comp_size : st.comp_size * DEFLATE_RATIO + DEFLATE_START)) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: claims %llu bytes, more than its %llu compressed ones "
                       "in a file of %zu can hold",
                       z->name, st.name, (unsigned long long)st.size,
                       (unsigned long long)st.comp_size, z->len);
    }
    if (st.size > LARGE && st.size / MOST_RATIO > st.comp_size) {
        return err_set(e, ERR_LIMIT,
                       "%s: %s: claims %llu bytes from %llu compressed ones, expected "
                       "at most %u from each",
                       z->name, st.name, (unsigned long long)st.size,
                       (unsigned long long)st.comp_size, MOST_RATIO);
    }
    *name = st.name;
    *size = (size_t)st.size;
    return OK;
}

bool zipfile_find(const struct zipfile *z, const char *name, size_t *i)
{
    const zip_int64_t at = zip_name_locate(z->zip, name, ZIP_FL_ENC_RAW);
    if (at < 0) {
        return false;
    }
    *i = (size_t)at;
    return true;
}

enum err zip_reader_new(struct zipfile *z, size_t i, struct zip_reader **out,
                        struct errinfo *e)
{
    const char *name = NULL;
    size_t size = 0;
    struct zip_reader *r = NULL;
    TRY(zipfile_member(z, i, &name, &size, e));
    TRY(mem_new(&r, 1, sizeof *r, z->name, e));
    r->place = z->name;
    r->member = name;
    r->sound = &z->sound[i];
    r->file = zip_fopen_index(z->zip, i, 0);
    if (!r->file) {
        const enum err rc =
            err_set(e, ERR_FORMAT, "%s: %s: %s", z->name, name, zip_strerror(z->zip));
        mem_free(r);
        return rc;
    }
    *out = r;
    return OK;
}

enum err zip_reader_get(struct zip_reader *r, void *out, size_t n, struct errinfo *e)
{
    unsigned char *p = out;
    while (n > 0) {
        const zip_int64_t got = zip_fread(r->file, p, n);
        if (got < 0) {
            return err_set(e, ERR_FORMAT, "%s: %s: %s", r->place, r->member,
                           zip_file_strerror(r->file));
        }
        if (got == 0) {
            return err_set(e, ERR_FORMAT, "%s: %s: ends %zu bytes too early", r->place,
                           r->member, n);
        }
        p += got;
        n -= (size_t)got;
    }
    return OK;
}

enum err zip_reader_skip(struct zip_reader *r, size_t n, struct errinfo *e)
{
    char scratch[4096];
    while (n > 0) {
        const size_t part = n < sizeof scratch ? n : sizeof scratch;
        TRY(zip_reader_get(r, scratch, part, e));
        n -= part;
    }
    return OK;
}

enum err zip_reader_end(struct zip_reader *r, struct errinfo *e)
{
    char scratch[4096];
    zip_int64_t got = 1;
    while (!*r->sound && got > 0) {
        got = zip_fread(r->file, scratch, sizeof scratch);
    }
    if (got < 0) { /* libzip compares when it comes to the end */
        return err_set(e, ERR_FORMAT, "%s: %s: damaged: %s", r->place, r->member,
                       zip_file_strerror(r->file));
    }
    *r->sound = true;
    return OK;
}

void zip_reader_free(struct zip_reader *r)
{
    if (r) {
        zip_fclose(r->file);
        mem_free(r);
    }
}

enum err zipfile_read(struct zipfile *z, size_t i, size_t max, uint8_t **out,
                      size_t *len, struct errinfo *e)
{
    const char *name = NULL;
    size_t size = 0;
    uint8_t *data = NULL;
    struct zip_reader *r = NULL;
    TRY(zipfile_member(z, i, &name, &size, e));
    if (size > max) {
        return err_set(e, ERR_LIMIT, "%s: %s: found %zu bytes, expected at most %zu",
                       z->name, name, size, max);
    }
    enum err rc = mem_new(&data, size + 1, 1, name, e);
    if (rc == OK) {
        rc = zip_reader_new(z, i, &r, e);
    }
    if (rc == OK) {
        rc = zip_reader_get(r, data, size, e);
    }
    if (rc == OK) {
        rc = zip_reader_end(r, e);
    }
    zip_reader_free(r);
    if (rc != OK) {
        mem_free(data);
        return rc;
    }
    *out = data;
    *len = size;
    return OK;
}
