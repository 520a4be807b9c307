/* Any bytes: decoding advances and re-encodes to itself, clipping cuts between code
 * points, and what is escaped holds nothing that disturbs a terminal. */
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_clip(const char *s, size_t n, size_t max)
{
    const size_t clip = utf8_clip(s, n, max);
    size_t at = 0;
    for (size_t next = 0; next < n;) {
        uint32_t cp;
        next += utf8_next(s + next, n - next, &cp);
        if (next > max) {
            break;
        }
        at = next;
    }
    if (clip != at) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *s = (const char *)data;
    for (size_t i = 0; i < size;) {
        uint32_t cp;
        char back[4];
        const size_t n = utf8_next(s + i, size - i, &cp);
        if (n < 1 || n > size - i || (cp == UTF8_INVALID && n != 1) ||
            (cp != UTF8_INVALID &&
             (utf8_put(cp, back) != n || memcmp(back, s + i, n) != 0))) {
            abort();
        }
        i += n;
    }
    for (size_t max = 0; max <= size && max < 40; max++) {
        check_clip(s, size, max);
    }
    struct str out;
    str_init(&out, (size_t)64 << 20);
    utf8_escape(&out, s, size);
    for (size_t i = 0; i < out.len;) {
        uint32_t cp;
        i += utf8_next(out.p + i, out.len - i, &cp);
        if (cp == UTF8_INVALID || utf8_is_unsafe(cp)) {
            abort();
        }
    }
    str_free(&out);
    return 0;
}
