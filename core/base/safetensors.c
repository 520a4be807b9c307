#include "base/safetensors.h"

#include "base/elem.h"
#include "base/file.h"
#include "base/infile.h"
#include "base/json.h"
#include "base/lfs.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_HEADER  (100u << 20) /* the reference implementation's limit */
#define MAX_TENSORS 100000u
#define MAX_NODES   4000000u /* JSON values in a header: 64 bytes each */
#define PREFIX      8u       /* bytes of the header's length */

struct dtype {
    const char *name;
    enum st_dtype dtype;
    size_t size;
};

static const struct dtype dtypes[] = {
    {"F32", ST_F32, 4},   {"F16", ST_F16, 2},       {"BF16", ST_BF16, 2},
    {"F64", ST_F64, 8},   {"I64", ST_I64, 8},       {"I32", ST_I32, 4},
    {"U8", ST_U8, 1},     {"U64", ST_U64, 8},       {"U32", ST_U32, 4},
    {"I16", ST_OTHER, 2}, {"U16", ST_U16, 2},       {"I8", ST_OTHER, 1},
    {"BOOL", ST_BOOL, 1}, {"F8_E4M3", ST_OTHER, 1}, {"F8_E5M2", ST_OTHER, 1},
    {"C64", ST_OTHER, 8},
};
#define N_DTYPES (sizeof dtypes / sizeof dtypes[0])

struct st_file {
    char *name;
    struct infile_bytes own; /* of st_open */
    const uint8_t *buffer;   /* after the header */
    size_t buffer_len;
    size_t prefix;              /* bytes before the buffer */
    cJSON *header;              /* owns the names */
    const cJSON *meta;          /* or NULL */
    struct st_tensor *tensors;  /* [count], in the order of their bytes */
    struct st_tensor **by_name; /* [count], sorted */
    size_t count;
};

static uint64_t load_le(const uint8_t *p, size_t bytes)
{
    uint64_t v = 0;
    for (size_t i = bytes; i > 0; i--) {
        v = v << 8 | p[i - 1];
    }
    return v;
}

bool st_elem(enum st_dtype t, enum elem *out)
{
    static const struct {
        bool known;
        enum elem elem;
    } types[ST_OTHER + 1] = {
        [ST_F32] = {true, ELEM_F32},   [ST_F16] = {true, ELEM_F16},
        [ST_BF16] = {true, ELEM_BF16}, [ST_F64] = {true, ELEM_F64},
        [ST_I64] = {true, ELEM_I64},   [ST_I32] = {true, ELEM_I32},
        [ST_U8] = {true, ELEM_U8},     [ST_U32] = {true, ELEM_U32},
        [ST_U16] = {true, ELEM_U16},   [ST_BOOL] = {true, ELEM_BOOL},
    };
    *out = types[t].elem;
    return types[t].known;
}

/* ---- opening ---- */

static const struct dtype *dtype_named(const char *name)
{
    for (size_t i = 0; i < N_DTYPES; i++) {
        if (strcmp(dtypes[i].name, name) == 0) {
            return &dtypes[i];
        }
    }
    return NULL;
}

/* Gets an integer 0..2^53 from an array's node; else false. */
static bool size_of_node(const cJSON *v, size_t *out)
{
    if (!cJSON_IsNumber(v) || !(v->valuedouble >= 0) || v->valuedouble > 0x1p53) {
        return false;
    }
    const uint64_t n = (uint64_t)v->valuedouble;
    if ((double)n < v->valuedouble || n > SIZE_MAX) {
        return false;
    }
    *out = (size_t)n;
    return true;
}

/* Product of a shape and an element size; false on overflow. */
static bool shape_bytes(const size_t *shape, size_t ndim, size_t size, size_t *out)
{
    size_t bytes = size;
    bool ok = true;
    bool empty = false;
    for (size_t i = 0; i < ndim; i++) {
        empty = empty || shape[i] == 0;
        ok = ok && (shape[i] == 0 || mem_mul(bytes, shape[i], &bytes));
    }
    *out = empty ? 0 : bytes;
    return ok;
}

static enum err read_shape(struct json_at at, const cJSON *entry, struct st_tensor *t,
                           struct errinfo *e)
{
    const cJSON *shape = NULL;
    TRY(json_arr(at, entry, "shape", true, &shape, e));
    t->ndim = 0;
    const cJSON *v = NULL;
    cJSON_ArrayForEach(v, shape)
    {
        if (t->ndim == ST_MAX_DIMS) {
            return err_set(
                e, ERR_LIMIT,
                "%s: %s.shape: found more than %d dimensions, expected fewer", at.file,
                at.path, ST_MAX_DIMS);
        }
        if (!size_of_node(v, &t->shape[t->ndim])) {
            return err_set(
                e, ERR_FORMAT,
                "%s: %s.shape: dimension %zu is not an integer from 0 to 2^53", at.file,
                at.path, t->ndim + 1);
        }
        t->ndim++;
    }
    return OK;
}

/* Bytes of buffer that the header accounts for. */
static size_t furthest_end(const struct st_file *f)
{
    size_t most = 0;
    const cJSON *entry = NULL;
    cJSON_ArrayForEach(entry, f->header)
    {
        const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
        size_t end = 0;
        if (size_of_node(cJSON_GetArrayItem(offsets, 1), &end) && end > most) {
            most = end;
        }
    }
    return most;
}

/* Fill t from a member of the header and check it against the buffer. */
static enum err read_entry(const struct st_file *f, const cJSON *entry,
                           struct st_tensor *t, struct errinfo *e)
{
    const struct json_at at = {f->name, entry->string};
    const char *dtype_name = NULL;
    const cJSON *offsets = NULL;
    TRY(json_str(at, entry, "dtype", true, &dtype_name, e));
    const struct dtype *d = dtype_named(dtype_name);
    if (!d) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s.dtype: found \"%.32s\", expected F32, F16, "
                       "BF16, F64, I64 or another of the format's",
                       at.file, at.path, dtype_name);
    }
    TRY(read_shape(at, entry, t, e));
    TRY(json_arr(at, entry, "data_offsets", true, &offsets, e));
    size_t begin;
    size_t end;
    const bool read = cJSON_GetArraySize(offsets) == 2 &&
                      size_of_node(cJSON_GetArrayItem(offsets, 0), &begin) &&
                      size_of_node(cJSON_GetArrayItem(offsets, 1), &end) &&
                      begin <= end;
    if (read && end > f->buffer_len) {
        return err_set(e, ERR_FORMAT,
                       "%s: file is cut short: has %zu bytes, needs %zu (%s)", at.file,
                       f->prefix + f->buffer_len, f->prefix + furthest_end(f), at.path);
    }
    if (!read) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s.data_offsets: expected two integers, rising, up to the "
                       "%zu bytes of the buffer",
                       at.file, at.path, f->buffer_len);
    }
    size_t bytes;
    if (!shape_bytes(t->shape, t->ndim, d->size, &bytes)) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s.shape: more elements than a machine can address",
                       at.file, at.path);
    }
    if (bytes != end - begin) {
        return err_set(
            e, ERR_FORMAT,
            "%s: %s.data_offsets: found %zu bytes, expected %zu for its shape "
            "in %s",
            at.file, at.path, end - begin, bytes, d->name);
    }
    t->name = entry->string;
    t->dtype = d->dtype;
    t->data = f->buffer + begin;
    t->bytes = bytes;
    return OK;
}

static int compare_place(const void *a, const void *b)
{
    const struct st_tensor *s = a;
    const struct st_tensor *t = b;
    const uint8_t *p = s->data;
    const uint8_t *q = t->data;
    if (p != q) {
        return p < q ? -1 : 1;
    }
    if (s->bytes != t->bytes) { /* empty ones first: they end where they begin */
        return s->bytes < t->bytes ? -1 : 1;
    }
    return strcmp(s->name, t->name);
}

static int compare_name(const void *a, const void *b)
{
    const struct st_tensor *const *s = a;
    const struct st_tensor *const *t = b;
    return strcmp((*s)->name, (*t)->name);
}

/* Checks that tensors follow one another without overlap and fill the buffer. */
static enum err check_places(const struct st_file *f, struct errinfo *e)
{
    size_t at = 0;
    for (size_t i = 0; i < f->count; i++) {
        const struct st_tensor *t = &f->tensors[i];
        const size_t begin = (size_t)((const uint8_t *)t->data - f->buffer);
        if (begin != at) {
            return err_set(
                e, ERR_FORMAT,
                "%s: %s.data_offsets: found byte %zu of the buffer, expected "
                "%zu, where the tensor before ends",
                f->name, t->name, begin, at);
        }
        at += t->bytes;
    }
    if (at != f->buffer_len) {
        return err_set(e, ERR_FORMAT,
                       "%s: found %zu bytes after the header, expected the %zu of its "
                       "tensors",
                       f->name, f->buffer_len, at);
    }
    return OK;
}

static enum err check_names(const struct st_file *f, struct errinfo *e)
{
    for (size_t i = 1; i < f->count; i++) {
        if (strcmp(f->by_name[i - 1]->name, f->by_name[i]->name) == 0) {
            return err_set(e, ERR_FORMAT, "%s: %s: found twice, expected once", f->name,
                           f->by_name[i]->name);
        }
    }
    return OK;
}

static enum err check_meta(const struct st_file *f, struct errinfo *e)
{
    if (!cJSON_IsObject(f->meta)) {
        return err_set(e, ERR_FORMAT, "%s: __metadata__: expected an object of strings",
                       f->name);
    }
    const cJSON *v = NULL;
    cJSON_ArrayForEach(v, f->meta)
    {
        if (!cJSON_IsString(v)) {
            return err_set(e, ERR_FORMAT, "%s: __metadata__.%s: expected a string",
                           f->name, v->string);
        }
    }
    return OK;
}

/* Count the header's entries and find the metadata, before anything is allocated. */
static enum err count_entries(struct st_file *f, struct errinfo *e)
{
    if (!cJSON_IsObject(f->header)) {
        return err_set(e, ERR_FORMAT, "%s: the header is not a JSON object", f->name);
    }
    const cJSON *v = NULL;
    cJSON_ArrayForEach(v, f->header)
    {
        if (strcmp(v->string, "__metadata__") != 0) {
            f->count++;
        } else if (f->meta) {
            return err_set(e, ERR_FORMAT,
                           "%s: __metadata__: found twice, expected once", f->name);
        } else {
            f->meta = v;
        }
    }
    if (f->count > MAX_TENSORS) {
        return err_set(e, ERR_LIMIT, "%s: found %zu tensors, expected at most %u",
                       f->name, f->count, MAX_TENSORS);
    }
    return f->meta ? check_meta(f, e) : OK;
}

static enum err read_entries(struct st_file *f, struct errinfo *e)
{
    TRY(count_entries(f, e));
    TRY(mem_new(&f->tensors, f->count, sizeof *f->tensors, f->name, e));
    TRY(mem_new(&f->by_name, f->count, sizeof(struct st_tensor *), f->name, e));
    size_t i = 0;
    const cJSON *v = NULL;
    cJSON_ArrayForEach(v, f->header)
    {
        if (v != f->meta) {
            TRY(read_entry(f, v, &f->tensors[i], e));
            i++;
        }
    }
    qsort(f->tensors, f->count, sizeof *f->tensors, compare_place);
    for (i = 0; i < f->count; i++) {
        f->by_name[i] = &f->tensors[i];
    }
    qsort(f->by_name, f->count, sizeof(struct st_tensor *), compare_name);
    TRY(check_names(f, e));
    return check_places(f, e);
}

/* Bounds the number of values in JSON text, which is at most one more than its
 * separators, at no cost in memory, against headers such as [0,0,0,... */
static size_t bound_nodes(const uint8_t *text, size_t len)
{
    size_t n = 1;
    for (size_t i = 0; i < len; i++) {
        n += text[i] == ',' || text[i] == '[' || text[i] == '{' ? 1 : 0;
    }
    return n;
}

static enum err parse_into(struct st_file *f, const uint8_t *data, size_t len,
                           struct errinfo *e)
{
    if (len < PREFIX) {
        return err_set(
            e, ERR_FORMAT,
            "%s: found %zu bytes, expected a header's length in the first %u", f->name,
            len, PREFIX);
    }
    if (is_lfs_pointer(data, len)) {
        return lfs_refuse(f->name, e);
    }
    const uint64_t header_len = load_le(data, PREFIX);
    if (header_len > MAX_HEADER) {
        return err_set(e, ERR_LIMIT,
                       "%s: found a header of %llu bytes, expected at most %u", f->name,
                       (unsigned long long)header_len, MAX_HEADER);
    }
    if (header_len > len - PREFIX) {
        return err_set(
            e, ERR_FORMAT,
            "%s: file is cut short: has %zu bytes, needs %llu for its header", f->name,
            len, (unsigned long long)header_len + PREFIX);
    }
    const size_t n = (size_t)header_len;
    const uint8_t *text = data + PREFIX;
    if (bound_nodes(text, n) > MAX_NODES) {
        return err_set(e, ERR_LIMIT, "%s: the header holds more than %u values",
                       f->name, MAX_NODES);
    }
    f->buffer = text + n;
    f->prefix = PREFIX + n;
    f->buffer_len = len - PREFIX - n;
    char place[256];
    snprintf(place, sizeof place, "%s: header", f->name);
    TRY(json_parse((const char *)text, n, place, &f->header, e));
    return read_entries(f, e);
}

enum err st_parse(const uint8_t *data, size_t len, const char *name,
                  struct st_file **out, struct errinfo *e)
{
    struct st_file *f = NULL;
    TRY(mem_new(&f, 1, sizeof *f, name, e));
    f->name = mem_strdup(name);
    const enum err rc = f->name ? parse_into(f, data, len, e)
                                : err_set(e, ERR_NOMEM, "%s: out of memory", name);
    if (rc != OK) {
        st_close(f);
        return rc;
    }
    *out = f;
    return OK;
}

enum err st_open(const char *path, struct st_file **out, struct errinfo *e)
{
    struct infile_bytes b = {0};
    TRY(infile_bytes(path, &b, e));
    const enum err rc = st_parse(b.p, b.len, path, out, e);
    if (rc != OK) {
        infile_release(&b);
        return rc;
    }
    (*out)->own = b;
    return OK;
}

void st_close(struct st_file *f)
{
    if (f) {
        cJSON_Delete(f->header);
        mem_free(f->by_name);
        mem_free(f->tensors);
        mem_free(f->name);
        infile_release(&f->own);
        mem_free(f);
    }
}

/* ---- looking ---- */

size_t st_count(const struct st_file *f)
{
    return f->count;
}

const struct st_tensor *st_at(const struct st_file *f, size_t i)
{
    return &f->tensors[i];
}

const struct st_tensor *st_find(const struct st_file *f, const char *name)
{
    size_t low = 0;
    size_t high = f->count;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        const int order = strcmp(f->by_name[mid]->name, name);
        if (order == 0) {
            return f->by_name[mid];
        }
        if (order < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NULL;
}

const char *st_meta(const struct st_file *f, const char *key)
{
    const cJSON *v = f->meta ? cJSON_GetObjectItemCaseSensitive(f->meta, key) : NULL;
    return v ? v->valuestring : NULL;
}

enum err st_read_f32(const struct st_file *f, const char *name, const size_t *shape,
                     size_t ndim, float *out, struct errinfo *e)
{
    enum elem type = ELEM_F32;
    const struct st_tensor *t = st_find(f, name);
    if (!t) {
        return err_set(e, ERR_FORMAT, "%s: no tensor %s among its %zu", f->name, name,
                       f->count);
    }
    if (!st_elem(t->dtype, &type) || !elem_is_float(type)) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found integers or an unusual type, expected "
                       "F32, F16, BF16 or F64",
                       f->name, name);
    }
    if (t->ndim != ndim ||
        (ndim > 0 && memcmp(t->shape, shape, ndim * sizeof *shape) != 0)) {
        char found[200];
        char expected[200];
        return err_set(e, ERR_FORMAT, "%s: %s: found shape %s, expected %s", f->name,
                       name, shape_text(t->shape, t->ndim, found),
                       shape_text(shape, ndim, expected));
    }
    elem_to_f32(type, t->data, t->bytes / elem_size(type), out);
    return elem_check_finite(f->name, name, shape, ndim, out, e);
}

/* ---- writing ---- */

static const struct dtype *dtype_of(enum st_dtype dtype)
{
    for (size_t i = 0; i < N_DTYPES; i++) {
        if (dtypes[i].dtype == dtype && dtype != ST_OTHER) {
            return &dtypes[i];
        }
    }
    return NULL;
}

static int compare_text(const void *a, const void *b)
{
    const char *const *s = a;
    const char *const *t = b;
    return strcmp(*s, *t);
}

static enum err check_unique(const char *path, const struct st_tensor *tensors,
                             size_t n, struct errinfo *e)
{
    const char **names = NULL;
    TRY(mem_new(&names, n, sizeof *names, path, e));
    for (size_t i = 0; i < n; i++) {
        names[i] = tensors[i].name;
    }
    qsort(names, n, sizeof *names, compare_text);
    enum err rc = OK;
    for (size_t i = 1; i < n && rc == OK; i++) {
        if (strcmp(names[i - 1], names[i]) == 0) {
            rc = err_set(e, ERR_USAGE, "%s: two tensors named %s", path, names[i]);
        }
    }
    mem_free(names);
    return rc;
}

static enum err add_entry(struct str *s, const char *path, const struct st_tensor *t,
                          size_t *offset, struct errinfo *e)
{
    const struct dtype *d = dtype_of(t->dtype);
    size_t bytes = 0;
    if (!d || t->ndim > ST_MAX_DIMS ||
        !shape_bytes(t->shape, t->ndim, d->size, &bytes) || bytes != t->bytes ||
        bytes > SIZE_MAX - *offset) {
        return err_set(e, ERR_USAGE,
                       "%s: %s: type, shape and %zu bytes do not fit together", path,
                       t->name, t->bytes);
    }
    json_add_string(s, t->name, strlen(t->name));
    str_addf(s, ":{\"dtype\":\"%s\",\"shape\":[", d->name);
    for (size_t i = 0; i < t->ndim; i++) {
        str_addf(s, "%s%zu", i > 0 ? "," : "", t->shape[i]);
    }
    str_addf(s, "],\"data_offsets\":[%zu,%zu]}", *offset, *offset + bytes);
    *offset += bytes;
    return OK;
}

/* Makes the 8 bytes of length and the JSON, padded with spaces to a multiple of 8. */
static enum err make_header(struct str *s, const char *path,
                            const struct st_tensor *tensors, size_t n,
                            const struct st_meta_entry *meta, size_t n_meta,
                            struct errinfo *e)
{
    static const char room[PREFIX];
    str_addn(s, room, PREFIX);
    str_addc(s, '{');
    if (n_meta > 0) {
        str_add(s, "\"__metadata__\":{");
        for (size_t i = 0; i < n_meta; i++) {
            str_add(s, i > 0 ? "," : "");
            json_add_string(s, meta[i].key, strlen(meta[i].key));
            str_addc(s, ':');
            json_add_string(s, meta[i].value, strlen(meta[i].value));
        }
        str_add(s, n > 0 ? "}," : "}");
    }
    size_t offset = 0;
    for (size_t i = 0; i < n; i++) {
        str_add(s, i > 0 ? "," : "");
        TRY(add_entry(s, path, &tensors[i], &offset, e));
    }
    str_addc(s, '}');
    while (s->len % 8 != 0 && s->err == OK) {
        str_addc(s, ' ');
    }
    TRY(str_err(s, path, e));
    uint64_t len = s->len - PREFIX;
    for (size_t i = 0; i < PREFIX; i++) {
        s->p[i] = (char)(unsigned char)(len & 0xFF);
        len >>= 8;
    }
    return OK;
}

/* `write`: file_write or another such function. */
static enum err write_parts(const char *path, const struct st_tensor *tensors, size_t n,
                            const struct st_meta_entry *meta, size_t n_meta,
                            enum err (*write)(const char *path,
                                              const struct file_piece *parts, size_t n,
                                              struct errinfo *e),
                            struct errinfo *e)
{
    if (n > MAX_TENSORS) {
        return err_set(e, ERR_LIMIT, "%s: %zu tensors, at most %u", path, n,
                       MAX_TENSORS);
    }
    struct str header;
    str_init(&header, MAX_HEADER);
    struct file_piece *parts = NULL;
    enum err rc;
    TRY_OUT(rc, check_unique(path, tensors, n, e));
    TRY_OUT(rc, make_header(&header, path, tensors, n, meta, n_meta, e));
    TRY_OUT(rc, mem_new(&parts, n + 1, sizeof *parts, path, e));
    parts[0] = (struct file_piece){header.p, header.len};
    for (size_t i = 0; i < n; i++) {
        parts[i + 1] = (struct file_piece){tensors[i].data, tensors[i].bytes};
    }
    rc = write(path, parts, n + 1, e);
out:
    mem_free(parts);
    str_free(&header);
    return rc;
}

enum err st_write(const char *path, const struct st_tensor *tensors, size_t n,
                  const struct st_meta_entry *meta, size_t n_meta, struct errinfo *e)
{
    return write_parts(path, tensors, n, meta, n_meta, file_write, e);
}

enum err st_write_named(const char *path, const struct st_tensor *tensors, size_t n,
                        const struct st_meta_entry *meta, size_t n_meta,
                        struct errinfo *e)
{
    return write_parts(path, tensors, n, meta, n_meta, file_write_named, e);
}
