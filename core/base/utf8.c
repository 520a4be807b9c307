#include "base/utf8.h"

#include <string.h>

struct range {
    uint32_t first, last;
};

/* In ascending order: beside controls, Cf (format) characters that reorder, hide or
 * break text. */
static const struct range unsafe_ranges[] = {
    {0x0000, 0x001F},   /* C0 */
    {0x007F, 0x009F},   /* DEL, C1 */
    {0x00AD, 0x00AD},   /* soft hyphen */
    {0x061C, 0x061C},   /* Arabic letter mark */
    {0x180E, 0x180E},   /* Mongolian vowel separator */
    {0x200B, 0x200F},   /* zero-width space, joiners, direction marks */
    {0x2028, 0x202E},   /* line and paragraph separator, embeddings, overrides */
    {0x2060, 0x206F},   /* word joiner, invisible operators, isolates */
    {0xFEFF, 0xFEFF},   /* byte order mark */
    {0xFFF9, 0xFFFB},   /* interlinear annotation */
    {0xE0000, 0xE007F}, /* tags */
};

bool utf8_is_unsafe(uint32_t cp)
{
    for (size_t i = 0; i < sizeof unsafe_ranges / sizeof unsafe_ranges[0]; i++) {
        if (cp <= unsafe_ranges[i].last) {
            return cp >= unsafe_ranges[i].first;
        }
    }
    return false;
}

size_t utf8_next(const char *s, size_t n, uint32_t *cp)
{
    const uint32_t lead = (unsigned char)s[0];
    if (lead < 0x80) {
        *cp = lead;
        return 1;
    }
    *cp = UTF8_INVALID;
    /* C0, C1 and F5.. can only begin overlong or too large sequences. */
    if (lead < 0xC2 || lead > 0xF4) {
        return 1;
    }
    const size_t len = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (len > n) {
        return 1;
    }
    uint32_t v = lead & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        const uint32_t c = (unsigned char)s[i];
        if ((c & 0xC0) != 0x80) {
            return 1;
        }
        v = v << 6 | (c & 0x3F);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (v < least[len] || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF)) {
        return 1;
    }
    *cp = v;
    return len;
}

size_t utf8_put(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    const size_t len = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (cp & 0x3F));
        cp >>= 6;
    }
    out[0] = (char)((0xF00u >> len & 0xFF) | cp);
    return len;
}

size_t utf8_clip(const char *s, size_t n, size_t max)
{
    if (n <= max) {
        return n;
    }
    /* A lead byte is never inside another sequence, so looking back from max for one
     * whose sequence reaches beyond it agrees with decoding from the start. */
    for (size_t back = 1; back <= 3 && back <= max; back++) {
        uint32_t cp;
        if (utf8_next(s + max - back, n - (max - back), &cp) > back) {
            return max - back;
        }
    }
    return max;
}

void utf8_escape(struct str *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        const size_t len = utf8_next(s + i, n - i, &cp);
        if (cp == '\n') {
            str_add(out, "\\n");
        } else if (cp == '\t') {
            str_add(out, "\\t");
        } else if (cp == UTF8_INVALID || cp < 0x20 || cp == 0x7F) {
            str_addf(out, "\\x%02x", (unsigned)(unsigned char)s[i]);
        } else if (utf8_is_unsafe(cp)) {
            str_addf(out, "\\u{%04x}", (unsigned)cp);
        } else {
            str_addn(out, s + i, len);
        }
        i += len;
    }
}

void utf8_escape_lines(struct str *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        const char *end = memchr(s + i, '\n', n - i);
        const size_t len = end ? (size_t)(end - (s + i)) : n - i;
        utf8_escape(out, s + i, len);
        if (end) {
            str_addc(out, '\n');
        }
        i += len + (end ? 1 : 0);
    }
}
