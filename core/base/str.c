#include "base/str.h"

#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* p points here while nothing is allocated (cap 0); never written to. */
static const char str_empty[1] = "";

void str_init(struct str *s, size_t max)
{
    *s = (struct str){.p = (char *)(uintptr_t)str_empty, .max = max};
}

void str_free(struct str *s)
{
    if (s->cap > 0) {
        mem_free(s->p);
    }
    str_init(s, s->max);
}

void str_clear(struct str *s)
{
    s->err = OK;
    str_cut(s, 0);
}

void str_cut(struct str *s, size_t len)
{
    if (s->cap > 0 && len <= s->len) {
        s->len = len;
        s->p[len] = '\0';
    }
}

/* Makes room for n more bytes and the NUL; on failure false, with the sticky error
 * set. */
static bool reserve(struct str *s, size_t n)
{
    /* str_init was called, and nobody wrote past the end. */
    assert(s->p && s->len <= s->max && s->p[s->len] == '\0');
    assert(s->cap > 0 ? s->len < s->cap : s->len == 0);
    if (s->err != OK) {
        return false;
    }
    if (n > s->max || s->len > s->max - n || s->max == SIZE_MAX) {
        s->err = ERR_LIMIT;
        return false;
    }
    char *p = s->cap > 0 ? s->p : NULL;
    s->err = mem_grow(&p, &s->cap, s->len + n + 1, 1, s->max + 1, NULL);
    if (p) {
        s->p = p;
    }
    return s->err == OK;
}

char *str_extend(struct str *s, size_t n)
{
    if (!reserve(s, n)) {
        return NULL;
    }
    char *at = s->p + s->len;
    s->len += n;
    s->p[s->len] = '\0';
    return at;
}

void str_addn(struct str *s, const char *bytes, size_t n)
{
    char *at = n > 0 ? str_extend(s, n) : NULL;
    if (at) {
        memcpy(at, bytes, n);
    }
}

void str_add(struct str *s, const char *text)
{
    str_addn(s, text, strlen(text));
}

void str_addc(struct str *s, char c)
{
    str_addn(s, &c, 1);
}

void str_addf(struct str *s, const char *fmt, ...)
{
    char small[256];
    va_list args;
    va_list again;
    va_start(args, fmt);
    va_copy(again, args);
    const int n = vsnprintf(small, sizeof small, fmt, args);
    va_end(args);
    if (n < 0) {
        if (s->err == OK) {
            s->err = ERR_NOMEM;
        }
    } else if ((size_t)n < sizeof small) {
        str_addn(s, small, (size_t)n);
    } else if (reserve(s, (size_t)n)) {
        vsnprintf(s->p + s->len, (size_t)n + 1, fmt, again);
        s->len += (size_t)n;
    }
    va_end(again);
}

char *str_take(struct str *s)
{
    if (s->err != OK) {
        return NULL;
    }
    char *p = s->cap > 0 ? s->p : mem_strdup("");
    if (p) {
        str_init(s, s->max);
    }
    return p;
}

#define WRAP_WIDTH 80

void str_wrap(struct str *out, const char *text, size_t column, size_t indent)
{
    size_t gap = 0;
    for (const char *p = text; *p != '\0';) {
        const size_t word = strcspn(p, " ");
        if (p != text && column + gap + word > WRAP_WIDTH) {
            str_addf(out, "\n%*s", (int)indent, "");
            column = indent;
            gap = 0;
        }
        str_addf(out, "%*s", (int)gap, "");
        str_addn(out, p, word);
        column += gap + word;
        p += word;
        gap = strspn(p, " ");
        p += gap;
    }
    str_addc(out, '\n');
}

enum err str_err(const struct str *s, const char *what, struct errinfo *e)
{
    if (s->err == ERR_LIMIT) {
        return err_set(e, ERR_LIMIT, "%s: longer than %zu bytes", what, s->max);
    }
    if (s->err != OK) {
        return err_set(e, s->err, "%s: %s", what, err_text(s->err));
    }
    return OK;
}
