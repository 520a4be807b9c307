/* A filter over rows of a table, as typed after `&`:
 *
 *   expression  = term { ["&"] term }          all of them hold
 *   term        = piece { "|" piece }          one of them holds
 *   piece       = ["!"] ( field op number | field is text | flag | "/" regex "/" |
 *                         text )
 *   text        = word | "quoted"
 *   op          = ">" ">=" "<" "<=" "=" "!="
 *   is          = "=" "!="                    the field's text has it in it
 *
 * A word is looked for in the row's texts, in any case of letters; a parenthesis only
 * in quotes. In quotes \" is a quote and \\ a backslash. regex is POSIX extended with
 * \w \s \b; \/ is a slash and \\ a backslash. A value that was not measured is neither
 * greater nor less. What rows there are says a filter_kind. UI thread. */
#ifndef SAETOP_UI_FILTER_H
#define SAETOP_UI_FILTER_H

#include "session/view.h"
#include "ui/lineedit.h"
#include "ui/list.h"

#include <stdbool.h>
#include <stddef.h>

struct filter;
struct filter_piece;
/* Room that a message needs. */
enum { FILTER_MESSAGE = 240 };

/* `asked` is the row, of a type of the kind's own. */
struct filter_kind {
    /* The field that a word of len bytes names, and whether it is a flag; -1: none. */
    int (*field)(const char *text, size_t len, bool *flag);
    void (*words)(char *out, size_t cap); /* all fields and flags, for a message */
    double (*number)(int field, const void *asked); /* of a flag above 0: it is set */
    bool (*text)(struct filter_piece *p,
                 const void *asked); /* one of its texts has it */
    /* Fields that are a text, and whether it has what the piece looks for. NULL: there
     * are none. */
    bool (*is_text)(int field);
    bool (*has)(struct filter_piece *p, int field, const void *asked);
};

/* Compile text; NULL with *at (byte) and message[cap] when it is malformed or memory is
 * out. An empty text compiles and holds everywhere. */
struct filter *filter_new(const struct filter_kind *kind, const char *text, size_t *at,
                          char *message, size_t cap);
/* Holds where `text`, whatever its signs, is found as a word. NULL: out of memory. */
struct filter *filter_new_word(const struct filter_kind *kind, const char *text);
void filter_free(struct filter *f); /* NULL is fine */
bool filter_holds(struct filter *f, const void *asked);

/* The filter of a screen: zeroed, it lets everything through. */
struct filter_line {
    char text[LINE_CAP];        /* in force */
    struct filter *compiled;    /* NULL: everything */
    char was[LINE_CAP];         /* before the prompt was opened */
    struct list_view rows_were; /* likewise */
    char error[FILTER_MESSAGE]; /* of what is being typed; "": nothing is wrong */
    size_t error_at;
};
/* Put a text into force; false: it is malformed, and the one before stays. */
bool filter_line_set(struct filter_line *l, const struct filter_kind *kind,
                     const char *text);
/* "unknown field: ... (column 3)", or "". */
void filter_line_error(const struct filter_line *l, char *out, size_t cap);
/* Whether the row passes. */
bool filter_line_holds(const struct filter_line *l, const void *asked);
void filter_line_deinit(struct filter_line *l);

/* Whether `text` is in `in`, letters of ASCII in any case. */
bool filter_text_in(const char *in, const char *text);

/* ---- for a kind ---- */

/* The nth piece "field=..." of a field, without a !; NULL beyond the last. */
struct filter_piece *filter_piece_of(struct filter *f, int field, size_t nth);
/* Whether a text, or a token's, has what the piece looks for. Of tokens it remembers
 * the answers: `names` must stay the same. */
bool filter_piece_text(const struct filter_piece *p, const char *text);
bool filter_piece_token(struct filter_piece *p, const struct names *names,
                        int32_t token);
/* Whether the text may be meant as a number: most are not, and writing numbers takes
 * longer than all else. */
bool filter_piece_may_be_number(const struct filter_piece *p);
/* Where an answer may be kept, 0 not asked, 1 no, 2 yes, for each of n things of a
 * sort; NULL: nowhere. */
enum { FILTER_BY_TOKEN, FILTER_BY_MATCH, FILTER_MEMOS };
uint8_t *filter_piece_memo(struct filter_piece *p, size_t memo, size_t n, size_t at);

#endif
