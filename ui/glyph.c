#include "ui/glyph.h"

#include <string.h>

/* Replacements for a code point, in order of code points. A console font (block tier)
 * is assumed to hold code page 437, as the Linux console's built-in one does; 0: cp
 * itself. */
struct stand_in {
    uint32_t cp, block, ascii;
};
/* clang-format off */
static const struct stand_in stand_ins[] = {
    {0x00A0, ' ', ' '}, {0x00A6, '|', '|'}, {0x00A7, 0, '#'}, {0x00AB, 0, '<'},
    {0x00AC, 0, '!'}, {0x00B0, 0, 'o'}, {0x00B1, 0, '+'}, {0x00B2, 0, '2'},
    {0x00B5, 0, 'u'}, {0x00B6, 0, '$'}, {0x00B7, 0, '_'}, {0x00BB, 0, '>'},
    {0x00D7, 'x', 'x'}, {0x00F7, 0, '/'},
    {0x0120, 'G', 'G'}, {0x0394, 'd', 'd'}, {0x03A3, 0, 'S'}, {0x03B1, 0, 'a'},
    {0x03B2, 0x00DF, 'b'}, {0x03B4, 0, 'd'}, {0x03B5, 0, 'e'}, {0x03BB, 'l', 'l'},
    {0x03BC, 0x00B5, 'u'}, {0x03C0, 0, 'p'}, {0x03C1, 'r', 'r'}, {0x03C3, 0, 's'},
    {0x03C4, 0, 't'},
    {0x2010, '-', '-'}, {0x2011, '-', '-'}, {0x2012, '-', '-'}, {0x2013, '-', '-'},
    {0x2014, '-', '-'}, {0x2018, '\'', '\''}, {0x2019, '\'', '\''}, {0x201C, '"', '"'},
    {0x201D, '"', '"'}, {0x2022, 0, '*'}, {0x2026, '~', '~'}, {0x2032, '\'', '\''},
    {0x2039, '<', '<'}, {0x203A, '>', '>'},
    {0x2080, '0', '0'}, {0x2081, '1', '1'}, {0x2082, '2', '2'}, {0x2083, '3', '3'},
    {0x2190, 0, '<'}, {0x2191, 0, '^'}, {0x2192, 0, '>'}, {0x2193, 0, 'v'},
    {0x2194, 0, '-'}, {0x21B5, 0x00B6, '$'}, {0x2208, 'e', 'e'}, {0x2212, '-', '-'},
    {0x2213, '-', '-'}, {0x221A, 0, 'v'}, {0x221E, 0, '8'}, {0x2237, ':', ':'},
    {0x2248, 0, '~'}, {0x2260, '!', '!'}, {0x2264, 0, '<'}, {0x2265, 0, '>'},
    {0x23CE, 0x00B6, '$'},
    /* boxes: light ones are in the code page, heavy ones become double lines */
    {0x2500, 0, '-'}, {0x2501, 0x2550, '='}, {0x2502, 0, '|'}, {0x2503, 0x2551, '|'},
    {0x2504, '-', '-'}, {0x2506, ':', ':'}, {0x2508, '-', '-'}, {0x250A, ':', ':'},
    {0x250C, 0, '+'}, {0x250F, 0x2554, '+'}, {0x2510, 0, '+'}, {0x2513, 0x2557, '+'},
    {0x2514, 0, '+'}, {0x2517, 0x255A, '+'}, {0x2518, 0, '+'}, {0x251B, 0x255D, '+'},
    {0x251C, 0, '+'}, {0x2523, 0x2560, '+'}, {0x2524, 0, '+'}, {0x252B, 0x2563, '+'},
    {0x252C, 0, '+'}, {0x2533, 0x2566, '+'}, {0x2534, 0, '+'}, {0x253B, 0x2569, '+'},
    {0x253C, 0, '+'}, {0x254B, 0x256C, '+'}, {0x2550, 0, '='}, {0x2551, 0, '|'},
    {0x2554, 0, '+'}, {0x2557, 0, '+'}, {0x255A, 0, '+'}, {0x255D, 0, '+'},
    {0x2560, 0, '+'}, {0x2563, 0, '+'}, {0x2566, 0, '+'}, {0x2569, 0, '+'},
    {0x256C, 0, '+'},
    /* blocks: halves, full and shades are in the code page */
    {0x2580, 0, '\''}, {0x2581, '_', '.'}, {0x2582, '_', ','}, {0x2583, 0x2584, ':'},
    {0x2584, 0, ';'}, {0x2585, 0x2584, '='}, {0x2586, 0x2588, '+'}, {0x2587, 0x2588, '*'},
    {0x2588, 0, '#'}, {0x2589, 0x2588, '#'}, {0x258A, 0x2588, '#'}, {0x258B, 0x258C, '#'},
    {0x258C, 0, '#'}, {0x258D, 0x258C, '#'}, {0x258E, 0x258C, '|'}, {0x258F, '|', '|'},
    {0x2590, 0, '#'}, {0x2591, 0, '.'}, {0x2592, 0, ':'}, {0x2593, 0, '%'},
    {0x25A0, 0, '#'}, {0x25A1, 0x25A0, '#'}, {0x25A2, 0x25A0, '#'}, {0x25A3, 0x25A0, '#'},
    {0x25AA, 0x25A0, '#'}, {0x25AE, 0x2588, '#'}, {0x25B2, 0, '^'}, {0x25B4, 0x25B2, '^'},
    {0x25B6, 0x25BA, '>'}, {0x25B8, 0x25BA, '>'}, {0x25BA, 0, '>'}, {0x25BC, 0, 'v'},
    {0x25BE, 0x25BC, 'v'}, {0x25C0, 0x25C4, '<'}, {0x25C2, 0x25C4, '<'},
    {0x25C4, 0, '<'}, {0x25C6, 0, '*'}, {0x25C7, 0x25C6, 'o'}, {0x25CB, 0, 'o'},
    {0x25CF, 0x2022, '*'}, {0x25E6, 'o', 'o'}, {0x2605, '*', '*'}, {0x2606, '*', '*'},
    {0x2713, 0x221A, 'v'}, {0x2717, 'x', 'x'}, {0x27E6, 0x00AB, '{'},
    {0x27E7, 0x00BB, '}'}, {0xFFFD, '?', '?'},
};
/* clang-format on */

uint32_t glyph_at_tier(uint32_t cp, enum glyph_tier tier)
{
    if (cp < 0x7F || tier == GLYPH_BRAILLE) {
        return cp;
    }
    if (cp >= 0x2800 && cp <= 0x28FF) {
        return cp == 0x2800 ? ' ' : tier == GLYPH_BLOCK ? 0x2592 : ':';
    }
    size_t lo = 0;
    size_t hi = sizeof stand_ins / sizeof stand_ins[0];
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (stand_ins[mid].cp < cp) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    if (lo < sizeof stand_ins / sizeof stand_ins[0] && stand_ins[lo].cp == cp) {
        const uint32_t other =
            tier == GLYPH_ASCII ? stand_ins[lo].ascii : stand_ins[lo].block;
        return other ? other : cp;
    }
    return tier == GLYPH_ASCII ? '?' : cp;
}

static const char *const tier_names[] = {"braille", "block", "ascii"};

const char *glyph_tier_name(enum glyph_tier tier)
{
    return tier_names[tier];
}

int glyph_tier_find(const char *name)
{
    for (int i = 0; i < 3; i++) {
        if (!strcmp(name, tier_names[i])) {
            return i;
        }
    }
    return -1;
}

uint32_t glyph_bar_up(int eighths, enum glyph_tier tier)
{
    if (eighths <= 0) {
        return ' ';
    }
    return glyph_at_tier(0x2580u + (uint32_t)(eighths < 8 ? eighths : 8), tier);
}

uint32_t glyph_bar_right(int eighths, enum glyph_tier tier)
{
    if (eighths <= 0) {
        return ' ';
    }
    return glyph_at_tier(0x2590u - (uint32_t)(eighths < 8 ? eighths : 8), tier);
}

const char *glyph_plus_minus(enum glyph_tier tier)
{
    return tier == GLYPH_ASCII ? "+-" : "\xc2\xb1";
}
