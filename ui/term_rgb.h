/* True colour where curses counts only to 256: each colour in use gets a number of the
 * 256, and what curses writes to ask for that number is turned into the colour itself.
 * UI thread. */
#ifndef SAETOP_UI_TERM_RGB_H
#define SAETOP_UI_TERM_RGB_H

#include <stddef.h>
#include <stdint.h>

/* Numbers below 16 are colours of the terminal's own, and stay what they are. */
enum { RGB_FIRST = 16, RGB_COLORS = 240 };

struct rgb_palette {
    uint32_t rgb[RGB_COLORS]; /* 0xRRGGBB, of number RGB_FIRST + i */
    size_t n;
};

/* The number of a colour, a new one if need be; the last one when all are taken. */
int rgb_number(struct rgb_palette *p, uint32_t rgb);

/* Longest sequence that is turned: "ESC[48;5;255m", and what it becomes. */
enum { RGB_FROM = 13, RGB_TO = 24 };
/* If the bytes begin with a request for a number of the palette, as foreground or
 * background: what to send in its place (out, *n_out bytes), and how many bytes that
 * takes the place of; 0: they do not. */
size_t rgb_turn(const struct rgb_palette *p, const char *bytes, size_t n,
                char out[RGB_TO], size_t *n_out);

#endif
