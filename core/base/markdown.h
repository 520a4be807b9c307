/* Markdown that also reads well in a terminal: text escaped, paragraphs wrapped, tables
 * aligned. Columns are counted in code points. Owner thread. */
#ifndef SAETOP_BASE_MARKDOWN_H
#define SAETOP_BASE_MARKDOWN_H

#include "base/str.h"

/* Append text of unknown origin so that it shows as it is, in a paragraph, a heading or
 * a table: what Markdown would take for mark-up gets a backslash, blanks and line ends
 * become one blank, and what disturbs a terminal is escaped as by utf8_escape. */
void md_text(struct str *out, const char *text);

/* Append Markdown `text` wrapped at blanks to `width` columns, the first line after
 * `first` ("- "), further ones after `rest` ("  "), with a newline at the end. A word
 * that the wrapping would turn into a list item, a heading or a quote gets a backslash.
 */
void md_wrap(struct str *out, const char *text, const char *first, const char *rest,
             size_t width);

/* Pieces that a text is put together from. md_again empties one for reuse but keeps its
 * sticky error, which str_clear does not; md_end frees it and hands that error on to
 * `whole`, unless that has one already. */
void md_again(struct str *piece);
void md_end(struct str *piece, struct str *whole);

/* A table, filled row by row from its heading on. Errors stick to `cells`. */
#define MD_COLS_MAX 40
struct md_table {
    size_t cols, n;    /* columns; cells so far */
    const char *align; /* 'l' or 'r' for each column */
    struct str cells;  /* one after another, each with a NUL */
};
/* Start a table with a column for each letter of `align`, which must outlive it. */
void md_table_init(struct md_table *t, const char *align);
void md_table_free(struct md_table *t);
/* Add the next cell: Markdown as it stands, or text of unknown origin. */
void md_cell(struct md_table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void md_cell_text(struct md_table *t, const char *text);
/* Append the table; a last row that is not full is filled up. Frees its memory. */
enum err md_table_end(struct md_table *t, struct str *out,
                      struct errinfo *e) ERR_CHECKED;

#endif
