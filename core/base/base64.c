#include "base/base64.h"

void base64_add(struct str *out, const void *bytes, size_t n)
{
    static const char letter[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = bytes;
    for (size_t i = 0; i < n; i += 3) {
        const size_t have = n - i < 3 ? n - i : 3;
        const uint32_t b = (uint32_t)p[i] << 16 |
                           (have > 1 ? (uint32_t)p[i + 1] << 8 : 0u) |
                           (have > 2 ? (uint32_t)p[i + 2] : 0u);
        str_addc(out, letter[b >> 18]);
        str_addc(out, letter[b >> 12 & 63]);
        str_addc(out, have > 1 ? letter[b >> 6 & 63] : '=');
        str_addc(out, have > 2 ? letter[b & 63] : '=');
    }
}
