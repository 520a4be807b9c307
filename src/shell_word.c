#include "shell_word.h"

#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

static bool is_plain(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_-+=./:,@%";
    return text[0] && text[strspn(text, plain)] == '\0';
}

/* The bytes of the code point at text[i] of n; *show: whether it may be shown. */
static size_t next(const char *text, size_t i, size_t n, bool *show)
{
    uint32_t cp = 0;
    const size_t len = utf8_next(text + i, n - i, &cp);
    *show = cp != UTF8_INVALID && !utf8_is_unsafe(cp);
    return len;
}

static bool is_shown(const char *text, size_t n)
{
    bool show = true;
    for (size_t i = 0; i < n && show;) {
        i += next(text, i, n, &show);
    }
    return show;
}

static void add_octal(struct str *out, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        str_addf(out, "\\%03o", (unsigned)(unsigned char)bytes[i]);
    }
}

static void add_escaped(struct str *out, const char *text, size_t n)
{
    str_add(out, "$'");
    for (size_t i = 0; i < n;) {
        bool show = false;
        const size_t len = next(text, i, n, &show);
        if (show && text[i] != '\'' && text[i] != '\\') {
            str_addn(out, text + i, len);
        } else {
            add_octal(out, text + i, len);
        }
        i += len;
    }
    str_addc(out, '\'');
}

void shell_word_add(struct str *out, const char *text)
{
    const size_t n = strlen(text);
    if (is_plain(text)) {
        str_add(out, text);
        return;
    }
    if (!is_shown(text, n)) {
        add_escaped(out, text, n);
        return;
    }
    str_addc(out, '\'');
    for (const char *c = text; *c; c++) {
        if (*c == '\'') {
            str_add(out, "'\\''");
        } else {
            str_addc(out, *c);
        }
    }
    str_addc(out, '\'');
}
