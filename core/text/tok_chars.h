/* Properties of characters, as in the reference's language (Rust). Included only in
 * core/text. */
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
/* Returns whether c is a word character of its regular expressions (\w): letters,
 * marks, decimal digits, connectors, joiners. */
bool char_is_word(uint32_t c);

/* Return how many bytes of White_Space text[len] begins, or ends, with. */
size_t space_at_start(const char *text, size_t len);
size_t space_at_end(const char *text, size_t len);
/* Return the first and the last character; len >= 1. UTF8_INVALID if it is not
 * valid. */
uint32_t char_first(const char *text, size_t len);
uint32_t char_last(const char *text, size_t len);

/* Appends text[len] with U+FFFD for invalid UTF-8: one for each maximal part of a
 * character, as with Python's errors="replace". */
void text_repair(const char *text, size_t len, struct str *out);
bool text_is_valid(const char *text, size_t len);

#endif
