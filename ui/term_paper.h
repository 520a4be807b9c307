/* The file in memory that curses draws on in place of the terminal. UI thread. */
#ifndef SAETOP_UI_TERM_PAPER_H
#define SAETOP_UI_TERM_PAPER_H

#include "ui/term_rgb.h"
#include "ui/term_tty.h"

#include <stdio.h>

/* An empty one; caller owns, fclose. ERR_IO. */
enum err paper_open(FILE **out, struct errinfo *e) ERR_CHECKED;

/* Put what was written on it to the terminal, numbers of colours turned into those of
 * the palette (NULL: left as they are); it is empty again. */
void paper_take(FILE *paper, const struct rgb_palette *palette, struct tty *to);

#endif
