#include "lm/lm_source.h"

#include "base/file.h"
#include "base/gguf.h"
#include "base/hash.h"
#include "base/infile.h"
#include "base/json.h"
#include "base/mem.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_CAP    4096
#define INDEX_BYTES (64u << 20)
#define MAX_SHARDS  1000
#define MAX_TENSORS ((size_t)100000)

/* The samples that a file's hash covers: bytes of each, and how many. */
#define SAMPLE_BYTES 4096
#define SAMPLES      256

/* Bytes of a mapping checked in one go. */
#define LOOK_BYTES ((size_t)4 << 20)

struct source_file {
    char *path;
    struct infile_stamp stamp; /* when its list was made */
    struct infile *own;        /* of a mapped one that is no GGUF */
    struct infile_bytes map;   /* or none */
    bool unmapped;             /* there is no room for a mapping */
};

struct entry {
    char *name;
    size_t file;
    enum ggml_type type; /* of lm_source_bytes */
    bool lies;           /* in that form, from byte `at` of the file on */
    size_t at;
    struct tensor_info info; /* its name is the one above */
};

struct lm_source {
    char *dir;
    char *name;               /* of the file or the index */
    struct source_file *file; /* [files] */
    size_t files, file_cap;
    size_t map_above;
    struct entry *entry; /* [count] by name */
    size_t count, cap;
    struct tensorfile *open; /* of open_file, or NULL */
    size_t open_file;
    struct gguf *gguf; /* where that is the file: it stays open, reading row by row */
};

/* ---- lists ---- */

static enum err stamp_of(const char *path, struct infile_stamp *out, struct errinfo *e)
{
    struct infile *f = NULL;
    TRY(infile_open(path, &f, e));
    *out = infile_stamp(f);
    infile_close(f);
    return OK;
}

static enum err expect_same(const struct source_file *f, const struct infile_stamp *now,
                            struct errinfo *e)
{
    return infile_stamp_same(&f->stamp, now)
               ? OK
               : err_set(e, ERR_IO,
                         "%s: was changed or replaced while it was in use; expected "
                         "the %llu bytes that it had when it was opened",
                         f->path, (unsigned long long)f->stamp.size);
}

static enum err add_file(struct lm_source *s, const char *path, size_t *at,
                         struct errinfo *e)
{
    for (size_t i = 0; i < s->files; i++) {
        if (strcmp(s->file[i].path, path) == 0) {
            *at = i;
            return OK;
        }
    }
    struct infile_stamp stamp;
    TRY(stamp_of(path, &stamp, e));
    TRY(mem_grow(&s->file, &s->file_cap, s->files + 1, sizeof *s->file, MAX_SHARDS, e));
    struct source_file *f = &s->file[s->files];
    *f = (struct source_file){.path = mem_strdup(path), .stamp = stamp};
    if (!f->path) {
        return err_set(e, ERR_NOMEM, "%s: out of memory", path);
    }
    *at = s->files++;
    return OK;
}

/* `like` has all but the name. */
static enum err add_entry(struct lm_source *s, const struct tensor_info *info,
                          const struct entry *like, struct errinfo *e)
{
    TRY(mem_grow(&s->entry, &s->cap, s->count + 1, sizeof *s->entry, MAX_TENSORS, e));
    struct entry *t = &s->entry[s->count];
    *t = *like;
    t->name = mem_strdup(info->name);
    t->info = *info;
    if (!t->name) {
        return err_set(e, ERR_NOMEM, "%s: out of memory", s->name);
    }
    t->info.name = t->name;
    s->count++;
    return OK;
}

static int by_name(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static enum err file_of(struct lm_source *s, size_t file, struct tensorfile **out,
                        struct errinfo *e)
{
    if (s->open && s->open_file != file) {
        lm_source_rest(s);
    }
    if (!s->open) {
        struct infile_stamp now;
        TRY(stamp_of(s->file[file].path, &now, e));
        TRY(expect_same(&s->file[file], &now, e));
        TRY(tensorfile_open(s->file[file].path, &s->open, e));
        s->open_file = file;
    }
    *out = s->open;
    return OK;
}

/* The type in which a tensor of an open file is given. */
static enum ggml_type type_of(const struct tensorfile *f, const char *name)
{
    const enum elem t = tensorfile_raw_elem(f, name);
    return t == ELEM_F16 ? GGML_F16 : t == ELEM_BF16 ? GGML_BF16 : GGML_F32;
}

/* Finds where and how a tensor of an open file lies. */
static struct entry entry_of(const struct tensorfile *f, const char *name, size_t file)
{
    struct entry t = {.file = file, .type = type_of(f, name)};
    t.lies = tensorfile_place(f, name, &t.at);
    return t;
}

/* ---- one file ---- */

static enum err open_single(struct lm_source *s, struct errinfo *e)
{
    size_t file;
    struct tensorfile *f;
    TRY(add_file(s, s->name, &file, e));
    TRY(file_of(s, file, &f, e));
    for (size_t i = 0; i < tensorfile_count(f); i++) {
        const struct tensor_info *t = tensorfile_at(f, i);
        if (t->kind == TENSOR_ARRAY) {
            const struct entry like = entry_of(f, t->name, file);
            TRY(add_entry(s, t, &like, e));
        }
    }
    return OK;
}

/* ---- an index ---- */

/* Adds a tensor of the index and the file that it is said to be in; a name from an
 * index must stay in the directory, where it may be a link, as in the Hugging Face
 * hub's cache. */
static enum err add_indexed(struct lm_source *s, const cJSON *v, struct errinfo *e)
{
    char path[PATH_CAP];
    size_t file;
    struct tensorfile *f;
    if (!cJSON_IsString(v)) {
        return err_set(e, ERR_FORMAT,
                       "%s: weight_map.%.80s: expected the name of a file", s->name,
                       v->string);
    }
    const char *name = v->valuestring;
    if (strchr(name, '/') || name[0] == '.' || name[0] == '\0') {
        return err_set(
            e, ERR_FORMAT,
            "%s: weight_map: found file \"%.60s\", expected a plain file name", s->name,
            name);
    }
    TRY(path_join(path, sizeof path, s->dir, name, e));
    TRY(add_file(s, path, &file, e));
    TRY(file_of(s, file, &f, e));
    const struct tensor_info *t = tensorfile_find(f, v->string);
    if (!t || t->kind != TENSOR_ARRAY) {
        return err_set(e, ERR_FORMAT, "%s: no tensor %.80s, which %s expects there",
                       path, v->string, path_base(s->name));
    }
    const struct entry like = entry_of(f, t->name, file);
    return add_entry(s, t, &like, e);
}

static int by_file(const void *a, const void *b)
{
    const cJSON *const *x = a, *const *y = b;
    const char *p = cJSON_IsString(*x) ? (*x)->valuestring : "";
    const char *q = cJSON_IsString(*y) ? (*y)->valuestring : "";
    const int order = strcmp(p, q);
    return order != 0 ? order : strcmp((*x)->string, (*y)->string);
}

/* Goes in the order of files, so that each is opened once. */
static enum err open_map(struct lm_source *s, const cJSON *map, struct errinfo *e)
{
    const cJSON **list = NULL, *v = NULL;
    size_t n = 0;
    cJSON_ArrayForEach(v, map)
    {
        n++;
    }
    TRY(mem_new(&list, n, sizeof *list, s->name, e));
    n = 0;
    cJSON_ArrayForEach(v, map)
    {
        list[n++] = v;
    }
    if (n > 1) {
        qsort(list, n, sizeof *list, by_file);
    }
    enum err rc = OK;
    for (size_t i = 0; rc == OK && i < n; i++) {
        rc = add_indexed(s, list[i], e);
    }
    mem_free(list);
    return rc;
}

static enum err open_index(struct lm_source *s, struct errinfo *e)
{
    cJSON *index = NULL;
    const cJSON *map = NULL;
    TRY(json_load(s->name, INDEX_BYTES, &index, e));
    enum err rc =
        json_obj((struct json_at){s->name, ""}, index, "weight_map", true, &map, e);
    rc = rc == OK ? open_map(s, map, e) : rc;
    cJSON_Delete(index);
    return rc;
}

/* ---- a GGUF file ---- */

static enum err open_gguf(struct lm_source *s, struct errinfo *e)
{
    size_t file;
    TRY(gguf_open(s->name, &s->gguf, e));
    for (size_t i = 0; i < gguf_shards(s->gguf); i++) {
        TRY(add_file(s, gguf_shard_name(s->gguf, i), &file, e));
        s->file[file].stamp = infile_stamp(gguf_shard_file(s->gguf, i));
    }
    for (size_t i = 0; i < gguf_count(s->gguf); i++) {
        const struct gguf_tensor *t = gguf_at(s->gguf, i);
        struct tensor_info info = {.name = t->name,
                                   .kind = TENSOR_ARRAY,
                                   .numbers = ggml_type_readable(t->type),
                                   .ndim = t->ndim};
        for (size_t d = 0; d < t->ndim; d++) {
            info.shape[d] = t->dim[t->ndim - 1 - d];
        }
        const struct entry like = {
            .file = t->shard, .type = t->type, .lies = info.numbers, .at = t->at};
        TRY(add_entry(s, &info, &like, e));
    }
    return OK;
}

/* ---- which ---- */

/* Files of weights that are not read, and what the user can do about them. */
static const struct {
    const char *end, *what;
} others[] = {
    {"adapter_model.safetensors", "an adapter: merge it into its model, and save that"},
    {"adapter_model.bin", "an adapter: merge it into its model, and save that"},
    {".gguf", "a GGUF file: name it itself, not its folder"},
    {".h5", "TensorFlow's: save it as safetensors with transformers"},
    {".msgpack", "JAX's: save it as safetensors with transformers"},
    {".onnx", "ONNX: the original has model.safetensors"},
    {".pth", "a torch file of another tool: save it as safetensors with transformers"},
    {".safetensors", "no model.safetensors; rename it if it is that"},
};

static enum err nothing_there(const char *dir, struct errinfo *e)
{
    char found[128] = "";
    const char *what = NULL;
    DIR *d = opendir(dir);
    for (const struct dirent *f = d ? readdir(d) : NULL; f; f = readdir(d)) {
        for (size_t i = 0; !what && i < sizeof others / sizeof *others; i++) {
            if (path_has_suffix(f->d_name, others[i].end)) {
                (void)snprintf(found, sizeof found, "%.120s", f->d_name);
                what = others[i].what;
            }
        }
    }
    if (d) {
        closedir(d);
    }
    return what ? err_set(e, ERR_MISSING,
                          "%s/model.safetensors: not found, but %s, which is %s", dir,
                          found, what)
                : err_set(e, ERR_MISSING,
                          "%s/model.safetensors: not found, expected it or its "
                          "index, or pytorch_model.bin",
                          dir);
}

/* Finds out which kind of files s->dir is or holds; *kind opens it. */
typedef enum err opener(struct lm_source *, struct errinfo *);
static enum err find_in(struct lm_source *s, opener **kind, struct errinfo *e)
{
    static const struct {
        const char *name;
        opener *kind;
    } files[] = {{"model.safetensors", open_single},
                 {"model.safetensors.index.json", open_index},
                 {"pytorch_model.bin", open_single},
                 {"pytorch_model.bin.index.json", open_index}};
    if (!file_is_dir(s->dir)) {
        *kind = open_gguf;
        s->name = mem_strdup(s->dir);
        return s->name ? OK : err_set(e, ERR_NOMEM, "%s: out of memory", s->dir);
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[PATH_CAP];
        TRY(path_join(path, sizeof path, s->dir, files[i].name, e));
        if (file_exists(path)) {
            *kind = files[i].kind;
            s->name = mem_strdup(path);
            return s->name ? OK : err_set(e, ERR_NOMEM, "%s: out of memory", path);
        }
    }
    return nothing_there(s->dir, e);
}

static enum err open_in(struct lm_source *s, struct errinfo *e)
{
    opener *kind = NULL;
    TRY(find_in(s, &kind, e));
    TRY(kind(s, e));
    if (s->count > 1) {
        qsort(s->entry, s->count, sizeof *s->entry, by_name);
    }
    for (size_t t = 1; t < s->count; t++) {
        if (strcmp(s->entry[t - 1].name, s->entry[t].name) == 0) {
            return err_set(e, ERR_FORMAT, "%s: %.80s: found twice, expected once",
                           s->name, s->entry[t].name);
        }
    }
    return OK;
}

enum err lm_source_open(const char *dir, struct lm_source **out, struct errinfo *e)
{
    struct lm_source *s = NULL;
    TRY(mem_new(&s, 1, sizeof *s, "weights", e));
    s->map_above = LM_MAP_BYTES;
    s->dir = mem_strdup(dir);
    enum err rc =
        s->dir ? open_in(s, e) : err_set(e, ERR_NOMEM, "%s: out of memory", dir);
    lm_source_rest(s);
    if (rc != OK) {
        lm_source_close(s);
        return rc;
    }
    *out = s;
    return OK;
}

void lm_source_close(struct lm_source *s)
{
    if (!s) {
        return;
    }
    lm_source_rest(s);
    for (size_t i = 0; i < s->files; i++) {
        infile_release(&s->file[i].map);
        infile_close(s->file[i].own);
        mem_free(s->file[i].path);
    }
    for (size_t i = 0; i < s->count; i++) {
        mem_free(s->entry[i].name);
    }
    gguf_close(s->gguf);
    mem_free(s->file);
    mem_free(s->entry);
    mem_free(s->name);
    mem_free(s->dir);
    mem_free(s);
}

/* ---- reading ---- */

const char *lm_source_name(const struct lm_source *s)
{
    return s->name;
}

const char *lm_source_says(const struct lm_source *s)
{
    return s->gguf ? "its keys say" : "config.json says";
}

uint64_t lm_source_size(const struct lm_source *s)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < s->files; i++) {
        sum += s->file[i].stamp.size;
    }
    return sum;
}

size_t lm_source_count(const struct lm_source *s)
{
    return s->count;
}

const struct tensor_info *lm_source_at(const struct lm_source *s, size_t i)
{
    return &s->entry[i].info;
}

static const struct entry *find(const struct lm_source *s, const char *name)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        const int order = strcmp(s->entry[mid].name, name);
        if (order == 0) {
            return &s->entry[mid];
        }
        if (order < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NULL;
}

const struct tensor_info *lm_source_find(const struct lm_source *s, const char *name)
{
    const struct entry *t = find(s, name);
    return t ? &t->info : NULL;
}

/* Where a tensor lies: rows of a GGUF file, or else another file, open. */
struct place {
    const struct gguf_tensor *rows;
    struct tensorfile *file;
};

static enum err place_of(struct lm_source *s, const char *name, const size_t *shape,
                         size_t ndim, struct place *out, struct errinfo *e)
{
    const struct entry *t = find(s, name);
    *out = (struct place){.rows = NULL};
    if (!t) {
        return err_set(e, ERR_FORMAT, "%s: no tensor %s", s->name, name);
    }
    return s->gguf ? gguf_want(s->gguf, name, shape, ndim, &out->rows, e)
                   : file_of(s, t->file, &out->file, e);
}

enum err lm_source_read(struct lm_source *s, const char *name, const size_t *shape,
                        size_t ndim, float *out, struct errinfo *e)
{
    struct place p;
    TRY(place_of(s, name, shape, ndim, &p, e));
    return p.rows ? gguf_rows(s->gguf, p.rows, 0, p.rows->rows, out, e)
                  : tensorfile_f32(p.file, name, shape, ndim, out, e);
}

enum ggml_type lm_source_type(const struct lm_source *s, const char *name)
{
    const struct entry *t = find(s, name);
    return t ? t->type : GGML_TYPE_COUNT;
}

enum err lm_source_bytes(struct lm_source *s, const char *name, const size_t *shape,
                         size_t ndim, uint8_t *out, struct errinfo *e)
{
    struct place p;
    TRY(place_of(s, name, shape, ndim, &p, e));
    return p.rows ? gguf_bytes(s->gguf, p.rows, out, e)
                  : tensorfile_raw(p.file, name, shape, ndim, out, e);
}

/* ---- mapping ---- */

void lm_source_map_above(struct lm_source *s, size_t bytes)
{
    s->map_above = bytes;
}

/* An open file of the list, after lm_source_map has asked for it. */
static const struct infile *file_at(const struct lm_source *s, size_t file)
{
    return s->gguf ? gguf_shard_file(s->gguf, file) : s->file[file].own;
}

/* Maps a file, which must be what it was, so that every extent in the list lies within
 * it. If address space is short it stays unmapped. */
static enum err map_file(struct lm_source *s, size_t file, struct errinfo *e)
{
    struct source_file *f = &s->file[file];
    if (f->map.p || f->unmapped) {
        return OK;
    }
    if (!s->gguf && !f->own) {
        TRY(infile_open(f->path, &f->own, e));
    }
    const struct infile_stamp now = infile_stamp(file_at(s, file));
    TRY(expect_same(f, &now, e));
    f->unmapped = infile_map(file_at(s, file), &f->map, NULL) != OK;
    return OK;
}

/* Whether all numbers of n blocks are finite. */
static bool look_through(enum ggml_type type, const uint8_t *p, size_t n, bool soon)
{
    const size_t bytes = ggml_block_bytes(type), each = LOOK_BYTES / bytes;
    bool finite = true;
    for (size_t i = 0; finite && i < n; i += each) {
        const size_t some = n - i < each ? n - i : each;
        finite = ggml_all_finite(type, p + i * bytes, some);
        if (!soon) {
            infile_drop(p + i * bytes, some * bytes);
        }
    }
    return finite;
}

enum err lm_source_map(struct lm_source *s, const char *name, const size_t *shape,
                       size_t ndim, bool soon, const uint8_t **out, struct errinfo *e)
{
    const struct entry *t = find(s, name);
    *out = NULL;
    /* Reading has a line for what is not there, or in another shape. */
    if (!t || !t->lies || t->info.ndim != ndim ||
        memcmp(t->info.shape, shape, ndim * sizeof *shape) != 0 ||
        s->file[t->file].stamp.size <= s->map_above) {
        return OK;
    }
    size_t n = 1;
    for (size_t d = 0; d < ndim; d++) {
        n *= shape[d];
    }
    TRY(map_file(s, t->file, e));
    if (s->file[t->file].unmapped) {
        return OK;
    }
    const uint8_t *p = s->file[t->file].map.p + t->at;
    /* And for the place of a number that is not finite. */
    *out = look_through(t->type, p, n / ggml_block_elements(t->type), soon) ? p : NULL;
    return OK;
}

enum err lm_source_check(const struct lm_source *s, struct errinfo *e)
{
    for (size_t i = 0; i < s->files; i++) {
        if (s->file[i].map.p) {
            const struct infile_stamp now = infile_stamp(file_at(s, i));
            TRY(expect_same(&s->file[i], &now, e));
        }
    }
    return OK;
}

void lm_source_rest(struct lm_source *s)
{
    tensorfile_close(s->open);
    s->open = NULL;
}

static enum err hash_file(const char *path, uint64_t *h, struct errinfo *e)
{
    static const size_t piece = SAMPLE_BYTES;
    struct infile *f = NULL;
    uint8_t bytes[SAMPLE_BYTES];
    TRY(infile_open(path, &f, e));
    const size_t len = infile_len(f);
    const uint64_t size = len;
    /* All of a small file, since the pieces then meet. */
    const size_t step = len / SAMPLES > piece ? len / SAMPLES : piece;
    uint64_t sum = hash_bytes(*h, &size, sizeof size);
    enum err rc = OK;
    for (size_t at = 0; rc == OK && at < len; at += step) {
        const size_t n = len - at < piece ? len - at : piece;
        rc = infile_get(f, at, bytes, n, e);
        sum = rc == OK ? hash_bytes(sum, bytes, n) : sum;
    }
    infile_close(f);
    *h = sum;
    return rc;
}

enum err lm_source_hash(const struct lm_source *s, uint64_t *h, struct errinfo *e)
{
    uint64_t sum = *h;
    for (size_t i = 0; i < s->files; i++) {
        TRY(hash_file(s->file[i].path, &sum, e));
    }
    *h = sum;
    return OK;
}
