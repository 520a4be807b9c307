#include "base/file.h"
#include "base/lfs.h"
#include "base/mem.h"
#include "base/tensorfile_priv.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ENTRIES ((size_t)100000)
#define CHUNK       ((size_t)1 << 16) /* bytes converted at a time */

/* ---- opening ---- */

enum err tensorfile_add(struct tensorfile *f, const char *prefix, const char *name,
                        size_t len, struct tensor_entry **out, struct errinfo *e)
{
    const size_t before = strlen(prefix);
    TRY(mem_grow(&f->entry, &f->cap, f->count + 1, sizeof *f->entry, MAX_ENTRIES, e));
    struct tensor_entry *t = &f->entry[f->count];
    *t = (struct tensor_entry){0};
    TRY(mem_new(&t->name, before + len + 1, 1, f->name, e));
    memcpy(t->name, prefix, before);
    if (len > 0) {
        memcpy(t->name + before, name, len);
    }
    f->count++;
    *out = t;
    return OK;
}

static enum err read_safetensors(struct tensorfile *f, const uint8_t *data, size_t len,
                                 struct errinfo *e)
{
    TRY(st_parse(data, len, f->name, &f->st, e));
    for (size_t i = 0; i < st_count(f->st); i++) {
        const struct st_tensor *s = st_at(f->st, i);
        struct tensor_entry *t;
        TRY(tensorfile_add(f, "", s->name, strlen(s->name), &t, e));
        t->info.kind = TENSOR_ARRAY;
        t->info.numbers = st_elem(s->dtype, &t->info.elem);
        t->info.ndim = s->ndim;
        memcpy(t->info.shape, s->shape, sizeof s->shape);
        t->st = s;
    }
    return OK;
}

static enum err read_zip(struct tensorfile *f, const uint8_t *data, size_t len,
                         struct errinfo *e)
{
    TRY(zipfile_open(data, len, f->name, &f->zip, e));
    for (size_t i = 0; i < zipfile_count(f->zip); i++) {
        const char *name;
        size_t size;
        TRY(zipfile_member(f->zip, i, &name, &size, e));
        if (path_has_suffix(name, "/data.pkl")) {
            return tensorfile_read_torch(f, i, e);
        }
    }
    return tensorfile_read_npz(f, e);
}

static int compare_name(const void *a, const void *b)
{
    const struct tensor_entry *s = a, *t = b;
    return strcmp(s->name, t->name);
}

/* Sorts entries by name, so that they can be searched; each name must occur once. */
static enum err sort_entries(struct tensorfile *f, struct errinfo *e)
{
    if (f->count > 1) {
        qsort(f->entry, f->count, sizeof *f->entry, compare_name);
    }
    for (size_t i = 0; i < f->count; i++) {
        f->entry[i].info.name = f->entry[i].name;
        if (i > 0 && strcmp(f->entry[i - 1].name, f->entry[i].name) == 0) {
            return err_set(e, ERR_FORMAT, "%s: %s: found twice, expected once", f->name,
                           f->entry[i].name);
        }
    }
    return OK;
}

static enum err read_any(struct tensorfile *f, const uint8_t *data, size_t len,
                         struct errinfo *e)
{
    if (is_lfs_pointer(data, len)) {
        return lfs_refuse(f->name, e);
    }
    if (len >= 4 && data[0] == 'P' && data[1] == 'K') {
        TRY(read_zip(f, data, len, e));
    } else if (len > 8 && data[8] == '{') { /* whatever the length before it is */
        TRY(read_safetensors(f, data, len, e));
    } else if (len >= 2 && data[0] == 0x80 && data[1] <= 5) {
        return err_set(e, ERR_FORMAT,
                       "%s: a torch file of before torch 1.6, expected the zip that "
                       "torch.save writes since then; load and save it again",
                       f->name);
    } else {
        return err_set(e, ERR_FORMAT,
                       "%s: expected safetensors, an npz or a torch file", f->name);
    }
    return sort_entries(f, e);
}

enum err tensorfile_parse(const uint8_t *data, size_t len, const char *name,
                          struct tensorfile **out, struct errinfo *e)
{
    struct tensorfile *f = NULL;
    TRY(mem_new(&f, 1, sizeof *f, name, e));
    f->name = mem_strdup(name);
    const enum err rc = f->name ? read_any(f, data, len, e)
                                : err_set(e, ERR_NOMEM, "%s: out of memory", name);
    if (rc != OK) {
        tensorfile_close(f);
        return rc;
    }
    *out = f;
    return OK;
}

enum err tensorfile_open(const char *path, struct tensorfile **out, struct errinfo *e)
{
    struct infile_bytes b = {0};
    struct infile *file = NULL;
    TRY(infile_open(path, &file, e));
    enum err rc = infile_bytes_of(file, &b, e);
    rc = rc == OK ? tensorfile_parse(b.p, b.len, path, out, e) : rc;
    if (rc == OK) {
        (*out)->own = b;
        (*out)->file = b.mapped && (*out)->st ? file : NULL;
    } else {
        infile_release(&b);
    }
    if (rc != OK || !(*out)->file) {
        infile_close(file);
    }
    return rc;
}

void tensorfile_close(struct tensorfile *f)
{
    if (!f) {
        return;
    }
    for (size_t i = 0; i < f->count; i++) {
        mem_free(f->entry[i].name);
        mem_free(f->entry[i].text);
    }
    mem_free(f->entry);
    pickle_free(f->pickle);
    mem_free(f->pickle_bytes);
    zipfile_close(f->zip);
    st_close(f->st);
    mem_free(f->name);
    infile_release(&f->own);
    infile_close(f->file);
    mem_free(f);
}

/* ---- looking ---- */

const char *tensorfile_name(const struct tensorfile *f)
{
    return f->name;
}

size_t tensorfile_count(const struct tensorfile *f)
{
    return f->count;
}

const struct tensor_info *tensorfile_at(const struct tensorfile *f, size_t i)
{
    return &f->entry[i].info;
}

static const struct tensor_entry *find(const struct tensorfile *f, const char *name)
{
    size_t low = 0, high = f->count;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        const int order = strcmp(f->entry[mid].name, name);
        if (order == 0) {
            return &f->entry[mid];
        }
        if (order < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NULL;
}

const struct tensor_info *tensorfile_find(const struct tensorfile *f, const char *name)
{
    const struct tensor_entry *t = find(f, name);
    return t ? &t->info : NULL;
}

const char *tensorfile_text(const struct tensorfile *f, const char *name)
{
    const struct tensor_entry *t = find(f, name);
    return t && t->info.kind == TENSOR_TEXT ? t->text : NULL;
}

static enum err find_array(const struct tensorfile *f, const char *name,
                           const struct tensor_entry **out, struct errinfo *e)
{
    const struct tensor_entry *t = find(f, name);
    if (!t) {
        return err_set(e, ERR_FORMAT, "%s: no tensor %s among its %zu", f->name, name,
                       f->count);
    }
    if (t->info.kind != TENSOR_ARRAY) {
        return err_set(e, ERR_FORMAT, "%s: %s: expected a tensor", f->name, name);
    }
    *out = t;
    return OK;
}

/* ---- elements out of a zip ---- */

/* Reads elements from..to of an entry's storage, in the file's order. */
static enum err read_range(struct tensorfile *f, const struct tensor_entry *t,
                           size_t from, size_t to, float *out, struct errinfo *e)
{
    const size_t size = elem_size(t->info.elem);
    struct zip_reader *r = NULL;
    uint8_t *chunk = NULL;
    TRY(zip_reader_new(f->zip, t->member, &r, e));
    enum err rc = mem_new(&chunk, CHUNK, 1, f->name, e);
    if (rc == OK) {
        rc = zip_reader_skip(r, t->skip + from * size, e);
    }
    for (size_t i = from; rc == OK && i < to;) {
        const size_t n = to - i < CHUNK / size ? to - i : CHUNK / size;
        rc = zip_reader_get(r, chunk, n * size, e);
        if (rc == OK) {
            elem_to_f32(t->info.elem, chunk, n, out + (i - from));
        }
        i += n;
    }
    if (rc == OK) {
        rc = zip_reader_end(r, e);
    }
    mem_free(chunk);
    zip_reader_free(r);
    return rc;
}

static bool in_c_order(const struct tensor_info *s, const size_t *stride)
{
    size_t step = 1;
    for (size_t i = s->ndim; i > 0; i--) {
        if (s->shape[i - 1] > 1 && stride[i - 1] != step) {
            return false;
        }
        step *= s->shape[i - 1];
    }
    return true;
}

/* Writes out in C order from `in`, where element i0, i1.. is at the sum of i *
 * stride. */
static void gather(const struct tensor_info *s, const size_t *stride, const float *in,
                   float *out)
{
    size_t index[TENSOR_MAX_DIMS] = {0};
    for (size_t at = 0;; at++) {
        size_t from = 0;
        for (size_t d = 0; d < s->ndim; d++) {
            from += index[d] * stride[d];
        }
        out[at] = in[from];
        size_t d = s->ndim;
        while (d > 0 && ++index[d - 1] == s->shape[d - 1]) {
            index[--d] = 0;
        }
        if (d == 0) {
            return;
        }
    }
}

static enum err read_zip_f32(struct tensorfile *f, const struct tensor_entry *t,
                             float *out, struct errinfo *e)
{
    if (t->extent == t->offset) {
        return OK; /* no elements */
    }
    if (in_c_order(&t->info, t->stride)) {
        return read_range(f, t, t->offset, t->extent, out, e);
    }
    float *in = NULL;
    TRY(mem_new(&in, t->extent - t->offset, sizeof *in, f->name, e));
    const enum err rc = read_range(f, t, t->offset, t->extent, in, e);
    if (rc == OK) {
        gather(&t->info, t->stride, in, out);
    }
    mem_free(in);
    return rc;
}

/* ---- reading ---- */

/* Finds an array of floats of exactly that shape. */
static enum err find_floats(const struct tensorfile *f, const char *name,
                            const size_t *shape, size_t ndim,
                            const struct tensor_entry **out, struct errinfo *e)
{
    TRY(find_array(f, name, out, e));
    const struct tensor_info *s = &(*out)->info;
    if (!s->numbers || !elem_is_float(s->elem)) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found %s, expected F32, F16, BF16 or F64", f->name,
                       name, s->numbers ? elem_name(s->elem) : "an unusual type");
    }
    if (s->ndim != ndim ||
        (ndim > 0 && memcmp(s->shape, shape, ndim * sizeof *shape) != 0)) {
        char found[200], wanted[200];
        return err_set(e, ERR_FORMAT, "%s: %s: found shape %s, expected %s", f->name,
                       name, shape_text(s->shape, s->ndim, found),
                       shape_text(shape, ndim, wanted));
    }
    return OK;
}

/* Reads bytes at .. at + n - 1 of a tensor of a safetensors file. */
static enum err st_bytes(const struct tensorfile *f, const struct st_tensor *t,
                         size_t at, size_t n, uint8_t *out, struct errinfo *e)
{
    const uint8_t *p = t->data;
    if (f->file) {
        return infile_get(f->file, (size_t)(p - f->own.p) + at, out, n, e);
    }
    memcpy(out, p + at, n);
    return OK;
}

static size_t elements_of(const struct tensor_info *s)
{
    size_t n = 1;
    for (size_t d = 0; d < s->ndim; d++) {
        n *= s->shape[d];
    }
    return n;
}

static enum err st_floats(struct tensorfile *f, const struct tensor_entry *t,
                          float *out, struct errinfo *e)
{
    const size_t count = elements_of(&t->info), size = elem_size(t->info.elem);
    uint8_t *chunk = NULL;
    TRY(mem_new(&chunk, CHUNK, 1, f->name, e));
    enum err rc = OK;
    for (size_t i = 0; rc == OK && i < count;) {
        const size_t n = count - i < CHUNK / size ? count - i : CHUNK / size;
        rc = st_bytes(f, t->st, i * size, n * size, chunk, e);
        elem_to_f32(t->info.elem, chunk, rc == OK ? n : 0, out + i);
        i += n;
    }
    mem_free(chunk);
    return rc;
}

enum err tensorfile_f32(struct tensorfile *f, const char *name, const size_t *shape,
                        size_t ndim, float *out, struct errinfo *e)
{
    const struct tensor_entry *t = NULL;
    TRY(find_floats(f, name, shape, ndim, &t, e));
    TRY(t->st ? st_floats(f, t, out, e) : read_zip_f32(f, t, out, e));
    return elem_check_finite(f->name, name, shape, ndim, out, e);
}

enum elem tensorfile_raw_elem(const struct tensorfile *f, const char *name)
{
    const struct tensor_entry *t = find(f, name);
    const bool half = t && t->info.kind == TENSOR_ARRAY && t->info.numbers &&
                      (t->info.elem == ELEM_F16 || t->info.elem == ELEM_BF16);
    return half && (t->st || in_c_order(&t->info, t->stride)) ? t->info.elem : ELEM_F32;
}

/* Read halves in chunks, each checked for values that are not finite. */
static enum err read_halves(struct tensorfile *f, const struct tensor_entry *t,
                            uint8_t *out, struct errinfo *e)
{
    const size_t count = elements_of(&t->info), each = CHUNK / sizeof(float);
    struct zip_reader *r = NULL;
    float *floats = NULL;
    enum err rc = OK;
    TRY(mem_new(&floats, each, sizeof *floats, f->name, e));
    if (!t->st && count > 0) {
        TRY_OUT(rc, zip_reader_new(f->zip, t->member, &r, e));
        TRY_OUT(rc, zip_reader_skip(r, t->skip + t->offset * 2, e));
    }
    for (size_t i = 0; i < count; i += each) {
        const size_t n = count - i < each ? count - i : each;
        uint8_t *to = out + 2 * i;
        TRY_OUT(rc, t->st ? st_bytes(f, t->st, 2 * i, 2 * n, to, e)
                          : zip_reader_get(r, to, 2 * n, e));
        if (!elem_raw_finite(t->info.elem, to, n)) { /* say where */
            elem_to_f32(t->info.elem, to, n, floats);
            TRY_OUT(rc, elem_check_part(f->name, t->info.name, t->info.shape,
                                        t->info.ndim, i, n, floats, e));
        }
    }
    rc = r ? zip_reader_end(r, e) : OK;
out:
    zip_reader_free(r);
    mem_free(floats);
    return rc;
}

bool tensorfile_place(const struct tensorfile *f, const char *name, size_t *at)
{
    const struct tensor_entry *t = find(f, name);
    if (!f->own.p || !t || !t->st || !t->info.numbers ||
        t->info.elem != tensorfile_raw_elem(f, name)) {
        return false;
    }
    *at = (size_t)((const uint8_t *)t->st->data - f->own.p);
    return true;
}

enum err tensorfile_raw(struct tensorfile *f, const char *name, const size_t *shape,
                        size_t ndim, uint8_t *out, struct errinfo *e)
{
    const struct tensor_entry *t = NULL;
    if (tensorfile_raw_elem(f, name) == ELEM_F32) {
        return tensorfile_f32(f, name, shape, ndim, (float *)(void *)out, e);
    }
    TRY(find_floats(f, name, shape, ndim, &t, e));
    return read_halves(f, t, out, e);
}

/* Reads the first bytes of an array in C order. */
static enum err read_bytes(struct tensorfile *f, const struct tensor_entry *t, size_t n,
                           uint8_t *out, struct errinfo *e)
{
    if (t->st) {
        memcpy(out, t->st->data, n);
        return OK;
    }
    struct zip_reader *r = NULL;
    TRY(zip_reader_new(f->zip, t->member, &r, e));
    enum err rc = zip_reader_skip(r, t->skip + t->offset * elem_size(t->info.elem), e);
    if (rc == OK) {
        rc = zip_reader_get(r, out, n, e);
    }
    if (rc == OK) {
        rc = zip_reader_end(r, e);
    }
    zip_reader_free(r);
    return rc;
}

enum err tensorfile_int(struct tensorfile *f, const char *name, int64_t min,
                        int64_t max, int64_t *out, struct errinfo *e)
{
    const struct tensor_entry *t = find(f, name);
    int64_t v;
    if (t && t->info.kind == TENSOR_INT) {
        v = t->value;
    } else {
        TRY(find_array(f, name, &t, e));
        bool one = t->info.numbers && !elem_is_float(t->info.elem);
        for (size_t i = 0; i < t->info.ndim; i++) {
            one = one && t->info.shape[i] == 1;
        }
        if (!one) {
            return err_set(e, ERR_FORMAT, "%s: %s: expected one integer", f->name,
                           name);
        }
        uint8_t bytes[8];
        TRY(read_bytes(f, t, elem_size(t->info.elem), bytes, e));
        v = elem_to_i64(t->info.elem, bytes);
    }
    if (v < min || v > max) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found %lld, expected an integer from %lld to %lld",
                       f->name, name, (long long)v, (long long)min, (long long)max);
    }
    *out = v;
    return OK;
}

enum err tensorfile_ints(struct tensorfile *f, const char *name, size_t cap,
                         int64_t *out, size_t *n, struct errinfo *e)
{
    const struct tensor_entry *t = NULL;
    TRY(find_array(f, name, &t, e));
    const struct tensor_info *s = &t->info;
    if (!s->numbers || elem_is_float(s->elem) || s->ndim != 1 ||
        (!t->st && !in_c_order(s, t->stride))) {
        return err_set(e, ERR_FORMAT, "%s: %s: expected a vector of integers", f->name,
                       name);
    }
    *n = s->shape[0];
    if (*n == 0 || *n > cap) {
        return OK;
    }
    uint8_t *bytes = NULL;
    const size_t size = elem_size(s->elem);
    TRY(mem_new(&bytes, *n, size, f->name, e));
    const enum err rc = read_bytes(f, t, *n * size, bytes, e);
    for (size_t i = 0; rc == OK && i < *n; i++) {
        out[i] = elem_to_i64(s->elem, bytes + i * size);
    }
    mem_free(bytes);
    return rc;
}
