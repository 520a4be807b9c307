/* Code points: the columns they take, and replacements where a font lacks them. Any
 * thread; constant tables. */
#ifndef SAETOP_UI_GLYPH_H
#define SAETOP_UI_GLYPH_H

#include "ui/canvas.h"

/* Columns of a code point, as glibc 2.36 has them for C.UTF-8 (Unicode 15): 1, 2 (East
 * Asian wide, emoji) or 0 (combining marks; dropped by the canvas). Unsafe code points
 * (utf8_is_unsafe) count 0, unassigned ones 1. */
int glyph_width(uint32_t cp);
/* The character to show for cp at a tier: cp itself or a replacement of one column; '?'
 * if ASCII has none. Always printable, and wide only where cp is. */
uint32_t glyph_at_tier(uint32_t cp, enum glyph_tier tier);
/* "braille", "block", "ascii"; -1 for another name. */
const char *glyph_tier_name(enum glyph_tier tier);
int glyph_tier_find(const char *name);

/* Eighths of a cell filled from below (1..8) and from the left (1..8); 0 is a space. */
uint32_t glyph_bar_up(int eighths, enum glyph_tier tier);
uint32_t glyph_bar_right(int eighths, enum glyph_tier tier);
/* Plus-minus, before the half width of an interval; two columns in ASCII, where a
 * single character would be misread. */
const char *glyph_plus_minus(enum glyph_tier tier);

#endif
