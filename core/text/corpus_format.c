/* The table of corpus formats, and the formats that need little code. */
#include "base/csvfile.h"
#include "base/file.h"
#include "base/npy.h"
#include "text/corpus_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- CSV ---- */

static enum err take_row(const struct csv_row *row, void *user, struct errinfo *e)
{
    struct corpus_file *f = user;
    if (row->text_len == 0) {
        return OK;
    }
    if (row->len > CORPUS_MAX_LINE) {
        return err_set(e, ERR_LIMIT, "%s: row %zu: %zu bytes, expected at most %zu",
                       f->path, row->number, row->len, CORPUS_MAX_LINE);
    }
    for (size_t at = 0; at < row->text_len;) {
        at = corpus_scan(&f->seen, (const uint8_t *)row->text, row->text_len,
                         row->number, at);
    }
    return corpus_add_span(f, row->at, row->len, row->number, e);
}

static enum err csv_open(struct corpus_file *f, struct errinfo *e)
{
    struct errinfo said;
    const enum err rc =
        csv_each((const char *)f->map, f->map_len, f->path, f->key ? f->key : "text",
                 take_row, f, &f->col, &f->cols, &said);
    if (rc == OK) {
        return OK;
    }
    f->no_text = rc == ERR_MISSING;
    if (f->no_text && !f->key) {
        return err_set(e, ERR_FORMAT, "%s; name one: %.200s#COLUMN", said.msg, f->path);
    }
    return err_set(e, f->no_text ? ERR_FORMAT : rc, "%s", said.msg);
}

static enum err csv_text(const struct corpus_file *f, size_t doc, struct str *out,
                         struct errinfo *e)
{
    const struct corpus_span *s = &f->span[doc];
    struct str row;
    str_init(&row, CORPUS_MAX_LINE);
    enum err rc = corpus_read_span(f, s, &row, e);
    if (rc == OK) {
        rc = csv_field(row.p, row.len, f->path, s->line, f->col, f->cols, out, e);
    }
    str_free(&row);
    return rc;
}

const struct corpus_format corpus_csv = {".csv", "a column", csv_open, csv_text, NULL};

/* ---- token ids in binary form ---- */

/* Checks that no id is below 0 or above the range of int32. */
static enum err check_ids(struct corpus_file *f, size_t from, size_t n,
                          struct errinfo *e)
{
    const size_t size = elem_size(f->elem);
    for (size_t i = 0; i < n; i++) {
        const int64_t id = elem_to_i64(f->elem, f->map + from + i * size);
        if (id < 0 || id >= INT32_MAX) {
            return err_set(e, ERR_FORMAT,
                           "%s: element %zu: found %" PRId64 ", expected a token id",
                           f->path, i, id);
        }
        if (id > f->max_id) {
            f->max_id = (int32_t)id;
        }
    }
    return OK;
}

/* Adds documents of `each` ids, the last one of what is left. */
static enum err add_ids(struct corpus_file *f, size_t from, size_t n, size_t each,
                        struct errinfo *e)
{
    const size_t size = elem_size(f->elem);
    f->has_ids = true;
    if (each > CORPUS_MAX_LINE / size) {
        return err_set(e, ERR_LIMIT, "%s: rows of %zu ids, expected at most %zu",
                       f->path, each, CORPUS_MAX_LINE / size);
    }
    TRY(check_ids(f, from, n, e));
    for (size_t i = 0; i < n; i += each) {
        const size_t len = n - i < each ? n - i : each;
        TRY(corpus_add_span(f, from + i * size, len * size, 0, e));
    }
    return OK;
}

static enum err npy_open(struct corpus_file *f, struct errinfo *e)
{
    struct npy h;
    TRY(npy_parse(f->map, f->map_len, f->path, &h, e));
    const bool ints = !elem_is_float(h.elem) && h.elem != ELEM_BOOL;
    if (!ints || h.fortran || h.ndim < 1 || h.ndim > 2) {
        char shape[200];
        return err_set(
            e, ERR_FORMAT,
            "%s: found %s of shape %s%s, expected token ids: whole numbers of "
            "one or two dimensions in C order",
            f->path, elem_name(h.elem), shape_text(h.shape, h.ndim, shape),
            h.fortran ? " in Fortran order" : "");
    }
    if (h.count * elem_size(h.elem) > f->map_len - h.header) {
        return err_set(e, ERR_FORMAT,
                       "%s: found %zu bytes of ids, expected %zu: it is cut", f->path,
                       f->map_len - h.header, h.count * elem_size(h.elem));
    }
    f->elem = h.elem;
    f->ids_cut = h.ndim == 1;
    return h.count == 0 ? OK
                        : add_ids(f, h.header, h.count,
                                  h.ndim == 1 ? CORPUS_IDS : h.shape[1], e);
}

/* Ids of 32 bits, read as 16-bit ones, are every second time the 32-bit id's upper
 * half: next to nothing. */
#define HALF_MAX 8   /* of vocabularies of half a million */
#define HALF_IDS 256 /* too many to be that small by chance */

static enum err check_width(const struct corpus_file *f, size_t n, struct errinfo *e)
{
    for (size_t i = 1; i < n; i += 2) {
        if (elem_to_i64(ELEM_U16, f->map + i * sizeof(uint16_t)) >= HALF_MAX) {
            return OK;
        }
    }
    return n < HALF_IDS
               ? OK
               : err_set(e, ERR_FORMAT,
                         "%s: every second id of 16 bits is below %d: if they are ids "
                         "of 32 bits name it FILE#uint32, else FILE#uint16",
                         f->path, HALF_MAX);
}

static enum err bin_open(struct corpus_file *f, struct errinfo *e)
{
    const bool wide = f->key && strcmp(f->key, "uint32") == 0;
    if (f->key && !wide && strcmp(f->key, "uint16") != 0) {
        return err_set(e, ERR_USAGE,
                       "%s: found \"#%.60s\", expected #uint16 or #uint32", f->path,
                       f->key);
    }
    f->elem = wide ? ELEM_U32 : ELEM_U16;
    const size_t size = elem_size(f->elem);
    if (f->map_len % size != 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: found %zu bytes, expected token ids of %zu each", f->path,
                       f->map_len, size);
    }
    if (!f->key) {
        TRY(check_width(f, f->map_len / size, e));
    }
    f->ids_cut = true;
    return add_ids(f, 0, f->map_len / size, CORPUS_IDS, e);
}

static enum err binary_ids(const struct corpus_file *f, size_t doc, struct tok_ids *out,
                           struct errinfo *e)
{
    const size_t size = elem_size(f->elem);
    struct str bytes;
    str_init(&bytes, CORPUS_MAX_LINE);
    enum err rc = corpus_read_span(f, &f->span[doc], &bytes, e);
    for (size_t i = 0; rc == OK && i < bytes.len; i += size) {
        rc = tok_ids_add(out, (int32_t)elem_to_i64(f->elem, (uint8_t *)bytes.p + i), e);
    }
    str_free(&bytes);
    return rc;
}

const struct corpus_format corpus_npy = {".npy", NULL, npy_open, NULL, binary_ids};
const struct corpus_format corpus_bin = {".bin", "uint16 or uint32", bin_open, NULL,
                                         binary_ids};

/* ---- the table ---- */

static const struct corpus_format grammar = {.suffix = ".grammar.json",
                                             .key = "a register"};

static const struct {
    const char *suffix;
    const struct corpus_format *format;
} formats[] = {
    {".txt", &corpus_txt}, {".text", &corpus_txt},      {".md", &corpus_txt},
    {".csv", &corpus_csv}, {".jsonl", &corpus_jsonl},   {".npy", &corpus_npy},
    {".bin", &corpus_bin}, {".grammar.json", &grammar},
};
enum { FORMATS = sizeof formats / sizeof *formats };

const struct corpus_format *corpus_format_find(const char *path, bool *packed)
{
    char bare[4096];
    *packed = path_has_suffix(path, ".gz");
    const int n = (int)strlen(path) - (*packed ? 3 : 0);
    (void)snprintf(bare, sizeof bare, "%.*s", n, path);
    for (size_t i = 0; i < FORMATS; i++) {
        if (path_has_suffix(bare, formats[i].suffix)) {
            return *packed && !formats[i].format->open ? NULL : formats[i].format;
        }
    }
    return strchr(path_base(bare), '.') ? NULL : &corpus_txt;
}

/* Common formats that are not read, and a command that converts each to one that is,
 * starting with those that more often hold texts. IN is the file. */
static const struct {
    const char *suffix, *way;
} ways[] = {
    {".parquet", "python3 -c \"import pandas; pandas.read_parquet('IN').to_json("
                 "'IN.jsonl', orient='records', lines=True)\""},
    {".arrow", "python3 -c \"import datasets; datasets.Dataset.from_file('IN').to_json("
               "'IN.jsonl')\""},
    {".feather", "python3 -c \"import pandas; pandas.read_feather('IN').to_json("
                 "'IN.jsonl', orient='records', lines=True)\""},
    {".tsv", "python3 -c \"import pandas; pandas.read_csv('IN', sep='\\t').to_csv("
             "'IN.csv')\""},
    {".json", "jq -c '.[]' IN > IN.jsonl"},
    {".zst", "zstd -d IN"},
    {".bz2", "bunzip2 -k IN"},
    {".xz", "unxz -k IN"},
    {".zip", "unzip IN"},
};

/* Whether a shell takes a path as it is. */
static bool is_plain(const char *path)
{
    return path[0] != '-' && path[strspn(path, "abcdefghijklmnopqrstuvwxyz"
                                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                               "0123456789._/-")] == '\0';
}

/* Room for the words around path and command in a line of refuse_with_way, and for what
 * comes before it where a setting is named. */
#define WAY_ROOM ((size_t)140)

static enum err refuse_with_way(const char *path, size_t i, struct errinfo *e)
{
    /* A command that is cut is of no use. */
    const bool fits = 3 * strlen(path) + strlen(ways[i].way) + WAY_ROOM < sizeof e->msg;
    const char *in = is_plain(path) && fits ? path : "IN";
    struct str way;
    str_init(&way, 3 * strlen(path) + 400);
    for (const char *at = ways[i].way; *at;) {
        const char *next = strstr(at, "IN");
        str_addn(&way, at, next ? (size_t)(next - at) : strlen(at));
        str_add(&way, next ? in : "");
        at = next ? next + 2 : at + strlen(at);
    }
    const enum err rc =
        err_set(e, ERR_USAGE, "%s: %s files are not read; convert it%s: %s", path,
                ways[i].suffix, in == path ? "" : " (IN)", way.p);
    str_free(&way);
    return rc;
}

bool corpus_format_way(const char *path, size_t *row)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (path_has_suffix(path, ways[i].suffix)) {
            *row = i;
            return true;
        }
    }
    return false;
}

enum err corpus_format_unknown(const char *path, struct errinfo *e)
{
    size_t row;
    if (corpus_format_way(path, &row)) {
        return refuse_with_way(path, row, e);
    }
    struct str names;
    str_init(&names, 200);
    for (size_t i = 0; i < FORMATS; i++) {
        str_addf(&names, "%s, ", formats[i].suffix);
    }
    const enum err rc =
        err_set(e, ERR_USAGE,
                "%s: expected a corpus file ending in %sthe same with .gz, "
                "or no ending",
                path, names.p);
    str_free(&names);
    return rc;
}
