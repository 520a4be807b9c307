#include "base/remarks.h"

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void remarks_add(struct remarks *r, const char *fmt, ...)
{
    char text[REMARK_TEXT];
    struct errinfo safe;
    va_list ap;
    if (r->n == REMARKS_MAX) {
        return;
    }
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    (void)err_set(&safe, OK, "%s", text);
    snprintf(r->line[r->n++], REMARK_TEXT, "%.*s", REMARK_TEXT - 1, safe.msg);
}

void remarks_append(struct remarks *r, const struct remarks *more)
{
    for (size_t i = 0; i < more->n && r->n < REMARKS_MAX; i++) {
        memcpy(r->line[r->n++], more->line[i], REMARK_TEXT);
    }
}

const char *remarks_line(const struct remarks *r, char *buf, size_t cap)
{
    size_t at = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < r->n && at < cap; i++) {
        const int n =
            snprintf(buf + at, cap - at, "%s%s", i > 0 ? "; " : "", r->line[i]);
        at += n > 0 ? (size_t)n : 0;
    }
    return buf;
}
