#include "text/tok_chars.h"

#include "base/utf8.h"

#include <utf8proc.h>

bool char_is_word(uint32_t c)
{
    if (c < 128) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9') || c == '_';
    }
    if (c == UTF8_INVALID) {
        return false;
    }
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC: return true;
    default: /* Other_Alphabetic beyond these: letters in circles and squares */
        return c == 0x200C || c == 0x200D || (c >= 0x24B6 && c <= 0x24E9) ||
               (c >= 0x1F130 && c <= 0x1F149) || (c >= 0x1F150 && c <= 0x1F169) ||
               (c >= 0x1F170 && c <= 0x1F189);
    }
}

uint32_t char_first(const char *text, size_t len)
{
    uint32_t c = 0;
    (void)utf8_next(text, len, &c);
    return c;
}

/* Returns where the last character begins. */
static size_t last_start(const char *text, size_t len)
{
    size_t i = len - 1;
    while (i > 0 && len - i < 4 && ((unsigned char)text[i] & 0xC0) == 0x80) {
        i--;
    }
    uint32_t c = 0;
    return i + utf8_next(text + i, len - i, &c) == len ? i : len - 1;
}

uint32_t char_last(const char *text, size_t len)
{
    const size_t i = last_start(text, len);
    return char_first(text + i, len - i);
}

size_t space_at_start(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len) {
        uint32_t c = 0;
        const size_t n = utf8_next(text + i, len - i, &c);
        if (!char_is_space(c)) {
            break;
        }
        i += n;
    }
    return i;
}

size_t space_at_end(const char *text, size_t len)
{
    size_t end = len;
    while (end > 0 && char_is_space(char_last(text, end))) {
        end = last_start(text, end);
    }
    return len - end;
}

bool text_is_valid(const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t c = 0;
        i += utf8_next(text + i, len - i, &c);
        if (c == UTF8_INVALID) {
            return false;
        }
    }
    return true;
}

/* Returns the bytes of the maximal part of a character that invalid text[len] begins
 * with: as many as a character could begin with (Unicode 3.9, table 3-7). */
static size_t broken_part(const unsigned char *s, size_t len)
{
    const unsigned char b = s[0];
    const size_t need = b >= 0xC2 && b <= 0xDF   ? 2
                        : b >= 0xE0 && b <= 0xEF ? 3
                        : b >= 0xF0 && b <= 0xF4 ? 4
                                                 : 1;
    const unsigned char low = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF;
    size_t n = 1;
    while (n < need && n < len && s[n] >= (n == 1 ? low : 0x80) &&
           s[n] <= (n == 1 ? high : 0xBF)) {
        n++;
    }
    return n;
}

void text_repair(const char *text, size_t len, struct str *out)
{
    size_t from = 0;
    for (size_t i = 0; i < len;) {
        uint32_t c = 0;
        const size_t n = utf8_next(text + i, len - i, &c);
        if (c != UTF8_INVALID) {
            i += n;
            continue;
        }
        str_addn(out, text + from, i - from);
        str_add(out, "\xEF\xBF\xBD");
        i += broken_part((const unsigned char *)text + i, len - i);
        from = i;
    }
    str_addn(out, text + from, len - from);
}
