/* True colour although curses counts only to 256: each colour in use gets one of the
 * 256 numbers, and what curses writes to ask for that number is turned into the colour
 * itself. UI thread. */
#ifndef SAETOP_UI_TERM_RGB_H
#define SAETOP_UI_TERM_RGB_H

#include <stddef.h>
#include <stdint.h>

/* Numbers below 16 are colours of the terminal's own, and stay what they are. */
enum { RGB_FIRST = 16, RGB_COLORS = 240 };

struct rgb_palette {
    uint32_t rgb[RGB_COLORS]; /* 0xRRGGBB, entry i is number RGB_FIRST + i */
    size_t n;
};

/* The number of a colour, a new one if need be; the last one when all are taken. */
int rgb_number(struct rgb_palette *p, uint32_t rgb);

/* The longest sequence that is turned, "ESC[48;5;255m", and what it becomes. */
enum { RGB_FROM = 13, RGB_TO = 24 };
/* If the bytes begin with a request for a number of the palette, as foreground or
 * background, write what to send instead (out, *n_out bytes) and return how many bytes
 * that replaces; 0: they do not. */
size_t rgb_turn(const struct rgb_palette *p, const char *bytes, size_t n,
                char out[RGB_TO], size_t *n_out);

#endif
