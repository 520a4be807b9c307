/* UTF-8, and text made safe for a terminal. Any thread. */
#ifndef SAETOP_BASE_UTF8_H
#define SAETOP_BASE_UTF8_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decode one code point of s[n], n >= 1, to *cp and return its length, 1..4; for an
 * invalid, overlong or surrogate sequence *cp = UTF8_INVALID and length 1. */
#define UTF8_INVALID 0xFFFFFFFFu
size_t utf8_next(const char *s, size_t n, uint32_t *cp);
/* Encode cp to out[4] and return the length. cp must be a valid scalar value. */
size_t utf8_put(uint32_t cp, char out[4]);
/* Length of the longest prefix of s[n] that is at most max bytes and whole code points.
 */
size_t utf8_clip(const char *s, size_t n, size_t max);

/* Whether cp could disturb a terminal or mislead a reader: C0 and C1 controls, DEL,
 * bidirectional and zero-width format characters, line separators. */
bool utf8_is_unsafe(uint32_t cp);

/* Append s[n] as printable text: control bytes and invalid bytes as \xNN, newline \n,
 * tab \t; C1 controls, bidirectional and zero-width format characters as \u{NNNN}. */
void utf8_escape(struct str *out, const char *s, size_t n);
/* The same for text of several lines: newlines stay. */
void utf8_escape_lines(struct str *out, const char *s, size_t n);

#endif
