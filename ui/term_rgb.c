#include "ui/term_rgb.h"

#include <stdio.h>
#include <string.h>

int rgb_number(struct rgb_palette *p, uint32_t rgb)
{
    size_t i = 0;
    while (i < p->n && p->rgb[i] != rgb) {
        i++;
    }
    if (i == p->n && p->n < RGB_COLORS) {
        p->rgb[p->n++] = rgb;
    }
    return RGB_FIRST + (int)(i < RGB_COLORS ? i : RGB_COLORS - 1);
}

size_t rgb_turn(const struct rgb_palette *p, const char *bytes, size_t n,
                char out[RGB_TO], size_t *n_out)
{
    enum { LEAD = 7 }; /* ESC [ 3 8 ; 5 ; */
    size_t at = LEAD, number = 0;
    if (n <= LEAD || (memcmp(bytes, "\033[38;5;", LEAD) != 0 &&
                      memcmp(bytes, "\033[48;5;", LEAD) != 0)) {
        return 0;
    }
    while (at < n && at < LEAD + 3 && bytes[at] >= '0' && bytes[at] <= '9') {
        number = 10 * number + (size_t)(bytes[at++] - '0');
    }
    if (at == n || bytes[at] != 'm' || number < RGB_FIRST ||
        number - RGB_FIRST >= p->n) {
        return 0;
    }
    const uint32_t rgb = p->rgb[number - RGB_FIRST];
    *n_out = (size_t)snprintf(out, RGB_TO, "\033[%c8;2;%u;%u;%um", bytes[2],
                              (unsigned)(rgb >> 16 & 255), (unsigned)(rgb >> 8 & 255),
                              (unsigned)(rgb & 255));
    return at + 1;
}
