/* Questions about characters, as the reference's language (Rust) answers them. Included
 * in core/text only. */
#ifndef SAETOP_TEXT_TOK_CHARS_H
#define SAETOP_TEXT_TOK_CHARS_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Unicode's White_Space. */
static inline bool char_is_space(uint32_t c)
{
    return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}
/* A word character of its regular expressions (\w): letters, marks, decimal digits,
 * connectors, joiners. */
bool char_is_word(uint32_t c);

/* Bytes of White_Space that text[len] begins, or ends, with. */
size_t space_at_start(const char *text, size_t len);
size_t space_at_end(const char *text, size_t len);
/* The first and the last character; len >= 1. UTF8_INVALID if it is none. */
uint32_t char_first(const char *text, size_t len);
uint32_t char_last(const char *text, size_t len);

/* Append text[len] with U+FFFD for what is not valid UTF-8: one for each maximal part
 * of a character, as Python's errors="replace". */
void text_repair(const char *text, size_t len, struct str *out);
bool text_is_valid(const char *text, size_t len);

#endif
