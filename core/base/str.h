/* A growing byte string with a declared maximum and a sticky error: append without
 * checking, look at str_err once at the end. Owner thread. */
#ifndef SAETOP_BASE_STR_H
#define SAETOP_BASE_STR_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct str {
    char *p;    /* NUL-terminated; never NULL after str_init */
    size_t len; /* bytes before the NUL */
    size_t cap;
    size_t max;
    enum err err; /* OK, ERR_NOMEM or ERR_LIMIT: set once, then appends do nothing */
};

void str_init(struct str *s, size_t max); /* no allocation until the first append */
void str_free(struct str *s);
void str_clear(struct str *s);           /* length 0, error cleared, memory kept */
void str_cut(struct str *s, size_t len); /* shorten to len bytes, at most its length */
void str_add(struct str *s, const char *text);
void str_addn(struct str *s, const char *bytes, size_t n);
void str_addc(struct str *s, char c);
/* Append n bytes for the caller to fill in; NULL with the sticky error set. */
char *str_extend(struct str *s, size_t n);
void str_addf(struct str *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Append words of text in lines of at most 80 columns, the first of which has `column`
 * already; further ones begin with `indent` spaces. A longer word has a line of its
 * own. Ends with a newline. */
void str_wrap(struct str *out, const char *text, size_t column, size_t indent);
/* The ending of a noun that counts n things: "" or "s". */
static inline const char *plural_s(uint64_t n)
{
    return n == 1 ? "" : "s";
}
/* Hand over the buffer (the caller calls mem_free); s is empty again. NULL on error. */
char *str_take(struct str *s);
/* OK, or the sticky error, reported in e with `what` named. */
enum err str_err(const struct str *s, const char *what, struct errinfo *e) ERR_CHECKED;

#endif
