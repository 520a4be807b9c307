/* A filter over rows of a table, as typed after `&`:
 *
 *   expression  = term { ["&"] term }          all must hold
 *   term        = piece { "|" piece }          one must hold
 *   piece       = ["!"] ( field op number | field is text | flag | "/" regex "/" |
 *                         text )
 *   text        = word | "quoted"
 *   op          = ">" ">=" "<" "<=" "=" "!="
 *   is          = "=" "!="                    the field's text contains it
 *
 * A word is looked for in the row's texts, ignoring case; a parenthesis must be in
 * quotes. In quotes \" is a quote and \\ a backslash. regex is POSIX extended with \w
 * \s \b; \/ is a slash and \\ a backslash. A value that was not measured is neither
 * greater nor less. A filter_kind says what the rows are. UI thread. */
#ifndef SAETOP_UI_FILTER_H
#define SAETOP_UI_FILTER_H

#include "session/view.h"
#include "ui/lineedit.h"
#include "ui/list.h"

#include <stdbool.h>
#include <stddef.h>

struct filter;
struct filter_piece;
/* Bytes that a message needs. */
enum { FILTER_MESSAGE = 240 };

/* What a kind of row has to filter by. `asked` is the row, of the kind's own type. */
struct filter_kind {
    /* The field that a word of len bytes names, and whether that is a flag; -1:
     * none. */
    int (*field)(const char *text, size_t len, bool *flag);
    void (*words)(char *out, size_t cap); /* fields and flags, for a message */
    double (*number)(int field, const void *asked); /* a flag above 0 is set */
    bool (*text)(struct filter_piece *p,
                 const void *asked); /* whether one of its texts matches */
    /* Whether a field is a text, and whether that text matches the piece. NULL: no
     * field is. */
    bool (*is_text)(int field);
    bool (*has)(struct filter_piece *p, int field, const void *asked);
};

/* Compile text; returns NULL, with *at (byte) and message[cap], if it is malformed or
 * memory is out. An empty text compiles, and every row passes. */
struct filter *filter_new(const struct filter_kind *kind, const char *text, size_t *at,
                          char *message, size_t cap);
/* A filter that passes rows in which `text`, whatever characters it has, is found as a
 * word. NULL: out of memory. */
struct filter *filter_new_word(const struct filter_kind *kind, const char *text);
void filter_free(struct filter *f); /* NULL is fine */
bool filter_holds(struct filter *f, const void *asked);

/* The filter of a screen. Zeroed, it lets everything through. */
struct filter_line {
    char text[LINE_CAP];        /* in force */
    struct filter *compiled;    /* NULL: everything passes */
    char was[LINE_CAP];         /* before the prompt was opened */
    struct list_view rows_were; /* likewise */
    char error[FILTER_MESSAGE]; /* in what is being typed; "": none */
    size_t error_at;
};
/* Apply a filter text; false: it is malformed, and the filter before it stays. */
bool filter_line_set(struct filter_line *l, const struct filter_kind *kind,
                     const char *text);
/* Write "unknown field: ... (column 3)", or "". */
void filter_line_error(const struct filter_line *l, char *out, size_t cap);
/* Whether the row passes. */
bool filter_line_holds(const struct filter_line *l, const void *asked);
void filter_line_deinit(struct filter_line *l);

/* Whether `text` is in `in`, ignoring the case of ASCII letters. */
bool filter_text_in(const char *in, const char *text);

/* ---- for a filter_kind ---- */

/* Returns the nth piece "field=..." of a field, without a !; NULL beyond the last. */
struct filter_piece *filter_piece_of(struct filter *f, int field, size_t nth);
/* Whether a text, or a token's text, matches the piece. Answers for tokens are
 * remembered: `names` must stay the same. */
bool filter_piece_text(const struct filter_piece *p, const char *text);
bool filter_piece_token(struct filter_piece *p, const struct names *names,
                        int32_t token);
/* Whether the piece may look for a number: most do not, and writing a row's numbers as
 * text takes longer than all else. */
bool filter_piece_may_be_number(const struct filter_piece *p);
/* Where the answer for thing `at` of n things of a sort is kept: 0 not asked, 1 no, 2
 * yes. NULL: it cannot be kept. */
enum { FILTER_BY_TOKEN, FILTER_BY_MATCH, FILTER_MEMOS };
uint8_t *filter_piece_memo(struct filter_piece *p, size_t memo, size_t n, size_t at);

#endif
