#include "base/markdown.h"

#include "base/utf8.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define TABLE_BYTES ((size_t)64 << 20)

/* ---- text ---- */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || ((unsigned char)c & 0x80u);
}

/* Whether the character at i would be taken for mark-up. An underscore inside a word is
 * not: names of hooks are full of them. */
static bool is_markup(const char *s, size_t i)
{
    if (s[i] == '_') {
        return !(i > 0 && is_word(s[i - 1]) && is_word(s[i + 1]));
    }
    return strchr("\\`*[]<>|&~$", s[i]) != NULL;
}

void md_text(struct str *out, const char *text)
{
    struct str flat, safe;
    bool blank = false;
    str_init(&flat, out->max);
    str_init(&safe, out->max);
    for (const char *c = text; *c; c++) {
        const bool gap = *c == ' ' || *c == '\t' || *c == '\n' || *c == '\r';
        if (!gap || !blank) {
            str_addc(&flat, gap ? ' ' : *c);
        }
        blank = gap;
    }
    utf8_escape(&safe, flat.p, flat.len);
    for (size_t i = 0; i < safe.len; i++) {
        if (is_markup(safe.p, i)) {
            str_addc(out, '\\');
        }
        str_addc(out, safe.p[i]);
    }
    md_end(&flat, out);
    md_end(&safe, out);
}

void md_again(struct str *piece)
{
    const enum err kept = piece->err;
    str_clear(piece);
    piece->err = kept;
}

void md_end(struct str *piece, struct str *whole)
{
    if (whole->err == OK) {
        whole->err = piece->err;
    }
    str_free(piece);
}

/* ---- columns ---- */

static size_t columns(const char *s, size_t n)
{
    size_t cols = 0;
    for (size_t i = 0; i < n; i++) {
        cols += ((unsigned char)s[i] & 0xC0u) != 0x80u ? 1 : 0;
    }
    return cols;
}

static void add_blanks(struct str *out, size_t n)
{
    while (n-- > 0) {
        str_addc(out, ' ');
    }
}

/* Where in word[n], which begins a line, a backslash must go to keep it a mere word; n:
 * nowhere. */
static size_t first_escape(const char *word, size_t n)
{
    size_t digits = 0;
    while (digits < n && isdigit((unsigned char)word[digits])) {
        digits++;
    }
    if (digits > 0 && digits + 1 == n && (word[digits] == '.' || word[digits] == ')')) {
        return digits;
    }
    bool rule = n > 0; /* a line of one of these underlines or divides */
    for (size_t i = 0; i < n; i++) {
        rule &= strchr("-+=_", word[i]) != NULL && word[i] == word[0];
    }
    return rule || (n > 0 && strchr("#>", word[0])) ? 0 : n;
}

void md_wrap(struct str *out, const char *text, const char *first, const char *rest,
             size_t width)
{
    size_t at = columns(first, strlen(first));
    bool fresh = true; /* nothing on this line yet */
    str_add(out, first);
    for (const char *w = text + strspn(text, " "); *w;) {
        const size_t n = strcspn(w, " ");
        const size_t need = columns(w, n);
        if (!fresh && at + 1 + need > width) {
            str_addf(out, "\n%s", rest);
            at = columns(rest, strlen(rest));
            fresh = true;
        }
        if (!fresh) {
            str_addc(out, ' ');
            at++;
        }
        const size_t cut = fresh ? first_escape(w, n) : n;
        str_addn(out, w, cut);
        if (cut < n) {
            str_addc(out, '\\');
            str_addn(out, w + cut, n - cut);
        }
        at += need + (cut < n ? 1 : 0);
        fresh = false;
        w += n + strspn(w + n, " ");
    }
    str_addc(out, '\n');
}

/* ---- tables ---- */

void md_table_init(struct md_table *t, const char *align)
{
    const size_t cols = strlen(align);
    *t = (struct md_table){.cols = cols < MD_COLS_MAX ? cols : MD_COLS_MAX,
                           .align = align};
    str_init(&t->cells, TABLE_BYTES);
}

void md_table_free(struct md_table *t)
{
    str_free(&t->cells);
}

void md_cell(struct md_table *t, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    str_add(&t->cells, text);
    str_addc(&t->cells, '\0');
    t->n++;
}

void md_cell_text(struct md_table *t, const char *text)
{
    md_text(&t->cells, text);
    str_addc(&t->cells, '\0');
    t->n++;
}

static void add_rule(const struct md_table *t, const size_t *width, struct str *out)
{
    for (size_t c = 0; c < t->cols; c++) {
        str_add(out, "|-");
        for (size_t i = 0; i < width[c]; i++) {
            str_addc(out, '-');
        }
        str_addc(out, t->align[c] == 'r' ? ':' : '-');
    }
    str_add(out, "|\n");
}

static void print_table(const struct md_table *t, struct str *out)
{
    size_t width[MD_COLS_MAX];
    for (size_t c = 0; c < t->cols; c++) {
        width[c] = 1;
    }
    const char *cell = t->cells.p;
    for (size_t i = 0; i < t->n; i++, cell += strlen(cell) + 1) {
        const size_t w = columns(cell, strlen(cell));
        width[i % t->cols] = w > width[i % t->cols] ? w : width[i % t->cols];
    }
    cell = t->cells.p;
    for (size_t i = 0; i < t->n; i++, cell += strlen(cell) + 1) {
        const size_t c = i % t->cols;
        const size_t pad = width[c] - columns(cell, strlen(cell));
        str_add(out, c == 0 ? "| " : " | ");
        add_blanks(out, t->align[c] == 'r' ? pad : 0);
        str_add(out, cell);
        add_blanks(out, t->align[c] == 'r' ? 0 : pad);
        str_add(out, c + 1 == t->cols ? " |\n" : "");
        if (i + 1 == t->cols) {
            add_rule(t, width, out);
        }
    }
}

enum err md_table_end(struct md_table *t, struct str *out, struct errinfo *e)
{
    while (t->n % t->cols != 0) {
        md_cell(t, "%s", "");
    }
    const enum err rc = str_err(&t->cells, "table", e);
    if (rc == OK) {
        print_table(t, out);
    }
    md_table_free(t);
    return rc;
}
