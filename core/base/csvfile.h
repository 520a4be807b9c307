/* CSV through libcsv: a table with a header. Any thread. (csv_parse and csv_free are
 * libcsv's own names; ours are csv_parse_table and csv_free_table.) */
#ifndef SAETOP_BASE_CSVFILE_H
#define SAETOP_BASE_CSVFILE_H

#include "base/err.h"
#include "base/str.h"

#include <stddef.h>

struct csv_limits {
    size_t max_bytes; /* of the file */
    size_t max_rows;
    size_t max_field; /* bytes of one field */
};
#define CSV_LIMITS_DEFAULT ((struct csv_limits){512u << 20, 20000000, 16u << 20})

struct csv_table {
    size_t cols, rows; /* rows without the header */
    char **header;     /* [cols] */
    char **cell;       /* [rows * cols], row-major, each NUL-terminated */
    char *pool;        /* owns all text */
};

/* Read a table: every row must have as many fields as the header. Error lines name file
 * and row (the header is row 1). A UTF-8 byte order mark is skipped. */
enum err csv_load(const char *path, const struct csv_limits *lim,
                  struct csv_table **out, struct errinfo *e) ERR_CHECKED;
enum err csv_parse_table(const char *data, size_t len, const char *name,
                         const struct csv_limits *lim, struct csv_table **out,
                         struct errinfo *e) ERR_CHECKED;
void csv_free_table(struct csv_table *t);

/* Column of that exact name, or -1. */
int csv_col(const struct csv_table *t, const char *name);
/* Column of that name, or ERR_FORMAT "FILE: no column NAME; it has a, b, c". */
enum err csv_need_col(const struct csv_table *t, const char *file, const char *name,
                      size_t *out, struct errinfo *e) ERR_CHECKED;
const char *csv_at(const struct csv_table *t, size_t row, size_t col);

/* A row of a table that is read once, row by row. */
struct csv_row {
    size_t number;    /* in the file; the header is row 1 */
    size_t at, len;   /* its bytes, from the beginning of data */
    const char *text; /* the field of the column, without a NUL */
    size_t text_len;
};
typedef enum err csv_visit(const struct csv_row *row, void *user, struct errinfo *e);
/* Visit one column of a table of any size; what was read is not kept. `column`: its
 * name, or its number from 1 if no column has that name. *col, *cols: its place from 0
 * and the number of columns, both for csv_field. Checks and errors as csv_load,
 * ERR_MISSING if there is no such column; ends with the first error of visit. Memory: a
 * row. */
enum err csv_each(const char *data, size_t len, const char *name, const char *column,
                  csv_visit *visit, void *user, size_t *col, size_t *cols,
                  struct errinfo *e) ERR_CHECKED;
/* Append to out the field of column `col` from the bytes of one row. */
enum err csv_field(const char *row, size_t len, const char *name, size_t number,
                   size_t col, size_t cols, struct str *out,
                   struct errinfo *e) ERR_CHECKED;

/* Append one field, quoted where RFC 4180 asks for it; `first` omits the comma. */
void csv_add(struct str *s, const char *field, int first);
/* Append a row of n fields and a newline; CSV_ROW(s, "a", "b") one of those given. */
void csv_add_row(struct str *s, const char *const *field, size_t n);
#define CSV_ROW(s, ...)                                                                \
    csv_add_row(s, (const char *const[]){__VA_ARGS__},                                 \
                sizeof(const char *const[]){__VA_ARGS__} / sizeof(const char *))

#endif
