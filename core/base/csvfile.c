#include "base/csvfile.h"

#include "base/file.h"
#include "base/mem.h"

#include <csv.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_COLS 10000

#define BOM "\xEF\xBB\xBF"

/* libcsv's callbacks can't stop it: the first fault is kept here, what follows in the
 * same chunk is ignored, and no further chunk is fed. */
struct reader {
    const char *name;
    const struct csv_limits *lim;
    struct errinfo *e;
    enum err rc;

    char *text; /* [text_cap], all fields one after another; never moves */
    size_t text_len, text_cap;
    char **cell; /* [cell_cap], header and rows */
    size_t cell_len, cell_cap;
    size_t cols;   /* 0 until the header is complete */
    size_t fields; /* in the present row */
    size_t row;    /* of the file, from 1 */

    /* Where rows are not kept: */
    struct str *field; /* the field of column `col`; NULL: all are kept */
    size_t col;
    bool ended; /* a row has */
};

static void on_field(void *bytes, size_t n, void *arg)
{
    struct reader *r = arg;
    if (r->rc != OK) {
        return;
    }
    const size_t most = r->cols > 0 ? r->cols : MAX_COLS;
    if (r->fields == most) {
        r->rc = err_set(r->e, ERR_FORMAT, "%s: row %zu: found more than %zu fields%s",
                        r->name, r->row, most,
                        r->cols > 0 ? ", expected as many as in the header" : "");
        return;
    }
    if (n > r->lim->max_field) {
        r->rc = err_set(r->e, ERR_LIMIT,
                        "%s: row %zu: found a field of %zu bytes, expected at most %zu",
                        r->name, r->row, n, r->lim->max_field);
        return;
    }
    if (n > 0 && memchr(bytes, '\0', n)) {
        r->rc =
            err_set(r->e, ERR_FORMAT, "%s: row %zu: found a NUL byte, expected UTF-8",
                    r->name, r->row);
        return;
    }
    if (r->field && r->cols > 0) {
        if (r->fields++ == r->col) {
            str_clear(r->field);
            str_addn(r->field, n > 0 ? bytes : "", n);
            r->rc = str_err(r->field, r->name, r->e);
        }
        return;
    }
    /* Each field of n bytes took n + 1 in the file with its separator, the last but for
     * it; the buffer is sized by that. */
    if (r->text_cap - r->text_len < n + 1) {
        r->rc = err_set(r->e, ERR_LIMIT,
                        "%s: row %zu: found more than the %zu bytes that fit", r->name,
                        r->row, r->text_cap);
        return;
    }
    r->rc = mem_grow(&r->cell, &r->cell_cap, r->cell_len + 1, sizeof *r->cell,
                     SIZE_MAX / sizeof *r->cell, r->e);
    if (r->rc != OK) {
        return;
    }
    char *at = r->text + r->text_len;
    if (n > 0) {
        memcpy(at, bytes, n);
    }
    at[n] = '\0';
    r->text_len += n + 1;
    r->cell[r->cell_len++] = at;
    r->fields++;
}

static void on_row(int terminator, void *arg)
{
    struct reader *r = arg;
    (void)terminator;
    if (r->rc != OK) {
        return;
    }
    if (r->cols == 0) {
        r->cols = r->fields;
    } else if (r->fields != r->cols) {
        r->rc = err_set(r->e, ERR_FORMAT,
                        "%s: row %zu: found %zu fields, expected %zu as in the header",
                        r->name, r->row, r->fields, r->cols);
        return;
    } else if (r->row - 1 > r->lim->max_rows) {
        r->rc = err_set(r->e, ERR_LIMIT, "%s: found more than %zu rows", r->name,
                        r->lim->max_rows);
        return;
    }
    r->fields = 0;
    r->row++;
    r->ended = true;
}

/* libcsv drops blanks around unquoted fields; RFC 4180 and we do not. */
static int no_space(unsigned char c)
{
    (void)c;
    return 0;
}

static enum err start(struct csv_parser *parser, const char *name, struct errinfo *e)
{
    if (csv_init(parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        return err_set(e, ERR_NOMEM, "%s: out of memory", name);
    }
    csv_set_space_func(parser, no_space);
    csv_set_blk_size(parser, 16384);
    return OK;
}

static void feed_piece(struct reader *r, struct csv_parser *parser, const char *data,
                       size_t n)
{
    const size_t used = csv_parse(parser, data, n, on_field, on_row, r);
    if (r->rc == OK && used != n) {
        const bool memory = csv_error(parser) != CSV_EPARSE;
        r->rc = memory ? err_set(r->e, ERR_NOMEM, "%s: row %zu: out of memory", r->name,
                                 r->row)
                       : err_set(r->e, ERR_FORMAT,
                                 "%s: row %zu: found a stray quote, expected it "
                                 "doubled in a quoted field",
                                 r->name, r->row);
    }
    /* A field without an end is not reported by a callback; its bytes gather here. */
    if (r->rc == OK && parser->entry_pos > r->lim->max_field) {
        r->rc = err_set(r->e, ERR_LIMIT,
                        "%s: row %zu: found a field without an end in %zu bytes",
                        r->name, r->row, r->lim->max_field);
    }
}

static void feed_end(struct reader *r, struct csv_parser *parser)
{
    if (r->rc == OK && csv_fini(parser, on_field, on_row, r) != 0 && r->rc == OK) {
        r->rc = err_set(r->e, ERR_FORMAT,
                        "%s: row %zu: found the end of the file in a quoted field",
                        r->name, r->row);
    }
}

#define CHUNK ((size_t)65536)

static void feed(struct reader *r, struct csv_parser *parser, const char *data,
                 size_t len)
{
    for (size_t at = 0; at < len && r->rc == OK; at += CHUNK) {
        feed_piece(r, parser, data + at, len - at < CHUNK ? len - at : CHUNK);
    }
    feed_end(r, parser);
}

/* Hands the reader's arrays over to a table. */
static enum err make_table(struct reader *r, struct csv_table **out)
{
    if (r->cols == 0) {
        return err_set(r->e, ERR_FORMAT, "%s: found no rows, expected a header",
                       r->name);
    }
    struct csv_table *t;
    TRY(mem_new(&t, 1, sizeof *t, r->name, r->e));
    t->cols = r->cols;
    t->rows = r->cell_len / r->cols - 1;
    t->header = r->cell;
    t->cell = r->cell + r->cols;
    t->pool = r->text;
    r->cell = NULL;
    r->text = NULL;
    *out = t;
    return OK;
}

enum err csv_parse_table(const char *data, size_t len, const char *name,
                         const struct csv_limits *lim, struct csv_table **out,
                         struct errinfo *e)
{
    const struct csv_limits usual = CSV_LIMITS_DEFAULT;
    struct reader r = {.name = name, .lim = lim ? lim : &usual, .e = e, .row = 1};
    if (len > r.lim->max_bytes) {
        return err_set(e, ERR_LIMIT, "%s: found %zu bytes, expected at most %zu", name,
                       len, r.lim->max_bytes);
    }
    if (len >= 3 && memcmp(data, BOM, 3) == 0) {
        data += 3;
        len -= 3;
    }
    r.text_cap = len + 1;
    TRY(mem_new(&r.text, r.text_cap, 1, name, e));
    struct csv_parser parser;
    r.rc = start(&parser, name, e);
    if (r.rc == OK) {
        feed(&r, &parser, data, len);
        csv_free(&parser);
    }
    if (r.rc == OK) {
        r.rc = make_table(&r, out);
    }
    mem_free(r.cell);
    mem_free(r.text);
    return r.rc;
}

enum err csv_load(const char *path, const struct csv_limits *lim,
                  struct csv_table **out, struct errinfo *e)
{
    const struct csv_limits usual = CSV_LIMITS_DEFAULT;
    char *data;
    size_t len;
    TRY(file_read(path, lim ? lim->max_bytes : usual.max_bytes, &data, &len, e));
    const enum err rc = csv_parse_table(data, len, path, lim, out, e);
    mem_free(data);
    return rc;
}

/* ---- row by row ---- */

#define HEADER_BYTES ((size_t)1 << 20)

static enum err no_column(const struct csv_table *t, const char *file, const char *name,
                          enum err code, struct errinfo *e)
{
    struct str has;
    str_init(&has, 300);
    for (size_t i = 0; i < t->cols; i++) {
        str_addf(&has, "%s%s", i > 0 ? ", " : "", t->header[i]);
    }
    (void)err_set(e, code, "%s: no column %s; it has %s%s", file, name, has.p,
                  has.err != OK ? ", ..." : "");
    str_free(&has);
    return code;
}

/* Finds the column of that name or number in the header read. */
static enum err find_column(const struct reader *r, const char *column, size_t *col)
{
    const struct csv_table t = {.cols = r->cols, .header = r->cell};
    const size_t digits = strspn(column, "0123456789");
    if (csv_col(&t, column) < 0 && digits > 0 && digits < 6 && column[digits] == '\0') {
        const size_t number = (size_t)strtoul(column, NULL, 10);
        if (number >= 1 && number <= r->cols) {
            *col = number - 1;
            return OK;
        }
        return err_set(r->e, ERR_MISSING, "%s: no column %zu; it has %zu", r->name,
                       number, r->cols);
    }
    return csv_col(&t, column) < 0 ? no_column(&t, r->name, column, ERR_MISSING, r->e)
                                   : csv_need_col(&t, r->name, column, col, r->e);
}

/* Returns where the piece that begins at `at` ends: after what may end a row. */
static size_t piece_end(const char *data, size_t len, size_t at)
{
    const size_t most = len - at < CHUNK ? len - at : CHUNK;
    const char *lf = memchr(data + at, '\n', most);
    const size_t n = lf ? (size_t)(lf - data) + 1 - at : most;
    const char *cr = memchr(data + at, '\r', n);
    return cr ? (size_t)(cr - data) + 1 : at + n;
}

struct each {
    const char *column;
    csv_visit *visit;
    void *user;
    size_t from; /* where the present row begins */
};

/* Called when a row has ended before data[end]. */
static void end_row(struct reader *r, struct each *x, size_t end)
{
    r->ended = false;
    if (r->row == 2) {
        r->rc = find_column(r, x->column, &r->col);
    } else {
        const struct csv_row row = {r->row - 1, x->from, end - x->from, r->field->p,
                                    r->field->len};
        r->rc = x->visit(&row, x->user, r->e);
    }
    x->from = end;
}

static void feed_rows(struct reader *r, struct csv_parser *parser, const char *data,
                      size_t len, struct each *x)
{
    for (size_t at = x->from, end = at; at < len && r->rc == OK; at = end) {
        end = piece_end(data, len, at);
        feed_piece(r, parser, data + at, end - at);
        if (r->rc == OK && r->ended) {
            end_row(r, x, end);
        }
    }
    feed_end(r, parser);
    if (r->rc == OK && r->ended) {
        end_row(r, x, len);
    }
    if (r->rc == OK && r->cols == 0) {
        r->rc =
            err_set(r->e, ERR_FORMAT, "%s: found no rows, expected a header", r->name);
    }
}

enum err csv_each(const char *data, size_t len, const char *name, const char *column,
                  csv_visit *visit, void *user, size_t *col, size_t *cols,
                  struct errinfo *e)
{
    struct csv_limits lim = CSV_LIMITS_DEFAULT;
    struct str field;
    lim.max_rows = SIZE_MAX;
    str_init(&field, lim.max_field + 1);
    struct reader r = {.name = name,
                       .lim = &lim,
                       .e = e,
                       .row = 1,
                       .text_cap = len < HEADER_BYTES ? len + 1 : HEADER_BYTES,
                       .field = &field};
    const bool bom = len >= 3 && memcmp(data, BOM, 3) == 0;
    struct each x = {column, visit, user, bom ? 3 : 0};
    struct csv_parser parser;
    TRY(mem_new(&r.text, r.text_cap, 1, name, e));
    r.rc = start(&parser, name, e);
    if (r.rc == OK) {
        feed_rows(&r, &parser, data, len, &x);
        csv_free(&parser);
    }
    *col = r.col;
    *cols = r.cols;
    mem_free(r.cell);
    mem_free(r.text);
    str_free(&field);
    return r.rc;
}

enum err csv_field(const char *row, size_t len, const char *name, size_t number,
                   size_t col, size_t cols, struct str *out, struct errinfo *e)
{
    const struct csv_limits lim = CSV_LIMITS_DEFAULT;
    struct str field;
    str_init(&field, lim.max_field + 1);
    struct reader r = {.name = name,
                       .lim = &lim,
                       .e = e,
                       .row = number,
                       .cols = cols,
                       .field = &field,
                       .col = col};
    struct csv_parser parser;
    r.rc = start(&parser, name, e);
    if (r.rc == OK) {
        feed(&r, &parser, row, len);
        csv_free(&parser);
    }
    if (r.rc == OK) {
        str_addn(out, field.p, field.len);
        r.rc = str_err(out, name, e);
    }
    str_free(&field);
    return r.rc;
}

void csv_free_table(struct csv_table *t)
{
    if (t) {
        mem_free(t->header); /* cell is its tail */
        mem_free(t->pool);
        mem_free(t);
    }
}

int csv_col(const struct csv_table *t, const char *name)
{
    for (size_t i = 0; i < t->cols; i++) {
        if (strcmp(t->header[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

enum err csv_need_col(const struct csv_table *t, const char *file, const char *name,
                      size_t *out, struct errinfo *e)
{
    const int col = csv_col(t, name);
    if (col < 0) {
        return no_column(t, file, name, ERR_FORMAT, e);
    }
    for (size_t i = (size_t)col + 1; i < t->cols; i++) {
        if (strcmp(t->header[i], name) == 0) {
            return err_set(e, ERR_FORMAT, "%s: columns %d and %zu are both named %s",
                           file, col + 1, i + 1, name);
        }
    }
    *out = (size_t)col;
    return OK;
}

const char *csv_at(const struct csv_table *t, size_t row, size_t col)
{
    return t->cell[row * t->cols + col];
}

void csv_add(struct str *s, const char *field, int first)
{
    if (!first) {
        str_addc(s, ',');
    }
    /* An empty first field is quoted, since a row of it alone would be a blank line,
     * which readers skip; and one that would pass for a byte order mark at a file's
     * start. */
    const bool quoted =
        strpbrk(field, ",\"\r\n") != NULL ||
        (first && (field[0] == '\0' || strncmp(field, BOM, sizeof BOM - 1) == 0));
    if (!quoted) {
        str_add(s, field);
        return;
    }
    str_addc(s, '"');
    for (const char *quote = strchr(field, '"'); quote; quote = strchr(field, '"')) {
        str_addn(s, field, (size_t)(quote - field) + 1);
        str_addc(s, '"');
        field = quote + 1;
    }
    str_add(s, field);
    str_addc(s, '"');
}

void csv_add_row(struct str *s, const char *const *field, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        csv_add(s, field[i], i == 0);
    }
    str_addc(s, '\n');
}
